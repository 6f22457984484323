# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk: laid out like CHR's own, written without root, mounts or loop devices.

MBR with boot code; partition 1 (FAT) with SYSLINUX, the kernel and the initrd; partition 2 (ext4) with the folder
`rw`, in which CHR keeps its state.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from .packages import ImageError, run

SECTOR = 512
MIB = 1024 * 1024
DISK_SIZE = 128 * MIB  # bytes; what CHR's own image has
BOOT_START, BOOT_SIZE = 1 * MIB, 33 * MIB
DATA_START = BOOT_START + BOOT_SIZE
DATA_SIZE = DISK_SIZE - DATA_START
FAT_LBA, LINUX = 0x0C, 0x83  # partition types
BOOTABLE = 0x80
BOOT_CODE = (Path("/usr/lib/syslinux/mbr/mbr.bin"), Path("/usr/lib/SYSLINUX/mbr.bin"))
SERIAL = 0x43485231  # any fixed number: disks of equal content are equal bytes
UUID = "6d6b7274-0000-4000-8000-636872726f73"
EPOCH = "1"  # seconds; 0 counts as "not set" in some of the tools


def partition_entry(kind: int, start: int, size: int, flags: int = 0) -> bytes:
    """One entry of the partition table (start and size in bytes); LBA only, as every BIOS since 1998 reads it."""
    no_chs = b"\xfe\xff\xff"
    return struct.pack("<B3sB3sII", flags, no_chs, kind, no_chs, start // SECTOR, size // SECTOR)


def boot_record() -> bytes:
    """The first sector: SYSLINUX's boot code and the partition table."""
    boot_code = next((path.read_bytes() for path in BOOT_CODE if path.exists()), None)
    if boot_code is None:
        raise ImageError("SYSLINUX's mbr.bin is missing: install syslinux-common and build again")
    table = partition_entry(FAT_LBA, BOOT_START, BOOT_SIZE, BOOTABLE) + partition_entry(LINUX, DATA_START, DATA_SIZE)
    return boot_code[:440].ljust(440, b"\0") + struct.pack("<IH", SERIAL, 0) + table.ljust(64, b"\0") + b"\x55\xaa"


def tool_environment() -> dict[str, str]:
    """For the file system tools: fixed times, so that equal contents give equal disks; and the folders they live
    in on Debian.
    """
    fixed = {"SOURCE_DATE_EPOCH": EPOCH, "E2FSPROGS_FAKE_TIME": EPOCH, "MTOOLS_SKIP_CHECK": "1"}
    return {**os.environ, **fixed, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}


def write_boot_files(disk: Path, files: dict[str, Path]) -> None:
    """Put files into the boot partition, over those of the same name."""
    for name, file in files.items():
        os.utime(file, (int(EPOCH), int(EPOCH)))
        run("mcopy", "-mo", "-i", f"{disk}@@{BOOT_START}", file, f"::{name}", env=tool_environment())


def write_boot_partition(disk: Path, files: dict[str, Path]) -> None:
    """Make the FAT, copy the files in, install SYSLINUX."""
    offset = ("--offset", str(BOOT_START // SECTOR))
    # Big clusters: SYSLINUX reads the file allocation table entry by entry.
    run(
        "mkfs.vfat",
        "--invariant",
        "-s",
        "16",
        "-n",
        "CHR",
        *offset,
        disk,
        str(BOOT_SIZE // 1024),
        env=tool_environment(),
    )
    write_boot_files(disk, files)
    run("syslinux", "--offset", str(BOOT_START), "--install", disk, env=tool_environment())


def write_data_partition(disk: Path, content: Path) -> None:
    """Make the ext4 file system with the content of a folder in it."""
    options = f"offset={DATA_START},hash_seed={UUID},lazy_itable_init=0,root_owner=0:0"
    run(
        "mkfs.ext4",
        "-q",
        "-F",
        "-U",
        UUID,
        "-E",
        options,
        "-d",
        content,
        disk,
        str(DATA_SIZE // 1024) + "k",
        env=tool_environment(),
    )


def write_disk(disk: Path, boot_files: dict[str, Path], data: Path) -> None:
    """Make the whole disk, sparse."""
    with open(disk, "wb") as file:
        file.write(boot_record())
        file.truncate(DISK_SIZE)
    write_boot_partition(disk, boot_files)
    write_data_partition(disk, data)
