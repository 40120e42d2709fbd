// SPDX-License-Identifier: GPL-2.0
/*
 * Hot-pluggable memory devices for any machine: module init and exit, and the
 * windows and devices that the module parameters configure.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crash_dump.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "emu.h"
#include "fault.h"
#include "internal.h"
#include "window.h"

/*
 * All resize workers need device_hotplug_lock, so adding workers does not speed
 * up resizing. But a worker that yields can sleep until its device's deadline:
 * this many devices can be stuck before others are delayed.
 */
#define MEMDEV_RESIZE_WORKERS	32

static char *window;
/*
 * The parameter contains physical addresses: only root may read it, and it
 * cannot be set under lockdown.
 */
module_param_hw(window, charp, iomem, 0400);
MODULE_PARM_DESC(window, "Windows, separated by commas: SIZE@START[:NODE] (RAM that was reserved at boot), SIZE[:NODE] (carved out of System RAM) or none; default: carve 1G, or as much as is available; none if built in");

static int devices = 1;
module_param(devices, int, 0444);
MODULE_PARM_DESC(devices, "Number of equally sized devices that fill each window (default 1)");

static char *kind = "virtio-mem";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "Kind of the devices that devices= creates: virtio-mem (default) or dimm");

static char *online_type = "online_movable";
module_param(online_type, charp, 0444);
MODULE_PARM_DESC(online_type, "Online type of plugged blocks: online_movable (default), online_kernel, online, offline, system");

/* --- windows and devices from the parameters ------------------------------ */

static int memdev_default_window(void)
{
	struct memdev_window_spec spec = {
		.size = SZ_1G,
		.node = NUMA_NO_NODE,
		.carve = true,
		.shrink = true,
	};
	u64 block_size = memory_block_size_bytes();
	u64 quarter = PFN_PHYS(max(si_mem_available(), 0L)) / 4;
	struct memdev_reason why = {};
	int rc;

	spec.size = ALIGN_DOWN(min(spec.size, quarter), block_size);
	/* A memory block can be larger than 1 GiB */
	if (!spec.size && quarter >= block_size)
		spec.size = block_size;
	if (spec.size)
		rc = memdev_window_create(&spec, &why);
	else
		rc = memdev_refuse(&why, -EBUSY,
				   "a memory block of %s is more than a quarter of the available memory; reserve memory at boot: window=SIZE@START",
				   MEMDEV_SIZE(block_size));
	/* The module is useful without a window: fail only if interrupted */
	if (rc < 0 && rc != -EINTR && rc != -ERESTARTNOINTR) {
		pr_info("no window: %s\n",
			why.text[0] ? why.text : "out of memory");
		return 0;
	}
	return min(rc, 0);
}

/* Parse all windows in the parameter; also create them if @create */
static int memdev_parse_windows(bool create, struct memdev_reason *why)
{
	struct memdev_window_spec spec;
	char *specs, *rest, *text;
	int rc = 0;

	specs = kstrdup(window, GFP_KERNEL);
	if (!specs)
		return -ENOMEM;
	for (rest = specs; rc >= 0 && (text = strsep(&rest, ","));) {
		rc = memdev_window_spec_parse(text, &spec, why);
		if (!rc && create)
			rc = memdev_window_create(&spec, why);
	}
	kfree(specs);
	return min(rc, 0);
}

static int memdev_create_windows(void)
{
	struct memdev_reason why = {};
	int rc;

	/* If built in, carve no memory unless the parameter asks for it */
	if (!window)
		return IS_BUILTIN(CONFIG_MEMDEV) ? 0 : memdev_default_window();
	if (!strcmp(window, "none"))
		return 0;

	/* Check all windows before creating the first */
	rc = memdev_parse_windows(false, &why) ?:
	     memdev_parse_windows(true, &why);
	/* -ERESTARTNOINTR restarts the system call that loads the module */
	if (rc && rc != -ERESTARTNOINTR)
		pr_warn("window=%s: %s\n", window,
			why.text[0] ? why.text : "out of memory");
	return rc;
}

/* Get the size of each device if devices of equal size fill a window */
static u64 memdev_device_size(const struct memdev_window *w)
{
	return ALIGN_DOWN(div_u64(w->size, devices), memory_block_size_bytes());
}

static int memdev_create_devices(void)
{
	struct memory_device_params params = {
		.node = NUMA_NO_NODE,
		.slot = -1,
	};
	struct memdev_reason why = {};
	struct memdev_window *w;
	int i, rc = 0;

	if (!devices)
		return 0;
	strscpy(params.kind, kind, sizeof(params.kind));

	/* No lock: users cannot create or remove windows yet */
	list_for_each_entry(w, &memdev_windows, list) {
		if (rc || memdev_device_size(w))
			continue;
		rc = memdev_refuse(&why, -EINVAL,
				   "window%d has fewer than %d memory blocks",
				   w->id, devices);
	}
	list_for_each_entry(w, &memdev_windows, list) {
		params.window = w->id;
		params.size = memdev_device_size(w);
		for (i = 0; i < devices && rc >= 0; i++)
			rc = memdev_bus_new_device(&params, &why);
		if (rc < 0)
			break;
	}
	if (rc < 0)
		pr_warn("kind=%s devices=%d: %s\n", kind, devices, why.text);
	return min(rc, 0);
}

