// SPDX-License-Identifier: GPL-2.0
/*
 * Accounting of used blocks and slots.
 */
#include <errno.h>
#include <limits.h>
#include <linux/kernel.h>

#include "tests.h"
#include "window.h"

static void test_limit(void)
{
	struct window *w = window(8);

	w->a.limit = 4 * BLOCK;
	EXPECT_FIT(START, w, .align = BLOCK, .size = 4 * BLOCK);
	EXPECT_REFUSAL(-ENOSPC,
		       "640M is too much: 0 of 512M is in use",
		       w, .align = BLOCK, .size = 5 * BLOCK);
	add_blocks(w, "a", 6, 1);
	EXPECT_FIT(START, w, .align = BLOCK, .size = 3 * BLOCK);
	EXPECT_REFUSAL(-ENOSPC,
		       "512M is too much: 128M of 512M is in use",
		       w, .align = BLOCK, .size = 4 * BLOCK);
	/* A limit of one byte less than 4 blocks allows 3 blocks. */
	w->a.limit = 4 * BLOCK - 1;
	EXPECT_FIT(START, w, .align = BLOCK, .size = 2 * BLOCK);
	EXPECT_REFUSAL(-ENOSPC,
		       "384M is too much: 128M of 536870911 is in use",
		       w, .align = BLOCK, .size = 3 * BLOCK);
	/* The limit may be lowered below what is in use. */
	w->a.limit = BLOCK - 1;
	EXPECT_REFUSAL(-ENOSPC,
		       "128M is too much: 128M of 134217727 is in use",
		       w, .align = BLOCK, .size = BLOCK);
	w->a.limit = 0;
	EXPECT_REFUSAL(-ENOSPC,
		       "128M is too much: 128M of 0 is in use",
		       w, .align = BLOCK, .size = BLOCK);
	window_free(w);
}

static void test_limit_overflow(void)
{
	struct window *w = window(8);

	add_blocks(w, "a", 0, 2);
	w->a.limit = U64_MAX;
	EXPECT_REFUSAL(-ENOSPC,
		       "17592186044288M is too much: 256M of 18446744073709551615 is in use",
		       w, .align = BLOCK, .size = -BLOCK);
	EXPECT_REFUSAL(-ENOSPC,
		       "18446744073709551615 is too much: 256M of 18446744073709551615 is in use",
		       w, .align = BLOCK, .size = U64_MAX);
	EXPECT_FIT(START + 2 * BLOCK, w, .align = BLOCK, .size = 6 * BLOCK);
	w->a.limit = 4 * BLOCK;
	EXPECT_REFUSAL(-ENOSPC,
		       "17592186044288M is too much: 256M of 512M is in use",
		       w, .align = BLOCK, .size = -BLOCK);
	window_free(w);
}

static void test_used(void)
{
	struct memdev_region *a, *b;
	struct window *w = window(8);

	a = add_blocks(w, "a", 1, 2);
	b = add_blocks(w, "b", 5, 3);
	EXPECT_HEX(5 * BLOCK, w->a.used);
	memdev_alloc_remove(&w->a, a);
	EXPECT_HEX(3 * BLOCK, w->a.used);
	EXPECT_FIT(START, w, .align = BLOCK, .size = 5 * BLOCK);
	memdev_alloc_remove(&w->a, b);
	EXPECT_HEX(0, w->a.used);
	EXPECT_FIT(START, w, .align = BLOCK, .size = 8 * BLOCK);
	EXPECT_HEX(8 * BLOCK, memdev_alloc_largest_free(&w->a));
	window_free(w);
}

static void test_fit_reserves_nothing(void)
{
	struct window *w = window(4);

	EXPECT_SLOT(0, w, MEMDEV_SLOT_NONE);
	EXPECT_SLOT(0, w, MEMDEV_SLOT_NONE);
	EXPECT_SLOT(5, w, 5);
	EXPECT_SLOT(5, w, 5);
	EXPECT_HEX(0, w->a.used);
	EXPECT_HEX(4 * BLOCK, memdev_alloc_largest_free(&w->a));
	window_free(w);
}

