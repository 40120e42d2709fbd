// SPDX-License-Identifier: GPL-2.0
/*
 * Adjacent regions of one block each, from the lowest block on.
 */
#include <errno.h>
#include <linux/kernel.h>

#include "alloc.h"
#include "ground.h"
#include "samples.h"

/* State shared by the steps of a batch */
struct packed {
	struct ground g;
	unsigned int regions;
	unsigned int batch;
	/* Regions created above the lowest @regions ones */
	struct memdev_region *top[BATCH];
};

static void packed_lookup(struct packed *p, struct samples *s)
{
	struct memdev_alloc_request req[BATCH];
	struct memdev_region found;
	const char *id[BATCH];
	unsigned int i;
	int rc[BATCH];
	u64 begin;

	for (i = 0; i < p->batch; i++) {
		struct memdev_region *r = p->g.taken[below(p->g.nr_taken)];

		req[i] = request(1, 1);
		req[i].hint = r->start;
		id[i] = r->id;
	}
	begin = now();
	for (i = 0; i < p->batch; i++)
		rc[i] = memdev_alloc_fit(&p->g.w.a, &req[i], &found, NULL);
	samples_add(s, begin, p->batch);
	for (i = 0; i < p->batch; i++) {
		EXPECT_INT(-EBUSY, rc[i]);
		check_owner(&p->g, req[i].hint, id[i]);
	}
}

static void packed_find(struct packed *p, struct samples *s)
{
	const struct memdev_alloc_request req = request(1, 1);
	struct memdev_region found[BATCH];
	unsigned int i;
	int rc[BATCH];
	u64 begin;

	begin = now();
	for (i = 0; i < p->batch; i++)
		rc[i] = memdev_alloc_fit(&p->g.w.a, &req, &found[i], NULL);
	samples_add(s, begin, p->batch);
	for (i = 0; i < p->batch; i++) {
		EXPECT_INT(0, rc[i]);
		EXPECT_HEX(address_of(p->regions), found[i].start);
	}
}

static void packed_create(struct packed *p, struct samples *s)
{
	const struct memdev_alloc_request req = request(1, 1);
	unsigned int i;
	int rc[BATCH];
	u64 begin;

	for (i = 0; i < p->batch; i++)
		p->top[i] = ground_take(&p->g);
	begin = now();
	for (i = 0; i < p->batch; i++)
		rc[i] = create(&p->g, &req, p->top[i]);
	samples_add(s, begin, p->batch);
	for (i = 0; i < p->batch; i++) {
		EXPECT_INT(0, rc[i]);
		EXPECT_HEX(address_of(p->regions + i), p->top[i]->start);
		EXPECT_HEX(BLOCK, p->top[i]->size);
		shadow_create(&p->g, p->regions + i, 1);
	}
}

static void packed_destroy(struct packed *p, struct samples *s)
{
	struct memdev_region *gone[BATCH];
	unsigned int i;
	u64 begin;

	for (i = 0; i < p->batch; i++) {
		gone[i] = p->g.taken[below(p->g.nr_taken)];
		ground_give(&p->g, gone[i]);
	}
	begin = now();
	for (i = 0; i < p->batch; i++)
		memdev_alloc_remove(&p->g.w.a, gone[i]);
	samples_add(s, begin, p->batch);
	for (i = 0; i < p->batch; i++) {
		struct memdev_alloc_request req = request(1, 1);
		struct memdev_region found;

		shadow_destroy(&p->g, block_of(gone[i]->start), 1);
		/* The block has to be free. */
		req.hint = gone[i]->start;
		EXPECT_INT(0, memdev_alloc_fit(&p->g.w.a, &req, &found, NULL));
		EXPECT_HEX(req.hint, found.start);
	}
}

/* Move the regions at the top into the blocks that were freed. */
static void packed_pack(struct packed *p)
{
	const struct memdev_alloc_request req = request(1, 1);
	unsigned int i, block = 0;

	for (i = 0; i < p->batch; i++) {
		if (p->g.ends[p->regions + i])
			ground_clear(&p->g, p->top[i]);
	}
	while (p->g.nr_taken < p->regions) {
		struct memdev_region *r = ground_take(&p->g);

		while (p->g.ends[block])
			block++;
		EXPECT_INT(0, create(&p->g, &req, r));
		EXPECT_HEX(address_of(block), r->start);
		shadow_create(&p->g, block, 1);
	}
	EXPECT_INT(p->regions * BLOCK, p->g.w.a.used);
}

static void packed_level(struct packed *p)
{
	struct samples creates = {}, lookups = {}, destroys = {}, finds = {};
	struct row row = { .name = "packed", .regions = p->regions };
	unsigned int i;

	p->batch = min(p->regions / 2, (unsigned int)BATCH);
	row.batch = p->batch;
	for (i = 0; i < batches; i++) {
		packed_lookup(p, &lookups);
		packed_find(p, &finds);
		packed_create(p, &creates);
		packed_destroy(p, &destroys);
		packed_pack(p);
	}
	row.op = "create";
	row_print(&row, &creates);
	row.op = "lookup";
	row_print(&row, &lookups);
	row.op = "destroy";
	row_print(&row, &destroys);
	row.op = "find";
	row_print(&row, &finds);
}

void packed_cases(void)
{
	struct packed p;

	section_print("adjacent regions of one block: create, look up and destroy one");
	ground_init(&p.g, BLOCKS, max_regions + BATCH);
	p.regions = 0;
	while ((p.regions = next_level(p.regions, 0, max_regions))) {
		while (p.g.nr_taken < p.regions)
			ground_lay(&p.g, p.g.nr_taken, 1, MEMDEV_SLOT_NONE);
		packed_level(&p);
	}
	ground_free(&p.g);
}
