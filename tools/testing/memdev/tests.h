/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MEMDEV_TEST_TESTS_H
#define _MEMDEV_TEST_TESTS_H

#include <linux/types.h>

void vector_tests(void);
void placement_tests(void);
void accounting_tests(void);
void model_tests(u64 seed);

#endif /* _MEMDEV_TEST_TESTS_H */
