# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First boot of real guests: the gate, a script that fails half-way, drift, and a clone of a configured router."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import libvirt
import pytest

from tests.module_runs import Json, Ran

from .conftest import options, remove_guests
from .support import domain_xml, everything, guest, host, links, run

PASSWORD = "a password of the fresh router"
NICS = ["ether1", "ether2"]
BROKEN = {"name": "own", "source": ':global reached "yes"\n:error "the cupboard is bare"'}
MENDED = {"name": "own", "source": '/system note set note=($note . "once.")'}


def boot(name: str = "it-fresh", check: bool = False, **more: object) -> Ran:
    """First boot of one guest."""
    settings: Json = {
        "name": name,
        "identity": "fresh",
        "admin_password": PASSWORD,
        "addresses": [{"address": "192.0.2.9/24", "interface": "ether1"}],
        "dns": ["192.0.2.53"],
        "interfaces": NICS,
    }
    return guest("chr_first_boot", check=check, **{**settings, **more})


def says(name: str, expression: str) -> str:
    """What an expression comes to on the router."""
    ran = run("chr_script", scripts=[{"guest": name, "source": f":put {expression}", "read_only": True}]).ok()
    return str(ran.objects[name]["scripts"][0]["output"]).strip()


def record(name: str) -> str:
    """What the router itself keeps of its first boot."""
    return says(name, '[/system script get [find where name="vrouter-first-boot"] source]')


@pytest.fixture(scope="module")
def fresh(chr_image: str, segments: None) -> Iterator[str]:
    """A running simulated CHR that nobody has configured; the tests of this file take it on from there, in their order."""
    guest(**options("it-fresh", chr_image, state="started")).ok()
    yield "it-fresh"
    remove_guests({"it-fresh"})


def test_check_mode_enters_no_router_that_changes(fresh: str) -> None:
    run("chr_script", scripts=[{"guest": fresh, "source": ":put 1", "read_only": True}]).ok()  # its agent is there now
    before = everything()
    ran = boot(check=True).ok()
    assert ran.objects[fresh]["first_boot"] == "would run"
    said = ran.fields(fresh)
    assert (said[0], said[-3:]) == ("first_boot", ["configured", "interfaces.ether1.link", "interfaces.ether2.link"])
    assert {"identity", "dns"} <= set(said)
    assert says(fresh, "[/system identity get name]") == "MikroTik"
    assert everything() == before


def test_a_first_boot_that_fails_half_way_leaves_the_router_closed_and_safe(fresh: str) -> None:
    ran = boot(scripts=[BROKEN])
    assert "the cupboard is bare" in ran.message
    assert PASSWORD not in ran.text
    assert ran.objects[fresh]["first_boot"] == "failed"
    assert links(fresh) == ["down"] * 4
    assert says(fresh, "[/system identity get name]") == "fresh"  # it came that far
    assert says(fresh, '[:len [/system script find where name="vrouter-first-boot"]]') == "0"
    assert not guest(name=fresh).ok().objects[fresh]["configured"]


def test_the_next_run_finishes_it_and_opens_the_links(fresh: str) -> None:
    ran = boot(scripts=[MENDED]).ok()
    assert ran.objects[fresh]["first_boot"] == "done"
    assert links(fresh) == ["up"] * 4
    assert says(fresh, '[:len [/ip address find where address="192.0.2.9/24"]]') == "1"
    assert domain_xml(fresh).findtext("uuid", "?") in record(fresh)
    assert PASSWORD not in ran.text


def test_the_second_run_changes_nothing(fresh: str) -> None:
    before = (record(fresh), links(fresh), everything())
    ran = boot(scripts=[MENDED]).ok()
    assert not ran.changed
    assert ran.objects[fresh]["first_boot"] == "standing"
    assert (record(fresh), links(fresh), everything()) == before


def test_other_settings_are_drift_until_the_router_is_named(fresh: str) -> None:
    before = record(fresh)
    ran = boot(scripts=[MENDED], identity="renamed").ok()
    assert not ran.changed
    assert ran.objects[fresh]["first_boot"] == "drift"
    assert "reapply" in ran.warnings
    assert record(fresh) == before
    predicted = boot(check=True, scripts=[MENDED], identity="renamed", reapply=True).ok()
    assert predicted.fields(fresh) == ["first_boot", "identity"]
    assert record(fresh) == before
    ran = boot(scripts=[MENDED], identity="renamed", reapply=True).ok()
    assert ran.objects[fresh]["first_boot"] == "done"
    assert says(fresh, "[/system identity get name]") == "renamed"
    assert says(fresh, '[:len [/system script find where name="vrouter-script-own"]]') == "1"  # the user's own script ran once


