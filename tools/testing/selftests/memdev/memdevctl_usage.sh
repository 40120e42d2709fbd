#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# memdevctl's usage errors, and memdevctl without the module
#
# VM: mem=4G usual=6.1 timeout=1800

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl

# bad NAME ARGUMENT...: a usage error changes nothing and prints nothing to
# stdout
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

fails "without the module, list suggests modprobe" 1 \
	"memdevctl: the memdev module is not loaded, *modprobe memdev*" list
fails "without the module, plug names the remedy" \
	1 "*modprobe memdev*" plug 0 1G
runs "help works without the module" help
check "help names the commands" \
	expr "$OUT" : ".*unplug DEV SIZE|all.*window add SIZE.*version"
runs "version works without the module" version
runs "--version works like version" --version
bad "an unknown command is a usage error" nosuch
memdevctl >"$TMP/out" 2>"$TMP/err"
is "a missing command is a usage error" "$? $(wc -c <"$TMP/out")" "2 0"
bad "an unknown option is a usage error" --nosuch
bad "window without a subcommand" window
bad "help for an unknown command" help nosuch
for command in list show create destroy plug unplug resize set map monitor \
	       stat help version "window list" "window add" "window del" \
	       "fault list" "fault add" "fault del" "fault poison"; do
	# shellcheck disable=SC2086 # two words
	runs "help $command" help $command
	help=$OUT
	# shellcheck disable=SC2086
	runs "$command --help" $command --help
	is "$command --help prints the same as help $command" "$OUT" "$help"
	# shellcheck disable=SC2086
	bad "$command --nosuch" $command --nosuch
done
bad "create without a size" create
bad "create with two sizes" create 1G 1G
bad "plug without a size" plug 0
bad "plug with two sizes" plug 0 1G 1G
bad "destroy without a device" destroy
bad "set without a setting" set 0
bad "resize without a size" resize 0
bad "window del without a window" window del
bad "window list with an argument" window list 0
bad "fault without a subcommand" fault
bad "fault add without a step" fault add 0
bad "fault add with an unknown step" fault add 0 nosuch --errno EIO
bad "fault add without an effect" fault add 0 add --times 1
bad "fault add with an unknown errno" fault add 0 add --errno ENOSUCH
bad "fault add with errno 0" fault add 0 add --errno 0
bad "fault add with an invalid delay" fault add 0 add --delay 1s
bad "fault add with nth 0" fault add 0 add --errno EIO --nth 0
bad "fault add with a page" fault add 0 add --errno EIO --page 1
bad "fault del without a rule" fault del 0
bad "fault del with an invalid rule" fault del 0 x
bad "fault poison without a block" fault poison 0
bad "fault poison with an invalid block" fault poison 0 --block x
bad "monitor with an argument" monitor 0
bad "version with an argument" version 0
bad "-o without columns" list -o
bad "--json with a value" list --json=1
for size in 0 0M -1 +1G 1X 1GG "1 G" "" G 0x 08 0x1GG 1.5G \
	    16E 18446744073709551616 99999999999999999999; do
	bad "plug with size '$size'" plug 0 "$size"
	bad "create with size '$size'" create "$size"
	bad "window add with size '$size'" window add "$size"
	case $size in
	0|0M)	;;
	*)	bad "resize to size '$size'" resize 0 "$size" ;;
	esac
done
bad "--align with an invalid size" create 1G --align 12Z
bad "--node with -1" create 1G --node -1
bad "--slot with an invalid number" create 1G --slot x
bad "--window with an invalid name" create 1G --window foo
bad "--id with an empty name" create 1G --id ""
bad "--id with an overlong name" create 1G --id "$(printf '%064d' 0)"
bad "--start with an invalid address" window add 1G --start x
bad "set without a value" set 0 online_type
bad "set with an unknown key" set 0 nosuch=1
bad "set with an unknown online type" set 0 online_type=nosuch
bad "set with a duplicate key" set 0 unplug_timeout_ms=1 unplug-timeout-ms=1
bad "set with a negative deadline" set 0 unplug_timeout_ms=-1
bad "set with memmap_on_memory=2" set 0 memmap_on_memory=2
bad "list with an unknown column" list -o DEVICE,NOSUCH
bad "list with two formats" list -J -r
bad "list with an unknown format" list --format xml
bad "list with a QEMU format and JSON" list --format qmp -J
bad "stat with two formats" stat --prometheus -J
bad "map with an unknown color mode" map --color=nosuch
bad "map with an invalid window" map foo
bad "window del with an invalid window" window del foo
if command -v bash >/dev/null; then
	completion=$HERE/../../../memdev/memdevctl.bash
	[ -e "$completion" ] ||
		completion=/usr/share/bash-completion/completions/memdevctl
	check "bash parses the completion" bash -n "$completion"
	# complete_words WORD...: completions of the last word
	complete_words()
	{
		bash -c '. "$1"; shift; COMP_WORDS=("$@")
			COMP_CWORD=$(($# - 1))
			compopt() { :; }
			_memdevctl; echo "${COMPREPLY[*]}"' \
			bash "$completion" "$@"
	}
	is "completion of commands" "$(complete_words memdevctl unp)" unplug
	is "completion of subcommands" \
		"$(complete_words memdevctl window "")" "list add del"
	is "completion of options" "$(complete_words memdevctl create --al)" \
		--align
	is "completion of fault steps" \
		"$(complete_words memdevctl fault add 0 rem)" remove
	is "completion of errnos" \
		"$(complete_words memdevctl fault add 0 add --errno ENOM)" \
		ENOMEM
	is "completion of columns" "$(complete_words memdevctl list -o PLU)" \
		PLUGGED
fi
finish
