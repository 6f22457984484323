# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Segments on Proxmox VE: bridges of our own on each node, others' left as they are, and who is wired to what."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, Planned
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, RefusedError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.converge import converge_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import parse_guests
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import SegmentSpec
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox import reloads
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.connection import Api
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.privileges import grants

from tests.contract.watched import KilledError
from tests.module_runs import ModuleRun
from tests.simulators.proxmox.asked import writes
from tests.simulators.proxmox.serving import ChrPve, serve
from tests.unit.support import quiet

from .conftest import Start
from .support import (
    Options,
    add_foreign,
    connect,
    connection_options,
    converge,
    converge_networks,
    guest,
    image,
    offer_token,
    tried_segments,
)

LAN = {"name": "lan", "bridge": "vmbr9", "manage": True}
GONE = {"name": "lan", "bridge": "vmbr9", "state": "absent", "confirm": "lan"}
COMMENT = "vrouter.mikrotik: vmbr9\n"
ABOUT_NETWORK = "/nodes/pve1/network"


@pytest.fixture
def cluster(files: tuple[str, str]) -> t.Iterator[ChrPve]:
    """Two nodes, each with a door of its own, a staged change on none."""
    pve = ChrPve("9.0")
    pve.add_node("pve2")
    offer_token(pve)
    with serve(pve, files):
        yield pve


