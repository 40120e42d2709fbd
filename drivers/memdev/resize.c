// SPDX-License-Identifier: GPL-2.0
/*
 * Device settings, and the background worker that plugs and unplugs memory to
 * reach the requested size.
 *
 * The worker's operation must not make a user wait, so a user's operation stops
 * it. The worker keeps its progress and retries later.
 */
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/memory.h>
#include <linux/module.h>

#include "internal.h"

/* Delays before a retry, as in virtio-mem */
#define MEMDEV_BACKOFF_MIN_MS	50U
#define MEMDEV_BACKOFF_MAX_MS	300000U

static unsigned long memdev_resize_pause(unsigned int tries)
{
	return msecs_to_jiffies(min(MEMDEV_BACKOFF_MIN_MS << min(tries, 16U),
				    MEMDEV_BACKOFF_MAX_MS));
}

/**
 * memdev_resize_work() - try to reach the requested size
 * @work: the resize work of a struct memdev_core
 */
void memdev_resize_work(struct work_struct *work)
{
	struct memdev_core *core = container_of(to_delayed_work(work),
						struct memdev_core, resize);
	struct memdev_reason why = {};
	u64 plugged, requested;
	int rc = 0;

	/* The task that holds the lock may be waiting for this work to end */
	if (!mutex_trylock(&core->op_lock)) {
		queue_delayed_work(memdev_wq, &core->resize,
				   memdev_resize_pause(0));
		return;
	}
	spin_lock(&core->lock);
	plugged = memdev_plugged_size(core);
	requested = core->requested;
	spin_unlock(&core->lock);

	if (requested > plugged)
		rc = memdev_operate(core, MEMDEV_OP_PLUG, requested - plugged,
				    true, true, &why);
	else if (requested < plugged)
		rc = memdev_operate(core, MEMDEV_OP_UNPLUG,
				    plugged - requested, true, true, &why);
	/* The operation was preempted: do not back off */
	if (rc == -ECANCELED || rc == -ERESTARTNOINTR)
		queue_delayed_work(memdev_wq, &core->resize,
				   memdev_resize_pause(0));
	else if (rc)
		queue_delayed_work(memdev_wq, &core->resize,
				   memdev_resize_pause(core->tries++));
	mutex_unlock(&core->op_lock);
}

static void memdev_resize_start(struct memdev_core *core)
{
	mod_delayed_work(memdev_wq, &core->resize, 0);
}

static int memdev_check_requested(struct memdev_core *core, u64 size,
				  struct memdev_reason *why)
{
	if (size > core->size)
		return memdev_refuse_about(why, MEMDEV_ABOUT_REQUESTED, -EINVAL,
					   "%s exceeds the device size %s",
					   MEMDEV_SIZE(size),
					   MEMDEV_SIZE(core->size));
	return memdev_check_aligned(core, size, MEMDEV_ABOUT_REQUESTED, why) ?:
	       memdev_check_atomic(core, size, core->size,
				   MEMDEV_ABOUT_REQUESTED, why);
}

static int memdev_check_memmap(struct memdev_core *core, bool on_memory,
			       struct memdev_reason *why)
{
	/* The setting must not change between adding and removing a block */
	if (on_memory != core->memmap_on_memory &&
	    core->nr_plugged)
		return memdev_refuse_about(why, MEMDEV_ABOUT_MEMMAP, -EBUSY,
					   "memmap_on_memory cannot change while memory is plugged");
	if (on_memory && !memdev_memmap_supported())
		return memdev_refuse_about(why, MEMDEV_ABOUT_MEMMAP,
					   -EOPNOTSUPP,
					   "memmap_on_memory is off: boot with memory_hotplug.memmap_on_memory=1");
	return 0;
}

/**
 * memdev_core_set() - change device settings, either all of them or none
 * @core: the device
 * @set: the settings and their values
 * @why: where to put the reason; after a success, a remark, if any
 *
 * Context: Sleeps until a user's operation ends. A signal ends the wait.
 * Return: 0; -EINVAL for an invalid size; -EBUSY for memmap_on_memory while
 * memory is plugged; -EOPNOTSUPP for memmap_on_memory if the kernel does not
 * support it; or the errno of memdev_op_lock().
 */
