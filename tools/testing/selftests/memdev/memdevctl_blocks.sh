#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# memdevctl blocks, online, offline, map -J, --watch, and the progress of plug
# and unplug
#
# VM: mem=4G usual=6.1 timeout=1800 append=memmap=1G$0x100000000

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl python3 script stty pgrep mount

# tty COMMAND STEP...: run a shell command on a terminal, see memdevctl_tty.py;
# all output is in $TMP/tty
tty()
{
	TERM=linux timeout 600 python3 -B "$HERE/memdevctl_tty.py" \
		"$TMP/tty" "$@" 2>&1
}

# memory BLOCK: the directory of a block of the device
memory()
{
	echo "$MEM/memory$(($(first_block) + $1))"
}

# field NAME [ARGUMENT...]: a column of all blocks
field()
{
	local name=$1
	shift

	memdevctl blocks -rno "$name" "$@" | xargs
}

# zone COLUMN: the blocks of the device that are MOVABLE or KERNEL
zone()
{
	memdevctl list -rno "$1" 0
}

# like_sysfs NAME: the output of blocks -J is what sysfs has
like_sysfs()
{
	runs "blocks -J ($1)" blocks -J --output-all
	check "blocks -J is what sysfs has ($1)" python3 -c '
import glob, json, os, sys
rows = json.load(open(sys.argv[1]))["blocks"]
first, count, size = map(int, sys.argv[2:])

def read(path):
    with open(path) as f:
        return f.read().strip()

retired = read("/sys/bus/memdev/devices/memdev0/retired_blocks")
retired = [list(map(int, part.split("-"))) for part in retired.split(",")
           if part]
want = []
for i in range(count):
    name = "memory%d" % (first + i)
    path = "/sys/devices/system/memory/" + name
    row = {"device": "memdev0", "block": i, "memory": None,
           "address": "0x%x" % ((first + i) * size), "state": "unplugged",
           "zone": None, "node": 0,
           "retired": any(r[0] <= i <= r[-1] for r in retired)}
    if os.path.exists(path):
        row["memory"] = name
        row["state"] = read(path + "/state")
        row["node"] = int(os.path.basename(glob.glob(path + "/node*")[0])[4:])
        if row["state"] == "online":
            row["zone"] = read(path + "/valid_zones")
    want.append(row)
used = [row.pop("inuse") for row in rows]
if rows != want:
    print(rows, want, sep="\n")
    sys.exit(1)
for row, bytes in zip(rows, used):
    least = -1 if row["state"] != "online" else 0
    if not least <= (-1 if bytes is None else bytes) <= size:
        sys.exit("%s %s" % (row, bytes))
' "$TMP/out" "$(first_block)" 6 $BLOCK
}

# --- blocks ------------------------------------------------------------------

spec=$(window_spec 8) || skip_all "no reserved range of 8 memory blocks"
log_mark
load "window=$spec" devices=0 || die "window=$spec was refused" "$(log_memdev)"
runs "blocks without devices" blocks
is "blocks without devices prints nothing" "$OUT" ""
runs "create" create $((6 * BLOCK)) --id guest
no_deadline
runs "blocks of an unplugged device" blocks
is "blocks lists unplugged blocks" "$(field STATE)" \
	"unplugged unplugged unplugged unplugged unplugged unplugged"
is "blocks of an unplugged device shows addresses" \
	"$(field ADDRESS | cut -d' ' -f 1,2)" \
	"$(get address) $(hex $(($(get address) + BLOCK)))"
is "blocks of an unplugged device shows no memory blocks" \
	"$(field MEMORY,ZONE)" ""
for type in offline online_kernel online_movable online_movable; do
	runs "set online_type=$type" set 0 online_type=$type
	runs "plug a block with online_type=$type" plug 0 $BLOCK
done
runs "blocks by id" blocks guest
is "blocks prints a heading" "$(head -n 1 "$TMP/out" | xargs)" \
	"DEVICE BLOCK MEMORY ADDRESS STATE ZONE NODE RETIRED"
is "blocks prints a line per block" "$(echo "$OUT" | wc -l)" 7
is "blocks shows each state" "$(field STATE 0)" \
	"offline online online online unplugged unplugged"
is "blocks shows the zones" \
	"$(memdevctl blocks -Pno ZONE | cut -d'"' -f 2 | tr '\n' ,)" \
	",$(cat "$(memory 1)/valid_zones"),Movable,Movable,,,"
like_sysfs "all states"
is "an online kernel block is not Movable" \
	"$(grep -c Movable "$(memory 1)/valid_zones")" 0
