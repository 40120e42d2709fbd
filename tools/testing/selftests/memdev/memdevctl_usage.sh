#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# memdevctl: what it says where there is no module, how it is used, and how not.
#
# VM: mem=4G usual=6.1 timeout=1800

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl

# bad NAME ARGUMENT...: a usage error, which changes nothing and prints nothing
bad()
{
	local name=$1
	shift

	ctl "$@"
	case $RC$OUT$ERR in
	"2memdevctl: "*)	pass "$name" ;;
	*)	fail "$name" "memdevctl $*: $RC" "out: $OUT" "err: $ERR" ;;
	esac
}

fails "without the module it says what to do" 1 \
	"memdevctl: the memdev module is not loaded, *modprobe memdev*" list
fails "every command does" 1 "*modprobe memdev*" plug 0 1G
runs "help needs no module" help
case $OUT in
*"unplug DEV SIZE|all"*"window add SIZE"*"version"*)
	pass "help names the commands" ;;
*)	fail "help names the commands" "$OUT" ;;
esac
runs "version needs none" version
runs "--version is the same" --version
bad "no command is a usage error" nosuch
memdevctl >"$TMP/out" 2>"$TMP/err"
is "so is nothing at all" "$? $(wc -c <"$TMP/out")" "2 0"
bad "an option is no command" --nosuch
bad "window wants one more word" window
bad "help of what there is not" help nosuch
for command in list show create destroy plug unplug resize set map monitor \
	       stat help version "window list" "window add" "window del" \
	       "fault list" "fault add" "fault del" "fault poison"; do
	# shellcheck disable=SC2086 # two words
	runs "help $command" help $command
	help=$OUT
	# shellcheck disable=SC2086
	runs "$command --help" $command --help
	is "they are the same" "$OUT" "$help"
	# shellcheck disable=SC2086
	bad "$command --nosuch" $command --nosuch
done
bad "create without a size" create
bad "create with two" create 1G 1G
bad "plug without a size" plug 0
bad "plug with more" plug 0 1G 1G
bad "destroy of nothing" destroy
bad "set of nothing" set 0
bad "resize without a size" resize 0
bad "window del of nothing" window del
bad "window list takes none" window list 0
bad "fault wants one more word" fault
bad "fault add without a step" fault add 0
bad "fault add of a step that there is not" fault add 0 nosuch --errno EIO
bad "fault add of what does nothing" fault add 0 add --times 1
bad "fault add of an error that there is not" fault add 0 add --errno ENOSUCH
bad "fault add of the error 0" fault add 0 add --errno 0
bad "fault add of a junk delay" fault add 0 add --delay 1s
bad "fault add of the 0th" fault add 0 add --errno EIO --nth 0
bad "fault add of a page" fault add 0 add --errno EIO --page 1
bad "fault del without a rule" fault del 0
bad "fault del of junk" fault del 0 x
bad "fault poison of no block" fault poison 0
bad "fault poison of a junk block" fault poison 0 --block x
bad "monitor takes no argument" monitor 0
bad "version neither" version 0
bad "-o without columns" list -o
bad "--json takes no value" list --json=1
for size in 0 0M -1 +1G 1X 1GG "1 G" "" G 0x 08 0x1GG 1.5G \
	    16E 18446744073709551616 99999999999999999999; do
	bad "plug of '$size'" plug 0 "$size"
	bad "create of '$size'" create "$size"
	bad "window add of '$size'" window add "$size"
	case $size in
	0|0M)	;;
	*)	bad "resize to '$size'" resize 0 "$size" ;;
	esac
done
bad "--align junk" create 1G --align 12Z
bad "--node -1" create 1G --node -1
bad "--slot junk" create 1G --slot x
bad "--window junk" create 1G --window foo
bad "--id of nothing" create 1G --id ""
bad "--id too long" create 1G --id "$(printf '%064d' 0)"
bad "--start junk" window add 1G --start x
bad "set without a value" set 0 online_type
bad "set of an unknown key" set 0 nosuch=1
bad "set of an unknown type" set 0 online_type=nosuch
bad "set of the same twice" set 0 unplug_timeout_ms=1 unplug-timeout-ms=1
bad "set of a negative deadline" set 0 unplug_timeout_ms=-1
bad "set of memmap_on_memory=2" set 0 memmap_on_memory=2
bad "list of an unknown column" list -o DEVICE,NOSUCH
bad "list in two ways" list -J -r
bad "list in a format that there is not" list --format xml
bad "list as QEMU and as JSON" list --format qmp -J
bad "stat in two ways" stat --prometheus -J
bad "map --color=nosuch" map --color=nosuch
bad "map of what is no window" map foo
bad "window del of what is no window" window del foo
if command -v bash >/dev/null; then
	completion=$HERE/../../../memdev/memdevctl.bash
	[ -e "$completion" ] ||
		completion=/usr/share/bash-completion/completions/memdevctl
	check "the completion is bash's" bash -n "$completion"
	# complete_words WORD...: what it offers for the last of them
	complete_words()
	{
		bash -c '. "$1"; shift; COMP_WORDS=("$@")
			COMP_CWORD=$(($# - 1))
			compopt() { :; }
			_memdevctl; echo "${COMPREPLY[*]}"' \
			bash "$completion" "$@"
	}
	is "it completes commands" "$(complete_words memdevctl unp)" unplug
	is "it completes second words" \
		"$(complete_words memdevctl window "")" "list add del"
	is "it completes options" "$(complete_words memdevctl create --al)" \
		--align
	is "it completes steps" "$(complete_words memdevctl fault add 0 rem)" \
		remove
	is "it completes errors" \
		"$(complete_words memdevctl fault add 0 add --errno ENOM)" \
		ENOMEM
	is "it completes columns" "$(complete_words memdevctl list -o PLU)" \
		PLUGGED
fi
finish
