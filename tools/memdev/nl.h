/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Talking to the family "memdev".
 */
#ifndef MEMDEVCTL_NL_H
#define MEMDEVCTL_NL_H

#include <linux/genetlink.h>
#include <linux/memdev.h>
#include <stdbool.h>
#include <libmnl/libmnl.h>

#define NL_BUFFER	32768

struct nl {
	struct mnl_socket *sock;
	unsigned int portid;
	unsigned int seq;
	__u16 family;
	__u32 monitor;
	__u32 monitor_public;
	/* Of the last call: the kernel's words, and the attribute they are
	 * about, 0 if it named none.
	 */
	char text[512];
	__u16 attribute;
	bool changed;		/* while it was dumped */
	__u64 buf[NL_BUFFER / 8];	/* the request, aligned */
};

struct stats {
	__u64 count;
	__u64 failures;
	__u64 bytes;
	__u64 time_ns;
};

struct refusal {
	bool there;
	__u32 op;
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
	struct stats stats[2];	/* plug, unplug */
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

struct blocks {			/* a run of equal ones */
	__u32 device;
	__u32 first;
	__u32 count;
	__u32 state;
};

struct fault_rule {
	__u32 index;
	__u32 device;
	__u32 step;
	bool has_block;
	__u32 block;
	__u32 error;		/* 0: none */
	__u32 delay_ms;
	__u32 nth;
	__u32 every;
	__u32 times;		/* 0: without end */
	__u32 chance;
	__u32 seed;
	__u64 seen;
	__u64 hit;
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

struct devs {
	struct dev *v;
	size_t n;
};

struct windows {
	struct window *v;
	size_t n;
};

struct fault_rules {
	struct fault_rule *v;
	size_t n;
};

struct runs {
	struct blocks *v;
	size_t n;
};

/* Complains, too, if there is no family. Returns 0 or an exit status. */
int nl_open(struct nl *nl);
/* A request before there is a socket, so that what is wrong with the user's
 * words is said without the module, too
 */
struct nlmsghdr *nl_request_first(struct nl *nl, __u8 cmd);
/* As nl_open(), and that request stays to be sent. */
int nl_open_for(struct nl *nl, struct nlmsghdr *nlh);
void nl_close(struct nl *nl);

/* Joins the group of those who see all, or else the public one. 0 or -errno */
int nl_join(struct nl *nl);

struct nlmsghdr *nl_request(struct nl *nl, __u8 cmd, __u16 flags);
/* Returns 0 or -errno, with nl->text; cb sees each answer. */
int nl_call(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data);
/* That, and calls tick() every ms. The first interrupt cancels the request, of
 * which the answer is still waited for; the second closes the socket: -EINTR.
 */
int nl_call_wait(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data,
		 int ms, void (*tick)(void *arg), void *arg);
/* The kernel's words for what nl_call() returned, or errno's. */
const char *nl_words(const struct nl *nl, int rc);

/* These return 0 or -errno. */
int nl_dev(struct nl *nl, __u32 index, struct dev *dev);
int nl_devs(struct nl *nl, struct devs *devs);
int nl_windows(struct nl *nl, struct windows *windows);
int nl_runs(struct nl *nl, struct runs *runs);
int nl_fault_rules(struct nl *nl, struct fault_rules *rules);

/* By memdev0, 0 or id. Complains; returns 0 or an exit status. */
int nl_dev_named(struct nl *nl, const char *name, struct dev *dev);
/* The devices that are named, all without a name. As above. */
int nl_devs_named(struct nl *nl, int argc, char **argv, struct devs *devs);

int nl_dev_parse(const struct nlmsghdr *nlh, void *dev);
int nl_window_parse(const struct nlmsghdr *nlh, struct window *window);
int nl_blocks_parse(const struct nlmsghdr *nlh, struct blocks *blocks);
int nl_fault_rule_parse(const struct nlmsghdr *nlh, struct fault_rule *rule);
void nl_event_parse(const struct nlmsghdr *nlh, struct event *event);

extern const char *const state_names[];
extern const char *const online_type_names[];
extern const char *const block_state_names[];
extern const char *const step_names[];
const char *state_name(__u32 state);
const char *online_type_name(__u32 type);
const char *source_name(__u32 source);
const char *block_state_name(__u32 state);
const char *op_name(__u32 op);
const char *step_name(__u32 step);

#define NR_BLOCK_STATES		(MEMDEV_BLOCK_STATE_MOVABLE + 1)

#endif /* MEMDEVCTL_NL_H */
