/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests by netlink that take their time.
 */
#ifndef _MEMDEV_NETLINK_JOB_H
#define _MEMDEV_NETLINK_JOB_H

#include <linux/list.h>
#include <net/genetlink.h>

#include "netlink_request.h"

struct memdev_job;

/**
 * struct memdev_job_type - a command that is done by jobs
 * @check: refuses, at once, what can be refused without a lock.
 *	   Returns 0, or a negative errno and the reason in the extack.
 * @run: does it. Returns 0; the index of what it made, for the reply; or a
 *	 negative errno, and the reason in @why of the job. After a success @why
 *	 has what there is to remark.
 * @makes: it makes something, and replies with the index
 * @attr_of: by enum memdev_about, the attributes; 0 for none
 * @attr_max: the last attribute
 */
struct memdev_job_type {
	int (*check)(struct genl_info *info);
	int (*run)(struct memdev_job *job);
	bool makes;
	const u8 *attr_of;
	unsigned int attr_max;
};

/**
 * struct memdev_job - a request to change something
 * @list: in memdev_jobs
 * @type: what it is
 * @skb: a copy of the request
 * @nlh: its header
 * @attrs: its attributes, by number
 * @why: where to put the reason
 * @bad_attr: the attribute that is at fault, if @why does not know
 * @reply: what is sent before the ACK or the error, or NULL
 * @cancelled: its socket is closed, or another request has cancelled it
 * @task: the thread that does it
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
