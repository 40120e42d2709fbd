#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Scripted faults hit the steps that they name. Whatever step of an operation or
# its rollback fails, memdev does not lose track of any block.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 debug"
# VM: memmap: mem=4G timeout=1800 append=memmap=1G$0x100000000
# VM: memmap: append=memory_hotplug.memmap_on_memory=1 kernels=7.3 usual=7.3 alone=yes
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=7.3 alone=yes
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

need_mounted $DEBUG $TRACE

# A delay that outlasts the test
LONG=3600000

# rules: the rules of the device $D, without the counters
rules()
{
	sed 's/ *#.*//' "$(faults_file)"
}

# counts: "SEEN HIT" of each rule
counts()
{
	sed -n 's/.*# rule [0-9]*: seen \([0-9]*\), hit \([0-9]*\)$/\1 \2/p' \
		"$(faults_file)" | xargs
}

# hit: the first rule has hit a step
hit()
{
	expr "$(counts)" : "1 1" >/dev/null
}

# tried: the first rule has been checked
tried()
{
	! expr "$(counts)" : "0 " >/dev/null
}

# all_again WHEN: without rules, everything can be unplugged and plugged again
all_again()
{
	set_faults
	if [ "$(get plugged_size)" != 0 ]; then
		is "$1: unplug all" "$(put_dev unplug all)" ok
	fi
	is "$1: plug all" "$(put_dev plug all)" ok
	is "$1: all blocks are online" "$(get online_size) $(get last_error)" \
		"$(get size) "
	check "$1: sysfs, /proc/iomem and lsmem agree" agree
}

# begin_op ATTRIBUTE TEXT: write in the background, without put_dev, so that $OP
# is the writer
begin_op()
{
	printf '%s\n' "$2" | write_errno "$D/$1" >"$TMP/op" &
	OP=$!
}

# start_op ATTRIBUTE TEXT: begin_op, and wait until a rule delays the write
start_op()
{
	begin_op "$1" "$2"
	until_true 60 hit || die "$1 $2: no rule hit" "$(counts)"
}

# end_op: interrupt the writer and set SAID. A subshell could not wait for the
# writer.
end_op()
{
	kill -INT $OP
	wait $OP
	SAID=$(cat "$TMP/op")
}

# set_up: settings for each new device
set_up()
{
	no_deadline
	[ "$(cat /sys/module/memory_hotplug/parameters/memmap_on_memory \
		2>/dev/null)" = Y ] || return
	[ "$(put_dev memmap_on_memory 1)" = ok ] ||
		die "memmap_on_memory was refused" "$(get last_error)"
}

n=6
log_mark
load_blocks $n
set_up
size=$(get size)
F=$(faults_file)

# --- the file ----------------------------------------------------------------

is "only root can read or write the faults file" "$(stat -c %a "$F")" 600
is "a new device has no rules" "$(cat "$F")" ""
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
is "rules read back as written" "$(rules | diff "$TMP/rules" -)" ""
cp "$F" "$TMP/shown"
is "clear" "$(faults clear)" ok
is "clear removes all rules" "$(cat "$F")" ""
is "the output of a read can be written back" \
	"$(write_errno "$F" <"$TMP/shown")" ok
is "the rules read back as written" "$(rules | diff "$TMP/rules" -)" ""
is "rule numbers are not reused" \
	"$(sed 's/.*# rule \([0-9]*\):.*/\1/' "$F" | xargs)" "6 7 8 9 10"
is "del 8" "$(faults "del 8")" ok
is "del 8 removes only rule 8" \
	"$(rules | diff "$TMP/rules" - | grep '^[<>]')" \
	"< offline block=3 errno=EBUSY"
is "del of a removed rule is refused" "$(faults "del 8")" ENOENT

