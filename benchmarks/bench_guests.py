# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver against bare libvirt, in one run on one host: guests made and started, a pass without changes, a script's result.

The guests are boot sectors that halt, so that their own work does not drown the driver's. `--smallest` measures next to nothing: it shows
that the benchmark runs.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import typing as t
import xml.etree.ElementTree as ET
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import libvirt
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.hypervisor import Hypervisor
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import Script
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import run as run_script

from benchmarks.table import Row, chosen, show, spread, timed
from tests.integration.libvirt import sectors
from tests.integration.libvirt.round_trips import converge, counted, driver
from tests.integration.libvirt.support import URI, host, network, run
from tests.module_runs import Json
from tests.simulators.chr_image.image import DEFAULT_VERSION, ensure_image
from tests.waiting import PATIENCE

THREADS = 8  # on either side
DELAY = 2  # seconds that the measured script takes by itself


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    guests: int
    rounds: int
    scripts: int


WHOLE = Size(guests=20, rounds=5, scripts=5)
SMALLEST = Size(guests=2, rounds=1, scripts=1)


def wanted(name: str, image: Path) -> Json:
    """One guest that is to run."""
    nics = [{"name": "ether1", "network": "bench-wan"}, {"name": "ether2", "network": "bench-lan"}]
    return {"name": name, "image": str(image), "version": DEFAULT_VERSION, "memory": 272, "state": "started", "interfaces": nics}


def names(prefix: str, size: Size) -> list[str]:
    """The names of one round's guests."""
    return [f"{prefix}-{number}" for number in range(size.guests)]


def by_driver(image: Path, size: Size) -> None:
    """All guests through the driver, connection included."""
    with driver(THREADS) as hypervisor:
        converge(hypervisor, [wanted(name, image) for name in names("driver", size)])


def by_hand(template: str, base: str, size: Size) -> None:
    """The same guests by the bare calls, from as many threads as the driver has, each with a connection of its own."""
    mine = threading.local()

    def connect() -> None:
        mine.connection = libvirt.open(URI)

    def make(name: str) -> None:
        domain = mine.connection.defineXML(template.replace("TEMPLATE", name))
        pool = mine.connection.storagePoolLookupByName("default")
        backing = pool.storageVolLookupByName(base).path()
        pool.createXML(
            f"<volume><name>{name}.qcow2</name><capacity>{sectors.MIB}</capacity><target><format type='qcow2'/></target>"
            f"<backingStore><path>{backing}</path><format type='raw'/></backingStore></volume>"
        )
        domain.setAutostart(True)
        domain.create()

    with ThreadPoolExecutor(THREADS, initializer=connect) as threads:
        list(threads.map(make, names("bare", size)))


def template_of(name: str) -> str:
    """The definition that the driver gave a guest, without what is its own."""
    with host() as connection:
        root = ET.fromstring(connection.lookupByName(name).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    root.remove(t.cast(ET.Element, root.find("uuid")))
    t.cast(ET.Element, root.find("name")).text = "TEMPLATE"
    t.cast(ET.Element, root.find("devices/disk/source")).set("volume", "TEMPLATE.qcow2")
    for nic in root.findall("devices/interface"):
        nic.remove(t.cast(ET.Element, nic.find("mac")))
    return ET.tostring(root, encoding="unicode")


def clean() -> None:
    """Remove all guests and their disks; the base images stay."""
    with host() as connection:
        for domain in connection.listAllDomains():
            if domain.isActive():
                domain.destroy()
            domain.undefine()
        for volume in connection.storagePoolLookupByName("default").listAllVolumes():
            if volume.name().endswith(".qcow2"):
                volume.delete()


def creation(image: Path, size: Size) -> list[Row]:
    """Driver and bare loop in turns; the order changes from pair to pair."""
    by_driver(image, size)  # uploads the image, warms the caches
    with host() as connection:
        [base] = [name for name in connection.storagePoolLookupByName("default").listVolumes() if name.endswith(".img")]
    template = template_of(names("driver", size)[0])
    clean()
    times: dict[str, list[float]] = {"driver": [], "bare": []}
    ways: dict[str, Callable[[], None]] = {"driver": lambda: by_driver(image, size), "bare": lambda: by_hand(template, base, size)}
    for number in range(size.rounds):
        for way in sorted(ways, reverse=bool(number % 2)):
            times[way].append(timed(ways[way]))
            print(f"round {number + 1} of {size.rounds}, {way}: {times[way][-1]:.2f} s", file=sys.stderr, flush=True)
            clean()
    ratios = [mine / bare for mine, bare in zip(times["driver"], times["bare"], strict=True)]
    return [
        (f"{size.guests} guests by bare calls, s", f"{statistics.median(times['bare']):.2f}", ""),
        (f"{size.guests} guests by the driver, s", f"{statistics.median(times['driver']):.2f}", ""),
        ("ratio", f"{statistics.median(ratios):.2f}", f"at most 1.3 ({spread(ratios, 'pairs')})"),
    ]


def no_change(image: Path, size: Size) -> list[Row]:
    """A pass over guests that are as they should be."""
    by_driver(image, size)
    guests = [{**wanted(name, image), "configured": True} for name in names("driver", size)]
    with driver(THREADS) as hypervisor:
        converge(hypervisor, guests)
        with counted() as calls:
            outcomes = converge(hypervisor, guests)
        assert not any(outcome.changes for outcome in outcomes.values())
        took = statistics.median(timed(lambda: converge(hypervisor, guests)) for dummy in range(size.rounds))
    clean()
    return [
        ("calls a guest in a pass without changes", f"{len(calls) / size.guests:.2f}", "at most 2"),
        ("that pass, ms", f"{took * 1000:.0f}", ""),
    ]


def script(hypervisor: Hypervisor) -> float:
    """How long a script of DELAY seconds takes until its result is here."""
    way = hypervisor.ways(hypervisor.observe(["router"]).guests["router"])[0]
    way.wait(PATIENCE)
    return timed(lambda: run_script(way, Script("delay", f":delay {DELAY}s")))


def script_result(size: Size) -> list[Row]:
    """How late the results of a script on a simulated CHR are seen."""
    with driver(1) as hypervisor:
        converge(hypervisor, [wanted("router", ensure_image())])
        late = [script(hypervisor) - DELAY for dummy in range(size.scripts)]
    clean()
    return [("script result seen late by, s", f"{statistics.median(late):.2f}", f"at most 0.3 (worst of {size.scripts}: {max(late):.2f})")]


def main() -> None:
    """Measure, and print one table."""
    size = chosen("Measure the driver against bare libvirt.", whole=WHOLE, smallest=SMALLEST)
    ran = run("kvm_pool", name="default", path="/var/lib/libvirt/images")
    assert not ran.failed, ran.message
    for name in ("bench-wan", "bench-lan"):
        network(name=name).ok()
    with tempfile.TemporaryDirectory() as folder:
        image = sectors.disk(Path(folder) / "halting.img", sectors.HALT)
        show([*creation(image, size), *no_change(image, size), *script_result(size)])


if __name__ == "__main__":
    main()
