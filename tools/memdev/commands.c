// SPDX-License-Identifier: GPL-2.0
/*
 * The commands and options of memdevctl, and their help.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "memdevctl.h"

const struct opt options[OPT_COUNT] = {
	{ OPT_JSON, 'J', "json", NULL, "print JSON" },
	{ OPT_RAW, 'r', "raw", NULL, "separate columns by a single space" },
	{ OPT_PAIRS, 'P', "pairs", NULL, "print NAME=\"value\" pairs" },
	{ OPT_NOHEADINGS, 'n', "noheadings", NULL, "do not print headings" },
	{ OPT_OUTPUT, 'o', "output", "COLS",
	  "print these columns; +COLS adds to the default columns" },
	{ OPT_OUTPUT_ALL, 0, "output-all", NULL, "print all columns" },
	{ OPT_BYTES, 'b', "bytes", NULL, "print sizes in bytes" },
	{ OPT_FORMAT, 0, "format", "FORMAT",
	  "print in the format of QEMU's monitor, hmp or qmp" },
	{ OPT_ID, 0, "id", "NAME", "id of the device" },
	{ OPT_KIND, 0, "kind", "KIND", "virtio-mem (default) or dimm" },
	{ OPT_WINDOW, 0, "window", "WINDOW", "window that contains the region" },
	{ OPT_ADDR, 0, "addr", "ADDR", "physical address of the region" },
	{ OPT_ALIGN, 0, "align", "SIZE", "alignment of the region" },
	{ OPT_NODE, 0, "node", "NODE", "NUMA node of the memory" },
	{ OPT_SLOT, 0, "slot", "SLOT", "slot of a dimm" },
	{ OPT_START, 0, "start", "ADDR",
	  "physical address of RAM that was reserved at boot" },
	{ OPT_WAIT, 'w', "wait", NULL, "wait until the plugged size is SIZE" },
	{ OPT_TIMEOUT, 0, "timeout", "SECONDS", "wait at most this long" },
	{ OPT_WATCH, 0, "watch", "[SECONDS]",
	  "redraw at events and every SECONDS (default: 2) until q is pressed" },
	{ OPT_COLOR, 0, "color", "[WHEN]",
	  "use colors: always, never or auto (default)" },
	{ OPT_SVG, 0, "svg", "FILE",
	  "write a picture to FILE, or to standard output if it is -" },
	{ OPT_PROMETHEUS, 0, "prometheus", NULL,
	  "print metrics in Prometheus text format" },
	{ OPT_BLOCK, 0, "block", "N",
	  "block, counted from the start of the region" },
	{ OPT_BLOCKS, 0, "block", "LIST",
	  "blocks such as 0-3,6, counted from the start of the region" },
	{ OPT_TYPE, 0, "type", "TYPE",
	  "online, online_kernel or online_movable (default: online_type)" },
	{ OPT_PAGE, 0, "page", "N",
	  "page, counted from the start of the block (default: a free one)" },
	{ OPT_ERRNO, 0, "errno", "ERROR",
	  "fail the step with this error, a name or a number" },
	{ OPT_DELAY, 0, "delay", "MS", "delay the step by MS ms" },
	{ OPT_NTH, 0, "nth", "N", "hit the Nth matching step (default: 1)" },
	{ OPT_EVERY, 0, "every", "N",
	  "then hit every Nth matching step (default: 1)" },
	{ OPT_TIMES, 0, "times", "N", "hit at most N steps (default: no limit)" },
	{ OPT_CHANCE, 0, "chance", "N",
	  "hit each selected step with a probability of N in 1000 (default: 1000)" },
	{ OPT_SEED, 0, "seed", "N", "seed of the random numbers" },
	{ OPT_DRY_RUN, 0, "dry-run", NULL,
	  "print what would be done, and change nothing" },
	{ OPT_ALL, 0, "all", NULL, "also print the checks that found nothing" },
	{ OPT_EVENT, 0, "event", "EVENTS",
	  "print only these events, such as dev-plugged,dev-online" },
	{ OPT_INPUT, 0, "input", "FILE",
	  "read FILE, written by dump, instead of asking the kernel" },
	{ OPT_VERBOSE, 'v', "verbose", NULL,
	  "print each netlink message and each write to a file of the kernel" },
	{ OPT_HELP, 'h', "help", NULL, "print this help" },
};

#define NO_DEVICES	"no devices, try 'memdevctl create SIZE'"
#define NO_WINDOWS	"no windows, try 'memdevctl window add SIZE'"

static const struct cmd commands[] = {
	{
		.name = "list", .args = "[DEV...]", .max = -1,
		.help = "list devices",
		.example = "list -o +ADDRESS,MOVABLE",
		.text =
			"--format prints in the format of QEMU's \"info memory-devices\" (hmp) or\n\"query-memory-devices\" (qmp).",
		.run = cmd_list, .columns = dev_columns, .empty = NO_DEVICES,
		.opts = OPTS_TABLE | OPTS_SELECT | OPT(FORMAT) | OPT(WATCH) |
			OPT(INPUT),
	},
	{
		.name = "blocks", .args = "[DEV...]", .max = -1,
		.help = "list memory blocks of devices",
		.example = "blocks guest",
		.run = cmd_blocks, .columns = block_columns, .empty = NO_DEVICES,
		.opts = OPTS_TABLE | OPTS_SELECT | OPT(INPUT),
	},
	{
		.name = "show", .args = "[DEV...]", .max = -1,
		.help = "show all details of devices",
		.example = "show memdev0",
		.run = cmd_show, .columns = dev_columns, .empty = NO_DEVICES,
		.opts = OPTS_TABLE | OPTS_SELECT | OPT(INPUT),
	},
	{
		.name = "create", .args = "SIZE", .min = 1, .max = 1,
		.help = "create a device and print its name",
		.example = "create 1G --id guest",
		.run = cmd_create, .columns = dev_columns,
		.opts = OPT(ID) | OPT(KIND) | OPT(WINDOW) | OPT(ADDR) |
			OPT(ALIGN) | OPT(NODE) | OPT(SLOT) | OPT(JSON),
	},
	{
		.name = "destroy", .args = "DEV...", .min = 1, .max = -1,
		.help = "destroy devices that have no memory plugged",
		.example = "destroy guest",
		.run = cmd_destroy,
	},
	{
		.name = "plug", .args = "DEV SIZE|all", .min = 2, .max = 2,
		.help = "plug memory of a device",
		.example = "plug guest 512M",
		.text = "Ctrl-C cancels the plug and undoes it.",
		.run = cmd_plug,
	},
	{
		.name = "unplug", .args = "DEV SIZE|all", .min = 2, .max = 2,
		.help = "unplug memory of a device",
		.example = "unplug guest all",
		.text =
			"Ctrl-C cancels the unplug. Blocks of a virtio-mem device that are already\nunplugged stay unplugged.",
		.run = cmd_unplug,
	},
	{
		.name = "resize", .args = "DEV SIZE|all", .min = 2, .max = 2,
		.help = "plug or unplug in the background to reach a size",
		.example = "resize --wait --timeout 60 guest 256M",
		.text =
			"--timeout implies --wait. Ctrl-C ends the wait, but does not cancel the request.",
		.run = cmd_resize, .opts = OPT(WAIT) | OPT(TIMEOUT),
	},
	{
		.name = "ensure", .args = "DEV SIZE|all", .min = 2, .max = 2,
		.help = "resize a device and wait, unless it has that size",
		.example = "ensure guest 512M",
		.run = cmd_ensure, .opts = OPT(TIMEOUT),
	},
	{
		.name = "wait", .args = "DEV plugged|unplugged|SIZE",
		.min = 2, .max = 2,
		.help = "wait until that much of a device is plugged",
		.example = "wait --timeout 10 guest unplugged",
		.run = cmd_wait, .opts = OPT(TIMEOUT),
	},
	{
		.name = "online", .args = "DEV", .min = 1, .max = 1,
		.help = "bring plugged blocks of a device online",
		.text = "Without --block, all plugged blocks that are offline.",
		.example = "online guest --block 0-3,6",
		.run = cmd_online, .opts = OPT(BLOCKS) | OPT(TYPE),
	},
	{
		.name = "offline", .args = "DEV", .min = 1, .max = 1,
		.help = "take plugged blocks of a device offline",
		.text =
			"Without --block, all plugged blocks that are online. The blocks stay plugged.\nCtrl-C ends the command after or during a block.",
		.example = "offline guest --block 3",
		.run = cmd_offline, .opts = OPT(BLOCKS),
	},
	{
		.name = "set", .args = "DEV KEY=VALUE...", .min = 2, .max = -1,
		.help = "change settings of a device, either all or none",
		.example = "set guest online_type=online_kernel unplug_timeout_ms=3000",
		.text = "Keys:\n"
			"  online_type=offline|online|online_kernel|online_movable|system\n"
			"  memmap_on_memory=0|1\n"
			"  unplug_timeout_ms=MS       0: no deadline\n"
			"  requested_size=SIZE",
		.run = cmd_set,
	},
	{
		.name = "window list", .args = "",
		.help = "list windows",
		.example = "window list -J",
		.run = cmd_window_list, .columns = window_columns,
		.empty = NO_WINDOWS,
		.opts = OPTS_TABLE | OPT(INPUT),
	},
	{
		.name = "window add", .args = "SIZE", .min = 1, .max = 1,
		.help = "add a window and print its name",
		.example = "window add 2G --start 0x100000000",
		.text = "Without --start, the window is carved out of System RAM.",
		.run = cmd_window_add, .columns = window_columns,
		.opts = OPT(START) | OPT(NODE) | OPT(JSON),
	},
	{
		.name = "window del", .args = "WINDOW...", .min = 1, .max = -1,
		.help = "delete windows that have no devices",
		.example = "window del window0",
		.run = cmd_window_del,
	},
	{
		.name = "fault list", .args = "[DEV...]", .max = -1,
		.help = "list fault rules",
		.example = "fault list guest",
		.run = cmd_fault_list, .columns = fault_columns,
		.empty = "no rules, try 'memdevctl fault add DEV STEP'",
		.opts = OPTS_TABLE,
	},
	{
		.name = "fault add", .args = "DEV STEP", .min = 2, .max = 2,
		.help = "add a fault rule and print its number",
		.example = "fault add guest offline --block 3 --errno EBUSY --times 1",
		.text = "Steps:\n"
			"  add        add blocks to the kernel, offline\n"
			"  online     bring a block online\n"
			"  offline    take a block offline\n"
			"  remove     remove blocks from the kernel\n"
			"  answer     accept a plug, an unplug or a background resize",
		.run = cmd_fault_add,
		.opts = OPT(BLOCK) | OPT(ERRNO) | OPT(DELAY) | OPT(NTH) |
			OPT(EVERY) | OPT(TIMES) | OPT(CHANCE) | OPT(SEED),
	},
	{
		.name = "fault del", .args = "DEV RULE...|all",
		.min = 2, .max = -1,
		.help = "delete fault rules",
		.example = "fault del guest all",
		.run = cmd_fault_del,
	},
	{
		.name = "fault poison", .args = "DEV", .min = 1, .max = 1,
		.help = "poison a page of a block",
		.example = "fault poison guest --block 0",
		.text = "--block is required. The block is retired when it is unplugged.",
		.run = cmd_fault_poison, .opts = OPT(BLOCK) | OPT(PAGE),
	},
	{
		.name = "map", .args = "[WINDOW...]", .max = -1,
		.help = "draw the blocks of windows",
		.example = "map --svg memory.svg",
		.run = cmd_map, .empty = NO_WINDOWS,
		.opts = OPT(COLOR) | OPT(SVG) | OPT(JSON) | OPT(WATCH) |
			OPT(INPUT),
	},
	{
		.name = "monitor", .args = "[DEV...]", .max = -1,
		.help = "print events as they occur",
		.example = "monitor --json guest",
		.text =
			"With DEV, print only events of these devices, which need not exist yet.\n\n"
			"Events:\n"
			"  dev-new dev-del dev-begin dev-plugged dev-online dev-set dev-refused\n"
			"  dev-retired window-new window-del",
		.run = cmd_monitor, .opts = OPT(JSON) | OPT(BYTES) | OPT(EVENT),
	},
	{
		.name = "stat", .args = "[DEV...]", .max = -1,
		.help = "show statistics of plug and unplug operations",
		.example = "stat --prometheus",
		.text =
			"--format prints in the format of QEMU's \"info memory_size_summary\" (hmp) or\n\"query-memory-size-summary\" (qmp).",
		.run = cmd_stat, .columns = stat_columns, .empty = NO_DEVICES,
		.opts = OPTS_TABLE | OPT(FORMAT) | OPT(PROMETHEUS) |
			OPT(INPUT),
	},
	{
		.name = "dump", .args = "FILE", .min = 1, .max = 1,
		.help = "record devices, windows and blocks in a file",
		.text =
			"FILE is for a bug report: list, show, blocks, window list, map and stat print\nfrom it with --input FILE, also on another machine. - is standard output.",
		.example = "dump memdev.record",
		.run = cmd_dump,
	},
	{
		.name = "save", .args = "[FILE]", .max = 1,
		.help = "write windows and devices to a file",
		.text =
			"The default FILE is /etc/memdev.conf, and - is standard output.",
		.example = "save",
		.run = cmd_save,
	},
	{
		.name = "restore", .args = "[FILE...]", .max = -1,
		.help = "bring back windows and devices from files",
		.text =
			"Without a FILE, read /etc/memdev.conf and /etc/memdev.conf.d/*.conf; - is\nstandard input. What exists and is not in the files is left alone.",
		.example = "restore --dry-run",
		.run = cmd_restore, .opts = OPT(DRY_RUN),
	},
	{
		.name = "doctor", .args = "",
		.help = "check what would keep memory devices from working",
		.example = "doctor --all",
		.text =
			"Each finding is a note, a warning or a problem, with the remedy on the next line.\nThe exit status is 1 if there is a problem.",
		.run = cmd_doctor, .columns = doctor_columns,
		.opts = OPT(ALL) | OPT(JSON),
	},
	{
		.name = "help", .args = "[COMMAND]", .max = 2,
		.help = "print a list of commands, or help for a command",
		.example = "help window add",
		.run = cmd_help,
	},
	{
		.name = "version", .args = "",
		.help = "print the version",
		.example = "version",
		.run = cmd_version,
	},
};

const struct cmd *command_find(int argc, char **argv, int *words)
{
	*words = 0;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
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

const struct cmd *command_next(const struct cmd *cmd)
{
	cmd = cmd ? cmd + 1 : commands;
	return cmd < commands + ARRAY_SIZE(commands) ? cmd : NULL;
}

int command_error(const struct call *call, int argc, char **argv)
{
	struct guess guess = { .text = argv[0], .len = strlen(argv[0]) };
	char *pair = NULL;
	int words, rc;

	command_find(argc, argv, &words);
	if (words) {
		pair = xasprintf("%s %s", argv[0], argc > 1 ? argv[1] : "");
		guess.text = pair;
		guess.len = strlen(pair);
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *name = commands[i].name;

		guess_word(&guess, name,
			   words ? strlen(name) : strcspn(name, " "));
	}
	rc = unknown_error(call, "command", &guess);
	free(pair);
	return rc;
}

void commands_help(FILE *f)
{
	fputs("Usage: memdevctl COMMAND [OPTION]... [ARGUMENT]...\n\n"
	      "Manage hot-pluggable memory devices.\n\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct cmd *cmd = &commands[i];
		char *usage = xasprintf("%s %s", cmd->name, cmd->args);

		if (strlen(usage) > 25)
			fprintf(f, "  %s\n  %-25s %s\n", usage, "", cmd->help);
		else
			fprintf(f, "  %-25s %s\n", usage, cmd->help);
		free(usage);
	}
	fputs("\nDEV is the name (memdev0), number (0) or id of a device.\n"
	      "SIZE accepts the suffixes K, M, G, T, P and E.\n\n"
	      "See 'memdevctl help COMMAND' and memdevctl(8) for details.\n", f);
}

void command_help(FILE *f, const struct cmd *cmd)
{
	fprintf(f, "Usage: memdevctl %s [OPTION]...%s%s\n\n%c%s.\n",
		cmd->name, *cmd->args ? " " : "", cmd->args,
		toupper((unsigned char)cmd->help[0]), cmd->help + 1);
	if (cmd->text)
		fprintf(f, "\n%s\n", cmd->text);
	fputs("\nOptions:\n", f);
	for (size_t i = 0; i < OPT_COUNT; i++) {
		const struct opt *opt = &options[i];
		char *name, letter[8] = "    ";

		if (!((cmd->opts | OPTS_COMMON) & 1ULL << opt->id))
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
	if (cmd->opts & OPT(OUTPUT)) {
		fputs("\nColumns:\n", f);
		columns_help(f, cmd);
	}
	fprintf(f, "\nExample:\n  memdevctl %s\n", cmd->example);
}

void group_help(const char *word)
{
	const size_t len = strlen(word);
	const char *between = "";

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *name = commands[i].name;

		if (strncmp(name, word, len) || name[len] != ' ')
			continue;
		fputs(between, stdout);
		command_help(stdout, &commands[i]);
		between = "\n";
	}
}

int cmd_help(const struct call *call)
{
	const struct cmd *cmd;
	int words;

	if (!call->argc) {
		commands_help(stdout);
		return EXIT_DONE;
	}
	cmd = command_find(call->argc, call->argv, &words);
	if (cmd && words == call->argc)
		command_help(stdout, cmd);
	else if (!cmd && words && call->argc == 1)
		group_help(call->argv[0]);
	else
		return command_error(NULL, call->argc, call->argv);
	return EXIT_DONE;
}

int cmd_version(const struct call *call)
{
	(void)call;
	puts("memdevctl " MEMDEVCTL_VERSION);
	return EXIT_DONE;
}
