#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# A provider in a module of its own, that knows <linux/memdev.h> alone:
# samples/memdev. It plugs no odd block, and unplugs none while it is busy.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.12
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG

PARAMS=/sys/module/memdev_sample/parameters
BUSY=$PARAMS/busy

undo()
{
	[ -e $BUSY ] || return 0
	echo 0 >$BUSY
	echo 0 >$PARAMS/plug_answer
	echo 0 >$PARAMS/unplug_answer
	[ -e $D/unplug ] && put_dev unplug all >/dev/null
	rmmod memdev-sample
}

# asked plug|unplug BLOCK: how often the sample was asked for that one block
# since log_mark
asked()
{
	log_since | grep -c "memdev0: $1 $BLOCK bytes at offset $(($2 * BLOCK))?"
}

plugged_is()
{
	[ "$(get plugged_size)" = "$1" ]
}

requested_stays()
{
	is "plugged, requested: $1 $2" \
		"$(get plugged_size) $(get requested_size)" "$1 $2"
}

modinfo memdev-sample >/dev/null 2>&1 ||
	skip_all "samples/memdev is not built"
iomem >"$TMP/iomem"
log_mark

# --- where it cannot be ------------------------------------------------------------

check "the module loads without a window" load window=none
check "the sample does not" sh -c '! modprobe memdev-sample'
check "it says that there is no window" \
	grep -q 'there is no window' $BUS/last_error
is "nothing is left of it" "$(ls $BUS/devices)" ""
is "nothing holds the module" "$(cat /sys/module/memdev/refcnt)" 0
spec=$(window_spec 3) || skip_all "no room for a window"
is "a window of 3 blocks" "$(put $BUS/new_window "$spec")" ok
check "the sample does not fit in" sh -c '! modprobe memdev-sample'
is "it says so" "$(cat $BUS/last_error)" \
	"$(in_units $((4 * BLOCK))) is too much: 0 of $(in_units $((3 * BLOCK))) are in use"
check "rmmod" rmmod memdev

# --- its device ----------------------------------------------------------------------

spec=$(window_spec 4) || skip_all "no room for a window"
check "the module loads with a window of 4 blocks" \
	load window="$spec" devices=0
check "the sample only asks for a place" \
	sh -c 'modprobe memdev-sample dry_run=1 2>&1 | grep -qi "canceled"'
check "it was told where the window starts" \
	sh -c "dmesg | grep -q 'there is room at $(cat $WINDOWS/window*/start)'"
is "it has given it up again" "$(cat $WINDOWS/window*/used)" 0
is "there is no device" "$(ls $BUS/devices)$(cat $BUS/device_list)" ""
is "nothing holds the module" "$(cat /sys/module/memdev/refcnt)" 0
check "the sample loads in earnest" modprobe memdev-sample
is "its device is on the bus" "$(ls $BUS/devices)" memdev0
is "and in the list" "$(cat $BUS/device_list)" memdev0
is "what it is" "$(get kind) $(get size) $(get slot) $(get state)" \
	"sample $((4 * BLOCK)) -1 unplugged"
is "it lies where the window starts" \
	"$(get address)" "$(cat $WINDOWS/window*/start)"
no_deadline
is "del_device leaves it to its driver" "$(put $BUS/del_device memdev0)" EPERM
check "and says so" grep -q "only its driver can" $BUS/last_error
is "the window cannot go" "$(put $BUS/del_window 0)" EBUSY
check "the module is held by it" sh -c '! rmmod memdev'

# --- plug ------------------------------------------------------------------------------

log_mark
is "a block is plugged" "$(put_dev plug $BLOCK)" ok
is "the sample was asked for it" "$(asked plug 0)" 1
is "all devices together have one" "$(cat $BUS/plugged_size)" $BLOCK
log_mark
is "the next one is refused" "$(put_dev plug $BLOCK)" EPERM
is "in the sample's words" "$(get last_error)" \
	"block 1: odd blocks are not plugged"
is "it was asked for it" "$(asked plug 1)" 1
requested_stays $BLOCK $BLOCK
is "so is what begins with it" "$(put_dev plug all)" EPERM
requested_stays $BLOCK $BLOCK
check "sysfs, /proc/iomem and lsmem agree" agree

# --- in the background -------------------------------------------------------------------

is "all of it is requested" "$(put_dev requested_size $((4 * BLOCK)))" ok
check "the worker is told, too" \
	until_true 600 sh -c "grep -q 'odd blocks' $D/last_error"
requested_stays $BLOCK $((4 * BLOCK))

# --- rmmod ---------------------------------------------------------------------------------

check "rmmod of the sample is refused while it is plugged" \
	sh -c '! rmmod memdev-sample'
check "as one in use" [ -n "$(rmmod memdev-sample 2>&1 | grep 'in use')" ]
is "its device is still there" "$(cat $BUS/device_list)" memdev0

