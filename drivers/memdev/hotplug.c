// SPDX-License-Identifier: GPL-2.0
/*
 * Plugging, and removing what has been taken offline.
 */
#include <linux/bitmap.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/range.h>
#include <linux/sched.h>

#include "trace.h"

/* How long to try to take a block back, for each 128 MiB of it */
#define MEMDEV_UNDO_MS		10000U
#define MEMDEV_UNDO_SLICE_MS	500U
/* For those who wait for the kernel's lock */
#define MEMDEV_UNDO_PAUSE_MS	30U

/* --- adding and removing -------------------------------------------------- */

/**
 * memdev_provider_errno() - check the errno that a provider returned
 * @rc: what it returned, not 0
 *
 * write(2) takes a positive value for a number of bytes, and errnos above those
 * of user space are the kernel's own.
 *
 * Return: @rc; -EINTR where a signal ended a wait of the provider; -EIO for what
 * is not an errno.
 */
int memdev_provider_errno(int rc)
{
	if (rc == -ERESTARTSYS)
		return -EINTR;
	return rc < 0 && rc >= -MEMDEV_FAULT_ERRNO_MAX ? rc : -EIO;
}

/**
 * memdev_provider_refused() - say that the provider refuses
 * @why: where to put the reason
 * @rc: what it returned
 * @extack: the reason that it gave
 * @block: the first block that it was asked for
 *
 * Return: memdev_provider_errno() of @rc.
 */
int memdev_provider_refused(struct memdev_reason *why, int rc,
			    const struct netlink_ext_ack *extack,
			    unsigned int block)
{
	return memdev_refuse_block(why, block, memdev_provider_errno(rc),
				   "block %u: %s", block,
				   extack->_msg ?: "the device refuses");
}

/**
 * memdev_provider_keeps() - what the provider let go stays plugged after all
 * @core: the device
 * @block: the block
 *
 * What the provider says to it is not heeded.
 */
void memdev_provider_keeps(struct memdev_core *core, unsigned int block)
{
	const struct memory_device_ops *ops = core->md->ops;
	struct netlink_ext_ack extack = {};

	if (ops->plug)
		ops->plug(core->md, block * core->block_size, core->block_size,
			  &extack);
}

/* What the provider allowed to be plugged is not, after all; likewise */
static void memdev_provider_gets(struct memdev_core *core, unsigned int block,
				 unsigned int nr)
{
	const struct memory_device_ops *ops = core->md->ops;
	struct netlink_ext_ack extack = {};

	if (ops->unplug)
		ops->unplug(core->md, block * core->block_size,
			    nr * core->block_size, &extack);
}

/**
 * memdev_foreign_refuse() - name the block that another driver has claimed
 * @core: the device
 * @hold: where to look
 * @block: the first of the blocks that nothing of memdev is in
 * @nr: how many
 * @why: where to put the reason
 *
 * Context: Sleeps.
 * Return: -EBUSY, or 0 if there is none.
 */
int memdev_foreign_refuse(struct memdev_core *core, struct memdev_hold *hold,
			  unsigned int block, unsigned int nr,
			  struct memdev_reason *why)
{
	struct range found;

	if (!memdev_hold_foreign(hold, memdev_block_addr(core, block),
				 memdev_block_addr(core, block + nr) - 1,
				 &found))
		return 0;
	block = div64_u64(found.start - core->start, core->block_size);
	return memdev_refuse_block(why, block, -EBUSY,
				   "block %u: another driver has claimed a part of it, see /proc/iomem",
				   block);
}

/**
 * memdev_add() - give blocks to the kernel, offline
 * @core: the device
 * @block: the first of them
 * @nr: how many, at most what memdev_chunk_len() says
 * @why: where to put the reason
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0; -ENOMEM; what the provider or memdev_step_add() said.
 */
int memdev_add(struct memdev_core *core, unsigned int block, unsigned int nr,
	       struct memdev_reason *why)
{
	const struct memory_device_ops *ops = core->md->ops;
	struct netlink_ext_ack extack = {};
	u64 offset = block * core->block_size;
	u64 size = nr * core->block_size;
	int rc;

	rc = memdev_headroom_get(core, size, why);
	if (rc)
		return rc;

	if (ops->plug) {
		rc = ops->plug(core->md, offset, size, &extack);
		if (rc) {
			memdev_headroom_put(core, size);
			return memdev_provider_refused(why, rc, &extack, block);
		}
	}

	spin_lock(&core->lock);
	if (core->online_type != MEMDEV_ONLINE_TYPE_SYSTEM)
		core->adding = current;
	spin_unlock(&core->lock);

	rc = memdev_step_add(core, block, nr,
			     core->memmap_on_memory ? MHP_MEMMAP_ON_MEMORY :
						      MHP_NONE);
	memdev_headroom_put(core, size);

	spin_lock(&core->lock);
	core->adding = NULL;
	core->nr_added = 0;
	if (!rc)
		memdev_set_plugged(core, block, nr);
	else if (find_next_bit(core->plugged, block + nr, block) < block + nr)
		/* Another driver was quicker, and its blocks came online */
		memdev_set_unplugged(core, block, nr);
	spin_unlock(&core->lock);
	if (!rc)
		return 0;

