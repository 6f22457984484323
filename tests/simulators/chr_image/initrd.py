# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's root file system: busybox, Python, the simulator and the drivers, as a compressed initrd."""

from __future__ import annotations

import lzma
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from .packages import ImageError, run

HERE = Path(__file__).resolve().parent
SIMULATORS = HERE.parent

# What QEMU, Proxmox and ESXi may offer a CHR (CHR manual, "Minimum requirements" and the network and disk types
# there), the guest agent's
# channel, the disk's file system and the power button. crc32c_generic is wanted by ext4 without being named as a
# dependency.
DRIVERS = (
    "virtio_pci",
    "virtio_net",
    "virtio_blk",
    "virtio_console",
    "virtio_scsi",
    "e1000",
    "e1000e",
    "vmxnet3",
    "ata_piix",
    "ahci",
    "mptspi",
    "mptsas",
    "vmw_pvscsi",
    "sd_mod",
    "ext4",
    "crc32c_generic",
    "button",
    "evdev",
)
MODULE_SIGNATURE = b"~Module signature appended~\n"
FOLDERS = ("bin", "dev", "disk", "etc", "proc", "run", "sys", "tmp", "lib/modules")


@dataclass(frozen=True)
class Kernel:
    """The unpacked kernel packages."""

    root: Path
    release: str

    @property
    def image(self) -> Path:
        """The bootable kernel itself."""
        return self.root / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self) -> Path:
        """The folder of its modules."""
        return (
            next(path for path in (self.root / "lib/modules", self.root / "usr/lib/modules") if path.is_dir())
            / self.release
        )


def find_kernel(root: Path) -> Kernel:
    """The one kernel in the unpacked tree."""
    images = sorted((root / "boot").glob("vmlinuz-*"))
    if len(images) != 1:
        raise ImageError(f"expected one kernel in the packages, found {len(images)}")
    return Kernel(root, images[0].name.removeprefix("vmlinuz-"))


def module_content(file: Path) -> bytes:
    """A module, unpacked and without its signature: checking signatures costs the guest time and proves nothing
    here.
    """
    if file.suffix == ".xz":
        content = lzma.decompress(file.read_bytes())
    elif file.suffix == ".zst":
        plain = file.with_suffix("")
        run("zstd", "-dqf", file, "-o", plain)
        content = plain.read_bytes()
    else:
        content = file.read_bytes()
    if not content.endswith(MODULE_SIGNATURE):
        return content
    length = int.from_bytes(content[-len(MODULE_SIGNATURE) - 4 : -len(MODULE_SIGNATURE)], "big")
    return content[: -len(MODULE_SIGNATURE) - 12 - length]  # 12: the signature's own header (linux/module_signature.h)


def module_info(content: bytes, field: str) -> list[str]:
    """The values of a field in a module's .modinfo section (NUL-separated "field=value" words)."""
    return [value.decode() for value in re.findall(rb"(?<=\0)" + field.encode() + rb"=([^\0]*)", content)]


def canonical(name: str) -> str:
    """Modules are named with "-" or "_" without difference."""
    return name.replace("-", "_")


def needs(content: bytes) -> list[str]:
    """The modules that a module needs directly."""
    return [canonical(name) for value in module_info(content, "depends") for name in value.split(",") if name]


def gather_modules(kernel: Kernel) -> dict[str, bytes]:
    """The drivers and what they depend on, by canonical name. What the kernel has built in is left out."""
    files = {canonical(file.name.split(".ko")[0]): file for file in kernel.modules.glob("kernel/**/*.ko*")}
    built_in = {canonical(Path(line).stem) for line in (kernel.modules / "modules.builtin").read_text().splitlines()}
    gathered: dict[str, bytes] = {}
    waiting = list(DRIVERS)
    while waiting:
        name = canonical(waiting.pop())
        if name in gathered or name in built_in:
            continue
        if name not in files:
            raise ImageError(f"kernel {kernel.release} has no driver {name}")
        gathered[name] = module_content(files[name])
        waiting += needs(gathered[name])
    return gathered


def write_modules(modules: dict[str, bytes], folder: Path) -> None:
    """Lay the modules out with the two indexes that modprobe reads."""
    folder.mkdir(parents=True)

    def load_order(name: str) -> list[str]:
        before: list[str] = []
        for needed in needs(modules.get(name, b"")):
            before += [other for other in (*load_order(needed), needed) if other in modules and other not in before]
        return before

    for name, content in modules.items():
        (folder / f"{name}.ko").write_bytes(content)
    # modprobe loads what stands behind the colon from the last to the first.
    lines = [
        " ".join([f"{name}.ko:", *(f"{other}.ko" for other in reversed(load_order(name)))]) for name in sorted(modules)
    ]
    (folder / "modules.dep").write_text("\n".join(lines) + "\n")
    aliases = [f"alias {alias} {name}" for name in sorted(modules) for alias in module_info(modules[name], "alias")]
    (folder / "modules.alias").write_text("\n".join(aliases) + "\n")


