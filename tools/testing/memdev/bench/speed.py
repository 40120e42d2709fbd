# SPDX-License-Identifier: GPL-2.0
"""Plug and unplug by memdev and by other providers, in one boot."""

import random
import sys
import time

from machine import Failed, Machine

GIB = 1 << 30

# Addresses of the providers' memory, with RAM above them: an address above all
# RAM has no node, but dax/kmem needs one.
LARGEST = 4 * GIB
MEMDEV = 4 * GIB
RAW = MEMDEV + LARGEST
DAX = RAW + LARGEST
RAM = 17 * GIB
APPEND = (f"memmap={LARGEST >> 30}G${MEMDEV:#x} "
          f"memmap={LARGEST >> 30}G${RAW:#x} "
          f"memmap={LARGEST >> 30}G%{DAX:#x}-1+0xefffffff")

CALLS = ("raw-128M", "raw-512M", "raw-1024M")
# Divisor of the amount of memory filled before an unplug: "filled" memory is
# freed before the unplug, "in use" memory after it.
BEFORE = {"filled": 1, "in use": 4}
PEERS = ("memdev", *CALLS, "dax/kmem", "virtio-mem", "dimm")

# virtio-mem with its default blocks of 2 MiB; larger ones unplug no faster.
QEMU = (f"-object memory-backend-ram,id=of-virtio-mem,size={LARGEST},"
        "reserve=off -device virtio-mem-pci,id=virtio-mem,"
        "memdev=of-virtio-mem,requested-size=0")


class GuestPeer:
    """A provider whose memory the guest plugs; the guest measures the time."""

    def __init__(self, vm, name):
        self.vm = vm
        self.name = {"dax/kmem": "dax"}.get(name, name.rstrip("M"))

    def plug(self, size, memmap):
        return self.vm.do("plug", peer=self.name, size=size,
                          memmap=int(memmap)) / 1e6

    def unplug(self, size):
        return self.vm.do("unplug", peer=self.name, size=size) / 1e6


class HostPeer:
    """A provider whose memory the host plugs; the guest reports completion."""

    def __init__(self, vm, _):
        self.vm = vm

    def timed(self, start, size, state, command, **arguments):
        self.vm.ask("wait", start=start, size=size, state=state)
        began = time.monotonic()
        self.vm.command(command, **arguments)
        self.vm.answer()
        return began


class VirtioMem(HostPeer):
    PATH = "/machine/peripheral/virtio-mem"

    def property(self, name):
        return self.vm.command("qom-get", path=self.PATH, property=name)

    def plug(self, size, memmap):
        self.start = self.property("memaddr")
        began = self.timed(self.start, size, "online", "qom-set",
                           path=self.PATH, property="requested-size",
                           value=size)
        return (time.monotonic() - began) * 1e3

    def unplug(self, size):
        began = time.monotonic()
        self.vm.command("qom-set", path=self.PATH, property="requested-size",
                        value=0)
        # Poll QEMU, as polling the guest would slow it down.
        while self.property("size"):
            time.sleep(.002)
        self.vm.do("wait", start=self.start, size=size, state="gone")
        return (time.monotonic() - began) * 1e3


class Dimm(HostPeer):
    """A new DIMM for each plug."""

    def plug(self, size, memmap):
        self.vm.command("object-add", **{
            "qom-type": "memory-backend-ram", "id": "of-dimm", "size": size})
        # Choose an address, so that the guest knows which blocks to wait for.
        taken = [(info["data"].get("memaddr") or info["data"]["addr"],
                  info["data"].get("max-size") or info["data"]["size"])
                 for info in self.vm.command("query-memory-devices")]
        self.start = max(start + length for start, length in taken)
        began = self.timed(self.start, size, "online", "device_add",
                           driver="pc-dimm", id="dimm", memdev="of-dimm",
                           addr=self.start)
        return (time.monotonic() - began) * 1e3

    def unplug(self, size):
        began = self.timed(self.start, size, "gone", "device_del", id="dimm")
        self.vm.event("DEVICE_DELETED", device="dimm")
        took = (time.monotonic() - began) * 1e3
        self.vm.command("object-del", id="of-dimm")
        return took


def peer_of(vm, name):
    return {"virtio-mem": VirtioMem, "dimm": Dimm}.get(name, GuestPeer)(
        vm, name)


