// SPDX-License-Identifier: GPL-2.0
/*
 * Reading what users write.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "internal.h"

/**
 * memdev_refuse_text() - note that something written cannot be read
 * @why: where to put it
 * @rc: negative errno; -ERANGE for what is too large
 * @buf: what was written
 * @count: its length
 *
 * Return: @rc.
 */
int memdev_refuse_text(struct memdev_reason *why, int rc, const char *buf,
		       size_t count)
{
	char text[4 * 32 + 1];
	int len;

	/* It may be anything: show some of it, in printable ASCII */
	len = string_escape_mem(buf, min_t(size_t, count, 32), text,
				sizeof(text) - 1, ESCAPE_NAP | ESCAPE_ANY,
				NULL);
	return memdev_refuse(why, rc, "'%.*s' is %s", len, text,
			     rc == -ERANGE ? "too large" : "not understood");
}

/**
 * memdev_bytes_parse() - a size, or an address, that a user wrote
 * @buf: the text: a number, decimal, octal or hexadecimal, and perhaps one of
 *	 the suffixes K, M, G, T, P and E, and perhaps a newline
 * @count: its length
 * @size: where to put it, in bytes
 *
 * Unlike memparse() this takes no sign and no junk, and an overflow does not
 * pass for a small number.
 *
 * Return: 0, -EINVAL, or -ERANGE if it needs more than 64 bits.
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

	/* A last 'e' is a digit of a hexadecimal number */
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
 * memdev_size_parse() - a size that must not be zero
 * @buf: as memdev_bytes_parse()
 * @count: as memdev_bytes_parse()
 * @size: as memdev_bytes_parse()
 *
 * Return: as memdev_bytes_parse().
 */
int memdev_size_parse(const char *buf, size_t count, u64 *size)
{
	int rc = memdev_bytes_parse(buf, count, size);

	if (rc)
		return rc;
	return *size ? 0 : -EINVAL;
}

/**
 * memdev_number_parse() - N, or a prefix and N
 * @str: the text, perhaps with a newline behind it
 * @prefix: the prefix, for example "window"
 * @nr: where to put N
 *
 * Return: 0 or -EINVAL.
 */
int memdev_number_parse(const char *str, const char *prefix, int *nr)
{
	size_t len = strlen(prefix);
	unsigned int val;

	if (!strncmp(str, prefix, len))
		str += len;
	/* kstrtouint() would take a plus */
	if (*str < '0' || *str > '9' || kstrtouint(str, 10, &val) ||
	    val > INT_MAX)
		return -EINVAL;
	*nr = val;
	return 0;
}
