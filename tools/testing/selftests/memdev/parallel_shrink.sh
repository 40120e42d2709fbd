#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# More devices than there are workers, all of which shrink at the same time, and
# a page that cannot be moved: every deadline fires, every other operation goes
# on, and user space is told of it.
#
# VM: mem=46G timeout=1800 append=memmap=40G$0x180000000 usual=6.1 alone=yes
# VM: qemu="-object memory-backend-ram,id=m,size=46G,reserve=off"
# VM: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG

printf all >"$TMP/all"

# More than a queue of the kernel runs at a time if it is not told otherwise
n=$(on_debug 80 300)
# What limits the workers of memdev, generously
FEW=100

spec=$(window_spec "$n") || skip_all "no reserved range of $n memory blocks"
log_mark
check "$n devices" load "window=$spec" devices="$n"
is "they are there" "$(wc -w <"$BUS/device_list")" "$n"

# each ATTRIBUTE TEXT [FROM]: to each device, from that one on
each()
{
	local i=${3:-0} rc=0

	while [ "$i" -lt "$n" ]; do
		echo "$2" >"$BUS/devices/memdev$i/$1" || rc=1
		i=$((i + 1))
	done
	return "$rc"
}

# each_fault TEXT [FROM]: to the scripted faults of each
each_fault()
{
	local i=${2:-0} rc=0

	while [ "$i" -lt "$n" ]; do
		echo "$1" >"$DEBUG/memdev/memdev$i/faults" || rc=1
		i=$((i + 1))
	done
	return "$rc"
}

# workers: how many work for memdev
workers()
{
	cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^kworker/.*+memdev'
}

workers_are()
{
	[ "$(workers)" -ge "$1" ]
}

plugged_are()
{
	[ "$(cat "$BUS/plugged_size")" = $(($1 * BLOCK)) ]
}

plugged_is()
{
	[ "$(get plugged_size)" = "$1" ]
}

said()
{
	[ -s "$TMP/$1" ]
}

check "no deadline" each unplug_timeout_ms 0
low=$(($(get address)))
is "the first is plugged" "$(put_dev plug all)" ok
check "a page of it is pinned" pin_start $low $((low + BLOCK))
check "the others are plugged" each plug all 1
check "all are plugged" plugged_are "$n"

# --- workers that are all busy ------------------------------------------------------

# The last two are for what goes on meanwhile.
last=$((n - 1))
check "to take a block offline takes an hour" \
	each_fault "offline delay=3600000" 1
echo clear >$DEBUG/memdev/memdev$last/faults
n=$last
check "all but the first and the last are to shrink" each requested_size 0 1
n=$((last + 1))
check "as many as there are workers begin" until_true 120 workers_are 16
sleep 1
say "$(workers) workers"
check "which are not many" [ "$(workers)" -le $FEW ]

is "the first has a deadline" "$(put_dev unplug_timeout_ms 2000)" ok
printf all | write_errno $D/unplug >"$TMP/first" &
first=$!
check "its deadline fires" until_true 60 said first
said first || kill -INT $first
wait $first
is "and ends it" "$(cat "$TMP/first")" ETIMEDOUT

D=$BUS/devices/memdev$last
pollattr $D/plugged_size 60 0 >"$TMP/poll" &
poll=$!
check "somebody polls the size of the last" until_true 60 said poll
is "the last is unplugged" "$(timeout -s INT 60 write_errno $D/unplug <"$TMP/all")" ok
wait $poll
is "the kernel says so" "$(tail -n 1 "$TMP/poll")" 0
is "and is plugged" "$(put_dev plug all)" ok
D=$BUS/devices/memdev0

check "all are to be plugged again" each requested_size $BLOCK
check "nothing takes longer than it does" each_fault clear
check "all are plugged" until_true 120 plugged_are "$n"

# --- a deadline in a worker -----------------------------------------------------------

# The others have none: how long they wait for the lock depends on the machine.
is "the first still has its deadline" "$(get unplug_timeout_ms)" 2000
check "all of them are to shrink" each requested_size 0
check "all but the first are gone soon" until_true 600 plugged_are 1
is "that is the first" "$(get plugged_size)" $BLOCK
D=$BUS/devices/memdev$last
is "another is plugged meanwhile" "$(timeout -s INT 120 write_errno $D/plug <"$TMP/all")" ok
is "and unplugged" "$(timeout -s INT 120 write_errno $D/unplug <"$TMP/all")" ok
D=$BUS/devices/memdev0
pin_stop
check "the first goes when its page is free" until_true 600 plugged_is 0
check "rmmod" rmmod memdev
check "the kernel did not complain" log_quiet
finish
