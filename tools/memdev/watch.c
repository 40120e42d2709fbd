// SPDX-License-Identifier: GPL-2.0
/*
 * Redraw a command's output on a terminal.
 */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "nl.h"
#include "wait.h"
#include "watch.h"

#define DEFAULT_SECONDS	2
#define MAX_SECONDS	86400
/* Draw at most once in this time, however many events arrive. */
#define SETTLE_MS	100

/* Alternate screen and no cursor, and back */
#define SCREEN_ENTER	"\033[?1049h\033[?25l"
#define SCREEN_LEAVE	"\033[?25h\033[?1049l"
#define SCREEN_HOME	"\033[H"
#define ERASE_LINE	"\033[K"
#define ERASE_BELOW	"\033[J"

static struct {
	bool active;
	bool has_keys;		/* standard input is a terminal for this program */
	struct termios saved;
} screen;

static void screen_enter(void)
{
	struct termios keys;

	/* A background job that changes the terminal is stopped, with SIGTERM blocked. */
	screen.has_keys = tcgetpgrp(STDIN_FILENO) == getpgrp() &&
			  !tcgetattr(STDIN_FILENO, &screen.saved);
	if (screen.has_keys) {
		keys = screen.saved;
		/* Keep ISIG: Ctrl-C and Ctrl-Z send their signals. */
		keys.c_lflag &= ~(ICANON | ECHO);
		keys.c_cc[VMIN] = 1;
		keys.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
	}
	fputs(SCREEN_ENTER, stdout);
	fflush(stdout);
	screen.active = true;
}

static void screen_leave(void)
{
	if (!screen.active)
		return;
	screen.active = false;
	fputs(SCREEN_LEAVE, stdout);
	fflush(stdout);
	if (screen.has_keys)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &screen.saved);
}

/* Print at most @width columns of a line, but all of its escape sequences. */
static void line_print(const char *line, size_t len, unsigned int width)
{
	const char *end = line + len;

	/* At the right margin, this would erase the last character. */
	fputs(ERASE_LINE, stdout);
	while (line < end) {
		if (*line == '\033') {
			while (line < end && *line != 'm')
				putchar(*line++);
			if (line < end)
				putchar(*line++);
		} else if (width) {
			putchar(*line++);
			width--;
		} else {
			line++;
		}
	}
}

/* Print what fits on the screen. Returns 0 or EXIT_FAILED. */
static int frame_print(const char *text)
{
	struct winsize size;
	unsigned int rows;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row ||
	    !size.ws_col) {
		size.ws_row = 24;
		size.ws_col = 80;
	}
	rows = size.ws_row;
	fputs(SCREEN_HOME, stdout);
	while (*text && rows) {
		const size_t len = strcspn(text, "\n");

		line_print(text, len, size.ws_col);
		text += len;
		if (*text)
			text++;
		/* A line feed in the last row would scroll. */
		if (--rows)
			putchar('\n');
	}
	if (rows)
		fputs(ERASE_BELOW, stdout);
	return output_flush(stdout, "standard output");
}

static void print_header(const struct call *call, unsigned int seconds)
{
	const time_t now = time(NULL);
	char date[16];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%H:%M:%S", &tm);
	printf("memdevctl %s at %s; every %u s and at events; q quits\n\n",
	       call->cmd->name, date, seconds);
}

/*
 * Run the command and store its output and errors in *text. Joins the events
 * before, so that the next one after the output is not missed.
 */
static int frame_make(const struct call *call, unsigned int seconds,
		      int (*run)(const struct call *call), struct nl *events,
		      char **text)
{
	FILE *out = stdout, *err = stderr, *frame;
	size_t size;
	int rc;

	frame = open_memstream(text, &size);
	if (!frame) {
		warnx("out of memory");
		exit(EXIT_FAILED);
	}
	stdout = frame;
	stderr = frame;
	if (screen.active)
		print_header(call, seconds);
	rc = nl_open(events);
	if (!rc) {
		nl_join(events);
		rc = run(call);
	}
	stdout = out;
	stderr = err;
	fclose(frame);
	return rc;
}

static void suspend(void)
{
	sigset_t stop;

	screen_leave();
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
}

/* Handle a signal. Returns true if it ends the program. */
static bool signal_handle(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return false;
	switch (info.ssi_signo) {
	case SIGTSTP:
		suspend();
		screen_enter();
		return false;
	case SIGCONT:
		/* After SIGSTOP, the shell may have changed the terminal. */
		screen_leave();
		screen_enter();
		return false;
	case SIGWINCH:
		return false;
	}
	return true;
}

/* Return true for a key that quits, or if the terminal is gone. */
static bool key_quits(void)
{
	char key;

	return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

/* Wait until it is time to draw. Returns true if the user quits. */
static bool frame_wait(int signals, const struct nl *events,
		       unsigned int seconds)
{
	const __u64 start = now_ms(), settled = start + SETTLE_MS;
	const __u64 until = start + 1000ULL * seconds;

	for (;;) {
		const __u64 now = now_ms();
		struct pollfd fds[] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = screen.has_keys ? STDIN_FILENO : -1,
			  .events = POLLIN },
			{ .fd = events->sock && now >= settled ?
				mnl_socket_get_fd(events->sock) : -1,
			  .events = POLLIN },
		};

		if (now >= until)
			return false;
		if (poll(fds, ARRAY_SIZE(fds),
			 now < settled ? settled - now : until - now) <= 0)
			continue;
		if (fds[0].revents)
			return signal_handle(signals);
		if (fds[1].revents && key_quits())
			return true;
		if (fds[2].revents)
			return false;
	}
}

static int signals_open(void)
{
	static const int numbers[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int watch_loop(const struct call *call, unsigned int seconds,
		      int (*run)(const struct call *call))
{
	const int signals = signals_open();
	bool quit = false;
	int rc = EXIT_DONE;

	atexit(screen_leave);
	screen_enter();
	while (!quit && !rc) {
		struct nl events;
		char *text;

		frame_make(call, seconds, run, &events, &text);
		rc = frame_print(text);
		free(text);
		quit = rc || frame_wait(signals, &events, seconds);
		nl_close(&events);
	}
	screen_leave();
	return rc;
}

int watch_run(const struct call *call, int (*run)(const struct call *call))
{
	const char *text = call->value[OPT_WATCH];
	__u32 seconds = DEFAULT_SECONDS;
	struct nl events;
	char *frame;
	int rc;

	if (!(call->set & OPT(WATCH)))
		return run(call);
	if (call->set & OPT(INPUT))
		return usage_error(call, "--watch cannot be combined with --input");
	if (text && (number_parse(text, "", &seconds) || !seconds ||
		     seconds > MAX_SECONDS))
		return usage_error(call, "invalid --watch '%s': expected seconds, 1 to %u",
				   text, MAX_SECONDS);
	if (!is_terminal(STDOUT_FILENO))
		return usage_error(call,
				   "--watch requires standard output to be a terminal, and TERM not to be dumb");
	/* What fails at once is an error; what fails later is shown. */
	rc = frame_make(call, seconds, run, &events, &frame);
	nl_close(&events);
	if (rc)
		fputs(frame, stderr);
	else
		rc = watch_loop(call, seconds, run);
	free(frame);
	return rc;
}
