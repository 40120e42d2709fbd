// SPDX-License-Identifier: GPL-2.0
/*
 * First fit over the blocks of a window, and all that is checked before.
 *
 * Order and words of the checks are those of QEMU's pc-dimm and memory-device,
 * as Documentation/driver-api/memdev.rst tells. A bit for each block makes the
 * search for a gap one scan of a bitmap, however many regions there are; a tree
 * finds the region that is in the way of an address.
 *
 * No sum here wraps around: a window may reach to the end of 64 bits.
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
 * memdev_alloc_init() - a window without regions
 * @a: the window
 * @start: its physical address, a multiple of the block size
 * @size: its size in bytes, likewise
 * @block_shift: log2 of the block size
 * @map: zeroed, a bit for each block; stays the caller's
 * @slots: zeroed, MEMDEV_SLOTS_MAX bits; stays the caller's
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

/* The lowest region that has a part of a range, or NULL */
static const struct memdev_region *
memdev_alloc_conflict(const struct memdev_alloc *a, u64 start, u64 size)
{
	struct rb_node *node = a->regions.rb_node;
	const struct memdev_region *r, *lowest = NULL;

	/* The lowest one that ends above the start of the range ... */
	while (node) {
		r = to_region(node);
		if (r->start + (r->size - 1) < start) {
			node = node->rb_right;
		} else {
			lowest = r;
			node = node->rb_left;
		}
	}
	/* ... is in the way if it starts below its end */
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
					   "%s at 0x%llx is outside of the window: %s at 0x%llx",
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

	/* The model says so only of what would pass the end of 64 bits */
	if (req->size - 1 > ~a->start)
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
					   "%s is too big for the window",
					   MEMDEV_SIZE(req->size));

	do {
		/* The window's start is aligned, so are multiples of the step */
		first = ALIGN(find_next_zero_bit(a->map, a->nr_blocks, next),
			      step);
		if (nr > a->nr_blocks || first > a->nr_blocks - nr)
			return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
						   "no free range of %s with the alignment %s",
						   MEMDEV_SIZE(req->size),
						   MEMDEV_SIZE(req->align));
		next = find_next_bit(a->map, first + nr, first);
	} while (next < first + nr);

	r->start = a->start + ((u64)first << a->block_shift);
	return 0;
}

/**
 * memdev_alloc_fit() - where a region can go
 * @a: the window, NULL for none
 * @req: what the region shall be
 * @r: where to put the start, the size and the slot; for
 *     memdev_alloc_insert(). Its @id is left alone.
 * @why: where to put the reason
 *
 * The first check that fails is the one that is told.
 *
 * Return: 0; -ENODEV without a window; -EINVAL for what can never be; -ERANGE
 * for an address that is not of the window; -EBUSY for an address or a slot
 * that is taken; -ENOSPC where nothing is left.
 */
int memdev_alloc_fit(const struct memdev_alloc *a,
		     const struct memdev_alloc_request *req,
		     struct memdev_region *r, struct memdev_reason *why)
{
	int rc;

	if (!a || !a->nr_blocks)
		return memdev_refuse(why, -ENODEV,
				     "there is no window: make one by writing to /sys/bus/memdev/new_window");

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
					   "%s is too much: %s of %s are in use",
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
 * memdev_alloc_insert() - give away what memdev_alloc_fit() found
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
 * memdev_alloc_remove() - take a region back
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
 * memdev_alloc_next() - the regions by address
 * @a: the window
 * @r: a region of it, or NULL
 *
 * Return: the region above @r, the lowest one for NULL; NULL after the last.
 */
struct memdev_region *memdev_alloc_next(const struct memdev_alloc *a,
					struct memdev_region *r)
{
	struct rb_node *node = r ? rb_next(&r->node) : rb_first(&a->regions);

	return node ? to_region(node) : NULL;
}

/**
 * memdev_alloc_largest_free() - the largest gap
 * @a: the window
 *
 * Return: its size in bytes.
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
