#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The sources of windows, and windows that are refused.
#
# On machine "crash", the crash kernel's reservation keeps windows out of the
# lower half of memory, so the kernel image must not be in the upper half.
#
# VM: reserved: mem=6G timeout=1800 append=memmap=2G$0x100000000
# VM: reserved: usual=6.1
# VM: leftout: mem=6G timeout=1800 append=mem=4G usual=7.3
# VM: soft: mem=6G timeout=1800 append=memmap=2G%0x100000000-1+0xefffffff kernels="6.12 7.3"
# VM: soft: append=memmap=512M!0x1c0000000 usual="6.12 7.3"
# VM: carved: mem=4G timeout=1800 usual="6.1 7.3"
# VM: crash: mem=4G timeout=1800 append="crashkernel=256M nokaslr" usual=6.1
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.12
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

W=$WINDOWS/window0

# refused ERRNO,... SPEC NAME: new_window refuses SPEC with a reason, and
# changes nothing
refused()
{
	local got

	memory_state >"$TMP/shown"
	printf '%s\n' "$2" | write_diff "$TMP/shown" $BUS/new_window >"$TMP/tried"
	read -r got <"$TMP/tried"
	if ! one_of "$got" "$1" >/dev/null; then
		fail "$3 is refused with $1" "got: $got" "$(cat $BUS/last_error)"
		put $BUS/del_window window1 >/dev/null
	elif [ "$(wc -l <"$TMP/tried")" != 1 ]; then
		fail "$3 is refused and nothing changes" "$(cat "$TMP/tried")"
	elif [ "$(wc -w <$BUS/last_error)" -lt 3 ]; then
		fail "$3 is refused with a reason" "$(cat $BUS/last_error)"
	else
		pass "$3 is refused with $got and a reason"
		say "$(cat $BUS/last_error)"
	fi
}

# memory_shown: the files that show memory. Memory that was carved and returned
# is a separate entry in /proc/iomem, and MemTotal includes its memmap: if
# windows are carved, merge entries and ignore MemTotal.
memory_shown()
{
	if [ "$source" = carved ]; then
		memory_state | grep -vE '^/proc/(iomem|meminfo): '
		iomem
	else
		memory_state
	fi
}

# The module's message about a new window
MADE='window[0-9]*: [0-9]*[MG], '

# not_loaded NAME PARAMETER...: the module does not load and logs the reason
not_loaded()
{
	local what=$1 err lines total
	shift

	total=$(mem_total)
	memory_shown >"$TMP/before" 2>/dev/null
	log_mark
	if load "$@" 2>"$TMP/err"; then
		fail "$what: the module does not load" "modprobe memdev $* worked"
		unload
		return
	fi
	memory_shown >"$TMP/after" 2>/dev/null
	err=$(cat "$TMP/err")
	# Do not count messages about windows created before the failure.
	lines=$(log_memdev | grep -vc "$MADE")
	if [ "$lines" != 1 ]; then
		fail "$what: the module does not load and logs one line" \
			"$err" "it said: $(log_memdev)"
	elif ! log_quiet >"$TMP/loud"; then
		fail "$what: the kernel logged no warning" "$(cat "$TMP/loud")"
	elif ! diff "$TMP/before" "$TMP/after" >"$TMP/diff"; then
		fail "$what: nothing changes" "$(cat "$TMP/diff")"
	elif ! total_is_back "$total" 1 >"$TMP/left"; then
		fail "$what: MemTotal is back" "$(cat "$TMP/left")"
	elif ! left_over >"$TMP/left"; then
		fail "$what: the load leaves nothing behind" \
			"$(cat "$TMP/left")"
	else
		pass "$what: the module does not load and logs one line"
		say "$(log_memdev)"
	fi
}

# not_a_window NAME WINDOWS: the last window is refused before it is created
not_a_window()
{
	local asked made

	not_loaded "$1" "window=$2"
	asked=$(echo "$2" | tr , '\n' | wc -l)
	made=$(log_memdev | grep -c "$MADE")
	is "$1: $made of $asked windows were created" $((made < asked)) 1
}

