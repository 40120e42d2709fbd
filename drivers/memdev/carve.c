// SPDX-License-Identifier: GPL-2.0
/*
 * Carving: take a window out of System RAM at run time, and give it back.
 *
 * Blocks of boot memory are taken offline one by one, from the top down, until
 * there is a run of the wanted length. The run is then removed and becomes a
 * window. These hazards are handled before anything is removed:
 *
 * - x86 maps RAM with 1 GiB leaves in the direct map, and crashes if a part of
 *   a leaf is removed. So split such a leaf permanently: change the attributes
 *   of one of its pages and change them back. The page is in an offline block,
 *   so it is not in use.
 * - If a "System RAM" resource has children (the kernel's image, the crash
 *   kernel's reservation), removing a part below them fails half-way on some
 *   kernels. So only blocks above all children are taken.
 * - A block may have pages that cannot be migrated. The offline blocks above it
 *   are then brought online again, and the search continues below it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/slab.h>
#ifdef CONFIG_X86_64
#include <asm/pgtable.h>
#include <asm/set_memory.h>
#endif

#include "deadline.h"
#include "internal.h"
#include "window.h"

/* Time slice for offlining a block */
#define MEMDEV_CARVE_SLICE_MS	2000
/*
 * Deadline for carving the default window. No user asked for that window, so
 * the carving also skips blocks with more than half of their pages in use.
 */
#define MEMDEV_CARVE_LIMIT_MS	30000

#define MEMDEV_CARVE_RANGES	64

/**
 * struct memdev_carve_range - a System RAM resource
 * @start: first byte
 * @floor: first byte above all of its children
 * @end: last byte
 */
struct memdev_carve_range {
	u64 start;
	u64 floor;
	u64 end;
};

/**
 * struct memdev_carving - a search for blocks
 * @watch: the watch that ends the search
 * @node: node that the blocks must be on, or NUMA_NO_NODE for any
 * @want: number of blocks
 * @shrink: accept fewer blocks than @want, but none that are mostly in use
 * @best: length of the longest run that went offline, in blocks
 * @movable: blocks that were in ZONE_MOVABLE; bit 0 is the highest block
 * @nr_ranges: number of System RAM resources in @ranges
 * @ranges: System RAM resources, ascending
 */
struct memdev_carving {
	struct memdev_watch *watch;
	int node;
	unsigned int want;
	bool shrink;
	unsigned int best;
	unsigned long *movable;
	unsigned int nr_ranges;
	struct memdev_carve_range ranges[MEMDEV_CARVE_RANGES];
};

#ifdef CONFIG_X86_64
static bool memdev_direct_map_is_huge(u64 addr)
{
	unsigned int level;

	return lookup_address((unsigned long)__va(addr), &level) &&
	       level == PG_LEVEL_1G;
}

/* Split 1 GiB leaves of the direct map in a range that is offline */
static int memdev_direct_map_split(u64 start, u64 end)
{
	u64 addr;
	int rc;

	for (addr = start; addr < end; addr = ALIGN_DOWN(addr, SZ_1G) + SZ_1G) {
		if (!memdev_direct_map_is_huge(addr))
			continue;
		/*
		 * set_memory_uc() records the memory type in the struct page.
		 * Kernels with DEBUG_VM fill the struct page of an offline page
		 * with ones, as if a type were already set. The struct page is
		 * not in use, so clear it.
		 */
		mm_zero_struct_page(pfn_to_page(PHYS_PFN(addr)));
		rc = set_memory_uc((unsigned long)__va(addr), 1);
		if (rc)
			return rc;
		rc = set_memory_wb((unsigned long)__va(addr), 1);
		if (rc)
			return rc;
		if (memdev_direct_map_is_huge(addr))
			return -EOPNOTSUPP;
	}
	return 0;
}
#else
/*
 * Never called: memdev_carve() supports only x86-64. Other architectures either
 * refuse to remove boot memory, or use no mappings that cross memory blocks.
 */
