# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""chr_network on a real libvirt: segments, the host's own bridges, what is refused, and faults."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import libvirt
import pytest

from tests.module_runs import Json

from .conftest import remove_guests
from .support import Job, domain_xml, everything, guest, host, network, run

NET = Path("/sys/class/net")


@pytest.fixture
def device() -> Iterator[str]:
    """A bridge of the host's own."""
    subprocess.run(["ip", "link", "add", "it-br0", "type", "bridge"], check=True)
    yield "it-br0"
    subprocess.run(["ip", "link", "delete", "it-br0"], check=True)


def foreign(name: str, active: bool = True) -> None:
    """A network that somebody else made."""
    xml = f"<network><name>{name}</name><bridge name='{name}' stp='off'/></network>"
    with host() as connection:
        net = connection.networkDefineXML(xml)
        if active:
            net.create()


def test_a_segment_is_made_once_with_its_mtu_and_address_on_the_real_bridge() -> None:
    wanted: Json = {"name": "it-one", "bridge": "it-br1", "mtu": 1400, "address": "198.51.100.1/24"}
    before = everything()
    predicted = network(check=True, **wanted).ok()
    assert everything() == before
    made = network(**wanted).ok()
    assert made.changed
    assert made.fields("it-one") == predicted.fields("it-one") == ["exists", "address", "mtu", "bridge", "active"]
    assert made.result["diff"][0]["after"] == {
        "exists": True,
        "address": "198.51.100.1/24",
        "mtu": 1400,
        "bridge": "it-br1",
        "active": True,
    }
    assert (NET / "it-br1/mtu").read_text().strip() == "1400"
    shown = subprocess.run(["ip", "-brief", "address", "show", "it-br1"], check=True, capture_output=True, text=True).stdout
    assert "198.51.100.1/24" in shown
    with host() as connection:
        assert connection.networkLookupByName("it-one").autostart()
    again = network(**wanted).ok()
    assert not again.changed
    assert again.result["diff"] == []


def test_a_segment_that_was_stopped_is_started_and_one_that_differs_is_refused() -> None:
    network(name="it-one").ok()
    with host() as connection:
        connection.networkLookupByName("it-one").destroy()
    assert network(name="it-one").ok().fields("it-one") == ["active"]
    assert (NET / "it-one/bridge").is_dir()
    before = everything()
    refused = network(name="it-one", mtu=9000)
    assert "mtu is None, wanted 9000" in refused.message
    assert everything() == before


def test_a_segment_goes_only_when_confirmed_and_empty(cheap: Json) -> None:
    network(name="it-one").ok()
    guest(**{**cheap, "interfaces": [{"name": "ether1", "network": "it-one"}]}).ok()
    before = everything()
    assert "confirm: it-one" in network(name="it-one", state="absent").message
    assert "confirm: it-one" in network(name="it-one", state="absent", confirm="it-two").message
    wired = network(name="it-one", state="absent", confirm="it-one")
    assert "it-g1" in wired.message
    assert everything() == before
    guest(name="it-g1", state="absent", confirm="it-g1").ok()
    before = everything()
    assert network(check=True, name="it-one", state="absent", confirm="it-one").ok().fields("it-one") == ["active", "exists"]
    assert everything() == before
    assert network(name="it-one", state="absent", confirm="it-one").ok().changed
    assert not (NET / "it-one").exists()
    assert not network(name="it-one", state="absent", confirm="it-one").ok().changed


def test_a_foreign_network_can_only_be_attached_to(cheap: Json) -> None:
    foreign("it-foreign")
    before = everything()
    assert not network(name="it-foreign").ok().changed
    assert "not ours" in network(name="it-foreign", mtu=9000).message
    assert "not ours" in network(name="it-foreign", state="absent", confirm="it-foreign").message
    assert everything() == before
    guest(**{**cheap, "interfaces": [{"name": "ether1", "network": "it-foreign"}], "state": "started"}).ok()
    assert "it-g1" in network(name="it-foreign").ok().objects["it-foreign"]["guests"]


