/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of devices and windows, what a message requests, and
 * whether exactly that has changed
 */
#ifndef _MEMDEV_TEST_NLFUZZ_STATE_H
#define _MEMDEV_TEST_NLFUZZ_STATE_H

#include "../nl.h"

#define MAX_DEVS	64
#define MAX_WINDOWS	16

static struct nl nl;		/* sends the messages */
static struct nl questions;	/* queries the state */

/* --- the state ------------------------------------------------------------ */

/* Attribute values by type; UINT64_MAX if missing */
struct thing {
	__u64 val[MEMDEV_A_DEV_MAX + 1];
	char id[MEMDEV_ID_MAX_LEN + 1];
	char kind[MEMDEV_KIND_MAX_LEN + 1];
};

struct state {
	unsigned int devs;
	unsigned int windows;
	struct thing dev[MAX_DEVS];
	struct thing window[MAX_WINDOWS];
};

static struct state now, seen;

/* Attributes that a refusal changes: counters and reasons */
#define DEV_IGNORED \
	(NL_BIT(MEMDEV_A_DEV_PLUG_STATS) | NL_BIT(MEMDEV_A_DEV_UNPLUG_STATS) | \
	 NL_BIT(MEMDEV_A_DEV_LAST_ERROR) | NL_BIT(MEMDEV_A_DEV_REFUSAL))

static void see_thing(const struct nlmsghdr *nlh, void *data)
{
	const struct nl_set *set = nl_cmds[nl_genl(nlh)->cmd].set;
	bool dev = set == &nl_dev;
	struct state *s = data;
	const struct nlattr *attr;
	struct thing *t = NULL;

	if (dev && s->devs < MAX_DEVS)
		t = &s->dev[s->devs++];
	else if (set == &nl_window && s->windows < MAX_WINDOWS)
		t = &s->window[s->windows++];
	if (!t) {
		puts("too many devices or windows");
		exit(2);
	}
	memset(t, 0, sizeof(*t));
	memset(t->val, 0xff, sizeof(t->val));
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		unsigned int type = mnl_attr_get_type(attr);

		if (type > set->max || (dev && DEV_IGNORED & NL_BIT(type)))
			continue;
		switch (set->attrs[type].type) {
		case NL_U8:
			t->val[type] = mnl_attr_get_u8(attr);
			break;
		case NL_U32:
		case NL_S32:
			t->val[type] = mnl_attr_get_u32(attr);
			break;
		case NL_U64:
			t->val[type] = mnl_attr_get_u64(attr);
			break;
		case NL_STRING:
			snprintf(type == MEMDEV_A_DEV_ID ? t->id : t->kind,
				 type == MEMDEV_A_DEV_ID ? sizeof(t->id) :
							   sizeof(t->kind),
				 "%s", mnl_attr_get_str(attr));
			break;
		default:
			break;
		}
	}
}

static void look(struct state *s)
{
	static const unsigned int cmds[] = {
		MEMDEV_CMD_DEV_GET, MEMDEV_CMD_WINDOW_GET,
	};

	do {
		memset(s, 0, sizeof(*s));
		questions.err = 0;
		questions.intr = false;
		for (unsigned int i = 0; i < ARRAY_SIZE(cmds); i++) {
			if (questions.err || questions.intr)
				break;
			nl_talk_cb(&questions, nl_begin(&questions, cmds[i],
							NLM_F_DUMP),
				   see_thing, s);
		}
		if (questions.err) {
			printf("dump failed: %s \"%s\"\n",
			       nl_errname(questions.err), questions.text);
			exit(1);
		}
	} while (questions.intr);
}

/* The index is the first attribute of every set. */
static struct thing *by_index(struct thing *t, unsigned int nr, __u64 index)
{
	for (; nr--; t++)
		if (t->val[1] == index)
			return t;
	return NULL;
}

static struct thing *dev_by_index(struct state *s, __u64 index)
{
	return by_index(s->dev, s->devs, index);
}

static struct thing *dev_by_id(struct state *s, const char *id)
{
	for (unsigned int i = 0; i < s->devs; i++)
		if (s->dev[i].id[0] && !strcmp(s->dev[i].id, id))
			return &s->dev[i];
	return NULL;
}

static struct thing *window_by_index(struct state *s, __u64 index)
{
	return by_index(s->window, s->windows, index);
}

/* --- parsing a message ---------------------------------------------------- */

enum class {
	IGNORED,	/* not a request to the kernel */
	INVALID,	/* must be refused */
	READ,
	CHANGE,		/* may succeed or be refused */
	FOREIGN,	/* to another family, not sent */
	NR_CLASSES
};

static const char *const class_names[] = {
	"ignored", "invalid", "read", "change", "foreign",
};

