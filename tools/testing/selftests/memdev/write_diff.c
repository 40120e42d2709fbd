// SPDX-License-Identifier: GPL-2.0
/*
 * write_diff: print the state of the machine's memory as lines "FILE: LINE"
 *
 * write_diff STATE FILE [PRIME TEXT]...: write standard input to FILE with one
 * write(2). Print "ok" or the name of the errno, then the differences to
 * STATE, an earlier output of write_diff, as lines "-FILE: OLD" and "+FILE:
 * NEW". Exit with 0 if there are none, whatever the result of the write.
 *
 * Before that, write each TEXT to the file PRIME that precedes it.
 *
 * The state includes memdev's windows and devices, without counters and errors
 * of operations, the state and zones of every memory block, /proc/iomem and
 * MemTotal.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOWS		"/sys/devices/memdev"
#define DEVICES		"/sys/bus/memdev/devices"
#define MEMORY		"/sys/devices/system/memory"

struct lines {
	char **at;
	size_t nr;
};

static void add_line(struct lines *l, char *line)
{
	l->at = reallocarray(l->at, l->nr + 1, sizeof(*l->at));
	if (!l->at)
		abort();
	l->at[l->nr++] = line;
}

static void add(struct lines *l, const char *path, const char *text)
{
	char *line;

	if (asprintf(&line, "%s: %s", path, text) < 0)
		abort();
	add_line(l, line);
}

/* Add each line of a file, with its path. */
static void add_file(struct lines *l, const char *path, const char *only)
{
	FILE *f = fopen(path, "r");
	char line[8192];

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!only || !strncmp(line, only, strlen(only)))
			add(l, path, line);
	}
	fclose(f);
}

static bool skipped(const char *name)
{
	return !strcmp(name, "power") || !strcmp(name, "stats") ||
	       !strcmp(name, "last_error") || !strcmp(name, "subsystem");
}

static void add_tree(struct lines *l, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *de;
	char *path;

	if (!d)
		return;
	while ((de = readdir(d))) {
		if (de->d_name[0] == '.' || skipped(de->d_name))
			continue;
		if (asprintf(&path, "%s/%s", dir, de->d_name) < 0)
			abort();
		add(l, path, "exists");
		if (de->d_type == DT_DIR)
			add_tree(l, path);
		else if (de->d_type == DT_REG)
			add_file(l, path, NULL);
		free(path);
	}
	closedir(d);
}

static void add_blocks(struct lines *l)
{
	DIR *d = opendir(MEMORY);
	struct dirent *de;
	char path[512];

	if (!d)
		return;
	while ((de = readdir(d))) {
		if (strncmp(de->d_name, "memory", 6))
			continue;
		snprintf(path, sizeof(path), MEMORY "/%s/state", de->d_name);
		add_file(l, path, NULL);
		snprintf(path, sizeof(path), MEMORY "/%s/valid_zones",
			 de->d_name);
		add_file(l, path, NULL);
	}
	closedir(d);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct lines snapshot(void)
{
	struct lines l = {};

	add_tree(&l, WINDOWS);
	add_tree(&l, DEVICES);
	add_blocks(&l);
	add_file(&l, "/proc/iomem", NULL);
	add_file(&l, "/proc/meminfo", "MemTotal:");
	if (l.nr)
		qsort(l.at, l.nr, sizeof(*l.at), compare);
	return l;
}

/* Read an earlier output of write_diff. */
static bool read_snapshot(struct lines *l, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t size = 0;
	char *line = NULL;

	if (!f)
		return false;
	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		add_line(l, line);
		line = NULL;
		size = 0;
	}
	free(line);
	fclose(f);
	return l->nr;
}

static int report(const struct lines *old, const struct lines *new)
{
	size_t i = 0, j = 0;
	int changed = 0;

	while (i < old->nr || j < new->nr) {
		int order = i == old->nr ? 1 : j == new->nr ? -1 :
			    strcmp(old->at[i], new->at[j]);

		if (order < 0)
			printf("-%s\n", old->at[i]);
		else if (order > 0)
			printf("+%s\n", new->at[j]);
		if (order)
			changed = 1;
		if (order <= 0)
			i++;
		if (order >= 0)
			j++;
	}
	return changed;
}

static const char *attempt(const char *path, const char *buf, size_t len)
{
	int fd = open(path, O_WRONLY);
	static char text[64];
	const char *name;
	ssize_t n;

	if (fd < 0) {
		snprintf(text, sizeof(text), "open:%s", strerrorname_np(errno));
		return text;
	}
	n = write(fd, buf, len);
	if (n < 0) {
		name = strerrorname_np(errno);
		snprintf(text, sizeof(text), "errno:%d", errno);
		close(fd);
		return name ? name : text;
	}
	close(fd);
	if ((size_t)n == len)
		return "ok";
	snprintf(text, sizeof(text), "short:%zd", n);
	return text;
}

int main(int argc, char **argv)
{
	static char buf[1 << 16];
	struct lines old = {}, new;
	size_t len = 0;
	ssize_t n;

	if (argc < 2) {
		new = snapshot();
		for (size_t i = 0; i < new.nr; i++)
			puts(new.at[i]);
		return 0;
	}
	if (argc % 2 == 0) {
		fprintf(stderr, "usage: write_diff [STATE FILE [PRIME TEXT]... <DATA]\n");
		return 2;
	}
	if (!read_snapshot(&old, argv[1])) {
		fprintf(stderr, "write_diff: %s is not a saved state\n", argv[1]);
		return 2;
	}
	while ((n = read(STDIN_FILENO, buf + len, sizeof(buf) - len)) > 0)
		len += n;
	for (int i = 3; i < argc; i += 2)
		attempt(argv[i], argv[i + 1], strlen(argv[i + 1]));

	puts(attempt(argv[2], buf, len));
	new = snapshot();
	return report(&old, &new);
}
