/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of the netlink family as structures.
 */
#ifndef MEMDEVCTL_NL_PARSE_H
#define MEMDEVCTL_NL_PARSE_H

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/memdev.h>
#include <stdbool.h>

#define NR_BLOCK_STATES		(MEMDEV_BLOCK_STATE_MOVABLE + 1)

struct stats {
	__u64 count;
	__u64 failures;
	__u64 bytes;
	__u64 time_ns;
};

struct refusal {
	__u32 op;
	bool present;
	__u32 err;
	char reason[256];
	bool has_block;
	__u32 block;
	bool has_address;
	__u64 address;
	char memory[32];
	__u64 asked;
	__u64 done;
};

struct dev {
	__u32 index;
	char id[MEMDEV_ID_MAX_LEN + 1];
	char kind[MEMDEV_KIND_MAX_LEN + 1];
	__u32 window;
	bool has_address;
	__u64 address;
	__u64 size;
	__u64 align;
	__s32 node;		/* -1: none */
	__s32 slot;		/* -1: none */
	__u64 block_size;
	__u64 plugged;
	__u64 online;
	__u64 requested;
	__u64 retired;
	__u32 state;
	__u32 online_type;
	__u8 memmap_on_memory;
	__u32 timeout_ms;
	struct stats stats[2];	/* of plug and unplug */
	char last_error[512];
	struct refusal refusal;
};

struct window {
	__u32 index;
	bool has_start;
	__u64 start;
	__u64 size;
	__s32 node;		/* -1: none */
	__u32 source;
	__u64 limit;
	__u32 slots;
	__u64 used;
	__u64 largest_free;
	__u64 block_size;
};

/* Consecutive blocks of a device that are in the same state */
struct block_run {
	__u32 device;
	__u32 first;
	__u32 count;
	__u32 state;
};

struct event {
	__u8 cmd;
	__u64 seq;
	bool has_device, has_window, has_address, has_size, has_old;
	__u32 device;
	__u32 window;
	char id[MEMDEV_ID_MAX_LEN + 1];
	char kind[MEMDEV_KIND_MAX_LEN + 1];
	__u64 address;
	__u64 size;
	__u64 old_size;
	__u64 new_size;
	bool has_block;
	__u32 block;
	struct refusal refusal;
};

/* Return MNL_CB_OK. */
int nl_dev_parse(const struct nlmsghdr *nlh, void *dev);
int nl_window_parse(const struct nlmsghdr *nlh, struct window *window);
int nl_block_run_parse(const struct nlmsghdr *nlh, struct block_run *run);
int nl_event_parse(const struct nlmsghdr *nlh, struct event *event);

#endif /* MEMDEVCTL_NL_PARSE_H */
