// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink requests that may take a long time.
 *
 * While the handler of a generic netlink request runs, no generic netlink
 * family on the machine can be registered or unregistered, and a task that
 * waits to do so blocks all other requests. An unplug can take minutes. So each
 * request for a change is a job: a thread runs it with a copy of the request,
 * and sends the ACK or the error when it ends.
 *
 * If the socket is closed, by the user or because the user's process was
 * killed, a signal interrupts the thread as it would interrupt a process.
 * Another request can cancel a job in the same way; the job then still sends
 * its answer.
 *
 * A job belongs to a socket, not to a portid: once the socket is closed,
 * another socket can be bound to the portid.
 */
#include <linux/file.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "netlink_job.h"

/* Size of a reply, enough for an index and a refusal */
#define MEMDEV_REPLY_LEN	(256 + MEMDEV_REASON_LEN)

/* More than enough for clients that wait for their answers */
#define MEMDEV_JOBS_MAX		256

/* Protects memdev_jobs, memdev_nr_jobs and @cancelled of the jobs */
static DEFINE_SPINLOCK(memdev_jobs_lock);
/* Jobs in the order of their requests */
static LIST_HEAD(memdev_jobs);
static unsigned int memdev_nr_jobs;
/* Jobs wait here for earlier jobs of the same socket */
static DECLARE_WAIT_QUEUE_HEAD(memdev_jobs_wait);

static u32 memdev_job_portid(const struct memdev_job *job)
{
	return NETLINK_CB(job->skb).portid;
}

/* The request's socket, to which the job holds a reference */
static struct sock *memdev_job_sock(const struct memdev_job *job)
{
	return NETLINK_CB(job->skb).sk;
}

static void memdev_job_free(struct memdev_job *job)
{
	sock_put(memdev_job_sock(job));
	nlmsg_free(job->reply);
	/* memdev_job_alloc() set skb->sk without taking a reference */
	job->skb->sk = NULL;
	consume_skb(job->skb);
	kfree(job);
}

static struct memdev_job *memdev_job_alloc(const struct memdev_job_type *type,
					   struct sk_buff *skb,
					   struct genl_info *info)
{
	const struct nlmsghdr *nlh = info->nlhdr;
	struct memdev_job *job;
	unsigned int i;

	job = kzalloc_obj(*job, GFP_KERNEL);
	if (!job)
		return NULL;
	job->type = type;
	job->skb = alloc_skb(nlh->nlmsg_len, GFP_KERNEL);
	if (!job->skb) {
		kfree(job);
		return NULL;
	}
	job->nlh = skb_put_data(job->skb, nlh, nlh->nlmsg_len);
	for (i = 1; i <= memdev_nl_attr_max(info->genlhdr->cmd); i++) {
		if (info->attrs[i])
			job->attrs[i] = (void *)job->nlh +
				((void *)info->attrs[i] - (void *)nlh);
	}
	/* netlink_ack() needs the kernel's socket and the user's socket */
	job->skb->sk = skb->sk;
	NETLINK_CB(job->skb) = NETLINK_CB(skb);
	sock_hold(memdev_job_sock(job));
	return job;
}

/* Jobs of a socket run in order: check whether all earlier ones are done */
static bool memdev_job_is_first(struct memdev_job *job)
{
	struct memdev_job *other;
	bool first = true;

	spin_lock(&memdev_jobs_lock);
	list_for_each_entry(other, &memdev_jobs, list) {
		if (memdev_job_sock(other) == memdev_job_sock(job)) {
			first = other == job;
			break;
		}
	}
	spin_unlock(&memdev_jobs_lock);
	return first;
}

static bool memdev_job_cancelled(struct memdev_job *job)
{
	bool cancelled;

	spin_lock(&memdev_jobs_lock);
	cancelled = job->cancelled;
	spin_unlock(&memdev_jobs_lock);
	return cancelled;
}

/*
 * Netlink delivers by portid, which can belong to another socket once the
 * request's socket is closed. Keep the socket's file open while the answer is
 * sent, so that the socket keeps its portid. Returns NULL if it is closed.
 */
static struct file *memdev_job_file_get(const struct memdev_job *job)
{
	struct sock *sk = memdev_job_sock(job);
	struct file *file = NULL;

