#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# A block is unplugged out of a GiB that is full of data. x86 maps an aligned
# GiB by one leaf of its page table where it can, and takes a part of it away
# as if the data in it were a page table.
#
# The kernel itself must not lie in the way of the carved window.
#
# VM: reserved: mem=6G timeout=1800 append=memmap=2G$0x100000000
# VM: reserved: usual=6.12
# VM: carved: mem=8G timeout=1800 append=nokaslr usual="6.1 7.3"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.1
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

grep -qw pdpe1gb /proc/cpuinfo ||
	skip_all "this CPU has no leaves of 1 GiB: the hazard cannot show"
leaves_boot=$(meminfo DirectMap1G)

if reserved; then
	kind=reserved
	n=$((2 * GiB / BLOCK))
	[ $n -gt 1 ] || n=2
	[ $((n * BLOCK)) -le "$RESERVED_SIZE" ] ||
		skip_all "no reserved range of $n memory blocks"
	[ $((RESERVED % GiB)) = 0 ] ||
		skip_all "the reserved range does not start at a whole GiB"
	load_blocks $n
else
	kind=carved
	# Long enough to reach below the last GiB of RAM, which the kernel maps
	# before it has memory for large leaves.
	n=$((1536 * MiB / BLOCK))
	[ $n -gt 1 ] || n=2
	# Data in the memory around the window, too: the other parts of what
	# was one leaf before the window was carved out of it.
	fill_start $((GiB * 2)) 0 $((1 << 52)) || die "no memory to fill"
	load_blocks $n
fi
size=$(get size)
low=$(($(get address)))
high=$((low + size))
say "$kind: $n blocks of $BLOCK at $(hex $low), DirectMap1G $leaves_boot -> $(
	meminfo DirectMap1G) kB"

if [ $kind = carved ]; then
	if [ "$leaves_boot" = 0 ] || [ $BLOCK -ge $GiB ]; then
		skip "the window reaches into what was a leaf of 1 GiB" \
			"no such leaf on this machine"
	else
		check "the window reaches into what was a leaf of 1 GiB" \
			[ "$(meminfo DirectMap1G)" -lt "$leaves_boot" ]
	fi
	is "the data around the window is intact" "$(fill_ask check)" intact
	fill_stop
fi

leaves=$(meminfo DirectMap1G)
is "plug all" "$(put_dev plug all)" ok
check "sysfs, /proc/iomem and lsmem agree" agree
if [ $BLOCK -lt $GiB ]; then
	is "no leaf of 1 GiB came with it" "$(meminfo DirectMap1G)" "$leaves"
fi

# Leave some room on the device, as a user would.
if [ $kind = carved ]; then
	bytes=$((size + 2 * GiB))
else
	bytes=$((size - size / 8))
fi
part=$((size * 3 / 4))
if [ $BLOCK -ge $GiB ]; then
	# Where no part of a GiB can be unplugged, less data tells as much.
	bytes=$((size * 5 / 8))
	part=$((size / 2))
fi
free=$(($(meminfo MemAvailable) * 1024 - BLOCK - 512 * MiB))
[ $bytes -le $free ] || bytes=$free
fill_start $bytes $low $high || die "no memory to fill"
inside=$(fill_ask where)
say "$bytes bytes of data, $inside of them on the device"
check "the device is full of data, but for some room" [ "$inside" -ge $part ]

is "one block is unplugged" "$(put_dev unplug $BLOCK)" ok
is "plugged_size says so" "$(get plugged_size)" $((size - BLOCK))
check "sysfs, /proc/iomem and lsmem agree" agree
is "every word is intact" "$(fill_ask check)" intact

# A particular block, in the middle: blocks that are offline go first.
middle=$(((n - 1) / 2))
dir=$MEM/memory$((low / BLOCK + middle))
is "a block in the middle is put offline by hand" "$(put $dir/state offline)" ok
is "one block is unplugged" "$(put_dev unplug $BLOCK)" ok
check "it is the one in the middle" [ ! -e $dir ]
check "sysfs, /proc/iomem and lsmem agree" agree
is "every word is intact" "$(fill_ask check)" intact

is "the blocks are plugged again" "$(put_dev plug $((2 * BLOCK)))" ok

# As full as it is, all of it goes once there is room elsewhere.
if [ $(($(meminfo MemAvailable) * 1024)) -gt $((size + GiB)) ]; then
	is "all of it is unplugged below the data" "$(put_dev unplug all)" ok
	is "every word is intact" "$(fill_ask check)" intact
	if [ $kind = carved ]; then
		check "the window is handed back" unload
		is "every word is intact" "$(fill_ask check)" intact
	fi
fi
fill_stop
check "the kernel did not complain" log_quiet
finish
