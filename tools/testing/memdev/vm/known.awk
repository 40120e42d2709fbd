# SPDX-License-Identifier: GPL-2.0
#
# A console without six complaints that are about the kernel alone.
#
# Lockdep's: who writes to memoryN/state holds the attribute and takes
# device_hotplug_lock by a trylock, then mem_hotplug_lock; who removes the block
# holds both and waits for the attribute. That cannot deadlock, as whoever does
# not get the first lock lets the attribute go and starts anew, but lockdep does
# not see that. It tells of whichever comes second, and has nothing to say any
# more afterwards, of anything.
#
# KASAN's: where it gets no memory to watch a block that comes online, vmalloc has
# a worker take back what there was of it, and so does KASAN when the block does
# not come online after all. Whoever is second finds nothing, and the worker dies
# of it. Only allocations that are made to fail lead there, and to this:
#
# The firmware's map: an entry for memory that is added, which sysfs has no memory
# for, is freed but stays in the list.
#
# A page that is poisoned while its block is being offlined: whoever poisons it
# marks it first and takes it off its list then. Who offlines the block warns
# when it comes between, and takes it off the list itself. Later kernels do the
# same and do not warn.
#
# The scheduler's deadline server on CPUs that were kept from running: its timer is
# late, is armed again meanwhile, and warns of that.
#
# The memmap's: where no 2 MiB are free in one piece it is of small pages, and once
# the kernel tells.

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

# Of the stack of one of them; vmalloc tells of few, and of some by chance
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
