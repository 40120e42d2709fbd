// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes of devices. See Documentation/ABI/testing/sysfs-bus-memdev.
 */
#include <linux/bitmap.h>
#include <linux/kstrtox.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "internal.h"

/* --- sizes ---------------------------------------------------------------- */

static ssize_t memdev_size_op(struct device *dev, const char *buf, size_t count,
			      enum memdev_op op)
{
	struct memdev_core *core = dev_to_core(dev);
	u64 size = MEMORY_DEVICE_ALL;
	struct memdev_reason why = {};
	int rc;

	if (!sysfs_streq(buf, "all")) {
		rc = memdev_size_parse(buf, count, &size);
		if (rc)
			return memdev_core_error(core, rc, buf, count);
	}
	return memdev_core_op(core, op, size, &why) ?: count;
}

static ssize_t plug_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	return memdev_size_op(dev, buf, count, MEMDEV_OP_PLUG);
}
static DEVICE_ATTR_WO(plug);

static ssize_t unplug_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	return memdev_size_op(dev, buf, count, MEMDEV_OP_UNPLUG);
}
static DEVICE_ATTR_WO(unplug);

static ssize_t memdev_setting_store(struct device *dev,
				    const struct memdev_settings *set,
				    size_t count)
{
	struct memdev_reason why = {};

	return memdev_core_set(dev_to_core(dev), set, &why) ?: count;
}

static ssize_t requested_size_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct memdev_core *core = dev_to_core(dev);
	u64 size;

	spin_lock(&core->lock);
	size = core->requested;
	spin_unlock(&core->lock);
	return sysfs_emit(buf, "%llu\n", size);
}

static ssize_t requested_size_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	struct memdev_settings set = { .has = MEMDEV_SET_REQUESTED };
	int rc;

	rc = memdev_bytes_parse(buf, count, &set.requested);
	if (rc)
		return memdev_core_error(dev_to_core(dev), rc, buf, count);
	return memdev_setting_store(dev, &set, count);
}
static DEVICE_ATTR_RW(requested_size);

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%llu\n", dev_to_core(dev)->size);
}
static DEVICE_ATTR_RO(size);

static ssize_t plugged_size_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct memory_device *md = to_memory_device(dev);

	return sysfs_emit(buf, "%llu\n", memory_device_get_plugged_size(md));
}
static DEVICE_ATTR_RO(plugged_size);

static ssize_t online_size_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct memdev_core *core = dev_to_core(dev);
	u64 size;

	spin_lock(&core->lock);
	size = memdev_online_size(core);
	spin_unlock(&core->lock);
	return sysfs_emit(buf, "%llu\n", size);
}
static DEVICE_ATTR_RO(online_size);

/* --- properties ----------------------------------------------------------- */

static ssize_t address_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", dev_to_core(dev)->start);
}
static DEVICE_ATTR_ADMIN_RO(address);

static ssize_t align_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%llu\n", dev_to_core(dev)->align);
}
static DEVICE_ATTR_RO(align);

static ssize_t block_size_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", dev_to_core(dev)->block_size);
}
static DEVICE_ATTR_RO(block_size);

static ssize_t node_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", dev_to_core(dev)->node);
}
static DEVICE_ATTR_RO(node);

static ssize_t kind_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", to_memory_device(dev)->ops->kind);
}
static DEVICE_ATTR_RO(kind);

static ssize_t slot_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", to_memory_device(dev)->slot);
}
static DEVICE_ATTR_RO(slot);

static ssize_t id_show(struct device *dev, struct device_attribute *attr,
		       char *buf)
{
	return sysfs_emit(buf, "%s\n", to_memory_device(dev)->id);
}
static DEVICE_ATTR_RO(id);

/* --- settings ------------------------------------------------------------- */

static ssize_t online_type_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct memdev_core *core = dev_to_core(dev);

	return sysfs_emit(buf, "%s\n",
			  memdev_online_types[READ_ONCE(core->online_type)]);
}

static ssize_t online_type_store(struct device *dev,
				 struct device_attribute *attr, const char *buf,
				 size_t count)
{
	struct memdev_settings set = { .has = MEMDEV_SET_ONLINE_TYPE };
	int type = memdev_online_type_parse(buf);

	if (type < 0)
		return memdev_core_error(dev_to_core(dev), type, buf, count);
	set.online_type = type;
	return memdev_setting_store(dev, &set, count);
}
static DEVICE_ATTR_RW(online_type);

static ssize_t memmap_on_memory_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	struct memdev_core *core = dev_to_core(dev);

	return sysfs_emit(buf, "%d\n", READ_ONCE(core->memmap_on_memory));
}

static ssize_t memmap_on_memory_store(struct device *dev,
				      struct device_attribute *attr,
				      const char *buf, size_t count)
{
	struct memdev_settings set = { .has = MEMDEV_SET_MEMMAP };
	int rc;

	rc = kstrtobool(buf, &set.memmap_on_memory);
	if (rc)
		return memdev_core_error(dev_to_core(dev), rc, buf, count);
	return memdev_setting_store(dev, &set, count);
}
static DEVICE_ATTR_RW(memmap_on_memory);

static ssize_t unplug_timeout_ms_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	struct memdev_core *core = dev_to_core(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(core->timeout_ms));
}

static ssize_t unplug_timeout_ms_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	struct memdev_settings set = { .has = MEMDEV_SET_TIMEOUT };
	int rc;

	rc = kstrtouint(buf, 0, &set.timeout_ms);
	if (!rc && set.timeout_ms > MEMDEV_TIMEOUT_MAX)
		rc = -ERANGE;
	if (rc)
		return memdev_core_error(dev_to_core(dev), rc, buf, count);
	return memdev_setting_store(dev, &set, count);
}
static DEVICE_ATTR_RW(unplug_timeout_ms);

