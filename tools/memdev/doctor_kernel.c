// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of doctor: the module, and the kernel's options and settings.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "file.h"
#include "names.h"

#define MODULE		"/sys/module/memdev"
#define MEMORY		"/sys/devices/system/memory"
#define HOTPLUG		"/sys/module/memory_hotplug/parameters"
#define INSTALL \
	"install memdev for this kernel: 'make && make install' in its sources"

/* --- the module ----------------------------------------------------------- */

static void check_module(struct doctor *d)
{
	char *file = command_read("modinfo -k '%s' -F filename memdev 2>/dev/null",
				  d->release);
	char *version = file_read(MODULE "/version");

	if (!d->loaded && !file)
		found(d, STATUS_PROBLEM, INSTALL,
		      "the module is not available for Linux %s", d->release);
	else if (!d->loaded)
		found(d, STATUS_NOTE, "modprobe memdev",
		      "the module is not loaded");
	else if (version && strcmp(version, MEMDEVCTL_VERSION))
		found(d, STATUS_WARNING,
		      "install the same version of both, then 'rmmod memdev' and 'modprobe memdev'",
		      "the loaded module has version %s, memdevctl has %s",
		      version, MEMDEVCTL_VERSION);
	else
		found(d, STATUS_OK, NULL, "version %s is loaded",
		      version ? version : MEMDEVCTL_VERSION);
	if (d->loaded && !file)
		found(d, STATUS_NOTE, INSTALL,
		      "the module is loaded, but modprobe cannot find it for Linux %s after the next boot",
		      d->release);
	free(file);
	free(version);
}

static char *name_append(char *names, const char *name)
{
	char *longer = xasprintf("%s%s ", names ? names : "", name);

	free(names);
	return longer;
}

/* Get the names of the module's parameters, each followed by a blank. */
static char *parameter_names(const struct doctor *d)
{
	char *text = NULL, *rest, *line, *names = NULL;
	struct dirent *entry;
	DIR *dir = NULL;

	if (d->loaded)
		dir = opendir(MODULE "/parameters");
	else
		text = command_read("modinfo -k '%s' -F parm memdev 2>/dev/null",
				    d->release);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			names = name_append(names, entry->d_name);
	for (rest = text; (line = strsep(&rest, "\n"));)
		names = name_append(names, strsep(&line, ":"));
	if (dir)
		closedir(dir);
	free(text);
	return names;
}

/* Check the name in NAME=VALUE. */
static void check_parameter(struct doctor *d, const char *names,
			    const char *word, const char *place)
{
	const size_t len = strcspn(word, "=");
	char *remedy;

	/* The kernel has these for each module. */
	if (name_matches(word, len, "dyndbg") ||
	    name_matches(word, len, "async_probe"))
		return;
	for (const char *name = names; *name; name += strcspn(name, " ") + 1) {
		char *known = xasprintf("%.*s", (int)strcspn(name, " "), name);
		const bool matches = name_matches(word, len, known);

		free(known);
		if (matches)
			return;
	}
	remedy = xasprintf("correct %s; the module has the parameters: %s",
			   place, names);
	remedy[strlen(remedy) - 1] = '\0';
	found(d, STATUS_WARNING, remedy,
	      "the module ignores the unknown parameter '%.*s' in %s",
	      (int)len, word, place);
	free(remedy);
}

/* Check a line of a file in modprobe.d; modifies the line. */
static void check_modprobe_line(struct doctor *d, const char *names,
				char *line, const char *path)
{
	char *command, *module, *word;

	line += strspn(line, " \t");
	command = strsep(&line, " \t");
	if (!line)
		return;
	line += strspn(line, " \t");
	module = strsep(&line, " \t");
	if (strcmp(module, "memdev"))
		return;
	if (!strcmp(command, "blacklist"))
		found(d, STATUS_NOTE, "remove the line",
		      "'blacklist memdev' in %s keeps the module from being loaded at boot",
		      path);
	else if (!strcmp(command, "install"))
		found(d, STATUS_WARNING, "remove the line",
		      "'install memdev' in %s makes modprobe run a command instead of loading the module",
		      path);
	if (strcmp(command, "options"))
		return;
	while ((word = strsep(&line, " \t")))
		if (*word)
			check_parameter(d, names, word, path);
}

