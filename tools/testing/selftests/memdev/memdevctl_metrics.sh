#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# memdevctl stat --prometheus prints valid metrics, with the module and without.
#
# VM: mem=4G append=memmap=1G$0x100000000 usual="6.1 7.3" timeout=1800

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl python3
need_reserved 8

# parse <METRICS: print "name{labels} value" of each sample, sorted, with the
# labels in the order of their names; or what the text format does not allow
parse()
{
	python3 -c '
import re, sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r"([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\\\"\n]|\\[\\\"n])*)\""
help, type, samples, done, last = {}, {}, {}, set(), None
text = sys.stdin.read()
assert text.endswith("\n"), "the last line has no end"
for line in text[:-1].split("\n"):
    comment = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line)
    if comment:
        kind, name, rest = comment.groups()
        table = help if kind == "HELP" else type
        assert name not in table and name not in done, line
        table[name] = rest
        assert kind == "HELP" or rest in ("gauge", "counter"), line
        continue
    sample = re.fullmatch(rf"({NAME})(?:\{{(.*)\}})? ([0-9]+(?:\.[0-9]+)?)",
                          line)
    assert sample, line
    name, labels, value = sample.groups()
    pairs = []
    if labels is not None:
        assert re.fullmatch(rf"{LABEL}(?:,{LABEL})*", labels), line
        pairs = re.findall(LABEL, labels)
        assert len(dict(pairs)) == len(pairs), line
    assert name in help and name in type, line
    assert name == last or name not in done, line
    done.add(name)
    last = name
    assert name.startswith("memdev_"), line
    assert (type[name] == "counter") == name.endswith("_total"), line
    key = name + "{" + ",".join(f"{k}={v}" for k, v in sorted(pairs)) + "}"
    assert key not in samples, line
    samples[key] = value
assert done == set(help) == set(type), "a metric without samples"
for key in sorted(samples):
    print(key, samples[key])' 2>&1
}

# metrics NAME: the metrics are valid; put the samples into $TMP/samples
metrics()
{
	runs "$1" stat --prometheus
	parse <"$TMP/out" >"$TMP/samples"
	is "$1: the text format allows each line" \
		"$(grep -v '^memdev_' "$TMP/samples")" ""
	if command -v promtool >/dev/null; then
		is "$1: promtool accepts the metrics" \
			"$(promtool check metrics <"$TMP/out" 2>&1)" ""
	else
		skip "$1: promtool accepts the metrics" "promtool is missing"
	fi
}

# sample NAME SAMPLE...: the metrics have these samples
sample()
{
	local name=$1 line
	shift

	for line; do
		grep -qxF "$line" "$TMP/samples" && continue
		fail "$name" "missing: $line" "$(cat "$TMP/samples")"
		return
	done
	pass "$name"
}

build="memdev_build_info{kernel=$(uname -r),version=$(memdevctl version |
	cut -d ' ' -f 2)} 1"

metrics "without the module"
is "without the module, there are two samples" "$(cat "$TMP/samples")" \
	"$build
memdev_up{} 0"
runs "without the module, a device does not matter" stat --prometheus memdev0
is "without the module, the metrics are the same" \
	"$(parse <"$TMP/out")" "$(cat "$TMP/samples")"

load window=none || die "window=none was refused"
metrics "without a window"
sample "without a window, the module is up" "$build" "memdev_up{} 1"
unload

load "window=$(window_spec 8)" devices=0 || die "the window was refused"
is "a device is created" "$(put $BUS/new_device "size=$((4 * BLOCK)) id=a.b")" ok
is "a dimm is created" "$(put $BUS/new_device "size=$((2 * BLOCK)) kind=dimm")" ok
is "plug two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
is "a block goes offline" \
	"$(put "$MEM/memory$(($(first_block) + 1))/state" offline)" ok
metrics "with devices"
device="device=memdev0,id=a.b,kind=virtio-mem,node=0"
sample "sizes of a device" \
	"memdev_size_bytes{$device} $((4 * BLOCK))" \
	"memdev_plugged_bytes{$device} $((2 * BLOCK))" \
	"memdev_online_bytes{$device} $BLOCK" \
	"memdev_block_size_bytes{$device} $BLOCK"
sample "blocks of a device" \
	"memdev_blocks{$device,state=movable} 1" \
	"memdev_blocks{$device,state=offline} 1" \
	"memdev_blocks{$device,state=unplugged} 2" \
	"memdev_blocks{$device,state=kernel} 0" \
	"memdev_blocks{$device,state=retired} 0"
sample "blocks of a dimm" \
	"memdev_blocks{device=memdev1,id=,kind=dimm,node=0,state=unplugged} 2"
sample "operations of a device" \
	"memdev_operations_total{$device,op=plug} 1" \
	"memdev_operation_bytes_total{$device,op=plug} $((2 * BLOCK))"
sample "sizes of a window" \
	"memdev_window_size_bytes{node=0,window=window0} $((8 * BLOCK))" \
	"memdev_window_used_bytes{node=0,window=window0} $((6 * BLOCK))"
sample "the module is up" "$build" "memdev_up{} 1"
fails "a device that does not exist" 1 "*no such device" stat --prometheus 9
finish
