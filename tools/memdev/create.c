// SPDX-License-Identifier: GPL-2.0
/*
 * create, destroy.
 */
#include "list.h"
#include "memdevctl.h"
#include "request.h"

static const struct field fields[] = {
	{ "--id", FIELD_TEXT, MEMDEV_A_DEV_ID, OPT_ID, MEMDEV_ID_MAX_LEN },
	{ "--kind", FIELD_TEXT, MEMDEV_A_DEV_KIND, OPT_KIND,
	  MEMDEV_KIND_MAX_LEN },
	{ "--window", FIELD_WINDOW, MEMDEV_A_DEV_WINDOW, OPT_WINDOW, 0 },
	{ "--addr", FIELD_SIZE, MEMDEV_A_DEV_ADDRESS, OPT_ADDR, 0 },
	{ "--align", FIELD_SIZE, MEMDEV_A_DEV_ALIGN, OPT_ALIGN, 1 },
	{ "--node", FIELD_NUMBER, MEMDEV_A_DEV_NODE, OPT_NODE, 0 },
	{ "--slot", FIELD_NUMBER, MEMDEV_A_DEV_SLOT, OPT_SLOT, 0 },
	{ .name = NULL }
};

static int dev_print(struct nl *nl, __u32 index, struct table *table)
{
	struct dev dev;
	struct devs devs = { .v = &dev, .n = 1 };
	int rc;

	rc = nl_status(nl, nl_dev(nl, index, &dev), "memdev%u", index);
	return rc ? rc : devs_print(nl, &devs, table);
}

static const struct object dev_object = {
	.prefix = "memdev",
	.json = "memdev",
	.cmd_new = MEMDEV_CMD_DEV_NEW,
	.cmd_del = MEMDEV_CMD_DEV_DEL,
	.index = MEMDEV_A_DEV_INDEX,
	.size = MEMDEV_A_DEV_SIZE,
	.fields = fields,
	.no_window = "there is no window, try 'memdevctl window add SIZE'",
	.print = dev_print,
};

int cmd_create(const struct call *call)
{
	return object_create(call, &dev_object);
}

int cmd_destroy(const struct call *call)
{
	int done = 0, rc;
	struct dev dev;
	struct nl nl;

	rc = nl_open(&nl);
	if (rc)
		return rc;
	for (int i = 0; i < call->argc; i++)
		if (!nl_dev_named(&nl, call->argv[i], &dev))
			done += !object_delete(&nl, &dev_object, dev.index,
					       "destroy");
	nl_close(&nl);
	return partial_status(done, call->argc);
}
