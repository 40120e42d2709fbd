// SPDX-License-Identifier: GPL-2.0
/*
 * Records: the kernel's lists of devices, windows and blocks in a file.
 */
#include <ctype.h>
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "nl_print.h"
#include "record.h"

#define MAGIC		"memdev-record"
#define FORMAT		1
#define BYTE_ORDER_NAME	(htole16(1) == 1 ? "little-endian" : "big-endian")
/* More than any machine has: a larger number would only exhaust memory. */
#define MAX_SIZE	(64U << 20)
#define MAX_BLOCKS	(1024U << 10)

void record_print(FILE *f, const void *data)
{
	const struct record *record = data;
	const time_t now = time(NULL);
	struct utsname kernel;
	char date[32];

	uname(&kernel);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	fprintf(f, MAGIC " %d %s size=%zu kernel=%s memdevctl="
		MEMDEVCTL_VERSION " date=%s\n", FORMAT, BYTE_ORDER_NAME,
		record->size, kernel.release, date);
	fwrite(record->messages, 1, record->size, f);
}

/* --- the check of a record ------------------------------------------------ */

/* Do not send control characters to the terminal. */
static bool text_check(char *text, size_t len)
{
	if (!len || text[len - 1])
		return false;
	for (; *text; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
	return true;
}

static bool attrs_check(struct nlattr *attr, int len,
			const struct member *members)
{
	while (mnl_attr_ok(attr, len)) {
		const struct member *member = members;
		void *payload = mnl_attr_get_payload(attr);
		const int size = mnl_attr_get_payload_len(attr);

		while (member->attribute &&
		       member->attribute != mnl_attr_get_type(attr))
			member++;
		if (member->text && !text_check(payload, size))
			return false;
		if (member->nest && !attrs_check(payload, size, member->nest))
			return false;
		len -= MNL_ALIGN(attr->nla_len);
		attr = mnl_attr_next(attr);
	}
	return !len;
}

/* All blocks have the same size. Count them. */
static bool blocks_check(__u64 size, __u64 block_size, __u64 *common,
			 __u64 *count)
{
	if (!block_size || (*common && *common != block_size) ||
	    size / block_size > MAX_BLOCKS)
		return false;
	*common = block_size;
	*count += size / block_size;
	return *count <= MAX_BLOCKS;
}

static bool message_check(struct nlmsghdr *nlh, __u64 *block_size,
			  __u64 *blocks)
{
	const int header = MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct genlmsghdr));
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct window window;
	struct block run;
	struct dev dev;

	if (nlh->nlmsg_len % MNL_ALIGNTO || nlh->nlmsg_len < (size_t)header ||
	    genl->cmd > MEMDEV_CMD_MAX || !nl_commands[genl->cmd].members ||
	    !attrs_check(mnl_nlmsg_get_payload_offset(nlh, sizeof(*genl)),
			 nlh->nlmsg_len - header,
			 nl_commands[genl->cmd].members))
		return false;
	switch (genl->cmd) {
	case MEMDEV_CMD_DEV_GET:
		nl_dev_parse(nlh, &dev);
		return blocks_check(dev.size, dev.block_size, block_size,
				    &blocks[0]);
	case MEMDEV_CMD_WINDOW_GET:
		nl_window_parse(nlh, &window);
		return blocks_check(window.size, window.block_size, block_size,
				    &blocks[1]);
	case MEMDEV_CMD_BLOCK_GET:
		nl_block_parse(nlh, &run);
		blocks[2] += run.count;
		return run.first <= MAX_BLOCKS && blocks[2] <= MAX_BLOCKS;
	}
	return false;
}

static int messages_check(const char *file, const struct record *record)
{
	__u64 block_size = 0, blocks[3] = { 0 };
	struct nlmsghdr *nlh = record->messages;
	int left = record->size;

	/* To mnl_nlmsg_ok(), a length of more than INT_MAX is negative. */
	while (mnl_nlmsg_ok(nlh, left) && nlh->nlmsg_len <= (__u32)left &&
	       message_check(nlh, &block_size, blocks))
		nlh = mnl_nlmsg_next(nlh, &left);
	if (!left)
		return EXIT_DONE;
	warnx("%s: damaged: invalid message %zu bytes behind the first line",
	      file, record->size - left);
	return EXIT_FAILED;
}

/* --- reading -------------------------------------------------------------- */

static int header_read(const char *file, FILE *f, struct record *record)
{
	char line[256] = "", order[16];
	unsigned int format;

	if (!fgets(line, sizeof(line), f) && ferror(f)) {
		warn("%s", file);
		return EXIT_FAILED;
	}
	if (sscanf(line, MAGIC " %u", &format) != 1) {
		warnx("%s: not a record of memdevctl dump", file);
		return EXIT_FAILED;
	}
	if (format != FORMAT) {
		warnx("%s: format %u is not supported: expected %d", file,
		      format, FORMAT);
		return EXIT_FAILED;
	}
	if (!strchr(line, '\n') ||
	    sscanf(line, MAGIC " %*u %15s size=%9zu kernel=%64s", order,
		   &record->size, record->kernel) != 3 ||
	    record->size > MAX_SIZE) {
		warnx("%s: damaged: invalid first line", file);
		return EXIT_FAILED;
	}
	if (strcmp(order, BYTE_ORDER_NAME)) {
		warnx("%s: the byte order is not supported: expected %s", file,
		      BYTE_ORDER_NAME);
		return EXIT_FAILED;
	}
	text_check(record->kernel, sizeof(record->kernel));
	return EXIT_DONE;
}

static int messages_read(const char *file, FILE *f, struct record *record)
{
	size_t size;

	/* Read a byte more, if there is one, to find the end of the file. */
	record->messages = xrealloc(NULL, record->size + 1);
	size = fread(record->messages, 1, record->size + 1, f);
	if (ferror(f)) {
		warn("%s", file);
		return EXIT_FAILED;
	}
	if (size == record->size)
		return messages_check(file, record);
	warnx("%s: damaged: %s than %zu bytes behind the first line", file,
	      size < record->size ? "fewer" : "more", record->size);
	return EXIT_FAILED;
}

int record_read(const char *file, struct record *record)
{
	const bool input = !strcmp(file, "-");
	FILE *f = input ? stdin : fopen(file, "re");
	int rc;

	if (!f) {
		warn("%s", file);
		return EXIT_FAILED;
	}
	rc = header_read(file, f, record) ?: messages_read(file, f, record);
	if (!input)
		fclose(f);
	return rc;
}

/* --- answers -------------------------------------------------------------- */

/* Whether the message has all attributes of the request: a list has none. */
static bool answers(const struct nlmsghdr *nlh, const struct nlmsghdr *request)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct genlmsghdr *wanted = mnl_nlmsg_get_payload(request);
	const struct nlattr *want, *attr;

	if (genl->cmd != wanted->cmd)
		return false;
	mnl_attr_for_each(want, request, sizeof(*wanted)) {
		bool found = false;

		mnl_attr_for_each(attr, nlh, sizeof(*genl))
			if (attr->nla_len == want->nla_len &&
			    !memcmp(attr, want, want->nla_len))
				found = true;
		if (!found)
			return false;
	}
	return true;
}

int record_answer(const struct record *record, const struct nlmsghdr *request,
		  mnl_cb_t cb, void *data)
{
	const struct nlmsghdr *nlh = record->messages;
	int left = record->size;
	int rc = request->nlmsg_flags & NLM_F_DUMP ? 0 : -ENODEV;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (!answers(nlh, request))
			continue;
		nl_print("reply", nlh);
		cb(nlh, data);
		rc = 0;
	}
	return rc;
}
