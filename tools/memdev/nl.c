// SPDX-License-Identifier: GPL-2.0
/*
 * Talking to the family "memdev".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memdevctl.h"
#include "nl.h"

/* A list that changes faster than it can be read is given up. */
#define DUMP_TRIES	20

#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK	11
#endif

struct nlmsghdr *nl_request(struct nl *nl, __u8 cmd, __u16 flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = MEMDEV_FAMILY_VERSION;
	return nlh;
}

/* The type of the attribute at an offset of the request, 0 for none */
static __u16 attribute_at(const struct nlmsghdr *request, __u32 offset)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, request, sizeof(struct genlmsghdr))
		if ((const char *)attr - (const char *)request == offset)
			return mnl_attr_get_type(attr);
	return 0;
}

static void extack_parse(struct nl *nl, const struct nlmsghdr *nlh,
			 size_t offset)
{
	const struct nlmsghdr *request = (const struct nlmsghdr *)nl->buf;
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    mnl_nlmsg_get_payload_len(nlh) < offset)
		return;
	mnl_attr_for_each(attr, nlh, offset) {
		const __u16 type = mnl_attr_get_type(attr);

		if (type == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			snprintf(nl->text, sizeof(nl->text), "%s",
				 mnl_attr_get_str(attr));
		else if (type == NLMSGERR_ATTR_OFFS &&
			 mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			nl->attribute = attribute_at(request,
						     mnl_attr_get_u32(attr));
	}
}

/* Returns 1: go on; 0: over; or -errno */
static int answer(struct nl *nl, const struct nlmsghdr *nlh, mnl_cb_t cb,
		  void *data)
{
	const struct nlmsgerr *err;
	size_t offset;
	int rc;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->changed = true;

	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 1;
	case NLMSG_DONE:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(int))
			return 0;
		rc = *(const int *)mnl_nlmsg_get_payload(nlh);
		extack_parse(nl, nlh, sizeof(int));
		return rc < 0 ? rc : 0;
	case NLMSG_ERROR:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
			return -EBADMSG;
		err = mnl_nlmsg_get_payload(nlh);
		offset = sizeof(*err);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			offset += mnl_nlmsg_get_payload_len(&err->msg);
		extack_parse(nl, nlh, offset);
		return err->error;
	}
	if (cb && cb(nlh, data) < 0)
		return -EBADMSG;
	return 1;
}

static int receive(struct nl *nl, unsigned int seq, mnl_cb_t cb, void *data)
{
	static __u64 buf[NL_BUFFER / 4];
	const struct nlmsghdr *nlh;
	ssize_t size;
	int len, rc;

	size = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
	if (size < 0)
		return errno == EINTR ? 1 : -errno;
	len = size;
	for (nlh = (const struct nlmsghdr *)buf; mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != seq)
			continue;
		rc = answer(nl, nlh, cb, data);
		if (rc <= 0)
			return rc;
	}
	return 1;
}

/*
 * By its own attributes, as the request is still in nl->buf. Its ACK is nobody's:
 * what counts is how the request ends.
 */
static void cancel(struct nl *nl, unsigned int seq)
{
	__u64 buf[8];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = MEMDEV_CMD_CANCEL;
	genl->version = MEMDEV_FAMILY_VERSION;
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_SEQ, seq);
	mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len);
}

static int call(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data,
		bool wait, int ms, void (*tick)(void *arg), void *arg)
{
	const unsigned int seq = nlh->nlmsg_seq;
	__u64 next = now_ms() + ms, now;
	bool cancelled = false;
	int rc;

	nl->text[0] = '\0';
	nl->attribute = 0;
	nl->changed = false;
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		while (wait) {
			now = now_ms();
			if (wait_readable(mnl_socket_get_fd(nl->sock),
					  now >= next ? 0 : next - now))
				break;
			if (interrupted() && cancelled) {
				nl_close(nl);
				return -EINTR;
			}
			if (interrupted()) {
				cancel(nl, seq);
				cancelled = true;
				interrupt_catch();
			}
			if (now_ms() < next)
				continue;
			if (tick)
				tick(arg);
			next = now_ms() + ms;
		}
		rc = receive(nl, seq, cb, data);
	} while (rc > 0);
	return rc;
}

