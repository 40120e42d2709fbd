// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of claiming a window. They are skipped unless a claimed window is
 * followed by a free block in the same reserved range.
 */
#include <kunit/test.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/numa.h>

#include "internal.h"
#include "window.h"

static int claim_test_create(const struct memdev_window_spec *spec)
{
	struct memdev_reason why = {};
	int rc = memdev_bus_enter();

	if (rc)
		return rc;
	return memdev_bus_leave(memdev_window_create(spec, &why), &why);
}

static int claim_test_destroy(int id)
{
	struct memdev_reason why = {};
	int rc = memdev_bus_enter();

	if (rc)
		return rc;
	return memdev_bus_leave(memdev_window_destroy(id, &why), &why);
}

/* Find a block that can be claimed as a window */
static void claim_test_find(struct kunit *test, struct memdev_window_spec *spec)
{
	struct memdev_window *w;
	int rc;

	*spec = (struct memdev_window_spec){
		.size = memory_block_size_bytes(),
		.node = NUMA_NO_NODE,
	};
	mutex_lock(&memdev_list_lock);
	for (w = memdev_window_next(0); w; w = memdev_window_next(w->id + 1)) {
		if (w->source != MEMDEV_SOURCE_CARVED)
			spec->start = w->start + w->size;
	}
	mutex_unlock(&memdev_list_lock);
	if (!spec->start)
		kunit_skip(test, "no window was claimed");

	rc = claim_test_create(spec);
	if (rc < 0)
		kunit_skip(test, "no reserved block follows the window");
	KUNIT_ASSERT_EQ(test, 0, claim_test_destroy(rc));
}

/* Check that a block is refused if another driver has claimed it with @flags */
static void claim_test_conflict(struct kunit *test, unsigned long flags)
{
	struct memdev_window_spec spec;
	unsigned long was;
	struct resource *res;
	int rc;

	claim_test_find(test, &spec);
	res = request_mem_region(spec.start, spec.size, "kunit");
	KUNIT_ASSERT_NOT_NULL(test, res);
	was = res->flags;
	res->flags = flags;

	rc = claim_test_create(&spec);
	KUNIT_EXPECT_EQ(test, -EBUSY, rc);
	if (rc >= 0)
		claim_test_destroy(rc);

	res->flags = was;
	release_mem_region(spec.start, spec.size);
	rc = claim_test_create(&spec);
	KUNIT_EXPECT_GE(test, rc, 0);
	if (rc >= 0)
		KUNIT_EXPECT_EQ(test, 0, claim_test_destroy(rc));
}

static void window_test_claim_busy(struct kunit *test)
{
	claim_test_conflict(test, IORESOURCE_MEM | IORESOURCE_BUSY);
}

/* kmem claims a range with these flags before it adds the memory */
static void window_test_claim_system_ram(struct kunit *test)
{
	claim_test_conflict(test, IORESOURCE_SYSTEM_RAM);
}

static struct kunit_case window_test_cases[] = {
	KUNIT_CASE(window_test_claim_busy),
	KUNIT_CASE(window_test_claim_system_ram),
	{}
};

static struct kunit_suite window_test_suite = {
	.name = "memdev_window",
	.test_cases = window_test_cases,
};

kunit_test_suite(window_test_suite);