static int memdev_direct_map_split(u64 start, u64 end)
{
	return -EOPNOTSUPP;
}
#endif

static int memdev_carve_add_range(struct resource *res, void *arg)
{
	struct memdev_carving *c = arg;

	if (res->parent != &iomem_resource ||
	    res->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED)
		return 0;

	/* @ranges is full: drop the lowest, as the search starts at the top */
	if (c->nr_ranges == MEMDEV_CARVE_RANGES) {
		memmove(c->ranges, c->ranges + 1,
			sizeof(c->ranges) - sizeof(c->ranges[0]));
		c->nr_ranges--;
	}
	c->ranges[c->nr_ranges++] = (struct memdev_carve_range){
		.start = res->start,
		.floor = res->start,
		.end = res->end,
	};
	return 0;
}

static int memdev_carve_stay_above(struct resource *res, void *arg)
{
	struct memdev_carve_range *range;
	struct memdev_carving *c = arg;
	unsigned int i;

	for (i = 0; i < c->nr_ranges; i++) {
		range = &c->ranges[i];
		if (res->start <= range->end && res->end >= range->start)
			range->floor = max(range->floor,
					   min(res->end, range->end) + 1);
	}
	return 0;
}

/*
 * walk_iomem_res_desc() does not descend into a resource that matches. So find
 * a child by a descriptor that its parent does not have. The kernel image has
 * no descriptor: use the address of one byte of the image. As blocks of the
 * image never go offline, a block that goes offline is either below that byte
 * or above the image.
 */
static void memdev_carve_find_ranges(struct memdev_carving *c)
{
	struct resource image = DEFINE_RES_MEM(__pa_symbol(&iomem_resource), 1);
	unsigned int desc;

	c->nr_ranges = 0;
	walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM |
			    IORESOURCE_BUSY, 0, U64_MAX, c,
			    memdev_carve_add_range);
	memdev_carve_stay_above(&image, c);
	for (desc = IORES_DESC_NONE + 1; desc <= IORES_DESC_CXL; desc++)
		walk_iomem_res_desc(desc, 0, 0, U64_MAX, c,
				    memdev_carve_stay_above);
}

/**
 * struct memdev_carve_undo - blocks to bring online again
 * @start: physical address of the first block
 * @nr: number of blocks
 * @movable: blocks that were in ZONE_MOVABLE; bit 0 is the highest block
 */
struct memdev_carve_undo {
	u64 start;
	unsigned int nr;
	const unsigned long *movable;
};

static void memdev_carve_undo_work(void *data)
{
	u64 block_size = memory_block_size_bytes();
	struct memdev_carve_undo *undo = data;
	u64 addr = undo->start;
	unsigned int i;
	int rc;

	/* Bit 0 of the bitmap is the highest block */
	for (i = undo->nr; i--; addr += block_size) {
		rc = memdev_block_online(addr, test_bit(i, undo->movable) ?
					 MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE :
					 MEMDEV_ONLINE_TYPE_ONLINE_KERNEL);
		if (rc) {
			pr_warn("memory%llu did not come online again: %d\n",
				addr / block_size, rc);
			memdev_missing_add(addr);
		}
	}
}

static void memdev_carve_undo(struct memdev_carving *c, u64 start,
			      unsigned int nr)
{
	struct memdev_carve_undo undo = {
		.start = start, .nr = nr, .movable = c->movable,
	};

	memdev_undo_run(memdev_carve_undo_work, &undo);
}

/*
 * Check whether offlining a block would silently undo an administrator's
 * settings: the block's hugetlb pages leave the pool, and a node that loses its
 * last memory drops out of cpusets and memory policies. The kernel itself
 * refuses to offline CMA areas and secret memory.
 */
static bool memdev_carve_dissolves(u64 addr, int node)
{
	if (node != NUMA_NO_NODE &&
	    node_present_pages(node) <= PHYS_PFN(memory_block_size_bytes()))
		return true;
	return memdev_block_has_hugetlb(addr);
}

