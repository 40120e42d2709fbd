// SPDX-License-Identifier: GPL-2.0
/*
 * blocks: a table of memory blocks.
 */
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "memdevctl.h"
#include "memory.h"
#include "request.h"

enum {
	BLOCK_DEVICE, BLOCK_BLOCK, BLOCK_MEMORY, BLOCK_ADDRESS, BLOCK_STATE,
	BLOCK_ZONE, BLOCK_NODE, BLOCK_RETIRED, BLOCK_IN_USE,
};

const struct column block_columns[] = {
[BLOCK_DEVICE]	= { "DEVICE", COL_TEXT, COL_DEFAULT, "name of the device" },
[BLOCK_BLOCK]	= { "BLOCK", COL_NUMBER, COL_DEFAULT,
		    "block, counted from the start of the region" },
[BLOCK_MEMORY]	= { "MEMORY", COL_TEXT, COL_DEFAULT,
		    "block in " MEMORY_DIR " (root only)" },
[BLOCK_ADDRESS]	= { "ADDRESS", COL_TEXT, COL_DEFAULT,
		    "physical address of the block (root only)" },
[BLOCK_STATE]	= { "STATE", COL_TEXT, COL_DEFAULT,
		    "online, offline or unplugged; going-offline (root only)" },
[BLOCK_ZONE]	= { "ZONE", COL_TEXT, COL_DEFAULT,
		    "zone of an online block (others than Movable: root only)" },
[BLOCK_NODE]	= { "NODE", COL_NUMBER, COL_DEFAULT,
		    "NUMA node of the memory" },
[BLOCK_RETIRED]	= { "RETIRED", COL_BOOL, COL_DEFAULT,
		    "whether the block is retired because of a poisoned page" },
[BLOCK_IN_USE]	= { "INUSE", COL_SIZE, 0,
		    "pages of the block that are not free (root only)" },
{ .name = NULL }
};

struct block_row {
	const struct dev *dev;
	__u32 block;
	__u8 state;
	bool retired;
	bool retired_known;
};

static bool is_plugged(const struct block_row *row)
{
	return row->state != MEMDEV_BLOCK_STATE_UNPLUGGED &&
	       row->state != MEMDEV_BLOCK_STATE_RETIRED;
}

/* Whether this kernel has files about the block; it has none about a record. */
static bool has_files(const struct block_row *row)
{
	return !nl_input && is_plugged(row) && HAS(row->dev, DEV_ADDRESS);
}

/* Read a file of a plugged block, or return NULL. The caller frees it. */
static char *block_read(const struct block_row *row, const char *name)
{
	if (!has_files(row))
		return NULL;
	return file_read(MEMORY_DIR "/memory%llu/%s",
			  dev_memory(row->dev, row->block), name);
}

static const char *state_text(const struct block_row *row)
{
	if (!is_plugged(row))
		return "unplugged";
	return row->state == MEMDEV_BLOCK_STATE_OFFLINE ? "offline" : "online";
}

static void block_zone(const struct block_row *row, struct cell *cell)
{
	cell->present = false;
	if (!is_plugged(row) || row->state == MEMDEV_BLOCK_STATE_OFFLINE)
		return;
	cell->text = block_read(row, "valid_zones");
	if (!cell->text && row->state == MEMDEV_BLOCK_STATE_MOVABLE)
		cell->text = xstrdup("Movable");
	cell->present = cell->text;
}

/*
 * No file has the number of pages of a block that are in use: count those that
 * the buddy allocator does not have. An offline page is neither.
 */
