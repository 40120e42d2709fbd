#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Unplug of a block with a pinned page ends at its deadline or on a signal, and
# all views of the device agree afterwards.
#
# VM: mem=4G append=memmap=1G$0x100000000 timeout=1800 usual="6.1 debug"
# VM: blocks2g: mem=820G append=memmap=800G$0x180000000 usual=7.3 timeout=1800
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=4
log_mark
load_blocks $n
size=$(get size)
low=$(($(get address)))

# pinned: plug all blocks, with a pinned page in block 0. Plug the other blocks
# later, so that the page cannot be in one of them.
pinned()
{
	one_of "$(put_dev plug "$BLOCK")" ok || return 1
	pin_start "$low" $((low + BLOCK)) || return 1
	one_of "$(put_dev plug all)" ok
}

check "all blocks are plugged and a page of block 0 is pinned" pinned

# --- the deadline ------------------------------------------------------------

is "a deadline is set" "$(put_dev unplug_timeout_ms 10000)" ok
is "the deadline reads back" "$(get unplug_timeout_ms)" 10000
began=$(uptime_ms)
is "unplug all times out" "$(put_dev unplug all)" ETIMEDOUT
took=$(($(uptime_ms) - began))
say "after $took ms: $(get last_error)"
check "unplug all does not end before its deadline" [ $took -ge 9990 ]
is "unplug skips the pinned block" \
	"$(get plugged_blocks) $(get plugged_size) $(get state)" \
	"0 $BLOCK partial"
is "the pinned block stays online" "$(get online_size)" $BLOCK
check "last_error has a reason" [ "$(get last_error | wc -w)" -gt 2 ]
check "sysfs, /proc/iomem and lsmem agree" agree
is "requested_size is the plugged size" "$(get requested_size)" $BLOCK
is "the statistics count the failure and the unplugged bytes" \
	"$(get stats/unplug_failures) $(get stats/unplug_bytes)" \
	"1 $((size - BLOCK))"
is "plug all" "$(put_dev plug all)" ok
is "last_error is empty again" "$(get last_error)" ""

# --- a signal ----------------------------------------------------------------

is "the deadline is disabled" "$(put_dev unplug_timeout_ms 0)" ok
reply=$(printf all | timeout -s INT 2 write_errno $D/unplug)
is "SIGINT ends unplug all with EINTR" "$reply" EINTR
say "$(get last_error)"
check "after a partial unplug, sysfs, /proc/iomem and lsmem agree" agree
check "the pinned block stays plugged" \
	[ "$(expand "$(get plugged_blocks)" | cut -d ' ' -f 1)" = 0 ]
is "requested_size is the plugged size" \
	"$(get requested_size)" "$(get plugged_size)"
# A process without a handler is killed by the signal.
timeout -s INT 2 sh -c "echo all >$D/unplug" 2>/dev/null
is "SIGINT kills a shell during unplug all" $? 124
check "sysfs, /proc/iomem and lsmem agree" agree
timeout -s KILL 2 sh -c "echo all >$D/unplug" 2>/dev/null
check "SIGKILL kills a shell during unplug all" [ $? -ge 124 ]
# The operation may still be running after the kill.
check "sysfs, /proc/iomem and lsmem agree" until_true 60 agree

# --- during an unplug -------------------------------------------------------

state_is()
{
	[ "$(get state)" = "$1" ]
}

is "plug all" "$(put_dev plug all)" ok
printf all | write_errno $D/unplug >"$TMP/first" &
first=$!
check "the state is unplugging" until_true 60 state_is unplugging
is "attributes are readable" "$(timeout 60 cat $D/size)" "$size"
is "a signal interrupts a second operation that waits" \
	"$(echo $BLOCK | timeout -s INT 1 write_errno $D/plug)" EINTR
is "del_device is refused" "$(put $BUS/del_device memdev0)" EBUSY
check "the unplug keeps trying" state_is unplugging
kill -INT $first
wait $first
is "a signal ends the unplug" "$(cat "$TMP/first")" EINTR
check "sysfs, /proc/iomem and lsmem agree" agree

# --- the background worker ---------------------------------------------------

plugged_is()
{
	[ "$(get plugged_size)" = "$1" ] && agree
}

is "plug all" "$(put_dev plug all)" ok
is "size 0 is requested" "$(put_dev requested_size 0)" ok
only_block_0()
{
	[ "$(get plugged_blocks)" = 0 ]
}
check "the worker unplugs all blocks but the pinned one" \
	until_true 120 only_block_0
is "requested_size stays 0" "$(get requested_size)" 0
is "a new target is accepted meanwhile" "$(put_dev requested_size "$size")" ok
check "the worker follows the new target" until_true 120 plugged_is "$size"
is "size 0 is requested" "$(put_dev requested_size 0)" ok
check "the worker unplugs all blocks but the pinned one" \
	until_true 120 only_block_0
pin_stop
check "the pinned block is unplugged once its page is unpinned" \
	until_true 300 plugged_is 0

# --- after the page is unpinned ---------------------------------------------

