# SPDX-License-Identifier: GPL-2.0
"""Text in columns."""


def columns(rows, left=(0,)):
    """Format rows of cells as lines with aligned columns.

    Rows may differ in length. The columns LEFT are aligned left, others right.
    """
    widths = [max(len(row[nr]) for row in rows if nr < len(row))
              for nr in range(max(map(len, rows)))]
    for row in rows:
        yield "  ".join(
            text.ljust(width) if nr in left else text.rjust(width)
            for nr, (text, width) in enumerate(zip(row, widths))).rstrip()
