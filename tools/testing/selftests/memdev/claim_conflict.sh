#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Another driver claims a range of a window: it is refused, and one that was
# quicker than memdev keeps what it has, to the end.
#
# VM: reserved: mem=4G timeout=1800 append=memmap=1G$0x100000000
# VM: reserved: kernels="6.1 6.12 7.3" usual="6.1 7.3" alone=yes
# VM: soft: mem=5G timeout=1800 append=memmap=512M%0x100000000-1+0xefffffff
# VM: soft: kernels="6.1 6.12 7.3" usual="6.12 7.3" alone=yes
# VM: nvdimm: mem=4G timeout=900 usual=6.1
# VM: nvdimm: qemu="-machine nvdimm=on -m slots=2,maxmem=8G"
# VM: nvdimm: qemu="-object memory-backend-ram,id=nv,size=512M"
# VM: nvdimm: qemu="-device nvdimm,memdev=nv"

. "$(dirname "$0")/lib.sh"

LOW=$((0x100000000))
PLUG_PID=
POLICY=$(cat $MEM/auto_online_blocks)

undo()
{
	[ -z "$PLUG_PID" ] || kill "$PLUG_PID"
	echo "$POLICY" >$MEM/auto_online_blocks
	rmmod ramoops dax_hmem kmem 2>/dev/null
	:
}

# claimed NAME: a resource is called so
claimed()
{
	grep -q " : $1" /proc/iomem
}

