// SPDX-License-Identifier: GPL-2.0
/*
 * doctor: check what would keep a window, a plug or an unplug from working.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "file.h"
#include "memdevctl.h"

enum {
	DOCTOR_CHECK, DOCTOR_STATUS, DOCTOR_TEXT, DOCTOR_REMEDY,
};

const struct column doctor_columns[] = {
[DOCTOR_CHECK]	= { "CHECK", COL_TEXT, COL_DEFAULT, "name of the check" },
[DOCTOR_STATUS]	= { "STATUS", COL_TEXT, COL_DEFAULT,
		    "ok, note, warning or problem" },
[DOCTOR_TEXT]	= { "TEXT", COL_TEXT, COL_DEFAULT, "what was found" },
[DOCTOR_REMEDY]	= { "REMEDY", COL_TEXT, COL_DEFAULT,
		    "what to do about it" },
{ .name = NULL }
};

static const char *const status_names[] = {
	"ok", "note", "warning", "problem",
};

static void doctor_cell(const void *item, const struct column *column,
			struct cell *cell)
{
	const struct finding *finding = item;

	switch (column - doctor_columns) {
	case DOCTOR_CHECK:
		cell->text = xstrdup(finding->check);
		break;
	case DOCTOR_STATUS:
		cell->text = xstrdup(status_names[finding->severity]);
		break;
	case DOCTOR_TEXT:
		cell->text = xstrdup(finding->text);
		break;
	case DOCTOR_REMEDY:
		cell_set_text(cell, finding->remedy);
		break;
	}
}

/* Query what the module knows, or report that it cannot be asked. */
static bool ask_module(struct doctor *d)
{
	struct nl nl;
	int rc;

	d->check = "netlink";
	rc = nl_open_quiet(&nl);
	if (rc == -ENOENT) {
		found(d, STATUS_PROBLEM,
		      "nsenter --net=/proc/1/ns/net memdevctl doctor",
		      "the netlink family memdev exists in the initial network namespace only");
		return false;
	}
	if (!rc)
		rc = nl_devs(&nl, &d->devs) ?: nl_windows(&nl, &d->windows) ?:
		     nl_block_runs(&nl, &d->runs);
	if (rc)
		found(d, STATUS_PROBLEM, NULL,
		      "the module does not answer: %s", nl_strerror(&nl, rc));
	else
		found(d, STATUS_OK, NULL, "%zu windows, %zu devices",
		      d->windows.n, d->devs.n);
	nl_close(&nl);
	return !rc;
}

static void run_checks(struct doctor *d, const struct check *check)
{
	for (; check->name; check++) {
		d->check = check->name;
		check->run(d);
	}
}

static void print_count(unsigned int n, const char *noun, const char *after)
{
	printf("%u %s%s%s", n, noun, n == 1 ? "" : "s", after);
}

static int print_findings(const struct call *call, const struct doctor *d)
{
	unsigned int count[ARRAY_SIZE(status_names)] = { 0 };
	const bool json = call->set & OPT(JSON);
	struct table table;
	int rc = EXIT_DONE;

	if (json)
		rc = table_open(&table, call, "doctor", true);
	if (rc)
		return rc;

	for (size_t i = 0; i < d->n; i++) {
		const struct finding *finding = &d->v[i];

		count[finding->severity]++;
		if (finding->severity == STATUS_OK && !(call->set & OPT(ALL)))
			continue;
		if (json) {
			table_add(&table, doctor_cell, finding);
			continue;
		}
		printf("%-8s %s: %s\n", status_names[finding->severity],
		       finding->check, finding->text);
		if (finding->remedy)
			printf("         %s\n", finding->remedy);
	}
	if (json) {
		rc = table_close(&table);
	} else {
		print_count(count[STATUS_PROBLEM], "problem", ", ");
		print_count(count[STATUS_WARNING], "warning", ", ");
		print_count(count[STATUS_NOTE], "note", ", ");
		printf("%u ok\n", count[STATUS_OK]);
	}
	return count[STATUS_PROBLEM] ? EXIT_FAILED : rc;
}

int cmd_doctor(const struct call *call)
{
	struct doctor d = { .root = !geteuid() };
	struct utsname kernel;
	bool asked;
	int rc;

	uname(&kernel);
	d.release = kernel.release;
	d.machine = kernel.machine;
	d.loaded = module_loaded();
	file_number("/sys/devices/system/memory/block_size_bytes", 16,
		    &d.block_size);
	asked = d.loaded && ask_module(&d);
	run_checks(&d, kernel_checks);
	run_checks(&d, memory_checks);
	if (asked)
		run_checks(&d, device_checks);
	rc = print_findings(call, &d);
	for (size_t i = 0; i < d.n; i++) {
		free(d.v[i].text);
		free(d.v[i].remedy);
	}
	free(d.v);
	free(d.devs.v);
	free(d.windows.v);
	free(d.runs.v);
	return rc;
}
