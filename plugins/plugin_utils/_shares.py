# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many routers' entries as one module run, and each router's own share of what came of it (private, pure)."""

from __future__ import annotations

import json
import typing as t

from ._phase import GUESTS, Values


def group_key(connection: t.Mapping[str, t.Any]) -> str:
    """Equal for routers that one module run can serve."""
    return json.dumps(connection, sort_keys=True, default=str)


def merge(described: t.Mapping[str, t.Sequence[Values]], alone: bool = False) -> tuple[list[Values], dict[str, str]]:
    """The module's entries of several hosts, each name once, and by host the error of one that contradicts another's entry.

    `alone`: an object is one router's alone. Of two that name the same one nobody knows which is meant, so both fail.
    """
    entries: dict[str, Values] = {}
    owner: dict[str, str] = {}
    errors: dict[str, str] = {}
    for host, listed in described.items():
        for entry in listed:
            name = str(entry["name"])
            if name not in entries:
                entries[name], owner[name] = dict(entry), host
            elif alone:
                problem = f"{name} is the guest of {owner[name]} and of {host}. Give each router a name of its own (chr_guest_name)."
                errors.update({owner[name]: problem, host: problem})
            elif entries[name] != entry:
                errors[host] = f"{name} is described otherwise by {owner[name]}. Describe it once, for example in group_vars."
    return [entry for name, entry in entries.items() if not alone or owner[name] not in errors], errors


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
    results = batch.get(option)
    if results is None:
        return failure(batch.get("msg") or batch.get("module_stderr") or "The module gave no result.")
    mine = {name: results[name] for name in names if name in results}
    failed = [entry for entry in mine.values() if entry.get("failed")]
    bad = [entry["msg"] for entry in failed]
    share: Values = {"entries": mine, "failed": bool(bad), "changed": first and any(entry.get("changed") for entry in mine.values())}
    diffs = [entry["diff"] for entry in mine.values() if entry.get("changes")]
    if share["changed"] and diffs:
        share["diff"] = diffs
    if bad:
        share["msg"] = " | ".join(bad)
    if bad and all(entry.get("left") for entry in failed):
        share["left"] = True
    return share


def joined(texts: t.Iterable[str]) -> str:
    """Several messages as one line, each once."""
    return "; ".join(text.removesuffix(".") for text in dict.fromkeys(texts)) + "."


def failure(reason: object) -> Values:
    """The share of a router for which a phase came to nothing."""
    return {"failed": True, "changed": False, "msg": str(reason), "entries": {}}


def deferred(share: Values, defer: str) -> Values:
    """A share whose failure must not keep its router from the later phases: the message stays, as what is left, for those that end the play.

    `defer` is `left` (fields that an existing object cannot change), `all` (the object is not the router's own), or `none`.
    """
    is_left = share.pop("left", False)
    if not share.get("failed") or not (defer == "all" or (defer == "left" and is_left)):
        return share
    return {**{key: value for key, value in share.items() if key != "msg"}, "failed": False, "left": share["msg"]}


def summed(shares: t.Mapping[str, Values], earlier: t.Mapping[str, Values], check_mode: bool = False) -> Values:
    """A router's result of a whole batch: failed, changed, diff and message, and what is kept of all phases so far, by phase.

    `left` is the message for those that end the play, where a failure was deferred.
    """
    changed = [share for share in shares.values() if share.get("changed")]
    result: Values = {"failed": False, "changed": bool(changed), "results": {**earlier, **{phase: kept(share) for phase, share in shares.items()}}}
    for phase_share in shares.values():
        done = done_of([*(share for share in changed if share is not phase_share), phase_share], check_mode)
        if phase_share["failed"]:
            result.update(failed=True, msg=phase_share["msg"] + done)
        elif phase_share.get("left") and phase_share["of"] == GUESTS:
            result["left"] = phase_share["left"] + done
    diffs = [diff for share in changed for diff in share.get("diff", [])]
    return {**result, "diff": diffs} if diffs else result


def kept(share: Values) -> Values:
    """What of a share the later batches and the table need; the rest of it was shown."""
    return {
        **{key: share.get(key) for key in ("of", "failed", "changed", "left")},
        "entries": {name: facts_of(entry) for name, entry in share["entries"].items()},
    }


def facts_of(entry: t.Mapping[str, t.Any]) -> Values:
    """An entry without what was already shown of it."""
    return {key: value for key, value in entry.items() if key not in ("changes", "diff", "msg", "warnings")}


def entries_of(results: t.Mapping[str, t.Mapping[str, t.Any]], kind: str) -> t.Iterator[tuple[str, Values]]:
    """What each phase left of each object of this kind, in order."""
    for share in results.values():
        if share.get("of") == kind:
            yield from (share.get("entries") or {}).items()


def done_of(shares: t.Iterable[t.Mapping[str, t.Any]], check_mode: bool) -> str:
    """What was already done before a failure, as Ansible does not print the diff of a failed task; in check mode, what would be."""
    done = [text for share in shares for name, entry in share["entries"].items() for text in _done(name, entry.get("changes") or [])]
    return f" {'Would be done' if check_mode else 'Already done'}: {'; '.join(done)}." if done else ""


def _done(name: str, changes: t.Sequence[t.Mapping[str, t.Any]]) -> t.Iterator[str]:
    """The changes of one object; of one that was made or removed, only that."""
    existence = [change["after"] for change in changes if change["field"] == "exists"]
    if existence:
        yield f"{name} {'made' if existence[-1] else 'removed'}"
        return
    for change in changes:
        yield f"{change['field']} {change['before']} -> {change['after']}"
