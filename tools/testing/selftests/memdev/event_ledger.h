/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A ledger of the netlink family's notifications: each message must agree with
 * the sizes after the previous ones, so that no byte is plugged or unplugged
 * without a message.
 */
#ifndef _MEMDEV_TEST_LEDGER_H
#define _MEMDEV_TEST_LEDGER_H

#include <stdarg.h>

#include "nl.h"

#define LEDGER_DEVICES	256
/* Room for the messages that arrive while this process does not run */
#define LEDGER_BUFFER	(64 << 20)

/**
 * struct ledger - the sizes according to the notifications
 * @nl: listening socket
 * @seq: sequence number of the last message, 0 if none
 * @events: number of messages
 * @lost: number of lost messages, whose contents are unknown
 * @plugged: total of plugged bytes
 * @unplugged: total of unplugged bytes
 * @wrong: first inconsistency, empty if none
 * @dev: existence, plugged and online bytes of each device by index
 */
struct ledger {
	struct nl nl;
	__u64 seq;
	__u64 events;
	__u64 lost;
	__u64 plugged;
	__u64 unplugged;
	char wrong[256];
	struct {
		bool there;
		__u64 plugged;
		__u64 online;
	} dev[LEDGER_DEVICES];
};

static inline void ledger_wrong(struct ledger *l, const char *fmt, ...)
{
	va_list ap;

	if (l->wrong[0] || l->lost)
		return;
	va_start(ap, fmt);
	vsnprintf(l->wrong, sizeof(l->wrong), fmt, ap);
	va_end(ap);
}

static inline void ledger_size(struct ledger *l, unsigned int cmd,
			       __u32 index, __u64 was, __u64 is)
{
	bool plugged = cmd == MEMDEV_CMD_DEV_PLUGGED_NTF;
	__u64 *size = plugged ? &l->dev[index].plugged : &l->dev[index].online;

	if (!l->dev[index].there)
		ledger_wrong(l, "memdev%u changed but does not exist", index);
	if (*size != was)
		ledger_wrong(l, "memdev%u: %llu bytes were %s, but the message says %llu",
			     index, (unsigned long long)*size,
			     plugged ? "plugged" : "online",
			     (unsigned long long)was);
	*size = is;
	if (!plugged)
		return;
	if (is > was)
		l->plugged += is - was;
	else
		l->unplugged += was - is;
}

static inline void ledger_event(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[MEMDEV_A_EVENT_MAX + 1];
	unsigned int cmd = nl_genl(nlh)->cmd;
	struct ledger *l = data;
	__u32 index;
	__u64 seq;

	nl_parse(nlh, tb, MEMDEV_A_EVENT_MAX);
	seq = nl_u64(tb[MEMDEV_A_EVENT_SEQ]);
	if (l->seq && seq != l->seq + 1)
		l->lost += seq - l->seq - 1;
	l->seq = seq;
	l->events++;

	index = nl_u32(tb[MEMDEV_A_EVENT_DEVICE]);
	if (index == UINT32_MAX)
		return;
	if (index >= LEDGER_DEVICES) {
		ledger_wrong(l, "memdev%u is out of range", index);
		return;
	}
	switch (cmd) {
	case MEMDEV_CMD_DEV_NEW_NTF:
		if (l->dev[index].there)
			ledger_wrong(l, "memdev%u was created twice", index);
		memset(&l->dev[index], 0, sizeof(l->dev[index]));
		l->dev[index].there = true;
		break;
	case MEMDEV_CMD_DEV_DEL_NTF:
		if (!l->dev[index].there)
			ledger_wrong(l, "memdev%u was deleted but does not exist", index);
		if (l->dev[index].plugged || l->dev[index].online)
			ledger_wrong(l, "memdev%u deleted with %llu bytes plugged, %llu online",
				     index,
				     (unsigned long long)l->dev[index].plugged,
				     (unsigned long long)l->dev[index].online);
		l->dev[index].there = false;
		break;
	case MEMDEV_CMD_DEV_PLUGGED_NTF:
	case MEMDEV_CMD_DEV_ONLINE_NTF:
		ledger_size(l, cmd, index, nl_u64(tb[MEMDEV_A_EVENT_OLD_SIZE]),
			    nl_u64(tb[MEMDEV_A_EVENT_NEW_SIZE]));
		break;
	}
}

/* Process pending messages; wait up to @ms for the first one. */
static inline void ledger_read(struct ledger *l, int ms)
{
	const struct nlmsghdr *nlh;
	ssize_t got;
	int len;

	while (nl_wait(&l->nl, ms)) {
		got = mnl_socket_recvfrom(l->nl.sk, l->nl.buf,
					  sizeof(l->nl.buf));
		/* ENOBUFS: the sequence numbers show how many are lost. */
		if (got < 0)
			continue;
		len = got;
		for (nlh = (const void *)l->nl.buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			if (nlh->nlmsg_type == l->nl.family)
				ledger_event(nlh, l);
		ms = 0;
	}
}

/* Call this before any device is created. Returns 0 or an errno. */
static inline int ledger_open(struct ledger *l)
{
	int size = LEDGER_BUFFER;
	int err = nl_open(&l->nl);

	if (err)
		return err;
	if (setsockopt(mnl_socket_get_fd(l->nl.sk), SOL_SOCKET,
		       SO_RCVBUFFORCE, &size, sizeof(size)))
		return errno;
	return nl_join(&l->nl, l->nl.monitor);
}

#endif /* _MEMDEV_TEST_LEDGER_H */
