# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversions between the language's types: :tonum, :pick, :len ..."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from .errors import invalid_value
from .values import Array, Ip, Time, Value, literal, parse_address, to_array, to_bool, to_number, to_text, type_name


def seconds(value: Value, argument: str) -> float:
    """A span given as a time or as a number of seconds."""
    span = literal(value) if isinstance(value, str) else value
    if isinstance(span, Time):
        return span.seconds
    if isinstance(span, int) and not isinstance(span, bool):
        return float(span)
    raise invalid_value(argument)


def pick(subject: Value, begin: Value, end: Value) -> Value:
    start = to_number(begin)
    stop = None if end is None else to_number(end)
    if start is None or (end is not None and stop is None):
        raise invalid_value("begin" if start is None else "end")
    if isinstance(subject, Array):
        return subject.pick(start) if stop is None else Array(subject.items[start:stop])
    return to_text(subject)[start : start + 1 if stop is None else stop]


def find(subject: Value, key: Value, after: Value) -> Value:
    """The first place after `after`, or nil."""
    start = -1 if after is None else to_number(after)
    if start is None:
        raise invalid_value("from")
    if isinstance(subject, Array):
        wanted = to_text(key)
        return next((at for at, item in enumerate(subject.items) if at > start and to_text(item) == wanted), None)
    place = to_text(subject).find(to_text(key), start + 1)
    return None if place < 0 else place


# What :convert knows here: how bytes are written, and read. RouterOS knows more.
_WRITTEN: dict[str, Callable[[bytes], bytes]] = {"raw": bytes, "base64": base64.b64encode, "hex": binascii.b2a_hex}
_READ: dict[str, Callable[[bytes], bytes]] = {"raw": bytes, "base64": base64.b64decode, "hex": binascii.a2b_hex}


def convert(value: Value, source: str, target: str) -> str:
    """The bytes of a text, written in another way."""
    if source not in _READ or target not in _WRITTEN:
        raise invalid_value("from" if source not in _READ else "to")
    try:
        read = _READ[source](to_text(value).encode("latin-1"))
    except ValueError as error:
        raise invalid_value("value") from error
    return _WRITTEN[target](read).decode("latin-1")


def _length(value: Value) -> int:
    return len(value) if isinstance(value, Array) else len(to_text(value))


def _to_ip(value: Value) -> Value:
    if isinstance(value, int) and not isinstance(value, bool):
        return Ip(".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0)))
    return parse_address(to_text(value))


def _to_time(value: Value) -> Value:
    if isinstance(value, int) and not isinstance(value, bool):
        return Time(value * 1_000_000_000)
    span = literal(to_text(value))
    return _to_time(span) if isinstance(span, int) else (span if isinstance(span, Time) else None)


CONVERSIONS: dict[str, Callable[[Value], Value]] = {
    "len": _length,
    "typeof": type_name,
    "tostr": to_text,
    "tonum": to_number,
    "tobool": to_bool,
    "toip": _to_ip,
    "totime": _to_time,
    "toarray": to_array,
}
