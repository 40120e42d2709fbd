# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# bash completion for memdevctl

_memdevctl()
{
	local line=${COMP_LINE:0:COMP_POINT} words

	# bash splits KEY=VALUE into three words, so split the line at blanks.
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=('')
	mapfile -t COMPREPLY < <(memdevctl __complete "${words[@]:1}" 2>/dev/null)
	if [[ ${COMPREPLY[*]} == :file ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "${words[-1]#*=}")
	elif [[ ${words[-1]} == *=* && $COMP_WORDBREAKS == *=* ]]; then
		COMPREPLY=("${COMPREPLY[@]#*=}")
	fi
	[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace
}

complete -F _memdevctl memdevctl
