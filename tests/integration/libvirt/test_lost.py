# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirtd goes while a run waits or asks, and a host without room suspends a guest: what is said, and what the run does then."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import libvirt_qemu
import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import LostError

from tests.module_runs import Ran
from tests.waiting import PATIENCE, wait_until

from . import sectors
from .conftest import options
from .round_trips import converge, driver
from .support import Job, guest, host, kill_libvirtd, next_step, run, start_libvirtd


def ask(name: str) -> Ran:
    """A script for a guest."""
    return run("chr_script", scripts=[{"guest": name, "source": ":put 1"}])


@pytest.fixture
def frozen(silent: str) -> Iterator[int]:
    """The process of a guest that runs, and does not come to open its agent's port before it gets a SIGCONT."""
    guest(**options("it-g1", silent, state="started")).ok()
    process = int(Path("/run/libvirt/qemu/it-g1.pid").read_text())
    os.kill(process, signal.SIGSTOP)
    yield process
    os.kill(process, signal.SIGCONT)


def test_a_wait_that_loses_libvirtd_connects_again_and_goes_on(frozen: int, gate: str, daemon: None) -> None:
    job = Job("chr_script", agent_timeout=PATIENCE, scripts=[{"guest": "it-g1", "source": ":put 1"}], progress_file=gate)
    assert "waiting for its guest agent" in next_step(gate, job)
    kill_libvirtd()
    os.kill(frozen, signal.SIGCONT)
    start_libvirtd()
    assert "running script 1" in next_step(gate, job)  # its agent was seen by a new connection
    assert "did not answer guest-exec; whether the script began is unknown" in job.end().message


def test_a_wait_that_loses_libvirtd_for_good_says_so(frozen: int, gate: str, daemon: None) -> None:
    job = Job("chr_script", agent_timeout=3, scripts=[{"guest": "it-g1", "source": ":put 1"}], progress_file=gate)
    next_step(gate, job)
    kill_libvirtd()
    assert "libvirt at qemu:///system cannot be reached" in job.end().message


def test_an_agent_call_that_is_cut_is_unknown_and_not_refused(silent: str, daemon: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = threading.Event()
    real = libvirt_qemu.qemuAgentCommand

    def sending(*arguments: t.Any) -> str:
        sent.set()
        return str(real(*arguments))

    monkeypatch.setattr(libvirt_qemu, "qemuAgentCommand", sending)
    said: list[LostError] = []
    with driver(1) as hypervisor:
        converge(hypervisor, [options("it-g1", silent, state="started")])
        way = hypervisor.ways(hypervisor.observe(["it-g1"]).guests["it-g1"])[0]
        way.wait(PATIENCE)

        def call() -> None:
            with pytest.raises(LostError) as caught:
                way.start(":put 1")
            said.append(caught.value)

        thread = threading.Thread(target=call)
        thread.start()
        assert sent.wait(PATIENCE)
        kill_libvirtd()
        thread.join()
        start_libvirtd()
        assert hypervisor.observe(["it-g1"]).guests["it-g1"].power == "running"  # by a new connection
    assert "connection to libvirt was lost before guest-exec was answered; whether the script began is unknown" in str(said[0])


@pytest.fixture
def tight_pool() -> Iterator[str]:
    """A pool of 24 MiB."""
    path = Path("/var/lib/libvirt/tight")
    path.mkdir(mode=0o711)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0711", "tmpfs", str(path)], check=True)
    run("kvm_pool", name="it-tight", path=str(path)).ok()
    yield "it-tight"
    with host() as connection:
        connection.lookupByName("it-g1").destroy()
        connection.storagePoolLookupByName("it-tight").destroy()
        connection.storagePoolLookupByName("it-tight").undefine()
    subprocess.run(["umount", "--lazy", str(path)], check=True)
    path.rmdir()


def test_a_guest_that_is_suspended_for_want_of_room_is_said_to_be(folder: Path, tight_pool: str) -> None:
    image = sectors.disk(folder / "writer.img", sectors.writer())
    wanted = options("it-g1", str(image), state="started", disk_size=128, libvirt={"pool": tight_pool})
    run("chr_guest", guests=[wanted]).ok()

    def full() -> bool:
        return bool(run("chr_guest_info", names=["it-g1"], agent=False).ok().objects["it-g1"]["power"] == "suspended")

    wait_until(full, "the guest fills its host's disk")
    reason = "its host has no space left for its disk"
    assert run("chr_guest_info", names=["it-g1"]).ok().objects["it-g1"]["suspended_for"] == reason
    assert f"the guest is suspended: {reason}. Make room" in ask("it-g1").message
    subprocess.run(["mount", "-o", "remount,size=256m", "/var/lib/libvirt/tight"], check=True)
    assert run("chr_guest", guests=[wanted]).ok().objects["it-g1"]["power"] == "running"
