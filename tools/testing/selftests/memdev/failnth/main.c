// SPDX-License-Identifier: GPL-2.0
/*
 * fail_sweep [OPTION]... OPERATION...: repeat an operation, each time with the
 * next one of its allocations failing, until it ends before that allocation.
 * After each failure, the state must be the same as before, and the operation
 * must work.
 *
 * -m PATH	the module
 * -w SPEC	the window
 * -b BYTES	size of the device
 * -k KIND	kind of the device
 * -s STRIDE	only fail every STRIDE-th allocation
 * -f N, -t N	first and last allocation to fail
 * -l		look for leaks after each failure, not only at the end,
 *		whatever the stride
 * -W		another process writes to the device whenever it exists
 * -v		print every step
 * -p		only check that this kernel has fault injection
 *
 * For each operation and kind of failure, print the number of allocations and
 * the results. Print all problems, and exit with 1 if there are any.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/klog.h>
#include <sys/prctl.h>

#include "inject.h"
#include "state.h"
#include "ops.h"

/* A sweep ends after this many consecutive values of N without a failure. */
#define ENOUGH		3
/* kmemleak reports objects older than 5 s. */
#define LEAK_AGE_S	6

#define ERRNOS		134

static unsigned int stride = 1, first = 1, last = -1U;
static bool leaks_each, verbose, beside;
static unsigned int problems;

/* --- expectations -------------------------------------------------------- */

/* A carved window may have a different address each time. */
static bool same_each_time(void)
{
	return strchr(spec, '@');
}

/* Whether a failure may leave the operation half done; a dimm rolls back. */
static bool partial(const struct op *op)
{
	return op->partial && (op->remote || strcmp(kind, "dimm"));
}

/*
 * Plug succeeds once the memory is added, even if a part of it does not come
 * online: KASAN cannot map the shadow of a block again right after a failure.
 */
static bool left_offline(void)
{
	return strcmp(file_read(DEVICE "/online_size"),
		      file_read(DEVICE "/plugged_size")) &&
	       !strcmp(file_read(DEVICE "/last_error"), "") &&
	       !strcmp(file_read(DEVICE "/state"), "plugged") && agrees();
}

/* --- the sweep ------------------------------------------------------------ */

/* Failing allocations: any in this task, or one kind in the module's workers */
static const char *const where_names[] = {
	[FAULT_HERE] = "",
	[FAULT_SLAB] = ", slabs of its workers",
	[FAULT_PAGE] = ", pages of its workers",
};

struct sweep {
	const struct op *op;
	enum fault_kind where;
	unsigned int n;
	/* The state before and after the operation */
	char *base;
	char *done;
	unsigned int sites;
	unsigned int offline;
	unsigned int errs[ERRNOS];
};

