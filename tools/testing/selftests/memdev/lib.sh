# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2034 # what the tests use
#
# Functions for all tests: TAP, the module and its devices, and the machine's
# view of its memory. Sourced, never run.

set -u
export LC_ALL=C

HERE=$(cd -P "$(dirname "$0")" && pwd)
# Helpers are in the build directory or, in the kernel's tree, beside the tests.
PATH=${MEMDEV_HELPERS:-$HERE}:$HERE/../kselftest:$PATH:/usr/sbin:/sbin
BUS=/sys/bus/memdev
WINDOWS=/sys/devices/memdev
MEM=/sys/devices/system/memory
DEBUG=/sys/kernel/debug
TRACE=/sys/kernel/tracing
D=$BUS/devices/memdev0
MiB=$((1 << 20))
GiB=$((1 << 30))
RESERVED=
RESERVED_SIZE=0

# --- TAP ---------------------------------------------------------------------

# shellcheck source=/dev/null # the kernel's
. ktap_helpers.sh
ktap_print_header

# ktap HELPER TEXT: the helpers would split the text into words and expand them
ktap()
{
	local IFS=

	set -f
	"ktap_$1" "$2"
	set +f
}

say()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass()
{
	ktap test_pass "$1"
}

# fail NAME [DETAIL...]
fail()
{
	ktap test_fail "$1"
	shift
	for why; do
		say "$why"
	done
	more_on_failure
}

# Tests override this to add details to a failure.
more_on_failure()
{
	:
}

# skip NAME REASON
skip()
{
	ktap test_skip "$1: $2"
}

skip_all()
{
	ktap skip_all "$1"
	exit "$KSFT_SKIP"
}

# need PROGRAM...: skip the test if a program is missing
need()
{
	for program; do
		command -v "$program" >/dev/null ||
			skip_all "$program is missing"
	done
}

# need_mounted DIRECTORY...: skip the test if a file system is not mounted
need_mounted()
{
	local dir

	for dir; do
		[ -n "$(ls "$dir" 2>/dev/null)" ] ||
			skip_all "$dir is not mounted"
	done
}

# on_debug DEBUG OTHER: print DEBUG on the slow debug kernel, OTHER on others
on_debug()
{
	[ "${MEMDEV_KERNEL:-}" = debug ] || shift
	echo "$1"
}

# is NAME GOT WANT
is()
{
	if [ $# != 3 ]; then
		fail "$1" "is needs 3 arguments, got $#"
	elif [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:  $2" "want: $3"
	fi
}

# check NAME COMMAND [ARGUMENT...]: COMMAND succeeds; show its output if not
check()
{
	local name=$1
	shift

	if [ -z "${1:-}" ]; then
		fail "$name" "no command given"
	elif "$@" >"$TMP/check" 2>&1; then
		pass "$name"
	else
		fail "$name" "failed: $*" "$(cat "$TMP/check")"
	fi
}

# one_of WORD WORD,WORD,...
one_of()
{
	case ",$2," in
	*",$1,"*)	return 0 ;;
	esac
	echo "$1, not $2"
	return 1
}

# die DETAIL...: a precondition of the remaining tests does not hold
die()
{
	fail "the precondition of the remaining tests holds" "$@"
	finish
}

# finish: remove the module and end the test
finish()
{
	if cleanup >"$TMP/cleanup" 2>&1 && left_over >>"$TMP/cleanup"; then
		pass "rmmod leaves nothing behind"
	else
		fail "rmmod leaves nothing behind" "$(cat "$TMP/cleanup")"
	fi
	end
}

# end: print the plan and exit
end()
{
	trap - EXIT
	rm -rf "$TMP"
	ktap_set_plan $((KTAP_TESTNO - 1))
	ktap_finished
}

# Tests override this to undo changes outside the module.
undo()
{
	:
}

cleanup()
{
	hold_stop
	# A subshell has no jobs to list, so list them before the loop.
	jobs -p >"$TMP/jobs"
	while read -r job; do
		kill "$job" 2>/dev/null
	done <"$TMP/jobs"
	wait 2>/dev/null
	undo
	unload
}

# until_true SECONDS COMMAND [ARGUMENT...]: wait for COMMAND to succeed. The
# timeout only limits how long a failing test takes.
until_true()
{
	local end
	end=$(($(uptime_s) + $1))
	shift

	[ -n "${1:-}" ] || { echo "no command given"; return 1; }
	until "$@"; do
		[ "$(uptime_s)" -lt "$end" ] || return 1
		sleep 0.05
	done
}

uptime_s()
{
	local up rest
	read -r up rest </proc/uptime
	echo "${up%.*}"
}

# uptime in ms, at the kernel's resolution of 10 ms
uptime_ms()
{
	local up rest
	read -r up rest </proc/uptime
	echo "$((${up%.*} * 1000 + 1${up#*.} * 10 - 1000))"
}

# --- numbers -----------------------------------------------------------------

# bytes 512M
bytes()
{
	case $1 in
	*K)	echo $((${1%K} << 10)) ;;
	*M)	echo $((${1%M} << 20)) ;;
	*G)	echo $((${1%G} << 30)) ;;
	*)	echo $(($1)) ;;
	esac
}

