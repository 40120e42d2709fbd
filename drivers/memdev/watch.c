// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines, and a way to stop.
 *
 * offline_pages() tries until it succeeds, fails for good, or a signal is
 * pending: a page that someone has pinned keeps it going for ever. So that an
 * operation ends at its deadline, or when another one is wanted instead, the
 * task gets what livepatch uses to move tasks on: TIF_NOTIFY_SIGNAL, a signal
 * that has no number, runs no handler and works on workers, too. A real signal
 * does the same by itself.
 */
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>

#include "internal.h"

static void memdev_watch_fire(struct work_struct *work)
{
	struct memdev_watch *w = container_of(to_delayed_work(work),
					      struct memdev_watch, work);

	set_tsk_thread_flag(w->task, TIF_NOTIFY_SIGNAL);
}

/**
 * memdev_watch_begin() - start to watch the current task
 * @w: on the stack
 * @timeout_ms: the deadline, from now; 0 for none
 */
void memdev_watch_begin(struct memdev_watch *w, unsigned int timeout_ms)
{
	INIT_DELAYED_WORK_ONSTACK(&w->work, memdev_watch_fire);
	w->task = current;
	w->limited = timeout_ms;
	w->deadline = jiffies + msecs_to_jiffies(timeout_ms);
	w->stop = 0;
}

/**
 * memdev_watch_check() - whether the operation has to end
 * @w: the watch
 *
 * Return: 0 to go on, -EINTR if a signal is pending, -ETIMEDOUT after the
 * deadline, or what memdev_watch_stop() was told.
 */
int memdev_watch_check(struct memdev_watch *w)
{
	int stop = READ_ONCE(w->stop);

	if (stop)
		return stop;
	if (task_sigpending(current))
		return -EINTR;
	if (w->limited && time_after_eq(jiffies, w->deadline))
		return -ETIMEDOUT;
	return 0;
}

/**
 * memdev_watch_arm() - see to it that signal_pending() is true in time
 * @w: the watch
 * @slice_ms: after how long, at the latest; 0 for not before the deadline
 *
 * Follow it with memdev_watch_disarm(), whatever it returns.
 *
 * Return: as memdev_watch_check().
 */
int memdev_watch_arm(struct memdev_watch *w, unsigned int slice_ms)
{
	unsigned long slice = msecs_to_jiffies(slice_ms);
	unsigned long left;

	clear_notify_signal();
	if (w->limited) {
		left = w->deadline - jiffies;
		if ((long)left < 1)
			left = 1;
		if (!slice || left < slice)
			slice = left;
	}
	if (slice)
		queue_delayed_work(memdev_wq, &w->work, slice);

	/* After the flag was cleared: a stop from now on sets it again */
	return memdev_watch_check(w);
}

/**
 * memdev_watch_disarm() - let the task be again
 * @w: the watch
 */
void memdev_watch_disarm(struct memdev_watch *w)
{
	cancel_delayed_work_sync(&w->work);
	clear_notify_signal();
}

/**
 * memdev_watch_stop() - end the operation of another task
 * @w: its watch; the caller sees to it that it stays
 * @rc: negative errno for memdev_watch_check() to return
 */
void memdev_watch_stop(struct memdev_watch *w, int rc)
{
	WRITE_ONCE(w->stop, rc);
	/* Pairs with the barrier in clear_notify_signal() */
	smp_mb();
	set_tsk_thread_flag(w->task, TIF_NOTIFY_SIGNAL);
}

/**
 * memdev_signals_block() - let no signal come between
 * @old: for memdev_signals_restore()
 *
 * What a signal has ended must be undone, and not be ended again by the same
 * signal.
 */
void memdev_signals_block(sigset_t *old)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, old);
}

/**
 * memdev_signals_restore() - let signals come again
 * @old: from memdev_signals_block()
 */
void memdev_signals_restore(const sigset_t *old)
{
	sigset_t blocked = *old;

	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/**
 * memdev_watch_end() - the operation is over
 * @w: the watch; nobody else can reach it any more
 */
void memdev_watch_end(struct memdev_watch *w)
{
	memdev_watch_disarm(w);
	destroy_delayed_work_on_stack(&w->work);

	/* The flag was not only ours: give it back to those who count on it */
	if (task_work_pending(current))
		set_tsk_thread_flag(current, TIF_NOTIFY_SIGNAL);
}
