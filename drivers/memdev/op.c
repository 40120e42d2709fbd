// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on a device: those that a user waits for, and those in the
 * background that follow the size that was requested.
 *
 * A device does one operation at a time. One in the background never makes a
 * user wait: it is stopped, keeps what it has done, and goes on afterwards if
 * there is still something to do.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/signal.h>

#include "deadline.h"
#include "fault.h"
#include "trace.h"
#include "window.h"

/* How long a system call waits before it is restarted, as the kernel's own do */
#define MEMDEV_RESTART_MS	5

/*
 * While memory is plugged neither this module nor the provider's can go: there
 * would be nobody to take the memory away, or to be asked about it. During an
 * operation they cannot go, either.
 */
static bool memdev_modules_get(struct memdev_core *core)
{
	if (!try_module_get(THIS_MODULE))
		return false;
	if (try_module_get(core->md->ops->owner))
		return true;
	module_put(THIS_MODULE);
	return false;
}

static void memdev_modules_put(struct memdev_core *core)
{
	module_put(core->md->ops->owner);
	module_put(THIS_MODULE);
}

/* Stop an operation in the background, so that op_lock is free soon */
void memdev_background_stop(struct memdev_core *core)
{
	lockdep_assert_held(&core->lock);
	if (core->background)
		memdev_watch_stop(core->watch, -ECANCELED);
}

/**
 * memdev_op_pause() - stop an operation for system sleep
 * @core: the device
 *
 * Stops operations of kernel threads. The freezer interrupts processes.
 *
 * Context: once memdev_pm_sleeping() is true.
 */
void memdev_op_pause(struct memdev_core *core)
{
	spin_lock(&core->lock);
	if (core->watch && core->watch->pauses)
		memdev_watch_stop(core->watch, -ERESTARTNOINTR);
	spin_unlock(&core->lock);
}

/**
 * memdev_op_lock() - lock a device for an operation of a user
 * @core: the device
 *
 * Stops an operation in the background.
 *
 * Until the module has finished loading and the device is registered, either may
 * still fail, and would then wait for a user who is inside an attribute of the
 * device. So the system call is restarted until it is clear whether the device
 * stays.
 *
 * Context: Sleeps until an operation of another user is over. A signal ends it.
 * Return: 0, and the caller unlocks core->op_lock; -EINTR; -ERESTARTNOINTR;
 * -ENODEV if the device is being unregistered.
 */
int memdev_op_lock(struct memdev_core *core)
{
	bool dying;
	int rc;

	/* Pairs with the store in memory_device_register() */
	if (!memdev_is_open() || !smp_load_acquire(&core->live)) {
		msleep(MEMDEV_RESTART_MS);
		return current->flags & PF_KTHREAD ? -ERESTARTNOINTR :
						     restart_syscall();
	}

	spin_lock(&core->lock);
	core->waiting++;
	memdev_background_stop(core);
	spin_unlock(&core->lock);

	rc = mutex_lock_interruptible(&core->op_lock);

	spin_lock(&core->lock);
	core->waiting--;
	dying = core->dying;
	spin_unlock(&core->lock);
	if (rc)
		return memdev_signal_errno();
	if (!dying)
		return 0;
	mutex_unlock(&core->op_lock);
	return -ENODEV;
}

/*
 * A user, the removal of the device and system sleep stop an operation in the
 * background. One that they came too early to stop is canceled here.
 */
static int memdev_op_begin(struct memdev_core *core, enum memdev_op op,
			   bool background, struct memdev_watch *watch)
{
	int rc = 0;

	memdev_watch_begin(watch, op == MEMDEV_OP_UNPLUG ? core->timeout_ms :
							   0);
	watch->told = true;
	watch->pauses = current->flags & PF_KTHREAD;
	spin_lock(&core->lock);
	if (background &&
	    (core->waiting || core->dying || memdev_pm_sleeping())) {
		rc = -ECANCELED;
	} else if (core->dying) {
		rc = -ENODEV;
	} else {
		core->op = op;
		core->background = background;
		core->watch = watch;
		memdev_changed(core, MEMDEV_CHANGED_STATE, 0);
	}
	spin_unlock(&core->lock);
	if (rc)
		memdev_watch_end(watch);
	else
		memdev_turn_begin(watch);
	return rc;
}

