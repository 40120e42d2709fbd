// SPDX-License-Identifier: GPL-2.0
/*
 * Headroom: make sure that there is enough kernel memory to add memory.
 *
 * To add memory, the kernel allocates the memmap, page tables and memory block
 * devices. None of them comes from ZONE_MOVABLE, so only the other zones count
 * here. If an allocation fails, x86 warns and the kernel leaves sections
 * behind. If a page table of the direct map cannot be allocated, the add does
 * not even fail. So do not begin an add that might run out of memory.
 *
 * memdev_headroom_check() is a policy, applied to each plug, or to each add of
 * a background plug: memory that costs more kernel memory than it provides must
 * not exhaust the machine's kernel memory. Before each add,
 * memdev_headroom_get() makes sure that the pages that the add needs are free,
 * plus a reserve.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#ifdef CONFIG_KASAN_GENERIC
#include <linux/kasan.h>
#endif

#include "internal.h"

/*
 * The reserve that each add leaves free. The watermarks alone are too low:
 * older kernels give ZONE_MOVABLE a share of min_free_kbytes, so that the
 * watermarks of the other zones fall as ZONE_MOVABLE grows.
 */
#define MEMDEV_KEEP		SZ_16M

/*
 * A block that stays offline costs kernel memory but provides none. So for such
 * blocks the reserve is MEMDEV_KEEP_OFFLINE, or the kernel memory shifted right
 * by MEMDEV_KEEP_SHIFT if that is larger.
 */
#define MEMDEV_KEEP_OFFLINE	SZ_64M
#define MEMDEV_KEEP_SHIFT	4

/*
 * Maximum ratio of ZONE_MOVABLE to the other zones. At this ratio, the memmap
 * of ZONE_MOVABLE takes a quarter of the other zones. For each GiB of
 * ZONE_MOVABLE, that leaves 48 MiB of the other zones for the page tables, page
 * cache nodes and inodes that the users of that memory need.
 */
#define MEMDEV_MOVABLE_RATIO	16

/* Bytes of kernel memory needed by adds in flight on all devices */
static atomic64_t memdev_headroom_taken = ATOMIC64_INIT(0);

/**
 * struct memdev_headroom - the machine's memory in bytes
 * @kernel: managed memory outside ZONE_MOVABLE
 * @movable: managed memory in ZONE_MOVABLE
 * @spare: the part of @kernel that is free above the min watermarks
 * @free: the part of @kernel that is free above the high watermarks
 * @available: @free plus the page cache
 */
struct memdev_headroom {
	u64 kernel;
	u64 movable;
	u64 spare;
	u64 free;
	u64 available;
};

static struct memdev_headroom memdev_headroom_query(void)
{
	struct memdev_headroom room = {};
	struct zone *zone;
	long spare, free, cache;
	int i, nid;

	for_each_online_node(nid) {
		zone = NODE_DATA(nid)->node_zones;
		room.movable += PFN_PHYS(zone_managed_pages(zone +
							    ZONE_MOVABLE));
		for (i = 0; i <= ZONE_NORMAL; i++, zone++) {
			spare = zone_page_state(zone, NR_FREE_PAGES) -
				zone_page_state(zone, NR_FREE_CMA_PAGES) -
				min_wmark_pages(zone) -
				zone->lowmem_reserve[ZONE_NORMAL];
			free = spare - (high_wmark_pages(zone) -
					min_wmark_pages(zone));
			cache = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
				zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
			room.kernel += PFN_PHYS(zone_managed_pages(zone));
			room.spare += PFN_PHYS(max(spare, 0L));
			room.free += PFN_PHYS(max(free, 0L));
			room.available += PFN_PHYS(max(free + cache, 0L));
		}
	}
	return room;
}

/* Kernel memory needed to add and online @size bytes */
static u64 memdev_headroom_cost(struct memdev_core *core, u64 size)
{
	/*
	 * Page tables of the direct map, assuming base pages. Costs that are
	 * not counted here are smaller.
	 */
	u64 cost = size / (PAGE_SIZE / sizeof(pte_t));

	if (!core->memmap_on_memory)
		cost += PHYS_PFN(size) * sizeof(struct page);
#ifdef CONFIG_KASAN_GENERIC
	cost += size >> KASAN_SHADOW_SCALE_SHIFT;
#endif
	return cost;
}

/* Check whether new blocks will probably stay offline, like existing ones */
static bool memdev_headroom_offline(struct memdev_core *core)
{
	bool offline;

	spin_lock(&core->lock);
	offline = core->online_type == MEMDEV_ONLINE_TYPE_OFFLINE ||
		  !bitmap_equal(core->online, core->plugged, core->nr_blocks);
	spin_unlock(&core->lock);
	return offline;
}

/**
 * memdev_headroom_check() - check that a plug leaves enough kernel memory
 * @core: the device
 * @size: bytes to plug
 * @why: where to put the reason, or NULL
 *
 * Online memory outside ZONE_MOVABLE provides more kernel memory than it costs.
 * ZONE_MOVABLE provides none, so a ratio limits its size. Offline memory
 * provides none either, so a reserve has to stay available.
 *
 * Context: under core->op_lock.
 * Return: 0 or -ENOMEM.
 */
