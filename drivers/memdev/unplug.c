// SPDX-License-Identifier: GPL-2.0
/*
 * Unplugging: which blocks go, how long to stay with each of them, and what to
 * do where one refuses.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/sizes.h>

#include "deadline.h"
#include "internal.h"

/*
 * How long to stay with a block that has pages in use before the next one is
 * tried. While a block is being offlined nobody else on the machine can plug
 * or unplug anything, so a pinned page must not hold the lock until the
 * operation's deadline: a slice is short, shorter yet if somebody else begins
 * (watch.c), and then those pass who wait for the lock. As long as slices are of
 * use, pages do go, the block gets another one, twice as long: what has been moved
 * out of it would move back in when the next block is tried. When half of the
 * pages went, that one is long enough for the rest, and the last: pages also come
 * back in the pause, so that there can be fewer each time while a pinned one
 * stays. A block that did not get emptier, be it pinned or the machine slow, is
 * left alone until the next pass over all of them, which gives more time. One in
 * which no page seems to be in use gets a few slices first: on a slow machine it
 * needs them, and pages of other blocks are not to be moved into it meanwhile. But
 * only the kernel knows all users of a page.
 */
#define MEMDEV_SLICE_MIN_MS	500U	/* for each 128 MiB of a block */
#define MEMDEV_SLICE_PASS_MS	4000U	/* as far as passes lengthen it */
#define MEMDEV_SLICE_MAX_MS	120000U
#define MEMDEV_EMPTY_TRIES	3

static const char *memdev_offline_error(int rc)
{
	switch (rc) {
	case -EAGAIN:
	case -ETIMEDOUT:
		return "it has pages in use that do not go away";
	case -EINTR:
		return "interrupted";
	case -ERESTARTNOINTR:
		return "the task was frozen, stopped or traced, or the machine suspended";
	case -ECANCELED:
		return "another operation is wanted";
	case -EBUSY:
		return "it has pages that cannot be moved";
	case -ENODEV:
		return "the block is gone";
	default:
		return "the kernel or one of its memory notifiers refuses";
	}
}

/**
 * struct memdev_pass - a pass over the blocks of a device
 * @watch: what ends it
 * @why: where to put the reason of a failure
 * @slice_ms: how long to stay with a block at first
 * @free_ms: the same for a block of which no page is in use: the kernel needs only
 *	     time for it, on a slow machine a lot
 * @nr: how many more are to become victims
 * @last: what the last refusal was, 0 if there is none
 * @again: a block only wants more time
 * @asked: the kernel was asked for a block
 * @online: the block that is tried was online before the last try
 */
struct memdev_pass {
	struct memdev_watch *watch;
	struct memdev_reason *why;
	unsigned int slice_ms;
	unsigned int free_ms;
	unsigned int nr;
	int last;
	bool again;
	bool asked;
	bool online;
};

static bool memdev_is_atomic(struct memdev_core *core)
{
	return core->md->flags & MEMORY_DEVICE_ATOMIC;
}

/* @now: how many pages of the block are in use */
static int memdev_offline_sliced(struct memdev_core *core, unsigned int block,
				 struct memdev_pass *pass, unsigned int now)
{
	u64 addr = memdev_block_addr(core, block);
	struct memdev_watch *watch = pass->watch;
	unsigned int slice_ms = now ? pass->slice_ms : pass->free_ms;
	unsigned int tries = 0;
	bool last = false;
	unsigned int was;
	int rc;

	do {
		was = now;
		pass->online = test_bit(block, core->online);
		watch->empty = !now;
		rc = memdev_step_offline(core, block, watch, slice_ms);
		if (rc != -EAGAIN)
			return rc;
		/* What has come out does not wait for what may take minutes */
		if (!memdev_is_atomic(core))
			memdev_remove_victims(core, false, NULL);
		memdev_turn_yield(watch, slice_ms);
		if (last)
			break;
		slice_ms = min(2 * slice_ms, MEMDEV_SLICE_MAX_MS);
		now = memdev_block_in_use(addr);
		last = now && now <= was / 2;
		if (now < was)
			memdev_turn_begin(watch);
	} while (now < was || (!now && ++tries < MEMDEV_EMPTY_TRIES));

	return -EAGAIN;
}

/* Take one block offline, of which @in_use pages are, and make it a victim */
static int memdev_offline_one(struct memdev_core *core, unsigned int block,
			      struct memdev_pass *pass, unsigned int in_use)
{
	const struct memory_device_ops *ops = core->md->ops;
	struct netlink_ext_ack extack = {};
	int rc;

	if (ops->unplug) {
		rc = ops->unplug(core->md, block * core->block_size,
				 core->block_size, &extack);
		if (rc)
			return memdev_provider_refused(pass->why, rc, &extack,
						       block);
	}

	pass->asked = true;
	rc = memdev_offline_sliced(core, block, pass, in_use);
	if (rc) {
		memdev_provider_keeps(core, block);
		/* A block that only wants more time hides no refusal */
		return memdev_refuse_block(rc == -EAGAIN && pass->last ?
					   NULL : pass->why, block, rc,
					   "block %u: %s (%d)", block,
					   memdev_offline_error(rc), rc);
	}

