// SPDX-License-Identifier: GPL-2.0
/*
 * Placement of regions in a window.
 */
#include <errno.h>
#include <linux/kernel.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests.h"
#include "window.h"

static void test_new_window(void)
{
	struct window *w = window(6);

	EXPECT_HEX(START, w->a.start);
	EXPECT_INT(6, w->a.nr_blocks);
	EXPECT_HEX(6 * BLOCK, w->a.limit);
	EXPECT_HEX(0, w->a.used);
	EXPECT_INT(256, w->a.nr_slots);
	EXPECT_HEX(6 * BLOCK, memdev_alloc_largest_free(&w->a));
	EXPECT_INT(1, !memdev_alloc_next(&w->a, NULL));
	EXPECT_FIT(START, w, .align = BLOCK, .size = 6 * BLOCK);
	window_free(w);
}

static void test_no_window(void)
{
	struct window *w = window(0);

	EXPECT_REFUSAL(-ENODEV, NO_WINDOW, NULL, .align = BLOCK, .size = BLOCK);
	EXPECT_REFUSAL(-ENODEV, NO_WINDOW, w, .align = BLOCK, .size = BLOCK);
	EXPECT_HEX(0, memdev_alloc_largest_free(&w->a));
	window_free(w);
}

static void test_no_reason(void)
{
	const struct memdev_alloc_request req = { .align = 1, .size = BLOCK };
	struct window *w = window(2);
	struct memdev_region r;

	EXPECT_INT(-EINVAL, memdev_alloc_fit(&w->a, &req, &r, NULL));
	window_free(w);
}

static void test_reasons(void)
{
	struct memdev_reason why = {};

	EXPECT_INT(-EBUSY, memdev_refuse(NULL, -EBUSY, "no"));
	EXPECT_INT(-EIO, memdev_refuse_block(NULL, 7, -EIO, "no"));
	EXPECT_INT(-ENOMEM, memdev_refuse_about(NULL, MEMDEV_ABOUT_ID, -ENOMEM,
						"no"));

	EXPECT_INT(-EIO, memdev_refuse_block(&why, 7, -EIO, "block %d", 7));
	EXPECT_STR("block 7", why.text);
	EXPECT_INT(1, why.at_block);
	EXPECT_INT(7, why.block);
	EXPECT_INT(MEMDEV_ABOUT_NOTHING, why.about);

	EXPECT_INT(-EEXIST, memdev_refuse_about(&why, MEMDEV_ABOUT_ID, -EEXIST,
						"id %s", "x"));
	EXPECT_STR("id x", why.text);
	EXPECT_INT(0, why.at_block);
	EXPECT_INT(MEMDEV_ABOUT_ID, why.about);
}

/* A truncated reason is NUL-terminated. */
static void test_long_reason(void)
{
	struct memdev_reason why;
	char id[2 * MEMDEV_REASON_LEN];
	struct window *w = window(1);

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	add_blocks(w, id, 0, 1);
	memset(&why, '#', sizeof(why));
	w->a.limit = U64_MAX;
	EXPECT_INT(-EBUSY,
		   memdev_alloc_fit(&w->a,
				    &(struct memdev_alloc_request){
					.hint = START, .align = BLOCK,
					.size = BLOCK },
				    &(struct memdev_region){}, &why));
	EXPECT_INT(MEMDEV_REASON_LEN - 1, strnlen(why.text, sizeof(why.text)));
	window_free(w);
}

