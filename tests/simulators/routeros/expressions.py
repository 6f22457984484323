# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses values and expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .lexer import NAME, WORD, Lexer
from .nodes import ArrayLiteral, CodeBlock, Literal, Node, Operation, Property, Statement, Substitution, Text, Variable

if TYPE_CHECKING:
    from .menu import Menu

# Weakest first. A word operator needs a word's end after it.
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||", "or"),
    ("&&", "and"),
    ("!=", "<=", ">=", "=", "<", ">", "~", "in"),
    (",",),
    (".",),
    ("|",),
    ("^",),
    ("&",),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_COMPARISONS = 2
# A shorter operator is not the beginning of a longer one.
_LONGER = {"|": "||", "&": "&&", "<": "<<", ">": ">>"}
_SAME = {"or": "||", "and": "&&", "not": "!"}
_CONSTANT = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?"  # an address or prefix
    r"|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"  # a MAC address
    r"|(?:\d+w)?(?:\d+d)?\d{1,2}:\d\d:\d\d(?:\.\d+)?"  # a span or a time of day
    r"|0[xX][0-9A-Fa-f]+|\*[0-9A-Fa-f]+"
    r"|(?:\d+(?:ms|us|[wdhms]))+(?![0-9A-Za-z])"
    r"|\d+"
)


