// SPDX-License-Identifier: GPL-2.0
/*
 * Rules for scripted faults in debugfs, as text. See
 * Documentation/ABI/testing/debugfs-memdev.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fault.h"

/* Maximum length of a write, enough for MEMDEV_FAULTS_MAX rules */
#define MEMDEV_FAULTS_TEXT_MAX	(MEMDEV_FAULTS_MAX * 160)

static struct dentry *memdev_debugfs_root;

/* --- errnos --------------------------------------------------------------- */

/* Names of the errnos that memory hotplug and providers may return */
static const struct {
	const char *name;
	u32 error;
} memdev_errors[] = {
	{ "EPERM", EPERM }, { "ENOENT", ENOENT }, { "EINTR", EINTR },
	{ "EIO", EIO }, { "ENXIO", ENXIO }, { "EAGAIN", EAGAIN },
	{ "ENOMEM", ENOMEM }, { "EACCES", EACCES }, { "EFAULT", EFAULT },
	{ "EBUSY", EBUSY }, { "EEXIST", EEXIST }, { "ENODEV", ENODEV },
	{ "EINVAL", EINVAL }, { "ENOSPC", ENOSPC }, { "ERANGE", ERANGE },
	{ "ENOLINK", ENOLINK }, { "EPROTO", EPROTO }, { "EBADMSG", EBADMSG },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "ETIMEDOUT", ETIMEDOUT },
	{ "EREMOTEIO", EREMOTEIO }, { "ECANCELED", ECANCELED },
	{ "EHWPOISON", EHWPOISON },
};

static int memdev_error_parse(const char *text, u32 *error)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(memdev_errors); i++) {
		if (strcmp(text, memdev_errors[i].name))
			continue;
		*error = memdev_errors[i].error;
		return 0;
	}
	return kstrtou32(text, 10, error);
}

static void memdev_error_show(struct seq_file *m, u32 error)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(memdev_errors); i++) {
		if (memdev_errors[i].error != error)
			continue;
		seq_printf(m, " errno=%s", memdev_errors[i].name);
		return;
	}
	seq_printf(m, " errno=%u", error);
}

/* --- reading rules -------------------------------------------------------- */

static void memdev_fault_show(struct seq_file *m,
			      const struct memdev_fault *fault)
{
	const struct memdev_fault_rule *rule = &fault->rule;

	seq_puts(m, memdev_step_names[rule->step]);
	if (rule->has_block)
		seq_printf(m, " block=%u", rule->block);
	if (rule->error)
		memdev_error_show(m, rule->error);
	if (rule->delay_ms)
		seq_printf(m, " delay=%u", rule->delay_ms);
	if (rule->nth != 1)
		seq_printf(m, " nth=%u", rule->nth);
	if (rule->every != 1)
		seq_printf(m, " every=%u", rule->every);
	if (rule->times)
		seq_printf(m, " times=%u", rule->times);
	if (rule->chance != MEMDEV_FAULT_CHANCE_MAX)
		seq_printf(m, " chance=%u seed=%u", rule->chance, rule->seed);
	/* Print counters as a comment, so that the line can be written back */
	seq_printf(m, " # rule %u: seen %llu, hit %llu\n", fault->index,
		   fault->seen, fault->hit);
}

static int memdev_faults_show(struct seq_file *m, void *unused)
{
	struct memdev_core *core = m->private;
	struct memdev_fault fault = { .index = 0 };

	while (memdev_fault_next(core, fault.index + 1, &fault))
		memdev_fault_show(m, &fault);
	return 0;
}

static int memdev_faults_open(struct inode *inode, struct file *file)
{
	return single_open(file, memdev_faults_show, inode->i_private);
}

/* --- writing rules -------------------------------------------------------- */

enum {
	VERB_RULE,
	VERB_DEL,
	VERB_CLEAR,
	VERB_POISON,
};

enum {
	OPT_BLOCK,
	OPT_ERRNO,
	OPT_DELAY,
	OPT_NTH,
	OPT_EVERY,
	OPT_TIMES,
	OPT_CHANCE,
	OPT_SEED,
	OPT_PAGE,
	NR_OPTS
};

static const char *const memdev_fault_opts[NR_OPTS] = {
	[OPT_BLOCK]	= "block",
	[OPT_ERRNO]	= "errno",
	[OPT_DELAY]	= "delay",
	[OPT_NTH]	= "nth",
	[OPT_EVERY]	= "every",
	[OPT_TIMES]	= "times",
	[OPT_CHANCE]	= "chance",
	[OPT_SEED]	= "seed",
	[OPT_PAGE]	= "page",
};

