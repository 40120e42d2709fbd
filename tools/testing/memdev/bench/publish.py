# SPDX-License-Identifier: GPL-2.0
"""What the README says of how fast it is, from what was measured."""

import shutil

import report
import scale
from tables import columns

BEGIN = "<!-- from make bench: -->\n"
END = "<!-- to here -->\n"


def goal_rows(results):
    """What was to be reached, a column for each kernel."""
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
        # So that the numbers stand below each other
        cells = [values.get(kernel, "-") for kernel in kernels]
        yield [what, *(cell if cell.endswith("!") else cell + "  "
                       for cell in cells), most[what]]


def many_rows(result):
    """The curve over many devices."""
    found = result["scale"]
    levels = sorted({row["devices"] for row in found["create"]})
    yield ["us for each, devices there are:", *(f"{n:,}" for n in levels)]
    for op in ("create", "destroy", "lookup"):
        for by in dict.fromkeys(row["by"] for row in found[op]):
            yield [f"{op}, {by}"] + [
                scale.cell_text(row["median_us"]) for n in levels
                for row in scale.rows_of(found[op], by=by, devices=n)]
    yield ["dump of all, for each device"] + [
        scale.cell_text(row["each_us"]) for n in levels
        for row in scale.rows_of(found["dump"], devices=n)]


def block(results, where):
    """In Markdown, from one mark to the other."""
    kernel, result = list(results.items())[-1]
    lines = [f"![time by size on Linux {kernel}]({where}/{kernel}.svg)", "",
             *indented([*report.measured(result), "",
                        *report.speed_text(result)]),
             "In each kernel, with `!` where it is more than it should be:",
             "", *indented(columns(list(goal_rows(results)))), "",
             f"Many devices, Linux {kernel}:", "",
             *indented(columns(list(many_rows(result)))), "",
             "All of it, and where the time goes: " + ", ".join(
                 f"[{name}]({where}/{name}.txt)" for name in results) + "."]
    return "\n".join(lines) + "\n"


def indented(lines):
    return [("    " + line).rstrip() for line in lines]


def publish(results, output, top):
    """Leave what was measured in the documentation and the README."""
    where = "Documentation/bench"
    for kernel, result in results.items():
        if "speed" not in result or "scale" not in result or (
                scale.measured(result["scale"]) != list(scale.PARTS)):
            raise RuntimeError(f"{kernel}: not all of it was measured")
        if result["quick"] or result["scale"]["quick"]:
            raise RuntimeError(f"{kernel}: it was quick")
    (top / where).mkdir(exist_ok=True)
    for kernel in results:
        for kind in ("txt", "svg"):
            shutil.copy(output / f"{kernel}.{kind}", top / where)
    readme = top / where / "README.md"
    where = "."  # for links in it
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise RuntimeError(f"{readme}: no place for it")
    readme.write_text(before + begin + block(results, where) + end + after)
