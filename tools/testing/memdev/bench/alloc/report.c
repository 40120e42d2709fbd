// SPDX-License-Identifier: GPL-2.0
/*
 * What a benchmark measured, as a table and as JSON.
 */
#include <linux/kernel.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

#define ROWS_MAX	256
#define LOOKS		1001

/* Many times what a section takes: a search that does not end is ended. */
#define SECONDS_MAX	600

struct result {
	struct row row;
	double median, p99, max;
};

static struct result results[ROWS_MAX];
static unsigned int nr_results;

static const char *bench_name, *json_path;
static FILE *json;

/* What is measured where nothing is done: so much is in each batch */
static double look_clock, look_cpu;

/* Batches during which something else had the CPU, for longer than that */
#define ELSE_NS		1000
static unsigned long nr_disturbed;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static u64 look(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t))
		die("clock_gettime");
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* The better clock is the last before and the first after what is measured. */
struct moment now(void)
{
	struct moment m;

	m.cpu = look(CLOCK_THREAD_CPUTIME_ID);
	m.clock = look(CLOCK_MONOTONIC);
	return m;
}

static void since(struct moment begin, double *clock, double *cpu)
{
	*clock = look(CLOCK_MONOTONIC) - begin.clock - look_clock;
	*cpu = look(CLOCK_THREAD_CPUTIME_ID) - begin.cpu - look_cpu;
}

static void samples_put(struct samples *s, double ns)
{
	if (s->nr == s->max) {
		s->max = s->max ? 2 * s->max : 1024;
		s->ns = realloc(s->ns, s->max * sizeof(*s->ns));
		if (!s->ns)
			die("realloc");
	}
	s->ns[s->nr++] = ns;
}

double ns_since(struct moment begin)
{
	double clock, cpu;

	since(begin, &clock, &cpu);
	if (clock - cpu > ELSE_NS) {
		nr_disturbed++;
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

/* The least sample that so much of a hundred are not above; they are sorted. */
static double percentile(const struct samples *s, unsigned int percent)
{
	return s->ns[((u64)s->nr * percent + 99) / 100 - 1];
}

static double take_median(struct samples *s)
{
	double median;

	qsort(s->ns, s->nr, sizeof(*s->ns), compare_doubles);
	median = percentile(s, 50);
	free(s->ns);
	return median;
}

void report_begin(const char *bench, const char *path)
{
	struct samples clocks = {}, cpus = {};
	double clock, cpu;
	unsigned int i;

	bench_name = bench;
	json_path = path;
	if (path) {
		json = fopen(path, "w");
		if (!json)
			die(path);
	}
	for (i = 0; i < LOOKS; i++) {
		since(now(), &clock, &cpu);
		samples_put(&clocks, clock);
		samples_put(&cpus, cpu);
	}
	look_clock = take_median(&clocks);
	look_cpu = take_median(&cpus);
	printf("# %.0f ns for a look at the clock are taken off each batch\n",
	       look_clock);
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
	struct result *res = &results[nr_results];

	if (s->nr) {
		if (nr_results++ == ROWS_MAX) {
			fprintf(stderr, "more rows than there is room for\n");
			exit(2);
		}
		qsort(s->ns, s->nr, sizeof(*s->ns), compare_doubles);
		res->row = *row;
		res->median = percentile(s, 50);
		res->p99 = percentile(s, 99);
		res->max = percentile(s, 100);
		printf("%-18s%8u%8u %-8s%6u%9u%12.1f%12.1f%12.1f\n", row->name,
		       row->regions, row->gaps, row->op, row->batch, s->nr,
		       res->median, res->p99, res->max);
		fflush(stdout);
	}
	free(s->ns);
	*s = (struct samples){};
}

/* The first that /proc/cpuinfo has, such that JSON takes it */
static const char *cpu_model(void)
{
	static char line[256];
	const char *model = NULL;
	FILE *f;
	char *c;

	f = fopen("/proc/cpuinfo", "r");
	while (f && !model && fgets(line, sizeof(line), f)) {
		c = strchr(line, ':');
		if (c && !strncmp(line, "model name", 10))
			model = c + 1 + strspn(c + 1, " ");
	}
	if (f)
		fclose(f);
	if (!model)
		return "unknown";
	for (c = line; *c; c++) {
		if (*c == '\n')
			*c = '\0';
		else if (*c == '"' || *c == '\\' || *c < ' ')
			*c = ' ';
	}
	return model;
}

static void write_json(size_t bytes_per_region, size_t bytes_per_window)
{
	const struct result *res;
	bool failed;

	fprintf(json, "{\"bench\": \"%s\", \"cpu\": \"%s\", \"rows\": [",
		bench_name, cpu_model());
	for (res = results; res < results + nr_results; res++) {
		fprintf(json,
			"%s\n  {\"case\": \"%s\", \"regions\": %u, \"gaps\": %u, ",
			res == results ? "" : ",", res->row.name,
			res->row.regions, res->row.gaps);
		fprintf(json,
			"\"op\": \"%s\", \"median_ns\": %.1f, \"p99_ns\": %.1f, \"max_ns\": %.1f}",
			res->row.op, res->median, res->p99, res->max);
	}
	fprintf(json,
		"\n], \"bytes_per_region\": %zu, \"bytes_per_window\": %zu}\n",
		bytes_per_region, bytes_per_window);
	failed = ferror(json);
	if (fclose(json) || failed)
		die(json_path);
}

void report_end(size_t bytes_per_region, size_t bytes_per_window)
{
	printf("# during %lu batches something else had the CPU: its time is left out\n",
	       nr_disturbed);
	if (json)
		write_json(bytes_per_region, bytes_per_window);
}
