/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records: the kernel's lists of devices, windows and blocks in a file.
 *
 * A record is a line of text, which has the size of the rest in bytes, and the
 * messages of the three lists as the kernel sent them.
 */
#ifndef MEMDEVCTL_RECORD_H
#define MEMDEVCTL_RECORD_H

#include "nl_parse.h"
#include "util.h"

/**
 * struct record - a record
 * @messages: the messages, one behind the other
 * @size: their size in bytes
 * @kernel: release of the kernel that sent them; only if it was read
 */
struct record {
	void *messages;
	size_t size;
	char kernel[65];
};

/* For file_replace() */
void record_print(FILE *f, const void *record);
/*
 * Read a file, or standard input if it is "-", and check it: later, no message
 * can be invalid. Returns 0, or prints an error and returns EXIT_FAILED.
 */
int record_read(const char *file, struct record *record);
/*
 * Pass the messages that answer a request to @cb, as the kernel does. Returns
 * 0, or -ENODEV if there is no such device.
 */
int record_answer(const struct record *record, const struct nlmsghdr *request,
		  mnl_cb_t cb, void *data);

#endif /* MEMDEVCTL_RECORD_H */
