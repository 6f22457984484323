# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/interface and the menus of its kinds: Ethernet ports, bridges and VLANs are one list of interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import RouterError
from ..fields import (
    COMMENT,
    DISABLED,
    NAME,
    Choice,
    Field,
    Flag,
    InterfaceName,
    MacAddress,
    Number,
    Reference,
    Stored,
)
from ..menu import Menu
from ..table import Item, Store, Table
from ..values import Value

if TYPE_CHECKING:
    from ..router import Router

_AUTO = "auto"
_COMPUTED = frozenset({"type", "running", "slave", "actual-mtu", "default-name"})


def ethernet_name(slot: int) -> str:
    """The name of the port in that slot, counted from 0."""
    return f"ether{slot + 1}"


class BridgeMtu(Number):
    """A bridge may leave its MTU to its ports."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        return text if text == _AUTO else super().parse(router, name, text)


class Interfaces(Table):
    """Some or all of the interfaces. `kind` is one type of them, or empty for all."""

    columns: tuple[str, ...] = ("name", "type", "actual-mtu", "mac-address")
    kind = ""

    def items(self) -> list[Item]:
        found = [item for item in self.store.items if not self.kind or item.values["type"] == self.kind]
        return [item for item in found if self.router.wiring.present(item)]

    def computed_names(self) -> frozenset[str]:
        return _COMPUTED | {"mac-address"}

    def computed(self, item: Item) -> dict[str, Value]:
        values: dict[str, Value] = {
            "type": item.values["type"],
            "mac-address": self.router.wiring.mac_address(item),
            "actual-mtu": 1500 if item.values.get("mtu", _AUTO) == _AUTO else item.values["mtu"],
            "running": self.router.wiring.running(item),
            "slave": self.router.wiring.bridge_of(item) is not None,
        }
        if item.values["type"] == "ether":
            values["default-name"] = item.values["default-name"]
        return values

    def prepare(self, values: dict[str, Stored]) -> None:
        values["type"] = self.kind

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        name = values["name"]
        if not name:
            raise RouterError("failure: name cannot be empty")
        if any(other is not item and other.values["name"] == name for other in self.store.items):
            raise RouterError(f"failure: already have interface with name {name}")

    def before_set(self, item: Item, values: dict[str, Stored]) -> None:
        if "name" in values:
            self.router.rename("/interface", str(item.values["name"]), str(values["name"]))

    def check_removal(self, items: list[Item]) -> None:
        for item in items:
            self.router.rename("/interface", str(item.values["name"]), item.id)


class AllInterfaces(Interfaces):
    can_add = False
    can_remove = False


class Ethernets(Interfaces):
    kind = "ether"
    columns = ("name", "mtu", "mac-address", "arp")
    can_add = False
    can_remove = False


class Bridges(Interfaces):
    kind = "bridge"
    columns = ("name", "mtu", "mac-address", "protocol-mode")

    def prepare(self, values: dict[str, Stored]) -> None:
        super().prepare(values)
        if "name" not in values:
            taken = {item.values["name"] for item in self.store.items}
            values["name"] = next(f"bridge{n}" for n in range(1, len(taken) + 2) if f"bridge{n}" not in taken)


class Vlans(Interfaces):
    kind = "vlan"
    columns = ("name", "mtu", "vlan-id", "interface")


class BridgePorts(Table):
    columns = ("interface", "bridge", "pvid")

    def computed_names(self) -> frozenset[str]:
        return frozenset({"inactive"})

    def computed(self, item: Item) -> dict[str, Value]:
        interface = self.router.table("/interface").lookup(str(item.values["interface"]))
        return {"inactive": interface is None or not self.router.wiring.running(interface)}

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        bridge = self.router.table("/interface/bridge").lookup(str(values["bridge"]))
        if bridge is None:
            raise RouterError("input does not match any value of bridge")
        if values["interface"] == values["bridge"]:
            raise RouterError("failure: can not add bridge to itself")
        self.refuse_duplicate(values, item, "device already added as bridge port", "interface")


class Lists(Table):
    columns = ("name", "comment")

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "already have interface list with such name", "name")

    def before_set(self, item: Item, values: dict[str, Stored]) -> None:
        if "name" in values:
            self.router.rename("/interface/list", str(item.values["name"]), str(values["name"]))


class Members(Table):
    columns = ("list", "interface")

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "already have such entry", "list", "interface")


def menus(router: Router) -> dict[str, Menu]:
    store = Store()
    mtu = Field("mtu", Number(68, 65535), 1500)
    checked = Field("disable-running-check", Flag(), True)
    arp = Field("arp", Choice("disabled", "enabled", "local-proxy-arp", "proxy-arp", "reply-only"), "enabled")
    general = [NAME, Field("mtu", Number(68, 65535)), COMMENT, DISABLED]
    bridge = [
        Field("name"),
        Field("mtu", BridgeMtu(68, 65535), _AUTO),
        arp,
        COMMENT,
        DISABLED,
        Field("protocol-mode", Choice("mstp", "none", "rstp", "stp"), "rstp"),
        Field("vlan-filtering", Flag(), False),
        Field("igmp-snooping", Flag(), False),
        Field("auto-mac", Flag(), True),
        Field("admin-mac", MacAddress()),
        Field("pvid", Number(1, 4094), 1),
    ]
    return {
        "interface": AllInterfaces(router, general, store),
        "interface/ethernet": Ethernets(router, [NAME, mtu, arp, COMMENT, DISABLED, checked, Field("mac-address", MacAddress())], store),
        "interface/bridge": Bridges(router, bridge, store),
        "interface/bridge/port": BridgePorts(
            router,
            [
                Field("interface", InterfaceName(), required=True),
                Field("bridge", InterfaceName(), required=True),
                COMMENT,
                DISABLED,
                Field("pvid", Number(1, 4094), 1),
                Field("hw", Flag(), True),
            ],
        ),
        "interface/vlan": Vlans(
            router,
            [
                NAME,
                mtu,
                arp,
                Field("vlan-id", Number(1, 4095), required=True),
                Field("interface", InterfaceName(), required=True),
                COMMENT,
                DISABLED,
            ],
            store,
        ),
        "interface/list": Lists(router, [NAME, COMMENT]),
        "interface/list/member": Members(
            router,
            [
                Field("list", Reference("/interface/list"), required=True),
                Field("interface", InterfaceName(), required=True),
                COMMENT,
                DISABLED,
            ],
        ),
    }
