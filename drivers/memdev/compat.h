/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the supported kernels. No other file checks the
 * kernel version.
 */
#ifndef _MEMDEV_COMPAT_H
#define _MEMDEV_COMPAT_H

#include <linux/fs.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <net/genetlink.h>

/* Since 6.4, bus attributes take a const struct bus_type */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define MEMDEV_BUS_TYPE const struct bus_type
#else
#define MEMDEV_BUS_TYPE struct bus_type
#endif

/* Since 6.10, __assign_str() takes the source from TP_STRUCT__entry() */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define memdev_assign_str(dst, ...)	__assign_str(dst)
#else
#define memdev_assign_str(dst, ...)	__assign_str(dst, __VA_ARGS__)
#endif

/* Since 6.16, attribute groups take const binary attributes */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define MEMDEV_BIN_ATTR const struct bin_attribute
#else
#define MEMDEV_BIN_ATTR struct bin_attribute
#endif

#ifndef kzalloc_obj
#define kzalloc_obj(obj, gfp) kzalloc(sizeof(obj), gfp)
#endif
#ifndef kvzalloc_obj
#define kvzalloc_obj(obj, gfp) kvzalloc(sizeof(obj), gfp)
#endif

/* destroy_timer_on_stack() was renamed in 6.16 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define memdev_timer_destroy_on_stack(timer) timer_destroy_on_stack(timer)
#else
#define memdev_timer_destroy_on_stack(timer) destroy_timer_on_stack(timer)
#endif

/*
 * Since 6.8, mhp_supports_memmap_on_memory() is exported, and one call can add
 * several blocks with memmap_on_memory.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define MEMDEV_MEMMAP_EXPORTED 1
#define MEMDEV_MEMMAP_BLOCK_BY_BLOCK 0
#else
#define MEMDEV_MEMMAP_EXPORTED 0
#define MEMDEV_MEMMAP_BLOCK_BY_BLOCK 1
#endif

/* Since 6.2, struct memory_block counts its poisoned pages */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define MEMDEV_POISON_COUNTED 1
#else
#define MEMDEV_POISON_COUNTED 0
#endif

static inline long
memdev_memory_block_nr_poisoned(const struct memory_block *mem)
{
#if MEMDEV_POISON_COUNTED && defined(CONFIG_MEMORY_FAILURE)
	return atomic_long_read(&mem->nr_hwpoison);
#else
	return 0;
#endif
}

/* Newer kernels keep soft-reserved ranges in a separate resource tree */
static inline bool memdev_soft_reserved(u64 start, u64 size)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
	return region_intersects_soft_reserve(start, size) == REGION_INTERSECTS;
#else
	return region_intersects(start, size, IORESOURCE_MEM,
				 IORES_DESC_SOFT_RESERVED) == REGION_INTERSECTS;
#endif
}

/* Get the attributes of a dump request */
static inline struct nlattr **memdev_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_dumpit_info(cb)->info.attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* Get a reference to a file; return NULL if the file is closed */
static inline struct file *memdev_file_get(struct file **file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return get_file_active(file);
#else
	return *file && get_file_rcu(*file) ? *file : NULL;
#endif
}

/*
 * Set the text of an extack; last_error has it in full. On 6.1 an extack can
 * only hold a constant text. Later kernels copy up to NETLINK_MAX_FMTMSG_LEN
 * bytes, and log an error if the text is longer: truncate it first.
 */
static inline void memdev_extack_set(struct netlink_ext_ack *extack,
				     const char *text)
{
#ifdef NL_SET_ERR_MSG_FMT
	const bool fits = strlen(text) < NETLINK_MAX_FMTMSG_LEN;

	NL_SET_ERR_MSG_FMT(extack, "%.*s%s",
			   NETLINK_MAX_FMTMSG_LEN - (fits ? 1 : 4), text,
			   fits ? "" : "...");
#else
	NL_SET_ERR_MSG(extack, "refused, see last_error");
#endif
}

#endif /* _MEMDEV_COMPAT_H */
