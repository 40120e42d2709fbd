/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Replace a file as a whole.
 */
#ifndef MEMDEVCTL_REPLACE_H
#define MEMDEVCTL_REPLACE_H

#include "util.h"

/*
 * Print to standard output if the name is "-". Else print to a new file that
 * only its owner can read, and rename it, so that no reader sees a part.
 * Returns 0, or prints an error and returns EXIT_FAILED.
 */
int file_replace(const char *name, void (*print)(FILE *f, const void *data),
		 const void *data);

#endif /* MEMDEVCTL_REPLACE_H */
