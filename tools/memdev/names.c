// SPDX-License-Identifier: GPL-2.0
/*
 * Names of values, devices and blocks.
 */
#include <linux/memdev.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "nl_parse.h"
#include "util.h"

static const char *const state_names[] = {
	[MEMDEV_STATE_UNPLUGGED] = "unplugged",
	[MEMDEV_STATE_PARTIAL] = "partial",
	[MEMDEV_STATE_PLUGGED] = "plugged",
	[MEMDEV_STATE_PLUGGING] = "plugging",
	[MEMDEV_STATE_UNPLUGGING] = "unplugging",
	NULL
};

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

static const char *const block_state_names[] = {
	[MEMDEV_BLOCK_STATE_UNPLUGGED] = "unplugged",
	[MEMDEV_BLOCK_STATE_RETIRED] = "retired",
	[MEMDEV_BLOCK_STATE_OFFLINE] = "offline",
	[MEMDEV_BLOCK_STATE_KERNEL] = "kernel",
	[MEMDEV_BLOCK_STATE_MOVABLE] = "movable",
	NULL
};

static const char *const op_names[] = {
	[MEMDEV_OP_NONE] = "none",
	[MEMDEV_OP_PLUG] = "plug",
	[MEMDEV_OP_UNPLUG] = "unplug",
	NULL
};

bool name_matches(const char *text, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != name[i] && !(text[i] == '-' && name[i] == '_'))
			return false;
	return !name[len];
}

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

char *dev_title(__u32 index, const char *id)
{
	if (*id)
		return xasprintf("memdev%u (%s)", index, id);
	return xasprintf("memdev%u", index);
}

/* "memory34 (0x110000000)", or "2" if the caller may not see addresses */
static char *refusal_block(const struct refusal *refusal)
{
	if (refusal->memory[0] && refusal->has_address)
		return xasprintf("%s (0x%llx)", refusal->memory,
				 refusal->address);
	return xasprintf("%u", refusal->block);
}

char *refusal_text(const struct refusal *refusal)
{
	const char *reason = refusal->reason;
	char *block, *text;

	if (!refusal->has_block)
		return xstrdup(reason);
	/* Name the block once: drop its number from the start of the reason. */
	block = xasprintf("block %u: ", refusal->block);
	if (!strncmp(reason, block, strlen(block)))
		reason += strlen(block);
	free(block);
	block = refusal_block(refusal);
	text = xasprintf("block %s refused: %s", block, reason);
	free(block);
	return text;
}
