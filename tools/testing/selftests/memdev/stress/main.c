// SPDX-License-Identifier: GPL-2.0
/*
 * stress_workers --seed N --time SECONDS [--workers K] [--poison N] [--memmap]
 *	  [--window START,SIZE] [--shared] [--rounds N]
 *
 * Several workers perform random operations on memory devices, windows and
 * blocks. The seed determines what each worker tries, but not the results. An
 * unexpected errno or an inconsistent size is a finding and ends the run.
 *
 * The module must be loaded, with windows and without devices. The devices s0,
 * s1, ... are left at the end, so that the caller can check them.
 *
 * --time	minimum duration; then continue until each kind of operation
 *		has succeeded, for a maximum of --rounds operations
 * --poison	poison this many pages in windows that existed at the start and
 *		were not carved; print "poisoned ADDRESS" for each, and "tried
 *		ADDRESS" if the kernel reported a failure
 * --memmap	the kernel supports memmap_on_memory
 * --window	repeatedly create a window with this range and delete it
 * --shared	other drivers may claim that range in between
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <time.h>

#include "../event_ledger.h"
#include "workers.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define MAX_WORKERS	32

/**
 * struct op_def - a kind of operation
 * @name: name in messages
 * @weight: relative frequency, 0 if not possible
 * @allowed: errnos that the operation may return
 */
static struct op_def {
	const char *name;
	unsigned int weight;
	int allowed[12];
} ops[NR_OPS] = {
	/* EEXIST: only for a duplicate id */
	[OP_CREATE] = { "create", 10, { EEXIST, ENOSPC, ENODEV } },
	[OP_DESTROY] = { "destroy", 4, { EBUSY, ENODEV } },
	/* EBUSY: kmem claimed the range first */
	[OP_PLUG] = { "plug", 20, { ENOSPC, ENOMEM, EINTR, ENODEV, EBUSY } },
	/* EINVAL: less is plugged than requested */
	[OP_UNPLUG] = { "unplug", 18, { EBUSY, ETIMEDOUT, EINTR, ENODEV,
					EINVAL } },
	[OP_REQUEST] = { "request", 10, { EINTR, ENODEV } },
	/* ENOENT: not plugged; EINVAL: already in that state */
	[OP_ONLINE] = { "online", 10, { ENOENT, ENODEV, EINVAL, EBUSY, EAGAIN,
					EINTR, EHWPOISON, ENOMEM } },
	[OP_OFFLINE] = { "offline", 8, { ENOENT, ENODEV, EINVAL, EBUSY, EAGAIN,
					 EINTR } },
	[OP_ONLINE_TYPE] = { "online_type", 4, { EINTR, ENODEV } },
	[OP_MEMMAP] = { "memmap", 0, { EBUSY, EINTR, ENODEV } },
	[OP_TIMEOUT] = { "timeout", 3, { EINTR, ENODEV } },
	[OP_WINDOW_NEW] = { "window-new", 0, { EBUSY } },
	[OP_WINDOW_DEL] = { "window-del", 0, { EBUSY, ENODEV } },
	/* ENOENT: no suitable page; EBUSY: not allowed yet, or failed */
	[OP_POISON] = { "poison", 0, { ENOENT, EBUSY } },
	/* EINTR: the dump was interrupted */
	[OP_DUMP] = { "dump", 6, { EINTR } },
	[OP_READ] = { "read", 4, { ENOENT, ENODEV } },
	/* EIO: the file's device is gone */
	[OP_DEBUGFS] = { "debugfs", 0, { ENOENT, ENODEV, EIO } },
};

static struct slot slots[NR_SLOTS];
static struct worker workers[MAX_WORKERS];
static __u64 seed;
static unsigned int total_weight;
static atomic_int may_toggle, late;
static atomic_ulong total, succeeded[NR_OPS];
static struct ledger ledger;

