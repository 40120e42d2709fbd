// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes, texts, signals.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memdevctl.h"

static const char suffixes[] = "KMGTPE";

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p) {
		complain("out of memory");
		exit(EXIT_FAILED);
	}
	return p;
}

char *xstrdup(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(xrealloc(NULL, size), s, size);
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = xrealloc(NULL, len + 1);
	va_start(args, format);
	vsnprintf(text, len + 1, format, args);
	va_end(args);
	return text;
}

void complain(const char *format, ...)
{
	va_list args;

	fputs("memdevctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int usage_error(const struct call *call, const char *format, ...)
{
	va_list args;

	fputs("memdevctl: ", stderr);
	if (call && call->cmd)
		fprintf(stderr, "%s: ", call->cmd->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (call && call->cmd)
		fprintf(stderr, "\nTry 'memdevctl help %s'.\n",
			call->cmd->name);
	else
		fputs("\nTry 'memdevctl help'.\n", stderr);
	return EXIT_USAGE;
}

/*
 * The kernel's own rules: a number, decimal, octal or hexadecimal, and perhaps
 * a suffix; no sign, no junk, and an overflow does not pass for a small number.
 */
int bytes_parse(const char *text, __u64 *bytes)
{
	size_t len = strlen(text);
	unsigned int shift = 0;
	const char *suffix;
	char digits[32];
	__u64 value;
	char *end;

	if (!len || len >= sizeof(digits) ||
	    !isdigit((unsigned char)text[0]))
		return -EINVAL;
	memcpy(digits, text, len + 1);

	/* A last 'e' is a digit of a hexadecimal number */
	suffix = strchr(suffixes, toupper((unsigned char)digits[len - 1]));
	if (suffix && !(*suffix == 'E' && digits[0] == '0' &&
			tolower((unsigned char)digits[1]) == 'x')) {
		shift = 10 * (suffix - suffixes + 1);
		digits[len - 1] = '\0';
	}

	errno = 0;
	value = strtoull(digits, &end, 0);
	if (*end || end == digits)
		return -EINVAL;
	if (errno || (shift && value >> (64 - shift)))
		return -ERANGE;
	*bytes = value << shift;
	return 0;
}

/* N, or a prefix and N */
int number_parse(const char *text, const char *prefix, __u32 *nr)
{
	size_t len = strlen(prefix);
	unsigned long value;
	char *end;

	if (!strncmp(text, prefix, len))
		text += len;
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*end || errno || value > INT_MAX)
		return -EINVAL;
	*nr = value;
	return 0;
}

int size_argument(const struct call *call, const char *text, bool zero,
		  __u64 *bytes)
{
	int rc = bytes_parse(text, bytes);

	if (rc == -ERANGE)
		return usage_error(call, "'%s' is too large", text);
	if (rc)
		return usage_error(call, "'%s' is not understood", text);
	if (!*bytes && !zero)
		return usage_error(call, "'%s' is no size: it is zero", text);
	return EXIT_DONE;
}

static unsigned int unit_of(__u64 bytes)
{
	unsigned int unit = 0;

	while (unit < strlen(suffixes) && bytes >> (10 * (unit + 1)))
		unit++;
	return unit;
}

static char *with_unit(__u64 value, unsigned int tenths, unsigned int unit)
{
	const char suffix = unit ? suffixes[unit - 1] : 'B';

	if (tenths)
		return xasprintf("%llu.%u%c", value, tenths, suffix);
	return xasprintf("%llu%c", value, suffix);
}

char *size_human(__u64 bytes)
{
	unsigned int unit = unit_of(bytes), shift = 10 * unit;
	__u64 value = bytes >> shift;
	unsigned int tenths = 0;

	if (unit) {
		/* Rounded; ten bits of the rest are enough for that */
		tenths = ((bytes >> (shift - 10) & 1023) * 10 + 512) >> 10;
		if (tenths == 10) {
			value++;
			tenths = 0;
		}
	}
	return with_unit(value, tenths, unit);
}

char *size_exact(__u64 bytes)
{
	unsigned int unit = unit_of(bytes);

	while (bytes & ((1ULL << (10 * unit)) - 1))
		unit--;
	return with_unit(bytes >> (10 * unit), 0, unit);
}

/* Adds a run to a list such as "0-3,6" */
char *blocks_add(char *list, __u32 first, __u32 count)
{
	const char *comma = list && *list ? "," : "";
	const __u32 last = first + count - 1;
	char *longer;

	if (count == 1)
		longer = xasprintf("%s%s%u", list ? list : "", comma, first);
	else
		longer = xasprintf("%s%s%u-%u", list ? list : "", comma,
				   first, last);
	free(list);
	return longer;
}

void json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		const unsigned char c = *s;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < 0x20)
			fprintf(f, "\\u%04x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

int output_done(FILE *f, const char *name)
{
	static FILE *complained;

	/* ferror() without an errno: of an earlier write, which is lost */
	errno = 0;
	if (!fflush(f) && !ferror(f))
		return EXIT_DONE;
	if (f != complained)
		complain("%s: %s", name,
			 errno ? strerror(errno) : "write error");
	complained = f;
	return EXIT_FAILED;
}

/* --- signals -------------------------------------------------------------- */

static int interrupts;
static sigset_t unblocked;

static void count_interrupt(int sig)
{
	(void)sig;
	__atomic_store_n(&interrupts, 1, __ATOMIC_RELAXED);
}

/*
 * From now on the signals come in wait_readable() only: one that came just
 * before it would be missed otherwise.
 */
void interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = count_interrupt };
	struct sigaction old;
	static bool caught;
	sigset_t blocked;

	__atomic_store_n(&interrupts, 0, __ATOMIC_RELAXED);
	if (caught)
		return;
	caught = true;
	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		/* Of nohup and the like */
		sigaction(signals[i], NULL, &old);
		if (old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
		sigaddset(&blocked, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &unblocked);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigismember(&blocked, signals[i]))
			sigdelset(&unblocked, signals[i]);
}

bool interrupted(void)
{
	return __atomic_load_n(&interrupts, __ATOMIC_RELAXED);
}

bool wait_readable(int fd, int ms)
{
	struct timespec timeout = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return ppoll(&pollfd, fd < 0 ? 0 : 1, ms < 0 ? NULL : &timeout,
		     &unblocked) > 0;
}

bool is_terminal(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !(term && !strcmp(term, "dumb"));
}

__u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}
