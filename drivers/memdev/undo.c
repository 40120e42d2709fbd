// SPDX-License-Identifier: GPL-2.0
/*
 * Undo a failed operation.
 *
 * A task with a pending signal cannot online or offline blocks. An operation
 * often fails because of a signal, and a freezer, a fatal signal, a group stop
 * or a tracer keeps TIF_SIGPENDING set no matter which signals the task blocks.
 * So a worker, which gets no signals and is not frozen, undoes the operation.
 * The task that waits for the worker cannot be frozen, so system sleep waits
 * for the undo, too.
 */
#include <linux/workqueue.h>
#include <linux/wait.h>

#include "internal.h"

static struct workqueue_struct *memdev_undo_wq;
/* Tasks that have queued an undo wait here until it is done */
static DECLARE_WAIT_QUEUE_HEAD(memdev_undo_wait);

/**
 * struct memdev_undo - a function that a worker runs
 * @work: the work
 * @fn: the function
 * @data: its argument
 * @done: the function has returned
 */
struct memdev_undo {
	struct work_struct work;
	void (*fn)(void *data);
	void *data;
	bool done;
};

static void memdev_undo_work(struct work_struct *work)
{
	struct memdev_undo *undo = container_of(work, struct memdev_undo, work);

	undo->fn(undo->data);
	/* Pairs with the load in memdev_undo_run() */
	smp_store_release(&undo->done, true);
	wake_up_all(&memdev_undo_wait);
}

/**
 * memdev_undo_run() - run a function that signals cannot interrupt
 * @fn: the function
 * @data: its argument
 *
 * The function runs in a worker, under the locks that the caller holds.
 *
 * Context: Sleeps until @fn has returned. Allocates no memory.
 */
void memdev_undo_run(void (*fn)(void *data), void *data)
{
	struct memdev_undo undo = { .fn = fn, .data = data };

	INIT_WORK_ONSTACK(&undo.work, memdev_undo_work);
	queue_work(memdev_undo_wq, &undo.work);
	/* TASK_IDLE: a long wait must not be reported as a hung task */
	wait_event_idle(memdev_undo_wait, smp_load_acquire(&undo.done));
	/* @undo is on the stack: wait until the worker no longer uses it */
	flush_work(&undo.work);
	destroy_work_on_stack(&undo.work);
}

/**
 * memdev_undo_init() - create the workqueue
 *
 * Return: 0 or -ENOMEM.
 */
int memdev_undo_init(void)
{
	/* The rescuer runs the undo if there is no memory for a new worker */
	memdev_undo_wq = alloc_workqueue("memdev_undo",
					 WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return memdev_undo_wq ? 0 : -ENOMEM;
}

/**
 * memdev_undo_exit() - destroy the workqueue
 */
void memdev_undo_exit(void)
{
	destroy_workqueue(memdev_undo_wq);
}
