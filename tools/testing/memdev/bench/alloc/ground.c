// SPDX-License-Identifier: GPL-2.0
/*
 * A window for measurements, its regions, and a shadow map of used blocks to
 * check every result against.
 */
#include <errno.h>
#include <linux/align.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground.h"

unsigned int max_regions = REGIONS_MAX, batches = 500;

/* A wrong result voids the measurement. */
void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

unsigned int next_level(unsigned int above, unsigned int peak, unsigned int max)
{
	unsigned int next = REGIONS_MIN;

	while (next <= above)
		next *= 10;
	if (peak > above && peak < next)
		next = peak;
	if (next > max)
		next = max;
	return next > above ? next : 0;
}

/* splitmix64: libc has no generator that gives the same numbers everywhere. */
static u64 rng(void)
{
	static u64 state;
	u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

u64 below(u64 nr)
{
	return rng() % nr;
}

u64 address_of(u64 block)
{
	return BASE + block * BLOCK;
}

u64 block_of(u64 address)
{
	return (address - BASE) / BLOCK;
}

struct memdev_alloc_request request(u64 nr, u64 align)
{
	return (struct memdev_alloc_request){
		.size = nr * BLOCK,
		.align = align * BLOCK,
		.slot = MEMDEV_SLOT_NONE,
	};
}

static void *zalloc_or_die(size_t nr, size_t size)
{
	void *p = calloc(nr, size);

	if (!p) {
		perror("calloc");
		exit(2);
	}
	return p;
}

void ground_init(struct ground *g, u64 blocks, unsigned int nr_regions)
{
	unsigned int i, other;

	window_init(&g->w, BASE, blocks * BLOCK, SHIFT, nr_regions);
	g->blocks = blocks;
	g->ends = zalloc_or_die(blocks, sizeof(*g->ends));
	g->ids = zalloc_or_die(nr_regions, sizeof(*g->ids));
	g->spare = zalloc_or_die(nr_regions, sizeof(*g->spare));
	g->taken = zalloc_or_die(nr_regions, sizeof(*g->taken));
	g->place = zalloc_or_die(nr_regions, sizeof(*g->place));
	for (i = 0; i < nr_regions; i++) {
		snprintf(g->ids[i], sizeof(g->ids[i]), "r%x", i);
		g->w.regions[i].id = g->ids[i];
		other = below(i + 1);
		g->spare[i] = g->spare[other];
		g->spare[other] = &g->w.regions[i];
	}
	g->nr_spare = nr_regions;
	g->nr_taken = 0;
}

void ground_free(struct ground *g)
{
	window_free(&g->w);
	free(g->ends);
	free(g->ids);
	free(g->spare);
	free(g->taken);
	free(g->place);
}

struct memdev_region *ground_take(struct ground *g)
{
	struct memdev_region *r = g->spare[--g->nr_spare];

	g->place[r - g->w.regions] = g->nr_taken;
	g->taken[g->nr_taken++] = r;
	return r;
}

void ground_give(struct ground *g, struct memdev_region *r)
{
	struct memdev_region *last = g->taken[--g->nr_taken];
	const unsigned int place = g->place[r - g->w.regions];

	g->taken[place] = last;
	g->place[last - g->w.regions] = place;
	g->spare[g->nr_spare++] = r;
}

void shadow_create(struct ground *g, u64 block, u64 nr)
{
	const u64 end = block + nr;

	EXPECT_INT(1, block < g->blocks && nr <= g->blocks - block);
	for (; block < end; block++) {
		EXPECT_INT(0, g->ends[block]);
		g->ends[block] = end;
	}
}

void shadow_destroy(struct ground *g, u64 block, u64 nr)
{
	const u64 end = block + nr;

	for (; block < end; block++) {
		EXPECT_INT(end, g->ends[block]);
		g->ends[block] = 0;
	}
}

/* Search from the base, skipping to the end of each region that conflicts. */
u64 shadow_fit(const struct ground *g, u64 nr, u64 align)
{
	u64 at = 0, block = 0;

	while (at + nr <= g->blocks) {
		while (block < at + nr && !g->ends[block])
			block++;
		if (block == at + nr)
			return at;
		at = ALIGN(g->ends[block], align);
		block = at;
	}
	return NOWHERE;
}

u64 shadow_largest_free(const struct ground *g)
{
	u64 block, free = 0, largest = 0;

	for (block = 0; block < g->blocks; block++) {
		free = g->ends[block] ? 0 : free + 1;
		if (free > largest)
			largest = free;
	}
	return largest;
}

unsigned int shadow_gaps(const struct ground *g)
{
	unsigned int gaps = 0;
	u64 block;

	for (block = 0; block < g->blocks; block++) {
		if (!g->ends[block] && (!block || g->ends[block - 1]))
			gaps++;
	}
	return gaps;
}

void ground_lay(struct ground *g, u64 block, u64 nr, int slot)
{
	struct memdev_region *r = ground_take(g);

	r->start = address_of(block);
	r->size = nr * BLOCK;
	r->slot = slot;
	shadow_create(g, block, nr);
	memdev_alloc_insert(&g->w.a, r);
}

void ground_clear(struct ground *g, struct memdev_region *r)
{
	memdev_alloc_remove(&g->w.a, r);
	shadow_destroy(g, block_of(r->start), r->size / BLOCK);
	ground_give(g, r);
}

static void check_reason(const struct ground *g,
			 const struct memdev_alloc_request *req, int rc,
			 const char *text)
{
	struct memdev_reason why = { .text = "" };
	struct memdev_region r;

	EXPECT_INT(rc, memdev_alloc_fit(&g->w.a, req, &r, &why));
	EXPECT_STR(text, why.text);
}

void check_refused(const struct ground *g,
		   const struct memdev_alloc_request *req)
{
	check_reason(g, req, -ENOSPC,
		     text("no free range of %s with alignment %s",
			  MEMDEV_SIZE(req->size), MEMDEV_SIZE(req->align)));
}

void check_owner(const struct ground *g, u64 address, const char *id)
{
	struct memdev_alloc_request req = request(1, 1);

	req.hint = address;
	check_reason(g, &req, -EBUSY,
		     text("%s at 0x%llx is taken by device '%s'",
			  MEMDEV_SIZE(req.size), address, id));
}

int create(struct ground *g, const struct memdev_alloc_request *req,
	   struct memdev_region *r)
{
	int rc;

	rc = memdev_alloc_fit(&g->w.a, req, r, NULL);
	if (!rc)
		memdev_alloc_insert(&g->w.a, r);
	return rc;
}
