// SPDX-License-Identifier: GPL-2.0
/*
 * Scripted faults: per-device rules that delay steps or make them fail, to test
 * how memdev and its users react. Everything else runs as usual.
 *
 * A rule counts the steps that match it, and hits some of them. It does so
 * independently of other rules, so that the same rule with the same seed hits
 * the same steps again. If several rules hit a step, their delays add up, and
 * the step fails with the errno of the first rule that has one.
 *
 * Rules are ordered by index; indexes are not reused. core->lock protects the
 * rules, so that they can be added and removed while a step is delayed under
 * core->op_lock.
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

/* Interval at which a delayed step checks whether the operation must end */
#define MEMDEV_FAULT_POLL_MS	20

const char *const memdev_step_names[] = {
	[MEMDEV_STEP_ADD]	= "add",
	[MEMDEV_STEP_ONLINE]	= "online",
	[MEMDEV_STEP_OFFLINE]	= "offline",
	[MEMDEV_STEP_REMOVE]	= "remove",
	[MEMDEV_STEP_ANSWER]	= "answer",
	NULL
};

/* Enabled while any device has a rule; counts the rules */
DEFINE_STATIC_KEY_FALSE(memdev_faults_wanted);

/* --- steps ---------------------------------------------------------------- */

static bool memdev_fault_matches(const struct memdev_fault_rule *rule,
				 enum memdev_step step, unsigned int block,
				 unsigned int nr)
{
	return rule->step == step &&
	       (!rule->has_block ||
		(rule->block >= block && rule->block - block < nr));
}

/* Count a matching step; return true if the rule hits it */
static bool memdev_fault_count_step(struct memdev_fault *fault)
{
	const struct memdev_fault_rule *rule = &fault->rule;
	u64 left;

	if (++fault->seen < rule->nth)
		return false;
	div64_u64_rem(fault->seen - rule->nth, rule->every, &left);
	if (left)
		return false;
	/*
	 * Draw a number for every step that gets here, even if @times is used
	 * up, so that the same seed gives the same hits.
	 */
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
 * The deadline and memdev_watch_stop() only set a flag that offline_pages()
 * polls, and do not wake this task. So poll the watch here.
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
					    msecs_to_jiffies(MEMDEV_FAULT_POLL_MS)));
	}
}

/*
 * Check whether a delayed step is skipped when the operation must end. Other
 * steps then proceed without further delay, because the undo needs them.
 */
static bool memdev_fault_skips_step(struct memdev_core *core,
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
 * memdev_fault_hit() - count a step, and apply the rules that hit it
 * @core: the device
 * @step: the step
 * @block: the first block of the step
 * @nr: number of blocks
 * @watch: deadline of the operation
 *
 * Context: under core->op_lock. Sleeps.
 * Return: as for memdev_fault().
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

	/* Not lockdep_assert_held(): a worker may run the lock owner's undo */
	lockdep_assert(mutex_is_locked(&core->op_lock));

	spin_lock(&core->lock);
	list_for_each_entry(fault, &core->faults, list) {
		if (!memdev_fault_matches(&fault->rule, step, block, nr) ||
		    !memdev_fault_count_step(fault))
			continue;
		hit = true;
		/* MEMDEV_FAULTS_MAX * MEMDEV_FAULT_DELAY_MAX fits in a u32 */
		delay_ms += fault->rule.delay_ms;
		if (!error)
			error = fault->rule.error;
	}
	spin_unlock(&core->lock);
	if (!hit)
		return 0;

	trace_memdev_fault(core, step, block, nr, -error, delay_ms);
	rc = memdev_fault_wait(delay_ms, watch);
	return rc && memdev_fault_skips_step(core, step) ? rc : -error;
}

/* --- rules ---------------------------------------------------------------- */

/**
 * memdev_fault_rule_init() - set a rule to the defaults
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
 * memdev_fault_check_block() - check whether a block is in range
 * @core: the device
 * @block: number of the block
 * @why: where to put the reason for a failure
 *
 * Return: 0, or -ERANGE if the device has no such block.
 */
int memdev_fault_check_block(struct memdev_core *core, u32 block,
			     struct memdev_reason *why)
{
	if (block < core->nr_blocks)
		return 0;
	return memdev_refuse(why, -ERANGE, "block %u is out of range [0-%u]",
			     block, core->nr_blocks - 1);
}

