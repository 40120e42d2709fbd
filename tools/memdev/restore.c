// SPDX-License-Identifier: GPL-2.0
/*
 * restore: bring back windows and devices from files.
 *
 * A line names what should exist. If it does, only what differs is changed, so
 * a second restore changes nothing. If it exists with something that cannot
 * change, such as another size, it is left alone.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "file.h"
#include "memdevctl.h"
#include "names.h"

/* A background resize may change the size between two steps of a device. */
#define RESIZE_TRIES	3

#define WINDOW_FIXED	(BIT(WINDOW_SIZE) | BIT(WINDOW_START) | BIT(WINDOW_NODE))
#define WINDOW_SETTINGS	(BIT(WINDOW_LIMIT) | BIT(WINDOW_SLOTS))
#define DEV_FIXED	(BIT(DEV_SIZE) | BIT(DEV_ID) | BIT(DEV_WINDOW) | \
			 BIT(DEV_KIND) | BIT(DEV_ADDRESS) | BIT(DEV_ALIGN) | \
			 BIT(DEV_NODE) | BIT(DEV_SLOT))
#define DEV_SETTINGS	(BIT(DEV_ONLINE_TYPE) | BIT(DEV_MEMMAP_ON_MEMORY) | \
			 BIT(DEV_UNPLUG_TIMEOUT_MS))

/**
 * struct restore - what exists, and the line that is being restored
 * @nl: the socket
 * @dry: only print the steps
 * @stopped: a signal ended the restore
 * @windows: windows that existed at the start
 * @devs: devices that existed at the start
 * @where: the line, FILE:LINE
 * @title: the window or device
 */
struct restore {
	struct nl nl;
	bool dry;
	bool stopped;
	struct windows windows;
	struct devs devs;
	const char *where;
	char *title;
};

/* Print a step. Returns true if it is to be done. */
__printf(2, 3)
static bool step(const struct restore *r, const char *format, ...)
{
	va_list args;

	printf("%s: ", r->title);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	/* Show what takes long, and keep the order with errors. */
	fflush(stdout);
	return !r->dry;
}

__printf(2, 3)
static int failed(const struct restore *r, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "memdevctl: %s: %s: ", r->where, r->title);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_FAILED;
}

/* --- messages ------------------------------------------------------------- */

/* Put the members with these bits. */
static void put_members(struct nlmsghdr *request, const struct member *members,
			const void *base, __u32 bits)
{
	for (; members->attribute; members++) {
		const void *value = (const char *)base + members->offset;

		if (!(bits & 1U << members->attribute))
			continue;
		mnl_attr_put(request, members->attribute, members->text ?
			     strlen(value) + 1 : members->size, value);
	}
}

/* Which of the wanted values with these bits differ from those that exist */
static __u32 differences(const struct member *members, const void *want,
			 const void *have, __u32 bits)
{
	__u32 differ = 0;

	/* Every structure starts with the mask of its attributes. */
	bits &= *(const __u32 *)want;
	for (; members->attribute; members++)
		if (bits & 1U << members->attribute &&
		    memcmp((const char *)want + members->offset,
			   (const char *)have + members->offset, members->size))
			differ |= 1U << members->attribute;
	return differ;
}

static int report_conflict(const struct restore *r, const char *prefix,
			   __u32 index, const char *want, const char *have)
{
	return failed(r, "conflict: %s%u exists with %s instead of %s, it is left alone",
		      prefix, index, have, want);
}

/* A signal cancels the request and all lines after it. */
static int request_failed(struct restore *r, int rc)
{
	if (rc == -EINTR)
		r->stopped = true;
	return rc;
}

/* --- windows -------------------------------------------------------------- */

static const struct window *window_at(const struct restore *r, __u32 index)
{
	for (size_t i = 0; i < r->windows.n; i++)
		if (r->windows.v[i].index == index)
			return &r->windows.v[i];
	return NULL;
}

