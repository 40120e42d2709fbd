// SPDX-License-Identifier: GPL-2.0
/*
 * Adding, onlining, offlining and removing memory, and asking the provider.
 *
 * No other file adds or removes memory, or has blocks of a device change their
 * state. So this is where steps are traced, and where scripted faults hit.
 */
#include <linux/bitmap.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/range.h>
#include <linux/sched.h>

#include "deadline.h"
#include "fault.h"
#include "trace.h"

/* The resources of neighbouring blocks merge only if this pointer is equal */
static const char memdev_ram_name[] = "System RAM (memdev)";

/* --- steps ---------------------------------------------------------------- */

static int memdev_step_done(struct memdev_core *core, enum memdev_step step,
			    unsigned int block, unsigned int nr, int rc,
			    ktime_t began)
{
	trace_memdev_step(core, step, block, nr, rc, memdev_since(began));
	return rc;
}

static bool memdev_memmap_present(u64 start, u64 size)
{
	unsigned long pfn, end = PHYS_PFN(start + size);

	for (pfn = PHYS_PFN(start); pfn < end; pfn += PAGES_PER_SECTION) {
		if (pfn_valid(pfn))
			return true;
	}
	return false;
}

/**
 * memdev_add_clean() - remove what an add that failed has left
 * @start: physical address
 * @size: bytes; the range had no memmap before the add
 *
 * If the memmap of a section cannot be allocated, the kernel keeps those of the
 * sections before it, and refuses the range with EEXIST from then on. There are
 * no block devices yet, of which remove_memory() warns, once; nothing else
 * removes a section. A block that is a single section leaves nothing.
 *
 * Context: Sleeps, takes mm's locks.
 */
static void memdev_add_clean(u64 start, u64 size)
{
	u64 block_size = memory_block_size_bytes();
	u64 addr;

	for (addr = start; addr < start + size; addr += block_size) {
		if (memdev_memmap_present(addr, block_size))
			remove_memory(addr, block_size);
	}
}

/**
 * memdev_ram_add() - add System RAM that belongs to no device
 * @node: its node
 * @start: physical address
 * @size: bytes, at most what memdev_chunk_len() says
 *
 * RAM that cannot be added is lost until the next boot, so that a failed
 * allocation is retried. If it was that of the resource, the add fails with
 * -EEXIST.
 *
 * Context: Sleeps, takes mm's locks.
 * Return: 0 or the errno of add_memory().
 */
int memdev_ram_add(int node, u64 start, u64 size)
{
	int tries = 3;
	int rc;

	do {
		rc = add_memory(node, start, size, MHP_MERGE_RESOURCE);
		if (rc == -ENOMEM)
			memdev_add_clean(start, size);
	} while ((rc == -ENOMEM || rc == -EEXIST) && --tries);
	return rc;
}

/**
 * memdev_ram_remove() - remove System RAM that belongs to no device
 * @start: physical address
 * @size: bytes, all of them offline
 *
 * Context: Sleeps, takes mm's locks.
 * Return: 0 or the errno of remove_memory().
 */
int memdev_ram_remove(u64 start, u64 size)
{
	return remove_memory(start, size);
}

static int memdev_step_add_range(struct memdev_core *core, u64 start, u64 size,
				 mhp_t flags)
{
	int rc;

	/* What is there is not ours to clean up */
	if (memdev_memmap_present(start, size))
		return -EEXIST;
	rc = add_memory_driver_managed(core->mgid, start, size, memdev_ram_name,
				       MHP_NID_IS_MGID | MHP_MERGE_RESOURCE |
				       flags);
	/* A memmap on the memory is not the kernel's to free: it stays */
	if (rc && !(flags & MHP_MEMMAP_ON_MEMORY))
		memdev_add_clean(start, size);
	return rc;
}

