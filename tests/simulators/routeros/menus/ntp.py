# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/system/ntp/client and its servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import invalid_value
from ..fields import COMMENT, DISABLED, Choice, Field, Flag, Kind, ListOf, Stored
from ..menu import Menu
from ..settings import Settings
from ..table import Item, Table
from ..values import Value

if TYPE_CHECKING:
    from ..router import Router

_SERVERS = "/system/ntp/client/servers"


class Host(Kind):
    """An address or a name."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        if not text or any(char.isspace() for char in text):
            raise invalid_value(name)
        return text


class Client(Settings):
    """Its servers are the items of the menu below."""

    def changed(self) -> None:
        if "servers" not in self.stored:
            return
        table = self.router.table(_SERVERS)
        wanted = [part for part in str(self.stored.pop("servers")).split(",") if part]
        table.store.items = [item for item in table.items() if item.values["address"] in wanted]
        present = [item.values["address"] for item in table.items()]
        for address in wanted:
            if address not in present:
                table.store.new({"address": address, "iburst": True, "disabled": False})

    def computed(self) -> dict[str, Value]:
        servers = [str(item.values["address"]) for item in self.router.table(_SERVERS).items()]
        enabled = self.current()["enabled"]
        return {"servers": ",".join(servers), "freq-drift": "0 PPM", "status": "waiting" if enabled else "stopped"}


class Servers(Table):
    columns = ("address",)

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "duplicate address", "address")


def menus(router: Router) -> dict[str, Menu]:
    client = [
        Field("enabled", Flag(), False),
        Field("mode", Choice("broadcast", "manycast", "multicast", "unicast"), "unicast"),
        Field("servers", ListOf(Host())),
    ]
    server = [Field("address", Host(), required=True), Field("iburst", Flag(), True), COMMENT, DISABLED]
    return {"system/ntp/client": Client(router, client), "system/ntp/client/servers": Servers(router, server)}
