# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2034,SC2153,SC2154 # what the tests use, what lib.sh sets
#
# Functions for the module, its windows and devices, and for programs that hold
# their memory. lib.sh sources it.

D=$BUS/devices/memdev0
RESERVED=
RESERVED_SIZE=0

# --- windows -----------------------------------------------------------------

# Find the largest range that the command line reserves with memmap=SIZE$START,
# cut to whole blocks. Sets RESERVED and RESERVED_SIZE, or fails.
reserved()
{
	local word size start end

	RESERVED='' RESERVED_SIZE=0

	# shellcheck disable=SC2013 # words
	for word in $(grep -o 'memmap=[^ ]*\$[^ ]*' /proc/cmdline); do
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
	[ -e "$D" ] || die "window=$spec created no device" "$(log_memdev)"
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
	[ ! -e "$BUS" ] || { echo "$BUS still exists"; return 1; }
	[ ! -e "$WINDOWS" ] || { echo "$WINDOWS still exists"; return 1; }
}

# --- the device $D -----------------------------------------------------------

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

# memory_state: the files that show memory, without the failure counters
memory_state()
{
	write_diff
}

# --- programs that hold memory ------------------------------------------------

HOLD_PID=

# hold_start READY PROGRAM [ARGUMENT...]: start a program and set HELD to its
# first line; fail unless that line begins with READY. Only one runs at a time.
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
		put "$MEM/memory$((from + block))/state" "$state"
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
	check "the highest block is in use" [ "$there" -ge $((fill / 2)) ]
	unplug_used ""
	check "the used pages are migrated" [ $MOVED -ge $((there / page)) ]
	check "the used pages are migrated only once" \
		[ $MOVED -lt $(((there + fill / 2) / page)) ]
	is "no data is lost" "$(fill_ask check)" intact
	hold_stop
}
