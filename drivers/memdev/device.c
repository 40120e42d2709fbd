// SPDX-License-Identifier: GPL-2.0
/*
 * Memory devices: check and assign an address, register, unregister, find.
 */
#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/log2.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "fault.h"
#include "internal.h"
#include "window.h"

/* Devices with an id, pre-plugged or registered; under memdev_list_lock */
static struct rb_root memdev_named = RB_ROOT;
/* Devices that are registered or being registered; under memdev_list_lock */
static DEFINE_XARRAY_ALLOC(memdev_device_ids);

static int memdev_device_report(int rc, const struct memdev_reason *why,
				struct netlink_ext_ack *extack)
{
	if (rc) {
		/* An extack cannot hold every text, see memdev_extack_set() */
		memdev_bus_set_error(why);
		memdev_extack_set(extack, why->text);
	}
	return rc;
}

/* --- devices by id -------------------------------------------------------- */

static int memdev_named_cmp(const void *id, const struct rb_node *node)
{
	return strcmp(id, rb_entry(node, struct memdev_core, named)->md->id);
}

static bool memdev_named_less(struct rb_node *a, const struct rb_node *b)
{
	return memdev_named_cmp(rb_entry(a, struct memdev_core, named)->md->id,
				b) < 0;
}

static struct memdev_core *memdev_named_find(const char *id)
{
	struct rb_node *node;

	lockdep_assert_held(&memdev_list_lock);
	node = rb_find(id, &memdev_named, memdev_named_cmp);
	return node ? rb_entry(node, struct memdev_core, named) : NULL;
}

static void memdev_named_add(struct memdev_core *core)
{
	lockdep_assert_held(&memdev_list_lock);
	if (core->md->id[0])
		rb_add(&core->named, &memdev_named, memdev_named_less);
}

static void memdev_named_del(struct memdev_core *core)
{
	lockdep_assert_held(&memdev_list_lock);
	if (RB_EMPTY_NODE(&core->named))
		return;
	rb_erase(&core->named, &memdev_named);
	RB_CLEAR_NODE(&core->named);
}

/* --- pre_plug: checks and address ----------------------------------------- */

/*
 * Get the largest of the alignments of the region, the device and the memory
 * block, or one that is not a power of two: memdev_alloc_fit() refuses that.
 */
static u64 memdev_device_align(const struct memory_device *md)
{
	const struct memory_device_region *region;
	u64 align = memory_block_size_bytes();
	u64 wanted[2] = {};
	int i;

	region = md->ops->get_memory_region(md);
	if (region)
		wanted[0] = region->align;
	if (md->ops->get_min_alignment)
		wanted[1] = md->ops->get_min_alignment(md);
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (wanted[i] && !is_power_of_2(wanted[i]))
			return wanted[i];
		align = max(align, wanted[i]);
	}
	return align;
}

/* Retire blocks in which an earlier device had a poisoned page */
static void memdev_retired_inherit(struct memdev_core *core)
{
	unsigned int block;

	for (block = 0; block < core->nr_blocks; block++)
		__assign_bit(block, core->retired,
			     memdev_retired_known(memdev_block_addr(core,
								    block)));
}

static int memdev_region_take(struct memdev_window *w, struct memory_device *md,
			      struct memdev_reason *why)
{
	struct memdev_core *core = md->core;
	struct memdev_alloc_request req = {
		.hint = md->ops->get_addr(md),
		.align = core->align,
		.size = memory_device_get_region_size(md),
		.slot = md->slot,
		.want_slot = md->flags & MEMORY_DEVICE_SLOT,
	};
	int rc;

	rc = memdev_alloc_fit(&w->alloc, &req, &core->region, why);
	if (rc)
		return rc;

	core->region.id = md->id;
	memdev_alloc_insert(&w->alloc, &core->region);
	get_device(&w->dev);
	core->window = w;
	md->slot = core->region.slot;
	md->ops->set_addr(md, core->region.start);
	return 0;
}

/* memdev_list_lock keeps the window from being removed */
static int memdev_region_get(struct memory_device *md,
			     struct memdev_reason *why)
{
	struct memdev_window *w;
	bool any = false;
	int rc = -ENODEV;

	lockdep_assert_held(&memdev_list_lock);
	list_for_each_entry(w, &memdev_windows, list) {
		if (md->window >= 0 && md->window != w->id)
			continue;
		any = true;
		mutex_lock(&w->lock);
		rc = memdev_region_take(w, md, why);
		mutex_unlock(&w->lock);
		if (!rc)
			return 0;
	}
	if (any)
		return rc;
	if (md->window >= 0)
		return memdev_refuse_about(why, MEMDEV_ABOUT_WINDOW, rc,
					   "there is no window%d",
					   md->window);
	return memdev_alloc_fit(NULL, NULL, NULL, why);
}

