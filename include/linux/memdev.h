/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hot-pluggable memory devices: the interface for those who provide them.
 *
 * A memory device owns a region of physical address space that is backed by
 * RAM. The memdev core picks the region's address, gives the memory to the
 * kernel and takes it back, block by block, and tells user space about it.
 */
#ifndef _LINUX_MEMDEV_H
#define _LINUX_MEMDEV_H

#include <linux/bits.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/types.h>
#include <uapi/linux/memdev.h>

struct memdev_core;
struct memory_device;
struct netlink_ext_ack;

/**
 * struct memory_device_region - the one memory region of a memory device
 * @size: size in bytes; 0 for a device that has no memory
 * @align: alignment that the region wants, in bytes, a power of two; 0 where
 *	   the memory block size will do
 */
struct memory_device_region {
	u64 size;
	u64 align;
};

/**
 * struct memory_device_info - public description of a memory device
 * @kind: what the device is, for example "dimm"
 * @id: the name its creator gave it, or NULL
 * @addr: physical address of the region, 0 while it has none
 * @size: size of the region in bytes
 * @plugged_size: bytes that are plugged
 * @requested_size: bytes that the device should have plugged
 * @node: NUMA node that the memory goes to
 * @slot: slot number, or -1
 */
struct memory_device_info {
	const char *kind;
	const char *id;
	u64 addr;
	u64 size;
	u64 plugged_size;
	u64 requested_size;
	int node;
	int slot;
};

/**
 * struct memory_device_ops - what a provider of memory devices implements
 *
 * Sizes, offsets, addresses and alignments are in bytes. Operations run in
 * process context and may sleep, under the locks that each of them names. None
 * may register, unregister, plug, unplug or request for any device: that would
 * wait for itself.
 */
struct memory_device_ops {
	/**
	 * @owner: module of the provider. The core pins it while memory of its
	 * devices is plugged and during each of their operations.
	 */
	struct module *owner;

	/**
	 * @kind: name of the kind, shown in the attribute "kind" and in the
	 * reasons of refusals. Must be there.
	 */
	const char *kind;

	/**
	 * @get_addr: physical address of the region. Must be there.
	 * memory_device_pre_plug() calls it for the address that the device
	 * asks for, 0 for any. Called under the lock of the window: no other
	 * device gets a region meanwhile.
	 *
	 * Return: the address.
	 */
	u64 (*get_addr)(const struct memory_device *md);

	/**
	 * @set_addr: take @addr as the address of the region. Must be there.
	 * Called once by memory_device_pre_plug() when all checks have passed,
	 * and once with 0 when the device gives its region back. Called under
	 * the lock of the window. Cannot fail.
	 */
	void (*set_addr)(struct memory_device *md, u64 addr);

	/**
	 * @get_plugged_size: bytes of the region that are usable now. May be
	 * NULL: then what the core has plugged. Called by
	 * memory_device_get_plugged_size() for whoever asks, at any time, also
	 * under the lock of the window and amid an operation of the device.
	 *
	 * Return: bytes, at most the size of the region.
	 */
	u64 (*get_plugged_size)(const struct memory_device *md);

	/**
	 * @get_memory_region: the device's one region. Must be there. Called by
	 * whoever asks, also under the lock of the window. It must not
	 * change from memory_device_pre_plug() until the device is gone.
	 *
	 * Return: the region; NULL for an empty device, which cannot be
	 * registered.
	 */
	const struct memory_device_region *
	(*get_memory_region)(const struct memory_device *md);

	/**
	 * @get_min_alignment: lower bound on the alignment of the region. May
	 * be NULL: then the memory block size, which is the least in any case.
	 * Called by memory_device_pre_plug() under the lock of the lists.
	 *
	 * Return: a power of two, or 0.
	 */
	u64 (*get_min_alignment)(const struct memory_device *md);

	/**
	 * @fill_device_info: correct or complete @info, which the core has
	 * filled with what it knows. May be NULL. Called by
	 * memory_device_get_info() for whoever asks, also under the lock of the
	 * window. Its strings must stay as long as the device. Cannot fail.
	 */
	void (*fill_device_info)(const struct memory_device *md,
				 struct memory_device_info *info);

	/**
	 * @plug: the kernel is to get @size bytes at @offset of the region,
	 * both multiples of the memory block size. May be NULL. It may delay or
	 * refuse; a refusal ends the plug, and what was plugged by then is taken
	 * back. A range that was allowed and yet could not be added is given
	 * back by @unplug. Called under the device's operation lock, also to say
	 * that a block which @unplug let go stays after all; what it returns is
	 * then not heeded.
	 *
	 * Return: 0, or a negative errno and, in @extack, the reason. A value
	 * that is not an errno of user space is a bug, and taken as -EIO.
	 */
	int (*plug)(struct memory_device *md, u64 offset, u64 size,
		    struct netlink_ext_ack *extack);

