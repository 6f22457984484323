# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Proxmox VE driver: one cluster, or a node of its own (private)."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager
from dataclasses import replace

from ..._core.batch import Planned, Progress
from ..._core.changes import Change
from ..._core.errors import HypervisorError, RouterError, UnsupportedError
from ..._guests.guest import GuestRef, GuestSpec, GuestState, Mark, NewGuest, Power
from ..._guests.hypervisor import Hypervisor, Observed, Report
from ..._guests.plan import GuestPlan
from ..._guests.segment import SegmentPlan, SegmentSpec, SegmentState
from ..._routeros.way import Way
from . import mark
from .agent import Agents
from .checks import Checks
from .cluster import Cluster
from .config import Config, identity, net_key
from .connection import Api
from .firewall import Firewall
from .images import Uploads
from .making import Maker
from .networks import Networks
from .node_shell import NodeShell
from .placement import Place
from .platform import PLATFORM
from .power import Powers
from .properties import Net, tags
from .reading import Reader
from .tasks import Tasks


@contextmanager
def connect(options: t.Mapping[str, t.Any], concurrency: int) -> t.Iterator[Hypervisor]:
    """An open driver for the `proxmox` options; closed at the end. Raises InputError for options that cannot be. Nobody is asked yet."""
    api = Api(options, concurrency)
    try:
        yield ProxmoxHypervisor(api, concurrency, NodeShell.of(options))
    finally:
        api.close()


