#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Poisoned memory stays out of use after its device and its window are deleted.
# Hibernation is refused while carved memory is missing from System RAM.
#
# VM: reserved: mem=4G timeout=900 append=memmap=1G$0x100000000 alone=yes usual="6.1 6.12"
# VM: carved: mem=4G timeout=900 alone=yes usual="6.1 7.3"

. "$(dirname "$0")/lib.sh"

poison=$MEM/hard_offline_page
[ -e $poison ] || skip_all "this kernel cannot poison a page"

if grep -qw disk /sys/power/state; then
	hibernates=yes
	# If hibernation is not refused, stop after the freezer.
	[ ! -e /sys/power/pm_test ] || echo freezer >/sys/power/pm_test
else
	hibernates=no
fi

undo()
{
	[ ! -e /sys/power/pm_test ] || echo none >/sys/power/pm_test
}

# no_hibernation WHEN: hibernation is refused
no_hibernation()
{
	if [ $hibernates = yes ]; then
		check "hibernation is refused $1" hibernation_refused
	else
		skip "hibernation is refused $1" "this kernel does not hibernate"
	fi
}

# withheld: ranges that /proc/iomem shows as withheld from the kernel
withheld()
{
	sed -n 's/^\([0-9a-f]*\)-\([0-9a-f]*\) : hwpoisoned RAM$/0x\1 0x\2/p' \
		/proc/iomem
}

n=4
load_blocks $n
size=$(get size)
low=$(($(get address)))
first=$((low / BLOCK))
is "plug all" "$(put_dev plug all)" ok
is "a page of block 1 is poisoned" \
	"$(put $poison "$(hex $((low + BLOCK + 16 * MiB)))")" ok
is "unplug all" "$(put_dev unplug all)" ok
is "block 1 is retired" "$(get retired_blocks)" 1
is "del_device" "$(put $BUS/del_device memdev0)" ok
log_mark
is "del_window" "$(put $BUS/del_window window0)" ok

if reserved; then
	# --- other windows with the same memory ------------------------------

	is "the same window is created again" \
		"$(put $BUS/new_window "$size@$(hex "$low")")" ok
	is "a device fills the window" "$(put $BUS/new_device "size=$size")" ok
	no_deadline
	is "block 1 is still retired" "$(get retired_blocks)" 1
	is "plug all" "$(put_dev plug all)" ok
	is "plug skips the retired block" "$(get plugged_blocks)" 0,2-3
	is "unplug all" "$(put_dev unplug all)" ok
	is "del_device" "$(put $BUS/del_device memdev0)" ok
	is "del_window" "$(put $BUS/del_window window0)" ok

	is "a window that starts at the retired block is created" \
		"$(put $BUS/new_window "$((2 * BLOCK))@$(hex $((low + BLOCK)))")" ok
	is "a device fills the window" \
		"$(put $BUS/new_device "size=$((2 * BLOCK))")" ok
	no_deadline
	is "block 0 of the device is retired" "$(get retired_blocks)" 0
	is "plug all" "$(put_dev plug all)" ok
	is "plug skips the retired block" "$(get plugged_blocks)" 1

	is "a page of the other block is poisoned" \
		"$(put $poison "$(hex $((low + 2 * BLOCK + 16 * MiB)))")" ok
	is "unplug all" "$(put_dev unplug all)" ok
	is "del_device" "$(put $BUS/del_device memdev0)" ok
	is "del_window" "$(put $BUS/del_window window0)" ok
	is "the first window is created again" \
		"$(put $BUS/new_window "$size@$(hex "$low")")" ok
	is "a device fills the window" "$(put $BUS/new_device "size=$size")" ok
	is "both blocks are retired" "$(get retired_blocks)" 1-2

	log_mark
	check "rmmod" rmmod memdev
	is "the log says once that the record of poisoned blocks is lost" \
		"$(log_memdev | grep -c 'record of 2 memory blocks.*poisoned.*lost')" 1
	say "$(log_memdev)"
	check "rmmod leaves nothing behind" left_over
else
	# --- carved memory that is not returned ------------------------------

	check "block 1 does not exist" [ ! -e $MEM/memory$((first + 1)) ]
	is "block 2 is online" "$(cat $MEM/memory$((first + 2))/state)" online
	is "/proc/iomem withholds block 1" "$(withheld)" \
		"$(hex $((low + BLOCK))) $(hex $((low + 2 * BLOCK - 1)))"
	check "the log names the missing System RAM" \
		[ "$(log_memdev | grep -c 'System RAM.*missing')" = 1 ]
	say "$(log_memdev)"
	is "a window over the missing block is refused" \
		"$(put $BUS/new_window "$BLOCK@$(hex $((low + BLOCK)))")" EBUSY
	check "last_error names the conflict" \
		grep -q "is already claimed" $BUS/last_error
	no_hibernation "while a block is missing"

	is "a block is carved" "$(put $BUS/new_window $BLOCK)" ok
	is "del_window" "$(put $BUS/del_window window0)" ok
	no_hibernation "while a block is missing, whatever else is returned"

	log_mark
	check "rmmod" rmmod memdev
	is "the log says once that hibernation stays disabled" \
		"$(log_memdev | grep -c 'System RAM.*missing.*hibernat')" 1
	say "$(log_memdev)"
	check "rmmod leaves nothing else behind" left_over
	is "/proc/iomem still withholds block 1" "$(withheld)" \
		"$(hex $((low + BLOCK))) $(hex $((low + 2 * BLOCK - 1)))"

	log_mark
	check "a load with a window over the missing block fails" \
		sh -c "! modprobe memdev window=$BLOCK@$(hex $((low + BLOCK)))"
	say "$(log_memdev)"
	check "the module loads without a window" load window=none
	no_hibernation "after another load of the module"
fi
finish
