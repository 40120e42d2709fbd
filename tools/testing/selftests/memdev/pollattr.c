// SPDX-License-Identifier: GPL-2.0
/*
 * pollattr FILE SECONDS: reads the sysfs attribute FILE, says "polling", and
 * waits with poll(2) until the kernel says that it changed. Prints the new
 * value, or "timeout" after SECONDS.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct pollfd pfd = { .events = POLLPRI | POLLERR };
	char buf[4096];
	ssize_t len;
	int rc;

	if (argc != 3) {
		fprintf(stderr, "usage: pollattr FILE SECONDS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	pfd.fd = open(argv[1], O_RDONLY);
	/* Only what changes after this read wakes the poll. */
	if (pfd.fd < 0 || pread(pfd.fd, buf, sizeof(buf), 0) < 0) {
		printf("error: %s\n", strerror(errno));
		return 1;
	}
	puts("polling");

	rc = poll(&pfd, 1, atoi(argv[2]) * 1000);
	if (rc <= 0) {
		puts(rc ? strerror(errno) : "timeout");
		return 1;
	}
	len = pread(pfd.fd, buf, sizeof(buf) - 1, 0);
	if (len < 0) {
		printf("error: %s\n", strerror(errno));
		return 1;
	}
	buf[len] = '\0';
	fputs(buf, stdout);
	return 0;
}
