// SPDX-License-Identifier: GPL-2.0
/*
 * scale SIZE SEED: execute and time operations on many devices.
 *
 * Read requests, one per line, and answer each with a line of times in ns, one
 * per operation. A failure or an unexpected state afterwards ends the program
 * without an answer.
 *
 * size BYTES			set the size of new devices, initially SIZE
 * fill NR			create devices until there are NR
 * drain NR			destroy the last devices until there are NR
 * create netlink|sysfs NR	create NR devices
 * destroy netlink|sysfs NR	destroy NR random devices
 * lookup index|id|attribute NR	look up NR random devices
 * dump NR			dump all devices, NR times
 * plug near|far NR		plug NR devices at the lowest addresses, or
 *				random ones
 * unplug NR			unplug NR of the devices that plug has plugged
 * serial plug|unplug NR	plug or unplug the first NR devices one by one:
 *				the total time, then the time of each
 * together plug|unplug NR	like serial, but for all NR devices at once
 * write FILE TEXT		write to a file
 * list				print the devices' numbers instead of times
 *
 * Checks are not timed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>

#include "nl.h"

#define BUS		"/sys/bus/memdev/"
#define MAX_DEVICES	8192
#define MAX_THREADS	256
/* Addresses ascend with device numbers: those below NEAR are close together. */
#define NEAR		10
/* Separators of words in a request */
#define WORDS		"\n "
#define ID_LEN		(MEMDEV_ID_MAX_LEN + 1)

/**
 * struct device - an existing device
 * @index: number
 * @size: size in bytes
 * @id: name; empty if another program created the device
 */
struct device {
	__u32 index;
	__u64 size;
	char id[ID_LEN];
};

static struct device devices[MAX_DEVICES];
static unsigned int nr_devices;
static __u64 size;
/* Number of names used so far */
static unsigned int nr_named;
/* Plugged devices are at the end of the array. */
static unsigned int nr_plugged;

static __u64 took[MAX_DEVICES + 1];
static unsigned int nr_took;

static struct nl nl;
static int new_device = -1, del_device = -1;
static __u64 seed;

static __u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void note(__u64 began)
{
	__u64 ended = now_ns();

	if (nr_took == ARRAY_SIZE(took))
		errx(1, "too many times");
	took[nr_took++] = ended - began;
}

/* xorshift64*: the same numbers for the same seed everywhere */
static unsigned int below(unsigned int limit)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * 2685821657736338717ULL >> 33) % limit;
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void write_or_die(int fd, const char *what, const char *text)
{
	ssize_t len = strlen(text);
	ssize_t rc = pwrite(fd, text, len, 0);

	if (rc != len)
		errx(1, "%s '%s': %s", what, text,
		     rc < 0 ? strerror(errno) : "short write");
}

/* --- netlink requests ----------------------------------------------------- */

static void talk(const char *what, const struct nlmsghdr *nlh)
{
	if (nl_talk(&nl, nlh))
		errx(1, "%s: %s %s", what, nl_errname(nl.err), nl.text);
	if (nl.after_end)
		errx(1, "%s: data after the end of the reply", what);
}

static struct nlmsghdr *begin_get_id(const char *id)
{
	struct nlmsghdr *nlh = nl_begin(&nl, MEMDEV_CMD_DEV_GET, 0);

	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, id);
	return nlh;
}

static struct nlmsghdr *begin_index(int cmd, __u32 index)
{
	struct nlmsghdr *nlh = nl_begin(&nl, cmd, 0);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, index);
	return nlh;
}

/* Parse the only reply to a request. */
static void parse_reply(const char *what, const struct nlattr **tb)
{
	if (nl.replies != 1)
		errx(1, "%s: %u replies", what, nl.replies);
	nl_parse((void *)nl.reply, tb, MEMDEV_A_DEV_MAX);
}

/* Accept any plugged size. */
#define ANY	UINT64_MAX

