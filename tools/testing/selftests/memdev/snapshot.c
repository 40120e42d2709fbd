// SPDX-License-Identifier: GPL-2.0
/*
 * snapshot DEVICE: take a snapshot of a memdev device's directory in sysfs, of
 * /proc/iomem, of the memory blocks in sysfs and of lsmem, and check that they
 * agree. Print each difference, and exit with 1 if there is one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX	65536

static const char *device;
static unsigned long long start, size, block;
static unsigned int nr;
static int differences;

static bool plugged[BLOCKS_MAX], online[BLOCKS_MAX], seen[BLOCKS_MAX];

static void differ(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	differences++;
}

/* The first line of a file, empty on error */
static const char *line_of(const char *dir, const char *name)
{
	static char line[65536];
	char path[512];
	FILE *f;

	line[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (f) {
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
		fclose(f);
	} else if (dir == device) {
		differ("%s: %s", path, strerror(errno));
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static unsigned long long number_of(const char *name)
{
	return strtoull(line_of(device, name), NULL, 0);
}

static void parse_list(const char *name, bool *map)
{
	const char *p = line_of(device, name);
	unsigned long first, last;
	char *end;

	while (*p) {
		first = strtoul(p, &end, 10);
		last = *end == '-' ? strtoul(end + 1, &end, 10) : first;
		if (end == p || last < first || last >= nr ||
		    (*end && *end != ',')) {
			differ("%s: '%s' is not a list of blocks below %u", name,
			       line_of(device, name), nr);
			return;
		}
		for (unsigned long i = first; i <= last; i++)
			map[i] = true;
		p = *end ? end + 1 : end;
	}
}

static void check_sum(const char *name, const bool *map)
{
	unsigned long long sum = 0;

	for (unsigned int i = 0; i < nr; i++)
		sum += map[i] ? block : 0;
	if (number_of(name) != sum)
		differ("%s is %llu, but its blocks are %llu", name,
		       number_of(name), sum);
}

static void check_map(const char *where, const bool *want)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (seen[i] != want[i])
			differ("%s: block %u %s, but by the device it %s", where,
			       i, seen[i] ? "is" : "is not",
			       want[i] ? "is" : "is not");
	}
	memset(seen, 0, sizeof(seen));
}

static void check_iomem(void)
{
	static const char name[] = " : System RAM (memdev)\n";
	unsigned long long low, high;
	FILE *f = fopen("/proc/iomem", "r");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		char *at = strstr(line, name);

		if (!at || sscanf(line, " %llx-%llx", &low, &high) != 2)
			continue;
		if (high < start || low >= start + size)
			continue;
		if (low < start || high >= start + size || low % block ||
		    (high + 1) % block) {
			differ("/proc/iomem: unaligned: %s", line);
			continue;
		}
		for (; low < high; low += block) {
			if (seen[(low - start) / block])
				differ("/proc/iomem: duplicate: %s", line);
			seen[(low - start) / block] = true;
		}
	}
	if (f)
		fclose(f);
	check_map("/proc/iomem", plugged);
}

static void check_sysfs(void)
{
	static bool up[BLOCKS_MAX];
	char dir[128];

	for (unsigned int i = 0; i < nr; i++) {
		const char *state;

		snprintf(dir, sizeof(dir), "/sys/devices/system/memory/memory%llu",
			 start / block + i);
		state = line_of(dir, "state");
		seen[i] = *state;
		up[i] = !strcmp(state, "online");
	}
	check_map("sysfs", plugged);
	memcpy(seen, up, sizeof(seen));
	check_map("sysfs, online", online);
}

static void check_lsmem(void)
{
	static bool up[BLOCKS_MAX];
	unsigned long long low;
	char line[256], state[32];
	FILE *f;

	f = popen("lsmem -a -b -n --summary=never -o RANGE,STATE", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %llx-%*x %31s", &low, state) != 2)
			continue;
		if (low < start || low >= start + size)
			continue;
		seen[(low - start) / block] = true;
		up[(low - start) / block] = !strcmp(state, "online");
	}
	if (!f || pclose(f))
		differ("lsmem failed");
	check_map("lsmem", plugged);
	memcpy(seen, up, sizeof(seen));
	check_map("lsmem, online", online);
}

static void check_state(void)
{
	unsigned long long bytes = number_of("plugged_size");
	const char *want = !bytes ? "unplugged" :
			   bytes == size ? "plugged" : "partial";

	if (strcmp(line_of(device, "state"), want))
		differ("state is %s instead of %s", line_of(device, "state"), want);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: snapshot DEVICE\n");
		return 2;
	}
	device = argv[1];
	start = number_of("address");
	size = number_of("size");
	block = strtoull(line_of("/sys/devices/system/memory",
				 "block_size_bytes"), NULL, 16);
	if (!block || !size || size % block || size / block > BLOCKS_MAX) {
		differ("invalid device: %s", device);
		return 1;
	}
	nr = size / block;

	parse_list("plugged_blocks", plugged);
	parse_list("online_blocks", online);
	check_sum("plugged_size", plugged);
	check_sum("online_size", online);
	check_state();
	check_iomem();
	check_sysfs();
	check_lsmem();
	return differences > 0;
}
