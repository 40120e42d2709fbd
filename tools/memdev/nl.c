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

struct nlmsghdr *nl_request(struct nl *nl, uint8_t cmd, uint16_t flags)
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
static uint16_t attribute_at(const struct nlmsghdr *request, uint32_t offset)
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
		const uint16_t type = mnl_attr_get_type(attr);

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
	static char buf[NL_BUFFER * 2];
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

static int call(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data,
		bool wait, int ms, void (*tick)(void *arg), void *arg)
{
	const unsigned int seq = nlh->nlmsg_seq;
	uint64_t next = now_ms() + ms, now;
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
			if (interrupted()) {
				nl_close(nl);
				return -EINTR;
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
		uint32_t id = 0;

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
	complain("the module memdev is loaded, but does not answer here: only the initial network namespace has its netlink family, try 'nsenter --net=/proc/1/ns/net memdevctl ...'");
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

static int join(struct nl *nl, uint32_t group)
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

/* --- reading answers ------------------------------------------------------ */

static void get_text(char *to, size_t size, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= size)
		len = size - 1;
	memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = '\0';
}

#define GET_TEXT(to, attr)	get_text(to, sizeof(to), attr)

/* 64 bits may be no more than 4-byte aligned; what is too short is 0. */
static uint64_t get_number(const struct nlattr *attr)
{
	const size_t len = mnl_attr_get_payload_len(attr);
	const void *payload = mnl_attr_get_payload(attr);
	uint64_t u64;
	uint32_t u32;

	if (len >= sizeof(u64)) {
		memcpy(&u64, payload, sizeof(u64));
		return u64;
	}
	if (len >= sizeof(u32)) {
		memcpy(&u32, payload, sizeof(u32));
		return u32;
	}
	return len ? *(const uint8_t *)payload : 0;
}

static void parse_stats(const struct nlattr *nest, struct stats *stats)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_STATS_COUNT:
			stats->count = get_number(attr);
			break;
		case MEMDEV_A_STATS_FAILURES:
			stats->failures = get_number(attr);
			break;
		case MEMDEV_A_STATS_BYTES:
			stats->bytes = get_number(attr);
			break;
		case MEMDEV_A_STATS_TIME_NS:
			stats->time_ns = get_number(attr);
			break;
		}
	}
}

static void parse_refusal(const struct nlattr *nest, struct refusal *refusal)
{
	const struct nlattr *attr;

	refusal->there = true;
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_REFUSAL_OP:
			refusal->op = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_ERRNO:
			refusal->err = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_REASON:
			GET_TEXT(refusal->reason, attr);
			break;
		case MEMDEV_A_REFUSAL_BLOCK:
			refusal->has_block = true;
			refusal->block = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_ADDRESS:
			refusal->has_address = true;
			refusal->address = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_MEMORY:
			GET_TEXT(refusal->memory, attr);
			break;
		case MEMDEV_A_REFUSAL_ASKED:
			refusal->asked = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_DONE:
			refusal->done = get_number(attr);
			break;
		}
	}
}