/* Check that the last reply describes @d, with @plugged bytes online. */
static void check_device(const struct device *d, const char *what,
			 __u64 plugged)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];

	parse_reply(what, tb);
	if (nl_u32(tb[MEMDEV_A_DEV_INDEX]) != d->index ||
	    nl_u64(tb[MEMDEV_A_DEV_SIZE]) != d->size ||
	    (d->id[0] && strcmp(nl_str(tb[MEMDEV_A_DEV_ID]), d->id)))
		errx(1, "%s: memdev%u of %llu bytes, id %s, not memdev%u of %llu bytes, id %s",
		     what, nl_u32(tb[MEMDEV_A_DEV_INDEX]),
		     (unsigned long long)nl_u64(tb[MEMDEV_A_DEV_SIZE]),
		     nl_str(tb[MEMDEV_A_DEV_ID]), d->index,
		     (unsigned long long)d->size, d->id);
	if (plugged != ANY &&
	    (nl_u64(tb[MEMDEV_A_DEV_PLUGGED_SIZE]) != plugged ||
	     nl_u64(tb[MEMDEV_A_DEV_ONLINE_SIZE]) != plugged))
		errx(1, "%s: memdev%u: %llu bytes plugged and %llu online, not %llu",
		     what, d->index,
		     (unsigned long long)nl_u64(tb[MEMDEV_A_DEV_PLUGGED_SIZE]),
		     (unsigned long long)nl_u64(tb[MEMDEV_A_DEV_ONLINE_SIZE]),
		     (unsigned long long)plugged);
}

static void get_device(const struct device *d, const char *what,
		       __u64 plugged)
{
	talk(what, begin_index(MEMDEV_CMD_DEV_GET, d->index));
	check_device(d, what, plugged);
}

static void adopt(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct device *d = &devices[nr_devices];

	if (nr_devices == MAX_DEVICES)
		errx(1, "too many devices");
	nl_parse(nlh, tb, MEMDEV_A_DEV_MAX);
	d->index = nl_u32(tb[MEMDEV_A_DEV_INDEX]);
	d->size = nl_u64(tb[MEMDEV_A_DEV_SIZE]);
	d->id[0] = '\0';
	nr_devices++;
}

/* Add the devices that exist already to the array. */
static void adopt_all(void)
{
	struct nlmsghdr *nlh = nl_begin(&nl, MEMDEV_CMD_DEV_GET, NLM_F_DUMP);

	if (nl_talk_cb(&nl, nlh, adopt, NULL) || nl.intr)
		errx(1, "dump: %s", nl_errname(nl.err));
}

/* --- create and destroy --------------------------------------------------- */

static bool by_netlink(const char *by)
{
	if (strcmp(by, "netlink") && strcmp(by, "sysfs"))
		errx(1, "expected netlink or sysfs, not '%s'", by);
	return !strcmp(by, "netlink");
}

static void create_netlink(struct device *d)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh = nl_begin(&nl, MEMDEV_CMD_DEV_NEW, 0);
	__u64 began;

	mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, d->size);
	mnl_attr_put_strz(nlh, MEMDEV_A_DEV_ID, d->id);
	began = now_ns();
	talk("dev-new", nlh);
	note(began);
	parse_reply("dev-new", tb);
	d->index = nl_u32(tb[MEMDEV_A_DEV_INDEX]);
}

static void create_sysfs(struct device *d)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	char text[128];
	__u64 began;

	snprintf(text, sizeof(text), "size=%llu id=%s",
		 (unsigned long long)d->size, d->id);
	began = now_ns();
	write_or_die(new_device, "new_device", text);
	note(began);
	talk("dev-get", begin_get_id(d->id));
	parse_reply("dev-get", tb);
	d->index = nl_u32(tb[MEMDEV_A_DEV_INDEX]);
}

static void create(const char *by, unsigned int nr)
{
	bool netlink = by_netlink(by);
	struct device *d;

	while (nr--) {
		if (nr_devices == MAX_DEVICES)
			errx(1, "too many devices");
		d = &devices[nr_devices];
		d->size = size;
		snprintf(d->id, sizeof(d->id), "s%u", nr_named++);
		if (netlink)
			create_netlink(d);
		else
			create_sysfs(d);
		get_device(d, "a new device", 0);
		nr_devices++;
	}
}

static void destroy_netlink(const struct device *d)
{
	struct nlmsghdr *nlh = begin_index(MEMDEV_CMD_DEV_DEL, d->index);
	__u64 began = now_ns();

	talk("dev-del", nlh);
	note(began);
}

static void destroy_sysfs(const struct device *d)
{
	char text[32];
	__u64 began;

	snprintf(text, sizeof(text), "memdev%u", d->index);
	began = now_ns();
	write_or_die(del_device, "del_device", text);
	note(began);
}

static void check_gone(const struct device *d)
{
	if (nl_talk(&nl, begin_index(MEMDEV_CMD_DEV_GET, d->index)) != ENODEV)
		errx(1, "memdev%u still exists: %s", d->index,
		     nl_errname(nl.err));
}

static void destroy_one(bool netlink, struct device *d)
{
	if (nr_plugged)
		errx(1, "cannot destroy devices while some are plugged");
	if (netlink)
		destroy_netlink(d);
	else
		destroy_sysfs(d);
	check_gone(d);
	*d = devices[--nr_devices];
}

