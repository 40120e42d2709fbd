// SPDX-License-Identifier: GPL-2.0
/*
 * First fit over the blocks of a window.
 */
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/minmax.h>

#include "alloc.h"

/**
 * memdev_alloc_init() - an empty block map
 * @a: the map
 * @start: physical address of the window, a multiple of the block size
 * @size: its size in bytes, likewise
 * @block_shift: log2 of the block size
 *
 * Return: 0, or -ENOMEM.
 */
int memdev_alloc_init(struct memdev_alloc *a, u64 start, u64 size,
		      unsigned int block_shift)
{
	a->start = start;
	a->nr_blocks = size >> block_shift;
	a->block_shift = block_shift;
	a->used = 0;
	INIT_LIST_HEAD(&a->regions);
	a->map = bitmap_zalloc(a->nr_blocks, GFP_KERNEL);
	return a->map ? 0 : -ENOMEM;
}

/**
 * memdev_alloc_destroy() - free what memdev_alloc_init() allocated
 * @a: the map
 */
void memdev_alloc_destroy(struct memdev_alloc *a)
{
	bitmap_free(a->map);
	a->map = NULL;
}

static const struct memdev_region *
memdev_alloc_lowest_conflict(const struct memdev_alloc *a, u64 start, u64 size)
{
	const struct memdev_region *r;

	list_for_each_entry(r, &a->regions, list) {
		if (r->start < start + size && start < r->start + r->size)
			return r;
	}
	return NULL;
}

/**
 * memdev_alloc_find() - where a region can go
 * @a: the map
 * @hint: the address that it must have, or 0 for the lowest that fits
 * @align: alignment, a power of two and a multiple of the block size
 * @size: bytes
 * @start: where to put the address
 * @conflict: where to put the lowest region in the way of @hint
 *
 * Return: MEMDEV_FIT_OK and the address in @start, or what is wrong.
 */
enum memdev_fit memdev_alloc_find(const struct memdev_alloc *a, u64 hint,
				  u64 align, u64 size, u64 *start,
				  const struct memdev_region **conflict)
{
	u64 window_size = (u64)a->nr_blocks << a->block_shift;
	unsigned long first, nr;

	*conflict = NULL;
	if (!IS_ALIGNED(hint, align))
		return MEMDEV_FIT_UNALIGNED_HINT;
	if (!size || !IS_ALIGNED(size, align))
		return MEMDEV_FIT_UNALIGNED_SIZE;

	if (hint) {
		/* No sum that could wrap around at the end of 64 bits */
		if (hint < a->start || size > window_size ||
		    hint - a->start > window_size - size)
			return MEMDEV_FIT_OUTSIDE;
		*conflict = memdev_alloc_lowest_conflict(a, hint, size);
		if (*conflict)
			return MEMDEV_FIT_CONFLICT;
		*start = hint;
		return MEMDEV_FIT_OK;
	}

	if (size > window_size)
		return MEMDEV_FIT_TOO_BIG;

	nr = size >> a->block_shift;
	first = bitmap_find_next_zero_area_off(a->map, a->nr_blocks, 0, nr,
					       (align >> a->block_shift) - 1,
					       (a->start & (align - 1)) >>
					       a->block_shift);
	if (first >= a->nr_blocks)
		return MEMDEV_FIT_NO_ROOM;

	*start = a->start + ((u64)first << a->block_shift);
	return MEMDEV_FIT_OK;
}

/**
 * memdev_alloc_insert() - give a range that memdev_alloc_find() found away
 * @a: the map
 * @r: the region, its start and size set
 */
void memdev_alloc_insert(struct memdev_alloc *a, struct memdev_region *r)
{
	struct memdev_region *next;

	list_for_each_entry(next, &a->regions, list) {
		if (next->start > r->start)
			break;
	}
	list_add_tail(&r->list, &next->list);
	bitmap_set(a->map, (r->start - a->start) >> a->block_shift,
		   r->size >> a->block_shift);
	a->used += r->size;
}

/**
 * memdev_alloc_remove() - take a region out of the map
 * @a: the map
 * @r: the region
 */
void memdev_alloc_remove(struct memdev_alloc *a, struct memdev_region *r)
{
	list_del(&r->list);
	bitmap_clear(a->map, (r->start - a->start) >> a->block_shift,
		     r->size >> a->block_shift);
	a->used -= r->size;
}

/**
 * memdev_alloc_largest_free() - the largest gap
 * @a: the map
 *
 * Return: its size in bytes.
 */
u64 memdev_alloc_largest_free(const struct memdev_alloc *a)
{
	unsigned long first, last, largest = 0;

	for (first = find_first_zero_bit(a->map, a->nr_blocks);
	     first < a->nr_blocks;
	     first = find_next_zero_bit(a->map, a->nr_blocks, last)) {
		last = find_next_bit(a->map, a->nr_blocks, first);
		largest = max(largest, last - first);
	}
	return (u64)largest << a->block_shift;
}
