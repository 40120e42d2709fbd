// SPDX-License-Identifier: GPL-2.0
/*
 * What memory devices say of themselves: sizes, description, state, the list
 * and the totals; and telling user space that something of it has changed.
 */
#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/sysfs.h>

#include "internal.h"

/* --- one device ----------------------------------------------------------- */

/**
 * memory_device_get_region_size() - size of the device's region
 * @md: the device
 *
 * Context: Any; calls the operation get_memory_region.
 * Return: bytes, 0 for a device without memory.
 */
u64 memory_device_get_region_size(const struct memory_device *md)
{
	const struct memory_device_region *region;

	region = md->ops->get_memory_region(md);
	return region ? region->size : 0;
}
EXPORT_SYMBOL_GPL(memory_device_get_region_size);

/**
 * memory_device_get_plugged_size() - how much of the device is plugged
 * @md: a registered device
 *
 * Context: Process context; calls the operation get_plugged_size.
 * Return: bytes.
 */
u64 memory_device_get_plugged_size(const struct memory_device *md)
{
	struct memdev_core *core = md->core;
	u64 size;

	if (md->ops->get_plugged_size)
		return md->ops->get_plugged_size(md);

	spin_lock(&core->lock);
	size = memdev_plugged_size(core);
	spin_unlock(&core->lock);
	return size;
}
EXPORT_SYMBOL_GPL(memory_device_get_plugged_size);

/**
 * memory_device_get_info() - public description of a device
 * @md: a registered device
 * @info: where to put it; its strings belong to the device
 *
 * Context: Process context; calls the operations get_plugged_size and
 * fill_device_info.
 */
void memory_device_get_info(const struct memory_device *md,
			    struct memory_device_info *info)
{
	struct memdev_core *core = md->core;

	*info = (struct memory_device_info){
		.kind = md->ops->kind,
		.id = md->id[0] ? md->id : NULL,
		.addr = core->region.start,
		.size = core->size,
		.plugged_size = memory_device_get_plugged_size(md),
		.node = core->node,
		.slot = md->slot,
	};
	spin_lock(&core->lock);
	info->requested_size = core->requested;
	spin_unlock(&core->lock);
	if (md->ops->fill_device_info)
		md->ops->fill_device_info(md, info);
}
EXPORT_SYMBOL_GPL(memory_device_get_info);

/* --- all of them ---------------------------------------------------------- */

/* The lowest window at or above an address: they are listed as they came */
static struct memdev_window *memdev_window_from(u64 addr)
{
	struct memdev_window *w, *lowest = NULL;

	list_for_each_entry(w, &memdev_windows, list) {
		if (w->start >= addr && (!lowest || w->start < lowest->start))
			lowest = w;
	}
	return lowest;
}

/**
 * memory_device_list() - go through all memory devices by address
 * @fn: called for each registered device, ascending address, until it returns
 *	something other than 0
 * @arg: passed on to @fn
 *
 * Context: Sleeps. @fn runs under the lock of the list and of the window: it
 * may ask for the sizes and the description of the device, but must not
 * register, unregister, plug, unplug or release one.
 * Return: what @fn returned last, 0 if there is no device.
 */
int memory_device_list(int (*fn)(struct memory_device *md, void *arg),
		       void *arg)
{
	struct memdev_region *r;
	struct memdev_window *w;
	struct memdev_core *core;
	int rc = 0;

	mutex_lock(&memdev_list_lock);
	for (w = memdev_window_from(0); w && !rc;
	     w = memdev_window_from(w->start + 1)) {
		mutex_lock(&w->lock);
		for (r = memdev_alloc_next(&w->alloc, NULL); r && !rc;
		     r = memdev_alloc_next(&w->alloc, r)) {
			core = container_of(r, struct memdev_core, region);
			/* It may have a region and not be registered */
			if (core->registered)
				rc = fn(core->md, arg);
		}
		mutex_unlock(&w->lock);
	}
	mutex_unlock(&memdev_list_lock);
	return rc;
}
EXPORT_SYMBOL_GPL(memory_device_list);

static int memdev_add_plugged_size(struct memory_device *md, void *arg)
{
	u64 *sum = arg;

	*sum += memory_device_get_plugged_size(md);
	return 0;
}

/**
 * memory_device_plugged_size() - how much of all devices is plugged
 *
 * Context: as memory_device_list().
 * Return: bytes.
 */
u64 memory_device_plugged_size(void)
{
	u64 sum = 0;

	memory_device_list(memdev_add_plugged_size, &sum);
	return sum;
}
EXPORT_SYMBOL_GPL(memory_device_plugged_size);

/* --- state and events ----------------------------------------------------- */

/*
 * While blocks come and go one after the other, who waits is told this often. The
 * kernel flushes all slab caches of all CPUs for each block that goes offline: an
 * event for each of them, made by another CPU meanwhile, has those to flush.
 */
