// SPDX-License-Identifier: GPL-2.0
/*
 * Measure the allocator with small and very large numbers of regions.
 *
 * Only the allocator's calls are timed. Each result of a batch is checked after
 * the batch, and the first wrong one ends the run. A timed request does not ask
 * for a reason, as that would measure libc's vsnprintf(); a refused request is
 * repeated to check the reason.
 *
 * -n MAX	maximum number of regions (500000)
 * -r N		batches per row (500)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"
#include "ground.h"
#include "samples.h"

#define BATCHES_MAX	10000

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
	size_t window;
	int c;

	while ((c = getopt(argc, argv, "n:r:")) != -1) {
		switch (c) {
		case 'n':
			max_regions = parse(optarg, REGIONS_MIN, REGIONS_MAX);
			break;
		case 'r':
			batches = parse(optarg, 1, BATCHES_MAX);
			break;
		default:
			fprintf(stderr, "usage: %s [-n MAX] [-r BATCHES]\n",
				argv[0]);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "unexpected argument '%s'\n", argv[optind]);
		return 2;
	}

	packed_cases();
	worst_cases();
	churn_cases();

	window = sizeof(struct memdev_alloc) + BLOCKS / 8 +
		 MEMDEV_SLOTS_MAX / 8;
	printf("\n# a region takes %zu bytes, a window of 64 TiB %zu: a bit for each block\n"
	       "# (%llu bytes) and each slot (%d bytes), and %zu bytes more\n",
	       sizeof(struct memdev_region), window, BLOCKS / 8,
	       MEMDEV_SLOTS_MAX / 8, sizeof(struct memdev_alloc));
	return 0;
}
