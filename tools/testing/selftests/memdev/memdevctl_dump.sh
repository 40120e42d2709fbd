#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# memdevctl dump records the state in a file, and --input prints it as it was.
#
# VM: mem=4G usual=6.1 timeout=1800 append=memmap=1G$0x100000000

. "$(dirname "$0")/memdevctl_lib.sh"

need memdevctl python3
need_reserved 8
RECORD=$TMP/record

# What is the same from the kernel and from a record
COMMANDS="list
list -J --output-all
list -P --window 0 1 guest memdev0
list dimm0 nosuch guest
list --format qmp
show
show -b guest
blocks -r -o DEVICE,BLOCK,MEMORY,ADDRESS,STATE,NODE --window 0
window list -J --output-all
map
map -J 0
map 1
map --svg -
stat -J --output-all guest
stat --prometheus"

# outputs PREFIX [COMMAND...]: put the output, the errors and the status of each
# of $COMMANDS into $TMP/PREFIX.N; COMMAND starts memdevctl
outputs()
{
	local prefix=$1 line n=0
	shift

	echo "$COMMANDS" >"$TMP/commands"
	while read -r line; do
		n=$((n + 1))
		# shellcheck disable=SC2086 # words
		"$@" $line ${INPUT:+--input "$INPUT"} \
			>"$TMP/$prefix.$n" 2>&1 </dev/null
		echo "status $?" >>"$TMP/$prefix.$n"
	done <"$TMP/commands"
}

# same NAME PREFIX INPUT: each command prints from INPUT what it printed before
same()
{
	local line n=0

	INPUT=$3 outputs new memdevctl
	while read -r line; do
		n=$((n + 1))
		is "$1: $line" "$(cat "$TMP/new.$n")" "$(cat "$TMP/$2.$n")"
	done <"$TMP/commands"
}

INPUT=
fails "dump without the module" 1 \
	"memdevctl: the memdev module is not loaded, *" dump "$RECORD"
check "dump without the module makes no file" [ ! -e "$RECORD" ]
log_mark
load window=none || die "window=none was refused"
outputs empty memdevctl
runs "dump of nothing" dump "$RECORD"
same "a record of nothing" empty "$RECORD"
unload

load "window=$(window_spec 7)" devices=0 || die "the window was refused"
runs "a device" create $((4 * BLOCK)) --id guest
runs "a dimm" create $((2 * BLOCK)) --id dimm0 --kind dimm --slot 3
runs "plug the dimm" plug 1 all
runs "plug" plug guest $((2 * BLOCK))
runs "a block in a kernel zone" set guest online_type=online_kernel
runs "plug it" plug guest $BLOCK
runs "a block that is offline" offline guest --block 1
runs "a fault" fault add guest add --errno EIO --times 1
ctl plug guest $BLOCK
is "a plug fails" $RC 1
outputs root memdevctl
runs "dump" dump "$RECORD"
is "dump prints nothing" "$OUT" ""
is "only the owner can read the record" "$(stat -c %a "$RECORD")" 600
say "$(head -n 1 "$RECORD")"
check "the first line is text" expr "$(head -n 1 "$RECORD")" : \
	"memdev-record 1 little-endian size=[0-9]* kernel=$(uname -r) memdevctl=[0-9.]* date=20[0-9T:-]*Z\$"
same "a record" root "$RECORD"
is "dump - writes to standard output" \
	"$(memdevctl dump - | tail -n +2 | wc -c)" \
	"$(tail -n +2 "$RECORD" | wc -c)"
is "--input - reads standard input" "$(memdevctl list --input - <"$RECORD")" \
	"$(memdevctl list)"
fails "--verbose prints the messages of the record" 0 \
	"memdevctl: request window-get
memdevctl: reply window-get index=0 *
memdevctl: result ok *" window list --verbose --input "$RECORD"

# --- what a record does not have ----------------------------------------------

is "zones other than Movable and pages in use are not in the record" \
	"$(memdevctl blocks -rno BLOCK,STATE,ZONE,RETIRED,INUSE guest \
		--input "$RECORD")" \
"0 online Movable 0 
1 offline  0 
2 online  0 
3 unplugged  0 "
runs "a block goes offline" offline guest --block 0
runs "unplug the dimm" unplug 1 all
runs "a device is destroyed" destroy 1
same "a record of a state that is gone" root "$RECORD"
runs "the block comes online" online guest --block 0 --type online_movable
if [ -e $MEM/hard_offline_page ]; then
	runs "a block has a poisoned page" fault poison guest --block 0
	runs "it goes offline" offline guest --block 0
	runs "dump" dump "$TMP/poisoned"
	is "a record does not tell which plugged blocks are retired" \
		"$(memdevctl blocks -rno BLOCK,RETIRED --input "$TMP/poisoned" |
			xargs)" "0 1 2 3 0"
	runs "unplug" unplug guest all
	runs "dump" dump "$TMP/poisoned"
	is "a record has the unplugged blocks that are retired" \
		"$(memdevctl blocks -rno BLOCK,RETIRED --input "$TMP/poisoned" |
			xargs)" "0 1 1 0 2 0 3 0"
