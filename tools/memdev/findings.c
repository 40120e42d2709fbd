// SPDX-License-Identifier: GPL-2.0
/*
 * What the checks of doctor found.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

/* Maximum number of devices that a text names */
#define NAMES_MAX	4

void found(struct doctor *d, enum severity level, const char *remedy,
	   const char *format, ...)
{
	struct finding *finding;
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = xstrdup("out of memory");
	va_end(args);
	d->v = xrealloc(d->v, (d->n + 1) * sizeof(*d->v));
	finding = &d->v[d->n++];
	finding->check = d->check;
	finding->severity = level;
	finding->text = text;
	finding->remedy = remedy ? xstrdup(remedy) : NULL;
}

void not_checked(struct doctor *d, const char *path)
{
	if ((errno == EACCES || errno == EPERM) && !d->root)
		found(d, STATUS_NOTE, "run memdevctl doctor as root",
		      "not checked: needs root to read %s", path);
	else
		found(d, STATUS_NOTE, NULL, "not checked: %s: %s", path,
		      strerror(errno));
}

void names_add(struct names *names, __u32 index)
{
	char *text;

	if (names->n++ >= NAMES_MAX)
		return;
	text = xasprintf("%s%smemdev%u", names->text ? names->text : "",
			 names->text ? ", " : "", index);
	free(names->text);
	names->text = text;
}

char *names_text(struct names *names)
{
	char *text = names->text;

	if (names->n > NAMES_MAX) {
		text = xasprintf("%s and %u more", names->text,
				 names->n - NAMES_MAX);
		free(names->text);
	}
	return text;
}

__u64 plugged_total(const struct doctor *d)
{
	__u64 total = 0;

	for (size_t i = 0; i < d->devs.n; i++)
		total += d->devs.v[i].plugged_size;
	return total;
}
