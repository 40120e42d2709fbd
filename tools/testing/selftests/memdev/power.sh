#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Suspend, hibernation, the cgroup freezer, stops and kills during operations:
# hibernation is refused as soon as a plug starts and until all is unplugged, a
# dimm is rolled back whatever happens to the task, and other operations
# continue after a resume.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 debug"
# VM: carved: mem=4G timeout=1800 usual=6.12

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG
for state in disk freeze; do
	grep -qw $state /sys/power/state || skip_all "this kernel cannot $state"
done
[ -e /sys/power/pm_test ] || skip_all "this kernel has no pm_test"

# A delay that outlasts the test
LONG=3600000
CGROUP=/sys/fs/cgroup/memdev-test
# This many blocks are added in two calls.
n=8

undo()
{
	echo none >/sys/power/pm_test
	if [ -e $CGROUP ]; then
		echo 0 >$CGROUP/cgroup.freeze
		rmdir $CGROUP
	fi
}

# sleep_test STATE: enter STATE up to the freezer and resume; print "ok" or the
# errno
sleep_test()
{
	put /sys/power/state "$1"
}

# hits: number of steps that the first rule of the device $D has hit
hits()
{
	sed -n 's/.*# rule [0-9]*: seen [0-9]*, hit \([0-9]*\)$/\1/p' \
		"$(faults_file)" | head -n 1
}

hit()
{
	[ "$(hits)" -ge 1 ]
}

WRITER='' SAID=''

# begin [-t] ATTRIBUTE TEXT: write an attribute of the device $D from a task in
# the test's cgroup; with -t from a second thread
begin()
{
	local thread=

	[ "$1" != -t ] || { thread=-t; shift; }
	printf '%s\n' "$2" >"$TMP/text"
	: >"$TMP/said"
	# shellcheck disable=SC2016 # expanded by that shell
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec write_errno "$@"' sh \
		$CGROUP $thread "$D/$1" <"$TMP/text" >"$TMP/said" &
	WRITER=$!
}

# written: wait for the writer and set SAID to its result
written()
{
	wait $WRITER 2>/dev/null
	SAID=$(cat "$TMP/said")
}

frozen()
{
	grep -q 'frozen 1' "$CGROUP/cgroup.events"
}

idle()
{
	case $(get state) in
	plugging|unplugging)	return 1 ;;
	esac
}

# device KIND: recreate the device, as large as the window
device()
{
	[ "$(put $BUS/del_device memdev0) $(put $BUS/new_device "size=$size kind=$1")" = "ok ok" ] ||
		die "cannot create a device of kind $1" "$(cat $BUS/last_error)"
	no_deadline
}

mkdir $CGROUP || skip_all "cgroup2 is not mounted"
echo freezer >/sys/power/pm_test
echo 1 2>/dev/null >/sys/module/suspend/parameters/pm_test_delay
echo 1 2>/dev/null >/sys/module/hibernate/parameters/pm_test_delay

# --- carving a window -------------------------------------------------------

carving()
{
	grep -qs memdev_carve /proc/[0-9]*/task/[0-9]*/stack
}

carve_tests()
{
	load window=none || die "the module failed to load" "$(log_memdev)"
	is "hibernation starts without a carved window" "$(sleep_test disk)" ok
	is "a window is carved" "$(put $BUS/new_window $BLOCK)" ok
	low=$(($(cat $WINDOWS/window0/start)))
	check "hibernation is refused with a carved window" one_of \
		"$(sleep_test disk)" EBUSY,EPERM
	is "del_window" "$(put $BUS/del_window window0)" ok
	is "hibernation starts again" "$(sleep_test disk)" ok

	# Pin a page in the highest block, so that carving retries the block
	# for long. A block that was given back is at the end of the free lists.
	hold_start pinned mempin "$low" $((low + BLOCK)) \
		$(($(meminfo MemFree) * 1024 * 7 / 8)) || die "no page was pinned"
	until [ -s "$TMP/amid" ]; do
		: >"$TMP/carved"
		put $BUS/new_window $BLOCK >"$TMP/carved" &
		until carving || [ -s "$TMP/carved" ]; do
			:
		done
		sleep_test disk >"$TMP/got"
		# Only use the result if the carving has not ended yet.
		[ -s "$TMP/carved" ] || mv "$TMP/got" "$TMP/amid"
		wait $!
		put $BUS/del_window window0 >"$TMP/gone"
	done
	check "hibernation is refused during carving" \
		one_of "$(cat "$TMP/amid")" EBUSY,EPERM
	pin_stop
	is "hibernation starts again" "$(sleep_test disk)" ok
	check "the kernel logged no warning" log_quiet
	finish
}

