// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the netlink family "memdev".
 */
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nl.h"
#include "nl_print.h"
#include "wait.h"

/* Large enough for any request of this tool */
#define REQUEST_SIZE	4096
/* Give up on a list that changes faster than it can be read. */
#define DUMP_TRIES	20

#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK	11
#endif

const char *nl_input;

static struct nlmsghdr *request_new(__u16 family, __u8 cmd, __u8 version,
				    __u16 flags)
{
	struct nlmsghdr *request;
	struct genlmsghdr *genl;

	request = mnl_nlmsg_put_header(xrealloc(NULL, REQUEST_SIZE));
	request->nlmsg_type = family;
	request->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(request, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return request;
}

struct nlmsghdr *nl_request(__u8 cmd, __u16 flags)
{
	/* The family id might not be known yet: send_request() sets it. */
	return request_new(0, cmd, MEMDEV_FAMILY_VERSION, flags);
}

static int send_request(struct nl *nl, struct nlmsghdr *request)
{
	if (!request->nlmsg_type)
		request->nlmsg_type = nl->family;
	request->nlmsg_seq = ++nl->seq;
	nl_print("request", request);
	return mnl_socket_sendto(nl->sock, request, request->nlmsg_len) < 0 ?
		-errno : 0;
}

/* Return the type of the attribute at an offset in the request, or 0. */
static __u16 attribute_at(const struct nlmsghdr *request, __u32 offset)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, request, sizeof(struct genlmsghdr))
		if ((const char *)attr - (const char *)request == offset)
			return mnl_attr_get_type(attr);
	return 0;
}

static void extack_parse(struct nl *nl, const struct nlmsghdr *request,
			 const struct nlmsghdr *nlh, size_t offset)
{
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
			nl->bad_attribute =
				attribute_at(request, mnl_attr_get_u32(attr));
	}
}

/* Return 1 if more messages follow, or 0 or -errno at the end. */
static int handle_message(struct nl *nl, const struct nlmsghdr *request,
			  const struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	const struct nlmsgerr *err;
	size_t offset;
	int rc;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->inconsistent = true;

	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 1;
	case NLMSG_DONE:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(int))
			return 0;
		rc = *(const int *)mnl_nlmsg_get_payload(nlh);
		extack_parse(nl, request, nlh, sizeof(int));
		return rc < 0 ? rc : 0;
	case NLMSG_ERROR:
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err))
			return -EBADMSG;
		err = mnl_nlmsg_get_payload(nlh);
		offset = sizeof(*err);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			offset += mnl_nlmsg_get_payload_len(&err->msg);
		extack_parse(nl, request, nlh, offset);
		return err->error;
	}
	nl_print("reply", nlh);
	if (cb && cb(nlh, data) < 0)
		return -EBADMSG;
	return 1;
}

static int receive(struct nl *nl, const struct nlmsghdr *request, mnl_cb_t cb,
		   void *data)
{
	static __u64 buf[NL_BUFFER / 8];
	const struct nlmsghdr *nlh;
	ssize_t size;
	int len, rc;

	size = mnl_socket_recvfrom(nl->sock, buf, sizeof(buf));
	if (size < 0)
		return errno == EINTR ? 1 : -errno;
	len = size;
	for (nlh = (const struct nlmsghdr *)buf; mnl_nlmsg_ok(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != request->nlmsg_seq)
			continue;
		rc = handle_message(nl, request, nlh, cb, data);
		if (rc <= 0)
			return rc;
	}
	return 1;
}

/* Do not request an ACK: only the canceled request's result matters. */
static void cancel(struct nl *nl, unsigned int seq)
{
	struct nlmsghdr *request = nl_request(MEMDEV_CMD_CANCEL, 0);

	mnl_attr_put_u32(request, MEMDEV_A_DEV_SEQ, seq);
	send_request(nl, request);
	free(request);
}

