# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router whose mark is not its own any more is never on the wires with an empty password, as an independent watcher sees them."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import libvirt
import pytest

from tests.module_runs import Json, Ran
from tests.waiting import wait_until

from .conftest import SEGMENTS, options, remove_guests
from .support import domain_xml, everything, guest, host, links, replace_disk, run
from .wire import Wire, watched

PASSWORD = "a password behind the gate"
CLOSING = ["interfaces.ether1.link", "interfaces.ether2.link"]
PROOF = {"name": "speak", "source": "/ping 192.0.2.1 count=2"}  # so that a router whose link is up is heard


def boot(name: str) -> Ran:
    return guest(
        "chr_first_boot",
        name=name,
        admin_password=PASSWORD,
        addresses=[{"address": "192.0.2.7/24", "interface": "ether1"}],
        interfaces=["ether1", "ether2"],
    )


def macs(name: str) -> set[str]:
    return {str(mac.get("address")) for mac in domain_xml(name, libvirt.VIR_DOMAIN_XML_INACTIVE).findall("devices/interface/mac")}


def speak(name: str) -> None:
    """Let the router use its wires, through its agent."""
    run("chr_script", scripts=[{"guest": name, "read_only": True, **PROOF}]).ok()


def is_heard(wire: Wire, name: str) -> bool:
    """Whether a router that is let speak is heard; one that has just started may not have its addresses yet."""
    speak(name)
    return bool(wire.seen(macs(name)))


def power_off(name: str) -> None:
    guest(name=name, state="stopped", force_off=True, shutdown_timeout=0).ok()


def test_a_disk_that_was_replaced_under_a_running_guest_is_not_restarted(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    guest(name="it-g1", interfaces=cheap["interfaces"], configured=True).ok()
    off: Json = {"state": "restarted", "force_off": True, "shutdown_timeout": 0}
    assert guest(name="it-g1", **off).ok().fields("it-g1") == ["power"]  # its own disk
    replace_disk("it-g1")
    refused = guest(name="it-g1", **off)
    assert "was replaced while it ran" in refused.message
    assert refused.objects["it-g1"]["power"] == "stopped"
    assert refused.fields("it-g1") == ["power"]  # that it was stopped is told
    assert guest(**cheap, state="started").ok().fields("it-g1") == [*CLOSING, "configured", "power"]
    assert links("it-g1") == ["down"] * 4


@pytest.fixture(scope="module")
def standing(chr_image: str, segments: None) -> Iterator[Json]:
    """Options of a configured router; the tests of this file take it on from there, in their order."""
    wanted = options("it-gate", chr_image, state="started")
    guest(**wanted).ok()
    boot("it-gate").ok()
    yield wanted
    remove_guests({"it-gate"})


def test_a_licence_that_nobody_has_read_keeps_a_router_that_is_off(standing: Json) -> None:
    away: Json = {"name": "it-gate", "state": "absent", "confirm": "it-gate"}
    power_off("it-gate")
    before = everything()
    refused = guest(**away)
    assert "nobody has read yet which licence" in refused.message
    assert "licensed: released" in refused.message
    assert everything() == before
    assert guest(check=True, **away, licensed="released").ok().fields("it-gate") == ["exists"]
    guest(**standing).ok()
    with host() as connection:
        connection.lookupByName("it-gate").suspend()
    assert "a configured router that is suspended" in guest(**away).message
    guest(**standing).ok()
    speak("it-gate")
    assert guest(check=True, **away).ok().fields("it-gate") == ["power", "exists"]  # it is asked, and nothing is kept in check mode
    run("chr_guest_info", names=["it-gate"]).ok()
    power_off("it-gate")
    assert guest(check=True, **away).ok().fields("it-gate") == ["exists"]


def test_an_untouched_router_keeps_its_links_when_it_is_started(standing: Json) -> None:
    power_off("it-gate")
    with watched(*SEGMENTS) as wire:
        assert guest(**standing).ok().fields("it-gate") == ["power"]
        wait_until(lambda: is_heard(wire, "it-gate"), "the watcher hears a router whose links are up")


def test_a_replaced_disk_is_closed_before_the_start(standing: Json) -> None:
    power_off("it-gate")
    replace_disk("it-gate")
    with watched(*SEGMENTS) as wire:
        ran = guest(**standing).ok()
        assert ran.fields("it-gate") == [*CLOSING, "configured", "power"]
        speak("it-gate")
        assert links("it-gate") == ["down"] * 4
        assert not wire.seen(macs("it-gate"))
        assert not guest(**standing).ok().changed
        assert boot("it-gate").ok().objects["it-gate"]["first_boot"] == "done"
        wait_until(lambda: is_heard(wire, "it-gate"), "the configured router is heard")
    power_off("it-gate")
    assert guest(**standing).ok().fields("it-gate") == ["power"]  # the new disk is known now


@pytest.fixture(params=["new MACs", "the original's MACs"])
def clone(standing: Json, request: pytest.FixtureRequest) -> str:
    """The stopped router copied as virt-clone does it: another name, UUID and disk, our mark as it was."""
    power_off("it-gate")
    root = domain_xml("it-gate", libvirt.VIR_DOMAIN_XML_INACTIVE)
    disk = root.find("devices/disk")
    source = root.find("devices/disk/source")
    assert disk is not None and source is not None
    with host() as connection:
        pool = connection.storagePoolLookupByName("default")
        original = pool.storageVolLookupByName(source.get("volume", ""))
        volume = f"<volume><name>it-clone.qcow2</name><capacity>{original.info()[1]}</capacity><target><format type='qcow2'/></target></volume>"
        copy = pool.createXMLFrom(volume, original)
        root.find("name").text, root.find("uuid").text = "it-clone", str(uuid.uuid4())  # type: ignore[union-attr]
        disk.set("type", "file")
        source.attrib = {"file": copy.path()}
        if request.param == "new MACs":
            for number, mac in enumerate(root.findall("devices/interface/mac")):
                mac.set("address", f"52:54:00:00:00:0{number}")
        connection.defineXML(ET.tostring(root, encoding="unicode"))
    return "it-clone"


def test_a_clone_is_closed_and_gets_its_own_macs_before_the_start(standing: Json, clone: str) -> None:
    wanted = {**standing, "name": clone}
    inherited = macs(clone)
    with watched(*SEGMENTS) as wire:
        predicted = guest(check=True, **wanted).ok()
        ran = guest(**wanted).ok()
        assert ran.fields(clone) == predicted.fields(clone)
        assert [field for field in ran.fields(clone) if not field.endswith(".mac")] == [*CLOSING, "configured", "power"]
        speak(clone)
        assert links(clone) == ["down"] * 4
        assert not wire.seen(macs(clone) | inherited)
        assert not macs(clone) & macs("it-gate")
        assert not guest(**wanted).ok().changed
        assert boot(clone).ok().objects[clone]["first_boot"] == "done"
        wait_until(lambda: is_heard(wire, clone), "the configured clone is heard")
    assert guest(**standing).ok().fields("it-gate") == ["power"]  # the original is as it was


def test_saved_memory_that_would_bring_old_links_back_is_not_started(standing: Json) -> None:
    guest(**standing).ok()
    with host() as connection:
        connection.lookupByName("it-gate").managedSave()
    replace_disk("it-gate")
    refused = guest(**standing)
    assert "virsh managedsave-remove it-gate" in refused.message
    assert refused.objects["it-gate"]["power"] == "stopped"
    with host() as connection:
        connection.lookupByName("it-gate").managedSaveRemove(0)
    assert guest(**standing).ok().fields("it-gate") == ["power"]
    assert links("it-gate") == ["down"] * 4
