/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Make allocations and user copies fail on demand.
 *
 * In the calling task, use /proc/thread-self/fail-nth, which is exact. The
 * module's other tasks do not exist before they run: for them, the kernel
 * counts the allocations with the module on the stack, and fails the first one
 * whose count is a multiple of an interval. The count continues from one sweep
 * step to the next; after a failure, it equals the interval.
 */
#ifndef _MEMDEV_TEST_FAULT_H
#define _MEMDEV_TEST_FAULT_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum fault_kind {
	FAULT_SLAB,
	FAULT_PAGE,
	FAULT_USERCOPY,
	NR_FAULTS
};

static const char *const fault_dirs[NR_FAULTS] = {
	[FAULT_SLAB]	 = "/sys/kernel/debug/failslab",
	[FAULT_PAGE]	 = "/sys/kernel/debug/fail_page_alloc",
	[FAULT_USERCOPY] = "/sys/kernel/debug/fail_usercopy",
};

static int fault_nth = -1;
/* End of the kernel image: only modules are above it. */
static unsigned long long fault_image_end;

static inline void fault_die(const char *what)
{
	fprintf(stderr, "fail_sweep: %s: %s\n", what, strerror(errno));
	exit(2);
}

static inline void fault_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fault_die(path);
	close(fd);
}

static inline void fault_set(enum fault_kind kind, const char *name,
			     unsigned long long val)
{
	char path[80], text[24];

	snprintf(path, sizeof(path), "%s/%s", fault_dirs[kind], name);
	snprintf(text, sizeof(text), "%llu", val);
	fault_write(path, text);
}

static inline long fault_get(enum fault_kind kind, const char *name)
{
	char path[80], text[24] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fault_dirs[kind], name);
	f = fopen(path, "re");
	if (!f || !fgets(text, sizeof(text), f))
		fault_die(path);
	fclose(f);
	return strtol(text, NULL, 0);
}

struct fault_symbol {
	unsigned long long addr;
	char type;
	char name[64];
};

/* All kernel symbols; an empty name ends the array. */
static inline struct fault_symbol *fault_symbols(void)
{
	struct fault_symbol *symbols = NULL, *s;
	size_t n = 0, room = 0;
	char line[512];
	FILE *f;

	f = fopen("/proc/kallsyms", "re");
	if (!f)
		fault_die("/proc/kallsyms");
	do {
		if (n == room) {
			room = 2 * room + 1024;
			symbols = realloc(symbols, room * sizeof(*symbols));
			if (!symbols)
				fault_die("memory");
		}
		s = &symbols[n++];
		s->name[0] = '\0';
	} while (fgets(line, sizeof(line), f) &&
		 sscanf(line, "%llx %c %63s", &s->addr, &s->type, s->name) == 3);
	s->name[0] = '\0';
	fclose(f);
	return symbols;
}

static inline bool fault_is_text(const struct fault_symbol *s)
{
	return s->type == 't' || s->type == 'T';
}

static inline bool fault_is_kmemleak(const struct fault_symbol *s)
{
	return strstr(s->name, "kmemleak") || strstr(s->name, "mem_pool") ||
	       strstr(s->name, "alloc_object") ||
	       strstr(s->name, "create_object");
}

/* Address range of consecutive functions */
struct fault_range {
	unsigned long long low;
	unsigned long long high;
};

/* The functions around @near that @is accepts, and @near itself */
static inline struct fault_range
fault_functions(const struct fault_symbol *symbols, const char *near,
		bool (*is)(const struct fault_symbol *s))
{
	unsigned long long at = 0, after = ~0ULL;
	const struct fault_symbol *s;
	struct fault_range range;

	for (s = symbols; s->name[0]; s++)
		if (!strcmp(s->name, near))
			at = s->addr;
	range = (struct fault_range){ at, at };
	if (!at)
		return range;
	for (s = symbols; s->name[0]; s++) {
		if (!fault_is_text(s) || !is || !is(s) ||
		    s->addr + 0x8000 < at || s->addr > at + 0x8000)
			continue;
		if (s->addr < range.low)
			range.low = s->addr;
		if (s->addr > range.high)
			range.high = s->addr;
	}
	/* The range ends where the next function starts. */
	for (s = symbols; s->name[0]; s++)
		if (fault_is_text(s) && s->addr > range.high && s->addr < after)
			after = s->addr;
	range.high = after;
	return range;
}

/*
 * The functions whose allocations must not fail, one range per kind. kmemleak
 * allocates an object per allocation and has a reserve: failing its allocations
 * would test nothing and take twice as long. x86 does not check the allocation
 * of page tables for the direct map, and crashes.
 */
static inline void fault_find(struct fault_range reject[NR_FAULTS])
{
	struct fault_symbol *symbols = fault_symbols(), *s;

	for (s = symbols; s->name[0]; s++)
		if (!strcmp(s->name, "_end"))
			fault_image_end = s->addr;
	if (!fault_image_end) {
		errno = ENOENT;
		fault_die("_end in /proc/kallsyms");
	}
	reject[FAULT_SLAB] = fault_functions(symbols, "kmemleak_alloc",
					     fault_is_kmemleak);
	reject[FAULT_PAGE] = fault_functions(symbols, "alloc_low_pages", NULL);
	reject[FAULT_USERCOPY] = (struct fault_range){};
	free(symbols);
}

