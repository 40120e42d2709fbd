/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the handlers of netlink requests share.
 */
#ifndef _MEMDEV_NETLINK_REQUEST_H
#define _MEMDEV_NETLINK_REQUEST_H

#include <net/genetlink.h>

#include "internal.h"
#include "netlink-gen.h"

extern const struct genl_family *memdev_nl_family;

/**
 * memdev_nl_refuse() - set the text of an extack
 * @extack: the extack
 * @attr: the attribute at fault, or NULL
 * @rc: negative errno
 * @text: the reason, a constant
 *
 * Return: @rc.
 */
#define memdev_nl_refuse(extack, attr, rc, text) ({		\
	NL_SET_ERR_MSG_ATTR(extack, attr, text);		\
	rc;							\
})

bool memdev_nl_admin(struct sk_buff *skb);
unsigned int memdev_nl_attr_max(u8 cmd);
int memdev_nl_dev_index(const struct nlattr *attr);
const char *memdev_nl_dev_id(const struct nlattr *attr);
int memdev_nl_dev_check(struct genl_info *info);
const struct nlattr *memdev_nl_dev_name(struct nlattr **attrs);
int memdev_nl_window_check(struct genl_info *info);

#endif /* _MEMDEV_NETLINK_REQUEST_H */
