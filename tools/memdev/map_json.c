// SPDX-License-Identifier: GPL-2.0
/*
 * Print a map as JSON.
 */
#include "map_json.h"
#include "names.h"

/* Print an address, or null if the caller may not see it. */
static void json_address(const char *name, bool known, __u64 address)
{
	if (known)
		printf(", \"%s\": \"0x%llx\"", name, address);
	else
		printf(", \"%s\": null", name);
}

static void json_node(__s32 node)
{
	if (node >= 0)
		printf(", \"node\": %d", node);
	else
		fputs(", \"node\": null", stdout);
}

static void json_runs(const struct map *map, const struct dev *dev)
{
	const char *between = "";

	fputs(", \"runs\": [", stdout);
	for (size_t i = 0; i < map->runs.n; i++) {
		const struct block *run = &map->runs.v[i];

		if (run->device != dev->index)
			continue;
		printf("%s\n          {\"first\": %u, \"count\": %u, \"state\": \"%s\"}",
		       between, run->first, run->count,
		       block_state_name(run->state));
		between = ",";
	}
	putchar(']');
}

static void json_devices(const struct map *map, const struct window *window)
{
	const char *between = "";

	fputs(",\n      \"devices\": [", stdout);
	for (size_t i = 0; i < map->devs.n; i++) {
		const struct dev *dev = &map->devs.v[i];

		if (dev->window != window->index)
			continue;
		printf("%s\n        {\"device\": \"memdev%u\", \"id\": ",
		       between, dev->index);
		if (dev->id[0])
			json_string(stdout, dev->id);
		else
			fputs("null", stdout);
		json_address("address", HAS(dev, DEV_ADDRESS), dev->address);
		printf(", \"size\": %llu", dev->size);
		json_node(dev->node);
		json_runs(map, dev);
		putchar('}');
		between = ",";
	}
	putchar(']');
}

/* The runs of blocks without a device, if the devices' places are known */
static void json_free(const struct map *map, const struct window *window)
{
	const char *between = "";
	const struct strip *strip = NULL;
	__u64 end;

	for (size_t i = 0; i < map->nr_strips; i++)
		if (map->strips[i].window == window && !map->strips[i].dev)
			strip = &map->strips[i];
	fputs(",\n      \"free\": ", stdout);
	if (!strip) {
		fputs("null", stdout);
		return;
	}
	putchar('[');
	for (__u64 i = 0; i < strip->count; i = end) {
		end = strip_owner_end(strip, i);
		if (strip->owners[i] >= 0)
			continue;
		printf("%s{\"first\": %llu, \"count\": %llu}", between, i,
		       end - i);
		between = ", ";
	}
	putchar(']');
}

void map_json(const struct call *call, const struct map *map)
{
	const char *between = "";

	fputs("{\n  \"map\": [", stdout);
	for (size_t i = 0; i < map->windows.n; i++) {
		const struct window *window = &map->windows.v[i];

		if (!window_selected(call, window))
			continue;
		printf("%s\n    {\"window\": \"window%u\"", between,
		       window->index);
		json_address("start", HAS(window, WINDOW_START), window->start);
		printf(", \"size\": %llu, \"blocksize\": %llu", window->size,
		       window->block_size);
		json_node(window->node);
		json_devices(map, window);
		json_free(map, window);
		putchar('}');
		between = ",";
	}
	puts("]\n}");
}
