# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the action plugins of one role phase pass routers' descriptions to one module run, and its results back (private).

A phase is four tasks of the role `batch`: describe (each router), plan (once), apply (one router for each hypervisor, the leader), report (each
router). They find each other's results in registered variables; all carry the id of their common block, so that what an earlier invocation left
behind does not count.
"""

from __future__ import annotations

import json
import typing as t

CHECK: t.Final = "vrouter_check"
DESCRIPTION: t.Final = "vrouter_description"
PLAN: t.Final = "vrouter_plan"
BATCH: t.Final = "vrouter_batch"
REPORT: t.Final = "vrouter_report"
SEGMENTS: t.Final = "segments"  # a phase that only reads
OF_NO_GUESTS: t.Final = (SEGMENTS, "network", "metarouter_bridge", "metarouter_ports")  # phases whose entries are something else
SHOWN: t.Final = ("exists", "power", "suspended_for", "state", "memory_size", "configured", "interfaces")  # by the table, of a router that failed
STRATEGIES: t.Final = ("linear", "ansible.builtin.linear", "debug", "ansible.builtin.debug")

Values = t.Dict[str, t.Any]  # noqa: UP006


def invocation(task: t.Any) -> str:
    """The id of this invocation of the phase: its tasks lie in one block, and each inclusion of the role makes a new one."""
    return f"{task._parent._uuid}"


def play_of(task: t.Any) -> t.Any:
    """The play that a task belongs to."""
    return task._parent._play


def withhold(task: t.Any, result: Values) -> Values:
    """The result, of which nothing is shown at any verbosity. Its own word is not heard by ansible-core before 2.16.13, the task's is."""
    task.no_log = True
    return {**result, "_ansible_no_log": True}


def host_values(task_vars: t.Mapping[str, t.Any], host: str) -> t.Mapping[str, t.Any]:
    """Another host's variables, registered ones included, as they are: templating them for every reader would grow quadratically."""
    values = task_vars["hostvars"].raw_get(host)
    return t.cast("t.Mapping[str, t.Any]", values)


def results_of(values: t.Mapping[str, t.Any]) -> Values:
    """A host's shares of all phases so far, by phase, from its variables."""
    return dict((values.get(REPORT) or {}).get("results") or {})


def reason_of(values: t.Mapping[str, t.Any]) -> str:
    """Why a host failed in its last phase, from its variables; empty where it did not."""
    return str((values.get(REPORT) or {}).get("msg") or "")


def rendered(templar: t.Any, value: t.Any, values: t.Mapping[str, t.Any]) -> t.Any:
    """A variable of another host, rendered in that host's scope."""
    return templar.copy_with_new_env(available_variables=dict(values)).template(value)


def group_key(connection: t.Mapping[str, t.Any]) -> str:
    """Equal for routers that one module run can serve."""
    return json.dumps(connection, sort_keys=True, default=str)


def merge(descriptions: t.Mapping[str, t.Mapping[str, t.Any]]) -> tuple[list[Values], dict[str, str]]:
    """The module's entries of several hosts, each name once, and by host the error of one that contradicts another's entry."""
    entries: dict[str, Values] = {}
    owner: dict[str, str] = {}
    errors: dict[str, str] = {}
    for host, description in descriptions.items():
        for entry in description["entries"]:
            name = str(entry["name"])
            if name not in entries:
                entries[name], owner[name] = dict(entry), host
            elif entries[name] != entry:
                errors[host] = f"{name} is described otherwise by {owner[name]}. Describe it once, for example in group_vars."
    return list(entries.values()), errors


def repeaters(described: t.Mapping[str, t.Iterable[Values]]) -> list[str]:
    """The hosts of a group that name an object which one before them names too: what changed is counted there."""
    seen: set[str] = set()
    repeating: list[str] = []
    for host, entries in described.items():
        names = {str(entry["name"]) for entry in entries}
        if names & seen:
            repeating.append(host)
        seen |= names
    return repeating


def union(plans: t.Iterable[t.Mapping[str, t.Iterable[str]]]) -> dict[str, list[str]]:
    """What the hosts of a group say that earlier phases would have made."""
    merged: dict[str, set[str]] = {}
    for plan in plans:
        for kind, names in plan.items():
            merged.setdefault(kind, set()).update(names)
    return {kind: sorted(names) for kind, names in merged.items()}


def own_result(batch: t.Mapping[str, t.Any], option: str, names: t.Sequence[str], first: bool) -> Values:
    """One router's share of a module's result: its entries, and failed, changed, diff and message from them alone.

    An object that several routers name (a segment) counts as changed for the first of them only.
    """
    if "failures" in batch:
        return {"failed": True, "msg": batch["failures"]}
    results = batch.get(option)
    if results is None:
        return {"failed": True, "msg": batch.get("msg") or batch.get("module_stderr") or "The module gave no result."}
    mine = {name: results[name] for name in names if name in results}
    failed = [entry for entry in mine.values() if entry.get("failed")]
    bad = [entry["msg"] for entry in failed]
    share: Values = {"entries": mine, "failed": bool(bad), "changed": first and any(entry.get("changed") for entry in mine.values())}
    diffs = [entry["diff"] for entry in mine.values() if entry.get("changes")]
    if share["changed"] and diffs:
        share["diff"] = diffs
    if bad:
        share["msg"] = " | ".join(bad) + partial(mine)
    if bad and all(entry.get("left") for entry in failed):
        share["left"] = True
    return share


def deferred(share: Values, defer: str) -> Values:
    """A share whose failure must not keep its router from the later phases: the message stays, as what is left, for those that end the play.

    `defer` is `left` (fields that an existing object cannot change), `all` (the object is not the router's own), or `none`.
    """
    is_left = share.pop("left", False)
    if not share.get("failed") or not (defer == "all" or (defer == "left" and is_left)):
        return share
    return {**{key: value for key, value in share.items() if key != "msg"}, "failed": False, "left": share["msg"]}


def facts_of(entry: t.Mapping[str, t.Any]) -> Values:
    """An entry without what was already shown of it."""
    return {key: value for key, value in entry.items() if key not in ("changes", "diff", "msg", "warnings")}


def guests_of(results: t.Mapping[str, t.Mapping[str, t.Any]]) -> t.Iterator[tuple[str, Values]]:
    """What each phase left of each guest, in order."""
    for phase, share in results.items():
        if phase not in OF_NO_GUESTS:
            yield from (share.get("entries") or {}).items()


def known_before(results: t.Mapping[str, t.Mapping[str, t.Any]]) -> Values:
    """The little of earlier phases that the table shows, for a router that failed in a later one."""
    known: dict[str, Values] = {}
    for name, entry in guests_of(results):
        facts: Values = {key: entry[key] for key in SHOWN if key in entry}
        known[name] = facts if facts.get("exists") is False else {**known.get(name, {}), **facts}
    changed = any(share.get("changed") for share in results.values())
    left = " ".join(share["left"] for share in results.values() if share.get("left"))
    return {"before": {"failed": False, "changed": changed, "left": left or None, "entries": known}} if known else {}


def partial(entries: t.Mapping[str, t.Mapping[str, t.Any]]) -> str:
    """What was already done before a failure, as Ansible does not print the diff of a failed task."""
    done = [change for entry in entries.values() if entry.get("failed") for change in entry.get("changes", [])]
    if not done:
        return ""
    return " Already done: " + "; ".join(f"{change['field']} {change['before']} -> {change['after']}" for change in done) + "."
