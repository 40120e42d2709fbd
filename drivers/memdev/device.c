// SPDX-License-Identifier: GPL-2.0
/*
 * Memory devices: checking what is asked for and finding an address, making
 * them known and letting them go, the list, the totals.
 */
#include <linux/bitmap.h>
#include <linux/idr.h>
#include <linux/ioport.h>
#include <linux/log2.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "internal.h"

/* Protects the lists of windows, devices and kinds, and what numbers them */
DEFINE_MUTEX(memdev_list_lock);

LIST_HEAD(memdev_devices);
static DEFINE_IDA(memdev_device_ida);

/*
 * Windows and devices whose release function has not run yet. It may run late,
 * when somebody else drops the last reference, and its code must be there.
 */
static atomic_t memdev_nr_objects = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(memdev_objects_wait);

void memdev_object_get(void)
{
	atomic_inc(&memdev_nr_objects);
}

void memdev_object_put(void)
{
	if (atomic_dec_and_test(&memdev_nr_objects))
		wake_up_all(&memdev_objects_wait);
}

/**
 * memdev_devices_wait_gone() - wait until the last object is released
 */
void memdev_devices_wait_gone(void)
{
	wait_event(memdev_objects_wait, !atomic_read(&memdev_nr_objects));
}

/* --- what a device says of itself ----------------------------------------- */

/**
 * memory_device_get_region_size() - size of the device's region
 * @md: the device
 *
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
 * Return: bytes.
 */
u64 memory_device_get_plugged_size(const struct memory_device *md)
{
	struct memdev_core *core = md->core;
	u64 size;

	if (md->ops->get_plugged_size)
		return md->ops->get_plugged_size(md);

	spin_lock(&core->lock);
	size = memdev_blocks_size(core, core->plugged);
	spin_unlock(&core->lock);
	return size;
}
EXPORT_SYMBOL_GPL(memory_device_get_plugged_size);

/**
 * memory_device_get_info() - public description of a device
 * @md: a registered device
 * @info: where to put it
 */
void memory_device_get_info(const struct memory_device *md,
			    struct memory_device_info *info)
{
	struct memdev_core *core = md->core;

