#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Who waits for a change of size, by uevent or by poll(2), hears of it.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.1
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=4

# The last size that the events told.
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

# heard_is PLUGGED ONLINE
heard_is()
{
	[ "$(heard)" = "$1" ] && [ "$(heard_online)" = "$2" ]
}

listening()
{
	grep -q listening "$TMP/events"
}

events()
{
	grep -c "^$1@.*/$2 " "$TMP/events"
}

# event ACTION NAME: there was one
event()
{
	[ "$(events "$1" "$2")" -gt 0 ]
}

# wakes ATTRIBUTE COMMAND...: COMMAND changes it, and who polls wakes up
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
check "somebody listens" until_true 60 listening

load_blocks $n
size=$(get size)
first=$(first_block)
check "the device is announced" until_true 60 event add memdev0
check "of its bus" [ -n "$(grep "^add@.*/memdev0 .*SUBSYSTEM=memdev" \
	"$TMP/events")" ]

is "plug all" "$(put_dev plug all)" ok
check "a change event tells the sizes" until_true 60 heard_is "$size" "$size"
is "unplug a block" "$(put_dev unplug $BLOCK)" ok
check "a change event tells the sizes" \
	until_true 60 heard_is $((size - BLOCK)) $((size - BLOCK))
is "somebody puts a block offline" "$(put $MEM/memory"$first"/state offline)" ok
check "a change event tells the sizes" \
	until_true 60 heard_is $((size - BLOCK)) $((size - 2 * BLOCK))
is "and online again" "$(put $MEM/memory"$first"/state online_movable)" ok
check "a change event tells the sizes" \
	until_true 60 heard_is $((size - BLOCK)) $((size - BLOCK))
is "requested_size 0" "$(put_dev requested_size 0)" ok
check "a change event tells the sizes" until_true 60 heard_is 0 0
before=$(events change memdev0)
is "a plug that is refused" "$(put_dev plug 1)" EINVAL
is "a block is plugged" "$(put_dev plug $BLOCK)" ok
check "a change event tells the sizes" until_true 60 heard_is $BLOCK $BLOCK
say "$(($(events change memdev0) - before)) events of it"
is "no event tells a size that the device never had" \
	"$(sed -n 's/.* MEMDEV_PLUGGED=\([0-9]*\).*/\1/p' "$TMP/events" |
		awk -v block=$BLOCK '$1 % block' )" ""
is "the events tell no address" \
	"$(grep "$(printf '%x' $(($(get address))))" "$TMP/events")" ""
is "a block is unplugged" "$(put_dev unplug all)" ok

wakes plugged_size put_dev plug $BLOCK
is "and reads the new value" "$(cat "$TMP/polled")" $BLOCK
wakes online_size put $MEM/memory"$first"/state offline
is "and reads the new value" "$(cat "$TMP/polled")" 0
wakes online_size put $MEM/memory"$first"/state online_movable
is "and reads the new value" "$(cat "$TMP/polled")" $BLOCK
wakes plugged_size put_dev requested_size $((3 * BLOCK))
wakes plugged_size put_dev unplug all
wakes online_size put_dev plug $BLOCK
wakes plugged_size put_dev plug $BLOCK

# state: also where it changes and no size does. Whoever reads only when told to
# sees an operation begin and end.
# follows UNTIL COMMAND...: who polls state hears that it becomes UNTIL
follows()
{
	local want=$1 poller
	shift

	pollattr $D/state 300 >"$TMP/begin" &
	poller=$!
	until_true 60 grep -q polling "$TMP/begin"
	"$@" >"$TMP/followed" &
	if wait $poller; then
		pass "poll(2) on state wakes when it begins: $*"
	else
		fail "poll(2) on state wakes when it begins: $*" \
			"$(cat "$TMP/begin")"
	fi
	if pollattr $D/state 300 "$want" >"$TMP/end"; then
		pass "and when it ends: $want"
	else
		fail "and when it ends: $want" "$(cat "$TMP/end")"
	fi
	until_true 60 [ -s "$TMP/followed" ]
	say "$(cat "$TMP/followed"): $(cat "$TMP/begin" "$TMP/end" | xargs)"
}

is "all is unplugged" "$(put_dev unplug all)" ok
follows partial put_dev plug $BLOCK
low=$(($(get address)))
check "a page is pinned" pin_start $low $((low + BLOCK))
is "a short deadline" "$(put_dev unplug_timeout_ms 2000)" ok
follows partial put_dev unplug all
is "which changed no size" "$(cat "$TMP/followed") $(get plugged_size)" \
	"ETIMEDOUT $BLOCK"
pin_stop
no_deadline
follows unplugged put_dev unplug all
is "the device is deleted" "$(put $BUS/del_device memdev0)" ok
check "its end is announced" until_true 60 event remove memdev0
finish
