// SPDX-License-Identifier: GPL-2.0
/*
 * fault list, fault add, fault del, fault poison: read and write the fault
 * rules of devices in debugfs.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "memdevctl.h"
#include "request.h"

#define DEBUGFS	"/sys/kernel/debug/memdev"

enum {
	FAULT_DEVICE, FAULT_RULE, FAULT_STEP, FAULT_BLOCK, FAULT_ERRNO,
	FAULT_DELAY, FAULT_NTH, FAULT_EVERY, FAULT_TIMES, FAULT_CHANCE,
	FAULT_SEED, FAULT_SEEN, FAULT_HIT, FAULT_PAGE, NR_FAULT
};

const struct column fault_columns[] = {
[FAULT_DEVICE]	= { "DEVICE", COL_TEXT, COL_DEFAULT, "name of the device" },
[FAULT_RULE]	= { "RULE", COL_NUMBER, COL_DEFAULT, "number of the rule" },
[FAULT_STEP]	= { "STEP", COL_TEXT, COL_DEFAULT,
		    "step: add, online, offline, remove or answer" },
[FAULT_BLOCK]	= { "BLOCK", COL_NUMBER, COL_DEFAULT,
		    "block, counted from the start of the region" },
[FAULT_ERRNO]	= { "ERRNO", COL_TEXT, COL_DEFAULT,
		    "error that the step fails with" },
[FAULT_DELAY]	= { "DELAY", COL_NUMBER, COL_DEFAULT,
		    "delay of the step in ms" },
[FAULT_NTH]	= { "NTH", COL_NUMBER, COL_DEFAULT,
		    "first matching step that is hit" },
[FAULT_EVERY]	= { "EVERY", COL_NUMBER, COL_DEFAULT,
		    "interval between hits, in matching steps" },
[FAULT_TIMES]	= { "TIMES", COL_NUMBER, COL_DEFAULT,
		    "maximum number of hits" },
[FAULT_CHANCE]	= { "CHANCE", COL_NUMBER, COL_DEFAULT,
		    "probability of a hit, in 1/1000" },
[FAULT_SEED]	= { "SEED", COL_NUMBER, COL_DEFAULT,
		    "seed of the random numbers" },
[FAULT_SEEN]	= { "SEEN", COL_NUMBER, COL_DEFAULT,
		    "matching steps so far" },
[FAULT_HIT]	= { "HIT", COL_NUMBER, COL_DEFAULT, "hits so far" },
{ .name = NULL }
};

/* A value of a rule: its key, option, minimum, and default or NULL */
static const struct key {
	const char *name;
	enum opt_id opt;
	__u32 min;
	const char *value;
} keys[NR_FAULT] = {
[FAULT_BLOCK]	= { "block", OPT_BLOCK, 0, NULL },
[FAULT_PAGE]	= { "page", OPT_PAGE, 0, NULL },
[FAULT_ERRNO]	= { "errno", OPT_ERRNO, 1, NULL },
[FAULT_DELAY]	= { "delay", OPT_DELAY, 0, "0" },
[FAULT_NTH]	= { "nth", OPT_NTH, 1, "1" },
[FAULT_EVERY]	= { "every", OPT_EVERY, 1, "1" },
[FAULT_TIMES]	= { "times", OPT_TIMES, 1, NULL },
[FAULT_CHANCE]	= { "chance", OPT_CHANCE, 1, "1000" },
[FAULT_SEED]	= { "seed", OPT_SEED, 0, NULL },
};

/* --- reading -------------------------------------------------------------- */

/* A rule; value[] has the text for each column, or NULL if there is none */
struct rule {
	__u32 device;
	__u32 index;
	__u64 seen;
	__u64 hit;
	const char *value[NR_FAULT];
};

/* Parse a line as the kernel shows it; modifies the line. */
static bool rule_parse(char *line, struct rule *rule)
{
	char *counts = strchr(line, '#'), *word;

	if (!counts || sscanf(counts, "# rule %u: seen %llu, hit %llu",
			      &rule->index, &rule->seen, &rule->hit) != 3)
		return false;
	*counts = '\0';
	for (int i = 0; i < NR_FAULT; i++)
		rule->value[i] = keys[i].value;
	rule->value[FAULT_STEP] = strsep(&line, " ");
	while ((word = strsep(&line, " "))) {
		const char *name = strsep(&word, "=");

		for (int i = 0; word && i < NR_FAULT; i++)
			if (keys[i].name && !strcmp(name, keys[i].name))
				rule->value[i] = word;
	}
	return true;
}