/* Choose at random: the first device in a list is found fastest. */
static void destroy(const char *by, unsigned int nr)
{
	bool netlink = by_netlink(by);

	if (nr > nr_devices)
		errx(1, "only %u devices exist", nr_devices);
	while (nr--)
		destroy_one(netlink, &devices[below(nr_devices)]);
}

/* --- look up -------------------------------------------------------------- */

static void lookup_attribute(const struct device *d)
{
	char path[80], text[32] = "";
	__u64 began;
	int fd;

	snprintf(path, sizeof(path), BUS "devices/memdev%u/size", d->index);
	began = now_ns();
	fd = open_or_die(path, O_RDONLY);
	if (read(fd, text, sizeof(text) - 1) <= 0)
		err(1, "%s", path);
	close(fd);
	note(began);
	if (strtoull(text, NULL, 10) != d->size)
		errx(1, "%s: %s", path, text);
}

static void lookup(const char *by, unsigned int nr)
{
	const struct device *d;
	struct nlmsghdr *nlh;
	__u64 began;

	while (nr--) {
		d = &devices[below(nr_devices)];
		if (!strcmp(by, "attribute")) {
			lookup_attribute(d);
			continue;
		}
		if (!strcmp(by, "id"))
			nlh = begin_get_id(d->id);
		else if (!strcmp(by, "index"))
			nlh = begin_index(MEMDEV_CMD_DEV_GET, d->index);
		else
			errx(1, "expected index, id or attribute, not '%s'", by);
		began = now_ns();
		talk("dev-get", nlh);
		note(began);
		check_device(d, "dev-get", ANY);
	}
}

static void dump(unsigned int nr)
{
	struct nlmsghdr *nlh;
	__u64 began;

	while (nr--) {
		nlh = nl_begin(&nl, MEMDEV_CMD_DEV_GET, NLM_F_DUMP);
		began = now_ns();
		talk("dump", nlh);
		note(began);
		if (nl.intr || nl.replies != nr_devices)
			errx(1, "%u devices of %u%s", nl.replies, nr_devices,
			     nl.intr ? ", interrupted" : "");
	}
}

/* --- plug and unplug ------------------------------------------------------ */

static int open_attribute(const struct device *d, const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), BUS "devices/memdev%u/%s", d->index, name);
	return open_or_die(path, O_WRONLY);
}

static void operate(const struct device *d, const char *op)
{
	int fd = open_attribute(d, op);
	__u64 began = now_ns();

	write_or_die(fd, op, "all");
	note(began);
	close(fd);
}

static void check_op(const struct device *d, const char *op)
{
	get_device(d, op, strcmp(op, "plug") ? 0 : d->size);
}

/* Choose a device that is not plugged. */
static struct device *pick(bool near)
{
	struct device *d;

	do {
		d = &devices[below(nr_devices - nr_plugged)];
	} while (near && d->index >= NEAR);
	return d;
}

static void plug(const char *where, unsigned int nr)
{
	bool near = !strcmp(where, "near");
	struct device *last, *d, one;

	if (nr_plugged + nr > nr_devices || (near && nr_plugged + nr > NEAR))
		errx(1, "only %u devices exist", nr_devices);
	while (nr--) {
		d = pick(near);
		last = &devices[nr_devices - ++nr_plugged];
		one = *d;
		*d = *last;
		*last = one;
		operate(last, "plug");
		check_op(last, "plug");
	}
}

static void unplug(unsigned int nr)
{
	const struct device *d;

	if (nr > nr_plugged)
		errx(1, "only %u devices are plugged", nr_plugged);
	while (nr--) {
		d = &devices[nr_devices - nr_plugged--];
		operate(d, "unplug");
		check_op(d, "unplug");
	}
}

static void check_first(const char *op, unsigned int nr)
{
	if (!nr || nr > nr_devices || nr > MAX_THREADS || nr_plugged ||
	    (strcmp(op, "plug") && strcmp(op, "unplug")))
		errx(1, "cannot %s the first %u of %u devices", op, nr,
		     nr_devices);
}

static void serial(const char *op, unsigned int nr)
{
	__u64 began;

	check_first(op, nr);
	took[nr_took++] = 0;
	began = now_ns();
	for (unsigned int i = 0; i < nr; i++)
		operate(&devices[i], op);
	took[0] = now_ns() - began;
	for (unsigned int i = 0; i < nr; i++)
		check_op(&devices[i], op);
}

/**
 * struct worker - a thread that plugs or unplugs a device
 * @thread: the thread
 * @op: plug or unplug
 * @fd: the attribute to write
 * @began: start time
 * @ended: end time
 */