rules >"$TMP/rules"
while IFS='|' read -r want text; do
	put_dev plug 0 >/dev/null
	is "'$text' is refused" "$(faults "$text")" "$want"
	case $(get last_error) in
	""|"'0'"*|"'0"*) fail "the refusal has a reason" "$(get last_error)" ;;
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
is "refused lines change no rule" "$(rules | diff "$TMP/rules" -)" ""
is "a write with one invalid line is refused as a whole" \
	"$(printf 'add errno=EIO\nadd errno=X\n' | write_errno "$F")" EINVAL
is "a control character is refused" \
	"$(printf 'add \001' | write_errno "$F")" EINVAL
is "a NUL byte is refused" "$(printf 'clear\0' | write_errno "$F")" EINVAL
is "refused writes change no rule" "$(rules | diff "$TMP/rules" -)" ""
is "a write of 20000 bytes is refused" \
	"$(head -c 20000 /dev/zero | tr '\0' '#' | write_errno "$F")" E2BIG
set_faults

# random_lines SEED: lines of valid and invalid words
random_lines()
{
	awk -v seed="$1" 'function pick(words, a) {
			return a[1 + int(rand() * split(words, a))]
		}
		BEGIN {
			srand(seed)
			for (i = 0; i < 100; i++) {
				line = pick("add online offline remove answer" \
					    " add poison del clear x add=1 #")
				if (rand() < 0.7)
					line = line " errno=EIO"
				for (n = int(rand() * 4); n; n--)
					line = line " " \
						pick("block errno delay nth every" \
						     " times chance seed page x") \
						pick("= = = = = = = = == x") \
						pick("1 1 1 1 2 3 5 0 133 134 1000" \
						     " 1001 3600001 4294967296 -1 x")
				print line
			}
		}'
}

seed=${SEED:-$(random 1000000)}
accepted=0 refused=0
: >"$TMP/odd"
random_lines "$seed" >"$TMP/random"
while IFS= read -r line; do
	[ "$(rules | wc -l)" -lt 60 ] || set_faults
	rules >"$TMP/rules"
	got=$(faults "$line")
	case $got,$line in
	ok,[ox]*|ok,add*|ok,remove*|ok,answer*)
		accepted=$((accepted + 1))
		# There is one more rule; writing its text adds an equal one.
		rules | sed '$d' | cmp -s - "$TMP/rules" &&
			again=$(rules | tail -n 1) &&
			[ "$(faults "$again")" = ok ] &&
			[ "$(rules | tail -n 1)" = "$again" ] && continue
		;;
	ok,*)
		# The line deletes rules or has no effect.
		rules | grep -qvxFf "$TMP/rules" || continue
		;;
	*)
		refused=$((refused + 1))
		rules | cmp -s - "$TMP/rules" && [ -n "$(get last_error)" ] &&
			continue
		;;
	esac
	echo "'$line': $got" >>"$TMP/odd"
done <"$TMP/random"
say "random lines, SEED=$seed: $accepted rules, $refused refused"
is "each random line adds one rule or changes nothing" "$(cat "$TMP/odd")" ""
check "some random lines are accepted, and some are refused" \
	[ $accepted -gt 5 -a $refused -gt 5 ]
set_faults
i=0
while [ $i -lt 64 ]; do
	echo "add delay=1"
	i=$((i + 1))
done >"$TMP/many"
is "64 rules are accepted" "$(write_errno "$F" <"$TMP/many")" ok
is "all 64 rules are shown" "$(rules | wc -l)" 64
is "a 65th rule is refused" "$(faults "add delay=1")" ENOSPC
set_faults

# --- add ---------------------------------------------------------------------

set_faults "add errno=ENOMEM nth=2 times=1"
is "plug all fails with the errno of the second add" \
	"$(put_dev plug all)" ENOMEM
say "$(get last_error)"
is "the rule hit once" "$(counts)" "2 1"
is "the first add is undone" "$(get plugged_size) $(get state)" "0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree
is "plug all succeeds the next time" "$(put_dev plug all)" ok
check "a rule with times=1 hits only once" [ "$(counts | cut -d' ' -f2)" = 1 ]
is "all blocks are plugged" "$(get plugged_size)" "$size"
is "unplug all" "$(put_dev unplug all)" ok

