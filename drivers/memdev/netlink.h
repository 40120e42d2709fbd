/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the handlers of the generic netlink family share.
 */
#ifndef _MEMDEV_NETLINK_H
#define _MEMDEV_NETLINK_H

#include <net/genetlink.h>

#include "internal.h"
#include "netlink-gen.h"

extern struct genl_family memdev_nl_family;

bool memdev_nl_admin(struct sk_buff *skb);
int memdev_nl_dev_index(const struct nlattr *attr);
const char *memdev_nl_dev_id(const struct nlattr *attr);
int memdev_nl_dev_check(struct genl_info *info);
const struct nlattr *memdev_nl_dev_name(struct nlattr **attrs);
int memdev_nl_window_check(struct genl_info *info);

#endif /* _MEMDEV_NETLINK_H */
