# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed properties of menu items: how a text becomes a stored value, and a stored value one of the language.

Stored values are what JSON can keep: text, numbers, booleans.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .errors import RouterError, invalid_value, no_match
from .values import BOOLS, Ip, Prefix, Time, Value, network_of, parse_address, parse_number, parse_prefix, parse_time

if TYPE_CHECKING:
    from .router import Router

Stored = str | int | bool


class Kind:
    """Any text."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        return text

    def value(self, stored: Stored) -> Value:
        return stored

    def accepts(self, word: str) -> bool:
        """Whether the parser lets the bare word pass; RouterOS refuses an impossible one before it runs anything."""
        return True


class Flag(Kind):
    """yes or no."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        if text not in BOOLS:
            raise invalid_value(name)
        return BOOLS[text]

    def accepts(self, word: str) -> bool:
        return word in BOOLS


class Number(Kind):
    def __init__(self, low: int = 0, high: int = 4294967295) -> None:
        self.low = low
        self.high = high

    def parse(self, router: Router, name: str, text: str) -> Stored:
        number = parse_number(text)
        if number is None:
            raise invalid_value(name)
        if not self.low <= number <= self.high:
            raise RouterError(f"value of {name} is out of range ({self.low}..{self.high})")
        return number


class Choice(Kind):
    """One of some words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def parse(self, router: Router, name: str, text: str) -> Stored:
        if text not in self.words:
            raise no_match(name)
        return text

    def accepts(self, word: str) -> bool:
        return word in self.words


class Choices(Choice):
    """Some of some words, with commas between; an exclamation mark negates one."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        if not self.accepts(text):
            raise no_match(name)
        return text

    def accepts(self, word: str) -> bool:
        return not word or all(part.lstrip("!") in self.words for part in word.split(","))


class Address(Kind):
    """An IPv4 address."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        address = parse_address(text)
        if address is None:
            raise invalid_value(name)
        return str(address)

    def value(self, stored: Stored) -> Value:
        return Ip(stored)


class InterfaceAddress(Kind):
    """An IPv4 address with the length of its network, /32 where none is given."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        prefix = parse_prefix(text if "/" in text else text + "/32")
        if prefix is None:
            raise invalid_value(name)
        return str(prefix)

    def value(self, stored: Stored) -> Value:
        return Prefix(stored)


class Network(InterfaceAddress):
    """An IPv4 prefix; its host bits must be clear."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        stored = str(super().parse(router, name, text))
        if network_of(stored) != stored.partition("/")[0]:
            raise invalid_value(name)
        return stored


class Span(Kind):
    """A length of time."""

    def parse(self, router: Router, name: str, text: str) -> Stored:
        span = parse_time(text)
        if span is None:
            number = parse_number(text)
            if number is None:
                raise invalid_value(name)
            span = Time(number * 1_000_000_000)
        return str(span)

    def value(self, stored: Stored) -> Value:
        return parse_time(str(stored))


class MacAddress(Kind):
    def parse(self, router: Router, name: str, text: str) -> Stored:
        digits = re.sub("[:.-]", "", text).upper()
        if not re.fullmatch("[0-9A-F]{12}", digits):
            raise RouterError(f"invalid value of {name}, mac address required")
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


class ListOf(Kind):
    """Values with commas between."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def parse(self, router: Router, name: str, text: str) -> Stored:
        parts = text.replace(";", ",").split(",") if text else []
        return ",".join(str(self.kind.parse(router, name, part)) for part in parts)


class Reference(Kind):
    """The name of an item in another menu, or one of some words."""

    def __init__(self, path: str, *words: str) -> None:
        self.path = path
        self.words = words

    def parse(self, router: Router, name: str, text: str) -> Stored:
        if text in self.words:
            return text
        item = router.table(self.path).lookup(text)
        if item is None:
            raise no_match(name)
        return str(item.values["name"])


INTERFACE = "/interface"


class InterfaceName(Reference):
    """The name of an interface."""

    def __init__(self, *words: str) -> None:
        super().__init__(INTERFACE, *words)


class Negatable(Kind):
    """A value of another kind, or an exclamation mark and one: everything else."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def parse(self, router: Router, name: str, text: str) -> Stored:
        if text.startswith("!"):
            return f"!{self.kind.parse(router, name, text[1:])}"
        return str(self.kind.parse(router, name, text))

    def accepts(self, word: str) -> bool:
        return self.kind.accepts(word.lstrip("!"))


class Field:
    """One property of a menu's items, as data."""

    __slots__ = ("default", "kind", "name", "read_only", "required", "secret")

    def __init__(
        self,
        name: str,
        kind: Kind | None = None,
        default: Stored | None = None,
        *,
        required: bool = False,
        read_only: bool = False,
        secret: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind or Kind()
        self.default = default
        self.required = required
        self.read_only = read_only
        self.secret = secret  # may be written, is never shown


COMMENT = Field("comment")
DISABLED = Field("disabled", Flag(), False)
NAME = Field("name", required=True)
