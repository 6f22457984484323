# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file /etc/network/interfaces of a node, as Proxmox VE reads and writes it, and what of it is up."""

from __future__ import annotations

import copy
import difflib
import typing as t
from dataclasses import dataclass, field

from fakepve.routing import die, param_error, split_list

from .strict import Values

FILE = "/etc/network/interfaces"
BRIDGES = frozenset({"bridge", "OVSBridge"})
_PORTS = ("bridge_ports", "ovs_ports", "slaves", "ovs_bonds")
_ADDRESSES = {"cidr": ("address", "netmask", "cidr"), "cidr6": ("address6", "netmask6", "cidr6")}


def _physical(priority: int) -> Values:
    return {"type": "eth", "exists": 1, "method": "manual", "method6": "manual", "families": ["inet"], "priority": priority}


def _of_a_new_node() -> dict[str, Values]:
    """As the installer leaves it, on a machine with a second port that nothing uses."""
    installed = {"method": "static", "method6": "manual", "families": ["inet"], "priority": 4, "autostart": 1}
    address = {"address": "192.0.2.11", "netmask": "24", "cidr": "192.0.2.11/24", "gateway": "192.0.2.1"}
    bridge = {"type": "bridge", "bridge_ports": "eno1", "bridge_stp": "off", "bridge_fd": "0"}
    return {"eno1": _physical(2), "eno2": _physical(3), "vmbr0": {**installed, **address, **bridge}}


@dataclass
class Interfaces:
    """One node's. `applied` is what the last reload took, `staged` the file beside it that waits for the next one, `up` what is there."""

    applied: dict[str, Values] = field(default_factory=_of_a_new_node)
    staged: dict[str, Values] | None = None
    up: set[str] = field(default_factory=lambda: {"eno1", "vmbr0"})

    # Reading: everybody sees what is staged.

    def shown(self) -> dict[str, Values]:
        listed = copy.deepcopy(self.applied if self.staged is None else self.staged)
        return {name: {**entry, "iface": name, **({"active": 1} if name in self.up else {})} for name, entry in listed.items()}

    def one(self, name: str) -> Values:
        if name not in self.shown():
            raise param_error(iface="interface does not exist")
        return {key: value for key, value in self.shown()[name].items() if key != "iface"}

    def changes(self) -> str | None:
        if self.staged is None:
            return None
        lines = list(difflib.unified_diff(_rendered(self.applied), _rendered(self.staged), FILE, f"{FILE}.new", lineterm=""))
        return "\n".join(lines) + "\n" if lines else None

    def bridges(self) -> set[str]:
        """Those that a guest can be wired to."""
        return {name for name in self.up if self.applied.get(name, {}).get("type") in BRIDGES}

    # Staging

    def create(self, name: str, values: Values) -> None:
        file = self._editable()
        if name in file:
            raise param_error(iface="interface already exists")
        self._check(file, name, values)
        file[name] = _stored(values, {"priority": max((entry["priority"] for entry in file.values()), default=1) + 1})
        self.staged = file

    def update(self, name: str, values: Values, delete: t.Iterable[str]) -> None:
        """What is neither named nor deleted stays, an address too."""
        file = self._editable()
        if name not in file:
            raise param_error(iface="interface does not exist")
        for key in delete:
            for gone in _ADDRESSES.get(key, (key,)):
                file[name].pop(gone, None)
        self._check(file, name, values)
        file[name] = _stored(values, file[name])
        self.staged = file

    def delete(self, name: str) -> None:
        file = self._editable()
        if name not in file:
            raise param_error(iface="interface does not exist")
        del file[name]
        self.staged = file

    def revert(self) -> None:
        self.staged = None

    def reload(self) -> None:
        """ifreload -a: what is not `auto` is not brought up, and what is in the file no more goes."""
        self.applied, self.staged = (self.applied if self.staged is None else self.staged), None
        self.up = {name for name, entry in self.applied.items() if entry.get("autostart") or name in self.up}

    def add_bridge(self, name: str, **options: t.Any) -> None:
        """A bridge that somebody made before, and that is up."""
        self.revert()
        self.create(name, {"type": "bridge", "autostart": 1, **options})
        self.reload()

    def _editable(self) -> dict[str, Values]:
        return copy.deepcopy(self.applied if self.staged is None else self.staged)

    @staticmethod
    def _check(file: dict[str, Values], name: str, values: Values) -> None:
        others = {other: entry for other, entry in file.items() if other != name}
        for other, entry in others.items():
            if values.get("gateway") and entry.get("gateway"):
                raise param_error(gateway=f"Default gateway already exists on interface '{other}'.")
        used = {port: other for other, entry in others.items() for key in _PORTS for port in split_list(entry.get(key))}
        for key in _PORTS:
            for port in split_list(values.get(key)):
                if port in used:
                    raise param_error(**{key: f"{port} is already used on interface '{used[port]}'."})
                if key == "bridge_ports" and port.partition(".")[0] not in file:
                    raise die(f"bridge '{name}' - unable to find bridge port '{port}'")
        if values["type"].startswith("OVS"):
            raise die("Open VSwitch is not installed (need package 'openvswitch-switch')")


