# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How guests stand, and where they are now: one question for each, its answer kept until it is changed (private)."""

from __future__ import annotations

import threading
import typing as t
from dataclasses import replace

from ..._core.errors import HypervisorError, RouterError
from ..._guests.guest import GuestRef, GuestState
from ..._guests.hypervisor import Observed
from .cluster import Cluster, Found
from .config import Config, Standing, state_of, uuid_of
from .connection import Api, PveError, saying
from .properties import nets
from .tasks import Tasks

GONE: t.Final = "does not exist"  # Configuration file '...' does not exist (1.4)
OUTDATED: t.Final = "checksum mismatch"  # somebody else changed the configuration since it was read (1.4)
TRIES: t.Final = 8  # of a change that others come in between

Answer = t.TypeVar("Answer")
Edit = t.Callable[[Config], Config]  # of what is stored: the fields that are to be sent, none for nothing to do


class Reader:
    """Reads guests and changes their configurations, wherever they are."""

    def __init__(self, api: Api, tasks: Tasks, cluster: Cluster) -> None:
        self._api = api
        self._tasks = tasks
        self._cluster = cluster
        self._places: dict[str, str] = {}  # node by UUID, where it is another than the reference says
        self._kept: dict[str, Config] = {}  # configurations by UUID, as last read
        self._lock = threading.Lock()

    # Reading

    def named(self, names: t.Collection[str]) -> Observed:
        """The guests of these names."""
        return self._read(self._cluster.named(names))

    def ours(self) -> Observed:
        """Every guest with our mark."""
        found = self._read(self._cluster.ours())
        return replace(found, guests={name: guest for name, guest in found.guests.items() if guest.mark is not None})

    def _read(self, found: Found) -> Observed:
        answers = dict(zip(found.guests, self._cluster.side_by_side(self._state, found.guests.values()), strict=True))
        errors = {name: answer for name, answer in answers.items() if isinstance(answer, RouterError)}
        return Observed({name: guest for name, guest in answers.items() if isinstance(guest, GuestState)}, {**found.errors, **errors})

    def _state(self, standing: Standing) -> GuestState | RouterError | None:
        """The guest, or why it cannot be read; None for one that somebody removes meanwhile."""
        try:
            running, stored = self._pending(standing)
            state = state_of(standing, running, stored)
            if state.cloned:
                state = replace(state, shared_macs=self.macs(but_of=standing.vmid))
        except PveError as error:
            return None if GONE in error.text else error.about(f"guest {standing.name} cannot be read")
        except RouterError as error:
            return error
        return state

    def _pending(self, standing: Standing) -> tuple[Config, Config]:
        """The configuration as it runs, and as it will be after the next start."""
        items = self._api.get(f"nodes/{standing.node}/qemu/{standing.vmid}/pending")
        running = {item["key"]: item["value"] for item in items if "value" in item}
        changed = {item["key"]: item["pending"] for item in items if "pending" in item}
        deleted = {item["key"] for item in items if item.get("delete")}
        return running, {key: value for key, value in {**running, **changed}.items() if key not in deleted}

    def pending(self, guest: GuestRef) -> set[str]:
        """The keys that wait for the guest's next start."""
        items = self.at(guest, lambda path: self._api.get(f"{path}/pending"))
        return {str(item["key"]) for item in items if "pending" in item or item.get("delete")}

    def macs(self, but_of: int = 0) -> dict[str, str]:
        """The MACs of all guests that the login may see, and whose they are: a question for each guest."""
        there = [guest for guest in self._cluster.resources().guests if guest.vmid != but_of]

        def of(place: tuple[str, int]) -> dict[str, str]:
            try:
                config = self._api.get(f"nodes/{place[0]}/qemu/{place[1]}/config")
            except PveError:  # one that goes, or whose node is away
                return {}
            return dict.fromkeys((net.mac for net in nets(config).values()), str(config.get("name", f"VM {place[1]}")))

        taken: dict[str, str] = {}
        for answer in self._cluster.side_by_side(of, [(guest.node, guest.vmid) for guest in there]):
            taken.update(answer)
        return taken

    # One guest

    def place(self, guest: GuestRef) -> tuple[str, int]:
        """Node and VMID, as last known."""
        return self._places.get(guest.uuid, guest.location), int(guest.id)

    def at(self, guest: GuestRef, ask: t.Callable[[str], Answer]) -> Answer:
        """Ask something at a guest's path; where it has moved, at its new one. Raises HypervisorError for one that has gone."""
        node, vmid = self.place(guest)
        try:
            return ask(f"nodes/{node}/qemu/{vmid}")
        except PveError as error:
            if GONE not in error.text or "qemu-server" not in error.text:
                raise
        listed = self._cluster.resources().guest(vmid)
        if listed is None or listed.node == node:
            raise self._gone(guest)
        self._places[guest.uuid] = listed.node
        return ask(f"nodes/{listed.node}/qemu/{vmid}")

    @staticmethod
    def _gone(guest: GuestRef) -> HypervisorError:
        return HypervisorError(f"guest {guest.name} cannot be found any more", found=f"VM {guest.id}", remedy="Run again")

    def config(self, guest: GuestRef) -> Config:
        """What is stored of a guest now. Raises HypervisorError where another has its place."""
        config: Config = self.at(guest, lambda path: self._api.get(f"{path}/config"))
        if uuid_of(config) != guest.uuid:
            raise self._gone(guest)
        with self._lock:
            self._kept[guest.uuid] = config
        return config

    def change(self, guest: GuestRef, edit: Edit, what: str) -> Config:
        """Read, change and write a configuration, as often as somebody else is quicker. The fields that were sent.

        What was read last may be old: the digest that goes with the change finds that out.
        """
        for dummy in range(TRIES):
            with self._lock:
                config = self._kept.pop(guest.uuid, None)
            config = config or self.config(guest)
            fields = edit({key: value for key, value in config.items() if key != "digest"})
            if not fields:
                with self._lock:
                    self._kept.setdefault(guest.uuid, config)
                return {}
            try:
                with saying(what):
                    self._tasks.unlocked(lambda: self._put(guest, fields, config), what)  # noqa: B023
            except PveError as error:
                if OUTDATED not in error.text:
                    raise
                continue
            finally:
                self.forget(guest)
            return fields
        raise HypervisorError(what, found="others change the guest's configuration all the time", remedy="Run again")

    def _put(self, guest: GuestRef, fields: Config, config: Config) -> None:
        self.at(guest, lambda path: self._api.put(f"{path}/config", digest=config.get("digest"), **fields))

    def forget(self, guest: GuestRef) -> None:
        """What was read of a guest is old now."""
        with self._lock:
            self._kept.pop(guest.uuid, None)