set_faults "add errno=EIO nth=2" "offline block=0 errno=EBUSY times=1"
is "an add fails, and so does an offline of its undo" "$(put_dev plug all)" EIO
say "$(get last_error)"
is "the block that stayed online is plugged" \
	"$(get plugged_blocks) $(get online_blocks) $(get requested_size)" \
	"0 0 $BLOCK"
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "after a failed undo"

set_faults "add block=$((n - 1)) errno=EIO" "remove block=0 errno=EIO"
is "unplug all skips a block that cannot be removed" "$(put_dev unplug all)" EIO
say "$(get last_error)"
is "the block that did not come online is plugged and offline" \
	"$(get plugged_blocks) $(get online_blocks)" "0 "
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults
is "unplug all" "$(put_dev unplug all)" ok
set_faults "add block=$((n - 1)) errno=EIO" "remove block=0 errno=EIO"
is "an add fails, and so does a remove of its undo" "$(put_dev plug all)" EIO
is "the block that was not removed is plugged and offline" \
	"$(get plugged_blocks) $(get online_blocks)" "0 "
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "after a failed undo"

# --- online ------------------------------------------------------------------

set_faults
is "unplug all" "$(put_dev unplug all)" ok
set_faults "online block=3 errno=EIO"
is "plug all succeeds although a block does not come online" \
	"$(put_dev plug all)" ok
is "the block that did not come online is plugged and offline" \
	"$(get plugged_blocks) $(get online_blocks)" "0-5 0-2,4-5"
is "last_error is empty" "$(get last_error)" ""
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults
is "unplug all" "$(put_dev unplug all)" ok

set_faults "online errno=EIO nth=2 every=2 times=2"
is "plug all succeeds although two blocks stay offline" "$(put_dev plug all)" ok
is "the second and the fourth block are offline" "$(get online_blocks)" 0,2,4-5
is "the rule counts all online steps" "$(counts)" "6 2"
set_faults
is "unplug all" "$(put_dev unplug all)" ok

# drawn SEED: the blocks that come online if half of them fail
drawn()
{
	set_faults "online errno=EIO chance=500 seed=$1"
	put_dev plug all >/dev/null
	get online_blocks
	set_faults
	put_dev unplug all >/dev/null
}
first=$(drawn 3)
is "the same seed hits the same blocks" "$(drawn 3)" "$first"
seen=$first
for seed in 4 5 6 7; do
	[ "$(drawn $seed)" = "$first" ] || seen=others
done
is "another seed hits other blocks" "$seen" others
set_faults "online errno=EIO chance=1"
check "a rule without a seed shows the drawn seed" \
	expr "$(rules)" : "online errno=EIO chance=1 seed=[0-9]"
set_faults
is "plug all" "$(put_dev plug all)" ok

# --- offline -----------------------------------------------------------------

set_faults "offline block=5 errno=EBUSY"
is "unplug of one block while the highest refuses" "$(put_dev unplug $BLOCK)" ok
is "unplug takes the next block" "$(get plugged_blocks) $(get online_blocks)" \
	"0-3,5 0-3,5"
is "unplug all fails" "$(put_dev unplug all)" EBUSY
say "$(get last_error)"
is "only the refusing block is left" \
	"$(get plugged_blocks) $(get online_blocks)" "5 5"
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "after a block refused"

# -EAGAIN is retried until a deadline or a signal.
set_faults "offline errno=EAGAIN"
is "unplug_timeout_ms 1000" "$(put_dev unplug_timeout_ms 1000)" ok
is "unplug of blocks that always return -EAGAIN times out" \
	"$(put_dev unplug $BLOCK)" ETIMEDOUT
check "sysfs, /proc/iomem and lsmem agree" agree
no_deadline
all_again "after blocks returned -EAGAIN"