def loader(root: Path) -> tuple[Path, Path]:
    """The dynamic loader of the unpacked C library and the folder of its libraries."""
    for library in (root / "usr/lib/x86_64-linux-gnu", root / "lib/x86_64-linux-gnu"):
        if (found := library / "ld-linux-x86-64.so.2").exists():
            return found, library
    raise ImageError("the packages hold no C library for x86-64")


def install_python(root: Path, tree: Path) -> None:
    """The interpreter, the C libraries it needs, and what freeze.py finds the simulator to need of the standard
    library.
    """
    [interpreter] = root.glob("usr/bin/python3.*[0-9]")
    dynamic_loader, dummy = loader(root)
    libraries = f"{root}/usr/lib/x86_64-linux-gnu:{root}/lib/x86_64-linux-gnu"
    guest_python = (dynamic_loader, "--library-path", libraries, interpreter)
    frozen = tree / "usr/lib" / interpreter.name
    frozen.mkdir(parents=True)
    environment = {"PYTHONHOME": str(root / "usr"), "PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"}
    run(*guest_python, "-S", "-B", HERE / "freeze.py", SIMULATORS, frozen, env=environment)
    for extension in (None, *sorted(frozen.glob("lib-dynload/*.so"))):
        install_libraries(run(dynamic_loader, "--library-path", libraries, "--list", extension or interpreter), tree)
    place(interpreter, tree, "bin/python3")
    (tree / "usr/bin").mkdir(parents=True)
    place(dynamic_loader, tree, "lib64/ld-linux-x86-64.so.2")


def install_libraries(listing: str, tree: Path) -> None:
    """Copy the shared libraries that the loader lists ("libm.so.6 => /path/libm.so.6 (0x...)"); it lists itself
    too, by an absolute name.
    """
    for name, path in re.findall(r"^\s*([^/\s]+) => (/\S+) \(0x", listing, re.MULTILINE):
        place(Path(path), tree, f"lib/{name}")


def place(source: Path, tree: Path, name: str, mode: int = 0o755) -> None:
    """Copy one file into the tree under a name and mode of our own; never outside the tree, whatever the name."""
    target = (tree / name).resolve()
    if not target.is_relative_to(tree.resolve()):
        raise ImageError(f"{name} would be written outside the image")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def place_script(source: Path, tree: Path, name: str) -> None:
    """Put a shell script into the tree, with the line that makes the guest's busybox run it."""
    place(source, tree, name)
    target = tree / name
    target.write_text("#!/bin/busybox sh\n" + target.read_text())


def build_tree(root: Path, kernel: Kernel, tree: Path) -> None:
    """Fill an empty folder with the guest's root file system."""
    for folder in FOLDERS:
        (tree / folder).mkdir(parents=True)
    [busybox] = [path for path in (root / "bin/busybox", root / "usr/bin/busybox") if path.exists()][:1]
    place(busybox, tree, "bin/busybox")
    place_script(HERE / "guest/init", tree, "init")
    place_script(HERE / "guest/dhcp-event", tree, "bin/dhcp-event")
    install_python(root, tree)
    write_modules(gather_modules(kernel), tree / "lib/modules" / kernel.release)


def archive_entry(name: str, mode: int, content: bytes, number: int) -> bytes:
    """One entry of a cpio archive in the kernel's "newc" form (Documentation/driver-api/early-userspace/buffer-
    format.rst).
    """
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
    head = b"070701" + "".join(f"{field:08X}" for field in fields).encode() + encoded
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)


def archive(tree: Path) -> bytes:
    """The tree as a cpio archive: sorted, owned by root and without times, so that equal trees give equal bytes."""
    entries = []
    for number, path in enumerate(sorted(tree.rglob("*")), start=1):
        mode = path.lstat().st_mode
        kind = stat.S_IFDIR if stat.S_ISDIR(mode) else stat.S_IFREG
        content = path.read_bytes() if kind == stat.S_IFREG else b""
        entries.append(archive_entry(str(path.relative_to(tree)), kind | (stat.S_IMODE(mode) & 0o755), content, number))
    return b"".join(entries) + archive_entry("TRAILER!!!", 0, b"", 0)
