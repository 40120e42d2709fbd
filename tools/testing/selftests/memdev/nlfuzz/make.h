/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random messages, valid messages, and mutations of valid messages
 */
#ifndef _MEMDEV_TEST_NLFUZZ_MAKE_H
#define _MEMDEV_TEST_NLFUZZ_MAKE_H

#include "../nl.h"
#include "state.h"

#define MAX_DATAGRAM	16384

static __u64 block;
static __u64 spare;		/* a block outside of all windows */

/* --- random numbers ------------------------------------------------------- */

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

/* --- making messages ------------------------------------------------------ */

static __u64 space[MAX_DATAGRAM / 8];
static char *const msg = (char *)space;
static size_t msg_len;
/* The last message that was sent */
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
			/* Only types that allow a later unplug */
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

/* A valid request */
static void make_sane(void)
{
	const struct nl_cmd *c;
	unsigned int cmd;

	do
		cmd = 1 + below(MEMDEV_CMD_MAX);
	while (!nl_cmds[cmd].may);
	c = &nl_cmds[cmd];
	begin(cmd, c->dump && one_in(4) ? NLM_F_DUMP : 0);
	for (unsigned int type = 1; type <= c->set->max; type++) {
		bool wanted = one_in(3);

		if (!(c->may & NL_BIT(type)))
			continue;
		/* Mostly with ids and sizes, rarely with conflicting ones */
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

	begin(one_in(3) ? below(256) : 1 + below(MEMDEV_CMD_MAX + 1),
	      one_in(8) ? NLM_F_DUMP : 0);
	fill(msg + NLMSG_HDRLEN + GENL_HDRLEN, len);
	if (one_in(4))
		fill(msg + NLMSG_HDRLEN + 1, 3);
	msg_len = head()->nlmsg_len + len;
	head()->nlmsg_len = msg_len;
}

#define BODY	(NLMSG_HDRLEN + GENL_HDRLEN)

/* Offset of a random attribute, 0 if there is none */
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

/* Put all attributes into a nest. */
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
	case 4:	/* truncate */
		n = below(13);
		if (msg_len > NLMSG_HDRLEN + n) {
			msg_len -= n;
			if (!one_in(5))
				head()->nlmsg_len = msg_len;
		}
		break;
	case 5:	/* trailing bytes */
		n = 1 + below(15);
		if (msg_len + n < MAX_DATAGRAM - 64) {
			fill(msg + msg_len, n);
			msg_len += n;
			head()->nlmsg_len = msg_len;
		}
		break;
	case 6:	/* duplicate */
	case 7:
		if (at)
			append(attr, attr->nla_len);
		break;
	case 8:	/* drop */
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
		genl->cmd = one_in(3) ? rnd() : 1 + below(MEMDEV_CMD_MAX + 1);
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
	case 16:	/* change values */
		if (at && attr->nla_len > sizeof(*attr) &&
		    at + attr->nla_len <= msg_len)
			fill(msg + at + sizeof(*attr),
			     attr->nla_len - sizeof(*attr));
		break;
	}
}

#endif /* _MEMDEV_TEST_NLFUZZ_MAKE_H */
