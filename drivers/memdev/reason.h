/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why something was refused, in words.
 */
#ifndef _MEMDEV_REASON_H
#define _MEMDEV_REASON_H

#include <linux/compiler.h>
#include <linux/types.h>

#define MEMDEV_REASON_LEN 192

/* U64_MAX in decimal, and a unit */
#define MEMDEV_SIZE_LEN 22

/* A size for the "%s" of a reason, in the notation that users write it in */
#define MEMDEV_SIZE(size) \
	memdev_size_text((char [MEMDEV_SIZE_LEN]) {}, size)

/**
 * enum memdev_about - what of a request is at fault
 * @MEMDEV_ABOUT_NOTHING: nothing that was asked for by itself
 * @MEMDEV_ABOUT_SIZE: a size
 * @MEMDEV_ABOUT_ADDRESS: a physical address
 * @MEMDEV_ABOUT_ALIGN: an alignment
 * @MEMDEV_ABOUT_SLOT: a slot
 * @MEMDEV_ABOUT_NODE: a NUMA node
 * @MEMDEV_ABOUT_WINDOW: a window
 * @MEMDEV_ABOUT_KIND: a kind of devices
 * @MEMDEV_ABOUT_ID: a name
 * @MEMDEV_ABOUT_REQUESTED: a size to follow in the background
 * @MEMDEV_ABOUT_MEMMAP: where the memmap shall be
 * @MEMDEV_ABOUT_INDEX: the number of a rule
 * @MEMDEV_ABOUT_BLOCK: a memory block
 * @MEMDEV_ABOUT_PAGE: a page of a block
 * @MEMDEV_ABOUT_ERRNO: an error to fail with
 * @MEMDEV_ABOUT_DELAY: a time to wait
 * @MEMDEV_ABOUT_CHANCE: a probability
 * @NR_MEMDEV_ABOUT: how many they are
 */
enum memdev_about {
	MEMDEV_ABOUT_NOTHING,
	MEMDEV_ABOUT_SIZE,
	MEMDEV_ABOUT_ADDRESS,
	MEMDEV_ABOUT_ALIGN,
	MEMDEV_ABOUT_SLOT,
	MEMDEV_ABOUT_NODE,
	MEMDEV_ABOUT_WINDOW,
	MEMDEV_ABOUT_KIND,
	MEMDEV_ABOUT_ID,
	MEMDEV_ABOUT_REQUESTED,
	MEMDEV_ABOUT_MEMMAP,
	MEMDEV_ABOUT_INDEX,
	MEMDEV_ABOUT_BLOCK,
	MEMDEV_ABOUT_PAGE,
	MEMDEV_ABOUT_ERRNO,
	MEMDEV_ABOUT_DELAY,
	MEMDEV_ABOUT_CHANCE,
	NR_MEMDEV_ABOUT
};

/**
 * struct memdev_reason - why something was refused
 * @text: one line without a newline, empty where nothing was refused; of an
 *	  operation that succeeded what there is to remark
 * @about: what of the request is at fault
 * @at_block: it is a memory block that refused
 * @block: which one, counted from the start of the region; if @at_block
 * @asked: bytes that the operation was to plug or unplug
 * @done: bytes of it that came or went all the same
 */
struct memdev_reason {
	char text[MEMDEV_REASON_LEN];
	enum memdev_about about;
	bool at_block;
	unsigned int block;
	u64 asked;
	u64 done;
};

const char *memdev_size_text(char text[MEMDEV_SIZE_LEN], u64 size);
__printf(3, 4)
int memdev_refuse(struct memdev_reason *why, int rc, const char *fmt, ...);
__printf(4, 5)
int memdev_refuse_about(struct memdev_reason *why, enum memdev_about about,
			int rc, const char *fmt, ...);
__printf(4, 5)
int memdev_refuse_block(struct memdev_reason *why, unsigned int block, int rc,
			const char *fmt, ...);

#endif /* _MEMDEV_REASON_H */
