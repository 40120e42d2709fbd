// SPDX-License-Identifier: GPL-2.0
/*
 * map --svg: the map as a picture.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "svg.h"

#define MARGIN		16
#define WIDTH		1024	/* maximum width of a row's cells */
#define CELL_MAX	24	/* maximum width of a cell */
#define CELL_LETTER	14	/* minimum width of a cell with a letter */
#define CELL_GRID	4	/* minimum width of a cell with a border */
#define LINE		20	/* height of a line of text */
#define DEVICES_MAX	24	/* maximum number of devices below a window */

struct layout {
	unsigned int columns;
	unsigned int rows;
	unsigned int cell;
	unsigned int devices;	/* number of listed devices */
	bool more;		/* some devices are not listed */
};

static void xml_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		default:
			fputc(*text, f);
		}
	}
}

/* Fold the strip to about twice as many columns as rows. */
static void lay_out(const struct strip *strip, struct layout *layout)
{
	unsigned int columns = 32;

	memset(layout, 0, sizeof(*layout));
	while ((__u64)columns * columns < 2 * strip->count)
		columns += 16;
	layout->columns = columns;
	layout->rows = (strip->count + columns - 1) / columns;
	layout->cell = WIDTH / columns;
	if (layout->cell > CELL_MAX)
		layout->cell = CELL_MAX;
	if (!layout->cell)
		layout->cell = 1;
	for (__u64 i = 0; i < strip->count; i = strip_owner_end(strip, i)) {
		if (strip->owners[i] < 0)
			continue;
		if (layout->devices < DEVICES_MAX)
			layout->devices++;
		else
			layout->more = true;
	}
}

static unsigned int layout_height(const struct layout *layout)
{
	return LINE + layout->rows * layout->cell + 6 +
		LINE * (layout->devices + layout->more) + LINE;
}

/* Draw blocks of the same row, type and owner. */
static void draw_run(FILE *f, const struct map *map, const struct strip *strip,
		     const struct layout *layout, unsigned int top,
		     __u64 first, __u64 end)
{
	const struct cell_style *style = &cell_styles[strip->cells[first]];
	const unsigned int x = MARGIN + first % layout->columns * layout->cell;
	const unsigned int y = top + first / layout->columns * layout->cell;
	char *blocks, *title;

	blocks = blocks_add(NULL, first, end - first);
	title = strip->owners[first] < 0 ? xstrdup("") :
		strip_owner_title(map, strip, first);
	fprintf(f,
		"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\"><title>",
		x, y, (unsigned int)(end - first) * layout->cell, layout->cell,
		style->fill);
	xml_text(f, title);
	fprintf(f, "%s%s: %s</title></rect>\n", *title ? " " : "", blocks,
		style->name);
	free(blocks);
	free(title);
	if (layout->cell < CELL_LETTER)
		return;
	for (__u64 i = first; i < end; i++)
		fprintf(f, "<text x=\"%u\" y=\"%u\" class=\"c\" fill=\"%s\">%c</text>\n",
			x + (unsigned int)(i - first) * layout->cell +
			layout->cell / 2, y + layout->cell / 2 + 4, style->ink,
			style->letter);
}

static void draw_cells(FILE *f, const struct map *map,
		       const struct strip *strip, const struct layout *layout,
		       unsigned int top)
{
	__u64 first = 0;

	for (__u64 i = 1; i <= strip->count; i++) {
		if (i < strip->count && i % layout->columns &&
		    strip->cells[i] == strip->cells[first] &&
		    strip->owners[i] == strip->owners[first])
			continue;
		draw_run(f, map, strip, layout, top, first, i);
		first = i;
	}
}

/* Draw white lines between the cells. */
static void draw_grid(FILE *f, const struct strip *strip,
		      const struct layout *layout, unsigned int top)
{
	const unsigned int width = layout->cell *
		(strip->count < layout->columns ? (unsigned int)strip->count :
		 layout->columns);
	const unsigned int height = layout->rows * layout->cell;

	if (layout->cell < CELL_GRID)
		return;
	fprintf(f, "<path stroke=\"#ffffff\" stroke-width=\"1\" fill=\"none\" d=\"");
	for (unsigned int x = 0; x <= width; x += layout->cell)
		fprintf(f, "M%u %uv%u", MARGIN + x, top, height);
	for (unsigned int y = 0; y <= height; y += layout->cell)
		fprintf(f, "M%u %uh%u", MARGIN, top + y, width);
	fputs("\"/>\n", f);
}

