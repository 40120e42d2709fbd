// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the allocator.
 *
 * alloc_vectors.h contains test cases and QEMU's results. The user-space tests
 * in tools/testing/memdev run these and more cases, and also compare the
 * allocator with a simple model.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "alloc.h"
#include "alloc_vectors.h"

#define BLOCK_SHIFT	27
#define BLOCK		BIT_ULL(BLOCK_SHIFT)
#define START		(5ULL * SZ_1G)
#define REGIONS_MAX	8

/* A window and its regions */
struct alloc_test {
	struct memdev_alloc a;
	struct memdev_region regions[REGIONS_MAX];
	unsigned int nr_regions;
};

static void alloc_test_window(struct kunit *test, u64 start, u64 size,
			      unsigned int block_shift)
{
	struct alloc_test *t = test->priv;
	unsigned long *map, *slots;

	map = kunit_kcalloc(test, BITS_TO_LONGS(size >> block_shift) + 1,
			    sizeof(*map), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, map);
	slots = kunit_kcalloc(test, BITS_TO_LONGS(MEMDEV_SLOTS_MAX),
			      sizeof(*slots), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, slots);
	memdev_alloc_init(&t->a, start, size, block_shift, map, slots);
}

static struct memdev_region *alloc_test_put(struct kunit *test, const char *id,
					    u64 start, u64 size, int slot)
{
	struct alloc_test *t = test->priv;
	struct memdev_region *r;

	KUNIT_ASSERT_LT(test, t->nr_regions, REGIONS_MAX);
	r = &t->regions[t->nr_regions++];
	r->id = id;
	r->start = start;
	r->size = size;
	r->slot = slot;
	memdev_alloc_insert(&t->a, r);
	return r;
}

static void alloc_test_fits(struct kunit *test, u64 addr,
			    const struct memdev_alloc_request *req)
{
	struct alloc_test *t = test->priv;
	struct memdev_reason why = { "" };
	struct memdev_region r = {};

	KUNIT_ASSERT_EQ_MSG(test, 0, memdev_alloc_fit(&t->a, req, &r, &why),
			    "%s", why.text);
	KUNIT_EXPECT_EQ(test, addr, r.start);
	KUNIT_EXPECT_EQ(test, req->size, r.size);
}

static void alloc_test_refused(struct kunit *test, int rc, const char *text,
			       const struct memdev_alloc_request *req)
{
	struct alloc_test *t = test->priv;
	struct memdev_reason why = { "" };
	struct memdev_region r = {};

	KUNIT_EXPECT_EQ(test, rc, memdev_alloc_fit(&t->a, req, &r, &why));
	KUNIT_EXPECT_STREQ(test, text, why.text);
}

#define FITS(test, addr, ...)						\
	alloc_test_fits(test, addr,					\
			&(struct memdev_alloc_request){ __VA_ARGS__ })
#define REFUSED(test, rc, text, ...)					\
	alloc_test_refused(test, rc, text,				\
			   &(struct memdev_alloc_request){ __VA_ARGS__ })

static int alloc_test_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct alloc_test), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

