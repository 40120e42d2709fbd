// SPDX-License-Identifier: GPL-2.0
/*
 * fault list, fault add, fault del, fault poison.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "memdevctl.h"
#include "names.h"
#include "request.h"

enum {
	FAULT_DEVICE, FAULT_RULE, FAULT_STEP, FAULT_BLOCK, FAULT_ERRNO,
	FAULT_DELAY, FAULT_NTH, FAULT_EVERY, FAULT_TIMES, FAULT_CHANCE,
	FAULT_SEED, FAULT_SEEN, FAULT_HIT,
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

static char *errno_text(__u32 error)
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
		cell->present = rule->has_block;
		cell->number = rule->block;
		break;
	case FAULT_ERRNO:
		cell->present = rule->error;
		if (cell->present)
			cell->text = errno_text(rule->error);
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
		cell->present = rule->times;
		cell->number = rule->times;
		break;
	case FAULT_CHANCE:
		cell->number = rule->chance;
		break;
	case FAULT_SEED:
		/* A rule that always hits uses no random numbers. */
		cell->present = rule->chance < MEMDEV_FAULT_CHANCE_MAX;
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

static int list_print(const struct call *call, struct nl *nl,
		      struct devs *devs, struct table *table)
{
	struct fault_rules rules = { 0 };
	int rc;

	(void)call;
	rc = nl_status(nl, nl_fault_rules(nl, &rules), "faults");
	if (!rc) {
		for (size_t i = 0; i < rules.n; i++)
			if (has_dev(devs, rules.v[i].device))
				table_add(table, fault_cell, &rules.v[i]);
		rc = table_close(table);
	}
	free(rules.v);
	return rc;
}

int cmd_fault_list(const struct call *call)
{
	return devs_command(call, "faults", false, list_print);
}

static const struct field fields[] = {
	{ "--block", FIELD_NUMBER, MEMDEV_A_FAULT_BLOCK, OPT_BLOCK, 0 },
	{ "--page", FIELD_NUMBER, MEMDEV_A_FAULT_PAGE, OPT_PAGE, 0 },
	{ "--errno", FIELD_ERRNO, MEMDEV_A_FAULT_ERRNO, OPT_ERRNO, 1 },
	{ "--delay", FIELD_NUMBER, MEMDEV_A_FAULT_DELAY_MS, OPT_DELAY, 0 },
	{ "--nth", FIELD_NUMBER, MEMDEV_A_FAULT_NTH, OPT_NTH, 1 },
	{ "--every", FIELD_NUMBER, MEMDEV_A_FAULT_EVERY, OPT_EVERY, 1 },
	{ "--times", FIELD_NUMBER, MEMDEV_A_FAULT_TIMES, OPT_TIMES, 1 },
	{ "--chance", FIELD_NUMBER, MEMDEV_A_FAULT_CHANCE, OPT_CHANCE, 1 },
	{ "--seed", FIELD_NUMBER, MEMDEV_A_FAULT_SEED, OPT_SEED, 0 },
	{ .name = NULL }
};

/* Print an error if rc is not 0. Returns 0 or EXIT_FAILED. */
static int fault_status(const struct call *call, const struct nl *nl,
			const struct dev *dev, int rc)
{
	if (!rc)
		return EXIT_DONE;
	warnx("memdev%u: %s: %s%s", dev->index, call->cmd->name,
	      bad_field(nl, fields), nl_strerror(nl, rc));
	return EXIT_FAILED;
}

static int index_parse(const struct nlmsghdr *nlh, void *data)
{
	struct fault_rule rule;

	nl_fault_rule_parse(nlh, &rule);
	*(__u32 *)data = rule.index;
	return MNL_CB_OK;
}

int cmd_fault_add(const struct call *call)
{
	struct nlmsghdr *request;
	__u32 index = 0, step;
	struct dev dev;
	struct nl nl;
	int rc;

	for (step = 0; step_names[step]; step++)
		if (!strcmp(call->argv[1], step_names[step]))
			break;
	if (!step_names[step])
		return usage_error(call,
				   "invalid step '%s': expected add, online, offline, remove or answer",
				   call->argv[1]);
	request = nl_request(MEMDEV_CMD_FAULT_NEW, NLM_F_ACK);
	mnl_attr_put_u32(request, MEMDEV_A_FAULT_STEP, step);
	rc = fields_put(call, fields, request);
	if (rc)
		return rc;
	if (!(call->set & (OPT(ERRNO) | OPT(DELAY))))
		return usage_error(call, "missing option --errno or --delay");
	rc = nl_open_dev(&nl, call->argv[0], &dev);
	if (rc)
		return rc;
	mnl_attr_put_u32(request, MEMDEV_A_FAULT_DEVICE, dev.index);
	rc = fault_status(call, &nl, &dev,
			  nl_call(&nl, request, index_parse, &index));
	if (!rc)
		printf("%u\n", index);
	nl_close(&nl);
	return rc;
}

/* rule: its number, or NULL for all rules. Returns 0 or EXIT_FAILED. */
static int fault_del(const struct call *call, struct nl *nl,
		     const struct dev *dev, const __u32 *rule)
{
	struct nlmsghdr *request = nl_request(MEMDEV_CMD_FAULT_DEL, NLM_F_ACK);

	mnl_attr_put_u32(request, MEMDEV_A_FAULT_DEVICE, dev->index);
	if (rule)
		mnl_attr_put_u32(request, MEMDEV_A_FAULT_INDEX, *rule);
	return fault_status(call, nl, dev, nl_call(nl, request, NULL, NULL));
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
			return usage_error(call, "invalid rule '%s': expected a number",
					   call->argv[i]);
	rc = nl_open_dev(&nl, call->argv[0], &dev);
	if (rc)
		return rc;
	if (all) {
		rc = fault_del(call, &nl, &dev, NULL);
		goto out;
	}
	for (int i = 1; i < call->argc; i++) {
		number_parse(call->argv[i], "", &rule);
		done += !fault_del(call, &nl, &dev, &rule);
	}
	rc = partial_status(done, call->argc - 1);
out:
	nl_close(&nl);
	return rc;
}

int cmd_fault_poison(const struct call *call)
{
	struct nlmsghdr *request;
	struct dev dev;
	struct nl nl;
	int rc;

	request = nl_request(MEMDEV_CMD_FAULT_POISON, NLM_F_ACK);
	rc = fields_put(call, fields, request);
	if (rc)
		return rc;
	if (!(call->set & OPT(BLOCK)))
		return usage_error(call, "missing option --block");
	rc = nl_open_dev(&nl, call->argv[0], &dev);
	if (rc)
		return rc;
	mnl_attr_put_u32(request, MEMDEV_A_FAULT_DEVICE, dev.index);
	/* The request waits for the device's running operation to end. */
	rc = fault_status(call, &nl, &dev,
			  nl_call_wait(&nl, request, NULL, NULL, 1000, NULL,
				       NULL));
	nl_close(&nl);
	return rc;
}
