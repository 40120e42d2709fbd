#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Unplug while a page of the block cannot be moved: it ends at its deadline or
# at a signal, and what is true then is what is said.
#
# VM: mem=4G append=memmap=1G$0x100000000 timeout=1800 usual="6.1 debug"
# VM: blocks2g: mem=820G append=memmap=800G$0x180000000 usual=7.3 timeout=1800
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=4
log_mark
load_blocks $n
size=$(get size)
low=$(($(get address)))

# pinned: all is plugged, and a page of block 0 is pinned. While a page is
# looked for, no other block is there where it could come to lie.
pinned()
{
	one_of "$(put_dev plug "$BLOCK")" ok || return 1
	pin_start "$low" $((low + BLOCK)) || return 1
	one_of "$(put_dev plug all)" ok
}

check "all is plugged and a page of block 0 is pinned" pinned

# --- the deadline ------------------------------------------------------------------

is "the deadline is set" "$(put_dev unplug_timeout_ms 10000)" ok
is "and reads back" "$(get unplug_timeout_ms)" 10000
began=$(uptime_ms)
is "unplug all ends with ETIMEDOUT" "$(put_dev unplug all)" ETIMEDOUT
took=$(($(uptime_ms) - began))
say "after $took ms: $(get last_error)"
check "not before its deadline" [ $took -ge 9990 ]
is "what came out stays out, the block with the page does not" \
	"$(get plugged_blocks) $(get plugged_size) $(get state)" \
	"0 $BLOCK partial"
is "the block with the page is still online" "$(get online_size)" $BLOCK
check "last_error says something" [ "$(get last_error | wc -w)" -gt 2 ]
check "sysfs, /proc/iomem and lsmem agree" agree
is "what is left is what is asked for" "$(get requested_size)" $BLOCK
is "the failure is counted, and what came out" \
	"$(get stats/unplug_failures) $(get stats/unplug_bytes)" \
	"1 $((size - BLOCK))"
is "plug all works" "$(put_dev plug all)" ok
is "last_error is empty again" "$(get last_error)" ""

# --- a signal ------------------------------------------------------------------------

is "no deadline" "$(put_dev unplug_timeout_ms 0)" ok
reply=$(printf all | timeout -s INT 2 write_errno $D/unplug)
is "timeout -s INT 2 ends unplug all with EINTR" "$reply" EINTR
say "$(get last_error)"
check "what came out stays counted: sysfs, /proc/iomem and lsmem agree" agree
check "the block with the page is still plugged" \
	[ "$(expand "$(get plugged_blocks)" | cut -d ' ' -f 1)" = 0 ]
is "what is left is what is asked for" \
	"$(get requested_size)" "$(get plugged_size)"
# A process that does nothing about the signal just dies.
timeout -s INT 2 sh -c "echo all >$D/unplug" 2>/dev/null
is "timeout -s INT 2 ends a shell in it" $? 124
check "sysfs, /proc/iomem and lsmem agree" agree
timeout -s KILL 2 sh -c "echo all >$D/unplug" 2>/dev/null
check "timeout -s KILL ends a shell in it" [ $? -ge 124 ]
# Nobody waits for the one that was killed; the device does.
check "sysfs, /proc/iomem and lsmem agree" until_true 60 agree

# --- meanwhile -------------------------------------------------------------------------

state_is()
{
	[ "$(get state)" = "$1" ]
}

is "plug all works" "$(put_dev plug all)" ok
printf all | write_errno $D/unplug >"$TMP/first" &
first=$!
check "the state is unplugging while it goes on" \
	until_true 60 state_is unplugging
is "the attributes can be read meanwhile" \
	"$(timeout 60 cat $D/size)" "$size"
is "a second operation waits, and a signal ends its wait" \
	"$(echo $BLOCK | timeout -s INT 1 write_errno $D/plug)" EINTR
is "the device cannot be deleted meanwhile" \
	"$(put $BUS/del_device memdev0)" EBUSY
check "the first goes on" state_is unplugging
kill -INT $first
wait $first
is "the first ends at its signal" "$(cat "$TMP/first")" EINTR
check "sysfs, /proc/iomem and lsmem agree" agree

# --- the background worker ---------------------------------------------------------------

plugged_is()
{
	[ "$(get plugged_size)" = "$1" ] && agree
}

is "plug all works" "$(put_dev plug all)" ok
is "requested_size 0 is accepted" "$(put_dev requested_size 0)" ok
only_block_0()
{
	[ "$(get plugged_blocks)" = 0 ]
}
check "the worker takes out what comes out" until_true 120 only_block_0
is "requested_size stays what was asked for" "$(get requested_size)" 0
is "a new target is accepted while it tries" \
	"$(put_dev requested_size "$size")" ok
check "and is followed at once" until_true 120 plugged_is "$size"
is "requested_size 0 is accepted" "$(put_dev requested_size 0)" ok
check "the worker takes out what comes out" until_true 120 only_block_0
pin_stop
check "the last block goes when its page is free" until_true 300 plugged_is 0

# --- afterwards ------------------------------------------------------------------------------

check "all is plugged and a page of block 0 is pinned" pinned
is "the deadline is set" "$(put_dev unplug_timeout_ms 3000)" ok
is "unplug all ends with ETIMEDOUT" "$(put_dev unplug all)" ETIMEDOUT
pin_stop
no_deadline
is "unplug all works when the page is free" "$(put_dev unplug all)" ok
is "nothing is plugged" "$(get plugged_size) $(get state)" "0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" rmmod memdev

