// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: ranges of RAM that memdev owns and the kernel does not use.
 *
 * A window is either claimed, if RAM was reserved at boot, or carved out of
 * System RAM (carve.c). A claim is refused if the range overlaps a resource
 * that is not reserved, or if the range is not RAM (probe.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/idr.h>
#include <linux/ioport.h>
#include <linux/log2.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/range.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "trace.h"
#include "window.h"

/* Window numbers */
static DEFINE_IDA(memdev_window_ida);

const char *const memdev_source_names[] = {
	[MEMDEV_SOURCE_RESERVED]	= "reserved",
	[MEMDEV_SOURCE_CARVED]		= "carved",
	[MEMDEV_SOURCE_SOFT_RESERVED]	= "soft-reserved",
};

/* --- parsing and checking a request for a window -------------------------- */

/**
 * memdev_window_spec_parse() - parse SIZE@START[:NODE] or SIZE[:NODE]
 * @str: the text, without white space
 * @spec: where to put the result
 * @why: where to put the reason
 *
 * Return: 0 or -EINVAL.
 */
int memdev_window_spec_parse(const char *str, struct memdev_window_spec *spec,
			     struct memdev_reason *why)
{
	const char *p, *end;

	*spec = (struct memdev_window_spec){ .node = NUMA_NO_NODE };

	end = strpbrk(str, "@:") ?: str + strlen(str);
	if (memdev_size_parse(str, end - str, &spec->size))
		goto err;
	spec->carve = *end != '@';
	if (!spec->carve) {
		p = end + 1;
		end = strchr(p, ':') ?: p + strlen(p);
		if (memdev_bytes_parse(p, end - p, &spec->start))
			goto err;
	}
	if (*end == ':' && memdev_number_parse(end + 1, "", &spec->node))
		goto err;
	return 0;
err:
	return memdev_refuse(why, -EINVAL,
			     "invalid window '%.80s', expected SIZE@START[:NODE] or SIZE[:NODE]",
			     str);
}

/**
 * memdev_check_node() - check a node that a request names
 * @node: the node, or NUMA_NO_NODE
 * @why: where to put the reason
 *
 * Return: 0, or -EINVAL if the machine cannot have the node.
 */
int memdev_check_node(int node, struct memdev_reason *why)
{
	if (node != NUMA_NO_NODE &&
	    (node < 0 || node >= MAX_NUMNODES || !node_possible(node)))
		return memdev_refuse_about(why, MEMDEV_ABOUT_NODE, -EINVAL,
					   "node %d is not possible on this machine",
					   node);
	return 0;
}

static int memdev_window_check(struct memdev_window_spec *spec,
			       struct memdev_reason *why)
{
	u64 block_size = memory_block_size_bytes();
	struct range range = mhp_get_pluggable_range(true);
	struct memdev_window *window;
	u64 last;

	if (!IS_ALIGNED(spec->size, block_size))
		return memdev_refuse_about(why, MEMDEV_ABOUT_SIZE, -EINVAL,
					   "window size %s is not a multiple of the memory block size %s",
					   MEMDEV_SIZE(spec->size),
					   MEMDEV_SIZE(block_size));
	if (spec->carve)
		return 0;

	/* The probe writes to the physical address that the user gave */
	if (security_locked_down(LOCKDOWN_DEV_MEM))
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EPERM,
					   "the kernel is locked down: specify a window by SIZE only, without an address");
	if (!IS_ALIGNED(spec->start, block_size))
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EINVAL,
					   "window start 0x%llx is not a multiple of the memory block size %s",
					   spec->start,
					   MEMDEV_SIZE(block_size));
	last = spec->start + spec->size - 1;
	/* The direct map may exceed the CPU's physical address range */
	range.end = min_t(u64, range.end, iomem_resource.end);
	if (last < spec->start || spec->start < range.start ||
	    last > range.end)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -ERANGE,
					   "window [0x%llx-0x%llx] is outside the hot-pluggable range [0x%llx-0x%llx]",
					   spec->start, last, range.start, range.end);

	mutex_lock(&memdev_list_lock);
	list_for_each_entry(window, &memdev_windows, list) {
		if (spec->start < window->start + window->size &&
		    window->start <= last) {
			mutex_unlock(&memdev_list_lock);
			return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EBUSY,
						   "window [0x%llx-0x%llx] overlaps window%d",
						   spec->start, last, window->id);
		}
	}
	mutex_unlock(&memdev_list_lock);
	return 0;
}

