/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the cases of the allocator's benchmark.
 */
#ifndef _MEMDEV_BENCH_ALLOC_H
#define _MEMDEV_BENCH_ALLOC_H

#include "ground.h"
#include "report.h"

/* Operations in a batch; fewer if one takes long */
#define BATCH		64

/* 64 TiB */
#define BLOCKS		((64ULL << 40) / BLOCK)

/* Options: number of regions at most, number of batches for each row */
extern unsigned int max_regions, batches;

/*
 * Return the least of 10, 100, 1000, ..., @peak (unless 0) and @max that is above
 * @above, or 0 if there is none.
 */
unsigned int next_level(unsigned int above, unsigned int peak,
			unsigned int max);

/* Find a place for a region and insert it there. */
int create(struct ground *g, const struct memdev_alloc_request *req,
	   struct memdev_region *r);

/* The cases */
void packed_cases(void);
void worst_cases(void);
void churn_cases(void);

#endif /* _MEMDEV_BENCH_ALLOC_H */
