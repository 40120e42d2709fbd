/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows and devices as strips of blocks.
 */
#ifndef MEMDEVCTL_STRIP_H
#define MEMDEVCTL_STRIP_H

#include "args.h"
#include "nl.h"

/* A cell is an enum memdev_block_state, or CELL_FREE if it has no device. */
#define CELL_FREE	NR_BLOCK_STATES
#define NR_CELL_TYPES	(NR_BLOCK_STATES + 1)

struct cell_style {
	char letter;
	const char *escape;	/* color on a terminal */
	const char *fill;	/* color in a picture */
	const char *ink;	/* color of the letter in a picture */
	const char *name;
};

extern const struct cell_style cell_styles[NR_CELL_TYPES];
extern const unsigned char legend_order[NR_CELL_TYPES];

/**
 * struct strip - consecutive blocks
 * @window: the window that contains them
 * @dev: the device that owns them, or NULL for a whole window
 * @has_address: @address is known
 * @address: physical address of the first block
 * @block_size: size of a block
 * @count: number of blocks
 * @cells: the type of each block
 * @owners: the owner of each block, an index into the list of devices, or -1
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
	struct block_runs runs;
	struct strip *strips;
	size_t nr_strips;
};

/* Read the windows named by the arguments, or all. Returns an exit status. */
int map_read(const struct call *call, struct map *map);
void map_free(struct map *map);
/* True if the arguments name the window, or none. */
bool window_selected(const struct call *call, const struct window *window);

/* From block first on, return the end of the blocks with the same owner. */
__u64 strip_owner_end(const struct strip *strip, __u64 first);
/* The caller frees the result. */
char *strip_title(const struct strip *strip);
char *strip_owner_title(const struct map *map, const struct strip *strip,
			__u64 block);

#endif /* MEMDEVCTL_STRIP_H */
