// SPDX-License-Identifier: GPL-2.0
/*
 * Unplugging: which blocks go, how long to stay with each of them, and what to
 * do where one refuses.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/sizes.h>

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
 * stays. Where not one page has gone, be it pinned or the machine slow, the block
 * is left alone until the next pass over all of them, which gives more time.
 */
#define MEMDEV_SLICE_MIN_MS	500U	/* for each 128 MiB of a block */
#define MEMDEV_SLICE_PASS_MS	4000U	/* as far as passes lengthen it */
#define MEMDEV_SLICE_MAX_MS	120000U

static const char *memdev_offline_error(int rc)
{
	switch (rc) {
	case -EAGAIN:
	case -ETIMEDOUT:
		return "it has pages in use that do not go away";
	case -EINTR:
		return "interrupted";
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

static int memdev_offline_sliced(struct memdev_core *core, unsigned int block,
				 struct memdev_watch *watch,
				 unsigned int slice_ms)
{
	u64 addr = memdev_block_addr(core, block);
	unsigned int was, now = memdev_block_in_use(addr);
	bool goes, last = false;
	int rc;

	do {
		was = now;
		rc = memdev_step_offline(core, block, watch, slice_ms);
		if (rc != -EAGAIN)
			return rc;
		/* What has come out does not wait for what may take minutes */
		if (!(core->md->flags & MEMORY_DEVICE_ATOMIC))
			memdev_remove_victims(core, false, NULL);
		memdev_turn_end(watch);
		memdev_turn_wait(watch, slice_ms);
		if (last)
			break;
		slice_ms = min(2 * slice_ms, MEMDEV_SLICE_MAX_MS);
		now = memdev_block_in_use(addr);
		last = now && now <= was / 2;
		/* An empty one only wants time */
		goes = !now || now < was;
		if (goes)
			memdev_turn_vain(watch, false);
	} while (goes);

	return -EAGAIN;
}

/* Take one block offline and make it a victim */
static int memdev_offline_one(struct memdev_core *core, unsigned int block,
			      struct memdev_watch *watch, unsigned int slice_ms,
			      struct memdev_reason *why)
{
	const struct memory_device_ops *ops = core->md->ops;
	u64 addr = memdev_block_addr(core, block);
	struct netlink_ext_ack extack = {};
	struct memdev_block known;
	int rc;

	if (ops->unplug) {
		rc = ops->unplug(core->md, block * core->block_size,
				 core->block_size, &extack);
		if (rc)
			return memdev_provider_refused(why, rc, &extack, block);
	}

	known = memdev_block_look(addr);
	rc = memdev_offline_sliced(core, block, watch, slice_ms);
	if (rc) {
		memdev_provider_keeps(core, block);
		return memdev_refuse_block(why, block, rc, "block %u: %s (%d)", block,
					   memdev_offline_error(rc), rc);
	}

	memdev_turn_again(watch);
	__set_bit(block, core->victims);
	if (core->was_movable)
		__assign_bit(block, core->was_movable,
			     known.state == MEMDEV_BLOCK_STATE_MOVABLE);
	return 0;
}

/* The highest plugged block below another; false if there is none */
static bool memdev_plugged_below(struct memdev_core *core, unsigned int end,
				 unsigned int *block)
{
	*block = find_last_bit(core->plugged, end);
	return *block < end;
}

/*
 * One pass over the plugged blocks, highest first, those that are offline
 * before those that are not, until @nr of them are victims. Returns what ended
 * it, -EAGAIN if a block only wants more time, or what the last refusal was,
 * @last if there is none.
 */
static int memdev_offline_pass(struct memdev_core *core, unsigned int nr,
			       struct memdev_watch *watch,
			       unsigned int slice_ms, int last,
			       struct memdev_reason *why)
{
	unsigned int block, end;
	bool again = false;
	int rc;
	int want_online;

	for (want_online = 0; want_online <= 1; want_online++) {
		end = core->nr_blocks;
		while (nr && memdev_plugged_below(core, end, &block)) {
			end = block;
			if (test_bit(block, core->victims) ||
			    test_bit(block, core->skip) ||
			    test_bit(block, core->online) != want_online)
				continue;
			rc = memdev_offline_one(core, block, watch, slice_ms,
						why);
			if (!rc) {
				nr--;
				continue;
			}
			if (memdev_watch_check(watch))
				return memdev_watch_check(watch);
			if (rc == -EAGAIN)
				again = true;
			else
				__set_bit(block, core->skip);
			last = rc;
		}
	}
	if (!nr)
		return 0;
	return again ? -EAGAIN : last ?: -EBUSY;
}

/* The slice of pass number @pass, from 0 */
static unsigned int memdev_slice_ms(struct memdev_core *core, unsigned int pass)
{
	unsigned int ms = MEMDEV_SLICE_MIN_MS *
			  DIV_ROUND_UP(core->block_size, SZ_128M);

	return min(ms << min(pass, 3U), max(ms, MEMDEV_SLICE_PASS_MS));
}

/*
 * kind=virtio-mem: what comes out comes out. In the background one pass is a
 * try, and who tries again gives more time.
 */
static int memdev_unplug_some(struct memdev_core *core, unsigned int nr,
			      struct memdev_watch *watch,
			      struct memdev_reason *why)
{
	unsigned int keep = core->nr_plugged - nr;
	unsigned int pass = core->background ? core->tries : 0;
	unsigned int block;
	int rc, last = 0;

	do {
		nr = core->nr_plugged - keep;
		memdev_turn_vain(watch, pass);
		rc = memdev_offline_pass(core, nr, watch,
					 memdev_slice_ms(core, pass++), last,
					 why);
		last = memdev_remove_victims(core, false, why) ?: last;
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

static void memdev_unplug_undo(struct memdev_core *core,
			       struct memdev_reason *why)
{
	enum memdev_online_type type;
	unsigned int block;
	sigset_t signals;
	int rc;

	memdev_signals_block(&signals);
	for_each_set_bit(block, core->victims, core->nr_blocks)
		memdev_provider_keeps(core, block);
	memdev_unplug_undo_removed(core, why);
	for_each_set_bit(block, core->victims, core->nr_blocks) {
		if (!test_bit(block, core->skip))
			continue;
		type = test_bit(block, core->was_movable) ?
			MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE :
			MEMDEV_ONLINE_TYPE_ONLINE_KERNEL;
		rc = memdev_step_online(core, block, type);
		if (rc)
			memdev_refuse_block(why, block, rc,
					    "block %u did not come online again (%d)",
					    block, rc);
	}
	memdev_signals_restore(&signals);
}

/*
 * kind=dimm: all or nothing. @skip marks here which blocks were online
 * before, so that only those come back.
 */
static int memdev_unplug_whole(struct memdev_core *core,
			       struct memdev_watch *watch,
			       struct memdev_reason *why)
{
	unsigned int pass = core->background ? core->tries : 0;
	unsigned int block, slice_ms;
	int rc;

	bitmap_copy(core->skip, core->online, core->nr_blocks);

	do {
		memdev_turn_vain(watch, pass);
		slice_ms = memdev_slice_ms(core, pass++);
		rc = 0;
		for (block = core->nr_blocks;
		     memdev_plugged_below(core, block, &block);) {
			if (test_bit(block, core->victims))
				continue;
			rc = memdev_offline_one(core, block, watch, slice_ms,
						why);
			if (rc)
				break;
		}
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

	memdev_unplug_undo(core, why);
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
					   "%llu bytes asked for, %llu are plugged",
					   size, plugged);

	bitmap_zero(core->victims, core->nr_blocks);
	bitmap_zero(core->skip, core->nr_blocks);

	if (!(core->md->flags & MEMORY_DEVICE_ATOMIC))
		return memdev_unplug_some(core, size / core->block_size, watch,
					  why);
	bitmap_zero(core->removed, core->nr_blocks);
	bitmap_zero(core->was_movable, core->nr_blocks);
	return memdev_unplug_whole(core, watch, why);
}
