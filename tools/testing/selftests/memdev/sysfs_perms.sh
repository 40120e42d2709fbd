#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Unprivileged users read states and sizes, but no address, and write nothing.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual=6.1

. "$(dirname "$0")/lib.sh"

n=4
load_blocks $n
chmod 755 "$TMP"
size=$(get size)
start=$(cat $WINDOWS/window0/start)
is "plug two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
is "this user is not root" "$(user id -u)" 65534

# --- reads -------------------------------------------------------------------

is "the sizes are readable" \
	"$(user cat $D/size $D/plugged_size $D/online_size $D/requested_size |
		xargs)" "$size $((2 * BLOCK)) $((2 * BLOCK)) $((2 * BLOCK))"
is "the states are readable" \
	"$(user cat $D/state $D/plugged_blocks $D/online_blocks $D/kind |
		xargs)" "partial 0-1 0-1 virtio-mem"
for name in align block_size node slot id online_type memmap_on_memory \
	    retired_blocks unplug_timeout_ms last_error stats/plug_count \
	    stats/plug_bytes stats/unplug_count; do
	echo $D/$name
done >"$TMP/files"
for name in size node source limit slots used largest_free; do
	echo $WINDOWS/window0/$name
done >>"$TMP/files"
# One shell reads all files, as there are many.
# shellcheck disable=SC2016 # expanded by the user's shell
user sh -c 'while read -r file; do
	cat "$file" >/dev/null || echo "$file"
done' <"$TMP/files" >"$TMP/said" 2>&1
is "every attribute without addresses is readable" "$(cat "$TMP/said")" ""
# denied NAME FILE: reading fails with EACCES
denied()
{
	is "$1 is not readable" "$(user cat "$2" 2>&1 | sed 's/.*: //')" \
		"Permission denied"
}

denied "the device's address" $D/address
denied "the last_error of the bus, which names addresses," $BUS/last_error
denied "the window's start" $WINDOWS/window0/start

# --- no address leaks -------------------------------------------------------

# Provoke refusals by the bus and the device, with reasons that name addresses.
put $BUS/new_window "$BLOCK@$start" >/dev/null
put $BUS/new_device "size=$BLOCK addr=$start" >/dev/null
put $BUS/new_device "size=$BLOCK addr=$(hex $((start - BLOCK)))" >/dev/null
say "$(cat $BUS/last_error)"
put_dev plug $((n * BLOCK)) >/dev/null
say "$(get last_error)"

# leaks COMMAND...: let COMMAND search memdev's files for addresses of the
# region: byte addresses, page frame numbers and memory block numbers
leaks()
{
	local at address words=

	for at in 0 1 2 3 4; do
		address=$((start + at * BLOCK))
		words="$words|$(printf '%x' $address)|0*$address"
		words="$words|$(printf '%x' $((address - 1)))|memory$((address / BLOCK))"
		words="$words|$(printf '%x' $((address - BLOCK)))"
		words="$words|pfn [0x]*$(printf '%x' $((address >> 12)))"
	done
	"$@" grep -rsiE "(^|[^0-9a-f])(0x)?0*(${words#|})([^0-9a-f]|\$)" \
		$WINDOWS /sys/module/memdev /sys/bus/memdev /proc/iomem
}

check "root sees addresses" [ -n "$(leaks env)" ]
is "a user sees no address" "$(leaks user)" ""
# A refused unplug names its block.
if pin_start $(($(get address))) $(($(get address) + 2 * BLOCK)); then
	put_dev unplug_timeout_ms 2000 >/dev/null
	is "an unplug is refused" "$(put_dev unplug all)" ETIMEDOUT
	say "$(get last_error)"
	is "a user sees no address after a refused unplug" "$(leaks user)" ""
	pin_stop
else
	skip "an unplug is refused" "no page could be pinned on the device"
fi

# --- writes ------------------------------------------------------------------

memory_state >"$TMP/before"
wr=$(command -v write_errno)
cp "$wr" "$TMP/wr"
chmod 755 "$TMP/wr"
find $WINDOWS/ $BUS/ /sys/module/memdev -type f >"$TMP/files"
check "there are files to write to" [ "$(wc -l <"$TMP/files")" -gt 30 ]
# shellcheck disable=SC2016 # expanded by the user's shell
user sh -c 'while read -r file; do
	echo "$file $(echo 1 | "$1" "$file")"
done' sh "$TMP/wr" <"$TMP/files" >"$TMP/tried"
is "a user tries to write to all files" "$(wc -l <"$TMP/tried")" \
	"$(wc -l <"$TMP/files")"
grep -vE ' open:(EACCES|EPERM)$' "$TMP/tried" >"$TMP/said"
is "a user cannot open any file for writing" "$(cat "$TMP/said")" ""
is "find agrees that no file is writable" \
	"$(user find $WINDOWS/ $BUS/ /sys/module/memdev \
	-type f -writable)" ""
is "nothing has changed" "$(memory_state | diff "$TMP/before" -)" ""
finish
