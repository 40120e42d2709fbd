// SPDX-License-Identifier: GPL-2.0
/*
 * Deadlines, a way to stop, and whose turn it is.
 *
 * offline_pages() tries until it succeeds, fails for good, or a signal is
 * pending: a page that someone has pinned keeps it going for ever. So that an
 * operation ends at its deadline, or when another one is wanted instead, the
 * task gets what livepatch uses to move tasks on: TIF_NOTIFY_SIGNAL, a signal
 * that has no number, runs no handler and works on workers, too. A real signal
 * does the same by itself.
 *
 * While the kernel takes a block offline it holds device_hotplug_lock, and
 * nobody else plugs or unplugs anything. So an attempt to take a block offline
 * has a time slice, and its operation yields afterwards:
 *
 *	an operation begins
 *	    |
 *	    v        attempt over          yielded for a time slice
 *	PROGRESS ---------------> YIELDS --------------------------> DUE
 *	    ^                     |    ^                             | |
 *	    |                     |    +------- attempt over --------+ |
 *	    +---------------------+------------------------------------+
 *	         the block is offline, or has fewer pages in use
 *
 * An operation that YIELDS sleeps until no operation is in PROGRESS, or until it
 * is DUE, which one is at a time. How long its attempts last depends on its state:
 *
 *	nobody who is in PROGRESS waits		its time slice
 *	for the lock
 *	PROGRESS, DUE				its share: a sixteenth of that, within
 *						MEMDEV_SHARE_{MIN,MAX}_MS
 *	YIELDS					it ends at once
 *	a block with no page in use		its time slice
 *
 * An empty block comes out soon or, where it is cut short, not at all: on a slow
 * machine no operation would get anywhere.
 *
 * When an operation in PROGRESS comes to wait for the lock, the attempt that goes
 * on is cut short accordingly. So the operation waits for a share at most, and one
 * that is stuck does not starve.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/wait.h>

#include "internal.h"

/* The share of an attempt, for each 128 MiB of the block, and of its slice */
#define MEMDEV_SHARE_MIN_MS	125U
#define MEMDEV_SHARE_MAX_MS	250U
#define MEMDEV_SHARE_SHIFT	4
/* Every yield lasts that long: others, also outside of memdev, poll the lock */
#define MEMDEV_PAUSE_MS		30

/* Protects memdev_slices, and @slice and @began of those in it */
static DEFINE_SPINLOCK(memdev_slices_lock);
/* The watches of attempts that go on */
static LIST_HEAD(memdev_slices);
/* Operations in MEMDEV_TURN_PROGRESS */
static atomic_t memdev_nr_progress = ATOMIC_INIT(0);
/* Those of them that wait for device_hotplug_lock, or hold it */
static atomic_t memdev_nr_waiting = ATOMIC_INIT(0);
/* The operation in MEMDEV_TURN_DUE */
static struct memdev_watch *memdev_due;
/* Operations that sleep until none is in the one, or the other state */
static DECLARE_WAIT_QUEUE_HEAD(memdev_turns);

/* A timer: a deadline must not wait for a worker that others keep busy */
static void memdev_watch_fire(struct timer_list *timer)
{
	struct memdev_watch *w = container_of(timer, struct memdev_watch,
					      timer);

	set_tsk_thread_flag(w->task, TIF_NOTIFY_SIGNAL);
}

/**
 * memdev_watch_begin() - start to watch the current task
 * @w: on the stack
 * @timeout_ms: the deadline, from now; 0 for none
 */
void memdev_watch_begin(struct memdev_watch *w, unsigned int timeout_ms)
{
	timer_setup_on_stack(&w->timer, memdev_watch_fire, 0);
	w->task = current;
	w->limited = timeout_ms;
	w->deadline = jiffies + msecs_to_jiffies(timeout_ms);
	w->told = false;
	w->turn = MEMDEV_TURN_YIELDS;
	w->yielded = 0;
	w->stop = 0;
	w->pauses = false;
	w->empty = false;
	w->slice = 0;
	INIT_LIST_HEAD(&w->slices);
}

/* A task's own signal handlers stay while it runs */
static spinlock_t *memdev_siglock(void)
{
	return &rcu_dereference_protected(current->sighand, true)->siglock;
}

