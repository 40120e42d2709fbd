# SPDX-License-Identifier: GPL-2.0
"""Text in columns."""


def columns(rows, left=(0,)):
    """Rows of cells as lines, each column as wide as it has to be.

    A row may be shorter than others. What is in the columns LEFT begins at the
    left, the rest ends at the right.
    """
    widths = [max(len(row[nr]) for row in rows if nr < len(row))
              for nr in range(max(map(len, rows)))]
    for row in rows:
        yield "  ".join(
            text.ljust(width) if nr in left else text.rjust(width)
            for nr, (text, width) in enumerate(zip(row, widths))).rstrip()
