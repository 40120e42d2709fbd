/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Deadlines of operations, and how operations share device_hotplug_lock.
 */
#ifndef _MEMDEV_DEADLINE_H
#define _MEMDEV_DEADLINE_H

#include <linux/list.h>
#include <linux/timer.h>
#include <linux/wait.h>

/**
 * enum memdev_turn - how an operation shares device_hotplug_lock, see yield.c
 * @MEMDEV_TURN_YIELDS: the operation yields to operations that make progress
 * @MEMDEV_TURN_DUE: the operation has yielded for a time slice and gets a share
 * @MEMDEV_TURN_PROGRESS: the operation makes progress, and others yield to it
 */
enum memdev_turn {
	MEMDEV_TURN_YIELDS,
	MEMDEV_TURN_DUE,
	MEMDEV_TURN_PROGRESS,
};

/**
 * struct memdev_watch - deadline and time slices of an operation
 * @timer: fires at the end of the slice or at the deadline
 * @task: the task that runs the operation
 * @deadline: jiffies at which the operation times out, if @limited
 * @limited: there is a deadline
 * @told: the memory notifier calls memdev_watch_begun() when the kernel starts
 *	  to offline a block; otherwise the slice starts at memdev_watch_arm()
 * @turn: how the operation shares the lock; changed only by @task, between
 *	  attempts
 * @yielded: jiffies that the operation has yielded since it was last due or
 *	     made progress
 * @stop: errno with which another task ended the operation, or 0
 * @pauses: the operation ends when the machine goes to sleep
 * @empty: no page of the block was in use before the attempt
 * @slice: jiffies that may be spent on the block; 0 if only the deadline counts
 * @began: jiffies at which the kernel started to offline the block
 * @slices: entry in memdev_slices while the kernel offlines the block
 */
struct memdev_watch {
	struct timer_list timer;
	struct task_struct *task;
	unsigned long deadline;
	bool limited;
	bool told;
	enum memdev_turn turn;
	unsigned long yielded;
	int stop;
	bool pauses;
	bool empty;
	unsigned long slice;
	unsigned long began;
	struct list_head slices;
};

/* deadline.c */
extern struct wait_queue_head memdev_turns;
void memdev_watch_begin(struct memdev_watch *w, unsigned int timeout_ms);
int memdev_watch_check(struct memdev_watch *w);
void memdev_watch_set(struct memdev_watch *w, unsigned long after);
long memdev_watch_left(const struct memdev_watch *w, unsigned long end);
void memdev_watch_pause(struct memdev_watch *w, unsigned int ms);
void memdev_watch_stop(struct memdev_watch *w, int rc);
void memdev_watch_end(struct memdev_watch *w);
int memdev_signal_errno(void);
void memdev_signal_recalc(void);

/* yield.c */
int memdev_watch_arm(struct memdev_watch *w, unsigned int slice_ms);
void memdev_watch_begun(struct memdev_watch *w);
void memdev_watch_disarm(struct memdev_watch *w);
void memdev_turn_begin(struct memdev_watch *w);
void memdev_turn_enter(struct memdev_watch *w);
void memdev_turn_leave(struct memdev_watch *w);
void memdev_turn_yield(struct memdev_watch *w, unsigned int slice_ms);
void memdev_turn_end(struct memdev_watch *w);

#endif /* _MEMDEV_DEADLINE_H */
