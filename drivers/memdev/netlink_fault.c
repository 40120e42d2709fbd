// SPDX-License-Identifier: GPL-2.0
/*
 * Scripted faults over generic netlink. Rules contain no physical addresses, so
 * all users may read them.
 */
#include <linux/err.h>
#include <linux/netlink.h>

#include "fault.h"
#include "netlink_job.h"

/* --- reading rules -------------------------------------------------------- */

static int memdev_nl_put_fault(struct sk_buff *skb, struct memdev_core *core,
			       const struct memdev_fault *fault)
{
	const struct memdev_fault_rule *rule = &fault->rule;

	if (nla_put_u32(skb, MEMDEV_A_FAULT_INDEX, fault->index) ||
	    nla_put_u32(skb, MEMDEV_A_FAULT_DEVICE, core->id) ||
	    nla_put_u32(skb, MEMDEV_A_FAULT_STEP, rule->step) ||
	    (rule->has_block &&
	     nla_put_u32(skb, MEMDEV_A_FAULT_BLOCK, rule->block)) ||
	    (rule->error &&
	     nla_put_u32(skb, MEMDEV_A_FAULT_ERRNO, rule->error)) ||
	    nla_put_u32(skb, MEMDEV_A_FAULT_DELAY_MS, rule->delay_ms) ||
	    nla_put_u32(skb, MEMDEV_A_FAULT_NTH, rule->nth) ||
	    nla_put_u32(skb, MEMDEV_A_FAULT_EVERY, rule->every) ||
	    (rule->times &&
	     nla_put_u32(skb, MEMDEV_A_FAULT_TIMES, rule->times)) ||
	    nla_put_u32(skb, MEMDEV_A_FAULT_CHANCE, rule->chance) ||
	    nla_put_u32(skb, MEMDEV_A_FAULT_SEED, rule->seed) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_FAULT_SEEN, fault->seen,
			      MEMDEV_A_FAULT_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_FAULT_HIT, fault->hit,
			      MEMDEV_A_FAULT_PAD))
		return -EMSGSIZE;
	return 0;
}

static struct memdev_core *
memdev_nl_fault_device(struct netlink_ext_ack *extack,
		       const struct nlattr *device)
{
	struct memdev_core *core;

	core = memdev_device_find(memdev_nl_dev_index(device), NULL);
	if (!core)
		NL_SET_ERR_MSG_ATTR(extack, device, "there is no such device");
	return core;
}

static int memdev_nl_fault_put_one(struct sk_buff *reply,
				   struct genl_info *info)
{
	const struct nlattr *index = info->attrs[MEMDEV_A_FAULT_INDEX];
	struct memdev_fault fault;
	struct memdev_core *core;

	core = memdev_nl_fault_device(info->extack,
				      info->attrs[MEMDEV_A_FAULT_DEVICE]);
	if (!core)
		return -ENODEV;
	if (memdev_fault_next(core, nla_get_u32(index), &fault) &&
	    fault.index == nla_get_u32(index))
		return memdev_nl_put_fault(reply, core, &fault);
	NL_SET_ERR_MSG_ATTR(info->extack, index, "there is no such rule");
	return -ENOENT;
}

int memdev_nl_fault_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;
	int rc;

	if (GENL_REQ_ATTR_CHECK(info, MEMDEV_A_FAULT_DEVICE) ||
	    GENL_REQ_ATTR_CHECK(info, MEMDEV_A_FAULT_INDEX)) {
		NL_SET_ERR_MSG(info->extack,
			       "a device and one of its rules are required");
		return -EINVAL;
	}
	reply = memdev_nl_reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&memdev_list_lock);
	rc = memdev_nl_fault_put_one(reply, info);
	mutex_unlock(&memdev_list_lock);
	return memdev_nl_reply(reply, hdr, info, rc);
}

/* Dump a device's rules, starting at the index in args[1] */
static int memdev_nl_fault_dump_device(struct sk_buff *skb,
				       struct netlink_callback *cb,
				       struct memdev_core *core)
{
	struct memdev_fault fault;
	void *hdr;
	int rc;

