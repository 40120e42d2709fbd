// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of parsing user input, of the reasons why input is refused, and
 * of memdev_chunk_len().
 */
#include <kunit/test.h>
#include <linux/align.h>
#include <linux/limits.h>
#include <linux/memory.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "internal.h"
#include "window.h"

static const struct {
	const char *text;
	int rc;
	u64 bytes;
} parse_test_sizes[] = {
	{ "0", 0, 0 },
	{ "1", 0, 1 },
	{ "1\n", 0, 1 },
	{ "010", 0, 8 },
	{ "0x10", 0, 16 },
	{ "1k", 0, SZ_1K },
	{ "512M", 0, SZ_512M },
	{ "512m", 0, SZ_512M },
	{ "0x2G", 0, SZ_2G },
	{ "3T\n", 0, 3ULL << 40 },
	{ "1P", 0, 1ULL << 50 },
	{ "15E", 0, 15ULL << 60 },
	/* 'e' is a digit in a hexadecimal number, and a suffix otherwise */
	{ "1e", 0, 1ULL << 60 },
	{ "0x1e", 0, 30 },
	{ "0X1E", 0, 30 },
	{ "18446744073709551615", 0, U64_MAX },
	{ "0000000000000000000000000000001", 0, 1 },
	{ "18446744073709551616", -ERANGE },
	{ "16E", -ERANGE },
	{ "16777216T", -ERANGE },
	{ "00000000000000000000000000000001", -EINVAL },
	{ "", -EINVAL },
	{ "\n", -EINVAL },
	{ "M", -EINVAL },
	{ "x", -EINVAL },
	{ "-1", -EINVAL },
	{ "+1", -EINVAL },
	{ " 1", -EINVAL },
	{ "1 ", -EINVAL },
	{ "1x", -EINVAL },
	{ "1MM", -EINVAL },
	{ "1MB", -EINVAL },
	{ "1.5G", -EINVAL },
	{ "0x", -EINVAL },
	{ "08", -EINVAL },
};

static void parse_test_bytes(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parse_test_sizes); i++) {
		const char *text = parse_test_sizes[i].text;
		u64 bytes = 0;

		KUNIT_EXPECT_EQ_MSG(test, parse_test_sizes[i].rc,
				    memdev_bytes_parse(text, strlen(text), &bytes),
				    "'%s'", text);
		if (!parse_test_sizes[i].rc)
			KUNIT_EXPECT_EQ_MSG(test, parse_test_sizes[i].bytes,
					    bytes, "'%s'", text);
	}
}

static void parse_test_bytes_with_nul(struct kunit *test)
{
	u64 bytes;

	KUNIT_EXPECT_EQ(test, -EINVAL, memdev_bytes_parse("1\0", 2, &bytes));
	KUNIT_EXPECT_EQ(test, -EINVAL, memdev_bytes_parse("1\0M", 3, &bytes));
	KUNIT_EXPECT_EQ(test, 0, memdev_bytes_parse("1M", 1, &bytes));
	KUNIT_EXPECT_EQ(test, 1, bytes);
}

static void parse_test_size_refuses_zero(struct kunit *test)
{
	u64 size;

	KUNIT_EXPECT_EQ(test, -EINVAL, memdev_size_parse("0", 1, &size));
	KUNIT_EXPECT_EQ(test, -EINVAL, memdev_size_parse("0M", 2, &size));
	KUNIT_EXPECT_EQ(test, -ERANGE, memdev_size_parse("16E", 3, &size));
	KUNIT_EXPECT_EQ(test, 0, memdev_size_parse("1M", 2, &size));
	KUNIT_EXPECT_EQ(test, SZ_1M, size);
}

static const struct {
	const char *text;
	int rc;
	int nr;
} parse_test_numbers[] = {
	{ "0", 0, 0 },
	{ "window0", 0, 0 },
	{ "window12\n", 0, 12 },
	{ "010", 0, 10 },
	{ "2147483647", 0, INT_MAX },
	{ "2147483648", -EINVAL },
	{ "window4294967296", -EINVAL },
	{ "", -EINVAL },
	{ "window", -EINVAL },
	{ "window-1", -EINVAL },
	{ "window+1", -EINVAL },
	{ "window 1", -EINVAL },
	{ "window1 ", -EINVAL },
	{ "window0x1", -EINVAL },
	{ "windowwindow1", -EINVAL },
	{ "wind1", -EINVAL },
};

static void parse_test_number(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parse_test_numbers); i++) {
		const char *text = parse_test_numbers[i].text;
		int nr = -1;

		KUNIT_EXPECT_EQ_MSG(test, parse_test_numbers[i].rc,
				    memdev_number_parse(text, "window", &nr),
				    "'%s'", text);
		if (!parse_test_numbers[i].rc)
			KUNIT_EXPECT_EQ_MSG(test, parse_test_numbers[i].nr, nr,
					    "'%s'", text);
	}
}

static const struct {
	const char *text;
	struct memdev_window_spec spec;
} parse_test_windows[] = {
	{ "512M", { .size = SZ_512M, .node = NUMA_NO_NODE, .carve = true } },
	{ "512M:1", { .size = SZ_512M, .node = 1, .carve = true } },
	{ "0x100@0x1000", { .size = SZ_256, .start = SZ_4K, .node = NUMA_NO_NODE } },
	{ "2G@4G:0", { .size = SZ_2G, .start = SZ_4G, .node = 0 } },
	{ "2G@0", { .size = SZ_2G, .start = 0, .node = NUMA_NO_NODE } },
};

