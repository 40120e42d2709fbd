// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/memdev.yaml */
/* YNL-GEN kernel source */
/* To regenerate run: tools/net/ynl/ynl-regen.sh */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/memdev.h>

/* MEMDEV_CMD_DEV_GET - do */
const struct nla_policy memdev_dev_get_nl_policy[MEMDEV_A_DEV_ID + 1] = {
	[MEMDEV_A_DEV_INDEX] = { .type = NLA_U32, },
	[MEMDEV_A_DEV_ID] = { .type = NLA_NUL_STRING, .len = MEMDEV_ID_MAX_LEN, },
};

/* MEMDEV_CMD_DEV_NEW - do */
const struct nla_policy memdev_dev_new_nl_policy[MEMDEV_A_DEV_SLOT + 1] = {
	[MEMDEV_A_DEV_ID] = { .type = NLA_NUL_STRING, .len = MEMDEV_ID_MAX_LEN, },
	[MEMDEV_A_DEV_KIND] = { .type = NLA_NUL_STRING, .len = MEMDEV_KIND_MAX_LEN, },
	[MEMDEV_A_DEV_WINDOW] = { .type = NLA_U32, },
	[MEMDEV_A_DEV_ADDRESS] = { .type = NLA_U64, },
	[MEMDEV_A_DEV_SIZE] = { .type = NLA_U64, },
	[MEMDEV_A_DEV_ALIGN] = { .type = NLA_U64, },
	[MEMDEV_A_DEV_NODE] = NLA_POLICY_MIN(NLA_S32, 0),
	[MEMDEV_A_DEV_SLOT] = NLA_POLICY_MIN(NLA_S32, 0),
};

/* MEMDEV_CMD_DEV_DEL - do */
const struct nla_policy memdev_dev_del_nl_policy[MEMDEV_A_DEV_ID + 1] = {
	[MEMDEV_A_DEV_INDEX] = { .type = NLA_U32, },
	[MEMDEV_A_DEV_ID] = { .type = NLA_NUL_STRING, .len = MEMDEV_ID_MAX_LEN, },
};

/* MEMDEV_CMD_DEV_SET - do */
const struct nla_policy memdev_dev_set_nl_policy[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS + 1] = {
	[MEMDEV_A_DEV_INDEX] = { .type = NLA_U32, },
	[MEMDEV_A_DEV_ID] = { .type = NLA_NUL_STRING, .len = MEMDEV_ID_MAX_LEN, },
	[MEMDEV_A_DEV_REQUESTED_SIZE] = { .type = NLA_U64, },
	[MEMDEV_A_DEV_ONLINE_TYPE] = NLA_POLICY_MAX(NLA_U32, 4),
	[MEMDEV_A_DEV_MEMMAP_ON_MEMORY] = NLA_POLICY_MAX(NLA_U8, 1),
	[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS] = { .type = NLA_U32, },
};

/* MEMDEV_CMD_DEV_PLUG - do */
const struct nla_policy memdev_dev_plug_nl_policy[MEMDEV_A_DEV_ALL + 1] = {
	[MEMDEV_A_DEV_INDEX] = { .type = NLA_U32, },
	[MEMDEV_A_DEV_ID] = { .type = NLA_NUL_STRING, .len = MEMDEV_ID_MAX_LEN, },
	[MEMDEV_A_DEV_SIZE] = { .type = NLA_U64, },
	[MEMDEV_A_DEV_ALL] = { .type = NLA_FLAG, },
};

/* MEMDEV_CMD_DEV_UNPLUG - do */
const struct nla_policy memdev_dev_unplug_nl_policy[MEMDEV_A_DEV_ALL + 1] = {
	[MEMDEV_A_DEV_INDEX] = { .type = NLA_U32, },
	[MEMDEV_A_DEV_ID] = { .type = NLA_NUL_STRING, .len = MEMDEV_ID_MAX_LEN, },
	[MEMDEV_A_DEV_SIZE] = { .type = NLA_U64, },
	[MEMDEV_A_DEV_ALL] = { .type = NLA_FLAG, },
};

/* MEMDEV_CMD_WINDOW_GET - do */
const struct nla_policy memdev_window_get_nl_policy[MEMDEV_A_WINDOW_INDEX + 1] = {
	[MEMDEV_A_WINDOW_INDEX] = { .type = NLA_U32, },
};

