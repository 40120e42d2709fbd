// SPDX-License-Identifier: GPL-2.0
/*
 * A provider with one memory device of four blocks. It logs each request. It
 * refuses to plug odd-numbered blocks unless the parameter "atomic" is set, and
 * refuses to unplug while the parameter "busy" is set. For tests, the
 * parameters plug_answer and unplug_answer override its return values.
 */
#include <linux/memdev.h>
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>

static bool atomic;
module_param(atomic, bool, 0444);
MODULE_PARM_DESC(atomic, "Plug and unplug the device as a whole only, odd blocks included");

static bool busy;
module_param(busy, bool, 0644);
MODULE_PARM_DESC(busy, "Refuse to be unplugged");

static int plug_answer;
module_param(plug_answer, int, 0644);
MODULE_PARM_DESC(plug_answer, "Return this for every plug, if it is not 0");

static int unplug_answer;
module_param(unplug_answer, int, 0644);
MODULE_PARM_DESC(unplug_answer, "Return this for every unplug, if it is not 0");

static struct sample {
	struct memory_device md;
	struct memory_device_region region;
	u64 addr;
} *sample;

static u64 sample_get_addr(const struct memory_device *md)
{
	return container_of(md, struct sample, md)->addr;
}

static void sample_set_addr(struct memory_device *md, u64 addr)
{
	container_of(md, struct sample, md)->addr = addr;
}

static const struct memory_device_region *
sample_get_memory_region(const struct memory_device *md)
{
	return &container_of(md, struct sample, md)->region;
}

static int sample_plug(struct memory_device *md, u64 offset, u64 size,
		       struct netlink_ext_ack *extack)
{
	dev_info(&md->dev, "plug %llu bytes at offset %llu?\n", size, offset);
	if (READ_ONCE(plug_answer))
		return plug_answer;
	if (atomic || (size == memory_block_size_bytes() && !(offset & size)))
		return 0;
	NL_SET_ERR_MSG(extack, "odd-numbered blocks are not plugged");
	return -EPERM;
}

static int sample_unplug(struct memory_device *md, u64 offset, u64 size,
			 struct netlink_ext_ack *extack)
{
	dev_info(&md->dev, "unplug %llu bytes at offset %llu?\n", size, offset);
	if (READ_ONCE(unplug_answer))
		return unplug_answer;
	if (!READ_ONCE(busy))
		return 0;
	NL_SET_ERR_MSG(extack, "the sample is busy");
	return -EBUSY;
}

static void sample_release(struct memory_device *md)
{
	kfree(container_of(md, struct sample, md));
}

static const struct memory_device_ops sample_ops = {
	.owner = THIS_MODULE, .kind = "sample", .release = sample_release,
	.get_addr = sample_get_addr, .set_addr = sample_set_addr,
	.get_memory_region = sample_get_memory_region,
	.plug = sample_plug, .unplug = sample_unplug,
};

static bool dry_run;
module_param(dry_run, bool, 0);
MODULE_PARM_DESC(dry_run, "Log where the device would be placed, and fail to load");

static int __init sample_init(void)
{
	int rc;

	sample = kzalloc(sizeof(*sample), GFP_KERNEL);
	if (!sample)
		return -ENOMEM;
	sample->region.size = 4 * memory_block_size_bytes();
	sample->md.ops = &sample_ops;
	sample->md.flags = atomic ? MEMORY_DEVICE_ATOMIC : 0;
	sample->md.window = -1;
	sample->md.node = NUMA_NO_NODE;
	if (dry_run) {
		rc = memory_device_pre_plug(&sample->md, NULL, NULL);
		if (!rc)
			pr_info("there is room at 0x%llx\n", sample->addr);
		rc = rc ?: -ECANCELED;
	} else {
		rc = memory_device_register(&sample->md, NULL);
	}
	if (rc)
		put_device(&sample->md.dev);
	return rc;
}
module_init(sample_init);

static void __exit sample_exit(void)
{
	WARN_ON(memory_device_unregister(&sample->md, NULL));
	put_device(&sample->md.dev);
}
module_exit(sample_exit);

MODULE_DESCRIPTION("A sample provider of memory devices");
MODULE_LICENSE("GPL");
