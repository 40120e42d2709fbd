# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# bash completion for memdevctl: the words come from its help.

# Print both groups of a regular expression for each indented line that matches.
_memdevctl_words()
{
	sed -nE "s/^ +$1.*/\\1 \\2/p" 2>/dev/null | uniq
}

# Print the possible arguments of a command, whose help is $1.
_memdevctl_args()
{
	local usage=${1%%$'\n'*}

	[[ $usage != *DEV* ]] || memdevctl list -rno DEVICE,ID 2>/dev/null
	[[ $usage != *WINDOW* ]] ||
		memdevctl window list -rno WINDOW 2>/dev/null
	[[ $usage != *COMMAND* ]] ||
		memdevctl help | _memdevctl_words '([a-z]+)() '
	[[ $usage != *"|all"* ]] || echo all
	[[ $usage != *STEP* ]] || _memdevctl_words '([a-z]+)() ' <<<"$1"
	[[ $usage != *KEY=* ]] || _memdevctl_words '([a-z_]+=)()' <<<"$1"
}

_memdevctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local cmd=${COMP_WORDS[1]} words='' second='' help

	# bash splits --OPTION=VALUE into three words.
	[ "$prev" != = ] || prev=${COMP_WORDS[COMP_CWORD-2]}
	[ "$cur" != = ] || cur=
	help=$(memdevctl help)
	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$(_memdevctl_words '([a-z]+)() ' <<<"$help")
	else
		second=$(_memdevctl_words "$cmd ([a-z]+)() " <<<"$help")
	fi
	if [ "$COMP_CWORD" -eq 2 ]; then
		words=$second
	fi
	if [ -z "$words" ]; then
		help=$(memdevctl help "$cmd" ${second:+"${COMP_WORDS[2]}"} \
			2>/dev/null)
		case $prev in
		-o|--output)	words=$(_memdevctl_words '([A-Z]+)() ' <<<"$help") ;;
		--format)	words='hmp qmp' ;;
		--kind)		words='virtio-mem dimm' ;;
		--window)	words=$(_memdevctl_args WINDOW) ;;
		--color)	words='always never auto' ;;
		--errno)	words='EIO ENOMEM EBUSY EAGAIN EINVAL EPERM ENODEV ENOSPC ETIMEDOUT' ;;
		--svg)
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
			;;
		*)
			# Offer no words for the value of another option.
			[[ $prev != -* || $help != *"$prev "[A-Z]* ]] || return
			words=$(_memdevctl_args "$help"
				_memdevctl_words '(-[A-Za-z])?,? ?(--[a-z-]+)' <<<"$help")
			;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
}

complete -F _memdevctl memdevctl
