/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A window to measure in, the regions for it, and a second book of what is
 * free, by which every answer is judged.
 */
#ifndef _MEMDEV_BENCH_GROUND_H
#define _MEMDEV_BENCH_GROUND_H

#include "../window.h"

/* A multiple of whatever the cases align to */
#define BASE		BIT_ULL(46)

/* No block */
#define NOWHERE		U64_MAX

/**
 * struct ground - a window, and what it holds
 * @w: the window and its regions
 * @blocks: its blocks
 * @ends: the second book: for each block the one behind the region that has
 *        it, or 0. It is kept while no clock runs.
 * @ids: a name for each region
 * @spare: the regions that are in nobody's use; the last one is taken next.
 *         Neighbours in memory are none in the window, as with the driver's.
 * @nr_spare: how many
 * @taken: the other ones, in no order
 * @nr_taken: how many
 * @place: where in @taken each region is
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

/* The same numbers in every run: what differs is what took longer. */
u64 below(u64 nr);

u64 address_of(u64 block);
u64 block_of(u64 address);

/* A request for so many blocks, aligned to so many */
struct memdev_alloc_request request(u64 nr, u64 align);

void ground_init(struct ground *g, u64 blocks, unsigned int nr_regions);
void ground_free(struct ground *g);

/* The last of the spare ones is in use; one that was in use is not. */
struct memdev_region *ground_take(struct ground *g);
void ground_give(struct ground *g, struct memdev_region *r);

/* What was created must have been free, and what is destroyed not. */
void book_create(struct ground *g, u64 block, u64 nr);
void book_destroy(struct ground *g, u64 block, u64 nr);

/* The lowest block at which there is room by the second book, or NOWHERE */
u64 book_fit(const struct ground *g, u64 nr, u64 align);

u64 book_largest_free(const struct ground *g);
unsigned int book_gaps(const struct ground *g);

/* A region where the case wants it, with a slot or MEMDEV_SLOT_NONE */
void ground_lay(struct ground *g, u64 block, u64 nr, int slot);
void ground_clear(struct ground *g, struct memdev_region *r);

/* It is refused in the words of a search that found nothing. */
void check_refused(const struct ground *g,
		   const struct memdev_alloc_request *req);

/* Who has this block is told, and it is the one. */
void check_owner(const struct ground *g, u64 address, const char *id);

#endif /* _MEMDEV_BENCH_GROUND_H */