static const struct dev *dev_named(const struct restore *r, const char *id)
{
	for (size_t i = 0; i < r->devs.n; i++)
		if (!strcmp(r->devs.v[i].id, id))
			return &r->devs.v[i];
	return NULL;
}

static bool could_be(const struct conf *conf, const struct conf_window *want,
		     const struct window *have)
{
	if (have->source != MEMDEV_SOURCE_CARVED ||
	    have->size != want->want.size)
		return false;
	for (size_t i = 0; i < conf->nr_windows; i++)
		if (conf->windows[i].have == have)
			return false;
	return true;
}

/*
 * A carved window has no address to know it by. It is the one with a device of
 * that line, else the first one of that size and node.
 */
static void match_carved(const struct restore *r, struct conf *conf)
{
	for (size_t i = 0; i < conf->nr_devs; i++) {
		struct conf_window *window = conf->devs[i].window;
		const struct window *have;
		const struct dev *dev;

		if (!window || !window->carve || window->have)
			continue;
		dev = dev_named(r, conf->devs[i].want.id);
		have = dev ? window_at(r, dev->window) : NULL;
		if (have && could_be(conf, window, have))
			window->have = have;
	}
	for (size_t i = 0; i < conf->nr_windows; i++) {
		struct conf_window *window = &conf->windows[i];

		for (size_t j = 0; j < r->windows.n && window->carve &&
		     !window->have; j++) {
			const struct window *have = &r->windows.v[j];

			if (could_be(conf, window, have) &&
			    !differences(window_members, &window->want, have,
					 BIT(WINDOW_NODE)))
				window->have = have;
		}
	}
}

static int window_add(struct restore *r, struct conf_window *window)
{
	const struct window *want = &window->want;
	const __u32 bits = want->has & WINDOW_FIXED;
	struct nlmsghdr *request;
	char *keys;
	bool real;
	int rc;

	for (size_t i = 0; i < r->windows.n && !window->carve; i++) {
		const struct window *have = &r->windows.v[i];

		if (ranges_overlap(want->start, want->size, have->start,
				   have->size))
			return failed(r, "conflict: window%u overlaps it, and is left alone",
				      have->index);
	}
	keys = conf_text(window_keys, window_members, want, bits, NULL);
	real = step(r, "add %s%s", keys, window->carve ? " carve" : "");
	free(keys);
	if (!real)
		return EXIT_DONE;
	request = nl_request(MEMDEV_CMD_WINDOW_NEW, NLM_F_ACK);
	put_members(request, window_members, want, bits);
	rc = object_request(&r->nl, request, MEMDEV_A_WINDOW_INDEX,
			    &window->index);
	if (request_failed(r, rc))
		return failed(r, "add: %s%s", bad_field(&r->nl, window_keys),
			      nl_strerror(&r->nl, rc));
	return EXIT_DONE;
}

/* The netlink family cannot change windows. */
static int window_set(struct restore *r, const struct conf_window *window,
		      const char *attribute, __u64 value)
{
	char *file, *text, *reason;
	int fd, rc = EXIT_DONE;

	text = size_input(value);
	if (!step(r, "set %s=%s", attribute, text))
		goto out;
	file = xasprintf("/sys/devices/memdev/window%u/%s", window->index,
			 attribute);
	verbose_print("write %s to %s", text, file);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		const char *error = strerror(errno);

		reason = file_read("/sys/bus/memdev/last_error");
		rc = failed(r, "set %s=%s: %s", attribute, text,
			    reason && *reason ? reason : error);
		free(reason);
	}
	if (fd >= 0)
		close(fd);
	free(file);
out:
	free(text);
	return rc;
}