	read_lock_bh(&sk->sk_callback_lock);
	/* sock_orphan() clears sk_socket before the file is freed */
	if (sk->sk_socket)
		file = memdev_file_get(&sk->sk_socket->file);
	read_unlock_bh(&sk->sk_callback_lock);
	return file;
}

/**
 * memdev_job_reply() - start a job's reply
 * @job: the job
 *
 * The reply is sent before the ACK or the error.
 *
 * Return: the message to put attributes in; NULL if out of memory.
 */
struct sk_buff *memdev_job_reply(struct memdev_job *job)
{
	const struct genlmsghdr *genlhdr = nlmsg_data(job->nlh);

	job->reply = genlmsg_new(MEMDEV_REPLY_LEN, GFP_KERNEL);
	if (job->reply &&
	    !genlmsg_put(job->reply, memdev_job_portid(job),
			 job->nlh->nlmsg_seq, memdev_nl_family, 0,
			 genlhdr->cmd)) {
		nlmsg_free(job->reply);
		job->reply = NULL;
	}
	return job->reply;
}

static void memdev_job_reply_index(struct memdev_job *job, u32 index)
{
	BUILD_BUG_ON((int)MEMDEV_A_DEV_INDEX != (int)MEMDEV_A_WINDOW_INDEX);
	/* The object exists: if there is no memory for a reply, send none */
	if (memdev_job_reply(job))
		nla_put_u32(job->reply, MEMDEV_A_DEV_INDEX, index);
}

static void memdev_job_reply_send(struct memdev_job *job)
{
	struct sk_buff *reply = job->reply;

	if (!reply)
		return;
	job->reply = NULL;
	nlmsg_end(reply, nlmsg_hdr(reply));
	genlmsg_unicast(&init_net, reply, memdev_job_portid(job));
}

static void memdev_job_answer(struct memdev_job *job, int rc)
{
	struct file *file = memdev_job_file_get(job);
	struct netlink_ext_ack extack = {};
	int attr;

	if (!file)
		return;
	if (rc < 0) {
		if (!job->why.text[0])
			memdev_refuse(&job->why, rc, rc == -EINTR ?
				      "interrupted (%d)" : "failed (%d)", rc);
		attr = job->type->attr_of[job->why.about];
		extack.bad_attr = job->bad_attr;
		if (!extack.bad_attr && attr)
			extack.bad_attr = job->attrs[attr];
	} else if (job->type->creates) {
		memdev_job_reply_index(job, rc);
	}
	memdev_job_reply_send(job);
	/* The text is the reason for an error, or a warning in the ACK */
	if (job->why.text[0])
		extack._msg = job->why.text;
	if (rc < 0 || job->nlh->nlmsg_flags & NLM_F_ACK)
		netlink_ack(job->skb, job->nlh, min(rc, 0), &extack);
	/* In a kernel thread, fput() would leave the close to a worker */
	__fput_sync(file);
}

/* Run a job, and run it again if system sleep stopped it */
static int memdev_job_run(struct memdev_job *job)
{
	int rc;

	while ((rc = job->type->run(job)) == -ERESTARTNOINTR) {
		if (memdev_pm_wait())
			return -EINTR;
		job->why = (struct memdev_reason){};
	}
	return rc;
}

static int memdev_job_thread(void *data)
{
	struct memdev_job *job = data;
	int rc;

	set_freezable();
	allow_signal(SIGINT);
	/* A signal before allow_signal() is lost, but @cancelled is set */
	rc = memdev_job_cancelled(job) ? -EINTR :
	     wait_event_freezable(memdev_jobs_wait, memdev_job_is_first(job));
	/* The wait ignores a signal if its condition has become true */
	if (rc || memdev_job_cancelled(job))
		rc = -EINTR;
	else
		rc = memdev_job_run(job);

	/* Answer first: leaving the list lets the socket's next job start */
	memdev_job_answer(job, rc);

	/* Other tasks can signal a job in the list: remove it, then free it */
	spin_lock(&memdev_jobs_lock);
	list_del(&job->list);
	memdev_nr_jobs--;
	spin_unlock(&memdev_jobs_lock);
	wake_up_all(&memdev_jobs_wait);

	memdev_job_free(job);
	module_put_and_kthread_exit(0);
}

