#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Each memdevctl command: its output and its exit status
#
# VM: mem=4G usual="6.1 7.3" timeout=1800 append=memmap=1G$0x100000000

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl python3 script
chmod 755 "$TMP"

# json EXPRESSION: evaluate EXPRESSION with the standard input as "it"
json()
{
	python3 -c 'import json, sys
it = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}

# --- create, list ------------------------------------------------------------

spec=$(window_spec 8) || skip_all "no reserved range of 8 memory blocks"
log_mark
load "window=$spec" devices=0 || die "window=$spec was refused" "$(log_memdev)"
start=$(cat $WINDOWS/window0/start)

runs "list without devices" list
is "list without devices prints nothing" "$OUT" ""
runs "list -J without devices" list -J
is "list -J without devices prints an empty array" \
	"$(echo "$OUT" | json 'it["memdev"]')" "[]"
runs "create" create $((4 * BLOCK))
is "create prints the name" "$OUT" memdev0
no_deadline
runs "create with all options" create $((2 * BLOCK)) --id vm0 \
	--kind virtio-mem --window window0 --align $BLOCK \
	--addr "$(hex $((start + 4 * BLOCK)))" --node 0 -J
is "create -J prints JSON" "$(echo "$OUT" | json \
	'[it["memdev"][0][k] for k in ("device", "id", "size", "plugged")]')" \
	"['memdev1', 'vm0', $((2 * BLOCK)), 0]"
is "create honors --addr" "$(cat $BUS/devices/memdev1/address)" \
	"$(hex $((start + 4 * BLOCK)))"
runs "create a dimm" create $BLOCK --kind dimm --slot 5
is "create honors --slot" "$OUT $(cat $BUS/devices/memdev2/slot)" "memdev2 5"
fails "create names the invalid option" 1 \
	"memdevctl: create $BLOCK: --addr: address 0x5 is not a multiple of *" \
	create $BLOCK --addr 5
fails "create passes the kernel's message on" 1 \
	"memdevctl: create 1: 1 is not a multiple of the alignment *" create 1
fails "create names the owner of a duplicate id" \
	1 "memdevctl: create $BLOCK: --id: *vm0*" create $BLOCK --id vm0
fails "create names the kinds" 1 \
	"memdevctl: create $BLOCK: --kind: unknown kind 'pmem', not one of dimm, virtio-mem" \
	create $BLOCK --kind pmem
fails "create with an occupied slot" 1 "*slot 5 is busy" \
	create $BLOCK --kind dimm --slot 5

runs "plug two blocks" plug 0 $((2 * BLOCK))
is "plug prints nothing" "$OUT" ""
is "plug plugs two blocks" "$(get plugged_size)" $((2 * BLOCK))
runs "set by id" set vm0 online-type=online_kernel unplug_timeout_ms=0 \
	memmap_on_memory=0
is "set changes both attributes" "$(cat $BUS/devices/memdev1/online_type \
	$BUS/devices/memdev1/unplug_timeout_ms | xargs)" "online_kernel 0"
fails "set with one invalid value" 1 "memdevctl: memdev0: set: *" \
	set 0 unplug_timeout_ms=7 requested_size=1
is "set changes all values or none" "$(get unplug_timeout_ms)" 0
runs "plug by id" plug vm0 $BLOCK
runs "plug all of a dimm" plug memdev2 all

runs "list" list
is "list prints a heading" "$(echo "$OUT" | head -n 1 | xargs)" \
	"DEVICE KIND SIZE PLUGGED ONLINE REQUESTED STATE NODE ID"
is "list prints a line per device" "$(echo "$OUT" | wc -l)" 4
runs "list -n" list -n
is "list -n omits the heading" "$(echo "$OUT" | wc -l)" 3
runs "list -o takes columns in any case" list -n -o plugged,DEVICE
is "list -o keeps the order of the columns" \
	"$(echo "$OUT" | awk 'NR == 3 { print $1, $2 }')" \
	"$(numfmt --to=iec $BLOCK) memdev2"
runs "list -b" list -nbo DEVICE,SIZE,PLUGGED
is "list -b prints bytes" "$(echo "$OUT" | tr -s ' ' | head -n 1)" \
	"memdev0 $((4 * BLOCK)) $((2 * BLOCK))"
runs "list -r" list -rbo DEVICE,SIZE,STATE
is "list -r separates columns by one space" "$OUT" "DEVICE SIZE STATE
memdev0 $((4 * BLOCK)) partial
memdev1 $((2 * BLOCK)) partial
memdev2 $BLOCK plugged"
runs "list -P" list -Pbo DEVICE,ID,ONLINE vm0
is "list -P prints quoted pairs" \
	"$OUT" "DEVICE=\"memdev1\" ID=\"vm0\" ONLINE=\"$BLOCK\""
runs "list -o +COLUMN" list -n -o +SLOT 2
is "list -o +COLUMN adds to the default columns" \
	"$(echo "$OUT" | awk '{ print $1, $NF }')" "memdev2 5"
