// SPDX-License-Identifier: GPL-2.0
/*
 * Complete command lines for shells.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "memdevctl.h"
#include "names.h"
#include "nl.h"

/* What is allowed for a placeholder of a synopsis, separated by spaces */
static const struct {
	const char *name;
	const char *words;
} values[] = {
	{ "ERROR", "EIO ENOMEM EBUSY EAGAIN EINVAL EPERM ENODEV ENOSPC ETIMEDOUT" },
	{ "FORMAT", "hmp qmp" },
	{ "KIND", "virtio-mem dimm" },
	{ "TYPE", "online online_kernel online_movable" },
	{ "STEP", "add online offline remove answer" },
	{ "WHEN", "always never auto" },
	{ "online_type=", "offline online online_kernel online_movable system" },
	{ "memmap_on_memory=", "0 1" },
	{ "unplug_timeout_ms=", "" },
	{ "requested_size=", "" },
};

/**
 * struct word - the word to complete
 * @cmd: its command
 * @prefix: what the shell replaces, but does not change
 * @prefix_len: its length
 * @text: the rest, which the completions start with
 */
struct word {
	const struct cmd *cmd;
	const char *prefix;
	size_t prefix_len;
	const char *text;
};

/* Print a completion if it starts with the text. */
static void offer(const struct word *word, const char *name, size_t len)
{
	const size_t text_len = strlen(word->text);

	if (len && len >= text_len && !strncasecmp(name, word->text, text_len))
		printf("%.*s%.*s\n", (int)word->prefix_len, word->prefix,
		       (int)len, name);
}

static void offer_words(const struct word *word, const char *words)
{
	size_t len;

	for (; *words; words += len + (words[len] == ' ')) {
		len = strcspn(words, " ");
		offer(word, words, len);
	}
}

static void offer_numbered(const struct word *word, const char *prefix,
			   __u32 index)
{
	char *name = xasprintf("%s%u", prefix, index);

	offer(word, name, strlen(name));
	free(name);
}

static void offer_devs(const struct word *word, struct nl *nl)
{
	struct devs devs = { 0 };

	if (nl_devs(nl, &devs))
		devs.n = 0;
	for (size_t i = 0; i < devs.n; i++) {
		offer_numbered(word, "memdev", devs.v[i].index);
		offer(word, devs.v[i].id, strlen(devs.v[i].id));
	}
	free(devs.v);
}

static void offer_windows(const struct word *word, struct nl *nl)
{
	struct windows windows = { 0 };

	if (nl_windows(nl, &windows))
		windows.n = 0;
	for (size_t i = 0; i < windows.n; i++)
		offer_numbered(word, "window", windows.v[i].index);
	free(windows.v);
}

/* Without the module there is nothing to offer, and no error to report. */
static void offer_objects(const struct word *word,
			  void (*offer_all)(const struct word *word,
					    struct nl *nl))
{
	struct nl nl;

	if (access("/sys/bus/memdev", F_OK) || nl_open(&nl))
		return;
	offer_all(word, &nl);
	nl_close(&nl);
}

/* Columns that the list does not have yet */
static void offer_columns(struct word *word)
{
	const struct column *column = word->cmd->columns;
	const char *list = word->text + (*word->text == '+');
	const char *comma = strrchr(list, ',');
	char *listed, *name;

	word->text = comma ? comma + 1 : list;
	word->prefix_len = word->text - word->prefix;
	listed = xasprintf(",%.*s", (int)(word->text - list), list);
	for (; column && column->name; column++) {
		name = xasprintf(",%s,", column->name);
		if (!strcasestr(listed, name))
			offer(word, column->name, strlen(column->name));
		free(name);
	}
	free(listed);
}

static void offer_events(struct word *word)
{
	const char *comma = strrchr(word->text, ',');

	if (comma)
		word->text = comma + 1;
	word->prefix_len = word->text - word->prefix;
	for (__u8 cmd = 0; cmd <= MEMDEV_CMD_MAX; cmd++) {
		const char *name;
		const size_t len = event_name(cmd, &name);

		if (len)
			offer(word, name, len);
	}
}

/* KEY=, or the values of a key */
static void offer_settings(struct word *word)
{
	const char *value = strchr(word->text, '=');
	const char *key = word->text;

	if (value) {
		word->text = value + 1;
		word->prefix_len = word->text - word->prefix;
	}
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		const size_t len = strlen(values[i].name);

		if (values[i].name[len - 1] != '=')
			continue;
		if (!value)
			offer(word, values[i].name, len);
		else if (!strncmp(key, values[i].name, len))
			offer_words(word, values[i].words);
	}
}

