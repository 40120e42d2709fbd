#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# memmap_on_memory: a block contains its own memmap
#
# VM: on: mem=4G timeout=1800 usual="6.1 6.12 7.3" append="memmap=1G$0x100000000 memory_hotplug.memmap_on_memory=1"
# VM: off: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=7.3 append=memory_hotplug.memmap_on_memory=1
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=4
parameter=/sys/module/memory_hotplug/parameters/memmap_on_memory
on=$(cat $parameter 2>/dev/null || echo N)
say "the kernel has memmap_on_memory: $on"

log_mark
load_blocks $n
size=$(get size)
base=$(mem_total)

# with VALUE: plug and unplug with memmap_on_memory=VALUE
with()
{
	local carried=0 reply

	reply=$(put_dev memmap_on_memory "$1")
	[ "$1" = 0 ] || carried=64
	is "memmap_on_memory accepts $1" "$reply" ok
	is "memmap_on_memory reads back as $1" "$(get memmap_on_memory)" "$1"
	is "plug all" "$(put_dev plug all)" ok
	is "MemTotal grows by the plugged size less the memmap on it" \
		$(($(mem_total) - base)) \
		$((carried ? size - size / carried : size))
	is "plugged_size and online_size include the memmap" \
		"$(get plugged_size) $(get online_size)" "$size $size"
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "memmap_on_memory cannot change while memory is plugged" \
		"$(put_dev memmap_on_memory $((1 - $1)))" EBUSY
	is "unplug one block" "$(put_dev unplug $BLOCK)" ok
	is "plug one block" "$(put_dev plug $BLOCK)" ok
	first=$(first_block)
	is "user space offlines a block" \
		"$(put $MEM/memory$((first + 1))/state offline)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "user space onlines the block" \
		"$(put $MEM/memory$((first + 1))/state online_movable)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	free_goes_first
	is "MemTotal is back" "$(mem_total)" "$base"
	check "sysfs, /proc/iomem and lsmem agree" agree
}

want=0
[ "$on" = N ] || want=1
is "memmap_on_memory defaults to the kernel's setting" \
	"$(get memmap_on_memory)" $want
with 0
if [ "$on" != N ]; then
	with 1
	with 0
else
	is "memmap_on_memory 1 is refused where the kernel disables it" \
		"$(put_dev memmap_on_memory 1)" EOPNOTSUPP
	say "$(get last_error)"
	is "memmap_on_memory stays 0" "$(get memmap_on_memory)" 0
fi
check "the kernel logged no warning" log_quiet
finish
