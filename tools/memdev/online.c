// SPDX-License-Identifier: GPL-2.0
/*
 * online, offline: change the state of plugged blocks.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "memdevctl.h"
#include "memory.h"
#include "names.h"
#include "request.h"
#include "wait.h"

/* Interval between progress updates */
#define PROGRESS_MS	500

/**
 * struct change - blocks that go online or offline
 * @verb: the command
 * @online: true for online
 * @state: text to write to a block's state
 * @zone: with --type, the enum memdev_block_state that is wanted, else 0
 * @dev: the device
 * @states: the enum memdev_block_state of each block
 * @marked: the blocks to change
 * @total: number of blocks to change
 * @done: number of blocks that were changed
 * @start: time of the start in ms
 * @progress: standard error is a terminal
 * @shown: the terminal shows progress
 */
struct change {
	const char *verb;
	bool online;
	const char *state;
	__u8 zone;
	struct dev dev;
	__u8 *states;
	bool *marked;
	int total;
	int done;
	__u64 start;
	bool progress;
	bool shown;
};

static void progress_erase(struct change *change)
{
	if (change->shown)
		fputs("\r\033[K", stderr);
	change->shown = false;
}

static void progress_draw(struct change *change, __u64 memory)
{
	if (!change->progress)
		return;
	fprintf(stderr, "\r\033[Kmemdev%u: %s: ", change->dev.index,
		change->verb);
	if (interrupted())
		fputs("cancelling...", stderr);
	else
		fprintf(stderr, "memory%llu, %d of %d blocks done", memory,
			change->done, change->total);
	fflush(stderr);
	change->shown = true;
}

/* Write the state of a block, and the errno or 0 to a pipe. */
static void child(const char *path, const char *state, int result)
{
	int fd, error = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, state, strlen(state)) < 0)
		error = errno;
	if (write(result, &error, sizeof(error)) < 0)
		_exit(EXIT_FAILED);
	_exit(EXIT_DONE);
}

/*
 * The kernel tries to take a block offline until a signal arrives, even if a
 * page of it is pinned. A child process writes the state, so that a signal
 * cannot be missed. Returns 0, an errno, EINTR after Ctrl-C or ETIMEDOUT after
 * the deadline.
 */
static int state_write(struct change *change, __u64 memory, const char *path)
{
	const __u64 begin = now_ms();
	const __u32 timeout = change->online ? 0 :
			      change->dev.unplug_timeout_ms;
	int result[2], error, why = EINTR;
	pid_t pid;

	if (pipe2(result, O_CLOEXEC))
		return errno;
	pid = fork();
	if (pid < 0) {
		error = errno;
		close(result[0]);
		close(result[1]);
		return error;
	}
	if (!pid)
		child(path, change->state, result[1]);
	close(result[1]);
	while (!wait_readable(result[0], PROGRESS_MS)) {
		if (!interrupted() && timeout && now_ms() - begin >= timeout)
			why = ETIMEDOUT;
		if (interrupted() || why == ETIMEDOUT)
			kill(pid, SIGKILL);
		if (interrupted() || now_ms() - change->start >= PROGRESS_MS)
			progress_draw(change, memory);
	}
	if (read(result[0], &error, sizeof(error)) != sizeof(error))
		error = why;
	close(result[0]);
	waitpid(pid, NULL, 0);
	return error;
}

/* What an error means for a block, and what to do about it */
static const char *advice(const struct change *change, int error)
{
	switch (error) {
	case ENOENT:
		return "the block was unplugged meanwhile";
	case ENOMEM:
		return change->online ? "free memory and repeat" :
		       "its pages need free memory elsewhere: free some and repeat";
	case EBUSY:
	case EAGAIN:
	case ETIMEDOUT:
		return change->online ? "repeat, or try another --type" :
		       "pages in use could not be migrated: end the program that holds them";
	}
	return change->online ? "try another --type" :
	       "see the kernel's log";
}

/* Returns true on success, else prints an error unless interrupted. */
static bool change_block(struct change *change, __u32 block)
{
	const __u64 memory = dev_memory(&change->dev, block);
	char *path = xasprintf(MEMORY_DIR "/memory%llu/state", memory);
	const char *want = change->online ? "online" : "offline";
	char *got, *text;
	int error;

	verbose_print("write %s to %s", change->state, path);
	error = state_write(change, memory, path);
	/* A child that was killed may have changed the state, or udev did. */
	got = error ? file_read("%s", path) : NULL;
	if (got && !strcmp(got, want))
		error = 0;
	free(got);
	free(path);
	if (!error || interrupted())
		return !error;

	progress_erase(change);
	text = error == ETIMEDOUT ?
	       xasprintf("not offline within %u ms",
			 change->dev.unplug_timeout_ms) :
	       xstrdup(strerror(error));
	warnx("memdev%u: %s: block %u (memory%llu): %s: %s", change->dev.index,
	      change->verb, block, memory, text, advice(change, error));
	free(text);
	return false;
}

static int change_blocks(struct change *change)
{
	const __u32 count = dev_nr_blocks(&change->dev);

	change->progress = is_terminal(STDERR_FILENO) && !verbose;
	change->start = now_ms();
	interrupt_catch();
	for (__u32 i = 0; i < count; i++) {
		if (!change->marked[i])
			continue;
		/* Let a signal that arrived meanwhile in. */
		wait_readable(-1, 0);
		if (interrupted())
			break;
		change->done += change_block(change, i);
	}
	progress_erase(change);
	if (interrupted() && change->done < change->total)
		warnx("memdev%u: %s: interrupted, %d of %d blocks done",
		      change->dev.index, change->verb, change->done,
		      change->total);
	return partial_status(change->done, change->total);
}

