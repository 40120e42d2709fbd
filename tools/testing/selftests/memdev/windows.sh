#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Windows: where they can come from, and what is refused.
#
# On the machine "crash" the crash kernel keeps windows out of the lower half of
# memory, so the kernel itself must not lie in the upper one.
#
# VM: reserved: mem=6G timeout=1800 append=memmap=2G$0x100000000
# VM: reserved: usual="6.1 6.12"
# VM: leftout: mem=6G timeout=1800 append=mem=4G usual=7.3
# VM: soft: mem=6G timeout=1800 append=memmap=2G%0x100000000-1+0xefffffff kernels="6.12 7.3"
# VM: soft: append=memmap=512M!0x1c0000000 usual="6.12 7.3"
# VM: carved: mem=4G timeout=1800 usual="6.1 7.3"
# VM: crash: mem=4G timeout=1800 append="crashkernel=256M nokaslr" usual=6.1
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=6.12
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

W=$WINDOWS/window0

# refused ERRNO,... SPEC WHAT: new_window says no, why, and nothing changes
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

# What shows what memory there is. Memory that was carved and is back stays an
# entry of its own in /proc/iomem, see iomem, and MemTotal counts its memmap from
# then on: where windows are carved, neither is compared as it stands.
memory_shown()
{
	if [ "$source" = carved ]; then
		memory_state | grep -vE '^/proc/(iomem|meminfo): '
		iomem
	else
		memory_state
	fi
}

# What the module says of a window that is there
MADE='window[0-9]*: [0-9]*[MG], '

# not_loaded WHAT PARAMETER...: the module does not load, and says why
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
	# Not counting what went well before it.
	lines=$(log_memdev | grep -vc "$MADE")
	if [ "$lines" != 1 ]; then
		fail "$what: the module does not load and says why in one line" \
			"$err" "it said: $(log_memdev)"
	elif ! log_quiet >"$TMP/loud"; then
		fail "$what: the kernel logged no warning" "$(cat "$TMP/loud")"
	elif ! diff "$TMP/before" "$TMP/after" >"$TMP/diff"; then
		fail "$what: nothing changes" "$(cat "$TMP/diff")"
	elif ! total_is_back "$total" 1 >"$TMP/left"; then
		fail "$what: MemTotal is back" "$(cat "$TMP/left")"
	elif ! left_over >"$TMP/left"; then
		fail "$what: nothing is left of it" "$(cat "$TMP/left")"
	else
		pass "$what: the module does not load and says why in one line"
		say "$(log_memdev)"
	fi
}

# not_a_window WHAT WINDOWS: the last of them is refused, and is none for a moment
not_a_window()
{
	local asked made

	not_loaded "$1" "window=$2"
	asked=$(echo "$2" | tr , '\n' | wc -l)
	made=$(log_memdev | grep -c "$MADE")
	is "$1: of $asked there was $made" $((made < asked)) 1
}

