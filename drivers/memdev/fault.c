// SPDX-License-Identifier: GPL-2.0
/*
 * Scripted faults: steps of a device that fail or take long because a user
 * wants to see what comes of it, on a path that is real otherwise.
 *
 * A rule counts the steps that it is about, and hits some of them. Each counts
 * for itself, whatever others do, so that it does the same again when it is
 * written again. Of those that hit the same step the delays add up, and the
 * first that has an errno decides.
 *
 * Rules are in order of their numbers, which are not used again. They are under
 * core->lock, so that they come and go while a step is waiting.
 */
#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/security.h>
#include <linux/slab.h>

#include "deadline.h"
#include "fault.h"
#include "trace.h"

/* How long a step that waits does not notice that it has to end */
#define MEMDEV_FAULT_LOOK_MS	20

const char *const memdev_step_names[] = {
	[MEMDEV_STEP_ADD]	= "add",
	[MEMDEV_STEP_ONLINE]	= "online",
	[MEMDEV_STEP_OFFLINE]	= "offline",
	[MEMDEV_STEP_REMOVE]	= "remove",
	[MEMDEV_STEP_ANSWER]	= "answer",
	NULL
};

/* On while there is a rule on the machine: it counts them */
DEFINE_STATIC_KEY_FALSE(memdev_faults_wanted);

/* Counts how often a rule has come or gone */
static atomic_t memdev_fault_changes = ATOMIC_INIT(0);

/* --- hitting -------------------------------------------------------------- */

static bool memdev_fault_is_about(const struct memdev_fault_rule *rule,
				  enum memdev_step step, unsigned int block,
				  unsigned int nr)
{
	return rule->step == step &&
	       (!rule->has_block ||
		(rule->block >= block && rule->block - block < nr));
}

/* Counts a step; true if it is hit */
static bool memdev_fault_counts(struct memdev_fault *fault)
{
	const struct memdev_fault_rule *rule = &fault->rule;
	u64 left;

	if (++fault->seen < rule->nth)
		return false;
	div64_u64_rem(fault->seen - rule->nth, rule->every, &left);
	if (left)
		return false;
	/* Drawn whenever it could be hit, for the sequence to be the same */
	if (rule->chance < MEMDEV_FAULT_CHANCE_MAX &&
	    prandom_u32_state(&fault->random) % MEMDEV_FAULT_CHANCE_MAX >=
	    rule->chance)
		return false;
	if (rule->times && fault->hit >= rule->times)
		return false;
	fault->hit++;
	return true;
}

/*
 * What ends an operation sets a flag and wakes nobody, as offline_pages() looks
 * at it all the time. Look at it often.
 */
static int memdev_fault_wait(unsigned int delay_ms, struct memdev_watch *watch)
{
	unsigned long end = jiffies + msecs_to_jiffies(delay_ms);
	long left;
	int rc;

	for (;;) {
		rc = memdev_watch_check(watch);
		left = end - jiffies;
		if (rc || left <= 0)
			return rc;
		schedule_timeout_idle(min_t(long, left,
					    msecs_to_jiffies(MEMDEV_FAULT_LOOK_MS)));
	}
}

/*
 * Whether a step is not done if the operation ends while it waits. Otherwise it
 * is done sooner than it was to be: what undoes an operation that has ended
 * needs it.
 */
static bool memdev_fault_can_end(struct memdev_core *core,
				 enum memdev_step step)
{
	switch (step) {
	case MEMDEV_STEP_ANSWER:
	case MEMDEV_STEP_OFFLINE:
		return true;
	case MEMDEV_STEP_ADD:
		return core->op == MEMDEV_OP_PLUG;
	default:
		return false;
	}
}

/**
 * memdev_fault_hit() - count a step, and do what the rules say
 * @core: the device
 * @step: the step
 * @block: the first block that it is about
 * @nr: how many they are
 * @watch: what ends it
 *
 * Context: under core->op_lock. Sleeps.
 * Return: as memdev_fault().
 */
int memdev_fault_hit(struct memdev_core *core, enum memdev_step step,
		     unsigned int block, unsigned int nr,
		     struct memdev_watch *watch)
{
	struct memdev_fault *fault;
	unsigned int delay_ms = 0;
	bool hit = false;
	int error = 0;
	int rc;

