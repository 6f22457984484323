# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/ip/firewall/filter and nat: the rules are kept, checked and ordered; no packet is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import invalid_value, missing, no_such_item
from ..fields import (
    COMMENT,
    DISABLED,
    Choice,
    Choices,
    Field,
    Flag,
    InterfaceName,
    Kind,
    Negatable,
    Reference,
    Stored,
)
from ..menu import Command, Invocation, Menu
from ..table import Item, Table
from ..values import Value, parse_address, parse_prefix

if TYPE_CHECKING:
    from ..router import Router

_FILTER_ACTIONS = (
    "accept",
    "add-dst-to-address-list",
    "add-src-to-address-list",
    "drop",
    "fasttrack-connection",
    "jump",
    "log",
    "passthrough",
    "reject",
    "return",
    "tarpit",
)
_NAT_ACTIONS = (
    "accept",
    "add-dst-to-address-list",
    "add-src-to-address-list",
    "dst-nat",
    "endpoint-independent-nat",
    "jump",
    "log",
    "masquerade",
    "netmap",
    "passthrough",
    "redirect",
    "return",
    "same",
    "socksify",
    "src-nat",
)
_STATES = ("established", "invalid", "new", "related", "untracked")


class AddressRange(Kind):
    """An address, a prefix or first-last."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        first, dash, last = text.partition("-")
        good = parse_address(first) and parse_address(last) if dash else parse_address(text) or parse_prefix(text)
        if not good:
            raise invalid_value(name)
        return text


class Rules(Table):
    """Rules are tried in order, so an item can be put before another one and moved."""

    columns = ("chain", "action", "protocol", "src-address", "dst-address", "in-interface", "out-interface", "dst-port")

    def __init__(self, router: Router, fields: list[Field]) -> None:
        super().__init__(router, fields)
        self.add_command(Command("add", self.do_add, [*self.writable(), "place-before"], accepts=self.accepts))
        self.add_command(Command("move", self._move, positional=("numbers", "destination")))

    def computed_names(self) -> frozenset[str]:
        return frozenset({"invalid"})

    def computed(self, item: Item) -> dict[str, Value]:
        return {"invalid": False}

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        if values["action"] == "jump" and "jump-target" not in values:
            raise missing("jump-target")

    def changed(self) -> None:
        """Nothing below the menus follows the rules."""

    def do_add(self, call: Invocation) -> Value:
        before = self._resolve(call.values["place-before"]) if "place-before" in call else []
        added = super().do_add(call)
        if before:
            self._place(self.store.items[-1:], before[0])
        return added

    def _move(self, call: Invocation) -> Value:
        destination = self._resolve(call.values["destination"]) if "destination" in call else []
        moved = self._resolve(call.need("numbers"))
        if destination and destination[0] in moved:
            raise no_such_item()
        self._place(moved, destination[0] if destination else None)
        self.router.touch()
        return None

    def _place(self, items: list[Item], before: Item | None) -> None:
        rest = [item for item in self.store.items if item not in items]
        at = len(rest) if before is None else rest.index(before)
        self.store.items = rest[:at] + items + rest[at:]


def _matchers() -> list[Field]:
    interface = Negatable(InterfaceName())
    interface_list = Negatable(Reference("/interface/list", "all", "none", "dynamic", "static"))
    address = Negatable(AddressRange())
    return [
        Field("chain", required=True),
        Field("protocol", Negatable(Kind())),
        Field("src-address", address),
        Field("dst-address", address),
        Field("src-address-list"),
        Field("dst-address-list"),
        Field("src-port"),
        Field("dst-port"),
        Field("port"),
        Field("in-interface", interface),
        Field("out-interface", interface),
        Field("in-interface-list", interface_list),
        Field("out-interface-list", interface_list),
        Field("jump-target"),
        Field("address-list"),
        Field("address-list-timeout"),
        Field("dst-address-type"),
        Field("limit"),
        Field("log", Flag(), False),
        Field("log-prefix", default=""),
        COMMENT,
        DISABLED,
    ]


def menus(router: Router) -> dict[str, Menu]:
    rule_filter = [
        Field("action", Choice(*_FILTER_ACTIONS), "accept"),
        Field("connection-state", Choices(*_STATES)),
        Field("connection-nat-state", Choices("dstnat", "srcnat")),
        Field("reject-with"),
        Field("tcp-flags"),
        Field("icmp-options"),
    ]
    rule_nat = [
        Field("action", Choice(*_NAT_ACTIONS), "accept"),
        Field("to-addresses", AddressRange()),
        Field("to-ports"),
    ]
    return {
        "ip/firewall/filter": Rules(router, _matchers() + rule_filter),
        "ip/firewall/nat": Rules(router, _matchers() + rule_nat),
    }