/**
 * memdev_fault_check() - check whether a rule is valid
 * @core: the device
 * @rule: the rule
 * @why: where to put the reason for a failure
 *
 * Return: 0; -EINVAL if the rule is invalid; -ERANGE if a value is too large.
 */
int memdev_fault_check(struct memdev_core *core,
		       const struct memdev_fault_rule *rule,
		       struct memdev_reason *why)
{
	if (!rule->error && !rule->delay_ms)
		return memdev_refuse(why, -EINVAL,
				     "a rule needs an errno or a delay");
	if (rule->error > MEMDEV_FAULT_ERRNO_MAX)
		return memdev_refuse(why, -ERANGE,
				     "errno %u is out of range [1-%u]",
				     rule->error, MEMDEV_FAULT_ERRNO_MAX);
	if (rule->delay_ms > MEMDEV_FAULT_DELAY_MAX)
		return memdev_refuse(why, -ERANGE,
				     "a delay of %u ms exceeds %u ms",
				     rule->delay_ms, MEMDEV_FAULT_DELAY_MAX);
	if (!rule->nth || !rule->every || !rule->chance)
		return memdev_refuse(why, -EINVAL,
				     "nth, every and chance must be at least 1");
	if (rule->chance > MEMDEV_FAULT_CHANCE_MAX)
		return memdev_refuse(why, -ERANGE, "a chance of %u exceeds %u",
				     rule->chance, MEMDEV_FAULT_CHANCE_MAX);
	if (!rule->has_block)
		return 0;
	if (rule->step == MEMDEV_STEP_ANSWER)
		return memdev_refuse(why, -EINVAL,
				     "the step 'answer' applies to the whole device and takes no block");
	return memdev_fault_check_block(core, rule->block, why);
}

/**
 * memdev_fault_new() - add a rule to a device
 * @core: the device
 * @rule: the rule, checked by memdev_fault_check()
 * @why: where to put the reason for a failure
 *
 * Context: Sleeps.
 * Return: 0; -ENOSPC if the device has too many rules or no index is left;
 * -ENOMEM.
 */
int memdev_fault_new(struct memdev_core *core,
		     const struct memdev_fault_rule *rule,
		     struct memdev_reason *why)
{
	struct memdev_fault *fault = kzalloc_obj(*fault, GFP_KERNEL);
	int rc = 0;

	if (!fault)
		return memdev_refuse(why, -ENOMEM,
				     "not enough kernel memory for a rule");
	fault->rule = *rule;
	prandom_seed_state(&fault->random, rule->seed);

	/* Enable the branch first, so that no rule in the list is ignored */
	static_branch_inc(&memdev_faults_wanted);
	spin_lock(&core->lock);
	if (core->nr_faults >= MEMDEV_FAULTS_MAX ||
	    core->last_fault == INT_MAX) {
		rc = memdev_refuse(why, -ENOSPC,
				   "a device can have at most %u fault rules",
				   MEMDEV_FAULTS_MAX);
	} else {
		core->nr_faults++;
		fault->index = ++core->last_fault;
		list_add_tail(&fault->list, &core->faults);
	}
	spin_unlock(&core->lock);
	if (rc) {
		static_branch_dec(&memdev_faults_wanted);
		kfree(fault);
	}
	return rc;
}

static void memdev_faults_free(struct list_head *faults)
{
	struct memdev_fault *fault, *next;

	list_for_each_entry_safe(fault, next, faults, list) {
		kfree(fault);
		static_branch_dec(&memdev_faults_wanted);
	}
}

/**
 * memdev_fault_del() - remove a rule
 * @core: the device
 * @index: index of the rule
 * @why: where to put the reason for a failure
 *
 * A step that the rule is delaying stays delayed.
 *
 * Context: Sleeps.
 * Return: 0, or -ENOENT if the device has no such rule.
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
		return memdev_refuse(why, -ENOENT, "there is no rule %u",
				     index);
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
 * memdev_fault_next() - get the next rule of a device by index
 * @core: the device
 * @index: the lowest index to look at
 * @fault: where to put a copy of the rule; its @list is not valid
 *
 * Return: true if there is such a rule.
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
