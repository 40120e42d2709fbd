#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The functions that tests share fail when they must: for a missing value, a
# missing command, a log without the mark, or a device that disagrees with the
# machine.
#
# VM: mem=4G append=memmap=1G$0x100000000 usual=6.1

. "$(dirname "$0")/lib.sh"

# fails NAME COMMAND...: COMMAND prints "not ok"
fails()
{
	local name=$1
	shift

	is "$name" "$("$@" | head -n 1 | cut -d ' ' -f 1)" "not"
}

# refuses NAME COMMAND...: COMMAND fails
refuses()
{
	local name=$1
	shift

	if ("$@") >"$TMP/refuses" 2>&1; then
		fail "$name" "it succeeded: $*" "$(cat "$TMP/refuses")"
	else
		pass "$name"
	fi
}

fails "is: different values" is a 1 2
fails "is: one value is missing" is a 1
fails "is: both values are missing" is a
fails "is: one value too many" is a 1 1 1
fails "check: a failing command" check a false
fails "check: no command" check a
fails "check: an empty command" check a ""
fails "check: an unknown command" check a memdev-nosuch
refuses "until_true: a condition that never holds" until_true 1 false
refuses "until_true: no command" until_true 1
refuses "one_of: another value" one_of a b,c

# --- the kernel's log --------------------------------------------------------

log_mark
check "log_quiet: a log without warnings" log_quiet
is "log_memdev: a log without messages" "$(log_memdev)" ""
echo "memdev-test: use-after-free" >/dev/kmsg
refuses "log_quiet: a warning after the mark" log_quiet
log_mark
check "log_quiet: a warning before the mark" log_quiet
no_filter()
{
	HERE=/nosuch
	log_quiet
}
refuses "log_quiet: the filter is missing" no_filter
dmesg -C
refuses "log_quiet: the mark is lost" log_quiet
is "log_memdev: the mark is lost" "$(log_memdev | wc -l)" 1

# --- left_over and agree ----------------------------------------------------

log_mark
load_blocks 4
refuses "left_over: the module is loaded" left_over
is "two blocks are plugged" "$(put_dev plug $((2 * BLOCK)))" ok
check "agree: a device" agree
first=$(first_block)

# copy: a directory with a copy of the device's attributes
copy()
{
	mkdir -p "$TMP/copy"
	for name in address size plugged_size online_size plugged_blocks \
		    online_blocks state; do
		get $name >"$TMP/copy/$name"
	done
}

copy
check "agree: a copy of the device" snapshot "$TMP/copy"
for wrong in plugged_size=$BLOCK online_size=0 plugged_blocks=0 online_blocks=0 \
	     plugged_blocks=0-2 online_blocks=x state=plugged size=0 size=1 \
	     "address=$(hex $(((first + 1) * BLOCK)))"; do
	copy
	echo "${wrong#*=}" >"$TMP/copy/${wrong%%=*}"
	refuses "agree: a wrong $wrong" snapshot "$TMP/copy"
done
for name in address size plugged_size online_size plugged_blocks online_blocks \
	    state; do
	copy
	rm "$TMP/copy/$name"
	refuses "agree: a missing $name" snapshot "$TMP/copy"
done
refuses "agree: a missing device" snapshot "$TMP/nosuch"
refuses "write_diff: an empty snapshot" \
	write_diff /dev/null "$D/plug" </dev/null
finish
