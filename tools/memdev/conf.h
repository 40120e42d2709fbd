/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files with windows and devices, see memdev.conf(5).
 */
#ifndef MEMDEVCTL_CONF_H
#define MEMDEVCTL_CONF_H

#include "request.h"

#define CONF_FILE	"/etc/memdev.conf"
#define CONF_DIR	CONF_FILE ".d"

/* The bit of an attribute in the mask that HAS() tests */
#define BIT(attr)	(1U << MEMDEV_A_##attr)

/**
 * struct conf_window - a line that describes a window
 * @where: FILE:LINE
 * @name: its name in the files, or NULL
 * @carve: it is carved out of System RAM
 * @want: the values in the line, see HAS()
 * @have: the window that exists, or NULL
 * @index: number of the window, ~0U if it does not exist
 * @restored: the window exists, or a dry run would add it
 */
struct conf_window {
	char *where;
	char *name;
	bool carve;
	struct window want;
	const struct window *have;
	__u32 index;
	bool restored;
};

/**
 * struct conf_dev - a line that describes a device
 * @where: FILE:LINE
 * @name: name of its window in the files, or NULL
 * @window: that window, or NULL
 * @want: the values in the line, see HAS()
 * @have: the device that exists, or NULL
 */
struct conf_dev {
	char *where;
	char *name;
	struct conf_window *window;
	struct dev want;
	const struct dev *have;
};

struct conf {
	struct conf_window *windows;
	size_t nr_windows;
	struct conf_dev *devs;
	size_t nr_devs;
};

/*
 * The size and the keys of a line. A FIELD_WINDOW is the name of a window in
 * the files.
 */
extern const struct field window_keys[], dev_keys[];

/*
 * The values with these bits as "key=value key=value"; name replaces that of a
 * FIELD_WINDOW unless it is NULL. The caller frees the text.
 */
char *conf_text(const struct field *keys, const struct member *members,
		const void *base, __u32 bits, const char *name);
/* Whether the addresses of windows are known; prints an error if not. */
bool conf_sees_addresses(const struct windows *windows, const char *verb);

bool ranges_overlap(__u64 a, __u64 a_size, __u64 b, __u64 b_size);

/*
 * Read the files, or the default ones if argc is 0, and print all errors.
 * Returns an exit status.
 */
int conf_read(struct conf *conf, int argc, char **argv);
void conf_free(struct conf *conf);

#endif /* MEMDEVCTL_CONF_H */
