/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attributes of a message, and their comparison with sysfs
 */
#ifndef NLTEST_ATTRS_H
#define NLTEST_ATTRS_H

#include "nltest.h"

static inline size_t type_len(enum nl_type type)
{
	switch (type) {
	case NL_U8:
		return 1;
	case NL_U32:
	case NL_S32:
		return 4;
	case NL_U64:
		return 8;
	default:
		return 0;
	}
}

/*
 * Return the mask of the attributes of a message, or 0 if one is unknown,
 * duplicate or of the wrong length.
 */
static inline __u32 attrs_of(const void *payload, size_t len,
			     const struct nl_set *set)
{
	const struct nlattr *attr;
	__u32 seen = 0;

	mnl_attr_for_each_payload(payload, len) {
		unsigned int type = mnl_attr_get_type(attr);
		size_t have = mnl_attr_get_payload_len(attr);
		const char *str = mnl_attr_get_payload(attr);
		const struct nl_attr *known;

		if (type && type <= set->max && !have &&
		    set->attrs[type].type == NL_PAD)
			continue;
		if (!type || type > set->max || seen & NL_BIT(type)) {
			ksft_print_msg("attribute %u is unknown, or again\n",
				       type);
			return 0;
		}
		known = &set->attrs[type];
		if (type_len(known->type) && type_len(known->type) != have) {
			ksft_print_msg("%s is of %zu bytes\n", known->name,
				       have);
			return 0;
		}
		if (known->type == NL_STRING &&
		    (!have || strnlen(str, have) != have - 1)) {
			ksft_print_msg("%s is no string\n", known->name);
			return 0;
		}
		if (known->type == NL_NEST &&
		    !(attr->nla_type & NLA_F_NESTED)) {
			ksft_print_msg("%s is no nest\n", known->name);
			return 0;
		}
		if (known->type == NL_NEST &&
		    !attrs_of(str, have, known->nested))
			return 0;
		seen |= NL_BIT(type);
	}
	return seen;
}

static inline __u32 reply_attrs(const struct nlmsghdr *nlh)
{
	return attrs_of((const char *)nl_genl(nlh) + GENL_HDRLEN,
			mnl_nlmsg_get_payload_len(nlh) - GENL_HDRLEN,
			nl_cmds[nl_genl(nlh)->cmd].set);
}

/* Attributes of every device, whatever its kind and history */
#define DEV_ALWAYS \
	(NL_BIT(MEMDEV_A_DEV_INDEX) | NL_BIT(MEMDEV_A_DEV_KIND) | \
	 NL_BIT(MEMDEV_A_DEV_WINDOW) | NL_BIT(MEMDEV_A_DEV_ADDRESS) | \
	 NL_BIT(MEMDEV_A_DEV_SIZE) | NL_BIT(MEMDEV_A_DEV_ALIGN) | \
	 NL_BIT(MEMDEV_A_DEV_NODE) | NL_BIT(MEMDEV_A_DEV_BLOCK_SIZE) | \
	 NL_BIT(MEMDEV_A_DEV_PLUGGED_SIZE) | \
	 NL_BIT(MEMDEV_A_DEV_ONLINE_SIZE) | \
	 NL_BIT(MEMDEV_A_DEV_REQUESTED_SIZE) | NL_BIT(MEMDEV_A_DEV_STATE) | \
	 NL_BIT(MEMDEV_A_DEV_ONLINE_TYPE) | \
	 NL_BIT(MEMDEV_A_DEV_MEMMAP_ON_MEMORY) | \
	 NL_BIT(MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS) | \
	 NL_BIT(MEMDEV_A_DEV_PLUG_STATS) | NL_BIT(MEMDEV_A_DEV_UNPLUG_STATS) | \
	 NL_BIT(MEMDEV_A_DEV_RETIRED_SIZE) | NL_BIT(MEMDEV_A_DEV_LAST_ERROR))

