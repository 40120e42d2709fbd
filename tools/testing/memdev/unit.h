/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the allocator share.
 */
#ifndef _MEMDEV_TEST_UNIT_H
#define _MEMDEV_TEST_UNIT_H

#include <linux/compiler.h>
#include <linux/types.h>

#define U64_MAX	(~0ULL)

/* A test goes on after something was not as expected, and fails. */
__printf(3, 4)
void unit_fail(const char *file, int line, const char *fmt, ...);

/* A test is one line of TAP: between the two is what it expects. */
void unit_begin(void);
__printf(1, 2)
void unit_end(const char *fmt, ...);

#define EXPECT_INT(want, got)						\
do {									\
	long long _want = (want), _got = (got);				\
									\
	if (_want != _got)						\
		unit_fail(__FILE__, __LINE__, "%s: %lld, not %lld",	\
			  #got, _got, _want);				\
} while (0)

#define EXPECT_HEX(want, got)						\
do {									\
	u64 _want = (want), _got = (got);				\
									\
	if (_want != _got)						\
		unit_fail(__FILE__, __LINE__, "%s: 0x%llx, not 0x%llx",	\
			  #got, _got, _want);				\
} while (0)

/* Also a null pointer is told, not followed. */
#define EXPECT_STR(want, got)						\
do {									\
	const char *_want = (want), *_got = (got);			\
									\
	if (strcmp(_want, _got ? _got : "(null)"))			\
		unit_fail(__FILE__, __LINE__, "%s: \"%s\", not \"%s\"",	\
			  #got, _got ? _got : "(null)", _want);		\
} while (0)

void vector_tests(void);
void place_tests(void);
void books_tests(void);
void model_tests(u64 seed);

#endif /* _MEMDEV_TEST_UNIT_H */
