/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel prints a u64 with %llx. The library's own u64 is a long, which
 * would cause a warning for every such format and hide real mistakes.
 */
#ifndef _MEMDEV_TEST_LINUX_TYPES_H
#define _MEMDEV_TEST_LINUX_TYPES_H

#define u64 tools_u64
#define s64 tools_s64
#include_next <linux/types.h>
#undef u64
#undef s64

typedef unsigned long long u64;
typedef long long s64;

#endif /* _MEMDEV_TEST_LINUX_TYPES_H */
