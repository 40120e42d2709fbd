// SPDX-License-Identifier: GPL-2.0
/*
 * nlfuzz SEED MESSAGES: sends so many random and mutated messages to the netlink
 * family. The same seed and the same devices make the same messages.
 *
 * It reads what it is about to send with a parser of its own, which is as strict
 * as the kernel's has to be. What that does not take for a change must change
 * nothing; what it does, and the kernel accepts, must change what it names as it
 * says, and nothing else. Who is not root must not change anything at all.
 *
 * Changes that cost time are rationed; and nothing is sent that would carve a
 * window, or that would go to another family.
 */
#define _GNU_SOURCE
#include "nl.h"

#define MAX_DATAGRAM	16384
#define MAX_DEVS	64
#define MAX_WINDOWS	16
#define COMPARE_EVERY	500
#define ANSWER_MS	120000
#define MAX_SLOW	120	/* plugs and unplugs */
#define MAX_QUICK	1000	/* devices and windows made and removed */

static struct nl nl;		/* for what is sent */
static struct nl questions;	/* for what is asked in between */
static bool root;
static __u64 block;
static __u64 spare;		/* a block that no window has */

/* --- random numbers -------------------------------------------------------- */

static __u64 rnd_state;

static __u64 rnd(void)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return rnd_state * 0x2545f4914f6cdd1dULL;
}

