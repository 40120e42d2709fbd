#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Unplug with huge pages: a block with any part of a huge page is in use, free
# blocks are unplugged first, pages migrate if they can, and other devices do
# not wait for long.
#
# VM: mem=9G timeout=1800 append=memmap=3G$0x180000000 usual=6.1

. "$(dirname "$0")/lib.sh"

HUGE=/sys/kernel/mm/hugepages
G1=$HUGE/hugepages-1048576kB/nr_hugepages
M2=$HUGE/hugepages-2048kB/nr_hugepages

need memhuge
[ $BLOCK -lt $GiB ] || skip_all "a huge page is not larger than a memory block"

# huge_start ARGUMENT...: run memhuge and set HUGE_AT
huge_start()
{
	hold_start "has " memhuge "$@" && HUGE_AT=${HELD#has }
}

# huge_stop: end memhuge and set HUGE_SAID
huge_stop()
{
	HUGE_SAID=gone
	[ -n "$HOLD_PID" ] || return 0
	exec 8>&-
	read -r HUGE_SAID <&9
	hold_stop
}

undo()
{
	huge_stop
	echo 0 >$M2
	[ ! -e $G1 ] || echo 0 >$G1
}

# others_take NR: plug and unplug a block of the other device NR times, and set
# OTHERS to the median time in ms. The driver's statistics exclude stalls
# outside of the operations.
others_take()
{
	local other=$BUS/devices/memdev1 i=0 was

	: >"$TMP/took"
	while [ $i -lt "$1" ]; do
		for op in plug unplug; do
			was=$(cat $other/stats/${op}_time_ms)
			timeout -s INT 300 write_errno $other/$op <"$TMP/block" >>"$TMP/said"
			echo $(($(cat $other/stats/${op}_time_ms) - was)) >>"$TMP/took"
		done
		i=$((i + 1))
	done
	OTHERS=$(sort -n "$TMP/took" | sed -n "$1p")
	say "ms of the other device: $(sort -n "$TMP/took" | xargs)"
	check "all $(($1 * 2)) operations of the other device succeed" \
		[ "$(grep -cx ok "$TMP/said")" = $(($1 * 2)) ]
	: >"$TMP/said"
}

# plugged_are BLOCKS: plugged_blocks shows BLOCKS
plugged_are()
{
	[ "$(get plugged_blocks)" = "$1" ]
}

printf %s $BLOCK >"$TMP/block"
log_mark

# --- a page larger than a block, which cannot migrate -----------------------

if [ -e $G1 ]; then
	# 1.5 GiB per device, so that each has an aligned GiB
	n=$((3 * GiB / BLOCK))
	spec=$(window_spec $n) || skip_all "no reserved range of 3 GiB"
	check "the module loads with two devices" \
		load "window=$spec" devices=2 online_type=online_kernel
	is "online_type of the other device is set to offline" \
		"$(put $BUS/devices/memdev1/online_type offline)" ok
	no_deadline
	low=$(($(get address)))
	high=$((low + $(get size)))
	is "plug all" "$(put_dev plug all)" ok
	others_take 9
	quiet=$OTHERS
	# The kernel takes pages from other System RAM first, so allocate as
	# many as possible.
	echo 8 >$G1
	say "$(cat $G1) pages of 1 GiB"
	huge_start hugetlb 30 $low $high 1 8 >"$TMP/huge" ||
		die "no page of 1 GiB on the device" "$(cat "$TMP/huge")"
	echo 1 >$G1
	say "one at $HUGE_AT"
	from=$(((HUGE_AT - low) / BLOCK))
	last=$((from + GiB / BLOCK - 1))
	printf all | write_errno $D/unplug >"$TMP/first" &
	first=$!
	check "unplug takes all blocks outside of the 1 GiB page" \
		until_true 300 plugged_are "$from-$last"
	say "plugged: $(get plugged_blocks), $(get last_error)"
	others_take 15
	check "the other device waits under 0.5 s per 128 MiB of block size" \
		[ "$OTHERS" -le $((4 * quiet + 500 * BLOCK / (128 * MiB))) ]
	check "the blocks of the 1 GiB page stay, as the page cannot migrate" \
		plugged_are "$from-$last"
	check "the unplug keeps trying" [ ! -s "$TMP/first" ]
	kill -INT $first
	wait $first
	is "a signal ends the unplug" "$(cat "$TMP/first")" EINTR
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "a shrink in the background is accepted" \
		"$(put_dev requested_size 0)" ok
	huge_stop
	is "no data is lost" "$HUGE_SAID" intact
	echo 0 >$G1
	check "the other blocks are unplugged once the page is freed" \
		until_true 600 plugged_are ""
	check "rmmod" rmmod memdev
else
	skip "unplug around a page of 1 GiB" "no hugetlb pages of 1 GiB"
fi

# --- pages smaller than a block, which can migrate --------------------------

n=4
load_blocks $n
low=$(($(get address)))
top=$((low + (n - 1) * BLOCK))

# huge_moves NAME hugetlb|thp: huge pages fill half of the highest block; unplug
# migrates each of them once, without a split
huge_moves()
{
	local nr=$((BLOCK / 2 / (2 * MiB)))

	is "$1: plug all" "$(put_dev plug all)" ok
	is "$1: only the highest block is online" \
		"$(put_lower offline) $(get online_blocks)" "ok $((n - 1))"
	[ "$2" = thp ] || echo $((2 * nr)) >$M2
	huge_start "$2" 21 $top $((top + BLOCK)) $nr 512 >"$TMP/huge" || {
		skip "$1" "no huge page on the device: $(cat "$TMP/huge")"
		huge_stop
		echo 0 >$M2
		is "$1: unplug all" "$(put_dev unplug all)" ok
		return
	}
	[ "$2" = thp ] || echo $nr >$M2
	unplug_used "$1: "
	check "$1: unplug migrates each huge page once, without a split" \
		[ $MOVED -lt $((nr * 512 * 3 / 2)) ]
	huge_stop
	is "$1: no data is lost" "$HUGE_SAID" intact
	echo 0 >$M2
}

huge_moves "hugetlb pages of 2 MiB" hugetlb
if grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null ||
   [ ! -e /sys/kernel/mm/transparent_hugepage ]; then
	skip "transparent huge pages" "this kernel has none"
else
	huge_moves "transparent huge pages" thp
fi
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" rmmod memdev
check "the kernel logged no warning" log_quiet
finish
