// SPDX-License-Identifier: GPL-2.0
/*
 * wr FILE: writes what is on standard input to FILE, in one write(2), and
 * prints what came of it: "ok", or the name of the errno.
 *
 * A shell's echo tells that a write failed, not why, and may cut it in two.
 * SIGINT and SIGTERM are caught and do not restart the write, so that one
 * that is interrupted is seen to say EINTR.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buf[1 << 16];

static void on_signal(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	size_t len = 0;
	ssize_t n;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: wr FILE <DATA\n");
		return 2;
	}
	while ((n = read(STDIN_FILENO, buf + len, sizeof(buf) - len)) > 0)
		len += n;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	fd = open(argv[1], O_WRONLY);
	if (fd < 0) {
		printf("open:%s\n", strerrorname_np(errno));
		return 1;
	}
	n = write(fd, buf, len);
	if (n < 0) {
		const char *name = strerrorname_np(errno);

		if (name)
			printf("%s\n", name);
		else
			printf("errno:%d\n", errno);
		return 1;
	}
	if ((size_t)n != len) {
		printf("short:%zd\n", n);
		return 1;
	}
	puts("ok");
	return 0;
}