/* Wait for a message. Returns 0, or -EINTR after the second signal. */
static int wait_message(struct nl *nl, unsigned int seq, bool *canceled,
			int ms, nl_tick tick, void *arg)
{
	while (!wait_readable(mnl_socket_get_fd(nl->sock), ms)) {
		if (interrupted()) {
			if (*canceled)
				return -EINTR;
			*canceled = true;
			cancel(nl, seq);
			interrupt_catch();
		}
		if (tick)
			tick(arg, *canceled);
	}
	return 0;
}

static int call(struct nl *nl, struct nlmsghdr *request, mnl_cb_t cb,
		void *data, bool wait, int ms, nl_tick tick, void *arg)
{
	const __u64 begin = now_ms();
	bool canceled = false;
	int rc;

	nl->text[0] = '\0';
	nl->bad_attribute = 0;
	nl->inconsistent = false;
	if (nl_input) {
		nl_print("request", request);
		rc = record_answer(&nl->record, request, cb, data);
		goto out;
	}
	rc = send_request(nl, request);
	if (rc)
		goto out;
	do {
		if (wait && wait_message(nl, request->nlmsg_seq, &canceled, ms,
					 tick, arg)) {
			nl_close(nl);
			rc = -EINTR;
			break;
		}
		rc = receive(nl, request, cb, data);
	} while (rc > 0);
out:
	nl_print_result(rc, nl->text, now_ms() - begin);
	free(request);
	return rc;
}

int nl_call(struct nl *nl, struct nlmsghdr *request, mnl_cb_t cb, void *data)
{
	return call(nl, request, cb, data, false, 0, NULL, NULL);
}

int nl_call_wait(struct nl *nl, struct nlmsghdr *request, mnl_cb_t cb,
		 void *data, int ms, nl_tick tick, void *arg)
{
	interrupt_catch();
	return call(nl, request, cb, data, true, ms, tick, arg);
}

const char *nl_strerror(const struct nl *nl, int rc)
{
	if (nl->text[0])
		return nl->text;
	return rc == -EINTR ? "interrupted" : strerror(-rc);
}

int nl_status(const struct nl *nl, int rc, const char *format, ...)
{
	va_list args;

	if (!rc)
		return EXIT_DONE;
	fputs("memdevctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", nl_strerror(nl, rc));
	return EXIT_FAILED;
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

bool module_loaded(void)
{
	return nl_input || !access("/sys/bus/memdev", F_OK);
}

static void print_no_family(void)
{
	if (!module_loaded())
		warnx("the memdev module is not loaded, try 'modprobe memdev'");
	else
		warnx("%s",
		      "the netlink family memdev exists in the initial network namespace only, try 'nsenter --net=/proc/1/ns/net memdevctl ...'");
}

int nl_open_quiet(struct nl *nl)
{
	struct nlmsghdr *request;
	int one = 1, rc;

	memset(nl, 0, sizeof(*nl));
	nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID)) {
		rc = -errno;
		nl_close(nl);
		return rc;
	}
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &one, sizeof(one));
	nl->seq = now_ms();

	request = request_new(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, MEMDEV_FAMILY_NAME);
	rc = nl_call(nl, request, parse_family, nl);
	if (!rc && !nl->family)
		rc = -ENOENT;
	if (rc)
		nl_close(nl);
	return rc;
}

int nl_open(struct nl *nl)
{
	int rc;

	if (nl_input) {
		memset(nl, 0, sizeof(*nl));
		rc = record_read(nl_input, &nl->record);
		if (rc)
			nl_close(nl);
		return rc;
	}
	rc = nl_open_quiet(nl);
	if (rc == -ENOENT)
		print_no_family();
	else
		nl_status(nl, rc, "netlink");
	return rc ? EXIT_FAILED : EXIT_DONE;
}

int nl_open_dev(struct nl *nl, const char *name, struct dev *dev)
{
	int rc;

	rc = nl_open(nl);
	if (rc)
		return rc;
	rc = nl_dev_named(nl, name, dev);
	if (rc)
		nl_close(nl);
	return rc;
}

