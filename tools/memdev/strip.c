// SPDX-License-Identifier: GPL-2.0
/*
 * Windows and devices as strips of blocks.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "strip.h"

/* More blocks than any machine has: do not draw a longer strip. */
#define MAX_BLOCKS	(16U << 20)

const struct cell_style cell_styles[NR_CELL_TYPES] = {
[MEMDEV_BLOCK_STATE_MOVABLE] = {
	'M', "\033[30;42m", "#3fa34d", "#ffffff",
	"online, movable"
},
[MEMDEV_BLOCK_STATE_KERNEL] = {
	'K', "\033[37;41m", "#c0392b", "#ffffff",
	"online, kernel"
},
[MEMDEV_BLOCK_STATE_OFFLINE] = {
	'o', "\033[30;43m", "#f0b429", "#222222",
	"plugged, offline"
},
[MEMDEV_BLOCK_STATE_UNPLUGGED] = {
	'u', "\033[30;46m", "#a9c8e8", "#222222",
	"unplugged"
},
[MEMDEV_BLOCK_STATE_RETIRED] = {
	'r', "\033[37;45m", "#7d3c98", "#ffffff",
	"retired"
},
[CELL_FREE] = {
	'f', "\033[2m", "#e6e6e6", "#777777",
	"free, no device"
},
};

const unsigned char legend_order[NR_CELL_TYPES] = {
	MEMDEV_BLOCK_STATE_MOVABLE, MEMDEV_BLOCK_STATE_KERNEL,
	MEMDEV_BLOCK_STATE_OFFLINE, MEMDEV_BLOCK_STATE_UNPLUGGED,
	MEMDEV_BLOCK_STATE_RETIRED, CELL_FREE,
};

/* Mark the blocks of a device that starts at block @offset of the strip. */
static void strip_mark(struct map *map, struct strip *strip, size_t owner,
		       __u64 offset)
{
	const struct dev *dev = &map->devs.v[owner];

	/* A block that is in no run is unplugged. */
	for (__u64 i = 0; i < dev->size / strip->block_size; i++) {
		if (offset + i >= strip->count)
			break;
		strip->cells[offset + i] = MEMDEV_BLOCK_STATE_UNPLUGGED;
		strip->owners[offset + i] = owner;
	}
	for (size_t r = 0; r < map->runs.n; r++) {
		const struct block *run = &map->runs.v[r];

		if (run->device != dev->index || run->state >= NR_BLOCK_STATES)
			continue;
		for (__u64 i = 0; i < run->count; i++)
			if (offset + run->first + i < strip->count)
				strip->cells[offset + run->first + i] =
					run->state;
	}
}

static struct strip *strip_add(struct map *map, const struct window *window,
			       __u64 size)
{
	struct strip *strip;

	if (!window->block_size ||
	    size / window->block_size > MAX_BLOCKS)
		return NULL;
	map->strips = xrealloc(map->strips,
			       (map->nr_strips + 1) * sizeof(*map->strips));
	strip = &map->strips[map->nr_strips++];
	memset(strip, 0, sizeof(*strip));
	strip->window = window;
	strip->block_size = window->block_size;
	strip->count = size / window->block_size;
	strip->cells = xrealloc(NULL, strip->count + 1);
	memset(strip->cells, CELL_FREE, strip->count);
	strip->owners = xrealloc(NULL, (strip->count + 1) *
				 sizeof(*strip->owners));
	for (__u64 i = 0; i < strip->count; i++)
		strip->owners[i] = -1;
	return strip;
}

/*
 * A caller who sees addresses gets one strip for the window. For others,
 * the position of a device in its window is unknown: each device is a strip.
 */
static void map_window(struct map *map, const struct window *window)
{
	struct strip *strip = NULL;

	if (HAS(window, WINDOW_START)) {
		strip = strip_add(map, window, window->size);
		if (!strip)
			return;
		strip->has_address = true;
		strip->address = window->start;
	}
	for (size_t i = 0; i < map->devs.n; i++) {
		const struct dev *dev = &map->devs.v[i];

		if (dev->window != window->index)
			continue;
		if (HAS(window, WINDOW_START) && HAS(dev, DEV_ADDRESS)) {
			if (dev->address >= window->start)
				strip_mark(map, strip, i,
					   (dev->address - window->start) /
					   strip->block_size);
			continue;
		}
		strip = strip_add(map, window, dev->size);
		if (!strip)
			return;
		strip->dev = dev;
		strip_mark(map, strip, i, 0);
	}
}

bool window_selected(const struct call *call, const struct window *window)
{
	__u32 index;

	for (int i = 0; i < call->argc; i++)
		if (!window_argument(call, call->argv[i], &index) &&
		    index == window->index)
			return true;
	return !call->argc;
}

static bool has_window(const struct map *map, __u32 index)
{
	for (size_t i = 0; i < map->windows.n; i++)
		if (map->windows.v[i].index == index)
			return true;
	return false;
}

int map_read(const struct call *call, struct map *map)
{
	__u32 index;
	struct nl nl;
	int rc;

	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_status(&nl, nl_windows(&nl, &map->windows), "windows");
	if (!rc)
		rc = nl_status(&nl, nl_devs(&nl, &map->devs), "devices");
	if (!rc)
		rc = nl_status(&nl, nl_block_runs(&nl, &map->runs), "blocks");
	nl_close(&nl);
	if (rc)
		return rc;

	for (int i = 0; i < call->argc; i++) {
		window_argument(call, call->argv[i], &index);
		if (!has_window(map, index)) {
			warnx("window%u: no such window", index);
			return EXIT_FAILED;
		}
	}
	for (size_t i = 0; i < map->windows.n; i++)
		if (window_selected(call, &map->windows.v[i]))
			map_window(map, &map->windows.v[i]);
	return EXIT_DONE;
}

void map_free(struct map *map)
{
	for (size_t i = 0; i < map->nr_strips; i++) {
		free(map->strips[i].cells);
		free(map->strips[i].owners);
	}
	free(map->strips);
	free(map->windows.v);
	free(map->devs.v);
	free(map->runs.v);
}

__u64 strip_owner_end(const struct strip *strip, __u64 first)
{
	__u64 end = first + 1;

	while (end < strip->count && strip->owners[end] == strip->owners[first])
		end++;
	return end;
}

char *strip_title(const struct strip *strip)
{
	char *size = size_human(strip->count * strip->block_size);
	char *block_size = size_human(strip->block_size);
	char *dev, *title;

	dev = strip->dev ? dev_title(strip->dev->index, strip->dev->id) :
			   xstrdup("");
	title = xasprintf("window%u%s%s: %s, %llu block%s of %s",
			  strip->window->index, *dev ? ", " : "", dev, size,
			  strip->count, strip->count == 1 ? "" : "s",
			  block_size);
	free(size);
	free(block_size);
	free(dev);
	return title;
}

char *strip_owner_title(const struct map *map, const struct strip *strip,
			__u64 block)
{
	const struct dev *dev = &map->devs.v[strip->owners[block]];

	return dev_title(dev->index, dev->id);
}
