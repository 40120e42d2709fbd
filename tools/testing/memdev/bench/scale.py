# SPDX-License-Identifier: GPL-2.0
"""Measure memdev with many devices, large ones, and several at once.

Each part runs in a VM of its own:

many      up to 6,400 devices of one block of 128 MiB: create, destroy, lookup,
          dump, plug and unplug; the driver core's share; memory per device
linear    plug and unplug 1 to 16 GiB of one device
together  plug and unplug 100 devices at once
stubborn  the delay of a device while another waits for a pinned page

A quick run does less, in one VM, to check that everything works. Only numbers
of one boot can be compared.
"""

import ctypes
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys

from tables import columns

HERE = pathlib.Path(__file__).resolve().parent
TESTING = HERE.parents[1]
TOP = TESTING.parents[1]
SELFTESTS = TESTING / "selftests/memdev"
RUN = HERE.parent / "vm/run"
HELPERS = TOP / "build/bench"

GIB = 1 << 30
BLOCK = 128 << 20
PARTS = ("many", "linear", "together", "stubborn")
# Time limit to stop a VM that hangs; even a slow machine has to take less.
HANGS = 3600

PR_SET_THP_DISABLE = 41

# Limits of the results
FLAT = 1.5
LINEAR = 1.5
LINEAR_CALLS = 1.2
TOGETHER = 1.2
DELAYED = 1.5
DEVICE_BYTES = 4096


class Machine:
    """A VM's memory: GiB for the kernel, and reserved GiB.

    "prepare" is called in the process that becomes QEMU.
    """

    def __init__(self, ram, reserved, start, prepare=None):
        self.blocks = reserved * GIB // BLOCK
        self.start = start
        self.prepare = prepare
        size = ram + reserved
        self.words = [
            "-m", f"{size}G", "-a", f"memmap={reserved}G${start:#x}",
            "-q", f"-object memory-backend-ram,id=m,size={size}G,reserve=off "
                  "-machine memory-backend=m"]


def small_pages():
    """Turn off huge pages.

    QEMU touches single pages of a window; as huge pages they would take 4 MiB
    of the host's memory for each block, and a minute of time.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_THP_DISABLE")


# The reserved range ends where RAM does, or memory blocks would be larger.
LARGE = Machine(4, 800, 6 * GIB, small_pages)
SMALL = Machine(4, 32, 6 * GIB)


def build():
    """Compile the programs that run in the VM."""
    HELPERS.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["make", "-s", "-C", SELFTESTS, f"OUTPUT={HELPERS}",
         HELPERS / "mempin"], check=True, stdout=sys.stderr)
    subprocess.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
         "-I", SELFTESTS, "-I", TOP / "include/uapi",
         "-o", HELPERS / "scale", HERE / "scale.c", "-lmnl", "-pthread"],
        check=True)


def watch(vm):
    """Wait for a VM; return its status and the host's load averages."""
    load = [0]
    while True:
        try:
            return vm.wait(10), load
        except subprocess.TimeoutExpired:
            load.append(os.getloadavg()[0])


def boot(kernel, machine, parts, directory, quick):
    """Measure these parts in a VM."""
    command = ["setpriv", "--pdeathsig", "TERM", RUN, "-k", kernel,
               *machine.words, "-t", str(HANGS), "--share", directory,
               "--log", pathlib.Path(directory, f"{'-'.join(parts)}.log"),
               "--", HERE / "scale-guest", ",".join(parts), hex(machine.start),
               str(machine.blocks), HELPERS, "/run/memdev/share"]
    vm = subprocess.Popen(command + ["quick"] * quick,
                          preexec_fn=machine.prepare,
                          stdin=subprocess.DEVNULL, stdout=sys.stderr)
    try:
        status, load = watch(vm)
    finally:
        # Not SIGKILL: vm/run has to stop QEMU and remove its files.
        vm.terminate()
        vm.wait()
    if status:
        raise RuntimeError(f"{', '.join(parts)} on {kernel}: the VM failed "
                           f"({status})")
    found = {"host_load": {part: round(max(load), 1) for part in parts}}
    for part in parts:
        path = pathlib.Path(directory, f"{part}.json")
        found.update(json.loads(path.read_text()))
    return found


def run(kernel, directory, quick, parts, before):
    """Measure parts on a kernel and add them to previous results."""
    build()
    result = {"host_load": {}, **before,
              "bench": "scale", "kernel": kernel, "quick": quick}
    boots = [parts] if quick else [[part] for part in parts]
    for one_boot in boots:
        large = not quick and one_boot == ["many"]
        found = boot(kernel, LARGE if large else SMALL, one_boot, directory,
                     quick)
        result["host_load"].update(found.pop("host_load"))
        result.update(found)
    result["requirements"] = [
        one for part in measured(result)
        for one in REQUIREMENTS[part](result)]
    return result


def measured(result):
    """The parts that have results."""
    return [part for part in PARTS if part in result["host_load"]]


# --- requirements -------------------------------------------------------


def rows_of(rows, **wanted):
    return [row for row in rows
            if all(row[key] == value for key, value in wanted.items())]


