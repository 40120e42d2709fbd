// SPDX-License-Identifier: GPL-2.0
/*
 * Parse messages of the netlink family into structures.
 */
#include <stddef.h>
#include <string.h>

#include "nl_parse.h"

/**
 * struct member - the member of a structure that stores an attribute
 * @attribute: the attribute; 0 ends a list of members
 * @text: the attribute is a string, not a number
 * @nest: members of a nested structure, or NULL
 * @offset: offset of the member
 * @size: size of the member
 * @present: offset of a bool to set if the attribute is present; 0 for none,
 *   so the bool cannot be the first member
 */
struct member {
	__u16 attribute;
	bool text;
	const struct member *nest;
	size_t offset;
	size_t size;
	size_t present;
};

/* For offsets and sizes of members; never dereferenced. */
#define STATS	((struct stats *)0)
#define REFUSAL	((struct refusal *)0)
#define DEV		((struct dev *)0)
#define WINDOW	((struct window *)0)
#define RUN		((struct block_run *)0)
#define EVENT	((struct event *)0)

#define MEMBER(attr, m) \
	.attribute = MEMDEV_A_##attr, .offset = (size_t)&(m), .size = sizeof(m)
#define NUMBER(attr, m)		{ MEMBER(attr, m) }
#define NUMBER_IF(attr, m, has)	{ MEMBER(attr, m), .present = (size_t)&(has) }
#define TEXT(attr, m)		{ MEMBER(attr, m), .text = true }
#define NEST(attr, m, members)	{ MEMBER(attr, m), .nest = members }
#define END			{ .attribute = 0 }

static const struct member stats_members[] = {
	NUMBER(STATS_COUNT, STATS->count),
	NUMBER(STATS_FAILURES, STATS->failures),
	NUMBER(STATS_BYTES, STATS->bytes),
	NUMBER(STATS_TIME_NS, STATS->time_ns),
	END
};

static const struct member refusal_members[] = {
	NUMBER_IF(REFUSAL_OP, REFUSAL->op, REFUSAL->present),
	NUMBER(REFUSAL_ERRNO, REFUSAL->err),
	TEXT(REFUSAL_REASON, REFUSAL->reason),
	NUMBER_IF(REFUSAL_BLOCK, REFUSAL->block, REFUSAL->has_block),
	NUMBER_IF(REFUSAL_ADDRESS, REFUSAL->address, REFUSAL->has_address),
	TEXT(REFUSAL_MEMORY, REFUSAL->memory),
	NUMBER(REFUSAL_ASKED, REFUSAL->asked),
	NUMBER(REFUSAL_DONE, REFUSAL->done),
	END
};

static const struct member dev_members[] = {
	NUMBER(DEV_INDEX, DEV->index),
	TEXT(DEV_ID, DEV->id),
	TEXT(DEV_KIND, DEV->kind),
	NUMBER(DEV_WINDOW, DEV->window),
	NUMBER_IF(DEV_ADDRESS, DEV->address, DEV->has_address),
	NUMBER(DEV_SIZE, DEV->size),
	NUMBER(DEV_ALIGN, DEV->align),
	NUMBER(DEV_NODE, DEV->node),
	NUMBER(DEV_SLOT, DEV->slot),
	NUMBER(DEV_BLOCK_SIZE, DEV->block_size),
	NUMBER(DEV_PLUGGED_SIZE, DEV->plugged),
	NUMBER(DEV_ONLINE_SIZE, DEV->online),
	NUMBER(DEV_REQUESTED_SIZE, DEV->requested),
	NUMBER(DEV_RETIRED_SIZE, DEV->retired),
	NUMBER(DEV_STATE, DEV->state),
	NUMBER(DEV_ONLINE_TYPE, DEV->online_type),
	NUMBER(DEV_MEMMAP_ON_MEMORY, DEV->memmap_on_memory),
	NUMBER(DEV_UNPLUG_TIMEOUT_MS, DEV->timeout_ms),
	NEST(DEV_PLUG_STATS, DEV->stats[0], stats_members),
	NEST(DEV_UNPLUG_STATS, DEV->stats[1], stats_members),
	TEXT(DEV_LAST_ERROR, DEV->last_error),
	NEST(DEV_REFUSAL, DEV->refusal, refusal_members),
	END
};

static const struct member window_members[] = {
	NUMBER(WINDOW_INDEX, WINDOW->index),
	NUMBER_IF(WINDOW_START, WINDOW->start, WINDOW->has_start),
	NUMBER(WINDOW_SIZE, WINDOW->size),
	NUMBER(WINDOW_NODE, WINDOW->node),
	NUMBER(WINDOW_SOURCE, WINDOW->source),
	NUMBER(WINDOW_LIMIT, WINDOW->limit),
	NUMBER(WINDOW_SLOTS, WINDOW->slots),
	NUMBER(WINDOW_USED, WINDOW->used),
	NUMBER(WINDOW_LARGEST_FREE, WINDOW->largest_free),
	NUMBER(WINDOW_BLOCK_SIZE, WINDOW->block_size),
	END
};

static const struct member block_run_members[] = {
	NUMBER(BLOCK_DEVICE, RUN->device),
	NUMBER(BLOCK_FIRST, RUN->first),
	NUMBER(BLOCK_COUNT, RUN->count),
	NUMBER(BLOCK_STATE, RUN->state),
	END
};

static const struct member event_members[] = {
	NUMBER(EVENT_SEQ, EVENT->seq),
	NUMBER_IF(EVENT_DEVICE, EVENT->device, EVENT->has_device),
	NUMBER_IF(EVENT_WINDOW, EVENT->window, EVENT->has_window),
	TEXT(EVENT_ID, EVENT->id),
	TEXT(EVENT_KIND, EVENT->kind),
	NUMBER_IF(EVENT_ADDRESS, EVENT->address, EVENT->has_address),
	NUMBER_IF(EVENT_SIZE, EVENT->size, EVENT->has_size),
	NUMBER_IF(EVENT_OLD_SIZE, EVENT->old_size, EVENT->has_old),
	NUMBER(EVENT_NEW_SIZE, EVENT->new_size),
	NUMBER_IF(EVENT_BLOCK, EVENT->block, EVENT->has_block),
	NEST(EVENT_REFUSAL, EVENT->refusal, refusal_members),
	END
};

/*
 * A 64-bit attribute is only aligned to 4 bytes: copy it. An empty one reads
 * as 0.
 */
static __u64 get_number(const struct nlattr *attr)
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
		store_number(to, member->size, get_number(attr));
	if (member->present)
		*(bool *)((char *)base + member->present) = true;
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

int nl_block_run_parse(const struct nlmsghdr *nlh, struct block_run *run)
{
	memset(run, 0, sizeof(*run));
	return message_parse(nlh, block_run_members, run);
}

int nl_event_parse(const struct nlmsghdr *nlh, struct event *event)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	memset(event, 0, sizeof(*event));
	event->cmd = genl->cmd;
	return message_parse(nlh, event_members, event);
}
