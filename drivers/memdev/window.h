/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Windows.
 */
#ifndef _MEMDEV_WINDOW_H
#define _MEMDEV_WINDOW_H

#include "internal.h"

/**
 * struct memdev_window_spec - parameters of a new window
 * @size: size in bytes
 * @start: physical address; unused with @carve
 * @node: NUMA node; NUMA_NO_NODE for the node that the kernel reports for the
 *	  range or, with @carve, for any node
 * @carve: carve the window out of System RAM
 * @shrink: with @carve, accept less than @size, and carve only blocks that are
 *	    mostly free
 */
struct memdev_window_spec {
	u64 size;
	u64 start;
	int node;
	bool carve;
	bool shrink;
};

/**
 * struct memdev_window - a range of RAM that memdev owns
 * @dev: the device windowN, below /sys/devices/memdev
 * @id: N in windowN
 * @start: physical address
 * @size: size in bytes
 * @node: NUMA node of the range
 * @source: where the memory comes from
 * @name: name of the range in the resource tree
 * @hold: keeps other drivers out of the range
 * @movable: blocks of a carved window that were in ZONE_MOVABLE; or NULL
 * @list: entry in memdev_windows; protected by memdev_list_lock
 * @lock: protects the fields below it
 * @alloc: blocks and slots that devices use
 */
struct memdev_window {
	struct device dev;
	int id;
	u64 start;
	u64 size;
	int node;
	enum memdev_source source;
	char name[24];
	struct memdev_hold hold;
	unsigned long *movable;
	struct list_head list;
	/* Protects the fields below it */
	struct mutex lock;
	struct memdev_alloc alloc;
};

#define to_memdev_window(d) container_of(d, struct memdev_window, dev)

/* window.c */
extern const char *const memdev_source_names[];
extern struct device_type memdev_window_type;

int memdev_window_spec_parse(const char *str, struct memdev_window_spec *spec,
			     struct memdev_reason *why);
int memdev_check_node(int node, struct memdev_reason *why);
int memdev_window_create(const struct memdev_window_spec *spec,
			 struct memdev_reason *why);
struct memdev_window *memdev_window_next(int id);
int memdev_window_destroy(int id, struct memdev_reason *why);
void memdev_windows_destroy_all(void);

/* probe.c */
int memdev_probe(u64 start, u64 size, struct memdev_reason *why);

/* carve.c */
int memdev_carve(struct memdev_window_spec *spec, unsigned long **movable,
		 struct memdev_reason *why);
void memdev_carve_return(u64 start, u64 size, int node,
			 const unsigned long *movable);

/* window_sysfs.c */
extern const struct attribute_group *memdev_window_groups[];

#endif /* _MEMDEV_WINDOW_H */