runs "-o help" list -o help
check "list -o help names all columns" expr "$OUT" : ".*ADDRESS.*RETIRED"
runs "list -J" list -J
is "list -J prints sizes as numbers" "$(echo "$OUT" | json \
	'[(d["device"], d["size"], d["id"]) for d in it["memdev"]]')" \
	"[('memdev0', $((4 * BLOCK)), None), ('memdev1', $((2 * BLOCK)), 'vm0'), ('memdev2', $BLOCK, None)]"
runs "list -J of one device" list -J 0
is "list -J of one device prints an array" \
	"$(echo "$OUT" | json 'len(it["memdev"])')" 1
runs "--output-all" list --output-all -J
is "--output-all includes addresses and blocks" "$(echo "$OUT" | json \
	'[(d["address"], d["movable"], d["kernel"], d["unplugged"])
	  for d in it["memdev"]][:2]')" \
	"[('$(hex $((start)))', '0-1', None, '2-3'), ('$(
		hex $((start + 4 * BLOCK)))', None, '0', '1')]"
runs "list --window" list -rno DEVICE --window window0
is "list --window prints the devices of the window" "$(echo "$OUT" | xargs)" \
	"memdev0 memdev1 memdev2"
runs "list --window of another window" list -rno DEVICE --window 1
is "list --window omits devices of other windows" "$OUT" ""
runs "list --node" list -rno DEVICE --node 0 vm0
is "list --node keeps the named devices of the node" "$OUT" memdev1
runs "list --node of another node" list -rno DEVICE --node 1
is "list --node omits devices of other nodes" "$OUT" ""
runs "show --node of another node" show --node 1
is "show --node omits devices of other nodes" "$OUT" ""
runs "blocks --window of another window" blocks -rno BLOCK --window 1
is "blocks --window omits devices of other windows" "$OUT" ""
fails "list of an unknown name" 1 \
	"memdevctl: nosuch: no such device" list nosuch
fails "list of an unknown number" \
	1 "memdevctl: 77: no such device" list 77
memdevctl list >/dev/full 2>"$TMP/err"
is "list fails on a full disk" "$? $(cat "$TMP/err")" \
	"1 memdevctl: standard output: No space left on device"
memdevctl list >&- 2>"$TMP/err"
is "list fails on a closed standard output" $? 1
{ sleep 1; memdevctl list 2>"$TMP/err"; echo $? >"$TMP/rc"; } | :
is "list fails without a message on a closed pipe" \
	"$(cat "$TMP/rc" "$TMP/err")" 1

# --- completion ----------------------------------------------------------------

# completes WORDS ARGUMENT...: WORDS complete the last argument
completes()
{
	local words=$1
	shift

	is "completion of: $*" "$(memdevctl __complete "$@" | xargs)" "$words"
}

completes "memdev0 memdev1 vm0 memdev2" plug ""
completes "memdev0 memdev1 vm0 memdev2" list ""
completes "memdev0 memdev1 vm0 memdev2" destroy memdev0 ""
completes vm0 show v
completes all plug 0 ""
completes window0 map ""
completes window0 window del memdev0 ""
completes "" help memdev
completes --color=always map --color=al
completes "" map --color=mem
completes "" create mem

# --- verbose -----------------------------------------------------------------

ctl set -v vm0 unplug_timeout_ms=0
is "set --verbose succeeds" "$RC$OUT" 0
for line in 'request family memdev' 'request dev-get id="vm0"' \
	    'reply dev-get index=1 id="vm0" kind="virtio-mem" window=0 .* node=0 .*' \
	    'request dev-set unplug-timeout-ms=0 index=1' \
	    'result ok after [0-9]* ms'; do
	check "--verbose prints '$line'" \
		grep -qx "memdevctl: $line" "$TMP/err"
done
ctl create --verbose 100M
is "create --verbose fails" $RC 1
for line in "request dev-new size=$((100 << 20))" \
	    'result EINVAL after [0-9]* ms: 100M is not a multiple of .*'; do
	check "--verbose prints '$line'" \
		grep -qx "memdevctl: $line" "$TMP/err"
done
ctl offline --verbose 0 --block 1
check "--verbose prints a write to sysfs" grep -qx \
	"memdevctl: write offline to $MEM/memory[0-9]*/state" "$TMP/err"
runs "online after offline --verbose" online 0 --block 1

# --- show --------------------------------------------------------------------

runs "show" show 0
for line in "state *partial" "size .*($((4 * BLOCK)) bytes)" \
	    "plugged .*($((2 * BLOCK)) bytes)" "movable blocks *0-1" \
	    "unplugged blocks *2-3" "address *$(hex $((start)))-0x[0-9a-f]*" \
	    "unplug timeout *none" "plugs *1, 0 failed, .*"; do
	check "show prints '$line'" grep -qx "  $line" "$TMP/out"
done
runs "show without a device" show
is "show without a device shows all" "$(grep -c '^memdev[0-9]*$' "$TMP/out")" 3
runs "show -J" show -J vm0
is "show -J prints all columns of list" \
	"$OUT" "$(memdevctl list -J --output-all vm0)"
fails "show of an unknown name" 1 "memdevctl: nosuch: *" show nosuch

# --- QEMU's formats ----------------------------------------------------------

