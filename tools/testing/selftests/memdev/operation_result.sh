#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# An operation reports its own result, whatever other tasks do meanwhile. A plug
# or unplug of all blocks succeeds if there is nothing left to do, last_error is
# empty after a success, and messages name the retired blocks that limit an
# operation.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 alone=yes
# VM: usual=6.1

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl nlreq
need_mounted $DEBUG

n=6
rounds=$(on_debug 15 40)

# plug_counts: number of plugs and unplugs, and of failed ones
plug_counts()
{
	echo "$(get stats/plug_count) $(get stats/unplug_count)" \
	     "$(get stats/plug_failures) $(get stats/unplug_failures)"
}

# refused ATTRIBUTE TEXT ERRNO: the write fails with ERRNO and last_error has a
# reason
refused()
{
	local got

	got=$(put_dev "$1" "$2")
	is "writing '$2' to $1 fails with $3" "$got" "$3"
	check "last_error has a reason" [ -n "$(get last_error)" ]
}

# no_error WHAT: last_error is empty after WHAT
no_error()
{
	is "last_error is empty after $1" "$(get last_error)" ""
}

# others TEXT: a background task keeps writing TEXT to plug, which is refused
others()
{
	touch "$TMP/others"
	while [ -e "$TMP/others" ]; do
		put_dev plug "$1" >/dev/null
	done &
	OTHERS=$!
}

others_end()
{
	rm "$TMP/others"
	wait $OTHERS
}

# heard REGEX: a netlink message matches REGEX
heard()
{
	grep -qE "$1" "$TMP/events"
}

load_blocks $n
size=$(get size)
nlreq listen monitor >"$TMP/events" &
check "a listener starts" until_true 60 heard '^listening'

# --- nothing left to do -----------------------------------------------------

before=$(plug_counts)
is "unplug all of an unplugged device" "$(put_dev unplug all)" ok
no_error "unplug all of an unplugged device"
is "netlink dev-unplug all of an unplugged device" \
	"$(nlreq dev-unplug index=0 all)" ok
runs "memdevctl unplug all of an unplugged device" unplug 0 all
is "the statistics count no operation" "$(plug_counts)" "$before"
is "plug all" "$(put_dev plug all)" ok
before=$(plug_counts)
is "plug all of a plugged device" "$(put_dev plug all)" ok
no_error "plug all of a plugged device"
is "netlink dev-plug all of a plugged device" "$(nlreq dev-plug index=0 all)" ok
runs "memdevctl plug all of a plugged device" plug 0 all
is "the statistics count no operation" "$(plug_counts)" "$before"
is "all blocks are plugged" "$(get plugged_size)" "$size"
refused plug $BLOCK ENOSPC
is "plug all of a plugged device" "$(put_dev plug all)" ok
no_error "a refusal and plug all"
is "unplug all" "$(put_dev unplug all)" ok
check "the refusal is announced" until_true 60 heard \
	"^dev-refused-ntf .* refusal.asked=$BLOCK "
is "no other refusal is announced" \
	"$(grep -c '^dev-refused-ntf' "$TMP/events")" 1

is "a fault rule fails every add" "$(faults "add errno=EIO")" ok
is "one block is requested" "$(put_dev requested_size $BLOCK)" ok
check "the worker fails to plug" until_true 60 \
	sh -c "[ \$(cat $D/stats/plug_failures) -ge 2 ]"
is "unplug all of an unplugged device" "$(put_dev unplug all)" ok
is "unplug all withdraws the request" "$(get requested_size)" 0
is "the fault rules are cleared" "$(faults clear)" ok

# --- last_error is empty after a success -------------------------------------

refused plug 1 EINVAL
is "unplug_timeout_ms is set" "$(put_dev unplug_timeout_ms 0)" ok
no_error "a write to unplug_timeout_ms"
refused plug junk EINVAL
is "online_type is set" "$(put_dev online_type online_movable)" ok
no_error "a write to online_type"
refused plug 1 EINVAL
is "one block is requested" "$(put_dev requested_size $BLOCK)" ok
check "the worker plugs the block" \
	until_true 60 sh -c "[ \$(cat $D/plugged_size) = $BLOCK ]"
