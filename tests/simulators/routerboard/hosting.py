# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests of a RouterBOARD: their states, which take time, and what a running guest brings about on its host.

The host's configuration (/metarouter and its interfaces) says what should be; `Hosting.reconcile` makes it so. All methods are called with
the host router's lock held, unless they say otherwise. A guest's router has a lock of its own, always taken after the host's.
"""

from __future__ import annotations

import threading
import zlib

from ..routeros.errors import RouterError
from ..routeros.router import Router
from ..routeros.table import Item
from .console import ConsoleLine
from .machine import LiveMachine
from .menus_system import guest_resources
from .models import Model
from .rendering import Rendering
from .timeline import Timeline

# MetaROUTER manual, first section: "up to 8 virtual machines and up to 8 virtual interfaces" on one host.
MAX_GUESTS = 8
MAX_INTERFACES = 8
# The manual has only "not enough resources"; none of these texts was measured on a router.
NOT_ENOUGH = "failure: not enough resources"
TOO_MANY_GUESTS = f"failure: maximum number of virtual machines is {MAX_GUESTS}"
TOO_MANY_INTERFACES = f"failure: maximum number of virtual interfaces is {MAX_INTERFACES}"
IS_RUNNING = "failure: can not remove running virtual machine"
IS_DISABLED = "failure: virtual machine is disabled"
IS_NOT_RUNNING = "failure: virtual machine is not running"

MIB = 1048576
_POWERED = ("booting", "running", "rebooting", "shutting-down")
# kiB on the disk of a fresh guest, from the manual's samples.
_USED = {"routeros": 189, "openwrt": 7383}


def make_mac(*seed: object) -> str:
    """A locally administered address that is the same in every run."""
    digest = zlib.crc32(repr(seed).encode()).to_bytes(4, "big")
    return ":".join(("02", *(f"{byte:02X}" for byte in digest), f"{zlib.adler32(repr(seed).encode()) & 255:02X}"))


class GuestMachine:
    """One virtual machine. Its router lives from one start to the next; what it keeps over a restart is in `machine`."""

    def __init__(self, hosting: Hosting, number: int, kind: str) -> None:
        self.number = number
        self.kind = kind  # "routeros" or "openwrt"
        self.history: list[str] = []  # every state that it came into
        self._state = "disabled"
        self.memory = 0  # MiB that it holds now
        self.starts = 0
        self.enabled = False
        self.router: Router | None = None
        self.line = ConsoleLine()
        self.machine = LiveMachine(0, hosting.version, self._ask_reboot, self._ask_power_off)
        self._hosting = hosting
        self._wanted = False
        self._turn = 0

    @property
    def state(self) -> str:
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self.history.append(state)

    @property
    def powered(self) -> bool:
        return self.state in _POWERED

    @property
    def used_disk(self) -> int:
        """kiB"""
        return _USED[self.kind] + self.starts if self.starts or self.kind == "openwrt" else 0

    def enable(self) -> None:
        self.enabled = self._wanted = True
        if not self.powered:
            self._boot()

    def disable(self) -> None:
        self.enabled = False
        self.shut_down()
        if not self.powered:
            self.state = "disabled"

    def start(self) -> None:
        """Nothing happens to one that runs; one that shuts down starts again afterwards."""
        if not self.enabled:
            raise RouterError(IS_DISABLED)
        if not self.powered:
            self._hosting.check_memory(self._hosting.wanted_memory(self))
        self.enable()

    def _boot(self) -> None:
        memory = self._hosting.wanted_memory(self)
        if self._hosting.fits(memory):
            self.memory = memory
            self._enter("booting")
        else:
            self.state = "stopped"

    def shut_down(self) -> None:
        self._wanted = False
        if self.powered and self.state != "shutting-down":
            self._leave()
            self._enter("shutting-down")

    def reboot(self) -> None:
        if self.state not in ("booting", "running", "rebooting"):
            raise RouterError(IS_NOT_RUNNING)
        self._leave()
        self._enter("rebooting")

    def cut(self) -> None:
        """Power is gone at once: the host restarts, or the guest was removed."""
        self._leave()
        self._turn += 1
        self.state = "disabled"
        self.memory, self.enabled, self._wanted = 0, False, False

    def _enter(self, state: str) -> None:
        self.state = state
        self._turn += 1
        turn = self._turn
        self._hosting.timeline.after(self._hosting.seconds, lambda: self._hosting.due(self, turn))

    def arrive(self, turn: int) -> None:
        """The end of a state that takes time; a later order makes an earlier one void."""
        if turn != self._turn:
            return
        if self.state == "shutting-down":
            self.memory = 0
            self.state = "stopped" if self.enabled else "disabled"
            if self._wanted:
                self._boot()
        else:
            self._run()

    def _run(self) -> None:
        self.state = "running"
        self.starts += 1
        self.memory = self._hosting.wanted_memory(self)
        self._hosting.refresh()
        if self.kind == "routeros":
            first = self.machine.stored is None
            self.router = Router(self.machine, f"guest-{self.number}", (guest_resources,))
            self.router.boot()
            if first:
                self._plain_configuration(self.router)
        self.line.power_on(self.router, self._hosting.version)

    def _plain_configuration(self, router: Router) -> None:
        """A fresh guest has no configuration at all, unlike the CHR that the router is at first."""
        router.table("/ip/dhcp-client").store.items.clear()
        router.touch()
        router.poll()

    def _leave(self) -> None:
        # Later and without the host's lock: a terminal that loses its line goes back to the host's prompt.
        self._hosting.timeline.after(0, self.line.power_off)
        self.router = None

    def _ask_reboot(self) -> None:
        self._hosting.timeline.after(0, lambda: self._hosting.ordered(self, "reboot"))

    def _ask_power_off(self) -> None:
        self._hosting.timeline.after(0, lambda: self._hosting.ordered(self, "power-off"))


class Hosting:
    """All guests of one board, by the number of their item in /metarouter."""

    def __init__(self, model: Model, version: str, rendering: Rendering, seconds: float) -> None:
        self.model = model
        self.version = version
        self.rendering = rendering
        self.seconds = seconds  # that booting, rebooting and shutting down take
        self.machines: dict[int, GuestMachine] = {}
        self.vifs: dict[int, str] = {}  # by number of the item in /metarouter/interface
        self.timeline = Timeline()

    def attach(self, router: Router) -> None:
        self.router = router
        self.changed = threading.Condition(router.lock)

    def stop(self) -> None:
        """Without the lock."""
        self.timeline.stop()
        for machine in self.machines.values():
            machine.line.power_off()

    # Resources

    def free_memory(self) -> int:
        """MiB"""
        return self.model.memory - self.model.used - sum(machine.memory for machine in self.machines.values())

    def fits(self, memory: int) -> bool:
        return not self.model.lacks_resources(self.version) and memory <= self.free_memory()

    def check_memory(self, memory: int) -> None:
        if not self.fits(memory):
            raise RouterError(NOT_ENOUGH)

    def wanted_memory(self, machine: GuestMachine) -> int:
        return next(int(item.values["memory-size"]) for item in self._guests() if item.number == machine.number)

    # What the configuration says

    def _guests(self) -> list[Item]:
        return self.router.table("/metarouter").items() if self.has_menu else []

    @property
    def has_menu(self) -> bool:
        return self.model.has_menu(self.version)

    def interfaces(self, machine: GuestMachine) -> list[Item]:
        """Those of one guest that are not disabled, in the order in which they were added."""
        names = {item.values["name"]: item.number for item in self._guests()}
        all_items = self.router.table("/metarouter/interface").items()
        return [item for item in all_items if names.get(item.values["virtual-machine"]) == machine.number and not item.values["disabled"]]

    def machine_of(self, name: object) -> GuestMachine | None:
        number = next((item.number for item in self._guests() if item.values["name"] == name), None)
        return None if number is None else self.machines.get(number)

    def reconcile(self) -> None:
        """Guests appear, go, start and stop as their items say."""
        items = {item.number: item for item in self._guests()}
        for number in [number for number in self.machines if number not in items]:
            self.machines.pop(number).cut()
        for number, item in items.items():
            if number not in self.machines:
                self.machines[number] = GuestMachine(self, number, str(item.values.get("kind", "routeros")))
            machine = self.machines[number]
            if machine.enabled == bool(item.values["disabled"]):
                machine.disable() if machine.enabled else machine.enable()
        self.refresh()

    def refresh(self) -> None:
        """vifs, bridge ports and the guests' Ethernet ports are as the running guests need them."""
        if not self.has_menu:
            return
        running = [machine for machine in self.machines.values() if machine.state == "running"]
        wanted = {item.number: item for machine in running for item in self.interfaces(machine) if item.values["type"] == "dynamic"}
        self._remove_vifs(set(self.vifs) - set(wanted))
        for number, item in sorted(wanted.items()):
            self._show_vif(number, item)
        for machine in running:
            macs = [str(item.values["vm-mac-address"]) for item in self.interfaces(machine)]
            if macs != [port.mac_address for port in machine.machine.port_list]:
                machine.machine.set_ports(macs)
                if machine.router is not None:
                    machine.router.poll()
        self.router.apply()
        self.changed.notify_all()

    def _remove_vifs(self, numbers: set[int]) -> None:
        gone = {self.vifs.pop(number) for number in numbers}
        for path, name in (("/interface", "name"), ("/interface/bridge/port", "interface")):
            store = self.router.table(path).store
            store.items = [item for item in store.items if not (item.dynamic and item.values[name] in gone)]

    def _show_vif(self, number: int, item: Item) -> None:
        """The vif of an interface, under the lowest free number, and its port in the dynamic bridge."""
        interfaces = self.router.table("/interface").store
        if number not in self.vifs:
            taken = {other.values["name"] for other in interfaces.items}
            self.vifs[number] = next(f"vif{n}" for n in range(1, len(taken) + 2) if f"vif{n}" not in taken)
            interfaces.new({"name": self.vifs[number], "type": "vif", "mtu": 1500, "disabled": False}, dynamic=True)
        vif = next(other for other in interfaces.items if other.values["name"] == self.vifs[number])
        vif.values["mac-address"] = item.values["dynamic-mac-address"] if self.rendering.vif_macs else make_mac(self.vifs[number])
        self._bridge_vif(self.vifs[number], str(item.values["dynamic-bridge"]))

    def _bridge_vif(self, name: str, bridge: str) -> None:
        store = self.router.table("/interface/bridge/port").store
        store.items = [
            port for port in store.items if not (port.dynamic and port.values["interface"] == name and port.values["bridge"] != bridge)
        ]
        known = self.router.table("/interface/bridge").lookup(bridge) is not None
        if known and all(port.values["interface"] != name for port in store.items):
            store.new({"interface": name, "bridge": bridge, "disabled": False, "pvid": 1, "hw": False}, dynamic=True)

    # Time passes. Called from the timeline, without the lock.

    def due(self, machine: GuestMachine, turn: int) -> None:
        with self.router.lock:
            if self.machines.get(machine.number) is machine:
                machine.arrive(turn)
                self.refresh()

    def ordered(self, machine: GuestMachine, order: str) -> None:
        """The guest itself asked for it."""
        with self.router.lock:
            if machine.state == "running":
                machine.reboot() if order == "reboot" else machine.shut_down()
                self.refresh()

    def cut_power(self) -> None:
        """The board loses power."""
        for machine in self.machines.values():
            machine.cut()
        self.refresh()
