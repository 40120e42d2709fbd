// SPDX-License-Identifier: GPL-2.0
/*
 * map: a letter for each block.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memdevctl.h"
#include "map_json.h"
#include "svg.h"
#include "watch.h"

static unsigned int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	__u32 width;

	/* COLUMNS takes precedence, as in lsmem. */
	if (columns && !number_parse(columns, "", &width) && width)
		return width;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 80;
}

static void print_letter(unsigned char cell, bool color)
{
	if (color)
		printf("%s%c\033[0m", cell_styles[cell].escape,
		       cell_styles[cell].letter);
	else
		putchar(cell_styles[cell].letter);
}

static void print_cells(const struct strip *strip, __u64 from, __u64 to,
			bool color)
{
	int last = -1;

	for (__u64 i = from; i < to; i++) {
		if (color && strip->cells[i] != last)
			printf("%s%s", last < 0 ? "" : "\033[0m",
			       cell_styles[strip->cells[i]].escape);
		last = strip->cells[i];
		putchar(cell_styles[last].letter);
	}
	if (color && last >= 0)
		fputs("\033[0m", stdout);
}

/* Print "  memdev0 (id): 0-3" for each device. */
static void print_owners(const struct map *map, const struct strip *strip)
{
	__u64 end;

	for (__u64 i = 0; i < strip->count; i = end) {
		char *title, *blocks;

		end = strip_owner_end(strip, i);
		if (strip->owners[i] < 0)
			continue;
		title = strip_owner_title(map, strip, i);
		blocks = blocks_add(NULL, i, end - i);
		printf("  %s: %s\n", title, blocks);
		free(title);
		free(blocks);
	}
}

static void print_strip(const struct map *map, const struct strip *strip,
			unsigned int width, bool color)
{
	char *title = strip_title(strip);
	unsigned int label, cells;
	char text[32];

	puts(title);
	free(title);

	/* A row starts with the address or the number of its first block. */
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
	/* Blocks are easier to count in rows of a multiple of 8. */
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

	for (size_t i = 0; i < NR_CELL_TYPES; i++) {
		const struct cell_style *style = &cell_styles[legend_order[i]];
		const unsigned int len = strlen(style->name) + 2;

		if (at && at + 3 + len > width) {
			putchar('\n');
			at = 0;
		}
		if (at) {
			fputs("   ", stdout);
			at += 3;
		}
		print_letter(legend_order[i], color);
		printf(" %s", style->name);
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

static int map_run(const struct call *call)
{
	const char *when = call->value[OPT_COLOR];
	const unsigned int width = terminal_width();
	struct map map = { 0 };
	__u32 index;
	bool color;
	int rc;

	if (call->set & OPT(SVG) && call->set & (OPT(JSON) | OPT(WATCH)))
		return usage_error(call, "--svg excludes --json and --watch");
	if (!when)
		when = call->set & OPT(COLOR) ? "always" : "auto";
	if (strcmp(when, "always") && strcmp(when, "never") &&
	    strcmp(when, "auto"))
		return value_error(call, "invalid --color '%s': expected always, never or auto",
				   when);
	for (int i = 0; i < call->argc; i++) {
		rc = window_argument(call, call->argv[i], &index);
		if (rc)
			return rc;
	}
	color = use_color(when);
	rc = map_read(call, &map);
	if (!rc && call->set & OPT(SVG)) {
		rc = svg_write(&map, call->value[OPT_SVG]);
	} else if (!rc && call->set & OPT(JSON)) {
		map_json(call, &map);
	} else if (!rc) {
		for (size_t i = 0; i < map.nr_strips; i++)
			print_strip(&map, &map.strips[i], width, color);
		if (!map.nr_strips && empty_text(call))
			puts(empty_text(call));
		else
			print_legend(width, color);
	}
	map_free(&map);
	return rc;
}

int cmd_map(const struct call *call)
{
	return watch_run(call, map_run);
}
