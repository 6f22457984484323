# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform of the simulated router inside the bootable image: the real Linux of the guest, through sysfs, busybox
and sockets.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import struct
import time
from pathlib import Path

from ...routeros.platform import Lease, Port

STATE = Path("/rw/state")
LEASES = Path("/run/leases")
NETWORK = Path("/sys/class/net")
PCI_ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]")
ECHO_REPLY, ECHO_REQUEST = 0, 8


def start(*command: str) -> int:
    """Start one of busybox's programs; its process id."""
    # Without the subprocess module: that takes a tenth of a second to import under TCG.
    environment = {"PATH": "/bin", "ROUTER_PID": str(os.getpid())}
    silent = [(os.POSIX_SPAWN_OPEN, descriptor, "/dev/null", os.O_RDWR, 0) for descriptor in (1, 2)]
    process: int = os.posix_spawn(f"/bin/{command[0]}", command, environment, file_actions=silent)
    return process


def run(*command: str) -> bool:
    """Run one of busybox's programs to its end; whether it succeeded."""
    return os.waitpid(start(*command), 0)[1] == 0


def internet_checksum(data: bytes) -> int:
    """The checksum of RFC 1071 over an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class LinuxPlatform:
    """See routeros/platform.py for the contract. Owns every port of the machine: nothing else in the guest
    touches them.
    """

    def __init__(self, version: str) -> None:
        self.version = version
        self._switched: dict[str, bool] = {}  # admin state by device
        self._addresses: dict[str, list[str]] = {}
        self._routes: list[tuple[str, str]] = []
        self._clients: dict[str, int] = {}  # DHCP clients' process ids by device
        self._echoes = 0

    def ports(self) -> list[Port]:
        """Network devices in the order of their PCI slots, whatever driver answered first."""
        devices = sorted((entry for entry in NETWORK.iterdir() if (entry / "device").exists()), key=self._slot)
        self._forget(set(self._switched) - {device.name for device in devices})
        return [self._port(device) for device in devices]

    @staticmethod
    def _slot(device: Path) -> list[str]:
        """The PCI addresses from the root to the device; behind a bridge there is more than one."""
        return PCI_ADDRESS.findall(os.path.realpath(device / "device"))

    def _port(self, device: Path) -> Port:
        if device.name not in self._switched:
            self.set_admin(device.name, True)  # Linux starts with ports switched off, RouterOS with ports switched on.
        try:
            running = (device / "carrier").read_text() == "1\n"
        except OSError:  # Switched off, or just unplugged.
            running = False
        return Port(device.name, (device / "address").read_text().strip(), running)

    def _forget(self, unplugged: set[str]) -> None:
        """A port that is plugged in later may get the same device name: it starts afresh."""
        for device in unplugged:
            self.stop_dhcp(device)
            self._switched.pop(device)
            self._addresses.pop(device, None)

    def set_admin(self, device: str, up: bool) -> None:
        """Switch a port; Linux drops the routes through a port that goes down, so they are laid again."""
        if self._switched.get(device) == up:
            return
        self._switched[device] = up
        run("ip", "link", "set", "dev", device, "up" if up else "down")
        self._lay_routes()

    def set_addresses(self, device: str, addresses: list[str]) -> None:
        """Compare with what was set before: nobody else sets addresses here."""
        before = self._addresses.get(device, [])
        if before == addresses:
            return
        for address in before:
            if address not in addresses:
                run("ip", "addr", "del", address, "dev", device)
        for address in addresses:
            if address not in before:
                run("ip", "addr", "add", address, "broadcast", "+", "dev", device)
        self._addresses[device] = list(addresses)
        self._lay_routes()

    def set_routes(self, routes: list[tuple[str, str]]) -> None:
        """Take away what is no longer wanted, then lay the rest."""
        if self._routes == routes:
            return
        for destination, gateway in self._routes:
            if (destination, gateway) not in routes:
                run("ip", "route", "del", destination, "via", gateway)
        self._routes = list(routes)
        self._lay_routes()

    def _lay_routes(self) -> None:
        """Linux refuses a route whose gateway it cannot reach yet (RouterOS keeps it as inactive): tried
        again on each change of a port.
        """
        for destination, gateway in self._routes:
            run("ip", "route", "replace", destination, "via", gateway)

    def start_dhcp(self, device: str) -> None:
        """One udhcpc per port, in the foreground so that its process id stays known."""
        if device not in self._clients:
            timing = ("-t", "3", "-T", "1", "-A", "2")  # three tries a second apart, then a pause of two seconds
            self._clients[device] = start("udhcpc", "-f", "-S", "-i", device, "-s", "/bin/dhcp-event", *timing)

    def stop_dhcp(self, device: str) -> None:
        """Ends udhcpc without a release: the guest may be on its way down."""
        if device in self._clients:
            process = self._clients.pop(device)
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        (LEASES / device).unlink(missing_ok=True)

    def lease(self, device: str) -> Lease | None:
        """What dhcp-event noted."""
        try:
            address, gateway, servers = (LEASES / device).read_text().splitlines()
        except FileNotFoundError:
            return None
        return Lease(address, gateway or None, tuple(servers.split()))

    def ping(self, address: str, timeout: float) -> float | None:
        """One ICMP echo through a raw socket."""
        self._echoes += 1
        identity = struct.pack("!HH", os.getpid() & 0xFFFF, self._echoes & 0xFFFF)
        body = identity + bytes(28)
        head = struct.pack("!BB", ECHO_REQUEST, 0)
        packet = head + struct.pack("!H", internet_checksum(head + bytes(2) + body)) + body
        started = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            try:
                raw.sendto(packet, (address, 0))
                while (left := started + timeout - time.monotonic()) > 0:
                    raw.settimeout(left)
                    reply, (sender, dummy) = raw.recvfrom(2048)
                    icmp = reply[(reply[0] & 0x0F) * 4 :]
                    if sender == address and icmp[0] == ECHO_REPLY and icmp[4:8] == identity:
                        return time.monotonic() - started
            except OSError:  # No route, or nothing came in time.
                pass
        return None

    def now(self) -> float:
        """The guest's clock."""
        return time.time()

    def set_clock(self, now: float) -> None:
        """The clock chip is the hypervisor's own affair."""
        time.clock_settime(time.CLOCK_REALTIME, now)

    def sleep(self, seconds: float) -> None:
        """Nothing else runs meanwhile."""
        time.sleep(seconds)

    def load(self) -> bytes | None:
        """The state file on the second partition."""
        try:
            return STATE.read_bytes()
        except FileNotFoundError:
            return None

    def save(self, state: bytes) -> None:
        """Written beside, forced to the disk, renamed: a guest that is switched off at any moment keeps one
        whole state.
        """
        beside = STATE.with_suffix(".new")
        with open(beside, "wb") as file:
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, STATE)
        folder = os.open(STATE.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def power_off(self) -> None:
        """Does not return."""
        self._end("poweroff")

    def reboot(self) -> None:
        """Does not return."""
        self._end("reboot")

    def _end(self, program: str) -> None:
        run("mount", "-o", "remount,ro", "/disk")
        run(program, "-f")
        signal.pause()
