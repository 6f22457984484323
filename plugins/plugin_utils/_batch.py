# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All phases of a batch: which module runs serve which routers, and when each may begin (private)."""

from __future__ import annotations

import contextvars
import threading
import typing as t
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ._phase import Phase, Values
from ._rules import complete, planned, takes_part
from ._shares import deferred, failure, merge, own_result, repeaters, summed, union
from ._wording import in_variables

Execute = t.Callable[[str, Values], Values]  # runs a module with these arguments, and returns what it returned
Rule = t.Callable[["Batch", Phase, Sequence["Router"]], Mapping[str, Values]]  # the routers' shares, by host


@dataclass
class Router:
    """One router's way through the phases. Only one phase works on it at a time."""

    host: str
    described: Mapping[str, Values]  # by phase
    earlier: Mapping[str, Values]  # what earlier batches of the play left, by phase
    hypervisor: str | None = None  # its kind
    shares: dict[str, Values] = field(default_factory=dict)

    @property
    def results(self) -> Values:
        """What it is known by."""
        return {**self.earlier, **self.shares}

    @property
    def failed(self) -> bool:
        return any(share["failed"] for share in self.shares.values())


@dataclass
class Batch:
    """Phases in order, for all routers of a play.

    A module run begins as soon as the earlier phases of all its routers are over, so a hypervisor waits for another one only where one module run
    serves routers of both. A router that failed in one phase takes no part in the next.
    """

    phases: Sequence[Phase]
    routers: Mapping[str, Router]
    execute: Execute
    rules: Mapping[str, Rule]
    say: t.Callable[[str], None]
    at_once: int = 5  # module runs
    check_mode: bool = False

    def run(self) -> dict[str, Values]:
        """Each router's result of all phases, by host."""
        jobs = [(phase, hosts, self._alone(phase, hosts)) for phase in self.phases for hosts in self.groups(phase)]
        self._turns = threading.BoundedSemaphore(max(1, self.at_once))
        begun: list[tuple[Phase, Collection[str], bool, Future[None]]] = []
        with ThreadPoolExecutor(max(1, len(jobs))) as threads:
            for phase, hosts, alone in jobs:
                before = [
                    future
                    for earlier, others, was_alone, future in begun
                    if not set(others).isdisjoint(hosts) or (earlier is phase and alone and was_alone)
                ]
                context = contextvars.copy_context()  # ansible-core keeps what a task's templates need in there
                begun.append((phase, hosts, alone, threads.submit(context.run, self._job, phase, hosts, before)))
        for *dummy, future in begun:
            future.result()
        return {host: summed(router.shares, router.earlier, self.check_mode) for host, router in self.routers.items()}

    def _alone(self, phase: Phase, hosts: Collection[str]) -> bool:
        return any(self.routers[host].described[phase.name]["one_at_a_time"] for host in hosts)

    def groups(self, phase: Phase) -> list[list[str]]:
        """The hosts of each module run that this phase may need."""
        groups: dict[str, list[str]] = {}
        for host, router in self.routers.items():
            part = router.described.get(phase.name)
            if part and (part["entries"] or phase.rule):
                groups.setdefault(part["key"], []).append(host)
        return list(groups.values())

    def _job(self, phase: Phase, hosts: Collection[str], before: Collection[Future[None]]) -> None:
        for future in before:
            future.result()  # after a defect nothing goes on
        routers = [self.routers[host] for host in hosts]
        routers = [router for router in routers if not router.failed and takes_part(router.described[phase.name], router.results)]
        if not routers:
            return
        if phase.rule:
            shares = self.rules[phase.rule](self, phase, routers)
        else:
            with self._turns:
                shares = self._module_run(phase, routers)
        for router in routers:
            router.shares[phase.name] = self._worded(phase, router, shares[router.host])

    def _module_run(self, phase: Phase, routers: Sequence[Router]) -> dict[str, Values]:
        described = {router.host: complete(phase, router.described[phase.name], router.results) for router in routers}
        entries, contradictions = merge(described, phase.alone)
        title = f"{phase.name}, {_some([router.host for router in routers])}"
        self.say(f"{title}: begins")
        batch = self.execute(phase.module, self._arguments(phase, routers, entries)) if entries else {phase.returns: {}}
        repeating = repeaters(described)
        shares: dict[str, Values] = {}
        for host, listed in described.items():
            if host in contradictions:
                shares[host] = failure(contradictions[host])
            else:
                shares[host] = own_result(batch, phase.returns, [str(entry["name"]) for entry in listed], first=host not in repeating)
        counts = {what: sum(bool(share.get(what)) for share in shares.values()) for what in ("changed", "failed")}
        self.say(f"{title}: {', '.join(f'{count} {what}' for what, count in counts.items())}")
        return shares

    def _arguments(self, phase: Phase, routers: Sequence[Router], entries: list[Values]) -> Values:
        """The module's arguments; those that are the whole run's are the first router's, but for lists of objects, which are everybody's."""
        first = routers[0].described[phase.name]
        arguments: Values = {**first["connection"], **first["arguments"]}
        for name in first["arguments"]:
            everybodys = {router.host: router.described[phase.name]["arguments"].get(name, []) for router in routers}
            if all(_are_objects(value) for value in everybodys.values()):
                arguments[name] = merge(everybodys)[0]
        # a module that only reads takes plain names
        arguments[phase.option] = [entry["name"] for entry in entries] if phase.option == "names" else entries
        plan = union(planned(phase, router.described[phase.name], router.results) for router in routers) if self.check_mode else {}
        return {**arguments, "planned": plan} if plan else arguments

    def _worded(self, phase: Phase, router: Router, share: Values) -> Values:
        if share.get("msg"):
            share["msg"] = in_variables(str(share["msg"]), router.described[phase.name]["names"])
        return {"of": phase.of, **deferred(share, router.described[phase.name]["defer"])}


def _are_objects(value: t.Any) -> bool:
    """Whether it is a list of things that have names."""
    return isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value)


def _some(hosts: Sequence[str]) -> str:
    """A few words for so many hosts."""
    return hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more"