static const char *const parse_test_bad_windows[] = {
	"", "@", ":", "x", "0", "0@4G", "@4G", "512M@", "512M@x", "512M:",
	"512M:x", "512M:-1", "512M@4G:", "512M@4G:x", "512M:1@4G", "512M@4G@4G",
	"512M 4G", "512M@4G:1:1", "16E", "512M@16E",
};

static void parse_test_window(struct kunit *test)
{
	struct memdev_window_spec spec;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parse_test_windows); i++) {
		const struct memdev_window_spec *want = &parse_test_windows[i].spec;
		const char *text = parse_test_windows[i].text;
		struct memdev_reason why = {};

		KUNIT_EXPECT_EQ_MSG(test, 0,
				    memdev_window_spec_parse(text, &spec, &why),
				    "'%s'", text);
		KUNIT_EXPECT_EQ_MSG(test, want->size, spec.size, "'%s'", text);
		KUNIT_EXPECT_EQ_MSG(test, want->start, spec.start, "'%s'", text);
		KUNIT_EXPECT_EQ_MSG(test, want->node, spec.node, "'%s'", text);
		KUNIT_EXPECT_EQ_MSG(test, want->carve, spec.carve, "'%s'", text);
		KUNIT_EXPECT_STREQ(test, "", why.text);
	}
	for (i = 0; i < ARRAY_SIZE(parse_test_bad_windows); i++) {
		const char *text = parse_test_bad_windows[i];
		struct memdev_reason why = {};

		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    memdev_window_spec_parse(text, &spec, &why),
				    "'%s'", text);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(why.text, text), "'%s'",
					  text);
	}
}

static void parse_test_online_type(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, MEMDEV_ONLINE_TYPE_OFFLINE,
			memdev_online_type_parse("offline"));
	KUNIT_EXPECT_EQ(test, MEMDEV_ONLINE_TYPE_ONLINE_MOVABLE,
			memdev_online_type_parse("online_movable\n"));
	KUNIT_EXPECT_EQ(test, MEMDEV_ONLINE_TYPE_SYSTEM,
			memdev_online_type_parse("system"));
	KUNIT_EXPECT_GT(test, 0, memdev_online_type_parse(""));
	KUNIT_EXPECT_GT(test, 0, memdev_online_type_parse("movable"));
	KUNIT_EXPECT_GT(test, 0, memdev_online_type_parse("online_"));
	KUNIT_EXPECT_GT(test, 0, memdev_online_type_parse("Offline"));
}

/*
 * The reason quotes the first 32 bytes of any input, escaped as printable
 * ASCII. Even if all of them are escaped, the text fits.
 */
static void parse_test_refusal(struct kunit *test)
{
	struct memdev_reason why = {};
	char bytes[100];

	KUNIT_EXPECT_EQ(test, -EINVAL,
			memdev_refuse_text(&why, -EINVAL, "1x", 2));
	KUNIT_EXPECT_STREQ(test, "invalid value '1x'", why.text);
	KUNIT_EXPECT_EQ(test, -ERANGE,
			memdev_refuse_text(&why, -ERANGE, "16E", 3));
	KUNIT_EXPECT_STREQ(test, "value '16E' is too large", why.text);
	memdev_refuse_text(&why, -EINVAL, "\n\0\x80'", 4);
	KUNIT_EXPECT_STREQ(test, "invalid value '\\n\\0\\200''", why.text);
	memset(bytes, 0xff, sizeof(bytes));
	memdev_refuse_text(&why, -EINVAL, bytes, sizeof(bytes));
	KUNIT_EXPECT_EQ(test, strlen("invalid value ''") + 32 * 4,
			strlen(why.text));
	/* The reason is optional */
	KUNIT_EXPECT_EQ(test, -EINVAL, memdev_refuse_text(NULL, -EINVAL, "x", 1));
}

/* No chunk of several blocks covers an aligned GiB */
static void parse_test_chunks(struct kunit *test)
{
	u64 block = memory_block_size_bytes();
	u64 most = max_t(u64, 3 * (u64)SZ_1G, 2 * block);
	u64 start, end, addr, len;

	for (start = SZ_4G; start < SZ_4G + most; start += block) {
		for (end = start + block; end <= SZ_4G + most; end += block) {
			for (addr = start; addr < end; addr += len) {
				len = memdev_chunk_len(addr, end);
				KUNIT_ASSERT_GT(test, len, 0);
				KUNIT_ASSERT_TRUE(test, IS_ALIGNED(len, block));
				KUNIT_ASSERT_LE(test, addr + len, end);
				if (len == block)
					continue;
				KUNIT_ASSERT_LT(test, addr + len,
						ALIGN(addr, SZ_1G) + SZ_1G);
			}
		}
	}
}

static struct kunit_case parse_test_cases[] = {
	KUNIT_CASE(parse_test_bytes),
	KUNIT_CASE(parse_test_bytes_with_nul),
	KUNIT_CASE(parse_test_size_refuses_zero),
	KUNIT_CASE(parse_test_number),
	KUNIT_CASE(parse_test_window),
	KUNIT_CASE(parse_test_online_type),
	KUNIT_CASE(parse_test_refusal),
	KUNIT_CASE(parse_test_chunks),
	{}
};

static struct kunit_suite parse_test_suite = {
	.name = "memdev_parse",
	.test_cases = parse_test_cases,
};

kunit_test_suite(parse_test_suite);