# The first address above all RAM in /proc/iomem
end_of_ram()
{
	local range name end=0
	while read -r range _ name; do
		case $name in
		"System RAM"|Reserved|"Soft Reserved") ;;
		*)	continue ;;
		esac
		[ $((0x${range#*-})) -ge $end ] || continue
		# At the end of the address space, firmware reserves a range
		# for HyperTransport that is not RAM.
		[ $((0x${range#*-})) -lt $((0xfd00000000)) ] || continue
		end=$((0x${range#*-} + 1))
	done </proc/iomem
	echo $(((end + BLOCK - 1) / BLOCK * BLOCK))
}

# Top-level resources in /proc/iomem, as lines "START END NAME"
outermost()
{
	local line range

	while IFS= read -r line; do
		case $line in
		" "*)	continue ;;
		esac
		range=${line%% *}
		echo $((0x${range%-*})) $((0x${range#*-} + 1)) "${line#* : }"
	done </proc/iomem
}

# Address of two blocks without a resource, above any RAM that mem= may hide
first_gap()
{
	local start end at=$((1 << 36))

	outermost >"$TMP/outermost"
	while read -r start end _; do
		[ "$start" -lt $((at + 2 * BLOCK)) ] || break
		[ "$end" -le $at ] || at=$(((end + BLOCK - 1) / BLOCK * BLOCK))
	done <"$TMP/outermost"
	# All CPUs that can run this test have at least 40 address bits.
	[ $((at + 2 * BLOCK)) -le $((1 << 40)) ] && hex $at
}

# SIZE@START of two blocks: the first has no resource, and the second is partly
# reserved, as on CPUs with HyperTransport at the end of the 40-bit range
half_reserved()
{
	local start end name at free=0

	outermost >"$TMP/outermost"
	while read -r start end name; do
		at=$(((start - 1) / BLOCK * BLOCK))
		if [ "$name" = Reserved ] && [ $at -ge "$free" ] && [ $at -gt 0 ]; then
			echo "$((2 * BLOCK))@$(hex $at)"
			return
		fi
		free=$end
	done <"$TMP/outermost"
	return 1
}

# first_of NAME: start of the first resource NAME that contains a block
first_of()
{
	local range name start end

	while IFS=' ' read -r range _ name; do
		case $name in
		"$1"*)	;;
		*)	continue ;;
		esac
		start=$(((0x${range%-*} + BLOCK - 1) / BLOCK * BLOCK))
		end=$(((0x${range#*-} + 1) / BLOCK * BLOCK))
		[ $end -gt $start ] || continue
		hex $start
		return
	done </proc/iomem
	return 1
}

# use_window: plug and unplug all of memdev0, then delete it and window0
use_window()
{
	local size

	is "memdev0 fills the window" "$(get size)" "$(cat $W/size)"
	size=$(get size)
	no_deadline
	is "plug all" "$(put_dev plug all)" ok
	is "all blocks are plugged and online" \
		"$(get plugged_size) $(get online_size)" "$size $size"
	check "sysfs, /proc/iomem and lsmem agree" agree
	check "user space can use the memory" use_memory
	is "del_window of a window with a plugged device is refused" \
		"$(put $BUS/del_window window0)" EBUSY
	is "del_device of a plugged device is refused" \
		"$(put $BUS/del_device memdev0)" EBUSY
	is "unplug all" "$(put_dev unplug all)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "del_window of a window with a device is refused" \
		"$(put $BUS/del_window window0)" EBUSY
	is "del_device" "$(put $BUS/del_device memdev0)" ok
	check "the device is gone" [ ! -e $D ]
	is "no part of window0 is used" "$(cat $W/used)" 0
	is "del_window" "$(put $BUS/del_window window0)" ok
	check "the window is gone" [ ! -e $W ]
}

use_memory()
{
	local rc=1

	fill_start $((BLOCK + BLOCK / 2)) $(($(get address))) \
		$(($(get address) + $(get size))) || return 1
	say "$(fill_ask where) bytes on the device"
	[ "$(fill_ask check)" = intact ] &&
		[ "$(fill_ask where)" -ge "$BLOCK" ] && rc=0
	fill_stop
	return "$rc"
}

iomem >"$TMP/iomem.boot"
log_mark

# --- the kind of machine ----------------------------------------------------

end=$(end_of_ram)
source=reserved
left_out=$(sed -n 's/.*\<mem=\([0-9]*[KMG]\).*/\1/p' /proc/cmdline)
if reserved; then
	:
elif grep -q '0xefffffff' /proc/cmdline; then
	# 7.3 keeps soft-reserved ranges in a tree of their own, so /proc/iomem
	# does not show them.
	source=$(grep -q 'Soft Reserved' /proc/iomem && echo soft-reserved)
	source=${source:-soft-reserved,reserved}
	RESERVED=$((0x100000000))
	RESERVED_SIZE=$((2 * GiB))
elif [ -n "$left_out" ]; then
	# There is RAM up to 2 GiB, a hole up to 4 GiB, and RAM above; mem=
	# sets an end address, not a size.
	RESERVED=$((0x100000000))
	RESERVED_SIZE=$((2 * GiB))
else
	source=carved
fi
say "$source: end of RAM $(hex "$end")"

if [ "$source" != carved ]; then
	n=4
	[ $((n * BLOCK)) -le $RESERVED_SIZE ] || skip_all "the range is too small"
	size=$((n * BLOCK))
	spec=$size@$(hex $RESERVED)
else
	n=$((512 * MiB / BLOCK))
	[ $n -gt 0 ] || n=1
	size=$((n * BLOCK))
	spec=$size
fi

# --- windows from the module parameter --------------------------------------

check "the module loads with window=$spec" load "window=$spec"
[ -e $W ] || die "window0 is missing" "$(log_memdev)"
check "source is $source" one_of "$(cat $W/source)" "$source"
say "source $(cat $W/source), start $(cat $W/start)"
is "size is $size" "$(cat $W/size)" $size
[ "$source" = carved ] ||
	is "start is $(hex $RESERVED)" "$(cat $W/start)" "$(hex $RESERVED)"
is "the default limit is the size" "$(cat $W/limit)" $size
is "the default number of slots is QEMU's" "$(cat $W/slots)" 256
is "the whole window is used" "$(cat $W/used) $(cat $W/largest_free)" "$size 0"
use_window
check "rmmod" rmmod memdev
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""

# --- windows from new_window ------------------------------------------------

total=$(mem_total)
check "the module loads with window=none" load window=none
is "there is no window" \
	"$(ls -d $WINDOWS/window* $BUS/devices/* 2>/dev/null)" ""
is "MemTotal is unchanged" "$(mem_total)" "$total"
is "new_window $spec" "$(put $BUS/new_window "$spec")" ok
is "last_error is empty" "$(cat $BUS/last_error)" ""
is "the window has no device" "$(ls $BUS/devices)" ""
is "the whole window is free" "$(cat $W/used) $(cat $W/largest_free)" "0 $size"
if [ "$size" -gt $BLOCK ]; then
	is "limit accepts one block" "$(put $W/limit $BLOCK)" ok
	is "limit reads back as one block" "$(cat $W/limit)" $BLOCK
	is "a device beyond the limit is refused" \
		"$(put $BUS/new_device "size=$size")" ENOSPC
	is "limit accepts the size" "$(put $W/limit $size)" ok
fi
is "slots accepts 0" "$(put $W/slots 0)" ok
is "slots reads back as 0" "$(cat $W/slots)" 0
is "a dimm without a free slot is refused" \
	"$(put $BUS/new_device "size=$BLOCK kind=dimm")" ENOSPC
is "slots accepts 256" "$(put $W/slots 256)" ok
is "new_device" "$(put $BUS/new_device "size=$size")" ok
use_window

# --- windows that are refused -----------------------------------------------

is "new_window $spec" "$(put $BUS/new_window "$spec")" ok
start=$(($(cat $W/start)))
refused EBUSY "$size@$(hex $start)" "a second window over the first"
refused EBUSY "$BLOCK@$(hex $((start + size - BLOCK)))" "a window inside the first"
at=$(first_of "System RAM") &&
	refused EBUSY "$BLOCK@$at" "System RAM in use"
at=$(first_of "PCI Bus 0000:00")
if [ -n "$at" ]; then
	refused ENXIO,EBUSY "$BLOCK@$at" "a PCI window"
else
	skip "a PCI window is refused" "no PCI window is as large as a block"
fi
at=$(((0xe0000000 + BLOCK - 1) / BLOCK * BLOCK))
if [ $BLOCK -le $((256 * MiB)) ]; then
	refused ENXIO,EBUSY "$BLOCK@$(hex $at)" "the hole below 4 GiB"
fi
# mem= hides RAM above the end.
if [ -z "$left_out" ]; then
	refused ENXIO,ERANGE,EBUSY "$BLOCK@$(hex "$end")" "an address above all RAM"
	refused ENXIO,EBUSY,ERANGE "$((2 * BLOCK))@$(hex $((end - BLOCK)))" \
		"a range in which RAM ends"
else
	refused ENXIO,EBUSY "$BLOCK@$(hex $((RESERVED + RESERVED_SIZE + 4 * GiB)))" \
		"an address above all RAM"
fi
refused ENXIO,ERANGE,EINVAL "$BLOCK@$(hex $((1 << 51)))" "an impossible address"
refused EINVAL "$BLOCK@$(hex $((start + size + 4096)))" "an unaligned start"
refused EINVAL "$((BLOCK + 4096))@$(hex $((start + size)))" "an unaligned size"
refused EINVAL,ERANGE,EBUSY,ENXIO 1P "more memory than there is"
if [ "$source" != carved ]; then
	# The rest of the range is free.
	is "the rest of the range becomes a window" \
		"$(put $BUS/new_window "$BLOCK@$(hex $((start + size)))")" ok
	is "del_window accepts a window number" "$(put $BUS/del_window 1)" ok
fi
is "del_window" "$(put $BUS/del_window 0)" ok
is "del_window of a deleted window is refused" "$(put $BUS/del_window 0)" ENODEV
check "rmmod" rmmod memdev
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""
check "the kernel logged no warning" log_quiet

# --- other parameters --------------------------------------------------------

check "the module loads with devices=2" \
	load "window=$spec" devices=$((n > 1 ? 2 : 1))
if [ $n -gt 1 ]; then
	is "two devices of equal size fill the window" \
		"$(cat $BUS/devices/*/size | xargs)" "$((size / 2)) $((size / 2))"
	is "the devices are memdev0 and memdev1" \
		"$(cd $BUS/devices && echo *)" "memdev0 memdev1"
	put_dev plug all >/dev/null
	is "memdev0 is plugged, and memdev1 is not" \
		"$(cat $BUS/devices/*/plugged_size | xargs)" "$((size / 2)) 0"
	D=$BUS/devices/memdev1
	is "memdev1 can be plugged" "$(put_dev plug all)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	D=$BUS/devices/memdev0
	check "sysfs, /proc/iomem and lsmem agree on memdev0, too" agree
fi
check "rmmod" unload

check "the module loads with devices=0" load "window=$spec" devices=0
is "there is a window without a device" \
	"$(ls $BUS/devices) $(cd $WINDOWS && echo window*)" " window0"
check "rmmod" unload

check "the module loads with kind=dimm" load "window=$spec" kind=dimm
is "the device is a dimm in slot 0" "$(get kind) $(get slot)" "dimm 0"
no_deadline
is "plug all" "$(put_dev plug all)" ok
is "all blocks are plugged and online" \
	"$(get plugged_size) $(get online_size)" "$size $size"
if [ $n -gt 1 ]; then
	is "unplug of a part of the dimm is refused" \
		"$(put_dev unplug $BLOCK)" EINVAL
fi
check "sysfs, /proc/iomem and lsmem agree" agree
is "unplug of the dimm by its size" "$(put_dev unplug $size)" ok
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" unload

check "the module loads with online_type=offline" \
	load "window=$spec" online_type=offline
is "plug one block" "$(put_dev plug $BLOCK)" ok
is "the block stays offline" "$(get plugged_size) $(get online_size)" "$BLOCK 0"
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" unload

at=$(first_of "System RAM") &&
	not_a_window "a window over System RAM in use" "$BLOCK@$at"
at=$(first_gap) &&
	not_a_window "a window without RAM" "$BLOCK@$at"
at=$(half_reserved) &&
	not_a_window "a partly reserved window" "$at"
at=$(first_of "Persistent Memory (legacy)") &&
	not_a_window "an unused resource other than RAM" "$BLOCK@$at"
if [ "$source" != carved ]; then
	not_a_window "two windows that overlap" \
		"$spec,$BLOCK@$(hex $((RESERVED + size - BLOCK)))"
	not_a_window "a second window without RAM" \
		"$spec,$BLOCK@$(hex $((1 << 45)))"
else
	not_a_window "a second window that cannot be carved" \
		"$BLOCK,$BLOCK@$(hex $((1 << 45)))"
fi
if reserved; then
	# Parsing does not depend on the machine: check it on one kind only.
	for value in x 0 -1 512Mx 18446744073709551616 512M@ @0x100000000 \
		     512M@0x100000000x 512M: 512M:x 512M:999 "," "512M,,512M" 1 4097 \
		     "none,512M" "512M@0x1" 4P; do
		not_loaded "window=$value" "window=$value"
	done
	for value in -1 x 4294967296 1000000; do
		not_loaded "devices=$value" "window=$spec" "devices=$value"
	done
	for value in x DIMM ''; do
		not_loaded "kind=$value" "window=$spec" "kind=$value"
	done
	is "a refused kind= names the kinds" "$(log_memdev |
		grep -c ": unknown kind '', not one of dimm, virtio-mem\$")" 1
	for value in x movable ''; do
		not_loaded "online_type=$value" "window=$spec" "online_type=$value"
	done
	is "a refused online_type= names the types" \
		"$(log_memdev | grep -c ", not one of online_movable, ")" 1
fi

# --- carving around blocks --------------------------------------------------

# two_at ADDRESS: number and state of two blocks
two_at()
{
	local i

	for i in $(($1 / BLOCK)) $(($1 / BLOCK + 1)); do
		echo "$i $(cat $MEM/memory$i/state)"
	done
}

# offline_some: offline every fourth block if possible; print the offlined ones
offline_some()
{
	local dir nr

	for dir in "$MEM"/memory[0-9]*; do
		nr=${dir#"$MEM"/memory}
		[ $((nr % 4)) = 3 ] || continue
		# Without a timeout, offlining may retry forever.
		[ "$(echo offline | timeout 10 write_errno "$dir/state")" = ok ] &&
			echo "$nr"
	done
}

# blocks_between: window0 is not larger than the consecutive blocks that
# offline_some() leaves online
blocks_between()
{
	local size

	size=$(cat "$W/size") || return
	say "window0: $size bytes at $(cat "$W/start")"
	[ $((size / BLOCK)) -le 3 ]
}

online_again()
{
	local nr

	for nr; do
		one_of "$(put "$MEM/memory$nr/state" online)" ok || return 1
	done
}

if [ "$source" = carved ]; then
	# Offline blocks are not carved.
	some=$(offline_some)
	is "some blocks go offline" "${some:+yes}" yes
	check "the module loads without parameters" load
	check "the window fits between the offline blocks" blocks_between
	check "rmmod" unload
	# shellcheck disable=SC2086 # words
	check "the offline blocks come online" online_again $some

	check "a window of two blocks is carved" \
		load window=$((2 * BLOCK)) devices=0
	start=$(($(cat $W/start)))
	check "rmmod" rmmod memdev
	was=$(two_at $start)
	is "both blocks are online again" \
		"$(echo "$was" | grep -vc ' online')" 0
	if pin_start $start $((start + BLOCK)); then
		total=$(mem_total)
		check "another window is carved while the lower block is pinned" \
			load window=$((2 * BLOCK)) devices=0
		check "the new window is below the pinned block" \
			[ $(($(cat $W/start) + 2 * BLOCK)) -le $start ]
		is "the upper block is returned to the kernel" \
			"$(two_at $start)" "$was"
		check "rmmod" rmmod memdev
		check "MemTotal is back" total_is_back "$total" 2
	else
		skip "a window is carved below a pinned block" \
			"no page could be pinned"
	fi
	pin_stop
fi
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""
finish
