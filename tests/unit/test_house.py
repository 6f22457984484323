# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the packages: a line imports only what lies below it, no file imports in a circle, and no driver knows another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"
ORDER = ("_module", "_licenses", "_first_boot", "_hypervisors", "_metarouter", "_guests", "_images", "_routeros", "_core")
FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py")
LIBRARIES = {"libvirt": "_hypervisors/libvirt", "libvirt_qemu": "_hypervisors/libvirt", "librouteros": "_routeros", "paramiko": "_routeros"}


def name_of(path: Path) -> str:
    """A file's dotted name below module_utils."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


NAMES = {name_of(path) for path in FILES}


def imported(path: Path) -> set[str]:
    """The files of module_utils that a file imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parent.relative_to(ROOT).parts
            base = ".".join([*folder[: len(folder) - node.level + 1], *filter(None, [node.module])])
            named = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            found |= {base, *named} & NAMES
    return found


IMPORTS = {name_of(path): imported(path) for path in FILES}


def floor(name: str) -> int:
    return ORDER.index(name.split(".")[0])


def test_every_package_has_its_place() -> None:
    assert {name.split(".")[0] for name in NAMES} == set(ORDER)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_arrows_run_downwards(name: str) -> None:
    assert [other for other in IMPORTS[name] if floor(other) < floor(name)] == []


def test_no_file_imports_in_a_circle() -> None:
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above, name])
        if name not in done:
            for other in IMPORTS[name]:
                visit(other, (*above, name))
            done.add(name)

    for name in NAMES:
        visit(name, ())


def test_a_driver_is_known_to_the_registry_alone_and_knows_no_other() -> None:
    for name, others in IMPORTS.items():
        driver = name.split(".")[1] if name.startswith("_hypervisors.") and name.count(".") > 1 else None
        known = {other.split(".")[1] for other in others if other.startswith("_hypervisors.") and other.count(".") > 1}
        assert known <= {driver} or name == "_hypervisors.registry", name


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_client_library_is_imported_in_its_own_room_alone(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    place = path.relative_to(ROOT).as_posix()
    assert [name for name in names & set(LIBRARIES) if not place.startswith(LIBRARIES[name])] == []
