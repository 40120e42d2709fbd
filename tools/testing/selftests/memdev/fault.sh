#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Scripted faults: what they hit, and that whatever fails, or has to be undone
# and fails once more, nothing is lost track of.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 debug"
# VM: memmap: mem=4G timeout=1800 append=memmap=1G$0x100000000
# VM: memmap: append=memory_hotplug.memmap_on_memory=1 kernels=7.3 usual=7.3 alone=yes
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=7.3 alone=yes
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off"
# VM: blocks2g: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG $TRACE

# A wait that only something else than time ends
LONG=3600000

# the rules of the device $D, without what follows them
rules()
{
	sed 's/ *#.*//' "$(faults_file)"
}

# what follows them: "SEEN HIT" of each, one after the other
counts()
{
	sed -n 's/.*# rule [0-9]*: seen \([0-9]*\), hit \([0-9]*\)$/\1 \2/p' \
		"$(faults_file)" | xargs
}

# something waits because of the first rule of the device $D
hit()
{
	case $(counts) in
	"1 1"*)	return 0 ;;
	*)	return 1 ;;
	esac
}

# the first rule has been asked
tried()
{
	case $(counts) in
	"0 "*)	return 1 ;;
	*)	return 0 ;;
	esac
}

# set_faults LINE...: these and no others
set_faults()
{
	local line

	[ "$(faults clear)" = ok ] || die "clear was not accepted"
	for line; do
		[ "$(faults "$line")" = ok ] && continue
		die "$line was not accepted" "$(get last_error)"
	done
}

# zones: each plugged block of the device and its state
zones()
{
	local block first
	first=$(first_block)

	for block in $(expand "$(get plugged_blocks)"); do
		echo "$block $(cat "$MEM/memory$((first + block))/state") $(
			zone_of $((first + block)))"
	done
}

# all_again NAME: faults gone, what is there comes out and goes in again
all_again()
{
	set_faults
	if [ "$(get plugged_size)" != 0 ]; then
		is "$1: unplug all" "$(put_dev unplug all)" ok
	fi
	is "$1: plug all" "$(put_dev plug all)" ok
	is "$1: all of it is online" "$(get online_size) $(get last_error)" \
		"$(get size) "
	check "$1: sysfs, /proc/iomem and lsmem agree" agree
}

# begin_op ATTRIBUTE TEXT: in the background; not by put_dev, as OP is who writes
begin_op()
{
	printf '%s\n' "$2" | write_errno "$D/$1" >"$TMP/op" &
	OP=$!
}

# start_op ATTRIBUTE TEXT: the same, until a rule makes it wait
start_op()
{
	begin_op "$1" "$2"
	until_true 60 hit || die "$1 of $2 was not hit" "$(counts)"
}

# end_op: by a signal; sets SAID. Not in a subshell, which could not wait.
end_op()
{
	kill -INT $OP
	wait $OP
	SAID=$(cat "$TMP/op")
}

# set_up: what each device of this test is
set_up()
{
	no_deadline
	[ "$(cat /sys/module/memory_hotplug/parameters/memmap_on_memory \
		2>/dev/null)" = Y ] || return
	[ "$(put_dev memmap_on_memory 1)" = ok ] ||
		die "memmap_on_memory was not accepted" "$(get last_error)"
}

n=6
log_mark
load_blocks $n
set_up
size=$(get size)
F=$(faults_file)

# --- the file ------------------------------------------------------------------

is "root alone reads and writes the file" "$(stat -c %a "$F")" 600
is "there are no rules" "$(cat "$F")" ""
cat >"$TMP/rules" <<EOF
add errno=ENOMEM nth=2 times=1
online delay=500
offline block=3 errno=EBUSY
remove errno=EBUSY chance=100 seed=7
answer errno=122 delay=1 every=3
EOF
while read -r line; do
	is "'$line' is accepted" "$(faults "$line")" ok
done <"$TMP/rules"
is "rules are shown as they were written" "$(rules | diff "$TMP/rules" -)" ""
cp "$F" "$TMP/shown"
is "clear" "$(faults clear)" ok
is "there are no rules" "$(cat "$F")" ""
is "what was shown is written back" "$(write_errno "$F" <"$TMP/shown")" ok
is "and is shown again" "$(rules | diff "$TMP/rules" -)" ""
is "numbers are not used again" \
	"$(sed 's/.*# rule \([0-9]*\):.*/\1/' "$F" | xargs)" "6 7 8 9 10"
is "del 8" "$(faults "del 8")" ok
is "removes that one" "$(rules | diff "$TMP/rules" - | grep '^[<>]')" \
	"< offline block=3 errno=EBUSY"
