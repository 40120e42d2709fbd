#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The caller gets the full reason for a refusal, and the kernel log gets
# nothing, however long the reason is.
#
# VM: mem=4G append=memmap=1G$0x100000000 usual="6.1 7.3"

. "$(dirname "$0")/lib.sh"

reserved || skip_all "no reserved range on this machine"
log_mark
load devices=0 window="$((4 * BLOCK))@$(hex "$RESERVED")" ||
	die "the module failed to load" "$(log_memdev)"
is "a device of two blocks is created" \
	"$(put $BUS/new_device "size=$((2 * BLOCK))")" ok
no_deadline
start=$(($(get address)))
longest=0

# refused NAME FILE TEXT: the bus attribute FILE refuses TEXT, and last_error
# has the reason
refused()
{
	local got why

	got=$(put "$BUS/$2" "$3")
	why=$(cat $BUS/last_error)
	[ ${#why} -le "$longest" ] || longest=${#why}
	if [ "$got" = ok ] || [ -z "$why" ]; then
		fail "$1 is refused with a reason" "$got: $why"
	else
		pass "$1 is refused with a reason"
		say "$got: $why"
	fi
}

log_mark
refused "a device outside its window" new_device \
	"size=$BLOCK addr=$(hex $((start - BLOCK))) window=0 kind=dimm"
refused "an address in use" new_device \
	"size=$BLOCK addr=$(hex "$start") window=0 kind=dimm"
refused "an unaligned device size" new_device "size=$((BLOCK + 1))"
refused "a device larger than any gap" new_device \
	"size=$((2 * BLOCK)) align=$((4 * BLOCK))"
refused "a device beyond the limit" new_device "size=$((3 * BLOCK))"
refused "an unknown kind" new_device "size=$BLOCK kind=nosuch"
refused "junk in new_device" new_device "$(printf '%0200d' 0)"
refused "an overlong line" new_device "$(printf '%0300d' 0)"
refused "a window over another one" new_window "$BLOCK@$(hex "$start")"
refused "a window over memory in use" new_window "$BLOCK@$((16 * MiB))"
refused "junk in new_window" new_window "$(printf '%0200d' 0)"
refused "del_window of a window in use" del_window 0
refused "del_window of an unknown window" del_window 77
refused "del_device of an unknown device" del_device nosuch
is "plug one block" "$(put_dev plug $BLOCK)" ok
refused "del_device of a plugged device" del_device memdev0
say "the longest reason has $longest bytes"
check "at least one reason exceeds an extack message" [ "$longest" -ge 80 ]
is "the module logged no refusal" "$(log_memdev)" ""
is "the kernel logged no truncated extack" "$(log_since | grep -i extack)" ""
finish
