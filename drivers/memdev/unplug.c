// SPDX-License-Identifier: GPL-2.0
/*
 * Unplugging: the order of blocks, time slices, and handling of refusals.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/sizes.h>

#include "deadline.h"
#include "internal.h"

/*
 * Time slices for offlining a block.
 *
 * The kernel holds device_hotplug_lock while it offlines a block, and no other
 * memory on the machine can be plugged or unplugged meanwhile. So that a pinned
 * page does not tie up the lock until the operation's deadline, each attempt
 * has a short time slice, and the operation yields after it. If another
 * operation waits for the lock, the slice is cut even shorter (yield.c).
 *
 * Pages that were migrated out of a block may be migrated back into it while
 * the next block is tried. So if an attempt left fewer pages in use, the block
 * gets another slice, which is twice as long. With a pinned page, this could
 * repeat many times, because pages also come back during a yield. So once an
 * attempt has at least halved the number of pages in use, only one more follows.
 *
 * If an attempt makes no progress, because of a pinned page or a slow machine,
 * the operation leaves the block until the next pass, which has longer slices.
 * A block with no page in use gets MEMDEV_EMPTY_TRIES slices before that: a
 * slow machine needs them, and if other blocks were tried first, their pages
 * could be migrated into it. Offlining the block may still fail, as
 * memdev_block_in_use() does not see every user of a page.
 */
#define MEMDEV_SLICE_MIN_MS	500U	/* per 128 MiB of a block */
#define MEMDEV_SLICE_PASS_MS	4000U	/* maximum first slice of a pass */
#define MEMDEV_SLICE_MAX_MS	120000U
#define MEMDEV_EMPTY_TRIES	3

static const char *memdev_offline_error(int rc)
{
	switch (rc) {
	case -EAGAIN:
	case -ETIMEDOUT:
		return "it has pages in use that could not be migrated in time";
	case -EINTR:
		return "interrupted";
	case -ERESTARTNOINTR:
		return "the task was frozen, stopped or traced, or the machine suspended";
	case -ECANCELED:
		return "canceled by a newer request";
	case -EBUSY:
		return "it has pages that cannot be migrated";
	case -ENODEV:
		return "it no longer exists";
	default:
		return "refused by the kernel or by a memory notifier";
	}
}

/**
 * struct memdev_pass - a pass over the blocks of a device
 * @watch: the operation's watch
 * @why: where to put the reason for a failure
 * @slice_ms: first time slice of a block, in ms
 * @free_ms: time slice of a block with no page in use, in ms; may exceed
 *	     @slice_ms, as a slow machine needs a lot of time to offline a block
 * @needed: number of blocks that still have to go offline
 * @refusal: errno of the last refusal other than -EAGAIN, 0 for none
 * @retry: an attempt, or the provider, returned -EAGAIN
 * @attempted: the pass has tried to offline a block
 * @was_online: the current block was online before the last attempt
 */
struct memdev_pass {
	struct memdev_watch *watch;
	struct memdev_reason *why;
	unsigned int slice_ms;
	unsigned int free_ms;
	unsigned int needed;
	int refusal;
	bool retry;
	bool attempted;
	bool was_online;
};

static bool memdev_is_atomic(struct memdev_core *core)
{
	return core->md->flags & MEMORY_DEVICE_ATOMIC;
}

/* Offline a block that has @in_use pages in use, slice by slice */
static int memdev_offline_sliced(struct memdev_core *core, unsigned int block,
				 struct memdev_pass *pass, unsigned int in_use)
{
	u64 addr = memdev_block_addr(core, block);
	struct memdev_watch *watch = pass->watch;
	unsigned int slice_ms = in_use ? pass->slice_ms : pass->free_ms;
	unsigned int empty_tries = 0;
	bool last_try = false;
	unsigned int before;
	int rc;

	do {
		before = in_use;
		pass->was_online = test_bit(block, core->online);
		watch->empty = !in_use;
		rc = memdev_step_offline(core, block, watch, slice_ms);
		if (rc != -EAGAIN)
			return rc;
		/* The next attempt may take minutes: remove offline blocks */
		if (!memdev_is_atomic(core))
			memdev_remove_victims(core, false, NULL);
		memdev_turn_yield(watch, slice_ms);
		if (last_try)
			break;
		slice_ms = min(2 * slice_ms, MEMDEV_SLICE_MAX_MS);
		in_use = memdev_block_in_use(addr);
		last_try = in_use && in_use <= before / 2;
		if (in_use < before)
			memdev_turn_begin(watch);
	} while (in_use < before ||
		 (!in_use && ++empty_tries < MEMDEV_EMPTY_TRIES));

	return -EAGAIN;
}

/* Offline a block that has @in_use pages in use; add it to core->victims */
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

	pass->attempted = true;
	rc = memdev_offline_sliced(core, block, pass, in_use);
	if (rc) {
		memdev_provider_replug(core, block);
		/* -EAGAIN must not replace the reason for an earlier refusal */
		return memdev_refuse_block(rc == -EAGAIN && pass->refusal ?
					   NULL : pass->why, block, rc,
					   "block %u: %s (%d)", block,
					   memdev_offline_error(rc), rc);
	}

	memdev_turn_begin(pass->watch);
	__set_bit(block, core->victims);
	if (memdev_is_atomic(core))
		__assign_bit(block, core->was_offline, !pass->was_online);
	return 0;
}

