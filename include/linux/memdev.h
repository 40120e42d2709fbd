/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hot-pluggable memory devices: the interface for providers.
 *
 * A memory device owns a region of physical address space that is backed by
 * RAM. The memdev core picks the region's address, plugs the memory into the
 * kernel and unplugs it, block by block, and notifies user space.
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
 * struct memory_device_region - the memory region of a device
 * @size: size in bytes; 0 for a device without memory
 * @align: required alignment in bytes, a power of two; 0 for the memory block
 *	   size
 */
struct memory_device_region {
	u64 size;
	u64 align;
};

/**
 * struct memory_device_info - public description of a memory device
 * @kind: name of the device's kind, for example "dimm"
 * @id: name that the creator gave to the device, or NULL
 * @addr: physical address of the region, 0 while the device has no address
 * @size: size of the region in bytes
 * @plugged_size: plugged memory in bytes
 * @requested_size: target for the plugged size in bytes
 * @node: NUMA node of the memory
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
 * struct memory_device_ops - operations that a provider implements
 *
 * Sizes, offsets, addresses and alignments are in bytes. Operations run in
 * process context and may sleep. The description of each operation names the
 * locks that the core holds. To avoid a deadlock, no operation may register,
 * unregister, plug or unplug any device, or call memory_device_request().
 */
struct memory_device_ops {
	/**
	 * @owner: module of the provider. The core pins it while memory of its
	 * devices is plugged, and during each plug and unplug.
	 */
	struct module *owner;

	/**
	 * @kind: name of the kind, shown in the attribute "kind" and in error
	 * messages. Mandatory.
	 */
	const char *kind;

	/**
	 * @get_addr: get the physical address that the region must have.
	 * Mandatory. memory_device_pre_plug() calls it for each window that it
	 * tries, under the window's lock, so that no other device gets a region
	 * meanwhile.
	 *
	 * Return: the address, or 0 for any address.
	 */
	u64 (*get_addr)(const struct memory_device *md);

	/**
	 * @set_addr: set the physical address of the region to @addr.
	 * Mandatory. memory_device_pre_plug() calls it when all checks have
	 * passed. The core calls it with 0 when the region is freed. Called
	 * under the window's lock. Cannot fail.
	 */
	void (*set_addr)(struct memory_device *md, u64 addr);

	/**
	 * @get_plugged_size: get how much of the region is usable. Optional:
	 * without it, the core reports what it has plugged.
	 * memory_device_get_plugged_size() may call it at any time, even under
	 * the window's lock, and while a plug or unplug of the device is in
	 * flight.
	 *
	 * Return: the size in bytes, not larger than the region.
	 */
	u64 (*get_plugged_size)(const struct memory_device *md);

	/**
	 * @get_memory_region: get the region of the device. Mandatory. May be
	 * called at any time, even under the window's lock. The region must not
	 * change between memory_device_pre_plug() and @release.
	 *
	 * Return: the region; NULL for an empty device, which cannot be
	 * registered.
	 */
	const struct memory_device_region *
	(*get_memory_region)(const struct memory_device *md);

	/**
	 * @get_min_alignment: get the minimum alignment of the region, if it is
	 * larger than the memory block size. Optional. Called by
	 * memory_device_pre_plug() under the device list's lock.
	 *
	 * Return: a power of two, or 0 for the memory block size.
	 */
	u64 (*get_min_alignment)(const struct memory_device *md);

	/**
	 * @fill_device_info: correct or complete @info, which the core has
	 * filled in. Optional. memory_device_get_info() may call it at any
	 * time, even under the window's lock. Strings in @info must live as
	 * long as the device. Cannot fail.
	 */
	void (*fill_device_info)(const struct memory_device *md,
				 struct memory_device_info *info);

	/**
	 * @plug: decide whether the core may plug @size bytes at @offset in the
	 * region, both multiples of the memory block size. Optional: without
	 * it, every range is allowed. May sleep to delay the plug. A refusal
	 * ends the plug. The core then unplugs the blocks that it has added,
	 * unless the plug runs in the background without MEMORY_DEVICE_ATOMIC.
	 * Called under the device's operation lock.
	 *
	 * The core also calls @plug for a block that stays plugged after
	 * @unplug has allowed its removal, and then ignores the return value.
	 *
	 * Return: 0, or a negative errno and the reason in @extack. The core
	 * replaces -ERESTARTSYS with -EINTR, and other values that user space
	 * does not know with -EIO.
	 */
	int (*plug)(struct memory_device *md, u64 offset, u64 size,
		    struct netlink_ext_ack *extack);

