// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family. Documentation/netlink/specs/memdev.yaml describes
 * it; its tables and policies are generated from there.
 *
 * Everybody may ask; physical addresses and changes are for CAP_SYS_ADMIN. That
 * is asked for here, as the flags that generic netlink has for it mean
 * CAP_NET_ADMIN. What changes something is left to job.c.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <net/genetlink.h>

#include "job.h"
#include "netlink-gen.h"

static struct genl_family memdev_nl_family;

static bool memdev_nl_admin(struct sk_buff *skb)
{
	return netlink_capable(skb, CAP_SYS_ADMIN);
}

/* --- asking: devices ------------------------------------------------------ */

static int memdev_nl_put_stats(struct sk_buff *skb, int attr,
			       const struct memdev_stats *stats)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest ||
	    nla_put_u64_64bit(skb, MEMDEV_A_STATS_COUNT, stats->count,
			      MEMDEV_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_STATS_FAILURES, stats->failures,
			      MEMDEV_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_STATS_BYTES, stats->bytes,
			      MEMDEV_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_STATS_TIME_NS, stats->time_ns,
			      MEMDEV_A_STATS_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int memdev_nl_put_size(struct sk_buff *skb, int attr, u64 size)
{
	return nla_put_u64_64bit(skb, attr, size, MEMDEV_A_DEV_PAD);
}

/* What does not change while the device is there */
static int memdev_nl_put_dev_fixed(struct sk_buff *skb,
				   struct memdev_core *core,
				   const struct memory_device_info *info,
				   bool admin)
{
	if (nla_put_u32(skb, MEMDEV_A_DEV_INDEX, core->id) ||
	    (info->id && nla_put_string(skb, MEMDEV_A_DEV_ID, info->id)) ||
	    nla_put_string(skb, MEMDEV_A_DEV_KIND, info->kind) ||
	    nla_put_u32(skb, MEMDEV_A_DEV_WINDOW, core->window->id) ||
	    memdev_nl_put_size(skb, MEMDEV_A_DEV_SIZE, info->size) ||
	    memdev_nl_put_size(skb, MEMDEV_A_DEV_ALIGN, core->align) ||
	    memdev_nl_put_size(skb, MEMDEV_A_DEV_BLOCK_SIZE,
			       core->block_size) ||
	    nla_put_s32(skb, MEMDEV_A_DEV_NODE, info->node))
		return -EMSGSIZE;
	if (info->slot >= 0 &&
	    nla_put_s32(skb, MEMDEV_A_DEV_SLOT, info->slot))
		return -EMSGSIZE;
	return !admin ? 0 :
		memdev_nl_put_size(skb, MEMDEV_A_DEV_ADDRESS, info->addr);
}

static int memdev_nl_put_dev_state(struct sk_buff *skb,
				   struct memdev_core *core, bool admin)
{
	int rc;

	spin_lock(&core->lock);
	rc = nla_put_u32(skb, MEMDEV_A_DEV_STATE, memdev_state(core)) ?:
	     memdev_nl_put_size(skb, MEMDEV_A_DEV_ONLINE_SIZE,
				memdev_blocks_size(core, core->online)) ?:
	     memdev_nl_put_size(skb, MEMDEV_A_DEV_RETIRED_SIZE,
				memdev_blocks_size(core, core->retired)) ?:
	     memdev_nl_put_stats(skb, MEMDEV_A_DEV_PLUG_STATS,
				 &core->stats[0]) ?:
	     memdev_nl_put_stats(skb, MEMDEV_A_DEV_UNPLUG_STATS,
				 &core->stats[1]) ?:
	     nla_put_string(skb, MEMDEV_A_DEV_LAST_ERROR,
			    core->last_error.text);
	if (!rc && core->failure.op != MEMDEV_OP_NONE)
		rc = memdev_put_refusal(skb, MEMDEV_A_DEV_REFUSAL, core, admin);
	spin_unlock(&core->lock);
	return rc;
}

static int memdev_nl_put_dev(struct sk_buff *skb, struct memdev_core *core,
			     bool admin)
{
	struct memory_device_info info;

	memory_device_get_info(core->md, &info);
	if (memdev_nl_put_dev_fixed(skb, core, &info, admin) ||
	    memdev_nl_put_size(skb, MEMDEV_A_DEV_PLUGGED_SIZE,
			       info.plugged_size) ||
	    memdev_nl_put_size(skb, MEMDEV_A_DEV_REQUESTED_SIZE,
			       info.requested_size) ||
	    nla_put_u32(skb, MEMDEV_A_DEV_ONLINE_TYPE,
			READ_ONCE(core->online_type)) ||
	    nla_put_u8(skb, MEMDEV_A_DEV_MEMMAP_ON_MEMORY,
		       READ_ONCE(core->memmap_on_memory)) ||
	    nla_put_u32(skb, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS,
			READ_ONCE(core->timeout_ms)))
		return -EMSGSIZE;
	return memdev_nl_put_dev_state(skb, core, admin);
}

/* A number as the rest of the driver has it; the largest is nobody's */
static int memdev_nl_index(const struct nlattr *attr)
{
	return min_t(u32, nla_get_u32(attr), INT_MAX);
}

static struct memory_device *memdev_nl_dev_find(struct nlattr **attrs)
{
	if (attrs[MEMDEV_A_DEV_INDEX])
		return memdev_device_get(memdev_nl_index(attrs[MEMDEV_A_DEV_INDEX]),
					 NULL);
	return memdev_device_get(-1, nla_data(attrs[MEMDEV_A_DEV_ID]));
}

static int memdev_nl_dev_check(struct genl_info *info)
{
	const struct nlattr *id = info->attrs[MEMDEV_A_DEV_ID];

	if (info->attrs[MEMDEV_A_DEV_INDEX] && id) {
		NL_SET_ERR_MSG_ATTR(info->extack, id,
				    "a device is named by index or by id, not by both");
		return -EINVAL;
	}
	if (id && !nla_len(id))
		goto err_id;
	if (!id && GENL_REQ_ATTR_CHECK(info, MEMDEV_A_DEV_INDEX)) {
		NL_SET_ERR_MSG(info->extack,
			       "no device named, by index or by id");
		return -EINVAL;
	}
	/* Those without a name do not share the empty one */
	if (!id || *(const char *)nla_data(id))
		return 0;
err_id:
	NL_SET_ERR_MSG_ATTR(info->extack, id, "no device has an empty id");
	return -EINVAL;
}

static const struct nlattr *memdev_nl_dev_name(struct nlattr **attrs)
{
	return attrs[MEMDEV_A_DEV_INDEX] ?: attrs[MEMDEV_A_DEV_ID];
}

int memdev_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct memory_device *md;
	struct sk_buff *reply;
	void *hdr;
	int rc;

	rc = memdev_nl_dev_check(info);
	if (rc)
		return rc;

	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &memdev_nl_family, 0,
				MEMDEV_CMD_DEV_GET);
	if (!hdr) {
		rc = -EMSGSIZE;
		goto err_free;
	}

	md = memdev_nl_dev_find(info->attrs);
	if (!md) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    memdev_nl_dev_name(info->attrs),
				    "there is no such device");
		rc = -ENODEV;
		goto err_free;
	}
	/* Its window stays as long as it is in the list */
	mutex_lock(&memdev_list_lock);
	rc = md->core->registered ?
	     memdev_nl_put_dev(reply, md->core, memdev_nl_admin(skb)) : -ENODEV;
	mutex_unlock(&memdev_list_lock);
	memdev_device_put(md);
	if (rc)
		goto err_free;
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);