	memdev_turn_begin(pass->watch);
	__set_bit(block, core->victims);
	if (memdev_is_atomic(core))
		__assign_bit(block, core->skip, !pass->online);
	return 0;
}

/* Returns what ends the pass. With MEMORY_DEVICE_ATOMIC any refusal does. */
static int memdev_pass_try(struct memdev_core *core, struct memdev_pass *pass,
			   unsigned int block, unsigned int in_use)
{
	int rc;

	rc = memdev_offline_one(core, block, pass, in_use);
	if (!rc) {
		pass->nr--;
		return 0;
	}

	if (memdev_watch_check(pass->watch))
		return memdev_watch_check(pass->watch);
	if (memdev_is_atomic(core))
		return rc;
	if (rc == -EAGAIN) {
		pass->again = true;
		return 0;
	}
	__set_bit(block, core->skip);
	pass->last = rc;
	return 0;
}

/* With MEMORY_DEVICE_ATOMIC @skip is for the undo */
static bool memdev_pass_wants(struct memdev_core *core, unsigned int block)
{
	return !test_bit(block, core->victims) &&
	       (memdev_is_atomic(core) || !test_bit(block, core->skip));
}

/*
 * The highest block below @end that is to be tried, or of those that are
 * @offline; false if there is none.
 */
static bool memdev_pass_below(struct memdev_core *core, unsigned int end,
			      bool offline, unsigned int *block)
{
	while (true) {
		*block = find_last_bit(core->plugged, end);
		if (*block >= end)
			return false;
		end = *block;
		if (memdev_pass_wants(core, *block) &&
		    !(offline && test_bit(*block, core->online)))
			return true;
	}
}

/* From above, as low blocks are those that are in use first */
static int memdev_pass_down(struct memdev_core *core, struct memdev_pass *pass,
			    bool offline)
{
	unsigned int block = core->nr_blocks;
	u64 addr;
	int rc = 0;

	while (!rc && pass->nr &&
	       memdev_pass_below(core, block, offline, &block)) {
		addr = memdev_block_addr(core, block);
		rc = memdev_pass_try(core, pass, block,
				     memdev_block_in_use(addr));
	}
	return rc;
}

/*
 * Of the highest blocks, as many as are wanted, those that nobody has a page of:
 * what is moved out of the others is not to be moved into them. From below, which
 * is all the same to them: when a part of a block leaves a zone, the kernel looks
 * through the zone until it finds a hole. With the memmap on the block that leaves
 * last: from below the rest of the block is a hole near the zone's start, from
 * above it is none.
 */
static int memdev_pass_free(struct memdev_core *core, struct memdev_pass *pass)
{
	unsigned int block = core->nr_blocks;
	unsigned int nr = pass->nr;
	int rc = 0;

	while (nr && memdev_pass_below(core, block, false, &block))
		nr--;

	for_each_set_bit_from(block, core->plugged, core->nr_blocks) {
		if (rc || !pass->nr)
			break;
		if (memdev_pass_wants(core, block) &&
		    !memdev_block_in_use(memdev_block_addr(core, block)))
			rc = memdev_pass_try(core, pass, block, 0);
	}
	return rc;
}

/*
 * One pass over the plugged blocks, those that are offline before those that are
 * not, until there are enough victims. Returns what ended it, -EAGAIN if a block
 * only wants more time, or what the last refusal was.
 */
static int memdev_pass(struct memdev_core *core, struct memdev_pass *pass)
{
	int rc;

	pass->again = false;
	pass->asked = false;
	rc = memdev_pass_down(core, pass, true) ?:
	     memdev_pass_free(core, pass) ?:
	     memdev_pass_down(core, pass, false);
	if (rc || !pass->nr)
		return rc;
	/* The provider wants all of them to be asked for later: do not spin */
	if (pass->again && !pass->asked && !core->background) {
		memdev_turn_end(pass->watch);
		memdev_watch_pause(pass->watch, pass->slice_ms);
	}
	return pass->again ? -EAGAIN : pass->last ?: -EBUSY;
}

/* The slices of a pass after so many others */
static void memdev_pass_set_slices(struct memdev_core *core,
				   struct memdev_pass *pass,
				   unsigned int others)
{
	unsigned int least = MEMDEV_SLICE_MIN_MS *
			     DIV_ROUND_UP(core->block_size, SZ_128M);
	unsigned int ms = min(least << min(others, 8U), MEMDEV_SLICE_MAX_MS);

	pass->free_ms = ms;
	pass->slice_ms = min(ms, max(least, MEMDEV_SLICE_PASS_MS));
}

/*
 * kind=virtio-mem: what comes out comes out. In the background one pass is a
 * try, and who tries again gives more time.
 */
static int memdev_unplug_some(struct memdev_core *core, unsigned int nr,
			      struct memdev_watch *watch,
			      struct memdev_reason *why)
{
	unsigned int others = core->background ? core->tries : 0;
	struct memdev_pass pass = { .watch = watch, .why = why };
	unsigned int keep = core->nr_plugged - nr;
	unsigned int block;
	int rc;