#define OPTS_RULE	(BIT(OPT_PAGE) - 1)
#define OPTS_POISON	(BIT(OPT_BLOCK) | BIT(OPT_PAGE))

/**
 * struct memdev_fault_line - a parsed line
 * @verb: VERB_*
 * @rule: the rule to add; with VERB_POISON, its block is the block to poison
 * @index: index of the rule to remove
 * @has_page: @page was given
 * @page: page to poison, counted from the start of the block
 */
struct memdev_fault_line {
	int verb;
	struct memdev_fault_rule rule;
	u32 index;
	bool has_page;
	u32 page;
};

static char *memdev_word(char **text)
{
	char *word;

	do
		word = strsep(text, " \t");
	while (word && !*word);
	return word;
}

static int memdev_fault_opt(struct memdev_fault_line *line, int opt,
			    const char *val)
{
	struct memdev_fault_rule *rule = &line->rule;
	u32 *where[NR_OPTS] = {
		[OPT_BLOCK]	= &rule->block,
		[OPT_ERRNO]	= &rule->error,
		[OPT_DELAY]	= &rule->delay_ms,
		[OPT_NTH]	= &rule->nth,
		[OPT_EVERY]	= &rule->every,
		[OPT_TIMES]	= &rule->times,
		[OPT_CHANCE]	= &rule->chance,
		[OPT_SEED]	= &rule->seed,
		[OPT_PAGE]	= &line->page,
	};
	u32 number;
	int rc;

	if (opt == OPT_ERRNO)
		rc = memdev_error_parse(val, &number);
	else
		/* kstrtou32() would accept a plus sign */
		rc = isdigit(*val) ? kstrtou32(val, 10, &number) : -EINVAL;
	if (rc)
		return rc;
	/* In a rule, 0 means that times= or errno= was not given */
	if (!number && (opt == OPT_TIMES || opt == OPT_ERRNO))
		return -EINVAL;
	*where[opt] = number;
	if (opt == OPT_BLOCK)
		rule->has_block = true;
	if (opt == OPT_PAGE)
		line->has_page = true;
	return 0;
}

static int memdev_fault_opts_parse(char *text, struct memdev_fault_line *line,
				   unsigned long allowed,
				   struct memdev_reason *why)
{
	unsigned long seen = 0;
	char *word, *val;
	int opt, rc;

	while ((word = memdev_word(&text))) {
		val = strchr(word, '=');
		if (val)
			*val++ = '\0';
		opt = match_string(memdev_fault_opts, NR_OPTS, word);
		if (opt < 0 || !val || !(allowed & BIT(opt)))
			return memdev_refuse(why, -EINVAL,
					     "invalid word '%.40s', not one of %s", word,
					     allowed == OPTS_POISON ?
					     "block= page=" :
					     "block= errno= delay= nth= every= times= chance= seed=");
		if (__test_and_set_bit(opt, &seen))
			return memdev_refuse(why, -EINVAL, "%s= is given twice",
					     word);
		rc = memdev_fault_opt(line, opt, val);
		if (rc)
			return memdev_refuse(why, rc, "invalid %s='%.40s'",
					     word, val);
	}
	return 0;
}

/* Parse one line without executing it; modifies @text */
static int memdev_fault_line_parse(struct memdev_core *core, char *text,
				   struct memdev_fault_line *line,
				   struct memdev_reason *why)
{
	char *verb, *word;
	int step, rc;

	memset(line, 0, sizeof(*line));
	memdev_fault_rule_init(&line->rule);
	verb = memdev_word(&text);

	if (!strcmp(verb, "clear")) {
		line->verb = VERB_CLEAR;
		return memdev_fault_opts_parse(text, line, 0, why);
	}
	if (!strcmp(verb, "del")) {
		line->verb = VERB_DEL;
		word = memdev_word(&text);
		if (!word || !isdigit(*word) ||
		    kstrtou32(word, 10, &line->index))
			return memdev_refuse(why, -EINVAL,
					     "del needs the number of a rule");
		return memdev_fault_opts_parse(text, line, 0, why);
	}
	if (!strcmp(verb, "poison")) {
		line->verb = VERB_POISON;
		rc = memdev_fault_opts_parse(text, line, OPTS_POISON, why);
		if (!rc && !line->rule.has_block)
			rc = memdev_refuse(why, -EINVAL, "block= is missing");
		return rc;
	}

	step = match_string(memdev_step_names, -1, verb);
	if (step < 0)
		return memdev_refuse(why, -EINVAL,
				     "invalid word '%.40s', not one of add online offline remove answer poison del clear",
				     verb);
	line->verb = VERB_RULE;
	line->rule.step = step;
	return memdev_fault_opts_parse(text, line, OPTS_RULE, why) ?:
	       memdev_fault_check(core, &line->rule, why);
}

