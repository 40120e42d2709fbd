# SPDX-License-Identifier: GPL-2.0
"""Translate QEMU's answers to requests for an address into memdev's.

memdev gives the answers of QEMU's memory devices, but in texts of its own,
which say what was requested, what is wrong and what is allowed. TEXTS
translates recorded answers (gen_vectors.py) and those of a running QEMU
(compare).
"""

import collections
import re

# Names in braces stand for values. memdev's text may have values of the
# request in addition to those in QEMU's text.
Text = collections.namedtuple("Text", "kind errno qemu memdev")
TEXTS = [Text(*line) for line in (
    ("unsupported alignment", "EINVAL",
     "the alignment ({align}) is not supported",
     "alignment {align} is not supported"),
    ("limit", "ENOSPC",
     "not enough space, currently {used} in use of total space for memory "
     "devices {limit}",
     "{size} is too much: {used} of {limit} is in use"),
    ("unaligned address", "EINVAL",
     "address must be aligned to {align} bytes",
     "address {addr} is not a multiple of the alignment {align}"),
    ("unaligned size", "EINVAL",
     "backend memory size must be multiple of {align}",
     "{size} is not a multiple of the alignment {align}"),
    ("outside", "ERANGE",
     "can't add memory device [{addr}:{size}], usable range for memory devices "
     "[{start}:{window}]",
     "{size} at {addr} is outside the window: {window} at {start}"),
    ("too big", "ENOSPC",
     "can't add memory device, device too big",
     "{size} is too big for the window"),
    ("conflict", "EBUSY",
     "address range conflicts with memory device id='{id}'",
     "{size} at {addr} is taken by device '{id}'"),
    ("fragmented", "ENOSPC",
     "could not find position in guest address space for memory device - memory "
     "fragmented due to alignments",
     "no free range of {size} with alignment {align}"),
    ("slot busy", "EBUSY",
     "slot {slot} is busy",
     "slot {slot} is busy"),
    ("no slot", "ENOSPC",
     "no free slots available",
     "no free slot"),
    ("invalid slot", "EINVAL",
     "invalid slot number {slot}, valid range is [0-{last}]",
     "slot {slot} is out of range [0-{last}]"),
)]

# Values that are not sizes
PLAIN = ("id", "slot", "last")
ADDRESSES = ("addr", "start")


def size_text(size):
    """Format a size like memdev_size_text() in drivers/memdev/reason.c."""
    units = " KMGTPE"
    unit = 0
    while size and size % 1024 == 0:
        size //= 1024
        unit += 1
    return f"{size}{units[unit].strip()}"


def value_text(name, value):
    if name in PLAIN:
        return str(value)
    if name in ADDRESSES:
        return f"{value:#x}"
    return size_text(value)


def pattern(text):
    """A regex that matches QEMU's text, with a group for each value."""
    parts = re.split(r"\{(\w+)\}", text)
    for at in range(1, len(parts), 2):
        value = {"id": "[^']*"}.get(parts[at], r"-?(?:0x[0-9a-f]+|\d+)")
        parts[at] = f"(?P<{parts[at]}>{value})"
    parts[::2] = map(re.escape, parts[::2])
    return "".join(parts)


def find(said):
    """Find the entry of TEXTS for QEMU's answer, and the values in it."""
    for text in TEXTS:
        match = re.fullmatch(pattern(text.qemu), said)
        if match:
            return text, {name: value if name == "id" else int(value, 0)
                          for name, value in match.groupdict().items()}
    return None, {}


def memdev_text(said, request):
    """Translate QEMU's answer to a request; keep an unknown answer."""
    text, values = find(said)
    if not text:
        return said
    values = {**request, **values}
    return text.memdev.format(**{
        name: value_text(name, values[name])
        for name in re.findall(r"\{(\w+)\}", text.memdev)})