else
	skip "a record of a retired block" "this kernel cannot poison a page"
fi

# --- users without root -------------------------------------------------------

COMMANDS=$COMMANDS"
blocks -J --output-all --node 0"
runs "a device" create $BLOCK --id more
runs "plug" plug more all
outputs user user memdevctl
user memdevctl dump - >"$TMP/user" 2>"$TMP/err"
is "a user without root records the state" "$? $(cat "$TMP/err")" "0 "
same "a record without addresses" user "$TMP/user"
chmod 711 "$TMP"
chmod 644 "$RECORD"
INPUT=$RECORD outputs new user memdevctl
is "a user without root sees the addresses of a record" \
	"$(cat "$TMP/new.2")" "$(cat "$TMP/root.2")"

# --- without the module -------------------------------------------------------

check "the kernel logged no warning" log_quiet
check "the module is unloaded" unload
COMMANDS=$(echo "$COMMANDS" | grep -v '^blocks -J')
same "without the module" root "$RECORD"
sed '1s/kernel=[^ ]*/kernel=1.2.3-other/' "$RECORD" >"$TMP/other"
is "metrics have the kernel of the record" \
	"$(memdevctl stat --prometheus --input "$TMP/other" |
		grep -o 'kernel="[^"]*')" 'kernel="1.2.3-other'

# --- invalid records ----------------------------------------------------------

# bad_record NAME PATTERN: $TMP/bad is refused with a line that matches PATTERN
bad_record()
{
	fails "$1" 1 "memdevctl: $TMP/bad: $2" list --input "$TMP/bad"
	is "$1: one line, and no output" "$OUT$(wc -l <"$TMP/err")" 1
}

echo "window 1G" >"$TMP/bad"
bad_record "a file that is not a record" "not a record of memdevctl dump"
: >"$TMP/bad"
bad_record "an empty file" "not a record of memdevctl dump"
sed '1s/record 1/record 2/' "$RECORD" >"$TMP/bad"
bad_record "a newer format" "format 2 is not supported: expected 1"
sed '1s/little/big/' "$RECORD" >"$TMP/bad"
bad_record "another byte order" \
	"the byte order is not supported: expected little-endian"
{ cat "$RECORD"; echo; } >"$TMP/bad"
bad_record "a record with more bytes" "damaged: more than * bytes behind *"
head -c 500 "$RECORD" >"$TMP/bad"
bad_record "a record with fewer bytes" "damaged: fewer than * bytes behind *"
fails "a file that does not exist" 1 "memdevctl: *: No such file or directory" \
	show --input "$TMP/nosuch"
fails "a directory" 1 "memdevctl: *: Is a directory" map --input "$TMP"

# Print the number of records that were printed or refused, and what was wrong.
is "damaged records are printed or refused" "$(python3 - "$RECORD" "$TMP/bad" <<-'END'
	import random, subprocess, sys

	whole = open(sys.argv[1], "rb").read()
	start = whole.index(b"\n") + 1
	random.seed(1)

	def run(record, command):
	    with open(sys.argv[2], "wb") as f:
	        f.write(record)
	    return subprocess.run(["memdevctl", *command, "--input", sys.argv[2]],
	                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)

	for size in range(0, len(whole), 17):
	    done = run(whole[:size], ["map"])
	    if done.returncode != 1 or done.stdout or \
	       done.stderr.count(b"\n") != 1:
	        print("cut to", size, done)
	for n in range(300):
	    record = bytearray(whole)
	    for _ in range(random.randint(1, 3)):
	        at = random.randrange(start, len(record), 4)
	        record[at:at + 4] = random.choice(
	            (bytes(4), b"\xff" * 4, b"\xff\x7f", b"\x10\0\0\x80",
	             random.randbytes(2), random.randbytes(4)))
	    record = record[:len(whole)].ljust(len(whole), b"\0")
	    done = run(record, random.choice(
	        (["list", "--output-all"], ["show"], ["blocks"], ["map", "-J"],
	         ["stat", "--prometheus"])))
	    if done.returncode not in (0, 1) or \
	       done.returncode == 1 and (done.stdout or
	                                 b": damaged: " not in done.stderr):
	        print("damaged", n, done)
	END
	)" ""

# --- usage --------------------------------------------------------------------

fails "--input with --watch" 2 \
	"memdevctl: list: --watch cannot be combined with --input*" \
	list --watch --input "$RECORD"
fails "--input with stat --format" 2 \
	"memdevctl: stat: --format cannot be combined with --input" \
	stat --format hmp --input "$RECORD"
fails "--input of a command that changes something" 2 \
	"memdevctl: plug: unknown option *" plug guest all --input "$RECORD"
fails "a device that is not in the record" 1 "memdevctl: 9: no such device" \
	show 9 --input "$RECORD"
load window=none || die "window=none was refused"
fails "dump to a device" 1 \
	"memdevctl: /dev/full: not a regular file: expected one, *" dump /dev/full
memdevctl dump - >/dev/full 2>"$TMP/err"
is "dump reports a write error" "$? $(cat "$TMP/err")" \
	"1 memdevctl: standard output: No space left on device"
finish
