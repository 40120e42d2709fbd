/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names of values, devices and blocks.
 */
#ifndef MEMDEVCTL_NAMES_H
#define MEMDEVCTL_NAMES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct refusal;

/* Compare text with name; a hyphen in text matches an underscore in name. */
bool name_matches(const char *text, size_t len, const char *name);

/* Return "unknown" for a value that is newer than this tool. */
const char *state_name(__u32 state);
const char *online_type_name(__u32 type);
const char *source_name(__u32 source);
const char *block_state_name(__u32 state);
const char *op_name(__u32 op);
/* The length of the name of an event, which *name begins with; else 0 */
size_t event_name(__u8 cmd, const char **name);

/* The caller frees the result. */
char *dev_title(__u32 index, const char *id);	/* memdev0 (id) */
char *refusal_text(const struct refusal *refusal);

#endif /* MEMDEVCTL_NAMES_H */
