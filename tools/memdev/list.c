// SPDX-License-Identifier: GPL-2.0
/*
 * Devices and windows as rows of a table.
 */
#include <stdlib.h>
#include <string.h>

#include "list.h"

/* In the order in which they are shown */
enum {
	DEV_DEVICE, DEV_KIND, DEV_SIZE, DEV_PLUGGED, DEV_ONLINE,
	DEV_REQUESTED, DEV_STATE, DEV_NODE, DEV_ID, DEV_WINDOW, DEV_ADDRESS,
	DEV_ALIGN, DEV_SLOT, DEV_BLOCK_SIZE, DEV_RETIRED, DEV_ONLINE_TYPE,
	DEV_MEMMAP, DEV_TIMEOUT, DEV_MOVABLE, DEV_KERNEL, DEV_OFFLINE,
	DEV_UNPLUGGED, DEV_BAD, DEV_ERROR, DEV_REFUSED, DEV_REASON,
	DEV_BLOCK, DEV_MEMORY, DEV_ASKED, DEV_DONE,
};

const struct column dev_columns[NR_DEV_COLUMNS] = {
[DEV_DEVICE]	= { "DEVICE", COL_TEXT, true, false, "name of the device" },
[DEV_KIND]	= { "KIND", COL_TEXT, true, false,
		    "what it is: virtio-mem or dimm" },
[DEV_SIZE]	= { "SIZE", COL_SIZE, true, false, "size of its region" },
[DEV_PLUGGED]	= { "PLUGGED", COL_SIZE, true, false,
		    "what the kernel was given" },
[DEV_ONLINE]	= { "ONLINE", COL_SIZE, true, false, "what of it is online" },
[DEV_REQUESTED]	= { "REQUESTED", COL_SIZE, true, false,
		    "what the device should have plugged" },
[DEV_STATE]	= { "STATE", COL_TEXT, true, false,
		    "unplugged, partial, plugged, plugging or unplugging" },
[DEV_NODE]	= { "NODE", COL_NUMBER, true, false,
		    "NUMA node that the memory goes to" },
[DEV_ID]	= { "ID", COL_TEXT, true, false,
		    "name that its creator gave it" },
[DEV_WINDOW]	= { "WINDOW", COL_TEXT, false, false,
		    "window that the region is in" },
[DEV_ADDRESS]	= { "ADDRESS", COL_TEXT, false, false,
		    "physical address of the region, for root" },
[DEV_ALIGN]	= { "ALIGN", COL_SIZE, false, false,
		    "alignment of the region" },
[DEV_SLOT]	= { "SLOT", COL_NUMBER, false, false,
		    "slot, of a dimm" },
[DEV_BLOCK_SIZE] = { "BLOCKSIZE", COL_SIZE, false, false,
		     "size of a memory block" },
[DEV_RETIRED]	= { "RETIRED", COL_SIZE, false, false,
		    "what is not plugged again, as it had poisoned pages" },
[DEV_ONLINE_TYPE] = { "ONLINETYPE", COL_TEXT, false, false,
		      "what becomes of blocks once they are plugged" },
[DEV_MEMMAP]	= { "MEMMAP", COL_BOOL, false, false,
		    "whether a block holds its own memmap" },
[DEV_TIMEOUT]	= { "TIMEOUT", COL_NUMBER, false, false,
		    "deadline of an unplug in ms, 0 for none" },
[DEV_MOVABLE]	= { "MOVABLE", COL_TEXT, false, true,
		    "blocks online in ZONE_MOVABLE" },
[DEV_KERNEL]	= { "KERNEL", COL_TEXT, false, true,
		    "blocks online in a zone of the kernel's own data" },
[DEV_OFFLINE]	= { "OFFLINE", COL_TEXT, false, true,
		    "blocks plugged and not online" },
[DEV_UNPLUGGED]	= { "UNPLUGGED", COL_TEXT, false, true,
		    "blocks not plugged" },
[DEV_BAD]	= { "BAD", COL_TEXT, false, true, "blocks retired" },
[DEV_ERROR]	= { "ERROR", COL_TEXT, false, false,
		    "why the last operation failed" },
[DEV_REFUSED]	= { "REFUSED", COL_TEXT, false, false,
		    "what failed: plug or unplug" },
[DEV_REASON]	= { "REASON", COL_TEXT, false, false, "why" },
[DEV_BLOCK]	= { "BLOCK", COL_NUMBER, false, false,
		    "block that refused, counted from the region's start" },
[DEV_MEMORY]	= { "MEMORY", COL_TEXT, false, false,
		    "its name in /sys/devices/system/memory, for root" },
[DEV_ASKED]	= { "ASKED", COL_SIZE, false, false,
		    "what the operation that failed was to do" },
[DEV_DONE]	= { "DONE", COL_SIZE, false, false,
		    "what of it was done all the same" },
};