/* Whether all attributes of a device in a reply agree with sysfs */
static inline bool agrees_with_sysfs(const struct nlmsghdr *nlh)
{
	static const struct {
		unsigned int type;
		const char *attr;
	} numbers[] = {
		{ MEMDEV_A_DEV_ADDRESS, "address" },
		{ MEMDEV_A_DEV_SIZE, "size" },
		{ MEMDEV_A_DEV_ALIGN, "align" },
		{ MEMDEV_A_DEV_NODE, "node" },
		{ MEMDEV_A_DEV_BLOCK_SIZE, "block_size" },
		{ MEMDEV_A_DEV_PLUGGED_SIZE, "plugged_size" },
		{ MEMDEV_A_DEV_ONLINE_SIZE, "online_size" },
		{ MEMDEV_A_DEV_REQUESTED_SIZE, "requested_size" },
		{ MEMDEV_A_DEV_MEMMAP_ON_MEMORY, "memmap_on_memory" },
		{ MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, "unplug_timeout_ms" },
	};
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	const struct nlattr *stats[MEMDEV_A_STATS_MAX + 1];
	const struct nlattr *online_type;
	bool ok = true;
	int index;

	nl_parse(nlh, tb, MEMDEV_A_DEV_MAX);
	index = nl_u32(tb[MEMDEV_A_DEV_INDEX]);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct nlattr *attr = tb[numbers[i].type];
		__u64 got;

		switch (nl_dev_attrs[numbers[i].type].type) {
		case NL_U64:
			got = nl_u64(attr);
			break;
		case NL_U8:
			got = attr ? mnl_attr_get_u8(attr) : UINT64_MAX;
			break;
		default:
			got = nl_u32(attr);
		}
		if (got == dev_number(index, numbers[i].attr))
			continue;
		ksft_print_msg("memdev%d: %s is %llu, not %s\n", index,
			       numbers[i].attr, (unsigned long long)got,
			       dev_read(index, numbers[i].attr));
		ok = false;
	}
#define SAME(what, got, want) do { \
	const char *got_ = (got), *want_ = (want); \
	if (strcmp(got_, want_)) { \
		ksft_print_msg("memdev%d: " what " is %s, not %s\n", index, \
			       got_, want_); \
		ok = false; \
	} \
} while (0)
	SAME("kind", nl_str(tb[MEMDEV_A_DEV_KIND]), dev_read(index, "kind"));
	SAME("id", tb[MEMDEV_A_DEV_ID] ? nl_str(tb[MEMDEV_A_DEV_ID]) : "",
	     dev_read(index, "id"));
	SAME("last_error", nl_str(tb[MEMDEV_A_DEV_LAST_ERROR]),
	     dev_read(index, "last_error"));
	if (nl_u32(tb[MEMDEV_A_DEV_STATE]) < ARRAY_SIZE(state_names))
		SAME("state", state_names[nl_u32(tb[MEMDEV_A_DEV_STATE])],
		     dev_read(index, "state"));
	else
		ok = false;
	online_type = tb[MEMDEV_A_DEV_ONLINE_TYPE];
	if (nl_u32(online_type) < ARRAY_SIZE(online_type_names))
		SAME("online_type", online_type_names[nl_u32(online_type)],
		     dev_read(index, "online_type"));
	else
		ok = false;
	for (int dir = 0; dir < 2; dir++) {
		const char *name = dir ? "unplug" : "plug";
		char attr[64];

		nl_parse_nest(tb[dir ? MEMDEV_A_DEV_UNPLUG_STATS :
			      MEMDEV_A_DEV_PLUG_STATS], stats,
			      MEMDEV_A_STATS_MAX);
		snprintf(attr, sizeof(attr), "stats/%s_count", name);
		ok &= nl_u64(stats[MEMDEV_A_STATS_COUNT]) ==
		      dev_number(index, attr);
		snprintf(attr, sizeof(attr), "stats/%s_failures", name);
		ok &= nl_u64(stats[MEMDEV_A_STATS_FAILURES]) ==
		      dev_number(index, attr);
		snprintf(attr, sizeof(attr), "stats/%s_bytes", name);
		ok &= nl_u64(stats[MEMDEV_A_STATS_BYTES]) ==
		      dev_number(index, attr);
		snprintf(attr, sizeof(attr), "stats/%s_time_ms", name);
		ok &= nl_u64(stats[MEMDEV_A_STATS_TIME_NS]) / 1000000 ==
		      dev_number(index, attr);
	}
	return ok;
}

#endif
