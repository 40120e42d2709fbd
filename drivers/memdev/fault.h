/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scripted faults.
 */
#ifndef _MEMDEV_FAULT_H
#define _MEMDEV_FAULT_H

#include <linux/jump_label.h>
#include <linux/prandom.h>

#include "internal.h"

/* Maximum number of rules of a device */
#define MEMDEV_FAULTS_MAX	64
/* Maximum delay of a step in ms */
#define MEMDEV_FAULT_DELAY_MAX	3600000
/* EHWPOISON, the largest errno that user space knows */
#define MEMDEV_FAULT_ERRNO_MAX	133
/* Probability of 1, in per mille */
#define MEMDEV_FAULT_CHANCE_MAX	1000

/**
 * struct memdev_fault_rule - a rule for scripted faults
 * @step: step that the rule matches
 * @has_block: the rule matches only steps that include @block
 * @block: number of a block of the device
 * @error: positive errno that a step fails with, 0 to only delay it
 * @delay_ms: delay of a step in ms
 * @nth: the first matching step that can be hit, counted from 1
 * @every: from @nth on, one in @every matching steps can be hit
 * @times: maximum number of hits, 0 for no limit
 * @chance: probability of a hit in per mille, for steps that can be hit
 * @seed: seed of the random number generator for @chance
 */
struct memdev_fault_rule {
	enum memdev_step step;
	bool has_block;
	u32 block;
	u32 error;
	u32 delay_ms;
	u32 nth;
	u32 every;
	u32 times;
	u32 chance;
	u32 seed;
};

/**
 * struct memdev_fault - a rule and its counters
 * @list: entry in the device's list of rules, ascending by @index
 * @index: number of the rule
 * @rule: the rule
 * @random: state of the random number generator
 * @seen: number of steps that matched
 * @hit: number of steps that were hit
 */
struct memdev_fault {
	struct list_head list;
	u32 index;
	struct memdev_fault_rule rule;
	struct rnd_state random;
	u64 seen;
	u64 hit;
};

extern const char *const memdev_step_names[];

DECLARE_STATIC_KEY_FALSE(memdev_faults_wanted);

int memdev_fault_hit(struct memdev_core *core, enum memdev_step step,
		     unsigned int block, unsigned int nr,
		     struct memdev_watch *watch);

/**
 * memdev_fault() - delay a step or make it fail, as the rules of a device say
 * @core: the device
 * @step: the step
 * @block: the first block of the step
 * @nr: number of blocks
 * @watch: deadline of the operation
 *
 * A static branch skips this while no device has a rule.
 *
 * Context: under core->op_lock. Sleeps.
 * Return: 0 to do the step, or the negative errno with which it has to fail.
 */
static inline int memdev_fault(struct memdev_core *core, enum memdev_step step,
			       unsigned int block, unsigned int nr,
			       struct memdev_watch *watch)
{
	if (!static_branch_unlikely(&memdev_faults_wanted))
		return 0;
	return memdev_fault_hit(core, step, block, nr, watch);
}

void memdev_fault_rule_init(struct memdev_fault_rule *rule);
int memdev_fault_check(struct memdev_core *core,
		       const struct memdev_fault_rule *rule,
		       struct memdev_reason *why);
int memdev_fault_new(struct memdev_core *core,
		     const struct memdev_fault_rule *rule,
		     struct memdev_reason *why);
int memdev_fault_del(struct memdev_core *core, u32 index,
		     struct memdev_reason *why);
void memdev_fault_clear(struct memdev_core *core);
bool memdev_fault_next(struct memdev_core *core, u32 index,
		       struct memdev_fault *fault);
int memdev_fault_check_block(struct memdev_core *core, u32 block,
			     struct memdev_reason *why);

/* poison.c */
int memdev_poison_page(struct memdev_core *core, u32 block, const u32 *page,
		       struct memdev_reason *why);

/* fault_debugfs.c */
int memdev_debugfs_init(void);
void memdev_debugfs_exit(void);

#endif /* _MEMDEV_FAULT_H */