static void alloc_vector_desc(const struct memdev_alloc_vector *v, char *desc)
{
	strscpy(desc, v->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(alloc_vector, memdev_alloc_vectors, alloc_vector_desc);

static void alloc_test_vector(struct kunit *test)
{
	const struct memdev_alloc_vector *v = test->param_value;
	const struct memdev_alloc_request req = {
		.hint = v->hint,
		.align = v->align,
		.size = v->size,
		.slot = MEMDEV_SLOT_NONE,
	};
	struct alloc_test *t = test->priv;
	struct memdev_reason why = { "" };
	struct memdev_region r = {};
	unsigned int i;
	int rc;

	alloc_test_window(test, v->start, v->window_size,
			  MEMDEV_VECTOR_BLOCK_SHIFT);
	t->a.limit = v->limit;
	for (i = 0; i < MEMDEV_VECTOR_DEVICES && v->devices[i].id; i++)
		alloc_test_put(test, v->devices[i].id, v->devices[i].start,
			       v->devices[i].size, MEMDEV_SLOT_NONE);

	rc = memdev_alloc_fit(v->has_window ? &t->a : NULL, &req, &r, &why);
	KUNIT_ASSERT_EQ(test, v->rc, rc);
	if (rc)
		KUNIT_EXPECT_STREQ(test, v->text, why.text);
	else
		KUNIT_EXPECT_EQ(test, v->addr, r.start);
}

static void alloc_test_end_of_address_space(struct kunit *test)
{
	const u64 start = -4 * BLOCK, last = -BLOCK;
	struct alloc_test *t = test->priv;

	alloc_test_window(test, start, 4 * BLOCK, BLOCK_SHIFT);
	/* The limit is checked first: keep it from hiding the other errors */
	t->a.limit = U64_MAX;
	FITS(test, start, .align = BLOCK, .size = 4 * BLOCK);
	FITS(test, last, .hint = last, .align = BLOCK, .size = BLOCK);
	REFUSED(test, -ERANGE,
		"256M at 0xfffffffff8000000 is outside the window: 512M at 0xffffffffe0000000",
		.hint = last, .align = BLOCK, .size = 2 * BLOCK);

	alloc_test_put(test, "last", last, BLOCK, MEMDEV_SLOT_NONE);
	REFUSED(test, -EBUSY,
		"512M at 0xffffffffe0000000 is taken by device 'last'",
		.hint = start, .align = BLOCK, .size = 4 * BLOCK);
	FITS(test, start, .hint = start, .align = BLOCK, .size = 3 * BLOCK);
}

static void alloc_test_gaps(struct kunit *test)
{
	alloc_test_window(test, START, 8 * BLOCK, BLOCK_SHIFT);
	alloc_test_put(test, "d1", START + BLOCK, BLOCK, MEMDEV_SLOT_NONE);
	alloc_test_put(test, "d4", START + 4 * BLOCK, BLOCK, MEMDEV_SLOT_NONE);
	FITS(test, START, .align = BLOCK, .size = BLOCK);
	FITS(test, START + 2 * BLOCK, .align = BLOCK, .size = 2 * BLOCK);
	FITS(test, START + 5 * BLOCK, .align = BLOCK, .size = 3 * BLOCK);
	/* An aligned range of four blocks starts at block 0 or 4 */
	REFUSED(test, -ENOSPC,
		"no free range of 512M with alignment 512M",
		.align = 4 * BLOCK, .size = 4 * BLOCK);
	FITS(test, START + 2 * BLOCK, .align = 2 * BLOCK, .size = 2 * BLOCK);
}

static void alloc_test_lowest_conflict(struct kunit *test)
{
	struct alloc_test *t = test->priv;

	alloc_test_window(test, START, 8 * BLOCK, BLOCK_SHIFT);
	/* The limit is checked first: keep it from hiding the conflicts */
	t->a.limit = U64_MAX;
	alloc_test_put(test, "d6", START + 6 * BLOCK, BLOCK, MEMDEV_SLOT_NONE);
	alloc_test_put(test, "d2", START + 2 * BLOCK, BLOCK, MEMDEV_SLOT_NONE);
	alloc_test_put(test, "d4", START + 4 * BLOCK, BLOCK, MEMDEV_SLOT_NONE);
	REFUSED(test, -EBUSY,
		"1G at 0x140000000 is taken by device 'd2'",
		.hint = START, .align = BLOCK, .size = 8 * BLOCK);
	REFUSED(test, -EBUSY,
		"640M at 0x158000000 is taken by device 'd4'",
		.hint = START + 3 * BLOCK, .align = BLOCK, .size = 5 * BLOCK);
	FITS(test, START, .hint = START, .align = BLOCK, .size = 2 * BLOCK);
}

static void alloc_test_limit(struct kunit *test)
{
	struct alloc_test *t = test->priv;

	alloc_test_window(test, START, 8 * BLOCK, BLOCK_SHIFT);
	alloc_test_put(test, "d0", START, BLOCK, MEMDEV_SLOT_NONE);
	t->a.limit = 4 * BLOCK;
	FITS(test, START + BLOCK, .align = BLOCK, .size = 3 * BLOCK);
	REFUSED(test, -ENOSPC,
		"512M is too much: 128M of 512M is in use",
		.align = BLOCK, .size = 4 * BLOCK);
	REFUSED(test, -ENOSPC,
		"17592186044288M is too much: 128M of 512M is in use",
		.align = BLOCK, .size = -BLOCK);
}

static void alloc_test_slots(struct kunit *test)
{
	struct alloc_test *t = test->priv;
	struct memdev_alloc_request req = {
		.align = BLOCK,
		.size = BLOCK,
		.slot = MEMDEV_SLOT_NONE,
		.want_slot = true,
	};
	struct memdev_region r = {};

	alloc_test_window(test, START, 8 * BLOCK, BLOCK_SHIFT);
	t->a.nr_slots = 3;
	alloc_test_put(test, "d0", START, BLOCK, 0);
	alloc_test_put(test, "d1", START + BLOCK, BLOCK, 2);
	KUNIT_EXPECT_EQ(test, 0, memdev_alloc_fit(&t->a, &req, &r, NULL));
	KUNIT_EXPECT_EQ(test, 1, r.slot);

	req.slot = 2;
	alloc_test_refused(test, -EBUSY, "slot 2 is busy", &req);
	req.slot = 3;
	alloc_test_refused(test, -EINVAL,
			   "slot 3 is out of range [0-2]", &req);

	alloc_test_put(test, "d2", START + 2 * BLOCK, BLOCK, 1);
	req.slot = MEMDEV_SLOT_NONE;
	alloc_test_refused(test, -ENOSPC, "no free slot", &req);
	req.want_slot = false;
	alloc_test_fits(test, START + 3 * BLOCK, &req);
}

static void alloc_test_remove(struct kunit *test)
{
	struct alloc_test *t = test->priv;
	struct memdev_region *r;

	alloc_test_window(test, START, 8 * BLOCK, BLOCK_SHIFT);
	r = alloc_test_put(test, "d", START + 2 * BLOCK, 3 * BLOCK, 0);
	KUNIT_EXPECT_EQ(test, 3 * BLOCK, t->a.used);
	KUNIT_EXPECT_EQ(test, 3 * BLOCK, memdev_alloc_largest_free(&t->a));

	memdev_alloc_remove(&t->a, r);
	KUNIT_EXPECT_EQ(test, 0, t->a.used);
	KUNIT_EXPECT_EQ(test, 8 * BLOCK, memdev_alloc_largest_free(&t->a));
	FITS(test, START, .align = BLOCK, .size = 8 * BLOCK, .slot = 0,
	     .want_slot = true);
}

static void alloc_test_next_ascends(struct kunit *test)
{
	struct memdev_region *low, *middle, *high;
	struct alloc_test *t = test->priv;

	alloc_test_window(test, START, 8 * BLOCK, BLOCK_SHIFT);
	KUNIT_EXPECT_NULL(test, memdev_alloc_next(&t->a, NULL));
	middle = alloc_test_put(test, "m", START + 4 * BLOCK, BLOCK, 0);
	high = alloc_test_put(test, "h", START + 6 * BLOCK, BLOCK, 1);
	low = alloc_test_put(test, "l", START + BLOCK, BLOCK, 2);
	KUNIT_EXPECT_PTR_EQ(test, low, memdev_alloc_next(&t->a, NULL));
	KUNIT_EXPECT_PTR_EQ(test, middle, memdev_alloc_next(&t->a, low));
	KUNIT_EXPECT_PTR_EQ(test, high, memdev_alloc_next(&t->a, middle));
	KUNIT_EXPECT_NULL(test, memdev_alloc_next(&t->a, high));
}

static struct kunit_case alloc_test_cases[] = {
	KUNIT_CASE_PARAM(alloc_test_vector, alloc_vector_gen_params),
	KUNIT_CASE(alloc_test_end_of_address_space),
	KUNIT_CASE(alloc_test_gaps),
	KUNIT_CASE(alloc_test_lowest_conflict),
	KUNIT_CASE(alloc_test_limit),
	KUNIT_CASE(alloc_test_slots),
	KUNIT_CASE(alloc_test_remove),
	KUNIT_CASE(alloc_test_next_ascends),
	{}
};

static struct kunit_suite alloc_test_suite = {
	.name = "memdev_alloc",
	.init = alloc_test_init,
	.test_cases = alloc_test_cases,
};

kunit_test_suite(alloc_test_suite);
