#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A kernel that saves the memory of a crashed one must not get more: the
# module does not load there.
#
# VM: mem=4G timeout=1800 append="memmap=1M$0x70000000 elfcorehdr=0x70000000"
# VM: usual=6.1

. "$(dirname "$0")/lib.sh"

grep -q elfcorehdr= /proc/cmdline || skip_all "this is no kdump kernel"

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
	is "one line says why" "$(log_memdev | wc -l)" 1
	say "$(log_memdev)"
	check "it speaks of kdump" [ -n "$(log_memdev | grep -i kdump)" ]
	is "nothing has changed" \
		"$(memory_state 2>/dev/null | diff "$TMP/before" -)" ""
	check "nothing is left of it" left_over
done
check "the kernel logged no warning" log_quiet
finish
