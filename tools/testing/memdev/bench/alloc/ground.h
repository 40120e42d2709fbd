/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A window for measurements, its regions, and a shadow map of used blocks to
 * check every result against.
 */
#ifndef _MEMDEV_BENCH_GROUND_H
#define _MEMDEV_BENCH_GROUND_H

#include "../window.h"

/* A multiple of every alignment that the cases use */
#define BASE		BIT_ULL(46)

/* No block */
#define NOWHERE		U64_MAX

/**
 * struct ground - a window and its regions
 * @w: the window
 * @blocks: size of the window in blocks
 * @ends: the shadow map: for each used block the first block after its region,
 *        or 0 for a free block. It is updated between batches.
 * @ids: a name for each region
 * @spare: unused regions, shuffled, so that neighbours in the window are not
 *         neighbours in memory; the last is used next
 * @nr_spare: number of unused regions
 * @taken: used regions in no particular order
 * @nr_taken: number of used regions
 * @place: each region's index in @taken
 */
struct ground {
	struct window w;
	u64 blocks;
	u32 *ends;
	char (*ids)[12];
	struct memdev_region **spare;
	unsigned int nr_spare;
	struct memdev_region **taken;
	unsigned int nr_taken;
	unsigned int *place;
};

/* Bounds of the number of regions */
#define REGIONS_MIN	10
/* With more regions, the window has few gaps. */
#define REGIONS_MAX	500000

/* Operations in a batch; fewer if they take long */
#define BATCH		64

/* 64 TiB */
#define BLOCKS		((64ULL << 40) / BLOCK)

/* Options: maximum number of regions, number of batches per row */
extern unsigned int max_regions, batches;

/*
 * Return the smallest of 10, 100, 1000, ..., @peak (unless 0) and @max that
 * exceeds @above, or 0 if there is none.
 */
unsigned int next_level(unsigned int above, unsigned int peak,
			unsigned int max);

/* Random, but the same in every run, so that runs can be compared */
u64 below(u64 nr);

u64 address_of(u64 block);
u64 block_of(u64 address);

/* A request for @nr blocks aligned to @align blocks */
struct memdev_alloc_request request(u64 nr, u64 align);

void ground_init(struct ground *g, u64 blocks, unsigned int nr_regions);
void ground_free(struct ground *g);

/* Take an unused region; give back a used one. */
struct memdev_region *ground_take(struct ground *g);
void ground_give(struct ground *g, struct memdev_region *r);

/* Mark free blocks as used, or used blocks as free. */
void shadow_create(struct ground *g, u64 block, u64 nr);
void shadow_destroy(struct ground *g, u64 block, u64 nr);

/* The lowest place for @nr blocks in the shadow map, or NOWHERE */
u64 shadow_fit(const struct ground *g, u64 nr, u64 align);

u64 shadow_largest_free(const struct ground *g);
unsigned int shadow_gaps(const struct ground *g);

/* Find a place for a region and insert it there. */
int create(struct ground *g, const struct memdev_alloc_request *req,
	   struct memdev_region *r);

/* Insert a region at a block, with a slot or MEMDEV_SLOT_NONE; remove one. */
void ground_lay(struct ground *g, u64 block, u64 nr, int slot);
void ground_clear(struct ground *g, struct memdev_region *r);

/* Check that the request is refused for lack of a free range. */
void check_refused(const struct ground *g,
		   const struct memdev_alloc_request *req);

/* Check that the block is refused because region @id uses it. */
void check_owner(const struct ground *g, u64 address, const char *id);

#endif /* _MEMDEV_BENCH_GROUND_H */
