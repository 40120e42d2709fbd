/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands and their arguments.
 */
#ifndef MEMDEVCTL_ARGS_H
#define MEMDEVCTL_ARGS_H

#include <assert.h>

#include "util.h"

enum opt_id {
	OPT_JSON,
	OPT_RAW,
	OPT_PAIRS,
	OPT_NOHEADINGS,
	OPT_OUTPUT,
	OPT_OUTPUT_ALL,
	OPT_BYTES,
	OPT_FORMAT,
	OPT_ID,
	OPT_KIND,
	OPT_WINDOW,
	OPT_ADDR,
	OPT_ALIGN,
	OPT_NODE,
	OPT_SLOT,
	OPT_START,
	OPT_WAIT,
	OPT_TIMEOUT,
	OPT_WATCH,
	OPT_COLOR,
	OPT_SVG,
	OPT_PROMETHEUS,
	OPT_BLOCK,
	OPT_BLOCKS,
	OPT_TYPE,
	OPT_PAGE,
	OPT_ERRNO,
	OPT_DELAY,
	OPT_NTH,
	OPT_EVERY,
	OPT_TIMES,
	OPT_CHANCE,
	OPT_SEED,
	OPT_DRY_RUN,
	OPT_ALL,
	OPT_EVENT,
	OPT_INPUT,
	OPT_VERBOSE,
	OPT_HELP,
	OPT_COUNT,
};

static_assert(OPT_COUNT <= 64, "a mask has 64 bits");

#define OPT(id)		(1ULL << OPT_##id)
/* Options of every command */
#define OPTS_COMMON	(OPT(VERBOSE) | OPT(HELP))
/* Options that select a table's contents, and all table options */
#define OPTS_FORMAT	(OPT(JSON) | OPT(RAW) | OPT(PAIRS) | OPT(OUTPUT) | \
			 OPT(OUTPUT_ALL))
#define OPTS_TABLE	(OPTS_FORMAT | OPT(NOHEADINGS) | OPT(BYTES))

/* Options that select devices */
#define OPTS_SELECT	(OPT(WINDOW) | OPT(NODE))

struct call;
struct column;

/**
 * struct cmd - a command
 * @name: one or two words
 * @args: synopsis of the arguments
 * @help: one-line summary
 * @text: detailed help, or NULL
 * @example: a command line without "memdevctl"
 * @min: minimum number of arguments
 * @max: maximum number of arguments, -1 for no limit
 * @run: run the command and return an exit status
 * @columns: columns of the output table, ended by a nameless one, or NULL
 * @empty: what a terminal shows if there is nothing to list, or NULL
 * @opts: mask of the accepted options, see OPT()
 */
struct cmd {
	const char *name;
	const char *args;
	const char *help;
	const char *text;
	const char *example;
	int min, max;
	int (*run)(const struct call *call);
	const struct column *columns;
	const char *empty;
	__u64 opts;
};

/**
 * struct call - a parsed command line
 * @cmd: the command
 * @set: mask of the options on the command line, see OPT()
 * @value: the value of each option, or NULL
 * @argc: number of arguments
 * @argv: the arguments without options
 * @where: the line of a file, FILE:LINE, whose words are parsed instead
 */
struct call {
	const struct cmd *cmd;
	__u64 set;
	const char *value[OPT_COUNT];
	int argc;
	char **argv;
	const char *where;
};

/* Print an error and where to find help. Returns EXIT_USAGE. */
__printf(2, 3)
int usage_error(const struct call *call, const char *format, ...);
/* Print an error that says itself what is allowed. Returns EXIT_USAGE. */
__printf(2, 3)
int value_error(const struct call *call, const char *format, ...);

/**
 * struct guess - the known word that is most like an unknown one
 * @text: the unknown word
 * @len: its length
 * @prefix: what stands before the words in a message, or NULL
 * @best: the known word, or NULL if none is like it
 * @best_len: its length
 * @distance: between the two
 */
struct guess {
	const char *text;
	size_t len;
	const char *prefix;
	const char *best;
	size_t best_len;
	unsigned int distance;
};

/* Compare the unknown word with a known one. */
void guess_word(struct guess *guess, const char *word, size_t len);
/* "unknown WHAT 'TEXT', did you mean 'BEST'?" Returns EXIT_USAGE. */
int unknown_error(const struct call *call, const char *what,
		  const struct guess *guess);

/* What to print if the list is empty, or NULL if the reader is a program */
const char *empty_text(const struct call *call);

/*
 * Parse an argument or print a usage error. Return 0 or EXIT_USAGE. @words are those
 * that the caller accepts instead of a size, or NULL.
 */
int size_argument(const struct call *call, const char *name, const char *words,
		  const char *text, bool zero, __u64 *bytes);
int window_argument(const struct call *call, const char *text, __u32 *index);

#endif /* MEMDEVCTL_ARGS_H */
