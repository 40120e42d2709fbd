/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Describe the state of memory, windows and devices as text; load and remove
 * the module without failures.
 */
#ifndef _MEMDEV_TEST_FAULT_STATE_H
#define _MEMDEV_TEST_FAULT_STATE_H

#include <dirent.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <time.h>

#include "inject.h"
#include "../sysfs_file.h"

#define BUS		"/sys/bus/memdev"
#define DEVICE		BUS "/devices/memdev0"
#define WINDOWS		"/sys/devices/memdev"
#define MODULE		"/sys/module/memdev"
#define MEMORY		"/sys/devices/system/memory"

/* Limits how long a failing test takes */
#define PATIENCE_S	120

static const char *module_path, *spec, *kind = "virtio-mem";
static unsigned long long size;

static inline void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* --- the state ------------------------------------------------------------ */

/* Print /proc/iomem with adjacent System RAM merged */
static void show_iomem(FILE *out)
{
	char line[256], from[32] = "", to[32] = "", low[32], high[32];
	char *inside = NULL;
	size_t len = 0;
	FILE *f, *in;

	f = fopen("/proc/iomem", "re");
	in = open_memstream(&inside, &len);
	if (!f || !in)
		fault_die("/proc/iomem");
	for (;;) {
		bool more = fgets(line, sizeof(line), f);
		bool ram = more && line[0] != ' ' &&
			   strstr(line, " : System RAM\n") &&
			   sscanf(line, "%31[0-9a-f]-%31[0-9a-f]", low,
				  high) == 2;

		if (more && line[0] == ' ') {
			fputs(line, from[0] ? in : out);
			continue;
		}
		if (from[0] && !(ram && strtoull(to, NULL, 16) + 1 ==
				 strtoull(low, NULL, 16))) {
			fflush(in);
			fprintf(out, "iomem %s-%s : System RAM\n%.*s", from,
				to, (int)len, inside);
			from[0] = '\0';
			fclose(in);
			free(inside);
			in = open_memstream(&inside, &len);
		}
		if (!more)
			break;
		if (ram) {
			if (!from[0])
				strcpy(from, low);
			strcpy(to, high);
		} else {
			fprintf(out, "iomem %s", line);
		}
	}
	fclose(in);
	free(inside);
	fclose(f);
}

static int numbered(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len && strchr("0123456789", entry->d_name[len - 1]);
}

static void show_dirs(FILE *out, const char *dir, const char *prefix,
		      const char *const *names)
{
	struct dirent **entries;
	char path[512];
	int i, j, n;

	n = scandir(dir, &entries, numbered, versionsort);
	for (i = 0; i < n; i++) {
		if (!strncmp(entries[i]->d_name, prefix, strlen(prefix))) {
			snprintf(path, sizeof(path), "%s/%s", dir,
				 entries[i]->d_name);
			fputs(entries[i]->d_name, out);
			for (j = 0; names[j]; j++)
				fprintf(out, " %s=%s", names[j],
					file_read("%s/%s", path, names[j]));
			fputc('\n', out);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

/* Everything that an operation changes, as text */
static char *state(void)
{
	static const char *const block[] = {
		"state", "valid_zones", NULL
	};
	static const char *const window[] = {
		"start", "size", "node", "source", "limit", "slots", "used",
		"largest_free", NULL
	};
	static const char *const device[] = {
		"address", "size", "node", "slot", "kind", "state",
		"requested_size", "plugged_size", "online_size",
		"plugged_blocks", "online_blocks", "retired_blocks", NULL
	};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		fault_die("memory");
	show_iomem(out);
	show_dirs(out, MEMORY, "memory", block);
	show_dirs(out, WINDOWS, "window", window);
	show_dirs(out, BUS "/devices", "memdev", device);
	fprintf(out, "module %s users=%s bus=%s\n",
		access(MODULE, F_OK) ? "gone" : "here",
		file_read(MODULE "/refcnt"), access(BUS, F_OK) ? "gone" : "here");
	fclose(out);
	return text;
}

/* Print the lines of @a that are missing in @b. */
static void show_missing(const char *sign, const char *a, const char *b)
{
	while (*a) {
		size_t len = strcspn(a, "\n");
		const char *at = b;

		while (*at && (strncmp(a, at, len + 1))) {
			at += strcspn(at, "\n");
			at += *at == '\n';
		}
		if (!*at)
			say("    %s %.*s", sign, (int)len, a);
		a += len + 1;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * Wait until the state is @want, as objects are freed with a delay. Print the
 * difference if it stays different.
 */
static bool state_comes(const char *want)
{
	double end = now() + PATIENCE_S / 4;
	bool same;
	char *is;

	for (;;) {
		is = state();
		same = !strcmp(is, want);
		if (same || now() > end)
			break;
		free(is);
		usleep(50000);
	}
	if (!same) {
		show_missing("-", want, is);
		show_missing("+", is, want);
	}
	free(is);
	return same;
}

/* Whether the device, /proc/iomem and lsmem agree */
static bool agrees(void)
{
	char line[256];
	bool agree;
	FILE *f;

	if (access(DEVICE, F_OK))
		return true;
	f = popen("snapshot " DEVICE, "r");
	while (f && fgets(line, sizeof(line), f))
		printf("    %s", line);
	agree = f && !pclose(f);
	fflush(stdout);
	return agree;
}

/* --- without failures ----------------------------------------------------- */

static int load(const char *window, int devices)
{
	char params[256];
	int fd, err = 0;

	snprintf(params, sizeof(params), "window=%s devices=%d kind=%s", window,
		 devices, kind);
	fd = open(module_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, params, 0))
		err = errno;
	close(fd);
	return err ?: devices ? file_write(DEVICE "/unplug_timeout_ms", "0") : 0;
}

/* A task may still run module code after it has replied. */
static int unload(void)
{
	double end = now() + PATIENCE_S;

	if (access(MODULE, F_OK))
		return 0;
	if (!access(DEVICE, F_OK)) {
		file_write(DEVICE "/requested_size", "0");
		file_write(DEVICE "/unplug_timeout_ms", "0");
		if (strcmp(file_read(DEVICE "/plugged_size"), "0"))
			file_write(DEVICE "/unplug", "all");
	}
	while (syscall(SYS_delete_module, "memdev", O_NONBLOCK)) {
		if (now() > end || (errno != EAGAIN && errno != EBUSY))
			return errno;
		usleep(50000);
	}
	return 0;
}
#endif /* _MEMDEV_TEST_FAULT_STATE_H */
