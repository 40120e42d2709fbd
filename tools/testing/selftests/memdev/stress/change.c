// SPDX-License-Identifier: GPL-2.0
/*
 * Change devices, windows and blocks through netlink and sysfs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <time.h>

#include "workers.h"

/* --- netlink, sysfs ------------------------------------------------------- */

void must_open(struct nl *nl)
{
	int err = nl_open(nl);

	if (!err)
		return;
	finding("netlink: %s", nl_errname(err));
	exit(1);
}

/*
 * Send a request and wait for its ACK. If interrupted, close the socket, which
 * makes the driver cancel the request; its result is unknown.
 */
static int talk(struct worker *w, struct nlmsghdr *nlh, const struct draw *d)
{
	struct nl *nl = w->nl;
	int err;

	err = nl_send(nl, nlh);
	if (!err && d->interrupt && !nl_wait(nl, d->ms)) {
		nl_close(nl);
		must_open(nl);
		snprintf(w->text, sizeof(w->text), "socket closed");
		err = EINTR;
		return err;
	}
	if (err)
		nl->err = err;
	else
		nl_receive(nl, nlh->nlmsg_seq, NULL, NULL, NULL);
	snprintf(w->text, sizeof(w->text), "%s", nl->text);
	return nl->err;
}

struct nlmsghdr *begin_slot(struct worker *w, const struct draw *d, __u8 cmd)
{
	struct nlmsghdr *nlh = nl_begin(w->nl, cmd, 0);

	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, d->slot->id);
	return nlh;
}

/* Send SIGALRM repeatedly: the first one may come before the system call. */
static void alarm_set(struct worker *w, unsigned int ms)
{
	struct itimerspec when = {
		.it_value = { ms / 1000, ms % 1000 * 1000000 + !!ms },
		.it_interval = { 0, ms ? 200000000 : 0 },
	};

	timer_settime(w->timer, 0, &when, NULL);
}

/* Write to a file; interrupt it after @ms, if not 0. */
static int write_at(struct worker *w, int dir, const char *name,
		    const char *text, unsigned int ms)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno;
	alarm_set(w, ms);
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	alarm_set(w, 0);
	close(fd);
	return err;
}

int read_at(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	int err;

	buf[0] = '\0';
	if (fd < 0)
		return errno;
	got = read(fd, buf, size - 1);
	err = got < 0 ? errno : 0;
	close(fd);
	if (err)
		return err;
	buf[got] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/*
 * Open a device's directory. The descriptor still belongs to that device if
 * another one gets its index. Returns a negative errno if there is no device.
 */
int dir_of(struct worker *w, const struct slot *slot)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh;
	char path[64], id[64];
	int dir;

	nlh = nl_begin(w->nl, MEMDEV_CMD_DEV_GET, 0);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, slot->id);
	if (nl_talk(w->nl, nlh))
		return -w->nl->err;
	nl_parse((const void *)w->nl->reply, tb, MEMDEV_A_DEV_MAX);
	snprintf(path, sizeof(path), DEVICES "/memdev%u",
		 nl_u32(tb[MEMDEV_A_DEV_INDEX]));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -ENODEV;
	if (!read_at(dir, "id", id, sizeof(id)) && !strcmp(id, slot->id))
		return dir;
	close(dir);
	return -ENODEV;
}

static int write_slot(struct worker *w, const struct draw *d, const char *attr,
		      const char *text)
{
	int dir = dir_of(w, d->slot);
	int err;

	if (dir < 0)
		return -dir;
	err = write_at(w, dir, attr, text, d->interrupt ? d->ms : 0);
	/* Another operation may have changed last_error since. */
	if (err)
		read_at(dir, "last_error", w->text, sizeof(w->text));
	close(dir);
	return err == ENOENT ? ENODEV : err;
}

/* --- operations ----------------------------------------------------------- */

int do_set(struct worker *w, const struct draw *d)
{
	static const char *const types[] = {
		[MEMDEV_ONLINE_TYPE_OFFLINE]		= "offline",
		[MEMDEV_ONLINE_TYPE_ONLINE]		= "online",
		[MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE]	= "online_movable",
		[MEMDEV_ONLINE_TYPE_SYSTEM]		= "system",
	};
	/*
	 * No online_kernel: kernel allocations would keep blocks online. The
	 * other types use ZONE_MOVABLE here, and most of them online blocks.
	 */
	static const __u32 draws[] = {
		MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE, MEMDEV_ONLINE_TYPE_ONLINE,
		MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE, MEMDEV_ONLINE_TYPE_SYSTEM,
		MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE, MEMDEV_ONLINE_TYPE_OFFLINE,
	};
	struct nlmsghdr *nlh = begin_slot(w, d, MEMDEV_CMD_DEV_SET);
	const char *attr;
	char text[32];
	__u64 val;

	switch (d->op) {
	case OP_REQUEST:
		val = d->bits % (d->slot->blocks + 1);
		if (d->slot->dimm)
			val = d->bits % 2 ? d->slot->blocks : 0;
		val *= block;
		mnl_attr_put_u64(nlh, MEMDEV_A_DEV_REQUESTED_SIZE, val);
		attr = "requested_size";
		break;
	case OP_ONLINE_TYPE:
		val = draws[d->bits % ARRAY_SIZE(draws)];
		mnl_attr_put_u32(nlh, MEMDEV_A_DEV_ONLINE_TYPE, val);
		attr = "online_type";
		break;
	case OP_MEMMAP:
		val = d->bits % 2;
		mnl_attr_put_u8(nlh, MEMDEV_A_DEV_MEMMAP_ON_MEMORY, val);
		attr = "memmap_on_memory";
		break;
	default:
		val = 500 + d->bits % 2000;
		mnl_attr_put_u32(nlh, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS, val);
		attr = "unplug_timeout_ms";
	}
	if (!d->sysfs)
		return talk(w, nlh, d);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)val);
	return write_slot(w, d, attr,
			  d->op == OP_ONLINE_TYPE ? types[val] : text);
}

