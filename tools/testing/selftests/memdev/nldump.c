// SPDX-License-Identifier: GPL-2.0
/*
 * Many devices, and the netlink family's dump of them
 *
 * nldump make NR SIZE		create NR devices, print how many exist
 * nldump dump NR		check that a dump has 0..NR-1 once, sorted
 * nldump meanwhile NR SIZE	create and delete a device during a dump
 * nldump churn NR SIZE		create and delete devices until stdin ends
 * nldump race NR DUMPS		dump while devices come and go
 * nldump speed NR ROUNDS	time a dump and 8 sysfs reads per device
 */
#define _GNU_SOURCE
#include <fcntl.h>

#include "nl.h"

#define MAX_DEVICES	8192

static struct nl nl, other;

static void out(struct nl *s, const char *what)
{
	printf("%s: %s %s\n", what, nl_errname(s->err), s->text);
	exit(1);
}

/* --- changes -------------------------------------------------------------- */

static int dev_new(struct nl *s, __u64 size)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh = nl_begin(s, MEMDEV_CMD_DEV_NEW, 0);

	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, size);
	if (nl_talk(s, nlh))
		out(s, "dev-new");
	nl_parse((void *)s->reply, tb, MEMDEV_A_DEV_MAX);
	return nl_u32(tb[MEMDEV_A_DEV_INDEX]);
}

static void dev_del(struct nl *s, int index)
{
	struct nlmsghdr *nlh = nl_begin(s, MEMDEV_CMD_DEV_DEL, 0);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, index);
	if (nl_talk(s, nlh))
		out(s, "dev-del");
}

/* --- a dump, message by message ------------------------------------------- */

/**
 * struct list - the result of a dump
 * @nr: number of devices
 * @index: their indices
 * @intr: the dump was interrupted
 * @over: the dump ended
 * @seq: sequence number of the request
 */
struct list {
	unsigned int nr;
	int index[MAX_DEVICES];
	bool intr;
	bool over;
	__u32 seq;
};

static struct list list;

static void dump_begin(struct list *l)
{
	struct nlmsghdr *nlh = nl_begin(&nl, MEMDEV_CMD_DEV_GET, NLM_F_DUMP);

	l->nr = 0;
	l->intr = false;
	l->over = false;
	l->seq = nlh->nlmsg_seq;
	if (nl_send(&nl, nlh))
		out(&nl, "send");
}

/* Parse the messages of one recvmsg(2). */
static void dump_more(struct list *l)
{
	const struct nlmsghdr *nlh = (void *)nl.buf;
	const struct nlattr *tb[MEMDEV_A_DEV_INDEX + 1];
	int len = mnl_socket_recvfrom(nl.sk, nl.buf, sizeof(nl.buf));

	if (len < 0) {
		perror("recvfrom");
		exit(1);
	}
	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != l->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			l->intr = true;
		if (nlh->nlmsg_type == NLMSG_DONE) {
			l->over = true;
			continue;
		}
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			nl_see_error(&nl, nlh);
			out(&nl, "dump");
		}
		nl_parse(nlh, tb, MEMDEV_A_DEV_INDEX);
		if (l->nr < MAX_DEVICES)
			l->index[l->nr++] = nl_u32(tb[MEMDEV_A_DEV_INDEX]);
	}
}

static void dump(struct list *l)
{
	dump_begin(l);
	while (!l->over)
		dump_more(l);
}

/* Check that devices are listed once and in order, including all 0..@nr-1. */
static bool list_whole(const struct list *l, int nr)
{
	int have = 0;

	for (unsigned int i = 0; i < l->nr; i++) {
		if (i && l->index[i] <= l->index[i - 1]) {
			printf("memdev%d follows memdev%d\n", l->index[i],
			       l->index[i - 1]);
			return false;
		}
		have += l->index[i] < nr;
	}
	if (have != nr)
		printf("%d devices of %d\n", have, nr);
	return have == nr;
}

/* --- commands ------------------------------------------------------------- */

static int make(int nr, __u64 size)
{
	int have = 0;

	while (have < nr) {
		dev_new(&nl, size);
		have++;
	}
	printf("made %d\n", have);
	return 0;
}

static int dump_once(int nr)
{
	dump(&list);
	if (list.intr) {
		puts("interrupted without a change");
		return 1;
	}
	if (!list_whole(&list, nr) || list.nr != (unsigned int)nr) {
		printf("%u devices\n", list.nr);
		return 1;
	}
	printf("whole %u\n", list.nr);
	return 0;
}

