# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of RouterOS's scripting language, their texts and conversions.

Text inside the router is bytes, one character a byte (latin-1), as RouterOS counts lengths and columns; `inward` and
`outward` translate at its doors, so text in any language passes through.
"""

from __future__ import annotations

import ipaddress
import re


def inward(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def outward(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


class Nothing:
    """What a variable holds that was never set; differs from nil only in its type's name."""


NOTHING = Nothing()


class Time:
    """A span in nanoseconds."""

    __slots__ = ("nanos",)

    def __init__(self, nanos: int) -> None:
        self.nanos = nanos

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and other.nanos == self.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    @property
    def seconds(self) -> float:
        return self.nanos / 1_000_000_000

    def __str__(self) -> str:
        whole, fraction = divmod(abs(self.nanos), 1_000_000_000)
        days, rest = divmod(whole, 86400)
        weeks, days = divmod(days, 7)
        text = (f"{weeks}w" if weeks else "") + (f"{days}d" if days else "")
        text += f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
        if fraction:
            text += f".{fraction:09}".rstrip("0")
        return ("-" if self.nanos < 0 else "") + text


class Ip(str):
    """An IPv4 address."""

    __slots__ = ()


class Prefix(str):
    """An IPv4 prefix."""

    __slots__ = ()


class Id(str):
    """An item's id, for example *1."""

    __slots__ = ()


class Array:
    """Values by position and values by name; RouterOS keeps both in one array, the named ones sorted and last."""

    __slots__ = ("items", "named")

    def __init__(self, items: list[Value] | None = None, named: dict[str, Value] | None = None) -> None:
        self.items: list[Value] = items if items is not None else []
        self.named: dict[str, Value] = named if named is not None else {}

    def __len__(self) -> int:
        return len(self.items) + len(self.named)

    def pairs(self) -> list[tuple[Value, Value]]:
        """(key, value) for every entry; the key is a position or a name."""
        found: list[tuple[Value, Value]] = list(enumerate(self.items))
        return found + [(name, self.named[name]) for name in sorted(self.named)]

    def values(self) -> list[Value]:
        return [value for _key, value in self.pairs()]

    def pick(self, key: Value) -> Value:
        if isinstance(key, int) and not isinstance(key, bool):
            return self.items[key] if 0 <= key < len(self.items) else NOTHING
        return self.named.get(to_text(key), NOTHING)

    def put(self, key: Value, value: Value) -> None:
        if isinstance(key, int) and not isinstance(key, bool):
            self.items.extend([None] * (key + 1 - len(self.items)))
            self.items[key] = value
        else:
            self.named[to_text(key)] = value

    def copy(self) -> Array:
        return Array(list(self.items), dict(self.named))


class Code:
    """A block kept in a variable. `body` is the parser's CodeBlock; `source` its text."""

    __slots__ = ("body", "source")

    def __init__(self, body: object, source: str) -> None:
        self.body = body
        self.source = source


Value = None | Nothing | bool | int | str | Time | Array | Code

_TIME = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.(\d+))?s)?(?:(\d+)ms)?(?:(\d+)us)?")
_CLOCK = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(\d{1,2}):(\d\d):(\d\d)(?:\.(\d+))?")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


def parse_time(text: str) -> Time | None:
    """A span as RouterOS writes it: 1d2h3m4s, 00:01:00, 500ms."""
    match = _CLOCK.fullmatch(text)
    if match:
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:5])
        whole = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
        return Time(whole * 1_000_000_000 + int((match[6] or "0").ljust(9, "0")[:9]))
    match = _TIME.fullmatch(text)
    if not match or not text:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:5])
    whole = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    fraction = int((match[6] or "0").ljust(9, "0")[:9])
    return Time(whole * 1_000_000_000 + fraction + int(match[7] or 0) * 1_000_000 + int(match[8] or 0) * 1000)


def parse_address(text: str) -> Ip | None:
    if not _ADDRESS.fullmatch(text) or any(int(part) > 255 for part in text.split(".")):
        return None
    return Ip(".".join(str(int(part)) for part in text.split(".")))


def parse_prefix(text: str) -> Prefix | None:
    address, slash, length = text.partition("/")
    if not slash or not length.isdigit() or int(length) > 32 or parse_address(address) is None:
        return None
    return Prefix(f"{parse_address(address)}/{int(length)}")


def network_of(prefix: str) -> str:
    """ "192.0.2.2/24" -> "192.0.2.0"."""
    return str(ipaddress.IPv4Interface(prefix).network.network_address)


def parse_number(text: str) -> int | None:
    body = text[1:] if text[:1] == "-" else text
    if body[:2].lower() == "0x" and len(body) > 2 and all(char in "0123456789abcdefABCDEF" for char in body[2:]):
        return int(text, 16)
    return int(text) if body.isdigit() else None


BOOLS = {"true": True, "yes": True, "false": False, "no": False}


def literal(word: str) -> Value:
    """The value that a bare word stands for."""
    if word in BOOLS:
        return BOOLS[word]
    if word[:1] == "*" and len(word) > 1 and all(char in "0123456789ABCDEFabcdef" for char in word[1:]):
        return Id(word.upper())
    if not word or not (word[0].isdigit() or word[0] == "-"):
        return word
    for parse in (parse_number, parse_time, parse_address, parse_prefix):
        value = parse(word)
        if value is not None:
            return value
    return word


def type_name(value: Value) -> str:
    if value is None:
        return "nil"
    for kind, name in _TYPE_NAMES:
        if isinstance(value, kind):
            return name
    raise TypeError(type(value).__name__)


_TYPE_NAMES: tuple[tuple[type, str], ...] = (
    (Nothing, "nothing"),
    (bool, "bool"),
    (int, "num"),
    (Ip, "ip"),
    (Prefix, "ip-prefix"),
    (Id, "id"),
    (str, "str"),
    (Time, "time"),
    (Array, "array"),
    (Code, "code"),
)


def to_text(value: Value) -> str:
    if value is None or isinstance(value, Nothing):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Array):
        shown = [to_text(item) for item in value.items]
        return ";".join(shown + [f"{name}={to_text(value.named[name])}" for name in sorted(value.named)])
    if isinstance(value, Code):
        return value.source
    return str(value)


def to_bool(value: Value) -> bool | None:
    """None where the value has no truth: RouterOS's conditions then fail."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str):
        return BOOLS.get(value)
    return False if value is None or isinstance(value, Nothing) else None


def to_number(value: Value) -> int | None:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, Time):
        return value.nanos // 1_000_000_000
    if isinstance(value, Ip):
        return int(ipaddress.IPv4Address(str(value)))
    return parse_number(value) if isinstance(value, str) else None


def to_array(value: Value) -> Array:
    if isinstance(value, Array):
        return value
    if value is None or isinstance(value, Nothing) or value == "":
        return Array()
    if isinstance(value, str):
        return Array([literal(part) for part in value.split(",")])
    return Array([value])
