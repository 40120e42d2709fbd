/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory, numbers, sizes and output.
 */
#ifndef MEMDEVCTL_UTIL_H
#define MEMDEVCTL_UTIL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit status; EXIT_PART is the same as in chmem(8). */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PART = 64,
};

#define __printf(a, b)	__attribute((format(printf, a, b)))

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Whether to print each step to standard error */
extern bool verbose;

/* If verbose, print a line to standard error. */
__printf(1, 2)
void verbose_print(const char *format, ...);

/* These exit if out of memory. The caller frees the result. */
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
__printf(1, 2)
char *xasprintf(const char *format, ...);

/* Return 0, -EINVAL, -ERANGE, or -EDOM if it is not a whole number. */
int bytes_parse(const char *text, __u64 *bytes);
/* Accept the number with or without the prefix. */
int number_parse(const char *text, const char *prefix, __u32 *nr);

/* The caller frees the result. */
char *size_human(__u64 bytes);	/* rounded to one decimal: 1.9G */
char *size_exact(__u64 bytes);	/* a whole number: 1920M */
char *size_input(__u64 bytes);	/* as the kernel accepts it */
/* Append blocks to a list such as "0-3,6" or to NULL; frees the old list. */
char *blocks_add(char *list, __u32 first, __u32 count);

void json_string(FILE *f, const char *s);
/*
 * Flush f and report a write error, unless the reader of a pipe is gone. Returns
 * 0 or EXIT_FAILED.
 */
int output_flush(FILE *f, const char *name);
/* True for a terminal that can show colors and erase a line. */
bool is_terminal(int fd);

#endif /* MEMDEVCTL_UTIL_H */
