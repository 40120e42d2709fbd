// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: every command that changes something, and its refusals
 */
// VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12 debug"
#include "nltest.h"
#include "nltest_attrs.h"

/* --- changes -------------------------------------------------------------- */

TEST_F(netlink, dev_new_replies_with_the_index_before_its_ack)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_NEW, 0);
	int index;

	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "c");
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_KIND, "dimm");
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_WINDOW, 0);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_ADDRESS,
			 reserved + 6 * block_size);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, block_size);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_ALIGN, block_size);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_NODE, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_SLOT, 5);
	ASSERT_EQ(0, nl_talk(self->nl, nlh)) {
		TH_LOG("%s", self->nl->text);
	}
	/* nl_talk() counts messages before and after the end of a request. */
	ASSERT_EQ(1, self->nl->replies);
	EXPECT_EQ(0, self->nl->after_end);
	EXPECT_EQ(MEMDEV_CMD_DEV_NEW,
		  nl_genl((void *)self->nl->reply)->cmd);
	EXPECT_EQ(NL_BIT(MEMDEV_A_DEV_INDEX),
		  reply_attrs((void *)self->nl->reply));
	nl_parse((void *)self->nl->reply, tb, MEMDEV_A_DEV_MAX);
	index = nl_u32(tb[MEMDEV_A_DEV_INDEX]);
	EXPECT_EQ(dev_find("c"), index);
	EXPECT_STREQ("dimm", dev_read(index, "kind"));
	EXPECT_EQ(reserved + 6 * block_size, dev_number(index, "address"));
	EXPECT_EQ(block_size, dev_number(index, "size"));
	EXPECT_EQ(5, dev_number(index, "slot"));
	EXPECT_STREQ("unplugged", dev_read(index, "state"));

	EXPECT_EQ(0, nl_talk(self->nl, dev_begin(self->nl, MEMDEV_CMD_DEV_DEL,
						 index)));
	EXPECT_EQ(0, self->nl->replies);
	EXPECT_EQ(-1, dev_find("c"));
}

TEST_F(netlink, a_reply_omits_id_and_slot_if_the_device_has_none)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_NEW, 0);

	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, block_size);
	ASSERT_EQ(0, nl_talk(self->nl, nlh));
	nl_parse((void *)self->nl->reply, tb, MEMDEV_A_DEV_MAX);
	ASSERT_EQ(0, dev_get(self->nl, nl_u32(tb[MEMDEV_A_DEV_INDEX]), tb));
	EXPECT_EQ(DEV_ALWAYS, reply_attrs((void *)self->nl->reply));
	EXPECT_TRUE(agrees_with_sysfs((void *)self->nl->reply));
}

TEST_F(netlink, dev_new_reports_the_invalid_attribute)
{
	struct nl *nl = self->nl;
	struct nlmsghdr *nlh;

#define NEW(size) do { \
	nlh = nl_begin(nl, MEMDEV_CMD_DEV_NEW, 0); \
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, (size)); \
} while (0)

	NEW(block_size + 1);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_SIZE);
	NEW(0);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_SIZE);
	NEW(block_size);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "a");
	EXPECT_REFUSED(EEXIST, nl, nlh, MEMDEV_A_DEV_ID);
	NEW(block_size);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "no blank");
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_ID);
	NEW(block_size);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_KIND, "floppy");
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_KIND);
	NEW(block_size);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_WINDOW, NO_INDEX);
	EXPECT_REFUSED(ENODEV, nl, nlh, MEMDEV_A_DEV_WINDOW);
	NEW(block_size);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_ADDRESS, reserved + 1);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_ADDRESS);
	NEW(block_size);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_ADDRESS, self->a_start);
	EXPECT_REFUSED(EBUSY, nl, nlh, MEMDEV_A_DEV_ADDRESS);
	NEW(block_size);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_ALIGN, 3);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_ALIGN);
	NEW(block_size);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_NODE, 1 << 20);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_NODE);
	NEW(block_size);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_KIND, "dimm");
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_SLOT, dev_number(self->b, "slot"));
	EXPECT_REFUSED(EBUSY, nl, nlh, MEMDEV_A_DEV_SLOT);
	NEW(16 * block_size);
	EXPECT_REFUSED(ENOSPC, nl, nlh, 0);
	EXPECT_EQ(2, (int)(strtoull(file_read(WINDOWS "/window0/used"), NULL,
				    0) / block_size) - A_BLOCKS + 1);
}

TEST_F(netlink, dev_del_reports_its_refusals)
{
	EXPECT_REFUSED(ENODEV, self->nl,
		       dev_begin(self->nl, MEMDEV_CMD_DEV_DEL, NO_INDEX),
		       MEMDEV_A_DEV_INDEX);
	ASSERT_EQ(0, dev_plug(self->nl, self->b, 0));
	EXPECT_REFUSED(EBUSY, self->nl,
		       dev_begin(self->nl, MEMDEV_CMD_DEV_DEL, self->b), 0);
	EXPECT_EQ(self->b, dev_find("b"));
}

