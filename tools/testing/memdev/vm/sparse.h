/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sparse reads this before each source: sparse 0.6.4 does not support two
 * constructs in the headers of Linux 7.3.
 */

/* This keeps qualifiers, so sparse may warn about assignments to const. */
#define __typeof_unqual__(x) __typeof__(x)

/* A static_assert() in MODULE_INFO() needs a constant for an array. */
#define __builtin_strlen(s)						\
	__builtin_choose_expr(						\
		__builtin_types_compatible_p(__typeof__(s), char[sizeof(s)]), \
		sizeof(s) - 1, (__builtin_strlen)(s))
