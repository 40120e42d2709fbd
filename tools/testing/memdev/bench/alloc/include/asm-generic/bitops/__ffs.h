/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The library's generic __ffs() takes six steps; the kernel on x86 uses an
 * instruction. With the generic one the search would seem a third slower.
 */
#ifndef _MEMDEV_BENCH___FFS_H
#define _MEMDEV_BENCH___FFS_H

static __always_inline unsigned int __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

#endif /* _MEMDEV_BENCH___FFS_H */