static void fault_cell(const void *item, const struct column *column,
		       struct cell *cell)
{
	const struct rule *rule = item;
	const char *value = rule->value[column - fault_columns];
	const char *name;

	switch (column - fault_columns) {
	case FAULT_DEVICE:
		cell->text = xasprintf("memdev%u", rule->device);
		break;
	case FAULT_RULE:
		cell->number = rule->index;
		break;
	case FAULT_SEEN:
		cell->number = rule->seen;
		break;
	case FAULT_HIT:
		cell->number = rule->hit;
		break;
	case FAULT_ERRNO:
		/* The kernel writes uncommon errors as numbers. */
		name = value && isdigit((unsigned char)*value) ?
		       strerrorname_np(atoi(value)) : NULL;
		cell_set_text(cell, name ? name : value);
		break;
	case FAULT_STEP:
		cell_set_text(cell, value);
		break;
	default:
		cell->present = value;
		if (value)
			cell->number = strtoull(value, NULL, 10);
	}
}

/* Why a file cannot be opened, and what to do about it */
static const char *open_hint(int error)
{
	switch (error) {
	case ENOENT:
		return ": mount debugfs by 'mount -t debugfs none /sys/kernel/debug'";
	case EACCES:
		return ": only root has access to debugfs";
	}
	return "";
}

/* Open the rules of a device or print an error. Returns NULL on failure. */
static FILE *rules_open(const struct call *call, const struct dev *dev,
			const char *mode)
{
	char *path = xasprintf(DEBUGFS "/memdev%u/faults", dev->index);
	FILE *f = fopen(path, mode);

	if (!f)
		warnx("memdev%u: %s: cannot open %s: %s%s", dev->index,
		      call->cmd->name, path, strerror(errno),
		      open_hint(errno));
	free(path);
	return f;
}

/* Call @see for each rule of a file. */
static void rules_read(FILE *f, __u32 device,
		       void (*see)(const struct rule *rule, void *data),
		       void *data)
{
	struct rule rule = { .device = device };
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, f) > 0)
		if (rule_parse(line, &rule))
			see(&rule, data);
	free(line);
}

static void add_row(const struct rule *rule, void *table)
{
	table_add(table, fault_cell, rule);
}

static int list_print(const struct call *call, struct nl *nl,
		      struct devs *devs, struct table *table)
{
	int rc = EXIT_DONE;

	(void)nl;
	for (size_t i = 0; i < devs->n; i++) {
		FILE *f = rules_open(call, &devs->v[i], "r");

		if (!f) {
			/* It is the same for all devices. */
			table->empty = NULL;
			rc = EXIT_FAILED;
			break;
		}
		rules_read(f, devs->v[i].index, add_row, table);
		fclose(f);
	}
	return table_close(table) ?: rc;
}

int cmd_fault_list(const struct call *call)
{
	return devs_command(call, "faults", false, list_print);
}

/* --- writing -------------------------------------------------------------- */

/* Write a line, or print an error with the reason. Returns an exit status. */
static int rules_write(const struct call *call, struct nl *nl, FILE *f,
		       const struct dev *dev, const char *line)
{
	struct dev now;
	int rc;

	verbose_print("write '%s' to " DEBUGFS "/memdev%u/faults", line,
		      dev->index);
	if (write(fileno(f), line, strlen(line)) >= 0)
		return EXIT_DONE;
	rc = errno;
	if (nl_dev(nl, dev->index, &now) || !now.last_error[0])
		warnx("memdev%u: %s: %s", dev->index, call->cmd->name,
		      strerror(rc));
	else
		warnx("memdev%u: %s: %s", dev->index, call->cmd->name,
		      now.last_error);
	return EXIT_FAILED;
}

