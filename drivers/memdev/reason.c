// SPDX-License-Identifier: GPL-2.0
/*
 * Telling users why not.
 */
#include <linux/kernel.h>

#include "reason.h"

/**
 * memdev_refuse() - note why something is refused
 * @why: where to put it, or NULL
 * @rc: negative errno
 * @fmt: the reason, no newline
 *
 * Return: @rc.
 */
int memdev_refuse(struct memdev_reason *why, int rc, const char *fmt, ...)
{
	va_list args;

	if (why) {
		va_start(args, fmt);
		vscnprintf(why->text, sizeof(why->text), fmt, args);
		va_end(args);
	}
	return rc;
}
