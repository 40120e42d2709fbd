#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# An operation answers for itself, whatever others do at the same time; all of what
# is done already is a success; last_error is empty after a success; and retired
# blocks are named where they limit something.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 alone=yes
# VM: usual=6.1

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl nlreq
need_mounted $DEBUG

n=6
rounds=$(on_debug 15 40)

# plug_counts: plugs, unplugs, and how many of each have failed
plug_counts()
{
	echo "$(get stats/plug_count) $(get stats/unplug_count)" \
	     "$(get stats/plug_failures) $(get stats/unplug_failures)"
}

# refused ATTRIBUTE TEXT ERRNO: and last_error says why
refused()
{
	local got

	got=$(put_dev "$1" "$2")
	is "'$2' to $1 is refused with $3" "$got" "$3"
	check "with a reason" [ -n "$(get last_error)" ]
}

# no_error NAME: the last operation has succeeded
no_error()
{
	is "$1: last_error is empty" "$(get last_error)" ""
}

# others TEXT: somebody asks for a plug that is refused, again and again
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

# heard REGEX: a message like that was heard
heard()
{
	grep -qE "$1" "$TMP/events"
}

load_blocks $n
size=$(get size)
nlreq listen monitor >"$TMP/events" &
check "somebody monitors" until_true 60 heard '^listening'

# --- all of what is done already -------------------------------------------------

before=$(plug_counts)
is "unplug all of nothing" "$(put_dev unplug all)" ok
no_error "unplug all of nothing"
is "by netlink" "$(nlreq dev-unplug index=0 all)" ok
runs "by memdevctl" unplug 0 all
is "is no operation" "$(plug_counts)" "$before"
is "plug all" "$(put_dev plug all)" ok
before=$(plug_counts)
is "plug all of what is plugged" "$(put_dev plug all)" ok
no_error "plug all of what is plugged"
is "by netlink" "$(nlreq dev-plug index=0 all)" ok
runs "by memdevctl" plug 0 all
is "is no operation" "$(plug_counts)" "$before"
is "all blocks are plugged" "$(get plugged_size)" "$size"
refused plug $BLOCK ENOSPC
is "plug all of what is plugged" "$(put_dev plug all)" ok
no_error "a failure before"
is "unplug all" "$(put_dev unplug all)" ok
check "the one refusal was heard" until_true 60 heard \
	"^dev-refused-ntf .* refusal.asked=$BLOCK "
is "and no other" "$(grep -c '^dev-refused-ntf' "$TMP/events")" 1

is "plugs fail" "$(faults "add errno=EIO")" ok
is "a size is requested" "$(put_dev requested_size $BLOCK)" ok
check "and not reached" until_true 60 \
	sh -c "[ \$(cat $D/stats/plug_failures) -ge 2 ]"
is "unplug all of nothing" "$(put_dev unplug all)" ok
is "means that nothing is requested any more" "$(get requested_size)" 0
is "plugs succeed" "$(faults clear)" ok

# --- last_error is empty after a success -------------------------------------------

refused plug 1 EINVAL
is "a setting" "$(put_dev unplug_timeout_ms 0)" ok
no_error "a setting"
refused plug junk EINVAL
is "another setting" "$(put_dev online_type online_movable)" ok
no_error "another setting"
refused plug 1 EINVAL
is "a requested size" "$(put_dev requested_size $BLOCK)" ok
check "is reached" until_true 60 sh -c "[ \$(cat $D/plugged_size) = $BLOCK ]"
check "nothing goes on" until_true 60 sh -c "[ \$(cat $D/state) = partial ]"
no_error "in the background"
is "blocks do not come online" "$(faults "online block=3 errno=EIO")" ok
is "plug all" "$(put_dev plug all)" ok
no_error "a block that is not online"
is "which online_size tells" "$(get online_size) $(get online_blocks)" \
	"$((size - BLOCK)) 0-2,4-5"
is "unplug some" "$(put_dev unplug $((3 * BLOCK)))" ok
is "by netlink the answer has it" "$(nlreq dev-plug index=0 all)" \
	"ok \"block 3 is plugged, but did not go online_movable (-5)\""
is "unplug some" "$(put_dev unplug $((3 * BLOCK)))" ok
fails "by memdevctl, too" 0 \
	"memdevctl: memdev0: plug all: done, but block 3 is plugged, but did not go online_movable (-5)" \
	plug 0 all
is "all come online" "$(faults clear)" ok
is "unplug all" "$(put_dev unplug all)" ok
check "a device is refused" one_of "$(put $BUS/new_device junk)" EINVAL
check "the bus' last_error tells" [ -n "$(cat $BUS/last_error)" ]
is "the window's limit is set" \
	"$(put $WINDOWS/window0/limit "$(cat $WINDOWS/window0/limit)")" ok
