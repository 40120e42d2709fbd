#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# If the kernel runs short of memory for its own data, a plug is refused with a
# reason before it does harm. A plug that relieves a nearly full machine
# succeeds.
#
# VM: m512: mem=64G append="mem=512M memmap=60G$0x100000000" timeout=1800
# VM: m512: usual="6.1 7.3"
# VM: m512: qemu="-object memory-backend-ram,id=m,size=64G,reserve=off -machine memory-backend=m"
# VM: m768: mem=64G append="mem=768M memmap=60G$0x100000000" timeout=1800
# VM: m768: usual="6.12"
# VM: m768: qemu="-object memory-backend-ram,id=m,size=64G,reserve=off -machine memory-backend=m"
# VM: m1024: mem=64G append="mem=1G memmap=60G$0x100000000" timeout=1800
# VM: m1024: kernels=debug usual=none
# VM: m1024: qemu="-object memory-backend-ram,id=m,size=64G,reserve=off -machine memory-backend=m"
# VM: full: mem=4G append=memmap=1G$0x100000000 timeout=1800 alone=yes usual=6.1

. "$(dirname "$0")/lib.sh"

HOG=$TMP/hog
mkdir "$HOG"
mount -t tmpfs -o size=100% hog "$HOG" || skip_all "no tmpfs"

undo()
{
	[ -z "$BREATH" ] || kill "$BREATH" 2>/dev/null
	umount "$HOG" 2>/dev/null
}
BREATH=

available()
{
	echo $(($(meminfo MemAvailable) / 1024))
}

# kernel_free: free memory outside ZONE_MOVABLE in MiB
kernel_free()
{
	awk -v page="$(getconf PAGESIZE)" '/^Node/ { zone = $4 }
		/^ *pages free/ && zone != "Movable" { free += $3 }
		END { print int(free * page / 1024 / 1024) }' /proc/zoneinfo
}

# kernel_spare: the part of kernel_free above the min watermarks
kernel_spare()
{
	awk -v page="$(getconf PAGESIZE)" '/^Node/ { zone = $4 }
		zone == "Movable" || zone == "Device" { next }
		/^ *pages free/ { free = $3 }
		$1 == "min" { free -= $2 }
		$1 == "protection:" { free -= $4; if (free > 0) spare += free }
		END { print int(spare * page / 1024 / 1024) }' /proc/zoneinfo
}

# hog_start MIB: fill a tmpfs until only MIB are available
hog_start()
{
	mount -o "remount,size=$(meminfo MemTotal)k" "$HOG"
	dd if=/dev/zero of="$HOG/it" bs=1M count=$(($(available) - $1)) \
		2>"$TMP/dd" || { cat "$TMP/dd"; return 1; }
	say "$(available) MiB are available"
}

hog_stop()
{
	rm -f "$HOG/it"
}

# plug_until_refused BYTES: plug BYTES at a time; set REPLY, PLUGGED, and LEAST to
# the smallest kernel_spare after a plug
plug_until_refused()
{
	local spare

	PLUGGED=0 LEAST=$(kernel_spare)
	while [ $PLUGGED -lt $((60 * GiB)) ]; do
		REPLY=$(put_dev plug "$1")
		[ "$REPLY" = ok ] || break
		PLUGGED=$((PLUGGED + $1))
		spare=$(kernel_spare)
		[ "$LEAST" -le "$spare" ] || LEAST=$spare
	done
	say "plugged $((PLUGGED / MiB)) MiB, then $REPLY: $(get last_error)"
	say "$LEAST MiB or more were left above the min watermarks"
}

# refused NAME PATTERN: the last plug changed nothing and last_error matches
# PATTERN
refused()
{
	is "$1: plug fails with ENOMEM" "$REPLY" ENOMEM
	check "$1: last_error has memdev's own reason" \
		expr "$(get last_error)" : "$2"
	is "$1: the refused plug changes nothing" \
		"$(get plugged_size)" $PLUGGED
	check "$1: sysfs, /proc/iomem and lsmem agree" agree
	is "$1: the next plug is refused, too" \
		"$(put_dev plug 1G) $(get plugged_size)" "ENOMEM $PLUGGED"
	check "$1: last_error has the same reason" \
		expr "$(get last_error)" : "$2"
	check "$1: the kernel logged no warning" log_quiet
}

# all_comes_back NAME: memory can be unplugged and plugged again
all_comes_back()
{
	is "$1: all memory is unplugged" \
		"$(put_dev unplug all) $(get plugged_size)" "ok 0"
	is "$1: memory is plugged again" \
		"$(put_dev plug 512M) $(get plugged_size)" "ok $((512 * MiB))"
	is "$1: memory is unplugged again" \
		"$(put_dev unplug all) $(get plugged_size)" "ok 0"
	check "$1: the kernel logged no warning" log_quiet
}

# KASAN's shadow makes memory run short before the zone ratio is too large.
SHORT='not enough kernel memory.* plus a reserve of [^ ]*$'
RATIO=$(on_debug ".*times as large as the other zones\|$SHORT" ".*times as large as the other zones")