def _stored(values: Values, before: Values) -> Values:
    """The entry as it is read back from the file."""
    entry = {key: value for key, value in {**before, **values}.items() if value not in (None, "")}
    for key, address, netmask in (("cidr", "address", "netmask"), ("cidr6", "address6", "netmask6")):
        if key in values:
            entry[address], dummy, entry[netmask] = values[key].partition("/")
    entry["method"] = "static" if {"cidr", "address"} & set(values) else "manual"
    entry["method6"] = "static" if {"cidr6", "address6"} & set(values) else "manual"
    families = [family for family, method in (("inet", "method"), ("inet6", "method6")) if entry[method] == "static"]
    entry["families"] = families or ["inet"]
    if not entry.get("autostart"):
        entry.pop("autostart", None)
    if entry["type"] == "bridge":
        entry.update(bridge_ports=" ".join(sorted(split_list(entry.get("bridge_ports")))), bridge_stp="off", bridge_fd="0")
        if "bridge_vlan_aware" in entry:  # that it is there counts: 0 switches it on too
            entry.update(bridge_vlan_aware=1, bridge_vids=" ".join(split_list(entry.get("bridge_vids", "2-4094"))))
    for key, family in (("comments", "inet"), ("comments6", "inet6")):  # they stand in the lines of their family
        if key in entry:
            entry[key] = entry[key].rstrip("\n") + "\n"
        if family not in entry["families"]:
            entry.pop(key, None)
    return entry


def _rendered(file: dict[str, Values]) -> list[str]:
    """The file's lines, as PVE::INotify writes them."""
    lines: list[str] = []
    for name, entry in sorted(file.items(), key=lambda item: t.cast(int, item[1]["priority"])):
        lines += [f"auto {name}"] if entry.get("autostart") else []
        for number, family in enumerate(entry["families"]):
            lines += _block(name, entry, family.removeprefix("inet"), first=not number)
    return lines


def _block(name: str, entry: Values, suffix: str, *, first: bool) -> list[str]:
    """An interface's lines of one family; what is of none stands in the first."""
    lines = [f"iface {name} inet{suffix} {entry[f'method{suffix}']}"]
    lines += [f"\taddress {entry[f'cidr{suffix}']}"] if f"cidr{suffix}" in entry else []
    lines += [f"\tgateway {entry[f'gateway{suffix}']}"] if f"gateway{suffix}" in entry else []
    if first and entry["type"] == "bridge":
        lines += [f"\tbridge-ports {entry.get('bridge_ports') or 'none'}", "\tbridge-stp off", "\tbridge-fd 0"]
        lines += ["\tbridge-vlan-aware yes", f"\tbridge-vids {entry['bridge_vids']}"] if "bridge_vlan_aware" in entry else []
    if first and "mtu" in entry:
        lines += [f"\tmtu {entry['mtu']}"]
    return [*lines, *(f"#{line}" for line in entry.get(f"comments{suffix}", "").splitlines()), ""]
