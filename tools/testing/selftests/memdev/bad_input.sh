#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Every invalid write is refused with a suitable errno and a readable reason,
# and changes nothing.
#
# VM: mem=6G timeout=1800 append=memmap=2G$0x100000000 usual="6.1 7.3"
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.12
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

W=$WINDOWS/window0

# refuse_data FILE ERRNO,... NAME: the contents of $TMP/data are refused. A
# successful write clears last_error first, so that the reason is new. There are
# hundreds of calls, so each runs only one program.
refuse_data()
{
	local got='' more='' reason why='' plugged name file=$1 errnos=$2

	name=${file#"$BUS"/}
	name="${name#"$WINDOWS"/}: $3"
	name=${name#devices/}
	case $file in
	"$BUS"/devices/*)
		reason=${file%/*}/last_error
		read -r plugged <"${file%/*}/plugged_size"
		set -- "${file%/*}/requested_size" "$plugged"
		;;
	*)
		reason=$BUS/last_error
		set -- $BUS/new_device "size=$BLOCK id=probe" \
			$BUS/del_device probe
		;;
	esac
	write_diff "$TMP/before" "$file" "$@" <"$TMP/data" >"$TMP/tried"
	{ read -r got; read -r more; } <"$TMP/tried"
	IFS= read -r why <"$reason"
	case ,$errnos, in
	*",$got,"*)	;;
	*)	fail "$name is refused with $errnos" "got:  $got" \
			"last_error: $why"
		[ "$got" != ok ] || set_up
		return ;;
	esac
	if [ -n "$more" ]; then
		fail "$name changes nothing" "$(cat "$TMP/tried")"
		set_up
		return
	fi
	case $why in
	''|*[![:print:]]*)
		fail "$name is refused with one line of plain text" \
			"last_error: $why"
		return ;;
	esac
	pass "$name is refused with $got, and changes nothing"
}

# refuse FILE ERRNO,... TEXT [NAME]
refuse()
{
	printf '%s\n' "$3" >"$TMP/data"
	[ $# -gt 3 ] || set -- "$1" "$2" "$3" "\"$3\""
	refuse_data "$1" "$2" "$4"
}

# Input that no attribute accepts
refuse_junk()
{
	local errnos=${2:-EINVAL}

	refuse "$1" "$errnos" '' "an empty line"
	refuse "$1" "$errnos" ' ' "a blank"
	printf '\001\002\377\200\033[31m\n' >"$TMP/data"
	refuse_data "$1" "$errnos" "binary junk"
	printf '\0\0\0\0' >"$TMP/data"
	refuse_data "$1" "$errnos" "NUL bytes"
	head -c 4095 "$(command -v write_errno)" >"$TMP/data"
	refuse_data "$1" "$errnos" "4095 bytes of binary junk"
	head -c 4095 /dev/zero | tr '\0' A >"$TMP/data"
	refuse_data "$1" "$errnos" "4095 letters"
	head -c 4095 /dev/zero | tr '\0' 9 >"$TMP/data"
	refuse_data "$1" "$errnos,ERANGE" "4095 digits"
	head -c 4095 /dev/zero | tr '\0' ' ' >"$TMP/data"
	refuse_data "$1" "$errnos" "4095 blanks"
}

# Input that is not a valid size. A number, a NUL byte and junk look like a size
# to a parser that stops at the NUL. The last sizes exceed all memory.
refuse_sizes()
{
	local text large=${2:-EINVAL,ENOSPC,ERANGE}

	refuse_junk "$1"
	for text in -1 -$BLOCK 512Mx x512M 512MM 512M,512M '512M 512M' M 0x \
		    1e9 0.5G +-1 all,all 'all all' ALLx ${BLOCK}x; do
		refuse "$1" EINVAL "$text"
	done
	printf '%s\0%s\n' $BLOCK junk >"$TMP/data"
	refuse_data "$1" EINVAL "a size, a NUL byte and junk"
	for text in 18446744073709551616 0x10000000000000000 16E 17179869184G \
		    99999999999999999999999; do
		refuse "$1" EINVAL,ERANGE $text "$text (over 64 bits)"
	done
	refuse "$1" EINVAL $((BLOCK + 1)) "a block and a byte"
	refuse "$1" EINVAL $((BLOCK - 1)) "a block less a byte"
	refuse "$1" EINVAL $((BLOCK / 2)) "half a block"
	refuse "$1" EINVAL 1 "1"
	refuse "$1" "$large" 18446744073709551615 \
		"18446744073709551615 (2^64 - 1)"
	refuse "$1" "$large" 8E "8E (2^63)"
	refuse "$1" "$large" "$(printf '%u' $((-BLOCK)))" "2^64 less a block"
}

# Two devices: one of six blocks with two plugged, one of one block with none
# plugged. One block of the window stays free.
set_up()
{
	unload || die "rmmod failed"
	load "window=$spec" devices=0 || die "window=$spec was refused"
	is_ok "$BUS/new_device" "size=$((6 * BLOCK)) id=one"
	is_ok "$BUS/new_device" "size=$BLOCK kind=dimm id=two"
	is_ok "$D/plug" $((2 * BLOCK))
	memory_state >"$TMP/before"
}

is_ok()
{
	local got

	got=$(put "$1" "$2")
	[ "$got" = ok ] || die "$1: $2: $got"
}

need_reserved 16
start=$RESERVED
size=$((8 * BLOCK))
spec=$size@$(hex "$start")
dimm=$BUS/devices/memdev1
log_mark
set_up

# --- the device --------------------------------------------------------------

refuse_sizes $D/plug
refuse $D/plug EINVAL 0
refuse $D/plug ENOSPC $((5 * BLOCK)) "more than is free"
refuse $D/plug ENOSPC $((7 * BLOCK)) "more than the region"

refuse_sizes $D/unplug
refuse $D/unplug EINVAL 0
refuse $D/unplug EINVAL $((3 * BLOCK)) "more than is plugged"
refuse $D/unplug EINVAL $((7 * BLOCK)) "more than the region"

refuse_sizes $D/requested_size
refuse $D/requested_size EINVAL,ENOSPC,ERANGE $((7 * BLOCK)) \
	"more than the region"

refuse_junk $D/online_type
for text in 0 movable ONLINE online_movablex 'online offline' online_; do
	refuse $D/online_type EINVAL "$text"
done

refuse_junk $D/memmap_on_memory EINVAL,EBUSY
for text in 2 -1 maybe; do
	refuse $D/memmap_on_memory EINVAL,EBUSY $text
done
refuse $D/memmap_on_memory EBUSY 1 "1 while memory is plugged"

refuse_junk $D/unplug_timeout_ms
for text in -1 1s 0.5 18446744073709551616 '1 2'; do
	refuse $D/unplug_timeout_ms EINVAL,ERANGE "$text"
done

# A dimm is plugged as a whole or not at all.
refuse_junk $dimm/plug
refuse $dimm/plug EINVAL 0
refuse $dimm/plug EINVAL $((BLOCK / 2)) "half a block"
refuse $dimm/plug EINVAL,ENOSPC $((2 * BLOCK)) "more than the region"
refuse $dimm/unplug EINVAL $BLOCK "a block while nothing is plugged"
refuse $dimm/requested_size EINVAL $((BLOCK / 2)) "half a block"
refuse $dimm/requested_size EINVAL,ENOSPC,ERANGE $((2 * BLOCK)) \
	"more than the region"

# --- windows -----------------------------------------------------------------

refuse_sizes $BUS/new_window EINVAL,ERANGE,EBUSY
free=$((start + size))
refuse $BUS/new_window EINVAL 0
refuse $BUS/new_window EINVAL "0@$(hex $free)"
refuse $BUS/new_window EINVAL "$BLOCK@"
refuse $BUS/new_window EINVAL "@$(hex $free)"
refuse $BUS/new_window EINVAL "$BLOCK@$(hex $free)x"
refuse $BUS/new_window EINVAL "$BLOCK@$(hex $free)@$(hex $free)"
refuse $BUS/new_window EINVAL "$BLOCK@-1"
refuse $BUS/new_window EINVAL "$BLOCK:"
refuse $BUS/new_window EINVAL "$BLOCK:x"
refuse $BUS/new_window EINVAL "$BLOCK:-1"
refuse $BUS/new_window EINVAL "$BLOCK@$(hex $free):999"
refuse $BUS/new_window EINVAL,ERANGE "$BLOCK@$(hex $free):99999999999999999999"
refuse $BUS/new_window EINVAL "$BLOCK@$(hex $free):1023" "an impossible node"
refuse $BUS/new_window EINVAL "$BLOCK:1023" "an impossible node to carve from"
refuse $BUS/new_window EINVAL "$BLOCK@$(hex $free),$BLOCK@$(hex $((free + BLOCK)))" \
	"two windows in one write"
refuse $BUS/new_window EINVAL "$BLOCK@$(hex $((free + 4096)))" \
	"an unaligned start"
refuse $BUS/new_window EINVAL "$((BLOCK + 4096))@$(hex $free)" \
	"an unaligned size"
refuse $BUS/new_window EINVAL,ERANGE \
	"$((2 * BLOCK))@$(printf '0x%x' $((-BLOCK)))" "a range that wraps"
refuse $BUS/new_window EINVAL,ERANGE,ENXIO "$BLOCK@0x4000000000000000" \
	"an address beyond any CPU's address width"
refuse $BUS/new_window EBUSY "$spec" "a second window over the first"
refuse $BUS/new_window EBUSY "$BLOCK@$(hex $((free - BLOCK)))" \
	"a window that overlaps the end of the first"
refuse $BUS/new_window EBUSY "$((2 * BLOCK))@$(hex $((free - BLOCK)))" \
	"a window that half overlaps the first"
refuse $BUS/new_window EBUSY "$BLOCK@0x0" "memory that the kernel occupies"
refuse $BUS/new_window EINVAL,ERANGE,ENXIO,EBUSY 4P "more memory than can be carved"

refuse_junk $BUS/del_window EINVAL,ENODEV
for text in -1 window window9 9 memdev0 window0x 18446744073709551616 \
	    4294967296; do
	refuse $BUS/del_window EINVAL,ENODEV,ERANGE "$text"
done
refuse $BUS/del_window EBUSY window0 "a window that has devices"
refuse $BUS/del_window EBUSY 0 "the number of a window that has devices"

refuse_junk $W/limit
for text in -1 512Mx 18446744073709551616 0x; do
	refuse $W/limit EINVAL,ERANGE "$text"
done
refuse_junk $W/slots
for text in -1 3x 18446744073709551616 4294967296 65537; do
	refuse $W/slots EINVAL,ERANGE "$text"
done
refuse $W/limit EBUSY $((6 * BLOCK)) "less than the size of its devices"
refuse $W/slots EBUSY 0 "no slots while a device occupies one"

# --- devices -----------------------------------------------------------------

new=$BUS/new_device
refuse_junk $new
for text in 0 -1 512Mx x 18446744073709551616 0x M 16E ''; do
	refuse $new EINVAL,ERANGE "size=$text"
done
refuse $new EINVAL "$BLOCK"
refuse $new EINVAL "size"
refuse $new EINVAL "node=0" "a missing size"
refuse $new EINVAL "size=$BLOCK colour=red" "an unknown key"
refuse $new EINVAL "size=$BLOCK Size=$BLOCK" "a key in the wrong case"
refuse $new EINVAL "size=$BLOCK junk" "a word without a key"
refuse $new EINVAL "size=$BLOCK =1" "a missing key"
refuse $new EINVAL "size=$BLOCK size=$BLOCK" "a duplicate key"
refuse $new EINVAL "size=$BLOCK,node=0" "a comma"
refuse $new EINVAL "size=$((BLOCK - 1))" "an unaligned size"
refuse $new EINVAL "size=$((BLOCK / 2))" "half a block"
refuse $new ENOSPC "size=$((BLOCK + 1))" \
	"more than is free (checked before the alignment)"
refuse $new ENOSPC "size=$((2 * BLOCK))" "more than is free"
refuse $new ENOSPC "size=$((1 << 50))" "a petabyte"
for text in 999 1023 4096; do
	refuse $new EINVAL "size=$BLOCK node=$text" \
		"node=$text (an impossible node)"
done
for text in -2 x '' 18446744073709551616 4294967296; do
	refuse $new EINVAL,ERANGE "size=$BLOCK node=$text"
done
refuse $new EBUSY "size=$BLOCK addr=$(hex "$start")" "an overlapping address"
refuse $new EBUSY "size=$BLOCK addr=$(hex $((start + 6 * BLOCK)))" \
	"the address of another device"
refuse $new EINVAL "size=$BLOCK addr=$(hex $((free - BLOCK + 4096)))" \
	"an unaligned address"
refuse $new ERANGE "size=$BLOCK addr=$(hex $free)" "an address above the window"
refuse $new ERANGE "size=$BLOCK addr=$(hex $((start - BLOCK)))" \
	"an address below the window"
refuse $new ERANGE,EINVAL "size=$BLOCK addr=$(printf '0x%x' $((-BLOCK)))" \
	"an address at the end of the address space"
for text in x '' -1 18446744073709551616 0x; do
	refuse $new EINVAL,ERANGE "size=$BLOCK addr=$text"
done
for text in x '' -1 3 4097 $((BLOCK + 1)) 18446744073709551616; do
	refuse $new EINVAL,ERANGE "size=$BLOCK align=$text"
done
for text in 9 -1 x '' window9 4294967296; do
	refuse $new EINVAL,ENODEV,ERANGE "size=$BLOCK window=$text"
done
for text in x '' -2 4294967296 99999999; do
	refuse $new EINVAL,ERANGE "size=$BLOCK kind=dimm slot=$text"
done
refuse $new EBUSY "size=$BLOCK kind=dimm slot=$(cat $dimm/slot)" "a busy slot"
for text in x '' DIMM pc-dimm virtio; do
	refuse $new EINVAL "size=$BLOCK kind=$text"
done
refuse $new EINVAL "size=$BLOCK slot=0" "a slot of a kind that uses none"
refuse $new EINVAL "size=$BLOCK id=" "an empty id"
for text in all . .. - -x --json 7 memdev7 a/b; do
	refuse $new EINVAL "size=$BLOCK id=$text"
done
refuse $new EEXIST,EBUSY "size=$BLOCK id=one" "the id of another device"
head -c 4000 /dev/zero | tr '\0' a >"$TMP/long"
refuse $new EINVAL,ENAMETOOLONG "size=$BLOCK id=$(cat "$TMP/long")" \
	"an id of 4000 letters"

refuse_junk $BUS/del_device EINVAL,ENODEV
for text in -1 memdev memdev9 9 window0 memdev0x three \
	    18446744073709551616 4294967296; do
	refuse $BUS/del_device EINVAL,ENODEV,ERANGE "$text"
done
refuse $BUS/del_device EBUSY memdev0 "a device with memory plugged"
refuse $BUS/del_device EBUSY 0 "the number of a device with memory plugged"
refuse $BUS/del_device EBUSY one "the id of a device with memory plugged"

# --- read-only attributes ---------------------------------------------------

: >"$TMP/said"
for file in $D/size $D/plugged_size $D/address $D/state $D/last_error \
	    $D/retired_blocks $D/stats/plug_count $W/start $W/size $W/source \
	    $BUS/last_error; do
	got=$(put "$file" 1)
	one_of "$got" open:EACCES,open:EPERM,EACCES,EPERM,EIO >>"$TMP/said" ||
		echo "$file" >>"$TMP/said"
done
is "read-only attributes refuse writes" "$(cat "$TMP/said")" ""
is "refused writes changed no state" "$(memory_state | diff "$TMP/before" -)" ""
check "the kernel logged no warning" log_quiet
check "the module logged nothing at error level" [ -z "$(dmesg -x | after_mark |
	grep -E '^[^:]*: *(emerg|alert|crit|err) *: .*memdev')" ]
finish