static int memdev_check_params(void)
{
	int type = memdev_online_type_parse(online_type);
	struct memdev_reason why = {};
	int rc;

	if (type < 0) {
		pr_warn("invalid online_type=%s, not one of online_movable, online_kernel, online, offline, system\n",
			online_type);
		return type;
	}
	memdev_default_online_type = type;

	if (devices < 0) {
		pr_warn("invalid devices=%d\n", devices);
		return -EINVAL;
	}
	rc = memdev_bus_check_kind(kind, &why);
	if (rc)
		pr_warn("kind=%s: %s\n", kind, why.text);
	return rc;
}

static int __init memdev_init(void)
{
	int rc;

	if (is_kdump_kernel()) {
		pr_info("not supported in a kdump kernel: all other RAM belongs to the crashed kernel\n");
		return -EBUSY;
	}
	/* Unbound: an unplug can keep a worker busy until its deadline */
	memdev_wq = alloc_workqueue("memdev", WQ_UNBOUND | WQ_FREEZABLE,
				    MEMDEV_RESIZE_WORKERS);
	if (!memdev_wq)
		return -ENOMEM;
	/* A separate queue: busy resize workers must not delay events */
	memdev_event_wq = alloc_workqueue("memdev-event", WQ_UNBOUND, 0);
	if (!memdev_event_wq) {
		rc = -ENOMEM;
		goto err_destroy_wq;
	}
	rc = memdev_undo_init();
	if (rc)
		goto err_destroy_event_wq;
	memdev_root = root_device_register("memdev");
	if (IS_ERR(memdev_root)) {
		rc = PTR_ERR(memdev_root);
		goto err_undo_exit;
	}
	rc = memdev_memmap_init() ?: memdev_blocks_init();
	if (rc)
		goto err_unregister_root;
	memdev_retired_init();
	rc = memdev_notify_init();
	if (rc)
		goto err_blocks_exit;
	/* Set here: registry.c and window.c must not depend on attributes */
	memdev_bus.bus_groups = memdev_bus_groups;
	memdev_bus.dev_groups = memdev_device_groups;
	memdev_window_type.groups = memdev_window_groups;
	rc = bus_register(&memdev_bus);
	if (rc)
		goto err_notify_exit;
	rc = bus_register(&memdev_window_bus);
	if (rc)
		goto err_unregister_bus;
	rc = memdev_debugfs_init();
	if (rc)
		goto err_unregister_window_bus;
	rc = memdev_emu_init();
	if (rc)
		goto err_debugfs_exit;
	rc = memdev_pm_init();
	if (rc)
		goto err_emu_exit;

	rc = memdev_check_params() ?: memdev_create_windows() ?:
	     memdev_create_devices();
	if (rc)
		goto err_pm_exit;
	rc = memdev_netlink_init();
	if (rc)
		goto err_pm_exit;

	memdev_bus_set_open(true);
	return 0;

err_pm_exit:
	memdev_pm_exit();
err_emu_exit:
	memdev_emu_exit();
	memdev_windows_destroy_all();
err_debugfs_exit:
	memdev_debugfs_exit();
err_unregister_window_bus:
	bus_unregister(&memdev_window_bus);
err_unregister_bus:
	bus_unregister(&memdev_bus);
err_notify_exit:
	memdev_notify_exit();
err_blocks_exit:
	memdev_retired_exit();
	memdev_blocks_exit();
err_unregister_root:
	root_device_unregister(memdev_root);
	memdev_objects_wait_gone();
err_undo_exit:
	memdev_undo_exit();
err_destroy_event_wq:
	destroy_workqueue(memdev_event_wq);
err_destroy_wq:
	destroy_workqueue(memdev_wq);
	return rc;
}
module_init(memdev_init);

static void __exit memdev_exit(void)
{
	memdev_netlink_exit();
	memdev_bus_set_open(false);
	memdev_pm_exit();
	memdev_emu_exit();
	memdev_windows_destroy_all();
	memdev_debugfs_exit();
	bus_unregister(&memdev_window_bus);
	bus_unregister(&memdev_bus);
	memdev_notify_exit();
	memdev_retired_exit();
	memdev_blocks_exit();
	root_device_unregister(memdev_root);
	memdev_objects_wait_gone();
	memdev_undo_exit();
	destroy_workqueue(memdev_event_wq);
	destroy_workqueue(memdev_wq);
}
module_exit(memdev_exit);

MODULE_DESCRIPTION("Hot-pluggable memory devices");
MODULE_AUTHOR("The memdev developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
