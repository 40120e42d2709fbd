// SPDX-License-Identifier: GPL-2.0
/*
 * stat: what was done so far.
 */
#include <stdlib.h>
#include <string.h>

#include "list.h"

enum {
	STAT_DEVICE, STAT_OP, STAT_COUNT, STAT_FAILED, STAT_BYTES, STAT_TIME,
	STAT_KIND, STAT_ID,
};

const struct column stat_columns[NR_STAT_COLUMNS] = {
[STAT_DEVICE]	= { "DEVICE", COL_TEXT, true, false, "name of the device" },
[STAT_OP]	= { "OP", COL_TEXT, true, false, "plug or unplug" },
[STAT_COUNT]	= { "COUNT", COL_NUMBER, true, false, "operations" },
[STAT_FAILED]	= { "FAILED", COL_NUMBER, true, false,
		    "those that did not do all that was asked" },
[STAT_BYTES]	= { "BYTES", COL_SIZE, true, false, "what came or went" },
[STAT_TIME]	= { "TIME", COL_SECONDS, true, false,
		    "time spent, in seconds" },
[STAT_KIND]	= { "KIND", COL_TEXT, false, false,
		    "what it is: virtio-mem or dimm" },
[STAT_ID]	= { "ID", COL_TEXT, true, false,
		    "name that the device's creator gave it" },
};

struct stat_row {
	const struct dev *dev;
	unsigned int op;	/* index of the device's stats */
};

static const char *const ops[] = { "plug", "unplug" };

static void stat_cell(const void *item, const struct column *column,
		      struct cell *cell)
{
	const struct stat_row *row = item;
	const struct stats *stats = &row->dev->stats[row->op];

	switch (column - stat_columns) {
	case STAT_DEVICE:
		cell->text = xasprintf("memdev%u", row->dev->index);
		break;
	case STAT_OP:
		cell->text = xstrdup(ops[row->op]);
		break;
	case STAT_COUNT:
		cell->number = stats->count;
		break;
	case STAT_FAILED:
		cell->number = stats->failures;
		break;
	case STAT_BYTES:
		cell->number = stats->bytes;
		break;
	case STAT_TIME:
		cell->number = stats->time_ns;
		break;
	case STAT_KIND:
		cell->text = xstrdup(row->dev->kind);
		break;
	case STAT_ID:
		cell->there = row->dev->id[0];
		if (cell->there)
			cell->text = xstrdup(row->dev->id);
		break;
	}
}

/* --- Prometheus ----------------------------------------------------------- */

enum { OF_DEVICE, OF_OP, OF_WINDOW };

/* offset: of the number in struct dev, struct stats or struct window */
static const struct metric {
	const char *name;
	const char *type;
	const char *help;
	int of;
	size_t offset;
} metrics[] = {
	{ "memdev_size_bytes", "gauge", "Size of the device's region.",
	  OF_DEVICE, offsetof(struct dev, size) },
	{ "memdev_plugged_bytes", "gauge",
	  "Memory of the device that the kernel was given.",
	  OF_DEVICE, offsetof(struct dev, plugged) },
	{ "memdev_online_bytes", "gauge",
	  "Memory of the device that is online.",
	  OF_DEVICE, offsetof(struct dev, online) },
	{ "memdev_requested_bytes", "gauge",
	  "Memory that the device should have plugged.",
	  OF_DEVICE, offsetof(struct dev, requested) },
	{ "memdev_retired_bytes", "gauge",
	  "Memory that is not plugged again, as it had poisoned pages.",
	  OF_DEVICE, offsetof(struct dev, retired) },
	{ "memdev_operations_total", "counter",
	  "Operations on the device.",
	  OF_OP, offsetof(struct stats, count) },
	{ "memdev_operation_failures_total", "counter",
	  "Operations that did not do all that was asked.",
	  OF_OP, offsetof(struct stats, failures) },
	{ "memdev_operation_bytes_total", "counter",
	  "Memory that was plugged or unplugged.",
	  OF_OP, offsetof(struct stats, bytes) },
	{ "memdev_operation_seconds_total", "counter",
	  "Time spent in operations.",
	  OF_OP, offsetof(struct stats, time_ns) },
	{ "memdev_window_size_bytes", "gauge", "Size of the window.",
	  OF_WINDOW, offsetof(struct window, size) },
	{ "memdev_window_limit_bytes", "gauge",
	  "What the regions in the window may sum up to.",
	  OF_WINDOW, offsetof(struct window, limit) },
	{ "memdev_window_used_bytes", "gauge",
	  "What the regions in the window sum up to.",
	  OF_WINDOW, offsetof(struct window, used) },
	{ "memdev_window_largest_free_bytes", "gauge",
	  "The largest region that the window has room for.",
	  OF_WINDOW, offsetof(struct window, largest_free) },
};

