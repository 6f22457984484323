# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What these tests stand on: modules run as Ansible runs them, and libvirt looked at without them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import libvirt
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.connection import Connections

URI = "qemu:///system"
MODULES = "ansible_collections.vrouter.mikrotik.plugins.modules"
COLLECTIONS = Path(__file__).resolve().parents[6]  # the folder with ansible_collections
PATIENCE = 120.0  # seconds before something that never happens fails its test
PAUSE = 0.02  # seconds between two looks
NOBODY = 65534
# A user that may not read the checkout must have everything imported before it becomes that user.
AS_NOBODY = (
    "import importlib, os, libvirt, libvirt_qemu; module = importlib.import_module('{module}'); "
    "importlib.import_module('{driver}'); os.setgroups([]); os.setgid({user}); os.setuid({user}); module.main()"
)
DRIVER = "ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.driver"

Json = dict[str, t.Any]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until it is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"in vain: {what}")
        time.sleep(PAUSE)


@dataclass(frozen=True)
class Ran:
    """How a module ended."""

    result: Json
    text: str  # everything that it printed

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.result["changed"])

    @property
    def message(self) -> str:
        """Why it failed."""
        assert self.failed, self.result
        return str(self.result["msg"])

    @property
    def warnings(self) -> str:
        """All warnings in one text, whichever way this ansible-core writes them down."""
        return " ".join(entry if isinstance(entry, str) else entry["event"]["msg"] for entry in self.result.get("warnings", []))

    @property
    def objects(self) -> dict[str, Json]:
        """The entries by name."""
        return t.cast(dict[str, Json], self.result["guests"] if "guests" in self.result else self.result["networks"])

    def fields(self, name: str) -> list[str]:
        """The fields of one object that changed."""
        return [change["field"] for change in self.objects[name]["changes"]]

    def ok(self) -> Ran:
        """The same, if it did not fail."""
        assert not self.failed, self.message
        return self


class Job:
    """A module that runs, started as Ansible starts it: arguments on standard input, one JSON document on standard output."""

    def __init__(self, module: str, check: bool = False, as_nobody: bool = False, **options: t.Any) -> None:
        options = {"libvirt": {"uri": URI}, **options, "_ansible_check_mode": check, "_ansible_diff": True}
        name = f"{MODULES}.{module}"
        way = ["-c", AS_NOBODY.format(module=name, driver=DRIVER, user=NOBODY)] if as_nobody else ["-m", name]
        self.process = subprocess.Popen(
            [sys.executable, *way],
            env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        self.process.stdin.close()
        self.process.stdin = None

    def end(self) -> Ran:
        """Wait for it. Whatever became of it: no traceback, nothing on standard error, and a failure is one line that ends well."""
        out, err = self.process.communicate(timeout=PATIENCE)
        assert not err, err
        assert "Traceback" not in out, out
        result = json.loads(out)
        assert "exception" not in result, out
        if result.get("failed"):
            assert "\n" not in result["msg"], result["msg"]
            assert result["msg"].endswith("."), result["msg"]
        return Ran(result, out)


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
    except FileNotFoundError:
        return True


def start_libvirtd() -> None:
    """Start the daemon; the command returns when it listens."""
    subprocess.run(os.environ["VROUTER_LIBVIRTD"].split(), check=True)