plugged=$((2 * BLOCK))
runs "list --format hmp" list --format hmp
is "list --format hmp prints what QEMU does, except what memdev lacks" "$OUT" \
"Memory device [virtio-mem]: \"\"
  memaddr: $(hex $((start)))
  node: 0
  requested-size: $plugged
  size: $plugged
  max-size: $((4 * BLOCK))
  block-size: $BLOCK
Memory device [virtio-mem]: \"vm0\"
  memaddr: $(hex $((start + 4 * BLOCK)))
  node: 0
  requested-size: $BLOCK
  size: $BLOCK
  max-size: $((2 * BLOCK))
  block-size: $BLOCK
Memory device [dimm]: \"\"
  addr: $(hex $((start + 6 * BLOCK)))
  slot: 5
  node: 0
  size: $BLOCK
  hotplugged: true
  hotpluggable: true"
runs "list --format qmp" list --format=qmp vm0 2
is "list --format qmp prints what QEMU does" \
	"$OUT" "{\"return\": [{\"type\": \"virtio-mem\", \"data\": {\"memaddr\": $((start + 4 * BLOCK)), \"block-size\": $BLOCK, \"size\": $BLOCK, \"node\": 0, \"max-size\": $((2 * BLOCK)), \"requested-size\": $BLOCK, \"id\": \"vm0\"}}, {\"type\": \"dimm\", \"data\": {\"hotplugged\": true, \"addr\": $((start + 6 * BLOCK)), \"hotpluggable\": true, \"size\": $BLOCK, \"slot\": 5, \"node\": 0}}]}"
blocks=$(find $MEM/ -maxdepth 1 -name 'memory[0-9]*' | wc -l)
base=$((blocks * BLOCK - 4 * BLOCK))
runs "stat --format hmp" stat --format hmp
is "stat --format hmp prints the summary" "$OUT" "base memory: $base
plugged memory: $((4 * BLOCK))"
runs "stat --format qmp" stat --format qmp
is "stat --format qmp prints the summary" "$OUT" \
	"{\"return\": {\"base-memory\": $base, \"plugged-memory\": $((4 * BLOCK))}}"

# --- map ---------------------------------------------------------------------

runs "map" map
is "map draws a cell per block" "$(sed -n 2p "$TMP/out")" \
	"  $(hex $((start)))  MMuuKuMf"
is "map names the device of each range" \
	"$(sed -n 3,5p "$TMP/out")" "  memdev0: 0-3
  memdev1 (vm0): 4-5
  memdev2: 6"
for word in "M online, movable" "K online, kernel" "o plugged, offline" \
	    "u unplugged" "r retired" "f free"; do
	check "the legend explains '$word'" grep -qF "$word" "$TMP/out"
done
is "no color outside a terminal" "$(tr -cd '\033' <"$TMP/out" | wc -c)" 0
runs "map --color=always" map --color=always
check "map --color=always prints colors" grep -q '\[30;42mMM' "$TMP/out"
export NO_COLOR=1
runs "map --color with NO_COLOR" map --color
check "map --color overrides NO_COLOR" grep -q '\[30;42mMM' "$TMP/out"
unset NO_COLOR
export TERM=linux
script -qec "memdevctl map" /dev/null >"$TMP/out" </dev/null
check "colors on a terminal" grep -q '\[30;42mMM' "$TMP/out"
script -qec "TERM=dumb memdevctl map" /dev/null >"$TMP/out" </dev/null
is "no color on a dumb terminal" "$(tr -cd '\033' <"$TMP/out" | wc -c)" 0
script -qec "NO_COLOR=1 memdevctl map" /dev/null >"$TMP/out" </dev/null
is "no color with NO_COLOR" "$(tr -cd '\033' <"$TMP/out" | wc -c)" 0
script -qec "memdevctl map --color=never" /dev/null >"$TMP/out" </dev/null
is "no color with --color=never" "$(tr -cd '\033' <"$TMP/out" | wc -c)" 0
for width in 1 3 19 20 40 80; do
	COLUMNS=$width memdevctl map >"$TMP/out"
	is "a map folded to $width columns is complete" "$(
		sed -n '/^window0/,/memdev0/p' "$TMP/out" | sed '1d;$d' |
		sed 's/.* //' | tr -d '\n')" MMuuKuMf
	is "no row is wider than $width columns" \
		"$(sed -n '/^window0/,/memdev0/p' "$TMP/out" |
		sed '1d;$d' | awk -v max=$width 'length > max')" ""
done
runs "map of one window" map window0
fails "map of an unknown window" 1 "memdevctl: window7: *" map 7
put $BUS/devices/memdev0/online_type offline >/dev/null
put $BUS/devices/memdev0/plug $BLOCK >/dev/null
put $BUS/devices/memdev0/online_type online_movable >/dev/null
runs "map with an offline block" map
is "map shows an offline block by its letter" "$(sed -n 2p "$TMP/out")" \
	"  $(hex $((start)))  MMouKuMf"
runs "map --svg" map --svg "$TMP/map.svg"
is "map --svg writes well-formed XML with all cells" "$(python3 -c '
import sys, xml.etree.ElementTree as ET
root = ET.parse(sys.argv[1]).getroot()
svg = "{http://www.w3.org/2000/svg}"
cells = [t.text for t in root.iter(svg + "text")
         if t.get("class") == "c"]
