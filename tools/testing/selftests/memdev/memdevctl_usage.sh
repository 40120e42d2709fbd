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
fails "list --verbose prints the request and its result" 1 \
	"memdevctl: request family memdev
memdevctl: result ENOENT after * ms
memdevctl: the memdev module is not loaded, *" list --verbose
fails "-v is --verbose" 1 "memdevctl: request *" plug -v 0 1G
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
for command in list blocks show create destroy plug unplug resize ensure wait \
	       online offline set map monitor stat dump save restore doctor \
	       help version "window list" "window add" "window del" \
	       "fault list" "fault add" "fault del" "fault poison"; do
	# shellcheck disable=SC2086 # two words
	runs "help $command" help $command
	help=$OUT
	# shellcheck disable=SC2086
	runs "$command --help" $command --help
	is "$command --help prints the same as help $command" "$OUT" "$help"
	# shellcheck disable=SC2086
	bad "$command --nosuch" $command --nosuch
	case $help in
	*"Example:
  memdevctl $command"*)	pass "help $command has an example" ;;
	*)	fail "help $command has an example" "$help" ;;
	esac
done
for group in window fault; do
	runs "$group --help" $group --help
	help=$OUT
	runs "help $group" help $group
	is "$group --help prints the same as help $group" "$OUT" "$help"
done

# guesses NAME WORD ARGUMENT...: the error suggests WORD, and nothing else
guesses()
{
	local name=$1 word=$2
	shift 2

	fails "$name" 2 "memdevctl: *did you mean '$word'?" "$@"
	is "$name, in one line" "$(wc -l <"$TMP/err")" 1
}

guesses "did you mean: a command" list lsit
guesses "did you mean: an abbreviation" monitor mon
guesses "did you mean: the first word of a command" window windw list
guesses "did you mean: the second word of a command" "window list" window lst
guesses "did you mean: help for a command" unplug help umplug
guesses "did you mean: an option" --json list --jsn
guesses "did you mean: a column" DEVICE list -o devic
guesses "did you mean: an event" dev-plugged monitor --event dev-new,dev-plug
guesses "did you mean: a setting" online_type set 0 online-typ=offline
fails "a word like no command: the tip is help" 2 \
	"memdevctl: unknown command 'xyzzy'
Try 'memdevctl help'." xyzzy
fails "help for a word like no command: the tip is help" 2 \
	"memdevctl: unknown command 'xyzzy'
Try 'memdevctl help'." help xyzzy
fails "the first word of a command: the tip is its help" 2 \
	"memdevctl: incomplete command 'fault', see 'memdevctl help fault'" fault
fails "an invalid value has one tip" 2 \
	"memdevctl: plug: invalid size '512MB': expected *512MiB or 1.5G" \
	plug 0 512MB
is "an invalid value has one tip, in one line" "$(wc -l <"$TMP/err")" 1
fails "plug names the word that it accepts" 2 \
	"memdevctl: plug: invalid size 'full': expected all, or a number *" \
	plug 0 full
fails "wait names the words that it accepts" 2 \
	"memdevctl: wait: invalid size 'full': expected plugged, unplugged, or a number *" \
	wait 0 full
fails "a negative size is no unknown option" 2 \
	"memdevctl: plug: unknown option -1: sizes and numbers cannot be negative
Try 'memdevctl help plug'." plug 0 -128M
is "no line of the help is too long" \
	"$(memdevctl help | awk 'length > 80')" ""
