// SPDX-License-Identifier: GPL-2.0
/*
 * map: a cell for each block.
 *
 * Who sees addresses sees each window as a whole. Who does not cannot know
 * where in a window a device lies: there each device is drawn by itself.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "map.h"
#include "memdevctl.h"

/* No machine has so many; it guards against a size that is not understood. */
#define MAX_BLOCKS	(16U << 20)

const struct look looks[NR_LOOKS] = {
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
[MAP_FREE] = {
	'f', "\033[2m", "#e6e6e6", "#777777",
	"free, of no device"
},
};

const unsigned char look_order[NR_LOOKS] = {
	MEMDEV_BLOCK_STATE_MOVABLE, MEMDEV_BLOCK_STATE_KERNEL,
	MEMDEV_BLOCK_STATE_OFFLINE, MEMDEV_BLOCK_STATE_UNPLUGGED,
	MEMDEV_BLOCK_STATE_RETIRED, MAP_FREE,
};

char *dev_title(const struct dev *dev)
{
	if (dev->id[0])
		return xasprintf("memdev%u (%s)", dev->index, dev->id);
	return xasprintf("memdev%u", dev->index);
}

/* --- what there is -------------------------------------------------------- */

static void strip_paint(struct map *map, struct strip *strip, size_t owner,
			__u64 offset)
{
	const struct dev *dev = &map->devs.v[owner];

	/* Blocks of a device are unplugged unless something is said of them */
	for (__u64 i = 0; i < dev->size / strip->block_size; i++) {
		if (offset + i >= strip->count)
			break;
		strip->cells[offset + i] = MEMDEV_BLOCK_STATE_UNPLUGGED;
		strip->owners[offset + i] = owner;
	}
	for (size_t r = 0; r < map->runs.n; r++) {
		const struct blocks *run = &map->runs.v[r];

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
	memset(strip->cells, MAP_FREE, strip->count);
	strip->owners = xrealloc(NULL, (strip->count + 1) *
				 sizeof(*strip->owners));
	for (__u64 i = 0; i < strip->count; i++)
		strip->owners[i] = -1;
	return strip;
}

static void map_window(struct map *map, const struct window *window)
{
	struct strip *strip = NULL;

	if (window->has_start) {
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
		if (window->has_start && dev->has_address) {
			if (dev->address >= window->start)
				strip_paint(map, strip, i,
					    (dev->address - window->start) /
					    strip->block_size);
			continue;
		}
		strip = strip_add(map, window, dev->size);
		if (!strip)
			return;
		strip->dev = dev;
		strip_paint(map, strip, i, 0);
	}
}

static bool wanted(const struct call *call, const struct window *window)
{
	__u32 index;

	for (int i = 0; i < call->argc; i++)
		if (!number_parse(call->argv[i], "window", &index) &&
		    index == window->index)
			return true;
	return !call->argc;
}

static int map_read(const struct call *call, struct map *map)
{
	const char *what = "windows";
	__u32 index;
	struct nl nl;
	int rc;

	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_windows(&nl, &map->windows);
	if (!rc) {
		what = "devices";
		rc = nl_devs(&nl, &map->devs);
	}
	if (!rc) {
		what = "blocks";
		rc = nl_runs(&nl, &map->runs);
	}
	if (rc)
		complain("%s: %s", what, nl_words(&nl, rc));
	nl_close(&nl);
	if (rc)
		return EXIT_FAILED;

	for (int i = 0; i < call->argc; i++) {
		size_t w;

		number_parse(call->argv[i], "window", &index);
		for (w = 0; w < map->windows.n; w++)
			if (map->windows.v[w].index == index)
				break;
		if (w < map->windows.n)
			continue;
		complain("window%u: there is no such window", index);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < map->windows.n; i++)
		if (wanted(call, &map->windows.v[i]))
			map_window(map, &map->windows.v[i]);
	return EXIT_DONE;
}

static void map_free(struct map *map)
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

/* --- on a terminal -------------------------------------------------------- */

static unsigned int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	__u32 width;

	/* Of the user's shell, or of a test; as lsmem and others have it */
	if (columns && !number_parse(columns, "", &width) && width)
		return width;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 80;
}

static void print_letter(unsigned char cell, bool color)
{
	if (color)
		printf("%s%c\033[0m", looks[cell].escape, looks[cell].letter);
	else
		putchar(looks[cell].letter);
}