err_free:
	nlmsg_free(reply);
	return rc;
}

static void *memdev_nl_dump_put(struct sk_buff *skb,
				struct netlink_callback *cb, u8 cmd)
{
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &memdev_nl_family, NLM_F_MULTI, cmd);
	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

/* Whoever asks for one gets told that this is for all */
static int memdev_nl_dump_check(struct netlink_callback *cb, int attr_max)
{
	struct nlattr **attrs = memdev_dump_attrs(cb);
	int i;

	for (i = 1; i <= attr_max; i++) {
		if (!attrs || !attrs[i])
			continue;
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[i],
				    "a dump is of all, and takes no attribute");
		return -EINVAL;
	}
	return 0;
}

int memdev_nl_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	bool admin = memdev_nl_admin(cb->skb);
	unsigned long id = cb->args[0];
	struct memdev_core *core;
	void *hdr;
	int rc;

	rc = memdev_nl_dump_check(cb, MEMDEV_A_DEV_ID);
	if (rc)
		return rc;

	mutex_lock(&memdev_list_lock);
	cb->seq = memdev_generation;
	for (; (core = memdev_device_next(&id)); id++) {
		hdr = memdev_nl_dump_put(skb, cb, MEMDEV_CMD_DEV_GET);
		rc = hdr ? memdev_nl_put_dev(skb, core, admin) : -EMSGSIZE;
		if (rc) {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	mutex_unlock(&memdev_list_lock);

	cb->args[0] = id;
	return skb->len ?: rc;
}

/* --- asking: windows ------------------------------------------------------ */

static int memdev_nl_put_window(struct sk_buff *skb, struct memdev_window *w,
				bool admin)
{
	struct memdev_alloc *a = &w->alloc;
	u64 limit, used, largest_free;
	unsigned int nr_slots;

	mutex_lock(&w->lock);
	limit = a->limit;
	used = a->used;
	nr_slots = a->nr_slots;
	largest_free = memdev_alloc_largest_free(a);
	mutex_unlock(&w->lock);

	if (nla_put_u32(skb, MEMDEV_A_WINDOW_INDEX, w->id) ||
	    (admin && nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_START, w->start,
					MEMDEV_A_WINDOW_PAD)) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_SIZE, w->size,
			      MEMDEV_A_WINDOW_PAD) ||
	    nla_put_s32(skb, MEMDEV_A_WINDOW_NODE, w->node) ||
	    nla_put_u32(skb, MEMDEV_A_WINDOW_SOURCE, w->source) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_LIMIT, limit,
			      MEMDEV_A_WINDOW_PAD) ||
	    nla_put_u32(skb, MEMDEV_A_WINDOW_SLOTS, nr_slots) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_USED, used,
			      MEMDEV_A_WINDOW_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_LARGEST_FREE, largest_free,
			      MEMDEV_A_WINDOW_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_BLOCK_SIZE,
			      memory_block_size_bytes(), MEMDEV_A_WINDOW_PAD))
		return -EMSGSIZE;
	return 0;
}

