// SPDX-License-Identifier: GPL-2.0
/*
 * Check whether the kernel can allocate the memmap of hot-plugged blocks from
 * the blocks themselves.
 *
 * Older kernels do not export this check to modules. But the parameter
 * memory_hotplug.memmap_on_memory shows the result to users, and does not
 * change after boot: find the parameter in sysfs, and call its show().
 */
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/memory_hotplug.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

#if MEMDEV_MEMMAP_EXPORTED

/**
 * memdev_memmap_init() - look up whether memmap_on_memory is enabled
 *
 * Context: Sleeps.
 * Return: 0; -ENOMEM; or the errno of the parameter's show().
 */
int memdev_memmap_init(void)
{
	return 0;
}

/**
 * memdev_memmap_supported() - check whether memmap_on_memory is enabled
 *
 * Return: true if the kernel can allocate a memmap from hot-plugged memory.
 */
bool memdev_memmap_supported(void)
{
	return mhp_supports_memmap_on_memory();
}

#else

static bool memdev_memmap_enabled;

/* Get a child of a sysfs node, and drop the reference to the node */
static struct kernfs_node *memdev_kernfs_child(struct kernfs_node *node,
					       const char *name)
{
	struct kernfs_node *child;

	if (!node)
		return NULL;
	child = kernfs_find_and_get(node, name);
	kernfs_put(node);
	return child;
}

int memdev_memmap_init(void)
{
	struct kernfs_node *node = kernel_kobj->sd->parent;
	struct module_attribute *mattr;
	struct module_kobject *module;
	char *page;
	int rc;

	kernfs_get(node);
	node = memdev_kernfs_child(node, "module");
	node = memdev_kernfs_child(node, "memory_hotplug");
	if (!node)
		return 0;
	/* memory_hotplug is built in: its kobjects are never freed */
	module = container_of((struct kobject *)node->priv,
			      struct module_kobject, kobj);
	node = memdev_kernfs_child(node, "parameters");
	node = memdev_kernfs_child(node, "memmap_on_memory");
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
		rc = kstrtobool(page, &memdev_memmap_enabled);
	free_page((unsigned long)page);
	return rc;
}

bool memdev_memmap_supported(void)
{
	return memdev_memmap_enabled;
}

#endif
