// SPDX-License-Identifier: GPL-2.0
/*
 * list: a table of devices.
 */
#include <stdlib.h>
#include <string.h>

#include "list.h"
#include "memdevctl.h"
#include "names.h"
#include "qemu.h"
#include "request.h"
#include "watch.h"

enum {
	DEV_DEVICE, DEV_KIND, DEV_SIZE, DEV_PLUGGED, DEV_ONLINE,
	DEV_REQUESTED, DEV_STATE, DEV_NODE, DEV_ID, DEV_WINDOW, DEV_ADDRESS,
	DEV_ALIGN, DEV_SLOT, DEV_BLOCK_SIZE, DEV_RETIRED, DEV_ONLINE_TYPE,
	DEV_MEMMAP, DEV_TIMEOUT, DEV_MOVABLE, DEV_KERNEL, DEV_OFFLINE,
	DEV_UNPLUGGED, DEV_BAD, DEV_ERROR, DEV_REFUSED, DEV_REASON,
	DEV_BLOCK, DEV_MEMORY, DEV_ASKED, DEV_DONE,
};

const struct column dev_columns[] = {
[DEV_DEVICE]	= { "DEVICE", COL_TEXT, COL_DEFAULT, "name of the device" },
[DEV_KIND]	= { "KIND", COL_TEXT, COL_DEFAULT,
		    "kind of the device, virtio-mem or dimm" },
[DEV_SIZE]	= { "SIZE", COL_SIZE, COL_DEFAULT, "size of the region" },
[DEV_PLUGGED]	= { "PLUGGED", COL_SIZE, COL_DEFAULT,
		    "memory that is plugged" },
[DEV_ONLINE]	= { "ONLINE", COL_SIZE, COL_DEFAULT,
		    "memory that is plugged and online" },
[DEV_REQUESTED]	= { "REQUESTED", COL_SIZE, COL_DEFAULT,
		    "requested plugged size" },
[DEV_STATE]	= { "STATE", COL_TEXT, COL_DEFAULT,
		    "unplugged, partial, plugged, plugging or unplugging" },
[DEV_NODE]	= { "NODE", COL_NUMBER, COL_DEFAULT,
		    "NUMA node of the memory" },
[DEV_ID]	= { "ID", COL_TEXT, COL_DEFAULT,
		    "id given when the device was created" },
[DEV_WINDOW]	= { "WINDOW", COL_TEXT, 0,
		    "window that contains the region" },
[DEV_ADDRESS]	= { "ADDRESS", COL_TEXT, 0,
		    "physical address of the region (root only)" },
[DEV_ALIGN]	= { "ALIGN", COL_SIZE, 0,
		    "alignment of the region" },
[DEV_SLOT]	= { "SLOT", COL_NUMBER, 0,
		    "slot of a dimm" },
[DEV_BLOCK_SIZE] = { "BLOCKSIZE", COL_SIZE, 0,
		     "memory block size" },
[DEV_RETIRED]	= { "RETIRED", COL_SIZE, 0,
		    "memory retired because of poisoned pages" },
[DEV_ONLINE_TYPE] = { "ONLINETYPE", COL_TEXT, 0,
		      "how plugged blocks are brought online" },
[DEV_MEMMAP]	= { "MEMMAP", COL_BOOL, 0,
		    "whether blocks contain their own memmap" },
[DEV_TIMEOUT]	= { "TIMEOUT", COL_NUMBER, 0,
		    "deadline of an unplug in ms, 0 for none" },
[DEV_MOVABLE]	= { "MOVABLE", COL_TEXT, COL_BLOCKS,
		    "blocks online in ZONE_MOVABLE" },
[DEV_KERNEL]	= { "KERNEL", COL_TEXT, COL_BLOCKS,
		    "blocks online in another zone" },
[DEV_OFFLINE]	= { "OFFLINE", COL_TEXT, COL_BLOCKS,
		    "blocks plugged but offline" },
[DEV_UNPLUGGED]	= { "UNPLUGGED", COL_TEXT, COL_BLOCKS,
		    "blocks not plugged" },
[DEV_BAD]	= { "BAD", COL_TEXT, COL_BLOCKS, "retired blocks" },
[DEV_ERROR]	= { "ERROR", COL_TEXT, 0,
		    "error text of the last operation" },
[DEV_REFUSED]	= { "REFUSED", COL_TEXT, 0,
		    "operation that failed last, plug or unplug" },
[DEV_REASON]	= { "REASON", COL_TEXT, 0,
		    "reason for the failure" },
[DEV_BLOCK]	= { "BLOCK", COL_NUMBER, 0,
		    "failed block, counted from the start of the region" },
[DEV_MEMORY]	= { "MEMORY", COL_TEXT, 0,
		    "failed block in /sys/devices/system/memory (root only)" },
[DEV_ASKED]	= { "ASKED", COL_SIZE, 0,
		    "size requested by the failed operation" },
[DEV_DONE]	= { "DONE", COL_SIZE, 0,
		    "size completed by the failed operation" },
{ .name = NULL }
};

