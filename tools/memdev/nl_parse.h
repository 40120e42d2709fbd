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
#include <stddef.h>

#define NR_BLOCK_STATES		(MEMDEV_BLOCK_STATE_MOVABLE + 1)

/* Whether a message had an attribute */
#define HAS(message, attr)	((message)->has & 1U << MEMDEV_A_##attr)

/**
 * struct member - the member of a structure that stores an attribute
 * @attribute: the attribute; 0 ends a list of members
 * @text: the attribute is a string, not a number
 * @nest: members of a nested structure, or NULL
 * @offset: offset of the member
 * @size: size of the member
 */
struct member {
	__u16 attribute;
	bool text;
	const struct member *nest;
	size_t offset;
	size_t size;
};

/* For offsets and sizes of members; never dereferenced */
#define IN(type)		((struct type *)0)
#define MEMBER(attr, m) \
	.attribute = MEMDEV_A_##attr, .offset = (size_t)&(m), .size = sizeof(m)
#define NUMBER(attr, m)		{ MEMBER(attr, m) }
#define TEXT(attr, m)		{ MEMBER(attr, m), .text = true }
#define NEST(attr, m, members)	{ MEMBER(attr, m), .nest = members }
#define END			{ .attribute = 0 }

/* Declares arrays of members */
#include "nl_gen.h"

/* Return MNL_CB_OK. */
int nl_dev_parse(const struct nlmsghdr *nlh, void *dev);
int nl_window_parse(const struct nlmsghdr *nlh, struct window *window);
int nl_block_parse(const struct nlmsghdr *nlh, struct block *run);
int nl_event_parse(const struct nlmsghdr *nlh, struct event *event);

#endif /* MEMDEVCTL_NL_PARSE_H */