static int memdev_nl_window_check(struct genl_info *info)
{
	if (!GENL_REQ_ATTR_CHECK(info, MEMDEV_A_WINDOW_INDEX))
		return 0;
	NL_SET_ERR_MSG(info->extack, "no window named, by its index");
	return -EINVAL;
}

int memdev_nl_window_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct memdev_window *w;
	struct sk_buff *reply;
	void *hdr;
	int id, rc;

	rc = memdev_nl_window_check(info);
	if (rc)
		return rc;
	id = memdev_nl_index(info->attrs[MEMDEV_A_WINDOW_INDEX]);

	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &memdev_nl_family, 0,
				MEMDEV_CMD_WINDOW_GET);
	if (!hdr) {
		rc = -EMSGSIZE;
		goto err_free;
	}

	mutex_lock(&memdev_list_lock);
	w = memdev_window_next(id);
	rc = w && w->id == id ?
	     memdev_nl_put_window(reply, w, memdev_nl_admin(skb)) : -ENODEV;
	mutex_unlock(&memdev_list_lock);
	if (rc == -ENODEV)
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[MEMDEV_A_WINDOW_INDEX],
				    "there is no such window");
	if (rc)
		goto err_free;
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);

err_free:
	nlmsg_free(reply);
	return rc;
}

int memdev_nl_window_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	bool admin = memdev_nl_admin(cb->skb);
	struct memdev_window *w;
	int id = cb->args[0];
	void *hdr;
	int rc;

	rc = memdev_nl_dump_check(cb, MEMDEV_A_WINDOW_INDEX);
	if (rc)
		return rc;

	mutex_lock(&memdev_list_lock);
	cb->seq = memdev_generation;
	for (; (w = memdev_window_next(id)); id = w->id + 1) {
		hdr = memdev_nl_dump_put(skb, cb, MEMDEV_CMD_WINDOW_GET);
		rc = hdr ? memdev_nl_put_window(skb, w, admin) : -EMSGSIZE;
		if (rc) {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			break;
		}
		genlmsg_end(skb, hdr);
	}
	mutex_unlock(&memdev_list_lock);

	cb->args[0] = id;
	return skb->len ?: rc;
}

/* --- asking: blocks ------------------------------------------------------- */

