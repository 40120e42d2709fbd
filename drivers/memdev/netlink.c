// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family. Documentation/netlink/specs/memdev.yaml describes
 * it; its tables and policies are generated from there.
 *
 * Everybody may ask (netlink_ask.c); physical addresses and changes
 * (netlink_change.c) are for CAP_SYS_ADMIN.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/netlink.h>

#include "job.h"
#include "netlink.h"

/* --- what requests name --------------------------------------------------- */

/**
 * memdev_nl_admin() - whether who asks may know addresses and change things
 * @skb: the request
 *
 * The flags that generic netlink has for this mean CAP_NET_ADMIN.
 *
 * Return: true if so.
 */
bool memdev_nl_admin(struct sk_buff *skb)
{
	return netlink_capable(skb, CAP_SYS_ADMIN);
}

/**
 * memdev_nl_dev_index() - the number of the device that a request names
 * @attr: the attribute that has it, or NULL
 *
 * Return: the number; for one that is too large the largest, which no device
 * has; less than 0 without an attribute.
 */
int memdev_nl_dev_index(const struct nlattr *attr)
{
	return attr ? min_t(u32, nla_get_u32(attr), INT_MAX) : -1;
}

/**
 * memdev_nl_dev_id() - the name of the device that a request names
 * @attr: the attribute that has it, or NULL
 *
 * Return: the name, or NULL.
 */
const char *memdev_nl_dev_id(const struct nlattr *attr)
{
	return attr ? nla_data(attr) : NULL;
}

/**
 * memdev_nl_dev_check() - whether a request names one device
 * @info: the request
 *
 * Return: 0, or -EINVAL and the reason in the extack.
 */
int memdev_nl_dev_check(struct genl_info *info)
{
	const struct nlattr *id = info->attrs[MEMDEV_A_DEV_ID];

	if (info->attrs[MEMDEV_A_DEV_INDEX] && id) {
		NL_SET_ERR_MSG_ATTR(info->extack, id,
				    "a device is named by index or by id, not by both");
		return -EINVAL;
	}
	if (!id && GENL_REQ_ATTR_CHECK(info, MEMDEV_A_DEV_INDEX)) {
		NL_SET_ERR_MSG(info->extack,
			       "no device named, by index or by id");
		return -EINVAL;
	}
	/* Those without a name do not share the empty one */
	if (!id || *memdev_nl_dev_id(id))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, id, "no device has an empty id");
	return -EINVAL;
}

/**
 * memdev_nl_dev_name() - what a request names its device by
 * @attrs: of the request
 *
 * Return: the attribute.
 */
const struct nlattr *memdev_nl_dev_name(struct nlattr **attrs)
{
	return attrs[MEMDEV_A_DEV_INDEX] ?: attrs[MEMDEV_A_DEV_ID];
}

/**
 * memdev_nl_window_check() - whether a request names what can be a window
 * @info: the request
 *
 * Return: 0, or -EINVAL or -ENODEV and the reason in the extack.
 */
int memdev_nl_window_check(struct genl_info *info)
{
	const struct nlattr *index = info->attrs[MEMDEV_A_WINDOW_INDEX];

	if (GENL_REQ_ATTR_CHECK(info, MEMDEV_A_WINDOW_INDEX)) {
		NL_SET_ERR_MSG(info->extack, "no window named, by its index");
		return -EINVAL;
	}
	if (nla_get_u32(index) <= INT_MAX)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, index, "there is no such window");
	return -ENODEV;
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
struct genl_family memdev_nl_family __ro_after_init = {
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
