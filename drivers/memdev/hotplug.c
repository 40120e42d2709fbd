// SPDX-License-Identifier: GPL-2.0
/*
 * Plugging and unplugging: the only caller of add_memory_driver_managed() and
 * remove_memory() for the regions of devices, and the memory notifier.
 *
 * Bookkeeping: @plugged changes only here, right after the kernel has taken or
 * given up a range. @online follows the notifier alone, as users may toggle
 * blocks at any time: MEM_ONLINE and MEM_OFFLINE come exactly when a block has
 * changed, while the state that a block shows is set some time after that, and
 * who reads it then would record a change that is over.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "internal.h"

/* The resources of neighbouring blocks merge only if this pointer is equal */
static const char memdev_ram_name[] = "System RAM (memdev)";

/*
 * How long to stay with a block that has pages in use before the next one is
 * tried. While a block is being offlined nobody else on the machine can plug
 * or unplug anything, so a pinned page must not hold the lock until the
 * operation's deadline: a slice is short, and a pause follows for those who
 * wait for the lock. As long as slices are of use, pages do go, the block gets
 * another one, twice as long: what has been moved out of it would move back in
 * when the next block is tried. Where not one page has gone, be it pinned or
 * the machine slow, the block is left alone until the next pass over all of
 * them, which gives more time.
 */
#define MEMDEV_SLICE_MIN_MS	500U	/* for each 128 MiB of a block */
#define MEMDEV_SLICE_PASS_MS	4000U	/* as far as passes lengthen it */
#define MEMDEV_SLICE_MAX_MS	120000U
#define MEMDEV_PAUSE_MS		30
#define MEMDEV_UNDO_MS		10000U

/* Offline blocks give no memory and take 16 MiB a GiB: leave this much */
#define MEMDEV_KEEP_MIN		SZ_64M
#define MEMDEV_KEEP_SHIFT	4

static u64 memdev_block_addr(struct memdev_core *core, unsigned int block)
{
	return core->start + block * core->block_size;
}

/**
 * memdev_blocks_size() - bytes in a set of blocks
 * @core: the device
 * @map: one of its bitmaps, protected by what protects it
 *
 * Return: bytes.
 */
u64 memdev_blocks_size(struct memdev_core *core, const unsigned long *map)
{
	return bitmap_weight(map, core->nr_blocks) * core->block_size;
}

static void memdev_changed(struct memdev_core *core)
{
	queue_work(memdev_wq, &core->event);
}

/* --- notifier ------------------------------------------------------------- */

/**
 * memdev_notify() - memory notifier of one device
 * @nb: its notifier block
 * @action: MEM_*
 * @data: struct memory_notify
 *
 * Context: under device_hotplug_lock, the block's device_lock and
 * mem_hotplug_lock. Must not call into memory hotplug; takes core->lock only.
 * Return: NOTIFY_*.
 */
int memdev_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct memdev_core *core = container_of(nb, struct memdev_core, nb);
	const struct memory_notify *arg = data;
	u64 start = PFN_PHYS(arg->start_pfn);
	u64 end = start + PFN_PHYS(arg->nr_pages);
	unsigned int first, nr;
	int rc = NOTIFY_OK;

	if (end <= core->start || start >= core->start + core->size)
		return NOTIFY_DONE;

	/* With the memmap on it the range starts inside the block */
	start = max(ALIGN_DOWN(start, core->block_size), core->start);
	end = min(end, core->start + core->size);
	first = (start - core->start) / core->block_size;
	nr = DIV_ROUND_UP(end - start, core->block_size);

	spin_lock(&core->lock);
	switch (action) {
	case MEM_GOING_ONLINE:
		/*
		 * add_memory*() brings blocks online by the machine's policy,
		 * in a zone from which they may never come out again. Let the
		 * block be offline until it is put where the device wants it.
		 */
		if (core->adding == current)
			rc = NOTIFY_BAD;
		break;
	case MEM_ONLINE:
		bitmap_set(core->online, first, nr);
		memdev_changed(core);
		break;
	case MEM_OFFLINE:
		bitmap_clear(core->online, first, nr);
		memdev_changed(core);
		break;
	default:
		break;
	}
	spin_unlock(&core->lock);

	return rc;
}

/* --- adding and removing -------------------------------------------------- */

static int memdev_provider_refused(struct memdev_reason *why, int rc,
				   const struct netlink_ext_ack *extack,
				   unsigned int block)
{
	return memdev_refuse(why, rc, "block %u: %s", block,
			     extack->_msg ?: "the device refuses");
}

