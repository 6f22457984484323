# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole image, and a cache of images by content."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .disk import write_boot_files, write_disk
from .initrd import HERE, SIMULATORS, archive, build_tree, find_kernel
from .kernel import repack
from .packages import ImageError, Package, fetch, resolve, run, unpack

DEFAULT_VERSION = "7.20.8"
# Each word saves time in a guest without KVM: no probing for hardware that no hypervisor offers a CHR, no
# mitigations, no self-tests.
KERNEL_WORDS = (
    "quiet",
    "console=ttyS0,115200",
    "panic=10",
    "mitigations=off",
    "nokaslr",
    "no_timer_check",
    "random.trust_cpu=on",
    "cryptomgr.notests",
    "8250.nr_uarts=1",
    "audit=0",
    "apparmor=0",
    "raid=noautodetect",
)
SYSLINUX_CONFIG = "default chr\nprompt 0\nlabel chr\n  kernel vmlinuz\n  initrd initrd\n  append {words}\n"


def default_cache() -> Path:
    """Where images and package files are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vrouter-mikrotik"


def sources() -> list[Path]:
    """Every file of ours that goes into an image or makes it."""
    folders = (HERE, SIMULATORS / "routeros")
    return sorted(
        path for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


def content_key(packages: Sequence[Package]) -> str:
    """The same for equal images: a hash over packages and sources."""
    digest = hashlib.sha256()
    for package in packages:
        digest.update(f"{package.file} {package.sha256}\n".encode())
    for source in sources():
        digest.update(f"{source.relative_to(SIMULATORS)}\n".encode() + hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:16]


def build(output: Path, packages: Sequence[Package], cache: Path, work: Path) -> None:
    """Build an image without its boot configuration, in an empty work folder."""
    unpack(fetch(packages, cache / "packages"), work / "root")
    kernel = find_kernel(work / "root")
    build_tree(work / "root", kernel, work / "tree")
    (work / "initrd.cpio").write_bytes(archive(work / "tree"))
    run("lz4", "-lq9", work / "initrd.cpio", work / "initrd")
    (work / "data/rw").mkdir(parents=True)
    write_disk(output, {"vmlinuz": repack(kernel.image, work), "initrd": work / "initrd"}, work / "data")


def base_image(packages: Sequence[Package], cache: Path) -> Path:
    """The cached image that all versions share, built first where needed."""
    base = cache / f"chr-simulated-{content_key(packages)}.base"
    if not base.exists():
        print("Building the simulated CHR's disk image (half a minute) ...", file=sys.stderr)
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix=".build-") as work:
            build(Path(work) / "disk", packages, cache, Path(work))
            os.replace(Path(work) / "disk", base)
    return base


def configure(base: Path, output: Path, version: str, agent: bool) -> None:
    """Make an image of one version from the base; the output appears whole or not at all."""
    if not re.fullmatch(r"[0-9][0-9A-Za-z.]*", version):
        raise ImageError(f"{version!r} is no RouterOS version")
    output.parent.mkdir(parents=True, exist_ok=True)
    words = (*KERNEL_WORDS, f"vrouter.version={version}", f"vrouter.agent={'on' if agent else 'off'}")
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as work:
        disk, configuration = Path(work) / "disk", Path(work) / "syslinux.cfg"
        configuration.write_text(SYSLINUX_CONFIG.format(words=" ".join(words)))
        run("cp", "--sparse=always", base, disk)
        write_boot_files(disk, {"syslinux.cfg": configuration})
        os.replace(disk, output)


def write_image(output: Path, cache: Path, version: str, agent: bool) -> None:
    """Write an image to a place of the caller's choice."""
    configure(base_image(resolve(), cache), output, version, agent)


def ensure_image(cache_dir: Path | None = None, version: str = DEFAULT_VERSION, agent: bool = True) -> Path:
    """The cached image, made first where the simulator, the builder, the version or a package changed since."""
    cache = cache_dir or default_cache()
    packages = resolve()
    image = cache / f"chr-simulated-{version}{'' if agent else '-no-agent'}-{content_key(packages)}.img"
    if not image.exists():
        configure(base_image(packages, cache), image, version, agent)
    return image