static void check_modprobe_file(struct doctor *d, const char *names,
				const char *path)
{
	char *text = file_read("%s", path), *rest = text, *line, *next;

	if (!text) {
		not_checked(d, path);
		return;
	}
	/* A backslash continues a line. */
	while ((next = strstr(text, "\\\n")))
		memset(next, ' ', 2);
	while ((line = strsep(&rest, "\n")))
		check_modprobe_line(d, names, line, path);
	free(text);
}

static int is_conf(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && !strcmp(dot, ".conf");
}

static void check_modprobe_dirs(struct doctor *d, const char *names)
{
	/* A file hides files of the same name in later directories. */
	static const char *const dirs[] = {
		"/etc/modprobe.d", "/run/modprobe.d",
		"/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
		"/lib/modprobe.d",
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		struct dirent **entries;
		int n = scandir(dirs[i], &entries, is_conf, alphasort);

		for (int e = 0; e < n; e++) {
			bool hidden = false;
			char *path;

			for (size_t j = 0; j < i; j++) {
				path = xasprintf("%s/%s", dirs[j],
						 entries[e]->d_name);
				hidden |= !access(path, F_OK);
				free(path);
			}
			path = xasprintf("%s/%s", dirs[i], entries[e]->d_name);
			if (!hidden)
				check_modprobe_file(d, names, path);
			free(path);
			free(entries[e]);
		}
		if (n >= 0)
			free(entries);
	}
}

static void check_parameters(struct doctor *d)
{
	char *names = parameter_names(d), *line, *rest, *word;
	const size_t before = d->n;

	if (!names) {
		found(d, STATUS_NOTE, NULL,
		      "not checked: the module is neither loaded nor available");
		return;
	}
	line = file_read("/proc/cmdline");
	rest = line;
	while ((word = strsep(&rest, " ")))
		/* memdev.restore=0 is for memdev.service. */
		if (!strncmp(word, "memdev.", 7) &&
		    strncmp(word, "memdev.restore=", 15))
			check_parameter(d, names, word + 7,
					"the kernel command line");
	free(line);
	check_modprobe_dirs(d, names);
	if (d->n == before)
		found(d, STATUS_OK, NULL,
		      "the kernel command line and modprobe.d have no unknown parameter");
	free(names);
}

static void check_signature(struct doctor *d)
{
	char *lockdown = file_read("/sys/kernel/security/lockdown");
	char *enforce = file_read("/sys/module/module/parameters/sig_enforce");
	const bool needed = (lockdown && strcmp(word_chosen(lockdown), "none")) ||
			    (enforce && *enforce == 'Y');
	char *signer = NULL;

	if (d->loaded || !needed)
		found(d, STATUS_OK, NULL, "%s", d->loaded ?
		      "the module is loaded" :
		      "the kernel loads modules without a signature");
	else
		signer = command_read("modinfo -k '%s' -F signer memdev 2>/dev/null | grep .",
				      d->release);
	if (signer)
		found(d, STATUS_OK, NULL, "the module is signed by %s", signer);
	else if (!d->loaded && needed)
		found(d, STATUS_PROBLEM,
		      "sign memdev.ko with the kernel's scripts/sign-file and a key that the machine trusts",
		      "the kernel loads signed modules only, and memdev.ko has no signature");
	free(lockdown);
	free(enforce);
	free(signer);
}

/* --- the kernel ----------------------------------------------------------- */

static const struct option_needed {
	const char *name;
	enum severity severity;
	const char *without;
} options_needed[] = {
	{ "CONFIG_MEMORY_HOTPLUG", STATUS_PROBLEM,
	  "memory cannot be plugged" },
	{ "CONFIG_MEMORY_HOTREMOVE", STATUS_PROBLEM,
	  "memory can neither be unplugged nor carved" },
	{ "CONFIG_DEBUG_FS", STATUS_NOTE, "there are no fault rules" },
	{ "CONFIG_MEMORY_FAILURE", STATUS_NOTE, "no page can be poisoned" },
	{ "CONFIG_FIRMWARE_MEMMAP", STATUS_NOTE,
	  "windows are not compared with the firmware's memory map" },
};

