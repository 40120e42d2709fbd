/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink requests that may take a long time.
 */
#ifndef _MEMDEV_NETLINK_JOB_H
#define _MEMDEV_NETLINK_JOB_H

#include <linux/list.h>
#include <net/genetlink.h>

#include "netlink_request.h"

struct memdev_job;

/**
 * struct memdev_job_type - a command that is run by jobs
 * @check: check a request without taking a lock, before the job is started.
 *	   Returns 0, or a negative errno and the reason in the extack.
 * @run: run the job. Returns 0; the index of the object that was created; or a
 *	 negative errno and the reason in @why of the job. After a success @why
 *	 may hold a warning.
 * @creates: the command creates an object, and the reply has its index
 * @attr_of: the attribute for each enum memdev_about, 0 for none
 */
struct memdev_job_type {
	int (*check)(struct genl_info *info);
	int (*run)(struct memdev_job *job);
	bool creates;
	const u8 *attr_of;
};

/**
 * struct memdev_job - a request that a thread runs
 * @list: entry in memdev_jobs
 * @type: the command
 * @skb: copy of the request
 * @nlh: header of the copy
 * @attrs: attributes of the copy
 * @why: reason for a failure, or warning after a success
 * @bad_attr: the attribute at fault, or NULL to take it from @why
 * @reply: message to send before the ACK or the error, or NULL
 * @cancelled: the socket was closed, or another request canceled the job;
 *	       protected by memdev_jobs_lock
 * @task: the thread
 */
struct memdev_job {
	struct list_head list;
	const struct memdev_job_type *type;
	struct sk_buff *skb;
	struct nlmsghdr *nlh;
	struct nlattr *attrs[MEMDEV_A_DEV_MAX + 1];
	struct memdev_reason why;
	const struct nlattr *bad_attr;
	struct sk_buff *reply;
	bool cancelled;
	struct task_struct *task;
};

struct sk_buff *memdev_job_reply(struct memdev_job *job);
int memdev_job_start(const struct memdev_job_type *type, struct sk_buff *skb,
		     struct genl_info *info);
bool memdev_job_cancel(const struct sock *sk, u32 seq);
int memdev_jobs_init(void);
void memdev_jobs_exit(void);

#endif /* _MEMDEV_NETLINK_JOB_H */
