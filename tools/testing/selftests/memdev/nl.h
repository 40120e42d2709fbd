/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The netlink family for tests: requests, replies with extended ACKs, and
 * names of commands and attributes
 */
#ifndef _MEMDEV_TEST_NL_H
#define _MEMDEV_TEST_NL_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <linux/memdev.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

/* --- names ---------------------------------------------------------------- */

enum nl_type {
	NL_NONE,
	NL_U8,
	NL_U32,
	NL_S32,
	NL_U64,
	NL_STRING,
	NL_FLAG,
	NL_NEST,
	NL_PAD,
};

struct nl_set;

struct nl_attr {
	const char *name;
	enum nl_type type;
	const struct nl_set *nested;
};

struct nl_set {
	const struct nl_attr *attrs;
	unsigned int max;
};

#define NL_BIT(type)	(1U << (type))

/**
 * struct nl_cmd - a command
 * @name: its name in the spec
 * @set: attributes of its messages
 * @may: attributes that a request may have, 0 for notifications
 * @dump: the command supports dumps
 */
struct nl_cmd {
	const char *name;
	const struct nl_set *set;
	__u32 may;
	bool dump;
};

#include "nl_gen.h"

#define NL_DEV_NAME	(NL_BIT(MEMDEV_A_DEV_INDEX) | NL_BIT(MEMDEV_A_DEV_ID))

/* --- the socket ----------------------------------------------------------- */

#define NL_TEXT_LEN	512

/**
 * struct nl - a socket of the family
 * @req: request buffer
 * @reply: last message before the end of a request
 * @buf: receive buffer
 * @sk: libmnl socket
 * @family: family id, 0 if there is none
 * @monitor: id of the group monitor
 * @monitor_public: id of the group monitor-public
 * @seq: sequence number of the last request
 * @err: result of the last request: 0 or a positive errno
 * @text: extended ACK message, empty if none
 * @offs: offset of the invalid attribute in the request, -1 if not reported
 * @miss: type of the missing attribute, -1 if not reported
 * @intr: the dump was interrupted
 * @replies: number of messages before the end of the request
 * @after_end: number of messages after the end of the request
 */
struct nl {
	/* First, so that it is aligned */
	char req[8192];
	char reply[8192];
	char buf[65536];
	struct mnl_socket *sk;
	__u16 family;
	__u32 monitor;
	__u32 monitor_public;
	__u32 seq;
	int err;
	char text[NL_TEXT_LEN];
	int offs;
	int miss;
	bool intr;
	unsigned int replies;
	unsigned int after_end;
};

typedef void (*nl_cb)(const struct nlmsghdr *nlh, void *data);

static inline const struct genlmsghdr *nl_genl(const struct nlmsghdr *nlh)
{
	return mnl_nlmsg_get_payload(nlh);
}

/* Sort the attributes of a message or a nest by type. */
static inline void nl_sort(const void *payload, size_t len,
			   const struct nlattr **tb, unsigned int max)
{
	const struct nlattr *attr;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	mnl_attr_for_each_payload(payload, len) {
		if (mnl_attr_get_type(attr) <= max)
			tb[mnl_attr_get_type(attr)] = attr;
	}
}

static inline void nl_parse(const struct nlmsghdr *nlh,
			    const struct nlattr **tb, unsigned int max)
{
	nl_sort((const char *)mnl_nlmsg_get_payload(nlh) + GENL_HDRLEN,
		mnl_nlmsg_get_payload_len(nlh) - GENL_HDRLEN, tb, max);
}

static inline void nl_parse_nest(const struct nlattr *attr,
				 const struct nlattr **tb, unsigned int max)
{
	nl_sort(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr), tb,
		max);
}

/* The attribute's value, or all ones if missing; no valid value is all ones. */
static inline __u64 nl_u64(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u64(attr) : UINT64_MAX;
}

static inline __u32 nl_u32(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_u32(attr) : UINT32_MAX;
}

static inline const char *nl_str(const struct nlattr *attr)
{
	return attr ? mnl_attr_get_str(attr) : "(none)";
}

/* Parse the end of a request or of a dump. */
static inline void nl_see_error(struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	size_t head = sizeof(*err);

	nl->err = -err->error;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (nlh->nlmsg_type == NLMSG_DONE)
		head = sizeof(err->error);
	else if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		head += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (head > mnl_nlmsg_get_payload_len(nlh))
		return;
	nl_sort((const char *)err + head,
		mnl_nlmsg_get_payload_len(nlh) - head, tb, NLMSGERR_ATTR_MAX);
	if (tb[NLMSGERR_ATTR_MSG])
		snprintf(nl->text, sizeof(nl->text), "%s",
			 nl_str(tb[NLMSGERR_ATTR_MSG]));
	if (tb[NLMSGERR_ATTR_OFFS])
		nl->offs = nl_u32(tb[NLMSGERR_ATTR_OFFS]);
	if (tb[NLMSGERR_ATTR_MISS_TYPE])
		nl->miss = nl_u32(tb[NLMSGERR_ATTR_MISS_TYPE]);
}

