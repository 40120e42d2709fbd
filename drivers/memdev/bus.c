// SPDX-License-Identifier: GPL-2.0
/*
 * The bus, with the attributes that create and remove windows and devices.
 *
 * Devices on this bus have no driver, because a user could unbind it while
 * memory is plugged. Their provider operates them instead. Devices are removed
 * through a bus attribute, because an attribute of the device would have to
 * remove itself.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "deadline.h"
#include "internal.h"
#include "window.h"

/* Maximum length of input; valid input has up to about 150 characters */
#define MEMDEV_TEXT_MAX	256

/* Serializes writes to bus attributes, and changes to memdev_opened */
static DEFINE_MUTEX(memdev_bus_lock);

/* Registered kinds of devices; protected by memdev_list_lock */
static LIST_HEAD(memdev_kinds);

/**
 * memdev_bus_enter() - start to create or remove a window or a device
 *
 * After a success, the caller must call memdev_bus_leave().
 *
 * Context: Sleeps. A signal ends the wait.
 * Return: 0; -EINTR if a signal is pending; -ERESTARTNOINTR if the task is
 * being frozen, stopped or traced; -ENODEV while the module loads or unloads.
 */
int memdev_bus_enter(void)
{
	static const struct memdev_reason none = {};

	if (mutex_lock_interruptible(&memdev_bus_lock))
		return memdev_signal_errno();
	if (!memdev_is_open()) {
		mutex_unlock(&memdev_bus_lock);
		return -ENODEV;
	}
	memdev_bus_set_error(&none);
	return 0;
}

/**
 * memdev_bus_leave() - finish what memdev_bus_enter() started
 * @rc: the result, a negative errno for a failure
 * @why: the reason for the failure; set to a default text if it is empty
 *
 * Return: @rc.
 */
int memdev_bus_leave(int rc, struct memdev_reason *why)
{
	/*
	 * After a success, discard the reasons of earlier failed attempts.
	 * -ERESTARTNOINTR restarts the system call and is not a failure either.
	 */
	if (rc >= 0 || rc == -ERESTARTNOINTR)
		why->text[0] = '\0';
	else if (!why->text[0])
		memdev_refuse(why, rc, "failed (%d)", rc);
	memdev_bus_set_error(why);
	mutex_unlock(&memdev_bus_lock);
	return rc;
}

/* Copy user input; *@text is the copy without surrounding white space */
static char *memdev_bus_text(const char *buf, size_t count, char **text,
			     struct memdev_reason *why)
{
	char *copy, *c;

	if (count > MEMDEV_TEXT_MAX || strnlen(buf, count) != count) {
		memdev_refuse(why, -EINVAL,
			      "input is not text or exceeds %d characters",
			      MEMDEV_TEXT_MAX);
		return ERR_PTR(-EINVAL);
	}
	copy = kstrndup(buf, count, GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	*text = strim(copy);
	/* Refuse input that cannot be quoted in last_error as plain text */
	for (c = *text; isascii(*c) && (isprint(*c) || isspace(*c)); c++)
		;
	if (*c) {
		kfree(copy);
		memdev_refuse(why, -EINVAL, "input is not printable ASCII text");
		return ERR_PTR(-EINVAL);
	}
	return copy;
}

static ssize_t memdev_bus_write(const char *buf, size_t count,
				int (*write)(char *text,
					     struct memdev_reason *why))
{
	struct memdev_reason why = {};
	char *copy, *text;
	int rc;

	rc = memdev_bus_enter();
	if (rc)
		return rc;

