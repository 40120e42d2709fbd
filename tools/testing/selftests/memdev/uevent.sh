#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A change of size wakes listeners for uevents and pollers of sysfs attributes.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.1
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=4
need_mounted $DEBUG

# heard: the plugged size in the last change event
heard()
{
	grep "^change@.*/memdev0 " "$TMP/events" |
		sed -n 's/.* MEMDEV_PLUGGED=\([0-9]*\).*/\1/p' | tail -n 1
}

heard_online()
{
	grep "^change@.*/memdev0 " "$TMP/events" |
		sed -n 's/.* MEMDEV_ONLINE=\([0-9]*\).*/\1/p' | tail -n 1
}

# heard_is PLUGGED ONLINE: the sizes in the last change events
heard_is()
{
	[ "$(heard)" = "$1" ] && [ "$(heard_online)" = "$2" ]
}

events()
{
	grep -c "^$1@.*/$2 " "$TMP/events"
}

# event ACTION NAME: there was such an event
event()
{
	[ "$(events "$1" "$2")" -gt 0 ]
}

# wakes ATTRIBUTE COMMAND...: COMMAND wakes a poller of the attribute
wakes()
{
	local name=$1 poller
	shift

	pollattr $D/"$name" 120 >"$TMP/poll" &
	poller=$!
	until_true 60 grep -q polling "$TMP/poll"
	"$@" >/dev/null
	if wait $poller; then
		pass "poll(2) on $name wakes: $*"
	else
		fail "poll(2) on $name wakes: $*" "$(cat "$TMP/poll")"
	fi
	sed -n 2p "$TMP/poll" >"$TMP/polled"
}

uevents memdev >"$TMP/events" &
check "the listener starts" until_true 60 grep -q listening "$TMP/events"

load_blocks $n
size=$(get size)
first=$(first_block)
check "the device is announced" until_true 60 event add memdev0
check "the window is announced" grep -q \
	"^add@/devices/memdev/window0 .*SUBSYSTEM=memdev_window" "$TMP/events"
check "the event names the subsystem" \
	[ -n "$(grep "^add@.*/memdev0 .*SUBSYSTEM=memdev" \
	"$TMP/events")" ]

is "plug all" "$(put_dev plug all)" ok
check "a change event has both sizes" until_true 60 heard_is "$size" "$size"
is "unplug one block" "$(put_dev unplug $BLOCK)" ok
check "a change event has both sizes" \
	until_true 60 heard_is $((size - BLOCK)) $((size - BLOCK))
is "user space offlines a block" "$(put $MEM/memory"$first"/state offline)" ok
check "a change event has both sizes" \
	until_true 60 heard_is $((size - BLOCK)) $((size - 2 * BLOCK))
is "user space onlines the block" \
	"$(put $MEM/memory"$first"/state online_movable)" ok
check "a change event has both sizes" \
	until_true 60 heard_is $((size - BLOCK)) $((size - BLOCK))
is "requested_size 0" "$(put_dev requested_size 0)" ok
check "a change event has both sizes" until_true 60 heard_is 0 0
# tells NAME VALUE: the last change event has this variable
tells()
{
	[ "$(grep "^change@.*/memdev0 " "$TMP/events" | tail -n 1 |
		sed -n "s/.* MEMDEV_$1=\([0-9]*\).*/\1/p")" = "$2" ]
}
check "a change event has the requested size" until_true 60 tells REQUESTED 0
is "unplug_timeout_ms" "$(put_dev unplug_timeout_ms 7777)" ok
before=$(events change memdev0)
is "another setting" "$(put_dev unplug_timeout_ms 8888)" ok
check "a setting sends a change event" until_true 60 \
	sh -c "[ \$(grep -c '^change@.*/memdev0 ' $TMP/events) -gt $before ]"
