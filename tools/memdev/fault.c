// SPDX-License-Identifier: GPL-2.0
/*
 * fault list, fault add, fault del, fault poison.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"

/* --- list ----------------------------------------------------------------- */

enum {
	FAULT_DEVICE, FAULT_RULE, FAULT_STEP, FAULT_BLOCK, FAULT_ERRNO,
	FAULT_DELAY, FAULT_NTH, FAULT_EVERY, FAULT_TIMES, FAULT_CHANCE,
	FAULT_SEED, FAULT_SEEN, FAULT_HIT,
};

const struct column fault_columns[NR_FAULT_COLUMNS] = {
[FAULT_DEVICE]	= { "DEVICE", COL_TEXT, true, false, "name of the device" },
[FAULT_RULE]	= { "RULE", COL_NUMBER, true, false, "number of the rule" },
[FAULT_STEP]	= { "STEP", COL_TEXT, true, false,
		    "what it is about: add, online, offline, remove or answer" },
[FAULT_BLOCK]	= { "BLOCK", COL_NUMBER, true, false,
		    "block that it is about, counted from the region's start" },
[FAULT_ERRNO]	= { "ERRNO", COL_TEXT, true, false,
		    "error that the step fails with" },
[FAULT_DELAY]	= { "DELAY", COL_NUMBER, true, false,
		    "how long the step waits, in ms" },
[FAULT_NTH]	= { "NTH", COL_NUMBER, true, false,
		    "the first step that is hit" },
[FAULT_EVERY]	= { "EVERY", COL_NUMBER, true, false,
		    "from there on one in so many" },
[FAULT_TIMES]	= { "TIMES", COL_NUMBER, true, false, "how often at most" },
[FAULT_CHANCE]	= { "CHANCE", COL_NUMBER, true, false,
		    "how likely each of these is hit, in per mille" },
[FAULT_SEED]	= { "SEED", COL_NUMBER, true, false,
		    "what the chance is drawn from" },
[FAULT_SEEN]	= { "SEEN", COL_NUMBER, true, false,
		    "steps that it was about so far" },
[FAULT_HIT]	= { "HIT", COL_NUMBER, true, false,
		    "those that it has hit" },
};

static char *error_show(__u32 error)
{
	const char *name = strerrorname_np(error);

	return name ? xstrdup(name) : xasprintf("%u", error);
}

static void fault_cell(const void *item, const struct column *column,
		       struct cell *cell)
{
	const struct fault_rule *rule = item;

	switch (column - fault_columns) {
	case FAULT_DEVICE:
		cell->text = xasprintf("memdev%u", rule->device);
		break;
	case FAULT_RULE:
		cell->number = rule->index;
		break;
	case FAULT_STEP:
		cell->text = xstrdup(step_name(rule->step));
		break;
	case FAULT_BLOCK:
		cell->there = rule->has_block;
		cell->number = rule->block;
		break;
	case FAULT_ERRNO:
		cell->there = rule->error;
		if (cell->there)
			cell->text = error_show(rule->error);
		break;
	case FAULT_DELAY:
		cell->number = rule->delay_ms;
		break;
	case FAULT_NTH:
		cell->number = rule->nth;
		break;
	case FAULT_EVERY:
		cell->number = rule->every;
		break;
	case FAULT_TIMES:
		cell->there = rule->times;
		cell->number = rule->times;
		break;
	case FAULT_CHANCE:
		cell->number = rule->chance;
		break;
	case FAULT_SEED:
		/* Nothing is drawn of what is certain */
		cell->there = rule->chance < MEMDEV_FAULT_CHANCE_MAX;
		cell->number = rule->seed;
		break;
	case FAULT_SEEN:
		cell->number = rule->seen;
		break;
	case FAULT_HIT:
		cell->number = rule->hit;
		break;
	}
}

static bool has_dev(const struct devs *devs, __u32 index)
{
	for (size_t i = 0; i < devs->n; i++)
		if (devs->v[i].index == index)
			return true;
	return false;
}