static int meanwhile(int nr, __u64 size)
{
	unsigned int parts = 1;
	int index;

	/* An undisturbed dump is not flagged as interrupted. */
	if (dump_once(nr))
		return 1;

	dump_begin(&list);
	dump_more(&list);
	if (list.over) {
		puts("the dump came in one part");
		return 1;
	}
	index = dev_new(&other, size);
	for (; !list.over; parts++)
		dump_more(&list);
	printf("a device came: %s, %u parts\n",
	       list.intr ? "flagged" : "not flagged", parts);
	if (!list.intr)
		return 1;

	dump_begin(&list);
	dump_more(&list);
	dev_del(&other, index);
	while (!list.over)
		dump_more(&list);
	printf("a device went: %s\n", list.intr ? "flagged" : "not flagged");
	return !list.intr;
}

static int churn(int nr, __u64 size)
{
	unsigned int rounds = 0;
	struct pollfd in = { .fd = 0, .events = POLLIN };
	int index[8];

	puts("churning");
	while (!poll(&in, 1, 0)) {
		for (size_t i = 0; i < ARRAY_SIZE(index); i++) {
			index[i] = dev_new(&nl, size);
			if (index[i] < nr) {
				printf("memdev%d is new\n", index[i]);
				return 1;
			}
		}
		/* Pause, so that some dumps are not interrupted. */
		usleep(rounds % 4 * 100000);
		for (size_t i = 0; i < ARRAY_SIZE(index); i++)
			dev_del(&nl, index[i]);
		usleep(rounds++ % 3 * 100000);
	}
	printf("churned %u\n", rounds);
	return 0;
}

static int race(int nr, unsigned int dumps)
{
	unsigned int flagged = 0, whole = 0, sizes = 0;
	unsigned int last = 0;

	/* Get enough whole dumps and, within a limit, an interrupted one. */
	while (whole < dumps || (!flagged && whole < 20 * dumps)) {
		dump(&list);
		if (list.intr) {
			flagged++;
			continue;
		}
		if (!list_whole(&list, nr)) {
			puts("in a dump that was not flagged");
			return 1;
		}
		whole++;
		sizes += list.nr != last;
		last = list.nr;
	}
	printf("flagged=%u whole=%u sizes=%u\n", flagged, whole, sizes);
	return 0;
}

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const __u64 *l = a, *r = b;

	return *l < *r ? -1 : *l > *r;
}

static __u64 median(__u64 *ns, unsigned int nr)
{
	qsort(ns, nr, sizeof(*ns), by_value);
	return ns[nr / 2];
}

static int speed(int nr, unsigned int rounds)
{
	static const char *const attrs[] = {
		"size", "plugged_size", "online_size", "requested_size",
		"state", "kind", "node", "online_type",
	};
	__u64 netlink[64], sysfs[64], fast, slow;

	if (rounds > ARRAY_SIZE(netlink))
		rounds = ARRAY_SIZE(netlink);
	for (unsigned int r = 0; r < rounds; r++) {
		__u64 began = now_ns();

		dump(&list);
		netlink[r] = now_ns() - began;
		if (list.intr || !list_whole(&list, nr))
			return 1;

		began = now_ns();
		for (int i = 0; i < nr; i++) {
			for (size_t a = 0; a < ARRAY_SIZE(attrs); a++) {
				char path[128], value[256];
				int fd;

				snprintf(path, sizeof(path),
					 "/sys/bus/memdev/devices/memdev%d/%s",
					 i, attrs[a]);
				fd = open(path, O_RDONLY);
				if (fd < 0 ||
				    read(fd, value, sizeof(value)) <= 0) {
					perror(path);
					return 1;
				}
				close(fd);
			}
		}
		sysfs[r] = now_ns() - began;
	}
	fast = median(netlink, rounds);
	slow = median(sysfs, rounds);
	printf("netlink=%llu us sysfs=%llu us ratio=%llu.%llu\n",
	       (unsigned long long)fast / 1000,
	       (unsigned long long)slow / 1000,
	       (unsigned long long)(slow / fast),
	       (unsigned long long)(slow * 10 / fast % 10));
	return slow < 10 * fast;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	__u64 arg = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	int nr = argc > 2 ? atoi(argv[2]) : 0;
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	err = nl_open(&nl) ?: nl_open(&other);
	if (err) {
		puts(nl_errname(err));
		return 1;
	}
	if (!strcmp(what, "make"))
		return make(nr, arg);
	if (!strcmp(what, "dump"))
		return dump_once(nr);
	if (!strcmp(what, "meanwhile"))
		return meanwhile(nr, arg);
	if (!strcmp(what, "churn"))
		return churn(nr, arg);
	if (!strcmp(what, "race"))
		return race(nr, arg);
	if (!strcmp(what, "speed"))
		return speed(nr, arg);
	fputs("usage: nldump make|meanwhile|churn NR SIZE\n"
	      "       nldump dump NR\n"
	      "       nldump race NR DUMPS\n"
	      "       nldump speed NR ROUNDS\n", stderr);
	return 2;
}