int memdev_headroom_check(struct memdev_core *core, u64 size,
			  struct memdev_reason *why)
{
	u64 cost = memdev_headroom_cost(core, size);
	struct memdev_headroom room;
	u64 keep, limit, more;

	/* The memmap is allocated from the memory that is added */
	if (core->memmap_on_memory)
		return 0;

	room = memdev_headroom_query();
	limit = room.kernel * MEMDEV_MOVABLE_RATIO;
	more = limit > room.movable ? limit - room.movable : 0;
	if (core->online_type == MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE &&
	    size > more)
		return memdev_refuse(why, -ENOMEM,
				     "ZONE_MOVABLE cannot grow by %s, only by %s: it may be at most %u times as large as the other zones",
				     MEMDEV_SIZE(size),
				     MEMDEV_SIZE(ALIGN_DOWN(more, SZ_1M)),
				     MEMDEV_MOVABLE_RATIO);

	keep = max_t(u64, MEMDEV_KEEP_OFFLINE,
		     room.kernel >> MEMDEV_KEEP_SHIFT);
	if (room.available < cost + keep && memdev_headroom_offline(core))
		return memdev_refuse(why, -ENOMEM,
				     "not enough kernel memory for the memmap of %s: %s needed plus a reserve of %s while blocks are offline, %s available",
				     MEMDEV_SIZE(size), MEMDEV_SIZE(cost),
				     MEMDEV_SIZE(ALIGN_DOWN(keep, SZ_1M)),
				     MEMDEV_SIZE(ALIGN_DOWN(room.available, SZ_1M)));
	return 0;
}

/**
 * memdev_headroom_plenty() - check whether an add can do without reclaim
 * @core: the device
 * @size: bytes to add
 *
 * Return: true if enough kernel memory is free.
 */
bool memdev_headroom_plenty(struct memdev_core *core, u64 size)
{
	return memdev_headroom_query().free >=
	       memdev_headroom_cost(core, size) + MEMDEV_KEEP +
	       atomic64_read(&memdev_headroom_taken);
}

/* Allocate memory as for a memmap, so as to reclaim it, and free it again */
static int memdev_headroom_reclaim(int node, u64 size)
{
	struct page *page, *next;
	LIST_HEAD(pages);
	u64 got;

	for (got = 0; got < size; got += PAGE_SIZE) {
		page = alloc_pages_node(node, GFP_KERNEL | __GFP_NOWARN |
					__GFP_RETRY_MAYFAIL, 0);
		if (!page)
			break;
		list_add(&page->lru, &pages);
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	return got < size ? -ENOMEM : 0;
}

/*
 * Reclaim memory until @size bytes are free, without the OOM killer. A part of
 * the reclaimed pages ends up in per-CPU lists, where an add on another CPU
 * cannot get them, so reclaim that much more.
 */
static int memdev_headroom_make(int node, u64 size)
{
	u64 spare, more = size;
	int rc;

	do {
		rc = memdev_headroom_reclaim(node, more);
		spare = memdev_headroom_query().spare;
		if (spare >= size)
			return 0;
		more += size - spare;
	} while (!rc);
	return rc;
}

/**
 * memdev_headroom_get() - make sure that the kernel memory for an add is free
 * @core: the device
 * @size: bytes to add
 * @why: where to put the reason
 *
 * Other tasks may allocate the memory before the add does, so require enough
 * for all adds in flight plus a reserve. The caller must call
 * memdev_headroom_put() after the add.
 *
 * Context: under core->op_lock. Sleeps, may reclaim memory.
 * Return: 0 or -ENOMEM.
 */
int memdev_headroom_get(struct memdev_core *core, u64 size,
			struct memdev_reason *why)
{
	u64 cost = memdev_headroom_cost(core, size);
	u64 taken;
	int rc;

	taken = atomic64_add_return(cost, &memdev_headroom_taken);
	if (memdev_headroom_query().free >= taken + MEMDEV_KEEP)
		return 0;
	rc = memdev_headroom_make(core->node, taken + MEMDEV_KEEP);
	if (!rc)
		return 0;
	atomic64_sub(cost, &memdev_headroom_taken);
	return memdev_refuse(why, rc,
			     "not enough kernel memory for the memmap of %s: %s needed plus a reserve of %s",
			     MEMDEV_SIZE(size), MEMDEV_SIZE(taken),
			     MEMDEV_SIZE(MEMDEV_KEEP));
}

/**
 * memdev_headroom_put() - undo memdev_headroom_get() once the add is over
 * @core: the device
 * @size: bytes, as passed to memdev_headroom_get()
 */
void memdev_headroom_put(struct memdev_core *core, u64 size)
{
	atomic64_sub(memdev_headroom_cost(core, size), &memdev_headroom_taken);
}