	*info = (struct memory_device_info){
		.kind = md->ops->kind,
		.id = md->id[0] ? md->id : NULL,
		.addr = core->start,
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

/* --- pre_plug: checks and address ----------------------------------------- */

/**
 * memdev_device_align() - the alignment of a device's region
 * @md: the device, with a region
 *
 * Return: bytes; the largest of what the region and the device want and the
 * memory block size.
 */
u64 memdev_device_align(const struct memory_device *md)
{
	u64 align = memory_block_size_bytes();

	align = max(align, md->ops->get_memory_region(md)->align);
	if (md->ops->get_min_alignment)
		align = max(align, md->ops->get_min_alignment(md));
	return align;
}

static int memdev_slot_take(struct memdev_window *w, struct memory_device *md,
			    struct memdev_reason *why)
{
	unsigned long slot;

	if (!(md->flags & MEMORY_DEVICE_SLOT))
		return 0;

	if (md->slot < 0) {
		slot = find_first_zero_bit(w->slots, w->nr_slots);
		if (slot >= w->nr_slots)
			return memdev_refuse(why, -ENOSPC,
					     "no free slots available");
		md->slot = slot;
	} else if (md->slot >= w->nr_slots) {
		return memdev_refuse(why, -EINVAL,
				     "invalid slot number %d, valid range is [0-%d]",
				     md->slot, (int)w->nr_slots - 1);
	} else if (test_bit(md->slot, w->slots)) {
		return memdev_refuse(why, -EBUSY, "slot %d is busy", md->slot);
	}
	return 0;
}

/* What of the region had a poisoned page while another device had it */
static void memdev_retired_inherit(struct memdev_core *core,
				   const struct memdev_window *w)
{
	unsigned long first = div64_u64(core->start - w->start,
					core->block_size);
	unsigned int block;

	for (block = 0; block < core->nr_blocks; block++)
		__assign_bit(block, core->retired,
			     test_bit(first + block, w->retired));
}

/*
 * The first failure wins, and the order of the checks is that of the model.
 */
static int memdev_pre_plug(struct memdev_window *w, struct memory_device *md,
			   struct memdev_reason *why)
{
	const struct memdev_alloc *a = &w->alloc;
	struct memdev_core *core = md->core;
	const struct memdev_region *conflict;
	u64 align = memdev_device_align(md);
	u64 hint = md->ops->get_addr(md);
	u64 size = core->size;
	int slot = md->slot;
	u64 addr;
	int rc;

	if (!IS_ALIGNED(w->start, align) || align > w->size)
		return memdev_refuse(why, -EINVAL,
				     "the alignment (0x%llx) is not supported",
				     align);
	rc = memdev_slot_take(w, md, why);
	if (rc)
		return rc;
	if (size > w->limit || a->used > w->limit - size) {
		rc = memdev_refuse(why, -ENOSPC,
				   "not enough space, currently 0x%llx in use of total space for memory devices 0x%llx",
				   a->used, w->limit);
		goto err_slot;
	}

	switch (memdev_alloc_find(a, hint, align, size, &addr, &conflict)) {
	case MEMDEV_FIT_OK:
		break;
	case MEMDEV_FIT_UNALIGNED_HINT:
		rc = memdev_refuse(why, -EINVAL,
				   "address must be aligned to 0x%llx bytes",
				   align);
		goto err_slot;
	case MEMDEV_FIT_UNALIGNED_SIZE:
		rc = memdev_refuse(why, -EINVAL,
				   "backend memory size must be multiple of 0x%llx",
				   align);
		goto err_slot;
	case MEMDEV_FIT_OUTSIDE:
		rc = memdev_refuse(why, -ERANGE,
				   "can't add memory device [0x%llx:0x%llx], usable range for memory devices [0x%llx:0x%llx]",
				   hint, size, w->start, w->size);
		goto err_slot;
	case MEMDEV_FIT_TOO_BIG:
		rc = memdev_refuse(why, -ENOSPC,
				   "can't add memory device, device too big");
		goto err_slot;
	case MEMDEV_FIT_CONFLICT:
		rc = memdev_refuse(why, -EBUSY,
				   "address range conflicts with memory device id='%s'",
				   conflict->id[0] ? conflict->id :
				   "(unnamed)");
		goto err_slot;
	case MEMDEV_FIT_NO_ROOM:
		rc = memdev_refuse(why, -ENOSPC,
				   "could not find position in guest address space for memory device - memory fragmented due to alignments");
		goto err_slot;
	}

	core->start = addr;
	memdev_retired_inherit(core, w);
	core->region.start = addr;
	core->region.size = size;
	core->region.id = md->id;
	if (md->flags & MEMORY_DEVICE_SLOT)
		__set_bit(md->slot, w->slots);
	memdev_alloc_insert(&w->alloc, &core->region);
	md->ops->set_addr(md, addr);
	return 0;

err_slot:
	md->slot = slot;
	return rc;
}

static void memdev_region_free(struct memory_device *md)
{
	struct memdev_core *core = md->core;
	struct memdev_window *w = core->window;

	mutex_lock(&w->lock);
	memdev_alloc_remove(&w->alloc, &core->region);
	if (md->flags & MEMORY_DEVICE_SLOT)
		__clear_bit(md->slot, w->slots);
	md->ops->set_addr(md, 0);
	mutex_unlock(&w->lock);
}

/* Under memdev_list_lock, so that the window stays */
static int memdev_region_get(struct memory_device *md,
			     struct memdev_reason *why)
{
	struct memdev_window *w;
	int rc = -ENODEV;

	list_for_each_entry(w, &memdev_windows, list) {
		if (md->window >= 0 && md->window != w->id)
			continue;
		mutex_lock(&w->lock);
		rc = memdev_pre_plug(w, md, why);
		mutex_unlock(&w->lock);
		if (!rc) {
			md->core->window = w;
			return 0;
		}
	}
	if (rc != -ENODEV)
		return rc;
	if (md->window >= 0)
		return memdev_refuse(why, rc, "there is no window%d",
				     md->window);
	return memdev_refuse(why, rc,
			     "there is no window: make one by writing to /sys/bus/memdev/new_window");
}

/* --- life ----------------------------------------------------------------- */

static void memdev_core_free(struct memdev_core *core)
{
	if (!core)
		return;
	bitmap_free(core->was_movable);
	bitmap_free(core->skip);
	bitmap_free(core->victims);
	bitmap_free(core->retired);
	bitmap_free(core->online);
	bitmap_free(core->plugged);
	kfree(core);
}

static void memdev_device_release(struct device *dev)
{
	struct memory_device *md = to_memory_device(dev);

	memdev_core_free(md->core);
	md->core = NULL;
	md->ops->release(md);
	memdev_object_put();
}

static const struct device_type memdev_device_type = {
	.name = "memory_device",
	.release = memdev_device_release,
};

static void memdev_event_work(struct work_struct *work)
{
	struct memdev_core *core = container_of(work, struct memdev_core,
						event);
	struct kobject *kobj = &core->md->dev.kobj;
	char plugged[40], online[40];
	char *env[3] = { plugged, online, NULL };

	spin_lock(&core->lock);
	snprintf(plugged, sizeof(plugged), "MEMDEV_PLUGGED=%llu",
		 memdev_blocks_size(core, core->plugged));
	snprintf(online, sizeof(online), "MEMDEV_ONLINE=%llu",
		 memdev_blocks_size(core, core->online));
	spin_unlock(&core->lock);

	sysfs_notify(kobj, NULL, "plugged_size");
	sysfs_notify(kobj, NULL, "online_size");
	sysfs_notify(kobj, NULL, "state");
	kobject_uevent_env(kobj, KOBJ_CHANGE, env);
}

static struct memdev_core *memdev_core_alloc(struct memory_device *md)
{
	struct memdev_core *core = kzalloc_obj(*core, GFP_KERNEL);
	unsigned int nr;

	if (!core)
		return NULL;
	core->md = md;
	core->id = -1;
	core->size = memory_device_get_region_size(md);
	core->block_size = memory_block_size_bytes();
	core->nr_blocks = div64_u64(core->size, core->block_size);
	core->nb.notifier_call = memdev_notify;
	/* First: one that stops the chain must not hide what has happened */
	core->nb.priority = INT_MAX;
	INIT_WORK(&core->event, memdev_event_work);
	INIT_DELAYED_WORK(&core->resize, memdev_resize_work);
	mutex_init(&core->op_lock);
	core->online_type = memdev_default_online_type;
	core->memmap_on_memory = memdev_memmap_supported();
	core->timeout_ms = 30000;
	spin_lock_init(&core->lock);

	nr = core->nr_blocks;
	core->plugged = bitmap_zalloc(nr, GFP_KERNEL);
	core->online = bitmap_zalloc(nr, GFP_KERNEL);
	core->retired = bitmap_zalloc(nr, GFP_KERNEL);
	core->victims = bitmap_zalloc(nr, GFP_KERNEL);
	core->skip = bitmap_zalloc(nr, GFP_KERNEL);
	core->was_movable = bitmap_zalloc(nr, GFP_KERNEL);
	if (!core->plugged || !core->online || !core->retired ||
	    !core->victims || !core->skip || !core->was_movable) {
		memdev_core_free(core);
		return NULL;
	}
	return core;
}

static int memdev_device_check(const struct memory_device *md,
			       struct memdev_reason *why)
{
	u64 block_size = memory_block_size_bytes();
	u64 size = memory_device_get_region_size(md);
	const struct memdev_core *core;
	u64 align;

	if (!size)
		return memdev_refuse(why, -EINVAL,
				     "a memory device needs a size");
	align = md->ops->get_memory_region(md)->align;
	if ((align && !is_power_of_2(align)) ||
	    !is_power_of_2(memdev_device_align(md)))
		return memdev_refuse(why, -EINVAL,
				     "the alignment (0x%llx) is not supported",
				     align);
	if (!IS_ALIGNED(size, block_size))
		return memdev_refuse(why, -EINVAL,
				     "backend memory size must be multiple of 0x%llx",
				     block_size);
	if (div64_u64(size, block_size) > INT_MAX)
		return memdev_refuse(why, -ENOSPC,
				     "can't add memory device, device too big");
	if (md->node != NUMA_NO_NODE &&
	    (md->node < 0 || md->node >= MAX_NUMNODES ||
	     !node_possible(md->node)))
		return memdev_refuse(why, -EINVAL,
				     "node %d is not possible on this machine",
				     md->node);

	lockdep_assert_held(&memdev_list_lock);
	list_for_each_entry(core, &memdev_devices, list) {
		if (md->id[0] && !strcmp(core->md->id, md->id))
			return memdev_refuse(why, -EEXIST,
					     "there is a memory device id='%s'",
					     md->id);
	}
	return 0;
}

/**
 * memory_device_register() - check a device, find its address, make it known
 * @md: the device, set up as struct memory_device says
 * @extack: where to put the reason of a failure, or NULL
 *
 * The device is unplugged afterwards. After a failure the caller drops the
 * device by put_device(&md->dev), which calls the release operation.
 *
 * Context: Sleeps. The caller holds no lock that its operations take.
 * Return: 0; -EINVAL or -ERANGE for what cannot be; -ENODEV without a window;
 * -EBUSY for an address or a slot that is taken; -EEXIST for an id that is;
 * -ENOSPC where nothing is left; -ENOMEM.
 */
int memory_device_register(struct memory_device *md,
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
	if (!(md->flags & MEMORY_DEVICE_SLOT))
		md->slot = -1;

	mutex_lock(&memdev_list_lock);
	rc = memdev_device_check(md, &why);
	if (rc)
		goto err_unlock;

	core = memdev_core_alloc(md);
	if (!core) {
		rc = -ENOMEM;
		goto err_unlock;
	}
	md->core = core;
	rc = ida_alloc(&memdev_device_ida, GFP_KERNEL);
	if (rc < 0)
		goto err_unlock;
	core->id = rc;
	snprintf(core->name, sizeof(core->name), "memdev%d", core->id);
	rc = dev_set_name(&md->dev, "%s", core->name);
	if (rc)
		goto err_free_id;

	rc = memdev_region_get(md, &why);
	if (rc)
		goto err_free_id;
	core->node = md->node == NUMA_NO_NODE ? core->window->node : md->node;
	md->dev.parent = &core->window->dev;
	set_dev_node(&md->dev, core->node);

	core->res = memdev_resource_claim(core->window->res, core->start,
					  core->size, core->name);
	if (!core->res) {
		rc = -EBUSY;
		goto err_free_region;
	}
	rc = md->flags & MEMORY_DEVICE_ATOMIC ?
		memory_group_register_static(core->node, PHYS_PFN(core->size)) :
		memory_group_register_dynamic(core->node,
					      PHYS_PFN(core->block_size));
	if (rc < 0)
		goto err_free_resource;
	core->mgid = rc;
	rc = register_memory_notifier(&core->nb);
	if (rc)
		goto err_free_group;
	list_add_tail(&core->list, &memdev_devices);
	mutex_unlock(&memdev_list_lock);

	rc = device_add(&md->dev);
	if (rc)
		goto err_unlist;
	return 0;

err_unlist:
	mutex_lock(&memdev_list_lock);
	list_del(&core->list);
	unregister_memory_notifier(&core->nb);
err_free_group:
	memory_group_unregister(core->mgid);
err_free_resource:
	memdev_resource_release(core->res);
err_free_region:
	memdev_region_free(md);
err_free_id:
	ida_free(&memdev_device_ida, core->id);
err_unlock:
	mutex_unlock(&memdev_list_lock);
	memdev_bus_refused(&why);
	memdev_extack_set(extack, why.text);
	return rc;
}
EXPORT_SYMBOL_GPL(memory_device_register);

/**
 * memory_device_unregister() - let a device go
 * @md: a registered device
 *
 * The caller drops the device by put_device(&md->dev) afterwards.
 *
 * Context: Sleeps; waits for those who read or write the device's attributes,
 * so no lock that they take may be held.
 * Return: 0, or -EBUSY while memory is plugged or an operation goes on; then
 * nothing has changed.
 */
int memory_device_unregister(struct memory_device *md)
{
	struct memdev_core *core = md->core;
	int rc = 0;

	if (memdev_user_waits(core))
		return -EBUSY;

	memdev_resize_stop(core);
	mutex_lock(&core->op_lock);
	if (core->dying)
		rc = -ENODEV;
	else if (!bitmap_empty(core->plugged, core->nr_blocks))
		rc = -EBUSY;
	else
		core->dying = true;
	mutex_unlock(&core->op_lock);
	if (rc) {
		memdev_resize_start(core);
		return rc;
	}

	/* What was announced last is not to be lost */
	flush_work(&core->event);
	device_del(&md->dev);
	cancel_delayed_work_sync(&core->resize);

	mutex_lock(&memdev_list_lock);
	list_del(&core->list);
	unregister_memory_notifier(&core->nb);
	cancel_work_sync(&core->event);
	memory_group_unregister(core->mgid);
	memdev_resource_release(core->res);
	memdev_region_free(md);
	ida_free(&memdev_device_ida, core->id);
	mutex_unlock(&memdev_list_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(memory_device_unregister);
