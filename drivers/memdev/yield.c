// SPDX-License-Identifier: GPL-2.0
/*
 * How operations share device_hotplug_lock.
 *
 * The kernel holds device_hotplug_lock while it offlines a block, and all other
 * memory hotplug on the machine has to wait. So each attempt to offline a block
 * gets a time slice, and the operation yields after it:
 *
 *	an operation begins
 *	    |
 *	    v        attempt failed        yielded for a time slice
 *	PROGRESS ---------------> YIELDS --------------------------> DUE
 *	    ^                     |    ^                             | |
 *	    |                     |    +------- attempt failed ------+ |
 *	    +---------------------+------------------------------------+
 *	         the block is offline, or has fewer pages in use
 *
 * An operation in YIELDS sleeps until no operation is in PROGRESS, or until it
 * becomes DUE. Only one operation is DUE at a time.
 *
 * An attempt lasts for its full time slice while no operation in PROGRESS waits
 * for the lock, or if the block has no page in use. Otherwise its length
 * depends on the state of its operation:
 *
 *	PROGRESS, DUE	a share: a sixteenth of the slice, but within
 *			MEMDEV_SHARE_{MIN,MAX}_MS
 *	YIELDS		the attempt ends at once
 *
 * A block with no page in use goes offline soon. On a slow machine, it would
 * never go offline if its attempts were cut short, and no operation would make
 * progress.
 *
 * When an operation in PROGRESS starts to wait for the lock, these rules also
 * apply to the attempt that holds the lock. So the operation usually waits for
 * at most one share, and the operation that holds the lock does not starve.
 */
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>

#include "deadline.h"
#include "internal.h"

/* Bounds of a share per 128 MiB of a block; a share is the slice >> SHIFT */
#define MEMDEV_SHARE_MIN_MS	125U
#define MEMDEV_SHARE_MAX_MS	250U
#define MEMDEV_SHARE_SHIFT	4
/* Minimum length of a yield: tasks that wait for device_hotplug_lock poll it */
#define MEMDEV_PAUSE_MS		30

/* Protects memdev_slices, and @slice and @began of its watches */
static DEFINE_SPINLOCK(memdev_slices_lock);
/* Watches of the attempts in flight */
static LIST_HEAD(memdev_slices);
/* Number of operations in MEMDEV_TURN_PROGRESS */
static atomic_t memdev_nr_progress = ATOMIC_INIT(0);
/* Number of operations in PROGRESS that wait for or hold device_hotplug_lock */
static atomic_t memdev_nr_waiting = ATOMIC_INIT(0);

/* The operation in MEMDEV_TURN_DUE, or NULL */
static struct memdev_watch *memdev_due;

/* Get how many jiffies an attempt has left if other operations wait */
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

/* Limit an attempt to its share, because other operations wait */
static void memdev_watch_cut(struct memdev_watch *w)
{
	unsigned long left = memdev_watch_share(w);

	if (left)
		memdev_watch_set(w, left);
	else
		set_tsk_thread_flag(w->task, TIF_NOTIFY_SIGNAL);
}

/**
 * memdev_watch_arm() - make signal_pending() return true when time is up
 * @w: the watch
 * @slice_ms: time slice in ms; 0 if only the deadline counts
 *
 * The caller must call memdev_watch_disarm() afterwards, even after an error.
 *
 * Return: same as memdev_watch_check().
 */
int memdev_watch_arm(struct memdev_watch *w, unsigned int slice_ms)
{
	clear_notify_signal();
	w->slice = msecs_to_jiffies(slice_ms);
	memdev_watch_set(w, w->told ? 0 : w->slice);

	/* Check after clearing TIF_NOTIFY_SIGNAL: a later stop sets it again */
	return memdev_watch_check(w);
}

/**
 * memdev_watch_begun() - start the time slice of an attempt
 * @w: the watch, armed by the current task
 *
 * The memory notifier calls this once the task holds mm's locks, so that
 * waiting for these locks does not use up the slice.
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
 * memdev_watch_disarm() - undo memdev_watch_arm()
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
 * memdev_turn_end() - stop others from yielding to an operation
 * @w: the operation's watch, not armed
 *
 * Called when the operation is over, or its last attempt made no progress.
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
 * memdev_turn_begin() - make others yield to an operation
 * @w: the operation's watch, not armed
 *
 * Called when the operation begins or makes progress again.
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
 * memdev_turn_enter() - announce that an operation needs device_hotplug_lock
 * @w: the operation's watch, not armed
 *
 * @w->turn must not change before memdev_turn_leave().
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
 * memdev_turn_leave() - announce that an operation dropped device_hotplug_lock
 * @w: the operation's watch, not armed
 *
 * Context: Any.
 */
void memdev_turn_leave(struct memdev_watch *w)
{
	if (w->turn == MEMDEV_TURN_PROGRESS)
		atomic_dec(&memdev_nr_waiting);
}

/* Check whether an operation may continue; if @yielded, it may become due */
static bool memdev_turn_comes(struct memdev_watch *w, bool yielded)
{
	if (!atomic_read(&memdev_nr_progress))
		return true;
	if (yielded && !cmpxchg(&memdev_due, NULL, w))
		w->turn = MEMDEV_TURN_DUE;
	return w->turn == MEMDEV_TURN_DUE;
}

/**
 * memdev_turn_yield() - yield to other operations after an attempt
 * @w: the operation's watch, not armed
 * @slice_ms: the time slice of the attempt
 *
 * Context: Sleeps. Returns early if the operation has to end.
 */
void memdev_turn_yield(struct memdev_watch *w, unsigned int slice_ms)
{
	unsigned long slice = msecs_to_jiffies(slice_ms);
	unsigned long began = jiffies;
	long left;

	/* Stay due in the pause, in which others take device_hotplug_lock */
	if (w->turn != MEMDEV_TURN_DUE)
		memdev_turn_end(w);
	memdev_watch_pause(w, MEMDEV_PAUSE_MS);
	memdev_turn_end(w);

	if (w->yielded < slice) {
		left = memdev_watch_left(w, began + slice - w->yielded);
		wait_event_interruptible_timeout(memdev_turns,
						 memdev_turn_comes(w, false) ||
						 memdev_watch_check(w), left);
	}
	w->yielded += jiffies - began;
	if (w->yielded >= slice) {
		left = memdev_watch_left(w, jiffies + slice);
		wait_event_interruptible_timeout(memdev_turns,
						 memdev_turn_comes(w, true) ||
						 memdev_watch_check(w), left);
	}
}