def by_devices(rows):
    """For each way, yield the rows with 100 and with the most devices."""
    levels = sorted({row["devices"] for row in rows})
    low = 100 if levels[-1] > 100 else levels[0]
    for by in dict.fromkeys(row["by"] for row in rows):
        few, = rows_of(rows, devices=low, by=by)
        many, = rows_of(rows, devices=levels[-1], by=by)
        yield by, few, many


def each(row):
    """Divide the times for all devices by their number."""
    return {key: value / row["devices"] if key.endswith("_us") else value
            for key, value in row.items()}


def own_bytes(result):
    """Bytes per device: memdev's own data and other objects that it needs."""
    device = result["allocations"]["device"]
    return device["own"]["bytes"] + device["asked"]["bytes"]


def requirement(what, value, limit, unit="times", required=True, **more):
    return {"what": what, "value": round(value, 2), **more, "limit": limit,
            "unit": unit, "met": value <= limit, "required": required}


def compared(what, one, other, limit, key="median", required=True):
    """Require that "other" takes at most "limit" times as long as "one"."""
    value, = [name for name in one if name.startswith(f"{key}_")]
    more = {}
    if key == "median":
        low = value.replace(key, "p10")
        more["value_p10"] = round(other[low] / one[low], 2)
    return requirement(what, other[value] / one[value], limit,
                       required=required, **more)


def many_required(result):
    for op in "create", "destroy", "lookup", "dump", "plug", "unplug":
        for by, few, many in by_devices(result[op]):
            what = (f"{op}, {by}: {many['devices']:,} devices against "
                    f"{few['devices']}")
            if op == "dump":
                few, many = each(few), each(many)
            # It is desired, not required, that other operations are flat.
            yield compared(what, few, many, FLAT,
                           required=op in ("create", "destroy", "lookup"))
    yield requirement("memdev's own memory for a device",
                      own_bytes(result), DEVICE_BYTES, "bytes")


