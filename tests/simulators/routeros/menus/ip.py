# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/ip: addresses, DHCP clients, routes, DNS and services."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from ..errors import RouterError, invalid_value, missing
from ..fields import (
    COMMENT,
    DISABLED,
    Address,
    Choice,
    Choices,
    Field,
    Flag,
    InterfaceAddress,
    InterfaceName,
    Kind,
    ListOf,
    Negatable,
    Network,
    Number,
    Reference,
    Stored,
)
from ..menu import Command, Invocation, Menu
from ..settings import Settings
from ..table import Item, Table
from ..values import Array, Ip, Value, network_of, parse_address

if TYPE_CHECKING:
    from ..router import Router

# name, port, port of a fresh router; what is on was seen on fresh CHR images.
SERVICES = (
    ("telnet", 23),
    ("ftp", 21),
    ("www", 80),
    ("ssh", 22),
    ("www-ssl", 443),
    ("api", 8728),
    ("winbox", 8291),
    ("api-ssl", 8729),
)
_SERVICES_OFF = ("www-ssl",)


class Addresses(Table):
    columns = ("address", "network", "interface")

    def computed_names(self) -> frozenset[str]:
        return frozenset({"actual-interface", "invalid", "slave"})

    def computed(self, item: Item) -> dict[str, Value]:
        interface = self.router.table("/interface").lookup(str(item.values["interface"]))
        bridge = self.router.wiring.bridge_of(interface) if interface is not None else None
        holder = bridge or interface
        actual: Value = holder.values["name"] if holder is not None else ""
        return {"actual-interface": actual, "invalid": interface is None, "slave": bridge is not None}

    def prepare(self, values: dict[str, Stored]) -> None:
        values.setdefault("network", network_of(str(values["address"])))

    def before_set(self, item: Item, values: dict[str, Stored]) -> None:
        if "address" in values and "network" not in values:
            values["network"] = network_of(str(values["address"]))

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "already have such address", "address", "interface")


class DhcpClients(Table):
    columns = ("interface", "use-peer-dns", "add-default-route", "status", "address")

    def __init__(self, router: Router) -> None:
        yes_no = Flag()
        super().__init__(
            router,
            [
                Field("interface", InterfaceName(), required=True),
                Field("add-default-route", Choice("yes", "no", "special-classless"), "yes"),
                Field("use-peer-dns", Choice("yes", "no", "exclusively"), "yes"),
                Field("use-peer-ntp", yes_no, True),
                Field("default-route-distance", Number(0, 255), 1),
                COMMENT,
                DISABLED,
            ],
        )
        for name in ("release", "renew"):
            self.add_command(Command(name, self._ask_again, positional=("numbers",)))

    def _ask_again(self, call: Invocation) -> Value:
        for item in self._resolve(call.need("numbers")):
            self.router.wiring.ask_again(item)
        return None

    def computed_names(self) -> frozenset[str]:
        return frozenset({"status", "address", "gateway", "primary-dns", "secondary-dns", "invalid"})

    def computed(self, item: Item) -> dict[str, Value]:
        lease = self.router.wiring.lease_of(item)
        invalid = self.router.table("/interface").lookup(str(item.values["interface"])) is None
        if item.values["disabled"] or invalid:
            return {"status": "stopped", "invalid": invalid}
        if lease is None:
            return {"status": "searching...", "invalid": False}
        values: dict[str, Value] = {"status": "bound", "address": lease.address, "invalid": False}
        if lease.gateway:
            values["gateway"] = Ip(lease.gateway)
        values.update({name: Ip(server) for name, server in zip(("primary-dns", "secondary-dns"), lease.dns, strict=False)})
        return values

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "dhcp-client on that interface already exists", "interface")


