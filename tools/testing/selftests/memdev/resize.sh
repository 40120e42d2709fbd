#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# requested_size: the worker moves the device towards the target, keeps partial
# progress, backs off if it makes none, follows a new target at once, and
# sleeps if there is nothing to do.
#
# VM: mem=4G append=memmap=1G$0x100000000 timeout=1800 usual="6.1 6.12 debug"
# VM: blocks2g: mem=820G append=memmap=800G$0x180000000 usual=6.1 timeout=1800
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG $TRACE

WORK=$TRACE/events/workqueue
n=6
# If blocks are larger, use fewer, to leave the machine enough other memory.
[ $BLOCK -le $((128 * MiB)) ] || n=3
most=$((n * BLOCK))
# 768M and 256M with blocks of 128 MiB
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

# tries: print a line "begin MILLISECONDS" or "end MILLISECONDS" for the start
# and end of each of the worker's attempts since trace_start
tries()
{
	sed -nE 's/.* ([0-9]+)\.([0-9]{3})[0-9]*: memdev_(plug|unplug)_(begin|end): .* background=1$/\4 \1\2/p' \
		$TRACE/trace
}

tried()
{
	[ "$(tries | grep -c begin)" -ge "$1" ]
}

# nr_looks: how often the work item ran, including runs that found the device
# busy
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

# pauses_too_short: print the pauses between attempts that are too short, in ms
pauses_too_short()
{
	awk -v want=50 '
		$1 == "end"	{ end = $2 }
		$1 == "begin" && end {
			# The timer resolution is 10 ms at most.
			if ($2 - end < want - 10)
				print $2 - end " ms, not " want
			want *= 2
		}'
}

# request SIZE: request SIZE, and check that the device reaches it
request()
{
	is "requested_size accepts $1" "$(put_dev requested_size "$1")" ok
	is "requested_size reads back $1" "$(get requested_size)" "$1"
	check "the device reaches $1" until_true 900 plugged_is "$1"
	is "requested and plugged size stay $1" \
		"$(get requested_size) $(get plugged_size)" "$1 $1"
	check "sysfs, /proc/iomem and lsmem agree" until_true 60 agree
}

log_mark
load_blocks $n
low=$(($(get address)))
[ -e $WORK/workqueue_execute_start/enable ] ||
	die "this kernel does not trace workqueues"

# --- grow and shrink --------------------------------------------------------

request $most
is "all blocks are online" "$(get online_size)" $most
request $less
request $most

# Large blocks take long, and the rest of the test does not depend on the block
# size.
if [ $BLOCK -gt $((128 * MiB)) ]; then
	request 0
	check "the kernel logged no warning" log_quiet
	finish
fi

# --- shrink beside a pinned page --------------------------------------------

# Pin a page while only one block is plugged, so that it is in that block.
request 0
request $BLOCK
pinned=$(get plugged_blocks)
check "a page of block $pinned is pinned" pin_start \
	$((low + pinned * BLOCK)) $((low + (pinned + 1) * BLOCK))
request $most
request $less
check "the pinned block stays plugged" \
	[ -n "$(expand "$(get plugged_blocks)" | tr ' ' '\n' | grep -x "$pinned")" ]
request $most

# --- a target that cannot be reached ----------------------------------------

trace_start || die "cannot trace"
is "size 0 is requested" "$(put_dev requested_size 0)" ok
check "all blocks but the pinned one are unplugged" \
	until_true 900 plugged_is $BLOCK
check "the worker tries at least five times" until_true 900 tried 5
trace_stop
tries >"$TMP/tries"
say "$(cat "$TMP/tries")"
# The first attempt unplugged the other blocks; also check the pause after it.
is "the worker backs off longer each time" \
	"$(pauses_too_short <"$TMP/tries")" ""
is "requested_size shows the target, plugged_size the actual size" \
	"$(get requested_size) $(get plugged_size) $(get plugged_blocks)" \
	"0 $BLOCK $pinned"
check "last_error names the pinned block" \
	grep -q "^block $pinned: it has pages" $D/last_error
is "del_device of a plugged device fails" "$(put $BUS/del_device memdev0)" EBUSY
is "last_error names the plugged size" "$(cat $BUS/last_error)" \
	"$(in_units $BLOCK) of memdev0 is plugged, unplug it first"
is "requested_size is unchanged" "$(get requested_size)" 0

# A new target takes effect at once, during an attempt or a pause of the worker.
request $((2 * BLOCK))
is "size 0 is requested" "$(put_dev requested_size 0)" ok
check "all blocks but the pinned one are unplugged" \
	until_true 900 plugged_is $BLOCK
trace_start || die "cannot trace"
check "the worker starts an attempt" until_true 900 tried 1
request $most
trace_stop

# A manual operation does not wait for the worker, and replaces its target.
is "size 0 is requested" "$(put_dev requested_size 0)" ok
check "all blocks but the pinned one are unplugged" \
	until_true 900 plugged_is $BLOCK
is "a block is plugged manually" "$(put_dev plug $BLOCK)" ok
is "requested_size follows the manual plug" \
	"$(get requested_size) $(get plugged_size)" \
	"$((2 * BLOCK)) $((2 * BLOCK))"

is "size 0 is requested" "$(put_dev requested_size 0)" ok
check "all blocks but the pinned one are unplugged" \
	until_true 900 plugged_is $BLOCK
pin_stop
check "the last block is unplugged once the page is unpinned" \
	until_true 900 plugged_is 0
check "sysfs, /proc/iomem and lsmem agree" until_true 60 agree

# --- the target is reached --------------------------------------------------

request $less
before=$(get stats/plug_count)/$(get stats/unplug_count)
trace_start || die "cannot trace"
sleep 3
is "the worker sleeps" "$(nr_looks)" 0
is "no operation runs" "$(get stats/plug_count)/$(get stats/unplug_count)" \
	"$before"
is "the same size is requested again" "$(put_dev requested_size $less)" ok
check "the worker wakes up" until_true 60 looked
check "the worker sleeps again" until_true 60 no_more_looks
trace_stop

# --- invalid targets --------------------------------------------------------

is "a size larger than the region is refused" \
	"$(put_dev requested_size $((most + BLOCK)))" EINVAL
is "last_error names both sizes" "$(get last_error)" \
	"$(in_units $((most + BLOCK))) exceeds the device size $(in_units $most)"
is "half a block is refused" "$(put_dev requested_size $((BLOCK / 2)))" EINVAL
is "last_error names both sizes" "$(get last_error)" \
	"$(in_units $((BLOCK / 2))) is not a multiple of the memory block size $(in_units $BLOCK)"
is "requested and plugged size are unchanged" \
	"$(get requested_size) $(get plugged_size)" "$less $less"

# --- removal ----------------------------------------------------------------

request 0
is "a fault rule fails every add" "$(faults "add errno=ENOMEM")" ok
is "one block is requested" "$(put_dev requested_size $BLOCK)" ok
is "del_device is refused while a size is requested" \
	"$(put $BUS/del_device memdev0)" EBUSY
is "last_error names requested_size" "$(cat $BUS/last_error)" \
	"requested_size is not 0, set it to 0 first"
check "rmmod cancels the worker" until_true 60 rmmod memdev
check "the kernel logged no warning" log_quiet
finish
