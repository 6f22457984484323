# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/file"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import RouterError
from ..fields import Field, Stored
from ..menu import Menu
from ..table import Item, Table
from ..values import Value

if TYPE_CHECKING:
    from ..router import Router

_TYPES = {"rsc": "script", "backup": "backup", "npk": "package", "key": "ssh key", "pub": "ssh key"}


def file_type(name: str) -> str:
    ending = name.rpartition(".")[2] if "." in name else ""
    return _TYPES.get(ending, f".{ending} file" if ending else "file")


class Files(Table):
    columns = ("name", "type", "size", "last-modified")

    def properties(self) -> frozenset[str]:
        return super().properties() | {"size", "last-modified"}

    def computed(self, item: Item) -> dict[str, Value]:
        modified = time.gmtime(float(str(item.values.get("modified", 0))))
        return {
            "type": file_type(str(item.values["name"])),
            "size": len(str(item.values["contents"])),
            "last-modified": time.strftime("%Y-%m-%d %H:%M:%S", modified),
        }

    def prepare(self, values: dict[str, Stored]) -> None:
        values["modified"] = int(self.router.platform.now())

    def before_set(self, item: Item, values: dict[str, Stored]) -> None:
        self.prepare(values)

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "already have such name", "name")
        if not values["name"]:
            raise RouterError("failure: bad file name")

    # For the router's own use

    def read(self, name: str) -> str | None:
        item = self.lookup(name)
        return None if item is None else str(item.values["contents"])

    def write_file(self, name: str, contents: str) -> None:
        item = self.lookup(name)
        if item is None:
            item = self.store.new({"name": name})
        item.values.update({"contents": contents, "modified": int(self.router.platform.now())})
        self.router.touch()

    def delete(self, name: str) -> None:
        self.store.items = [item for item in self.store.items if item.values["name"] != name]
        self.router.touch()


def menus(router: Router) -> dict[str, Menu]:
    return {"file": Files(router, [Field("name", required=True), Field("type", read_only=True), Field("contents", default="")])}