def test_segments_are_read_with_who_made_them_and_who_is_wired_to_them(cheap: Json) -> None:
    foreign("it-foreign", active=False)
    network(name="it-one", address="198.51.100.1/24").ok()
    guest(**{**cheap, "interfaces": [{"name": "ether1", "network": "it-one"}]}).ok()
    before = everything()
    found = run("chr_network_info", names=["it-one", "it-foreign", "it-none"]).ok()
    assert (found.changed, everything()) == (False, before)
    own, theirs = found.objects["it-one"], found.objects["it-foreign"]
    assert (own["ours"], own["active"], own["address"], own["guests"]) == (True, True, "198.51.100.1/24", ["it-g1"])
    assert (theirs["ours"], theirs["active"], theirs["guests"]) == (False, False, [])
    assert found.objects["it-none"] == {"exists": False}


def test_a_foreign_network_is_started_only_where_that_is_allowed() -> None:
    foreign("it-foreign", active=False)
    before = everything()
    assert "manage: true" in network(name="it-foreign").message
    assert everything() == before
    assert network(name="it-foreign", manage=True).ok().fields("it-foreign") == ["active"]


def test_a_bridge_of_the_host_is_ridden_on_and_never_changed(device: str, cheap: Json) -> None:
    network(name="it-up", attach_to=device).ok()
    assert not network(name="it-up", attach_to=device).ok().changed
    guest(**{**cheap, "interfaces": [{"name": "ether1", "network": "it-up"}], "state": "started"}).ok()
    assert len(list((NET / device / "brif").iterdir())) == 1
    guest(name="it-g1", state="absent", confirm="it-g1", force_off=True, shutdown_timeout=0).ok()
    network(name="it-up", state="absent", confirm="it-up").ok()
    assert (NET / device / "bridge").is_dir()


def test_a_missing_bridge_is_refused_before_anything_is_made() -> None:
    before = everything()
    assert "bridge it-nowhere does not exist" in network(name="it-up", attach_to="it-nowhere").message
    assert "bridge it-nowhere does not exist" in network(check=True, name="it-up", attach_to="it-nowhere").message
    assert everything() == before


def test_a_vlan_that_this_libvirt_cannot_start_is_refused_before_it_is_defined() -> None:
    with host() as connection:
        if connection.getLibVersion() >= 11_000_000:
            pytest.skip("this libvirt tags the ports of Linux bridges")
    before = everything()
    for tags in ({"vlan_tag": 100}, {"vlan_trunk": [100, 200]}):
        refused = network(name="it-one", **tags)
        assert "libvirt 11.0" in refused.message
        assert "Make the VLAN on the host" in refused.message
    assert everything() == before


@pytest.fixture
def no_filter() -> None:
    """A host without network filters, as this one is."""
    with host() as connection:
        assert "no-mac-spoofing" not in connection.listNWFilters()


@pytest.fixture
def spoofing_filter() -> Iterator[None]:
    """A filter by the name of the one that libvirt's packages bring; the private libvirt has none of those."""
    rules = "<rule action='return' direction='out' priority='500'><mac srcmacaddr='$MAC'/></rule><rule action='drop' direction='out'><mac/></rule>"
    with host() as connection:
        connection.nwfilterDefineXML(f"<filter name='no-mac-spoofing' chain='mac'>{rules}</filter>")
    yield
    remove_guests({"it-g1"})
    with host() as connection:
        connection.nwfilterLookupByName("no-mac-spoofing").undefine()


def test_mac_spoofing_false_is_refused_where_the_host_has_no_filters(no_filter: None) -> None:
    before = everything()
    assert "no network filters" in network(name="it-strict", mac_spoofing=False).message
    assert everything() == before