void nl_close(struct nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
	free(nl->record.messages);
	nl->record.messages = NULL;
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

/* Read a list. If it changed meanwhile, it is inconsistent: read it again. */
static int dump(struct nl *nl, __u8 cmd, mnl_cb_t add, void *list,
		size_t *n)
{
	for (int try = 0; try < DUMP_TRIES; try++) {
		int rc;

		*n = 0;
		rc = nl_call(nl, nl_request(cmd, NLM_F_DUMP), add, list);
		if (rc || !nl->inconsistent)
			return rc;
		usleep(1000 * try);
	}
	snprintf(nl->text, sizeof(nl->text),
		 "the list kept changing while it was read");
	return -EAGAIN;
}

/* Make room for one more element: double the size at each power of two. */
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

static int add_block_run(const struct nlmsghdr *nlh, void *data)
{
	struct block_runs *runs = data;

	runs->v = grow(runs->v, runs->n, sizeof(*runs->v));
	return nl_block_parse(nlh, &runs->v[runs->n++]);
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

int nl_block_runs(struct nl *nl, struct block_runs *runs)
{
	return dump(nl, MEMDEV_CMD_BLOCK_GET, add_block_run, runs, &runs->n);
}

/* The messages of a list, behind those that the record has */
struct part {
	struct record *record;
	size_t size;
};

static int add_message(const struct nlmsghdr *nlh, void *data)
{
	struct part *part = data;
	struct record *record = part->record;
	const size_t end = record->size + part->size;

	record->messages = xrealloc(record->messages, end + nlh->nlmsg_len);
	memcpy((char *)record->messages + end, nlh, nlh->nlmsg_len);
	part->size += nlh->nlmsg_len;
	return MNL_CB_OK;
}

int nl_record(struct nl *nl, struct record *record)
{
	static const __u8 lists[] = {
		MEMDEV_CMD_DEV_GET, MEMDEV_CMD_WINDOW_GET, MEMDEV_CMD_BLOCK_GET
	};
	struct part part = { .record = record };
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lists) && !rc; i++) {
		rc = dump(nl, lists[i], add_message, &part, &part.size);
		record->size += part.size;
	}
	return rc;
}

int nl_dev(struct nl *nl, __u32 index, struct dev *dev)
{
	struct nlmsghdr *request = nl_request(MEMDEV_CMD_DEV_GET, NLM_F_ACK);

	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, index);
	return nl_call(nl, request, nl_dev_parse, dev);
}

/* --- names ---------------------------------------------------------------- */

int nl_dev_named(struct nl *nl, const char *name, struct dev *dev)
{
	struct nlmsghdr *request;
	__u32 index;
	int rc = -ENODEV;

	if (!number_parse(name, "memdev", &index))
		rc = nl_dev(nl, index, dev);
	/* An id may look like a number. */
	if (rc == -ENODEV && *name && strlen(name) <= MEMDEV_ID_MAX_LEN) {
		request = nl_request(MEMDEV_CMD_DEV_GET, NLM_F_ACK);
		mnl_attr_put_strz(request, MEMDEV_A_DEV_ID, name);
		rc = nl_call(nl, request, nl_dev_parse, dev);
	}
	if (rc == -ENODEV) {
		warnx("%s: no such device", name);
		return EXIT_FAILED;
	}
	return nl_status(nl, rc, "%s", name);
}

int nl_devs_named(struct nl *nl, int argc, char **argv, struct devs *devs)
{
	int rc = EXIT_DONE;

	devs->v = NULL;
	devs->n = 0;
	if (!argc)
		return nl_status(nl, nl_devs(nl, devs), "devices");
	for (int i = 0; i < argc; i++) {
		devs->v = grow(devs->v, devs->n, sizeof(*devs->v));
		if (nl_dev_named(nl, argv[i], &devs->v[devs->n]))
			rc = EXIT_FAILED;
		else
			devs->n++;
	}
	return rc;
}
