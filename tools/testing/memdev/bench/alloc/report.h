/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time batches of operations and print a table of them.
 */
#ifndef _MEMDEV_BENCH_REPORT_H
#define _MEMDEV_BENCH_REPORT_H

#include <linux/compiler.h>
#include <linux/types.h>

/**
 * struct samples - times of batches
 * @ns: time of one operation, for each batch
 * @nr: number of batches
 * @max: number of batches that @ns has room for
 */
struct samples {
	double *ns;
	unsigned int nr;
	unsigned int max;
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

/* Monotonic time, and CPU time of this thread; both in ns */
struct moment {
	u64 clock;
	u64 cpu;
};

struct moment now(void);

/* Time since @begin, without the time in which the CPU ran something else */
double ns_since(struct moment begin);

/* Record a batch that began at @begin. */
void samples_add(struct samples *s, struct moment begin, unsigned int batch);

/* Measure the overhead of reading the clocks. Call this first. */
void report_begin(void);

__printf(1, 2)
void report_section(const char *fmt, ...);

/* Print a row unless there are no samples, and free the samples. */
void report_row(const struct row *row, struct samples *s);

void report_end(void);

#endif /* _MEMDEV_BENCH_REPORT_H */