int do_plug(struct worker *w, const struct draw *d)
{
	bool plug = d->op == OP_PLUG;
	bool all = d->bits % 4 == 0;
	__u64 size = block * (d->slot->dimm ? d->slot->blocks :
			      1 + d->bits / 4 % d->slot->blocks);
	struct nlmsghdr *nlh;
	char text[32] = "all";

	if (d->sysfs) {
		if (!all)
			snprintf(text, sizeof(text), "%llu",
				 (unsigned long long)size);
		return write_slot(w, d, plug ? "plug" : "unplug", text);
	}
	nlh = begin_slot(w, d, plug ? MEMDEV_CMD_DEV_PLUG :
				      MEMDEV_CMD_DEV_UNPLUG);
	if (all)
		mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
	else
		mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, size);
	return talk(w, nlh, d);
}

int do_create(struct worker *w, const struct draw *d)
{
	const struct slot *slot = d->slot;
	const char *kind = slot->dimm ? "dimm" : "virtio-mem";
	struct nlmsghdr *nlh;
	char text[128];
	int len, err;

	if (d->sysfs) {
		len = snprintf(text, sizeof(text), "size=%llu kind=%s id=%s",
			       (unsigned long long)(slot->blocks * block),
			       kind, slot->id);
		if (slot->window >= 0)
			snprintf(text + len, sizeof(text) - len, " window=%d",
				 slot->window);
		err = write_at(w, AT_FDCWD, BUS "/new_device", text, 0);
		if (err)
			read_at(AT_FDCWD, BUS "/last_error", w->text,
				sizeof(w->text));
		return err;
	}
	nlh = begin_slot(w, d, MEMDEV_CMD_DEV_NEW);
	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, slot->blocks * block);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_KIND, kind);
	if (slot->window >= 0)
		mnl_attr_put_u32(nlh, MEMDEV_A_DEV_WINDOW, slot->window);
	return talk(w, nlh, d);
}

int do_destroy(struct worker *w, const struct draw *d)
{
	if (d->sysfs)
		return write_at(w, AT_FDCWD, BUS "/del_device", d->slot->id, 0);
	return talk(w, begin_slot(w, d, MEMDEV_CMD_DEV_DEL), d);
}

/* Toggle a block, plugged or not, of a window that only memdev may claim. */
int do_toggle(struct worker *w, const struct draw *d)
{
	static const char *const on[] = { "online_movable", "online" };
	__u64 blocks = extra_is_shared ? 0 : extra.size / block, nr;
	char path[128];
	unsigned int i;

	for (i = 0; i < nr_windows; i++)
		blocks += windows[i].size / block;
	nr = d->bits / 2 % blocks;
	for (i = 0; i < nr_windows && nr >= windows[i].size / block; i++)
		nr -= windows[i].size / block;
	nr += (i < nr_windows ? windows[i].start : extra.start) / block;
	snprintf(path, sizeof(path), MEMORY "/memory%llu/state",
		 (unsigned long long)nr);
	/* Offlining has no deadline of its own. */
	return write_at(w, AT_FDCWD, path,
			d->op == OP_ONLINE ? on[d->bits % 2] : "offline",
			d->interrupt ? d->ms : 2000);
}

/* --- windows -------------------------------------------------------------- */

int do_window_new(struct worker *w, const struct draw *d)
{
	struct nlmsghdr *nlh;
	char text[64];

	if (d->sysfs) {
		snprintf(text, sizeof(text), "%llu@%llu",
			 (unsigned long long)extra.size,
			 (unsigned long long)extra.start);
		return write_at(w, AT_FDCWD, BUS "/new_window", text, 0);
	}
	nlh = nl_begin(w->nl, MEMDEV_CMD_WINDOW_NEW, 0);
	mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_START, extra.start);
	mnl_attr_put_u64(nlh, MEMDEV_A_WINDOW_SIZE, extra.size);
	return talk(w, nlh, d);
}

/*
 * The extra window is the only one that comes and goes, so it always gets the
 * first index after the initial windows.
 */
int do_window_del(struct worker *w, const struct draw *d)
{
	struct nlmsghdr *nlh;
	char text[32];

	if (d->sysfs) {
		snprintf(text, sizeof(text), "window%u", nr_windows);
		return write_at(w, AT_FDCWD, BUS "/del_window", text, 0);
	}
	nlh = nl_begin(w->nl, MEMDEV_CMD_WINDOW_DEL, 0);
	mnl_attr_put_u32(nlh, MEMDEV_A_WINDOW_INDEX, nr_windows);
	return talk(w, nlh, d);
}