int memdev_core_set(struct memdev_core *core,
		    const struct memdev_settings *set,
		    struct memdev_reason *why)
{
	int rc;

	rc = memdev_op_lock(core);
	if (rc)
		return rc;

	if (set->has & MEMDEV_SET_REQUESTED)
		rc = memdev_check_requested(core, set->requested, why);
	if (!rc && set->has & MEMDEV_SET_MEMMAP)
		rc = memdev_check_memmap(core, set->memmap_on_memory, why);
	if (rc) {
		memdev_core_refuse(core, MEMDEV_OP_NONE, 0, rc, why);
		goto out;
	}

	memdev_settings_store(core, set);
	if (set->has & MEMDEV_SET_REQUESTED) {
		core->tries = 0;
		memdev_resize_start(core);
		if (memdev_find_retired(core) &&
		    set->requested > core->size -
				     memdev_blocks_size(core, core->left_out))
			memdev_refuse(why, 0,
				      "the requested size cannot be reached; retired blocks: %*pbl",
				      core->nr_blocks, core->left_out);
	}
	memdev_set_succeeded(core);
out:
	mutex_unlock(&core->op_lock);
	return rc;
}

/**
 * memory_device_request() - set how much memory a device should have plugged
 * @md: a registered device
 * @size: bytes, a multiple of the memory block size; with MEMORY_DEVICE_ATOMIC
 *	  either 0 or the size of the whole region
 * @extack: where to put the reason for a failure, or NULL
 *
 * A worker plugs and unplugs memory until the plugged size is @size, or a later
 * request or operation replaces @size. The worker keeps its progress, and backs
 * off from 50 ms to 300 s between retries.
 *
 * Context: Sleeps until a user's operation ends. A signal ends the wait.
 * Must not be called from the provider's operations.
 * Return: 0; -EINVAL for an invalid size; -EINTR; -ENODEV if the device is
 * being removed.
 */
int memory_device_request(struct memory_device *md, u64 size,
			  struct netlink_ext_ack *extack)
{
	struct memdev_settings set = {
		.has = MEMDEV_SET_REQUESTED,
		.requested = size,
	};
	struct memdev_reason why = {};

	return memdev_extack_rc(memdev_core_set(md->core, &set, &why), &why,
				extack);
}
EXPORT_SYMBOL_GPL(memory_device_request);

static int memdev_close_refuse(struct memdev_core *core,
			       struct memdev_reason *why)
{
	return memdev_refuse(why, -EBUSY,
			     "%s of %s is plugged, unplug it first",
			     MEMDEV_SIZE(memdev_plugged_size(core)),
			     dev_name(&core->md->dev));
}

/**
 * memdev_core_close() - refuse new operations before a device is removed
 * @core: the device
 * @why: where to put the reason
 *
 * Stops a background operation.
 *
 * Context: Sleeps, but does not wait for a user's operation.
 * Return: 0; -EBUSY, without refusing new operations, if memory is plugged or a
 * user's operation is in flight; -ENODEV if the device is already being
 * removed.
 */
int memdev_core_close(struct memdev_core *core, struct memdev_reason *why)
{
	int rc = 0;

	spin_lock(&core->lock);
	if (core->dying) {
		rc = memdev_refuse(why, -ENODEV,
				   "the device is being removed");
	} else if (core->op != MEMDEV_OP_NONE && !core->background) {
		rc = memdev_refuse(why, -EBUSY,
				   "a plug or an unplug of %s is in progress",
				   dev_name(&core->md->dev));
	} else if (core->nr_plugged) {
		rc = memdev_close_refuse(core, why);
	} else {
		core->dying = true;
		memdev_background_stop(core);
	}
	spin_unlock(&core->lock);
	if (rc)
		return rc;

	cancel_delayed_work_sync(&core->resize);
	/* New operations are refused, so this does not wait for one */
	mutex_lock(&core->op_lock);
	/* The background operation may have plugged memory before it stopped */
	if (core->nr_plugged) {
		rc = memdev_close_refuse(core, why);
		spin_lock(&core->lock);
		core->dying = false;
		spin_unlock(&core->lock);
		memdev_resize_start(core);
	}
	mutex_unlock(&core->op_lock);
	return rc;
}
