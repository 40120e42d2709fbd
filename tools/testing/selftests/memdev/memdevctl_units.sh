#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# What is installed with memdevctl works: memdev.service, the examples of units
# and of configuration files, and the udev rules with a real udevd.
#
# VM: mem=4G usual=6.1 timeout=1800 append=memmap=1G$0x100000000
# VM: norestore: mem=4G usual=6.1 append="memmap=1G$0x100000000 memdev.restore=0"

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl python3 systemd-analyze udevadm logger
UDEVD=/lib/systemd/systemd-udevd
MODULES_LOAD=/lib/systemd/systemd-modules-load
need $UDEVD $MODULES_LOAD
need_reserved 8
# The files are copied to /etc, which only a test machine can bear.
[ -n "${MEMDEV_VM:-}" ] || skip_all "changes /etc: for VMs only"

UNITS=$HERE/../../../memdev
EXAMPLES=$UNITS/examples
[ -e "$UNITS/memdev.service" ] || UNITS=/usr/lib/systemd/system
[ -e "$EXAMPLES/memdev.conf" ] ||
	EXAMPLES=/usr/share/doc/memdevctl/examples

# The units name the installed tool.
[ -e /usr/sbin/memdevctl ] ||
	ln -s "$(command -v memdevctl)" /usr/sbin/memdevctl

log_mark

# --- units -------------------------------------------------------------------

