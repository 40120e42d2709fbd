// SPDX-License-Identifier: GPL-2.0
/*
 * pollattr FILE SECONDS [VALUE]: read the sysfs attribute FILE, print
 * "polling" and wait with poll(2) for a change. Print the new value, or
 * "timeout" after SECONDS. With VALUE, continue until the attribute has that
 * value, which it may have from the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char value[4096];

static int read_value(int fd)
{
	ssize_t len = pread(fd, value, sizeof(value) - 1, 0);

	if (len < 0) {
		printf("error: %s\n", strerror(errno));
		return -1;
	}
	value[len] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

int main(int argc, char **argv)
{
	const char *want = argc == 4 ? argv[3] : NULL;
	struct pollfd pfd = { .events = POLLPRI | POLLERR };
	int rc;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: pollattr FILE SECONDS [VALUE]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	pfd.fd = open(argv[1], O_RDONLY);
	if (pfd.fd < 0) {
		printf("error: %s\n", strerror(errno));
		return 1;
	}
	/* Only a change after a read wakes poll(2). */
	if (read_value(pfd.fd))
		return 1;
	puts("polling");

	while (!want || strcmp(value, want)) {
		rc = poll(&pfd, 1, atoi(argv[2]) * 1000);
		if (rc <= 0) {
			puts(rc ? strerror(errno) : "timeout");
			return 1;
		}
		if (read_value(pfd.fd))
			return 1;
		puts(value);
		if (!want)
			break;
	}
	return 0;
}
