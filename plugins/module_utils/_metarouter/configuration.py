# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role sets inside a MetaROUTER guest, as console commands, each with the question whether it is so already (private, pure)."""

from __future__ import annotations

import typing as t

from .._core.addresses import address
from .._core.text import quote
from .._routeros.statements import exists, find, pairs

DEFAULT_ROUTE: t.Final = "0.0.0.0/0"
Command = t.Dict[str, str]  # noqa: UP006  (evaluated at import)


def commands(settings: t.Mapping[str, t.Any]) -> list[Command]:
    """Entries for the option `commands` of metarouter_console, in the order in which they depend on each other. Raises InputError."""
    return [
        *_identity(settings.get("identity")),
        *(_rename(old, new) for old, new in (settings.get("interface_names") or {}).items()),
        *(_address(entry) for entry in settings.get("addresses") or ()),
        *(_route(entry) for entry in settings.get("routes") or ()),
        *(_masquerade(name) for name in settings.get("masquerade") or ()),
    ]


def _identity(name: str | None) -> t.Iterator[Command]:
    if name:
        yield {"name": "identity", "source": f"/system identity set {pairs(name=name)}", "unless": f"[/system identity get name] = {quote(name)}"}


def _rename(old: str, new: str) -> Command:
    source = f"/interface set {find('/interface', pairs(name=old))} {pairs(name=new)}"
    return {"name": f"interface {new}", "source": source, "unless": exists("/interface", pairs(name=new))}


def _address(entry: t.Mapping[str, t.Any]) -> Command:
    text = address(entry["address"], "addresses")
    return _add(f"address {text}", "/ip address", pairs(address=text, interface=entry["interface"]))


def _route(entry: t.Mapping[str, t.Any]) -> Command:
    destination = entry.get("destination") or DEFAULT_ROUTE
    return _add(f"route {destination}", "/ip route", pairs(dst_address=destination, gateway=entry["gateway"]))


def _masquerade(name: str) -> Command:
    return _add(f"masquerade {name}", "/ip firewall nat", pairs(chain="srcnat", action="masquerade", out_interface=name))


def _add(name: str, menu: str, item: str) -> Command:
    return {"name": name, "source": f"{menu} add {item}", "unless": exists(menu, item)}
