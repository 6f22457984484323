# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/developing.md says of adding things, done by hand in a copy of the collection; what is generated is not among it."""

from __future__ import annotations

from pathlib import Path

from tests.workshop import Workshop

HERE = Path(__file__).parent
LIBRARY = "plugins/module_utils"
HYPERVISORS = f"{LIBRARY}/_hypervisors"
OPEN = """

def _toy(options: t.Mapping[str, t.Any], concurrency: int) -> Opened:
    from .toy import driver

    return driver.connect(options, concurrency)
"""
OPTION = """\
      watchdog:
        description: Whether the guest has a watchdog, beside O(guests[].serial_console). A new guest has none.
        type: bool
"""
ELEMENT = """\
    if guest.watchdog:
        _sub(devices, "watchdog", model="i6300esb", action="reset")
"""


def add_toy(workshop: Workshop) -> None:
    """A hypervisor."""
    for path in sorted((HERE / "driver").glob("*.py")):
        workshop.add(f"{HYPERVISORS}/toy/{path.name}", path.read_text(encoding="utf-8"))
    workshop.add("plugins/doc_fragments/toy.py", (HERE / "fragment.py").read_text(encoding="utf-8"))
    registry = f"{HYPERVISORS}/registry.py"
    imports = "from .toy import arguments as toy_arguments\nfrom .toy.platform import PLATFORM as TOY\n"
    workshop.insert(registry, "from .libvirt.platform import PLATFORM as LIBVIRT", imports)
    workshop.insert(registry, "    from .proxmox import driver\n\n    return driver.connect(options, concurrency)", OPEN)
    entry = "Driver(PROXMOX, proxmox_arguments.CONNECTION, proxmox_arguments.GUEST, _proxmox, proxmox_arguments.NIC, proxmox_arguments.SEGMENT),"
    workshop.insert(registry, entry, "    Driver(TOY, toy_arguments.CONNECTION, toy_arguments.GUEST, _toy),\n")


def add_module(workshop: Workshop) -> None:
    """A module that reads from a hypervisor."""
    workshop.add("plugins/modules/chr_place_info.py", (HERE / "module.py").read_text(encoding="utf-8"))
    for last in ("metarouter_vm\n  #", "chr_script\n  #"):  # of the groups `all` and `hypervisor`
        workshop.replace("meta/runtime.yml", last, last.replace("\n", "\n    - chr_place_info\n"))
    workshop.replace("README.md", "`chr_guest_info`, ", "`chr_guest_info`, `chr_place_info`, ")


def add_option(workshop: Workshop) -> None:
    """An option of a guest, which libvirt can."""
    module, guests, domain = "plugins/modules/chr_guest.py", f"{LIBRARY}/_guests/guest.py", f"{HYPERVISORS}/libvirt/domain_xml.py"
    workshop.insert(module, "Whether the guest has a serial console. A new guest gets one.\n        type: bool", OPTION)
    workshop.insert(module, '"serial_console": {"type": "bool"},', '    "watchdog": {"type": "bool"},\n')
    workshop.insert(guests, "    serial_console: bool | None = None", "    watchdog: bool | None = None\n")
    workshop.insert(guests, "    disk_size: int = 0", "    watchdog: bool = False\n")
    workshop.insert(f"{LIBRARY}/_guests/platform.py", '    "serial_console": True,', '    "watchdog": False,\n')
    workshop.insert(domain, "    interfaces: tuple[NicDefinition, ...]", "    watchdog: bool = False\n")
    workshop.insert(domain, '"target", port="0")', ELEMENT)
    workshop.insert(domain, "    return GuestState(", '        watchdog=root.find("devices/watchdog") is not None,\n')
