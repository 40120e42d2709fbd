// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on a device: one at a time, for a user or in the background.
 *
 * A background operation must not make a user wait, so a user's operation stops
 * it. The background operation keeps its progress, and the worker (resize.c)
 * retries later.
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

/* Delay before a system call is restarted, as in lock_device_hotplug_sysfs() */
#define MEMDEV_RESTART_MS	5

/*
 * Plugged memory pins both this module, as no other module can remove the
 * memory, and the provider's module, which has to allow the removal. So does an
 * operation in flight.
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

/* Preempt the background operation, if any, so that it drops op_lock soon */
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
 * Stops only operations of kernel threads: the freezer interrupts processes.
 *
 * Context: Any, once memdev_pm_sleeping() returns true.
 */
void memdev_op_pause(struct memdev_core *core)
{
	spin_lock(&core->lock);
	if (core->watch && core->watch->pauses)
		memdev_watch_stop(core->watch, -ERESTARTNOINTR);
	spin_unlock(&core->lock);
}

/**
 * memdev_op_lock() - lock a device for a user's operation
 * @core: the device
 *
 * Stops a background operation.
 *
 * Loading the module or registering the device may still fail, and would then
 * wait for all tasks that read or write attributes of the device. So do not
 * wait here, but restart the system call until both have succeeded or the
 * device is gone.
 *
 * Context: Sleeps until another user's operation ends. A signal ends the wait.
 * The caller unlocks core->op_lock.
 * Return: 0; -EINTR if a signal is pending; -ERESTARTNOINTR if the task is
 * being frozen, stopped or traced, or if the module or the device is not live
 * yet; -ENODEV if the device is being unregistered.
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
 * A user's request, the removal of the device, or system sleep stops a
 * background operation in flight. If any of these comes before the operation
 * begins, cancel the operation here.
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
		memdev_changed(core, MEMDEV_CHANGED_STATE);
	}
	spin_unlock(&core->lock);
	if (rc)
		memdev_watch_end(watch);
	else
		memdev_turn_begin(watch);
	return rc;
}

/* Does not notify users yet: once notified, they may remove the modules */
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
 * Claim the region. Its resource is the parent of the plugged memory, so that
 * the resources of neighbouring devices do not merge. The claim is dropped when
 * nothing is plugged, to keep the resource tree small: claiming a resource
 * walks over all siblings before it.
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

/* Record the outcome of an operation or of a settings change */
static void memdev_set_outcome(struct memdev_core *core, enum memdev_op op,
			       int rc, const struct memdev_reason *why)
{
	lockdep_assert_held(&core->lock);
	core->failure = (struct memdev_failure){
		.op = rc ? op : MEMDEV_OP_NONE,
		.rc = rc,
	};
	/* After a success, @why is not an error but a remark, or empty */
	core->last_error = rc ? *why : (struct memdev_reason){};
}

/* Record a success for which no operation had to run */
void memdev_set_succeeded(struct memdev_core *core)
{
	spin_lock(&core->lock);
	memdev_set_outcome(core, MEMDEV_OP_NONE, 0, NULL);
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
	/* The caller or the restarted system call continues later */
	bool paused = rc == -ERESTARTNOINTR;

	why->asked = asked;
	why->done = done;
	spin_lock(&core->lock);
	memdev_changed(core, MEMDEV_CHANGED_STATE);
	stats->count++;
	stats->failures += rc && !paused;
	stats->bytes += done;
	stats->time_ns += ns;
	if (!paused) {
		memdev_set_outcome(core, op, rc, why);
		/* -ECANCELED is preemption, not a refusal */
		if (rc && rc != -ECANCELED)
			memdev_event_device(core, MEMDEV_CMD_DEV_REFUSED_NTF);
	}
	spin_unlock(&core->lock);
	if (op == MEMDEV_OP_PLUG)
		trace_memdev_plug_end(core, asked, done, rc, ns, background);
	else
		trace_memdev_unplug_end(core, asked, done, rc, ns, background);
	if (why->text[0])
		dev_dbg(&core->md->dev, "%s\n", why->text);
}

/**
 * memdev_operate() - plug or unplug memory
 * @core: the device
 * @op: MEMDEV_OP_PLUG or MEMDEV_OP_UNPLUG
 * @size: bytes, a multiple of the block size
 * @background: the worker runs the operation
 * @resumes: after -ERESTARTNOINTR the caller asks only for the rest of @size
 * @why: where to put the reason
 *
 * Context: under core->op_lock. Sleeps, takes mm's locks.
 * Return: same as memdev_plug() and memdev_unplug(); -ECANCELED if a background
 * operation is preempted; -EBUSY if the machine is about to hibernate or
 * another driver has claimed a part of the region; -ENOMEM; -ENODEV if the
 * device or a module is being removed; or the errno of a scripted fault.
 */