/* Check a block that was named, or print an error. Returns an exit status. */
static int block_check(const struct change *change, __u32 block)
{
	const __u8 state = change->states[block];
	const __u32 dev = change->dev.index;

	if (state == MEMDEV_BLOCK_STATE_RETIRED) {
		warnx("memdev%u: %s: block %u is retired and cannot be plugged",
		      dev, change->verb, block);
		return EXIT_FAILED;
	}
	if (state == MEMDEV_BLOCK_STATE_UNPLUGGED) {
		warnx("memdev%u: %s: block %u is unplugged, plug it first",
		      dev, change->verb, block);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

/* Check a block that is online. Returns an exit status. */
static int zone_check(const struct change *change, __u32 block)
{
	const __u32 dev = change->dev.index;

	if (!change->zone || change->states[block] == change->zone)
		return EXIT_DONE;
	warnx("memdev%u: %s: block %u is online in another zone, take it offline first",
	      dev, change->verb, block);
	fprintf(stderr, "Try 'memdevctl offline memdev%u --block %u'.\n", dev,
		block);
	return EXIT_FAILED;
}

/* Keep the marks of blocks to change only. Returns an exit status. */
static int select_blocks(struct change *change, const char *list)
{
	const __u32 count = dev_nr_blocks(&change->dev);
	__u32 last;
	int rc;

	if (!list) {
		for (__u32 i = 0; i < count; i++)
			change->marked[i] =
				change->states[i] >= MEMDEV_BLOCK_STATE_OFFLINE;
	} else if (blocks_parse(list, change->marked, count, &last)) {
		warnx("memdev%u: %s: block %u is out of range, the device has blocks 0 to %u",
		      change->dev.index, change->verb, last, count - 1);
		return EXIT_FAILED;
	}
	for (__u32 i = 0; i < count; i++) {
		const bool online = change->states[i] >
				    MEMDEV_BLOCK_STATE_OFFLINE;

		if (!change->marked[i])
			continue;
		rc = block_check(change, i);
		if (!rc && online && change->online)
			rc = zone_check(change, i);
		if (rc)
			return rc;
		change->marked[i] = online != change->online;
		change->total += change->marked[i];
	}
	return EXIT_DONE;
}

/* The text that brings a block online as the device does */
static const char *online_text(const struct dev *dev)
{
	static const char *const policies[] = {
		"online_kernel", "online_movable"
	};
	char *policy = NULL;
	const char *text = "online";

	switch (dev->online_type) {
	case MEMDEV_ONLINE_TYPE_ONLINE_KERNEL:
	case MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE:
		return online_type_name(dev->online_type);
	case MEMDEV_ONLINE_TYPE_SYSTEM:
		policy = file_read(MEMORY_DIR "/auto_online_blocks");
	}
	for (size_t i = 0; policy && i < ARRAY_SIZE(policies); i++)
		if (!strcmp(policy, policies[i]))
			text = policies[i];
	free(policy);
	return text;
}

static int type_parse(const struct call *call, struct change *change)
{
	static const struct {
		const char *name;
		__u8 zone;
	} types[] = {
		{ "online", 0 },
		{ "online_kernel", MEMDEV_BLOCK_STATE_KERNEL },
		{ "online_movable", MEMDEV_BLOCK_STATE_MOVABLE },
	};
	const char *type = call->value[OPT_TYPE];

	for (size_t i = 0; type && i < ARRAY_SIZE(types); i++) {
		if (name_matches(type, strlen(type), types[i].name)) {
			change->state = types[i].name;
			change->zone = types[i].zone;
		}
	}
	if (type && !change->state)
		return usage_error(call,
				   "invalid --type '%s': expected online, online_kernel or online_movable",
				   type);
	return EXIT_DONE;
}

static int change_dev(const struct call *call, struct change *change)
{
	struct block_runs runs = { 0 };
	__u32 count;
	struct nl nl;
	int rc;

	rc = nl_open_dev(&nl, call->argv[0], &change->dev);
	if (rc)
		return rc;
	count = dev_nr_blocks(&change->dev);
	if (!HAS(&change->dev, DEV_ADDRESS)) {
		warnx("memdev%u: %s: only root can change the state of blocks",
		      change->dev.index, change->verb);
		rc = EXIT_FAILED;
	} else {
		rc = nl_status(&nl, nl_block_runs(&nl, &runs), "blocks");
	}
	nl_close(&nl);
	if (!rc) {
		change->states = dev_block_states(&change->dev, &runs);
		change->marked = xrealloc(NULL, count + 1);
		memset(change->marked, 0, count);
		if (!change->state)
			change->state = online_text(&change->dev);
		rc = select_blocks(change, call->value[OPT_BLOCKS]);
		if (!rc)
			rc = change_blocks(change);
		free(change->states);
		free(change->marked);
	}
	free(runs.v);
	return rc;
}

static int change_call(const struct call *call, struct change *change)
{
	const char *list = call->value[OPT_BLOCKS];
	__u32 last;
	int rc;

	change->verb = call->cmd->name;
	if (list && blocks_parse(list, NULL, 0, &last))
		return usage_error(call, "invalid --block '%s': expected blocks such as 0-3,6",
				   list);
	rc = type_parse(call, change);
	return rc ? rc : change_dev(call, change);
}

int cmd_online(const struct call *call)
{
	struct change change = { .online = true };

	return change_call(call, &change);
}

int cmd_offline(const struct call *call)
{
	struct change change = { .state = "offline" };

	return change_call(call, &change);
}
