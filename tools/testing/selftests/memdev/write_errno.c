// SPDX-License-Identifier: GPL-2.0
/*
 * write_errno [-t] FILE: write standard input to FILE with one write(2), and
 * print "ok" or the name of the errno. With -t, a second thread writes.
 *
 * A shell's echo does not report the errno, and may split the write. SIGINT and
 * SIGTERM do not restart the write, so an interrupted one prints EINTR.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buf[1 << 16];
static size_t len;
static int fd;

static void on_signal(int sig)
{
	(void)sig;
}

static void *do_write(void *unused)
{
	ssize_t n = write(fd, buf, len);
	const char *name;

	(void)unused;
	if (n < 0) {
		name = strerrorname_np(errno);
		if (name)
			printf("%s\n", name);
		else
			printf("errno:%d\n", errno);
		exit(1);
	}
	if ((size_t)n != len) {
		printf("short:%zd\n", n);
		exit(1);
	}
	puts("ok");
	exit(0);
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	bool thread = argc == 3 && !strcmp(argv[1], "-t");
	pthread_t writer;
	ssize_t n;

	if (argc != 2 + thread) {
		fprintf(stderr, "usage: write_errno [-t] FILE <DATA\n");
		return 2;
	}
	while ((n = read(STDIN_FILENO, buf + len, sizeof(buf) - len)) > 0)
		len += n;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);

	fd = open(argv[1 + thread], O_WRONLY);
	if (fd < 0) {
		printf("open:%s\n", strerrorname_np(errno));
		return 1;
	}
	if (thread && !pthread_create(&writer, NULL, do_write, NULL))
		pthread_join(writer, NULL);
	do_write(NULL);
	return 1;
}