TEST_F(netlink, dev_plug_and_dev_unplug_change_the_size)
{
	struct nl *nl = self->nl;

	EXPECT_EQ(0, dev_plug(nl, self->a, block_size));
	EXPECT_EQ(0, nl->replies);
	EXPECT_EQ(block_size, dev_number(self->a, "plugged_size"));
	EXPECT_EQ(0, dev_plug(nl, self->a, 0));
	EXPECT_EQ(A_BLOCKS * block_size, dev_number(self->a, "plugged_size"));
	EXPECT_EQ(MEMDEV_STATE_PLUGGED, dev_state(nl, self->a));
	EXPECT_EQ(0, dev_unplug(nl, self->a, 2 * block_size));
	EXPECT_EQ(2 * block_size, dev_number(self->a, "plugged_size"));
	EXPECT_EQ(0, dev_unplug(nl, self->a, 0));
	EXPECT_EQ(0, dev_number(self->a, "plugged_size"));
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGED, dev_state(nl, self->a));
}

TEST_F(netlink, dev_plug_and_dev_unplug_report_their_refusals)
{
	static const __u8 cmds[] = {
		MEMDEV_CMD_DEV_PLUG, MEMDEV_CMD_DEV_UNPLUG,
	};
	struct nl *nl = self->nl;
	struct nlmsghdr *nlh;

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		EXPECT_REFUSED(ENODEV, nl,
			       amount_begin(nl, cmds[i], NO_INDEX, block_size),
			       MEMDEV_A_DEV_INDEX);
		EXPECT_REFUSED(EINVAL, nl,
			       amount_begin(nl, cmds[i], self->a,
					    block_size + 1),
			       MEMDEV_A_DEV_SIZE);
		nlh = dev_begin(nl, cmds[i], self->a);
		mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, 0);
		EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_SIZE);
		/* Exactly one of size and all is required. */
		EXPECT_MISSING(MEMDEV_A_DEV_SIZE, nl,
			       dev_begin(nl, cmds[i], self->a));
		nlh = amount_begin(nl, cmds[i], self->a, block_size);
		mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
		EXPECT_REFUSED(EINVAL, nl, nlh, 0);
		EXPECT_TRUE(nl->offs == offset_of(nlh, MEMDEV_A_DEV_ALL) ||
			    nl->offs == offset_of(nlh, MEMDEV_A_DEV_SIZE));
	}
	EXPECT_REFUSED(ENOSPC, nl,
		       amount_begin(nl, MEMDEV_CMD_DEV_PLUG, self->a,
				    5 * block_size), 0);
	EXPECT_REFUSED(EINVAL, nl,
		       amount_begin(nl, MEMDEV_CMD_DEV_UNPLUG, self->a,
				    block_size), 0);
	EXPECT_EQ(0, dev_number(self->a, "plugged_size"));
	EXPECT_EQ(0, dev_number(self->b, "plugged_size"));
}

TEST_F(netlink, dev_set_sets_several_attributes)
{
	struct nlmsghdr *nlh = dev_begin(self->nl, MEMDEV_CMD_DEV_SET, self->a);

	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_REQUESTED_SIZE, 2 * block_size);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_ONLINE_TYPE,
			 MEMDEV_ONLINE_TYPE_OFFLINE);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, 12345);
	mnl_attr_put_u8(nlh, MEMDEV_A_DEV_MEMMAP_ON_MEMORY, 0);
	ASSERT_EQ(0, nl_talk(self->nl, nlh)) {
		TH_LOG("%s", self->nl->text);
	}
	EXPECT_STREQ("offline", dev_read(self->a, "online_type"));
	EXPECT_EQ(12345, dev_number(self->a, "unplug_timeout_ms"));
	EXPECT_EQ(0, dev_number(self->a, "memmap_on_memory"));
	EXPECT_EQ(2 * block_size, dev_number(self->a, "requested_size"));
	for (int i = 0; i < 6000 &&
	     dev_number(self->a, "plugged_size") != 2 * block_size; i++)
		usleep(10000);
	EXPECT_EQ(2 * block_size, dev_number(self->a, "plugged_size"));
	/* The online type was set before the worker started. */
	EXPECT_EQ(0, dev_number(self->a, "online_size"));

	for (__u32 type = 0; type < ARRAY_SIZE(online_type_names); type++) {
		nlh = dev_begin(self->nl, MEMDEV_CMD_DEV_SET, self->a);
		mnl_attr_put_u32(nlh, MEMDEV_A_DEV_ONLINE_TYPE, type);
		EXPECT_EQ(0, nl_talk(self->nl, nlh));
		EXPECT_STREQ(online_type_names[type],
			     dev_read(self->a, "online_type"));
	}
}

