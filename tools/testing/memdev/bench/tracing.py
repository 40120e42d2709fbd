# SPDX-License-Identifier: GPL-2.0
"""What the kernel's tracing tells who measures in a VM.

How long functions take, and what is allocated by whom. It is for one CPU: see
one_cpu().
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

# What takes the time of a create, a destroy, a plug and an unplug, and what of
# it may depend on how many devices there are. No kernel has all of them.
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
    """What was traced, of which nothing is missing."""
    stats = (TRACE / "per_cpu/cpu0/stats").read_text()
    lost = re.findall(r"(?:overrun|dropped events): (\d+)", stats)
    if lost != ["0", "0", "0"]:
        sys.exit(f"tracing: there was more than can be held: {lost}")
    with open(TRACE / "trace") as trace:
        yield from trace


@contextlib.contextmanager
def one_cpu():
    """Others are switched off.

    To trace, the kernel patches code. An emulated CPU that runs it just then
    dies of that.
    """
    others = [path for path in CPUS.glob("cpu[1-9]*/online")
              if path.read_text().strip() == "1"]
    for path in others:
        path.write_text("0")
    yield
    for path in others:
        path.write_text("1")


def now():
    """In seconds, by the clock that the trace has."""
    stats = (TRACE / "per_cpu/cpu0/stats").read_text()
    return float(re.search(r"now ts: *([0-9.]+)", stats).group(1))


class Functions:
    """How long functions take, while this is entered."""

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
        """How long a second of the trace is.

        It goes by the TSC, which a kernel may take to be several times as fast
        as an emulated CPU has it. The clock that programs see is another.
        """
        began, clock = now(), time.monotonic()
        time.sleep(2)
        return (time.monotonic() - clock) / (now() - began)

    def of(self, ask, nr):
        """What "ask" returns, and the µs in functions, each time of nr."""
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
    """The median of each time of nr, of which all have as many calls."""
    several, left = divmod(len(values), nr)
    if left:
        return sum(values) / nr
    return statistics.median(sum(values[i:i + several])
                             for i in range(0, len(values), several))


def whose(stack, site):
    """For whom something was allocated, by who called whom."""
    if any("debugfs_create" in name for name in stack):
        return "debugfs"
    if "device_add" in stack or "dev_set_name" in stack:
        return "driver_core"
    return "own" if site.endswith("[memdev]") or "bitmap_" in site else "asked"


def allocations(helper, ask, events, condition="0", stacks=True):
    """What a process has allocated in "ask" and not freed."""
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
    """The same in bytes, by whom it is for.

    That is memdev itself; what memdev asks the kernel for, without which it
    could not be (a resource, a memory group, numbers); debugfs; and the driver
    core with sysfs.
    """
    found = {}
    for one in allocations(helper, ask, ALLOC + FREE):
        sites = found.setdefault(whose(one["stack"], one["site"]), {})
        of = sites.setdefault(one["site"].split("+")[0], collections.Counter())
        of.update(bytes_asked=one["bytes_asked"], bytes=one["bytes"],
                  allocations=1)
    return found


def summed(sites, nr):
    """What was allocated at some places, for each of so many."""
    found = {}
    for key in "bytes_asked", "bytes", "allocations":
        found[key] = round(sum(of[key] for of in sites.values()) / nr, 1)
    found["bytes_by_function"] = {
        site: round(of["bytes"] / nr, 1) for site, of in sorted(sites.items())}
    return found
