/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read and write single-line files, as in sysfs.
 */
#ifndef _MEMDEV_TEST_SYSFS_FILE_H
#define _MEMDEV_TEST_SYSFS_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first line of a file, or "" on error; the last two results stay valid */
static inline const char *file_read(const char *fmt, ...)
{
	static char text[2][4096];
	static int turn;
	char path[512];
	va_list args;
	char *line;
	FILE *f;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);

	turn = !turn;
	line = text[turn];
	line[0] = '\0';
	f = fopen(path, "re");
	if (!f)
		return line;
	if (!fgets(line, sizeof(text[0]), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* Return 0 or an errno. */
static inline int file_write(const char *path, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int fd, err = 0;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	return err;
}

#endif /* _MEMDEV_TEST_SYSFS_FILE_H */