static int errno_parse(const char *text, __u32 *nr)
{
	/* The kernel's MAX_ERRNO is 4095. */
	for (*nr = 1; *nr < 4096; (*nr)++) {
		const char *name = strerrorname_np(*nr);

		if (name && !strcmp(name, text))
			return 0;
	}
	return number_parse(text, "", nr);
}

/*
 * Return a copy of @line with the options of the call appended, or NULL after a
 * usage error. Frees @line.
 */
static char *line_options(const struct call *call, char *line)
{
	for (int i = 0; i < NR_FAULT; i++) {
		const char *text = call->value[keys[i].opt];
		char *longer;
		__u32 nr;
		int rc;

		if (!keys[i].name || !(call->set & 1ULL << keys[i].opt))
			continue;
		rc = i == FAULT_ERRNO ? errno_parse(text, &nr) :
					number_parse(text, "", &nr);
		if (rc || nr < keys[i].min) {
			value_error(call, "invalid --%s '%s': expected %s%s",
				    keys[i].name, text, i == FAULT_ERRNO ?
				    "a name such as EBUSY, or " : "",
				    keys[i].min ? "a number greater than 0" :
				    "a number");
			free(line);
			return NULL;
		}
		longer = xasprintf("%s %s=%u", line, keys[i].name, nr);
		free(line);
		line = longer;
	}
	return line;
}

static void see_last(const struct rule *rule, void *index)
{
	*(__u32 *)index = rule->index;
}

/* Write a line to the rules of the device that the first argument names. */
static int device_write(const struct call *call, const char *line,
			__u32 *index)
{
	struct dev dev;
	struct nl nl;
	FILE *f;
	int rc;

	rc = nl_open_dev(&nl, call->argv[0], &dev);
	if (rc)
		return rc;
	f = rules_open(call, &dev, "r+");
	if (!f) {
		rc = EXIT_FAILED;
		goto out;
	}
	/* Another memdevctl could add a rule before ours is read back. */
	if (index)
		flock(fileno(f), LOCK_EX);
	rc = rules_write(call, &nl, f, &dev, line);
	if (!rc && index)
		rules_read(f, dev.index, see_last, index);
	fclose(f);
out:
	nl_close(&nl);
	return rc;
}

int cmd_fault_add(const struct call *call)
{
	static const char *const steps[] = {
		"add", "online", "offline", "remove", "answer"
	};
	__u32 index = 0;
	size_t step;
	char *line;
	int rc;

	for (step = 0; step < ARRAY_SIZE(steps); step++)
		if (!strcmp(call->argv[1], steps[step]))
			break;
	if (step == ARRAY_SIZE(steps))
		return value_error(call,
				   "invalid step '%s': expected add, online, offline, remove or answer",
				   call->argv[1]);
	if (!(call->set & (OPT(ERRNO) | OPT(DELAY))))
		return usage_error(call, "missing option --errno or --delay");
	line = line_options(call, xstrdup(steps[step]));
	if (!line)
		return EXIT_USAGE;
	rc = device_write(call, line, &index);
	if (!rc)
		printf("%u\n", index);
	free(line);
	return rc;
}

int cmd_fault_del(const struct call *call)
{
	const bool all = call->argc == 2 && !strcmp(call->argv[1], "all");
	int done = 0;
	__u32 rule;

	for (int i = 1; i < call->argc && !all; i++)
		if (number_parse(call->argv[i], "", &rule))
			return value_error(call, "invalid rule '%s': expected a number",
					   call->argv[i]);
	if (all)
		return device_write(call, "clear", NULL);
	for (int i = 1; i < call->argc; i++) {
		char *line;

		number_parse(call->argv[i], "", &rule);
		line = xasprintf("del %u", rule);
		done += !device_write(call, line, NULL);
		free(line);
	}
	return partial_status(done, call->argc - 1);
}

int cmd_fault_poison(const struct call *call)
{
	char *line;
	int rc;

	if (!(call->set & OPT(BLOCK)))
		return usage_error(call, "missing option --block");
	line = line_options(call, xstrdup("poison"));
	if (!line)
		return EXIT_USAGE;
	/* The write waits for the device's running operation to end. */
	rc = device_write(call, line, NULL);
	free(line);
	return rc;
}