print(root.tag == svg + "svg", "".join(cells[:8]),
      int(root.get("width")) < 2000, int(root.get("height")) < 2000)' \
	"$TMP/map.svg")" "True MMouKuMf True True"
runs "map --svg -" map --svg -
is "map --svg - prints the same SVG" "$(cmp "$TMP/out" "$TMP/map.svg")" ""
fails "map --svg to a missing directory" 1 \
	"memdevctl: /nosuch/map.svg: No such file or directory" \
	map --svg /nosuch/map.svg
fails "map --svg to a full disk" 1 "memdevctl: /dev/full: No space left *" \
	map --svg /dev/full

# --- stat --------------------------------------------------------------------

runs "stat" stat -rbo DEVICE,OP,COUNT,FAILED,BYTES
is "stat prints the counters" "$OUT" "DEVICE OP COUNT FAILED BYTES
memdev0 plug 2 0 $((3 * BLOCK))
memdev0 unplug 0 0 0
memdev1 plug 1 0 $BLOCK
memdev1 unplug 0 0 0
memdev2 plug 1 0 $BLOCK
memdev2 unplug 0 0 0"
runs "stat -J" stat -J vm0
is "stat -J prints numbers" "$(echo "$OUT" | json \
	'[(s["device"], s["op"], s["bytes"]) for s in it["stat"]]')" \
	"[('memdev1', 'plug', $BLOCK), ('memdev1', 'unplug', 0)]"
runs "stat --prometheus" stat --prometheus
check "stat --prometheus labels its samples" grep -qxF \
	"memdev_plugged_bytes{device=\"memdev1\",id=\"vm0\",kind=\"virtio-mem\",node=\"0\"} $BLOCK" \
	"$TMP/out"
