// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of how providers are checked, and of their optional operations.
 * Tests that need a region are skipped if no window has room.
 */
#include <kunit/test.h>
#include <linux/memdev.h>
#include <linux/memory.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "internal.h"
#include "window.h"

#define FAKE_PLUGGED	4096ULL
#define FAKE_REQUESTED	8192ULL

/* A device of a fake provider */
struct fake {
	struct memory_device md;
	struct memory_device_ops ops;
	struct memory_device_region region;
	u64 addr;
	u64 min_alignment;
};

/* Set when a device is released */
static bool fake_released;

static struct fake *to_fake(const struct memory_device *md)
{
	return container_of(md, struct fake, md);
}

static u64 fake_get_addr(const struct memory_device *md)
{
	return to_fake(md)->addr;
}

static void fake_set_addr(struct memory_device *md, u64 addr)
{
	to_fake(md)->addr = addr;
}

static const struct memory_device_region *
fake_get_memory_region(const struct memory_device *md)
{
	return &to_fake(md)->region;
}

static u64 fake_get_min_alignment(const struct memory_device *md)
{
	return to_fake(md)->min_alignment;
}

static u64 fake_get_plugged_size(const struct memory_device *md)
{
	return FAKE_PLUGGED;
}

static void fake_fill_device_info(const struct memory_device *md,
				  struct memory_device_info *info)
{
	info->requested_size = FAKE_REQUESTED;
	info->id = "fake's own";
}

static void fake_release(struct memory_device *md)
{
	fake_released = true;
	kfree(to_fake(md));
}

