// SPDX-License-Identifier: GPL-2.0
/*
 * plug, unplug, resize, ensure, wait.
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
 * @shrinks: the operation unplugs
 * @enabled: standard error is a terminal, and @nl can be opened
 * @shown: the terminal shows progress
 */
struct progress {
	struct nl nl;
	const struct dev *dev;
	const char *what;
	__u64 total;
	bool shrinks;
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

/*
 * An unplug takes blocks offline one by one before it unplugs them, and a plug
 * brings them online after it plugs them: the online size shows how far it is.
 */
static unsigned int percent_done(const struct progress *progress,
				 const struct dev *now)
{
	const struct dev *before = progress->dev;
	__u64 plugged = distance(before->plugged_size, now->plugged_size);
	__u64 done = distance(before->online_size, now->online_size);

	/* Blocks that were offline are unplugged, too. */
	if (progress->shrinks ? plugged > done :
				now->online_type == MEMDEV_ONLINE_TYPE_OFFLINE)
		done = plugged;
	if (done > progress->total)
		done = progress->total;
	return progress->total ? 100.0 * done / progress->total : 100;
}

/* Start a line "memdev0: unplug all: ". */
static void progress_line(struct progress *progress)
{
	fprintf(stderr, "\r\033[Kmemdev%u: %s: ", progress->dev->index,
		progress->what);
	progress->shown = true;
}

static void progress_draw(struct progress *progress, const struct dev *now)
{
	char *plugged = size_exact(now->plugged_size);
	char *online = size_exact(now->online_size);

	progress_line(progress);
	fprintf(stderr, "%s plugged, %s online, %u%%", plugged, online,
		percent_done(progress, now));
	fflush(stderr);
	free(plugged);
	free(online);
}

static void progress_tick(void *arg, bool canceled)
{
	struct progress *progress = arg;
	struct dev dev;

	/* At once: do not ask the kernel first. */
	if (progress->enabled && canceled) {
		progress_line(progress);
		fputs("cancelling...", stderr);
		fflush(stderr);
		return;
	}
	if (progress->enabled && !progress->nl.sock)
		progress->enabled = !nl_open(&progress->nl);
	if (progress->enabled &&
	    !nl_dev(&progress->nl, progress->dev->index, &dev))
		progress_draw(progress, &dev);
}

static int plug_failed(struct nl *nl, const struct dev *dev, const char *what,
		       const struct refusal *refusal, int rc)
{
	char *reason = plug_reason(nl, refusal, rc);

	warnx("memdev%u: %s: %s", dev->index, what, reason);
	free(reason);
	return refusal->done ? EXIT_PART : EXIT_FAILED;
}

/* After a plug, tell how to bring blocks online that did not come online. */
static void online_tip(struct nl *nl, __u32 index)
{
	struct dev dev;

	if (!nl_dev(nl, index, &dev) && dev.online_size < dev.plugged_size &&
	    dev.online_type != MEMDEV_ONLINE_TYPE_OFFLINE)
		fprintf(stderr, "Try 'memdevctl online memdev%u'.\n", index);
}

static int plug(const struct call *call, __u8 cmd, __u32 op)
{
	const bool all = !strcmp(call->argv[1], "all");
	struct progress progress = {
		.enabled = is_terminal(STDERR_FILENO) && !verbose,
	};
	struct dev dev, reply = { 0 };
	struct nlmsghdr *request;
	__u64 size = 0;
	struct nl nl;
	char *what;
	int rc;

	if (!all) {
		rc = size_argument(call, "size", "all", call->argv[1], false,
				   &size);
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
	progress.shrinks = op == MEMDEV_OP_UNPLUG;

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
	} else if (nl.text[0]) {
		print_warning(&nl, &dev, what);
		online_tip(&nl, dev.index);
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

/**
 * struct size_wait - a wait for the plugged size of a device
 * @nl: socket for requests
 * @events: socket in the multicast group
 * @before: the device before the wait
 * @what: the command, for messages
 * @size: the plugged size to wait for
 * @requested: the wait ends if the requested size is another one
 * @timeout_ms: end of the wait; the largest number for none
 */
struct size_wait {
	struct nl nl, events;
	struct dev before;
	char *what;
	__u64 size;
	bool requested;
	__u64 timeout_ms;
};

/* Print an error and return true if retired blocks make the size unreachable. */
static bool out_of_reach(struct size_wait *wait, const struct dev *dev,
			 struct progress *progress)
{
	char *list, *most;
	__u64 retired;
	bool out;

	list = retired_blocks(&wait->nl, dev, &retired);
	out = list && wait->size > dev->size - retired;
	if (out) {
		most = size_exact(dev->size - retired);
		progress_erase(progress);
		warnx("memdev%u: %s: not waiting: at most %s can be plugged; retired blocks: %s",
		      dev->index, wait->what, most, list);
		free(most);
	}
	free(list);
	return out;
}

static int wait_stopped(const struct size_wait *wait, const struct dev *dev,
			const char *why)
{
	const struct dev *before = &wait->before;
	const bool made_progress = distance(dev->plugged_size, wait->size) <
				   distance(before->plugged_size, wait->size);
	char *plugged = size_exact(dev->plugged_size);

	warnx("memdev%u: %s: %s, %s is plugged%s%s", dev->index, wait->what,
	      why, plugged, dev->last_error[0] ? "; last error: " : "",
	      dev->last_error);
	free(plugged);
	return made_progress ? EXIT_PART : EXIT_FAILED;
}

static int size_wait(struct size_wait *wait)
{
	const struct dev *before = &wait->before;
	struct progress progress = {
		.enabled = is_terminal(STDERR_FILENO) && !verbose,
		.dev = before,
		.what = wait->what,
		.total = distance(before->plugged_size, wait->size),
		.shrinks = wait->size < before->plugged_size,
	};
	const __u64 start = now_ms();
	__u64 elapsed, left;
	const char *why;
	struct dev dev;
	int rc;

	for (;;) {
		rc = nl_dev(&wait->nl, before->index, &dev);
		if (rc) {
			progress_erase(&progress);
			return nl_status(&wait->nl, rc, "memdev%u: %s",
					 before->index, wait->what);
		}
		if (dev.plugged_size == wait->size)
			break;
		if (wait->requested && dev.requested_size != wait->size) {
			char *requested = size_exact(dev.requested_size);

			progress_erase(&progress);
			warnx("memdev%u: %s: stopped waiting, the requested size changed to %s",
			      before->index, wait->what, requested);
			free(requested);
			return EXIT_FAILED;
		}
		if (out_of_reach(wait, &dev, &progress))
			return EXIT_FAILED;
		elapsed = now_ms() - start;
		why = interrupted() ? "stopped waiting" :
		      elapsed >= wait->timeout_ms ? "timed out" : NULL;
		if (why) {
			progress_erase(&progress);
			return wait_stopped(wait, &dev, why);
		}
		if (progress.enabled && elapsed >= PROGRESS_MS)
			progress_draw(&progress, &dev);
		left = wait->timeout_ms - elapsed;
		wait_readable(mnl_socket_get_fd(wait->events.sock),
			      left < 1000 ? left : 1000);
		drain(&wait->events);
	}
	progress_erase(&progress);
	return EXIT_DONE;
}

/*
 * Look up the device and parse the options. Join the multicast group before any
 * request, so that the wait misses no event.
 */
static int size_wait_open(struct size_wait *wait, const struct call *call)
{
	__u32 seconds;
	int rc;

	memset(wait, 0, sizeof(*wait));
	wait->timeout_ms = -1;
	if (call->set & OPT(TIMEOUT)) {
		if (number_parse(call->value[OPT_TIMEOUT], "", &seconds))
			return value_error(call,
					   "invalid timeout '%s': expected a number of seconds",
					   call->value[OPT_TIMEOUT]);
		wait->timeout_ms = seconds * 1000ULL;
	}
	rc = nl_open_dev(&wait->nl, call->argv[0], &wait->before);
	if (rc)
		return rc;
	rc = nl_open(&wait->events);
	if (rc) {
		nl_close(&wait->nl);
		return rc;
	}
	nl_join(&wait->events);
	wait->what = xasprintf("%s %s", call->cmd->name, call->argv[1]);
	return EXIT_DONE;
}

static void size_wait_close(struct size_wait *wait)
{
	free(wait->what);
	nl_close(&wait->events);
	nl_close(&wait->nl);
}

/* Same as "plug all": all that is not retired */
static __u64 size_all(struct size_wait *wait)
{
	__u64 retired;

	free(retired_blocks(&wait->nl, &wait->before, &retired));
	return wait->before.size - retired;
}

static int resize(const struct call *call, bool ensure)
{
	const bool waits = ensure || call->set & (OPT(WAIT) | OPT(TIMEOUT));
	const bool all = !strcmp(call->argv[1], "all");
	struct nlmsghdr *request;
	struct size_wait wait;
	__u64 size = 0;
	int rc;

	if (!all) {
		rc = size_argument(call, "size", "all", call->argv[1], true,
				   &size);
		if (rc)
			return rc;
	}
	rc = size_wait_open(&wait, call);
	if (rc)
		return rc;
	wait.size = all ? size_all(&wait) : size;
	wait.requested = true;
	if (ensure && wait.before.plugged_size == wait.size &&
	    wait.before.requested_size == wait.size)
		goto out;
	if (waits)
		interrupt_catch();
	request = nl_request(MEMDEV_CMD_DEV_SET, NLM_F_ACK);
	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, wait.before.index);
	mnl_attr_put_u64(request, MEMDEV_A_DEV_REQUESTED_SIZE, wait.size);
	rc = nl_status(&wait.nl, nl_call(&wait.nl, request, NULL, NULL),
		       "memdev%u: %s", wait.before.index, wait.what);
	if (!rc && waits)
		rc = size_wait(&wait);
	else if (!rc)
		print_warning(&wait.nl, &wait.before, wait.what);
out:
	size_wait_close(&wait);
	return rc;
}

int cmd_resize(const struct call *call)
{
	return resize(call, false);
}

int cmd_ensure(const struct call *call)
{
	return resize(call, true);
}

int cmd_wait(const struct call *call)
{
	const char *state = call->argv[1];
	struct size_wait wait;
	__u64 size = 0;
	char *text;
	int rc;

	if (strcmp(state, "plugged") && strcmp(state, "unplugged")) {
		rc = size_argument(call, "size", "plugged, unplugged", state,
				   true, &size);
		if (rc)
			return rc;
	}
	rc = size_wait_open(&wait, call);
	if (rc)
		return rc;
	wait.size = strcmp(state, "plugged") ? size : size_all(&wait);
	if (wait.size > wait.before.size) {
		text = size_exact(wait.before.size);
		warnx("memdev%u: %s: the size of the device is %s",
		      wait.before.index, wait.what, text);
		free(text);
		rc = EXIT_FAILED;
	} else {
		interrupt_catch();
		rc = size_wait(&wait);
	}
	size_wait_close(&wait);
	return rc;
}