	/**
	 * @unplug: decide whether the core may unplug @size bytes at @offset in
	 * the region, both multiples of the memory block size. Optional:
	 * without it, every range is allowed. May sleep to delay the unplug.
	 * After a refusal the core tries the next block; with
	 * MEMORY_DEVICE_ATOMIC it ends the unplug. Called under the device's
	 * operation lock.
	 *
	 * The core also calls @unplug for a range that @plug has allowed but
	 * that was not added or was removed again, and then ignores the return
	 * value.
	 *
	 * Return: as for @plug. After -EAGAIN the core retries the block until
	 * the operation ends. It waits half a second or more before the retry
	 * unless it has tried to offline another block meanwhile.
	 */
	int (*unplug)(struct memory_device *md, u64 offset, u64 size,
		      struct netlink_ext_ack *extack);

	/**
	 * @release: free the device when its last reference is dropped.
	 * Mandatory. The device's attributes are no longer in use. Called with
	 * no locks held.
	 */
	void (*release)(struct memory_device *md);
};

/* The device is plugged and unplugged as a whole: all or nothing */
#define MEMORY_DEVICE_ATOMIC	BIT(0)
/* The device takes one of the window's slots */
#define MEMORY_DEVICE_SLOT	BIT(1)

#define MEMORY_DEVICE_ID_LEN	(MEMDEV_ID_MAX_LEN + 1)

/**
 * struct memory_device - a memory device
 * @dev: the device; the core sets its parent and its name
 * @ops: operations of the provider
 * @flags: MEMORY_DEVICE_* flags
 * @id: unique name that the creator gave to the device, or an empty string
 * @window: number of the window that the region must be in, or -1 for any
 * @node: NUMA node of the memory, or NUMA_NO_NODE for the window's node
 * @slot: slot number, or -1 for the lowest free slot; used with
 *	  MEMORY_DEVICE_SLOT only, otherwise the core sets it to -1
 * @core: private to the core
 *
 * A provider embeds this in a zeroed structure of its own, sets @ops, @flags,
 * @id, @window, @node and @slot and calls memory_device_register(), or
 * memory_device_pre_plug() and then memory_device_register(). Afterwards the
 * provider may only read these members.
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

/*
 * Size for memory_device_plug(): all memory that is not plugged yet; for
 * memory_device_unplug(): all plugged memory
 */
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
 * struct memory_device_params - parameters of a device that a user creates
 * @kind: name of the kind
 * @id: name of the device, or an empty string
 * @size: size of the region in bytes
 * @addr: physical address that the region must have, or 0 for any
 * @align: alignment of the region in bytes, or 0 for the memory block size
 * @window: number of the window, or -1 for any
 * @node: NUMA node, or NUMA_NO_NODE for the window's node
 * @slot: slot number, or -1 for the lowest free slot
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
 * @name: value of "kind=" in the bus attribute new_device
 * @owner: module of the provider
 * @ops: operations of the kind's devices, also used to find a device's kind
 * @flags: MEMORY_DEVICE_* flags of the kind's devices. Without
 *	   MEMORY_DEVICE_SLOT, the core refuses a slot.
 * @create: create and register a device. Returns the device, or an ERR_PTR()
 *	    and the reason in the extack. The device must stay registered until
 *	    @destroy is called.
 * @destroy: unregister a device that @create returned, and drop it. Returns 0,
 *	     or a negative errno and the reason in the extack, for example from
 *	     memory_device_unregister() while memory is plugged.
 * @list: private to the core
 *
 * @create and @destroy may sleep. The core serializes the calls for all kinds.
 * Neither may call memory_device_kind_unregister(), which waits for them.
 */
struct memory_device_kind {
	const char *name;
	struct module *owner;
	const struct memory_device_ops *ops;
	unsigned int flags;
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
