// SPDX-License-Identifier: GPL-2.0
/*
 * Keep other drivers out of memory that memdev owns but has not plugged.
 *
 * If a driver claims a range, the claim becomes a child of the innermost
 * resource that contains the range and is not busy. The parent of plugged
 * memory must not be busy, or the kernel would not find the memory when it
 * removes it. So busy placeholders cover all unplugged parts of a window and of
 * a device's region. memdev opens a gap in the placeholders right before it
 * claims a region or adds memory, and closes the gap once the region is
 * released or the memory is removed.
 *
 * Another driver can still claim a range in a gap. memdev then plugs nothing
 * there, and the claim outlives the resource that contains it.
 */
#include <linux/ioport.h>
#include <linux/range.h>
#include <linux/slab.h>

#include "internal.h"

static const char memdev_placeholder_name[] = "memdev (unplugged)";

/**
 * struct memdev_placeholder - a range that no driver can claim
 * @res: child of the hold's resource
 * @list: entry in the hold's placeholders, ascending, or in its spare list
 */
struct memdev_placeholder {
	struct resource res;
	struct list_head list;
};

/* Prefer a spare placeholder, so that closing a gap rarely allocates memory */
static struct memdev_placeholder *
memdev_placeholder_get(struct memdev_hold *hold)
{
	struct memdev_placeholder *p;

	p = list_first_entry_or_null(&hold->spare, struct memdev_placeholder,
				     list);
	if (p)
		list_del(&p->list);
	else
		p = kzalloc_obj(*p, GFP_KERNEL);
	return p;
}

/*
 * Insert @p as the placeholder of a range. If another driver has claimed a part
 * of the range, fail and put @p on the spare list.
 */
static int memdev_placeholder_insert(struct memdev_hold *hold,
				     struct memdev_placeholder *p, u64 start,
				     u64 end, struct list_head *before)
{
	int rc;

	p->res = (struct resource){
		.start = start,
		.end = end,
		.name = memdev_placeholder_name,
		.flags = IORESOURCE_MEM | IORESOURCE_BUSY,
		.desc = hold->res->desc,
	};
	rc = request_resource(hold->res, &p->res);
	list_add(&p->list, rc ? &hold->spare : before);
	return rc;
}

static void memdev_placeholder_remove(struct memdev_hold *hold,
				      struct memdev_placeholder *p)
{
	release_resource(&p->res);
	list_move(&p->list, &hold->spare);
}

/**
 * memdev_hold_claim() - claim a range and keep other drivers out of it
 * @hold: the hold to set up
 * @parent: parent in the resource tree
 * @start: physical address
 * @size: bytes
 * @name: name of the resource; must outlive it
 *
 * Context: Sleeps.
 * Return: 0; -EBUSY if a part of the range is already claimed; -ENOMEM.
 */
int memdev_hold_claim(struct memdev_hold *hold, struct resource *parent,
		      u64 start, u64 size, const char *name)
{
	struct memdev_placeholder *whole;
	int rc;

	mutex_init(&hold->lock);
	INIT_LIST_HEAD(&hold->placeholders);
	INIT_LIST_HEAD(&hold->spare);

	whole = memdev_placeholder_get(hold);
	if (!whole)
		return -ENOMEM;
	hold->res = __request_region(parent, start, size, name, 0);
	if (!hold->res) {
		kfree(whole);
		return -EBUSY;
	}
	/* Plugged memory can become a child only of a non-busy resource */
	hold->res->flags &= ~IORESOURCE_BUSY;
	rc = memdev_placeholder_insert(hold, whole, start, start + size - 1,
				       &hold->placeholders);
	if (rc)
		memdev_hold_release(hold);
	return rc;
}

/**
 * memdev_hold_release() - undo memdev_hold_claim()
 * @hold: the hold; memdev no longer uses the range
 *
 * Context: Sleeps.
 */
void memdev_hold_release(struct memdev_hold *hold)
{
	struct memdev_placeholder *p, *next;

	list_for_each_entry_safe(p, next, &hold->placeholders, list)
		memdev_placeholder_remove(hold, p);
	list_for_each_entry_safe(p, next, &hold->spare, list)
		kfree(p);
	/* Children of the resource, claimed by other drivers, move to its parent */
	remove_resource(hold->res);
	kfree(hold->res);
	hold->res = NULL;
}

