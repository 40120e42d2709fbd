// SPDX-License-Identifier: GPL-2.0
/*
 * Find a place in the windows for which the search takes longest.
 *
 * The search goes up from gap to gap. Skipping a gap costs the same whether it
 * is too small or not aligned; skipping a large one costs little more, as the
 * search scans 64 blocks at a time. So the cost depends on the number of gaps,
 * which is largest if every second block is free. No other request or window
 * takes more steps, as each step skips at least a free block and a used one, or
 * two blocks because of the alignment.
 */
#include <errno.h>
#include <linux/kernel.h>

#include "alloc.h"
#include "ground.h"
#include "samples.h"

/* Time limit for a batch of more than one operation */
#define BATCH_NS	20000

/* A pattern of regions and gaps; sizes are in blocks. */
struct layout {
	const char *name;
	const char *about;
	/* Size of the window, or 0 for two blocks per region */
	u64 blocks;
	/* Size of a region before the first gap, or 0 for none */
	u64 lead;
	/* Alternating gaps and regions */
	u64 gap;
	u64 region;
	/* Free blocks at the end; the last region reaches up to them */
	u64 tail;
	/* The request; only the tail can satisfy it */
	u64 nr;
	u64 align;
	/* Number of regions at which there are the most gaps */
	unsigned int peak;
};

static const struct layout layouts[] = {
	{
		.name = "alternate",
		.about = "every second block is free: no place for 2 blocks",
		.blocks = BLOCKS,
		.gap = 1, .region = 1, .nr = 2, .align = 1,
		.peak = BLOCKS / 2,
	}, {
		.name = "alternate-aligned",
		.about = "the same, 2 blocks aligned to 2",
		.blocks = BLOCKS,
		.gap = 1, .region = 1, .nr = 2, .align = 2,
		.peak = BLOCKS / 2,
	}, {
		.name = "alternate-tail",
		.about = "the same, 2 blocks not aligned, with room at the end",
		.blocks = BLOCKS,
		.gap = 1, .region = 1, .tail = 2, .nr = 2, .align = 1,
		.peak = BLOCKS / 2 - 1,
	}, {
		.name = "alternate-2n",
		.about = "the same in a window of two blocks per region: no place for 2 blocks",
		.gap = 1, .region = 1, .nr = 2, .align = 1,
	}, {
		.name = "misaligned",
		.about = "gaps of 2 blocks, none aligned: no place for 2 blocks aligned to 2",
		.blocks = BLOCKS,
		.lead = 1, .gap = 2, .region = 2, .nr = 2, .align = 2,
		.peak = BLOCKS / 4,
	}, {
		.name = "misaligned-126",
		.about = "gaps of 126 blocks: no place for 64 blocks aligned to 64",
		.blocks = BLOCKS,
		.lead = 1, .gap = 126, .region = 2, .nr = 64, .align = 64,
		.peak = BLOCKS / 128,
	}, {
		.name = "short-63",
		.about = "gaps of 63 blocks: no place for 64 blocks",
		.blocks = BLOCKS,
		.gap = 63, .region = 1, .nr = 64, .align = 1,
		.peak = BLOCKS / 64,
	}, {
		.name = "last-block",
		.about = "only the highest block is free",
		.blocks = BLOCKS,
		.region = 1, .tail = 1, .nr = 1, .align = 1,
	},
};

static void layout_fill(const struct layout *l, struct ground *g,
			unsigned int regions)
{
	const u64 end = g->blocks - l->tail;
	u64 at = l->lead;

	if (at) {
		ground_lay(g, 0, at, MEMDEV_SLOT_NONE);
		regions--;
	}
	for (; regions > 1; regions--) {
		/* Leave a block for each of the other regions. */
		if (at + l->gap + l->region + regions - 1 > end)
			break;
		ground_lay(g, at + l->gap, l->region, MEMDEV_SLOT_NONE);
		at += l->gap + l->region;
	}
	if (at + l->gap + regions <= end)
		at += l->gap;
	for (; regions > 1; regions--)
		ground_lay(g, at++, 1, MEMDEV_SLOT_NONE);
	ground_lay(g, at, end - at, MEMDEV_SLOT_NONE);
}

/* Size of a batch of operations that take @ns each */
static unsigned int fitting_batch(double ns)
{
	if (ns * BATCH < BATCH_NS)
		return BATCH;
	return ns < BATCH_NS ? BATCH_NS / ns : 1;
}

