/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Texts that tell users why a request was refused.
 */
#ifndef _MEMDEV_REASON_H
#define _MEMDEV_REASON_H

#include <linux/compiler.h>
#include <linux/types.h>

#define MEMDEV_REASON_LEN 192

/* U64_MAX in decimal, a unit and a NUL */
#define MEMDEV_SIZE_LEN 22

/* Format a size as users write it, for a "%s" in a reason */
#define MEMDEV_SIZE(size) \
	memdev_size_text((char [MEMDEV_SIZE_LEN]) {}, size)

/**
 * enum memdev_about - the part of a request that is at fault
 * @MEMDEV_ABOUT_NOTHING: no single part
 * @MEMDEV_ABOUT_SIZE: the size
 * @MEMDEV_ABOUT_ADDRESS: the physical address
 * @MEMDEV_ABOUT_ALIGN: the alignment
 * @MEMDEV_ABOUT_SLOT: the slot
 * @MEMDEV_ABOUT_NODE: the NUMA node
 * @MEMDEV_ABOUT_WINDOW: the window
 * @MEMDEV_ABOUT_KIND: the kind of a device
 * @MEMDEV_ABOUT_ID: the id of a device
 * @MEMDEV_ABOUT_REQUESTED: the requested size of a device
 * @MEMDEV_ABOUT_MEMMAP: memmap_on_memory of a device
 * @NR_MEMDEV_ABOUT: number of values
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
	NR_MEMDEV_ABOUT
};

/**
 * struct memdev_reason - why a request was refused
 * @text: one line without a newline; after a success a warning, or empty
 * @about: the part of the request that is at fault
 * @at_block: the request was refused for @block
 * @block: number of a block, counted from the start of the region
 * @asked: bytes that the operation was asked to plug or unplug
 * @done: bytes that the operation has plugged or unplugged
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
__printf(4, 5)
int memdev_refuse_about(struct memdev_reason *why, enum memdev_about about,
			int rc, const char *fmt, ...);
__printf(4, 5)
int memdev_refuse_block(struct memdev_reason *why, unsigned int block, int rc,
			const char *fmt, ...);

/**
 * memdev_refuse() - record why a request is refused
 * @why: where to put the reason, or NULL
 * @rc: negative errno
 * @...: format of the reason, without a newline, and its arguments
 *
 * Return: @rc.
 */
#define memdev_refuse(why, rc, ...) \
	memdev_refuse_about(why, MEMDEV_ABOUT_NOTHING, rc, __VA_ARGS__)

#endif /* _MEMDEV_REASON_H */