echo online_movable >"$(memory 0)/state"
is "blocks shows a block that came online behind memdev's back" \
	"$(field STATE,ZONE | cut -d' ' -f 1,2)" "online Movable"
like_sysfs "online behind memdev's back"
fails "blocks of an unknown device" 1 "memdevctl: nosuch: no such device" \
	blocks nosuch

# --- online, offline ---------------------------------------------------------

runs "offline" offline 0
is "offline takes all plugged blocks offline" \
	"$(get online_size) $(get plugged_size)" "0 $((4 * BLOCK))"
is "offline prints nothing" "$OUT" ""
runs "offline of a device that is offline" offline guest
like_sysfs "offline"
runs "online of some blocks" online 0 --block 1,3
is "online of some blocks leaves the others offline" "$(get online_blocks)" 1,3
is "online uses the device's online_type" "$(zone MOVABLE)" 1,3
runs "online of blocks of which some are online" online 0 --block 0-1
is "online brings the others online" "$(get online_blocks)" 0-1,3
runs "online" online guest
is "online brings all plugged blocks online" "$(get online_blocks)" 0-3
runs "online of a device that is online" online 0
runs "offline of a range" offline 0 --block 1-2
is "offline of a range leaves the others online" "$(get online_blocks)" 0,3
runs "online --type" online 0 --block 1 --type online-kernel
is "online --type overrides the device's online_type" \
	"$(zone KERNEL)" 1
fails "online --type of a block in another zone" 1 \
	"memdevctl: memdev0: online: block 0 is online in another zone, take it offline first
Try 'memdevctl offline memdev0 --block 0'." \
	online 0 --type online_kernel
is "online --type of a block in another zone changes nothing" \
	"$(get online_blocks)" 0-1,3
runs "set" set 0 online_type=offline
runs "online of a device with online_type=offline" online 0 --block 2
is "it comes online" "$(get online_blocks)" 0-3
runs "offline" offline 0 --block 2
policy=$(cat $MEM/auto_online_blocks)
echo online_kernel >$MEM/auto_online_blocks
runs "set" set 0 online_type=system
runs "online of a device with online_type=system" online 0 --block 2
is "it comes online by the machine's policy" "$(zone KERNEL)" 1-2
echo "$policy" >$MEM/auto_online_blocks
runs "set" set 0 online_type=online_movable
runs "offline" offline 0 --block 1-2
runs "online" online 0
is "all blocks are movable" "$(zone MOVABLE)" 0-3

# Fill the only block of ZONE_MOVABLE that is online.
runs "offline" offline 0 --block 0-1,3
low=$(($(get address) + 2 * BLOCK))
before=$(field INUSE -b | cut -d' ' -f 3)
fill_start $((64 * MiB)) $low $((low + BLOCK)) || die "cannot fill memory"
there=$(fill_ask where)
after=$(field INUSE -b | cut -d' ' -f 3)
say "$there bytes of the data, in use: $before, then $after"
check "some data is in the block" [ "$there" -gt $((16 * MiB)) ]
check "INUSE includes the data in the block" [ "$after" -ge "$there" ]
check "INUSE excludes free pages" [ "$before" -lt $((BLOCK / 2)) ]
fill_stop
runs "online" online 0

for list in "" x -1 1- 3-1 1,,2 "1," ,1 1:2 "1 2" 99999999999 0x1; do
	fails "offline with --block '$list'" 2 \
		"memdevctl: offline: invalid --block '$list': expected *" \
		offline 0 --block "$list"
done
fails "online with an unknown type" 2 \
	"memdevctl: online: invalid --type 'nosuch': expected online, *" \
	online 0 --type nosuch
fails "online with type offline" 2 "memdevctl: online: invalid --type *" \
	online 0 --type offline
fails "offline of a block out of range" 1 \
	"memdevctl: memdev0: offline: block 6 is out of range, the device has blocks 0 to 5" \
	offline 0 --block 0,6
fails "offline of a range that ends out of range" 1 \
	"memdevctl: memdev0: offline: block 77 is out of range, *" \
	offline 0 --block 0-77
fails "offline of an unplugged block" 1 \
	"memdevctl: memdev0: offline: block 4 is unplugged, *" \
	offline 0 --block 0,4
fails "offline of an unknown device" 1 "memdevctl: nosuch: no such device" \
	offline nosuch
is "an invalid --block changes nothing" "$(get online_blocks)" 0-3

# The fault leaves a block offline.
runs "fault add" fault add 0 online --block 4 --errno EIO --times 1
ctl plug 0 $BLOCK
is "plug warns of a block that stays offline" "$RC $(echo "$ERR" |
	grep -c 'memdev0: plug .*: done, but block 4 is plugged and offline')" \
	"0 1"
