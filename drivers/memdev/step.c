// SPDX-License-Identifier: GPL-2.0
/*
 * The steps that a plug and an unplug are made of: add, online, offline,
 * remove. Nothing else of memdev gives blocks of a device to the kernel or takes
 * them back, so this is where they can be watched, and made to fail.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
#include "fault.h"

/* The resources of neighbouring blocks merge only if this pointer is equal */
static const char memdev_ram_name[] = "System RAM (memdev)";

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
void memdev_add_clean(u64 start, u64 size)
{
	u64 block_size = memory_block_size_bytes();
	u64 addr;

	for (addr = start; addr < start + size; addr += block_size) {
		if (memdev_memmap_present(addr, block_size))
			remove_memory(addr, block_size);
	}
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
int memdev_step_add(struct memdev_core *core, unsigned int block,
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
int memdev_step_remove(struct memdev_core *core, unsigned int block,
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
