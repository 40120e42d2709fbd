/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of memdev share. Dependencies point one way:
 *
 *   linux/memdev.h <- internal.h <- { reason, alloc, watch, online, memmap, undo,
 *     hold, poison, pm, probe, window, event, fault, step, notify, headroom,
 *     hotplug, unplug } <- { info, device }
 *     <- { bus, resize } <- { sysfs, netlink*, job, fault_debugfs } <- main
 *
 * emu.c sees the public header only.
 *
 * Locks, outermost first:
 *
 *   memdev_bus_lock	one write to new_* or del_* at a time
 *   memdev_list_lock	the lists of windows, devices and kinds, their numbers
 *   window->lock	the window's block map, limit and slots
 *   core->op_lock	one plug or unplug of a device at a time; held across
 *			add_memory*() and remove_memory()
 *   hold->lock		the placeholders in a window or a region
 *   (mm's own)		device_hotplug_lock, the block's device_lock,
 *			mem_hotplug_lock, the memory notifier chain
 *   memdev_regions_sem	whom the memory notifier tells
 *   core->lock		spinlock, the state of a device; the last that the memory
 *			notifier takes
 *   memdev_event_lock	spinlock, the order of messages to those who monitor
 *
 * memdev_jobs_lock (job.c), a spinlock, is taken while none of these is held, and
 * none of them while it is. memdev_slices_lock (watch.c) and memdev_pm_lock (pm.c),
 * spinlocks, are innermost.
 */
#ifndef _MEMDEV_INTERNAL_H
#define _MEMDEV_INTERNAL_H

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
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "alloc.h"
#include "compat.h"
#include "reason.h"

/* How long that took, in ns */
static inline u64 memdev_since(ktime_t began)
{
	return ktime_to_ns(ktime_sub(ktime_get(), began));
}

/* --- what users write (parse.c) ------------------------------------------- */

int memdev_refuse_text(struct memdev_reason *why, int rc, const char *buf,
		       size_t count);
int memdev_bytes_parse(const char *buf, size_t count, u64 *size);
int memdev_size_parse(const char *buf, size_t count, u64 *size);
int memdev_number_parse(const char *str, const char *prefix, int *nr);

/* --- deadlines and cancelling (watch.c) ----------------------------------- */

/**
 * enum memdev_turn - how an operation shares the kernel's lock; see watch.c
 * @MEMDEV_TURN_YIELDS: it yields to those that make progress
 * @MEMDEV_TURN_DUE: it has yielded for a time slice, and gets a share
 * @MEMDEV_TURN_PROGRESS: it made progress, and others yield to it
 */
enum memdev_turn {
	MEMDEV_TURN_YIELDS,
	MEMDEV_TURN_DUE,
	MEMDEV_TURN_PROGRESS,
};

/**
 * struct memdev_watch - what ends the offlining of a block
 * @timer: fires when the time is over
 * @task: the task that is offlining
 * @deadline: jiffies at which the whole operation ends; if @limited
 * @limited: there is a deadline
 * @told: memdev_watch_begun() tells when the kernel begins with a block; without
 *	  that it is taken to do so when asked
 * @turn: changed by its own task, between attempts
 * @yielded: for how many jiffies it has yielded since it was last due
 * @stop: errno with which another task ended the operation, 0 if none did
 * @pauses: the operation ends when the machine goes to sleep
 * @empty: no page of the block was in use before the attempt
 * @slice: jiffies that may be spent on the block; 0 if only the deadline counts
 * @began: jiffies at which the kernel began with it; while in @slices
 * @slices: in memdev_slices, while the kernel is busy with it
 */
struct memdev_watch {
	struct timer_list timer;
	struct task_struct *task;
	unsigned long deadline;
	bool limited;
	bool told;
	enum memdev_turn turn;
	unsigned long yielded;
	int stop;
	bool pauses;
	bool empty;
	unsigned long slice;
	unsigned long began;
	struct list_head slices;
};

void memdev_watch_begin(struct memdev_watch *w, unsigned int timeout_ms);
int memdev_watch_check(struct memdev_watch *w);
int memdev_watch_arm(struct memdev_watch *w, unsigned int slice_ms);
void memdev_watch_begun(struct memdev_watch *w);
void memdev_watch_disarm(struct memdev_watch *w);
void memdev_turn_begin(struct memdev_watch *w);
void memdev_turn_enter(struct memdev_watch *w);
void memdev_turn_leave(struct memdev_watch *w);
void memdev_turn_yield(struct memdev_watch *w, unsigned int slice_ms);
void memdev_turn_pause(struct memdev_watch *w, unsigned int ms);
void memdev_turn_end(struct memdev_watch *w);
void memdev_watch_stop(struct memdev_watch *w, int rc);
void memdev_watch_end(struct memdev_watch *w);
int memdev_signal_errno(void);
void memdev_signal_recalc(void);

/* --- taking back what an operation has begun (undo.c) ---------------------- */

int memdev_undo_init(void);
void memdev_undo_exit(void);
void memdev_undo_run(void (*fn)(void *data), void *data);

/* --- system sleep (pm.c) --------------------------------------------------- */

int memdev_pm_init(void);
void memdev_pm_exit(void);
int memdev_pm_hold(struct memdev_reason *why);
void memdev_pm_hold_more(void);
void memdev_pm_release(void);
bool memdev_pm_sleeping(void);
int memdev_pm_wait(void);

/* --- blocks of memory (online.c) ------------------------------------------ */

extern const char *const memdev_online_types[];
int memdev_online_type_parse(const char *str);

/**
 * struct memdev_block - what the kernel knows of a block of memory
 * @state: its state
 * @node: its node, NUMA_NO_NODE of a block that it does not know
 * @owned: it belongs to a driver or to firmware
 */
struct memdev_block {
	enum memdev_block_state state;
	int node;
	bool owned;
};

struct memdev_block memdev_block_look(u64 addr);
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

/* --- the memmap on the memory (memmap.c) ---------------------------------- */

int memdev_memmap_init(void);
bool memdev_memmap_supported(void);

/* --- poisoned and missing memory (poison.c) ------------------------------- */

int memdev_poison_reserve(u64 start, u64 size);
void memdev_poison_unreserve(u64 start, u64 size);
void memdev_poison_record(u64 addr);
bool memdev_poison_known(u64 addr);
void memdev_poison_withhold(u64 start, u64 size);
void memdev_missing_add(u64 addr);
u64 memdev_missing_size(void);
void memdev_missing_warn(void);
void memdev_poison_init(void);
void memdev_poison_exit(void);

/* --- ranges that are kept from other drivers (hold.c) --------------------- */

/**
 * struct memdev_hold - a range of which only memdev can claim a part
 * @res: the range in the tree of resources, NULL while it is not claimed
 * @lock: protects what follows
 * @placeholders: what keeps others out, ascending
 * @spare: more of them
 */
struct memdev_hold {
	struct resource *res;
	/* Protects the fields below it */
	struct mutex lock;
	struct list_head placeholders;
	struct list_head spare;
};

struct resource *memdev_resource_claim(struct resource *parent, u64 start,
				       u64 size, const char *name);
void memdev_resource_release(struct resource *res);
int memdev_hold_claim(struct memdev_hold *hold, struct resource *parent,
		      u64 start, u64 size, const char *name);
void memdev_hold_release(struct memdev_hold *hold);
int memdev_hold_open(struct memdev_hold *hold, u64 start, u64 end);
void memdev_hold_close(struct memdev_hold *hold, u64 start, u64 end);
bool memdev_hold_foreign(struct memdev_hold *hold, u64 start, u64 end,
			 struct range *found);

/* --- windows (window.c, carve.c, probe.c) --------------------------------- */

/**
 * struct memdev_window_spec - what a window shall be
 * @size: bytes
 * @start: physical address, if @carve is not set
 * @node: NUMA node, or NUMA_NO_NODE for what the kernel says
 * @carve: take it out of System RAM
 * @shrink: less than @size will do
 */
struct memdev_window_spec {
	u64 size;
	u64 start;
	int node;
	bool carve;
	bool shrink;
};

/**
 * struct memdev_window - a range of RAM that memdev owns
 * @dev: windowN, below /sys/devices/memdev
 * @id: N
 * @start: physical address
 * @size: bytes
 * @node: NUMA node of the range
 * @source: where it came from
 * @name: name of the range in the tree of resources
 * @hold: keeps other drivers out of it
 * @movable: carved windows: blocks that were in ZONE_MOVABLE before
 * @list: in memdev_windows; protected by memdev_list_lock
 * @lock: protects what follows
 * @alloc: which of its blocks and slots devices have
 */
struct memdev_window {
	struct device dev;
	int id;
	u64 start;
	u64 size;
	int node;
	enum memdev_source source;
	char name[24];
	struct memdev_hold hold;
	unsigned long *movable;
	struct list_head list;
	/* Protects the fields below it */
	struct mutex lock;
	struct memdev_alloc alloc;
};

#define to_memdev_window(d) container_of(d, struct memdev_window, dev)

extern const char *const memdev_source_names[];
extern struct list_head memdev_windows;
extern struct device *memdev_root;
extern const struct attribute_group *memdev_window_groups[];

int memdev_window_spec_parse(const char *str, struct memdev_window_spec *spec,
			     struct memdev_reason *why);
int memdev_window_create(const struct memdev_window_spec *spec,
			 struct memdev_reason *why);
struct memdev_window *memdev_window_next(int id);
int memdev_window_destroy(int id, struct memdev_reason *why);
void memdev_windows_destroy_all(void);

int memdev_probe(u64 start, u64 size, struct memdev_reason *why);

int memdev_carve(struct memdev_window_spec *spec, unsigned long **movable,
		 struct memdev_reason *why);
void memdev_carve_return(u64 start, u64 size, int node,
			 const unsigned long *movable);

/**
 * memdev_chunk_len() - how much one call may add or remove
 * @addr: where the range starts, a multiple of the memory block size
 * @end: where it ends, likewise
 *
 * x86 maps an aligned GiB that is added in one go by one leaf of its page
 * table, and crashes when only a part of such a leaf is removed later. So no
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

/* --- devices -------------------------------------------------------------- */

/**
 * struct memdev_stats - what operations of one direction did
 * @count: operations
 * @bytes: bytes plugged or unplugged
 * @failures: operations that did not do all that was asked
 * @time_ns: time spent
 */
struct memdev_stats {
	u64 count;
	u64 bytes;
	u64 failures;
	u64 time_ns;
};

/**
 * struct memdev_failure - the last operation, if it failed
 * @op: what it was to do; MEMDEV_OP_NONE if it did, or there was none
 * @rc: negative errno
 */
struct memdev_failure {
	enum memdev_op op;
	int rc;
};

/**
 * struct memdev_settings - settings of a device that a user wants
 * @has: which of them, MEMDEV_SET_*
 * @requested: bytes that the device should have plugged
 * @online_type: what becomes of blocks once they are added
 * @memmap_on_memory: ask for the memmap of a block to be on the block
 * @timeout_ms: deadline of a shrink in ms, 0 for none
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
 * struct memdev_core - what the core knows of a memory device
 * @md: the device
 * @window: its window, while it has a region
 * @id: N in memdevN
 * @region: its region in the window
 * @start: physical address of the region
 * @size: size of the region in bytes
 * @align: alignment of the region in bytes
 * @block_size: memory block size in bytes
 * @nr_blocks: blocks in the region
 * @node: NUMA node that its memory goes to
 * @mgid: memory group of its blocks
 * @name: name of the region in the tree of resources
 * @named: by its id, if it has one; protected by memdev_list_lock
 * @registered: not only pre-plugged; protected by memdev_list_lock
 * @notified: in the memory notifier's tree
 * @event: tells user space that a size has changed
 * @resize: follows @requested in the background
 * @debugfs: its directory in debugfs
 * @live: operations may begin; set once the device is registered
 * @op_lock: one operation at a time; protects what follows
 * @pinned: the modules are pinned as something is plugged
 * @hold: keeps other drivers out of the region, while something is
 * @online_type: what becomes of blocks once they are added
 * @memmap_on_memory: ask for the memmap of a block to be on the block
 * @timeout_ms: deadline of a shrink in ms, 0 for none
 * @tries: how often @resize has tried in vain to get where it should
 * @victims: scratch: blocks that the operation took offline
 * @removed: scratch: blocks that the operation has removed; NULL unless they
 *	     may have to come back, with MEMORY_DEVICE_ATOMIC
 * @skip: scratch: blocks that the operation leaves alone
 * @lock: protects what follows
 * @dying: the device is being unregistered, begin no operation
 * @waiting: tasks that wait for @op_lock, for which a background operation ends
 * @op: what goes on
 * @background: @op is one of @resize; changes under @op_lock, too
 * @adding: the task that is inside add_memory*() and vetoes auto-onlining
 * @added: first of the blocks that add_memory*() is adding, or has added
 * @nr_added: how many they are; 0 once @plugged has them
 * @watch: what can stop @op, or NULL
 * @plugged: blocks that the kernel has
 * @nr_plugged: how many they are
 * @online: of @plugged, those that are online
 * @nr_online: how many they are
 * @movable: where blocks came online last: those in ZONE_MOVABLE; as @removed
 * @retired: blocks that had a poisoned page when they went offline; they are not
 *	     plugged again
 * @requested: bytes that the device should have plugged
 * @stats: by direction
 * @failure: the last operation, if it failed
 * @last_error: why it failed, or why something else was refused since; empty
 *		after a success
 * @changed: MEMDEV_CHANGED_* that @event has not told yet
 * @faults: rules for scripted faults, by number
 * @nr_faults: how many they are
 * @last_fault: the last number
 * @faults_closed: no more rules
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

	/* One operation at a time; protects the fields up to @lock */
	struct mutex op_lock;
	bool pinned;
	struct memdev_hold hold;
	enum memdev_online_type online_type;
	bool memmap_on_memory;
	unsigned int timeout_ms;
	unsigned int tries;
	unsigned long *victims;
	unsigned long *removed;
	unsigned long *skip;

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
	bool faults_closed;
};

