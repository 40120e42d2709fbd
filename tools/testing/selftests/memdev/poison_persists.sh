#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Poisoned memory stays out of use after its device and its window have gone, and
# hibernation is refused while carved memory is missing from System RAM.
#
# VM: reserved: mem=4G timeout=900 append=memmap=1G$0x100000000 alone=yes usual="6.1 6.12"
# VM: carved: mem=4G timeout=900 alone=yes usual="6.1 7.3"

. "$(dirname "$0")/lib.sh"

poison=$MEM/hard_offline_page
[ -e $poison ] || skip_all "this kernel cannot poison a page"

# hibernation_refused: writing disk fails before the first process is frozen
hibernation_refused()
{
	local got

	log_mark
	got=$(put /sys/power/state disk)
	one_of "$got" EBUSY,EPERM || return 1
	log_since | grep -iE 'Freezing user|Creating image' && return 1
	[ -n "$(log_memdev)" ] || { echo "the module did not say why"; return 1; }
}

if grep -qw disk /sys/power/state; then
	hibernates=yes
	# Where it is not refused it goes no further
	[ ! -e /sys/power/pm_test ] || echo freezer >/sys/power/pm_test
else
	hibernates=no
fi

undo()
{
	[ ! -e /sys/power/pm_test ] || echo none >/sys/power/pm_test
}

# no_hibernation WHEN
no_hibernation()
{
	if [ $hibernates = yes ]; then
		check "hibernation is refused $1" hibernation_refused
	else
		skip "hibernation is refused $1" "this kernel does not hibernate"
	fi
}

# /proc/iomem's lines of memory that was withheld from the kernel
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
is "the device goes" "$(put $BUS/del_device memdev0)" ok
log_mark
is "the window goes" "$(put $BUS/del_window window0)" ok

if reserved; then
	# --- the same memory, in other windows ------------------------------------

	is "the same window again" \
		"$(put $BUS/new_window "$size@$(hex "$low")")" ok
	is "a device in it" "$(put $BUS/new_device "size=$size")" ok
	no_deadline
	is "the block is still retired" "$(get retired_blocks)" 1
	is "plug all" "$(put_dev plug all)" ok
	is "plugs the others" "$(get plugged_blocks)" 0,2-3
	is "unplug all" "$(put_dev unplug all)" ok
	is "the device goes" "$(put $BUS/del_device memdev0)" ok
	is "the window goes" "$(put $BUS/del_window window0)" ok

	is "a window that starts at the block" \
		"$(put $BUS/new_window "$((2 * BLOCK))@$(hex $((low + BLOCK)))")" ok
	is "a device in it" "$(put $BUS/new_device "size=$((2 * BLOCK))")" ok
	no_deadline
	is "its block 0 is retired" "$(get retired_blocks)" 0
	is "plug all" "$(put_dev plug all)" ok
	is "plugs the other" "$(get plugged_blocks)" 1

	is "a page of the other is poisoned" \
		"$(put $poison "$(hex $((low + 2 * BLOCK + 16 * MiB)))")" ok
	is "unplug all" "$(put_dev unplug all)" ok
	is "the device goes" "$(put $BUS/del_device memdev0)" ok
	is "the window goes" "$(put $BUS/del_window window0)" ok
	is "the window of before" \
		"$(put $BUS/new_window "$size@$(hex "$low")")" ok
	is "a device in it" "$(put $BUS/new_device "size=$size")" ok
	is "has both blocks retired" "$(get retired_blocks)" 1-2

	log_mark
	check "rmmod" rmmod memdev
	is "the log says, in one line, that they are forgotten" \
		"$(log_memdev | grep -c '2 memory blocks.*poisoned.*forgotten')" 1
	say "$(log_memdev)"
	check "nothing is left of the module" left_over
else
	# --- memory that is not given back -----------------------------------------

	check "block 1 does not exist" [ ! -e $MEM/memory$((first + 1)) ]
	is "block 2 is online" "$(cat $MEM/memory$((first + 2))/state)" online
	is "block 1 stays claimed" "$(withheld)" \
		"$(hex $((low + BLOCK))) $(hex $((low + 2 * BLOCK - 1)))"
	check "the log says that it is missing" \
		[ "$(log_memdev | grep -c 'System RAM.*missing')" = 1 ]
	say "$(log_memdev)"
	is "no window can have it" \
		"$(put $BUS/new_window "$BLOCK@$(hex $((low + BLOCK)))")" EBUSY
	check "for a reason" grep -q "something else has" $BUS/last_error
	no_hibernation "while it is missing"

	is "carve a block" "$(put $BUS/new_window $BLOCK)" ok
	is "give it back" "$(put $BUS/del_window window0)" ok
	no_hibernation "while it is missing, whatever else comes back"

	log_mark
	check "rmmod" rmmod memdev
	is "the log says, in one line, that it is missing" \
		"$(log_memdev | grep -c 'System RAM.*missing.*hibernat')" 1
	say "$(log_memdev)"
	check "nothing is left of the module" left_over
	is "but the claim" "$(withheld)" \
		"$(hex $((low + BLOCK))) $(hex $((low + 2 * BLOCK - 1)))"

	log_mark
	check "the module does not load with a window there" \
		sh -c "! modprobe memdev window=$BLOCK@$(hex $((low + BLOCK)))"
	say "$(log_memdev)"
	check "the module loads" load window=none
	no_hibernation "though another load of the module withheld the memory"
fi
finish
