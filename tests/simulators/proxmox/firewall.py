# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the firewall does to a guest's frames, as its options say; the options themselves are fakepve's."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from fakepve.lxc import split_props

from .network_api import NetworkApiPve
from .strict import Values


@dataclass(frozen=True)
class Filter:
    """For one NIC: whether a frame with another source than the NIC's MAC is dropped, and what becomes of what no rule names."""

    macs: bool
    policy_in: str
    policy_out: str


OPEN = Filter(macs=False, policy_in="ACCEPT", policy_out="ACCEPT")


class FirewallPve(NetworkApiPve):
    """Nothing is filtered, since routers send nothing here; a test asks what would be."""

    def filter(self, vmid: int, nic: str) -> Filter:
        """The firewall is off unless the cluster, the guest and the NIC say that it is on; a node may switch it off for itself.

        Where it is on, MACs are filtered and nothing comes in unless options say otherwise.
        """
        vm = self.vm(vmid)
        cluster, node, guest = (self._options(*scope) for scope in (("cluster",), ("host", vm.node), ("vm", None, vmid)))
        on = cluster.get("enable"), node.get("enable", 1), guest.get("enable"), split_props(vm.config[nic])[1].get("firewall") == "1"
        if not all(on):
            return OPEN
        return Filter(bool(guest.get("macfilter", 1)), guest.get("policy_in", "DROP"), guest.get("policy_out", "ACCEPT"))

    def _options(self, *scope: t.Any) -> Values:
        return t.cast(Values, self.firewall_config(*scope)["options"])
