/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks of the machine, and what they found.
 */
#ifndef MEMDEVCTL_DOCTOR_H
#define MEMDEVCTL_DOCTOR_H

#include "nl.h"

enum severity { STATUS_OK, STATUS_NOTE, STATUS_WARNING, STATUS_PROBLEM };

struct finding {
	const char *check;
	enum severity severity;
	char *text;
	char *remedy;		/* or NULL */
};

/**
 * struct doctor - the state of a run
 * @v: what was found
 * @n: number of elements in @v
 * @check: name of the check that is running
 * @root: the caller may see what only root may
 * @loaded: the module is loaded or built in
 * @release: release of the running kernel
 * @machine: architecture of the running kernel
 * @block_size: size of a memory block, or 0 if it is not known
 * @unused: there is RAM that a window could claim instead of carving
 * @devs: the devices; none if the module cannot be asked
 * @windows: the windows, likewise
 * @runs: the blocks of the devices, likewise
 */
struct doctor {
	struct finding *v;
	size_t n;
	const char *check;
	bool root;
	bool loaded;
	const char *release;
	const char *machine;
	__u64 block_size;
	bool unused;
	struct devs devs;
	struct windows windows;
	struct block_runs runs;
};

struct check {
	const char *name;
	void (*run)(struct doctor *d);
};

/* Each ends with a nameless one. */
extern const struct check kernel_checks[], memory_checks[], device_checks[];

/* Add a finding. remedy: what to do about it, or NULL */
__printf(4, 5)
void found(struct doctor *d, enum severity level, const char *remedy,
	   const char *format, ...);
/* Add a note that a file could not be read; errno is the reason. */
void not_checked(struct doctor *d, const char *path);

/* Names of devices for a text: at most a few, then their number */
struct names {
	char *text;
	unsigned int n;
};

void names_add(struct names *names, __u32 index);
/* Complete the text, which the caller frees. */
char *names_text(struct names *names);

/* Sum of the plugged sizes */
__u64 plugged_total(const struct doctor *d);

#endif /* MEMDEVCTL_DOCTOR_H */
