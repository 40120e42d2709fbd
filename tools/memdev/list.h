/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices as rows of a table.
 */
#ifndef MEMDEVCTL_LIST_H
#define MEMDEVCTL_LIST_H

#include "nl.h"
#include "table.h"

/* A device and, for each state, a list of blocks such as "0-3,6" or NULL */
struct dev_row {
	const struct dev *dev;
	char *blocks[NR_BLOCK_STATES];
};

void dev_row_fill(struct dev_row *row, const struct dev *dev,
		  const struct block_runs *runs);
void dev_row_free(struct dev_row *row);

/* Add the devices to the table and print it. Returns 0 or EXIT_FAILED. */
int devs_print(struct nl *nl, const struct devs *devs, struct table *table);

#endif /* MEMDEVCTL_LIST_H */
