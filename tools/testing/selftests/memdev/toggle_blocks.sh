#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Plug and unplug for a minute while another task toggles the state of random
# blocks: memdev does not lose track of blocks, and all views agree at the end.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual=6.1
# VM: blocks2g: mem=820G timeout=1800 append=memmap=800G$0x180000000 usual=7.3
# VM: blocks2g: qemu="-object memory-backend-ram,id=m,size=820G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

n=8
seconds=60
# Large blocks take long. More rounds would find little more.
[ $BLOCK -le $((128 * MiB)) ] || seconds=20
reserved && [ $((n * BLOCK)) -gt "$RESERVED_SIZE" ] && n=4

total=$(mem_total)
iomem >"$TMP/iomem"
log_mark
load_blocks $n
size=$(get size)
first=$(first_block)
base=$(mem_total)
check "a deadline is set" one_of "$(put_dev unplug_timeout_ms 2000)" ok
memtoggle "$first" $n >"$TMP/toggled" &
toggler=$!

end=$(($(uptime_s) + seconds))
plugs=0 unplugs=0 round=0
: >"$TMP/said"
plugged=0
while [ "$(uptime_s)" -lt $end ] || [ $plugs -lt 5 ] || [ $unplugs -lt 5 ]; do
	round=$((round + 1))
	in=$((plugged / BLOCK))
	what=plug
	if [ $in = $n ] || { [ $in -gt 0 ] && [ "$(random 2)" = 0 ]; }; then
		what=unplug
		blocks=$in
	else
		blocks=$((n - in))
	fi
	reply=$(put_dev $what $(((1 + $(random $blocks)) * BLOCK)))
	case $what:$reply in
	plug:ok)	plugs=$((plugs + 1)) ;;
	unplug:ok)	unplugs=$((unplugs + 1)) ;;
	*)		echo "$what $reply" >>"$TMP/said" ;;
	esac
	# plugged_size must be valid at any time.
	plugged=$(get plugged_size)
	if [ $((plugged % BLOCK)) != 0 ] || [ "$plugged" -gt "$size" ]; then
		echo "plugged_size $plugged" >>"$TMP/wrong"
		break
	fi
	# More rounds find nothing new, however fast the machine.
	[ $round -lt 5000 ] || break
done
kill $toggler
wait $toggler
say "$round rounds: $plugs plugs, $unplugs unplugs; $(cat "$TMP/toggled") toggles"
sort "$TMP/said" | uniq -c | sed 's/^/# refused: /'

check "plugged_size was always in whole blocks" [ ! -e "$TMP/wrong" ]
check "blocks were toggled meanwhile" [ "$(cat "$TMP/toggled")" -gt 10 ]
is "only blocks in use were refused" \
	"$(grep -vE '^unplug (EBUSY|ETIMEDOUT)$' "$TMP/said")" ""
check "sysfs, /proc/iomem and lsmem agree" agree
if [ "$(get plugged_size)" != "$size" ]; then
	is "the free blocks can be plugged" "$(put_dev plug all)" ok
fi
check "sysfs, /proc/iomem and lsmem agree" agree
no_deadline
is "unplug all" "$(put_dev unplug all)" ok
is "no block is plugged" "$(get plugged_size) $(get state)" "0 unplugged"
check "sysfs, /proc/iomem and lsmem agree" agree
is "MemTotal is back to its value before the first plug" "$(mem_total)" "$base"
is "plug all without the toggling task" "$(put_dev plug all)" ok
is "all blocks are online" "$(get online_size)" "$size"
check "sysfs, /proc/iomem and lsmem agree" agree
check "rmmod" unload
check "MemTotal is back" total_is_back "$total"
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
check "the kernel logged no warning" log_quiet
finish