small_machine()
{
	reserved || skip_all "no reserved range"
	log_mark
	load "window=60G@$(hex "$RESERVED")" || die "the window was refused" "$(log_memdev)"
	no_deadline

	plug_until_refused "$GiB"
	check "some memory is plugged, but not all" \
		[ $((PLUGGED > 0 && PLUGGED < 60 * GiB)) = 1 ]
	refused "movable" "$RATIO"
	check "movable: user space can allocate the new memory" \
		fill_start $((512 * MiB))
	is "movable: no data is lost" "$(fill_ask check)" intact
	fill_stop
	is "movable: requested_size accepts the size of the device" \
		"$(put_dev requested_size 60G)" ok
	check "movable: a plug by the worker is refused, too" \
		until_true 300 grep -qE '^(ZONE_MOVABLE cannot grow|not enough kernel memory)' $D/last_error
	say "$(get plugged_size): $(get last_error)"
	check "movable: the worker keeps the plugged memory" \
		[ "$(get plugged_size)" -ge $PLUGGED ]
	say "$(kernel_free) MiB are free to the kernel"
	check "movable: the kernel has memory left" \
		[ "$(kernel_free)" -ge "$(on_debug 12 128)" ]
	all_comes_back "movable"

	is "online_type is set to offline" "$(put_dev online_type offline)" ok
	plug_until_refused "$GiB"
	refused "offline" ".*while blocks are offline"
	say "$(kernel_free) MiB are free to the kernel"
	check "offline: the kernel has memory left" [ "$(kernel_free)" -ge 48 ]
	all_comes_back "offline"
	is "online_type is set to online_movable" \
		"$(put_dev online_type online_movable)" ok

	check "a hog leaves 56 MiB available" hog_start 56
	plug_until_refused "$BLOCK"
	refused "hog" "$SHORT"
	# The pages that a plug reclaims must not end up in per-CPU lists, where
	# the kernel may fail to get them.
	check "hog: each plug leaves free memory" [ "$LEAST" -ge 13 ]
	hog_stop
	all_comes_back "hog"

	# A hog that allocates and frees 100 MiB again and again
	while :; do
		dd if=/dev/zero of="$HOG/breath" bs=1M count=100 2>/dev/null
		rm "$HOG/breath"
	done &
	BREATH=$!
	: >"$TMP/replies"
	for _ in 1 2 3 4 5 6; do
		put_dev plug 2G >>"$TMP/replies"
		put_dev unplug all >/dev/null
	done
	kill $BREATH
	wait $BREATH 2>/dev/null
	BREATH=
	rm -f "$HOG/breath"
	say "$(sort "$TMP/replies" | uniq -c | xargs)"
	check "beside the hog, plug succeeds or fails with ENOMEM" \
		awk '!/^(ok|ENOMEM)$/ { exit 1 }' "$TMP/replies"
	is "without the hog, plug succeeds" "$(put_dev plug 1G)" ok
	all_comes_back "a hog that comes and goes"
	finish
}

# full_machine: a machine with 3 GiB, of which 120 MiB are available, and a
# device of 1 GiB
full_machine()
{
	load_blocks 4
	is "a block is plugged and stays offline" \
		"$(put_dev online_type offline) $(put_dev plug $BLOCK)" "ok ok"
	is "online_type is set to online_movable" \
		"$(put_dev online_type online_movable)" ok
	fill_start $(($(meminfo MemAvailable) * 1024 - 120 * MiB)) ||
		die "cannot fill memory"
	say "$(available) MiB are available"
	is "with a block offline, plug of an online_movable block is refused" \
		"$(put_dev plug $BLOCK)" ENOMEM
	check "last_error names the memory kept for offline blocks" \
		expr "$(get last_error)" : '.*while blocks are offline'
	say "$(get last_error)"
	is "the block comes online" "$(put_each online_movable 0)" ok
	is "an online_movable block is plugged" \
		"$(put_dev plug $BLOCK) $(get online_blocks)" "ok 0-1"
	is "online_type is set to offline" "$(put_dev online_type offline)" ok
	is "a plug whose block would stay offline is refused" \
		"$(put_dev plug $BLOCK)" ENOMEM
	check "last_error names the memory kept for offline blocks" \
		expr "$(get last_error)" : '.*while blocks are offline'
	is "no data is lost" "$(fill_ask check)" intact
	fill_stop
	is "unplug all" "$(put_dev unplug all)" ok

	is "online_type is set to online_kernel" \
		"$(put_dev online_type online_kernel)" ok
	fill_start $(($(meminfo MemAvailable) * 1024 - 120 * MiB)) ||
		die "cannot fill memory"
	say "$(available) MiB are available"
	is "an online_kernel block is plugged" \
		"$(put_dev plug $BLOCK) $(get online_blocks)" "ok 0"
	is "another online_kernel block is plugged" \
		"$(put_dev plug $BLOCK) $(get online_blocks)" "ok 0-1"
	fill_stop
	check "the kernel logged no warning" log_quiet
	[ "$(put_dev unplug all)" != ok ] || finish
	# The kernel may have unmovable allocations in online_kernel blocks.
	say "kernel allocations prevent the unplug: $(get last_error)"
	undo
	end
}

if [ "$(meminfo MemTotal)" -lt $((1536 << 10)) ]; then
	small_machine
else
	full_machine
fi
