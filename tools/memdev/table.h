/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listings, by libsmartcols.
 */
#ifndef MEMDEVCTL_TABLE_H
#define MEMDEVCTL_TABLE_H

#include "memdevctl.h"

enum column_type {
	COL_TEXT,
	COL_SIZE,		/* 1G; a number of bytes in JSON and with -b */
	COL_NUMBER,
	COL_BOOL,
	COL_SECONDS,		/* of nanoseconds */
};

struct column {
	const char *name;
	enum column_type type;
	bool usual;		/* shown unless others are asked for */
	bool blocks;		/* is about blocks, which take a call more */
	const char *help;
};

/* What to show: a text, which will be freed, or a number; or nothing */
struct cell {
	bool there;
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
	bool bytes;
};

/*
 * Reads the options. Returns 0 or an exit status. all: show all columns, unless
 * the user names some.
 */
int table_open(struct table *table, const struct call *call, const char *name,
	       bool all);
bool table_wants_blocks(const struct table *table);
void table_add(struct table *table, cell_fn get, const void *item);
/* Prints it and frees it. Returns 0 or an exit status. */
int table_close(struct table *table);

/* What is shown of a cell, to be freed, or NULL */
char *cell_show(const struct column *column, struct cell *cell, bool bytes);

void columns_help(FILE *f, const struct cmd *cmd);

#endif /* MEMDEVCTL_TABLE_H */
