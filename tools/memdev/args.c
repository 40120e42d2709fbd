// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments and usage errors.
 */
#include <errno.h>
#include <stdarg.h>

#include "args.h"

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

int size_argument(const struct call *call, const char *name, const char *text,
		  bool zero, __u64 *bytes)
{
	int rc = bytes_parse(text, bytes);

	if (rc == -ERANGE)
		return usage_error(call, "%s '%s' exceeds 64 bits", name, text);
	if (rc)
		return usage_error(call,
				   "invalid %s '%s': expected a number with an optional suffix K, M, G, T, P or E",
				   name, text);
	if (!*bytes && !zero)
		return usage_error(call, "invalid %s '%s': must not be 0", name,
				   text);
	return EXIT_DONE;
}

int window_argument(const struct call *call, const char *text, __u32 *index)
{
	if (number_parse(text, "window", index))
		return usage_error(call,
				   "invalid window '%s': expected a name such as window0, or a number",
				   text);
	return EXIT_DONE;
}