int nl_call(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	return call(nl, nlh, cb, data, false, 0, NULL, NULL);
}

int nl_call_wait(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data,
		 int ms, void (*tick)(void *arg), void *arg)
{
	return call(nl, nlh, cb, data, true, ms, tick, arg);
}

const char *nl_words(const struct nl *nl, int rc)
{
	if (nl->text[0])
		return nl->text;
	return rc == -EINTR ? "interrupted" : strerror(-rc);
}

/* --- the family ----------------------------------------------------------- */

static void parse_groups(struct nl *nl, const struct nlattr *groups)
{
	const struct nlattr *group, *attr;

	mnl_attr_for_each_nested(group, groups) {
		const char *name = "";
		__u32 id = 0;

		mnl_attr_for_each_nested(attr, group) {
			switch (mnl_attr_get_type(attr)) {
			case CTRL_ATTR_MCAST_GRP_NAME:
				name = mnl_attr_get_str(attr);
				break;
			case CTRL_ATTR_MCAST_GRP_ID:
				id = mnl_attr_get_u32(attr);
				break;
			}
		}
		if (!strcmp(name, MEMDEV_MCGRP_MONITOR))
			nl->monitor = id;
		else if (!strcmp(name, MEMDEV_MCGRP_MONITOR_PUBLIC))
			nl->monitor_public = id;
	}
}

static int parse_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	struct nl *nl = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case CTRL_ATTR_FAMILY_ID:
			nl->family = mnl_attr_get_u16(attr);
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			parse_groups(nl, attr);
			break;
		}
	}
	return MNL_CB_OK;
}

static void no_family(void)
{
	if (access("/sys/bus/memdev", F_OK)) {
		complain("the module memdev is not loaded: load it by 'modprobe memdev'");
		return;
	}
	/* The bus is everywhere, the family in the first one only */
	complain("%s",
		 "the module memdev is loaded, but does not answer here: only the initial network namespace has its netlink family, try 'nsenter --net=/proc/1/ns/net memdevctl ...'");
}

int nl_open(struct nl *nl)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;
	int one = 1, rc;

	memset(nl, 0, sizeof(*nl));
	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID)) {
		complain("netlink: %s", strerror(errno));
		return EXIT_FAILED;
	}
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &one, sizeof(one));
	nl->portid = mnl_socket_get_portid(nl->sock);
	nl->seq = now_ms();

	nlh = mnl_nlmsg_put_header(nl->buf);
	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, MEMDEV_FAMILY_NAME);
	rc = nl_call(nl, nlh, parse_family, nl);
	if (!rc && nl->family)
		return EXIT_DONE;
	if (rc && rc != -ENOENT)
		complain("netlink: %s", nl_words(nl, rc));
	else
		no_family();
	nl_close(nl);
	return EXIT_FAILED;
}

struct nlmsghdr *nl_request_first(struct nl *nl, __u8 cmd)
{
	nl->family = 0;
	nl->seq = 0;
	return nl_request(nl, cmd, NLM_F_ACK);
}

int nl_open_for(struct nl *nl, struct nlmsghdr *nlh)
{
	const size_t len = nlh->nlmsg_len;
	char *request = memcpy(xrealloc(NULL, len), nlh, len);
	int rc;

	rc = nl_open(nl);
	if (!rc) {
		memcpy(nl->buf, request, len);
		nlh->nlmsg_type = nl->family;
		nlh->nlmsg_seq = ++nl->seq;
	}
	free(request);
	return rc;
}

