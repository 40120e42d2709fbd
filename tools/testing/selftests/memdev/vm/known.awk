# SPDX-License-Identifier: GPL-2.0
#
# A console without a complaint of lockdep's that is about the kernel alone.
#
# Who writes to memoryN/state holds the attribute and takes device_hotplug_lock
# by a trylock, then mem_hotplug_lock; who removes the block holds both and waits
# for the attribute. That cannot deadlock, as whoever does not get the first lock
# lets the attribute go and starts anew, but lockdep does not see that. It tells of
# whichever comes second, and has nothing to say any more afterwards, of anything.

function flush(	i, known) {
	known = removes && ((acquires && holds) ||
			    (takes && writes && states && first))
	for (i = 1; i <= n; i++)
		if (!known || (i > 1 && held[i] !~ /Call Trace:/))
			print held[i]
	n = acquires = holds = removes = takes = writes = states = first = 0
}

/WARNING: possible circular locking dependency detected/ {
	flush()
	held[++n] = $0
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
	if (/<\/TASK>/)
		flush()
	next
}

{ print }

END { flush() }
