#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A provider in a separate module that uses only <linux/memdev.h>:
# samples/memdev refuses to plug odd-numbered blocks, and to unplug while it is busy.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.12
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

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

# asked plug|unplug BLOCK: how often the sample was asked to plug or unplug the
# block since log_mark
asked()
{
	log_since | grep -c "memdev0: $1 $BLOCK bytes at offset $(($2 * BLOCK))?"
}

requested_stays()
{
	is "plugged_size is $1 and requested_size is $2" \
		"$(get plugged_size) $(get requested_size)" "$1 $2"
}

modinfo memdev-sample >/dev/null 2>&1 ||
	skip_all "samples/memdev is not built"
iomem >"$TMP/iomem"
log_mark

# --- registration fails -----------------------------------------------------

check "the module loads without a window" load window=none
check "the sample does not load without a window" \
	sh -c '! modprobe memdev-sample'
check "last_error names the missing window" \
	grep -q 'there is no window' $BUS/last_error
is "no device is left" "$(ls $BUS/devices)" ""
is "the module's refcount is 0" "$(cat /sys/module/memdev/refcnt)" 0
spec=$(window_spec 3) || skip_all "no room for a window"
is "a window of 3 blocks is created" "$(put $BUS/new_window "$spec")" ok
check "the sample does not load with too small a window" \
	sh -c '! modprobe memdev-sample'
is "last_error names both sizes" "$(cat $BUS/last_error)" \
	"$(in_units $((4 * BLOCK))) is too much: 0 of $(in_units $((3 * BLOCK))) is in use"
check "rmmod" rmmod memdev

# --- registration -----------------------------------------------------------

spec=$(window_spec 4) || skip_all "no room for a window"
check "the module loads with a window of 4 blocks" load window="$spec" devices=0
check "the sample loads with dry_run=1 and only pre-plugs" \
	sh -c 'modprobe memdev-sample dry_run=1 2>&1 | grep -qi "canceled"'
check "pre_plug returned the start of the window" \
	sh -c "dmesg | grep -q 'there is room at $(cat $WINDOWS/window*/start)'"
is "the region is free again" "$(cat $WINDOWS/window*/used)" 0
is "no device is left" "$(ls $BUS/devices)$(cat $BUS/device_list)" ""
is "the module's refcount is 0" "$(cat /sys/module/memdev/refcnt)" 0
check "the sample loads" modprobe memdev-sample
is "the sample's device is on the bus" "$(ls $BUS/devices)" memdev0
is "the sample's device is in device_list" "$(cat $BUS/device_list)" memdev0
is "the device has the sample's kind and size" \
	"$(get kind) $(get size) $(get slot) $(get state)" \
	"sample $((4 * BLOCK)) -1 unplugged"
is "the device is at the start of the window" \
	"$(get address)" "$(cat $WINDOWS/window*/start)"
no_deadline
is "del_device of the sample's device is refused" \
	"$(put $BUS/del_device memdev0)" EPERM
check "last_error says that only the provider can remove the device" \
	grep -q "only the provider of memdev[0-9]* can remove it" $BUS/last_error
is "del_window is refused" "$(put $BUS/del_window 0)" EBUSY
check "rmmod memdev is refused" sh -c '! rmmod memdev'

# --- plug --------------------------------------------------------------------

log_mark
is "plug one block" "$(put_dev plug $BLOCK)" ok
is "the sample was asked once" "$(asked plug 0)" 1
is "plugged_size of the bus is one block" "$(cat $BUS/plugged_size)" $BLOCK
log_mark
is "plug of an odd block is refused" "$(put_dev plug $BLOCK)" EPERM
is "last_error is the sample's message" "$(get last_error)" \
	"block 1: odd-numbered blocks are not plugged"
is "the sample was asked once" "$(asked plug 1)" 1
requested_stays $BLOCK $BLOCK
is "plug all is refused at the odd block" "$(put_dev plug all)" EPERM
requested_stays $BLOCK $BLOCK
check "sysfs, /proc/iomem and lsmem agree" agree

# --- the background worker --------------------------------------------------

is "the full size is requested" "$(put_dev requested_size $((4 * BLOCK)))" ok
check "the worker gets the sample's refusal" \
	until_true 600 sh -c "grep -q 'odd-numbered blocks' $D/last_error"
requested_stays $BLOCK $((4 * BLOCK))

# --- rmmod -------------------------------------------------------------------

check "rmmod of the plugged sample is refused" sh -c '! rmmod memdev-sample'
check "rmmod reports that the sample is in use" \
	[ -n "$(rmmod memdev-sample 2>&1 | grep 'in use')" ]
is "the sample's device stays" "$(cat $BUS/device_list)" memdev0

# --- unplug ------------------------------------------------------------------

log_mark
is "a fault rule fails one offline" "$(faults "offline errno=EBUSY times=1")" ok
is "unplug all fails" "$(put_dev unplug all)" EBUSY
is "the sample was asked to unplug once" "$(asked unplug 0)" 1
is "the sample was told that the block stays" "$(asked plug 0)" 1
requested_stays $BLOCK $BLOCK
echo 1 >$BUSY
log_mark
is "unplug of the busy sample is refused" "$(put_dev unplug all)" EBUSY
is "last_error is the sample's message" \
	"$(get last_error)" "block 0: the sample is busy"
