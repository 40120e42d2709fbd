// SPDX-License-Identifier: GPL-2.0
/*
 * Query, online and offline the kernel's memory blocks.
 *
 * Onlining and offlining need device_online(), device_offline() and
 * lock_device_hotplug(), which 6.1, 6.12 and 7.3 do not export. add_memory*()
 * onlines blocks by the machine's policy, not the device's; 7.3 has a variant
 * that takes an online type, but exports it to kmem only. The store() of a
 * block's "state" attribute, however, takes the right locks on all versions. So
 * memdev finds the attribute through the driver model and calls its store(), as
 * a write from user space does. Unlike sysfs, this call does not keep the block
 * from being removed: pass only blocks that memdev alone adds and removes, or
 * that are never removed.
 */
#include <linux/kernfs.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/property.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "deadline.h"
#include "internal.h"

/* Deadline for offlining a block that came online in the wrong zone */
#define MEMDEV_MOVE_MS	2000

const char *const memdev_online_types[] = {
	[MEMDEV_ONLINE_TYPE_OFFLINE]	= "offline",
	[MEMDEV_ONLINE_TYPE_ONLINE]	= "online",
	[MEMDEV_ONLINE_TYPE_ONLINE_KERNEL]	= "online_kernel",
	[MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE]	= "online_movable",
	[MEMDEV_ONLINE_TYPE_SYSTEM]	= "system",
	NULL
};

/**
 * memdev_online_type_parse() - look up an online type by its name
 * @str: the name, with or without a newline
 *
 * Return: the enum memdev_online_type, or -EINVAL.
 */
int memdev_online_type_parse(const char *str)
{
	return __sysfs_match_string(memdev_online_types, -1, str);
}

/* /sys/devices/system/memory */
static struct kernfs_node *memdev_blocks_dir;
/* The kset of all devices */
static struct kset *memdev_devices_kset;

/**
 * memdev_blocks_init() - find the directory of the kernel's memory blocks
 *
 * Context: Sleeps. memdev_root must be registered.
 * Return: 0, or -ENODEV if there is no such directory.
 */
int memdev_blocks_init(void)
{
	struct kernfs_node *system;

	memdev_devices_kset = memdev_root->kobj.kset;
	system = kernfs_find_and_get(memdev_devices_kset->kobj.sd, "system");
	if (!system)
		return -ENODEV;
	memdev_blocks_dir = kernfs_find_and_get(system, "memory");
	kernfs_put(system);
	return memdev_blocks_dir ? 0 : -ENODEV;
}

void memdev_blocks_exit(void)
{
	kernfs_put(memdev_blocks_dir);
}

/*
 * Find a memory block by its sysfs directory, which takes only a few
 * comparisons; walking the list of devices would visit every device of the
 * machine. A device leaves the list, under the list's lock, after its directory
 * is deactivated and before its last reference is dropped. So if the directory
 * is active under the lock, its device is valid.
 *
 * The caller must drop the reference to mem->dev.
 */
static struct memory_block *memdev_block_get(u64 addr)
{
	struct kobject *kobj = NULL;
	struct kernfs_node *dir;
	struct device *dev;
	char name[24];

	snprintf(name, sizeof(name), "memory%llu",
		 addr / memory_block_size_bytes());
	dir = kernfs_find_and_get(memdev_blocks_dir, name);
	if (!dir)
		return NULL;
	spin_lock(&memdev_devices_kset->list_lock);
	if (atomic_read(&dir->active) >= 0)
		kobj = kobject_get_unless_zero(dir->priv);
	spin_unlock(&memdev_devices_kset->list_lock);
	kernfs_put(dir);
	if (!kobj)
		return NULL;

	dev = kobj_to_dev(kobj);
	if (!dev->bus || strcmp(dev->bus->name, "memory")) {
		put_device(dev);
		return NULL;
	}
	return container_of(dev, struct memory_block, dev);
}

static enum memdev_block_state memdev_block_state_of(struct memory_block *mem)
{
	struct zone *zone = READ_ONCE(mem->zone);

	if (READ_ONCE(mem->state) == MEM_OFFLINE)
		return MEMDEV_BLOCK_STATE_OFFLINE;
	if (zone && zone_idx(zone) == ZONE_MOVABLE)
		return MEMDEV_BLOCK_STATE_MOVABLE;
	return MEMDEV_BLOCK_STATE_KERNEL;
}

