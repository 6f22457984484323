# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New guests: a VMID that nobody has, the disk from an image or a template, and one guest where several runs make it (private).

Facts on Proxmox VE, 1.2 and 1.4: a VMID is taken by who creates it first, and a name by nobody; while a guest is made, its configuration holds
nothing but a lock; where the making fails, nothing is left of it.
"""

from __future__ import annotations

import re
import threading
import typing as t
import uuid as uuidlib

from ..._core.errors import HypervisorError, InputError
from ..._core.waiting import wait_for
from ..._guests.guest import GuestRef, GuestSpec, NewGuest
from ..._guests.hypervisor import Report
from . import mark
from .cluster import BEING_MADE, FIRST_LOOK, SLOWEST_LOOK, Cluster, Listed
from .config import SERIAL, Config, identity, new_config, uuid_of
from .connection import Api, PveError, UnansweredError, saying
from .images import Uploads
from .placement import Place, is_path
from .platform import PLATFORM
from .power import Powers
from .properties import NET, drives, system_drive
from .reading import GONE, Reader
from .tasks import TaskError, Tasks

TAKEN: t.Final = re.compile(r"already exists on node|config file already exists|File exists")
TRIES: t.Final = 50  # VMIDs that others took first
DIED: t.Final = "unexpected status"  # of a task whose worker was killed (1.5)
FAILED: t.Final = "the guest cannot be made"


class Maker:
    """Makes guests."""

    def __init__(self, api: Api, tasks: Tasks, cluster: Cluster, guests: Reader, uploads: Uploads, powers: Powers) -> None:
        self._api = api
        self._tasks = tasks
        self._cluster = cluster
        self._guests = guests
        self._uploads = uploads
        self._powers = powers
        self._mine: set[int] = set()
        self._whole: set[str] = set()  # UUIDs of guests whose disk came with them
        self._given: set[int] = set()  # VMIDs that a worker took or tried, or is to take
        self._ids = threading.Lock()

    def made(self, guest: GuestRef) -> bool:
        """Whether this run made it."""
        return int(guest.id) in self._mine

    def create(self, guest: NewGuest, place: Place, report: Report) -> GuestRef:
        """Make it. Where another run made one of this name at the same time, one of the two goes away again."""
        ref = self._import(guest, place, report) if place.template is None else self._clone(guest, place, place.template, report)
        self._yield_to_another(ref)
        self._cluster.remember(ref.name, ref.location)
        return ref

    # From an image

    def _import(self, guest: NewGuest, place: Place, report: Report) -> GuestRef:
        key = f"{guest.value('disk_bus')}0"
        template = guest.own("template")
        source = template if is_path(template) else self._uploads.volume(str(guest.spec.image), place)
        config = new_config(guest)
        config[key] = f"{place.storage}:0,import-from={source},serial={_serial()}"
        config.update(boot=f"order={key}", pool=guest.own("pool"))
        later = {"tags": config.pop("tags")} if config["pool"] else {}  # who has rights on the pool alone may tag only what is in it

        def begin(vmid: int) -> str:
            return str(self._api.post(f"nodes/{place.node}/qemu", vmid=vmid, **config))

        vmid = self._take_id(guest, place.node, begin, report)
        self._whole.add(guest.uuid)
        ref = GuestRef(guest.spec.name, guest.uuid, str(vmid), place.node)
        if later:
            self._guests.change(ref, lambda dummy: later, FAILED)
        return ref

    # From a template

    def _clone(self, guest: NewGuest, place: Place, template: Listed, report: Report) -> GuestRef:
        """The clone has our mark from its first moment; its hardware and its identity come next."""
        fields = {
            "name": guest.spec.name,
            "description": mark.join(guest.value("description"), guest.mark),
            "full": guest.own("disk_clone") == "full",
            "pool": guest.own("pool"),
            "target": place.node if place.node != template.node else None,
            "storage": place.storage or None,
        }

        def begin(vmid: int) -> str:
            return str(self._api.post(f"nodes/{template.node}/qemu/{template.vmid}/clone", newid=vmid, **fields))

        vmid = self._take_id(guest, place.node, begin, report)
        with saying(FAILED):
            cloned = self._api.get(f"nodes/{place.node}/qemu/{vmid}/config")
        self._shape(GuestRef(guest.spec.name, uuid_of(cloned), str(vmid), place.node), guest)
        return GuestRef(guest.spec.name, guest.uuid, str(vmid), place.node)

    def _shape(self, ref: GuestRef, guest: NewGuest) -> None:
        """Give a clone the hardware that is wanted, MACs and a UUID of its own, and take away what it has too much."""
        wanted = new_config(guest)

        def edit(config: Config) -> Config:
            disk = system_drive(config)
            if not disk:
                raise HypervisorError("the template has no disk", remedy="Make the template of a CHR that boots")
            surplus = [key for key in config if (NET.fullmatch(key) or key == "serial0") and key not in wanted]
            return {**wanted, "boot": f"order={disk}", disk: _with_serial(config, disk), "delete": ",".join(sorted(surplus)) or None}

        self._guests.change(ref, edit, FAILED)

    # VMIDs

    def reserve(self, guests: t.Iterable[GuestSpec]) -> None:
        """No other guest of the batch gets a VMID that one of these names."""
        self._given.update(int(spec.own["vmid"]) for spec in guests if spec.own.get("vmid"))

    def _take_id(self, guest: NewGuest, node: str, begin: t.Callable[[int], str], report: Report) -> int:
        """Begin to make it under a VMID that nobody has, and wait until that is done."""
        fixed = guest.own("vmid")
        for dummy in range(TRIES):
            vmid = int(fixed) if fixed else self._free_id()
            try:
                task = begin(vmid)
            except UnansweredError as error:
                if not self._is_ours(vmid, node, guest):
                    raise error.about(FAILED) from None
                break
            except PveError as error:
                if not TAKEN.search(error.text):
                    remedy = "Use proxmox.disk_clone: full" if "Linked clone" in error.text else ""
                    raise error.about(FAILED, remedy) from None
                if fixed:
                    raise InputError(f"proxmox.vmid: {vmid} is taken", found=error.text, remedy="Choose another, or leave it out") from None
                continue
            self._mine.add(vmid)
            report.progress("making it")
            self._wait(task, vmid, report)
            break
        else:
            raise HypervisorError(FAILED, found=f"{TRIES} VMIDs were taken by others first", remedy="Run again")
        self._mine.add(vmid)
        return vmid

    def _free_id(self) -> int:
        """A VMID that nobody has, and that no other worker was given: it would be refused to one of the two."""
        with saying(FAILED):
            vmid = int(self._api.get("cluster/nextid"))
        with self._ids:
            while vmid in self._given:
                vmid += 1
            self._given.add(vmid)
        return vmid

    def _wait(self, task: str, vmid: int, report: Report) -> None:
        """Where the making fails, nothing is left of it, unless its worker died."""
        try:
            self._tasks.wait(task, FAILED, warn=report.warn)
        except TaskError as error:
            if DIED not in error.text:
                raise
            raise error.about(
                f"{FAILED}: its worker died, and what is left of VM {vmid} is locked", f"On its node: qm unlock {vmid}, then qm destroy {vmid}"
            ) from None

    def _is_ours(self, vmid: int, node: str, guest: NewGuest) -> bool:
        """Whether a request that was not answered made the guest after all: shown by its UUID, and by nothing less."""

        def look() -> bool | None:
            try:
                config = self._api.get(f"nodes/{node}/qemu/{vmid}/config")
            except UnansweredError:
                return None
            except PveError as error:
                if GONE in error.text:
                    return False
                raise
            return None if config.get("lock") in ("create", "clone") else _marked_for(config) == guest.uuid

        return bool(wait_for(look, self._api.task_timeout, first=FIRST_LOOK, slowest=SLOWEST_LOOK))

    # One guest of a name

    def _yield_to_another(self, ref: GuestRef) -> None:
        """Remove the guest that was just made, where another run's of the same name comes first.

        Each run shows its guest, then looks, then finishes it. So of two at least one sees the other: who sees a finished guest goes; of two that
        are unfinished the higher VMID goes at once, and the lower one waits to see what becomes of the other.
        """
        for listed in self._cluster.resources().guests:
            matters = listed.vmid not in self._mine and (self._cluster.is_new(listed) or listed.name in ("", ref.name))
            if matters and self._comes_first(listed, ref):
                self.remove(ref)
                raise HypervisorError(
                    "another run makes a guest of this name", found=f"VM {listed.vmid} on node {listed.node}", remedy="Run again when it is done"
                )

    def _comes_first(self, listed: Listed, ref: GuestRef) -> bool:
        def settled() -> bool | None:
            try:
                config = self._api.get(f"nodes/{listed.node}/qemu/{listed.vmid}/config")
                dummy, marked = mark.split(str(config.get("description", "")))
            except (PveError, HypervisorError):
                return False  # it went, or is not to be understood
            if config.get("name") != ref.name:
                return False
            if marked is None or marked.disk_ready or listed.vmid < int(ref.id):
                return True
            return None

        answer = wait_for(settled, BEING_MADE, first=FIRST_LOOK, slowest=SLOWEST_LOOK)
        return answer is not False

    # The disk

    def make_disk(self, guest: GuestRef, spec: GuestSpec) -> str | None:
        """Finish the disk of a guest; None where that is done."""
        if guest.uuid not in self._whole or not spec.disk_size:
            config = self._guests.config(guest)
            dummy, marked = mark.split(str(config.get("description", "")))
            if marked is None or marked.disk_ready:
                return None
            if marked.guest_uuid != guest.uuid:  # a clone whose making was cut short
                self._shape(guest, NewGuest.of(spec, PLATFORM, guest.uuid))
        if spec.disk_size:
            self._grow(guest, spec.disk_size, f"{spec.value('disk_bus', PLATFORM)}0" if guest.uuid in self._whole else "")
        return self.identify(guest)

    def _grow(self, guest: GuestRef, size: int, key: str) -> None:
        """Make the system disk as large as wanted, in MiB, and read back that it is. Its key where it is known to be of the image's size."""
        what = f"disk_size: the disk cannot grow to {size} MiB"
        if not key:
            config = self._guests.config(guest)
            key = system_drive(config)
            if drives(config)[key].size >= size << 20:
                return
        with saying(what):
            self._tasks.carry_out(lambda: self._guests.at(guest, lambda path: self._api.put(f"{path}/resize", disk=key, size=f"{size}M")), what)
        self._guests.forget(guest)
        have = drives(self._guests.config(guest))[key].size
        if have < size << 20:
            raise HypervisorError(what, found=f"{have >> 20} MiB", remedy="Look at the storage's room and limits")

    def identify(self, guest: GuestRef) -> str:
        """The identity of the system disk; a guest that is off gets one where it has none."""
        given: list[str] = []

        def edit(config: Config) -> Config:
            given[:] = [identity(config)]
            key = system_drive(config)
            if given[0] or not key or not self._is_off(guest):
                return {}
            given[:] = [_serial()]
            return {key: _with_serial(config, key, given[0])}

        self._guests.change(guest, edit, "the guest's disk cannot be given its identity")
        return given[0]

    def _is_off(self, guest: GuestRef) -> bool:
        """Whether nobody has its disk open."""
        return self.made(guest) or self._powers.of(guest) == "stopped"

    def remove(self, guest: GuestRef) -> None:
        """Remove this very guest, with its disks and all that refers to it."""
        self._guests.config(guest)
        with saying("the guest cannot be removed"):
            self._tasks.carry_out(lambda: self._guests.at(guest, lambda path: self._api.delete(path, purge=1)), "the guest cannot be removed")
        self._mine.discard(int(guest.id))


def _serial() -> str:
    return uuidlib.uuid4().hex[:SERIAL]


def _with_serial(config: Config, key: str, serial: str = "") -> str:
    """A disk with a serial number of its own."""
    drive = drives(config)[key]
    drive.options["serial"] = serial or _serial()
    return str(drive)


def _marked_for(config: Config) -> str:
    """The UUID of the guest that a mark was written on."""
    try:
        marked = mark.split(str(config.get("description", "")))[1]
    except HypervisorError:
        return ""
    return marked.guest_uuid if marked else ""
