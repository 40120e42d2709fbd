// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: what the family reports about devices, windows, blocks and a
 * refused unplug
 */
// VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12 debug"
#include "nltest.h"
#include "nltest_attrs.h"

TEST_F(netlink, dev_get_reports_every_attribute)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlmsghdr *reply = (void *)self->nl->reply;

	ASSERT_EQ(0, dev_plug(self->nl, self->a, 2 * block_size));
	ASSERT_EQ(0, dev_get(self->nl, self->a, tb));
	EXPECT_EQ(1, self->nl->replies);
	EXPECT_EQ(0, self->nl->after_end);
	EXPECT_EQ(MEMDEV_CMD_DEV_GET, nl_genl(reply)->cmd);
	EXPECT_EQ(DEV_ALWAYS | NL_BIT(MEMDEV_A_DEV_ID), reply_attrs(reply));
	EXPECT_TRUE(agrees_with_sysfs(reply));
	EXPECT_EQ(self->a, nl_u32(tb[MEMDEV_A_DEV_INDEX]));
	EXPECT_EQ(0, nl_u32(tb[MEMDEV_A_DEV_WINDOW]));
	EXPECT_EQ(MEMDEV_STATE_PARTIAL, nl_u32(tb[MEMDEV_A_DEV_STATE]));
	EXPECT_EQ(0, nl_u64(tb[MEMDEV_A_DEV_RETIRED_SIZE]));
	EXPECT_STREQ("", nl_str(tb[MEMDEV_A_DEV_LAST_ERROR]));
}

TEST_F(netlink, dev_get_reports_the_slot_of_a_dimm)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlmsghdr *reply = (void *)self->nl->reply;

	ASSERT_EQ(0, dev_get(self->nl, self->b, tb));
	EXPECT_EQ(DEV_ALWAYS | NL_BIT(MEMDEV_A_DEV_ID) |
		  NL_BIT(MEMDEV_A_DEV_SLOT), reply_attrs(reply));
	EXPECT_TRUE(agrees_with_sysfs(reply));
	EXPECT_EQ(dev_number(self->b, "slot"), nl_u32(tb[MEMDEV_A_DEV_SLOT]));
	EXPECT_STREQ("dimm", nl_str(tb[MEMDEV_A_DEV_KIND]));
}

TEST_F(netlink, a_device_is_found_by_its_id)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_GET, 0);

	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "b");
	ASSERT_EQ(0, nl_talk(self->nl, nlh));
	nl_parse((void *)self->nl->reply, tb, MEMDEV_A_DEV_MAX);
	EXPECT_EQ(self->b, nl_u32(tb[MEMDEV_A_DEV_INDEX]));

	nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_PLUG, 0);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "b");
	mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
	EXPECT_EQ(0, nl_talk(self->nl, nlh));
	EXPECT_EQ(block_size, dev_number(self->b, "plugged_size"));

	nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_GET, 0);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "nobody");
	EXPECT_REFUSED(ENODEV, self->nl, nlh, MEMDEV_A_DEV_ID);

	/* Devices without an id do not match an empty one. */
	nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_GET, 0);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "");
	EXPECT_REFUSED(EINVAL, self->nl, nlh, MEMDEV_A_DEV_ID);
}

TEST_F(netlink, index_and_id_exclude_each_other)
{
	static const __u8 cmds[] = {
		MEMDEV_CMD_DEV_GET, MEMDEV_CMD_DEV_DEL, MEMDEV_CMD_DEV_SET,
		MEMDEV_CMD_DEV_PLUG, MEMDEV_CMD_DEV_UNPLUG,
	};

	for (size_t i = 0; i < ARRAY_SIZE(cmds); i++) {
		struct nlmsghdr *nlh = dev_begin(self->nl, cmds[i], self->a);

		mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "a");
		if (cmds[i] == MEMDEV_CMD_DEV_SET)
			mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS,
					 1);
		if (nl_cmds[cmds[i]].may & NL_BIT(MEMDEV_A_DEV_ALL))
			mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
		EXPECT_REFUSED(EINVAL, self->nl, nlh, MEMDEV_A_DEV_ID);
	}
}

/* --- dumps ---------------------------------------------------------------- */

struct seen {
	unsigned int nr;
	int index[64];
	bool multi;
	bool good;
	__u32 attrs;
};

