#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The KUnit suites of a driver that was built with them run when it is loaded.
#
# VM: mem=4G timeout=1800 kernels=debug usual=debug append=kunit.enable=1

. "$(dirname "$0")/lib.sh"

RESULTS=/sys/kernel/debug/kunit/memdev_alloc/results

[ -d /sys/kernel/debug/kunit ] || skip_all "this kernel has no KUnit"
log_mark
load window=none || die "the module does not load" "$(log_memdev)"
[ -r $RESULTS ] || die "it has no suite, or no suite has run"

cat $RESULTS >"$TMP/results"
grep -E '^ +(not )?ok ' "$TMP/results" | grep -v '^        ' >"$TMP/cases"
while read -r verdict rest; do
	case $verdict in
	ok)	pass "${rest#* }" ;;
	*)	fail "${rest#* }" "$(grep '#' "$TMP/results")" ;;
	esac
done <"$TMP/cases"
is "as many cases have a result as there are" "$(wc -l <"$TMP/cases")" \
	"$(sed -n 's/^ *1\.\.//p' "$TMP/results" | tail -n 1)"
check "the kernel did not complain" log_quiet
finish
