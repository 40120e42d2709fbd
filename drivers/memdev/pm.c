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
 * Suspend keeps all memory. The freezer interrupts processes as a signal does,
 * but no kernel thread: the PM notifier (pm_notifier.c) stops operations of
 * kernel threads, which continue after resume. A thread or worker that stays
 * busy would make the freezer give up after 20 s.
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
 * memdev_pm_sleeping() - check whether kernel threads have to pause
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

/**
 * memdev_pm_hibernate() - start hibernation unless something holds it off
 *
 * Context: Any. memdev_pm_wake() ends it.
 * Return: false if something holds it off.
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
 * memdev_pm_sleep() - have kernel threads pause
 *
 * Context: Any. memdev_pm_wake() ends it.
 */
void memdev_pm_sleep(void)
{
	WRITE_ONCE(memdev_pm_asleep, true);
}

/**
 * memdev_pm_wake() - end system sleep
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
