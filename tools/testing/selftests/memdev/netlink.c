// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family: every command and attribute, what is refused and what is
 * said of it, the order of answers, and that whoever waits blocks nobody.
 *
 * The module is loaded once, with a window of reserved memory; each test makes
 * its devices, and takes them away, by way of sysfs.
 */
// VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12 7.3 debug"
#include "kselftest_harness.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include "files.h"
#include "nl.h"

/* An emulated machine takes its time; what hangs is ended by the VM's limit */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600

#define BUS		"/sys/bus/memdev"
#define WINDOWS		"/sys/devices/memdev"
#define MEM		"/sys/devices/system/memory"
#define NO_INDEX	12345

/* The window has all reserved blocks but the last one, @spare */
#define WINDOW_BLOCKS	7
#define A_BLOCKS	4

static __u64 block_size, reserved, spare;

/* --- sysfs ---------------------------------------------------------------- */

static int dev_write(int index, const char *attr, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), BUS "/devices/memdev%d/%s", index, attr);
	return file_write(path, "%s", text);
}

static const char *dev_read(int index, const char *attr)
{
	return file_read(BUS "/devices/memdev%d/%s", index, attr);
}

static __u64 dev_number(int index, const char *attr)
{
	const char *text = dev_read(index, attr);

	return text[0] ? strtoull(text, NULL, 0) : UINT64_MAX;
}

/* The index of the device with that id, -1 if there is none */
static int dev_find(const char *id)
{
	char line[64];
	int index = -1;
	FILE *f = fopen(BUS "/device_list", "r");

	if (!f)
		return -1;
	while (index < 0 && fgets(line, sizeof(line), f)) {
		int i = atoi(line + strlen("memdev"));

		if (!strcmp(dev_read(i, "id"), id))
			index = i;
	}
	fclose(f);
	return index;
}

static void devs_remove(void)
{
	int index[64], nr = 0;
	char line[64];
	FILE *f = fopen(BUS "/device_list", "r");

	while (f && nr < 64 && fgets(line, sizeof(line), f))
		index[nr++] = atoi(line + strlen("memdev"));
	if (f)
		fclose(f);
	while (nr--) {
		dev_write(index[nr], "unplug_timeout_ms", "0");
		dev_write(index[nr], "requested_size", "0");
		if (dev_number(index[nr], "plugged_size"))
			dev_write(index[nr], "unplug", "all");
		file_write(BUS "/del_device", "memdev%d", index[nr]);
	}
}

/* --- a page that cannot be moved ------------------------------------------- */

struct pin {
	pid_t pid;
	int in;
};

static bool pin_start(struct pin *pin, __u64 low, __u64 high)
{
	int in[2], out[2];
	char text[64] = "";
	char arg[2][32];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	snprintf(arg[0], sizeof(arg[0]), "0x%llx", (unsigned long long)low);
	snprintf(arg[1], sizeof(arg[1]), "0x%llx", (unsigned long long)high);
	pin->pid = fork();
	if (!pin->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execlp("mempin", "mempin", arg[0], arg[1], "2000000000", NULL);
		_exit(1);
	}
	close(in[0]);
	close(out[1]);
	pin->in = in[1];
	if (read(out[0], text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(out[0]);
	return !strncmp(text, "pinned", 6);
}

static void pin_stop(struct pin *pin)
{
	if (!pin->pid)
		return;
	close(pin->in);
	kill(pin->pid, SIGKILL);
	waitpid(pin->pid, NULL, 0);
	pin->pid = 0;
}

/* --- the fixture ----------------------------------------------------------- */

/* a: virtio-mem of 4 blocks; b: a dimm of one block. Nothing is plugged. */
FIXTURE(netlink)
{
	struct nl *nl;
	struct nl *other;
	struct pin pin;
	int a;
	int b;
	__u64 a_start;
};

FIXTURE_SETUP(netlink)
{
	/* What a test that failed has left */
	devs_remove();
	self->pin.pid = 0;
	self->nl = calloc(1, sizeof(*self->nl));
	self->other = calloc(1, sizeof(*self->other));
	ASSERT_NE(NULL, self->nl);
	ASSERT_NE(NULL, self->other);
	ASSERT_EQ(0, nl_open(self->nl));
	ASSERT_EQ(0, nl_open(self->other));
	ASSERT_EQ(0, file_write(BUS "/new_device", "size=%llu id=a",
				A_BLOCKS * block_size));
	ASSERT_EQ(0, file_write(BUS "/new_device", "size=%llu id=b kind=dimm",
				block_size));
	self->a = dev_find("a");
	self->b = dev_find("b");
	ASSERT_LE(0, self->a);
	ASSERT_LE(0, self->b);
	self->a_start = dev_number(self->a, "address");
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "0"));
	ASSERT_EQ(0, dev_write(self->b, "unplug_timeout_ms", "0"));
}

FIXTURE_TEARDOWN(netlink)
{
	pin_stop(&self->pin);
	nl_close(self->nl);
	nl_close(self->other);
	devs_remove();
}

/* --- requests -------------------------------------------------------------- */

static struct nlmsghdr *dev_begin(struct nl *nl, __u8 cmd, int index)
{
	struct nlmsghdr *nlh = nl_begin(nl, cmd, 0);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, index);
	return nlh;
}

static struct nlmsghdr *amount_begin(struct nl *nl, __u8 cmd, int index,
				     __u64 size)
{
	struct nlmsghdr *nlh = dev_begin(nl, cmd, index);

	if (size)
		mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, size);
	else
		mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
	return nlh;
}

/* @size 0: all */
static int dev_plug(struct nl *nl, int index, __u64 size)
{
	return nl_talk(nl, amount_begin(nl, MEMDEV_CMD_DEV_PLUG, index, size));
}

static int dev_unplug(struct nl *nl, int index, __u64 size)
{
	return nl_talk(nl, amount_begin(nl, MEMDEV_CMD_DEV_UNPLUG, index,
					size));
}

/* The reply's attributes are in @tb */
static int dev_get(struct nl *nl, int index, const struct nlattr **tb)
{
	int err = nl_talk(nl, dev_begin(nl, MEMDEV_CMD_DEV_GET, index));

	memset(tb, 0, (MEMDEV_A_DEV_MAX + 1) * sizeof(*tb));
	if (!err)
		nl_parse((void *)nl->reply, tb, MEMDEV_A_DEV_MAX);
	return err;
}

static __u32 dev_state(struct nl *nl, int index)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];

	if (dev_get(nl, index, tb))
		return UINT32_MAX;
	return nl_u32(tb[MEMDEV_A_DEV_STATE]);
}

/* Waits until the device is, or is no longer, in that state */
static bool state_comes(struct nl *nl, int index, __u32 state, bool is)
{
	for (int i = 0; i < 6000; i++) {
		if ((dev_state(nl, index) == state) == is)
			return true;
		usleep(10000);
	}
	return false;
}

/* Where in a request its last attribute of that type is */
static int offset_of(const struct nlmsghdr *nlh, unsigned int type)
{
	const struct nlattr *attr;
	int offset = -1;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == type)
			offset = (const char *)attr - (const char *)nlh;
	}
	return offset;
}

/* A refusal has words; @fault is the attribute that they are about, 0 if none */
#define EXPECT_REFUSED(want, socket, nlh, fault) do { \
	struct nl *nl_ = (socket); \
	const struct nlmsghdr *req_ = (nlh); \
	const char *cmd_ = nl_cmds[nl_genl(req_)->cmd].name; \
	unsigned int fault_ = (fault); \
	EXPECT_EQ((want), nl_talk(nl_, req_)) { \
		TH_LOG("%s: %s \"%s\"", cmd_, nl_errname(nl_->err), \
		       nl_->text); \
	} \
	EXPECT_NE('\0', nl_->text[0]) { \
		TH_LOG("%s: no words", cmd_); \
	} \
	if (fault_) { \
		EXPECT_EQ(offset_of(req_, fault_), nl_->offs) { \
			TH_LOG("%s: \"%s\" is not at attribute %u", cmd_, \
			       nl_->text, fault_); \
		} \
	} \
	EXPECT_EQ(0, nl_->replies); \
} while (0)

