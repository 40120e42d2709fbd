// SPDX-License-Identifier: GPL-2.0
/*
 * plug, unplug, resize.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "list.h"

/* When progress is shown */
#define PROGRESS_MS	500

/* --- progress ------------------------------------------------------------- */

/**
 * struct progress - what is shown of an operation that takes time
 * @nl: a socket of its own, as the other one is waiting
 * @what: the operation in words
 * @from: what was plugged before
 * @total: the bytes that it is about
 * @tty: there is a terminal to show it on
 * @failed: there is no second socket
 * @shown: something stands on the terminal
 */
struct progress {
	struct nl nl;
	const struct dev *dev;
	const char *what;
	__u64 from;
	__u64 total;
	bool tty;
	bool failed;
	bool shown;
	bool started;
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
	const __u64 done = distance(progress->from, plugged);
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

	if (!progress->tty || progress->failed)
		return;
	if (!progress->started) {
		progress->failed = nl_open(&progress->nl);
		progress->started = !progress->failed;
	}
	if (progress->failed || nl_dev(&progress->nl, progress->dev->index,
				       &dev))
		return;
	progress_draw(progress, dev.plugged);
}

static void progress_end(struct progress *progress)
{
	progress_erase(progress);
	if (progress->started)
		nl_close(&progress->nl);
}

/* --- plug, unplug --------------------------------------------------------- */

static int say_failure(const struct dev *dev, const char *what, __u64 done,
		       const char *why)
{
	char *bytes;

	if (!done) {
		complain("memdev%u: %s: %s", dev->index, what, why);
		return EXIT_FAILED;
	}
	bytes = size_exact(done);
	complain("memdev%u: %s: %s done, then %s", dev->index, what, bytes,
		 why);
	free(bytes);
	return EXIT_PART;
}

/* @refusal: from the reply, if there was one: a part was done, or a block refused */
static int failed(struct nl *nl, const struct dev *dev, const char *what,
		  const struct refusal *refusal, int error)
{
	char *why;
	int rc;

	if (error == -EINTR)
		why = xstrdup("interrupted");
	else if (refusal->reason[0])
		why = refusal_words(refusal);
	else
		why = xstrdup(nl_words(nl, error));
	rc = say_failure(dev, what, refusal->done, why);
	free(why);
	return rc;
}

static int plug(const struct call *call, __u8 cmd, __u32 op)
{
	const bool all = !strcmp(call->argv[1], "all");
	struct progress progress = { .tty = is_terminal(STDERR_FILENO) };
	struct dev dev, reply = { 0 };
	struct nlmsghdr *nlh;
	__u64 size = 0;
	struct nl nl;
	char *what;
	int rc;

	if (!all) {
		rc = size_argument(call, call->argv[1], false, &size);
		if (rc)
			return rc;
	}
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_dev_named(&nl, call->argv[0], &dev);
	if (rc) {
		nl_close(&nl);
		return rc;
	}
	what = xasprintf("%s %s", op_name(op), call->argv[1]);
	progress.dev = &dev;
	progress.what = what;
	progress.from = dev.plugged;
	progress.total = !all ? size : op == MEMDEV_OP_UNPLUG ? dev.plugged :
			 dev.size - dev.plugged - dev.retired;

	nlh = nl_request(&nl, cmd, NLM_F_ACK);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, dev.index);
	if (all)
		mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
	else
		mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, size);
	interrupt_catch();
	rc = nl_call_wait(&nl, nlh, nl_dev_parse, &reply, PROGRESS_MS,
			  progress_tick, &progress);
	progress_end(&progress);
	if (rc == -EINTR && !nl.sock) {
		complain("memdev%u: %s: interrupted, and something still goes on",
			 dev.index, what);
		rc = EXIT_FAILED;
	} else if (rc) {
		rc = failed(&nl, &dev, what, &reply.refusal, rc);
	} else if (nl.text[0]) {
		/* Plugged, and not online, or not all of it */
		complain("memdev%u: %s: done, but %s", dev.index, what,
			 nl.text);
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

/* --- resize --------------------------------------------------------------- */

/* Messages only say that it is time to look; that they fail does no harm. */
static void drain(struct nl *nl)
{
	char buf[NL_BUFFER];

	while (recv(mnl_socket_get_fd(nl->sock), buf, sizeof(buf),
		    MSG_DONTWAIT) > 0)
		;
}

/*
 * Blocks that are retired and not plugged, of which memory never comes: "1,3" and
 * their bytes, or NULL if there are none
 */
static char *retired_blocks(struct nl *nl, const struct dev *dev, __u64 *bytes)
{
	struct runs runs = { 0 };
	char *list = NULL;

	*bytes = 0;
	if (!dev->retired)
		return NULL;
	/* Where they cannot be read, the wait goes on */
	if (nl_runs(nl, &runs))
		runs.n = 0;
	for (size_t i = 0; i < runs.n; i++) {
		const struct blocks *run = &runs.v[i];

		if (run->device != dev->index ||
		    run->state != MEMDEV_BLOCK_STATE_RETIRED)
			continue;
		list = blocks_add(list, run->first, run->count);
		*bytes += run->count * dev->block_size;
	}
	free(runs.v);
	return list;
}

/* Whether the device cannot get there; complains if so */
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
		complain("memdev%u: %s: not waiting, %s at most can be plugged, retired blocks: %s",
			 dev->index, progress->what, most, list);
		free(most);
	}
	free(list);
	return out;
}