static void test_sizes(void)
{
	static const struct {
		u64 size;
		const char *text;
	} sizes[] = {
		{ 0, "0" }, { 1, "1" }, { 1023, "1023" }, { 1024, "1K" },
		{ 1025, "1025" }, { 1536, "1536" }, { 2048, "2K" },
		{ 1024 * 1025, "1025K" }, { 1ULL << 20, "1M" },
		{ 896ULL << 20, "896M" }, { (896ULL << 20) + 1, "939524097" },
		{ (896ULL << 20) + 4096, "917508K" }, { 1ULL << 30, "1G" },
		{ 3ULL << 29, "1536M" }, { 1ULL << 40, "1T" },
		{ 1ULL << 50, "1P" }, { 1ULL << 60, "1E" },
		{ 1ULL << 63, "8E" }, { -BLOCK, "17592186044288M" },
		{ U64_MAX, "18446744073709551615" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_STR(sizes[i].text, MEMDEV_SIZE(sizes[i].size));
}

static void test_alignment(void)
{
	struct window w;
	u64 align;

	/* START is aligned to 1 GiB, but not to a larger power of two. */
	window_init(&w, START, 32 * BLOCK, SHIFT, 1);
	for (align = 1; align; align <<= 1) {
		if (align >= BLOCK && align <= 1ULL << 30)
			EXPECT_FIT(START, &w, .align = align, .size = align);
		else
			EXPECT_REFUSAL(-EINVAL,
				       text("alignment %s is not supported",
					    MEMDEV_SIZE(align)),
				       &w, .align = align, .size = 1ULL << 30);
	}
	EXPECT_REFUSAL(-EINVAL, "alignment 0 is not supported",
		       &w, .align = 0, .size = BLOCK);
	EXPECT_REFUSAL(-EINVAL, "alignment 384M is not supported",
		       &w, .align = 3 * BLOCK, .size = 3 * BLOCK);
	EXPECT_REFUSAL(-EINVAL, "alignment 18446744073709551615 is not supported",
		       &w, .align = U64_MAX, .size = BLOCK);
	window_free(&w);

	/* Address 0 is a multiple of everything. */
	window_init(&w, 0, 32 * BLOCK, SHIFT, 1);
	w.a.limit = U64_MAX;
	EXPECT_FIT(0, &w, .align = 32 * BLOCK, .size = 32 * BLOCK);
	EXPECT_REFUSAL(-ENOSPC, "no free range of 8E with alignment 8E",
		       &w, .align = 1ULL << 63, .size = 1ULL << 63);
	window_free(&w);
}

static void test_aligned_gaps(void)
{
	struct window *w = window(16);

	/* Blocks 0 and 7 are used: the gaps are 1-6 and 8-15. */
	add_blocks(w, "a", 0, 1);
	add_blocks(w, "b", 7, 1);
	EXPECT_FIT(START + BLOCK, w, .align = BLOCK, .size = 6 * BLOCK);
	EXPECT_FIT(START + 2 * BLOCK, w, .align = 2 * BLOCK,
		   .size = 4 * BLOCK);
	EXPECT_FIT(START + 8 * BLOCK, w, .align = 2 * BLOCK,
		   .size = 6 * BLOCK);
	EXPECT_FIT(START + 8 * BLOCK, w, .align = 4 * BLOCK,
		   .size = 8 * BLOCK);
	EXPECT_FIT(START + 8 * BLOCK, w, .align = 8 * BLOCK,
		   .size = 8 * BLOCK);
	add_blocks(w, "c", 8, 1);
	EXPECT_FIT(START + 9 * BLOCK, w, .align = BLOCK, .size = 7 * BLOCK);
	EXPECT_FIT(START + 10 * BLOCK, w, .align = 2 * BLOCK,
		   .size = 6 * BLOCK);
	EXPECT_FIT(START + 12 * BLOCK, w, .align = 4 * BLOCK,
		   .size = 4 * BLOCK);
	/* Now the gap of six blocks starts at an odd block. */
	add_blocks(w, "d", 10, 1);
	EXPECT_HEX(6 * BLOCK, memdev_alloc_largest_free(&w->a));
	EXPECT_REFUSAL(-ENOSPC, "no free range of 768M with alignment 256M",
		       w, .align = 2 * BLOCK, .size = 6 * BLOCK);
	window_free(w);
}

static void test_first_gap_that_fits(void)
{
	struct window *w = window(16);

	/* Gaps: 2 blocks at 1, 4 at 4, 1 at 9, 3 at 13 */
	add_blocks(w, "a", 0, 1);
	add_blocks(w, "b", 3, 1);
	add_blocks(w, "c", 8, 1);
	add_blocks(w, "d", 10, 3);
	EXPECT_FIT(START + BLOCK, w, .align = BLOCK, .size = BLOCK);
	EXPECT_FIT(START + BLOCK, w, .align = BLOCK, .size = 2 * BLOCK);
	EXPECT_FIT(START + 4 * BLOCK, w, .align = BLOCK, .size = 3 * BLOCK);
	EXPECT_FIT(START + 4 * BLOCK, w, .align = BLOCK, .size = 4 * BLOCK);
	EXPECT_REFUSAL(-ENOSPC, "no free range of 640M with alignment 128M",
		       w, .align = BLOCK, .size = 5 * BLOCK);
	EXPECT_HEX(4 * BLOCK, memdev_alloc_largest_free(&w->a));
	/* The last gap ends with the window. */
	add_blocks(w, "e", 4, 4);
	EXPECT_FIT(START + 13 * BLOCK, w, .align = BLOCK, .size = 3 * BLOCK);
	add_blocks(w, "f", 13, 2);
	EXPECT_REFUSAL(-ENOSPC, "no free range of 384M with alignment 128M",
		       w, .align = BLOCK, .size = 3 * BLOCK);
	window_free(w);
}

static void test_full_window(void)
{
	struct window *w = window(3);
	unsigned int i;

	w->a.limit = U64_MAX;
	for (i = 0; i < 3; i++) {
		EXPECT_FIT(START + i * BLOCK, w, .align = BLOCK, .size = BLOCK);
		add_blocks(w, "d", i, 1);
	}
	EXPECT_HEX(0, memdev_alloc_largest_free(&w->a));
	EXPECT_REFUSAL(-ENOSPC, "no free range of 128M with alignment 128M",
		       w, .align = BLOCK, .size = BLOCK);
	window_free(w);
}

/* "too big" means that a size overflows; a smaller one just does not fit. */
static void test_larger_than_the_window(void)
{
	struct window *w = window(4);

	w->a.limit = U64_MAX;
	EXPECT_REFUSAL(-ENOSPC, "no free range of 640M with alignment 128M",
		       w, .align = BLOCK, .size = 5 * BLOCK);
	EXPECT_REFUSAL(-ENOSPC, "no free range of 17179869179G with alignment 128M",
		       w, .align = BLOCK, .size = -START);
	EXPECT_REFUSAL(-ENOSPC, "17592186039424M is too big for the window",
		       w, .align = BLOCK, .size = BLOCK - START);
	EXPECT_REFUSAL(-ENOSPC, "17592186044288M is too big for the window",
		       w, .align = BLOCK, .size = -BLOCK);
	EXPECT_REFUSAL(-ERANGE,
		       "640M at 0x140000000 is outside the window: 512M at 0x140000000",
		       w, .hint = START, .align = BLOCK, .size = 5 * BLOCK);
	window_free(w);
}

static void test_hint_in_window(void)
{
	struct window *w = window(4);

	EXPECT_FIT(START, w, .hint = START, .align = BLOCK, .size = 4 * BLOCK);
	EXPECT_FIT(START + 3 * BLOCK, w, .hint = START + 3 * BLOCK,
		   .align = BLOCK, .size = BLOCK);
	EXPECT_REFUSAL(-ERANGE,
		       "128M at 0x138000000 is outside the window: 512M at 0x140000000",
		       w, .hint = START - BLOCK, .align = BLOCK, .size = BLOCK);
	EXPECT_REFUSAL(-ERANGE,
		       "256M at 0x138000000 is outside the window: 512M at 0x140000000",
		       w, .hint = START - BLOCK, .align = BLOCK,
		       .size = 2 * BLOCK);
	EXPECT_REFUSAL(-ERANGE,
		       "128M at 0x160000000 is outside the window: 512M at 0x140000000",
		       w, .hint = START + 4 * BLOCK, .align = BLOCK,
		       .size = BLOCK);
	EXPECT_REFUSAL(-ERANGE,
		       "256M at 0x158000000 is outside the window: 512M at 0x140000000",
		       w, .hint = START + 3 * BLOCK, .align = BLOCK,
		       .size = 2 * BLOCK);
	EXPECT_REFUSAL(-EINVAL, "address 0x148000000 is not a multiple of the alignment 256M",
		       w, .hint = START + BLOCK, .align = 2 * BLOCK,
		       .size = 2 * BLOCK);
	EXPECT_REFUSAL(-EINVAL, "address 0x1 is not a multiple of the alignment 128M",
		       w, .hint = 1, .align = BLOCK, .size = BLOCK);
	window_free(w);
}

static void test_size_and_alignment(void)
{
	struct window *w = window(4);

	EXPECT_REFUSAL(-EINVAL, "1 is not a multiple of the alignment 128M",
		       w, .align = BLOCK, .size = 1);
	EXPECT_REFUSAL(-EINVAL, "192M is not a multiple of the alignment 128M",
		       w, .align = BLOCK, .size = BLOCK + BLOCK / 2);
	EXPECT_REFUSAL(-EINVAL, "384M is not a multiple of the alignment 256M",
		       w, .align = 2 * BLOCK, .size = 3 * BLOCK);
	window_free(w);
}

static void test_window_at_end(void)
{
	const u64 start = -4 * BLOCK, last = -BLOCK;
	struct window w;

	window_init(&w, start, 4 * BLOCK, SHIFT, 8);
	w.a.limit = U64_MAX;
	EXPECT_FIT(start, &w, .align = BLOCK, .size = 4 * BLOCK);
	EXPECT_FIT(last, &w, .hint = last, .align = BLOCK, .size = BLOCK);
	EXPECT_FIT(start, &w, .hint = start, .align = 4 * BLOCK,
		   .size = 4 * BLOCK);
	EXPECT_REFUSAL(-ERANGE,
		       "256M at 0xfffffffff8000000 is outside the window: 512M at 0xffffffffe0000000",
		       &w, .hint = last, .align = BLOCK, .size = 2 * BLOCK);
	EXPECT_REFUSAL(-ERANGE,
		       "17592186044288M at 0xfffffffff8000000 is outside the window: 512M at 0xffffffffe0000000",
		       &w, .hint = last, .align = BLOCK, .size = -BLOCK);
	EXPECT_REFUSAL(-ENOSPC, "640M is too big for the window",
		       &w, .align = BLOCK, .size = 5 * BLOCK);

	add(&w, "last", last, BLOCK, MEMDEV_SLOT_NONE);
	EXPECT_HEX(3 * BLOCK, memdev_alloc_largest_free(&w.a));
	EXPECT_REFUSAL(-EBUSY,
		       "128M at 0xfffffffff8000000 is taken by device 'last'",
		       &w, .hint = last, .align = BLOCK, .size = BLOCK);
	EXPECT_REFUSAL(-EBUSY,
		       "512M at 0xffffffffe0000000 is taken by device 'last'",
		       &w, .hint = start, .align = BLOCK, .size = 4 * BLOCK);
	EXPECT_FIT(start, &w, .hint = start, .align = BLOCK,
		   .size = 3 * BLOCK);
	EXPECT_REFUSAL(-ENOSPC, "no free range of 512M with alignment 128M",
		       &w, .align = BLOCK, .size = 4 * BLOCK);
	add(&w, "rest", start, 3 * BLOCK, MEMDEV_SLOT_NONE);
	EXPECT_REFUSAL(-ENOSPC, "no free range of 128M with alignment 128M",
		       &w, .align = BLOCK, .size = BLOCK);
	EXPECT_REFUSAL(-EBUSY,
		       "256M at 0xfffffffff0000000 is taken by device 'rest'",
		       &w, .hint = start + 2 * BLOCK, .align = BLOCK,
		       .size = 2 * BLOCK);
	window_free(&w);
}

static void test_hint_overflow(void)
{
	struct window *w = window(4);

	w->a.limit = U64_MAX;
	EXPECT_REFUSAL(-ERANGE,
		       "5248M at 0xfffffffff8000000 is outside the window: 512M at 0x140000000",
		       w, .hint = -BLOCK, .align = BLOCK, .size = START + BLOCK);
	EXPECT_REFUSAL(-ERANGE,
		       "17592186044288M at 0x148000000 is outside the window: 512M at 0x140000000",
		       w, .hint = START + BLOCK, .align = BLOCK,
		       .size = -BLOCK);
	EXPECT_REFUSAL(-EINVAL,
		       "address 0xffffffffffffffff is not a multiple of the alignment 128M",
		       w, .hint = U64_MAX, .align = BLOCK, .size = BLOCK);
	window_free(w);
}

static void test_conflict_edges(void)
{
	struct window *w = window(16);
	u64 first, nr;

	add_blocks(w, "d", 6, 4);
	for (first = 0; first < 16; first++) {
		for (nr = 1; nr <= 16 - first; nr++) {
			if (first + nr <= 6 || first >= 10) {
				EXPECT_FIT(START + first * BLOCK, w,
					   .hint = START + first * BLOCK,
					   .align = BLOCK, .size = nr * BLOCK);
				continue;
			}
			w->a.limit = U64_MAX;
			EXPECT_REFUSAL(-EBUSY,
				       text("%s at 0x%llx is taken by device 'd'",
					    MEMDEV_SIZE(nr * BLOCK),
					    START + first * BLOCK),
				       w, .hint = START + first * BLOCK,
				       .align = BLOCK, .size = nr * BLOCK);
		}
	}
	window_free(w);
}

static void test_lowest_conflict(void)
{
	struct window *w = window(16);
	char id[] = "b0";
	u64 first;

	/* Insert in an order that is neither that of names nor of addresses. */
	w->a.limit = U64_MAX;
	add_blocks(w, "b8", 8, 2);
	add_blocks(w, "b2", 2, 2);
	add_blocks(w, "b5", 5, 2);
	add_blocks(w, "b0", 0, 1);
	add_blocks(w, "b9", 14, 2);
	for (first = 0; first < 8; first++) {
		id[1] = first < 1 ? '0' : first < 4 ? '2' :
			first < 7 ? '5' : '8';
		EXPECT_REFUSAL(-EBUSY,
			       text("%s at 0x%llx is taken by device '%s'",
				    MEMDEV_SIZE((16 - first) * BLOCK),
				    START + first * BLOCK, id),
			       w, .hint = START + first * BLOCK, .align = BLOCK,
			       .size = (16 - first) * BLOCK);
	}
	window_free(w);
}

static void test_conflict_unnamed(void)
{
	struct window *w = window(4);

	add_blocks(w, "", 1, 1);
	EXPECT_REFUSAL(-EBUSY,
		       "256M at 0x140000000 is taken by device '(unnamed)'",
		       w, .hint = START, .align = BLOCK, .size = 2 * BLOCK);
	window_free(w);
}

static const struct unit_test tests[] = {
	{ test_new_window, "a new window is empty" },
	{ test_no_window, "a missing or empty window is refused" },
	{ test_no_reason, "the caller may pass no reason" },
	{ test_reasons, "a reason names the block or the faulty parameter" },
	{ test_long_reason, "a reason that is too long is truncated" },
	{ test_sizes, "a size is printed in the largest unit that divides it" },
	{ test_alignment, "an alignment is a power of two from a block to that of the window" },
	{ test_aligned_gaps, "a gap is used from its first aligned block" },
	{ test_first_gap_that_fits, "the lowest gap that fits is used" },
	{ test_full_window, "a window can be filled to its last block" },
	{ test_larger_than_the_window, "a region larger than the window does not fit" },
	{ test_hint_in_window, "a requested address is in the window and aligned" },
	{ test_size_and_alignment, "a size is a multiple of the alignment" },
	{ test_window_at_end, "a window may end with the address space" },
	{ test_hint_overflow, "an address plus size that overflows is refused" },
	{ test_conflict_edges, "a shared block is a conflict, a neighbour is not" },
	{ test_lowest_conflict, "the lowest conflicting region is named" },
	{ test_conflict_unnamed, "an unnamed region conflicts as well" },
};

void placement_tests(void)
{
	unit_run(tests, ARRAY_SIZE(tests));
}
