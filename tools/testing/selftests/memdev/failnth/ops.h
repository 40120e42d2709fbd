/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations that fail_sweep sweeps. FAILNTH() defines one, whose body
 * injects failures only between fault_begin() and fault_end().
 */
#ifndef _MEMDEV_TEST_FAULT_OPS_H
#define _MEMDEV_TEST_FAULT_OPS_H

#include <sys/syscall.h>

#include "inject.h"
#include "state.h"
#include "../nl.h"

/* What exists before an operation */
enum base {
	BASE_NOTHING,
	BASE_MODULE,
	BASE_WINDOW,
	BASE_DEVICE,
	BASE_PLUGGED,
};

/**
 * struct op - an operation
 * @next: next operation in the list
 * @name: its name on the command line
 * @base: what exists before the operation
 * @call: do the operation; returns 0 or an errno
 * @undo: restore what existed before; returns 0 or an errno
 * @remote: the module's other tasks do a part of it
 * @only_remote: another operation sweeps the part in this task
 * @module: only inject failures inside the module
 * @partial: a failure may leave it half done
 * @also: another errno for a failed allocation: failing to claim a range is
 *	  EBUSY, whatever the reason
 */
struct op {
	struct op *next;
	const char *name;
	enum base base;
	int (*call)(void);
	int (*undo)(void);
	bool remote;
	bool only_remote;
	bool module;
	bool partial;
	int also;
};

static struct op *ops;

#define FAILNTH(name_, base_, undo_, ...)				\
	static int call_##name_(void);					\
	static struct op op_##name_ = {					\
		.name = #name_, .base = base_, .call = call_##name_,	\
		.undo = undo_, __VA_ARGS__				\
	};								\
	static __attribute__((constructor)) void add_##name_(void)	\
	{								\
		op_##name_.next = ops;					\
		ops = &op_##name_;					\
	}								\
	static int call_##name_(void)

/* --- the module ----------------------------------------------------------- */

FAILNTH(load, BASE_NOTHING, unload, .also = EBUSY, .module = true)
{
	char params[256];
	int err, fd;

	snprintf(params, sizeof(params), "window=%s devices=1 kind=%s", spec,
		 kind);
	fd = open(module_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fault_die(module_path);
	fault_begin();
	err = syscall(SYS_finit_module, fd, params, 0) ? errno : 0;
	fault_end();
	close(fd);
	return err;
}

static int undo_rmmod(void)
{
	return load(spec, 1);
}

FAILNTH(rmmod, BASE_DEVICE, undo_rmmod)
{
	int err;

	fault_begin();
	err = syscall(SYS_delete_module, "memdev", O_NONBLOCK) ? errno : 0;
	fault_end();
	return err;
}

/* --- sysfs ---------------------------------------------------------------- */

/* Write to a file; returns 0 or an errno. */
static int swept_write(const char *path, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int err, fd;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		fault_die(path);
	fault_begin();
	err = write(fd, text, strlen(text)) < 0 ? errno : 0;
	fault_end();
	close(fd);
	return err;
}

static int undo_window_add(void)
{
	return file_write(BUS "/del_window", "window0");
}

FAILNTH(window_add, BASE_MODULE, undo_window_add, .also = EBUSY)
{
	return swept_write(BUS "/new_window", "%s", spec);
}

static int undo_window_del(void)
{
	return access(WINDOWS "/window0", F_OK) ?
	       file_write(BUS "/new_window", "%s", spec) : 0;
}

FAILNTH(window_del, BASE_WINDOW, undo_window_del)
{
	return swept_write(BUS "/del_window", "window0");
}

static int undo_create(void)
{
	return file_write(BUS "/del_device", "memdev0");
}

FAILNTH(create, BASE_WINDOW, undo_create)
{
	return swept_write(BUS "/new_device", "size=%llu kind=%s", size, kind);
}

static int undo_destroy(void)
{
	if (!access(DEVICE, F_OK))
		return 0;
	return file_write(BUS "/new_device", "size=%llu kind=%s", size, kind) ?:
	       file_write(DEVICE "/unplug_timeout_ms", "0");
}

FAILNTH(destroy, BASE_DEVICE, undo_destroy)
{
	return swept_write(BUS "/del_device", "memdev0");
}

static int undo_plug(void)
{
	return file_write(DEVICE "/unplug", "all");
}

FAILNTH(plug, BASE_DEVICE, undo_plug, .also = EEXIST)
{
	return swept_write(DEVICE "/plug", "all");
}

static int undo_unplug(void)
{
	if (!strcmp(file_read(DEVICE "/state"), "plugged"))
		return 0;
	return file_write(DEVICE "/plug", "all");
}

FAILNTH(unplug, BASE_PLUGGED, undo_unplug, .partial = true)
{
	return swept_write(DEVICE "/unplug", "all");
}

#define FAULTS	"/sys/kernel/debug/memdev/memdev0/faults"

static int undo_fault_add(void)
{
	return file_write(FAULTS, "clear");
}

FAILNTH(fault_add, BASE_DEVICE, undo_fault_add)
{
	return swept_write(FAULTS, "add errno=EIO");
}

/* Request @want bytes and wait for the worker, however often it retries. */
static int swept_resize(unsigned long long want)
{
	double until = now() + PATIENCE_S;
	int err = swept_write(DEVICE "/requested_size", "%llu", want);

	while (!err && (strtoull(file_read(DEVICE "/plugged_size"), NULL, 0) !=
			want || strstr(file_read(DEVICE "/state"), "ing"))) {
		if (now() > until)
			err = ETIME;
		usleep(10000);
	}
	return err;
}

FAILNTH(grow, BASE_DEVICE, undo_plug, .remote = true, .only_remote = true)
{
	return swept_resize(size);
}

FAILNTH(shrink, BASE_PLUGGED, undo_unplug, .remote = true, .only_remote = true)
{
	return swept_resize(0);
}

/* --- netlink -------------------------------------------------------------- */

static struct nl nl;

static struct nlmsghdr *request_begin(__u8 cmd, int flags)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	errno = nl_open(&nl);
	if (errno || setsockopt(mnl_socket_get_fd(nl.sk), SOL_SOCKET,
				SO_RCVTIMEO, &patience, sizeof(patience)))
		fault_die("netlink");
	return nl_begin(&nl, cmd, flags);
}