/* memdev_list_lock keeps other tasks from looking at the window's regions */
static void memdev_region_put(struct memory_device *md)
{
	struct memdev_core *core = md->core;
	struct memdev_window *w = core->window;

	lockdep_assert_held(&memdev_list_lock);
	mutex_lock(&w->lock);
	memdev_alloc_remove(&w->alloc, &core->region);
	core->window = NULL;
	md->ops->set_addr(md, 0);
	mutex_unlock(&w->lock);
	put_device(&w->dev);
}

/* --- lifetime ------------------------------------------------------------- */

static void memdev_core_free(struct memdev_core *core)
{
	if (!core)
		return;
	bitmap_free(core->skip);
	bitmap_free(core->removed);
	bitmap_free(core->victims);
	bitmap_free(core->retired);
	bitmap_free(core->movable);
	bitmap_free(core->online);
	bitmap_free(core->plugged);
	kfree(core);
}

static void memdev_device_release(struct device *dev)
{
	struct memory_device *md = to_memory_device(dev);
	struct memdev_core *core = md->core;

	/* The device was pre-plugged, but not registered */
	if (core && core->window) {
		mutex_lock(&memdev_list_lock);
		memdev_named_del(core);
		memdev_region_put(md);
		mutex_unlock(&memdev_list_lock);
	}
	memdev_core_free(core);
	md->core = NULL;
	md->ops->release(md);
	memdev_object_put();
}

static const struct device_type memdev_device_type = {
	.name = "memory_device",
	.release = memdev_device_release,
};

static struct memdev_core *memdev_core_alloc(struct memory_device *md)
{
	struct memdev_core *core = kzalloc_obj(*core, GFP_KERNEL);

	if (!core)
		return NULL;
	core->md = md;
	core->id = -1;
	RB_CLEAR_NODE(&core->named);
	INIT_DELAYED_WORK(&core->event, memdev_event_work);
	INIT_DELAYED_WORK(&core->resize, memdev_resize_work);
	mutex_init(&core->op_lock);
	core->online_type = memdev_default_online_type;
	core->memmap_on_memory = memdev_memmap_supported();
	core->timeout_ms = 30000;
	spin_lock_init(&core->lock);
	INIT_LIST_HEAD(&core->faults);
	return core;
}

/* Needs core->region. After a failure, the device's release frees the maps. */
static int memdev_core_maps_alloc(struct memdev_core *core)
{
	unsigned int nr;

	core->start = core->region.start;
	core->size = core->region.size;
	core->block_size = memory_block_size_bytes();
	nr = div64_u64(core->size, core->block_size);
	core->nr_blocks = nr;

	core->plugged = bitmap_zalloc(nr, GFP_KERNEL);
	core->online = bitmap_zalloc(nr, GFP_KERNEL);
	core->retired = bitmap_zalloc(nr, GFP_KERNEL);
	core->victims = bitmap_zalloc(nr, GFP_KERNEL);
	core->skip = bitmap_zalloc(nr, GFP_KERNEL);
	if (!core->plugged || !core->online || !core->retired ||
	    !core->victims || !core->skip)
		return -ENOMEM;
	if (core->md->flags & MEMORY_DEVICE_ATOMIC) {
		core->removed = bitmap_zalloc(nr, GFP_KERNEL);
		core->movable = bitmap_zalloc(nr, GFP_KERNEL);
		if (!core->removed || !core->movable)
			return -ENOMEM;
	}
	memdev_retired_inherit(core);
	return 0;
}

/*
 * Check the provider's operations, the node and the id. The checks that QEMU
 * also makes are in memdev_alloc_fit().
 */
static int memdev_device_check(const struct memory_device *md,
			       struct memdev_reason *why)
{
	const struct memory_device_ops *ops = md->ops;
	int rc;

	if (!ops->kind || !ops->get_addr || !ops->set_addr ||
	    !ops->get_memory_region)
		return memdev_refuse(why, -EINVAL,
				     "the provider must set kind, get_addr, set_addr and get_memory_region");
	rc = memdev_check_node(md->node, why);
	if (rc)
		return rc;

	lockdep_assert_held(&memdev_list_lock);
	if (md->id[0] && memdev_named_find(md->id))
		return memdev_refuse_about(why, MEMDEV_ABOUT_ID, -EEXIST,
					   "id '%s' is taken by another device",
					   md->id);
	return 0;
}