/**
 * memdev_signal_recalc() - find out whether a signal is pending
 *
 * Undoes what restart_syscall() pretends.
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
 * memdev_signal_errno() - what interrupts the current task
 *
 * The freezers, a stop of the process and a tracer interrupt a task without
 * sending a signal that it could handle or die of. The system call is restarted
 * afterwards, so the operation can go on.
 *
 * Return: -EINTR if it is a signal, -ERESTARTNOINTR if it is not.
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
 * memdev_watch_check() - whether the operation has to end
 * @w: the watch
 *
 * Return: 0 to go on; -EINTR if a signal is pending; -ERESTARTNOINTR if the task
 * is to be frozen, stopped or traced, or if it is a kernel thread and the machine
 * goes to sleep; -ETIMEDOUT after the deadline; or what memdev_watch_stop() was
 * told.
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

/* Fire after so many jiffies, 0 for never, but not after the deadline */
static void memdev_watch_set(struct memdev_watch *w, unsigned long after)
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

/* What is left of the share of an attempt, in jiffies */
static unsigned long memdev_watch_share(const struct memdev_watch *w)
{
	unsigned int units = DIV_ROUND_UP(memory_block_size_bytes(), SZ_128M);
	unsigned long least = msecs_to_jiffies(MEMDEV_SHARE_MIN_MS * units);
	unsigned long most = msecs_to_jiffies(MEMDEV_SHARE_MAX_MS * units);
	unsigned long spent = jiffies - w->began;
	unsigned long share = clamp(w->slice >> MEMDEV_SHARE_SHIFT, least,
				    most);

	if (w->empty)
		share = w->slice;
	else if (w->turn == MEMDEV_TURN_YIELDS)
		return 0;
	return spent < share ? share - spent : 0;
}

/* Others wait: end an attempt when its share is over */
static void memdev_watch_cut(struct memdev_watch *w)
{
	unsigned long left = memdev_watch_share(w);

	if (left)
		memdev_watch_set(w, left);
	else
		set_tsk_thread_flag(w->task, TIF_NOTIFY_SIGNAL);
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
	clear_notify_signal();
	w->slice = msecs_to_jiffies(slice_ms);
	memdev_watch_set(w, w->told ? 0 : w->slice);

	/* After the flag was cleared: a stop from now on sets it again */
	return memdev_watch_check(w);
}

/**
 * memdev_watch_begun() - the kernel begins with the block
 * @w: the watch, armed by the current task
 *
 * Until now it was waited for the kernel, and that is no time of the block's.
 *
 * Context: Any.
 */
void memdev_watch_begun(struct memdev_watch *w)
{
	int others;

	if (!w->slice)
		return;
	spin_lock(&memdev_slices_lock);
	w->began = jiffies;
	list_move(&w->slices, &memdev_slices);
	memdev_watch_set(w, w->slice);
	others = atomic_read(&memdev_nr_waiting);
	if (w->turn == MEMDEV_TURN_PROGRESS)
		others--;
	if (others)
		memdev_watch_cut(w);
	spin_unlock(&memdev_slices_lock);
}

/**
 * memdev_watch_disarm() - let the task be again
 * @w: the watch
 */
void memdev_watch_disarm(struct memdev_watch *w)
{
	spin_lock(&memdev_slices_lock);
	w->slice = 0;
	list_del_init(&w->slices);
	spin_unlock(&memdev_slices_lock);
	timer_delete_sync(&w->timer);
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
	wake_up_all(&memdev_turns);
}

/* --- whose turn it is ------------------------------------------------------ */

/**
 * memdev_turn_end() - have others not wait for an operation
 * @w: its watch, not armed
 *
 * The operation is over, or its last attempt was in vain.
 *
 * Context: Any.
 */
void memdev_turn_end(struct memdev_watch *w)
{
	enum memdev_turn was = w->turn;

	w->turn = MEMDEV_TURN_YIELDS;
	if (was == MEMDEV_TURN_DUE) {
		w->yielded = 0;
		WRITE_ONCE(memdev_due, NULL);
		wake_up_all(&memdev_turns);
	} else if (was == MEMDEV_TURN_PROGRESS &&
		   atomic_dec_and_test(&memdev_nr_progress)) {
		wake_up_all(&memdev_turns);
	}
}

/**
 * memdev_turn_begin() - have others yield to an operation
 * @w: its watch, not armed
 *
 * The operation begins, or it makes progress again.
 *
 * Context: Any.
 */
