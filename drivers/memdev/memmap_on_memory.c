// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the kernel puts the memmap of hot-plugged blocks on the blocks
 * themselves when asked.
 *
 * Older kernels tell no module. They tell users, in the parameter
 * memory_hotplug.memmap_on_memory, which is there from boot on and does not
 * change: so that is what is read here, as the file's show() gives it.
 */
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

#if MEMDEV_MEMMAP_TOLD

/**
 * memdev_memmap_init() - find out
 *
 * Context: Sleeps.
 * Return: 0 or -ENOMEM.
 */
int memdev_memmap_init(void)
{
	return 0;
}

/**
 * memdev_memmap_supported() - whether the kernel does it
 *
 * Return: true if it does.
 */
bool memdev_memmap_supported(void)
{
	return mhp_supports_memmap_on_memory();
}

#else

static bool memdev_memmap_on;

/* One step down in sysfs; drops the reference to where it comes from */
static struct kernfs_node *memdev_memmap_step(struct kernfs_node *from,
					      const char *name)
{
	struct kernfs_node *to;

	if (!from)
		return NULL;
	to = kernfs_find_and_get(from, name);
	kernfs_put(from);
	return to;
}

int memdev_memmap_init(void)
{
	struct kernfs_node *node = kernel_kobj->sd->parent;
	struct module_attribute *mattr;
	struct module_kobject *module;
	char *page;
	int rc;

	kernfs_get(node);
	node = memdev_memmap_step(node, "module");
	node = memdev_memmap_step(node, "memory_hotplug");
	if (!node)
		return 0;
	/* It is built in: what is here now stays */
	module = container_of((struct kobject *)node->priv,
			      struct module_kobject, kobj);
	node = memdev_memmap_step(node, "parameters");
	node = memdev_memmap_step(node, "memmap_on_memory");
	if (!node)
		return 0;
	mattr = container_of((struct attribute *)node->priv,
			     struct module_attribute, attr);
	kernfs_put(node);

	page = (char *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	rc = mattr->show(mattr, module, page);
	if (rc > 0)
		rc = kstrtobool(page, &memdev_memmap_on);
	free_page((unsigned long)page);
	return rc;
}

bool memdev_memmap_supported(void)
{
	return memdev_memmap_on;
}

#endif
