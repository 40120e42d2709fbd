#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Other drivers cannot claim a range in a window. If one claims a range right
# before memdev adds it, it keeps the range.
#
# VM: reserved: mem=4G timeout=1800 append=memmap=1G$0x100000000
# VM: reserved: usual="6.1 7.3" alone=yes
# VM: soft: mem=5G timeout=1800 append=memmap=512M%0x100000000-1+0xefffffff
# VM: soft: usual="6.12 7.3" alone=yes
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

# claimed NAME: /proc/iomem has a resource NAME
claimed()
{
	grep -q " : $1" /proc/iomem
}

# held ADDRESS: memdev holds the address against other drivers
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

# room_made: start a plug that releases the first range to add and then waits
room_made()
{
	[ "$(put "$(faults_file)" "add delay=600000 times=1")" = ok ] || return 1
	echo all >"$TMP/plug.in"
	write_errno "$D/plug" <"$TMP/plug.in" >"$TMP/plug.out" &
	PLUG_PID=$!
	until_true 60 grep -q 'hit 1' "$(faults_file)" &&
		until_true 60 not_held "$LOW"
}

# plug_stopped: interrupt the plug of room_made and print its errno
plug_stopped()
{
	kill "$PLUG_PID"
	# Command substitution runs this in a subshell, which cannot wait for
	# the job.
	until_true 600 [ -s "$TMP/plug.out" ]
	cat "$TMP/plug.out"
	put "$(faults_file)" clear >/dev/null
}

# claims_are_kept NAME: memdev does not touch the range that NAME claimed
claims_are_kept()
{
	is "plug all is refused" "$(put_dev plug all)" EBUSY
	check "last_error names a block that another driver claimed" \
		grep -q '^block [0-9]*: another driver has claimed' $D/last_error
	say "$(get last_error)"
	is "nothing is plugged" \
		"$(get plugged_size) $(get online_size) $(get state)" \
		"0 0 unplugged"
	check "unplug all leaves the other driver's range alone" \
		one_of "$(put_dev unplug all)" ok,EINVAL
	check "$1 keeps its claim" claimed "$1"
	is "del_device" "$(put $BUS/del_device memdev0)" ok
	is "del_window is refused" "$(put $BUS/del_window 0)" EBUSY
	check "last_error names the range that another driver claimed" \
		grep -q '^another driver has claimed \[0x.*\] of window0' \
			$BUS/last_error
	say "$(cat $BUS/last_error)"
	check "$1 keeps its claim" claimed "$1"
	log_mark
	check "rmmod" rmmod memdev
	check "the log names the range that the other driver keeps" \
		[ "$(log_memdev | grep -c 'another driver has claimed')" = 1 ]
	check "$1 keeps its claim" claimed "$1"
	check "/proc/iomem has no entry of memdev" \
		sh -c '! grep memdev /proc/iomem'
	cat /proc/iomem >"$TMP/iomem.kept"
	check "a window over the claimed range is refused" \
		sh -c "! modprobe memdev window=$spec"
	say "$(log_memdev | tail -n 1)"
	is "/proc/iomem is unchanged" "$(diff "$TMP/iomem.kept" /proc/iomem)" ""
}

# all_is_well: the claim leaves nothing behind, and memdev works
all_is_well()
{
	is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
	check "no resource was released twice" \
		sh -c '! dmesg | grep "nonexistent resource"'
	check "the kernel logged no warning" log_quiet
	check "the module loads with window=$spec" load "window=$spec"
	no_deadline
	is "plug all" "$(put_dev plug all)" ok
	is "all blocks are plugged" "$(get plugged_size)" "$(get size)"
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug all" "$(put_dev unplug all)" ok
	check "memdev holds the window" held $LOW
}

iomem >"$TMP/iomem"
log_mark

# --- memory that firmware does not report as RAM -----------------------------

