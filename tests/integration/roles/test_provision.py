# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks provision and destroy on real libvirt, QEMU and bridges."""

from __future__ import annotations

import json
import os
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.integration.libvirt.support import next_step
from tests.module_runs import ModuleRun
from tests.waiting import wait_until

from .conftest import URI, Run, destroy, inventory, virsh, wipe

Play = t.Callable[..., Run]


def everything() -> str:
    """All that this libvirt holds, as text: what check mode must leave as it is."""
    names = [*virsh("list", "--all", "--name").split(), *virsh("net-list", "--all", "--name").split()]
    definitions = [virsh("dumpxml", name) for name in virsh("list", "--all", "--name").split()]
    return "\n".join([*names, *definitions, virsh("vol-list", "roles")])


def test_two_routers_from_nothing_to_removed(play: Play, pool: str, chr_image: Path) -> None:
    routers = inventory(2, chr_image)
    before = everything()
    predicted = play("vrouter.mikrotik.provision", routers, "--check", "--diff")
    assert predicted.code == 0, predicted.output
    assert "2 pending" in predicted.output
    assert '+    "memory": 320' in predicted.output
    assert everything() == before

    first = play("vrouter.mikrotik.provision", routers)
    assert first.code == 0, first.output
    assert "2 done" in first.output
    assert "192.0.2.1/24" in first.output, "the table shows the addresses that the guest itself reports"
    assert virsh("dumpxml", "r1").count("<link state='up'/>") == 2

    for arguments in ((), ("--check", "--diff")):
        again = play("vrouter.mikrotik.provision", routers, *arguments)
        assert again.code == 0, again.output
        assert again.unchanged, again.output
        assert "Nothing changed: " in again.output

    routers["all"]["hosts"]["r1"].update(chr_cpus=2, chr_first_boot_identity="renamed", chr_license_minimum_level="p1")
    left = play("vrouter.mikrotik.provision", routers)
    assert left.code != 0
    assert "cpus is 1, wanted 2" in left.output
    assert "first boot was done with other settings (identity)" in left.output, "what cannot be changed hides no drift"
    assert "free (below)" in left.output, "nor the licence"
    assert "0 done, 1 unchanged, 1 failed" in left.output
    routers["all"]["hosts"]["r1"] = {}

    kept = play("vrouter.mikrotik.destroy", routers)
    assert kept.code == 0, kept.output
    assert "2 pending" in kept.output
    assert "segment r-lan would be removed, once nobody is wired to it: r1, r2. Name it in confirm" in kept.output
    assert virsh("domstate", "r1").strip() == "running", "without confirm nothing is removed"

    virsh("destroy", "r2")  # its licence was read while it ran
    alone = play("vrouter.mikrotik.destroy", routers, "--extra-vars", '{"confirm": ["r2", "r-lan"]}')
    assert alone.code != 0
    assert "segment r-lan: guests are still wired to segment r-lan (found: r1)" in " ".join(alone.output.split())
    assert "1 done, 0 unchanged, 1 pending, 0 failed" in alone.output, "a router that nobody named does not fail because of its segment"
    assert virsh("list", "--all", "--name").split() == ["r1"]

    gone = destroy(play, routers)
    assert gone.code == 0, gone.output
    assert virsh("list", "--all", "--name").split() == []
    assert virsh("net-list", "--all", "--name").split() == []


def test_a_run_that_was_killed_before_the_disk_was_made_is_finished(play: Play, pool: str, halting_image: Path, tmp_path: Path) -> None:
    image = tmp_path / "own.img"  # one that no other test has uploaded
    image.write_bytes(halting_image.read_bytes() + b"k" * 2**24)  # its upload takes longer than a pipe takes to close
    routers = inventory(1, image, prefix="k", chr_state="present", chr_first_boot_agent_timeout=2)
    where = {"libvirt": {"uri": URI}}
    ModuleRun("chr_network", {**where, "networks": routers["all"]["vars"]["chr_networks"]}).end().ok()
    gate = tmp_path / "progress"  # a pipe holds the module up where it says what it does next
    os.mkfifo(gate)
    nics = routers["all"]["vars"]["chr_interfaces"]
    wanted = {"name": "k1", "image": str(image), "version": "7.20.8", "memory": 320, "interfaces": nics, "libvirt": {"pool": pool}}
    begun = ModuleRun("chr_guest", {**where, "guests": [wanted], "progress_file": str(gate)})
    assert "uploading" in next_step(str(gate), begun)
    wait_until(lambda: "k1" in virsh("list", "--all", "--name").split(), "the guest is defined")
    begun.process.kill()
    begun.process.communicate()
    finished = play("vrouter.mikrotik.provision", routers)
    assert finished.code == 0, finished.output
    assert "1 done" in finished.output
    virsh("start", "k1")
    assert play("vrouter.mikrotik.provision", routers).unchanged


