#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Listeners of the netlink family receive each change in order and with the
# right sizes. A listener that reads too slowly learns that it lost messages.
#
# PAIRS= sets how often a block is plugged and unplugged. On the debug kernel,
# one pair takes half a second.
#
# VM: mem=4G usual=7.3 timeout=3600 append=memmap=1G$0x100000000

. "$(dirname "$0")/lib.sh"

pairs=${PAIRS:-$(on_debug 40 1000)}

need nlreq nlmon

# heard FILE REGEX: a message in FILE matches REGEX
heard()
{
	grep -qE "$2" "$TMP/$1"
}

# hears NAME REGEX: a message to the privileged listener matches REGEX
hears()
{
	check "$1" until_true 120 heard all "^$2\$"
}

# at BLOCK [START]: the address of the first block that changed
at()
{
	echo "address=$((${2:-start} + $1 * BLOCK))"
}

# value FILE COMMAND ATTRIBUTE: the attribute in the last message of COMMAND
value()
{
	sed -n "/^$2 /s/.* $3=\"\{0,1\}\([^ \"]*\).*/\1/p" "$TMP/$1" |
		tail -n 1
}

# listen: start a privileged listener and an unprivileged one
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
need_reserved 6
spare=$((RESERVED + 5 * BLOCK))
load_blocks 4
first=$(first_block)
start=$(($(get address)))
[ "$(nlreq family)" = ok ] || die "no netlink family: $(nlreq family)"

# --- the contents of the messages -------------------------------------------

# Use an id of the maximum length.
fuse=fuse-$(printf '%058d' 1)
check "both listeners start" listen

is "window-new" "$(nlreq window-new start=$spare size=$BLOCK |
	sed 's/index=[0-9]*/index=N/' | xargs)" "window-new index=N ok"
hears "the new window is announced" \
	"window-new-ntf seq=[0-9]+ window=1 address=$spare size=$BLOCK"
is "dev-new" "$(nlreq dev-new id="$fuse" kind=dimm window=1 size=$BLOCK |
	tail -n 1)" ok
hears "the new device is announced" \
	"dev-new-ntf seq=[0-9]+ device=1 window=1 id=\"$fuse\" kind=\"dimm\" address=$spare size=$BLOCK"
is "dev-plug" "$(nlreq dev-plug id="$fuse" all)" ok
hears "the beginning of the plug is announced" \
	"dev-begin-ntf seq=[0-9]+ device=1 id=\"$fuse\" op=1 asked=$BLOCK"
hears "the plugged size is announced" \
	"dev-plugged-ntf seq=[0-9]+ device=1 id=\"$fuse\" $(at 0 $spare) old-size=0 new-size=$BLOCK block=0 count=1"
hears "the online size is announced" \
	"dev-online-ntf seq=[0-9]+ device=1 id=\"$fuse\" $(at 0 $spare) old-size=0 new-size=$BLOCK block=0 count=1"
hears "the requested size is announced" \
	"dev-set-ntf seq=[0-9]+ device=1 id=\"$fuse\" requested-size=$BLOCK online-type=3 memmap-on-memory=0 unplug-timeout-ms=30000"
said=$(nlreq dev-plug id="$fuse" size=$BLOCK)
is "dev-plug of a plugged dimm is refused" \
	"$(echo "$said" | cut -d ' ' -f 1)" ENOSPC
hears "the refusal is announced" \
	"dev-refused-ntf seq=[0-9]+ device=1 id=\"$fuse\" refusal.op=1 refusal.errno=28 refusal.reason=\".*\" refusal.asked=$BLOCK refusal.done=0"
is "dev-unplug" "$(nlreq dev-unplug id="$fuse" all)" ok
hears "the smaller online size is announced" \
	"dev-online-ntf seq=[0-9]+ device=1 id=\"$fuse\" $(at 0 $spare) old-size=$BLOCK new-size=0 block=0 count=1"
hears "the smaller plugged size is announced" \
	"dev-plugged-ntf seq=[0-9]+ device=1 id=\"$fuse\" $(at 0 $spare) old-size=$BLOCK new-size=0 block=0 count=1"
is "dev-del" "$(nlreq dev-del id="$fuse")" ok
hears "the deleted device is announced" \
	"dev-del-ntf seq=[0-9]+ device=1 window=1 id=\"$fuse\" kind=\"dimm\" address=$spare size=$BLOCK"
is "window-del" "$(nlreq window-del index=1)" ok
hears "the deleted window is announced" \
	"window-del-ntf seq=[0-9]+ window=1 address=$spare size=$BLOCK"

