/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of which allocations are made to fail.
 */
#ifndef _MEMDEV_TEST_FAULT_OPS_H
#define _MEMDEV_TEST_FAULT_OPS_H

#include <stdarg.h>
#include <sys/syscall.h>

#include "state.h"
#include "../nl.h"

/* What there is before an operation */
enum base {
	BASE_NOTHING,
	BASE_MODULE,
	BASE_WINDOW,
	BASE_DEVICE,
	BASE_PLUGGED,
};

/**
 * struct op - an operation
 * @name: as the command line has it
 * @base: what there is before
 * @remote: it is done by others of the module's tasks, too
 * @only_remote: what this task does for it is another operation's
 * @module: only what fails inside the module counts
 * @partial: after a failure a part of it may be done
 * @also: what it may say, too, for want of memory: claiming a range says no
 *	  more than that it has not got it
 * @ready: does all that has to be done before, and may fail
 * @call: what this task does for it, 0 or an errno
 * @end: waits until it is over; gets what @call returned
 * @undo: back to what there was before; 0 or an errno
 */
struct op {
	const char *name;
	enum base base;
	bool remote;
	bool only_remote;
	bool module;
	bool partial;
	int also;
	void (*ready)(void);
	int (*call)(void);
	int (*end)(int err);
	int (*undo)(void);
};

static int fd = -1;
static char text[256];

static void ready_file(const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fault_die(path);
}

static int call_write(void)
{
	return write(fd, text, strlen(text)) < 0 ? errno : 0;
}

static int end_file(int err)
{
	close(fd);
	return err;
}

/* load and rmmod */

static void ready_load(void)
{
	snprintf(text, sizeof(text), "window=%s devices=1 kind=%s", spec, kind);
	fd = open(module_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fault_die(module_path);
}

static int call_load(void)
{
	return syscall(SYS_finit_module, fd, text, 0) ? errno : 0;
}

static int call_rmmod(void)
{
	return syscall(SYS_delete_module, "memdev", O_NONBLOCK) ? errno : 0;
}

static int undo_rmmod(void)
{
	return load(spec, 1);
}

/* windows */

static void ready_window_add(void)
{
	ready_file(BUS "/new_window", "%s", spec);
}

static int undo_window_add(void)
{
	return file_write(BUS "/del_window", "window0");
}

static void ready_window_del(void)
{
	ready_file(BUS "/del_window", "window0");
}

static int undo_window_del(void)
{
	return access(WINDOWS "/window0", F_OK) ?
	       file_write(BUS "/new_window", "%s", spec) : 0;
}

/* devices */

static void ready_create(void)
{
	ready_file(BUS "/new_device", "size=%llu kind=%s", size, kind);
}

static int undo_create(void)
{
	return file_write(BUS "/del_device", "memdev0");
}

static void ready_destroy(void)
{
	ready_file(BUS "/del_device", "memdev0");
}

static int undo_destroy(void)
{
	if (!access(DEVICE, F_OK))
		return 0;
	return file_write(BUS "/new_device", "size=%llu kind=%s", size, kind) ?:
	       file_write(DEVICE "/unplug_timeout_ms", "0");
}

static void ready_plug(void)
{
	ready_file(DEVICE "/plug", "all");
}

static int undo_plug(void)
{
	return file_write(DEVICE "/unplug", "all");
}

static void ready_unplug(void)
{
	ready_file(DEVICE "/unplug", "all");
}

static int undo_unplug(void)
{
	if (!strcmp(file_read(DEVICE "/state"), "plugged"))
		return 0;
	return file_write(DEVICE "/plug", "all");
}

/* The worker gets there, however often it has to try */
static int end_resize(int err)
{
	double until = now() + PATIENCE_S;

	close(fd);
	if (err)
		return err;
	while (strcmp(file_read(DEVICE "/plugged_size"), text) ||
	       strstr(file_read(DEVICE "/state"), "ing")) {
		if (now() > until) {
			err = ETIME;
			break;
		}
		usleep(10000);
	}
	return err;
}

static void ready_grow(void)
{
	ready_file(DEVICE "/requested_size", "%llu", size);
}

static void ready_shrink(void)
{
	ready_file(DEVICE "/requested_size", "0");
}

/* by netlink */

static struct nl nl;
static struct nlmsghdr *request;

static void ready_nl(__u8 cmd, int flags)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	errno = nl_open(&nl);
	if (errno || setsockopt(mnl_socket_get_fd(nl.sk), SOL_SOCKET,
				SO_RCVTIMEO, &patience, sizeof(patience)))
		fault_die("netlink");
	request = nl_begin(&nl, cmd, flags);
}

static int call_nl_send(void)
{
	return nl_send(&nl, request);
}

static int call_nl_talk(void)
{
	return nl_talk(&nl, request);
}

static int end_nl(int err)
{
	if (!err)
		err = nl_receive(&nl, request->nlmsg_seq, NULL, NULL, NULL);
	/* No answer is none that the kernel can give */
	if (err == EAGAIN)
		err = ETIME;
	nl_close(&nl);
	return err;
}

static int end_nl_talk(int err)
{
	nl_close(&nl);
	return err == EAGAIN ? ETIME : err;
}