# in_units BYTES: a size in the notation of the driver's messages, 1536M
in_units()
{
	local size=$1 unit

	for unit in "" K M G T P E; do
		if [ "$size" = 0 ] || [ $((size % 1024)) != 0 ]; then
			echo "$size$unit"
			return
		fi
		size=$((size / 1024))
	done
}

hex()
{
	printf '0x%x' "$1"
}

# a random number below $1
random()
{
	echo $(($(od -An -N4 -tu4 /dev/urandom) % $1))
}

# expand 0-2,5: "0 1 2 5"
expand()
{
	local IFS=, part i out=

	for part in $1; do
		i=${part%-*}
		while [ "$i" -le "${part#*-}" ]; do
			out="$out $i"
			i=$((i + 1))
		done
	done
	echo "${out# }"
}

# --- the kernel's log --------------------------------------------------------

MARK=0

log_mark()
{
	MARK=$((MARK + 1))
	echo "memdev-test: ${0##*/} mark $MARK" >/dev/kmsg
}

# after_mark: print what follows log_mark in the kernel log on standard input.
# If the mark is lost, print a warning, so that no test mistakes the output for
# an empty log.
after_mark()
{
	awk -v mark="memdev-test: ${0##*/} mark $MARK" '
		seen
		substr($0, length($0) - length(mark) + 1) == mark { seen = 1 }
		END { if (!seen) print "memdev: WARNING: no " mark " in the log" }'
}

log_since()
{
	dmesg | after_mark
}

# The module's messages since log_mark, without the kernel's taint message
log_memdev()
{
	log_since | sed 's/^\[[^]]*\] //' | grep '^memdev[: ]' | grep -v taint
}

# No kernel warning since log_mark, except known ones that memdev does not cause
log_quiet()
{
	log_since >"$TMP/log" &&
		awk -f "$HERE/../../memdev/vm/known.awk" "$TMP/log" >"$TMP/log.known" || return 1
	! grep -E 'WARNING:|BUG:|Oops|Call Trace|use-after-free' "$TMP/log.known"
}

# --- the machine's memory ----------------------------------------------------

# MemTotal in bytes
mem_total()
{
	local kb
	kb=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	echo $((kb << 10))
}

# note_carved: record the carved blocks for total_is_back
note_carved()
{
	local dir first

	for dir in "$WINDOWS"/window*; do
		[ "$(cat "$dir/source" 2>/dev/null)" = carved ] || continue
		first=$(($(cat "$dir/start") / BLOCK))
		seq $first $((first + $(cat "$dir/size") / BLOCK - 1))
	done >>"$TMP/carved"
}

# nr_carved: number of distinct blocks carved since the test began
nr_carved()
{
	sort -u "$TMP/carved" | wc -l
}

# total_is_back TOTAL [NR]: MemTotal is TOTAL plus the memmap of a maximum of NR
# carved blocks (default: all that were carved). Until a block is first removed,
# its memmap is in boot memory that MemTotal does not count.
total_is_back()
{
	local more=$(($(mem_total) - $1)) memmap=$((BLOCK / 64)) most

	most=$(nr_carved)
	[ "$most" -le "${2:-$most}" ] || most=$2
	most=$((most * memmap))
	[ $more -ge 0 ] && [ $more -le $most ] && [ $((more % memmap)) = 0 ] &&
		return
	echo "MemTotal grew by $more from $1, carved blocks explain at most $most"
	return 1
}

