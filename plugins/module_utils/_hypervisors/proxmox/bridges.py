# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's network as its list tells it: bridges, whose they are, and what is only staged (private, pure).

The list shows what the next reload will make, to everybody; `changes` beside it is the difference from what there is. The first change of a file
that was written otherwise also brings lines that Proxmox adds by itself: comments, and ports of the machine that are not brought up.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

from ..._guests.segment import SegmentSpec
from . import mark

MTU: t.Final = 1500  # bytes, of a bridge that says nothing
Fields = t.Dict[str, t.Any]  # noqa: UP006  (evaluated at import)
_STANZA: t.Final = re.compile(r"(?:auto|iface|allow-\S+)\s+(\S+)")
_GROWN: t.Final = ("bridge_ports", "gateway", "gateway6")  # what a bridge of ours never has
_SET: t.Final = ("type", "autostart", "comments", "comments6", "cidr", "cidr6", "mtu", "bridge_vlan_aware", "bridge_vids", *_GROWN)


def our_comment(bridge: str) -> str:
    """By what a bridge is known as ours. It names the bridge, as somebody may copy what we wrote."""
    return f"{mark.TAG}: {bridge}"


def new_bridge(spec: SegmentSpec, *, vlans: bool) -> Fields:
    """What makes the bridge of a segment. Comments are kept only of the family that has the address."""
    six = "6" if ":" in (spec.address or "") else ""
    fields: Fields = {"iface": spec.carrier, "type": "bridge", "autostart": 1, f"comments{six}": our_comment(spec.carrier)}
    if spec.address:
        fields[f"cidr{six}"] = spec.address
    if spec.mtu:
        fields["mtu"] = spec.mtu
    if vlans:
        fields["bridge_vlan_aware"] = 1  # 0 would switch it on too
    return fields


@dataclass(frozen=True)
class Bridge:
    """A bridge or VNet of one node. `entry` is what the node's list says of it."""

    entry: t.Mapping[str, t.Any]

    @property
    def name(self) -> str:
        return str(self.entry["iface"])

    @property
    def is_up(self) -> bool:
        return str(self.entry.get("active", "")) == "1"

    @property
    def is_ours(self) -> bool:
        lines = f"{self.entry.get('comments', '')}\n{self.entry.get('comments6', '')}".split("\n")
        return self.entry.get("type") == "bridge" and our_comment(self.name) in lines

    @property
    def addresses(self) -> list[str]:
        """Those that the node has on it, with prefix lengths."""
        return [str(ipaddress.ip_interface(self.entry[key])) for key in ("cidr", "cidr6") if self.entry.get(key)]

    @property
    def addresses_only(self) -> list[str]:
        return [address.partition("/")[0] for address in self.addresses]

    @property
    def mtu(self) -> int:
        return int(self.entry.get("mtu", MTU))

    @property
    def knows_vlans(self) -> bool:
        return bool(self.entry.get("bridge_vlan_aware"))

    @property
    def grown(self) -> list[str]:
        """What somebody gave to a bridge of ours."""
        return [f"{key} {self.entry[key]}" for key in _GROWN if self.entry.get(key)]

    def fields(self) -> Fields:
        """What makes it again."""
        return {"iface": self.name, **{key: self.entry[key] for key in _SET if self.entry.get(key)}}


@dataclass(frozen=True)
class Network:
    """One node's. `leaving` are bridges of ours that the next reload removes, and what makes them again; `strange` is what else it would change."""

    node: str
    bridges: t.Mapping[str, Bridge]
    leaving: t.Mapping[str, Fields] = field(default_factory=dict)
    strange: frozenset[str] = frozenset()
    is_staged: bool = False
    entries: t.Mapping[str, t.Mapping[str, t.Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, node: str, answer: t.Mapping[str, t.Any]) -> Network:
        """From the list, and what stands beside it."""
        entries = {str(entry["iface"]): entry for entry in answer["data"]}
        bridges = {name: Bridge(entry) for name, entry in entries.items() if entry.get("type") in ("bridge", "OVSBridge", "vnet")}
        changes = str(answer.get("changes") or "")
        leaving: dict[str, Fields] = {}
        strange: set[str] = set()
        for name, lines in _touched(changes).items():
            if name not in entries and _of_stanza("-", name, lines) and f"-#{our_comment(name)}" in lines:
                leaving[name] = _fields_of(name, lines)
            elif not (_of_stanza("+", name, lines) and (_does_nothing(lines) or (name in bridges and bridges[name].is_ours))):
                strange.add(name)
        return cls(node, bridges, leaving, frozenset(strange), bool(changes), entries)

    def strange_since(self, before: Network) -> frozenset[str]:
        """What the next reload would change that is not ours, but for what only is written otherwise than it was."""
        return frozenset(name for name in self.strange if not name or _plain(self.entries, name) != _plain(before.entries, name))

    def overlap(self, address: str, but: str) -> str:
        """The interface that is in the network of an address already; empty for none."""
        network = ipaddress.ip_interface(address).network
        for name, entry in self.entries.items():
            for other in Bridge(entry).addresses if name != but else ():
                found = ipaddress.ip_interface(other).network
                if found.version == network.version and found.overlaps(network):
                    return f"{name} has {other}"
        return ""


def _plain(entries: t.Mapping[str, t.Mapping[str, t.Any]], name: str) -> dict[str, t.Any] | None:
    return {key: value for key, value in entries[name].items() if key not in ("active", "priority")} if name in entries else None


def _touched(changes: str) -> dict[str, list[str]]:
    """The lines that differ, by the interface that they are of; by "" where the difference does not say. Comments count only beside others."""
    found: dict[str, list[str]] = {}
    where = ""
    for line in changes.splitlines():
        if line.startswith(("--- ", "+++ ")):
            continue
        sign, text = line[:1], line[1:].strip()
        stanza = _STANZA.match(text)
        if sign == "@":
            where = ""
        elif stanza:
            where = stanza[1]
        if sign in ("+", "-") and text:
            found.setdefault(where, []).append(sign + " ".join(text.split()))
    return {name: lines for name, lines in found.items() if any(line[1] != "#" for line in lines)}


def _of_stanza(sign: str, name: str, lines: t.Iterable[str]) -> bool:
    """Whether the interface as a whole comes (+) or goes (-)."""
    kept = [line for line in lines if line[1] != "#"]
    return all(line[0] == sign for line in kept) and any(line.startswith(f"{sign}iface {name} ") for line in kept)


def _fields_of(name: str, lines: t.Iterable[str]) -> Fields:
    """What makes a bridge of ours again, from the lines that go with it."""
    said = {key: value for key, dummy, value in (line[1:].partition(" ") for line in lines)}
    spec = SegmentSpec(name, address=said.get("address"), mtu=int(said["mtu"]) if "mtu" in said else None)
    return new_bridge(spec, vlans="bridge-vlan-aware" in said)


def _does_nothing(lines: t.Iterable[str]) -> bool:
    """An interface that is only named."""
    kept = [line for line in lines if line[1] != "#"]
    return len(kept) == 1 and kept[0].endswith(" manual")
