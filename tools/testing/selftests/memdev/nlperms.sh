#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Over netlink, unprivileged users read everything but addresses and change
# nothing, not even with CAP_NET_ADMIN or as root of a user namespace.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual=6.1

. "$(dirname "$0")/lib.sh"

need nlreq

# --- unprivileged users -----------------------------------------------------

nobody()
{
	user "$@"
}

net_admin()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
		--bounding-set=-all,+net_admin -- "$@"
}

# user_ns: root of a user namespace, in the initial network namespace
user_ns()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		unshare --user --map-root-user -- "$@"
}

# net_ns: root of a user namespace, in its own network namespace
net_ns()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		unshare --user --map-root-user --net -- "$@"
}

# changes: one request per kind of change; root may make each of them
changes()
{
	cat <<-END
	dev-new size=$BLOCK id=new
	dev-del index=1
	dev-del id=spare
	dev-set index=0 unplug-timeout-ms=5
	dev-set index=0 requested-size=$BLOCK
	dev-set index=0 online-type=0
	dev-plug index=0 size=$BLOCK
	dev-plug index=0 all
	dev-unplug index=0 size=$BLOCK
	dev-unplug index=0 all
	window-new start=$spare size=$BLOCK
	window-new size=$BLOCK
	window-del index=1
	END
}

# replies_to USER...: the results of the requests in $TMP/requests, all from one
# shell
# shellcheck disable=SC2016 # expanded by that shell
replies_to()
{
	"$@" sh -c 'while read -r request; do
		echo "$request: $(nlreq $request 2>&1)"
	done' <"$TMP/requests"
}

# refused USER: each change is refused with a reason and changes nothing
refused()
{
	changes >"$TMP/requests"
	replies_to "$1" >"$TMP/said"
	is "$1: every change is tried" "$(wc -l <"$TMP/said")" \
		"$(wc -l <"$TMP/requests")"
	is "$1: every change fails with EPERM and a reason" \
		"$(grep -vE ': EPERM "[^"]+"' "$TMP/said")" ""
	is "$1: no reason has an address" \
		"$(grep -E "0x|memory[0-9]|$start" "$TMP/said" |
			grep -v "^window-new start=$spare [^:]*: [^0-9]*\$")" ""
	is "$1: nothing has changed" "$(shown | diff "$TMP/before" -)" ""
}

shown()
{
	memory_state
	nlreq -d dev-get
	nlreq -d window-get
}

no_addresses()
{
	grep -E "[ .](address|start|memory)=|0x|memory[0-9]" "$@"
}

# reads USER: USER reads what root reads, without the addresses
reads()
{
	cat >"$TMP/requests" <<-END
	dev-get index=0
	dev-get id=spare
	-d dev-get
	window-get index=0
	-d window-get
	block-get device=0 first=0
	-d block-get device=0
	-d block-get
	END
	replies_to "$1" >"$TMP/said"
	is "$1: replies have no address" "$(no_addresses "$TMP/said")" ""
	replies_to eval_root | sed -E 's/ (refusal\.)?(address|start)=[0-9]+//g
		s/ refusal\.memory="[^"]*"//' >"$TMP/want"
	is "$1: replies are otherwise the same as root's" \
		"$(diff "$TMP/want" "$TMP/said")" ""
}

eval_root()
{
	"$@"
}

# --- a machine with something to read ---------------------------------------

chmod 755 "$TMP"
need_reserved 8
start=$RESERVED
spare=$((RESERVED + 7 * BLOCK))
check "the module loads" load devices=0 \
	window="$((6 * BLOCK))@$(hex "$start"),$BLOCK@$(hex $((start + 6 * BLOCK)))"
is "a device is created" \
	"$(nlreq dev-new window=0 size=$((3 * BLOCK)) | tail -n 1)" ok
is "a device with an id is created" \
	"$(nlreq dev-new window=0 size=$BLOCK id=spare | tail -n 1)" ok
no_deadline
is "plug two blocks" "$(nlreq dev-plug index=0 size=$((2 * BLOCK)))" ok
# Provoke a refusal, so that the device has one to report.
if pin_start "$start" $((start + 2 * BLOCK)); then
	nlreq dev-set index=0 unplug-timeout-ms=3000 >/dev/null
	is "an unplug is refused" "$(nlreq dev-unplug index=0 all | tail -n 1 |
			cut -d ' ' -f 1)" ETIMEDOUT
	pin_stop
	no_deadline
else
	skip "an unplug is refused" "no page could be pinned on the device"
fi
is "root reads addresses" "$(nlreq -d dev-get | grep -c " address=[1-9]")" 2

is "the user nobody is not root" "$(nobody id -u)" 65534
is "net_admin has only CAP_NET_ADMIN" \
	"$(net_admin sed -n 's/^CapEff:\t0*//p' /proc/self/status)" 1000
shown >"$TMP/before"
for who in nobody net_admin; do
	reads $who
	refused $who
done
if user_ns true 2>/dev/null; then
	is "user_ns is root of its namespace" "$(user_ns id -u)" 0
	reads user_ns
	refused user_ns
	is "net_ns: the family does not exist" "$(net_ns nlreq family)" \
		"family ENOENT"
	is "net_ns: nothing has changed" "$(shown | diff "$TMP/before" -)" ""
else
	skip "user_ns is root of its namespace" "users have no namespaces here"
fi
# Root of the initial user namespace, in another network namespace
is "root in another network namespace: the family does not exist" \
	"$(unshare --net nlreq family)" "family ENOENT"

# --- multicast groups -------------------------------------------------------

is "root can join the group monitor" "$(nlreq join monitor)" ok
for who in nobody net_admin user_ns; do
	$who true 2>/dev/null || continue
	is "$who cannot join the group monitor" \
		"$($who nlreq join monitor)" EPERM
	is "$who can join the group monitor-public" \
		"$($who nlreq join monitor-public)" ok
done

heard()
{
	grep -q "^$1 " "$TMP/public"
}

nobody nlreq listen monitor-public >"$TMP/public" &
check "the user nobody can listen to monitor-public" \
	until_true 60 grep -q listening "$TMP/public"
nlreq dev-plug index=1 all >/dev/null
if pin_start $((start + 3 * BLOCK)) $((start + 4 * BLOCK)); then
	nlreq dev-set index=1 unplug-timeout-ms=3000 >/dev/null
	nlreq dev-unplug index=1 all >/dev/null
	pin_stop
	nlreq dev-set index=1 unplug-timeout-ms=0 >/dev/null
	check "the user nobody receives a refusal" until_true 60 heard dev-refused-ntf
else
	skip "the user nobody receives a refusal" "no page could be pinned on the device"
fi
nlreq dev-unplug index=1 all >/dev/null
nlreq dev-del index=1 >/dev/null
nlreq window-del index=1 >/dev/null
nlreq window-new start=$spare size=$BLOCK >/dev/null
nlreq dev-new window=1 size=$BLOCK >/dev/null
for what in dev-plugged-ntf dev-online-ntf dev-del-ntf window-del-ntf \
	    window-new-ntf dev-new-ntf; do
	check "the user nobody receives $what" until_true 60 heard $what
done
is "no public message has an address" "$(no_addresses "$TMP/public")" ""
finish
