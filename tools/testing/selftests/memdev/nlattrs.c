// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: invalid attributes, and the format of ACKs
 */
// VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12 debug"
#include "nltest.h"
#include "nltest_attrs.h"

TEST_F(netlink, a_missing_attribute_is_reported)
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
	/* Any of several attributes is enough, so none is reported missing. */
	EXPECT_REFUSED(EINVAL, nl, dev_begin(nl, MEMDEV_CMD_DEV_SET, self->a),
		       0);
}

TEST_F(netlink, the_last_of_duplicate_attributes_counts)
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

	/* Even the first duplicate must be valid. */
	nlh = nl_begin(self->nl, MEMDEV_CMD_DEV_GET, 0);
	mnl_attr_put_u8(nlh, MEMDEV_A_DEV_INDEX, 1);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, self->b);
	EXPECT_EQ(EINVAL, nl_talk(self->nl, nlh));
}

TEST_F(netlink, an_unknown_attribute_is_refused)
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
			/* Unknown types are reported before missing types. */
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

TEST_F(netlink, a_dump_takes_no_attributes)
{
	static const char zero[8];

	for (unsigned int cmd = 1; cmd <= MEMDEV_CMD_MAX; cmd++) {
		/* A dump of blocks takes a device. */
		if (!nl_cmds[cmd].dump || cmd == MEMDEV_CMD_BLOCK_GET)
			continue;
		for (unsigned int type = 1; type <= nl_cmds[cmd].set->max;
		     type++) {
			const struct nl_attr *attr =
				&nl_cmds[cmd].set->attrs[type];
			struct nlmsghdr *nlh;

			if (!(nl_cmds[cmd].may & NL_BIT(type)))
				continue;
			nlh = nl_begin(self->nl, cmd, NLM_F_DUMP);
			mnl_attr_put(nlh, type, type_len(attr->type), zero);
			/* Linux 6.1 does not report where a dump is wrong. */
			EXPECT_REFUSED(EINVAL, self->nl, nlh, 0);
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

				/* Another test covers strings. */
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

TEST_F(netlink, an_unterminated_or_overlong_string_is_refused)
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

	/* An id of the maximum length is valid. */
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
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct nl_set *set = nl_cmds[cases[i].cmd].set;
		unsigned int type = cases[i].type;
		struct nlmsghdr *nlh = nl_begin(self->nl, cases[i].cmd, 0);

		mnl_attr_put(nlh, type, type_len(set->attrs[type].type),
			     &cases[i].value);
		/* Add the other mandatory attributes. */
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

TEST_F(netlink, an_unknown_command_is_refused)
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

/* Socket options control the message and the copy of the request in an ACK. */
TEST_F(netlink, acks_follow_the_socket_options)
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
		/* This request is valid to the parser; the job refuses it. */
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

TEST_F(netlink, a_request_without_ack_flag_gets_no_ack)
{
	struct nlmsghdr *nlh = amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG,
					    self->a, block_size);

	nlh->nlmsg_flags &= ~NLM_F_ACK;
	ASSERT_EQ(0, nl_send(self->nl, nlh));
	/* This request waits for the first one, which gets no ACK. */
	EXPECT_EQ(0, dev_plug(self->nl, self->a, block_size));
	EXPECT_EQ(2 * block_size, dev_number(self->a, "plugged_size"));
	EXPECT_FALSE(nl_wait(self->nl, 100));

	/* A refusal is reported even without NLM_F_ACK. */
	nlh = amount_begin(self->nl, MEMDEV_CMD_DEV_PLUG, self->a,
			   5 * block_size);
	nlh->nlmsg_flags &= ~NLM_F_ACK;
	EXPECT_REFUSED(ENOSPC, self->nl, nlh, 0);
}
