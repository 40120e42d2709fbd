#compdef memdevctl
# SPDX-License-Identifier: GPL-2.0
#
# zsh completion for memdevctl

local -a replies

replies=(${(f)"$(memdevctl __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)"})
case $replies in
:file)	_files ;;
*=)	compadd -S '' -a replies ;;
*)	compadd -a replies ;;
esac
