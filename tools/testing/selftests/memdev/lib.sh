# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2034 # what the tests use
#
# What the tests of this directory share: TAP, the module and its devices, and
# what the machine shows of its memory. Sourced, never run.

set -u
export LC_ALL=C

HERE=$(cd -P "$(dirname "$0")" && pwd)
# The helper programs: where they were built, else beside the tests.
PATH=${MEMDEV_HELPERS:+$MEMDEV_HELPERS:}$HERE:$PATH:/usr/sbin:/sbin
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

TESTS=0
FAILED=0

say()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

pass()
{
	TESTS=$((TESTS + 1))
	echo "ok $TESTS $1"
}

# fail NAME [WHY...]
fail()
{
	TESTS=$((TESTS + 1))
	FAILED=$((FAILED + 1))
	echo "not ok $TESTS $1"
	shift
	for why; do
		say "$why"
	done
	more_on_failure
}

# Tests that know more of what went wrong say it here.
more_on_failure()
{
	:
}

# skip NAME WHY
skip()
{
	TESTS=$((TESTS + 1))
	echo "ok $TESTS $1 # SKIP $2"
}

skip_all()
{
	trap - EXIT
	cleanup >/dev/null 2>&1
	echo "1..0 # SKIP $1"
	exit 4
}

# need PROGRAM...: or there is nothing to test
need()
{
	for program; do
		command -v "$program" >/dev/null ||
			skip_all "$program is missing"
	done
}

# need_mounted DIRECTORY...: they have something in them only where they are mounted
need_mounted()
{
	local dir

	for dir; do
		[ -n "$(ls "$dir" 2>/dev/null)" ] ||
			skip_all "there is nothing in $dir"
	done
}

# on_debug THERE ELSE: how much of it to do, on the kernel that is many times slower
on_debug()
{
	if [ "${MEMDEV_KERNEL:-}" = debug ]; then
		echo "$1"
	else
		echo "$2"
	fi
}

