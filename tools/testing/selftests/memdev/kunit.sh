#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Load a driver built with its KUnit suites: they run at load time, with the
# windows and devices that the parameters create.
#
# VM: mem=4G timeout=1800 kernels=debug usual=debug
# VM: append="memmap=1G$0x100000000 kunit.enable=1"

. "$(dirname "$0")/lib.sh"

KUNIT=$DEBUG/kunit

# suite NAME: one test per KUnit case; a skipped case is a failure
suite()
{
	local verdict rest

	if [ ! -r "$KUNIT/$1/results" ]; then
		fail "suite $1 has results"
		return
	fi
	cat "$KUNIT/$1/results" >"$TMP/results"
	grep -E '^ +(not )?ok ' "$TMP/results" | grep -v '^        ' >"$TMP/cases"
	while read -r verdict rest; do
		case "$verdict $rest" in
		"ok "*" # SKIP "*)
			rest=${rest#* }
			fail "${rest%% # SKIP *}" "skipped: ${rest##* # SKIP }" ;;
		"ok "*)	pass "${rest#* }" ;;
		*)	fail "${rest#* }" "$(grep '#' "$TMP/results")" ;;
		esac
	done <"$TMP/cases"
	[ -s "$TMP/cases" ] || fail "suite $1 has cases"
	is "every case of $1 has a result" "$(wc -l <"$TMP/cases")" \
		"$(sed -n 's/^ *1\.\.//p' "$TMP/results" | tail -n 1)"
}

[ -d $KUNIT ] || skip_all "this kernel has no KUnit"
log_mark
load window="$(window_spec 6)" devices=0 ||
	die "the module failed to load" "$(log_memdev)"
suite memdev_alloc
suite memdev_device
suite memdev_parse
suite memdev_window
check "the kernel logged no warning" log_quiet
finish
