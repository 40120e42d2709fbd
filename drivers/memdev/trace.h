/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trace events: start and end of operations, their steps, state changes of
 * blocks, and creation and removal of windows.
 *
 * Sizes are in bytes and times in ns; rc is 0 or a negative errno.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM memdev

#if !defined(_MEMDEV_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MEMDEV_TRACE_H

#include <linux/ktime.h>
#include <linux/tracepoint.h>

#include "internal.h"
#include "window.h"

TRACE_DEFINE_ENUM(MEMDEV_STEP_ADD);
TRACE_DEFINE_ENUM(MEMDEV_STEP_ONLINE);
TRACE_DEFINE_ENUM(MEMDEV_STEP_OFFLINE);
TRACE_DEFINE_ENUM(MEMDEV_STEP_REMOVE);
TRACE_DEFINE_ENUM(MEMDEV_STEP_ANSWER);

#define memdev_show_step(step) \
	__print_symbolic(step, \
			 { MEMDEV_STEP_ADD,	"add" }, \
			 { MEMDEV_STEP_ONLINE,	"online" }, \
			 { MEMDEV_STEP_OFFLINE,	"offline" }, \
			 { MEMDEV_STEP_REMOVE,	"remove" }, \
			 { MEMDEV_STEP_ANSWER,	"answer" })

DECLARE_EVENT_CLASS(memdev_op_begin,
	TP_PROTO(const struct memdev_core *core, u64 asked, bool background),
	TP_ARGS(core, asked, background),
	TP_STRUCT__entry(
		__string(dev, core->name)
		__field(u64, addr)
		__field(u64, asked)
		__field(bool, background)
	),
	TP_fast_assign(
		memdev_assign_str(dev, core->name);
		__entry->addr = core->start;
		__entry->asked = asked;
		__entry->background = background;
	),
	TP_printk("%s addr=0x%llx asked=%llu background=%d", __get_str(dev),
		  __entry->addr, __entry->asked, __entry->background)
);

/* Start of an operation, by a user or by the background worker */
DEFINE_EVENT(memdev_op_begin, memdev_plug_begin,
	TP_PROTO(const struct memdev_core *core, u64 asked, bool background),
	TP_ARGS(core, asked, background));

DEFINE_EVENT(memdev_op_begin, memdev_unplug_begin,
	TP_PROTO(const struct memdev_core *core, u64 asked, bool background),
	TP_ARGS(core, asked, background));

DECLARE_EVENT_CLASS(memdev_op_end,
	TP_PROTO(const struct memdev_core *core, u64 asked, u64 done, int rc,
		 u64 ns, bool background),
	TP_ARGS(core, asked, done, rc, ns, background),
	TP_STRUCT__entry(
		__string(dev, core->name)
		__field(u64, addr)
		__field(u64, asked)
		__field(u64, done)
		__field(int, rc)
		__field(u64, ns)
		__field(bool, background)
	),
	TP_fast_assign(
		memdev_assign_str(dev, core->name);
		__entry->addr = core->start;
		__entry->asked = asked;
		__entry->done = done;
		__entry->rc = rc;
		__entry->ns = ns;
		__entry->background = background;
	),
	TP_printk("%s addr=0x%llx asked=%llu done=%llu rc=%d ns=%llu background=%d",
		  __get_str(dev), __entry->addr, __entry->asked, __entry->done,
		  __entry->rc, __entry->ns, __entry->background)
);

/* End of an operation, by a user or by the background worker */
DEFINE_EVENT(memdev_op_end, memdev_plug_end,
	TP_PROTO(const struct memdev_core *core, u64 asked, u64 done, int rc,
		 u64 ns, bool background),
	TP_ARGS(core, asked, done, rc, ns, background));

DEFINE_EVENT(memdev_op_end, memdev_unplug_end,
	TP_PROTO(const struct memdev_core *core, u64 asked, u64 done, int rc,
		 u64 ns, bool background),
	TP_ARGS(core, asked, done, rc, ns, background));

/* End of an operation's step */
TRACE_EVENT(memdev_step,
	TP_PROTO(const struct memdev_core *core, enum memdev_step step,
		 unsigned int block, unsigned int nr, int rc, u64 ns),
	TP_ARGS(core, step, block, nr, rc, ns),
	TP_STRUCT__entry(
		__string(dev, core->name)
		__field(int, step)
		__field(u64, addr)
		__field(u64, size)
		__field(int, rc)
		__field(u64, ns)
	),
	TP_fast_assign(
		memdev_assign_str(dev, core->name);
		__entry->step = step;
		__entry->addr = memdev_block_addr(core, block);
		__entry->size = nr * core->block_size;
		__entry->rc = rc;
		__entry->ns = ns;
	),
	TP_printk("%s %s addr=0x%llx size=%llu rc=%d ns=%llu", __get_str(dev),
		  memdev_show_step(__entry->step), __entry->addr,
		  __entry->size, __entry->rc, __entry->ns)
);

/* A scripted fault delays a step by @delay ms; the step fails if rc is not 0 */
TRACE_EVENT(memdev_fault,
	TP_PROTO(const struct memdev_core *core, enum memdev_step step,
		 unsigned int block, unsigned int nr, int rc,
		 unsigned int delay),
	TP_ARGS(core, step, block, nr, rc, delay),
	TP_STRUCT__entry(
		__string(dev, core->name)
		__field(int, step)
		__field(u64, addr)
		__field(u64, size)
		__field(int, rc)
		__field(unsigned int, delay)
	),
	TP_fast_assign(
		memdev_assign_str(dev, core->name);
		__entry->step = step;
		__entry->addr = memdev_block_addr(core, block);
		__entry->size = nr * core->block_size;
		__entry->rc = rc;
		__entry->delay = delay;
	),
	TP_printk("%s %s addr=0x%llx size=%llu rc=%d delay=%u",
		  __get_str(dev), memdev_show_step(__entry->step),
		  __entry->addr, __entry->size, __entry->rc, __entry->delay)
);

/* Blocks were onlined or offlined, by memdev or by a user */
TRACE_EVENT(memdev_block_state,
	TP_PROTO(const struct memdev_core *core, unsigned int block,
		 unsigned int nr, bool online),
	TP_ARGS(core, block, nr, online),
	TP_STRUCT__entry(
		__string(dev, core->name)
		__field(u64, addr)
		__field(u64, size)
		__field(bool, online)
	),
	TP_fast_assign(
		memdev_assign_str(dev, core->name);
		__entry->addr = memdev_block_addr(core, block);
		__entry->size = nr * core->block_size;
		__entry->online = online;
	),
	TP_printk("%s addr=0x%llx size=%llu online=%d", __get_str(dev),
		  __entry->addr, __entry->size, __entry->online)
);

/* A window was created or removed, or its creation failed */
TRACE_EVENT(memdev_window,
	TP_PROTO(const struct memdev_window *w, bool gone, int rc, u64 ns),
	TP_ARGS(w, gone, rc, ns),
	TP_STRUCT__entry(
		__field(int, id)
		__field(bool, gone)
		__field(u64, addr)
		__field(u64, size)
		__field(int, rc)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->id = w->id;
		__entry->gone = gone;
		__entry->addr = w->start;
		__entry->size = w->size;
		__entry->rc = rc;
		__entry->ns = ns;
	),
	TP_printk("window%d %s addr=0x%llx size=%llu rc=%d ns=%llu",
		  __entry->id, __entry->gone ? "del" : "new", __entry->addr,
		  __entry->size, __entry->rc, __entry->ns)
);

#endif /* _MEMDEV_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
