// SPDX-License-Identifier: GPL-2.0
/*
 * Parse the command line and run the command.
 */
#include <ctype.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "memdevctl.h"
#include "nl.h"
#include "table.h"

/* The text of an option starts with its two hyphens. */
static int option_error(const struct call *call, const char *text)
{
	struct guess guess = {
		.text = text + 2,
		.len = strcspn(text + 2, "="),
		.prefix = "--",
	};

	for (size_t i = 0; i < OPT_COUNT; i++)
		if ((call->cmd->opts | OPTS_COMMON) & 1ULL << i)
			guess_word(&guess, options[i].name,
				   strlen(options[i].name));
	return unknown_error(call, "option", &guess);
}

static int parse_options(struct call *call, int argc, char **argv)
{
	struct option longs[OPT_COUNT + 1] = { 0 };
	/* The ':' makes getopt_long() report a missing argument. */
	char shorts[2 * OPT_COUNT + 2] = ":";
	size_t n = 0, len = 1;
	int c;

	for (size_t i = 0; i < OPT_COUNT; i++) {
		const struct opt *opt = &options[i];

		if (!((call->cmd->opts | OPTS_COMMON) & 1ULL << opt->id))
			continue;
		longs[n].name = opt->name;
		longs[n].has_arg = !opt->arg ? no_argument :
			*opt->arg == '[' ? optional_argument :
			required_argument;
		longs[n++].val = 256 + opt->id;
		if (!opt->letter)
			continue;
		shorts[len++] = opt->letter;
		if (opt->arg)
			shorts[len++] = ':';
		shorts[len] = '\0';
	}

	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		enum opt_id id = OPT_COUNT;

		if (c == ':')
			return usage_error(call, "option %s requires an argument",
					   argv[optind - 1]);
		if (c == '?' && optopt >= 256)
			return usage_error(call, "option %s takes no argument",
					   argv[optind - 1]);
		if (c == '?' && isdigit(optopt))
			return usage_error(call,
					   "unknown option -%c: sizes and numbers cannot be negative",
					   optopt);
		if (c == '?' && optopt)
			return usage_error(call, "unknown option -%c", optopt);
		if (c == '?')
			return option_error(call, argv[optind - 1]);
		if (c >= 256)
			id = c - 256;
		for (size_t i = 0; i < OPT_COUNT; i++)
			if (options[i].letter == c)
				id = options[i].id;
		call->set |= 1ULL << id;
		call->value[id] = optarg;
	}
	call->argc = argc - optind;
	call->argv = argv + optind;
	return EXIT_DONE;
}

static bool is_help(const char *text)
{
	return !strcmp(text, "-h") || !strcmp(text, "--help");
}

static int run(struct call *call, int argc, char **argv)
{
	const struct cmd *cmd = call->cmd;
	int rc;

	rc = parse_options(call, argc, argv);
	if (rc)
		return rc;
	if (call->set & OPT(HELP)) {
		command_help(stdout, cmd);
		return EXIT_DONE;
	}
	if (call->set & OPT(OUTPUT) && !strcmp(call->value[OPT_OUTPUT], "help")) {
		columns_help(stdout, cmd);
		return EXIT_DONE;
	}
	if (call->argc < cmd->min)
		return usage_error(call, "missing argument: expected %s",
				   cmd->args);
	if (cmd->max >= 0 && call->argc > cmd->max)
		return usage_error(call, "unexpected argument '%s'",
				   call->argv[cmd->max]);
	verbose = call->set & OPT(VERBOSE);
	nl_input = call->value[OPT_INPUT];
	return cmd->run(call);
}

static int run_command(struct call *call, int argc, char **argv)
{
	int words;

	if (argv[1][0] == '-')
		return usage_error(NULL, "unknown option %s", argv[1]);
	call->cmd = command_find(argc - 1, argv + 1, &words);
	if (call->cmd)
		return run(call, argc - words, argv + words);
	if (words && argc == 2)
		return value_error(NULL, "incomplete command '%s', see 'memdevctl help %s'",
				   argv[1], argv[1]);
	if (words && is_help(argv[2])) {
		group_help(argv[1]);
		return EXIT_DONE;
	}
	return command_error(NULL, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	struct call call = { 0 };
	int rc = EXIT_DONE, out;

	setlocale(LC_ALL, "");
	/* Report a closed pipe as a write error. */
	signal(SIGPIPE, SIG_IGN);

	if (argc < 2) {
		commands_help(stderr);
		return EXIT_USAGE;
	}
	if (is_help(argv[1]))
		commands_help(stdout);
	else if (!strcmp(argv[1], "__complete"))
		complete(argc - 2, argv + 2);
	else if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))
		cmd_version(&call);
	else
		rc = run_command(&call, argc, argv);
	out = output_flush(stdout, "standard output");
	return rc ? rc : out;
}