/**
 * memdev_step_add() - add blocks to the kernel
 * @core: the device
 * @block: the first of them
 * @nr: how many, at most what memdev_chunk_len() says
 * @flags: beside what all of them have
 *
 * After a success blocks of the range, and no others, can be online before the
 * caller has called memdev_set_plugged().
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0; -ENOMEM; -EEXIST if the kernel has a memmap of the range already;
 * what add_memory_driver_managed() or a scripted fault said.
 */
static int memdev_step_add(struct memdev_core *core, unsigned int block,
		    unsigned int nr, mhp_t flags)
{
	u64 addr = memdev_block_addr(core, block);
	u64 size = nr * core->block_size;
	ktime_t began = ktime_get();
	int rc;

	rc = memdev_hold_open(&core->hold, addr, addr + size - 1);
	if (rc)
		goto out;
	rc = memdev_fault(core, MEMDEV_STEP_ADD, block, nr, core->watch);
	if (!rc) {
		spin_lock(&core->lock);
		core->added = block;
		core->nr_added = nr;
		spin_unlock(&core->lock);
		memdev_turn_enter(core->watch);
		rc = memdev_step_add_range(core, addr, size, flags);
		memdev_turn_leave(core->watch);
	}
	if (rc)
		memdev_hold_close(&core->hold, addr, addr + size - 1);
out:
	return memdev_step_done(core, MEMDEV_STEP_ADD, block, nr, rc, began);
}

/**
 * memdev_step_online() - bring a block to where it belongs
 * @core: the device
 * @block: the block
 * @type: where that is
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: as memdev_block_online(), or what a scripted fault said.
 */
int memdev_step_online(struct memdev_core *core, unsigned int block,
		       enum memdev_online_type type)
{
	ktime_t began = ktime_get();
	int rc;

	rc = memdev_fault(core, MEMDEV_STEP_ONLINE, block, 1, core->watch);
	if (!rc) {
		memdev_turn_enter(core->watch);
		rc = memdev_block_online(memdev_block_addr(core, block), type);
		memdev_turn_leave(core->watch);
	}
	return memdev_step_done(core, MEMDEV_STEP_ONLINE, block, 1, rc, began);
}

/**
 * memdev_step_offline() - take a block offline
 * @core: the device
 * @block: the block
 * @watch: what ends it
 * @slice_ms: end it after so many ms, too; 0 for not
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: as memdev_block_offline(), or what a scripted fault said.
 */
int memdev_step_offline(struct memdev_core *core, unsigned int block,
			struct memdev_watch *watch, unsigned int slice_ms)
{
	ktime_t began = ktime_get();
	int rc;

	rc = memdev_fault(core, MEMDEV_STEP_OFFLINE, block, 1, watch);
	if (!rc) {
		memdev_turn_enter(core->watch);
		rc = memdev_block_offline(memdev_block_addr(core, block),
					  watch, slice_ms);
		memdev_turn_leave(core->watch);
	}
	return memdev_step_done(core, MEMDEV_STEP_OFFLINE, block, 1, rc, began);
}

/**
 * memdev_step_remove() - remove blocks that are offline
 * @core: the device
 * @block: the first of them
 * @nr: how many
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0, or what remove_memory() or a scripted fault said.
 */
static int memdev_step_remove(struct memdev_core *core, unsigned int block,
		       unsigned int nr)
{
	u64 addr = memdev_block_addr(core, block);
	u64 size = nr * core->block_size;
	ktime_t began = ktime_get();
	int rc;

	rc = memdev_fault(core, MEMDEV_STEP_REMOVE, block, nr, core->watch);
	if (!rc) {
		memdev_turn_enter(core->watch);
		rc = remove_memory(addr, size);
		memdev_turn_leave(core->watch);
	}
	if (!rc)
		memdev_hold_close(&core->hold, addr, addr + size - 1);
	return memdev_step_done(core, MEMDEV_STEP_REMOVE, block, nr, rc, began);
}

/* --- the provider --------------------------------------------------------- */

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
void memdev_provider_gets(struct memdev_core *core, unsigned int block,
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

/* --- adding and removing -------------------------------------------------- */

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
