// SPDX-License-Identifier: GPL-2.0
/*
 * nl_fuzzer SEED MESSAGES: send MESSAGES random and mutated messages to the
 * netlink family. The same seed and devices result in the same messages.
 *
 * A parser as strict as the kernel's reads each message before it is sent. If
 * it finds no valid change, the message must change nothing. If it finds one
 * and the kernel accepts it, the message must change exactly what it says.
 * Without privilege, no message may change anything.
 *
 * Changes that take time are limited. Messages that would carve a window or
 * reach another family are not sent.
 */
#define _GNU_SOURCE
#include "../nl.h"
#include "make.h"
#include "state.h"

#define COMPARE_EVERY	500
#define ANSWER_MS	120000
#define MAX_SLOW	120	/* plugs and unplugs */
#define MAX_QUICK	1000	/* devices and windows created and deleted */

static bool root;

/* --- sending -------------------------------------------------------------- */

static unsigned int number, sent[3], classes[NR_CLASSES], accepted, refused;
static unsigned int withheld, slow, quick, answers, compared, of_cmd[32];
static __u64 seed;

static void dump(const char *what, const void *data, size_t len)
{
	printf("%s\n", what);
	for (size_t i = 0; i < len && i < 512; i++)
		printf("%02x%s", ((const unsigned char *)data)[i],
		       i % 16 == 15 ? "\n" : " ");
	putchar('\n');
}

static void broken(const char *why)
{
	printf("message %u: %s\n", number, why);
	dump("it is", msg, msg_len);
	dump("before it was", before, before_len);
	printf("SEED=%llu\n", (unsigned long long)seed);
	exit(1);
}

static void compare(void)
{
	look(&seen);
	compared++;
	if (!only(&now, &seen, UINT64_MAX, UINT64_MAX, 0, false))
		broken("something changed without a request");
}

/* Whether the request, if it succeeds, takes time to plug, create or delete. */
static bool rationed(const struct request *r, bool *is_slow)
{
	struct thing *t = named(r, &now);
	__u64 size = r->val[MEMDEV_A_DEV_SIZE];

	*is_slow = false;
	switch (r->cmd) {
	case MEMDEV_CMD_DEV_PLUG:
	case MEMDEV_CMD_DEV_UNPLUG:
		*is_slow = t && (r->has & NL_BIT(MEMDEV_A_DEV_ALL) ||
				 (size && size % block == 0));
		return *is_slow;
	case MEMDEV_CMD_DEV_SET:
		*is_slow = t && r->has & NL_BIT(MEMDEV_A_DEV_REQUESTED_SIZE) &&
			   r->val[MEMDEV_A_DEV_REQUESTED_SIZE] % block == 0;
		return *is_slow;
	case MEMDEV_CMD_DEV_NEW:
		return size && size % block == 0;
	case MEMDEV_CMD_DEV_DEL:
		return t;
	case MEMDEV_CMD_WINDOW_NEW:
		return r->val[MEMDEV_A_WINDOW_SIZE] % block == 0;
	case MEMDEV_CMD_WINDOW_DEL:
		return window_by_index(&now, r->val[MEMDEV_A_WINDOW_INDEX]);
	}
	return false;
}

/* Send the message even if it takes time. */
static bool needed;

/* Whether to withhold the message */
static bool withhold(const struct request *r)
{
	__u64 size = r->val[MEMDEV_A_WINDOW_SIZE];
	bool is_slow;

	if (r->class == FOREIGN)
		return true;
	if (r->class != CHANGE || !root)
		return false;
	/* This request would carve System RAM. */
	if (r->cmd == MEMDEV_CMD_WINDOW_NEW && size && size % block == 0 &&
	    !(r->has & NL_BIT(MEMDEV_A_WINDOW_START)))
		return true;
	/* It might not be possible to unplug memory in a kernel zone. */
	if (r->cmd == MEMDEV_CMD_DEV_SET &&
	    r->has & NL_BIT(MEMDEV_A_DEV_ONLINE_TYPE) &&
	    r->val[MEMDEV_A_DEV_ONLINE_TYPE] !=
	    MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE)
		return true;
	/* 6.1 accepts unsupported memmap_on_memory, but then plugs fail. */
	if (r->cmd == MEMDEV_CMD_DEV_SET &&
	    r->has & NL_BIT(MEMDEV_A_DEV_MEMMAP_ON_MEMORY) &&
	    r->val[MEMDEV_A_DEV_MEMMAP_ON_MEMORY])
		return true;
	/* A short deadline would end unplugs too early. */
	if (r->cmd == MEMDEV_CMD_DEV_SET &&
	    r->has & NL_BIT(MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS) &&
	    r->val[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS] - 1 < 300000)
		return true;
	if (needed || !rationed(r, &is_slow))
		return false;
	return is_slow ? slow++ >= MAX_SLOW : quick++ >= MAX_QUICK;
}

