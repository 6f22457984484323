# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest agent with CHR's measured behaviour, byte for byte where it differs from the stock agent."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulators.routeros.agent import GuestAgent
from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.platform import Lease
from tests.simulators.routeros.router import Router
from tests.waiting import PATIENCE

_COMMANDS = {
    "guest-exec",
    "guest-exec-status",
    "guest-file-close",
    "guest-file-flush",
    "guest-file-open",
    "guest-file-read",
    "guest-file-write",
    "guest-fsfreeze-freeze",
    "guest-fsfreeze-status",
    "guest-fsfreeze-thaw",
    "guest-get-host-name",
    "guest-get-osinfo",
    "guest-get-time",
    "guest-get-timezone",
    "guest-info",
    "guest-network-get-interfaces",
    "guest-ping",
    "guest-set-time",
    "guest-shutdown",
    "guest-sync",
    "guest-sync-delimited",
}


class SlowPlatform(MemoryPlatform):
    """Its clock stands still until the test lets it go on."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = threading.Event()
        self.wake = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.asleep.set()
        assert self.wake.wait(PATIENCE)
        super().sleep(seconds)


def request(name: str, **arguments: object) -> bytes:
    named = {key.replace("_", "-"): value for key, value in arguments.items()}
    return json.dumps({"execute": name, "arguments": named}).encode() + b"\n"


class Client:
    """A host that talks to the agent."""

    def __init__(self, agent: GuestAgent) -> None:
        self.agent = agent

    def call(self, name: str, **arguments: object) -> Any:
        reply = self.agent.receive(request(name, **arguments))
        assert reply.endswith(b"\n"), reply
        return json.loads(reply)

    def ask(self, name: str, **arguments: object) -> Any:
        reply = self.call(name, **arguments)
        assert "return" in reply, reply
        return reply["return"]

    def refuse(self, name: str, **arguments: object) -> str:
        return str(self.call(name, **arguments)["error"]["desc"])

    def start(self, source: str, **arguments: object) -> int:
        data = base64.b64encode(source.encode()).decode()
        return int(self.ask("guest-exec", input_data=data, **{"capture_output": True, **arguments})["pid"])

    def finish(self, pid: int) -> dict[str, Any]:
        """The status of a script once its thread has ended."""
        for thread in threading.enumerate():
            if thread.name == f"script-{pid}":
                thread.join(30)
        status: dict[str, Any] = self.ask("guest-exec-status", pid=pid)
        if "out-data" in status:
            status["out-data"] = base64.b64decode(status["out-data"]).decode()
        return status

    def put(self, name: str, data: bytes) -> None:
        handle = self.ask("guest-file-open", path=name, mode="w")
        self.ask("guest-file-write", handle=handle, buf_b64=base64.b64encode(data).decode())
        assert self.agent.receive(request("guest-file-close", handle=handle)) == b""


@pytest.fixture
def client(router: Router) -> Client:
    return Client(GuestAgent(router))


def test_the_21_commands_and_the_version(client: Client) -> None:
    info = client.ask("guest-info")
    assert info["version"] == "2.10.50"
    assert {command["name"] for command in info["supported_commands"]} == _COMMANDS
    assert len(info["supported_commands"]) == 21
    for command in info["supported_commands"]:
        expected = {
            "enabled": True,
            "name": command["name"],
            "success-response": command["name"] != "guest-sync-delimited",
        }
        assert command == expected


def test_both_syncs(client: Client) -> None:
    assert client.agent.receive(request("guest-sync", id=7)) == b'{"return": 7}\n'
    assert client.agent.receive(b"\xff" + request("guest-sync-delimited", id=12345)) == b'\xff{"return": 12345}\n'


def test_bytes_come_in_pieces_and_several_commands_at_once(client: Client) -> None:
    whole = request("guest-sync", id=1) + request("guest-ping")
    assert client.agent.receive(whole[:10]) == b""
    assert client.agent.receive(whole[10:]) == b'{"return": 1}\n{"return": {}}\n'


def test_what_a_stale_client_left_is_forgotten_at_0xff(client: Client) -> None:
    client.agent.receive(b'{"execute":"guest-shutd')
    assert client.agent.receive(b"\xff" + request("guest-sync", id=2)) == b'{"return": 2}\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("guest-get-users", "Command not supported"),
        ("guest-get-vcpus", "Command not supported"),
        ("guest-get-fsinfo", "Command not supported"),
        ("guest-get-disks", "The command 'guest-get-disks' was not found"),
        ("guest-file-seek", "The command 'guest-file-seek' was not found"),
    ],
)
def test_the_two_texts_for_what_it_cannot_do(client: Client, name: str, text: str) -> None:
    assert client.refuse(name) == text


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'{"execute": 5}\n', b'{"execute":"guest-ping","arguments":[]}\n'])
def test_garbage_gets_an_error_and_the_agent_lives_on(client: Client, line: bytes) -> None:
    assert "error" in json.loads(client.agent.receive(line))
    assert client.ask("guest-ping") == {}


def test_what_it_tells_of_the_guest(client: Client, router: Router, platform: MemoryPlatform) -> None:
    assert client.ask("guest-get-host-name") == {"host-name": "MikroTik"}
    assert client.ask("guest-get-osinfo") == {
        "id": "routeros",
        "kernel-release": "5.6.3-64",
        "machine": "x86_64",
        "name": "RouterOS",
        "pretty-name": "RouterOS 7.20.8",
    }
    assert client.ask("guest-get-timezone") == {"offset": 0}
    assert client.ask("guest-get-time") == int(platform.now() * 1e9)
    platform.leases["eth0"] = Lease("10.0.2.15/24", None)
    router.poll()
    assert client.ask("guest-network-get-interfaces") == [
        {
            "name": "ether1",
            "hardware-address": "52:54:00:00:00:01",
            "ip-addresses": [{"ip-address-type": "ipv4", "ip-address": "10.0.2.15", "prefix": 24}],
        },
        {"name": "ether2", "hardware-address": "52:54:00:00:00:02"},
    ]


def test_a_script_runs_without_a_login_and_prints_crlf(client: Client) -> None:
    assert client.finish(client.start(':put "qga-test-ok"')) == {
        "exited": True,
        "exitcode": 0,
        "out-data": "qga-test-ok\r\n",
    }


def test_a_silent_script_has_no_output_at_all(client: Client) -> None:
    assert client.finish(client.start("/system identity set name=x")) == {"exited": True, "exitcode": 0}


def test_a_script_with_an_error_ends_with_minus_one_and_the_text(client: Client) -> None:
    status = client.finish(client.start(":put before\n/ip address add address=192.0.2.1/24 interface=nope"))
    text = "input does not match any value of interface (/ip/address/add; line 2)"
    assert status == {"exited": True, "exitcode": -1, "out-data": f"before\r\n{text}\r\n"}
    assert client.finish(client.start(":put [/system routerboard get serial-number]"))["exitcode"] == -1


@pytest.mark.parametrize("source", [":put begun; :delay 10m; :put late", ":put begun; /ping 192.0.2.99 count=500; :put late"])
def test_a_script_that_waits_too_long_ends_with_one(client: Client, source: str) -> None:
    status = client.finish(client.start(source))
    assert status["exitcode"] == 1
    assert status["out-data"].startswith("begun\r\n")
    assert "late" not in status["out-data"]


def test_a_script_that_never_waits_ends_too(router: Router) -> None:
    client = Client(GuestAgent(router, script_timeout=0.05))
    assert client.finish(client.start(":while (true) do={}"))["exitcode"] == 1
    assert client.finish(client.start(":put alive"))["out-data"] == "alive\r\n"


def test_a_running_script_hinders_nobody() -> None:
    platform = SlowPlatform()
    router = Router(platform)
    router.boot()
    client = Client(GuestAgent(router))
    slow = client.start(":delay 5s; :put [/system identity get name]")
    assert platform.asleep.wait(PATIENCE)
    assert client.ask("guest-exec-status", pid=slow) == {"exited": False}
    quick = client.start("/system identity set name=meanwhile; :put quick")
    assert client.finish(quick)["out-data"] == "quick\r\n"
    assert client.ask("guest-get-host-name") == {"host-name": "meanwhile"}
    assert client.ask("guest-exec-status", pid=slow) == {"exited": False}
    platform.wake.set()
    assert client.finish(slow)["out-data"] == "meanwhile\r\n"


def test_many_scripts_at_once_lose_nothing(client: Client, router: Router) -> None:
    pids = [client.start(f"/interface bridge add name=br{n}; :delay 1s; :put br{n}") for n in range(8)]
    assert [client.finish(pid)["out-data"] for pid in pids] == [f"br{n}\r\n" for n in range(8)]
    assert router.execute("/interface bridge print count-only").output == "8\r\n"


def test_exec_takes_a_script_and_no_path(client: Client) -> None:
    data = base64.b64encode(b":put 1").decode()
    for path in ("/system/script", "x.rsc", None):
        assert "path" in client.refuse("guest-exec", path=path, input_data=data)
    assert "input-data" in client.refuse("guest-exec")
    assert "input-data" in client.refuse("guest-exec", input_data="not base64!")
    assert "pid" in client.refuse("guest-exec-status", pid=99)


def test_a_chr_that_executes_files_runs_what_a_path_names(client: Client) -> None:
    client.agent.runs_files = True
    client.put("x.rsc", b":put one\n:put two\n:nonsense")
    status = client.finish(client.ask("guest-exec", path="x.rsc", arg=[], capture_output=True)["pid"])
    assert status["exitcode"] == -1 and status["out-data"].startswith("one\r\ntwo\r\n")
    for path in ("/system/script", "absent.rsc", None):
        assert "path" in client.refuse("guest-exec", path=path)


def test_a_chr_that_takes_null_for_a_program_does_nothing_and_ends_well(client: Client) -> None:
    client.agent.ignores_null_path = True
    data = base64.b64encode(b":put hello").decode()
    assert client.finish(client.ask("guest-exec", path=None, input_data=data, capture_output=True)["pid"]) == {"exited": True, "exitcode": 0}


def test_a_file_goes_in_and_out_and_closes_in_silence(client: Client, router: Router) -> None:
    data = bytes(range(256)) * 5
    handle = client.ask("guest-file-open", path="./a b.txt", mode="w")
    half = len(data) // 2
    for part in (data[:half], data[half:]):
        reply = client.ask("guest-file-write", handle=handle, buf_b64=base64.b64encode(part).decode())
        assert reply["count"] == len(part)
    assert client.agent.receive(request("guest-file-flush", handle=handle)) == b""
    assert client.agent.receive(request("guest-file-close", handle=handle)) == b""
    assert router.execute(':put [/file get "a b.txt" size]').output == "1280\r\n"
    handle = client.ask("guest-file-open", path="a b.txt", mode="r")
    first = client.ask("guest-file-read", handle=handle, count=1000)
    second = client.ask("guest-file-read", handle=handle, count=1000)
    assert base64.b64decode(first["buf-b64"]) + base64.b64decode(second["buf-b64"]) == data
    assert (first["count"], first["eof"], second["count"], second["eof"]) == (1000, False, 280, True)
    assert client.agent.receive(request("guest-file-close", handle=handle)) == b""
    assert "handle" in client.refuse("guest-file-read", handle=handle)


@pytest.mark.parametrize("path", ["/etc/passwd", "flash/x", "disk1/x", "../x", "", ".."])
def test_only_flat_names_are_files(client: Client, path: str) -> None:
    assert "failed to open file" in client.refuse("guest-file-open", path=path, mode="w")


def test_a_written_file_is_imported(client: Client) -> None:
    client.put("qga-test-script.rsc", b':put "executed-via-file-api"\r\n/system identity set name="R\xc4\xabga"\r\n')
    status = client.finish(client.start("/import qga-test-script.rsc"))
    printed = "executed-via-file-api\r\nScript file loaded and executed successfully\r\n"
    assert status == {"exited": True, "exitcode": 0, "out-data": printed}
    assert client.ask("guest-get-host-name") == {"host-name": "Rīga"}


def test_shutdown_keeps_the_state_and_answers_nothing(client: Client, platform: MemoryPlatform) -> None:
    client.finish(client.start("/system identity set name=kept"))
    assert client.agent.receive(request("guest-shutdown")) == b""
    assert client.agent.receive(request("guest-shutdown", mode="reboot")) == b""
    assert platform.power == ["off", "reboot"]
    assert b"kept" in (platform.stored or b"")


def test_freeze_and_thaw(client: Client) -> None:
    assert [client.ask("guest-fsfreeze-" + verb) for verb in ("status", "freeze", "status", "thaw", "status")] == [
        "thawed",
        1,
        "frozen",
        1,
        "thawed",
    ]


def test_the_clock_is_set(client: Client, platform: MemoryPlatform) -> None:
    client.ask("guest-set-time", time=1_800_000_000_000_000_000)
    assert platform.now() == 1_800_000_000


@pytest.mark.parametrize("command", ["guest-ping", "guest-info", "guest-sync", "guest-shutdown"])
def test_without_kvm_the_port_stays_closed(router: Router, platform: MemoryPlatform, command: str) -> None:
    agent = GuestAgent(router, open_port=False)
    assert agent.receive(request(command, id=1)) == b""
    assert platform.power == []


def test_the_script_limit_does_not_count_a_clock_that_was_set(run: Callable[[str], str], client: Client) -> None:
    status = client.finish(client.start("/system clock set date=2030-01-01 time=00:00:00; :delay 1s; :put [/system clock get date]"))
    assert status["out-data"] == "2030-01-01\r\n"
