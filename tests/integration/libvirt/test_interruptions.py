# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are cut short: the daemon dies at every step, runs cross each other. The next run finishes what was begun.

Modules write their progress to a named pipe here, and so wait at each step until the test lets them go on.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import libvirt
import pytest

from tests.module_runs import Json
from tests.waiting import wait_until

from . import sectors
from .conftest import IMAGES, options
from .support import Job, domain_names, domain_xml, guest, host, kill_libvirtd, links, next_step, start_libvirtd, volumes

MARK = "metadata/{https://github.com/vrouter/vrouter.mikrotik}guest"


def is_defined(name: str) -> bool:
    return name in domain_names()


def disk_is_ready(name: str) -> bool:
    if not is_defined(name):
        return False
    mark = domain_xml(name, libvirt.VIR_DOMAIN_XML_INACTIVE).find(MARK)
    return mark is not None and mark.get("disk") == "ready"


def settles(wanted: Json, name: str = "it-g1") -> None:
    """One more run finishes, the one after it changes nothing, and the guest is closed, whole and runs."""
    guest(**wanted).ok()
    assert not guest(**wanted).ok().changed
    assert disk_is_ready(name)
    assert links(name) == ["down"] * 4
    with host() as connection:
        assert connection.lookupByName(name).isActive()
    own = [volume for volume in volumes() if volume.startswith(f"{name}-")]
    assert len(own) == 1


@pytest.mark.parametrize(
    ("steps", "reached"),
    [(1, is_defined), (2, disk_is_ready)],
    ids=["between define and clone", "between clone and start"],
)
@pytest.mark.parametrize("clone", ["linked", "full"])
def test_libvirtd_killed_while_a_guest_is_made(
    cheap: Json, gate: str, daemon: None, clone: str, steps: int, reached: Callable[[str], bool]
) -> None:
    wanted = {**cheap, "state": "started", "libvirt": {"disk_clone": clone}}
    guest(**{**wanted, "name": "it-g2"}).ok()  # brings the base volume
    job = Job("chr_guest", guests=[wanted], progress_file=gate)
    for dummy in range(steps - 1):
        next_step(gate, job)
    wait_until(lambda: reached("it-g1"), "the module reaches its next step")
    kill_libvirtd()
    next_step(gate, job)
    ran = job.end()
    assert "un again" in ran.message or "cannot be" in ran.message
    start_libvirtd()
    assert is_defined("it-g1")
    settles(wanted)


def test_a_removal_that_was_cut_short_is_finished(cheap: Json, daemon: None) -> None:
    guest(**cheap).ok()
    [disk] = guest(name="it-g1").ok().objects["it-g1"]["disks"]
    with host() as connection:  # what a removal has done when it is killed before its last call
        connection.storagePoolLookupByName("default").storageVolLookupByName(disk).delete()
    assert guest(name="it-g1", state="absent", confirm="it-g1").ok().changed
    assert not is_defined("it-g1")


def test_libvirtd_killed_in_an_upload_leaves_a_volume_that_is_never_used(folder: Path, gate: str, daemon: None) -> None:
    image = sectors.disk(folder / "upload.img", sectors.HALT, 512 * sectors.MIB)
    with image.open("r+b") as handle:
        handle.seek(sectors.SECTOR)
        for dummy in range(511):
            handle.write(b"RouterOS" * (sectors.MIB // 8))
    wanted = options("it-g1", str(image), state="started")
    job = Job("chr_guest", guests=[wanted], progress_file=gate)
    assert "uploading" in next_step(gate, job)
    wait_until(lambda: any(path.stat().st_blocks for path in IMAGES.glob("upload-*")), "the upload begins")
    kill_libvirtd()
    assert "cannot be" in job.end().message
    start_libvirtd()
    assert not is_defined("it-g1")
    assert [volume for volume in volumes() if volume.startswith("upload-")]
    assert not [volume for volume in volumes() if volume.startswith("upload-") and volume.endswith(".complete")]
    settles(wanted)
    [base] = IMAGES.glob("upload-*.img")
    subprocess.run(["cmp", str(base), str(image)], check=True)


def test_a_base_volume_whose_seal_lies_is_made_anew(folder: Path) -> None:
    image = sectors.disk(folder / "sealed.img", sectors.HALT)
    guest(**options("it-g1", str(image))).ok()
    [seal] = IMAGES.glob("sealed-*.complete")
    seal.write_text("0" * 64)
    guest(**options("it-g2", str(image), state="started")).ok()
    assert seal.read_text() != "0" * 64
    with host() as connection:
        connection.lookupByName("it-g1").create()


def test_two_runs_at_once_on_one_guest(cheap: Json) -> None:
    wanted = {**cheap, "state": "started"}
    jobs = [Job("chr_guest", guests=[wanted]) for dummy in range(2)]
    ends = [job.end() for job in jobs]
    assert any(not ran.failed for ran in ends)
    for ran in ends:
        if ran.failed:
            assert "un again" in ran.message
    settles(wanted)


def test_two_runs_at_once_on_one_image(folder: Path) -> None:
    image = sectors.disk(folder / "shared.img", sectors.HALT, 64 * sectors.MIB)
    names = ["it-g1", "it-g2", "it-g3"]
    jobs = [Job("chr_guest", guests=[options(name, str(image), state="started")]) for name in names]
    for job in jobs:
        job.end().ok()
    assert len([volume for volume in volumes() if volume.startswith("shared-")]) == 2
    for name in names:
        settles(options(name, str(image), state="started"), name)


def test_a_run_beside_one_that_still_makes_the_disk_does_not_pull_it_away(cheap: Json, gate: str) -> None:
    wanted = {**cheap, "state": "started", "libvirt": {"disk_clone": "full"}}
    guest(**{**wanted, "name": "it-g2"}).ok()
    slow = Job("chr_guest", guests=[wanted], progress_file=gate)
    wait_until(lambda: is_defined("it-g1"), "the first run defines the guest")
    guest(**wanted).ok()  # takes up the unfinished guest and starts it
    [disk] = guest(name="it-g1").ok().objects["it-g1"]["disks"]
    inode = (IMAGES / disk).stat().st_ino
    next_step(gate, slow)
    next_step(gate, slow)
    slow.end()
    assert (IMAGES / disk).stat().st_ino == inode
    settles(wanted)