static __u64 random_next(__u64 *state)
{
	/* splitmix64 */
	__u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* --- workers -------------------------------------------------------------- */

static int perform(struct worker *w, const struct draw *d)
{
	switch (d->op) {
	case OP_CREATE:
		return do_create(w, d);
	case OP_DESTROY:
		return do_destroy(w, d);
	case OP_PLUG:
	case OP_UNPLUG:
		return do_plug(w, d);
	case OP_ONLINE:
	case OP_OFFLINE:
		return do_toggle(w, d);
	case OP_WINDOW_NEW:
		return do_window_new(w, d);
	case OP_WINDOW_DEL:
		return do_window_del(w, d);
	case OP_POISON:
		return do_poison();
	case OP_DUMP:
		return do_dump(w, d);
	case OP_READ:
	case OP_DEBUGFS:
		return do_read(w, d);
	default:
		return do_set(w, d);
	}
}

/* Whether the reason given with an allowed errno is a valid one for it */
static bool text_fits(const struct worker *w, const struct draw *d, int err)
{
	/* last_error in sysfs may be from another operation by now. */
	bool sure = !d->sysfs;

	if (d->op == OP_CREATE && err == EEXIST)
		return !sure || strstr(w->text, "is taken by another device");
	/* The request was to unplug more than is plugged. */
	if (d->op == OP_UNPLUG && err == EINVAL)
		return sure ? !!strstr(w->text, "is plugged") :
			      !strstr(w->text, "as a whole");
	if (d->op == OP_PLUG && err == EBUSY)
		return !sure || strstr(w->text, "another driver has claimed");
	return true;
}

static void run(struct worker *w, const struct draw *d)
{
	const int *allowed = ops[d->op].allowed;
	unsigned int i;
	int err;

	w->text[0] = '\0';
	err = perform(w, d);
	atomic_fetch_add(&total, 1);
	w->count[d->op][err < MAX_ERRNO ? err : MAX_ERRNO - 1]++;
	if (!err) {
		atomic_fetch_add(&succeeded[d->op], 1);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(ops->allowed) && allowed[i] != err; i++)
		;
	if (i == ARRAY_SIZE(ops->allowed) || !text_fits(w, d, err))
		finding("worker %u: %s %s by %s: %s \"%s\"", w->nr,
			ops[d->op].name, d->slot->id,
			d->sysfs ? "sysfs" : "netlink", nl_errname(err),
			w->text);
	check_text(w->text, d->slot->id);
}

/* Run an operation that may differ from the drawn one. */
static void run_as(struct worker *w, struct draw d, enum op op)
{
	d.op = op;
	/* Only interrupt operations that can take long. */
	if (op != OP_PLUG && op != OP_UNPLUG && op != OP_ONLINE &&
	    op != OP_OFFLINE)
		d.interrupt = false;
	run(w, &d);
}

static struct draw draw_next(__u64 *rng)
{
	__u64 how = random_next(rng), what = random_next(rng);
	unsigned int at = how % total_weight;
	struct draw d = {
		.slot = &slots[(how >> 16) % NR_SLOTS],
		.bits = what >> 8,
		.sysfs = how >> 32 & 1,
		.interrupt = (how >> 40) % 8 == 0,
		.ms = 1 + (how >> 48) % 300,
	};

	while (at >= ops[d.op].weight)
		at -= ops[d.op++].weight;
	return d;
}

/* An enabled operation that has not succeeded yet, or NR_OPS */
static enum op op_missing(void)
{
	enum op op = 0;

	while (op < NR_OPS && (!ops[op].weight || succeeded[op]))
		op++;
	return op;
}

static void *work(void *data)
{
	struct worker *w = data;
	struct sigevent ev = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = SIGALRM,
		.sigev_notify_thread_id = gettid(),
	};
	struct draw d, drain;
	enum op missing;

	if (timer_create(CLOCK_MONOTONIC, &ev, &w->timer)) {
		finding("timer: %s", nl_errname(errno));
		return NULL;
	}
	while (!atomic_load(&stop)) {
		d = draw_next(&w->rng);
		/* After --time, prefer operations that never succeeded. */
		if (atomic_load(&late) && d.bits >> 40 & 1) {
			missing = op_missing();
			if (missing != NR_OPS)
				d.op = missing;
		}
		if ((d.op == OP_ONLINE || d.op == OP_OFFLINE) &&
		    !atomic_load(&may_toggle))
			continue;
		/* Otherwise, few plugged blocks are offline. */
		if (d.op == OP_ONLINE && d.ms % 2)
			run_as(w, d, OP_OFFLINE);
		/* Only unplugged devices and empty windows can be deleted. */
		if ((d.op == OP_DESTROY || d.op == OP_WINDOW_DEL) &&
		    d.bits % 4) {
			drain = d;
			drain.bits = 0;
			run_as(w, drain, OP_UNPLUG);
		}
		if (d.op == OP_WINDOW_DEL && d.bits % 4)
			run_as(w, d, OP_DESTROY);
		run_as(w, d, d.op);
		/* The default deadline is too long for this test. */
		if (d.op == OP_CREATE)
			run_as(w, d, OP_TIMEOUT);
	}
	timer_delete(w->timer);
	return NULL;
}

