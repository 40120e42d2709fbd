// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink notifications to the monitor groups, in the order of the changes.
 *
 * Changes happen under spinlocks and mm locks. Notifications are sent under the
 * same locks, so their allocations cannot sleep and may fail: a listener that
 * misses a notification sees a gap in the sequence numbers.
 */
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "internal.h"
#include "netlink-gen.h"
#include "window.h"

/* Maximum size of a message without a refusal, and of the refusal */
#define MEMDEV_EVENT_LEN	384
#define MEMDEV_REFUSAL_LEN	(128 + MEMDEV_REASON_LEN)

/*
 * Protects the variables below it, and keeps notifications in the order of
 * their sequence numbers. No other lock of memdev is taken under it.
 */
static DEFINE_SPINLOCK(memdev_event_lock);
static const struct genl_family *memdev_event_family;
static u64 memdev_event_seq;

/**
 * struct memdev_event - a notification
 * @cmd: MEMDEV_CMD_*_NTF
 * @core: the device, or NULL
 * @window: the window, or NULL
 * @was: size before the change in bytes
 * @is: size after the change in bytes
 * @block: the first block that changed
 * @nr: number of blocks
 * @op: the operation that begins
 * @asked: bytes that it is to plug or unplug
 */
struct memdev_event {
	u8 cmd;
	struct memdev_core *core;
	const struct memdev_window *window;
	u64 was;
	u64 is;
	unsigned int block;
	unsigned int nr;
	enum memdev_op op;
	u64 asked;
};

/**
 * memdev_put_refusal() - put the failure of an operation into a message
 * @skb: the message
 * @attr: the nested attribute for the failure
 * @core: the device
 * @failure: the operation and the errno
 * @why: the reason
 * @admin: include physical addresses
 *
 * Context: under core->lock if @failure and @why are members of @core.
 * Return: 0, or -EMSGSIZE if the message is full.
 */
