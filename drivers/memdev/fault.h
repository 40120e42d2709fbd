/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scripted faults.
 */
#ifndef _MEMDEV_FAULT_H
#define _MEMDEV_FAULT_H

#include <linux/jump_label.h>
#include <linux/prandom.h>

#include "internal.h"

/**
 * struct memdev_fault_rule - a fault that a user wants
 * @step: the step that it is about
 * @has_block: it is about @block only
 * @block: a block of the device
 * @error: positive errno that the step fails with, 0 to let it be done
 * @delay_ms: how long the step takes more
 * @nth: the first step that is hit, from 1
 * @every: from there on one in so many
 * @times: how often at most, 0 for no limit
 * @chance: how likely each of these is hit, in per mille
 * @seed: what the chance is drawn from
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
 * struct memdev_fault - a rule, and how far it is
 * @list: in the list of its device, by @index
 * @index: its number
 * @rule: the rule
 * @random: state of its random numbers
 * @seen: steps that it was about
 * @hit: those that it has hit
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
 * memdev_fault() - what happens at the start of a step
 * @core: the device
 * @step: the step
 * @block: the first block that it is about
 * @nr: how many they are
 * @watch: what ends it
 *
 * Without any rule on the machine this is a jump that is patched out.
 *
 * Context: under core->op_lock. Sleeps.
 * Return: 0 to do it, or the negative errno to fail with.
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
void memdev_fault_close(struct memdev_core *core);
bool memdev_fault_next(struct memdev_core *core, u32 index,
		       struct memdev_fault *fault);
unsigned int memdev_fault_stamp(void);
int memdev_fault_check_block(struct memdev_core *core, u32 block,
			     struct memdev_reason *why);

/* poison.c */
int memdev_poison_page(struct memdev_core *core, u32 block, const u32 *page,
		       struct memdev_reason *why);

/* fault_debugfs.c */
int memdev_debugfs_init(void);
void memdev_debugfs_exit(void);

#endif /* _MEMDEV_FAULT_H */
