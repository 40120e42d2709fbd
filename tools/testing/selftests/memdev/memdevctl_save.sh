#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# memdevctl save writes windows and devices to a file, and memdevctl restore
# brings them back from any other state.
#
# VM: mem=4G usual="6.1 7.3" timeout=1800
# VM: append="memmap=1G$0x100000000 memory_hotplug.memmap_on_memory=1"

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl python3 mount
need_reserved 8
CONF=$TMP/memdev.conf
MADE_CONF=

undo()
{
	[ -z "$MADE_CONF" ] || rm -rf /etc/memdev.conf /etc/memdev.conf.d
	umount "$TMP/full" 2>/dev/null
}

# at N: address of block N of the reserved range
at()
{
	hex $((RESERVED + $1 * BLOCK))
}

# blocks N: a size of N blocks, as memdevctl prints it
blocks()
{
	in_units $(($1 * BLOCK))
}

# state: all that a restore brings back
state()
{
	memdevctl list -J -o DEVICE,ID,KIND,SIZE,PLUGGED,ONLINE,REQUESTED,NODE,WINDOW,ADDRESS,ALIGN,SLOT,ONLINETYPE,MEMMAP,TIMEOUT
	memdevctl window list -J --output-all
}

# again: load the module without a window
again()
{
	check "the module is loaded again" load window=none
	is "there is nothing" "$(memdevctl list -n; memdevctl window list -n)" ""
}

# clear: remove all devices and windows
clear()
{
	local name

	for name in $(memdevctl list -rno DEVICE); do
		memdevctl fault del "$name" all
		memdevctl resize "$name" 0
		memdevctl set "$name" unplug_timeout_ms=0
		memdevctl unplug "$name" all && memdevctl destroy "$name"
	done
	for name in $(memdevctl window list -rno WINDOW); do
		memdevctl window del "$name"
	done
} >/dev/null 2>&1

# restores NAME RC STEPS PATTERN FILE...: a dry run prints STEPS and changes
# nothing; restore prints the same, exits with RC, and its standard error
# matches PATTERN
restores()
{
	local name=$1 rc=$2 steps=$3 pattern=$4 before
	shift 4

	before=$(state)
	ctl restore --dry-run "$@"
	is "$name: a dry run prints the steps" "$OUT" "$steps"
	is "$name: a dry run changes nothing" "$(state)" "$before"
	ctl restore "$@"
	is "$name: restore prints the same steps" "$OUT" "$steps"
	# shellcheck disable=SC2254 # a pattern
	case $RC$ERR in
	$rc$pattern)	pass "$name: restore exits with $rc" ;;
	*)	fail "$name: restore exits with $rc" "got: $RC $ERR" \
			"want: $rc $pattern" ;;
	esac
}

# conf LINE...: write the lines to $CONF
conf()
{
	printf '%s\n' "$@" >"$CONF"
}

# --- a state with everything -------------------------------------------------

log_mark
again
runs "a window" window add $((5 * BLOCK)) --start "$(at 0)"
runs "another window" window add $((2 * BLOCK)) --start "$(at 5)"
echo 8 >$WINDOWS/window0/slots
echo $BLOCK >$WINDOWS/window1/limit
runs "a device" create $((2 * BLOCK)) --id guest --window 0
runs "its settings" set guest online_type=offline unplug_timeout_ms=0
runs "its size" plug guest $BLOCK
runs "a dimm" create $BLOCK --id dimm0 --kind dimm --slot 3 --window 0
runs "its settings" set dimm0 unplug_timeout_ms=0 memmap_on_memory=0
runs "its size" plug dimm0 all
runs "a device without an id" create $BLOCK --window 1
runs "its settings" set 2 unplug_timeout_ms=7 online_type=online_kernel
state >"$TMP/saved"

