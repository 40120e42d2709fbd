// SPDX-License-Identifier: GPL-2.0
/*
 * System sleep.
 *
 * The kernel that resumes from hibernation knows the memory that the machine
 * has at boot. It would restore the image over the wrong memory, or refuse the
 * image, if memory was plugged or carved when the image was made. So hibernation
 * is refused while anything holds it off: an operation in flight, plugged memory,
 * a window that is carved, being carved or being given back. Each takes a hold
 * before the first byte changes and drops it after the last one is back, and no
 * hold is taken while the machine hibernates.
 *
 * Suspend keeps all memory. It freezes processes by interrupting them, as a
 * signal does (deadlines are checked in watch.c), but no kernel thread: the PM
 * notifier stops operations of kernel threads, which go on after resume. A
 * thread or worker that stays busy would make the freezer give up after 20 s.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/freezer.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/suspend.h>
#include <linux/wait.h>

#include "internal.h"

/* Protects memdev_pm_holds and memdev_pm_hibernating */
static DEFINE_SPINLOCK(memdev_pm_lock);
static unsigned int memdev_pm_holds;
static bool memdev_pm_hibernating;

/* From the notifier that precedes system sleep to the one that follows it */
static bool memdev_pm_asleep;
/* Kernel threads wait here for memdev_pm_asleep to clear */
static DECLARE_WAIT_QUEUE_HEAD(memdev_pm_wait_queue);

/**
 * memdev_pm_hold() - hold off hibernation
 * @why: where to put the reason
 *
 * Drop the hold by memdev_pm_release().
 *
 * Context: Any.
 * Return: 0; -EBUSY if the machine is about to hibernate.
 */
int memdev_pm_hold(struct memdev_reason *why)
{
	int rc = 0;

	spin_lock(&memdev_pm_lock);
	if (memdev_pm_hibernating)
		rc = memdev_refuse(why, -EBUSY,
				   "the machine is about to hibernate");
	else
		memdev_pm_holds++;
	spin_unlock(&memdev_pm_lock);
	return rc;
}

/**
 * memdev_pm_hold_more() - take one more hold
 *
 * Context: Any, while the caller has a hold.
 */
void memdev_pm_hold_more(void)
{
	spin_lock(&memdev_pm_lock);
	WARN_ON_ONCE(!memdev_pm_holds++);
	spin_unlock(&memdev_pm_lock);
}

/**
 * memdev_pm_release() - drop a hold
 *
 * Context: Any.
 */
void memdev_pm_release(void)
{
	spin_lock(&memdev_pm_lock);
	memdev_pm_holds--;
	spin_unlock(&memdev_pm_lock);
}

/**
 * memdev_pm_sleeping() - whether kernel threads have to pause
 *
 * Return: true from the start of system sleep to its end.
 */
bool memdev_pm_sleeping(void)
{
	return READ_ONCE(memdev_pm_asleep);
}

/**
 * memdev_pm_wait() - wait until system sleep is over
 *
 * Context: a kernel thread that holds no lock. Freezes if the thread is
 * freezable.
 * Return: 0, or -ERESTARTSYS if a signal is pending.
 */
int memdev_pm_wait(void)
{
	return wait_event_freezable(memdev_pm_wait_queue,
				    !memdev_pm_sleeping());
}

static void memdev_pm_wake(void)
{
	spin_lock(&memdev_pm_lock);
	memdev_pm_hibernating = false;
	spin_unlock(&memdev_pm_lock);
	WRITE_ONCE(memdev_pm_asleep, false);
	wake_up_all(&memdev_pm_wait_queue);
}

static bool memdev_pm_try_hibernate(void)
{
	spin_lock(&memdev_pm_lock);
	memdev_pm_hibernating = !memdev_pm_holds;
	spin_unlock(&memdev_pm_lock);
	/* While nothing holds it off, nothing goes missing either */
	if (memdev_pm_hibernating && memdev_missing_size()) {
		memdev_pm_wake();
		return false;
	}
	return memdev_pm_hibernating;
}

/* Operations that begin later see memdev_pm_sleeping() */
static void memdev_pm_sleep(void)
{
	struct memdev_core *core;
	unsigned long id;

	WRITE_ONCE(memdev_pm_asleep, true);
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
			pr_info("no hibernation while memory is plugged, or System RAM is carved or missing\n");
			return NOTIFY_BAD;
		}
		fallthrough;
	case PM_SUSPEND_PREPARE:
		memdev_pm_sleep();
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
 * memdev_pm_init() - follow system sleep
 *
 * Return: 0 or a negative errno.
 */
int memdev_pm_init(void)
{
	return register_pm_notifier(&memdev_pm_nb);
}

/**
 * memdev_pm_exit() - stop following system sleep
 */
void memdev_pm_exit(void)
{
	unregister_pm_notifier(&memdev_pm_nb);
}
