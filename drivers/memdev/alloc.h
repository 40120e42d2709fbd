/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which blocks of a window belong to which region: pure logic. It knows
 * bitmaps and lists, and nothing of memory management.
 */
#ifndef _MEMDEV_ALLOC_H
#define _MEMDEV_ALLOC_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct memdev_region - a range of a window that one device owns
 * @list: in the window's list of regions, ascending address
 * @start: physical address
 * @size: bytes
 * @id: name of its owner, or an empty string
 */
struct memdev_region {
	struct list_head list;
	u64 start;
	u64 size;
	const char *id;
};

/**
 * struct memdev_alloc - the block map of a window
 * @start: physical address of the window
 * @nr_blocks: its blocks
 * @block_shift: log2 of the block size
 * @used: bytes that regions have
 * @map: a bit for each block, set where a region has it
 * @regions: the regions, ascending address
 *
 * The caller serialises all calls.
 */
struct memdev_alloc {
	u64 start;
	unsigned long nr_blocks;
	unsigned int block_shift;
	u64 used;
	unsigned long *map;
	struct list_head regions;
};

/**
 * enum memdev_fit - why a region does not fit
 * @MEMDEV_FIT_OK: it does
 * @MEMDEV_FIT_UNALIGNED_HINT: the address is not aligned
 * @MEMDEV_FIT_UNALIGNED_SIZE: the size is not a multiple of the alignment
 * @MEMDEV_FIT_OUTSIDE: the address range is not inside the window
 * @MEMDEV_FIT_TOO_BIG: no window of this size could hold it
 * @MEMDEV_FIT_CONFLICT: another region has a part of the range
 * @MEMDEV_FIT_NO_ROOM: no gap is large enough
 */
enum memdev_fit {
	MEMDEV_FIT_OK,
	MEMDEV_FIT_UNALIGNED_HINT,
	MEMDEV_FIT_UNALIGNED_SIZE,
	MEMDEV_FIT_OUTSIDE,
	MEMDEV_FIT_TOO_BIG,
	MEMDEV_FIT_CONFLICT,
	MEMDEV_FIT_NO_ROOM,
};

int memdev_alloc_init(struct memdev_alloc *a, u64 start, u64 size,
		      unsigned int block_shift);
void memdev_alloc_destroy(struct memdev_alloc *a);
enum memdev_fit memdev_alloc_find(const struct memdev_alloc *a, u64 hint,
				  u64 align, u64 size, u64 *start,
				  const struct memdev_region **conflict);
void memdev_alloc_insert(struct memdev_alloc *a, struct memdev_region *r);
void memdev_alloc_remove(struct memdev_alloc *a, struct memdev_region *r);
u64 memdev_alloc_largest_free(const struct memdev_alloc *a);

#endif /* _MEMDEV_ALLOC_H */
