# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each limit of the CHR manual, by version, named with its number."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestSpec, Nic
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.limits import (
    ROWS,
    Row,
    check,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.platform import ESX as ESX_HARDWARE
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.platform import (
    HYPER_V,
    VIRTUALBOX,
    XEN,
    Platform,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.platform import KVM as KVM_HARDWARE
from hypothesis import given, settings
from hypothesis import strategies as st

KVM = Platform("libvirt", KVM_HARDWARE)
ESX = Platform("esxi", ESX_HARDWARE)


def least_memory(version: str, cpus: int, interfaces: int) -> int:
    """The least memory that is accepted, in MiB."""
    for memory in range(4096):
        try:
            check(spec(version, interfaces, cpus=cpus, memory=memory), KVM)
        except InputError:
            continue
        return memory
    raise AssertionError


def spec(version: str | None = "7.20.8", nics: int = 2, model: str | None = None, **values: t.Any) -> GuestSpec:
    interfaces = tuple(Nic(f"ether{slot}", "wan", model=model) for slot in range(1, nics + 1))
    return GuestSpec("edge1", version=version, interfaces=interfaces, **values)


def refused(wanted: GuestSpec) -> str:
    with pytest.raises(InputError) as caught:
        check(wanted, KVM)
    return str(caught.value)


@pytest.mark.parametrize(
    ("version", "cpus", "nics", "least"),
    [("6.49.18", 1, 1, 128), ("6.49.18", 4, 8, 352), ("7.20.8", 1, 1, 256), ("7.20.8", 2, 4, 304), (None, 1, 2, 264), ("6.34", 1, 0, 128)],
)
def test_memory_follows_the_manuals_formula(version: str | None, cpus: int, nics: int, least: int) -> None:
    check(spec(version, nics, cpus=cpus, memory=least), KVM)
    said = refused(spec(version, nics, cpus=cpus, memory=least - 1))
    assert f"memory: {least - 1} MiB is below {least} MiB for {cpus} CPUs and {nics} interfaces" in said
    assert f"CHR manual for RouterOS {(version or '7')[0]} on Qemu/KVM" in said


@settings(max_examples=10)
@given(cpus=st.integers(1, 8), nics=st.integers(1, 23))
def test_more_cpus_or_interfaces_never_need_less_memory(cpus: int, nics: int) -> None:
    for version in ("6.49", "7.20"):
        least = least_memory(version, cpus, nics)
        assert 128 <= least <= least_memory(version, cpus + 1, nics)
        assert least <= least_memory(version, cpus, nics + 1)


def test_a_new_limit_is_one_row() -> None:
    rows = (*ROWS, Row("memory", "7.30", "at least", 192))
    check(spec("7.30", memory=192), KVM, rows)
    check(spec("7.29.5", memory=264), KVM, rows)
    with pytest.raises(InputError, match="memory: 191 MiB is below 192 MiB"):
        check(spec("7.30", memory=191), KVM, rows)
    with pytest.raises(InputError, match="memory: 192 MiB is below 264 MiB"):
        check(spec("7.30beta1", memory=192), KVM, rows)


@pytest.mark.parametrize(("option", "said"), [("cpus", "cpus: 0 is below 1"), ("memory", "memory: 0 MiB is below 264 MiB")])
def test_zero_is_not_the_default(option: str, said: str) -> None:
    zero: dict[str, t.Any] = {option: 0}
    assert said in refused(spec(**zero))


@pytest.mark.parametrize("version", ["6.33.6", "6.0", "5.26"])
def test_chr_begins_with_6_34(version: str) -> None:
    with pytest.raises(UnsupportedError, match=rf"version {version} has no CHR \(wanted: 6\.34 or later"):
        check(spec(version), KVM)


def test_disks_have_a_floor_and_on_version_6_a_ceiling() -> None:
    assert "disk_size: 127 MiB is below 128 MiB" in refused(spec(disk_size=127))
    assert "disk_size: 16385 MiB is above 16384 MiB (16 GB)" in refused(spec("6.49.18", disk_size=16385))
    check(spec("6.49.18", disk_size=16384), KVM)
    check(spec("7.20.8", disk_size=16385), KVM)


@pytest.mark.parametrize("model", ["rtl8139", "e1000e", "ne2k_pci", "VIRTIO"])
def test_a_wrong_nic_model_is_named_with_those_that_work(model: str) -> None:
    assert f"interfaces.ether1.model: CHR has no driver for {model}, only for virtio, e1000, vmxnet3" in refused(spec(nics=1, model=model))


@pytest.mark.parametrize("bus", ["scsi", "usb", "nvme"])
def test_a_wrong_disk_bus_is_named_with_those_that_work(bus: str) -> None:
    assert f"disk_bus: CHR's system disk cannot be on {bus}, only on virtio, ide, sata" in refused(spec(disk_bus=bus))


def test_each_hypervisor_has_limits_of_its_own() -> None:
    assert check(spec(), ESX) == []  # without any hardware option: vmxnet3 and IDE
    check(spec(disk_bus="ide", model="vmxnet3"), ESX)
    with pytest.raises(InputError, match=r"only on ide.*on ESX"):
        check(spec(disk_bus="virtio", model="vmxnet3"), ESX)


@pytest.mark.parametrize(
    ("platform", "bus", "best", "rest"),
    [
        (KVM, "virtio", "virtio", ["e1000", "vmxnet3"]),
        (ESX, "ide", "vmxnet3", ["e1000"]),
        (Platform("hyperv", HYPER_V), "ide", "network adapter", ["legacy network adapter"]),
        (Platform("virtualbox", VIRTUALBOX), "sata", "e1000", ["rtl8193"]),
        (Platform("xen", XEN), "sata", "netfront", ["e1000", "rtl8193"]),
    ],
)
def test_the_manuals_rows(platform: Platform, bus: str, best: str, rest: list[str]) -> None:
    """Nobody is sent from E1000 to a model that the platform lacks."""
    for model in (best, *rest):
        said = check(spec(nics=1, disk_bus=bus, model=model), platform)
        advised = [text for text in said if "advises against" in text]
        better = f"interfaces.ether1.model: the CHR manual advises against e1000; use {best} where the host offers it"
        assert advised == ([better] if model == "e1000" != best else [])


@pytest.mark.parametrize("platform", [ESX, Platform("hyperv", HYPER_V)])
def test_the_system_disk_is_never_on_scsi_where_only_secondary_disks_can_be(platform: Platform) -> None:
    with pytest.raises(InputError, match="cannot be on scsi, only on ide"):
        check(spec(nics=1, disk_bus="scsi", model=platform.nic_model), platform)


def test_all_broken_limits_are_in_one_error() -> None:
    said = refused(spec(nics=2, model="ne2k_pci", memory=64, disk_size=1, disk_bus="usb"))
    assert all(part in said for part in ("memory: ", "disk_size: ", "disk_bus: ", "interfaces.ether1.model", "interfaces.ether2.model"))


def test_e1000_and_little_memory_are_warnings() -> None:
    e1000, little = check(spec(nics=1, model="e1000", memory=512), KVM)
    assert e1000.startswith("interfaces.ether1.model: the CHR manual advises against e1000")
    assert little == "memory: 512 MiB is enough to run; the manual recommends 1024 MiB for RouterOS 7"


@pytest.mark.parametrize("wanted", [spec(), spec("6.49.18", memory=256), spec(None), spec(nics=0)])
def test_an_ordinary_router_gets_no_warning(wanted: GuestSpec) -> None:
    assert check(wanted, KVM) == []
