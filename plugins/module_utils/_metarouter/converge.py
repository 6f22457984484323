# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many MetaROUTER guests of one RouterBOARD: read in bulk, plan purely, check, act, read back (private).

One session carries everything, so guests are changed one after the other, and waited for together.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from .._core.batch import NOTHING_PLANNED, Outcome, Planned, Progress
from .._core.errors import GuestError, InputError, LostError, RouterError, TrapError, UnsupportedError
from .._core.text import readable
from .._core.waiting import Deadline, wait_for
from .._routeros.api import Api
from . import boards
from .commands import add_addresses, add_guest, apply_nic, note_restart, remove_guest, set_guest
from .facts import guest_facts, holds
from .guest import STOPPED, VmSpec, VmState
from .image_file import local_architecture
from .image_import import Import, forget_imports, import_guest
from .import_record import IMPORTED
from .plan import Host, VmPlan, foreseen, plan_guest
from .read import VM, observe, read_board, read_states
from .session_path import refuse_own_path, session_path

FIRST_LOOK: t.Final = 0.1  # seconds
SLOWEST_LOOK: t.Final = 1.0  # seconds between two looks at the guests' states; RouterOS tells nobody when one changes
SIDE_SHOWS: t.Final = 5.0  # seconds that the host's side of an interface may take to show; not measured
STUBBORN: t.Final = 3  # looks at a stopped guest after which it is told to start: enabling alone did not do it
FASTPATH: t.Final = "interfaces of MetaROUTER guests switch off FastPath and FastTrack for IPv4 on the whole host"

Upload = t.Callable[[str, str], None]


@dataclass(frozen=True)
class Terms:
    """How a batch is carried out. `upload` puts a local file on the router under a name; None where no way in was given."""

    check_mode: bool
    timeout: float = 0  # seconds that a guest may take to change its state
    import_timeout: float = 0  # seconds
    allow_session_path: bool = False
    planned: Planned = NOTHING_PLANNED
    upload: Upload | None = None


@dataclass
class Work:
    """The work as it goes: what is planned, what failed."""

    api: Api
    terms: Terms
    progress: Progress
    board: boards.Board | None = None  # once it was asked
    plans: dict[str, VmPlan] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)  # the ids of new guests
    errors: dict[str, RouterError] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    def busy(self) -> dict[str, VmPlan]:
        """Guests that change and did not fail yet."""
        return {name: plan for name, plan in self.plans.items() if plan.changes and name not in self.errors}

    def item(self, plan: VmPlan) -> str:
        """What the router knows a guest by. A name does for an item as well, where a RouterOS does not tell a new one's id."""
        return plan.found.id if plan.found is not None else self.made.get(plan.spec.name) or plan.spec.name

    def each(self, act: t.Callable[[VmPlan], list[str] | None], plans: t.Mapping[str, VmPlan]) -> None:
        """Do something for each guest; one that fails drops out alone. A lost session ends the batch: every other guest would fail too."""
        for name, plan in plans.items():
            try:
                self.warnings.setdefault(name, []).extend(act(plan) or ())
            except LostError:
                raise
            except TrapError as error:
                self.errors[name] = boards.explained(error, self.board)
            except RouterError as error:
                self.errors[name] = error


def converge(api: Api, specs: t.Mapping[str, VmSpec], terms: Terms, progress: Progress) -> dict[str, Outcome]:
    """Make every wanted guest so; an outcome for each. In check mode nothing is touched."""
    with_addresses = any(nic.host_addresses is not None for spec in specs.values() for nic in spec.interfaces)
    found, host = observe(api, with_addresses)
    host = replace(host, interfaces={**host.interfaces, **dict.fromkeys(terms.planned.networks, "bridge")})
    work = Work(api, terms, progress)
    for name, spec in specs.items():
        try:
            work.plans[name] = _plan(spec, found.get(name), host, terms.planned)
        except RouterError as error:
            work.errors[name] = error
    if work.busy():
        _check(work, found)
    refused = set(work.errors)  # before anything was touched: these have no changes to show
    under_way = _under_way(work)
    if not terms.check_mode:
        try:
            forget_imports(api, [name for name, spec in specs.items() if spec.image_name is not None and name in found], IMPORTED)
            if work.busy() or under_way:
                for wanted in set(under_way.values()):
                    _wait(work, [name for name, ends in under_way.items() if ends == wanted], wanted)
                _apply(work)
                found, dummy = observe(api, with_addresses)
        except LostError as error:  # what stands now is not known; the next run finds out
            work.errors.update(dict.fromkeys([*work.busy(), *under_way] or specs, error))
    return {name: _outcome(name, work, found.get(name), name in refused) for name in specs}


