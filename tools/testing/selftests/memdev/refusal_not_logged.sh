#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A refusal is told to the one that asked, in full, and not to the kernel's log,
# however long its text is.
#
# VM: mem=4G append=memmap=1G$0x100000000 usual="6.1 7.3"

. "$(dirname "$0")/lib.sh"

reserved || skip_all "no reserved range on this machine"
log_mark
load devices=0 window="$((4 * BLOCK))@$(hex "$RESERVED")" ||
	die "the module does not load" "$(log_memdev)"
is "a device of two blocks" "$(put $BUS/new_device "size=$((2 * BLOCK))")" ok
no_deadline
start=$(($(get address)))
longest=0

# refused WHAT FILE TEXT: by one file of the bus, which says why
refused()
{
	local got why

	got=$(put "$BUS/$2" "$3")
	why=$(cat $BUS/last_error)
	[ ${#why} -le "$longest" ] || longest=${#why}
	if [ "$got" = ok ] || [ -z "$why" ]; then
		fail "$1 is refused, and last_error says why" "$got: $why"
	else
		pass "$1 is refused, and last_error says why"
		say "$got: $why"
	fi
}

log_mark
refused "a device outside its window" new_device \
	"size=$BLOCK addr=$(hex $((start - BLOCK))) window=0 kind=dimm"
refused "a device where one is" new_device \
	"size=$BLOCK addr=$(hex "$start") window=0 kind=dimm"
refused "a device of no whole blocks" new_device "size=$((BLOCK + 1))"
refused "a device for which there is no room" new_device \
	"size=$((2 * BLOCK)) align=$((4 * BLOCK))"
refused "a device beyond the limit" new_device "size=$((3 * BLOCK))"
refused "a device of an unknown kind" new_device "size=$BLOCK kind=nosuch"
refused "a line of junk" new_device "$(printf '%0200d' 0)"
refused "a line that is too long" new_device "$(printf '%0300d' 0)"
refused "a window where one is" new_window "$BLOCK@$(hex "$start")"
refused "a window of what is in use" new_window "$BLOCK@$((16 * MiB))"
refused "a window of junk" new_window "$(printf '%0200d' 0)"
refused "to delete a window that is in use" del_window 0
refused "to delete a window that there is not" del_window 77
refused "to delete a device that there is not" del_device nosuch
is "a block is plugged" "$(put_dev plug $BLOCK)" ok
refused "to delete a device with something plugged" del_device memdev0
say "the longest has $longest bytes"
check "one text is longer than an extack holds" [ "$longest" -ge 80 ]
is "the module has logged none of it" "$(log_memdev)" ""
is "nor has the kernel" "$(log_since | grep -i extack)" ""
finish
