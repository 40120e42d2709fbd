// SPDX-License-Identifier: GPL-2.0
/*
 * Track plugged and online blocks: the bitmaps and the memory notifier.
 *
 * @plugged is updated as soon as the kernel has added or removed a range.
 * @online is updated by the notifier, as users may online and offline blocks at
 * any time. When a block has gone online or offline, the kernel sends
 * MEM_ONLINE or MEM_OFFLINE before it updates the state of the memory block,
 * which may therefore be stale. Online blocks are always plugged.
 *
 * One notifier serves all devices, as the kernel calls each notifier for each
 * block of the machine.
 */
#include <linux/bitmap.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>

#include "deadline.h"
#include "trace.h"

/* Protects memdev_regions; a device is not freed while it is in this tree */
static DECLARE_RWSEM(memdev_regions_sem);
/* Devices by the address of their region; regions do not overlap */
static struct rb_root memdev_regions = RB_ROOT;

/* Returns whether the block's bit has changed */
static bool memdev_blocks_assign(unsigned long *map, unsigned int *count,
				 unsigned int block, bool on)
{
	if (test_bit(block, map) == on)
		return false;
	__assign_bit(block, map, on);
	*count += on ? 1 : -1;
	return true;
}

/* A block that is not plugged is not online either */
static void memdev_assign_plugged(struct memdev_core *core, unsigned int block,
				  unsigned int nr, bool plugged)
{
	unsigned int end = block + nr, first = end, last = 0;
	u64 was = memdev_plugged_size(core);

	lockdep_assert_held(&core->lock);
	for (; block < end; block++) {
		if (!memdev_blocks_assign(core->plugged, &core->nr_plugged,
					  block, plugged))
			continue;
		first = min(first, block);
		last = block;
		if (!plugged)
			memdev_blocks_assign(core->online, &core->nr_online,
					     block, false);
	}
	if (first == end)
		return;
	memdev_event_size(core, MEMDEV_CMD_DEV_PLUGGED_NTF, first,
			  last - first + 1, was);
	memdev_changed(core, MEMDEV_CHANGED_PLUGGED);
}

/**
 * memdev_set_plugged() - record that blocks are plugged
 * @core: the device
 * @block: the first block
 * @nr: number of blocks
 *
 * The operation calls this after it has added blocks, and the notifier calls it
 * if a block comes online earlier. Blocks that are already plugged are not
 * counted twice.
 *
 * Context: under core->lock.
 */
void memdev_set_plugged(struct memdev_core *core, unsigned int block,
			unsigned int nr)
{
	memdev_assign_plugged(core, block, nr, true);
}

/**
 * memdev_set_unplugged() - record that blocks are no longer plugged
 * @core: the device
 * @block: the first block
 * @nr: number of blocks
 *
 * Context: under core->lock.
 */
void memdev_set_unplugged(struct memdev_core *core, unsigned int block,
			  unsigned int nr)
{
	memdev_assign_plugged(core, block, nr, false);
}

static void memdev_set_online(struct memdev_core *core, unsigned int block,
			      bool online)
{
	u64 was = memdev_online_size(core);

	lockdep_assert_held(&core->lock);
	trace_memdev_block_state(core, block, 1, online);
	if (memdev_blocks_assign(core->online, &core->nr_online, block, online))
		memdev_event_size(core, MEMDEV_CMD_DEV_ONLINE_NTF, block, 1,
				  was);
	memdev_changed(core, MEMDEV_CHANGED_ONLINE);
}

/* Retire a block that has a poisoned page */
static void memdev_retire(struct memdev_core *core, unsigned int block)
{
	lockdep_assert_held(&core->lock);
	if (!__test_and_set_bit(block, core->retired)) {
		memdev_event_retired(core, block);
		memdev_changed(core, MEMDEV_CHANGED_OTHER);
	}
	/* Later devices and windows inherit this record */
	memdev_retired_record(memdev_block_addr(core, block));
}

/*
 * add_memory*() may auto-online blocks by the machine's policy, possibly in a
 * zone from which they can never be unplugged. At MEM_GOING_ONLINE, the block's
 * pages are already in a zone: veto if this zone does not suit the device's
 * online type, and let the operation online the block later. Also veto if there
 * are fault rules, as faults are injected into the operation's online step.
 */
static bool memdev_may_online(struct memdev_core *core, unsigned long pfn)
{
	enum memdev_block_state state = memdev_pfn_state(pfn);

	lockdep_assert_held(&core->lock);
	if (core->adding != current)
		return true;
	return !core->nr_faults && memdev_block_suits(state, core->online_type);
}