/* Puts the run that starts with @first; returns the length of the run */
static int memdev_nl_put_run(struct sk_buff *skb, struct memdev_core *core,
			     unsigned int first, bool admin)
{
	enum memdev_block_state state;
	unsigned int nr;

	state = memdev_block_run(core, first, &nr);
	if (nla_put_u32(skb, MEMDEV_A_BLOCK_DEVICE, core->id) ||
	    nla_put_u32(skb, MEMDEV_A_BLOCK_FIRST, first) ||
	    nla_put_u32(skb, MEMDEV_A_BLOCK_COUNT, nr) ||
	    nla_put_u32(skb, MEMDEV_A_BLOCK_STATE, state) ||
	    (admin && nla_put_u64_64bit(skb, MEMDEV_A_BLOCK_ADDRESS,
					memdev_block_addr(core, first),
					MEMDEV_A_BLOCK_PAD)))
		return -EMSGSIZE;
	return nr;
}

static int memdev_nl_block_check(struct netlink_ext_ack *extack,
				 struct nlattr **attrs,
				 const struct memdev_core *core)
{
	const struct nlattr *first = attrs[MEMDEV_A_BLOCK_FIRST];

	if (!core) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[MEMDEV_A_BLOCK_DEVICE],
				    "there is no such device");
		return -ENODEV;
	}
	if (first && nla_get_u32(first) >= core->nr_blocks) {
		NL_SET_ERR_MSG_ATTR(extack, first,
				    "the device has fewer memory blocks");
		return -ERANGE;
	}
	return 0;
}

/* Under memdev_list_lock, which it stays under */
static struct memdev_core *memdev_nl_block_device(struct nlattr **attrs)
{
	unsigned long want = nla_get_u32(attrs[MEMDEV_A_BLOCK_DEVICE]);
	unsigned long id = want;
	struct memdev_core *core = memdev_device_next(&id);

	return id == want ? core : NULL;
}

int memdev_nl_block_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct memdev_core *core;
	struct sk_buff *reply;
	void *hdr;
	int rc;

	if (GENL_REQ_ATTR_CHECK(info, MEMDEV_A_BLOCK_DEVICE) ||
	    GENL_REQ_ATTR_CHECK(info, MEMDEV_A_BLOCK_FIRST)) {
		NL_SET_ERR_MSG(info->extack,
			       "a device and its first block have to be named");
		return -EINVAL;
	}

	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &memdev_nl_family, 0,
				MEMDEV_CMD_BLOCK_GET);
	if (!hdr) {
		rc = -EMSGSIZE;
		goto err_free;
	}

	mutex_lock(&memdev_list_lock);
	core = memdev_nl_block_device(info->attrs);
	rc = memdev_nl_block_check(info->extack, info->attrs, core);
	if (!rc)
		rc = memdev_nl_put_run(reply, core,
				       nla_get_u32(info->attrs[MEMDEV_A_BLOCK_FIRST]),
				       memdev_nl_admin(skb));
	mutex_unlock(&memdev_list_lock);
	if (rc < 0)
		goto err_free;
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);

err_free:
	nlmsg_free(reply);
	return rc;
}

/*
 * Where a dump of blocks is: the device in args[0], the block in args[1], and
 * in args[2] whether it has begun.
 */
static int memdev_nl_block_dump_start(struct netlink_callback *cb,
				      struct nlattr **attrs)
{
	struct memdev_core *core;
	int rc;

	if (cb->args[2])
		return 0;
	if (attrs && attrs[MEMDEV_A_BLOCK_FIRST] &&
	    !attrs[MEMDEV_A_BLOCK_DEVICE]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[MEMDEV_A_BLOCK_FIRST],
				    "the first block of which device?");
		return -EINVAL;
	}
	if (attrs && attrs[MEMDEV_A_BLOCK_DEVICE]) {
		core = memdev_nl_block_device(attrs);
		rc = memdev_nl_block_check(cb->extack, attrs, core);
		if (rc)
			return rc;
		cb->args[0] = core->id;
		if (attrs[MEMDEV_A_BLOCK_FIRST])
			cb->args[1] = nla_get_u32(attrs[MEMDEV_A_BLOCK_FIRST]);
	}
	cb->args[2] = 1;
	return 0;
}

static int memdev_nl_block_dump_device(struct sk_buff *skb,
				       struct netlink_callback *cb,
				       struct memdev_core *core, bool admin)
{
	void *hdr;
	int rc;

