// SPDX-License-Identifier: GPL-2.0
/*
 * Texts that tell users why a request was refused.
 */
#include <linux/kernel.h>

#include "reason.h"

/**
 * memdev_size_text() - format a size as users write it
 * @text: where to put the text
 * @size: the size in bytes
 *
 * The unit is the largest one that divides the size: 1G, 896M, 1536K, 4095.
 *
 * Return: @text.
 */
const char *memdev_size_text(char text[MEMDEV_SIZE_LEN], u64 size)
{
	static const char units[][2] = { "", "K", "M", "G", "T", "P", "E" };
	unsigned int unit = 0;

	for (; size && size % 1024 == 0; size >>= 10)
		unit++;
	snprintf(text, MEMDEV_SIZE_LEN, "%llu%s", size, units[unit]);
	return text;
}

__printf(2, 0)
static void memdev_reason_set(struct memdev_reason *why, const char *fmt,
			      va_list args)
{
	why->about = MEMDEV_ABOUT_NOTHING;
	why->at_block = false;
	vscnprintf(why->text, sizeof(why->text), fmt, args);
}

/**
 * memdev_refuse_about() - record which part of a request is at fault, and why
 * @why: where to put the reason, or NULL
 * @about: the part of the request that is at fault
 * @rc: negative errno
 * @fmt: format of the reason, without a newline
 *
 * Return: @rc.
 */
int memdev_refuse_about(struct memdev_reason *why, enum memdev_about about,
			int rc, const char *fmt, ...)
{
	va_list args;

	if (why) {
		va_start(args, fmt);
		memdev_reason_set(why, fmt, args);
		va_end(args);
		why->about = about;
	}
	return rc;
}

/**
 * memdev_refuse_block() - record for which block a request is refused, and why
 * @why: where to put the reason, or NULL
 * @block: number of the block
 * @rc: negative errno
 * @fmt: format of the reason, without a newline
 *
 * Return: @rc.
 */
int memdev_refuse_block(struct memdev_reason *why, unsigned int block, int rc,
			const char *fmt, ...)
{
	va_list args;

	if (why) {
		va_start(args, fmt);
		memdev_reason_set(why, fmt, args);
		va_end(args);
		why->at_block = true;
		why->block = block;
	}
	return rc;
}