class Gateway(Kind):
    """An address, an interface, or both: 192.0.2.1%ether1."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        for part in text.split(","):
            address, dummy, interface = part.partition("%")
            known = router.table("/interface").lookup(interface or address)
            if (parse_address(address) is None and known is None) or (interface and known is None):
                raise invalid_value(name)
        return text


class Routes(Table):
    columns = ("dst-address", "gateway", "routing-table", "distance")

    def items(self) -> list[Item]:
        """In the order of their destinations, as RouterOS 7 lists them."""
        return sorted(self.store.items, key=lambda item: IPv4Network(str(item.values["dst-address"])))

    def prepare(self, values: dict[str, Stored]) -> None:
        values.setdefault("dst-address", "0.0.0.0/0")
        if "gateway" not in values and not values["blackhole"]:
            raise missing("gateway")

    def computed_names(self) -> frozenset[str]:
        return frozenset({"active", "static", "connect", "dhcp", "inactive", "immediate-gw"})

    def computed(self, item: Item) -> dict[str, Value]:
        active = self.router.wiring.route_active(item)
        kind = item.values.get("kind", "static")
        return {
            "active": active,
            "inactive": not active,
            "static": kind == "static",
            "connect": kind == "connect",
            "dhcp": kind == "dhcp",
        }


class Dns(Settings):
    def computed(self) -> dict[str, Value]:
        servers: list[Value] = [Ip(server) for server in self.router.wiring.dynamic_dns()]
        return {"dynamic-servers": Array(servers), "cache-used": "41KiB"}


class Services(Table):
    columns = ("name", "port", "address", "certificate")
    can_add = False
    can_remove = False

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        if values["port"] == 0:
            raise RouterError("value of port is out of range (1..65535)")

    def computed_names(self) -> frozenset[str]:
        return frozenset({"invalid"})

    def computed(self, item: Item) -> dict[str, Value]:
        secure = item.values["name"] in ("www-ssl",)
        return {"invalid": secure and item.values["certificate"] == "none"}


def factory(router: Router) -> None:
    for name, port in SERVICES:
        router.table("/ip/service").store.new(
            {"name": name, "port": port, "address": "", "certificate": "none", "disabled": name in _SERVICES_OFF}
        )
    client = router.table("/ip/dhcp-client")
    defaults = {field.name: field.default for field in client.fields.values() if field.default is not None}
    client.store.new({**defaults, "interface": "ether1"})


def menus(router: Router) -> dict[str, Menu]:
    address = [
        Field("address", InterfaceAddress(), required=True),
        Field("network", Address()),
        Field("interface", InterfaceName(), required=True),
        COMMENT,
        DISABLED,
    ]
    route = [
        Field("dst-address", Network()),
        Field("gateway", Gateway()),
        Field("distance", Number(0, 255), 1),
        Field("pref-src", Address()),
        Field("routing-table", Choice("main"), "main"),
        Field("blackhole", Flag(), False),
        Field("check-gateway", Choice("arp", "bfd", "none", "ping")),
        Field("scope", Number(0, 255), 30),
        Field("target-scope", Number(0, 255), 10),
        COMMENT,
        DISABLED,
    ]
    dns = [
        Field("servers", ListOf(Address()), ""),
        Field("use-doh-server", default=""),
        Field("verify-doh-cert", Flag(), False),
        Field("allow-remote-requests", Flag(), False),
        Field("max-udp-packet-size", Number(50, 65507), 4096),
        Field("cache-size", Number(64), 2048),
    ]
    service = [
        Field("name", read_only=True),
        Field("port", Number(0, 65535)),
        Field("address", ListOf(InterfaceAddress()), ""),
        Field("certificate", Choice("none"), "none"),
        DISABLED,
    ]
    discovery = [
        Field(
            "discover-interface-list",
            Negatable(Reference("/interface/list", "all", "none", "dynamic", "static")),
            "static",
        ),
        Field("protocol", Choices("cdp", "lldp", "mndp"), "cdp,lldp,mndp"),
        Field("mode", Choice("rx-only", "tx-and-rx", "tx-only"), "tx-and-rx"),
    ]
    return {
        "ip/address": Addresses(router, address),
        "ip/dhcp-client": DhcpClients(router),
        "ip/route": Routes(router, route),
        "ip/dns": Dns(router, dns),
        "ip/service": Services(router, service),
        "ip/neighbor/discovery-settings": Settings(router, discovery),
    }
