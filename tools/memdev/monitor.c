// SPDX-License-Identifier: GPL-2.0
/*
 * monitor: print events.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "memdevctl.h"
#include "names.h"
#include "nl.h"

/* Large enough for a burst of events, one for each block of a large plug */
#define RECEIVE_BUFFER	(4 << 20)

struct monitor {
	struct nl nl;
	bool json;
	bool bytes;
	__u32 events;		/* mask of commands to show, 0 for all */
	int argc;		/* devices to show, 0 for all events */
	char **argv;
	__u64 next_seq;		/* expected sequence number, 0 for any */
	bool module_removed;
};

static_assert(MEMDEV_CMD_MAX < 32, "a mask has 32 bits");

/* Set the mask of events from a list "EVENT,EVENT,...". */
static int events_parse(const struct call *call, __u32 *events)
{
	const char *list = call->value[OPT_EVENT];
	size_t len;

	*events = 0;
	for (; list; list = list[len] ? list + len + 1 : NULL) {
		struct guess guess = { .text = list };
		bool found = false;

		len = strcspn(list, ",");
		guess.len = len;
		for (__u8 cmd = 1; cmd <= MEMDEV_CMD_MAX; cmd++) {
			const char *name;
			const size_t size = event_name(cmd, &name);

			if (!size)
				continue;
			guess_word(&guess, name, size);
			if (size != len || strncmp(name, list, len))
				continue;
			*events |= 1U << cmd;
			found = true;
		}
		if (!found)
			return unknown_error(call, "event", &guess);
	}
	return EXIT_DONE;
}

static void print_time(const struct monitor *monitor)
{
	struct timeval now;
	struct tm tm;
	char date[32], zone[8];

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &tm);
	if (!monitor->json) {
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
		printf("%s.%03ld ", date, (long)now.tv_usec / 1000);
		return;
	}
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	/* strftime() writes +0100, ISO 8601 wants +01:00 here. */
	strftime(zone, sizeof(zone), "%z", &tm);
	printf("{\"time\": \"%s.%06ld%.3s:%s\"", date, (long)now.tv_usec, zone,
	       zone + 3);
}

static void print_bytes(const struct monitor *monitor, __u64 bytes)
{
	char *size;

	if (monitor->bytes) {
		printf("%llu", bytes);
		return;
	}
	size = size_exact(bytes);
	fputs(size, stdout);
	free(size);
}

/* count: number of lost messages, or 0 if not known yet */
static void print_lost(const struct monitor *monitor, __u64 count)
{
	print_time(monitor);
	if (monitor->json) {
		printf(", \"event\": \"lost\", \"count\": ");
		if (count)
			printf("%llu", count);
		else
			fputs("null", stdout);
		puts("}");
	} else if (count) {
		printf("%llu message%s lost\n", count,
		       count == 1 ? " was" : "s were");
	} else {
		puts("messages were lost: the socket buffer was full");
	}
}

static void json_text(const char *name, const char *text)
{
	if (!*text)
		return;
	printf(", \"%s\": ", name);
	json_string(stdout, text);
}

static void print_json(__u8 cmd, const struct event *event)
{
	const struct refusal *refusal = &event->refusal;
	const char *name = "unknown";
	const size_t len = event_name(cmd, &name) ?: strlen(name);

	printf(", \"seq\": %llu, \"event\": \"%.*s\"", event->seq, (int)len,
	       name);
	if (HAS(event, EVENT_DEVICE))
		printf(", \"device\": \"memdev%u\"", event->device);
	json_text("id", event->id);
	json_text("kind", event->kind);
	if (HAS(event, EVENT_WINDOW))
		printf(", \"window\": \"window%u\"", event->window);
	if (HAS(event, EVENT_BLOCK))
		printf(", \"block\": %u", event->block);
	if (HAS(event, EVENT_COUNT))
		printf(", \"count\": %u", event->count);
	if (HAS(event, EVENT_ADDRESS))
		printf(", \"address\": \"0x%llx\"", event->address);
	if (HAS(event, EVENT_SIZE))
		printf(", \"size\": %llu", event->size);
	if (HAS(event, EVENT_OLD_SIZE))
		printf(", \"old\": %llu, \"new\": %llu",
		       event->old_size, event->new_size);
	if (HAS(event, EVENT_OP))
		printf(", \"op\": \"%s\", \"asked\": %llu",
		       op_name(event->op), event->asked);
	if (HAS(event, EVENT_REQUESTED_SIZE)) {
		printf(", \"requested\": %llu", event->requested_size);
		json_text("onlinetype", online_type_name(event->online_type));
		printf(", \"memmap\": %s, \"timeout\": %u",
		       event->memmap_on_memory ? "true" : "false",
		       event->unplug_timeout_ms);
	}
	if (HAS(refusal, REFUSAL_OP)) {
		printf(", \"op\": \"%s\", \"errno\": %u", op_name(refusal->op),
		       refusal->error);
		json_text("reason", refusal->reason);
		if (HAS(refusal, REFUSAL_BLOCK))
			printf(", \"block\": %u", refusal->block);
		if (HAS(refusal, REFUSAL_ADDRESS))
			printf(", \"blockaddress\": \"0x%llx\"",
			       refusal->address);
		json_text("memory", refusal->memory);
		printf(", \"asked\": %llu, \"done\": %llu",
		       refusal->asked, refusal->done);
	}
	puts("}");
}

