# SPDX-License-Identifier: GPL-2.0
"""Tables, verdicts and plots of the results."""

import collections
import random
import statistics
import subprocess

import scale
from speed import BEFORE
from tables import columns

GIB = 1 << 30

TITLES = {
    "memdev": "memdev",
    "raw-128M": "the kernel's calls, 128 MiB",
    "raw-512M": "the kernel's calls, 512 MiB",
    "raw-1024M": "the kernel's calls, 1 GiB",
    "dax/kmem": "dax/kmem",
    "virtio-mem": "virtio-mem",
    "dimm": "ACPI DIMM",
}
RESAMPLES = 2000


class Times:
    """Times in ms per GiB, by what was measured."""

    def __init__(self, samples):
        self.times = collections.defaultdict(list)
        for sample in samples:
            for op in ("plug", "unplug"):
                # Filling the memory does not affect the plug before it.
                before = sample["before"] if op == "unplug" else ""
                key = (sample["peer"], op, sample["memmap"], before,
                       sample["policy"])
                self.times[key].append(
                    sample[op + "_ms"] / (sample["size"] / GIB))

    def get(self, peer, op, memmap=False, before="",
            policy="online_movable"):
        return self.times.get((peer, op, memmap, before, policy), [])


def quartiles(times):
    if len(times) < 2:
        return times * 3
    return statistics.quantiles(times, n=4, method="inclusive")


def cell(times):
    if not times:
        return "-"
    low, middle, high = quartiles(times)
    return f"{middle:.1f} ({low:.1f}-{high:.1f})"


