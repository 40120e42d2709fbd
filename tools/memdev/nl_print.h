/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Print messages for --verbose.
 */
#ifndef MEMDEVCTL_NL_PRINT_H
#define MEMDEVCTL_NL_PRINT_H

#include <libmnl/libmnl.h>

/* If verbose, print a line to standard error: @what and the message. */
void nl_print(const char *what, const struct nlmsghdr *nlh);
/* If verbose, print the result of a request: rc is 0 or -errno. */
void nl_print_result(int rc, const char *text, unsigned int ms);

#endif /* MEMDEVCTL_NL_PRINT_H */