static void note_window(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[MEMDEV_A_WINDOW_MAX + 1];
	struct range *r = &windows[nr_windows];

	(void)data;
	nl_parse(nlh, tb, MEMDEV_A_WINDOW_MAX);
	if (nr_windows == MAX_WINDOWS ||
	    nl_u32(tb[MEMDEV_A_WINDOW_INDEX]) != nr_windows) {
		finding("unexpected window%u",
			nl_u32(tb[MEMDEV_A_WINDOW_INDEX]));
		exit(1);
	}
	r->start = nl_u64(tb[MEMDEV_A_WINDOW_START]);
	r->size = nl_u64(tb[MEMDEV_A_WINDOW_SIZE]);
	r->carved = nl_u32(tb[MEMDEV_A_WINDOW_SOURCE]) == MEMDEV_SOURCE_CARVED;
	block = nl_u64(tb[MEMDEV_A_WINDOW_BLOCK_SIZE]);
	nr_windows++;
}

static void start(unsigned int nr_workers)
{
	__u64 rng = seed;

	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		__u64 what = random_next(&rng);
		struct slot *s = &slots[i];

		snprintf(s->id, sizeof(s->id), "s%u", i);
		s->dimm = i % 2;
		s->blocks = s->dimm ? 1 + what % 4 : 2 + what % 5;
		/* Half of the devices are not tied to a window. */
		s->window = i / 2 % 2 ? -1 : (int)(i / 4 % nr_windows);
		printf("# %s: %s of %u blocks, window %d\n", s->id,
		       s->dimm ? "dimm" : "virtio-mem", s->blocks, s->window);
	}
	for (unsigned int i = 0; i < NR_OPS; i++)
		total_weight += ops[i].weight;
	for (unsigned int i = 0; i < nr_workers; i++) {
		struct worker *w = &workers[i];

		w->nr = i;
		w->rng = random_next(&rng);
		w->nl = malloc(sizeof(*w->nl));
		if (!w->nl)
			exit(1);
		must_open(w->nl);
		if (pthread_create(&w->thread, NULL, work, w))
			exit(1);
	}
}

/*
 * A plug replaces a pending request to the driver's worker, whatever the plug's
 * result. Afterwards, the notifications must agree with the device.
 */
static void settle(void)
{
	struct worker *w = &workers[0];
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];
	struct nlmsghdr *nlh;
	__u64 plugged, online;
	__u32 index;

	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		struct draw d = { .op = OP_PLUG, .slot = &slots[i] };

		run(w, &d);
		ledger_read(&ledger, 0);
		nlh = begin_slot(w, &d, MEMDEV_CMD_DEV_GET);
		if (nl_talk(w->nl, nlh) || ledger.lost)
			continue;
		nl_parse((const void *)w->nl->reply, tb, MEMDEV_A_DEV_MAX);
		index = nl_u32(tb[MEMDEV_A_DEV_INDEX]);
		plugged = nl_u64(tb[MEMDEV_A_DEV_PLUGGED_SIZE]);
		online = nl_u64(tb[MEMDEV_A_DEV_ONLINE_SIZE]);
		if (index >= LEDGER_DEVICES || !ledger.dev[index].there ||
		    ledger.dev[index].plugged != plugged ||
		    ledger.dev[index].online != online)
			finding("memdev%u has %llu bytes plugged, %llu online, not as notified",
				index, (unsigned long long)plugged,
				(unsigned long long)online);
	}
}

static void summary(unsigned int nr_workers, unsigned long seconds)
{
	printf("# %lu operations by %u workers in %lu s, seed %llu\n", total,
	       nr_workers, seconds, (unsigned long long)seed);
	for (unsigned int op = 0; op < NR_OPS; op++) {
		unsigned long refused[MAX_ERRNO] = {}, all = 0;

		if (!ops[op].weight)
			continue;
		for (unsigned int i = 0; i < nr_workers; i++)
			for (unsigned int e = 0; e < MAX_ERRNO; e++)
				refused[e] += workers[i].count[op][e];
		for (unsigned int e = 1; e < MAX_ERRNO; e++)
			all += refused[e];
		printf("# %-12s %6lu done, %6lu failed", ops[op].name, refused[0],
		       all);
		for (unsigned int e = 1; e < MAX_ERRNO; e++)
			if (refused[e])
				printf(" %s=%lu", nl_errname(e), refused[e]);
		putchar('\n');
	}
	printf("# %llu MiB plugged, %llu MiB unplugged, %llu messages, %llu lost\n",
	       (unsigned long long)ledger.plugged >> 20,
	       (unsigned long long)ledger.unplugged >> 20,
	       (unsigned long long)ledger.events,
	       (unsigned long long)ledger.lost);
	printf("# %u pages poisoned, %u failed\n", nr_poisoned, nr_tried);
}

