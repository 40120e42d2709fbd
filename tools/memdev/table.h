/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables, printed by libsmartcols.
 */
#ifndef MEMDEVCTL_TABLE_H
#define MEMDEVCTL_TABLE_H

#include "args.h"

enum column_type {
	COL_TEXT,
	COL_SIZE,		/* 1G; bytes in JSON and with -b */
	COL_NUMBER,
	COL_BOOL,
	COL_SECONDS,		/* from nanoseconds */
};

#define COL_DEFAULT	1U	/* shown unless others are selected */
#define COL_BLOCKS	2U	/* needs the list of blocks */

struct column {
	const char *name;
	enum column_type type;
	unsigned int flags;
	const char *help;
};

/* The value of a column: a string, which the table frees, or a number */
struct cell {
	bool present;
	char *text;
	__u64 number;
};

typedef void (*cell_fn)(const void *item, const struct column *column,
			struct cell *cell);

struct libscols_table;

struct table {
	struct libscols_table *scols;
	const struct column **columns;
	size_t nr_columns;
	const char *empty;	/* what to print instead of an empty table */
	bool bytes;
};

/*
 * Parse the options of a table or print a usage error. Returns 0 or EXIT_USAGE.
 * all: show all columns unless the user selects some.
 */
int table_open(struct table *table, const struct call *call, const char *name,
	       bool all);
bool table_wants_blocks(const struct table *table);
void table_add(struct table *table, cell_fn get, const void *item);
/* Print the table and free it. Returns 0 or EXIT_FAILED. */
int table_close(struct table *table);

void cell_set_text(struct cell *cell, const char *text);
void columns_help(FILE *f, const struct cmd *cmd);

#endif /* MEMDEVCTL_TABLE_H */