static int memdev_memory_left(struct memdev_core *core, u64 size,
			      struct memdev_reason *why)
{
	u64 memmap = PHYS_PFN(size) * sizeof(struct page);
	u64 keep = max_t(u64, MEMDEV_KEEP_MIN,
			 PFN_PHYS(totalram_pages()) >> MEMDEV_KEEP_SHIFT);
	u64 available = PFN_PHYS(max(si_mem_available(), 0L));

	/* A memmap on the memory itself takes none of the rest */
	if (core->memmap_on_memory || available >= memmap + keep)
		return 0;
	return memdev_refuse(why, -ENOMEM,
			     "no memory left to describe %llu bytes more: %llu needed, %llu available and %llu kept free",
			     size, memmap, available, keep);
}

/* Add the blocks [@block, @block + @nr), at most what memdev_chunk_len() says */
static int memdev_add(struct memdev_core *core, unsigned int block,
		      unsigned int nr, struct memdev_reason *why)
{
	const struct memory_device_ops *ops = core->md->ops;
	mhp_t flags = MHP_NID_IS_MGID | MHP_MERGE_RESOURCE;
	struct netlink_ext_ack extack = {};
	u64 offset = block * core->block_size;
	u64 size = nr * core->block_size;
	int rc;

	rc = memdev_memory_left(core, size, why);
	if (rc)
		return rc;

	if (ops->plug) {
		rc = ops->plug(core->md, offset, size, &extack);
		if (rc)
			return memdev_provider_refused(why, rc, &extack, block);
	}

	if (core->memmap_on_memory)
		flags |= MHP_MEMMAP_ON_MEMORY;

	spin_lock(&core->lock);
	if (core->online_type != MEMDEV_ONLINE_SYSTEM)
		core->adding = current;
	spin_unlock(&core->lock);

	rc = add_memory_driver_managed(core->mgid, core->start + offset, size,
				       memdev_ram_name, flags);

	spin_lock(&core->lock);
	core->adding = NULL;
	if (!rc)
		bitmap_set(core->plugged, block, nr);
	spin_unlock(&core->lock);

	if (!rc) {
		memdev_changed(core);
		return 0;
	}

	if (ops->unplug)
		ops->unplug(core->md, offset, size, &extack);
	if (rc == -EINVAL && core->memmap_on_memory && !MEMDEV_MEMMAP_KNOWN)
		return memdev_refuse(why, rc,
				     "block %u: the kernel takes no memmap on memory, boot with memory_hotplug.memmap_on_memory=1 or write 0 to memmap_on_memory",
				     block);
	return memdev_refuse(why, rc, "block %u: adding failed (%d)", block,
			     rc);
}

/* Remove blocks that are offline and follow each other */
static int memdev_remove(struct memdev_core *core, unsigned int block,
			 unsigned int nr)
{
	int rc;

	rc = remove_memory(memdev_block_addr(core, block),
			   nr * core->block_size);
	if (rc)
		return rc;

	spin_lock(&core->lock);
	bitmap_clear(core->plugged, block, nr);
	bitmap_clear(core->online, block, nr);
	spin_unlock(&core->lock);
	memdev_changed(core);
	return 0;
}

/*
 * Remove the victims, run by run. Their resources have merged, so a run is one
 * entry, and one call is enough for it: nothing of it goes if one of its
 * blocks has come online again meanwhile. Without @whole its other blocks then
 * go alone. Returns the number of blocks removed.
 */
static unsigned int memdev_remove_victims(struct memdev_core *core, bool whole)
{
	bool single = core->memmap_on_memory && memdev_memmap_block_by_block();
	unsigned int first, last, block, removed = 0;

	for_each_set_bitrange(first, last, core->victims, core->nr_blocks) {
		if (!single && !memdev_remove(core, first, last - first)) {
			removed += last - first;
			continue;
		}
		if (whole && !single)
			continue;
		for (block = first; block < last; block++) {
			if (!memdev_remove(core, block, 1))
				removed++;
		}
	}
	bitmap_and(core->victims, core->victims, core->plugged,
		   core->nr_blocks);
	return removed;
}

/* --- plug ----------------------------------------------------------------- */

