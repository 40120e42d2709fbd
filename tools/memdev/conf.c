// SPDX-License-Identifier: GPL-2.0
/*
 * Files with windows and devices, see memdev.conf(5).
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "names.h"

/* Longest line that is accepted */
#define LINE_MAX_LEN	2000

const struct field window_keys[] = {
	{ "size", FIELD_SIZE, MEMDEV_A_WINDOW_SIZE, 0, 1 },
	{ "name", FIELD_WINDOW, MEMDEV_A_WINDOW_INDEX, 0, 63 },
	{ "start", FIELD_ADDRESS, MEMDEV_A_WINDOW_START, 0, 0 },
	{ "node", FIELD_NUMBER, MEMDEV_A_WINDOW_NODE, 0, 0 },
	{ "limit", FIELD_SIZE, MEMDEV_A_WINDOW_LIMIT, 0, 0 },
	{ "slots", FIELD_NUMBER, MEMDEV_A_WINDOW_SLOTS, 0, 0 },
	{ .name = NULL }
};

const struct field dev_keys[] = {
	{ "size", FIELD_SIZE, MEMDEV_A_DEV_SIZE, 0, 1 },
	{ "id", FIELD_TEXT, MEMDEV_A_DEV_ID, 0, MEMDEV_ID_MAX_LEN },
	{ "window", FIELD_WINDOW, MEMDEV_A_DEV_WINDOW, 0, 63 },
	{ "kind", FIELD_TEXT, MEMDEV_A_DEV_KIND, 0, MEMDEV_KIND_MAX_LEN },
	{ "addr", FIELD_ADDRESS, MEMDEV_A_DEV_ADDRESS, 0, 0 },
	{ "align", FIELD_SIZE, MEMDEV_A_DEV_ALIGN, 0, 1 },
	{ "node", FIELD_NUMBER, MEMDEV_A_DEV_NODE, 0, 0 },
	{ "slot", FIELD_NUMBER, MEMDEV_A_DEV_SLOT, 0, 0 },
	{ "online_type", FIELD_ONLINE_TYPE, MEMDEV_A_DEV_ONLINE_TYPE, 0, 0 },
	{ "memmap_on_memory", FIELD_BOOL, MEMDEV_A_DEV_MEMMAP_ON_MEMORY, 0, 0 },
	{ "unplug_timeout_ms", FIELD_NUMBER, MEMDEV_A_DEV_UNPLUG_TIMEOUT_MS,
	  0, 0 },
	{ "plugged", FIELD_SIZE, MEMDEV_A_DEV_PLUGGED_SIZE, 0, 0 },
	{ "requested_size", FIELD_SIZE, MEMDEV_A_DEV_REQUESTED_SIZE, 0, 0 },
	{ .name = NULL }
};

