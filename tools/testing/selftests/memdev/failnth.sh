#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# Fail each allocation of an operation, one at a time. The operation fails or
# succeeds without the memory, leaves nothing behind, leaks nothing, and works
# afterwards.
#
# Each machine runs a few of the operations, so that VMs can share the work.
# dimm-OPERATION uses a dimm; beside-OPERATION runs beside a process that
# writes to the device.
#
# FAILNTH_OPS=OPERATION[,OPERATION...] selects operations. FAILNTH_STRIDE=N
# fails only every N-th allocation, and scans for leaks only at the end of the
# VM. FAILNTH_LEAKS=1 scans for leaks after each failure, to find the one that
# leaks; each scan takes 10 seconds.
#
# The allowed console lines are kernel bugs: x86 warns once when it cannot add
# memory; the error path of bus_register() unregisters a lockdep key that is not
# registered yet; and removing the first blocks of a failed add warns once.
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
device)	ops="window_add window_del create beside-create destroy fault_add" ;;
plug)	ops="plug unplug grow shrink dimm-plug dimm-unplug" ;;
call)	ops="plug grow" blocks=4 ;;
netlink) ops="nl_window_add nl_create nl_destroy nl_plug nl_unplug nl_dump" ;;
carved)	ops="window_add window_del" ;;
*)	ops="load beside-load rmmod window_add window_del create beside-create
	     destroy fault_add plug unplug grow shrink dimm-plug dimm-unplug
	     nl_window_add nl_create nl_destroy nl_plug nl_unplug nl_dump" ;;
esac
ops=$(echo "${FAILNTH_OPS:-$ops}" | tr , ' ')

# By default, two calls add one block each, as no call crosses an aligned 512
# MiB: if the second fails, the first must be undone. With $blocks, one call
# adds all of them.
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

# sweep OPERATION: one test per kind of fault
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
	[ -s "$TMP/sweep" ] || fail "$1: the sweep printed a result"
	cat "$TMP/sweep" >>"$TMP/sweeps"
	[ ! -s "$TMP/why" ] || fail "$1: the sweep completed" \
		"$(cat "$TMP/why")"
}

module=$(modinfo -n memdev) || skip_all "the module is missing"
iomem >"$TMP/iomem"
say "window $spec, stride ${FAILNTH_STRIDE:-1}"
case " $ops " in
*" load "*)	say "load: only allocations of the module's init, not of the loader" ;;
esac
for op in $ops; do
	sweep "$op"
done
check "the sweeps injected failures" grep -q ' sites, [1-9]' "$TMP/sweeps"
is "/proc/iomem is unchanged" "$(iomem | diff "$TMP/iomem" -)" ""
finish
