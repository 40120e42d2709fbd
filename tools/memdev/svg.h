/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Draw a map as an SVG picture.
 */
#ifndef MEMDEVCTL_SVG_H
#define MEMDEVCTL_SVG_H

#include "strip.h"

/* Write the picture to a file, or stdout for "-". Returns 0 or EXIT_FAILED. */
int svg_write(const struct map *map, const char *name);

#endif /* MEMDEVCTL_SVG_H */