static void print_refusal(const struct monitor *monitor,
			  const struct refusal *refusal)
{
	char *text = refusal_text(refusal);

	printf("%s ", op_name(refusal->op));
	print_bytes(monitor, refusal->asked);
	fputs(" failed: ", stdout);
	if (refusal->done) {
		print_bytes(monitor, refusal->done);
		fputs(" done, then ", stdout);
	}
	puts(text);
	free(text);
}

static void print_range(const struct monitor *monitor,
			const struct event *event)
{
	if (HAS(event, EVENT_SIZE)) {
		fputs(", ", stdout);
		print_bytes(monitor, event->size);
	}
	if (HAS(event, EVENT_ADDRESS))
		printf(" at 0x%llx", event->address);
}

static void print_blocks(const struct event *event)
{
	char *list;

	if (!HAS(event, EVENT_COUNT))
		return;
	list = blocks_add(NULL, event->block, event->count);
	printf(", block%s %s", event->count == 1 ? "" : "s", list);
	free(list);
}

static void print_line(const struct monitor *monitor, __u8 cmd,
		       const struct event *event)
{
	char *title;

	if (HAS(event, EVENT_DEVICE)) {
		title = dev_title(event->device, event->id);
		fputs(title, stdout);
		free(title);
	} else if (HAS(event, EVENT_WINDOW)) {
		printf("window%u", event->window);
	}
	putchar(' ');
	switch (cmd) {
	case MEMDEV_CMD_DEV_NEW_NTF:
		printf("new: %s", event->kind);
		print_range(monitor, event);
		if (HAS(event, EVENT_WINDOW))
			printf(" in window%u", event->window);
		putchar('\n');
		break;
	case MEMDEV_CMD_WINDOW_NEW_NTF:
		fputs("new", stdout);
		print_range(monitor, event);
		putchar('\n');
		break;
	case MEMDEV_CMD_DEV_DEL_NTF:
	case MEMDEV_CMD_WINDOW_DEL_NTF:
		puts("gone");
		break;
	case MEMDEV_CMD_DEV_PLUGGED_NTF:
	case MEMDEV_CMD_DEV_ONLINE_NTF:
		fputs(cmd == MEMDEV_CMD_DEV_PLUGGED_NTF ?
		      "plugged: " : "online: ", stdout);
		print_bytes(monitor, event->old_size);
		fputs(" -> ", stdout);
		print_bytes(monitor, event->new_size);
		print_blocks(event);
		putchar('\n');
		break;
	case MEMDEV_CMD_DEV_BEGIN_NTF:
		printf("%s ", op_name(event->op));
		print_bytes(monitor, event->asked);
		puts(" begins");
		break;
	case MEMDEV_CMD_DEV_SET_NTF:
		fputs("set: requested ", stdout);
		print_bytes(monitor, event->requested_size);
		printf(", online type %s, memmap on memory %s, unplug timeout %u ms\n",
		       online_type_name(event->online_type),
		       event->memmap_on_memory ? "yes" : "no",
		       event->unplug_timeout_ms);
		break;
	case MEMDEV_CMD_DEV_REFUSED_NTF:
		print_refusal(monitor, &event->refusal);
		break;
	case MEMDEV_CMD_DEV_RETIRED_NTF:
		printf("retired: block %u", event->block);
		print_range(monitor, event);
		putchar('\n');
		break;
	default:
		printf("event %u\n", cmd);
	}
}