static void test_lowest_free_slot(void)
{
	struct memdev_region *one;
	struct window *w = window(8);

	w->a.nr_slots = 4;
	add(w, "a", START + 7 * BLOCK, BLOCK, 0);
	one = add(w, "b", START + 6 * BLOCK, BLOCK, 1);
	add(w, "c", START + 5 * BLOCK, BLOCK, 3);
	EXPECT_SLOT(2, w, MEMDEV_SLOT_NONE);
	add(w, "d", START + 4 * BLOCK, BLOCK, 2);
	EXPECT_REFUSAL(-ENOSPC, "no free slot",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = MEMDEV_SLOT_NONE);
	/* A region without a slot still fits. */
	EXPECT_FIT(START, w, .align = BLOCK, .size = BLOCK,
		   .slot = MEMDEV_SLOT_NONE);
	memdev_alloc_remove(&w->a, one);
	EXPECT_SLOT(1, w, MEMDEV_SLOT_NONE);
	window_free(w);
}

static void test_requested_slot(void)
{
	struct memdev_region *r;
	struct window *w = window(8);

	r = add(w, "a", START + 7 * BLOCK, BLOCK, 7);
	EXPECT_SLOT(0, w, 0);
	EXPECT_SLOT(255, w, 255);
	EXPECT_REFUSAL(-EBUSY, "slot 7 is busy",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = 7);
	EXPECT_REFUSAL(-EINVAL,
		       "slot 256 is out of range [0-255]",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = 256);
	EXPECT_REFUSAL(-EINVAL,
		       "slot 2147483647 is out of range [0-255]",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = INT_MAX);
	EXPECT_REFUSAL(-EINVAL,
		       "slot -2 is out of range [0-255]",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = -2);
	EXPECT_REFUSAL(-EINVAL,
		       "slot -2147483648 is out of range [0-255]",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = INT_MIN);
	/* Without want_slot the slot number is ignored. */
	EXPECT_FIT(START, w, .align = BLOCK, .size = BLOCK, .slot = 7);
	EXPECT_FIT(START, w, .align = BLOCK, .size = BLOCK, .slot = 4711);
	memdev_alloc_remove(&w->a, r);
	EXPECT_SLOT(7, w, 7);
	window_free(w);
}

static void test_number_of_slots(void)
{
	struct window *w = window(8);

	add(w, "a", START + 7 * BLOCK, BLOCK, 100);
	w->a.nr_slots = 2;
	EXPECT_SLOT(0, w, MEMDEV_SLOT_NONE);
	EXPECT_SLOT(1, w, 1);
	EXPECT_REFUSAL(-EINVAL, "slot 2 is out of range [0-1]",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = 2);
	w->a.nr_slots = 0;
	EXPECT_REFUSAL(-ENOSPC, "no free slot",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = MEMDEV_SLOT_NONE);
	EXPECT_REFUSAL(-EINVAL, "slot 0 is out of range [0--1]",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = 0);
	EXPECT_FIT(START, w, .align = BLOCK, .size = BLOCK);
	w->a.nr_slots = MEMDEV_SLOTS_MAX;
	EXPECT_SLOT(MEMDEV_SLOTS_MAX - 1, w, MEMDEV_SLOTS_MAX - 1);
	EXPECT_REFUSAL(-EINVAL,
		       "slot 65536 is out of range [0-65535]",
		       w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = MEMDEV_SLOTS_MAX);
	window_free(w);
}

static void test_regions_by_address(void)
{
	static const unsigned int firsts[] = { 9, 3, 12, 0, 6, 15, 1 };
	static const unsigned int sorted[] = { 0, 1, 3, 6, 9, 12, 15 };
	struct memdev_region *r = NULL;
	struct window *w = window(16);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(firsts); i++)
		add_blocks(w, "", firsts[i], 1);
	for (i = 0; i < ARRAY_SIZE(sorted); i++) {
		r = memdev_alloc_next(&w->a, r);
		if (!r)
			break;
		EXPECT_HEX(START + sorted[i] * BLOCK, r->start);
	}
	EXPECT_INT(ARRAY_SIZE(sorted), i);
	EXPECT_INT(1, r && !memdev_alloc_next(&w->a, r));

	/* Remove the lowest region, one in the middle, and the highest. */
	memdev_alloc_remove(&w->a, &w->regions[3]);
	memdev_alloc_remove(&w->a, &w->regions[0]);
	memdev_alloc_remove(&w->a, &w->regions[5]);
	r = NULL;
	for (i = 1; i < ARRAY_SIZE(sorted) - 1; i++) {
		if (sorted[i] == 9)
			continue;
		r = memdev_alloc_next(&w->a, r);
		if (!r)
			break;
		EXPECT_HEX(START + sorted[i] * BLOCK, r->start);
	}
	EXPECT_INT(1, r && !memdev_alloc_next(&w->a, r));
	window_free(w);
}