static unsigned long now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* The kernel signals a task whose page is poisoned */
static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == BUS_MCEERR_AR || info->si_code == BUS_MCEERR_AO)
		return;
	signal(sig, SIG_DFL);
	raise(sig);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "time", required_argument, NULL, 't' },
		{ "workers", required_argument, NULL, 'w' },
		{ "poison", required_argument, NULL, 'p' },
		{ "memmap", no_argument, NULL, 'm' },
		{ "window", required_argument, NULL, 'W' },
		{ "shared", no_argument, NULL, 'S' },
		{ "rounds", required_argument, NULL, 'r' },
		{ }
	};
	unsigned int nr_workers = 4, poison = 0;
	unsigned long seconds = 0, rounds = 2000;
	struct sigaction sa = { .sa_handler = on_alarm };
	struct sigaction bus = {
		.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO,
	};
	unsigned long began, passed, allow, until = 0;
	struct nlmsghdr *nlh;
	struct nl *start_nl;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'w':
			nr_workers = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			poison = strtoul(optarg, NULL, 0);
			break;
		case 'm':
			ops[OP_MEMMAP].weight = 4;
			break;
		case 'W':
			extra.start = strtoull(optarg, &end, 0);
			extra.size = *end ? strtoull(end + 1, NULL, 0) : 0;
			ops[OP_WINDOW_NEW].weight = 2;
			ops[OP_WINDOW_DEL].weight = 2;
			break;
		case 'S':
			extra_is_shared = true;
			break;
		case 'r':
			rounds = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	if (!seconds || !nr_workers || nr_workers > MAX_WORKERS) {
		fputs("usage: stress_workers --seed N --time SECONDS [--workers K]\n"
		      "              [--poison N] [--memmap] [--window START,SIZE]\n"
		      "              [--shared] [--rounds N]\n", stderr);
		return 2;
	}
	if (poison)
		ops[OP_POISON].weight = 1;
	if (!access(DEBUGFS, R_OK))
		ops[OP_DEBUGFS].weight = 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	page_size = sysconf(_SC_PAGESIZE);
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGBUS, &bus, NULL);

	c = ledger_open(&ledger);
	if (c) {
		finding("netlink: %s", nl_errname(c));
		return 1;
	}
	start_nl = malloc(sizeof(*start_nl));
	if (!start_nl)
		return 1;
	must_open(start_nl);
	nlh = nl_begin(start_nl, MEMDEV_CMD_WINDOW_GET, NLM_F_DUMP);
	if (nl_talk_cb(start_nl, nlh, note_window, NULL) || !nr_windows) {
		finding("no windows");
		return 1;
	}
	nl_close(start_nl);

	start(nr_workers);
	began = now_s();
	while (!atomic_load(&stop)) {
		ledger_read(&ledger, 100);
		if (ledger.wrong[0])
			finding("messages: %s", ledger.wrong);
		passed = now_s() - began;
		/*
		 * Toggling blocks makes lockdep report a known false positive
		 * and turn itself off: do everything else first.
		 */
		atomic_store(&may_toggle, passed >= seconds / 4);
		allow = 1 + poison * passed / seconds;
		poison_allow(allow < poison ? allow : poison);
		if (passed < seconds)
			continue;
		if (op_missing() == NR_OPS)
			break;
		if (!until)
			until = atomic_load(&total) + rounds;
		atomic_store(&late, 1);
		if (atomic_load(&total) >= until)
			break;
	}
	atomic_store(&stop, 1);
	for (unsigned int i = 0; i < nr_workers; i++)
		pthread_join(workers[i].thread, NULL);
	seconds = now_s() - began;
	settle();
	if (ledger.wrong[0])
		finding("messages: %s", ledger.wrong);

	for (unsigned int i = 0; i < NR_OPS && !atomic_load(&findings); i++)
		if (ops[i].weight && !succeeded[i])
			finding("no %s succeeded", ops[i].name);
	if (!ledger.plugged || !ledger.unplugged)
		finding("nothing was plugged or unplugged");
	summary(nr_workers, seconds);
	return atomic_load(&findings) > 0;
}
