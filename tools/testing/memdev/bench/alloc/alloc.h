/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the cases of the allocator's benchmark share.
 */
#ifndef _MEMDEV_BENCH_ALLOC_H
#define _MEMDEV_BENCH_ALLOC_H

#include "ground.h"
#include "report.h"

/* Operations of a batch, fewer where one takes long */
#define BATCH		64

/* 64 TiB */
#define BLOCKS		((64ULL << 40) / BLOCK)

/* What the user wants: at most so many regions, so many batches of each row */
extern unsigned int max_regions, batches;

/*
 * The least that is above @above of 10, 100, 1000 ..., of @peak, where the case
 * has one, and of @max; or 0.
 */
unsigned int next_level(unsigned int above, unsigned int peak,
			unsigned int max);

/* Finds a place for a region, and gives it away */
int create(struct ground *g, const struct memdev_alloc_request *req,
	   struct memdev_region *r);

/* The cases */
void packed_cases(void);
void worst_cases(void);
void churn_cases(void);

#endif /* _MEMDEV_BENCH_ALLOC_H */
