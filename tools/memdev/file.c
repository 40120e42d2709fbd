// SPDX-License-Identifier: GPL-2.0
/*
 * Files of the kernel, and the output of commands.
 */
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

/* More than any file of the kernel that is read here */
#define MAX_SIZE	(16 << 20)

/* Sizes of files in sysfs and procfs are not known before they are read. */
static char *read_all(FILE *f)
{
	char *text = NULL;
	size_t size = 0, len;

	for (len = 0;; len += fread(text + len, 1, size - len - 1, f)) {
		if (feof(f) || ferror(f))
			break;
		if (len >= MAX_SIZE) {
			free(text);
			errno = EFBIG;
			return NULL;
		}
		if (len + 1 >= size) {
			size = size ? 2 * size : 4096;
			text = xrealloc(text, size);
		}
	}
	if (ferror(f)) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return text;
}

static char *path_format(const char *format, va_list args)
{
	char *path;

	if (vasprintf(&path, format, args) < 0) {
		warnx("out of memory");
		exit(EXIT_FAILED);
	}
	return path;
}

char *file_read(const char *format, ...)
{
	char *path, *text = NULL;
	va_list args;
	FILE *f;
	int rc;

	va_start(args, format);
	path = path_format(format, args);
	va_end(args);
	f = fopen(path, "r");
	rc = errno;
	free(path);
	if (f) {
		text = read_all(f);
		rc = errno;
		fclose(f);
	}
	errno = rc;
	return text;
}

bool file_number(const char *path, int base, __u64 *nr)
{
	char *text = file_read("%s", path), *end;
	bool ok = false;

	if (text) {
		*nr = strtoull(text, &end, base);
		ok = end != text && !*end;
	}
	free(text);
	return ok;
}

bool file_has_word(const char *path, const char *word)
{
	char *text = file_read("%s", path), *rest = text, *next;
	bool found = false;

	while (!found && (next = strsep(&rest, " \t\n[]")))
		found = !strcmp(next, word);
	free(text);
	return found;
}

char *command_read(const char *format, ...)
{
	char *line, *command, *text = NULL;
	va_list args;
	FILE *f;

	va_start(args, format);
	command = path_format(format, args);
	va_end(args);
	/* Users may lack the directories of modinfo in their path. */
	line = xasprintf("PATH=$PATH:/usr/sbin:/sbin; %s", command);
	f = popen(line, "re");
	free(line);
	free(command);
	if (!f)
		return NULL;
	text = read_all(f);
	if (pclose(f)) {
		free(text);
		text = NULL;
	}
	return text;
}

char *word_chosen(char *text)
{
	char *open = strchr(text, '['), *close = strchr(text, ']');

	if (!open || !close)
		return text;
	*close = '\0';
	return open + 1;
}