struct worker {
	pthread_t thread;
	const char *op;
	int fd;
	__u64 began;
	__u64 ended;
};

static pthread_barrier_t barrier;

static void *work(void *data)
{
	struct worker *w = data;

	pthread_barrier_wait(&barrier);
	w->began = now_ns();
	write_or_die(w->fd, w->op, "all");
	w->ended = now_ns();
	return NULL;
}

static void together(const char *op, unsigned int nr)
{
	static struct worker workers[MAX_THREADS];
	__u64 began = UINT64_MAX, ended = 0;
	struct worker *w;
	int rc;

	check_first(op, nr);
	rc = pthread_barrier_init(&barrier, NULL, nr);
	for (w = workers; !rc && w < workers + nr; w++) {
		w->op = op;
		w->fd = open_attribute(&devices[w - workers], op);
		rc = pthread_create(&w->thread, NULL, work, w);
	}
	if (rc)
		errx(1, "cannot start threads: %s", strerror(rc));

	took[nr_took++] = 0;
	for (w = workers; w < workers + nr; w++) {
		pthread_join(w->thread, NULL);
		close(w->fd);
		took[nr_took++] = w->ended - w->began;
		began = w->began < began ? w->began : began;
		ended = w->ended > ended ? w->ended : ended;
	}
	took[0] = ended - began;
	pthread_barrier_destroy(&barrier);
	for (unsigned int i = 0; i < nr; i++)
		check_op(&devices[i], op);
}

static void write_file(const char *path, const char *text)
{
	int fd = open_or_die(path, O_WRONLY);
	__u64 began = now_ns();

	write_or_die(fd, path, text);
	note(began);
	close(fd);
}

/* --- requests ------------------------------------------------------------- */

/* Return the next word of the request. */
static const char *word(void)
{
	const char *found = strtok(NULL, WORDS);

	if (!found)
		errx(1, "request too short");
	return found;
}

static unsigned int number(void)
{
	const char *text = word();
	unsigned long nr;
	char *end;

	nr = strtoul(text, &end, 10);
	if (*end || nr > MAX_DEVICES)
		errx(1, "invalid count '%s'", text);
	return nr;
}

static void fill(unsigned int nr)
{
	if (nr > nr_devices)
		create("netlink", nr - nr_devices);
}

static void drain(unsigned int nr)
{
	while (nr_devices > nr)
		destroy_one(true, &devices[nr_devices - 1]);
}

static void list(void)
{
	for (unsigned int i = 0; i < nr_devices; i++)
		took[nr_took++] = devices[i].index;
}

static void request(const char *what)
{
	const char *how;

	if (!strcmp(what, "size")) {
		size = strtoull(word(), NULL, 10);
	} else if (!strcmp(what, "fill")) {
		fill(number());
	} else if (!strcmp(what, "drain")) {
		drain(number());
	} else if (!strcmp(what, "dump")) {
		dump(number());
	} else if (!strcmp(what, "plug")) {
		how = word();
		plug(how, number());
	} else if (!strcmp(what, "unplug")) {
		unplug(number());
	} else if (!strcmp(what, "list")) {
		list();
	} else if (!strcmp(what, "write")) {
		how = word();
		write_file(how, strtok(NULL, "\n") ?: "");
	} else if (!strcmp(what, "create")) {
		how = word();
		create(how, number());
	} else if (!strcmp(what, "destroy")) {
		how = word();
		destroy(how, number());
	} else if (!strcmp(what, "lookup")) {
		how = word();
		lookup(how, number());
	} else if (!strcmp(what, "serial")) {
		how = word();
		serial(how, number());
	} else if (!strcmp(what, "together")) {
		how = word();
		together(how, number());
	} else {
		errx(1, "unknown operation '%s'", what);
	}
}

int main(int argc, char **argv)
{
	char line[512];
	int rc;

	if (argc != 3) {
		fputs("usage: scale SIZE SEED\n", stderr);
		return 2;
	}
	size = strtoull(argv[1], NULL, 0);
	seed = strtoull(argv[2], NULL, 0) * 2 + 1;
	rc = nl_open(&nl);
	if (rc)
		errx(1, "netlink: %s", nl_errname(rc));
	new_device = open_or_die(BUS "new_device", O_WRONLY);
	del_device = open_or_die(BUS "del_device", O_WRONLY);
	adopt_all();

	while (fgets(line, sizeof(line), stdin)) {
		nr_took = 0;
		request(strtok(line, WORDS) ?: "");
		printf("ok");
		for (unsigned int i = 0; i < nr_took; i++)
			printf(" %llu", (unsigned long long)took[i]);
		putchar('\n');
		fflush(stdout);
	}
	return 0;
}
