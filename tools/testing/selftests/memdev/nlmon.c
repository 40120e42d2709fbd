// SPDX-License-Identifier: GPL-2.0
/*
 * nlmon check GROUP DEVICE PAIRS: print "listening" and follow PAIRS plugs and
 * unplugs of one block of DEVICE by another process. No message may be lost,
 * each must start from the size that the last one ended with, and dev-get after
 * a message must not return an older state.
 *
 * nlmon lazy GROUP: listen with a small buffer. For each line on standard
 * input, read the pending messages and print how many arrived and how many
 * were lost.
 *
 * nlmon pairs DEVICE PAIRS: plug and unplug one block PAIRS times.
 */
#define _GNU_SOURCE
#include "nl.h"

#define PATIENCE_MS	300000

static struct nl events, questions;

/* --- the device's state --------------------------------------------------- */

struct now {
	__u64 plugged;
	__u64 online;
	__u64 ended;		/* successful operations */
	__u64 block_size;
	__u64 size;
	__u32 state;
};

static __u64 ended(const struct nlattr *nest)
{
	const struct nlattr *tb[MEMDEV_A_STATS_MAX + 1];

	nl_parse_nest(nest, tb, MEMDEV_A_STATS_MAX);
	return nl_u64(tb[MEMDEV_A_STATS_COUNT]) -
	       nl_u64(tb[MEMDEV_A_STATS_FAILURES]);
}

static int ask(__u32 device, struct now *now)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh = nl_begin(&questions, MEMDEV_CMD_DEV_GET, 0);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, device);
	if (nl_talk(&questions, nlh)) {
		printf("dev-get: %s\n", nl_errname(questions.err));
		return -1;
	}
	nl_parse((void *)questions.reply, tb, MEMDEV_A_DEV_MAX);
	now->plugged = nl_u64(tb[MEMDEV_A_DEV_PLUGGED_SIZE]);
	now->online = nl_u64(tb[MEMDEV_A_DEV_ONLINE_SIZE]);
	now->size = nl_u64(tb[MEMDEV_A_DEV_SIZE]);
	now->state = nl_u32(tb[MEMDEV_A_DEV_STATE]);
	now->block_size = nl_u64(tb[MEMDEV_A_DEV_BLOCK_SIZE]);
	now->ended = ended(tb[MEMDEV_A_DEV_PLUG_STATS]) +
		     ended(tb[MEMDEV_A_DEV_UNPLUG_STATS]);
	return 0;
}

/* --- check ---------------------------------------------------------------- */

/*
 * The changes heard so far. An operation changes each size once, so a dev-get
 * reply shows how often the size had changed by then: once per operation that
 * had ended, and once more if the size shows that one was in progress. That
 * number must not be less than the number of changes heard.
 */
struct track {
	__u64 size;
	unsigned int changes;
};

static struct {
	__u32 device;
	bool public;
	bool any;
	__u64 seq;
	struct now first;
	struct track plugged;
	struct track online;
	unsigned int begun;	/* operations */
	unsigned int set;	/* changes of the requested size */
	unsigned int asked;
	unsigned int later;	/* the device changed again before the reply */
	unsigned int complaints;
} c;

#define complain(...) do { \
	if (c.complaints++ < 20) \
		printf(__VA_ARGS__); \
} while (0)

static void compare(const char *what, const struct track *t, __u64 now,
		    __u64 first, __u64 ended)
{
	__u64 changes = ended;

	if (!(now == first) == !(changes & 1))
		changes++;
	if (changes < t->changes)
		complain("%s: change %u heard, but the device had made %llu\n",
			 what, t->changes, (unsigned long long)changes);
	if (changes > t->changes)
		c.later++;
}

static void follow(struct track *t, const char *what, __u64 old,
		   __u64 new)
{
	if (old != t->size)
		complain("%s: change from %llu, but it was %llu\n", what,
			 (unsigned long long)old, (unsigned long long)t->size);
	if (old - new != c.first.block_size && new - old != c.first.block_size)
		complain("%s: change from %llu to %llu is not one block\n", what,
			 (unsigned long long)old, (unsigned long long)new);
	t->size = new;
	t->changes++;
}

