# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the cluster is asked: counted as the double got it, without what only waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulators.proxmox.asked import without_polling, writes
from tests.simulators.proxmox.serving import ChrPve

from .support import Options, converge, guest, image


@pytest.fixture
def path(tmp_path: Path) -> str:
    return image(tmp_path / "chr-7.20.8.img")


def asked(pve: ChrPve) -> list[str]:
    """What was asked since the last time."""
    seen = [str(one) for one in without_polling(pve.asked)]
    pve.asked.clear()
    return seen


@pytest.mark.parametrize("more", [{}, {"disk_size": 256}])
def test_making_one_router_takes_at_most_twelve(pve: ChrPve, options: Options, path: str, more: Options) -> None:
    converge(options, guest("first", path))  # brings the image
    pve.pvestatd()
    asked(pve)
    converge(options, guest("edge1", path, state="started", **more))
    seen = asked(pve)
    assert len(seen) <= 12, "\n".join(seen)


def test_making_one_router_and_bringing_its_image_takes_at_most_twelve(pve: ChrPve, options: Options, path: str) -> None:
    converge(options, guest("edge1", path, state="started"))
    seen = asked(pve)
    assert len(seen) <= 12, "\n".join(seen)


@pytest.mark.parametrize(("nodes", "most"), [(1, 52), (5, 56)])
def test_fifty_routers_without_change(pve: ChrPve, options: Options, path: str, nodes: int, most: int) -> None:
    for number in range(2, nodes + 1):
        pve.add_node(f"pve{number}")
    wanted = [guest(f"edge{number}", path, proxmox={"node": f"pve{number % nodes + 1}"}) for number in range(50)]
    converge(options, *wanted, concurrency=8)
    pve.pvestatd()
    asked(pve)
    outcomes = converge(options, *wanted, concurrency=8)
    assert not [outcome for outcome in outcomes.values() if outcome.has_changed]
    seen = asked(pve)
    assert len(seen) <= most, "\n".join(seen)


def test_check_mode_sends_no_write(pve: ChrPve, options: Options, path: str) -> None:
    converge(options, guest("edge1", path, state="started"))
    asked(pve)
    wanted = (guest("edge1", path, description="new", state="stopped"), guest("edge2", path, state="started"))
    predicted = converge(options, *wanted, check_mode=True)
    assert predicted["edge1"].has_changed and predicted["edge2"].has_changed
    assert writes(pve.asked) == []
