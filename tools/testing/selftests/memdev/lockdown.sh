#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Under lockdown, no user can choose an address that memdev writes to or a page
# to poison. Everything else works.
#
# A kernel that boots with lockdown refuses the unsigned module, so the test
# enables lockdown after loading the module. Lockdown cannot be disabled again.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000
# VM: usual="6.1 7.3" alone=yes

. "$(dirname "$0")/lib.sh"

LOCKDOWN=/sys/kernel/security/lockdown
need nlreq
need_mounted $DEBUG
[ -w $LOCKDOWN ] || skip_all "this kernel has no lockdown"
grep -q '\[none\]' $LOCKDOWN || skip_all "the kernel is locked down already"
need_reserved 8

# hw_parameters: number of the module's hw parameters, which lockdown refuses
hw_parameters()
{
	objcopy -O binary -j __param "$(modinfo -n memdev)" "$TMP/params" &&
		od -An -v -tu1 -w40 "$TMP/params" |
			awk '{ hw += int($28 / 2) % 2 } END { print hw + 0 }'
}

# nl REQUEST...: the result of a netlink request
nl()
{
	nlreq "$@" 2>&1 | tail -n 1
}

# denied NAME RESULT
denied()
{
	case $2 in
	EPERM*)	pass "$1" ;;
	*)	fail "$1" "got: $2" ;;
	esac
}

# poison_refused: a faults file that was opened before lockdown refuses a write
poison_refused()
{
	! echo "poison block=0" >&7 && grep 'locked down' "$D/last_error"
}

spec=$((4 * BLOCK))@$(hex $RESERVED)
there=$(hex $((RESERVED + 4 * BLOCK)))
total=$(mem_total)
iomem >"$TMP/iomem"
log_mark

if command -v objcopy >/dev/null && [ "$(getconf LONG_BIT)" = 64 ]; then
	is "lockdown refuses one module parameter" "$(hw_parameters)" 1
else
	skip "lockdown refuses one module parameter" "needs objcopy"
fi
check "the module loads with window=$spec" load "window=$spec"
no_deadline
is "plug two blocks" "$(put_dev plug $((2 * BLOCK)))" ok
is "sysfs new_window" "$(put $BUS/new_window "$BLOCK@$there")" ok
is "del_window" "$(put $BUS/del_window 1)" ok
is "netlink window-new" "$(nl window-new size=$BLOCK start="$there")" ok
is "del_window" "$(put $BUS/del_window 1)" ok

exec 7>"$(faults_file)"
for level in integrity confidentiality; do
	is "lockdown is set to $level" \
		"$(printf %s $level | write_errno $LOCKDOWN)" ok
	iomem >"$TMP/before"
	log_mark

	denied "$level: sysfs new_window is denied" \
		"$(put $BUS/new_window "$BLOCK@$there")"
	check "$level: the reason is lockdown" \
		grep -q 'locked down' $BUS/last_error
	say "$(cat $BUS/last_error)"
	denied "$level: netlink window-new is denied" \
		"$(nl window-new size=$BLOCK start="$there")"
	check "$level: the reason is lockdown" \
		grep -q 'locked down' $BUS/last_error
	is "$level: /proc/iomem is unchanged" \
		"$(iomem | diff "$TMP/before" -)" ""
	check "$level: a faults file opened before lockdown cannot poison" \
		poison_refused
	is "$level: no page is poisoned" "$(meminfo HardwareCorrupted)" 0
	check "$level: writing to debugfs is denied" \
		one_of "$(put "$(faults_file)" "poison block=0")" open:EPERM,EPERM

	is "$level: plug all" "$(put_dev plug all)" ok
	check "$level: sysfs, /proc/iomem and lsmem agree" agree
	is "$level: unplug two blocks" "$(put_dev unplug $((2 * BLOCK)))" ok
	is "$level: a window without an address is carved" \
		"$(put $BUS/new_window $BLOCK)" ok
	note_carved
	is "$level: a device is created in the carved window" \
		"$(put $BUS/new_device "size=$BLOCK window=1 id=carved")" ok
	is "$level: netlink plugs the device" \
		"$(nl dev-plug index=1 size=$BLOCK)" ok
	is "$level: netlink unplugs the device" \
		"$(nl dev-unplug index=1 size=$BLOCK)" ok
	is "$level: del_device" "$(put $BUS/del_device carved)" ok
	is "$level: del_window" "$(put $BUS/del_window 1)" ok
	check "$level: the kernel logged no warning" log_quiet
done
exec 7>&-

check "rmmod" unload
check "MemTotal is back" total_is_back "$total"
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
finish
