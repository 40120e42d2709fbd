// SPDX-License-Identifier: GPL-2.0
/*
 * Report test results in TAP.
 */
#include <stdarg.h>
#include <stdio.h>

#include "unit.h"

/* A broken allocator fails every step: limit the messages of one test. */
#define MESSAGES_MAX 10

static unsigned int passed, failed, messages;

void unit_begin(void)
{
	messages = 0;
}

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	if (messages++ >= MESSAGES_MAX)
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

	if (messages > MESSAGES_MAX)
		printf("# %u more\n", messages - MESSAGES_MAX);
	printf("%s %u - ", messages ? "not ok" : "ok", passed + failed + 1);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	/* A sanitizer that ends the process must not lose results. */
	fflush(stdout);
	if (messages)
		failed++;
	else
		passed++;
}

void unit_run(const struct unit_test *tests, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unit_begin();
		tests[i].run();
		unit_end("%s", tests[i].name);
	}
}

int unit_finish(void)
{
	printf("1..%u\n", passed + failed);
	printf("# %u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
