// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of doctor: where windows can come from, and the kernel's memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "file.h"

#define FIRMWARE	"/sys/firmware/memmap"
#define TIERS		"/sys/devices/virtual/memory_tiering"
/* GRUB and the shell that reads its configuration expand dollar signs. */
#define MEMMAP		"memmap=SIZE$START (in /etc/default/grub: memmap=SIZE\\\\\\$START)"

/* Constants of the driver's headroom.c */
#define KEEP		(16ULL << 20)
#define MOVABLE_RATIO	16

/* --- memory maps ---------------------------------------------------------- */

struct range {
	__u64 start;
	__u64 end;		/* last byte */
};

struct ranges {
	struct range *v;
	size_t n;
};

static void range_add(struct ranges *ranges, __u64 start, __u64 end)
{
	ranges->v = xrealloc(ranges->v, (ranges->n + 1) * sizeof(*ranges->v));
	ranges->v[ranges->n++] = (struct range){ start, end };
}

/* Get the RAM that the firmware reported. */
static bool firmware_ram(struct ranges *ram)
{
	for (unsigned int i = 0;; i++) {
		char *type = file_read(FIRMWARE "/%u/type", i);
		char *start = file_read(FIRMWARE "/%u/start", i);
		char *end = file_read(FIRMWARE "/%u/end", i);
		const bool there = type && start && end;

		if (there && (!strcmp(type, "System RAM") ||
			      !strcmp(type, "Soft Reserved")))
			range_add(ram, strtoull(start, NULL, 16),
				  strtoull(end, NULL, 16));
		free(type);
		free(start);
		free(end);
		if (!there)
			return i;
	}
}

/* Get what is claimed in /proc/iomem, apart from reservations. */
static bool claimed(struct ranges *ranges)
{
	char *text = file_read("/proc/iomem"), *rest = text, *line;
	unsigned long long start, end, last = 0;
	char name[64];

	if (!text)
		return false;
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%llx-%llx : %63[^\n]", &start, &end,
			   name) != 3)
			continue;
		if (end > last)
			last = end;
		if (strcmp(name, "Reserved") && strcmp(name, "Soft Reserved"))
			range_add(ranges, start, end);
	}
	free(text);
	/* Without CAP_SYS_ADMIN all addresses are 0. */
	errno = EPERM;
	return last;
}

/* A range inside one of @ranges, or one that overlaps any */
static bool inside(const struct ranges *ranges, __u64 start, __u64 end)
{
	for (size_t i = 0; i < ranges->n; i++)
		if (start >= ranges->v[i].start && end <= ranges->v[i].end)
			return true;
	return false;
}

static bool overlaps(const struct ranges *ranges, __u64 start, __u64 end)
{
	for (size_t i = 0; i < ranges->n; i++)
		if (start <= ranges->v[i].end && end >= ranges->v[i].start)
			return true;
	return false;
}

/* Find whole memory blocks of RAM that nothing uses. */
static void find_unused(const struct doctor *d, const struct ranges *ram,
			const struct ranges *used, struct ranges *unused)
{
	for (size_t i = 0; i < ram->n; i++) {
		const struct range *range = &ram->v[i];
		__u64 addr = (range->start + d->block_size - 1) &
			     -d->block_size;

		for (; addr + d->block_size - 1 <= range->end;
		     addr += d->block_size) {
			const __u64 end = addr + d->block_size - 1;
			const size_t n = unused->n;

			if (overlaps(used, addr, end))
				continue;
			if (n && unused->v[n - 1].end + 1 == addr)
				unused->v[n - 1].end = end;
			else
				range_add(unused, addr, end);
		}
	}
}

/* --- boot options --------------------------------------------------------- */

/* Parse a number with a suffix at *text and skip it, as memparse() does. */
static __u64 memparse(const char **text)
{
	static const char suffixes[] = "KMGTPE";
	char *end;
	__u64 value = strtoull(*text, &end, 0);
	const char *suffix = *end ? strchr(suffixes, *end & ~0x20) : NULL;

	if (suffix) {
		value <<= 10 * (suffix - suffixes + 1);
		end++;
	}
	*text = end;
	return value;
}

