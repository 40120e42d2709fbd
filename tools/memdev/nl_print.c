// SPDX-License-Identifier: GPL-2.0
/*
 * Print messages for --verbose.
 */
#include <ctype.h>
#include <string.h>

#include "nl_parse.h"
#include "nl_print.h"
#include "util.h"

/* DEV_BLOCK_SIZE is block-size in the specification. */
static void print_name(const char *name)
{
	for (name = strchr(name, '_') + 1; *name; name++)
		fputc(*name == '_' ? '-' : tolower((unsigned char)*name),
		      stderr);
}

static void print_attr(const struct nlattr *attr, const struct member *member)
{
	const __u16 type = mnl_attr_get_type(attr);
	const struct nlattr *nested;

	while (member->attribute && member->attribute != type)
		member++;
	fputc(' ', stderr);
	if (member->attribute)
		print_name(member->name);
	else
		fprintf(stderr, "%u", type);
	if (member->nest) {
		fputs("={", stderr);
		mnl_attr_for_each_nested(nested, attr)
			print_attr(nested, member->nest);
		fputs(" }", stderr);
	} else if (member->text) {
		fputc('=', stderr);
		json_string(stderr, mnl_attr_get_str(attr));
	} else if (member->is_signed) {
		fprintf(stderr, "=%d", (__s32)nl_number(attr));
	} else if (mnl_attr_get_payload_len(attr)) {
		fprintf(stderr, "=%llu", nl_number(attr));
	}
}

static void print_contents(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nl_command *command = nl_commands;
	const struct nlattr *attr;

	/* The controller looks up the family. */
	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		fputs(" family " MEMDEV_FAMILY_NAME, stderr);
		return;
	}
	if (genl->cmd <= MEMDEV_CMD_MAX)
		command += genl->cmd;
	if (!command->name) {
		fprintf(stderr, " command %u", genl->cmd);
		return;
	}
	fprintf(stderr, " %s", command->name);
	mnl_attr_for_each(attr, nlh, sizeof(*genl))
		print_attr(attr, command->members);
}

void nl_print(const char *what, const struct nlmsghdr *nlh)
{
	if (!verbose)
		return;
	fprintf(stderr, "memdevctl: %s", what);
	print_contents(nlh);
	fputc('\n', stderr);
}

void nl_print_result(int rc, const char *text, unsigned int ms)
{
	if (!verbose)
		return;
	fprintf(stderr, "memdevctl: result %s after %u ms",
		rc ? strerrorname_np(-rc) ?: "unknown" : "ok", ms);
	if (*text)
		fprintf(stderr, ": %s", text);
	fputc('\n', stderr);
}
