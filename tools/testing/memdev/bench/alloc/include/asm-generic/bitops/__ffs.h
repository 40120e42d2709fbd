/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The library finds a bit of a word by halves, in six steps; the kernel's x86
 * has an instruction for it. A search that does little else would be measured
 * a third too slow.
 */
#ifndef _MEMDEV_BENCH___FFS_H
#define _MEMDEV_BENCH___FFS_H

static __always_inline unsigned int __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

#endif /* _MEMDEV_BENCH___FFS_H */
