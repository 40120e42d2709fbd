// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family. Its tables and policies are generated from
 * Documentation/netlink/specs/memdev.yaml.
 *
 * All users may get information (netlink_get.c). Physical addresses and changes
 * (netlink_set.c) need CAP_SYS_ADMIN.
 */
#include <linux/module.h>
#include <linux/netlink.h>

#include "netlink_job.h"

/* Messages to the first group contain physical addresses */
static const struct genl_multicast_group memdev_nl_groups[] = {
	[MEMDEV_NLGRP_MONITOR] = {
		.name = MEMDEV_MCGRP_MONITOR,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
	[MEMDEV_NLGRP_MONITOR_PUBLIC] = {
		.name = MEMDEV_MCGRP_MONITOR_PUBLIC,
	},
};

/* Not .netnsok: memory belongs to the machine, not to a network namespace */
static struct genl_family memdev_family __ro_after_init = {
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
 * memdev_netlink_init() - register the netlink family
 *
 * Return: 0 or a negative errno.
 */
int __init memdev_netlink_init(void)
{
	int rc;

	memdev_nl_family = &memdev_family;
	rc = memdev_jobs_init();
	if (rc)
		return rc;
	rc = genl_register_family(&memdev_family);
	if (rc) {
		memdev_jobs_exit();
		return rc;
	}
	memdev_event_open(&memdev_family);
	return 0;
}

/**
 * memdev_netlink_exit() - unregister the netlink family
 */
void memdev_netlink_exit(void)
{
	memdev_event_close();
	genl_unregister_family(&memdev_family);
	memdev_jobs_exit();
}