static void check_config(struct doctor *d)
{
	const size_t before = d->n;
	char *text, *lines, *remedy;

	text = command_read("zcat /proc/config.gz 2>/dev/null") ?:
	       file_read("/boot/config-%s", d->release) ?:
	       file_read("/lib/modules/%s/config", d->release);
	if (!text) {
		found(d, STATUS_NOTE, NULL,
		      "not checked: neither /proc/config.gz nor /boot/config-%s can be read",
		      d->release);
		return;
	}
	/* Put the first and the last line between newlines, too. */
	lines = xasprintf("\n%s\n", text);
	free(text);
	for (size_t i = 0; i < ARRAY_SIZE(options_needed); i++) {
		const struct option_needed *option = &options_needed[i];
		char *set = xasprintf("\n%s=y\n", option->name);
		const bool there = strstr(lines, set);

		free(set);
		if (there)
			continue;
		remedy = xasprintf("use a kernel with %s=y", option->name);
		found(d, option->severity, remedy, "the kernel lacks %s: %s",
		      option->name, option->without);
		free(remedy);
	}
	free(lines);
	if (d->n == before)
		found(d, STATUS_OK, NULL, "the kernel has the options that memdev uses");
}

/* What a type of onlining does to an unplug, or NULL if nothing */
static const char *online_effect(__u32 type, const char *policy)
{
	switch (type) {
	case MEMDEV_ONLINE_TYPE_ONLINE_KERNEL:
		return "come online in a kernel zone, and often cannot be unplugged";
	case MEMDEV_ONLINE_TYPE_ONLINE:
		return "come online where the kernel wants, and often cannot be unplugged";
	case MEMDEV_ONLINE_TYPE_OFFLINE:
		return "stay offline";
	case MEMDEV_ONLINE_TYPE_SYSTEM:
		if (!strcmp(policy, "offline"))
			return "stay offline, unless a udev rule brings them online";
		if (!strcmp(policy, "online_movable"))
			return NULL;
		return "come online as auto_online_blocks says, and often cannot be unplugged";
	}
	return NULL;
}

static void check_policy(struct doctor *d)
{
	char *policy = file_read(MEMORY "/auto_online_blocks");
	char *zones = file_read(HOTPLUG "/online_policy");
	char *ratio = file_read(HOTPLUG "/auto_movable_ratio");
	const size_t before = d->n;
	__u32 type;

	if (!policy) {
		not_checked(d, MEMORY "/auto_online_blocks");
		goto out;
	}
	for (type = 0; type <= MEMDEV_ONLINE_TYPE_SYSTEM; type++) {
		const char *effect = online_effect(type, policy);
		struct names names = { 0 };
		char *text;

		for (size_t i = 0; i < d->devs.n; i++)
			if (d->devs.v[i].online_type == type)
				names_add(&names, d->devs.v[i].index);
		text = names_text(&names);
		if (text && effect)
			found(d, STATUS_NOTE,
			      "memdevctl set DEV online_type=online_movable",
			      "online_type=%s: new blocks of %s %s",
			      online_type_name(type), text, effect);
		free(text);
	}
	if (d->n == before)
		found(d, STATUS_OK, NULL,
		      "new blocks come online in ZONE_MOVABLE; for online_type=system, auto_online_blocks is %s; for online, online_policy is %s (auto_movable_ratio %s)",
		      policy, zones ? zones : "unknown",
		      ratio ? ratio : "unknown");
out:
	free(policy);
	free(zones);
	free(ratio);
}

static bool mounted(const char *place, const char *type)
{
	char *text = file_read("/proc/mounts");
	char *entry = xasprintf(" %s %s ", place, type);
	const bool found = text && strstr(text, entry);

	free(text);
	free(entry);
	return found;
}

static void check_lockdown(struct doctor *d)
{
	const char *path = "/sys/kernel/security/lockdown";
	char *text = file_read("%s", path), *level;

	if (!text && errno != ENOENT) {
		not_checked(d, path);
	} else if (!text && file_has_word("/proc/filesystems", "securityfs") &&
		   !mounted("/sys/kernel/security", "securityfs")) {
		found(d, STATUS_NOTE,
		      "mount -t securityfs none /sys/kernel/security",
		      "not checked: securityfs is not mounted");
	} else if (!text) {
		found(d, STATUS_OK, NULL, "the kernel has no lockdown");
	} else {
		level = word_chosen(text);
		if (strcmp(level, "none"))
			found(d, STATUS_WARNING,
			      "'modprobe memdev' or 'memdevctl window add SIZE' carve a window; or disable Secure Boot",
			      "the kernel is locked down (%s): memdev refuses window=, windows at an address, fault rules and poison",
			      level);
		else
			found(d, STATUS_OK, NULL, "the kernel is not locked down");
	}
	free(text);
}

