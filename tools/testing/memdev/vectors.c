// SPDX-License-Identifier: GPL-2.0
/*
 * Requests with the expected answers, and the order in which the allocator
 * checks a request.
 */
#include <errno.h>
#include <fnmatch.h>
#include <linux/kernel.h>
#include <string.h>

#include "../../../drivers/memdev/alloc_vectors.h"
#include "tests.h"
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
		add(&w, v->devices[i].id, v->devices[i].start,
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

/* Mistakes in a request, in the order in which they are checked */
enum mistake {
	WINDOW_MISSING,
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
 * How each mistake is refused. Two mistakes exclude each other if they have the
 * same rank, or if one needs a hint and the other needs none.
 */
static const struct {
	int rank;
	enum { ANY, HINT, NO_HINT } needs;
	int rc;
	const char *text;
} refusals[NR_MISTAKES] = {
	[WINDOW_MISSING] = { 0, ANY, -ENODEV, NO_WINDOW },
	[SLOT_INVALID] = { 1, ANY, -EINVAL, "slot -2 is out of range *" },
	[SLOT_BUSY] = { 1, ANY, -EBUSY, "slot 7 is busy" },
	[SLOT_NONE_FREE] = { 1, ANY, -ENOSPC, "no free slot" },
	[BAD_ALIGN] = { 2, ANY, -EINVAL, "alignment 384M is not *" },
	[OVER_LIMIT] = { 3, ANY, -ENOSPC, "* is too much: *" },
	[HINT_UNALIGNED] = { 4, HINT, -EINVAL, "address * is not a multiple *" },
	[SIZE_UNALIGNED] = { 5, ANY, -EINVAL, "[0-9]* is not a multiple *" },
	[SIZE_ZERO] = { 5, ANY, -EINVAL, "a memory device needs a size" },
	[HINT_OUTSIDE] = { 6, HINT, -ERANGE, "* is outside the window: *" },
	[TOO_BIG] = { 6, NO_HINT, -ENOSPC,
		      "* is too big for the window" },
	[HINT_TAKEN] = { 7, HINT, -EBUSY, "* is taken by device *" },
	[NO_GAP] = { 7, NO_HINT, -ENOSPC, "no free range of *" },
};

static bool compatible(enum mistake first, enum mistake second)
{
	if (first == second)
		return true;
	if (refusals[first].rank == refusals[second].rank)
		return false;
	return refusals[first].needs == ANY || refusals[second].needs == ANY ||
	       refusals[first].needs == refusals[second].needs;
}

/* Change as little of the request as possible. */
static void make_mistake(enum mistake mistake, struct window *w,
			 struct memdev_alloc_request *req)
{
	switch (mistake) {
	case WINDOW_MISSING:
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
 * Make two mistakes in a request for one of four blocks, of which the second
 * and the last are used, and expect the refusal for @first. Make @second before
 * @first, as it must not undo what @first needs.
 */
static void expect_first_refused(enum mistake first, enum mistake second)
{
	const bool hint = refusals[first].needs == HINT ||
			  refusals[second].needs == HINT;
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

	add(w, "d1", START + BLOCK, BLOCK, 7);
	add(w, "d3", START + 3 * BLOCK, BLOCK, 0);
	w->a.limit = U64_MAX;
	EXPECT_INT(0, memdev_alloc_fit(&w->a, &req, &r, &why));

	make_mistake(second, w, &req);
	if (first != second)
		make_mistake(first, w, &req);
	rc = memdev_alloc_fit(&w->a, &req, &r, &why);
	if (rc != refusals[first].rc ||
	    fnmatch(refusals[first].text, why.text, 0))
		unit_fail(__FILE__, __LINE__, "\"%s\" before \"%s\": %d, \"%s\"",
			  refusals[first].text, refusals[second].text, rc,
			  why.text);
	window_free(w);
}

static void test_order_of_checks(void)
{
	unsigned int first, second;

	for (first = 0; first < NR_MISTAKES; first++) {
		for (second = first; second < NR_MISTAKES; second++) {
			if (compatible(first, second))
				expect_first_refused(first, second);
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
	unit_end("of two mistakes the one checked first is reported");
}