#define MAX_REQUESTS	64

static struct request requests[MAX_REQUESTS];
static unsigned int nr_requests;

/* Parse the messages of a datagram as the kernel does. */
static bool take_apart(void)
{
	size_t off = 0;

	nr_requests = 0;
	while (msg_len - off >= NLMSG_HDRLEN && nr_requests < MAX_REQUESTS) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(msg + off);
		struct request *r = &requests[nr_requests];

		if (nlh->nlmsg_len < NLMSG_HDRLEN ||
		    nlh->nlmsg_len > msg_len - off)
			break;
		classify(nlh, r);
		if (withhold(r))
			return false;
		/* The ACK tells when the change is complete. */
		if (r->class == CHANGE)
			nlh->nlmsg_flags |= NLM_F_ACK;
		nr_requests++;
		if (NLMSG_ALIGN(nlh->nlmsg_len) >= msg_len - off)
			break;
		off += NLMSG_ALIGN(nlh->nlmsg_len);
	}
	return nr_requests < MAX_REQUESTS;
}

static struct request *asked(__u32 seq)
{
	for (unsigned int i = 0; i < nr_requests; i++)
		if (requests[i].seq == seq)
			return &requests[i];
	return NULL;
}

/* Wait for the worker to reach the requested size. */
static void settle(__u64 index)
{
	for (int i = 0; i < 12000; i++) {
		struct thing *t;

		look(&seen);
		t = dev_by_index(&seen, index);
		if (!t || (t->val[MEMDEV_A_DEV_PLUGGED_SIZE] ==
			   t->val[MEMDEV_A_DEV_REQUESTED_SIZE] &&
			   t->val[MEMDEV_A_DEV_STATE] <=
			   MEMDEV_STATE_PLUGGED))
			return;
		usleep(10000);
	}
	broken("requested-size is not reached");
}

static void answered(struct request *r, int err, __u64 reply)
{
	struct thing *t;

	answers++;
	if (r->class == INVALID && !err)
		broken("an invalid message was accepted");
	if (r->class != CHANGE)
		return;
	if (!root && err != -EPERM && err != -EINVAL)
		broken("an unprivileged change did not fail with EPERM");
	if (err) {
		refused++;
		return;
	}
	accepted++;
	t = named(r, &now);
	if (r->cmd == MEMDEV_CMD_DEV_SET && t &&
	    r->has & NL_BIT(MEMDEV_A_DEV_REQUESTED_SIZE))
		settle(t->val[MEMDEV_A_DEV_INDEX]);
	else
		look(&seen);
	if (!done_as_asked(&now, &seen, r, reply))
		broken("the accepted message changed something else");
	now = seen;
}

static void receive(unsigned int waiting)
{
	const struct nlattr *tb[2];
	__u64 reply = UINT64_MAX;
	__u32 reply_seq = 0;

	while (nl_wait(&nl, waiting ? ANSWER_MS : 0)) {
		const struct nlmsghdr *nlh = (void *)nl.buf;
		int len = mnl_socket_recvfrom(nl.sk, nl.buf, sizeof(nl.buf));

		if (len < 0)
			broken(strerror(errno));
		for (; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			struct request *r = asked(nlh->nlmsg_seq);

			if (!r) {
				dump("came", nlh, nlh->nlmsg_len);
				broken("a reply without a request");
			}
			if (nlh->nlmsg_type == nl.family) {
				nl_parse(nlh, tb, 1);
				reply = nl_u32(tb[1]);
				reply_seq = nlh->nlmsg_seq;
			} else if (nlh->nlmsg_type == NLMSG_ERROR) {
				int err = *(int *)mnl_nlmsg_get_payload(nlh);

				if (r->class == CHANGE)
					waiting--;
				answered(r, err, reply_seq == r->seq ? reply :
					 UINT64_MAX);
			}
		}
	}
	if (waiting)
		broken("there is no ACK");
}

