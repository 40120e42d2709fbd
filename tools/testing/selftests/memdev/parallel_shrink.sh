#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# More devices than workers shrink at the same time while one page is pinned:
# every deadline expires, every other operation makes progress, and user space
# is notified.
#
# VM: mem=46G timeout=1800 append=memmap=40G$0x180000000 usual=6.1 alone=yes
# VM: qemu="-object memory-backend-ram,id=m,size=46G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG

printf all >"$TMP/all"

# More than WQ_DFL_ACTIVE, so that work items would have to queue
n=$(on_debug 80 300)
# A generous limit on the number of memdev's workers
FEW=100

spec=$(window_spec "$n") || skip_all "no reserved range of $n memory blocks"
log_mark
check "the module loads with $n devices" load "window=$spec" devices="$n"
is "device_list has all $n devices" "$(wc -w <"$BUS/device_list")" "$n"

# each DIR FILE TEXT [FROM]: write a file of each device from number FROM on
each()
{
	local i=${4:-0} rc=0

	while [ "$i" -lt "$n" ]; do
		echo "$3" >"$1/memdev$i/$2" || rc=1
		i=$((i + 1))
	done
	return "$rc"
}

# each_dev ATTRIBUTE TEXT [FROM]
each_dev()
{
	each "$BUS/devices" "$@"
}

# each_fault TEXT [FROM]
each_fault()
{
	each "$DEBUG/memdev" faults "$@"
}

# workers: number of kworkers that run memdev's work
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

said()
{
	[ -s "$TMP/$1" ]
}

check "all deadlines are disabled" each_dev unplug_timeout_ms 0
low=$(($(get address)))
is "memdev0 is plugged" "$(put_dev plug all)" ok
check "a page of memdev0 is pinned" pin_start $low $((low + BLOCK))
check "the other devices are plugged" each_dev plug all 1
check "all devices are plugged" plugged_are "$n"

# --- all workers are busy ----------------------------------------------------

# Keep the last two devices idle, for operations meanwhile.
last=$((n - 1))
check "a fault rule delays the offline step by an hour" \
	each_fault "offline delay=3600000" 1
echo clear >$DEBUG/memdev/memdev$last/faults
n=$last
check "all devices but the first and the last are requested to shrink" \
	each_dev requested_size 0 1
n=$((last + 1))
check "at least 16 workers start" until_true 120 workers_are 16
sleep 1
say "$(workers) workers"
check "the number of workers is limited" [ "$(workers)" -le $FEW ]

is "memdev0 gets a deadline" "$(put_dev unplug_timeout_ms 2000)" ok
printf all | write_errno $D/unplug >"$TMP/first" &
first=$!
check "the deadline of memdev0 expires while all workers are busy" \
	until_true 60 said first
said first || kill -INT $first
wait $first
is "the unplug of memdev0 times out" "$(cat "$TMP/first")" ETIMEDOUT

D=$BUS/devices/memdev$last
pollattr $D/plugged_size 60 0 >"$TMP/poll" &
poll=$!
check "user space polls plugged_size of the last device" until_true 60 said poll
is "the last device is unplugged while all workers are busy" \
	"$(timeout -s INT 60 write_errno $D/unplug <"$TMP/all")" ok
wait $poll
is "poll(2) wakes with the new size" "$(tail -n 1 "$TMP/poll")" 0
is "the last device is plugged again" "$(put_dev plug all)" ok
D=$BUS/devices/memdev0

check "all devices are requested to grow" each_dev requested_size $BLOCK
check "the fault rules are cleared" each_fault clear
check "all devices are plugged again" until_true 120 plugged_are "$n"

# --- a deadline in a worker --------------------------------------------------

# Only memdev0 has a deadline: how long the others wait for the hotplug lock
# depends on the machine.
is "memdev0 keeps its deadline" "$(get unplug_timeout_ms)" 2000
check "all devices are requested to shrink" each_dev requested_size 0
check "all devices but memdev0 are unplugged" until_true 600 plugged_are 1
is "memdev0 keeps its block" "$(get plugged_size)" $BLOCK
D=$BUS/devices/memdev$last
is "the last device is plugged meanwhile" \
	"$(timeout -s INT 120 write_errno $D/plug <"$TMP/all")" ok
is "the last device is unplugged meanwhile" \
	"$(timeout -s INT 120 write_errno $D/unplug <"$TMP/all")" ok
D=$BUS/devices/memdev0
pin_stop
check "memdev0 is unplugged once the page is unpinned" \
	until_true 600 plugged_is 0
check "rmmod" rmmod memdev
check "the kernel logged no warning" log_quiet
finish
