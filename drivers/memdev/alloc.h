/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocate a window's blocks and slots to regions. Pure logic on bitmaps and
 * trees, independent of memory management.
 */
#ifndef _MEMDEV_ALLOC_H
#define _MEMDEV_ALLOC_H

#include <linux/rbtree.h>
#include <linux/types.h>

#include "reason.h"

#define MEMDEV_SLOTS_DEFAULT	256
#define MEMDEV_SLOTS_MAX	65536

/* No slot; in a request, this asks for the lowest free slot */
#define MEMDEV_SLOT_NONE	-1

/**
 * struct memdev_region - a range of a window that one device owns
 * @node: node in the window's tree of regions
 * @start: physical address
 * @size: size in bytes
 * @slot: slot number, or MEMDEV_SLOT_NONE
 * @id: id of the device, or an empty string
 */
struct memdev_region {
	struct rb_node node;
	u64 start;
	u64 size;
	int slot;
	const char *id;
};

/**
 * struct memdev_alloc - the regions of a window
 * @start: physical address of the window
 * @nr_blocks: number of blocks in the window
 * @block_shift: log2 of the block size
 * @used: sum of the regions' sizes in bytes
 * @limit: maximum of @used in bytes; independent of the size of the window
 * @nr_slots: number of slots, at most MEMDEV_SLOTS_MAX
 * @map: bitmap of the blocks that belong to a region
 * @slots: bitmap of the slots that are taken, MEMDEV_SLOTS_MAX bits
 * @regions: the regions by address; they do not overlap
 *
 * The caller serializes all calls.
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
 * struct memdev_alloc_request - requirements of a region
 * @hint: physical address, or 0 for the lowest one that fits
 * @align: alignment in bytes
 * @size: size in bytes
 * @slot: slot number, or MEMDEV_SLOT_NONE for the lowest free one
 * @want_slot: the region takes a slot
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
