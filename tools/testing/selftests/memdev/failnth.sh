#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Each allocation of an operation fails, one at a time: the operation says so,
# or does without; nothing of it is left, nothing leaks, and it works afterwards.
#
# Each machine has its operations, so that they can be done side by side. Those with
# dimm- before them are of a dimm; while those with beside- before them are done,
# another process writes to the device. FAILNTH_OPS=OPERATION[,OPERATION...] does
# these. FAILNTH_STRIDE=N lets only every N-th allocation fail, and leaves it to who
# runs the VM to look for leaks; FAILNTH_LEAKS=1 looks after each, which takes 10 s a
# time, to find the one that leaks.
#
# What is allowed on the console is the kernel's own: x86 warns, once, when memory
# could not be added, and bus_register() that fails half-way unregisters a key of
# lockdep's that it has not registered yet. Where a call adds several blocks, what
# it leaves of the first when it fails is removed, of which the kernel warns, once.
#
# VM: load: mem=4G append=memmap=1G$0x100000000
# VM: load: kernels=debug usual=debug timeout=3600
# VM: load: allow="WARNING: kernel/locking/lockdep.c:[0-9]* at lockdep_unregister_key"
# VM: device: mem=4G append=memmap=1G$0x100000000
# VM: device: kernels=debug usual=debug timeout=3600
# VM: plug: mem=4G append=memmap=1G$0x100000000
# VM: plug: kernels=debug usual=debug timeout=3600
# VM: plug: allow="WARNING: arch/x86/mm/init_64.c:[0-9]* at add_pages"
# VM: call: mem=4G append=memmap=1G$0x100000000
# VM: call: kernels=debug usual=none timeout=3600
# VM: call: allow="WARNING: .* at (add_pages|remove_memory_block_devices)"
# VM: netlink: mem=4G append=memmap=1G$0x100000000
# VM: netlink: kernels=debug usual=none timeout=3600
# VM: netlink: allow="WARNING: arch/x86/mm/init_64.c:[0-9]* at add_pages"
# VM: carved: mem=4G kernels=debug usual=none timeout=3600
# VM: carved: allow="WARNING: arch/x86/mm/init_64.c:[0-9]* at add_pages"
# VM: carvedload: mem=4G kernels=debug usual=none timeout=3600
# VM: carvedload: allow="WARNING: .* at (add_pages|lockdep_unregister_key)\+"

. "$(dirname "$0")/lib.sh"

need fail_sweep modinfo
fail_sweep -p || skip_all "this kernel has no fault injection"

blocks=
case ${MEMDEV_MACHINE:-} in
load|carvedload)	ops="load rmmod" ;;
device)	ops="window-add window-del create beside-create destroy" ;;
plug)	ops="plug unplug grow shrink dimm-plug dimm-unplug" ;;
call)	ops="plug grow" blocks=4 ;;
netlink) ops="nl-window-add nl-create nl-destroy nl-plug nl-unplug nl-dump" ;;
carved)	ops="window-add window-del" ;;
*)	ops="load beside-load rmmod window-add window-del create beside-create
	     destroy plug unplug grow shrink dimm-plug dimm-unplug
	     nl-window-add nl-create nl-destroy nl-plug nl-unplug nl-dump" ;;
esac
ops=$(echo "${FAILNTH_OPS:-$ops}" | tr , ' ')

# Two blocks that are added by two calls, so that the first is to be undone when
# the second fails: no call goes beyond an aligned 512 MiB. Or @blocks that are
# added by one.
size=$((${blocks:-2} * BLOCK))
if [ -n "$blocks" ]; then
	spec=$(window_spec "$blocks") ||
		skip_all "no reserved range of $blocks memory blocks on this machine"
elif reserved; then
	start=$(((RESERVED / (512 * MiB) + 1) * 512 * MiB - BLOCK))
	[ $start -ge "$RESERVED" ] || start=$RESERVED
	[ $((start + size)) -le $((RESERVED + RESERVED_SIZE)) ] ||
		skip_all "no reserved range of 1 GiB on this machine"
	spec=$size@$(hex $start)
else
	size=$BLOCK
	spec=$size
fi

# sweep OPERATION: a point for each kind of fault
sweep()
{
	local kind=virtio-mem op=$1 beside='' line name

	case $op in
	dimm-*)	kind=dimm op=${op#dimm-} ;;
	beside-*)	beside=-W op=${op#beside-} ;;
	esac
	fail_sweep -m "$module" -w "$spec" -b $size -k $kind \
		-s "${FAILNTH_STRIDE:-1}" ${FAILNTH_LEAKS:+-l} $beside "$op" \
		>"$TMP/sweep" 2>&1
	[ $? -le 1 ] || echo "not ok $op: fail_sweep failed" >>"$TMP/sweep"
	name=$kind${beside:+, beside a writer}
	: >"$TMP/why"
	while IFS= read -r line; do
		case $line in
		"ok "*)		pass "$name, ${line#ok }" ;;
		"not ok "*)	fail "$name, ${line#not ok }" "$(cat "$TMP/why")" ;;
		*)		printf '%s\n' "$line" >>"$TMP/why"
				continue ;;
		esac
		: >"$TMP/why"
	done <"$TMP/sweep"
	[ -s "$TMP/sweep" ] || fail "$1: the sweep says something"
	cat "$TMP/sweep" >>"$TMP/sweeps"
	[ ! -s "$TMP/why" ] || fail "$1: the sweep came to its end" \
		"$(cat "$TMP/why")"
}

module=$(modinfo -n memdev) || skip_all "there is no module"
iomem >"$TMP/iomem"
say "a window of $spec; every ${FAILNTH_STRIDE:-1}. allocation fails"
case " $ops " in
*" load "*)	say "load: those of the module's own init, not of the loader" ;;
esac
for op in $ops; do
	sweep "$op"
done
check "allocations failed" grep -q ' sites, [1-9]' "$TMP/sweeps"
is "/proc/iomem is as it was" "$(iomem | diff "$TMP/iomem" -)" ""
finish
