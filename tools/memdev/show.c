// SPDX-License-Identifier: GPL-2.0
/*
 * show: all details of devices.
 */
#include <stdlib.h>

#include "list.h"
#include "memdevctl.h"
#include "names.h"
#include "request.h"

static void line_start(const char *name)
{
	printf("  %-18s", name);
}

static void show_text(const char *name, const char *text)
{
	line_start(name);
	printf("%s\n", text);
}

static void show_size(const char *name, __u64 bytes, bool plain)
{
	char *size = size_human(bytes);

	line_start(name);
	if (plain)
		printf("%llu\n", bytes);
	else
		printf("%s (%llu bytes)\n", size, bytes);
	free(size);
}

static void show_stats(const char *name, const struct stats *stats, bool plain)
{
	char *size = plain ? xasprintf("%llu bytes", stats->bytes) :
			     size_human(stats->bytes);

	line_start(name);
	printf("%llu, %llu failed, %s, %llu.%03llu s\n", stats->count,
	       stats->failures, size, stats->time_ns / 1000000000,
	       stats->time_ns / 1000000 % 1000);
	free(size);
}

static void show_error(const struct dev *dev, bool plain)
{
	const struct refusal *refusal = &dev->refusal;
	char *text, *asked, *done;

	if (dev->last_error[0])
		show_text("last error", dev->last_error);
	if (!HAS(refusal, REFUSAL_OP))
		return;
	text = refusal_text(refusal);
	asked = plain ? xasprintf("%llu", refusal->asked) :
			size_exact(refusal->asked);
	done = plain ? xasprintf("%llu", refusal->done) :
		       size_exact(refusal->done);
	line_start("refused");
	printf("%s %s, %s done; %s\n", op_name(refusal->op), asked, done,
	       text);
	free(text);
	free(asked);
	free(done);
}

static void show_dev(const struct dev_row *row, bool plain)
{
	static const __u8 states[] = {
		MEMDEV_BLOCK_STATE_MOVABLE, MEMDEV_BLOCK_STATE_KERNEL,
		MEMDEV_BLOCK_STATE_OFFLINE, MEMDEV_BLOCK_STATE_UNPLUGGED,
		MEMDEV_BLOCK_STATE_RETIRED,
	};
	const struct dev *dev = row->dev;

	printf("memdev%u\n", dev->index);
	if (dev->id[0])
		show_text("id", dev->id);
	show_text("kind", dev->kind);
	show_text("state", state_name(dev->state));
	show_size("size", dev->size, plain);
	show_size("plugged", dev->plugged_size, plain);
	show_size("online", dev->online_size, plain);
	show_size("requested", dev->requested_size, plain);
	if (dev->retired_size)
		show_size("retired", dev->retired_size, plain);
	line_start("window");
	printf("window%u\n", dev->window);
	if (HAS(dev, DEV_ADDRESS)) {
		line_start("address");
		printf("0x%llx-0x%llx\n", dev->address,
		       dev->address + dev->size - 1);
	}
	if (dev->node >= 0) {
		line_start("node");
		printf("%d\n", dev->node);
	}
	if (dev->slot >= 0) {
		line_start("slot");
		printf("%d\n", dev->slot);
	}
	show_size("alignment", dev->align, plain);
	show_size("block size", dev->block_size, plain);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		char *name;

		if (!row->blocks[states[i]])
			continue;
		name = xasprintf("%s blocks", block_state_name(states[i]));
		show_text(name, row->blocks[states[i]]);
		free(name);
	}
	show_text("online type", online_type_name(dev->online_type));
	show_text("memmap on memory", dev->memmap_on_memory ? "yes" : "no");
	line_start("unplug timeout");
	if (dev->unplug_timeout_ms)
		printf("%u ms\n", dev->unplug_timeout_ms);
	else
		puts("none");
	show_stats("plugs", &dev->plug_stats, plain);
	show_stats("unplugs", &dev->unplug_stats, plain);
	show_error(dev, plain);
}

static int show_print(const struct call *call, struct nl *nl,
		      struct devs *devs, struct table *table)
{
	struct block_runs runs = { 0 };
	struct dev_row row;
	int rc;

	if (call->set & (OPTS_FORMAT | OPT(NOHEADINGS)))
		return devs_print(nl, devs, table);
	if (!devs->n && empty_text(call))
		puts(empty_text(call));
	rc = nl_status(nl, nl_block_runs(nl, &runs), "blocks");
	for (size_t i = 0; i < devs->n && !rc; i++) {
		dev_row_fill(&row, &devs->v[i], &runs);
		if (i)
			putchar('\n');
		show_dev(&row, call->set & OPT(BYTES));
		dev_row_free(&row);
	}
	free(runs.v);
	return rc;
}

int cmd_show(const struct call *call)
{
	return devs_command(call, "memdev", true, show_print);
}