is "stat --prometheus prints HELP and TYPE of each metric" "$(awk '
	/^# HELP memdev_[a-z_]+ ./ { help[$3]++; next }
	/^# TYPE memdev_[a-z_]+ (gauge|counter)$/ { type[$3]++; next }
	{ name = $0; sub(/[{ ].*/, "", name) }
	!/^memdev_[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9]+(\.[0-9]+)?$/ { print }
	help[name] != 1 || type[name] != 1 { print }' "$TMP/out")" ""
if command -v promtool >/dev/null; then
	# shellcheck disable=SC2016 # of the inner shell
	check "promtool accepts the metrics" sh -c '
		said=$(promtool check metrics <"$1" 2>&1) && [ -z "$said" ] ||
			{ echo "$said"; exit 1; }' sh "$TMP/out"
else
	skip "promtool accepts the metrics" "promtool is missing"
fi

# --- monitor -----------------------------------------------------------------

# monitors PID: the process joined its multicast group
monitors()
{
	awk -v pid="$1" '$2 == 16 && $3 == pid && $4 !~ /^0*$/ { found = 1 }
		END { exit !found }' /proc/net/netlink
}

# monitor NAME COMMAND...: start a monitor in the background and set PID; the
# output is in $TMP/NAME
monitor()
{
	local name=$1
	shift

	"$@" >"$TMP/$name" 2>"$TMP/$name.err" &
	PID=$!
	until_true 10 monitors $PID || fail "$* joins its multicast group"
}

# quiet COUNT FILE: FILE has at least COUNT lines
quiet()
{
	[ "$(wc -l <"$2")" -ge "$1" ]
}

monitor lines memdevctl monitor -b
lines=$PID
monitor json memdevctl monitor -J
json=$PID
monitor named memdevctl monitor memdev2 nosuch
named=$PID
monitor other memdevctl monitor vm0 0
other=$PID
monitor some memdevctl monitor --event dev-plugged,dev-del
some=$PID
# A small receive buffer: only root can request a larger one.
cat /proc/sys/net/core/rmem_max >"$TMP/rmem_max"
undo()
{
	[ ! -e "$TMP/rmem_max" ] ||
		cat "$TMP/rmem_max" >/proc/sys/net/core/rmem_max
}
echo 32768 >/proc/sys/net/core/rmem_max
monitor public setpriv --reuid=65534 --regid=65534 --clear-groups \
	--inh-caps=-all --bounding-set=-all -- memdevctl monitor
public=$PID
undo
runs "unplug all of a dimm" unplug 2 all
runs "destroy" destroy 2
for file in lines json named public; do
	check "monitor prints each event at once ($file)" \
		until_true 10 quiet 5 "$TMP/$file"
done
is "monitor prints one line per event, with the time" "$(sed -E \
	's/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]{3} /T /' "$TMP/lines")" \
	"T memdev2 unplug $BLOCK begins
T memdev2 online: $BLOCK -> 0, block 0
T memdev2 plugged: $BLOCK -> 0, block 0
T memdev2 set: requested 0, online type online_movable, memmap on memory no, unplug timeout 30000 ms
T memdev2 gone"
is "monitor -J prints one object per line" "$(python3 -c '
import datetime, json, sys
seq = None
for line in sys.stdin:
    it = json.loads(line)
    datetime.datetime.fromisoformat(it["time"])
    if seq is not None and it["seq"] != seq + 1:
        print("seq")
    seq = it["seq"]
    print(it["event"], it["device"], it.get("old"), it.get("new"), it.get("block"),
          it.get("op"), it.get("asked"), it.get("requested"), it.get("onlinetype"))' \
	<"$TMP/json")" "dev-begin memdev2 None None None unplug $BLOCK None None
dev-online memdev2 $BLOCK 0 0 None None None None
dev-plugged memdev2 $BLOCK 0 0 None None None None
dev-set memdev2 None None None None None 0 online_movable
dev-del memdev2 None None None None None None None"
is "monitor of a device prints its events" \
	"$(grep -c ' memdev2 ' "$TMP/named")" 5
is "monitor of a device omits events of others" "$(cat "$TMP/other")" ""
is "monitor --event prints only these events" \
	"$(sed 's/.* memdev2/memdev2/' "$TMP/some")" \
	"memdev2 plugged: $(numfmt --to=iec $BLOCK) -> 0B, block 0
memdev2 gone"
kill $named $other $some
wait $named $other $some 2>/dev/null
check "an unprivileged monitor sees the events" \
	grep -q 'memdev2 gone' "$TMP/public"
is "an unprivileged monitor sees no address" "$(grep -c 0x "$TMP/public")" 0

# Create and delete devices while one monitor does not read.
kill -STOP $public
i=0
while [ $i -lt 400 ]; do
	echo "size=$BLOCK id=many" >$BUS/new_device
	echo many >$BUS/del_device
	i=$((i + 1))
done &
churn=$!
failed=0
while kill -0 $churn 2>/dev/null; do
	memdevctl list -rno DEVICE >"$TMP/out" 2>>"$TMP/churn" || failed=1
	# Devices that are not deleted are in each list once.
	[ "$(grep -cx 'memdev[01]' "$TMP/out")" = 2 ] || failed=1
done
wait $churn
is "list is complete while devices come and go" "$failed$(cat "$TMP/churn")" 0
kill -CONT $public
check "monitor reports lost messages" \
	until_true 30 grep -q 'messages were lost' "$TMP/public"
echo "size=$BLOCK id=last" >$BUS/new_device
check "monitor reports how many messages were lost" until_true 30 \
	grep -qE ' [0-9]+ messages? (was|were) lost$' "$TMP/public"
check "monitor continues after the loss" \
	until_true 30 grep -q '(last) new' "$TMP/public"
runs "destroy by id" destroy last
check "a monitor that keeps reading loses no message" sh -c \
	"! grep -q lost '$TMP/lines' '$TMP/json'"
kill $lines $json $public
wait $lines $json $public 2>/dev/null
memdevctl monitor >/dev/full 2>"$TMP/err" &
PID=$!
until_true 10 monitors $PID
put $BUS/new_device "size=$BLOCK id=full" >/dev/null
wait $PID
is "monitor fails on a full disk" "$? $(cat "$TMP/err")" \
	"1 memdevctl: standard output: No space left on device"
put $BUS/del_device full >/dev/null

# --- resize, unplug ----------------------------------------------------------

runs "resize --wait to a larger size" resize 0 $((4 * BLOCK)) --wait
is "resize waited until the device grew" "$(get plugged_size)" $((4 * BLOCK))
runs "resize --wait to a smaller size" resize --wait memdev0 $((2 * BLOCK))
is "resize waited until the device shrank" "$(get plugged_size)" $((2 * BLOCK))
runs "resize --wait to the current size" resize -w 0 $((2 * BLOCK))
fails "resize to an unaligned size" \
	1 "memdevctl: memdev0: resize 1: *multiple*" resize 0 1
fails "resize beyond the device size" 1 "memdevctl: memdev0: resize *" \
	resize 0 $((5 * BLOCK))
runs "resize all" resize --wait 0 all
is "resize all waited until all is plugged" "$(get plugged_size)" \
	$((4 * BLOCK))
runs "resize accepts 256MiB and the like" resize --timeout 60 0 \
	$((2 * BLOCK / MiB))MiB
is "--timeout implies --wait" "$(get plugged_size)" $((2 * BLOCK))
runs "resize accepts a fraction of a size" resize --wait 0 0.375G
is "0.375G is three blocks of 128M" "$(get plugged_size)" $((384 * MiB))

# --- ensure, wait ------------------------------------------------------------

runs "ensure a larger size" ensure 0 $((3 * BLOCK))
is "ensure waited until the device grew" \
	"$(get plugged_size) $(get requested_size)" \
	"$((3 * BLOCK)) $((3 * BLOCK))"
n=$(cat $D/stats/plug_count)$(cat $D/stats/unplug_count)
runs "ensure the size that the device has" ensure memdev0 $((3 * BLOCK))
is "ensure did nothing" \
	"$(cat $D/stats/plug_count)$(cat $D/stats/unplug_count)" "$n"
check "ensure of that size needs no privilege" \
	user memdevctl ensure 0 $((3 * BLOCK))
fails "ensure an unaligned size" 1 "memdevctl: memdev0: ensure 1: *multiple*" \
	ensure 0 1
fails "ensure of an unknown device" 1 "memdevctl: nosuch: no such device" \
	ensure nosuch 0
runs "wait for the size that is plugged" wait 0 $((3 * BLOCK))
runs "ensure all" ensure 0 all
runs "wait until a plugged device is plugged" wait 0 plugged
fails "wait with a timeout, for what does not come" 1 \
	"memdevctl: memdev0: wait unplugged: timed out, $(in_units $((4 * BLOCK))) is plugged" \
	wait 0 unplugged --timeout 1
fails "wait with timeout 0 only checks" 1 "memdevctl: *: timed out, *" \
	wait --timeout 0 0 $((2 * BLOCK))
memdevctl wait 0 unplugged 2>"$TMP/err" &
pid=$!
runs "ensure 0" ensure 0 0
wait $pid
is "wait ends when the device is unplugged" "$? $(cat "$TMP/err")" "0 "
runs "wait until an unplugged device is unplugged" wait 0 unplugged
fails "wait for more than the device has" 1 \
	"memdevctl: memdev0: wait *: the size of the device is $(in_units $((4 * BLOCK)))" \
	wait 0 $((5 * BLOCK))
put $BUS/new_device "size=$BLOCK id=gone" >/dev/null
memdevctl wait gone plugged 2>"$TMP/err" &
pid=$!
sleep 1
put $BUS/del_device gone >/dev/null
wait $pid
is "wait ends when the device is removed" "$? $(grep -c "no such" "$TMP/err")" \
	"1 1"
runs "resize to two blocks" resize --wait 0 $((2 * BLOCK))
fails "unplug of more than is plugged" 1 \
	"memdevctl: memdev0: unplug $((3 * BLOCK)): $(in_units $((3 * BLOCK))) is more than the *" \
	unplug 0 $((3 * BLOCK))
fails "plug of more than is free" \
	1 "memdevctl: memdev0: plug $((3 * BLOCK)): *" plug 0 $((3 * BLOCK))
fails "destroy of a plugged device" 1 \
	"memdevctl: memdev0: destroy: * of memdev0 is plugged, unplug it first" \
	destroy 0
fails "plug of an unknown device" 1 "memdevctl: nosuch: *" plug nosuch all
runs "plug all" plug 0 all
runs "unplug of a size in bytes" unplug 0 $BLOCK
is "unplug leaves the other blocks plugged" "$(get plugged_size)" $((3 * BLOCK))
runs "plug one block again" plug 0 $BLOCK

# Pin a page in the device's memory.
if pin_start $((start)) $((start + 4 * BLOCK)); then
	runs "set a deadline" set 0 unplug_timeout_ms=3000
	fails "a partial unplug exits with 64 and prints the block and the reason" 64 \
		"memdevctl: memdev0: unplug all: $(($((3 * BLOCK)) >> 20))M done, then block memory[0-9]* (0x*) refused: ?*" \
		unplug 0 all
	say "$ERR"
	n=$(echo "$ERR" | sed 's/.*block memory\([0-9]*\) .*/\1/')
	is "unplug names the block still plugged" "$(get plugged_blocks)" \
		$((n - start / BLOCK))
	is "unplug prints the address of the block" \
		"$(echo "$ERR" | sed 's/.*(\(0x[0-9a-f]*\)).*/\1/')" \
		"$(hex $((n * BLOCK)))"
	fails "an unplug that unplugs nothing exits with 1" 1 \
		"memdevctl: memdev0: unplug all: block memory$n (*) refused: *" \
		unplug 0 all
	runs "show after a refusal" show 0
	check "show prints the refusal" grep -q "refused .*block memory$n" \
		"$TMP/out"
	user memdevctl show 0 >"$TMP/out"
	is "show hides the address from unprivileged users" \
		"$(grep -c '0x\|memory[0-9]' \
		"$TMP/out")" 0

	# On a terminal
	script -qec "memdevctl unplug 0 all" /dev/null >"$TMP/out" </dev/null
	check "unplug shows its progress on a terminal" \
		grep -q 'memdev0: unplug all: .* plugged, .* online, 0%' "$TMP/out"
	is "unplug erases the progress when it ends" \
		"$(tail -n 1 "$TMP/out" | tr '\r' '\n' |
		grep -c "$(printf '^\033\\[Kmemdevctl: ')")" 1
	is "unplug shows no progress outside a terminal" \
		"$(printf %s "$ERR" | tr -d '\n' | tr -cd '\r' |
		wc -c)" 0

	runs "disable the deadline" set 0 unplug_timeout_ms=0
	runs "plug two blocks" plug 0 $((2 * BLOCK))
	# Background jobs of a non-interactive shell ignore SIGINT by default.
	for signal in INT TERM; do
		env --default-signal=INT memdevctl unplug 0 all \
			2>"$TMP/err" &
		pid=$!
		check "all blocks but the pinned one are unplugged ($signal)" \
			until_true 60 sh -c "[ \$(cat $D/plugged_size) = $BLOCK ]"
		is "unplug keeps trying ($signal)" "$(get state)" unplugging
		kill -$signal $pid
		wait $pid
		is "SIG$signal ends unplug, which prints what was done" \
			"$? $(cat "$TMP/err")" \
			"64 memdevctl: memdev0: unplug all: $((2 * BLOCK >> 20))M done, then interrupted"
		is "the driver stops the unplug ($signal)" \
			"$(get state)" partial
		runs "plug two blocks again" plug 0 $((2 * BLOCK))
	done
	runs "unplug two blocks" unplug 0 $((2 * BLOCK))
	env --default-signal=INT memdevctl unplug 0 all 2>"$TMP/err" &
	pid=$!
	check "unplug starts" until_true 60 sh -c \
		"[ \$(cat $D/state) = unplugging ]"
	kill -INT $pid
	wait $pid
	is "an unplug that SIGINT ends before any progress exits with 1" \
		"$? $(cat "$TMP/err")" \
		"1 memdevctl: memdev0: unplug all: interrupted"
	env --default-signal=INT memdevctl resize --wait 0 0 2>"$TMP/err" &
	pid=$!
	check "resize --wait waits for a pinned block" until_true 60 sh -c \
		"[ \$(cat $D/requested_size) = 0 ]"
	sleep 1
	kill -INT $pid
	wait $pid
	check "SIGINT ends resize --wait" expr "$? $(cat "$TMP/err")" : \
		"1 memdevctl: memdev0: resize 0: stopped waiting, "
	runs "plug two blocks to be unplugged again" plug 0 $((2 * BLOCK))
	ctl ensure 0 0 --timeout 3
	# Within the timeout, a slow machine might not unplug a block.
	check "ensure ends at its timeout" expr "$RC $ERR" : \
		"\(1\|64\) memdevctl: memdev0: ensure 0: timed out, .*M is plugged"
	pin_stop
	runs "resize --wait completes once the page is unpinned" \
		resize --wait 0 0