static int window_restore(struct restore *r, struct conf_window *window)
{
	const struct window *want = &window->want, *have = window->have;
	__u32 settings = want->has & WINDOW_SETTINGS;
	int rc;

	for (size_t i = 0; i < r->windows.n && !window->carve; i++)
		if (r->windows.v[i].start == want->start &&
		    r->windows.v[i].size == want->size)
			have = &r->windows.v[i];
	if (have) {
		const __u32 bits = differences(window_members, want, have,
					       BIT(WINDOW_NODE));

		if (bits) {
			char *a = conf_text(window_keys, window_members, want,
					    bits, NULL);
			char *b = conf_text(window_keys, window_members, have,
					    bits, NULL);

			rc = report_conflict(r, "window", have->index, a, b);
			free(a);
			free(b);
			return rc;
		}
		window->index = have->index;
		settings = differences(window_members, want, have, settings);
	} else {
		rc = window_add(r, window);
		if (rc)
			return rc;
	}
	window->restored = true;
	rc = EXIT_DONE;
	if (settings & BIT(WINDOW_LIMIT))
		rc = window_set(r, window, "limit", want->limit);
	if (settings & BIT(WINDOW_SLOTS) &&
	    window_set(r, window, "slots", want->slots))
		rc = EXIT_FAILED;
	return rc;
}

/* --- devices -------------------------------------------------------------- */

static int dev_add(struct restore *r, const struct conf_dev *dev,
		   struct dev *now)
{
	const struct dev *want = &dev->want;
	const __u32 bits = want->has & DEV_FIXED;
	struct nlmsghdr *request;
	__u32 index;
	char *keys;
	bool real;
	int rc;

	for (size_t i = 0; i < r->devs.n && HAS(want, DEV_ADDRESS); i++) {
		const struct dev *have = &r->devs.v[i];

		if (ranges_overlap(want->address, want->size, have->address,
				   have->size))
			return failed(r, "conflict: memdev%u is in this region, and is left alone",
				      have->index);
	}
	memset(now, 0, sizeof(*now));
	keys = conf_text(dev_keys, dev_members, want, bits, dev->name);
	real = step(r, "create %s", keys);
	free(keys);
	if (!real)
		return EXIT_DONE;
	request = nl_request(MEMDEV_CMD_DEV_NEW, NLM_F_ACK);
	put_members(request, dev_members, want, bits);
	rc = object_request(&r->nl, request, MEMDEV_A_DEV_INDEX, &index);
	if (!request_failed(r, rc))
		rc = nl_dev(&r->nl, index, now);
	if (rc)
		return failed(r, "create: %s%s", bad_field(&r->nl, dev_keys),
			      nl_strerror(&r->nl, rc));
	return EXIT_DONE;
}

static int dev_set(struct restore *r, const struct dev *want, __u32 bits,
		   const struct dev *now)
{
	struct nlmsghdr *request;
	int status = EXIT_DONE, rc;
	char *keys;

	if (!bits)
		return EXIT_DONE;
	keys = conf_text(dev_keys, dev_members, want, bits, NULL);
	if (step(r, "set %s", keys)) {
		request = nl_request(MEMDEV_CMD_DEV_SET, NLM_F_ACK);
		mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, now->index);
		put_members(request, dev_members, want, bits);
		rc = nl_call_wait(&r->nl, request, NULL, NULL, 1000, NULL,
				  NULL);
		if (request_failed(r, rc))
			status = failed(r, "set: %s%s",
					bad_field(&r->nl, dev_keys),
					nl_strerror(&r->nl, rc));
		else
			print_warning(&r->nl, now, "set");
	}
	free(keys);
	return status;
}