	while (cb->args[1] < core->nr_blocks) {
		hdr = memdev_nl_dump_put(skb, cb, MEMDEV_CMD_BLOCK_GET);
		rc = hdr ? memdev_nl_put_run(skb, core, cb->args[1], admin) :
			   -EMSGSIZE;
		if (rc < 0) {
			if (hdr)
				genlmsg_cancel(skb, hdr);
			return rc;
		}
		genlmsg_end(skb, hdr);
		cb->args[1] += rc;
	}
	return 0;
}

int memdev_nl_block_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = memdev_dump_attrs(cb);
	bool one = attrs && attrs[MEMDEV_A_BLOCK_DEVICE];
	bool admin = memdev_nl_admin(cb->skb);
	struct memdev_core *core;
	unsigned long id;
	int rc;

	mutex_lock(&memdev_list_lock);
	/* Any change of a block is one of those that are told */
	cb->seq = memdev_event_stamp();
	rc = memdev_nl_block_dump_start(cb, attrs);
	if (rc)
		goto out;

	id = cb->args[0];
	while ((core = memdev_device_next(&id))) {
		/* Another one, where the one that we were at has gone */
		if (id != cb->args[0])
			cb->args[1] = 0;
		if (one && id != nla_get_u32(attrs[MEMDEV_A_BLOCK_DEVICE]))
			break;
		cb->args[0] = id;
		rc = memdev_nl_block_dump_device(skb, cb, core, admin);
		if (rc)
			break;
		cb->args[0] = ++id;
		cb->args[1] = 0;
	}
out:
	mutex_unlock(&memdev_list_lock);
	return skb->len ?: rc;
}

/* --- changing: devices ---------------------------------------------------- */

static const u8 memdev_nl_dev_about[] = {
	[MEMDEV_ABOUT_NOTHING]		= 0,
	[MEMDEV_ABOUT_SIZE]		= MEMDEV_A_DEV_SIZE,
	[MEMDEV_ABOUT_ADDRESS]		= MEMDEV_A_DEV_ADDRESS,
	[MEMDEV_ABOUT_ALIGN]		= MEMDEV_A_DEV_ALIGN,
	[MEMDEV_ABOUT_SLOT]		= MEMDEV_A_DEV_SLOT,
	[MEMDEV_ABOUT_NODE]		= MEMDEV_A_DEV_NODE,
	[MEMDEV_ABOUT_WINDOW]		= MEMDEV_A_DEV_WINDOW,
	[MEMDEV_ABOUT_KIND]		= MEMDEV_A_DEV_KIND,
	[MEMDEV_ABOUT_ID]		= MEMDEV_A_DEV_ID,
	[MEMDEV_ABOUT_REQUESTED]	= MEMDEV_A_DEV_REQUESTED_SIZE,
	[MEMDEV_ABOUT_MEMMAP]		= MEMDEV_A_DEV_MEMMAP_ON_MEMORY,
};

static int memdev_nl_change(struct sk_buff *skb, struct genl_info *info,
			    const struct memdev_job_type *type)
{
	if (!memdev_nl_admin(skb)) {
		NL_SET_ERR_MSG(info->extack,
			       "changes need CAP_SYS_ADMIN in the initial user namespace");
		return -EPERM;
	}
	return memdev_job_start(type, skb, info);
}

/* A device is named, and nobody without the right to change it is told more */
static int memdev_nl_dev_change(struct sk_buff *skb, struct genl_info *info,
				const struct memdev_job_type *type)
{
	int rc = memdev_nl_admin(skb) ? memdev_nl_dev_check(info) : 0;

	return rc ?: memdev_nl_change(skb, info, type);
}

/* The device that a job is about; drop it by memdev_device_put() */
static struct memory_device *memdev_job_device(struct memdev_job *job)
{
	struct memory_device *md = memdev_nl_dev_find(job->attrs);

	if (!md) {
		memdev_refuse(&job->why, -ENODEV, "there is no such device");
		job->bad_attr = memdev_nl_dev_name(job->attrs);
	}
	return md;
}

static int memdev_job_dev_params(struct memdev_job *job,
				 struct memory_device_params *p)
{
	struct nlattr **attrs = job->attrs;
	struct memdev_reason *why = &job->why;