/* Tells nobody: a user who knows that it is over can remove the modules */
static void memdev_op_end(struct memdev_core *core, struct memdev_watch *watch)
{
	spin_lock(&core->lock);
	core->op = MEMDEV_OP_NONE;
	core->background = false;
	core->watch = NULL;
	spin_unlock(&core->lock);
	memdev_turn_end(watch);
	memdev_watch_end(watch);
}

static void memdev_pin(struct memdev_core *core)
{
	bool plugged = core->nr_plugged;

	if (plugged == core->pinned)
		return;
	core->pinned = plugged;
	if (plugged) {
		__module_get(THIS_MODULE);
		__module_get(core->md->ops->owner);
		memdev_pm_hold_more();
	} else {
		memdev_pm_release();
		memdev_modules_put(core);
	}
}

/*
 * The region is claimed while something of it is plugged, and is the parent of
 * that: resources of devices that are next to each other must not merge. Not for
 * longer, as whoever claims something walks all that is before it.
 */
static int memdev_claim(struct memdev_core *core, struct memdev_reason *why)
{
	struct memdev_hold *window = &core->window->hold;
	u64 last = core->start + core->size - 1;
	int rc;

	if (core->hold.res)
		return 0;
	rc = memdev_hold_open(window, core->start, last);
	if (!rc) {
		rc = memdev_hold_claim(&core->hold, window->res, core->start,
				       core->size, core->name);
		if (!rc)
			return 0;
		memdev_hold_close(window, core->start, last);
	}
	return memdev_foreign_refuse(core, window, 0, core->nr_blocks, why) ?:
	       memdev_refuse(why, -ENOMEM, "not enough kernel memory to claim the region");
}

static void memdev_unclaim(struct memdev_core *core)
{
	if (!core->hold.res || core->nr_plugged)
		return;
	memdev_hold_release(&core->hold);
	memdev_hold_close(&core->window->hold, core->start,
			  core->start + core->size - 1);
}

/* What is kept of an operation, or of a change of settings, that is over */
static void memdev_outcome(struct memdev_core *core, enum memdev_op op, int rc,
			   const struct memdev_reason *why)
{
	lockdep_assert_held(&core->lock);
	core->failure = (struct memdev_failure){
		.op = rc ? op : MEMDEV_OP_NONE,
		.rc = rc,
	};
	/* A remark on a success is for the operation's own answer only */
	core->last_error = rc ? *why : (struct memdev_reason){};
}

void memdev_succeeded(struct memdev_core *core)
{
	spin_lock(&core->lock);
	memdev_outcome(core, MEMDEV_OP_NONE, 0, NULL);
	spin_unlock(&core->lock);
}

static void memdev_account(struct memdev_core *core, enum memdev_op op, int rc,
			   u64 asked, u64 before, ktime_t began,
			   bool background, struct memdev_reason *why)
{
	struct memdev_stats *stats = &core->stats[op - MEMDEV_OP_PLUG];
	u64 after = memdev_plugged_size(core);
	u64 done = after > before ? after - before : before - after;
	u64 ns = memdev_since(began);
	/* The operation goes on later */
	bool paused = rc == -ERESTARTNOINTR;

	why->asked = asked;
	why->done = done;
	spin_lock(&core->lock);
	memdev_changed(core, MEMDEV_CHANGED_STATE, 0);
	stats->count++;
	stats->failures += rc && !paused;
	stats->bytes += done;
	stats->time_ns += ns;
	if (!paused) {
		memdev_outcome(core, op, rc, why);
		/* Preemption is no refusal */
		if (rc && rc != -ECANCELED)
			memdev_event_refused(core);
	}
	spin_unlock(&core->lock);
	if (op == MEMDEV_OP_PLUG)
		trace_memdev_plug_end(core, asked, done, rc, ns, background);
	else
		trace_memdev_unplug_end(core, asked, done, rc, ns, background);
	if (why->text[0])
		dev_dbg(&core->md->dev, "%s\n", why->text);
}

