# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router says of itself where CHR's guest agent is the way in, whichever hypervisor carries it (private)."""

from __future__ import annotations

import typing as t

from .._core.text import quote
from .script import GUARD_TIMEOUT, Script, run
from .way import Runner

MARKER: t.Final = "vrouter.mikrotik: facts end"
_FACTS: t.Final = f"""
:put [/system identity get name]
:put [/system resource get version]
:put [/system license get level]
:put {quote(MARKER)}
"""


def agent_facts(runner: Runner, network: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """Identity, release, licence level and addresses. `network` is what the agent's guest-network-get-interfaces returned."""
    interfaces = []
    for entry in network:
        addresses = [f"{ip['ip-address']}/{ip['prefix']}" for ip in entry.get("ip-addresses", [])]
        interfaces.append({"name": entry["name"], "mac": entry.get("hardware-address", "").lower(), "addresses": addresses})
    said = (run(runner, Script("facts", _FACTS, GUARD_TIMEOUT, marker=MARKER)).output or "").splitlines()
    identity, version, level = (said + [""] * 3)[:3]
    return {"identity": identity, "release": f"RouterOS {version}", "interfaces": interfaces, "license_level": level}