# held ADDRESS: memdev keeps others out
held()
{
	local range name

	while IFS=' ' read -r range _ name; do
		[ "$name" = "memdev (unplugged)" ] &&
			[ $((0x${range%-*})) -le "$1" ] &&
			[ $((0x${range#*-})) -ge "$1" ] && return
	done </proc/iomem
	return 1
}

not_held()
{
	! held "$1"
}

# room_made: a plug that waits before it adds the device's first blocks
room_made()
{
	[ "$(put "$(faults_file)" "add delay=600000 times=1")" = ok ] || return 1
	echo all >"$TMP/plug.in"
	write_errno "$D/plug" <"$TMP/plug.in" >"$TMP/plug.out" &
	PLUG_PID=$!
	until_true 60 grep -q 'hit 1' "$(faults_file)" &&
		until_true 60 not_held "$LOW"
}

# plug_stopped: and never does; what the writer got
plug_stopped()
{
	kill "$PLUG_PID"
	# In a subshell, which cannot wait for it
	until_true 600 [ -s "$TMP/plug.out" ]
	cat "$TMP/plug.out"
	put "$(faults_file)" clear >/dev/null
}

# claims_are_kept NAME: memdev gives nothing away that NAME has, nor itself
claims_are_kept()
{
	is "plug all is refused" "$(put_dev plug all)" EBUSY
	check "it names a block that another driver has claimed" \
		grep -q '^block [0-9]*: another driver has claimed' $D/last_error
	say "$(get last_error)"
	is "nothing is plugged" \
		"$(get plugged_size) $(get online_size) $(get state)" \
		"0 0 unplugged"
	check "unplug all takes nothing away" \
		one_of "$(put_dev unplug all)" ok,EINVAL
	check "$1 is there" claimed "$1"
	is "del_device" "$(put $BUS/del_device memdev0)" ok
	is "del_window is refused" "$(put $BUS/del_window 0)" EBUSY
	check "it names the range that another driver has claimed" \
		grep -q '^window0: another driver has claimed \[0x' \
			$BUS/last_error
	say "$(cat $BUS/last_error)"
	check "$1 is there" claimed "$1"
	log_mark
	check "rmmod" rmmod memdev
	check "it says what another driver keeps" \
		[ "$(log_memdev | grep -c 'another driver has claimed')" = 1 ]
	check "$1 is there" claimed "$1"
	check "nothing of memdev is" sh -c '! grep memdev /proc/iomem'
	cat /proc/iomem >"$TMP/iomem.kept"
	check "the window is refused" sh -c "! modprobe memdev window=$spec"
	say "$(log_memdev | tail -n 1)"
	is "and $1 is as it was" "$(diff "$TMP/iomem.kept" /proc/iomem)" ""
}

# all_is_well: of the claim nothing is left, and memdev works
all_is_well()
{
	is "/proc/iomem is as it was at boot" \
		"$(iomem | diff "$TMP/iomem" -)" ""
	check "no claim was lost" sh -c '! dmesg | grep "nonexistent resource"'
	check "the kernel did not complain" log_quiet
	check "window=$spec" load "window=$spec"
	no_deadline
	is "plug all" "$(put_dev plug all)" ok
	is "all is plugged" "$(get plugged_size)" "$(get size)"
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug all" "$(put_dev unplug all)" ok
	check "the window is held" held $LOW
}

iomem >"$TMP/iomem"
log_mark

# --- memory that is not for the kernel ------------------------------------------------

# QEMU puts it behind the RAM, at the next GiB.
if [ -e /sys/firmware/acpi/tables/NFIT ]; then
	check "window=none" load window=none
	# shellcheck disable=SC2013 # words
	for range in $(sed -n 's/^\([0-9a-f]*-[0-9a-f]*\) : System RAM$/\1/p' \
		       /proc/iomem); do
		at=$(((0x${range#*-} + GiB) / GiB * GiB))
	done
	[ $((512 * MiB % BLOCK)) = 0 ] || skip_all "memory blocks are too large"
	if claimed "Persistent Memory"; then
		skip "memory that no driver has claimed is refused" \
			"its driver is there"
	else
		is "memory that no driver has claimed is refused" \
			"$(put $BUS/new_window "$((512 * MiB))@$(hex "$at")")" ENXIO
		check "it says that the firmware did not call it RAM" \
			grep -q 'the firmware does not call' $BUS/last_error
		say "$(cat $BUS/last_error)"
	fi
	finish
fi

# --- ramoops -----------------------------------------------------------------------

need_mounted $DEBUG

# ramoops_at ADDRESS: claims 1 MiB
ramoops_at()
{
	modprobe ramoops mem_address="$1" mem_size=$MiB record_size=65536 &&
		claimed ramoops
}

# no_ramoops WHERE ADDRESS
no_ramoops()
{
	if ramoops_at "$2"; then
		fail "ramoops is refused $1" "$(grep ramoops /proc/iomem)"
	else
		pass "ramoops is refused $1"
	fi
	rmmod ramoops
}

if reserved; then
	modprobe -n ramoops 2>/dev/null || skip_all "there is no ramoops"
	[ $((8 * BLOCK)) = "$RESERVED_SIZE" ] ||
		skip_all "the reserved range is not of 8 memory blocks"
	spec=$RESERVED_SIZE@$(hex $RESERVED)

	check "window=$spec devices=2" load "window=$spec" devices=2
	no_deadline
	no_ramoops "where nothing is plugged" $LOW
	is "plug two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	no_ramoops "in the device's other blocks" $((LOW + 3 * BLOCK))
	no_ramoops "in another device of the window" $((LOW + 7 * BLOCK))
	is "block 0 is unplugged" "$(put_each offline 0) $(put_dev unplug $BLOCK)" \
		"ok ok"
	is "block 1 is plugged" "$(get plugged_blocks)" 1
	no_ramoops "in block 0" $LOW
	is "plug the others" "$(put_dev plug all)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug blocks 1 and 3" \
		"$(put_each offline 1 3) $(put_dev unplug $((2 * BLOCK)))" "ok ok"
	is "blocks 0 and 2 are plugged" "$(get plugged_blocks)" 0,2
	no_ramoops "in block 1" $((LOW + BLOCK))
	no_ramoops "in block 3" $((LOW + 3 * BLOCK))
	is "unplug all" "$(put_dev unplug all)" ok
	no_ramoops "where nothing is plugged any more" $((LOW + BLOCK))
	check "they are removed" unload

	check "window=$spec" load "window=$spec"
	check "a plug is about to add block 0" room_made
	check "ramoops is quicker" ramoops_at $((LOW + BLOCK))
	is "the plug is stopped" "$(plug_stopped)" EINTR
	claims_are_kept ramoops
	check "ramoops goes" rmmod ramoops
	all_is_well
	check "a plug is about to add block 0" room_made
	check "ramoops is quicker" ramoops_at $((LOW + BLOCK))
	is "the plug is stopped" "$(plug_stopped)" EINTR
	is "plug all is refused" "$(put_dev plug all)" EBUSY
	check "ramoops goes" rmmod ramoops
	is "plug all" "$(put_dev plug all)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug all" "$(put_dev unplug all)" ok
	no_ramoops "from then on" $((LOW + BLOCK))
	check "memdev is removed" unload
	is "/proc/iomem is as it was at boot" \
		"$(iomem | diff "$TMP/iomem" -)" ""
	check "the kernel did not complain" log_quiet
	finish
fi

# --- dax ---------------------------------------------------------------------------

soft_reserved ||
	skip_all "nothing is reserved or soft reserved on this machine"
modprobe -n dax_hmem 2>/dev/null || skip_all "there is no dax_hmem"
[ $BLOCK -le $((128 * MiB)) ] || skip_all "memory blocks are too large"
spec=$((512 * MiB))@$(hex $LOW)
n=$((512 * MiB / BLOCK))
echo offline >$MEM/auto_online_blocks

check "window=$spec" load "window=$spec"
no_deadline
check "dax comes" dax_comes
is "and does not get the window" "$(grep -E 'dax|kmem' /proc/iomem)" ""
is "nothing is plugged" "$(get state)" unplugged
is "plug all" "$(put_dev plug all)" ok
check "sysfs, /proc/iomem and lsmem agree" agree
is "unplug all" "$(put_dev unplug all)" ok
check "dax goes" dax_goes

check "a plug is about to add block 0" room_made
check "dax is quicker" dax_comes
check "it has System RAM" claimed 'System RAM (kmem)'
is "the memory comes online" \
	"$(put_each online_movable $(seq 0 $((n - 1))))" ok
is "none of it is the device's" \
	"$(get plugged_size) $(get online_size)" "0 0"
is "the plug is stopped" "$(plug_stopped)" EINTR
claims_are_kept 'System RAM (kmem)'
online=0
for i in $(seq $((LOW / BLOCK)) $((LOW / BLOCK + n - 1))); do
	[ "$(cat "$MEM/memory$i/state")" = online ] && online=$((online + 1))
done
is "all of its memory is online" $online $n
for i in $(seq $((LOW / BLOCK)) $((LOW / BLOCK + n - 1))); do
	put "$MEM/memory$i/state" offline
done | sort -u >"$TMP/offline"
is "it goes offline" "$(cat "$TMP/offline")" ok
is "kmem lets it go" \
	"$(printf dax0.0 | write_errno /sys/bus/dax/drivers/kmem/unbind)" ok
check "dax goes" dax_goes
all_is_well
check "memdev is removed" unload
is "/proc/iomem is as it was at boot" "$(iomem | diff "$TMP/iomem" -)" ""
finish
