#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# A load that fails after it created devices leaves nothing behind. Meanwhile,
# user space cannot plug the devices.
#
# VM: mem=40G timeout=1800 append=memmap=34G$0x140000000 usual=6.1
# VM: qemu="-object memory-backend-ram,id=m,size=40G,reserve=off -machine memory-backend=m"

. "$(dirname "$0")/lib.sh"

# One more device than a window has slots
n=257
need_reserved $n

# Do as a udev rule would: plug the first device as soon as it appears.
plug_early()
{
	while [ ! -e "$TMP/loaded" ]; do
		put $D/plug all
	done 2>/dev/null | sort | uniq -c
}

# fails_to_load NAME PARAMETER...: the load fails while user space tries to
# plug
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
	say "$(log_memdev)" "early plugs: $(cat "$TMP/early")"
	check "$name: the log has the reason" [ -n "$(log_memdev)" ]
	check "$name: no plug succeeded" sh -c "! grep -w ok $TMP/early"
	check "$name: the load leaves nothing behind" left_over
	is "$name: /proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
	check "$name: the kernel logged no warning" log_quiet
}

iomem >"$TMP/iomem"
fails_to_load "too few slots" \
	"window=$((n * BLOCK))@$(hex "$RESERVED")" "devices=$n" kind=dimm
fails_to_load "too small a window" \
	"window=$(((n - 1) * BLOCK))@$(hex "$RESERVED"),$BLOCK@$(hex $((RESERVED + (n - 1) * BLOCK)))" \
	devices=2

# A plug during a successful load takes effect once the load is complete.
rm -f "$TMP/loaded"
plug_early >"$TMP/early" &
check "the module loads with 256 devices" \
	load "window=$((n * BLOCK))@$(hex "$RESERVED")" devices=256
check "a plug during the load takes effect" until_true 600 \
	sh -c "[ \"\$(cat $D/plugged_size)\" = \"\$(cat $D/size)\" ]"
: >"$TMP/loaded"
wait $!
check "sysfs, /proc/iomem and lsmem agree" agree
finish