#define EXPECT_MISSING(want, socket, nlh) do { \
	struct nl *nl_ = (socket); \
	const struct nlmsghdr *req_ = (nlh); \
	EXPECT_EQ(EINVAL, nl_talk(nl_, req_)); \
	EXPECT_EQ((int)(want), nl_->miss) { \
		TH_LOG("%s: \"%s\"", nl_cmds[nl_genl(req_)->cmd].name, \
		       nl_->text); \
	} \
	EXPECT_NE('\0', nl_->text[0]); \
} while (0)

/* --- what attributes there are --------------------------------------------- */

static size_t type_len(enum nl_type type)
{
	switch (type) {
	case NL_U8:
		return 1;
	case NL_U32:
	case NL_S32:
		return 4;
	case NL_U64:
		return 8;
	default:
		return 0;
	}
}

/*
 * Each attribute of a message is known, there once, and as long as its type.
 * Which ones there are is in the mask that this returns, or 0.
 */
static __u32 attrs_of(const void *payload, size_t len,
		      const struct nl_set *set)
{
	const struct nlattr *attr;
	__u32 seen = 0;

	mnl_attr_for_each_payload(payload, len) {
		unsigned int type = mnl_attr_get_type(attr);
		size_t have = mnl_attr_get_payload_len(attr);
		const char *str = mnl_attr_get_payload(attr);
		const struct nl_attr *known;

		/* Padding: the set's last type but those with a name */
		if (type == set->max + 1 && !have)
			continue;
		if (!type || type > set->max || seen & NL_BIT(type)) {
			ksft_print_msg("attribute %u is unknown, or again\n",
				       type);
			return 0;
		}
		known = &set->attrs[type];
		if (type_len(known->type) && type_len(known->type) != have) {
			ksft_print_msg("%s is of %zu bytes\n", known->name,
				       have);
			return 0;
		}
		if (known->type == NL_STRING &&
		    (!have || strnlen(str, have) != have - 1)) {
			ksft_print_msg("%s is no string\n", known->name);
			return 0;
		}
		if (known->type == NL_NEST &&
		    !(attr->nla_type & NLA_F_NESTED)) {
			ksft_print_msg("%s is no nest\n", known->name);
			return 0;
		}
		if (known->type == NL_NEST &&
		    !attrs_of(str, have, known->nested))
			return 0;
		seen |= NL_BIT(type);
	}
	return seen;
}

static __u32 reply_attrs(const struct nlmsghdr *nlh)
{
	return attrs_of((const char *)nl_genl(nlh) + GENL_HDRLEN,
			mnl_nlmsg_get_payload_len(nlh) - GENL_HDRLEN,
			nl_cmds[nl_genl(nlh)->cmd].set);
}

/* All that a device has, whatever its kind and its past */
#define DEV_ALWAYS \
	(NL_BIT(MEMDEV_A_DEV_INDEX) | NL_BIT(MEMDEV_A_DEV_KIND) | \
	 NL_BIT(MEMDEV_A_DEV_WINDOW) | NL_BIT(MEMDEV_A_DEV_ADDRESS) | \
	 NL_BIT(MEMDEV_A_DEV_SIZE) | NL_BIT(MEMDEV_A_DEV_ALIGN) | \
	 NL_BIT(MEMDEV_A_DEV_NODE) | NL_BIT(MEMDEV_A_DEV_BLOCK_SIZE) | \
	 NL_BIT(MEMDEV_A_DEV_PLUGGED_SIZE) | \
	 NL_BIT(MEMDEV_A_DEV_ONLINE_SIZE) | \
	 NL_BIT(MEMDEV_A_DEV_REQUESTED_SIZE) | NL_BIT(MEMDEV_A_DEV_STATE) | \
	 NL_BIT(MEMDEV_A_DEV_ONLINE_TYPE) | \
	 NL_BIT(MEMDEV_A_DEV_MEMMAP_ON_MEMORY) | \
	 NL_BIT(MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS) | \
	 NL_BIT(MEMDEV_A_DEV_PLUG_STATS) | NL_BIT(MEMDEV_A_DEV_UNPLUG_STATS) | \
	 NL_BIT(MEMDEV_A_DEV_RETIRED_SIZE) | NL_BIT(MEMDEV_A_DEV_LAST_ERROR))

static const char *const state_names[] = {
	"unplugged", "partial", "plugged", "plugging", "unplugging",
};

static const char *const online_type_names[] = {
	"offline", "online", "online_kernel", "online_movable", "system",
};

/* What a reply says of a device is what sysfs says */
static bool agrees_with_sysfs(const struct nlmsghdr *nlh)
{
	static const struct {
		unsigned int type;
		const char *attr;
	} numbers[] = {
		{ MEMDEV_A_DEV_ADDRESS, "address" },
		{ MEMDEV_A_DEV_SIZE, "size" },
		{ MEMDEV_A_DEV_ALIGN, "align" },
		{ MEMDEV_A_DEV_NODE, "node" },
		{ MEMDEV_A_DEV_BLOCK_SIZE, "block_size" },
		{ MEMDEV_A_DEV_PLUGGED_SIZE, "plugged_size" },
		{ MEMDEV_A_DEV_ONLINE_SIZE, "online_size" },
		{ MEMDEV_A_DEV_REQUESTED_SIZE, "requested_size" },
		{ MEMDEV_A_DEV_MEMMAP_ON_MEMORY, "memmap_on_memory" },
		{ MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, "unplug_timeout_ms" },
	};
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlattr *stats[MEMDEV_A_STATS_MAX + 1];
	const struct nlattr *online_type;
	bool ok = true;
	int index;

	nl_parse(nlh, tb, MEMDEV_A_DEV_MAX);
	index = nl_u32(tb[MEMDEV_A_DEV_INDEX]);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct nlattr *attr = tb[numbers[i].type];
		__u64 got;

		switch (nl_dev_attrs[numbers[i].type].type) {
		case NL_U64:
			got = nl_u64(attr);
			break;
		case NL_U8:
			got = attr ? mnl_attr_get_u8(attr) : UINT64_MAX;
			break;
		default:
			got = nl_u32(attr);
		}
		if (got == dev_number(index, numbers[i].attr))
			continue;
		ksft_print_msg("memdev%d: %s is %llu, not %s\n", index,
			       numbers[i].attr, (unsigned long long)got,
			       dev_read(index, numbers[i].attr));
		ok = false;
	}