/* Return 1 if a message arrives within @ms, else 0. */
static inline int nl_wait(struct nl *nl, int ms)
{
	struct pollfd pfd = {
		.fd = mnl_socket_get_fd(nl->sk),
		.events = POLLIN,
	};

	return poll(&pfd, 1, ms) > 0;
}

static inline void nl_forget(struct nl *nl)
{
	nl->err = -1;
	nl->text[0] = '\0';
	nl->offs = -1;
	nl->miss = -1;
	nl->intr = false;
	nl->replies = 0;
}

/*
 * Receive until the request @seq ends. Pass other requests' messages and
 * notifications to @other, if not NULL. Returns nl->err.
 */
static inline int nl_receive(struct nl *nl, __u32 seq, nl_cb cb,
			     nl_cb other, void *data)
{
	const struct nlmsghdr *nlh;
	bool over = false;
	ssize_t got;
	int len;

	nl_forget(nl);
	while (!over) {
		got = mnl_socket_recvfrom(nl->sk, nl->buf, sizeof(nl->buf));
		if (got < 0) {
			nl->err = errno;
			return nl->err;
		}
		nlh = (const struct nlmsghdr *)nl->buf;
		for (len = got; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_seq != seq) {
				if (other)
					other(nlh, data);
				continue;
			}
			if (over)
				nl->after_end++;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				nl->intr = true;
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE) {
				nl_see_error(nl, nlh);
				over = true;
			} else {
				nl->replies++;
				if (nlh->nlmsg_len <= sizeof(nl->reply))
					memcpy(nl->reply, nlh, nlh->nlmsg_len);
				if (cb)
					cb(nlh, data);
			}
		}
	}
	return nl->err;
}

/* Start a request, to which the caller adds attributes. */
static inline struct nlmsghdr *nl_begin(struct nl *nl, __u8 cmd, int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->req);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	if (!(flags & NLM_F_DUMP))
		nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = MEMDEV_FAMILY_VERSION;
	return nlh;
}

static inline int nl_send(struct nl *nl, const struct nlmsghdr *nlh)
{
	if (mnl_socket_sendto(nl->sk, nlh, nlh->nlmsg_len) < 0)
		return errno;
	return 0;
}

static inline int nl_talk_cb(struct nl *nl, const struct nlmsghdr *nlh,
			     nl_cb cb, void *data)
{
	int err = nl_send(nl, nlh);

	if (err) {
		nl_forget(nl);
		nl->err = err;
		return err;
	}
	return nl_receive(nl, nlh->nlmsg_seq, cb, NULL, data);
}

static inline int nl_talk(struct nl *nl, const struct nlmsghdr *nlh)
{
	return nl_talk_cb(nl, nlh, NULL, NULL);
}

static inline void nl_see_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[CTRL_ATTR_MAX + 1];
	const struct nlattr *grp[CTRL_ATTR_MCAST_GRP_MAX + 1];
	const struct nlattr *attr;
	struct nl *nl = data;

	nl_parse(nlh, tb, CTRL_ATTR_MAX);
	if (tb[CTRL_ATTR_FAMILY_ID])
		nl->family = mnl_attr_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	if (!tb[CTRL_ATTR_MCAST_GROUPS])
		return;
	mnl_attr_for_each_nested(attr, tb[CTRL_ATTR_MCAST_GROUPS]) {
		const char *name;
		__u32 id;

		nl_parse_nest(attr, grp, CTRL_ATTR_MCAST_GRP_MAX);
		name = nl_str(grp[CTRL_ATTR_MCAST_GRP_NAME]);
		id = nl_u32(grp[CTRL_ATTR_MCAST_GRP_ID]);
		if (!strcmp(name, MEMDEV_MCGRP_MONITOR))
			nl->monitor = id;
		if (!strcmp(name, MEMDEV_MCGRP_MONITOR_PUBLIC))
			nl->monitor_public = id;
	}
}

/*
 * Open a socket and find the family. Returns 0 or an errno: ENOENT if the
 * family does not exist.
 */
