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

/**
 * memdev_step_add() - add blocks to the kernel
 * @core: the device
 * @block: the first of them
 * @nr: how many, at most what memdev_chunk_len() says
 * @flags: beside what all of them have
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: 0, or what add_memory_driver_managed() or a scripted fault said.
 */
int memdev_step_add(struct memdev_core *core, unsigned int block,
		    unsigned int nr, mhp_t flags)
{
	ktime_t began = ktime_get();
	int rc;

	rc = memdev_fault(core, MEMDEV_STEP_ADD, block, nr, core->watch) ?:
	     add_memory_driver_managed(core->mgid,
				       memdev_block_addr(core, block),
				       nr * core->block_size, memdev_ram_name,
				       MHP_NID_IS_MGID | MHP_MERGE_RESOURCE |
				       flags);
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

	rc = memdev_fault(core, MEMDEV_STEP_ONLINE, block, 1, core->watch) ?:
	     memdev_block_online(memdev_block_addr(core, block), type);
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

	rc = memdev_fault(core, MEMDEV_STEP_OFFLINE, block, 1, watch) ?:
	     memdev_block_offline(memdev_block_addr(core, block), watch,
				  slice_ms);
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
	ktime_t began = ktime_get();
	int rc;

	rc = memdev_fault(core, MEMDEV_STEP_REMOVE, block, nr, core->watch) ?:
	     remove_memory(memdev_block_addr(core, block),
			   nr * core->block_size);
	return memdev_step_done(core, MEMDEV_STEP_REMOVE, block, nr, rc, began);
}
