/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why something was refused, in words.
 */
#ifndef _MEMDEV_REASON_H
#define _MEMDEV_REASON_H

#include <linux/compiler.h>

#define MEMDEV_REASON_LEN 192

/**
 * struct memdev_reason - why something was refused
 * @text: one line without a newline, empty where nothing was refused
 */
struct memdev_reason {
	char text[MEMDEV_REASON_LEN];
};

__printf(3, 4)
int memdev_refuse(struct memdev_reason *why, int rc, const char *fmt, ...);

#endif /* _MEMDEV_REASON_H */
