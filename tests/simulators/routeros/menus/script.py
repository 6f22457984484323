# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/system/script"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import no_such_item
from ..fields import COMMENT, Choices, Field, Flag, Stored
from ..menu import Command, Invocation, Menu
from ..table import Item, Table
from ..values import Value

if TYPE_CHECKING:
    from ..router import Router

POLICIES = ("ftp", "reboot", "read", "write", "policy", "test", "password", "sniff", "sensitive", "romon")


class Scripts(Table):
    columns = ("name", "owner", "policy", "run-count")

    def __init__(self, router: Router) -> None:
        super().__init__(
            router,
            [
                Field("name"),
                Field("owner", default="admin"),
                Field("policy", Choices(*POLICIES), ",".join(POLICIES)),
                Field("dont-require-permissions", Flag(), False),
                Field("source", default=""),
                COMMENT,
            ],
        )
        for name in ("add", "set"):
            self.commands[name].code = ("source",)
        self.add_command(Command("run", self._run, positional=("number",), flags=("use-script-permissions",)))

    def computed_names(self) -> frozenset[str]:
        return frozenset({"run-count", "last-started", "invalid"})

    def computed(self, item: Item) -> dict[str, Value]:
        values: dict[str, Value] = {"run-count": item.values.get("run-count", 0), "invalid": False}
        if "last-started" in item.values:
            values["last-started"] = item.values["last-started"]
        return values

    def prepare(self, values: dict[str, Stored]) -> None:
        taken = {item.values["name"] for item in self.items()}
        values.setdefault("name", next(f"script{n}" for n in range(1, len(taken) + 2) if f"script{n}" not in taken))

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "item with this name already exists", "name")

    def _run(self, call: Invocation) -> Value:
        items = self._resolve(call.need("number"))
        if len(items) != 1:
            raise no_such_item()
        item = items[0]
        item.values["run-count"] = int(item.values.get("run-count", 0)) + 1
        item.values["last-started"] = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.router.platform.now()))
        self.router.touch()
        call.interpreter.run_source(str(item.values["source"]))
        return None


def menus(router: Router) -> dict[str, Menu]:
    return {"system/script": Scripts(router)}
