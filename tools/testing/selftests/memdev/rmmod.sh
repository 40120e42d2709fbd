#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Plugged memory prevents rmmod, unbind and hibernation.
#
# VM: reserved: mem=4G timeout=1800 append=memmap=1G$0x100000000
# VM: carved: mem=4G timeout=1800 usual="6.1 6.12"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.1
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=4

# Call delete_module(2), as rmmod(8) checks first whether a module is in use.
delete_module()
{
	# shellcheck disable=SC2016 # perl's
	perl -e '$name = "memdev"; $rc = syscall(176, $name, 04000);
		$errno = $! + 0;
		print $rc == 0 ? "ok" :
			$errno == 11 || $errno == 16 ? "busy" : "errno $errno"'
}

# gone_at_the_end ATTRIBUTE TEXT: remove the module as soon as an unplug allows
# it
gone_at_the_end()
{
	local i

	for i in 1 2 3; do
		load "$window" || { echo "load failed"; return 1; }
		one_of "$(put_dev plug "$BLOCK")" ok || return 1
		put_dev "$1" "$2" >"$TMP/unplug" &
		until rmmod memdev 2>/dev/null; do
			:
		done
		wait $!
		one_of "$(cat "$TMP/unplug")" ok || return 1
	done
}

iomem >"$TMP/iomem"
log_mark
load_blocks $n
window=window=$(window_spec $n)
size=$(get size)
low=$(($(get address)))

# --- no unbind --------------------------------------------------------------

is "the bus has no drivers" "$(ls $BUS/drivers)" ""
is "there are no bind and unbind files" \
	"$(find $BUS/ $WINDOWS/ -name bind -o -name unbind)" ""
check "the device has no driver" [ ! -e $D/driver ]

# --- rmmod -------------------------------------------------------------------

is "plug all" "$(put_dev plug all)" ok
fill_start $((2 * BLOCK)) $low $((low + size)) || die "cannot fill memory"
say "$(fill_ask where) bytes of data on the device"
check "there is data on the device" [ "$(fill_ask where)" -gt 0 ]
check "the module is in use" [ "$(cat /sys/module/memdev/refcnt)" -gt 0 ]
check "rmmod is refused" sh -c '! rmmod memdev'
check "rmmod reports that the module is in use" \
	[ -n "$(rmmod memdev 2>&1 | grep -iE 'in use|busy')" ]
if command -v perl >/dev/null && [ "$(uname -m)" = x86_64 ]; then
	is "delete_module(2) fails as busy" "$(delete_module)" busy
else
	skip "delete_module(2) fails as busy" "needs perl on x86-64"
fi
check "modprobe -r is refused" sh -c '! modprobe -r memdev'
check "the module stays loaded" loaded
check "the device stays" [ -e $D ]
is "all blocks stay plugged and online" \
	"$(get plugged_size) $(get online_size)" "$size $size"
check "sysfs, /proc/iomem and lsmem agree" agree
is "no data is lost" "$(fill_ask check)" intact
fill_stop
fill_start $((2 * BLOCK)) $low $((low + size)) || die "cannot fill memory"
is "new allocations on the device work" "$(fill_ask check)" intact
fill_stop
is "one block is unplugged" "$(put_dev unplug $BLOCK)" ok
check "rmmod is refused while the rest is plugged" sh -c '! rmmod memdev'

# --- offline blocks are plugged, too ----------------------------------------

first=$(first_block)
for i in $(expand "$(get plugged_blocks)"); do
	is "user space offlines block $i" \
		"$(put "$MEM/memory$((first + i))/state" offline)" ok
done
is "no block is online" "$(get online_size)" 0
check "rmmod is refused while blocks are plugged and offline" \
	sh -c '! rmmod memdev'
is "unplug all" "$(put_dev unplug all)" ok
is "the module's refcount is 0" "$(cat /sys/module/memdev/refcnt)" 0

# --- hibernation -------------------------------------------------------------

if grep -qw disk /sys/power/state; then
	is "plug one block" "$(put_dev plug $BLOCK)" ok
	check "hibernation is refused while memory is plugged" \
		hibernation_refused
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug all" "$(put_dev unplug all)" ok
	if reserved; then
		skip "hibernation is refused while a window is carved" \
			"the window is not"
	else
		check "hibernation is refused while a window is carved" \
			hibernation_refused
	fi
else
	skip "hibernation is refused" "this kernel does not hibernate"
fi

# --- an open file ------------------------------------------------------------

exec 5<$D/plugged_size
is "del_device while an attribute is open" "$(put $BUS/del_device memdev0)" ok
check "reading the open attribute fails" sh -c '! cat <&5'
exec 5<&-
is "a new device is created" "$(put $BUS/new_device size=$BLOCK)" ok
check "rmmod" rmmod memdev

# --- rmmod right after an unplug --------------------------------------------

check "rmmod right after an unplug" gone_at_the_end unplug all
check "rmmod right after an unplug by the worker" \
	gone_at_the_end requested_size 0
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
check "the kernel logged no warning" log_quiet
finish
