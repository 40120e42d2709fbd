#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# System sleep, the cgroup freezer, stops and kills amid operations: hibernation
# is refused from before the first byte to after the last, a dimm is rolled back
# whatever happens to the task, and what can go on goes on afterwards.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 debug"
# VM: carved: mem=4G timeout=1800 usual=6.12

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG
for state in disk freeze; do
	grep -qw $state /sys/power/state || skip_all "this kernel cannot $state"
done
[ -e /sys/power/pm_test ] || skip_all "this kernel has no pm_test"

# A wait that only something else than time ends
LONG=3600000
CGROUP=/sys/fs/cgroup/memdev-test
# So many blocks are added by two calls
n=8

undo()
{
	echo none >/sys/power/pm_test
	if [ -e $CGROUP ]; then
		echo 0 >$CGROUP/cgroup.freeze
		rmdir $CGROUP
	fi
}

# sleep_test STATE: the machine goes to sleep as far as all tasks are frozen, and
# wakes up again; prints "ok" or the errno
sleep_test()
{
	put /sys/power/state "$1"
}

# hits: steps that the first rule of the device $D has hit
hits()
{
	sed -n 's/.*# rule [0-9]*: seen [0-9]*, hit \([0-9]*\)$/\1/p' \
		"$(faults_file)" | head -n 1
}

hit()
{
	[ "$(hits)" -ge 1 ]
}

# set_faults LINE...: these and no others
set_faults()
{
	local line

	[ "$(faults clear)" = ok ] || die "clear was not accepted"
	for line; do
		[ "$(faults "$line")" = ok ] || die "$line was not accepted"
	done
}

WRITER='' SAID=''

# begin [-t] ATTRIBUTE TEXT: a task of the test's cgroup writes it to the device $D;
# with -t a thread beside another
begin()
{
	local thread=

	[ "$1" != -t ] || { thread=-t; shift; }
	printf '%s\n' "$2" >"$TMP/text"
	: >"$TMP/said"
	# shellcheck disable=SC2016 # expanded there
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec write_errno "$@"' sh \
		$CGROUP $thread "$D/$1" <"$TMP/text" >"$TMP/said" &
	WRITER=$!
}

# written: waits until the writer is done; SAID is what came of it
written()
{
	wait $WRITER 2>/dev/null
	SAID=$(cat "$TMP/said")
}