@pytest.fixture
def both(cluster: ChrPve, files: tuple[str, str]) -> Options:
    """A connection that knows both doors."""
    return connection_options(cluster, files[0], hosts=[f"{cluster.host}:{cluster.ports[node]}" for node in ("pve1", "pve2")])


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node is given up soon."""
    monkeypatch.setattr(reloads, "PATIENCE", 0.3)


def error_of(outcomes: t.Mapping[str, Outcome], kind: type[Exception] = Exception) -> str:
    [outcome] = outcomes.values()
    assert isinstance(outcome.error, kind), repr(outcome.error)
    return str(outcome.error)


def changes(outcomes: t.Mapping[str, Outcome], name: str = "lan") -> dict[str, t.Any]:
    return {change.field: change.after for change in outcomes[name].changes}


def reloaded(pve: ChrPve) -> list[str]:
    """The nodes whose network was reloaded."""
    return [one.path.split("/")[2] for one in pve.asked if one.method == "PUT" and one.path.endswith("/network")]


def stands(pve: ChrPve, node: str = "pve1", name: str = "vmbr9") -> bool:
    """Whether the bridge is there, and nothing waits for a reload."""
    interfaces = pve.interfaces(node)
    assert interfaces.changes() is None
    return name in interfaces.bridges()


# Making


def test_a_bridge_is_made_on_every_node_and_a_second_run_changes_nothing(cluster: ChrPve, both: Options) -> None:
    wanted = {**LAN, "address": "198.51.100.1/24", "mtu": 1400}
    predicted = converge_networks(both, wanted, check_mode=True)
    assert writes(cluster.asked) == []
    made = converge_networks(both, wanted)
    assert changes(predicted) == changes(made)
    assert changes(made) == {"exists": True, "address": "198.51.100.1/24", "mtu": 1400, "bridge": "vmbr9", "active": True}
    for node in ("pve1", "pve2"):
        assert stands(cluster, node) and stands(cluster, node, "vmbr0")
        entry = cluster.interfaces(node).applied["vmbr9"]
        assert (entry["cidr"], entry["mtu"], entry["autostart"], entry["comments"]) == ("198.51.100.1/24", 1400, 1, COMMENT)
        assert entry["bridge_ports"] == "" and "bridge_vlan_aware" not in entry
    assert sorted(reloaded(cluster)) == ["pve1", "pve2"]
    facts = made["lan"].facts
    assert (facts["exists"], facts["ours"], facts["proxmox"]) == (True, True, {"nodes": ["pve1", "pve2"]})
    cluster.asked.clear()
    assert not converge_networks(both, wanted)["lan"].has_changed
    assert writes(cluster.asked) == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_without_manage_nothing_is_made(pve: ChrPve, options: Options, check_mode: bool) -> None:
    said = error_of(tried_segments(options, {"name": "lan", "bridge": "vmbr9"}, check_mode=check_mode), RefusedError)
    assert "manage: true" in said and "attach_to" in said and "vmbr0" in said
    assert writes(pve.asked) == []


def test_a_bridge_that_is_only_attached_to_is_never_made(pve: ChrPve, options: Options) -> None:
    said = error_of(tried_segments(options, {"name": "lan", "attach_to": "vmbr9", "manage": True}), UnsupportedError)
    assert "there is no bridge or VNet vmbr9" in said and "vmbr0" in said
    assert writes(pve.asked) == []


def test_segments_share_a_bridge_that_knows_their_vlans(pve: ChrPve, options: Options) -> None:
    tagged = [{**LAN, "name": f"lan{tag}", "vlan_tag": tag} for tag in (10, 20)]
    made = converge_networks(options, LAN, *tagged, {**LAN, "name": "all", "vlan_trunk": [10, 20]})
    assert all(outcome.has_changed for outcome in made.values())
    assert stands(pve) and pve.interfaces().applied["vmbr9"]["bridge_vlan_aware"] == 1
    assert reloaded(pve) == ["pve1"]
    assert not any(outcome.has_changed for outcome in converge_networks(options, LAN, *tagged).values())


@pytest.mark.parametrize("first", [0, 1])
def test_segments_say_together_what_their_bridge_has(pve: ChrPve, options: Options, first: int) -> None:
    wanted = [{**LAN, "address": "198.51.100.1/24", "mtu": 1400}, {**LAN, "name": "dmz", "vlan_tag": 20}]
    converge_networks(options, wanted[first], wanted[1 - first])
    entry = pve.interfaces().applied["vmbr9"]
    assert (entry["cidr"], entry["mtu"], entry["bridge_vlan_aware"]) == ("198.51.100.1/24", 1400, 1)
    assert not any(outcome.has_changed for outcome in converge_networks(options, *wanted).values())


def test_segments_that_want_different_things_of_a_bridge_are_refused(cluster: ChrPve, both: Options) -> None:
    wanted = [{**LAN, "address": "198.51.100.1/24"}, {**LAN, "name": "dmz", "address": "203.0.113.1/24"}]
    outcomes = tried_segments(both, *wanted)
    assert all("want different ones" in str(outcome.error) for outcome in outcomes.values()) and writes(cluster.asked) == []
    apart = [{**entry, "proxmox": {"nodes": [node]}} for entry, node in zip(wanted, ("pve1", "pve2"), strict=True)]
    converge_networks(both, *apart)
    assert cluster.interfaces("pve2").applied["vmbr9"]["cidr"] == "203.0.113.1/24"


def test_an_ipv6_address_keeps_our_comment(pve: ChrPve, options: Options) -> None:
    converge_networks(options, {**LAN, "address": "2001:db8::1/64"})
    entry = pve.interfaces().applied["vmbr9"]
    assert entry["cidr6"] == "2001:db8::1/64" and entry["comments6"].strip() == COMMENT.strip() and "comments" not in entry
    assert not converge_networks(options, {**LAN, "address": "2001:db8::1/64"})["lan"].has_changed


def test_a_bridge_that_lacks_vlans_is_not_changed_under_its_guests(pve: ChrPve, options: Options) -> None:
    converge_networks(options, LAN)
    pve.asked.clear()
    said = error_of(tried_segments(options, {**LAN, "vlan_tag": 10}), UnsupportedError)
    assert "vlan_tag is None, wanted 10" in said
    assert "mtu is 1500, wanted 1400" in error_of(tried_segments(options, {**LAN, "mtu": 1400}), UnsupportedError)
    assert writes(pve.asked) == []


@pytest.mark.parametrize(
    ("wanted", "kind", "said"),
    [
        ({"bridge": "vr-lan"}, InputError, "vr-lan is no name of a bridge"),
        ({"bridge": "eno7"}, InputError, "eno7 is no name of a bridge"),
        ({"mtu": 1000}, InputError, "mtu: 1000 is out of range for Proxmox VE .*1280 to 65520"),
        ({"proxmox": {"nodes": ["pve7"]}}, InputError, "there is no node pve7 .*pve1"),
        ({"address": "192.0.2.99/24"}, RefusedError, "in the network of 192.0.2.99/24 already.*vmbr0 has 192.0.2.11/24"),
        ({"bridge": "vmbr0", "address": "198.51.100.1/24"}, None, "vmbr0"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_touched(
    pve: ChrPve, options: Options, wanted: Options, kind: type[Exception] | None, said: str
) -> None:
    outcomes = tried_segments(options, {**LAN, **wanted}, check_mode=True)
    with pytest.raises(kind or UnsupportedError, match=said) if kind else pytest.raises(Exception, match=r"cannot change an existing segment"):
        raise outcomes["lan"].error or AssertionError
    assert writes(pve.asked) == []


def test_before_8_a_bridge_is_known_by_its_name(start: Start, files: tuple[str, str]) -> None:
    pve = start("7.4")
    options = connection_options(pve, files[0])
    assert "vmbr and a number" in error_of(tried_segments(options, {**LAN, "bridge": "lan"}), InputError)
    converge_networks(options, LAN)
    assert stands(pve)


# Nodes


def test_only_the_nodes_that_are_named_get_it_and_a_new_one_later(cluster: ChrPve, both: Options) -> None:
    made = converge_networks(both, {**LAN, "proxmox": {"nodes": ["pve2"]}})
    assert changes(made)["proxmox.nodes"] == ["pve2"]
    assert (stands(cluster, "pve1"), stands(cluster, "pve2")) == (False, True)
    more = converge_networks(both, LAN)
    assert changes(more) == {"proxmox.nodes": ["pve1", "pve2"]} and stands(cluster, "pve1")
    assert not converge_networks(both, {**LAN, "proxmox": {"nodes": ["pve1"]}})["lan"].has_changed
    assert stands(cluster, "pve2")
    converge_networks(both, {**GONE, "proxmox": {"nodes": ["pve2"]}})
    assert (stands(cluster, "pve1"), stands(cluster, "pve2")) == (True, False)


def test_a_node_that_is_away_gets_it_when_it_is_back(cluster: ChrPve, both: Options) -> None:
    cluster.set_node_offline("pve2")
    made = converge_networks(both, LAN)
    assert stands(cluster, "pve1")
    assert not converge_networks(both, LAN)["lan"].has_changed
    assert "pve2 cannot be asked" in str(converge_networks(both, LAN)["lan"].warnings)
    assert made["lan"].facts["proxmox"] == {"nodes": ["pve1"]}
    said = error_of(tried_segments(both, {**LAN, "proxmox": {"nodes": ["pve1", "pve2"]}}))
    assert "node pve2 does not answer" in said
    cluster.set_node_offline("pve2", offline=False)
    assert changes(converge_networks(both, LAN)) == {"proxmox.nodes": ["pve1", "pve2"]}


def test_a_bridge_that_some_nodes_lack_is_told(cluster: ChrPve, both: Options) -> None:
    cluster.interfaces("pve2").add_bridge("vmbr1", comments="theirs")
    told = converge_networks(both, {"name": "wan", "attach_to": "vmbr1"}, {"name": "core", "attach_to": "vmbr0"})
    assert told["wan"].warnings == ("node pve1 has no vmbr1, so guests there cannot be wired to it; node pve2 has",)
    assert told["core"].warnings == () and not told["wan"].has_changed


def test_a_bridge_that_is_only_staged_is_none(pve: ChrPve, options: Options) -> None:
    pve.interfaces().create("vmbr1", {"type": "bridge", "autostart": 1})
    assert "there is no bridge or VNet vmbr1" in error_of(tried_segments(options, {"name": "wan", "attach_to": "vmbr1"}), UnsupportedError)


# Others' bridges and changes


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_others_have_staged_is_not_applied(pve: ChrPve, options: Options, check_mode: bool) -> None:
    converge_networks(options, {**LAN, "name": "other", "bridge": "vmbr8"})
    interfaces = pve.interfaces()
    interfaces.update("vmbr0", {"type": "bridge", "mtu": 9000}, [])
    staged = interfaces.changes()
    pve.asked.clear()
    for wanted in (LAN, {**GONE, "bridge": "vmbr8"}):
        said = error_of(tried_segments(options, wanted, check_mode=check_mode), RefusedError)
        assert "staged that are not ours" in said and "vmbr0" in said
    assert interfaces.changes() == staged and writes(pve.asked) == []
    assert not converge_networks(options, {**LAN, "bridge": "vmbr8"})["lan"].has_changed, "what stands needs no reload"


def test_what_others_stage_meanwhile_is_not_applied_and_ours_is_taken_back(pve: ChrPve, options: Options) -> None:
    interfaces = pve.interfaces()
    with ThreadPoolExecutor(1) as pool, pve.hold("POST", ABOUT_NETWORK) as held:
        run = pool.submit(tried_segments, options, LAN)
        assert held.reached.wait(60)
        interfaces.create("vmbr5", {"type": "bridge", "autostart": 1})
        held.release()
        said = error_of(run.result(), RefusedError)
    assert "vmbr5" in said and reloaded(pve) == []
    assert interfaces.staged is not None and "vmbr9" not in interfaces.staged and "vmbr5" in interfaces.staged


def test_a_foreign_bridge_is_neither_made_ours_nor_removed(pve: ChrPve, options: Options) -> None:
    pve.interfaces().add_bridge("vmbr9", comments="vrouter.mikrotik: vmbr8")
    assert not converge_networks(options, LAN)["lan"].has_changed
    assert "is not ours" in error_of(tried_segments(options, GONE), RefusedError)
    assert "is not ours" in error_of(tried_segments(options, {"name": "vmbr0", "state": "absent", "confirm": "vmbr0"}), RefusedError)
    assert writes(pve.asked) == [] and stands(pve)


def test_a_foreign_bridge_that_is_only_staged_stays_theirs(pve: ChrPve, options: Options) -> None:
    pve.interfaces().add_bridge("vmbr9", comments="theirs", autostart=0)
    assert "is not ours" in error_of(tried_segments(options, LAN), RefusedError)
    assert writes(pve.asked) == []


# Removing


def test_a_bridge_is_removed_from_every_node(cluster: ChrPve, both: Options) -> None:
    converge_networks(both, LAN)
    predicted = converge_networks(both, GONE, check_mode=True)
    gone = converge_networks(both, GONE)
    assert changes(predicted) == changes(gone) == {"active": False, "exists": False}
    assert not stands(cluster, "pve1") and not stands(cluster, "pve2") and stands(cluster, name="vmbr0")
    assert not converge_networks(both, GONE)["lan"].has_changed
    assert "confirm: lan" in error_of(tried_segments(options_with(both, LAN), {**GONE, "confirm": None}), RefusedError)


def options_with(options: Options, *wanted: Options) -> Options:
    """The connection, after a run."""
    converge_networks(options, *wanted)
    return options


def test_a_bridge_with_anybodys_guest_stays(cluster: ChrPve, both: Options) -> None:
    converge_networks(both, LAN)
    running = add_foreign(cluster, "theirs")
    running.pending["net1"] = "virtio=BC:24:11:00:00:77,bridge=vmbr9,tag=5"
    cluster.add_vm(300, "off", node="pve2", config={"net3": "e1000=BC:24:11:00:00:78,bridge=vmbr9"})
    cluster.add_ct(200, "web", node="pve2", config={"net0": "name=eth0,bridge=vmbr9"})
    cluster.add_vm(301, "elsewhere", node="pve2", config={"net0": "virtio=BC:24:11:00:00:79,bridge=vmbr0"})
    cluster.asked.clear()
    said = error_of(tried_segments(both, GONE), RefusedError)
    assert "off, theirs, web" in said and "elsewhere" not in said
    assert writes(cluster.asked) == [] and stands(cluster)
    cluster.set_node_offline("pve2")
    running.pending.clear()
    assert "VM 200 on node pve2, which does not answer" in error_of(tried_segments(both, GONE), RefusedError)


def test_guests_are_read_only_to_remove(pve: ChrPve, options: Options) -> None:
    add_foreign(pve, "theirs")
    converge_networks(options, LAN)
    converge_networks(options, LAN, {"name": "wan", "attach_to": "vmbr0"})
    converge_networks(options, {**GONE, "bridge": "vmbr8"})
    assert [one for one in pve.asked if "/qemu/" in one.path] == []


def test_a_bridge_that_carries_another_segment_stays(pve: ChrPve, options: Options) -> None:
    converge_networks(options, LAN)
    outcomes = tried_segments(options, {**GONE}, {**LAN, "name": "dmz"})
    assert "carries other segments too (found: dmz)" in str(outcomes["lan"].error) and stands(pve)
    converge_networks(options, GONE, {**GONE, "name": "dmz", "confirm": "dmz"})
    assert not stands(pve)


@pytest.mark.parametrize(
    ("grown", "said"),
    [
        ({"bridge_ports": "eno2"}, "bridge_ports eno2"),
        ({"cidr": "127.0.0.1/8"}, "the API is reached at 127.0.0.1"),
        ({"gateway": "198.51.100.7"}, "gateway 198.51.100.7"),
    ],
)
def test_a_bridge_that_became_more_than_ours_stays(pve: ChrPve, options: Options, grown: Options, said: str) -> None:
    converge_networks(options, LAN)
    interfaces = pve.interfaces()
    interfaces.update("vmbr0", {"type": "bridge", "autostart": 1, "cidr": "192.0.2.11/24"}, ["gateway"])
    interfaces.update("vmbr9", {"type": "bridge", "autostart": 1, **grown}, [])
    interfaces.reload()
    assert said in error_of(tried_segments(options, GONE), RefusedError)
    assert stands(pve)


# Runs that race or end early


def test_runs_that_race_make_one_bridge(cluster: ChrPve, both: Options) -> None:
    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda dummy: tried_segments(both, LAN, {**LAN, "name": "dmz", "bridge": "vmbr8"}), range(4)))
    assert [str(outcome.error) for outcomes in ended for outcome in outcomes.values() if outcome.error] == []
    assert all(stands(cluster, node, name) for node in ("pve1", "pve2") for name in ("vmbr8", "vmbr9"))
    assert not converge_networks(both, LAN)["lan"].has_changed


def kill_before_reload(monkeypatch: pytest.MonkeyPatch, options: Options, wanted: Options) -> None:
    """A run that has staged its change, and no more."""

    def put(self: Api, path: str, **fields: t.Any) -> t.Any:
        raise KilledError

    with monkeypatch.context() as killed, pytest.raises(KilledError):
        killed.setattr(Api, "put", put)
        tried_segments(options, wanted)


def test_what_a_killed_run_staged_is_finished_by_the_next(pve: ChrPve, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {**LAN, "address": "198.51.100.1/24", "vlan_tag": 5}
    kill_before_reload(monkeypatch, options, wanted)
    assert pve.interfaces().staged is not None and "vmbr9" not in pve.interfaces().bridges()
    assert changes(converge_networks(options, wanted, check_mode=True)) == {"active": True, "proxmox.nodes": ["pve1"]}
    converge_networks(options, wanted)
    assert stands(pve) and not converge_networks(options, wanted)["lan"].has_changed
    kill_before_reload(monkeypatch, options, GONE)
    assert "vmbr9" in pve.interfaces().bridges()
    assert changes(converge_networks(options, GONE)) == {"active": False, "exists": False}
    assert not stands(pve)


def test_what_a_killed_run_staged_can_be_wanted_otherwise(pve: ChrPve, options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_before_reload(monkeypatch, options, {**LAN, "mtu": 1400})
    converge_networks(options, {**LAN, "mtu": 1450})
    assert stands(pve) and pve.interfaces().applied["vmbr9"]["mtu"] == 1450
    kill_before_reload(monkeypatch, options, GONE)
    converge_networks(options, {**LAN, "mtu": 1450})
    assert stands(pve)
    kill_before_reload(monkeypatch, options, {**LAN, "name": "dmz", "bridge": "vmbr8"})
    converge_networks(options, {**GONE, "name": "dmz", "bridge": "vmbr8", "confirm": "dmz"})
    assert stands(pve) and not stands(pve, name="vmbr8")


def test_a_reload_that_fails_is_told_and_done_again(pve: ChrPve, options: Options) -> None:
    pve.fail_task("srvreload", "command 'ifreload -a' failed: exit code 1")
    assert "ifreload" in error_of(tried_segments(options, LAN))
    converge_networks(options, LAN)
    assert stands(pve)


def test_a_reload_whose_answer_is_lost_is_waited_for(pve: ChrPve, options: Options) -> None:
    pve.lose_answer("PUT", ABOUT_NETWORK)
    converge_networks(options, LAN)
    assert stands(pve)


def test_a_reload_that_never_began_is_no_success(pve: ChrPve, options: Options, hasty: None) -> None:
    pve.drop("PUT", ABOUT_NETWORK)
    assert "no end of the reload" in error_of(tried_segments(options, LAN))
    converge_networks(options, LAN)
    assert stands(pve)


@pytest.mark.parametrize("step", ["POST", "DELETE"])
def test_a_step_whose_answer_is_lost_is_looked_after(pve: ChrPve, options: Options, step: str) -> None:
    if step == "DELETE":
        converge_networks(options, LAN)
    pve.lose_answer(step, f"{ABOUT_NETWORK}*")
    converge_networks(options, LAN if step == "POST" else GONE)
    assert stands(pve) == (step == "POST")


# A node that does not come back


def test_a_change_that_cuts_a_node_off_is_taken_back_through_another(cluster: ChrPve, both: Options, hasty: None) -> None:
    cluster.cut_after_reload("pve1", peers=True)
    said = error_of(tried_segments(both, LAN))
    assert "node pve1 did not answer" in said and "was taken back" in said and "bridge vmbr9 added" in said and "still" not in said
    assert not stands(cluster, "pve1") and stands(cluster, name="vmbr0") and not stands(cluster, "pve2"), "the next node is left alone"
    converge_networks(both, LAN)
    assert stands(cluster, "pve1") and stands(cluster, "pve2")
    cluster.cut_after_reload("pve1", peers=True)
    assert "bridge vmbr9 removed" in error_of(tried_segments(both, GONE))
    assert stands(cluster, "pve1") and stands(cluster, "pve2")


@pytest.mark.parametrize("hosts", [["pve1"], ["pve1", "pve2"], ["pve2"]])
def test_what_cannot_be_taken_back_is_told_with_its_command(
    cluster: ChrPve, files: tuple[str, str], hosts: list[str], hasty: None
) -> None:
    options = connection_options(cluster, files[0], hosts=[f"{cluster.host}:{cluster.ports[node]}" for node in hosts])
    cluster.cut_after_reload("pve1")
    said = error_of(tried_segments(options, {**LAN, "proxmox": {"nodes": ["pve1"]}}))
    assert "cannot be taken back from here" in said and "bridge vmbr9 added" in said
    assert "on the node itself: pvesh delete /nodes/pve1/network/vmbr9 && pvesh set /nodes/pve1/network" in said
    cluster.undo_reload("pve1")
    converge_networks(options, LAN)
    cluster.cut_after_reload("pve1")
    said = error_of(tried_segments(options, {**GONE, "proxmox": {"nodes": ["pve1"]}}))
    assert "pvesh create /nodes/pve1/network --iface vmbr9 --type bridge --autostart 1 --comments 'vrouter.mikrotik: vmbr9' && pvesh set" in said


def test_a_node_that_comes_back_in_time_keeps_its_bridge(cluster: ChrPve, both: Options) -> None:
    cluster.cut_after_reload("pve1", peers=True, requests=2)
    converge_networks(both, LAN)
    assert stands(cluster, "pve1") and stands(cluster, "pve2")


# Logins


@pytest.mark.parametrize("release", ["8.4", "9.0"])
def test_the_roles_for_bridges_are_enough(release: str, start: Start, files: tuple[str, str]) -> None:
    pve = start(release)
    pve.apitokens["chr@pve!ansible"] = "s3cret"
    options = connection_options(pve, files[0], token_id="chr@pve!ansible", token_secret="s3cret")
    roles = {grant.role: grant.privileges for grant in grants(release)}
    for role, path in (("ChrGuests", "/vms"), ("ChrNodes", "/nodes"), ("ChrBridges", "/nodes/pve1")):
        pve.grant("chr@pve", path, *roles[role])
    said = error_of(tried_segments(options, LAN), UnsupportedError)
    assert "SDN.Use" in said and "/sdn/zones/localnetwork/vmbr9" in said
    assert pve.interfaces().changes() is None and reloaded(pve) == []
    pve.grant("chr@pve", "/sdn/zones/localnetwork/vmbr9", *roles["ChrNetworks"])
    converge_networks(options, LAN)
    converge_networks(options, GONE)
    assert not stands(pve)


def test_who_does_not_see_all_guests_removes_no_bridge(pve: ChrPve, options: Options, files: tuple[str, str]) -> None:
    converge_networks(options, LAN)
    pve.apitokens["chr@pve!ansible"] = "s3cret"
    blind = connection_options(pve, files[0], token_id="chr@pve!ansible", token_secret="s3cret")
    for path, right in (("/nodes", "Sys.Audit"), ("/nodes", "Sys.Modify"), ("/sdn/zones/localnetwork/vmbr9", "SDN.Use"), ("/pool/ours", "VM.Audit")):
        pve.grant("chr@pve", path, right)
    assert "VM.Audit on /vms" in error_of(tried_segments(blind, GONE), UnsupportedError)
    assert stands(pve)


# What is told


def test_bridges_and_vnets_are_told_with_their_guests(cluster: ChrPve, both: Options) -> None:
    cluster.add_vnet("red", "lab")
    add_foreign(cluster, "theirs")
    cluster.add_vm(300, "off", node="pve2", config={"net0": "virtio=BC:24:11:00:00:78,bridge=red"})
    with connect(both) as hypervisor:
        found = hypervisor.observe_segments({name: SegmentSpec(name) for name in ("vmbr0", "red", "nowhere")}, with_guests=True)
    assert {name: (segment.guests, segment.ours) for name, segment in found.items()} == {"vmbr0": (("theirs",), False), "red": (("off",), False)}
    assert found["red"].own == {"nodes": ["pve1", "pve2"]}


def test_a_router_is_placed_on_a_bridge_that_the_run_would_make(pve: ChrPve, options: Options, tmp_path: Path) -> None:
    wanted = guest("edge1", image(tmp_path / "chr.img"), networks=[LAN])
    with connect(options) as hypervisor:
        specs, errors = parse_guests([wanted], hypervisor.platform)
        assert not errors

        def predicted(*networks: str) -> str:
            planned = Planned(networks=frozenset(networks))
            run = converge_guests(hypervisor, specs, check_mode=True, concurrency=2, progress=quiet, planned=planned)
            return str(run["edge1"].error)

        assert predicted("lan") == "None" and "has no vmbr9" in predicted()
    converge_networks(options, LAN)
    converge(options, wanted)
    assert "edge1" in error_of(tried_segments(options, GONE), RefusedError)


def test_the_modules_say_what_they_do(pve: ChrPve, options: Options) -> None:
    given = {"proxmox": {key: value for key, value in options.items() if value is not None}}
    wanted = {**LAN, "vlan_tag": 5, "proxmox": {"nodes": ["pve1"]}}
    predicted = ModuleRun("chr_network", {**given, "networks": [wanted]}, check=True).end().ok()
    made = ModuleRun("chr_network", {**given, "networks": [wanted]}).end().ok()
    assert made.fields("lan") == predicted.fields("lan")
    assert made.objects["lan"]["diff"]["after"]["proxmox"] == {"nodes": ["pve1"]}
    assert not ModuleRun("chr_network", {**given, "networks": [wanted]}).end().ok().changed
    told = ModuleRun("chr_network_info", {**given, "names": ["lan", "vmbr9"], "networks": [wanted]}).end().ok()
    assert {name: (entry["bridge"], entry["ours"], entry["guests"]) for name, entry in told.objects.items()} == {
        "lan": ("vmbr9", True, []),
        "vmbr9": ("vmbr9", True, []),
    }


# Foreign MACs


STRICT = {"name": "lan", "attach_to": "vmbr0", "vlan_tag": 20, "mac_spoofing": False}


def test_whether_foreign_macs_are_dropped_is_found_out_before_anything_is_made(pve: ChrPve, options: Options, tmp_path: Path) -> None:
    path = image(tmp_path / "chr.img")
    made = converge(options, guest("edge1", path, networks=[STRICT]))
    assert "mac_spoofing: false of lan has no effect yet" in str(made["edge1"].warnings)
    asked = [f"{one.method} {one.path}" for one in pve.asked]
    assert asked.index("GET /cluster/firewall/options") < asked.index("POST /nodes/pve1/qemu")
    pve.firewall_config("cluster")["options"]["enable"] = 1
    made = converge(options, guest("edge2", path, networks=[STRICT]))
    assert "mac_spoofing" not in str(made["edge2"].warnings)
    assert pve.filter(next(vm.vmid for vm in pve.vms if vm.name == "edge2"), "net1").macs


def test_a_run_that_was_killed_before_the_firewall_was_told_is_finished(
    pve: ChrPve, options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*dummy: object) -> None:
        raise KilledError

    pve.firewall_config("cluster")["options"]["enable"] = 1
    wanted = guest("edge1", image(tmp_path / "chr.img"), networks=[STRICT], state="started")
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr("ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.firewall.Firewall.watch", killed)
        converge(options, wanted)
    converge(options, wanted)
    [made] = pve.vms
    assert made.status == "running" and pve.filter(made.vmid, "net1").macs


def test_a_login_that_may_not_ask_about_the_firewall_makes_its_router(start: Start, files: tuple[str, str], tmp_path: Path) -> None:
    pve = start("9.0")
    pve.apitokens["chr@pve!ansible"] = "s3cret"
    options = connection_options(pve, files[0], token_id="chr@pve!ansible", token_secret="s3cret")
    roles = {grant.role: grant.privileges for grant in grants("9.0")}
    where = {"ChrGuests": "/vms", "ChrDisks": "/storage/local-lvm", "ChrImages": "/storage/local", "ChrNodes": "/nodes"}
    for role, path in {**where, "ChrNetworks": "/sdn/zones/localnetwork/vmbr0"}.items():
        pve.grant("chr@pve", path, *roles[role])
    made = converge(options, guest("edge1", image(tmp_path / "chr.img"), networks=[STRICT]))
    warning = made["edge1"].warnings[-1]
    assert "whether it is, is not known" in warning and "ChrFirewall" in warning