static void check_event(const struct nlmsghdr *nlh)
{
	const struct nlattr *tb[MEMDEV_A_EVENT_MAX + 1];
	unsigned int cmd = nl_genl(nlh)->cmd;
	struct now now;
	__u64 seq;

	nl_parse(nlh, tb, MEMDEV_A_EVENT_MAX);
	seq = nl_u64(tb[MEMDEV_A_EVENT_SEQ]);
	if (c.any && seq != c.seq + 1)
		complain("seq %llu follows %llu\n", (unsigned long long)seq,
			 (unsigned long long)c.seq);
	c.any = true;
	c.seq = seq;
	if (c.public && tb[MEMDEV_A_EVENT_ADDRESS])
		complain("a public message has an address\n");
	if (nl_u32(tb[MEMDEV_A_EVENT_DEVICE]) != c.device) {
		complain("a message about device %u\n",
			 nl_u32(tb[MEMDEV_A_EVENT_DEVICE]));
		return;
	}
	if (cmd == MEMDEV_CMD_DEV_PLUGGED_NTF)
		follow(&c.plugged, "plugged", nl_u64(tb[MEMDEV_A_EVENT_OLD_SIZE]),
		       nl_u64(tb[MEMDEV_A_EVENT_NEW_SIZE]));
	else if (cmd == MEMDEV_CMD_DEV_ONLINE_NTF)
		follow(&c.online, "online", nl_u64(tb[MEMDEV_A_EVENT_OLD_SIZE]),
		       nl_u64(tb[MEMDEV_A_EVENT_NEW_SIZE]));
	else if (cmd == MEMDEV_CMD_DEV_BEGIN_NTF)
		c.begun++;
	else if (cmd == MEMDEV_CMD_DEV_SET_NTF)
		c.set++;
	else
		complain("unexpected command %u\n", cmd);
	/* An operation begins before it changes a size. */
	if (c.begun < c.plugged.changes || c.begun < c.online.changes)
		complain("%u changes, but %u operations\n", c.plugged.changes,
			 c.begun);

	if (ask(c.device, &now)) {
		c.complaints++;
		return;
	}
	c.asked++;
	/* A reply must be consistent in itself. */
	if (now.online > now.plugged ||
	    (now.state == MEMDEV_STATE_UNPLUGGED && now.plugged) ||
	    (now.state == MEMDEV_STATE_PARTIAL &&
	     (!now.plugged || now.plugged == now.size)) ||
	    (now.state == MEMDEV_STATE_PLUGGED && now.plugged != now.size))
		complain("state %u with plugged %llu, online %llu\n", now.state,
			 (unsigned long long)now.plugged,
			 (unsigned long long)now.online);
	compare("plugged", &c.plugged, now.plugged, c.first.plugged,
		now.ended - c.first.ended);
	compare("online", &c.online, now.online, c.first.online,
		now.ended - c.first.ended);
}

