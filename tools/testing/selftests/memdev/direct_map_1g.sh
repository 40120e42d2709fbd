#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Unplug a block from a GiB that is full of data. Where possible, x86 maps an
# aligned GiB with a single page table leaf. If a part of the leaf were removed,
# x86 would mistake the data for a page table.
#
# nokaslr keeps the kernel image out of the carved window.
#
# VM: reserved: mem=6G timeout=1800 append=memmap=2G$0x100000000
# VM: reserved: usual=6.12
# VM: carved: mem=8G timeout=1800 append=nokaslr usual="6.1 7.3"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.1
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

grep -qw pdpe1gb /proc/cpuinfo ||
	skip_all "this CPU cannot map 1 GiB by one leaf"
leaves_boot=$(meminfo DirectMap1G)

if reserved; then
	kind=reserved
	n=$((2 * GiB / BLOCK))
	[ $n -gt 1 ] || n=2
	[ $((n * BLOCK)) -le "$RESERVED_SIZE" ] ||
		skip_all "no reserved range of $n memory blocks"
	[ $((RESERVED % GiB)) = 0 ] ||
		skip_all "the reserved range is not aligned to 1 GiB"
	load_blocks $n
else
	kind=carved
	# The window must reach below the last GiB of RAM, which the kernel
	# maps before it has memory for large leaves.
	n=$((1536 * MiB / BLOCK))
	[ $n -gt 1 ] || n=2
	# Fill the memory around the window, too: the leaf that carving splits
	# also maps this memory.
	fill_start $((GiB * 2)) 0 $((1 << 52)) || die "cannot fill memory"
	load_blocks $n
fi
size=$(get size)
low=$(($(get address)))
high=$((low + size))
say "$kind: $n blocks of $BLOCK at $(hex $low), DirectMap1G $leaves_boot -> $(
	meminfo DirectMap1G) kB"

if [ $kind = carved ]; then
	if [ "$leaves_boot" = 0 ] || [ $BLOCK -ge $GiB ]; then
		skip "carving splits a leaf of 1 GiB" \
			"this machine has no such leaf"
	else
		check "carving splits a leaf of 1 GiB" \
			[ "$(meminfo DirectMap1G)" -lt "$leaves_boot" ]
	fi
	is "the data around the window is intact" "$(fill_ask check)" intact
	fill_stop
fi

leaves=$(meminfo DirectMap1G)
is "plug all" "$(put_dev plug all)" ok
check "sysfs, /proc/iomem and lsmem agree" agree
if [ $BLOCK -lt $GiB ]; then
	is "plug adds no leaf of 1 GiB" "$(meminfo DirectMap1G)" "$leaves"
fi

# Leave some free memory on the device, as a user would.
if [ $kind = carved ]; then
	bytes=$((size + 2 * GiB))
else
	bytes=$((size - size / 8))
fi
part=$((size * 3 / 4))
if [ $BLOCK -ge $GiB ]; then
	# Such blocks are never a part of a GiB, so less data is enough.
	bytes=$((size * 5 / 8))
	part=$((size / 2))
fi
free=$(($(meminfo MemAvailable) * 1024 - BLOCK - 512 * MiB))
[ $bytes -le $free ] || bytes=$free
fill_start $bytes $low $high || die "cannot fill memory"
inside=$(fill_ask where)
say "$bytes bytes of data, $inside of them on the device"
check "most of the device is full of data" [ "$inside" -ge $part ]

is "one block is unplugged" "$(put_dev unplug $BLOCK)" ok
is "plugged_size is one block less" "$(get plugged_size)" $((size - BLOCK))
check "sysfs, /proc/iomem and lsmem agree" agree
is "all data is intact" "$(fill_ask check)" intact

# Unplug takes offline blocks first: choose one in the middle.
middle=$(((n - 1) / 2))
dir=$MEM/memory$((low / BLOCK + middle))
is "user space offlines a block in the middle" "$(put $dir/state offline)" ok
is "one block is unplugged" "$(put_dev unplug $BLOCK)" ok
check "unplug takes the offline block" [ ! -e $dir ]
check "sysfs, /proc/iomem and lsmem agree" agree
is "all data is intact" "$(fill_ask check)" intact

is "the blocks are plugged again" "$(put_dev plug $((2 * BLOCK)))" ok

# Unplug everything if the data fits elsewhere.
if [ $(($(meminfo MemAvailable) * 1024)) -gt $((size + GiB)) ]; then
	is "all blocks are unplugged although they hold data" \
		"$(put_dev unplug all)" ok
	is "all data is intact" "$(fill_ask check)" intact
	if [ $kind = carved ]; then
		check "rmmod returns the window to the kernel" unload
		is "all data is intact" "$(fill_ask check)" intact
	fi
fi
fill_stop
check "the kernel logged no warning" log_quiet
finish
