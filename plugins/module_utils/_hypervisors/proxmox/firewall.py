# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a segment forbids foreign MACs: a guest's firewall drops them, and nothing else (private)."""

from __future__ import annotations

import threading
import typing as t

from ..._core.errors import UnsupportedError
from ..._guests.guest import GuestSpec
from ..._guests.hypervisor import Report
from .connection import Api
from .properties import is_on

At = t.Callable[[t.Callable[[str], t.Any]], t.Any]  # asks something at a guest's path


class Firewall:
    """A guest's firewall filters nothing while the cluster's is off; that is asked once, before anything is made."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._trouble: str | None = None  # None: nobody asked yet
        self._lock = threading.Lock()

    def look(self, specs: t.Iterable[GuestSpec]) -> None:
        """Find out whether the cluster's firewall is on, if one of these guests needs it."""
        with self._lock:
            if self._trouble is None and any(_watched(spec) for spec in specs):
                self._trouble = self._find_trouble()

    def _find_trouble(self) -> str:
        try:
            options = self._api.get("cluster/firewall/options")
        except UnsupportedError as error:  # a privilege that nothing else needs is no reason to make no router
            return f"takes effect only where the cluster's firewall is on, and whether it is, is not known. {error}"
        return "" if is_on(options.get("enable", "0")) else "has no effect yet, since the cluster's firewall is off (Datacenter, Firewall, Options)"

    def watch(self, spec: GuestSpec, at: At, report: Report) -> None:
        """Let a new guest's firewall drop foreign MACs."""
        watched = _watched(spec)
        if not watched:
            return
        self.look([spec])
        at(lambda path: self._api.put(f"{path}/firewall/options", enable=1, macfilter=1, policy_in="ACCEPT", policy_out="ACCEPT"))
        if self._trouble:
            report.warn(f"mac_spoofing: false of {', '.join(watched)} {self._trouble}")


def _watched(spec: GuestSpec) -> list[str]:
    """The segments of a guest that forbid foreign MACs."""
    return sorted({nic.network for nic in spec.interfaces if nic.network and spec.segment(nic.network).mac_spoofing is False})