def ratio(ours, theirs):
    """The ratio of the medians and its 95 % interval, by bootstrapping."""
    random.seed(1)
    drawn = sorted(statistics.median(random.choices(ours, k=len(ours))) /
                   statistics.median(random.choices(theirs, k=len(theirs)))
                   for _ in range(RESAMPLES))
    return (statistics.median(ours) / statistics.median(theirs),
            drawn[RESAMPLES // 40], drawn[-1 - RESAMPLES // 40])


def speed_rows(times, memmap, policy):
    rows = []
    for peer, title in TITLES.items():
        row = [times.get(peer, op, memmap, before, policy)
               for op, before in (("plug", ""), ("unplug", ""),
                                  *(("unplug", name) for name in BEFORE))]
        if any(row):
            rows.append([title, *map(cell, row)])
    return rows


# Limit for memdev's own share of the time of a plug
OWN = .02
# Operation, provider to compare with, limit of the ratio
GOALS = (
    ("plug", "raw", 1.10), ("unplug", "raw", 1.10),
    ("plug", "dax/kmem", 1.0), ("unplug", "dax/kmem", 1.15),
    ("plug", "virtio-mem", .75), ("unplug", "virtio-mem", .6),
)


def best_raw(times, op, memmap, before):
    """The times of the kernel's calls with the fastest chunk size."""
    all_of = [times.get(peer, op, memmap, before)
              for peer in TITLES if peer.startswith("raw-")]
    all_of = [some for some in all_of if some]
    return min(all_of, key=statistics.median) if all_of else []


Goal = collections.namedtuple("Goal",
                              "what value spread most met required form")


def goal(what, ours, theirs, most):
    """Compare a ratio with its limit, if both were measured."""
    if not ours or not theirs:
        return []
    is_now, low, high = ratio(ours, theirs)
    return [Goal(what, is_now, (low, high), most, is_now <= most, True,
                 ".2f")]


def speed_goals(result):
    off, on = boots(result)
    for op, peer, most in GOALS:
        for times, memmap in ((off, False), (on, True)):
            for before in ("", *BEFORE) if op == "unplug" else ("",):
                if peer == "raw":
                    name = "best of the kernel's calls"
                    theirs = best_raw(times, op, memmap, before)
                elif memmap:
                    continue
                else:
                    name = TITLES[peer]
                    theirs = times.get(peer, op, False, before)
                what = f"{op} / {name}"
                what += ", memmap on memory" if memmap else ""
                what += f", {before}" if before else ""
                yield from goal(what,
                                times.get("memdev", op, memmap, before),
                                theirs, most)
    yield from goal("plug, memmap on memory / dax/kmem without",
                    on.get("memdev", "plug", True), on.get("dax/kmem", "plug"),
                    .5)


def own_goals(result):
    """The share of time outside the kernel's steps, by the tracepoints.

    There is a limit for plug only: for an unplug memdev itself scans pages, to
    skip blocks with unmovable pages.
    """
    for boot in result["speed"]:
        found = boot["profile"]
        memmap = ", memmap on memory" if boot["about"]["memmap"] else ""
        for op in ("plug", "unplug"):
            own = [1 - one[op]["steps_ns"] / one[op]["whole_ns"]
                   for one in found["steps"]]
            low, is_now, high = quartiles(own)
            yield Goal(f"{op}, memdev's own share{memmap}", is_now,
                       (low, high), OWN, is_now <= OWN, op == "plug", ".1%")


def goal_row(one):
    low, high = (format(value, one.form) for value in one.spread)
    return [one.what, format(one.value, one.form), f"({low}-{high})",
            f"at most {one.most:{one.form}}",
            scale.verdict(one.met, one.required)]


def boots(result):
    """The times of the boots without and with memmap on memory."""
    found = {boot["about"]["memmap"]: boot["samples"]
             for boot in result["speed"]}
    return [Times(found.get(memmap, ())) for memmap in (False, True)]


def speed_text(result):
    off, on = boots(result)
    about = result["speed"][0]["about"]
    head = ["ms per GiB: median (quartiles)", "plug", "unplug",
            "unplug, filled", "unplug, 1/4 in use"]
    parts = ((off, False, "online_movable", ""),
             (on, True, "online_movable",
              "booted with memory_hotplug.memmap_on_memory=1, memmap on memory"),
             (off, False, "stock",
              f"auto_online_blocks={about['policy']}, the distribution's "
              "default"))
    rows = [head]
    for times, memmap, policy, title in parts:
        more = speed_rows(times, memmap, policy)
        if more:
            rows += [[], [title]] if title else []
            rows += more
    return [*columns(rows), ""]


def goals_text(speed, own):
    rows = [["memdev's median / theirs (95 %)"]]
    rows += map(goal_row, speed)
    rows += [[], ["memdev's own share, by the tracepoints (quartiles)"]]
    rows += map(goal_row, own)
    return [*columns(rows), ""]


def profile_text(result):
    """Times of functions."""
    lines, functions = [], {}
    for boot in result["speed"]:
        functions.update(boot["profile"]["functions"])
    names = list(functions)
    size = result["speed"][0]["profile"]["size"]
    for op in ("plug", "unplug"):
        rows = [[f"{op} of {size // GIB} GiB: ms in a function and its "
                 "callees, traced, on one CPU", *names]]
        first = functions[names[0]][op]
        for name in sorted(first, key=lambda name: -first[name]):
            rows.append([f"  {name}"] + [
                f"{functions[which][op].get(name, 0) / 1000:.1f}"
                for which in names])
        lines += [*columns(rows), ""]
    return lines


def machine(result):
    about = result["speed"][0]["about"]
    cpu = result.get("cpu")
    return (f"Linux {about['release']}, {about['cpus']} CPUs, "
            f"{about['accel'].upper()} (QEMU {about['qemu']}"
            f"{f', CPU {cpu}' if cpu else ''}) on "
            f"{result['processor']}, {result['when']}")


def measured(result):
    """The machine and the method."""
    return [machine(result),
            f"{result['repetitions']} repetitions of each size (in use: the "
            "smallest), in random order within one boot"]


def text(result):
    """All tables of a kernel, and the number of missed goals."""
    lines, missed = [], 0
    if "speed" in result:
        speed, own = list(speed_goals(result)), list(own_goals(result))
        lines = measured(result)
        if result["quick"]:
            lines.append("quick: a single repetition has no significance")
        lines += ["", *speed_text(result), *goals_text(speed, own),
                  *profile_text(result)]
        missed = sum(one.required and not one.met for one in speed + own)
    if "scale" in result:
        lines += scale.table(result["scale"]).split("\n")
        missed += sum(one["required"] and not one["met"]
                      for one in result["scale"]["requirements"])
    return "\n".join(lines).rstrip("\n"), missed


# --- the plot ---------------------------------------------------------------

COLOURS = {"memdev": "#d62728", "raw-128M": "#aaaaaa", "raw-512M": "#555555",
           "raw-1024M": "#cccccc", "dax/kmem": "#1f77b4",
           "virtio-mem": "#2ca02c", "dimm": "#9467bd"}


def curve(samples, peer, op, memmap):
    """Yield the size, and the median and quartiles in ms, for idle memory."""
    by_size = collections.defaultdict(list)
    for sample in samples:
        if (sample["peer"] == peer and sample["memmap"] == memmap and
                not sample["before"] and
                sample["policy"] == "online_movable"):
            by_size[sample["size"]].append(sample[op + "_ms"])
    for size, times in sorted(by_size.items()):
        low, middle, high = quartiles(times)
        yield f"{size / GIB} {middle} {low} {high}"


def plot(result, path):
    """Plot a panel for each operation and boot, and one key."""
    script = ["set terminal svg size 1000,780 dynamic enhanced font "
              "'sans,12' background '#ffffff'", f"set output '{path}'",
              "set multiplot title "
              f"'{machine(result)}: median and quartiles, idle memory'",
              "set logscale xy 2", "set logscale y 10",
              "set xlabel 'GiB'", "set ylabel 'ms'", "set grid", "unset key",
              "set lmargin 9"]
    drawn = []
    for row, boot in enumerate(result["speed"]):
        memmap = boot["about"]["memmap"]
        sizes = sorted({sample["size"] // GIB for sample in boot["samples"]})
        where = ", memmap on the memory" if memmap else ""
        for column, op in enumerate(("plug", "unplug")):
            lines, plots = [], []
            for peer in TITLES:
                points = list(curve(boot["samples"], peer, op, memmap))
                if not points:
                    continue
                if peer not in drawn:
                    drawn.append(peer)
                name = f"$data{len(plots)}"
                lines += [f"{name} << EOD", *points, "EOD"]
                plots.append(f"{name} using 1:2:3:4 with yerrorlines "
                             f"{style(peer)}")
            if plots:
                script += [*lines, f"set title '{op}{where}'",
                           "set size .5,.43",
                           f"set origin {column * .5},{.52 - row * .43}",
                           f"set xtics ({', '.join(map(str, sizes))})",
                           f"set xrange [{sizes[0] * .8}:{sizes[-1] * 1.25}]",
                           "plot " + ", ".join(plots)]
    if not drawn:
        return
    # The key has a panel of its own, so that it covers no curve.
    script += ["unset title", "unset border", "unset tics", "unset xlabel",
               "unset ylabel", "unset grid", "unset logscale",
               "set key center center maxrows 3 samplen 3 Left reverse "
               "width 2",
               "set xrange [0:1]", "set yrange [0:1]",
               "set margins 0,0,0,0", "set size 1,.1", "set origin 0,0",
               "plot " + ", ".join(
                   f"-1 with linespoints title \"{TITLES[peer]}\" "
                   f"{style(peer)}" for peer in drawn), "unset multiplot"]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True,
                   check=True)


def style(peer):
    return (f"lc rgb '{COLOURS[peer]}' pt 7 ps .5 "
            f"lw {2 if peer == 'memdev' else 1}")