	copy = memdev_bus_text(buf, count, &text, &why);
	if (IS_ERR(copy)) {
		rc = PTR_ERR(copy);
	} else {
		rc = write(text, &why);
		kfree(copy);
	}
	rc = memdev_bus_leave(rc, &why);
	return rc < 0 ? rc : count;
}

/* --- windows -------------------------------------------------------------- */

static int memdev_new_window(char *text, struct memdev_reason *why)
{
	struct memdev_window_spec spec;

	return memdev_window_spec_parse(text, &spec, why) ?:
	       memdev_window_create(&spec, why);
}

static ssize_t new_window_store(MEMDEV_BUS_TYPE *bus,
				const char *buf, size_t count)
{
	return memdev_bus_write(buf, count, memdev_new_window);
}
static BUS_ATTR_WO(new_window);

static int memdev_del_window(char *text, struct memdev_reason *why)
{
	int id;

	if (memdev_number_parse(text, "window", &id))
		return memdev_refuse(why, -EINVAL,
				     "invalid window '%.80s', expected windowN or N",
				     text);
	return memdev_window_destroy(id, why);
}

static ssize_t del_window_store(MEMDEV_BUS_TYPE *bus,
				const char *buf, size_t count)
{
	return memdev_bus_write(buf, count, memdev_del_window);
}
static BUS_ATTR_WO(del_window);

/* --- kinds ---------------------------------------------------------------- */

/**
 * memory_device_kind_register() - let users create devices of a kind
 * @kind: the kind; must stay valid until memory_device_kind_unregister()
 *
 * Context: Sleeps.
 * Return: 0, or -EEXIST if a kind with this name is already registered.
 */
int memory_device_kind_register(struct memory_device_kind *kind)
{
	struct memory_device_kind *other;
	int rc = 0;

	mutex_lock(&memdev_list_lock);
	list_for_each_entry(other, &memdev_kinds, list) {
		if (!strcmp(other->name, kind->name))
			rc = -EEXIST;
	}
	if (!rc)
		list_add_tail(&kind->list, &memdev_kinds);
	mutex_unlock(&memdev_list_lock);
	return rc;
}
EXPORT_SYMBOL_GPL(memory_device_kind_register);

/**
 * memory_device_kind_unregister() - unregister a kind
 * @kind: a registered kind
 *
 * Afterwards users can neither create nor remove devices of the kind, so the
 * caller has to remove those that still exist.
 *
 * Context: Sleeps until no device is being created or removed. Must not be
 * called from the kind's create or destroy.
 */
void memory_device_kind_unregister(struct memory_device_kind *kind)
{
	mutex_lock(&memdev_bus_lock);
	mutex_lock(&memdev_list_lock);
	list_del(&kind->list);
	mutex_unlock(&memdev_list_lock);
	mutex_unlock(&memdev_bus_lock);
}
EXPORT_SYMBOL_GPL(memory_device_kind_unregister);

/* Find a kind by @name or by @ops. The caller must put the kind's module. */
static struct memory_device_kind *
memdev_kind_get(const char *name, const struct memory_device_ops *ops)
{
	struct memory_device_kind *kind, *found = NULL;

	mutex_lock(&memdev_list_lock);
	list_for_each_entry(kind, &memdev_kinds, list) {
		if (ops ? kind->ops != ops :
			  !name || strcmp(kind->name, name))
			continue;
		if (try_module_get(kind->owner))
			found = kind;
		break;
	}
	mutex_unlock(&memdev_list_lock);
	return found;
}

static int memdev_refuse_kind(const char *name, struct memdev_reason *why)
{
	struct memory_device_kind *kind;
	char known[80] = "";
	int len = 0;

	mutex_lock(&memdev_list_lock);
	list_for_each_entry(kind, &memdev_kinds, list)
		len += scnprintf(known + len, sizeof(known) - len, "%s%s",
				 len ? ", " : "", kind->name);
	mutex_unlock(&memdev_list_lock);
	return memdev_refuse_about(why, MEMDEV_ABOUT_KIND, -EINVAL,
				   "unknown kind '%s', not one of %s", name,
				   known);
}

/**
 * memdev_bus_check_kind() - check that a kind is registered
 * @name: the name of the kind
 * @why: where to put the reason
 *
 * Context: Sleeps.
 * Return: 0, or -EINVAL if it is not registered.
 */
int memdev_bus_check_kind(const char *name, struct memdev_reason *why)
{
	struct memory_device_kind *kind = memdev_kind_get(name, NULL);

	if (!kind)
		return memdev_refuse_kind(name, why);
	module_put(kind->owner);
	return 0;
}

/* --- devices -------------------------------------------------------------- */

enum {
	OPT_SIZE,
	OPT_WINDOW,
	OPT_ADDR,
	OPT_ALIGN,
	OPT_NODE,
	OPT_SLOT,
	OPT_KIND,
	OPT_ID,
	NR_OPTS
};

static const char *const memdev_opts[NR_OPTS] = {
	[OPT_SIZE]	= "size",
	[OPT_WINDOW]	= "window",
	[OPT_ADDR]	= "addr",
	[OPT_ALIGN]	= "align",
	[OPT_NODE]	= "node",
	[OPT_SLOT]	= "slot",
	[OPT_KIND]	= "kind",
	[OPT_ID]	= "id",
};

/**
 * memdev_id_valid() - check whether an id is valid
 * @id: the id
 *
 * Return: true if a device may have the id.
 */
bool memdev_id_valid(const char *id)
{
	const char *c;
	int nr;

	/* del_device would take the id "memdev0" or "0" for a device number */
	if (!memdev_number_parse(id, "memdev", &nr))
		return false;
	/* In scripts these are a wildcard, directories and options */
	if (!strcmp(id, "all") || !strcmp(id, ".") || !strcmp(id, "..") ||
	    *id == '-')
		return false;
	for (c = id; *c; c++) {
		if (!isalnum(*c) && !strchr("._-", *c))
			return false;
	}
	return c > id && c - id < MEMORY_DEVICE_ID_LEN;
}

static int memdev_opt_set(struct memory_device_params *p, int opt,
			  const char *val)
{
	switch (opt) {
	case OPT_SIZE:
		return memdev_size_parse(val, strlen(val), &p->size);
	case OPT_WINDOW:
		return memdev_number_parse(val, "window", &p->window);
	case OPT_ADDR:
		return memdev_size_parse(val, strlen(val), &p->addr);
	case OPT_ALIGN:
		return memdev_size_parse(val, strlen(val), &p->align);
	case OPT_NODE:
		return memdev_number_parse(val, "", &p->node);
	case OPT_SLOT:
		return memdev_number_parse(val, "", &p->slot);
	case OPT_KIND:
		return strscpy(p->kind, val, sizeof(p->kind)) > 0 ? 0 : -EINVAL;
	case OPT_ID:
		return memdev_id_valid(val) &&
		       strscpy(p->id, val, sizeof(p->id)) > 0 ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static int memdev_params_parse(char *text, struct memory_device_params *p,
			       struct memdev_reason *why)
{
	unsigned long seen = 0;
	char *word, *val;
	int opt, rc;

	*p = (struct memory_device_params){
		.kind = "virtio-mem",
		.window = -1,
		.node = NUMA_NO_NODE,
		.slot = -1,
	};

	while ((word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		val = strchr(word, '=');
		if (val)
			*val++ = '\0';
		opt = match_string(memdev_opts, NR_OPTS, word);
		if (opt < 0 || !val)
			return memdev_refuse(why, -EINVAL,
					     "invalid word '%.80s', not one of size= window= addr= align= node= slot= kind= id=",
					     word);
		if (__test_and_set_bit(opt, &seen))
			return memdev_refuse(why, -EINVAL, "%s= is given twice",
					     word);
		rc = memdev_opt_set(p, opt, val);
		if (rc)
			return memdev_refuse(why, rc, "invalid %s='%.80s'",
					     word, val);
	}
	if (!test_bit(OPT_SIZE, &seen))
		return memdev_refuse(why, -EINVAL, "size= is missing");
	return 0;
}

/* Get the reason why a provider failed to create or remove a device */
static int memdev_bus_reason(int rc, const struct netlink_ext_ack *extack,
			     struct memdev_reason *why)
{
	/*
	 * Not every message of the core fits in an extack. memdev_bus_last_error()
	 * returns the full text, but providers can overwrite it without
	 * memdev_bus_lock: use it only if this task wrote it.
	 */
	if (memdev_bus_last_error(why) && why->text[0])
		return rc;
	return extack->_msg ? memdev_refuse(why, rc, "%s", extack->_msg) :
			      memdev_refuse(why, rc, "failed (%d)", rc);
}

/**
 * memdev_bus_new_device() - create a device
 * @params: parameters of the device
 * @why: where to put the reason for a failure
 *
 * Context: under memdev_bus_lock, or in module init. Sleeps.
 * Return: the number of the device; -EINVAL for an unknown kind, or for a slot
 * if the kind uses none; or the provider's errno.
 */
int memdev_bus_new_device(const struct memory_device_params *params,
			  struct memdev_reason *why)
{
	struct netlink_ext_ack extack = {};
	struct memory_device_kind *kind;
	struct memory_device *md;
	int rc;

	kind = memdev_kind_get(params->kind, NULL);
	if (!kind)
		return memdev_refuse_kind(params->kind, why);
	if (params->slot >= 0 && !(kind->flags & MEMORY_DEVICE_SLOT)) {
		rc = memdev_refuse_about(why, MEMDEV_ABOUT_SLOT, -EINVAL,
					 "devices of kind '%s' do not use slots",
					 kind->name);
		goto out;
	}
	md = kind->create(params, &extack);
	rc = IS_ERR(md) ? memdev_bus_reason(memdev_provider_errno(PTR_ERR(md)),
					    &extack, why) :
			  md->core->id;
out:
	module_put(kind->owner);
	return rc;
}

static int memdev_new_device(char *text, struct memdev_reason *why)
{
	struct memory_device_params params;

	return memdev_params_parse(text, &params, why) ?:
	       memdev_bus_new_device(&params, why);
}

static ssize_t new_device_store(MEMDEV_BUS_TYPE *bus,
				const char *buf, size_t count)
{
	return memdev_bus_write(buf, count, memdev_new_device);
}
static BUS_ATTR_WO(new_device);

/**
 * memdev_bus_del_device() - remove a device
 * @md: the device
 * @why: where to put the reason for a failure
 *
 * Context: under memdev_bus_lock. Sleeps.
 * Return: 0; -EPERM if the kind of the device is not registered; or the
 * provider's errno.
 */
int memdev_bus_del_device(struct memory_device *md, struct memdev_reason *why)
{
	struct netlink_ext_ack extack = {};
	struct memory_device_kind *kind;
	int rc;

	kind = memdev_kind_get(NULL, md->ops);
	if (!kind)
		return memdev_refuse(why, -EPERM,
				     "only the provider of %s can remove it",
				     dev_name(&md->dev));
	rc = kind->destroy(md, &extack);
	module_put(kind->owner);
	return rc ? memdev_bus_reason(memdev_provider_errno(rc), &extack, why) :
		    0;
}

static int memdev_del_device(char *text, struct memdev_reason *why)
{
	struct memory_device *md;
	int id, rc;

	if (!*text)
		return memdev_refuse(why, -EINVAL, "no device specified");
	if (memdev_number_parse(text, "memdev", &id))
		id = -1;
	md = memdev_device_get(id, text);
	if (!md)
		return memdev_refuse(why, -ENODEV, "there is no device '%.80s'",
				     text);
	rc = memdev_bus_del_device(md, why);
	memdev_device_put(md);
	return rc;
}

static ssize_t del_device_store(MEMDEV_BUS_TYPE *bus,
				const char *buf, size_t count)
{
	return memdev_bus_write(buf, count, memdev_del_device);
}
static BUS_ATTR_WO(del_device);

static ssize_t last_error_show(MEMDEV_BUS_TYPE *bus, char *buf)
{
	struct memdev_reason why;

	memdev_bus_last_error(&why);
	return sysfs_emit(buf, "%s\n", why.text);
}

/* Reasons contain physical addresses: only root may read them */
static struct bus_attribute bus_attr_last_error =
	__ATTR(last_error, 0400, last_error_show, NULL);

static ssize_t plugged_size_show(MEMDEV_BUS_TYPE *bus, char *buf)
{
	return sysfs_emit(buf, "%llu\n", memory_device_plugged_size());
}
static BUS_ATTR_RO(plugged_size);

/**
 * struct memdev_list_part - the part of device_list that a read returns
 * @buf: buffer of the read
 * @pos: bytes of the list still to skip before the part
 * @size: size of @buf in bytes
 * @len: bytes put in @buf so far
 */
struct memdev_list_part {
	char *buf;
	size_t pos;
	size_t size;
	size_t len;
};

static int memdev_list_line(struct memory_device *md, void *arg)
{
	struct memdev_list_part *part = arg;
	char line[32];
	size_t len, from;

	len = scnprintf(line, sizeof(line), "%s\n", dev_name(&md->dev));
	from = min(part->pos, len);
	part->pos -= from;
	len = min(len - from, part->size - part->len);
	memcpy(part->buf + part->len, line + from, len);
	part->len += len;
	return part->len == part->size;
}

static ssize_t device_list_read(struct file *file, struct kobject *kobj,
				MEMDEV_BIN_ATTR *attr, char *buf, loff_t pos,
				size_t size)
{
	struct memdev_list_part part = { .buf = buf, .pos = pos, .size = size };

	memory_device_list(memdev_list_line, &part);
	return part.len;
}

/* A binary attribute: the list can exceed a page */
static MEMDEV_BIN_ATTR bin_attr_device_list =
	__BIN_ATTR_RO(device_list, 0);

static struct attribute *memdev_bus_attrs[] = {
	&bus_attr_new_window.attr,
	&bus_attr_del_window.attr,
	&bus_attr_new_device.attr,
	&bus_attr_del_device.attr,
	&bus_attr_last_error.attr,
	&bus_attr_plugged_size.attr,
	NULL
};

static MEMDEV_BIN_ATTR *memdev_bus_bin_attrs[] = {
	&bin_attr_device_list,
	NULL
};

static const struct attribute_group memdev_bus_group = {
	.attrs = memdev_bus_attrs,
	.bin_attrs = memdev_bus_bin_attrs,
};

const struct attribute_group *memdev_bus_groups[] = {
	&memdev_bus_group,
	NULL
};

/**
 * memdev_bus_set_open() - accept or refuse user requests from now on
 * @open: true to accept them
 */
void memdev_bus_set_open(bool open)
{
	mutex_lock(&memdev_bus_lock);
	memdev_set_open(open);
	mutex_unlock(&memdev_bus_lock);
}
