# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a guest is shown: what is pending beside what is, and its line in the list of its node."""

from __future__ import annotations

import typing as t

import pytest

from .clients import Client


@pytest.fixture
def running(client: Client) -> Client:
    client.done(client.upload())
    client.done(client.create(memory=512))
    client.done(client.vm("post", "status/start"))
    return client


def pending(client: Client) -> dict[str, dict[str, t.Any]]:
    items = client.vm("get", "pending")
    found = {item.pop("key"): item for item in items}
    assert len(found) == len(items)
    return found


def test_the_digest_is_among_what_is_pending_and_is_that_of_the_configuration(running: Client) -> None:
    found = pending(running)["digest"]
    assert found == {"value": running.vm("get", "config")["digest"]}
    running.vm("put", "config", cores=2, digest=found["value"])
    assert pending(running)["digest"] != found


def test_each_option_shows_what_it_is_and_what_it_will_be(running: Client) -> None:
    running.vm("put", "config", memory=1024, cores=2, delete="agent")
    running.vm("put", "config", delete="boot", force=1)
    found = pending(running)
    assert found["memory"] == {"value": "512", "pending": "1024"}
    assert found["cores"] == {"pending": 2}
    assert found["agent"] == {"value": "1", "delete": 1}
    assert found["boot"] == {"value": "order=virtio0", "delete": 2}
    assert found["name"] == {"value": "edge1"}


def test_the_list_of_a_node_tells_the_state_of_the_machine_with_full_only(running: Client) -> None:
    running.vm("post", "status/suspend")
    [short] = running.call("get", "nodes/pve1/qemu")
    [full] = running.call("get", "nodes/pve1/qemu", full=1)
    assert "qmpstatus" not in short and not {"ha", "agent", "clipboard"} & {*short, *full}
    assert (full["status"], full["qmpstatus"]) == ("running", "paused")


def test_a_guest_on_disk_and_a_template_say_so(running: Client) -> None:
    running.done(running.vm("post", "status/suspend", todisk=1))
    [line] = running.call("get", "nodes/pve1/qemu")
    assert (line["status"], line["lock"]) == ("stopped", "suspended") and "template" not in line
    assert pending(running)["lock"] == {"value": "suspended"}
    running.done(running.vm("post", "status/start"))
    assert "lock" not in running.call("get", "nodes/pve1/qemu")[0]
    running.done(running.vm("post", "status/stop"))
    running.done(running.vm("post", "template"))
    assert running.call("get", "nodes/pve1/qemu")[0]["template"] == 1
    assert pending(running)["template"] == {"value": 1}


def test_the_size_of_a_guest_is_that_of_the_disk_that_it_boots_from(running: Client) -> None:
    running.done(running.vm("put", "resize", disk="virtio0", size="1G"))
    assert running.call("get", "nodes/pve1/qemu")[0]["maxdisk"] == 1 << 30
    assert running.vm("get", "status/current")["maxdisk"] == 1 << 30