def growth(rows):
    """The time per GiB for the largest size, divided by that for the others.

    Return the ratio of medians and that of 10th percentiles.
    """
    *others, most = (sorted(row["each_ms_per_gib"]) for row in
                     sorted(rows, key=lambda row: row["gib"]))
    less = sorted(itertools.chain(*others))
    return [statistics.median(most) / statistics.median(less),
            most[len(most) // 10] / less[len(less) // 10]]


def linear_required(result):
    """memdev's time per GiB must grow no more than that of the kernel's calls.

    The latter grows too, as a large memmap does not fit into the CPU's cache.
    """
    for op in "plug", "unplug":
        grow = {by: growth(rows_of(result["linear"], op=op, by=by))
                for by in ("memdev", "calls")}
        size = max(row["gib"] for row in result["linear"])
        what = f"{op}, a GiB of {size} against one of less"
        for by, (ratio, low) in grow.items():
            yield requirement(f"{what}, {by}", ratio, LINEAR, required=False,
                              value_p10=round(low, 2))
        yield requirement(
            f"{what}, memdev against calls",
            grow["memdev"][0] / grow["calls"][0], LINEAR_CALLS,
            value_p10=round(grow["memdev"][1] / grow["calls"][1], 2))


def together_required(result):
    for op in "plug", "unplug":
        one, = rows_of(result["together"], op=op, how="serial")
        other, = rows_of(result["together"], op=op, how="together")
        # For unplug this is not required, as the kernel drains the caches of
        # all CPUs for each block.
        yield compared(f"{op} of {one['devices']} devices: at once against "
                       "one by one", one, other, TOGETHER,
                       required=op == "plug")


def stubborn_required(result):
    for op in "plug", "unplug":
        rows = rows_of(result["stubborn"]["latency"], op=op)
        quiet, = rows_of(rows, when="quiet")
        busy, = rows_of(rows, when="busy")
        for key in "median", "max":
            yield compared(f"{op} while another device waits for a page, "
                           f"{key}", quiet, busy, DELAYED, key)


REQUIREMENTS = {"many": many_required, "linear": linear_required,
                "together": together_required, "stubborn": stubborn_required}


# --- text -----------------------------------------------------------------


def cell_text(cell):
    """Format a number with three significant digits or more."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 1000:
        return f"{cell:,.0f}"
    return f"{cell:.3g}"


def rows_text(head, rows):
    """Format a table with numbers aligned right."""
    left = [nr for nr, cell in enumerate(rows[0]) if isinstance(cell, str)]
    cells = [head, *([cell_text(cell) for cell in row] for row in rows)]
    return ("  " + line for line in columns(cells, left))


def many_text(result):
    rows = []
    for op in "create", "destroy", "lookup", "dump", "plug", "unplug":
        rows += [[op, row["by"], row["devices"], row["median_us"],
                  row["p10_us"], row["p90_us"], row["samples"]]
                 for row in sorted(result[op], key=lambda row: (
                     row["by"], row["devices"]))]
    yield (f"one block each, in batches of {result['batch_devices']}; the "
           f"window of {result['window_blocks']:,} blocks took "
           f"{result['window_ms']:,} ms")
    yield from rows_text(["", "how", "devices", "median us", "p10", "p90",
                          "batches"], rows)
    yield ""
    yield "a full dump, for each device"
    yield from rows_text(["devices", "us"],
                         [[row["devices"], row["each_us"]]
                          for row in result["dump"]])


def share_text(result):
    yield ("the share of the driver core (sysfs, uevents without listeners) "
           "and of debugfs; traced, on one CPU")
    yield from rows_text(
        ["", "by", "devices", "us", "driver core", "%", "debugfs", "%",
         "rest"],
        [[row["op"], row["by"], row["devices"], row["median_us"],
          row["driver_core_us"], row["driver_core_percent"],
          row["debugfs_us"], row["debugfs_percent"], row["rest_us"]]
         for row in sorted(result["share"], key=lambda row: (
             row["op"], row["by"], row["devices"]))])
    yield ""
    yield "functions whose time grows with the number of devices, us"
    rows = growing(result)
    if rows:
        yield from rows_text(["", "", "function", "few", "many"], rows)
    else:
        yield "  none"


def growing(result):
    """Functions that take over 20 % and 50 µs more with the most devices."""
    functions = [row for row in result["functions"] if row["by"] != "netlink"]
    levels = sorted({row["devices"] for row in functions})
    rows = []
    for row in rows_of(functions, devices=levels[-1]):
        few = rows_of(functions, devices=levels[0], op=row["op"],
                      by=row["by"], function=row["function"])
        before = few[0]["median_us"] if few else 0
        value = row["median_us"]
        if value > max(1.2 * before, before + 50):
            rows.append([row["op"], row["by"], row["function"], before, value])
    return sorted(rows, key=lambda row: (row[0], row[1], row[3] - row[4]))


def memory_text(result):
    allocations = result["allocations"]
    yield "memory of a device, by traced allocations"
    yield from rows_text(
        ["purpose", "bytes", "requested", "allocations"],
        [[name, round(of["bytes"]), round(of["bytes_asked"]),
          round(of["allocations"])]
         for name, of in sorted(allocations["device"].items())])
    yield (f"  each block: {allocations['device_bits_per_block']} bits in "
           f"its device, {allocations['window_bits_per_block']} in the "
           "window")
    yield ""
    yield "memory of a device, by the kernel's statistics"
    yield from rows_text(
        ["devices", "MemFree", "Slab", "slabinfo"],
        [[row["devices"], row["each"]["meminfo_free_bytes"],
          row["each"]["meminfo_slab_bytes"], row["each"]["slabinfo_bytes"]]
         for row in result["memory"]])
    yield "  " + ", ".join(
        f"{name} {size:,}" for name, size in
        result["memory"][-1]["each"]["slabs_bytes"].items())


def linear_text(result):
    yield "one device, ms for each GiB; by memdev and by the kernel's calls"
    yield from rows_text(
        ["", "by", "GiB", "median", "p10", "p90", "times"],
        [[row["op"], row["by"], row["gib"], row["median_ms_per_gib"],
          row["p10_ms_per_gib"], row["p90_ms_per_gib"], row["samples"]]
         for row in result["linear"]])


def together_text(result):
    yield "many devices, ms for all of them"
    yield from rows_text(
        ["", "devices", "how", "median", "p10", "p90", "times",
         "slowest device"],
        [[row["op"], row["devices"], row["how"], row["median_ms"],
          row["p10_ms"], row["p90_ms"], row["samples"],
          row["slowest_median_ms"]]
         for row in sorted(result["together"],
                           key=lambda row: (row["op"], row["how"]))])


def stubborn_text(result):
    stubborn = result["stubborn"]
    yield (f"a device while another waits for a pinned page, for "
           f"{stubborn['waited_ms']:,} ms; ms")
    yield from rows_text(
        ["", "other device", "median", "p10", "p90", "max", "times"],
        [[row["op"], row["when"], row["median_ms"], row["p10_ms"],
          row["p90_ms"], row["max_ms"], row["samples"]]
         for row in stubborn["latency"]])


TEXTS = {"many": (many_text, share_text, memory_text),
         "linear": (linear_text,), "together": (together_text,),
         "stubborn": (stubborn_text,)}


def verdict_text(result):
    yield "requirements, by medians and by p10; desired ones in brackets"
    yield from rows_text(
        ["", "", "is", "p10", "at most", ""],
        [[verdict(one["met"], one["required"]), one["what"], one["value"],
          one.get("value_p10", ""), one["limit"], one["unit"]]
         for one in result["requirements"]])


def verdict(met, required):
    if required:
        return "met" if met else "MISSED"
    return "(met)" if met else "(missed)"


def table(result):
    """Format all results as text."""
    lines = [f"scale: Linux {result['kernel']} ({result['release']}), "
             f"{result['cpus']} CPUs, {result['accel']}"
             f"{', quick' if result['quick'] else ''}",
             "highest load of the host: " + ", ".join(
                 f"{part} {load}"
                 for part, load in result["host_load"].items())]
    for part in measured(result):
        for text in TEXTS[part]:
            lines += ["", *text(result)]
    lines += ["", *verdict_text(result)]
    return "\n".join(lines)
