// SPDX-License-Identifier: GPL-2.0
/*
 * Help, and the completion for bash, out of the tables of main.c.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* Sets words to those of its name; to 1 also if a second one is missing. */
const struct cmd *command_find(int argc, char **argv, int *words)
{
	*words = 0;
	for (size_t i = 0; i < nr_commands; i++) {
		const char *name = commands[i].name;
		const char *second = strchr(name, ' ');
		const size_t len = strcspn(name, " ");

		if (strlen(argv[0]) != len || strncmp(argv[0], name, len))
			continue;
		*words = 1;
		if (!second)
			return &commands[i];
		if (argc < 2 || strcmp(argv[1], second + 1))
			continue;
		*words = 2;
		return &commands[i];
	}
	return NULL;
}

void print_commands(FILE *f)
{
	fputs("Usage: memdevctl COMMAND [OPTION]... [ARGUMENT]...\n\n"
	      "Manage hot-pluggable memory devices.\n\n", f);
	for (size_t i = 0; i < nr_commands; i++) {
		const struct cmd *cmd = &commands[i];
		char *usage = xasprintf("%s %s", cmd->name, cmd->args);

		fprintf(f, "  %-24s %s\n", usage, cmd->help);
		free(usage);
	}
	fputs("\nDEV is a device's name (memdev0), number (0) or id. SIZE takes K, M, G, T, P, E.\n"
	      "'memdevctl help COMMAND' tells more of a command, memdevctl(8) of everything.\n",
	      f);
}

void command_help(FILE *f, const struct cmd *cmd)
{
	fprintf(f, "Usage: memdevctl %s [OPTION]...%s%s\n\n%c%s.\n",
		cmd->name, *cmd->args ? " " : "", cmd->args,
		toupper((unsigned char)cmd->help[0]), cmd->help + 1);
	if (cmd->text)
		fprintf(f, "\n%s\n", cmd->text);
	fputs("\nOptions:\n", f);
	for (size_t i = 0; i < nr_options; i++) {
		const struct opt *opt = &options[i];
		char *name, letter[8] = "    ";

		if (!(cmd->opts & 1U << opt->id) && opt->id != OPT_HELP)
			continue;
		if (opt->letter)
			snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
		if (!opt->arg)
			name = xstrdup(opt->name);
		else if (*opt->arg == '[')
			name = xasprintf("%s[=%.*s]", opt->name,
					 (int)strlen(opt->arg) - 2,
					 opt->arg + 1);
		else
			name = xasprintf("%s %s", opt->name, opt->arg);
		fprintf(f, "  %s--%-16s %s\n", letter, name, opt->help);
		free(name);
	}
	if (cmd->opts & 1U << OPT_OUTPUT) {
		fputs("\nColumns:\n", f);
		columns_help(f, cmd);
	}
}

int cmd_help(const struct call *call)
{
	const struct cmd *cmd;
	int words;

	if (call->set[OPT_COMPLETION]) {
		print_completion(stdout);
		return EXIT_DONE;
	}
	if (!call->argc) {
		print_commands(stdout);
		return EXIT_DONE;
	}
	cmd = command_find(call->argc, call->argv, &words);
	if (cmd && words == call->argc) {
		command_help(stdout, cmd);
		return EXIT_DONE;
	}
	/* "help window": all that begin so */
	if (!cmd && words && call->argc == 1) {
		for (size_t i = 0; i < nr_commands; i++) {
			const size_t len = strlen(call->argv[0]);

			if (strncmp(commands[i].name, call->argv[0], len))
				continue;
			if (words++ > 1)
				putchar('\n');
			command_help(stdout, &commands[i]);
		}
		return EXIT_DONE;
	}
	return usage_error(call, "unknown command '%s%s%s'", call->argv[0],
			   call->argc > 1 ? " " : "",
			   call->argc > 1 ? call->argv[1] : "");
}

/* --- completion ----------------------------------------------------------- */

/* The first words of commands, or the second ones of those that have two */
static void print_words(FILE *f, const char *first)
{
	const char *last = "", *between = "";

	for (size_t i = 0; i < nr_commands; i++) {
		const char *name = commands[i].name;
		const size_t len = strcspn(name, " ");

		if (first && (strlen(first) != len ||
			      strncmp(name, first, len)))
			continue;
		if (!first && !strncmp(name, last, len) && *last)
			continue;
		fprintf(f, "%s%.*s", between,
			(int)(first ? strlen(name + len + 1) : len),
			first ? name + len + 1 : name);
		between = " ";
		last = strchr(name, ' ') ? name : "";
	}
}