/* Fail only allocations with a module on the stack if @only, else any. */
static inline void fault_in_module(bool only)
{
	int kind;

	for (kind = 0; kind < NR_FAULTS; kind++) {
		/* In this order, no intermediate range is empty. */
		fault_set(kind, "require-end", only ?
			  0xffffffffff000000ULL : ~0ULL);
		fault_set(kind, "require-start", only ? fault_image_end : 0);
	}
}

/* Whether this kernel has fault injection */
static inline bool fault_possible(void)
{
	int kind;

	for (kind = 0; kind < NR_FAULTS; kind++) {
		if (access(fault_dirs[kind], F_OK))
			return false;
	}
	return !access("/proc/thread-self/fail-nth", W_OK);
}

static inline void fault_open(void)
{
	struct fault_range reject[NR_FAULTS];
	int kind;

	fault_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fault_nth < 0)
		fault_die("/proc/thread-self/fail-nth");
	fault_find(reject);
	for (kind = 0; kind < NR_FAULTS; kind++) {
		fault_set(kind, "probability", 0);
		/* Log each stack, for vm/known.awk. */
		fault_set(kind, "verbose", 2);
		fault_set(kind, "verbose_ratelimit_interval_ms", 0);
		fault_set(kind, "stacktrace-depth", 32);
		fault_set(kind, "reject-start", reject[kind].low);
		fault_set(kind, "reject-end", reject[kind].high);
		fault_set(kind, "task-filter", 0);
	}
	fault_set(FAULT_SLAB, "ignore-gfp-wait", 0);
	fault_set(FAULT_SLAB, "cache-filter", 0);
	fault_set(FAULT_PAGE, "ignore-gfp-wait", 0);
	fault_set(FAULT_PAGE, "ignore-gfp-highmem", 0);
	fault_set(FAULT_PAGE, "min-order", 0);
}

/* --- in this task --------------------------------------------------------- */

static inline void fault_arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fault_nth, text, len, 0) != len)
		fault_die("fail-nth");
}

/* Whether an allocation failed since fault_arm() */
static inline bool fault_disarm(void)
{
	char text[16] = "";
	ssize_t len;

	len = pread(fault_nth, text, sizeof(text) - 1, 0);
	/* EFAULT: the failure struck pread() or pwrite(), not the operation. */
	while (pwrite(fault_nth, "0", 1, 0) != 1) {
		if (errno != EFAULT)
			fault_die("fail-nth");
	}
	if (len < 0 && errno != EFAULT)
		fault_die("fail-nth");
	return len > 0 && !atoi(text);
}

/* --- in the module's other tasks ------------------------------------------ */

static inline void fault_remote_arm(enum fault_kind kind, unsigned int n)
{
	long count = fault_get(kind, "interval");

	/* With the initial interval of one, the kernel counts no allocation. */
	if (count == 1)
		count = 0;
	/* The count reaches the new interval after n allocations. */
	fault_set(kind, "interval", count + n);
	fault_set(kind, "times", 1);
	fault_set(kind, "probability", 100);
}

/* Whether the failure has happened; false if "times" cannot be read. */
static inline bool fault_is_over(enum fault_kind kind)
{
	char path[80], times[24] = "";
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/times", fault_dirs[kind]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, times, sizeof(times) - 1);
	close(fd);
	return len > 0 && !atoi(times);
}

/* Allocate in this task until the count reaches the interval. */
static inline void fault_remote_settle(enum fault_kind kind)
{
	int fds[2];
	void *p;

	fault_set(kind, "task-filter", 1);
	fault_write("/proc/self/make-it-fail", "1");
	fault_set(kind, "probability", 100);
	/* It does not matter if these calls fail. */
	while (!fault_is_over(kind)) {
		if (kind == FAULT_SLAB) {
			if (!pipe(fds)) {
				close(fds[0]);
				close(fds[1]);
			}
			continue;
		}
		p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (p != MAP_FAILED)
			munmap(p, 4096);
	}
	fault_set(kind, "probability", 0);
	fault_write("/proc/self/make-it-fail", "0");
	fault_set(kind, "task-filter", 0);
}

/* Whether an allocation failed since fault_remote_arm() */
static inline bool fault_remote_disarm(enum fault_kind kind)
{
	bool struck;

	fault_set(kind, "probability", 0);
	struck = fault_get(kind, "times") == 0;
	if (!struck) {
		fault_in_module(false);
		fault_remote_settle(kind);
		fault_in_module(true);
	}
	return struck;
}

/* --- around an operation -------------------------------------------------- */

/* Value of fault_kind for any allocation or user copy in this task */
#define FAULT_HERE	NR_FAULTS

/* Kind and number of the allocation to fail, 0 for none; whether it failed */
static enum fault_kind fault_kind;
static unsigned int fault_n;
static bool fault_struck;

/* Inject the failure from here on. */
static inline void fault_begin(void)
{
	if (fault_n && fault_kind == FAULT_HERE)
		fault_arm(fault_n);
	else if (fault_n)
		fault_remote_arm(fault_kind, fault_n);
}

/* Stop injecting in this task; other tasks may still run. */
static inline void fault_end(void)
{
	if (fault_n && fault_kind == FAULT_HERE)
		fault_struck = fault_disarm();
}

#endif /* _MEMDEV_TEST_FAULT_H */