bad "create without a size" create
bad "create with two sizes" create 1G 1G
bad "plug without a size" plug 0
bad "plug with two sizes" plug 0 1G 1G
bad "destroy without a device" destroy
bad "set without a setting" set 0
bad "resize without a size" resize 0
bad "resize with an invalid timeout" resize 0 1G --timeout 1s
bad "ensure without a size" ensure 0
bad "ensure with --wait" ensure 0 1G --wait
bad "wait without a state" wait 0
bad "wait for an unknown state" wait 0 pluged
bad "wait with an invalid timeout" wait 0 plugged --timeout -1
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
bad "monitor with an empty event" monitor --event dev-new,
bad "doctor with an argument" doctor 0
bad "version with an argument" version 0
bad "save with two files" save a b
bad "dump without a file" dump
bad "save with an input" save --input a
bad "save with a dry run" save --dry-run
bad "restore with a value for --dry-run" restore --dry-run=1
bad "-o without columns" list -o
bad "--json with a value" list --json=1
for size in 0 0M -1 +1G 1X 1GG "1 G" "" G 0x 08 0x1GG 1. .5G 1.G 1.5 1.9G 0x1.8G \
	    010.5G 1iB 512MB 512MiBx 0.5000000000000000000G 1.5.5G \
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
bad "list with an invalid window" list --window foo
bad "show with an invalid node" show --node -1
bad "stat with a window" stat --window 0
bad "--id with an empty name" create 1G --id ""
bad "--id with an overlong name" create 1G --id "$(printf '%064d' 0)"
bad "--start with an invalid address" window add 1G --start x
bad "offline without a device" offline
bad "online with two devices" online 0 1
bad "offline with a type" offline 0 --type online
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
# --- completion ----------------------------------------------------------------

# completes NAME WORDS ARGUMENT...: WORDS complete the last argument
completes()
{
	local name=$1 words=$2
	shift 2

	is "completion of $name" "$(memdevctl __complete "$@" 2>&1 | xargs)" \
		"$words"
}

completes "commands" unplug unp
completes "subcommands" "list add del" window ""
completes "options of the command" "--align" create 1G --al
completes "options of every command" "--verbose" destroy --verb
completes "no options of other commands" "" destroy --al
completes "steps" remove fault add 0 rem
completes "events" dev-online monitor --event dev-on
completes "a list of events" --event=dev-new,dev-set monitor --event=dev-new,dev-s
completes "types" online_movable online 0 --type online_m
completes "errnos" ENOMEM fault add 0 add --errno ENOM
completes "columns" PLUGGED list -o PLU
completes "a comma list" DEVICE,PLUGGED list -o DEVICE,PLU
completes "a comma list, without columns that it has" "" list -o PLUGGED,PLUG
completes "added columns" +PLUGGED list -o +PLU
completes "the value of --output=" --output=PLUGGED list --output=PLU
completes "keys" "memmap_on_memory=" set 0 mem
completes "values of a key" \
	"online_type=online online_type=online_kernel online_type=online_movable" \
	set 0 online_type=onl
completes "the value of an option" "virtio-mem dimm" create 1G --kind ""
completes "all" all plug 0 ""
completes "states" "plugged unplugged" wait 0 ""
completes "no third argument" "" plug 0 1G ""
completes "files" :file map --svg ""
completes "records" :file list --input ""
completes "a record" :file dump ""
completes "no devices, without the module" "" plug ""
completes "commands after help" unplug help unp
if command -v bash >/dev/null; then
	completion=$HERE/../../../memdev/memdevctl.bash
	[ -e "$completion" ] ||
		completion=/usr/share/bash-completion/completions/memdevctl
	check "bash parses the completion" bash -n "$completion"
	# bash_completes NAME WORDS LINE: WORDS complete LINE in bash
	bash_completes()
	{
		is "bash completes $1" "$(bash -c '. "$1"; COMP_LINE=$2
			COMP_POINT=${#2} COMP_WORDBREAKS=" =:"
			compopt() { :; }
			_memdevctl; echo "${COMPREPLY[*]}"' \
			bash "$completion" "$3")" "$2"
	}
	bash_completes "commands" unplug "memdevctl unp"
	bash_completes "an empty word" "list add del" "memdevctl window "
	bash_completes "only what follows the =" online_kernel \
		"memdevctl set 0 online_type=online_k"
	bash_completes "files" /etc/fstab "memdevctl map --svg /etc/fsta"
fi
finish