/* MEMDEV_CMD_WINDOW_NEW - do */
const struct nla_policy memdev_window_new_nl_policy[MEMDEV_A_WINDOW_NODE + 1] = {
	[MEMDEV_A_WINDOW_START] = { .type = NLA_U64, },
	[MEMDEV_A_WINDOW_SIZE] = { .type = NLA_U64, },
	[MEMDEV_A_WINDOW_NODE] = NLA_POLICY_MIN(NLA_S32, 0),
};

/* MEMDEV_CMD_WINDOW_DEL - do */
const struct nla_policy memdev_window_del_nl_policy[MEMDEV_A_WINDOW_INDEX + 1] = {
	[MEMDEV_A_WINDOW_INDEX] = { .type = NLA_U32, },
};

/* MEMDEV_CMD_BLOCK_GET - do */
const struct nla_policy memdev_block_get_nl_policy[MEMDEV_A_BLOCK_FIRST + 1] = {
	[MEMDEV_A_BLOCK_DEVICE] = { .type = NLA_U32, },
	[MEMDEV_A_BLOCK_FIRST] = { .type = NLA_U32, },
};

/* MEMDEV_CMD_CANCEL - do */
const struct nla_policy memdev_cancel_nl_policy[MEMDEV_A_DEV_SEQ + 1] = {
	[MEMDEV_A_DEV_SEQ] = { .type = NLA_U32, },
};

/* Ops table for memdev */
const struct genl_ops memdev_nl_ops[11] = {
	{
		.cmd		= MEMDEV_CMD_DEV_GET,
		.doit		= memdev_nl_dev_get_doit,
		.dumpit		= memdev_nl_dev_get_dumpit,
		.policy		= memdev_dev_get_nl_policy,
		.maxattr	= MEMDEV_A_DEV_ID,
	},
	{
		.cmd		= MEMDEV_CMD_DEV_NEW,
		.doit		= memdev_nl_dev_new_doit,
		.policy		= memdev_dev_new_nl_policy,
		.maxattr	= MEMDEV_A_DEV_SLOT,
	},
	{
		.cmd		= MEMDEV_CMD_DEV_DEL,
		.doit		= memdev_nl_dev_del_doit,
		.policy		= memdev_dev_del_nl_policy,
		.maxattr	= MEMDEV_A_DEV_ID,
	},
	{
		.cmd		= MEMDEV_CMD_DEV_SET,
		.doit		= memdev_nl_dev_set_doit,
		.policy		= memdev_dev_set_nl_policy,
		.maxattr	= MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS,
	},
	{
		.cmd		= MEMDEV_CMD_DEV_PLUG,
		.doit		= memdev_nl_dev_plug_doit,
		.policy		= memdev_dev_plug_nl_policy,
		.maxattr	= MEMDEV_A_DEV_ALL,
	},
	{
		.cmd		= MEMDEV_CMD_DEV_UNPLUG,
		.doit		= memdev_nl_dev_unplug_doit,
		.policy		= memdev_dev_unplug_nl_policy,
		.maxattr	= MEMDEV_A_DEV_ALL,
	},
	{
		.cmd		= MEMDEV_CMD_WINDOW_GET,
		.doit		= memdev_nl_window_get_doit,
		.dumpit		= memdev_nl_window_get_dumpit,
		.policy		= memdev_window_get_nl_policy,
		.maxattr	= MEMDEV_A_WINDOW_INDEX,
	},
	{
		.cmd		= MEMDEV_CMD_WINDOW_NEW,
		.doit		= memdev_nl_window_new_doit,
		.policy		= memdev_window_new_nl_policy,
		.maxattr	= MEMDEV_A_WINDOW_NODE,
	},
	{
		.cmd		= MEMDEV_CMD_WINDOW_DEL,
		.doit		= memdev_nl_window_del_doit,
		.policy		= memdev_window_del_nl_policy,
		.maxattr	= MEMDEV_A_WINDOW_INDEX,
	},
	{
		.cmd		= MEMDEV_CMD_BLOCK_GET,
		.doit		= memdev_nl_block_get_doit,
		.dumpit		= memdev_nl_block_get_dumpit,
		.policy		= memdev_block_get_nl_policy,
		.maxattr	= MEMDEV_A_BLOCK_FIRST,
	},
	{
		.cmd		= MEMDEV_CMD_CANCEL,
		.doit		= memdev_nl_cancel_doit,
		.policy		= memdev_cancel_nl_policy,
		.maxattr	= MEMDEV_A_DEV_SEQ,
	},
};

static const struct genl_multicast_group memdev_nl_mcgrps[] = {
	[MEMDEV_NLGRP_MONITOR] = { "monitor", },
	[MEMDEV_NLGRP_MONITOR_PUBLIC] = { "monitor-public", },
};
