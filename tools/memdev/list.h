/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices and windows as rows of a table.
 */
#ifndef MEMDEVCTL_DEV_H
#define MEMDEVCTL_DEV_H

#include "nl.h"
#include "table.h"

/* A device and, where they are wanted, its blocks by state: "0-3,6" or NULL */
struct dev_row {
	const struct dev *dev;
	char *blocks[NR_BLOCK_STATES];
};

#define NR_DEV_COLUMNS		30
extern const struct column dev_columns[NR_DEV_COLUMNS];
void dev_cell(const void *item, const struct column *column,
	      struct cell *cell);
void dev_row_fill(struct dev_row *row, const struct dev *dev,
		  const struct runs *runs);
void dev_row_free(struct dev_row *row);

/* Adds each device to the table and prints it. 0 or an exit status */
int devs_print(struct nl *nl, const struct devs *devs, struct table *table);

#define NR_WINDOW_COLUMNS	10
extern const struct column window_columns[NR_WINDOW_COLUMNS];
void window_cell(const void *item, const struct column *column,
		 struct cell *cell);

#define NR_STAT_COLUMNS		8
extern const struct column stat_columns[NR_STAT_COLUMNS];

#define NR_FAULT_COLUMNS	13
extern const struct column fault_columns[NR_FAULT_COLUMNS];

/* memory34 (0x110000000), or block 2 where no address is known */
char *refusal_block(const struct refusal *refusal);
/* block memory34 (0x110000000) refused: it has pages... */
char *refusal_words(const struct refusal *refusal);

/* qemu.c */
int qemu_format(const struct call *call, bool *qmp);
int qemu_devices(struct devs *devs, bool qmp);
int qemu_summary(const struct devs *devs, bool qmp);

#endif /* MEMDEVCTL_DEV_H */