# --- remove ------------------------------------------------------------------

set_faults "remove errno=EBUSY times=1"
is "unplug of one block whose first remove fails" "$(put_dev unplug $BLOCK)" ok
is "unplug retries the remove" "$(get plugged_blocks)" 0-4
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove block=4 errno=EIO"
is "unplug of one block while the highest cannot be removed" \
	"$(put_dev unplug $BLOCK)" ok
is "unplug takes the next block" \
	"$(get plugged_blocks) $(get online_blocks)" "0-2,4 0-2"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove errno=EIO"
is "unplug all terminates if no block can be removed" \
	"$(put_dev unplug all)" EIO
check "last_error names the failed remove" grep -q "removing it failed" $D/last_error
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "after failed removes"

# --- delays ------------------------------------------------------------------

set_faults "offline delay=300" "offline errno=EBUSY nth=1 times=1 delay=300"
before=$(uptime_ms)
is "two rules hit the same step" "$(put_dev unplug $BLOCK)" ok
after=$(uptime_ms)
is "both rules delay the step, and the second one fails it" \
	"$(get plugged_blocks) $([ $((after - before)) -ge 890 ] && echo slow)" \
	"0-3,5 slow"
is "both rules count the step" "$(counts)" "2 2 2 1"

set_faults "answer delay=$LONG"
start_op unplug all
is "the state is unplugging while the device delays its answer" \
	"$(get state)" unplugging
is "del_device fails during the unplug" "$(put $BUS/del_device memdev0)" EBUSY
end_op
is "a signal ends the delay" "$SAID" EINTR
say "$(get last_error)"
is "no block was unplugged" "$(get plugged_blocks)" 0-3,5
check "sysfs, /proc/iomem and lsmem agree" agree
is "unplug_timeout_ms 300" "$(put_dev unplug_timeout_ms 300)" ok
is "the deadline cuts a delayed answer short" "$(put_dev unplug all)" ETIMEDOUT
set_faults "offline delay=$LONG"
is "the deadline cuts a delayed offline short" "$(put_dev unplug all)" ETIMEDOUT
no_deadline
set_faults "answer errno=ENXIO"
is "a device that refuses everything: unplug all" "$(put_dev unplug all)" ENXIO
is "a device that refuses everything: plug all" "$(put_dev plug all)" ENXIO
is "no block was unplugged" "$(get plugged_blocks)" 0-3,5
set_faults
is "unplug all" "$(put_dev unplug all)" ok

# Delay the last block, after which no step checks for a signal.
set_faults "add block=$((n - 1)) delay=$LONG"
start_op plug all
end_op
is "a signal ends a delayed add" "$SAID" EINTR
is "no block is plugged" "$(get plugged_size)" 0
check "sysfs, /proc/iomem and lsmem agree" agree

set_faults "add delay=$LONG"
is "the worker is requested to plug" "$(put_dev requested_size "$size")" ok
check "a rule delays the worker's add" until_true 60 hit
is "a new requested_size does not wait for the add" \
	"$(put_dev requested_size 0)" ok
is "del_device does not wait for the add" "$(put $BUS/del_device memdev0)" ok
check "the device's faults file is gone" [ ! -e "$F" ]
is "a new device is created" "$(put $BUS/new_device "size=$size")" ok
set_up
is "the new device has no rules" "$(cat "$F")" ""
is "plug all" "$(put_dev plug all)" ok

# --- traces ------------------------------------------------------------------

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
	is "only the hit of the rule is traced" \
		"$(sed -n 's/.*memdev_fault: //p' $TRACE/trace)" \
		"memdev0 offline addr=$addr size=$BLOCK rc=-16 delay=10"
else
	skip "only the hit of the rule is traced" "this kernel does not trace"
fi

# --- a dimm ------------------------------------------------------------------