# kB in line $1 of /proc/meminfo, 0 without such a line
meminfo()
{
	local kb
	kb=$(sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo)
	echo "${kb:-0}"
}

# /proc/iomem with adjacent System RAM merged: the kernel merges only entries
# with the same name pointer, so memory that was removed and added again remains
# a separate entry. No other difference is hidden.
iomem()
{
	awk '
	function successor(hex,	i, digit) {
		for (i = length(hex); i; i--) {
			digit = index("0123456789abcde", substr(hex, i, 1))
			if (digit)
				return substr(hex, 1, i - 1) \
					substr("123456789abcdef", digit, 1) \
					substr("0000000000000000", i + 1, length(hex) - i)
		}
		return "1" substr("0000000000000000", 1, length(hex))
	}
	function flush() {
		if (ram)
			printf "%s-%s : System RAM\n%s", start, end, inside
		ram = inside = ""
	}
	/^ /	{ if (ram) inside = inside $0 "\n"; else print; next }
	!/ : System RAM$/ || !ram || !index($1, successor(end) "-") { flush() }
	!/ : System RAM$/ { print; next }
	{
		split($1, range, "-")
		start = ram ? start : range[1]
		end = range[2]
		ram = 1
	}
	END { flush() }' /proc/iomem
}

# zone_of BLOCK: a block's zone if it is online, else its default zone
zone_of()
{
	local zone rest
	read -r zone rest <"$MEM/memory$1/valid_zones" && echo "$zone"
}

# zones: state and zone of each plugged block
zones()
{
	local block first
	first=$(first_block)

	for block in $(expand "$(get plugged_blocks)"); do
		echo "$block $(cat "$MEM/memory$((first + block))/state") $(
			zone_of $((first + block)))"
	done
}

# Find the largest range that the command line reserves with memmap=SIZE$START,
# cut to whole blocks. Sets RESERVED and RESERVED_SIZE, or fails.
reserved()
{
	local word size start end

	RESERVED='' RESERVED_SIZE=0

	# shellcheck disable=SC2013 # words
	for word in $(cat /proc/cmdline); do
		case $word in
		memmap=*\$*)	;;
		*)		continue ;;
		esac
		word=${word#memmap=}
		size=$(bytes "${word%\$*}")
		start=$(bytes "${word#*\$}")
		end=$(((start + size) / BLOCK * BLOCK))
		start=$(((start + BLOCK - 1) / BLOCK * BLOCK))
		[ $((end - start)) -gt $RESERVED_SIZE ] || continue
		RESERVED=$start
		RESERVED_SIZE=$((end - start))
	done
	[ $RESERVED_SIZE -gt 0 ]
}

# need_reserved BLOCKS: skip the test unless BLOCKS blocks are reserved
need_reserved()
{
	reserved && [ "$RESERVED_SIZE" -ge $(($1 * BLOCK)) ] && return
	skip_all "no reserved range of $1 memory blocks"
}