# --- several devices -----------------------------------------------------------------------------

spec=$(window_spec $n)
check "$n devices" load "window=$spec" devices=$n
low=$(($(get address)))
is "no deadline" "$(put_dev unplug_timeout_ms 0)" ok
is "the first is plugged" "$(put_dev plug all)" ok
check "a page of it is pinned" pin_start $low $((low + BLOCK))
printf all | write_errno $D/unplug >"$TMP/first" &
first=$!
check "its unplug goes on" until_true 60 state_is unplugging
D=$BUS/devices/memdev1
no_deadline
is "the other is plugged meanwhile" \
	"$(echo all | timeout -s INT 300 write_errno $D/plug)" ok
is "and unplugged" "$(echo all | timeout -s INT 300 write_errno $D/unplug)" ok
check "sysfs, /proc/iomem and lsmem agree" agree
D=$BUS/devices/memdev0
check "the unplug of the first still goes on" state_is unplugging

# again I: the device is plugged and unplugged, and no pause: no process begins
again()
{
	while [ ! -e "$TMP/enough" ]; do
		echo all >"$BUS/devices/memdev$1/plug" && echo plugged
		echo all >"$BUS/devices/memdev$1/unplug" && echo unplugged
	done >"$TMP/again$1" 2>&1
}
ended()
{
	[ -s "$TMP/first" ]
}
# Without end is what it would be if others always went first.
again_are()
{
	[ "$(cat "$TMP"/again? | wc -l)" -ge "$1" ]
}
again=
for i in 1 2 3; do
	is "memdev$i: no deadline" \
		"$(put $BUS/devices/memdev$i/unplug_timeout_ms 0)" ok
	again $i &
	again="$again $!"
done
check "the others go on and on" until_true 300 again_are 30
pin_stop
check "the first ends when the page is free, though others go on" \
	until_true 300 ended
ended || kill -INT $first
is "it succeeds" "$(cat "$TMP/first")" ok
say "operations of the others meanwhile: $(cat "$TMP"/again? | wc -l)"
touch "$TMP/enough"
# shellcheck disable=SC2086 # more than one
wait $again $first
is "all of the others succeeded" \
	"$(cat "$TMP"/again? | sort -u | tr '\n' ' ')" "plugged unplugged "
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" unload

# --- dimm: all or nothing ------------------------------------------------------------------------

# zones: state and zone of each block
zones()
{
	local i=0
	while [ $i -lt $n ]; do
		echo "$i: $(cat $MEM/memory$((first + i))/state) $(
			zone_of $((first + i)))"
		i=$((i + 1))
	done
}

load_blocks $n kind=dimm
low=$(($(get address)))
first=$(first_block)
is "all of a dimm is plugged" "$(put_dev plug all)" ok
for i in 1 2 3; do
	echo offline >$MEM/memory$((first + i))/state
done
check "a page of block 0 is pinned" pin_start $low $((low + BLOCK))
echo online_movable >$MEM/memory$((first + 1))/state
echo online_movable >$MEM/memory$((first + 3))/state
zones >"$TMP/zones"
sed 's/^/# /' "$TMP/zones"
is "three of four blocks are online" "$(get online_blocks)" 0-1,3
is "the deadline is set" "$(put_dev unplug_timeout_ms 5000)" ok
is "unplug all ends with ETIMEDOUT" "$(put_dev unplug all)" ETIMEDOUT
say "$(get last_error)"
is "all of it is still plugged" "$(get plugged_size) $(get state)" \
	"$((n * BLOCK)) plugged"
is "every block is in the state and zone that it was in" \
	"$(zones | diff "$TMP/zones" -)" ""
is "and is shown so" "$(get online_blocks)" 0-1,3
check "sysfs, /proc/iomem and lsmem agree" agree
is "no deadline" "$(put_dev unplug_timeout_ms 0)" ok
is "timeout -s INT 2 ends unplug all with EINTR" \
	"$(printf all | timeout -s INT 2 write_errno $D/unplug)" EINTR
is "every block is in the state and zone that it was in" \
	"$(zones | diff "$TMP/zones" -)" ""
check "sysfs, /proc/iomem and lsmem agree" agree

# A block in a zone of the kernel's goes back there.
echo offline >$MEM/memory$((first + 3))/state
if one_of "$(put $MEM/memory$((first + 2))/state online_kernel)" ok; then
	zones >"$TMP/zones"
	check "a block is in ZONE_NORMAL" \
		[ "$(zone_of $((first + 2)))" = Normal ]
	is "the deadline is set" "$(put_dev unplug_timeout_ms 5000)" ok
	check "unplug all is refused" \
		one_of "$(put_dev unplug all)" ETIMEDOUT,EBUSY
	is "every block is in the state and zone that it was in" \
		"$(zones | diff "$TMP/zones" -)" ""
	check "sysfs, /proc/iomem and lsmem agree" agree
fi
pin_stop
no_deadline
is "unplug all works when the page is free" "$(put_dev unplug all)" ok
is "nothing is plugged" "$(get plugged_size) $(get state)" "0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree
check "the kernel logged no warning" log_quiet
finish
