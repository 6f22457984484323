# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk image files: what one is, unpacking, converting (private). Formats are told by their own headers, never guessed by qemu-img."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import typing as t
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from .._core.errors import InputError, UnsupportedError

LARGEST: t.Final = 4 << 30  # bytes; CHR's images have 64 and 128 MiB, so this only stops what is none
CHUNK: t.Final = 1 << 20  # bytes
SECTOR: t.Final = 512  # bytes
BOOT_SIGNATURE: t.Final = b"\x55\xaa"  # the last two bytes of a BIOS boot sector
VMDK_VERSION: t.Final = 3  # ESXi refuses older stream-optimised disks as "sparse VMDK version too old"
_VMDK_COMPRESSED: t.Final = 1 << 16  # a header flag
_MAGIC: t.Final = (("zip", 0, b"PK\x03\x04"), ("zip", 0, b"PK\x05\x06"), ("qcow2", 0, b"QFI\xfb"), ("vmdk", 0, b"KDMV"),
                   ("vhdx", 0, b"vhdxfile"), ("vdi", 0x40, b"\x7f\x10\xda\xbe"))  # fmt: skip
_OUTPUT_OPTIONS: t.Final = {"vmdk": ["-o", "subformat=streamOptimized"]}
_PACKAGE: t.Final = "Install the package qemu-utils (Debian, Ubuntu) or qemu-img (Fedora, RHEL)"


def kind(path: Path) -> str:
    """What a file of the user's is: zip, qcow2, vmdk, vdi, vhdx or raw. Raises InputError for what cannot be read or is no disk image."""
    try:
        if not path.is_file():
            raise InputError(f"path: {path} is no file", remedy="Give the path of a disk image on the machine that runs the module")
        with path.open("rb") as handle:
            head = handle.read(SECTOR)
    except OSError as error:
        raise unreadable(path, error) from error
    for name, offset, magic in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    _require_boot_sector(head, f"path: {path}")
    return "raw"


def unreadable(path: Path, error: OSError) -> InputError:
    """The error for a file of the user's that cannot be read."""
    return InputError(f"path: {path} cannot be read", found=error.strerror or str(error), remedy="Check the path and its permissions")


def require_disk(path: Path, what: str) -> None:
    """Raises InputError unless the raw image begins as a disk does; `what` names its origin."""
    with path.open("rb") as handle:
        _require_boot_sector(handle.read(SECTOR), what)


def _require_boot_sector(head: bytes, what: str) -> None:
    if len(head) < SECTOR or head[-2:] != BOOT_SIGNATURE:
        raise InputError(
            f"{what} is no disk image", wanted="a BIOS boot sector (55 AA at byte 510)", found=head[-2:].hex(" ") or "an empty file",
            remedy="Give a raw CHR disk image; chr_image also takes .img.zip, qcow2, vmdk, vdi and vhdx",
        )  # fmt: skip


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def check_zip(path: Path, what: str) -> str:
    """The name of the one image in a zip file. Raises InputError for any other content, and for a file that was cut short."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, EOFError, struct.error) as error:
        raise _broken(what, str(error)) from error
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts:
            raise InputError(
                f"{what} has a member that points out of its folder", found=repr(member.filename), remedy="Do not use this file"
            )
    if len(members) != 1 or not members[0].filename.lower().endswith(".img"):
        found = ", ".join(member.filename for member in members[:5]) or "nothing"
        raise InputError(
            f"{what} does not hold one raw image", wanted="exactly one .img file", found=found, remedy="Give the vendor's .img.zip"
        )
    if members[0].flag_bits & 1:
        raise InputError(f"{what} is encrypted", remedy="Unpack it and give the path of the image")
    if members[0].file_size > LARGEST:
        raise InputError(f"{what} unpacks to more than any CHR image", wanted=f"at most {LARGEST >> 30} GiB", remedy="Do not use this file")
    return members[0].filename


def unpack(path: Path, target: Path, what: str) -> str:
    """Write the one image of a zip file to `target` and return its SHA-256. zipfile gives no more than the announced size, and checks the
    CRC at its end. Raises InputError for what is broken or no disk."""
    name, digest, head = check_zip(path, what), hashlib.sha256(), b""
    with target.open("wb") as output:
        try:
            with zipfile.ZipFile(path) as archive, archive.open(name) as member:
                while block := member.read(CHUNK):
                    head = head or block
                    digest.update(block)
                    output.write(block)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise _broken(what, str(error)) from error
    _require_boot_sector(head[:SECTOR], f"{what}: {name}")
    return digest.hexdigest()


def _broken(what: str, found: str) -> InputError:
    return InputError(f"{what} is a broken or truncated zip file", found=found, remedy="Get it again")


def require_qemu_img() -> str:
    """The path of qemu-img. Raises UnsupportedError where it is missing."""
    found = shutil.which("qemu-img")
    if found is None:
        raise UnsupportedError("qemu-img is needed to convert disk images and is not installed", remedy=_PACKAGE)
    return found


def check_whole(path: Path, source_format: str) -> None:
    """Raises InputError for an image that needs other files: converting it would read whatever its header names."""
    command = [require_qemu_img(), "info", "--output=json", "-f", source_format, str(path)]
    done = _qemu_img(command)
    if done.returncode:
        raise InputError(f"path: {path} is a broken {source_format} image", found=_last_line(done.stderr), remedy="Get it again")
    info = json.loads(done.stdout)
    specific = (info.get("format-specific") or {}).get("data") or {}
    other = info.get("backing-filename") or specific.get("data-file")
    if other:
        raise InputError(f"path: {path} is only part of an image", found=f"it needs {other}", remedy="Flatten it with qemu-img convert")
    if info.get("virtual-size", 0) > LARGEST:
        raise InputError(
            f"path: {path} is larger than any CHR image", wanted=f"at most {LARGEST >> 30} GiB", remedy="Give a CHR disk image"
        )


def convert(source: Path, source_format: str, target: Path, target_format: str) -> None:
    """Write `source` to `target` in another format. Raises InputError for a broken source and UnsupportedError for any other trouble."""
    options = _OUTPUT_OPTIONS.get(target_format, [])
    done = _qemu_img([require_qemu_img(), "convert", "-f", source_format, "-O", target_format, *options, str(source), str(target)])
    if done.returncode:
        family = UnsupportedError if source_format == "raw" else InputError
        raise family(
            f"{source} could not be converted to {target_format}", found=_last_line(done.stderr), remedy="Check the file and free space"
        )
    if target_format == "vmdk":
        _require_stream_optimised(target)


def _qemu_img(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=environment, check=False)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def _require_stream_optimised(path: Path) -> None:
    with path.open("rb") as handle:
        head = handle.read(12)
    magic, version, flags = struct.unpack("<4sII", head)
    if magic != b"KDMV" or version != VMDK_VERSION or not flags & _VMDK_COMPRESSED:
        raise UnsupportedError(
            "this qemu-img makes no stream-optimised vmdk that ESXi takes", wanted=f"header version {VMDK_VERSION}",
            found=f"version {version}", remedy="Upgrade qemu-img to 2.5.1 or later",
        )  # fmt: skip
