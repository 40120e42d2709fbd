# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2034 # what the tests use
#
# Functions for the memdevctl tests. Sourced, never run.

. "$(dirname "$0")/lib.sh"

# ctl ARGUMENT...: run memdevctl; set OUT, ERR and RC
ctl()
{
	memdevctl "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	RC=$?
	OUT=$(cat "$TMP/out")
	ERR=$(cat "$TMP/err")
}

# runs NAME ARGUMENT...: memdevctl succeeds with an empty standard error
runs()
{
	local name=$1
	shift

	ctl "$@"
	is "$name" "$RC$ERR" 0
}

# fails NAME RC PATTERN ARGUMENT...: memdevctl exits with RC and its standard
# error matches PATTERN
fails()
{
	local name=$1 rc=$2 pattern=$3
	shift 3

	ctl "$@"
	# shellcheck disable=SC2254 # a pattern
	case $RC$ERR in
	$rc$pattern)	pass "$name" ;;
	*)	fail "$name" "memdevctl $*: $RC $ERR" "want: $rc $pattern" ;;
	esac
}