static int parse_dev(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	struct dev *dev = data;

	memset(dev, 0, sizeof(*dev));
	dev->node = -1;
	dev->slot = -1;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_DEV_INDEX:
			dev->index = get_number(attr);
			break;
		case MEMDEV_A_DEV_ID:
			GET_TEXT(dev->id, attr);
			break;
		case MEMDEV_A_DEV_KIND:
			GET_TEXT(dev->kind, attr);
			break;
		case MEMDEV_A_DEV_WINDOW:
			dev->window = get_number(attr);
			break;
		case MEMDEV_A_DEV_ADDRESS:
			dev->has_address = true;
			dev->address = get_number(attr);
			break;
		case MEMDEV_A_DEV_SIZE:
			dev->size = get_number(attr);
			break;
		case MEMDEV_A_DEV_ALIGN:
			dev->align = get_number(attr);
			break;
		case MEMDEV_A_DEV_NODE:
			dev->node = get_number(attr);
			break;
		case MEMDEV_A_DEV_SLOT:
			dev->slot = get_number(attr);
			break;
		case MEMDEV_A_DEV_BLOCK_SIZE:
			dev->block_size = get_number(attr);
			break;
		case MEMDEV_A_DEV_PLUGGED_SIZE:
			dev->plugged = get_number(attr);
			break;
		case MEMDEV_A_DEV_ONLINE_SIZE:
			dev->online = get_number(attr);
			break;
		case MEMDEV_A_DEV_REQUESTED_SIZE:
			dev->requested = get_number(attr);
			break;
		case MEMDEV_A_DEV_RETIRED_SIZE:
			dev->retired = get_number(attr);
			break;
		case MEMDEV_A_DEV_STATE:
			dev->state = get_number(attr);
			break;
		case MEMDEV_A_DEV_ONLINE_TYPE:
			dev->online_type = get_number(attr);
			break;
		case MEMDEV_A_DEV_MEMMAP_ON_MEMORY:
			dev->memmap_on_memory = get_number(attr);
			break;
		case MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS:
			dev->timeout_ms = get_number(attr);
			break;
		case MEMDEV_A_DEV_PLUG_STATS:
			parse_stats(attr, &dev->stats[0]);
			break;
		case MEMDEV_A_DEV_UNPLUG_STATS:
			parse_stats(attr, &dev->stats[1]);
			break;
		case MEMDEV_A_DEV_LAST_ERROR:
			GET_TEXT(dev->last_error, attr);
			break;
		case MEMDEV_A_DEV_REFUSAL:
			parse_refusal(attr, &dev->refusal);
			break;
		}
	}
	return MNL_CB_OK;
}

static int parse_window(const struct nlmsghdr *nlh, struct window *window)
{
	const struct nlattr *attr;

	memset(window, 0, sizeof(*window));
	window->node = -1;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_WINDOW_INDEX:
			window->index = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_START:
			window->has_start = true;
			window->start = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_SIZE:
			window->size = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_NODE:
			window->node = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_SOURCE:
			window->source = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_LIMIT:
			window->limit = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_SLOTS:
			window->slots = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_USED:
			window->used = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_LARGEST_FREE:
			window->largest_free = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_BLOCK_SIZE:
			window->block_size = get_number(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

static int parse_blocks(const struct nlmsghdr *nlh, struct blocks *blocks)
{
	const struct nlattr *attr;

	memset(blocks, 0, sizeof(*blocks));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_BLOCK_DEVICE:
			blocks->device = get_number(attr);
			break;
		case MEMDEV_A_BLOCK_FIRST:
			blocks->first = get_number(attr);
			break;
		case MEMDEV_A_BLOCK_COUNT:
			blocks->count = get_number(attr);
			break;
		case MEMDEV_A_BLOCK_STATE:
			blocks->state = get_number(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

void nl_event_parse(const struct nlmsghdr *nlh, struct event *event)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(event, 0, sizeof(*event));
	event->cmd = genl->cmd;
	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_EVENT_SEQ:
			event->seq = get_number(attr);
			break;
		case MEMDEV_A_EVENT_DEVICE:
			event->has_device = true;
			event->device = get_number(attr);
			break;
		case MEMDEV_A_EVENT_WINDOW:
			event->has_window = true;
			event->window = get_number(attr);
			break;
		case MEMDEV_A_EVENT_ID:
			GET_TEXT(event->id, attr);
			break;
		case MEMDEV_A_EVENT_KIND:
			GET_TEXT(event->kind, attr);
			break;
		case MEMDEV_A_EVENT_ADDRESS:
			event->has_address = true;
			event->address = get_number(attr);
			break;
		case MEMDEV_A_EVENT_SIZE:
			event->has_size = true;
			event->size = get_number(attr);
			break;
		case MEMDEV_A_EVENT_OLD_SIZE:
			event->has_old = true;
			event->old_size = get_number(attr);
			break;
		case MEMDEV_A_EVENT_NEW_SIZE:
			event->new_size = get_number(attr);
			break;
		case MEMDEV_A_EVENT_REFUSAL:
			parse_refusal(attr, &event->refusal);
			break;
		}
	}
}

/* --- lists ---------------------------------------------------------------- */

/*
 * Reads a list. One that changes meanwhile is read once more: a part of it may
 * be of before the change, and a part of after it.
 */
static int dump(struct nl *nl, uint8_t cmd, mnl_cb_t add, void *list,
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

/* Room for one more */
#define GROW(list) do {							\
	if (!((list)->n & ((list)->n - 1)))				\
		(list)->v = xrealloc((list)->v, sizeof(*(list)->v) *	\
				     ((list)->n ? 2 * (list)->n : 1));	\
} while (0)

static int add_dev(const struct nlmsghdr *nlh, void *data)
{
	struct devs *devs = data;

	GROW(devs);
	return parse_dev(nlh, &devs->v[devs->n++]);
}

static int add_window(const struct nlmsghdr *nlh, void *data)
{
	struct windows *windows = data;

	GROW(windows);
	return parse_window(nlh, &windows->v[windows->n++]);
}

static int add_blocks(const struct nlmsghdr *nlh, void *data)
{
	struct runs *runs = data;

	GROW(runs);
	return parse_blocks(nlh, &runs->v[runs->n++]);
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

int nl_dev(struct nl *nl, uint32_t index, struct dev *dev)
{
	struct nlmsghdr *nlh;

	nlh = nl_request(nl, MEMDEV_CMD_DEV_GET, NLM_F_ACK);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, index);
	return nl_call(nl, nlh, parse_dev, dev);
}

/* --- names ---------------------------------------------------------------- */

int nl_dev_named(struct nl *nl, const char *name, struct dev *dev)
{
	struct nlmsghdr *nlh;
	uint32_t index;
	int rc = -ENODEV;

	if (!number_parse(name, "memdev", &index))
		rc = nl_dev(nl, index, dev);
	/* An id may look like a number, too */
	if (rc == -ENODEV && *name && strlen(name) <= MEMDEV_ID_MAX_LEN) {
		nlh = nl_request(nl, MEMDEV_CMD_DEV_GET, NLM_F_ACK);
		mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, name);
		rc = nl_call(nl, nlh, parse_dev, dev);
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
		GROW(devs);
		if (nl_dev_named(nl, argv[i], &devs->v[devs->n]))
			status = EXIT_FAILED;
		else
			devs->n++;
	}
	return status;
}

