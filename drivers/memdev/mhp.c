// SPDX-License-Identifier: GPL-2.0
/*
 * Add, online, offline and remove memory, and call the provider.
 *
 * No other file adds or removes memory, or changes the state of a device's
 * blocks, so this file traces the steps and injects scripted faults.
 */
#include <linux/bitmap.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/range.h>
#include <linux/sched.h>

#include "deadline.h"
#include "fault.h"
#include "trace.h"

/* The kernel merges resources only if their name pointers are equal */
static const char memdev_ram_name[] = "System RAM (memdev)";

/* --- steps ---------------------------------------------------------------- */

static int memdev_step_trace(struct memdev_core *core, enum memdev_step step,
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
 * memdev_add_cleanup() - remove the sections that a failed add left behind
 * @start: physical address
 * @size: size in bytes; the range had no memmap before the add
 *
 * If the kernel cannot allocate the memmap of a section, it keeps the sections
 * that it has already added, and every later add of the range fails with
 * -EEXIST. Only remove_memory() can remove these sections. It warns once, as
 * their memory blocks do not exist yet. A failed add of a single section leaves
 * nothing behind.
 *
 * Context: Sleeps, takes mm's locks.
 */
static void memdev_add_cleanup(u64 start, u64 size)
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
 * @node: node of the memory
 * @start: physical address
 * @size: size in bytes, at most memdev_chunk_len()
 *
 * RAM that cannot be added is lost until the next boot, so retry after a failed
 * allocation. -EEXIST can mean that the resource could not be allocated.
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
			memdev_add_cleanup(start, size);
	} while ((rc == -ENOMEM || rc == -EEXIST) && --tries);
	return rc;
}

/**
 * memdev_ram_remove() - remove System RAM that belongs to no device
 * @start: physical address
 * @size: size in bytes; the whole range is offline
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

	/* The cleanup must not remove a memmap that existed before this add */
	if (memdev_memmap_present(start, size))
		return -EEXIST;
	rc = add_memory_driver_managed(core->mgid, start, size, memdev_ram_name,
				       MHP_NID_IS_MGID | MHP_MERGE_RESOURCE |
				       flags);
	/* If the memmap is on the memory, the cleanup must not free it */
	if (rc && !(flags & MHP_MEMMAP_ON_MEMORY))
		memdev_add_cleanup(start, size);
	return rc;
}

/**
 * memdev_step_add() - add blocks to the kernel
 * @core: the device
 * @block: the first block
 * @nr: number of blocks, together at most memdev_chunk_len() bytes
 * @flags: additional MHP_* flags
 *
 * After a success, blocks of the range, but no others, may come online before
 * the caller calls memdev_set_plugged().
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0; -ENOMEM; -EEXIST if a part of the range already has a memmap; or
 * the errno of add_memory_driver_managed() or of a scripted fault.
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
	return memdev_step_trace(core, MEMDEV_STEP_ADD, block, nr, rc, began);
}

/**
 * memdev_step_online() - bring a block into the state of an online type
 * @core: the device
 * @block: the block
 * @type: the online type
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: same as memdev_block_online(), or the errno of a scripted fault.
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
	return memdev_step_trace(core, MEMDEV_STEP_ONLINE, block, 1, rc, began);
}

/**
 * memdev_step_offline() - take a block offline
 * @core: the device
 * @block: the block
 * @watch: the watch that ends the attempt
 * @slice_ms: time slice of the attempt in ms; 0 for none
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: same as memdev_block_offline(), or the errno of a scripted fault.
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
	return memdev_step_trace(core, MEMDEV_STEP_OFFLINE, block, 1, rc,
				 began);
}

/**
 * memdev_step_remove() - remove offline blocks
 * @core: the device
 * @block: the first block
 * @nr: number of blocks
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0, or the errno of remove_memory() or of a scripted fault.
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
	return memdev_step_trace(core, MEMDEV_STEP_REMOVE, block, nr, rc,
				 began);
}

/* --- the provider --------------------------------------------------------- */

/**
 * memdev_provider_errno() - turn a provider's return value into an errno
 * @rc: the return value, not 0
 *
 * write(2) would return a positive value as a number of bytes, and user space
 * must not see errnos that are internal to the kernel.
 *
 * Return: @rc; -EINTR for -ERESTARTSYS, which a provider returns if a signal
 * interrupted it; -EIO if @rc is not a valid errno.
 */
int memdev_provider_errno(int rc)
{
	if (rc == -ERESTARTSYS)
		return -EINTR;
	return rc < 0 && rc >= -MEMDEV_FAULT_ERRNO_MAX ? rc : -EIO;
}

