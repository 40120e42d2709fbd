// SPDX-License-Identifier: GPL-2.0
/*
 * The emulated kinds "dimm" and "virtio-mem": devices without any hardware.
 *
 * A dimm is plugged and unplugged as a whole and takes a slot. A virtio-mem
 * device is plugged and unplugged block by block, towards a requested size.
 * This file uses only the public interface of memdev.
 */
#include <linux/err.h>
#include <linux/list.h>
#include <linux/memdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "emu.h"

/**
 * struct emu_device - an emulated device
 * @md: the memory device
 * @region: region of the device
 * @addr: physical address, first as requested, then as assigned
 * @list: entry in emu_devices
 */
struct emu_device {
	struct memory_device md;
	struct memory_device_region region;
	u64 addr;
	struct list_head list;
};

/* Protects emu_devices */
static DEFINE_MUTEX(emu_lock);
static LIST_HEAD(emu_devices);

static struct emu_device *to_emu(const struct memory_device *md)
{
	return container_of(md, struct emu_device, md);
}

static u64 emu_get_addr(const struct memory_device *md)
{
	return to_emu(md)->addr;
}

static void emu_set_addr(struct memory_device *md, u64 addr)
{
	to_emu(md)->addr = addr;
}

static const struct memory_device_region *
emu_get_memory_region(const struct memory_device *md)
{
	return &to_emu(md)->region;
}

static void emu_release(struct memory_device *md)
{
	kfree(to_emu(md));
}

#define EMU_DIMM_FLAGS	(MEMORY_DEVICE_ATOMIC | MEMORY_DEVICE_SLOT)

static const struct memory_device_ops emu_dimm_ops = {
	.owner = THIS_MODULE,
	.kind = "dimm",
	.get_addr = emu_get_addr,
	.set_addr = emu_set_addr,
	.get_memory_region = emu_get_memory_region,
	.release = emu_release,
};

static const struct memory_device_ops emu_virtio_mem_ops = {
	.owner = THIS_MODULE,
	.kind = "virtio-mem",
	.get_addr = emu_get_addr,
	.set_addr = emu_set_addr,
	.get_memory_region = emu_get_memory_region,
	.release = emu_release,
};

static struct memory_device *
emu_create(const struct memory_device_params *params,
	   const struct memory_device_ops *ops, unsigned int flags,
	   struct netlink_ext_ack *extack)
{
	struct emu_device *emu;
	int rc;

	emu = kzalloc(sizeof(*emu), GFP_KERNEL);
	if (!emu)
		return ERR_PTR(-ENOMEM);
	emu->region.size = params->size;
	emu->region.align = params->align;
	emu->addr = params->addr;
	emu->md.ops = ops;
	emu->md.flags = flags;
	emu->md.window = params->window;
	emu->md.node = params->node;
	emu->md.slot = params->slot;
	strscpy(emu->md.id, params->id, sizeof(emu->md.id));

	mutex_lock(&emu_lock);
	rc = memory_device_register(&emu->md, extack);
	if (rc)
		put_device(&emu->md.dev);
	else
		list_add_tail(&emu->list, &emu_devices);
	mutex_unlock(&emu_lock);
	return rc ? ERR_PTR(rc) : &emu->md;
}

static struct memory_device *
emu_dimm_create(const struct memory_device_params *params,
		struct netlink_ext_ack *extack)
{
	return emu_create(params, &emu_dimm_ops, EMU_DIMM_FLAGS, extack);
}

static struct memory_device *
emu_virtio_mem_create(const struct memory_device_params *params,
		      struct netlink_ext_ack *extack)
{
	return emu_create(params, &emu_virtio_mem_ops, 0, extack);
}

static int emu_destroy(struct memory_device *md, struct netlink_ext_ack *extack)
{
	int rc;

	mutex_lock(&emu_lock);
	rc = memory_device_unregister(md, extack);
	if (!rc)
		list_del(&to_emu(md)->list);
	mutex_unlock(&emu_lock);
	if (!rc)
		put_device(&md->dev);
	return rc;
}

static int emu_virtio_mem_destroy(struct memory_device *md,
				  struct netlink_ext_ack *extack)
{
	struct memory_device_info info;

	memory_device_get_info(md, &info);
	if (!info.plugged_size && info.requested_size) {
		NL_SET_ERR_MSG(extack,
			       "requested_size is not 0, set it to 0 first");
		return -EBUSY;
	}
	return emu_destroy(md, extack);
}

static struct memory_device_kind emu_kinds[] = {
	{
		.name = "dimm",
		.owner = THIS_MODULE,
		.ops = &emu_dimm_ops,
		.flags = EMU_DIMM_FLAGS,
		.create = emu_dimm_create,
		.destroy = emu_destroy,
	}, {
		.name = "virtio-mem",
		.owner = THIS_MODULE,
		.ops = &emu_virtio_mem_ops,
		.create = emu_virtio_mem_create,
		.destroy = emu_virtio_mem_destroy,
	},
};

/**
 * memdev_emu_init() - register the emulated kinds
 *
 * Return: 0 or a negative errno.
 */
int memdev_emu_init(void)
{
	int i, rc;

	for (i = 0; i < ARRAY_SIZE(emu_kinds); i++) {
		rc = memory_device_kind_register(&emu_kinds[i]);
		if (rc)
			goto err_unregister;
	}
	return 0;

err_unregister:
	while (i--)
		memory_device_kind_unregister(&emu_kinds[i]);
	return rc;
}

/**
 * memdev_emu_exit() - unregister the emulated kinds and remove their devices
 *
 * No memory is plugged, because plugged memory pins the module.
 */
void memdev_emu_exit(void)
{
	struct emu_device *emu, *next;
	int i;

	for (i = ARRAY_SIZE(emu_kinds); i--;)
		memory_device_kind_unregister(&emu_kinds[i]);

	list_for_each_entry_safe(emu, next, &emu_devices, list)
		WARN_ON_ONCE(emu_destroy(&emu->md, NULL));
}