static void ready_nl_create(void)
{
	ready_nl(MEMDEV_CMD_DEV_NEW, 0);
	mnl_attr_put_strz(request, MEMDEV_A_DEV_KIND, kind);
	mnl_attr_put_u64(request, MEMDEV_A_DEV_SIZE, size);
}

/* Who gets no answer does not know */
static int undo_nl_create(void)
{
	return access(DEVICE, F_OK) ? 0 : undo_create();
}

static void ready_nl_destroy(void)
{
	ready_nl(MEMDEV_CMD_DEV_DEL, 0);
	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, 0);
}

static void ready_nl_plug(void)
{
	ready_nl(MEMDEV_CMD_DEV_PLUG, 0);
	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, 0);
	mnl_attr_put(request, MEMDEV_A_DEV_ALL, 0, NULL);
}

static int undo_nl_plug(void)
{
	if (!strcmp(file_read(DEVICE "/state"), "unplugged"))
		return 0;
	return undo_plug();
}

static void ready_nl_unplug(void)
{
	ready_nl(MEMDEV_CMD_DEV_UNPLUG, 0);
	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, 0);
	mnl_attr_put(request, MEMDEV_A_DEV_ALL, 0, NULL);
}

static void ready_nl_window_add(void)
{
	char *end;

	ready_nl(MEMDEV_CMD_WINDOW_NEW, 0);
	mnl_attr_put_u64(request, MEMDEV_A_WINDOW_SIZE, nl_number(spec, &end));
	if (*end == '@')
		mnl_attr_put_u64(request, MEMDEV_A_WINDOW_START,
				 nl_number(end + 1, &end));
}

static int undo_nl_window_add(void)
{
	return access(WINDOWS "/window0", F_OK) ? 0 : undo_window_add();
}

static void ready_nl_dump(void)
{
	ready_nl(MEMDEV_CMD_DEV_GET, NLM_F_DUMP);
}

static int undo_nothing(void)
{
	return 0;
}

static const struct op ops[] = {
	{
		.name = "load", .also = EBUSY, .base = BASE_NOTHING, .module = true,
		.ready = ready_load, .call = call_load, .end = end_file,
		.undo = unload,
	}, {
		.name = "rmmod", .base = BASE_DEVICE,
		.call = call_rmmod, .undo = undo_rmmod,
	}, {
		.name = "window-add", .also = EBUSY, .base = BASE_MODULE,
		.ready = ready_window_add, .call = call_write, .end = end_file,
		.undo = undo_window_add,
	}, {
		.name = "window-del", .base = BASE_WINDOW,
		.ready = ready_window_del, .call = call_write, .end = end_file,
		.undo = undo_window_del,
	}, {
		.name = "create", .base = BASE_WINDOW,
		.ready = ready_create, .call = call_write, .end = end_file,
		.undo = undo_create,
	}, {
		.name = "destroy", .base = BASE_DEVICE,
		.ready = ready_destroy, .call = call_write, .end = end_file,
		.undo = undo_destroy,
	}, {
		.name = "plug", .also = EEXIST, .base = BASE_DEVICE,
		.ready = ready_plug, .call = call_write, .end = end_file,
		.undo = undo_plug,
	}, {
		.name = "unplug", .base = BASE_PLUGGED, .partial = true,
		.ready = ready_unplug, .call = call_write, .end = end_file,
		.undo = undo_unplug,
	}, {
		.name = "grow", .base = BASE_DEVICE,
		.remote = true, .only_remote = true,
		.ready = ready_grow, .call = call_write, .end = end_resize,
		.undo = undo_plug,
	}, {
		.name = "shrink", .base = BASE_PLUGGED,
		.remote = true, .only_remote = true,
		.ready = ready_shrink, .call = call_write, .end = end_resize,
		.undo = undo_unplug,
	}, {
		.name = "nl-window-add", .also = EBUSY, .base = BASE_MODULE,
		.remote = true, .partial = true,
		.ready = ready_nl_window_add, .call = call_nl_send,
		.end = end_nl, .undo = undo_nl_window_add,
	}, {
		.name = "nl-create", .base = BASE_WINDOW,
		.remote = true, .partial = true,
		.ready = ready_nl_create, .call = call_nl_send,
		.end = end_nl, .undo = undo_nl_create,
	}, {
		.name = "nl-destroy", .base = BASE_DEVICE,
		.remote = true, .partial = true,
		.ready = ready_nl_destroy, .call = call_nl_send,
		.end = end_nl, .undo = undo_destroy,
	}, {
		.name = "nl-plug", .also = EEXIST, .base = BASE_DEVICE,
		.remote = true, .partial = true,
		.ready = ready_nl_plug, .call = call_nl_send,
		.end = end_nl, .undo = undo_nl_plug,
	}, {
		.name = "nl-unplug", .base = BASE_PLUGGED,
		.remote = true, .partial = true,
		.ready = ready_nl_unplug, .call = call_nl_send,
		.end = end_nl, .undo = undo_unplug,
	}, {
		.name = "nl-dump", .base = BASE_PLUGGED,
		.ready = ready_nl_dump, .call = call_nl_talk,
		.end = end_nl_talk, .undo = undo_nothing,
	},
};
#endif /* _MEMDEV_TEST_FAULT_OPS_H */
