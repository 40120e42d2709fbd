/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests by netlink that take their time.
 */
#ifndef _MEMDEV_JOB_H
#define _MEMDEV_JOB_H

#include <linux/list.h>
#include <net/genetlink.h>

#include "internal.h"

/**
 * struct memdev_job - a request to change something
 * @list: in memdev_jobs
 * @skb: a copy of the request
 * @nlh: its header
 * @attrs: its attributes, by number
 * @run: does it. Returns 0; the index of what it made, for the reply; or a
 *	 negative errno, and the reason in @why.
 * @makes: it makes something, and replies with the index
 * @why: where to put the reason
 * @bad_attr: for @run: the attribute that is at fault, if @why does not know
 * @attr_of: by enum memdev_about, the attributes; 0 for none
 * @gone: the socket is closed
 * @task: the thread that does it
 */
struct memdev_job {
	struct list_head list;
	struct sk_buff *skb;
	struct nlmsghdr *nlh;
	struct nlattr *attrs[MEMDEV_A_DEV_MAX + 1];
	int (*run)(struct memdev_job *job);
	bool makes;
	struct memdev_reason why;
	const struct nlattr *bad_attr;
	const u8 *attr_of;
	bool gone;
	struct task_struct *task;
};

/**
 * struct memdev_job_type - a command that is done by jobs
 * @run: as in struct memdev_job
 * @makes: as in struct memdev_job
 * @attr_of: as in struct memdev_job
 * @attr_max: the last attribute
 */
struct memdev_job_type {
	int (*run)(struct memdev_job *job);
	bool makes;
	const u8 *attr_of;
	unsigned int attr_max;
};

int memdev_job_start(const struct memdev_job_type *type, struct sk_buff *skb,
		     struct genl_info *info);
int memdev_jobs_init(const struct genl_family *family);
void memdev_jobs_exit(void);

#endif /* _MEMDEV_JOB_H */