	memdev_provider_gets(core, block, nr);
	if (rc == -EEXIST) {
		if (memdev_foreign_refuse(core, &core->hold, block, nr, why))
			return -EBUSY;
		return memdev_refuse_block(why, block, rc,
					   "block %u: something else has claimed or described the range (%d)",
					   block, rc);
	}
	return memdev_refuse_block(why, block, rc,
				   "block %u: adding failed (%d)", block, rc);
}

/* Remove blocks that are offline and follow each other */
static int memdev_remove(struct memdev_core *core, unsigned int block,
			 unsigned int nr)
{
	int rc;

	rc = memdev_step_remove(core, block, nr);
	if (rc)
		return rc;

	spin_lock(&core->lock);
	memdev_set_unplugged(core, block, nr);
	spin_unlock(&core->lock);
	if (core->removed)
		bitmap_set(core->removed, block, nr);
	return 0;
}

/*
 * -EAGAIN if one of them is online again. It may have been, and be offline by
 * now: so whatever else the reason is, there is a second try.
 */
static int memdev_remove_run(struct memdev_core *core, unsigned int block,
			     unsigned int nr)
{
	int rc, tries = 2;

	do {
		rc = memdev_remove(core, block, nr);
		if (!rc)
			return 0;
		if (find_next_bit(core->online, block + nr, block) < block + nr)
			return -EAGAIN;
	} while (--tries);
	return rc;
}

/* The blocks of a run each for itself; as memdev_remove_victims() */
static int memdev_remove_singly(struct memdev_core *core, unsigned int block,
				unsigned int nr, bool whole,
				struct memdev_reason *why)
{
	unsigned int end = block + nr;
	int rc, refused = 0;

	for (; block < end; block++) {
		rc = memdev_remove_run(core, block, 1);
		if (!rc || rc == -EAGAIN)
			continue;
		refused = memdev_refuse_block(why, block, rc,
					      "block %u is offline, but removing it failed (%d)",
					      block, rc);
		if (!whole)
			__set_bit(block, core->skip);
	}
	return refused;
}

/**
 * memdev_remove_victims() - remove the victims, run by run
 * @core: the device
 * @whole: leave a run of which a block cannot be removed
 * @why: where to put the reason, or NULL
 *
 * Their resources have merged, so a run is one entry, and one call is enough
 * for it: nothing of it goes if one of its blocks has come online again
 * meanwhile. Without @whole its other blocks then go alone, and what the kernel
 * refuses although it is offline is to be left alone.
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks. Those that could not
 * be removed remain victims.
 * Return: 0, also if what remains has come online again; or what the kernel has
 * against removing blocks that are offline.
 */
int memdev_remove_victims(struct memdev_core *core, bool whole,
			  struct memdev_reason *why)
{
	bool single = core->memmap_on_memory && MEMDEV_MEMMAP_BLOCK_BY_BLOCK;
	unsigned int first, last;
	int rc, refused = 0;

	for_each_set_bitrange(first, last, core->victims, core->nr_blocks) {
		rc = single ? -EAGAIN :
			      memdev_remove_run(core, first, last - first);
		if (!rc)
			continue;
		if (single || !whole)
			rc = memdev_remove_singly(core, first, last - first,
						  whole, why);
		else if (rc == -EAGAIN)
			continue;
		else
			memdev_refuse_block(why, first, rc,
					    "blocks %u-%u are offline, but removing them failed (%d)",
					    first, last - 1, rc);
		refused = rc ?: refused;
	}
	bitmap_and(core->victims, core->victims, core->plugged,
		   core->nr_blocks);
	return refused;
}

/* --- plug ----------------------------------------------------------------- */

static void memdev_online_blocks(struct memdev_core *core, unsigned int block,
				 unsigned int nr, struct memdev_reason *why)
{
	unsigned int end = block + nr;
	int rc;

	for (; block < end; block++) {
		rc = memdev_step_online(core, block, core->online_type);
		if (rc)
			memdev_refuse_block(why, block, rc,
					    "block %u is plugged, but did not go %s (%d)",
					    block, memdev_online_types[core->online_type],
					    rc);
	}
}

/* The first run of free blocks at or after @from, of which there is one */
static unsigned int memdev_free_run(struct memdev_core *core,
				    unsigned int *from, unsigned int max)
{
	unsigned int block;
	u64 addr;

	block = find_next_zero_bit(core->skip, core->nr_blocks, *from);
	*from = block;
	addr = memdev_block_addr(core, block);
	max = min_t(u64, max, div64_u64(memdev_chunk_len(addr, core->start +
							 core->size),
					core->block_size));
	if (core->memmap_on_memory && MEMDEV_MEMMAP_BLOCK_BY_BLOCK)
		max = 1;
	/* Where memory is short, a part may fit; and less is left of a failure */
	if (!memdev_headroom_plenty(core, max * core->block_size) ||
	    (core->background &&
	     memdev_headroom_check(core, max * core->block_size, NULL)))
		max = 1;
	return find_next_bit(core->skip, block + max, block) - block;
}