/**
 * memdev_provider_refused() - report that the provider refused blocks
 * @why: where to put the reason
 * @rc: the provider's return value
 * @extack: the provider's reason, if it set one
 * @block: the first of the blocks
 *
 * Return: memdev_provider_errno() of @rc.
 */
int memdev_provider_refused(struct memdev_reason *why, int rc,
			    const struct netlink_ext_ack *extack,
			    unsigned int block)
{
	return memdev_refuse_block(why, block, memdev_provider_errno(rc),
				   "block %u: %s", block,
				   extack->_msg ?: "refused by the device");
}

/**
 * memdev_provider_replug() - tell the provider that a block stays plugged
 * @core: the device
 * @block: a block that the provider has allowed memdev to unplug
 *
 * Ignores the provider's return value.
 */
void memdev_provider_replug(struct memdev_core *core, unsigned int block)
{
	const struct memory_device_ops *ops = core->md->ops;
	struct netlink_ext_ack extack = {};

	if (ops->plug)
		ops->plug(core->md, block * core->block_size, core->block_size,
			  &extack);
}

/**
 * memdev_provider_revoke() - tell the provider that blocks are not plugged
 * @core: the device
 * @block: the first of the blocks that the provider has allowed memdev to plug
 * @nr: number of blocks
 *
 * Ignores the provider's return value.
 */
void memdev_provider_revoke(struct memdev_core *core, unsigned int block,
			    unsigned int nr)
{
	const struct memory_device_ops *ops = core->md->ops;
	struct netlink_ext_ack extack = {};

	if (ops->unplug)
		ops->unplug(core->md, block * core->block_size,
			    nr * core->block_size, &extack);
}

/**
 * memdev_foreign_refuse() - report a block that another driver has claimed
 * @core: the device
 * @hold: the hold of the device's region or of its window
 * @block: the first block; none of the blocks is plugged
 * @nr: number of blocks
 * @why: where to put the reason
 *
 * Context: Sleeps.
 * Return: -EBUSY, or 0 if no other driver has claimed a part of the blocks.
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
 * memdev_add() - add blocks to the kernel
 * @core: the device
 * @block: the first block
 * @nr: number of blocks, together at most memdev_chunk_len() bytes
 * @why: where to put the reason
 *
 * The kernel may auto-online the blocks, but only in a zone that suits the
 * device's online type; otherwise they stay offline.
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0; -ENOMEM; -EBUSY if another driver has claimed a part of the range;
 * or the errno of memdev_step_add() or of the provider.
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
		/* Another driver added the range, and its blocks came online */
		memdev_set_unplugged(core, block, nr);
	spin_unlock(&core->lock);
	if (!rc)
		return 0;

	memdev_provider_revoke(core, block, nr);
	if (rc == -EEXIST) {
		if (memdev_foreign_refuse(core, &core->hold, block, nr, why))
			return -EBUSY;
		return memdev_refuse_block(why, block, rc,
					   "block %u: the range is already claimed, or has a memmap (%d)",
					   block, rc);
	}
	return memdev_refuse_block(why, block, rc,
				   "block %u: adding failed (%d)", block, rc);
}

/*
 * Remove a run of blocks. Returns -EAGAIN if one of them is online again. Retry
 * other failures once: a user or udev may have onlined a block and taken it
 * offline again in the meantime.
 */
static int memdev_remove_run(struct memdev_core *core, unsigned int block,
			     unsigned int nr)
{
	int rc, tries = 2;

	while ((rc = memdev_step_remove(core, block, nr))) {
		if (find_next_bit(core->online, block + nr, block) < block + nr)
			return -EAGAIN;
		if (!--tries)
			return rc;
	}

	spin_lock(&core->lock);
	memdev_set_unplugged(core, block, nr);
	spin_unlock(&core->lock);
	if (core->removed)
		bitmap_set(core->removed, block, nr);
	return 0;
}

/* Remove the blocks of a run one by one; see memdev_remove_victims() */
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
 * memdev_remove_victims() - remove the blocks in core->victims, run by run
 * @core: the device
 * @whole: keep a whole run if one of its blocks cannot be removed
 * @why: where to put the reason, or NULL
 *
 * The resources of a run are merged, so a single call can remove the run. The
 * call removes nothing if a block of the run is online again. Without @whole,
 * the blocks of such a run are then removed one by one, and if the kernel
 * refuses to remove an offline block, the operation skips it from then on.
 *
 * Blocks that could not be removed stay in core->victims.
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0, even if blocks were not removed because they are online again; or
 * the errno if the kernel refused to remove an offline block.
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
