// SPDX-License-Identifier: GPL-2.0
/*
 * Create and destroy regions of random sizes and alignments.
 */
#include <errno.h>
#include <linux/kernel.h>

#include "alloc.h"
#include "ground.h"
#include "samples.h"

/* Number of blocks in the window per region; also a region's average size */
#define BLOCKS_PER_REGION 8ULL

/* A step, to be checked after the batch */
struct step {
	bool destroyed;
	int rc;
	u64 block;
	u64 nr;
	u64 align;
};

struct churn {
	struct ground g;
	struct samples created;
	struct samples refused;
	struct samples destroyed;
};

/* Request 1 to 128 blocks, mostly only a few, aligned to 1 to 32 blocks. */
static struct memdev_alloc_request random_request(void)
{
	const unsigned int order = __builtin_ctzll(below(63) + 1);

	return request((below(4) + 1) << order, 1ULL << order);
}

static void churn_create(struct churn *c, struct step *step,
			 struct memdev_alloc_request req)
{
	struct memdev_region *r = c->g.spare[c->g.nr_spare - 1];
	u64 begin;

	begin = now();
	step->rc = create(&c->g, &req, r);
	samples_add(step->rc ? &c->refused : &c->created, begin, 1);
	step->destroyed = false;
	step->nr = req.size / BLOCK;
	step->align = req.align / BLOCK;
	if (step->rc)
		return;
	ground_take(&c->g);
	step->block = block_of(r->start);
	EXPECT_HEX(address_of(step->block), r->start);
	EXPECT_HEX(req.size, r->size);
}

static void churn_destroy(struct churn *c, struct step *step)
{
	struct memdev_region *r = c->g.taken[below(c->g.nr_taken)];
	u64 begin;

	begin = now();
	memdev_alloc_remove(&c->g.w.a, r);
	samples_add(&c->destroyed, begin, 1);
	ground_give(&c->g, r);
	step->destroyed = true;
	step->block = block_of(r->start);
	step->nr = r->size / BLOCK;
}

static void churn_check(struct churn *c, const struct step *step)
{
	u64 fits;

	if (step->destroyed) {
		shadow_destroy(&c->g, step->block, step->nr);
		return;
	}
	fits = shadow_fit(&c->g, step->nr, step->align);
	if (fits == NOWHERE) {
		EXPECT_INT(-ENOSPC, step->rc);
		return;
	}
	EXPECT_INT(0, step->rc);
	EXPECT_HEX(fits, step->block);
	shadow_create(&c->g, step->block, step->nr);
}

/*
 * Fill the window and remove random regions, so that free blocks are spread
 * over the window instead of all at its end.
 */
static void churn_prepare(struct churn *c, u64 used)
{
	struct ground *g = &c->g;
	u64 block, nr;

	for (block = 0; block < g->blocks; block += nr) {
		nr = min(random_request().size / BLOCK, g->blocks - block);
		ground_lay(g, block, nr, MEMDEV_SLOT_NONE);
	}
	while (g->w.a.used > used)
		ground_clear(g, g->taken[below(g->nr_taken)]);
}

static void churn_full(unsigned int percent, const char *name,
		       const char *name_refused)
{
	const u64 blocks = min(BLOCKS, max_regions * BLOCKS_PER_REGION);
	const u64 used = blocks * percent / 100 * BLOCK;
	struct row row = { .name = name, .batch = 1 };
	struct step steps[BATCH];
	struct churn c = {};
	unsigned int i, j;

	section_print("random regions of 1 to 128 blocks, aligned to 1 to 32, window %u %% full",
		      percent);
	ground_init(&c.g, blocks, blocks);
	churn_prepare(&c, used);
	for (i = 0; i < batches; i++) {
		for (j = 0; j < BATCH; j++) {
			if (c.g.w.a.used < used)
				churn_create(&c, &steps[j], random_request());
			else
				churn_destroy(&c, &steps[j]);
		}
		for (j = 0; j < BATCH; j++)
			churn_check(&c, &steps[j]);
		EXPECT_HEX(shadow_largest_free(&c.g) * BLOCK,
			   memdev_alloc_largest_free(&c.g.w.a));
	}
	row.regions = c.g.nr_taken;
	row.gaps = shadow_gaps(&c.g);
	row.op = "create";
	row_print(&row, &c.created);
	row.op = "destroy";
	row_print(&row, &c.destroyed);
	row.name = name_refused;
	row.op = "find";
	row_print(&row, &c.refused);
	ground_free(&c.g);
}

void churn_cases(void)
{
	churn_full(50, "churn-50", "churn-50-refused");
	churn_full(99, "churn-99", "churn-99-refused");
}
