# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the machine agree with the configuration, and tells the menus what the machine's state is.

RouterOS numbers Ethernet ports by slot: ether1 is the first port whatever its MAC address is.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from .fields import Stored
from .menus.interface import ethernet_name
from .platform import Lease, Port
from .table import Item
from .values import network_of, parse_address

if TYPE_CHECKING:
    from .router import Router


class Wiring:
    def __init__(self, router: Router) -> None:
        self._router = router
        self._ports: list[Port] = []
        self._leases: dict[str, Lease | None] = {}
        self._asking: set[str] = set()
        self._admin: dict[str, bool] = {}
        self._addresses: dict[str, list[str]] = {}
        self._routes: list[tuple[str, str]] | None = None

    # What the machine is like

    def port(self, item: Item) -> Port | None:
        if item.values["type"] != "ether":
            return None
        slot = int(str(item.values["default-name"])[len("ether") :]) - 1
        return self._ports[slot] if slot < len(self._ports) else None

    def present(self, item: Item) -> bool:
        return item.values["type"] != "ether" or self.port(item) is not None

    def running(self, item: Item) -> bool:
        if item.values.get("disabled"):
            return False
        port = self.port(item)
        if port is not None:
            return port.running
        if item.values["type"] == "vlan":
            parent = self._interface(str(item.values["interface"]))
            return parent is not None and self.running(parent)
        return True

    def mac_address(self, item: Item) -> str:
        if "mac-address" in item.values or "admin-mac" in item.values:
            return str(item.values.get("admin-mac", item.values.get("mac-address")))
        port = self.port(item) or self._carrier(item)
        if port is not None:
            return port.mac_address.upper()
        digest = zlib.crc32(f"{self._router.system_id}{item.number}".encode("latin-1"))
        return ":".join(("02", "00", *(f"{digest >> shift & 255:02X}" for shift in (24, 16, 8, 0))))

    def bridge_of(self, item: Item | None) -> Item | None:
        if item is None:
            return None
        for port in self._router.table("/interface/bridge/port").items():
            if port.values["interface"] == item.values["name"] and not port.values["disabled"]:
                return self._interface(str(port.values["bridge"]))
        return None

    def lease_of(self, client: Item) -> Lease | None:
        device = self._device(str(client.values["interface"]))
        return None if device is None or client.values["disabled"] else self._leases.get(device)

    def dynamic_dns(self) -> list[str]:
        found: list[str] = []
        for client in self._router.table("/ip/dhcp-client").items():
            lease = self.lease_of(client)
            if lease is not None and client.values["use-peer-dns"] != "no":
                found.extend(server for server in lease.dns if server not in found)
        return found

    def route_active(self, route: Item) -> bool:
        if route.values.get("disabled"):
            return False
        if route.values.get("blackhole"):
            return True
        gateway = str(route.values["gateway"]).split(",", maxsplit=1)[0]
        address, dummy, dummy = gateway.partition("%")
        if parse_address(address) is None:
            interface = self._interface(address)
            return interface is not None and self.running(interface)
        return any(self._connects(item, address) for item in self._standing_addresses())

    def _interface(self, name: str) -> Item | None:
        return self._router.table("/interface").lookup(name)

    def _carrier(self, item: Item) -> Port | None:
        """The port that carries a bridge's traffic: its first member. The machine below knows no bridges."""
        if item.values["type"] != "bridge":
            return None
        for member in self._router.table("/interface/bridge/port").items():
            if member.values["bridge"] == item.values["name"] and not member.values["disabled"]:
                interface = self._interface(str(member.values["interface"]))
                return self.port(interface) if interface is not None else None
        return None

    def _device(self, name: str) -> str | None:
        item = self._interface(name)
        if item is None or item.values.get("disabled"):
            return None
        port = self.port(item) or self._carrier(item)
        return port.device if port is not None else None

    def _standing_addresses(self) -> list[Item]:
        found = []
        for item in self._router.table("/ip/address").items():
            interface = self._interface(str(item.values["interface"]))
            if interface is not None and not item.values.get("disabled") and not interface.values.get("disabled"):
                found.append(item)
        return found

    def _connects(self, item: Item, address: str) -> bool:
        interface = self._interface(str(item.values["interface"]))
        length = str(item.values["address"]).partition("/")[2]
        same_network = network_of(f"{address}/{length}") == network_of(str(item.values["address"]))
        return same_network and interface is not None and self.running(interface)

    # Making it so

    def refresh(self) -> None:
        """Look at the machine again and make it agree."""
        self._ports = self._router.platform.ports()
        self._name_ports()
        self._apply_admin()
        self._apply_dhcp()
        self._leases = {device: self._router.platform.lease(device) for device in self._asking}
        self._dynamic_addresses()
        self._dynamic_routes()
        self._apply_addresses()
        self._apply_routes()

    def ask_again(self, client: Item) -> None:
        device = self._device(str(client.values["interface"]))
        if device is not None and device in self._asking:
            self._router.platform.stop_dhcp(device)
            self._router.platform.start_dhcp(device)

    def _name_ports(self) -> None:
        table = self._router.table("/interface")
        known = {item.values.get("default-name") for item in table.store.items}
        for slot in range(len(self._ports)):
            name = ethernet_name(slot)
            if name not in known:
                values = _port_values(name)
                table.store.new(values)
                self._router.touch()

    def _apply_admin(self) -> None:
        for item in self._router.table("/interface/ethernet").items():
            port = self.port(item)
            up = not item.values["disabled"]
            if port is not None and self._admin.get(port.device) != up:
                self._admin[port.device] = up
                self._router.platform.set_admin(port.device, up)

    def _apply_dhcp(self) -> None:
        clients = self._router.table("/ip/dhcp-client").items()
        devices = {self._device(str(client.values["interface"])) for client in clients if not client.values["disabled"]}
        wanted = {device for device in devices if device is not None}
        for device in self._asking - wanted:
            self._router.platform.stop_dhcp(device)
        for device in wanted - self._asking:
            self._router.platform.start_dhcp(device)
        self._asking = wanted

    def _dynamic_addresses(self) -> None:
        wanted: list[dict[str, Stored]] = []
        for client in self._router.table("/ip/dhcp-client").items():
            lease = self.lease_of(client)
            if lease is not None:
                wanted.append(
                    {
                        "address": lease.address,
                        "network": network_of(lease.address),
                        "interface": client.values["interface"],
                        "disabled": False,
                    }
                )
        self._replace_dynamic("/ip/address", wanted)

    def _dynamic_routes(self) -> None:
        wanted: list[dict[str, Stored]] = []
        for client in self._router.table("/ip/dhcp-client").items():
            lease = self.lease_of(client)
            if lease is not None and lease.gateway and client.values["add-default-route"] != "no":
                wanted.append(_route("0.0.0.0/0", lease.gateway, "dhcp", int(client.values["default-route-distance"])))
        for item in self._standing_addresses():
            length = str(item.values["address"]).partition("/")[2]
            destination = f"{item.values['network']}/{length}"
            wanted.append(_route(destination, str(item.values["interface"]), "connect", 0))
        self._replace_dynamic("/ip/route", wanted)

    def _replace_dynamic(self, path: str, wanted: list[dict[str, Stored]]) -> None:
        store = self._router.table(path).store
        kept = [item for item in store.items if item.dynamic and item.values in wanted]
        store.items = [item for item in store.items if not item.dynamic or item in kept]
        present = [item.values for item in kept]
        for values in wanted:
            if values not in present:
                store.new(values, dynamic=True)

    def _apply_addresses(self) -> None:
        wanted: dict[str, list[str]] = {port.device: [] for port in self._ports}
        for item in self._standing_addresses():
            device = self._device(str(item.values["interface"]))
            if device is not None:
                wanted[device].append(str(item.values["address"]))
        for device, addresses in wanted.items():
            if self._addresses.get(device) != addresses:
                self._router.platform.set_addresses(device, list(addresses))
        if wanted != self._addresses:
            self._routes = None  # an address that goes takes the machine's routes through it along
        self._addresses = wanted

    def _apply_routes(self) -> None:
        routes = []
        for item in self._router.table("/ip/route").items():
            gateway = str(item.values.get("gateway", "")).split(",", maxsplit=1)[0].partition("%")[0]
            if self.route_active(item) and parse_address(gateway) is not None:
                routes.append((str(item.values["dst-address"]), gateway))
        if routes != self._routes:
            self._router.platform.set_routes(list(routes))
        self._routes = routes


def _route(destination: str, gateway: str, kind: str, distance: int) -> dict[str, Stored]:
    return {
        "dst-address": destination,
        "gateway": gateway,
        "distance": distance,
        "routing-table": "main",
        "scope": 10,
        "disabled": False,
        "kind": kind,
    }


def _port_values(name: str) -> dict[str, Stored]:
    return {
        "name": name,
        "default-name": name,
        "type": "ether",
        "mtu": 1500,
        "arp": "enabled",
        "disabled": False,
        "disable-running-check": True,
    }
