// SPDX-License-Identifier: GPL-2.0
/*
 * memtoggle FIRST COUNT: write online_movable or offline to the state of
 * random memory blocks in FIRST..FIRST+COUNT-1, whether they exist or not,
 * until SIGTERM. Print how many writes succeeded.
 *
 * Do not use online_kernel: kernel allocations would keep the block online.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

int main(int argc, char **argv)
{
	static const char *const words[] = { "offline", "online_movable" };
	struct sigaction sa = { .sa_handler = on_signal };
	unsigned long long done = 0;
	char path[128];

	if (argc != 3 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: memtoggle FIRST COUNT\n");
		return 2;
	}
	sigaction(SIGTERM, &sa, NULL);
	srandom(time(NULL));
	while (!stop) {
		const char *word = words[random() % 2];
		int fd;

		snprintf(path, sizeof(path),
			 "/sys/devices/system/memory/memory%ld/state",
			 atol(argv[1]) + random() % atol(argv[2]));
		fd = open(path, O_WRONLY);
		if (fd < 0) {
			/* Not plugged: leave the CPU to the task that plugs. */
			usleep(1000);
			continue;
		}
		if (write(fd, word, strlen(word)) > 0)
			done++;
		close(fd);
	}
	printf("%llu\n", done);
	return 0;
}
