/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's memory blocks in sysfs.
 */
#ifndef MEMDEVCTL_MEMORY_H
#define MEMDEVCTL_MEMORY_H

#include "nl.h"
#include "util.h"

#define MEMORY_DIR	"/sys/devices/system/memory"

/*
 * Mark the blocks of a list such as "0-3,6" in @marked, or only check its
 * syntax if @marked is NULL. Return 0, -EINVAL, or -ERANGE if a block is not
 * below @count; *last is then the block.
 */
int blocks_parse(const char *list, bool *marked, __u32 count, __u32 *last);

static inline __u32 dev_nr_blocks(const struct dev *dev)
{
	return dev->block_size ? dev->size / dev->block_size : 0;
}

/* The number of a block in the kernel, for a caller who sees addresses */
static inline __u64 dev_memory(const struct dev *dev, __u32 block)
{
	return dev->address / dev->block_size + block;
}

/*
 * Return the enum memdev_block_state of each block of a device. The caller
 * frees it.
 */
__u8 *dev_block_states(const struct dev *dev, const struct block_runs *runs);

#endif /* MEMDEVCTL_MEMORY_H */
