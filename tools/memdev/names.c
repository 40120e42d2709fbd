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

/* Events are named as their messages, without "-ntf". */
size_t event_name(__u8 cmd, const char **name)
{
	if (cmd > MEMDEV_CMD_MAX || nl_commands[cmd].members != event_members)
		return 0;
	*name = nl_commands[cmd].name;
	return strlen(*name) - strlen("-ntf");
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
	if (refusal->memory[0] && HAS(refusal, REFUSAL_ADDRESS))
		return xasprintf("%s (0x%llx)", refusal->memory,
				 refusal->address);
	return xasprintf("%u", refusal->block);
}

char *refusal_text(const struct refusal *refusal)
{
	const char *reason = refusal->reason;
	char *block, *text;

	if (!HAS(refusal, REFUSAL_BLOCK))
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
