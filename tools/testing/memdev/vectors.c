// SPDX-License-Identifier: GPL-2.0
/*
 * The answers that the allocator has in common with its model, and which of
 * two answers comes first.
 */
#include <errno.h>
#include <fnmatch.h>
#include <linux/kernel.h>
#include <string.h>

#include "../../../drivers/memdev/alloc_vectors.h"
#include "window.h"

static void test_vector(const struct memdev_alloc_vector *v)
{
	const struct memdev_alloc_request req = {
		.hint = v->hint,
		.align = v->align,
		.size = v->size,
		.slot = MEMDEV_SLOT_NONE,
	};
	struct memdev_reason why = { .text = "" };
	struct memdev_region r = {};
	struct window w;
	unsigned int i;
	int rc;

	window_init(&w, v->start, v->window_size, MEMDEV_VECTOR_BLOCK_SHIFT,
		    MEMDEV_VECTOR_DEVICES);
	w.a.limit = v->limit;
	for (i = 0; i < MEMDEV_VECTOR_DEVICES && v->devices[i].id; i++)
		put(&w, v->devices[i].id, v->devices[i].start,
		    v->devices[i].size, MEMDEV_SLOT_NONE);

	rc = memdev_alloc_fit(v->has_window ? &w.a : NULL, &req, &r, &why);
	EXPECT_INT(v->rc, rc);
	if (v->rc) {
		EXPECT_STR(v->text, why.text);
	} else {
		EXPECT_HEX(v->addr, r.start);
		EXPECT_STR("", why.text);
	}
	window_free(&w);
}

/* One mistake of each kind, in the order in which they are told. */
enum mistake {
	NO_WINDOW_AT_ALL,
	SLOT_INVALID,
	SLOT_BUSY,
	SLOT_NONE_FREE,
	BAD_ALIGN,
	OVER_LIMIT,
	HINT_UNALIGNED,
	SIZE_UNALIGNED,
	SIZE_ZERO,
	HINT_OUTSIDE,
	TOO_BIG,
	HINT_TAKEN,
	NO_GAP,
	NR_MISTAKES,
};

/*
 * What each is told by. Of two in one place only one can
 * be made at a time; likewise of one that needs a hint and one that needs none.
 */
static const struct {
	int place;
	enum { ANY, HINT, NO_HINT } needs;
	int rc;
	const char *text;
} told[NR_MISTAKES] = {
	[NO_WINDOW_AT_ALL] = { 0, ANY, -ENODEV, NO_WINDOW },
	[SLOT_INVALID] = { 1, ANY, -EINVAL, "slot -2 is out of range *" },
	[SLOT_BUSY] = { 1, ANY, -EBUSY, "slot 7 is busy" },
	[SLOT_NONE_FREE] = { 1, ANY, -ENOSPC, "no free slot" },
	[BAD_ALIGN] = { 2, ANY, -EINVAL, "alignment 384M is not *" },
	[OVER_LIMIT] = { 3, ANY, -ENOSPC, "* is too much: *" },
	[HINT_UNALIGNED] = { 4, HINT, -EINVAL, "address * is not a multiple *" },
	[SIZE_UNALIGNED] = { 5, ANY, -EINVAL, "[0-9]* is not a multiple *" },
	[SIZE_ZERO] = { 5, ANY, -EINVAL, "a memory device needs a size" },
	[HINT_OUTSIDE] = { 6, HINT, -ERANGE, "* is outside of the window: *" },
	[TOO_BIG] = { 6, NO_HINT, -ENOSPC,
		      "* is too big for the window" },
	[HINT_TAKEN] = { 7, HINT, -EBUSY, "* is taken by device *" },
	[NO_GAP] = { 7, NO_HINT, -ENOSPC, "no free range of *" },
};

static bool both_can_be_made(enum mistake first, enum mistake second)
{
	if (first == second)
		return true;
	if (told[first].place == told[second].place)
		return false;
	return told[first].needs == ANY || told[second].needs == ANY ||
	       told[first].needs == told[second].needs;
}

/* What the rest of the request is stays, as far as it can. */
static void make_mistake(enum mistake mistake, struct window *w,
			 struct memdev_alloc_request *req)
{
	switch (mistake) {
	case NO_WINDOW_AT_ALL:
		w->a.nr_blocks = 0;
		break;
	case SLOT_INVALID:
		req->want_slot = true;
		req->slot = -2;
		break;
	case SLOT_BUSY:
		req->want_slot = true;
		req->slot = 7;
		break;
	case SLOT_NONE_FREE:
		req->want_slot = true;
		w->a.nr_slots = 1;
		break;
	case BAD_ALIGN:
		req->align = 3 * BLOCK;
		break;
	case OVER_LIMIT:
		w->a.limit = w->a.used - 1;
		break;
	case HINT_UNALIGNED:
		req->hint += 1;
		break;
	case SIZE_UNALIGNED:
		req->size += 1;
		break;
	case SIZE_ZERO:
		req->size = 0;
		break;
	case HINT_OUTSIDE:
		req->hint = START + 3 * BLOCK;
		req->size = 2 * BLOCK;
		break;
	case TOO_BIG:
		req->size = BLOCK - START;
		break;
	case HINT_TAKEN:
		req->hint = START + BLOCK;
		break;
	case NO_GAP:
		req->size = 2 * BLOCK;
		break;
	case NR_MISTAKES:
		break;
	}
}

/*
 * A good request for one of four blocks, of which the second and the last are
 * taken, gets worse. The later mistake is made first: the earlier one then
 * has what it needs.
 */
static void expect_first_told(enum mistake first, enum mistake second)
{
	const bool hint = told[first].needs == HINT ||
			  told[second].needs == HINT;
	struct memdev_alloc_request req = {
		.hint = hint ? START + 2 * BLOCK : 0,
		.align = BLOCK,
		.size = BLOCK,
		.slot = MEMDEV_SLOT_NONE,
	};
	struct memdev_reason why = { .text = "" };
	struct window *w = window(4);
	struct memdev_region r;
	int rc;

	put(w, "d1", START + BLOCK, BLOCK, 7);
	put(w, "d3", START + 3 * BLOCK, BLOCK, 0);
	w->a.limit = U64_MAX;
	EXPECT_INT(0, memdev_alloc_fit(&w->a, &req, &r, &why));

	make_mistake(second, w, &req);
	if (first != second)
		make_mistake(first, w, &req);
	rc = memdev_alloc_fit(&w->a, &req, &r, &why);
	if (rc != told[first].rc ||
	    fnmatch(told[first].text, why.text, 0))
		unit_fail(__FILE__, __LINE__, "\"%s\" before \"%s\": %d, \"%s\"",
			  told[first].text, told[second].text, rc, why.text);
	window_free(w);
}

static void test_order_of_checks(void)
{
	unsigned int first, second;

	for (first = 0; first < NR_MISTAKES; first++) {
		for (second = first; second < NR_MISTAKES; second++) {
			if (both_can_be_made(first, second))
				expect_first_told(first, second);
		}
	}
}

void vector_tests(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(memdev_alloc_vectors); i++) {
		unit_begin();
		test_vector(&memdev_alloc_vectors[i]);
		unit_end("vector: %s", memdev_alloc_vectors[i].name);
	}
	BUILD_BUG_ON(!ARRAY_SIZE(memdev_alloc_vectors));
	unit_begin();
	test_order_of_checks();
	unit_end("of two mistakes the first is told");
}
