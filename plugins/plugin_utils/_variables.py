# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that the roles and playbooks know, and names that are nearly one of theirs (private)."""

from __future__ import annotations

import difflib
import typing as t
from pathlib import Path

import yaml
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.registry import DRIVERS

ROLES: t.Final = Path(__file__).resolve().parents[2] / "roles"
PREFIXES: t.Final = ("chr_", "metarouter_")
NEARLY: t.Final = 0.8  # likeness, from 0 to 1
OWN: t.Final = "chr_own_variables"
OF_PLAYBOOKS: t.Final = (
    OWN,
    "chr_hosts",
    "chr_limit_file",
    "chr_notes",
    "chr_table_ssh",
    "metarouter_hosts",
    "metarouter_limit_file",
    "metarouter_notes",
)

Spec = t.Dict[str, t.Dict[str, t.Any]]  # noqa: UP006  (evaluated at import)


def _read(path: Path) -> Spec:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    specs = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return {name: option for entry in specs["argument_specs"].values() for name, option in (entry.get("options") or {}).items()}


# Read at import, which Ansible does once: the process that it forks for each router would read them anew.
SPECS: t.Final = {path.parents[1].name: _read(path) for path in ROLES.glob("*/meta/argument_specs.yml")}


def role_options(role: str) -> Spec:
    """The options of a role, by variable name, as its argument specification describes them."""
    return SPECS[role]


def known_names() -> set[str]:
    """Every variable that a role or playbook of ours reads."""
    return {*OF_PLAYBOOKS, *(name for spec in SPECS.values() for name in spec)}


def judge_names(given: t.Iterable[str], known: t.Collection[str], own: t.Collection[str]) -> tuple[list[str], list[str]]:
    """What is wrong with the names of a router's variables: errors for those that are nearly ours, warnings for others with our prefixes."""
    errors: list[str] = []
    warnings: list[str] = []
    for name in sorted(given):
        if not name.startswith(PREFIXES) or name in known or name in own:
            continue
        meant = _own_word(name, known) or _nearest(name, known)
        if meant:
            errors.append(f"{name} is no variable of this collection; {meant} is. If it is one of your own, name it in {OWN}")
        else:
            warnings.append(f"{name} is no variable of this collection and does nothing. If it is one of your own, name it in {OWN}")
    return errors, warnings


def _own_word(name: str, known: t.Collection[str]) -> str:
    """The hypervisor's own word that is meant by one without its name, such as chr_machine; empty for none."""
    words = (f"chr_{key}_{name.removeprefix('chr_')}" for key in DRIVERS)
    return next((word for word in words if word in known), "")


def _nearest(name: str, known: t.Collection[str]) -> str:
    """The name that is most like this one; empty where none is nearly it."""
    nearest = max(known, key=lambda other: _likeness(name, other))
    return nearest if _likeness(name, nearest) >= NEARLY else ""


def _likeness(name: str, other: str) -> float:
    """How much two names are alike behind the words with which both begin; 0.9 where one goes on with whole words where the other ends."""
    if f"{name}_".startswith(f"{other}_") or f"{other}_".startswith(f"{name}_"):
        return 0.9
    words, others = name.split("_"), other.split("_")
    shared = next(n for n, (left, right) in enumerate(zip(words, others, strict=False)) if left != right)
    return difflib.SequenceMatcher(None, "_".join(words[shared:]), "_".join(others[shared:])).ratio()