	while (memdev_fault_next(core, cb->args[1], &fault)) {
		hdr = memdev_nl_dump_put(skb, cb, MEMDEV_CMD_FAULT_GET);
		rc = hdr ? memdev_nl_put_fault(skb, core, &fault) : -EMSGSIZE;
		memdev_nl_dump_end(skb, hdr, rc);
		if (rc)
			return rc;
		cb->args[1] = fault.index + 1;
	}
	return 0;
}

/* Position of a dump of rules: args[0] is the device, args[1] the rule */
int memdev_nl_fault_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = memdev_dump_attrs(cb);
	const struct nlattr *device = attrs ? attrs[MEMDEV_A_FAULT_DEVICE] :
					      NULL;
	struct memdev_core *core;
	unsigned long id;
	int rc = 0;

	if (attrs && attrs[MEMDEV_A_FAULT_INDEX]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[MEMDEV_A_FAULT_INDEX],
				    "a dump returns all rules and takes no index");
		return -EINVAL;
	}

	mutex_lock(&memdev_list_lock);
	cb->seq = memdev_generation + memdev_fault_stamp() ?: 1;
	if (device) {
		core = memdev_nl_fault_device(cb->extack, device);
		rc = core ? memdev_nl_fault_dump_device(skb, cb, core) :
			    -ENODEV;
		goto out;
	}
	id = cb->args[0];
	while ((core = memdev_device_next(&id))) {
		/* The device in args[0] is gone: start with the next one */
		if (id != cb->args[0])
			cb->args[1] = 0;
		cb->args[0] = id;
		rc = memdev_nl_fault_dump_device(skb, cb, core);
		if (rc)
			break;
		cb->args[0] = ++id;
		cb->args[1] = 0;
	}
out:
	mutex_unlock(&memdev_list_lock);
	return skb->len ?: rc;
}

/* --- changing rules ------------------------------------------------------- */

static const u8 memdev_nl_fault_about[NR_MEMDEV_ABOUT] = {
	[MEMDEV_ABOUT_INDEX]		= MEMDEV_A_FAULT_INDEX,
	[MEMDEV_ABOUT_BLOCK]		= MEMDEV_A_FAULT_BLOCK,
	[MEMDEV_ABOUT_PAGE]		= MEMDEV_A_FAULT_PAGE,
	[MEMDEV_ABOUT_ERRNO]		= MEMDEV_A_FAULT_ERRNO,
	[MEMDEV_ABOUT_DELAY]		= MEMDEV_A_FAULT_DELAY_MS,
	[MEMDEV_ABOUT_CHANCE]		= MEMDEV_A_FAULT_CHANCE,
};

/* Call @act for the device that the request names */
static int memdev_job_fault(struct memdev_job *job,
			    int (*act)(struct memdev_core *core,
				       struct memdev_job *job))
{
	const struct nlattr *device = job->attrs[MEMDEV_A_FAULT_DEVICE];
	struct memory_device *md;
	int rc;

	md = memdev_device_get(memdev_nl_dev_index(device), NULL);
	if (!md) {
		job->bad_attr = device;
		return memdev_refuse(&job->why, -ENODEV,
				     "there is no such device");
	}
	rc = act(md->core, job);
	if (rc < 0 && job->why.text[0])
		memdev_core_refuse(md->core, MEMDEV_OP_NONE, 0, rc, &job->why);
	memdev_device_put(md);
	return rc;
}

static int memdev_job_fault_rule(struct memdev_core *core,
				 struct memdev_job *job)
{
	struct memdev_fault_rule rule;
	const struct {
		int attr;
		u32 *where;
	} fields[] = {
		{ MEMDEV_A_FAULT_BLOCK, &rule.block },
		{ MEMDEV_A_FAULT_ERRNO, &rule.error },
		{ MEMDEV_A_FAULT_DELAY_MS, &rule.delay_ms },
		{ MEMDEV_A_FAULT_NTH, &rule.nth },
		{ MEMDEV_A_FAULT_EVERY, &rule.every },
		{ MEMDEV_A_FAULT_TIMES, &rule.times },
		{ MEMDEV_A_FAULT_CHANCE, &rule.chance },
		{ MEMDEV_A_FAULT_SEED, &rule.seed },
	};
	int i;