static void check_memmap(struct doctor *d)
{
	const char *path = HOTPLUG "/memmap_on_memory";
	char *text = file_read("%s", path);
	char *line = file_read("/proc/cmdline");
	char *asked = line ? strstr(line, "memmap_on_memory=") : NULL;
	const bool on = text && (*text == 'Y' || *text == 'f');

	if (!text && errno != ENOENT)
		not_checked(d, path);
	else if (!on && asked && !strchr("0nNoO", asked[17]))
		found(d, STATUS_WARNING, text ?
		      "boot with memory_hotplug.memmap_on_memory=1" :
		      "use a kernel with CONFIG_MHP_MEMMAP_ON_MEMORY=y",
		      "the kernel command line asks for memmap_on_memory, but it is off: each GiB takes 16M of other memory");
	else
		found(d, STATUS_OK, NULL, "%s", on ?
		      "memmap_on_memory is on" :
		      "memmap_on_memory is off: each GiB takes 16M of other memory");
	free(text);
	free(line);
}

static void check_kdump(struct doctor *d)
{
	char *line = file_read("/proc/cmdline");
	const bool crashed = line && strstr(line, "elfcorehdr=");
	__u64 loaded = 0, updated = 0;

	free(line);
	if (crashed) {
		found(d, STATUS_PROBLEM, NULL,
		      "this is a crash kernel, into which memdev does not load");
		return;
	}
	file_number("/sys/kernel/kexec_crash_loaded", 10, &loaded);
	file_number(MEMORY "/crash_hotplug", 10, &updated);
	if (loaded && !updated)
		found(d, STATUS_NOTE,
		      "reload the crash kernel (kdump-config reload) after each plug and unplug",
		      "a crash kernel is loaded, and dumps only the memory that it knew when it was loaded");
	else
		found(d, STATUS_OK, NULL, "%s", loaded ?
		      "the kernel tells the crash kernel about plugged memory" :
		      "no crash kernel is loaded");
}

static void check_hibernation(struct doctor *d)
{
	const bool able = file_has_word("/sys/power/state", "disk") &&
			  !file_has_word("/sys/power/disk", "disabled");
	unsigned int carved = 0;
	const __u64 plugged = plugged_total(d);

	for (size_t i = 0; i < d->windows.n; i++)
		carved += d->windows.v[i].source == MEMDEV_SOURCE_CARVED;
	if (able && (plugged || carved))
		found(d, STATUS_NOTE,
		      "before hibernating, unplug all devices and delete carved windows",
		      "hibernation is refused while %s",
		      plugged ? "memory is plugged" : "a window is carved");
	else
		found(d, STATUS_OK, NULL, "%s", able ?
		      "hibernation is possible" :
		      "the kernel cannot hibernate anyway");
}

static void check_debugfs(struct doctor *d)
{
	if (!file_has_word("/proc/filesystems", "debugfs"))
		found(d, STATUS_NOTE, "use a kernel with CONFIG_DEBUG_FS=y",
		      "the kernel has no debugfs: there are no fault rules");
	else if (!mounted("/sys/kernel/debug", "debugfs"))
		found(d, STATUS_NOTE,
		      "mount -t debugfs none /sys/kernel/debug",
		      "debugfs is not mounted: the fault commands cannot work");
	else
		found(d, STATUS_OK, NULL, "debugfs is mounted");
}

const struct check kernel_checks[] = {
	{ "module", check_module },
	{ "signature", check_signature },
	{ "parameters", check_parameters },
	{ "config", check_config },
	{ "online", check_policy },
	{ "lockdown", check_lockdown },
	{ "memmap", check_memmap },
	{ "kdump", check_kdump },
	{ "hibernation", check_hibernation },
	{ "debugfs", check_debugfs },
	{ .name = NULL }
};
