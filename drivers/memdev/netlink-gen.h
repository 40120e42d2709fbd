/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/memdev.yaml */
/* YNL-GEN kernel header */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#ifndef _LINUX_MEMDEV_GEN_H
#define _LINUX_MEMDEV_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/memdev.h>

extern const struct nla_policy memdev_dev_get_nl_policy[MEMDEV_A_DEV_ID + 1];

extern const struct nla_policy memdev_dev_new_nl_policy[MEMDEV_A_DEV_SLOT + 1];

extern const struct nla_policy memdev_dev_del_nl_policy[MEMDEV_A_DEV_ID + 1];

extern const struct nla_policy memdev_dev_set_nl_policy[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS + 1];

extern const struct nla_policy memdev_dev_plug_nl_policy[MEMDEV_A_DEV_ALL + 1];

extern const struct nla_policy memdev_dev_unplug_nl_policy[MEMDEV_A_DEV_ALL + 1];

extern const struct nla_policy memdev_window_get_nl_policy[MEMDEV_A_WINDOW_INDEX + 1];

extern const struct nla_policy memdev_window_new_nl_policy[MEMDEV_A_WINDOW_NODE + 1];

extern const struct nla_policy memdev_window_del_nl_policy[MEMDEV_A_WINDOW_INDEX + 1];

extern const struct nla_policy memdev_block_get_nl_policy[MEMDEV_A_BLOCK_FIRST + 1];

extern const struct nla_policy memdev_cancel_nl_policy[MEMDEV_A_DEV_SEQ + 1];

/* Ops table for memdev */
extern const struct genl_ops memdev_nl_ops[11];

int memdev_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int memdev_nl_dev_new_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_dev_del_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_dev_set_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_dev_plug_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_dev_unplug_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_window_get_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_window_get_dumpit(struct sk_buff *skb,
				struct netlink_callback *cb);
int memdev_nl_window_new_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_window_del_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_block_get_doit(struct sk_buff *skb, struct genl_info *info);
int memdev_nl_block_get_dumpit(struct sk_buff *skb,
			       struct netlink_callback *cb);
int memdev_nl_cancel_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	MEMDEV_NLGRP_MONITOR,
	MEMDEV_NLGRP_MONITOR_PUBLIC,
};

#endif /* _LINUX_MEMDEV_GEN_H */
