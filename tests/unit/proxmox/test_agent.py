# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CHR's guest agent behind Proxmox VE's: the form by release, the answers, and the files that cannot be trusted."""

from __future__ import annotations

import base64
import typing as t

import pytest

from .clients import IMAGE, Client, Refused
from .conftest import Start

EXEC = "nodes/pve1/qemu/100/agent/exec"
HELLO = ":put hello"


@pytest.fixture
def boot(start: Start) -> t.Callable[..., Client]:
    """A started guest on a release."""

    def booted(release: str = "9.0", **options: t.Any) -> Client:
        client = start(release)
        client.pve.host_files["/root/chr.raw"] = IMAGE
        root = Client(client.pve, client.certificate)
        root.done(root.create(virtio0="local-lvm:0,import-from=/root/chr.raw", **options))
        client.done(client.vm("post", "status/start"))
        return client

    return booted


Boot = t.Callable[..., Client]


def test_on_7_4_a_form_without_a_command(boot: Boot) -> None:
    client = boot("7.4")
    for options in ({"input-data": HELLO}, {"input-data": HELLO, "command": ""}):
        answer = client.raw("POST", EXEC, data=options)
        assert client.result(answer.json()["data"]["pid"]) == (0, "hello\r\n")
    answer = client.raw("POST", EXEC, json={"command": [], "input-data": HELLO})
    assert answer.status_code == 400 and "type check ('string')" in answer.json()["errors"]["command"]
    with pytest.raises(Refused, match=r"500 command or input-data \(or both\) required"):
        client.vm("post", "agent/exec")


@pytest.mark.parametrize("release", ["8.0", "8.4", "9.0"])
def test_from_8_0_an_empty_list_as_json(boot: Boot, release: str) -> None:
    client = boot(release)
    assert client.run(HELLO) == (0, "hello\r\n")
    with pytest.raises(Refused) as refused:
        client.vm("post", "agent/exec", **{"input-data": HELLO})
    assert refused.value.errors == {"command": "property is missing and it is not optional"}
    answer = client.raw("POST", EXEC, data={"command": "", "input-data": HELLO})
    assert answer.json()["errors"] == {"command": "type check ('array') failed"}


def test_a_chr_that_takes_a_null_path_for_a_path(boot: Boot) -> None:
    client = boot()
    client.pve.takes_null_path = False
    answer = client.raw("POST", EXEC, json={"command": [], "input-data": HELLO})
    assert (answer.status_code, answer.reason) == (500, "Agent error: Invalid parameter 'path'")


def test_exit_codes_and_output(boot: Boot) -> None:
    client = boot()
    assert client.run(":local a 1") == (0, "")
    code, output = client.run(":put before; :error oops")
    assert code == -1 and output.startswith("before\r\n") and "oops" in output
    assert client.run(":delay 1000s") == (1, "")
    with pytest.raises(Refused, match="500 Agent error: Invalid parameter 'pid'"):
        client.vm("get", "agent/exec-status", pid=99)


def test_input_is_ascii_or_bytes(boot: Boot) -> None:
    client = boot()
    answer = client.raw("POST", EXEC, json={"command": [], "input-data": ':put "\u20ac"'})
    assert answer.status_code == 500 and answer.reason.startswith("Wide character")
    assert client.run(':put "\u00e9"') == (0, "\u00e9\r\n")


@pytest.mark.parametrize(("release", "verb"), [("8.4", "qmp"), ("9.0", "qga")])
def test_both_file_endpoints_end_in_a_timeout_and_only_the_write_happened(boot: Boot, release: str, verb: str) -> None:
    client = boot(release)
    content = base64.b64encode(b":put in-file").decode()
    text = f"500 VM 100 {verb} command 'guest-file-close' failed - got timeout"
    with pytest.raises(Refused, match=text):
        client.vm("post", "agent/file-write", file="x.rsc", content=content, encode=0)
    assert client.run(":put [/file get x.rsc contents]") == (0, ":put in-file\r\n")
    with pytest.raises(Refused, match=text):
        client.vm("get", "agent/file-read", file="x.rsc")
    with pytest.raises(Refused, match="500 Agent error: failed to open file"):
        client.vm("post", "agent/file-write", file="flash/x.rsc", content=content, encode=0)


def test_too_long_contents_are_refused(boot: Boot) -> None:
    with pytest.raises(Refused) as refused:
        boot().vm("post", "agent/file-write", file="x.rsc", content="A" * 61441, encode=0)
    assert refused.value.errors == {"content": "value may only be 61440 characters long"}


def test_simple_commands_give_errors_with_200(boot: Boot) -> None:
    client = boot()
    assert client.vm("get", "agent/get-osinfo")["result"]["id"] == "routeros"
    assert client.vm("get", "agent/get-users") == {"result": {"error": {"class": "GenericError", "desc": "Command not supported"}}}
    [nic] = [one for one in client.vm("get", "agent/network-get-interfaces")["result"] if one["name"] == "ether1"]
    assert nic["hardware-address"] == "02:00:00:00:00:01"


def test_a_shutdown_through_the_agent_stops_the_guest(boot: Boot) -> None:
    client = boot()
    client.vm("post", "agent/shutdown")
    assert client.vm("get", "status/current")["status"] == "stopped"
    with pytest.raises(Refused, match="500 VM 100 is not running"):
        client.vm("post", "agent/ping")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"agent": 0}, "No QEMU guest agent configured"),
        ({"cpu": "host,hidden=1"}, "QEMU guest agent is not running"),
        ({"kvm": 0}, "QEMU guest agent is not running"),
        ({"boot": "order=net0"}, "QEMU guest agent is not running"),
    ],
)
def test_why_nobody_answers(boot: Boot, options: dict[str, t.Any], text: str) -> None:
    with pytest.raises(Refused) as refused:
        boot(**options).vm("post", "agent/ping")
    assert (refused.value.status, refused.value.text) == (500, text)


def test_an_agent_that_was_switched_on_later_waits_for_the_next_start(boot: Boot) -> None:
    client = boot(agent=0)
    client.vm("put", "config", agent=1)
    with pytest.raises(Refused, match="No QEMU guest agent configured"):
        client.vm("post", "agent/ping")
    client.done(client.vm("post", "status/reboot"))
    assert client.run(HELLO) == (0, "hello\r\n")


@pytest.mark.parametrize(("release", "privilege"), [("8.4", "VM.Monitor"), ("9.0", "VM.GuestAgent.Unrestricted")])
def test_the_right_to_run_scripts_by_release(boot: Boot, release: str, privilege: str) -> None:
    root = boot(release)
    root.pve.acl = {}
    root.pve.apitokens["operator@pve!tests"] = "s3cret"
    client = Client(root.pve, root.certificate, user="operator@pve", token_name="tests", token_value="s3cret")
    answer = client.raw("POST", EXEC, json={"command": [], "input-data": HELLO})
    assert (answer.status_code, answer.reason) == (403, f"Permission check failed (/vms/100, {privilege})")
    root.pve.grant("operator@pve", "/vms/100", privilege)
    assert client.run(HELLO) == (0, "hello\r\n")