static void memdev_online_blocks(struct memdev_core *core, unsigned int block,
				 unsigned int nr, struct memdev_reason *why)
{
	unsigned int end = block + nr;
	int rc;

	for (; block < end; block++) {
		rc = memdev_block_online(memdev_block_addr(core, block),
					 core->online_type);
		if (rc)
			memdev_refuse(why, rc,
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
	if (core->memmap_on_memory && memdev_memmap_block_by_block())
		max = 1;
	return find_next_bit(core->skip, block + max, block) - block;
}

/*
 * Take back what this plug has added. A block whose pages cannot be moved
 * again stays: it is counted as plugged, which is what it is.
 */
static void memdev_plug_undo(struct memdev_core *core)
{
	struct memdev_watch watch;
	unsigned int block;
	sigset_t signals;

	memdev_signals_block(&signals);
	memdev_watch_begin(&watch, MEMDEV_UNDO_MS);
	for_each_set_bit(block, core->victims, core->nr_blocks) {
		if (memdev_block_offline(memdev_block_addr(core, block), &watch,
					 0))
			__clear_bit(block, core->victims);
	}
	memdev_watch_end(&watch);
	memdev_signals_restore(&signals);
	memdev_remove_victims(core, false);
}

/**
 * memdev_hotplug_plug() - give memory of the region to the kernel
 * @core: the device
 * @size: bytes, a multiple of the block size
 * @keep: after a failure half-way keep what is plugged by then
 * @watch: what ends it
 * @why: where to put the reason; set without a failure, too, where a block
 *	 does not come online
 *
 * Lowest free blocks first.
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0; -ENOSPC if the region has not that much; -ENOMEM; what the
 * provider, add_memory_driver_managed() or the watch said.
 */
int memdev_hotplug_plug(struct memdev_core *core, u64 size, bool keep,
			struct memdev_watch *watch, struct memdev_reason *why)
{
	unsigned int left, nr, block = 0;
	u64 free;
	int rc = 0;

	lockdep_assert_held(&core->op_lock);

	bitmap_or(core->skip, core->plugged, core->retired, core->nr_blocks);
	free = core->size - memdev_blocks_size(core, core->skip);
	if (keep)
		size = min(size, free);
	if (!size || size > free)
		return memdev_refuse(why, -ENOSPC,
				     "%llu bytes asked for, %llu of the region are free",
				     size, free);

	/* The victims are what has to go if it fails */
	bitmap_zero(core->victims, core->nr_blocks);
	left = size / core->block_size;

	while (left) {
		rc = memdev_watch_check(watch);
		if (rc) {
			memdev_refuse(why, rc, "stopped with %llu bytes left to plug",
				      left * core->block_size);
			break;
		}
		nr = memdev_free_run(core, &block, left);
		rc = memdev_add(core, block, nr, why);
		if (rc)
			break;
		bitmap_set(core->victims, block, nr);
		memdev_online_blocks(core, block, nr, why);
		block += nr;
		left -= nr;
	}

	if (rc && !keep)
		memdev_plug_undo(core);
	return rc;
}

/* --- unplug --------------------------------------------------------------- */

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

/* @pages: what was in the block before the last try */
static int memdev_offline_sliced(u64 addr, struct memdev_watch *watch,
				 unsigned int slice_ms,
				 struct memdev_block_pages *pages)
{
	struct memdev_block_pages now = memdev_block_pages(addr);
	int rc;

	do {
		*pages = now;
		rc = memdev_block_offline(addr, watch, slice_ms);
		if (rc != -EAGAIN)
			return rc;
		msleep_interruptible(MEMDEV_PAUSE_MS);
		slice_ms = min(2 * slice_ms, MEMDEV_SLICE_MAX_MS);
		now = memdev_block_pages(addr);
		/* An empty one only wants time */
	} while (!now.in_use || now.in_use < pages->in_use);

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
	struct memdev_block_pages pages;
	struct memdev_block known;
	int rc;

	if (ops->unplug) {
		rc = ops->unplug(core->md, block * core->block_size,
				 core->block_size, &extack);
		if (rc)
			return memdev_provider_refused(why, rc, &extack, block);
	}

	known = memdev_block_look(addr);
	rc = memdev_offline_sliced(addr, watch, slice_ms, &pages);
	if (rc) {
		if (ops->plug)
			ops->plug(core->md, block * core->block_size,
				  core->block_size, &extack);
		return memdev_refuse(why, rc, "block %u: %s (%d)", block,
				     memdev_offline_error(rc), rc);
	}

	__set_bit(block, core->victims);
	__assign_bit(block, core->was_movable,
		     known.state == MEMDEV_BLOCK_MOVABLE);
	if (pages.poisoned) {
		spin_lock(&core->lock);
		__set_bit(block, core->retired);
		spin_unlock(&core->lock);
		/* For those who get this part of the window later */
		set_bit(div64_u64(addr - core->window->start,
				  core->block_size), core->window->retired);
	}
	return 0;
}

/*
 * One pass over the plugged blocks, highest first, those that are offline
 * before those that are not, until @nr of them are victims. Returns what ended
 * it, -EAGAIN if a block only wants more time, or what the last refusal was.
 */
static int memdev_offline_pass(struct memdev_core *core, unsigned int nr,
			       struct memdev_watch *watch,
			       unsigned int slice_ms,
			       struct memdev_reason *why)
{
	bool again = false;
	unsigned int block;
	int rc, last = 0;
	int want_online;

	for (want_online = 0; want_online <= 1; want_online++) {
		block = core->nr_blocks;
		while (nr && block--) {
			if (!test_bit(block, core->plugged) ||
			    test_bit(block, core->victims) ||
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

/* kind=virtio-mem: what comes out comes out */
static int memdev_unplug_some(struct memdev_core *core, unsigned int left,
			      struct memdev_watch *watch,
			      struct memdev_reason *why)
{
	unsigned int pass = 0;
	int rc;

	do {
		rc = memdev_offline_pass(core, left, watch,
					 memdev_slice_ms(core, pass++), why);
		left -= memdev_remove_victims(core, false);
		/* Some came online again under us: they are not lost, go on */
		if (!rc && left)
			rc = -EAGAIN;
		bitmap_zero(core->victims, core->nr_blocks);
		if (rc == -EAGAIN && memdev_watch_check(watch))
			rc = memdev_watch_check(watch);
	} while (rc == -EAGAIN);

	return rc;
}

static void memdev_unplug_undo(struct memdev_core *core,
			       struct memdev_reason *why)
{
	enum memdev_online_type type;
	unsigned int block;
	sigset_t signals;
	int rc;

	memdev_signals_block(&signals);
	for_each_set_bit(block, core->victims, core->nr_blocks) {
		if (core->md->ops->plug) {
			struct netlink_ext_ack extack = {};

			core->md->ops->plug(core->md, block * core->block_size,
					    core->block_size, &extack);
		}
		if (!test_bit(block, core->skip))
			continue;
		type = test_bit(block, core->was_movable) ?
			MEMDEV_ONLINE_MOVABLE : MEMDEV_ONLINE_KERNEL;
		rc = memdev_block_online(memdev_block_addr(core, block), type);
		if (rc)
			memdev_refuse(why, rc,
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
	unsigned int block, pass = 0, slice_ms;
	int rc;

	bitmap_copy(core->skip, core->online, core->nr_blocks);

	do {
		slice_ms = memdev_slice_ms(core, pass++);
		rc = 0;
		for (block = core->nr_blocks; block--;) {
			if (!test_bit(block, core->plugged) ||
			    test_bit(block, core->victims))
				continue;
			rc = memdev_offline_one(core, block, watch, slice_ms,
						why);
			if (rc)
				break;
		}
		if (!rc) {
			memdev_remove_victims(core, true);
			if (bitmap_empty(core->plugged, core->nr_blocks))
				return 0;
			/* One came online again under us: once more */
			bitmap_andnot(core->victims, core->victims,
				      core->online, core->nr_blocks);
			rc = -EAGAIN;
		}
		if (memdev_watch_check(watch))
			rc = memdev_watch_check(watch);
	} while (rc == -EAGAIN);

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
	u64 plugged = memdev_blocks_size(core, core->plugged);
	int rc;

	lockdep_assert_held(&core->op_lock);

	if (!size || size > plugged)
		return memdev_refuse(why, -EINVAL,
				     "%llu bytes asked for, %llu are plugged",
				     size, plugged);

	bitmap_zero(core->victims, core->nr_blocks);
	bitmap_zero(core->skip, core->nr_blocks);
	bitmap_zero(core->was_movable, core->nr_blocks);

	if (core->md->flags & MEMORY_DEVICE_ATOMIC)
		rc = memdev_unplug_whole(core, watch, why);
	else
		rc = memdev_unplug_some(core, size / core->block_size, watch,
					why);
	return rc;
}
