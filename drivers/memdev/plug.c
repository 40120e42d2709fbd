// SPDX-License-Identifier: GPL-2.0
/*
 * Plugging, and removing what has been taken offline.
 */
#include <linux/bitmap.h>
#include <linux/memory.h>
#include <linux/mm.h>

#include "deadline.h"
#include "trace.h"

/* How long to try to take a block back, for each 128 MiB of it */
#define MEMDEV_UNDO_MS		10000U
#define MEMDEV_UNDO_SLICE_MS	500U
/* For those who wait for the kernel's lock */
#define MEMDEV_UNDO_PAUSE_MS	30U

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
			memdev_watch_pause(&watch, MEMDEV_UNDO_PAUSE_MS);
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