int cmd_fault_list(const struct call *call)
{
	struct fault_rules rules = { 0 };
	struct devs devs = { 0 };
	struct table table;
	struct nl nl;
	int rc, failed;

	rc = table_open(&table, call, "faults", false);
	if (rc)
		return rc;
	rc = nl_open(&nl);
	if (rc)
		return rc;
	failed = nl_devs_named(&nl, call->argc, call->argv, &devs);
	if (failed && !devs.n)
		goto out;
	rc = nl_fault_rules(&nl, &rules);
	if (rc) {
		complain("faults: %s", nl_words(&nl, rc));
		rc = EXIT_FAILED;
		goto out;
	}
	for (size_t i = 0; i < rules.n; i++)
		if (has_dev(&devs, rules.v[i].device))
			table_add(&table, fault_cell, &rules.v[i]);
	rc = table_close(&table);
out:
	free(rules.v);
	free(devs.v);
	nl_close(&nl);
	return rc ? rc : failed;
}

/* --- add, del, poison ----------------------------------------------------- */

/* Options that are numbers, and errno, which has names as well */
static const struct field {
	enum opt_id opt;
	__u16 attribute;
	const char *name;
	__u32 min;
} fields[] = {
	{ OPT_BLOCK, MEMDEV_A_FAULT_BLOCK, "--block", 0 },
	{ OPT_PAGE, MEMDEV_A_FAULT_PAGE, "--page", 0 },
	{ OPT_ERRNO, MEMDEV_A_FAULT_ERRNO, "--errno", 1 },
	{ OPT_DELAY, MEMDEV_A_FAULT_DELAY_MS, "--delay", 0 },
	{ OPT_NTH, MEMDEV_A_FAULT_NTH, "--nth", 1 },
	{ OPT_EVERY, MEMDEV_A_FAULT_EVERY, "--every", 1 },
	{ OPT_TIMES, MEMDEV_A_FAULT_TIMES, "--times", 1 },
	{ OPT_CHANCE, MEMDEV_A_FAULT_CHANCE, "--chance", 1 },
	{ OPT_SEED, MEMDEV_A_FAULT_SEED, "--seed", 0 },
};

static int error_parse(const char *text, __u32 *error)
{
	for (__u32 nr = 1; nr <= MEMDEV_FAULT_ERRNO_MAX; nr++) {
		const char *name = strerrorname_np(nr);

		if (!name || strcmp(name, text))
			continue;
		*error = nr;
		return 0;
	}
	return number_parse(text, "", error);
}

/* Complains; returns 0 or EXIT_USAGE. */
static int fields_parse(const struct call *call, __u32 *values)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *field = &fields[i];
		const char *text = call->value[field->opt];
		int rc;

		if (!call->set[field->opt])
			continue;
		if (field->opt == OPT_ERRNO)
			rc = error_parse(text, &values[i]);
		else
			rc = number_parse(text, "", &values[i]);
		if (rc || values[i] < field->min)
			return usage_error(call, "%s: '%s' is no %s",
					   field->name, text,
					   field->opt == OPT_ERRNO ?
					   "error" : "number of these");
	}
	return EXIT_DONE;
}

static void fields_put(const struct call *call, struct nlmsghdr *nlh,
		       const __u32 *values)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (call->set[fields[i].opt])
			mnl_attr_put_u32(nlh, fields[i].attribute, values[i]);
}

/* The kernel's words, after what the user calls what is at fault */
static void refused(const struct call *call, const struct nl *nl,
		    const struct dev *dev, int rc)
{
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (nl->attribute == fields[i].attribute)
			name = fields[i].name;
	complain("memdev%u: %s: %s%s%s", dev->index, call->cmd->name,
		 name ? name : "", name ? ": " : "", nl_words(nl, rc));
}

static int get_rule(const struct nlmsghdr *nlh, void *data)
{
	struct fault_rule rule;

	nl_fault_rule_parse(nlh, &rule);
	*(__u32 *)data = rule.index;
	return MNL_CB_OK;
}

