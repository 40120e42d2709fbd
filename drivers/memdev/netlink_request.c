// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink requests: find the device or window that a request names.
 */
#include <linux/capability.h>
#include <linux/netlink.h>

#include "netlink_request.h"

/* Set before the family is registered */
const struct genl_family *memdev_nl_family;

/**
 * memdev_nl_admin() - check whether the sender has CAP_SYS_ADMIN
 * @skb: the request
 *
 * Physical addresses and changes need CAP_SYS_ADMIN. The flags of a generic
 * netlink command check for CAP_NET_ADMIN instead.
 *
 * Return: true if the sender has CAP_SYS_ADMIN.
 */
bool memdev_nl_admin(struct sk_buff *skb)
{
	return netlink_capable(skb, CAP_SYS_ADMIN);
}

/**
 * memdev_nl_attr_max() - get the highest attribute that requests may have
 * @cmd: their command
 *
 * Return: the attribute; 0 for an unknown command.
 */
unsigned int memdev_nl_attr_max(u8 cmd)
{
	unsigned int i;

	for (i = 0; i < memdev_nl_family->n_ops; i++) {
		if (memdev_nl_family->ops[i].cmd == cmd)
			return memdev_nl_family->ops[i].maxattr;
	}
	return 0;
}

/**
 * memdev_nl_dev_index() - get the number of the device that a request names
 * @attr: the attribute with the number, or NULL
 *
 * Return: the number, capped at INT_MAX, which no device has; -1 if @attr is
 * NULL.
 */
int memdev_nl_dev_index(const struct nlattr *attr)
{
	return attr ? min_t(u32, nla_get_u32(attr), INT_MAX) : -1;
}

/**
 * memdev_nl_dev_id() - get the id of the device that a request names
 * @attr: the attribute with the id, or NULL
 *
 * Return: the id, or NULL if @attr is NULL.
 */
const char *memdev_nl_dev_id(const struct nlattr *attr)
{
	return attr ? nla_data(attr) : NULL;
}

/**
 * memdev_nl_dev_check() - check that a request names one device
 * @info: the request
 *
 * Return: 0, or -EINVAL and the reason in the extack.
 */
int memdev_nl_dev_check(struct genl_info *info)
{
	const struct nlattr *id = info->attrs[MEMDEV_A_DEV_ID];

	if (info->attrs[MEMDEV_A_DEV_INDEX] && id)
		return memdev_nl_refuse(info->extack, id, -EINVAL,
					"specify the device by index or by id, not by both");
	if (!id && GENL_REQ_ATTR_CHECK(info, MEMDEV_A_DEV_INDEX))
		return memdev_nl_refuse(info->extack, NULL, -EINVAL,
					"a device index or id is required");
	/* Devices without an id cannot be found by id */
	if (id && !*memdev_nl_dev_id(id))
		return memdev_nl_refuse(info->extack, id, -EINVAL,
					"an id cannot be empty");
	return 0;
}

/**
 * memdev_nl_dev_name() - get the attribute by which a request names a device
 * @attrs: the attributes of the request
 *
 * Return: the attribute.
 */
const struct nlattr *memdev_nl_dev_name(struct nlattr **attrs)
{
	return attrs[MEMDEV_A_DEV_INDEX] ?: attrs[MEMDEV_A_DEV_ID];
}

/**
 * memdev_nl_window_check() - check that a request names a window
 * @info: the request
 *
 * Return: 0, or -EINVAL or -ENODEV and the reason in the extack.
 */
int memdev_nl_window_check(struct genl_info *info)
{
	const struct nlattr *index = info->attrs[MEMDEV_A_WINDOW_INDEX];

	if (GENL_REQ_ATTR_CHECK(info, MEMDEV_A_WINDOW_INDEX))
		return memdev_nl_refuse(info->extack, NULL, -EINVAL,
					"a window index is required");
	if (nla_get_u32(index) > INT_MAX)
		return memdev_nl_refuse(info->extack, index, -ENODEV,
					"there is no such window");
	return 0;
}