is "del of one that has gone" "$(faults "del 8")" ENOENT

rules >"$TMP/rules"
while IFS='|' read -r want text; do
	put_dev plug 0 >/dev/null
	is "'$text' is refused" "$(faults "$text")" "$want"
	case $(get last_error) in
	""|"'0'"*|"'0"*) fail "with a reason" "$(get last_error)" ;;
	*)		say "$(get last_error)" ;;
	esac
done <<EOF
EINVAL|offline
EINVAL|offline block=1
EINVAL|nosuch errno=EIO
EINVAL|add errno=0
EINVAL|add errno=ENOSUCH
EINVAL|add errno
EINVAL|add errno=EIO errno=EIO
EINVAL|add errno=EIO nosuch=1
EINVAL|add errno=EIO page=1
EINVAL|add errno=EIO nth=0
EINVAL|add errno=EIO every=0
EINVAL|add errno=EIO times=0
EINVAL|add errno=EIO chance=0
ERANGE|add errno=EIO chance=1001
EINVAL|add errno=EIO nth=-1
EINVAL|add errno=EIO nth=+1
ERANGE|add errno=EIO nth=4294967296
ERANGE|add errno=512
ERANGE|add delay=3600001
ERANGE|add block=$n errno=EIO
EINVAL|answer block=0 errno=EIO
EINVAL|del
EINVAL|del x
EINVAL|del 1 2
ENOENT|del 99999
EINVAL|clear all
EINVAL|poison
EINVAL|poison page=1
EINVAL|poison block=0 errno=EIO
ERANGE|poison block=$n
ENXIO|poison block=0
EOF
is "none of them changes anything" "$(rules | diff "$TMP/rules" -)" ""
is "of several lines all are read first" \
	"$(printf 'add errno=EIO\nadd errno=X\n' | write_errno "$F")" EINVAL
is "bytes that are no text are refused" "$(printf 'add \001' | write_errno "$F")" EINVAL
is "so is a byte 0" "$(printf 'clear\0' | write_errno "$F")" EINVAL
is "and nothing of it is done" "$(rules | diff "$TMP/rules" -)" ""
is "too much is refused" "$(head -c 20000 /dev/zero | tr '\0' '#' | write_errno "$F")" \
	E2BIG
set_faults
i=0
while [ $i -lt 64 ]; do
	echo "add delay=1"
	i=$((i + 1))
done >"$TMP/many"
is "64 rules" "$(write_errno "$F" <"$TMP/many")" ok
is "are all there" "$(rules | wc -l)" 64
is "one more is refused" "$(faults "add delay=1")" ENOSPC
set_faults

# --- add ------------------------------------------------------------------------

set_faults "add errno=ENOMEM nth=2 times=1"
is "the 2nd add fails: plug all" "$(put_dev plug all)" ENOMEM
say "$(get last_error)"
is "it was hit" "$(counts)" "2 1"
is "what was added is taken back" "$(get plugged_size) $(get state)" \
	"0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree
is "plug all" "$(put_dev plug all)" ok
check "that was once: it is not hit again" [ "$(counts | cut -d' ' -f2)" = 1 ]
is "all is plugged" "$(get plugged_size)" "$size"
is "unplug all" "$(put_dev unplug all)" ok

set_faults "add errno=EIO nth=2" "offline block=0 errno=EBUSY times=1"
is "an add fails, and an offline when it is undone" "$(put_dev plug all)" EIO
say "$(get last_error)"
is "what did not come out is plugged" \
	"$(get plugged_blocks) $(get online_blocks) $(get requested_size)" \
	"0 0 $BLOCK"
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "an undo that failed"

set_faults "add block=$((n - 1)) errno=EIO" "remove block=0 errno=EIO"
is "unplug all but what cannot be removed" "$(put_dev unplug all)" EIO
say "$(get last_error)"
is "that is plugged, and offline" "$(get plugged_blocks) $(get online_blocks)" \
	"0 "
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults
is "unplug all" "$(put_dev unplug all)" ok
set_faults "add block=$((n - 1)) errno=EIO" "remove block=0 errno=EIO"
is "an add fails, and a remove when it is undone" "$(put_dev plug all)" EIO
is "what did not go is plugged" "$(get plugged_blocks) $(get online_blocks)" \
	"0 "
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "an undo that failed"

# --- online ---------------------------------------------------------------------

set_faults
is "unplug all" "$(put_dev unplug all)" ok
set_faults "online block=3 errno=EIO"
is "a block does not come online: plug all" "$(put_dev plug all)" ok
is "it is plugged and offline" "$(get plugged_blocks) $(get online_blocks)" \
	"0-5 0-2,4-5"
