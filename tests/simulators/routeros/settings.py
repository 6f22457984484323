# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Menus with one set of properties, such as /system/identity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .errors import invalid_value
from .fields import Field, Stored
from .menu import Command, Invocation, Menu
from .printing import as_value, render_settings
from .values import NOTHING, Array, Nothing, Value, to_text

if TYPE_CHECKING:
    from .router import Router


class FieldMenu(Menu):
    """What menus with typed properties share."""

    def __init__(self, router: Router, fields: Iterable[Field]) -> None:
        super().__init__("")
        self.router = router
        self.fields = {field.name: field for field in fields}

    def writable(self) -> list[str]:
        return [field.name for field in self.fields.values() if not field.read_only]

    def accepts(self, name: str, word: str) -> bool:
        return name not in self.fields or self.fields[name].kind.accepts(word)

    def parse(self, call: Invocation) -> dict[str, Stored]:
        """The typed values of those arguments that are properties."""
        parsed: dict[str, Stored] = {}
        for name, value in call.values.items():
            if name in self.fields:
                text = ",".join(map(to_text, value.values())) if isinstance(value, Array) else to_text(value)
                parsed[name] = self.fields[name].kind.parse(self.router, name, text)
        return parsed

    def shown(self, name: str, stored: Stored) -> Value:
        return self.fields[name].kind.value(stored) if name in self.fields else stored


class Settings(FieldMenu):
    """print, get and set over one record. Subclasses may compute properties and react to changes."""

    def __init__(self, router: Router, fields: Iterable[Field], *, writable: bool = True) -> None:
        super().__init__(router, fields)
        self.stored: dict[str, Stored] = {}
        self.add_command(Command("print", self.do_print, flags=("as-value",)))
        self.add_command(Command("get", self.do_get, positional=("value-name",)))
        if writable:
            self.add_command(Command("set", self.do_set, self.writable(), accepts=self.accepts))

    def computed(self) -> dict[str, Value]:
        """Properties that are not stored."""
        return {}

    def check(self, values: dict[str, Stored]) -> None:
        """Refuse impossible values, given complete."""

    def changed(self) -> None:
        """Make the world agree."""

    def current(self) -> dict[str, Stored]:
        defaults = {field.name: field.default for field in self.fields.values() if field.default is not None}
        return {**defaults, **self.stored}

    def record(self) -> dict[str, Value]:
        values = {name: self.shown(name, stored) for name, stored in self.current().items() if not self.fields[name].secret}
        record: dict[str, Value] = {name: values[name] for name in self.fields if name in values}
        return {**record, **self.computed()}

    def do_print(self, call: Invocation) -> Value:
        if "as-value" in call:
            return as_value(self.record())
        call.interpreter.emit(render_settings(self.record()))
        return None

    def do_get(self, call: Invocation) -> Value:
        if "value-name" not in call:
            return as_value(self.record())
        name = call.text("value-name")
        value = self.record().get(name, NOTHING)
        if isinstance(value, Nothing):
            if name not in self.fields:
                raise invalid_value("value-name")
            return None
        return value

    def do_set(self, call: Invocation) -> Value:
        parsed = self.parse(call)
        self.check({**self.current(), **parsed})
        self.stored.update(parsed)
        self.router.touch()
        self.changed()
        return None