/**
 * memdev_block_query() - get the state, node and ownership of a block
 * @addr: physical address of the block
 *
 * The state may be stale, unless the caller keeps it from changing.
 *
 * Context: Sleeps.
 * Return: a description of the block; its state is MEMDEV_BLOCK_STATE_UNPLUGGED
 * if there is no such block.
 */
struct memdev_block memdev_block_query(u64 addr)
{
	struct memory_block *mem = memdev_block_get(addr);
	struct memdev_block known = { .node = NUMA_NO_NODE };

	if (!mem)
		return known;
	known.state = memdev_block_state_of(mem);
	known.node = mem->nid;
	/*
	 * A driver may remove an owned block. Drivers that hotplug memory (ACPI
	 * DIMMs, dax, virtio-mem) put its blocks into a memory group. The
	 * blocks of a DIMM that is in the memory map at boot have no group, but
	 * ACPI binds them to the device that it can eject. Hyper-V and Xen
	 * never remove a block: they allocate its pages instead.
	 */
	known.owned = mem->group || dev_fwnode(&mem->dev);
	put_device(&mem->dev);
	return known;
}

/**
 * memdev_pfn_state() - get the state of the block that contains a page
 * @pfn: PFN of the page, which is online or going online
 *
 * Return: MEMDEV_BLOCK_STATE_KERNEL or MEMDEV_BLOCK_STATE_MOVABLE.
 */
enum memdev_block_state memdev_pfn_state(unsigned long pfn)
{
	return page_zonenum(pfn_to_page(pfn)) == ZONE_MOVABLE ?
		MEMDEV_BLOCK_STATE_MOVABLE : MEMDEV_BLOCK_STATE_KERNEL;
}

/*
 * In pages of the page cache or swap cache, the bit of PG_vmemmap_self_hosted
 * is used for another page flag: leave such pages out.
 */
static bool memdev_page_of_memmap(struct page *page)
{
	return PageVmemmapSelfHosted(page) && !page->mapping && !PageLRU(page);
}

/*
 * Check whether a page that is not free in the buddy allocator is in use. For a
 * folio, check its head page. The caller holds no reference: the page may be
 * freed, or become part of another folio, at any time.
 */
static bool memdev_page_in_use(struct page *page, unsigned int order)
{
	struct folio *folio = (struct folio *)page;

	if (page_ref_count(page) || PageTail(page))
		return true;
	/* A slab in newer kernels has refcount 0, like a free hugetlb page */
	return order ? !folio_test_hugetlb(folio) : folio_test_slab(folio);
}

/**
 * memdev_block_in_use() - count the pages of an online block that are in use
 * @addr: physical address of the block
 *
 * Steps over each free range and each folio as a whole. If a folio starts in
 * another block, that block may be removed at any time. So the head page is not
 * read, and the folio's pages count as in use. This also applies to a free
 * hugetlb page larger than a block, except in the block in which it starts.
 *
 * Context: Sleeps.
 * Return: number of pages, except those of a memmap on the block; 0 if the
 * block is offline. The number may be stale.
 */
unsigned int memdev_block_in_use(u64 addr)
{
	unsigned long pfn = PHYS_PFN(addr);
	unsigned long end = pfn + PHYS_PFN(memory_block_size_bytes());
	unsigned int order_max = ilog2(end - pfn);
	unsigned int order, in_use = 0;
	struct page *page;
	unsigned long nr;

	if (!pfn_to_online_page(pfn))
		return 0;
	while (pfn < end && memdev_page_of_memmap(pfn_to_page(pfn)))
		pfn++;

	for (; pfn < end; pfn += nr) {
		/*
		 * Check once per pageblock: a section has one or more of them,
		 * and is online or offline as a whole.
		 */
		if (!(pfn % pageblock_nr_pages)) {
			cond_resched();
			nr = pageblock_nr_pages;
			if (!pfn_to_online_page(pfn))
				continue;
		}
		page = pfn_to_page(pfn);
		/* Racy: after an allocation or a split, the order is stale */
		if (PageBuddy(page))
			order = READ_ONCE(page->private);
		else
			order = compound_order(page);
		order = min(order, order_max);
		nr = IS_ALIGNED(pfn, 1UL << order) ? 1UL << order : 1;
		if (!PageBuddy(page) && memdev_page_in_use(page, order))
			in_use += nr;
	}
	return in_use;
}

/**
 * memdev_block_free_pages() - count the free pages of an online block
 * @addr: physical address of the block
 *
 * Does not count pages on per-cpu lists.
 *
 * Context: Sleeps.
 * Return: number of pages. The number may be stale.
 */
