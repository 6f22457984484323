# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API sentences and the simulator's menus: which command a sentence means, its arguments, its rows, and how an error is told.

Words are one character a byte, as all text inside the router is.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..routeros.errors import MissingError, RouterError, no_such_item
from ..routeros.menu import Command, Menu
from ..routeros.values import Array, Value, to_text
from .api_query import matches
from .rendering import Rendering

NO_MENU = "no such command prefix"
NO_COMMAND = "no such command"
# Arguments of print that make sense on a console only.
_TEXT_ONLY = frozenset({"as-value", "terse", "without-paging", "show-ids"})

Record = dict[str, Value]


class Request:
    """One sentence taken apart."""

    def __init__(self, words: list[str]) -> None:
        self.path = words[0]
        self.attributes: dict[str, str] = {}
        self.queries: list[str] = []
        self.tag: str | None = None
        for word in words[1:]:
            if word.startswith(".tag="):
                self.tag = word[len(".tag=") :]
            elif word.startswith("="):
                name, dummy, value = word[1:].partition("=")
                self.attributes[name] = value
            elif word.startswith("?"):
                self.queries.append(word[1:])


class UnknownParameterError(RouterError):
    def __init__(self, name: str) -> None:
        super().__init__(f"unknown parameter {name}")


class UnknownCommandError(RouterError):
    pass


def find_command(root: Menu, path: str, no_menu: str = NO_MENU) -> Command:
    """The command of "/ip/address/print". The language's own commands, such as :put, are not for the API."""
    *parts, name = path.strip("/").split("/")
    menu = root
    for part in parts:
        if part not in menu.children:
            raise UnknownCommandError(no_menu)
        menu = menu.children[part]
    command = menu.commands.get("print" if name == "getall" else name)
    if command is None or menu is root:
        raise UnknownCommandError(NO_COMMAND)
    return command


def arguments(command: Command, attributes: dict[str, str], rendering: Rendering) -> dict[str, Value]:
    """The command's values; an item may be named with .id as well as with numbers."""
    values: dict[str, Value] = {}
    for name, value in attributes.items():
        if name in (".proplist", ".query"):
            continue
        if name == ".id" and not rendering.names_as_ids and not all(part.startswith("*") for part in value.split(",")):
            raise no_such_item()
        known = command.positional[0] if name == ".id" and command.positional[:1] in (("numbers",), ("number",)) else name
        if known not in command.arguments or known in _TEXT_ONLY:
            raise UnknownParameterError(name)
        values[known] = value
    return values


def rows(printed: Value, queries: list[str]) -> list[Record]:
    """The records of a `print as-value` that the queries leave."""
    assert isinstance(printed, Array)
    records = [dict(row.named) for row in printed.items if isinstance(row, Array)] if printed.items else [dict(printed.named)]
    return [record for record in records if record and matches(queries, record)]


def row_words(record: Record, proplist: Iterable[str] | None, rendering: Rendering) -> list[str]:
    """The attributes of one reply; properties that are not there, and an empty comment, are left out without a word."""
    names = record if proplist is None else proplist
    shown = [name for name in names if record.get(name) is not None and (name, record[name]) != ("comment", "")]
    return [f"={name}={_text(record[name], rendering)}" for name in shown]


def _text(value: Value, rendering: Rendering) -> str:
    if isinstance(value, bool):
        return rendering.boolean(value)
    if isinstance(value, Array):
        return ",".join(_text(part, rendering) for part in value.values())
    return to_text(value)


def trap_words(error: RouterError) -> list[str]:
    """A trap's attributes; RouterOS gives most failures no category."""
    message = error.message
    if isinstance(error, MissingError):
        message = "missing " + " ".join(f"={name}=" for name in error.names)
    category = _category(error)
    return [*([f"=category={category}"] if category is not None else []), f"=message={message}"]


def _category(error: RouterError) -> int | None:
    """0 missing item or command, 1 argument value, 2 interrupted."""
    if isinstance(error, (MissingError, UnknownCommandError)) or error.message == "no such item":
        return 0
    if error.message == "interrupted":
        return 2
    argument = ("input does not match", "ambiguous value", "value of ", "invalid value ")
    return 1 if error.message.startswith(argument) else None