/**
 * memdev_job_start() - start a job for a request
 * @type: type of the job
 * @skb: the message of the request
 * @info: the request
 *
 * Return: the value for the command's handler to return: -EINTR if the job was
 * started and sends the answer; otherwise another negative errno.
 */
int memdev_job_start(const struct memdev_job_type *type, struct sk_buff *skb,
		     struct genl_info *info)
{
	struct task_struct *task;
	struct memdev_job *job;
	int rc = -ENODEV;

	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	job = memdev_job_alloc(type, skb, info);
	if (!job) {
		rc = -ENOMEM;
		goto err_put;
	}

	task = kthread_create(memdev_job_thread, job, "memdev/%u",
			      info->snd_portid);
	if (IS_ERR(task)) {
		rc = PTR_ERR(task);
		goto err_free;
	}
	job->task = task;

	spin_lock(&memdev_jobs_lock);
	if (memdev_nr_jobs >= MEMDEV_JOBS_MAX) {
		spin_unlock(&memdev_jobs_lock);
		rc = memdev_nl_refuse(info->extack, NULL, -EAGAIN,
				      "too many requests in flight");
		goto err_stop;
	}
	memdev_nr_jobs++;
	list_add_tail(&job->list, &memdev_jobs);
	/* The thread frees the job: do not use it after the lock is dropped */
	wake_up_process(task);
	spin_unlock(&memdev_jobs_lock);

	/* -EINTR suppresses the ACK of netlink_rcv_skb(): the job sends it */
	return -EINTR;

err_stop:
	kthread_stop(task);
err_free:
	memdev_job_free(job);
err_put:
	module_put(THIS_MODULE);
	/* -EINTR would suppress the ACK */
	return rc == -EINTR ? -ERESTARTSYS : rc;
}

static void memdev_job_stop(struct memdev_job *job)
{
	lockdep_assert_held(&memdev_jobs_lock);
	if (job->cancelled)
		return;
	job->cancelled = true;
	send_sig(SIGINT, job->task, 1);
}

/**
 * memdev_job_cancel() - cancel the jobs of a request
 * @sk: the socket of the request
 * @seq: the sequence number of the request
 *
 * The jobs send their answers when they end.
 *
 * Return: true if there is such a job.
 */
bool memdev_job_cancel(const struct sock *sk, u32 seq)
{
	struct memdev_job *job;
	bool found = false;

	spin_lock(&memdev_jobs_lock);
	list_for_each_entry(job, &memdev_jobs, list) {
		if (memdev_job_sock(job) != sk || job->nlh->nlmsg_seq != seq)
			continue;
		memdev_job_stop(job);
		found = true;
	}
	spin_unlock(&memdev_jobs_lock);
	return found;
}

static int memdev_jobs_notify(struct notifier_block *nb, unsigned long event,
			      void *data)
{
	const struct netlink_notify *n = data;
	struct memdev_job *job;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC ||
	    !net_eq(n->net, &init_net))
		return NOTIFY_DONE;

	/*
	 * Another socket may already be bound to the portid, so look for dead
	 * sockets instead: the socket that is being closed is dead.
	 */
	spin_lock(&memdev_jobs_lock);
	list_for_each_entry(job, &memdev_jobs, list) {
		if (sock_flag(memdev_job_sock(job), SOCK_DEAD))
			memdev_job_stop(job);
	}
	spin_unlock(&memdev_jobs_lock);
	return NOTIFY_OK;
}

static struct notifier_block memdev_jobs_nb = {
	.notifier_call = memdev_jobs_notify,
};

/**
 * memdev_jobs_init() - register the notifier of closed sockets
 *
 * Return: 0 or a negative errno.
 */
int memdev_jobs_init(void)
{
	return netlink_register_notifier(&memdev_jobs_nb);
}

/**
 * memdev_jobs_exit() - undo memdev_jobs_init()
 *
 * No job is left, because each holds a reference to the module.
 */
void memdev_jobs_exit(void)
{
	netlink_unregister_notifier(&memdev_jobs_nb);
}