# --- unplug ----------------------------------------------------------------------------------

log_mark
is "no block can be taken offline, once" "$(faults "offline errno=EBUSY times=1")" ok
is "an unplug is refused" "$(put_dev unplug all)" EBUSY
is "the sample was asked for it" "$(asked unplug 0)" 1
is "and told that the block stays" "$(asked plug 0)" 1
requested_stays $BLOCK $BLOCK
echo 1 >$BUSY
log_mark
is "an unplug is refused while it is busy" "$(put_dev unplug all)" EBUSY
is "in the sample's words" "$(get last_error)" "block 0: the sample is busy"
is "it was asked for it" "$(asked unplug 0)" 1
requested_stays $BLOCK $BLOCK
is "the block is still online" "$(get online_size)" $BLOCK
is "nothing is requested" "$(put_dev requested_size 0)" ok
check "the worker is told, too" \
	until_true 600 sh -c "grep -q 'the sample is busy' $D/last_error"
requested_stays $BLOCK 0
echo 0 >$BUSY
check "and gets there once it is not busy" until_true 600 plugged_is 0
check "sysfs, /proc/iomem and lsmem agree" agree
is "all devices together have nothing" "$(cat $BUS/plugged_size)" 0
log_mark
is "no memory can be added, once" "$(faults "add errno=ENOMEM times=1")" ok
is "a plug fails" "$(put_dev plug $BLOCK)" ENOMEM
is "the sample was asked for it" "$(asked plug 0)" 1
is "and told that nothing came of it" "$(asked unplug 0)" 1
requested_stays 0 0

# --- answers that are no errno ---------------------------------------------------------------

# answer plug|unplug NUMBER: what the sample returns from now on, 0 for what it does
answer()
{
	echo "$2" >$PARAMS/"$1"_answer || die "$1_answer=$2 was not accepted"
}

while read -r number want; do
	answer plug "$number"
	is "the sample answers a plug by $number" "$(put_dev plug $BLOCK)" "$want"
	is "with a reason" "$(get last_error)" "block 0: the device refuses"
	requested_stays 0 0
	answer plug 0
	is "plug a block" "$(put_dev plug $BLOCK)" ok
	answer unplug "$number"
	is "the sample answers an unplug by $number" "$(put_dev unplug all)" "$want"
	is "with a reason" "$(get last_error)" "block 0: the device refuses"
	requested_stays $BLOCK $BLOCK
	answer unplug 0
	is "unplug it" "$(put_dev unplug all)" ok
done <<EOF
1 EIO
134217728 EIO
-134 EIO
-512 EINTR
-517 EIO
-4095 EIO
-5000 EIO
-28 ENOSPC
EOF

# --- later --------------------------------------------------------------------------------------

is "plug a block" "$(put_dev plug $BLOCK)" ok
answer unplug -11
is "the deadline is set" "$(put_dev unplug_timeout_ms 3000)" ok
log_mark
is "an unplug that is always to be tried later ends at its deadline" \
	"$(put_dev unplug all)" ETIMEDOUT
nr=$(asked unplug 0)
say "the sample was asked $nr times"
check "the sample was asked" [ "$nr" -ge 1 ]
check "and not all the time" [ "$nr" -le 20 ]
requested_stays $BLOCK $BLOCK
no_deadline
was_asked()
{
	[ "$(asked unplug 0)" -ge "$1" ]
}
log_mark
printf all | write_errno $D/unplug >"$TMP/later" &
later=$!
check "without a deadline the sample is asked again" until_true 600 was_asked 2
kill -TERM $later
wait $later
is "a signal ends it" "$(cat "$TMP/later")" EINTR
log_mark
printf all | write_errno $D/unplug >"$TMP/later" &
later=$!
check "the sample is asked again and again" until_true 600 was_asked 4
answer unplug 0
wait $later
is "an unplug succeeds once it is let" "$(cat "$TMP/later")" ok
requested_stays 0 0

# Half of what is requested here never comes: the worker waits to try again.
log_mark
is "two blocks are requested" "$(put_dev requested_size $((2 * BLOCK)))" ok
check "which are refused" \
	until_true 600 sh -c "grep -q 'odd blocks' $D/last_error"
if [ $BLOCK -ge $GiB ]; then
	# Blocks of a GiB are asked for one by one: the first has come.
	requested_stays $BLOCK $((2 * BLOCK))
	is "nothing is requested" "$(put_dev requested_size 0)" ok
	check "the worker gets there" until_true 600 plugged_is 0
else
	requested_stays 0 $((2 * BLOCK))
fi
# The sample is in use for as long as it is asked.
check "rmmod of the sample stops the worker" \
	until_true 600 rmmod memdev-sample
is "its device is gone" "$(ls $BUS/devices)" ""
is "the window is free" "$(cat $WINDOWS/window*/used)" 0
check "rmmod" rmmod memdev
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
check "the kernel logged no warning" log_quiet
finish