def _under_way(work: Work) -> dict[str, tuple[str, ...]]:
    """Guests that are on their way to where they are wanted, for example since a run that was cut off, and the states that end it: nothing
    changes, and they are waited for. What is to be changed in a guest that shuts down waits for that as well."""
    ends: dict[str, tuple[str, ...]] = {}
    for name, plan in work.plans.items():
        state = plan.found.state if plan.found is not None and name not in work.errors else ""
        if state in ("booting", "rebooting") and plan.spec.state == "started":
            ends[name] = ("running",)
        elif state == "shutting-down" and (plan.own or plan.spec.state in ("stopped", "disabled")):
            ends[name] = STOPPED
    return ends


def _plan(spec: VmSpec, found: VmState | None, host: Host, planned: Planned) -> VmPlan:
    """The plan from what was found or, in check mode, from what earlier tasks would have left: a guest that they make, or describe whole."""
    if spec.name in planned.guests and spec.configured:
        found, host = foreseen(plan_guest(replace(spec, configured=False), found, host), host)
    elif spec.name in planned.guests and spec.only_interfaces and found is None:
        found = VmState.fresh(spec.name)
    return plan_guest(spec, found, host)


def _check(work: Work, found: t.Mapping[str, VmState]) -> None:
    """All that can stand in the way, before the first command that changes something; first the host, then what guests ask of it."""
    board = work.board = read_board(work.api)
    fatal, warnings = boards.known_issues(board)
    path = session_path(work.api) if any(plan.touched for plan in work.busy().values()) and not work.terms.allow_session_path else frozenset()
    guests, nics, needed = len(found), sum(len(vm.interfaces) for vm in found.values()), 0
    fastpath = nics == 0
    for name, plan in work.busy().items():
        try:
            for error in fatal if plan.creates else ():
                raise error
            _check_image(work, plan, board)
            refuse_own_path(work.api, plan.touched, path)
            boards.check_room(guests, int(plan.creates))
            boards.check_interfaces(nics, plan.new_nics)
            memory = _memory_to_start(plan)
            if memory:
                boards.check_memory(board, needed + memory)
        except RouterError as error:
            work.errors[name] = error
            continue
        guests, nics, needed = guests + int(plan.creates), nics + plan.new_nics, needed + memory
        notes = work.warnings.setdefault(name, [])
        if warnings and plan.creates:
            notes.extend(warnings)
            warnings = []
        if plan.new_nics and fastpath:
            notes.append(FASTPATH)
            fastpath = False


def _memory_to_start(plan: VmPlan) -> int:
    """MiB that the host must have free for a guest that starts; one that restarts has it already."""
    if not plan.starts or (plan.found is not None and plan.found.state not in STOPPED):
        return 0
    if plan.found is None:
        return plan.spec.new_memory
    return plan.spec.memory_size or plan.found.memory_size or 0


def _check_image(work: Work, plan: VmPlan, board: boards.Board) -> None:
    spec = plan.spec
    if not plan.creates or spec.image_name is None:
        return
    boards.check_import(board)
    architecture = local_architecture(spec.image_src) if spec.image_src else None
    boards.check_architecture(board, spec.image_name, architecture or boards.family(spec.image_name))
    if spec.image_src:
        if work.terms.upload is None:
            raise InputError("image_src: a local image needs a way to the router", remedy="Give ssh, with at least its host")
    elif spec.image not in work.terms.planned.images and not work.api.print("/file", ("name",), f"?name={spec.image}"):
        raise UnsupportedError(f"image: the router has no file {spec.image}", remedy="Upload it first, or name a local file in image_src")


def _apply(work: Work) -> None:
    """Stop, then change, then start, and last what needs a running guest; each step for all guests."""
    _stop(work)
    work.each(lambda plan: _change(work, plan), work.busy())
    _start(work)
    late = {name: plan for name, plan in work.busy().items() if _address_changes(plan)}
    if late:
        now = _once_wired(work.api, late)
        work.each(lambda plan: _put_addresses(work.api, plan, now.get(plan.spec.name)), late)


def _stop(work: Work) -> None:
    stopping = {
        name: plan
        for name, plan in work.busy().items()
        if plan.found is not None and plan.found.state not in (*STOPPED, "shutting-down") and plan.after("state") is not None
    }

    def shut_down(plan: VmPlan) -> None:
        work.progress(plan.spec.name, "shutting down")
        work.api.act(VM, "shut-down", work.item(plan))

    work.each(shut_down, stopping)
    _wait(work, {name for name in stopping if name not in work.errors}, STOPPED)


def _change(work: Work, plan: VmPlan) -> list[str]:
    """Everything but power. A guest that is removed is gone after this."""
    spec, api = plan.spec, work.api
    if spec.state == "absent":
        work.progress(spec.name, "removing")
        remove_guest(api, plan)
        forget_imports(api, [spec.name])
        return []
    noted = True
    if plan.found is None:
        warnings = _make(work, plan)
    else:
        noted, warnings = set_guest(api, plan.found, plan)
        noted = noted and not any(nic.found.pending for nic in plan.nics if nic.found is not None and nic.wanted.state == "absent")
    for nic in sorted(plan.nics, key=lambda nic: (nic.wanted.state == "present", nic.wanted.number)):
        if nic.changes:
            apply_nic(api, spec.name, nic)
    if not noted:
        note_restart(api, spec.name, plan.pending)
    if plan.after("state") == "disabled" and plan.found is not None and not plan.found.disabled:
        api.act(VM, "disable", plan.found.id)
    return warnings


