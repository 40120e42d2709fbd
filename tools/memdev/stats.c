// SPDX-License-Identifier: GPL-2.0
/*
 * stat: statistics of plug and unplug operations.
 */
#include <stdlib.h>
#include <sys/utsname.h>

#include "memdevctl.h"
#include "names.h"
#include "qemu.h"
#include "request.h"

enum {
	STAT_DEVICE, STAT_OP, STAT_COUNT, STAT_FAILED, STAT_BYTES, STAT_TIME,
	STAT_KIND, STAT_ID,
};

const struct column stat_columns[] = {
[STAT_DEVICE]	= { "DEVICE", COL_TEXT, COL_DEFAULT, "name of the device" },
[STAT_OP]	= { "OP", COL_TEXT, COL_DEFAULT, "plug or unplug" },
[STAT_COUNT]	= { "COUNT", COL_NUMBER, COL_DEFAULT, "operations" },
[STAT_FAILED]	= { "FAILED", COL_NUMBER, COL_DEFAULT,
		    "operations that failed, at least in part" },
[STAT_BYTES]	= { "BYTES", COL_SIZE, COL_DEFAULT,
		    "memory plugged or unplugged" },
[STAT_TIME]	= { "TIME", COL_SECONDS, COL_DEFAULT,
		    "time spent, in seconds" },
[STAT_KIND]	= { "KIND", COL_TEXT, 0,
		    "kind of the device, virtio-mem or dimm" },
[STAT_ID]	= { "ID", COL_TEXT, COL_DEFAULT,
		    "id given when the device was created" },
{ .name = NULL }
};

struct stat_row {
	const struct dev *dev;
	unsigned int op;	/* index into ops */
};

static const char *const ops[] = { "plug", "unplug" };

static const struct stats *stats_of(const struct dev *dev, unsigned int op)
{
	return op ? &dev->unplug_stats : &dev->plug_stats;
}

static void stat_cell(const void *item, const struct column *column,
		      struct cell *cell)
{
	const struct stat_row *row = item;
	const struct stats *stats = stats_of(row->dev, row->op);

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
		cell_set_text(cell, row->dev->id);
		break;
	}
}

/* --- Prometheus ----------------------------------------------------------- */

/*
 * The structure that contains the value: struct dev, stats or window; or the
 * numbers of blocks by state
 */
enum scope { SCOPE_DEVICE, SCOPE_OP, SCOPE_WINDOW, SCOPE_STATE };

static const struct metric {
	const char *name;
	const char *type;
	const char *help;
	enum scope scope;
	size_t offset;
} metrics[] = {
	{ "memdev_size_bytes", "gauge", "Size of the region.",
	  SCOPE_DEVICE, offsetof(struct dev, size) },
	{ "memdev_plugged_bytes", "gauge",
	  "Plugged memory of the device.",
	  SCOPE_DEVICE, offsetof(struct dev, plugged_size) },
	{ "memdev_online_bytes", "gauge",
	  "Online memory of the device.",
	  SCOPE_DEVICE, offsetof(struct dev, online_size) },
	{ "memdev_requested_bytes", "gauge",
	  "Requested plugged size of the device.",
	  SCOPE_DEVICE, offsetof(struct dev, requested_size) },
	{ "memdev_retired_bytes", "gauge",
	  "Memory retired because of poisoned pages.",
	  SCOPE_DEVICE, offsetof(struct dev, retired_size) },
	{ "memdev_block_size_bytes", "gauge",
	  "Size of a memory block of the device.",
	  SCOPE_DEVICE, offsetof(struct dev, block_size) },
	{ "memdev_blocks", "gauge", "Memory blocks of the device by state.",
	  SCOPE_STATE, 0 },
	{ "memdev_operations_total", "counter",
	  "Operations on the device.",
	  SCOPE_OP, offsetof(struct stats, count) },
	{ "memdev_operation_failures_total", "counter",
	  "Operations that failed, at least in part.",
	  SCOPE_OP, offsetof(struct stats, failures) },
	{ "memdev_operation_bytes_total", "counter",
	  "Memory plugged or unplugged.",
	  SCOPE_OP, offsetof(struct stats, bytes) },
	{ "memdev_operation_seconds_total", "counter",
	  "Time spent in operations.",
	  SCOPE_OP, offsetof(struct stats, time_ns) },
	{ "memdev_window_size_bytes", "gauge", "Size of the window.",
	  SCOPE_WINDOW, offsetof(struct window, size) },
	{ "memdev_window_limit_bytes", "gauge",
	  "Limit on the total size of regions in the window.",
	  SCOPE_WINDOW, offsetof(struct window, limit) },
	{ "memdev_window_used_bytes", "gauge",
	  "Total size of regions in the window.",
	  SCOPE_WINDOW, offsetof(struct window, used) },
	{ "memdev_window_largest_free_bytes", "gauge",
	  "Largest region that fits in the window.",
	  SCOPE_WINDOW, offsetof(struct window, largest_free) },
};

static __u64 number_at(const void *base, size_t offset)
{
	return *(const __u64 *)((const char *)base + offset);
}

static void print_label(const char *name, const char *value, const char *after)
{
	printf("%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		putchar(*value);
	}
	printf("\"%s", after);
}

static void print_node_label(__s32 node)
{
	/* An empty label is the same as none. */
	printf("node=\"");
	if (node >= 0)
		printf("%d", node);
	putchar('"');
}

