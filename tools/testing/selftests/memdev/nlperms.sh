#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# By netlink, too, who is not root reads all but addresses, and changes nothing:
# not with CAP_NET_ADMIN, and not as root of a user namespace.
#
# VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual=6.1

. "$(dirname "$0")/lib.sh"

need nlreq

# --- those who may not ---------------------------------------------------------------

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

# root of a namespace of its own; of the machine's network
user_ns()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		unshare --user --map-root-user -- "$@"
}

# and of a network of its own
net_ns()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups -- \
		unshare --user --map-root-user --net -- "$@"
}

# changes: every change that there is, each such that root's would succeed
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
	fault-new device=0 step=4 errno=5
	fault-del device=0
	fault-del device=0 index=1
	fault-poison device=0 block=0
	dev-unplug index=0 size=$BLOCK
	dev-unplug index=0 all
	window-new start=$spare size=$BLOCK
	window-new size=$BLOCK
	window-del index=1
	END
}

# tell NAME COMMAND...: what the family says to NAME's requests, all of them by
# one shell
# shellcheck disable=SC2016 # expanded by that shell
tell()
{
	"$@" sh -c 'while read -r request; do
		echo "$request: $(nlreq $request 2>&1)"
	done' <"$TMP/requests"
}

# refused WHO: every change is, with words, and nothing has changed
refused()
{
	changes >"$TMP/requests"
	tell "$1" >"$TMP/said"
	is "$1: every change is tried" "$(wc -l <"$TMP/said")" \
		"$(wc -l <"$TMP/requests")"
	is "$1: every change is EPERM, and the reason is said" \
		"$(grep -vE ': EPERM "[^"]+"' "$TMP/said")" ""
	is "$1: no word of it is an address" \
		"$(grep -E "0x|memory[0-9]|$start" "$TMP/said" |
			grep -v "^window-new start=$spare [^:]*: [^0-9]*\$")" ""
	is "$1: nothing has changed" "$(shown | diff "$TMP/before" -)" ""
}

shown()
{
	memory_state
	nlreq -d dev-get
	nlreq -d window-get
	nlreq -d fault-get
}

no_addresses()
{
	grep -E "[ .](address|start|memory)=|0x|memory[0-9]" "$@"
}

# reads WHO: WHO gets what root gets, less the addresses
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
	-d fault-get
	END
	tell "$1" >"$TMP/said"
	is "$1: there is no address in what it gets" \
		"$(no_addresses "$TMP/said")" ""
	tell eval_root | sed -E 's/ (refusal\.)?(address|start)=[0-9]+//g
		s/ refusal\.memory="[^"]*"//' >"$TMP/want"
	is "$1: all else is as root gets it" \
		"$(diff "$TMP/want" "$TMP/said")" ""
}

eval_root()
{
	"$@"
}

# --- a machine with something to see ----------------------------------------------------

chmod 755 "$TMP"
reserved || skip_all "no reserved range on this machine"
[ $RESERVED_SIZE -ge $((8 * BLOCK)) ] ||
	skip_all "no reserved range of 8 memory blocks on this machine"
start=$RESERVED
spare=$((RESERVED + 7 * BLOCK))
check "the module loads" load devices=0 \
	window="$((6 * BLOCK))@$(hex "$start"),$BLOCK@$(hex $((start + 6 * BLOCK)))"
is "a device" "$(nlreq dev-new window=0 size=$((3 * BLOCK)) | tail -n 1)" ok
is "another one" "$(nlreq dev-new window=0 size=$BLOCK id=spare | tail -n 1)" ok
no_deadline
is "plug two blocks" "$(nlreq dev-plug index=0 size=$((2 * BLOCK)))" ok
is "a rule for faults" \
	"$(nlreq fault-new device=0 step=4 delay-ms=1 | tail -n 1)" ok
# So that there is a refusal to see
if pin_start "$start" $((start + 2 * BLOCK)); then
	nlreq dev-set index=0 unplug-timeout-ms=3000 >/dev/null
	is "an unplug is refused" \
		"$(nlreq dev-unplug index=0 all | tail -n 1 |
			cut -d ' ' -f 1)" ETIMEDOUT
	pin_stop
	no_deadline
else
	skip "an unplug is refused" "no page came to lie on the device"
fi
is "root gets addresses" "$(nlreq -d dev-get | grep -c " address=[1-9]")" 2

is "nobody is no root" "$(nobody id -u)" 65534
is "net_admin has that capability, and it alone" \
	"$(net_admin sed -n 's/^CapEff:\t0*//p' /proc/self/status)" 1000
shown >"$TMP/before"
for who in nobody net_admin; do
	reads $who
	refused $who
done
if user_ns true 2>/dev/null; then
	is "user_ns is root there" "$(user_ns id -u)" 0
	reads user_ns
	refused user_ns
	is "net_ns: there is no family" "$(net_ns nlreq family)" \
		"family ENOENT"
	is "net_ns: nothing has changed" "$(shown | diff "$TMP/before" -)" ""
else
	skip "user_ns is root there" "users have no namespaces here"
fi
# The machine's root, in a network of its own
is "nor is there one for root in another network" \
	"$(unshare --net nlreq family)" "family ENOENT"

# --- who may listen ----------------------------------------------------------------------

is "root: joins the group monitor" "$(nlreq join monitor)" ok
for who in nobody net_admin user_ns; do
	$who true 2>/dev/null || continue
	is "$who: does not join the group monitor" \
		"$($who nlreq join monitor)" EPERM
	is "$who: joins the group monitor-public" \
		"$($who nlreq join monitor-public)" ok
done

listening()
{
	grep -q listening "$TMP/public"
}

heard()
{
	grep -q "^$1 " "$TMP/public"
}

nobody nlreq listen monitor-public >"$TMP/public" &
check "nobody listens in public" until_true 60 listening
nlreq dev-plug index=1 all >/dev/null
if pin_start $((start + 3 * BLOCK)) $((start + 4 * BLOCK)); then
	nlreq dev-set index=1 unplug-timeout-ms=3000 >/dev/null
	nlreq dev-unplug index=1 all >/dev/null
	pin_stop
	nlreq dev-set index=1 unplug-timeout-ms=0 >/dev/null
	check "nobody hears of a refusal" until_true 60 heard dev-refused-ntf
else
	skip "nobody hears of a refusal" "no page came to lie on the device"
fi
nlreq dev-unplug index=1 all >/dev/null
nlreq dev-del index=1 >/dev/null
nlreq window-del index=1 >/dev/null
nlreq window-new start=$spare size=$BLOCK >/dev/null
nlreq dev-new window=1 size=$BLOCK >/dev/null
for what in dev-plugged-ntf dev-online-ntf dev-del-ntf window-del-ntf \
	    window-new-ntf dev-new-ntf; do
	check "nobody hears $what" until_true 60 heard $what
done
is "none of it has an address" "$(no_addresses "$TMP/public")" ""
finish