/* --- claiming reserved RAM ------------------------------------------------ */

/*
 * Another driver's claim inherits the descriptor of the resource that contains
 * it. Such a claim is busy, so claiming a range inside it fails anyway. Only
 * kmem turns its claim into System RAM, which is not busy, before it adds
 * memory there: check for that.
 */
static bool memdev_resource_is_reserved(const struct resource *res)
{
	return (res->desc == IORES_DESC_RESERVED ||
		res->desc == IORES_DESC_SOFT_RESERVED) &&
	       !(res->flags & IORESOURCE_SYSRAM);
}

static int memdev_window_conflict(struct resource *res, void *arg)
{
	struct range *found = arg;

	if (memdev_resource_is_reserved(res))
		return 0;
	found->start = res->start;
	found->end = res->end;
	return 1;
}

static int memdev_window_claim(struct memdev_window *w,
			       struct memdev_reason *why)
{
	u64 last = w->start + w->size - 1;
	struct range found = {};
	struct resource *parent;
	int rc;

	walk_iomem_res_desc(IORES_DESC_NONE, 0, w->start, last, &found,
			    memdev_window_conflict);
	if (found.end)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EBUSY,
					   "window [0x%llx-0x%llx]: [0x%llx-0x%llx] is already claimed, see /proc/iomem",
					   w->start, last, found.start, found.end);
	w->source = memdev_soft_reserved(w->start, w->size) ?
		    MEMDEV_SOURCE_SOFT_RESERVED : MEMDEV_SOURCE_RESERVED;

	rc = memdev_hold_claim(&w->hold, &iomem_resource, w->start, w->size,
			       w->name);
	if (rc == -ENOMEM)
		return rc;
	if (rc)
		return memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, rc,
					   "window [0x%llx-0x%llx] cannot be claimed: it is in use or exceeds the reserved range",
					   w->start, last);

	/*
	 * The walk above saw only the outermost resources, and they may have
	 * changed before the claim. Check all parents of the claim, which can
	 * no longer change.
	 */
	for (parent = w->hold.res->parent; parent != &iomem_resource;
	     parent = parent->parent) {
		if (memdev_resource_is_reserved(parent))
			continue;
		rc = memdev_refuse_about(why, MEMDEV_ABOUT_ADDRESS, -EBUSY,
					 "window [0x%llx-0x%llx] is part of '%s'",
					 w->start, last, parent->name);
		goto err_release;
	}

	rc = memdev_probe(w->start, w->size, why);
	if (rc)
		goto err_release;

	if (w->node == NUMA_NO_NODE)
		w->node = phys_to_target_node(w->start);
	if (w->node == NUMA_NO_NODE)
		w->node = memory_add_physaddr_to_nid(w->start);
	if (!node_possible(w->node)) {
		rc = memdev_refuse_about(why, MEMDEV_ABOUT_NODE, -EINVAL,
					 "window [0x%llx-0x%llx]: node %d is not possible on this machine",
					 w->start, last, w->node);
		goto err_release;
	}
	return 0;

err_release:
	memdev_hold_release(&w->hold);
	return rc;
}

/* --- carving out of System RAM -------------------------------------------- */

static void memdev_window_carve_undo(void *data)
{
	struct memdev_window *w = data;

	memdev_carve_return(w->start, w->size, w->node, w->movable);
}

static int memdev_window_carve(struct memdev_window *w,
			       struct memdev_window_spec *spec,
			       struct memdev_reason *why)
{
	int rc;

	/* Hold off hibernation until the carved System RAM is given back */
	rc = memdev_pm_hold(why);
	if (rc)
		return rc;
	rc = memdev_carve(spec, &w->movable, why);
	if (rc)
		goto err_release_pm;

	w->start = spec->start;
	w->size = spec->size;
	w->node = spec->node;
	w->source = MEMDEV_SOURCE_CARVED;
	rc = memdev_hold_claim(&w->hold, &iomem_resource, w->start, w->size,
			       w->name);
	if (!rc && region_intersects(w->start, w->size, IORESOURCE_SYSTEM_RAM,
				     IORES_DESC_NONE) == REGION_DISJOINT)
		return 0;