# The first address behind all RAM that /proc/iomem knows.
end_of_ram()
{
	local range name end=0
	while read -r range _ name; do
		case $name in
		"System RAM"|Reserved|"Soft Reserved") ;;
		*)	continue ;;
		esac
		[ $((0x${range#*-})) -ge $end ] || continue
		# What firmware reserves at the end of the address space, for
		# HyperTransport, is no RAM.
		[ $((0x${range#*-})) -lt $((0xfd00000000)) ] || continue
		end=$((0x${range#*-} + 1))
	done </proc/iomem
	echo $(((end + BLOCK - 1) / BLOCK * BLOCK))
}

# What /proc/iomem has that is in nothing else: lines "START END NAME"
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

# A place for two blocks that no resource has, above what RAM a machine has that
# does not show all of it.
first_gap()
{
	local start end at=$((1 << 36))

	outermost >"$TMP/outermost"
	while read -r start end _; do
		[ "$start" -lt $((at + 2 * BLOCK)) ] || break
		[ "$end" -le $at ] || at=$(((end + BLOCK - 1) / BLOCK * BLOCK))
	done <"$TMP/outermost"
	# No CPU that runs these has fewer bits of an address.
	[ $((at + 2 * BLOCK)) -le $((1 << 40)) ] && hex $at
}

# Two blocks, SIZE@START, of which a part is reserved and the one before is nothing.
# CPUs with HyperTransport have some, at the end of 40 bits.
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

# first_of NAME: START of the first resource of that name that holds a block
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

# use_window: plug, unplug and plug again all of the one device on window0
use_window()
{
	local size

	is "memdev0 fills the window" "$(get size)" "$(cat $W/size)"
	size=$(get size)
	no_deadline
	is "plug all" "$(put_dev plug all)" ok
	is "all is plugged and online" "$(get plugged_size) $(get online_size)" \
		"$size $size"
	check "sysfs, /proc/iomem and lsmem agree" agree
	check "the memory can be used" use_memory
	is "del_window is refused while it has devices" \
		"$(put $BUS/del_window window0)" EBUSY
	is "del_device is refused while memory is plugged" \
		"$(put $BUS/del_device memdev0)" EBUSY
	is "unplug all" "$(put_dev unplug all)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "del_window is refused while it has a device" \
		"$(put $BUS/del_window window0)" EBUSY
	is "del_device" "$(put $BUS/del_device memdev0)" ok
	check "the device is gone" [ ! -e $D ]
	is "nothing of the window is used" "$(cat $W/used)" 0
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

# --- which machine is it -----------------------------------------------------------

end=$(end_of_ram)
source=reserved
left_out=$(sed -n 's/.*\<mem=\([0-9]*[KMG]\).*/\1/p' /proc/cmdline)
if reserved; then
	:
elif grep -q '0xefffffff' /proc/cmdline; then
	# 7.3 keeps them in a tree of their own: there the name does not say.
	source=$(grep -q 'Soft Reserved' /proc/iomem && echo soft-reserved)
	source=${source:-soft-reserved,reserved}
	RESERVED=$((0x100000000))
	RESERVED_SIZE=$((2 * GiB))
elif [ -n "$left_out" ]; then
	# RAM up to 2 GiB, then a hole up to 4 GiB, then the rest; mem= is an
	# address.
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

# --- named to modprobe ---------------------------------------------------------------

check "window=$spec" load "window=$spec"
[ -e $W ] || die "there is no window0" "$(log_memdev)"
check "its source" one_of "$(cat $W/source)" "$source"
say "source $(cat $W/source), start $(cat $W/start)"
is "its size" "$(cat $W/size)" $size
[ "$source" = carved ] ||
	is "its start" "$(cat $W/start)" "$(hex $RESERVED)"
is "limit is the size" "$(cat $W/limit)" $size
is "slots are as many as in the model" "$(cat $W/slots)" 256
is "all of it is used" "$(cat $W/used) $(cat $W/largest_free)" "$size 0"
use_window
check "rmmod" rmmod memdev
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""

# --- named later -----------------------------------------------------------------------

total=$(mem_total)
check "window=none" load window=none
is "no window is made" "$(ls -d $WINDOWS/window* $BUS/devices/* 2>/dev/null)" ""
is "MemTotal is untouched" "$(mem_total)" "$total"
is "new_window $spec" "$(put $BUS/new_window "$spec")" ok
is "last_error is empty" "$(cat $BUS/last_error)" ""
is "it has no device" "$(ls $BUS/devices)" ""
is "all of it is free" "$(cat $W/used) $(cat $W/largest_free)" "0 $size"
if [ "$size" -gt $BLOCK ]; then
	is "devices may have one block of it" "$(put $W/limit $BLOCK)" ok
	is "so it says" "$(cat $W/limit)" $BLOCK
	is "no device gets more" "$(put $BUS/new_device "size=$size")" ENOSPC
	is "all of it again" "$(put $W/limit $size)" ok
fi
is "dimms have no slots" "$(put $W/slots 0)" ok
is "so it says" "$(cat $W/slots)" 0
is "none is made" "$(put $BUS/new_device "size=$BLOCK kind=dimm")" ENOSPC
is "as many as in the model" "$(put $W/slots 256)" ok
is "new_device" "$(put $BUS/new_device "size=$size")" ok
use_window

# --- refused ----------------------------------------------------------------------------

is "new_window $spec once more" "$(put $BUS/new_window "$spec")" ok
start=$(($(cat $W/start)))
refused EBUSY "$size@$(hex $start)" "a second window over the first"
refused EBUSY "$BLOCK@$(hex $((start + size - BLOCK)))" "a window in the first"
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
# The end of RAM is known where nothing above it was left out.
if [ -z "$left_out" ]; then
	refused ENXIO,ERANGE,EBUSY "$BLOCK@$(hex "$end")" "an address behind all RAM"
	refused ENXIO,EBUSY,ERANGE "$((2 * BLOCK))@$(hex $((end - BLOCK)))" \
		"a range that RAM ends in"
else
	refused ENXIO,EBUSY "$BLOCK@$(hex $((RESERVED + RESERVED_SIZE + 4 * GiB)))" \
		"an address behind all RAM"
fi
refused ENXIO,ERANGE,EINVAL "$BLOCK@$(hex $((1 << 51)))" \
	"an address that memory cannot have"
refused EINVAL "$BLOCK@$(hex $((start + size + 4096)))" "an unaligned start"
refused EINVAL "$((BLOCK + 4096))@$(hex $((start + size)))" "an unaligned size"
refused EINVAL,ERANGE,EBUSY,ENXIO 1P "more than there is"
if [ "$source" != carved ]; then
	# Behind it, part of the range is still free.
	is "the rest of the range can be a window" \
		"$(put $BUS/new_window "$BLOCK@$(hex $((start + size)))")" ok
	is "del_window takes its number" "$(put $BUS/del_window 1)" ok
fi
is "del_window" "$(put $BUS/del_window 0)" ok
is "del_window of what is gone" "$(put $BUS/del_window 0)" ENODEV
check "rmmod" rmmod memdev
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""
check "the kernel logged no warning" log_quiet

# --- other parameters ---------------------------------------------------------------------

check "devices=2" load "window=$spec" devices=$((n > 1 ? 2 : 1))
if [ $n -gt 1 ]; then
	is "two equal devices fill the window" \
		"$(cat $BUS/devices/*/size | xargs)" "$((size / 2)) $((size / 2))"
	is "they have slots or none, and numbers of their own" \
		"$(cd $BUS/devices && echo *)" "memdev0 memdev1"
	put_dev plug all >/dev/null
	is "one is plugged, the other is not" \
		"$(cat $BUS/devices/*/plugged_size | xargs)" "$((size / 2)) 0"
	D=$BUS/devices/memdev1
	is "the other can be, too" "$(put_dev plug all)" ok
	check "sysfs, /proc/iomem and lsmem agree" agree
	D=$BUS/devices/memdev0
	check "of both" agree
fi
check "rmmod" unload

check "devices=0" load "window=$spec" devices=0
is "there is a window and no device" \
	"$(ls $BUS/devices) $(cd $WINDOWS && echo window*)" " window0"
check "rmmod" unload

check "kind=dimm" load "window=$spec" kind=dimm
is "the device is a dimm in slot 0" "$(get kind) $(get slot)" "dimm 0"
no_deadline
is "all of it is plugged" "$(put_dev plug all)" ok
is "all of it is plugged" "$(get plugged_size) $(get online_size)" "$size $size"
if [ $n -gt 1 ]; then
	is "a part of it is not unplugged" "$(put_dev unplug $BLOCK)" EINVAL
fi
check "sysfs, /proc/iomem and lsmem agree" agree
is "all of it is unplugged, by its size" "$(put_dev unplug $size)" ok
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" unload

check "online_type=offline" load "window=$spec" online_type=offline
is "plug" "$(put_dev plug $BLOCK)" ok
is "what is plugged stays offline" \
	"$(get plugged_size) $(get online_size)" "$BLOCK 0"
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" unload

at=$(first_of "System RAM") &&
	not_a_window "a window over System RAM in use" "$BLOCK@$at"
at=$(first_gap) &&
	not_a_window "a window where there is no RAM" "$BLOCK@$at"
at=$(half_reserved) &&
	not_a_window "a window that is reserved in part" "$at"
at=$(first_of "Persistent Memory (legacy)") &&
	not_a_window "a window of something else that nobody uses" "$BLOCK@$at"
if [ "$source" != carved ]; then
	not_a_window "two windows that overlap" \
		"$spec,$BLOCK@$(hex $((RESERVED + size - BLOCK)))"
	not_a_window "a second window that is no RAM" \
		"$spec,$BLOCK@$(hex $((1 << 45)))"
else
	not_a_window "a second window that cannot be carved" \
		"$BLOCK,$BLOCK@$(hex $((1 << 45)))"
fi
if reserved; then
	# The same everywhere, so once is enough.
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
	for value in x movable ''; do
		not_loaded "online_type=$value" "window=$spec" "online_type=$value"
	done
fi

# --- what is between the blocks that go --------------------------------------------

# two_at ADDRESS: the blocks from there on, and their states
two_at()
{
	local i

	for i in $(($1 / BLOCK)) $(($1 / BLOCK + 1)); do
		echo "$i $(cat $MEM/memory$i/state)"
	done
}

# offline_some: of four blocks of System RAM one, as far as they go; their numbers
offline_some()
{
	local dir nr

	for dir in "$MEM"/memory[0-9]*; do
		nr=${dir#"$MEM"/memory}
		[ $((nr % 4)) = 3 ] || continue
		# By itself it might try for ever
		[ "$(echo offline | timeout 10 write_errno "$dir/state")" = ok ] &&
			echo "$nr"
	done
}

# A window is there, of not more blocks than offline_some() leaves in a row
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
	# What is offline already is nobody's to take.
	some=$(offline_some)
	is "some blocks are offline" "${some:+yes}" yes
	check "the module loads with no parameter" load
	check "its window is as large as the blocks between them allow" \
		blocks_between
	check "rmmod" unload
	# shellcheck disable=SC2086 # words
	check "the others come online again" online_again $some

	check "a window of two blocks" load window=$((2 * BLOCK)) devices=0
	start=$(($(cat $W/start)))
	check "rmmod" rmmod memdev
	was=$(two_at $start)
	is "both are online again" "$(echo "$was" | grep -vc ' online')" 0
	if pin_start $start $((start + BLOCK)); then
		total=$(mem_total)
		check "the same while the lower one has a pinned page" \
			load window=$((2 * BLOCK)) devices=0
		check "the window lies below it" \
			[ $(($(cat $W/start) + 2 * BLOCK)) -le $start ]
		is "the upper one has come back" "$(two_at $start)" "$was"
		check "rmmod" rmmod memdev
		check "MemTotal is back" total_is_back "$total" 2
	else
		skip "a window is carved below a block that refuses" \
			"no page came to lie there"
	fi
	pin_stop
fi
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem.boot" -)" ""
finish