mkdir "$TMP/units"
cp "$UNITS/memdev.service" "$EXAMPLES"/*.service "$EXAMPLES"/*.timer \
	"$TMP/units"
export SYSTEMD_UNIT_PATH="$TMP/units:"

# verify UNIT: systemd accepts the unit without a complaint
verify()
{
	systemd-analyze verify --man=no "$TMP/units/$1" >"$TMP/verify" 2>&1 &&
		[ ! -s "$TMP/verify" ] && return
	cat "$TMP/verify"
	return 1
}

# command_of UNIT [KEY]: run the command of the unit as systemd would
command_of()
{
	eval "$(sed -n "s/^${2:-ExecStart}=//p" "$TMP/units/$1")"
}

for file in "$TMP/units"/*; do
	check "systemd accepts ${file##*/}" verify "${file##*/}"
done
{ cat "$TMP/units/memdev.service"; echo "NoSuchKey=yes"; } \
	>"$TMP/units/bad.service"
verify bad.service >/dev/null
is "systemd rejects a unit with an unknown key" $? 1
is "memdev.service is off until it is enabled" \
	"$(find /etc/systemd/system /usr/lib/systemd/system -type l \
		-name memdev.service 2>/dev/null)" ""

# meets: the conditions of memdev.service hold. Where this machine's files look like
# those of a container, systemd does not read /proc/cmdline by itself.
meets()
{
	SYSTEMD_PROC_CMDLINE=$(cat /proc/cmdline) \
		systemd-analyze condition --unit=memdev.service >"$TMP/meets" 2>&1
}

meets
is "memdev.service does nothing without a file" $? 1
window="window $BLOCK start=$(hex "$RESERVED") name=low"
echo "$window" >/etc/memdev.conf
meets
rc=$?
if grep -q memdev.restore=0 /proc/cmdline; then
	is "memdev.restore=0 on the command line skips it" $rc 1
	check "the command line is the reason" \
		grep -q "KernelCommandLine=!memdev.restore=0 failed" \
		"$TMP/meets"
	check "modprobe ignores the word" load window=none
	finish
	exit
fi
is "memdev.service restores /etc/memdev.conf" $rc 0
mkdir /etc/memdev.conf.d
mv /etc/memdev.conf /etc/memdev.conf.d/low.conf
meets
is "memdev.service restores /etc/memdev.conf.d" $? 0

# --- module ------------------------------------------------------------------

echo "options memdev window=$((2 * BLOCK))@$(hex "$RESERVED") devices=2" \
	>/etc/modprobe.d/memdev.conf
check "memdev.service loads the module" command_of memdev.service ExecStartPre
is "the module made no window" "$(memdevctl window list -n)" ""
check "memdev.service restores" command_of memdev.service
check "memdev.service bears a module that is loaded" \
	command_of memdev.service ExecStartPre
is "the window is there" "$(memdevctl window list -rnbo WINDOW,SIZE)" \
	"window0 $BLOCK"
check "the module is unloaded" unload

cp "$EXAMPLES/modprobe.conf" /etc/modprobe.d/memdev.conf
cp "$EXAMPLES/modules-load.conf" /etc/modules-load.d/memdev.conf
check "systemd-modules-load loads the module" \
	$MODULES_LOAD /etc/modules-load.d/memdev.conf
check "the module is loaded" loaded
is "the module made no window" "$(memdevctl window list -n)" ""
check "memdev.service restores" command_of memdev.service
is "the window is there" \
	"$(memdevctl window list -rnbo WINDOW,SIZE,SOURCE)" \
	"window0 $BLOCK reserved"
runs "the window is deleted" window del 0

runs "the example of a file is valid" restore --dry-run "$EXAMPLES/memdev.conf"
check "it has a window and two devices" expr "$OUT" : \
	"window low: add .*
device guest: create .*
device dimm0: create "
sed "s/2G/$((4 * BLOCK))/; s/0x100000000/$(hex "$RESERVED")/
	s/device 1G/device $((2 * BLOCK))/
	s/512M/$BLOCK/g" "$EXAMPLES/memdev.conf" >"$TMP/conf"
runs "it is restored in smaller sizes" restore "$TMP/conf"
is "the devices are there" "$(memdevctl list -rnbo ID,KIND,PLUGGED)" \
	"guest virtio-mem $BLOCK
dimm0 dimm $BLOCK"
runs "unplug" unplug guest all
runs "destroy" destroy guest

# --- udev --------------------------------------------------------------------

# A log for logger(1)
python3 - >"$TMP/syslog" <<'END' &
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
print("listening", flush=True)
while True:
    print(log.recv(4096).decode(), flush=True)
END
check "the log is read" until_true 60 grep -q listening "$TMP/syslog"
mkdir -p /etc/udev/rules.d
cp "$EXAMPLES/90-memdev.rules" /etc/udev/rules.d/90-memdev.rules
check "udevd starts" $UDEVD --daemon
runs "a device" create $((2 * BLOCK)) --id guest
D=$BUS/devices/$OUT
check "a rule sets its deadline" \
	until_true 60 grep -qx 60000 "$D/unplug_timeout_ms"
check "udevd is done" udevadm settle --timeout=120
udevadm info --query=property --path="$(readlink -f "$D")" >"$TMP/info"
check "a rule gives it a name for units" \
	grep -qx "SYSTEMD_ALIAS=/sys/subsystem/memdev/devices/guest" "$TMP/info"
check "a rule makes it a unit" grep -q "^TAGS=.*:systemd:" "$TMP/info"
runs "plug" plug guest $BLOCK
check "a rule logs the change" until_true 60 \
	grep -q "memdev: ${D##*/}: $BLOCK bytes plugged, $BLOCK online\$" \
	"$TMP/syslog"
udevadm test --action=add "$(readlink -f "$D")" >"$TMP/test" 2>&1
is "udev has no complaint about the rules" \
	"$(grep -E '90-memdev.rules:.*(Invalid|Unknown|Failed|ignoring|no effect)' \
		"$TMP/test")" ""
check "udev has read the rules" grep -q 90-memdev.rules "$TMP/test"
check "udevd ends" udevadm control --exit

# --- metrics -----------------------------------------------------------------

mkdir "$TMP/collector"
cd "$TMP/collector" || exit
check "memdev-prometheus.service writes metrics" \
	command_of memdev-prometheus.service
is "it leaves one file" "$(ls)" memdev.prom
check "the file has the device" grep -q 'id="guest"' memdev.prom
runs "unplug" unplug guest all
check "the module is unloaded" unload
check "memdev-prometheus.service works without the module" \
	command_of memdev-prometheus.service
is "it leaves no outdated device" "$(grep -v '^#' memdev.prom | cut -d'{' -f1)" \
	"memdev_up 0
memdev_build_info"
mkdir memdev.prom.new
(command_of memdev-prometheus.service) 2>/dev/null
is "it leaves no outdated file if it fails" "$? $(ls)" "1 memdev.prom.new"
rmdir memdev.prom.new
cd / || exit
check "the kernel did not complain" log_quiet
finish