#define MEMDEV_EVENT_DELAY	(HZ / 10)

/**
 * memdev_state() - the state of a device
 * @core: the device
 *
 * Context: under core->lock.
 * Return: what it does, or how much of it is plugged.
 */
enum memdev_state memdev_state(struct memdev_core *core)
{
	lockdep_assert_held(&core->lock);
	if (core->op == MEMDEV_OP_PLUG)
		return MEMDEV_STATE_PLUGGING;
	if (core->op == MEMDEV_OP_UNPLUG)
		return MEMDEV_STATE_UNPLUGGING;
	if (!core->nr_plugged)
		return MEMDEV_STATE_UNPLUGGED;
	return core->nr_plugged == core->nr_blocks ?
		MEMDEV_STATE_PLUGGED : MEMDEV_STATE_PARTIAL;
}

static enum memdev_block_state memdev_block_state(struct memdev_core *core,
						  unsigned int block)
{
	unsigned long last;

	if (!test_bit(block, core->plugged))
		return test_bit(block, core->retired) ?
			MEMDEV_BLOCK_STATE_RETIRED :
			MEMDEV_BLOCK_STATE_UNPLUGGED;
	if (!test_bit(block, core->online))
		return MEMDEV_BLOCK_STATE_OFFLINE;
	/* The first pages may have the memmap of the others */
	last = PHYS_PFN(memdev_block_addr(core, block + 1)) - 1;
	if (!pfn_to_online_page(last))
		return MEMDEV_BLOCK_STATE_OFFLINE;
	return memdev_pfn_state(last);
}

/**
 * memdev_block_run() - a run of equal blocks
 * @core: the device
 * @first: the block that it starts with
 * @nr: where to put how many they are
 *
 * Context: takes core->lock.
 * Return: their state.
 */
enum memdev_block_state memdev_block_run(struct memdev_core *core,
					 unsigned int first, unsigned int *nr)
{
	enum memdev_block_state state;
	unsigned int next = first + 1;

	spin_lock(&core->lock);
	state = memdev_block_state(core, first);
	while (next < core->nr_blocks &&
	       memdev_block_state(core, next) == state)
		next++;
	spin_unlock(&core->lock);
	*nr = next - first;
	return state;
}

/**
 * memdev_changed() - have user space told that something has changed
 * @core: the device
 * @what: one of MEMDEV_CHANGED_*
 * @was: the size that has changed, in bytes, before; unless it is the state
 *
 * Context: under core->lock.
 */
void memdev_changed(struct memdev_core *core, unsigned int what, u64 was)
{
	u64 is;

	lockdep_assert_held(&core->lock);
	if (what == MEMDEV_CHANGED_PLUGGED) {
		is = memdev_plugged_size(core);
		memdev_event_size(core, MEMDEV_CMD_DEV_PLUGGED_NTF, was, is);
	} else if (what == MEMDEV_CHANGED_ONLINE) {
		is = memdev_online_size(core);
		memdev_event_size(core, MEMDEV_CMD_DEV_ONLINE_NTF, was, is);
	}
	core->changed |= what;
	/* Of many blocks at once, at the latest when the operation ends */
	if (core->op != MEMDEV_OP_NONE && what != MEMDEV_CHANGED_STATE)
		queue_delayed_work(memdev_event_wq, &core->event, MEMDEV_EVENT_DELAY);
	else
		mod_delayed_work(memdev_event_wq, &core->event, 0);
}

/**
 * memdev_event_work() - tell user space what has changed
 * @work: event of a struct memdev_core
 *
 * Changes come under locks of mm, where nobody may wait for user space.
 */
void memdev_event_work(struct work_struct *work)
{
	struct memdev_core *core = container_of(work, struct memdev_core,
						event.work);
	struct kobject *kobj = &core->md->dev.kobj;
	char plugged[40], online[40];
	char *env[3] = { plugged, online, NULL };
	unsigned int changed;

	spin_lock(&core->lock);
	changed = core->changed;
	core->changed = 0;
	snprintf(plugged, sizeof(plugged), "MEMDEV_PLUGGED=%llu",
		 memdev_plugged_size(core));
	snprintf(online, sizeof(online), "MEMDEV_ONLINE=%llu",
		 memdev_online_size(core));
	spin_unlock(&core->lock);

	if (changed & MEMDEV_CHANGED_PLUGGED)
		sysfs_notify(kobj, NULL, "plugged_size");
	if (changed & MEMDEV_CHANGED_ONLINE)
		sysfs_notify(kobj, NULL, "online_size");
	if (changed & MEMDEV_CHANGED_STATE)
		sysfs_notify(kobj, NULL, "state");
	if (changed & (MEMDEV_CHANGED_PLUGGED | MEMDEV_CHANGED_ONLINE))
		kobject_uevent_env(kobj, KOBJ_CHANGE, env);
}
