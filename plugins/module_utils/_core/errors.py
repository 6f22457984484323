# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's one error family (private: may change in any release).

Every error is one sentence that a person can act on: what is wrong, what was wanted, what was found and what to do. Modules turn it into
a failed result for the one guest it belongs to; nothing else of the batch stops.
"""

from __future__ import annotations

import re
import typing as t

from .text import readable


class RouterError(Exception):
    """Something that stops the work on one object.

    `problem` says what is wrong and names the option or the object; `wanted` and `found` are added when both sides matter;
    `remedy` says what to do next.
    """

    def __init__(self, problem: str, *, wanted: str = "", found: str = "", remedy: str = "") -> None:
        self.problem = _clause(one_line(problem))
        self.wanted = one_line(wanted)
        self.found = one_line(found)
        self.remedy = _clause(one_line(remedy))
        super().__init__(str(self))

    def __str__(self) -> str:
        sides = [f"{label}: {text}" for label, text in (("wanted", self.wanted), ("found", self.found)) if text]
        text = _sentence(self.problem + (f" ({', '.join(sides)})" if sides else ""))
        return f"{text} {_sentence(self.remedy)}" if self.remedy else text


class InputError(RouterError):
    """An option is wrong in itself: nothing was read or touched."""


class UnsupportedError(RouterError):
    """The host, the hypervisor or RouterOS cannot do what was asked."""


class RefusedError(RouterError):
    """A protection stands in the way: it could be done, and would harm something that was not named."""


class UnreachableError(RouterError):
    """The hypervisor, or its library, cannot be reached."""


class HypervisorError(RouterError):
    """The hypervisor refused or failed a call."""


class GuestError(RouterError):
    """The router itself, or its guest agent, gave no answer or a wrong one."""


class TrapError(GuestError):
    """The router's API refused a command.

    `text` and `category` are the router's own (0 missing item or command, 1 argument value, 2 interrupted, 3 scripting, 4 general, 5 API,
    6 terminal, 7 `:return`; None where it gave none); `rows` came before the refusal.
    """

    def __init__(self, command: str, traps: list[dict[str, str]], rows: list[dict[str, str]]) -> None:
        self.text = "; ".join(trap.get("message", "no reason given") for trap in traps)
        category = traps[0].get("category", "")
        self.category = int(category) if category.isdigit() else None
        self.rows = rows
        super().__init__(f"the router refused {command}", found=self.text)


class LostError(GuestError):
    """A session ended, or no answer came in time, while a command was under way: whether it was carried out is unknown."""


def one_line(text: str) -> str:
    """The text on one line."""
    return str(readable(" ".join(str(text).split())))


# A word that somebody may copy: /srv/x, ~/x, ./x, ../x, https://x, group_vars/all.yml; not KVM/QEMU, and not 192.0.2.1/24.
_PATH: t.Final = re.compile(r"(?:/|~/|\.{1,2}/|\w+://).*|.*/[^/]*\.[^/.]+")


def _clause(text: str) -> str:
    """The text without the full stop that ends a sentence. The dots of an ellipsis or a path are its own."""
    return text if text.endswith("..") or _PATH.fullmatch(text.rpartition(" ")[2]) else text.removesuffix(".")


def _sentence(text: str) -> str:
    """The text with one full stop. A path that ends it is quoted, so that the full stop is not taken for a part of it."""
    start, space, last = text.rpartition(" ")
    if _PATH.fullmatch(last) and last[-1] not in ")'\"":
        text = f"{start}{space}'{last}'"
    return text if text.endswith(("...", "!", "?")) else f"{text}."