runs "save" save "$CONF"
is "save prints nothing" "$OUT" ""
is "only root can read the file" "$(stat -c %a "$CONF")" 600
is "save writes a line for each window and device" "$(cat "$CONF")" \
"# Written by memdevctl save, read by memdevctl restore, see memdev.conf(5).
window $(blocks 5) name=window0 start=$(at 0) node=0 slots=8
window $(blocks 2) name=window1 start=$(at 5) node=0 limit=$(blocks 1)
device $(blocks 2) id=guest window=window0 kind=virtio-mem addr=$(at 0) online_type=offline memmap_on_memory=1 unplug_timeout_ms=0 plugged=$(blocks 1)
device $(blocks 1) id=dimm0 window=window0 kind=dimm addr=$(at 2) slot=3 online_type=online_movable memmap_on_memory=0 unplug_timeout_ms=0 plugged=$(blocks 1)
device $(blocks 1) window=window1 kind=virtio-mem addr=$(at 5) online_type=online_kernel memmap_on_memory=1 unplug_timeout_ms=7 plugged=0"
runs "save -" save -
is "save - writes the same to standard output" "$OUT" "$(cat "$CONF")"

# --- it comes back -----------------------------------------------------------

all="window window0: add size=$(blocks 5) start=$(at 0) node=0
window window0: set slots=8
window window1: add size=$(blocks 2) start=$(at 5) node=0
window window1: set limit=$(blocks 1)
device guest: create size=$(blocks 2) id=guest window=window0 kind=virtio-mem addr=$(at 0)
device guest: set online_type=offline memmap_on_memory=1 unplug_timeout_ms=0
device guest: plug $(blocks 1)
device dimm0: create size=$(blocks 1) id=dimm0 window=window0 kind=dimm addr=$(at 2) slot=3
device dimm0: set online_type=online_movable memmap_on_memory=0 unplug_timeout_ms=0
device dimm0: plug $(blocks 1)
device at $(at 5): create size=$(blocks 1) window=window1 kind=virtio-mem addr=$(at 5)
device at $(at 5): set online_type=online_kernel memmap_on_memory=1 unplug_timeout_ms=7"
check "the module is unloaded" unload
fails "restore without the module names the remedy" 1 \
	"memdevctl: the memdev module is not loaded, try 'modprobe memdev window=none'" \
	restore "$CONF"
check "restore does not load the module" [ ! -e /sys/module/memdev ]
again
restores "after a load" 0 "$all" "" "$CONF"
is "everything is as it was saved" "$(state)" "$(cat "$TMP/saved")"

memdevctl monitor -J >"$TMP/events" &
monitor=$!
# watching: an event shows that the monitor listens
watching()
{
	memdevctl create $BLOCK --id "$1" --window 0 >/dev/null
	memdevctl destroy "$1"
	grep -q "\"dev-del\".*\"$1\"" "$TMP/events"
}
check "the monitor starts" until_true 60 watching first
restores "a second time" 0 "" "" "$CONF"
is "a second restore changes nothing" "$(state)" "$(cat "$TMP/saved")"
check "the monitor continues" until_true 60 watching last
is "a second restore causes no event" \
	"$(grep -v '"id": "\(first\|last\)"' "$TMP/events")" ""
kill $monitor

# --- from other states -------------------------------------------------------

# back NAME STEPS: restore takes STEPS and leads to the saved state
back()
{
	restores "$1" 0 "$2" "" "$CONF"
	is "$1: everything is as it was saved" "$(state)" "$(cat "$TMP/saved")"
}

runs "more is plugged" plug guest $BLOCK
runs "other settings" set guest online_type=online unplug_timeout_ms=5
runs "the dimm is unplugged" unplug dimm0 all
echo $((2 * BLOCK)) >$WINDOWS/window1/limit
back "from other values" "window window1: set limit=$(blocks 1)
device guest: set online_type=offline unplug_timeout_ms=0
device guest: unplug $(blocks 1)
device dimm0: plug $(blocks 1)"

runs "unplug all" unplug guest all
runs "a device is destroyed" destroy guest
back "from a missing device" "$(echo "$all" | grep '^device guest: ')"

runs "nothing is plugged" unplug dimm0 all
runs "a setting that is fixed while memory is plugged" \
	set dimm0 memmap_on_memory=1
