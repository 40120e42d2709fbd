/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which part of a window belongs to which region: pure logic. It knows bitmaps
 * and trees, and nothing of memory management.
 */
#ifndef _MEMDEV_ALLOC_H
#define _MEMDEV_ALLOC_H

#include <linux/rbtree.h>
#include <linux/types.h>

#include "reason.h"

#define MEMDEV_SLOTS_DEFAULT	256
#define MEMDEV_SLOTS_MAX	65536

/* Not a slot */
#define MEMDEV_SLOT_NONE	-1

/**
 * struct memdev_region - a range of a window that one device owns
 * @node: in the window's tree of regions
 * @start: physical address
 * @size: bytes
 * @slot: the slot that it takes, or MEMDEV_SLOT_NONE
 * @id: name of its owner, or an empty string
 */
struct memdev_region {
	struct rb_node node;
	u64 start;
	u64 size;
	int slot;
	const char *id;
};

/**
 * struct memdev_alloc - who has what of a window
 * @start: physical address of the window
 * @nr_blocks: its blocks
 * @block_shift: log2 of the block size
 * @used: bytes that regions have
 * @limit: bytes that regions may have, apart from the size of the window
 * @nr_slots: number of slots, at most MEMDEV_SLOTS_MAX
 * @map: a bit for each block, set where a region has it
 * @slots: a bit for each of MEMDEV_SLOTS_MAX slots, set where a region has it
 * @regions: the regions by address; they do not overlap
 *
 * The caller serialises all calls.
 */
struct memdev_alloc {
	u64 start;
	unsigned long nr_blocks;
	unsigned int block_shift;
	u64 used;
	u64 limit;
	unsigned int nr_slots;
	unsigned long *map;
	unsigned long *slots;
	struct rb_root regions;
};

/**
 * struct memdev_alloc_request - what a region shall be
 * @hint: the address that it must have, or 0 for the lowest that fits
 * @align: its alignment in bytes
 * @size: bytes
 * @slot: the slot that it must have, or MEMDEV_SLOT_NONE for the lowest free
 * @want_slot: it takes a slot
 */
struct memdev_alloc_request {
	u64 hint;
	u64 align;
	u64 size;
	int slot;
	bool want_slot;
};

void memdev_alloc_init(struct memdev_alloc *a, u64 start, u64 size,
		       unsigned int block_shift, unsigned long *map,
		       unsigned long *slots);
int memdev_alloc_fit(const struct memdev_alloc *a,
		     const struct memdev_alloc_request *req,
		     struct memdev_region *r, struct memdev_reason *why);
void memdev_alloc_insert(struct memdev_alloc *a, struct memdev_region *r);
void memdev_alloc_remove(struct memdev_alloc *a, struct memdev_region *r);
struct memdev_region *memdev_alloc_next(const struct memdev_alloc *a,
					struct memdev_region *r);
u64 memdev_alloc_largest_free(const struct memdev_alloc *a);

#endif /* _MEMDEV_ALLOC_H */
