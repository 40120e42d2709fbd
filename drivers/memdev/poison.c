// SPDX-License-Identifier: GPL-2.0
/*
 * Poison a page of a device, as a hardware memory error would.
 *
 * Unlike a scripted fault, this is a real error to the kernel, which handles
 * it. The block that contains the page is retired when it goes offline.
 */
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/security.h>

#include "fault.h"
#include "internal.h"

static int memdev_poison_pfn(unsigned int block, unsigned long pfn,
			     struct memdev_reason *why)
{
	int rc;

	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		return memdev_refuse(why, -EOPNOTSUPP,
				     "the kernel was built without CONFIG_MEMORY_FAILURE");
	/* MF_SW_SIMULATED: as for a write to hard_offline_page */
	rc = memory_failure(pfn, MF_SW_SIMULATED);
	if (!rc)
		return 0;
	if (rc == -EHWPOISON)
		return memdev_refuse_block(why, block, rc,
					   "block %u: the page is already poisoned",
					   block);
	return memdev_refuse_block(why, block, rc < 0 ? rc : -EIO,
				   "block %u: memory_failure() failed (%d)",
				   block, rc);
}

/**
 * memdev_poison_page() - poison a page of a block
 * @core: the device
 * @block: the block
 * @page: index of the page in the block; NULL for any free page
 * @why: where to put the reason for a failure
 *
 * Context: Sleeps until another operation on the device is over. A signal ends
 * the wait.
 * Return: 0; -ERANGE for a block or page out of range; -ENXIO if the block is
 * not online; -EBUSY if no page of the block is free; -EHWPOISON if the page is
 * poisoned already; -EOPNOTSUPP without CONFIG_MEMORY_FAILURE; -EPERM under
 * lockdown; -EINTR; -ENODEV if the device is being removed; or the errno of
 * memory_failure().
 */
int memdev_poison_page(struct memdev_core *core, u32 block, const u32 *page,
		       struct memdev_reason *why)
{
	unsigned long pages = PHYS_PFN(core->block_size);
	unsigned long pfn;
	u64 addr;
	int rc;

	if (security_locked_down(LOCKDOWN_DEV_MEM))
		return memdev_refuse(why, -EPERM,
				     "the kernel is locked down: no page can be poisoned");
	rc = memdev_fault_check_block(core, block, why);
	if (rc)
		return rc;
	if (page && *page >= pages)
		return memdev_refuse(why, -ERANGE,
				     "page %u is out of range [0-%lu]",
				     *page, pages - 1);

	/* Only an operation could remove the block: keep operations out */
	rc = memdev_op_lock(core);
	if (rc)
		return memdev_refuse(why, rc,
				     rc == -ENODEV ?
				     "the device is being removed" :
				     "interrupted");
	addr = memdev_block_addr(core, block);
	pfn = PHYS_PFN(addr) + (page ? *page : 0);
	if (!test_bit(block, core->plugged) || !test_bit(block, core->online))
		rc = memdev_refuse_block(why, block, -ENXIO,
					 "block %u is not online",
					 block);
	else if (!page && !memdev_block_free_page(addr, &pfn))
		rc = memdev_refuse_block(why, block, -EBUSY,
					 "block %u has no free page, specify a page",
					 block);
	else
		rc = memdev_poison_pfn(block, pfn, why);
	mutex_unlock(&core->op_lock);
	return rc;
}
