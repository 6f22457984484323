# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk's identity, against qemu-img itself: what keeps it, what loses it, and that the image stays sound."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._images import qcow2

IDENTITY = "5f4a3c5e-0000-4000-8000-000000000001"


def qemu_img(*arguments: object) -> str:
    return subprocess.run(["qemu-img", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def head(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(qcow2.HEAD)


@pytest.fixture(params=["alone", "with a backing file", "of version 2"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A qcow2 image with an identity."""
    path, base = tmp_path / "disk.qcow2", tmp_path / "base.img"
    qemu_img("create", "-f", "raw", base, "8M")
    kinds: dict[str, list[object]] = {"alone": [], "with a backing file": ["-b", base, "-F", "raw"], "of version 2": ["-o", "compat=0.10"]}
    more = kinds[request.param]
    qemu_img("create", "-f", "qcow2", *more, path, "8M")
    assert qcow2.identity(head(path)) == ""
    changed = qcow2.with_identity(head(path), IDENTITY)
    assert changed is not None
    with path.open("r+b") as handle:
        handle.write(changed)
    return path


def test_it_is_kept_by_whatever_happens_in_place(image: Path) -> None:
    backing = "backing file:" in qemu_img("info", image)
    qemu_img("resize", image, "16M")
    qemu_img("snapshot", "-c", "before", image)
    qemu_img("snapshot", "-a", "before", image)
    if backing:
        qemu_img("rebase", "-b", "", image)
    qemu_img("amend", "-o", "compat=1.1", image)
    qemu_img("check", image)
    assert qcow2.identity(head(image)) == IDENTITY


def test_a_copy_as_cloning_tools_make_it_has_none(image: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.qcow2"
    qemu_img("convert", "-O", "qcow2", image, copy)
    assert qcow2.identity(head(copy)) == ""


def test_it_is_written_once(image: Path) -> None:
    assert qcow2.with_identity(head(image), "another") is None


@pytest.mark.parametrize("content", [b"", b"QFI\xfb", b"\0" * qcow2.HEAD, b"QFI\xfb\0\0\0\3" + b"\xff" * qcow2.HEAD])
def test_what_is_no_such_image_has_and_takes_none(content: bytes) -> None:
    assert qcow2.identity(content) == ""
    assert qcow2.with_identity(content, IDENTITY) is None