runs "memory is plugged" plug dimm0 all
back "from a setting that is fixed" "device dimm0: unplug $(blocks 1)
device dimm0: set memmap_on_memory=0
device dimm0: plug $(blocks 1)"

runs "a fault" fault add guest add --errno EIO
runs "a resize that never ends" resize guest $((2 * BLOCK))
back "from a resize in the background" \
	"device guest: set requested_size=$(blocks 1)"
runs "no fault" fault del guest all

D=$BUS/devices/memdev2
runs "an additional window" window add $BLOCK --start "$(at 7)"
runs "an additional device" create $BLOCK --id more --window 2
state >"$TMP/more"
restores "with more than was saved" 0 "" "" "$CONF"
is "restore leaves alone what was not saved" "$(state)" "$(cat "$TMP/more")"
runs "the device is destroyed" destroy more
runs "the window is deleted" window del 2

clear
is "nothing is left" "$(memdevctl list -n; memdevctl window list -n)" ""
check "restore from standard input" \
	sh -c "memdevctl restore - <'$CONF' >'$TMP/out'"
is "it prints the steps" "$(cat "$TMP/out")" "$all"
is "everything is as it was saved" "$(state)" "$(cat "$TMP/saved")"

# --- sizes in the background -------------------------------------------------

runs "a fault" fault add guest add --errno EIO
runs "a resize that never ends" resize guest $((2 * BLOCK))
runs "save" save -
is "the requested size is saved if it was not reached" \
	"$(echo "$OUT" | grep -o 'id=guest\|plugged=.*\|requested_size=.*' |
		head -n 2 | xargs)" "id=guest requested_size=$(blocks 2)"
runs "no fault" fault del guest all
runs "the resize is canceled" resize guest $BLOCK --wait
conf "device $((2 * BLOCK)) id=guest requested_size=$((2 * BLOCK))"
restores "a requested size" 0 \
	"device guest: set requested_size=$(blocks 2)" "" "$CONF"
check "the size is reached in the background" until_true 60 \
	sh -c "memdevctl list -bno PLUGGED guest | grep -qx ' *$((2 * BLOCK))'"
restores "a requested size that was reached" 0 "" "" "$CONF"

runs "a block is unplugged" unplug guest $BLOCK

# --- conflicts ---------------------------------------------------------------

# A window that exists, a device that exists, and one line with a conflict
state >"$TMP/before"
conflict()
{
	local name=$1 pattern=$2
	shift 2

	conf "window $((5 * BLOCK)) start=$(at 0) name=low" \
		"window $((2 * BLOCK)) start=$(at 5) name=high" "$@"
	restores "$name" 64 "" "memdevctl: $CONF:3: $pattern" "$CONF"
	is "$name: what exists is left alone" "$(state)" "$(cat "$TMP/before")"
}

conflict "a device of another size" \
	"device guest: conflict: memdev0 exists with size=$(blocks 2) instead of size=$(blocks 1), it is left alone" \
	"device $BLOCK id=guest online_type=offline plugged=0"
conflict "a device of another kind" \
	"device dimm0: conflict: memdev1 exists with kind=dimm instead of kind=virtio-mem, *" \
	"device $BLOCK id=dimm0 kind=virtio-mem plugged=0"
conflict "a device in another window" \
	"device guest: conflict: memdev0 exists with window=window0 instead of window=high, *" \
	"device $((2 * BLOCK)) id=guest window=high"
conflict "a device at another address" \
	"device guest: conflict: memdev0 exists with addr=$(at 0) instead of addr=$(at 1), *" \
	"device $((2 * BLOCK)) id=guest addr=$(at 1)"
conflict "a device in another slot, with another alignment" \
	"device dimm0: conflict: memdev1 exists with align=$(blocks 1) slot=3 instead of align=$(blocks 2) slot=4, *" \
	"device $BLOCK id=dimm0 slot=4 align=$((2 * BLOCK))"
