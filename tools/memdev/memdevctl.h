/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of memdevctl share.
 */
#ifndef MEMDEVCTL_H
#define MEMDEVCTL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit statuses; the last as of chmem(8) */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PART = 64,
};

#define __printf(a, b)	__attribute((format(printf, a, b)))

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Every option that a command has, by what getopt_long() returns */
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
	OPT_COLOR,
	OPT_SVG,
	OPT_PROMETHEUS,
	OPT_COMPLETION,
	OPT_BLOCK,
	OPT_PAGE,
	OPT_ERRNO,
	OPT_DELAY,
	OPT_NTH,
	OPT_EVERY,
	OPT_TIMES,
	OPT_CHANCE,
	OPT_SEED,
	OPT_HELP,
	OPT_COUNT,
};

struct opt {
	enum opt_id id;
	int letter;		/* 0: it has none */
	const char *name;
	const char *arg;	/* NULL: it takes none; [ARG]: it may */
	const char *choices;	/* what the argument can be, or NULL */
	const char *help;
};

struct cmd;

/* A command as the user wrote it */
struct call {
	const struct cmd *cmd;
	bool set[OPT_COUNT];
	const char *value[OPT_COUNT];
	int argc;
	char **argv;
};

struct column;

struct cmd {
	const char *name;	/* one word, or two */
	const char *args;
	const char *help;
	const char *text;	/* more of it, or NULL */
	const char *complete;	/* what arguments name: device, window... */
	int min, max;		/* arguments; max -1: any number */
	int (*run)(const struct call *call);
	const struct column *columns;
	size_t nr_columns;
	unsigned int opts;	/* 1 << enum opt_id */
};

#define OPT(id)		(1U << OPT_##id)
#define OPTS_TABLE	(OPT(JSON) | OPT(RAW) | OPT(PAIRS) | OPT(NOHEADINGS) | \
			 OPT(OUTPUT) | OPT(OUTPUT_ALL) | OPT(BYTES))

/* --- util.c --------------------------------------------------------------- */

void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
__printf(1, 2)
char *xasprintf(const char *format, ...);

/* A line on standard error, after "memdevctl: " */
__printf(1, 2)
void complain(const char *format, ...);
/* That, and where help is; returns EXIT_USAGE. */
__printf(2, 3)
int usage_error(const struct call *call, const char *format, ...);

int bytes_parse(const char *text, __u64 *bytes);
int number_parse(const char *text, const char *prefix, __u32 *nr);
/* These complain, and return 0 or EXIT_USAGE. */
int size_argument(const struct call *call, const char *text, bool zero,
		  __u64 *bytes);

/* What is returned is the caller's, to be freed. */
char *size_human(__u64 bytes);	/* 1.9G, as lsmem has it */
char *size_exact(__u64 bytes);	/* 1920M, nothing is lost */
char *blocks_add(char *list, __u32 first, __u32 count);

void json_string(FILE *f, const char *s);
/* Flush f; complains of what could not be written. */
int output_done(FILE *f, const char *name);

/* Ctrl-C and its like end a wait, see nl_call_wait(). */
void interrupt_catch(void);
bool interrupted(void);
/* Waits; false if the time passed. Returns at once if interrupted. */
bool wait_readable(int fd, int ms);
__u64 now_ms(void);
/* Of a kind that takes colours and lines that are wiped out. */
bool is_terminal(int fd);

/* --- main.c --------------------------------------------------------------- */

extern const struct cmd commands[];
extern const size_t nr_commands;
extern const struct opt options[];
extern const size_t nr_options;

void command_help(FILE *f, const struct cmd *cmd);

/* --- the commands --------------------------------------------------------- */

int cmd_list(const struct call *call);
int cmd_show(const struct call *call);
int cmd_create(const struct call *call);
int cmd_destroy(const struct call *call);
int cmd_plug(const struct call *call);
int cmd_unplug(const struct call *call);
int cmd_resize(const struct call *call);
int cmd_set(const struct call *call);
int cmd_window_list(const struct call *call);
int cmd_window_add(const struct call *call);
int cmd_window_del(const struct call *call);
int cmd_fault_list(const struct call *call);
int cmd_fault_add(const struct call *call);
int cmd_fault_del(const struct call *call);
int cmd_fault_poison(const struct call *call);
int cmd_map(const struct call *call);
int cmd_monitor(const struct call *call);
int cmd_stat(const struct call *call);
int cmd_help(const struct call *call);
int cmd_version(const struct call *call);

/* help.c */
void print_commands(FILE *f);
void print_completion(FILE *f);
const struct cmd *command_find(int argc, char **argv, int *words);

#endif /* MEMDEVCTL_H */
