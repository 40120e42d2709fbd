// SPDX-License-Identifier: GPL-2.0
/*
 * Tables, printed by libsmartcols.
 */
#include <err.h>
#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table.h"

void columns_help(FILE *f, const struct cmd *cmd)
{
	for (const struct column *column = cmd->columns; column->name; column++)
		fprintf(f, "  %-13s %s\n", column->name, column->help);
}

static const struct column *column_find(const struct cmd *cmd,
					const char *name, size_t len)
{
	for (const struct column *column = cmd->columns; column->name; column++)
		if (strlen(column->name) == len &&
		    !strncasecmp(column->name, name, len))
			return column;
	return NULL;
}

static void select_column(struct table *table, const struct column *column)
{
	table->columns = xrealloc(table->columns, (table->nr_columns + 1) *
				  sizeof(*table->columns));
	table->columns[table->nr_columns++] = column;
}

static int column_error(const struct call *call, const char *name, size_t len)
{
	struct guess guess = { .text = name, .len = len };

	for (const struct column *column = call->cmd->columns; column->name;
	     column++)
		guess_word(&guess, column->name, strlen(column->name));
	return unknown_error(call, "column", &guess);
}

/* Select the columns of a list "COL,COL,...". */
static int select_named(struct table *table, const struct call *call,
			const char *list)
{
	const struct column *column;
	size_t len;

	do {
		len = strcspn(list, ",");
		column = column_find(call->cmd, list, len);
		if (!column)
			return column_error(call, list, len);
		select_column(table, column);
		list += len;
	} while (*list++);
	return EXIT_DONE;
}

static int select_columns(struct table *table, const struct call *call,
			  bool all)
{
	const struct column *column = call->cmd->columns;
	const char *list = call->value[OPT_OUTPUT];

	if (call->set & OPT(OUTPUT_ALL)) {
		list = NULL;
		all = true;
	}
	if (!list || *list == '+')
		for (; column->name; column++)
			if (all || column->flags & COL_DEFAULT)
				select_column(table, column);
	if (!list)
		return EXIT_DONE;
	return select_named(table, call, list + (*list == '+'));
}

static void out_of_memory(void)
{
	warnx("out of memory");
	exit(EXIT_FAILED);
}

static void add_column(struct table *table, const struct column *column,
		       bool json)
{
	struct libscols_column *cl;
	int flags = 0, type = SCOLS_JSON_STRING;

	if (column->type != COL_TEXT && column->type != COL_BOOL)
		flags |= SCOLS_FL_RIGHT;
	cl = scols_table_new_column(table->scols, column->name, 0, flags);
	if (!cl)
		out_of_memory();
	if (!json)
		return;
	switch (column->type) {
	case COL_TEXT:
		break;
	case COL_SIZE:
	case COL_NUMBER:
	case COL_SECONDS:
		type = SCOLS_JSON_NUMBER;
		break;
	case COL_BOOL:
		type = SCOLS_JSON_BOOLEAN;
		break;
	}
	scols_column_set_json_type(cl, type);
}

int table_open(struct table *table, const struct call *call, const char *name,
	       bool all)
{
	const __u64 kinds = call->set & (OPT(JSON) | OPT(RAW) |
						OPT(PAIRS));
	const bool json = call->set & OPT(JSON);
	int rc;

	memset(table, 0, sizeof(*table));
	if (kinds & (kinds - 1))
		return value_error(call, "--json, --raw and --pairs are mutually exclusive");
	rc = select_columns(table, call, all);
	if (rc) {
		free(table->columns);
		return rc;
	}
	table->empty = kinds ? NULL : empty_text(call);
	table->bytes = json || call->set & OPT(BYTES);
	table->scols = scols_new_table();
	if (!table->scols)
		out_of_memory();
	scols_table_set_name(table->scols, name);
	scols_table_enable_json(table->scols, json);
	scols_table_enable_raw(table->scols, !!(call->set & OPT(RAW)));
	scols_table_enable_export(table->scols, !!(call->set & OPT(PAIRS)));
	scols_table_enable_noheadings(table->scols,
				      !!(call->set & OPT(NOHEADINGS)));
	for (size_t i = 0; i < table->nr_columns; i++)
		add_column(table, table->columns[i], json);
	return EXIT_DONE;
}

bool table_wants_blocks(const struct table *table)
{
	for (size_t i = 0; i < table->nr_columns; i++)
		if (table->columns[i]->flags & COL_BLOCKS)
			return true;
	return false;
}

void cell_set_text(struct cell *cell, const char *text)
{
	cell->present = text && *text;
	if (cell->present)
		cell->text = xstrdup(text);
}

/* The caller frees the result. */
static char *cell_format(const struct column *column, struct cell *cell,
			 bool bytes)
{
	if (!cell->present)
		return NULL;
	switch (column->type) {
	case COL_TEXT:
		return cell->text;
	case COL_BOOL:
		return xstrdup(cell->number ? "1" : "0");
	case COL_SECONDS:
		return xasprintf("%llu.%03llu",
				 cell->number / 1000000000,
				 cell->number / 1000000 % 1000);
	case COL_SIZE:
		if (!bytes)
			return size_human(cell->number);
		break;
	case COL_NUMBER:
		break;
	}
	return xasprintf("%llu", cell->number);
}

void table_add(struct table *table, cell_fn get, const void *item)
{
	struct libscols_line *line;

	line = scols_table_new_line(table->scols, NULL);
	for (size_t i = 0; line && i < table->nr_columns; i++) {
		struct cell cell = { .present = true };
		char *text;

		get(item, table->columns[i], &cell);
		text = cell_format(table->columns[i], &cell, table->bytes);
		/* libsmartcols frees the text. */
		if (text && scols_line_refer_data(line, i, text))
			line = NULL;
	}
	if (!line)
		out_of_memory();
}

int table_close(struct table *table)
{
	int rc;

	/* Programs want an empty table, too: in JSON, it is an empty array. */
	if (table->empty && !scols_table_get_nlines(table->scols))
		rc = puts(table->empty) < 0 ? -EIO : 0;
	else
		rc = scols_print_table(table->scols);
	scols_unref_table(table->scols);
	free(table->columns);
	if (rc < 0) {
		warnx("standard output: %s", strerror(-rc));
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}
