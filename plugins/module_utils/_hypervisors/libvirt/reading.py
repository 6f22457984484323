# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How guests stand on a libvirt host: two calls for all of them, then one for each that is wanted (private)."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from functools import partial

from ..._core.errors import HypervisorError, RouterError
from ..._guests.guest import GuestRef, GuestState, Power
from ..._guests.hypervisor import Observed
from . import disks, domain_xml
from .connection import Connections, Handle, error_code, is_alive, library, side_by_side, stored_definition, translated
from .power import POWER, suspended_for

if t.TYPE_CHECKING:
    import libvirt

Standing = t.Tuple["libvirt.virDomain", Power, bool]  # noqa: UP006  (evaluated at import); with whether it starts with its host


class Reader:
    """Reads guests, and remembers how each was looked up."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._seen: dict[str, libvirt.virDomain] = {}  # by UUID

    def named(self, names: t.Collection[str]) -> Observed:
        """The guests of these names."""
        return self._read_all({name: standing for name, standing in self._standing().items() if name in names})

    def ours(self) -> Observed:
        """Every guest with our mark."""
        found = self._read_all(self._standing())
        return replace(found, guests={name: guest for name, guest in found.guests.items() if guest.mark is not None})

    def handle(self, guest: GuestRef) -> Handle:
        """The guest itself, on whichever connection asks."""
        return Handle(self._connections, guest, self._seen.get(guest.uuid))

    def domain(self, guest: GuestRef) -> libvirt.virDomain:
        """The guest itself, on the calling thread's connection. Raises HypervisorError for one that has gone."""
        return self.handle(guest).get()

    def remember(self, domain: libvirt.virDomain) -> None:
        self._seen[domain.UUIDString()] = domain

    def _standing(self) -> dict[str, Standing]:
        """All guests by name."""
        lib = library()
        connection = self._connections.get()
        with translated("the guests cannot be listed"):
            stats, automatic = side_by_side(
                lambda: connection.getAllDomainStats(lib.VIR_DOMAIN_STATS_STATE, 0),
                lambda: connection.listAllDomains(lib.VIR_CONNECT_LIST_DOMAINS_AUTOSTART),
            )
        with_host = {domain.name() for domain in automatic}
        return {
            domain.name(): (domain, POWER.get(values.get("state.state", 0), "stopped"), domain.name() in with_host) for domain, values in stats
        }

    def _read_all(self, wanted: t.Mapping[str, Standing]) -> Observed:
        answers = side_by_side(*(partial(self._read, *standing) for standing in wanted.values()))
        found = dict(zip(wanted, answers, strict=True))
        return Observed(
            {name: answer for name, answer in found.items() if isinstance(answer, GuestState)},
            {name: answer for name, answer in found.items() if isinstance(answer, RouterError)},
        )

    def _read(self, domain: libvirt.virDomain, power: Power, automatic: bool) -> GuestState | RouterError | None:
        """The guest, or why it cannot be read; None for one that somebody removes meanwhile. Raises where the connection was lost."""
        lib = library()
        try:
            state = self._state(domain, power, automatic)
        except lib.libvirtError as error:
            if error_code(error) == lib.VIR_ERR_NO_DOMAIN:
                return None
            trouble = HypervisorError(f"guest {domain.name()} cannot be read", found=error.get_error_message())
            if not is_alive(domain.connect()):
                raise trouble from error
            return trouble
        except RouterError as error:
            if not is_alive(domain.connect()):
                raise
            return error
        self._seen[state.uuid] = domain
        return state

    def _state(self, domain: libvirt.virDomain, power: Power, automatic: bool) -> GuestState:
        lib = library()
        uri = self._connections.uri
        if power == "stopped":
            stored = domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)
            return self._proved(domain_xml.parse(stored, None, power, automatic, uri), stored, domain.connect())
        live = domain.XMLDesc(0)
        state = domain_xml.parse(live, None, power, automatic, uri)
        if state.mark is not None and not state.configured:
            stored = domain.XMLDesc(lib.VIR_DOMAIN_XML_INACTIVE)
            state = self._proved(domain_xml.parse(stored, live, power, automatic, uri), stored, domain.connect())
        if power == "suspended":
            state = replace(state, suspended_for=suspended_for(domain) or "")
        return state

    @staticmethod
    def _proved(state: GuestState, stored: str, connection: libvirt.virConnect) -> GuestState:
        """The guest with what shows whether its mark is its own: asked only where something hangs on it."""
        if state.cloned:
            state = replace(state, shared_macs=macs_in_use(connection, state.name))
        if state.configured and state.power == "stopped":
            state = replace(state, disk_id=disks.identity(connection, stored))
        return state


def macs_in_use(connection: libvirt.virConnect, but_of: str = "") -> dict[str, str]:
    """The MACs of all guests on the host, and whose they are."""
    taken: dict[str, str] = {}
    with translated("the guests cannot be listed"):
        for domain in connection.listAllDomains():
            if domain.name() != but_of:
                taken.update(dict.fromkeys(domain_xml.macs(stored_definition(domain)), domain.name()))
    return taken