# QEMU places the NVDIMM above the RAM, at the next GiB boundary.
if [ -e /sys/firmware/acpi/tables/NFIT ]; then
	check "the module loads with window=none" load window=none
	# shellcheck disable=SC2013 # words
	for range in $(sed -n 's/^\([0-9a-f]*-[0-9a-f]*\) : System RAM$/\1/p' \
		       /proc/iomem); do
		at=$(((0x${range#*-} + GiB) / GiB * GiB))
	done
	[ $((512 * MiB % BLOCK)) = 0 ] || skip_all "memory blocks are too large"
	if claimed "Persistent Memory"; then
		skip "unclaimed persistent memory is refused" \
			"a driver claimed it"
	else
		is "unclaimed persistent memory is refused" \
			"$(put $BUS/new_window "$((512 * MiB))@$(hex "$at")")" ENXIO
		check "last_error: firmware does not report the range as RAM" \
			grep -q 'the firmware does not report' $BUS/last_error
		say "$(cat $BUS/last_error)"
	fi
	finish
fi

# --- ramoops -----------------------------------------------------------------

need_mounted $DEBUG

# ramoops_at ADDRESS: let ramoops claim 1 MiB
ramoops_at()
{
	modprobe ramoops mem_address="$1" mem_size=$MiB record_size=65536 &&
		claimed ramoops
}

# no_ramoops WHERE ADDRESS: memdev refuses ramoops the address
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
	modprobe -n ramoops 2>/dev/null || skip_all "ramoops is missing"
	[ $((8 * BLOCK)) = "$RESERVED_SIZE" ] ||
		skip_all "the reserved range is not 8 memory blocks"
	spec=$RESERVED_SIZE@$(hex $RESERVED)

	check "the module loads with devices=2" load "window=$spec" devices=2
	no_deadline
	no_ramoops "where nothing is plugged" $LOW
	is "plug two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	no_ramoops "in the device's other blocks" $((LOW + 3 * BLOCK))
	no_ramoops "in another device of the window" $((LOW + 7 * BLOCK))
	is "block 0 is unplugged while offline" \
		"$(put_each offline 0) $(put_dev unplug $BLOCK)" "ok ok"
	is "block 1 is plugged" "$(get plugged_blocks)" 1
	no_ramoops "in block 0" $LOW
	is "plug the remaining blocks" "$(put_dev plug all)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug blocks 1 and 3" \
		"$(put_each offline 1 3) $(put_dev unplug $((2 * BLOCK)))" "ok ok"
	is "blocks 0 and 2 are plugged" "$(get plugged_blocks)" 0,2
	no_ramoops "in block 1" $((LOW + BLOCK))
	no_ramoops "in block 3" $((LOW + 3 * BLOCK))
	is "unplug all" "$(put_dev unplug all)" ok
	no_ramoops "where all blocks are unplugged again" $((LOW + BLOCK))
	check "rmmod" unload

	check "the module loads with window=$spec" load "window=$spec"
	check "a plug waits before it adds block 0" room_made
	check "ramoops claims the range first" ramoops_at $((LOW + BLOCK))
	is "a signal ends the plug" "$(plug_stopped)" EINTR
	claims_are_kept ramoops
	check "rmmod ramoops" rmmod ramoops
	all_is_well
	check "a plug waits before it adds block 0" room_made
	check "ramoops claims the range first" ramoops_at $((LOW + BLOCK))
	is "a signal ends the plug" "$(plug_stopped)" EINTR
	is "plug all is refused" "$(put_dev plug all)" EBUSY
	check "rmmod ramoops" rmmod ramoops
	is "plug all" "$(put_dev plug all)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug all" "$(put_dev unplug all)" ok
	no_ramoops "after all operations" $((LOW + BLOCK))
	check "rmmod" unload
	is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
	check "the kernel logged no warning" log_quiet
	finish
fi

# --- dax ---------------------------------------------------------------------

soft_reserved ||
	skip_all "no reserved or soft-reserved range"
modprobe -n dax_hmem 2>/dev/null || skip_all "dax_hmem is missing"
[ $BLOCK -le $((128 * MiB)) ] || skip_all "memory blocks are too large"
spec=$((512 * MiB))@$(hex $LOW)
n=$((512 * MiB / BLOCK))
echo offline >$MEM/auto_online_blocks

check "the module loads with window=$spec" load "window=$spec"
no_deadline
check "kmem loads" kmem_load
is "kmem does not get the window" "$(grep -E 'dax|kmem' /proc/iomem)" ""
is "no block is plugged" "$(get state)" unplugged
is "plug all" "$(put_dev plug all)" ok
check "sysfs, /proc/iomem and lsmem agree" agree
is "unplug all" "$(put_dev unplug all)" ok
check "kmem unloads" kmem_unload

check "a plug waits before it adds block 0" room_made
check "kmem claims the range first" kmem_load
check "/proc/iomem shows System RAM of kmem" claimed 'System RAM (kmem)'
is "kmem's memory comes online" \
	"$(put_each online_movable $(seq 0 $((n - 1))))" ok
is "the device does not count kmem's memory" \
	"$(get plugged_size) $(get online_size)" "0 0"
is "a signal ends the plug" "$(plug_stopped)" EINTR
claims_are_kept 'System RAM (kmem)'
online=0
for i in $(seq $((LOW / BLOCK)) $((LOW / BLOCK + n - 1))); do
	[ "$(cat "$MEM/memory$i/state")" = online ] && online=$((online + 1))
done
is "all of kmem's memory stays online" $online $n
for i in $(seq $((LOW / BLOCK)) $((LOW / BLOCK + n - 1))); do
	put "$MEM/memory$i/state" offline
done | sort -u >"$TMP/offline"
is "kmem's memory goes offline" "$(cat "$TMP/offline")" ok
is "dax0.0 is unbound from kmem" \
	"$(printf dax0.0 | write_errno /sys/bus/dax/drivers/kmem/unbind)" ok
check "kmem unloads" kmem_unload
all_is_well
check "rmmod" unload
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
finish
