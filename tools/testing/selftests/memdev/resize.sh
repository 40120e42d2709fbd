#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# requested_size: the worker gets the device there and keeps what it has done,
# pauses longer and longer where it cannot, turns round at once when something
# else is requested, and sleeps when there is nothing to do.
#
# VM: mem=4G append=memmap=1G$0x100000000 timeout=1800 usual="6.1 6.12 debug"
# VM: blocks2g: mem=820G append=memmap=800G$0x180000000 usual=6.1 timeout=1800
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG $TRACE

WORK=$TRACE/events/workqueue
n=6
# With larger ones the machine has little memory beside them.
[ $BLOCK -le $((128 * MiB)) ] || n=3
most=$((n * BLOCK))
# 768M and 256M of 128 MiB blocks
less=$((most / 3))

undo()
{
	trace_stop 2>/dev/null
}

trace_start()
{
	echo 1 >$WORK/workqueue_execute_start/enable &&
		echo 1 >$TRACE/events/memdev/enable &&
		echo >$TRACE/trace && echo 1 >$TRACE/tracing_on
}

trace_stop()
{
	echo 0 >$WORK/workqueue_execute_start/enable
	echo 0 >$TRACE/events/memdev/enable
}

# The worker's tries since trace_start: a line "begin|end MILLISECONDS" each.
tries()
{
	sed -nE 's/.* ([0-9]+)\.([0-9]{3})[0-9]*: memdev_(plug|unplug)_(begin|end): .* background=1$/\4 \1\2/p' \
		$TRACE/trace
}

tried()
{
	[ "$(tries | grep -c begin)" -ge "$1" ]
}

# How often it has looked whether there is something to do: once more where it
# found the device busy, be it with the request itself.
nr_looks()
{
	grep -c 'workqueue_execute_start: .*function memdev_resize_work' \
		$TRACE/trace
}

looked()
{
	[ "$(nr_looks)" -ge 1 ]
}

no_more_looks()
{
	local now
	now=$(nr_looks)
	sleep 2
	[ "$(nr_looks)" = "$now" ]
}

# The pauses between the tries in ms, but for those shorter than they shall be.
pauses_too_short()
{
	awk -v want=50 '
		$1 == "end"	{ end = $2 }
		$1 == "begin" && end {
			# timers tick every 10 ms at most
			if ($2 - end < want - 10)
				print $2 - end " ms, not " want
			want *= 2
		}'
}

plugged_is()
{
	[ "$(get plugged_size)" = "$1" ]
}

# request SIZE: it is requested, and the device gets there; sysfs shows both.
request()
{
	is "$1 bytes are requested" "$(put_dev requested_size "$1")" ok
	is "and shown as requested" "$(get requested_size)" "$1"
	check "the device gets there" until_true 900 plugged_is "$1"
	is "and stays there" "$(get requested_size) $(get plugged_size)" \
		"$1 $1"
	check "sysfs, /proc/iomem and lsmem agree" until_true 60 agree
}

log_mark
load_blocks $n
low=$(($(get address)))
[ -e $WORK/workqueue_execute_start/enable ] ||
	die "this kernel does not trace what workqueues do"

# --- there and back ------------------------------------------------------------------

request $most
is "all of it came online" "$(get online_size)" $most
request $less
request $most

# Where each block takes long, what follows tells nothing more.
if [ $BLOCK -gt $((128 * MiB)) ]; then
	request 0
	check "the kernel logged no warning" log_quiet
	finish
fi

# --- with a page that cannot be moved ----------------------------------------------------

# Pinned while its block is the only one that is plugged.
request 0
request $BLOCK
pinned=$(get plugged_blocks)
check "a page of block $pinned is pinned" pin_start \
	$((low + pinned * BLOCK)) $((low + (pinned + 1) * BLOCK))
request $most
request $less
check "the block with the page is among what is left" \
	[ -n "$(expand "$(get plugged_blocks)" | tr ' ' '\n' | grep -x "$pinned")" ]