static void send_it(void)
{
	unsigned int waiting = 0;

	/* The state is compared after each change: allow only one. */
	for (unsigned int i = 0; i < nr_requests; i++) {
		waiting += requests[i].class == CHANGE;
		classes[requests[i].class]++;
		of_cmd[requests[i].cmd & 31]++;
	}
	if (!nr_requests)
		classes[IGNORED]++;
	if (mnl_socket_sendto(nl.sk, msg, msg_len) < 0)
		broken(strerror(errno));
	receive(waiting);
	memcpy(before, msg, msg_len);
	before_len = msg_len;
	number++;
}

static unsigned int changes(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_requests; i++)
		nr += requests[i].class == CHANGE;
	return nr;
}

static void send_needed(void)
{
	msg_len = head()->nlmsg_len;
	needed = true;
	if (!take_apart() || requests[0].class != CHANGE)
		broken("the parser rejects a message that must be sent");
	needed = false;
	send_it();
}

/* Replace devices that the messages deleted. */
static void replenish(void)
{
	while (root && now.windows && now.devs < 2) {
		begin(MEMDEV_CMD_DEV_NEW, 0);
		mnl_attr_put_u64(head(), MEMDEV_A_DEV_SIZE, 2 * block);
		send_needed();
	}
}

static void make_one(void)
{
	static char first[MAX_DATAGRAM];
	size_t len;

	switch (below(10)) {
	case 0:
		make_random();
		sent[0]++;
		break;
	case 1:
		make_sane();
		sent[1]++;
		break;
	default:
		make_sane();
		for (unsigned int n = 1 + below(4); n--;)
			mutate();
		sent[2]++;
	}
	/* Two messages in one datagram */
	if (!one_in(20) || msg_len > 4000)
		return;
	len = NLMSG_ALIGN(msg_len);
	memset(first, 0, len);
	memcpy(first, msg, msg_len);
	make_sane();
	if (one_in(2))
		mutate();
	memmove(msg + len, msg, msg_len);
	memcpy(msg, first, len);
	msg_len += len;
}

int main(int argc, char **argv)
{
	unsigned int messages, last = 0;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: nl_fuzzer SEED MESSAGES\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = strtoull(argv[1], NULL, 0);
	messages = atoi(argv[2]);
	rnd_state = seed * 2 + 1;
	rnd();
	root = !geteuid();
	err = nl_open(&nl) ?: nl_open(&questions);
	if (err) {
		puts(nl_errname(err));
		return 1;
	}
	next_seq = 1;
	look(&now);
	if (!now.devs || !now.windows) {
		puts("there are no devices or windows");
		return 1;
	}
	block = now.window[0].val[MEMDEV_A_WINDOW_BLOCK_SIZE];
	spare = root ? now.window[0].val[MEMDEV_A_WINDOW_START] +
		       now.window[0].val[MEMDEV_A_WINDOW_SIZE] : 8 * block;

	while (number < messages) {
		make_one();
		if (!take_apart() || changes() > 1) {
			withheld++;
			continue;
		}
		send_it();
		if (now.devs < 2)
			replenish();
		if (number - last >= COMPARE_EVERY) {
			compare();
			last = number;
		}
	}
	compare();

	printf("%u messages: %u random, %u sane, %u mutated (%u withheld)\n",
	       number, sent[0], sent[1], sent[2], withheld);
	printf("classified as:");
	for (int i = 0; i < FOREIGN; i++)
		printf(" %s %u", class_names[i], classes[i]);
	printf("\nby command:");
	printf(" none %u", of_cmd[0]);
	for (unsigned int i = 1; i <= MEMDEV_CMD_MAX; i++)
		if (nl_cmds[i].may)
			printf(" %s %u", nl_cmds[i].name, of_cmd[i]);
	printf("\n%u ACKs, changes: %u accepted, %u refused; compared %u times\n",
	       answers, accepted, refused, compared);
	/* Without accepted changes, the fuzzer tests little. */
	if (root && accepted < 20) {
		puts("too few changes were accepted");
		return 1;
	}
	if (!root && accepted) {
		puts("a change was accepted");
		return 1;
	}
	return 0;
}
