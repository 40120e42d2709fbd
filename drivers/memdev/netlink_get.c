// SPDX-License-Identifier: GPL-2.0
/*
 * Information on devices, windows and memory blocks over generic netlink.
 *
 * A dump goes by device or window number, so that it can continue if devices or
 * windows are added or removed meanwhile. NLM_F_DUMP_INTR then marks the dump
 * as inconsistent.
 */
#include <linux/err.h>
#include <linux/netlink.h>

#include "netlink_request.h"
#include "window.h"

/* --- messages ------------------------------------------------------------- */

static struct sk_buff *memdev_nl_reply_new(struct genl_info *info, void **hdr)
{
	struct sk_buff *reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!reply)
		return NULL;
	*hdr = genlmsg_put_reply(reply, info, memdev_nl_family, 0,
				 info->genlhdr->cmd);
	if (*hdr)
		return reply;
	nlmsg_free(reply);
	return NULL;
}

/* Send a reply, or free it if @rc is an errno; return what the handler returns */
static int memdev_nl_reply(struct sk_buff *reply, void *hdr,
			   struct genl_info *info, int rc)
{
	if (rc < 0) {
		nlmsg_free(reply);
		return rc;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/* Start a message of a dump; return NULL if it does not fit */
static void *memdev_nl_dump_put(struct sk_buff *skb,
				struct netlink_callback *cb, u8 cmd)
{
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  memdev_nl_family, NLM_F_MULTI, cmd);
	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

/* Complete a message of a dump, or cancel it if @rc says that it did not fit */
static void memdev_nl_dump_end(struct sk_buff *skb, void *hdr, int rc)
{
	if (rc < 0)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
}

/* Check that a dump request has no attributes */
static int memdev_nl_dump_check(struct netlink_callback *cb, u8 cmd)
{
	struct nlattr **attrs = memdev_dump_attrs(cb);
	unsigned int i;

	for (i = 1; i <= memdev_nl_attr_max(cmd); i++) {
		if (attrs && attrs[i])
			return memdev_nl_refuse(cb->extack, attrs[i], -EINVAL,
						"a dump takes no attributes");
	}
	return 0;
}

/* --- devices -------------------------------------------------------------- */

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

/* Put the properties that never change */
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

/* Put the properties that change, as a snapshot under core->lock */
static int memdev_nl_put_dev_state(struct sk_buff *skb,
				   struct memdev_core *core,
				   const struct memory_device_info *info,
				   bool admin)
{
	const struct memory_device_ops *ops = core->md->ops;
	u64 plugged, requested;
	int rc;

	spin_lock(&core->lock);
	plugged = memdev_plugged_size(core);
	requested = core->requested;
	/* The provider's values override the core's */
	if (ops->get_plugged_size || ops->fill_device_info) {
		plugged = info->plugged_size;
		requested = info->requested_size;
	}
	rc = nla_put_u32(skb, MEMDEV_A_DEV_STATE, memdev_state(core)) ?:
	     memdev_nl_put_size(skb, MEMDEV_A_DEV_PLUGGED_SIZE, plugged) ?:
	     memdev_nl_put_size(skb, MEMDEV_A_DEV_REQUESTED_SIZE, requested) ?:
	     memdev_nl_put_size(skb, MEMDEV_A_DEV_ONLINE_SIZE,
				memdev_online_size(core)) ?:
	     memdev_nl_put_size(skb, MEMDEV_A_DEV_RETIRED_SIZE,
				memdev_blocks_size(core, core->retired)) ?:
	     memdev_nl_put_stats(skb, MEMDEV_A_DEV_PLUG_STATS,
				 &core->stats[0]) ?:
	     memdev_nl_put_stats(skb, MEMDEV_A_DEV_UNPLUG_STATS,
				 &core->stats[1]) ?:
	     nla_put_string(skb, MEMDEV_A_DEV_LAST_ERROR,
			    core->last_error.text);
	if (!rc && core->failure.op != MEMDEV_OP_NONE)
		rc = memdev_put_refusal(skb, MEMDEV_A_DEV_REFUSAL, core,
					&core->failure, &core->last_error,
					admin);
	spin_unlock(&core->lock);
	return rc;
}

static int memdev_nl_put_dev(struct sk_buff *skb, struct memdev_core *core,
			     bool admin)
{
	struct memory_device_info info;

	memory_device_get_info(core->md, &info);
	if (memdev_nl_put_dev_fixed(skb, core, &info, admin) ||
	    nla_put_u32(skb, MEMDEV_A_DEV_ONLINE_TYPE,
			READ_ONCE(core->online_type)) ||
	    nla_put_u8(skb, MEMDEV_A_DEV_MEMMAP_ON_MEMORY,
		       READ_ONCE(core->memmap_on_memory)) ||
	    nla_put_u32(skb, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS,
			READ_ONCE(core->timeout_ms)))
		return -EMSGSIZE;
	return memdev_nl_put_dev_state(skb, core, &info, admin);
}

int memdev_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct memdev_core *core;
	struct sk_buff *reply;
	void *hdr;
	int rc;

	rc = memdev_nl_dev_check(info);
	if (rc)
		return rc;
	reply = memdev_nl_reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&memdev_list_lock);
	core = memdev_device_find(memdev_nl_dev_index(attrs[MEMDEV_A_DEV_INDEX]),
				  memdev_nl_dev_id(attrs[MEMDEV_A_DEV_ID]));
	rc = core ? memdev_nl_put_dev(reply, core, memdev_nl_admin(skb)) :
		    memdev_nl_refuse(info->extack, memdev_nl_dev_name(attrs),
				     -ENODEV, "there is no such device");
	mutex_unlock(&memdev_list_lock);
	return memdev_nl_reply(reply, hdr, info, rc);
}

