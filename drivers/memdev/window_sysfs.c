// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of windows. See Documentation/ABI/testing/sysfs-bus-memdev.
 */
#include <linux/bitmap.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "internal.h"
#include "window.h"

/* Show values of a window; @w is its struct memdev_window */
#define MEMDEV_WINDOW_SHOW(_name, _fmt, ...)				\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct memdev_window *w = to_memdev_window(dev);		\
									\
	return sysfs_emit(buf, _fmt "\n", __VA_ARGS__);			\
}

/* Same as MEMDEV_WINDOW_SHOW(), under w->lock */
#define MEMDEV_WINDOW_SHOW_LOCKED(_name, _fmt, ...)			\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct memdev_window *w = to_memdev_window(dev);		\
	ssize_t len;							\
									\
	mutex_lock(&w->lock);						\
	len = sysfs_emit(buf, _fmt "\n", __VA_ARGS__);			\
	mutex_unlock(&w->lock);						\
	return len;							\
}

MEMDEV_WINDOW_SHOW(start, "0x%llx", w->start)
static DEVICE_ATTR_ADMIN_RO(start);

MEMDEV_WINDOW_SHOW(size, "%llu", w->size)
static DEVICE_ATTR_RO(size);

MEMDEV_WINDOW_SHOW(node, "%d", w->node)
static DEVICE_ATTR_RO(node);

MEMDEV_WINDOW_SHOW(source, "%s", memdev_source_names[w->source])
static DEVICE_ATTR_RO(source);

static ssize_t memdev_window_store(struct device *dev, const char *buf,
				   size_t count,
				   int (*store)(struct memdev_window *w,
						const char *buf, size_t count,
						struct memdev_reason *why))
{
	struct memdev_window *w = to_memdev_window(dev);
	struct memdev_reason why = {};
	int rc;

	mutex_lock(&w->lock);
	rc = store(w, buf, count, &why);
	mutex_unlock(&w->lock);
	memdev_bus_set_error(&why);
	return rc ?: count;
}

static int memdev_window_set_limit(struct memdev_window *w, const char *buf,
				   size_t count, struct memdev_reason *why)
{
	u64 limit;
	int rc;

	rc = memdev_size_parse(buf, count, &limit);
	if (rc)
		return memdev_refuse_text(why, rc, buf, count);
	if (limit < w->alloc.used)
		return memdev_refuse(why, -EBUSY,
				     "limit %s is less than the %s that devices of window%d use",
				     MEMDEV_SIZE(limit),
				     MEMDEV_SIZE(w->alloc.used), w->id);
	w->alloc.limit = limit;
	return 0;
}

static ssize_t limit_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	return memdev_window_store(dev, buf, count, memdev_window_set_limit);
}

MEMDEV_WINDOW_SHOW_LOCKED(limit, "%llu", w->alloc.limit)
static DEVICE_ATTR_RW(limit);

static int memdev_window_set_slots(struct memdev_window *w, const char *buf,
				   size_t count, struct memdev_reason *why)
{
	unsigned long used;
	unsigned int nr;
	int rc;

	rc = kstrtouint(buf, 0, &nr);
	if (!rc && nr > MEMDEV_SLOTS_MAX)
		rc = -ERANGE;
	if (rc)
		return memdev_refuse_text(why, rc, buf, count);
	/* A slot in use cannot be removed */
	used = find_next_bit(w->alloc.slots, MEMDEV_SLOTS_MAX, nr);
	if (used < MEMDEV_SLOTS_MAX)
		return memdev_refuse(why, -EBUSY,
				     "%u slots are too few: a device of window%d uses slot %lu",
				     nr, w->id, used);
	w->alloc.nr_slots = nr;
	return 0;
}

static ssize_t slots_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	return memdev_window_store(dev, buf, count, memdev_window_set_slots);
}

MEMDEV_WINDOW_SHOW_LOCKED(slots, "%u", w->alloc.nr_slots)
static DEVICE_ATTR_RW(slots);

MEMDEV_WINDOW_SHOW_LOCKED(used, "%llu", w->alloc.used)
static DEVICE_ATTR_RO(used);

MEMDEV_WINDOW_SHOW_LOCKED(largest_free, "%llu",
			  memdev_alloc_largest_free(&w->alloc))
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
