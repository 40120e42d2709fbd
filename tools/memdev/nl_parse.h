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
 * @name: name of the attribute's constant without MEMDEV_A_
 * @attribute: the attribute; 0 ends a list of members
 * @text: the attribute is a string, not a number
 * @is_signed: the attribute is a signed number
 * @nest: members of a nested structure, or NULL
 * @offset: offset of the member
 * @size: size of the member, 0 if only requests have the attribute
 */
struct member {
	const char *name;
	__u16 attribute;
	bool text;
	bool is_signed;
	const struct member *nest;
	size_t offset;
	size_t size;
};

/* For offsets and sizes of members; never dereferenced */
#define IN(type)		((struct type *)0)
#define NAMED(attr)		.name = #attr, .attribute = MEMDEV_A_##attr
#define MEMBER(attr, m) \
	NAMED(attr), .offset = (size_t)&(m), .size = sizeof(m)
#define REQUEST(attr)		{ NAMED(attr) }
#define NUMBER(attr, m)		{ MEMBER(attr, m) }
#define SIGNED(attr, m)		{ MEMBER(attr, m), .is_signed = true }
#define TEXT(attr, m)		{ MEMBER(attr, m), .text = true }
#define NEST(attr, m, members)	{ MEMBER(attr, m), .nest = members }
#define END			{ .attribute = 0 }

/**
 * struct nl_command - a command of the family
 * @name: its name, NULL for a number that is not used
 * @members: members for the attributes of its messages
 */
struct nl_command {
	const char *name;
	const struct member *members;
};

/* Declares arrays of members and commands */
#include "nl_gen.h"

/* Numbers of 8, 32 and 64 bits; an empty attribute is 0. */
__u64 nl_number(const struct nlattr *attr);

/* Return MNL_CB_OK. */
int nl_dev_parse(const struct nlmsghdr *nlh, void *dev);
int nl_window_parse(const struct nlmsghdr *nlh, struct window *window);
int nl_block_parse(const struct nlmsghdr *nlh, struct block *run);
int nl_event_parse(const struct nlmsghdr *nlh, struct event *event);

#endif /* MEMDEVCTL_NL_PARSE_H */
