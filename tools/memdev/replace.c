// SPDX-License-Identifier: GPL-2.0
/*
 * Replace a file as a whole.
 */
#include <err.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"

static int replace(const char *file, void (*print)(FILE *f, const void *data),
		   const void *data)
{
	char *temporary, *dir;
	int fd, rc = EXIT_FAILED;
	FILE *f;

	temporary = xasprintf("%s.XXXXXX", file);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		warn("%s", temporary);
		goto out_free;
	}
	/* The file has physical addresses: leave its mode at 0600. */
	f = fdopen(fd, "w");
	if (!f) {
		warn("%s", temporary);
		close(fd);
		goto out_unlink;
	}
	print(f, data);
	rc = output_flush(f, temporary);
	if (!rc && fsync(fd)) {
		warn("%s", temporary);
		rc = EXIT_FAILED;
	}
	fclose(f);
	if (!rc && rename(temporary, file)) {
		warn("%s", file);
		rc = EXIT_FAILED;
	}
	if (rc)
		goto out_unlink;
	/* Without this, a crash may bring the old file back. */
	dir = xstrdup(file);
	fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(dir);
	goto out_free;

out_unlink:
	unlink(temporary);
out_free:
	free(temporary);
	return rc;
}

/* Follow a link, and do not replace a device such as /dev/null. */
int file_replace(const char *name, void (*print)(FILE *f, const void *data),
		 const void *data)
{
	struct stat st;
	char *file;
	int rc;

	if (!strcmp(name, "-")) {
		print(stdout, data);
		return EXIT_DONE;
	}
	if (stat(name, &st))
		return replace(name, print, data);
	if (!S_ISREG(st.st_mode)) {
		warnx("%s: not a regular file: expected one, a new name, or - for standard output",
		      name);
		return EXIT_FAILED;
	}
	file = realpath(name, NULL);
	rc = replace(file ? file : name, print, data);
	free(file);
	return rc;
}