#define SAME(what, got, want) do { \
	const char *got_ = (got), *want_ = (want); \
	if (strcmp(got_, want_)) { \
		ksft_print_msg("memdev%d: " what " is %s, not %s\n", index, \
			       got_, want_); \
		ok = false; \
	} \
} while (0)
	SAME("kind", nl_str(tb[MEMDEV_A_DEV_KIND]), dev_read(index, "kind"));
	SAME("id", tb[MEMDEV_A_DEV_ID] ? nl_str(tb[MEMDEV_A_DEV_ID]) : "",
	     dev_read(index, "id"));
	SAME("last_error", nl_str(tb[MEMDEV_A_DEV_LAST_ERROR]),
	     dev_read(index, "last_error"));
	if (nl_u32(tb[MEMDEV_A_DEV_STATE]) < ARRAY_SIZE(state_names))
		SAME("state", state_names[nl_u32(tb[MEMDEV_A_DEV_STATE])],
		     dev_read(index, "state"));
	else
		ok = false;
	online_type = tb[MEMDEV_A_DEV_ONLINE_TYPE];
	if (nl_u32(online_type) < ARRAY_SIZE(online_type_names))
		SAME("online_type", online_type_names[nl_u32(online_type)],
		     dev_read(index, "online_type"));
	else
		ok = false;
	for (int dir = 0; dir < 2; dir++) {
		const char *name = dir ? "unplug" : "plug";
		char attr[64];

		nl_parse_nest(tb[dir ? MEMDEV_A_DEV_UNPLUG_STATS :
			      MEMDEV_A_DEV_PLUG_STATS], stats,
			      MEMDEV_A_STATS_MAX);
		snprintf(attr, sizeof(attr), "stats/%s_count", name);
		ok &= nl_u64(stats[MEMDEV_A_STATS_COUNT]) ==
		      dev_number(index, attr);
		snprintf(attr, sizeof(attr), "stats/%s_failures", name);
		ok &= nl_u64(stats[MEMDEV_A_STATS_FAILURES]) ==
		      dev_number(index, attr);
		snprintf(attr, sizeof(attr), "stats/%s_bytes", name);
		ok &= nl_u64(stats[MEMDEV_A_STATS_BYTES]) ==
		      dev_number(index, attr);
		snprintf(attr, sizeof(attr), "stats/%s_time_ms", name);
		ok &= nl_u64(stats[MEMDEV_A_STATS_TIME_NS]) / 1000000 ==
		      dev_number(index, attr);
	}
	return ok;
}

TEST_F(netlink, dev_get_tells_every_attribute_of_a_device)
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

TEST_F(netlink, dev_get_tells_the_slot_of_a_dimm)
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

	/* Which those that have none do not share */
	nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_GET, 0);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, "");
	EXPECT_REFUSED(EINVAL, self->nl, nlh, MEMDEV_A_DEV_ID);
}

TEST_F(netlink, a_device_is_named_by_index_or_by_id_but_not_by_both)
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

/* --- dumps ------------------------------------------------------------------ */

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

	/* The index is the first attribute of every set */
	nl_parse(nlh, tb, 1);
	if (seen->nr < ARRAY_SIZE(seen->index))
		seen->index[seen->nr++] = nl_u32(tb[1]);
	seen->multi &= !!(nlh->nlmsg_flags & NLM_F_MULTI);
	seen->attrs = reply_attrs(nlh);
	seen->good &= !!seen->attrs;
	if (nl_genl(nlh)->cmd == MEMDEV_CMD_DEV_GET)
		seen->good &= agrees_with_sysfs(nlh);
}

TEST_F(netlink, a_dump_tells_every_device_by_index)
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

TEST_F(netlink, window_get_tells_every_attribute_of_a_window)
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

/* --- blocks ------------------------------------------------------------------ */

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

/* A block list as sysfs has it, of the blocks of @device in states of @mask */
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

TEST_F(netlink, block_get_tells_runs_that_add_up_to_the_region)
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

	/* From a block on */
	runs.nr = 0;
	nlh = nl_begin(self->nl, MEMDEV_CMD_BLOCK_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_FIRST, 2);
	ASSERT_EQ(0, nl_talk_cb(self->nl, nlh, see_run, &runs));
	EXPECT_EQ(2, runs.nr);
	EXPECT_EQ(2, runs.run[0].first);
	EXPECT_EQ(3, runs.run[1].first);

	/* One run */
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

	/* Of all devices */
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

TEST_F(netlink, block_get_tells_that_a_block_is_in_a_kernel_zone)
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

TEST_F(netlink, block_get_refuses_what_is_not_there)
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

/* --- changes ------------------------------------------------------------------ */

TEST_F(netlink, dev_new_replies_with_the_index_and_then_says_that_it_is_over)
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
	/* nl_talk counts what came before the end, and what after */
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

TEST_F(netlink, a_device_without_id_and_slot_has_no_such_attributes)
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

TEST_F(netlink, dev_new_says_what_is_wrong_with_what)
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

TEST_F(netlink, dev_del_says_why_not)
{
	EXPECT_REFUSED(ENODEV, self->nl,
		       dev_begin(self->nl, MEMDEV_CMD_DEV_DEL, NO_INDEX),
		       MEMDEV_A_DEV_INDEX);
	ASSERT_EQ(0, dev_plug(self->nl, self->b, 0));
	EXPECT_REFUSED(EBUSY, self->nl,
		       dev_begin(self->nl, MEMDEV_CMD_DEV_DEL, self->b), 0);
	EXPECT_EQ(self->b, dev_find("b"));
}

TEST_F(netlink, dev_plug_and_dev_unplug_do_what_they_are_told)
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

TEST_F(netlink, dev_plug_and_dev_unplug_say_why_not)
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
		/* One of both, exactly */
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

TEST_F(netlink, dev_set_sets_all_that_it_names)
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
	/* It was offline before the worker began */
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

TEST_F(netlink, windows_come_and_go)
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

TEST_F(netlink, window_new_and_window_del_say_why_not)
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

/* --- faults ---------------------------------------------------------------- */

static struct nlmsghdr *fault_begin(struct nl *nl, __u8 cmd, int device)
{
	struct nlmsghdr *nlh = nl_begin(nl, cmd, 0);

	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_DEVICE, device);
	return nlh;
}

/* What a request has to have besides an attribute of that type */
static void fault_rest(struct nlmsghdr *nlh, __u8 cmd, unsigned int type,
		       int device)
{
	if (type != MEMDEV_A_FAULT_DEVICE)
		mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_DEVICE, device);
	if (cmd == MEMDEV_CMD_FAULT_GET && type != MEMDEV_A_FAULT_INDEX)
		mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_INDEX, 1);
	if (cmd == MEMDEV_CMD_FAULT_POISON && type != MEMDEV_A_FAULT_BLOCK)
		mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_BLOCK, 0);
	if (cmd != MEMDEV_CMD_FAULT_NEW)
		return;
	if (type != MEMDEV_A_FAULT_STEP)
		mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_STEP, MEMDEV_STEP_ADD);
	if (type != MEMDEV_A_FAULT_ERRNO)
		mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_ERRNO, EIO);
}

/* A rule by which a step fails; @block -1: for all. Its index, or -errno. */
static int fault_new(struct nl *nl, int device, __u32 step, int block,
		     __u32 err)
{
	const struct nlattr *tb[MEMDEV_A_FAULT_MAX + 1];
	struct nlmsghdr *nlh = fault_begin(nl, MEMDEV_CMD_FAULT_NEW, device);

	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_STEP, step);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_ERRNO, err);
	if (block >= 0)
		mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_BLOCK, block);
	if (nl_talk(nl, nlh))
		return -nl->err;
	nl_parse((void *)nl->reply, tb, MEMDEV_A_FAULT_MAX);
	return tb[MEMDEV_A_FAULT_INDEX] ?
	       (int)nl_u32(tb[MEMDEV_A_FAULT_INDEX]) : -EBADMSG;
}

/* Of the rules of a dump: "device.index" one after the other */
static void see_rule(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[MEMDEV_A_FAULT_MAX + 1];
	char *text = data;

	nl_parse(nlh, tb, MEMDEV_A_FAULT_MAX);
	sprintf(text + strlen(text), "%u.%u ",
		nl_u32(tb[MEMDEV_A_FAULT_DEVICE]),
		nl_u32(tb[MEMDEV_A_FAULT_INDEX]));
}

