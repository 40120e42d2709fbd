/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of stress share: what is drawn, and who does it.
 *
 * main.c	workers, what they draw, and the account of it
 * change.c	devices, windows and blocks are changed
 * look.c	and looked at
 * poison.c	pages are poisoned
 */
#ifndef _MEMDEV_TEST_STRESS_H
#define _MEMDEV_TEST_STRESS_H

#include <pthread.h>
#include <signal.h>

#include "../nl.h"

#define BUS		"/sys/bus/memdev"
#define DEVICES		BUS "/devices"
#define WINDOWS		"/sys/devices/memdev"
#define MEMORY		"/sys/devices/system/memory"
#define DEBUGFS		"/sys/kernel/debug/memdev"

#define MAX_WINDOWS	8
#define NR_SLOTS	8
#define MAX_ERRNO	256

enum op {
	OP_CREATE,
	OP_DESTROY,
	OP_PLUG,
	OP_UNPLUG,
	OP_REQUEST,
	OP_ONLINE,
	OP_OFFLINE,
	OP_ONLINE_TYPE,
	OP_MEMMAP,
	OP_TIMEOUT,
	OP_WINDOW_NEW,
	OP_WINDOW_DEL,
	OP_POISON,
	OP_DUMP,
	OP_READ,
	OP_DEBUGFS,
	NR_OPS
};

/**
 * struct slot - a device that comes and goes, always the same
 * @id: its name
 * @dimm: its kind
 * @blocks: its size
 * @window: where, or -1 for anywhere
 */
struct slot {
	char id[8];
	bool dimm;
	unsigned int blocks;
	int window;
};

/**
 * struct draw - what is to be done, all of it that is drawn
 * @op: what
 * @slot: to which device
 * @what: and how
 * @sysfs: by an attribute, else by netlink
 * @hurry: it is interrupted after @ms
 * @ms: time
 */
struct draw {
	enum op op;
	const struct slot *slot;
	__u64 what;
	bool sysfs;
	bool hurry;
	unsigned int ms;
};

/**
 * struct worker - one who does it
 * @thread: itself
 * @nr: which one
 * @rng: where the draws come from
 * @nl: a socket of its own
 * @timer: interrupts it
 * @text: what the kernel said to the last refusal
 * @count: outcomes; by operation, by errno
 */
struct worker {
	pthread_t thread;
	unsigned int nr;
	__u64 rng;
	struct nl *nl;
	timer_t timer;
	char text[NL_TEXT_LEN];
	unsigned long count[NR_OPS][MAX_ERRNO];
};

/**
 * struct range - a window, or what may be one
 * @start: physical address
 * @size: bytes
 * @carved: it was taken out of System RAM
 */
struct range {
	__u64 start;
	__u64 size;
	bool carved;
};

extern struct range windows[MAX_WINDOWS];
extern unsigned int nr_windows;
extern struct range extra;
extern bool extra_is_shared;
extern __u64 block, page_size;

/* main.c */
void finding(const char *fmt, ...);
void see_text(const char *text, const char *whose);

/* change.c: these, like all that perform something, return 0 or an errno */
void must_open(struct nl *nl);
struct nlmsghdr *begin_slot(struct worker *w, const struct draw *d, __u8 cmd);
int read_at(int dir, const char *name, char *buf, size_t size);
int dir_of(struct worker *w, const struct slot *slot);
int do_set(struct worker *w, const struct draw *d);
int do_plug(struct worker *w, const struct draw *d);
int do_create(struct worker *w, const struct draw *d);
int do_destroy(struct worker *w, const struct draw *d);
int do_toggle(struct worker *w, const struct draw *d);
int do_window_new(struct worker *w, const struct draw *d);
int do_window_del(struct worker *w, const struct draw *d);

/* look.c */
int do_dump(struct worker *w, const struct draw *d);
int do_read(struct worker *w, const struct draw *d);

/* poison.c */
extern unsigned int nr_poisoned, nr_tried;
void poison_allow(unsigned int nr);
int do_poison(void);

#endif /* _MEMDEV_TEST_STRESS_H */
