/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Report test results in TAP. The allocator's benchmark uses the EXPECT macros
 * with its own unit_fail().
 */
#ifndef _MEMDEV_TEST_UNIT_H
#define _MEMDEV_TEST_UNIT_H

#include <linux/compiler.h>
#include <linux/types.h>

#define U64_MAX	(~0ULL)

/* A test and its name in the results */
struct unit_test {
	void (*run)(void);
	const char *name;
};

/* Report a failed expectation; the test continues. */
__printf(3, 4)
void unit_fail(const char *file, int line, const char *fmt, ...);

/* Start a test; report its result under a name. */
void unit_begin(void);
__printf(1, 2)
void unit_end(const char *fmt, ...);

void unit_run(const struct unit_test *tests, unsigned int nr);

/* Print the plan; return the exit status. */
int unit_finish(void);

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

/* A null pointer fails the test instead of crashing it. */
#define EXPECT_STR(want, got)						\
do {									\
	const char *_want = (want), *_got = (got);			\
									\
	if (strcmp(_want, _got ? _got : "(null)"))			\
		unit_fail(__FILE__, __LINE__, "%s: \"%s\", not \"%s\"",	\
			  #got, _got ? _got : "(null)", _want);		\
} while (0)

#endif /* _MEMDEV_TEST_UNIT_H */
