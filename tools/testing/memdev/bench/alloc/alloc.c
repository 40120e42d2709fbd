// SPDX-License-Identifier: GPL-2.0
/*
 * How long the allocator takes, from a few regions to very many.
 *
 * Only its own calls are timed. When the clock has stopped each answer of the
 * batch is compared with what it has to be, and the first that is wrong ends
 * the run. No reasons are asked for while the clock runs, as libc's vsnprintf()
 * would be measured; a refusal is asked for once more for its words.
 *
 * -n MAX	at most so many regions (500000)
 * -r N		so many batches for each row (500)
 * -o FILE	the rows as JSON, too
 */
#include <errno.h>
#include <linux/kernel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"

#define REGIONS_MIN	10
/* With many more the window has no gaps that are worth a search. */
#define REGIONS_MAX	500000
#define BATCHES_MAX	10000

unsigned int max_regions = REGIONS_MAX, batches = 500;

/* What was measured of a wrong answer is worth nothing. */
void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

unsigned int next_level(unsigned int above, unsigned int peak, unsigned int max)
{
	unsigned int next = REGIONS_MIN;

	while (next <= above)
		next *= 10;
	if (peak > above && peak < next)
		next = peak;
	if (next > max)
		next = max;
	return next > above ? next : 0;
}

int create(struct ground *g, const struct memdev_alloc_request *req,
	   struct memdev_region *r)
{
	int rc;

	rc = memdev_alloc_fit(&g->w.a, req, r, NULL);
	if (!rc)
		memdev_alloc_insert(&g->w.a, r);
	return rc;
}

static unsigned int parse(const char *arg, unsigned int low, unsigned int high)
{
	unsigned long nr;
	char *end;

	errno = 0;
	nr = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || nr < low || nr > high) {
		fprintf(stderr, "'%s' is not a number from %u to %u\n", arg,
			low, high);
		exit(2);
	}
	return nr;
}

int main(int argc, char **argv)
{
	const char *json = NULL;
	size_t window;
	int c;

	while ((c = getopt(argc, argv, "n:r:o:")) != -1) {
		switch (c) {
		case 'n':
			max_regions = parse(optarg, REGIONS_MIN, REGIONS_MAX);
			break;
		case 'r':
			batches = parse(optarg, 1, BATCHES_MAX);
			break;
		case 'o':
			json = optarg;
			break;
		default:
			fprintf(stderr, "usage: %s [-n MAX] [-r BATCHES] [-o FILE]\n",
				argv[0]);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "'%s' is not an option\n", argv[optind]);
		return 2;
	}

	report_begin("alloc", json);
	packed_cases();
	worst_cases();
	churn_cases();

	window = sizeof(struct memdev_alloc) + BLOCKS / 8 +
		 MEMDEV_SLOTS_MAX / 8;
	printf("\n# a region takes %zu bytes, the window of 64 TiB %zu: a bit for each block\n"
	       "# (%llu bytes) and each slot (%d), and %zu bytes\n",
	       sizeof(struct memdev_region), window, BLOCKS / 8,
	       MEMDEV_SLOTS_MAX / 8, sizeof(struct memdev_alloc));
	report_end(sizeof(struct memdev_region), window);
	return 0;
}
