// SPDX-License-Identifier: GPL-2.0
/*
 * fail_sweep [OPTION]... OPERATION...: does an operation again and again, each time
 * with another one of its allocations made to fail, until it is over before its
 * turn comes. After each failure all must be as it was, and the operation work.
 *
 * -m PATH	the module
 * -w SPEC	the window that there is, or that is made
 * -b BYTES	size of the device
 * -k KIND	its kind
 * -s STRIDE	only every so many-th allocation
 * -f N, -t N	from, and to, this one
 * -l		looks for what was leaked after each, not once at the end, which
 *		it only does where each of them fails
 * -W		another process writes to the device whenever there is one
 * -v		prints every try
 * -p		whether this kernel can, and nothing else
 *
 * Prints for each operation, and each kind of fault, how many allocations there
 * are and what came of it, and what was wrong. Exits with 1 if anything was.
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

/* An operation is over when so many N in a row strike nothing */
#define ENOUGH		3
/* kmemleak reports what is older than 5 s */
#define LEAK_AGE_S	6

#define ERRNOS		134

static unsigned int stride = 1, first = 1, last = -1U;
static bool leaks_each, verbose, beside;
static unsigned int problems;

/* --- what to expect ------------------------------------------------------- */

/* What is carved may lie elsewhere each time */
static bool same_each_time(void)
{
	return strchr(spec, '@');
}

/* What a dimm cannot do as a whole it does not do at all; if it could say so */
static bool partial(const struct op *op)
{
	return op->partial && (op->remote || strcmp(kind, "dimm"));
}

/*
 * A plug is done once the memory is added. That a part of it did not come online
 * is all that is amiss: KASAN does not get the very addresses for its
 * shadow of a block again at once after it has failed.
 */
static bool told_offline(void)
{
	return strcmp(file_read(DEVICE "/online_size"),
		      file_read(DEVICE "/plugged_size")) &&
	       !strcmp(file_read(DEVICE "/last_error"), "") &&
	       !strcmp(file_read(DEVICE "/state"), "plugged") && agrees();
}

/* --- the sweep ------------------------------------------------------------ */

/* What is made to fail: in this task, or an allocation of one kind elsewhere */
enum where {
	HERE,
	SLABS,
	PAGES,
	NR_WHERE
};

static const char *const where_names[NR_WHERE] = {
	"", ", slabs of its workers", ", pages of its workers",
};

struct sweep {
	const struct op *op;
	enum where where;
	unsigned int n;
	/* How it all is before, and after the operation */
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

/* The operation once, with a fault if @n is not 0; 0 or an errno */
static int op_do(const struct op *op, enum where at, unsigned int n,
		 bool *struck)
{
	enum fault_kind kind = at == SLABS ? FAULT_SLAB : FAULT_PAGE;
	int err;

	*struck = false;
	if (op->ready)
		op->ready();
	if (n && at == HERE)
		fault_arm(n);
	else if (n)
		fault_remote_arm(kind, n);
	err = op->call();
	if (n && at == HERE)
		*struck = fault_disarm();
	if (op->end)
		err = op->end(err);
	if (n && at != HERE) {
		/* What it leaves to others is to have its turn, too */
		usleep(20000);
		*struck = fault_remote_disarm(kind);
	}
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

/* Once with no fault: learns how it is before and after, if it does not know */
static bool sweep_works(struct sweep *s, const char *when)
{
	bool struck;
	int err;

	err = op_do(s->op, HERE, 0, &struck);
	if (err) {
		problem(s, "%s: %s", when, nl_errname(err));
		return false;
	}
	if (!s->done) {
		/* Which takes its time to settle */
		usleep(200000);
		s->done = state();
	} else if (same_each_time() && !state_comes(s->done)) {
		problem(s, "%s: it did something else", when);
	}
	err = s->op->undo();
	if (err)
		problem(s, "%s, and cannot be undone: %s", when,
			nl_errname(err));
	if (state_comes(s->base))
		return true;
	problem(s, "%s, and undone, and not all is as before", when);
	return false;
}

/* From the start; what was lost before is no problem any more */
static bool sweep_begin(struct sweep *s)
{
	int err = base_make(s->op->base);

	if (err) {
		problem(s, "there is nothing to begin with: %s",
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

/* Prints from the kernel's log where the fault was */
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

/* One N; false if the state that it left is no longer the one before */
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
		problem(s, "%s, and nothing was made to fail", nl_errname(err));
	else if (err && !sane(s->op, err))
		problem(s, "%s", nl_errname(err));

	if (!err && *struck && told_offline())
		s->offline++;
	else if (!err && same_each_time() && !state_comes(s->done))
		problem(s, "it says that all is well, and it is not");
	if (err && partial(s->op) && !agrees())
		problem(s, "%s, and the device is not as it says",
			nl_errname(err));
	if (!err || partial(s->op)) {
		err = s->op->undo();
		if (err)
			problem(s, "cannot be undone: %s", nl_errname(err));
		if (!state_comes(s->base)) {
			problem(s, "undone, and not all is as before");
			good = false;
		}
	} else {
		if (!state_comes(s->base)) {
			problem(s, "%s, and not all is as before",
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
	/* What was on its way during the first is found by the second */
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

/* --- all of them ---------------------------------------------------------- */

static void sweep(const struct op *op, enum where where)
{
	unsigned int missed = 0, err, before = problems;
	struct sweep s = { .op = op, .where = where };
	double began = now();
	bool struck;

	fault_in_module(op->module || where != HERE);
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
	/* The last one that struck */
	s.n -= stride * (missed + 1);
	/* Who only samples leaves it to the end of all, as it takes its time */
	if (!leaks_each && stride == 1)
		leaks_look(&s);
	printf("%s %s%s: %u sites, %u of them failed in turn:",
	       problems == before ? "ok" : "not ok", op->name,
	       where_names[where], s.n > 1U << 31 ? 0 : s.n, s.sites);
	for (err = 0; err < ERRNOS; err++) {
		if (s.errs[err])
			printf(" %u %s", s.errs[err],
			       err ? nl_errname(err) : "did not matter");
	}
	if (s.offline)
		printf(", %u of these left a block offline and said so",
		       s.offline);
	say(" [%.0f s]", now() - began);
	goto free;
out:
	say("not ok %s%s: ended at N=%u [%.0f s]", op->name,
	    where_names[where], s.n, now() - began);
free:
	free(s.base);
	free(s.done);
}

static const struct op *op_find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	fprintf(stderr, "fail_sweep: %s: no such operation\n", name);
	exit(2);
}

/*
 * Start a process that writes to an attribute of the device whenever there is
 * one. A registration that fails then has to wait for it, inside the attribute.
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
		/* The value that it has anyway */
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
			sweep(op, HERE);
		if (op->remote) {
			sweep(op, SLABS);
			sweep(op, PAGES);
		}
	}
	err = unload();
	if (err) {
		say("  the module stays: %s", nl_errname(err));
		problems++;
	}
	return !!problems;
}
