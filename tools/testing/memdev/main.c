// SPDX-License-Identifier: GPL-2.0
/*
 * Run the tests of the allocator.
 *
 * SEED=N repeats the random steps of the run that printed this seed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests.h"
#include "unit.h"

/* Time limit that ends an endless search; a run takes far less. */
#define SECONDS_MAX 300

static u64 choose_seed(void)
{
	const char *env = getenv("SEED");
	struct timespec now;
	char *end;
	u64 seed;

	if (!env || !*env) {
		clock_gettime(CLOCK_REALTIME, &now);
		return now.tv_sec * 1000000000ULL + now.tv_nsec;
	}
	errno = 0;
	seed = strtoull(env, &end, 0);
	if (errno || *end) {
		fprintf(stderr, "SEED=%s is not a number\n", env);
		exit(2);
	}
	return seed;
}

int main(void)
{
	u64 seed = choose_seed();

	alarm(SECONDS_MAX);
	printf("TAP version 13\n");
	vector_tests();
	placement_tests();
	accounting_tests();
	printf("# SEED=%llu\n", seed);
	model_tests(seed);
	return unit_finish();
}
