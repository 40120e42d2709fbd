#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The programs in examples/ do what they say.
#
# VM: mem=4G append=memmap=1G$0x100000000 usual=6.1 timeout=1800

. "$(dirname "$0")/memdevctl_lib.sh"

EXAMPLES=$HERE/../../../../examples
PAIR=$((2 * BLOCK))
[ -d "$EXAMPLES" ] || skip_all "no examples in this tree"
need memdevctl python3
need_mounted $DEBUG
need_reserved 8

# says PATTERN FILE: a line of FILE matches
says()
{
	grep -q "$1" "$2"
}

# start NAME PATTERN COMMAND...: run COMMAND in the background, with its output
# in $TMP/NAME, until PATTERN is in it; set PID
start()
{
	local name=$1 pattern=$2
	shift 2

	"$@" >"$TMP/$name" 2>&1 &
	PID=$!
	until_true 120 says "$pattern" "$TMP/$name" ||
		die "$* does not start" "$(cat "$TMP/$name")"
}

# hears NAME PATTERN FILE
hears()
{
	if until_true 120 says "$2" "$3"; then
		pass "$1"
	else
		fail "$1" "no line matches $2 in:" "$(cat "$3")"
	fi
}

# mib BYTES
mib()
{
	echo $(($1 / MiB))
}

# no_traceback COMMAND...: COMMAND fails without a traceback
no_traceback()
{
	! "$@" >"$TMP/said" 2>&1 && ! grep Traceback "$TMP/said"
}

# ci_job DIR: run the part of the job in DIR that runs in the VM
ci_job()
{
	(cd "$1/ci" && ./in-vm)
}

# Python must not write its bytecode into the source tree.
export PYTHONDONTWRITEBYTECODE=1
load_blocks 8

# --- JSON --------------------------------------------------------------------

start json "memdev0: 0 MiB of $(mib $((8 * BLOCK))) MiB plugged, 0 MiB online" \
	"$EXAMPLES/watch_json.py"
json=$PID
is "plug two blocks" "$(put_dev plug $PAIR)" ok
hears "watch_json.py prints a plug" \
	"memdev0: plugged 0 MiB -> $(mib $PAIR) MiB" "$TMP/json"
hears "watch_json.py prints what comes online" \
	"memdev0: online 0 MiB -> $(mib $BLOCK) MiB" "$TMP/json"
set_faults "offline errno=EBUSY"
is "an unplug fails" "$(put_dev unplug all)" EBUSY
set_faults
hears "watch_json.py prints a refusal" \
	"memdev0: unplug of $(mib $PAIR) MiB failed after 0 MiB: " "$TMP/json"
is "unplug all" "$(put_dev unplug all)" ok
is "a window is deleted with its device" \
	"$(put $BUS/del_device 0) $(put $BUS/del_window 0)" "ok ok"
hears "watch_json.py prints that a device goes" "memdev0: dev-del" "$TMP/json"
hears "watch_json.py prints that a window goes" "window0: window-del" "$TMP/json"
unload
hears "watch_json.py ends with the module" "the module is gone" "$TMP/json"
wait $json
is "watch_json.py exits with 0" $? 0

# --- netlink -----------------------------------------------------------------

load_blocks 8
pyroute2="$EXAMPLES/netlink_pyroute2.py"
if /usr/bin/python3 -c 'import pyroute2' 2>/dev/null; then
	start nl listening "$pyroute2" monitor
	nl=$PID
	is "netlink_pyroute2.py lists devices" "$("$pyroute2" list 2>&1)" \
		"memdev0 virtio-mem size=$((8 * BLOCK)) plugged=0 online=0"
	is "netlink_pyroute2.py plugs" "$("$pyroute2" plug 0 $PAIR 2>&1) $(
		get plugged_size)" " $PAIR"
	is "netlink_pyroute2.py lists plugged memory" "$("$pyroute2" list 2>&1)" \
		"memdev0 virtio-mem size=$((8 * BLOCK)) plugged=$PAIR online=$PAIR"
	"$pyroute2" plug 0 $((8 * BLOCK)) >"$TMP/out" 2>&1
	is "netlink_pyroute2.py reports a refusal" "$?" 1
	check "netlink_pyroute2.py prints the reason" \
		grep -q "^memdev0: plug: .*is free" "$TMP/out"
	set_faults "offline block=0 errno=EBUSY" "online block=1 errno=EIO"
	"$pyroute2" unplug 0 $PAIR >"$TMP/out" 2>&1
	is "netlink_pyroute2.py reports a refusal after a part" "$? $(
		get plugged_size)" "1 $BLOCK"
	check "netlink_pyroute2.py prints what was done" grep -q \
		"^memdev0: unplug: $BLOCK bytes done, then .*" "$TMP/out"
	is "netlink_pyroute2.py reports a warning" \
		"$("$pyroute2" plug 0 $BLOCK 2>&1)" "done, with a warning"
	is "netlink_pyroute2.py plugs in spite of a warning" "$(
		get plugged_size)" $PAIR
	set_faults
	is "netlink_pyroute2.py unplugs" "$("$pyroute2" unplug 0 $PAIR 2>&1) $(
		get plugged_size)" " 0"
	hears "netlink_pyroute2.py hears the plug" \
		"memdev0 plugged: 0 -> $PAIR" "$TMP/nl"
	hears "netlink_pyroute2.py hears the unplug" \
		"memdev0 plugged: $PAIR -> 0" "$TMP/nl"
	kill $nl
	check "netlink_pyroute2.py without the device" \
		no_traceback "$pyroute2" plug 9 $BLOCK
	check "netlink_pyroute2.py with a missing argument prints its usage" \
		no_traceback "$pyroute2" plug 0
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		--bounding-set=-all "$pyroute2" list >"$TMP/out" 2>&1
	is "netlink_pyroute2.py lists devices for nobody" "$(cat "$TMP/out")" \
		"memdev0 virtio-mem size=$((8 * BLOCK)) plugged=0 online=0"
else
	skip "netlink_pyroute2.py" "python3-pyroute2 is missing"
fi

# --- the agent and the CI job ------------------------------------------------

total=$(($(mem_total) / MiB))
start agent "capacity $total MiB, offer $((total - 100)) MiB" \
	"$EXAMPLES/capacity_agent.py" --keep 100 --promised $((total - 50))
hears "capacity_agent.py notices that it promised too much" \
	"over by 50 MiB" "$TMP/agent"
is "plug two blocks" "$(put_dev plug $PAIR)" ok
more=$((total + $(mib $PAIR)))
hears "capacity_agent.py follows a plug" \
	"capacity $more MiB, offer $((more - 100)) MiB" "$TMP/agent"
is "unplug all" "$(put_dev unplug all)" ok
unload
# The job loads the module itself.
if [ "${MEMDEV_VM:-}" = 1 ]; then
	check "the CI job passes" ci_job "$EXAMPLES"
	mkdir "$TMP/examples"
	cp -r "$EXAMPLES/ci" "$TMP/examples"
	# An agent that says nothing; no need to wait for it for long
	cp "$(command -v true)" "$TMP/examples/capacity_agent.py"
	sed -i 's/seq 300/seq 3/' "$TMP/examples/ci/in-vm"
	ci_job "$TMP/examples" >"$TMP/out" 2>&1
	is "the CI job notices a mute agent" "$?" 1
	check "the CI job says what it missed" \
		grep -q "the agent does not say" "$TMP/out"
else
	skip "the CI job passes" "not in a VM"
fi
finish
