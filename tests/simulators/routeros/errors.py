# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a script fails. Texts are RouterOS's own."""

from __future__ import annotations


class RouterError(Exception):
    """A command failed. `place` names the command and the line, as RouterOS 7 prints them after the text."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.place = ""

    def text(self) -> str:
        return f"{self.message} ({self.place})" if self.place else self.message


class ScriptSyntaxError(RouterError):
    """The script cannot be read; nothing of it ran."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"{message} (line {line} column {column})")


class ScriptTimeoutError(Exception):
    """The script outlived its time limit."""


def no_such_item() -> RouterError:
    return RouterError("no such item")


def no_match(name: str) -> RouterError:
    return RouterError(f"input does not match any value of {name}")


def invalid_value(name: str) -> RouterError:
    return RouterError(f"invalid value for argument {name}")


class MissingError(RouterError):
    """Arguments that a command cannot do without; scripts and the API word it differently."""

    def __init__(self, *names: str) -> None:
        super().__init__("missing value(s) of argument(s) " + " ".join(names))
        self.names = names


def missing(*names: str) -> RouterError:
    return MissingError(*names)
