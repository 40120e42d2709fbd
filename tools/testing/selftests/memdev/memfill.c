// SPDX-License-Identifier: GPL-2.0
/*
 * memfill BYTES [LOW HIGH]: fill BYTES of anonymous memory with a different
 * value in each word, then execute commands from standard input:
 *
 *	where		count the bytes at physical addresses LOW..HIGH-1
 *	check		check that every word still has its value
 *	renew		check, and give each word a new value
 *
 * Print "filled BYTES" when ready. The values look random on purpose: a page
 * table walk through them fails at once, while zeroes would look like empty
 * tables.
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

static unsigned long long *mem;
static unsigned long long words;

/* An odd step visits every value once. */
#define STEP		0x9e3779b97f4a7c15ULL

/* Seed of the first word's value; each renewal changes it. */
static unsigned long long base;

static void check(bool renew)
{
	unsigned long long bad = 0, first = 0, want = 0, got = 0;
	unsigned long long value = base;

	if (renew)
		base += 1;
	for (unsigned long long i = 0, new = base; i < words; i++) {
		value += STEP;
		if (mem[i] != value && !bad++) {
			first = i;
			want = value;
			got = mem[i];
		}
		if (renew)
			mem[i] = new += STEP;
	}
	if (bad)
		printf("bad %llu words, first at 0x%llx: 0x%llx, not 0x%llx\n",
		       bad, first * 8, got, want);
	else
		puts("intact");
}

static void where(unsigned long long low, unsigned long long high)
{
	unsigned long long page = sysconf(_SC_PAGESIZE), inside = 0, left, at;
	int fd = open("/proc/self/pagemap", O_RDONLY);
	static unsigned long long map[4096];

	if (fd < 0) {
		printf("pagemap: %s\n", strerror(errno));
		return;
	}
	at = (uintptr_t)mem / page * sizeof(map[0]);
	left = words * sizeof(*mem) / page;
	while (left) {
		size_t want = left < 4096 ? left : 4096;
		ssize_t got = pread(fd, map, want * sizeof(map[0]), at);

		if (got <= 0)
			break;
		for (size_t i = 0; i < got / sizeof(map[0]); i++) {
			unsigned long long phys = (map[i] & PFN_MASK) * page;

			if (!(map[i] & PAGE_PRESENT))
				continue;
			if (phys >= low && phys < high)
				inside += page;
		}
		at += got;
		left -= got / sizeof(map[0]);
	}
	close(fd);
	printf("%llu\n", inside);
}

int main(int argc, char **argv)
{
	unsigned long long low = 0, high = UINT64_MAX, value = 0;
	char line[64];

	if (argc != 2 && argc != 4) {
		fprintf(stderr, "usage: memfill BYTES [LOW HIGH]\n");
		return 2;
	}
	words = strtoull(argv[1], NULL, 0) / sizeof(*mem);
	if (argc == 4) {
		low = strtoull(argv[2], NULL, 0);
		high = strtoull(argv[3], NULL, 0);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);

	mem = mmap(NULL, words * sizeof(*mem), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED) {
		printf("mmap: %s\n", strerror(errno));
		return 1;
	}
	for (unsigned long long i = 0; i < words; i++)
		mem[i] = value += STEP;
	printf("filled %llu\n", words * sizeof(*mem));

	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "check\n"))
			check(false);
		else if (!strcmp(line, "renew\n"))
			check(true);
		else if (!strcmp(line, "where\n"))
			where(low, high);
		else
			puts("unknown command");
	}
	return 0;
}
