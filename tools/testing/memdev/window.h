/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A window for tests, and expectations on its allocator.
 */
#ifndef _MEMDEV_TEST_WINDOW_H
#define _MEMDEV_TEST_WINDOW_H

#include <linux/bits.h>

#include "../../../drivers/memdev/alloc.h"
#include "unit.h"

#define SHIFT	27
#define BLOCK	BIT_ULL(SHIFT)
#define START	0x140000000ULL

#define NO_WINDOW	"there is no window: create one by writing to /sys/bus/memdev/new_window"

/* A window with its maps and inserted regions */
struct window {
	struct memdev_alloc a;
	struct memdev_region *regions;
	unsigned int nr_regions;
};

void window_init(struct window *w, u64 start, u64 size, unsigned int shift,
		 unsigned int nr_regions);
void window_free(struct window *w);

/* Return a static window of @blocks blocks at START, for up to 16 regions. */
struct window *window(u64 blocks);

/* Insert a region at an address without asking the allocator for a place. */
struct memdev_region *add(struct window *w, const char *id, u64 start, u64 size,
			  int slot);

/* Insert a region without a slot: @nr blocks, @first blocks after START. */
struct memdev_region *add_blocks(struct window *w, const char *id, u64 first,
				 u64 nr);

/* Format a text; it is valid until the next call. */
__printf(1, 2)
const char *text(const char *fmt, ...);

/* EXPECT_FIT(address, window, members of the request...) */
#define EXPECT_FIT(addr_, w, ...)					\
	expect_fit(__FILE__, __LINE__, (w), (addr_),			\
		   (struct memdev_alloc_request){ __VA_ARGS__ })

/* EXPECT_SLOT(slot, window, requested slot) */
#define EXPECT_SLOT(got_, w, slot_)					\
	EXPECT_INT(got_, EXPECT_FIT(START, (w), .align = BLOCK,		\
				    .size = BLOCK, .want_slot = true,	\
				    .slot = (slot_)).slot)

/* EXPECT_REFUSAL(errno, text, window or NULL, members of the request...) */
#define EXPECT_REFUSAL(rc_, text_, w, ...)				\
	expect_refusal(__FILE__, __LINE__, (w), (rc_), (text_),		\
		       (struct memdev_alloc_request){ __VA_ARGS__ })

struct memdev_region expect_fit(const char *file, int line,
				const struct window *w, u64 addr,
				struct memdev_alloc_request req);
void expect_refusal(const char *file, int line, const struct window *w, int rc,
		    const char *text, struct memdev_alloc_request req);

#endif /* _MEMDEV_TEST_WINDOW_H */
