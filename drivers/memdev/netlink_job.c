// SPDX-License-Identifier: GPL-2.0
/*
 * Requests by netlink that take their time.
 *
 * While a request is handled, no family of generic netlink on the machine can
 * come or go, and as soon as one wants to, all others wait, too. An unplug can
 * take minutes. So what changes something is done by a thread of its own, which
 * answers when it is over: the request as it came is kept until then. When the
 * socket is closed, by a user who has lost patience or by the kernel for one
 * who was killed, the thread gets a signal, and does what every process does
 * then. Another request can cancel the job likewise, which is then answered.
 *
 * A job belongs to a socket, not to a portid: as soon as a socket is closed,
 * another one can be bound to its portid.
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

/* Room for an index and a refusal */
#define MEMDEV_REPLY_LEN	(256 + MEMDEV_REASON_LEN)

/* Far more than somebody who waits for answers can have */
#define MEMDEV_JOBS_MAX		256

/* Protects the list of jobs, in the order in which they came, and @cancelled */
static DEFINE_SPINLOCK(memdev_jobs_lock);
static LIST_HEAD(memdev_jobs);
static unsigned int memdev_nr_jobs;
/* Woken when a job leaves the list */
static DECLARE_WAIT_QUEUE_HEAD(memdev_jobs_wait);

static u32 memdev_job_portid(const struct memdev_job *job)
{
	return NETLINK_CB(job->skb).portid;
}

/* The socket that the request came from; the job holds it */
static struct sock *memdev_job_sock(const struct memdev_job *job)
{
	return NETLINK_CB(job->skb).sk;
}

static void memdev_job_free(struct memdev_job *job)
{
	sock_put(memdev_job_sock(job));
	nlmsg_free(job->reply);
	/* It was only borrowed, see memdev_job_alloc() */
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
	for (i = 1; i <= type->attr_max; i++) {
		if (info->attrs[i])
			job->attrs[i] = (void *)job->nlh +
				((void *)info->attrs[i] - (void *)nlh);
	}
	/* What netlink_ack() looks for: the kernel's socket and the user's */
	job->skb->sk = skb->sk;
	NETLINK_CB(job->skb) = NETLINK_CB(skb);
	sock_hold(memdev_job_sock(job));
	return job;
}

/* A socket's requests are done in their order */
static bool memdev_job_is_next(struct memdev_job *job)
{
	struct memdev_job *other;
	bool next = true;

	spin_lock(&memdev_jobs_lock);
	list_for_each_entry(other, &memdev_jobs, list) {
		if (other == job)
			break;
		if (memdev_job_sock(other) == memdev_job_sock(job)) {
			next = false;
			break;
		}
	}
	spin_unlock(&memdev_jobs_lock);
	return next;
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
 * Netlink delivers by portid, which can be another socket's once this one is
 * closed. Keep the file open while the answer is sent: the socket then keeps its
 * portid. Returns NULL if the socket is closed.
 */
static struct file *memdev_job_file_get(const struct memdev_job *job)
{
	struct sock *sk = memdev_job_sock(job);
	struct file *file = NULL;

	read_lock_bh(&sk->sk_callback_lock);
	/* sock_orphan() clears it before the file is freed */
	if (sk->sk_socket)
		file = memdev_file_get(&sk->sk_socket->file);
	read_unlock_bh(&sk->sk_callback_lock);
	return file;
}

/**
 * memdev_job_reply() - begin the reply of a job
 * @job: the job
 *
 * It is sent before the ACK, or the error.
 *
 * Return: the message, to put attributes in; or NULL.
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
	BUILD_BUG_ON((int)MEMDEV_A_DEV_INDEX != (int)MEMDEV_A_FAULT_INDEX);
	BUILD_BUG_ON((int)MEMDEV_A_FAULT_MAX > (int)MEMDEV_A_DEV_MAX);
	/* It is made, whether there is a reply or not */
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
	} else if (job->type->makes) {
		memdev_job_reply_index(job, rc);
	}
	memdev_job_reply_send(job);
	/* An ACK has a text as well, where there is something to remark */
	if (job->why.text[0])
		extack._msg = job->why.text;
	if (rc < 0 || job->nlh->nlmsg_flags & NLM_F_ACK)
		netlink_ack(job->skb, job->nlh, min(rc, 0), &extack);
	/* At once, as fput() of a kernel thread leaves the close to a worker */
	__fput_sync(file);
}

/* Run a job again that system sleep has stopped */
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
	/* One that came before was lost, but @cancelled is set since */
	rc = memdev_job_cancelled(job) ? -EINTR :
	     wait_event_freezable(memdev_jobs_wait, memdev_job_is_next(job));
	/* A signal does not end the wait for what has become true meanwhile */
	if (rc || memdev_job_cancelled(job))
		rc = -EINTR;
	else
		rc = memdev_job_run(job);

	/* In the list, so that the socket's next answer is not before this */
	memdev_job_answer(job, rc);

	/* Nobody sends a signal to a job that is not in the list */
	spin_lock(&memdev_jobs_lock);
	list_del(&job->list);
	memdev_nr_jobs--;
	spin_unlock(&memdev_jobs_lock);
	wake_up_all(&memdev_jobs_wait);

	memdev_job_free(job);
	module_put_and_kthread_exit(0);
}

/**
 * memdev_job_start() - have a request done beside others
 * @type: how
 * @skb: what came
 * @info: what is to be done
 *
 * Return: what the handler of the command has to return: that there is no answer
 * yet, or a negative errno.
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
		NL_SET_ERR_MSG(info->extack, "too many requests at a time");
		rc = -EAGAIN;
		goto err_stop;
	}
	memdev_nr_jobs++;
	list_add_tail(&job->list, &memdev_jobs);
	/* Not a moment later: it frees the job */
	wake_up_process(task);
	spin_unlock(&memdev_jobs_lock);

	/* By this, netlink_rcv_skb() leaves the answer to us */
	return -EINTR;

err_stop:
	kthread_stop(task);
err_free:
	memdev_job_free(job);
err_put:
	module_put(THIS_MODULE);
	/* It would be taken for that we answer */
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
 * @sk: the socket that it came from
 * @seq: its sequence number
 *
 * They are answered when they have ended.
 *
 * Return: true if there are any.
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
	 * The portid of the socket that closes may be another one's by now: look
	 * for sockets that are dead, which it is.
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
 * memdev_jobs_init() - accept jobs
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
 * Each job holds a reference to the module, so none is left.
 */
void memdev_jobs_exit(void)
{
	netlink_unregister_notifier(&memdev_jobs_nb);
}
