/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The files of stress_workers; each may only call those below it.
 *
 * main.c	draw operations, run them in workers, count the results
 * look.c	read the state of devices and windows
 * poison.c	poison pages
 * change.c	change devices, windows and blocks
 * report.c	findings and facts about the machine
 */
#ifndef _MEMDEV_TEST_STRESS_WORKERS_H
#define _MEMDEV_TEST_STRESS_WORKERS_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

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
 * struct slot - a device that is created and deleted with the same properties
 * @id: its id
 * @dimm: whether its kind is dimm
 * @blocks: its size in blocks
 * @window: index of its window, -1 for any
 */
struct slot {
	char id[8];
	bool dimm;
	unsigned int blocks;
	int window;
};

/**
 * struct draw - a random operation
 * @op: the operation
 * @slot: the device
 * @bits: random bits for its parameters
 * @sysfs: use sysfs, else netlink
 * @interrupt: interrupt it after @ms
 * @ms: time until the interruption
 */
struct draw {
	enum op op;
	const struct slot *slot;
	__u64 bits;
	bool sysfs;
	bool interrupt;
	unsigned int ms;
};

/**
 * struct worker - a thread that does operations
 * @thread: the thread
 * @nr: its number
 * @rng: state of its random number generator
 * @nl: its netlink socket
 * @timer: interrupts its operations
 * @text: message of the last refusal
 * @count: number of results by operation and errno
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
 * struct range - a window, or a range that may become one
 * @start: physical address
 * @size: bytes
 * @carved: it was carved out of System RAM
 */
struct range {
	__u64 start;
	__u64 size;
	bool carved;
};

/* report.c */
extern atomic_int stop, findings;
extern struct range windows[MAX_WINDOWS];
extern unsigned int nr_windows;
extern struct range extra;
extern bool extra_is_shared;
extern __u64 block, page_size;
void finding(const char *fmt, ...);
void check_text(const char *text, const char *whose);

/* change.c: do_*() return 0 or an errno, here and below */
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

#endif /* _MEMDEV_TEST_STRESS_WORKERS_H */
