/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fixture and helpers for the netlink tests
 *
 * The module is loaded once, with a window of reserved memory. Each test
 * creates its devices through sysfs and deletes them.
 */
#ifndef NLTEST_H
#define NLTEST_H

#include "kselftest_harness.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include "sysfs_file.h"
#include "nl.h"

/* Emulated machines are slow; the VM's time limit ends a test that hangs. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600

#define BUS		"/sys/bus/memdev"
#define WINDOWS		"/sys/devices/memdev"
#define MEM		"/sys/devices/system/memory"
#define NO_INDEX	12345

/* The window has all reserved blocks but the last one, @spare. */
#define WINDOW_BLOCKS	7
#define A_BLOCKS	4

static __u64 block_size, reserved, spare;

/* --- sysfs ---------------------------------------------------------------- */

static inline int dev_write(int index, const char *attr, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), BUS "/devices/memdev%d/%s", index, attr);
	return file_write(path, "%s", text);
}

static inline const char *dev_read(int index, const char *attr)
{
	return file_read(BUS "/devices/memdev%d/%s", index, attr);
}

static inline __u64 dev_number(int index, const char *attr)
{
	const char *text = dev_read(index, attr);

	return text[0] ? strtoull(text, NULL, 0) : UINT64_MAX;
}

/* Index of the device with @id, -1 if there is none */
static inline int dev_find(const char *id)
{
	char line[64];
	int index = -1;
	FILE *f = fopen(BUS "/device_list", "r");

	if (!f)
		return -1;
	while (index < 0 && fgets(line, sizeof(line), f)) {
		int i = atoi(line + strlen("memdev"));

		if (!strcmp(dev_read(i, "id"), id))
			index = i;
	}
	fclose(f);
	return index;
}

static inline void devs_remove(void)
{
	int index[64], nr = 0;
	char line[64];
	FILE *f = fopen(BUS "/device_list", "r");

	while (f && nr < 64 && fgets(line, sizeof(line), f))
		index[nr++] = atoi(line + strlen("memdev"));
	if (f)
		fclose(f);
	while (nr--) {
		dev_write(index[nr], "unplug_timeout_ms", "0");
		dev_write(index[nr], "requested_size", "0");
		if (dev_number(index[nr], "plugged_size"))
			dev_write(index[nr], "unplug", "all");
		file_write(BUS "/del_device", "memdev%d", index[nr]);
	}
}

/* --- pinned pages --------------------------------------------------------- */

struct pin {
	pid_t pid;
	int in;
};

static inline bool pin_start(struct pin *pin, __u64 low, __u64 high)
{
	int in[2], out[2];
	char text[64] = "";
	char arg[2][32];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	snprintf(arg[0], sizeof(arg[0]), "0x%llx", (unsigned long long)low);
	snprintf(arg[1], sizeof(arg[1]), "0x%llx", (unsigned long long)high);
	pin->pid = fork();
	if (!pin->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execlp("mempin", "mempin", arg[0], arg[1], "2000000000", NULL);
		_exit(1);
	}
	close(in[0]);
	close(out[1]);
	pin->in = in[1];
	if (read(out[0], text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(out[0]);
	return !strncmp(text, "pinned", 6);
}

static inline void pin_stop(struct pin *pin)
{
	if (!pin->pid)
		return;
	close(pin->in);
	kill(pin->pid, SIGKILL);
	waitpid(pin->pid, NULL, 0);
	pin->pid = 0;
}

/* --- the fixture ---------------------------------------------------------- */

/* a: virtio-mem of 4 blocks; b: a dimm of one block. No block is plugged. */
FIXTURE(netlink)
{
	struct nl *nl;
	struct nl *other;
	struct pin pin;
	int a;
	int b;
	__u64 a_start;
};

FIXTURE_SETUP(netlink)
{
	/* Clean up after a failed test. */
	devs_remove();
	self->pin.pid = 0;
	self->nl = calloc(1, sizeof(*self->nl));
	self->other = calloc(1, sizeof(*self->other));
	ASSERT_NE(NULL, self->nl);
	ASSERT_NE(NULL, self->other);
	ASSERT_EQ(0, nl_open(self->nl));
	ASSERT_EQ(0, nl_open(self->other));
	ASSERT_EQ(0, file_write(BUS "/new_device", "size=%llu id=a",
				A_BLOCKS * block_size));
	ASSERT_EQ(0, file_write(BUS "/new_device", "size=%llu id=b kind=dimm",
				block_size));
	self->a = dev_find("a");
	self->b = dev_find("b");
	ASSERT_LE(0, self->a);
	ASSERT_LE(0, self->b);
	self->a_start = dev_number(self->a, "address");
	ASSERT_EQ(0, dev_write(self->a, "unplug_timeout_ms", "0"));
	ASSERT_EQ(0, dev_write(self->b, "unplug_timeout_ms", "0"));
}

FIXTURE_TEARDOWN(netlink)
{
	pin_stop(&self->pin);
	nl_close(self->nl);
	nl_close(self->other);
	devs_remove();
}

/* --- requests ------------------------------------------------------------- */

static inline struct nlmsghdr *dev_begin(struct nl *nl, __u8 cmd, int index)
{
	struct nlmsghdr *nlh = nl_begin(nl, cmd, 0);

	mnl_attr_put_u32(nlh, MEMDEV_A_DEV_INDEX, index);
	return nlh;
}

static inline struct nlmsghdr *amount_begin(struct nl *nl, __u8 cmd, int index,
					    __u64 size)
{
	struct nlmsghdr *nlh = dev_begin(nl, cmd, index);

	if (size)
		mnl_attr_put_u64(nlh, MEMDEV_A_DEV_SIZE, size);
	else
		mnl_attr_put(nlh, MEMDEV_A_DEV_ALL, 0, NULL);
	return nlh;
}

/* @size 0 means all. */
static inline int dev_plug(struct nl *nl, int index, __u64 size)
{
	return nl_talk(nl, amount_begin(nl, MEMDEV_CMD_DEV_PLUG, index, size));
}

static inline int dev_unplug(struct nl *nl, int index, __u64 size)
{
	return nl_talk(nl, amount_begin(nl, MEMDEV_CMD_DEV_UNPLUG, index,
					size));
}

/* Parse the reply into @tb. */
static inline int dev_get(struct nl *nl, int index, const struct nlattr **tb)
{
	int err = nl_talk(nl, dev_begin(nl, MEMDEV_CMD_DEV_GET, index));

	memset(tb, 0, (MEMDEV_A_DEV_MAX + 1) * sizeof(*tb));
	if (!err)
		nl_parse((void *)nl->reply, tb, MEMDEV_A_DEV_MAX);
	return err;
}

static inline __u32 dev_state(struct nl *nl, int index)
{
	const struct nlattr *tb[MEMDEV_A_DEV_MAX + 1];

	if (dev_get(nl, index, tb))
		return UINT32_MAX;
	return nl_u32(tb[MEMDEV_A_DEV_STATE]);
}

/* Wait until the device is in @state (@is), or no longer is (!@is). */
static inline bool state_comes(struct nl *nl, int index, __u32 state, bool is)
{
	for (int i = 0; i < 6000; i++) {
		if ((dev_state(nl, index) == state) == is)
			return true;
		usleep(10000);
	}
	return false;
}

/* Offset of the last attribute of @type in the request */
static inline int offset_of(const struct nlmsghdr *nlh, unsigned int type)
{
	const struct nlattr *attr;
	int offset = -1;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == type)
			offset = (const char *)attr - (const char *)nlh;
	}
	return offset;
}

