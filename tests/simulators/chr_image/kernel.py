# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repack the distribution's kernel with LZ4.

The distributions pack their kernels with xz or zstd. Unpacking that takes a guest without KVM several seconds of CPU,
half of its whole boot; LZ4 takes a fraction of one. The boot protocol's header stays, fastboot.S replaces the kernel's
own unpacker (Linux: Documentation/arch/x86/boot.rst).
"""

from __future__ import annotations

import gzip
import lzma
import struct
from pathlib import Path

from .packages import ImageError, run

LINK_ADDRESS = 0x1000000  # physical; CONFIG_PHYSICAL_START of both distributions, KERNEL in fastboot.S
LOAD_ADDRESS = 0x5000000  # physical; above the unpacked kernel, low enough for a guest with 128 MiB
PT_LOAD = 1
SETUP_SECTORS, SYSTEM_SIZE, RELOCATABLE, PAYLOAD, PREFERRED_ADDRESS, KERNEL_INFO = (
    0x1F1,
    0x1F4,
    0x234,
    0x248,
    0x258,
    0x268,
)


def unpacked_kernel(image: bytes, setup_size: int, work: Path) -> bytes:
    """The ELF file inside a bzImage, whatever it is packed with."""
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    payload = image[setup_size + offset :][:length]
    if payload.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x1f\x8b"):
        return gzip.decompress(payload[:-4])
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        (work / "kernel.zst").write_bytes(payload[:-4])  # The kernel's build appends the unpacked size.
        run("zstd", "-dqf", work / "kernel.zst", "-o", work / "kernel.elf")
        return (work / "kernel.elf").read_bytes()
    raise ImageError(f"the kernel is packed in an unknown way ({payload[:4].hex()})")


def memory_image(elf: bytes) -> bytes:
    """The kernel as it lies in memory, from LINK_ADDRESS on (64-bit ELF: program headers at e_phoff, e_phnum of
    them).
    """
    entry, table = struct.unpack_from("<QQ", elf, 24)
    count = struct.unpack_from("<H", elf, 56)[0]
    memory = bytearray()
    for number in range(count):
        kind, dummy, offset, dummy, address, size = struct.unpack_from("<IIQQQQ", elf, table + 56 * number)
        if kind == PT_LOAD:
            start = address - LINK_ADDRESS
            memory.extend(bytes(max(0, start + size - len(memory))))
            memory[start : start + size] = elf[offset : offset + size]
    if entry != LINK_ADDRESS or LINK_ADDRESS + len(memory) > LOAD_ADDRESS:
        raise ImageError(f"the kernel does not fit between {LINK_ADDRESS:#x} and {LOAD_ADDRESS:#x}")
    return bytes(memory)


def assemble(source: Path, work: Path) -> bytes:
    """The machine code of an assembler file that needs no linking."""
    run("as", "--64", source, "-o", work / "head.o")
    run("objcopy", "-O", "binary", "-j", ".text", work / "head.o", work / "head.bin")
    return (work / "head.bin").read_bytes()


def repack(kernel: Path, work: Path) -> Path:
    """The repacked kernel, written into the work folder."""
    image = kernel.read_bytes()
    setup_size = (image[SETUP_SECTORS] + 1) * 512
    (work / "memory").write_bytes(memory_image(unpacked_kernel(image, setup_size, work)))
    run("lz4", "-lqf9", work / "memory", work / "memory.lz4")
    blocks = (work / "memory.lz4").read_bytes()[4:] + bytes(
        4
    )  # The old LZ4 frame: a magic number, then blocks; fastboot.S wants a 0 behind.
    body = assemble(Path(__file__).with_name("fastboot.S"), work) + blocks
    body += bytes(-len(body) % 16)
    header = bytearray(image[:setup_size])
    struct.pack_into("<I", header, SYSTEM_SIZE, len(body) // 16)
    struct.pack_into("<BxH", header, RELOCATABLE, 0, 0)  # and xloadflags: no 64-bit entry, no EFI
    struct.pack_into("<II", header, PAYLOAD, 0, 0)
    struct.pack_into("<QI", header, PREFERRED_ADDRESS, LOAD_ADDRESS, len(body) + 4095 & ~4095)  # and init_size
    struct.pack_into("<I", header, KERNEL_INFO, 0)
    target = work / "vmlinuz"
    target.write_bytes(bytes(header) + body)
    return target
