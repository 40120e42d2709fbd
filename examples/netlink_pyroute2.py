#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Talk to the netlink family of memdev with pyroute2 (python3-pyroute2).

netlink_pyroute2.py list		print the devices
netlink_pyroute2.py plug DEV SIZE	plug SIZE bytes of the device number DEV
netlink_pyroute2.py unplug DEV SIZE	unplug them
netlink_pyroute2.py monitor		print each change of a device's sizes

Documentation/netlink/specs/memdev.yaml describes all requests and attributes.
The numbers below are those of its uapi header, linux/memdev.h, and never
change.
"""
import sys

from pyroute2.netlink import (NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, genlmsg,
                              nla)
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.generic import GenericNetlinkSocket

CMD_DEV_GET = 1
CMD_DEV_PLUG = 5
CMD_DEV_UNPLUG = 6
CMD_DEV_PLUGGED_NTF = 13
CMD_DEV_ONLINE_NTF = 14


class DevMessage(genlmsg):
    """A message about a device: the attributes that this program uses"""

    nla_map = (
        (1, "INDEX", "uint32"),
        (2, "ID", "asciiz"),
        (3, "KIND", "asciiz"),
        (6, "SIZE", "uint64"),
        (11, "PLUGGED_SIZE", "uint64"),
        (12, "ONLINE_SIZE", "uint64"),
        (22, "REFUSAL", "refusal"),
    )

    class refusal(nla):
        """Why a plug or an unplug failed"""

        nla_map = (
            (3, "REASON", "asciiz"),
            (8, "DONE", "uint64"),
        )


class EventMessage(genlmsg):
    """A message of the multicast groups"""

    nla_map = (
        (1, "SEQ", "uint64"),
        (2, "DEVICE", "uint32"),
        (8, "OLD_SIZE", "uint64"),
        (9, "NEW_SIZE", "uint64"),
    )


class Memdev(GenericNetlinkSocket):
    def request(self, cmd, flags, attrs=()):
        msg = DevMessage()
        msg["cmd"] = cmd
        msg["version"] = 1
        msg["attrs"] = list(attrs)
        return self.nlm_request(msg, msg_type=self.prid,
                                msg_flags=NLM_F_REQUEST | flags)

    def devices(self):
        return self.request(CMD_DEV_GET, NLM_F_DUMP)

    def change(self, cmd, index, size):
        """Plug or unplug. Returns None, or the reason for a failure."""
        try:
            for msg in self.request(cmd, NLM_F_ACK,
                                    [("INDEX", index), ("SIZE", size)]):
                # Precedes the error if a part was done or a block refused.
                refusal = msg.get_attr("REFUSAL")
                if refusal:
                    return (f"{refusal.get_attr('DONE')} bytes done, then"
                            f" {refusal.get_attr('REASON')}")
        except NetlinkError as error:
            if error.code:
                return error.args[1]
            # Success with a warning, such as a block that stayed offline.
            # pyroute2 0.7 takes it for an error, and does not read its text.
            print("done, with a warning")
        return None


def main(argv):
    command = argv[1] if len(argv) > 1 else ""
    usage = {"list": 2, "plug": 4, "unplug": 4, "monitor": 2}
    if len(argv) != usage.get(command):
        sys.exit(__doc__)
    # The kernel answers with the reason for an error in words.
    sock = Memdev(ext_ack=True)
    if command == "monitor":
        sock.bind("memdev", EventMessage)
        # Only root may join the group "monitor", which has addresses.
        sock.add_membership("monitor-public")
        print("listening", flush=True)
        names = {CMD_DEV_PLUGGED_NTF: "plugged", CMD_DEV_ONLINE_NTF: "online"}
        while True:
            for msg in sock.get():
                if msg["cmd"] in names:
                    print(f"memdev{msg.get_attr('DEVICE')}"
                          f" {names[msg['cmd']]}: {msg.get_attr('OLD_SIZE')}"
                          f" -> {msg.get_attr('NEW_SIZE')}", flush=True)
    sock.bind("memdev", DevMessage)
    if command == "list":
        for dev in sock.devices():
            print(f"memdev{dev.get_attr('INDEX')} {dev.get_attr('KIND')}"
                  f" size={dev.get_attr('SIZE')}"
                  f" plugged={dev.get_attr('PLUGGED_SIZE')}"
                  f" online={dev.get_attr('ONLINE_SIZE')}")
        return
    index = int(argv[2])
    cmd = CMD_DEV_PLUG if command == "plug" else CMD_DEV_UNPLUG
    reason = sock.change(cmd, index, int(argv[3], 0))
    if reason:
        sys.exit(f"memdev{index}: {command}: {reason}")


if __name__ == "__main__":
    main(sys.argv)
