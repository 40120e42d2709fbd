# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2034 # what the tests use
#
# Functions for all tests: TAP, numbers, the log, and the machine's view of its
# memory. Those for the module are in device_lib.sh. Sourced, never run.

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
MiB=$((1 << 20))
GiB=$((1 << 30))

# --- TAP ---------------------------------------------------------------------

# shellcheck source=/dev/null # the kernel's
. ktap_helpers.sh
ktap_print_header

# ktap HELPER TEXT: call a helper so that it does not split the text into words
# and expand them
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

# total_is_back TOTAL [NR]: MemTotal is TOTAL plus the memmap of at most NR
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

# soft_reserved: set SOFT and SOFT_SIZE to the soft-reserved range on the
# command line, which newer kernels do not show in /proc/iomem
soft_reserved()
{
	local word

	word=$(grep -o 'memmap=[^ ]*%[^ ]*+0xefffffff' /proc/cmdline) || return
	word=${word#memmap=}
	SOFT_SIZE=$(bytes "${word%%%*}")
	word=${word#*%}
	SOFT=$(bytes "${word%%-*}")
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

# --- requirements ------------------------------------------------------------

. "$HERE/device_lib.sh"
TMP=$(mktemp -d "${TMPDIR:-/tmp}/memdev-test.XXXXXX") || exit 1
trap 'cleanup >/dev/null 2>&1; rm -rf "$TMP"' EXIT
trap 'exit 1' INT TERM HUP

[ "$(id -u)" = 0 ] || skip_all "needs root"
[ -r $MEM/block_size_bytes ] || skip_all "this kernel cannot hotplug memory"
need write_errno write_diff snapshot memfill mempin memtoggle uevents pollattr \
	lsmem setpriv modprobe
BLOCK=$((0x$(cat $MEM/block_size_bytes)))
