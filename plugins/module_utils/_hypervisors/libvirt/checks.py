# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a libvirt host cannot do of the plans, found out before anything is touched (private)."""

from __future__ import annotations

import typing as t

from ..._core.batch import Planned
from ..._core.errors import HypervisorError, InputError, RouterError, UnsupportedError
from ..._guests.guest import GuestSpec
from ..._guests.plan import GuestPlan
from ..._images.local import Images
from . import host, storage
from .connection import Connections, translated
from .networks import Networks
from .platform import PLATFORM
from .reading import macs_in_use


class Checks:
    """Networks, pool, image, MACs and accelerator of every guest that would be made."""

    def __init__(self, connections: Connections, networks: Networks, images: Images) -> None:
        self._connections = connections
        self._networks = networks
        self._images = images
        self._kvm: bool | None = None

    def kvm_works(self) -> bool:
        """Whether this host can run a guest under KVM; asked once."""
        if self._kvm is None:
            with translated("the host's capabilities cannot be read"):
                self._kvm = host.kvm_works(self._connections.get())
        return self._kvm

    def all(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        """What is wrong, by guest."""
        errors: dict[str, RouterError] = {}
        taken = macs_in_use(self._connections.get()) if any(plan.creates for plan in plans.values()) else {}
        for name, plan in plans.items():
            try:
                if plan.needs_disk:
                    self._disk(plan, planned)
                if plan.creates:
                    self._new(plan.spec, planned, taken)
            except RouterError as error:
                errors[name] = error
        return errors

    def _new(self, spec: GuestSpec, planned: Planned, taken: t.Mapping[str, str]) -> None:
        if spec.own_value("machine", PLATFORM) == "q35" and spec.disk_bus == "ide":
            raise UnsupportedError("disk_bus: machine q35 has no IDE", remedy="Use machine pc, or disk_bus sata or virtio")
        if spec.own.get("accelerator") == "kvm" and not self.kvm_works():
            raise UnsupportedError(
                "libvirt.accelerator: KVM does not work on this host, whatever its device node says", remedy="Enable VT-x or AMD-V, or use qemu"
            )
        for nic in spec.interfaces:
            if nic.network not in planned.networks:
                self._networks.require(str(nic.network))
            if nic.mac in taken:
                raise InputError(f"interfaces.{nic.name}.mac: {nic.mac} belongs to guest {taken[str(nic.mac)]}", remedy="Use another MAC")

    def _disk(self, plan: GuestPlan, planned: Planned) -> None:
        pool = storage.Pool(self._connections.get(), pool_of(plan))
        if plan.spec.image in planned.images:
            return
        image = self._images.get(str(plan.spec.image))
        size = plan.spec.disk_size
        if size is not None and (size << 20) < image.size:
            raise InputError(f"disk_size: {size} MiB is below the image's own {image.size >> 20} MiB", remedy="Disks only grow")
        if plan.spec.own.get("disk_clone") == "full" and (free := pool.free_mib(image.size >> 20)) < (image.size >> 20):
            raise HypervisorError(
                f"storage pool {pool.name} has no room for a full copy",
                wanted=f"{image.size >> 20} MiB",
                found=f"{free} MiB free",
                remedy="Make room, or use libvirt.disk_clone: linked",
            )


def pool_of(plan: GuestPlan) -> str:
    """The storage pool of a guest's disk: where it is already named, else where it is wanted."""
    wanted = plan.spec.own_value("pool", PLATFORM)
    return str(plan.found.own["pool"] if plan.found is not None else wanted)
