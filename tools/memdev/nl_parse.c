// SPDX-License-Identifier: GPL-2.0
/*
 * What the family answers, as structures and in words.
 */
#include <string.h>

#include "memdevctl.h"
#include "nl.h"

static void get_text(char *to, size_t size, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= size)
		len = size - 1;
	memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = '\0';
}

#define GET_TEXT(to, attr)	get_text(to, sizeof(to), attr)

/* 64 bits may be no more than 4-byte aligned; what is too short is 0. */
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

static void parse_stats(const struct nlattr *nest, struct stats *stats)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_STATS_COUNT:
			stats->count = get_number(attr);
			break;
		case MEMDEV_A_STATS_FAILURES:
			stats->failures = get_number(attr);
			break;
		case MEMDEV_A_STATS_BYTES:
			stats->bytes = get_number(attr);
			break;
		case MEMDEV_A_STATS_TIME_NS:
			stats->time_ns = get_number(attr);
			break;
		}
	}
}

static void parse_refusal(const struct nlattr *nest, struct refusal *refusal)
{
	const struct nlattr *attr;

	refusal->there = true;
	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_REFUSAL_OP:
			refusal->op = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_ERRNO:
			refusal->err = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_REASON:
			GET_TEXT(refusal->reason, attr);
			break;
		case MEMDEV_A_REFUSAL_BLOCK:
			refusal->has_block = true;
			refusal->block = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_ADDRESS:
			refusal->has_address = true;
			refusal->address = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_MEMORY:
			GET_TEXT(refusal->memory, attr);
			break;
		case MEMDEV_A_REFUSAL_ASKED:
			refusal->asked = get_number(attr);
			break;
		case MEMDEV_A_REFUSAL_DONE:
			refusal->done = get_number(attr);
			break;
		}
	}
}

int nl_dev_parse(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	struct dev *dev = data;

	memset(dev, 0, sizeof(*dev));
	dev->node = -1;
	dev->slot = -1;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_DEV_INDEX:
			dev->index = get_number(attr);
			break;
		case MEMDEV_A_DEV_ID:
			GET_TEXT(dev->id, attr);
			break;
		case MEMDEV_A_DEV_KIND:
			GET_TEXT(dev->kind, attr);
			break;
		case MEMDEV_A_DEV_WINDOW:
			dev->window = get_number(attr);
			break;
		case MEMDEV_A_DEV_ADDRESS:
			dev->has_address = true;
			dev->address = get_number(attr);
			break;
		case MEMDEV_A_DEV_SIZE:
			dev->size = get_number(attr);
			break;
		case MEMDEV_A_DEV_ALIGN:
			dev->align = get_number(attr);
			break;
		case MEMDEV_A_DEV_NODE:
			dev->node = get_number(attr);
			break;
		case MEMDEV_A_DEV_SLOT:
			dev->slot = get_number(attr);
			break;
		case MEMDEV_A_DEV_BLOCK_SIZE:
			dev->block_size = get_number(attr);
			break;
		case MEMDEV_A_DEV_PLUGGED_SIZE:
			dev->plugged = get_number(attr);
			break;
		case MEMDEV_A_DEV_ONLINE_SIZE:
			dev->online = get_number(attr);
			break;
		case MEMDEV_A_DEV_REQUESTED_SIZE:
			dev->requested = get_number(attr);
			break;
		case MEMDEV_A_DEV_RETIRED_SIZE:
			dev->retired = get_number(attr);
			break;
		case MEMDEV_A_DEV_STATE:
			dev->state = get_number(attr);
			break;
		case MEMDEV_A_DEV_ONLINE_TYPE:
			dev->online_type = get_number(attr);
			break;
		case MEMDEV_A_DEV_MEMMAP_ON_MEMORY:
			dev->memmap_on_memory = get_number(attr);
			break;
		case MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS:
			dev->timeout_ms = get_number(attr);
			break;
		case MEMDEV_A_DEV_PLUG_STATS:
			parse_stats(attr, &dev->stats[0]);
			break;
		case MEMDEV_A_DEV_UNPLUG_STATS:
			parse_stats(attr, &dev->stats[1]);
			break;
		case MEMDEV_A_DEV_LAST_ERROR:
			GET_TEXT(dev->last_error, attr);
			break;
		case MEMDEV_A_DEV_REFUSAL:
			parse_refusal(attr, &dev->refusal);
			break;
		}
	}
	return MNL_CB_OK;
}