#define MEMDEV_CHANGED_PLUGGED	BIT(0)
#define MEMDEV_CHANGED_ONLINE	BIT(1)
#define MEMDEV_CHANGED_STATE	BIT(2)

#define to_memory_device(d) container_of(d, struct memory_device, dev)

static inline u64 memdev_block_addr(const struct memdev_core *core,
				    unsigned int block)
{
	return core->start + block * core->block_size;
}

/* Both under what protects the maps: core->lock, or to read core->op_lock */
static inline u64 memdev_plugged_size(const struct memdev_core *core)
{
	return core->nr_plugged * core->block_size;
}

static inline u64 memdev_online_size(const struct memdev_core *core)
{
	return core->nr_online * core->block_size;
}

static inline struct memdev_core *dev_to_core(struct device *dev)
{
	return to_memory_device(dev)->core;
}

extern struct workqueue_struct *memdev_wq;
extern struct workqueue_struct *memdev_event_wq;
extern struct mutex memdev_list_lock;
extern unsigned int memdev_generation;
extern MEMDEV_BUS_TYPE memdev_bus;
extern const struct attribute_group *memdev_device_groups[];
extern enum memdev_online_type memdev_default_online_type;

/* step.c */
void memdev_add_clean(u64 start, u64 size);
int memdev_step_add(struct memdev_core *core, unsigned int block,
		    unsigned int nr, mhp_t flags);
