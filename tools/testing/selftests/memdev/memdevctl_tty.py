#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Run a shell command on a new terminal of 24 rows and 80 columns, in steps:

memdevctl_tty.py LOG COMMAND STEP...

expect REGEX    read until the output since the last match matches
send TEXT       type TEXT, with Python's escapes
kill SIGNAL     send a signal
size RxC        change the size of the terminal
sh COMMAND      run a shell command

Write all output to LOG, wait for the command to exit, and print its status and
whether it restored the modes of the terminal.
"""
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

# Only a hang takes longer.
TIMEOUT = 300


class Terminal:
    """A terminal and the command on it"""

    def __init__(self, log, command):
        self.log = log
        self.text = b""
        self.master, self.slave = os.openpty()
        self.size("24x80")
        self.before = termios.tcgetattr(self.slave)
        self.proc = subprocess.Popen(
            ["sh", "-c", command], stdin=self.slave, stdout=self.slave,
            stderr=self.slave, preexec_fn=self.control)

    def control(self):
        """In the child, make this its controlling terminal."""
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        # Background jobs of a non-interactive shell ignore SIGINT.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def size(self, size):
        """Change the size."""
        rows, columns = map(int, size.split("x"))
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """Read what is there, or wait for it."""
        if select.select([self.master], [], [], seconds)[0]:
            text = os.read(self.master, 65536)
            self.log.write(text)
            self.text += text

    def expect(self, pattern):
        """Read until the output matches, and drop it up to there."""
        end = time.monotonic() + TIMEOUT
        while True:
            found = re.search(pattern.encode(), self.text, re.S)
            if found:
                self.text = self.text[found.end():]
                return
            if time.monotonic() > end:
                sys.exit("no %r in %r" % (pattern, self.text))
            self.read(1)

    def send(self, text):
        """Type a text."""
        os.write(self.master, text.encode().decode("unicode_escape").encode())

    def kill(self, name):
        """Send a signal."""
        self.proc.send_signal(getattr(signal, "SIG" + name))

    def sh(self, command):
        """Run a shell command elsewhere."""
        subprocess.run(command, shell=True, check=True,
                       stdout=subprocess.DEVNULL)

    def wait(self):
        """Wait for the command to exit. Return its status."""
        end = time.monotonic() + TIMEOUT
        while self.proc.poll() is None:
            if time.monotonic() > end:
                self.proc.kill()
                sys.exit("the command does not exit: %r" % self.text)
            self.read(0.1)
        self.read(0)
        return self.proc.returncode

    def restored(self):
        """Whether the modes are those from before the command."""
        return termios.tcgetattr(self.slave) == self.before


def main():
    """Run the steps."""
    with open(sys.argv[1], "wb") as log:
        terminal = Terminal(log, sys.argv[2])
        for step in sys.argv[3:]:
            verb, _, argument = step.partition(" ")
            getattr(terminal, verb)(argument)
        status = terminal.wait()
    print(status, "restored" if terminal.restored() else "not restored")


main()