# is NAME GOT WANT
is()
{
	if [ $# != 3 ]; then
		fail "$1" "compares $# words"
	elif [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:  $2" "want: $3"
	fi
}

# check NAME COMMAND [ARGUMENT...]: COMMAND succeeds; what it says is shown if
# it does not.
check()
{
	local name=$1
	shift

	if [ -z "${1:-}" ]; then
		fail "$name" "there is no command"
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

# die WHY: what the rest of a test stands on does not hold.
die()
{
	fail "the test can go on" "$@"
	finish
}

# finish: the last line of a test.
finish()
{
	trap - EXIT
	if cleanup >"$TMP/cleanup" 2>&1 && left_over >>"$TMP/cleanup"; then
		pass "the module can be removed and leaves nothing behind"
	else
		fail "the module can be removed and leaves nothing behind" \
			"$(cat "$TMP/cleanup")"
	fi
	rm -rf "$TMP"
	echo "1..$TESTS"
	[ $FAILED = 0 ]
	exit
}

on_exit()
{
	cleanup >/dev/null 2>&1
	rm -rf "$TMP"
}

# Tests that change more than the module's own state say here how to undo it.
undo()
{
	:
}

cleanup()
{
	fill_stop
	pin_stop
	# Not in a subshell: that has no jobs.
	jobs -p >"$TMP/jobs"
	while read -r job; do
		kill "$job" 2>/dev/null
	done <"$TMP/jobs"
	wait 2>/dev/null
	undo
	unload
}

# until_true SECONDS COMMAND [ARGUMENT...]: waits for COMMAND to succeed. The
# time only bounds how long a test that fails takes.
until_true()
{
	local end
	end=$(($(uptime_s) + $1))
	shift

	[ -n "${1:-}" ] || { echo "there is no command"; return 1; }
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

# uptime in ms; the kernel counts in hundredths
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

# in_units BYTES: as the texts of the driver have a size, 1536M
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

# --- the kernel's log ----------------------------------------------------------

MARK=0

log_mark()
{
	MARK=$((MARK + 1))
	echo "memdev-test: ${0##*/} mark $MARK" >/dev/kmsg
}

# after_mark: of the kernel's log, on standard input, what came since log_mark. If it
# has lost the mark, or there was none, nobody knows: a line says so that no test takes
# for silence.
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

# What the module said since log_mark; not what the kernel says of any module
# from outside its tree.
log_memdev()
{
	log_since | sed 's/^\[[^]]*\] //' | grep '^memdev[: ]' | grep -v taint
}

# The kernel did not complain since log_mark, or not of memdev.
log_quiet()
{
	log_since >"$TMP/log" &&
		awk -f "$HERE/../../memdev/vm/known.awk" "$TMP/log" >"$TMP/log.known" || return 1
	! grep -E 'WARNING:|BUG:|Oops|Call Trace|use-after-free' "$TMP/log.known"
}

# --- the machine's memory --------------------------------------------------------

# What has to be there even for this file.
[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 4; }
[ -r $MEM/block_size_bytes ] ||
	{ echo "1..0 # SKIP this kernel cannot hotplug memory"; exit 4; }
for program in write_errno write_diff snapshot memfill mempin memtoggle uevents pollattr \
	       lsmem setpriv modprobe; do
	command -v $program >/dev/null && continue
	echo "1..0 # SKIP $program is missing"
	exit 4
done

TMP=$(mktemp -d "${TMPDIR:-/tmp}/memdev-test.XXXXXX") || exit 1
trap on_exit EXIT
trap 'exit 1' INT TERM HUP

BLOCK=$((0x$(cat $MEM/block_size_bytes)))

# in bytes
mem_total()
{
	local kb
	kb=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	echo $((kb << 10))
}

# note_carved: remember which blocks are carved, for total_is_back
note_carved()
{
	local dir first

	for dir in "$WINDOWS"/window*; do
		[ "$(cat "$dir/source" 2>/dev/null)" = carved ] || continue
		first=$(($(cat "$dir/start") / BLOCK))
		seq $first $((first + $(cat "$dir/size") / BLOCK - 1))
	done >>"$TMP/carved"
}

# nr_carved: how many blocks "load" has carved, each counted once
nr_carved()
{
	sort -u "$TMP/carved" | wc -l
}

# total_is_back TOTAL [NR]: MemTotal is, or larger by what at most NR blocks (all that
# "load" has carved) have left. Until it is carved for the first time, the kernel
# keeps its map of a block in memory that MemTotal does not count.
total_is_back()
{
	local more=$(($(mem_total) - $1)) memmap=$((BLOCK / 64)) most

	most=$(nr_carved)
	[ "$most" -le "${2:-$most}" ] || most=$2
	most=$((most * memmap))
	[ $more -ge 0 ] && [ $more -le $most ] && [ $((more % memmap)) = 0 ] &&
		return
	echo "$1 before, $more more now, with at most $most of carved blocks"
	return 1
}

# kB of /proc/meminfo's line $1, 0 where there is no such line
meminfo()
{
	local kb
	kb=$(sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo)
	echo "${kb:-0}"
}

# /proc/iomem with System RAM that touches merged: memory that was taken out and
# given back stays an entry of its own, as the kernel merges only what was named
# by the same string. Any other difference stays a difference.
iomem()
{
	local line range run_start='' run_end=''
	: >"$TMP/run"

	flush_run()
	{
		[ -n "$run_start" ] || return
		echo "$run_start-$run_end : System RAM"
		cat "$TMP/run"
		run_start=''
		: >"$TMP/run"
	}

	while IFS= read -r line; do
		case $line in
		' '*)
			if [ -n "$run_start" ]; then
				printf '%s\n' "$line" >>"$TMP/run"
			else
				printf '%s\n' "$line"
			fi
			;;
		*' : System RAM')
			range=${line% : *}
			if [ -n "$run_start" ] &&
			   [ $((0x$run_end + 1)) != $((0x${range%-*})) ]; then
				flush_run
			fi
			[ -n "$run_start" ] || run_start=${range%-*}
			run_end=${range#*-}
			;;
		*)
			flush_run
			printf '%s\n' "$line"
			;;
		esac
	done </proc/iomem
	flush_run
}

# zone_of BLOCKNUMBER: the first zone that the block is, or may come, into
zone_of()
{
	local zone rest
	read -r zone rest <"$MEM/memory$1/valid_zones" && echo "$zone"
}

# The largest range that the command line reserves with memmap=SIZE$START, cut
# to whole blocks: sets RESERVED and RESERVED_SIZE, or fails.
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

# soft_reserved: SOFT, SOFT_SIZE are a range that the command line has soft reserved.
# /proc/iomem of newer kernels does not tell.
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

# dax_comes: kmem adds what is soft reserved to the kernel's memory, if it can have it
dax_comes()
{
	modprobe kmem && modprobe dax_hmem &&
		[ -e /sys/bus/dax/devices/dax0.0 ] || return 1
	# Newer kernels do so by themselves.
	[ -e /sys/bus/dax/devices/dax0.0/driver ] ||
		printf dax0.0 >/sys/bus/dax/drivers/kmem/new_id
	:
}

# dax_goes: none of its memory is online
dax_goes()
{
	rmmod dax_hmem && rmmod kmem
}

# window_spec BLOCKS: a window of so many blocks, where this machine has room
# for it: the reserved range, else System RAM.
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

# --- the module ------------------------------------------------------------------

loaded()
{
	[ -d /sys/module/memdev ]
}

load()
{
	modprobe memdev "$@" && note_carved
}

# load_blocks BLOCKS [PARAMETER...]: one window and one device of so many
# blocks; or the test ends.
load_blocks()
{
	local spec n=$1
	shift

	spec=$(window_spec "$n") ||
		skip_all "no reserved range of $n memory blocks on this machine"
	log_mark
	load "window=$spec" "$@" || die "window=$spec was not accepted" "$(log_memdev)"
	[ -e $D ] || die "window=$spec made no device" "$(log_memdev)"
	[ "$(get size)" = $((n * BLOCK)) ] ||
		die "window=$spec made a device of $(get size) bytes"
	no_deadline
}

# no_deadline: an unplug of the device $D takes as long as it takes. However
# slow the machine, what can be unplugged is; what hangs, the VM's limit ends.
no_deadline()
{
	[ "$(put_dev unplug_timeout_ms 0)" = ok ] ||
		die "unplug_timeout_ms 0 was not accepted"
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

# Nothing may be left of a module that is gone.
left_over()
{
	! loaded || { echo "the module is still loaded"; return 1; }
	! grep memdev /proc/iomem || return 1
	[ ! -e $BUS ] || { echo "$BUS is still there"; return 1; }
	[ ! -e $WINDOWS ] || { echo "$WINDOWS is still there"; return 1; }
}

# get ATTRIBUTE: of the device $D
get()
{
	cat "$D/$1"
}

# put FILE TEXT: writes a line, prints "ok" or the errno
put()
{
	printf '%s\n' "$2" | write_errno "$1"
}

# put_dev ATTRIBUTE TEXT: of the device $D
put_dev()
{
	put "$D/$1" "$2"
}

# faults_file: where the scripted faults of the device $D are
faults_file()
{
	echo "$DEBUG/memdev/${D##*/}/faults"
}

# faults TEXT: to the scripted faults of the device $D; prints "ok" or the errno
faults()
{
	put "$(faults_file)" "$1"
}

# number of the memory block where the device $D starts
first_block()
{
	echo $(($(get address) / BLOCK))
}

# agree: sysfs, /proc/iomem, lsmem and the memory blocks say the same of the
# device $D; says what does not.
agree()
{
	snapshot "$D"
}

# user COMMAND [ARGUMENT...]: as somebody who is not root and may nothing
user()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		--bounding-set=-all -- "$@"
}

# Everything that shows what memory there is; not what counts failures.
memory_state()
{
	write_diff
}

# --- helpers that hold memory ------------------------------------------------------

FILL_PID=
PIN_PID=

# fill_start BYTES LOW HIGH: memory full of data, preferably at LOW..HIGH-1
fill_start()
{
	local said=

	mkfifo "$TMP/fill.in" "$TMP/fill.out"
	memfill "$@" <"$TMP/fill.in" >"$TMP/fill.out" &
	FILL_PID=$!
	exec 8>"$TMP/fill.in" 9<"$TMP/fill.out"
	read -r said <&9
	[ "$said" = "filled $1" ] || { echo "memfill: $said"; return 1; }
}

# fill_ask where|check
fill_ask()
{
	local said=gone

	echo "$1" >&8
	read -r said <&9
	echo "$said"
}

fill_stop()
{
	[ -n "$FILL_PID" ] || return 0
	exec 8>&- 9<&-
	kill "$FILL_PID" 2>/dev/null
	wait "$FILL_PID" 2>/dev/null
	FILL_PID=
	rm -f "$TMP/fill.in" "$TMP/fill.out"
}

# put_each STATE BLOCK...: somebody puts blocks of the device there
put_each()
{
	local state=$1 from block

	shift
	from=$(first_block)
	for block; do
		put $MEM/memory$((from + block))/state "$state"
	done | sort -u
}

pages_moved()
{
	awk '/^pgmigrate_success/ { print $2 }' /proc/vmstat
}

# free_goes_first: only the highest of the plugged blocks is in use; all are
# unplugged, and nothing is moved to one that has to go after it
free_goes_first()
{
	local last fill=$((64 * MiB)) page top there before after

	page=$(getconf PAGESIZE)
	last=$(($(get plugged_size) / BLOCK - 1))
	top=$(($(get address) + last * BLOCK))
	# shellcheck disable=SC2046 # a word each
	is "only the highest block is online" \
		"$(put_each offline $(seq 0 $((last - 1)))) $(get online_blocks)" \
		"ok $last"
	fill_start $fill $top $((top + BLOCK)) || die "no memory to fill"
	there=$(fill_ask where)
	say "$there bytes of $fill are in it"
	check "it is in use" [ "$there" -ge $((fill / 2)) ]
	# shellcheck disable=SC2046
	is "the others come online" \
		"$(put_each online_movable $(seq 0 $((last - 1)))) $(get online_blocks)" \
		"ok 0-$last"
	before=$(pages_moved)
	is "unplug all" "$(put_dev unplug all)" ok
	after=$(($(pages_moved) - before))
	say "$after pages were moved"
	check "what is in use is moved" [ $after -ge $((there / page)) ]
	check "and once" [ $after -lt $(((there + fill / 2) / page)) ]
	is "nothing was lost" "$(fill_ask check)" intact
	fill_stop
}

# pin_start LOW HIGH: a page at LOW..HIGH-1 that cannot be moved
pin_start()
{
	local said=

	mkfifo "$TMP/pin.in" "$TMP/pin.out"
	mempin "$1" "$2" $(($(meminfo MemFree) * 1024 / 2)) \
		<"$TMP/pin.in" >"$TMP/pin.out" &
	PIN_PID=$!
	exec 6>"$TMP/pin.in" 7<"$TMP/pin.out"
	read -r said <&7
	case $said in
	pinned*)	return 0 ;;
	esac
	echo "mempin: $said"
	return 1
}

pin_stop()
{
	[ -n "$PIN_PID" ] || return 0
	exec 6>&- 7<&-
	kill "$PIN_PID" 2>/dev/null
	wait "$PIN_PID" 2>/dev/null
	PIN_PID=
	rm -f "$TMP/pin.in" "$TMP/pin.out"
}
