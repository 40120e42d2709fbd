// SPDX-License-Identifier: GPL-2.0
/*
 * plug, unplug, resize.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memdevctl.h"
#include "names.h"
#include "request.h"
#include "wait.h"

/* Interval between progress updates */
#define PROGRESS_MS	500

/**
 * struct progress - the progress of an operation, on a terminal
 * @nl: a second socket, since the first one waits for the operation
 * @dev: the device before the operation
 * @what: the operation
 * @total: number of bytes to plug or unplug
 * @enabled: standard error is a terminal, and @nl can be opened
 * @shown: the terminal shows progress
 */
struct progress {
	struct nl nl;
	const struct dev *dev;
	const char *what;
	__u64 total;
	bool enabled;
	bool shown;
};

static __u64 distance(__u64 a, __u64 b)
{
	return a < b ? b - a : a - b;
}

static void progress_erase(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

static void progress_draw(struct progress *progress, __u64 plugged)
{
	const __u64 done = distance(progress->dev->plugged_size, plugged);
	char *bytes, *total;

	bytes = size_exact(done);
	total = size_exact(progress->total);
	fprintf(stderr, "\r\033[Kmemdev%u: %s: %s of %s", progress->dev->index,
		progress->what, bytes, total);
	if (progress->total)
		fprintf(stderr, " (%u%%)",
			(unsigned int)(100.0 * done / progress->total));
	fflush(stderr);
	progress->shown = true;
	free(bytes);
	free(total);
}

static void progress_tick(void *arg)
{
	struct progress *progress = arg;
	struct dev dev;

	if (progress->enabled && !progress->nl.sock)
		progress->enabled = !nl_open(&progress->nl);
	if (progress->enabled &&
	    !nl_dev(&progress->nl, progress->dev->index, &dev))
		progress_draw(progress, dev.plugged_size);
}

/* The refusal in the reply has the failed block and the bytes done so far. */
static int plug_failed(struct nl *nl, const struct dev *dev, const char *what,
		       const struct refusal *refusal, int rc)
{
	char *reason, *done;

	if (rc == -EINTR)
		reason = xstrdup("interrupted");
	else if (refusal->reason[0])
		reason = refusal_text(refusal);
	else
		reason = xstrdup(nl_strerror(nl, rc));
	if (refusal->done) {
		done = size_exact(refusal->done);
		warnx("memdev%u: %s: %s done, then %s", dev->index, what, done,
		      reason);
		free(done);
	} else {
		warnx("memdev%u: %s: %s", dev->index, what, reason);
	}
	free(reason);
	return refusal->done ? EXIT_PART : EXIT_FAILED;
}

static int plug(const struct call *call, __u8 cmd, __u32 op)
{
	const bool all = !strcmp(call->argv[1], "all");
	struct progress progress = { .enabled = is_terminal(STDERR_FILENO) };
	struct dev dev, reply = { 0 };
	struct nlmsghdr *request;
	__u64 size = 0;
	struct nl nl;
	char *what;
	int rc;

	if (!all) {
		rc = size_argument(call, "size", call->argv[1], false, &size);
		if (rc)
			return rc;
	}
	rc = nl_open_dev(&nl, call->argv[0], &dev);
	if (rc)
		return rc;
	what = xasprintf("%s %s", op_name(op), call->argv[1]);
	progress.dev = &dev;
	progress.what = what;
	progress.total = !all ? size : op == MEMDEV_OP_UNPLUG ? dev.plugged_size :
			 dev.size - dev.plugged_size - dev.retired_size;

	request = nl_request(cmd, NLM_F_ACK);
	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, dev.index);
	if (all)
		mnl_attr_put(request, MEMDEV_A_DEV_ALL, 0, NULL);
	else
		mnl_attr_put_u64(request, MEMDEV_A_DEV_SIZE, size);
	rc = nl_call_wait(&nl, request, nl_dev_parse, &reply, PROGRESS_MS,
			  progress_tick, &progress);
	progress_erase(&progress);
	nl_close(&progress.nl);
	if (rc == -EINTR && !nl.sock) {
		warnx("memdev%u: %s: interrupted, the operation may still be running",
		      dev.index, what);
		rc = EXIT_FAILED;
	} else if (rc) {
		rc = plug_failed(&nl, &dev, what, &reply.refusal, rc);
	} else {
		print_warning(&nl, &dev, what);
	}
	free(what);
	nl_close(&nl);
	return rc;
}

int cmd_plug(const struct call *call)
{
	return plug(call, MEMDEV_CMD_DEV_PLUG, MEMDEV_OP_PLUG);
}

int cmd_unplug(const struct call *call)
{
	return plug(call, MEMDEV_CMD_DEV_UNPLUG, MEMDEV_OP_UNPLUG);
}

