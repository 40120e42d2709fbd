#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Random and mutated netlink messages break nothing, and only change what a
# privileged user's valid message requests. SEED= repeats a run.
#
# VM: mem=4G usual="6.1 debug" timeout=1800 append=memmap=1G$0x100000000

. "$(dirname "$0")/lib.sh"

messages=${MESSAGES:-$(on_debug 6000 50000)}

need nlreq nl_fuzzer
[ "$messages" -gt 0 ] || die "MESSAGES must be above 0"

# all_of_them: all windows, devices and memory, without statistics and errors
all_of_them()
{
	nlreq -d dev-get | sed -E 's/ (plug-stats|unplug-stats|refusal)\.[^ ]*//g
		s/ last-error=.*//'
	nlreq -d window-get
	memory_state
}

# threads: the module's own kernel threads, job workers included
threads()
{
	cat /proc/[0-9]*/comm 2>/dev/null | grep '^memdev' | sort | xargs
}

references()
{
	cat /sys/module/memdev/refcnt
}

is_now()
{
	"$1"
	[ "$("$1")" = "$2" ]
}

chmod 755 "$TMP"
need_reserved 8
seed=${SEED:-$(random 1000000000)}
say "SEED=$seed"
log_mark
# The last reserved block stays free for another window.
check "the module loads" load devices=0 \
	window="$((7 * BLOCK))@$(hex "$RESERVED")"
for size in 2 1 2; do
	is "a device of $size blocks is created" \
		"$(nlreq dev-new size=$((size * BLOCK)) | tail -n 1)" ok
done
base_threads=$(threads)
base_references=$(references)
is "one block is plugged" "$(nlreq dev-plug index=0 size=$BLOCK)" ok

# --- an unprivileged sender -------------------------------------------------

all_of_them >"$TMP/before"
check "the state to compare includes the windows" \
	grep -q '^window-get' "$TMP/before"
began=$(uptime_s)
if user nl_fuzzer $((seed + 1)) "$messages" >"$TMP/user"; then
	pass "$messages messages from an unprivileged user change nothing"
else
	fail "$messages messages from an unprivileged user change nothing" \
		"$(cat "$TMP/user")"
fi
say "$(cat "$TMP/user")" "in $(($(uptime_s) - began)) s"
is "the state is unchanged" "$(all_of_them | diff "$TMP/before" -)" ""

# --- a privileged sender ----------------------------------------------------

began=$(uptime_s)
if nl_fuzzer "$seed" "$messages" >"$TMP/root"; then
	pass "$messages messages from root change only what they ask for"
else
	fail "$messages messages from root change only what they ask for" \
		"$(cat "$TMP/root")"
fi
say "$(cat "$TMP/root")" "in $(($(uptime_s) - began)) s"
# shellcheck disable=SC2016 # expanded by that shell
check "sysfs, /proc/iomem and lsmem agree" sh -c '
	for dev in "$@"; do
		snapshot "$dev" || exit
	done' sh $BUS/devices/*

# --- nothing is left behind -------------------------------------------------

nlreq -d dev-get | sed -n 's/^dev-get index=\([0-9]*\) .*/\1/p' >"$TMP/indices"
while read -r index; do
	nlreq dev-set index="$index" unplug-timeout-ms=0
	[ "$(cat $BUS/devices/memdev"$index"/plugged_size)" = 0 ] ||
		nlreq dev-unplug index="$index" all
	nlreq dev-del index="$index"
done <"$TMP/indices" >"$TMP/said"
is "all devices can be unplugged and deleted" "$(grep -v '^ok' "$TMP/said")" ""
nlreq -d window-get | sed -n 's/^window-get index=\([0-9]*\) .*/\1/p' |
	while read -r index; do
		nlreq window-del index="$index"
	done >"$TMP/said"
is "all windows can be deleted" "$(grep -v '^ok' "$TMP/said")" ""
is "no device or window is left" "$(nlreq -d dev-get) $(
	nlreq -d window-get)" "ok ok"
check "no kernel thread is left" until_true 60 is_now threads "$base_threads"
check "no reference to the module is left" \
	until_true 60 is_now references "$base_references"
check "rmmod" rmmod memdev
check "the kernel logged no warning" log_quiet
finish
