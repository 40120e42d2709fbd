// SPDX-License-Identifier: GPL-2.0
/*
 * Time batches of operations and print a table of them.
 */
#include <linux/kernel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

#define CALIBRATIONS	1001

/* End a search that loops forever; a section takes a small fraction of this. */
#define SECONDS_MAX	600

/* The overhead of reading the clocks, which each batch includes */
static double clock_overhead, cpu_overhead;

/* Use the CPU time if the CPU ran something else for longer than this. */
#define PREEMPTED_NS	1000
static unsigned long nr_preempted;

static u64 read_clock(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t)) {
		perror("clock_gettime");
		exit(2);
	}
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Read the cheaper clock next to the measured code. */
struct moment now(void)
{
	struct moment m;

	m.cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
	m.clock = read_clock(CLOCK_MONOTONIC);
	return m;
}

static void since(struct moment begin, double *clock, double *cpu)
{
	*clock = read_clock(CLOCK_MONOTONIC) - begin.clock - clock_overhead;
	*cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - begin.cpu - cpu_overhead;
}

static void samples_put(struct samples *s, double ns)
{
	if (s->nr == s->max) {
		s->max = s->max ? 2 * s->max : 1024;
		s->ns = realloc(s->ns, s->max * sizeof(*s->ns));
		if (!s->ns) {
			perror("realloc");
			exit(2);
		}
	}
	s->ns[s->nr++] = ns;
}

double ns_since(struct moment begin)
{
	double clock, cpu;

	since(begin, &clock, &cpu);
	if (clock - cpu > PREEMPTED_NS) {
		nr_preempted++;
		clock = cpu;
	}
	return clock > 0 ? clock : 0;
}

void samples_add(struct samples *s, struct moment begin, unsigned int batch)
{
	samples_put(s, ns_since(begin) / batch);
}

static int compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void sort(struct samples *s)
{
	qsort(s->ns, s->nr, sizeof(*s->ns), compare_doubles);
}

/* The smallest of the sorted samples that @percent of them do not exceed */
static double percentile(const struct samples *s, unsigned int percent)
{
	return s->ns[((u64)s->nr * percent + 99) / 100 - 1];
}

static void samples_free(struct samples *s)
{
	free(s->ns);
	*s = (struct samples){};
}

void report_begin(void)
{
	struct samples clocks = {}, cpus = {};
	double clock, cpu;
	unsigned int i;

	for (i = 0; i < CALIBRATIONS; i++) {
		since(now(), &clock, &cpu);
		samples_put(&clocks, clock);
		samples_put(&cpus, cpu);
	}
	sort(&clocks);
	sort(&cpus);
	clock_overhead = percentile(&clocks, 50);
	cpu_overhead = percentile(&cpus, 50);
	samples_free(&clocks);
	samples_free(&cpus);
	printf("# %.0f ns for reading the clock are subtracted from each batch\n",
	       clock_overhead);
}

void report_section(const char *fmt, ...)
{
	va_list args;

	alarm(SECONDS_MAX);
	printf("\n# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n%-18s%8s%8s %-8s%6s%9s%12s%12s%12s\n", "case", "regions",
	       "gaps", "op", "batch", "batches", "median ns", "p99 ns",
	       "max ns");
}

void report_row(const struct row *row, struct samples *s)
{
	if (s->nr) {
		sort(s);
		printf("%-18s%8u%8u %-8s%6u%9u%12.1f%12.1f%12.1f\n", row->name,
		       row->regions, row->gaps, row->op, row->batch, s->nr,
		       percentile(s, 50), percentile(s, 99),
		       percentile(s, 100));
		fflush(stdout);
	}
	samples_free(s);
}

void report_end(void)
{
	printf("# other work ran on the CPU during %lu batches; its time is subtracted\n",
	       nr_preempted);
}
