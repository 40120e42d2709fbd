// SPDX-License-Identifier: GPL-2.0
/*
 * Read what the driver reports while it changes. Each report must be
 * consistent in itself.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "workers.h"

static void check_device(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	__u64 size, plugged, online, retired;
	const char *id;

	(void)data;
	nl_parse(nlh, tb, MEMDEV_A_DEV_MAX);
	id = nl_str(tb[MEMDEV_A_DEV_ID]);
	size = nl_u64(tb[MEMDEV_A_DEV_SIZE]);
	plugged = nl_u64(tb[MEMDEV_A_DEV_PLUGGED_SIZE]);
	online = nl_u64(tb[MEMDEV_A_DEV_ONLINE_SIZE]);
	retired = nl_u64(tb[MEMDEV_A_DEV_RETIRED_SIZE]);
	if (plugged > size || online > plugged || retired > size ||
	    plugged % block || online % block || retired % block)
		finding("dump: size of %s is %llu, %llu plugged, %llu online, %llu retired",
			id, (unsigned long long)size,
			(unsigned long long)plugged,
			(unsigned long long)online,
			(unsigned long long)retired);
	check_text(nl_str(tb[MEMDEV_A_DEV_LAST_ERROR]), id);
}

static void check_window(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[MEMDEV_A_WINDOW_MAX + 1];
	__u64 size, used, most;

	(void)data;
	nl_parse(nlh, tb, MEMDEV_A_WINDOW_MAX);
	size = nl_u64(tb[MEMDEV_A_WINDOW_SIZE]);
	used = nl_u64(tb[MEMDEV_A_WINDOW_USED]);
	most = nl_u64(tb[MEMDEV_A_WINDOW_LARGEST_FREE]);
	if (used > size || most > size - used || used % block || most % block)
		finding("dump: size of window%u is %llu, %llu used, %llu largest free",
			nl_u32(tb[MEMDEV_A_WINDOW_INDEX]),
			(unsigned long long)size, (unsigned long long)used,
			(unsigned long long)most);
}

int do_dump(struct worker *w, const struct draw *d)
{
	static const struct {
		__u8 cmd;
		nl_cb see;
	} dumps[] = {
		{ MEMDEV_CMD_DEV_GET, check_device },
		{ MEMDEV_CMD_WINDOW_GET, check_window },
		{ MEMDEV_CMD_BLOCK_GET, NULL },
	};
	unsigned int i = d->bits % ARRAY_SIZE(dumps);
	struct nlmsghdr *nlh = nl_begin(w->nl, dumps[i].cmd, NLM_F_DUMP);
	int err = nl_talk_cb(w->nl, nlh, dumps[i].see, NULL);

	return err ?: w->nl->intr ? EINTR : 0;
}

/* Read all files below a directory. Returns 0 or the errno of a failed read. */
static int read_tree(int parent, const char *name, unsigned int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *de;
	char buf[8192];
	int err = 0, rc;
	struct stat st;
	DIR *dir;

	if (fd < 0)
		return errno;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return errno;
	}
	while ((de = readdir(dir))) {
		if (de->d_name[0] == '.' || !strcmp(de->d_name, "power"))
			continue;
		if (fstatat(fd, de->d_name, &st, AT_SYMLINK_NOFOLLOW)) {
			err = errno;
			continue;
		}
		rc = 0;
		if (S_ISDIR(st.st_mode) && depth)
			rc = read_tree(fd, de->d_name, depth - 1);
		else if (S_ISREG(st.st_mode) && st.st_mode & 0400)
			rc = read_at(fd, de->d_name, buf, sizeof(buf));
		/* An expected errno must not hide an unexpected one. */
		if (rc && (!err || (rc != ENOENT && rc != ENODEV)))
			err = rc;
	}
	closedir(dir);
	return err;
}

int do_read(struct worker *w, const struct draw *d)
{
	int dir, err;

	if (d->op == OP_DEBUGFS)
		return read_tree(AT_FDCWD, DEBUGFS, 4);
	/* This includes the devices below the windows. */
	if (d->bits % 4 == 0)
		return read_tree(AT_FDCWD, WINDOWS, 3);
	dir = dir_of(w, d->slot);
	if (dir < 0)
		return -dir;
	err = read_tree(dir, ".", 1);
	close(dir);
	return err;
}