/* Plug or unplug the difference to the size. */
static int dev_plug(struct restore *r, const struct dev *now, __u64 size)
{
	const bool more = size > now->plugged_size;
	const char *verb = more ? "plug" : "unplug";
	char *text, *reason, *what;
	struct dev reply = { 0 };
	struct nlmsghdr *request;
	int status = EXIT_DONE;
	__u64 bytes;
	int rc;

	bytes = more ? size - now->plugged_size : now->plugged_size - size;
	text = size_input(bytes);
	what = xasprintf("%s %s", verb, text);
	free(text);
	if (!step(r, "%s", what))
		goto out;
	request = nl_request(more ? MEMDEV_CMD_DEV_PLUG : MEMDEV_CMD_DEV_UNPLUG,
			     NLM_F_ACK);
	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, now->index);
	mnl_attr_put_u64(request, MEMDEV_A_DEV_SIZE, bytes);
	rc = nl_call_wait(&r->nl, request, nl_dev_parse, &reply, 1000, NULL,
			  NULL);
	if (request_failed(r, rc)) {
		reason = plug_reason(&r->nl, &reply.refusal, rc);
		status = failed(r, "%s: %s", what, reason);
		free(reason);
	} else {
		print_warning(&r->nl, now, what);
	}
out:
	free(what);
	return status;
}

/* Plug or unplug until the size is reached, and stop a background resize. */
static int dev_resize(struct restore *r, struct dev *now, __u64 size)
{
	struct dev stop = { .requested_size = size };
	int rc;

	for (int try = 0; try < RESIZE_TRIES; try++) {
		if (!r->dry) {
			rc = nl_dev(&r->nl, now->index, now);
			if (rc)
				return failed(r, "%s", nl_strerror(&r->nl, rc));
		}
		if (now->plugged_size != size)
			rc = dev_plug(r, now, size);
		else if (now->requested_size != size)
			rc = dev_set(r, &stop, BIT(DEV_REQUESTED_SIZE), now);
		else
			return EXIT_DONE;
		if (rc)
			return rc;
		now->plugged_size = size;
		now->requested_size = size;
	}
	return EXIT_DONE;
}

/* Return false if the line contradicts the device that exists. */
static bool dev_agrees(struct restore *r, const struct conf_dev *dev,
		       const struct dev *have)
{
	const __u32 fixed = have->id[0] ? DEV_FIXED : DEV_FIXED & ~BIT(DEV_ID);
	const __u32 bits = differences(dev_members, &dev->want, have, fixed);
	char *a, *b;

	if (!bits)
		return true;
	a = conf_text(dev_keys, dev_members, &dev->want, bits, dev->name);
	b = conf_text(dev_keys, dev_members, have, bits, NULL);
	report_conflict(r, "memdev", have->index, a, b);
	free(a);
	free(b);
	return false;
}

static bool line_has(const struct conf *conf, const struct dev *have)
{
	for (size_t i = 0; i < conf->nr_devs; i++)
		if (conf->devs[i].have == have)
			return true;
	return false;
}

/*
 * save suggests an id for a device of a carved window that has none, and an id
 * cannot be set. So the line also stands for a device without an id.
 */
static const struct dev *dev_without_id(const struct restore *r,
					const struct conf *conf,
					const struct conf_dev *line)
{
	for (size_t i = 0; i < r->devs.n && line->window &&
	     line->window->carve; i++) {
		const struct dev *have = &r->devs.v[i];

		if (!have->id[0] && have->window == line->window->index &&
		    have->size == line->want.size && !line_has(conf, have))
			return have;
	}
	return NULL;
}

static const struct dev *dev_find(const struct restore *r,
				  const struct conf *conf,
				  const struct conf_dev *line)
{
	const struct dev *want = &line->want;

	if (HAS(want, DEV_ID))
		return dev_named(r, want->id) ?:
		       dev_without_id(r, conf, line);
	for (size_t i = 0; i < r->devs.n; i++)
		if (r->devs.v[i].address == want->address)
			return &r->devs.v[i];
	return NULL;
}

static int dev_restore(struct restore *r, const struct conf *conf,
		       struct conf_dev *dev)
{
	struct dev *want = &dev->want, now;
	__u32 settings = want->has & DEV_SETTINGS;
	bool resize, unplugged = false;
	const struct dev *have;
	__u64 size;
	int rc;

