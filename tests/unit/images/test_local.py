# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the user's: what is an image, unpacking, converting."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.images.conftest import VERSION, Result
from tests.unit.images.mirror import Mirror, zipped

Ask = Callable[..., Result]
FORMATS = ["qcow2", "vmdk", "vdi", "vhdx"]


@pytest.fixture
def raw(disk: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "my chr.img"
    path.write_bytes(disk)
    return path


def qemu_img(*arguments: str | Path) -> str:
    return subprocess.run(["qemu-img", *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True).stdout


def test_a_raw_file_is_used_where_it_lies(ask: Ask, raw: Path, disk: bytes, tmp_path: Path) -> None:
    result = ask(path=str(raw), version="7.20")
    assert (result["path"], result["version"], result["sha256"]) == (str(raw), "7.20", hashlib.sha256(disk).hexdigest())
    assert not (tmp_path / "cache").exists()
    assert ask(path=str(raw))["version"] is None


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_format_is_made_and_read_back(ask: Ask, raw: Path, disk: bytes, tmp_path: Path, image_format: str) -> None:
    planned = ask(check=True, path=str(raw), format=image_format)
    assert planned["planned"] is True and not (tmp_path / "cache").exists()
    result = ask(path=str(raw), format=image_format)
    assert result["path"] == planned["path"]
    made = Path(result["path"])
    assert json.loads(qemu_img("info", "--output=json", made))["format"] == image_format
    assert result["sha256"] == hashlib.sha256(made.read_bytes()).hexdigest()
    qemu_img("compare", "-f", "raw", "-F", image_format, raw, made)
    assert ask(path=str(raw), format=image_format) == result  # the cached one
    back = ask(path=str(made), cache=tmp_path / "other")
    assert Path(back["path"]).read_bytes()[: len(disk)] == disk


def test_a_vmdk_is_one_that_esxi_imports(ask: Ask) -> None:
    head = Path(ask(version=VERSION, format="vmdk")["path"]).read_bytes()[:12]
    magic, version, flags = struct.unpack("<4sII", head)
    assert (magic, version) == (b"KDMV", 3)
    assert flags & 1 << 16


def test_a_zip_file_is_unpacked_into_the_cache(ask: Ask, disk: bytes, tmp_path: Path) -> None:
    path = tmp_path / "chr.img.zip"
    path.write_bytes(zipped({"chr.img": disk}))
    result = ask(path=str(path))
    assert Path(result["path"]).parent == tmp_path / "cache"
    assert Path(result["path"]).read_bytes() == disk


def test_the_checksum_of_a_zip_file_or_of_its_image_is_accepted_and_no_other(ask: Ask, disk: bytes, tmp_path: Path) -> None:
    path = tmp_path / "chr.img.zip"
    path.write_bytes(zipped({"chr.img": disk}))
    for check in (True, False):
        assert "has another one" in ask(check=check, path=str(path), checksum="sha256:" + "0" * 64)["msg"]
        for content in (path.read_bytes(), disk):
            assert not ask(check=check, path=str(path), checksum=f"sha256:{hashlib.sha256(content).hexdigest()}")["failed"]


@pytest.mark.parametrize("check", [True, False])
def test_a_raw_file_with_another_checksum_is_refused(ask: Ask, raw: Path, check: bool) -> None:
    message = ask(check=check, path=str(raw), checksum="sha256:" + "0" * 64)["msg"]
    assert str(raw) in message and "has another one" in message


@pytest.mark.parametrize("size", [200, 500_000, -50])
def test_a_truncated_zip_file_is_called_so(ask: Ask, disk: bytes, tmp_path: Path, size: int) -> None:
    path = tmp_path / "chr.img.zip"
    path.write_bytes(zipped({"chr.img": disk})[:size])
    assert "broken or truncated zip file" in ask(path=str(path))["msg"]


def test_a_zip_file_with_a_flipped_bit_is_called_broken(ask: Ask, disk: bytes, tmp_path: Path) -> None:
    content = bytearray(zipped({"chr.img": disk}))
    content[500_000] ^= 1
    path = tmp_path / "chr.img.zip"
    path.write_bytes(content)
    assert "broken or truncated zip file" in ask(path=str(path))["msg"]
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "wanted: exactly one .img file, found: nothing"),
        ({"readme.txt": b"x"}, "found: readme.txt"),
        ({"a.img": b"x", "b.img": b"y"}, "found: a.img, b.img"),
        ({"../chr.img": b"x"}, "points out of its folder"),
        ({"/tmp/chr.img": b"x"}, "points out of its folder"),
        ({"..\\chr.img": b"x"}, "points out of its folder"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_zip_file_must_hold_one_image(ask: Ask, tmp_path: Path, members: dict[str, bytes], message: str, check: bool) -> None:
    path = tmp_path / "chr.img.zip"
    path.write_bytes(zipped(members))
    assert message in ask(check=check, path=str(path))["msg"]
    assert not list(tmp_path.rglob("*.img"))


def test_a_zip_file_that_unpacks_to_too_much_is_refused_before_unpacking(
    ask: Ask, disk: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.vrouter.mikrotik.plugins.module_utils._images.disk.LARGEST", len(disk) - 1)
    path = tmp_path / "chr.img.zip"
    path.write_bytes(zipped({"chr.img": disk}))
    assert "unpacks to more than any CHR image" in ask(path=str(path))["msg"]


@pytest.mark.parametrize("content", [b"", b"text", bytes(4096)])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_file_without_a_boot_sector_is_no_disk(ask: Ask, tmp_path: Path, content: bytes, wrapped: bool) -> None:
    path = tmp_path / "chr.img"
    path.write_bytes(zipped({"chr.img": content}) if wrapped else content)
    assert "is no disk image (wanted: a BIOS boot sector" in ask(path=str(path))["msg"]


def test_a_qcow2_without_a_boot_sector_is_no_disk(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "empty.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", path, "1M")
    assert "is no disk image" in ask(path=str(path))["msg"]
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_broken_qcow2_is_called_so(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "chr.qcow2"
    path.write_bytes(b"QFI\xfb" + b"\xff" * 1000)
    assert f"{path} is a broken qcow2 image" in ask(path=str(path))["msg"]


def test_an_image_with_a_backing_file_is_refused(ask: Ask, raw: Path, tmp_path: Path) -> None:
    path = tmp_path / "chr.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", raw, path)
    for check in (True, False):
        assert f"it needs {raw}" in ask(check=check, path=str(path))["msg"]


def test_a_missing_file_a_folder_and_a_pipe_are_no_image(ask: Ask, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing.img", "pipe", ""):
        assert "is no file" in ask(path=str(tmp_path / name))["msg"]


def test_a_file_that_may_not_be_read_is_named(ask: Ask, disk: bytes, public_folder: Path, as_user: Callable[[], None]) -> None:
    path = public_folder / "chr.img"
    path.write_bytes(disk)
    path.chmod(0)
    as_user()
    assert f"path: {path} cannot be read (found: Permission denied)" in ask(path=str(path))["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_a_missing_qemu_img_is_told_with_its_package_before_any_download(
    ask: Ask, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, check: bool
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    message = ask(check=check, version=VERSION, format="qcow2")["msg"]
    assert "qemu-img is needed" in message and "qemu-utils" in message
    assert mirror.requests == []