static unsigned int below(unsigned int n)
{
	return (rnd() >> 32) % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

/* --- what there is ----------------------------------------------------------- */

/* By type of the attribute; UINT64_MAX where it is not there */
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

/* What refusals change: how often, and why */
#define DEV_IGNORED \
	(NL_BIT(MEMDEV_A_DEV_PLUG_STATS) | NL_BIT(MEMDEV_A_DEV_UNPLUG_STATS) | \
	 NL_BIT(MEMDEV_A_DEV_LAST_ERROR) | NL_BIT(MEMDEV_A_DEV_REFUSAL))

static void see_thing(const struct nlmsghdr *nlh, void *data)
{
	const struct nl_set *set = nl_cmds[nl_genl(nlh)->cmd].set;
	bool dev = set == &nl_dev;
	struct state *s = data;
	const struct nlattr *attr;
	struct thing *t;

	if ((dev ? s->devs : s->windows) == (dev ? MAX_DEVS : MAX_WINDOWS)) {
		puts("too many of them");
		exit(2);
	}
	t = dev ? &s->dev[s->devs++] : &s->window[s->windows++];
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
	do {
		memset(s, 0, sizeof(*s));
		nl_talk_cb(&questions, nl_begin(&questions, MEMDEV_CMD_DEV_GET,
						NLM_F_DUMP), see_thing, s);
		if (!questions.err && !questions.intr)
			nl_talk_cb(&questions,
				   nl_begin(&questions, MEMDEV_CMD_WINDOW_GET,
					    NLM_F_DUMP), see_thing, s);
		if (questions.err) {
			printf("a dump fails: %s \"%s\"\n",
			       nl_errname(questions.err), questions.text);
			exit(1);
		}
	} while (questions.intr);
}

static struct thing *dev_by_index(struct state *s, __u64 index)
{
	for (unsigned int i = 0; i < s->devs; i++)
		if (s->dev[i].val[MEMDEV_A_DEV_INDEX] == index)
			return &s->dev[i];
	return NULL;
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
	for (unsigned int i = 0; i < s->windows; i++)
		if (s->window[i].val[MEMDEV_A_WINDOW_INDEX] == index)
			return &s->window[i];
	return NULL;
}

/* --- what a message is --------------------------------------------------------- */

enum class {
	IGNORED,	/* the kernel does not take it for a request */
	INVALID,	/* has to be refused */
	READ,
	CHANGE,		/* may be done, or refused for what it asks */
	FOREIGN,	/* is for somebody else, and not sent */
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
		/* It ends, in time, and with the attribute */
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
		/* Nodes and slots are not negative */
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
	r->class = nl_cmds[r->cmd].change ? CHANGE : READ;
	if (r->class != CHANGE)
		return;

	/* What every change has to have */
	switch (r->cmd) {
	case MEMDEV_CMD_DEV_NEW:
		if (!(r->has & NL_BIT(MEMDEV_A_DEV_SIZE)))
			r->class = INVALID;
		break;
	case MEMDEV_CMD_WINDOW_NEW:
		if (!(r->has & NL_BIT(MEMDEV_A_WINDOW_SIZE)))
			r->class = INVALID;
		break;
	case MEMDEV_CMD_WINDOW_DEL:
		if (!(r->has & NL_BIT(MEMDEV_A_WINDOW_INDEX)))
			r->class = INVALID;
		break;
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
	/* A name of a device, one */
	if (nl_cmds[r->cmd].set == &nl_dev && r->cmd != MEMDEV_CMD_DEV_NEW &&
	    (!(r->has & NL_DEV_NAME) || !(~r->has & NL_DEV_NAME)))
		r->class = INVALID;
}

/* The device that a request names; NULL if there is none */
static struct thing *named(const struct request *r, struct state *s)
{
	struct thing *t = NULL;

	if (r->has & NL_BIT(MEMDEV_A_DEV_INDEX))
		t = dev_by_index(s, r->val[MEMDEV_A_DEV_INDEX]);
	if (!t && r->has & NL_BIT(MEMDEV_A_DEV_ID))
		t = dev_by_id(s, r->id);
	return t;
}

/* --- what a change may have changed ---------------------------------------------- */

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
 * All that was there is there, and as it was, and nothing else is; but @dev and
 * @window, if there are such, may be so in @before or in @after or both, and
 * differ in @but.
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
			printf("memdev%llu has gone\n",
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
			printf("window%llu has gone\n",
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

/* Sum of an attribute over all windows */
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
	printf("%s: %llu, not %llu\n", what, (unsigned long long)got,
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

/* The kernel has done @r: what has changed is what @r says, and no more */
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
			puts("the device has gone");
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

/* --- making messages ------------------------------------------------------------- */

static __u64 space[MAX_DATAGRAM / 8];
static char *const msg = (char *)space;
static size_t msg_len;
/* The one that was sent last */
static char before[MAX_DATAGRAM];
static size_t before_len;
static __u32 next_seq;

static struct nlmsghdr *head(void)
{
	return (struct nlmsghdr *)msg;
}

static __u64 some_size(void)
{
	switch (below(8)) {
	case 0:
		return 0;
	case 1:
		return block + 1 + below(1000);
	case 2:
		return rnd();
	case 3:
		return 1ULL << below(64);
	case 4:
		return block * (1 + below(100));
	default:
		return block * (1 + below(2));
	}
}

static __u32 some_index(bool window)
{
	struct thing *t = window ? now.window : now.dev;
	unsigned int nr = window ? now.windows : now.devs;

	if (!nr || one_in(4))
		return one_in(2) ? below(64) : rnd();
	return t[below(nr)].val[1];
}

static const char *some_id(void)
{
	static char id[MEMDEV_ID_MAX_LEN + 1];
	unsigned int len;

	if (now.devs && one_in(2) && now.dev[0].id[0])
		return now.dev[below(now.devs)].id;
	if (one_in(2)) {
		snprintf(id, sizeof(id), "fuzz%u", below(8));
		return id;
	}
	len = below(sizeof(id));
	for (unsigned int i = 0; i < len; i++)
		id[i] = one_in(20) ? 1 + below(255) : 'a' + below(26);
	id[len] = '\0';
	return id;
}

static void put_some(struct nlmsghdr *nlh, const struct nl_set *set,
		     unsigned int type)
{
	bool window = set == &nl_window;

	switch (set->attrs[type].type) {
	case NL_FLAG:
		mnl_attr_put(nlh, type, 0, NULL);
		break;
	case NL_STRING:
		mnl_attr_put_strz(nlh, type, type == MEMDEV_A_DEV_ID ?
				  some_id() : one_in(8) ? "foo" : one_in(2) ?
				  "dimm" : "virtio-mem");
		break;
	case NL_U8:
		mnl_attr_put_u8(nlh, type, below(3));
		break;
	case NL_U64:
		if (window ? type == MEMDEV_A_WINDOW_START :
			     type == MEMDEV_A_DEV_ADDRESS)
			mnl_attr_put_u64(nlh, type, one_in(3) ? some_size() :
					 spare - block * below(8));
		else
			mnl_attr_put_u64(nlh, type, some_size());
		break;
	default:
		if (type == 1 || (set == &nl_dev &&
				  type == MEMDEV_A_DEV_WINDOW))
			mnl_attr_put_u32(nlh, type,
					 some_index(window || type != 1));
		else if (set == &nl_dev && type == MEMDEV_A_DEV_ONLINE_TYPE)
			/* What can be unplugged again */
			mnl_attr_put_u32(nlh, type, one_in(8) ? 5 :
					 MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE);
		else if (set == &nl_dev && type == MEMDEV_A_DEV_NODE)
			mnl_attr_put_u32(nlh, type, one_in(4));
		else
			mnl_attr_put_u32(nlh, type, one_in(4) ? rnd() :
					 below(64));
	}
}

static void begin(unsigned int cmd, int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(msg);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl.family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	nlh->nlmsg_seq = next_seq++;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = MEMDEV_FAMILY_VERSION;
}

/* A request as a sane user would send it */
static void make_sane(void)
{
	unsigned int cmd = 1 + below(MEMDEV_CMD_BLOCK_GET);
	const struct nl_cmd *c = &nl_cmds[cmd];

	begin(cmd, c->dump && one_in(4) ? NLM_F_DUMP : 0);
	for (unsigned int type = 1; type <= c->set->max; type++) {
		bool wanted = one_in(3);

		if (!(c->may & NL_BIT(type)))
			continue;
		/* Names and sizes, mostly; one of two that exclude each other */
		if (type == 1)
			wanted = !one_in(8);
		else if (c->set == &nl_dev && type == MEMDEV_A_DEV_ID)
			wanted = cmd == MEMDEV_CMD_DEV_NEW ? one_in(2) :
				 msg[0] == NLMSG_HDRLEN + GENL_HDRLEN ||
				 one_in(20);
		else if (c->set->attrs[type].type == NL_U64 && type ==
			 (c->set == &nl_dev ? MEMDEV_A_DEV_SIZE :
			  MEMDEV_A_WINDOW_SIZE))
			wanted = !one_in(4);
		else if (c->set->attrs[type].type == NL_FLAG)
			wanted = one_in(6);
		if (wanted)
			put_some(head(), c->set, type);
	}
	msg_len = head()->nlmsg_len;
}

static void fill(char *p, size_t len)
{
	while (len--)
		*p++ = rnd() >> 40;
}

static void make_random(void)
{
	size_t len = below(one_in(10) ? 4000 : 100);

	begin(one_in(3) ? below(256) : 1 + below(17), one_in(8) ? NLM_F_DUMP :
	      0);
	fill(msg + NLMSG_HDRLEN + GENL_HDRLEN, len);
	if (one_in(4))
		fill(msg + NLMSG_HDRLEN + 1, 3);
	msg_len = head()->nlmsg_len + len;
	head()->nlmsg_len = msg_len;
}

#define BODY	(NLMSG_HDRLEN + GENL_HDRLEN)

/* The offset of some attribute, 0 if there is none */
static size_t some_attr(void)
{
	size_t at[64], off = BODY;
	unsigned int nr = 0;

	while (nr < 64 && off + sizeof(struct nlattr) <= msg_len) {
		struct nlattr *attr = (struct nlattr *)(msg + off);

		if (attr->nla_len < sizeof(*attr) ||
		    off + attr->nla_len > msg_len)
			break;
		at[nr++] = off;
		off += NLA_ALIGN(attr->nla_len);
	}
	return nr ? at[below(nr)] : 0;
}

static void append(const void *data, size_t len)
{
	size_t at = NLMSG_ALIGN(msg_len);

	if (at + len > MAX_DATAGRAM - 64)
		return;
	memset(msg + msg_len, 0, at - msg_len);
	memcpy(msg + at, data, len);
	msg_len = at + len;
	head()->nlmsg_len = msg_len;
}

static void append_attr(__u16 type, size_t len)
{
	static __u64 body[9000 / 8];
	struct nlattr *attr = (struct nlattr *)body;

	attr->nla_type = type;
	attr->nla_len = sizeof(*attr) + len;
	fill((char *)(attr + 1), len);
	append(attr, attr->nla_len);
}

/* Everything into a nest */
static void nest(__u16 type)
{
	struct nlattr *attr = (struct nlattr *)(msg + BODY);

	if (msg_len + sizeof(*attr) > MAX_DATAGRAM - 64 || msg_len < BODY)
		return;
	memmove(msg + BODY + sizeof(*attr), msg + BODY, msg_len - BODY);
	msg_len += sizeof(*attr);
	attr->nla_type = type | NLA_F_NESTED;
	attr->nla_len = msg_len - BODY;
	head()->nlmsg_len = msg_len;
}

static void mutate(void)
{
	struct genlmsghdr *genl = (struct genlmsghdr *)(msg + NLMSG_HDRLEN);
	size_t at = some_attr();
	struct nlattr *attr = (struct nlattr *)(msg + at);
	size_t n;

	switch (below(17)) {
	case 0:
		if (msg_len > NLMSG_HDRLEN)
			msg[NLMSG_HDRLEN + below(msg_len - NLMSG_HDRLEN)] ^=
				1 << below(8);
		break;
	case 1:
		if (at)
			attr->nla_len = one_in(2) ? rnd() :
					attr->nla_len + below(9) - 4;
		break;
	case 2:
		if (at)
			attr->nla_type = one_in(2) ? rnd() : below(32);
		break;
	case 3:
		if (at)
			attr->nla_type |= one_in(2) ? NLA_F_NESTED :
						      NLA_F_NET_BYTEORDER;
		break;
	case 4:	/* cut off */
		n = below(13);
		if (msg_len > NLMSG_HDRLEN + n) {
			msg_len -= n;
			if (!one_in(5))
				head()->nlmsg_len = msg_len;
		}
		break;
	case 5:	/* loose ends */
		n = 1 + below(15);
		if (msg_len + n < MAX_DATAGRAM - 64) {
			fill(msg + msg_len, n);
			msg_len += n;
			head()->nlmsg_len = msg_len;
		}
		break;
	case 6:	/* twice */
	case 7:
		if (at)
			append(attr, attr->nla_len);
		break;
	case 8:	/* missing */
		if (at) {
			n = NLA_ALIGN(attr->nla_len);
			if (at + n > msg_len)
				n = msg_len - at;
			memmove(msg + at, msg + at + n, msg_len - at - n);
			msg_len -= n;
			head()->nlmsg_len = msg_len;
		}
		break;
	case 9:
		append_attr(one_in(4) ? rnd() : below(32), below(80));
		break;
	case 10:
		append_attr(below(32), one_in(20) ? 8000 : 4 * below(3));
		break;
	case 11:
		for (n = 1 + below(one_in(20) ? 1000 : 4); n--;)
			nest(below(32));
		break;
	case 12:
		genl->cmd = one_in(3) ? rnd() : 1 + below(17);
		break;
	case 13:
		head()->nlmsg_flags ^= 1 << below(16);
		break;
	case 14:
		fill(msg + NLMSG_HDRLEN + 1, 3);
		break;
	case 15:
		if (one_in(4))
			head()->nlmsg_len = one_in(2) ? rnd() : below(200);
		break;
	case 16:	/* other values */
		if (at && attr->nla_len > sizeof(*attr) &&
		    at + attr->nla_len <= msg_len)
			fill(msg + at + sizeof(*attr),
			     attr->nla_len - sizeof(*attr));
		break;
	}
}

/* --- sending them ------------------------------------------------------------------ */

static unsigned int number, sent[3], classes[NR_CLASSES], accepted, refused;
static unsigned int withheld, slow, quick, answers, compared, of_cmd[32];
static __u64 seed;

static void dump(const char *what, const void *data, size_t len)
{
	printf("%s\n", what);
	for (size_t i = 0; i < len && i < 512; i++)
		printf("%02x%s", ((const unsigned char *)data)[i],
		       i % 16 == 15 ? "\n" : " ");
	putchar('\n');
}

static void broken(const char *why)
{
	printf("message %u: %s\n", number, why);
	dump("it is", msg, msg_len);
	dump("before it was", before, before_len);
	printf("SEED=%llu\n", (unsigned long long)seed);
	exit(1);
}

static void compare(void)
{
	look(&seen);
	compared++;
	if (!only(&now, &seen, UINT64_MAX, UINT64_MAX, 0, false))
		broken("by then something has changed that nobody asked for");
}

/* Costs time if it is done: plugs, or makes or removes something */
static bool rationed(const struct request *r, bool *is_slow)
{
	struct thing *t = named(r, &now);
	__u64 size = r->val[MEMDEV_A_DEV_SIZE];

	*is_slow = false;
	switch (r->cmd) {
	case MEMDEV_CMD_DEV_PLUG:
	case MEMDEV_CMD_DEV_UNPLUG:
		*is_slow = t && (r->has & NL_BIT(MEMDEV_A_DEV_ALL) ||
				 (size && size % block == 0));
		return *is_slow;
	case MEMDEV_CMD_DEV_SET:
		*is_slow = t && r->has & NL_BIT(MEMDEV_A_DEV_REQUESTED_SIZE) &&
			   r->val[MEMDEV_A_DEV_REQUESTED_SIZE] % block == 0;
		return *is_slow;
	case MEMDEV_CMD_DEV_NEW:
		return size && size % block == 0;
	case MEMDEV_CMD_DEV_DEL:
		return t;
	case MEMDEV_CMD_WINDOW_NEW:
		return r->val[MEMDEV_A_WINDOW_SIZE] % block == 0;
	case MEMDEV_CMD_WINDOW_DEL:
		return window_by_index(&now, r->val[MEMDEV_A_WINDOW_INDEX]);
	}
	return false;
}

/* What is sent is needed, whatever it costs */
static bool replenishing;

/* What is not to be sent, or not any more */
static bool withhold(const struct request *r)
{
	__u64 size = r->val[MEMDEV_A_WINDOW_SIZE];
	bool is_slow;

	if (r->class == FOREIGN)
		return true;
	if (r->class != CHANGE || !root)
		return false;
	/* Would be carved out of System RAM */
	if (r->cmd == MEMDEV_CMD_WINDOW_NEW && size && size % block == 0 &&
	    !(r->has & NL_BIT(MEMDEV_A_WINDOW_START)))
		return true;
	/* Memory in a kernel zone may not come out any more */
	if (r->cmd == MEMDEV_CMD_DEV_SET &&
	    r->has & NL_BIT(MEMDEV_A_DEV_ONLINE_TYPE) &&
	    r->val[MEMDEV_A_DEV_ONLINE_TYPE] !=
	    MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE)
		return true;
	/* 6.1 does not tell that it cannot: no plug succeeds then */
	if (r->cmd == MEMDEV_CMD_DEV_SET &&
	    r->has & NL_BIT(MEMDEV_A_DEV_MEMMAP_ON_MEMORY) &&
	    r->val[MEMDEV_A_DEV_MEMMAP_ON_MEMORY])
		return true;
	/* A deadline that ends an unplug before it had a chance */
	if (r->cmd == MEMDEV_CMD_DEV_SET &&
	    r->has & NL_BIT(MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS) &&
	    r->val[MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS] - 1 < 300000)
		return true;
	if (replenishing || !rationed(r, &is_slow))
		return false;
	return is_slow ? slow++ >= MAX_SLOW : quick++ >= MAX_QUICK;
}

#define MAX_REQUESTS	64

static struct request requests[MAX_REQUESTS];
static unsigned int nr_requests;

/* The messages of a datagram, as the kernel takes it apart */
static bool take_apart(void)
{
	size_t off = 0;

	nr_requests = 0;
	while (msg_len - off >= NLMSG_HDRLEN && nr_requests < MAX_REQUESTS) {
		struct nlmsghdr *nlh = (struct nlmsghdr *)(msg + off);
		struct request *r = &requests[nr_requests];

		if (nlh->nlmsg_len < NLMSG_HDRLEN ||
		    nlh->nlmsg_len > msg_len - off)
			break;
		classify(nlh, r);
		if (withhold(r))
			return false;
		/* To know when it is over */
		if (r->class == CHANGE)
			nlh->nlmsg_flags |= NLM_F_ACK;
		nr_requests++;
		if (NLMSG_ALIGN(nlh->nlmsg_len) >= msg_len - off)
			break;
		off += NLMSG_ALIGN(nlh->nlmsg_len);
	}
	return nr_requests < MAX_REQUESTS;
}

static struct request *asked(__u32 seq)
{
	for (unsigned int i = 0; i < nr_requests; i++)
		if (requests[i].seq == seq)
			return &requests[i];
	return NULL;
}

/* The worker gets it there in the background */
static void settle(__u64 index)
{
	for (int i = 0; i < 12000; i++) {
		struct thing *t;

		look(&seen);
		t = dev_by_index(&seen, index);
		if (!t || (t->val[MEMDEV_A_DEV_PLUGGED_SIZE] ==
			   t->val[MEMDEV_A_DEV_REQUESTED_SIZE] &&
			   t->val[MEMDEV_A_DEV_STATE] <=
			   MEMDEV_STATE_PLUGGED))
			return;
		usleep(10000);
	}
	broken("requested-size is not reached");
}

static void answered(struct request *r, int err, __u64 reply)
{
	struct thing *t;

	answers++;
	if (r->class == INVALID && !err)
		broken("it was accepted, and is not valid");
	if (r->class != CHANGE)
		return;
	if (!root && err != -EPERM && err != -EINVAL)
		broken("somebody who may not was not told so");
	if (err) {
		refused++;
		return;
	}
	accepted++;
	t = named(r, &now);
	if (r->cmd == MEMDEV_CMD_DEV_SET && t &&
	    r->has & NL_BIT(MEMDEV_A_DEV_REQUESTED_SIZE))
		settle(t->val[MEMDEV_A_DEV_INDEX]);
	else
		look(&seen);
	if (!done_as_asked(&now, &seen, r, reply))
		broken("it was accepted, and something else was done");
	now = seen;
}

static void receive(unsigned int waiting)
{
	const struct nlattr *tb[2];
	__u64 reply = UINT64_MAX;
	__u32 reply_seq = 0;

	while (nl_wait(&nl, waiting ? ANSWER_MS : 0)) {
		const struct nlmsghdr *nlh = (void *)nl.buf;
		int len = mnl_socket_recvfrom(nl.sk, nl.buf, sizeof(nl.buf));

		if (len < 0)
			broken(strerror(errno));
		for (; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			struct request *r = asked(nlh->nlmsg_seq);

			if (!r) {
				dump("came", nlh, nlh->nlmsg_len);
				broken("an answer to nobody's question");
			}
			if (nlh->nlmsg_type == nl.family) {
				nl_parse(nlh, tb, 1);
				reply = nl_u32(tb[1]);
				reply_seq = nlh->nlmsg_seq;
			} else if (nlh->nlmsg_type == NLMSG_ERROR) {
				int err = *(int *)mnl_nlmsg_get_payload(nlh);

				if (r->class == CHANGE)
					waiting--;
				answered(r, err, reply_seq == r->seq ? reply :
					 UINT64_MAX);
			}
		}
	}
	if (waiting)
		broken("there is no answer");
}

static void send_it(void)
{
	unsigned int waiting = 0;

	/*
	 * Changes of one datagram are answered one after the other, and the
	 * state is looked at in between: no more than one of them.
	 */
	for (unsigned int i = 0; i < nr_requests; i++) {
		waiting += requests[i].class == CHANGE;
		classes[requests[i].class]++;
		of_cmd[requests[i].cmd & 31]++;
	}
	if (!nr_requests)
		classes[IGNORED]++;
	if (mnl_socket_sendto(nl.sk, msg, msg_len) < 0)
		broken(strerror(errno));
	receive(waiting);
	memcpy(before, msg, msg_len);
	before_len = msg_len;
	number++;
}

static unsigned int changes(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < nr_requests; i++)
		nr += requests[i].class == CHANGE;
	return nr;
}

/* Keeps something to play with: devices that a fuzzer removed come back */
static void replenish(void)
{
	while (root && now.windows && now.devs < 2) {
		begin(MEMDEV_CMD_DEV_NEW, 0);
		mnl_attr_put_u64(head(), MEMDEV_A_DEV_SIZE, 2 * block);
		msg_len = head()->nlmsg_len;
		replenishing = true;
		if (!take_apart() || requests[0].class != CHANGE)
			broken("the parser does not know a new device");
		replenishing = false;
		send_it();
	}
}

static void make_one(void)
{
	static char first[MAX_DATAGRAM];
	size_t len;

	switch (below(10)) {
	case 0:
		make_random();
		sent[0]++;
		break;
	case 1:
		make_sane();
		sent[1]++;
		break;
	default:
		make_sane();
		for (unsigned int n = 1 + below(4); n--;)
			mutate();
		sent[2]++;
	}
	/* Two in one */
	if (!one_in(20) || msg_len > 4000)
		return;
	len = NLMSG_ALIGN(msg_len);
	memset(first, 0, len);
	memcpy(first, msg, msg_len);
	make_sane();
	if (one_in(2))
		mutate();
	memmove(msg + len, msg, msg_len);
	memcpy(msg, first, len);
	msg_len += len;
}

int main(int argc, char **argv)
{
	unsigned int messages, last = 0;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: nlfuzz SEED MESSAGES\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = strtoull(argv[1], NULL, 0);
	messages = atoi(argv[2]);
	rnd_state = seed * 2 + 1;
	rnd();
	root = !geteuid();
	err = nl_open(&nl) ?: nl_open(&questions);
	if (err) {
		puts(nl_errname(err));
		return 1;
	}
	next_seq = 1;
	look(&now);
	if (!now.devs || !now.windows) {
		puts("there is nothing to begin with");
		return 1;
	}
	block = now.window[0].val[MEMDEV_A_WINDOW_BLOCK_SIZE];
	spare = root ? now.window[0].val[MEMDEV_A_WINDOW_START] +
		       now.window[0].val[MEMDEV_A_WINDOW_SIZE] : 8 * block;

	while (number < messages) {
		make_one();
		if (!take_apart() || changes() > 1) {
			withheld++;
			continue;
		}
		send_it();
		if (now.devs < 2)
			replenish();
		if (number - last >= COMPARE_EVERY) {
			compare();
			last = number;
		}
	}
	compare();

	printf("%u messages: %u random, %u sane, %u mutated (%u withheld)\n",
	       number, sent[0], sent[1], sent[2], withheld);
	printf("taken for:");
	for (int i = 0; i < FOREIGN; i++)
		printf(" %s %u", class_names[i], classes[i]);
	printf("\nby command:");
	for (unsigned int i = 0; i <= MEMDEV_CMD_BLOCK_GET; i++)
		printf(" %s %u", i ? nl_cmds[i].name : "none", of_cmd[i]);
	printf("\n%u answers, changes: %u accepted, %u refused; compared %u times\n",
	       answers, accepted, refused, compared);
	/* A fuzzer that nobody listens to finds nothing */
	if (root && accepted < 20) {
		puts("hardly anything was accepted");
		return 1;
	}
	if (!root && accepted) {
		puts("a change was accepted");
		return 1;
	}
	return 0;
}
