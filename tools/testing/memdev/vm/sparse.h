/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read by sparse before each source: sparse 0.6.4 does not know two constructs
 * that the headers of Linux 7.3 use.
 */

/* Qualifiers stay; at worst sparse warns of an assignment to a const object. */
#define __typeof_unqual__(x) __typeof__(x)

/* Of an array, a constant: MODULE_INFO() compares it in a static_assert(). */
#define __builtin_strlen(s)						\
	__builtin_choose_expr(						\
		__builtin_types_compatible_p(__typeof__(s), char[sizeof(s)]), \
		sizeof(s) - 1, (__builtin_strlen)(s))