def test_a_link_that_is_to_stay_down_does(fresh: str) -> None:
    assert boot(scripts=[MENDED], identity="renamed", links_down=["ether2"]).ok().fields(fresh) == ["interfaces.ether2.link"]
    assert links(fresh) == ["up", "down"] * 2
    assert boot(scripts=[MENDED], identity="renamed").ok().fields(fresh) == ["interfaces.ether2.link"]


def test_a_guest_whose_record_has_gone_is_closed_and_configured_anew(fresh: str) -> None:
    source = '/system script remove [find where name="vrouter-first-boot"]'  # as a reset or an older disk would
    run("chr_script", scripts=[{"guest": fresh, "source": source}]).ok()
    failed = boot(scripts=[{"name": "other", "source": ':error "not today"'}])
    assert "not today" in failed.message
    assert failed.fields(fresh) == ["interfaces.ether1.link", "interfaces.ether2.link", "configured"]
    assert links(fresh) == ["down"] * 4
    assert boot(scripts=[MENDED]).ok().objects[fresh]["first_boot"] == "done"
    assert links(fresh) == ["up"] * 4


def test_a_router_restarts_and_stops_by_its_own_shutdown(fresh: str) -> None:
    before = domain_xml(fresh).get("id")
    assert guest(name=fresh, state="restarted").ok().fields(fresh) == ["power"]
    assert domain_xml(fresh).get("id") != before
    ran = boot(scripts=[MENDED], identity="fresh").ok()
    assert ran.objects[fresh]["first_boot"] == "standing"
    assert guest(name=fresh, state="stopped").ok().objects[fresh]["power"] == "stopped"


@pytest.fixture
def clone(fresh: str) -> str:
    """The stopped router copied with all that it is, under another name and UUID, as cloning tools do it."""
    root = domain_xml(fresh, libvirt.VIR_DOMAIN_XML_INACTIVE)
    source = root.find("devices/disk/source")
    assert source is not None
    with host() as connection:
        pool = connection.storagePoolLookupByName("default")
        original = pool.storageVolLookupByName(source.get("volume", ""))
        capacity = original.info()[1]
        volume = f"<volume><name>it-clone.qcow2</name><capacity>{capacity}</capacity><target><format type='qcow2'/></target></volume>"
        pool.createXMLFrom(volume, original)
        root.find("name").text, root.find("uuid").text = "it-clone", str(uuid.uuid4())  # type: ignore[union-attr]
        source.set("volume", "it-clone.qcow2")
        for number, mac in enumerate(root.findall("devices/interface/mac")):
            mac.set("address", f"52:54:00:00:00:0{number}")
        connection.defineXML(ET.tostring(root, encoding="unicode")).create()
    return "it-clone"


def test_a_clone_of_a_configured_router_is_closed_and_has_a_first_boot_of_its_own(clone: str) -> None:
    assert links(clone) == ["up"] * 4
    failed = boot(clone, scripts=[{"name": "other", "source": ':error "not today"'}])
    assert failed.fields(clone) == ["interfaces.ether1.link", "interfaces.ether2.link", "configured"]
    assert links(clone) == ["down"] * 4
    done = boot(clone, identity="clone").ok()
    assert done.objects[clone]["first_boot"] == "done"
    assert links(clone) == ["up"] * 4
    assert domain_xml(clone).findtext("uuid", "?") in record(clone)
    assert says(clone, "[/system identity get name]") == "clone"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"admin_password": None}, "factory's empty password"),
        ({"admin_password": None, "admin_disabled": True}, "nobody could log in"),
        ({"users": [{"name": "ops"}]}, "neither a password nor an SSH key"),
        ({"services": [{"name": "gopher"}]}, "gopher is unknown"),
        ({"addresses": [{"address": "192.0.2.300/24", "interface": "ether1"}]}, "no IPv4 address"),
        ({"interfaces": ["eth0"]}, "no slot name"),
        ({"scripts": [{"name": "a;b", "source": ""}]}, "cannot name a script"),
    ],
)
def test_settings_that_leave_a_router_open_or_locked_are_refused(wrong: Json, said: str) -> None:
    assert said in boot("it-nowhere", **wrong).message


def test_a_guest_that_does_not_run_waits_and_one_that_is_not_there_fails(cheap: Json) -> None:
    guest(**cheap).ok()
    ran = run("chr_first_boot", guests=[{"name": name, "admin_password": PASSWORD} for name in ("it-g1", "it-nowhere")])
    assert "it-nowhere: the guest does not exist. Create it with chr_guest first" in ran.message
    assert ran.objects["it-g1"]["first_boot"] == "waiting"
    assert not ran.changed