	*p = (struct memory_device_params){
		.kind = "virtio-mem",
		.window = -1,
		.node = NUMA_NO_NODE,
		.slot = -1,
		.size = nla_get_u64(attrs[MEMDEV_A_DEV_SIZE]),
	};
	if (attrs[MEMDEV_A_DEV_KIND])
		nla_strscpy(p->kind, attrs[MEMDEV_A_DEV_KIND], sizeof(p->kind));
	if (attrs[MEMDEV_A_DEV_ID])
		nla_strscpy(p->id, attrs[MEMDEV_A_DEV_ID], sizeof(p->id));
	if (attrs[MEMDEV_A_DEV_WINDOW])
		p->window = memdev_nl_index(attrs[MEMDEV_A_DEV_WINDOW]);
	if (attrs[MEMDEV_A_DEV_NODE])
		p->node = nla_get_s32(attrs[MEMDEV_A_DEV_NODE]);
	if (attrs[MEMDEV_A_DEV_SLOT])
		p->slot = nla_get_s32(attrs[MEMDEV_A_DEV_SLOT]);
	if (attrs[MEMDEV_A_DEV_ADDRESS])
		p->addr = nla_get_u64(attrs[MEMDEV_A_DEV_ADDRESS]);
	if (attrs[MEMDEV_A_DEV_ALIGN])
		p->align = nla_get_u64(attrs[MEMDEV_A_DEV_ALIGN]);

	if (attrs[MEMDEV_A_DEV_ID] && !memdev_id_is_good(p->id))
		return memdev_refuse_about(why, MEMDEV_ABOUT_ID, -EINVAL,
					   "an id is made of letters, digits, dots, dashes and underscores, and is not the number of a device");
	/* Within the kernel they mean that none was asked for */
	if (attrs[MEMDEV_A_DEV_ADDRESS] && !p->addr)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EINVAL,
					   "0 is no address of a device");
	if (attrs[MEMDEV_A_DEV_ALIGN] && !p->align)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ALIGN, -EINVAL,
					   "0 is no alignment");
	return 0;
}

static int memdev_job_dev_new(struct memdev_job *job)
{
	struct memory_device_params params;
	int rc;

	rc = memdev_job_dev_params(job, &params) ?: memdev_bus_enter();
	if (rc)
		return rc;
	rc = memdev_bus_new_device(&params, &job->why);
	return memdev_bus_leave(rc, &job->why);
}

int memdev_nl_dev_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.run = memdev_job_dev_new,
		.makes = true,
		.attr_of = memdev_nl_dev_about,
		.attr_max = MEMDEV_A_DEV_SLOT,
	};

	if (memdev_nl_admin(skb) &&
	    GENL_REQ_ATTR_CHECK(info, MEMDEV_A_DEV_SIZE)) {
		NL_SET_ERR_MSG(info->extack, "a device needs a size");
		return -EINVAL;
	}
	return memdev_nl_change(skb, info, &type);
}

static int memdev_job_dev_del(struct memdev_job *job)
{
	struct memory_device *md;
	int rc;

	rc = memdev_bus_enter();
	if (rc)
		return rc;
	md = memdev_job_device(job);
	if (md) {
		rc = memdev_bus_del_device(md, &job->why);
		memdev_device_put(md);
	} else {
		rc = -ENODEV;
	}
	return memdev_bus_leave(rc, &job->why);
}

int memdev_nl_dev_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.run = memdev_job_dev_del,
		.attr_of = memdev_nl_dev_about,
		.attr_max = MEMDEV_A_DEV_ID,
	};

	return memdev_nl_dev_change(skb, info, &type);
}

static int memdev_job_dev_set(struct memdev_job *job)
{
	struct memdev_settings set = {};
	struct nlattr **attrs = job->attrs;
	struct memory_device *md;
	int rc;

	if (attrs[MEMDEV_A_DEV_REQUESTED_SIZE]) {
		set.has |= MEMDEV_SET_REQUESTED;
		set.requested = nla_get_u64(attrs[MEMDEV_A_DEV_REQUESTED_SIZE]);
	}
	if (attrs[MEMDEV_A_DEV_ONLINE_TYPE]) {
		set.has |= MEMDEV_SET_ONLINE_TYPE;
		set.online_type = nla_get_u32(attrs[MEMDEV_A_DEV_ONLINE_TYPE]);
	}
	if (attrs[MEMDEV_A_DEV_MEMMAP_ON_MEMORY]) {
		set.has |= MEMDEV_SET_MEMMAP;
		set.memmap_on_memory =
			nla_get_u8(attrs[MEMDEV_A_DEV_MEMMAP_ON_MEMORY]);
	}
	if (attrs[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS]) {
		set.has |= MEMDEV_SET_TIMEOUT;
		set.timeout_ms =
			nla_get_u32(attrs[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS]);
	}

	md = memdev_job_device(job);
	if (!md)
		return -ENODEV;
	rc = memdev_core_set(md->core, &set, &job->why);
	memdev_device_put(md);
	return rc;
}

