/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Structures, locks and functions that the files of memdev share.
 *
 * The Makefile lists the files from top to bottom: a file calls only functions
 * in files below it. Functions are declared here roughly from bottom to top.
 *
 * Locks, outermost first:
 *
 *   memdev_bus_lock	serializes writes to new_* and del_*
 *   memdev_list_lock	lists and numbers of windows, devices and kinds
 *   window->lock	the window's block map, limit and slots
 *   core->op_lock	serializes operations on a device; held across
 *			add_memory*() and remove_memory()
 *   hold->lock		placeholders in a window or a region
 *   (mm's own)		device_hotplug_lock, the block's device_lock,
 *			mem_hotplug_lock, the memory notifier chain
 *   memdev_regions_sem	the tree in which the memory notifier finds a device
 *   core->lock		spinlock: a device's state; the notifier takes it, too
 *   memdev_event_lock	spinlock: order of netlink notifications
 *
 * memdev_jobs_lock (netlink_job.c), a spinlock, nests with none of these. The
 * spinlocks memdev_slices_lock (yield.c), memdev_pm_lock (pm.c) and
 * memdev_bus_error_lock (registry.c), and the xa_lock of each XArray in
 * retired.c, are innermost.
 */
#ifndef _MEMDEV_INTERNAL_H
#define _MEMDEV_INTERNAL_H

#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/memdev.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "alloc.h"
#include "compat.h"
#include "reason.h"

/* Time since @began, in ns */
static inline u64 memdev_since(ktime_t began)
{
	return ktime_to_ns(ktime_sub(ktime_get(), began));
}

/* --- parsing user input (parse.c) ----------------------------------------- */

int memdev_refuse_text(struct memdev_reason *why, int rc, const char *buf,
		       size_t count);
int memdev_bytes_parse(const char *buf, size_t count, u64 *size);
int memdev_size_parse(const char *buf, size_t count, u64 *size);
int memdev_number_parse(const char *str, const char *prefix, int *nr);

/* --- undoing an operation (undo.c) ---------------------------------------- */

int memdev_undo_init(void);
void memdev_undo_exit(void);
void memdev_undo_run(void (*fn)(void *data), void *data);

/* --- system sleep (pm.c) -------------------------------------------------- */

int memdev_pm_hold(struct memdev_reason *why);
void memdev_pm_hold_more(void);
void memdev_pm_release(void);
bool memdev_pm_hibernate(void);
void memdev_pm_sleep(void);
void memdev_pm_wake(void);
bool memdev_pm_sleeping(void);
int memdev_pm_wait(void);

/* pm_notifier.c */
int memdev_pm_init(void);
void memdev_pm_exit(void);

struct memdev_watch;

/* --- memory blocks (memory_block.c) --------------------------------------- */

extern const char *const memdev_online_types[];
int memdev_online_type_parse(const char *str);

/**
 * struct memdev_block - state of one of the kernel's memory blocks
 * @state: the state
 * @node: NUMA node, NUMA_NO_NODE if the block does not exist
 * @owned: the block belongs to a driver or to firmware
 */
struct memdev_block {
	enum memdev_block_state state;
	int node;
	bool owned;
};

struct memdev_block memdev_block_query(u64 addr);
unsigned int memdev_block_in_use(u64 addr);
unsigned long memdev_block_free_pages(u64 addr);
bool memdev_block_has_hugetlb(u64 addr);
bool memdev_block_poisoned(unsigned long pfn, unsigned long nr_pages);
enum memdev_block_state memdev_pfn_state(unsigned long pfn);
bool memdev_block_suits(enum memdev_block_state state,
			enum memdev_online_type type);
bool memdev_block_free_page(u64 addr, unsigned long *pfn);
int memdev_blocks_init(void);
void memdev_blocks_exit(void);
int memdev_block_online(u64 addr, enum memdev_online_type type);
int memdev_block_offline(u64 addr, struct memdev_watch *watch,
			 unsigned int slice_ms);

/* --- memmap on memory (memmap_on_memory.c) -------------------------------- */

int memdev_memmap_init(void);
bool memdev_memmap_supported(void);

/* --- retired and missing memory (retired.c) ------------------------------- */

int memdev_retired_reserve(u64 start, u64 size);
void memdev_retired_unreserve(u64 start, u64 size);
void memdev_retired_record(u64 addr);
bool memdev_retired_known(u64 addr);
void memdev_retired_withhold(u64 start, u64 size);
void memdev_missing_add(u64 addr);
u64 memdev_missing_size(void);
void memdev_missing_warn(void);
void memdev_retired_init(void);
void memdev_retired_exit(void);

/* --- keeping other drivers out of a range (hold.c) ------------------------ */

/**
 * struct memdev_hold - a range that other drivers cannot claim
 * @res: resource of the range, NULL while it is not claimed
 * @lock: protects the fields below it
 * @placeholders: busy resources that cover unplugged memory, by address
 * @spare: unused placeholders, kept for reuse
 */
struct memdev_hold {
	struct resource *res;
	/* Protects the fields below it */
	struct mutex lock;
	struct list_head placeholders;
	struct list_head spare;
};

int memdev_hold_claim(struct memdev_hold *hold, struct resource *parent,
		      u64 start, u64 size, const char *name);
void memdev_hold_release(struct memdev_hold *hold);
int memdev_hold_open(struct memdev_hold *hold, u64 start, u64 end);
void memdev_hold_close(struct memdev_hold *hold, u64 start, u64 end);
bool memdev_hold_foreign(struct memdev_hold *hold, u64 start, u64 end,
			 struct range *found);

/* --- devices -------------------------------------------------------------- */

/**
 * enum memdev_step - step of an operation, for trace events and scripted faults
 * @MEMDEV_STEP_ADD: add memory blocks to the kernel, without onlining them
 * @MEMDEV_STEP_ONLINE: online a memory block
 * @MEMDEV_STEP_OFFLINE: offline a memory block
 * @MEMDEV_STEP_REMOVE: remove memory blocks from the kernel
 * @MEMDEV_STEP_ANSWER: get the device's answer to a plug, an unplug, or an
 *			attempt of the background worker
 */
enum memdev_step {
	MEMDEV_STEP_ADD,
	MEMDEV_STEP_ONLINE,
	MEMDEV_STEP_OFFLINE,
	MEMDEV_STEP_REMOVE,
	MEMDEV_STEP_ANSWER,
};

/**
 * struct memdev_stats - statistics of plugs, or of unplugs
 * @count: number of operations
 * @bytes: memory plugged or unplugged in bytes
 * @failures: operations that failed, including those that succeeded in part
 * @time_ns: time spent in ns
 */
struct memdev_stats {
	u64 count;
	u64 bytes;
	u64 failures;
	u64 time_ns;
};

/**
 * struct memdev_failure - failure of the last operation
 * @op: the operation; MEMDEV_OP_NONE if it succeeded or there was none
 * @rc: negative errno, or 0
 */
struct memdev_failure {
	enum memdev_op op;
	int rc;
};

/**
 * struct memdev_settings - new values of a device's settings
 * @has: members to apply, MEMDEV_SET_*
 * @requested: target for the plugged size in bytes
 * @online_type: how plugged blocks are onlined
 * @memmap_on_memory: allocate the memmap of a block from the block
 * @timeout_ms: deadline of an unplug in ms, 0 for none
 */
struct memdev_settings {
	unsigned int has;
	u64 requested;
	enum memdev_online_type online_type;
	bool memmap_on_memory;
	unsigned int timeout_ms;
};

#define MEMDEV_SET_REQUESTED	BIT(0)
#define MEMDEV_SET_ONLINE_TYPE	BIT(1)
#define MEMDEV_SET_MEMMAP	BIT(2)
#define MEMDEV_SET_TIMEOUT	BIT(3)

/**
 * struct memdev_core - the core's state for a memory device
 * @md: the device
 * @window: window of the region; NULL while the device has no region
 * @id: N in memdevN; -1 before memory_device_register()
 * @region: region in the window
 * @start: physical address of the region
 * @size: size of the region in bytes
 * @align: alignment of the region in bytes
 * @block_size: memory block size in bytes
 * @nr_blocks: number of blocks in the region
 * @node: NUMA node of the memory
 * @mgid: id of the memory group of the blocks
 * @name: name of the device, and of its region in the resource tree
 * @named: node in the tree of devices by id; protected by memdev_list_lock
 * @registered: the device is registered, not only pre-plugged; protected by
 *		memdev_list_lock
 * @notified: node in the memory notifier's tree of regions
 * @event: work that notifies poll(2) and sends uevents
 * @resize: background worker that follows @requested
 * @debugfs: directory in debugfs
 * @live: operations may begin; set at the end of memory_device_register()
 * @op_lock: serializes operations; protects the fields up to @lock
 * @pinned: the modules are pinned because memory is plugged
 * @hold: keeps other drivers out of the region while memory is plugged
 * @online_type: how plugged blocks are onlined
 * @memmap_on_memory: allocate the memmap of a block from the block
 * @timeout_ms: deadline of an unplug in ms, 0 for none
 * @tries: failed attempts of @resize since @requested was set; they lengthen
 *	   its delays and time slices
 * @victims: scratch: blocks that an unplug took offline and has to remove, or
 *	     that a plug added and has to remove if it fails
 * @removed: scratch: blocks that an unplug has removed and has to add again if
 *	     it fails; NULL without MEMORY_DEVICE_ATOMIC
 * @skip: scratch: blocks that an unplug skips because they failed for good
 * @was_offline: alias of @skip in an unplug with MEMORY_DEVICE_ATOMIC: victims
 *		 that were offline before the unplug and stay so if it is undone
 * @taken: alias of @skip in a plug: blocks that are plugged or retired
 * @undone: alias of @skip in the undo of a plug: blocks to remove
 * @left_out: alias of @skip in memdev_find_retired(): retired blocks that are
 *	      not plugged
 * @lock: protects the fields below it
 * @dying: the device is being unregistered: no operation may begin
 * @waiting: number of tasks that wait for @op_lock; while it is not 0, no
 *	     background operation may begin
 * @op: the operation in flight, or MEMDEV_OP_NONE
 * @background: @resize runs @op; written under both @op_lock and @lock
 * @adding: the task in add_memory*(), or NULL. If this task auto-onlines a
 *	    block, the memory notifier vetoes that if the device has @faults, or
 *	    if the block's zone does not suit @online_type.
 * @added: first of the blocks that add_memory*() is adding, or has added
 * @nr_added: number of those blocks; 0 once they are in @plugged
 * @watch: deadline of @op, also used by other tasks to stop @op; or NULL
 * @plugged: blocks that are plugged
 * @nr_plugged: number of blocks in @plugged
 * @online: blocks that are online, a subset of @plugged
 * @nr_online: number of blocks in @online
 * @movable: blocks that were in ZONE_MOVABLE when they last came online; NULL
 *	     without MEMORY_DEVICE_ATOMIC
 * @retired: blocks that had a poisoned page when they went offline and are
 *	     not plugged again
 * @requested: target for the plugged size in bytes
 * @stats: statistics of plugs and of unplugs, in this order
 * @failure: failure of the last operation
 * @last_error: why the last request failed; empty after a success
 * @changed: MEMDEV_CHANGED_* that @event has not reported yet
 * @faults: rules for scripted faults, ascending by index
 * @nr_faults: number of rules in @faults
 * @last_fault: index of the newest rule; indexes are not reused
 */
struct memdev_core {
	struct memory_device *md;
	struct memdev_window *window;
	int id;
	struct memdev_region region;
	u64 start;
	u64 size;
	u64 align;
	u64 block_size;
	unsigned int nr_blocks;
	int node;
	int mgid;
	char name[24];
	struct rb_node named;
	bool registered;
	struct rb_node notified;
	struct delayed_work event;
	struct delayed_work resize;
	struct dentry *debugfs;
	bool live;

	/* Serializes operations; protects the fields up to @lock */
	struct mutex op_lock;
	bool pinned;
	struct memdev_hold hold;
	enum memdev_online_type online_type;
	bool memmap_on_memory;
	unsigned int timeout_ms;
	unsigned int tries;
	unsigned long *victims;
	unsigned long *removed;
	union {
		unsigned long *skip;
		unsigned long *was_offline;
		unsigned long *taken;
		unsigned long *undone;
		unsigned long *left_out;
	};

	/* Protects the fields below it */
	spinlock_t lock;
	bool dying;
	unsigned int waiting;
	enum memdev_op op;
	bool background;
	struct task_struct *adding;
	unsigned int added;
	unsigned int nr_added;
	struct memdev_watch *watch;
	unsigned long *plugged;
	unsigned int nr_plugged;
	unsigned long *online;
	unsigned int nr_online;
	unsigned long *movable;
	unsigned long *retired;
	u64 requested;
	struct memdev_stats stats[2];
	struct memdev_failure failure;
	struct memdev_reason last_error;
	unsigned int changed;
	struct list_head faults;
	unsigned int nr_faults;
	u32 last_fault;
};

#define MEMDEV_CHANGED_PLUGGED	BIT(0)
#define MEMDEV_CHANGED_ONLINE	BIT(1)
#define MEMDEV_CHANGED_STATE	BIT(2)
/* The requested size, a setting or the retired blocks */
#define MEMDEV_CHANGED_OTHER	BIT(3)

#define to_memory_device(d) container_of(d, struct memory_device, dev)

static inline u64 memdev_block_addr(const struct memdev_core *core,
				    unsigned int block)
{
	return core->start + block * core->block_size;
}

/* Under core->lock or core->op_lock */
static inline u64 memdev_plugged_size(const struct memdev_core *core)
{
	return core->nr_plugged * core->block_size;
}

/* Under core->lock: users may online and offline blocks at any time */
static inline u64 memdev_online_size(const struct memdev_core *core)
{
	return core->nr_online * core->block_size;
}

/*
 * The size of the blocks in a bitmap in bytes, under the lock that protects the
 * bitmap. Counts bits, unlike the two above.
 */
static inline u64 memdev_blocks_size(const struct memdev_core *core,
				     const unsigned long *map)
{
	return bitmap_weight(map, core->nr_blocks) * core->block_size;
}

static inline struct memdev_core *dev_to_core(struct device *dev)
{
	return to_memory_device(dev)->core;
}

/**
 * memdev_chunk_len() - get how much memory one call may add or remove
 * @addr: start of the range, a multiple of the memory block size
 * @end: end of the range, a multiple of the memory block size
 *
 * If one call adds an aligned GiB, x86 maps it with a single 1G leaf in the
 * direct map, and crashes when only a part of the GiB is removed later. So no
 * call covers an aligned GiB, unless a single memory block does.
 *
 * Return: length in bytes, at most @end - @addr.
 */
static inline u64 memdev_chunk_len(u64 addr, u64 end)
{
	u64 block_size = memory_block_size_bytes();

	if (block_size >= SZ_1G)
		return min(block_size, end - addr);
	return min(ALIGN_DOWN(addr, SZ_512M) + SZ_512M, end) - addr;
}

/* registry.c */
extern struct mutex memdev_list_lock;
extern struct list_head memdev_windows;
extern unsigned int memdev_generation;
extern struct bus_type memdev_bus;
extern struct bus_type memdev_window_bus;
extern struct device *memdev_root;
extern struct workqueue_struct *memdev_wq;
extern struct workqueue_struct *memdev_event_wq;
extern enum memdev_online_type memdev_default_online_type;
void memdev_object_get(void);
void memdev_object_put(void);
void memdev_objects_wait_gone(void);
void memdev_generation_next(void);
void memdev_set_open(bool open);
bool memdev_is_open(void);
void memdev_bus_set_error(const struct memdev_reason *why);
bool memdev_bus_last_error(struct memdev_reason *why);

/* netlink_notify.c */
struct genl_family;
struct sk_buff;
struct memdev_window;
unsigned int memdev_event_stamp(void);
void memdev_event_open(const struct genl_family *family);
void memdev_event_close(void);
void memdev_event_device(struct memdev_core *core, u8 cmd);
void memdev_event_size(struct memdev_core *core, u8 cmd, unsigned int block,
		       unsigned int nr, u64 was);
void memdev_event_begin(struct memdev_core *core, enum memdev_op op, u64 size);
void memdev_event_retired(struct memdev_core *core, unsigned int block);
void memdev_event_window(struct memdev_window *w, u8 cmd);
int memdev_put_refusal(struct sk_buff *skb, int attr, struct memdev_core *core,
		       const struct memdev_failure *failure,
		       const struct memdev_reason *why, bool admin);

/* uevent.c */
void memdev_changed(struct memdev_core *core, unsigned int what);
void memdev_event_work(struct work_struct *work);

/* describe.c */
enum memdev_state memdev_state(struct memdev_core *core);
enum memdev_block_state memdev_block_run(struct memdev_core *core,
					 unsigned int first, unsigned int *nr);

/* notify.c */
void memdev_set_plugged(struct memdev_core *core, unsigned int block,
			unsigned int nr);
void memdev_set_unplugged(struct memdev_core *core, unsigned int block,
			  unsigned int nr);
void memdev_notify_add(struct memdev_core *core);
void memdev_notify_del(struct memdev_core *core);
int memdev_notify_init(void);
void memdev_notify_exit(void);

/* headroom.c */
int memdev_headroom_check(struct memdev_core *core, u64 size,
			  struct memdev_reason *why);
bool memdev_headroom_plenty(struct memdev_core *core, u64 size);
int memdev_headroom_get(struct memdev_core *core, u64 size,
			struct memdev_reason *why);
void memdev_headroom_put(struct memdev_core *core, u64 size);

/* mhp.c */
int memdev_ram_add(int node, u64 start, u64 size);
int memdev_ram_remove(u64 start, u64 size);
int memdev_step_online(struct memdev_core *core, unsigned int block,
		       enum memdev_online_type type);
int memdev_step_offline(struct memdev_core *core, unsigned int block,
			struct memdev_watch *watch, unsigned int slice_ms);
int memdev_provider_errno(int rc);
int memdev_provider_refused(struct memdev_reason *why, int rc,
			    const struct netlink_ext_ack *extack,
			    unsigned int block);
void memdev_provider_replug(struct memdev_core *core, unsigned int block);
void memdev_provider_revoke(struct memdev_core *core, unsigned int block,
			    unsigned int nr);
int memdev_foreign_refuse(struct memdev_core *core, struct memdev_hold *hold,
			  unsigned int block, unsigned int nr,
			  struct memdev_reason *why);
int memdev_add(struct memdev_core *core, unsigned int block, unsigned int nr,
	       struct memdev_reason *why);
int memdev_remove_victims(struct memdev_core *core, bool whole,
			  struct memdev_reason *why);

/* plug.c */
unsigned int memdev_find_retired(struct memdev_core *core);
int memdev_plug(struct memdev_core *core, u64 size, struct memdev_watch *watch,
		struct memdev_reason *why);

/* unplug.c */
int memdev_unplug(struct memdev_core *core, u64 size,
		  struct memdev_watch *watch, struct memdev_reason *why);

/* op.c */
int memdev_op_lock(struct memdev_core *core);
void memdev_settings_store(struct memdev_core *core,
			   const struct memdev_settings *set);
void memdev_op_pause(struct memdev_core *core);
void memdev_background_stop(struct memdev_core *core);
int memdev_operate(struct memdev_core *core, enum memdev_op op, u64 size,
		   bool background, bool resumes, struct memdev_reason *why);
int memdev_core_op(struct memdev_core *core, enum memdev_op op, u64 size,
		   struct memdev_reason *why);
void memdev_set_succeeded(struct memdev_core *core);
int memdev_core_refuse(struct memdev_core *core, enum memdev_op op, u64 asked,
		       int rc, const struct memdev_reason *why);
int memdev_core_error(struct memdev_core *core, int rc, const char *buf,
		      size_t count);
int memdev_check_aligned(struct memdev_core *core, u64 size,
			 enum memdev_about about, struct memdev_reason *why);
int memdev_check_atomic(struct memdev_core *core, u64 size, u64 whole,
			enum memdev_about about, struct memdev_reason *why);
int memdev_extack_rc(int rc, const struct memdev_reason *why,
		     struct netlink_ext_ack *extack);

/* resize.c */
int memdev_core_set(struct memdev_core *core,
		    const struct memdev_settings *set,
		    struct memdev_reason *why);
void memdev_resize_work(struct work_struct *work);
int memdev_core_close(struct memdev_core *core, struct memdev_reason *why);

/* device.c */
struct memdev_core *memdev_device_find(int id, const char *name);
struct memory_device *memdev_device_get(int id, const char *name);
void memdev_device_put(struct memory_device *md);
struct memdev_core *memdev_device_next(unsigned long *id);

/* bus.c */
extern const struct attribute_group *memdev_bus_groups[];
void memdev_bus_set_open(bool open);
int memdev_bus_check_kind(const char *name, struct memdev_reason *why);
int memdev_bus_enter(void);
int memdev_bus_leave(int rc, struct memdev_reason *why);
int memdev_bus_new_device(const struct memory_device_params *params,
			  struct memdev_reason *why);
int memdev_bus_del_device(struct memory_device *md, struct memdev_reason *why);
bool memdev_id_valid(const char *id);

/* sysfs.c */
extern const struct attribute_group *memdev_device_groups[];

/* netlink.c */
int memdev_netlink_init(void);
void memdev_netlink_exit(void);

#endif /* _MEMDEV_INTERNAL_H */
