#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Workers perform random operations on devices while the memory is in use and
# the test freezes, stops, traces and kills tasks, suspends the machine,
# allocates huge pages, and lets other drivers claim the same ranges. At the
# end, every byte and every block is accounted for.
#
# STRESS_TIME=SECONDS sets the duration, not including the checks (default 60,
# or 120 on the debug kernel, which detects more). STRESS_SEED=N repeats a run.
#
# The VM's command line makes the kernel online memory in ZONE_MOVABLE, even
# with its own policy, and enables memmap_on_memory.
#
# VM: mem=6656M timeout=3600 append=memmap=2G$0x100000000 usual="6.1 debug" alone=yes
# VM: append=memmap=512M%0x180000000-1+0xefffffff
# VM: append="memory_hotplug.memmap_on_memory=1 ftrace_dump_on_oops"
# VM: append="memory_hotplug.online_policy=auto-movable"
# VM: append="memory_hotplug.auto_movable_ratio=1000"

. "$(dirname "$0")/lib.sh"

need stress_workers stress-ng memdevctl

seconds=${STRESS_TIME:-$(on_debug 120 60)}
seed=${STRESS_SEED:-$(random 1000000)}
workers=4
poisons=3
say "seed $seed: repeat by STRESS_SEED=$seed STRESS_TIME=$seconds"

policy=$MEM/auto_online_blocks
params=/sys/module/memory_hotplug/parameters
need_mounted $TRACE
grep -q auto-movable $params/online_policy 2>/dev/null ||
	skip_all "this kernel does not prefer ZONE_MOVABLE for new memory"

# last_operations: the trace of the last 100 operations. The workers stop
# tracing when they find a problem, so the trace ends with its cause.
last_operations()
{
	awk '/: memdev_/ { line[n++] = $0 }
		/: memdev_(plug|unplug)_end/ { end[ends++] = n }
		END {
			i = ends > 100 ? end[ends - 101] : 0
			for (; i < n; i++)
				print line[i]
		}' $TRACE/trace
}

told=
more_on_failure()
{
	[ -z "$told" ] || return 0
	told=1
	say "seed $seed: repeat by STRESS_SEED=$seed STRESS_TIME=$seconds"
	if [ -e $TRACE/events/memdev ]; then
		say "the last 100 operations of the driver:"
		last_operations | sed 's/^/# /'
	else
		say "the driver's tracepoints are gone with the module"
	fi
}

CGROUP=/sys/fs/cgroup/memdev-stress
PM_TEST=/sys/power/pm_test
HUGE=/proc/sys/vm/nr_hugepages
SOFT=
policy_was=$(cat $policy)
undo()
{
	echo "$policy_was" >$policy
	echo 0 >$HUGE
	[ ! -e $PM_TEST ] || echo none >$PM_TEST
	[ -z "$SOFT" ] || soft_left
	if [ -e $CGROUP ]; then
		echo 0 >"$CGROUP/cgroup.freeze"
		rmdir $CGROUP 2>/dev/null
	fi
}

# rmmod drops the module's events from the ring buffer: print the trace first.
trace_on()
{
	echo 0 >"$TRACE/tracing_on"
	echo 1024 >"$TRACE/buffer_size_kb"
	echo >"$TRACE/trace"
	echo 1 >"$TRACE/events/memdev/enable" &&
		echo 1 >"$TRACE/tracing_on"
}

devices()
{
	local dir

	for dir in "$BUS"/devices/*; do
		[ ! -e "$dir/plug" ] || echo "$dir"
	done
}

# each_device COMMAND...: run COMMAND with D set to each device
each_device()
{
	local rc=0

	for D in $(devices); do
		"$@" || { echo "in $(get id) ($D)"; rc=1; }
	done
	return "$rc"
}

# A dimm with a retired block can never be plugged.
is_retired_dimm()
{
	[ "$(get kind)" = dimm ] && [ -n "$(get retired_blocks)" ]
}

set_back()
{
	one_of "$(put_dev online_type online_movable)" ok &&
		one_of "$(put_dev unplug_timeout_ms 0)" ok
}

unplugged()
{
	local said=ok

	[ "$(get plugged_size)" = 0 ] || said=$(put_dev unplug all)
	one_of "$said" ok || get last_error
	one_of "$(get plugged_size) $(get online_size) $(get state)" \
		"0 0 unplugged" && agree
}

# plugged: plug all but the retired blocks, and check that they come online
plugged()
{
	local retired want

	is_retired_dimm && return
	retired=$(expand "$(get retired_blocks)" | wc -w)
	want=$(($(get size) - retired * BLOCK))
	[ "$want" != 0 ] || return 0
	one_of "$(put_dev plug all)" ok || { get last_error; return 1; }
	one_of "$(get plugged_size) $(get online_size)" "$want $want" && agree
}

destroyed()
{
	one_of "$(put "$BUS/del_device" "${D##*/}")" ok && return
	cat "$BUS/last_error"
	return 1
}

