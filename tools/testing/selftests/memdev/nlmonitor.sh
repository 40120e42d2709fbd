#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Whoever listens to the netlink family hears of each change, in order, with the
# right sizes; who listens too slowly is told so.
#
# PAIRS= is how often a block is plugged and unplugged, which takes the kernel 'debug'
# half a second.
#
# VM: mem=4G usual=7.3 timeout=3600 append=memmap=1G$0x100000000

. "$(dirname "$0")/lib.sh"

pairs=${PAIRS:-$(on_debug 40 1000)}

need nlreq nlmon

# heard FILE REGEX: a message like that was heard
heard()
{
	grep -qE "$2" "$TMP/$1"
}

# hears NAME REGEX: both listeners hear it, the one in public without addresses
hears()
{
	check "$1" until_true 120 heard all "^$2\$"
}

# value FILE COMMAND ATTRIBUTE: of the last message of that command
value()
{
	sed -n "/^$2 /s/.* $3=\"\{0,1\}\([^ \"]*\).*/\1/p" "$TMP/$1" |
		tail -n 1
}

# listen: to all, and somebody else in public
listen()
{
	nlreq listen monitor >"$TMP/all" &
	LISTENER=$!
	user nlreq listen monitor-public >"$TMP/public" &
	PUBLIC=$!
	until_true 60 heard all '^listening' &&
		until_true 60 heard public '^listening'
}

chmod 755 "$TMP"
reserved || skip_all "no reserved range on this machine"
[ $RESERVED_SIZE -ge $((6 * BLOCK)) ] ||
	skip_all "no reserved range of 6 memory blocks on this machine"
spare=$((RESERVED + 5 * BLOCK))
load_blocks 4
first=$(first_block)
start=$(($(get address)))
[ "$(nlreq family)" = ok ] || die "there is no netlink family: $(nlreq family)"

# --- what the messages are -----------------------------------------------------------

# As long as names can be
fuse=fuse-$(printf '%058d' 1)
check "somebody listens, somebody else in public" listen

is "a window is made" "$(nlreq window-new start=$spare size=$BLOCK |
	sed 's/index=[0-9]*/index=N/' | xargs)" "window-new index=N ok"
hears "a message says that it has come" \
	"window-new-ntf seq=[0-9]+ window=1 address=$spare size=$BLOCK"
is "a device is made" "$(nlreq dev-new id="$fuse" kind=dimm window=1 size=$BLOCK |
	tail -n 1)" ok
hears "a message says that it has come" \
	"dev-new-ntf seq=[0-9]+ device=1 window=1 id=\"$fuse\" kind=\"dimm\" address=$spare size=$BLOCK"
is "it is plugged" "$(nlreq dev-plug id="$fuse" all)" ok
hears "a message says that it is plugged" \
	"dev-plugged-ntf seq=[0-9]+ device=1 id=\"$fuse\" old-size=0 new-size=$BLOCK"
hears "and another that it is online" \
	"dev-online-ntf seq=[0-9]+ device=1 id=\"$fuse\" old-size=0 new-size=$BLOCK"
said=$(nlreq dev-plug id="$fuse" size=$BLOCK)
is "to plug it once more is refused" "$(echo "$said" | cut -d ' ' -f 1)" ENOSPC
hears "a message says so" \
	"dev-refused-ntf seq=[0-9]+ device=1 id=\"$fuse\" refusal.op=1 refusal.errno=28 refusal.reason=\".*\" refusal.asked=$BLOCK refusal.done=0"
is "it is unplugged" "$(nlreq dev-unplug id="$fuse" all)" ok
hears "a message says that it is offline" \
	"dev-online-ntf seq=[0-9]+ device=1 id=\"$fuse\" old-size=$BLOCK new-size=0"
hears "and another that it is unplugged" \
	"dev-plugged-ntf seq=[0-9]+ device=1 id=\"$fuse\" old-size=$BLOCK new-size=0"
is "the device is deleted" "$(nlreq dev-del id="$fuse")" ok
hears "a message says that it has gone" \
	"dev-del-ntf seq=[0-9]+ device=1 window=1 id=\"$fuse\" kind=\"dimm\" address=$spare size=$BLOCK"
is "the window is deleted" "$(nlreq window-del index=1)" ok
hears "a message says that it has gone" \
	"window-del-ntf seq=[0-9]+ window=1 address=$spare size=$BLOCK"

# Changes that came by another way
is "sysfs plugs two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
hears "messages say so" \
	"dev-plugged-ntf seq=[0-9]+ device=0 old-size=.* new-size=$((2 * BLOCK))"
is "somebody puts a block offline" \
	"$(put $MEM/memory"$((first + 1))"/state offline)" ok
hears "a message says so" \
	"dev-online-ntf seq=[0-9]+ device=0 old-size=$((2 * BLOCK)) new-size=$BLOCK"
is "and online again" \
	"$(put $MEM/memory"$((first + 1))"/state online_movable)" ok
hears "a message says so" \
	"dev-online-ntf seq=[0-9]+ device=0 old-size=$BLOCK new-size=$((2 * BLOCK))"

# Where the machine itself brings online what is added, before add_memory*() returns
auto=$(cat $MEM/auto_online_blocks)
is "the machine brings online what is added" \
	"$(put $MEM/auto_online_blocks online_movable)" ok
is "the device lets it" "$(put_dev online_type system)" ok
is "a block more is plugged" "$(put_dev plug $BLOCK)" ok
hears "a message says that it is online" \
	"dev-online-ntf seq=[0-9]+ device=0 old-size=$((2 * BLOCK)) new-size=$((3 * BLOCK))"
