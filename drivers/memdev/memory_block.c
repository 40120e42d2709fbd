// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's memory blocks: what state one is in, bringing one online in the
 * wanted zone and taking one offline.
 *
 * No kernel exports device_online(), device_offline() or the lock that they
 * need, lock_device_hotplug(), and the policy that add_memory*() onlines by is
 * the machine's, not the device's. What takes the right locks, and is there on
 * every version, is the store() of the block's attribute "state": what a user
 * who writes to it gets. So that is what is called here, found by way of the
 * driver model. It leaves out the protection that sysfs has against a block
 * that goes away under it: callers only ask for blocks that memdev alone adds
 * and removes, or that no one removes.
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

/* How long to try to take a block offline that came online elsewhere */
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
 * memdev_online_type_parse() - an online type from its name
 * @str: the name, with or without a newline
 *
 * Return: the enum memdev_online_type, or -EINVAL.
 */
int memdev_online_type_parse(const char *str)
{
	return __sysfs_match_string(memdev_online_types, -1, str);
}

/* /sys/devices/system/memory, and whose list all devices are in */
static struct kernfs_node *memdev_blocks_dir;
static struct kset *memdev_devices_kset;

/**
 * memdev_blocks_init() - find where the kernel keeps its blocks
 *
 * Context: Sleeps. Once memdev_root is registered.
 * Return: 0; -ENODEV if they are nowhere.
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
 * By its directory, which is a matter of a few comparisons; the list of devices
 * has all of the machine. A device leaves that list, under its lock, after its
 * directory has been closed and before its last reference goes: as long as
 * the directory is seen open under the lock, the device is there.
 *
 * The caller drops the reference to mem->dev.
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

/*
 * Whether a driver may take a block away. Drivers that hot-plug memory (ACPI
 * DIMMs, dax, virtio-mem) give its blocks a memory group. A DIMM that is in the
 * memory map at boot has none, but ACPI binds its blocks to the device that it
 * can eject. Hyper-V and Xen take no block away: they allocate its pages.
 */
static bool memdev_block_owned(struct memory_block *mem)
{
	return mem->group || dev_fwnode(&mem->dev);
}

/**
 * memdev_block_query() - what the kernel knows of a block
 * @addr: physical address of the block
 *
 * The state can be stale when it arrives, unless the caller knows better.
 *
 * Context: Sleeps.
 * Return: the answer.
 */
struct memdev_block memdev_block_query(u64 addr)
{
	struct memory_block *mem = memdev_block_get(addr);
	struct memdev_block known = { .node = NUMA_NO_NODE };

	if (!mem)
		return known;
	known.state = memdev_block_state_of(mem);
	known.node = mem->nid;
	known.owned = memdev_block_owned(mem);
	put_device(&mem->dev);
	return known;
}

/**
 * memdev_pfn_state() - the state that a page is online in
 * @pfn: its number; it is online, or about to be
 *
 * Return: MEMDEV_BLOCK_STATE_KERNEL or MEMDEV_BLOCK_STATE_MOVABLE.
 */
enum memdev_block_state memdev_pfn_state(unsigned long pfn)
{
	return page_zonenum(pfn_to_page(pfn)) == ZONE_MOVABLE ?
		MEMDEV_BLOCK_STATE_MOVABLE : MEMDEV_BLOCK_STATE_KERNEL;
}

/* The flag says something else of pages in the cache of a file, or of swap */
static bool memdev_page_of_memmap(struct page *page)
{
	return PageVmemmapSelfHosted(page) && !page->mapping && !PageLRU(page);
}

/*
 * Whether a page that is not free in the buddy allocator is in use, or the folio
 * that it is the first page of. Nobody holds a reference for this, so the page
 * can be freed, or become part of another folio, at any time.
 */
static bool memdev_page_in_use(struct page *page, unsigned int order)
{
	struct folio *folio = (struct folio *)page;

	if (page_ref_count(page) || PageTail(page))
		return true;
	/* Newer kernels hold no reference to slabs, none to a free huge page */
	return order ? !folio_test_hugetlb(folio) : folio_test_slab(folio);
}

/**
 * memdev_block_in_use() - count the pages of an online block that are in use
 * @addr: physical address of the block
 *
 * Free memory and folios are passed over in as large pieces as they are. A page
 * whose folio starts in another block counts as in use without a look at the
 * first page: the other block can be removed meanwhile. So a free huge page that
 * is larger than a block counts, too, except in the block where it starts.
 *
 * Context: Sleeps.
 * Return: pages, without those of the memmap where that is on the block; 0 of a
 * block that is offline. They may have changed when the answer arrives.
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
		/* A section, the unit of what is online, has at least these */
		if (!(pfn % pageblock_nr_pages)) {
			cond_resched();
			nr = pageblock_nr_pages;
			if (!pfn_to_online_page(pfn))
				continue;
		}
		page = pfn_to_page(pfn);
		/* It may be taken or split just now, and this be anything */
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
 * memdev_block_free_pages() - how many pages of an online block are free
 * @addr: physical address of the block
 *
 * Pages on the lists of the CPUs do not count.
 *
 * Context: Sleeps.
 * Return: pages.
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
		/* The page may be allocated by now, and this be anything */
		order = READ_ONCE(page->private);
		if (order <= ilog2(MAX_ORDER_NR_PAGES) &&
		    IS_ALIGNED(pfn, 1UL << order))
			nr = 1UL << order;
		free += nr;
	}
	return free;
}