else
	skip "an unplug is refused" "no page could be pinned on the device"
	runs "unplug all" unplug 0 all
fi

# --- faults ------------------------------------------------------------------

runs "fault list without rules" fault list
is "fault list without rules prints nothing" "$OUT" ""
runs "fault add" fault add 0 offline --block 1 --errno EBUSY --times 1
is "fault add prints the number of the rule" "$OUT" 1
runs "fault add with all options" fault add memdev0 add --errno 12 --delay 1 \
	--nth 2 --every 3 --times 4 --chance 5 --seed 6
is "fault add prints the number of the second rule" "$OUT" 2
runs "fault add to another device" fault add vm0 answer --delay 1
runs "fault list" fault list -r
is "fault list shows all rules" "$OUT" \
	"DEVICE RULE STEP BLOCK ERRNO DELAY NTH EVERY TIMES CHANCE SEED SEEN HIT
memdev0 1 offline 1 EBUSY 0 1 1 1 1000  0 0
memdev0 2 add  ENOMEM 1 2 3 4 5 6 0 0
memdev1 1 answer   1 1 1  1000  0 0"
runs "fault list of one device" fault list vm0 -rno STEP,DELAY
is "fault list of one device shows its rules" "$OUT" "answer 1"
runs "fault list -J" fault list 0 -J
is "fault list -J prints numbers" "$(echo "$OUT" | json \
	'[(r["rule"], r["block"], r["errno"], r["seed"]) for r in it["faults"]]')" \
	"[(1, 1, 'EBUSY', None), (2, None, 'ENOMEM', 6)]"