	memdev_fault_rule_init(&rule);
	rule.step = nla_get_u32(job->attrs[MEMDEV_A_FAULT_STEP]);
	rule.has_block = job->attrs[MEMDEV_A_FAULT_BLOCK];
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		if (job->attrs[fields[i].attr])
			*fields[i].where =
				nla_get_u32(job->attrs[fields[i].attr]);
	}
	return memdev_fault_check(core, &rule, &job->why) ?:
	       memdev_fault_new(core, &rule, &job->why);
}

static int memdev_job_fault_new(struct memdev_job *job)
{
	return memdev_job_fault(job, memdev_job_fault_rule);
}

static int memdev_nl_fault_device_check(struct genl_info *info)
{
	if (!GENL_REQ_ATTR_CHECK(info, MEMDEV_A_FAULT_DEVICE))
		return 0;
	NL_SET_ERR_MSG(info->extack, "a device index is required");
	return -EINVAL;
}

static int memdev_nl_fault_new_check(struct genl_info *info)
{
	if (!GENL_REQ_ATTR_CHECK(info, MEMDEV_A_FAULT_STEP))
		return memdev_nl_fault_device_check(info);
	NL_SET_ERR_MSG(info->extack, "a step is required");
	return -EINVAL;
}

int memdev_nl_fault_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.check = memdev_nl_fault_new_check,
		.run = memdev_job_fault_new,
		.creates = true,
		.attr_of = memdev_nl_fault_about,
		.attr_max = MEMDEV_A_FAULT_SEED,
	};

	return memdev_nl_change(skb, info, &type);
}

static int memdev_job_fault_drop(struct memdev_core *core,
				 struct memdev_job *job)
{
	const struct nlattr *index = job->attrs[MEMDEV_A_FAULT_INDEX];

	if (index)
		return memdev_fault_del(core, nla_get_u32(index), &job->why);
	memdev_fault_clear(core);
	return 0;
}

static int memdev_job_fault_del(struct memdev_job *job)
{
	return memdev_job_fault(job, memdev_job_fault_drop);
}

int memdev_nl_fault_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.check = memdev_nl_fault_device_check,
		.run = memdev_job_fault_del,
		.attr_of = memdev_nl_fault_about,
		.attr_max = MEMDEV_A_FAULT_DEVICE,
	};

	return memdev_nl_change(skb, info, &type);
}

static int memdev_job_fault_page(struct memdev_core *core,
				 struct memdev_job *job)
{
	const struct nlattr *page = job->attrs[MEMDEV_A_FAULT_PAGE];
	u32 number = page ? nla_get_u32(page) : 0;

	return memdev_poison_page(core,
				   nla_get_u32(job->attrs[MEMDEV_A_FAULT_BLOCK]),
				   page ? &number : NULL, &job->why);
}

static int memdev_job_fault_poison(struct memdev_job *job)
{
	return memdev_job_fault(job, memdev_job_fault_page);
}

static int memdev_nl_fault_poison_check(struct genl_info *info)
{
	if (!GENL_REQ_ATTR_CHECK(info, MEMDEV_A_FAULT_BLOCK))
		return memdev_nl_fault_device_check(info);
	NL_SET_ERR_MSG(info->extack, "a block is required");
	return -EINVAL;
}

int memdev_nl_fault_poison_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.check = memdev_nl_fault_poison_check,
		.run = memdev_job_fault_poison,
		.attr_of = memdev_nl_fault_about,
		.attr_max = MEMDEV_A_FAULT_PAGE,
	};

	return memdev_nl_change(skb, info, &type);
}