TEST_F(netlink, fault_get_tells_every_attribute_of_a_rule)
{
	static const struct {
		unsigned int type;
		__u32 value;
	} rule[] = {
		{ MEMDEV_A_FAULT_STEP, MEMDEV_STEP_OFFLINE },
		{ MEMDEV_A_FAULT_BLOCK, 3 }, { MEMDEV_A_FAULT_ERRNO, EBUSY },
		{ MEMDEV_A_FAULT_DELAY_MS, 4 }, { MEMDEV_A_FAULT_NTH, 5 },
		{ MEMDEV_A_FAULT_EVERY, 6 }, { MEMDEV_A_FAULT_TIMES, 7 },
		{ MEMDEV_A_FAULT_CHANCE, 8 }, { MEMDEV_A_FAULT_SEED, -1U },
	};
	const struct nlattr *tb[MEMDEV_A_FAULT_MAX + 1];
	struct nlmsghdr *nlh;
	int index;

	nlh = fault_begin(self->nl, MEMDEV_CMD_FAULT_NEW, self->a);
	for (size_t i = 0; i < ARRAY_SIZE(rule); i++)
		mnl_attr_put_u32(nlh, rule[i].type, rule[i].value);
	ASSERT_EQ(0, nl_talk(self->nl, nlh)) {
		TH_LOG("%s", self->nl->text);
	}
	EXPECT_EQ(1, self->nl->replies);
	nlh = fault_begin(self->nl, MEMDEV_CMD_FAULT_GET, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_INDEX, 1);
	ASSERT_EQ(0, nl_talk(self->nl, nlh)) {
		TH_LOG("%s", self->nl->text);
	}
	nl_parse((void *)self->nl->reply, tb, MEMDEV_A_FAULT_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(rule); i++) {
		ASSERT_NE(NULL, tb[rule[i].type]);
		EXPECT_EQ(rule[i].value, nl_u32(tb[rule[i].type]));
	}
	EXPECT_EQ(0, nl_u64(tb[MEMDEV_A_FAULT_SEEN]));
	EXPECT_EQ(0, nl_u64(tb[MEMDEV_A_FAULT_HIT]));

	/* And what is not said has its default, or is not there */
	index = fault_new(self->nl, self->a, MEMDEV_STEP_ADD, -1, EIO);
	EXPECT_EQ(2, index);
	nlh = fault_begin(self->nl, MEMDEV_CMD_FAULT_GET, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_INDEX, 2);
	ASSERT_EQ(0, nl_talk(self->nl, nlh));
	nl_parse((void *)self->nl->reply, tb, MEMDEV_A_FAULT_MAX);
	EXPECT_EQ(NULL, tb[MEMDEV_A_FAULT_BLOCK]);
	EXPECT_EQ(NULL, tb[MEMDEV_A_FAULT_TIMES]);
	EXPECT_EQ(1, nl_u32(tb[MEMDEV_A_FAULT_NTH]));
	EXPECT_EQ(1, nl_u32(tb[MEMDEV_A_FAULT_EVERY]));
	EXPECT_EQ(1000, nl_u32(tb[MEMDEV_A_FAULT_CHANCE]));
}

TEST_F(netlink, rules_for_faults_come_and_go)
{
	struct nl *nl = self->nl;
	char text[4096] = "", want[64];
	struct nlmsghdr *nlh;

	EXPECT_EQ(1, fault_new(nl, self->a, MEMDEV_STEP_ADD, 1, ENOMEM));
	EXPECT_EQ(2, fault_new(nl, self->a, MEMDEV_STEP_ANSWER, -1, EIO));
	EXPECT_EQ(1, fault_new(nl, self->b, MEMDEV_STEP_ADD, -1, ENOSPC));
	EXPECT_EQ(0, nl_talk_cb(nl, nl_begin(nl, MEMDEV_CMD_FAULT_GET,
					     NLM_F_DUMP), see_rule, text));
	snprintf(want, sizeof(want), "%d.1 %d.2 %d.1 ", self->a, self->a,
		 self->b);
	EXPECT_STREQ(want, text);

	EXPECT_EQ(EIO, dev_plug(nl, self->a, block_size));
	EXPECT_EQ(ENOSPC, dev_plug(nl, self->b, 0));
	nlh = fault_begin(nl, MEMDEV_CMD_FAULT_DEL, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_INDEX, 2);
	EXPECT_EQ(0, nl_talk(nl, nlh));
	EXPECT_EQ(ENOENT, nl_talk(nl, nlh));
	EXPECT_EQ(0, dev_plug(nl, self->a, block_size));
	EXPECT_EQ(ENOMEM, dev_plug(nl, self->a, block_size));
	EXPECT_EQ(0, nl_talk(nl, fault_begin(nl, MEMDEV_CMD_FAULT_DEL,
					     self->a)));
	EXPECT_EQ(0, dev_plug(nl, self->a, block_size));

	text[0] = '\0';
	nlh = nl_begin(nl, MEMDEV_CMD_FAULT_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_DEVICE, self->a);
	EXPECT_EQ(0, nl_talk_cb(nl, nlh, see_rule, text));
	EXPECT_STREQ("", text);
	nlh = nl_begin(nl, MEMDEV_CMD_FAULT_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_INDEX, 1);
	/* Where in the request, 6.1 does not say of a dump */
	EXPECT_REFUSED(EINVAL, nl, nlh, 0);
	nlh = nl_begin(nl, MEMDEV_CMD_FAULT_GET, NLM_F_DUMP);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_DEVICE, NO_INDEX);
	EXPECT_REFUSED(ENODEV, nl, nlh, 0);
}

TEST_F(netlink, a_dump_of_many_rules_is_whole)
{
	char text[4096] = "", want[4096] = "";

	for (int i = 1; i <= MEMDEV_FAULTS_MAX; i++) {
		ASSERT_EQ(i, fault_new(self->nl, self->b, MEMDEV_STEP_ADD, -1,
				       EIO));
		sprintf(want + strlen(want), "%d.%d ", self->b, i);
	}
	EXPECT_EQ(-ENOSPC, fault_new(self->nl, self->b, MEMDEV_STEP_ADD, -1,
				     EIO));
	EXPECT_EQ(1, fault_new(self->nl, self->a, MEMDEV_STEP_ADD, -1, EIO));
	EXPECT_EQ(0, nl_talk_cb(self->nl, nl_begin(self->nl,
						   MEMDEV_CMD_FAULT_GET,
						   NLM_F_DUMP),
				see_rule, text));
	EXPECT_NE(NULL, strstr(text, want));
	EXPECT_EQ(MEMDEV_FAULTS_MAX + 1, self->nl->replies);
}

TEST_F(netlink, fault_new_and_fault_poison_say_why_not)
{
	struct nl *nl = self->nl;
	struct nlmsghdr *nlh;

	nlh = fault_begin(nl, MEMDEV_CMD_FAULT_NEW, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_STEP, MEMDEV_STEP_ADD);
	EXPECT_REFUSED(EINVAL, nl, nlh, 0);
	nlh = fault_begin(nl, MEMDEV_CMD_FAULT_NEW, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_STEP, MEMDEV_STEP_ANSWER);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_ERRNO, EIO);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_BLOCK, 0);
	EXPECT_REFUSED(EINVAL, nl, nlh, MEMDEV_A_FAULT_BLOCK);
	nlh = fault_begin(nl, MEMDEV_CMD_FAULT_POISON, self->a);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_BLOCK, 0);
	EXPECT_REFUSED(ENXIO, nl, nlh, 0);
	EXPECT_STREQ(nl->text, dev_read(self->a, "last_error"));
}

/* --- attributes that are wrong --------------------------------------------------- */