conflict "a device on another node" \
	"device guest: conflict: memdev0 exists with node=0 instead of node=1, *" \
	"device $((2 * BLOCK)) id=guest node=1"
conflict "a region that another device has" \
	"device new: conflict: memdev1 is in this region, and is left alone" \
	"device $((2 * BLOCK)) id=new addr=$(at 2)"
conf "window $BLOCK start=$(at 4)" "window $BLOCK start=$(at 6) node=0" \
	"device $((2 * BLOCK)) id=guest"
restores "windows that other windows overlap" 64 "" \
	"memdevctl: $CONF:1: window at $(at 4): conflict: window0 overlaps it, and is left alone
memdevctl: $CONF:2: window at $(at 6): conflict: window1 overlaps it, and is left alone" \
	"$CONF"
conf "window $((5 * BLOCK)) start=$(at 0) node=1 slots=9"
restores "a window on another node" 1 "" \
	"memdevctl: $CONF:1: window at $(at 0): conflict: window0 exists with node=0 instead of node=1, it is left alone" \
	"$CONF"
is "conflicts changed nothing" "$(state)" "$(cat "$TMP/before")"

# --- what the kernel refuses -------------------------------------------------

conf "window $BLOCK name=bad start=0x1000" "device $BLOCK id=no window=bad" \
	"window $((5 * BLOCK)) start=$(at 0) slots=1 name=low" \
	"device $((2 * BLOCK)) id=guest window=low plugged=$((2 * BLOCK))"
ctl restore "$CONF"
is "restore continues after each error" "$RC $OUT" "64 window bad: add size=$(blocks 1) start=0x1000
window low: set slots=1
device guest: plug $(blocks 1)"
check "the errors name the lines and the reasons" expr "$ERR" : \
	"memdevctl: $CONF:1: window bad: add: start: .*0x1000.*
memdevctl: $CONF:3: window low: set slots=1: .*slot 3
memdevctl: $CONF:2: device no: window 'bad' was not restored\$"
runs "the size is as before" unplug guest $BLOCK

conf "device $((2 * BLOCK)) id=guest plugged=$((2 * BLOCK))" \
	"device $BLOCK id=dimm0 plugged=0"
runs "a fault" fault add guest add --block 1 --errno EIO
ctl restore "$CONF"
is "restore continues after a failed plug" \
	"$RC $OUT" "64 device guest: plug $(blocks 1)
device dimm0: unplug $(blocks 1)"
check "the error has the reason" expr "$ERR" : \
	"memdevctl: $CONF:1: device guest: plug $(blocks 1): .*(-5)\$"
conf "device $((2 * BLOCK)) id=guest plugged=$((2 * BLOCK))"
fails "restore exits with 1 if no line could be restored" 1 \
	"memdevctl: $CONF:1: device guest: plug *" restore "$CONF"
runs "no fault" fault del guest all

conf "device $((2 * BLOCK)) id=guest online_type=online plugged=$((2 * BLOCK))" \
	"device $BLOCK id=dimm0 plugged=$BLOCK"
runs "a fault" fault add guest add --delay 600000 --times 1
env --default-signal=INT memdevctl restore "$CONF" >"$TMP/out" 2>"$TMP/err" &
pid=$!
D=$BUS/devices/memdev0
check "the plug starts" until_true 60 sh -c "[ \$(cat $D/state) = plugging ]"
kill -INT $pid
wait $pid
is "SIGINT ends restore" "$? $(cat "$TMP/out" "$TMP/err")" \
	"1 device guest: set online_type=online
device guest: plug $(blocks 1)
memdevctl: $CONF:1: device guest: plug $(blocks 1): interrupted
memdevctl: restore: interrupted, the remaining lines were skipped"
runs "no fault" fault del guest all

# --- invalid files -----------------------------------------------------------