static void print_cells(const struct strip *strip, __u64 from, __u64 to,
			bool color)
{
	int last = -1;

	for (__u64 i = from; i < to; i++) {
		if (color && strip->cells[i] != last)
			printf("%s%s", last < 0 ? "" : "\033[0m",
			       looks[strip->cells[i]].escape);
		last = strip->cells[i];
		putchar(looks[last].letter);
	}
	if (color && last >= 0)
		fputs("\033[0m", stdout);
}

/* "  memdev0 (id): 0-3", what of the window each device has */
static void print_owners(const struct map *map, const struct strip *strip)
{
	__u64 first = 0;

	for (__u64 i = 1; i <= strip->count; i++) {
		const int owner = strip->owners[first];
		char *title, *blocks;

		if (i < strip->count && strip->owners[i] == owner)
			continue;
		if (owner >= 0) {
			title = dev_title(&map->devs.v[owner]);
			blocks = blocks_add(NULL, first, i - first);
			printf("  %s: %s\n", title, blocks);
			free(title);
			free(blocks);
		}
		first = i;
	}
}

static void print_strip(const struct map *map, const struct strip *strip,
			unsigned int width, bool color)
{
	char *size = size_human(strip->count * strip->block_size);
	char *block_size = size_human(strip->block_size);
	unsigned int label, cells;
	char text[32];

	printf("window%u", strip->window->index);
	if (strip->dev) {
		char *title = dev_title(strip->dev);

		printf(", %s", title);
		free(title);
	}
	printf(": %s, %llu block%s of %s\n", size, strip->count,
	       strip->count == 1 ? "" : "s", block_size);
	free(size);
	free(block_size);

	/* The address in front of a line, or the number of its first block */
	if (strip->has_address)
		label = snprintf(text, sizeof(text), "  0x%llx  ",
				 strip->address +
				 strip->count * strip->block_size);
	else
		label = snprintf(text, sizeof(text), "  %llu  ",
				 strip->count);
	if (width < label + 8)
		label = 0;
	cells = width > label ? width - label : 1;
	/* Lines that begin at round numbers are easier to count */
	if (cells > 8)
		cells -= cells % 8;
	for (__u64 i = 0; i < strip->count; i += cells) {
		const __u64 to = i + cells < strip->count ? i + cells :
				    strip->count;

		if (strip->has_address)
			snprintf(text, sizeof(text), "0x%llx",
				 strip->address + i * strip->block_size);
		else
			snprintf(text, sizeof(text), "%llu", i);
		if (label)
			printf("%*s  ", (int)label - 2, text);
		print_cells(strip, i, to, color);
		putchar('\n');
	}
	if (!strip->dev)
		print_owners(map, strip);
	putchar('\n');
}

static void print_legend(unsigned int width, bool color)
{
	unsigned int at = 0;

	for (size_t i = 0; i < NR_LOOKS; i++) {
		const struct look *look = &looks[look_order[i]];
		const unsigned int len = strlen(look->name) + 2;

		if (at && at + 3 + len > width) {
			putchar('\n');
			at = 0;
		}
		if (at) {
			fputs("   ", stdout);
			at += 3;
		}
		print_letter(look_order[i], color);
		printf(" %s", look->name);
		at += len;
	}
	putchar('\n');
}

static bool use_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR");

	if (!strcmp(when, "always"))
		return true;
	if (!strcmp(when, "never"))
		return false;
	return is_terminal(STDOUT_FILENO) && !(no_color && *no_color);
}

int cmd_map(const struct call *call)
{
	const char *when = call->value[OPT_COLOR];
	const unsigned int width = terminal_width();
	struct map map = { 0 };
	__u32 index;
	bool color;
	int rc;

	if (!when)
		when = call->set[OPT_COLOR] ? "always" : "auto";
	if (strcmp(when, "always") && strcmp(when, "never") &&
	    strcmp(when, "auto"))
		return usage_error(call, "--color is always, never or auto, not '%s'",
				   when);
	for (int i = 0; i < call->argc; i++)
		if (number_parse(call->argv[i], "window", &index))
			return usage_error(call, "'%s' is no window",
					   call->argv[i]);
	color = use_color(when);
	rc = map_read(call, &map);
	if (!rc && call->set[OPT_SVG]) {
		rc = svg_write(&map, call->value[OPT_SVG]);
	} else if (!rc) {
		for (size_t i = 0; i < map.nr_strips; i++)
			print_strip(&map, &map.strips[i], width, color);
		print_legend(width, color);
	}
	map_free(&map);
	return rc;
}