void nl_close(struct nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

static int join(struct nl *nl, __u32 group)
{
	if (!group)
		return -ENOENT;
	return mnl_socket_setsockopt(nl->sock, NETLINK_ADD_MEMBERSHIP, &group,
				     sizeof(group)) ? -errno : 0;
}

int nl_join(struct nl *nl)
{
	return join(nl, nl->monitor) ? join(nl, nl->monitor_public) : 0;
}

/* --- lists ---------------------------------------------------------------- */

/*
 * Reads a list. One that changes meanwhile is read once more: a part of it may
 * be of before the change, and a part of after it.
 */
static int dump(struct nl *nl, __u8 cmd, mnl_cb_t add, void *list,
		size_t *n)
{
	for (int try = 0; try < DUMP_TRIES; try++) {
		int rc;

		*n = 0;
		rc = nl_call(nl, nl_request(nl, cmd, NLM_F_DUMP), add, list);
		if (rc || !nl->changed)
			return rc;
		usleep(1000 * try);
	}
	snprintf(nl->text, sizeof(nl->text),
		 "the list kept changing while it was read");
	return -EAGAIN;
}

/* Room for one more; it doubles when all is used */
static void *grow(void *v, size_t n, size_t size)
{
	return n & (n - 1) ? v : xrealloc(v, (n ? 2 * n : 1) * size);
}

static int add_dev(const struct nlmsghdr *nlh, void *data)
{
	struct devs *devs = data;

	devs->v = grow(devs->v, devs->n, sizeof(*devs->v));
	return nl_dev_parse(nlh, &devs->v[devs->n++]);
}

static int add_window(const struct nlmsghdr *nlh, void *data)
{
	struct windows *windows = data;

	windows->v = grow(windows->v, windows->n, sizeof(*windows->v));
	return nl_window_parse(nlh, &windows->v[windows->n++]);
}

static int add_blocks(const struct nlmsghdr *nlh, void *data)
{
	struct runs *runs = data;

	runs->v = grow(runs->v, runs->n, sizeof(*runs->v));
	return nl_blocks_parse(nlh, &runs->v[runs->n++]);
}

static int add_fault_rule(const struct nlmsghdr *nlh, void *data)
{
	struct fault_rules *rules = data;

	rules->v = grow(rules->v, rules->n, sizeof(*rules->v));
	return nl_fault_rule_parse(nlh, &rules->v[rules->n++]);
}

int nl_devs(struct nl *nl, struct devs *devs)
{
	return dump(nl, MEMDEV_CMD_DEV_GET, add_dev, devs, &devs->n);
}

int nl_windows(struct nl *nl, struct windows *windows)
{
	return dump(nl, MEMDEV_CMD_WINDOW_GET, add_window, windows,
		    &windows->n);
}

int nl_runs(struct nl *nl, struct runs *runs)
{
	return dump(nl, MEMDEV_CMD_BLOCK_GET, add_blocks, runs, &runs->n);
}

int nl_fault_rules(struct nl *nl, struct fault_rules *rules)
{
	return dump(nl, MEMDEV_CMD_FAULT_GET, add_fault_rule, rules, &rules->n);
}

int nl_dev(struct nl *nl, __u32 index, struct dev *dev)
{
	struct nlmsghdr *nlh;

	nlh = nl_request(nl, MEMDEV_CMD_DEV_GET, NLM_F_ACK);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, index);
	return nl_call(nl, nlh, nl_dev_parse, dev);
}

/* --- names ---------------------------------------------------------------- */

int nl_dev_named(struct nl *nl, const char *name, struct dev *dev)
{
	struct nlmsghdr *nlh;
	__u32 index;
	int rc = -ENODEV;

	if (!number_parse(name, "memdev", &index))
		rc = nl_dev(nl, index, dev);
	/* An id may look like a number, too */
	if (rc == -ENODEV && *name && strlen(name) <= MEMDEV_ID_MAX_LEN) {
		nlh = nl_request(nl, MEMDEV_CMD_DEV_GET, NLM_F_ACK);
		mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, name);
		rc = nl_call(nl, nlh, nl_dev_parse, dev);
	}
	if (!rc)
		return EXIT_DONE;
	if (rc == -ENODEV)
		complain("%s: there is no such device", name);
	else
		complain("%s: %s", name, nl_words(nl, rc));
	return EXIT_FAILED;
}

int nl_devs_named(struct nl *nl, int argc, char **argv, struct devs *devs)
{
	int status = EXIT_DONE, rc;

	devs->v = NULL;
	devs->n = 0;
	if (!argc) {
		rc = nl_devs(nl, devs);
		if (rc)
			complain("devices: %s", nl_words(nl, rc));
		return rc ? EXIT_FAILED : EXIT_DONE;
	}
	for (int i = 0; i < argc; i++) {
		devs->v = grow(devs->v, devs->n, sizeof(*devs->v));
		if (nl_dev_named(nl, argv[i], &devs->v[devs->n]))
			status = EXIT_FAILED;
		else
			devs->n++;
	}
	return status;
}
