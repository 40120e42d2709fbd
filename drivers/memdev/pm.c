// SPDX-License-Identifier: GPL-2.0
/*
 * System sleep.
 *
 * The kernel that resumes from hibernation knows only the memory that the
 * machine has at boot. If memory was plugged or carved when the image was
 * created, that kernel would restore the image to the wrong memory, or refuse
 * it. So hibernation is refused while there is a hold: one for each operation
 * in flight, each device with plugged memory, and each window that is carved,
 * being carved or being given back. A hold is taken before memory is added or
 * removed, and dropped once all memory is back. No hold can be taken while the
 * machine hibernates.
 *
 * Suspend preserves all memory. But the freezer interrupts only processes, not
 * kernel threads, and gives up after 20 s if a kernel thread stays busy. So the
 * PM notifier (pm_notifier.c) stops operations of kernel threads, which
 * continue after resume.
 */
#include <linux/freezer.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "internal.h"

/* Protects memdev_pm_holds and memdev_pm_hibernating */
static DEFINE_SPINLOCK(memdev_pm_lock);
static unsigned int memdev_pm_holds;
static bool memdev_pm_hibernating;

/* True from the PM notification before system sleep until the one after it */
static bool memdev_pm_asleep;
/* Kernel threads wait here for memdev_pm_asleep to clear */
static DECLARE_WAIT_QUEUE_HEAD(memdev_pm_wait_queue);

/**
 * memdev_pm_hold() - hold off hibernation
 * @why: where to put the reason
 *
 * Drop the hold with memdev_pm_release().
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
 * memdev_pm_hold_more() - take another hold
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
 * memdev_pm_sleeping() - check whether kernel threads have to pause
 *
 * Return: true from the start to the end of system sleep.
 */
bool memdev_pm_sleeping(void)
{
	return READ_ONCE(memdev_pm_asleep);
}

/**
 * memdev_pm_wait() - wait until system sleep is over
 *
 * Context: Kernel thread that holds no locks. A freezable thread freezes here.
 * Return: 0, or -ERESTARTSYS if a signal is pending.
 */
int memdev_pm_wait(void)
{
	return wait_event_freezable(memdev_pm_wait_queue,
				    !memdev_pm_sleeping());
}

/**
 * memdev_pm_hibernate() - refuse new holds from now on, if there is no hold
 *
 * Undo with memdev_pm_wake().
 *
 * Context: Any.
 * Return: false if there is a hold, in which case do not hibernate.
 */
bool memdev_pm_hibernate(void)
{
	bool ok;

	spin_lock(&memdev_pm_lock);
	ok = !memdev_pm_holds;
	memdev_pm_hibernating = ok;
	spin_unlock(&memdev_pm_lock);
	return ok;
}

/**
 * memdev_pm_sleep() - make kernel threads pause
 *
 * Undo with memdev_pm_wake().
 *
 * Context: Any.
 */
void memdev_pm_sleep(void)
{
	WRITE_ONCE(memdev_pm_asleep, true);
}

/**
 * memdev_pm_wake() - undo memdev_pm_sleep() and memdev_pm_hibernate()
 *
 * Context: Any.
 */
void memdev_pm_wake(void)
{
	spin_lock(&memdev_pm_lock);
	memdev_pm_hibernating = false;
	spin_unlock(&memdev_pm_lock);
	WRITE_ONCE(memdev_pm_asleep, false);
	wake_up_all(&memdev_pm_wait_queue);
}
