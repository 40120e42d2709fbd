// SPDX-License-Identifier: GPL-2.0
/*
 * memdevctl: what ethtool is for network devices, for memory devices.
 *
 * The two tables here are what the tool parses its arguments by, and what its
 * help and its completion are made of.
 */
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"

const struct opt options[] = {
	{ OPT_JSON, 'J', "json", NULL, NULL, "print JSON" },
	{ OPT_RAW, 'r', "raw", NULL, NULL,
	  "print columns as they are, one space apart" },
	{ OPT_PAIRS, 'P', "pairs", NULL, NULL, "print NAME=\"value\" pairs" },
	{ OPT_NOHEADINGS, 'n', "noheadings", NULL, NULL, "print no headings" },
	{ OPT_OUTPUT, 'o', "output", "COLS", NULL,
	  "print these columns; +COLS: them besides the usual ones" },
	{ OPT_OUTPUT_ALL, 0, "output-all", NULL, NULL, "print all columns" },
	{ OPT_BYTES, 'b', "bytes", NULL, NULL, "print sizes in bytes" },
	{ OPT_FORMAT, 0, "format", "FORMAT", "hmp qmp",
	  "print what QEMU's monitor prints, for people or for programs" },
	{ OPT_ID, 0, "id", "NAME", NULL, "name of the device" },
	{ OPT_KIND, 0, "kind", "KIND", "virtio-mem dimm",
	  "virtio-mem (default) or dimm" },
	{ OPT_WINDOW, 0, "window", "WINDOW", NULL, "window to make it in" },
	{ OPT_ADDR, 0, "addr", "ADDR", NULL, "physical address of its region" },
	{ OPT_ALIGN, 0, "align", "SIZE", NULL, "alignment of its region" },
	{ OPT_NODE, 0, "node", "NODE", NULL, "NUMA node of the memory" },
	{ OPT_SLOT, 0, "slot", "SLOT", NULL, "slot of a dimm" },
	{ OPT_START, 0, "start", "ADDR", NULL,
	  "physical address of RAM that was reserved at boot" },
	{ OPT_WAIT, 'w', "wait", NULL, NULL, "wait until the device has that size" },
	{ OPT_COLOR, 0, "color", "[WHEN]", "always never auto",
	  "use colours: always, never, or on a terminal (auto, default)" },
	{ OPT_SVG, 0, "svg", "FILE", NULL,
	  "draw a picture into a file; -: standard output" },
	{ OPT_PROMETHEUS, 0, "prometheus", NULL, NULL,
	  "print metrics in Prometheus' text format" },
	{ OPT_COMPLETION, 0, "completion", NULL, NULL,
	  "print the completion for bash" },
	{ OPT_BLOCK, 0, "block", "N", NULL,
	  "block of the device, counted from 0" },
	{ OPT_PAGE, 0, "page", "N", NULL,
	  "page of the block, counted from 0; a free one" },
	{ OPT_ERRNO, 0, "errno", "ERROR",
	  "EIO ENOMEM EBUSY EAGAIN EINVAL EPERM ENODEV ENOSPC ETIMEDOUT",
	  "error to fail with, by name or number" },
	{ OPT_DELAY, 0, "delay", "MS", NULL, "wait so many ms before" },
	{ OPT_NTH, 0, "nth", "N", NULL, "hit the Nth first; 1" },
	{ OPT_EVERY, 0, "every", "N", NULL, "and then one in N; 1" },
	{ OPT_TIMES, 0, "times", "N", NULL, "at most N times; no limit" },
	{ OPT_CHANCE, 0, "chance", "N", NULL,
	  "each of these with a chance of N in 1000; 1000" },
	{ OPT_SEED, 0, "seed", "N", NULL,
	  "what the chance is drawn from; picked at random" },
	{ OPT_HELP, 'h', "help", NULL, NULL, "print this help" },
};

const size_t nr_options = ARRAY_SIZE(options);

