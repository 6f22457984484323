# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian or Ubuntu packages that the image is made of: which ones, fetching them, unpacking them.

Nothing of them needs to be installed. apt only has to know them, so its package lists must be there (`apt-get update`).
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Debian's name for "the newest ordinary kernel", then Ubuntu's. Debian's cloud kernel would lack e1000 and AHCI.
KERNEL_META_PACKAGES = ("linux-image-amd64", "linux-image-generic")
UPDATE = "run apt-get update and build again"
PYTHON_PACKAGE = re.compile(r"python3\.\d+-minimal")
KERNEL_PACKAGE = re.compile(r"linux-(image|modules)-\d")


class ImageError(Exception):
    """The image cannot be built; the text says what to do."""


@dataclass(frozen=True)
class Package:
    """One package file as the mirror offers it."""

    name: str
    file: str
    sha256: str


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a program, give its standard output; ImageError with its last words where it fails or is missing."""
    program = str(command[0])
    if shutil.which(program, path=(env or os.environ).get("PATH")) is None:
        raise ImageError(f"{program} is not installed: install the package that brings it and build again")
    environment = {**(env or os.environ), "LC_ALL": "C.UTF-8"}  # apt's words are read below
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip()[-400:]
        raise ImageError(f"{shlex.join(words)} failed with {done.returncode}: {last}")
    return done.stdout


def dependencies(*packages: str) -> dict[str, list[str]]:
    """Every package below the given ones with its direct dependencies; empty where apt does not know one of them."""
    try:
        lines = run("apt-cache", "depends", "--recurse", "--important", *packages).splitlines()
    except ImageError:
        return {}
    found: dict[str, list[str]] = {}
    for line in lines:
        if re.match(r"[^ |<]", line):
            below = found.setdefault(line.strip(), [])
        elif match := re.match(r"[ |]*(?:Pre)?Depends: ([^<\s]+)$", line):
            below.append(match[1])
    return found


def select() -> list[str]:
    """The names of the packages: the newest ordinary kernel, the default Python with its standard library, busybox.

    Ubuntu keeps a kernel's modules in packages of their own. What a Python needs of C libraries are its direct
    dependencies.
    """
    below = next(
        (found for kernel in KERNEL_META_PACKAGES if kernel in (found := dependencies(kernel, "python3-minimal"))), {}
    )
    minimal = next((name for name in below.get("python3-minimal", []) if PYTHON_PACKAGE.fullmatch(name)), None)
    kernel = [name for name in below if KERNEL_PACKAGE.match(name)]
    if minimal is None or not kernel:
        raise ImageError(f"apt knows no python3-minimal or none of {', '.join(KERNEL_META_PACKAGES)}: {UPDATE}")
    return [*kernel, minimal, *below[minimal], f"lib{minimal.removesuffix('-minimal')}-stdlib", "busybox-static"]


def resolve() -> list[Package]:
    """Every package that goes into the image, at the version that apt would install today."""
    names = select()
    packages = []
    for line in run("apt-get", "download", "--print-uris", *names).splitlines():
        dummy, file, dummy, digest = shlex.split(line)
        packages.append(Package(file.split("_", 1)[0], file, digest.removeprefix("SHA256:")))
    if len(packages) != len(names):
        raise ImageError(f"apt offers {len(packages)} of {len(names)} packages: {UPDATE}")
    return sorted(packages, key=lambda package: package.name)


def fetch(packages: Sequence[Package], folder: Path) -> list[Path]:
    """Download what the folder does not hold yet (checked by SHA-256); the package files in the order asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [package.name for package in packages if not intact(package, folder)]
    if missing:
        run("apt-get", "download", "-q", *missing, cwd=folder)
    for package in packages:
        if not intact(package, folder):
            raise ImageError(f"{package.file} differs from apt's checksum: {UPDATE}")
    return [folder / package.file for package in packages]


def intact(package: Package, folder: Path) -> bool:
    """Whether the folder holds the package's file with the content that apt promises."""
    file = folder / package.file
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == package.sha256


def unpack(files: Sequence[Path], root: Path) -> None:
    """Unpack package files into one tree, as dpkg would lay them out."""
    root.mkdir(parents=True, exist_ok=True)
    for file in files:
        run("dpkg-deb", "-x", file, root)