/* Drop all messages: they only mean that the device may have changed. */
static void drain(struct nl *nl)
{
	char buf[NL_BUFFER];

	while (recv(mnl_socket_get_fd(nl->sock), buf, sizeof(buf),
		    MSG_DONTWAIT) > 0)
		;
}

/*
 * List the retired blocks that are not plugged, or return NULL if there are
 * none. A failure to read the blocks is no reason to stop waiting: return NULL.
 */
static char *retired_blocks(struct nl *nl, const struct dev *dev, __u64 *bytes)
{
	struct block_runs runs = { 0 };
	char *list = NULL;

	*bytes = 0;
	if (!dev->retired_size)
		return NULL;
	if (nl_block_runs(nl, &runs))
		runs.n = 0;
	for (size_t i = 0; i < runs.n; i++) {
		const struct block *run = &runs.v[i];

		if (run->device != dev->index ||
		    run->state != MEMDEV_BLOCK_STATE_RETIRED)
			continue;
		list = blocks_add(list, run->first, run->count);
		*bytes += run->count * dev->block_size;
	}
	free(runs.v);
	return list;
}

/* Print an error and return true if retired blocks make @size unreachable. */
static bool out_of_reach(struct nl *nl, const struct dev *dev, __u64 size,
			 struct progress *progress)
{
	char *list, *most;
	__u64 retired;
	bool out;

	list = retired_blocks(nl, dev, &retired);
	out = list && size > dev->size - retired;
	if (out) {
		most = size_exact(dev->size - retired);
		progress_erase(progress);
		warnx("memdev%u: %s: not waiting: at most %s can be plugged; retired blocks: %s",
		      dev->index, progress->what, most, list);
		free(most);
	}
	free(list);
	return out;
}

static int resize_interrupted(const struct dev *before, const struct dev *dev,
			      __u64 size, const char *what)
{
	const bool made_progress = distance(dev->plugged_size, size) <
				   distance(before->plugged_size, size);
	char *plugged = size_exact(dev->plugged_size);

	warnx("memdev%u: %s: stopped waiting, %s is plugged%s%s", dev->index,
	      what, plugged, dev->last_error[0] ? "; last error: " : "",
	      dev->last_error);
	free(plugged);
	return made_progress ? EXIT_PART : EXIT_FAILED;
}

static int resize_wait(struct nl *nl, struct nl *events,
		       const struct dev *before, __u64 size,
		       const char *what)
{
	struct progress progress = {
		.enabled = is_terminal(STDERR_FILENO),
		.dev = before,
		.what = what,
		.total = distance(before->plugged_size, size),
	};
	const __u64 start = now_ms();
	struct dev dev;
	int rc;

	for (;;) {
		rc = nl_dev(nl, before->index, &dev);
		if (rc) {
			progress_erase(&progress);
			return nl_status(nl, rc, "memdev%u: %s", before->index,
					 what);
		}
		if (dev.plugged_size == size)
			break;
		if (dev.requested_size != size) {
			char *requested = size_exact(dev.requested_size);

			progress_erase(&progress);
			warnx("memdev%u: %s: stopped waiting, the requested size changed to %s",
			      before->index, what, requested);
			free(requested);
			return EXIT_FAILED;
		}
		if (out_of_reach(nl, &dev, size, &progress))
			return EXIT_FAILED;
		if (progress.enabled && now_ms() - start >= PROGRESS_MS)
			progress_draw(&progress, dev.plugged_size);
		wait_readable(mnl_socket_get_fd(events->sock), 1000);
		drain(events);
		if (interrupted()) {
			progress_erase(&progress);
			return resize_interrupted(before, &dev, size, what);
		}
	}
	progress_erase(&progress);
	return EXIT_DONE;
}

int cmd_resize(const struct call *call)
{
	const bool wait = call->set & OPT(WAIT);
	struct nlmsghdr *request;
	struct nl nl, events;
	struct dev dev;
	__u64 size;
	char *what;
	int rc;

	rc = size_argument(call, "size", call->argv[1], true, &size);
	if (rc)
		return rc;
	rc = nl_open_dev(&nl, call->argv[0], &dev);
	if (rc)
		return rc;
	what = xasprintf("resize %s", call->argv[1]);
	/* Join before the request, so that no event is missed. */
	if (wait) {
		rc = nl_open(&events);
		if (rc)
			goto out;
		nl_join(&events);
		interrupt_catch();
	}
	request = nl_request(MEMDEV_CMD_DEV_SET, NLM_F_ACK);
	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, dev.index);
	mnl_attr_put_u64(request, MEMDEV_A_DEV_REQUESTED_SIZE, size);
	rc = nl_status(&nl, nl_call(&nl, request, NULL, NULL),
		       "memdev%u: %s", dev.index, what);
	if (!rc && wait)
		rc = resize_wait(&nl, &events, &dev, size, what);
	else if (!rc)
		print_warning(&nl, &dev, what);
	if (wait)
		nl_close(&events);
out:
	free(what);
	nl_close(&nl);
	return rc;
}