fails "fault list of an unknown device" 1 "memdevctl: nosuch: *" \
	fault list nosuch
runs "fault del" fault del 0 2
fails "fault del of a known and an unknown rule" \
	64 "memdevctl: memdev0: fault del: there is no rule 2" fault del 0 2 1
fails "fault add with a block out of range" 1 \
	"memdevctl: memdev0: fault add: block 77 is out of range *" \
	fault add 0 add --block 77 --errno EIO
fails "fault add with an errno that user space does not know" 1 \
	"memdevctl: memdev0: fault add: errno 512 is out of range *" \
	fault add 0 add --errno 512
fails "fault add with a chance above 1000" 1 \
	"memdevctl: memdev0: fault add: a chance of 1001 exceeds 1000" \
	fault add 0 add --errno EIO --chance 1001
runs "plug two blocks" plug 0 $((2 * BLOCK))
runs "fault add" fault add 0 offline --block 1 --errno EBUSY --times 1
fails "unplug all hits the fault" 64 \
	"memdevctl: memdev0: unplug all: * done, then block * (-16)" \
	unplug 0 all
runs "fault list" fault list 0 -rno STEP,SEEN,HIT
is "fault list shows the hit" "$OUT" "offline 1 1"
runs "fault list" fault list vm0 -rno SEEN,HIT
is "a rule does not match the steps of another device" "$OUT" "0 0"
for command in list add; do
	# shellcheck disable=SC2046 # only add has a step
	user memdevctl fault $command 0 \
		$([ $command = list ] || echo add --errno EIO) \
		>"$TMP/out" 2>"$TMP/err"
	is "fault $command by an unprivileged user is refused" \
		"$? $(cut -d: -f1-3,5 "$TMP/err")" \
		"1 memdevctl: memdev0: fault $command: Permission denied"