/**
 * memdev_block_has_hugetlb() - whether a hugetlb page is in an online block
 * @addr: physical address of the block
 *
 * No hugetlb page is smaller than a pageblock on x86, which alone can carve.
 *
 * Context: Sleeps.
 * Return: true if one is, be it free or in use.
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
 * memdev_block_poisoned() - whether a page of a block is poisoned
 * @pfn: the first of its pages
 * @nr_pages: how many of them to look at, where the kernel does not count
 *
 * Context: Sleeps. Also from the memory notifier, of MEM_OFFLINE: the pages are
 * not online any more, but what was known of them is still there.
 * Return: true if one is.
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
		/* Where a hole may be it is at least as large as that */
		if (!pfn_valid(pfn))
			continue;
		page = pfn_to_page(pfn);
		for (i = 0; i < nr; i++)
			poisoned |= PageHWPoison(page + i);
	}
	return poisoned;
}

/**
 * memdev_block_free_page() - a page of an online block that nobody has
 * @addr: physical address of the block
 * @pfn: where to put its number
 *
 * Somebody may have got it when it arrives.
 *
 * Context: Sleeps.
 * Return: false if there is none.
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

static ssize_t (*memdev_block_find_store(struct device *dev,
					 struct device_attribute **attr))
	(struct device *dev, struct device_attribute *attr, const char *buf,
	 size_t count)
{
	const struct attribute_group **group;
	struct attribute **a;

	for (group = dev->groups; group && *group; group++) {
		for (a = (*group)->attrs; a && *a; a++) {
			if (strcmp((*a)->name, "state"))
				continue;
			*attr = container_of(*a, struct device_attribute, attr);
			return (*attr)->store;
		}
	}
	return NULL;
}

/*
 * On contention the store returns -ERESTARTNOINTR and has pretended that a
 * signal is pending, for the system call to be restarted. Take that back and
 * restart it here, unless a signal really is and the caller cares.
 */
static int memdev_block_store(struct memory_block *mem, const char *state,
			      bool interruptible)
{
	ssize_t (*store)(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count);
	struct device_attribute *attr;
	ssize_t rc;

	store = memdev_block_find_store(&mem->dev, &attr);
	if (!store)
		return -EOPNOTSUPP;

	do {
		if (interruptible && signal_pending(current))
			return -EINTR;
		rc = store(&mem->dev, attr, state, strlen(state));
		if (rc == -ERESTARTNOINTR)
			memdev_signal_recalc();
	} while (rc == -ERESTARTNOINTR);

	return rc < 0 ? rc : 0;
}

/**
 * memdev_block_suits() - whether a block is where it belongs
 * @state: its state
 * @type: where it belongs
 *
 * Return: true if it is.
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
	int rc, end;

	rc = memdev_watch_arm(watch, slice_ms);
	if (!rc && memdev_block_state_of(mem) != MEMDEV_BLOCK_STATE_OFFLINE)
		rc = memdev_block_store(mem, "offline", true);
	memdev_watch_disarm(watch);

	if (memdev_block_state_of(mem) == MEMDEV_BLOCK_STATE_OFFLINE)
		return 0;
	if (rc != -EINTR)
		return rc;
	end = memdev_watch_check(watch);
	return end ?: -EAGAIN;
}

/**
 * memdev_block_online() - bring a block to where it belongs
 * @addr: physical address of the block
 * @type: where that is
 *
 * Somebody may have been quicker and have brought the block online elsewhere,
 * udev or the machine's policy: then it is taken offline and tried again.
 *
 * Context: Sleeps, takes mm's locks.
 * Return: 0; -ENODEV if there is no such block; or the kernel's reason why it
 * does not go.
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
 * @watch: what ends it
 * @slice_ms: end it after so many ms, too; 0 for not
 *
 * Context: Sleeps, takes mm's locks.
 * Return: 0, also if it is offline already; -ENODEV if there is no such block;
 * -EAGAIN when the slice is over; what memdev_watch_check() says; or the
 * kernel's reason: -EBUSY for pages that cannot be moved, -EINVAL for a block
 * with holes, or what a notifier said.
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
