# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses commands against the tree of menus, so that an unknown word is found before anything runs, as on RouterOS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .expressions import ExpressionParser
from .lexer import NAME, WORD
from .nodes import Call, FunctionCall, Literal, Node, Operation, Statement

if TYPE_CHECKING:
    from .menu import Command, Menu

_END = ("", "\n", ";", "]", "}", ")")


class Parser(ExpressionParser):
    """One script. `menu` is where its relative paths start, and moves as the script changes the menu."""

    def __init__(self, text: str, root: Menu, menu: Menu | None = None) -> None:
        super().__init__(text)
        self.root = root
        self.menu = menu or root

    def script(self) -> list[Statement]:
        return list(self.statements())

    def statements(self) -> Iterator[Statement]:
        """Each top-level command as soon as it is read: an import runs those before a syntax error."""
        while True:
            self.skip_separators()
            if not self.peek():
                return
            statement = self._statement()
            if statement is not None:
                yield statement
            self._end_of_command(_END[:3])

    def commands_until(self, end: str) -> list[Statement]:
        menu = self.menu
        found: list[Statement] = []
        while True:
            self.skip_separators()
            if self.take(end):
                self.menu = menu
                return found
            if not self.peek():
                raise self.error("syntax error")
            statement = self._statement()
            if statement is not None:
                found.append(statement)
            self._end_of_command(("\n", ";", end))

    def _end_of_command(self, ends: tuple[str, ...]) -> None:
        self.skip_blanks()
        if self.peek() not in ends:
            raise self.error("expected end of command" if self.peek() else "syntax error")

    def _statement(self) -> Statement | None:
        char = self.peek()
        line = self.line(self.pos)
        if char == "{":
            return self.code()
        if char in ("$", "[", "("):
            return self._function_call(line)
        return self._command(line)

    def _function_call(self, line: int) -> FunctionCall:
        target = self.primary()
        positional: list[Node] = []
        named: dict[str, Node] = {}
        while True:
            self.skip_blanks()
            if self.peek() in _END:
                return FunctionCall(target, positional, named, line)
            name = self._argument_name()
            if name:
                named[name] = self._value(None, name)
            else:
                positional.append(self._value(None, ""))

    def _argument_name(self) -> str:
        """The name before an equals sign, which is taken too; empty where a value stands alone."""
        start = self.pos
        name = self.read(WORD)
        if name and self.take("="):
            return name
        self.pos = start
        return ""

    def _command(self, line: int) -> Statement | None:
        """A path and a command with arguments; a path alone changes the menu."""
        menu = self.menu
        rooted = False
        if self.peek() in ("/", ":"):
            self.pos += 1
            menu, rooted = self.root, True
        descended = rooted
        while True:
            self.skip_blanks()
            start = self.pos
            if self.peek() in _END:
                self.menu = menu
                return None
            if self.take(".."):
                menu = menu.parent or menu
                descended = True
                self.take("/")
                continue
            word = self.read(WORD)
            child = menu.children.get(word)
            if child is not None and (child.name not in menu.commands or self.peek() == "/"):
                menu, descended = child, True
                self.take("/")
                continue
            command = menu.commands.get(word)
            if command is None and not descended:
                command = self.root.commands.get(word)
                if command is None and word in self.root.children:
                    menu, descended = self.root.children[word], True
                    self.take("/")
                    continue
            if command is None or (self.peek() and self.peek() not in ' \t\r\n;]})({["$\\'):
                raise self._bad_command(word, start)
            # [find ...] among the arguments means the command's own menu; the language's commands have none.
            outer, self.menu = self.menu, self.menu if command.menu is self.root else command.menu
            call = self._arguments(command, line)
            self.menu = outer
            return call

    def _bad_command(self, word: str, start: int) -> Exception:
        if not word or self.peek() == "/":
            return self.error("syntax error")
        if self.peek() == "=":
            return self.error("expected end of command", start)
        return self.error(f"bad command name {word}", start)

    def _arguments(self, command: Command, line: int) -> Statement:
        arguments: dict[str, Node] = {}
        where: Node | None = None
        waiting = list(command.positional)
        while True:
            self.skip_blanks()
            start = self.pos
            if self.peek() in _END:
                return Call(command, arguments, where, line)
            if command.has_where and (self._keyword("where") or command.bare_where):
                where = self._where(command)
                continue
            name = self._argument_name()
            if name:
                if name not in command.arguments or name in arguments:
                    raise self.error("expected end of command", start)
                if name in waiting:
                    waiting.remove(name)
                arguments[name] = self._value(command, name)
                continue
            flag = self._flag(command)
            if flag:
                arguments[flag] = Literal("yes")
                continue
            while waiting and waiting[0] in arguments:
                waiting.pop(0)
            if not waiting:
                raise self.error("expected end of command", start)
            name = waiting.pop(0)
            arguments[name] = self._value(command, name)

    def _keyword(self, word: str) -> bool:
        if self.starts(word) and self.peek(len(word)) in (" ", "\t", "(", "!", "\\") and self.peek(len(word)):
            self.pos += len(word)
            return True
        return False

    def _flag(self, command: Command) -> str:
        start = self.pos
        word = self.read(WORD)
        if (word in command.flags and self.peek() not in WORD | {"="}) or (word in command.flags and not self.peek()):
            return word
        self.pos = start
        return ""

    def _where(self, command: Command) -> Node | None:
        """Conditions up to the command's end; all of them must hold."""
        outer, self.item_menu = self.item_menu, command.menu
        found: Node | None = None
        while True:
            self.skip_blanks()
            if self.peek() in _END:
                break
            condition = self.expression()
            found = condition if found is None else Operation("&&", found, condition)
        self.item_menu = outer
        return found

    def _value(self, command: Command | None, name: str) -> Node:
        """An argument's value. Blanks may stand after the equals sign, as on RouterOS."""
        self.skip_blanks()
        if command is not None and name in command.names:
            return self._name(command)
        node = self.quoted_or_bracketed()
        if node is not None:
            return node
        if self.peek() == "{":
            is_code = command is None or name in command.code
            return self.code() if is_code else self.array()
        start = self.pos
        word = self.argument_word()
        if not word and self.peek() not in _END:
            raise self.error("syntax error")
        if command is not None and not command.accepts(name, word):
            raise self.error("syntax error", start)
        return Literal(word)

    def _name(self, command: Command) -> Node:
        """The name of a variable, or a place in an array: ($array->"key")."""
        if self.peek() == '"':
            return self.string()
        if self.peek() == "(":
            return self.parentheses()
        start = self.pos
        word = self.read(NAME)
        while command.many_names and word and self.peek() == "," and self.peek(1) in NAME:
            self.pos += 1
            word += "," + self.read(NAME)
        if not word:
            raise self.error("syntax error", start)
        if self.peek() not in (*_END, " ", "\t", "\r", "\\"):
            raise self.error("expected end of command")
        return Literal(word)
