# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's configuration in Proxmox's words, both ways (private, pure). Facts on Proxmox VE, 1.2 and 1.4."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..._core.errors import InputError
from ..._guests.guest import GuestState, Mark, NewGuest, Nic, NicState, Power, slot_number
from ..._guests.segment import SegmentSpec
from . import mark
from .platform import PLATFORM
from .properties import UNUSED, Drive, Net, drives, is_enabled, is_on, nets, parse, system_drive, tags
from .wires import render_trunk, wire_of

Config = t.Dict[str, t.Any]  # noqa: UP006  (evaluated at import)
OSTYPE: t.Final = "l26"
BRIDGE_MTU: t.Final = "1"  # of a virtio interface: the bridge's own
SERIAL: t.Final = 20  # characters of a disk's serial number, which is its identity for us: set before the first start, and kept when it moves
TAG: t.Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]*")
BROKEN: t.Final = {"io-error": "its host cannot read or write its disk"}


@dataclass(frozen=True)
class Standing:
    """Where a guest is and how it stands, as its node lists it."""

    name: str
    vmid: int
    node: str
    status: str = ""  # running or stopped
    qmpstatus: str = ""
    lock: str = ""
    pool: str = ""
    is_template: bool = False
    tags: tuple[str, ...] = ()

    @property
    def power(self) -> Power:
        if self.status == "running":
            return "suspended" if self.qmpstatus in ("paused", *BROKEN) else "running"
        return "suspended" if self.lock == "suspended" else "stopped"

    @property
    def place(self) -> str:
        """For messages."""
        return f"VM {self.vmid} on node {self.node}"


def new_config(guest: NewGuest) -> Config:
    """Everything of a new guest but its disk. Booleans as Proxmox wants them."""
    config: Config = {
        "name": guest.spec.name,
        "description": mark.join(guest.value("description"), guest.mark),
        "tags": ";".join(tags(";".join([*(guest.own("tags") or ()), mark.TAG]))),
        "smbios1": f"uuid={guest.uuid}",
        "sockets": 1,
        "cores": guest.value("cpus"),
        "memory": guest.value("memory"),
        "ostype": OSTYPE,
        "agent": int(guest.value("agent")),
        "onboot": int(guest.value("autostart")),
        "machine": guest.own("machine"),
    }
    if guest.value("serial_console"):
        config["serial0"] = "socket"
    if guest.own("cpu"):
        config["cpu"] = guest.own("cpu")
    for nic in guest.interfaces:
        config[net_key(nic.name)] = str(new_net(nic, guest.spec.segment(nic.network)))
    return config


def check_words(own: t.Mapping[str, t.Any]) -> None:
    """Raise InputError for Proxmox's words that a CHR cannot live with."""
    if is_on(parse(str(own.get("cpu") or ""), "cputype").get("hidden", "0")):
        raise InputError("proxmox.cpu: hidden=1 hides KVM from the guest, and CHR's guest agent runs only where it sees KVM", remedy="Leave it out")
    bad = [tag for tag in own.get("tags") or () if not TAG.fullmatch(tag)]
    if bad:
        wanted = "letters, digits, '_', '+', '.' and '-', beginning with a letter, digit or '_'"
        raise InputError(f"proxmox.tags: {bad[0]!r} is no tag", wanted=wanted)
    vmid = own.get("vmid")
    if vmid is not None and not 100 <= vmid <= 999999999:
        raise InputError(f"proxmox.vmid: {vmid} is out of range", wanted="100 to 999999999")


def check_nic(nic: Nic) -> None:
    """The same for an interface."""
    for option, range_ in (("queues", range(65)), ("rate", range(1 << 20))):
        value = nic.own.get(option)
        if value is not None and not range_.start <= value < range_.stop:
            raise InputError(f"interfaces.{nic.name}.proxmox.{option}: {value} is out of range", wanted=f"{range_.start} to {range_.stop - 1}")


def net_key(slot: str) -> str:
    """netN of etherN+1: both count up in the order of the guest's PCI slots."""
    return f"net{slot_number(slot) - 1}"


