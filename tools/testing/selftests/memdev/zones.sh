#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The zone in which memdev or user space onlines plugged memory, and what the
# device reports about blocks that user space changes
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12 7.3"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.12
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=4
policy=$(cat $MEM/auto_online_blocks)

undo()
{
	echo "$policy" >$MEM/auto_online_blocks
}

# all_in STATE [ZONE]: every plugged block is in STATE and, if given, in ZONE
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

# plugs_to TYPE STATE [ZONE]: blocks plugged with online_type=TYPE are in STATE
# and ZONE
plugs_to()
{
	local online=0

	is "online_type $1 is accepted" "$(put_dev online_type "$1")" ok
	is "online_type reads back as $1" "$(get online_type)" "$1"
	is "plug two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
	check "the blocks are $2${3:+ in zone $3}" all_in "$2" ${3:+"$3"}
	[ "$2" = offline ] || online=$((2 * BLOCK))
	is "plugged_size and online_size are right" \
		"$(get plugged_size) $(get online_size)" "$((2 * BLOCK)) $online"
	check "sysfs, /proc/iomem and lsmem agree" agree
	# The kernel may have allocated unmovable pages in kernel zones.
	reply=$(put_dev unplug all)
	if [ "$reply" = EBUSY ] && [ "${3:-Normal}" = Normal ]; then
		skip "unplug all" "the kernel uses memory in its zones"
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

# --- the kernel's policy only counts for online_type system -----------------

for auto in offline online online_movable; do
	is "the kernel's policy is $auto" \
		"$(put $MEM/auto_online_blocks $auto)" ok
	plugs_to online_movable online Movable
	plugs_to offline offline
	plugs_to online online
	case $auto in
	offline)	plugs_to system offline ;;
	online)		plugs_to system online ;;
	*)		plugs_to system online Movable ;;
	esac
done
is "the kernel's policy is offline" "$(put $MEM/auto_online_blocks offline)" ok

# --- online_type applies to later plugs only --------------------------------

is "online_type is set to offline" "$(put_dev online_type offline)" ok
is "plug one block" "$(put_dev plug $BLOCK)" ok
is "online_type is set to online_movable" \
	"$(put_dev online_type online_movable)" ok
check "the block stays offline" all_in offline
is "plug another block" "$(put_dev plug $BLOCK)" ok
is "only the second block is online" \
	"$(get plugged_blocks) $(get online_blocks)" "0-1 1"
check "sysfs, /proc/iomem and lsmem agree" agree

# --- offline blocks go first -------------------------------------------------

is "unplug one block" "$(put_dev unplug $BLOCK)" ok
is "unplug takes the offline block, although it is lower" \
	"$(get plugged_blocks) $(get online_blocks)" "1 1"
is "plug one block" "$(put_dev plug $BLOCK)" ok
is "plug takes the lowest free block" "$(get plugged_blocks)" 0-1
is "plug all" "$(put_dev plug all)" ok
is "unplug one block" "$(put_dev unplug $BLOCK)" ok
is "unplug takes the highest block" "$(get plugged_blocks)" 0-$((n - 2))
is "plug all" "$(put_dev plug all)" ok

# --- free blocks go before used ones ----------------------------------------

free_goes_first
is "plug all" "$(put_dev plug all)" ok

# --- user space changes blocks ----------------------------------------------

online_is()
{
	[ "$(get online_blocks)" = "$1" ]
}

is "user space offlines block 1" \
	"$(put $MEM/memory$((first + 1))/state offline)" ok
check "online_blocks omits block 1" until_true 30 online_is 0,2-$((n - 1))
is "online_size omits block 1" "$(get online_size)" $((size - BLOCK))
is "block 1 stays plugged" "$(get plugged_size) $(get state)" "$size plugged"
check "sysfs, /proc/iomem and lsmem agree" agree
is "user space onlines block 1" \
	"$(put $MEM/memory$((first + 1))/state online_movable)" ok
check "online_blocks includes block 1" until_true 30 online_is 0-$((n - 1))
is "online_size includes block 1" "$(get online_size)" "$size"
check "sysfs, /proc/iomem and lsmem agree" agree
is "user space offlines block 0" "$(put $MEM/memory"$first"/state offline)" ok
is "user space onlines block 0 in a kernel zone" \
	"$(put $MEM/memory"$first"/state online_kernel)" ok
check "online_blocks includes block 0" until_true 30 online_is 0-$((n - 1))
check "sysfs, /proc/iomem and lsmem agree" agree
is "user space offlines block 0" "$(put $MEM/memory"$first"/state offline)" ok
is "unplug all" "$(put_dev unplug all)" ok
check "sysfs, /proc/iomem and lsmem agree" agree

# --- requested_size ----------------------------------------------------------

plugged_is()
{
	[ "$(get plugged_size)" = "$1" ] && [ "$(get online_size)" = "$1" ] &&
		agree >/dev/null
}

is "requested_size follows unplug" "$(get requested_size)" 0
is "three blocks are requested" "$(put_dev requested_size $((3 * BLOCK)))" ok
is "requested_size reads back as written" "$(get requested_size)" $((3 * BLOCK))
check "the worker plugs three blocks" until_true 120 plugged_is $((3 * BLOCK))
check "the blocks are in ZONE_MOVABLE" all_in online Movable
is "one block is requested" "$(put_dev requested_size $BLOCK)" ok
check "the worker unplugs two blocks" until_true 120 plugged_is $BLOCK
is "all blocks are requested" "$(put_dev requested_size "$size")" ok
check "the worker plugs all blocks" until_true 120 plugged_is "$size"
is "size 0 is requested" "$(put_dev requested_size 0)" ok
check "the worker unplugs all blocks" until_true 120 plugged_is 0
is "plug one block manually" "$(put_dev plug $BLOCK)" ok
is "requested_size follows plug" "$(get requested_size)" $BLOCK
is "unplug all manually" "$(put_dev unplug all)" ok
for i in 1 2 3 4 5 6 7 8 9 10; do
	put_dev requested_size "$size"
	put_dev requested_size $((i % 3 * BLOCK))
done | grep -v '^ok$' >"$TMP/said"
is "the target can change at any time" "$(cat "$TMP/said")" ""
check "the worker reaches the last target" until_true 120 plugged_is $BLOCK

# --- the module parameter online_type ---------------------------------------

check "rmmod" unload
for type in online_movable online_kernel online offline system; do
	check "modprobe memdev online_type=$type" \
		load "window=$(window_spec $n)" online_type=$type
	is "the device starts with online_type $type" "$(get online_type)" $type
	check "rmmod" unload
done

# --- kernel zones: last, as kernel allocations may stay ---------------------

load_blocks $n
first=$(first_block)
plugs_to online_kernel online Normal
check "the kernel logged no warning" log_quiet
finish
