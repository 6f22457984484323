# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a libvirt host is and can do (private)."""

from __future__ import annotations

import re
import typing as t
import xml.etree.ElementTree as ET

from ..._core.errors import UnsupportedError
from ..._guests.limits import PARAVIRTUAL
from .connection import library

if t.TYPE_CHECKING:
    import libvirt

CHR_RUNS_THERE: t.Final = ("ESX", "Hyper-V", "VBOX", "VMware", "Xen")  # libvirt's names; CHR manual, System Requirements
VIRTUALISATION: t.Final = ("vmx", "svm")  # the CPU flags without which /dev/kvm is a door to nowhere


def says_qemu(uri: str) -> bool:
    """Whether the URI itself names QEMU's driver; one that a user's configuration abbreviates does not say."""
    return re.match(r"qemu(\+\w+)?:", uri) is not None


def refuse_other_drivers(driver: str) -> None:
    """Raise UnsupportedError for a libvirt driver that is not QEMU's: CHR can run under some of them, and this collection does not know them."""
    if driver == "QEMU":
        return
    if driver in CHR_RUNS_THERE:
        raise UnsupportedError(f"libvirt's {driver} driver is not supported yet", wanted="QEMU/KVM", remedy="Use a qemu:// URI")
    raise UnsupportedError(f"libvirt's {driver} driver cannot run CHR: {PARAVIRTUAL} (CHR manual)", wanted="QEMU/KVM", remedy="Use a qemu:// URI")


def kvm_works(connection: libvirt.virConnect) -> bool:
    """Whether a guest under KVM would run: libvirt offers it wherever the device node exists, so the CPU must have the flag as well."""
    lib = library()
    capabilities = ET.fromstring(connection.getCapabilities())
    offered = capabilities.find("guest/arch[@name='x86_64']/domain[@type='kvm']") is not None
    cpu = capabilities.find("host/cpu")
    if not offered or cpu is None:
        return False
    whole = connection.baselineCPU([ET.tostring(cpu, encoding="unicode")], lib.VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES)
    features = {feature.get("name") for feature in ET.fromstring(whole).findall("feature")}
    features |= {feature.get("name") for feature in cpu.findall("feature")}
    return any(flag in features for flag in VIRTUALISATION)