no_deadline
check "a change event has the size of the retired blocks" tells RETIRED 0
before=$(events change memdev0)
is "an invalid plug is refused" "$(put_dev plug 1)" EINVAL
is "plug one block" "$(put_dev plug $BLOCK)" ok
check "a change event has both sizes" until_true 60 heard_is $BLOCK $BLOCK
say "$(($(events change memdev0) - before)) events of it"
is "all sizes in events are multiples of the block size" \
	"$(sed -n 's/.* MEMDEV_PLUGGED=\([0-9]*\).*/\1/p' "$TMP/events" |
		awk -v block=$BLOCK '$1 % block' )" ""
is "no event has an address" \
	"$(grep "$(printf '%x' $(($(get address))))" "$TMP/events")" ""
is "unplug all" "$(put_dev unplug all)" ok

wakes plugged_size put_dev plug $BLOCK
is "the poller reads the new value" "$(cat "$TMP/polled")" $BLOCK
wakes online_size put $MEM/memory"$first"/state offline
is "the poller reads the new value" "$(cat "$TMP/polled")" 0
wakes online_size put $MEM/memory"$first"/state online_movable
is "the poller reads the new value" "$(cat "$TMP/polled")" $BLOCK
wakes plugged_size put_dev requested_size $((3 * BLOCK))
wakes plugged_size put_dev unplug all
wakes online_size put_dev plug $BLOCK
wakes plugged_size put_dev plug $BLOCK

# The state also changes at the beginning and the end of an operation that
# changes no size.
# follows STATE COMMAND...: a poller sees COMMAND begin and, at its end, STATE
follows()
{
	local want=$1 poller
	shift

	pollattr $D/state 300 >"$TMP/begin" &
	poller=$!
	until_true 60 grep -q polling "$TMP/begin"
	"$@" >"$TMP/followed" &
	if wait $poller; then
		pass "poll(2) on state wakes at the beginning: $*"
	else
		fail "poll(2) on state wakes at the beginning: $*" \
			"$(cat "$TMP/begin")"
	fi
	if pollattr $D/state 300 "$want" >"$TMP/end"; then
		pass "poll(2) on state wakes at the end: $want"
	else
		fail "poll(2) on state wakes at the end: $want" \
			"$(cat "$TMP/end")"
	fi
	until_true 60 [ -s "$TMP/followed" ]
	say "$(cat "$TMP/followed"): $(cat "$TMP/begin" "$TMP/end" | xargs)"
}

is "unplug all" "$(put_dev unplug all)" ok
follows partial put_dev plug $BLOCK
low=$(($(get address)))
check "a page is pinned" pin_start $low $((low + BLOCK))
is "a short deadline is set" "$(put_dev unplug_timeout_ms 2000)" ok
follows partial put_dev unplug all
is "the unplug changed no size" \
	"$(cat "$TMP/followed") $(get plugged_size)" "ETIMEDOUT $BLOCK"
pin_stop
no_deadline
follows unplugged put_dev unplug all

# A device that does not reach the requested size, and a poisoned page
FAULTS=$DEBUG/memdev/memdev0/faults
is "a rule lets plugs fail" "$(put $FAULTS "add errno=EBUSY")" ok
is "requested_size of one block" "$(put_dev requested_size $BLOCK)" ok
check "a change event has a requested size that is not reached" \
	until_true 60 tells REQUESTED $BLOCK
is "nothing is plugged" "$(get plugged_size)" 0
is "the rule is removed" "$(put $FAULTS clear)" ok
is "requested_size 0" "$(put_dev requested_size 0)" ok
is "plug one block" "$(put_dev plug $BLOCK)" ok
if [ -e $MEM/hard_offline_page ]; then
	is "a page is poisoned" "$(put $FAULTS "poison block=0")" ok
	is "unplug all" "$(put_dev unplug all)" ok
	check "a change event has the size of the retired block" \
		until_true 60 tells RETIRED $BLOCK
else
	is "unplug all" "$(put_dev unplug all)" ok
fi
is "del_device" "$(put $BUS/del_device memdev0)" ok
check "the removal is announced" until_true 60 event remove memdev0
is "del_window" "$(put $BUS/del_window 0)" ok
check "the removal of the window is announced" until_true 60 event remove window0
finish
