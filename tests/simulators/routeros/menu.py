# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree of menus and commands that scripts are parsed against."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .errors import missing
from .values import Value, to_text

if TYPE_CHECKING:
    from .evaluator import Interpreter, Scope
    from .nodes import Node

Matcher = Callable[[Callable[[str], Value]], bool]


class Invocation:
    """One call of a command.

    `values` are the evaluated arguments. A menu's command gets bare words as text, as written; a builtin gets what they
    stand for. A lazy command gets `nodes` only and evaluates what it needs. A slow one reports progress. `matches` is the
    `where`, or None where there was none.
    """

    __slots__ = ("command", "interpreter", "matches", "nodes", "scope", "values")

    def __init__(
        self,
        command: Command,
        interpreter: Interpreter,
        scope: Scope,
        nodes: dict[str, Node],
        matches: Matcher | None,
    ) -> None:
        self.command = command
        self.interpreter = interpreter
        self.scope = scope
        self.nodes = nodes
        self.matches = matches
        self.values: dict[str, Value] = {}

    def need(self, name: str) -> Value:
        if name not in self.values:
            raise missing(name)
        return self.values[name]

    def text(self, name: str, default: str | None = None) -> str:
        if default is not None and name not in self.values:
            return default
        return to_text(self.need(name))

    def __contains__(self, name: str) -> bool:
        return name in self.values


Handler = Callable[[Invocation], Value]


def _accept(name: str, word: str) -> bool:
    return True


class Command:
    """What the parser must know of a command, and the function that does it."""

    __slots__ = (
        "accepts",
        "arguments",
        "bare_where",
        "code",
        "flags",
        "handler",
        "has_where",
        "lazy",
        "many_names",
        "menu",
        "name",
        "names",
        "positional",
        "slow",
        "typed",
    )

    def __init__(
        self,
        name: str,
        handler: Handler,
        arguments: Iterable[str] = (),
        *,
        positional: tuple[str, ...] = (),
        flags: Iterable[str] = (),
        code: tuple[str, ...] = (),
        names: tuple[str, ...] = (),
        many_names: bool = False,
        has_where: bool = False,
        bare_where: bool = False,
        lazy: bool = False,
        typed: bool = False,
        slow: bool = False,
        accepts: Callable[[str, str], bool] = _accept,
    ) -> None:
        self.name = name
        self.handler = handler
        self.flags = frozenset(flags)
        self.positional = positional
        self.arguments = frozenset(arguments) | self.flags | frozenset(positional)
        self.code = code
        self.names = names
        self.many_names = many_names
        self.has_where = has_where
        self.bare_where = bare_where
        self.lazy = lazy
        self.typed = typed
        self.slow = slow
        self.accepts = accepts
        self.menu: Menu = _NOWHERE

    @property
    def path(self) -> str:
        """As RouterOS names it in an error: /ip/address/add, :put."""
        if self.menu.parent is None:
            return ":" + self.name
        return f"{self.menu.path}/{self.name}"


class Menu:
    """A node of the tree: menus below it and commands in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parent: Menu | None = None
        self.children: dict[str, Menu] = {}
        self.commands: dict[str, Command] = {}

    @property
    def path(self) -> str:
        if self.parent is None:
            return ""
        return f"{self.parent.path}/{self.name}"

    def properties(self) -> frozenset[str]:
        """What a `where` may name."""
        return frozenset()

    def add_command(self, command: Command) -> None:
        command.menu = self
        self.commands[command.name] = command

    def add_child(self, child: Menu) -> None:
        child.parent = self
        self.children[child.name] = child

    def walk(self) -> Iterable[Menu]:
        yield self
        for child in self.children.values():
            yield from child.walk()

    def mount(self, path: str, menu: Menu) -> None:
        """Hang a menu in at "ip/address", making the menus on the way. One made so earlier gives its place up."""
        head, dummy, rest = path.partition("/")
        if rest:
            if head not in self.children:
                self.add_child(Menu(head))
            self.children[head].mount(rest, menu)
            return
        menu.name = head
        if head in self.children:
            for child in self.children[head].children.values():
                menu.add_child(child)
        self.add_child(menu)


_NOWHERE = Menu("")
