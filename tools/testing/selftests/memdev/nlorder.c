// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: the order of ACKs, cancellation, and requests that wait without
 * blocking others
 */
// VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual="6.1 6.12 debug"
#include "nltest.h"

TEST_F(netlink, requests_of_one_socket_complete_in_order)
{
	__u32 first = self->nl->seq + 1;
	const int want[] = { 0, ENODEV, 0, EINVAL, 0, ENOSPC, 0, ENODEV };

	/* Slow and fast requests for two devices, sent without waiting */
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

/* Start an unplug of @a that cannot end: no deadline, a pinned page */
static bool stuck(struct pin *pin, struct nl *nl, struct nl *watch, int index,
		  __u64 low)
{
	if (dev_plug(nl, index, 2 * block_size) ||
	    !pin_start(pin, low, low + 2 * block_size) ||
	    nl_send(nl, amount_begin(nl, MEMDEV_CMD_DEV_UNPLUG, index, 0)))
		return false;
	return state_comes(watch, index, MEMDEV_STATE_UNPLUGGING, true);
}

TEST_F(netlink, closing_the_socket_cancels_its_requests)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlattr *refusal[MEMDEV_A_REFUSAL_MAX + 1];
	struct nl *gone = calloc(1, sizeof(*gone));

	ASSERT_NE(NULL, gone);
	ASSERT_EQ(0, nl_open(gone));
	if (!stuck(&self->pin, gone, self->nl, self->a, self->a_start))
		SKIP(return, "no page could be pinned on the device");
	/* A request queued behind the unplug must not run, either. */
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

	/* The device is usable at once. */
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

TEST_F(netlink, a_canceled_request_gets_an_ack)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlattr *refusal[MEMDEV_A_REFUSAL_MAX + 1];
	__u32 stuck_seq, behind_seq;
	struct nlmsghdr *nlh;

	if (!stuck(&self->pin, self->nl, self->other, self->a, self->a_start))
		SKIP(return, "no page could be pinned on the device");
	stuck_seq = self->nl->seq;
	ASSERT_EQ(0, nl_send(self->nl, amount_begin(self->nl,
						    MEMDEV_CMD_DEV_PLUG,
						    self->b, 0)));
	behind_seq = self->nl->seq;

	/* Only requests of the same socket can be canceled. */
	nlh = nl_begin(self->other, MEMDEV_CMD_CANCEL, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_SEQ, stuck_seq);
	EXPECT_REFUSED(ENOENT, self->other, nlh, MEMDEV_A_DEV_SEQ);
	nlh = nl_begin(self->nl, MEMDEV_CMD_CANCEL, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_SEQ, stuck_seq - 1);
	EXPECT_REFUSED(ENOENT, self->nl, nlh, MEMDEV_A_DEV_SEQ);
	EXPECT_MISSING(MEMDEV_A_DEV_SEQ, self->nl,
		       nl_begin(self->nl, MEMDEV_CMD_CANCEL, 0));
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, dev_state(self->other, self->a));

	/* The canceled request gets its ACK, and the next one runs. */
	nlh = nl_begin(self->nl, MEMDEV_CMD_CANCEL, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_SEQ, stuck_seq);
	ASSERT_EQ(0, nl_send(self->nl, nlh));
	EXPECT_EQ(EINTR, nl_receive(self->nl, stuck_seq, NULL, NULL, NULL));
	EXPECT_NE('\0', self->nl->text[0]);
	ASSERT_EQ(1, self->nl->replies);
	nl_parse((void *)self->nl->reply, tb, MEMDEV_A_DEV_MAX);
	ASSERT_NE(NULL, tb[MEMDEV_A_DEV_REFUSAL]);
	nl_parse_nest(tb[MEMDEV_A_DEV_REFUSAL], refusal,
		      MEMDEV_A_REFUSAL_MAX);
	EXPECT_EQ(EINTR, nl_u32(refusal[MEMDEV_A_REFUSAL_ERRNO]));
	EXPECT_EQ(2 * block_size, nl_u64(refusal[MEMDEV_A_REFUSAL_ASKED]));
	EXPECT_EQ(2 * block_size - dev_number(self->a, "plugged_size"),
		  nl_u64(refusal[MEMDEV_A_REFUSAL_DONE]));
	EXPECT_EQ(0, nl_receive(self->nl, behind_seq, NULL, NULL, NULL));
	EXPECT_EQ(block_size, dev_number(self->b, "plugged_size"));

	pin_stop(&self->pin);
}

static struct nlmsghdr *timeout_begin(struct nl *nl, int index, __u32 ms)
{
	struct nlmsghdr *nlh = dev_begin(nl, MEMDEV_CMD_DEV_SET, index);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, ms);
	return nlh;
}

TEST_F(netlink, the_number_of_queued_requests_is_limited)
{
	const struct nlmsghdr *nlh;
	struct nl *greedy = calloc(1, sizeof(*greedy));
	int waiting = 0;
	ssize_t len;

	ASSERT_NE(NULL, greedy);
	ASSERT_EQ(0, nl_open(greedy));
	if (!stuck(&self->pin, greedy, self->nl, self->a, self->a_start))
		SKIP(return, "no page could be pinned on the device");
	/* An immediate refusal is queued before sendto(2) returns. */
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
	EXPECT_STREQ("too many requests in flight", greedy->text);
	/* dev-get does not count towards the limit. */
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, dev_state(self->nl, self->a));

	nl_close(greedy);
	do {
		usleep(10000);
	} while (nl_talk(self->nl, timeout_begin(self->nl, self->a, 0)) ==
		 EAGAIN);
	EXPECT_EQ(0, self->nl->err);
	/* None of the queued requests ran. */
	EXPECT_EQ(0, dev_number(self->b, "unplug_timeout_ms"));
	pin_stop(&self->pin);
}

TEST_F(netlink, an_unplug_of_a_pinned_page_delays_no_other_request)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	__u32 seq;

	if (!stuck(&self->pin, self->nl, self->other, self->a, self->a_start))
		SKIP(return, "no page could be pinned on the device");
	seq = self->nl->seq;

	/* Another socket queries and plugs another device. */
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

	/* The same socket can query, too. */
	EXPECT_EQ(0, dev_get(self->nl, self->a, tb));
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, nl_u32(tb[MEMDEV_A_DEV_STATE]));

	/* Register other families, which takes the global genl locks */
	EXPECT_EQ(0, system("! modinfo team >/dev/null 2>&1 || { "
			    "modprobe team && modprobe -r team; }"));
	EXPECT_EQ(MEMDEV_STATE_UNPLUGGING, dev_state(self->other, self->a));
	EXPECT_FALSE(nl_wait(self->nl, 0));

	/* The unplug ends once the page is unpinned. */
	pin_stop(&self->pin);
	EXPECT_EQ(0, nl_receive(self->nl, seq, NULL, NULL, NULL)) {
		TH_LOG("%s", self->nl->text);
	}
	EXPECT_EQ(0, dev_number(self->a, "plugged_size"));
}
