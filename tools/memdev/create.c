// SPDX-License-Identifier: GPL-2.0
/*
 * create, destroy, set, window add, window del.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"

/* What the user calls an attribute that the kernel finds at fault */
struct fault {
	__u16 attribute;
	const char *name;	/* NULL: there are no more */
};

static const struct fault create_faults[] = {
	{ MEMDEV_A_DEV_ID, "--id: " },
	{ MEMDEV_A_DEV_KIND, "--kind: " },
	{ MEMDEV_A_DEV_WINDOW, "--window: " },
	{ MEMDEV_A_DEV_ADDRESS, "--addr: " },
	{ MEMDEV_A_DEV_ALIGN, "--align: " },
	{ MEMDEV_A_DEV_NODE, "--node: " },
	{ MEMDEV_A_DEV_SLOT, "--slot: " },
	{ 0, NULL },
};

static const struct fault window_faults[] = {
	{ MEMDEV_A_WINDOW_START, "--start: " },
	{ MEMDEV_A_WINDOW_NODE, "--node: " },
	{ 0, NULL },
};

static const struct fault set_faults[] = {
	{ MEMDEV_A_DEV_REQUESTED_SIZE, "requested_size: " },
	{ MEMDEV_A_DEV_ONLINE_TYPE, "online_type: " },
	{ MEMDEV_A_DEV_MEMMAP_ON_MEMORY, "memmap_on_memory: " },
	{ MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, "unplug_timeout_ms: " },
	{ 0, NULL },
};

static const char *at_fault(const struct nl *nl, const struct fault *faults)
{
	for (; faults->name; faults++)
		if (nl->attribute == faults->attribute)
			return faults->name;
	return "";
}

/* Options as attributes of a request; 0 or EXIT_USAGE */
static int put_number(const struct call *call, enum opt_id opt,
		      const char *prefix, struct nlmsghdr *nlh, __u16 type)
{
	const char *value = call->value[opt];
	__u32 number;

	if (!call->set[opt])
		return EXIT_DONE;
	if (number_parse(value, prefix, &number))
		return usage_error(call, "'%s' is no number", value);
	mnl_attr_put_u32(nlh, type, number);
	return EXIT_DONE;
}

static int put_bytes(const struct call *call, enum opt_id opt, bool zero,
		     struct nlmsghdr *nlh, __u16 type)
{
	__u64 bytes;
	int rc;

	if (!call->set[opt])
		return EXIT_DONE;
	rc = size_argument(call, call->value[opt], zero, &bytes);
	if (!rc)
		mnl_attr_put_u64(nlh, type, bytes);
	return rc;
}

static int put_text(const struct call *call, enum opt_id opt, size_t max,
		    struct nlmsghdr *nlh, __u16 type)
{
	const char *value = call->value[opt];

	if (!call->set[opt])
		return EXIT_DONE;
	if (!*value || strlen(value) > max)
		return usage_error(call, "--%s takes 1 to %zu characters",
				   opt == OPT_ID ? "id" : "kind", max);
	mnl_attr_put_strz(nlh, type, value);
	return EXIT_DONE;
}

/* Here and in removed(): the attribute is the same of devices and windows */
static int get_index(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == MEMDEV_A_DEV_INDEX)
			*(__u32 *)data = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

/*
 * Opens a socket for a request that was written before, sends it, and learns
 * the index of what it made. After a failure the socket is closed.
 */
static int make(const struct call *call, struct nl *nl, struct nlmsghdr *nlh,
		const struct fault *faults, __u32 *index)
{
	int rc;

	rc = nl_open_for(nl, nlh);
	if (rc)
		return rc;
	interrupt_catch();
	rc = nl_call_wait(nl, nlh, get_index, index, 1000, NULL, NULL);
	if (!rc)
		return EXIT_DONE;
	complain("%s %s: %s%s", call->cmd->name, call->argv[0],
		 at_fault(nl, faults), nl_words(nl, rc));
	nl_close(nl);
	return EXIT_FAILED;
}

/*
 * What was made is there, also if nobody can read its name: then the name is
 * in the complaint.
 */
static int say_made(const char *prefix, __u32 index, int rc)
{
	if (rc || output_done(stdout, "standard output")) {
		complain("%s%u was made", prefix, index);
		return EXIT_PART;
	}
	return EXIT_DONE;
}

