#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that trace_of runs
#
# The tracepoints report what happened.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 7.3"

. "$(dirname "$0")/lib.sh"

need_mounted $TRACE

undo()
{
	echo 0 2>/dev/null >$TRACE/events/memdev/enable
	echo >$TRACE/trace
}

# trace_of COMMAND...: the events of COMMAND, without task, time and duration
trace_of()
{
	echo >$TRACE/trace
	"$@" >"$TMP/trace_of" 2>&1
	sed -n 's/^.*: memdev_\([a-z_]*: .*\)$/\1/p' $TRACE/trace |
		sed 's/ ns=[0-9]*//'
}

# durations: the duration of each event
durations()
{
	sed -n 's/^.*: memdev_.* ns=\([0-9]*\).*/\1/p' $TRACE/trace
}

load_blocks 4
echo 1 >$TRACE/events/memdev/enable ||
	die "the tracepoints cannot be enabled"
FIRST=$(get address)
TWO=$((2 * BLOCK))

block()
{
	hex $((FIRST + $1 * BLOCK))
}

is "a plug emits a begin event, its steps and an end event" \
	"$(trace_of put_dev plug $TWO | grep -v '^block_state')" \
	"plug_begin: memdev0 addr=$FIRST asked=$TWO background=0
step: memdev0 add addr=$FIRST size=$TWO rc=0
step: memdev0 online addr=$(block 0) size=$BLOCK rc=0
step: memdev0 online addr=$(block 1) size=$BLOCK rc=0
plug_end: memdev0 addr=$FIRST asked=$TWO done=$TWO rc=0 background=0"
is "every end and step has a duration" \
	"$(durations | awk '$1 > 0 { n++ } END { print n }')" 4
is "an operation takes at least as long as its steps" \
	"$(durations | awk '{ if (NR < 4) steps += $1; else print ($1 >= steps) }')" 1

FILE=$MEM/memory$(($(first_block) + 1))/state
is "a block that user space offlines is traced" \
	"$(trace_of put "$FILE" offline)" \
	"block_state: memdev0 addr=$(block 1) size=$BLOCK online=0"
is "a block that user space onlines is traced" \
	"$(trace_of put "$FILE" online_movable)" \
	"block_state: memdev0 addr=$(block 1) size=$BLOCK online=1"

# by_block: sort the events of two blocks by address, as the order of unplug
# depends on which pages the kernel uses
by_block()
{
	sed "2,3{/addr=$(block 1) /H;//d};5G" | sed '/^$/d'
}

is "an unplug emits a begin event, its steps and an end event" \
	"$(trace_of put_dev unplug $TWO | by_block)" \
	"unplug_begin: memdev0 addr=$FIRST asked=$TWO background=0
block_state: memdev0 addr=$(block 0) size=$BLOCK online=0
step: memdev0 offline addr=$(block 0) size=$BLOCK rc=0
block_state: memdev0 addr=$(block 1) size=$BLOCK online=0
step: memdev0 offline addr=$(block 1) size=$BLOCK rc=0
step: memdev0 remove addr=$FIRST size=$TWO rc=0
unplug_end: memdev0 addr=$FIRST asked=$TWO done=$TWO rc=0 background=0"

is "the end event of a failed plug has its errno" "$(trace_of put_dev plug $((5 * BLOCK)))" \
	"plug_begin: memdev0 addr=$FIRST asked=$((5 * BLOCK)) background=0
plug_end: memdev0 addr=$FIRST asked=$((5 * BLOCK)) done=0 rc=-28 background=0"

request()
{
	put_dev requested_size "$1"
	until_true 60 [ "$(get plugged_size)" = "$1" ]
	until_true 60 grep -q memdev_plug_end "$TRACE/trace"
}
is "events of the worker have background=1" \
	"$(trace_of request "$BLOCK" | grep -c '^plug_.* background=1')" 2
put_dev unplug all >"$TMP/out"

is "del_window is traced" "$(trace_of sh -c "echo memdev0 >$BUS/del_device &&
		echo window0 >$BUS/del_window")" \
	"window: window0 del addr=$FIRST size=$((4 * BLOCK)) rc=0"
is "new_window is traced" \
	"$(trace_of sh -c "echo $BLOCK@$FIRST >$BUS/new_window")" \
	"window: window0 new addr=$FIRST size=$BLOCK rc=0"
# System RAM cannot be claimed.
is "a refused new_window is traced" \
	"$(trace_of put $BUS/new_window "$BLOCK@0x40000000" |
		sed 's/window[0-9]* //')" \
	"window: new addr=0x40000000 size=$BLOCK rc=-16"
check "the kernel logged no warning" log_quiet
finish
