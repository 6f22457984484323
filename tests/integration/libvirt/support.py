# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What these tests stand on: modules run as Ansible runs them, and libvirt looked at without them."""

from __future__ import annotations

import os
import select
import subprocess
import typing as t
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.connection import Connections

from tests.module_runs import MODULES, ModuleRun, Ran
from tests.waiting import PATIENCE, wait_until

URI = "qemu:///system"
AGENT = PATIENCE // 2  # seconds that a module waits for an agent: less than a test waits for the module
ENTERING = ("chr_script", "chr_file", "chr_first_boot", "chr_license")
NOBODY = 65534
# A user that may not read the checkout must have everything imported before it becomes that user.
AS_NOBODY = (
    "import importlib, os, libvirt, libvirt_qemu; module = importlib.import_module('{module}'); "
    "importlib.import_module('{driver}'); os.setgroups([]); os.setgid({user}); os.setuid({user}); module.main()"
)
DRIVER = "ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.driver"


class Job(ModuleRun):
    """A module on the private libvirt; as a user that may do nothing where that is asked for."""

    def __init__(self, module: str, check: bool = False, as_nobody: bool = False, **options: t.Any) -> None:
        way = ["-c", AS_NOBODY.format(module=f"{MODULES}.{module}", driver=DRIVER, user=NOBODY)] if as_nobody else None
        patience = {"agent_timeout": AGENT} if module in ENTERING else {}
        super().__init__(module, {"libvirt": {"uri": URI}, **patience, **options}, check, way)


def run(module: str, check: bool = False, **options: t.Any) -> Ran:
    """Run a module to its end."""
    return Job(module, check=check, **options).end()


def guest(module: str = "chr_guest", check: bool = False, **options: t.Any) -> Ran:
    """One guest in one run."""
    return run(module, check=check, guests=[options])


def network(check: bool = False, **options: t.Any) -> Ran:
    """One segment in one run."""
    return run("chr_network", check=check, networks=[options])


@contextmanager
def host() -> Iterator[libvirt.virConnect]:
    """libvirt itself, for a moment: the daemon may be another one the next time."""
    connections = Connections(URI, 1)
    try:
        yield connections.get()
    finally:
        connections.close()


def domain_xml(name: str, flags: int = 0) -> ET.Element:
    """A guest's live definition, or the stored one."""
    with host() as connection:
        return ET.fromstring(connection.lookupByName(name).XMLDesc(flags))


def links(name: str) -> list[str]:
    """The links of a guest, in its live and then its stored definition."""
    found = [domain_xml(name, flags).findall("devices/interface") for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE)]
    states = [nic.find("link") for nics in found for nic in nics]
    return ["up" if link is None else link.get("state", "up") for link in states]


def domain_names() -> set[str]:
    """Every guest on the host."""
    with host() as connection:
        return {domain.name() for domain in connection.listAllDomains()}


def volumes(pool: str = "default") -> set[str]:
    """Every volume in a pool, as it lies there."""
    with host() as connection:
        found = connection.storagePoolLookupByName(pool)
        return set(found.listVolumes()) if found.isActive() else set()


def replace_disk(name: str) -> None:
    """The same volume again, of the same name, size and base image: a router with the factory's empty password."""
    [disk] = guest(name=name).ok().objects[name]["disks"]
    with host() as connection:
        pool = connection.storagePoolLookupByName("default")
        old = pool.storageVolLookupByName(disk)
        xml = old.XMLDesc()
        old.delete()
        pool.createXML(xml)


def everything() -> dict[str, t.Any]:
    """All that libvirt holds, to be compared before and after."""
    held: dict[str, t.Any] = {}
    stored = libvirt.VIR_DOMAIN_XML_INACTIVE
    with host() as connection:
        for domain in connection.listAllDomains():
            held[f"guest {domain.name()}"] = (domain.XMLDesc(0), domain.XMLDesc(stored), domain.state(), domain.autostart())
        for net in connection.listAllNetworks():
            held[f"network {net.name()}"] = (net.XMLDesc(0), net.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE), net.isActive(), net.autostart())
        for pool in connection.listAllStoragePools():
            for volume in pool.listAllVolumes() if pool.isActive() else []:
                held[f"volume {pool.name()}/{volume.name()}"] = (volume.path(), volume.info()[1])
    return held


def kill_libvirtd() -> None:
    """End the daemon the hard way, and wait until it is gone."""
    pid = int(Path("/run/libvirt/libvirtd.pid").read_text())
    os.kill(pid, 9)
    wait_until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid), "libvirtd ends")


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # it went before the file was opened, or before it was read
        return True


def start_libvirtd() -> None:
    """Start the daemon; the command returns when it listens."""
    subprocess.run(os.environ["VROUTER_LIBVIRTD"].split(), check=True)


def next_step(gate: str, job: ModuleRun) -> str:
    """Let the module go on to its next message; the empty text where it has ended instead.

    The pipe is closed the moment the message is there: a module that is quick would get a second one through it.
    """
    ended = os.pidfd_open(job.process.pid)
    try:
        while True:
            reader = os.open(gate, os.O_RDONLY | os.O_NONBLOCK)  # from here on the module gets through
            try:
                ready = select.select([reader, ended], [], [], PATIENCE)[0]
                assert ready, "the module neither writes its progress nor ends"
                said = os.read(reader, 4096) if reader in ready else b""
            finally:
                os.close(reader)
            if said or ended in ready:  # else the module has just closed the pipe after its message before
                return said.decode()
    finally:
        os.close(ended)