unsigned long memdev_block_free_pages(u64 addr)
{
	unsigned long end = PHYS_PFN(addr + memory_block_size_bytes());
	unsigned long pfn, nr, order, free = 0;
	struct page *page;

	for (pfn = PHYS_PFN(addr); pfn < end; pfn += nr) {
		nr = 1;
		if (!(pfn % pageblock_nr_pages))
			cond_resched();
		page = pfn_to_online_page(pfn);
		if (!page || !PageBuddy(page))
			continue;
		/* Racy: after an allocation, the order is stale */
		order = READ_ONCE(page->private);
		if (order <= ilog2(MAX_ORDER_NR_PAGES) &&
		    IS_ALIGNED(pfn, 1UL << order))
			nr = 1UL << order;
		free += nr;
	}
	return free;
}

/**
 * memdev_block_has_hugetlb() - check whether a block has hugetlb pages
 * @addr: physical address of the block
 *
 * Checking one page of each pageblock suffices, because memory is carved only
 * on x86, where no hugetlb page is smaller than a pageblock.
 *
 * Context: Sleeps.
 * Return: true if the block is online and has a hugetlb page, free or in use.
 */
bool memdev_block_has_hugetlb(u64 addr)
{
	unsigned long end = PHYS_PFN(addr + memory_block_size_bytes());
	unsigned long pfn;
	struct page *page;

	for (pfn = PHYS_PFN(addr); pfn < end; pfn += pageblock_nr_pages) {
		page = pfn_to_online_page(pfn);
		if (page && PageHuge(page))
			return true;
	}
	return false;
}

/**
 * memdev_block_poisoned() - check whether a page of a block is poisoned
 * @pfn: PFN of the first page
 * @nr_pages: number of pages to check; unused if the kernel counts the poisoned
 *	      pages of each block
 *
 * Context: Sleeps. Also called at MEM_OFFLINE, when the pages are offline but
 * their struct pages are still valid.
 * Return: true if a page is poisoned.
 */
bool memdev_block_poisoned(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages;
	struct memory_block *mem;
	unsigned long nr, i;
	bool poisoned = false;
	struct page *page;

	if (MEMDEV_POISON_COUNTED) {
		mem = memdev_block_get(PFN_PHYS(pfn));
		if (!mem)
			return false;
		poisoned = memdev_memory_block_nr_poisoned(mem);
		put_device(&mem->dev);
		return poisoned;
	}

	for (; pfn < end && !poisoned; pfn += nr) {
		nr = min(end, ALIGN(pfn + 1, pageblock_nr_pages)) - pfn;
		cond_resched();
		/* A hole is at least as large as a pageblock */
		if (!pfn_valid(pfn))
			continue;
		page = pfn_to_page(pfn);
		for (i = 0; i < nr; i++)
			poisoned |= PageHWPoison(page + i);
	}
	return poisoned;
}

/**
 * memdev_block_free_page() - find a free page of an online block
 * @addr: physical address of the block
 * @pfn: where to put the PFN of the page
 *
 * The page may be allocated at any time.
 *
 * Context: Sleeps.
 * Return: false if no page is free.
 */
bool memdev_block_free_page(u64 addr, unsigned long *pfn)
{
	unsigned long end = PHYS_PFN(addr + memory_block_size_bytes());
	struct page *page;

	for (*pfn = PHYS_PFN(addr); *pfn < end; (*pfn)++) {
		if (!(*pfn % pageblock_nr_pages))
			cond_resched();
		page = pfn_to_online_page(*pfn);
		if (page && PageBuddy(page))
			return true;
	}
	return false;
}

static struct device_attribute *memdev_block_find_state(struct device *dev)
{
	const struct attribute_group **group;
	struct attribute **a;

	for (group = dev->groups; group && *group; group++) {
		for (a = (*group)->attrs; a && *a; a++) {
			if (!strcmp((*a)->name, "state"))
				return container_of(*a, struct device_attribute,
						    attr);
		}
	}
	return NULL;
}

/*
 * If device_hotplug_lock is contended, store() sets TIF_SIGPENDING and returns
 * -ERESTARTNOINTR to restart the system call. Recalculate the flag and call
 * store() again here, unless @interruptible is set and signal_pending() is
 * still true.
 */
