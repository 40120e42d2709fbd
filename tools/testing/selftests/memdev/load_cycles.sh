#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Load the module, plug, unplug and remove the module, twenty times in one boot.
# Each boot places the kernel image at another address: BOOTS=5 runs five boots.
# The debug kernel is slow and detects a leak at once, so it does five cycles.
#
# VM: mem=4G timeout=1800 boots=1 usual=6.1
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.12
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

plug=$((512 * MiB))
[ $plug -ge $BLOCK ] || plug=$BLOCK

# Do one cycle and print what went wrong. MemTotal must return to its value
# after the previous cycle.
cycle()
{
	local before after want=$plug

	load ${window:+"$window"} || return 1
	[ -e "$D" ] || { echo "memdev0 is missing"; return 1; }
	no_deadline
	before=$(mem_total)
	one_of "$(put_dev plug "$plug")" ok || { get last_error; return 1; }
	after=$(mem_total)
	[ "$(get memmap_on_memory)" = 0 ] || want=$((plug - plug / 64))
	one_of $((after - before)) "$want" || return 1
	agree || return 1
	one_of "$(put_dev unplug all)" ok || { get last_error; return 1; }
	one_of "$(mem_total)" "$before" || return 1
	agree || return 1
	rmmod memdev || return 1
	left_over || return 1
	iomem | diff "$TMP/iomem" - || return 1
	total_is_back "$total" $(($(nr_carved) - carved)) || return 1
	total=$(mem_total) carved=$(nr_carved)
}

window=
if reserved; then
	window=window=$(window_spec 1)
fi
iomem >"$TMP/iomem"
grep -E 'Kernel (code|data|bss)' /proc/iomem | sed 's/^/# /'
total=$(mem_total) carved=0
log_mark
cycles=$(on_debug 5 20)
for i in $(seq "$cycles"); do
	check "cycle $i restores everything" cycle
	loaded && break
done
is "all $cycles cycles ran" "$i" "$cycles"
check "the kernel logged no warning" log_quiet
finish