static int memdev_fault_line_do(struct memdev_core *core,
				const struct memdev_fault_line *line,
				struct memdev_reason *why)
{
	switch (line->verb) {
	case VERB_DEL:
		return memdev_fault_del(core, line->index, why);
	case VERB_CLEAR:
		memdev_fault_clear(core);
		return 0;
	case VERB_POISON:
		return memdev_poison_page(core, line->rule.block,
					   line->has_page ? &line->page : NULL,
					   why);
	default:
		return memdev_fault_new(core, &line->rule, why);
	}
}

/* Parse all lines; execute each of them if @act */
static int memdev_faults_lines(struct memdev_core *core, const char *text,
			       bool act, struct memdev_reason *why)
{
	struct memdev_fault_line line;
	char *copy, *rest, *one;
	int rc = 0;

	copy = kstrdup(text, GFP_KERNEL);
	if (!copy)
		return memdev_refuse(why, -ENOMEM,
				     "not enough kernel memory for the input");
	for (rest = copy; !rc && (one = strsep(&rest, "\n"));) {
		one[strcspn(one, "#")] = '\0';
		one = strim(one);
		if (!*one)
			continue;
		rc = memdev_fault_line_parse(core, one, &line, why);
		if (!rc && act)
			rc = memdev_fault_line_do(core, &line, why);
	}
	kfree(copy);
	return rc;
}

/* Refuse input that cannot be quoted in last_error as plain text */
static int memdev_faults_text(const char *text, size_t count,
			      struct memdev_reason *why)
{
	const char *c;

	for (c = text; isascii(*c) && (isprint(*c) || isspace(*c)); c++)
		;
	if (c == text + count)
		return 0;
	return memdev_refuse(why, -EINVAL, "input is not printable ASCII text");
}

static ssize_t memdev_faults_write(struct file *file, const char __user *buf,
				   size_t count, loff_t *pos)
{
	struct memdev_core *core = file_inode(file)->i_private;
	struct memdev_reason why = {};
	char *text;
	int rc;

	if (count > MEMDEV_FAULTS_TEXT_MAX) {
		rc = memdev_refuse(&why, -E2BIG, "input exceeds %d bytes",
				   MEMDEV_FAULTS_TEXT_MAX);
		goto out;
	}
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text)) {
		rc = memdev_refuse(&why, PTR_ERR(text),
				   "the input cannot be copied from user space");
		goto out;
	}
	/* Check all lines before executing the first */
	rc = memdev_faults_text(text, count, &why) ?:
	     memdev_faults_lines(core, text, false, &why) ?:
	     memdev_faults_lines(core, text, true, &why);
	kfree(text);
out:
	if (rc)
		memdev_core_refuse(core, MEMDEV_OP_NONE, 0, rc, &why);
	return rc ?: count;
}

static const struct file_operations memdev_faults_fops = {
	.owner = THIS_MODULE,
	.open = memdev_faults_open,
	.read = seq_read,
	.write = memdev_faults_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* --- the files ------------------------------------------------------------ */

static int memdev_debugfs_notify(struct notifier_block *nb,
				 unsigned long action, void *data)
{
	struct memdev_core *core = dev_to_core(data);

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		core->debugfs = debugfs_create_dir(core->name,
						   memdev_debugfs_root);
		debugfs_create_file("faults", 0600, core->debugfs, core,
				    &memdev_faults_fops);
		break;
	case BUS_NOTIFY_DEL_DEVICE:
		/* Waits for reads and writes in flight */
		debugfs_remove(core->debugfs);
		core->debugfs = NULL;
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block memdev_debugfs_nb = {
	.notifier_call = memdev_debugfs_notify,
};

/**
 * memdev_debugfs_init() - create the module's debugfs directory
 *
 * A bus notifier creates and removes the devices' directories. Debugfs errors
 * are ignored, as in all drivers.
 *
 * Return: 0 or a negative errno.
 */
int memdev_debugfs_init(void)
{
	int rc;

	memdev_debugfs_root = debugfs_create_dir("memdev", NULL);
	rc = bus_register_notifier(&memdev_bus, &memdev_debugfs_nb);
	if (rc)
		debugfs_remove(memdev_debugfs_root);
	return rc;
}

/**
 * memdev_debugfs_exit() - undo memdev_debugfs_init()
 */
void memdev_debugfs_exit(void)
{
	bus_unregister_notifier(&memdev_bus, &memdev_debugfs_nb);
	debugfs_remove(memdev_debugfs_root);
}
