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

/* Show values of a device; @core is its struct memdev_core */
#define MEMDEV_SHOW(_name, _fmt, ...)					\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct memdev_core *core = dev_to_core(dev);			\
									\
	return sysfs_emit(buf, _fmt "\n", __VA_ARGS__);			\
}

/* Same as MEMDEV_SHOW(), under core->lock */
#define MEMDEV_SHOW_LOCKED(_name, _fmt, ...)				\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct memdev_core *core = dev_to_core(dev);			\
	ssize_t len;							\
									\
	spin_lock(&core->lock);						\
	len = sysfs_emit(buf, _fmt "\n", __VA_ARGS__);			\
	spin_unlock(&core->lock);					\
	return len;							\
}

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

/* Change a setting; @rc is the result of parsing its value */
static ssize_t memdev_setting_store(struct device *dev,
				    const struct memdev_settings *set, int rc,
				    const char *buf, size_t count)
{
	struct memdev_core *core = dev_to_core(dev);
	struct memdev_reason why = {};

	if (rc)
		return memdev_core_error(core, rc, buf, count);
	return memdev_core_set(core, set, &why) ?: count;
}

static ssize_t requested_size_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	struct memdev_settings set = { .has = MEMDEV_SET_REQUESTED };
	int rc = memdev_bytes_parse(buf, count, &set.requested);

	return memdev_setting_store(dev, &set, rc, buf, count);
}

MEMDEV_SHOW_LOCKED(requested_size, "%llu", core->requested)
static DEVICE_ATTR_RW(requested_size);

MEMDEV_SHOW(size, "%llu", core->size)
static DEVICE_ATTR_RO(size);

MEMDEV_SHOW(plugged_size, "%llu", memory_device_get_plugged_size(core->md))
static DEVICE_ATTR_RO(plugged_size);

MEMDEV_SHOW_LOCKED(online_size, "%llu", memdev_online_size(core))
static DEVICE_ATTR_RO(online_size);

/* --- properties ----------------------------------------------------------- */

MEMDEV_SHOW(address, "0x%llx", core->start)
static DEVICE_ATTR_ADMIN_RO(address);

MEMDEV_SHOW(align, "%llu", core->align)
static DEVICE_ATTR_RO(align);

MEMDEV_SHOW(block_size, "%llu", core->block_size)
static DEVICE_ATTR_RO(block_size);

MEMDEV_SHOW(node, "%d", core->node)
static DEVICE_ATTR_RO(node);

MEMDEV_SHOW(kind, "%s", core->md->ops->kind)
static DEVICE_ATTR_RO(kind);

MEMDEV_SHOW(slot, "%d", core->md->slot)
static DEVICE_ATTR_RO(slot);

MEMDEV_SHOW(id, "%s", core->md->id)
static DEVICE_ATTR_RO(id);

/* --- settings ------------------------------------------------------------- */

static ssize_t online_type_store(struct device *dev,
				 struct device_attribute *attr, const char *buf,
				 size_t count)
{
	struct memdev_settings set = { .has = MEMDEV_SET_ONLINE_TYPE };
	int type = memdev_online_type_parse(buf);

	set.online_type = type;
	return memdev_setting_store(dev, &set, min(type, 0), buf, count);
}

MEMDEV_SHOW(online_type, "%s",
	    memdev_online_types[READ_ONCE(core->online_type)])
static DEVICE_ATTR_RW(online_type);

static ssize_t memmap_on_memory_store(struct device *dev,
				      struct device_attribute *attr,
				      const char *buf, size_t count)
{
	struct memdev_settings set = { .has = MEMDEV_SET_MEMMAP };
	int rc = kstrtobool(buf, &set.memmap_on_memory);

	return memdev_setting_store(dev, &set, rc, buf, count);
}

MEMDEV_SHOW(memmap_on_memory, "%d", READ_ONCE(core->memmap_on_memory))
static DEVICE_ATTR_RW(memmap_on_memory);

static ssize_t unplug_timeout_ms_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	struct memdev_settings set = { .has = MEMDEV_SET_TIMEOUT };
	int rc = kstrtouint(buf, 0, &set.timeout_ms);

	if (!rc && set.timeout_ms > MEMDEV_TIMEOUT_MAX)
		rc = -ERANGE;
	return memdev_setting_store(dev, &set, rc, buf, count);
}

MEMDEV_SHOW(unplug_timeout_ms, "%u", READ_ONCE(core->timeout_ms))
static DEVICE_ATTR_RW(unplug_timeout_ms);

/* --- state ---------------------------------------------------------------- */

static const char *const memdev_state_names[] = {
	[MEMDEV_STATE_UNPLUGGED]	= "unplugged",
	[MEMDEV_STATE_PARTIAL]		= "partial",
	[MEMDEV_STATE_PLUGGED]		= "plugged",
	[MEMDEV_STATE_PLUGGING]		= "plugging",
	[MEMDEV_STATE_UNPLUGGING]	= "unplugging",
};

MEMDEV_SHOW_LOCKED(state, "%s", memdev_state_names[memdev_state(core)])
static DEVICE_ATTR_RO(state);

MEMDEV_SHOW_LOCKED(plugged_blocks, "%*pbl", core->nr_blocks, core->plugged)
static DEVICE_ATTR_RO(plugged_blocks);

MEMDEV_SHOW_LOCKED(online_blocks, "%*pbl", core->nr_blocks, core->online)
static DEVICE_ATTR_RO(online_blocks);

MEMDEV_SHOW_LOCKED(retired_blocks, "%*pbl", core->nr_blocks, core->retired)
static DEVICE_ATTR_RO(retired_blocks);

MEMDEV_SHOW_LOCKED(last_error, "%s", core->last_error.text)
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

MEMDEV_SHOW_LOCKED(plug_count, "%llu", core->stats[0].count)
static DEVICE_ATTR_RO(plug_count);

MEMDEV_SHOW_LOCKED(plug_bytes, "%llu", core->stats[0].bytes)
static DEVICE_ATTR_RO(plug_bytes);

MEMDEV_SHOW_LOCKED(plug_failures, "%llu", core->stats[0].failures)
static DEVICE_ATTR_RO(plug_failures);

MEMDEV_SHOW_LOCKED(plug_time_ms, "%llu",
		   div_u64(core->stats[0].time_ns, NSEC_PER_MSEC))
static DEVICE_ATTR_RO(plug_time_ms);

MEMDEV_SHOW_LOCKED(unplug_count, "%llu", core->stats[1].count)
static DEVICE_ATTR_RO(unplug_count);

MEMDEV_SHOW_LOCKED(unplug_bytes, "%llu", core->stats[1].bytes)
static DEVICE_ATTR_RO(unplug_bytes);

MEMDEV_SHOW_LOCKED(unplug_failures, "%llu", core->stats[1].failures)
static DEVICE_ATTR_RO(unplug_failures);

MEMDEV_SHOW_LOCKED(unplug_time_ms, "%llu",
		   div_u64(core->stats[1].time_ns, NSEC_PER_MSEC))
static DEVICE_ATTR_RO(unplug_time_ms);

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
