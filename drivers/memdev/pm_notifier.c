// SPDX-License-Identifier: GPL-2.0
/*
 * The PM notifier refuses hibernation and stops operations of kernel threads.
 * pm.c explains why.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/suspend.h>

#include "internal.h"

static bool memdev_pm_try_hibernate(void)
{
	if (!memdev_pm_hibernate())
		return false;
	/* No hold can be taken now, so no more System RAM can go missing */
	if (!memdev_missing_size())
		return true;
	memdev_pm_wake();
	return false;
}

static void memdev_pm_stop_operations(void)
{
	struct memdev_core *core;
	unsigned long id;

	/* Operations that begin later check memdev_pm_sleeping() */
	memdev_pm_sleep();
	mutex_lock(&memdev_list_lock);
	for (id = 0; (core = memdev_device_next(&id)); id++)
		memdev_op_pause(core);
	mutex_unlock(&memdev_list_lock);
}

static int memdev_pm_notify(struct notifier_block *nb, unsigned long action,
			    void *data)
{
	switch (action) {
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		if (!memdev_pm_try_hibernate()) {
			pr_info("cannot hibernate while memory is plugged, or System RAM is carved or missing\n");
			return NOTIFY_BAD;
		}
		fallthrough;
	case PM_SUSPEND_PREPARE:
		memdev_pm_stop_operations();
		break;
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
	case PM_POST_SUSPEND:
		memdev_pm_wake();
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block memdev_pm_nb = {
	.notifier_call = memdev_pm_notify,
};

/**
 * memdev_pm_init() - register the PM notifier
 *
 * Return: 0 or a negative errno.
 */
int memdev_pm_init(void)
{
	return register_pm_notifier(&memdev_pm_nb);
}

/**
 * memdev_pm_exit() - unregister the PM notifier
 */
void memdev_pm_exit(void)
{
	unregister_pm_notifier(&memdev_pm_nb);
}