is "the bus' last_error is empty" "$(cat $BUS/last_error)" ""

# --- while others fail ------------------------------------------------------------------

# quiet ROUNDS: whatever memdevctl does succeeds, and it says nothing
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

# own_words ROUNDS: each failure is told with its own numbers
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
check "memdevctl tells of its own successes" quiet "$rounds"
others_end
others $(((n + 3) * BLOCK))
check "and of its own failures" own_words "$rounds"
others_end

# Both plug all; one finds nothing to do, or what is left
for _ in 1 2 3 4 5; do
	memdevctl plug 0 all >"$TMP/first" 2>&1 &
	memdevctl plug memdev0 all 2>&1
	echo $?
	wait $!
	echo $?
	cat "$TMP/first"
	memdevctl unplug 0 all 2>&1
done >"$TMP/both"
is "two plug all at once" "$(xargs <"$TMP/both")" "0 0 0 0 0 0 0 0 0 0"

is "a plug is done in part, and not undone" \
	"$(faults "offline block=2 errno=EBUSY")" ok
is "plug all" "$(put_dev plug all)" ok
others 1
fails "memdevctl tells how much was done, and the block" 64 \
	"memdevctl: memdev0: unplug all: $(((size - BLOCK) >> 20))M done, then block memory$(($(first_block) + 2)) (0x*) refused: *(-16)" \
	unplug 0 all
others_end
is "all can be unplugged" "$(faults clear)" ok
is "unplug all" "$(put_dev unplug all)" ok

# --- retired blocks -----------------------------------------------------------------

if [ ! -e $MEM/hard_offline_page ]; then
	skip "retired blocks" "this kernel cannot poison a page"
	finish
fi
is "plug all" "$(put_dev plug all)" ok
is "a page of block 1 is poisoned" "$(faults "poison block=1")" ok
is "unplug all" "$(put_dev unplug all)" ok
is "it is retired" "$(get retired_blocks)" 1
check "which is heard" until_true 60 heard \
	"^dev-retired-ntf seq=[0-9]+ device=0 address=$(($(get address) + BLOCK)) block=1\$"
is "plug all names it" "$(nlreq dev-plug index=0 all)" \
	"ok \"retired blocks are left out: 1\""
no_error "plug all but what is retired"
is "plug all of nothing else is refused" "$(put_dev plug all)" ENOSPC
is "which names it" "$(get last_error)" \
	"nothing is left to plug but retired blocks: 1"
is "unplug some" "$(put_dev unplug $BLOCK)" ok
fails "memdevctl plug all names it" 0 \
	"memdevctl: memdev0: plug all: done, but retired blocks are left out: 1" \
	plug 0 all
is "unplug some" "$(put_dev unplug $BLOCK)" ok
refused plug $((2 * BLOCK)) ENOSPC
check "which names it" grep -q 'retired blocks: 1$' $D/last_error
is "a requested size that it limits" \
	"$(nlreq dev-set index=0 requested-size="$size")" \
	"ok \"not all of it can be plugged, retired blocks: 1\""
check "what can be plugged is" until_true 60 \
	sh -c "[ \$(cat $D/plugged_size) = $((size - BLOCK)) ]"
check "and what cannot is named" until_true 60 \
	grep -q 'retired blocks: 1$' $D/last_error
fails "resize --wait does not wait for it" 1 \
	"memdevctl: memdev0: resize $size: not waiting, at most $(((size - BLOCK) >> 20))M can be plugged, retired blocks: 1" \
	resize --wait 0 "$size"
runs "but for what can be" resize --wait 0 $((size - BLOCK))
is "unplug all" "$(put_dev unplug all)" ok

is "a dimm" "$(put $BUS/del_device memdev0)" ok
is "with a retired block" "$(put $BUS/new_device "size=$size kind=dimm")" ok
refused plug all ENOSPC
check "which names it" grep -q 'retired blocks: 1$' $D/last_error
refused plug "$size" ENOSPC
check "which names it" grep -q 'retired blocks: 1$' $D/last_error
fails "resize --wait does not wait for it" 1 \
	"memdevctl: memdev0: resize $size: not waiting, *retired blocks: 1" \
	resize --wait 0 "$size"
is "nothing is requested" "$(put_dev requested_size 0)" ok
is "a dimm without" "$(put $BUS/del_device memdev0)" ok
is "is made" "$(put $BUS/new_device "size=$BLOCK kind=dimm")" ok
no_deadline
is "unplug all of nothing" "$(put_dev unplug all)" ok
is "plug all" "$(put_dev plug all)" ok
is "plug all of what is plugged" "$(put_dev plug all)" ok
no_error "plug all of what is plugged"
is "there was one operation" "$(plug_counts)" "1 0 0 0"
is "unplug all" "$(put_dev unplug all)" ok
check "the kernel logged no warning" log_quiet
finish
