#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# A thousand devices, and one dump has them all, each once, by index, whatever
# else goes on; and is much faster than reading sysfs. NR= is how many; fewer on the
# kernel 'debug', which takes milliseconds for each attribute that is read.
#
# What is reserved is at the end: the kernel takes memory blocks for as large as
# what it has of memory lets them be, and 2 GiB would be too few.
#
# VM: many: mem=804G usual=7.3 timeout=3600 append=memmap=800G$0x180000000
# VM: many: qemu="-object memory-backend-ram,id=m,size=804G,reserve=off"
# VM: many: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

nr=${NR:-$(on_debug 200 1000)}

need nldump nlreq
reserved || skip_all "no reserved range on this machine"
# Some more, for those that come and go meanwhile
blocks=$((nr + 16))
[ $((RESERVED_SIZE / BLOCK)) -ge $blocks ] ||
	skip_all "no reserved range of $blocks memory blocks of $BLOCK bytes"

log_mark
check "the module loads" load devices=0 \
	window="$((blocks * BLOCK))@$(hex "$RESERVED")"
began=$(uptime_ms)
is "$nr devices are made" "$(nldump make "$nr" "$BLOCK")" "made $nr"
say "in $(($(uptime_ms) - began)) ms"
is "one dump has all of them, each once, by index" "$(nldump dump "$nr")" \
	"whole $nr"
is "sysfs has as many" "$(wc -l <$BUS/device_list)" "$nr"
is "one dump has the blocks of all of them, by index" \
	"$(nlreq -d block-get | sed 's/.* device=\([0-9]*\) .*/\1/')" \
	"$(seq 0 $((nr - 1)); echo ok)"
is "a dump is flagged when a device comes meanwhile, and when one goes" \
	"$(nldump meanwhile "$nr" $BLOCK | sed 's/, [0-9]* parts//')" \
	"whole $nr
a device came: flagged
a device went: flagged"

mkfifo "$TMP/churn.in"
nldump churn "$nr" $BLOCK <"$TMP/churn.in" >"$TMP/churn" &
churn=$!
exec 5>"$TMP/churn.in"
check "devices come and go" until_true 60 grep -q churning "$TMP/churn"
nldump race "$nr" $((nr / 10)) >"$TMP/race"
is "what is not flagged has all that were there throughout, each once" \
	"$(sed 's/=.*//' "$TMP/race")" flagged
check "some dumps were flagged" grep -q 'flagged=[1-9]' "$TMP/race"
say "$(cat "$TMP/race")"
exec 5>&-
check "devices came and went to the end" wait $churn
say "$(cat "$TMP/churn")"
is "the others are all there" "$(nldump dump "$nr")" "whole $nr"

if nldump speed "$nr" 9 >"$TMP/speed"; then
	pass "a dump is 10 times as fast as reading 8 attributes of each"
else
	fail "a dump is 10 times as fast as reading 8 attributes of each" \
		"$(cat "$TMP/speed")"
fi
say "$(cat "$TMP/speed")"
check "the kernel logged no warning" log_quiet
finish