TEST_F(netlink, an_attribute_that_is_missing_is_named)
{
	struct nl *nl = self->nl;
	struct nlmsghdr *nlh;

	EXPECT_MISSING(MEMDEV_A_DEV_INDEX, nl,
		       nl_begin(nl, MEMDEV_CMD_DEV_GET, 0));
	EXPECT_MISSING(MEMDEV_A_DEV_INDEX, nl,
		       nl_begin(nl, MEMDEV_CMD_DEV_DEL, 0));
	nlh = nl_begin(nl, MEMDEV_CMD_DEV_SET, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, 1);
	EXPECT_MISSING(MEMDEV_A_DEV_INDEX, nl, nlh);
	nlh = nl_begin(nl, MEMDEV_CMD_DEV_PLUG, 0);
	mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
	EXPECT_MISSING(MEMDEV_A_DEV_INDEX, nl, nlh);
	nlh = nl_begin(nl, MEMDEV_CMD_DEV_UNPLUG, 0);
	mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
	EXPECT_MISSING(MEMDEV_A_DEV_INDEX, nl, nlh);
	EXPECT_MISSING(MEMDEV_A_DEV_SIZE, nl,
		       nl_begin(nl, MEMDEV_CMD_DEV_NEW, 0));
	EXPECT_MISSING(MEMDEV_A_WINDOW_INDEX, nl,
		       nl_begin(nl, MEMDEV_CMD_WINDOW_GET, 0));
	EXPECT_MISSING(MEMDEV_A_WINDOW_INDEX, nl,
		       nl_begin(nl, MEMDEV_CMD_WINDOW_DEL, 0));
	EXPECT_MISSING(MEMDEV_A_WINDOW_SIZE, nl,
		       nl_begin(nl, MEMDEV_CMD_WINDOW_NEW, 0));
	EXPECT_MISSING(MEMDEV_A_BLOCK_DEVICE, nl,
		       nl_begin(nl, MEMDEV_CMD_BLOCK_GET, 0));
	nlh = nl_begin(nl, MEMDEV_CMD_BLOCK_GET, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE, self->a);
	EXPECT_MISSING(MEMDEV_A_BLOCK_FIRST, nl, nlh);
	EXPECT_MISSING(MEMDEV_A_FAULT_DEVICE, nl,
		       nl_begin(nl, MEMDEV_CMD_FAULT_GET, 0));
	EXPECT_MISSING(MEMDEV_A_FAULT_INDEX, nl,
		       fault_begin(nl, MEMDEV_CMD_FAULT_GET, self->a));
	EXPECT_MISSING(MEMDEV_A_FAULT_STEP, nl,
		       fault_begin(nl, MEMDEV_CMD_FAULT_NEW, self->a));
	EXPECT_MISSING(MEMDEV_A_FAULT_DEVICE, nl,
		       nl_begin(nl, MEMDEV_CMD_FAULT_DEL, 0));
	EXPECT_MISSING(MEMDEV_A_FAULT_BLOCK, nl,
		       fault_begin(nl, MEMDEV_CMD_FAULT_POISON, self->a));
	/* Anything will do here, so nothing in particular is missing */
	EXPECT_REFUSED(EINVAL, nl, dev_begin(nl, MEMDEV_CMD_DEV_SET, self->a),
		       0);
}

TEST_F(netlink, of_an_attribute_that_is_there_twice_the_last_one_counts)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh = dev_begin(self->nl, MEMDEV_CMD_DEV_GET,
					 NO_INDEX);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, self->b);
	ASSERT_EQ(0, nl_talk(self->nl, nlh));
	nl_parse((void *)self->nl->reply, tb, MEMDEV_A_DEV_MAX);
	EXPECT_EQ(self->b, nl_u32(tb[MEMDEV_A_DEV_INDEX]));

	nlh = amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG, self->a,
			   3 * block_size);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, block_size);
	EXPECT_EQ(0, nl_talk(self->nl, nlh));
	EXPECT_EQ(block_size, dev_number(self->a, "plugged_size"));

	/* The first one has to be valid nevertheless */
	nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_GET, 0);
	mnl_attr_put_u8(nlh, MEMDEV_A_DEV_INDEX, 1);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, self->b);
	EXPECT_EQ(EINVAL, nl_talk(self->nl, nlh));
}

TEST_F(netlink, an_attribute_that_a_command_does_not_know_is_refused)
{
	static const char zero[8];

	for (unsigned int cmd = 1; cmd <= MEMDEV_CMD_MAX; cmd++) {
		for (unsigned int type = 0; type < 32; type++) {
			const struct nl_attr *attr = NULL;
			struct nlmsghdr *nlh;

			if (!nl_cmds[cmd].may || nl_cmds[cmd].may & NL_BIT(type))
				continue;
			if (type <= nl_cmds[cmd].set->max)
				attr = &nl_cmds[cmd].set->attrs[type];
			nlh = nl_begin(self->nl, cmd, 0);
			mnl_attr_put(nlh, type,
				     attr ? type_len(attr->type) : 4, zero);
			/* Before it is said what is missing */
			EXPECT_REFUSED(EINVAL, self->nl, nlh, 0);
			EXPECT_EQ(-1, self->nl->miss);
			EXPECT_EQ(offset_of(nlh, type), self->nl->offs) {
				TH_LOG("%s: attribute %u: \"%s\"",
				       nl_cmds[cmd].name, type,
				       self->nl->text);
			}
		}
	}
}

TEST_F(netlink, an_attribute_of_the_wrong_length_is_refused)
{
	static const char many[256] = { 1 };
	unsigned int tried = 0;

	for (unsigned int cmd = 1; cmd <= MEMDEV_CMD_MAX; cmd++) {
		const struct nl_set *set = nl_cmds[cmd].set;

		for (unsigned int type = 1; type <= set->max; type++) {
			size_t right = type_len(set->attrs[type].type);

			if (!(nl_cmds[cmd].may & NL_BIT(type)))
				continue;
			for (size_t len = 0; len <= 9; len++) {
				struct nlmsghdr *nlh;

				/* Strings: see below */
				if (len == right ||
				    set->attrs[type].type == NL_STRING)
					continue;
				nlh = nl_begin(self->nl, cmd, 0);
				mnl_attr_put(nlh, type, len, many);
				nl_talk(self->nl, nlh);
				EXPECT_TRUE(self->nl->err == EINVAL ||
					    self->nl->err == ERANGE) {
					TH_LOG("%s: %s of %zu bytes: %s",
					       nl_cmds[cmd].name,
					       set->attrs[type].name, len,
					       nl_errname(self->nl->err));
				}
				EXPECT_EQ(-1, self->nl->miss);
				EXPECT_NE('\0', self->nl->text[0]);
				EXPECT_EQ(offset_of(nlh, type),
					  self->nl->offs);
				tried++;
			}
		}
	}
	EXPECT_LT(200, tried);
}

