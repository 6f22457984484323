# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the collection against the private libvirt, as a user runs them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.simulators.chr_image.image import ensure_image
from tests.waiting import PATIENCE

URI = "qemu:///system"
POOL = "roles"


def virsh(*arguments: str) -> str:
    """What libvirt's own client prints."""
    command = ["virsh", "--quiet", "--connect", URI, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook."""

    code: int
    output: str

    @property
    def phases(self) -> list[str]:
        """The phases that ran a module, one for each run."""
        return re.findall(r"^   (\w+), .+: begins$", self.output, re.MULTILINE)

    @property
    def unchanged(self) -> bool:
        return "changed=0" in self.output and not any(f"changed={n}" in self.output for n in range(1, 10))


@pytest.fixture
def play(tmp_path: Path) -> t.Callable[..., Run]:
    """Run a playbook on an inventory given as data."""

    def run(playbook: str, inventory: dict[str, t.Any], *arguments: str) -> Run:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        hosts = folder / "inventory.json"
        hosts.write_text(json.dumps(inventory))
        environment = {
            **os.environ,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "PWD": str(folder),  # where limit files go
        }
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(hosts), playbook, *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return Run(done.returncode, done.stdout)

    return run


@pytest.fixture(scope="session")
def pool() -> t.Iterator[str]:
    """A storage pool for the routers of these tests."""
    folder = Path("/var/lib/libvirt/roles")
    folder.mkdir(mode=0o711)
    virsh("pool-define-as", POOL, "dir", "--target", str(folder))
    virsh("pool-start", POOL)
    yield POOL
    virsh("pool-destroy", POOL)
    virsh("pool-undefine", POOL)


@pytest.fixture(scope="session")
def chr_image() -> Path:
    """The simulated CHR's disk image."""
    return ensure_image()


@pytest.fixture(scope="session")
def halting_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk whose boot sector halts: a guest that costs nothing."""
    path: Path = tmp_path_factory.mktemp("image") / "halt.img"
    path.write_bytes(b"\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))
    return path


def inventory(count: int, image: Path, prefix: str = "r", **variables: t.Any) -> dict[str, t.Any]:
    """An inventory of `count` routers on two segments."""
    hosts = {
        f"{prefix}{n}": {
            "chr_first_boot_addresses": [
                {"address": f"192.0.2.{n}/24", "interface": "ether1"},
                {"address": f"198.51.100.{n + 10}/24", "interface": "ether2"},
            ]
        }
        for n in range(1, count + 1)
    }
    common = {
        "chr_libvirt_uri": URI,
        "chr_libvirt_pool": POOL,
        "chr_image_path": str(image),
        "chr_version": "7.20.8",
        "chr_memory": 320,
        "chr_networks": [{"name": f"{prefix}-wan"}, {"name": f"{prefix}-lan", "address": "198.51.100.1/24"}],
        "chr_interfaces": [{"name": "ether1", "network": f"{prefix}-wan"}, {"name": "ether2", "network": f"{prefix}-lan"}],
        "chr_first_boot_identity": "{{ inventory_hostname }}",
        "chr_first_boot_admin_password": "Password-of-the-tests",
        "chr_first_boot_agent_timeout": PATIENCE,
        "chr_license_agent_timeout": PATIENCE,
        **variables,
    }
    return {"all": {"hosts": hosts, "vars": common}}


@pytest.fixture(autouse=True)
def clean() -> t.Iterator[None]:
    """The next test finds an empty host, however this one ends."""
    yield
    wipe()


def wipe() -> None:
    """Remove every guest and network at once, where the removal is not what is tested."""
    for name in virsh("list", "--name").split():
        virsh("destroy", name)
    for name in virsh("list", "--all", "--name").split():
        virsh("undefine", name)
    for name in virsh("net-list", "--name").split():
        virsh("net-destroy", name)
        virsh("net-undefine", name)


def destroy(play: t.Callable[..., Run], routers: dict[str, t.Any]) -> Run:
    """Remove everything that such an inventory names."""
    names = [*routers["all"]["hosts"], *(network["name"] for network in routers["all"]["vars"]["chr_networks"])]
    extra = {"confirm": names, "chr_force_off": True, "chr_shutdown_timeout": 1}
    return play("vrouter.mikrotik.destroy", routers, "--extra-vars", json.dumps(extra))