/* Another driver may have claimed part of the region and added memory there */
static bool memdev_block_is_ours(struct memdev_core *core, unsigned int block)
{
	lockdep_assert_held(&core->lock);
	return test_bit(block, core->plugged) ||
	       (block >= core->added && block - core->added < core->nr_added);
}

static int memdev_notify_core(struct memdev_core *core, unsigned long action,
			      const struct memory_notify *arg)
{
	/* With memmap_on_memory the range starts after the memmap */
	u64 addr = ALIGN_DOWN(PFN_PHYS(arg->start_pfn), core->block_size);
	unsigned int block = div64_u64(addr - core->start, core->block_size);
	bool poisoned = false;
	int rc = NOTIFY_OK;

	/*
	 * When a block is removed, or on some kernels when it is onlined again,
	 * the kernel forgets which of its pages are poisoned. So check now, no
	 * matter which task offlines the block.
	 */
	if (action == MEM_OFFLINE)
		poisoned = memdev_block_poisoned(arg->start_pfn,
						 arg->nr_pages);

	spin_lock(&core->lock);
	if (!memdev_block_is_ours(core, block)) {
		spin_unlock(&core->lock);
		return NOTIFY_DONE;
	}
	switch (action) {
	case MEM_GOING_ONLINE:
		if (!memdev_may_online(core, arg->start_pfn))
			rc = NOTIFY_BAD;
		break;
	case MEM_GOING_OFFLINE:
		if (core->watch && core->watch->task == current)
			memdev_watch_begun(core->watch);
		break;
	case MEM_ONLINE:
		/* The block may come online before add_memory*() returns */
		memdev_set_plugged(core, block, 1);
		memdev_set_online(core, block, true);
		if (core->movable)
			__assign_bit(block, core->movable,
				     memdev_pfn_state(arg->start_pfn) ==
				     MEMDEV_BLOCK_STATE_MOVABLE);
		break;
	case MEM_OFFLINE:
		if (poisoned)
			memdev_retire(core, block);
		memdev_set_online(core, block, false);
		break;
	default:
		break;
	}
	spin_unlock(&core->lock);

	return rc;
}

static int memdev_region_cmp(const void *key, const struct rb_node *node)
{
	const struct memdev_core *core = rb_entry(node, struct memdev_core,
						  notified);
	u64 addr = *(const u64 *)key;

	if (addr < core->start)
		return -1;
	return addr >= core->start + core->size;
}

/*
 * The kernel calls this under device_hotplug_lock, the block's device_lock and
 * mem_hotplug_lock, so the notifier must not call into memory hotplug. It may
 * take only memdev_regions_sem, core->lock, the locks that nest inside them,
 * and the locks for finding a block in sysfs.
 */
static int memdev_notify(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	const struct memory_notify *arg = data;
	u64 addr = PFN_PHYS(arg->start_pfn);
	struct rb_node *node;
	int rc = NOTIFY_DONE;

	down_read(&memdev_regions_sem);
	node = rb_find(&addr, &memdev_regions, memdev_region_cmp);
	if (node)
		rc = memdev_notify_core(rb_entry(node, struct memdev_core,
						 notified), action, arg);
	up_read(&memdev_regions_sem);
	return rc;
}

static struct notifier_block memdev_notifier = {
	.notifier_call = memdev_notify,
	/* Run first: a notifier that stops the chain must not hide a change */
	.priority = INT_MAX,
};

static bool memdev_region_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct memdev_core, notified)->start <
	       rb_entry(b, struct memdev_core, notified)->start;
}

/**
 * memdev_notify_add() - start tracking the state of a device's blocks
 * @core: the device
 *
 * Context: Sleeps. Must not be called under mm's locks.
 */
void memdev_notify_add(struct memdev_core *core)
{
	down_write(&memdev_regions_sem);
	rb_add(&core->notified, &memdev_regions, memdev_region_less);
	up_write(&memdev_regions_sem);
}

/**
 * memdev_notify_del() - stop tracking the state of a device's blocks
 * @core: the device
 *
 * Context: same as memdev_notify_add().
 */
void memdev_notify_del(struct memdev_core *core)
{
	down_write(&memdev_regions_sem);
	rb_erase(&core->notified, &memdev_regions);
	up_write(&memdev_regions_sem);
}

int memdev_notify_init(void)
{
	return register_memory_notifier(&memdev_notifier);
}

void memdev_notify_exit(void)
{
	unregister_memory_notifier(&memdev_notifier);
}
