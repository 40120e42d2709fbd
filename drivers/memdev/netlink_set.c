// SPDX-License-Identifier: GPL-2.0
/*
 * Changes over generic netlink. The handlers do the checks that need no lock,
 * and start a job (netlink_job.c) for the rest.
 */
#include <linux/netlink.h>
#include <linux/numa.h>

#include "netlink_job.h"
#include "window.h"

/* --- devices -------------------------------------------------------------- */

static const u8 memdev_nl_dev_about[NR_MEMDEV_ABOUT] = {
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

/* Check a change request, and start a job for it */
static int memdev_nl_change(struct sk_buff *skb, struct genl_info *info,
			    const struct memdev_job_type *type)
{
	/* First, so that other errors reveal nothing to unprivileged users */
	if (!memdev_nl_admin(skb))
		return memdev_nl_refuse(info->extack, NULL, -EPERM,
					"changes need CAP_SYS_ADMIN in the initial user namespace");
	return type->check(info) ?: memdev_job_start(type, skb, info);
}

/* Define the handler of a command: @... is its struct memdev_job_type */
#define MEMDEV_NL_CHANGE(_name, ...)					\
int memdev_nl_##_name##_doit(struct sk_buff *skb,			\
			     struct genl_info *info)			\
{									\
	static const struct memdev_job_type type = { __VA_ARGS__ };	\
									\
	return memdev_nl_change(skb, info, &type);			\
}

/* Get the device that the request names; drop it with memdev_device_put() */
static struct memory_device *memdev_job_device(struct memdev_job *job)
{
	struct memory_device *md;

	md = memdev_device_get(memdev_nl_dev_index(job->attrs[MEMDEV_A_DEV_INDEX]),
			       memdev_nl_dev_id(job->attrs[MEMDEV_A_DEV_ID]));
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
		p->window = nla_get_u32(attrs[MEMDEV_A_DEV_WINDOW]);
	if (attrs[MEMDEV_A_DEV_NODE])
		p->node = nla_get_s32(attrs[MEMDEV_A_DEV_NODE]);
	if (attrs[MEMDEV_A_DEV_SLOT])
		p->slot = nla_get_s32(attrs[MEMDEV_A_DEV_SLOT]);
	if (attrs[MEMDEV_A_DEV_ADDRESS])
		p->addr = nla_get_u64(attrs[MEMDEV_A_DEV_ADDRESS]);
	if (attrs[MEMDEV_A_DEV_ALIGN])
		p->align = nla_get_u64(attrs[MEMDEV_A_DEV_ALIGN]);

	if (attrs[MEMDEV_A_DEV_WINDOW] && p->window < 0)
		return memdev_refuse_about(why, MEMDEV_ABOUT_WINDOW, -ENODEV,
					   "there is no window%u", p->window);
	if (attrs[MEMDEV_A_DEV_ID] && !memdev_id_valid(p->id))
		return memdev_refuse_about(why, MEMDEV_ABOUT_ID, -EINVAL,
					   "invalid id: use letters, digits, dots, dashes and underscores; not a device number, 'all', '.', '..', or a dash at the start");
	/* In the parameters, 0 means that the attribute was not given */
	if (attrs[MEMDEV_A_DEV_ADDRESS] && !p->addr)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EINVAL,
					   "invalid address 0");
	if (attrs[MEMDEV_A_DEV_ALIGN] && !p->align)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ALIGN, -EINVAL,
					   "invalid alignment 0");
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

static int memdev_nl_dev_new_check(struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, MEMDEV_A_DEV_SIZE))
		return memdev_nl_refuse(info->extack, NULL, -EINVAL,
					"a device needs a size");
	return 0;
}

MEMDEV_NL_CHANGE(dev_new,
		 .check = memdev_nl_dev_new_check,
		 .run = memdev_job_dev_new,
		 .creates = true,
		 .attr_of = memdev_nl_dev_about)

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

MEMDEV_NL_CHANGE(dev_del,
		 .check = memdev_nl_dev_check,
		 .run = memdev_job_dev_del,
		 .attr_of = memdev_nl_dev_about)

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

static int memdev_nl_dev_set_check(struct genl_info *info)
{
	const struct nlattr *timeout;
	unsigned int i;

	timeout = info->attrs[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS];
	if (timeout && nla_get_u32(timeout) > MEMDEV_TIMEOUT_MAX)
		return memdev_nl_refuse(info->extack, timeout, -ERANGE,
					"the timeout is too long");
	for (i = 1; i <= memdev_nl_attr_max(info->genlhdr->cmd); i++) {
		if (info->attrs[i] && i != MEMDEV_A_DEV_INDEX &&
		    i != MEMDEV_A_DEV_ID)
			return memdev_nl_dev_check(info);
	}
	return memdev_nl_refuse(info->extack, NULL, -EINVAL,
				"no setting given");
}