is "which is no error" "$(get last_error)" ""
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults
is "unplug all" "$(put_dev unplug all)" ok

set_faults "online errno=EIO nth=2 every=2 times=2"
is "every 2nd from the 2nd on, twice: plug all" "$(put_dev plug all)" ok
is "are not online" "$(get online_blocks)" 0,2,4-5
is "all were counted" "$(counts)" "6 2"
set_faults
is "unplug all" "$(put_dev unplug all)" ok

# drawn SEED: the blocks that come online when half of them shall not
drawn()
{
	set_faults "online errno=EIO chance=500 seed=$1"
	put_dev plug all >/dev/null
	get online_blocks
	set_faults
	put_dev unplug all >/dev/null
}
first=$(drawn 3)
is "the same seed, the same blocks" "$(drawn 3)" "$first"
seen=$first
for seed in 4 5 6 7; do
	[ "$(drawn $seed)" = "$first" ] || seen=others
done
is "not those of every seed" "$seen" others
set_faults "online errno=EIO chance=1"
case $(rules) in
"online errno=EIO chance=1 seed="[0-9]*)
	pass "a seed that was not said is shown" ;;
*)	fail "a seed that was not said is shown" "$(rules)" ;;
esac
set_faults
is "plug all" "$(put_dev plug all)" ok

# --- offline --------------------------------------------------------------------

set_faults "offline block=5 errno=EBUSY"
is "a block refuses: unplug of one" "$(put_dev unplug $BLOCK)" ok
is "takes the next" "$(get plugged_blocks) $(get online_blocks)" \
	"0-3,5 0-3,5"
is "unplug all takes the others" "$(put_dev unplug all)" EBUSY
say "$(get last_error)"
is "it stays as it was" "$(get plugged_blocks) $(get online_blocks)" "5 5"
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "a block that refused"

# What only wants more time gets it until something ends it.
set_faults "offline errno=EAGAIN"
is "unplug_timeout_ms 1000" "$(put_dev unplug_timeout_ms 1000)" ok
is "a block that is never ready: unplug of one" \
	"$(put_dev unplug $BLOCK)" ETIMEDOUT
check "sysfs, /proc/iomem and lsmem agree" agree
no_deadline
all_again "blocks that were never ready"

# --- remove ---------------------------------------------------------------------

set_faults "remove errno=EBUSY times=1"
is "a remove that fails once: unplug of one" "$(put_dev unplug $BLOCK)" ok
is "is tried again" "$(get plugged_blocks)" 0-4
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove block=4 errno=EIO"
is "a block that cannot be removed: unplug of one" \
	"$(put_dev unplug $BLOCK)" ok
is "takes the next" "$(get plugged_blocks) $(get online_blocks)" "0-2,4 0-2"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove errno=EIO"
is "none can be removed: unplug all fails, and does not go on for ever" \
	"$(put_dev unplug all)" EIO
case $(get last_error) in
*"removing it failed"*)	pass "last_error says so" ;;
*)			fail "last_error says so" "$(get last_error)" ;;
esac
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "removes that failed"

# --- delays ---------------------------------------------------------------------

set_faults "offline delay=300" "offline errno=EBUSY nth=1 times=1 delay=300"
before=$(uptime_ms)
is "two rules hit one step: unplug of one" "$(put_dev unplug $BLOCK)" ok
after=$(uptime_ms)
is "the second fails it, both delay it, the first the next, too" \
	"$(get plugged_blocks) $([ $((after - before)) -ge 890 ] && echo slow)" \
	"0-3,5 slow"
is "both were counted" "$(counts)" "2 2 2 1"

set_faults "answer delay=$LONG"
start_op unplug all
is "a device that does not answer: its state" "$(get state)" unplugging
is "it is not deleted" "$(put $BUS/del_device memdev0)" EBUSY
end_op
is "a signal ends it" "$SAID" EINTR
say "$(get last_error)"
is "nothing has changed" "$(get plugged_blocks)" 0-3,5
check "sysfs, /proc/iomem and lsmem agree" agree
is "unplug_timeout_ms 300" "$(put_dev unplug_timeout_ms 300)" ok
is "the deadline ends it" "$(put_dev unplug all)" ETIMEDOUT
set_faults "offline delay=$LONG"
is "the deadline ends a step that waits" "$(put_dev unplug all)" ETIMEDOUT
no_deadline
set_faults "answer errno=ENXIO"
is "a device that refuses everything: unplug" "$(put_dev unplug all)" ENXIO
is "and plug" "$(put_dev plug all)" ENXIO
is "nothing has changed" "$(get plugged_blocks)" 0-3,5
set_faults
is "unplug all" "$(put_dev unplug all)" ok

