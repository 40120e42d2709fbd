// SPDX-License-Identifier: GPL-2.0
/*
 * window list, window add, window del.
 */
#include <stdlib.h>

#include "memdevctl.h"
#include "names.h"
#include "request.h"

enum {
	WINDOW_WINDOW, WINDOW_SIZE, WINDOW_USED, WINDOW_LARGEST_FREE,
	WINDOW_LIMIT, WINDOW_SLOTS, WINDOW_SOURCE, WINDOW_NODE, WINDOW_START,
	WINDOW_BLOCK_SIZE,
};

const struct column window_columns[] = {
[WINDOW_WINDOW]	= { "WINDOW", COL_TEXT, COL_DEFAULT, "name of the window" },
[WINDOW_SIZE]	= { "SIZE", COL_SIZE, COL_DEFAULT, "size of the window" },
[WINDOW_USED]	= { "USED", COL_SIZE, COL_DEFAULT,
		    "size used by the regions of devices" },
[WINDOW_LARGEST_FREE] = { "FREE", COL_SIZE, COL_DEFAULT,
			  "largest region that fits" },
[WINDOW_LIMIT]	= { "LIMIT", COL_SIZE, COL_DEFAULT,
		    "limit on the total size of regions" },
[WINDOW_SLOTS]	= { "SLOTS", COL_NUMBER, COL_DEFAULT, "slots for dimms" },
[WINDOW_SOURCE]	= { "SOURCE", COL_TEXT, COL_DEFAULT,
		    "origin of the RAM: reserved, carved or soft-reserved" },
[WINDOW_NODE]	= { "NODE", COL_NUMBER, COL_DEFAULT,
		    "NUMA node of the memory" },
[WINDOW_START]	= { "START", COL_TEXT, 0,
		    "physical address (root only)" },
[WINDOW_BLOCK_SIZE] = { "BLOCKSIZE", COL_SIZE, 0,
			"memory block size" },
{ .name = NULL }
};

static void window_cell(const void *item, const struct column *column,
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
		cell_set_text(cell, source_name(window->source));
		break;
	case WINDOW_NODE:
		cell->present = window->node >= 0;
		cell->number = window->node;
		break;
	case WINDOW_START:
		cell->present = HAS(window, WINDOW_START);
		if (cell->present)
			cell->text = xasprintf("0x%llx", window->start);
		break;
	case WINDOW_BLOCK_SIZE:
		cell->number = window->block_size;
		break;
	}
}

/* Print one window, or all if index is NULL. Returns an exit status. */
static int windows_print(struct nl *nl, const __u32 *index,
			 struct table *table)
{
	struct windows windows = { 0 };
	int rc;

	rc = nl_status(nl, nl_windows(nl, &windows), "windows");
	if (!rc) {
		for (size_t i = 0; i < windows.n; i++)
			if (!index || windows.v[i].index == *index)
				table_add(table, window_cell, &windows.v[i]);
		rc = table_close(table);
	}
	free(windows.v);
	return rc;
}

static int window_print(struct nl *nl, __u32 index, struct table *table)
{
	return windows_print(nl, &index, table);
}

static const struct field fields[] = {
	{ "--start", FIELD_SIZE, MEMDEV_A_WINDOW_START, OPT_START, 0 },
	{ "--node", FIELD_NUMBER, MEMDEV_A_WINDOW_NODE, OPT_NODE, 0 },
	{ .name = NULL }
};

static const struct object window_object = {
	.prefix = "window",
	.json = "windows",
	.cmd_new = MEMDEV_CMD_WINDOW_NEW,
	.cmd_del = MEMDEV_CMD_WINDOW_DEL,
	.index = MEMDEV_A_WINDOW_INDEX,
	.size = MEMDEV_A_WINDOW_SIZE,
	.fields = fields,
	.print = window_print,
};

int cmd_window_list(const struct call *call)
{
	struct table table;
	struct nl nl;
	int rc;

	rc = table_open(&table, call, window_object.json, false);
	if (rc)
		return rc;
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = windows_print(&nl, NULL, &table);
	nl_close(&nl);
	return rc;
}

int cmd_window_add(const struct call *call)
{
	return object_create(call, &window_object);
}

int cmd_window_del(const struct call *call)
{
	int done = 0, rc;
	__u32 index;
	struct nl nl;

	for (int i = 0; i < call->argc; i++) {
		rc = window_argument(call, call->argv[i], &index);
		if (rc)
			return rc;
	}
	rc = nl_open(&nl);
	if (rc)
		return rc;
	for (int i = 0; i < call->argc; i++) {
		window_argument(call, call->argv[i], &index);
		done += !object_delete(&nl, &window_object, index, "del");
	}
	nl_close(&nl);
	return partial_status(done, call->argc);
}
