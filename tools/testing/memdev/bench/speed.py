# SPDX-License-Identifier: GPL-2.0
"""Plug and unplug, by memdev and by everything else that can, in one boot."""

import random
import sys
import time

from machine import Failed, Machine

GIB = 1 << 30

# Where the memory of each is. Some RAM is behind it, as what is behind all RAM
# belongs to no node, and dax/kmem wants one.
LARGEST = 4 * GIB
MEMDEV = 4 * GIB
RAW = MEMDEV + LARGEST
DAX = RAW + LARGEST
RAM = 17 * GIB
APPEND = (f"memmap={LARGEST >> 30}G${MEMDEV:#x} "
          f"memmap={LARGEST >> 30}G${RAW:#x} "
          f"memmap={LARGEST >> 30}G%{DAX:#x}-1+0xefffffff")

CALLS = ("raw-128M", "raw-512M", "raw-1024M")
# What part of the memory is filled before it is unplugged: of "filled" it is free
# again by then, and the other is held until after that.
BEFORE = {"filled": 1, "in use": 4}
PEERS = ("memdev", *CALLS, "dax/kmem", "virtio-mem", "dimm")

# virtio-mem in the blocks that it has if nobody says otherwise, of 2 MiB. In
# larger ones it unplugs as slowly.
QEMU = (f"-object memory-backend-ram,id=of-virtio-mem,size={LARGEST},"
        "reserve=off -device virtio-mem-pci,id=virtio-mem,"
        "memdev=of-virtio-mem,requested-size=0")


class GuestPeer:
    """One that the guest plugs by writing to a file, and times."""

    def __init__(self, vm, name):
        self.vm = vm
        self.name = {"dax/kmem": "dax"}.get(name, name.rstrip("M"))

    def plug(self, size, memmap):
        return self.vm.do("plug", peer=self.name, size=size,
                          memmap=int(memmap)) / 1e6

    def unplug(self, size):
        return self.vm.do("unplug", peer=self.name, size=size) / 1e6


class HostPeer:
    """One that the host plugs. The guest says when all of it is there."""

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
        # Whoever looks into the guest meanwhile slows it down.
        while self.property("size"):
            time.sleep(.002)
        self.vm.do("wait", start=self.start, size=size, state="gone")
        return (time.monotonic() - began) * 1e3


class Dimm(HostPeer):
    """A DIMM of the size that is wanted, new each time."""

    def plug(self, size, memmap):
        self.vm.command("object-add", **{
            "qom-type": "memory-backend-ram", "id": "of-dimm", "size": size})
        # Where it is going to be: QEMU takes the first place that is free.
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
    """What is measured again and again."""

    def __init__(self, peer, size, memmap, before, policy):
        self.peer = peer
        self.size = size
        self.memmap = memmap
        # What there is in the memory before it is unplugged, of BEFORE
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
    """What there is to measure in a machine like this."""
    memmap = about["memmap"]
    single = memmap and kernel == "6.1"
    for peer in options.peers:
        if memmap and peer == "virtio-mem":
            # It has no use for it.
            continue
        maps = {False}
        if memmap and peer == "dimm":
            # It has no choice.
            maps = {True}
        elif memmap and (peer == "memdev" or peer in CALLS):
            maps = {False, True}
        elif memmap and peer == "dax/kmem" and kernel != "6.1":
            maps = {False, True}
        for on in sorted(maps):
            # There the kernel takes one block in a call.
            if single and on and peer in CALLS and peer != "raw-128M":
                continue
            for before in options.before:
                # What has to be moved takes its time, and by each GiB the same
                in_use = before == "in use"
                for size in options.sizes[:1] if in_use else options.sizes:
                    yield Case(peer, size, on, before, "online_movable")
        # By the policy that the distribution's kernel has, and the rest by who
        # plugs. Where it is "online", it brings what is plugged to a zone from
        # which it may never come out again; but for memdev.
        if not memmap and (peer == "memdev" or about["policy"] == "offline" and
                           peer in ("raw-512M", "dax/kmem")):
            for size in options.sizes:
                yield Case(peer, size, False, "", None)


def profile(vm, options, memmap):
    """Where the time goes, by tracing, which takes time itself."""
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
    """Measure it all, each time in another order."""
    append = APPEND + (" memory_hotplug.memmap_on_memory=1" if memmap else "")
    # Of two, QEMU takes the last
    qemu = QEMU + (f" -cpu {options.cpu}" if options.cpu else "")
    with Machine(kernel, f"{RAM >> 20}M,slots=2,maxmem=64G", append,
                 qemu, options.timeout) as vm:
        about = vm.about()
        if about["memmap"] != memmap:
            raise Failed("the kernel has not heard of memmap on memory")
        vm.do("setup", memdev=MEMDEV, raw=RAW, dax=DAX, size=LARGEST)
        samples = []
        order = list(cases(kernel, about, options))
        shuffle = random.Random(options.seed).shuffle
        began = time.monotonic()
        for nr in range(options.repetitions + 1):
            shuffle(order)
            for case in order:
                sample = case.measure(vm)
                # The first time is not like the others.
                if nr:
                    samples.append(sample)
            print(f"  {nr} of {options.repetitions} repetitions, "
                  f"{time.monotonic() - began:.0f} s", file=sys.stderr)
        return {"about": about, "samples": samples,
                "profile": profile(vm, options, memmap)}