def new_net(nic: NicState, segment: SegmentSpec) -> Net:
    """A new interface. Where a segment forbids foreign MACs, the guest's firewall watches the interface."""
    watched = nic.own.get("firewall")
    if watched is None:
        watched = segment.mac_spoofing is False
    return Net(nic.model, nic.mac, {"bridge": segment.carrier}).with_options(
        tag=segment.vlan_tag,
        trunks=render_trunk(segment.vlan_trunk) if segment.vlan_trunk else None,
        mtu=BRIDGE_MTU if segment.mtu and nic.model == "virtio" else None,
        firewall=1 if watched else None,
        queues=nic.own.get("queues"),
        rate=nic.own.get("rate"),
        link_down=None if nic.link else 1,
    )


def state_of(standing: Standing, running: Config, stored: Config) -> GuestState:
    """The guest: `running` is its configuration as it is now, `stored` with what waits for its next start. Raises HypervisorError."""
    description, marked = mark.split(str(stored.get("description", "")))
    key, disks = system_drive(stored), drives(stored)
    system = disks.get(key)
    power = standing.power
    agent = is_enabled(stored.get("agent", "0"))
    return GuestState(
        name=standing.name,
        hypervisor=PLATFORM.key,
        uuid=uuid_of(stored),
        id=str(standing.vmid),
        location=standing.node,
        power=power,
        mark=marked,
        cpus=int(stored.get("cores", 1)) * int(stored.get("sockets", 1)),
        memory=int(parse(str(stored.get("memory", "512")), "current")["current"]),
        disk_bus=key.rstrip("0123456789"),
        serial_console=stored.get("serial0") == "socket",
        agent=agent,
        autostart=is_on(stored.get("onboot", "0")),
        description=description,
        interfaces=tuple(_nic(number, net, nets(running).get(number)) for number, net in nets(stored).items()),
        own=_own(standing, running, stored, system.volume if system else ""),
        disk_size=_size(system, marked),
        agent_connected=None if power == "running" and is_enabled(running.get("agent", "0")) else False,
        console=f"ssh -t root@{standing.node} qm terminal {standing.vmid}" if stored.get("serial0") == "socket" else "",
        disks=(*(drive.volume for drive in disks.values()), *(str(value) for name, value in sorted(stored.items()) if UNUSED.fullmatch(name))),
        disk_id=identity(stored) if power == "stopped" else None,
        suspended_for=BROKEN.get(standing.qmpstatus, ""),
    )


def _size(system: Drive | None, marked: Mark | None) -> int:
    """The system disk's, in MiB; of an unfinished one the size that it is to have."""
    if marked is not None and not marked.disk_ready:
        return marked.disk_size
    return system.size >> 20 if system else 0


def uuid_of(config: t.Mapping[str, t.Any]) -> str:
    return parse(str(config.get("smbios1", ""))).get("uuid", "").lower()


def identity(config: t.Mapping[str, t.Any]) -> str:
    """The identity of the system disk; empty for none."""
    system = drives(config).get(system_drive(config))
    return system.options.get("serial", "") if system else ""


def _nic(number: int, stored: Net, running: Net | None) -> NicState:
    """An interface counts as plugged in where it is so now or would be after the next start: nothing that counts as closed is open."""
    link = stored.link or (running is not None and running.link)
    own = {
        "queues": int(stored.options["queues"]) if "queues" in stored.options else None,
        "rate": float(stored.options["rate"]) if "rate" in stored.options else None,
        "firewall": is_on(stored.options.get("firewall", "0")),
    }
    return NicState(f"ether{number + 1}", stored.mac, stored.model, wire_of(stored.options), link, own)


def _own(standing: Standing, running: Config, stored: Config, volume: str) -> dict[str, t.Any]:
    return {
        "storage": volume.partition(":")[0],
        "pool": standing.pool,
        "tags": [tag for tag in tags(stored.get("tags")) if tag != mark.TAG],
        "machine": str(stored.get("machine", PLATFORM.own["machine"].default)),
        "cpu": str(stored.get("cpu", "")),
        "pending": sorted(key for key in {*running, *stored} if running.get(key) != stored.get(key)),
    }