static void dev_cell(const void *item, const struct column *column,
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
		cell_set_text(cell, dev->id);
		break;
	case DEV_KIND:
		cell_set_text(cell, dev->kind);
		break;
	case DEV_WINDOW:
		cell->text = xasprintf("window%u", dev->window);
		break;
	case DEV_ADDRESS:
		cell->present = HAS(dev, DEV_ADDRESS);
		if (cell->present)
			cell->text = xasprintf("0x%llx", dev->address);
		break;
	case DEV_SIZE:
		cell->number = dev->size;
		break;
	case DEV_PLUGGED:
		cell->number = dev->plugged_size;
		break;
	case DEV_ONLINE:
		cell->number = dev->online_size;
		break;
	case DEV_REQUESTED:
		cell->number = dev->requested_size;
		break;
	case DEV_RETIRED:
		cell->number = dev->retired_size;
		break;
	case DEV_STATE:
		cell_set_text(cell, state_name(dev->state));
		break;
	case DEV_NODE:
		cell->present = dev->node >= 0;
		cell->number = dev->node;
		break;
	case DEV_SLOT:
		cell->present = dev->slot >= 0;
		cell->number = dev->slot;
		break;
	case DEV_ALIGN:
		cell->number = dev->align;
		break;
	case DEV_BLOCK_SIZE:
		cell->number = dev->block_size;
		break;
	case DEV_ONLINE_TYPE:
		cell_set_text(cell, online_type_name(dev->online_type));
		break;
	case DEV_MEMMAP:
		cell->number = dev->memmap_on_memory;
		break;
	case DEV_TIMEOUT:
		cell->number = dev->unplug_timeout_ms;
		break;
	case DEV_MOVABLE:
		cell_set_text(cell, row->blocks[MEMDEV_BLOCK_STATE_MOVABLE]);
		break;
	case DEV_KERNEL:
		cell_set_text(cell, row->blocks[MEMDEV_BLOCK_STATE_KERNEL]);
		break;
	case DEV_OFFLINE:
		cell_set_text(cell, row->blocks[MEMDEV_BLOCK_STATE_OFFLINE]);
		break;
	case DEV_UNPLUGGED:
		cell_set_text(cell, row->blocks[MEMDEV_BLOCK_STATE_UNPLUGGED]);
		break;
	case DEV_BAD:
		cell_set_text(cell, row->blocks[MEMDEV_BLOCK_STATE_RETIRED]);
		break;
	case DEV_ERROR:
		cell_set_text(cell, dev->last_error);
		break;
	case DEV_REFUSED:
		cell_set_text(cell,
			      HAS(refusal, REFUSAL_OP) ? op_name(refusal->op) : NULL);
		break;
	case DEV_REASON:
		cell_set_text(cell, refusal->reason);
		break;
	case DEV_BLOCK:
		cell->present = HAS(refusal, REFUSAL_BLOCK);
		cell->number = refusal->block;
		break;
	case DEV_MEMORY:
		cell_set_text(cell, refusal->memory);
		break;
	case DEV_ASKED:
		cell->present = HAS(refusal, REFUSAL_OP);
		cell->number = refusal->asked;
		break;
	case DEV_DONE:
		cell->present = HAS(refusal, REFUSAL_OP);
		cell->number = refusal->done;
		break;
	}
}

void dev_row_fill(struct dev_row *row, const struct dev *dev,
		  const struct block_runs *runs)
{
	memset(row, 0, sizeof(*row));
	row->dev = dev;
	for (size_t i = 0; i < runs->n; i++) {
		const struct block *run = &runs->v[i];
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
	struct block_runs runs = { 0 };
	struct dev_row row;
	int rc;

	if (table_wants_blocks(table)) {
		rc = nl_status(nl, nl_block_runs(nl, &runs), "blocks");
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < devs->n; i++) {
		dev_row_fill(&row, &devs->v[i], &runs);
		table_add(table, dev_cell, &row);
		dev_row_free(&row);
	}
	free(runs.v);
	return table_close(table);
}

static int list_print(const struct call *call, struct nl *nl,
		      struct devs *devs, struct table *table)
{
	if (!(call->set & OPT(FORMAT)))
		return devs_print(nl, devs, table);
	qemu_devices(call, devs);
	return EXIT_DONE;
}

static int list_run(const struct call *call)
{
	const int rc = qemu_check(call);

	return rc ? rc : devs_command(call, "memdev", false, list_print);
}

int cmd_list(const struct call *call)
{
	return watch_run(call, list_run);
}
