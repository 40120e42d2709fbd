// SPDX-License-Identifier: GPL-2.0
/*
 * memhuge hugetlb|thp SHIFT LOW HIGH NR MOST: allocate up to MOST huge pages
 * of 1 << SHIFT bytes until NR of them are at physical addresses LOW..HIGH-1.
 * Fill these with a pattern and free the others.
 *
 * Print "has ADDRESS...", or "none" if there are fewer than NR. Hold the pages
 * until standard input ends, then print "intact" or "lost".
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
#include <unistd.h>

#define PFN_MASK	0x007fffffffffffffULL
#define PAGE_PRESENT	0x8000000000000000ULL
#define MOST		4096

static unsigned long long page;
static unsigned char *held[MOST], *others[MOST];

static unsigned long long phys_of(int pagemap, const void *p)
{
	unsigned long long entry;

	if (pread(pagemap, &entry, sizeof(entry),
		  (uintptr_t)p / page * sizeof(entry)) != sizeof(entry) ||
	    !(entry & PAGE_PRESENT))
		return 0;
	return (entry & PFN_MASK) * page;
}

static void *get(bool thp, size_t size, unsigned int shift)
{
	unsigned char *p;

	if (!thp) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
			 shift << MAP_HUGE_SHIFT, -1, 0);
		return p == MAP_FAILED ? NULL : p;
	}
	p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	p = (void *)(((uintptr_t)p + size - 1) / size * size);
	return madvise(p, size, MADV_HUGEPAGE) ? NULL : p;
}

int main(int argc, char **argv)
{
	unsigned long long low, high, phys;
	size_t nr, most, i, got = 0, spare = 0, size;
	unsigned int shift;
	bool thp, intact = true;
	unsigned char *p;
	int pagemap;
	char c;

	if (argc != 7) {
		fprintf(stderr, "usage: memhuge hugetlb|thp SHIFT LOW HIGH NR MOST\n");
		return 2;
	}
	thp = !strcmp(argv[1], "thp");
	shift = atoi(argv[2]);
	size = (size_t)1 << shift;
	low = strtoull(argv[3], NULL, 0);
	high = strtoull(argv[4], NULL, 0);
	nr = strtoull(argv[5], NULL, 0);
	most = strtoull(argv[6], NULL, 0);
	if (most > MOST)
		most = MOST;
	page = sysconf(_SC_PAGESIZE);
	setvbuf(stdout, NULL, _IOLBF, 0);

	pagemap = open("/proc/self/pagemap", O_RDONLY);
	while (pagemap >= 0 && got < nr && got + spare < most) {
		p = get(thp, size, shift);
		if (!p)
			break;
		*p = 1;
		phys = phys_of(pagemap, p);
		/* A mapping that begins inside a folio maps no whole page. */
		if (phys >= low && phys < high && !(phys % size))
			held[got++] = p;
		else
			others[spare++] = p;
	}
	for (i = 0; i < spare; i++)
		munmap(others[i], size);
	if (got < nr) {
		printf("none: %zu of %zu, %s\n", got, nr, strerror(errno));
		return 1;
	}
	for (i = 0; i < got; i++)
		for (size_t at = 0; at < size; at += page)
			*(size_t *)(held[i] + at) = i + at;

	printf("has");
	for (i = 0; i < got; i++)
		printf(" 0x%llx", phys_of(pagemap, held[i]));
	puts("");

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	for (i = 0; i < got; i++)
		for (size_t at = 0; at < size; at += page)
			intact &= *(size_t *)(held[i] + at) == i + at;
	puts(intact ? "intact" : "lost");
	return !intact;
}