static void see(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[2];
	struct seen *seen = data;

	/* The index is the first attribute of every set. */
	nl_parse(nlh, tb, 1);
	if (seen->nr < ARRAY_SIZE(seen->index))
		seen->index[seen->nr++] = nl_u32(tb[1]);
	seen->multi &= !!(nlh->nlmsg_flags & NLM_F_MULTI);
	seen->attrs = reply_attrs(nlh);
	seen->good &= !!seen->attrs;
	if (nl_genl(nlh)->cmd == MEMDEV_CMD_DEV_GET)
		seen->good &= agrees_with_sysfs(nlh);
}

TEST_F(netlink, a_dump_is_sorted_by_index)
{
	struct seen seen = { .multi = true, .good = true };

	ASSERT_EQ(0, dev_plug(self->nl, self->a, block_size));
	ASSERT_EQ(0, nl_talk_cb(self->nl,
				nl_begin(self->nl, MEMDEV_CMD_DEV_GET,
					 NLM_F_DUMP), see, &seen));
	EXPECT_FALSE(self->nl->intr);
	EXPECT_EQ(2, seen.nr);
	EXPECT_TRUE(seen.multi);
	EXPECT_TRUE(seen.good);
	EXPECT_EQ(self->a, seen.index[0]);
	EXPECT_EQ(self->b, seen.index[1]);
}

#define WINDOW_ALWAYS \
	(NL_BIT(MEMDEV_A_WINDOW_INDEX) | NL_BIT(MEMDEV_A_WINDOW_START) | \
	 NL_BIT(MEMDEV_A_WINDOW_SIZE) | NL_BIT(MEMDEV_A_WINDOW_NODE) | \
	 NL_BIT(MEMDEV_A_WINDOW_SOURCE) | NL_BIT(MEMDEV_A_WINDOW_LIMIT) | \
	 NL_BIT(MEMDEV_A_WINDOW_SLOTS) | NL_BIT(MEMDEV_A_WINDOW_USED) | \
	 NL_BIT(MEMDEV_A_WINDOW_LARGEST_FREE) | \
	 NL_BIT(MEMDEV_A_WINDOW_BLOCK_SIZE))

TEST_F(netlink, window_get_reports_every_attribute)
{
	static const struct {
		unsigned int type;
		const char *attr;
	} numbers[] = {
		{ MEMDEV_A_WINDOW_START, "start" },
		{ MEMDEV_A_WINDOW_SIZE, "size" },
		{ MEMDEV_A_WINDOW_LIMIT, "limit" },
		{ MEMDEV_A_WINDOW_USED, "used" },
		{ MEMDEV_A_WINDOW_LARGEST_FREE, "largest_free" },
		{ MEMDEV_A_WINDOW_NODE, "node" },
		{ MEMDEV_A_WINDOW_SLOTS, "slots" },
	};
	const struct nlattr *tb[MEMDEV_A_WINDOW_MAX + 1];
	struct seen seen = { .multi = true, .good = true };
	struct nlmsghdr *nlh = nl_begin(self->nl, MEMDEV_CMD_WINDOW_GET, 0);

	mnl_attr_put_u32(nlh, MEMDEV_A_WINDOW_INDEX, 0);
	ASSERT_EQ(0, nl_talk(self->nl, nlh));
	nl_parse((void *)self->nl->reply, tb, MEMDEV_A_WINDOW_MAX);
	EXPECT_EQ(WINDOW_ALWAYS, reply_attrs((void *)self->nl->reply));
	EXPECT_EQ(0, nl_u32(tb[MEMDEV_A_WINDOW_INDEX]));
	EXPECT_EQ(MEMDEV_SOURCE_RESERVED, nl_u32(tb[MEMDEV_A_WINDOW_SOURCE]));
	EXPECT_EQ(block_size, nl_u64(tb[MEMDEV_A_WINDOW_BLOCK_SIZE]));
	EXPECT_EQ((A_BLOCKS + 1) * block_size,
		  nl_u64(tb[MEMDEV_A_WINDOW_USED]));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct nlattr *attr = tb[numbers[i].type];
		__u64 got = mnl_attr_get_payload_len(attr) == 8 ?
			       nl_u64(attr) : nl_u32(attr);

		EXPECT_EQ(strtoull(file_read(WINDOWS "/window0/%s",
					     numbers[i].attr), NULL, 0), got) {
			TH_LOG("%s", numbers[i].attr);
		}
	}

	ASSERT_EQ(0, nl_talk_cb(self->nl,
				nl_begin(self->nl, MEMDEV_CMD_WINDOW_GET,
					 NLM_F_DUMP), see, &seen));
	EXPECT_EQ(1, seen.nr);
	EXPECT_EQ(0, seen.index[0]);
	EXPECT_EQ(WINDOW_ALWAYS, seen.attrs);

	nlh = nl_begin(self->nl, MEMDEV_CMD_WINDOW_GET, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_WINDOW_INDEX, NO_INDEX);
	EXPECT_REFUSED(ENODEV, self->nl, nlh, MEMDEV_A_WINDOW_INDEX);
}

