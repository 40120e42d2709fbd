/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Talking to the family "memdev".
 */
#ifndef MEMDEVCTL_NL_H
#define MEMDEVCTL_NL_H

#include <linux/genetlink.h>
#include <linux/memdev.h>
#include <stdbool.h>
#include <stdint.h>
#include <libmnl/libmnl.h>

#define NL_BUFFER	32768

struct nl {
	struct mnl_socket *sock;
	unsigned int portid;
	unsigned int seq;
	uint16_t family;
	uint32_t monitor;
	uint32_t monitor_public;
	/* Of the last call: the kernel's words, and the attribute they are
	 * about, 0 if it named none.
	 */
	char text[512];
	uint16_t attribute;
	bool changed;		/* while it was dumped */
	char buf[NL_BUFFER];	/* the request */
};

struct stats {
	uint64_t count;
	uint64_t failures;
	uint64_t bytes;
	uint64_t time_ns;
};

struct refusal {
	bool there;
	uint32_t op;
	uint32_t err;
	char reason[256];
	bool has_block;
	uint32_t block;
	bool has_address;
	uint64_t address;
	char memory[32];
	uint64_t asked;
	uint64_t done;
};

struct dev {
	uint32_t index;
	char id[MEMDEV_ID_MAX_LEN + 1];
	char kind[MEMDEV_KIND_MAX_LEN + 1];
	uint32_t window;
	bool has_address;
	uint64_t address;
	uint64_t size;
	uint64_t align;
	int32_t node;		/* -1: none */
	int32_t slot;		/* -1: none */
	uint64_t block_size;
	uint64_t plugged;
	uint64_t online;
	uint64_t requested;
	uint64_t retired;
	uint32_t state;
	uint32_t online_type;
	uint8_t memmap_on_memory;
	uint32_t timeout_ms;
	struct stats stats[2];	/* plug, unplug */
	char last_error[512];
	struct refusal refusal;
};

struct window {
	uint32_t index;
	bool has_start;
	uint64_t start;
	uint64_t size;
	int32_t node;		/* -1: none */
	uint32_t source;
	uint64_t limit;
	uint32_t slots;
	uint64_t used;
	uint64_t largest_free;
	uint64_t block_size;
};

struct blocks {			/* a run of equal ones */
	uint32_t device;
	uint32_t first;
	uint32_t count;
	uint32_t state;
};

struct event {
	uint8_t cmd;
	uint64_t seq;
	bool has_device, has_window, has_address, has_size, has_old;
	uint32_t device;
	uint32_t window;
	char id[MEMDEV_ID_MAX_LEN + 1];
	char kind[MEMDEV_KIND_MAX_LEN + 1];
	uint64_t address;
	uint64_t size;
	uint64_t old_size;
	uint64_t new_size;
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

struct runs {
	struct blocks *v;
	size_t n;
};

/* Complains, too, if there is no family. Returns 0 or an exit status. */
int nl_open(struct nl *nl);
/* That, and a request which was written before stays to be sent. */
int nl_open_for(struct nl *nl, struct nlmsghdr *nlh);
void nl_close(struct nl *nl);

/* Joins the group of those who see all, or else the public one. 0 or -errno */
int nl_join(struct nl *nl);

struct nlmsghdr *nl_request(struct nl *nl, uint8_t cmd, uint16_t flags);
/* Returns 0 or -errno, with nl->text; cb sees each answer. */
int nl_call(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data);
/* That, and calls tick() every ms; -EINTR, and the socket is closed, if the
 * user interrupts.
 */
int nl_call_wait(struct nl *nl, struct nlmsghdr *nlh, mnl_cb_t cb, void *data,
		 int ms, void (*tick)(void *arg), void *arg);
/* The kernel's words for what nl_call() returned, or errno's. */
const char *nl_words(const struct nl *nl, int rc);

/* These return 0 or -errno. */
int nl_dev(struct nl *nl, uint32_t index, struct dev *dev);
int nl_devs(struct nl *nl, struct devs *devs);
int nl_windows(struct nl *nl, struct windows *windows);
int nl_runs(struct nl *nl, struct runs *runs);

/* By memdev0, 0 or id. Complains; returns 0 or an exit status. */
int nl_dev_named(struct nl *nl, const char *name, struct dev *dev);
/* The devices that are named, all without a name. As above. */
int nl_devs_named(struct nl *nl, int argc, char **argv, struct devs *devs);

void nl_event_parse(const struct nlmsghdr *nlh, struct event *event);

extern const char *const state_names[];
extern const char *const online_type_names[];
extern const char *const block_state_names[];
const char *state_name(uint32_t state);
const char *online_type_name(uint32_t type);
const char *source_name(uint32_t source);
const char *block_state_name(uint32_t state);
const char *op_name(uint32_t op);

#define NR_BLOCK_STATES		(MEMDEV_BLOCK_STATE_MOVABLE + 1)

#endif /* MEMDEVCTL_NL_H */