static int check(const char *group, __u32 device, unsigned int pairs)
{
	unsigned int changes = 2 * pairs;
	const struct nlmsghdr *nlh;
	int err, len;

	c.public = strcmp(group, MEMDEV_MCGRP_MONITOR);
	c.device = device;
	err = nl_join(&events, c.public ? events.monitor_public :
					  events.monitor);
	if (err || ask(device, &c.first)) {
		puts(nl_errname(err));
		return 1;
	}
	c.plugged.size = c.first.plugged;
	c.online.size = c.first.online;
	/* An unprivileged process keeps the default size. */
	len = 4 << 20;
	setsockopt(mnl_socket_get_fd(events.sk), SOL_SOCKET, SO_RCVBUFFORCE,
		   &len, sizeof(len));
	puts("listening");

	/* Also read messages after the last expected one. */
	while (nl_wait(&events, c.plugged.changes < changes ||
		       c.online.changes < changes || c.set < changes ?
		       PATIENCE_MS : 1000)) {
		len = mnl_socket_recvfrom(events.sk, events.buf,
					  sizeof(events.buf));
		if (len < 0) {
			complain("%s\n", nl_errname(errno));
			continue;
		}
		for (nlh = (void *)events.buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			check_event(nlh);
	}
	if (c.plugged.changes != changes || c.online.changes != changes)
		complain("%u plugged and %u online changes instead of %u\n",
			 c.plugged.changes, c.online.changes, changes);
	if (c.begun != changes || c.set != changes)
		complain("%u operations and %u requested sizes instead of %u\n",
			 c.begun, c.set, changes);
	printf("%s plugged=%u online=%u asked=%u later=%u last-seq=%llu\n",
	       c.complaints ? "bad" : "good", c.plugged.changes,
	       c.online.changes, c.asked, c.later, (unsigned long long)c.seq);
	return !!c.complaints;
}

/* --- lazy ----------------------------------------------------------------- */

static int lazy(const char *group)
{
	const struct nlattr *tb[MEMDEV_A_EVENT_MAX + 1];
	const struct nlmsghdr *nlh;
	__u64 seq, last = 0;
	char line[16];
	/* Room for a few messages only */
	int len = 8192;
	int err;

	setsockopt(mnl_socket_get_fd(events.sk), SOL_SOCKET, SO_RCVBUF, &len,
		   sizeof(len));
	err = nl_join(&events, strcmp(group, MEMDEV_MCGRP_MONITOR) ?
		      events.monitor_public : events.monitor);
	if (err) {
		puts(nl_errname(err));
		return 1;
	}
	puts("listening");
	while (fgets(line, sizeof(line), stdin)) {
		unsigned int messages = 0, overruns = 0;
		__u64 lost = 0;

		while (nl_wait(&events, 0)) {
			len = mnl_socket_recvfrom(events.sk, events.buf,
						  sizeof(events.buf));
			if (len < 0) {
				if (errno != ENOBUFS) {
					puts(nl_errname(errno));
					return 1;
				}
				overruns++;
				continue;
			}
			for (nlh = (void *)events.buf; mnl_nlmsg_ok(nlh, len);
			     nlh = mnl_nlmsg_next(nlh, &len)) {
				nl_parse(nlh, tb, MEMDEV_A_EVENT_MAX);
				seq = nl_u64(tb[MEMDEV_A_EVENT_SEQ]);
				if (last)
					lost += seq - last - 1;
				last = seq;
				messages++;
			}
		}
		printf("messages=%u overruns=%u lost=%llu\n", messages,
		       overruns, (unsigned long long)lost);
	}
	return 0;
}

/* --- pairs ---------------------------------------------------------------- */

static int pairs(__u32 device, unsigned int nr)
{
	struct nlmsghdr *nlh;
	struct now now;

	if (ask(device, &now))
		return 1;
	for (unsigned int i = 0; i < 2 * nr; i++) {
		nlh = nl_begin(&questions, i & 1 ? MEMDEV_CMD_DEV_UNPLUG :
			       MEMDEV_CMD_DEV_PLUG, 0);
		mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, device);
		mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, now.block_size);
		if (nl_talk(&questions, nlh)) {
			printf("operation %u: %s \"%s\"\n", i,
			       nl_errname(questions.err), questions.text);
			return 1;
		}
	}
	puts("done");
	return 0;
}

int main(int argc, char **argv)
{
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	err = nl_open(&events) ?: nl_open(&questions);
	if (err) {
		puts(nl_errname(err));
		return 1;
	}
	if (argc == 5 && !strcmp(argv[1], "check"))
		return check(argv[2], atoi(argv[3]), atoi(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "lazy"))
		return lazy(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "pairs"))
		return pairs(atoi(argv[2]), atoi(argv[3]));
	fputs("usage: nlmon check GROUP DEVICE PAIRS\n"
	      "       nlmon lazy GROUP\n"
	      "       nlmon pairs DEVICE PAIRS\n", stderr);
	return 2;
}
