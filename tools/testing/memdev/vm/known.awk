# SPDX-License-Identifier: GPL-2.0
#
# Remove from a console the reports that memdev does not cause. They are:
#
# Lockdep: a write to memoryN/state holds the attribute, takes device_hotplug_lock by
# trylock, then mem_hotplug_lock. Removing the block takes both locks and waits for the
# attribute. This cannot deadlock, as a failed trylock releases the attribute and
# restarts the system call, but lockdep does not know. It reports whichever of the
# two comes second, and then disables itself.
#
# KASAN, with fault injection: if the allocation of a shadow fails while a block is
# onlined, a vmalloc worker frees the partial shadow, and KASAN frees it again when
# onlining is canceled. The worker crashes if it comes second.
#
# firmware_map, with fault injection: if the allocation of a sysfs entry for added
# memory fails, the entry is freed but stays in the list.
#
# memory_failure() marks a page and then isolates it. If the page's block is offlined in
# between, do_migrate_range() warns and isolates the page. Later kernels do not warn.
#
# The scheduler's deadline server: if a CPU was not running, the server's timer is late,
# is armed again meanwhile, and warns.
#
# vmemmap: without a free range of 2 MiB the memmap uses small pages, and the kernel
# reports that once.

function flush(	i, known) {
	known = (removes && ((acquires && holds) ||
			     (takes && writes && states && first))) ||
		(shadow && worker) || entry || migrates ||
		(forwards && deadline) || small
	for (i = 1; i <= n; i++)
		if (!known || (i > 1 && held[i] !~ /Call Trace:|Oops: invalid/))
			print held[i]
	n = acquires = holds = removes = takes = writes = states = first = 0
	worker = kasan = freed = entry = migrates = forwards = deadline = small = 0
}

/FAULT_INJECTION: forcing a failure/ {
	injected = 1
}

# Found in a stack of fault injection, as not every failed vmalloc is reported
injected && / kasan_mem_notifier\+/ {
	shadow = 1
}

/WARNING: possible circular locking dependency detected/ ||
/kernel BUG at mm\/vmalloc\.c:/ || /BUG: KASAN: slab-use-after-free in / ||
/WARNING: .*mm\/memory_hotplug\.c:[0-9]+ (at )?do_migrate_range[.+]/ ||
/WARNING: .*kernel\/time\/hrtimer\.c:[0-9]+ (at )?hrtimer_forward[.+]/ ||
/vmemmap alloc failure: order:[1-9]/ {
	flush()
	held[++n] = $0
	kasan = /KASAN/
	migrates = /do_migrate_range/
	forwards = /hrtimer_forward/
	small = /vmemmap alloc failure/
	next
}

n {
	held[++n] = $0
	if (want == "acquires" && /kn->active.*at: __kernfs_remove/)
		acquires = 1
	if (want == "holds" && /mem_hotplug_lock.*at: (arch_|try_)?remove_memory/)
		holds = 1
	if (want == "acquires" && /\((cpu|mem)_hotplug_lock\).*at: mem_hotplug_begin/)
		takes = 1
	if (want == "holds" && /kn->active.*at: kernfs_fop_write_iter/)
		writes = 1
	want = ""
	if (/is trying to acquire lock:/)
		want = "acquires"
	if (/already holding lock:/)
		want = "holds"
	if (/ remove_memory_block_devices\+/)
		removes = 1
	if (/ state_store\+/)
		states = 1
	if (/device_hotplug_lock.*at: lock_device_hotplug_sysfs/)
		first = 1
	if (/RIP: 0010:cleanup_vm_area_work\+/)
		worker = 1
	if (/\] Freed by task /)
		freed = 1
	if (freed && / add_sysfs_fw_map_entry[.+]/)
		entry = 1
	if (/ dl_task_timer\+/)
		deadline = 1
	if (kasan ? /==========/ : /<\/TASK>/)
		flush()
	next
}

{ print }

END { flush() }