/* @resumes: after -ERESTARTNOINTR the caller goes on where this has stopped */
int memdev_operate(struct memdev_core *core, enum memdev_op op, u64 size,
			  bool background, bool resumes,
			  struct memdev_reason *why)
{
	u64 before = memdev_plugged_size(core);
	struct memdev_watch watch;
	ktime_t began = ktime_get();
	int rc;

	lockdep_assert_held(&core->op_lock);

	if (!memdev_modules_get(core))
		return -ENODEV;
	rc = memdev_pm_hold(why);
	if (rc && background)
		rc = -ECANCELED;
	if (rc)
		goto err_put_modules;
	rc = memdev_op_begin(core, op, background, &watch);
	if (rc)
		goto err_release_pm;
	if (op == MEMDEV_OP_PLUG)
		trace_memdev_plug_begin(core, size, background);
	else
		trace_memdev_unplug_begin(core, size, background);

	rc = memdev_fault(core, MEMDEV_STEP_ANSWER, 0, core->nr_blocks,
			  &watch);
	if (rc) {
		memdev_refuse(why, rc, "the device does not answer (%d)", rc);
	} else if (op == MEMDEV_OP_PLUG) {
		rc = memdev_claim(core, why) ?:
		     memdev_hotplug_plug(core, size, &watch, why);
	} else {
		rc = memdev_hotplug_unplug(core, size, &watch, why);
		/* Blocks that refused do not matter if others came out */
		if (!rc)
			why->text[0] = '\0';
	}

	/* A restarted system call would ask for all of it once more */
	if (rc == -ERESTARTNOINTR && !resumes &&
	    memdev_plugged_size(core) != before)
		rc = -EINTR;

	/*
	 * An exit function that runs once the modules are let go finds no
	 * operation in flight. A user is told last, and can remove the modules
	 * then.
	 */
	memdev_unclaim(core);
	memdev_pin(core);
	memdev_op_end(core, &watch);
	memdev_pm_release();
	memdev_modules_put(core);
	memdev_account(core, op, rc, size, before, began, background, why);
	return rc;

err_release_pm:
	memdev_pm_release();
err_put_modules:
	memdev_modules_put(core);
	return rc;
}

/**
 * memdev_core_refuse() - note that something did not even begin
 * @core: the device
 * @op: what; MEMDEV_OP_NONE for what is neither a plug nor an unplug
 * @asked: bytes that it was to plug or unplug
 * @rc: negative errno
 * @why: the reason
 *
 * Return: @rc.
 */
int memdev_core_refuse(struct memdev_core *core, enum memdev_op op, u64 asked,
		       int rc, const struct memdev_reason *why)
{
	spin_lock(&core->lock);
	memdev_outcome(core, op, rc, why);
	core->last_error.asked = asked;
	spin_unlock(&core->lock);
	return rc;
}

/**
 * memdev_core_error() - a user wrote what cannot be read
 * @core: the device
 * @rc: negative errno
 * @buf: what was written
 * @count: its length
 *
 * Return: @rc.
 */
int memdev_core_error(struct memdev_core *core, int rc, const char *buf,
		      size_t count)
{
	struct memdev_reason why;

	memdev_refuse_text(&why, rc, buf, count);
	return memdev_core_refuse(core, MEMDEV_OP_NONE, 0, rc, &why);
}

