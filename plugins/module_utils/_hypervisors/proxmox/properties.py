# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Property strings: `key=value` with commas between, the first key often left out (private, pure). Facts on Proxmox VE, 1.2.

They are compared parsed and never as text, since Proxmox stores them in an order of its own.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field, replace

MODELS: t.Final = re.compile(r"virtio|e1000e?|e1000-82540em|e1000-82544gc|e1000-82545em|vmxnet3|rtl8139|i8255\w+|ne2k_\w+|pcnet")
BUSES: t.Final = ("virtio", "sata", "ide", "scsi")
DRIVE: t.Final = re.compile(rf"(?:{'|'.join(BUSES)})\d+")
UNUSED: t.Final = re.compile(r"unused\d+")
NET: t.Final = re.compile(r"net(\d+)")
_UNITS: t.Final = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}

Options = t.Dict[str, str]  # noqa: UP006  (evaluated at import)


def parse(text: str, first: str = "") -> Options:
    """The options of a property string; `first` is the key of what has none."""
    parts = (part.partition("=") for part in str(text).split(",") if part)
    return {(key if mark else first): (value if mark else key) for key, mark, value in parts}


def render(options: t.Mapping[str, t.Any]) -> str:
    """A property string."""
    return ",".join(f"{key}={value}" for key, value in options.items())


def is_on(value: t.Any) -> bool:
    """A boolean as Proxmox stores it."""
    return str(value) == "1"


def is_enabled(text: t.Any) -> bool:
    """The agent's option: `1`, or `enabled=1` among others."""
    return is_on(parse(str(text), "enabled").get("enabled", "0"))


@dataclass(frozen=True)
class Net:
    """An interface: `MODEL=MAC` and its options. Whoever changes one keeps every option that he does not know (0, item 7)."""

    model: str
    mac: str  # lower case
    options: Options = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Net:
        options = parse(text, "model")
        model = options.pop("model", "")
        mac = options.pop("macaddr", "")
        for key in [key for key in options if MODELS.fullmatch(key)]:
            model, mac = key, options.pop(key)
        return cls(model, mac.lower(), options)

    def __str__(self) -> str:
        return render({self.model: self.mac.upper(), **dict(sorted(self.options.items()))})

    def with_options(self, **wanted: t.Any) -> Net:
        """The same with options changed; None takes one away."""
        merged = {**self.options, **{key: value for key, value in wanted.items() if value is not None}}
        return replace(self, options={key: str(value) for key, value in merged.items() if wanted.get(key, "") is not None})

    @property
    def link(self) -> bool:
        return not is_on(self.options.get("link_down", "0"))


@dataclass(frozen=True)
class Drive:
    """A disk: its volume and its options."""

    volume: str
    options: Options = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Drive:
        options = parse(text, "file")
        return cls(options.pop("file", ""), options)

    def __str__(self) -> str:
        return ",".join(filter(None, (self.volume, render(self.options))))

    @property
    def is_cdrom(self) -> bool:
        return self.options.get("media") == "cdrom"

    @property
    def size(self) -> int:
        """Bytes; 0 where the option is not there."""
        return bytes_of(self.options.get("size", "0"))


def bytes_of(text: str) -> int:
    """A size such as `128M`, `1.5G` or `70000`."""
    match = re.fullmatch(r"([\d.]+)([KMGT]?)", text)
    return int(float(match[1]) * (1 << _UNITS[match[2]])) if match else 0


def drives(config: t.Mapping[str, t.Any]) -> dict[str, Drive]:
    """A guest's disks by key, CD-ROMs left out, in the order of their keys."""
    found = {key: Drive.parse(str(value)) for key, value in config.items() if DRIVE.fullmatch(key)}
    return {key: drive for key, drive in sorted(found.items()) if not drive.is_cdrom}


def system_drive(config: t.Mapping[str, t.Any]) -> str:
    """The key of the disk that the guest boots from; empty for none."""
    order = str(config.get("boot", "")).partition("order=")[2].split(",")[0].split(";")
    there = drives(config)
    return next((key for key in (*order, *sorted(there, key=lambda key: BUSES.index(re.sub(r"\d+", "", key)))) if key in there), "")


def nets(config: t.Mapping[str, t.Any]) -> dict[int, Net]:
    """A guest's interfaces by N of netN."""
    found = {int(match[1]): Net.parse(str(value)) for key, value in config.items() if (match := NET.fullmatch(key))}
    return dict(sorted(found.items()))


def tags(text: t.Any) -> list[str]:
    """Tags, which come in any order and with several separators."""
    return sorted(set(filter(None, re.split(r"[;, ]+", str(text or "").lower()))))