int memdev_put_refusal(struct sk_buff *skb, int attr, struct memdev_core *core,
		       const struct memdev_failure *failure,
		       const struct memdev_reason *why, bool admin)
{
	struct nlattr *nest;
	char memory[24];
	u64 addr;

	nest = nla_nest_start(skb, attr);
	if (!nest ||
	    nla_put_u32(skb, MEMDEV_A_REFUSAL_OP, failure->op) ||
	    nla_put_u32(skb, MEMDEV_A_REFUSAL_ERRNO, -failure->rc) ||
	    nla_put_string(skb, MEMDEV_A_REFUSAL_REASON, why->text) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_REFUSAL_ASKED, why->asked,
			      MEMDEV_A_REFUSAL_PAD) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_REFUSAL_DONE, why->done,
			      MEMDEV_A_REFUSAL_PAD))
		return -EMSGSIZE;
	if (why->at_block &&
	    nla_put_u32(skb, MEMDEV_A_REFUSAL_BLOCK, why->block))
		return -EMSGSIZE;
	if (why->at_block && admin) {
		addr = memdev_block_addr(core, why->block);
		snprintf(memory, sizeof(memory), "memory%llu",
			 div64_u64(addr, core->block_size));
		if (nla_put_u64_64bit(skb, MEMDEV_A_REFUSAL_ADDRESS, addr,
				      MEMDEV_A_REFUSAL_PAD) ||
		    nla_put_string(skb, MEMDEV_A_REFUSAL_MEMORY, memory))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int memdev_event_put_block(struct sk_buff *skb,
				  const struct memdev_event *e, bool admin)
{
	return nla_put_u32(skb, MEMDEV_A_EVENT_BLOCK, e->block) ?:
	       !admin ? 0 :
	       nla_put_u64_64bit(skb, MEMDEV_A_EVENT_ADDRESS,
				 memdev_block_addr(e->core, e->block),
				 MEMDEV_A_EVENT_PAD);
}

static int memdev_event_put_settings(struct sk_buff *skb,
				     const struct memdev_core *core)
{
	lockdep_assert_held(&core->lock);
	return nla_put_u64_64bit(skb, MEMDEV_A_EVENT_REQUESTED_SIZE,
				 core->requested, MEMDEV_A_EVENT_PAD) ?:
	       nla_put_u32(skb, MEMDEV_A_EVENT_ONLINE_TYPE,
			   core->online_type) ?:
	       nla_put_u8(skb, MEMDEV_A_EVENT_MEMMAP_ON_MEMORY,
			  core->memmap_on_memory) ?:
	       nla_put_u32(skb, MEMDEV_A_EVENT_UNPLUG_TIMEOUT_MS,
			   core->timeout_ms);
}

static int memdev_event_put_device(struct sk_buff *skb,
				   const struct memdev_event *e, bool admin)
{
	struct memdev_core *core = e->core;
	const struct memory_device *md = core->md;

	if (nla_put_u32(skb, MEMDEV_A_EVENT_DEVICE, core->id) ||
	    (md->id[0] && nla_put_string(skb, MEMDEV_A_EVENT_ID, md->id)))
		return -EMSGSIZE;

	switch (e->cmd) {
	case MEMDEV_CMD_DEV_NEW_NTF:
	case MEMDEV_CMD_DEV_DEL_NTF:
		if (nla_put_u32(skb, MEMDEV_A_EVENT_WINDOW, core->window->id) ||
		    nla_put_string(skb, MEMDEV_A_EVENT_KIND, md->ops->kind) ||
		    nla_put_u64_64bit(skb, MEMDEV_A_EVENT_SIZE, core->size,
				      MEMDEV_A_EVENT_PAD))
			return -EMSGSIZE;
		return !admin ? 0 :
			nla_put_u64_64bit(skb, MEMDEV_A_EVENT_ADDRESS,
					  core->start, MEMDEV_A_EVENT_PAD);
	case MEMDEV_CMD_DEV_REFUSED_NTF:
		lockdep_assert_held(&core->lock);
		return memdev_put_refusal(skb, MEMDEV_A_EVENT_REFUSAL, core,
					  &core->failure, &core->last_error,
					  admin);
	case MEMDEV_CMD_DEV_RETIRED_NTF:
		return memdev_event_put_block(skb, e, admin);
	case MEMDEV_CMD_DEV_BEGIN_NTF:
		return nla_put_u32(skb, MEMDEV_A_EVENT_OP, e->op) ?:
		       nla_put_u64_64bit(skb, MEMDEV_A_EVENT_ASKED, e->asked,
					 MEMDEV_A_EVENT_PAD);
	case MEMDEV_CMD_DEV_SET_NTF:
		return memdev_event_put_settings(skb, core);
	default:
		return nla_put_u64_64bit(skb, MEMDEV_A_EVENT_OLD_SIZE, e->was,
					 MEMDEV_A_EVENT_PAD) ?:
		       nla_put_u64_64bit(skb, MEMDEV_A_EVENT_NEW_SIZE, e->is,
					 MEMDEV_A_EVENT_PAD) ?:
		       nla_put_u32(skb, MEMDEV_A_EVENT_COUNT, e->nr) ?:
		       memdev_event_put_block(skb, e, admin);
	}
}

static int memdev_event_put_window(struct sk_buff *skb,
				   const struct memdev_window *w, bool admin)
{
	if (nla_put_u32(skb, MEMDEV_A_EVENT_WINDOW, w->id) ||
	    nla_put_u64_64bit(skb, MEMDEV_A_EVENT_SIZE, w->size,
			      MEMDEV_A_EVENT_PAD))
		return -EMSGSIZE;
	return !admin ? 0 :
		nla_put_u64_64bit(skb, MEMDEV_A_EVENT_ADDRESS, w->start,
				  MEMDEV_A_EVENT_PAD);
}

static void memdev_event_multicast(unsigned int group,
				   const struct memdev_event *e, bool admin)
{
	struct sk_buff *skb;
	void *hdr;
	int rc;

	if (!genl_has_listeners(memdev_event_family, &init_net, group))
		return;
	skb = genlmsg_new(MEMDEV_EVENT_LEN +
			  (e->cmd == MEMDEV_CMD_DEV_REFUSED_NTF ?
			   MEMDEV_REFUSAL_LEN : 0),
			  GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, memdev_event_family, 0, e->cmd);
	if (!hdr)
		goto err_free;
	rc = nla_put_u64_64bit(skb, MEMDEV_A_EVENT_SEQ, memdev_event_seq,
			       MEMDEV_A_EVENT_PAD) ?:
	     (e->core ? memdev_event_put_device(skb, e, admin) :
			memdev_event_put_window(skb, e->window, admin));
	if (WARN_ON_ONCE(rc))
		goto err_free;
	genlmsg_end(skb, hdr);
	genlmsg_multicast(memdev_event_family, skb, 0, group,
			  GFP_ATOMIC | __GFP_NOWARN);
	return;

err_free:
	nlmsg_free(skb);
}

static void memdev_event_send(const struct memdev_event *e)
{
	spin_lock(&memdev_event_lock);
	if (memdev_event_family) {
		memdev_event_seq++;
		memdev_event_multicast(MEMDEV_NLGRP_MONITOR, e, true);
		memdev_event_multicast(MEMDEV_NLGRP_MONITOR_PUBLIC, e, false);
	}
	spin_unlock(&memdev_event_lock);
}

/**
 * memdev_event_device() - notify of a change that @core itself describes
 * @core: the device
 * @cmd: MEMDEV_CMD_DEV_NEW_NTF, MEMDEV_CMD_DEV_DEL_NTF, or, under core->lock,
 *	 MEMDEV_CMD_DEV_REFUSED_NTF or MEMDEV_CMD_DEV_SET_NTF
 */
void memdev_event_device(struct memdev_core *core, u8 cmd)
{
	const struct memdev_event e = { .cmd = cmd, .core = core };

	memdev_event_send(&e);
}

/**
 * memdev_event_size() - notify that the plugged or online size has changed
 * @core: the device
 * @cmd: MEMDEV_CMD_DEV_PLUGGED_NTF or MEMDEV_CMD_DEV_ONLINE_NTF
 * @block: the first block that changed
 * @nr: number of blocks, from the first to the last that changed
 * @was: size before the change in bytes
 *
 * Context: under core->lock.
 */
void memdev_event_size(struct memdev_core *core, u8 cmd, unsigned int block,
		       unsigned int nr, u64 was)
{
	const struct memdev_event e = {
		.cmd = cmd, .core = core, .block = block, .nr = nr, .was = was,
		.is = cmd == MEMDEV_CMD_DEV_PLUGGED_NTF ?
		      memdev_plugged_size(core) : memdev_online_size(core),
	};

	lockdep_assert_held(&core->lock);
	memdev_event_send(&e);
}

/**
 * memdev_event_begin() - notify that an operation begins
 * @core: the device
 * @op: MEMDEV_OP_PLUG or MEMDEV_OP_UNPLUG
 * @size: bytes to plug or unplug
 */
void memdev_event_begin(struct memdev_core *core, enum memdev_op op, u64 size)
{
	const struct memdev_event e = {
		.cmd = MEMDEV_CMD_DEV_BEGIN_NTF, .core = core, .op = op,
		.asked = size,
	};

	memdev_event_send(&e);
}

/**
 * memdev_event_retired() - notify that a block was retired
 * @core: the device
 * @block: the block
 *
 * Context: under core->lock.
 */
void memdev_event_retired(struct memdev_core *core, unsigned int block)
{
	const struct memdev_event e = {
		.cmd = MEMDEV_CMD_DEV_RETIRED_NTF, .core = core, .block = block,
	};

	lockdep_assert_held(&core->lock);
	memdev_event_send(&e);
}

/**
 * memdev_event_window() - notify that a window was created or removed
 * @w: the window
 * @cmd: MEMDEV_CMD_WINDOW_NEW_NTF or MEMDEV_CMD_WINDOW_DEL_NTF
 */
void memdev_event_window(struct memdev_window *w, u8 cmd)
{
	const struct memdev_event e = { .cmd = cmd, .window = w };

	memdev_event_send(&e);
}

/**
 * memdev_event_stamp() - get a number that changes with each notification
 *
 * Return: the number, never 0.
 */
unsigned int memdev_event_stamp(void)
{
	unsigned int stamp;

	spin_lock(&memdev_event_lock);
	stamp = memdev_event_seq;
	spin_unlock(&memdev_event_lock);
	return stamp ?: 1;
}

/**
 * memdev_event_open() - start sending notifications
 * @family: the registered family
 */
void memdev_event_open(const struct genl_family *family)
{
	spin_lock(&memdev_event_lock);
	memdev_event_family = family;
	/* Earlier changes do not count as a gap in the sequence */
	memdev_event_seq = 1;
	spin_unlock(&memdev_event_lock);
}

/**
 * memdev_event_close() - stop sending notifications
 */
void memdev_event_close(void)
{
	spin_lock(&memdev_event_lock);
	memdev_event_family = NULL;
	spin_unlock(&memdev_event_lock);
}