class ExpressionParser(Lexer):
    """Expressions, strings, arrays. Commands inside them are the business of the subclass."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.item_menu: Menu | None = None  # whose properties bare words name, inside a where
        self._right = False  # at the right side of a comparison, where bare words are values
        self._depth = 0  # open parentheses: line ends are blanks there

    def commands_until(self, end: str) -> list[Statement]:
        raise NotImplementedError

    def skip(self) -> None:
        if self._depth:
            self.skip_lines()
        else:
            self.skip_blanks()

    def expression(self, level: int = 0) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        left = self.expression(level + 1)
        while True:
            before = self.pos
            self.skip()
            operator = self._operator(_LEVELS[level])
            if operator is None:
                self.pos = before
                return left
            self.skip()
            outer, self._right = self._right, self._right or level == _COMPARISONS
            right = self.expression(level + 1)
            self._right = outer
            left = Operation(_SAME.get(operator, operator), left, right)

    def _operator(self, candidates: tuple[str, ...]) -> str | None:
        for operator in candidates:
            if not self.starts(operator) or (operator in _LONGER and self.starts(_LONGER[operator])):
                continue
            after = self.peek(len(operator))
            if operator.isalpha() and after in WORD and after:
                continue
            if self.item_menu is not None and not self._depth and operator in (".", "-", "/", "*", "+", ","):
                continue  # between the conditions of a where these belong to words
            self.pos += len(operator)
            return operator
        return None

    def _unary(self) -> Node:
        for operator in ("!", "-", "~"):
            if self.starts(operator) and not self.starts("!="):
                self.pos += 1
                self.skip()
                return Operation(operator, self._unary())
        if self.starts("not") and (self.peek(3) in (" ", "(", "\t")) and self.peek(3):
            self.pos += 3
            self.skip()
            return Operation("!", self._unary())
        node = self.primary()
        while True:
            before = self.pos
            self.skip()
            if not self.take("->"):
                self.pos = before
                return node
            self.skip()
            node = Operation("->", node, self.primary())

    def primary(self) -> Node:
        char = self.peek()
        common = self.quoted_or_bracketed()
        if common is not None:
            return common
        if char == "{":
            return self.array()
        if char == ">" and self.peek(1) == "[":
            raise self.error("syntax error")
        return self._bare()

    def quoted_or_bracketed(self) -> Node | None:
        """The values that look alike in expressions and as arguments."""
        char = self.peek()
        if char == '"':
            return self.string()
        if char == "$":
            return self.variable()
        if char == "[":
            return self.substitution()
        if char == "(":
            return self.parentheses()
        return None

    def _bare(self) -> Node:
        start = self.pos
        if self.item_menu is not None and self._right:
            word = self.argument_word()
            if word:
                return Literal(word)
            raise self.error("syntax error")
        constant = _CONSTANT.match(self.text, self.pos)
        if constant:
            self.pos = constant.end()
            return Literal(constant[0])
        if self.item_menu is not None and self.take("."):
            return self._property("." + self.read(WORD), start)
        word = self.read(WORD) if self.peek() not in "-_" else ""
        if not word:
            raise self.error("syntax error")
        return self._property(word, start) if self.item_menu is not None else Literal(word)

    def _property(self, name: str, start: int) -> Node:
        assert self.item_menu is not None
        if name not in self.item_menu.properties():
            if name in ("true", "false", "yes", "no"):
                return Literal(name)
            raise self.error("expected end of command", start)
        return Property(name)

    def parentheses(self) -> Node:
        self.expect("(")
        self._depth += 1
        outer, self._right = self._right, False
        self.skip()
        if self.take(")"):
            self._depth -= 1
            self._right = outer
            return ArrayLiteral([])
        node = self.expression()
        self.skip()
        self._depth -= 1
        self._right = outer
        self.expect(")")
        return node

    def substitution(self) -> Node:
        self.expect("[")
        saved = self.item_menu, self._right, self._depth
        self.item_menu, self._right, self._depth = None, False, 0
        statements = self.commands_until("]")
        self.item_menu, self._right, self._depth = saved
        return Substitution(statements)

    def variable(self) -> Node:
        """$name, $"name with blanks", $(expression), $[command]"""
        self.expect("$")
        if self.peek() == "(":
            return self.parentheses()
        if self.peek() == "[":
            return self.substitution()
        if self.take('"'):
            end = self.text.find('"', self.pos)
            if end < 0:
                raise self.error("syntax error")
            name, self.pos = self.text[self.pos : end], end + 1
            return Variable(name)
        name = self.read(NAME)
        if not name:
            raise self.error("syntax error")
        return Variable(name)

    def string(self) -> Node:
        start = self.pos
        self.expect('"')
        parts: list[str | Node] = []
        plain: list[str] = []
        while not self.take('"'):
            char = self.peek()
            if not char:
                raise self.error("syntax error", start)
            if char == "$" and (self.peek(1) in NAME or self.peek(1) in '(["') and self.peek(1) and not self.starts('$"'):
                parts.extend(["".join(plain)] if plain else [])
                plain.clear()
                parts.append(self._embedded())
                continue
            self.pos += 1
            plain.append(self.escape() if char == "\\" else char)
        parts.extend(["".join(plain)] if plain else [])
        return Text(parts)

    def _embedded(self) -> Node:
        saved = self.item_menu, self._right
        self.item_menu, self._right = None, False
        node = self.variable()
        self.item_menu, self._right = saved
        return node

    def array(self) -> Node:
        """{1; 2; "name"=3}"""
        self.expect("{")
        saved = self.item_menu, self._right, self._depth
        self.item_menu, self._right, self._depth = None, False, 1
        entries: list[tuple[Node | None, Node]] = []
        while True:
            self.skip_separators()
            if self.take("}"):
                break
            entries.append(self._entry())
            self.skip()
            if self.peek() not in (";", "}"):
                raise self.error("syntax error")
        self.item_menu, self._right, self._depth = saved
        return ArrayLiteral(entries)

    def _entry(self) -> tuple[Node | None, Node]:
        node = self._element()
        self.skip()
        if not self.take("="):
            return None, node
        self.skip()
        return node, self._element()

    def _element(self) -> Node:
        node = self.quoted_or_bracketed()
        if node is not None:
            return node
        if self.peek() == "{":
            return self.array()
        word = self.argument_word()
        if not word:
            raise self.error("syntax error")
        return Literal(word)

    def code(self) -> CodeBlock:
        """{commands}"""
        self.expect("{")
        start = self.pos
        saved = self.item_menu, self._right, self._depth
        self.item_menu, self._right, self._depth = None, False, 0
        statements = self.commands_until("}")
        self.item_menu, self._right, self._depth = saved
        return CodeBlock(statements, self.text[start : self.pos - 1])