check "the worker is idle" until_true 60 sh -c "[ \$(cat $D/state) = partial ]"
no_error "a plug by the worker"
is "a fault rule keeps block 3 offline" \
	"$(faults "online block=3 errno=EIO")" ok
is "plug all" "$(put_dev plug all)" ok
no_error "a plug that leaves a block offline"
is "online_size omits block 3" "$(get online_size) $(get online_blocks)" \
	"$((size - BLOCK)) 0-2,4-5"
is "unplug three blocks" "$(put_dev unplug $((3 * BLOCK)))" ok
is "the netlink reply warns about block 3" "$(nlreq dev-plug index=0 all)" \
	"ok \"block 3 is plugged and offline: online_movable failed (-5)\""
is "unplug three blocks" "$(put_dev unplug $((3 * BLOCK)))" ok
fails "memdevctl warns about block 3" 0 \
	"memdevctl: memdev0: plug all: done, but block 3 is plugged and offline: online_movable failed (-5)
Try 'memdevctl online memdev0'." \
	plug 0 all
is "unplug all again" "$(put_dev unplug all)" ok
is "a fault rule keeps block 1 offline as well" \
	"$(faults "online block=1 errno=EIO")" ok
fails "memdevctl warns about two blocks" 0 \
	"memdevctl: memdev0: plug all: done, but 2 blocks are plugged and offline, the last is block 3: online_movable failed (-5)
Try 'memdevctl online memdev0'." \
	plug 0 all
is "the fault rules are cleared" "$(faults clear)" ok
is "unplug all" "$(put_dev unplug all)" ok
check "new_device refuses junk" one_of "$(put $BUS/new_device junk)" EINVAL
check "the bus has a last_error" [ -n "$(cat $BUS/last_error)" ]
is "the limit of window0 is set" \
	"$(put $WINDOWS/window0/limit "$(cat $WINDOWS/window0/limit)")" ok
is "the last_error of the bus is empty" "$(cat $BUS/last_error)" ""

# --- beside failing operations ----------------------------------------------

# quiet ROUNDS: memdevctl succeeds and prints no error
quiet()
{
	for _ in $(seq "$1"); do
		for op in "plug $BLOCK" "unplug all" "unplug all"; do
			# shellcheck disable=SC2086 # two words
			set -- $op
			ctl "$1" 0 "$2"
			[ "$RC$ERR" = 0 ] && continue
			echo "$op: $RC $ERR"
			return 1
		done
	done
}

# own_words ROUNDS: each failure names memdevctl's own size
own_words()
{
	local other own

	other=$(in_units $(((n + 3) * BLOCK)))
	own=$(in_units $(((n + 2) * BLOCK)))
	for _ in $(seq "$1"); do
		ctl plug 0 "$own"
		case $RC$ERR in
		*" $other "*)	;;
		1*" $own is more than "*)	continue ;;
		esac
		echo "$RC $ERR"
		return 1
	done
}

others 1
check "memdevctl reports its own successes" quiet "$rounds"
others_end
others $(((n + 3) * BLOCK))
check "memdevctl reports its own failures" own_words "$rounds"
others_end

# If two tasks plug all, one of them plugs the rest or finds nothing to do.
for _ in 1 2 3 4 5; do
	memdevctl plug 0 all >"$TMP/first" 2>&1 &
	memdevctl plug memdev0 all 2>&1
	echo $?
	wait $!
	echo $?
	cat "$TMP/first"
	memdevctl unplug 0 all 2>&1
done >"$TMP/both"
is "two concurrent runs of plug all succeed" \
	"$(xargs <"$TMP/both")" "0 0 0 0 0 0 0 0 0 0"

is "a fault rule keeps one block online" \
	"$(faults "offline block=2 errno=EBUSY")" ok