# invalid LINE PATTERN: a file with this line is a usage error, and the valid
# line before it is not restored
invalid()
{
	conf "device $BLOCK id=valid plugged=0" "$1"
	ctl restore "$CONF"
	# shellcheck disable=SC2254 # a pattern
	case $RC$OUT$ERR in
	"2memdevctl: $CONF:2: "$2)	pass "invalid: $1" ;;
	*)	fail "invalid: $1" "got: $RC $OUT $ERR" "want: 2 $2" ;;
	esac
}

state >"$TMP/before"
invalid "foo" "invalid word 'foo': expected window or device"
invalid "window" "missing size: expected SIZE, *"
invalid "window 0 carve" "invalid size '0': must not be 0"
invalid "window 1X carve" "invalid size '1X': *"
invalid "window 16E carve" "size '16E' exceeds 64 bits"
invalid "window 1G" "a window needs start=ADDR or carve"
invalid "window 1G carve start=4G" \
	"a window cannot have both start=ADDR and carve"
invalid "window 1G carve carve" "carve is given twice"
invalid "window 1G start=" "invalid start '': *"
invalid "window 1G start=0xffffffffc0000001" "the window ends beyond 64 bits"
invalid "window 1G carve name=a/b" "invalid name 'a/b': expected letters, *"
invalid "window 1G carve name=" "invalid name '': expected 1 to 63 characters"
invalid "window 1G carve node=-1" "invalid node '-1': expected a number"
invalid "window 1G carve limit=x" "invalid limit 'x': *"
invalid "window 1G carve slots=x" "invalid slots 'x': expected a number"
invalid "window 1G carve id=x" "unknown key 'id': expected start=ADDR, *"
invalid "window 1G carve node=0 node=0" "node is given twice"
invalid "device" "missing size: expected SIZE, *"
invalid "device 1G" "a device needs id=NAME or addr=ADDR, *"
invalid "device 1G plugged" "invalid word 'plugged': expected id=NAME, *"
invalid "device 1G carve" "invalid word 'carve': expected id=NAME, *"
invalid "device 1G name=x" "unknown key 'name': expected id=NAME, *"
invalid "device 1G id=" "invalid id '': expected 1 to 63 characters"
invalid "device 1G id=x*" "invalid id 'x[*]': expected letters, *"
invalid "device 1G id=$(printf '%064d' 0)" "invalid id '0*': expected 1 to 63 *"
invalid "device 1G id=x kind=$(printf '%016d' 0)" "invalid kind *: expected 1 to 15 *"
invalid "device 1G id=x window=" "invalid window '': expected 1 to 63 *"
invalid "device 1G id=x window=no" "no line has a window with name=no"
invalid "device 1G addr=x" "invalid addr 'x': *"
invalid "device 1G addr=0xffffffffffffffff" "the region ends beyond 64 bits"
invalid "device 1G id=x align=0" "invalid align '0': must not be 0"
invalid "device 1G id=x node=x" "invalid node 'x': expected a number"
invalid "device 1G id=x slot=1.5" "invalid slot '1.5': expected a number"
invalid "device 1G id=x online_type=on" "invalid online_type 'on': expected offline, *"
invalid "device 1G id=x memmap_on_memory=2" "invalid memmap_on_memory '2': expected 0 or 1"
invalid "device 1G id=x unplug_timeout_ms=1s" "invalid unplug_timeout_ms '1s': *"
invalid "device 1G id=x plugged=all" "invalid plugged 'all': *"
invalid "device 1G id=x plugged=2G" "plugged is more than the size of the device"
invalid "device 1G id=x requested_size=2G" "requested_size is more than *"
invalid "device 1G id=x plugged=0 requested_size=0" "a device cannot have both *"
invalid "device 1G id=x id=y" "id is given twice"
invalid "device 1G id=valid" "id 'valid' is already used in $CONF:1"
invalid "$(printf 'device 1G id=x\r')" "invalid character 0x0d"
invalid "$(printf 'device 1G id=\033[1m')" "invalid character 0x1b"
invalid "# $(printf '%02000d' 0)" "the line has more than 2000 characters"
is "invalid files change nothing" "$(state)" "$(cat "$TMP/before")"

