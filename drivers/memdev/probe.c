// SPDX-License-Identifier: GPL-2.0
/*
 * Probing: check whether a range is RAM that the kernel does not use.
 *
 * Writing to anything but RAM can do harm, but only a write can tell RAM from
 * unassigned addresses. So before writing, check that the kernel has no memory
 * blocks in the range, and that the firmware's memory map reports all of it as
 * RAM.
 */
#include <linux/io.h>
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/memory.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"
#include "window.h"

/* --- the firmware's memory map -------------------------------------------- */

/**
 * struct memdev_firmware_entry - an entry of the firmware's memory map
 * @start: first byte
 * @end: last byte
 * @ram: the range is System RAM or soft-reserved
 */
struct memdev_firmware_entry {
	u64 start;
	u64 end;
	bool ram;
};

/* Read an entry's attribute into a buffer of PAGE_SIZE bytes */
static bool memdev_firmware_show(struct kobject *kobj, const char *name,
				 char *buf)
{
	const struct attribute_group **group = kobj->ktype->default_groups;
	struct attribute **attr;

	for (; group && *group; group++) {
		for (attr = (*group)->attrs; attr && *attr; attr++) {
			if (!strcmp((*attr)->name, name))
				return kobj->ktype->sysfs_ops->show(kobj, *attr,
								    buf) > 0;
		}
	}
	return false;
}

static bool memdev_firmware_read(struct kobject *kobj, char *buf,
				 struct memdev_firmware_entry *entry)
{
	if (!memdev_firmware_show(kobj, "start", buf) ||
	    kstrtou64(buf, 0, &entry->start) ||
	    !memdev_firmware_show(kobj, "end", buf) ||
	    kstrtou64(buf, 0, &entry->end) ||
	    !memdev_firmware_show(kobj, "type", buf))
		return false;
	entry->ram = sysfs_streq(buf, "System RAM") ||
		     sysfs_streq(buf, "Soft Reserved");
	return true;
}

/*
 * Check that the map reports a range as RAM; if not, set *@bad to an address
 * that is not reported as RAM. The entries are not sorted, and the entries of
 * hot-plugged memory overlap others.
 */
static bool memdev_firmware_ram(struct kset *map, char *buf, u64 start,
				u64 last, u64 *bad)
{
	struct memdev_firmware_entry entry;
	struct kobject *kobj;
	u64 at = start;
	bool more;

	do {
		more = false;
		list_for_each_entry(kobj, &map->list, entry) {
			if (!memdev_firmware_read(kobj, buf, &entry) ||
			    entry.end < start || entry.start > last)
				continue;
			if (!entry.ram) {
				*bad = max(entry.start, start);
				return false;
			}
			if (entry.start > at || entry.end < at)
				continue;
			at = min(entry.end, last) + 1;
			more = true;
		}
	} while (more && at <= last);
	*bad = at;
	return at > last;
}

/*
 * The kernel exports its copy of the firmware's map only to KVM, or not at all.
 * So read /sys/firmware/memmap, which boot options do not change. It does not
 * exist without CONFIG_FIRMWARE_MEMMAP: skip the check then.
 */
static int memdev_firmware_check(u64 start, u64 last, struct memdev_reason *why)
{
	struct kernfs_node *dir;
	struct kset *map;
	bool ram;
	char *buf;
	u64 bad;

	dir = kernfs_find_and_get(firmware_kobj->sd, "memmap");
	if (!dir)
		return 0;
	/* The kset is created at boot and never freed */
	map = container_of((struct kobject *)dir->priv, struct kset, kobj);
	kernfs_put(dir);

	buf = (char *)get_zeroed_page(GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	/* The lock keeps entries in the list, so they cannot be freed */
	spin_lock(&map->list_lock);
	ram = memdev_firmware_ram(map, buf, start, last, &bad);
	spin_unlock(&map->list_lock);
	free_page((unsigned long)buf);

	return ram ? 0 :
		memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -ENXIO,
				    "the firmware does not report 0x%llx as RAM, see /sys/firmware/memmap",
				    bad);
}

/* --- the write ------------------------------------------------------------ */

/*
 * Check that a page returns the data written to it, as RAM does, and restore
 * the contents. Returns 0; -ENXIO if the page returns other data; -ENOMEM if
 * the page cannot be mapped.
 */
static int memdev_page_check(u64 addr)
{
	static const u64 patterns[] = {
		0x0f1e2d3c4b5a6978, 0xf0e1d2c3b4a59687,
	};
	u64 *p, saved;
	int i, rc = 0;

	/* Bypass the cache if possible: it would hide that there is no RAM */
	p = memremap(addr, PAGE_SIZE, MEMREMAP_WC);
	if (!p)
		p = memremap(addr, PAGE_SIZE, MEMREMAP_WB);
	if (!p)
		return -ENOMEM;

	saved = READ_ONCE(*p);
	for (i = 0; i < ARRAY_SIZE(patterns); i++) {
		WRITE_ONCE(*p, patterns[i] ^ addr);
		/* Flush the write-combining buffer before the read */
		mb();
		if (READ_ONCE(*p) != (patterns[i] ^ addr))
			rc = -ENXIO;
	}
	WRITE_ONCE(*p, saved);
	/* Flush the buffer before the mapping is removed */
	mb();

	memunmap(p);
	return rc;
}

static int memdev_pages_check(u64 start, u64 size, struct memdev_reason *why)
{
	u64 block_size = memory_block_size_bytes();
	u64 addr, bad;
	int rc;

	for (addr = start; addr < start + size; addr += block_size) {
		cond_resched();
		bad = addr;
		rc = memdev_page_check(bad);
		if (!rc) {
			bad = addr + block_size - PAGE_SIZE;
			rc = memdev_page_check(bad);
		}
		if (rc == -ENXIO)
			return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, rc,
						   "window [0x%llx-0x%llx] is not RAM at 0x%llx",
						   start, start + size - 1, bad);
		if (rc)
			return rc;
	}
	return 0;
}

static int memdev_blocks_check(u64 start, u64 size, struct memdev_reason *why)
{
	u64 block_size = memory_block_size_bytes();
	u64 addr;

	for (addr = start; addr < start + size; addr += block_size) {
		cond_resched();
		if (memdev_block_query(addr).state ==
		    MEMDEV_BLOCK_STATE_UNPLUGGED)
			continue;
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EBUSY,
					   "memory%llu in that range is in use by the kernel",
					   addr / block_size);
	}
	return 0;
}

/**
 * memdev_probe() - check whether a range is RAM that the kernel does not use
 * @start: physical address, a multiple of the memory block size
 * @size: bytes, a multiple of the memory block size
 * @why: where to put the reason
 *
 * Checks the first and the last page of each memory block by writing to them.
 *
 * Context: Sleeps. The caller has claimed the range.
 * Return: 0; -EBUSY if the kernel has memory blocks in the range; -ENXIO if a
 * part of it is not RAM; -ENOMEM.
 */
int memdev_probe(u64 start, u64 size, struct memdev_reason *why)
{
	/* The write comes last: see the top of this file */
	return memdev_blocks_check(start, size, why) ?:
	       memdev_firmware_check(start, start + size - 1, why) ?:
	       memdev_pages_check(start, size, why);
}