static void cell_text(struct cell *cell, const char *text)
{
	cell->there = text && *text;
	if (cell->there)
		cell->text = xstrdup(text);
}

void dev_cell(const void *item, const struct column *column,
	      struct cell *cell)
{
	const struct dev_row *row = item;
	const struct dev *dev = row->dev;
	const struct refusal *refusal = &dev->refusal;

	switch (column - dev_columns) {
	case DEV_DEVICE:
		cell->text = xasprintf("memdev%u", dev->index);
		break;
	case DEV_ID:
		cell_text(cell, dev->id);
		break;
	case DEV_KIND:
		cell_text(cell, dev->kind);
		break;
	case DEV_WINDOW:
		cell->text = xasprintf("window%u", dev->window);
		break;
	case DEV_ADDRESS:
		cell->there = dev->has_address;
		if (cell->there)
			cell->text = xasprintf("0x%llx", dev->address);
		break;
	case DEV_SIZE:
		cell->number = dev->size;
		break;
	case DEV_PLUGGED:
		cell->number = dev->plugged;
		break;
	case DEV_ONLINE:
		cell->number = dev->online;
		break;
	case DEV_REQUESTED:
		cell->number = dev->requested;
		break;
	case DEV_RETIRED:
		cell->number = dev->retired;
		break;
	case DEV_STATE:
		cell_text(cell, state_name(dev->state));
		break;
	case DEV_NODE:
		cell->there = dev->node >= 0;
		cell->number = dev->node;
		break;
	case DEV_SLOT:
		cell->there = dev->slot >= 0;
		cell->number = dev->slot;
		break;
	case DEV_ALIGN:
		cell->number = dev->align;
		break;
	case DEV_BLOCK_SIZE:
		cell->number = dev->block_size;
		break;
	case DEV_ONLINE_TYPE:
		cell_text(cell, online_type_name(dev->online_type));
		break;
	case DEV_MEMMAP:
		cell->number = dev->memmap_on_memory;
		break;
	case DEV_TIMEOUT:
		cell->number = dev->timeout_ms;
		break;
	case DEV_MOVABLE:
		cell_text(cell, row->blocks[MEMDEV_BLOCK_STATE_MOVABLE]);
		break;
	case DEV_KERNEL:
		cell_text(cell, row->blocks[MEMDEV_BLOCK_STATE_KERNEL]);
		break;
	case DEV_OFFLINE:
		cell_text(cell, row->blocks[MEMDEV_BLOCK_STATE_OFFLINE]);
		break;
	case DEV_UNPLUGGED:
		cell_text(cell, row->blocks[MEMDEV_BLOCK_STATE_UNPLUGGED]);
		break;
	case DEV_BAD:
		cell_text(cell, row->blocks[MEMDEV_BLOCK_STATE_RETIRED]);
		break;
	case DEV_ERROR:
		cell_text(cell, dev->last_error);
		break;
	case DEV_REFUSED:
		cell_text(cell, refusal->there ? op_name(refusal->op) : NULL);
		break;
	case DEV_REASON:
		cell_text(cell, refusal->reason);
		break;
	case DEV_BLOCK:
		cell->there = refusal->has_block;
		cell->number = refusal->block;
		break;
	case DEV_MEMORY:
		cell_text(cell, refusal->memory);
		break;
	case DEV_ASKED:
		cell->there = refusal->there;
		cell->number = refusal->asked;
		break;
	case DEV_DONE:
		cell->there = refusal->there;
		cell->number = refusal->done;
		break;
	}
}

void dev_row_fill(struct dev_row *row, const struct dev *dev,
		  const struct runs *runs)
{
	memset(row, 0, sizeof(*row));
	row->dev = dev;
	for (size_t i = 0; i < runs->n; i++) {
		const struct blocks *run = &runs->v[i];
		char **list;

		if (run->device != dev->index || !run->count ||
		    run->state >= NR_BLOCK_STATES)
			continue;
		list = &row->blocks[run->state];
		*list = blocks_add(*list, run->first, run->count);
	}
}