/* @block: the expected place, or NOWHERE; @slot: the expected slot */
static void measure_find(const struct ground *g, const char *name,
			 const struct memdev_alloc_request *req, u64 block,
			 int slot)
{
	struct row row = { .name = name, .op = "find", .regions = g->nr_taken,
			   .gaps = shadow_gaps(g) };
	struct memdev_region found[BATCH];
	struct samples s = {};
	unsigned int i, j;
	int rc[BATCH];
	u64 begin;

	EXPECT_HEX(block, shadow_fit(g, req->size / BLOCK, req->align / BLOCK));
	if (block == NOWHERE)
		check_refused(g, req);
	/* Warm the caches. */
	memdev_alloc_fit(&g->w.a, req, &found[0], NULL);
	begin = now();
	memdev_alloc_fit(&g->w.a, req, &found[0], NULL);
	row.batch = fitting_batch(now() - begin);
	for (i = 0; i < batches; i++) {
		begin = now();
		for (j = 0; j < row.batch; j++)
			rc[j] = memdev_alloc_fit(&g->w.a, req, &found[j], NULL);
		samples_add(&s, begin, row.batch);
		for (j = 0; j < row.batch; j++) {
			if (block == NOWHERE) {
				EXPECT_INT(-ENOSPC, rc[j]);
				continue;
			}
			EXPECT_INT(0, rc[j]);
			EXPECT_HEX(address_of(block), found[j].start);
			EXPECT_HEX(req->size, found[j].size);
			EXPECT_INT(slot, found[j].slot);
		}
	}
	row_print(&row, &s);
}

static void layout_find(const struct layout *l)
{
	const struct memdev_alloc_request req = request(l->nr, l->align);
	unsigned int regions = 0;
	struct ground g;
	u64 fits;

	section_print("%s", l->about);
	while ((regions = next_level(regions, l->peak, max_regions))) {
		ground_init(&g, l->blocks ? l->blocks : 2 * regions, regions);
		layout_fill(l, &g, regions);
		fits = l->tail ? g.blocks - l->tail : NOWHERE;
		measure_find(&g, l->name, &req, fits, MEMDEV_SLOT_NONE);
		ground_free(&g);
	}
}

/* Measure the search behind the attribute largest_free: it visits all gaps. */
static void largest_free(const struct layout *l)
{
	struct row row = { .name = "largest-free", .op = "find" };
	struct samples s = {};
	unsigned int i, j;
	struct ground g;
	u64 begin;
	u64 sum;

	section_print("the largest gap if every second block is free");
	while ((row.regions = next_level(row.regions, l->peak, max_regions))) {
		ground_init(&g, l->blocks, row.regions);
		layout_fill(l, &g, row.regions);
		row.gaps = shadow_gaps(&g);
		EXPECT_INT(l->gap, shadow_largest_free(&g));
		memdev_alloc_largest_free(&g.w.a);
		begin = now();
		memdev_alloc_largest_free(&g.w.a);
		row.batch = fitting_batch(now() - begin);
		for (i = 0; i < batches; i++) {
			sum = 0;
			begin = now();
			for (j = 0; j < row.batch; j++)
				sum += memdev_alloc_largest_free(&g.w.a);
			samples_add(&s, begin, row.batch);
			EXPECT_HEX(row.batch * l->gap * BLOCK, sum);
		}
		row_print(&row, &s);
		ground_free(&g);
	}
}

/* Find the lowest free slot and the lowest free block. */
static void slots(void)
{
	struct memdev_alloc_request req = request(1, 1);
	const unsigned int max = min(max_regions, MEMDEV_SLOTS_MAX - 1U);
	unsigned int regions = 0;
	struct ground g;
	u64 block;

	section_print("find a place and a slot, with a slot for each region");
	req.want_slot = true;
	while ((regions = next_level(regions, 0, max))) {
		ground_init(&g, BLOCKS, regions);
		g.w.a.nr_slots = MEMDEV_SLOTS_MAX;
		for (block = 0; block < regions; block++)
			ground_lay(&g, block, 1, block);
		measure_find(&g, "slots", &req, regions, regions);
		ground_free(&g);
	}
}

void worst_cases(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++)
		layout_find(&layouts[i]);
	largest_free(&layouts[0]);
	slots();
}