class Case:
    """A measurement that is repeated."""

    def __init__(self, peer, size, memmap, before, policy):
        self.peer = peer
        self.size = size
        self.memmap = memmap
        # A key of BEFORE, or empty for idle memory
        self.before = before
        self.policy = policy

    def measure(self, vm):
        peer = peer_of(vm, self.peer)
        vm.do("policy", policy=self.policy)
        plug = peer.plug(self.size, self.memmap)
        fill = self.size // BEFORE[self.before] if self.before else 0
        if fill:
            free = vm.do("fill", size=fill)
            if free > self.size - fill * 9 // 10:
                raise Failed(f"{self.peer}: {free} bytes of {self.size} "
                             f"were free, {fill} filled")
        if self.before == "filled":
            vm.do("free")
        unplug = peer.unplug(self.size)
        if self.before == "in use":
            vm.do("free")
        return {"peer": self.peer, "size": self.size, "memmap": self.memmap,
                "before": self.before, "policy": self.policy or "stock",
                "plug_ms": round(plug, 3), "unplug_ms": round(unplug, 3)}


def cases(kernel, about, options):
    """Yield the measurements that this VM allows."""
    memmap = about["memmap"]
    single = memmap and kernel == "6.1"
    for peer in options.peers:
        if memmap and peer == "virtio-mem":
            # virtio-mem does not support memmap on memory.
            continue
        maps = {False}
        if memmap and peer == "dimm":
            # ACPI always uses memmap on memory.
            maps = {True}
        elif memmap and (peer == "memdev" or peer in CALLS):
            maps = {False, True}
        elif memmap and peer == "dax/kmem" and kernel != "6.1":
            maps = {False, True}
        for on in sorted(maps):
            # Linux 6.1 supports memmap on memory only for single blocks.
            if single and on and peer in CALLS and peer != "raw-128M":
                continue
            for before in options.before:
                # One size is enough: migration is slow, and linear in size.
                in_use = before == "in use"
                for size in options.sizes[:1] if in_use else options.sizes:
                    yield Case(peer, size, on, before, "online_movable")
        # Also use the distribution's policy. The policy "online" may online
        # blocks to ZONE_NORMAL, where unplug may fail; memdev overrides that.
        if not memmap and (peer == "memdev" or about["policy"] == "offline" and
                           peer in ("raw-512M", "dax/kmem")):
            for size in options.sizes:
                yield Case(peer, size, False, "", None)


def profile(vm, options, memmap):
    """Trace the functions; tracing adds to their times."""
    size = max(options.sizes)
    found = {"size": size, "steps": []}
    vm.do("policy", policy="online_movable")
    memmaps = sorted({False, memmap})
    took = vm.do("functions", peer="memdev", size=size,
                 memmaps=[int(on) for on in memmaps],
                 times=options.repetitions)
    found["functions"] = {"memmap on memory" if on else "memdev": of
                          for on, of in zip(memmaps, took)}
    for _ in range(options.repetitions):
        found["steps"].append(vm.do("steps", size=size, memmap=int(memmap)))
    return found


def run(kernel, options, memmap):
    """Measure all cases repeatedly, each time in a random order."""
    append = APPEND + (" memory_hotplug.memmap_on_memory=1" if memmap else "")
    # The last -cpu option takes effect.
    qemu = QEMU + (f" -cpu {options.cpu}" if options.cpu else "")
    with Machine(kernel, f"{RAM >> 20}M,slots=2,maxmem=64G", append,
                 qemu, options.timeout) as vm:
        about = vm.about()
        if about["memmap"] != memmap:
            raise Failed("the kernel ignored memory_hotplug.memmap_on_memory")
        vm.do("setup", memdev=MEMDEV, raw=RAW, dax=DAX, size=LARGEST)
        samples = []
        order = list(cases(kernel, about, options))
        shuffle = random.Random(options.seed).shuffle
        began = time.monotonic()
        for nr in range(options.repetitions + 1):
            shuffle(order)
            for case in order:
                sample = case.measure(vm)
                # Discard the first repetition: caches are cold.
                if nr:
                    samples.append(sample)
            print(f"  {nr} of {options.repetitions} repetitions, "
                  f"{time.monotonic() - began:.0f} s", file=sys.stderr)
        return {"about": about, "samples": samples,
                "profile": profile(vm, options, memmap)}
