// SPDX-License-Identifier: GPL-2.0
/*
 * Plugging: choose blocks, add them and bring them online; undo a failed plug.
 */
#include <linux/bitmap.h>
#include <linux/memory.h>
#include <linux/mm.h>

#include "deadline.h"
#include "trace.h"

/* Deadline and time slice for offlining a block in an undo, per 128 MiB */
#define MEMDEV_UNDO_MS		10000U
#define MEMDEV_UNDO_SLICE_MS	500U
/* Pause between slices, so that other tasks can take device_hotplug_lock */
#define MEMDEV_UNDO_PAUSE_MS	30U

static void memdev_online_blocks(struct memdev_core *core, unsigned int block,
				 unsigned int nr, unsigned int *failed,
				 struct memdev_reason *why)
{
	const char *type = memdev_online_types[core->online_type];
	unsigned int end = block + nr;
	int rc;

	for (; block < end; block++) {
		rc = memdev_step_online(core, block, core->online_type);
		if (!rc)
			continue;
		if (++*failed == 1)
			memdev_refuse_block(why, block, rc,
					    "block %u is plugged and offline: %s failed (%d)",
					    block, type, rc);
		else
			memdev_refuse_block(why, block, rc,
					    "%u blocks are plugged and offline, the last is block %u: %s failed (%d)",
					    *failed, block, type, rc);
	}
}

/*
 * Find the first run of free blocks at or after *@from; the caller has checked
 * that a block is free. Sets *@from to the run's start and returns its length.
 */
static unsigned int memdev_free_run(struct memdev_core *core,
				    unsigned int *from, unsigned int max)
{
	unsigned int block;
	u64 addr;

	block = find_next_zero_bit(core->taken, core->nr_blocks, *from);
	*from = block;
	addr = memdev_block_addr(core, block);
	max = min_t(u64, max, div64_u64(memdev_chunk_len(addr, core->start +
							 core->size),
					core->block_size));
	if (core->memmap_on_memory && MEMDEV_MEMMAP_BLOCK_BY_BLOCK)
		max = 1;
	/*
	 * If kernel memory is short, add one block at a time: some blocks of
	 * the run may still fit, and a failed add leaves fewer sections behind.
	 */
	if (!memdev_headroom_plenty(core, max * core->block_size) ||
	    (core->background &&
	     memdev_headroom_check(core, max * core->block_size, NULL)))
		max = 1;
	return find_next_bit(core->taken, block + max, block) - block;
}

/* Each block gets its own deadline: a pinned page affects only its own block */
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
			memdev_watch_pause(&watch, MEMDEV_UNDO_PAUSE_MS);
	} while (rc == -EAGAIN && !memdev_watch_check(&watch));
	memdev_watch_end(&watch);
	return rc;
}

/*
 * Remove the blocks that a failed plug has added. A block that cannot be taken
 * offline stays plugged.
 */
static void memdev_plug_undo(void *data)
{
	struct memdev_core *core = data;
	unsigned int block;

	for_each_set_bit(block, core->victims, core->nr_blocks) {
		if (memdev_undo_offline(core, block))
			__clear_bit(block, core->victims);
	}

	bitmap_copy(core->undone, core->victims, core->nr_blocks);
	memdev_remove_victims(core, false, NULL);
	for_each_set_bit(block, core->undone, core->nr_blocks) {
		if (!test_bit(block, core->plugged))
			memdev_provider_revoke(core, block, 1);
	}
}

/**
 * memdev_find_retired() - find retired blocks that are not plugged
 * @core: the device
 *
 * Stores the result in core->left_out. Retired blocks that are still plugged do
 * not count.
 *
 * Context: under core->op_lock.
 * Return: number of blocks.
 */
unsigned int memdev_find_retired(struct memdev_core *core)
{
	bitmap_andnot(core->left_out, core->retired, core->plugged,
		      core->nr_blocks);
	return bitmap_weight(core->left_out, core->nr_blocks);
}

static int memdev_refuse_no_space(struct memdev_core *core, u64 size, u64 free,
				  struct memdev_reason *why)
{
	if (!memdev_find_retired(core))
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
					   "%s is more than the %s that is free",
					   MEMDEV_SIZE(size),
					   MEMDEV_SIZE(free));
	/* Asked for MEMORY_DEVICE_ALL, but all blocks are plugged or retired */
	if (!size)
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
					   "no block is left to plug; retired blocks: %*pbl",
					   core->nr_blocks, core->left_out);
	return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -ENOSPC,
				   "%s is more than the %s that is free; retired blocks: %*pbl",
				   MEMDEV_SIZE(size), MEMDEV_SIZE(free),
				   core->nr_blocks, core->left_out);
}

/**
 * memdev_plug() - give memory of the region to the kernel
 * @core: the device
 * @size: bytes, a multiple of the block size
 * @watch: the operation's watch
 * @why: where to put the reason; after a success, why a block did not come
 *	 online, or empty
 *
 * Plugs the lowest free blocks, either all of @size or nothing. Without
 * MEMORY_DEVICE_ATOMIC, a background operation plugs fewer blocks if fewer are
 * free, and keeps the blocks that it has plugged if it fails.
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0; -ENOSPC if less than @size was free; -ENOMEM; or the errno of
 * memdev_watch_check(), memdev_add() or the provider.
 */
int memdev_plug(struct memdev_core *core, u64 size, struct memdev_watch *watch,
		struct memdev_reason *why)
{
	bool some = core->background &&
		    !(core->md->flags & MEMORY_DEVICE_ATOMIC);
	unsigned int left, nr, block = 0, failed = 0;
	u64 free, now;
	int rc = 0;

	lockdep_assert_held(&core->op_lock);

	bitmap_or(core->taken, core->plugged, core->retired, core->nr_blocks);
	free = core->size - memdev_blocks_size(core, core->taken);
	now = some ? min(size, free) : size;
	if (!now || now > free)
		return memdev_refuse_no_space(core, size, free, why);
	if (!some) {
		rc = memdev_headroom_check(core, now, why);
		if (rc)
			return rc;
	}

	/* If the plug fails, the undo removes the blocks in core->victims */
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
		memdev_online_blocks(core, block, nr, &failed, why);
		block += nr;
		left -= nr;
	}

	if (rc && !some)
		memdev_undo_run(memdev_plug_undo, core);
	if (rc || now == size)
		return rc;
	return memdev_refuse_no_space(core, size, free, why);
}
