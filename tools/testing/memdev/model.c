// SPDX-License-Identifier: GPL-2.0
/*
 * Compare the allocator with a naive model after each of many random steps.
 *
 * The model is a sorted array of regions. It calculates in 128 bits and walks
 * the regions in ascending address order, skipping to the end of each one that
 * conflicts. It shares no code with alloc.c.
 */
#include <errno.h>
#include <fnmatch.h>
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"
#include "window.h"

#define REGIONS_MAX	96
#define STEPS		150000

struct naive_region {
	u64 start;
	u64 size;
	int slot;
	/* The allocator's copy of this region */
	struct memdev_region *twin;
};

struct naive {
	u64 start;
	u64 size;
	u64 block;
	u64 limit;
	unsigned int nr_slots;
	struct naive_region regions[REGIONS_MAX];
	unsigned int nr_regions;
	bool slot_taken[MEMDEV_SLOTS_MAX];
};

struct result {
	int rc;
	char text[256];
	u64 start;
	int slot;
};

static __u128 end_of(u64 start, u64 size)
{
	return (__u128)start + size;
}

static u64 naive_used(const struct naive *n)
{
	u64 used = 0;
	unsigned int i;

	for (i = 0; i < n->nr_regions; i++)
		used += n->regions[i].size;
	return used;
}

static u64 naive_largest_free(const struct naive *n)
{
	u64 gap, largest = 0, end = n->start;
	unsigned int i;

	for (i = 0; i < n->nr_regions; i++) {
		gap = n->regions[i].start - end;
		if (gap > largest)
			largest = gap;
		end = n->regions[i].start + n->regions[i].size;
	}
	gap = n->start + n->size - end;
	return gap > largest ? gap : largest;
}

__printf(3, 4)
static void refuse(struct result *result, int rc, const char *fmt, ...)
{
	va_list args;

	result->rc = rc;
	va_start(args, fmt);
	vsnprintf(result->text, sizeof(result->text), fmt, args);
	va_end(args);
}

/* Return whether the slot is refused. */
static bool naive_slot(const struct naive *n,
		       const struct memdev_alloc_request *req,
		       struct result *result)
{
	const long long slot = req->slot, nr = n->nr_slots;

	result->slot = -1;
	if (!req->want_slot)
		return false;
	if (slot == -1) {
		do {
			if (++result->slot == nr) {
				refuse(result, -ENOSPC, "no free slot");
				return true;
			}
		} while (n->slot_taken[result->slot]);
		return false;
	}
	result->slot = slot;
	if (slot < 0 || slot > nr - 1)
		refuse(result, -EINVAL,
		       "slot %lld is out of range [0-%lld]", slot,
		       nr - 1);
	else if (n->slot_taken[slot])
		refuse(result, -EBUSY, "slot %lld is busy", slot);
	else
		return false;
	return true;
}

static void naive_place(const struct naive *n,
			const struct memdev_alloc_request *req,
			struct result *result)
{
	const __u128 window_end = end_of(n->start, n->size);
	const struct naive_region *r;
	__u128 at = req->hint;
	unsigned int i;

	if (!req->hint) {
		at = n->start;
		if (at + req->size > (__u128)1 << 64) {
			refuse(result, -ENOSPC,
			       "%s is too big for the window",
			       MEMDEV_SIZE(req->size));
			return;
		}
	} else if (at < n->start || at + req->size > window_end) {
		refuse(result, -ERANGE,
		       "%s at 0x%llx is outside the window: %s at 0x%llx",
		       MEMDEV_SIZE(req->size), req->hint, MEMDEV_SIZE(n->size),
		       n->start);
		return;
	}

	for (i = 0; i < n->nr_regions; i++) {
		r = &n->regions[i];
		if (end_of(r->start, r->size) <= at ||
		    r->start >= at + req->size)
			continue;
		if (req->hint) {
			refuse(result, -EBUSY,
			       "%s at 0x%llx is taken by device '%s'",
			       MEMDEV_SIZE(req->size), req->hint,
			       *r->twin->id ? r->twin->id : "(unnamed)");
			return;
		}
		at = end_of(r->start, r->size) + req->align - 1;
		at -= at % req->align;
	}
	if (at + req->size > window_end)
		refuse(result, -ENOSPC,
		       "no free range of %s with alignment %s",
		       MEMDEV_SIZE(req->size), MEMDEV_SIZE(req->align));
	else
		result->start = at;
}

