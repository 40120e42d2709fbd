// SPDX-License-Identifier: GPL-2.0
/*
 * Notify user space that a device has changed: poll(2) on sysfs attributes, and
 * uevents.
 *
 * Changes happen under mm's locks, where nothing may wait for user space. So a
 * work item notifies poll(2) and sends the uevents.
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
 * memdev_changed() - notify poll(2) and listeners for uevents
 * @core: the device
 * @what: one of MEMDEV_CHANGED_*
 *
 * Context: under core->lock.
 */
void memdev_changed(struct memdev_core *core, unsigned int what)
{
	lockdep_assert_held(&core->lock);
	core->changed |= what;
	/* The state change at the end of the operation ends the delay */
	if (core->op != MEMDEV_OP_NONE && what != MEMDEV_CHANGED_STATE)
		queue_delayed_work(memdev_event_wq, &core->event, MEMDEV_EVENT_DELAY);
	else
		mod_delayed_work(memdev_event_wq, &core->event, 0);
}

/* The variables of a uevent, in bytes */
struct memdev_uevent {
	char text[4][40];
	char *env[5];
};

static void memdev_uevent_fill(struct memdev_uevent *env,
			       struct memdev_core *core)
{
	const struct {
		const char *name;
		u64 size;
	} vars[] = {
		{ "PLUGGED", memdev_plugged_size(core) },
		{ "ONLINE", memdev_online_size(core) },
		{ "REQUESTED", core->requested },
		{ "RETIRED", memdev_blocks_size(core, core->retired) },
	};
	int i;

	BUILD_BUG_ON(ARRAY_SIZE(vars) != ARRAY_SIZE(env->text));
	for (i = 0; i < ARRAY_SIZE(vars); i++) {
		snprintf(env->text[i], sizeof(env->text[i]), "MEMDEV_%s=%llu",
			 vars[i].name, vars[i].size);
		env->env[i] = env->text[i];
	}
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
	struct memdev_uevent env = {};
	unsigned int changed;

	spin_lock(&core->lock);
	changed = core->changed;
	core->changed = 0;
	memdev_uevent_fill(&env, core);
	spin_unlock(&core->lock);

	if (changed & MEMDEV_CHANGED_PLUGGED)
		sysfs_notify(kobj, NULL, "plugged_size");
	if (changed & MEMDEV_CHANGED_ONLINE)
		sysfs_notify(kobj, NULL, "online_size");
	if (changed & MEMDEV_CHANGED_STATE)
		sysfs_notify(kobj, NULL, "state");
	if (changed & ~MEMDEV_CHANGED_STATE)
		kobject_uevent_env(kobj, KOBJ_CHANGE, env.env);
}