done
runs "fault del all" fault del 0 all
runs "fault del all of another device" fault del vm0 all
runs "fault list after fault del all" fault list
is "fault list after fault del all prints nothing" "$OUT" ""
fails "fault poison of an offline block" 1 \
	"memdevctl: memdev0: fault poison: block 0 is not online*" \
	fault poison 0 --block 0
if [ -e $MEM/hard_offline_page ]; then
	runs "fault poison" fault poison 0 --block 1
	fails "fault poison with a page out of range" 1 \
		"memdevctl: memdev0: fault poison: page * is out of range *" \
		fault poison 0 --block 1 --page $((BLOCK / 4096))
	runs "unplug all" unplug 0 all
	runs "list" list 0 -rbno RETIRED
	is "list shows the retired block" "$OUT" $BLOCK
else
	skip "fault poison" "this kernel cannot poison a page"
	runs "unplug all" unplug 0 all
fi

# --- windows -----------------------------------------------------------------

runs "window list" window list -rbo WINDOW,SIZE,USED,SOURCE
is "window list shows the window" "$OUT" "WINDOW SIZE USED SOURCE
window0 $((8 * BLOCK)) $((6 * BLOCK)) reserved"
runs "window list -J" window list -J
is "window list -J prints numbers" \
	"$(echo "$OUT" | json 'it["windows"][0]["size"]')" $((8 * BLOCK))
fails "window add of an unaligned size" \
	1 "memdevctl: window add 1: *" window add 1
fails "window add over another window" 1 \
	"memdevctl: window add $BLOCK: --start: *" \
	window add $BLOCK --start $((start))
fails "window del of a window in use" 1 "memdevctl: window0: del: *" \
	window del 0
runs "unplug by id" unplug vm0 all
runs "destroy two devices" destroy 0 vm0
runs "window del" window del window0
runs "window add" window add $((2 * BLOCK)) --start "$start"
window=$OUT
check "window add prints the name" expr "$window" : "window[0-9]"
fails "window del of a known and an unknown window" \
	64 "memdevctl: window77: del: *" window del "$window" 77
fails "window del of an unknown window" \
	1 "memdevctl: window77: del: *" window del 77
runs "window add -J" window add $((2 * BLOCK)) --start "$start" -J
window=$(echo "$OUT" | json 'it["windows"][0]["window"]')
runs "create in the new window" create $BLOCK --id one --window "$window"
fails "destroy of an unknown and a known device" \
	64 "memdevctl: nosuch: *" destroy nosuch one

# The name of a new device must not be lost if standard output fails.
memdevctl create $BLOCK --id two >/dev/full 2>"$TMP/err"
is "create prints the name to stderr if stdout is full" \
	"$? $(tail -n 1 "$TMP/err")" \
	"64 memdevctl: $(basename "$(readlink -f $BUS/devices/*)") was created"

# --- unprivileged users ------------------------------------------------------

user memdevctl list -J --output-all >"$TMP/out" 2>"$TMP/err"
is "an unprivileged user can list" \
	"$? $(json '[(d["id"], d["address"]) for d in it["memdev"]]' \
	<"$TMP/out")" "0 [('two', None)]"
user memdevctl map >"$TMP/out" 2>"$TMP/err"
is "an unprivileged user sees a map per device" \
	"$? $(sed -n 1,2p "$TMP/out")" \
	"0 $window, $(basename "$(readlink -f $BUS/devices/*)") (two): $(
	numfmt --to=iec $BLOCK), 1 block of $(numfmt --to=iec $BLOCK)
  0  u"
user memdevctl list --format hmp >"$TMP/out"
is "an unprivileged user sees QEMU's format without addresses" \
	"$(grep -c addr "$TMP/out") $(grep -c max-size "$TMP/out")" "0 1"
user memdevctl plug two all 2>"$TMP/err"
is "an unprivileged user cannot change anything" \
	"$? $(cut -d: -f1-3 "$TMP/err")" \
	"1 memdevctl: $(basename "$(readlink -f $BUS/devices/*)"): plug all"
unshare -n memdevctl list >"$TMP/out" 2>"$TMP/err"
is "in another network namespace, memdevctl reports the missing family" \
	"$? $(grep -c 'initial network namespace' "$TMP/err")" "1 1"

# Without the delay, the device may grow before ensure has to wait.
D=$(readlink -f $BUS/devices/*)
is "a fault rule delays operations" "$(faults "answer delay=1500")" ok
runs "ensure all of a slow device" ensure two all
is "ensure waited until the slow device grew" "$(get plugged_size)" $BLOCK
runs "ensure nothing of a slow device" ensure two 0
is "ensure waited until the slow device shrank" "$(get plugged_size)" 0
runs "destroy the last device" destroy two
monitor end memdevctl monitor
check "rmmod" rmmod memdev
wait $PID
is "monitor ends when the module is removed" "$? $(cat "$TMP/end.err")" \
	"1 memdevctl: monitor: the memdev module was removed"
check "the kernel logged no warning" log_quiet
finish
