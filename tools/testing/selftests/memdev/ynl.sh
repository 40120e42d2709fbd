#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The kernel's generic netlink client, which knows only the family's spec, can
# list, create, plug, unplug and listen.
#
# YNL= is the path of a tools/net/ynl or a cli.py. The default is in the kernel
# tree that contains this directory, or in the sources that the build fetched.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual=7.3

. "$(dirname "$0")/lib.sh"

TOP=$HERE/../../../..
SPEC=$TOP/Documentation/netlink/specs/memdev.yaml
CACHED=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/memdev/tools/root/linux

# client: set CLI, or fail
client()
{
	local place

	for place in "${YNL:-$TOP/tools/net/ynl}" \
		     "${YNL:-$CACHED/tools/net/ynl}"; do
		for CLI in "$place/pyynl/cli.py" "$place/cli.py" "$place"; do
			[ ! -f "$CLI" ] || return 0
		done
	done
	return 1
}

client || skip_all "no cli.py in ${YNL:-tools/net/ynl}: set YNL="
[ -e "$SPEC" ] || skip_all "$SPEC is missing"
python3 -c 'import yaml' 2>/dev/null ||
	skip_all "python3 with yaml is missing (Debian: python3-yaml)"

# Validate the spec only once, if possible: it takes longer than a request.
SCHEMA=${CLI%/tools/net/ynl/*}/Documentation/netlink/genetlink-legacy.yaml
if [ ! -e "$SCHEMA" ] || ! python3 -c 'import jsonschema' 2>/dev/null; then
	SCHEMA=
fi
# Compile once, outside of the source tree.
export PYTHONUNBUFFERED=1 PYTHONPYCACHEPREFIX="$TMP/pyc"

ynl()
{
	python3 "$CLI" --spec "$SPEC" --no-schema --output-json "$@"
}

# json EXPRESSION <JSON: evaluate EXPRESSION with the input as x
json()
{
	python3 -c '
import json, sys
x = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}

# same_as_sysfs <DUMP: print differences, and the number of values at the end
same_as_sysfs()
{
	python3 -c '
import json, os, sys

BUS = "/sys/bus/memdev/devices/"
WINDOWS = "/sys/devices/memdev/"
NUMBERS = ("address", "start", "size", "align", "node", "slot", "block-size",
           "plugged-size", "online-size", "requested-size",
           "memmap-on-memory", "unplug-timeout-ms", "limit", "slots", "used",
           "largest-free")
WORDS = ("id", "kind", "state", "online-type", "last-error", "source")
DIRS = {"plug-stats": "plug", "unplug-stats": "unplug"}

def read(path):
    with open(path) as file:
        return file.read().rstrip("\n")

def differ(what, got, want):
    if got != want:
        print(what, "is", got, "not", want)

compared = 0
for thing in json.load(sys.stdin):
    window = "source" in thing
    path = (WINDOWS + "window" if window else BUS + "memdev") + \
        str(thing["index"]) + "/"
    for name in NUMBERS + WORDS:
        file = path + name.replace("-", "_")
        if name not in thing:
            if os.path.exists(file) and read(file) not in ("", "-1", "none"):
                print(file, "is", read(file), "and not in the dump")
            continue
        if not os.path.exists(file):
            if not window or name != "block-size":
                print("there is no", file)
            continue
        compared += 1
        if name in NUMBERS:
            differ(name, int(thing[name]), int(read(file), 0))
        elif name in ("state", "online-type", "source"):
            differ(name, thing[name].replace("_", "-"),
                   read(file).replace("_", "-"))
        else:
            differ(name, thing[name], read(file))
    for name, direction in DIRS.items():
        if name not in thing:
            continue
        for what in ("count", "failures", "bytes"):
            compared += 1
            differ(name + "." + what, thing[name][what],
                   int(read(path + "stats/" + direction + "_" + what)))
print(compared, "values")'
}

# agrees NAME COMMAND MINIMUM: a dump has MINIMUM or more values, which agree
# with sysfs
agrees()
{
	local said

	ynl --dump "$2" >"$TMP/dump" 2>&1
	said=$(same_as_sysfs <"$TMP/dump" 2>&1)
	if [ "${said% values}" != "$said" ] && [ "${said% values}" -ge "$3" ] \
	   2>/dev/null; then
		pass "$1"
	else
		fail "$1" "$said" "$(cat "$TMP/dump")"
	fi
	say "$said"
}

# do_ok NAME COMMAND JSON: the request succeeds
do_ok()
{
	check "$1" ynl --do "$2" --json "$3"
}

load_blocks 4
first=$(first_block)
start=$(($(get address)))
if [ -n "$SCHEMA" ]; then
	check "the spec is valid" \
		python3 "$CLI" --spec "$SPEC" --schema "$SCHEMA" --validate
else
	skip "the spec is valid" "no schema, or no jsonschema"
fi

# --- dumps ------------------------------------------------------------------

agrees "--dump dev-get agrees with sysfs" dev-get 20
agrees "--dump window-get agrees with sysfs" window-get 8

# --- changes ----------------------------------------------------------------

is "del_device" "$(put $BUS/del_device memdev0)" ok
is "a dump without devices is empty" "$(ynl --dump dev-get)" "[]"
ynl --do dev-new \
	--json "{\"size\": $((3 * BLOCK)), \"id\": \"y\", \"kind\": \"virtio-mem\"}" \
	>"$TMP/new" 2>&1
index=$(json 'x["index"]' <"$TMP/new")
D=$BUS/devices/memdev$index
is "--do dev-new creates a device and returns its index" "$(get id)" y
do_ok "--do dev-set sets a deadline and an online type" dev-set \
	"{\"id\": \"y\", \"unplug-timeout-ms\": 0, \"online-type\": \"online-movable\"}"
is "the deadline and the online type are set" \
	"$(get unplug_timeout_ms) $(get online_type)" "0 online_movable"
do_ok "--do dev-plug plugs a size" dev-plug \
	"{\"index\": $index, \"size\": $((2 * BLOCK))}"
is "two blocks are plugged" "$(get plugged_blocks)" 0-1
agrees "--dump dev-get agrees with sysfs" dev-get 20
is "user space offlines a block" "$(put $MEM/memory"$first"/state offline)" ok
is "--dump block-get reports ranges of blocks" \
	"$(ynl --dump block-get | json '[(r["device"], r["first"], r["count"],
	r["state"], r["address"]) for r in x]')" \
	"[($index, 0, 1, 'offline', $start), ($index, 1, 1, 'movable', $((
	start + BLOCK))), ($index, 2, 1, 'unplugged', $((start + 2 * BLOCK)))]"
do_ok "--do dev-plug plugs all blocks" dev-plug '{"id": "y", "all": true}'
is "all blocks are plugged" "$(get plugged_blocks)" 0-2
is "--do dev-get reports one device" "$(ynl --do dev-get --json '{"id": "y"}' |
	json 'x["state"], x["plugged-size"], x["online-size"]')" \
	"('plugged', $((3 * BLOCK)), $((2 * BLOCK)))"

# --- refusals ---------------------------------------------------------------

ynl --do dev-del --json "{\"index\": $index}" >"$TMP/said" 2>&1
check "a refusal has a message" grep -q 'error: .*plugged, unplug it first: Device' "$TMP/said"
say "$(cat "$TMP/said")"
ynl --do dev-plug --json "{\"index\": 99, \"all\": true}" >"$TMP/said" 2>&1
check "a refusal names the invalid attribute" \
	grep -q "bad-attr.*\.index" "$TMP/said"
say "$(cat "$TMP/said")"
ynl --do dev-plug --json "{\"index\": $index}" >"$TMP/said" 2>&1
check "a refusal names the missing attribute" \
	grep -q "miss-type.*size" "$TMP/said"
say "$(cat "$TMP/said")"

# --- notifications ----------------------------------------------------------

do_ok "--do dev-unplug unplugs all blocks" dev-unplug '{"id": "y", "all": true}'
is "no block is plugged" "$(get plugged_size) $(get state)" "0 unplugged"
ynl --subscribe monitor --duration 600 >"$TMP/events" 2>&1 &
listener=$!

heard()
{
	grep -q "$@" "$TMP/events"
}

# The client does not report when it has subscribed.
plugs_and_is_heard()
{
	put_dev plug "$BLOCK" >/dev/null
	put_dev unplug "$BLOCK" >/dev/null
	sleep 1
	heard plugged
}

check "--subscribe monitor receives notifications" \
	until_true 120 plugs_and_is_heard
is "a device is created" "$(put $BUS/new_device "size=$BLOCK id=z")" ok
D=$BUS/devices/memdev$(grep -lx z $BUS/devices/*/id | tr -dc 0-9)
z=${D##*memdev}
is "the device is plugged" "$(put_dev plug all)" ok
is "the device is unplugged" "$(put_dev unplug all)" ok
is "the device is deleted" "$(put $BUS/del_device z)" ok
check "the deletion is notified" until_true 120 heard dev-del-ntf
kill $listener
wait $listener 2>/dev/null
python3 -c '
import json, sys
seqs = []
for line in sys.stdin:
    event = json.loads(line)
    seqs.append(event["msg"]["seq"])
    if event["msg"].get("id") != "z":
        continue
    msg = event["msg"]
    print(event["name"], msg["device"],
          *(msg[k] for k in ("address", "size", "old-size", "new-size")
            if k in msg))
if seqs != list(range(seqs[0], seqs[0] + len(seqs))):
    print("gaps:", seqs)' <"$TMP/events" >"$TMP/heard" 2>&1
is "each event is reported once and in order" "$(cat "$TMP/heard")" \
	"dev-new-ntf $z $((start + 3 * BLOCK)) $BLOCK
dev-begin-ntf $z
dev-plugged-ntf $z $((start + 3 * BLOCK)) 0 $BLOCK
dev-online-ntf $z $((start + 3 * BLOCK)) 0 $BLOCK
dev-set-ntf $z
dev-begin-ntf $z
dev-online-ntf $z $((start + 3 * BLOCK)) $BLOCK 0
dev-plugged-ntf $z $((start + 3 * BLOCK)) $BLOCK 0
dev-set-ntf $z
dev-del-ntf $z $((start + 3 * BLOCK)) $BLOCK"
say "$(tail -n 2 "$TMP/events")"

D=$BUS/devices/memdev$index
do_ok "--do dev-del deletes a device" dev-del '{"id": "y"}'
check "the device is gone" [ ! -e "$D" ]
do_ok "--do window-del deletes the window" window-del '{"index": 0}'
check "the window is gone" [ ! -e $WINDOWS/window0 ]
check "--do window-new creates the window again" ynl --do window-new \
	--json "{\"start\": $start, \"size\": $((4 * BLOCK))}"
agrees "--dump window-get agrees with sysfs" window-get 8
check "the kernel logged no warning" log_quiet
finish
