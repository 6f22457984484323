# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Menus with a list of items, such as /ip/address."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .errors import RouterError, invalid_value, missing, no_such_item
from .fields import Field, Stored
from .menu import Command, Invocation
from .printing import as_value, identified, render_columns, render_detail, render_terse
from .settings import FieldMenu
from .values import NOTHING, Array, Id, Nothing, Value, literal, to_text

if TYPE_CHECKING:
    from .router import Router

_PRINT_FLAGS = ("as-value", "count-only", "detail", "terse", "without-paging", "show-ids")


class Item:
    """One entry of a list. A dynamic one was made by the router itself: read-only, and not kept over a restart."""

    __slots__ = ("dynamic", "number", "values")

    def __init__(self, number: int, values: dict[str, Stored], dynamic: bool = False) -> None:
        self.number = number
        self.values = values
        self.dynamic = dynamic

    @property
    def id(self) -> Id:
        return Id(f"*{self.number:X}")


class Store:
    """The items, with the number of the next one. Several menus may look at one store, as all interfaces' menus do."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.next = 1

    def new(self, values: dict[str, Stored], dynamic: bool = False) -> Item:
        item = Item(self.next, values, dynamic)
        self.next += 1
        self.items.append(item)
        return item

    def dump(self) -> dict[str, object]:
        return {"next": self.next, "items": [[item.number, item.values] for item in self.items if not item.dynamic]}

    def restore(self, next_number: int, items: list[tuple[int, dict[str, Stored]]]) -> None:
        self.next = next_number
        self.items = [Item(number, values) for number, values in items]


class Table(FieldMenu):
    """add, set, remove, enable, disable, comment, print, get and find over a list of items."""

    columns: tuple[str, ...] = ("name",)
    can_add = True
    can_remove = True
    can_set = True
    kept = True  # over a restart

    def __init__(self, router: Router, fields: Iterable[Field], store: Store | None = None) -> None:
        super().__init__(router, fields)
        self.store = store or Store()
        self._add_commands()

    def _add_commands(self) -> None:
        writable = self.writable()
        numbers = ("numbers",)
        commands = [
            Command("print", self.do_print, ("proplist",), flags=_PRINT_FLAGS, has_where=True),
            Command("get", self.do_get, positional=("number", "value-name")),
            Command("find", self.do_find, has_where=True, bare_where=True),
        ]
        if self.can_add:
            commands.append(Command("add", self.do_add, writable, accepts=self.accepts))
        if self.can_set:
            commands.append(Command("set", self.do_set, writable, positional=numbers, accepts=self.accepts))
        if self.can_remove:
            commands.append(Command("remove", self.do_remove, positional=numbers))
        if "disabled" in writable:
            commands.append(Command("enable", self._do_switch(False), positional=numbers))
            commands.append(Command("disable", self._do_switch(True), positional=numbers))
        if "comment" in writable and self.can_set:
            commands.append(Command("comment", self.do_set, ("comment",), positional=numbers))
        for command in commands:
            self.add_command(command)

    # What subclasses say

    def items(self) -> list[Item]:
        return list(self.store.items)

    def computed(self, item: Item) -> dict[str, Value]:
        """Read-only properties."""
        return {}

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        """Refuse impossible values, given complete. `item` is the one that is set, None for a new one."""

    def prepare(self, values: dict[str, Stored]) -> None:
        """Fill in what a new item needs and nobody gave."""

    def check_removal(self, items: list[Item]) -> None:
        """Refuse."""

    def before_set(self, item: Item, values: dict[str, Stored]) -> None:
        """Called with the values that will be set, before they are."""

    def changed(self) -> None:
        """Make the world agree."""
        self.router.apply()

    # Reading

    def properties(self) -> frozenset[str]:
        shown = frozenset(field.name for field in self.fields.values() if not field.secret)
        return shown | {".id", "dynamic"} | self.computed_names()

    def computed_names(self) -> frozenset[str]:
        return frozenset()

    def record(self, item: Item) -> dict[str, Value]:
        record: dict[str, Value] = {}
        for name, field in self.fields.items():
            if not field.secret and name in item.values:
                record[name] = self.shown(name, item.values[name])
        record["dynamic"] = item.dynamic
        record.update(self.computed(item))
        return identified(record, item.number)

    def lookup(self, key: str) -> Item | None:
        """By id or by name."""
        for item in self.items():
            if item.id == key or item.values.get("name") == key:
                return item
        return None

    def _resolve(self, value: Value) -> list[Item]:
        if isinstance(value, Array):
            return [item for part in value.values() for item in self._resolve(part)]
        if value is None or isinstance(value, Nothing) or value == "":
            return []
        found = []
        for part in to_text(value).split(","):
            item = self.lookup(part)
            place = literal(part)
            if item is None and isinstance(place, int) and 0 <= place < len(self.items()):
                item = self.items()[place]
            if item is None:
                raise no_such_item()
            found.append(item)
        return found

    def _matching(self, call: Invocation) -> list[Item]:
        matches = call.matches
        if matches is None:
            return self.items()
        return [item for item in self.items() if matches(self._reader(item))]

    def _reader(self, item: Item) -> Callable[[str], Value]:
        record = self.record(item)
        known = self.properties()

        def read(name: str) -> Value:
            return record.get(name) if name in known else NOTHING

        return read

    def do_find(self, call: Invocation) -> Value:
        return Array([item.id for item in self._matching(call)])

    def do_get(self, call: Invocation) -> Value:
        items = self._resolve(call.need("number"))
        if len(items) != 1:
            raise no_such_item()
        record = self.record(items[0])
        if "value-name" not in call:
            return as_value(record)
        name = call.text("value-name")
        if name not in self.properties():
            raise invalid_value("value-name")
        return record.get(name)

    def do_print(self, call: Invocation) -> Value:
        records = [self.record(item) for item in self._matching(call)]
        if "proplist" in call:
            wanted = call.text("proplist").split(",")
            records = [{name: record[name] for name in wanted if name in record} for record in records]
        if "as-value" in call:
            return Array([as_value(record) for record in records])
        if "count-only" in call:
            call.interpreter.emit(str(len(records)))
            return len(records)
        text = self._render(call, records)
        if text:
            call.interpreter.emit(text)
        return None

    def _render(self, call: Invocation, records: list[dict[str, Value]]) -> str:
        if "terse" in call:
            return render_terse(records)
        if "detail" in call:
            return render_detail(records)
        return render_columns(records, self.columns)

    # Writing

    def do_add(self, call: Invocation) -> Value:
        parsed = self.parse(call)
        absent = [field.name for field in self.fields.values() if field.required and field.name not in parsed]
        if absent:
            raise missing(*absent)
        values = {field.name: field.default for field in self.fields.values() if field.default is not None}
        values.update(parsed)
        self.prepare(values)
        self.check(values, None)
        item = self.store.new(values)
        self.router.touch()
        self.changed()
        return item.id

    def do_set(self, call: Invocation) -> Value:
        items = self._resolve(call.need("numbers"))
        self.write(items, self.parse(call))
        return None

    def write(self, items: list[Item], values: dict[str, Stored]) -> None:
        for item in items:
            self._refuse_dynamic(item)
            self.check({**item.values, **values}, item)
            self.before_set(item, values)
            item.values.update(values)
        if items:
            self.router.touch()
            self.changed()

    def _refuse_dynamic(self, item: Item) -> None:
        if item.dynamic:
            raise RouterError("failure: can not change dynamic item")

    def _do_switch(self, disabled: bool) -> Callable[[Invocation], Value]:
        def handler(call: Invocation) -> Value:
            self.write(self._resolve(call.need("numbers")), {"disabled": disabled})
            return None

        return handler

    def do_remove(self, call: Invocation) -> Value:
        items = self._resolve(call.need("numbers"))
        for item in items:
            if item.dynamic:
                raise RouterError("failure: can not remove dynamic item")
        self.check_removal(items)
        for item in items:
            self.store.items.remove(item)
        if items:
            self.router.touch()
            self.changed()
        return None

    def refuse_duplicate(self, values: dict[str, Stored], item: Item | None, text: str, *names: str) -> None:
        """Refuse values that another item has, all of `names` together."""
        for other in self.items():
            if other is not item and all(other.values.get(name) == values.get(name) for name in names):
                raise RouterError("failure: " + text)
