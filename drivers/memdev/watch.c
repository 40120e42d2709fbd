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
 *
 * While the kernel is busy with a block it plugs and unplugs nothing else. An
 * operation that stays with a block whose pages do not go has the time, those of
 * other devices have not: who begins cuts short what has been tried for a while,
 * or what is tried again after it was in vain, and that at once. Who has tried in
 * vain lets all others pass before the next try; so that there is an end to it
 * when there are always others, who has let them pass for long has some time, too.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/wait.h>

#include "internal.h"

/* What others leave a block: for each 128 MiB, and of its time */
#define MEMDEV_SHARE_MIN_MS	125U
#define MEMDEV_SHARE_MAX_MS	250U
#define MEMDEV_SHARE_SHIFT	4
/* For those who plug and unplug otherwise */
#define MEMDEV_PAUSE_MS		30

/* Protects memdev_slices, and @slice and @began of those in it */
static DEFINE_SPINLOCK(memdev_slices_lock);
/* The watches of those that the kernel is busy with */
static LIST_HEAD(memdev_slices);
/* Operations that go on and have not just tried in vain */
static atomic_t memdev_nr_lively = ATOMIC_INIT(0);
/* Somebody waits for that to be 0 */
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
	w->lively = false;
	w->vain = false;
	w->waited = false;
	w->stop = 0;
	w->pauses = false;
	w->slice = 0;
	INIT_LIST_HEAD(&w->slices);
}

static bool memdev_signal_unblocked(const sigset_t *pending)
{
	sigset_t set;

	sigandnsets(&set, pending, &current->blocked);
	return !sigisemptyset(&set);
}

/*
 * The freezers, a stop of the process and a tracer interrupt a task without
 * sending a signal that it could handle or die of. The system call is restarted
 * afterwards, so the operation can go on.
 */
static int memdev_signal_errno(void)
{
	bool signaled;

	if (current->flags & PF_KTHREAD)
		return -EINTR;
	spin_lock_irq(&current->sighand->siglock);
	signaled = memdev_signal_unblocked(&current->pending.signal) ||
		   memdev_signal_unblocked(&current->signal->shared_pending.signal);
	spin_unlock_irq(&current->sighand->siglock);
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

/* What is left in jiffies until others may end it */
static unsigned long memdev_watch_share(const struct memdev_watch *w)
{
	unsigned int units = DIV_ROUND_UP(memory_block_size_bytes(), SZ_128M);
	unsigned long least = msecs_to_jiffies(MEMDEV_SHARE_MIN_MS * units);
	unsigned long most = msecs_to_jiffies(MEMDEV_SHARE_MAX_MS * units);
	unsigned long spent = jiffies - w->began;
	unsigned long share = clamp(w->slice >> MEMDEV_SHARE_SHIFT, least,
				    most);

	if (w->vain && !w->waited)
		return 0;
	return spent < share ? share - spent : 0;
}

/* Others wait */
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
	if (!w->slice)
		return;
	spin_lock(&memdev_slices_lock);
	w->began = jiffies;
	list_move(&w->slices, &memdev_slices);
	memdev_watch_set(w, w->slice);
	/* They began after this task did not wait for them any more */
	if (w->vain && atomic_read(&memdev_nr_lively) > w->lively)
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
 * memdev_watch_sleep() - sleep, at most until the operation has to end
 * @w: the watch, not armed
 * @ms: how long
 *
 * Context: Sleeps. Others do not wait for the operation meanwhile.
 */
void memdev_watch_sleep(struct memdev_watch *w, unsigned int ms)
{
	long left = msecs_to_jiffies(ms);

	if (w->limited)
		left = min(left, (long)(w->deadline - jiffies));
	memdev_turn_end(w);
	/* Not every signal: one that has no number does not end an operation */
	clear_notify_signal();
	if (left > 0)
		wait_event_interruptible_timeout(memdev_turns,
						 memdev_watch_check(w), left);
	memdev_turn_again(w);
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

/* --- one after the other -------------------------------------------------- */

/**
 * memdev_turn_again() - be one of those who others let pass
 * @w: the watch of the operation
 */
void memdev_turn_again(struct memdev_watch *w)
{
	if (!w->lively)
		atomic_inc(&memdev_nr_lively);
	w->lively = true;
}

/**
 * memdev_turn_begin() - an operation begins
 * @w: its watch
 *
 * Context: Any.
 */
void memdev_turn_begin(struct memdev_watch *w)
{
	struct memdev_watch *other;

	memdev_turn_again(w);
	spin_lock(&memdev_slices_lock);
	list_for_each_entry(other, &memdev_slices, slices)
		memdev_watch_cut(other);
	spin_unlock(&memdev_slices_lock);
}

/**
 * memdev_turn_end() - it is over, or has tried in vain
 * @w: its watch
 */
void memdev_turn_end(struct memdev_watch *w)
{
	if (!w->lively)
		return;
	w->lively = false;
	if (atomic_dec_and_test(&memdev_nr_lively))
		wake_up_all(&memdev_turns);
}

/* The others are through, or it shall not go on anyway */
static bool memdev_turn_over(struct memdev_watch *w)
{
	return !atomic_read(&memdev_nr_lively) || memdev_watch_check(w);
}

/**
 * memdev_turn_wait() - let others pass, after a try in vain
 * @w: the watch of the operation
 * @ms: not for longer than so many ms
 *
 * Context: Sleeps. Ends when the operation has to end.
 */
void memdev_turn_wait(struct memdev_watch *w, unsigned int ms)
{
	long left = msecs_to_jiffies(ms);

	msleep_interruptible(MEMDEV_PAUSE_MS);
	if (w->limited)
		left = min(left, (long)(w->deadline - jiffies));
	if (left > 0)
		left = wait_event_interruptible_timeout(memdev_turns,
							memdev_turn_over(w),
							left);
	w->waited = !left;
}

/**
 * memdev_turn_vain() - whether what is tried next has been tried in vain before
 * @w: the watch of the operation, not armed
 * @vain: it has, so that others need not wait for it
 */
void memdev_turn_vain(struct memdev_watch *w, bool vain)
{
	w->vain = vain;
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