/* --- blocks --------------------------------------------------------------- */

struct runs {
	unsigned int nr;
	struct {
		__u32 device, first, count, state;
		__u64 address;
	} run[64];
	bool good;
};

static void see_run(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[MEMDEV_A_BLOCK_MAX + 1];
	struct runs *runs = data;

	nl_parse(nlh, tb, MEMDEV_A_BLOCK_MAX);
	runs->good &= reply_attrs(nlh) ==
		      (NL_BIT(MEMDEV_A_BLOCK_DEVICE) |
		       NL_BIT(MEMDEV_A_BLOCK_FIRST) |
		       NL_BIT(MEMDEV_A_BLOCK_COUNT) |
		       NL_BIT(MEMDEV_A_BLOCK_STATE) |
		       NL_BIT(MEMDEV_A_BLOCK_ADDRESS));
	if (runs->nr == ARRAY_SIZE(runs->run))
		return;
	runs->run[runs->nr].device = nl_u32(tb[MEMDEV_A_BLOCK_DEVICE]);
	runs->run[runs->nr].first = nl_u32(tb[MEMDEV_A_BLOCK_FIRST]);
	runs->run[runs->nr].count = nl_u32(tb[MEMDEV_A_BLOCK_COUNT]);
	runs->run[runs->nr].state = nl_u32(tb[MEMDEV_A_BLOCK_STATE]);
	runs->run[runs->nr].address = nl_u64(tb[MEMDEV_A_BLOCK_ADDRESS]);
	runs->nr++;
}

/* List @device's blocks whose states are in @mask, in the format of sysfs. */
static const char *block_list(const struct runs *runs, __u32 device,
			      __u32 mask)
{
	static char text[4096];
	unsigned int first = 0, count = 0;
	char *p = text;

	text[0] = '\0';
	for (unsigned int i = 0; i <= runs->nr; i++) {
		bool in = i < runs->nr && runs->run[i].device == device &&
			  mask & NL_BIT(runs->run[i].state);

		if (in && count && runs->run[i].first == first + count) {
			count += runs->run[i].count;
			continue;
		}
		if (count)
			p += sprintf(p, count > 1 ? "%s%u-%u" : "%s%u",
				     p == text ? "" : ",", first,
				     first + count - 1);
		first = in ? runs->run[i].first : 0;
		count = in ? runs->run[i].count : 0;
	}
	return text;
}

#define PLUGGED_STATES	(NL_BIT(MEMDEV_BLOCK_STATE_OFFLINE) | ONLINE_STATES)
#define ONLINE_STATES	(NL_BIT(MEMDEV_BLOCK_STATE_KERNEL) | \
			 NL_BIT(MEMDEV_BLOCK_STATE_MOVABLE))