static int memdev_nl_set_check(struct genl_info *info)
{
	const struct nlattr *timeout;

	timeout = info->attrs[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS];
	if (timeout && nla_get_u32(timeout) > MEMDEV_TIMEOUT_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, timeout,
				    "the deadline is too long");
		return -ERANGE;
	}
	if (timeout || info->attrs[MEMDEV_A_DEV_REQUESTED_SIZE] ||
	    info->attrs[MEMDEV_A_DEV_ONLINE_TYPE] ||
	    info->attrs[MEMDEV_A_DEV_MEMMAP_ON_MEMORY])
		return 0;
	NL_SET_ERR_MSG(info->extack, "there is nothing to set");
	return -EINVAL;
}

int memdev_nl_dev_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.run = memdev_job_dev_set,
		.attr_of = memdev_nl_dev_about,
		.attr_max = MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS,
	};

	int rc = memdev_nl_admin(skb) ? memdev_nl_set_check(info) : 0;

	return rc ?: memdev_nl_dev_change(skb, info, &type);
}

static int memdev_job_dev_op(struct memdev_job *job, enum memdev_op op)
{
	const struct nlattr *size = job->attrs[MEMDEV_A_DEV_SIZE];
	struct memory_device *md;
	int rc;

	md = memdev_job_device(job);
	if (!md)
		return -ENODEV;
	rc = memdev_core_op(md->core, op,
			    size ? nla_get_u64(size) : MEMORY_DEVICE_ALL,
			    &job->why);
	memdev_device_put(md);
	return rc;
}

static int memdev_job_dev_plug(struct memdev_job *job)
{
	return memdev_job_dev_op(job, MEMDEV_OP_PLUG);
}

static int memdev_job_dev_unplug(struct memdev_job *job)
{
	return memdev_job_dev_op(job, MEMDEV_OP_UNPLUG);
}

static int memdev_nl_amount_check(struct genl_info *info)
{
	const struct nlattr *size = info->attrs[MEMDEV_A_DEV_SIZE];
	const struct nlattr *all = info->attrs[MEMDEV_A_DEV_ALL];

	if (size && all) {
		NL_SET_ERR_MSG_ATTR(info->extack, all,
				    "a size, or all; not both");
		return -EINVAL;
	}
	if (!all && GENL_REQ_ATTR_CHECK(info, MEMDEV_A_DEV_SIZE)) {
		NL_SET_ERR_MSG(info->extack, "neither a size nor all is there");
		return -EINVAL;
	}
	/* Within the kernel it means all */
	if (size && !nla_get_u64(size)) {
		NL_SET_ERR_MSG_ATTR(info->extack, size,
				    "0 bytes are nothing to do");
		return -EINVAL;
	}
	return 0;
}

static int memdev_nl_op(struct sk_buff *skb, struct genl_info *info,
			const struct memdev_job_type *type)
{
	int rc = memdev_nl_admin(skb) ? memdev_nl_amount_check(info) : 0;

	return rc ?: memdev_nl_dev_change(skb, info, type);
}

int memdev_nl_dev_plug_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.run = memdev_job_dev_plug,
		.attr_of = memdev_nl_dev_about,
		.attr_max = MEMDEV_A_DEV_ALL,
	};

	return memdev_nl_op(skb, info, &type);
}

int memdev_nl_dev_unplug_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.run = memdev_job_dev_unplug,
		.attr_of = memdev_nl_dev_about,
		.attr_max = MEMDEV_A_DEV_ALL,
	};

	return memdev_nl_op(skb, info, &type);
}

/* --- changing: windows ---------------------------------------------------- */

static const u8 memdev_nl_window_about[] = {
	[MEMDEV_ABOUT_SIZE]		= MEMDEV_A_WINDOW_SIZE,
	[MEMDEV_ABOUT_ADDRESS]		= MEMDEV_A_WINDOW_START,
	[MEMDEV_ABOUT_NODE]		= MEMDEV_A_WINDOW_NODE,
	[MEMDEV_ABOUT_WINDOW]		= MEMDEV_A_WINDOW_INDEX,
	/* As long as the other */
	[MEMDEV_ABOUT_MEMMAP]		= 0,
};