# The last one: nothing else looks whether the plug has to end.
set_faults "add block=$((n - 1)) delay=$LONG"
start_op plug all
end_op
is "a signal ends an add that waits" "$SAID" EINTR
is "nothing is plugged" "$(get plugged_size)" 0
check "sysfs, /proc/iomem and lsmem agree" agree

set_faults "add delay=$LONG"
is "the worker plugs" "$(put_dev requested_size "$size")" ok
check "and waits" until_true 60 hit
is "who wants something else does not wait for it" \
	"$(put_dev requested_size 0)" ok
is "the device can be deleted" "$(put $BUS/del_device memdev0)" ok
check "its file has gone" [ ! -e "$F" ]
is "a new one" "$(put $BUS/new_device "size=$size")" ok
set_up
is "has no rules" "$(cat "$F")" ""
is "plug all" "$(put_dev plug all)" ok

# --- traces ---------------------------------------------------------------------

event=$TRACE/events/memdev/memdev_fault
if [ -e $event/enable ]; then
	echo >$TRACE/trace
	echo 1 >$event/enable
	set_faults "offline block=5 errno=EBUSY delay=10"
	put_dev unplug $BLOCK >/dev/null
	set_faults
	put_dev unplug $BLOCK >/dev/null
	echo 0 >$event/enable
	addr=$(hex $(($(get address) + 5 * BLOCK)))
	is "a fault is traced, and nothing else" \
		"$(sed -n 's/.*memdev_fault: //p' $TRACE/trace)" \
		"memdev0 offline addr=$addr size=$BLOCK rc=-16 delay=10"
else
	skip "a fault is traced" "this kernel does not trace"
fi

# --- a dimm ---------------------------------------------------------------------

is "unplug all" "$(put_dev unplug all)" ok
is "del_device" "$(put $BUS/del_device memdev0)" ok
is "a dimm" "$(put $BUS/new_device "size=$size kind=dimm")" ok
set_up
is "plug all" "$(put_dev plug all)" ok
zones >"$TMP/zones"

set_faults "offline block=2 errno=EBUSY"
is "a block of a dimm refuses: unplug all" "$(put_dev unplug all)" EBUSY
say "$(get last_error)"
is "all is as it was, zones too" "$(zones | diff "$TMP/zones" -)" ""
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove errno=EIO"
is "a dimm cannot be removed: unplug all" "$(put_dev unplug all)" EIO
say "$(get last_error)"
is "all is as it was, zones too" "$(zones | diff "$TMP/zones" -)" ""
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove block=3 errno=EIO" "add delay=10"
is "a block of a dimm cannot be removed: unplug all" \
	"$(put_dev unplug all)" EIO
say "$(get last_error)"
is "all is as it was, zones too" "$(zones | diff "$TMP/zones" -)" ""
check "sysfs, /proc/iomem and lsmem agree" agree
is "unplug_timeout_ms 2000" "$(put_dev unplug_timeout_ms 2000)" ok
set_faults "offline nth=6 delay=$LONG" "online delay=$LONG"
is "its deadline passes: unplug all" "$(put_dev unplug all)" ETIMEDOUT
is "all is as it was, zones too: what undoes it does not wait" \
	"$(zones | diff "$TMP/zones" -)" ""
no_deadline
set_faults "remove errno=EIO" "online block=2 errno=EIO"
is "it cannot be removed, and a block does not come back" \
	"$(put_dev unplug all)" EIO
say "$(get last_error)"
is "it is shown as what it is" "$(get plugged_blocks) $(get online_blocks)" \
	"0-5 0-1,3-5"
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "a dimm"

# What is taken offline by somebody else while it, or another one, is tried
first=$(first_block)
for took in 2 "0 1 2 3 4 5"; do
	set_faults "offline errno=EAGAIN" "remove errno=EIO"
	rule=$(sed -n 's/.*EAGAIN.*# rule \([0-9]*\):.*/\1/p' "$F")
	cp "$TMP/zones" "$TMP/zones.user"
	begin_op unplug all
	check "an unplug tries" until_true 60 tried
	for block in $took; do
		is "a user takes block $block offline" \
			"$(put "$MEM/memory$((first + block))/state" offline)" ok
		sed -i "s/^$block .*/$block offline/" "$TMP/zones.user"
	done
	is "they are not tried in vain any more" "$(faults "del $rule")" ok
	wait $OP
	is "but the dimm cannot be removed" "$(cat "$TMP/op")" EIO
	is "what the user took stays offline, the others are as they were" \
		"$(zones | sed "s/ offline .*/ offline/" |
			diff "$TMP/zones.user" -)" ""
	check "sysfs, /proc/iomem and lsmem agree" agree
	all_again "a dimm, of which a user took $took"
