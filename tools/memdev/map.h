/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows as rows of blocks.
 */
#ifndef MEMDEVCTL_MAP_H
#define MEMDEVCTL_MAP_H

#include "nl.h"

/* What a block is: an enum memdev_block_state, or nobody's */
#define MAP_FREE	NR_BLOCK_STATES
#define NR_LOOKS	(NR_BLOCK_STATES + 1)

struct look {
	char letter;
	const char *escape;	/* on a terminal */
	const char *fill;	/* in a picture, and the letter on it */
	const char *ink;
	const char *name;
};

extern const struct look looks[NR_LOOKS];
/* In the order of the legend */
extern const unsigned char look_order[NR_LOOKS];

/**
 * struct strip - blocks that follow each other
 * @window: the window that they are in
 * @dev: the device that they are of, NULL: they are the whole window
 * @address: of the first; if @has_address
 * @cells: what each is
 * @owners: of each, the device as an index of the list, -1 for none
 */
struct strip {
	const struct window *window;
	const struct dev *dev;
	bool has_address;
	__u64 address;
	__u64 block_size;
	__u64 count;
	unsigned char *cells;
	int *owners;
};

struct map {
	struct windows windows;
	struct devs devs;
	struct runs runs;
	struct strip *strips;
	size_t nr_strips;
};

/* "memdev0 (id)", to be freed */
char *dev_title(const struct dev *dev);

/* Writes the picture. 0 or an exit status */
int svg_write(const struct map *map, const char *name);

#endif /* MEMDEVCTL_MAP_H */
