// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's memory blocks in sysfs.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Parse a block and move *text behind it. Returns 0 or -EINVAL. */
static int block_parse(const char **text, __u32 *block)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	value = strtoul(*text, &end, 10);
	if (errno || value > INT_MAX)
		return -EINVAL;
	*block = value;
	*text = end;
	return 0;
}

int blocks_parse(const char *list, bool *marked, __u32 count, __u32 *last)
{
	__u32 first;

	do {
		if (block_parse(&list, &first))
			return -EINVAL;
		*last = first;
		if (*list == '-') {
			list++;
			if (block_parse(&list, last) || *last < first)
				return -EINVAL;
		}
		if (*list && *list != ',')
			return -EINVAL;
		if (!marked)
			continue;
		if (*last >= count)
			return -ERANGE;
		for (__u32 i = first; i <= *last; i++)
			marked[i] = true;
	} while (*list++);
	return 0;
}

__u8 *dev_block_states(const struct dev *dev, const struct block_runs *runs)
{
	const __u32 count = dev_nr_blocks(dev);
	__u8 *states = xrealloc(NULL, count + 1);

	/* A block that is in no run is unplugged. */
	memset(states, MEMDEV_BLOCK_STATE_UNPLUGGED, count);
	for (size_t r = 0; r < runs->n; r++) {
		const struct block *run = &runs->v[r];

		if (run->device != dev->index || run->state >= NR_BLOCK_STATES)
			continue;
		for (__u32 i = 0; i < run->count && run->first + i < count; i++)
			states[run->first + i] = run->state;
	}
	return states;
}
