# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host at the end of a long line: how often a run waits for it, and how much of an image is sent."""

from __future__ import annotations

import subprocess
from pathlib import Path

import libvirtmod  # type: ignore[import-not-found]
import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._first_boot.converge import boot_routers
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.converge import converge_segments
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.enter import RunOptions
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.facts import read_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import parse_segments
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.platform import PLATFORM as LIBVIRT
from ansible_collections.vrouter.mikrotik.plugins.modules.chr_first_boot import GUEST, parse_boot

from tests.module_runs import Json
from tests.waiting import PATIENCE

from . import sectors
from .conftest import IMAGES, SEGMENTS, SHARED, options
from .round_trips import converge, driver, long_line, quiet, round_trips

MOST = 20  # round trips of a whole run that changes nothing


def test_a_run_that_changes_nothing_waits_for_its_host_twenty_times_at_most(router: str, chr_image: str, halting: str) -> None:
    beside = [options(f"it-g{number}", halting) for number in range(3)]
    wanted: list[Json] = [options(router, chr_image, state="started"), *beside]
    names = [entry["name"] for entry in wanted]
    with driver(8) as hypervisor:
        converge(hypervisor, wanted)
        read_guests(hypervisor, names, ask_agent=True, check_mode=False, concurrency=8)
    segments, errors = parse_segments([{"name": name} for name in SEGMENTS], LIBVIRT)
    defaults = {option: values.get("default") for option, values in GUEST.items()}
    boots = {router: parse_boot({**defaults, **SHARED, "name": router})}
    assert not errors
    with long_line() as calls:  # the phases of the playbook, each a module run with a connection of its own
        with driver(8) as hypervisor:
            read_guests(hypervisor, names, ask_agent=False, check_mode=False, concurrency=8)
        with driver(8) as hypervisor:
            made = converge_segments(hypervisor, segments, check_mode=False, concurrency=8)
        with driver(8) as hypervisor:
            guests = converge(hypervisor, wanted)
        with driver(8) as hypervisor:
            booted = boot_routers(hypervisor, boots, RunOptions(check_mode=False, agent_timeout=PATIENCE, concurrency=8), quiet)
        with driver(8) as hypervisor:
            read = read_guests(hypervisor, names, ask_agent=True, check_mode=False, concurrency=8)
    outcomes = [*made.values(), *guests.values(), *booted.values()]
    assert not [outcome for outcome in outcomes if outcome.has_changed or outcome.error]
    assert read[router].facts["router"]["identity"] == "shared"
    waited = round_trips(calls)
    assert len(waited) <= MOST, waited


def test_only_what_an_image_holds_is_sent_and_nothing_is_sent_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = sectors.disk(folder / "holes.img", sectors.HALT, 64 * sectors.MIB)
    with image.open("r+b") as handle:
        for place in (1, 40, 63):
            handle.seek(place * sectors.MIB + 4096)
            handle.write(b"RouterOS" * (sectors.MIB // 16))
    sent, received = [], []
    send, receive = libvirtmod.virStreamSend, libvirtmod.virStreamRecv

    def sending(stream: object, data: bytes) -> int:
        sent.append(len(data))
        return int(send(stream, data))

    def receiving(stream: object, size: int) -> bytes:
        received.append(size)
        return bytes(receive(stream, size))

    monkeypatch.setattr(libvirtmod, "virStreamSend", sending)
    monkeypatch.setattr(libvirtmod, "virStreamRecv", receiving)
    with driver(1) as hypervisor:
        converge(hypervisor, [options("it-g1", str(image))])
    assert sum(sent) < 2 * sectors.MIB
    [base] = IMAGES.glob("holes-*.img")
    subprocess.run(["cmp", str(base), str(image)], check=True)
    assert base.stat().st_blocks * 512 < 4 * sectors.MIB
    taken = [size for size in received if size > 0]
    assert len(taken) < 64  # the samples and the head of the new disk, in a few messages
