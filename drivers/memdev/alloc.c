// SPDX-License-Identifier: GPL-2.0
/*
 * Place a region in a window: checks, then first fit.
 *
 * The checks and their order are those of QEMU's pc-dimm and memory-device, see
 * Documentation/driver-api/memdev.rst. A bitmap has one bit for each block, so
 * that a single scan finds a gap, regardless of the number of regions. A tree
 * finds the region that conflicts with an address.
 *
 * A window may extend to the end of the 64-bit address space: sums must not
 * overflow.
 */
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/log2.h>

#include "alloc.h"

static struct memdev_region *to_region(struct rb_node *node)
{
	return rb_entry(node, struct memdev_region, node);
}

static u64 memdev_alloc_size(const struct memdev_alloc *a)
{
	return (u64)a->nr_blocks << a->block_shift;
}

static unsigned long memdev_alloc_block(const struct memdev_alloc *a, u64 addr)
{
	return (addr - a->start) >> a->block_shift;
}

/**
 * memdev_alloc_init() - initialize an empty window
 * @a: the window
 * @start: physical address of the window, a multiple of the block size
 * @size: size of the window in bytes, a multiple of the block size
 * @block_shift: log2 of the block size
 * @map: zeroed bitmap with a bit for each block; the caller frees it
 * @slots: zeroed bitmap of MEMDEV_SLOTS_MAX bits; the caller frees it
 */
void memdev_alloc_init(struct memdev_alloc *a, u64 start, u64 size,
		       unsigned int block_shift, unsigned long *map,
		       unsigned long *slots)
{
	*a = (struct memdev_alloc){
		.start = start,
		.nr_blocks = size >> block_shift,
		.block_shift = block_shift,
		.limit = size,
		.nr_slots = MEMDEV_SLOTS_DEFAULT,
		.map = map,
		.slots = slots,
		.regions = RB_ROOT,
	};
}

static int memdev_alloc_slot(const struct memdev_alloc *a, int slot,
			     struct memdev_region *r, struct memdev_reason *why)
{
	if (slot == MEMDEV_SLOT_NONE) {
		slot = find_first_zero_bit(a->slots, a->nr_slots);
		if (slot >= a->nr_slots)
			return memdev_refuse(why, -ENOSPC,
					     "no free slot");
	} else if (slot < 0 || slot >= a->nr_slots) {
		return memdev_refuse_about(why, MEMDEV_ABOUT_SLOT, -EINVAL,
					   "slot %d is out of range [0-%d]",
					   slot, (int)a->nr_slots - 1);
	} else if (test_bit(slot, a->slots)) {
		return memdev_refuse_about(why, MEMDEV_ABOUT_SLOT, -EBUSY,
					   "slot %d is busy", slot);
	}
	r->slot = slot;
	return 0;
}

/* Return the lowest region that overlaps a range, or NULL if there is none */
static const struct memdev_region *
memdev_alloc_conflict(const struct memdev_alloc *a, u64 start, u64 size)
{
	struct rb_node *node = a->regions.rb_node;
	const struct memdev_region *r, *lowest = NULL;

	/* Find the lowest region that does not end before the range */
	while (node) {
		r = to_region(node);
		if (r->start + (r->size - 1) < start) {
			node = node->rb_right;
		} else {
			lowest = r;
			node = node->rb_left;
		}
	}
	/* The region overlaps the range unless it starts after the range */
	if (lowest && lowest->start > start && lowest->start - start >= size)
		return NULL;
	return lowest;
}

static int memdev_alloc_hint(const struct memdev_alloc *a,
			     const struct memdev_alloc_request *req,
			     struct memdev_region *r, struct memdev_reason *why)
{
	u64 window_size = memdev_alloc_size(a);
	const struct memdev_region *conflict;

	if (req->hint < a->start || req->size > window_size ||
	    req->hint - a->start > window_size - req->size)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -ERANGE,
					   "%s at 0x%llx is outside the window: %s at 0x%llx",
					   MEMDEV_SIZE(req->size), req->hint,
					   MEMDEV_SIZE(window_size), a->start);

	conflict = memdev_alloc_conflict(a, req->hint, req->size);
	if (conflict)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EBUSY,
					   "%s at 0x%llx is taken by device '%s'",
					   MEMDEV_SIZE(req->size), req->hint,
					   conflict->id[0] ? conflict->id :
							     "(unnamed)");
	r->start = req->hint;
	return 0;
}

static int memdev_alloc_first_fit(const struct memdev_alloc *a,
				  const struct memdev_alloc_request *req,
				  struct memdev_region *r,
				  struct memdev_reason *why)
{
	unsigned long step = req->align >> a->block_shift;
	unsigned long nr = req->size >> a->block_shift;
	unsigned long first, next = 0;