/* EAGAIN: the receive timed out, as the kernel never replies EAGAIN here. */
static int request_end(int err)
{
	nl_close(&nl);
	return err == EAGAIN ? ETIME : err;
}

static int swept_send(struct nlmsghdr *request)
{
	int err;

	fault_begin();
	err = nl_send(&nl, request);
	fault_end();
	if (!err)
		err = nl_receive(&nl, request->nlmsg_seq, NULL, NULL, NULL);
	return request_end(err);
}

static int undo_nl_window_add(void)
{
	return access(WINDOWS "/window0", F_OK) ? 0 : undo_window_add();
}

FAILNTH(nl_window_add, BASE_MODULE, undo_nl_window_add, .also = EBUSY,
	.remote = true, .partial = true)
{
	struct nlmsghdr *request = request_begin(MEMDEV_CMD_WINDOW_NEW, 0);
	char *end;

	mnl_attr_put_u64(request, MEMDEV_A_WINDOW_SIZE, nl_number(spec, &end));
	if (*end == '@')
		mnl_attr_put_u64(request, MEMDEV_A_WINDOW_START,
				 nl_number(end + 1, &end));
	return swept_send(request);
}

/* A request without a reply may or may not have created the device. */
static int undo_nl_create(void)
{
	return access(DEVICE, F_OK) ? 0 : undo_create();
}

FAILNTH(nl_create, BASE_WINDOW, undo_nl_create, .remote = true, .partial = true)
{
	struct nlmsghdr *request = request_begin(MEMDEV_CMD_DEV_NEW, 0);

	mnl_attr_put_strz(request, MEMDEV_A_DEV_KIND, kind);
	mnl_attr_put_u64(request, MEMDEV_A_DEV_SIZE, size);
	return swept_send(request);
}

static struct nlmsghdr *device_begin(__u8 cmd)
{
	struct nlmsghdr *request = request_begin(cmd, 0);

	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, 0);
	return request;
}

FAILNTH(nl_destroy, BASE_DEVICE, undo_destroy, .remote = true, .partial = true)
{
	return swept_send(device_begin(MEMDEV_CMD_DEV_DEL));
}

static int undo_nl_plug(void)
{
	if (!strcmp(file_read(DEVICE "/state"), "unplugged"))
		return 0;
	return undo_plug();
}

FAILNTH(nl_plug, BASE_DEVICE, undo_nl_plug, .also = EEXIST, .remote = true,
	.partial = true)
{
	struct nlmsghdr *request = device_begin(MEMDEV_CMD_DEV_PLUG);

	mnl_attr_put(request, MEMDEV_A_DEV_ALL, 0, NULL);
	return swept_send(request);
}

FAILNTH(nl_unplug, BASE_PLUGGED, undo_unplug, .remote = true, .partial = true)
{
	struct nlmsghdr *request = device_begin(MEMDEV_CMD_DEV_UNPLUG);

	mnl_attr_put(request, MEMDEV_A_DEV_ALL, 0, NULL);
	return swept_send(request);
}

static int undo_nothing(void)
{
	return 0;
}

FAILNTH(nl_dump, BASE_PLUGGED, undo_nothing)
{
	struct nlmsghdr *request = request_begin(MEMDEV_CMD_DEV_GET,
						 NLM_F_DUMP);
	int err;

	fault_begin();
	err = nl_talk(&nl, request);
	fault_end();
	return request_end(err);
}

#endif /* _MEMDEV_TEST_FAULT_OPS_H */