const struct cmd commands[] = {
	{
		.name = "list", .args = "[DEV...]", .run = cmd_list,
		.help = "list devices",
		.text =
			"--format prints what QEMU's \"info memory-devices\" (hmp) and\n\"query-memory-devices\" (qmp) print.",
		.max = -1, .complete = "device",
		.opts = OPTS_TABLE | OPT(FORMAT),
		.columns = dev_columns, .nr_columns = NR_DEV_COLUMNS,
	},
	{
		.name = "show", .args = "[DEV...]", .run = cmd_show,
		.help = "describe devices in full",
		.max = -1, .complete = "device", .opts = OPTS_TABLE,
		.columns = dev_columns, .nr_columns = NR_DEV_COLUMNS,
	},
	{
		.name = "create", .args = "SIZE", .run = cmd_create,
		.help = "make a device, and print its name",
		.min = 1, .max = 1,
		.opts = OPT(ID) | OPT(KIND) | OPT(WINDOW) | OPT(ADDR) |
			OPT(ALIGN) | OPT(NODE) | OPT(SLOT) | OPT(JSON),
		.columns = dev_columns, .nr_columns = NR_DEV_COLUMNS,
	},
	{
		.name = "destroy", .args = "DEV...", .run = cmd_destroy,
		.help = "remove devices of which nothing is plugged",
		.min = 1, .max = -1, .complete = "device",
	},
	{
		.name = "plug", .args = "DEV SIZE|all", .run = cmd_plug,
		.help = "give memory of a device to the kernel",
		.text = "Ctrl-C cancels it; it is undone then.",
		.min = 2, .max = 2, .complete = "device all",
	},
	{
		.name = "unplug", .args = "DEV SIZE|all", .run = cmd_unplug,
		.help = "take memory of a device back",
		.text =
			"Ctrl-C cancels it;\nof a virtio-mem device what is out by then stays out.",
		.min = 2, .max = 2, .complete = "device all",
	},
	{
		.name = "resize", .args = "DEV SIZE", .run = cmd_resize,
		.help = "have a device follow a size, in the background",
		.min = 2, .max = 2, .complete = "device",
		.opts = OPT(WAIT),
	},
	{
		.name = "set", .args = "DEV KEY=VALUE...", .run = cmd_set,
		.help = "change settings of a device, all of them or none",
		.text = "Keys:\n"
			"  online_type=offline|online|online_kernel|online_movable|system\n"
			"  memmap_on_memory=0|1\n"
			"  unplug_timeout_ms=MS       0: none\n"
			"  requested_size=SIZE",
		.min = 2, .max = -1,
		.complete =
			"device online_type= memmap_on_memory= unplug_timeout_ms= requested_size=",
	},
	{
		.name = "window list", .args = "", .run = cmd_window_list,
		.help = "list windows",
		.opts = OPTS_TABLE,
		.columns = window_columns, .nr_columns = NR_WINDOW_COLUMNS,
	},
	{
		.name = "window add", .args = "SIZE", .run = cmd_window_add,
		.help = "make a window, and print its name",
		.text = "With --start of RAM that was reserved at boot, else of System RAM.",
		.min = 1, .max = 1, .opts = OPT(START) | OPT(NODE) | OPT(JSON),
		.columns = window_columns, .nr_columns = NR_WINDOW_COLUMNS,
	},
	{
		.name = "window del", .args = "WINDOW...",
		.run = cmd_window_del,
		.help = "give windows without devices back",
		.min = 1, .max = -1, .complete = "window",
	},
	{
		.name = "fault list", .args = "[DEV...]",
		.run = cmd_fault_list,
		.help = "list rules for faults",
		.max = -1, .complete = "device",
		.opts = OPTS_TABLE,
		.columns = fault_columns, .nr_columns = NR_FAULT_COLUMNS,
	},
	{
		.name = "fault add", .args = "DEV STEP", .run = cmd_fault_add,
		.help = "have steps fail or wait, and print the rule's number",
		.text = "Steps:\n"
			"  add        blocks become the kernel's, offline\n"
			"  online     a block goes online\n"
			"  offline    a block goes offline\n"
			"  remove     blocks are the kernel's no more\n"
			"  answer     the device begins to do what is asked of it",
		.min = 2, .max = 2,
		.complete = "device add online offline remove answer",
		.opts = OPT(BLOCK) | OPT(ERRNO) | OPT(DELAY) | OPT(NTH) |
			OPT(EVERY) | OPT(TIMES) | OPT(CHANCE) | OPT(SEED),
	},
	{
		.name = "fault del", .args = "DEV RULE...|all",
		.run = cmd_fault_del,
		.help = "remove rules for faults",
		.min = 2, .max = -1, .complete = "device all",
	},
	{
		.name = "fault poison", .args = "DEV", .run = cmd_fault_poison,
		.help = "poison a page of a block",
		.text = "It takes --block. The block is retired when it is unplugged.",
		.min = 1, .max = 1, .complete = "device",
		.opts = OPT(BLOCK) | OPT(PAGE),
	},
	{
		.name = "map", .args = "[WINDOW...]", .run = cmd_map,
		.help = "draw the blocks of windows",
		.max = -1, .complete = "window", .opts = OPT(COLOR) | OPT(SVG),
	},
	{
		.name = "monitor", .args = "", .run = cmd_monitor,
		.help = "print events as they come",
		.opts = OPT(JSON) | OPT(BYTES),
	},
	{
		.name = "stat", .args = "[DEV...]", .run = cmd_stat,
		.help = "show what was plugged and unplugged so far",
		.text =
			"--format prints what QEMU's \"info memory_size_summary\" (hmp) and\n\"query-memory-size-summary\" (qmp) print.",
		.max = -1, .complete = "device",
		.opts = OPTS_TABLE | OPT(FORMAT) | OPT(PROMETHEUS),
		.columns = stat_columns, .nr_columns = NR_STAT_COLUMNS,
	},
	{
		.name = "help", .args = "[COMMAND]", .run = cmd_help,
		.help = "print help, of all or of a command",
		.max = 2, .complete = "command", .opts = OPT(COMPLETION),
	},
	{
		.name = "version", .args = "", .run = cmd_version,
		.help = "print the version",
	},
};