TEST_F(netlink, a_string_that_has_no_end_or_is_too_long_is_refused)
{
	static const struct {
		__u8 cmd;
		unsigned int type;
		size_t max;
	} strings[] = {
		{ MEMDEV_CMD_DEV_GET, MEMDEV_A_DEV_ID, MEMDEV_ID_MAX_LEN },
		{ MEMDEV_CMD_DEV_NEW, MEMDEV_A_DEV_ID, MEMDEV_ID_MAX_LEN },
		{ MEMDEV_CMD_DEV_NEW, MEMDEV_A_DEV_KIND, MEMDEV_KIND_MAX_LEN },
		{ MEMDEV_CMD_DEV_DEL, MEMDEV_A_DEV_ID, MEMDEV_ID_MAX_LEN },
		{ MEMDEV_CMD_DEV_SET, MEMDEV_A_DEV_ID, MEMDEV_ID_MAX_LEN },
		{ MEMDEV_CMD_DEV_PLUG, MEMDEV_A_DEV_ID, MEMDEV_ID_MAX_LEN },
		{ MEMDEV_CMD_DEV_UNPLUG, MEMDEV_A_DEV_ID, MEMDEV_ID_MAX_LEN },
	};
	char text[256];

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		size_t lens[] = { 0, 1, strings[i].max, strings[i].max + 1,
				  200 };

		for (size_t j = 0; j < ARRAY_SIZE(lens); j++) {
			struct nlmsghdr *nlh = nl_begin(self->nl,
							strings[i].cmd, 0);

			mnl_attr_put(nlh, strings[i].type, lens[j], text);
			nl_talk(self->nl, nlh);
			EXPECT_TRUE(self->nl->err == EINVAL ||
				    self->nl->err == ERANGE);
			EXPECT_EQ(-1, self->nl->miss);
			EXPECT_NE('\0', self->nl->text[0]);
			EXPECT_EQ(offset_of(nlh, strings[i].type),
				  self->nl->offs) {
				TH_LOG("%s, %zu bytes: %s \"%s\"",
				       nl_cmds[strings[i].cmd].name, lens[j],
				       nl_errname(self->nl->err),
				       self->nl->text);
			}
		}
	}

	/* The longest name there can be is none too many */
	text[MEMDEV_ID_MAX_LEN] = '\0';
	for (int i = 0; i < 2; i++) {
		struct nlmsghdr *nlh;

		nlh = nl_begin(self->nl, i ? MEMDEV_CMD_DEV_DEL :
			       MEMDEV_CMD_DEV_NEW, 0);
		mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, text);
		if (!i)
			mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, block_size);
		EXPECT_EQ(0, nl_talk(self->nl, nlh)) {
			TH_LOG("%s", self->nl->text);
		}
	}
}

TEST_F(netlink, a_number_out_of_range_is_refused)
{
	static const struct {
		__u8 cmd;
		unsigned int type;
		__u32 value;
		int err;
	} cases[] = {
		{ MEMDEV_CMD_DEV_GET, MEMDEV_A_DEV_INDEX, 1U << 31, ENODEV },
		{ MEMDEV_CMD_DEV_DEL, MEMDEV_A_DEV_INDEX, -1U, ENODEV },
		{ MEMDEV_CMD_DEV_SET, MEMDEV_A_DEV_INDEX, 1U << 31, ENODEV },
		{ MEMDEV_CMD_DEV_PLUG, MEMDEV_A_DEV_INDEX, 1U << 31, ENODEV },
		{ MEMDEV_CMD_DEV_UNPLUG, MEMDEV_A_DEV_INDEX, -1U, ENODEV },
		{ MEMDEV_CMD_DEV_NEW, MEMDEV_A_DEV_WINDOW, 1U << 31, ENODEV },
		{ MEMDEV_CMD_DEV_NEW, MEMDEV_A_DEV_WINDOW, -1U, ENODEV },
		{ MEMDEV_CMD_DEV_NEW, MEMDEV_A_DEV_NODE, -1U, ERANGE },
		{ MEMDEV_CMD_DEV_NEW, MEMDEV_A_DEV_SLOT, -1U, ERANGE },
		{ MEMDEV_CMD_DEV_SET, MEMDEV_A_DEV_ONLINE_TYPE, 5, ERANGE },
		{ MEMDEV_CMD_DEV_SET, MEMDEV_A_DEV_MEMMAP_ON_MEMORY, 2,
		  ERANGE },
		{ MEMDEV_CMD_DEV_SET, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, 1U << 31,
		  ERANGE },
		{ MEMDEV_CMD_WINDOW_GET, MEMDEV_A_WINDOW_INDEX, 1U << 31,
		  ENODEV },
		{ MEMDEV_CMD_WINDOW_DEL, MEMDEV_A_WINDOW_INDEX, -1U, ENODEV },
		{ MEMDEV_CMD_WINDOW_NEW, MEMDEV_A_WINDOW_NODE, -1U, ERANGE },
		{ MEMDEV_CMD_BLOCK_GET, MEMDEV_A_BLOCK_DEVICE, 1U << 31,
		  ENODEV },
		{ MEMDEV_CMD_BLOCK_GET, MEMDEV_A_BLOCK_FIRST, -1U, ERANGE },
		{ MEMDEV_CMD_FAULT_GET, MEMDEV_A_FAULT_DEVICE, -1U, ENODEV },
		{ MEMDEV_CMD_FAULT_GET, MEMDEV_A_FAULT_INDEX, -1U, ENOENT },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_DEVICE, -1U, ENODEV },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_STEP, 5, ERANGE },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_BLOCK, A_BLOCKS,
		  ERANGE },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_ERRNO, 134, ERANGE },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_DELAY_MS, -1U, ERANGE },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_NTH, 0, ERANGE },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_EVERY, 0, ERANGE },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_TIMES, 0, ERANGE },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_CHANCE, 0, ERANGE },
		{ MEMDEV_CMD_FAULT_NEW, MEMDEV_A_FAULT_CHANCE, 1001, ERANGE },
		{ MEMDEV_CMD_FAULT_DEL, MEMDEV_A_FAULT_DEVICE, -1U, ENODEV },
		{ MEMDEV_CMD_FAULT_DEL, MEMDEV_A_FAULT_INDEX, -1U, ENOENT },
		{ MEMDEV_CMD_FAULT_POISON, MEMDEV_A_FAULT_DEVICE, 1U << 31,
		  ENODEV },
		{ MEMDEV_CMD_FAULT_POISON, MEMDEV_A_FAULT_BLOCK, -1U, ERANGE },
		{ MEMDEV_CMD_FAULT_POISON, MEMDEV_A_FAULT_PAGE, -1U, ERANGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct nl_set *set = nl_cmds[cases[i].cmd].set;
		unsigned int type = cases[i].type;
		struct nlmsghdr *nlh = nl_begin(self->nl, cases[i].cmd, 0);

		mnl_attr_put(nlh, type, type_len(set->attrs[type].type),
			     &cases[i].value);
		/* And all else that there has to be */
		switch (cases[i].cmd) {
		case MEMDEV_CMD_DEV_NEW:
			mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, block_size);
			break;
		case MEMDEV_CMD_DEV_SET:
			if (type != MEMDEV_A_DEV_INDEX)
				mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX,
						 self->a);
			else
				mnl_attr_put_u8(nlh,
						MEMDEV_A_DEV_MEMMAP_ON_MEMORY,
						0);
			break;
		case MEMDEV_CMD_DEV_PLUG:
		case MEMDEV_CMD_DEV_UNPLUG:
			mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
			break;
		case MEMDEV_CMD_WINDOW_NEW:
			mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_START, spare);
			mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_SIZE,
					 block_size);
			break;
		case MEMDEV_CMD_FAULT_GET:
		case MEMDEV_CMD_FAULT_NEW:
		case MEMDEV_CMD_FAULT_DEL:
		case MEMDEV_CMD_FAULT_POISON:
			fault_rest(nlh, cases[i].cmd, type, self->a);
			break;
		case MEMDEV_CMD_BLOCK_GET:
			if (type == MEMDEV_A_BLOCK_FIRST)
				mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_DEVICE,
						 self->a);
			else
				mnl_attr_put_u32(nlh, MEMDEV_A_BLOCK_FIRST, 0);
			break;
		}
		EXPECT_REFUSED(cases[i].err, self->nl, nlh, type);
	}
	EXPECT_STREQ("", file_read(WINDOWS "/window1/start"));
	EXPECT_STREQ("online_movable", dev_read(self->a, "online_type"));
}