static void naive_fit(const struct naive *n,
		      const struct memdev_alloc_request *req,
		      struct result *result)
{
	const u64 used = naive_used(n);

	memset(result, 0, sizeof(*result));
	if (naive_slot(n, req, result))
		return;
	if (__builtin_popcountll(req->align) != 1 || req->align < n->block ||
	    n->start % req->align)
		refuse(result, -EINVAL, "alignment %s is not supported",
		       MEMDEV_SIZE(req->align));
	else if ((__u128)used + req->size > n->limit)
		refuse(result, -ENOSPC,
		       "%s is too much: %s of %s is in use",
		       MEMDEV_SIZE(req->size), MEMDEV_SIZE(used),
		       MEMDEV_SIZE(n->limit));
	else if (req->hint % req->align)
		refuse(result, -EINVAL,
		       "address 0x%llx is not a multiple of the alignment %s",
		       req->hint, MEMDEV_SIZE(req->align));
	else if (req->size % req->align)
		refuse(result, -EINVAL,
		       "%s is not a multiple of the alignment %s",
		       MEMDEV_SIZE(req->size), MEMDEV_SIZE(req->align));
	else if (req->size == 0)
		refuse(result, -EINVAL, "a memory device needs a size");
	else
		naive_place(n, req, result);
}

static void naive_insert(struct naive *n, struct memdev_region *twin,
			 const struct result *result, u64 size)
{
	unsigned int i = n->nr_regions++;

	for (; i > 0 && n->regions[i - 1].start > result->start; i--)
		n->regions[i] = n->regions[i - 1];
	n->regions[i] = (struct naive_region){
		.start = result->start,
		.size = size,
		.slot = result->slot,
		.twin = twin,
	};
	if (result->slot >= 0)
		n->slot_taken[result->slot] = true;
}

static void naive_remove(struct naive *n, unsigned int i)
{
	if (n->regions[i].slot >= 0)
		n->slot_taken[n->regions[i].slot] = false;
	n->nr_regions--;
	for (; i < n->nr_regions; i++)
		n->regions[i] = n->regions[i + 1];
}

/* splitmix64: libc has no generator that gives the same numbers everywhere. */
static u64 rng_state;