static int memdev_block_store(struct memory_block *mem, const char *state,
			      bool interruptible)
{
	struct device_attribute *attr = memdev_block_find_state(&mem->dev);
	ssize_t rc;

	if (!attr || !attr->store)
		return -EOPNOTSUPP;

	do {
		if (interruptible && signal_pending(current))
			return -EINTR;
		rc = attr->store(&mem->dev, attr, state, strlen(state));
		if (rc == -ERESTARTNOINTR)
			memdev_signal_recalc();
	} while (rc == -ERESTARTNOINTR);

	return rc < 0 ? rc : 0;
}

/**
 * memdev_block_suits() - check whether a block's state matches an online type
 * @state: the state of the block
 * @type: the online type
 *
 * Return: true if it matches.
 */
bool memdev_block_suits(enum memdev_block_state state,
			enum memdev_online_type type)
{
	switch (type) {
	case MEMDEV_ONLINE_TYPE_OFFLINE:
		return state == MEMDEV_BLOCK_STATE_OFFLINE;
	case MEMDEV_ONLINE_TYPE_ONLINE:
		return state == MEMDEV_BLOCK_STATE_KERNEL ||
		       state == MEMDEV_BLOCK_STATE_MOVABLE;
	case MEMDEV_ONLINE_TYPE_ONLINE_KERNEL:
		return state == MEMDEV_BLOCK_STATE_KERNEL;
	case MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE:
		return state == MEMDEV_BLOCK_STATE_MOVABLE;
	case MEMDEV_ONLINE_TYPE_SYSTEM:
		return true;
	}
	return false;
}

static int memdev_block_try_offline(struct memory_block *mem,
				    struct memdev_watch *watch,
				    unsigned int slice_ms)
{
	int rc;

	rc = memdev_watch_arm(watch, slice_ms);
	if (!rc && memdev_block_state_of(mem) != MEMDEV_BLOCK_STATE_OFFLINE)
		rc = memdev_block_store(mem, "offline", true);
	memdev_watch_disarm(watch);

	if (memdev_block_state_of(mem) == MEMDEV_BLOCK_STATE_OFFLINE)
		return 0;
	if (rc != -EINTR)
		return rc;
	return memdev_watch_check(watch) ?: -EAGAIN;
}

/**
 * memdev_block_online() - bring a block into the state of an online type
 * @addr: physical address of the block
 * @type: the online type
 *
 * If udev or the machine's policy brought the block online in the wrong zone,
 * takes the block offline and retries.
 *
 * Context: Sleeps, takes mm's locks.
 * Return: 0; -ENODEV if there is no such block; -EBUSY if the block repeatedly
 * came online in the wrong zone; or the errno of the last attempt.
 */
int memdev_block_online(u64 addr, enum memdev_online_type type)
{
	struct memory_block *mem = memdev_block_get(addr);
	struct memdev_watch watch;
	int tries = 3;
	int rc = 0;

	if (!mem)
		return -ENODEV;

	memdev_watch_begin(&watch, MEMDEV_MOVE_MS);
	while (!memdev_block_suits(memdev_block_state_of(mem), type) &&
	       tries--) {
		if (memdev_block_state_of(mem) == MEMDEV_BLOCK_STATE_OFFLINE)
			rc = memdev_block_store(mem, memdev_online_types[type],
						false);
		else
			rc = memdev_block_try_offline(mem, &watch, 0);
	}
	memdev_watch_end(&watch);

	if (memdev_block_suits(memdev_block_state_of(mem), type))
		rc = 0;
	else if (!rc)
		rc = -EBUSY;
	put_device(&mem->dev);
	return rc;
}

/**
 * memdev_block_offline() - take a block offline
 * @addr: physical address of the block
 * @watch: the watch that ends the attempt
 * @slice_ms: time slice of the attempt in ms; 0 for none
 *
 * Context: Sleeps, takes mm's locks.
 * Return: 0, even if the block was already offline; -ENODEV if there is no such
 * block; -EAGAIN if the slice is over; the errno of memdev_watch_check();
 * -EBUSY if pages cannot be migrated; -EINVAL for a block with holes; or the
 * errno of a memory notifier.
 */
int memdev_block_offline(u64 addr, struct memdev_watch *watch,
			 unsigned int slice_ms)
{
	struct memory_block *mem = memdev_block_get(addr);
	int rc;

	if (!mem)
		return -ENODEV;
	rc = memdev_block_try_offline(mem, watch, slice_ms);
	put_device(&mem->dev);
	return rc;
}
