// SPDX-License-Identifier: GPL-2.0
/*
 * Parse messages of the netlink family into structures.
 */
#include <stddef.h>
#include <string.h>

#include "nl_parse.h"

/*
 * A 64-bit attribute is only aligned to 4 bytes: copy it. An empty one reads
 * as 0.
 */
__u64 nl_number(const struct nlattr *attr)
{
	const size_t len = mnl_attr_get_payload_len(attr);
	const void *payload = mnl_attr_get_payload(attr);
	__u64 u64;
	__u32 u32;

	if (len >= sizeof(u64)) {
		memcpy(&u64, payload, sizeof(u64));
		return u64;
	}
	if (len >= sizeof(u32)) {
		memcpy(&u32, payload, sizeof(u32));
		return u32;
	}
	return len ? *(const __u8 *)payload : 0;
}

static void get_text(char *to, size_t size, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= size)
		len = size - 1;
	memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = '\0';
}

static void store_number(void *to, size_t size, __u64 number)
{
	switch (size) {
	case sizeof(__u8):
		*(__u8 *)to = number;
		break;
	case sizeof(__u32):
		*(__u32 *)to = number;
		break;
	case sizeof(__u64):
		*(__u64 *)to = number;
		break;
	}
}

/* Ignore an attribute that is newer than this tool. */
static void attr_parse(const struct nlattr *attr, const struct member *member,
		       void *base)
{
	const struct nlattr *nested;
	char *to;

	while (member->attribute != mnl_attr_get_type(attr))
		if (!member++->attribute)
			return;
	to = (char *)base + member->offset;
	if (member->nest)
		mnl_attr_for_each_nested(nested, attr)
			attr_parse(nested, member->nest, to);
	else if (member->text)
		get_text(to, member->size, attr);
	else
		store_number(to, member->size, nl_number(attr));
	/* Every structure starts with the mask of its attributes. */
	*(__u32 *)base |= 1U << member->attribute;
}

static int message_parse(const struct nlmsghdr *nlh,
			 const struct member *members, void *base)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		attr_parse(attr, members, base);
	return MNL_CB_OK;
}

int nl_dev_parse(const struct nlmsghdr *nlh, void *data)
{
	struct dev *dev = data;

	memset(dev, 0, sizeof(*dev));
	dev->node = -1;
	dev->slot = -1;
	return message_parse(nlh, dev_members, dev);
}

int nl_window_parse(const struct nlmsghdr *nlh, struct window *window)
{
	memset(window, 0, sizeof(*window));
	window->node = -1;
	return message_parse(nlh, window_members, window);
}

int nl_block_parse(const struct nlmsghdr *nlh, struct block *run)
{
	memset(run, 0, sizeof(*run));
	return message_parse(nlh, block_members, run);
}

int nl_event_parse(const struct nlmsghdr *nlh, struct event *event)
{
	memset(event, 0, sizeof(*event));
	return message_parse(nlh, event_members, event);
}