static void check_memmap_option(struct doctor *d, const char *option,
				const struct ranges *ram)
{
	const char *rest = option;
	const __u64 size = memparse(&rest);
	__u64 start, first, end;
	char *whole, *block;

	if (*rest && rest != option && !strchr("@#$!%,", *rest)) {
		found(d, STATUS_WARNING,
		      "escape the dollar sign: memmap=2G\\\\\\$0x100000000 in /etc/default/grub",
		      "memmap=%s has no sign between size and address, so it cuts off all memory above the size",
		      option);
		return;
	}
	if (*rest != '$' && *rest != '%')
		return;
	rest++;
	start = memparse(&rest);
	end = start + size;
	first = (start + d->block_size - 1) & -d->block_size;
	end &= -d->block_size;
	block = size_exact(d->block_size);
	whole = size_exact(end > first ? end - first : 0);
	if (end <= first)
		found(d, STATUS_WARNING,
		      "use multiples of the block size for size and address",
		      "memmap=%s contains no whole memory block of %s",
		      option, block);
	else if (end - first != size)
		found(d, STATUS_NOTE,
		      "use multiples of the block size for size and address",
		      "memmap=%s contains %s in whole memory blocks of %s, from 0x%llx",
		      option, whole, block, first);
	if (end > first && ram->n && !inside(ram, first, end - 1))
		found(d, STATUS_WARNING,
		      "reserve a range that " FIRMWARE " has as System RAM",
		      "memmap=%s: the firmware reported no RAM, or not all, in this range",
		      option);
	free(whole);
	free(block);
}

static void check_boot_options(struct doctor *d)
{
	char *line = file_read("/proc/cmdline"), *rest = line, *word;
	struct ranges ram = { 0 };
	const size_t before = d->n;

	firmware_ram(&ram);
	while (d->block_size && (word = strsep(&rest, " "))) {
		char *option;

		if (strncmp(word, "memmap=", 7))
			continue;
		word += 7;
		while ((option = strsep(&word, ",")))
			if (strcmp(option, "exactmap"))
				check_memmap_option(d, option, &ram);
	}
	if (!line)
		not_checked(d, "/proc/cmdline");
	else if (d->n == before)
		found(d, STATUS_OK, NULL,
		      "the kernel command line reserves whole memory blocks of RAM, or nothing");
	free(ram.v);
	free(line);
}

/* --- windows -------------------------------------------------------------- */

/* Report RAM that a window could claim. */
static void report_unused(struct doctor *d)
{
	struct ranges ram = { 0 }, used = { 0 }, unused = { 0 };

	if (!d->root) {
		if (!d->windows.n)
			found(d, STATUS_NOTE, "run memdevctl doctor as root",
			      "reserved RAM: not checked: needs root to read addresses in /proc/iomem");
		return;
	}
	if (!firmware_ram(&ram)) {
		errno = ENOENT;
		not_checked(d, FIRMWARE);
	} else if (!claimed(&used)) {
		not_checked(d, "/proc/iomem");
	} else {
		find_unused(d, &ram, &used, &unused);
	}
	for (size_t n = 0; n < unused.n; n++) {
		const struct range *range = &unused.v[n];
		char *size = size_exact(range->end + 1 - range->start);
		char *remedy;

		remedy = xasprintf(d->loaded ?
				   "memdevctl window add %s --start 0x%llx" :
				   "modprobe memdev window=%s@0x%llx",
				   size, range->start);
		found(d, STATUS_NOTE, remedy,
		      "%s of RAM at 0x%llx is not used by the kernel, and no window has it",
		      size, range->start);
		free(remedy);
		free(size);
	}
	d->unused = unused.n;
	free(ram.v);
	free(used.v);
	free(unused.v);
}

static void check_windows(struct doctor *d)
{
	if (!d->block_size) {
		found(d, STATUS_PROBLEM,
		      "use a kernel with CONFIG_MEMORY_HOTPLUG=y",
		      "the kernel has no memory blocks");
		return;
	}
	report_unused(d);
	if (d->loaded && !d->windows.n)
		found(d, STATUS_WARNING, d->unused ?
		      "claim the unused RAM: memdevctl window add SIZE --start START" :
		      "carve one: memdevctl window add 1G; or reserve memory at boot: " MEMMAP,
		      "there is no window, so no device can be created");
	else
		found(d, STATUS_OK, NULL, "%zu windows", d->windows.n);
}

/* --- the kernel's memory -------------------------------------------------- */

/* Bytes in a line of /proc/meminfo, 0 without it */
static __u64 meminfo_bytes(const char *name)
{
	char *text = file_read("/proc/meminfo");
	char *key = xasprintf("%s:", name);
	char *line = text ? strstr(text, key) : NULL;
	__u64 kb = line ? strtoull(line + strlen(key), NULL, 10) : 0;

	free(key);
	free(text);
	return kb << 10;
}

/**
 * struct zones - sizes in bytes
 * @kernel: memory outside ZONE_MOVABLE
 * @movable: memory in ZONE_MOVABLE
 * @normal: memory above 4 GiB outside ZONE_MOVABLE
 * @available: the part of @kernel that is free or page cache
 */
struct zones {
	__u64 kernel;
	__u64 movable;
	__u64 normal;
	__u64 available;
};

/* A zone in /proc/zoneinfo, in pages */
struct zone {
	char name[16];
	long long managed;
	long long available;
};

