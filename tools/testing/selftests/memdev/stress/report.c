// SPDX-License-Identifier: GPL-2.0
/*
 * Findings and facts about the machine. This file calls no other file.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>

#include "workers.h"

#define TRACING_ON	"/sys/kernel/tracing/tracing_on"

atomic_int stop, findings;
struct range windows[MAX_WINDOWS];
unsigned int nr_windows;
struct range extra;
bool extra_is_shared;
__u64 block, page_size;

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

/* Report a problem, and stop tracing, so that the trace ends with the cause. */
void finding(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!atomic_fetch_add(&findings, 1))
		write_text(TRACING_ON, "0");
	atomic_store(&stop, 1);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("found: %s\n", text);
}

void check_text(const char *text, const char *whose)
{
	/* Each of these messages means a driver bug. */
	if (strstr(text, "it no longer exists") ||
	    strstr(text, "adding failed (-17)") ||
	    strstr(text, "adding failed (-22)") ||
	    strstr(text, "memmap_on_memory is off"))
		finding("%s: %s", whose, text);
}