int memdev_nl_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	bool admin = memdev_nl_admin(cb->skb);
	unsigned long id = cb->args[0];
	struct memdev_core *core;
	void *hdr;
	int rc;

	rc = memdev_nl_dump_check(cb, MEMDEV_CMD_DEV_GET);
	if (rc)
		return rc;

	mutex_lock(&memdev_list_lock);
	cb->seq = memdev_generation;
	for (; (core = memdev_device_next(&id)); id++) {
		hdr = memdev_nl_dump_put(skb, cb, MEMDEV_CMD_DEV_GET);
		rc = hdr ? memdev_nl_put_dev(skb, core, admin) : -EMSGSIZE;
		memdev_nl_dump_end(skb, hdr, rc);
		if (rc)
			break;
	}
	mutex_unlock(&memdev_list_lock);

	cb->args[0] = id;
	return skb->len ?: rc;
}

/* --- windows -------------------------------------------------------------- */

static int memdev_nl_put_window(struct sk_buff *skb, struct memdev_window *w,
				bool admin)
{
	struct memdev_alloc *a = &w->alloc;
	int rc = 0;

	mutex_lock(&w->lock);
	if (nla_put_u32(skb, MEMDEV_A_WINDOW_INDEX, w->id) ||
	    (admin && nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_START, w->start,
					MEMDEV_A_WINDOW_PAD)) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_SIZE, w->size,
			      MEMDEV_A_WINDOW_PAD) ||
	    nla_put_s32(skb, MEMDEV_A_WINDOW_NODE, w->node) ||
	    nla_put_u32(skb, MEMDEV_A_WINDOW_SOURCE, w->source) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_LIMIT, a->limit,
			      MEMDEV_A_WINDOW_PAD) ||
	    nla_put_u32(skb, MEMDEV_A_WINDOW_SLOTS, a->nr_slots) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_USED, a->used,
			      MEMDEV_A_WINDOW_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_LARGEST_FREE,
			      memdev_alloc_largest_free(a),
			      MEMDEV_A_WINDOW_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_WINDOW_BLOCK_SIZE,
			      memory_block_size_bytes(), MEMDEV_A_WINDOW_PAD))
		rc = -EMSGSIZE;
	mutex_unlock(&w->lock);
	return rc;
}

int memdev_nl_window_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *index = info->attrs[MEMDEV_A_WINDOW_INDEX];
	struct memdev_window *w;
	struct sk_buff *reply;
	void *hdr;
	int id, rc;

	rc = memdev_nl_window_check(info);
	if (rc)
		return rc;
	id = nla_get_u32(index);
	reply = memdev_nl_reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&memdev_list_lock);
	w = memdev_window_next(id);
	rc = w && w->id == id ?
	     memdev_nl_put_window(reply, w, memdev_nl_admin(skb)) :
	     memdev_nl_refuse(info->extack, index, -ENODEV,
			      "there is no such window");
	mutex_unlock(&memdev_list_lock);
	return memdev_nl_reply(reply, hdr, info, rc);
}