void dev_row_free(struct dev_row *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(row->blocks); i++)
		free(row->blocks[i]);
}

int devs_print(struct nl *nl, const struct devs *devs, struct table *table)
{
	struct runs runs = { 0 };
	struct dev_row row;
	int rc;

	if (table_wants_blocks(table)) {
		rc = nl_runs(nl, &runs);
		if (rc) {
			complain("blocks: %s", nl_words(nl, rc));
			return EXIT_FAILED;
		}
	}
	for (size_t i = 0; i < devs->n; i++) {
		dev_row_fill(&row, &devs->v[i], &runs);
		table_add(table, dev_cell, &row);
		dev_row_free(&row);
	}
	free(runs.v);
	return table_close(table);
}

/* --- windows -------------------------------------------------------------- */

enum {
	WINDOW_WINDOW, WINDOW_SIZE, WINDOW_USED, WINDOW_LARGEST_FREE,
	WINDOW_LIMIT, WINDOW_SLOTS, WINDOW_SOURCE, WINDOW_NODE, WINDOW_START,
	WINDOW_BLOCK_SIZE,
};

const struct column window_columns[NR_WINDOW_COLUMNS] = {
[WINDOW_WINDOW]	= { "WINDOW", COL_TEXT, true, false, "name of the window" },
[WINDOW_SIZE]	= { "SIZE", COL_SIZE, true, false, "its size" },
[WINDOW_USED]	= { "USED", COL_SIZE, true, false,
		    "what the regions of devices take" },
[WINDOW_LARGEST_FREE] = { "FREE", COL_SIZE, true, false,
			  "the largest region that there is room for" },
[WINDOW_LIMIT]	= { "LIMIT", COL_SIZE, true, false,
		    "what the regions may sum up to" },
[WINDOW_SLOTS]	= { "SLOTS", COL_NUMBER, true, false, "slots for dimms" },
[WINDOW_SOURCE]	= { "SOURCE", COL_TEXT, true, false,
		    "where it comes from: reserved, carved or soft-reserved" },
[WINDOW_NODE]	= { "NODE", COL_NUMBER, true, false,
		    "NUMA node of the memory" },
[WINDOW_START]	= { "START", COL_TEXT, false, false,
		    "physical address, for root" },
[WINDOW_BLOCK_SIZE] = { "BLOCKSIZE", COL_SIZE, false, false,
			"size of a memory block" },
};

void window_cell(const void *item, const struct column *column,
		 struct cell *cell)
{
	const struct window *window = item;

	switch (column - window_columns) {
	case WINDOW_WINDOW:
		cell->text = xasprintf("window%u", window->index);
		break;
	case WINDOW_SIZE:
		cell->number = window->size;
		break;
	case WINDOW_USED:
		cell->number = window->used;
		break;
	case WINDOW_LARGEST_FREE:
		cell->number = window->largest_free;
		break;
	case WINDOW_LIMIT:
		cell->number = window->limit;
		break;
	case WINDOW_SLOTS:
		cell->number = window->slots;
		break;
	case WINDOW_SOURCE:
		cell_text(cell, source_name(window->source));
		break;
	case WINDOW_NODE:
		cell->there = window->node >= 0;
		cell->number = window->node;
		break;
	case WINDOW_START:
		cell->there = window->has_start;
		if (cell->there)
			cell->text = xasprintf("0x%llx", window->start);
		break;
	case WINDOW_BLOCK_SIZE:
		cell->number = window->block_size;
		break;
	}
}

/* --- refusals ------------------------------------------------------------- */

char *refusal_block(const struct refusal *refusal)
{
	if (refusal->memory[0] && refusal->has_address)
		return xasprintf("%s (0x%llx)", refusal->memory,
				 refusal->address);
	return xasprintf("%u", refusal->block);
}

char *refusal_words(const struct refusal *refusal)
{
	const char *reason = refusal->reason;
	char *block, *words;

	if (!refusal->has_block)
		return xstrdup(reason);
	/* The reason names the block, too, by its number; once is enough */
	block = xasprintf("block %u: ", refusal->block);
	if (!strncmp(reason, block, strlen(block)))
		reason += strlen(block);
	free(block);
	block = refusal_block(refusal);
	words = xasprintf("block %s refused: %s", block, reason);
	free(block);
	return words;
}
