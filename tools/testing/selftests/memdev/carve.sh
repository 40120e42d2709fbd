#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# shellcheck disable=SC2317 # functions that check runs
#
# Carving takes no memory that an administrator has reserved or that belongs to
# a driver, and without a parameter none that is in use.
#
# The DIMM of the machine "dimm" is in the map that the machine boots with, as
# it is after a kexec, and ACPI knows it all the same. KASAN takes too much of the
# memory that the machine "huge" fills.
#
# VM: huge: mem=4G timeout=900 append="hugepagesz=1G hugepages=1 nokaslr" alone=yes
# VM: huge: usual="6.1 7.3"
# VM: dimm: mem=4G timeout=900 append=memmap=1G@0x180000000 alone=yes usual="6.1 7.3"
# VM: dimm: qemu="-m 4G,slots=2,maxmem=8G"
# VM: dimm: qemu="-object memory-backend-ram,id=d1,size=1G"
# VM: dimm: qemu="-device pc-dimm,memdev=d1"

. "$(dirname "$0")/lib.sh"

HUGE=/sys/kernel/mm/hugepages
HUGE_2M=$HUGE/hugepages-2048kB/nr_hugepages

# the administrator's hugetlb pages, by size
pool()
{
	grep -H . $HUGE/*/nr_hugepages
}

undo()
{
	[ ! -e $HUGE_2M ] || echo 0 >$HUGE_2M
}

# blocks that firmware describes, by number
of_firmware()
{
	local dir

	for dir in "$MEM"/memory*; do
		[ ! -e "$dir/firmware_node" ] || echo "${dir##*/memory}"
	done | sort -n
}

# all_or_none: of the DIMM's blocks
all_or_none()
{
	of_firmware >"$TMP/left"
	[ ! -s "$TMP/left" ] || diff "$TMP/owned" "$TMP/left"
}

# window_or_why: a window was made, or none and the log says why
window_or_why()
{
	[ -e "$WINDOWS/window0" ] || log_memdev | grep 'no window: .*in a row'
}

log_mark
of_firmware >"$TMP/owned"
if [ -s "$TMP/owned" ]; then
	say "blocks of the DIMM: $(xargs <"$TMP/owned")"
	check "the module loads with no parameter" load
	say "$(log_memdev)"
	is "no block of the DIMM was taken" \
		"$(of_firmware | diff "$TMP/owned" -)" ""
	check "rmmod" unload
	check "the module loads" load window=none
	is "more is carved" "$(put $BUS/new_window 1G)" ok
	say "$(cat $WINDOWS/window0/start $WINDOWS/window0/size)"
	is "no block of the DIMM was taken" \
		"$(of_firmware | diff "$TMP/owned" -)" ""
	eject=$(cd -P "$MEM/memory$(head -n 1 "$TMP/owned")/firmware_node" && pwd)/eject
	say "ejecting the DIMM: $(put "$eject" 1)"
	check "all of its blocks stay, or all go" all_or_none
	check "the kernel did not complain" log_quiet
	finish
fi

[ -e $HUGE_2M ] || skip_all "this kernel has no hugetlb pages of 2 MiB"

# --- hugetlb pages -------------------------------------------------------------

# Half of what is free
echo $(($(meminfo MemFree) / 2048 / 2)) >$HUGE_2M
pool >"$TMP/pool"
say "$(cat "$TMP/pool")"
check "the module loads with no parameter" load
say "$(log_memdev)"
check "a window was made, or the log says why not" window_or_why
is "the hugetlb pages are all there" "$(pool | diff "$TMP/pool" -)" ""
check "rmmod" unload
is "the hugetlb pages are all there" "$(pool | diff "$TMP/pool" -)" ""
echo 0 >$HUGE_2M

# The kernel lies at the bottom, so the page of 1 GiB is above 4 GiB, where there
# are 2 GiB of RAM; below there are less.
pool >"$TMP/pool"
check "the module loads" load window=none
is "more is asked for than the hugetlb page leaves" \
	"$(put $BUS/new_window 2G)" EBUSY
check "it is refused because of it" \
	grep -E '\([1-9][0-9]* have hugetlb pages' $BUS/last_error
say "$(cat $BUS/last_error)"
is "the hugetlb pages are all there" "$(pool | diff "$TMP/pool" -)" ""
is "what it leaves is carved" "$(put $BUS/new_window 512M)" ok
is "the hugetlb pages are all there" "$(pool | diff "$TMP/pool" -)" ""
is "the window goes" "$(put $BUS/del_window window0)" ok
check "rmmod" unload
is "the hugetlb pages are all there" "$(pool | diff "$TMP/pool" -)" ""

# --- what a load with no parameter may cost --------------------------------------

# The uppermost blocks, where a search begins, are full.
top=$(lsmem -bnro RANGE | sed -n '$s/.*-//p')
top=$((top + 1))
low=$((top - 8 * BLOCK))
fill_start $((8 * BLOCK)) $low $top || die "no memory to fill"
before=$(fill_ask where)
say "$before bytes are in use from $(hex $low) to $(hex $top)"
check "most of the uppermost blocks is in use" [ "$before" -ge $((4 * BLOCK)) ]
log_mark
check "the module loads with no parameter" load
say "$(log_memdev)"
check "a window was made, or the log says why not" window_or_why
after=$(fill_ask where)
check "what is in use stays where it is" [ $((before - after)) -lt $((BLOCK / 2)) ]
is "nothing was lost" "$(fill_ask check)" intact
check "the kernel did not complain" log_quiet
finish
