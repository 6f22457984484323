# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster cannot do of the plans, found out before anything is touched; where each new guest goes is decided with it (private)."""

from __future__ import annotations

import typing as t

from ..._core.batch import Planned
from ..._core.errors import InputError, RouterError, UnsupportedError
from ..._guests.guest import GuestSpec
from ..._guests.plan import GuestPlan
from . import images
from .cluster import Cluster, Listed, Resources
from .config import check_nic, check_words
from .connection import Api
from .firewall import Firewall
from .mark import LINE, NOTES
from .networks import Networks
from .placement import IMAGES, Place, Placement, is_path
from .properties import drives, system_drive
from .reading import Reader

ROOM: t.Final = 1024  # characters of the notes that our mark may take


class Checks:
    """Words, place, image and MACs of every guest that would be made."""

    def __init__(
        self, api: Api, cluster: Cluster, networks: Networks, firewall: Firewall, uploads: images.Uploads, guests: Reader
    ) -> None:
        self._api = api
        self._cluster = cluster
        self._networks = networks
        self._firewall = firewall
        self._uploads = uploads
        self._guests = guests
        self._places: dict[str, Place] = {}
        self._there = Resources()

    def place(self, name: str) -> Place:
        """Where a guest that was checked is to go."""
        return self._places[name]

    def is_shared(self, storage: str) -> bool:
        """Whether a storage is the same on all nodes."""
        return any(found.name == storage and found.is_shared for found in self._there.storages)

    def all(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        """What is wrong, by guest."""
        new = {name: plan for name, plan in plans.items() if plan.creates}
        errors = {name: error for name, plan in plans.items() if (error := _wrong(plan)) is not None}
        if not set(new) - set(errors):
            return errors
        self._there = self._cluster.latest()
        self._firewall.look(plan.spec for plan in new.values())
        placement = Placement(self._there, self._networks.has, self._storage_of)
        given = {nic.mac for plan in new.values() for nic in plan.spec.interfaces if nic.mac}
        taken = self._guests.macs() if given else {}
        for name, plan in new.items():
            if name not in errors:
                try:
                    self._places[name] = self._new(plan.spec, placement, planned, taken)
                except RouterError as error:
                    errors[name] = error
        return errors

    def _storage_of(self, template: Listed) -> str:
        """The storage of a template's system disk."""
        config = self._api.get(f"nodes/{template.node}/qemu/{template.vmid}/config")
        disk = drives(config).get(system_drive(config))
        return disk.volume.partition(":")[0] if disk else ""

    def _new(self, spec: GuestSpec, placement: Placement, planned: Planned, taken: t.Mapping[str, str]) -> Place:
        for nic in spec.interfaces:
            if nic.mac in taken:
                raise InputError(f"interfaces.{nic.name}.mac: {nic.mac} belongs to guest {taken[str(nic.mac)]}", remedy="Use another MAC")
        if spec.own.get("vmid") in self._there.ids:
            raise InputError(f"proxmox.vmid: {spec.own['vmid']} is taken", remedy="Choose another, or leave it out")
        template = spec.own.get("template")
        if is_path(template):
            images.check_root(self._api, str(template))
        place = self._placed(spec, placement, planned)
        if template or spec.image in planned.images:
            return place
        image, size = self._uploads.file(str(spec.image)), spec.disk_size
        if size is not None and (size << 20) < image.size:
            raise InputError(f"disk_size: {size} MiB is below the image's own {image.size >> 20} MiB", remedy="Disks only grow")
        return place

    def _placed(self, spec: GuestSpec, placement: Placement, planned: Planned) -> Place:
        """Where nothing takes images, an old release is a better reason than a missing storage."""
        try:
            return placement.place(spec, {spec.segment(str(nic.network)).carrier for nic in spec.interfaces if nic.network not in planned.networks})
        except UnsupportedError as error:
            if IMAGES in str(error) and not spec.own.get("template") and self._api.version < images.SINCE:
                raise images.too_old(self._api) from None
            raise


def _wrong(plan: GuestPlan) -> RouterError | None:
    """What is wrong with a guest's own words."""
    try:
        check_words(plan.spec.own)
        for nic in plan.spec.interfaces:
            check_nic(nic)
        if any(line.startswith(LINE) for line in (plan.spec.description or "").split("\n")):
            raise InputError(f"description: a line that begins with {LINE.strip()} is our mark's", remedy="Write it otherwise")
        if len(plan.spec.description or "") > NOTES - ROOM:
            raise InputError(f"description: {len(plan.spec.description or '')} characters are too many", wanted=f"at most {NOTES - ROOM}")
    except RouterError as error:
        return error
    return None
