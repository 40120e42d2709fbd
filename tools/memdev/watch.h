/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Redraw a command's output on a terminal.
 */
#ifndef MEMDEVCTL_WATCH_H
#define MEMDEVCTL_WATCH_H

#include "args.h"

/*
 * Run a command and print its output. With --watch, repeat it in place until
 * the user quits. Returns an exit status.
 */
int watch_run(const struct call *call, int (*run)(const struct call *call));

#endif /* MEMDEVCTL_WATCH_H */
