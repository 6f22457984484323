# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated CHR boots on plain QEMU, on every hardware that CHR supports, and behaves as a machine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulators.chr_image.disk import DATA_START
from tests.simulators.chr_image.image import ensure_image
from tests.waiting import wait_until

from .qemu import IDE_E1000, SATA_VIRTIO, VIRTIO, VIRTIO_VMXNET3, Hardware, QemuGuest, own_disk

MACS = ("52:54:00:00:00:0a", "52:54:00:00:00:01")  # not in alphabetical order: the slot counts
StartGuest = Callable[..., QemuGuest]


@pytest.fixture(scope="session")
def image() -> Path:
    return ensure_image()


@pytest.fixture
def new_guest(tmp_path: Path) -> Iterator[StartGuest]:
    guests: list[QemuGuest] = []

    def new(image: Path, hardware: Hardware = VIRTIO, macs: tuple[str, ...] = MACS) -> QemuGuest:
        guests.append(QemuGuest(own_disk(image, tmp_path), tmp_path, hardware, macs))
        return guests[-1]

    yield new
    for guest in guests:
        guest.stop()


@pytest.mark.parametrize(
    "hardware", [IDE_E1000, SATA_VIRTIO, VIRTIO_VMXNET3], ids=["ide-e1000-128M", "sata-virtio", "virtio-vmxnet3"]
)
def test_boots_to_an_answering_agent_with_its_ports_in_slot_order(
    image: Path, new_guest: StartGuest, hardware: Hardware
) -> None:
    guest = new_guest(image, hardware)
    guest.start()
    assert guest.agent.ask("guest-ping") == {}
    for name, mac in zip(("ether1", "ether2"), MACS, strict=True):
        assert guest.value(f"[/interface/get {name} mac-address]") == mac.upper()
        guest.wait_for(f"[/interface/get {name} running]", "true")


def test_links_and_ports_that_change_while_it_runs(image: Path, new_guest: StartGuest) -> None:
    guest = new_guest(image)
    guest.start()
    guest.wait_for("[/interface/get ether2 running]", "true")
    guest.monitor.ask("set_link", name="nic1", up=False)
    guest.wait_for("[/interface/get ether2 running]", "false")
    assert guest.value("[/interface/get ether1 running]") == "true"
    guest.monitor.ask("set_link", name="nic1", up=True)
    guest.wait_for("[/interface/get ether2 running]", "true")
    # A model that the guest has not seen so far: its driver has to be loaded while the router runs.
    guest.monitor.ask("netdev_add", type="hubport", id="hub9", hubid=9)
    guest.monitor.ask("device_add", driver="e1000", id="nic9", netdev="hub9", mac="52:54:00:00:00:09")
    guest.wait_for("[:len [/interface/find where type=ether]]", "3")
    assert guest.value("[/interface/get ether3 mac-address]") == "52:54:00:00:00:09"


def test_state_autorun_and_power_button(image: Path, new_guest: StartGuest, tmp_path: Path) -> None:
    guest = new_guest(image, macs=())
    script = tmp_path / "first.rsc"
    script.write_text("/system/identity/set name=from-the-disk\n")
    partition = f"{tmp_path / 'disk.img'}?offset={DATA_START}"
    subprocess.run(["/usr/sbin/debugfs", "-w", "-R", f"write {script} rw/autorun.scr", partition], check=True)
    guest.start()
    assert guest.value("[/system/identity/get name]") == "from-the-disk"
    assert guest.run_script("/system/identity/set name=changed")[0] == 0
    guest.agent.send("guest-shutdown")
    guest.wait_off()
    guest.start()
    assert guest.value("[/system/identity/get name]") == "changed"
    guest.monitor.ask("system_powerdown")
    guest.wait_off()


def test_without_kvm_the_agent_port_is_never_opened(new_guest: StartGuest) -> None:
    guest = new_guest(ensure_image(agent=False))
    guest.start()
    wait_until(
        lambda: guest.console.exists() and "Login:" in guest.console.read_text(errors="replace"), "the router boots"
    )
    ports = guest.monitor.ask("query-chardev")
    assert isinstance(ports, list)
    [agent] = [port for port in ports if port["label"] == "agent"]
    assert agent["frontend-open"] is False