TEST_F(netlink, a_command_that_there_is_not_is_refused)
{
	for (unsigned int cmd = 0; cmd < 256; cmd++) {
		if (cmd <= MEMDEV_CMD_MAX && nl_cmds[cmd].may)
			continue;
		EXPECT_EQ(EOPNOTSUPP, nl_talk(self->nl,
					      nl_begin(self->nl, cmd, 0)));
	}
	for (unsigned int cmd = 1; cmd <= MEMDEV_CMD_MAX; cmd++) {
		if (nl_cmds[cmd].dump || !nl_cmds[cmd].may)
			continue;
		EXPECT_EQ(EOPNOTSUPP, nl_talk(self->nl,
					      nl_begin(self->nl, cmd,
						       NLM_F_DUMP))) {
			TH_LOG("dump of %s", nl_cmds[cmd].name);
		}
	}
}

/* Who did not ask for words gets none, and its own request only in part */
TEST_F(netlink, answers_are_as_the_socket_wants_them)
{
	const struct nlmsghdr *nlh;
	struct nlmsghdr *req;
	int off = 0, one = 1;
	ssize_t len;

	for (int i = 0; i < 4; i++) {
		bool ext = i & 1, cap = i & 2;

		mnl_socket_setsockopt(self->nl->sk, NETLINK_EXT_ACK,
				      ext ? &one : &off, sizeof(one));
		mnl_socket_setsockopt(self->nl->sk, NETLINK_CAP_ACK,
				      cap ? &one : &off, sizeof(one));
		/* Refused where changes are made, not where they are read */
		req = amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG, self->a,
				   5 * block_size);
		ASSERT_EQ(0, nl_send(self->nl, req));
		len = mnl_socket_recvfrom(self->nl->sk, self->nl->buf,
					  sizeof(self->nl->buf));
		nlh = (void *)self->nl->buf;
		ASSERT_TRUE(len > 0 && mnl_nlmsg_ok(nlh, len));
		ASSERT_EQ(NLMSG_ERROR, nlh->nlmsg_type);
		EXPECT_EQ(req->nlmsg_seq, nlh->nlmsg_seq);
		EXPECT_EQ(mnl_socket_get_portid(self->nl->sk),
			  nlh->nlmsg_pid);
		EXPECT_EQ(ext, !!(nlh->nlmsg_flags & NLM_F_ACK_TLVS));
		EXPECT_EQ(cap, !!(nlh->nlmsg_flags & NLM_F_CAPPED));
		nl_forget(self->nl);
		nl_see_error(self->nl, nlh);
		EXPECT_EQ(ENOSPC, self->nl->err);
		EXPECT_EQ(ext, !!self->nl->text[0]);
		if (!cap)
			EXPECT_EQ(0, memcmp((const char *)
				  mnl_nlmsg_get_payload(nlh) + sizeof(int),
				  req, req->nlmsg_len));
	}
}

TEST_F(netlink, who_does_not_ask_for_an_ack_gets_none)
{
	struct nlmsghdr *nlh = amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG,
					    self->a, block_size);

	nlh->nlmsg_flags &= ~NLM_F_ACK;
	ASSERT_EQ(0, nl_send(self->nl, nlh));
	/* This one waits for the first, and the first says nothing */
	EXPECT_EQ(0, dev_plug(self->nl, self->a, block_size));
	EXPECT_EQ(2 * block_size, dev_number(self->a, "plugged_size"));
	EXPECT_FALSE(nl_wait(self->nl, 100));

	/* A refusal is said all the same */
	nlh = amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG, self->a,
			   5 * block_size);
	nlh->nlmsg_flags &= ~NLM_F_ACK;
	EXPECT_REFUSED(ENOSPC, self->nl, nlh, 0);
}

/* --- order, and who waits for whom -------------------------------------------------- */

TEST_F(netlink, requests_of_one_socket_are_done_in_their_order)
{
	__u32 first = self->nl->seq + 1;
	const int want[] = { 0, ENODEV, 0, EINVAL, 0, ENOSPC, 0, ENODEV };

	/* Slow and quick ones, of two devices, and none is waited for */
	nl_send(self->nl, amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG, self->a,
				       0));
	nl_send(self->nl, dev_begin(self->nl, MEMDEV_CMD_DEV_DEL, NO_INDEX));
	nl_send(self->nl, amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG, self->b,
				       0));
	nl_send(self->nl, amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG, self->a,
				       1));
	nl_send(self->nl, amount_begin(self->nl, MEMDEV_CMD_DEV_UNPLUG,
				       self->a, block_size));
	nl_send(self->nl, amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG, self->a,
				       2 * block_size));
	nl_send(self->nl, amount_begin(self->nl, MEMDEV_CMD_DEV_UNPLUG,
				       self->b, 0));
	nl_send(self->nl, dev_begin(self->nl, MEMDEV_CMD_DEV_DEL, NO_INDEX));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct nlmsghdr *nlh = (void *)self->nl->buf;
		ssize_t len = mnl_socket_recvfrom(self->nl->sk, self->nl->buf,
						  sizeof(self->nl->buf));

		ASSERT_TRUE(len > 0 && mnl_nlmsg_ok(nlh, len));
		ASSERT_EQ(NLMSG_ERROR, nlh->nlmsg_type);
		EXPECT_EQ(first + i, nlh->nlmsg_seq);
		nl_forget(self->nl);
		nl_see_error(self->nl, nlh);
		EXPECT_EQ(want[i], self->nl->err) {
			TH_LOG("request %zu: %s", i, self->nl->text);
		}
	}
	EXPECT_EQ(3 * block_size, dev_number(self->a, "plugged_size"));
	EXPECT_EQ(0, dev_number(self->b, "plugged_size"));
}

/* An unplug of @a that cannot end: it has no deadline, and a page stays */
static bool stuck(struct pin *pin, struct nl *nl, struct nl *watch, int index,
		  __u64 low)
{
	if (dev_plug(nl, index, 2 * block_size) ||
	    !pin_start(pin, low, low + 2 * block_size) ||
	    nl_send(nl, amount_begin(nl, MEMDEV_CMD_DEV_UNPLUG, index, 0)))
		return false;
	return state_comes(watch, index, MEMDEV_STATE_UNPLUGGING, true);
}

TEST_F(netlink, a_socket_that_is_closed_cancels_what_it_wanted)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlattr *refusal[MEMDEV_A_REFUSAL_MAX + 1];
	struct nl *gone = calloc(1, sizeof(*gone));

	ASSERT_NE(NULL, gone);
	ASSERT_EQ(0, nl_open(gone));
	if (!stuck(&self->pin, gone, self->nl, self->a, self->a_start))
		SKIP(return, "no page came to lie on the device");
	/* What waits behind it is not done either */
	ASSERT_EQ(0, nl_send(gone, amount_begin(gone, MEMDEV_CMD_DEV_PLUG,
						self->b, 0)));
	sleep(2);
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, dev_state(self->nl, self->a));
	EXPECT_FALSE(nl_wait(gone, 0));
	nl_close(gone);

	EXPECT_TRUE(state_comes(self->nl, self->a, MEMDEV_STATE_UNPLUGGING,
				false));
	ASSERT_EQ(0, dev_get(self->nl, self->a, tb));
	EXPECT_LT(0, nl_u64(tb[MEMDEV_A_DEV_PLUGGED_SIZE]));
	ASSERT_NE(NULL, tb[MEMDEV_A_DEV_REFUSAL]);
	nl_parse_nest(tb[MEMDEV_A_DEV_REFUSAL], refusal,
		      MEMDEV_A_REFUSAL_MAX);
	EXPECT_EQ(EINTR, nl_u32(refusal[MEMDEV_A_REFUSAL_ERRNO]));
	EXPECT_EQ(MEMDEV_OP_UNPLUG, nl_u32(refusal[MEMDEV_A_REFUSAL_OP]));

	/* It can be used at once */
	EXPECT_EQ(0, dev_plug(self->nl, self->a, block_size)) {
		TH_LOG("%s", self->nl->text);
	}
	EXPECT_EQ(0, dev_number(self->b, "plugged_size"));
	pin_stop(&self->pin);
	EXPECT_EQ(0, dev_unplug(self->nl, self->a, 0)) {
		TH_LOG("%s", self->nl->text);
	}
	EXPECT_EQ(0, dev_number(self->a, "plugged_size"));
}

