#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The module does not load into a kdump kernel, which must not use more memory
# than the crashed kernel reserved for it.
#
# VM: mem=4G timeout=1800 append="memmap=1M$0x70000000 elfcorehdr=0x70000000"
# VM: usual=6.1

. "$(dirname "$0")/lib.sh"

grep -q elfcorehdr= /proc/cmdline || skip_all "not a kdump kernel"

for parameter in '' window=none "window=$BLOCK"; do
	log_mark
	memory_state >"$TMP/before" 2>/dev/null
	if load $parameter 2>"$TMP/err"; then
		fail "modprobe memdev $parameter is refused"
		unload
		continue
	fi
	check "modprobe memdev $parameter is refused with EBUSY" \
		grep -q 'resource busy' "$TMP/err"
	is "the module logs the refusal in one line" "$(log_memdev | wc -l)" 1
	say "$(log_memdev)"
	check "the log line names kdump" [ -n "$(log_memdev | grep -i kdump)" ]
	is "the memory of the machine is unchanged" \
		"$(memory_state 2>/dev/null | diff "$TMP/before" -)" ""
	check "the failed load leaves nothing behind" left_over
done
check "the kernel logged no warning" log_quiet
finish