	/*
	 * As in QEMU, this error does not mean that the region is larger than
	 * the window, but that the region's end would exceed 64 bits.
	 */
	if (req->size - 1 > ~a->start)
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
					   "%s is too big for the window",
					   MEMDEV_SIZE(req->size));

	do {
		/*
		 * The window starts at a multiple of the alignment, so it is
		 * enough to align the block number in the window.
		 */
		first = ALIGN(find_next_zero_bit(a->map, a->nr_blocks, next),
			      step);
		if (nr > a->nr_blocks || first > a->nr_blocks - nr)
			return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
						   "no free range of %s with alignment %s",
						   MEMDEV_SIZE(req->size),
						   MEMDEV_SIZE(req->align));
		next = find_next_bit(a->map, first + nr, first);
	} while (next < first + nr);

	r->start = a->start + ((u64)first << a->block_shift);
	return 0;
}

/**
 * memdev_alloc_fit() - find a place for a region
 * @a: the window, or NULL if there is none
 * @req: requirements of the region
 * @r: where to put the start, the size and the slot, for
 *     memdev_alloc_insert(); its @id is not changed
 * @why: where to put the reason for a failure
 *
 * Only the first check that fails is reported.
 *
 * Return: 0; -ENODEV if there is no window; -EINVAL for an invalid slot,
 * alignment, address or size; -ERANGE for an address outside the window; -EBUSY
 * if the address or the slot is taken; -ENOSPC if no slot or range is free, or
 * the limit is exceeded.
 */
int memdev_alloc_fit(const struct memdev_alloc *a,
		     const struct memdev_alloc_request *req,
		     struct memdev_region *r, struct memdev_reason *why)
{
	int rc;

	if (!a || !a->nr_blocks)
		return memdev_refuse(why, -ENODEV,
				     "there is no window: create one by writing to /sys/bus/memdev/new_window");

	r->slot = MEMDEV_SLOT_NONE;
	if (req->want_slot) {
		rc = memdev_alloc_slot(a, req->slot, r, why);
		if (rc)
			return rc;
	}
	if (!is_power_of_2(req->align) || req->align >> a->block_shift == 0 ||
	    !IS_ALIGNED(a->start, req->align))
		return memdev_refuse_about(why, MEMDEV_ABOUT_ALIGN, -EINVAL,
					   "alignment %s is not supported",
					   MEMDEV_SIZE(req->align));
	if (req->size > a->limit || a->used > a->limit - req->size)
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
					   "%s is too much: %s of %s is in use",
					   MEMDEV_SIZE(req->size),
					   MEMDEV_SIZE(a->used),
					   MEMDEV_SIZE(a->limit));
	if (!IS_ALIGNED(req->hint, req->align))
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EINVAL,
					   "address 0x%llx is not a multiple of the alignment %s",
					   req->hint, MEMDEV_SIZE(req->align));
	if (!IS_ALIGNED(req->size, req->align))
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -EINVAL,
					   "%s is not a multiple of the alignment %s",
					   MEMDEV_SIZE(req->size),
					   MEMDEV_SIZE(req->align));
	if (!req->size)
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -EINVAL,
					   "a memory device needs a size");

	r->size = req->size;
	return req->hint ? memdev_alloc_hint(a, req, r, why) :
			   memdev_alloc_first_fit(a, req, r, why);
}

static bool memdev_region_less(struct rb_node *node,
			       const struct rb_node *parent)
{
	return to_region(node)->start <
	       rb_entry(parent, struct memdev_region, node)->start;
}

/**
 * memdev_alloc_insert() - reserve the range that memdev_alloc_fit() found
 * @a: the window
 * @r: the region
 */
void memdev_alloc_insert(struct memdev_alloc *a, struct memdev_region *r)
{
	rb_add(&r->node, &a->regions, memdev_region_less);
	bitmap_set(a->map, memdev_alloc_block(a, r->start),
		   r->size >> a->block_shift);
	if (r->slot != MEMDEV_SLOT_NONE)
		__set_bit(r->slot, a->slots);
	a->used += r->size;
}

/**
 * memdev_alloc_remove() - free a region's place
 * @a: the window
 * @r: the region
 */
void memdev_alloc_remove(struct memdev_alloc *a, struct memdev_region *r)
{
	rb_erase(&r->node, &a->regions);
	bitmap_clear(a->map, memdev_alloc_block(a, r->start),
		     r->size >> a->block_shift);
	if (r->slot != MEMDEV_SLOT_NONE)
		__clear_bit(r->slot, a->slots);
	a->used -= r->size;
}

/**
 * memdev_alloc_next() - get the next region by address
 * @a: the window
 * @r: a region of the window, or NULL for the lowest
 *
 * Return: the next region above @r, or NULL after the last one.
 */
struct memdev_region *memdev_alloc_next(const struct memdev_alloc *a,
					struct memdev_region *r)
{
	struct rb_node *node = r ? rb_next(&r->node) : rb_first(&a->regions);

	return node ? to_region(node) : NULL;
}

/**
 * memdev_alloc_largest_free() - get the size of the largest gap
 * @a: the window
 *
 * Return: the size in bytes.
 */
u64 memdev_alloc_largest_free(const struct memdev_alloc *a)
{
	unsigned long first, last = 0, largest = 0;

	for (;;) {
		first = find_next_zero_bit(a->map, a->nr_blocks, last);
		if (first >= a->nr_blocks)
			break;
		last = find_next_bit(a->map, a->nr_blocks, first);
		if (last - first > largest)
			largest = last - first;
	}
	return (u64)largest << a->block_shift;
}
