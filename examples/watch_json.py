#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Follow the sizes of memory devices with memdevctl's JSON output.

Print the devices once, and then each change. The monitor starts before the
list is read, so that no change is missed: one that both have is seen twice.
Messages can be lost if this program is too slow. Then it reads the list again.

Every user can run it; only root gets addresses.
"""
import json
import subprocess


def devices():
    """Return a dictionary of all devices by their names."""
    out = subprocess.run(["memdevctl", "list", "-J"], check=True,
                         stdout=subprocess.PIPE).stdout
    return {dev["device"]: dev for dev in json.loads(out)["memdev"]}


def show(devs):
    for name, dev in devs.items():
        print(f"{name}: {dev['plugged'] >> 20} MiB of {dev['size'] >> 20} MiB"
              f" plugged, {dev['online'] >> 20} MiB online", flush=True)


def main():
    monitor = subprocess.Popen(["memdevctl", "monitor", "-J"],
                               stdout=subprocess.PIPE, text=True)
    show(devices())
    for line in monitor.stdout:
        event = json.loads(line)
        what = event["event"]
        if what == "lost":
            show(devices())
        elif what in ("dev-plugged", "dev-online"):
            print(f"{event['device']}: {what[4:]} {event['old'] >> 20} MiB"
                  f" -> {event['new'] >> 20} MiB", flush=True)
        elif what == "dev-refused":
            print(f"{event['device']}: {event['op']} of"
                  f" {event['asked'] >> 20} MiB failed after"
                  f" {event['done'] >> 20} MiB: {event['reason']}", flush=True)
        else:
            print(f"{event.get('device') or event.get('window')}: {what}",
                  flush=True)
    # The monitor ends when the module is unloaded.
    print("the module is gone")


if __name__ == "__main__":
    main()
