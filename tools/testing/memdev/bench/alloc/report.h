/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a benchmark measured, as a table and as JSON.
 */
#ifndef _MEMDEV_BENCH_REPORT_H
#define _MEMDEV_BENCH_REPORT_H

#include <linux/compiler.h>
#include <linux/types.h>

/**
 * struct samples - what each batch of operations took
 * @ns: of one operation, for each batch
 * @nr: number of batches
 * @max: for how many there is room
 */
struct samples {
	double *ns;
	unsigned int nr;
	unsigned int max;
};

/**
 * struct row - what was measured
 * @name: the case; stays the caller's
 * @op: create, lookup, destroy or find; likewise
 * @regions: how many there were
 * @gaps: how many gaps were between them
 * @batch: operations of a batch
 */
struct row {
	const char *name;
	const char *op;
	unsigned int regions;
	unsigned int gaps;
	unsigned int batch;
};

/* By the clock, and what this thread has had of the CPU; both in ns */
struct moment {
	u64 clock;
	u64 cpu;
};

struct moment now(void);

/* If something else had the CPU meanwhile its time is left out. */
double ns_since(struct moment begin);

/* A batch that began then is over. All of a row have as many operations. */
void samples_add(struct samples *s, struct moment begin, unsigned int batch);

/*
 * Finds out what looking at the clock takes. @json: where to put JSON, or NULL;
 * what another run left there is gone at once, whatever comes of this one.
 */
void report_begin(const char *bench, const char *json);

/* Tells how often something else had the CPU, and writes the JSON. */
void report_end(size_t bytes_per_region, size_t bytes_per_window);

__printf(1, 2)
void report_section(const char *fmt, ...);

/* Leaves no samples. Without any there is no row. */
void report_row(const struct row *row, struct samples *s);

#endif /* _MEMDEV_BENCH_REPORT_H */