is "unplug all" "$(put_dev unplug all)" ok
is "del_device" "$(put $BUS/del_device memdev0)" ok
is "a dimm is created" "$(put $BUS/new_device "size=$size kind=dimm")" ok
set_up
is "plug all" "$(put_dev plug all)" ok
zones >"$TMP/zones"

set_faults "offline block=2 errno=EBUSY"
is "unplug all of a dimm fails if a block refuses" "$(put_dev unplug all)" EBUSY
say "$(get last_error)"
is "all blocks and zones are restored" "$(zones | diff "$TMP/zones" -)" ""
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove errno=EIO"
is "unplug all of a dimm fails if no block can be removed" \
	"$(put_dev unplug all)" EIO
say "$(get last_error)"
is "all blocks and zones are restored" "$(zones | diff "$TMP/zones" -)" ""
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove block=3 errno=EIO" "add delay=10"
is "unplug all of a dimm fails if one block cannot be removed" \
	"$(put_dev unplug all)" EIO
say "$(get last_error)"
is "all blocks and zones are restored" "$(zones | diff "$TMP/zones" -)" ""
check "sysfs, /proc/iomem and lsmem agree" agree
is "unplug_timeout_ms 2000" "$(put_dev unplug_timeout_ms 2000)" ok
set_faults "offline nth=6 delay=$LONG" "online delay=$LONG"
is "unplug all of a dimm times out" "$(put_dev unplug all)" ETIMEDOUT
is "the undo ignores the deadline: all blocks and zones are restored" \
	"$(zones | diff "$TMP/zones" -)" ""
no_deadline
set_faults "remove errno=EIO" "online block=2 errno=EIO"
is "no block of a dimm can be removed, and one does not come online again" \
	"$(put_dev unplug all)" EIO
say "$(get last_error)"
is "block 2 is shown as plugged and offline" \
	"$(get plugged_blocks) $(get online_blocks)" "0-5 0-1,3-5"
check "sysfs, /proc/iomem and lsmem agree" agree
all_again "after failures on a dimm"

# A user takes blocks offline while an unplug retries one of them or another
# block.
first=$(first_block)
for took in 2 "0 1 2 3 4 5"; do
	set_faults "offline errno=EAGAIN" "remove errno=EIO"
	rule=$(sed -n 's/.*EAGAIN.*# rule \([0-9]*\):.*/\1/p' "$F")
	cp "$TMP/zones" "$TMP/zones.user"
	begin_op unplug all
	check "an unplug retries the offline step" until_true 60 tried
	for block in $took; do
		is "a user takes block $block offline" \
			"$(put "$MEM/memory$((first + block))/state" offline)" ok
		sed -i "s/^$block .*/$block offline/" "$TMP/zones.user"
	done
	is "the rule that fails the offline step is deleted" "$(faults "del $rule")" ok
	wait $OP
	is "the unplug fails because no block can be removed" \
		"$(cat "$TMP/op")" EIO
	is "the user's blocks stay offline, and the others are restored" \
		"$(zones | sed "s/ offline .*/ offline/" |
			diff "$TMP/zones.user" -)" ""
	check "sysfs, /proc/iomem and lsmem agree" agree
	all_again "after a user took blocks $took of a dimm offline"
done

set_faults
is "unplug all" "$(put_dev unplug all)" ok
set_faults "add block=5 errno=EIO" "offline block=0 errno=EBUSY" \
	"offline block=2 errno=EBUSY"
is "a plug of a dimm fails, and so does its undo" "$(put_dev plug all)" EIO
left=$(get plugged_blocks)
say "plugged: $left"
is "the blocks that stayed online are plugged" \
	"$left $(get online_blocks)" "0,2 0,2"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove block=2 errno=EIO"
is "unplug of the rest fails if one block cannot be removed" \
	"$(put_dev unplug all)" EIO
say "$(get last_error)"
is "the blocks removed before the failure are plugged again" \
	"$(get plugged_blocks) $(get online_blocks)" "0,2 0,2"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "remove block=2 errno=EIO" "add errno=EIO"
