#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The driver retires a block with a poisoned page: it never plugs the block
# again, and rmmod does not return the block to the kernel if it was carved.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 alone=yes
# VM: usual="6.1 7.3"
# VM: carved: mem=4G timeout=1800 usual=debug alone=yes
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=7.3 alone=yes
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

# tried TIMES: at least TIMES plugs failed
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
is "no block is retired at first" "$(get retired_blocks)" ""
is "a page of block 1 is poisoned" \
	"$(put $poison "$(hex $((low + BLOCK + 16 * MiB)))")" ok
check "sysfs, /proc/iomem and lsmem agree" agree
check "unplug all" one_of "$(put_dev unplug all)" ok
is "no block is plugged" "$(get plugged_size)" 0
is "block 1 is retired" "$(get retired_blocks)" 1
check "sysfs, /proc/iomem and lsmem agree" agree
is "plug one block" "$(put_dev plug $BLOCK)" ok
is "plug takes block 0" "$(get plugged_blocks)" 0
is "plug one more block" "$(put_dev plug $BLOCK)" ok
is "plug skips the retired block" "$(get plugged_blocks)" 0,2
is "plug of more than is left is refused" \
	"$(put_dev plug $((2 * BLOCK)))" ENOSPC
say "$(get last_error)"
is "the refused plug changes nothing" "$(get plugged_blocks)" 0,2
is "plug all succeeds" "$(put_dev plug all)" ok
is "all but the retired block are plugged and online" \
	"$(get plugged_blocks) $(get plugged_size) $(get online_size)" \
	"0,2-3 $((size - BLOCK)) $((size - BLOCK))"
check "sysfs, /proc/iomem and lsmem agree" agree
is "a requested_size that includes the retired block is accepted or refused" \
	"$(one_of "$(put_dev requested_size "$size")" ok,ENOSPC,EINVAL)" ""
check "sysfs, /proc/iomem and lsmem agree" until_true 30 agree

# A page in use: soft offlining migrates its data first, if it can.
fill_start $((256 * MiB)) $low $((low + size)) || die "cannot fill memory"
is "a page of block 3 is soft offlined" \
	"$(put $MEM/soft_offline_page "$(hex $((low + 3 * BLOCK + 16 * MiB)))")" ok
is "no data is lost" "$(fill_ask check)" intact
is "unplug all" "$(put_dev unplug all)" ok
is "no data is lost" "$(fill_ask check)" intact
fill_stop
check "blocks 1 and 3 are retired" [ "$(get retired_blocks)" = 1,3 ]
check "sysfs, /proc/iomem and lsmem agree" agree
is "the device is deleted" "$(put $BUS/del_device memdev0)" ok
is "a new device is created in the same window" \
	"$(put $BUS/new_device "size=$size")" ok
no_deadline
is "plug all succeeds" "$(put_dev plug all)" ok
is "the new device knows the retired blocks" "$(get retired_blocks)" 1,3
is "unplug all" "$(put_dev unplug all)" ok

# A poisoned block is retired if user space offlines it, too. Some kernels bring
# such a block online again on request, others refuse with EHWPOISON.
is "plug all succeeds" "$(put_dev plug all)" ok
is "a page of block 0 is poisoned" "$(put $poison "$(hex $((low + 16 * MiB)))")" ok
is "user space offlines block 0" \
	"$(put "$MEM/memory$(first_block)/state" offline)" ok
is "block 0 is retired" "$(get retired_blocks)" 0-1,3
check "sysfs, /proc/iomem and lsmem agree" agree
check "block 0 comes online or is refused as poisoned" one_of \
	"$(put "$MEM/memory$(first_block)/state" online_movable)" ok,EHWPOISON
is "unplug all" "$(put_dev unplug all)" ok
is "blocks 0, 1 and 3 are retired" "$(get retired_blocks)" 0-1,3
is "plug all" "$(put_dev plug all)" ok
is "plug takes only block 2" "$(get plugged_blocks)" 2
is "unplug all" "$(put_dev unplug all)" ok

# A dimm is plugged as a whole or not at all.
is "the device is deleted" "$(put $BUS/del_device memdev0)" ok
is "a dimm that includes retired blocks is created" \
	"$(put $BUS/new_device "size=$size kind=dimm")" ok
no_deadline
is "plug of the dimm is refused" "$(put_dev plug all) $(put_dev plug "$size")" \
	"ENOSPC ENOSPC"
is "a request to plug the dimm is accepted" \
	"$(put_dev requested_size "$size")" ok
check "the worker tries to plug the dimm" until_true 60 tried 3
is "no part of the dimm is plugged" "$(get plugged_size)" 0
is "the request is withdrawn" "$(put_dev requested_size 0)" ok

# --- carved memory that rmmod returns ---------------------------------------

# state_of NR: state of block NR of the device, empty if the block is missing
state_of()
{
	cat $MEM/memory$((low / BLOCK + $1))/state 2>/dev/null
}

given_back()
{
	check "rmmod" rmmod memdev
	for i in 0 1 3; do
		is "retired block $i is not returned to the kernel" \
			"$(state_of $i)" ""
		is "the log names retired block $i" "$(log_memdev | grep -c \
			"memory$((low / BLOCK + i)) had a poisoned page and is not given back to the kernel")" 1
	done
	is "block 2 is returned and online" "$(state_of 2)" online
	check "MemTotal lacks the retired blocks" \
		total_is_back $((total - 3 * BLOCK))
}

reserved || given_back
check "the kernel logged no warning" log_quiet
finish
