#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Load, plug, unplug and remove the module on a machine without boot options
#
# VM: mem=4G timeout=1800 usual="6.1 6.12 7.3"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.1
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

plug=$((512 * MiB))
[ $plug -ge $BLOCK ] || plug=$BLOCK

# A large block is unlikely to be free of unmovable pages, so a machine with
# large blocks has a reserved range: use it.
source=carved
set --
if reserved; then
	source=reserved
	set -- "window=$(window_spec 1)"
fi

# modes DIR MODE NAME...: print the files whose mode is not MODE
modes()
{
	local dir=$1 mode=$2
	shift 2

	(cd "$dir" && stat -c '%a %n' "$@" 2>&1) | grep -v "^$mode "
}

# indent NAME: nesting level of a line in /proc/iomem
indent()
{
	sed -n "s/^\( *\)[0-9a-f]*-[0-9a-f]* : $1\$/\1./p" /proc/iomem |
		head -n 1 | wc -c
}

iomem >"$TMP/iomem.boot"
total_boot=$(mem_total)
log_mark

check "modprobe memdev needs no parameters" load
if [ $source = reserved ]; then
	[ -e $D ] || is "the log has the reason in one line" \
		"$(log_memdev | grep -c 'no window')" 1
	check "rmmod" rmmod memdev
	is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""
	total_boot=$(mem_total)
	check "modprobe memdev $*" load "$@"
fi
[ -e $D ] || die "$D is missing" "$(log_memdev)"
pass "modprobe creates memdev0"
size=$(get size)
base=$(mem_total)
say "$source: $size of $total_boot bytes, blocks of $BLOCK"

is "there is one window and one device" \
	"$(cd $WINDOWS && echo window*) $(cd $BUS/devices && echo *)" \
	"window0 memdev0"
is "the window is $source" "$(cat $WINDOWS/window0/source)" $source
is "the device is as large as the window" "$size" "$(cat $WINDOWS/window0/size)"
is "the window is at most 1 GiB, or one block" \
	"$([ "$size" -le $GiB ] || [ "$size" = $BLOCK ] && echo small)" small

# --- attributes --------------------------------------------------------------

is "memdev0's attributes have the right modes" "$(
	modes $D 200 plug unplug
	modes $D 400 address
	modes $D 444 size plugged_size online_size align block_size node kind \
		slot id state plugged_blocks online_blocks retired_blocks \
		last_error stats/plug_count stats/plug_bytes \
		stats/plug_failures stats/plug_time_ms stats/unplug_count \
		stats/unplug_bytes stats/unplug_failures stats/unplug_time_ms
	modes $D 644 requested_size online_type memmap_on_memory \
		unplug_timeout_ms)" ""
is "window0's attributes have the right modes" "$(
	modes $WINDOWS/window0 400 start
	modes $WINDOWS/window0 444 size node source used largest_free
	modes $WINDOWS/window0 644 limit slots)" ""
# The last_error of the bus contains addresses.
is "the bus attributes have the right modes" "$(
	modes $BUS 200 new_window del_window new_device del_device
	modes $BUS 400 last_error)" ""
is "every readable attribute can be read" "$(find $D/ $WINDOWS/ -type f \
	-perm -400 ! -path '*/power/*' -exec cat {} + 2>&1 >/dev/null)" ""

is "block_size is the kernel's memory block size" "$(get block_size)" $BLOCK
is "the default kind is virtio-mem" "$(get kind)" virtio-mem
is "the default online_type is online_movable" \
	"$(get online_type)" online_movable
is "the default unplug_timeout_ms is 30000" "$(get unplug_timeout_ms)" 30000
no_deadline
is "no block is plugged by default" \
	"$(get plugged_size) $(get online_size) $(get state)" "0 0 unplugged"
check "address is in hex" expr "$(get address)" : "0x[0-9a-f]*\$"
is "the device starts where the window starts" \
	"$(get address)" "$(cat $WINDOWS/window0/start)"

# --- plug --------------------------------------------------------------------

reply=$(put_dev plug $plug)
total=$(mem_total)
is "plug $plug" "$reply" ok
want=$plug
[ "$(get memmap_on_memory)" = 0 ] || want=$((plug - plug / 64))
is "MemTotal grows immediately by the plugged size, less any memmap on it" \
	$((total - base)) $want
is "plugged_size is $plug" "$(get plugged_size)" $plug
is "online_size is $plug" "$(get online_size)" $plug
is "requested_size is $plug" "$(get requested_size)" $plug
low=$(($(get address)))
lsmem -a -b -n --summary=never -o RANGE,SIZE,STATE,ZONES >"$TMP/lsmem"
found=0
while read -r range bytes state zones; do
	[ $((${range%-*})) -ge $low ] || continue
	[ $((${range%-*})) -lt $((low + size)) ] || continue
	[ "$bytes $state $zones" = "$BLOCK online Movable" ] || continue
	found=$((found + 1))
done <"$TMP/lsmem"
is "lsmem shows the blocks online in ZONE_MOVABLE" $((found * BLOCK)) $plug
check "sysfs, /proc/iomem and lsmem agree" agree
is "/proc/iomem nests the memory in the device and the device in the window" \
	"$(($(indent memdev0) - $(indent 'memdev window0'))) $(($(
	indent 'System RAM (memdev)') - $(indent memdev0)))" "2 2"

# --- unplug ------------------------------------------------------------------

is "unplug $plug" "$(put_dev unplug $plug)" ok
is "MemTotal is back" "$(mem_total)" "$base"
check "sysfs, /proc/iomem and lsmem agree" agree
is "plug all" "$(put_dev plug all)" ok
is "the whole region is plugged" "$(get plugged_size) $(get state)" \
	"$size plugged"
is "unplug all" "$(put_dev unplug all)" ok
is "no block is plugged" "$(get plugged_size) $(get state)" "0 unplugged"
is "the statistics count all operations" \
	"$(get stats/plug_count) $(get stats/plug_bytes) $(get stats/plug_failures) $(
	get stats/unplug_count) $(get stats/unplug_bytes) $(get stats/unplug_failures)" \
	"2 $((plug + size)) 0 2 $((plug + size)) 0"

# --- rmmod -------------------------------------------------------------------

check "rmmod" rmmod memdev
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""
total_first=$(mem_total)
check "MemTotal is back, except for the memmap of carved blocks" \
	total_is_back "$total_boot" $((size / BLOCK))

# --- a second round ---------------------------------------------------------

carved=$(nr_carved)
check "modprobe again" load "$@"
is "plug again" "$(put_dev plug $plug)" ok
is "unplug again" "$(put_dev unplug all)" ok
check "rmmod again" rmmod memdev
check "MemTotal is back, except for the memmap of carved blocks" \
	total_is_back "$total_first" $(($(nr_carved) - carved))
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""
check "the kernel logged no warning" log_quiet
finish
