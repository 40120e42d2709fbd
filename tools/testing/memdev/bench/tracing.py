# SPDX-License-Identifier: GPL-2.0
"""Trace allocations and the times of kernel functions in a VM.

Trace on a single CPU only: see one_cpu().
"""

import collections
import contextlib
import pathlib
import re
import statistics
import sys
import time

CPUS = pathlib.Path("/sys/devices/system/cpu")
TRACE = pathlib.Path("/sys/kernel/tracing")
BUFFER_KB = "16384"

# Functions in which create, destroy, plug and unplug spend time, or whose time
# may depend on the number of devices. No kernel has all of them.
FUNCTIONS = """
    memdev_bus_new_device memdev_bus_del_device memory_device_pre_plug
    memory_device_register memory_device_unregister memdev_device_get
    device_add device_del debugfs_create_dir
    debugfs_create_file debugfs_create_file_full debugfs_remove
    register_memory_notifier unregister_memory_notifier __request_region
    __release_region memory_group_register_dynamic memory_group_unregister
    memdev_alloc_fit kthread_create_on_node memory_device_plug
    memory_device_unplug add_memory_driver_managed remove_memory
    memory_notify blocking_notifier_call_chain memdev_block_online
    memdev_block_offline online_pages offline_pages move_pfn_range_to_zone
    remove_pfn_range_from_zone
""".split()


ALLOC = ("kmalloc", "kmalloc_node",
         "kmem_cache_alloc", "kmem_cache_alloc_node")
FREE = ("kfree", "kmem_cache_free")


def write(name, text, mode="w"):
    with open(TRACE / name, mode) as file:
        file.write(text)


def lines():
    """Yield the lines of the trace; exit if events were lost."""
    stats = (TRACE / "per_cpu/cpu0/stats").read_text()
    lost = re.findall(r"(?:overrun|dropped events): (\d+)", stats)
    if lost != ["0", "0", "0"]:
        sys.exit(f"tracing: lost events: {lost}")
    with open(TRACE / "trace") as trace:
        yield from trace


@contextlib.contextmanager
def one_cpu():
    """Take all other CPUs offline.

    Tracing patches kernel code, and an emulated CPU crashes if it executes
    code that is being patched.
    """
    others = [path for path in CPUS.glob("cpu[1-9]*/online")
              if path.read_text().strip() == "1"]
    for path in others:
        path.write_text("0")
    yield
    for path in others:
        path.write_text("1")


def now():
    """The trace clock in seconds."""
    stats = (TRACE / "per_cpu/cpu0/stats").read_text()
    return float(re.search(r"now ts: *([0-9.]+)", stats).group(1))


class Functions:
    """Trace the times of functions during a with statement."""

    LINE = re.compile(r"([0-9.]+) us +\|\s+(?:\} /\* )?(\w+)[\w.]*"
                      r"(?: \[\w+\])?(?:\(\);| \*/)")

    def __init__(self, names=FUNCTIONS):
        self.names = names

    def __enter__(self):
        self.second = self.clock()
        write("tracing_on", "0")
        write("set_ftrace_filter", "")
        for name in self.names:
            with contextlib.suppress(OSError):
                write("set_ftrace_filter", name + "\n", "a")
        write("buffer_size_kb", BUFFER_KB)
        write("current_tracer", "function_graph")
        for option in ("funcgraph-tail", "nofuncgraph-cpu",
                       "nofuncgraph-overhead"):
            write("trace_options", option)
        return self

    def __exit__(self, *_):
        write("current_tracer", "nop")
        write("set_ftrace_filter", "")

    @staticmethod
    def clock():
        """Seconds of CLOCK_MONOTONIC per second of the trace clock.

        The trace clock uses the TSC. On an emulated CPU the kernel may take
        the TSC's frequency to be several times higher than it is.
        """
        began, clock = now(), time.monotonic()
        time.sleep(2)
        return (time.monotonic() - clock) / (now() - began)

    def of(self, ask, nr):
        """Call "ask", which does something nr times.

        Return its result, and for each function the µs that it took each time.
        """
        write("trace", "")
        write("tracing_on", "1")
        answer = ask()
        write("tracing_on", "0")
        calls = {}
        for line in lines():
            match = self.LINE.search(line)
            if match:
                calls.setdefault(match.group(2), []).append(
                    float(match.group(1)) * self.second)
        return answer, {name: each_time(values, nr)
                        for name, values in calls.items()}


def each_time(values, nr):
    """The median of nr times if each has equally many calls, else the mean."""
    several, left = divmod(len(values), nr)
    if left:
        return sum(values) / nr
    return statistics.median(sum(values[i:i + several])
                             for i in range(0, len(values), several))


def purpose(stack, site):
    """Classify an allocation by its stack."""
    if any("debugfs_create" in name for name in stack):
        return "debugfs"
    if "device_add" in stack or "dev_set_name" in stack:
        return "driver_core"
    return "own" if site.endswith("[memdev]") or "bitmap_" in site else "asked"


def allocations(helper, ask, events, condition="0", stacks=True):
    """Allocations that a process makes during "ask" and does not free."""
    write("trace", "")
    write("buffer_size_kb", BUFFER_KB)
    write("set_event_pid", str(helper.pid))
    write("options/stacktrace", str(int(stacks)))
    events = [name for name in events
              if (TRACE / "events/kmem" / name).exists()]
    for name in events:
        write(f"events/kmem/{name}/filter",
              condition if name in ALLOC else "0")
        write(f"events/kmem/{name}/enable", "1")
    write("tracing_on", "1")
    ask()
    write("tracing_on", "0")
    for name in events:
        write(f"events/kmem/{name}/enable", "0")
    write("options/stacktrace", "0")

    there = {}
    last = None
    for line in lines():
        event = re.search(r": (k\w+): (.*)", line)
        if not event:
            call = re.match(r" *=> (\w+)", line)
            if call and last:
                last["stack"].append(call.group(1))
            continue
        last = None
        name, text = event.groups()
        has = dict(word.split("=", 1) for word in text.split() if "=" in word)
        if name in FREE:
            there.pop(has["ptr"], None)
        elif name in ALLOC:
            site = re.search(r"call_site=(\S+(?: \[\w+\])?)", text)
            last = {"site": site.group(1), "stack": [],
                    "bytes_asked": int(has["bytes_req"]),
                    "bytes": int(has["bytes_alloc"])}
            there[has["ptr"]] = last
    return there.values()


def allocations_by(helper, ask):
    """Sum up the allocations during "ask" by purpose and function.

    The purposes: "own", memdev's own data; "asked", other objects that memdev
    needs (a resource, a memory group, IDs); "debugfs"; and "driver_core",
    which includes sysfs.
    """
    found = {}
    for one in allocations(helper, ask, ALLOC + FREE):
        sites = found.setdefault(purpose(one["stack"], one["site"]), {})
        of = sites.setdefault(one["site"].split("+")[0], collections.Counter())
        of.update(bytes_asked=one["bytes_asked"], bytes=one["bytes"],
                  allocations=1)
    return found


def summed(sites, nr):
    """Add up the allocations of all call sites; divide by nr."""
    found = {}
    for key in "bytes_asked", "bytes", "allocations":
        found[key] = round(sum(of[key] for of in sites.values()) / nr, 1)
    found["bytes_by_function"] = {
        site: round(of["bytes"] / nr, 1) for site, of in sorted(sites.items())}
    return found