const size_t nr_commands = ARRAY_SIZE(commands);

int cmd_version(const struct call *call)
{
	(void)call;
	puts("memdevctl " MEMDEVCTL_VERSION);
	return EXIT_DONE;
}

static int parse_options(struct call *call, int argc, char **argv)
{
	struct option longs[OPT_COUNT + 1] = { 0 };
	/* A ':' makes getopt_long() tell what is wrong */
	char shorts[2 * OPT_COUNT + 2] = ":";
	size_t n = 0, len = 1;
	int c;

	for (size_t i = 0; i < nr_options; i++) {
		const struct opt *opt = &options[i];

		if (!(call->cmd->opts & 1U << opt->id) && opt->id != OPT_HELP)
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
			return usage_error(call, "option %s wants an argument",
					   argv[optind - 1]);
		if (c == '?' && optopt >= 256)
			return usage_error(call, "option %s takes no argument",
					   argv[optind - 1]);
		if (c == '?' && optopt)
			return usage_error(call, "unknown option -%c", optopt);
		if (c == '?')
			return usage_error(call, "unknown option %s",
					   argv[optind - 1]);
		if (c >= 256)
			id = c - 256;
		for (size_t i = 0; i < nr_options; i++)
			if (options[i].letter == c)
				id = options[i].id;
		call->set[id] = true;
		call->value[id] = optarg;
	}
	call->argc = argc - optind;
	call->argv = argv + optind;
	return EXIT_DONE;
}

static int run(struct call *call, int argc, char **argv)
{
	const struct cmd *cmd = call->cmd;
	int rc;

	rc = parse_options(call, argc, argv);
	if (rc)
		return rc;
	if (call->set[OPT_HELP]) {
		command_help(stdout, cmd);
		return EXIT_DONE;
	}
	if (call->set[OPT_OUTPUT] && !strcmp(call->value[OPT_OUTPUT], "help")) {
		columns_help(stdout, cmd);
		return EXIT_DONE;
	}
	if (call->argc < cmd->min)
		return usage_error(call, "too few arguments, it takes %s",
				   cmd->args);
	if (cmd->max >= 0 && call->argc > cmd->max)
		return usage_error(call, "unexpected argument '%s'",
				   call->argv[cmd->max]);
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
	if (words)
		return usage_error(NULL, "%s what? try 'memdevctl help %s'",
				   argv[1], argv[1]);
	return usage_error(NULL, "unknown command '%s'", argv[1]);
}

int main(int argc, char **argv)
{
	struct call call = { 0 };
	int rc = EXIT_DONE, out;

	setlocale(LC_ALL, "");
	/* A reader that went away is an error like any other of writing */
	signal(SIGPIPE, SIG_IGN);

	if (argc < 2) {
		print_commands(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		print_commands(stdout);
	else if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))
		cmd_version(&call);
	else
		rc = run_command(&call, argc, argv);
	out = output_done(stdout, "standard output");
	return rc ? rc : out;
}
