/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests to the netlink family "memdev".
 */
#ifndef MEMDEVCTL_NL_H
#define MEMDEVCTL_NL_H

#include "nl_parse.h"
#include "record.h"
#include "util.h"

/* Large enough for a message of a dump */
#define NL_BUFFER	65536

/**
 * struct nl - a socket, and the result of its last request
 * @sock: the socket, NULL once it is closed
 * @seq: sequence number of the last request
 * @family: id of the family
 * @monitor: id of the multicast group for callers who may see addresses
 * @monitor_public: id of the multicast group without addresses
 * @text: the kernel's error or warning text
 * @bad_attribute: attribute that the kernel rejected, or 0
 * @inconsistent: the list changed during the dump
 * @record: answers the requests if nl_input is set
 */
struct nl {
	struct mnl_socket *sock;
	unsigned int seq;
	__u16 family;
	__u32 monitor;
	__u32 monitor_public;
	char text[512];
	__u16 bad_attribute;
	bool inconsistent;
	struct record record;
};

/* The record that answers requests instead of the kernel, or NULL */
extern const char *nl_input;

struct devs {
	struct dev *v;
	size_t n;
};

struct windows {
	struct window *v;
	size_t n;
};

struct block_runs {
	struct block *v;
	size_t n;
};

/*
 * Whether the module is loaded, in whatever namespace the caller is, or a record
 * answers instead
 */
bool module_loaded(void);
/* Return 0 or -errno: -ENOENT if this network namespace has no family. */
int nl_open_quiet(struct nl *nl);
/* Return 0, or print an error and return an exit status. */
int nl_open(struct nl *nl);
/* Look up a device by name, number or id; the socket is closed on failure. */
int nl_open_dev(struct nl *nl, const char *name, struct dev *dev);
void nl_close(struct nl *nl);

/* Join the multicast group that the caller may see. Returns 0 or -errno. */
int nl_join(struct nl *nl);

/* Allocate a request. The call that sends it frees it. */
struct nlmsghdr *nl_request(__u8 cmd, __u16 flags);
/* Send a request, pass each reply to @cb. Returns 0 or -errno. */
int nl_call(struct nl *nl, struct nlmsghdr *request, mnl_cb_t cb, void *data);
/* canceled: a signal has arrived */
typedef void (*nl_tick)(void *arg, bool canceled);
/*
 * Like nl_call(), for a request that takes long: call tick() every @ms
 * milliseconds. On the first signal, cancel the request, call tick() at once
 * and wait for the result. On the second one, close the socket and return
 * -EINTR.
 */
int nl_call_wait(struct nl *nl, struct nlmsghdr *request, mnl_cb_t cb,
		 void *data, int ms, nl_tick tick, void *arg);

/* The kernel's text for the last request, or else the text of errno -rc */
const char *nl_strerror(const struct nl *nl, int rc);
/* Print an error if rc is not 0. Returns 0 or EXIT_FAILED. */
__printf(3, 4)
int nl_status(const struct nl *nl, int rc, const char *format, ...);

/* Return 0 or -errno. */
int nl_dev(struct nl *nl, __u32 index, struct dev *dev);
int nl_devs(struct nl *nl, struct devs *devs);
int nl_windows(struct nl *nl, struct windows *windows);
int nl_block_runs(struct nl *nl, struct block_runs *runs);
/* Record the three lists. The caller frees the messages. */
int nl_record(struct nl *nl, struct record *record);

/* Look up a device or print an error. Returns 0 or EXIT_FAILED. */
int nl_dev_named(struct nl *nl, const char *name, struct dev *dev);
/* Look up all devices if argc is 0, else the named ones that exist. */
int nl_devs_named(struct nl *nl, int argc, char **argv, struct devs *devs);

#endif /* MEMDEVCTL_NL_H */