static void zone_add(struct zones *zones, const struct zone *zone)
{
	const __u64 page = sysconf(_SC_PAGESIZE);

	if (!strcmp(zone->name, "Movable")) {
		zones->movable += zone->managed * page;
	} else if (!strcmp(zone->name, "Normal") ||
		   !strncmp(zone->name, "DMA", 3)) {
		zones->kernel += zone->managed * page;
		if (zone->available > 0)
			zones->available += zone->available * page;
		if (!strcmp(zone->name, "Normal"))
			zones->normal += zone->managed * page;
	}
}

/* The numbers that the driver's headroom.c uses */
static void zone_line(struct zone *zone, const char *line)
{
	char name[32];
	long long n;

	if (sscanf(line, " protection: (%*d, %*d, %lld", &n) == 1)
		zone->available -= n;
	else if (sscanf(line, " pages free %lld", &n) == 1)
		zone->available += n;
	else if (sscanf(line, " %31s %lld", name, &n) != 2)
		return;
	else if (!strcmp(name, "high") || !strcmp(name, "nr_free_cma"))
		zone->available -= n;
	else if (!strcmp(name, "nr_zone_active_file") ||
		 !strcmp(name, "nr_zone_inactive_file"))
		zone->available += n;
	else if (!strcmp(name, "managed"))
		zone->managed = n;
}

/* Read the zones or report that they cannot be read. */
static bool zones_read(struct doctor *d, struct zones *zones)
{
	char *text = file_read("/proc/zoneinfo"), *rest = text, *line;
	struct zone zone = { .name = "" };

	if (!text)
		not_checked(d, "/proc/zoneinfo");
	while ((line = strsep(&rest, "\n"))) {
		char name[16];

		if (sscanf(line, "Node %*u, zone %15s", name) == 1) {
			zone_add(zones, &zone);
			zone = (struct zone){ .name = "" };
			strcpy(zone.name, name);
		} else {
			zone_line(&zone, line);
		}
	}
	zone_add(zones, &zone);
	free(text);
	return text;
}

/* What carving needs, where no window exists yet; after check_windows() */
static void check_carving(struct doctor *d)
{
	const __u64 available = meminfo_bytes("MemAvailable");
	char *block = size_exact(d->block_size);
	char *have = size_human(available);
	struct zones zones = { 0 };
	const char *reserve = d->unused ?
		"claim the unused RAM instead, see windows" :
		"reserve memory at boot: " MEMMAP;
	const size_t before = d->n;

	if (d->windows.n || !d->block_size)
		goto out;
	if (strcmp(d->machine, "x86_64"))
		found(d, STATUS_WARNING, reserve,
		      "memdev carves on x86-64 only, and this is %s",
		      d->machine);
	else if (d->block_size > available / 4)
		found(d, STATUS_WARNING, reserve,
		      "a memory block of %s is more than a quarter of the available memory (%s), so no default window is carved",
		      block, have);
	else if (zones_read(d, &zones) && zones.normal < d->block_size)
		found(d, STATUS_NOTE, reserve,
		      "there is little memory above 4 GiB: carving takes memory that some devices depend on");
	if (meminfo_bytes("Hugetlb"))
		found(d, STATUS_NOTE,
		      "free hugetlb pages before a window is carved",
		      "carving skips memory blocks that hold hugetlb pages");
	if (meminfo_bytes("DirectMap1G"))
		found(d, STATUS_NOTE, reserve,
		      "carving splits 1 GiB pages of the kernel's direct map until the next boot");
out:
	if (d->n == before)
		found(d, STATUS_OK, NULL, d->windows.n ?
		      "a window exists" :
		      "%s of memory is available, a memory block has %s",
		      have, block);
	free(block);
	free(have);
}

/* Size of ZONE_MOVABLE in relation to the other zones, in percent */
static void check_movable(struct doctor *d)
{
	struct zones zones = { 0 };
	__u64 ratio, limit = 301;

	if (!zones_read(d, &zones) || !zones.kernel)
		return;
	file_number("/sys/module/memory_hotplug/parameters/auto_movable_ratio",
		    10, &limit);
	ratio = zones.movable * 100 / zones.kernel;
	if (ratio >= 100 * MOVABLE_RATIO)
		found(d, STATUS_PROBLEM,
		      "memdevctl set DEV online_type=online_kernel",
		      "ZONE_MOVABLE is %llu.%02llu times as large as the other zones: memdev plugs no more movable memory",
		      ratio / 100, ratio % 100);
	else if (ratio > limit)
		found(d, STATUS_WARNING,
		      "memdevctl set DEV online_type=online_kernel",
		      "ZONE_MOVABLE is %llu.%02llu times as large as the other zones: the kernel can run out of memory while movable memory is free",
		      ratio / 100, ratio % 100);
	else
		found(d, STATUS_OK, NULL,
		      "ZONE_MOVABLE is %llu.%02llu times as large as the other zones",
		      ratio / 100, ratio % 100);
}