struct request {
	enum class class;
	__u32 seq;
	unsigned int cmd;
	__u32 has;
	__u64 val[MEMDEV_A_DEV_MAX + 1];
	char id[MEMDEV_ID_MAX_LEN + 1];
	char kind[MEMDEV_KIND_MAX_LEN + 1];
};

/* All duplicates of an attribute must be valid. */
static bool value_valid(struct request *r, const struct nl_set *set,
			unsigned int type, const char *data, size_t len)
{
	size_t max = type == MEMDEV_A_DEV_ID ? MEMDEV_ID_MAX_LEN :
					       MEMDEV_KIND_MAX_LEN;
	__u64 val = 0;

	switch (set->attrs[type].type) {
	case NL_FLAG:
		return !len;
	case NL_STRING:
		/* Terminated within the limit and within the attribute */
		if (!len || len > max + 1 || !memchr(data, '\0', len) ||
		    (len == max + 1 && data[max]))
			return false;
		snprintf(type == MEMDEV_A_DEV_ID ? r->id : r->kind, max + 1,
			 "%s", data);
		return true;
	case NL_U8:
		if (len != 1)
			return false;
		val = *(const __u8 *)data;
		break;
	case NL_U32:
	case NL_S32:
		if (len != 4)
			return false;
		memcpy(&val, data, 4);
		/* Nodes and slots must not be negative. */
		if (set->attrs[type].type == NL_S32 && val > INT32_MAX)
			return false;
		break;
	case NL_U64:
		if (len != 8)
			return false;
		memcpy(&val, data, 8);
		break;
	default:
		return false;
	}
	if (set == &nl_dev && type == MEMDEV_A_DEV_ONLINE_TYPE &&
	    val > MEMDEV_ONLINE_TYPE_SYSTEM)
		return false;
	if (set == &nl_dev && type == MEMDEV_A_DEV_MEMMAP_ON_MEMORY && val > 1)
		return false;
	r->val[type] = val;
	return true;
}

static bool attrs_valid(struct request *r, const char *p, int rem)
{
	const struct nl_cmd *cmd = &nl_cmds[r->cmd];

	while (rem >= (int)sizeof(struct nlattr)) {
		const struct nlattr *attr = (const struct nlattr *)p;
		unsigned int type = attr->nla_type & NLA_TYPE_MASK;
		int len = attr->nla_len;

		if (len < (int)sizeof(*attr) || len > rem)
			break;
		if (type >= 32 || !(cmd->may & NL_BIT(type)) ||
		    attr->nla_type & NLA_F_NESTED ||
		    !value_valid(r, cmd->set, type, p + sizeof(*attr),
				 len - sizeof(*attr)))
			return false;
		r->has |= NL_BIT(type);
		p += NLA_ALIGN(len);
		rem -= NLA_ALIGN(len);
	}
	return rem <= 0;
}

/* Mandatory attributes by command */
static const __u32 must[ARRAY_SIZE(nl_cmds)] = {
	[MEMDEV_CMD_DEV_NEW]	= NL_BIT(MEMDEV_A_DEV_SIZE),
	[MEMDEV_CMD_WINDOW_NEW]	= NL_BIT(MEMDEV_A_WINDOW_SIZE),
	[MEMDEV_CMD_WINDOW_DEL]	= NL_BIT(MEMDEV_A_WINDOW_INDEX),
};