/* Draw a dark bar at the first block of each device. */
static void draw_starts(FILE *f, const struct strip *strip,
			const struct layout *layout, unsigned int top)
{
	for (__u64 i = 0; i < strip->count; i = strip_owner_end(strip, i)) {
		if (strip->owners[i] < 0)
			continue;
		fprintf(f,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"#000000\"/>\n",
			MARGIN + (unsigned int)(i % layout->columns) *
			layout->cell,
			top + (unsigned int)(i / layout->columns) *
			layout->cell, layout->cell >= CELL_LETTER ? 3 : 1,
			layout->cell);
	}
}

static unsigned int draw_strip(FILE *f, const struct map *map,
			       const struct strip *strip, unsigned int y)
{
	char *title = strip_title(strip);
	unsigned int listed = 0;
	struct layout layout;

	lay_out(strip, &layout);
	fprintf(f, "<text x=\"%d\" y=\"%u\" class=\"h\">", MARGIN, y + 14);
	xml_text(f, title);
	free(title);
	if (strip->has_address)
		fprintf(f, ", 0x%llx-0x%llx", strip->address,
			strip->address + strip->count * strip->block_size - 1);
	fputs("</text>\n", f);

	y += LINE;
	draw_cells(f, map, strip, &layout, y);
	draw_grid(f, strip, &layout, y);
	draw_starts(f, strip, &layout, y);
	y += layout.rows * layout.cell + 6;
	for (__u64 i = 0; i < strip->count; i = strip_owner_end(strip, i)) {
		char *blocks;

		if (strip->owners[i] < 0)
			continue;
		if (listed++ >= layout.devices)
			break;
		title = strip_owner_title(map, strip, i);
		blocks = blocks_add(NULL, i, strip_owner_end(strip, i) - i);
		fprintf(f, "<text x=\"%d\" y=\"%u\">", MARGIN, y + 14);
		xml_text(f, title);
		fprintf(f, ": %s</text>\n", blocks);
		free(title);
		free(blocks);
		y += LINE;
	}
	if (layout.more) {
		fprintf(f, "<text x=\"%d\" y=\"%u\">and more</text>\n",
			MARGIN, y + 14);
		y += LINE;
	}
	return y + LINE;
}

static void draw_legend(FILE *f, unsigned int y)
{
	unsigned int x = MARGIN;

	for (size_t i = 0; i < NR_CELL_TYPES; i++) {
		const struct cell_style *style = &cell_styles[legend_order[i]];

		fprintf(f,
			"<rect x=\"%u\" y=\"%u\" width=\"18\" height=\"18\" fill=\"%s\"/><text x=\"%u\" y=\"%u\" class=\"c\" fill=\"%s\">%c</text><text x=\"%u\" y=\"%u\">%s</text>\n",
			x, y, style->fill, x + 9, y + 13, style->ink,
			style->letter, x + 24, y + 13, style->name);
		x += 40 + 7 * strlen(style->name);
	}
}

static void draw(FILE *f, const struct map *map)
{
	unsigned int width = 0, height = MARGIN, y = MARGIN;

	for (size_t i = 0; i < map->nr_strips; i++) {
		struct layout layout;

		lay_out(&map->strips[i], &layout);
		height += layout_height(&layout);
		if (layout.columns * layout.cell > width)
			width = layout.columns * layout.cell;
	}
	/* The legend needs this width. */
	if (width < 800)
		width = 800;
	width += 2 * MARGIN;
	height += 18 + MARGIN;
	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n"
		"<style>text{font:12px sans-serif}.h{font-weight:bold}.c{text-anchor:middle;font-family:monospace}</style>\n"
		"<rect width=\"%u\" height=\"%u\" fill=\"#ffffff\"/>\n",
		width, height, width, height, width, height);
	for (size_t i = 0; i < map->nr_strips; i++)
		y = draw_strip(f, map, &map->strips[i], y);
	draw_legend(f, y);
	fputs("</svg>\n", f);
}

int svg_write(const struct map *map, const char *name)
{
	FILE *f;
	int rc;

	if (!strcmp(name, "-")) {
		draw(stdout, map);
		return EXIT_DONE;
	}
	f = fopen(name, "w");
	if (!f) {
		warn("%s", name);
		return EXIT_FAILED;
	}
	draw(f, map);
	rc = output_flush(f, name);
	if (fclose(f) && !rc) {
		warn("%s", name);
		rc = EXIT_FAILED;
	}
	return rc;
}