	/* Held by the task that waits, where a worker undoes an operation */
	lockdep_assert(mutex_is_locked(&core->op_lock));

	spin_lock(&core->lock);
	list_for_each_entry(fault, &core->faults, list) {
		if (!memdev_fault_is_about(&fault->rule, step, block, nr) ||
		    !memdev_fault_counts(fault))
			continue;
		hit = true;
		/* No overflow: they are few, and none is long */
		delay_ms += fault->rule.delay_ms;
		if (!error)
			error = fault->rule.error;
	}
	spin_unlock(&core->lock);
	if (!hit)
		return 0;

	trace_memdev_fault(core, step, block, nr, -error, delay_ms);
	rc = memdev_fault_wait(delay_ms, watch);
	return rc && memdev_fault_can_end(core, step) ? rc : -error;
}

/* --- rules ---------------------------------------------------------------- */

/**
 * memdev_fault_rule_init() - what a rule is unless something else is said
 * @rule: the rule
 */
void memdev_fault_rule_init(struct memdev_fault_rule *rule)
{
	*rule = (struct memdev_fault_rule){
		.nth = 1,
		.every = 1,
		.chance = MEMDEV_FAULT_CHANCE_MAX,
		.seed = get_random_u32(),
	};
}

/**
 * memdev_fault_check_block() - check the number of a block
 * @core: the device
 * @block: the number
 * @why: where to put the reason
 *
 * Return: 0 or -ERANGE.
 */
int memdev_fault_check_block(struct memdev_core *core, u32 block,
			     struct memdev_reason *why)
{
	if (block < core->nr_blocks)
		return 0;
	return memdev_refuse_about(why, MEMDEV_ABOUT_BLOCK, -ERANGE,
				   "block %u is out of range [0-%u]",
				   block, core->nr_blocks - 1);
}

/**
 * memdev_fault_check() - whether a rule makes sense
 * @core: the device that it is for
 * @rule: the rule
 * @why: where to put the reason
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int memdev_fault_check(struct memdev_core *core,
		       const struct memdev_fault_rule *rule,
		       struct memdev_reason *why)
{
	if (!rule->error && !rule->delay_ms)
		return memdev_refuse(why, -EINVAL,
				     "a rule needs an errno or a delay");
	if (rule->error > MEMDEV_FAULT_ERRNO_MAX)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ERRNO, -ERANGE,
					   "errno %u is out of range [1-%u]",
					   rule->error, MEMDEV_FAULT_ERRNO_MAX);
	if (rule->delay_ms > MEMDEV_FAULT_DELAY_MAX)
		return memdev_refuse_about(why, MEMDEV_ABOUT_DELAY, -ERANGE,
					   "a delay of %u ms exceeds %u ms",
					   rule->delay_ms, MEMDEV_FAULT_DELAY_MAX);
	if (!rule->nth || !rule->every || !rule->chance)
		return memdev_refuse(why, -EINVAL,
				     "nth, every and chance must be at least 1");
	if (rule->chance > MEMDEV_FAULT_CHANCE_MAX)
		return memdev_refuse_about(why, MEMDEV_ABOUT_CHANCE, -ERANGE,
					   "a chance of %u exceeds %u",
					   rule->chance, MEMDEV_FAULT_CHANCE_MAX);
	if (!rule->has_block)
		return 0;
	if (rule->step == MEMDEV_STEP_ANSWER)
		return memdev_refuse_about(why, MEMDEV_ABOUT_BLOCK, -EINVAL,
					   "the step answer is of the device and takes no block");
	return memdev_fault_check_block(core, rule->block, why);
}

/**
 * memdev_fault_new() - have steps of a device fail, or take longer
 * @core: the device
 * @rule: which, and how; checked by memdev_fault_check()
 * @why: where to put the reason
 *
 * Context: Sleeps.
 * Return: the number of the rule; -ENOSPC if there are too many; -ENODEV for a
 * device that is going; -ENOMEM.
 */