	/**
	 * @unplug: @size bytes at @offset of the region are to be taken from
	 * the kernel. May be NULL. It may delay or refuse; where the device is
	 * plugged block by block the next block is asked for then. Called
	 * under the device's operation lock, also to give back what @plug had
	 * allowed and could not be added, or is taken back; what it returns is
	 * then not heeded.
	 *
	 * Return: as @plug. After -EAGAIN the block is asked for again, half a
	 * second later or more, until the operation ends.
	 */
	int (*unplug)(struct memory_device *md, u64 offset, u64 size,
		      struct netlink_ext_ack *extack);

	/**
	 * @release: the last reference to the device is gone, free it. Must be
	 * there. No attribute of the device can be read any more. Called
	 * without locks.
	 */
	void (*release)(struct memory_device *md);
};

/* The device is plugged and unplugged as a whole, or not at all */
#define MEMORY_DEVICE_ATOMIC	BIT(0)
/* The device takes one of the window's slots */
#define MEMORY_DEVICE_SLOT	BIT(1)

#define MEMORY_DEVICE_ID_LEN	(MEMDEV_ID_MAX_LEN + 1)

/**
 * struct memory_device - a memory device
 * @dev: the device; its parent and its name are set by the core
 * @ops: what the provider implements
 * @flags: MEMORY_DEVICE_* flags
 * @id: name that its creator gave it, unique, or an empty string
 * @window: number of the window that the region must be in, or -1
 * @node: NUMA node that the memory goes to, or NUMA_NO_NODE for the window's
 * @slot: slot asked for, or -1 for the lowest that is free; with
 *	  MEMORY_DEVICE_SLOT only
 * @core: the core's own
 *
 * A provider embeds this in a structure of its own, zeroed, sets @ops, @flags,
 * @id, @window, @node and @slot and calls memory_device_register(), perhaps
 * after memory_device_pre_plug(). From then on all of them belong to the core,
 * and the provider may read them.
 */
struct memory_device {
	struct device dev;
	const struct memory_device_ops *ops;
	unsigned int flags;
	char id[MEMORY_DEVICE_ID_LEN];
	int window;
	int node;
	int slot;
	struct memdev_core *core;
};

/* A size that means all of it: nobody can ask for nothing */
#define MEMORY_DEVICE_ALL	0

int memory_device_pre_plug(struct memory_device *md, const u64 *legacy_align,
			   struct netlink_ext_ack *extack);
int memory_device_register(struct memory_device *md,
			   struct netlink_ext_ack *extack);
int memory_device_unregister(struct memory_device *md,
			     struct netlink_ext_ack *extack);
int memory_device_plug(struct memory_device *md, u64 size,
		       struct netlink_ext_ack *extack);
int memory_device_unplug(struct memory_device *md, u64 size,
			 struct netlink_ext_ack *extack);
int memory_device_request(struct memory_device *md, u64 size,
			  struct netlink_ext_ack *extack);
u64 memory_device_get_region_size(const struct memory_device *md);
u64 memory_device_get_plugged_size(const struct memory_device *md);
void memory_device_get_info(const struct memory_device *md,
			    struct memory_device_info *info);
int memory_device_list(int (*fn)(struct memory_device *md, void *arg),
		       void *arg);
u64 memory_device_plugged_size(void);

/**
 * struct memory_device_params - what a user asked a new device to be
 * @kind: name of the kind
 * @id: name of the device, or an empty string
 * @size: size of its region in bytes
 * @addr: physical address that it must have, or 0
 * @align: alignment of its region in bytes, or 0
 * @window: number of the window, or -1
 * @node: NUMA node, or NUMA_NO_NODE
 * @slot: slot, or -1
 */
struct memory_device_params {
	char kind[MEMDEV_KIND_MAX_LEN + 1];
	char id[MEMORY_DEVICE_ID_LEN];
	u64 size;
	u64 addr;
	u64 align;
	int window;
	int node;
	int slot;
};

/**
 * struct memory_device_kind - a kind of device that users create by name
 * @name: the name, as in "kind=" of the bus attribute new_device
 * @owner: module of the provider
 * @ops: the operations of its devices; by them the core knows its own
 * @create: make and register a device. Return it, or an ERR_PTR() and the
 *	    reason in the extack. The device stays until @destroy is called.
 * @destroy: unregister and drop a device that @create made. Return 0, or a
 *	     negative errno and the reason in the extack, such as
 *	     memory_device_unregister() gives while memory is plugged.
 * @list: the core's own
 *
 * @create and @destroy may sleep. Only one of them, of all kinds, runs at a
 * time, and neither may call memory_device_kind_unregister(), which waits for
 * them.
 */
struct memory_device_kind {
	const char *name;
	struct module *owner;
	const struct memory_device_ops *ops;
	struct memory_device *
	(*create)(const struct memory_device_params *params,
		  struct netlink_ext_ack *extack);
	int (*destroy)(struct memory_device *md,
		       struct netlink_ext_ack *extack);
	struct list_head list;
};

int memory_device_kind_register(struct memory_device_kind *kind);
void memory_device_kind_unregister(struct memory_device_kind *kind);

#endif /* _LINUX_MEMDEV_H */