windows_unused()
{
	local dir rc=0

	for dir in "$WINDOWS"/window*; do
		one_of "$(cat "$dir/used") $(cat "$dir/largest_free")" \
			"0 $(cat "$dir/size")" || { echo "in $dir"; rc=1; }
	done
	return "$rc"
}

load_over()
{
	# Z: it has exited, but has not been waited for
	case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$load_pid/status") in
	Z*|'')	return 0 ;;
	esac
	return 1
}

# load_end: end stress-ng. A signal while it starts does not reach all of its
# workers.
load_end()
{
	for _ in 1 2 3 4 5; do
		kill -INT $load_pid
		until_true 60 load_over && return
	done
	return 1
}

# blocks_of WORD: numbers of the blocks that the workers printed after WORD
blocks_of()
{
	local word addr

	while read -r word addr; do
		[ "$word" != "$1" ] || echo $((addr / BLOCK))
	done <"$TMP/said" | sort -un
}

# retired: poisoned blocks are retired, and no others except after a failed
# attempt. A device that covers window0 shows which blocks are retired.
retired()
{
	local block low size said

	size=$(cat "$WINDOWS/window0/size")
	said=$(put "$BUS/new_device" "size=$size window=0 id=whole")
	one_of "$said" ok || return 1
	D=$(devices)
	low=$(first_block)
	for block in $(expand "$(get retired_blocks)"); do
		echo $((low + block))
	done >"$TMP/retired"
	destroyed || return 1
	say "blocks poisoned: $(blocks_of poisoned | xargs), retired: $(xargs <"$TMP/retired")" >"$TMP/blocks"
	for block in $(blocks_of poisoned); do
		# The page may have migrated out of window0 before it was
		# poisoned.
		[ "$block" -ge "$low" ] || continue
		[ "$block" -lt $((low + size / BLOCK)) ] || continue
		grep -qx "$block" "$TMP/retired" ||
			{ echo "block $block is not retired"; return 1; }
	done
	while read -r block; do
		{ blocks_of poisoned; blocks_of tried; } | grep -qx "$block" ||
			{ echo "block $block is retired"; return 1; }
	done <"$TMP/retired"
}

# --- disturbances -----------------------------------------------------------

# freeze: freezing interrupts the workers' operations, which are retried
freeze()
{
	echo 1 >"$CGROUP/cgroup.freeze"
	sleep "0.$(random 10)"
	echo 0 >"$CGROUP/cgroup.freeze"
}

stop()
{
	kill -STOP "$stress_pid"
	sleep "0.$(random 10)"
	kill -CONT "$stress_pid"
}

suspend()
{
	put /sys/power/state freeze
}

