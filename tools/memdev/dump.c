// SPDX-License-Identifier: GPL-2.0
/*
 * dump: record the kernel's lists in a file.
 */
#include <stdlib.h>

#include "memdevctl.h"
#include "nl.h"
#include "replace.h"

int cmd_dump(const struct call *call)
{
	struct record record = { 0 };
	struct nl nl;
	int rc;

	rc = nl_open(&nl);
	if (rc)
		return rc;
	rc = nl_status(&nl, nl_record(&nl, &record), "dump");
	nl_close(&nl);
	if (!rc)
		rc = file_replace(call->argv[0], record_print, &record);
	free(record.messages);
	return rc;
}