plugged_is()
{
	[ "$(get plugged_size)" = "$1" ]
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

# device KIND: anew, of the whole window
device()
{
	[ "$(put $BUS/del_device memdev0) $(put $BUS/new_device "size=$size kind=$1")" = "ok ok" ] ||
		die "no device of kind $1" "$(cat $BUS/last_error)"
	no_deadline
}

mkdir $CGROUP || skip_all "there is no cgroup2"
echo freezer >/sys/power/pm_test
echo 1 2>/dev/null >/sys/module/suspend/parameters/pm_test_delay
echo 1 2>/dev/null >/sys/module/hibernate/parameters/pm_test_delay

# --- carving, giving back ------------------------------------------------------------

carving()
{
	grep -qs memdev_carve /proc/[0-9]*/task/[0-9]*/stack
}

carve_tests()
{
	load window=none || die "the module was not loaded" "$(log_memdev)"
	is "hibernation begins while nothing is carved" "$(sleep_test disk)" ok
	is "a window is carved" "$(put $BUS/new_window $BLOCK)" ok
	low=$(($(cat $WINDOWS/window0/start)))
	check "hibernation is refused while it is" one_of \
		"$(sleep_test disk)" EBUSY,EPERM
	is "the window is given back" "$(put $BUS/del_window window0)" ok
	is "hibernation begins again" "$(sleep_test disk)" ok

	# The highest block of them is tried for long, as it has a page in use
	pin_start "$low" $((low + BLOCK)) || die "no page was pinned"
	until [ -s "$TMP/amid" ]; do
		: >"$TMP/carved"
		put $BUS/new_window $BLOCK >"$TMP/carved" &
		until carving || [ -s "$TMP/carved" ]; do
			:
		done
		sleep_test disk >"$TMP/got"
		# Only then it came amid the carving
		[ -s "$TMP/carved" ] || mv "$TMP/got" "$TMP/amid"
		wait $!
		put $BUS/del_window window0 >"$TMP/gone"
	done
	check "hibernation is refused while a window is being carved" \
		one_of "$(cat "$TMP/amid")" EBUSY,EPERM
	pin_stop
	is "hibernation begins afterwards" "$(sleep_test disk)" ok
	check "the kernel logged no warning" log_quiet
	finish
}

log_mark
reserved || carve_tests

load_blocks $n
size=$(get size)

# --- hibernation ---------------------------------------------------------------------

is "hibernation begins while nothing is plugged" "$(sleep_test disk)" ok

set_faults "add delay=$LONG"
begin plug all
check "a first plug begins" until_true 600 hit
is "nothing is plugged yet" "$(get plugged_size)" 0
check "hibernation is refused" one_of "$(sleep_test disk)" EBUSY,EPERM
kill -KILL $WRITER
written
is "the plug is killed" "$SAID" ""
check "the device is idle" until_true 600 idle
is "hibernation begins again" "$(sleep_test disk)" ok

set_faults "add delay=$LONG"
is "a first plug in the background" "$(put_dev requested_size "$size")" ok
check "begins" until_true 600 hit
check "hibernation is refused" one_of "$(sleep_test disk)" EBUSY,EPERM
is "it is called off" "$(put_dev requested_size 0)" ok
check "the device is idle" until_true 600 idle
set_faults
is "hibernation begins again" "$(sleep_test disk)" ok

is "plug all" "$(put_dev plug all)" ok
set_faults "remove delay=$LONG"
begin unplug all
check "the last removal begins" until_true 600 hit
check "hibernation is refused" one_of "$(sleep_test disk)" EBUSY,EPERM
kill -KILL $WRITER
written
is "the step ends when the task is killed" "$SAID" ""
set_faults
check "the device is idle" until_true 600 idle
is "unplug the rest" "$(put_dev requested_size 0)" ok
check "nothing is plugged" until_true 600 plugged_is 0
check "hibernation begins again" until_true 60 \
	sh -c "[ \"\$(printf 'disk\n' | write_errno /sys/power/state)\" = ok ]"

# Between the notifier and the snapshot
if [ -c /dev/snapshot ]; then
	exec 5</dev/snapshot
	is "no plug begins while the machine hibernates" "$(put_dev plug all)" EBUSY
	say "$(get last_error)"
	is "nor one in the background" "$(put_dev requested_size "$size")" ok
	sleep 1
	is "nothing is plugged" "$(get plugged_size)" 0
	exec 5<&-
	check "it goes on afterwards" until_true 600 plugged_is "$size"
	is "unplug all" "$(put_dev unplug all)" ok
else
	skip "no plug begins while the machine hibernates" "no /dev/snapshot"
fi

# --- suspend -------------------------------------------------------------------------

is "plug all" "$(put_dev plug all)" ok
is "suspend works while memory is plugged" "$(sleep_test freeze)" ok
check "sysfs, /proc/iomem and lsmem agree" agree

set_faults "offline nth=2 times=1 delay=$LONG"
is "an unplug in the background" "$(put_dev requested_size 0)" ok
check "waits" until_true 600 hit
is "the machine is suspended" "$(sleep_test freeze)" ok
check "it goes on afterwards" until_true 600 plugged_is 0

is "plug all" "$(put_dev plug all)" ok
if command -v memdevctl >/dev/null; then
	set_faults "offline nth=2 times=1 delay=$LONG"
	memdevctl unplug memdev0 $((3 * BLOCK)) >"$TMP/ctl" 2>&1 &
	ctl=$!
	check "an unplug by netlink waits" until_true 600 hit
	is "the machine is suspended" "$(sleep_test freeze)" ok
	check "it goes on afterwards" wait $ctl
	is "and is done once" "$(get plugged_size)" $(((n - 3) * BLOCK))
else
	skip "an unplug by netlink goes on" "memdevctl is missing"
fi
is "plug all" "$(put_dev plug all)" ok

set_faults "offline nth=2 times=1 delay=$LONG"
begin unplug all
check "an unplug of all waits" until_true 600 hit
is "the machine is suspended" "$(sleep_test freeze)" ok
written
is "it goes on afterwards" "$SAID $(get plugged_size)" "ok 0"

# --- the cgroup freezer ----------------------------------------------------------------

is "plug all" "$(put_dev plug all)" ok
set_faults "offline nth=2 times=1 delay=$LONG"
begin unplug $((3 * BLOCK))
check "an unplug of a part waits" until_true 600 hit
echo 1 >$CGROUP/cgroup.freeze
check "the task is frozen" until_true 600 frozen
is "a block is out, and stays so" "$(get plugged_size)" $(((n - 1) * BLOCK))
echo 0 >$CGROUP/cgroup.freeze
written
is "the unplug ends" "$SAID" EINTR
case $(get last_error) in
*suspended*)	pass "and says that it was suspended" ;;
*)		fail "and says that it was suspended" "$(get last_error)" ;;
esac
set_faults
is "unplug all" "$(put_dev unplug all)" ok

