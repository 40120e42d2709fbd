// SPDX-License-Identifier: GPL-2.0
/*
 * mempin LOW HIGH BYTES: finds a page of its own at a physical address of
 * LOW..HIGH-1, allocating up to BYTES for it, and pins it with vmsplice(2):
 * the pipe holds a reference, and until it is read the page cannot move.
 *
 * It says "pinned ADDRESS", or "none" when no page came to lie there, and
 * holds the page until standard input ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define CHUNK		(4UL << 20)
#define PFN_MASK	0x007fffffffffffffULL
#define PAGE_PRESENT	0x8000000000000000ULL

static unsigned long long page;

static unsigned long long phys_of(int pagemap, const void *p)
{
	unsigned long long entry;

	if (pread(pagemap, &entry, sizeof(entry),
		  (uintptr_t)p / page * sizeof(entry)) != sizeof(entry))
		return 0;
	return entry & PAGE_PRESENT ? (entry & PFN_MASK) * page : 0;
}

static char *find(int pagemap, unsigned long long low,
		  unsigned long long high, unsigned long long bytes,
		  unsigned long long *phys)
{
	for (unsigned long long done = 0; done < bytes; done += CHUNK) {
		char *mem = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (mem == MAP_FAILED)
			return NULL;
		madvise(mem, CHUNK, MADV_NOHUGEPAGE);
		for (char *p = mem; p < mem + CHUNK; p += page) {
			*p = 1;
			*phys = phys_of(pagemap, p);
			if (*phys >= low && *phys < high)
				return p;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long long low, high, phys;
	struct iovec iov;
	int pipefd[2];
	int pagemap;
	char c;

	if (argc != 4) {
		fprintf(stderr, "usage: mempin LOW HIGH BYTES\n");
		return 2;
	}
	low = strtoull(argv[1], NULL, 0);
	high = strtoull(argv[2], NULL, 0);
	page = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);

	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0 || pipe(pipefd)) {
		printf("error: %s\n", strerror(errno));
		return 1;
	}
	iov.iov_len = page;
	iov.iov_base = find(pagemap, low, high, strtoull(argv[3], NULL, 0),
			    &phys);
	if (!iov.iov_base) {
		puts("none");
		return 1;
	}
	if (vmsplice(pipefd[1], &iov, 1, 0) != (ssize_t)page) {
		printf("vmsplice: %s\n", strerror(errno));
		return 1;
	}
	/* It may have moved before it was pinned; it cannot any more. */
	phys = phys_of(pagemap, iov.iov_base);
	if (phys < low || phys >= high) {
		puts("none");
		return 1;
	}
	printf("pinned 0x%llx\n", phys);

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}