is "the sample was asked once" "$(asked unplug 0)" 1
requested_stays $BLOCK $BLOCK
is "the block stays online" "$(get online_size)" $BLOCK
is "size 0 is requested" "$(put_dev requested_size 0)" ok
check "the worker gets the sample's refusal" \
	until_true 600 sh -c "grep -q 'the sample is busy' $D/last_error"
requested_stays $BLOCK 0
echo 0 >$BUSY
check "the worker unplugs once the sample is not busy" \
	until_true 600 plugged_is 0
check "sysfs, /proc/iomem and lsmem agree" agree
is "plugged_size of the bus is 0" "$(cat $BUS/plugged_size)" 0
log_mark
is "a fault rule fails one add" "$(faults "add errno=ENOMEM times=1")" ok
is "plug fails" "$(put_dev plug $BLOCK)" ENOMEM
is "the sample was asked to plug once" "$(asked plug 0)" 1
is "the sample was told that the plug failed" "$(asked unplug 0)" 1
requested_stays 0 0

# --- return values that are not valid errnos --------------------------------

# answer plug|unplug NUMBER: make the sample return NUMBER; 0 restores its own
# return value
answer()
{
	echo "$2" >$PARAMS/"$1"_answer || die "$1_answer=$2 was refused"
}

while read -r number want; do
	answer plug "$number"
	is "plug fails when the sample returns $number" \
		"$(put_dev plug $BLOCK)" "$want"
	is "last_error says that the device refuses" \
		"$(get last_error)" "block 0: refused by the device"
	requested_stays 0 0
	answer plug 0
	is "plug one block" "$(put_dev plug $BLOCK)" ok
	answer unplug "$number"
	is "unplug fails when the sample returns $number" \
		"$(put_dev unplug all)" "$want"
	is "last_error says that the device refuses" \
		"$(get last_error)" "block 0: refused by the device"
	requested_stays $BLOCK $BLOCK
	answer unplug 0
	is "unplug all" "$(put_dev unplug all)" ok
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

# --- -EAGAIN ----------------------------------------------------------------

is "plug one block" "$(put_dev plug $BLOCK)" ok
answer unplug -11
is "a deadline is set" "$(put_dev unplug_timeout_ms 3000)" ok
log_mark
is "unplug times out if the sample always returns -EAGAIN" \
	"$(put_dev unplug all)" ETIMEDOUT
nr=$(asked unplug 0)
say "the sample was asked $nr times"
check "the sample was asked at least once" [ "$nr" -ge 1 ]
check "the sample was asked at most 20 times" [ "$nr" -le 20 ]
requested_stays $BLOCK $BLOCK
no_deadline
was_asked()
{
	[ "$(asked unplug 0)" -ge "$1" ]
}
log_mark
printf all | write_errno $D/unplug >"$TMP/later" &
later=$!
check "without a deadline, unplug retries" until_true 600 was_asked 2
kill -TERM $later
wait $later
is "a signal ends the unplug" "$(cat "$TMP/later")" EINTR
log_mark
printf all | write_errno $D/unplug >"$TMP/later" &
later=$!
check "unplug retries several times" until_true 600 was_asked 4
answer unplug 0
wait $later
is "the unplug succeeds once the sample agrees" "$(cat "$TMP/later")" ok
requested_stays 0 0

# The sample refuses the odd block, so the worker backs off and tries again.
log_mark
is "two blocks are requested" "$(put_dev requested_size $((2 * BLOCK)))" ok
check "the second block is refused" \
	until_true 600 sh -c "grep -q 'odd-numbered blocks' $D/last_error"
if [ $BLOCK -ge $GiB ]; then
	# Blocks of 1 GiB are plugged one at a time: only the second one fails.
	requested_stays $BLOCK $((2 * BLOCK))
	is "size 0 is requested" "$(put_dev requested_size 0)" ok
	check "the worker unplugs the first block" until_true 600 plugged_is 0
else
	requested_stays 0 $((2 * BLOCK))
fi
# A call into the sample holds a reference to its module.
check "rmmod of the sample cancels the worker" \
	until_true 600 rmmod memdev-sample
is "the sample's device is gone" "$(ls $BUS/devices)" ""
is "the window is free" "$(cat $WINDOWS/window*/used)" 0

# --- a device that is plugged as a whole ------------------------------------

check "the sample loads with atomic=1" modprobe memdev-sample atomic=1
is "plug all" "$(put_dev plug all)" ok
answer unplug -11
is "a deadline is set" "$(put_dev unplug_timeout_ms 3000)" ok
log_mark
is "unplug times out if the sample always returns -EAGAIN" \
	"$(put_dev unplug all)" ETIMEDOUT
nr=$(log_since | grep -c "memdev0: unplug ")
say "the sample was asked $nr times"
check "the sample was asked at least once" [ "$nr" -ge 1 ]
check "the sample was asked at most 20 times" [ "$nr" -le 20 ]
requested_stays $((4 * BLOCK)) $((4 * BLOCK))
answer unplug 0
no_deadline
is "unplug all succeeds once the sample agrees" "$(put_dev unplug all)" ok
check "rmmod of the sample" rmmod memdev-sample
check "rmmod" rmmod memdev
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
check "the kernel logged no warning" log_quiet
finish