static void problem(const struct sweep *s, const char *fmt, ...)
{
	va_list ap;

	printf("  N=%u: ", s->n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	problems++;
}

/* Do the operation and fail allocation @n, if not 0. Returns 0 or an errno. */
static int op_do(const struct op *op, enum fault_kind where, unsigned int n,
		 bool *struck)
{
	int err;

	fault_kind = where;
	fault_n = n;
	fault_struck = false;
	err = op->call();
	if (n && where != FAULT_HERE) {
		/* Give deferred work time to reach the failure, too. */
		usleep(20000);
		fault_struck = fault_remote_disarm(where);
	}
	*struck = fault_struck;
	return err;
}

static int base_make(enum base base)
{
	int err;

	err = unload();
	if (err || base == BASE_NOTHING)
		return err;
	err = load(base == BASE_MODULE ? "none" : spec, base >= BASE_DEVICE);
	if (err || base != BASE_PLUGGED)
		return err;
	return file_write(DEVICE "/plug", "all");
}

/* Do the operation without a failure; record the resulting state if unknown. */
static bool sweep_works(struct sweep *s, const char *when)
{
	bool struck;
	int err;

	err = op_do(s->op, FAULT_HERE, 0, &struck);
	if (err) {
		problem(s, "%s: failed: %s", when, nl_errname(err));
		return false;
	}
	if (!s->done) {
		/* Let the state settle. */
		usleep(200000);
		s->done = state();
	} else if (same_each_time() && !state_comes(s->done)) {
		problem(s, "%s: wrong state after the operation", when);
	}
	err = s->op->undo();
	if (err)
		problem(s, "%s: undo failed: %s", when,
			nl_errname(err));
	if (state_comes(s->base))
		return true;
	problem(s, "%s: wrong state after the undo", when);
	return false;
}

/* Start over from the base state, and forget earlier damage. */
static bool sweep_begin(struct sweep *s)
{
	int err = base_make(s->op->base);

	if (err) {
		problem(s, "no base state: %s",
			nl_errname(err));
		return false;
	}
	usleep(200000);
	free(s->base);
	free(s->done);
	s->base = state();
	s->done = NULL;
	return sweep_works(s, "without a fault");
}

static bool sane(const struct op *op, int err)
{
	return err == ENOMEM || err == EFAULT || err == ENOBUFS ||
	       err == op->also;
}

/* Print the stack of the last failure from the kernel log. */
static void show_site(void)
{
	static char log[1 << 21];
	int len = klogctl(3, log, sizeof(log) - 1);
	char *at = NULL, *next = log;
	int lines = 0;

	if (len < 0)
		return;
	log[len] = '\0';
	while ((next = strstr(next, "FAULT_INJECTION: forcing")))
		at = next++;
	while (at && *at && lines++ < 40) {
		len = strcspn(at, "\n");
		say("    | %.*s", len, at);
		at += len + (at[len] == '\n');
		if (strstr(log, "</TASK>") && !strncmp(at, "</TASK>", 7))
			break;
	}
}

/* Do one step. Returns false if it does not end in the base state. */
static bool sweep_try(struct sweep *s, bool *struck)
{
	unsigned int before = problems;
	bool good = true;
	int err;

	err = op_do(s->op, s->where, s->n, struck);
	if (verbose)
		say("  %s%s: N=%u: %s %s", s->op->name, where_names[s->where],
		    s->n, *struck ? "struck" : "missed", nl_errname(err));
	if (*struck) {
		s->sites++;
		s->errs[err < ERRNOS ? err : 0]++;
	}
	if (err && !*struck)
		problem(s, "%s without an injected failure", nl_errname(err));
	else if (err && !sane(s->op, err))
		problem(s, "unexpected %s", nl_errname(err));

	if (!err && *struck && left_offline())
		s->offline++;
	else if (!err && same_each_time() && !state_comes(s->done))
		problem(s, "success, but wrong state");
	if (err && partial(s->op) && !agrees())
		problem(s, "%s, and the device disagrees with the machine",
			nl_errname(err));
	if (!err || partial(s->op)) {
		err = s->op->undo();
		if (err)
			problem(s, "undo failed: %s", nl_errname(err));
		if (!state_comes(s->base)) {
			problem(s, "wrong state after the undo");
			good = false;
		}
	} else {
		if (!state_comes(s->base)) {
			problem(s, "%s, but wrong state",
				nl_errname(err));
			good = false;
		}
		if (good && !sweep_works(s, "after the failure"))
			good = false;
	}
	if (*struck && problems > before)
		show_site();
	return good;
}

/* --- leaks ---------------------------------------------------------------- */

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

static void leaks_forget(void)
{
	if (!access(KMEMLEAK, F_OK))
		fault_write(KMEMLEAK, "clear");
}

static void leaks_look(const struct sweep *s)
{
	char line[256];
	bool any = false;
	FILE *f;

	if (access(KMEMLEAK, F_OK))
		return;
	sleep(LEAK_AGE_S);
	/* The second scan finds pointers that moved during the first one. */
	fault_write(KMEMLEAK, "scan");
	fault_write(KMEMLEAK, "scan");
	f = fopen(KMEMLEAK, "re");
	while (f && fgets(line, sizeof(line), f)) {
		any = true;
		printf("    | %s", line);
	}
	if (f)
		fclose(f);
	if (any)
		problem(s, "leaked");
	leaks_forget();
}

/* --- main ---------------------------------------------------------------- */

static void sweep(const struct op *op, enum fault_kind where)
{
	unsigned int missed = 0, err, before = problems;
	struct sweep s = { .op = op, .where = where };
	double began = now();
	bool struck;

	fault_in_module(op->module || where != FAULT_HERE);
	if (!sweep_begin(&s))
		goto out;
	leaks_forget();
	for (s.n = first; s.n <= last && missed < ENOUGH; s.n += stride) {
		bool good = sweep_try(&s, &struck);

		missed = struck ? 0 : missed + 1;
		if (leaks_each)
			leaks_look(&s);
		if (!good && !sweep_begin(&s))
			goto out;
	}
	/* The last allocation that failed */
	s.n -= stride * (missed + 1);
	/* With a larger stride, scan for leaks once, before the VM ends. */
	if (!leaks_each && stride == 1)
		leaks_look(&s);
	printf("%s %s%s: %u sites, %u of them failed:",
	       problems == before ? "ok" : "not ok", op->name,
	       where_names[where], s.n > 1U << 31 ? 0 : s.n, s.sites);
	for (err = 0; err < ERRNOS; err++) {
		if (s.errs[err])
			printf(" %u %s", s.errs[err],
			       err ? nl_errname(err) : "did not matter");
	}
	if (s.offline)
		printf(", %u of these left a block offline",
		       s.offline);
	say(" [%.0f s]", now() - began);
	goto free;
out:
	say("not ok %s%s: stopped at N=%u [%.0f s]", op->name,
	    where_names[where], s.n, now() - began);
free:
	free(s.base);
	free(s.done);
}

static const struct op *op_find(const char *name)
{
	for (const struct op *op = ops; op; op = op->next)
		if (!strcmp(op->name, name))
			return op;
	fprintf(stderr, "fail_sweep: %s: no such operation\n", name);
	exit(2);
}

/*
 * Start a process that writes to an attribute of the device whenever the device
 * exists, so that a failing registration has to wait for a running write.
 */
static void write_beside(void)
{
	static const char path[] = DEVICE "/unplug_timeout_ms";
	int file;

	switch (fork()) {
	case -1:
		fault_die("fork");
		break;
	case 0:
		break;
	default:
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		file = open(path, O_WRONLY | O_CLOEXEC);
		/* The current value */
		if (file < 0 || write(file, "30000", 5) < 0)
			sched_yield();
		if (file >= 0)
			close(file);
	}
}

int main(int argc, char **argv)
{
	int opt, err;

	while ((opt = getopt(argc, argv, "m:w:b:k:s:f:t:lvpW")) != -1) {
		switch (opt) {
		case 'm':
			module_path = optarg;
			break;
		case 'w':
			spec = optarg;
			break;
		case 'b':
			size = strtoull(optarg, NULL, 0);
			break;
		case 'k':
			kind = optarg;
			break;
		case 's':
			stride = strtoul(optarg, NULL, 0);
			break;
		case 'f':
			first = strtoul(optarg, NULL, 0);
			break;
		case 't':
			last = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			leaks_each = true;
			break;
		case 'W':
			beside = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'p':
			return !fault_possible();
		default:
			return 2;
		}
	}
	if (!module_path || !spec || !size || !stride) {
		fprintf(stderr,
			"usage: fail_sweep -m MODULE -w WINDOW -b BYTES [OPTION]... OPERATION...\n");
		return 2;
	}
	if (beside)
		write_beside();
	fault_open();
	for (; optind < argc; optind++) {
		const struct op *op = op_find(argv[optind]);

		if (!op->only_remote)
			sweep(op, FAULT_HERE);
		if (op->remote) {
			sweep(op, FAULT_SLAB);
			sweep(op, FAULT_PAGE);
		}
	}
	err = unload();
	if (err) {
		say("  rmmod failed: %s", nl_errname(err));
		problems++;
	}
	return !!problems;
}
