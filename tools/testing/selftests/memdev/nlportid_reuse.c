// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink: consecutive sockets that bind to the same portid
 */
// VM: mem=4G timeout=1800 append=memmap=1G$0x100000000 usual=6.1
#define _GNU_SOURCE
#include <pthread.h>

#include "nltest.h"

#define PORTID		0x70000001
/* The test ends after this many rounds or seconds. */
#define ROUNDS		3000
#define ROUNDS_S	120
/* First sequence number if the socket is closed at once; otherwise 1 */
#define FOREIGN_SEQ	0x80000000U
/* Only limits how long a failing test takes */
#define ANSWER_MS	20000

/**
 * struct closer - a thread that binds sockets to PORTID and closes them
 * @nl: a socket with the family id
 * @index: the device that requests are for
 * @sends: send a request before closing a socket
 * @stop: stop the thread
 * @closed: number of sockets closed so far
 */
struct closer {
	struct nl *nl;
	int index;
	bool sends;
	bool stop;
	unsigned int closed;
};

/* Return a socket bound to PORTID, or -1. */
static int socket_bound(void)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK, .nl_pid = PORTID,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd >= 0 && bind(fd, (void *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool set_send(int fd, struct nl *nl, int index, __u32 seq)
{
	struct nlmsghdr *nlh = dev_begin(nl, MEMDEV_CMD_DEV_SET, index);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, 0);
	nlh->nlmsg_seq = seq;
	return send(fd, nlh, nlh->nlmsg_len, 0) == nlh->nlmsg_len;
}

static void *closer_run(void *data)
{
	struct closer *closer = data;
	int fd;

	while (!__atomic_load_n(&closer->stop, __ATOMIC_RELAXED)) {
		fd = socket_bound();
		if (fd < 0)
			continue;
		if (closer->sends)
			set_send(fd, closer->nl, closer->index,
				 FOREIGN_SEQ + closer->closed);
		close(fd);
		closer->closed++;
		/* Yield, or the other thread mostly finds the portid in use. */
		sched_yield();
	}
	return NULL;
}

/* Sequence number of the next ACK, 0 on timeout */
static __u32 answer(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char buf[4096];
	ssize_t len;

	if (poll(&pfd, 1, ANSWER_MS) <= 0)
		return 0;
	len = recv(fd, buf, sizeof(buf), 0);
	return len < (ssize_t)sizeof(struct nlmsghdr) ? 0 :
		((struct nlmsghdr *)buf)->nlmsg_seq;
}

FIXTURE(reuse)
{
	struct nl *nl;
	struct nl *nl_closer;
	int index;
};

FIXTURE_VARIANT(reuse)
{
	bool sends;
};

FIXTURE_VARIANT_ADD(reuse, beside_closed_sockets)
{
	.sends = false,
};

FIXTURE_VARIANT_ADD(reuse, beside_sockets_closed_during_a_request)
{
	.sends = true,
};

FIXTURE_SETUP(reuse)
{
	devs_remove();
	self->nl = calloc(1, sizeof(*self->nl));
	self->nl_closer = calloc(1, sizeof(*self->nl_closer));
	ASSERT_NE(NULL, self->nl);
	ASSERT_NE(NULL, self->nl_closer);
	ASSERT_EQ(0, nl_open(self->nl));
	ASSERT_EQ(0, nl_open(self->nl_closer));
	ASSERT_EQ(0, file_write(BUS "/new_device", "size=%llu id=a",
				block_size));
	self->index = dev_find("a");
	ASSERT_LE(0, self->index);
}

FIXTURE_TEARDOWN(reuse)
{
	nl_close(self->nl);
	nl_close(self->nl_closer);
	devs_remove();
}

TEST_F(reuse, each_socket_gets_its_own_ack)
{
	struct closer closer = {
		.nl = self->nl_closer,
		.index = self->index,
		.sends = variant->sends,
	};
	unsigned int lost = 0, foreign = 0;
	time_t end = time(NULL) + ROUNDS_S;
	pthread_t thread;
	__u32 round;

	ASSERT_EQ(0, pthread_create(&thread, NULL, closer_run, &closer));
	/* Stop at the first lost ACK, as each one costs a timeout. */
	for (round = 1; round <= ROUNDS && !lost && time(NULL) < end; round++) {
		__u32 seq;
		int fd;

		while ((fd = socket_bound()) < 0)
			sched_yield();
		if (!set_send(fd, self->nl, self->index, round))
			break;
		do {
			seq = answer(fd);
			foreign += seq >= FOREIGN_SEQ;
		} while (seq && seq != round);
		lost += !seq;
		close(fd);
		if (lost)
			TH_LOG("round %u has no ACK", round);
	}
	__atomic_store_n(&closer.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	TH_LOG("%u sockets closed in %u rounds", closer.closed, round - 1);
	EXPECT_LT(0, closer.closed);
	EXPECT_LT(1, round);
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, foreign);
}
