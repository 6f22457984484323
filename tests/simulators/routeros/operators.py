# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators of RouterOS's expressions do."""

from __future__ import annotations

import ipaddress
import re

from .errors import RouterError
from .values import NOTHING, Array, Ip, Nothing, Prefix, Time, Value, literal, to_bool, to_text, type_name

_NAMES = {
    "num": "integer number",
    "str": "string",
    "time": "time interval",
    "ip": "ip address",
    "ip-prefix": "ip prefix",
}
_VERBS = {
    "+": ("add", "to"),
    "-": ("subtract", "from"),
    "*": ("multiply", "by"),
    "/": ("divide", "by"),
    "%": ("divide", "by"),
}


def _kind(value: Value) -> str:
    name = type_name(value)
    return _NAMES.get(name, name)


def apply_unary(operator: str, value: Value) -> Value:
    if operator == "!":
        truth = to_bool(value)
        if truth is None:
            raise RouterError("cannot invert " + _kind(value))
        return not truth
    if isinstance(value, Time) and operator == "-":
        return Time(-value.nanos)
    if isinstance(value, int) and not isinstance(value, bool):
        return -value if operator == "-" else ~value
    if isinstance(value, Ip) and operator == "~":
        return _address(~_address_number(value))
    raise RouterError("cannot negate " + _kind(value))


def apply_binary(operator: str, left: Value, right: Value) -> Value:
    if operator == ".":
        return to_text(left) + to_text(right)
    if operator == ",":
        return Array(_entries(left) + _entries(right))
    if operator == "->":
        return left.pick(right) if isinstance(left, Array) else NOTHING
    if operator in ("=", "!="):
        return equal(left, right) == (operator == "=")
    if operator == "~":
        return _search(to_text(right), left)
    if operator == "in":
        return _inside(left, right)
    if operator in ("&&", "||"):
        return _logical(operator, left, right)
    if operator in ("<", ">", "<=", ">="):
        return _ordered(operator, left, right)
    return _arithmetic(operator, left, right)


def _entries(value: Value) -> list[Value]:
    if isinstance(value, Array):
        return list(value.items)
    return [] if value is None or isinstance(value, Nothing) else [value]


def equal(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return to_bool(left) == to_bool(right) and to_bool(left) is not None
    if isinstance(left, Time) or isinstance(right, Time):
        return _as_time(left) == _as_time(right)
    return to_text(left) == to_text(right)


def _as_time(value: Value) -> Value:
    if isinstance(value, int) and not isinstance(value, bool):
        return Time(value * 1_000_000_000)
    return _as_time(literal(value)) if isinstance(value, str) and literal(value) is not value else value


def _search(pattern: str, value: Value) -> bool:
    texts = [to_text(item) for item in value.values()] if isinstance(value, Array) else [to_text(value)]
    try:
        return any(re.search(pattern, text) for text in texts)
    except re.error as error:
        raise RouterError("invalid regexp") from error


def _inside(left: Value, right: Value) -> bool:
    if isinstance(right, Array):
        return any(equal(left, item) for item in right.values())
    try:
        inner = ipaddress.IPv4Network(to_text(left), strict=False)
        return inner.subnet_of(ipaddress.IPv4Network(to_text(right), strict=False))
    except ValueError as error:
        raise RouterError(f"cannot test {_kind(left)} in {_kind(right)}") from error


def _logical(operator: str, left: Value, right: Value) -> bool:
    first, second = to_bool(left), to_bool(right)
    if first is None or second is None:
        raise RouterError(f"cannot calculate {_kind(left)} {operator} {_kind(right)}")
    return (first and second) if operator == "&&" else (first or second)


def _ordered(operator: str, left: Value, right: Value) -> bool:
    order = _order(left, right)
    return {"<": order < 0, ">": order > 0, "<=": order <= 0, ">=": order >= 0}[operator]


def _order(left: Value, right: Value) -> int:
    first, second = _measure(left), _measure(right)
    if first is None or second is None:
        a, b = to_text(left), to_text(right)
        return (a > b) - (a < b)
    return (first > second) - (first < second)


def _measure(value: Value) -> int | None:
    if isinstance(value, str) and not isinstance(value, (Ip, Prefix)):
        value = literal(value)
    if isinstance(value, Time):
        return value.nanos
    if isinstance(value, Ip):
        return _address_number(value)
    if value is None or isinstance(value, Nothing):
        return 0
    return int(value) if isinstance(value, int) else None


def _address(number: int) -> Ip:
    return Ip(str(ipaddress.IPv4Address(number & 0xFFFFFFFF)))


def _address_number(address: Ip) -> int:
    return int(ipaddress.IPv4Address(str(address)))


def _arithmetic(operator: str, left: Value, right: Value) -> Value:
    left = 0 if left is None or isinstance(left, Nothing) else left
    right = 0 if right is None or isinstance(right, Nothing) else right
    if isinstance(left, Time) or isinstance(right, Time):
        return _time_arithmetic(operator, left, right)
    if isinstance(left, Ip) and isinstance(right, Ip):
        result = _compute(operator, _address_number(left), _address_number(right))
        return result if operator == "-" else _address(result)
    if isinstance(left, Ip) and isinstance(right, int):
        return _address(_compute(operator, _address_number(left), right))
    if isinstance(left, int) and isinstance(right, int):
        return _compute(operator, int(left), int(right))
    raise _unfit(operator, left, right)


def _unfit(operator: str, left: Value, right: Value) -> RouterError:
    verb, joint = _VERBS.get(operator, ("calculate", operator))
    return RouterError(f"cannot {verb} {_kind(left)} {joint} {_kind(right)}")


def _time_arithmetic(operator: str, left: Value, right: Value) -> Value:
    if operator in ("*", "/") and isinstance(left, Time) and isinstance(right, int):
        return Time(_compute(operator, left.nanos, right))
    first, second = _as_time(left), _as_time(right)
    if not isinstance(first, Time) or not isinstance(second, Time) or operator not in ("+", "-", "/"):
        raise _unfit(operator, left, right)
    result = _compute(operator, first.nanos, second.nanos)
    return result if operator == "/" else Time(result)


def _compute(operator: str, left: int, right: int) -> int:
    if operator in ("/", "%"):
        if right == 0:
            raise RouterError("division by zero")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - quotient * right
    if operator in ("<<", ">>"):
        if not 0 <= right < 64:
            return 0
        return left << right if operator == "<<" else left >> right
    results = {
        "+": left + right,
        "-": left - right,
        "*": left * right,
        "&": left & right,
        "|": left | right,
        "^": left ^ right,
    }
    return results[operator]