int memdev_step_online(struct memdev_core *core, unsigned int block,
		       enum memdev_online_type type);
int memdev_step_offline(struct memdev_core *core, unsigned int block,
			struct memdev_watch *watch, unsigned int slice_ms);
int memdev_step_remove(struct memdev_core *core, unsigned int block,
		       unsigned int nr);

/* notify.c */
u64 memdev_blocks_size(struct memdev_core *core, const unsigned long *map);
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

/* hotplug.c */
int memdev_hotplug_plug(struct memdev_core *core, u64 size,
			struct memdev_watch *watch, struct memdev_reason *why);
int memdev_provider_errno(int rc);
unsigned int memdev_retired_left(struct memdev_core *core);
int memdev_provider_refused(struct memdev_reason *why, int rc,
			    const struct netlink_ext_ack *extack,
			    unsigned int block);
void memdev_provider_keeps(struct memdev_core *core, unsigned int block);
int memdev_foreign_refuse(struct memdev_core *core, struct memdev_hold *hold,
			  unsigned int block, unsigned int nr,
			  struct memdev_reason *why);
int memdev_add(struct memdev_core *core, unsigned int block, unsigned int nr,
	       struct memdev_reason *why);
int memdev_remove_victims(struct memdev_core *core, bool whole,
			  struct memdev_reason *why);