void memdev_turn_begin(struct memdev_watch *w)
{
	if (w->turn == MEMDEV_TURN_PROGRESS)
		return;
	memdev_turn_end(w);
	w->turn = MEMDEV_TURN_PROGRESS;
	w->yielded = 0;
	atomic_inc(&memdev_nr_progress);
}

/**
 * memdev_turn_enter() - an operation is about to wait for device_hotplug_lock
 * @w: its watch, not armed
 *
 * Between this and memdev_turn_leave() the turn must not change.
 *
 * Context: Any.
 */
void memdev_turn_enter(struct memdev_watch *w)
{
	struct memdev_watch *other;

	if (w->turn != MEMDEV_TURN_PROGRESS)
		return;
	atomic_inc(&memdev_nr_waiting);
	spin_lock(&memdev_slices_lock);
	list_for_each_entry(other, &memdev_slices, slices)
		memdev_watch_cut(other);
	spin_unlock(&memdev_slices_lock);
}

/**
 * memdev_turn_leave() - an operation has dropped device_hotplug_lock
 * @w: its watch, not armed
 *
 * Context: Any.
 */
void memdev_turn_leave(struct memdev_watch *w)
{
	if (w->turn == MEMDEV_TURN_PROGRESS)
		atomic_dec(&memdev_nr_waiting);
}

/* Whether an operation that yields can go on; once it has yielded, as due */
static bool memdev_turn_comes(struct memdev_watch *w, bool yielded)
{
	if (!atomic_read(&memdev_nr_progress))
		return true;
	if (yielded && !cmpxchg(&memdev_due, NULL, w))
		w->turn = MEMDEV_TURN_DUE;
	return w->turn == MEMDEV_TURN_DUE;
}

/* What is left in jiffies until @end, or the deadline */
static long memdev_turn_left(const struct memdev_watch *w, unsigned long end)
{
	if (w->limited && time_after(end, w->deadline))
		end = w->deadline;
	return max_t(long, end - jiffies, 0);
}

/**
 * memdev_turn_pause() - sleep where only time can help
 * @w: the watch of the operation, not armed
 * @ms: how long
 *
 * Context: Sleeps. Ends when the operation has to end.
 */
void memdev_turn_pause(struct memdev_watch *w, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	/* TIF_NOTIFY_SIGNAL alone does not end an operation */
	clear_notify_signal();
	wait_event_interruptible_timeout(memdev_turns, memdev_watch_check(w),
					 memdev_turn_left(w, end));
}

/**
 * memdev_turn_yield() - let others pass after an attempt
 * @w: the watch of the operation, not armed
 * @slice_ms: the time slice that the attempt had
 *
 * Context: Sleeps. Ends when the operation has to end.
 */
void memdev_turn_yield(struct memdev_watch *w, unsigned int slice_ms)
{
	unsigned long slice = msecs_to_jiffies(slice_ms);
	unsigned long began = jiffies;
	long left;

	/* The next one is due when those have passed who wait for the lock */
	if (w->turn != MEMDEV_TURN_DUE)
		memdev_turn_end(w);
	memdev_turn_pause(w, MEMDEV_PAUSE_MS);
	memdev_turn_end(w);

	if (w->yielded < slice) {
		left = memdev_turn_left(w, began + slice - w->yielded);
		wait_event_interruptible_timeout(memdev_turns,
						 memdev_turn_comes(w, false) ||
						 memdev_watch_check(w), left);
	}
	w->yielded += jiffies - began;
	if (w->yielded >= slice) {
		left = memdev_turn_left(w, jiffies + slice);
		wait_event_interruptible_timeout(memdev_turns,
						 memdev_turn_comes(w, true) ||
						 memdev_watch_check(w), left);
	}
}

/* --- the end --------------------------------------------------------------- */

/**
 * memdev_watch_end() - the operation is over
 * @w: the watch; nobody else can reach it any more
 */
void memdev_watch_end(struct memdev_watch *w)
{
	memdev_watch_disarm(w);
	memdev_timer_destroy_on_stack(&w->timer);

	/* The flag was not only ours: give it back to those who count on it */
	if (task_work_pending(current))
		set_tsk_thread_flag(current, TIF_NOTIFY_SIGNAL);
}