check "all blocks are plugged and a page of block 0 is pinned" pinned
is "a deadline is set" "$(put_dev unplug_timeout_ms 3000)" ok
is "unplug all times out" "$(put_dev unplug all)" ETIMEDOUT
pin_stop
no_deadline
is "unplug all succeeds once the page is unpinned" "$(put_dev unplug all)" ok
is "no block is plugged" "$(get plugged_size) $(get state)" "0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" rmmod memdev

# --- several devices ---------------------------------------------------------

spec=$(window_spec $n)
check "the module loads with $n devices" load "window=$spec" devices=$n
low=$(($(get address)))
is "the deadline is disabled" "$(put_dev unplug_timeout_ms 0)" ok
is "memdev0 is plugged" "$(put_dev plug all)" ok
check "a page of memdev0 is pinned" pin_start $low $((low + BLOCK))
printf all | write_errno $D/unplug >"$TMP/first" &
first=$!
check "unplug of memdev0 starts" until_true 60 state_is unplugging
D=$BUS/devices/memdev1
no_deadline
is "memdev1 is plugged meanwhile" \
	"$(echo all | timeout -s INT 300 write_errno $D/plug)" ok
is "memdev1 is unplugged meanwhile" \
	"$(echo all | timeout -s INT 300 write_errno $D/unplug)" ok
check "sysfs, /proc/iomem and lsmem agree" agree
D=$BUS/devices/memdev0
check "unplug of memdev0 keeps trying" state_is unplugging

# again I: plug and unplug device I in a loop that starts no process
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
# If other devices always went first, the unplug would starve.
again_are()
{
	[ "$(cat "$TMP"/again? | wc -l)" -ge "$1" ]
}
again=
for i in 1 2 3; do
	is "memdev$i: the deadline is disabled" \
		"$(put $BUS/devices/memdev$i/unplug_timeout_ms 0)" ok
	again $i &
	again="$again $!"
done
check "the other devices are plugged and unplugged 30 times" \
	until_true 300 again_are 30
pin_stop
check "unplug of memdev0 ends once the page is unpinned, with the others busy" \
	until_true 300 ended
ended || kill -INT $first
is "unplug of memdev0 succeeds" "$(cat "$TMP/first")" ok
say "operations of the other devices: $(cat "$TMP"/again? | wc -l)"
touch "$TMP/enough"
# shellcheck disable=SC2086 # more than one
wait $again $first
is "all operations of the other devices succeed" \
	"$(cat "$TMP"/again? | sort -u | tr '\n' ' ')" "plugged unplugged "
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" unload

# --- dimm -------------------------------------------------------------------

load_blocks $n kind=dimm
low=$(($(get address)))
first=$(first_block)
is "plug all of a dimm" "$(put_dev plug all)" ok
for i in 1 2 3; do
	echo offline >$MEM/memory$((first + i))/state
done
check "a page of block 0 is pinned" pin_start $low $((low + BLOCK))
echo online_movable >$MEM/memory$((first + 1))/state
echo online_movable >$MEM/memory$((first + 3))/state
zones >"$TMP/zones"
sed 's/^/# /' "$TMP/zones"
is "three of four blocks are online" "$(get online_blocks)" 0-1,3
is "a deadline is set" "$(put_dev unplug_timeout_ms 5000)" ok
is "unplug all times out" "$(put_dev unplug all)" ETIMEDOUT
say "$(get last_error)"
is "the dimm stays plugged" "$(get plugged_size) $(get state)" \
	"$((n * BLOCK)) plugged"
is "all blocks have their state and zone back" \
	"$(zones | diff "$TMP/zones" -)" ""
is "online_blocks is unchanged" "$(get online_blocks)" 0-1,3
check "sysfs, /proc/iomem and lsmem agree" agree
is "the deadline is disabled" "$(put_dev unplug_timeout_ms 0)" ok
is "SIGINT ends unplug all with EINTR" \
	"$(printf all | timeout -s INT 2 write_errno $D/unplug)" EINTR
is "all blocks have their state and zone back" \
	"$(zones | diff "$TMP/zones" -)" ""
check "sysfs, /proc/iomem and lsmem agree" agree

# A block in a kernel zone is restored to that zone.
echo offline >$MEM/memory$((first + 3))/state
if one_of "$(put $MEM/memory$((first + 2))/state online_kernel)" ok; then
	zones >"$TMP/zones"
	check "a block is in ZONE_NORMAL" \
		[ "$(zone_of $((first + 2)))" = Normal ]
	is "a deadline is set" "$(put_dev unplug_timeout_ms 5000)" ok
	check "unplug all is refused" \
		one_of "$(put_dev unplug all)" ETIMEDOUT,EBUSY
	is "all blocks have their state and zone back" \
		"$(zones | diff "$TMP/zones" -)" ""
	check "sysfs, /proc/iomem and lsmem agree" agree
fi
pin_stop
no_deadline
is "unplug all succeeds once the page is unpinned" "$(put_dev unplug all)" ok
is "no block is plugged" "$(get plugged_size) $(get state)" "0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree
check "the kernel logged no warning" log_quiet
finish
