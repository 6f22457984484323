# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many who make guests at once: names and VMIDs belong to nobody before they are taken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from fakepve import FakeVm

from tests.simulators.proxmox.serving import ChrPve
from tests.waiting import wait_until

from .support import Options, add_foreign, converge, guest, image, tried

CREATORS = 10


@pytest.fixture
def path(tmp_path: Path) -> str:
    return image(tmp_path / "chr-7.20.8.img")


@pytest.fixture
def theirs(pve: ChrPve) -> FakeVm:
    """Somebody else's guest."""
    return add_foreign(pve, "theirs")


def volumes(pve: ChrPve) -> set[str]:
    """The disks that are on the storage of disks."""
    return set(pve.storages["local-lvm"].get("volumes", {}))


def test_creators_that_race_for_ids_make_each_guest_once(pve: ChrPve, options: Options, path: str, theirs: FakeVm) -> None:
    converge(options, guest("first", path))
    names = [f"edge{number}" for number in range(CREATORS)]
    with ThreadPoolExecutor(CREATORS) as pool:
        list(pool.map(lambda name: converge(options, guest(name, path)), names))
    ours = [vm for vm in pve.vms if vm is not theirs]
    assert sorted(vm.name for vm in ours) == sorted([*names, "first"])
    assert len({vm.vmid for vm in ours}) == len(ours)
    assert volumes(pve) == {f"vm-{vm.vmid}-disk-0" for vm in ours}, "no disk without a guest"


def test_workers_of_one_run_do_not_wait_for_each_others_ids(pve: ChrPve, options: Options, path: str, theirs: FakeVm) -> None:
    converge(options, guest("first", path))
    pve.asked.clear()

    def creations() -> int:
        return [str(one) for one in pve.asked].count("POST /nodes/pve1/qemu")

    with ThreadPoolExecutor(1) as pool:
        with pve.hold("POST", "/nodes/pve1/qemu"):
            made = pool.submit(converge, options, *(guest(f"edge{number}", path) for number in range(4)), concurrency=4)
            wait_until(lambda: creations() == 4, "four creations at once")
        made.result()
    assert creations() == 4, "no id was refused"


def test_the_id_that_one_guest_names_is_given_to_no_other(pve: ChrPve, options: Options, path: str, theirs: FakeVm) -> None:
    free = 100
    wanted = [guest("edge1", path), guest("edge2", path, proxmox={"vmid": free}), guest("edge3", path)]
    converge(options, *wanted, concurrency=1)
    made = {vm.name: vm.vmid for vm in pve.vms if vm is not theirs}
    assert made["edge2"] == free and len(set(made.values())) == 3


def test_creators_that_race_for_a_name_leave_one_guest(pve: ChrPve, options: Options, path: str, theirs: FakeVm) -> None:
    converge(options, guest("first", path))

    def make(dummy: int) -> Outcome:
        return tried(options, guest("edge1", path, state="started"))["edge1"]

    with ThreadPoolExecutor(CREATORS) as pool:
        ended = list(pool.map(make, range(CREATORS)))
    assert [outcome for outcome in ended if outcome.error is None], {str(outcome.error) for outcome in ended}
    converge(options, guest("edge1", path, state="started"))
    assert [vm.name for vm in pve.vms if vm is not theirs].count("edge1") == 1
    assert len(volumes(pve)) == 2, "no disk without a guest"