/* Kernel memory that a plug takes: the memmap and page tables */
static __u64 plug_cost(__u64 size)
{
	return size / 64 + size / 512;
}

static void check_headroom(struct doctor *d)
{
	struct zones zones = { 0 };
	char *have, *need, *size;
	__u64 unplugged = 0;

	for (size_t i = 0; i < d->devs.n; i++) {
		const struct dev *dev = &d->devs.v[i];

		/* Memory in a kernel zone, or with its own memmap, pays for itself. */
		if (!dev->memmap_on_memory &&
		    dev->online_type != MEMDEV_ONLINE_TYPE_ONLINE_KERNEL)
			unplugged += dev->size - dev->plugged_size;
	}
	if (!zones_read(d, &zones))
		return;
	size = size_human(unplugged);
	have = size_human(zones.available);
	need = size_human(plug_cost(unplugged > d->block_size ? unplugged :
							d->block_size) + KEEP);
	if (zones.available < plug_cost(d->block_size) + KEEP)
		found(d, STATUS_PROBLEM,
		      "free memory, or boot with memory_hotplug.memmap_on_memory=1",
		      "a plug needs kernel memory for its memmap, and only %s is available outside ZONE_MOVABLE",
		      have);
	else if (zones.available < plug_cost(unplugged) + KEEP)
		found(d, STATUS_WARNING,
		      "plug less, plug with online_type=online_kernel, or boot with memory_hotplug.memmap_on_memory=1",
		      "to plug the %s that are unplugged takes %s of kernel memory, and %s is available outside ZONE_MOVABLE",
		      size, need, have);
	else
		found(d, STATUS_OK, NULL,
		      "a plug takes up to %s of kernel memory, and %s is available",
		      need, have);
	free(size);
	free(have);
	free(need);
}

/* An unplug migrates pages in use to other memory. */
static void check_available(struct doctor *d)
{
	const __u64 available = meminfo_bytes("MemAvailable");
	char *have = size_human(available);

	if (plugged_total(d) && available < d->block_size)
		found(d, STATUS_WARNING, "free memory before an unplug",
		      "only %s of memory is available: an unplug may find no place for pages in use",
		      have);
	else
		found(d, STATUS_OK, NULL, "%s of memory is available", have);
	free(have);
}

static void check_hugepages(struct doctor *d)
{
	const char *path = "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages";
	__u64 nr = 0;

	file_number(path, 10, &nr);
	if (nr && plugged_total(d))
		found(d, STATUS_NOTE, "free 1 GiB pages before an unplug",
		      "there are %llu pages of 1 GiB: a block that holds a part of one is unplugged only if the whole page can be migrated",
		      nr);
	else
		found(d, STATUS_OK, NULL, "%llu pages of 1 GiB", nr);
}

/* --- NUMA ----------------------------------------------------------------- */

static void check_nodes(struct doctor *d)
{
	const char *path = "/sys/devices/system/node/possible";
	char *possible = file_read("%s", path);
	char *online = file_read("/sys/devices/system/node/online");

	if (!possible || !online)
		not_checked(d, path);
	else if (strcmp(possible, online))
		found(d, STATUS_NOTE,
		      "expect programs to see a new node when memory is plugged there",
		      "--node accepts nodes %s, of which only %s are online",
		      possible, online);
	else
		found(d, STATUS_OK, NULL, "--node accepts %s", possible);
	free(possible);
	free(online);
}

static void check_tiers(struct doctor *d)
{
	char *text = command_read("cd " TIERS " 2>/dev/null && grep -H . memory_tier*/nodelist");
	char *rest = text, *line, *tiers = NULL, *longer, nodes[64];
	unsigned int tier, n = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "memory_tier%u/nodelist:%63s", &tier,
			   nodes) != 2)
			continue;
		longer = xasprintf("%s%stier %u: nodes %s", tiers ? tiers : "",
				   tiers ? "; " : "", tier, nodes);
		free(tiers);
		tiers = longer;
		n++;
	}
	if (n > 1)
		found(d, STATUS_NOTE, "choose the tier of a device with --node",
		      "nodes are in %u memory tiers: %s", n, tiers);
	else
		found(d, STATUS_OK, NULL, "all nodes are in one memory tier");
	free(tiers);
	free(text);
}

const struct check memory_checks[] = {
	{ "boot", check_boot_options },
	{ "windows", check_windows },
	{ "carving", check_carving },
	{ "movable", check_movable },
	{ "headroom", check_headroom },
	{ "available", check_available },
	{ "hugepages", check_hugepages },
	{ "nodes", check_nodes },
	{ "tiers", check_tiers },
	{ .name = NULL }
};