conf "window 2G start=4G name=low" "window 1G start=5G name=low" \
	"device 1G id=x window=low addr=5G" "device 1G addr=4G" \
	"device 512M id=y addr=0x110000000" "window 1G name=c carve" \
	"device 1G window=c addr=8G" "device 1G id=z window=c addr=9G"
ctl restore --dry-run "$CONF"
is "all lines that contradict each other are printed" "$RC $ERR" \
"2 memdevctl: $CONF:2: name 'low' is already used in $CONF:1
memdevctl: $CONF:2: the window overlaps that in $CONF:1
memdevctl: $CONF:5: the region overlaps that in $CONF:4
memdevctl: $CONF:7: a device in a carved window needs id=NAME
memdevctl: $CONF:8: a device in a carved window cannot have addr=ADDR"
conf "window 1G start=5G name=low" "device 1G id=x window=low addr=6G"
fails "a region outside of its window" 2 \
	"memdevctl: $CONF:2: the region is not inside window 'low'" \
	restore "$CONF"
fails "a file that does not exist" 1 "memdevctl: $TMP/no: No such file *" \
	restore "$TMP/no"
fails "a directory" 1 "memdevctl: $TMP: Is a directory" restore "$TMP"
conf ' ' '	# a comment' '' "	device  $((2 * BLOCK))	id=guest # x=y"
restores "blank lines and comments" 0 "" "" "$CONF"
conf '' '# device 1G id=x'
restores "only comments" 0 \
	"nothing to restore: no line describes a window or a device" "" "$CONF"

# --- carved windows ----------------------------------------------------------

clear
runs "a carved window" window add $((2 * BLOCK))
runs "a device in it" create $BLOCK --id spare
runs "a device without an id in it" create $BLOCK
runs "a reserved window" window add $BLOCK --start "$(at 0)"
ctl save "$CONF"
is "save tells that carved windows are comments" "$RC$ERR" \
	"0memdevctl: save: $CONF has carved windows as comments, remove '#' to restore them"
sed 's/^#\([wd]\)/\1/' "$CONF" >"$TMP/carved"
restores "they are what exists, also without an id" 0 "" "" "$TMP/carved"
is "carved windows and their devices are comments" "$(cat "$CONF")" \
"# Written by memdevctl save, read by memdevctl restore, see memdev.conf(5).
window $(blocks 1) name=window1 start=$(at 0) node=0

# Carved windows move at each boot: remove '#' below to restore them as well.
#window $(blocks 2) name=window0 node=0 carve
#device $(blocks 1) id=spare window=window0 kind=virtio-mem online_type=online_movable memmap_on_memory=1 unplug_timeout_ms=30000 plugged=0
#device $(blocks 1) id=dev1 window=window0 kind=virtio-mem online_type=online_movable memmap_on_memory=1 unplug_timeout_ms=30000 plugged=0"
clear
check "the module is unloaded" unload
again
restores "a file with a carved window" 0 \
	"window window1: add size=$(blocks 1) start=$(at 0) node=0" "" "$CONF"
sed -i 's/^#\([wd]\)/\1/' "$CONF"
restores "a carved window that is asked for" 0 \
	"window window0: add size=$(blocks 2) node=0 carve
device spare: create size=$(blocks 1) id=spare window=window0 kind=virtio-mem
device spare: set online_type=online_movable memmap_on_memory=1 unplug_timeout_ms=30000
device dev1: create size=$(blocks 1) id=dev1 window=window0 kind=virtio-mem
device dev1: set online_type=online_movable memmap_on_memory=1 unplug_timeout_ms=30000" \
	"" "$CONF"
is "the window is carved" "$(memdevctl window list -rno SOURCE | xargs)" \
	"reserved carved"
restores "a carved window that exists" 0 "" "" "$CONF"
runs "a device moves to another window of the same size" destroy spare
runs "another carved window" window add $((2 * BLOCK))
runs "another carved window" create $BLOCK --id other --window 2
conf "window $((2 * BLOCK)) carve name=a" "window $((2 * BLOCK)) carve name=b" \
	"device $BLOCK id=other window=a" "device $BLOCK id=dev1 window=b"