log_mark
reserved || carve_tests

load_blocks $n
size=$(get size)

# --- hibernation -------------------------------------------------------------

is "hibernation starts while no block is plugged" "$(sleep_test disk)" ok

set_faults "add delay=$LONG"
begin plug all
check "the first plug starts" until_true 600 hit
is "no block is plugged yet" "$(get plugged_size)" 0
check "hibernation is refused" one_of "$(sleep_test disk)" EBUSY,EPERM
kill -KILL $WRITER
written
is "the writer is killed" "$SAID" ""
check "the device is idle" until_true 600 idle
is "hibernation starts again" "$(sleep_test disk)" ok

set_faults "add delay=$LONG"
is "the worker is requested to plug" "$(put_dev requested_size "$size")" ok
check "the worker's plug starts" until_true 600 hit
check "hibernation is refused" one_of "$(sleep_test disk)" EBUSY,EPERM
is "the request is withdrawn" "$(put_dev requested_size 0)" ok
check "the device is idle" until_true 600 idle
set_faults
is "hibernation starts again" "$(sleep_test disk)" ok

is "plug all" "$(put_dev plug all)" ok
set_faults "remove delay=$LONG"
begin unplug all
check "the last remove starts" until_true 600 hit
check "hibernation is refused" one_of "$(sleep_test disk)" EBUSY,EPERM
kill -KILL $WRITER
written
is "the writer is killed" "$SAID" ""
set_faults
check "the device is idle" until_true 600 idle
is "size 0 is requested" "$(put_dev requested_size 0)" ok
check "no block is plugged" until_true 600 plugged_is 0
check "hibernation starts again" until_true 60 \
	sh -c "[ \"\$(printf 'disk\n' | write_errno /sys/power/state)\" = ok ]"

# After the hibernation notifier, before the snapshot
if [ -c /dev/snapshot ]; then
	exec 5</dev/snapshot
	is "plug is refused while the machine hibernates" \
		"$(put_dev plug all)" EBUSY
	say "$(get last_error)"
	is "a size is requested while the machine hibernates" \
		"$(put_dev requested_size "$size")" ok
	sleep 1
	is "the worker does not plug while the machine hibernates" \
		"$(get plugged_size)" 0
	exec 5<&-
	check "the worker plugs after the resume" \
		until_true 600 plugged_is "$size"
	is "unplug all" "$(put_dev unplug all)" ok
else
	skip "plug is refused while the machine hibernates" "no /dev/snapshot"
fi

# --- suspend -----------------------------------------------------------------

is "plug all" "$(put_dev plug all)" ok
is "suspend works while memory is plugged" "$(sleep_test freeze)" ok
check "sysfs, /proc/iomem and lsmem agree" agree

set_faults "offline nth=2 times=1 delay=$LONG"
is "the worker is requested to unplug" "$(put_dev requested_size 0)" ok
check "the worker's unplug is delayed" until_true 600 hit
is "the machine suspends and resumes" "$(sleep_test freeze)" ok
check "the worker's unplug continues after the resume" \
	until_true 600 plugged_is 0

is "plug all" "$(put_dev plug all)" ok
if command -v memdevctl >/dev/null; then
	set_faults "offline nth=2 times=1 delay=$LONG"
	memdevctl unplug memdev0 $((3 * BLOCK)) >"$TMP/ctl" 2>&1 &
	ctl=$!
	check "an unplug over netlink is delayed" until_true 600 hit
	is "the machine suspends and resumes" "$(sleep_test freeze)" ok
	check "the unplug over netlink continues after the resume" wait $ctl
	is "three blocks were unplugged" \
		"$(get plugged_size)" $(((n - 3) * BLOCK))
