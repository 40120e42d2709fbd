# SPDX-License-Identifier: GPL-2.0
"""Write the results to Documentation/bench."""

import shutil

import report
import scale
from tables import columns

BEGIN = "<!-- from make bench: -->\n"
END = "<!-- to here -->\n"


def goal_rows(results):
    """The goals, with a column for each kernel."""
    kernels = list(results)
    rows, most = {}, {}
    for kernel, result in results.items():
        for one in (*report.speed_goals(result), *report.own_goals(result)):
            value = format(one.value, one.form)
            rows.setdefault(one.what, {})[kernel] = value + " !" * (
                one.required and not one.met)
            most[one.what] = (format(one.most, one.form) if one.required
                              else "-")
    yield ["memdev's median / theirs", *kernels, "at most"]
    for what, values in rows.items():
        # Align the numbers of met and missed goals.
        cells = [values.get(kernel, "-") for kernel in kernels]
        yield [what, *(cell if cell.endswith("!") else cell + "  "
                       for cell in cells), most[what]]


def many_rows(result):
    """Times by number of devices."""
    found = result["scale"]
    levels = sorted({row["devices"] for row in found["create"]})
    yield ["us for each, number of devices:", *(f"{n:,}" for n in levels)]
    for op in ("create", "destroy", "lookup"):
        for by in dict.fromkeys(row["by"] for row in found[op]):
            yield [f"{op}, {by}"] + [
                scale.cell_text(row["median_us"]) for n in levels
                for row in scale.rows_of(found[op], by=by, devices=n)]
    yield ["dump of all, per device"] + [
        scale.cell_text(row["each_us"]) for n in levels
        for row in scale.rows_of(found["dump"], devices=n)]


def block(results, where):
    """The Markdown between BEGIN and END."""
    kernel, result = list(results.items())[-1]
    lines = [f"![time by size on Linux {kernel}]({where}/{kernel}.svg)", "",
             *indented([*report.measured(result), "",
                        *report.speed_text(result)]),
             "On each kernel; `!` marks a value above its limit:",
             "", *indented(columns(list(goal_rows(results)))), "",
             f"Many devices, Linux {kernel}:", "",
             *indented(columns(list(many_rows(result)))), "",
             "Complete results, with profiles: " + ", ".join(
                 f"[{name}]({where}/{name}.txt)" for name in results) + "."]
    return "\n".join(lines) + "\n"


def indented(lines):
    return [("    " + line).rstrip() for line in lines]


def publish(results, output, top):
    """Write the results to Documentation/bench."""
    where = "Documentation/bench"
    for kernel, result in results.items():
        if "speed" not in result or "scale" not in result or (
                scale.measured(result["scale"]) != list(scale.PARTS)):
            raise RuntimeError(f"{kernel}: some parts were not measured")
        if result["quick"] or result["scale"]["quick"]:
            raise RuntimeError(f"{kernel}: measured with --quick")
    (top / where).mkdir(exist_ok=True)
    for kernel in results:
        for kind in ("txt", "svg"):
            shutil.copy(output / f"{kernel}.{kind}", top / where)
    readme = top / where / "README.md"
    where = "."  # for links in the README
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{readme}: the marks of the results are missing")
    readme.write_text(before + begin + block(results, where) + end + after)
