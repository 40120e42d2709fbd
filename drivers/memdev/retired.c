// SPDX-License-Identifier: GPL-2.0
/*
 * Retired blocks, which must not be plugged again, and missing System RAM.
 *
 * When a memory block is removed, the kernel forgets which of its pages are
 * poisoned. So the module records the block's address. The record outlives
 * devices and windows: each later window that contains the block inherits it.
 *
 * A poisoned block of a carved window is not given back. It stays claimed in
 * the resource tree as "hwpoisoned RAM", even after the module is removed, so
 * that it cannot be mistaken for RAM that was reserved at boot. System RAM is
 * then missing until the next boot, which breaks hibernation: the kernel that
 * resumes an image has all of the RAM, and rejects the image of a kernel that
 * had less.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "internal.h"

/*
 * Poisoned blocks of windows, by block number. Entries are reserved when a
 * window is created, as the memory notifier must not allocate.
 */
static DEFINE_XARRAY(memdev_retired);
/* Blocks that were not given back to System RAM, by block number */
static DEFINE_XARRAY(memdev_missing);
/* Bytes of missing System RAM, as last reported in the log */
static u64 memdev_missing_reported;

/* These flags distinguish withheld blocks from other drivers' claims */
#define MEMDEV_WITHHELD_FLAGS \
	(IORESOURCE_MEM | IORESOURCE_BUSY | IORESOURCE_DISABLED)

/**
 * struct memdev_withheld - the claim on a block that is not given back
 * @res: the claim; first member, as the kernel may kfree() it
 * @name: name of the claim, which must outlive the module
 */
struct memdev_withheld {
	struct resource res;
	char name[16];
};

static unsigned long memdev_block_nr(u64 addr)
{
	return addr / memory_block_size_bytes();
}

/**
 * memdev_retired_reserve() - prepare to record poisoned blocks of a window
 * @start: physical address of the window
 * @size: size of the window in bytes
 *
 * Context: Sleeps.
 * Return: 0 or -ENOMEM.
 */
int memdev_retired_reserve(u64 start, u64 size)
{
	u64 addr;
	int rc;

	for (addr = start; addr < start + size;
	     addr += memory_block_size_bytes()) {
		rc = xa_reserve(&memdev_retired, memdev_block_nr(addr),
				GFP_KERNEL);
		if (rc) {
			memdev_retired_unreserve(start, addr - start);
			return rc;
		}
	}
	return 0;
}

/**
 * memdev_retired_unreserve() - undo memdev_retired_reserve()
 * @start: physical address of the window
 * @size: size of the window in bytes
 *
 * Recorded blocks stay recorded.
 */
void memdev_retired_unreserve(u64 start, u64 size)
{
	u64 addr;

	for (addr = start; addr < start + size;
	     addr += memory_block_size_bytes())
		xa_release(&memdev_retired, memdev_block_nr(addr));
}

/**
 * memdev_retired_record() - record that a block of a window has a poisoned page
 * @addr: physical address of the block
 *
 * Context: Any, except interrupts. Allocates no memory.
 */
void memdev_retired_record(u64 addr)
{
	xa_store(&memdev_retired, memdev_block_nr(addr), xa_mk_value(1), 0);
}

/**
 * memdev_retired_known() - check whether a block is recorded as poisoned
 * @addr: physical address of the block
 *
 * Return: true if the block is recorded.
 */
bool memdev_retired_known(u64 addr)
{
	return xa_load(&memdev_retired, memdev_block_nr(addr));
}

/**
 * memdev_missing_add() - record that a block was not given back to System RAM
 * @addr: physical address of the block
 *
 * Context: Sleeps.
 */
void memdev_missing_add(u64 addr)
{
	xa_store(&memdev_missing, memdev_block_nr(addr), xa_mk_value(1),
		 GFP_KERNEL | __GFP_NOFAIL);
}

/**
 * memdev_missing_size() - get how much System RAM is missing
 *
 * A block that a user brings online later is no longer missing.
 *
 * Context: Sleeps.
 * Return: bytes.
 */
