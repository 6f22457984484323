# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's queries: words that begin with a question mark, worked off one after the other on a stack of truths."""

from __future__ import annotations

from ..routeros.errors import RouterError
from ..routeros.values import BOOLS, Value, to_number, to_text

BAD_QUERY = "invalid query"  # not measured


def matches(queries: list[str], record: dict[str, Value]) -> bool:
    """Whether the record satisfies all of the query's words, given without their question marks."""
    stack: list[bool] = []
    for query in queries:
        if query.startswith("#"):
            _operate(query[1:], stack)
        else:
            stack.append(_test(query, record))
    return all(stack)


def _test(query: str, record: dict[str, Value]) -> bool:
    comparison = query[0] if query[:1] in ("<", ">", "=") else ""
    name, equals, wanted = query[len(comparison) :].partition("=")
    if query.startswith("-"):
        return record.get(query[1:]) is None
    value = record.get(name)
    if not equals or value is None:
        return value is not None and not comparison
    if comparison in ("<", ">"):
        return _less(value, wanted) if comparison == "<" else _more(value, wanted)
    return _equal(value, wanted)


def _equal(value: Value, wanted: str) -> bool:
    if isinstance(value, bool):
        return BOOLS.get(wanted) is value
    return to_text(value) == wanted


def _less(value: Value, wanted: str) -> bool:
    number, other = to_number(value), to_number(wanted)
    return number < other if number is not None and other is not None else to_text(value) < wanted


def _more(value: Value, wanted: str) -> bool:
    return not _less(value, wanted) and not _equal(value, wanted)


def _operate(operations: str, stack: list[bool]) -> None:
    """A number names a place from the top: what follows it pushes a copy; at the end of the word it stands for the whole stack."""
    digits, previous = "", ""
    for operation in operations:
        if operation.isdigit():
            digits += operation
            continue
        if digits:
            stack.append(_at(stack, int(digits)))
        if operation == "!":
            stack.append(not _pop(stack))
        elif operation in "&|":
            right, left = _pop(stack), _pop(stack)
            stack.append((left and right) if operation == "&" else (left or right))
        elif operation == ".":
            if not digits and previous:
                stack.append(_at(stack, 0))
        else:
            raise RouterError(BAD_QUERY)
        digits, previous = "", operation
    if digits:
        stack[:] = [_at(stack, int(digits))]


def _at(stack: list[bool], place: int) -> bool:
    if place >= len(stack):
        raise RouterError(BAD_QUERY)
    return stack[-1 - place]


def _pop(stack: list[bool]) -> bool:
    if not stack:
        raise RouterError(BAD_QUERY)
    return stack.pop()
