#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Where memory comes online, who brings it there, and what the device says of
# it when somebody else does.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12 7.3"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.12
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=4
policy=$(cat $MEM/auto_online_blocks)

undo()
{
	echo "$policy" >$MEM/auto_online_blocks
}

# all_in STATE ZONE: every plugged block is; no ZONE, any
all_in()
{
	local i state zone rc=1

	for i in $(expand "$(get plugged_blocks)"); do
		rc=0
		state=$(cat "$MEM/memory$((first + i))/state")
		zone=$(zone_of $((first + i)))
		if [ "$state" != "$1" ] || [ "$zone" != "${2:-$zone}" ]; then
			echo "block $i: $state $zone"
			return 1
		fi
	done
	return "$rc"
}

# comes TYPE STATE [ZONE]: so does what is plugged with online_type=TYPE
comes()
{
	local online=0

	is "online_type $1 is accepted" "$(put_dev online_type "$1")" ok
	is "online_type reads back" "$(get online_type)" "$1"
	is "plug two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
	check "they are $2${3:+ in zone $3}" all_in "$2" ${3:+"$3"}
	[ "$2" = offline ] || online=$((2 * BLOCK))
	is "plugged_size and online_size tell" \
		"$(get plugged_size) $(get online_size)" "$((2 * BLOCK)) $online"
	check "sysfs, /proc/iomem and lsmem agree" agree
	# The kernel may have put something of its own there.
	reply=$(put_dev unplug all)
	if [ "$reply" = EBUSY ] && [ "${3:-Normal}" = Normal ]; then
		skip "unplug all" "the kernel uses what is in its zones"
		check "sysfs, /proc/iomem and lsmem agree" agree
		until_true 60 retry_unplug || die "unplug all: $(get last_error)"
	else
		is "unplug all" "$reply" ok
	fi
}

retry_unplug()
{
	[ "$(put_dev unplug all)" = ok ]
}

log_mark
load_blocks $n
size=$(get size)
first=$(first_block)

# --- the machine's policy does not matter, unless it is asked for ---------------------

for auto in offline online online_movable; do
	is "the machine's policy is $auto" \
		"$(put $MEM/auto_online_blocks $auto)" ok
	comes online_movable online Movable
	comes offline offline
	comes online online
	case $auto in
	offline)	comes system offline ;;
	online)		comes system online ;;
	*)		comes system online Movable ;;
	esac
done
is "the machine's policy is offline" "$(put $MEM/auto_online_blocks offline)" ok

# --- it applies to what is plugged later ------------------------------------------------

is "online_type offline" "$(put_dev online_type offline)" ok
is "plug a block" "$(put_dev plug $BLOCK)" ok
is "online_type online_movable" "$(put_dev online_type online_movable)" ok
check "the block stays as it is" all_in offline
is "plug another block" "$(put_dev plug $BLOCK)" ok
is "only the later one is online" \
	"$(get plugged_blocks) $(get online_blocks)" "0-1 1"
check "sysfs, /proc/iomem and lsmem agree" agree

# --- offline blocks go first -------------------------------------------------------------

is "unplug one block" "$(put_dev unplug $BLOCK)" ok
is "the offline one went, though it is the lower one" \
	"$(get plugged_blocks) $(get online_blocks)" "1 1"
is "plug one block" "$(put_dev plug $BLOCK)" ok
is "it is the lowest one that is free" "$(get plugged_blocks)" 0-1
is "plug all" "$(put_dev plug all)" ok
is "unplug one block" "$(put_dev unplug $BLOCK)" ok
is "it is the highest one" "$(get plugged_blocks)" 0-$((n - 2))
is "plug all" "$(put_dev plug all)" ok

# --- what is free goes before what is in use ---------------------------------------------

free_goes_first
is "plug all" "$(put_dev plug all)" ok

# --- somebody else toggles blocks ----------------------------------------------------------

online_is()
{
	[ "$(get online_blocks)" = "$1" ]
}

is "somebody puts block 1 offline" \
	"$(put $MEM/memory$((first + 1))/state offline)" ok
check "online_blocks follows" until_true 30 online_is 0,2-$((n - 1))
is "so does online_size" "$(get online_size)" $((size - BLOCK))
is "it is still plugged" "$(get plugged_size) $(get state)" "$size plugged"
check "sysfs, /proc/iomem and lsmem agree" agree
is "somebody puts block 1 online" \
	"$(put $MEM/memory$((first + 1))/state online_movable)" ok
check "online_blocks follows" until_true 30 online_is 0-$((n - 1))
is "so does online_size" "$(get online_size)" "$size"
check "sysfs, /proc/iomem and lsmem agree" agree
is "somebody puts block 0 offline" \
	"$(put $MEM/memory"$first"/state offline)" ok
is "and online in a zone of the kernel's" \
	"$(put $MEM/memory"$first"/state online_kernel)" ok
check "online_blocks follows" until_true 30 online_is 0-$((n - 1))
check "sysfs, /proc/iomem and lsmem agree" agree
is "somebody puts it offline" "$(put $MEM/memory"$first"/state offline)" ok
is "unplug all" "$(put_dev unplug all)" ok
check "sysfs, /proc/iomem and lsmem agree" agree

# --- requested_size --------------------------------------------------------------------------

plugged_is()
{
	[ "$(get plugged_size)" = "$1" ] && [ "$(get online_size)" = "$1" ] &&
		agree >/dev/null
}

is "requested_size follows unplug" "$(get requested_size)" 0
is "requested_size up" "$(put_dev requested_size $((3 * BLOCK)))" ok
is "it reads back" "$(get requested_size)" $((3 * BLOCK))
check "the worker plugs" until_true 120 plugged_is $((3 * BLOCK))
check "in the zone asked for" all_in online Movable
is "requested_size down" "$(put_dev requested_size $BLOCK)" ok
check "the worker unplugs" until_true 120 plugged_is $BLOCK
is "requested_size to the top" "$(put_dev requested_size "$size")" ok
check "the worker plugs all" until_true 120 plugged_is "$size"
is "requested_size 0" "$(put_dev requested_size 0)" ok
check "the worker unplugs all" until_true 120 plugged_is 0
is "plug a block by hand" "$(put_dev plug $BLOCK)" ok
is "requested_size follows plug" "$(get requested_size)" $BLOCK
is "unplug it by hand" "$(put_dev unplug all)" ok
for i in 1 2 3 4 5 6 7 8 9 10; do
	put_dev requested_size "$size"
	put_dev requested_size $((i % 3 * BLOCK))
done | grep -v '^ok$' >"$TMP/said"
is "the target can change at any time" "$(cat "$TMP/said")" ""
check "the last one counts" until_true 120 plugged_is $BLOCK

# --- the module's own parameter -----------------------------------------------------------

check "rmmod" unload
for type in online_movable online_kernel online offline system; do
	check "modprobe memdev online_type=$type" \
		load "window=$(window_spec $n)" online_type=$type
	is "is what the device starts with" "$(get online_type)" $type
	check "rmmod" unload
done

# --- the kernel's own zone: last, as what the kernel puts there stays ------------------------

load_blocks $n
first=$(first_block)
comes online_kernel online Normal
check "the kernel logged no warning" log_quiet
finish