static struct nlmsghdr *timeout_begin(struct nl *nl, int index, __u32 ms)
{
	struct nlmsghdr *nlh = dev_begin(nl, MEMDEV_CMD_DEV_SET, index);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, ms);
	return nlh;
}

TEST_F(netlink, requests_that_wait_have_an_end)
{
	const struct nlmsghdr *nlh;
	struct nl *greedy = calloc(1, sizeof(*greedy));
	int waiting = 0;
	ssize_t len;

	ASSERT_NE(NULL, greedy);
	ASSERT_EQ(0, nl_open(greedy));
	if (!stuck(&self->pin, greedy, self->nl, self->a, self->a_start))
		SKIP(return, "no page came to lie on the device");
	/* What is refused at once has its answer when it has been sent */
	while (waiting < 1000 && !nl_wait(greedy, 0)) {
		ASSERT_EQ(0, nl_send(greedy,
				     timeout_begin(greedy, self->b, 1)));
		waiting++;
	}
	EXPECT_LT(200, waiting);
	ASSERT_GT(1000, waiting);
	nlh = (void *)greedy->buf;
	len = mnl_socket_recvfrom(greedy->sk, greedy->buf, sizeof(greedy->buf));
	ASSERT_TRUE(len > 0 && mnl_nlmsg_ok(nlh, len));
	ASSERT_EQ(NLMSG_ERROR, nlh->nlmsg_type);
	EXPECT_EQ(greedy->seq, nlh->nlmsg_seq);
	nl_forget(greedy);
	nl_see_error(greedy, nlh);
	EXPECT_EQ(EAGAIN, greedy->err);
	EXPECT_STREQ("too many requests at a time", greedy->text);
	/* To ask what is needs no place among them */
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, dev_state(self->nl, self->a));

	nl_close(greedy);
	do {
		usleep(10000);
	} while (nl_talk(self->nl, timeout_begin(self->nl, self->a, 0)) ==
		 EAGAIN);
	EXPECT_EQ(0, self->nl->err);
	/* Nothing that waited was done */
	EXPECT_EQ(0, dev_number(self->b, "unplug_timeout_ms"));
	pin_stop(&self->pin);
}

TEST_F(netlink, who_waits_for_a_pinned_page_blocks_nobody_else)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	__u32 seq;

	if (!stuck(&self->pin, self->nl, self->other, self->a, self->a_start))
		SKIP(return, "no page came to lie on the device");
	seq = self->nl->seq;

	/* Others ask, and plug another device */
	EXPECT_EQ(0, dev_get(self->other, self->a, tb));
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, nl_u32(tb[MEMDEV_A_DEV_STATE]));
	EXPECT_EQ(0, dev_plug(self->other, self->b, 0)) {
		TH_LOG("%s", self->other->text);
	}
	EXPECT_EQ(0, dev_unplug(self->other, self->b, 0)) {
		TH_LOG("%s", self->other->text);
	}
	EXPECT_EQ(0, nl_talk(self->other,
			     nl_begin(self->other, MEMDEV_CMD_DEV_GET,
				      NLM_F_DUMP)));
	EXPECT_EQ(2, self->other->replies);
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, dev_state(self->other, self->a));

	/* It asks, itself, on the same socket */
	EXPECT_EQ(0, dev_get(self->nl, self->a, tb));
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, nl_u32(tb[MEMDEV_A_DEV_STATE]));

	/* Other families come and go, which takes the locks of all of them */
	EXPECT_EQ(0, system("! modinfo team >/dev/null 2>&1 || { "
			    "modprobe team && modprobe -r team; }"));
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, dev_state(self->other, self->a));
	EXPECT_FALSE(nl_wait(self->nl, 0));

	/* And it ends as soon as it can */
	pin_stop(&self->pin);
	EXPECT_EQ(0, nl_receive(self->nl, seq, NULL, NULL, NULL)) {
		TH_LOG("%s", self->nl->text);
	}
	EXPECT_EQ(0, dev_number(self->a, "plugged_size"));
}

/* --- what was refused ---------------------------------------------------------------- */

TEST_F(netlink, an_unplug_that_is_refused_tells_the_block)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlattr *refusal[MEMDEV_A_REFUSAL_MAX + 1];
	struct nl *nl = self->nl;
	char memory[32], said[NL_TEXT_LEN];
	__u64 low = self->a_start + block_size, plugged;

	ASSERT_EQ(0, dev_plug(nl, self->a, 3 * block_size));
	if (!pin_start(&self->pin, low, low + block_size))
		SKIP(return, "no page came to lie on the device");
	/* What comes out in that time, and which was last, nobody knows */
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
	/* When all others are out, it is the one with the page */
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "0"));
	if (plugged > block_size)
		ASSERT_EQ(0, dev_unplug(nl, self->a, plugged - block_size));
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "2000"));
	EXPECT_REFUSED(ETIMEDOUT, nl,
		       amount_begin(nl, MEMDEV_CMD_DEV_UNPLUG, self->a, 0), 0);
	snprintf(said, sizeof(said), "%s", nl->text);
	ASSERT_EQ(0, dev_get(nl, self->a, tb));
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

	/* What succeeds clears it */
	pin_stop(&self->pin);
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "0"));
	EXPECT_EQ(0, dev_unplug(nl, self->a, 0)) {
		TH_LOG("%s", nl->text);
	}
	ASSERT_EQ(0, dev_get(nl, self->a, tb));
	EXPECT_EQ(NULL, tb[MEMDEV_A_DEV_REFUSAL]);
	EXPECT_STREQ("", nl_str(tb[MEMDEV_A_DEV_LAST_ERROR]));
}

/* --- elsewhere ------------------------------------------------------------------------ */

TEST_F(netlink, another_network_namespace_has_no_such_family)
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

/* --- the module -------------------------------------------------------------------------- */

static int skip(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return KSFT_SKIP;
}

int main(int argc, char **argv)
{
	const char *memmap = strstr(file_read("/proc/cmdline"), "memmap=");
	char command[128];
	__u64 size = 0;
	int status;
	char *end;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid())
		return skip("needs root");
	block_size = strtoull(file_read(MEM "/block_size_bytes"), NULL, 16);
	if (!block_size)
		return skip("this kernel cannot hotplug memory");
	if (memmap) {
		size = nl_number(memmap + strlen("memmap="), &end);
		if (*end == '$')
			reserved = nl_number(end + 1, &end);
	}
	if (!reserved || reserved % block_size ||
	    size < (WINDOW_BLOCKS + 1) * block_size)
		return skip("no reserved range of 8 memory blocks");
	spare = reserved + WINDOW_BLOCKS * block_size;
	snprintf(command, sizeof(command),
		 "modprobe memdev devices=0 window=%llu@0x%llx",
		 (unsigned long long)(WINDOW_BLOCKS * block_size),
		 (unsigned long long)reserved);
	if (system(command))
		return skip("the module does not load");

	/* The harness exits; the module is to go afterwards */
	fflush(stdout);
	pid = fork();
	if (!pid)
		return test_harness_run(argc, argv);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return KSFT_FAIL;
	devs_remove();
	if (system("rmmod memdev")) {
		printf("# the module cannot be removed\n");
		return KSFT_FAIL;
	}
	return WEXITSTATUS(status);
}
