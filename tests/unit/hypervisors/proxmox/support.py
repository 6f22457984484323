# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the Proxmox driver begin with."""

from __future__ import annotations

import typing as t
from contextlib import closing
from pathlib import Path

from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.converge import converge_guests, converge_segments
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestState, parse_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import SegmentSpec, parse_segments
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox import driver
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.arguments import CONNECTION
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.connection import Api
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.platform import PLATFORM
from fakepve import FakeVm

from tests.simulators.proxmox.config import digest
from tests.simulators.proxmox.control import Remote
from tests.simulators.proxmox.serving import ChrPve
from tests.unit.support import quiet
from tests.waiting import PATIENCE

Options = dict[str, t.Any]
FOREIGN: list[tuple[FakeVm, str]] = []  # of the test that runs, with their configurations' digests
TOKEN = {"token_id": "root@pam!tests", "token_secret": "s3cret-s3cret"}


def connection_options(pve: ChrPve, ca: str, **more: t.Any) -> Options:
    """The options of a connection as the module gets them: those that are left out are None, or their default."""
    return _options({"host": pve.host, "port": pve.port, "ca_path": ca, **TOKEN}, **more)


def process_options(remote: Remote) -> Options:
    """The same for a double in a process of its own."""
    return _options(remote.about)


def _options(about: Options, **more: t.Any) -> Options:
    known = {name: option.get("default") for name, option in CONNECTION["options"].items()}
    given = {name: about[name] for name in ("port", "ca_path", "token_id", "token_secret")}
    return {**known, "hosts": [about["host"]], **given, "timeout": PATIENCE, "task_timeout": PATIENCE, **more}


def api(options: Options, concurrency: int = 2) -> t.ContextManager[Api]:
    """An open connection."""
    return closing(Api(options, concurrency))


class DeafPve(ChrPve):
    """Guests that do not shut down when they are asked to."""

    async def _do_shutdown(self, vm: FakeVm, user: str, values: t.Any) -> str:
        vm.acpi = False
        return await super()._do_shutdown(vm, user, values)


def offer_token(pve: ChrPve) -> None:
    """Let TOKEN in."""
    pve.apitokens[TOKEN["token_id"]] = TOKEN["token_secret"]


def connect(options: Options, concurrency: int = 2) -> t.ContextManager[Hypervisor]:
    """The driver."""
    return driver.connect(options, concurrency)


def image(path: Path, *, boots: bool = True) -> str:
    """A disk image: of a simulated CHR, or of nothing that boots."""
    head = b"vrouter.version=7.20.8 " if boots else b"nothing"
    path.write_bytes(head.ljust(510, b"\0") + b"\x55\xaa" + bytes(69_000))
    return str(path)


def add_foreign(pve: ChrPve, name: str) -> FakeVm:
    """A guest that somebody else made, which runs. Whatever a test does, it is the same afterwards."""
    vmid = 900 + len(pve.vms)
    config = {"net0": f"virtio=BC:24:11:00:00:{len(pve.vms):02X},bridge=vmbr0,firewall=1", "description": "theirs", "tags": "theirs"}
    theirs = pve.add_vm(vmid, name, node="pve1", status="running", config=config)
    FOREIGN.append((theirs, digest(theirs)))
    return theirs


def check_foreign() -> None:
    """Raise where somebody else's guest was changed."""
    before, FOREIGN[:] = FOREIGN[:], []
    assert [digest(theirs) for theirs, dummy in before] == [was for dummy, was in before]


def guest(name: str, path: str, **more: t.Any) -> Options:
    """An entry of `guests`: two interfaces on a bridge that every node has."""
    nics = [{"name": "ether1", "network": "vmbr0"}, {"name": "ether2", "network": "lan"}]
    networks = [{"name": "lan", "attach_to": "vmbr0", "vlan_tag": 20}]
    return {"name": name, "image": path, "version": "7.20.8", "memory": 320, "interfaces": nics, "networks": networks, **more}


def tried(options: Options, *wanted: Options, check_mode: bool = False, concurrency: int = 2) -> dict[str, Outcome]:
    """One run of the engine, as a module makes it."""
    with connect(options, concurrency) as hypervisor:
        specs, errors = parse_guests(list(wanted), hypervisor.platform)
        assert not errors, errors
        return converge_guests(hypervisor, specs, check_mode=check_mode, concurrency=concurrency, progress=quiet)


def converge(options: Options, *wanted: Options, check_mode: bool = False, concurrency: int = 2) -> dict[str, Outcome]:
    """The same, in which nothing fails."""
    outcomes = tried(options, *wanted, check_mode=check_mode, concurrency=concurrency)
    errors = {name: str(outcome.error) for name, outcome in outcomes.items() if outcome.error}
    assert errors == {}, errors
    return outcomes


def vm(pve: ChrPve, name: str) -> FakeVm:
    """The first guest of a name."""
    found: FakeVm = next(one for one in pve.vms if one.name == name)
    return found


def state(options: Options, name: str) -> GuestState:
    """A guest as the driver sees it."""
    with connect(options) as driver:
        found = driver.observe([name]).get(name)
    assert found is not None
    return found


def segments(*wanted: Options) -> dict[str, SegmentSpec]:
    """Described segments, as a module parses them."""
    specs, errors = parse_segments(list(wanted), PLATFORM)
    assert not errors, errors
    return specs


def tried_segments(options: Options, *wanted: Options, check_mode: bool = False) -> dict[str, Outcome]:
    """One run for segments, as a module makes it."""
    with connect(options) as hypervisor:
        return converge_segments(hypervisor, segments(*wanted), check_mode=check_mode, concurrency=2)


def converge_networks(options: Options, *wanted: Options, check_mode: bool = False) -> dict[str, Outcome]:
    """The same, in which nothing fails."""
    outcomes = tried_segments(options, *wanted, check_mode=check_mode)
    assert {name: str(outcome.error) for name, outcome in outcomes.items() if outcome.error} == {}
    return outcomes