	if (dev->window) {
		if (!dev->window->restored)
			return failed(r, "window '%s' was not restored",
				      dev->name);
		want->window = dev->window->index;
		want->has |= BIT(DEV_WINDOW);
	}
	have = dev_find(r, conf, dev);
	dev->have = have;
	if (have) {
		if (!dev_agrees(r, dev, have))
			return EXIT_FAILED;
		now = *have;
		settings = differences(dev_members, want, have, settings);
	} else {
		rc = dev_add(r, dev, &now);
		if (rc)
			return rc;
	}
	resize = HAS(want, DEV_PLUGGED_SIZE);
	size = resize ? want->plugged_size : now.plugged_size;
	/* This setting cannot change while memory is plugged. */
	if (settings & BIT(DEV_MEMMAP_ON_MEMORY) && now.plugged_size) {
		unplugged = true;
		resize = !HAS(want, DEV_REQUESTED_SIZE);
		rc = dev_resize(r, &now, 0);
		if (rc)
			return rc;
	}
	rc = dev_set(r, want, settings, &now);
	if (rc) {
		/* Without its settings, do not plug more than there was. */
		if (unplugged)
			dev_resize(r, &now, have->plugged_size);
		return rc;
	}
	if (resize)
		return dev_resize(r, &now, size);
	return dev_set(r, want, differences(dev_members, want, &now,
					    BIT(DEV_REQUESTED_SIZE)), &now);
}

/* --- the command ---------------------------------------------------------- */

/* Restore all lines. Returns the number of those that are as they should be. */
static int restore_all(struct restore *r, struct conf *conf)
{
	int done = 0;

	match_carved(r, conf);
	for (size_t i = 0; i < conf->nr_windows && !r->stopped; i++) {
		struct conf_window *window = &conf->windows[i];

		r->where = window->where;
		r->title = window->name ? xasprintf("window %s", window->name) :
			   window->carve ? xstrdup("carved window") :
			   xasprintf("window at 0x%llx", window->want.start);
		done += !window_restore(r, window);
		free(r->title);
	}
	for (size_t i = 0; i < conf->nr_devs && !r->stopped; i++) {
		struct conf_dev *dev = &conf->devs[i];

		r->where = dev->where;
		r->title = HAS(&dev->want, DEV_ID) ?
			   xasprintf("device %s", dev->want.id) :
			   xasprintf("device at 0x%llx", dev->want.address);
		done += !dev_restore(r, conf, dev);
		free(r->title);
	}
	if (r->stopped)
		warnx("restore: interrupted, the remaining lines were skipped");
	return done;
}

int cmd_restore(const struct call *call)
{
	struct restore r = { .dry = call->set & OPT(DRY_RUN) };
	struct conf conf = { 0 };
	int rc;

	rc = conf_read(&conf, call->argc, call->argv);
	if (!rc && !conf.nr_windows && !conf.nr_devs)
		puts("nothing to restore: no line describes a window or a device");
	if (rc || (!conf.nr_windows && !conf.nr_devs))
		goto out;
	/* Other parameters would make windows and devices of their own. */
	if (access("/sys/bus/memdev", F_OK)) {
		warnx("the memdev module is not loaded, try 'modprobe memdev window=none'");
		rc = EXIT_FAILED;
		goto out;
	}
	rc = nl_open(&r.nl);
	if (rc)
		goto out;
	rc = nl_status(&r.nl, nl_devs(&r.nl, &r.devs), "devices");
	if (!rc)
		rc = nl_status(&r.nl, nl_windows(&r.nl, &r.windows), "windows");
	if (!rc && !conf_sees_addresses(&r.windows, "restore"))
		rc = EXIT_FAILED;
	if (!rc)
		rc = partial_status(restore_all(&r, &conf),
				    conf.nr_windows + conf.nr_devs);
	free(r.windows.v);
	free(r.devs.v);
	nl_close(&r.nl);
out:
	conf_free(&conf);
	return rc;
}
