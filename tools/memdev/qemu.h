/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The formats of QEMU's monitor.
 */
#ifndef MEMDEVCTL_QEMU_H
#define MEMDEVCTL_QEMU_H

#include "args.h"
#include "nl.h"

/* Print a usage error if --format is invalid. Returns 0 or EXIT_USAGE. */
int qemu_check(const struct call *call);
void qemu_devices(const struct call *call, struct devs *devs);
/* Returns 0 or EXIT_FAILED. */
int qemu_summary(const struct call *call, const struct devs *devs);

#endif /* MEMDEVCTL_QEMU_H */
