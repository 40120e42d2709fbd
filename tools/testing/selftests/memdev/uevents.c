// SPDX-License-Identifier: GPL-2.0
/*
 * uevents TEXT: print every kernel uevent whose device path contains TEXT, one
 * per line: "ACTION@PATH KEY=VALUE KEY=VALUE ...". Print "listening" first, and
 * run until killed.
 *
 * udevadm monitor does the same, but needs udev.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1,
	};
	int fd, size = 16 << 20;
	static char buf[8192];
	ssize_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: uevents TEXT\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
		    NETLINK_KOBJECT_UEVENT);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		printf("error: %s\n", strerror(errno));
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	puts("listening");

	for (;;) {
		len = recv(fd, buf, sizeof(buf) - 1, 0);
		if (len < 0) {
			printf("error: %s\n", strerror(errno));
			if (errno == ENOBUFS || errno == EINTR)
				continue;
			return 1;
		}
		buf[len] = '\0';
		if (!strstr(buf, argv[1]))
			continue;
		fputs(buf, stdout);
		for (char *p = buf + strlen(buf) + 1; p < buf + len;
		     p += strlen(p) + 1)
			printf(" %s", p);
		putchar('\n');
	}
}
