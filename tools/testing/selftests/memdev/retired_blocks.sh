#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# A block that had a poisoned page is not given to the kernel again, not even by
# who took it from it.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 alone=yes
# VM: usual="6.1 7.3"
# VM: carved: mem=4G timeout=1800 usual=debug alone=yes
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=7.3 alone=yes
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

# tried TIMES: plugs that have failed
tried()
{
	[ "$(get stats/plug_failures)" -ge "$1" ]
}

poison=$MEM/hard_offline_page
[ -e $poison ] || skip_all "this kernel cannot poison a page"

n=4
total=$(mem_total)
log_mark
load_blocks $n
size=$(get size)
low=$(($(get address)))
is "plug all" "$(put_dev plug all)" ok
is "no block is retired" "$(get retired_blocks)" ""
is "a page of block 1 is poisoned" \
	"$(put $poison "$(hex $((low + BLOCK + 16 * MiB)))")" ok
check "sysfs, /proc/iomem and lsmem agree" agree
check "unplug all" one_of "$(put_dev unplug all)" ok
is "nothing is plugged" "$(get plugged_size)" 0
is "block 1 is retired" "$(get retired_blocks)" 1
check "sysfs, /proc/iomem and lsmem agree" agree
is "plug a block" "$(put_dev plug $BLOCK)" ok
is "it is block 0" "$(get plugged_blocks)" 0
is "plug another" "$(put_dev plug $BLOCK)" ok
is "it is block 2: the retired one is skipped" "$(get plugged_blocks)" 0,2
is "more than is left is refused" "$(put_dev plug $((2 * BLOCK)))" ENOSPC
say "$(get last_error)"
is "and changes nothing" "$(get plugged_blocks)" 0,2
is "plug all plugs what is left" "$(put_dev plug all)" ok
is "which is all but the retired block" \
	"$(get plugged_blocks) $(get plugged_size) $(get online_size)" \
	"0,2-3 $((size - BLOCK)) $((size - BLOCK))"
check "sysfs, /proc/iomem and lsmem agree" agree
is "requested_size to the top is accepted or refused" \
	"$(one_of "$(put_dev requested_size "$size")" ok,ENOSPC,EINVAL)" ""
check "sysfs, /proc/iomem and lsmem agree" until_true 30 agree

# A page that is in use; it is moved away from first, if that can be.
fill_start $((256 * MiB)) $low $((low + size)) || die "cannot fill memory"
is "a page of block 3 is taken out of use" \
	"$(put $MEM/soft_offline_page "$(hex $((low + 3 * BLOCK + 16 * MiB)))")" ok
is "the data is intact" "$(fill_ask check)" intact
is "unplug all" "$(put_dev unplug all)" ok
is "the data is intact" "$(fill_ask check)" intact
fill_stop
check "block 1 is retired still, and block 3 now" \
	[ "$(get retired_blocks)" = 1,3 ]
check "sysfs, /proc/iomem and lsmem agree" agree
is "new devices in the same window" "$(put $BUS/del_device memdev0)" ok
is "know the block" "$(put $BUS/new_device "size=$size")" ok
no_deadline
is "plug all but what is retired" "$(put_dev plug all)" ok
is "the retired blocks stay so" "$(get retired_blocks)" 1,3
is "unplug all" "$(put_dev unplug all)" ok

# Whoever takes it offline, and though it may come online again
is "plug all but what is retired" "$(put_dev plug all)" ok
is "a page of block 0 is poisoned" "$(put $poison "$(hex $((low + 16 * MiB)))")" ok
is "block 0 is taken offline" \
	"$(put "$MEM/memory$(first_block)/state" offline)" ok
is "it is retired" "$(get retired_blocks)" 0-1,3
check "sysfs, /proc/iomem and lsmem agree" agree
check "it comes online, or does not" one_of \
	"$(put "$MEM/memory$(first_block)/state" online_movable)" ok,EHWPOISON
is "unplug all" "$(put_dev unplug all)" ok
is "all but one block is retired" "$(get retired_blocks)" 0-1,3
is "plug all" "$(put_dev plug all)" ok
is "it is that one" "$(get plugged_blocks)" 2
is "unplug all" "$(put_dev unplug all)" ok

# A dimm is plugged as a whole, or not at all.
is "a dimm" "$(put $BUS/del_device memdev0)" ok
is "with retired blocks" "$(put $BUS/new_device "size=$size kind=dimm")" ok
no_deadline
is "is not plugged" "$(put_dev plug all) $(put_dev plug "$size")" \
	"ENOSPC ENOSPC"
is "nor in the background" "$(put_dev requested_size "$size")" ok
check "where it is tried" until_true 60 tried 3
is "and plugs no part of it" "$(get plugged_size)" 0
is "it is tried no more" "$(put_dev requested_size 0)" ok

# --- what was carved, and would come back ------------------------------------------

# state_of NR: of a block, or nothing where it is not there
state_of()
{
	cat $MEM/memory$((low / BLOCK + $1))/state 2>/dev/null
}

given_back()
{
	check "the module is removed" rmmod memdev
	for i in 0 1 3; do
		is "block $i, which is retired, is not given back" \
			"$(state_of $i)" ""
		is "which the kernel says" "$(log_memdev | grep -c \
			"memory$((low / BLOCK + i)) had a poisoned page and is not given back")" 1
	done
	is "block 2 is given back, and online" "$(state_of 2)" online
	check "MemTotal is less by what is not given back" \
		total_is_back $((total - 3 * BLOCK))
}

reserved || given_back
check "the kernel logged no warning" log_quiet
finish
