/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of memdevctl.
 *
 * A source file may only call functions of files on a lower line:
 *
 *   main
 *   complete
 *   commands
 *   blocks create set window plug online fault show stats map monitor dump save restore doctor
 *   list svg map_json conf doctor_kernel doctor_memory doctor_devices
 *   request strip qemu memory watch findings
 *   table nl
 *   record
 *   nl_print
 *   nl_parse names args wait file replace
 *   nl_gen util
 */
#ifndef MEMDEVCTL_H
#define MEMDEVCTL_H

#include "table.h"

struct opt {
	enum opt_id id;
	int letter;		/* short option, or 0 */
	const char *name;
	const char *arg;	/* NULL: no argument; [ARG]: an optional one */
	const char *help;
};

extern const struct opt options[OPT_COUNT];

/*
 * Find the command that the arguments start with, and set *words to the number
 * of words in its name. If there is none, return NULL, and set *words to 1 if
 * only the second word is missing or wrong, else to 0.
 */
const struct cmd *command_find(int argc, char **argv, int *words);
/* Iterate over the commands, beginning after NULL. */
const struct cmd *command_next(const struct cmd *cmd);
/* Print that there is no such command. Returns EXIT_USAGE. */
int command_error(const struct call *call, int argc, char **argv);
void commands_help(FILE *f);
/* Print help for each two-word command whose first word is this one. */
void group_help(const char *word);
void command_help(FILE *f, const struct cmd *cmd);

/*
 * Print the words that can complete the last argument, one per line, and :file
 * if it can be the name of a file.
 */
void complete(int argc, char **argv);

extern const struct column dev_columns[], window_columns[];
extern const struct column block_columns[], fault_columns[], stat_columns[];
extern const struct column doctor_columns[];

int cmd_list(const struct call *call);
int cmd_show(const struct call *call);
int cmd_blocks(const struct call *call);
int cmd_create(const struct call *call);
int cmd_destroy(const struct call *call);
int cmd_plug(const struct call *call);
int cmd_unplug(const struct call *call);
int cmd_resize(const struct call *call);
int cmd_ensure(const struct call *call);
int cmd_wait(const struct call *call);
int cmd_online(const struct call *call);
int cmd_offline(const struct call *call);
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
int cmd_dump(const struct call *call);
int cmd_save(const struct call *call);
int cmd_restore(const struct call *call);
int cmd_doctor(const struct call *call);
int cmd_help(const struct call *call);
int cmd_version(const struct call *call);

#endif /* MEMDEVCTL_H */