static int resize_wait(struct nl *nl, struct nl *events,
		       const struct dev *before, __u64 size,
		       const char *what)
{
	struct progress progress = {
		.tty = is_terminal(STDERR_FILENO),
		.dev = before,
		.what = what,
		.from = before->plugged,
		.total = distance(before->plugged, size),
	};
	const __u64 start = now_ms();
	int rc = EXIT_DONE;
	struct dev dev;

	for (;;) {
		rc = nl_dev(nl, before->index, &dev);
		if (rc) {
			progress_erase(&progress);
			complain("memdev%u: %s: %s", before->index, what,
				 nl_words(nl, rc));
			return EXIT_FAILED;
		}
		if (dev.plugged == size)
			break;
		if (dev.requested != size) {
			char *other = size_exact(dev.requested);

			progress_erase(&progress);
			complain("memdev%u: %s: the requested size is %s now",
				 before->index, what, other);
			free(other);
			return EXIT_FAILED;
		}
		if (out_of_reach(nl, &dev, size, &progress))
			return EXIT_FAILED;
		if (progress.tty && now_ms() - start >= PROGRESS_MS)
			progress_draw(&progress, dev.plugged);
		wait_readable(mnl_socket_get_fd(events->sock), 1000);
		drain(events);
		if (interrupted()) {
			const bool nearer = distance(dev.plugged, size) <
					    distance(before->plugged, size);
			char *plugged = size_exact(dev.plugged);

			progress_erase(&progress);
			complain("memdev%u: %s: not waiting any longer, %s is plugged%s%s",
				 before->index, what, plugged,
				 dev.last_error[0] ?
				 "; the device's last error: " : "",
				 dev.last_error);
			free(plugged);
			return nearer ? EXIT_PART : EXIT_FAILED;
		}
	}
	progress_erase(&progress);
	return EXIT_DONE;
}

int cmd_resize(const struct call *call)
{
	struct nlmsghdr *nlh;
	struct nl nl, events;
	__u64 size;
	struct dev dev;
	char *what;
	int rc;

	rc = size_argument(call, call->argv[1], true, &size);
	if (rc)
		return rc;
	rc = nl_open(&nl);
	if (rc)
		return rc;
	what = xasprintf("resize %s", call->argv[1]);
	rc = nl_dev_named(&nl, call->argv[0], &dev);
	if (rc)
		goto out;
	/* Before anything happens that it could miss */
	if (call->set[OPT_WAIT]) {
		rc = nl_open(&events);
		if (rc)
			goto out;
		nl_join(&events);
		interrupt_catch();
	}
	nlh = nl_request(&nl, MEMDEV_CMD_DEV_SET, NLM_F_ACK);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, dev.index);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_REQUESTED_SIZE, size);
	rc = nl_call(&nl, nlh, NULL, NULL);
	if (rc) {
		complain("memdev%u: %s: %s", dev.index, what,
			 nl_words(&nl, rc));
		rc = EXIT_FAILED;
	} else if (call->set[OPT_WAIT]) {
		rc = resize_wait(&nl, &events, &dev, size, what);
	} else if (nl.text[0]) {
		complain("memdev%u: %s: done, but %s", dev.index, what,
			 nl.text);
	}
	if (call->set[OPT_WAIT])
		nl_close(&events);
out:
	free(what);
	nl_close(&nl);
	return rc;
}