TEST_F(netlink, block_get_reports_ranges_that_cover_the_region)
{
	struct runs runs = { .good = true };
	struct nlmsghdr *nlh;
	__u32 next = 0;
	char path[128];

	/* Movable, offline, movable, unplugged */
	ASSERT_EQ(0, dev_plug(self->nl, self->a, 3 * block_size));
	snprintf(path, sizeof(path), MEM "/memory%llu/state",
		 (unsigned long long)(self->a_start / block_size + 1));
	ASSERT_EQ(0, file_write(path, "offline"));

	nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, self->a);
	ASSERT_EQ(0, nl_talk_cb(self->nl, nlh, see_run, &runs));
	EXPECT_TRUE(runs.good);
	EXPECT_EQ(4, runs.nr);
	for (unsigned int i = 0; i < runs.nr; i++) {
		EXPECT_EQ(self->a, runs.run[i].device);
		EXPECT_EQ(next, runs.run[i].first);
		EXPECT_EQ(self->a_start + next * block_size,
			  runs.run[i].address);
		if (i)
			EXPECT_NE(runs.run[i - 1].state, runs.run[i].state);
		next += runs.run[i].count;
	}
	EXPECT_EQ(A_BLOCKS, next);
	EXPECT_STREQ(dev_read(self->a, "plugged_blocks"),
		     block_list(&runs, self->a, PLUGGED_STATES));
	EXPECT_STREQ(dev_read(self->a, "online_blocks"),
		     block_list(&runs, self->a, ONLINE_STATES));
	EXPECT_STREQ("1", block_list(&runs, self->a,
				     NL_BIT(MEMDEV_BLOCK_STATE_OFFLINE)));
	EXPECT_STREQ("3", block_list(&runs, self->a,
				     NL_BIT(MEMDEV_BLOCK_STATE_UNPLUGGED)));

	/* From a given block on */
	runs.nr = 0;
	nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_FIRST, 2);
	ASSERT_EQ(0, nl_talk_cb(self->nl, nlh, see_run, &runs));
	EXPECT_EQ(2, runs.nr);
	EXPECT_EQ(2, runs.run[0].first);
	EXPECT_EQ(3, runs.run[1].first);

	/* A single range */
	for (__u32 first = 0; first < A_BLOCKS; first++) {
		runs.nr = 0;
		nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, 0);
		mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, self->a);
		mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_FIRST, first);
		ASSERT_EQ(0, nl_talk_cb(self->nl, nlh, see_run, &runs));
		EXPECT_EQ(1, runs.nr);
		EXPECT_EQ(first, runs.run[0].first);
		EXPECT_EQ(1, runs.run[0].count);
	}

	/* All devices */
	runs.nr = 0;
	nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, NLM_F_DUMP);
	ASSERT_EQ(0, nl_talk_cb(self->nl, nlh, see_run, &runs));
	EXPECT_EQ(5, runs.nr);
	EXPECT_EQ(self->b, runs.run[4].device);
	EXPECT_EQ(0, runs.run[4].first);
	EXPECT_EQ(1, runs.run[4].count);
	EXPECT_EQ(MEMDEV_BLOCK_STATE_UNPLUGGED, runs.run[4].state);
	EXPECT_TRUE(runs.good);
}

TEST_F(netlink, block_get_reports_a_block_in_a_kernel_zone)
{
	struct runs runs = { .good = true };
	struct nlmsghdr *nlh;

	ASSERT_EQ(0, dev_write(self->a, "online_type", "online_kernel"));
	ASSERT_EQ(0, dev_plug(self->nl, self->a, block_size));
	nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_FIRST, 0);
	ASSERT_EQ(0, nl_talk_cb(self->nl, nlh, see_run, &runs));
	EXPECT_EQ(MEMDEV_BLOCK_STATE_KERNEL, runs.run[0].state);
	EXPECT_EQ(1, runs.run[0].count);
}

TEST_F(netlink, block_get_refuses_unknown_devices_and_blocks)
{
	struct nlmsghdr *nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, 0);
	int err;

	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, NO_INDEX);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_FIRST, 0);
	EXPECT_REFUSED(ENODEV, self->nl, nlh, MEMDEV_A_BLOCK_DEVICE);

	nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, NO_INDEX);
	EXPECT_REFUSED(ENODEV, self->nl, nlh, 0);

	nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_FIRST, A_BLOCKS);
	err = nl_talk(self->nl, nlh);
	EXPECT_TRUE(err == ERANGE || err == EINVAL) {
		TH_LOG("%s", nl_errname(err));
	}
	EXPECT_EQ(offset_of(nlh, MEMDEV_A_BLOCK_FIRST), self->nl->offs);
}

/* --- refusals ------------------------------------------------------------- */