const char *const state_names[] = {
	[MEMDEV_STATE_UNPLUGGED] = "unplugged",
	[MEMDEV_STATE_PARTIAL] = "partial",
	[MEMDEV_STATE_PLUGGED] = "plugged",
	[MEMDEV_STATE_PLUGGING] = "plugging",
	[MEMDEV_STATE_UNPLUGGING] = "unplugging",
	NULL
};

/* As in sysfs */
const char *const online_type_names[] = {
	[MEMDEV_ONLINE_TYPE_OFFLINE] = "offline",
	[MEMDEV_ONLINE_TYPE_ONLINE] = "online",
	[MEMDEV_ONLINE_TYPE_ONLINE_KERNEL] = "online_kernel",
	[MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE] = "online_movable",
	[MEMDEV_ONLINE_TYPE_SYSTEM] = "system",
	NULL
};

static const char *const source_names[] = {
	[MEMDEV_SOURCE_RESERVED] = "reserved",
	[MEMDEV_SOURCE_CARVED] = "carved",
	[MEMDEV_SOURCE_SOFT_RESERVED] = "soft-reserved",
	NULL
};

const char *const block_state_names[] = {
	[MEMDEV_BLOCK_STATE_UNPLUGGED] = "unplugged",
	[MEMDEV_BLOCK_STATE_RETIRED] = "retired",
	[MEMDEV_BLOCK_STATE_OFFLINE] = "offline",
	[MEMDEV_BLOCK_STATE_KERNEL] = "kernel",
	[MEMDEV_BLOCK_STATE_MOVABLE] = "movable",
	NULL
};

static const char *const op_names[] = {
	[MEMDEV_OP_NONE] = "none",
	[MEMDEV_OP_PLUG] = "plug",
	[MEMDEV_OP_UNPLUG] = "unplug",
	NULL
};

/* A later kernel may know more of them. */
static const char *name_of(const char *const *names, size_t n, uint32_t value)
{
	return value < n - 1 ? names[value] : "unknown";
}

#define NAME_OF(names, value)	name_of(names, ARRAY_SIZE(names), value)

const char *state_name(uint32_t state)
{
	return NAME_OF(state_names, state);
}

const char *online_type_name(uint32_t type)
{
	return NAME_OF(online_type_names, type);
}

const char *source_name(uint32_t source)
{
	return NAME_OF(source_names, source);
}

const char *block_state_name(uint32_t state)
{
	return NAME_OF(block_state_names, state);
}

const char *op_name(uint32_t op)
{
	return NAME_OF(op_names, op);
}
