# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs inside the guests: the RouterOS simulator, where a CHR image was booted."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_interface

from fakepve import FakeVm, TaskError
from fakepve.lxc import split_props
from fakepve.qemu import NET_MODELS, drives_of, natural, split_drive

from tests.simulators.routeros.agent import GuestAgent
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.platform import Port
from tests.simulators.routeros.router import Router

from .tasks import Body
from .wires import WiresPve

# The simulated CHR's kernel is told its version so (tests/simulators/chr_image), in plain text in the image.
_VERSION = re.compile(rb"vrouter\.version=([0-9a-z.]+)")
# Tasks that fail when the guest cannot run; a creation with start=1 only warns (0, item 8).
_STARTS = frozenset({"qmstart", "qmreboot"})


@dataclass
class Disk:
    """A disk with CHR on it: the version that was installed, and what the router saved."""

    version: str
    state: bytes | None = None

    @classmethod
    def of(cls, image: bytes) -> Disk | None:
        """What an image holds; None where it is no CHR."""
        found = _VERSION.search(image)
        return cls(found.group(1).decode()) if found else None

    def copy(self) -> Disk:
        return replace(self)


Wire = tuple[str, str | None, str | None]  # node, bridge and VLAN tag


class GuestPlatform(MemoryPlatform):
    """The guest's hardware, as the guest's configuration says at any moment. `machines` are those of the cluster."""

    def __init__(self, vm: FakeVm, disk: Disk, machines: t.Mapping[int, Machine]) -> None:
        super().__init__(ports=0, version=disk.version)
        self._vm = vm
        self._disk = disk
        self._machines = machines

    def ports(self) -> list[Port]:
        return [_port(key, self._vm.config[key]) for key in self._nets()]

    def _nets(self) -> list[str]:
        return sorted((key for key in self._vm.config if re.fullmatch(r"net\d+", key)), key=natural)

    def wired(self) -> list[tuple[Wire, list[str]]]:
        """The addresses on each port that is plugged in. What connects the bridges of two nodes is not known."""
        found = []
        for key in self._nets():
            port, options = _port(key, self._vm.config[key]), split_props(self._vm.config[key])[1]
            if port.running and self.admin.get(port.device, True):
                found.append(((self._vm.node, options.get("bridge"), options.get("tag")), self.addresses.get(port.device, [])))
        return found

    def ping(self, address: str, timeout: float) -> float | None:
        """A router answers at an address that it has on a wire on which ours has one of the same network."""
        near = {wire for wire, own in self.wired() if any(ip_address(address) in ip_interface(one).network for one in own)}
        there = [one for machine in list(self._machines.values()) if machine.platform is not None for one in machine.platform.wired()]
        if any(wire in near and address in (one.partition("/")[0] for one in addresses) for wire, addresses in there):
            return 0.001
        return super().ping(address, timeout)

    def load(self) -> bytes | None:
        return self._disk.state

    def save(self, state: bytes) -> None:
        self._disk.state = state

    def power_off(self) -> None:
        super().power_off()
        self._vm.status = self._vm.qmpstatus = "stopped"


def _port(key: str, value: str) -> Port:
    options = split_props(value)[1]
    mac = next(options[model] for model in NET_MODELS if model in options)
    return Port(key.replace("net", "eth"), mac, options.get("link_down", "0") == "0")


class Machine:
    """A guest that runs. `agent` is None where the guest has no agent's port, or nothing that would answer there."""

    def __init__(self, vm: FakeVm, disk: Disk | None, machines: t.Mapping[int, Machine]) -> None:
        self.vm = vm
        self.started_at = vm.started_at
        self.platform: GuestPlatform | None = None
        self.router: Router | None = None
        self.agent: GuestAgent | None = None
        if disk is not None:
            uuid = split_props(str(vm.config.get("smbios1", "")))[1].get("uuid")
            self.platform = GuestPlatform(vm, disk, machines)
            self.router = Router(self.platform, uuid)
            self.router.boot()
            # 1.2: the port is there only if `agent` was set before the start.
            self.agent = GuestAgent(self.router, open_port=_real_kvm(vm)) if agent_enabled(vm) else None

    def look(self) -> None:
        """Let the router notice what changed around it."""
        if self.router is not None:
            self.router.poll()


def agent_enabled(vm: FakeVm) -> bool:
    first, options = split_props(str(vm.config.get("agent", "0")))
    return str(first or options.get("enabled", "0")) == "1"


def _real_kvm(vm: FakeVm) -> bool:
    """1.2: CHR's agent runs only where it sees KVM."""
    return str(vm.config.get("kvm", "1")) == "1" and split_props(str(vm.config.get("cpu", "")))[1].get("hidden", "0") == "0"


class MachinesPve(WiresPve):
    """Guests that boot what their disk holds, on bridges of their node."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.machines: dict[int, Machine] = {}

    async def task(
        self,
        node: str,
        ttype: str,
        tid: object,
        user: str,
        body: Body,
        vm: FakeVm | None = None,
        lock: bool = True,
        log: t.Iterable[str] = (),
    ) -> str:
        """After each task the machines follow the guests' power."""

        async def followed() -> str | None:
            note = await body()
            if ttype == "qmclone" and vm is not None:
                self._copy_disks(tid, vm)
            failed = self.follow_power()
            if failed and ttype in _STARTS:
                raise TaskError(failed)
            return f"WARN: {failed}" if failed else note

        return await super().task(node, ttype, tid, user, followed, vm=vm, lock=lock, log=log)

    def follow_power(self) -> str | None:
        """Boot the guests that were started, forget those that were stopped; why one could not be started."""
        failed = None
        for vmid, machine in list(self.machines.items()):
            if machine.vm not in self.vms or machine.vm.status != "running" or machine.started_at != machine.vm.started_at:
                del self.machines[vmid]
        for vm in self.vms:
            if vm.status == "running" and vm.vmid not in self.machines:
                failed = self._boot(vm) or failed
        return failed

    def _boot(self, vm: FakeVm) -> str | None:
        missing = sorted(bridge for bridge in bridges_of(vm.config) if bridge not in self.bridges(vm.node))
        if missing:  # 0b: creation does not look, the start fails
            vm.status = vm.qmpstatus = "stopped"
            return f"bridge '{missing[0]}' does not exist"
        self.machines[vm.vmid] = Machine(vm, self._boot_disk(vm), self.machines)
        return None

    def _boot_disk(self, vm: FakeVm) -> Disk | None:
        """The first device of the boot order that CHR is on."""
        order = str(vm.config.get("boot", "")).removeprefix("order=").split(";")
        with self.at(vm.node):
            found = [self._disk(vm.config[key]) for key in order if key in vm.config and not key.startswith("net")]
        return next((disk for disk in found if disk is not None), None)

    def _disk(self, drive: str) -> Disk | None:
        volume = self._qm_volume(split_drive(drive)[0])
        disk: Disk | None = volume.get("disk") if volume else None
        return disk

    def _copy_disks(self, source: object, clone: FakeVm) -> None:
        original = self.vm(int(str(source)))
        with self.at(original.node):
            for key, volid, dummy in drives_of(clone.config, skip_cdrom=True):
                disk = self._disk(original.config[key])
                self._qm_volume(volid)["disk"] = disk.copy() if disk else None


def bridges_of(config: dict[str, t.Any]) -> list[str]:
    """The bridges of every NIC; one without is NAT in the user's own network (1.2)."""
    nets = (split_props(value)[1] for key, value in config.items() if re.fullmatch(r"net\d+", key))
    return [net["bridge"] for net in nets if "bridge" in net]
