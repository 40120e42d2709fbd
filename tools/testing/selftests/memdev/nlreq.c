// SPDX-License-Identifier: GPL-2.0
/*
 * nlreq COMMAND [ATTRIBUTE[=VALUE]]...: send one request, using the names in
 * the spec. Print a line for each reply, and the result at the end: "ok", or
 * the errno's name and the kernel's message.
 *
 * nlreq -d COMMAND ...	request a dump; print "interrupted" at the end if it was
 * nlreq family		check that the family exists
 * nlreq join GROUP	check that this user may join GROUP
 * nlreq listen GROUP	print "listening" and every message until killed
 */
#define _GNU_SOURCE
#include "nl.h"

static struct nl nl;

static void print(const struct nlmsghdr *nlh, void *data)
{
	(void)data;
	nl_print(stdout, nlh);
}

static __u64 value(const char *str)
{
	char *end;
	__u64 val = nl_number(str, &end);

	if (end == str || *end) {
		fprintf(stderr, "nlreq: not a number: %s\n", str);
		exit(2);
	}
	return val;
}

static void put(struct nlmsghdr *nlh, const struct nl_set *set, char *arg)
{
	char *val = strchr(arg, '=');
	unsigned int type;

	if (val)
		*val++ = '\0';
	for (type = 1; type <= set->max; type++)
		if (set->attrs[type].name &&
		    !strcmp(set->attrs[type].name, arg))
			break;
	if (type > set->max ||
	    !val != !(set->attrs[type].type != NL_FLAG)) {
		fprintf(stderr, "nlreq: %s: no such attribute\n", arg);
		exit(2);
	}
	switch (set->attrs[type].type) {
	case NL_FLAG:
		mnl_attr_put(nlh, type, 0, NULL);
		break;
	case NL_STRING:
		mnl_attr_put_strz(nlh, type, val);
		break;
	case NL_U8:
		mnl_attr_put_u8(nlh, type, value(val));
		break;
	case NL_U64:
		mnl_attr_put_u64(nlh, type, value(val));
		break;
	default:
		mnl_attr_put_u32(nlh, type, value(val));
	}
}

static int group(const char *name, bool listen)
{
	__u32 id = strcmp(name, MEMDEV_MCGRP_MONITOR) ? nl.monitor_public :
							   nl.monitor;
	int err = nl_join(&nl, id);

	if (!listen || err) {
		puts(nl_errname(err));
		return !!err;
	}
	puts("listening");
	for (;;) {
		/* No request has this number: all messages go to print(). */
		if (nl_receive(&nl, UINT32_MAX, NULL, print, NULL))
			puts(nl_errname(nl.err));
	}
}

static const char *attr_name(const struct nlmsghdr *nlh,
			     const struct nl_set *set)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		unsigned int type = mnl_attr_get_type(attr);

		if ((const char *)attr - (const char *)nlh == nl.offs &&
		    type <= set->max && set->attrs[type].name)
			return set->attrs[type].name;
	}
	return "?";
}

int main(int argc, char **argv)
{
	struct nlmsghdr *nlh;
	int flags = 0;
	unsigned int cmd;
	int err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "-d")) {
		flags = NLM_F_DUMP;
		argc--;
		argv++;
	}
	if (argc < 2) {
		fprintf(stderr,
			"usage: nlreq [-d] COMMAND [ATTRIBUTE[=VALUE]]...\n");
		return 2;
	}
	err = nl_open(&nl);
	if (err || !strcmp(argv[1], "family")) {
		printf("%s%s\n", err ? "family " : "", nl_errname(err));
		return !!err;
	}
	if (argc == 3 && !strcmp(argv[1], "join"))
		return group(argv[2], false);
	if (argc == 3 && !strcmp(argv[1], "listen"))
		return group(argv[2], true);

	for (cmd = 1; cmd < ARRAY_SIZE(nl_cmds); cmd++)
		if (!strcmp(nl_cmds[cmd].name, argv[1]))
			break;
	if (cmd == ARRAY_SIZE(nl_cmds)) {
		fprintf(stderr, "nlreq: %s: no such command\n", argv[1]);
		return 2;
	}
	nlh = nl_begin(&nl, cmd, flags);
	for (int i = 2; i < argc; i++)
		put(nlh, nl_cmds[cmd].set, argv[i]);
	nl_talk_cb(&nl, nlh, print, NULL);
	if (nl.intr) {
		puts("interrupted");
		return 1;
	}
	printf("%s", nl_errname(nl.err));
	if (nl.text[0])
		printf(" \"%s\"", nl.text);
	if (nl.offs >= 0)
		printf(" at=%s", attr_name(nlh, nl_cmds[cmd].set));
	if (nl.miss >= 0 && (unsigned int)nl.miss <= nl_cmds[cmd].set->max)
		printf(" missing=%s",
		       nl_cmds[cmd].set->attrs[nl.miss].name ?: "?");
	putchar('\n');
	return !!nl.err;
}