bool ranges_overlap(__u64 a, __u64 a_size, __u64 b, __u64 b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

bool conf_sees_addresses(const struct windows *windows, const char *verb)
{
	for (size_t i = 0; i < windows->n; i++) {
		if (!HAS(&windows->v[i], WINDOW_START)) {
			warnx("%s: only root sees the addresses of windows",
			      verb);
			return false;
		}
	}
	return true;
}

/* --- values as text ------------------------------------------------------- */

static char *value_text(const struct field *key, const struct member *member,
			const void *base)
{
	const void *value = (const char *)base + member->offset;

	switch (key->type) {
	case FIELD_SIZE:
		return size_input(*(const __u64 *)value);
	case FIELD_ADDRESS:
		return xasprintf("0x%llx", *(const __u64 *)value);
	case FIELD_TEXT:
		return xstrdup(value);
	case FIELD_BOOL:
		return xasprintf("%u", *(const __u8 *)value);
	case FIELD_ONLINE_TYPE:
		return xstrdup(online_type_name(*(const __u32 *)value));
	case FIELD_WINDOW:
		return xasprintf("window%u", *(const __u32 *)value);
	case FIELD_NUMBER:
		break;
	}
	return xasprintf("%u", *(const __u32 *)value);
}

char *conf_text(const struct field *keys, const struct member *members,
		const void *base, __u32 bits, const char *name)
{
	char *text = NULL, *value, *longer;

	for (; keys->name; keys++) {
		const struct member *member = members;

		if (!(bits & 1U << keys->attribute))
			continue;
		while (member->attribute != keys->attribute)
			member++;
		if (keys->type == FIELD_WINDOW && name)
			value = xstrdup(name);
		else
			value = value_text(keys, member, base);
		longer = xasprintf("%s%s%s=%s", text ? text : "",
				   text ? " " : "", keys->name, value);
		free(value);
		free(text);
		text = longer;
	}
	return text ? text : xstrdup("");
}

/* --- a line --------------------------------------------------------------- */

/* The next word, or NULL at the end of the line or at a comment */
static char *next_word(char **line)
{
	char *word;

	do {
		word = strsep(line, " \t");
	} while (word && !*word);
	if (!word || *word == '#')
		return NULL;
	return word;
}

static int name_check(const struct call *call, const struct field *key,
		      const char *text)
{
	const size_t len = strlen(text);

	for (const char *c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return value_error(call,
					   "invalid %s '%s': expected letters, digits and ._-",
					   key->name, text);
	if (!len || len > key->limit)
		return value_error(call, "invalid %s '%s': expected 1 to %u characters",
				   key->name, text, key->limit);
	return EXIT_DONE;
}

/* A key and its value, in one word; seen has the attributes before it. */
static int parse_key(const struct call *call, const struct field *key,
		     const char *expected, const char *word, char **name,
		     struct nlmsghdr *request, __u32 *seen)
{
	const size_t len = strcspn(word, "=");
	const char *value = word + len + 1;
	int rc = EXIT_DONE;

	if (!word[len])
		return value_error(call, "invalid word '%s': expected %s", word,
				   expected);
	while (key->name && !name_matches(word, len, key->name))
		key++;
	if (!key->name)
		return value_error(call, "unknown key '%.*s': expected %s",
				   (int)len, word, expected);
	if (*seen & 1U << key->attribute)
		return value_error(call, "%s is given twice", key->name);
	*seen |= 1U << key->attribute;
	if (key->type == FIELD_TEXT || key->type == FIELD_WINDOW)
		rc = name_check(call, key, value);
	if (rc)
		return rc;
	if (key->type != FIELD_WINDOW)
		return field_put(call, key, value, request);
	*name = xstrdup(value);
	return EXIT_DONE;
}

/* Parse the words of a line into a message; carve is NULL if not allowed. */
static int parse_words(const struct call *call, char *line,
		       const struct field *keys, const char *expected,
		       char **name, bool *carve, struct nlmsghdr *request)
{
	const char *word = next_word(&line);
	__u32 seen = 0;
	int rc;

	if (!word)
		return value_error(call, "missing size: expected SIZE, then any of %s",
				   expected);
	rc = field_put(call, &keys[0], word, request);
	while (!rc && (word = next_word(&line))) {
		if (!carve || strcmp(word, "carve"))
			rc = parse_key(call, &keys[1], expected, word, name,
				       request, &seen);
		else if (*carve)
			rc = value_error(call, "carve is given twice");
		else
			*carve = true;
	}
	return rc;
}

static int window_check(const struct call *call,
			const struct conf_window *window)
{
	const struct window *want = &window->want;
	const bool start = HAS(want, WINDOW_START);

	if (start && window->carve)
		return value_error(call, "a window cannot have both start=ADDR and carve");
	if (!start && !window->carve)
		return value_error(call, "a window needs start=ADDR or carve");
	if (start && want->start + want->size - 1 < want->start)
		return value_error(call, "the window ends beyond 64 bits");
	return EXIT_DONE;
}

static int dev_check(const struct call *call, const struct conf_dev *dev)
{
	const struct dev *want = &dev->want;

	if (!HAS(want, DEV_ID) && !HAS(want, DEV_ADDRESS))
		return value_error(call,
				   "a device needs id=NAME or addr=ADDR, by which restore finds it");
	if (HAS(want, DEV_ADDRESS) &&
	    want->address + want->size - 1 < want->address)
		return value_error(call, "the region ends beyond 64 bits");
	if (HAS(want, DEV_PLUGGED_SIZE) && HAS(want, DEV_REQUESTED_SIZE))
		return value_error(call,
				   "a device cannot have both plugged=SIZE and requested_size=SIZE");
	if (want->plugged_size > want->size || want->requested_size > want->size)
		return value_error(call, "%s is more than the size of the device",
				   HAS(want, DEV_PLUGGED_SIZE) ? "plugged" :
				   "requested_size");
	return EXIT_DONE;
}

static int parse_window(struct conf *conf, const struct call *call, char *line)
{
	struct nlmsghdr *request = nl_request(MEMDEV_CMD_WINDOW_NEW, 0);
	struct conf_window *window;
	int rc;

	conf->windows = xrealloc(conf->windows, (conf->nr_windows + 1) *
						sizeof(*window));
	window = &conf->windows[conf->nr_windows++];
	*window = (struct conf_window){
		.where = xstrdup(call->where), .index = ~0U,
	};
	rc = parse_words(call, line, window_keys,
			 "start=ADDR, carve, name=NAME, node=NODE, limit=SIZE or slots=N",
			 &window->name, &window->carve, request);
	nl_window_parse(request, &window->want);
	free(request);
	return rc ? rc : window_check(call, window);
}

static int parse_dev(struct conf *conf, const struct call *call, char *line)
{
	struct nlmsghdr *request = nl_request(MEMDEV_CMD_DEV_NEW, 0);
	struct conf_dev *dev;
	int rc;

	conf->devs = xrealloc(conf->devs, (conf->nr_devs + 1) * sizeof(*dev));
	dev = &conf->devs[conf->nr_devs++];
	*dev = (struct conf_dev){ .where = xstrdup(call->where) };
	rc = parse_words(call, line, dev_keys,
			 "id=NAME, window=NAME, kind=KIND, addr=ADDR, align=SIZE, node=NODE, slot=SLOT, online_type=TYPE, memmap_on_memory=0|1, unplug_timeout_ms=MS, plugged=SIZE or requested_size=SIZE",
			 &dev->name, NULL, request);
	nl_dev_parse(request, &dev->want);
	free(request);
	return rc ? rc : dev_check(call, dev);
}

static int parse_line(struct conf *conf, const struct call *call, char *line,
		      size_t len)
{
	const char *word;

	if (len > LINE_MAX_LEN)
		return value_error(call, "the line has more than %u characters",
				   LINE_MAX_LEN);
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
			return value_error(call, "invalid character 0x%02x",
					   (unsigned char)line[i]);
	word = next_word(&line);
	if (!word)
		return EXIT_DONE;
	if (!strcmp(word, "window"))
		return parse_window(conf, call, line);
	if (!strcmp(word, "device"))
		return parse_dev(conf, call, line);
	return value_error(call, "invalid word '%s': expected window or device",
			   word);
}

/* --- files ---------------------------------------------------------------- */

static int read_file(struct conf *conf, const char *file)
{
	const bool input = !strcmp(file, "-");
	const char *name = input ? "standard input" : file;
	FILE *f = input ? stdin : fopen(file, "re");
	int rc = EXIT_DONE;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!f) {
		warn("%s", name);
		return EXIT_FAILED;
	}
	for (unsigned int nr = 1; (len = getline(&line, &size, f)) > 0; nr++) {
		struct call call = { .where = xasprintf("%s:%u", name, nr) };

		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (parse_line(conf, &call, line, len))
			rc = EXIT_USAGE;
		free((char *)call.where);
	}
	if (ferror(f)) {
		warn("%s", name);
		rc = EXIT_FAILED;
	}
	free(line);
	if (!input)
		fclose(f);
	return rc;
}

/* Not by the locale, so that the order is the same everywhere */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Without hidden files and those that an editor or a package leaves */
static int is_conf(const struct dirent *entry)
{
	const char *suffix = strrchr(entry->d_name, '.');

	return suffix && entry->d_name[0] != '.' && !strcmp(suffix, ".conf");
}

static int read_defaults(struct conf *conf)
{
	int rc = EXIT_DONE, one, n, files = 0;
	struct dirent **entries = NULL;

	if (!access(CONF_FILE, F_OK)) {
		rc = read_file(conf, CONF_FILE);
		files++;
	}
	n = scandir(CONF_DIR, &entries, is_conf, by_name);
	if (n < 0 && errno != ENOENT) {
		warn("%s", CONF_DIR);
		rc = EXIT_FAILED;
	}
	for (int i = 0; i < n; i++) {
		char *file = xasprintf("%s/%s", CONF_DIR, entries[i]->d_name);

		one = read_file(conf, file);
		rc = one > rc ? one : rc;
		files++;
		free(file);
		free(entries[i]);
	}
	free(entries);
	if (files || rc)
		return rc;
	warnx("nothing to restore: neither %s nor %s/*.conf exists, see 'memdevctl help save'",
	      CONF_FILE, CONF_DIR);
	return EXIT_FAILED;
}

/* --- lines that contradict each other ------------------------------------- */

static int windows_check(const struct conf *conf)
{
	int rc = EXIT_DONE;

	for (size_t i = 0; i < conf->nr_windows; i++) {
		const struct conf_window *a = &conf->windows[i];
		struct call call = { .where = a->where };

		for (size_t j = 0; j < i; j++) {
			const struct conf_window *b = &conf->windows[j];

			if (a->name && b->name && !strcmp(a->name, b->name))
				rc = value_error(&call, "name '%s' is already used in %s",
						 a->name, b->where);
			if (!a->carve && !b->carve &&
			    ranges_overlap(a->want.start, a->want.size,
					   b->want.start, b->want.size))
				rc = value_error(&call, "the window overlaps that in %s",
						 b->where);
		}
	}
	return rc;
}

static int dev_window_check(struct conf *conf, struct conf_dev *dev)
{
	const struct dev *want = &dev->want;
	struct call call = { .where = dev->where };
	const struct conf_window *window;

	for (size_t i = 0; i < conf->nr_windows; i++)
		if (conf->windows[i].name &&
		    !strcmp(conf->windows[i].name, dev->name))
			dev->window = &conf->windows[i];
	window = dev->window;
	if (!window)
		return value_error(&call, "no line has a window with name=%s",
				   dev->name);
	if (window->carve && !HAS(want, DEV_ID))
		return value_error(&call, "a device in a carved window needs id=NAME");
	if (window->carve && HAS(want, DEV_ADDRESS))
		return value_error(&call, "a device in a carved window cannot have addr=ADDR");
	if (HAS(want, DEV_ADDRESS) &&
	    (want->address < window->want.start ||
	     want->size > window->want.size ||
	     want->address - window->want.start >
	     window->want.size - want->size))
		return value_error(&call, "the region is not inside window '%s'",
				   dev->name);
	return EXIT_DONE;
}

static int devs_check(struct conf *conf)
{
	int rc = EXIT_DONE;

	for (size_t i = 0; i < conf->nr_devs; i++) {
		struct conf_dev *a = &conf->devs[i];
		struct call call = { .where = a->where };

		if (a->name && dev_window_check(conf, a))
			rc = EXIT_USAGE;
		for (size_t j = 0; j < i; j++) {
			const struct conf_dev *b = &conf->devs[j];

			if (HAS(&a->want, DEV_ID) &&
			    !strcmp(a->want.id, b->want.id))
				rc = value_error(&call, "id '%s' is already used in %s",
						 a->want.id, b->where);
			if (HAS(&a->want, DEV_ADDRESS) &&
			    HAS(&b->want, DEV_ADDRESS) &&
			    ranges_overlap(a->want.address, a->want.size,
					   b->want.address, b->want.size))
				rc = value_error(&call, "the region overlaps that in %s",
						 b->where);
		}
	}
	return rc;
}

int conf_read(struct conf *conf, int argc, char **argv)
{
	int rc = argc ? EXIT_DONE : read_defaults(conf), one;

	for (int i = 0; i < argc; i++) {
		one = read_file(conf, argv[i]);
		rc = one > rc ? one : rc;
	}
	if (rc)
		return rc;
	rc = windows_check(conf);
	one = devs_check(conf);
	return rc ? rc : one;
}

void conf_free(struct conf *conf)
{
	for (size_t i = 0; i < conf->nr_windows; i++) {
		free(conf->windows[i].where);
		free(conf->windows[i].name);
	}
	for (size_t i = 0; i < conf->nr_devs; i++) {
		free(conf->devs[i].where);
		free(conf->devs[i].name);
	}
	free(conf->windows);
	free(conf->devs);
}
