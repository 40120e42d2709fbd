#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# The list of all devices is by address, whatever the order that they came in,
# and the totals are those of the devices.
#
# VM: mem=4G timeout=900 append=memmap=1G$0x100000000 usual=6.1
# VM: many: mem=72G timeout=1800 append=memmap=68G$0x180000000 usual=7.3
# VM: many: qemu="-object memory-backend-ram,id=m,size=72G,reserve=off"
# VM: many: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

list()
{
	cat $BUS/device_list
}

# by_address: the same, found out of the addresses
by_address()
{
	grep -H . $BUS/devices/*/address |
		sed -n 's,.*/\(.*\)/address:0x\(.*\),\2 \1,p' |
		awk '{ print length($1), $1, $2 }' | sort -k 1,1n -k 2,2 |
		cut -d ' ' -f 3
}

# total ATTRIBUTE: its sum over all devices
total()
{
	cat $BUS/devices/*/"$1" | awk '{ sum += $1 } END { printf "%.0f", sum }'
}

# new ADDRESS-IN-BLOCKS BLOCKS
new()
{
	one_of "$(put "$BUS/new_device" \
		"size=$(($2 * BLOCK)) addr=$(hex $((RESERVED + $1 * BLOCK)))")" ok
}

reserved || skip_all "no reserved range on this machine"
n=$((RESERVED_SIZE / BLOCK))
half=$((n / 2))
log_mark
# Two windows, the upper one first.
check "the module loads" load devices=0 \
	window="$((half * BLOCK))@$(hex $((RESERVED + half * BLOCK))),$((half * BLOCK))@$(hex "$RESERVED")"
is "there is no device" "$(list)" ""
is "nothing is plugged" "$(cat $BUS/plugged_size)" 0

# Everywhere but at the end of the windows, and not in their order.
for at in 6 0 2 4 1; do
	check "a device at block $at" new $at 1
done
is "the list has all of them by address" \
	"$(list | xargs)" "$(by_address | xargs)"
is "which is not how they came" "$(list | xargs)" \
	"memdev1 memdev4 memdev2 memdev3 memdev0"
for name in memdev3 memdev0 memdev4; do
	is "plug a block of $name" "$(put $BUS/devices/$name/plug $BLOCK)" ok
done
is "the total is theirs" "$(cat $BUS/plugged_size)" $((3 * BLOCK))
is "one is unplugged" "$(put $BUS/devices/memdev0/unplug all)" ok
is "the total is that of the others" "$(cat $BUS/plugged_size)" $((2 * BLOCK))
is "as is the sum over all devices" "$(total plugged_size)" $((2 * BLOCK))
for name in memdev3 memdev4; do
	is "unplug $name" "$(put $BUS/devices/$name/unplug all)" ok
done
is "delete one of them" "$(put $BUS/del_device memdev2)" ok
is "it is in the list no more" "$(list | xargs)" \
	"memdev1 memdev4 memdev3 memdev0"
is "everybody may read it" "$(stat -c %a $BUS/device_list $BUS/plugged_size |
	xargs)" "444 444"

# --- more than a page of them ------------------------------------------------------------

if [ $half -gt 200 ]; then
	while echo size=$BLOCK >$BUS/new_device; do
		:
	done 2>"$TMP/new"
	is "until all are taken" "$(cat $WINDOWS/window*/largest_free | xargs)" \
		"0 0"
	is "each block has a device" "$(list | wc -l)" $((2 * half))
	check "the list is longer than a page" [ "$(list | wc -c)" -gt 4096 ]
	list >"$TMP/list"
	by_address >"$TMP/by_address"
	is "and whole, and by address" \
		"$(diff "$TMP/list" "$TMP/by_address" | head -n 5)" ""
	is "also when it is read in small pieces" \
		"$(dd if=$BUS/device_list bs=7 2>/dev/null |
			diff - "$TMP/list" | head -n 5)" ""
fi
check "the kernel logged no warning" log_quiet
finish