request $most

# --- what cannot be done -------------------------------------------------------------------

trace_start || die "cannot trace"
is "nothing is requested" "$(put_dev requested_size 0)" ok
check "what can come out does" until_true 900 plugged_is $BLOCK
check "the worker tries again and again" until_true 900 tried 5
trace_stop
tries >"$TMP/tries"
say "$(cat "$TMP/tries")"
# The first of them took the other blocks out: its pauses count, too.
is "it pauses longer each time" "$(pauses_too_short <"$TMP/tries")" ""
is "the target is shown, and the truth" \
	"$(get requested_size) $(get plugged_size) $(get plugged_blocks)" \
	"0 $BLOCK $pinned"
check "last_error names the block" \
	grep -q "^block $pinned: it has pages" $D/last_error
is "del_device is refused meanwhile" "$(put $BUS/del_device memdev0)" EBUSY
is "and says why" "$(cat $BUS/last_error)" \
	"cannot remove memdev0: $(in_units $BLOCK) of it are plugged"
is "the target is as before" "$(get requested_size)" 0

# The shrink can be at it, or pausing: neither is in the way.
request $((2 * BLOCK))
is "nothing is requested" "$(put_dev requested_size 0)" ok
check "what can come out does" until_true 900 plugged_is $BLOCK
trace_start || die "cannot trace"
check "the worker is at it" until_true 900 tried 1
request $most
trace_stop

# A user's own operation does not wait for it, and ends what was requested.
is "nothing is requested" "$(put_dev requested_size 0)" ok
check "what can come out does" until_true 900 plugged_is $BLOCK
is "plug a block by hand" "$(put_dev plug $BLOCK)" ok
is "is all that is asked for then" \
	"$(get requested_size) $(get plugged_size)" \
	"$((2 * BLOCK)) $((2 * BLOCK))"

is "nothing is requested" "$(put_dev requested_size 0)" ok
check "what can come out does" until_true 900 plugged_is $BLOCK
pin_stop
check "the rest does, once the page is let go" until_true 900 plugged_is 0
check "sysfs, /proc/iomem and lsmem agree" until_true 60 agree

# --- nothing to do ---------------------------------------------------------------------------

request $less
before=$(get stats/plug_count)/$(get stats/unplug_count)
trace_start || die "cannot trace"
sleep 3
is "the worker sleeps when there is nothing to do" "$(nr_looks)" 0
is "nothing is done" "$(get stats/plug_count)/$(get stats/unplug_count)" \
	"$before"
is "the same is requested again" "$(put_dev requested_size $less)" ok
check "the worker looks" until_true 60 looked
check "and sleeps again" until_true 60 no_more_looks
trace_stop

# --- bad requests ------------------------------------------------------------------------------

is "more than the region is refused" \
	"$(put_dev requested_size $((most + BLOCK)))" EINVAL
is "with both sizes" "$(get last_error)" \
	"$(in_units $((most + BLOCK))) exceeds the device size $(in_units $most)"
is "half a block is refused" \
	"$(put_dev requested_size $((BLOCK / 2)))" EINVAL
is "with both sizes" "$(get last_error)" \
	"$(in_units $((BLOCK / 2))) is not a multiple of the memory block size $(in_units $BLOCK)"
is "nothing has changed" "$(get requested_size) $(get plugged_size)" \
	"$less $less"

# --- the device goes ---------------------------------------------------------------------------

request 0
is "no memory can be added any more" "$(faults "add errno=ENOMEM")" ok
is "what cannot be plugged is requested" "$(put_dev requested_size $BLOCK)" ok
is "del_device is refused while something is requested" \
	"$(put $BUS/del_device memdev0)" EBUSY
is "and says why" "$(cat $BUS/last_error)" \
	"cannot remove the device: its requested_size is not 0"
check "rmmod stops the worker" until_true 60 rmmod memdev
check "the kernel logged no warning" log_quiet
finish