def test_one_bad_router_fails_alone_and_is_finished_later(play: Play, pool: str, halting_image: Path, tmp_path: Path) -> None:
    routers = inventory(3, halting_image, prefix="b", chr_state="present")
    routers["all"]["hosts"]["b2"]["chr_memory"] = "{{ nobody_defined_this }}"
    limit = tmp_path / "failed"
    run = play("vrouter.mikrotik.provision", routers, "--extra-vars", f"chr_limit_file={limit}")
    assert run.code != 0
    assert "nobody_defined_this" in run.output
    assert "2 done, 0 unchanged, 1 failed" in run.output
    assert limit.read_text() == "b2\n"
    assert sorted(virsh("list", "--all", "--name").split()) == ["b1", "b3"]

    del routers["all"]["hosts"]["b2"]["chr_memory"]
    run = play("vrouter.mikrotik.provision", routers, "--limit", f"@{limit}", "--extra-vars", f"chr_limit_file={limit}")
    assert run.code == 0, run.output
    assert not limit.exists()
    assert sorted(virsh("list", "--all", "--name").split()) == ["b1", "b2", "b3"]
    assert destroy(play, routers).code == 0


def test_what_a_new_router_must_keep_to_is_said_before_anything_is_made(play: Play, pool: str, halting_image: Path) -> None:
    routers = inventory(3, halting_image, prefix="n", chr_state="present", chr_first_boot_addresses=[])
    for host, wrong in (
        ("n1", {"chr_memory": 32}),
        ("n2", {"chr_interfaces": [{"name": "ether1", "network": "n-wan"}, {"name": "ether3", "network": "n-lan"}]}),
        ("n3", {"chr_image_path": "/nowhere/chr.img"}),
    ):
        routers["all"]["hosts"][host] = wrong
    run = play("vrouter.mikrotik.provision", routers)
    said = " ".join(run.output.split())
    for text in ("chr_memory: 32 MiB is below", "chr_interfaces: a new guest cannot have gaps", "chr_image_path: there is no file"):
        assert text in said
    assert virsh("net-list", "--all", "--name").split() == virsh("list", "--all", "--name").split() == []


def test_check_mode_predicts_the_removal_of_guests_and_of_their_segments(play: Play, pool: str, halting_image: Path) -> None:
    routers = inventory(1, halting_image, prefix="p", chr_state="present")
    assert play("vrouter.mikrotik.provision", routers).code == 0
    confirm = json.dumps({"confirm": ["p1", "p-wan", "p-lan"]})
    predicted = play("vrouter.mikrotik.destroy", routers, "--extra-vars", confirm, "--check")
    assert predicted.code == 0, predicted.output
    assert virsh("list", "--all", "--name").split() == ["p1"]
    assert play("vrouter.mikrotik.destroy", routers, "--extra-vars", confirm).code == 0
    assert virsh("net-list", "--all", "--name").split() == virsh("list", "--all", "--name").split() == []


def test_module_runs_do_not_grow_with_the_number_of_routers(play: Play, pool: str, chr_image: Path, halting_image: Path) -> None:
    counts = {}
    for count, image, variables in ((2, chr_image, {}), (4, chr_image, {}), (20, halting_image, {"chr_state": "present"})):
        routers = inventory(count, image, prefix=f"c{count}x", **variables)
        run = play("vrouter.mikrotik.provision", routers)
        assert run.code == 0, run.output
        assert f"{count} done" in run.output
        counts[count] = len(run.phases)
        wipe()
    assert counts[2] == counts[4] == counts[20] == 6, counts


def test_two_slices_at_once_on_one_hypervisor(play: Play, pool: str, halting_image: Path) -> None:
    """As AWX runs a sliced job: both make the same segments and upload the same image."""
    routers = inventory(6, halting_image, prefix="s", chr_state="present")
    slices = ("s1,s2,s3", "s4,s5,s6")
    with ThreadPoolExecutor() as workers:
        runs = list(workers.map(lambda names: play("vrouter.mikrotik.provision", routers, "--limit", names), slices))
    for run in runs:
        assert run.code == 0, run.output
    assert sorted(virsh("list", "--all", "--name").split()) == [f"s{n}" for n in range(1, 7)]
    assert play("vrouter.mikrotik.provision", routers).unchanged
    wipe()
