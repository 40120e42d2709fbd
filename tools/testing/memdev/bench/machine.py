# SPDX-License-Identifier: GPL-2.0
"""A VM that executes and times requests, and a connection to its monitor."""

import json
import pathlib
import shutil
import socket
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RUN = HERE.parent / "vm/run"

# Time limit to stop a VM that hangs; even a slow machine has to take less.
HANGS = 900


class Failed(Exception):
    """A measurement failed."""


class Lines:
    """JSON messages, one per line, through a socket."""

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
            raise Failed("the VM closed the connection")
        return json.loads(line)


class Machine:
    """A VM that runs during a with statement."""

    def __init__(self, kernel, memory, append="", qemu="", timeout=7200):
        self.tmp = tempfile.mkdtemp(prefix="memdev-bench.")
        port, qmp = self.tmp + "/port", self.tmp + "/qmp"
        # The VM must end however this script ends.
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
            line = self.vm.stdout.readline()
            if line != "ready\n":
                line += self.vm.stdout.read()
                raise Failed("the VM did not become ready: " + line)
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
        # A complaint on the kernel's console voids the results.
        if not kind and self.vm.returncode:
            raise Failed(f"the VM failed ({self.vm.returncode})")

    def stop(self):
        try:
            self.vm.wait(60 if hasattr(self, "qmp") else 0)
        except subprocess.TimeoutExpired:
            # Not SIGKILL: vm/run has to stop QEMU and remove its files.
            self.vm.terminate()
            self.vm.wait()
        self.vm.stdout.close()
        shutil.rmtree(self.tmp)

    def ask(self, name, **arguments):
        """Send a request without waiting for the answer."""
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
        """Describe the VM for the results."""
        qemu = self.command("query-version")["qemu"]
        kvm = self.command("query-kvm")["enabled"]
        return {**self.do("about"), "accel": "kvm" if kvm else "tcg",
                "qemu": f"{qemu['major']}.{qemu['minor']}.{qemu['micro']}"}

    def event(self, name, **data):
        """Wait for an event with this name and data."""
        while True:
            while self.events:
                event = self.events.pop(0)
                if (event["event"] == name and
                        data.items() <= event["data"].items()):
                    return
            reply = self.qmp.receive()
            if "event" in reply:
                self.events.append(reply)