/* Words of commands: the second ones of the commands whose first word is @first */
static void offer_commands(const struct word *word, const char *first)
{
	const size_t first_len = first ? strlen(first) : 0;
	const char *before = "";

	for (const struct cmd *cmd = NULL; (cmd = command_next(cmd));) {
		const char *name = cmd->name;
		const size_t len = strcspn(name, " ");

		if (!first) {
			/* Commands with the same first word are neighbors. */
			if (strncmp(name, before, len + 1))
				offer(word, name, len);
			before = name;
		} else if (len == first_len && name[len] &&
			   !strncmp(name, first, len)) {
			offer(word, name + len + 1, strlen(name + len + 1));
		}
	}
}

/* Offer what a placeholder such as DEV, [WINDOW...] or SIZE|all stands for. */
static void offer_placeholder(struct word *word, const char *name, size_t size)
{
	const char *end = name + size;
	size_t len;

	for (; name < end; name += len + 1) {
		len = strcspn(name, "[].| ");
		if (!len)
			continue;
		if (!strncmp(name, "DEV", len))
			offer_objects(word, offer_devs);
		else if (!strncmp(name, "WINDOW", len))
			offer_objects(word, offer_windows);
		else if (!strncmp(name, "COMMAND", len))
			offer_commands(word, NULL);
		else if (!strncmp(name, "COLS", len))
			offer_columns(word);
		else if (!strncmp(name, "EVENTS", len))
			offer_events(word);
		else if (!strncmp(name, "KEY=VALUE", len))
			offer_settings(word);
		else if (!strncmp(name, "FILE", len))
			puts(":file");
		else if (*name >= 'a')
			offer(word, name, len);
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			if (!strncmp(name, values[i].name, len) &&
			    !values[i].name[len])
				offer_words(word, values[i].words);
	}
}

static void offer_options(const struct word *word)
{
	for (size_t i = 0; i < OPT_COUNT; i++) {
		char *name = xasprintf("--%s", options[i].name);

		if ((word->cmd->opts | OPTS_COMMON) & 1ULL << i)
			offer(word, name, strlen(name));
		free(name);
	}
}

/* The option that @text is, with or without a value behind "=" */
static const struct opt *option_find(const struct cmd *cmd, const char *text)
{
	for (size_t i = 0; i < OPT_COUNT; i++) {
		const size_t len = strlen(options[i].name);

		if (!(cmd->opts & 1ULL << i) || text[0] != '-')
			continue;
		if (text[1] == options[i].letter && !text[2])
			return &options[i];
		if (text[1] == '-' && !strncmp(text + 2, options[i].name, len) &&
		    (!text[len + 2] || text[len + 2] == '='))
			return &options[i];
	}
	return NULL;
}

/* Offer values for the argument number @n of the command. */
static void offer_argument(struct word *word, int n)
{
	const char *name = word->cmd->args;
	size_t len = strcspn(name, " ");

	/* The last placeholder may stand for several arguments. */
	while (n-- && name[len]) {
		name += len + 1;
		len = strcspn(name, " ");
	}
	if (n < 0 || strstr(name, "..."))
		offer_placeholder(word, name, len);
}

void complete(int argc, char **argv)
{
	struct word word = { 0 };
	const struct opt *opt = NULL;
	const char *value;
	int words, n = 0;

	if (!argc)
		return;
	word.text = argv[argc - 1];
	word.prefix = word.text;
	if (argc == 1) {
		offer_commands(&word, NULL);
		offer_words(&word, "--help --version");
		return;
	}
	word.cmd = command_find(argc - 1, argv, &words);
	if (!word.cmd) {
		if (words && argc == 2)
			offer_commands(&word, argv[0]);
		return;
	}
	for (int i = words; i < argc - 1; i++) {
		if (opt) {
			opt = NULL;	/* this word is its value */
			continue;
		}
		opt = option_find(word.cmd, argv[i]);
		if (!opt)
			n += argv[i][0] != '-';
		else if (!opt->arg || *opt->arg == '[' || strchr(argv[i], '='))
			opt = NULL;
	}
	if (opt) {
		offer_placeholder(&word, opt->arg, strlen(opt->arg));
		return;
	}
	opt = option_find(word.cmd, word.text);
	value = strchr(word.text, '=');
	if (opt && opt->arg && value) {
		word.text = value + 1;
		word.prefix_len = word.text - word.prefix;
		offer_placeholder(&word, opt->arg, strlen(opt->arg));
	} else if (word.text[0] == '-') {
		offer_options(&word);
	} else {
		offer_argument(&word, n);
	}
}