is "blocks shows the block that stayed offline" \
	"$(memdevctl blocks -rno BLOCK,STATE | grep offline)" "4 offline"
runs "online of the block that stayed offline" online 0
is "online mends it" "$(get online_blocks)" 0-4
runs "unplug the block" unplug 0 $BLOCK
runs "fault del" fault del 0 all

# An error of the kernel that is not about pages
mount --bind /dev/full "$(memory 2)/state"
n=$(basename "$(memory 2)")
fails "an error for one block" 64 \
	"memdevctl: memdev0: offline: block 2 ($n): No space left on device: see the kernel's log" \
	offline 0 --block 1-3
is "the other blocks go offline" "$(get online_blocks)" 0,2
fails "an error for the only block" 1 \
	"memdevctl: memdev0: offline: block 2 ($n): No space left on device: *" \
	offline 0 --block 2
umount "$(memory 2)/state"
runs "online" online 0

# --- a block that refuses, progress, Ctrl-C ----------------------------------

low=$(get address)
if pin_start $((low)) $((low + 4 * BLOCK)); then
	pinned=$(((${HELD#pinned } - low) / BLOCK))
	n=$(basename "$(memory $pinned)")
	runs "set a deadline" set 0 unplug_timeout_ms=10000
	fails "offline of a device with a pinned page" 64 \
		"memdevctl: memdev0: offline: block $pinned ($n): not offline within 10000 ms: pages in use could not be migrated: *" \
		offline 0
	is "offline prints a line per failed block" "$(echo "$ERR" | wc -l)" 1
	is "offline leaves the pinned block online" "$(get online_blocks)" \
		$pinned
	runs "set a short deadline" set 0 unplug_timeout_ms=3000
	fails "offline of the pinned block" 1 \
		"memdevctl: memdev0: offline: block $pinned ($n): *" \
		offline 0 --block $pinned
	TERM=dumb script -qec "memdevctl offline 0" /dev/null >"$TMP/out" \
		</dev/null
	is "a dumb terminal shows no progress" \
		"$(grep -c "$(printf '\033')\|blocks done" "$TMP/out")" 0
	runs "disable the deadline" set 0 unplug_timeout_ms=0
	is "offline shows progress and is cancelled" "$(tty \
		"exec memdevctl offline 0" \
		"expect memdev0: offline: $n, 0 of 1 blocks done" \
		"sh memdevctl blocks -rno STATE >$TMP/state" \
		'send \x03' 'expect cancelling\.\.\.' \
		'expect memdev0: offline: interrupted, 0 of 1 blocks done')" \
		"1 restored"
	is "blocks shows a block that goes offline" \
		"$(sed -n $((pinned + 1))p "$TMP/state")" going-offline
	is "the block is online after Ctrl-C" \
		"$(get online_blocks) $(cat "$(memory $pinned)/state")" \
		"$pinned online"
	runs "online of the others" online 0

	# Three of four blocks can be unplugged.
	size=$((4 * BLOCK >> 20))M one=$((BLOCK >> 20))M
	is "unplug shows the sizes of the device, and says that it is cancelled" \
		"$(tty "exec memdevctl unplug 0 all" \
		"expect memdev0: unplug all: ($size|$one) plugged, $one online, 75%" \
		'send \x03' 'expect memdev0: unplug all: cancelling\.\.\.' \
		'expect done, then interrupted')" "64 restored"
	runs "set a deadline" set 0 unplug_timeout_ms=3000
	fails "unplug on a pipe" 1 "memdevctl: memdev0: unplug all: *" \
		unplug 0 all
	is "unplug shows no progress on a pipe" \
		"$(printf %s "$ERR" | tr -cd '\r\033' | wc -c)" 0
	TERM=dumb script -qec "memdevctl unplug 0 all" /dev/null \
		>"$TMP/out" </dev/null
	is "unplug shows no progress on a dumb terminal" \
		"$(grep -c "$(printf '\033')\|plugged," "$TMP/out")" 0
	runs "disable the deadline" set 0 unplug_timeout_ms=0
	runs "plug three blocks" plug 0 $((3 * BLOCK))
	is "resize --wait shows the sizes of the device" \
		"$(tty "exec memdevctl resize 0 0 --wait" \
		"expect memdev0: resize 0: ($size|$one) plugged, $one online, 75%" \
		'send \x03' 'expect resize 0: stopped waiting')" "64 restored"
	pin_stop
	runs "resize --wait completes" resize 0 0 --wait
else
	skip "a block refuses to go offline" \
		"no page could be pinned on the device"
	runs "unplug all" unplug 0 all
fi
# The third block does not come online soon.
runs "fault add" fault add 0 online --block 2 --delay 20000
is "plug shows the sizes of the device" "$(tty \
	"exec memdevctl plug 0 $((4 * BLOCK))" \
	"expect : $((4 * BLOCK >> 20))M plugged, $((2 * BLOCK >> 20))M online, 50%")" \
	"0 restored"
runs "fault del" fault del 0 all
runs "unplug" unplug 0 $BLOCK

# --- map -J ------------------------------------------------------------------

runs "offline" offline 0 --block 1
runs "create" create $BLOCK
runs "map -J" map -J
check "map -J has windows, devices, runs and free blocks" python3 -c '
import json, sys
start, size = int(sys.argv[2], 0), int(sys.argv[3])
got = json.load(open(sys.argv[1]))
want = {"map": [{
    "window": "window0", "start": hex(start), "size": 8 * size,
    "blocksize": size, "node": 0, "devices": [
        {"device": "memdev0", "id": "guest", "address": hex(start),
         "size": 6 * size, "node": 0, "runs": [
             {"first": 0, "count": 1, "state": "movable"},
             {"first": 1, "count": 1, "state": "offline"},
             {"first": 2, "count": 1, "state": "movable"},
             {"first": 3, "count": 3, "state": "unplugged"}]},
        {"device": "memdev1", "id": None, "address": hex(start + 6 * size),
         "size": size, "node": 0, "runs": [
             {"first": 0, "count": 1, "state": "unplugged"}]}],
    "free": [{"first": 7, "count": 1}]}]}
if got != want:
    print(got, want, sep="\n")
    sys.exit(1)' "$TMP/out" "$(get address)" $BLOCK
runs "map -J of one window" map -J 0
is "map -J of one window prints it" "$(cat "$TMP/out")" \
	"$(memdevctl map -J)"
fails "map -J of an unknown window" 1 "memdevctl: window7: *" map -J 7
fails "map -J --svg" 2 "memdevctl: map: --svg excludes --json and --watch*" \
	map -J --svg -
runs "destroy" destroy 1
runs "online" online 0

# --- users without root ------------------------------------------------------

user memdevctl blocks -J --output-all >"$TMP/out" 2>"$TMP/err"
is "an unprivileged user sees blocks without addresses" \
	"$? $(cat "$TMP/err")$(python3 -c '
import json, sys
print([tuple(row[k] for k in ("block", "memory", "address", "state", "zone",
                              "node", "inuse"))
       for row in json.load(sys.stdin)["blocks"][2:4]])' <"$TMP/out")" \
	"0 [(2, None, None, 'online', 'Movable', 0, None), (3, None, None, 'unplugged', None, 0, None)]"
user memdevctl map -J >"$TMP/out" 2>"$TMP/err"
is "an unprivileged user gets map -J without addresses" \
	"$? $(cat "$TMP/err")$(python3 -c '
import json, sys
window = json.load(sys.stdin)["map"][0]
print(window["start"], window["free"],
      [(d["address"], len(d["runs"])) for d in window["devices"]])' \
	<"$TMP/out")" "0 None None [(None, 2)]"
for command in online offline; do
	user memdevctl $command 0 >"$TMP/out" 2>&1
	is "$command by an unprivileged user is refused" \
		"$? $(cat "$TMP/out")" \
		"1 memdevctl: memdev0: $command: only root can change the state of blocks"
done
is "an unprivileged user changed nothing" "$(get online_blocks)" 0-2

# --- --watch -----------------------------------------------------------------

for command in list map; do
	for key in q '\x03'; do
		is "$command --watch ends at '$key'" "$(tty \
			"exec memdevctl $command --watch" \
			"expect memdevctl $command at .*; every 2 s .*memdev0" \
			"send $key")" "0 restored"
		is "$command --watch leaves the alternate screen ('$key')" \
			"$(tail -c 14 "$TMP/tty" | tr '\033' '~')" \
			'~[?25h~[?1049l'
	done
	# Without an event, a day passes until the next frame.
	is "$command --watch redraws at an event" "$(tty \
		"exec memdevctl $command --watch=86400" "expect memdev0" \
		"sh memdevctl create $BLOCK --id new" 'expect \(?new\b' \
		'send q')" "0 restored"
	runs "destroy" destroy new
done
is "list --watch redraws without an event" "$(tty \
	"exec memdevctl list --watch=1" 'expect q quits' 'expect q quits' \
	'expect q quits' 'send Q')" "0 restored"
for signal in TERM HUP; do
	is "list --watch ends at SIG$signal" "$(tty \
		"exec memdevctl list --watch=86400" 'expect memdev0' \
		"kill $signal")" "0 restored"
done
is "list --watch in the background ends at SIGTERM" "$(tty \
	"timeout 5 memdevctl list --watch=86400" 'expect memdev0')" \
	"124 restored"
is "list --watch without a terminal on standard input ends at Ctrl-C" "$(tty \
	"exec memdevctl list --watch=86400 </dev/null" 'expect memdev0' \
	'send \x03')" "0 restored"
is "list --watch cuts lines to the new width of the terminal" "$(tty \
	"exec memdevctl list --watch=86400" 'expect memdev0' 'size 4x40' \
	'expect every 86400 \r\n.*DEVICE.*memdev0' 'send q')" "0 restored"
is "map --watch folds to the new width of the terminal" "$(tty \
	"exec memdevctl map --color=never --watch=86400" 'expect MMMuuuff' \
	'size 24x5' 'expect \x1b\[KMMMuu\r\n\x1b\[Kuff\r\n' \
	'send q')" "0 restored"
is "list --watch stops at Ctrl-Z with the terminal restored, and continues" \
	"$(tty "set -m; memdevctl list --watch=86400; echo rc1=\$?; stty -a
		fg; echo rc2=\$?" 'expect memdev0' 'send \x1a' \
	'expect rc1=148' 'expect [^-]icanon.*[^-]echo ' 'expect memdev0' \
	'send q' 'expect rc2=0')" "0 restored"
is "list --watch redraws after SIGSTOP" \
	"$(tty "set -m; memdevctl list --watch=86400; stty sane; fg
		echo rc=\$?" 'expect memdev0' \
	"sh kill -STOP \$(pgrep -fx 'memdevctl list --watch=86400')" \
	'expect \x1b\[\?1049h.*memdev0' 'send q' 'expect rc=0')" "0 restored"
is "list --watch shows an error that comes later, and recovers" "$(tty \
	"exec memdevctl list --watch=1 guest" 'expect guest' \
	"sh memdevctl unplug guest all" "sh memdevctl destroy guest" \
	'expect memdevctl: guest: no such device' \
	"sh memdevctl create $((6 * BLOCK)) --id guest" \
	'expect virtio-mem.*guest' 'send q')" "0 restored"
is "list --watch of an unknown device fails" "$(tty \
	"exec memdevctl list --watch nosuch" \
	'expect memdevctl: nosuch: no such device')" "1 restored"
is "list --watch of an unknown device leaves the screen alone" \
	"$(tr -cd '\033' <"$TMP/tty" | wc -c)" 0
fails "list --watch without a terminal" 2 \
	"memdevctl: list: --watch requires standard output to be a terminal, *" \
	list --watch
is "list --watch on a dumb terminal is a usage error" "$(tty \
	"TERM=dumb exec memdevctl list --watch" \
	'expect --watch requires .* TERM not to be dumb')" "2 restored"
for seconds in 0 -1 x 1.5 86401 ""; do
	fails "list --watch=$seconds" 2 \
		"memdevctl: list: invalid --watch '$seconds': expected seconds, 1 to 86400*" \
		list --watch="$seconds"
done
is "map --svg --watch is a usage error" "$(tty \
	"exec memdevctl map --svg - --watch" 'expect --svg excludes --json')" \
	"2 restored"

# --- retired blocks ----------------------------------------------------------

D=$(readlink -f $BUS/devices/memdev*)
dev=$(basename "$D")
if [ -e $MEM/hard_offline_page ]; then
	no_deadline
	runs "plug two blocks" plug guest $((2 * BLOCK))
	runs "fault poison" fault poison guest --block 1
	runs "offline of a block with a poisoned page" offline guest --block 1
	is "blocks shows that the plugged block is retired" \
		"$(field STATE,RETIRED | cut -d' ' -f 1-4)" "online 0 offline 1"
	runs "unplug all" unplug guest all
	is "blocks shows that the unplugged block is retired" \
		"$(field STATE,RETIRED | cut -d' ' -f 1-4)" \
		"unplugged 0 unplugged 1"
	fails "online of a retired block" 1 \
		"memdevctl: $dev: online: block 1 is retired and cannot be plugged" \
		online guest --block 1
else
	skip "blocks shows a retired block" "this kernel cannot poison a page"
fi
is "list --watch reports that the module was removed" "$(tty \
	"exec memdevctl list --watch=1" "expect guest" \
	"sh memdevctl destroy guest; rmmod memdev" \
	'expect memdevctl: the memdev module is not loaded' 'send q')" \
	"0 restored"
check "the kernel logged no warning" log_quiet
finish
