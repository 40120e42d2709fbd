// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the kernel can spare the memory that an add takes.
 *
 * To add memory the kernel allocates the memmap, page tables and the block
 * devices. None of that comes from ZONE_MOVABLE, so only the other zones count
 * here. Where one of its allocations fails, x86 warns, the kernel leaves sections
 * behind, and a page table of the direct map that cannot be allocated is not even
 * noticed: so an add that may fail is not begun.
 *
 * Two questions are asked. memdev_headroom_check() is policy, asked once for
 * all that a plug is to add: memory that does not pay back what it takes must
 * not use up the machine. memdev_headroom_get() is asked for each add: the pages
 * have to be there now, and some more, for the machine to survive it.
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
 * Each add leaves this much free. Older kernels give ZONE_MOVABLE a share of
 * min_free_kbytes: the more of it there is, the less the watermarks of the other
 * zones protect.
 */
#define MEMDEV_KEEP		SZ_16M

/*
 * A block that stays offline gives nothing back: leave this much, or so much of
 * the memory that the kernel can use for itself.
 */
#define MEMDEV_KEEP_OFFLINE	SZ_64M
#define MEMDEV_KEEP_SHIFT	4

/*
 * The most memory in ZONE_MOVABLE for each byte outside. At this ratio its
 * memmap takes a quarter of what the kernel can use for itself, and each GiB of
 * it finds 48 MiB there for the page tables, the page cache's nodes and the
 * inodes that come with its use.
 */
#define MEMDEV_MOVABLE_RATIO	16

/* What adds in flight take, of all devices */
static atomic64_t memdev_headroom_taken = ATOMIC64_INIT(0);

/**
 * struct memdev_headroom - memory in bytes
 * @kernel: what the kernel can use for its own data
 * @movable: what is in ZONE_MOVABLE
 * @free: of @kernel, what is free above the high watermarks
 * @available: @free, and what holds files
 */
struct memdev_headroom {
	u64 kernel;
	u64 movable;
	u64 free;
	u64 available;
};

static struct memdev_headroom memdev_headroom_query(void)
{
	struct memdev_headroom room = {};
	struct zone *zone;
	long free, cache;
	int i, nid;

	for_each_online_node(nid) {
		zone = NODE_DATA(nid)->node_zones;
		room.movable += PFN_PHYS(zone_managed_pages(zone +
							    ZONE_MOVABLE));
		for (i = 0; i <= ZONE_NORMAL; i++, zone++) {
			free = zone_page_state(zone, NR_FREE_PAGES) -
			       zone_page_state(zone, NR_FREE_CMA_PAGES) -
			       high_wmark_pages(zone) -
			       zone->lowmem_reserve[ZONE_NORMAL];
			cache = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
				zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
			room.kernel += PFN_PHYS(zone_managed_pages(zone));
			room.free += PFN_PHYS(max(free, 0L));
			room.available += PFN_PHYS(max(free + cache, 0L));
		}
	}
	return room;
}

/* What the kernel allocates to add so many bytes and to bring them online */
static u64 memdev_headroom_cost(struct memdev_core *core, u64 size)
{
	/* The direct map, in the worst case by pages; the rest is less */
	u64 cost = size / (PAGE_SIZE / sizeof(pte_t));

	if (!core->memmap_on_memory)
		cost += PHYS_PFN(size) * sizeof(struct page);
#ifdef CONFIG_KASAN_GENERIC
	cost += size >> KASAN_SHADOW_SCALE_SHIFT;
#endif
	return cost;
}

/* Whether what is plugged next gives nothing back, as far as can be known */
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
 * memdev_headroom_check() - whether the machine can bear so much more memory
 * @core: the device
 * @size: bytes
 * @why: where to put the reason, or NULL
 *
 * Memory in a zone of the kernel's pays for itself as soon as it is online.
 * Movable memory pays back nothing that a memmap could be put in, and is
 * bounded by a ratio. Offline memory pays back nothing: much is left free.
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

	/* It brings its memmap along */
	if (core->memmap_on_memory)
		return 0;

	room = memdev_headroom_query();
	limit = room.kernel * MEMDEV_MOVABLE_RATIO;
	more = limit > room.movable ? limit - room.movable : 0;
	if (core->online_type == MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE &&
	    size > more)
		return memdev_refuse(why, -ENOMEM,
				     "ZONE_MOVABLE cannot grow by %s: %s is left to %u times the other zones",
				     MEMDEV_SIZE(size),
				     MEMDEV_SIZE(ALIGN_DOWN(more, SZ_1M)),
				     MEMDEV_MOVABLE_RATIO);

	keep = max_t(u64, MEMDEV_KEEP_OFFLINE,
		     room.kernel >> MEMDEV_KEEP_SHIFT);
	if (room.available < cost + keep && memdev_headroom_offline(core))
		return memdev_refuse(why, -ENOMEM,
				     "not enough kernel memory for the memmap of %s: %s needed and %s kept while blocks are offline, %s available",
				     MEMDEV_SIZE(size), MEMDEV_SIZE(cost),
				     MEMDEV_SIZE(ALIGN_DOWN(keep, SZ_1M)),
				     MEMDEV_SIZE(ALIGN_DOWN(room.available, SZ_1M)));
	return 0;
}

/**
 * memdev_headroom_plenty() - whether an add takes what is free anyway
 * @core: the device
 * @size: bytes
 *
 * Return: true if nothing has to be reclaimed for it.
 */
bool memdev_headroom_plenty(struct memdev_core *core, u64 size)
{
	return memdev_headroom_query().free >=
	       memdev_headroom_cost(core, size) + MEMDEV_KEEP +
	       atomic64_read(&memdev_headroom_taken);
}

/* Reclaim as the kernel would for a memmap: without killing anybody */
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

/**
 * memdev_headroom_get() - have the kernel memory for an add free
 * @core: the device
 * @size: bytes that are to be added
 * @why: where to put the reason
 *
 * Nothing keeps others from taking it before the add does: so more is asked
 * for, and adds of other devices count. memdev_headroom_put() has to follow.
 *
 * Context: under core->op_lock. Sleeps, reclaims.
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
	rc = memdev_headroom_reclaim(core->node, taken + MEMDEV_KEEP);
	if (!rc)
		return 0;
	atomic64_sub(cost, &memdev_headroom_taken);
	return memdev_refuse(why, rc,
			     "not enough kernel memory for the memmap of %s: %s needed and %s kept",
			     MEMDEV_SIZE(size), MEMDEV_SIZE(taken),
			     MEMDEV_SIZE(MEMDEV_KEEP));
}

/**
 * memdev_headroom_put() - the add is over
 * @core: the device
 * @size: as memdev_headroom_get() was told
 */
void memdev_headroom_put(struct memdev_core *core, u64 size)
{
	atomic64_sub(memdev_headroom_cost(core, size), &memdev_headroom_taken);
}
