// SPDX-License-Identifier: GPL-2.0
/*
 * Parse sizes and numbers in user input.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "internal.h"

/**
 * memdev_refuse_text() - record that user input is invalid
 * @why: where to put the reason, or NULL
 * @rc: negative errno; -ERANGE if the value is too large
 * @buf: the input
 * @count: length of the input in bytes
 *
 * Return: @rc.
 */
int memdev_refuse_text(struct memdev_reason *why, int rc, const char *buf,
		       size_t count)
{
	char text[4 * 32 + 1];
	int len;

	/* Quote the first 32 bytes, escaped as printable ASCII */
	len = string_escape_mem(buf, min_t(size_t, count, 32), text,
				sizeof(text) - 1, ESCAPE_NAP | ESCAPE_ANY,
				NULL);
	return memdev_refuse(why, rc, rc == -ERANGE ?
			     "value '%.*s' is too large" :
			     "invalid value '%.*s'", len, text);
}

/**
 * memdev_bytes_parse() - parse a size or an address
 * @buf: the input: a decimal, octal or hexadecimal number, an optional suffix
 *	 K, M, G, T, P or E, and an optional newline
 * @count: length of the input in bytes
 * @size: where to put the value in bytes
 *
 * Unlike memparse(), refuses signs, trailing characters and overflows.
 *
 * Return: 0; -EINVAL for invalid input; -ERANGE if the value exceeds 64 bits.
 */
int memdev_bytes_parse(const char *buf, size_t count, u64 *size)
{
	static const char suffixes[] = "kmgtpe";
	char text[32];
	const char *suffix;
	unsigned int shift = 0;
	u64 val;
	int rc;

	if (count && buf[count - 1] == '\n')
		count--;
	if (!count || count >= sizeof(text))
		return -EINVAL;
	memcpy(text, buf, count);
	text[count] = '\0';
	if (strlen(text) != count || text[0] < '0' || text[0] > '9')
		return -EINVAL;

	/* In a hexadecimal number, a trailing 'e' is a digit */
	suffix = strchr(suffixes, tolower(text[count - 1]));
	if (suffix && !(*suffix == 'e' && text[0] == '0' &&
			tolower(text[1]) == 'x')) {
		shift = 10 * (suffix - suffixes + 1);
		text[count - 1] = '\0';
	}

	rc = kstrtou64(text, 0, &val);
	if (rc)
		return rc;
	if (check_shl_overflow(val, shift, size))
		return -ERANGE;
	return 0;
}

/**
 * memdev_size_parse() - parse a size that must not be 0
 * @buf: see memdev_bytes_parse()
 * @count: see memdev_bytes_parse()
 * @size: see memdev_bytes_parse()
 *
 * Return: as for memdev_bytes_parse(); -EINVAL for 0.
 */
int memdev_size_parse(const char *buf, size_t count, u64 *size)
{
	return memdev_bytes_parse(buf, count, size) ?: (*size ? 0 : -EINVAL);
}

/**
 * memdev_number_parse() - parse a decimal number with an optional prefix
 * @str: the input, with an optional newline
 * @prefix: the prefix, for example "window"
 * @nr: where to put the number
 *
 * Return: 0, or -EINVAL for invalid input or a number that exceeds INT_MAX.
 */
int memdev_number_parse(const char *str, const char *prefix, int *nr)
{
	size_t len = strlen(prefix);
	unsigned int val;

	if (!strncmp(str, prefix, len))
		str += len;
	/* kstrtouint() would accept a plus sign */
	if (*str < '0' || *str > '9' || kstrtouint(str, 10, &val) ||
	    val > INT_MAX)
		return -EINVAL;
	*nr = val;
	return 0;
}