/* Cut [@start, @end] out of a placeholder; on failure, nothing has changed */
static int memdev_placeholder_cut(struct memdev_hold *hold,
				  struct memdev_placeholder *p, u64 start,
				  u64 end)
{
	u64 first = p->res.start, last = p->res.end;
	struct memdev_placeholder *rest;

	if (first >= start && last <= end) {
		memdev_placeholder_remove(hold, p);
		return 0;
	}
	if (first >= start)
		return adjust_resource(&p->res, end + 1, last - end);
	if (last <= end)
		return adjust_resource(&p->res, first, start - first);

	rest = memdev_placeholder_get(hold);
	if (!rest)
		return -ENOMEM;
	adjust_resource(&p->res, first, start - first);
	/* Fails if another driver claims the rest first, which is fine */
	memdev_placeholder_insert(hold, rest, end + 1, last, &p->list);
	return 0;
}

/**
 * memdev_hold_open() - open a gap for a range that memdev will use
 * @hold: the hold
 * @start: first byte
 * @end: last byte
 *
 * Context: Sleeps.
 * Return: 0; -ENOMEM, in which case nothing has changed.
 */
int memdev_hold_open(struct memdev_hold *hold, u64 start, u64 end)
{
	struct memdev_placeholder *p, *next;
	int rc = 0;

	mutex_lock(&hold->lock);
	list_for_each_entry_safe(p, next, &hold->placeholders, list) {
		if (p->res.end < start)
			continue;
		if (p->res.start > end)
			break;
		rc = memdev_placeholder_cut(hold, p, start, end);
		if (rc)
			break;
	}
	mutex_unlock(&hold->lock);
	return rc;
}

/* Merge two placeholders that became adjacent when a gap was closed */
static void memdev_placeholder_merge(struct memdev_hold *hold,
				     struct memdev_placeholder *low,
				     struct memdev_placeholder *high)
{
	u64 start = high->res.start, end = high->res.end;

	memdev_placeholder_remove(hold, high);
	if (!adjust_resource(&low->res, low->res.start,
			     end + 1 - low->res.start))
		return;
	list_del(&high->list);
	memdev_placeholder_insert(hold, high, start, end, &low->list);
}

/**
 * memdev_hold_close() - undo memdev_hold_open()
 * @hold: the hold
 * @start: first byte; memdev no longer uses the range
 * @end: last byte
 *
 * The gap stays open if another driver has claimed a part of it.
 *
 * Context: Sleeps.
 */
void memdev_hold_close(struct memdev_hold *hold, u64 start, u64 end)
{
	struct memdev_placeholder *p, *low = NULL, *high = NULL;
	struct list_head *before = &hold->placeholders;

	mutex_lock(&hold->lock);
	list_for_each_entry(p, &hold->placeholders, list) {
		if (p->res.start > end) {
			if (p->res.start == end + 1)
				high = p;
			break;
		}
		if (p->res.end + 1 == start)
			low = p;
		before = &p->list;
	}
	/* Try to grow an adjacent placeholder: a new one may need memory */
	if (low && !adjust_resource(&low->res, low->res.start,
				    end + 1 - low->res.start)) {
		if (high)
			memdev_placeholder_merge(hold, low, high);
	} else if (!high || adjust_resource(&high->res, start,
					    high->res.end + 1 - start)) {
		p = memdev_placeholder_get(hold);
		if (p)
			memdev_placeholder_insert(hold, p, start, end, before);
	}
	mutex_unlock(&hold->lock);
}

static int memdev_hold_first(struct resource *res, void *arg)
{
	struct range *found = arg;

	found->start = res->start;
	found->end = res->end;
	return 1;
}

/**
 * memdev_hold_foreign() - find another driver's claim
 * @hold: the hold
 * @start: first byte; memdev does not use the range
 * @end: last byte
 * @found: where to put the part of the range that is claimed
 *
 * Context: Sleeps.
 * Return: true if another driver has claimed a part of the range.
 */
bool memdev_hold_foreign(struct memdev_hold *hold, u64 start, u64 end,
			 struct range *found)
{
	struct memdev_placeholder *p;
	u64 at = start;

	*found = (struct range){};
	mutex_lock(&hold->lock);
	list_for_each_entry(p, &hold->placeholders, list) {
		if (at > end || found->end)
			break;
		if (p->res.end < at)
			continue;
		if (p->res.start > at)
			walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_BUSY,
					    at, min_t(u64, p->res.start - 1, end),
					    found, memdev_hold_first);
		at = p->res.end + 1;
	}
	if (at <= end && !found->end)
		walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_BUSY, at, end,
				    found, memdev_hold_first);
	mutex_unlock(&hold->lock);
	return found->end;
}