u64 memdev_missing_size(void)
{
	u64 block_size = memory_block_size_bytes();
	enum memdev_block_state state;
	unsigned long nr;
	u64 size = 0;
	void *entry;

	xa_for_each(&memdev_missing, nr, entry) {
		state = memdev_block_query(nr * block_size).state;
		if (state != MEMDEV_BLOCK_STATE_KERNEL &&
		    state != MEMDEV_BLOCK_STATE_MOVABLE)
			size += block_size;
	}
	return size;
}

/**
 * memdev_missing_warn() - warn if more System RAM is missing than last reported
 *
 * Context: under memdev_bus_lock, or while the module is being loaded or
 * removed. Sleeps.
 */
void memdev_missing_warn(void)
{
	u64 size = memdev_missing_size();

	if (size > memdev_missing_reported)
		pr_warn("%s of System RAM is missing until the next boot: a hibernation image made before then cannot be restored\n",
			MEMDEV_SIZE(size));
	memdev_missing_reported = size;
}

/* The claim outlives the module: it must not refer to the module's memory */
static void memdev_retired_claim(u64 addr)
{
	struct memdev_withheld *withheld;
	int rc;

	withheld = kzalloc_obj(*withheld, GFP_KERNEL | __GFP_NOFAIL);
	strscpy(withheld->name, "hwpoisoned RAM", sizeof(withheld->name));
	withheld->res.name = withheld->name;
	withheld->res.start = addr;
	withheld->res.end = addr + memory_block_size_bytes() - 1;
	withheld->res.flags = MEMDEV_WITHHELD_FLAGS;
	rc = request_resource(&iomem_resource, &withheld->res);
	if (rc) {
		pr_warn("memory%lu had a poisoned page and could not be claimed (%d)\n",
			memdev_block_nr(addr), rc);
		kfree(withheld);
	}
}

/**
 * memdev_retired_withhold() - claim the poisoned blocks of a carved window
 * @start: physical address of the window
 * @size: size of the window in bytes
 *
 * Context: Sleeps. The window has already released its claim.
 */
void memdev_retired_withhold(u64 start, u64 size)
{
	u64 addr;

	for (addr = start; addr < start + size;
	     addr += memory_block_size_bytes()) {
		if (!memdev_retired_known(addr))
			continue;
		pr_warn("memory%lu had a poisoned page and is not given back to the kernel\n",
			memdev_block_nr(addr));
		memdev_retired_claim(addr);
		memdev_missing_add(addr);
	}
}

static int memdev_missing_find(struct resource *res, void *arg)
{
	u64 block_size = memory_block_size_bytes();

	if (IS_ALIGNED(res->start, block_size) &&
	    resource_size(res) == block_size)
		memdev_missing_add(res->start);
	return 0;
}

/**
 * memdev_retired_init() - find the blocks that the module withheld earlier
 *
 * Context: Sleeps.
 */
void memdev_retired_init(void)
{
	walk_iomem_res_desc(IORES_DESC_NONE, MEMDEV_WITHHELD_FLAGS, 0, U64_MAX,
			    NULL, memdev_missing_find);
}

/**
 * memdev_retired_exit() - drop the records and warn about forgotten blocks
 *
 * Context: Sleeps. No window is left.
 */
void memdev_retired_exit(void)
{
	unsigned int forgotten = 0;
	unsigned long nr;
	void *entry;

	/* Withheld blocks are not forgotten: they stay claimed */
	xa_for_each(&memdev_retired, nr, entry)
		forgotten += !xa_load(&memdev_missing, nr);
	if (forgotten)
		pr_warn("the record of %u memory blocks with poisoned pages is lost: do not create windows over them before the next boot\n",
			forgotten);
	memdev_missing_reported = 0;
	memdev_missing_warn();
	xa_destroy(&memdev_retired);
	xa_destroy(&memdev_missing);
}