/**
 * memory_device_pre_plug() - check a device and assign an address to it
 * @md: the device, set up as described at struct memory_device
 * @legacy_align: alignment in bytes that overrides that of the region and the
 *		  device; or NULL
 * @extack: where to put the reason for a failure, or NULL
 *
 * Reserves a region and, with MEMORY_DEVICE_SLOT, a slot. Passes the address to
 * the operation set_addr and stores the slot in @md->slot. The device is not
 * visible before memory_device_register(), which pre-plugs the device if
 * needed: call this only to pass @legacy_align, or to get the address early.
 *
 * The checks and their order are those of QEMU's pc-dimm and memory-device.
 * Only the first check that fails is reported.
 *
 * After a failure, or to drop the device without registering it, the caller
 * calls put_device(&md->dev), which frees the region and calls the operation
 * release.
 *
 * Context: Sleeps. The caller must not hold a lock that the device's operations
 * take.
 * Return: 0; -EINVAL for an invalid device or parameter; -ERANGE for an address
 * outside the window; -ENODEV if there is no window; -EBUSY if the address or
 * the slot is taken; -EEXIST if the id is taken; -ENOSPC if no range or slot is
 * free, or the limit of the window is exceeded; -ENOMEM.
 */
int memory_device_pre_plug(struct memory_device *md, const u64 *legacy_align,
			   struct netlink_ext_ack *extack)
{
	struct memdev_reason why = {};
	struct memdev_core *core;
	int rc;

	memdev_object_get();
	device_initialize(&md->dev);
	md->dev.type = &memdev_device_type;
	md->dev.bus = &memdev_bus;
	md->core = NULL;

	mutex_lock(&memdev_list_lock);
	rc = memdev_device_check(md, &why);
	if (rc)
		goto out;
	core = memdev_core_alloc(md);
	if (!core) {
		rc = -ENOMEM;
		goto out;
	}
	md->core = core;
	core->align = legacy_align ? *legacy_align : memdev_device_align(md);
	rc = memdev_region_get(md, &why);
	if (rc)
		goto out;
	rc = memdev_core_maps_alloc(core);
	if (rc) {
		memdev_region_put(md);
		goto out;
	}
	/* From here on memdev_device_release() undoes the pre-plug */
	memdev_named_add(core);
out:
	mutex_unlock(&memdev_list_lock);
	return memdev_device_report(rc, &why, extack);
}
EXPORT_SYMBOL_GPL(memory_device_pre_plug);

/**
 * memory_device_register() - register a device
 * @md: the device, set up as described at struct memory_device, or pre-plugged
 * @extack: where to put the reason for a failure, or NULL
 *
 * No memory is plugged yet. After a failure the caller drops the device with
 * put_device(&md->dev), which calls the operation release.
 *
 * Context: Sleeps. The caller must not hold a lock that the device's operations
 * take.
 * Return: 0; the errnos of memory_device_pre_plug(); -ENOMEM; or the errno of
 * device_add().
 */
int memory_device_register(struct memory_device *md,
			   struct netlink_ext_ack *extack)
{
	bool pre_plugged = md->core;
	struct memdev_reason why = {};
	struct memdev_core *core;
	u32 id;
	int rc;

	if (!pre_plugged) {
		rc = memory_device_pre_plug(md, NULL, extack);
		if (rc)
			return rc;
	}
	core = md->core;
	core->node = md->node == NUMA_NO_NODE ? core->window->node : md->node;
	md->dev.parent = &core->window->dev;
	set_dev_node(&md->dev, core->node);

	mutex_lock(&memdev_list_lock);
	rc = xa_alloc(&memdev_device_ids, &id, core, xa_limit_31b, GFP_KERNEL);
	if (rc)
		goto err_unlock;
	core->id = id;
	snprintf(core->name, sizeof(core->name), "memdev%d", core->id);
	rc = dev_set_name(&md->dev, "%s", core->name);
	if (rc)
		goto err_free_id;
	rc = md->flags & MEMORY_DEVICE_ATOMIC ?
		memory_group_register_static(core->node, PHYS_PFN(core->size)) :
		memory_group_register_dynamic(core->node,
					      PHYS_PFN(core->block_size));
	if (rc < 0)
		goto err_free_id;
	core->mgid = rc;
	memdev_notify_add(core);