static bool memdev_carve_is_costly(const struct memdev_carving *c, u64 addr)
{
	return c->shrink && memdev_block_free_pages(addr) <
			    PHYS_PFN(memory_block_size_bytes()) / 2;
}

static bool memdev_carve_may_take(struct memdev_carving *c, u64 addr,
				  const struct memdev_block *known)
{
	if (known->state != MEMDEV_BLOCK_STATE_KERNEL &&
	    known->state != MEMDEV_BLOCK_STATE_MOVABLE)
		return false;
	if (known->owned)
		return false;
	if (c->node != NUMA_NO_NODE && known->node != c->node)
		return false;
	if (memdev_carve_dissolves(addr, known->node))
		return false;
	/* These checks come last, as they may read every struct page */
	return !memdev_carve_is_costly(c, addr) &&
	       !memdev_block_poisoned(PHYS_PFN(addr),
				      PHYS_PFN(memory_block_size_bytes()));
}

/*
 * Take a run of @want blocks between @low and @high offline. Returns 0 and sets
 * *@start to the start of the run; -ENOENT if there is no such run; or the
 * errno that ended the search.
 */
static int memdev_carve_offline(struct memdev_carving *c, u64 low, u64 high,
				u64 *start)
{
	u64 block_size = memory_block_size_bytes();
	u64 addr = high;
	int wanted_node = c->node;
	struct memdev_block known;
	unsigned int nr = 0;
	int rc = 0;

	while (addr >= low + block_size && nr < c->want) {
		/* The remaining blocks are too few for a run */
		if (addr - low < (c->want - nr) * block_size)
			break;
		addr -= block_size;
		known = memdev_block_query(addr);
		rc = -EBUSY;
		if (memdev_carve_may_take(c, addr, &known)) {
			__assign_bit(nr, c->movable,
				     known.state == MEMDEV_BLOCK_STATE_MOVABLE);
			rc = memdev_block_offline(addr, c->watch,
						  MEMDEV_CARVE_SLICE_MS);
		}
		if (!rc) {
			/* All blocks of a run must be on one node */
			c->node = known.node;
			nr++;
			c->best = max(c->best, nr);
			continue;
		}
		rc = memdev_watch_check(c->watch);
		if (rc == -ETIMEDOUT && c->shrink && nr) {
			c->want = nr;
			addr += block_size;
			break;
		}
		memdev_carve_undo(c, addr + block_size, nr);
		c->node = wanted_node;
		nr = 0;
		if (rc)
			return rc;
	}

	if (nr == c->want) {
		*start = addr;
		return 0;
	}
	memdev_carve_undo(c, addr, nr);
	c->node = wanted_node;
	return -ENOENT;
}

static int memdev_carve_search(struct memdev_carving *c, u64 *start)
{
	u64 block_size = memory_block_size_bytes();
	struct memdev_carve_range *range;
	u64 low, high = 0;
	unsigned int i;
	int rc;

	c->best = 0;
	memdev_carve_find_ranges(c);
	for (i = c->nr_ranges; i--;) {
		range = &c->ranges[i];
		if (!high)
			high = ALIGN_DOWN(range->end + 1, block_size);
		/*
		 * Memory that was given back has its own resource, next to the
		 * one from which it was carved: search both as one range.
		 */
		if (i && range->floor == range->start &&
		    c->ranges[i - 1].end + 1 == range->start)
			continue;
		low = ALIGN(range->floor, block_size);
		rc = memdev_carve_offline(c, low, high, start);
		if (rc != -ENOENT)
			return rc;
		high = 0;
	}
	return -ENOENT;
}

/* Get how many bytes one call can remove, starting at @addr */
static u64 memdev_carve_len(const struct memdev_carving *c, u64 addr, u64 end)
{
	unsigned int i;

	/* A removal across two resources would leave a part of them behind */
	for (i = 0; i < c->nr_ranges; i++) {
		if (addr >= c->ranges[i].start && addr <= c->ranges[i].end)
			end = min(end, c->ranges[i].end + 1);
	}
	/* Remove the same chunks that are added when memory is given back */
	return memdev_chunk_len(addr, end);
}