TEST_F(netlink, dev_set_sets_all_or_nothing)
{
	struct nl *nl = self->nl;
	struct nlmsghdr *nlh;

	ASSERT_EQ(0, dev_plug(nl, self->a, block_size));
#define SET() do { \
	nlh = dev_begin(nl, MEMDEV_CMD_DEV_SET, self->a); \
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_ONLINE_TYPE, \
			 MEMDEV_ONLINE_TYPE_OFFLINE); \
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, 12345); \
} while (0)
#define EXPECT_UNSET() do { \
	EXPECT_STREQ("online_movable", dev_read(self->a, "online_type")); \
	EXPECT_EQ(0, dev_number(self->a, "unplug_timeout_ms")); \
	EXPECT_EQ(block_size, dev_number(self->a, "requested_size")); \
	EXPECT_EQ(block_size, dev_number(self->a, "plugged_size")); \
} while (0)

	SET();
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_REQUESTED_SIZE, block_size + 1);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_REQUESTED_SIZE);
	EXPECT_UNSET();
	SET();
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_REQUESTED_SIZE, 5 * block_size);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_DEV_REQUESTED_SIZE);
	EXPECT_UNSET();
	SET();
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_REQUESTED_SIZE, 0);
	mnl_attr_put_u8(nlh, MEMDEV_A_DEV_MEMMAP_ON_MEMORY,
			!dev_number(self->a, "memmap_on_memory"));
	nl_talk(nl, nlh);
	EXPECT_TRUE(nl->err == EBUSY || nl->err == EOPNOTSUPP) {
		TH_LOG("%s", nl_errname(nl->err));
	}
	EXPECT_NE('\0', nl->text[0]);
	EXPECT_EQ(offset_of(nlh, MEMDEV_A_DEV_MEMMAP_ON_MEMORY), nl->offs);
	EXPECT_UNSET();
	SET();
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_ONLINE_TYPE, 5);
	EXPECT_REFUSED(ERANGE, nl, nlh, MEMDEV_A_DEV_ONLINE_TYPE);
	EXPECT_UNSET();
	nlh = dev_begin(nl, MEMDEV_CMD_DEV_SET, NO_INDEX);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, 12345);
	EXPECT_REFUSED(ENODEV, nl, nlh, MEMDEV_A_DEV_INDEX);
}

TEST_F(netlink, window_new_and_window_del_work)
{
	const struct nlattr *tb[MEMDEV_A_WINDOW_MAX + 1];
	struct nl *nl = self->nl;
	struct nlmsghdr *nlh = nl_begin(nl, MEMDEV_CMD_WINDOW_NEW, 0);
	__u32 index;

	mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_START, spare);
	mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_SIZE, block_size);
	mnl_attr_put_u32(nlh, MEMDEV_A_WINDOW_NODE, 0);
	ASSERT_EQ(0, nl_talk(nl, nlh)) {
		TH_LOG("%s", nl->text);
	}
	ASSERT_EQ(1, nl->replies);
	EXPECT_EQ(0, nl->after_end);
	EXPECT_EQ(NL_BIT(MEMDEV_A_WINDOW_INDEX),
		  reply_attrs((void *)nl->reply));
	nl_parse((void *)nl->reply, tb, MEMDEV_A_WINDOW_MAX);
	index = nl_u32(tb[MEMDEV_A_WINDOW_INDEX]);
	EXPECT_EQ(spare, strtoull(file_read(WINDOWS "/window%u/start", index),
				  NULL, 0));
	nlh = nl_begin(nl, MEMDEV_CMD_WINDOW_DEL, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_WINDOW_INDEX, index);
	EXPECT_EQ(0, nl_talk(nl, nlh));
	EXPECT_STREQ("", file_read(WINDOWS "/window%u/start", index));
}

TEST_F(netlink, window_new_and_window_del_report_their_refusals)
{
	struct nl *nl = self->nl;
	struct nlmsghdr *nlh;

#define WINDOW(start, size) do { \
	nlh = nl_begin(nl, MEMDEV_CMD_WINDOW_NEW, 0); \
	mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_START, (start)); \
	mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_SIZE, (size)); \
} while (0)

	WINDOW(reserved, block_size);
	EXPECT_REFUSED(EBUSY, nl, nlh, 0);
	WINDOW(spare + 1, block_size);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_WINDOW_START);
	WINDOW(spare, block_size + 1);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_WINDOW_SIZE);
	WINDOW(spare, 0);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_WINDOW_SIZE);
	WINDOW(spare, block_size);
	mnl_attr_put_u32(nlh, MEMDEV_A_WINDOW_NODE, 1 << 20);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_WINDOW_NODE);
	nlh = nl_begin(nl, MEMDEV_CMD_WINDOW_DEL, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_WINDOW_INDEX, NO_INDEX);
	EXPECT_REFUSED(ENODEV, nl, nlh, MEMDEV_A_WINDOW_INDEX);
	nlh = nl_begin(nl, MEMDEV_CMD_WINDOW_DEL, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_WINDOW_INDEX, 0);
	EXPECT_REFUSED(EBUSY, nl, nlh, 0);
	EXPECT_STREQ("", file_read(WINDOWS "/window1/start"));
}
