// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of doctor: devices and their blocks.
 */
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "file.h"

/* Get the blocks of a device in a state as a list such as "0-3,6", or NULL. */
static char *blocks_in(const struct doctor *d, const struct dev *dev,
		       __u32 state)
{
	char *list = NULL;

	for (size_t i = 0; i < d->runs.n; i++) {
		const struct block *run = &d->runs.v[i];

		if (run->device == dev->index && run->state == state)
			list = blocks_add(list, run->first, run->count);
	}
	return list;
}

/* Return "block 3 is" or "blocks 0-3,6 are". The caller frees it. */
static char *blocks_are(const char *blocks)
{
	const bool several = blocks[strspn(blocks, "0123456789")];

	return xasprintf("block%s %s %s", several ? "s" : "", blocks,
			 several ? "are" : "is");
}

/* Call @report for each device that has blocks in @state. */
static void check_state(struct doctor *d, __u32 state, const char *healthy,
			void (*report)(struct doctor *d, const struct dev *dev,
				       const char *are))
{
	const size_t before = d->n;

	for (size_t i = 0; i < d->devs.n; i++) {
		char *blocks = blocks_in(d, &d->devs.v[i], state);
		char *are = blocks ? blocks_are(blocks) : NULL;

		if (are)
			report(d, &d->devs.v[i], are);
		free(are);
		free(blocks);
	}
	if (d->n == before)
		found(d, STATUS_OK, NULL, "%s", healthy);
}

static void report_offline(struct doctor *d, const struct dev *dev,
			   const char *are)
{
	const bool wanted = dev->online_type == MEMDEV_ONLINE_TYPE_OFFLINE;
	const char *error = dev->last_error;
	char *remedy = xasprintf("memdevctl online memdev%u", dev->index);

	found(d, wanted ? STATUS_NOTE : STATUS_WARNING, remedy,
	      "memdev%u: %s plugged, but offline%s%s", dev->index,
	      are, wanted ? " (online_type=offline)" : *error ? ": " : "",
	      wanted ? "" : error);
	free(remedy);
}

static void check_offline(struct doctor *d)
{
	check_state(d, MEMDEV_BLOCK_STATE_OFFLINE, "all plugged blocks are online",
		    report_offline);
}

static void report_kernel(struct doctor *d, const struct dev *dev,
			  const char *are)
{
	found(d, STATUS_NOTE,
	      "unplug them, set online_type=online_movable, and plug them again",
	      "memdev%u: %s online in a kernel zone, and often cannot be unplugged",
	      dev->index, are);
}

static void check_kernel(struct doctor *d)
{
	check_state(d, MEMDEV_BLOCK_STATE_KERNEL,
		    "no block is online in a kernel zone", report_kernel);
}

static void report_retired(struct doctor *d, const struct dev *dev,
			   const char *are)
{
	found(d, STATUS_WARNING,
	      "replace the defective RAM; until then, request no more than the other blocks have",
	      "memdev%u: %s retired because of poisoned pages, and cannot be plugged",
	      dev->index, are);
}

static void check_retired(struct doctor *d)
{
	check_state(d, MEMDEV_BLOCK_STATE_RETIRED, "no block is retired",
		    report_retired);
}

static void check_requested(struct doctor *d)
{
	const size_t before = d->n;

	for (size_t i = 0; i < d->devs.n; i++) {
		const struct dev *dev = &d->devs.v[i];
		char *plugged, *requested, *remedy;

		if (dev->requested_size == dev->plugged_size)
			continue;
		plugged = size_input(dev->plugged_size);
		requested = size_input(dev->requested_size);
		remedy = xasprintf("wait, or stop the attempts: memdevctl resize memdev%u %s",
				   dev->index, plugged);
		found(d, STATUS_WARNING, remedy,
		      "memdev%u: %s is plugged, %s is requested%s%s",
		      dev->index, plugged, requested,
		      dev->last_error[0] ? ": " : "", dev->last_error);
		free(plugged);
		free(requested);
		free(remedy);
	}
	if (d->n == before)
		found(d, STATUS_OK, NULL, "all requested sizes are reached");
}

/* check_requested() has the error of a device whose requested size is not reached. */
static void check_refused(struct doctor *d)
{
	const size_t before = d->n;

	for (size_t i = 0; i < d->devs.n; i++) {
		const struct dev *dev = &d->devs.v[i];

		if (dev->last_error[0] &&
		    dev->requested_size == dev->plugged_size)
			found(d, STATUS_NOTE,
			      "mend the reason and repeat the request; a success ends this note",
			      "memdev%u: the last request failed: %s",
			      dev->index, dev->last_error);
	}
	if (d->n == before)
		found(d, STATUS_OK, NULL, "no device has refused its last request");
}

/* Rules make operations fail just as the kernel does, and are easily forgotten. */
static void check_faults(struct doctor *d)
{
	const size_t before = d->n;

	for (size_t i = 0; i < d->devs.n; i++) {
		const __u32 index = d->devs.v[i].index;
		char *rules = file_read("/sys/kernel/debug/memdev/memdev%u/faults",
					index);
		char *remedy = xasprintf("memdevctl fault del memdev%u all", index);

		if (rules && strstr(rules, "# rule "))
			found(d, STATUS_NOTE, remedy,
			      "memdev%u: steps fail or take long because of fault rules",
			      index);
		free(remedy);
		free(rules);
	}
	if (d->n == before)
		found(d, STATUS_OK, NULL, "no fault rule is known");
}

const struct check device_checks[] = {
	{ "offline", check_offline },
	{ "kernel", check_kernel },
	{ "retired", check_retired },
	{ "requested", check_requested },
	{ "refused", check_refused },
	{ "faults", check_faults },
	{ .name = NULL }
};