int nl_window_parse(const struct nlmsghdr *nlh, struct window *window)
{
	const struct nlattr *attr;

	memset(window, 0, sizeof(*window));
	window->node = -1;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_WINDOW_INDEX:
			window->index = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_START:
			window->has_start = true;
			window->start = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_SIZE:
			window->size = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_NODE:
			window->node = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_SOURCE:
			window->source = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_LIMIT:
			window->limit = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_SLOTS:
			window->slots = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_USED:
			window->used = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_LARGEST_FREE:
			window->largest_free = get_number(attr);
			break;
		case MEMDEV_A_WINDOW_BLOCK_SIZE:
			window->block_size = get_number(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

int nl_blocks_parse(const struct nlmsghdr *nlh, struct blocks *blocks)
{
	const struct nlattr *attr;

	memset(blocks, 0, sizeof(*blocks));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_BLOCK_DEVICE:
			blocks->device = get_number(attr);
			break;
		case MEMDEV_A_BLOCK_FIRST:
			blocks->first = get_number(attr);
			break;
		case MEMDEV_A_BLOCK_COUNT:
			blocks->count = get_number(attr);
			break;
		case MEMDEV_A_BLOCK_STATE:
			blocks->state = get_number(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

int nl_fault_rule_parse(const struct nlmsghdr *nlh, struct fault_rule *rule)
{
	const struct nlattr *attr;

	memset(rule, 0, sizeof(*rule));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_FAULT_INDEX:
			rule->index = get_number(attr);
			break;
		case MEMDEV_A_FAULT_DEVICE:
			rule->device = get_number(attr);
			break;
		case MEMDEV_A_FAULT_STEP:
			rule->step = get_number(attr);
			break;
		case MEMDEV_A_FAULT_BLOCK:
			rule->has_block = true;
			rule->block = get_number(attr);
			break;
		case MEMDEV_A_FAULT_ERRNO:
			rule->error = get_number(attr);
			break;
		case MEMDEV_A_FAULT_DELAY_MS:
			rule->delay_ms = get_number(attr);
			break;
		case MEMDEV_A_FAULT_NTH:
			rule->nth = get_number(attr);
			break;
		case MEMDEV_A_FAULT_EVERY:
			rule->every = get_number(attr);
			break;
		case MEMDEV_A_FAULT_TIMES:
			rule->times = get_number(attr);
			break;
		case MEMDEV_A_FAULT_CHANCE:
			rule->chance = get_number(attr);
			break;
		case MEMDEV_A_FAULT_SEED:
			rule->seed = get_number(attr);
			break;
		case MEMDEV_A_FAULT_SEEN:
			rule->seen = get_number(attr);
			break;
		case MEMDEV_A_FAULT_HIT:
			rule->hit = get_number(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

void nl_event_parse(const struct nlmsghdr *nlh, struct event *event)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(event, 0, sizeof(*event));
	event->cmd = genl->cmd;
	mnl_attr_for_each(attr, nlh, sizeof(*genl)) {
		switch (mnl_attr_get_type(attr)) {
		case MEMDEV_A_EVENT_SEQ:
			event->seq = get_number(attr);
			break;
		case MEMDEV_A_EVENT_DEVICE:
			event->has_device = true;
			event->device = get_number(attr);
			break;
		case MEMDEV_A_EVENT_WINDOW:
			event->has_window = true;
			event->window = get_number(attr);
			break;
		case MEMDEV_A_EVENT_ID:
			GET_TEXT(event->id, attr);
			break;
		case MEMDEV_A_EVENT_KIND:
			GET_TEXT(event->kind, attr);
			break;
		case MEMDEV_A_EVENT_ADDRESS:
			event->has_address = true;
			event->address = get_number(attr);
			break;
		case MEMDEV_A_EVENT_SIZE:
			event->has_size = true;
			event->size = get_number(attr);
			break;
		case MEMDEV_A_EVENT_OLD_SIZE:
			event->has_old = true;
			event->old_size = get_number(attr);
			break;
		case MEMDEV_A_EVENT_NEW_SIZE:
			event->new_size = get_number(attr);
			break;
		case MEMDEV_A_EVENT_BLOCK:
			event->has_block = true;
			event->block = get_number(attr);
			break;
		case MEMDEV_A_EVENT_REFUSAL:
			parse_refusal(attr, &event->refusal);
			break;
		}
	}
}

/* --- words ---------------------------------------------------------------- */

const char *const state_names[] = {
	[MEMDEV_STATE_UNPLUGGED] = "unplugged",
	[MEMDEV_STATE_PARTIAL] = "partial",
	[MEMDEV_STATE_PLUGGED] = "plugged",
	[MEMDEV_STATE_PLUGGING] = "plugging",
	[MEMDEV_STATE_UNPLUGGING] = "unplugging",
	NULL
};

/* As in sysfs */
const char *const online_type_names[] = {
	[MEMDEV_ONLINE_TYPE_OFFLINE] = "offline",
	[MEMDEV_ONLINE_TYPE_ONLINE] = "online",
	[MEMDEV_ONLINE_TYPE_ONLINE_KERNEL] = "online_kernel",
	[MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE] = "online_movable",
	[MEMDEV_ONLINE_TYPE_SYSTEM] = "system",
	NULL
};

static const char *const source_names[] = {
	[MEMDEV_SOURCE_RESERVED] = "reserved",
	[MEMDEV_SOURCE_CARVED] = "carved",
	[MEMDEV_SOURCE_SOFT_RESERVED] = "soft-reserved",
	NULL
};

const char *const block_state_names[] = {
	[MEMDEV_BLOCK_STATE_UNPLUGGED] = "unplugged",
	[MEMDEV_BLOCK_STATE_RETIRED] = "retired",
	[MEMDEV_BLOCK_STATE_OFFLINE] = "offline",
	[MEMDEV_BLOCK_STATE_KERNEL] = "kernel",
	[MEMDEV_BLOCK_STATE_MOVABLE] = "movable",
	NULL
};

const char *const step_names[] = {
	[MEMDEV_STEP_ADD] = "add",
	[MEMDEV_STEP_ONLINE] = "online",
	[MEMDEV_STEP_OFFLINE] = "offline",
	[MEMDEV_STEP_REMOVE] = "remove",
	[MEMDEV_STEP_ANSWER] = "answer",
	NULL
};

static const char *const op_names[] = {
	[MEMDEV_OP_NONE] = "none",
	[MEMDEV_OP_PLUG] = "plug",
	[MEMDEV_OP_UNPLUG] = "unplug",
	NULL
};

/* A later kernel may know more of them. */
static const char *name_of(const char *const *names, __u32 value)
{
	while (*names && value--)
		names++;
	return *names ? *names : "unknown";
}

const char *state_name(__u32 state)
{
	return name_of(state_names, state);
}

const char *online_type_name(__u32 type)
{
	return name_of(online_type_names, type);
}

const char *source_name(__u32 source)
{
	return name_of(source_names, source);
}

const char *block_state_name(__u32 state)
{
	return name_of(block_state_names, state);
}

const char *op_name(__u32 op)
{
	return name_of(op_names, op);
}

const char *step_name(__u32 step)
{
	return name_of(step_names, step);
}