def _make(work: Work, plan: VmPlan) -> list[str]:
    spec = plan.spec
    if spec.image_name is None:
        work.progress(spec.name, "making the guest")
        work.made[spec.name], warnings = add_guest(work.api, spec)
        return warnings
    if spec.image_src and work.terms.upload is not None:
        work.progress(spec.name, f"uploading {spec.image_name}")
        work.terms.upload(spec.image_src, spec.image_name)
    job = Import(work.api, spec, work.plans, work.terms.import_timeout, lambda what: work.progress(spec.name, what))
    work.made[spec.name], warnings = import_guest(job)
    return warnings


def _start(work: Work) -> None:
    starting = {name: plan for name, plan in work.busy().items() if plan.starts}

    def start(plan: VmPlan) -> None:
        work.progress(plan.spec.name, "starting")
        enabled = plan.found is not None and not plan.found.disabled
        work.api.act(VM, "start" if enabled else "enable", work.item(plan))

    work.each(start, starting)
    _wait(work, {name for name in starting if name not in work.errors}, ("running",))


def _wait(work: Work, names: t.Collection[str], wanted: t.Collection[str]) -> None:
    """Wait until these guests are in one of the wanted states; one that is not in time fails."""
    waiting, states = set(names), dict[str, str]()
    for look, dummy in enumerate(Deadline(work.terms.timeout).looks(FIRST_LOOK, SLOWEST_LOOK), 1):
        if waiting:
            states = read_states(work.api)
            waiting = {name for name in waiting if states.get(name) not in wanted}
        if not waiting:
            return
        if look == STUBBORN and "running" in wanted:
            for name in [name for name in waiting if states.get(name) == "stopped"]:
                _start_again(work.api, work.item(work.plans[name]))
    for name in waiting:
        work.errors[name] = GuestError(
            f"{name} did not change its state within {work.terms.timeout:g} s",
            wanted=" or ".join(wanted),
            found=states.get(name, "gone"),
            remedy="Look at its console (metarouter_console), or raise timeout; run again to go on from here",
        )


def _start_again(api: Api, item: str) -> None:
    try:
        api.act(VM, "start", item)
    except TrapError:
        return  # it starts by itself meanwhile; the next look tells


def _address_changes(plan: VmPlan) -> list[t.Any]:
    return [change for nic in plan.nics for change in nic.changes if change.field.endswith(".host_addresses")]


def _once_wired(api: Api, plans: t.Mapping[str, VmPlan]) -> dict[str, VmState]:
    """The guests, as soon as the host's side of each interface that gets an address shows; it may follow a moment after the guest runs."""
    slots = [(name, change.field.split(".")[1]) for name, plan in plans.items() for change in _address_changes(plan)]
    now: dict[str, VmState] = {}

    def look() -> bool | None:
        now.update(observe(api, with_addresses=False)[0])
        sides = [now[name].nic(slot) if name in now else None for name, slot in slots]
        return True if all(nic is not None and nic.host_interface for nic in sides) else None

    wait_for(look, SIDE_SHOWS, first=FIRST_LOOK, slowest=SLOWEST_LOOK)
    return now


def _put_addresses(api: Api, plan: VmPlan, now: VmState | None) -> None:
    for change in _address_changes(plan):
        slot = change.field.split(".")[1]
        nic = now.nic(slot) if now is not None else None
        if nic is None or not nic.host_interface:
            raise GuestError(
                f"interfaces.{slot}.host_addresses: the host's side of {slot} is not known",
                remedy="Give the interface a host_name, which makes one with a name of its own",
            )
        add_addresses(api, plan.spec.name, change, nic.host_interface)


def _outcome(name: str, work: Work, now: VmState | None, refused: bool) -> Outcome:
    plan, error = work.plans.get(name), work.errors.get(name)
    changes = plan.changes if plan is not None and not refused else ()
    if plan is not None and error is not None and not refused:
        changes = tuple(change for change in changes if holds(change.field, change.after, now))
    facts = guest_facts(now)
    facts["closed"] = plan.closed if plan is not None and error is None else [nic.name for nic in now.interfaces if nic.closed] if now else []
    if work.terms.check_mode or now is None:
        facts["restart_needed"] = plan is not None and not refused and error is None and plan.pending
    warnings = (*(plan.warnings if plan is not None and plan.changes else ()), *work.warnings.get(name, ()))
    shown = tuple(replace(change, before=readable(change.before), after=readable(change.after)) for change in changes)
    return Outcome(name, shown, readable(facts), warnings, error)