static bool block_in_use(const struct block_row *row, __u64 *bytes)
{
	const __u64 mask = 1ULL << KPF_BUDDY | 1ULL << KPF_NOPAGE |
			   1ULL << KPF_HWPOISON;
	const __u64 page = sysconf(_SC_PAGESIZE);
	__u64 pfn, end, flags[8192];
	int fd;

	*bytes = 0;
	if (!has_files(row))
		return false;
	fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	pfn = row->dev->address / page + row->block * row->dev->block_size / page;
	end = pfn + row->dev->block_size / page;
	while (pfn < end) {
		size_t nr = end - pfn < ARRAY_SIZE(flags) ? end - pfn :
			    ARRAY_SIZE(flags);
		ssize_t got = pread(fd, flags, nr * sizeof(*flags),
				    pfn * sizeof(*flags));

		if (got < (ssize_t)sizeof(*flags))
			break;
		nr = got / sizeof(*flags);
		for (size_t i = 0; i < nr; i++)
			*bytes += flags[i] & mask ? 0 : page;
		pfn += nr;
	}
	close(fd);
	return pfn == end;
}

static void block_cell(const void *item, const struct column *column,
		       struct cell *cell)
{
	const struct block_row *row = item;
	const struct dev *dev = row->dev;

	switch (column - block_columns) {
	case BLOCK_DEVICE:
		cell->text = xasprintf("memdev%u", dev->index);
		break;
	case BLOCK_BLOCK:
		cell->number = row->block;
		break;
	case BLOCK_MEMORY:
		cell->present = is_plugged(row) && HAS(dev, DEV_ADDRESS);
		if (cell->present)
			cell->text = xasprintf("memory%llu",
					       dev_memory(dev, row->block));
		break;
	case BLOCK_ADDRESS:
		cell->present = HAS(dev, DEV_ADDRESS);
		if (cell->present)
			cell->text = xasprintf("0x%llx", dev->address +
					       row->block * dev->block_size);
		break;
	case BLOCK_STATE:
		cell->text = block_read(row, "state") ?:
			     xstrdup(state_text(row));
		break;
	case BLOCK_ZONE:
		block_zone(row, cell);
		break;
	case BLOCK_NODE:
		cell->present = dev->node >= 0;
		cell->number = dev->node;
		break;
	case BLOCK_RETIRED:
		cell->present = row->retired_known;
		cell->number = row->retired;
		break;
	case BLOCK_IN_USE:
		cell->present = block_in_use(row, &cell->number);
		break;
	}
}

static void blocks_add_dev(struct table *table, const struct dev *dev,
			   const struct block_runs *runs)
{
	const __u32 count = dev_nr_blocks(dev);
	__u8 *states = dev_block_states(dev, runs);
	bool *retired = xrealloc(NULL, count + 1);
	__u64 plugged = dev->retired_size;
	char *list = NULL;
	__u32 last;

	/*
	 * The list of blocks in netlink omits retired blocks that are plugged.
	 * A record only has their size.
	 */
	for (__u32 i = 0; i < count; i++) {
		retired[i] = states[i] == MEMDEV_BLOCK_STATE_RETIRED;
		plugged -= retired[i] ? dev->block_size : 0;
	}
	if (!nl_input)
		list = file_read("/sys/bus/memdev/devices/memdev%u/retired_blocks",
				 dev->index);
	if (list)
		blocks_parse(list, retired, count, &last);
	for (__u32 i = 0; i < count; i++) {
		struct block_row row = { dev, i, states[i], retired[i], true };

		if (nl_input && is_plugged(&row))
			row.retired_known = !plugged;
		table_add(table, block_cell, &row);
	}
	free(list);
	free(retired);
	free(states);
}

static int blocks_print(const struct call *call, struct nl *nl,
			struct devs *devs, struct table *table)
{
	struct block_runs runs = { 0 };
	int rc;

	(void)call;
	rc = nl_status(nl, nl_block_runs(nl, &runs), "blocks");
	if (rc)
		return rc;
	for (size_t i = 0; i < devs->n; i++)
		blocks_add_dev(table, &devs->v[i], &runs);
	free(runs.v);
	return table_close(table);
}

int cmd_blocks(const struct call *call)
{
	return devs_command(call, "blocks", false, blocks_print);
}
