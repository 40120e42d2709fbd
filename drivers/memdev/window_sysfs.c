// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of windows. See Documentation/ABI/testing/sysfs-bus-memdev.
 */
#include <linux/bitmap.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "internal.h"
#include "window.h"

static ssize_t start_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", to_memdev_window(dev)->start);
}
static DEVICE_ATTR_ADMIN_RO(start);

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_memdev_window(dev)->size);
}
static DEVICE_ATTR_RO(size);

static ssize_t node_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", to_memdev_window(dev)->node);
}
static DEVICE_ATTR_RO(node);

static ssize_t source_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct memdev_window *w = to_memdev_window(dev);

	return sysfs_emit(buf, "%s\n", memdev_source_names[w->source]);
}
static DEVICE_ATTR_RO(source);

static ssize_t memdev_window_store_done(int rc, size_t count,
					const struct memdev_reason *why)
{
	static const struct memdev_reason none = {};

	memdev_bus_refused(rc ? why : &none);
	return rc ?: count;
}

static ssize_t limit_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct memdev_window *w = to_memdev_window(dev);
	u64 limit;

	mutex_lock(&w->lock);
	limit = w->alloc.limit;
	mutex_unlock(&w->lock);
	return sysfs_emit(buf, "%llu\n", limit);
}

static ssize_t limit_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct memdev_window *w = to_memdev_window(dev);
	struct memdev_reason why;
	u64 limit;
	int rc;

	rc = memdev_size_parse(buf, count, &limit);
	if (rc) {
		memdev_refuse_text(&why, rc, buf, count);
		return memdev_window_store_done(rc, count, &why);
	}

	mutex_lock(&w->lock);
	if (limit < w->alloc.used)
		rc = memdev_refuse(&why, -EBUSY,
				   "limit %s is less than the %s that devices of window%d use",
				   MEMDEV_SIZE(limit),
				   MEMDEV_SIZE(w->alloc.used), w->id);
	else
		w->alloc.limit = limit;
	mutex_unlock(&w->lock);
	return memdev_window_store_done(rc, count, &why);
}
static DEVICE_ATTR_RW(limit);

static ssize_t slots_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct memdev_window *w = to_memdev_window(dev);
	unsigned int nr;

	mutex_lock(&w->lock);
	nr = w->alloc.nr_slots;
	mutex_unlock(&w->lock);
	return sysfs_emit(buf, "%u\n", nr);
}

static ssize_t slots_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct memdev_window *w = to_memdev_window(dev);
	struct memdev_reason why;
	unsigned long used;
	unsigned int nr;
	int rc;

	rc = kstrtouint(buf, 0, &nr);
	if (!rc && nr > MEMDEV_SLOTS_MAX)
		rc = -ERANGE;
	if (rc) {
		memdev_refuse_text(&why, rc, buf, count);
		return memdev_window_store_done(rc, count, &why);
	}

	mutex_lock(&w->lock);
	/* A slot in use cannot be removed */
	used = find_next_bit(w->alloc.slots, MEMDEV_SLOTS_MAX, nr);
	if (used < MEMDEV_SLOTS_MAX)
		rc = memdev_refuse(&why, -EBUSY,
				   "%u slots are too few: a device of window%d has slot %lu",
				   nr, w->id, used);
	else
		w->alloc.nr_slots = nr;
	mutex_unlock(&w->lock);
	return memdev_window_store_done(rc, count, &why);
}
static DEVICE_ATTR_RW(slots);

static ssize_t used_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct memdev_window *w = to_memdev_window(dev);
	u64 used;

	mutex_lock(&w->lock);
	used = w->alloc.used;
	mutex_unlock(&w->lock);
	return sysfs_emit(buf, "%llu\n", used);
}
static DEVICE_ATTR_RO(used);

static ssize_t largest_free_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct memdev_window *w = to_memdev_window(dev);
	u64 free;

	mutex_lock(&w->lock);
	free = memdev_alloc_largest_free(&w->alloc);
	mutex_unlock(&w->lock);
	return sysfs_emit(buf, "%llu\n", free);
}
static DEVICE_ATTR_RO(largest_free);

static struct attribute *memdev_window_attrs[] = {
	&dev_attr_start.attr,
	&dev_attr_size.attr,
	&dev_attr_node.attr,
	&dev_attr_source.attr,
	&dev_attr_limit.attr,
	&dev_attr_slots.attr,
	&dev_attr_used.attr,
	&dev_attr_largest_free.attr,
	NULL
};

static const struct attribute_group memdev_window_group = {
	.attrs = memdev_window_attrs,
};

const struct attribute_group *memdev_window_groups[] = {
	&memdev_window_group,
	NULL
};
