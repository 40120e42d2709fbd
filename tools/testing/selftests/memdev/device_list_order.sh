#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# device_list is sorted by address, whatever the order of creation, and the
# totals of the bus are the sums over all devices.
#
# VM: mem=4G timeout=900 append=memmap=1G$0x100000000 usual=6.1
# VM: many: mem=72G timeout=1800 append=memmap=68G$0x180000000 usual=7.3
# VM: many: qemu="-object memory-backend-ram,id=m,size=72G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

list()
{
	cat $BUS/device_list
}

# by_address: the expected device_list, from the address attributes
by_address()
{
	grep -H . $BUS/devices/*/address |
		sed -n 's,.*/\(.*\)/address:0x\(.*\),\2 \1,p' |
		awk '{ print length($1), $1, $2 }' | sort -k 1,1n -k 2,2 |
		cut -d ' ' -f 3
}

# total ATTRIBUTE: sum of the attribute over all devices
total()
{
	cat $BUS/devices/*/"$1" | awk '{ sum += $1 } END { printf "%.0f", sum }'
}

# new FIRST BLOCKS: create a device of BLOCKS blocks at block FIRST of the
# reserved range
new()
{
	one_of "$(put "$BUS/new_device" \
		"size=$(($2 * BLOCK)) addr=$(hex $((RESERVED + $1 * BLOCK)))")" ok
}

reserved || skip_all "no reserved range on this machine"
n=$((RESERVED_SIZE / BLOCK))
half=$((n / 2))
log_mark
# Two windows, the upper one first
check "the module loads with two windows" load devices=0 \
	window="$((half * BLOCK))@$(hex $((RESERVED + half * BLOCK))),$((half * BLOCK))@$(hex "$RESERVED")"
is "there is no device" "$(list)" ""
is "no block is plugged" "$(cat $BUS/plugged_size)" 0

# Create devices out of address order; leave the end of the windows free.
for at in 6 0 2 4 1; do
	check "a device is created at block $at" new $at 1
done
is "device_list is sorted by address" "$(list | xargs)" "$(by_address | xargs)"
is "the devices were created in another order" "$(list | xargs)" \
	"memdev1 memdev4 memdev2 memdev3 memdev0"
for name in memdev3 memdev0 memdev4; do
	is "a block of $name is plugged" \
		"$(put $BUS/devices/$name/plug $BLOCK)" ok
done
is "plugged_size of the bus is three blocks" \
	"$(cat $BUS/plugged_size)" $((3 * BLOCK))
is "memdev0 is unplugged" "$(put $BUS/devices/memdev0/unplug all)" ok
is "plugged_size of the bus is two blocks" \
	"$(cat $BUS/plugged_size)" $((2 * BLOCK))
is "the sum over all devices is two blocks" \
	"$(total plugged_size)" $((2 * BLOCK))
for name in memdev3 memdev4; do
	is "$name is unplugged" "$(put $BUS/devices/$name/unplug all)" ok
done
is "memdev2 is deleted" "$(put $BUS/del_device memdev2)" ok
is "device_list omits memdev2" "$(list | xargs)" \
	"memdev1 memdev4 memdev3 memdev0"
is "everyone can read device_list and plugged_size" \
	"$(stat -c %a $BUS/device_list $BUS/plugged_size |
	xargs)" "444 444"

# --- a list longer than a page ----------------------------------------------

if [ $half -gt 200 ]; then
	while echo size=$BLOCK >$BUS/new_device; do
		:
	done 2>"$TMP/new"
	is "devices fill both windows" \
		"$(cat $WINDOWS/window*/largest_free | xargs)" "0 0"
	is "device_list has a device for each block" \
		"$(list | wc -l)" $((2 * half))
	check "device_list is longer than a page" [ "$(list | wc -c)" -gt 4096 ]
	list >"$TMP/list"
	by_address >"$TMP/by_address"
	is "the long list is complete and sorted" \
		"$(diff "$TMP/list" "$TMP/by_address" | head -n 5)" ""
	is "reading the list in steps of 7 bytes returns the same text" \
		"$(dd if=$BUS/device_list bs=7 2>/dev/null |
			diff - "$TMP/list" | head -n 5)" ""
fi
check "the kernel logged no warning" log_quiet
finish
