// SPDX-License-Identifier: GPL-2.0
/*
 * Memory, numbers, sizes and output.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util.h"

static const char suffixes[] = "KMGTPE";

bool verbose;

void verbose_print(const char *format, ...)
{
	va_list args;

	if (!verbose)
		return;
	fputs("memdevctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p) {
		warnx("out of memory");
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

/*
 * Parse the digits after the decimal point: the value is *part / *scale.
 * Returns where they end, or NULL if there are none or too many.
 */
static char *fraction_parse(char *text, __u64 *part, __u64 *scale)
{
	const size_t len = strspn(text, "0123456789");

	if (!len || len > 18)
		return NULL;
	*part = strtoull(text, NULL, 10);
	for (size_t i = 0; i < len; i++)
		*scale *= 10;
	return text + len;
}

/*
 * A number as the driver parses it: decimal, octal or hexadecimal with an
 * optional suffix. In addition, accept what size_human() prints, and the
 * suffixes of IEC 80000-13.
 */
int bytes_parse(const char *text, __u64 *bytes)
{
	__u64 whole, part = 0, scale = 1;
	unsigned int shift = 0;
	__uint128_t value;
	const char *suffix;
	bool overflow;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	whole = strtoull(text, &end, 0);
	overflow = errno;
	/* Only a decimal number can have a fraction. */
	if (*end == '.' && (text[0] != '0' || end == text + 1))
		end = fraction_parse(end + 1, &part, &scale);
	if (!end)
		return -EINVAL;

	suffix = *end ? strchr(suffixes, toupper((unsigned char)*end)) : NULL;
	if (suffix) {
		shift = 10 * (suffix - suffixes + 1);
		end++;
		if (!strcasecmp(end, "iB"))
			end += 2;
	} else if (!strcmp(end, "B")) {
		end++;
	}
	if (*end)
		return -EINVAL;

	value = (__uint128_t)part << shift;
	if (value % scale)
		return -EDOM;
	value = value / scale + ((__uint128_t)whole << shift);
	if (overflow || value >> 64)
		return -ERANGE;
	*bytes = value;
	return 0;
}

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
		/* Ten bits of the remainder suffice to round. */
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

/* size_exact() has a suffix for bytes, which the kernel does not accept. */
char *size_input(__u64 bytes)
{
	return bytes && !(bytes & 1023) ? size_exact(bytes) :
					  xasprintf("%llu", bytes);
}

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

static bool reader_gone(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents & POLLERR;
}

int output_flush(FILE *f, const char *name)
{
	static FILE *reported;

	/* If only ferror() reports an error, the errno of the write is lost. */
	errno = 0;
	if (!fflush(f) && !ferror(f))
		return EXIT_DONE;
	/* Whoever closes a pipe does not want the rest of the output. */
	if (f != reported && !reader_gone(fileno(f)))
		warnx("%s: %s", name,
		      errno ? strerror(errno) : "write error");
	reported = f;
	return EXIT_FAILED;
}

bool is_terminal(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !(term && !strcmp(term, "dumb"));
}
