# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenWrt's configuration as `uci` shows it: options in sections, changed first, committed later."""

from __future__ import annotations

import copy
import re
from typing import TypeAlias

# "network.lan" -> {"": "interface", "ipaddr": "192.168.1.1"}; the empty option is the section's type.
Sections: TypeAlias = "dict[str, dict[str, str]]"

_NAME = re.compile(r"([a-z0-9_]+)\.(@[a-z0-9_]+\[0\]|[A-Za-z0-9_]+)(?:\.([A-Za-z0-9_]+))?")
_FACTORY: Sections = {
    "system.@system[0]": {"": "system", "hostname": "OpenWrt", "timezone": "UTC"},
    "network.loopback": {"": "interface", "ifname": "lo", "proto": "static", "ipaddr": "127.0.0.1", "netmask": "255.0.0.0"},
    "network.lan": {"": "interface", "ifname": "eth0", "proto": "static", "ipaddr": "192.168.1.1", "netmask": "255.255.255.0"},
}


class UciError(Exception):
    """The text is uci's."""


class Uci:
    """`committed` outlives a restart."""

    def __init__(self) -> None:
        self.committed: Sections = copy.deepcopy(_FACTORY)
        self.changed: Sections = copy.deepcopy(_FACTORY)

    def revert(self) -> None:
        """The guest restarts; changes live in its memory."""
        self.changed = copy.deepcopy(self.committed)

    def get(self, name: str) -> str:
        section, option = _split(name)
        try:
            return self.changed[section][option]
        except KeyError:
            raise UciError("Entry not found") from None

    def set(self, text: str) -> None:
        name, equals, value = text.partition("=")
        section, option = _split(name)
        if not equals:
            raise UciError("Invalid argument")
        if not option:
            self.changed.setdefault(section, {})
        elif section not in self.changed:
            raise UciError("Invalid argument")
        self.changed[section][option] = value

    def delete(self, name: str) -> None:
        section, option = _split(name)
        if option not in self.changed.get(section, {}):
            raise UciError("Entry not found")
        if option:
            del self.changed[section][option]
        else:
            del self.changed[section]

    def commit(self, package: str = "") -> None:
        kept = {name: options for name, options in self.committed.items() if package and _package(name) != package}
        new = {name: options for name, options in self.changed.items() if not package or _package(name) == package}
        self.committed = copy.deepcopy({**kept, **new})

    def show(self, package: str = "") -> str:
        lines = []
        for section, options in self.changed.items():
            if not package or package in (_package(section), section):
                lines += [f"{section}.{option}={value}" if option else f"{section}={value}" for option, value in options.items()]
        if not lines:
            raise UciError("Entry not found")
        return "\n".join(lines)


def _split(name: str) -> tuple[str, str]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise UciError("Invalid argument")
    return f"{match[1]}.{match[2]}", match[3] or ""


def _package(section: str) -> str:
    return section.partition(".")[0]