else
	skip "an unplug over netlink continues after the resume" \
		"memdevctl is missing"
fi
is "plug all" "$(put_dev plug all)" ok

set_faults "offline nth=2 times=1 delay=$LONG"
begin unplug all
check "an unplug of all blocks is delayed" until_true 600 hit
is "the machine suspends and resumes" "$(sleep_test freeze)" ok
written
is "the unplug continues after the resume" "$SAID $(get plugged_size)" "ok 0"

# --- the cgroup freezer ------------------------------------------------------

is "plug all" "$(put_dev plug all)" ok
set_faults "offline nth=2 times=1 delay=$LONG"
begin unplug $((3 * BLOCK))
check "an unplug of three blocks is delayed" until_true 600 hit
echo 1 >$CGROUP/cgroup.freeze
check "the task is frozen" until_true 600 frozen
is "one block is unplugged and stays unplugged" \
	"$(get plugged_size)" $(((n - 1) * BLOCK))
echo 0 >$CGROUP/cgroup.freeze
written
is "the unplug ends with EINTR" "$SAID" EINTR
check "last_error names the suspension" grep -q suspended $D/last_error
set_faults
is "unplug all" "$(put_dev unplug all)" ok

device dimm
for thread in "" -t; do
	set_faults "add nth=2 times=1 delay=$LONG"
	# shellcheck disable=SC2086 # nothing, or a word
	begin $thread plug all
	check "the second add of a dimm is delayed" until_true 600 hit
	echo 1 >$CGROUP/cgroup.freeze
	check "the task is frozen" until_true 600 frozen
	is "no block is plugged" "$(get plugged_size)" 0
	check "sysfs, /proc/iomem and lsmem agree" agree
	echo 0 >$CGROUP/cgroup.freeze
	written
	is "the plug continues after the thaw" \
		"$SAID $(get plugged_size)" "ok $size"

	set_faults "offline nth=2 times=1 delay=$LONG"
	# shellcheck disable=SC2086
	begin $thread unplug all
	check "the second offline of a dimm is delayed" until_true 600 hit
	echo 1 >$CGROUP/cgroup.freeze
	check "the task is frozen" until_true 600 frozen
	is "all blocks are online" "$(get online_size)" "$size"
	check "sysfs, /proc/iomem and lsmem agree" agree
	echo 0 >$CGROUP/cgroup.freeze
	written
	is "unplug continues after the thaw" "$SAID $(get plugged_size)" "ok 0"
done

# --- a dimm is rolled back while its task is killed or stopped --------------

for signal in KILL STOP; do
	set_faults "offline times=1 delay=2000" "add block=$((n - 1)) errno=EIO"
	begin -t plug all
	check "the undo of a plug is delayed" until_true 600 hit
	kill -$signal $WRITER
	if [ $signal = STOP ]; then
		check "the undo of a stopped task completes" \
			until_true 600 plugged_is 0
		kill -CONT $WRITER
		written
		is "the plug fails once the task continues" "$SAID" EIO
	else
		written
		is "the task is killed" "$SAID" ""
		check "the undo of a killed task completes" \
			until_true 600 plugged_is 0
	fi
	check "sysfs, /proc/iomem and lsmem agree" agree
done

set_faults
is "plug all" "$(put_dev plug all)" ok
set_faults "online times=1 delay=2000" "remove errno=EIO"
begin -t unplug all
check "the undo of an unplug is delayed" until_true 600 hit
kill -KILL $WRITER
written
is "the task is killed" "$SAID" ""
check "the device is idle" until_true 600 idle
is "all blocks are online" "$(get online_size)" "$size"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults
is "unplug all" "$(put_dev unplug all)" ok
check "the kernel logged no warning" log_quiet
finish