int memdev_check_aligned(struct memdev_core *core, u64 size,
				enum memdev_about about,
				struct memdev_reason *why)
{
	if (!IS_ALIGNED(size, core->block_size))
		return memdev_refuse_about(why, about, -EINVAL,
					   "%s is not a multiple of the memory block size %s",
					   MEMDEV_SIZE(size),
					   MEMDEV_SIZE(core->block_size));
	return 0;
}

/* @whole: what is as good as all of it */
int memdev_check_atomic(struct memdev_core *core, u64 size, u64 whole,
			       enum memdev_about about,
			       struct memdev_reason *why)
{
	if (core->md->flags & MEMORY_DEVICE_ATOMIC && size &&
	    size != core->size && size != whole)
		return memdev_refuse_about(why, about, -EINVAL,
					   "a %s is plugged and unplugged as a whole: %s, not %s",
					   core->md->ops->kind,
					   MEMDEV_SIZE(core->size),
					   MEMDEV_SIZE(size));
	return 0;
}

/*
 * What a plug of all plugs. Of a device that is plugged as a whole that is what
 * makes it whole, and cannot be had where a block is retired.
 */
static u64 memdev_core_left(struct memdev_core *core)
{
	lockdep_assert_held(&core->op_lock);

	if (core->md->flags & MEMORY_DEVICE_ATOMIC)
		return core->size - memdev_plugged_size(core);
	bitmap_or(core->skip, core->plugged, core->retired, core->nr_blocks);
	return core->size - memdev_blocks_size(core, core->skip);
}

/* Say that an operation that has succeeded had to leave blocks alone */
static void memdev_remark_retired(struct memdev_core *core,
				  struct memdev_reason *why)
{
	size_t len = strlen(why->text);

	if (memdev_retired_left(core))
		scnprintf(why->text + len, sizeof(why->text) - len,
			  "%sretired blocks are left out: %*pbl",
			  len ? "; " : "", core->nr_blocks, core->skip);
}

/* Plugs or unplugs; *@left is what is left to do, unless it was MEMORY_DEVICE_ALL */
static int memdev_core_op_once(struct memdev_core *core, enum memdev_op op,
			       u64 *left, struct memdev_reason *why)
{
	bool all = *left == MEMORY_DEVICE_ALL;
	u64 size = *left;
	u64 plugged, before, whole;
	int rc;

	rc = memdev_op_lock(core);
	if (rc)
		return rc;

	plugged = memdev_plugged_size(core);
	before = plugged;
	if (all)
		size = op == MEMDEV_OP_PLUG ? memdev_core_left(core) : plugged;
	/* An undo that failed has left a part of a dimm: it, or the rest, goes */
	whole = op == MEMDEV_OP_PLUG ? core->size - plugged : plugged;
	rc = memdev_check_aligned(core, size, MEMDEV_ABOUT_SIZE, why) ?:
	     memdev_check_atomic(core, size, whole, MEMDEV_ABOUT_SIZE, why);
	if (rc) {
		memdev_core_refuse(core, op, size, rc, why);
		goto out;
	}

	cancel_delayed_work(&core->resize);
	if (all && !size && !(op == MEMDEV_OP_PLUG &&
			      memdev_retired_left(core)))
		memdev_succeeded(core);
	else
		rc = memdev_operate(core, op, size, false,
				    all || current->flags & PF_KTHREAD, why);
	if (!rc && all && op == MEMDEV_OP_PLUG)
		memdev_remark_retired(core, why);
	plugged = memdev_plugged_size(core);
	spin_lock(&core->lock);
	core->requested = plugged;
	spin_unlock(&core->lock);
	if (*left != MEMORY_DEVICE_ALL)
		*left -= op == MEMDEV_OP_PLUG ? plugged - before :
						before - plugged;
out:
	mutex_unlock(&core->op_lock);
	return rc;
}

