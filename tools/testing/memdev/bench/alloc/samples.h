/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times of batches of operations, printed as the rows of a table.
 */
#ifndef _MEMDEV_BENCH_SAMPLES_H
#define _MEMDEV_BENCH_SAMPLES_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Time of one operation in ns, for each batch */
struct samples {
	double *ns;
	unsigned int nr;
};

/**
 * struct row - description of a measurement
 * @name: the case
 * @op: create, lookup, destroy or find
 * @regions: number of regions
 * @gaps: number of gaps between them
 * @batch: operations in a batch
 */
struct row {
	const char *name;
	const char *op;
	unsigned int regions;
	unsigned int gaps;
	unsigned int batch;
};

/* Monotonic time in ns */
u64 now(void);

/* Record a batch that began at @begin. */
void samples_add(struct samples *s, u64 begin, unsigned int batch);

__printf(1, 2)
void section_print(const char *fmt, ...);

/* Print a row unless there are no samples, and free the samples. */
void row_print(const struct row *row, struct samples *s);

#endif /* _MEMDEV_BENCH_SAMPLES_H */