	if (!rc)
		memdev_hold_release(&w->hold);
	memdev_undo_run(memdev_window_carve_undo, w);
	bitmap_free(w->movable);
	w->movable = NULL;
	rc = memdev_refuse(why, -EBUSY,
			   "window [0x%llx-0x%llx]: the range was taken before it could be claimed",
			   w->start, w->start + w->size - 1);
err_release_pm:
	memdev_pm_release();
	return rc;
}

static bool memdev_window_foreign(struct memdev_window *w, struct range *found)
{
	return memdev_hold_foreign(&w->hold, w->start, w->start + w->size - 1,
				   found);
}

static void memdev_window_give_back_work(void *data)
{
	struct memdev_window *w = data;
	struct range found;

	/* Module exit cannot fail: only warn about another driver's claim */
	if (memdev_window_foreign(w, &found))
		pr_warn("window%d: another driver has claimed [0x%llx-0x%llx] and keeps it\n",
			w->id, found.start, found.end);
	memdev_retired_unreserve(w->start, w->size);
	memdev_hold_release(&w->hold);
	if (w->source == MEMDEV_SOURCE_CARVED)
		memdev_carve_return(w->start, w->size, w->node, w->movable);
}

static void memdev_window_give_back(struct memdev_window *w)
{
	memdev_undo_run(memdev_window_give_back_work, w);
	if (w->source == MEMDEV_SOURCE_CARVED)
		memdev_pm_release();
}

/* --- creating and destroying ---------------------------------------------- */

static void memdev_window_release(struct device *dev)
{
	struct memdev_window *w = to_memdev_window(dev);

	bitmap_free(w->movable);
	bitmap_free(w->alloc.map);
	bitmap_free(w->alloc.slots);
	kfree(w);
	memdev_object_put();
}

struct device_type memdev_window_type = {
	.name = "memdev_window",
	.release = memdev_window_release,
};

/* memdev_window_release() frees the bitmaps, even after a failure */
static int memdev_window_maps_alloc(struct memdev_window *w)
{
	unsigned int block_shift = ilog2(memory_block_size_bytes());
	unsigned long nr_blocks = w->size >> block_shift;

	memdev_alloc_init(&w->alloc, w->start, w->size, block_shift,
			  bitmap_zalloc(nr_blocks, GFP_KERNEL),
			  bitmap_zalloc(MEMDEV_SLOTS_MAX, GFP_KERNEL));
	if (!w->alloc.map || !w->alloc.slots)
		return -ENOMEM;
	return memdev_retired_reserve(w->start, w->size);
}

/**
 * memdev_window_create() - create a window
 * @spec: size, and start or node
 * @why: where to put the reason
 *
 * Context: under memdev_bus_lock. Sleeps, takes mm's locks.
 * Return: number of the window; -EINVAL if the size or the start is not a
 * multiple of the memory block size, or the node is not possible; -ERANGE if
 * the range is not hot-pluggable; -EPERM under lockdown; -EBUSY if a part of
 * the range is in use, or the machine is about to hibernate; -ENXIO if the
 * range is not RAM; -ENOMEM; or the errno of memdev_carve().
 */
int memdev_window_create(const struct memdev_window_spec *spec,
			 struct memdev_reason *why)
{
	struct memdev_window_spec want = *spec;
	ktime_t began = ktime_get();
	struct memdev_window *w;
	int rc;

	rc = memdev_check_node(want.node, why) ?:
	     memdev_window_check(&want, why);
	if (rc)
		return rc;