# soft_reserved: set SOFT and SOFT_SIZE to the soft-reserved range on the
# command line, which newer kernels do not show in /proc/iomem
soft_reserved()
{
	local word

	# shellcheck disable=SC2013 # words
	for word in $(cat /proc/cmdline); do
		case $word in
		memmap=*%*+0xefffffff)	;;
		*)	continue ;;
		esac
		word=${word#memmap=}
		SOFT_SIZE=$(bytes "${word%%%*}")
		word=${word#*%}
		SOFT=$(bytes "${word%%-*}")
		return
	done
	return 1
}

# kmem_load: let kmem add the soft-reserved range to System RAM
kmem_load()
{
	modprobe kmem && modprobe dax_hmem &&
		[ -e /sys/bus/dax/devices/dax0.0 ] || return 1
	# Newer kernels bind kmem automatically.
	[ -e /sys/bus/dax/devices/dax0.0/driver ] ||
		printf dax0.0 >/sys/bus/dax/drivers/kmem/new_id
	:
}

# kmem_unload: unload kmem, whose memory must be offline
kmem_unload()
{
	rmmod dax_hmem && rmmod kmem
}

# window_spec BLOCKS: a window of BLOCKS blocks, in the reserved range if there
# is one, else carved
window_spec()
{
	local size=$(($1 * BLOCK))

	if reserved; then
		[ $size -le "$RESERVED_SIZE" ] || return 1
		echo "$size@$(hex "$RESERVED")"
	else
		echo $size
	fi
}

# --- the module --------------------------------------------------------------

loaded()
{
	[ -d /sys/module/memdev ]
}

load()
{
	modprobe memdev "$@" && note_carved
}

# load_blocks BLOCKS [PARAMETER...]: load the module with one window and one
# device of BLOCKS blocks, or end the test
load_blocks()
{
	local spec n=$1
	shift

	spec=$(window_spec "$n") ||
		skip_all "no reserved range of $n memory blocks on this machine"
	log_mark
	load "window=$spec" "$@" || die "window=$spec was refused" "$(log_memdev)"
	[ -e $D ] || die "window=$spec created no device" "$(log_memdev)"
	[ "$(get size)" = $((n * BLOCK)) ] ||
		die "window=$spec created a device of $(get size) bytes"
	no_deadline
}

# no_deadline: let an unplug of the device $D take as long as it needs on a slow
# machine. The VM's time limit ends an unplug that hangs.
no_deadline()
{
	[ "$(put_dev unplug_timeout_ms 0)" = ok ] ||
		die "unplug_timeout_ms 0 was refused"
}

unload()
{
	local dir

	loaded || return 0
	for dir in "$BUS"/devices/*; do
		[ -e "$dir/unplug" ] || continue
		echo 0 >"$dir/requested_size"
		[ "$(cat "$dir/plugged_size")" = 0 ] && continue
		echo 0 >"$dir/unplug_timeout_ms"
		[ "$(put "$dir/unplug" all)" = ok ] && continue
		echo "$dir: unplug: $(cat "$dir/last_error")"
	done
	rmmod memdev
}

# hibernation_refused: hibernation fails before any process is frozen, and the
# module logs the reason
hibernation_refused()
{
	local got

	log_mark
	got=$(put /sys/power/state disk)
	one_of "$got" EBUSY,EPERM || return 1
	say "$got: $(log_memdev)"
	log_since | grep -iE 'Freezing user|Creating image' && return 1
	[ -n "$(log_memdev)" ] || { echo "the module logged no reason"; return 1; }
}

# left_over: a removed module leaves nothing behind
left_over()
{
	! loaded || { echo "the module is still loaded"; return 1; }
	! grep memdev /proc/iomem || return 1
	[ ! -e $BUS ] || { echo "$BUS still exists"; return 1; }
	[ ! -e $WINDOWS ] || { echo "$WINDOWS still exists"; return 1; }
}

# get ATTRIBUTE: read an attribute of the device $D
get()
{
	cat "$D/$1"
}

# plugged_is BYTES: the device $D has BYTES plugged
plugged_is()
{
	[ "$(get plugged_size)" = "$1" ]
}

# put FILE TEXT: write a line, print "ok" or the errno
put()
{
	printf '%s\n' "$2" | write_errno "$1"
}

# put_dev ATTRIBUTE TEXT: write an attribute of the device $D
put_dev()
{
	put "$D/$1" "$2"
}

# faults_file: path of the fault rules of the device $D
faults_file()
{
	echo "$DEBUG/memdev/${D##*/}/faults"
}

# faults TEXT: write to the fault rules of the device $D; print "ok" or the
# errno
faults()
{
	put "$(faults_file)" "$1"
}

# set_faults LINE...: replace all rules
set_faults()
{
	local line

	[ "$(faults clear)" = ok ] || die "clear was refused"
	for line; do
		[ "$(faults "$line")" = ok ] && continue
		die "$line was refused" "$(get last_error)"
	done
}

# first_block: number of the memory block at the start of the device $D
first_block()
{
	echo $(($(get address) / BLOCK))
}

# agree: the device $D, /proc/iomem, lsmem and the memory blocks in sysfs
# agree; print any difference
agree()
{
	snapshot "$D"
}

# user COMMAND [ARGUMENT...]: run COMMAND as an unprivileged user
user()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		--bounding-set=-all -- "$@"
}

# memory_state: everything that shows memory, without the failure counters
memory_state()
{
	write_diff
}

# --- programs that hold memory ------------------------------------------------

HOLD_PID=

