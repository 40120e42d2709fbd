// SPDX-License-Identifier: GPL-2.0
/*
 * Notify user space that a size or the state of a device has changed: poll(2)
 * on sysfs attributes, uevents and netlink messages.
 *
 * Changes happen under mm's locks, where nothing may wait for user space. So a
 * work item notifies poll(2) and sends the uevents. Netlink messages do not
 * wait and are sent at once.
 */
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "internal.h"

/*
 * Delay of a notification while an operation adds or removes blocks. Do not
 * notify for each block: offlining a block flushes the slab caches of all CPUs,
 * and takes longer if uevents on other CPUs keep filling the caches.
 */
#define MEMDEV_EVENT_DELAY	(HZ / 10)

/**
 * memdev_changed() - notify user space that a size or the state has changed
 * @core: the device
 * @what: one of MEMDEV_CHANGED_*
 * @was: the previous size in bytes, if a size has changed
 *
 * Context: under core->lock.
 */
void memdev_changed(struct memdev_core *core, unsigned int what, u64 was)
{
	u64 is;

	lockdep_assert_held(&core->lock);
	if (what == MEMDEV_CHANGED_PLUGGED) {
		is = memdev_plugged_size(core);
		memdev_event_size(core, MEMDEV_CMD_DEV_PLUGGED_NTF, was, is);
	} else if (what == MEMDEV_CHANGED_ONLINE) {
		is = memdev_online_size(core);
		memdev_event_size(core, MEMDEV_CMD_DEV_ONLINE_NTF, was, is);
	}
	core->changed |= what;
	/* The state change at the end of the operation ends the delay */
	if (core->op != MEMDEV_OP_NONE && what != MEMDEV_CHANGED_STATE)
		queue_delayed_work(memdev_event_wq, &core->event, MEMDEV_EVENT_DELAY);
	else
		mod_delayed_work(memdev_event_wq, &core->event, 0);
}

/**
 * memdev_event_work() - notify poll(2) and send uevents
 * @work: the event work of a struct memdev_core
 */
void memdev_event_work(struct work_struct *work)
{
	struct memdev_core *core = container_of(work, struct memdev_core,
						event.work);
	struct kobject *kobj = &core->md->dev.kobj;
	char plugged[40], online[40];
	char *env[3] = { plugged, online, NULL };
	unsigned int changed;

	spin_lock(&core->lock);
	changed = core->changed;
	core->changed = 0;
	snprintf(plugged, sizeof(plugged), "MEMDEV_PLUGGED=%llu",
		 memdev_plugged_size(core));
	snprintf(online, sizeof(online), "MEMDEV_ONLINE=%llu",
		 memdev_online_size(core));
	spin_unlock(&core->lock);

	if (changed & MEMDEV_CHANGED_PLUGGED)
		sysfs_notify(kobj, NULL, "plugged_size");
	if (changed & MEMDEV_CHANGED_ONLINE)
		sysfs_notify(kobj, NULL, "online_size");
	if (changed & MEMDEV_CHANGED_STATE)
		sysfs_notify(kobj, NULL, "state");
	if (changed & (MEMDEV_CHANGED_PLUGGED | MEMDEV_CHANGED_ONLINE))
		kobject_uevent_env(kobj, KOBJ_CHANGE, env);
}