int cmd_create(const struct call *call)
{
	__u32 index = ~0U;
	struct nlmsghdr *nlh;
	struct table table;
	struct nl nl;
	struct dev dev;
	__u64 size;
	int rc;

	rc = size_argument(call, call->argv[0], false, &size);
	if (rc)
		return rc;
	rc = table_open(&table, call, "memdev", false);
	if (rc)
		return rc;
	nlh = nl_request_first(&nl, MEMDEV_CMD_DEV_NEW);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, size);
	rc = put_text(call, OPT_ID, MEMDEV_ID_MAX_LEN, nlh, MEMDEV_A_DEV_ID);
	if (!rc)
		rc = put_text(call, OPT_KIND, MEMDEV_KIND_MAX_LEN, nlh,
			      MEMDEV_A_DEV_KIND);
	if (!rc)
		rc = put_number(call, OPT_WINDOW, "window", nlh,
				MEMDEV_A_DEV_WINDOW);
	if (!rc)
		rc = put_bytes(call, OPT_ADDR, true, nlh, MEMDEV_A_DEV_ADDRESS);
	if (!rc)
		rc = put_bytes(call, OPT_ALIGN, false, nlh, MEMDEV_A_DEV_ALIGN);
	if (!rc)
		rc = put_number(call, OPT_NODE, "", nlh, MEMDEV_A_DEV_NODE);
	if (!rc)
		rc = put_number(call, OPT_SLOT, "", nlh, MEMDEV_A_DEV_SLOT);
	if (rc)
		return rc;
	rc = make(call, &nl, nlh, create_faults, &index);
	if (rc)
		return rc;
	if (call->set[OPT_JSON]) {
		struct devs devs = { .v = &dev, .n = 1 };

		rc = nl_dev(&nl, index, &dev);
		if (!rc)
			rc = devs_print(&nl, &devs, &table);
		else
			complain("memdev%u: %s", index, nl_words(&nl, rc));
	} else {
		printf("memdev%u\n", index);
	}
	nl_close(&nl);
	return say_made("memdev", index, rc);
}

/* Removes a device or a window; false, and complains, if it stays */
static bool removed(struct nl *nl, __u8 cmd, const char *prefix, __u32 index,
		    const char *what)
{
	struct nlmsghdr *nlh = nl_request(nl, cmd, NLM_F_ACK);
	int rc;

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, index);
	rc = nl_call(nl, nlh, NULL, NULL);
	if (rc)
		complain("%s%u: %s: %s", prefix, index, what, nl_words(nl, rc));
	return !rc;
}

static int part_of(int done, int all)
{
	if (done == all)
		return EXIT_DONE;
	return done ? EXIT_PART : EXIT_FAILED;
}

int cmd_destroy(const struct call *call)
{
	int done = 0, rc;
	struct dev dev;
	struct nl nl;

	rc = nl_open(&nl);
	if (rc)
		return rc;
	for (int i = 0; i < call->argc; i++) {
		if (nl_dev_named(&nl, call->argv[i], &dev))
			continue;
		done += removed(&nl, MEMDEV_CMD_DEV_DEL, "memdev", dev.index,
				"destroy");
	}
	nl_close(&nl);
	return part_of(done, call->argc);
}

/* --- set ------------------------------------------------------------------ */

enum { KEY_REQUESTED, KEY_ONLINE_TYPE, KEY_MEMMAP, KEY_TIMEOUT };

static const char *const keys[] = {
	[KEY_REQUESTED] = "requested_size",
	[KEY_ONLINE_TYPE] = "online_type",
	[KEY_MEMMAP] = "memmap_on_memory",
	[KEY_TIMEOUT] = "unplug_timeout_ms",
};

/* Words may be joined by hyphens as well */
static bool same(const char *text, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != name[i] && !(text[i] == '-' && name[i] == '_'))
			return false;
	return !name[len];
}

static int put_setting(const struct call *call, const char *text,
		       struct nlmsghdr *nlh, unsigned int *seen)
{
	const char *value = strchr(text, '=');
	__u64 bytes;
	__u32 nr;
	size_t key;
	int rc;

	if (!value)
		return usage_error(call, "'%s' is no KEY=VALUE", text);
	for (key = 0; key < ARRAY_SIZE(keys); key++)
		if (same(text, value - text, keys[key]))
			break;
	value++;
	if (key == ARRAY_SIZE(keys))
		return usage_error(call, "unknown key in '%s'", text);
	if (*seen & 1U << key)
		return usage_error(call, "%s is there twice", keys[key]);
	*seen |= 1U << key;