/*
 * Try to offline a block. Returns 0 to continue, or the errno that ends the
 * pass. With MEMORY_DEVICE_ATOMIC, any refusal ends the pass.
 */
static int memdev_pass_try(struct memdev_core *core, struct memdev_pass *pass,
			   unsigned int block, unsigned int in_use)
{
	int rc;

	rc = memdev_offline_one(core, block, pass, in_use);
	if (!rc) {
		pass->needed--;
		return 0;
	}

	if (memdev_watch_check(pass->watch))
		return memdev_watch_check(pass->watch);
	if (memdev_is_atomic(core))
		return rc;
	if (rc == -EAGAIN) {
		pass->retry = true;
		return 0;
	}
	__set_bit(block, core->skip);
	pass->refusal = rc;
	return 0;
}

/*
 * An unplug with MEMORY_DEVICE_ATOMIC skips no block, and uses the bitmap of
 * core->skip as core->was_offline.
 */
static bool memdev_pass_may_try(struct memdev_core *core, unsigned int block)
{
	return !test_bit(block, core->victims) &&
	       (memdev_is_atomic(core) || !test_bit(block, core->skip));
}

/*
 * Find the highest block below @end that the pass may try; if @offline is set,
 * consider only offline blocks. Returns false if there is none.
 */
static bool memdev_pass_below(struct memdev_core *core, unsigned int end,
			      bool offline, unsigned int *block)
{
	while (true) {
		*block = find_last_bit(core->plugged, end);
		if (*block >= end)
			return false;
		end = *block;
		if (memdev_pass_may_try(core, *block) &&
		    !(offline && test_bit(*block, core->online)))
			return true;
	}
}

/* Try blocks from the top down, as the kernel uses low blocks first */
static int memdev_pass_down(struct memdev_core *core, struct memdev_pass *pass,
			    bool offline)
{
	unsigned int block = core->nr_blocks;
	u64 addr;
	int rc = 0;

	while (!rc && pass->needed &&
	       memdev_pass_below(core, block, offline, &block)) {
		addr = memdev_block_addr(core, block);
		rc = memdev_pass_try(core, pass, block,
				     memdev_block_in_use(addr));
	}
	return rc;
}

/*
 * Among the @needed highest blocks, try blocks with no page in use first, so
 * that pages of the other blocks are not migrated into them.
 *
 * The order of the blocks with no page in use does not matter, but ascending
 * order saves zone scans: when a part of a block leaves a zone, the kernel
 * scans the zone until it finds a hole. A memmap on the block leaves the zone
 * after the rest of the block. In ascending order, the rest becomes a hole near
 * the start of the zone, and the scan ends early. In descending order, the zone
 * shrinks, and the scan covers all of it without finding a hole.
 */
static int memdev_pass_free(struct memdev_core *core, struct memdev_pass *pass)
{
	unsigned int block = core->nr_blocks;
	unsigned int nr = pass->needed;
	int rc = 0;

	while (nr && memdev_pass_below(core, block, false, &block))
		nr--;

	for_each_set_bit_from(block, core->plugged, core->nr_blocks) {
		if (rc || !pass->needed)
			break;
		if (memdev_pass_may_try(core, block) &&
		    !memdev_block_in_use(memdev_block_addr(core, block)))
			rc = memdev_pass_try(core, pass, block, 0);
	}
	return rc;
}

/*
 * Try the plugged blocks, offline ones first, until enough of them are offline.
 * Returns 0; the errno that ended the pass; -EAGAIN if a block needs more time;
 * or the errno of the last refusal.
 */
static int memdev_pass(struct memdev_core *core, struct memdev_pass *pass)
{
	int rc;

	pass->retry = false;
	pass->attempted = false;
	rc = memdev_pass_down(core, pass, true) ?:
	     memdev_pass_free(core, pass) ?:
	     memdev_pass_down(core, pass, false);
	if (!rc && pass->needed)
		rc = pass->retry ? -EAGAIN : pass->refusal ?: -EBUSY;
	/* Only the provider was asked, and returned -EAGAIN: do not spin */
	if (rc == -EAGAIN && !pass->attempted && !core->background) {
		memdev_turn_end(pass->watch);
		memdev_watch_pause(pass->watch, pass->slice_ms);
	}
	return rc;
}

/* Set the time slices of a pass after @passes earlier ones */
static void memdev_pass_set_slices(struct memdev_core *core,
				   struct memdev_pass *pass,
				   unsigned int passes)
{
	unsigned int least = MEMDEV_SLICE_MIN_MS *
			     DIV_ROUND_UP(core->block_size, SZ_128M);
	unsigned int ms = min(least << min(passes, 8U), MEMDEV_SLICE_MAX_MS);

	pass->free_ms = ms;
	pass->slice_ms = min(ms, max(least, MEMDEV_SLICE_PASS_MS));
}

