/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Print a map as JSON.
 */
#ifndef MEMDEVCTL_MAP_JSON_H
#define MEMDEVCTL_MAP_JSON_H

#include "strip.h"

/* Print the windows that the arguments of the call select. */
void map_json(const struct call *call, const struct map *map);

#endif /* MEMDEVCTL_MAP_JSON_H */