static void classify(const struct nlmsghdr *nlh, struct request *r)
{
	const struct genlmsghdr *genl = (const void *)(nlh + 1);
	int len = nlh->nlmsg_len;

	memset(r, 0, sizeof(*r));
	r->seq = nlh->nlmsg_seq;
	r->class = IGNORED;
	if (!(nlh->nlmsg_flags & NLM_F_REQUEST) ||
	    nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return;
	r->class = FOREIGN;
	if (nlh->nlmsg_type != nl.family)
		return;
	r->class = INVALID;
	if (len < (int)(NLMSG_HDRLEN + GENL_HDRLEN))
		return;
	r->cmd = genl->cmd;
	if (r->cmd >= ARRAY_SIZE(nl_cmds) || !nl_cmds[r->cmd].may)
		return;
	if ((nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP &&
	    !nl_cmds[r->cmd].dump)
		return;
	if (!attrs_valid(r, (const char *)(genl + 1),
			 len - NLMSG_HDRLEN - GENL_HDRLEN))
		return;
	r->class = nl_cmds[r->cmd].dump || r->cmd == MEMDEV_CMD_CANCEL ?
		   READ : CHANGE;
	if (r->class != CHANGE)
		return;

	if (must[r->cmd] & ~r->has)
		r->class = INVALID;
	switch (r->cmd) {
	case MEMDEV_CMD_DEV_PLUG:
	case MEMDEV_CMD_DEV_UNPLUG:
		if (!(r->has & NL_BIT(MEMDEV_A_DEV_SIZE)) ==
		    !(r->has & NL_BIT(MEMDEV_A_DEV_ALL)))
			r->class = INVALID;
		break;
	case MEMDEV_CMD_DEV_SET:
		if (!(r->has & ~NL_DEV_NAME))
			r->class = INVALID;
		break;
	}
	/* Exactly one attribute must name the device. */
	if (nl_cmds[r->cmd].set == &nl_dev && r->cmd != MEMDEV_CMD_DEV_NEW &&
	    (!(r->has & NL_DEV_NAME) || !(~r->has & NL_DEV_NAME)))
		r->class = INVALID;
}

/* The device that a request names, or NULL */
static struct thing *named(const struct request *r, struct state *s)
{
	struct thing *t = NULL;

	if (r->has & NL_BIT(MEMDEV_A_DEV_INDEX))
		t = dev_by_index(s, r->val[MEMDEV_A_DEV_INDEX]);
	if (!t && r->has & NL_BIT(MEMDEV_A_DEV_ID))
		t = dev_by_id(s, r->id);
	return t;
}

/* --- the effect of a change ----------------------------------------------- */

static bool same(const char *what, const struct thing *a, const struct thing *b,
		 __u32 but)
{
	bool ok = !strcmp(a->id, b->id) && !strcmp(a->kind, b->kind);

	for (unsigned int type = 1; type <= MEMDEV_A_DEV_MAX; type++) {
		if (but & NL_BIT(type) || a->val[type] == b->val[type])
			continue;
		printf("%s: attribute %u was %llu and is %llu\n", what, type,
		       (unsigned long long)a->val[type],
		       (unsigned long long)b->val[type]);
		ok = false;
	}
	return ok;
}

#define IN_WINDOW \
	(NL_BIT(MEMDEV_A_WINDOW_USED) | NL_BIT(MEMDEV_A_WINDOW_LARGEST_FREE))

/*
 * Whether nothing changed from @before to @after except @dev and @window. These
 * may exist in only one of the two states, and may differ in the attributes
 * @but. @regions says whether the used size of windows may differ.
 */
static bool only(struct state *before, struct state *after, __u64 dev,
		 __u64 window, __u32 but, bool regions)
{
	unsigned int both = 0, more = 0;
	bool ok = true;

	for (unsigned int i = 0; i < before->devs; i++) {
		struct thing *a = &before->dev[i];
		__u64 index = a->val[MEMDEV_A_DEV_INDEX];
		struct thing *b = dev_by_index(after, index);

		if (b) {
			both++;
			ok &= same("a device", a, b, index == dev ? but : 0);
		} else if (index != dev) {
			printf("memdev%llu is missing\n",
			       (unsigned long long)index);
			ok = false;
		}
	}
	more = after->devs - both;
	if (more > (dev != UINT64_MAX && !dev_by_index(before, dev) ? 1 : 0)) {
		printf("there are %u more devices\n", more);
		ok = false;
	}
	both = 0;
	for (unsigned int i = 0; i < before->windows; i++) {
		struct thing *a = &before->window[i];
		__u64 index = a->val[MEMDEV_A_WINDOW_INDEX];
		struct thing *b = window_by_index(after, index);

		if (b) {
			both++;
			ok &= same("a window", a, b, regions ? IN_WINDOW : 0);
		} else if (index != window) {
			printf("window%llu is missing\n",
			       (unsigned long long)index);
			ok = false;
		}
	}
	more = after->windows - both;
	if (more > (window != UINT64_MAX && !window_by_index(before, window))) {
		printf("there are %u more windows\n", more);
		ok = false;
	}
	return ok;
}

/* Total used size of all windows */
static __u64 used(struct state *s)
{
	__u64 sum = 0;

	for (unsigned int i = 0; i < s->windows; i++)
		sum += s->window[i].val[MEMDEV_A_WINDOW_USED];
	return sum;
}

static bool is(const char *what, __u64 got, __u64 want)
{
	if (got == want)
		return true;
	printf("%s: got %llu, want %llu\n", what, (unsigned long long)got,
	       (unsigned long long)want);
	return false;
}

static bool made(struct state *before, struct state *after,
		 const struct request *r, __u64 index)
{
	struct thing *t = dev_by_index(after, index);

	if (!t || dev_by_index(before, index)) {
		printf("no new memdev%llu\n", (unsigned long long)index);
		return false;
	}
	return only(before, after, index, UINT64_MAX, 0, true) &&
	       is("size", t->val[MEMDEV_A_DEV_SIZE],
		  r->val[MEMDEV_A_DEV_SIZE]) &&
	       is("plugged", t->val[MEMDEV_A_DEV_PLUGGED_SIZE], 0) &&
	       is("used", used(after), used(before) +
		  r->val[MEMDEV_A_DEV_SIZE]) &&
	       (!(r->has & NL_BIT(MEMDEV_A_DEV_ID)) ||
		is("id differs", strcmp(t->id, r->id), 0)) &&
	       (!(r->has & NL_BIT(MEMDEV_A_DEV_KIND)) ||
		is("kind differs", strcmp(t->kind, r->kind), 0));
}

#define SIZES \
	(NL_BIT(MEMDEV_A_DEV_PLUGGED_SIZE) | \
	 NL_BIT(MEMDEV_A_DEV_ONLINE_SIZE) | NL_BIT(MEMDEV_A_DEV_STATE) | \
	 NL_BIT(MEMDEV_A_DEV_REQUESTED_SIZE))

/* Whether exactly what @r requests has changed */
static bool done_as_asked(struct state *before, struct state *after,
			  const struct request *r, __u64 reply)
{
	struct thing *was = named(r, before), *is_now = NULL;
	__u64 size = r->val[MEMDEV_A_DEV_SIZE], index = UINT64_MAX;
	__u32 but;

	if (r->cmd != MEMDEV_CMD_DEV_NEW && r->cmd != MEMDEV_CMD_WINDOW_NEW &&
	    r->cmd != MEMDEV_CMD_WINDOW_DEL) {
		if (!was) {
			puts("there is no such device");
			return false;
		}
		index = was->val[MEMDEV_A_DEV_INDEX];
		is_now = dev_by_index(after, index);
		if (!is_now && r->cmd != MEMDEV_CMD_DEV_DEL) {
			puts("the device is missing");
			return false;
		}
	}
	switch (r->cmd) {
	case MEMDEV_CMD_DEV_NEW:
		return made(before, after, r, reply);
	case MEMDEV_CMD_DEV_DEL:
		return is("devices", after->devs, before->devs - 1) &&
		       is("plugged", was->val[MEMDEV_A_DEV_PLUGGED_SIZE], 0) &&
		       is("used", used(after), used(before) -
			  was->val[MEMDEV_A_DEV_SIZE]) &&
		       only(before, after, index, UINT64_MAX, 0, true);
	case MEMDEV_CMD_DEV_SET:
		but = r->has & ~NL_DEV_NAME;
		for (unsigned int type = 1; type <= MEMDEV_A_DEV_MAX; type++)
			if (but & NL_BIT(type) &&
			    !is("set", is_now->val[type], r->val[type]))
				return false;
		if (r->has & NL_BIT(MEMDEV_A_DEV_REQUESTED_SIZE))
			but |= SIZES;
		return only(before, after, index, UINT64_MAX, but, false);
	case MEMDEV_CMD_DEV_PLUG:
		if (r->has & NL_BIT(MEMDEV_A_DEV_ALL))
			size = was->val[MEMDEV_A_DEV_SIZE] -
			       was->val[MEMDEV_A_DEV_PLUGGED_SIZE];
		return only(before, after, index, UINT64_MAX, SIZES, false) &&
		       is("plugged", is_now->val[MEMDEV_A_DEV_PLUGGED_SIZE],
			  was->val[MEMDEV_A_DEV_PLUGGED_SIZE] + size);
	case MEMDEV_CMD_DEV_UNPLUG:
		if (r->has & NL_BIT(MEMDEV_A_DEV_ALL))
			size = was->val[MEMDEV_A_DEV_PLUGGED_SIZE];
		return only(before, after, index, UINT64_MAX, SIZES, false) &&
		       is("plugged", is_now->val[MEMDEV_A_DEV_PLUGGED_SIZE],
			  was->val[MEMDEV_A_DEV_PLUGGED_SIZE] - size);
	case MEMDEV_CMD_WINDOW_NEW:
		return is("windows", after->windows, before->windows + 1) &&
		       window_by_index(after, reply) &&
		       is("start", window_by_index(after, reply)->
			  val[MEMDEV_A_WINDOW_START],
			  r->val[MEMDEV_A_WINDOW_START]) &&
		       only(before, after, UINT64_MAX, reply, 0, false);
	case MEMDEV_CMD_WINDOW_DEL:
		return is("windows", after->windows, before->windows - 1) &&
		       only(before, after, UINT64_MAX,
			    r->val[MEMDEV_A_WINDOW_INDEX], 0, false);
	}
	return false;
}

#endif /* _MEMDEV_TEST_NLFUZZ_STATE_H */