static u64 rng(void)
{
	u64 z = rng_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u64 below(u64 nr)
{
	return rng() % nr;
}

static u64 random_align(const struct naive *n)
{
	switch (below(24)) {
	case 0:
		return 0;
	case 1:
		return n->block * 3;
	case 2:
		return n->block / 2;
	case 3:
		return 1ULL << below(64);
	case 4:
		return rng();
	case 5 ... 10:
		return n->block << below(6);
	default:
		return n->block;
	}
}

static u64 random_size(const struct naive *n, u64 align)
{
	const u64 blocks = n->size / n->block;

	switch (below(24)) {
	case 0:
		return 0;
	case 1:
		return below(n->size) + 1;
	case 2:
		return rng();
	case 3:
		return -(below(4 * blocks) * n->block);
	case 4:
		return n->block - n->start - below(3) * n->block;
	case 5:
		return n->size - below(3) * n->block;
	case 6:
		return n->size + below(3) * n->block;
	case 7:
		return (below(blocks) + 1) * n->block;
	case 8 ... 15:
		return align * (below(4) + 1);
	default:
		return n->block * (below(8) + 1);
	}
}

/* Mostly at region and window boundaries, where mistakes are likely */
static u64 random_hint(const struct naive *n, u64 size)
{
	const struct naive_region *r = NULL;
	u64 hint;

	if (n->nr_regions)
		r = &n->regions[below(n->nr_regions)];
	switch (below(20)) {
	case 0:
		return rng();
	case 1:
		return -below(1024);
	case 2:
		return -(below(8) * n->block);
	case 3:
		hint = n->start - size;
		break;
	case 4 ... 5:
		hint = n->start + n->size - size;
		break;
	case 6 ... 7:
		hint = r ? r->start : n->start;
		break;
	case 8 ... 9:
		hint = r ? r->start - size : n->start;
		break;
	case 10 ... 12:
		hint = r ? r->start + r->size : n->start;
		break;
	default:
		hint = n->start + below(n->size / n->block + 2) * n->block;
		break;
	}
	switch (below(16)) {
	case 0:
		return hint + n->block;
	case 1:
		return hint - n->block;
	case 2:
		return hint + 1;
	case 3:
		return hint + n->block / 2;
	default:
		return hint;
	}
}

static int random_slot(const struct naive *n)
{
	switch (below(8)) {
	case 0:
		return rng();
	case 1:
		return n->nr_slots;
	case 2 ... 3:
		return below(n->nr_slots + 1ULL);
	default:
		return MEMDEV_SLOT_NONE;
	}
}

static u64 random_limit(const struct naive *n)
{
	const u64 used = naive_used(n);

	switch (below(8)) {
	case 0:
		return rng();
	case 1:
		return used - 1;
	case 2:
		return used;
	case 3:
		return used + below(8) * n->block + below(2);
	case 4 ... 5:
		return n->size;
	default:
		return U64_MAX;
	}
}

static unsigned int random_nr_slots(void)
{
	switch (below(4)) {
	case 0:
		return below(4);
	case 1:
		return MEMDEV_SLOTS_MAX - below(2);
	default:
		return below(2 * REGIONS_MAX);
	}
}

/* Count each kind of result: one that never occurs is not tested. */
static const char *const results[] = {
	"no free slot",
	"slot * is out of range *",
	"slot * is busy",
	"alignment * is not supported",
	"* is too much: *",
	"address * is not a multiple of *",
	"[0-9]* is not a multiple of *",
	"a memory device needs a size",
	"* is outside the window: *",
	"* is too big for the window",
	"* is taken by device 'r*'",
	"* is taken by device '(unnamed)'",
	"no free range of *",
	"",
};

static unsigned long result_counts[ARRAY_SIZE(results)];

static void count_result(const char *text)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		if (!fnmatch(results[i], text, 0)) {
			result_counts[i]++;
			return;
		}
	}
}

/* The allocator and its model */
struct pair {
	struct window w;
	struct naive n;
	char ids[REGIONS_MAX][8];
	/* The regions of @w that are not inserted */
	struct memdev_region *spare[REGIONS_MAX];
	unsigned int nr_spare;
};

static void pair_init(struct pair *p, u64 start, u64 blocks,
		      unsigned int shift)
{
	unsigned int i;

	memset(&p->n, 0, sizeof(p->n));
	p->n.start = start;
	p->n.block = 1ULL << shift;
	p->n.size = blocks << shift;
	p->n.limit = p->n.size;
	p->n.nr_slots = 256;
	window_init(&p->w, start, p->n.size, shift, REGIONS_MAX);
	for (i = 0; i < REGIONS_MAX; i++) {
		/* Every fourth region has no name. */
		if (i % 4)
			snprintf(p->ids[i], sizeof(p->ids[i]), "r%u", i);
		else
			p->ids[i][0] = '\0';
		p->w.regions[i].id = p->ids[i];
		p->spare[i] = &p->w.regions[i];
	}
	p->nr_spare = REGIONS_MAX;
}

static void step_fit(struct pair *p)
{
	struct memdev_region *r = p->spare[p->nr_spare - 1];
	struct memdev_reason why = { .text = "" };
	struct memdev_alloc_request req;
	const char *id = r->id;
	struct result result;
	int rc;

	req.align = random_align(&p->n);
	req.size = random_size(&p->n, req.align);
	req.hint = below(2) ? random_hint(&p->n, req.size) : 0;
	req.want_slot = below(2);
	req.slot = random_slot(&p->n);

	naive_fit(&p->n, &req, &result);
	rc = memdev_alloc_fit(&p->w.a, &req, r, &why);
	count_result(result.text);

	EXPECT_STR(result.text, why.text);
	EXPECT_INT(result.rc, rc);
	EXPECT_INT(1, r->id == id);
	/* Insert only what both allocator and model accept, or they diverge. */
	if (rc || result.rc)
		return;
	EXPECT_HEX(result.start, r->start);
	EXPECT_HEX(req.size, r->size);
	EXPECT_INT(result.slot, r->slot);

	/* Sometimes do not insert: finding a place must change nothing. */
	if (below(8) == 0)
		return;
	r->start = result.start;
	r->slot = result.slot;
	p->nr_spare--;
	naive_insert(&p->n, r, &result, req.size);
	memdev_alloc_insert(&p->w.a, r);
}

