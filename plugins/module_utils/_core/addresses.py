# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP and MAC addresses as they are written in options (private, pure)."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from .errors import InputError


def address(text: str, option: str) -> str:
    """An interface's address as RouterOS writes it, with its prefix length, so that the next run finds it again. Raises InputError."""
    try:
        found = str(ipaddress.IPv4Interface(text))
    except ValueError as error:
        raise InputError(f"{option}: {text!r} is no IPv4 address", wanted="for example 192.0.2.2/24") from error
    if "/" not in text:
        raise InputError(f"{option}: {text} has no prefix length", wanted="for example 192.0.2.2/24", remedy=f"A single address is {text}/32")
    return found


def ip_address(text: str, option: str) -> str:
    """The address of a host, IPv4 or IPv6. Raises InputError."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise InputError(f"{option}: {text!r} is no IP address", wanted="for example 192.0.2.53") from error


MAC: t.Final = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


def parse_mac(text: str, option: str) -> str:
    """The MAC in lower case. Raises InputError, with the YAML hint where it looks like a number that YAML made of it."""
    if not MAC.fullmatch(text):
        hint = "YAML read it as a base-60 number: quote it" if text.isdigit() else "Write six bytes in hex, quoted"
        raise InputError(f"{option}: {text!r} is no MAC address", wanted='for example "52:54:00:12:34:56"', remedy=hint)
    if int(text[:2], 16) & 1:
        raise InputError(f"{option}: {text} is a multicast address", remedy="Use an even first byte, for example 02 or 52")
    return text.lower()