int cmd_fault_add(const struct call *call)
{
	__u32 values[ARRAY_SIZE(fields)], index = 0, step;
	struct nlmsghdr *nlh;
	struct dev dev;
	struct nl nl;
	int rc;

	for (step = 0; step_names[step]; step++)
		if (!strcmp(call->argv[1], step_names[step]))
			break;
	if (!step_names[step])
		return usage_error(call, "unknown step '%s'", call->argv[1]);
	rc = fields_parse(call, values);
	if (rc)
		return rc;
	if (!call->set[OPT_ERRNO] && !call->set[OPT_DELAY])
		return usage_error(call, "it takes --errno, --delay or both");
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_dev_named(&nl, call->argv[0], &dev);
	if (rc)
		goto out;
	nlh = nl_request(&nl, MEMDEV_CMD_FAULT_NEW, NLM_F_ACK);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_DEVICE, dev.index);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_STEP, step);
	fields_put(call, nlh, values);
	rc = nl_call(&nl, nlh, get_rule, &index);
	if (rc) {
		refused(call, &nl, &dev, rc);
		rc = EXIT_FAILED;
	} else {
		printf("%u\n", index);
	}
out:
	nl_close(&nl);
	return rc;
}

/* rule: its number, NULL for all. 0 or an exit status */
static int fault_del(const struct call *call, struct nl *nl,
		     const struct dev *dev, const __u32 *rule)
{
	struct nlmsghdr *nlh = nl_request(nl, MEMDEV_CMD_FAULT_DEL, NLM_F_ACK);
	int rc;

	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_DEVICE, dev->index);
	if (rule)
		mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_INDEX, *rule);
	rc = nl_call(nl, nlh, NULL, NULL);
	if (rc)
		refused(call, nl, dev, rc);
	return rc ? EXIT_FAILED : EXIT_DONE;
}

int cmd_fault_del(const struct call *call)
{
	const bool all = call->argc == 2 && !strcmp(call->argv[1], "all");
	int done = 0, rc;
	struct dev dev;
	struct nl nl;
	__u32 rule;

	for (int i = 1; i < call->argc && !all; i++)
		if (number_parse(call->argv[i], "", &rule))
			return usage_error(call, "'%s' is no rule",
					   call->argv[i]);
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_dev_named(&nl, call->argv[0], &dev);
	if (rc)
		goto out;
	if (all) {
		rc = fault_del(call, &nl, &dev, NULL);
		goto out;
	}
	for (int i = 1; i < call->argc; i++) {
		number_parse(call->argv[i], "", &rule);
		done += !fault_del(call, &nl, &dev, &rule);
	}
	if (done < call->argc - 1)
		rc = done ? EXIT_PART : EXIT_FAILED;
out:
	nl_close(&nl);
	return rc;
}

int cmd_fault_poison(const struct call *call)
{
	__u32 values[ARRAY_SIZE(fields)];
	struct nlmsghdr *nlh;
	struct dev dev;
	struct nl nl;
	int rc;

	rc = fields_parse(call, values);
	if (rc)
		return rc;
	if (!call->set[OPT_BLOCK])
		return usage_error(call, "it takes --block");
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_dev_named(&nl, call->argv[0], &dev);
	if (rc)
		goto out;
	interrupt_catch();
	nlh = nl_request(&nl, MEMDEV_CMD_FAULT_POISON, NLM_F_ACK);
	mnl_attr_put_u32(nlh, MEMDEV_A_FAULT_DEVICE, dev.index);
	fields_put(call, nlh, values);
	/* It waits for an operation on the device */
	rc = nl_call_wait(&nl, nlh, NULL, NULL, 1000, NULL, NULL);
	if (rc) {
		refused(call, &nl, &dev, rc);
		rc = EXIT_FAILED;
	}
out:
	nl_close(&nl);
	return rc;
}