/* --- state ---------------------------------------------------------------- */

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	static const char *const names[] = {
		[MEMDEV_STATE_UNPLUGGED]	= "unplugged",
		[MEMDEV_STATE_PARTIAL]		= "partial",
		[MEMDEV_STATE_PLUGGED]		= "plugged",
		[MEMDEV_STATE_PLUGGING]		= "plugging",
		[MEMDEV_STATE_UNPLUGGING]	= "unplugging",
	};
	struct memdev_core *core = dev_to_core(dev);
	enum memdev_state state;

	spin_lock(&core->lock);
	state = memdev_state(core);
	spin_unlock(&core->lock);
	return sysfs_emit(buf, "%s\n", names[state]);
}
static DEVICE_ATTR_RO(state);

static ssize_t memdev_blocks_show(struct device *dev, const unsigned long *map,
				  char *buf)
{
	struct memdev_core *core = dev_to_core(dev);
	ssize_t len;

	spin_lock(&core->lock);
	len = sysfs_emit(buf, "%*pbl\n", core->nr_blocks, map);
	spin_unlock(&core->lock);
	return len;
}

static ssize_t plugged_blocks_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return memdev_blocks_show(dev, dev_to_core(dev)->plugged, buf);
}
static DEVICE_ATTR_RO(plugged_blocks);

static ssize_t online_blocks_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return memdev_blocks_show(dev, dev_to_core(dev)->online, buf);
}
static DEVICE_ATTR_RO(online_blocks);

static ssize_t retired_blocks_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return memdev_blocks_show(dev, dev_to_core(dev)->retired, buf);
}
static DEVICE_ATTR_RO(retired_blocks);

static ssize_t last_error_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct memdev_core *core = dev_to_core(dev);
	ssize_t len;

	spin_lock(&core->lock);
	len = sysfs_emit(buf, "%s\n", core->last_error.text);
	spin_unlock(&core->lock);
	return len;
}
static DEVICE_ATTR_RO(last_error);

static struct attribute *memdev_device_attrs[] = {
	&dev_attr_plug.attr,
	&dev_attr_unplug.attr,
	&dev_attr_requested_size.attr,
	&dev_attr_size.attr,
	&dev_attr_plugged_size.attr,
	&dev_attr_online_size.attr,
	&dev_attr_address.attr,
	&dev_attr_align.attr,
	&dev_attr_block_size.attr,
	&dev_attr_node.attr,
	&dev_attr_kind.attr,
	&dev_attr_slot.attr,
	&dev_attr_id.attr,
	&dev_attr_online_type.attr,
	&dev_attr_memmap_on_memory.attr,
	&dev_attr_unplug_timeout_ms.attr,
	&dev_attr_state.attr,
	&dev_attr_plugged_blocks.attr,
	&dev_attr_online_blocks.attr,
	&dev_attr_retired_blocks.attr,
	&dev_attr_last_error.attr,
	NULL
};

static const struct attribute_group memdev_device_group = {
	.attrs = memdev_device_attrs,
};

/* --- stats/ --------------------------------------------------------------- */

static struct memdev_stats memdev_stats_get(struct device *dev,
					    enum memdev_op op)
{
	struct memdev_core *core = dev_to_core(dev);
	struct memdev_stats stats;

	spin_lock(&core->lock);
	stats = core->stats[op - MEMDEV_OP_PLUG];
	spin_unlock(&core->lock);
	return stats;
}

#define MEMDEV_STAT(_name, _op, _value)					\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct memdev_stats stats = memdev_stats_get(dev, _op);		\
									\
	return sysfs_emit(buf, "%llu\n", _value);			\
}									\
static DEVICE_ATTR_RO(_name)

MEMDEV_STAT(plug_count, MEMDEV_OP_PLUG, stats.count);
MEMDEV_STAT(plug_bytes, MEMDEV_OP_PLUG, stats.bytes);
MEMDEV_STAT(plug_failures, MEMDEV_OP_PLUG, stats.failures);
MEMDEV_STAT(plug_time_ms, MEMDEV_OP_PLUG,
	    div_u64(stats.time_ns, NSEC_PER_MSEC));
MEMDEV_STAT(unplug_count, MEMDEV_OP_UNPLUG, stats.count);
MEMDEV_STAT(unplug_bytes, MEMDEV_OP_UNPLUG, stats.bytes);
MEMDEV_STAT(unplug_failures, MEMDEV_OP_UNPLUG, stats.failures);
MEMDEV_STAT(unplug_time_ms, MEMDEV_OP_UNPLUG,
	    div_u64(stats.time_ns, NSEC_PER_MSEC));

static struct attribute *memdev_stats_attrs[] = {
	&dev_attr_plug_count.attr,
	&dev_attr_plug_bytes.attr,
	&dev_attr_plug_failures.attr,
	&dev_attr_plug_time_ms.attr,
	&dev_attr_unplug_count.attr,
	&dev_attr_unplug_bytes.attr,
	&dev_attr_unplug_failures.attr,
	&dev_attr_unplug_time_ms.attr,
	NULL
};

static const struct attribute_group memdev_stats_group = {
	.name = "stats",
	.attrs = memdev_stats_attrs,
};

const struct attribute_group *memdev_device_groups[] = {
	&memdev_device_group,
	&memdev_stats_group,
	NULL
};