static int memdev_carve_remove(const struct memdev_carving *c, u64 start,
			       u64 end)
{
	u64 addr, len;
	int rc = 0;

	for (addr = start; addr < end; addr += len) {
		len = memdev_carve_len(c, addr, end);
		rc = memdev_ram_remove(addr, len);
		if (rc)
			break;
	}
	if (rc && addr > start)
		memdev_carve_return(start, addr - start, c->node, NULL);
	return rc;
}

static int memdev_carve_blocks(struct memdev_carving *c, u64 *start,
			       struct memdev_reason *why)
{
	u64 size = c->want * memory_block_size_bytes();
	int rc;

	rc = memdev_carve_search(c, start);
	if (rc)
		return rc;

	rc = memdev_direct_map_split(*start, *start + size);
	if (rc) {
		memdev_refuse(why, rc,
			      "[0x%llx-0x%llx] cannot be carved: splitting its direct map failed (%d)",
			      *start, *start + size - 1, rc);
		goto err_online;
	}
	rc = memdev_carve_remove(c, *start, *start + size);
	if (rc) {
		memdev_refuse(why, rc,
			      "[0x%llx-0x%llx] cannot be carved: it is offline, but removing it failed (%d)",
			      *start, *start + size - 1, rc);
		goto err_online;
	}
	return 0;

err_online:
	memdev_carve_undo(c, *start, c->want);
	return rc;
}

static int memdev_carve_refuse(const struct memdev_carving *c, u64 size,
			       struct memdev_reason *why)
{
	u64 block_size = memory_block_size_bytes();
	unsigned int hugetlb = 0, costly = 0;
	unsigned int i;
	u64 addr;

	for (i = 0; i < c->nr_ranges; i++) {
		addr = ALIGN(c->ranges[i].floor, block_size);
		for (; addr + block_size - 1 <= c->ranges[i].end;
		     addr += block_size) {
			hugetlb += memdev_block_has_hugetlb(addr);
			costly += memdev_carve_is_costly(c, addr);
		}
	}
	return memdev_refuse(why, -EBUSY,
			     "%s cannot be carved: only %u of %llu contiguous blocks can be offlined (in total %u have hugetlb pages, %u are over half used); reserve memory at boot: window=SIZE@START",
			     MEMDEV_SIZE(size), c->best, size / block_size,
			     hugetlb, costly);
}

/**
 * memdev_carve() - take memory out of System RAM
 * @spec: size and node; on success, set to the start and the node of the carved
 *	  memory and, with @spec->shrink, to its size
 * @movable: where to put the bitmap of blocks that were in ZONE_MOVABLE, for
 *	     memdev_carve_return(); free it with bitmap_free()
 * @why: where to put the reason
 *
 * Context: Sleeps, takes mm's locks. A signal ends the search.
 * Return: 0; -EBUSY if no run of blocks can be taken offline, or not enough
 * memory is available; -EINTR; -ERESTARTNOINTR; -ETIMEDOUT; -ENOMEM;
 * -EOPNOTSUPP on architectures other than x86-64, or if the direct map cannot
 * be split; or the errno of set_memory_uc() or remove_memory().
 */
int memdev_carve(struct memdev_window_spec *spec, unsigned long **movable,
		 struct memdev_reason *why)
{
	u64 block_size = memory_block_size_bytes();
	u64 available = PFN_PHYS(max(si_mem_available(), 0L));
	struct memdev_watch watch;
	struct memdev_carving *c;
	unsigned int i;
	int rc;

