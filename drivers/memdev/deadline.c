// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines, and stopping another task's operation.
 *
 * offline_pages() retries until it succeeds, fails for good, or a signal is
 * pending: a single pinned page makes it loop forever. To end it at the
 * deadline or to preempt it, set TIF_NOTIFY_SIGNAL for the task, as
 * livepatch does to make tasks leave the kernel. The flag acts like a signal
 * without a number or a handler, and also works for kernel workers. A real
 * signal ends offline_pages() by itself.
 */
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>

#include "deadline.h"
#include "internal.h"

/* Operations sleep here until they may continue or have to end */
DECLARE_WAIT_QUEUE_HEAD(memdev_turns);

/* A timer needs no worker, so busy workers cannot delay a deadline */
static void memdev_watch_fire(struct timer_list *timer)
{
	struct memdev_watch *w = container_of(timer, struct memdev_watch,
					      timer);

	set_tsk_thread_flag(w->task, TIF_NOTIFY_SIGNAL);
}

/**
 * memdev_watch_begin() - start a watch over the current task
 * @w: the watch, on the stack
 * @timeout_ms: the deadline in ms from now; 0 for none
 */
void memdev_watch_begin(struct memdev_watch *w, unsigned int timeout_ms)
{
	*w = (struct memdev_watch){
		.task = current,
		.limited = timeout_ms,
		.deadline = jiffies + msecs_to_jiffies(timeout_ms),
		.turn = MEMDEV_TURN_YIELDS,
		.slices = LIST_HEAD_INIT(w->slices),
	};
	timer_setup_on_stack(&w->timer, memdev_watch_fire, 0);
}

/* The current task's ->sighand cannot change, so this needs no RCU lock */
static spinlock_t *memdev_siglock(void)
{
	return &rcu_dereference_protected(current->sighand, true)->siglock;
}

/**
 * memdev_signal_recalc() - recalculate TIF_SIGPENDING
 *
 * Clears the flag if only restart_syscall() set it, and no signal is pending.
 */
void memdev_signal_recalc(void)
{
	spin_lock_irq(memdev_siglock());
	recalc_sigpending();
	spin_unlock_irq(memdev_siglock());
}

static bool memdev_signal_unblocked(const sigset_t *pending)
{
	sigset_t set;

	sigandnsets(&set, pending, &current->blocked);
	return !sigisemptyset(&set);
}

/**
 * memdev_signal_errno() - get the errno for an interrupted task
 *
 * A freezer, a group stop or a tracer sets TIF_SIGPENDING although no unblocked
 * signal is pending. The kernel restarts the system call afterwards, so the
 * operation can continue.
 *
 * Return: -EINTR if a signal is pending, otherwise -ERESTARTNOINTR.
 */
int memdev_signal_errno(void)
{
	bool signaled;

	if (current->flags & PF_KTHREAD)
		return -EINTR;
	spin_lock_irq(memdev_siglock());
	signaled = memdev_signal_unblocked(&current->pending.signal) ||
		   memdev_signal_unblocked(&current->signal->shared_pending.signal);
	spin_unlock_irq(memdev_siglock());
	return signaled ? -EINTR : -ERESTARTNOINTR;
}

/**
 * memdev_watch_check() - check whether the operation has to end
 * @w: the watch
 *
 * Return: 0 to continue; -EINTR if a signal is pending; -ERESTARTNOINTR if the
 * task is being frozen, stopped or traced, or if it is a kernel thread and the
 * machine goes to sleep; -ETIMEDOUT after the deadline; or the errno passed to
 * memdev_watch_stop().
 */
int memdev_watch_check(struct memdev_watch *w)
{
	int stop = READ_ONCE(w->stop);

	if (stop)
		return stop;
	if (task_sigpending(current))
		return memdev_signal_errno();
	if (w->pauses && memdev_pm_sleeping())
		return -ERESTARTNOINTR;
	if (w->limited && time_after_eq(jiffies, w->deadline))
		return -ETIMEDOUT;
	return 0;
}

/**
 * memdev_watch_set() - set the timer
 * @w: the watch
 * @after: jiffies from now; 0 if only the deadline counts
 *
 * The timer never fires later than the deadline.
 */
void memdev_watch_set(struct memdev_watch *w, unsigned long after)
{
	unsigned long left;

	if (w->limited) {
		left = w->deadline - jiffies;
		if ((long)left < 1)
			left = 1;
		if (!after || left < after)
			after = left;
	}
	if (after)
		mod_timer(&w->timer, jiffies + after);
}

/**
 * memdev_watch_stop() - stop another task's operation
 * @w: the operation's watch; the caller must keep the watch from ending
 * @rc: negative errno for memdev_watch_check() to return
 */
void memdev_watch_stop(struct memdev_watch *w, int rc)
{
	WRITE_ONCE(w->stop, rc);
	/* Pairs with the barrier in clear_notify_signal() */
	smp_mb();
	set_tsk_thread_flag(w->task, TIF_NOTIFY_SIGNAL);
	wake_up_all(&memdev_turns);
}

/**
 * memdev_watch_left() - get the time left until @end or the deadline
 * @w: the watch
 * @end: end of a wait, in jiffies
 *
 * Return: jiffies until the earlier of the two, never negative.
 */
long memdev_watch_left(const struct memdev_watch *w, unsigned long end)
{
	if (w->limited && time_after(end, w->deadline))
		end = w->deadline;
	return max_t(long, end - jiffies, 0);
}

/**
 * memdev_watch_pause() - sleep before a retry
 * @w: the watch, not armed
 * @ms: how long to sleep, in ms
 *
 * Context: Sleeps. Returns early if the operation has to end.
 */
void memdev_watch_pause(struct memdev_watch *w, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	/* A leftover TIF_NOTIFY_SIGNAL must not end the sleep early */
	clear_notify_signal();
	wait_event_interruptible_timeout(memdev_turns, memdev_watch_check(w),
					 memdev_watch_left(w, end));
}

/**
 * memdev_watch_end() - end a watch
 * @w: the watch, not armed; no other task can use it any more
 */
void memdev_watch_end(struct memdev_watch *w)
{
	timer_delete_sync(&w->timer);
	memdev_timer_destroy_on_stack(&w->timer);

	/* task_work also uses TIF_NOTIFY_SIGNAL: set it again if necessary */
	clear_notify_signal();
	if (task_work_pending(current))
		set_tsk_thread_flag(current, TIF_NOTIFY_SIGNAL);
}