static void step_remove(struct pair *p)
{
	const unsigned int i = below(p->n.nr_regions);

	memdev_alloc_remove(&p->w.a, p->n.regions[i].twin);
	p->spare[p->nr_spare++] = p->n.regions[i].twin;
	naive_remove(&p->n, i);
}

/* Compare the state that users see and that later results depend on. */
static void compare(struct pair *p)
{
	struct memdev_region *r = NULL;
	unsigned int i, slots = 0;

	EXPECT_HEX(naive_used(&p->n), p->w.a.used);
	EXPECT_HEX(naive_largest_free(&p->n),
		   memdev_alloc_largest_free(&p->w.a));
	EXPECT_INT(p->w.a.used >> p->w.a.block_shift,
		   bitmap_weight(p->w.a.map, p->w.a.nr_blocks));
	for (i = 0; i < p->n.nr_regions; i++) {
		r = memdev_alloc_next(&p->w.a, r);
		if (r != p->n.regions[i].twin) {
			unit_fail(__FILE__, __LINE__,
				  "region %u differs", i);
			return;
		}
		if (r->slot != MEMDEV_SLOT_NONE) {
			slots++;
			EXPECT_INT(1, test_bit(r->slot, p->w.a.slots));
		}
	}
	EXPECT_INT(1, !r || !memdev_alloc_next(&p->w.a, r));
	/* Counting the bits of all slots is slow: only do it now and then. */
	if (below(64) == 0)
		EXPECT_INT(slots, bitmap_weight(p->w.a.slots,
						MEMDEV_SLOTS_MAX));
}

static void walk(const char *name, u64 start, u64 blocks, unsigned int shift)
{
	static struct pair p;
	unsigned int step, grow = 60;

	unit_begin();
	pair_init(&p, start, blocks, shift);
	for (step = 0; step < STEPS; step++) {
		/* Let the window fill up and empty in turn. */
		if (step % 1024 == 0)
			grow = 25 + below(70);
		if (below(32) == 0) {
			p.n.limit = random_limit(&p.n);
			p.w.a.limit = p.n.limit;
		} else if (below(64) == 0) {
			p.n.nr_slots = random_nr_slots();
			p.w.a.nr_slots = p.n.nr_slots;
		} else if (p.n.nr_regions &&
			   (!p.nr_spare || below(100) >= grow)) {
			step_remove(&p);
		} else {
			step_fit(&p);
		}
		compare(&p);
	}
	window_free(&p.w);
	unit_end("%u random steps: %s", STEPS, name);
}

void model_tests(u64 seed)
{
	const u64 gib = 1ULL << 30;
	unsigned int i;

	rng_state = seed;
	walk("one block", 5 * gib, 1, 27);
	walk("a few blocks", 5 * gib, 7, 27);
	walk("as many blocks as bits in a word", 5 * gib, 64, 27);
	walk("one block more than that", 5 * gib, 65, 27);
	walk("blocks of 2 MiB", 5 * gib, 500, 21);
	walk("blocks of 2 GiB", 6 * gib, 300, 31);
	walk("a window aligned to one block only", 4 * gib + (1 << 27), 100, 27);
	walk("from address 0", 0, 130, 27);
	walk("to the end of the address space", -(130ULL << 27), 130, 27);
	walk("half of the address space", 1ULL << 63, 1 << 16, 47);
	walk("many blocks", 1ULL << 40, 3000, 27);

	unit_begin();
	for (i = 0; i < ARRAY_SIZE(results); i++) {
		printf("# %8lu %s\n", result_counts[i],
		       results[i][0] ? results[i] : "(fits)");
		if (!result_counts[i])
			unit_fail(__FILE__, __LINE__, "no result \"%s\"",
				  results[i]);
	}
	unit_end("every kind of result occurred");
}