	switch (key) {
	case KEY_REQUESTED:
		rc = size_argument(call, value, true, &bytes);
		if (rc)
			return rc;
		mnl_attr_put_u64(nlh, MEMDEV_A_DEV_REQUESTED_SIZE, bytes);
		break;
	case KEY_ONLINE_TYPE:
		for (nr = 0; online_type_names[nr]; nr++)
			if (same(value, strlen(value), online_type_names[nr]))
				break;
		if (!online_type_names[nr])
			return usage_error(call, "unknown online type '%s'",
					   value);
		mnl_attr_put_u32(nlh, MEMDEV_A_DEV_ONLINE_TYPE, nr);
		break;
	case KEY_MEMMAP:
		if (number_parse(value, "", &nr) || nr > 1)
			return usage_error(call, "'%s' is not 0 or 1", value);
		mnl_attr_put_u8(nlh, MEMDEV_A_DEV_MEMMAP_ON_MEMORY, nr);
		break;
	case KEY_TIMEOUT:
		if (number_parse(value, "", &nr))
			return usage_error(call, "'%s' is no number of ms",
					   value);
		mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, nr);
		break;
	}
	return EXIT_DONE;
}

int cmd_set(const struct call *call)
{
	unsigned int seen = 0;
	struct nlmsghdr *nlh;
	struct dev dev;
	struct nl nl;
	int rc = EXIT_DONE;

	nlh = nl_request_first(&nl, MEMDEV_CMD_DEV_SET);
	for (int i = 1; i < call->argc && !rc; i++)
		rc = put_setting(call, call->argv[i], nlh, &seen);
	if (rc)
		return rc;
	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_dev_named(&nl, call->argv[0], &dev);
	if (rc)
		goto out;

	/* Once more, as other requests were in the same place meanwhile */
	nlh = nl_request(&nl, MEMDEV_CMD_DEV_SET, NLM_F_ACK);
	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, dev.index);
	seen = 0;
	for (int i = 1; i < call->argc; i++)
		put_setting(call, call->argv[i], nlh, &seen);
	rc = nl_call(&nl, nlh, NULL, NULL);
	if (rc) {
		complain("memdev%u: set: %s%s", dev.index,
			 at_fault(&nl, set_faults), nl_words(&nl, rc));
		rc = EXIT_FAILED;
	} else if (nl.text[0]) {
		complain("memdev%u: set: done, but %s", dev.index, nl.text);
	}
out:
	nl_close(&nl);
	return rc;
}

/* --- windows -------------------------------------------------------------- */

/* A window as a list of one */
static int window_print(struct nl *nl, __u32 index, struct table *table)
{
	struct windows windows = { 0 };
	int rc;

	rc = nl_windows(nl, &windows);
	if (rc) {
		complain("windows: %s", nl_words(nl, rc));
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < windows.n; i++)
		if (windows.v[i].index == index)
			table_add(table, window_cell, &windows.v[i]);
	free(windows.v);
	return table_close(table);
}

int cmd_window_add(const struct call *call)
{
	__u32 index = ~0U;
	struct nlmsghdr *nlh;
	struct table table;
	__u64 size;
	struct nl nl;
	int rc;

	rc = size_argument(call, call->argv[0], false, &size);
	if (rc)
		return rc;
	rc = table_open(&table, call, "windows", false);
	if (rc)
		return rc;
	nlh = nl_request_first(&nl, MEMDEV_CMD_WINDOW_NEW);
	mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_SIZE, size);
	rc = put_bytes(call, OPT_START, true, nlh, MEMDEV_A_WINDOW_START);
	if (!rc)
		rc = put_number(call, OPT_NODE, "", nlh, MEMDEV_A_WINDOW_NODE);
	if (rc)
		return rc;
	rc = make(call, &nl, nlh, window_faults, &index);
	if (rc)
		return rc;
	if (call->set[OPT_JSON])
		rc = window_print(&nl, index, &table);
	else
		printf("window%u\n", index);
	nl_close(&nl);
	return say_made("window", index, rc);
}

int cmd_window_del(const struct call *call)
{
	int done = 0, rc;
	__u32 index;
	struct nl nl;

	for (int i = 0; i < call->argc; i++)
		if (number_parse(call->argv[i], "window", &index))
			return usage_error(call, "'%s' is no window",
					   call->argv[i]);
	rc = nl_open(&nl);
	if (rc)
		return rc;
	for (int i = 0; i < call->argc; i++) {
		number_parse(call->argv[i], "window", &index);
		done += removed(&nl, MEMDEV_CMD_WINDOW_DEL, "window", index,
				"del");
	}
	nl_close(&nl);
	return part_of(done, call->argc);
}