done

set_faults
is "unplug all" "$(put_dev unplug all)" ok
set_faults "add block=5 errno=EIO" "offline block=0 errno=EBUSY" \
	"offline block=2 errno=EBUSY"
is "a plug of a dimm fails, and so does undoing it" "$(put_dev plug all)" EIO
left=$(get plugged_blocks)
say "left: $left"
is "what did not come out is plugged" "$left $(get online_blocks)" "0,2 0,2"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove block=2 errno=EIO"
is "of what is left a part cannot be removed" "$(put_dev unplug all)" EIO
say "$(get last_error)"
is "what was removed before is back" \
	"$(get plugged_blocks) $(get online_blocks)" "0,2 0,2"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove block=2 errno=EIO" "add errno=EIO"
is "and what cannot come back" "$(put_dev unplug all)" EIO
is "is not plugged" "$(get plugged_blocks) $(get online_blocks)" "2 2"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults
is "the rest of the dimm can be plugged" "$(put_dev plug all)" ok
is "and all of it is" "$(get plugged_size) $(get online_size)" "$size $size"
set_faults
is "unplug all" "$(put_dev unplug all)" ok
set_faults "add block=5 errno=EIO" "offline block=0 errno=EBUSY"
is "a plug fails, and so does undoing it" "$(put_dev plug all)" EIO
set_faults
is "what is left of the dimm can be unplugged" "$(put_dev unplug all)" ok
is "and nothing of it is plugged" "$(get plugged_size) $(get state)" \
	"0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree

# --- rules come and go meanwhile --------------------------------------------------

is "del_device" "$(put $BUS/del_device memdev0)" ok
is "a virtio-mem device" "$(put $BUS/new_device "size=$size")" ok
set_up
while :; do
	echo "online delay=1" >"$F"
	echo "offline errno=EAGAIN chance=300" >"$F"
	cat "$F" >/dev/null
	echo clear >"$F"
done 2>/dev/null &
busy=$!
for i in 1 2 3; do
	is "rules come and go: plug all, $i" "$(put_dev plug all)" ok
	is "rules come and go: unplug all, $i" "$(put_dev unplug all)" ok
done
kill $busy
wait $busy 2>/dev/null
check "sysfs, /proc/iomem and lsmem agree" agree
exec 5<>"$F"
is "del_device while its file is open" "$(put $BUS/del_device memdev0)" ok
check "what is open then says nothing any more" \
	sh -c '! cat <&5 && ! echo clear >&5'
exec 5>&-
is "a new device" "$(put $BUS/new_device "size=$size")" ok
set_up

# --- poison ---------------------------------------------------------------------

set_faults
is "plug all" "$(put_dev plug all)" ok
if [ -e $MEM/hard_offline_page ]; then
	is "poison block=1" "$(faults "poison block=1")" ok
	is "a page that there is not" \
		"$(faults "poison block=1 page=$((BLOCK / 4096))")" ERANGE
	page=$((BLOCK / 8192))
	is "poison block=4 page=$page" \
		"$(faults "poison block=4 page=$page")" ok
	is "twice is refused" "$(faults "poison block=4 page=$page")" EHWPOISON
	say "$(get last_error)"
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug all" "$(put_dev unplug all)" ok
	is "the blocks are retired" "$(get retired_blocks)" 1,4
	is "plug all" "$(put_dev plug all)" ok
	is "leaves them out" "$(get plugged_blocks)" 0,2-3,5
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "poison block=2" "$(faults "poison block=2")" ok
	set_faults "remove block=2 errno=EIO"
	is "it does not come out" "$(put_dev unplug all)" EIO
	is "and is plugged still" "$(get plugged_blocks)" 2
	is "plug all" "$(put_dev plug all)" ok
	is "plugs what can be" "$(get plugged_blocks)" 0,2-3,5
	set_faults
	is "unplug all" "$(put_dev unplug all)" ok
	is "now it is retired, too" \
		"$(get retired_blocks) $(get plugged_blocks)" "1-2,4 "
else
	is "this kernel cannot poison a page" "$(faults "poison block=1")" \
		EOPNOTSUPP
fi
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "add delay=1" "answer errno=EIO"
check "the kernel did not complain" log_quiet
finish