	w = kzalloc_obj(*w, GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	w->id = -1;
	memdev_object_get();
	device_initialize(&w->dev);
	w->dev.bus = &memdev_window_bus;
	w->dev.type = &memdev_window_type;
	w->dev.parent = memdev_root;
	mutex_init(&w->lock);

	rc = ida_alloc(&memdev_window_ida, GFP_KERNEL);
	if (rc < 0)
		goto err_put;
	w->id = rc;
	snprintf(w->name, sizeof(w->name), "memdev window%d", w->id);
	rc = dev_set_name(&w->dev, "window%d", w->id);
	if (rc)
		goto err_free_id;

	w->start = want.start;
	w->size = want.size;
	w->node = want.node;
	if (want.carve)
		rc = memdev_window_carve(w, &want, why);
	else
		rc = memdev_window_claim(w, why);
	if (rc)
		goto err_free_id;

	rc = memdev_window_maps_alloc(w);
	if (rc)
		goto err_give_back;

	rc = device_add(&w->dev);
	if (rc)
		goto err_give_back;

	mutex_lock(&memdev_list_lock);
	list_add_tail(&w->list, &memdev_windows);
	memdev_generation_next();
	memdev_event_window(w, MEMDEV_CMD_WINDOW_NEW_NTF);
	pr_info("window%d: %s, %s, node %d\n", w->id, MEMDEV_SIZE(w->size),
		memdev_source_names[w->source], w->node);
	trace_memdev_window(w, false, 0, memdev_since(began));
	/* The window may be removed as soon as the lock is dropped */
	rc = w->id;
	mutex_unlock(&memdev_list_lock);
	return rc;

err_give_back:
	memdev_window_give_back(w);
err_free_id:
	ida_free(&memdev_window_ida, w->id);
err_put:
	trace_memdev_window(w, false, rc, memdev_since(began));
	put_device(&w->dev);
	return rc;
}

/* Remove a window that has no devices and is no longer in the list */
static void memdev_window_remove(struct memdev_window *w)
{
	ktime_t began = ktime_get();

	device_del(&w->dev);
	memdev_window_give_back(w);
	trace_memdev_window(w, true, 0, memdev_since(began));
	memdev_event_window(w, MEMDEV_CMD_WINDOW_DEL_NTF);
	ida_free(&memdev_window_ida, w->id);
	put_device(&w->dev);
}

/**
 * memdev_window_next() - find the next window by number
 * @id: the lowest number to look at
 *
 * Context: under memdev_list_lock.
 * Return: the window with the lowest number that is at least @id, or NULL.
 */
struct memdev_window *memdev_window_next(int id)
{
	struct memdev_window *w, *lowest = NULL;

	lockdep_assert_held(&memdev_list_lock);
	list_for_each_entry(w, &memdev_windows, list) {
		if (w->id >= id && (!lowest || w->id < lowest->id))
			lowest = w;
	}
	return lowest;
}

/**
 * memdev_window_destroy() - destroy a window and give its memory back
 * @id: number of the window
 * @why: where to put the reason
 *
 * Context: under memdev_bus_lock. Sleeps, takes mm's locks.
 * Return: 0; -ENODEV if there is no such window; -EBUSY if it has devices, or
 * if another driver has claimed a part of it.
 */
int memdev_window_destroy(int id, struct memdev_reason *why)
{
	struct memdev_window *w;
	struct range found;
	int rc = 0;

	mutex_lock(&memdev_list_lock);
	w = memdev_window_next(id);
	if (!w || w->id != id) {
		rc = memdev_refuse_about(why, MEMDEV_ABOUT_WINDOW, -ENODEV,
					 "there is no window%d", id);
	} else if (!RB_EMPTY_ROOT(&w->alloc.regions)) {
		rc = memdev_refuse_about(why, MEMDEV_ABOUT_WINDOW, -EBUSY,
					 "window%d has devices, remove them first", id);
	} else if (memdev_window_foreign(w, &found)) {
		rc = memdev_refuse_about(why, MEMDEV_ABOUT_WINDOW, -EBUSY,
					 "another driver has claimed [0x%llx-0x%llx] of window%d",
					 found.start, found.end, id);
	} else {
		list_del(&w->list);
		memdev_generation_next();
	}
	mutex_unlock(&memdev_list_lock);
	if (!rc)
		memdev_window_remove(w);
	return rc;
}

/**
 * memdev_windows_destroy_all() - destroy all windows
 *
 * Context: under memdev_bus_lock; no device is left.
 */
void memdev_windows_destroy_all(void)
{
	struct memdev_window *w, *next;
	LIST_HEAD(gone);

	mutex_lock(&memdev_list_lock);
	list_splice_init(&memdev_windows, &gone);
	mutex_unlock(&memdev_list_lock);

	/* In reverse order: each window was carved next to the previous one */
	list_for_each_entry_safe_reverse(w, next, &gone, list)
		memdev_window_remove(w);
}