class ProxmoxHypervisor:
    """One cluster's guests."""

    platform = PLATFORM

    def __init__(self, api: Api, concurrency: int, shell: NodeShell | None) -> None:
        self.title = f"Proxmox VE at {api.host}"
        self._api = api
        self._cluster = Cluster(api, concurrency)
        self._tasks = Tasks(api)
        self._guests = Reader(api, self._tasks, self._cluster)
        self._powers = Powers(api, self._tasks, self._guests)
        self._networks = Networks(api, self._cluster, self._tasks)
        self._firewall = Firewall(api)
        self._uploads = Uploads(api, self._tasks)
        self._checks = Checks(api, self._cluster, self._networks, self._firewall, self._uploads, self._guests)
        self._agents = Agents(api, shell)
        self._maker = Maker(api, self._tasks, self._cluster, self._guests, self._uploads, self._powers)

    # reading

    def observe(self, names: t.Collection[str]) -> Observed:
        return self._guests.named(names)

    def check(self, plans: t.Mapping[str, GuestPlan], planned: Planned) -> dict[str, RouterError]:
        return self._checks.all(plans, planned)

    def power(self, guest: GuestRef) -> Power:
        return self._powers.of(guest)

    def disk_id(self, guest: GuestRef) -> str:
        return identity(self._guests.config(guest))

    # making

    def prepare(self, plans: t.Mapping[str, GuestPlan], progress: Progress) -> dict[str, RouterError]:
        """VMIDs that new guests name, and every image that they need, once on each storage that they are made from."""
        self._maker.reserve(plan.spec for plan in plans.values() if plan.creates)
        users: dict[tuple[Place, str], list[str]] = {}
        for name, plan in plans.items():
            if plan.creates and (place := self._checks.place(name)).image_storage:
                where = Place("" if self._is_shared(place) else place.node, "", place.image_storage)
                users.setdefault((where, str(plan.spec.image)), []).append(name)
        errors: dict[str, RouterError] = {}
        for (dummy, path), names in users.items():
            place = self._checks.place(names[0])
            try:
                if not self._uploads.is_there(path, place):
                    progress(names[0], f"uploading {path} to storage {place.image_storage}")
                    self._uploads.bring(path, place)
            except RouterError as error:
                errors.update(dict.fromkeys(names, error))
        return errors

    def _is_shared(self, place: Place) -> bool:
        """Whether all nodes see the same images there."""
        return self._checks.is_shared(place.image_storage)

    def create(self, guest: NewGuest, report: Report) -> GuestRef:
        return self._maker.create(guest, self._checks.place(guest.spec.name), report)

    def make_disk(self, guest: GuestRef, spec: GuestSpec, report: Report) -> str | None:
        """All that is still to be done before the mark says that the guest is whole: what a killed run left out is done by the next."""
        disk_id = self._maker.make_disk(guest, spec)
        if disk_id is not None:
            self._firewall.watch(spec, lambda ask: self._guests.at(guest, ask), report)
        return disk_id

    def remove(self, guest: GuestRef, report: Report) -> None:
        self._maker.remove(guest)

    # changing

    def write_mark(self, guest: GuestRef, change: t.Callable[[Mark], Mark]) -> bool:
        def edit(config: Config) -> Config:
            description, found = mark.split(str(config.get("description", "")))
            if found is None:
                raise HypervisorError(f"guest {guest.name} has lost its mark", found="notes without its line", remedy="Run again")
            wanted = change(found)
            if wanted == found:
                return {}
            notes: Config = {"description": mark.join(description, wanted)}
            shown = tags(config.get("tags"))
            return notes if mark.TAG in shown else {**notes, "tags": ";".join([*shown, mark.TAG])}

        return bool(self._guests.change(guest, edit, "the guest's mark cannot be written"))

    def identify(self, guest: GuestRef) -> str:
        return self._maker.identify(guest)

    def set(self, guest: GuestRef, changes: t.Sequence[Change], report: Report) -> None:
        """All at once. What a running guest does not take at once did not become so: a link that stays up is no link that is down."""
        sent = self._guests.change(guest, lambda config: _edited(config, changes), "the guest cannot be changed")
        wired = {key for key in sent if key.startswith("net")}
        waiting = wired & self._guests.pending(guest) if wired and self.power(guest) != "stopped" else set()
        done = [change for change in changes if _key(change) not in waiting]
        for change in done:
            report.done(change)
        if waiting:
            late = ", ".join(change.field for change in changes if change not in done)
            raise HypervisorError(
                f"{late}: this waits for the guest's next start", remedy="Let Proxmox plug networks while guests run (the guest's option hotplug)"
            )

    # power

    def start(self, guest: GuestRef, report: Report, *, as_stored: bool) -> bool:
        if as_stored and not self._maker.made(guest):
            self._powers.refuse_saved_memory(guest)
        return self._powers.start(guest, report)

    def shut_down(self, guest: GuestRef, timeout: float) -> bool:
        return self._powers.shut_down(guest, timeout)

    def power_off(self, guest: GuestRef) -> None:
        self._powers.power_off(guest)

    # segments

    def observe_segments(self, specs: t.Mapping[str, SegmentSpec], *, with_guests: bool = False) -> dict[str, SegmentState]:
        return self._networks.observe(specs, with_guests=with_guests)

    def check_segment(self, plan: SegmentPlan) -> None:
        self._networks.check(plan)

    def apply_segment(self, plan: SegmentPlan) -> None:
        self._networks.apply(plan)

    # inside the router

    def ways(self, guest: GuestState) -> t.Sequence[Way]:
        return [self._agents.way(int(guest.id), lambda ask: self._guests.at(guest.ref, ask), guest.agent_connected)]

    def list(self) -> Observed:
        return self._guests.ours()


def _key(change: Change) -> str:
    """The key of a configuration in which a field stands."""
    if change.field.startswith("interfaces."):
        return net_key(change.field.split(".")[1])
    return {"autostart": "onboot"}.get(change.field, change.field)


def _edited(config: Config, changes: t.Iterable[Change]) -> Config:
    """What is to be sent for these changes."""
    sent: Config = {}
    for change in changes:
        key = _key(change)
        if key == "description":
            found = mark.split(str(config.get(key, "")))[1]
            sent[key] = mark.join(str(change.after), found or Mark())
        elif key == "onboot":
            sent[key] = int(change.after)
        elif key.startswith("net"):
            sent[key] = str(_edited_net(Net.parse(str(sent.get(key) or config[key])), change))
        else:
            raise UnsupportedError(f"{change.field} cannot be changed", remedy="Look for it in the module's documentation")
    return {key: value for key, value in sent.items() if str(value) != str(config.get(key))}


def _edited_net(net: Net, change: Change) -> Net:
    option = change.field.rpartition(".")[2]
    if option == "mac":
        return replace(net, mac=str(change.after))
    if option == "link":
        return net.with_options(link_down=None if change.after else 1)
    return net.with_options(**{option: int(change.after) if option == "firewall" else change.after})
