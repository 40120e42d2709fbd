// SPDX-License-Identifier: GPL-2.0
/*
 * Plug and unplug memory with the kernel's own functions, without memdev, for
 * benchmarks in VMs. The caller must make sure that the range is unused RAM.
 *
 *	echo "START SIZE CHUNK MEMMAP" >/sys/module/memdev_raw/parameters/plug
 *	echo "START SIZE CHUNK" >/sys/module/memdev_raw/parameters/unplug
 *
 * START, SIZE and CHUNK are in bytes; each call adds or removes CHUNK. MEMMAP
 * is 1 to put the memmap on the added memory. Whether the kernel onlines blocks
 * depends on auto_online_blocks.
 */
#include <linux/kernel.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

struct memdev_raw_range {
	u64 start;
	u64 size;
	u64 chunk;
	int memmap;
};

static int memdev_raw_parse(const char *val, struct memdev_raw_range *range)
{
	if (sscanf(val, "%lli %lli %lli %i", &range->start, &range->size,
		   &range->chunk, &range->memmap) < 3)
		return -EINVAL;
	if (!range->size || !range->chunk ||
	    !IS_ALIGNED(range->start | range->size | range->chunk,
			memory_block_size_bytes()))
		return -EINVAL;
	return 0;
}

static int memdev_raw_add(const struct memdev_raw_range *range, u64 addr,
			  u64 size)
{
	return add_memory_driver_managed(memory_add_physaddr_to_nid(addr),
					 addr, size, "System RAM (raw)",
					 range->memmap ? MHP_MEMMAP_ON_MEMORY :
							 MHP_NONE);
}

static int memdev_raw_remove(const struct memdev_raw_range *range, u64 addr,
			     u64 size)
{
	return offline_and_remove_memory(addr, size);
}

/* Call the function for each chunk, until a call fails. */
static int memdev_raw_each(const char *val,
			   int (*call)(const struct memdev_raw_range *range,
				       u64 addr, u64 size))
{
	struct memdev_raw_range range = {};
	u64 addr, end;
	int rc;

	rc = memdev_raw_parse(val, &range);
	end = range.start + range.size;
	for (addr = range.start; !rc && addr < end; addr += range.chunk)
		rc = call(&range, addr, min(range.chunk, end - addr));
	return rc;
}

static int memdev_raw_plug(const char *val, const struct kernel_param *kp)
{
	return memdev_raw_each(val, memdev_raw_add);
}

static int memdev_raw_unplug(const char *val, const struct kernel_param *kp)
{
	return memdev_raw_each(val, memdev_raw_remove);
}

static const struct kernel_param_ops memdev_raw_plug_ops = {
	.set = memdev_raw_plug,
};

static const struct kernel_param_ops memdev_raw_unplug_ops = {
	.set = memdev_raw_unplug,
};

module_param_cb(plug, &memdev_raw_plug_ops, NULL, 0200);
MODULE_PARM_DESC(plug, "START SIZE CHUNK MEMMAP: add memory");
module_param_cb(unplug, &memdev_raw_unplug_ops, NULL, 0200);
MODULE_PARM_DESC(unplug, "START SIZE CHUNK: take it offline and remove it");

MODULE_AUTHOR("memdev developers");
MODULE_DESCRIPTION("Plug memory by the kernel's own calls, for benchmarks");
MODULE_LICENSE("GPL");