# Changes outside of netlink
is "sysfs plugs two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
hears "the plugged size is announced" \
	"dev-plugged-ntf seq=[0-9]+ device=0 $(at 0) old-size=.* new-size=$((2 * BLOCK)) block=0 count=2"
is "user space offlines a block" \
	"$(put $MEM/memory"$((first + 1))"/state offline)" ok
hears "the smaller online size is announced" \
	"dev-online-ntf seq=[0-9]+ device=0 $(at 1) old-size=$((2 * BLOCK)) new-size=$BLOCK block=1 count=1"
is "user space onlines the block" \
	"$(put $MEM/memory"$((first + 1))"/state online_movable)" ok
hears "the larger online size is announced" \
	"dev-online-ntf seq=[0-9]+ device=0 $(at 1) old-size=$BLOCK new-size=$((2 * BLOCK)) block=1 count=1"

# With this policy, the kernel onlines blocks inside add_memory*().
auto=$(cat $MEM/auto_online_blocks)
is "the kernel's policy onlines new blocks" \
	"$(put $MEM/auto_online_blocks online_movable)" ok
is "online_type is set to system" "$(put_dev online_type system)" ok
is "one more block is plugged" "$(put_dev plug $BLOCK)" ok
hears "the online size is announced" \
	"dev-online-ntf seq=[0-9]+ device=0 $(at 2) old-size=$((2 * BLOCK)) new-size=$((3 * BLOCK)) block=2 count=1"
is "the block is unplugged" "$(put_dev unplug $BLOCK)" ok
is "online_type is back to online_movable" \
	"$(put_dev online_type online_movable)" ok
is "the kernel's policy is restored" "$(put $MEM/auto_online_blocks "$auto")" ok

# Settings
settings="online-type=3 memmap-on-memory=0 unplug-timeout-ms"
is "the deadline is changed" "$(put_dev unplug_timeout_ms 1234)" ok
hears "the deadline is announced" \
	"dev-set-ntf seq=[0-9]+ device=0 requested-size=$((2 * BLOCK)) $settings=1234"
is "the deadline is set to what it is" "$(put_dev unplug_timeout_ms 1234)" ok
is "two settings are changed" \
	"$(nlreq dev-set index=0 online-type=2 unplug-timeout-ms=0)" ok
hears "both are announced in one message" \
	"dev-set-ntf seq=[0-9]+ device=0 requested-size=$((2 * BLOCK)) online-type=2 memmap-on-memory=0 unplug-timeout-ms=0"
is "a setting that did not change is not announced" \
	"$(grep -c '=1234$' "$TMP/all")" 1
is "online_type is online_movable again" \
	"$(put_dev online_type online_movable)" ok
is "requested_size" "$(put_dev requested_size $((3 * BLOCK)))" ok
hears "the requested size is announced" \
	"dev-set-ntf seq=[0-9]+ device=0 requested-size=$((3 * BLOCK)) $settings=0"
hears "the beginning of the background plug is announced" \
	"dev-begin-ntf seq=[0-9]+ device=0 op=1 asked=$BLOCK"
check "the background plug ends" until_true 60 \
	sh -c "[ \$(cat $D/state) = partial ] && [ \$(cat $D/plugged_size) = $((3 * BLOCK)) ]"
is "the block is unplugged" "$(put_dev unplug $BLOCK)" ok
hears "the beginning of the unplug is announced" \
	"dev-begin-ntf seq=[0-9]+ device=0 op=2 asked=$BLOCK"

# Refused operations
is "dev-plug of more than is free is refused" \
	"$(nlreq dev-plug index=0 size=$((4 * BLOCK)) | cut -d ' ' -f 1)" ENOSPC
hears "the refusal is announced" \
	"dev-refused-ntf seq=[0-9]+ device=0 refusal.op=1 refusal.errno=28 refusal.reason=\".*\" refusal.asked=$((4 * BLOCK)) refusal.done=0"
if pin_start $((start + BLOCK)) $((start + 2 * BLOCK)); then
	# Unplug a block first, so that the last block to refuse is known.
	is "an unpinned block is unplugged" \
		"$(nlreq dev-unplug index=0 size=$BLOCK)" ok
	is "a deadline is set" "$(nlreq dev-set index=0 unplug-timeout-ms=2000)" ok
	said=$(nlreq dev-unplug index=0 all | tail -n 1)
	is "an unplug of the pinned block times out" \
		"$(echo "$said" | cut -d ' ' -f 1)" ETIMEDOUT
	hears "the refusal is announced with its block and reason" \
		"dev-refused-ntf seq=[0-9]+ device=0 refusal.op=2 refusal.errno=110 refusal.reason=$(
		echo "$said" | sed 's/^ETIMEDOUT //; s/[().]/\\&/g'
		) refusal.block=1 refusal.address=$((start + BLOCK)) refusal.memory=\"memory$((first + 1))\" refusal.asked=$BLOCK refusal.done=0"
	pin_stop
	no_deadline
