# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parser makes of a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .menu import Command


class Literal:
    """A bare word, as written."""

    __slots__ = ("word",)

    def __init__(self, word: str) -> None:
        self.word = word


class Text:
    """A quoted string: literal parts and what is put in between."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[str | Node]) -> None:
        self.parts = parts


class Variable:
    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Property:
    """A property of the item that a `where` looks at."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class Substitution:
    """[command]"""

    __slots__ = ("statements",)

    def __init__(self, statements: list[Statement]) -> None:
        self.statements = statements


class Operation:
    """One or two operands; `right` is None for a prefix operator."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, operator: str, left: Node, right: Node | None = None) -> None:
        self.operator = operator
        self.left = left
        self.right = right


class ArrayLiteral:
    __slots__ = ("entries",)

    def __init__(self, entries: list[tuple[Node | None, Node]]) -> None:
        self.entries = entries


class CodeBlock:
    """{commands}, with its own scope; also a statement."""

    __slots__ = ("source", "statements")

    def __init__(self, statements: list[Statement], source: str) -> None:
        self.statements = statements
        self.source = source


class Call:
    """A command of a menu with its arguments."""

    __slots__ = ("arguments", "command", "line", "where")

    def __init__(self, command: Command, arguments: dict[str, Node], where: Node | None, line: int) -> None:
        self.command = command
        self.arguments = arguments
        self.where = where
        self.line = line


class FunctionCall:
    """$function 1 2 name=3, and any value that stands as a command: [command], (expression)"""

    __slots__ = ("line", "named", "positional", "target")

    def __init__(self, target: Node, positional: list[Node], named: dict[str, Node], line: int) -> None:
        self.target = target
        self.positional = positional
        self.named = named
        self.line = line


Node = Literal | Text | Variable | Property | Substitution | Operation | ArrayLiteral | CodeBlock
Statement = Call | FunctionCall | CodeBlock