/* The devices may not exist yet, so compare the names with the event's. */
static bool is_shown(const struct monitor *monitor, __u8 cmd,
		     const struct event *event)
{
	__u32 index;

	if (monitor->events &&
	    (cmd > MEMDEV_CMD_MAX || !(monitor->events & 1U << cmd)))
		return false;
	if (!monitor->argc)
		return true;
	if (!HAS(event, EVENT_DEVICE))
		return false;
	for (int i = 0; i < monitor->argc; i++)
		if (!strcmp(monitor->argv[i], event->id) ||
		    (!number_parse(monitor->argv[i], "memdev", &index) &&
		     index == event->device))
			return true;
	return false;
}

static void handle_event(struct monitor *monitor, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct event event;

	nl_event_parse(nlh, &event);
	if (monitor->next_seq && event.seq > monitor->next_seq)
		print_lost(monitor, event.seq - monitor->next_seq);
	monitor->next_seq = event.seq + 1;
	if (!is_shown(monitor, genl->cmd, &event))
		return;
	print_time(monitor);
	if (monitor->json)
		print_json(genl->cmd, &event);
	else
		print_line(monitor, genl->cmd, &event);
}

/* Check whether the controller reports that the family was unregistered. */
static void handle_family(struct monitor *monitor, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (genl->cmd != CTRL_CMD_DELFAMILY)
		return;
	mnl_attr_for_each(attr, nlh, sizeof(*genl))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_get_u16(attr) == monitor->nl.family)
			monitor->module_removed = true;
}

static int monitor_loop(struct monitor *monitor)
{
	static __u64 buf[NL_BUFFER / 8];
	const struct nlmsghdr *nlh;
	ssize_t size;
	int len;

	while (!monitor->module_removed) {
		size = mnl_socket_recvfrom(monitor->nl.sock, buf, sizeof(buf));
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && errno == ENOBUFS) {
			print_lost(monitor, 0);
			if (output_flush(stdout, "standard output"))
				return EXIT_FAILED;
			continue;
		}
		if (size < 0) {
			warn("monitor");
			return EXIT_FAILED;
		}
		len = size;
		for (nlh = (const struct nlmsghdr *)buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (mnl_nlmsg_get_payload_len(nlh) <
			    sizeof(struct genlmsghdr))
				continue;
			if (nlh->nlmsg_type == monitor->nl.family)
				handle_event(monitor, nlh);
			else if (nlh->nlmsg_type == GENL_ID_CTRL)
				handle_family(monitor, nlh);
			/* Flush each line, to report a write error at once. */
			if (output_flush(stdout, "standard output"))
				return EXIT_FAILED;
		}
	}
	warnx("monitor: the memdev module was removed");
	return EXIT_FAILED;
}

int cmd_monitor(const struct call *call)
{
	static struct monitor monitor;
	__u32 families = GENL_ID_CTRL;
	int size = RECEIVE_BUFFER;
	int rc;

	monitor.json = call->set & OPT(JSON);
	monitor.bytes = call->set & OPT(BYTES);
	rc = events_parse(call, &monitor.events);
	if (rc)
		return rc;
	monitor.argc = call->argc;
	monitor.argv = call->argv;
	rc = nl_open(&monitor.nl);
	if (rc)
		return rc;
	/* Exceeding the buffer size limit requires CAP_NET_ADMIN. */
	if (setsockopt(mnl_socket_get_fd(monitor.nl.sock), SOL_SOCKET,
		       SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(mnl_socket_get_fd(monitor.nl.sock), SOL_SOCKET,
			   SO_RCVBUF, &size, sizeof(size));
	mnl_socket_setsockopt(monitor.nl.sock, NETLINK_ADD_MEMBERSHIP,
			      &families, sizeof(families));
	rc = nl_join(&monitor.nl);
	if (rc) {
		warnx("monitor: %s", strerror(-rc));
		nl_close(&monitor.nl);
		return EXIT_FAILED;
	}
	rc = monitor_loop(&monitor);
	nl_close(&monitor.nl);
	return rc;
}
