/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The formats of QEMU's monitor.
 */
#ifndef MEMDEVCTL_QEMU_H
#define MEMDEVCTL_QEMU_H

#include "args.h"
#include "nl.h"

/* Parse --format, or print a usage error. Returns 0 or EXIT_USAGE. */
int qemu_format(const struct call *call, bool *qmp);
void qemu_devices(struct devs *devs, bool qmp);
/* Returns 0 or EXIT_FAILED. */
int qemu_summary(const struct devs *devs, bool qmp);

#endif /* MEMDEVCTL_QEMU_H */