TEST_F(netlink, a_refused_unplug_reports_the_block)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlattr *refusal[MEMDEV_A_REFUSAL_MAX + 1];
	struct nl *nl = self->nl;
	char memory[32], said[NL_TEXT_LEN], reply[512];
	size_t replied;
	__u64 low = self->a_start + block_size, plugged;

	ASSERT_EQ(0, dev_plug(nl, self->a, 3 * block_size));
	if (!pin_start(&self->pin, low, low + block_size))
		SKIP(return, "no page could be pinned on the device");
	/* With this short deadline, the number of unplugged blocks varies. */
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "5000"));
	EXPECT_REFUSED(ETIMEDOUT, nl,
		       amount_begin(nl, MEMDEV_CMD_DEV_UNPLUG, self->a, 0), 0);
	ASSERT_EQ(0, dev_get(nl, self->a, tb));
	plugged = nl_u64(tb[MEMDEV_A_DEV_PLUGGED_SIZE]);
	ASSERT_NE(NULL, tb[MEMDEV_A_DEV_REFUSAL]);
	nl_parse_nest(tb[MEMDEV_A_DEV_REFUSAL], refusal, MEMDEV_A_REFUSAL_MAX);
	EXPECT_EQ(3 * block_size, nl_u64(refusal[MEMDEV_A_REFUSAL_ASKED]));
	EXPECT_EQ(3 * block_size - plugged,
		  nl_u64(refusal[MEMDEV_A_REFUSAL_DONE]));
	/* Unplug all other blocks, so that only the pinned one is left. */
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "0"));
	if (plugged > block_size)
		ASSERT_EQ(0, dev_unplug(nl, self->a, plugged - block_size));
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "2000"));
	EXPECT_REFUSED(ETIMEDOUT, nl,
		       amount_begin(nl, MEMDEV_CMD_DEV_UNPLUG, self->a, 0), 0);
	snprintf(said, sizeof(said), "%s", nl->text);
	/* The reply has the same attributes as a later dev-get. */
	ASSERT_EQ(1, nl->replies);
	nl_parse((void *)nl->reply, tb, MEMDEV_A_DEV_MAX);
	EXPECT_EQ(self->a, nl_u32(tb[MEMDEV_A_DEV_INDEX]));
	ASSERT_NE(NULL, tb[MEMDEV_A_DEV_REFUSAL]);
	replied = mnl_attr_get_payload_len(tb[MEMDEV_A_DEV_REFUSAL]);
	ASSERT_GE(sizeof(reply), replied);
	memcpy(reply, mnl_attr_get_payload(tb[MEMDEV_A_DEV_REFUSAL]), replied);
	ASSERT_EQ(0, dev_get(nl, self->a, tb));
	ASSERT_NE(NULL, tb[MEMDEV_A_DEV_REFUSAL]);
	ASSERT_EQ(replied, mnl_attr_get_payload_len(tb[MEMDEV_A_DEV_REFUSAL]));
	EXPECT_EQ(0, memcmp(reply, mnl_attr_get_payload(tb[MEMDEV_A_DEV_REFUSAL]),
			    replied));
	EXPECT_EQ(DEV_ALWAYS | NL_BIT(MEMDEV_A_DEV_ID) |
		  NL_BIT(MEMDEV_A_DEV_REFUSAL), reply_attrs((void *)nl->reply));
	EXPECT_STREQ(said, nl_str(tb[MEMDEV_A_DEV_LAST_ERROR]));
	ASSERT_NE(NULL, tb[MEMDEV_A_DEV_REFUSAL]);
	nl_parse_nest(tb[MEMDEV_A_DEV_REFUSAL], refusal, MEMDEV_A_REFUSAL_MAX);
	EXPECT_EQ(MEMDEV_OP_UNPLUG, nl_u32(refusal[MEMDEV_A_REFUSAL_OP]));
	EXPECT_EQ(ETIMEDOUT, nl_u32(refusal[MEMDEV_A_REFUSAL_ERRNO]));
	EXPECT_STREQ(said, nl_str(refusal[MEMDEV_A_REFUSAL_REASON]));
	EXPECT_EQ(1, nl_u32(refusal[MEMDEV_A_REFUSAL_BLOCK]));
	EXPECT_EQ(low, nl_u64(refusal[MEMDEV_A_REFUSAL_ADDRESS]));
	snprintf(memory, sizeof(memory), "memory%llu",
		 (unsigned long long)(low / block_size));
	EXPECT_STREQ(memory, nl_str(refusal[MEMDEV_A_REFUSAL_MEMORY]));
	EXPECT_EQ(block_size, nl_u64(refusal[MEMDEV_A_REFUSAL_ASKED]));
	EXPECT_EQ(0, nl_u64(refusal[MEMDEV_A_REFUSAL_DONE]));

	/* A success clears the refusal. */
	pin_stop(&self->pin);
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "0"));
	EXPECT_EQ(0, dev_unplug(nl, self->a, 0)) {
		TH_LOG("%s", nl->text);
	}
	ASSERT_EQ(0, dev_get(nl, self->a, tb));
	EXPECT_EQ(NULL, tb[MEMDEV_A_DEV_REFUSAL]);
	EXPECT_STREQ("", nl_str(tb[MEMDEV_A_DEV_LAST_ERROR]));
}

/* --- other namespaces ----------------------------------------------------- */

TEST_F(netlink, another_network_namespace_lacks_the_family)
{
	struct nl *nl = calloc(1, sizeof(*nl));
	pid_t pid;
	int status;

	ASSERT_NE(NULL, nl);
	pid = fork();
	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(200);
		_exit(nl_open(nl));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(ENOENT, WEXITSTATUS(status));
}
