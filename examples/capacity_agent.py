#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""An agent that accounts for memory as the agent of a container cluster does.

A node agent reads the capacity of its node when it starts, keeps some memory
for the system, and offers the rest to workloads. If memory is plugged or
unplugged, it has to follow. This one prints what it would do:

capacity N MiB, offer M MiB
    the capacity after a change, and what the agent would offer

over by K MiB: evict or refuse new workloads
    more is promised to workloads (--promised) than can be offered now

Blocks that are plugged but offline do not count: they are not in MemTotal.
"""
import argparse
import json
import subprocess


def capacity():
    """Return MemTotal in MiB, which is what the kernel can use."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        for line in meminfo:
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) >> 10
    raise RuntimeError("no MemTotal in /proc/meminfo")


class Agent:
    def __init__(self, keep, promised):
        self.keep = keep
        self.promised = promised
        self.total = None

    def account(self):
        """Read the capacity, and act if it changed."""
        total = capacity()
        if total == self.total:
            return
        self.total = total
        offer = max(total - self.keep, 0)
        print(f"capacity {total} MiB, offer {offer} MiB", flush=True)
        if self.promised > offer:
            print(f"over by {self.promised - offer} MiB: evict or refuse new"
                  " workloads", flush=True)

    def run(self):
        """Account now, and at each event: an event is only a hint to look."""
        monitor = subprocess.Popen(["memdevctl", "monitor", "-J"],
                                   stdout=subprocess.PIPE, text=True)
        self.account()
        for line in monitor.stdout:
            event = json.loads(line)
            if event["event"] == "dev-refused":
                print(f"{event['device']} could not {event['op']}"
                      f" {event['asked'] >> 20} MiB: {event['reason']}",
                      flush=True)
            self.account()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=int, default=256, metavar="MIB",
                        help="memory kept for the system (default: 256)")
    parser.add_argument("--promised", type=int, default=0, metavar="MIB",
                        help="memory promised to workloads (default: 0)")
    args = parser.parse_args()
    Agent(args.keep, args.promised).run()


if __name__ == "__main__":
    main()