# hold_start READY PROGRAM [ARGUMENT...]: start a program, one at a time, and set
# HELD to its first line; fail unless that begins with READY
hold_start()
{
	local ready=$1
	shift

	mkfifo "$TMP/hold.in" "$TMP/hold.out" || return
	"$@" <"$TMP/hold.in" >"$TMP/hold.out" &
	HOLD_PID=$! HELD=
	exec 8>"$TMP/hold.in" 9<"$TMP/hold.out"
	read -r HELD <&9
	case $HELD in
	"$ready"*)	return 0 ;;
	esac
	echo "$1: $HELD"
	hold_stop
	return 1
}

hold_stop()
{
	[ -n "$HOLD_PID" ] || return 0
	exec 8>&- 9<&-
	kill "$HOLD_PID" 2>/dev/null
	wait "$HOLD_PID" 2>/dev/null
	HOLD_PID=
	rm -f "$TMP/hold.in" "$TMP/hold.out"
}

# fill_start BYTES LOW HIGH: fill memory with data, preferably at LOW..HIGH-1
fill_start()
{
	hold_start "filled $1" memfill "$@"
}

# fill_ask where|check|renew
fill_ask()
{
	local said=gone

	echo "$1" >&8
	read -r said <&9
	echo "$said"
}

fill_stop()
{
	hold_stop
}

# pin_start LOW HIGH: pin a page at LOW..HIGH-1, so that it cannot migrate
pin_start()
{
	hold_start pinned mempin "$1" "$2" $(($(meminfo MemFree) * 1024 / 2))
}

pin_stop()
{
	hold_stop
}

# --- the pages that an unplug migrates ----------------------------------------

# put_each STATE BLOCK...: write STATE to memory blocks of the device
put_each()
{
	local state=$1 from block

	shift
	from=$(first_block)
	for block; do
		put $MEM/memory$((from + block))/state "$state"
	done | sort -u
}

# put_lower STATE: write STATE to all plugged blocks but the highest
put_lower()
{
	# shellcheck disable=SC2046 # a word each
	put_each "$1" $(seq 0 $(($(get plugged_size) / BLOCK - 2)))
}

pages_moved()
{
	awk '/^pgmigrate_success/ { print $2 }' /proc/vmstat
}

# unplug_used PREFIX: bring the lower blocks online again and unplug all, with PREFIX
# before the names of the tests; set MOVED to the number of migrated pages
unplug_used()
{
	local before last=$(($(get plugged_size) / BLOCK - 1))

	is "$1the other blocks come online" \
		"$(put_lower online_movable) $(get online_blocks)" "ok 0-$last"
	before=$(pages_moved)
	is "$1unplug all" "$(put_dev unplug all)" ok
	MOVED=$(($(pages_moved) - before))
	say "$MOVED pages were migrated"
}

# free_goes_first: if only the highest plugged block is in use, unplug of all
# blocks does not migrate its pages to the device's other blocks
free_goes_first()
{
	local last fill=$((64 * MiB)) page top there

	page=$(getconf PAGESIZE)
	last=$(($(get plugged_size) / BLOCK - 1))
	top=$(($(get address) + last * BLOCK))
	is "only the highest block is online" \
		"$(put_lower offline) $(get online_blocks)" "ok $last"
	fill_start $fill $top $((top + BLOCK)) || die "cannot fill memory"
	there=$(fill_ask where)
	say "$there bytes of $fill are in that block"
	check "that block is in use" [ "$there" -ge $((fill / 2)) ]
	unplug_used ""
	check "the used pages are migrated" [ $MOVED -ge $((there / page)) ]
	check "the used pages are migrated only once" \
		[ $MOVED -lt $(((there + fill / 2) / page)) ]
	is "no data is lost" "$(fill_ask check)" intact
	hold_stop
}

# --- requirements of this file -----------------------------------------------

TMP=$(mktemp -d "${TMPDIR:-/tmp}/memdev-test.XXXXXX") || exit 1
trap 'cleanup >/dev/null 2>&1; rm -rf "$TMP"' EXIT
trap 'exit 1' INT TERM HUP

[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -r $MEM/block_size_bytes ] || skip_all "this kernel cannot hotplug memory"
need write_errno write_diff snapshot memfill mempin memtoggle uevents pollattr \
	lsmem setpriv modprobe
BLOCK=$((0x$(cat $MEM/block_size_bytes)))
