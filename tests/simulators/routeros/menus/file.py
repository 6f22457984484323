# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/file"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import RouterError, invalid_value, no_match
from ..fields import Field, Stored
from ..menu import Command, Invocation, Menu
from ..printing import as_value
from ..table import Item, Table
from ..values import Value, literal, to_number

if TYPE_CHECKING:
    from ..router import Router

_READS_PIECES = (7, 13)  # the first release with /file/read; not in the command tree of 7.12.2, and in that of 7.16.2
_PIECE = 32768  # bytes of the largest piece
_CONTENTS = 60 * 1024  # bytes of a file that has `contents`, as documented; in which release it grew to that is not known
_OLD_CONTENTS = 4095
_TYPES = {"rsc": "script", "backup": "backup", "npk": "package", "key": "ssh key", "pub": "ssh key"}


def file_type(name: str) -> str:
    ending = name.rpartition(".")[2] if "." in name else ""
    return _TYPES.get(ending, f".{ending} file" if ending else "file")


class Files(Table):
    columns = ("name", "type", "size", "last-modified")

    def _add_commands(self) -> None:
        super()._add_commands()
        if self._reads_pieces:
            self.add_command(Command("read", self.do_read, ("file", "offset", "chunk-size"), flags=("as-value",)))

    @property
    def _reads_pieces(self) -> bool:
        return self.router.release >= _READS_PIECES

    def do_read(self, call: Invocation) -> Value:
        """A piece of a file."""
        offset, size = to_number(literal(call.text("offset", "0"))), to_number(literal(call.text("chunk-size")))
        if offset is None or size is None:
            raise invalid_value("offset" if offset is None else "chunk-size")
        if not 1 <= size <= _PIECE:
            raise RouterError(f"value of chunk-size is out of range (1..{_PIECE})")
        contents = self.read(call.text("file"))
        if contents is None:
            raise no_match("file")
        data = contents[offset : offset + size]
        if "as-value" in call:
            return as_value({"data": data})
        call.interpreter.emit(f"  data: {data}")
        return None

    def record(self, item: Item) -> dict[str, Value]:
        """Contents that are too long for `contents` are not shown."""
        record = super().record(item)
        if len(str(item.values["contents"])) > (_CONTENTS if self._reads_pieces else _OLD_CONTENTS):
            del record["contents"]
        return record

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