static int memdev_job_window_new(struct memdev_job *job)
{
	struct nlattr **attrs = job->attrs;
	struct memdev_window_spec spec = {
		.size = nla_get_u64(attrs[MEMDEV_A_WINDOW_SIZE]),
		.node = NUMA_NO_NODE,
		.carve = !attrs[MEMDEV_A_WINDOW_START],
	};
	int rc;

	if (!spec.size)
		return memdev_refuse_about(&job->why, MEMDEV_ABOUT_SIZE,
					   -EINVAL, "a window needs a size");
	if (attrs[MEMDEV_A_WINDOW_START])
		spec.start = nla_get_u64(attrs[MEMDEV_A_WINDOW_START]);
	if (attrs[MEMDEV_A_WINDOW_NODE])
		spec.node = nla_get_s32(attrs[MEMDEV_A_WINDOW_NODE]);

	rc = memdev_bus_enter();
	if (rc)
		return rc;
	rc = memdev_window_create(&spec, &job->why);
	return memdev_bus_leave(rc, &job->why);
}

int memdev_nl_window_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.run = memdev_job_window_new,
		.makes = true,
		.attr_of = memdev_nl_window_about,
		.attr_max = MEMDEV_A_WINDOW_NODE,
	};

	if (memdev_nl_admin(skb) &&
	    GENL_REQ_ATTR_CHECK(info, MEMDEV_A_WINDOW_SIZE)) {
		NL_SET_ERR_MSG(info->extack, "a window needs a size");
		return -EINVAL;
	}
	return memdev_nl_change(skb, info, &type);
}

static int memdev_job_window_del(struct memdev_job *job)
{
	int rc;

	rc = memdev_bus_enter();
	if (rc)
		return rc;
	rc = memdev_window_destroy(memdev_nl_index(job->attrs[MEMDEV_A_WINDOW_INDEX]),
				   &job->why);
	return memdev_bus_leave(rc, &job->why);
}

int memdev_nl_window_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct memdev_job_type type = {
		.run = memdev_job_window_del,
		.attr_of = memdev_nl_window_about,
		.attr_max = MEMDEV_A_WINDOW_INDEX,
	};
	int rc = memdev_nl_admin(skb) ? memdev_nl_window_check(info) : 0;

	return rc ?: memdev_nl_change(skb, info, &type);
}

/* --- the family ----------------------------------------------------------- */

/* Who listens to the first gets physical addresses */
static const struct genl_multicast_group memdev_nl_groups[] = {
	[MEMDEV_NLGRP_MONITOR] = {
		.name = MEMDEV_MCGRP_MONITOR,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
	[MEMDEV_NLGRP_MONITOR_PUBLIC] = {
		.name = MEMDEV_MCGRP_MONITOR_PUBLIC,
	},
};

/* One for the machine, in the initial network namespace */
static struct genl_family memdev_nl_family __ro_after_init = {
	.name		= MEMDEV_FAMILY_NAME,
	.version	= MEMDEV_FAMILY_VERSION,
	.maxattr	= MEMDEV_A_DEV_MAX,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= memdev_nl_ops,
	.n_ops		= ARRAY_SIZE(memdev_nl_ops),
	.mcgrps		= memdev_nl_groups,
	.n_mcgrps	= ARRAY_SIZE(memdev_nl_groups),
};

/**
 * memdev_netlink_init() - be there for those who speak netlink
 *
 * Return: 0 or a negative errno.
 */
int __init memdev_netlink_init(void)
{
	int rc;

	BUILD_BUG_ON(ARRAY_SIZE(memdev_nl_dev_about) !=
		     ARRAY_SIZE(memdev_nl_window_about));

	rc = memdev_jobs_init(&memdev_nl_family);
	if (rc)
		return rc;
	rc = genl_register_family(&memdev_nl_family);
	if (rc) {
		memdev_jobs_exit();
		return rc;
	}
	memdev_event_open(&memdev_nl_family);
	return 0;
}

/**
 * memdev_netlink_exit() - be there no more
 */
void memdev_netlink_exit(void)
{
	memdev_event_close();
	genl_unregister_family(&memdev_nl_family);
	memdev_jobs_exit();
}
