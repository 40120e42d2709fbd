// SPDX-License-Identifier: GPL-2.0
/*
 * list and stat in the formats of QEMU's monitor.
 *
 * Lines and members that memdev has no value for are omitted: the backend
 * ("memdev"), and the address if the caller may not see it. The members are in
 * QEMU's order.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qemu.h"

#define MEMORY	"/sys/devices/system/memory"

static bool is_qmp(const struct call *call)
{
	return !strcmp(call->value[OPT_FORMAT], "qmp");
}

int qemu_check(const struct call *call)
{
	if (!(call->set & OPT(FORMAT)))
		return EXIT_DONE;
	if (!is_qmp(call) && strcmp(call->value[OPT_FORMAT], "hmp"))
		return value_error(call, "invalid --format '%s': expected hmp or qmp",
				   call->value[OPT_FORMAT]);
	if (call->set & OPTS_FORMAT)
		return value_error(call, "--format cannot be combined with other formats");
	return EXIT_DONE;
}

static void hmp_dimm(const struct dev *dev)
{
	if (HAS(dev, DEV_ADDRESS))
		printf("  addr: 0x%llx\n", dev->address);
	printf("  slot: %d\n", dev->slot);
	if (dev->node >= 0)
		printf("  node: %d\n", dev->node);
	printf("  size: %llu\n", dev->size);
	puts("  hotplugged: true");
	puts("  hotpluggable: true");
}

static void hmp_virtio_mem(const struct dev *dev)
{
	if (HAS(dev, DEV_ADDRESS))
		printf("  memaddr: 0x%llx\n", dev->address);
	if (dev->node >= 0)
		printf("  node: %d\n", dev->node);
	printf("  requested-size: %llu\n", dev->requested_size);
	printf("  size: %llu\n", dev->plugged_size);
	printf("  max-size: %llu\n", dev->size);
	printf("  block-size: %llu\n", dev->block_size);
}

static void qmp_dimm(const struct dev *dev)
{
	printf("\"hotplugged\": true, ");
	if (HAS(dev, DEV_ADDRESS))
		printf("\"addr\": %llu, ", dev->address);
	printf("\"hotpluggable\": true, \"size\": %llu, \"slot\": %d",
	       dev->size, dev->slot);
	if (dev->node >= 0)
		printf(", \"node\": %d", dev->node);
}

static void qmp_virtio_mem(const struct dev *dev)
{
	if (HAS(dev, DEV_ADDRESS))
		printf("\"memaddr\": %llu, ", dev->address);
	printf("\"block-size\": %llu, \"size\": %llu, ",
	       dev->block_size, dev->plugged_size);
	if (dev->node >= 0)
		printf("\"node\": %d, ", dev->node);
	printf("\"max-size\": %llu, \"requested-size\": %llu",
	       dev->size, dev->requested_size);
}

static int by_address(const void *a, const void *b)
{
	const struct dev *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

void qemu_devices(const struct call *call, struct devs *devs)
{
	const bool qmp = is_qmp(call);

	if (devs->n)
		qsort(devs->v, devs->n, sizeof(*devs->v), by_address);
	if (qmp)
		printf("{\"return\": [");
	for (size_t i = 0; i < devs->n; i++) {
		const struct dev *dev = &devs->v[i];
		/* Print kinds unknown to QEMU like one of the two it knows. */
		const bool dimm = dev->slot >= 0;

		if (!qmp) {
			printf("Memory device [%s]: \"%s\"\n", dev->kind,
			       dev->id);
			if (dimm)
				hmp_dimm(dev);
			else
				hmp_virtio_mem(dev);
			continue;
		}
		printf("%s{\"type\": \"%s\", \"data\": {", i ? ", " : "",
		       dev->kind);
		if (dimm)
			qmp_dimm(dev);
		else
			qmp_virtio_mem(dev);
		if (dev->id[0]) {
			printf(", \"id\": ");
			json_string(stdout, dev->id);
		}
		printf("}}");
	}
	if (qmp)
		puts("]}");
}

/* Get the total size of the kernel's memory blocks. Returns 0 or -errno. */
static int memory_blocks(__u64 *bytes)
{
	const struct dirent *entry;
	unsigned long long size;
	unsigned int n = 0;
	__u32 nr;
	FILE *f;
	DIR *dir;
	int rc;

	f = fopen(MEMORY "/block_size_bytes", "r");
	if (!f)
		return -errno;
	rc = fscanf(f, "%llx", &size);
	fclose(f);
	if (rc != 1)
		return -EINVAL;
	dir = opendir(MEMORY);
	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "memory", 6) &&
		    !number_parse(entry->d_name, "memory", &nr))
			n++;
	closedir(dir);
	*bytes = size * n;
	return 0;
}

int qemu_summary(const struct call *call, const struct devs *devs)
{
	__u64 base = 0, plugged = 0;
	int rc;

	rc = memory_blocks(&base);
	if (rc) {
		warnx("%s: %s", MEMORY, strerror(-rc));
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < devs->n; i++)
		plugged += devs->v[i].plugged_size;
	base = base > plugged ? base - plugged : 0;
	if (is_qmp(call))
		printf("{\"return\": {\"base-memory\": %llu, \"plugged-memory\": %llu}}\n",
		       base, plugged);
	else
		printf("base memory: %llu\nplugged memory: %llu\n",
		       base, plugged);
	return EXIT_DONE;
}