static __u64 number_at(const void *base, size_t offset)
{
	return *(const __u64 *)((const char *)base + offset);
}

static void label(const char *name, const char *value, const char *after)
{
	printf("%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		putchar(*value);
	}
	printf("\"%s", after);
}

static void dev_labels(const struct metric *metric, const struct dev *dev)
{
	printf("%s{device=\"memdev%u\",", metric->name, dev->index);
	label("id", dev->id, ",");
	label("kind", dev->kind, "");
}

static void op_samples(const struct metric *metric, const struct dev *dev)
{
	for (size_t op = 0; op < ARRAY_SIZE(ops); op++) {
		const __u64 value = number_at(&dev->stats[op],
						 metric->offset);

		dev_labels(metric, dev);
		printf(",op=\"%s\"} ", ops[op]);
		/* Seconds are what everything there is in */
		if (metric->offset == offsetof(struct stats, time_ns))
			printf("%llu.%09llu\n",
			       value / 1000000000, value % 1000000000);
		else
			printf("%llu\n", value);
	}
}

static void prometheus(const struct devs *devs, const struct windows *windows)
{
	for (size_t m = 0; m < ARRAY_SIZE(metrics); m++) {
		const struct metric *metric = &metrics[m];
		const size_t n = metric->of == OF_WINDOW ? windows->n : devs->n;

		/* Names without samples are complained about */
		if (!n)
			continue;
		printf("# HELP %s %s\n# TYPE %s %s\n", metric->name,
		       metric->help, metric->name, metric->type);
		for (size_t i = 0; i < n; i++) {
			switch (metric->of) {
			case OF_DEVICE:
				dev_labels(metric, &devs->v[i]);
				printf("} %llu\n",
				       number_at(&devs->v[i], metric->offset));
				break;
			case OF_OP:
				op_samples(metric, &devs->v[i]);
				break;
			case OF_WINDOW:
				printf("%s{window=\"window%u\"} %llu\n",
				       metric->name, windows->v[i].index,
				       number_at(&windows->v[i],
						 metric->offset));
				break;
			}
		}
	}
}

static int stat_prometheus(struct nl *nl, const struct devs *devs)
{
	struct windows windows = { 0 };
	int rc;

	rc = nl_windows(nl, &windows);
	if (rc) {
		complain("windows: %s", nl_words(nl, rc));
		rc = EXIT_FAILED;
	} else {
		prometheus(devs, &windows);
	}
	free(windows.v);
	return rc;
}

int cmd_stat(const struct call *call)
{
	struct devs devs = { 0 };
	struct table table;
	struct nl nl;
	bool qmp;
	int rc;

	rc = qemu_format(call, &qmp);
	if (rc)
		return rc;
	if (call->set[OPT_PROMETHEUS] &&
	    (call->set[OPT_FORMAT] || call->set[OPT_JSON] ||
	     call->set[OPT_RAW] || call->set[OPT_PAIRS] ||
	     call->set[OPT_OUTPUT] || call->set[OPT_OUTPUT_ALL]))
		return usage_error(call, "--prometheus and other formats exclude each other");
	if (call->set[OPT_FORMAT] && call->argc)
		return usage_error(call, "--format is about all devices");
	rc = table_open(&table, call, "stat", false);
	if (rc)
		return rc;
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_devs_named(&nl, call->argc, call->argv, &devs);
	if (rc)
		goto out;
	if (call->set[OPT_FORMAT]) {
		rc = qemu_summary(&devs, qmp);
	} else if (call->set[OPT_PROMETHEUS]) {
		rc = stat_prometheus(&nl, &devs);
	} else {
		for (size_t i = 0; i < devs.n; i++) {
			struct stat_row row = { .dev = &devs.v[i] };

			for (row.op = 0; row.op < ARRAY_SIZE(ops); row.op++)
				table_add(&table, stat_cell, &row);
		}
		rc = table_close(&table);
	}
out:
	free(devs.v);
	nl_close(&nl);
	return rc;
}