is "plug all" "$(put_dev plug all)" ok
others 1
fails "memdevctl reports the progress and the block of a partial unplug" 64 \
	"memdevctl: memdev0: unplug all: $(((size - BLOCK) >> 20))M done, then block memory$(($(first_block) + 2)) (0x*) refused: *(-16)" \
	unplug 0 all
others_end
is "the fault rules are cleared" "$(faults clear)" ok
is "unplug all" "$(put_dev unplug all)" ok

# --- retired blocks ----------------------------------------------------------

if [ ! -e $MEM/hard_offline_page ]; then
	skip "retired blocks" "this kernel cannot poison a page"
	finish
fi
is "plug all" "$(put_dev plug all)" ok
is "a page of block 1 is poisoned" "$(faults "poison block=1")" ok
is "unplug all" "$(put_dev unplug all)" ok
is "block 1 is retired" "$(get retired_blocks)" 1
check "the retired block is announced" until_true 60 heard \
	"^dev-retired-ntf seq=[0-9]+ device=0 address=$(($(get address) + BLOCK)) block=1\$"
is "netlink dev-plug all names the retired block" \
	"$(nlreq dev-plug index=0 all)" "ok \"retired blocks are left out: 1\""
no_error "plugging all but the retired block"
is "plug all is refused if only retired blocks are left" "$(put_dev plug all)" ENOSPC
is "last_error names the retired block" "$(get last_error)" \
	"no block is left to plug; retired blocks: 1"
is "unplug one block" "$(put_dev unplug $BLOCK)" ok
fails "memdevctl plug all names the retired block" 0 \
	"memdevctl: memdev0: plug all: done, but retired blocks are left out: 1" \
	plug 0 all
is "unplug one block" "$(put_dev unplug $BLOCK)" ok
refused plug $((2 * BLOCK)) ENOSPC
check "last_error names the retired block" \
	grep -q 'retired blocks: 1$' $D/last_error
is "a requested size that includes the retired block is accepted" \
	"$(nlreq dev-set index=0 requested-size="$size")" \
	"ok \"the requested size cannot be reached; retired blocks: 1\""
check "the worker plugs all other blocks" until_true 60 \
	sh -c "[ \$(cat $D/plugged_size) = $((size - BLOCK)) ]"
check "last_error names the retired block" until_true 60 \
	grep -q 'retired blocks: 1$' $D/last_error
fails "resize --wait fails at once if the size includes the retired block" 1 \
	"memdevctl: memdev0: resize $size: not waiting: at most $(((size - BLOCK) >> 20))M can be plugged; retired blocks: 1" \
	resize --wait 0 "$size"
runs "resize --wait without the retired block" resize --wait 0 $((size - BLOCK))
is "unplug all" "$(put_dev unplug all)" ok

is "del_device" "$(put $BUS/del_device memdev0)" ok
is "a dimm with a retired block is created" \
	"$(put $BUS/new_device "size=$size kind=dimm")" ok
refused plug all ENOSPC
check "last_error names the retired block" \
	grep -q 'retired blocks: 1$' $D/last_error
refused plug "$size" ENOSPC
check "last_error names the retired block" \
	grep -q 'retired blocks: 1$' $D/last_error
fails "resize --wait of the dimm fails at once" 1 \
	"memdevctl: memdev0: resize $size: not waiting: *retired blocks: 1" \
	resize --wait 0 "$size"
is "size 0 is requested" "$(put_dev requested_size 0)" ok
is "del_device" "$(put $BUS/del_device memdev0)" ok
is "a dimm without a retired block is created" \
	"$(put $BUS/new_device "size=$BLOCK kind=dimm")" ok
no_deadline
is "unplug all of an unplugged dimm" "$(put_dev unplug all)" ok
is "plug all" "$(put_dev plug all)" ok
is "plug all of a plugged dimm" "$(put_dev plug all)" ok
no_error "plug all of a plugged device"
is "the statistics count one operation" "$(plug_counts)" "1 0 0 0"
is "unplug all" "$(put_dev unplug all)" ok
check "the kernel logged no warning" log_quiet
finish