int memdev_operate(struct memdev_core *core, enum memdev_op op, u64 size,
		   bool background, bool resumes, struct memdev_reason *why)
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
	memdev_event_begin(core, op, size);
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
		     memdev_plug(core, size, &watch, why);
	} else {
		rc = memdev_unplug(core, size, &watch, why);
		/* Success: drop the reason why some blocks were skipped */
		if (!rc)
			why->text[0] = '\0';
	}

	/* A restarted system call would plug or unplug all of @size again */
	if (rc == -ERESTARTNOINTR && !resumes &&
	    memdev_plugged_size(core) != before)
		rc = -EINTR;

	/*
	 * Once the modules are unpinned, their exit functions may run and must
	 * find no operation in flight. Notify users last, as they may then
	 * remove the modules.
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
 * memdev_core_refuse() - record that a request was refused before it began
 * @core: the device
 * @op: the operation; MEMDEV_OP_NONE for requests other than plug and unplug
 * @asked: bytes to plug or unplug
 * @rc: negative errno
 * @why: the reason
 *
 * Context: Any.
 * Return: @rc.
 */
int memdev_core_refuse(struct memdev_core *core, enum memdev_op op, u64 asked,
		       int rc, const struct memdev_reason *why)
{
	spin_lock(&core->lock);
	memdev_set_outcome(core, op, rc, why);
	core->last_error.asked = asked;
	spin_unlock(&core->lock);
	return rc;
}

/**
 * memdev_core_error() - record that a user wrote invalid input
 * @core: the device
 * @rc: negative errno
 * @buf: the input
 * @count: length of the input
 *
 * Context: Any.
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
			 enum memdev_about about, struct memdev_reason *why)
{
	if (!IS_ALIGNED(size, core->block_size))
		return memdev_refuse_about(why, about, -EINVAL,
					   "%s is not a multiple of the memory block size %s",
					   MEMDEV_SIZE(size),
					   MEMDEV_SIZE(core->block_size));
	return 0;
}

/**
 * memdev_check_atomic() - check a size against MEMORY_DEVICE_ATOMIC
 * @core: the device
 * @size: bytes
 * @whole: a size to accept in addition to 0 and the device size
 * @about: the parameter that the reason is about
 * @why: where to put the reason
 *
 * Return: 0 or -EINVAL; always 0 without MEMORY_DEVICE_ATOMIC.
 */
int memdev_check_atomic(struct memdev_core *core, u64 size, u64 whole,
			enum memdev_about about, struct memdev_reason *why)
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
 * Get the number of bytes that MEMORY_DEVICE_ALL plugs. With
 * MEMORY_DEVICE_ATOMIC it includes retired blocks, so that the plug fails
 * instead of leaving them out.
 */
static u64 memdev_pluggable_size(struct memdev_core *core)
{
	lockdep_assert_held(&core->op_lock);

	if (core->md->flags & MEMORY_DEVICE_ATOMIC)
		return core->size - memdev_plugged_size(core);
	bitmap_or(core->taken, core->plugged, core->retired, core->nr_blocks);
	return core->size - memdev_blocks_size(core, core->taken);
}

/* Add a remark if a successful plug left out retired blocks */
static void memdev_note_retired(struct memdev_core *core,
				struct memdev_reason *why)
{
	size_t len = strlen(why->text);

	if (memdev_find_retired(core))
		scnprintf(why->text + len, sizeof(why->text) - len,
			  "%sretired blocks are left out: %*pbl",
			  len ? "; " : "", core->nr_blocks, core->left_out);
}

/**
 * memdev_settings_store() - store settings and notify users of a change
 * @core: the device
 * @set: the settings and their values, which were checked
 *
 * Context: under core->op_lock.
 */
void memdev_settings_store(struct memdev_core *core,
			   const struct memdev_settings *set)
{
	bool changed = false;

	lockdep_assert_held(&core->op_lock);
	spin_lock(&core->lock);
	if (set->has & MEMDEV_SET_ONLINE_TYPE) {
		changed |= core->online_type != set->online_type;
		WRITE_ONCE(core->online_type, set->online_type);
	}
	if (set->has & MEMDEV_SET_MEMMAP) {
		changed |= core->memmap_on_memory != set->memmap_on_memory;
		WRITE_ONCE(core->memmap_on_memory, set->memmap_on_memory);
	}
	if (set->has & MEMDEV_SET_TIMEOUT) {
		changed |= core->timeout_ms != set->timeout_ms;
		WRITE_ONCE(core->timeout_ms, set->timeout_ms);
	}
	if (set->has & MEMDEV_SET_REQUESTED) {
		changed |= core->requested != set->requested;
		core->requested = set->requested;
	}
	if (changed) {
		memdev_event_device(core, MEMDEV_CMD_DEV_SET_NTF);
		memdev_changed(core, MEMDEV_CHANGED_OTHER);
	}
	spin_unlock(&core->lock);
}

