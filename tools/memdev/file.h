/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of the kernel, and the output of commands.
 */
#ifndef MEMDEVCTL_FILE_H
#define MEMDEVCTL_FILE_H

#include <linux/types.h>
#include <stdbool.h>

#include "util.h"

/*
 * Read a file, without its last newline. Returns NULL and sets errno on
 * failure. The caller frees the result.
 */
__printf(1, 2)
char *file_read(const char *format, ...);
/* True if the file has a number that strtoull() accepts. */
bool file_number(const char *path, int base, __u64 *nr);
/* Whether the file exists and contains the word, apart from brackets. */
bool file_has_word(const char *path, const char *word);
/* Like file_read(), for a shell command. Returns NULL if it fails. */
__printf(1, 2)
char *command_read(const char *format, ...);
/* Get the word in brackets of "a [b] c", or the text if there is none. */
char *word_chosen(char *text);

#endif /* MEMDEVCTL_FILE_H */
