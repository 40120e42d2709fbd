// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the tests of the allocator and tells in TAP what became of them.
 *
 * SEED=N repeats the random part of the run that printed this seed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

/* Where everything goes wrong, the first lines tell as much as all of them. */
#define COMPLAINTS_MAX 10

/* Many times what it takes: a search that does not end is ended. */
#define SECONDS_MAX 300

static unsigned int passed, failed, complaints;

void unit_begin(void)
{
	complaints = 0;
}

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	if (complaints++ >= COMPLAINTS_MAX)
		return;
	printf("# %s:%d: ", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

void unit_end(const char *fmt, ...)
{
	va_list args;

	if (complaints > COMPLAINTS_MAX)
		printf("# %u more\n", complaints - COMPLAINTS_MAX);
	printf("%s %u - ", complaints ? "not ok" : "ok", passed + failed + 1);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	/* What is known when a sanitizer ends the run shall be on record. */
	fflush(stdout);
	if (complaints)
		failed++;
	else
		passed++;
}

static u64 seed_of_this_run(void)
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
	u64 seed = seed_of_this_run();

	alarm(SECONDS_MAX);
	printf("TAP version 13\n");
	vector_tests();
	place_tests();
	books_tests();
	printf("# SEED=%llu\n", seed);
	model_tests(seed);
	printf("1..%u\n", passed + failed);
	printf("# %u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
