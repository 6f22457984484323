# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host that these tests share, and cleaning up after each of them."""

from __future__ import annotations

import os
import subprocess
import typing as t
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from tests.module_runs import Json
from tests.simulators.chr_image.image import DEFAULT_VERSION, ensure_image

from . import sectors
from .support import guest, host, run, start_libvirtd

IMAGES = Path("/var/lib/libvirt/images")
SEGMENTS = ("it-wan", "it-lan")
SHARED: Json = {"identity": "shared", "admin_password": "of the shared router", "interfaces": ["ether1", "ether2"]}
MEMORY = 272  # MiB; what RouterOS 7 needs with two interfaces, and 8 more


@pytest.fixture(scope="session", autouse=True)
def pool() -> None:
    """The pool `default`; only ever on the private libvirt."""
    if not os.environ.get("VROUTER_PRIVATE_LIBVIRT"):
        pytest.fail("these tests kill libvirtd: run them with tests/run/integration")
    ran = run("kvm_pool", name="default", path=str(IMAGES))
    assert not ran.failed, ran.message


@pytest.fixture(scope="session", autouse=True)
def segments(pool: None) -> None:
    """Two segments of our own."""
    run("chr_network", networks=[{"name": name} for name in SEGMENTS]).ok()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the images lie."""
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="session")
def halting(folder: Path) -> str:
    """An image that boots and does nothing."""
    return str(sectors.disk(folder / "halting.img", sectors.HALT))


@pytest.fixture(scope="session")
def silent(folder: Path) -> str:
    """An image that opens the agent's port and never answers."""
    return str(sectors.disk(folder / "silent.img", sectors.silent_agent()))


@pytest.fixture(scope="session")
def chr_image() -> str:
    """The simulated CHR."""
    return str(ensure_image())


@pytest.fixture
def cheap(halting: str) -> Json:
    """Options of a guest that halts."""
    return options("it-g1", halting)


@pytest.fixture
def gate(tmp_path: Path) -> str:
    """A progress file that holds its writer up."""
    path = tmp_path / "progress"
    os.mkfifo(path)
    return str(path)


@pytest.fixture
def daemon() -> Iterator[None]:
    """libvirtd answers again after the test."""
    yield
    if subprocess.run(["virsh", "--quiet", "uri"], capture_output=True, check=False).returncode:
        start_libvirtd()


def options(name: str, image: str, **more: t.Any) -> Json:
    """Options of a guest on both segments."""
    nics = [{"name": f"ether{number}", "network": segment} for number, segment in enumerate(SEGMENTS, 1)]
    base = {"name": name, "image": image, "version": DEFAULT_VERSION, "memory": MEMORY, "autostart": False, "interfaces": nics}
    return {**base, **more}


@pytest.fixture(scope="session")
def router(chr_image: str, segments: None) -> Iterator[str]:
    """A running simulated CHR that all tests share. They leave it running and configured."""
    guest(**options("it-router", chr_image, state="started")).ok()
    guest("chr_first_boot", name="it-router", **SHARED).ok()
    yield "it-router"
    remove_guests({"it-router"})


@pytest.fixture(autouse=True)
def leave_nothing(pool: None, segments: None) -> Iterator[None]:
    """Remove what the test made, whatever became of it."""
    with host() as connection:
        guests = {domain.name() for domain in connection.listAllDomains()}
        networks = {net.name() for net in connection.listAllNetworks()}
        pools = {found.name() for found in connection.listAllStoragePools()}
        kept = set(connection.storagePoolLookupByName("default").listVolumes())
    yield
    with host() as connection:
        remove_guests({domain.name() for domain in connection.listAllDomains()} - guests)
        for net in connection.listAllNetworks():
            if net.name() not in networks:
                _remove_network(net)
        for found in connection.listAllStoragePools():
            if found.name() not in pools:
                found.destroy()
                found.undefine()
        default = connection.storagePoolLookupByName("default")
        for volume in set(default.listVolumes()) - kept:
            default.storageVolLookupByName(volume).delete()


def remove_guests(names: set[str]) -> None:
    """Remove guests without asking anybody."""
    with host() as connection:
        for name in names:
            domain = connection.lookupByName(name)
            _stop(domain)
            if domain.isPersistent():
                domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)


def _stop(domain: libvirt.virDomain) -> None:
    """Cut the power, unless the guest is off; one whose libvirtd was killed may go off between the question and the cut."""
    if not domain.isActive():
        return
    try:
        domain.destroy()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID or domain.isActive():
            raise


def _remove_network(net: libvirt.virNetwork) -> None:
    if net.isActive():
        net.destroy()
    if net.isPersistent():
        net.undefine()
