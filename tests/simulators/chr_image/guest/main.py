# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main loop of the simulated router inside the bootable image: agent port, link changes and hot-plugged devices
in, answers out.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
from pathlib import Path

from ...routeros.agent import GuestAgent
from ...routeros.router import Router
from .linux_platform import LinuxPlatform, run

AGENT_PORT = "org.qemu.guest_agent.0"
AUTORUN = Path("/rw/autorun.scr")
# How long to leave the agent port alone while no host program is connected to it: the kernel calls it ready all that
# time.
HOST_AWAY_SECONDS = 0.25
INPUT_EVENT = struct.Struct("@qqHHi")  # linux/input.h: time (2), type, code, value
POWER_BUTTON_PRESSED = (1, 116, 1)  # EV_KEY, KEY_POWER, down
RTMGRP_LINK = 1
NETLINK_KOBJECT_UEVENT = 15
KERNEL_EVENTS = 1


def kernel_option(name: str) -> str | None:
    """The value of a "name=value" word on the kernel's command line."""
    words = Path("/proc/cmdline").read_text().split()
    return next((word.partition("=")[2] for word in words if word.startswith(f"{name}=")), None)


def machine_uuid() -> str:
    """The UUID that the hypervisor gave the guest; Linux shows none where it is all zeros."""
    try:
        return Path("/sys/class/dmi/id/product_uuid").read_text().strip()
    except FileNotFoundError:
        return "00000000-0000-0000-0000-000000000000"


def open_agent_port() -> int | None:
    """The port as a file descriptor, or None where the hypervisor gave this guest no agent channel."""
    for name in sorted(Path("/sys/class/virtio-ports").glob("*/name")):
        if name.read_text().strip() == AGENT_PORT:
            return os.open(f"/dev/{name.parent.name}", os.O_RDWR | os.O_NONBLOCK)
    return None


def netlink(protocol: int, groups: int) -> socket.socket:
    """A socket that turns readable when the kernel has news of the wanted groups."""
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
    listener.bind((0, groups))
    return listener


def news(listener: socket.socket) -> list[bytes]:
    """Every message that waits in a netlink socket."""
    messages = []
    while True:
        try:
            messages.append(listener.recv(65536))
        except BlockingIOError:
            return messages
        except OSError:  # ENOBUFS: the kernel dropped some; what follows looks at the devices themselves anyway.
            continue


def load_driver(event: bytes) -> None:
    """The kernel announced a device: load the driver that it names, as udev would."""
    fields = dict(line.split("=", 1) for line in event.decode(errors="replace").split("\0") if "=" in line)
    if fields.get("ACTION") == "add" and "MODALIAS" in fields:
        run("modprobe", "-q", fields["MODALIAS"])


class AgentLine:
    """The guest's end of the agent channel."""

    def __init__(self, agent: GuestAgent, port: int) -> None:
        self.port = port
        self._agent = agent
        self._ready = select.poll()

    def serve(self) -> bool:
        """Answer what has come in; whether a host program is connected at all."""
        try:
            request = os.read(self.port, 65536)
        except BlockingIOError:
            return True
        if request:
            self._send(self._agent.receive(request))
        return bool(request)

    def _send(self, answer: bytes) -> None:
        """All of the answer, unless the host program goes away meanwhile."""
        self._ready.register(self.port, select.POLLOUT)
        while answer:
            [(dummy, state)] = self._ready.poll()
            if state & select.POLLHUP:
                return
            try:
                answer = answer[os.write(self.port, answer) :]
            except BlockingIOError:
                continue


class Events:
    """Waits for whatever comes first of the kernel's news, a lease, a request of the host, and the router's own
    next moment.
    """

    def __init__(self) -> None:
        self.line: AgentLine | None = None
        self.power_button_pressed = False
        self._host_away = False
        self._buttons = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in Path("/dev/input").glob("event*")]
        self._links = netlink(socket.NETLINK_ROUTE, RTMGRP_LINK)
        self._devices = netlink(NETLINK_KOBJECT_UEVENT, KERNEL_EVENTS)
        self._woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGUSR1, lambda number, frame: None)  # dhcp-event sends it

    def handle(self, seconds: float) -> None:
        """Wait up to so long, then do what has come up."""
        waiting: list[int | socket.socket] = [self._links, self._devices, self._woken, *self._buttons]
        if self._host_away:
            seconds = min(seconds, HOST_AWAY_SECONDS)
        elif self.line is not None:
            waiting.append(self.line.port)
        ready, dummy, dummy = select.select(waiting, [], [], max(0.0, seconds))
        if self._woken in ready:
            os.read(self._woken, 4096)
        for button in self._buttons:
            if button in ready:
                pressed = INPUT_EVENT.iter_unpack(os.read(button, 64 * INPUT_EVENT.size))
                self.power_button_pressed |= any(event[2:] == POWER_BUTTON_PRESSED for event in pressed)
        news(self._links)  # The router looks at its ports on each round anyway.
        for event in news(self._devices):
            load_driver(event)
        if self.line is not None:
            self._host_away = not self.line.serve()


def run_autorun(router: Router) -> None:
    """A script that somebody put on the disk before the first boot runs once (the way in for hosts without a
    guest agent).
    """
    if AUTORUN.exists():
        router.execute(AUTORUN.read_text(encoding="utf-8"))
        AUTORUN.unlink()


def main() -> None:
    """Boot the router and serve it until the machine goes down."""
    platform = LinuxPlatform(kernel_option("vrouter.version") or "")
    router = Router(platform, machine_uuid())
    events = Events()
    fresh = platform.load() is None
    router.boot()
    if fresh:
        run_autorun(router)
    port = open_agent_port() if kernel_option("vrouter.agent") == "on" else None
    if port is not None:
        events.line = AgentLine(GuestAgent(router), port)
    Path("/dev/console").write_text(f"\nMikroTik {platform.version}\nMikroTik Login: ")
    while not events.power_button_pressed:
        events.handle(router.poll())
    router.poll()
    platform.power_off()