MEMDEV_NL_CHANGE(dev_set,
		 .check = memdev_nl_dev_set_check,
		 .run = memdev_job_dev_set,
		 .attr_of = memdev_nl_dev_about)

/*
 * An error message has no attributes for details, so put them into the reply:
 * how much the operation did before it failed, and at which block it failed.
 */
static void memdev_job_put_refusal(struct memdev_job *job,
				   struct memdev_core *core,
				   enum memdev_op op, int rc)
{
	const struct memdev_failure failure = { .op = op, .rc = rc };

	if (!job->why.done && !job->why.at_block)
		return;
	if (!memdev_job_reply(job))
		return;
	if (nla_put_u32(job->reply, MEMDEV_A_DEV_INDEX, core->id) ||
	    memdev_put_refusal(job->reply, MEMDEV_A_DEV_REFUSAL, core, &failure,
			       &job->why, true)) {
		nlmsg_free(job->reply);
		job->reply = NULL;
	}
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
	if (rc)
		memdev_job_put_refusal(job, md->core, op, rc);
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

static int memdev_nl_dev_op_check(struct genl_info *info)
{
	const struct nlattr *size = info->attrs[MEMDEV_A_DEV_SIZE];
	const struct nlattr *all = info->attrs[MEMDEV_A_DEV_ALL];

	if (size && all)
		return memdev_nl_refuse(info->extack, all, -EINVAL,
					"'size' and 'all' are mutually exclusive");
	if (!all && GENL_REQ_ATTR_CHECK(info, MEMDEV_A_DEV_SIZE))
		return memdev_nl_refuse(info->extack, NULL, -EINVAL,
					"either 'size' or 'all' is required");
	/* memdev_core_op() would take 0 for MEMORY_DEVICE_ALL */
	if (size && !nla_get_u64(size))
		return memdev_nl_refuse(info->extack, size, -EINVAL,
					"the size must not be 0");
	return memdev_nl_dev_check(info);
}

MEMDEV_NL_CHANGE(dev_plug,
		 .check = memdev_nl_dev_op_check,
		 .run = memdev_job_dev_plug,
		 .attr_of = memdev_nl_dev_about)

MEMDEV_NL_CHANGE(dev_unplug,
		 .check = memdev_nl_dev_op_check,
		 .run = memdev_job_dev_unplug,
		 .attr_of = memdev_nl_dev_about)

/* --- requests ------------------------------------------------------------- */

int memdev_nl_cancel_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *seq = info->attrs[MEMDEV_A_DEV_SEQ];

	if (GENL_REQ_ATTR_CHECK(info, MEMDEV_A_DEV_SEQ))
		return memdev_nl_refuse(info->extack, NULL, -EINVAL,
					"the sequence number of a request is required");
	/* A socket can cancel only its own requests */
	if (!memdev_job_cancel(NETLINK_CB(skb).sk, nla_get_u32(seq)))
		return memdev_nl_refuse(info->extack, seq, -ENOENT,
					"this socket has no such request in progress");
	return 0;
}

/* --- windows -------------------------------------------------------------- */

static const u8 memdev_nl_window_about[NR_MEMDEV_ABOUT] = {
	[MEMDEV_ABOUT_SIZE]		= MEMDEV_A_WINDOW_SIZE,
	[MEMDEV_ABOUT_ADDRESS]		= MEMDEV_A_WINDOW_START,
	[MEMDEV_ABOUT_NODE]		= MEMDEV_A_WINDOW_NODE,
	[MEMDEV_ABOUT_WINDOW]		= MEMDEV_A_WINDOW_INDEX,
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

static int memdev_nl_window_new_check(struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, MEMDEV_A_WINDOW_SIZE))
		return memdev_nl_refuse(info->extack, NULL, -EINVAL,
					"a window needs a size");
	return 0;
}

MEMDEV_NL_CHANGE(window_new,
		 .check = memdev_nl_window_new_check,
		 .run = memdev_job_window_new,
		 .creates = true,
		 .attr_of = memdev_nl_window_about)

static int memdev_job_window_del(struct memdev_job *job)
{
	int id = nla_get_u32(job->attrs[MEMDEV_A_WINDOW_INDEX]);
	int rc;

	rc = memdev_bus_enter();
	if (rc)
		return rc;
	rc = memdev_window_destroy(id, &job->why);
	return memdev_bus_leave(rc, &job->why);
}

MEMDEV_NL_CHANGE(window_del,
		 .check = memdev_nl_window_check,
		 .run = memdev_job_window_del,
		 .attr_of = memdev_nl_window_about)