int memdev_fault_new(struct memdev_core *core,
		     const struct memdev_fault_rule *rule,
		     struct memdev_reason *why)
{
	struct memdev_fault *fault = kzalloc_obj(*fault, GFP_KERNEL);
	int rc;

	if (!fault)
		return -ENOMEM;
	fault->rule = *rule;
	prandom_seed_state(&fault->random, rule->seed);

	/* First, so that a rule that is there does something */
	static_branch_inc(&memdev_faults_wanted);
	spin_lock(&core->lock);
	if (core->faults_closed) {
		rc = memdev_refuse(why, -ENODEV, "the device is being removed");
	} else if (core->nr_faults >= MEMDEV_FAULTS_MAX ||
		   core->last_fault == INT_MAX) {
		rc = memdev_refuse(why, -ENOSPC,
				   "a device has at most %u rules for faults",
				   MEMDEV_FAULTS_MAX);
	} else {
		core->nr_faults++;
		fault->index = ++core->last_fault;
		rc = fault->index;
		list_add_tail(&fault->list, &core->faults);
	}
	spin_unlock(&core->lock);
	if (rc < 0) {
		static_branch_dec(&memdev_faults_wanted);
		kfree(fault);
	} else {
		atomic_inc(&memdev_fault_changes);
	}
	return rc;
}

static void memdev_faults_free(struct list_head *faults)
{
	struct memdev_fault *fault, *next;

	list_for_each_entry_safe(fault, next, faults, list) {
		kfree(fault);
		static_branch_dec(&memdev_faults_wanted);
		atomic_inc(&memdev_fault_changes);
	}
}

/**
 * memdev_fault_del() - remove a rule
 * @core: the device
 * @index: the number of the rule
 * @why: where to put the reason
 *
 * A step that the rule makes wait goes on waiting.
 *
 * Context: Sleeps.
 * Return: 0, or -ENOENT if there is none of that number.
 */
int memdev_fault_del(struct memdev_core *core, u32 index,
		     struct memdev_reason *why)
{
	struct memdev_fault *fault;
	LIST_HEAD(gone);

	spin_lock(&core->lock);
	list_for_each_entry(fault, &core->faults, list) {
		if (fault->index != index)
			continue;
		list_move(&fault->list, &gone);
		core->nr_faults--;
		break;
	}
	spin_unlock(&core->lock);
	if (list_empty(&gone))
		return memdev_refuse_about(why, MEMDEV_ABOUT_INDEX, -ENOENT,
					   "there is no rule %u", index);
	memdev_faults_free(&gone);
	return 0;
}

/**
 * memdev_fault_clear() - remove all rules of a device
 * @core: the device
 *
 * Context: Sleeps.
 */
void memdev_fault_clear(struct memdev_core *core)
{
	LIST_HEAD(gone);

	spin_lock(&core->lock);
	list_splice_init(&core->faults, &gone);
	core->nr_faults = 0;
	spin_unlock(&core->lock);
	memdev_faults_free(&gone);
}

/**
 * memdev_fault_close() - remove all rules of a device that is going
 * @core: the device
 *
 * Context: Sleeps.
 */
void memdev_fault_close(struct memdev_core *core)
{
	spin_lock(&core->lock);
	core->faults_closed = true;
	spin_unlock(&core->lock);
	memdev_fault_clear(core);
}

/**
 * memdev_fault_next() - the rules of a device by number
 * @core: the device
 * @index: look from this number on
 * @fault: where to put a copy of the one that is found; not for its @list
 *
 * Return: false if there is none.
 */
bool memdev_fault_next(struct memdev_core *core, u32 index,
		       struct memdev_fault *fault)
{
	struct memdev_fault *other;
	bool found = false;

	spin_lock(&core->lock);
	list_for_each_entry(other, &core->faults, list) {
		if (other->index < index)
			continue;
		*fault = *other;
		found = true;
		break;
	}
	spin_unlock(&core->lock);
	return found;
}

/**
 * memdev_fault_stamp() - changes when rules come or go
 *
 * Return: a number.
 */
unsigned int memdev_fault_stamp(void)
{
	return atomic_read(&memdev_fault_changes);
}