/* Plug or unplug *@left bytes; update *@left unless it is MEMORY_DEVICE_ALL */
static int memdev_core_try_op(struct memdev_core *core, enum memdev_op op,
			      u64 *left, struct memdev_reason *why)
{
	struct memdev_settings set = { .has = MEMDEV_SET_REQUESTED };
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
		size = op == MEMDEV_OP_PLUG ? memdev_pluggable_size(core) :
					      plugged;
	/* A failed undo may leave a dimm partly plugged: allow the rest, too */
	whole = op == MEMDEV_OP_PLUG ? core->size - plugged : plugged;
	rc = memdev_check_aligned(core, size, MEMDEV_ABOUT_SIZE, why) ?:
	     memdev_check_atomic(core, size, whole, MEMDEV_ABOUT_SIZE, why);
	if (rc) {
		memdev_core_refuse(core, op, size, rc, why);
		goto out;
	}

	cancel_delayed_work(&core->resize);
	if (all && !size && !(op == MEMDEV_OP_PLUG &&
			      memdev_find_retired(core)))
		memdev_set_succeeded(core);
	else
		rc = memdev_operate(core, op, size, false,
				    all || current->flags & PF_KTHREAD, why);
	if (!rc && all && op == MEMDEV_OP_PLUG)
		memdev_note_retired(core, why);
	plugged = memdev_plugged_size(core);
	set.requested = plugged;
	memdev_settings_store(core, &set);
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
 * @op: MEMDEV_OP_PLUG or MEMDEV_OP_UNPLUG
 * @size: bytes, or MEMORY_DEVICE_ALL
 * @why: where to put the reason; after a success, a remark, if any
 *
 * Sets the requested size to the plugged size. MEMORY_DEVICE_ALL succeeds and
 * changes nothing if nothing is left to do.
 *
 * A freezer, a group stop or a tracer interrupts a process, which freezes or
 * stops on its way out of the system call. The system call is restarted
 * afterwards and would begin with all of @size again. So after any progress,
 * the system call fails with -EINTR instead, unless @size is MEMORY_DEVICE_ALL.
 * A kernel thread waits here until the machine wakes up, and then continues
 * with the rest.
 *
 * Context: Sleeps. A signal ends the operation.
 * Return: same as memory_device_plug() and memory_device_unplug(), or
 * -ERESTARTNOINTR.
 */
int memdev_core_op(struct memdev_core *core, enum memdev_op op, u64 size,
		   struct memdev_reason *why)
{
	u64 left = size;
	int rc;

	do {
		*why = (struct memdev_reason){};
		rc = memdev_core_try_op(core, op, &left, why);
	} while (rc == -ERESTARTNOINTR && current->flags & PF_KTHREAD &&
		 !memdev_pm_wait());
	return rc;
}

/* Report an outcome to the caller of an exported function */
int memdev_extack_rc(int rc, const struct memdev_reason *why,
		     struct netlink_ext_ack *extack)
{
	if (rc)
		memdev_extack_set(extack, why->text);
	/* The caller might not be in a system call that can be restarted */
	return rc == -ERESTARTNOINTR ? -EINTR : rc;
}

/**
 * memory_device_plug() - give memory of the device to the kernel
 * @md: a registered device
 * @size: bytes, a multiple of the memory block size, or MEMORY_DEVICE_ALL for
 *	  all memory of the region that is not plugged, if any
 * @extack: where to put the reason for a failure, or NULL
 *
 * Plugs the lowest free blocks, either all of @size or nothing. Does not fail
 * if a block does not come online. Sets the requested size to the plugged size.
 *
 * Context: Sleeps, waits for another operation on the device, takes mm's locks.
 * A signal ends the operation. Calls the provider's plug(), and must not be
 * called from the provider's operations.
 * Return: 0; -EINVAL for an invalid size; -ENOSPC if less than @size is free;
 * -EBUSY if another driver has claimed a part of the region, or the machine is
 * about to hibernate; -ENOMEM; -EINTR; -ENODEV if the device is being removed;
 * or the errno of the provider or of add_memory_driver_managed().
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
 * memory_device_unplug() - take memory of the device back from the kernel
 * @md: a registered device
 * @size: bytes, a multiple of the memory block size, or MEMORY_DEVICE_ALL for
 *	  all plugged memory, if any
 * @extack: where to put the reason for a failure, or NULL
 *
 * Unplugs offline blocks first, then the highest ones. After a failure, blocks
 * that were unplugged stay unplugged; with MEMORY_DEVICE_ATOMIC, the device is
 * rolled back. Sets the requested size to the plugged size.
 *
 * Context: Sleeps, at most until the device's deadline; waits for another
 * operation on the device, takes mm's locks. A signal ends the operation. Calls
 * the provider's unplug(), and must not be called from the provider's
 * operations.
 * Return: 0 if all of @size is unplugged; -EINVAL for an invalid size, or one
 * that exceeds the plugged size; -EBUSY if pages cannot be migrated, or the
 * machine is about to hibernate; -ETIMEDOUT after the deadline; -EINTR; -ENODEV
 * if the device is being removed; or the errno of the provider or of a memory
 * notifier.
 */
int memory_device_unplug(struct memory_device *md, u64 size,
			 struct netlink_ext_ack *extack)
{
	struct memdev_reason why = {};

	return memdev_extack_rc(memdev_core_op(md->core, MEMDEV_OP_UNPLUG, size,
					       &why), &why, extack);
}
EXPORT_SYMBOL_GPL(memory_device_unplug);
