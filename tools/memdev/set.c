// SPDX-License-Identifier: GPL-2.0
/*
 * set: change settings of a device.
 */
#include <err.h>
#include <string.h>

#include "memdevctl.h"
#include "names.h"
#include "request.h"

static const struct field settings[] = {
	{ "requested_size", FIELD_SIZE, MEMDEV_A_DEV_REQUESTED_SIZE, 0, 0 },
	{ "online_type", FIELD_ONLINE_TYPE, MEMDEV_A_DEV_ONLINE_TYPE, 0, 0 },
	{ "memmap_on_memory", FIELD_BOOL, MEMDEV_A_DEV_MEMMAP_ON_MEMORY, 0, 0 },
	{ "unplug_timeout_ms", FIELD_NUMBER, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS,
	  0, 0 },
	{ .name = NULL }
};

static int put_setting(const struct call *call, const char *text,
		       struct nlmsghdr *request, unsigned int *seen)
{
	const struct field *setting = settings;
	const size_t len = strcspn(text, "=");
	struct guess guess = { .text = text, .len = len };

	if (!text[len])
		return value_error(call, "invalid setting '%s': expected KEY=VALUE",
				   text);
	for (; setting->name && !name_matches(text, len, setting->name);
	     setting++)
		guess_word(&guess, setting->name, strlen(setting->name));
	if (!setting->name)
		return unknown_error(call, "key", &guess);
	if (*seen & 1U << (setting - settings))
		return value_error(call, "%s is given twice", setting->name);
	*seen |= 1U << (setting - settings);
	return field_put(call, setting, text + len + 1, request);
}

int cmd_set(const struct call *call)
{
	struct nlmsghdr *request;
	unsigned int seen = 0;
	struct dev dev;
	struct nl nl;
	int rc;

	request = nl_request(MEMDEV_CMD_DEV_SET, NLM_F_ACK);
	for (int i = 1; i < call->argc; i++) {
		rc = put_setting(call, call->argv[i], request, &seen);
		if (rc)
			return rc;
	}
	rc = nl_open_dev(&nl, call->argv[0], &dev);
	if (rc)
		return rc;
	mnl_attr_put_u32(request, MEMDEV_A_DEV_INDEX, dev.index);
	rc = nl_call(&nl, request, NULL, NULL);
	if (rc) {
		warnx("memdev%u: set: %s%s", dev.index,
		      bad_field(&nl, settings), nl_strerror(&nl, rc));
		rc = EXIT_FAILED;
	} else {
		print_warning(&nl, &dev, "set");
	}
	nl_close(&nl);
	return rc;
}
