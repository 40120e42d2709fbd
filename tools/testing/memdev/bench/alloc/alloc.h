/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cases of the allocator's benchmark.
 */
#ifndef _MEMDEV_BENCH_ALLOC_H
#define _MEMDEV_BENCH_ALLOC_H

void packed_cases(void);
void worst_cases(void);
void churn_cases(void);

#endif /* _MEMDEV_BENCH_ALLOC_H */