static void test_largest_free(void)
{
	struct window w;

	/* Three bitmap words and one bit */
	window_init(&w, START, 193 * BLOCK, SHIFT, 8);
	EXPECT_HEX(193 * BLOCK, memdev_alloc_largest_free(&w.a));
	add_blocks(&w, "", 192, 1);
	EXPECT_HEX(192 * BLOCK, memdev_alloc_largest_free(&w.a));
	add_blocks(&w, "", 63, 2);
	EXPECT_HEX(127 * BLOCK, memdev_alloc_largest_free(&w.a));
	add_blocks(&w, "", 65, 100);
	EXPECT_HEX(63 * BLOCK, memdev_alloc_largest_free(&w.a));
	add_blocks(&w, "", 0, 40);
	EXPECT_HEX(27 * BLOCK, memdev_alloc_largest_free(&w.a));
	add_blocks(&w, "", 165, 27);
	EXPECT_HEX(23 * BLOCK, memdev_alloc_largest_free(&w.a));
	add_blocks(&w, "", 40, 23);
	EXPECT_HEX(0, memdev_alloc_largest_free(&w.a));
	memdev_alloc_remove(&w.a, &w.regions[0]);
	EXPECT_HEX(BLOCK, memdev_alloc_largest_free(&w.a));
	window_free(&w);
}

#define MANY 10000

static void test_many_regions(void)
{
	struct memdev_region *r;
	struct window w;
	u64 block;

	window_init(&w, START, 2 * MANY * BLOCK, SHIFT, MANY);
	w.a.nr_slots = MANY;
	for (block = 0; block < MANY; block++) {
		struct memdev_region found;

		found = EXPECT_FIT(START + block * BLOCK, &w, .align = BLOCK,
				   .size = BLOCK, .want_slot = true,
				   .slot = MEMDEV_SLOT_NONE);
		EXPECT_INT(block, found.slot);
		add(&w, block % 2 ? "odd" : "even", found.start, found.size,
		    found.slot);
	}
	EXPECT_HEX(MANY * BLOCK, w.a.used);
	EXPECT_HEX(MANY * BLOCK, memdev_alloc_largest_free(&w.a));
	EXPECT_REFUSAL(-ENOSPC, "no free slot",
		       &w, .align = BLOCK, .size = BLOCK, .want_slot = true,
		       .slot = MEMDEV_SLOT_NONE);

	/* Remove every other region, from both ends towards the middle. */
	for (block = 0; block < MANY; block += 2)
		memdev_alloc_remove(&w.a, &w.regions[block < MANY / 2 ? block :
					MANY / 2 + MANY - 2 - block]);
	EXPECT_HEX(MANY / 2 * BLOCK, w.a.used);
	EXPECT_FIT(START, &w, .align = BLOCK, .size = BLOCK);
	EXPECT_FIT(START + MANY * BLOCK, &w, .align = BLOCK, .size = 2 * BLOCK);
	for (block = 0; block < MANY; block += 2) {
		EXPECT_FIT(START + block * BLOCK, &w,
			   .hint = START + block * BLOCK, .align = BLOCK,
			   .size = BLOCK);
		EXPECT_REFUSAL(-EBUSY,
			       text("256M at 0x%llx is taken by device 'odd'",
				    START + block * BLOCK),
			       &w, .hint = START + block * BLOCK,
			       .align = BLOCK, .size = 2 * BLOCK);
	}
	for (block = 1, r = NULL; block < MANY; block += 2) {
		r = memdev_alloc_next(&w.a, r);
		EXPECT_HEX(START + block * BLOCK, r ? r->start : 0);
		if (!r)
			break;
	}
	EXPECT_INT(1, r && !memdev_alloc_next(&w.a, r));
	window_free(&w);
}

static const struct unit_test tests[] = {
	{ test_limit, "the limit holds even if the window has room" },
	{ test_limit_overflow, "sizes that overflow do not pass the limit" },
	{ test_used, "a removed region is free again" },
	{ test_fit_reserves_nothing, "finding a place reserves nothing" },
	{ test_lowest_free_slot, "the lowest free slot is chosen" },
	{ test_requested_slot, "a slot can be requested by number" },
	{ test_number_of_slots, "the number of slots is a limit" },
	{ test_regions_by_address, "regions are walked in ascending address" },
	{ test_largest_free, "the largest gap is found anywhere" },
	{ test_many_regions, "10000 regions fit" },
};

void accounting_tests(void)
{
	unit_run(tests, ARRAY_SIZE(tests));
}