/*
 * Expect a refusal with a message about the attribute @fault, 0 for none. A
 * plug or unplug may also reply with its partial result.
 */
#define EXPECT_REFUSED(want, socket, nlh, fault) do { \
	struct nl *nl_ = (socket); \
	const struct nlmsghdr *req_ = (nlh); \
	const char *cmd_ = nl_cmds[nl_genl(req_)->cmd].name; \
	unsigned int fault_ = (fault); \
	EXPECT_EQ((want), nl_talk(nl_, req_)) { \
		TH_LOG("%s: %s \"%s\"", cmd_, nl_errname(nl_->err), \
		       nl_->text); \
	} \
	EXPECT_NE('\0', nl_->text[0]) { \
		TH_LOG("%s: no message", cmd_); \
	} \
	if (fault_) { \
		EXPECT_EQ(offset_of(req_, fault_), nl_->offs) { \
			TH_LOG("%s: \"%s\" is not at attribute %u", cmd_, \
			       nl_->text, fault_); \
		} \
	} \
	EXPECT_GE(nl_genl(req_)->cmd == MEMDEV_CMD_DEV_PLUG || \
		  nl_genl(req_)->cmd == MEMDEV_CMD_DEV_UNPLUG, \
		  (int)nl_->replies); \
} while (0)

#define EXPECT_MISSING(want, socket, nlh) do { \
	struct nl *nl_ = (socket); \
	const struct nlmsghdr *req_ = (nlh); \
	EXPECT_EQ(EINVAL, nl_talk(nl_, req_)); \
	EXPECT_EQ((int)(want), nl_->miss) { \
		TH_LOG("%s: \"%s\"", nl_cmds[nl_genl(req_)->cmd].name, \
		       nl_->text); \
	} \
	EXPECT_NE('\0', nl_->text[0]); \
} while (0)

/* --- the module ----------------------------------------------------------- */

static inline int skip(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	return KSFT_SKIP;
}

int main(int argc, char **argv)
{
	const char *memmap = strstr(file_read("/proc/cmdline"), "memmap=");
	char command[128];
	__u64 size = 0;
	int status;
	char *end;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (geteuid())
		return skip("needs root");
	block_size = strtoull(file_read(MEM "/block_size_bytes"), NULL, 16);
	if (!block_size)
		return skip("this kernel cannot hotplug memory");
	if (memmap) {
		size = nl_number(memmap + strlen("memmap="), &end);
		if (*end == '$')
			reserved = nl_number(end + 1, &end);
	}
	if (!reserved || reserved % block_size ||
	    size < (WINDOW_BLOCKS + 1) * block_size)
		return skip("no reserved range of 8 memory blocks");
	spare = reserved + WINDOW_BLOCKS * block_size;
	snprintf(command, sizeof(command),
		 "modprobe memdev devices=0 window=%llu@0x%llx",
		 (unsigned long long)(WINDOW_BLOCKS * block_size),
		 (unsigned long long)reserved);
	if (system(command))
		return skip("the module does not load");

	/* The harness exits: run it in a child, then remove the module. */
	fflush(stdout);
	pid = fork();
	if (!pid)
		return test_harness_run(argc, argv);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return KSFT_FAIL;
	devs_remove();
	if (system("rmmod memdev")) {
		printf("# rmmod failed\n");
		return KSFT_FAIL;
	}
	return WEXITSTATUS(status);
}

#endif
