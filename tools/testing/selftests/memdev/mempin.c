// SPDX-License-Identifier: GPL-2.0
/*
 * mempin LOW HIGH BYTES: allocate up to BYTES to get a page at physical
 * addresses LOW..HIGH-1, and pin it with vmsplice(2): the pipe holds a
 * reference, and the page cannot migrate until the pipe is read.
 *
 * Print "pinned ADDRESS", or "none" if there is no such page. Hold the page
 * until standard input ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

/* Store the physical addresses of @nr pages in @phys, 0 if not present */
static bool phys_of(int pagemap, const void *p, size_t nr,
		    unsigned long long *phys)
{
	ssize_t len = nr * sizeof(*phys);

	if (pread(pagemap, phys, len,
		  (uintptr_t)p / page * sizeof(*phys)) != len)
		return false;
	for (size_t i = 0; i < nr; i++)
		phys[i] = phys[i] & PAGE_PRESENT ? (phys[i] & PFN_MASK) * page : 0;
	return true;
}

static char *find(int pagemap, unsigned long long low,
		  unsigned long long high, unsigned long long bytes)
{
	static unsigned long long phys[CHUNK / 4096];
	size_t nr = CHUNK / page;

	for (unsigned long long done = 0; done < bytes; done += CHUNK) {
		char *mem = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (mem == MAP_FAILED)
			return NULL;
		madvise(mem, CHUNK, MADV_NOHUGEPAGE);
		for (size_t i = 0; i < nr; i++)
			mem[i * page] = 1;
		if (!phys_of(pagemap, mem, nr, phys))
			return NULL;
		for (size_t i = 0; i < nr; i++)
			if (phys[i] >= low && phys[i] < high)
				return mem + i * page;
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
	iov.iov_base = find(pagemap, low, high, strtoull(argv[3], NULL, 0));
	if (!iov.iov_base) {
		puts("none");
		return 1;
	}
	if (vmsplice(pipefd[1], &iov, 1, 0) != (ssize_t)page) {
		printf("vmsplice: %s\n", strerror(errno));
		return 1;
	}
	/* The page may have migrated before it was pinned. */
	if (!phys_of(pagemap, iov.iov_base, 1, &phys) || phys < low ||
	    phys >= high) {
		puts("none");
		return 1;
	}
	printf("pinned 0x%llx\n", phys);

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}