static inline int nl_open(struct nl *nl)
{
	struct nlmsghdr *nlh;
	int one = 1;
	int err;

	nl->family = 0;
	nl->after_end = 0;
	nl->seq = time(NULL) % 1000000 * 1000;
	/* Children must not keep the socket open. */
	nl->sk = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sk)
		return errno;
	if (mnl_socket_bind(nl->sk, 0, MNL_SOCKET_AUTOPID) ||
	    mnl_socket_setsockopt(nl->sk, NETLINK_EXT_ACK, &one, sizeof(one))) {
		err = errno;
		mnl_socket_close(nl->sk);
		return err;
	}
	nlh = nl_begin(nl, CTRL_CMD_GETFAMILY, 0);
	nlh->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, MEMDEV_FAMILY_NAME);
	err = nl_talk_cb(nl, nlh, nl_see_family, nl);
	if (err)
		mnl_socket_close(nl->sk);
	return err;
}

static inline void nl_close(struct nl *nl)
{
	mnl_socket_close(nl->sk);
}

static inline int nl_join(struct nl *nl, __u32 group)
{
	if (mnl_socket_setsockopt(nl->sk, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)))
		return errno;
	return 0;
}

/* Parse a number with a suffix, and set @end to its end. */
static inline __u64 nl_number(const char *str, char **end)
{
	static const char suffixes[] = "KMGTPE";
	__u64 val = strtoull(str, end, 0);
	const char *suffix = **end ? strchr(suffixes, **end) : NULL;

	if (!suffix)
		return val;
	(*end)++;
	return val << (10 * (suffix - suffixes + 1));
}

/* --- output --------------------------------------------------------------- */

static inline void nl_print_attrs(FILE *f, const void *payload, size_t len,
				  const struct nl_set *set, const char *prefix);

static inline void nl_print_attr(FILE *f, const struct nlattr *attr,
				 const struct nl_attr *known,
				 const char *prefix)
{
	char nest[64];

	if (known->type == NL_NEST) {
		snprintf(nest, sizeof(nest), "%s%s.", prefix, known->name);
		nl_print_attrs(f, mnl_attr_get_payload(attr),
			       mnl_attr_get_payload_len(attr), known->nested,
			       nest);
		return;
	}
	fprintf(f, " %s%s", prefix, known->name);
	switch (known->type) {
	case NL_STRING:
		fprintf(f, "=\"%s\"", mnl_attr_get_str(attr));
		break;
	case NL_U8:
		fprintf(f, "=%u", mnl_attr_get_u8(attr));
		break;
	case NL_S32:
		fprintf(f, "=%d", (int)mnl_attr_get_u32(attr));
		break;
	case NL_U32:
		fprintf(f, "=%u", mnl_attr_get_u32(attr));
		break;
	case NL_U64:
		fprintf(f, "=%llu",
			(unsigned long long)mnl_attr_get_u64(attr));
		break;
	default:
		break;
	}
}

/*
 * Print "name=value name=value ..." in the order of the spec, attributes of a
 * nest as nest.name=value. Unknown attributes come first.
 */
static inline void nl_print_attrs(FILE *f, const void *payload, size_t len,
				  const struct nl_set *set, const char *prefix)
{
	const struct nlattr *attr;

	for (unsigned int type = 0; type <= set->max; type++) {
		mnl_attr_for_each_payload(payload, len) {
			unsigned int has = mnl_attr_get_type(attr);
			bool named = has <= set->max && set->attrs[has].name;

			if (named && has == type &&
			    set->attrs[type].type != NL_PAD)
				nl_print_attr(f, attr, &set->attrs[type],
					      prefix);
			else if (!named && !type)
				fprintf(f, " %s?%u=?", prefix, has);
		}
	}
}

static inline void nl_print(FILE *f, const struct nlmsghdr *nlh)
{
	unsigned int cmd = nl_genl(nlh)->cmd;

	if (cmd >= ARRAY_SIZE(nl_cmds) || !nl_cmds[cmd].name) {
		fprintf(f, "?%u\n", cmd);
		return;
	}
	fputs(nl_cmds[cmd].name, f);
	nl_print_attrs(f, (const char *)nl_genl(nlh) + GENL_HDRLEN,
		       mnl_nlmsg_get_payload_len(nlh) - GENL_HDRLEN,
		       nl_cmds[cmd].set, "");
	fputc('\n', f);
}

/* Name of an errno, as the other helpers print it */
static inline const char *nl_errname(int err)
{
	static char number[16];
	const char *name = strerrorname_np(err);

	if (!err)
		return "ok";
	if (name)
		return name;
	snprintf(number, sizeof(number), "errno:%d", err);
	return number;
}

#endif /* _MEMDEV_TEST_NL_H */