	rc = device_add(&md->dev);
	if (rc)
		goto err_unregister;
	core->registered = true;
	memdev_generation_next();
	memdev_event_device(core, MEMDEV_CMD_DEV_NEW_NTF);
	/* Let operations begin only after listeners were notified */
	smp_store_release(&core->live, true);
	mutex_unlock(&memdev_list_lock);
	return 0;

err_unregister:
	memdev_notify_del(core);
	memory_group_unregister(core->mgid);
err_free_id:
	xa_erase(&memdev_device_ids, core->id);
err_unlock:
	/* Free the region now, even if a task still refers to the device */
	if (!pre_plugged) {
		memdev_named_del(core);
		memdev_region_put(md);
	}
	mutex_unlock(&memdev_list_lock);
	return memdev_device_report(rc, &why, extack);
}
EXPORT_SYMBOL_GPL(memory_device_register);

/**
 * memory_device_unregister() - unregister a device
 * @md: a registered device
 * @extack: where to put the reason for a failure, or NULL
 *
 * Stops the background worker. After a success the caller drops the device
 * with put_device(&md->dev).
 *
 * Context: Sleeps until no task uses the device's attributes: the caller must
 * not hold a lock that the attributes take.
 * Return: 0; -EBUSY, leaving the device registered, if memory is plugged or a
 * user's plug or unplug is in flight; -ENODEV if the device is already being
 * unregistered.
 */
int memory_device_unregister(struct memory_device *md,
			     struct netlink_ext_ack *extack)
{
	struct memdev_core *core = md->core;
	struct memdev_reason why = {};
	int rc;

	rc = memdev_core_close(core, &why);
	if (rc)
		return memdev_device_report(rc, &why, extack);

	/* Send pending events while the device still exists */
	flush_delayed_work(&core->event);
	device_del(&md->dev);
	cancel_delayed_work_sync(&core->resize);

	mutex_lock(&memdev_list_lock);
	core->registered = false;
	memdev_named_del(core);
	memdev_notify_del(core);
	cancel_delayed_work_sync(&core->event);
	memory_group_unregister(core->mgid);
	memdev_generation_next();
	memdev_event_device(core, MEMDEV_CMD_DEV_DEL_NTF);
	memdev_region_put(md);
	xa_erase(&memdev_device_ids, core->id);
	mutex_unlock(&memdev_list_lock);
	/* The debugfs file is gone, so no more rules can be added */
	memdev_fault_clear(core);
	return 0;
}
EXPORT_SYMBOL_GPL(memory_device_unregister);

/* --- finding devices ------------------------------------------------------ */

/**
 * memdev_device_next() - find the next device by number
 * @id: the lowest number to look at; set to the number of the device found
 *
 * Context: under memdev_list_lock.
 * Return: a registered device, or NULL.
 */
struct memdev_core *memdev_device_next(unsigned long *id)
{
	struct memdev_core *core;

	lockdep_assert_held(&memdev_list_lock);
	core = xa_find(&memdev_device_ids, id, ULONG_MAX, XA_PRESENT);
	while (core && !core->registered)
		core = xa_find_after(&memdev_device_ids, id, ULONG_MAX,
				     XA_PRESENT);
	return core;
}

/**
 * memdev_device_find() - find a device by number or by id
 * @id: the number, or a negative value to find the device by @name
 * @name: the id of the device
 *
 * Context: under memdev_list_lock, which keeps the device and its window from
 * being removed.
 * Return: a registered device, or NULL.
 */
struct memdev_core *memdev_device_find(int id, const char *name)
{
	struct memdev_core *core;

	lockdep_assert_held(&memdev_list_lock);
	core = id >= 0 ? xa_load(&memdev_device_ids, id) :
			 memdev_named_find(name);
	return core && core->registered ? core : NULL;
}

/**
 * memdev_device_get() - get a reference to a device
 * @id: see memdev_device_find()
 * @name: see memdev_device_find()
 *
 * Also pins the provider's module, whose code runs when the last reference is
 * dropped.
 *
 * Context: takes memdev_list_lock.
 * Return: the device, to be dropped with memdev_device_put(); or NULL.
 */
struct memory_device *memdev_device_get(int id, const char *name)
{
	struct memory_device *md = NULL;
	struct memdev_core *core;

	mutex_lock(&memdev_list_lock);
	core = memdev_device_find(id, name);
	if (core && try_module_get(core->md->ops->owner)) {
		md = core->md;
		get_device(&md->dev);
	}
	mutex_unlock(&memdev_list_lock);
	return md;
}

/**
 * memdev_device_put() - drop a reference to a device
 * @md: from memdev_device_get()
 */
void memdev_device_put(struct memory_device *md)
{
	struct module *owner = md->ops->owner;

	put_device(&md->dev);
	module_put(owner);
}