else
	skip "an unplug of the pinned block times out" \
		"no page could be pinned on the device"
fi
is "dev-unplug of all blocks" "$(nlreq dev-unplug index=0 all)" ok
hears "the last message announces that no memory is plugged" \
	"dev-plugged-ntf seq=[0-9]+ device=0 $(at 1) old-size=$BLOCK new-size=0 block=1 count=1"

last=$(value all '[a-z-]*' seq)
check "the unprivileged listener receives the last message" \
	until_true 60 heard public " seq=$last "
is "no message is missing" "$(sed -n 's/.* seq=\([0-9]*\) .*/\1/p' "$TMP/all" |
	awk 'NR > 1 && $1 != last + 1 { print last, $1 } { last = $1 }')" ""
is "the online size never exceeds the plugged size" "$(awk '
	{
		match($0, /device=[0-9]+/)
		name = substr($0, RSTART, RLENGTH)
		size = $0
		sub(/.* new-size=/, "", size)
	}
	$1 == "dev-plugged-ntf" { plugged[name] = size }
	$1 == "dev-online-ntf" && size + 0 > plugged[name] + 0' "$TMP/all")" ""
is "the unprivileged messages differ only in addresses" "$(sed -E \
	's/ (refusal\.)?address=[0-9]+//; s/ refusal\.memory="[^"]*"//' \
	"$TMP/all" | diff - "$TMP/public")" ""
is "the unprivileged messages have no addresses" \
	"$(grep -E 'address|\.memory|0x' "$TMP/public")" ""
kill "$LISTENER" "$PUBLIC"
say "$(wc -l <"$TMP/all") messages"

# --- two listeners, one writer -----------------------------------------------

nlmon check monitor 0 "$pairs" >"$TMP/first" &
one=$!
user nlmon check monitor-public 0 "$pairs" >"$TMP/second" &
two=$!
check "a privileged listener starts" until_true 60 heard first '^listening'
check "an unprivileged listener starts" until_true 60 heard second '^listening'
began=$(uptime_s)
is "a block is plugged and unplugged $pairs times" \
	"$(nlmon pairs 0 "$pairs")" "done"
say "in $(($(uptime_s) - began)) s"
check "the privileged listener received every change in order" wait $one
check "the unprivileged listener received every change in order" wait $two
say "$(cat "$TMP/first")" "$(cat "$TMP/second")"
is "both listeners received the same last message" \
	"$(sed -n 's/.*last-seq=//p' "$TMP/first")" \
	"$(sed -n 's/.*last-seq=//p' "$TMP/second")"
is "each size changed $((2 * pairs)) times" \
	"$(sed -n 's/.*\(plugged=.*\) asked.*/\1/p' "$TMP/first")" \
	"plugged=$((2 * pairs)) online=$((2 * pairs))"

# --- a listener that does not read ------------------------------------------

mkfifo "$TMP/lazy.in"
nlreq listen monitor >"$TMP/all" &
LISTENER=$!
check "a listener starts" until_true 60 heard all '^listening'
nlmon lazy monitor <"$TMP/lazy.in" >"$TMP/lazy" &
exec 5>"$TMP/lazy.in"
check "a listener with a small buffer starts" \
	until_true 60 heard lazy '^listening'
is "more messages are sent than the buffer holds" "$(nlmon pairs 0 20)" "done"
echo read >&5
check "the slow listener gets ENOBUFS" \
	until_true 60 heard lazy '^messages=[0-9]+ overruns=[1-9]'
is "one more pair of changes" "$(nlmon pairs 0 1)" "done"
echo read >&5
check "the sequence numbers show how many messages were lost" \
	until_true 60 heard lazy '^messages=8 overruns=0 lost=[1-9]'
exec 5>&-
last=$(nlreq dev-plug index=0 size=$BLOCK)
is "one more plug" "$last" ok
hears "the fast listener receives the last message" \
	"dev-online-ntf seq=[0-9]+ device=0 $(at 0) old-size=0 new-size=$BLOCK block=0 count=1"
kill "$LISTENER"
had=$(awk -F '[= ]' '{ sum += $2 + $6 } END { print sum }' "$TMP/lazy")
is "received and lost messages add up to all messages" "$had" $((21 * 8))
say "$(cat "$TMP/lazy")"
check "the kernel logged no warning" log_quiet
finish
