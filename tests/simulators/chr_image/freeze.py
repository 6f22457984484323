# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile what the simulated router imports, and nothing else. Run by the guest's own Python while the image is built:

    python3 freeze.py SIMULATORS OUTPUT

SIMULATORS is the folder tests/simulators. Its guest side goes to OUTPUT/simulators/..., every module of the standard
library that this imports to OUTPUT/..., all as .pyc files without sources. Compiled files fit only the Python release
that made them, so the builder's own Python may not do this.
"""

from __future__ import annotations

import ast
import importlib.machinery
import modulefinder
import py_compile
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

# Imported by name at run time, unseen by modulefinder.
HIDDEN = ("encodings.ascii", "encodings.idna", "encodings.latin_1", "encodings.utf_8", "_strptime")
# Imported by the standard library only for uses that the simulator has not (test runs, documentation, other systems).
UNWANTED = (
    "_hashlib",
    "_pyrepl",
    "argparse",
    "asyncio",
    "bz2",
    "ctypes",
    "curses",
    "distutils",
    "doctest",
    "email",
    "http",
    "importlib.metadata",
    "importlib.resources",
    "lib2to3",
    "lzma",
    "multiprocessing",
    "optparse",
    "pdb",
    "pydoc",
    "readline",
    "rlcompleter",
    "sitecustomize",
    "ssl",
    "statistics",
    "subprocess",
    "tarfile",
    "tkinter",
    "unittest",
    "xml",
    "zipfile",
)


def guest_sources(simulators: Path) -> list[Path]:
    """The Python files that run in the guest."""
    return sorted([*simulators.glob("routeros/**/*.py"), *simulators.glob("chr_image/guest/*.py")])


def imported(sources: Iterable[Path]) -> set[str]:
    """The modules that the sources name, the relative ones aside."""
    names: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    return names


def standard_library(names: set[str]) -> dict[str, Path]:
    """Where each module of the standard library lies that the named ones need, without those built into the
    interpreter.
    """
    finder = modulefinder.ModuleFinder(excludes=sorted(set(UNWANTED) - names))
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write("".join(f"import {name}\n" for name in sorted(names.union(HIDDEN))))
        script.flush()
        finder.run_script(script.name)
    missing = names.intersection(finder.badmodules)
    if missing:
        sys.exit(f"the guest's Python has no {', '.join(sorted(missing))}")
    files = {name: vars(module)["__file__"] for name, module in finder.modules.items() if name != "__main__"}
    return {name: Path(file) for name, file in files.items() if file}


def compile_file(source: Path, target: Path, shown: str, optimize: int) -> None:
    """One source file to one .pyc file, the same bytes whenever and wherever it is done."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(
        str(source), cfile=str(target), dfile=shown, doraise=True, optimize=optimize, invalidation_mode=unchecked
    )


def freeze(simulators: Path, output: Path) -> None:
    """Fill the output folder."""
    sources = guest_sources(simulators)
    for source in sources:
        inner = Path("simulators") / source.relative_to(simulators)
        compile_file(source, output / inner.with_suffix(".pyc"), str(inner), optimize=0)
    extensions = output / "lib-dynload"  # Python looks for this folder at its start and complains where it is missing.
    extensions.mkdir()
    for name, file in standard_library(imported(sources)).items():
        parts = [*name.split("."), "__init__"] if file.name == "__init__.py" else name.split(".")
        if file.name.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)):
            shutil.copyfile(file, extensions / f"{name}.so")
        else:
            compile_file(file, output.joinpath(*parts).with_suffix(".pyc"), "/".join(parts) + ".py", optimize=2)


if __name__ == "__main__":
    freeze(Path(sys.argv[1]), Path(sys.argv[2]))
