// SPDX-License-Identifier: GPL-2.0
/*
 * memtrace PID MS: stop each thread of a process with ptrace(2), let them run
 * again after MS milliseconds, and print the number of threads.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST	256

/* A signal that arrives before the stop is passed on to the thread. */
static int signal_of(int status)
{
	if (!WIFSTOPPED(status) || status >> 16 == PTRACE_EVENT_STOP)
		return 0;
	return WSTOPSIG(status);
}

int main(int argc, char **argv)
{
	pid_t threads[MOST], thread;
	struct dirent *entry;
	char path[32];
	int nr = 0, stopped = 0, status, i;
	DIR *dir;

	if (argc != 3) {
		fprintf(stderr, "usage: memtrace PID MS\n");
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/%d/task", atoi(argv[1]));
	dir = opendir(path);
	if (!dir) {
		perror(path);
		return 1;
	}
	while (nr < MOST && (entry = readdir(dir))) {
		thread = atoi(entry->d_name);
		if (thread && !ptrace(PTRACE_SEIZE, thread, NULL, NULL))
			threads[nr++] = thread;
	}
	closedir(dir);
	for (i = 0; i < nr; i++)
		ptrace(PTRACE_INTERRUPT, threads[i], NULL, NULL);
	usleep(atoi(argv[2]) * 1000);
	for (i = 0; i < nr; i++) {
		if (waitpid(threads[i], &status, __WALL) != threads[i] ||
		    !WIFSTOPPED(status))
			continue;
		if (!ptrace(PTRACE_DETACH, threads[i], NULL,
			    (void *)(long)signal_of(status)))
			stopped++;
	}
	printf("%d\n", stopped);
	return !stopped;
}
