// SPDX-License-Identifier: GPL-2.0
/*
 * Poison a few pages: each retires a block.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>

#include "workers.h"

#define POISON_PAGES	256
/* A failed attempt retires a block, too; allow fewer after a success. */
#define MAX_TRIED	8
#define PAGE_PRESENT	0x8000000000000000ULL
#define PAGE_SWAP	0x4000000000000000ULL
#define PFN_MASK	0x007fffffffffffffULL
/* In a swap entry, the offset is above the type. */
#define SWAP_SHIFT	5

/* Protects the counters below */
static pthread_mutex_t poison_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int may_poison;
unsigned int nr_poisoned, nr_tried;

/* Set how many pages may be poisoned in total by now. */
void poison_allow(unsigned int nr)
{
	pthread_mutex_lock(&poison_lock);
	may_poison = nr;
	pthread_mutex_unlock(&poison_lock);
}

static __u64 pagemap_of(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (fd >= 0 && pread(fd, &entry, sizeof(entry), (uintptr_t)p /
			     page_size * sizeof(entry)) != sizeof(entry))
		entry = 0;
	if (fd >= 0)
		close(fd);
	return entry;
}

static bool poison_may_hit(__u64 addr)
{
	for (unsigned int i = 0; i < nr_windows; i++)
		if (!windows[i].carved && addr >= windows[i].start &&
		    addr < windows[i].start + windows[i].size)
			return true;
	return false;
}

/*
 * Poison a page of this process, so that no other process loses data. The page
 * may migrate first: the hwpoison entry in the page table has the new address.
 */
static int poison_page(char *p)
{
	__u64 entry = pagemap_of(p), addr = (entry & PFN_MASK) * page_size;
	int err = ENOENT;

	if (!(entry & PAGE_PRESENT) || !poison_may_hit(addr))
		return err;
	err = madvise(p, page_size, MADV_HWPOISON);
	entry = pagemap_of(p);
	if (err || !(entry & PAGE_SWAP) || entry & PAGE_PRESENT) {
		nr_tried++;
		printf("tried 0x%llx\n", (unsigned long long)addr);
		err = EBUSY;
		return err;
	}
	nr_poisoned++;
	addr = ((entry & PFN_MASK) >> SWAP_SHIFT) * page_size;
	printf("poisoned 0x%llx\n", (unsigned long long)addr);
	return 0;
}

int do_poison(void)
{
	int err = EBUSY;
	char *p;

	pthread_mutex_lock(&poison_lock);
	if (nr_poisoned >= may_poison || nr_tried >= (nr_poisoned ? 3 : MAX_TRIED))
		goto out;
	p = mmap(NULL, POISON_PAGES * page_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED) {
		err = errno;
		goto out;
	}
	madvise(p, POISON_PAGES * page_size, MADV_NOHUGEPAGE);
	memset(p, 0x5a, POISON_PAGES * page_size);
	err = ENOENT;
	for (unsigned int i = 0; i < POISON_PAGES && err == ENOENT; i++)
		err = poison_page(p + i * page_size);
	munmap(p, POISON_PAGES * page_size);
out:
	pthread_mutex_unlock(&poison_lock);
	return err;
}