int memdev_nl_window_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb)
{
	bool admin = memdev_nl_admin(cb->skb);
	struct memdev_window *w;
	int id = cb->args[0];
	void *hdr;
	int rc;

	rc = memdev_nl_dump_check(cb, MEMDEV_CMD_WINDOW_GET);
	if (rc)
		return rc;

	mutex_lock(&memdev_list_lock);
	cb->seq = memdev_generation;
	for (; (w = memdev_window_next(id)); id = w->id + 1) {
		hdr = memdev_nl_dump_put(skb, cb, MEMDEV_CMD_WINDOW_GET);
		rc = hdr ? memdev_nl_put_window(skb, w, admin) : -EMSGSIZE;
		memdev_nl_dump_end(skb, hdr, rc);
		if (rc)
			break;
	}
	mutex_unlock(&memdev_list_lock);

	cb->args[0] = id;
	return skb->len ?: rc;
}

/* --- blocks --------------------------------------------------------------- */

/* Put the run of blocks that starts at @first; return its length */
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

/* Find the device that a request names; check the first block, if given */
static struct memdev_core *
memdev_nl_block_device(struct netlink_ext_ack *extack, struct nlattr **attrs)
{
	const struct nlattr *device = attrs[MEMDEV_A_BLOCK_DEVICE];
	const struct nlattr *first = attrs[MEMDEV_A_BLOCK_FIRST];
	struct memdev_core *core;

	core = memdev_device_find(memdev_nl_dev_index(device), NULL);
	if (!core)
		return ERR_PTR(memdev_nl_refuse(extack, device, -ENODEV,
						"there is no such device"));
	if (first && nla_get_u32(first) >= core->nr_blocks)
		return ERR_PTR(memdev_nl_refuse(extack, first, -ERANGE,
						"the block is out of range"));
	return core;
}

int memdev_nl_block_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *first = info->attrs[MEMDEV_A_BLOCK_FIRST];
	struct memdev_core *core;
	struct sk_buff *reply;
	void *hdr;
	int rc;

	if (GENL_REQ_ATTR_CHECK(info, MEMDEV_A_BLOCK_DEVICE) ||
	    GENL_REQ_ATTR_CHECK(info, MEMDEV_A_BLOCK_FIRST))
		return memdev_nl_refuse(info->extack, NULL, -EINVAL,
					"'device' and 'first' are required");

	reply = memdev_nl_reply_new(info, &hdr);
	if (!reply)
		return -ENOMEM;

	mutex_lock(&memdev_list_lock);
	core = memdev_nl_block_device(info->extack, info->attrs);
	rc = IS_ERR(core) ? PTR_ERR(core) :
			    memdev_nl_put_run(reply, core, nla_get_u32(first),
					      memdev_nl_admin(skb));
	mutex_unlock(&memdev_list_lock);
	return memdev_nl_reply(reply, hdr, info, rc);
}

/*
 * Set the start of a dump of blocks: args[0] is the device and args[1] the
 * block to continue with, and args[2] is set once the dump has started.
 */
static int memdev_nl_block_dump_start(struct netlink_callback *cb,
				      struct nlattr **attrs)
{
	struct memdev_core *core;

	if (cb->args[2])
		return 0;
	if (attrs && attrs[MEMDEV_A_BLOCK_FIRST] &&
	    !attrs[MEMDEV_A_BLOCK_DEVICE])
		return memdev_nl_refuse(cb->extack, attrs[MEMDEV_A_BLOCK_FIRST],
					-EINVAL,
					"'first' requires a device");
	if (attrs && attrs[MEMDEV_A_BLOCK_DEVICE]) {
		core = memdev_nl_block_device(cb->extack, attrs);
		if (IS_ERR(core))
			return PTR_ERR(core);
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
		memdev_nl_dump_end(skb, hdr, rc);
		if (rc < 0)
			return rc;
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
	/* Each block change sends a notification, which changes the stamp */
	cb->seq = memdev_event_stamp();
	rc = memdev_nl_block_dump_start(cb, attrs);
	if (rc)
		goto out;

	id = cb->args[0];
	while ((core = memdev_device_next(&id))) {
		/* If device args[0] is gone, begin at block 0 of the next */
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