is "unplug of the rest fails, and so does its undo" "$(put_dev unplug all)" EIO
is "the block that could not be added again is not plugged" \
	"$(get plugged_blocks) $(get online_blocks)" "2 2"
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults
is "the rest of the dimm can be plugged" "$(put_dev plug all)" ok
is "all blocks of the dimm are plugged and online" \
	"$(get plugged_size) $(get online_size)" "$size $size"
set_faults
is "unplug all" "$(put_dev unplug all)" ok
set_faults "add block=5 errno=EIO" "offline block=0 errno=EBUSY"
is "a plug fails, and so does its undo" "$(put_dev plug all)" EIO
set_faults
is "the rest of the dimm can be unplugged" "$(put_dev unplug all)" ok
is "no block of the dimm is plugged" "$(get plugged_size) $(get state)" \
	"0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree

# --- rules change during operations -----------------------------------------

is "del_device" "$(put $BUS/del_device memdev0)" ok
is "a virtio-mem device is created" "$(put $BUS/new_device "size=$size")" ok
set_up
while :; do
	echo "online delay=1" >"$F"
	echo "offline errno=EAGAIN chance=300" >"$F"
	cat "$F" >/dev/null
	echo clear >"$F"
done 2>/dev/null &
busy=$!
for i in 1 2 3; do
	is "plug all while rules change, round $i" "$(put_dev plug all)" ok
	is "unplug all while rules change, round $i" "$(put_dev unplug all)" ok
done
kill $busy
wait $busy 2>/dev/null
check "sysfs, /proc/iomem and lsmem agree" agree
exec 5<>"$F"
is "del_device while the faults file is open" \
	"$(put $BUS/del_device memdev0)" ok
check "reads and writes of the open file fail" \
	sh -c '! cat <&5 && ! echo clear >&5'
exec 5>&-
is "a new device is created" "$(put $BUS/new_device "size=$size")" ok
set_up

# --- poison ------------------------------------------------------------------

set_faults
is "plug all" "$(put_dev plug all)" ok
if [ -e $MEM/hard_offline_page ]; then
	is "poison block=1" "$(faults "poison block=1")" ok
	is "a page beyond the block is refused" \
		"$(faults "poison block=1 page=$((BLOCK / 4096))")" ERANGE
	page=$((BLOCK / 8192))
	is "poison block=4 page=$page" \
		"$(faults "poison block=4 page=$page")" ok
	is "a page that is already poisoned is refused" \
		"$(faults "poison block=4 page=$page")" EHWPOISON
	say "$(get last_error)"
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "unplug all" "$(put_dev unplug all)" ok
	is "the poisoned blocks are retired" "$(get retired_blocks)" 1,4
	is "plug all" "$(put_dev plug all)" ok
	is "plug all skips the retired blocks" "$(get plugged_blocks)" 0,2-3,5
	check "sysfs, /proc/iomem and lsmem agree" agree
	is "poison block=2" "$(faults "poison block=2")" ok
	set_faults "remove block=2 errno=EIO"
	is "unplug all fails if the poisoned block cannot be removed" \
		"$(put_dev unplug all)" EIO
	is "the poisoned block stays plugged" "$(get plugged_blocks)" 2
	is "plug all" "$(put_dev plug all)" ok
	is "plug all plugs the other blocks" "$(get plugged_blocks)" 0,2-3,5
	set_faults
	is "unplug all" "$(put_dev unplug all)" ok
	is "the poisoned block is retired once it is removed" \
		"$(get retired_blocks) $(get plugged_blocks)" "1-2,4 "
else
	is "poison is refused by a kernel that cannot poison a page" \
		"$(faults "poison block=1")" EOPNOTSUPP
fi
check "sysfs, /proc/iomem and lsmem agree" agree
set_faults "add delay=1" "answer errno=EIO"
check "the kernel logged no warning" log_quiet
finish
