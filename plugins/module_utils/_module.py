# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection does around its own work (private): arguments, connection, progress, errors, masking."""

from __future__ import annotations

import threading
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ._core.batch import Planned, Progress
from ._core.errors import RouterError
from ._core.secrets import Mask
from ._guests.hypervisor import Hypervisor
from ._guests.platform import Platform
from ._hypervisors.registry import DRIVERS, connect, connection_arguments, named
from ._routeros.api import Api, session
from ._routeros.api_options import ApiOptions, api_arguments

_NAMES: t.Final = {"type": "list", "elements": "str", "default": []}
PLANNED: t.Final = {"networks": _NAMES, "images": _NAMES, "guests": _NAMES, "gone": _NAMES}
# What a phase of a role passes on.
PHASE: t.Final = {"planned": {"type": "dict", "options": PLANNED}, "progress_file": {"type": "path"}}

Result = t.Dict[str, t.Any]  # noqa: UP006  (evaluated at import on Python 3.10 as well)


def batch_module(arguments: t.Mapping[str, t.Any], *, other_ways: bool = False) -> AnsibleModule:
    """An AnsibleModule for work on one hypervisor: its own arguments, the drivers' connections and the batch options.

    `other_ways`: the work may be done without any hypervisor.
    """
    connections = connection_arguments()
    several = [list(connections)] if len(connections) > 1 else []
    return AnsibleModule(
        argument_spec={**connections, **arguments, "concurrency": {"type": "int", "default": 8}, **PHASE},
        mutually_exclusive=several,
        required_one_of=[] if other_ways else several,
        supports_check_mode=True,
    )


def api_module(arguments: t.Mapping[str, t.Any], **constraints: t.Any) -> AnsibleModule:
    """An AnsibleModule for work on one router through its API."""
    connection = {"api": {"type": "dict", "required": True, "options": api_arguments()}}
    return AnsibleModule(argument_spec={**connection, **arguments, **PHASE}, supports_check_mode=True, **constraints)


def hypervisor_of(module: AnsibleModule) -> tuple[Platform, list[str]]:
    """The data of the hypervisor that the module's options name, and the keys of those that they do not. Else the module ends."""
    try:
        platform = named(module.params).platform
    except RouterError as error:
        module.fail_json(msg=str(error))
    return platform, [key for key in DRIVERS if key != platform.key]


def planned(module: AnsibleModule) -> Planned:
    """What earlier tasks of a check-mode run would have made."""
    return Planned(**{key: frozenset(names) for key, names in (module.params["planned"] or {}).items()})


def run(module: AnsibleModule, work: t.Callable[[Hypervisor, Progress], Result], secrets: t.Collection[str] = ()) -> None:
    """Connect, work, and leave with the result or with one line that says what to do."""
    concurrency = check_concurrency(module)
    run_in(module, lambda: connect(module.params, concurrency), work, secrets)


def check_concurrency(module: AnsibleModule) -> int:
    """How many objects are worked on at once, if it is a sensible number; else the module ends."""
    concurrency: int = module.params["concurrency"]
    if concurrency < 1:
        module.fail_json(msg=f"concurrency: {concurrency} is below 1.")
    return concurrency


def run_session(module: AnsibleModule, work: t.Callable[[Api, Progress], Result], secrets: t.Collection[str] = ()) -> None:
    """Log in to the router, work, and leave with the result or with one line that says what to do."""
    run_in(module, lambda: session(ApiOptions.parse(module.params["api"])), work, secrets)


Door = t.TypeVar("Door")


def run_in(
    module: AnsibleModule,
    enter: t.Callable[[], t.ContextManager[Door]],
    work: t.Callable[[Door, Progress], Result],
    secrets: t.Collection[str] = (),
) -> None:
    """Enter by whatever way the module's options name, work, and leave with the result or with one line that says what to do."""
    try:
        with enter() as door:
            result = work(door, progress_writer(module.params["progress_file"]))
    except RouterError as error:
        result = {"failed": True, "msg": str(error)}
    leave(module, result, secrets)


def leave(module: AnsibleModule, result: Result, secrets: t.Collection[str] = ()) -> None:
    """End the module with a result whose secrets are masked object by object.

    Ansible would mask every `no_log` value in the whole batch, other objects' names included, so the objects' secrets are taken out of its
    list here, after they were kept out of the log, and the objects' arguments are left out of the echoed invocation.
    """
    module.no_log_values -= set(secrets)
    plain = {key: value for key, value in module.params.items() if not _structured(value) and value not in secrets}
    result["invocation"] = {"module_args": plain}
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("failed"):
        result.setdefault("changed", False)
        module.fail_json(**result)
    module.exit_json(**result)


def _structured(value: t.Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def masks_of(entries: t.Iterable[t.Mapping[str, t.Any]], key: str = "name") -> tuple[dict[str, Mask], list[str]]:
    """Each object's mask by name, and all secrets of the batch. Several entries of one name share a mask."""
    collected: dict[str, list[str]] = {}
    for entry in entries:
        collected.setdefault(str(entry[key]), []).extend(entry.get("secrets") or ())
    masks = {name: Mask.of(secrets, collected) for name, secrets in collected.items()}
    return masks, [secret for secrets in collected.values() for secret in secrets]


def progress_writer(path: str | None) -> Progress:
    """A function that adds one line a message to the progress file, or drops it where there is none."""
    lock = threading.Lock()

    def write(name: str, what: str) -> None:
        if path is None:
            return
        with lock, open(path, "a", encoding="utf-8") as handle:
            handle.write(f"{name}\t{what}\n")

    return write