	if (!IS_ENABLED(CONFIG_X86_64))
		return memdev_refuse(why, -EOPNOTSUPP,
				     "no memory can be carved on this architecture; reserve memory at boot: window=SIZE@START");
	if (spec->size > available)
		return memdev_refuse(why, -EBUSY,
				     "%s cannot be carved: only %s is available",
				     MEMDEV_SIZE(spec->size),
				     MEMDEV_SIZE(ALIGN_DOWN(available, SZ_1M)));

	c = kvzalloc_obj(*c, GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->want = spec->size / block_size;
	c->shrink = spec->shrink;
	c->movable = bitmap_zalloc(c->want, GFP_KERNEL);
	*movable = bitmap_zalloc(c->want, GFP_KERNEL);
	if (!c->movable || !*movable) {
		rc = -ENOMEM;
		goto out;
	}

	c->watch = &watch;
	memdev_watch_begin(&watch, spec->shrink ? MEMDEV_CARVE_LIMIT_MS : 0);
	watch.pauses = current->flags & PF_KTHREAD;
	do {
		c->node = spec->node;
		rc = memdev_carve_blocks(c, &spec->start, why);
		if (rc != -ENOENT || !spec->shrink || !c->best)
			break;
		/* Retry with the length of the longest run that could be offlined */
		c->want = min(c->best, c->want - 1);
	} while (c->want);
	memdev_watch_end(&watch);
	memdev_missing_warn();

	if (rc == -ENOENT)
		rc = memdev_carve_refuse(c, spec->size, why);
	else if (rc == -EINTR || rc == -ETIMEDOUT)
		memdev_refuse(why, rc, "carving %s: %s",
			      MEMDEV_SIZE(spec->size),
			      rc == -EINTR ? "interrupted" : "timed out");
	if (rc)
		goto out;

	spec->size = c->want * block_size;
	spec->node = c->node;
	for (i = 0; i < c->want; i++)
		__assign_bit(c->want - 1 - i, *movable,
			     test_bit(i, c->movable));
out:
	if (rc) {
		bitmap_free(*movable);
		*movable = NULL;
	}
	bitmap_free(c->movable);
	kvfree(c);
	return rc;
}

/* Get how many bytes one call can give back; 0 if @addr's block is poisoned */
static u64 memdev_carve_return_len(u64 addr, u64 end)
{
	u64 most = memdev_chunk_len(addr, end);
	u64 len = 0;

	while (len < most && !memdev_retired_known(addr + len))
		len += memory_block_size_bytes();
	return len;
}

/**
 * memdev_carve_return() - give carved memory back to the kernel
 * @start: physical address
 * @size: bytes
 * @node: node of the memory
 * @movable: blocks that go to ZONE_MOVABLE; NULL for none
 *
 * The kernel no longer knows which pages are poisoned, so blocks with a
 * poisoned page are not given back. Memory that cannot be added is lost until
 * the next boot; the log reports it.
 *
 * Context: Sleeps, takes mm's locks.
 */
void memdev_carve_return(u64 start, u64 size, int node,
			 const unsigned long *movable)
{
	u64 block_size = memory_block_size_bytes();
	u64 end = start + size;
	unsigned long block;
	u64 addr, len;
	int rc;

	memdev_retired_withhold(start, size);
	for (addr = start; addr < end; addr += len) {
		len = memdev_carve_return_len(addr, end);
		if (!len) {
			len = block_size;
			continue;
		}
		rc = memdev_ram_add(node, addr, len);
		if (rc)
			pr_err("%s at 0x%llx could not be given back: %d\n",
			       MEMDEV_SIZE(len), addr, rc);
	}

	for (addr = start; addr < end; addr += block_size) {
		block = div64_u64(addr - start, block_size);
		rc = memdev_block_online(addr,
					 movable && test_bit(block, movable) ?
					 MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE :
					 MEMDEV_ONLINE_TYPE_ONLINE_KERNEL);
		if (rc && rc != -ENODEV)
			pr_err("memory%llu did not come online again: %d\n",
			       addr / block_size, rc);
		if (rc)
			memdev_missing_add(addr);
	}
	memdev_missing_warn();
}
