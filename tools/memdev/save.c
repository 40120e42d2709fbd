// SPDX-License-Identifier: GPL-2.0
/*
 * save: write windows and devices to a file.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "memdevctl.h"
#include "replace.h"

/* What a new window has */
#define DEFAULT_SLOTS	256

struct state {
	struct windows windows;
	struct devs devs;
};

static const char carved_note[] =
	"\n# Carved windows move at each boot: remove '#' below to restore them as well.\n";

static const struct window *window_of(const struct windows *windows,
				      const struct dev *dev)
{
	for (size_t i = 0; i < windows->n; i++)
		if (windows->v[i].index == dev->window)
			return &windows->v[i];
	return NULL;
}

static bool carved(const struct window *window)
{
	return window->source == MEMDEV_SOURCE_CARVED;
}

static void print_window(FILE *f, const struct window *window)
{
	__u32 bits = BIT(WINDOW_INDEX);
	char *size, *keys;

	if (!carved(window))
		bits |= BIT(WINDOW_START);
	if (window->node >= 0)
		bits |= BIT(WINDOW_NODE);
	if (window->limit != window->size)
		bits |= BIT(WINDOW_LIMIT);
	if (window->slots != DEFAULT_SLOTS)
		bits |= BIT(WINDOW_SLOTS);
	size = size_input(window->size);
	keys = conf_text(window_keys, window_members, window, bits, NULL);
	fprintf(f, "%swindow %s %s%s\n", carved(window) ? "#" : "", size, keys,
		carved(window) ? " carve" : "");
	free(size);
	free(keys);
}

static void print_dev(FILE *f, struct dev dev, const struct window *window)
{
	__u32 bits = BIT(DEV_WINDOW) | BIT(DEV_KIND) | BIT(DEV_ONLINE_TYPE) |
		     BIT(DEV_MEMMAP_ON_MEMORY) | BIT(DEV_UNPLUG_TIMEOUT_MS);
	char *size, *keys;

	if (!carved(window))
		bits |= BIT(DEV_ADDRESS);
	else if (!dev.id[0])
		/* Its address changes: suggest an id. */
		snprintf(dev.id, sizeof(dev.id), "dev%u", dev.index);
	if (dev.id[0])
		bits |= BIT(DEV_ID);
	if (dev.align != dev.block_size)
		bits |= BIT(DEV_ALIGN);
	if (dev.node >= 0 && dev.node != window->node)
		bits |= BIT(DEV_NODE);
	if (dev.slot >= 0)
		bits |= BIT(DEV_SLOT);
	bits |= dev.requested_size == dev.plugged_size ?
		BIT(DEV_PLUGGED_SIZE) : BIT(DEV_REQUESTED_SIZE);
	size = size_input(dev.size);
	keys = conf_text(dev_keys, dev_members, &dev, bits, NULL);
	fprintf(f, "%sdevice %s %s\n", carved(window) ? "#" : "", size, keys);
	free(size);
	free(keys);
}

static void print_all(FILE *f, const struct state *state, bool carve)
{
	const struct windows *windows = &state->windows;
	const struct devs *devs = &state->devs;
	bool any = false;

	for (size_t i = 0; i < windows->n; i++) {
		if (carved(&windows->v[i]) != carve)
			continue;
		if (carve && !any)
			fputs(carved_note, f);
		print_window(f, &windows->v[i]);
		any = true;
	}
	for (size_t i = 0; i < devs->n; i++) {
		const struct window *window = window_of(windows, &devs->v[i]);

		if (window && carved(window) == carve)
			print_dev(f, devs->v[i], window);
	}
}

static void print_conf(FILE *f, const void *data)
{
	const struct state *state = data;

	fputs("# Written by memdevctl save, read by memdevctl restore, see memdev.conf(5).\n",
	      f);
	print_all(f, state, false);
	print_all(f, state, true);
}

/* The user may expect that all of the state comes back. */
static void report_carved(const char *name, const struct windows *windows)
{
	for (size_t i = 0; i < windows->n; i++) {
		if (!carved(&windows->v[i]))
			continue;
		warnx("save: %s has carved windows as comments, remove '#' to restore them",
		      name);
		return;
	}
}

int cmd_save(const struct call *call)
{
	const char *name = call->argc ? call->argv[0] : CONF_FILE;
	struct state state = { 0 };
	struct nl nl;
	int rc;

	rc = nl_open(&nl);
	if (rc)
		return rc;
	/* Last, so that no window of these devices is missing. */
	rc = nl_status(&nl, nl_devs(&nl, &state.devs), "devices");
	if (!rc)
		rc = nl_status(&nl, nl_windows(&nl, &state.windows), "windows");
	if (!rc && !conf_sees_addresses(&state.windows, "save"))
		rc = EXIT_FAILED;
	if (!rc)
		rc = file_replace(name, print_conf, &state);
	if (!rc && strcmp(name, "-"))
		report_carved(name, &state.windows);
	free(state.windows.v);
	free(state.devs.v);
	nl_close(&nl);
	return rc;
}