# kill_writer: kill a thread while it plugs or unplugs its own dimm
kill_writer()
{
	local dir said=plug found=

	for dir in "$BUS"/devices/*; do
		[ "$(cat "$dir/id")" != victim ] || { found=1; break; }
	done
	if [ -z "$found" ]; then
		put "$BUS/new_device" "id=victim kind=dimm window=0 size=$((2 * BLOCK))"
		return
	fi
	[ "$(cat "$dir/plugged_size")" = 0 ] || said=unplug
	echo all | write_errno -t "$dir/$said" >"$TMP/killed" &
	sleep "0.$(random 10)"
	pkill -KILL -f "write_errno -t $dir/$said"
	wait $!
}

huge_pages()
{
	random 64 >"$HUGE"
}

attach()
{
	memtrace "$stress_pid" "$(random 1000)"
}

# claim: ramoops claims memory that memdev holds for a device that is never
# plugged
claim()
{
	# The module stays loaded although its claim is refused.
	modprobe ramoops mem_address="$idle" mem_size="$MiB" record_size=65536
	! grep ' : ramoops' /proc/iomem >>"$TMP/taken"
	rmmod ramoops
}

# claim_soft: let kmem claim a range that the workers also use for a window;
# online and offline kmem's memory
claim_soft()
{
	kmem_load
	sleep "0.$(random 10)"
	soft_left
}

# soft_left: remove kmem's memory; if a block is in use, retry the next time
soft_left()
{
	local i

	[ -e /sys/module/dax_hmem ] || return 0
	if grep -q ' : System RAM (kmem)' /proc/iomem; then
		for i in $(seq $((SOFT / BLOCK)) $(((SOFT + SOFT_SIZE - 1) / BLOCK))); do
			[ "$(cat "$MEM/memory$i/state")" = offline ] ||
				[ "$(put "$MEM/memory$i/state" offline)" = ok ] ||
				return
		done
		printf dax0.0 | write_errno /sys/bus/dax/drivers/kmem/unbind
	fi
	kmem_unload
}

# workers_began: the workers listen to events before they create a device
workers_began()
{
	[ "$(devices | wc -l)" -gt "$nr_idle" ] || ! kill -0 "$stress_pid"
}

# disturb: run random disturbances until the workers end
disturb()
{
	local what="stop attach kill_writer huge_pages"

	until_true 600 workers_began

	[ ! -e $CGROUP ] || what="freeze $what"
	[ ! -e $PM_TEST ] || what="suspend $what"
	[ -z "$idle" ] || what="claim $what"
	[ -z "$SOFT" ] || what="claim_soft $what"
	while kill -0 $stress_pid; do
		# shellcheck disable=SC2086 # words
		set -- $what
		shift "$(random $#)"
		"$1"
		echo "$1" >>"$TMP/disturbed"
	done 2>/dev/null >/dev/null
}

# --- setup ------------------------------------------------------------------

carved=$((512 * MiB))
reserved || skip_all "no reserved range on this machine"
# The range of a window that is repeatedly created and deleted: kmem's range, or
# else a part of the reserved range
window_size=$RESERVED_SIZE
if modprobe -n dax_hmem 2>/dev/null && soft_reserved; then
	extra=$(hex "$SOFT"),$SOFT_SIZE
else
	window_size=$((RESERVED_SIZE - 4 * BLOCK))
	extra=$(hex $((RESERVED + window_size))),$((4 * BLOCK))
fi
[ $window_size -ge $((8 * BLOCK)) ] ||
	skip_all "the reserved range is too small for blocks of this size"
spec=window=$window_size@$(hex "$RESERVED"),$carved

# Carve once before: the first carving permanently frees boot memory.
iomem >"$TMP/iomem"
load "$spec" devices=0 || die "$spec was refused" "$(log_memdev)"
rmmod memdev || die "rmmod of an unused module failed"
total=$(mem_total) known=$(nr_carved)
log_mark
echo online_movable >$policy || die "cannot set the kernel's policy"
load "$spec" devices=0 || die "$spec was refused" "$(log_memdev)"
base=$(mem_total)
idle=
if modprobe -n ramoops 2>/dev/null; then
	said=$(put "$BUS/new_device" "id=idle window=0 size=$BLOCK")
	[ "$said" = ok ] || die "cannot create an idle device: $said"
	D=$(devices)
	idle=$(get address)
fi
nr_idle=$(devices | wc -l)
check "tracing is enabled" trace_on
fill=$((GiB))
fill_start $fill 0 0 || die "cannot fill memory"

# nice: the workers have priority over the load.
nice stress-ng --vm 2 --vm-bytes 256M --vm-method all --verify --temp-path /tmp \
	--timeout 0 --metrics-brief >"$TMP/load" 2>&1 &
load_pid=$!

# --- the work ----------------------------------------------------------------

set -- --seed "$seed" --time "$seconds" --workers "$workers" --window "$extra"
[ ! -e $MEM/hard_offline_page ] || set -- "$@" --poison $poisons
grep -qi '^[yf1]' $params/memmap_on_memory && set -- "$@" --memmap
# kmem's memory can never be removed if a block is online when kmem is removed.
[ -z "$SOFT" ] || set -- "$@" --shared
say "stress_workers $*"
mkdir $CGROUP 2>/dev/null
if [ -e $PM_TEST ]; then
	echo freezer >$PM_TEST
	echo 0 2>/dev/null >/sys/module/suspend/parameters/pm_test_delay
fi
# shellcheck disable=SC2016 # expanded by that shell
sh -c '[ ! -e $1 ] || echo $$ >$1/cgroup.procs; shift; exec stress_workers "$@"' sh \
	$CGROUP "$@" >"$TMP/said" 2>&1 &
stress_pid=$!
: >"$TMP/disturbed"
: >"$TMP/taken"
disturb &
disturb_pid=$!

rounds=0
while kill -0 $stress_pid 2>/dev/null; do
	said=$(fill_ask renew)
	[ "$said" = intact ] || { echo "$said" >>"$TMP/bad"; break; }
	rounds=$((rounds + 1))
	for command in list "list -J" stat "window list" map; do
		# shellcheck disable=SC2086 # words
		timeout 60 memdevctl $command >"$TMP/listed" 2>&1 ||
			{ echo "memdevctl $command: $?" && cat "$TMP/listed"
			} >>"$TMP/listing"
	done
	sleep 1
done
[ ! -e "$TMP/bad" ] || echo 0 >"$TRACE/tracing_on"
wait $stress_pid
rc=$?
wait $disturb_pid
load_end || kill -KILL $load_pid
wait $load_pid
load_rc=$?

grep '^# ' "$TMP/said"
say "disturbances: $(sort "$TMP/disturbed" | uniq -c | xargs)"
say "verified and changed a pattern of $((fill / MiB)) MiB $rounds times"
grep ' vm ' "$TMP/load" | sed 's/^/# /'
touch "$TMP/bad" "$TMP/listing"
is "the pattern is intact" "$(cat "$TMP/bad")" ""
check "the workers were disturbed" [ -s "$TMP/disturbed" ]
is "no other driver got memory that memdev holds" "$(cat "$TMP/taken")" ""
if [ -n "$SOFT" ]; then
	check "kmem's memory can be removed" until_true 120 soft_left
fi
check "the workers performed operations" \
	grep -q '^# [1-9][0-9]* operations' "$TMP/said"
is "the workers found no problem" "$rc $(grep -v '^#' "$TMP/said" |
	grep -vE '^(poisoned|tried) ')" "0 "
# stress-ng counts only long operations: its CPU time shows that it ran.
is "stress-ng ran and found no problem" \
	"$load_rc $(awk '/metrc:.* vm / { print ($7 + $8 > 0) }' "$TMP/load")" \
	"0 1"
[ $load_rc = 0 ] || sed 's/^/# /' "$TMP/load"
is "memdevctl list, stat and map work at any time" "$(cat "$TMP/listing")" ""

# --- accounting -------------------------------------------------------------

check "sysfs, /proc/iomem and lsmem agree on each device" each_device agree
undo
check "each device accepts default settings" each_device set_back
check "each device can be unplugged" each_device unplugged
is "no block is plugged" "$(cat $BUS/plugged_size)" 0
is "MemTotal is back to its value before the first plug" "$(mem_total)" "$base"
check "all but the retired blocks can be plugged and come online" \
	each_device plugged
is "the pattern is intact" "$(fill_ask check)" intact
check "each device can be unplugged again" each_device unplugged
is "the pattern is intact" "$(fill_ask check)" intact
is "MemTotal is back to its value before the first plug" "$(mem_total)" "$base"
check "each device can be deleted" each_device destroyed
is "device_list is empty" "$(cat $BUS/device_list)" ""
check "the windows are unused" windows_unused
check "all poisoned blocks are retired, and no others" retired
cat "$TMP/blocks"
fill_stop
check "the kernel logged no warning" log_quiet
if [ "$KTAP_CNT_FAIL" != 0 ]; then
	more_on_failure
fi
echo 0 >"$TRACE/events/memdev/enable"
check "rmmod" unload
check "MemTotal is back, except for the memmap of carved blocks" \
	total_is_back "$total" $(($(nr_carved) - known))
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
finish
