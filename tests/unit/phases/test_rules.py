# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is settled between the phases."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._phase import Phase
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._rules import complete, planned, takes_part

WHOLE = {"exists": True, "disk_ready": True}
IMAGE = {"lookup.exists": False, "lookup.disk_ready": False}


def results(**phases: dict[str, t.Any]) -> dict[str, t.Any]:
    return {phase: {"entries": {"r1": entry}} for phase, entry in phases.items()}


@pytest.mark.parametrize(
    ("found", "only", "never", "takes"),
    [
        ({"exists": False}, IMAGE, {}, True),
        ({"exists": True, "disk_ready": False}, IMAGE, {}, True),
        (WHOLE, IMAGE, {}, False),
        ({"exists": True}, IMAGE, {}, False),
        ({"exists": False}, {}, {"lookup.exists": False}, False),
        (WHOLE, {}, {"lookup.exists": False}, True),
        ({"closed": []}, {"lookup.closed": True}, {}, False),
        ({"closed": ["ether1"]}, {"lookup.closed": True}, {}, True),
    ],
)
def test_a_phase_is_taken_by_what_was_found(found: dict[str, t.Any], only: dict[str, t.Any], never: dict[str, t.Any], takes: bool) -> None:
    assert takes_part({"if_found": only, "unless_found": never}, results(lookup=found)) is takes


def test_where_nobody_looked_nothing_was_found() -> None:
    assert not takes_part({"if_found": IMAGE, "unless_found": {}}, {})
    assert takes_part({"if_found": {}, "unless_found": {"lookup.exists": False}}, {})


GUEST = Phase(
    "guest",
    "guests",
    "m",
    filled={"image": "image.path", "version": "image.version"},
    dropped={"password": {"lookup.closed": True}},
    planned_found={"images": "image.path"},
)
WANTED: dict[str, t.Any] = {"entries": [{"name": "r1", "version": "7.1", "password": "x"}], "planned": {"networks": ["lan"]}}


def test_what_an_earlier_phase_found_fills_the_description() -> None:
    found = results(lookup={"closed": ["ether1"]}, image={"path": "/cache/chr.img", "version": "7.2"})
    assert complete(GUEST, WANTED, found) == [{"name": "r1", "version": "7.2", "image": "/cache/chr.img"}]
    assert complete(GUEST, WANTED, results(image={"path": "/own.img", "version": None})) == [{**WANTED["entries"][0], "image": "/own.img"}]
    assert complete(GUEST, WANTED, {}) == WANTED["entries"], "what nobody found stays as it was described"
    assert WANTED["entries"] == [{"name": "r1", "version": "7.1", "password": "x"}]


def test_only_what_would_be_made_is_planned() -> None:
    assert planned(GUEST, WANTED, results(image={"path": "/cache/chr.img", "planned": True})) == {"networks": ["lan"], "images": ["/cache/chr.img"]}
    assert planned(GUEST, WANTED, results(image={"path": "/cache/chr.img"})) == {"networks": ["lan"]}