/*
 * Without MEMORY_DEVICE_ATOMIC (kind=virtio-mem): unplug block by block, and
 * keep the progress. A background operation makes a single pass; each retry of
 * the worker tries a block for longer.
 */
static int memdev_unplug_blocks(struct memdev_core *core, unsigned int nr,
				struct memdev_watch *watch,
				struct memdev_reason *why)
{
	unsigned int passes = core->background ? core->tries : 0;
	struct memdev_pass pass = { .watch = watch, .why = why };
	unsigned int keep = core->nr_plugged - nr;
	unsigned int block;
	int rc;

	do {
		pass.needed = core->nr_plugged - keep;
		memdev_pass_set_slices(core, &pass, passes++);
		rc = memdev_pass(core, &pass);
		pass.refusal = memdev_remove_victims(core, false, why) ?:
			       pass.refusal;
		/* A user, or udev, brought victims online again: retry */
		if (!rc && core->nr_plugged > keep)
			rc = -EAGAIN;
		for_each_set_bit(block, core->victims, core->nr_blocks)
			memdev_provider_replug(core, block);
		bitmap_zero(core->victims, core->nr_blocks);
		if (rc == -EAGAIN && memdev_watch_check(watch))
			rc = memdev_watch_check(watch);
	} while (rc == -EAGAIN && !core->background);

	return rc;
}

/**
 * struct memdev_unplug_undo - argument of memdev_unplug_undo()
 * @core: the device
 * @why: where to put the reason if a block cannot be added or brought online
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
		memdev_provider_replug(core, block);
	/* Add removed blocks again, and mark them to be onlined below */
	for_each_set_bit(block, core->removed, core->nr_blocks) {
		/* The kernel forgot which pages are poisoned: skip the block */
		if (test_bit(block, core->retired))
			continue;
		if (!memdev_add(core, block, 1, why))
			__set_bit(block, core->victims);
	}
	for_each_set_bit(block, core->victims, core->nr_blocks) {
		if (test_bit(block, core->was_offline))
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
 * With MEMORY_DEVICE_ATOMIC (kind=dimm): unplug all or nothing. The undo leaves
 * blocks in core->was_offline offline, as they were before the unplug.
 */
static int memdev_unplug_atomic(struct memdev_core *core,
				struct memdev_watch *watch,
				struct memdev_reason *why)
{
	unsigned int passes = core->background ? core->tries : 0;
	struct memdev_unplug_undo undo = { .core = core, .why = why };
	struct memdev_pass pass = { .watch = watch, .why = why };
	unsigned int block;
	int rc;

	do {
		pass.needed = core->nr_plugged -
			  bitmap_weight(core->victims, core->nr_blocks);
		memdev_pass_set_slices(core, &pass, passes++);
		rc = memdev_pass(core, &pass);
		if (!rc) {
			rc = memdev_remove_victims(core, true, why) ?: -EAGAIN;
			if (!core->nr_plugged)
				return 0;
			/* A user, or udev, brought a victim online: retry */
			for_each_set_bit(block, core->victims,
					 core->nr_blocks) {
				if (!test_bit(block, core->online))
					continue;
				__clear_bit(block, core->victims);
				memdev_provider_replug(core, block);
			}
		}
		if (memdev_watch_check(watch))
			rc = memdev_watch_check(watch);
	} while (rc == -EAGAIN && !core->background);

	memdev_undo_run(memdev_unplug_undo, &undo);
	return rc;
}

/**
 * memdev_unplug() - take memory of the region back from the kernel
 * @core: the device
 * @size: bytes, a multiple of the block size
 * @watch: the operation's watch
 * @why: where to put the reason
 *
 * After a failure, a part of @size may be unplugged; with MEMORY_DEVICE_ATOMIC,
 * the unplug is undone instead. The driver allocates no memory, except in an
 * undo that adds blocks again.
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0 if all of @size is unplugged; -EINVAL if @size is 0 or exceeds the
 * plugged size; -EBUSY if pages cannot be migrated; -EAGAIN if a block needs
 * more time or is online again (background only); or the errno of
 * memdev_watch_check(), remove_memory(), the provider, a memory notifier or a
 * scripted fault.
 */
int memdev_unplug(struct memdev_core *core, u64 size,
		  struct memdev_watch *watch, struct memdev_reason *why)
{
	u64 plugged = memdev_plugged_size(core);

	lockdep_assert_held(&core->op_lock);

	if (!size || size > plugged)
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -EINVAL,
					   "%s is more than the %s that is plugged",
					   MEMDEV_SIZE(size),
					   MEMDEV_SIZE(plugged));

	/* The last attempt in the background failed: yield from the start */
	if (core->background && core->tries)
		memdev_turn_end(watch);

	bitmap_zero(core->victims, core->nr_blocks);
	bitmap_zero(core->skip, core->nr_blocks);

	if (!memdev_is_atomic(core))
		return memdev_unplug_blocks(core, size / core->block_size,
					    watch, why);
	bitmap_zero(core->removed, core->nr_blocks);
	return memdev_unplug_atomic(core, watch, why);
}