restores "carved windows of the same size are told apart by their devices" \
	0 "" "" "$CONF"
conf "window $((2 * BLOCK)) carve" "window $((2 * BLOCK)) carve" \
	"window $BLOCK carve"
restores "a carved window of another size is another window" 0 \
	"carved window: add size=$(blocks 1) carve" "" "$CONF"
clear
is "nothing is left" "$(memdevctl list -n; memdevctl window list -n)" ""

# --- files -------------------------------------------------------------------

echo old >"$TMP/real"
ln -s real "$TMP/link"
runs "save to a link" save "$TMP/link"
is "the file that the link names is replaced" \
	"$(readlink "$TMP/link") $(cut -c 1-9 "$TMP/real")" "real # Written"
mkfifo "$TMP/fifo"
fails "save to a special file" 1 "memdevctl: $TMP/fifo: not a regular file: *" \
	save "$TMP/fifo"
check "the special file is still there" [ -p "$TMP/fifo" ]
fails "save to a directory" 1 "memdevctl: $TMP: not a regular file: *" \
	save "$TMP"
fails "save in a directory that does not exist" 1 \
	"memdevctl: $TMP/no/file.*: No such file or directory" \
	save "$TMP/no/file"
mkdir "$TMP/full"
if mount -t tmpfs -o size=8k tmpfs "$TMP/full"; then
	echo old >"$TMP/full/conf"
	dd if=/dev/zero of="$TMP/full/fill" bs=4k 2>/dev/null
	fails "save on a full disk" 1 "memdevctl: *: No space left on device" \
		save "$TMP/full/conf"
	is "the old file is intact, and no other is left" \
		"$(cat "$TMP/full/conf"; ls "$TMP/full")" "old
conf
fill"
fi
chmod 755 "$TMP"
runs "a window" window add $BLOCK --start "$(at 0)"
is "save is for root" "$(user memdevctl save - 2>&1)" \
	"memdevctl: save: only root sees the addresses of windows"
conf "window $BLOCK carve"
chmod 644 "$CONF"
is "restore is for root" "$(user memdevctl restore "$CONF" 2>&1)" \
	"memdevctl: restore: only root sees the addresses of windows"

if [ -e /etc/memdev.conf ] || [ -e /etc/memdev.conf.d ]; then
	skip "the default files" "this machine has them"
else
	fails "restore without a file" 1 "memdevctl: nothing to restore: *" \
		restore
	MADE_CONF=1
	runs "save to the default file" save
	is "the default file is written" "$(tail -n 1 /etc/memdev.conf)" \
		"window $(blocks 1) name=window0 start=$(at 0) node=0"
	echo "window $BLOCK start=$(at 1)" >/etc/memdev.conf
	mkdir /etc/memdev.conf.d
	for n in 20-b.conf:2 10-c.conf:3 A.conf:4 b.conf:5 x.conf.old:6 \
		 .h.conf:7; do
		echo "window $BLOCK start=$(at ${n#*:})" \
			>"/etc/memdev.conf.d/${n%:*}"
	done
	restores "the default files" 0 \
		"window at $(at 1): add size=$(blocks 1) start=$(at 1)
window at $(at 3): add size=$(blocks 1) start=$(at 3)
window at $(at 2): add size=$(blocks 1) start=$(at 2)
window at $(at 4): add size=$(blocks 1) start=$(at 4)
window at $(at 5): add size=$(blocks 1) start=$(at 5)" ""
	rm /etc/memdev.conf
	restores "the directory alone" 0 "" ""
	echo "device 1G id=x window=w" >/etc/memdev.conf.d/20-b.conf
	echo "window 1G start=$(at 0) name=w bad" >/etc/memdev.conf.d/b.conf
	fails "a syntax error in one of the files" 2 \
		"memdevctl: /etc/memdev.conf.d/b.conf:1: invalid word 'bad': *" \
		restore
fi
clear
check "the kernel did not complain" log_quiet
finish
