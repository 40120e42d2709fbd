// SPDX-License-Identifier: GPL-2.0
/*
 * Module-wide state: the list lock, windows, the bus type, the root device,
 * workqueues, and the last refusal on the bus.
 *
 * The files that create and remove windows and devices share this state, so
 * that they need not call each other. This file must not depend on them.
 */
#include <linux/rcupdate.h>
#include <linux/wait.h>

#include "internal.h"

/*
 * Protects the lists of windows, devices and kinds, their numbers, and
 * memdev_generation
 */
DEFINE_MUTEX(memdev_list_lock);
LIST_HEAD(memdev_windows);
unsigned int memdev_generation = 1;

/* main.c adds the attributes, so that this file does not depend on them */
struct bus_type memdev_bus = {
	.name = "memdev",
};

/* Windows are on a bus only so that they send uevents; they have no drivers */
struct bus_type memdev_window_bus = {
	.name = "memdev_window",
};

struct device *memdev_root;
struct workqueue_struct *memdev_wq;
struct workqueue_struct *memdev_event_wq;
enum memdev_online_type memdev_default_online_type;

/* Set while users may create, remove and operate devices */
static bool memdev_opened;

/* Protects memdev_bus_error and memdev_bus_error_task */
static DEFINE_SPINLOCK(memdev_bus_error_lock);
/* Why the last write to the bus failed; empty if it succeeded */
static struct memdev_reason memdev_bus_error;
/* The task that made the last write to the bus */
static const struct task_struct *memdev_bus_error_task;

/*
 * Number of windows and devices that are not released yet. Module exit waits
 * for them, as another driver may drop the last reference late.
 */
static atomic_t memdev_nr_objects = ATOMIC_INIT(0);
/* memdev_objects_wait_gone() waits here for memdev_nr_objects to reach 0 */
static DECLARE_WAIT_QUEUE_HEAD(memdev_objects_wait);

/**
 * memdev_object_get() - count a window or device that is being created
 */
void memdev_object_get(void)
{
	atomic_inc(&memdev_nr_objects);
}

/**
 * memdev_object_put() - stop counting a window or device when it is released
 */
void memdev_object_put(void)
{
	if (atomic_dec_and_test(&memdev_nr_objects))
		wake_up_all(&memdev_objects_wait);
}

/**
 * memdev_objects_wait_gone() - wait until all windows and devices are released
 *
 * Context: Sleeps.
 */
void memdev_objects_wait_gone(void)
{
	wait_event(memdev_objects_wait, !atomic_read(&memdev_nr_objects));
	/* The last task may still be running in the release function */
	synchronize_rcu_tasks();
}

/**
 * memdev_generation_next() - start a new generation
 *
 * Called when a window or device is added or removed. A netlink dump that spans
 * generations is inconsistent. Skips 0, which means an unknown generation.
 *
 * Context: under memdev_list_lock.
 */
void memdev_generation_next(void)
{
	lockdep_assert_held(&memdev_list_lock);
	if (!++memdev_generation)
		memdev_generation = 1;
}

/**
 * memdev_set_open() - accept or refuse user requests
 * @open: true to accept them
 *
 * Context: under memdev_bus_lock.
 */
void memdev_set_open(bool open)
{
	/* Pairs with the load in memdev_is_open() */
	smp_store_release(&memdev_opened, open);
}

/**
 * memdev_is_open() - check whether users may create, remove and operate devices
 *
 * Return: true from the end of module init, once it can no longer fail, to the
 * start of module exit.
 */
bool memdev_is_open(void)
{
	/* Pairs with the store in memdev_set_open() */
	return smp_load_acquire(&memdev_opened);
}

/**
 * memdev_bus_set_error() - record why a write to the bus failed
 * @why: the reason; empty after a success
 *
 * Context: Any.
 */
void memdev_bus_set_error(const struct memdev_reason *why)
{
	spin_lock(&memdev_bus_error_lock);
	memdev_bus_error = *why;
	memdev_bus_error_task = current;
	spin_unlock(&memdev_bus_error_lock);
}

/**
 * memdev_bus_last_error() - get why the last write to the bus failed
 * @why: where to put the reason
 *
 * Return: true if the current task made that write.
 */
bool memdev_bus_last_error(struct memdev_reason *why)
{
	bool ours;

	spin_lock(&memdev_bus_error_lock);
	*why = memdev_bus_error;
	ours = memdev_bus_error_task == current;
	spin_unlock(&memdev_bus_error_lock);
	return ours;
}