/* unplug.c */
int memdev_hotplug_unplug(struct memdev_core *core, u64 size,
			  struct memdev_watch *watch,
			  struct memdev_reason *why);

/* resize.c */
int memdev_core_op(struct memdev_core *core, enum memdev_op op, u64 size,
		   struct memdev_reason *why);
int memdev_core_set(struct memdev_core *core,
		    const struct memdev_settings *set,
		    struct memdev_reason *why);
int memdev_op_lock(struct memdev_core *core);
int memdev_core_refuse(struct memdev_core *core, enum memdev_op op, u64 asked,
		       int rc, const struct memdev_reason *why);
int memdev_core_error(struct memdev_core *core, int rc, const char *buf,
		      size_t count);
void memdev_resize_work(struct work_struct *work);
int memdev_core_close(struct memdev_core *core, struct memdev_reason *why);
void memdev_op_pause(struct memdev_core *core);
void memdev_resize_start(struct memdev_core *core);

/* info.c */
enum memdev_state memdev_state(struct memdev_core *core);
enum memdev_block_state memdev_block_run(struct memdev_core *core,
					 unsigned int first, unsigned int *nr);
void memdev_changed(struct memdev_core *core, unsigned int what, u64 was);
void memdev_event_work(struct work_struct *work);

/* event.c */
struct genl_family;
struct sk_buff;
unsigned int memdev_event_stamp(void);
void memdev_event_open(const struct genl_family *family);
void memdev_event_close(void);
void memdev_event_device(struct memdev_core *core, u8 cmd);
void memdev_event_size(struct memdev_core *core, u8 cmd, u64 was, u64 is);
void memdev_event_refused(struct memdev_core *core);
void memdev_event_retired(struct memdev_core *core, unsigned int block);
void memdev_event_window(struct memdev_window *w, u8 cmd);
int memdev_put_refusal(struct sk_buff *skb, int attr, struct memdev_core *core,
		       const struct memdev_failure *failure,
		       const struct memdev_reason *why, bool admin);

/* netlink.c */
int memdev_netlink_init(void);
void memdev_netlink_exit(void);

/* device.c */
struct memdev_core *memdev_device_find(int id, const char *name);
struct memory_device *memdev_device_get(int id, const char *name);
void memdev_device_put(struct memory_device *md);
struct memdev_core *memdev_device_next(unsigned long *id);
void memdev_generation_next(void);
void memdev_devices_wait_gone(void);
void memdev_object_get(void);
void memdev_object_put(void);

/* bus.c */
void memdev_bus_open(void);
void memdev_bus_close(void);
bool memdev_bus_is_open(void);
void memdev_bus_refused(const struct memdev_reason *why);
bool memdev_bus_knows_kind(const char *name);
int memdev_bus_enter(void);
int memdev_bus_leave(int rc, struct memdev_reason *why);
int memdev_bus_new_device(const struct memory_device_params *params,
			  struct memdev_reason *why);
int memdev_bus_del_device(struct memory_device *md, struct memdev_reason *why);
bool memdev_id_is_good(const char *id);

#endif /* _MEMDEV_INTERNAL_H */