device dimm
for thread in "" -t; do
	set_faults "add nth=2 times=1 delay=$LONG"
	# shellcheck disable=SC2086 # nothing, or a word
	begin $thread plug all
	check "the second step of a plug of a dimm waits" until_true 600 hit
	echo 1 >$CGROUP/cgroup.freeze
	check "the task is frozen" until_true 600 frozen
	is "nothing is plugged" "$(get plugged_size)" 0
	check "sysfs, /proc/iomem and lsmem agree" agree
	echo 0 >$CGROUP/cgroup.freeze
	written
	is "the plug goes on afterwards" "$SAID $(get plugged_size)" "ok $size"

	set_faults "offline nth=2 times=1 delay=$LONG"
	# shellcheck disable=SC2086
	begin $thread unplug all
	check "the second step of its unplug waits" until_true 600 hit
	echo 1 >$CGROUP/cgroup.freeze
	check "the task is frozen" until_true 600 frozen
	is "all of it is online" "$(get online_size)" "$size"
	check "sysfs, /proc/iomem and lsmem agree" agree
	echo 0 >$CGROUP/cgroup.freeze
	written
	is "the unplug goes on afterwards" "$SAID $(get plugged_size)" "ok 0"
done

# --- kills and stops while a dimm is rolled back -------------------------------------------

for signal in KILL STOP; do
	set_faults "offline times=1 delay=2000" "add block=$((n - 1)) errno=EIO"
	begin -t plug all
	check "blocks are taken back" until_true 600 hit
	kill -$signal $WRITER
	if [ $signal = STOP ]; then
		check "all of them come out of a task that is stopped" \
			until_true 600 plugged_is 0
		kill -CONT $WRITER
		written
		is "which fails afterwards" "$SAID" EIO
	else
		written
		is "the task dies" "$SAID" ""
		check "all of them are out" until_true 600 plugged_is 0
	fi
	check "sysfs, /proc/iomem and lsmem agree" agree
done

set_faults
is "plug all" "$(put_dev plug all)" ok
set_faults "online times=1 delay=2000" "remove errno=EIO"
begin -t unplug all
check "the blocks of an unplug come back" until_true 600 hit
kill -KILL $WRITER
written
is "the task dies" "$SAID" ""
check "the device is idle" until_true 600 idle
is "all of them are online" "$(get online_size)" "$size"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults
is "unplug all" "$(put_dev unplug all)" ok
check "the kernel logged no warning" log_quiet
finish