/**
 * memdev_core_op() - plug or unplug memory for a user
 * @core: the device
 * @op: which of them
 * @size: bytes, or MEMORY_DEVICE_ALL
 * @why: where to put the reason; after a success what there is to remark
 *
 * Sets the requested size to what is plugged afterwards. All of what is done already
 * is a success that changes nothing.
 *
 * The freezers, a stop and a tracer interrupt a process, which is frozen or stops
 * on its way out of the system call. The system call is restarted afterwards; but
 * one that has unplugged a part of @size fails with -EINTR, as it would begin anew.
 * A kernel thread waits here until the machine wakes up, and unplugs the rest.
 *
 * Context: Sleeps. A signal ends it.
 * Return: as memory_device_plug() and memory_device_unplug(); -ERESTARTNOINTR.
 */
int memdev_core_op(struct memdev_core *core, enum memdev_op op, u64 size,
		   struct memdev_reason *why)
{
	u64 left = size;
	int rc;

	do {
		*why = (struct memdev_reason){};
		rc = memdev_core_op_once(core, op, &left, why);
	} while (rc == -ERESTARTNOINTR && current->flags & PF_KTHREAD &&
		 !memdev_pm_wait());
	return rc;
}

int memdev_extack_rc(int rc, const struct memdev_reason *why,
			    struct netlink_ext_ack *extack)
{
	if (rc)
		memdev_extack_set(extack, why->text);
	/* The caller may be no system call, or one that must not be restarted */
	return rc == -ERESTARTNOINTR ? -EINTR : rc;
}

/**
 * memory_device_plug() - give memory of the device to the kernel, now
 * @md: a registered device
 * @size: bytes, a multiple of the memory block size, or MEMORY_DEVICE_ALL for
 *	  all of the region that is not plugged, which may be nothing
 * @extack: where to put the reason of a failure, or NULL
 *
 * Lowest free blocks first. After a failure half-way nothing of it is plugged.
 * That a block did not come online is no failure. What was requested before
 * from the background is forgotten.
 *
 * Context: Sleeps, waits for another operation on the device, takes mm's
 * locks. A signal ends it. Calls the plug operation of the provider, and
 * must not be called from an operation.
 * Return: 0; -EINVAL for a size that cannot be; -ENOSPC if less of the region
 * is free; -EBUSY if another driver has claimed a part of it, or the machine is
 * about to hibernate; -ENOMEM; -EINTR; -ENODEV for a device that is going; or
 * what the provider or add_memory_driver_managed() said.
 */
int memory_device_plug(struct memory_device *md, u64 size,
		       struct netlink_ext_ack *extack)
{
	struct memdev_reason why = {};

	return memdev_extack_rc(memdev_core_op(md->core, MEMDEV_OP_PLUG, size,
					       &why), &why, extack);
}
EXPORT_SYMBOL_GPL(memory_device_plug);

/**
 * memory_device_unplug() - take memory of the device back, now
 * @md: a registered device
 * @size: bytes, a multiple of the memory block size, or MEMORY_DEVICE_ALL for
 *	  all that is plugged, which may be nothing
 * @extack: where to put the reason of a failure, or NULL
 *
 * Highest blocks first, those that are offline before others. After a failure
 * what has come out stays out; with MEMORY_DEVICE_ATOMIC all is as it was.
 * What was requested before from the background is forgotten.
 *
 * Context: Sleeps, until the device's deadline at the latest; waits for another
 * operation on the device, takes mm's locks. A signal ends it. Calls the
 * unplug operation of the provider, and must not be called from an operation.
 * Return: 0 if all of it came out; -EINVAL for a size that cannot be; -EBUSY
 * for pages that cannot be moved; -ETIMEDOUT; -EINTR; -ENODEV for a device
 * that is going; or what the provider or a memory notifier said.
 */
int memory_device_unplug(struct memory_device *md, u64 size,
			 struct netlink_ext_ack *extack)
{
	struct memdev_reason why = {};

	return memdev_extack_rc(memdev_core_op(md->core, MEMDEV_OP_UNPLUG, size,
					       &why), &why, extack);
}
EXPORT_SYMBOL_GPL(memory_device_unplug);