	do {
		pass.nr = core->nr_plugged - keep;
		memdev_pass_set_slices(core, &pass, others++);
		rc = memdev_pass(core, &pass);
		pass.last = memdev_remove_victims(core, false, why) ?:
			    pass.last;
		/* Some came online again under us: they are not lost, go on */
		if (!rc && core->nr_plugged > keep)
			rc = -EAGAIN;
		for_each_set_bit(block, core->victims, core->nr_blocks)
			memdev_provider_keeps(core, block);
		bitmap_zero(core->victims, core->nr_blocks);
		if (rc == -EAGAIN && memdev_watch_check(watch))
			rc = memdev_watch_check(watch);
	} while (rc == -EAGAIN && !core->background);

	return rc;
}

/* What was removed comes back, and is a victim like those that were not */
static void memdev_unplug_undo_removed(struct memdev_core *core,
				       struct memdev_reason *why)
{
	unsigned int block;

	for_each_set_bit(block, core->removed, core->nr_blocks) {
		/* The kernel has forgotten what page of it is poisoned */
		if (test_bit(block, core->retired))
			continue;
		if (!memdev_add(core, block, 1, why))
			__set_bit(block, core->victims);
	}
}

/**
 * struct memdev_unplug_undo - an unplug that is rolled back
 * @core: the device
 * @why: where to put the reason if a block does not come back
 */
struct memdev_unplug_undo {
	struct memdev_core *core;
	struct memdev_reason *why;
};

static void memdev_unplug_undo(void *data)
{
	struct memdev_unplug_undo *undo = data;
	struct memdev_reason *why = undo->why;
	struct memdev_core *core = undo->core;
	enum memdev_online_type type;
	unsigned int block;
	int rc;

	for_each_set_bit(block, core->victims, core->nr_blocks)
		memdev_provider_keeps(core, block);
	memdev_unplug_undo_removed(core, why);
	for_each_set_bit(block, core->victims, core->nr_blocks) {
		if (test_bit(block, core->skip))
			continue;
		type = test_bit(block, core->movable) ?
			MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE :
			MEMDEV_ONLINE_TYPE_ONLINE_KERNEL;
		rc = memdev_step_online(core, block, type);
		if (rc)
			memdev_refuse_block(why, block, rc,
					    "block %u did not come online again (%d)",
					    block, rc);
	}
}

/*
 * kind=dimm: all or nothing. @skip marks here which victims were offline before,
 * so that they stay so.
 */
static int memdev_unplug_whole(struct memdev_core *core,
			       struct memdev_watch *watch,
			       struct memdev_reason *why)
{
	unsigned int others = core->background ? core->tries : 0;
	struct memdev_unplug_undo undo = { .core = core, .why = why };
	struct memdev_pass pass = { .watch = watch, .why = why };
	unsigned int block;
	int rc;

	do {
		pass.nr = core->nr_plugged -
			  bitmap_weight(core->victims, core->nr_blocks);
		memdev_pass_set_slices(core, &pass, others++);
		rc = memdev_pass(core, &pass);
		if (!rc) {
			rc = memdev_remove_victims(core, true, why) ?: -EAGAIN;
			if (!core->nr_plugged)
				return 0;
			/* One came online again under us: once more */
			for_each_set_bit(block, core->victims,
					 core->nr_blocks) {
				if (!test_bit(block, core->online))
					continue;
				__clear_bit(block, core->victims);
				memdev_provider_keeps(core, block);
			}
		}
		if (memdev_watch_check(watch))
			rc = memdev_watch_check(watch);
	} while (rc == -EAGAIN && !core->background);

	memdev_undo_run(memdev_unplug_undo, &undo);
	return rc;
}

/**
 * memdev_hotplug_unplug() - take memory of the region back from the kernel
 * @core: the device
 * @size: bytes, a multiple of the block size
 * @watch: what ends it
 * @why: where to put the reason
 *
 * Allocates nothing.
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0 if all of it is unplugged; -EINVAL if less is plugged; otherwise
 * a part of it is, or with MEMORY_DEVICE_ATOMIC nothing, and -EBUSY if there
 * are pages that cannot be moved, what the watch said, or what the provider or
 * a notifier said.
 */
int memdev_hotplug_unplug(struct memdev_core *core, u64 size,
			  struct memdev_watch *watch,
			  struct memdev_reason *why)
{
	u64 plugged = memdev_plugged_size(core);

	lockdep_assert_held(&core->op_lock);

	if (!size || size > plugged)
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -EINVAL,
					   "%s is more than the %s that are plugged",
					   MEMDEV_SIZE(size),
					   MEMDEV_SIZE(plugged));

	/* A try in the background after others that were in vain */
	if (core->background && core->tries)
		memdev_turn_end(watch);

	bitmap_zero(core->victims, core->nr_blocks);
	bitmap_zero(core->skip, core->nr_blocks);

	if (!memdev_is_atomic(core))
		return memdev_unplug_some(core, size / core->block_size, watch,
					  why);
	bitmap_zero(core->removed, core->nr_blocks);
	return memdev_unplug_whole(core, watch, why);
}