/* Each block has its own time, so that one that is in use takes none from others */
static int memdev_undo_offline(struct memdev_core *core, unsigned int block)
{
	unsigned int units = DIV_ROUND_UP(core->block_size, SZ_128M);
	struct memdev_watch watch;
	int rc;

	memdev_watch_begin(&watch, MEMDEV_UNDO_MS * units);
	do {
		rc = memdev_step_offline(core, block, &watch,
					 MEMDEV_UNDO_SLICE_MS * units);
		if (rc == -EAGAIN)
			memdev_turn_pause(&watch, MEMDEV_UNDO_PAUSE_MS);
	} while (rc == -EAGAIN && !memdev_watch_check(&watch));
	memdev_watch_end(&watch);
	return rc;
}

/*
 * Take back what this plug has added. A block that does not go offline any more
 * stays plugged, and is counted as such.
 */
static void memdev_plug_undo(void *data)
{
	struct memdev_core *core = data;
	unsigned int block;

	for_each_set_bit(block, core->victims, core->nr_blocks) {
		if (memdev_undo_offline(core, block))
			__clear_bit(block, core->victims);
	}

	bitmap_copy(core->skip, core->victims, core->nr_blocks);
	memdev_remove_victims(core, false, NULL);
	for_each_set_bit(block, core->skip, core->nr_blocks) {
		if (!test_bit(block, core->plugged))
			memdev_provider_gets(core, block, 1);
	}
}

/**
 * memdev_retired_left() - mark the blocks that cannot be plugged any more
 * @core: the device
 *
 * They are marked in core->skip. A retired block that is plugged still is none
 * of them.
 *
 * Context: under core->op_lock.
 * Return: how many they are.
 */
unsigned int memdev_retired_left(struct memdev_core *core)
{
	bitmap_andnot(core->skip, core->retired, core->plugged,
		      core->nr_blocks);
	return bitmap_weight(core->skip, core->nr_blocks);
}

static int memdev_no_room(struct memdev_core *core, u64 size, u64 free,
			  struct memdev_reason *why)
{
	if (!memdev_retired_left(core))
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
					   "%s is more than the %s that are free",
					   MEMDEV_SIZE(size),
					   MEMDEV_SIZE(free));
	/* All of what is left, and all of that is retired */
	if (!size)
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
					   "nothing is left to plug but retired blocks: %*pbl",
					   core->nr_blocks, core->skip);
	return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
				   "%s is more than the %s that are free, retired blocks: %*pbl",
				   MEMDEV_SIZE(size), MEMDEV_SIZE(free),
				   core->nr_blocks, core->skip);
}

/**
 * memdev_hotplug_plug() - give memory of the region to the kernel
 * @core: the device
 * @size: bytes, a multiple of the block size
 * @watch: what ends it
 * @why: where to put the reason; set without a failure, too, where a block
 *	 does not come online
 *
 * Lowest free blocks first. In the background as much as there is, and after a
 * failure half-way what is plugged by then stays; but with
 * MEMORY_DEVICE_ATOMIC it is all or nothing there, too.
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0; -ENOSPC if the region has not that much; -ENOMEM; what the
 * provider, add_memory_driver_managed() or the watch said.
 */
int memdev_hotplug_plug(struct memdev_core *core, u64 size,
			struct memdev_watch *watch, struct memdev_reason *why)
{
	bool some = core->background &&
		    !(core->md->flags & MEMORY_DEVICE_ATOMIC);
	unsigned int left, nr, block = 0;
	u64 free, now;
	int rc = 0;

	lockdep_assert_held(&core->op_lock);

	bitmap_or(core->skip, core->plugged, core->retired, core->nr_blocks);
	free = core->size - memdev_blocks_size(core, core->skip);
	now = some ? min(size, free) : size;
	if (!now || now > free)
		return memdev_no_room(core, size, free, why);
	if (!some) {
		rc = memdev_headroom_check(core, now, why);
		if (rc)
			return rc;
	}

	/* The victims are what has to go if it fails */
	bitmap_zero(core->victims, core->nr_blocks);
	left = now / core->block_size;

	while (left) {
		rc = memdev_watch_check(watch);
		if (rc) {
			memdev_refuse(why, rc, "stopped with %s left to plug",
				      MEMDEV_SIZE(left * core->block_size));
			break;
		}
		nr = memdev_free_run(core, &block, left);
		if (some)
			rc = memdev_headroom_check(core, nr * core->block_size,
						   why);
		rc = rc ?: memdev_add(core, block, nr, why);
		if (rc)
			break;
		bitmap_set(core->victims, block, nr);
		memdev_online_blocks(core, block, nr, why);
		block += nr;
		left -= nr;
	}

	if (rc && !some)
		memdev_undo_run(memdev_plug_undo, core);
	if (rc || now == size)
		return rc;
	return memdev_no_room(core, size, free, why);
}