static struct fake *fake_new(struct kunit *test)
{
	struct fake *fake = kzalloc(sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->ops = (struct memory_device_ops){
		.kind = "fake",
		.get_addr = fake_get_addr,
		.set_addr = fake_set_addr,
		.get_memory_region = fake_get_memory_region,
		.release = fake_release,
	};
	fake->region.size = memory_block_size_bytes();
	fake->md.ops = &fake->ops;
	fake->md.window = -1;
	fake->md.node = NUMA_NO_NODE;
	fake->md.slot = -1;
	return fake;
}

static int fake_pre_plug(struct fake *fake)
{
	return memory_device_pre_plug(&fake->md, NULL, NULL);
}

static void fake_drop(struct kunit *test, struct fake *fake)
{
	fake_released = false;
	put_device(&fake->md.dev);
	KUNIT_EXPECT_TRUE(test, fake_released);
}

/* Define a test: after the statement @_change, @fake must be refused */
#define DEVICE_TEST_REFUSED(_name, _change)				\
static void device_test_##_name(struct kunit *test)			\
{									\
	struct fake *fake = fake_new(test);				\
									\
	_change;							\
	KUNIT_EXPECT_EQ(test, -EINVAL, fake_pre_plug(fake));		\
	fake_drop(test, fake);						\
}

DEVICE_TEST_REFUSED(without_kind, fake->ops.kind = NULL)
DEVICE_TEST_REFUSED(without_get_addr, fake->ops.get_addr = NULL)
DEVICE_TEST_REFUSED(without_set_addr, fake->ops.set_addr = NULL)
DEVICE_TEST_REFUSED(without_get_memory_region,
		    fake->ops.get_memory_region = NULL)
DEVICE_TEST_REFUSED(impossible_node, fake->md.node = MAX_NUMNODES)

/*
 * Pre-plug a device and return its address; 0 if no window has room, or none
 * starts at a multiple of the alignment.
 */
static u64 fake_pre_plug_addr(struct kunit *test, struct fake *fake)
{
	int rc = fake_pre_plug(fake);

	if (rc == -ENODEV || rc == -ENOSPC ||
	    (rc == -EINVAL && fake->min_alignment))
		return 0;
	KUNIT_EXPECT_EQ(test, 0, rc);
	KUNIT_EXPECT_NE(test, 0, fake->addr);
	return fake->addr;
}

static void device_test_provider_overrides(struct kunit *test)
{
	struct fake *fake = fake_new(test);
	struct memory_device_info info;
	u64 addr;

	fake->ops.get_plugged_size = fake_get_plugged_size;
	fake->ops.fill_device_info = fake_fill_device_info;
	addr = fake_pre_plug_addr(test, fake);
	if (addr) {
		KUNIT_EXPECT_EQ(test, FAKE_PLUGGED,
				memory_device_get_plugged_size(&fake->md));
		memory_device_get_info(&fake->md, &info);
		KUNIT_EXPECT_EQ(test, FAKE_PLUGGED, info.plugged_size);
		KUNIT_EXPECT_EQ(test, FAKE_REQUESTED, info.requested_size);
		KUNIT_EXPECT_STREQ(test, "fake's own", info.id);
		KUNIT_EXPECT_STREQ(test, "fake", info.kind);
		KUNIT_EXPECT_EQ(test, addr, info.addr);
		KUNIT_EXPECT_EQ(test, fake->region.size, info.size);
	}
	fake_drop(test, fake);
	if (!addr)
		kunit_skip(test, "no window has room for a block");
}

static void device_test_alignment(struct kunit *test)
{
	u64 align = 2 * memory_block_size_bytes();
	struct fake *plain, *aligned;
	u64 first, second = 0;

	/* The block after @plain is not necessarily aligned */
	plain = fake_new(test);
	first = fake_pre_plug_addr(test, plain);
	if (first) {
		aligned = fake_new(test);
		aligned->ops.get_min_alignment = fake_get_min_alignment;
		aligned->min_alignment = align;
		aligned->region.size = align;
		second = fake_pre_plug_addr(test, aligned);
		if (second)
			KUNIT_EXPECT_EQ(test, ALIGN(first + 1, align), second);
		fake_drop(test, aligned);
	}
	fake_drop(test, plain);
	if (!second)
		kunit_skip(test, "no window has room for aligned blocks");
}

static void device_test_alignment_not_power_of_two(struct kunit *test)
{
	struct fake *fake = fake_new(test);
	int rc;

	fake->ops.get_min_alignment = fake_get_min_alignment;
	fake->min_alignment = 3 * memory_block_size_bytes();
	rc = fake_pre_plug(fake);
	if (rc != -ENODEV)
		KUNIT_EXPECT_EQ(test, -EINVAL, rc);
	fake_drop(test, fake);
	if (rc == -ENODEV)
		kunit_skip(test, "there is no window");
}

static void device_test_drop_frees_region(struct kunit *test)
{
	struct fake *fake;
	u64 addr, again;

	fake = fake_new(test);
	addr = fake_pre_plug_addr(test, fake);
	fake_drop(test, fake);
	if (!addr)
		kunit_skip(test, "no window has room for a block");
	fake = fake_new(test);
	again = fake_pre_plug_addr(test, fake);
	KUNIT_EXPECT_EQ(test, addr, again);
	fake_drop(test, fake);
}

/* A second memory_device_unregister() must not queue work for the device */
static void device_test_unregister_twice(struct kunit *test)
{
	struct fake *fake = fake_new(test);
	u64 addr = fake_pre_plug_addr(test, fake);
	int rc;

	if (addr) {
		rc = memory_device_register(&fake->md, NULL);
		KUNIT_EXPECT_EQ(test, 0, rc);
		if (!rc) {
			KUNIT_EXPECT_EQ(test, 0,
					memory_device_unregister(&fake->md,
								 NULL));
			KUNIT_EXPECT_EQ(test, -ENODEV,
					memory_device_unregister(&fake->md,
								 NULL));
			KUNIT_EXPECT_FALSE(test, work_busy(&fake->md.core->resize.work));
		}
	}
	fake_drop(test, fake);
	if (!addr)
		kunit_skip(test, "no window has room for a block");
}

static void device_test_extack_truncates(struct kunit *test)
{
	char text[NETLINK_MAX_FMTMSG_LEN + 1] = {};
	struct netlink_ext_ack extack = {};

	memset(text, 'x', NETLINK_MAX_FMTMSG_LEN - 1);
	memdev_extack_set(&extack, text);
	KUNIT_EXPECT_STREQ(test, text, extack._msg);

	text[NETLINK_MAX_FMTMSG_LEN - 1] = 'x';
	memdev_extack_set(&extack, text);
	KUNIT_EXPECT_EQ(test, strlen(extack._msg), NETLINK_MAX_FMTMSG_LEN - 1);
	KUNIT_EXPECT_STREQ(test, extack._msg + NETLINK_MAX_FMTMSG_LEN - 4,
			   "...");
}

static struct kunit_case device_test_cases[] = {
	KUNIT_CASE(device_test_extack_truncates),
	KUNIT_CASE(device_test_without_kind),
	KUNIT_CASE(device_test_without_get_addr),
	KUNIT_CASE(device_test_without_set_addr),
	KUNIT_CASE(device_test_without_get_memory_region),
	KUNIT_CASE(device_test_impossible_node),
	KUNIT_CASE(device_test_provider_overrides),
	KUNIT_CASE(device_test_alignment),
	KUNIT_CASE(device_test_alignment_not_power_of_two),
	KUNIT_CASE(device_test_drop_frees_region),
	KUNIT_CASE(device_test_unregister_twice),
	{}
};

static struct kunit_suite device_test_suite = {
	.name = "memdev_device",
	.test_cases = device_test_cases,
};

kunit_test_suite(device_test_suite);
