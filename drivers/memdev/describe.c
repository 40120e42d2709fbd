// SPDX-License-Identifier: GPL-2.0
/*
 * Describe memory devices: sizes, states, the list of devices and totals.
 */
#include <linux/bitmap.h>
#include <linux/export.h>
#include <linux/mm.h>

#include "internal.h"
#include "window.h"

/* --- one device ----------------------------------------------------------- */

/**
 * memory_device_get_region_size() - get the size of a device's region
 * @md: the device
 *
 * Context: Any; calls the provider's get_memory_region().
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
 * memory_device_get_plugged_size() - get the plugged size of a device
 * @md: a registered device
 *
 * Context: Process context; calls the provider's get_plugged_size(), if any.
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
 * memory_device_get_info() - get the description of a device
 * @md: a registered device
 * @info: where to put the description; its strings belong to the device
 *
 * Context: Process context; calls the provider's get_plugged_size() and
 * fill_device_info(), if any.
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

/* --- all devices ---------------------------------------------------------- */

/* Find the lowest window at or above @addr; memdev_windows is not sorted */
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
 * memory_device_list() - iterate over all memory devices by address
 * @fn: called for each registered device, in ascending order of addresses,
 *	until it returns a value other than 0
 * @arg: passed to @fn
 *
 * Context: Sleeps. Calls @fn with the locks of the list and of the window held:
 * @fn may get the device's sizes and description, but must not register,
 * unregister, plug, unplug or release any device.
 * Return: the last return value of @fn, 0 if there is no device.
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
			/* Skip devices that are only pre-plugged */
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
 * memory_device_plugged_size() - get the total plugged size of all devices
 *
 * Context: same as memory_device_list().
 * Return: bytes.
 */
u64 memory_device_plugged_size(void)
{
	u64 sum = 0;

	memory_device_list(memdev_add_plugged_size, &sum);
	return sum;
}
EXPORT_SYMBOL_GPL(memory_device_plugged_size);

/* --- state ---------------------------------------------------------------- */

/**
 * memdev_state() - get the state of a device
 * @core: the device
 *
 * Context: under core->lock.
 * Return: the operation in flight; if there is none, whether the device is
 * plugged completely, partly or not at all.
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
	/* Check the last page: the first may hold the memmap and be offline */
	last = PHYS_PFN(memdev_block_addr(core, block + 1)) - 1;
	if (!pfn_to_online_page(last))
		return MEMDEV_BLOCK_STATE_OFFLINE;
	return memdev_pfn_state(last);
}

/**
 * memdev_block_run() - find a run of blocks that have the same state
 * @core: the device
 * @first: the first block of the run
 * @nr: where to put the number of blocks
 *
 * Context: takes core->lock.
 * Return: the state of the blocks.
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