static void print_dev_labels(const struct metric *metric, const struct dev *dev)
{
	printf("%s{device=\"memdev%u\",", metric->name, dev->index);
	print_label("id", dev->id, ",");
	print_label("kind", dev->kind, ",");
	print_node_label(dev->node);
}

static void print_state_samples(const struct metric *metric,
				const struct dev *dev,
				const struct block_runs *runs)
{
	__u64 count[NR_BLOCK_STATES] = { 0 };

	for (size_t i = 0; i < runs->n; i++)
		if (runs->v[i].device == dev->index &&
		    runs->v[i].state < NR_BLOCK_STATES)
			count[runs->v[i].state] += runs->v[i].count;
	for (__u32 state = 0; state < NR_BLOCK_STATES; state++) {
		print_dev_labels(metric, dev);
		printf(",state=\"%s\"} %llu\n", block_state_name(state),
		       count[state]);
	}
}

static void print_op_samples(const struct metric *metric, const struct dev *dev)
{
	for (size_t op = 0; op < ARRAY_SIZE(ops); op++) {
		const __u64 value = number_at(stats_of(dev, op),
					      metric->offset);

		print_dev_labels(metric, dev);
		printf(",op=\"%s\"} ", ops[op]);
		/* Prometheus expects seconds. */
		if (metric->offset == offsetof(struct stats, time_ns))
			printf("%llu.%09llu\n",
			       value / 1000000000, value % 1000000000);
		else
			printf("%llu\n", value);
	}
}

static void print_heading(const char *name, const char *type,
			  const char *help)
{
	printf("# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* nl: NULL if the module is not loaded */
static void print_up(const struct nl *nl)
{
	struct utsname kernel;

	uname(&kernel);
	print_heading("memdev_up", "gauge",
		      "Whether the module is loaded and answers.");
	printf("memdev_up %d\n", !!nl);
	print_heading("memdev_build_info", "gauge",
		      "Versions of memdevctl and of the running kernel.");
	print_label("memdev_build_info{version", MEMDEVCTL_VERSION, ",");
	print_label("kernel", nl_input && nl ? nl->record.kernel :
					       kernel.release, "} 1\n");
}

static void print_window_sample(const struct metric *metric,
				const struct window *window)
{
	printf("%s{window=\"window%u\",", metric->name, window->index);
	print_node_label(window->node);
	printf("} %llu\n", number_at(window, metric->offset));
}

static void print_metrics(const struct devs *devs,
			  const struct windows *windows,
			  const struct block_runs *runs)
{
	for (size_t m = 0; m < ARRAY_SIZE(metrics); m++) {
		const struct metric *metric = &metrics[m];
		const size_t n = metric->scope == SCOPE_WINDOW ? windows->n :
								 devs->n;

		/* promtool rejects a metric without samples. */
		if (!n)
			continue;
		print_heading(metric->name, metric->type, metric->help);
		for (size_t i = 0; i < n; i++) {
			switch (metric->scope) {
			case SCOPE_DEVICE:
				print_dev_labels(metric, &devs->v[i]);
				printf("} %llu\n",
				       number_at(&devs->v[i], metric->offset));
				break;
			case SCOPE_OP:
				print_op_samples(metric, &devs->v[i]);
				break;
			case SCOPE_WINDOW:
				print_window_sample(metric, &windows->v[i]);
				break;
			case SCOPE_STATE:
				print_state_samples(metric, &devs->v[i], runs);
				break;
			}
		}
	}
}

static int prometheus_print(struct nl *nl, const struct devs *devs)
{
	struct block_runs runs = { 0 };
	struct windows windows = { 0 };
	int rc;

	rc = nl_status(nl, nl_windows(nl, &windows), "windows") ?:
	     nl_status(nl, nl_block_runs(nl, &runs), "blocks");
	if (!rc) {
		print_up(nl);
		print_metrics(devs, &windows, &runs);
	}
	free(windows.v);
	free(runs.v);
	return rc;
}

static int stat_print(const struct call *call, struct nl *nl,
		      struct devs *devs, struct table *table)
{
	/* Print nothing if a device does not exist. */
	if (devs->n < (size_t)call->argc)
		return EXIT_FAILED;
	if (call->set & OPT(FORMAT))
		return qemu_summary(call, devs);
	if (call->set & OPT(PROMETHEUS))
		return prometheus_print(nl, devs);
	for (size_t i = 0; i < devs->n; i++) {
		struct stat_row row = { .dev = &devs->v[i] };

		for (row.op = 0; row.op < ARRAY_SIZE(ops); row.op++)
			table_add(table, stat_cell, &row);
	}
	return table_close(table);
}

int cmd_stat(const struct call *call)
{
	const int rc = qemu_check(call);

	if (rc)
		return rc;
	if (call->set & OPT(PROMETHEUS) &&
	    call->set & (OPTS_FORMAT | OPT(FORMAT)))
		return value_error(call, "--prometheus cannot be combined with other formats");
	/* The size of the machine's memory is not in the record. */
	if (call->set & OPT(FORMAT) && call->set & OPT(INPUT))
		return value_error(call, "--format cannot be combined with --input");
	/* A collector has to see that there is no module. */
	if (call->set & OPT(PROMETHEUS) && !module_loaded()) {
		print_up(NULL);
		return EXIT_DONE;
	}
	if (call->set & OPT(FORMAT) && call->argc)
		return value_error(call, "--format cannot be combined with DEV");
	return devs_command(call, "stat", false, stat_print);
}
