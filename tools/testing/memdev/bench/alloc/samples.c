// SPDX-License-Identifier: GPL-2.0
/*
 * Times of batches of operations, printed as the rows of a table. They include
 * reading the clock once per batch. The median is not affected by other work of
 * the CPU.
 */
#include <linux/kernel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "samples.h"

/* Time limit that ends an endless search; a section takes far less. */
#define SECONDS_MAX	600

u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void samples_add(struct samples *s, u64 begin, unsigned int batch)
{
	const double ns = now() - begin;

	/* Double the size at each power of two. */
	if (!(s->nr & (s->nr - 1)))
		s->ns = realloc(s->ns, (2 * s->nr + 1) * sizeof(*s->ns));
	if (!s->ns) {
		perror("realloc");
		exit(2);
	}
	s->ns[s->nr++] = ns / batch;
}

void section_print(const char *fmt, ...)
{
	va_list args;

	alarm(SECONDS_MAX);
	printf("\n# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n%-18s%8s%8s %-8s%6s%9s%12s%12s\n", "case", "regions", "gaps",
	       "op", "batch", "batches", "median ns", "max ns");
}

static int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

void row_print(const struct row *row, struct samples *s)
{
	if (s->nr) {
		qsort(s->ns, s->nr, sizeof(*s->ns), compare_doubles);
		printf("%-18s%8u%8u %-8s%6u%9u%12.1f%12.1f\n", row->name,
		       row->regions, row->gaps, row->op, row->batch, s->nr,
		       s->ns[s->nr / 2], s->ns[s->nr - 1]);
		fflush(stdout);
	}
	free(s->ns);
	*s = (struct samples){};
}
