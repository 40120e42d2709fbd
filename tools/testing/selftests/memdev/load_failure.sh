#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# A load that fails after devices have appeared: nobody has plugged them by then,
# however quick, and nothing is left.
#
# VM: mem=40G timeout=1800 append=memmap=34G$0x140000000 usual=6.1
# VM: qemu="-object memory-backend-ram,id=m,size=40G,reserve=off"
# VM: qemu="-machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

reserved || skip_all "no reserved range on this machine"
# One more than a window has slots for
n=257
[ $((n * BLOCK)) -le "$RESERVED_SIZE" ] ||
	skip_all "no reserved range of $n memory blocks on this machine"

# What a udev rule does: plug the first device as soon as it is there
plug_early()
{
	while [ ! -e "$TMP/loaded" ]; do
		put $D/plug all
	done 2>/dev/null | sort | uniq -c
}

# fails_to_load NAME PARAMETER...: beside somebody who plugs what appears
fails_to_load()
{
	local name=$1
	shift

	log_mark
	rm -f "$TMP/loaded"
	plug_early >"$TMP/early" &
	check "$name: modprobe fails" sh -c '! modprobe memdev "$@"' sh "$@"
	: >"$TMP/loaded"
	wait $!
	say "$(log_memdev)" "plugs meanwhile: $(cat "$TMP/early")"
	check "$name: and says why" [ -n "$(log_memdev)" ]
	check "$name: no plug came through" sh -c "! grep -w ok $TMP/early"
	check "$name: nothing is left" left_over
	is "$name: /proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
	check "$name: the kernel logged no warning" log_quiet
}

iomem >"$TMP/iomem"
fails_to_load "too few slots" \
	"window=$((n * BLOCK))@$(hex "$RESERVED")" "devices=$n" kind=dimm
fails_to_load "a window that is too small" \
	"window=$(((n - 1) * BLOCK))@$(hex "$RESERVED"),$BLOCK@$(hex $((RESERVED + (n - 1) * BLOCK)))" \
	devices=2

# What is plugged while the module is still loading is plugged once it has loaded
rm -f "$TMP/loaded"
plug_early >"$TMP/early" &
check "a load that does not fail" \
	load "window=$((n * BLOCK))@$(hex "$RESERVED")" devices=256
check "devices are plugged" until_true 600 \
	sh -c "[ \"\$(cat $D/plugged_size)\" = \"\$(cat $D/size)\" ]"
: >"$TMP/loaded"
wait $!
check "sysfs, /proc/iomem and lsmem agree" agree
finish
