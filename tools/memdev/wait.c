// SPDX-License-Identifier: GPL-2.0
/*
 * Interruptible waits.
 */
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "util.h"
#include "wait.h"

static int signaled;
static sigset_t unblocked;

static void set_signaled(int sig)
{
	(void)sig;
	__atomic_store_n(&signaled, 1, __ATOMIC_RELAXED);
}

/*
 * A signal that arrives just before a wait must not be missed: block the
 * signals here, and let wait_readable() unblock them.
 */
void interrupt_catch(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = set_signaled };
	struct sigaction old;
	static bool caught;
	sigset_t blocked;

	__atomic_store_n(&signaled, 0, __ATOMIC_RELAXED);
	if (caught)
		return;
	caught = true;
	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		/* Keep an ignored signal ignored, for instance under nohup. */
		sigaction(signals[i], NULL, &old);
		if (old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
		sigaddset(&blocked, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, &unblocked);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigismember(&blocked, signals[i]))
			sigdelset(&unblocked, signals[i]);
}

bool interrupted(void)
{
	return __atomic_load_n(&signaled, __ATOMIC_RELAXED);
}

bool wait_readable(int fd, int ms)
{
	struct timespec timeout = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return ppoll(&pollfd, 1, &timeout, &unblocked) > 0;
}

__u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}
