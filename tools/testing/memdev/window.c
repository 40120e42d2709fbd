// SPDX-License-Identifier: GPL-2.0
/*
 * A window for tests, and expectations on its allocator.
 */
#include <fnmatch.h>
#include <linux/bitmap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"

const char *text(const char *fmt, ...)
{
	static char buf[MEMDEV_REASON_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	return buf;
}

static void *zalloc_or_die(size_t nr, size_t size)
{
	void *p = calloc(nr ? nr : 1, size);

	if (!p) {
		perror("calloc");
		exit(2);
	}
	return p;
}

void window_init(struct window *w, u64 start, u64 size, unsigned int shift,
		 unsigned int nr_regions)
{
	memdev_alloc_init(&w->a, start, size, shift,
			  zalloc_or_die(BITS_TO_LONGS(size >> shift),
					sizeof(long)),
			  zalloc_or_die(BITS_TO_LONGS(MEMDEV_SLOTS_MAX),
					sizeof(long)));
	w->regions = zalloc_or_die(nr_regions, sizeof(*w->regions));
	w->nr_regions = 0;
}

void window_free(struct window *w)
{
	free(w->a.map);
	free(w->a.slots);
	free(w->regions);
}

struct window *window(u64 blocks)
{
	static struct window w;

	window_init(&w, START, blocks * BLOCK, SHIFT, 16);
	return &w;
}

struct memdev_region *add(struct window *w, const char *id, u64 start, u64 size,
			  int slot)
{
	struct memdev_region *r = &w->regions[w->nr_regions++];

	r->start = start;
	r->size = size;
	r->slot = slot;
	r->id = id;
	memdev_alloc_insert(&w->a, r);
	return r;
}

struct memdev_region *add_blocks(struct window *w, const char *id, u64 first,
				 u64 nr)
{
	return add(w, id, START + first * BLOCK, nr * BLOCK, MEMDEV_SLOT_NONE);
}

struct memdev_region expect_fit(const char *file, int line,
				const struct window *w, u64 addr,
				struct memdev_alloc_request req)
{
	struct memdev_region r = { .id = "mine" };
	struct memdev_reason why = { .text = "untouched" };
	int rc;

	rc = memdev_alloc_fit(&w->a, &req, &r, &why);
	if (rc)
		unit_fail(file, line, "refused: %d, \"%s\"", rc, why.text);
	else if (r.start != addr)
		unit_fail(file, line, "at 0x%llx, not 0x%llx", r.start, addr);
	else if (r.size != req.size)
		unit_fail(file, line, "size 0x%llx, not 0x%llx", r.size,
			  req.size);
	else if (!req.want_slot && r.slot != MEMDEV_SLOT_NONE)
		unit_fail(file, line, "took slot %d, none was requested", r.slot);
	else if (strcmp(why.text, "untouched") || strcmp(r.id, "mine"))
		unit_fail(file, line, "wrote \"%s\", \"%s\"", why.text, r.id);
	return r;
}

/* Which part of the request a refusal blames */
static enum memdev_about about(const char *text)
{
	static const struct {
		const char *pattern;
		enum memdev_about about;
	} refusals[] = {
		{ "slot *", MEMDEV_ABOUT_SLOT },
		{ "alignment *", MEMDEV_ABOUT_ALIGN },
		{ "address *", MEMDEV_ABOUT_ADDRESS },
		{ "* is outside the window: *", MEMDEV_ABOUT_ADDRESS },
		{ "* is taken by device *", MEMDEV_ABOUT_ADDRESS },
		{ "* is too big for the window", MEMDEV_ABOUT_SIZE },
		{ "* is too much: *", MEMDEV_ABOUT_SIZE },
		{ "no free range of *", MEMDEV_ABOUT_SIZE },
		{ "* is not a multiple of *", MEMDEV_ABOUT_SIZE },
		{ "a memory device needs a size", MEMDEV_ABOUT_SIZE },
	};
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		if (!fnmatch(refusals[i].pattern, text, 0))
			return refusals[i].about;
	}
	return MEMDEV_ABOUT_NOTHING;
}

void expect_refusal(const char *file, int line, const struct window *w, int rc,
		    const char *text, struct memdev_alloc_request req)
{
	struct memdev_region r = { .id = "mine" };
	/* The refusal has to overwrite these. */
	struct memdev_reason why = {
		.about = NR_MEMDEV_ABOUT, .at_block = true,
	};
	int got;

	got = memdev_alloc_fit(w ? &w->a : NULL, &req, &r, &why);
	if (got != rc)
		unit_fail(file, line, "%d, not %d: \"%s\"", got, rc, why.text);
	if (strcmp(why.text, text))
		unit_fail(file, line, "\"%s\", not \"%s\"", why.text, text);
	if (why.about != about(text) || why.at_block)
		unit_fail(file, line, "\"%s\" is about %d, not %d%s", why.text,
			  why.about, about(text),
			  why.at_block ? ", and names a block" : "");
}