def test_mac_spoofing_false_gives_later_guests_the_filter(spoofing_filter: None, cheap: Json) -> None:
    network(name="it-strict", mac_spoofing=False).ok()
    nics = [{"name": "ether1", "network": "it-strict"}, {"name": "ether2", "network": "it-lan"}]
    guest(**{**cheap, "interfaces": nics, "state": "started"}).ok()
    filters = [nic.find("filterref") for nic in domain_xml("it-g1").findall("devices/interface")]
    assert [found is not None and found.get("filter") for found in filters] == ["no-mac-spoofing", False]
    assert not network(name="it-strict", mac_spoofing=False).ok().changed


def test_a_bridge_device_that_another_network_has_is_refused() -> None:
    foreign("it-foreign")
    before = everything()
    assert "belongs to network it-foreign" in network(name="it-one", bridge="it-foreign").message
    assert everything() == before


def test_a_device_that_is_in_the_way_fails_alone_and_the_next_run_finishes(device: str) -> None:
    ran = run("chr_network", networks=[{"name": "it-one", "bridge": device}, {"name": "it-two"}])
    assert "it-one: " in ran.message
    assert device in ran.message
    assert ran.objects["it-two"]["active"]
    with host() as connection:
        assert not any(net.name() == "it-one" for net in connection.listAllNetworks())
    network(name="it-one", bridge="it-br9").ok()  # what could not start is not in the way of the mended one
    assert (NET / "it-br9/bridge").is_dir()


def test_a_segment_of_ours_that_is_off_and_unused_is_mended_in_place() -> None:
    network(name="it-one", bridge="it-br8", mtu=1400).ok()
    with host() as connection:
        connection.networkLookupByName("it-one").destroy()
        before = connection.networkLookupByName("it-one").UUIDString()
    predicted = network(check=True, name="it-one", bridge="it-br9").ok()
    ran = network(name="it-one", bridge="it-br9").ok()
    assert ran.fields("it-one") == predicted.fields("it-one") == ["bridge", "active"]
    assert (NET / "it-br9/mtu").read_text().strip() == "1400"  # what was left out stays
    with host() as connection:
        assert connection.networkLookupByName("it-one").UUIDString() == before
    assert not network(name="it-one", bridge="it-br9").ok().changed


def test_ip_forwarding_that_a_segment_leaves_on_is_named_when_it_goes() -> None:
    network(name="it-one", address="198.51.100.1/24").ok()
    network(name="it-two").ok()
    assert "sysctl -w net.ipv4.ip_forward=0" in network(name="it-one", state="absent", confirm="it-one").ok().warnings
    assert "ip_forward" not in network(name="it-two", state="absent", confirm="it-two").ok().warnings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "a<b"}, "cannot be the name"),
        ({"name": "a;reboot"}, "cannot be the name"),
        ({"name": "a" * 16}, "at most 15 characters"),
        ({"name": "it-one", "bridge": "x/../y"}, "no device name"),
        ({"name": "it-one", "bridge": "a", "attach_to": "b"}, "exclude each other"),
        ({"name": "it-one", "attach_to": "b", "mtu": 1500}, "host's own bridge"),
        ({"name": "it-one", "mtu": 10}, "out of range"),
        ({"name": "it-one", "vlan_tag": 4095}, "no VLAN id"),
        ({"name": "it-one", "address": "198.51.100.1"}, "no address with prefix"),
    ],
)
def test_bad_options_are_refused_beside_good_ones_that_are_made(wrong: Json, said: str) -> None:
    ran = run("chr_network", networks=[wrong, {"name": "it-good"}])
    assert said in ran.message
    assert ran.objects["it-good"]["active"]
    assert set(ran.objects) == {wrong["name"], "it-good"}
    with host() as connection:
        assert {net.name() for net in connection.listAllNetworks()} == {"it-wan", "it-lan", "it-good"}


def test_two_runs_at_once_make_one_segment() -> None:
    jobs = [Job("chr_network", networks=[{"name": "it-one"}]) for dummy in range(3)]
    for job in jobs:
        job.end().ok()
    with host() as connection:
        assert connection.networkLookupByName("it-one").isActive()
        assert len(connection.listAllNetworks(libvirt.VIR_CONNECT_LIST_NETWORKS_ACTIVE)) == 3
