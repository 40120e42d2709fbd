# SPDX-License-Identifier: GPL-2.0
"""A VM that does and times what it is asked for, and QEMU's monitor of it."""

import json
import pathlib
import shutil
import socket
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RUN = HERE.parent / "vm/run"

# For a VM that hangs; a slow machine must not get there.
HANGS = 900


class Failed(Exception):
    """What was to be measured did not happen."""


class Lines:
    """JSON, a line each, through a socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(HANGS)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw")

    def send(self, what):
        self.file.write(json.dumps(what) + "\n")
        self.file.flush()

    def receive(self):
        line = self.file.readline()
        if not line:
            raise Failed("the VM has gone")
        return json.loads(line)


class Machine:
    """A VM, from the first to the last line of a with statement."""

    def __init__(self, kernel, memory, append="", qemu="", timeout=7200):
        self.tmp = tempfile.mkdtemp(prefix="memdev-bench.")
        port, qmp = self.tmp + "/port", self.tmp + "/qmp"
        # However this script ends, the VM does not stay.
        self.vm = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", RUN, "-k", kernel,
             "-m", memory, "-a", append, "-t", str(timeout), "-q",
             f"{qemu} -qmp unix:{qmp},server=on,wait=off "
             "-device virtio-serial-pci "
             f"-chardev socket,id=port,path={port},server=on,wait=off "
             "-device virtserialport,chardev=port",
             "--", HERE / "guest"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.events = []
        try:
            said = self.vm.stdout.readline()
            if said != "ready\n":
                said += self.vm.stdout.read()
                raise Failed("the VM did not get ready: " + said)
            self.port = Lines(port)
            self.qmp = Lines(qmp)
            self.qmp.receive()
            self.command("qmp_capabilities")
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if not kind:
            self.port.send({"do": "end"})
        self.stop()
        # A kernel that complained is a failure, whatever it has measured.
        if not kind and self.vm.returncode:
            raise Failed(f"the VM failed ({self.vm.returncode})")

    def stop(self):
        try:
            self.vm.wait(60 if hasattr(self, "qmp") else 0)
        except subprocess.TimeoutExpired:
            # Not by SIGKILL: it has a QEMU and files of its own to see to.
            self.vm.terminate()
            self.vm.wait()
        self.vm.stdout.close()
        shutil.rmtree(self.tmp)

    def ask(self, name, **arguments):
        """Begin what the guest is to do."""
        self.port.send({"do": name, **arguments})

    def answer(self):
        answer = self.port.receive()
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["result"]

    def do(self, name, **arguments):
        self.ask(name, **arguments)
        return self.answer()

    def command(self, name, **arguments):
        self.qmp.send({"execute": name, "arguments": arguments})
        while True:
            reply = self.qmp.receive()
            if "event" in reply:
                self.events.append(reply)
            elif "error" in reply:
                raise Failed(f"{name} {arguments}: {reply['error']['desc']}")
            else:
                return reply["return"]

    def about(self):
        """What it is, for the record."""
        qemu = self.command("query-version")["qemu"]
        kvm = self.command("query-kvm")["enabled"]
        return {**self.do("about"), "accel": "kvm" if kvm else "tcg",
                "qemu": f"{qemu['major']}.{qemu['minor']}.{qemu['micro']}"}

    def event(self, name, **data):
        """Wait for one that says this."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if (event["event"] == name and
                        data.items() <= event["data"].items()):
                    return
            reply = self.qmp.receive()
            if "event" in reply:
                self.events.append(reply)
