#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Carving takes no memory that an administrator reserved or that belongs to a
# driver. Without a window parameter, it also takes no memory that is in use.
#
# On machine "dimm", the boot memory map includes the DIMM, as after a kexec,
# and ACPI describes it as well. Machine "huge" has too little memory for
# KASAN.
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

# pool: number of hugetlb pages by size
pool()
{
	grep -H . $HUGE/*/nr_hugepages
}

undo()
{
	[ ! -e $HUGE_2M ] || echo 0 >$HUGE_2M
}

# of_firmware: numbers of the blocks that the firmware describes
of_firmware()
{
	local dir

	for dir in "$MEM"/memory*; do
		[ ! -e "$dir/firmware_node" ] || echo "${dir##*/memory}"
	done | sort -n
}

# all_or_none: the DIMM has lost all of its blocks or none
all_or_none()
{
	of_firmware >"$TMP/left"
	[ ! -s "$TMP/left" ] || diff "$TMP/owned" "$TMP/left"
}

# window_or_why: there is a window, or the log says why not
window_or_why()
{
	[ -e "$WINDOWS/window0" ] || log_memdev | grep 'no window: .*contiguous'
}

log_mark
of_firmware >"$TMP/owned"
if [ -s "$TMP/owned" ]; then
	say "blocks of the DIMM: $(xargs <"$TMP/owned")"
	check "the module loads without parameters" load
	say "$(log_memdev)"
	is "no block of the DIMM is carved" \
		"$(of_firmware | diff "$TMP/owned" -)" ""
	check "rmmod" unload
	check "the module loads without a window" load window=none
	is "a window of 1 GiB is carved" "$(put $BUS/new_window 1G)" ok
	say "$(cat $WINDOWS/window0/start $WINDOWS/window0/size)"
	is "no block of the DIMM is carved" \
		"$(of_firmware | diff "$TMP/owned" -)" ""
	eject=$(cd -P "$MEM/memory$(head -n 1 "$TMP/owned")/firmware_node" && pwd)/eject
	say "ejecting the DIMM: $(put "$eject" 1)"
	check "an eject removes all blocks of the DIMM or none" all_or_none
	check "the kernel logged no warning" log_quiet
	finish
fi

[ -e $HUGE_2M ] || skip_all "this kernel has no hugetlb pages of 2 MiB"

# --- hugetlb pages -----------------------------------------------------------

# Half of the free memory
echo $(($(meminfo MemFree) / 2048 / 2)) >$HUGE_2M
pool >"$TMP/pool"
say "$(cat "$TMP/pool")"
check "the module loads without parameters" load
say "$(log_memdev)"
check "a window is created, or the log says why not" window_or_why
is "all hugetlb pages still exist" "$(pool | diff "$TMP/pool" -)" ""
check "rmmod" unload
is "all hugetlb pages still exist" "$(pool | diff "$TMP/pool" -)" ""
echo 0 >$HUGE_2M

# The kernel occupies the bottom of memory, so the 1 GiB page is above 4 GiB,
# where there are 2 GiB of RAM. Below 4 GiB, there is less RAM.
pool >"$TMP/pool"
check "the module loads without a window" load window=none
is "a window too large to fit beside the hugetlb page is refused" \
	"$(put $BUS/new_window 2G)" EBUSY
check "last_error names the hugetlb pages" \
	grep -E '[(]in total [1-9][0-9]* have hugetlb pages' $BUS/last_error
say "$(cat $BUS/last_error)"
is "all hugetlb pages still exist" "$(pool | diff "$TMP/pool" -)" ""
is "a window that fits beside the hugetlb page is carved" \
	"$(put $BUS/new_window 512M)" ok
is "all hugetlb pages still exist" "$(pool | diff "$TMP/pool" -)" ""
is "del_window" "$(put $BUS/del_window window0)" ok
check "rmmod" unload
is "all hugetlb pages still exist" "$(pool | diff "$TMP/pool" -)" ""

# --- the cost of a load without parameters ----------------------------------

# Fill the uppermost blocks, where the search begins.
top=$(lsmem -bnro RANGE | sed -n '$s/.*-//p')
top=$((top + 1))
low=$((top - 8 * BLOCK))
fill_start $((8 * BLOCK)) $low $top || die "cannot fill memory"
before=$(fill_ask where)
say "$before bytes are in use from $(hex $low) to $(hex $top)"
check "most of the uppermost blocks are in use" [ "$before" -ge $((4 * BLOCK)) ]
log_mark
check "the module loads without parameters" load
say "$(log_memdev)"
check "a window is created, or the log says why not" window_or_why
after=$(fill_ask where)
check "carving migrates little of the memory in use" \
	[ $((before - after)) -lt $((BLOCK / 2)) ]
is "no data is lost" "$(fill_ask check)" intact
check "the kernel logged no warning" log_quiet
finish
