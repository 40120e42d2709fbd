/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interruptible waits.
 */
#ifndef MEMDEVCTL_WAIT_H
#define MEMDEVCTL_WAIT_H

#include <linux/types.h>
#include <stdbool.h>

/* Let SIGINT, SIGTERM and SIGHUP end a wait instead of the process. */
void interrupt_catch(void);
/* True if a signal has arrived since the last call of interrupt_catch(). */
bool interrupted(void);
/* Return true if fd is readable, false after a timeout or a signal. */
bool wait_readable(int fd, int ms);
__u64 now_ms(void);

#endif /* MEMDEVCTL_WAIT_H */