static void print_options(FILE *f, const struct cmd *cmd)
{
	for (size_t i = 0; i < nr_options; i++) {
		const struct opt *opt = &options[i];

		if (!(cmd->opts & 1U << opt->id) && opt->id != OPT_HELP)
			continue;
		if (opt->letter)
			fprintf(f, "-%c ", opt->letter);
		fprintf(f, "--%s%s", opt->name,
			opt->id == OPT_HELP ? "" : " ");
	}
}

static void print_columns(FILE *f, const struct cmd *cmd)
{
	for (size_t i = 0; i < cmd->nr_columns; i++)
		fprintf(f, "%s%s", i ? " " : "", cmd->columns[i].name);
}

static void print_group(FILE *f)
{
	const char *last = "";

	for (size_t i = 0; i < nr_commands; i++) {
		const char *name = commands[i].name;
		const size_t len = strcspn(name, " ");
		char *first;

		if (!name[len] || !strncmp(last, name, len))
			continue;
		first = xasprintf("%.*s", (int)len, name);
		fprintf(f, "\t%s)\n\t\tif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
			"\t\t\twords='", first);
		print_words(f, first);
		fputs("'\n\t\t\tcmd=\n\t\telse\n"
		      "\t\t\tcmd=\"$cmd ${COMP_WORDS[2]}\"\n\t\tfi\n\t\t;;\n",
		      f);
		free(first);
		last = name;
	}
}

void print_completion(FILE *f)
{
	fputs("# bash completion for memdevctl\n"
	      "# Made by \"memdevctl help --completion\".\n\n"
	      "_memdevctl()\n{\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	      "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal cmd=${COMP_WORDS[1]} words='' what='' columns=''\n\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W '", f);
	print_words(f, NULL);
	fputs("' -- \"$cur\")\n\t\treturn\n\tfi\n"
	      "\t[ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "\t[ \"$cur\" != = ] || cur=\n"
	      "\tcase $cmd in\n", f);
	print_group(f);
	fputs("\tesac\n\tcase $cmd in\n", f);
	for (size_t i = 0; i < nr_commands; i++) {
		const struct cmd *cmd = &commands[i];

		fprintf(f, "\t'%s')\n\t\twords='", cmd->name);
		print_options(f, cmd);
		fputs("'\n", f);
		if (cmd->complete)
			fprintf(f, "\t\twhat='%s'\n", cmd->complete);
		if (cmd->opts & 1U << OPT_OUTPUT) {
			fputs("\t\tcolumns='", f);
			print_columns(f, cmd);
			fputs("'\n", f);
		}
		fputs("\t\t;;\n", f);
	}
	fputs("\tesac\n\tcase $prev in\n", f);
	for (size_t i = 0; i < nr_options; i++) {
		const struct opt *opt = &options[i];

		if (!opt->arg)
			continue;
		fputc('\t', f);
		if (opt->letter)
			fprintf(f, "-%c|", opt->letter);
		fprintf(f, "--%s)\n", opt->name);
		if (opt->choices)
			fprintf(f, "\t\twords='%s' what=''\n", opt->choices);
		else if (opt->id == OPT_OUTPUT)
			fputs("\t\twords=$columns what=''\n", f);
		else if (opt->id == OPT_WINDOW)
			fputs("\t\twords='' what=window\n", f);
		else if (opt->id == OPT_SVG)
			fputs("\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
			      "\t\treturn\n", f);
		else
			fputs("\t\twords='' what=''\n", f);
		fputs("\t\t;;\n", f);
	}
	fputs("\tesac\n"
	      "\tcase $what in\n"
	      "\tdevice*)\n"
	      "\t\twords=\"$words ${what#device} $(memdevctl list -rno DEVICE 2>/dev/null)\"\n"
	      "\t\twords=\"$words $(memdevctl list -rno ID 2>/dev/null)\"\n"
	      "\t\t;;\n"
	      "\twindow)\n"
	      "\t\twords=\"$words $(memdevctl window list -rno WINDOW 2>/dev/null)\"\n"
	      "\t\t;;\n"
	      "\tcommand)\n"
	      "\t\twords=\"$words ", f);
	print_words(f, NULL);
	fputs("\"\n\t\t;;\n"
	      "\tesac\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	      "\t[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace\n"
	      "}\n\ncomplete -F _memdevctl memdevctl\n", f);
}
