#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A dump of a thousand devices has each of them once, sorted by index, even
# while devices are created and deleted, and is much faster than reading sysfs.
# NR= sets the number of devices. The default is smaller on the debug kernel,
# where reading an attribute takes milliseconds.
#
# The reserved range is at the end of memory: with RAM above it, the kernel
# would choose memory blocks of 2 GiB, too large for so many devices.
#
# VM: many: mem=804G usual=7.3 timeout=3600 append=memmap=800G$0x180000000
# VM: many: qemu="-object memory-backend-ram,id=m,size=804G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

nr=${NR:-$(on_debug 200 1000)}

need nldump nlreq
# Some more blocks, for the devices that are created and deleted
blocks=$((nr + 16))
need_reserved $blocks

log_mark
check "the module loads" load devices=0 \
	window="$((blocks * BLOCK))@$(hex "$RESERVED")"
began=$(uptime_ms)
is "$nr devices are created" "$(nldump make "$nr" "$BLOCK")" "made $nr"
say "in $(($(uptime_ms) - began)) ms"
is "a dump has each device once, sorted by index" "$(nldump dump "$nr")" \
	"whole $nr"
is "device_list has $nr devices, too" "$(wc -l <$BUS/device_list)" "$nr"
is "a dump has the blocks of each device, sorted by index" \
	"$(nlreq -d block-get | sed 's/.* device=\([0-9]*\) .*/\1/')" \
	"$(seq 0 $((nr - 1)); echo ok)"
is "a dump is flagged if a device is created or deleted meanwhile" \
	"$(nldump meanwhile "$nr" $BLOCK | sed 's/, [0-9]* parts//')" "whole $nr
a device came: flagged
a device went: flagged"

mkfifo "$TMP/churn.in"
nldump churn "$nr" $BLOCK <"$TMP/churn.in" >"$TMP/churn" &
churn=$!
exec 5>"$TMP/churn.in"
check "devices come and go in the background" \
	until_true 60 grep -q churning "$TMP/churn"
nldump race "$nr" $((nr / 10)) >"$TMP/race"
is "an unflagged dump has each lasting device once" \
	"$(sed 's/=.*//' "$TMP/race")" flagged
check "some dumps were flagged" grep -q 'flagged=[1-9]' "$TMP/race"
say "$(cat "$TMP/race")"
exec 5>&-
check "devices came and went until the end" wait $churn
say "$(cat "$TMP/churn")"
is "all lasting devices still exist" "$(nldump dump "$nr")" "whole $nr"

if nldump speed "$nr" 9 >"$TMP/speed"; then
	pass "a dump is 10 times as fast as reading 8 attributes per device"
else
	fail "a dump is 10 times as fast as reading 8 attributes per device" \
		"$(cat "$TMP/speed")"
fi
say "$(cat "$TMP/speed")"
check "the kernel logged no warning" log_quiet
finish
