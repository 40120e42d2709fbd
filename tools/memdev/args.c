// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments and usage errors.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "args.h"

static void error_print(const struct call *call, const char *format,
			va_list args)
{
	fputs("memdevctl: ", stderr);
	if (call && call->where)
		fprintf(stderr, "%s: ", call->where);
	else if (call && call->cmd)
		fprintf(stderr, "%s: ", call->cmd->name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

static int tip_print(const struct call *call)
{
	const bool cmd = call && call->cmd;

	fprintf(stderr, "Try 'memdevctl help%s%s'.\n", cmd ? " " : "",
		cmd ? call->cmd->name : "");
	return EXIT_USAGE;
}

int usage_error(const struct call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_print(call, format, args);
	va_end(args);
	return tip_print(call);
}

int value_error(const struct call *call, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_print(call, format, args);
	va_end(args);
	return EXIT_USAGE;
}

/* --- did you mean --------------------------------------------------------- */

#define WORD_MAX	32

static bool same(unsigned char a, unsigned char b)
{
	return tolower(a) == tolower(b);
}

/* The number of characters to insert, delete, replace or swap to get b from a */
static unsigned int edits(const char *a, size_t a_len, const char *b,
			  size_t b_len)
{
	unsigned int d[WORD_MAX + 1][WORD_MAX + 1], best;

	for (size_t i = 0; i <= a_len; i++) {
		for (size_t j = 0; j <= b_len; j++) {
			if (!i || !j) {
				d[i][j] = i + j;
				continue;
			}
			best = d[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);
			if (best > d[i - 1][j] + 1)
				best = d[i - 1][j] + 1;
			if (best > d[i][j - 1] + 1)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
			    same(a[i - 2], b[j - 1]) &&
			    best > d[i - 2][j - 2] + 1)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[a_len][b_len];
}

void guess_word(struct guess *guess, const char *word, size_t len)
{
	unsigned int distance;

	if (guess->len > WORD_MAX || len > WORD_MAX)
		return;
	/* An abbreviation counts as one mistake. */
	if (guess->len > 1 && guess->len < len &&
	    !strncasecmp(word, guess->text, guess->len))
		distance = 1;
	else
		distance = edits(guess->text, guess->len, word, len);
	if (3 * distance > guess->len + 1 ||
	    (guess->best && distance >= guess->distance))
		return;
	guess->best = word;
	guess->best_len = len;
	guess->distance = distance;
}

int unknown_error(const struct call *call, const char *what,
		  const struct guess *guess)
{
	const char *prefix = guess->prefix ?: "";
	const int len = guess->len;

	if (guess->best)
		return value_error(call, "unknown %s '%s%.*s', did you mean '%s%.*s'?",
				   what, prefix, len, guess->text, prefix,
				   (int)guess->best_len, guess->best);
	return usage_error(call, "unknown %s '%s%.*s'", what, prefix, len,
			   guess->text);
}

/* --- arguments ------------------------------------------------------------ */

const char *empty_text(const struct call *call)
{
	if (call->argc || call->set & (OPTS_SELECT | OPT(INPUT)) ||
	    !isatty(STDOUT_FILENO))
		return NULL;
	return call->cmd->empty;
}

int size_argument(const struct call *call, const char *name, const char *words,
		  const char *text, bool zero, __u64 *bytes)
{
	int rc = bytes_parse(text, bytes);

	if (rc == -ERANGE)
		return value_error(call, "%s '%s' exceeds 64 bits", name, text);
	if (rc == -EDOM)
		return value_error(call,
				   "invalid %s '%s': not a whole number of bytes, perhaps rounded (--bytes prints exact sizes)",
				   name, text);
	if (rc)
		return value_error(call,
				   "invalid %s '%s': expected %s%sa number with an optional suffix K, M, G, T, P or E, for example 512M, 512MiB or 1.5G",
				   name, text, words ? words : "",
				   words ? ", or " : "");
	if (!*bytes && !zero)
		return value_error(call, "invalid %s '%s': must not be 0", name,
				   text);
	return EXIT_DONE;
}

int window_argument(const struct call *call, const char *text, __u32 *index)
{
	if (number_parse(text, "window", index))
		return value_error(call,
				   "invalid window '%s': expected a name such as window0, or a number",
				   text);
	return EXIT_DONE;
}