is "it is unplugged" "$(put_dev unplug $BLOCK)" ok
is "the device goes back to its own" "$(put_dev online_type online_movable)" ok
is "so does the machine" "$(put $MEM/auto_online_blocks "$auto")" ok

# A plug and an unplug that are refused
is "a plug of too much is refused" \
	"$(nlreq dev-plug index=0 size=$((4 * BLOCK)) | cut -d ' ' -f 1)" ENOSPC
hears "a message says so" \
	"dev-refused-ntf seq=[0-9]+ device=0 refusal.op=1 refusal.errno=28 refusal.reason=\".*\" refusal.asked=$((4 * BLOCK)) refusal.done=0"
if pin_start $((start + BLOCK)) $((start + 2 * BLOCK)); then
	# So that it is certain which block is the last that refuses
	is "what is not pinned is unplugged" \
		"$(nlreq dev-unplug index=0 size=$BLOCK)" ok
	is "a deadline is set" "$(nlreq dev-set index=0 unplug-timeout-ms=2000)" ok
	said=$(nlreq dev-unplug index=0 all | tail -n 1)
	is "an unplug is refused" "$(echo "$said" | cut -d ' ' -f 1)" ETIMEDOUT
	hears "a message says so, with the block and the reason" \
		"dev-refused-ntf seq=[0-9]+ device=0 refusal.op=2 refusal.errno=110 refusal.reason=$(
		echo "$said" | sed 's/^ETIMEDOUT //; s/[().]/\\&/g'
		) refusal.block=1 refusal.address=$((start + BLOCK)) refusal.memory=\"memory$((first + 1))\" refusal.asked=$BLOCK refusal.done=0"
	pin_stop
	no_deadline
else
	skip "an unplug is refused" "no page came to lie on the device"
fi
is "all is unplugged" "$(nlreq dev-unplug index=0 all)" ok
hears "the last message says so" \
	"dev-plugged-ntf seq=[0-9]+ device=0 old-size=$BLOCK new-size=0"

last=$(value all '[a-z-]*' seq)
check "who listens in public has heard the last message" \
	until_true 60 heard public " seq=$last "
is "no message was missed" "$(sed -n 's/.* seq=\([0-9]*\) .*/\1/p' "$TMP/all" |
	awk 'NR > 1 && $1 != last + 1 { print last, $1 } { last = $1 }')" ""
is "at no moment was online what was not plugged" "$(awk '
	{
		match($0, /device=[0-9]+/)
		name = substr($0, RSTART, RLENGTH)
		size = $0
		sub(/.* new-size=/, "", size)
	}
	$1 == "dev-plugged-ntf" { plugged[name] = size }
	$1 == "dev-online-ntf" && size + 0 > plugged[name] + 0' "$TMP/all")" ""
is "in public all is the same but addresses" "$(sed -E \
	's/ (refusal\.)?address=[0-9]+//; s/ refusal\.memory="[^"]*"//' \
	"$TMP/all" | diff - "$TMP/public")" ""
is "of which there are none" "$(grep -E 'address|memory|0x' "$TMP/public")" ""
kill "$LISTENER" "$PUBLIC"
say "$(wc -l <"$TMP/all") messages"

# --- two listeners, one writer ----------------------------------------------------------

nlmon check monitor 0 "$pairs" >"$TMP/first" &
one=$!
user nlmon check monitor-public 0 "$pairs" >"$TMP/second" &
two=$!
check "two listen" until_true 60 heard first '^listening'
check "one of them in public" until_true 60 heard second '^listening'
began=$(uptime_s)
is "$pairs times a block is plugged and unplugged" \
	"$(nlmon pairs 0 "$pairs")" "done"
say "in $(($(uptime_s) - began)) s"
check "the first listener has heard of every change, in order" wait $one
check "as has the second one" wait $two
say "$(cat "$TMP/first")" "$(cat "$TMP/second")"
is "both have heard the same last message" \
	"$(sed -n 's/.*last-seq=//p' "$TMP/first")" \
	"$(sed -n 's/.*last-seq=//p' "$TMP/second")"
is "there were $((2 * pairs)) changes of each size" \
	"$(sed -n 's/.*\(plugged=.*\) asked.*/\1/p' "$TMP/first")" \
	"plugged=$((2 * pairs)) online=$((2 * pairs))"

# --- who does not read -------------------------------------------------------------------

mkfifo "$TMP/lazy.in"
nlreq listen monitor >"$TMP/all" &
LISTENER=$!
check "somebody listens" until_true 60 heard all '^listening'
nlmon lazy monitor <"$TMP/lazy.in" >"$TMP/lazy" &
exec 5>"$TMP/lazy.in"
check "somebody else with a small buffer" until_true 60 heard lazy '^listening'
is "there are more messages than it has room for" "$(nlmon pairs 0 20)" "done"
echo read >&5
check "it is told that something is lost" \
	until_true 60 heard lazy '^messages=[0-9]+ overruns=[1-9]'
is "one more change" "$(nlmon pairs 0 1)" "done"
echo read >&5
check "it sees by the numbers how much" \
	until_true 60 heard lazy '^messages=4 overruns=0 lost=[1-9]'
exec 5>&-
last=$(nlreq dev-plug index=0 size=$BLOCK)
is "one more, for whoever has heard all of it" "$last" ok
hears "he hears of it" \
	"dev-online-ntf seq=[0-9]+ device=0 old-size=0 new-size=$BLOCK"
kill "$LISTENER"
had=$(awk -F '[= ]' '{ sum += $2 + $6 } END { print sum }' "$TMP/lazy")
is "what it has read and what it has lost is all that there was" "$had" \
	$((21 * 4))
say "$(cat "$TMP/lazy")"
check "the kernel logged no warning" log_quiet
finish
