# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consoles of guests, through the SSH door of a simulated RouterBOARD."""

from __future__ import annotations

import socket
import threading
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, Planned
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, RefusedError, UnreachableError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.text import quote
from ansible_collections.vrouter.mikrotik.plugins.module_utils._metarouter.consoles import Terms, parse_console, run_consoles
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.ssh import SshOptions, fingerprint, ssh_session
from paramiko.ecdsakey import ECDSAKey
from paramiko.rsakey import RSAKey

from tests.module_runs import Json, ModuleRun, Ran
from tests.simulators.routerboard.console import LineSettings
from tests.simulators.routerboard.ssh_door import SshDoor
from tests.simulators.routerboard.terminal import TerminalSettings
from tests.unit.routerboard.one_guest import OneGuest
from tests.waiting import PATIENCE

SECRET = 'a "$strange$" pass?word'
TERMS = Terms(check_mode=False, concurrency=4)


class Host:
    """A host with one guest, and our way into it."""

    def __init__(self, stop: list[Callable[[], None]], version: str = "6.49.10", **guest: t.Any) -> None:
        self.board = OneGuest(version, **guest)
        self.door = SshDoor(self.board)
        self.door.open()
        stop.append(self.door.stop)
        self.shown: list[str] = []

    def options(self, **ssh: t.Any) -> SshOptions:
        given = {"host": "127.0.0.1", "port": self.door.listener.port, "username": "admin", "password": "", "timeout": 10, "ftp_port": 21}
        keys = {"private_key": None, "passphrase": None, "known_hosts": "unused", "host_key": None, "host_key_checking": "off"}
        return SshOptions.parse({**given, **keys, **ssh})

    def module(self, check: bool = False, ssh: Json | None = None, **options: t.Any) -> Ran:
        """The module as Ansible runs it."""
        given = {"host": "127.0.0.1", "port": self.door.listener.port, "host_key_checking": "off", "timeout": 10, **(ssh or {})}
        return ModuleRun("metarouter_console", {"ssh": given, **options}, check).end()

    def nobody_is_in(self) -> bool:
        """Whether the guest's console, where it answers, asks for a login."""
        shown: list[bytes] = []
        later = self.board.client1.line.attach(shown.append)
        shown.clear()
        later.feed(b"\r")
        later.detach()
        return b"] >" not in b"".join(shown)

    def run(self, terms: Terms = TERMS, ssh: dict[str, t.Any] | None = None, **guest: t.Any) -> Outcome:
        """One guest's work."""
        held = guest.pop("held", False)  # by somebody else
        commands = [{"timeout": 10, "read_only": False, **command} for command in guest.pop("commands", [])]
        job = parse_console({"name": "client1", "os": "routeros", "send_break": False, "timeout": 20, "commands": commands, **guest})
        with ssh_session(self.options(**(ssh or {}))) as session:
            outcome = run_consoles(session, {job.name: job}, terms, lambda name, what: self.shown.append(what))[job.name]
        assert self.board.client1.line.held is held  # whatever became of it
        return outcome

    def ok(self, **guest: t.Any) -> Outcome:
        outcome = self.run(**guest)
        assert outcome.error is None, outcome.error
        return outcome


Hosts = Callable[..., Host]


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    """Makes hosts whose doors are shut at the end."""
    stop: list[Callable[[], None]] = []
    yield lambda version="6.49.10", **guest: Host(stop, version, **guest)
    for work in stop:
        work()


@pytest.fixture
def host(hosts: Hosts) -> Host:
    made = hosts()
    made.board.client1.start()
    return made


def put(text: str, **more: t.Any) -> dict[str, t.Any]:
    return {"source": f":put {text}", "read_only": True, **more}


def outputs(outcome: Outcome) -> list[str]:
    return [entry["output"] for entry in outcome.facts["commands"]]


@pytest.mark.parametrize("version", ["3.21", "6.30.2", "6.48.6", "6.49.10", "7.1", "7.20.8"])
def test_commands_run_and_their_output_comes_back(version: str, hosts: Hosts) -> None:
    host = hosts(version)
    host.board.client1.start()
    done = host.ok(commands=[put("1"), put('"two words"'), {"source": "/system identity set name=Client1"}, put("[/system identity get name]")])
    assert outputs(done) == ["1", "two words", "", "Client1"]
    assert done.facts["login"]["credential"] == 0
    assert [change.field for change in done.changes] == ["commands.command 3"]


def test_a_host_of_one_version_reaches_a_guest_of_another(hosts: Hosts) -> None:
    host = hosts("6.30.2", guest_version="7.20.8")
    host.board.client1.start()
    assert outputs(host.ok(new_password=SECRET, commands=[put("[/system resource get version]")]))[0].startswith("7.20.8")


@pytest.mark.parametrize("version", ["3.21", "6.49.10", "7.20.8"])
def test_the_password_comes_first_and_the_next_run_logs_in_with_it(version: str, hosts: Hosts) -> None:
    host = hosts(version)
    host.board.client1.start()
    wanted = {"credentials": [{"username": "admin", "password": SECRET}, {"username": "admin"}], "new_password": SECRET, "commands": [put("1")]}
    first = host.ok(**wanted)
    assert [(change.field, change.after) for change in first.changes] == [("password", "set")]
    assert first.facts["login"]["credential"] == 1
    again = host.ok(**wanted)
    assert (again.changes, again.facts["login"]["credential"]) == ((), 0)
    assert SECRET not in str(first) + str(again) + str(host.shown)
    assert "refuses every login" in str(host.run(credentials=[{"username": "admin"}]).error)


VERIFYING = "verifying that the factory's password is refused"


def test_that_the_factorys_password_is_refused_is_seen_once_the_guest_has_another(host: Host) -> None:
    wanted = {"credentials": [{"username": "admin", "password": SECRET}, {"username": "admin"}], "new_password": SECRET}
    host.ok(**wanted, commands=[put("1")])
    assert VERIFYING in host.shown
    host.shown.clear()
    assert host.ok(**wanted).changes == ()
    assert VERIFYING not in host.shown


def test_a_guest_that_still_takes_the_factorys_login_is_an_error(host: Host) -> None:
    assert host.ok(commands=[{"source": "/user add name=ops group=full password=some-password"}])
    outcome = host.run(credentials=[{"username": "ops", "password": "some-password"}], new_password=SECRET, commands=[put("1")])
    assert "the guest still takes admin without password. Name admin first in credentials" in str(outcome.error)
    assert [change.field for change in outcome.changes] == ["password"]
    assert outputs(outcome) == []
    assert host.nobody_is_in()
    host.ok(new_password=SECRET)
    assert not host.run(credentials=[{"username": "ops", "password": SECRET}], new_password=SECRET).error


def test_what_holds_already_is_not_done_again(host: Host) -> None:
    command = {"name": "identity", "source": "/system identity set name=Client1", "unless": '[/system identity get name] = "Client1"'}
    assert host.ok(commands=[command]).changes
    again = host.ok(commands=[command])
    assert (again.changes, again.facts["commands"][0]["ran"]) == ((), False)


def test_check_mode_only_reads(host: Host) -> None:
    command = {"name": "identity", "source": "/system identity set name=Client1", "unless": '[/system identity get name] = "Client1"'}
    predicted = host.ok(terms=Terms(True, 4), new_password=SECRET, commands=[command, put("[/system identity get name]")])
    assert [change.field for change in predicted.changes] == ["password", "commands.identity"]
    assert outputs(predicted) == ["would run", "MikroTik"]
    assert host.ok(commands=[put("1")]).facts["login"]["credential"] == 0  # still without a password


def test_check_mode_counts_a_guest_that_would_be_made(host: Host) -> None:
    planned = Terms(True, 4, Planned(guests=frozenset({"later"})))
    predicted = host.ok(terms=planned, name="later", commands=[{"name": "x", "source": ":put 1"}])
    assert [change.field for change in predicted.changes] == ["commands.x"]


def test_check_mode_counts_a_guest_that_would_be_started(hosts: Hosts) -> None:
    planned = Terms(True, 4, Planned(guests=frozenset({"client1"})))
    wanted: Json = {"new_password": SECRET, "commands": [{"name": "x", "source": ":put 1"}], "timeout": 6}
    predicted = hosts().ok(terms=planned, **wanted)
    assert [change.field for change in predicted.changes] == ["password", "commands.x"]
    refused = hosts().run(terms=Terms(True, 4), **wanted)
    assert "client1" in refused.name
    assert "the console does not answer" in str(refused.error)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/nonsense", "bad command name"),
        (":put (1", "syntax error"),
        ("/system identity set nam=x", "expected end of command"),
        (':error "no luck"', "no luck"),
        (":put 7; /ip address remove nothing", "no such item"),
    ],
)
def test_a_command_that_fails_fails_with_the_guests_own_words(source: str, said: str, host: Host) -> None:
    outcome = host.run(commands=[put("1"), {"name": "wrong", "source": source}, put("3")])
    assert outcome.error is not None
    assert "script wrong: RouterOS reports an error (exit code -1)" in str(outcome.error)
    assert said in str(outcome.error), outcome.error
    assert outputs(outcome) == ["1"]


def test_what_looks_like_a_prompt_or_a_marker_is_output(host: Host) -> None:
    done = host.ok(commands=[put('"[admin@MikroTik] > "'), put('"vrouter9end"'), put('"one\\r\\ntwo"')])
    assert outputs(done)[1:] == ["vrouter9end", "one\ntwo"]


def test_long_lines_survive(host: Host) -> None:
    name = "x" * 700
    assert outputs(host.ok(commands=[put(f'"{name}"'), put(f'[:len "{name}"]')])) == [name, "700"]


def test_who_was_left_logged_in_is_logged_out_and_nobody_is_left(host: Host) -> None:
    typed: list[bytes] = []
    earlier = host.board.client1.line.attach(typed.append)
    for keys in (b"admin\r", b"\r", b"n", b"/ip address\r", b"remov"):
        earlier.feed(keys)
    earlier.detach()
    assert outputs(host.ok(commands=[put("1")])) == ["1"]
    assert host.nobody_is_in()


def test_a_lost_keystroke_and_a_slow_terminal_are_survived(hosts: Hosts) -> None:
    host = hosts(settings=LineSettings(TerminalSettings(lost_password_keys=1)))
    host.board.client1.start()
    assert outputs(host.ok(commands=[put("1")])) == ["1"]


def test_a_console_that_somebody_else_holds_is_an_error(host: Host) -> None:
    holder = host.board.client1.line.attach(lambda data: None)
    outcome = host.run(held=True)
    assert "does not open the console of client1 (found: failure: console is already in use)" in str(outcome.error)
    holder.detach()
    assert host.ok(commands=[put("1")])


def test_a_guest_that_is_off_does_not_answer_and_one_that_is_not_there_is_named(hosts: Hosts) -> None:
    host = hosts()
    assert "logging in did not end within 2 s" in str(host.run(timeout=2).error)
    assert "no such item" in str(host.run(name="nobody").error)


def test_a_command_that_does_not_end_in_time_is_an_error_and_the_console_is_left(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(host.board.client1.router.platform, "sleep", lambda seconds: released.wait(PATIENCE))
    outcome = host.run(commands=[{"source": ":delay 30", "timeout": 1}])
    released.set()
    assert "did not end within 1 s" in str(outcome.error)
    assert host.nobody_is_in()


def test_a_command_that_asks_a_question_is_answered_by_nobody(host: Host) -> None:
    outcome = host.run(commands=[{"name": "again", "source": "/system reboot"}])
    assert "asks a question, which nobody answers here (found: Reboot, yes? [y/N]:)" in str(outcome.error)
    assert host.nobody_is_in()
    assert outputs(host.ok(commands=[put("1")])) == ["1"]


def test_a_session_that_is_lost_in_a_command_is_an_error_and_the_next_run_goes_on(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host.board.client1.router.platform, "sleep", lambda seconds: host.door.listener.cut_all())
    outcome = host.run(commands=[put("1"), {"source": ":delay 1"}, put("3")])
    assert "the SSH session with 127.0.0.1 was lost; what was under way may have been done. Run again" in str(outcome.error)
    assert outputs(outcome) == ["1"]
    assert outputs(host.ok(commands=[put("3")])) == ["3"]


def test_a_break_is_sent_and_in_check_mode_only_predicted(host: Host) -> None:
    assert [change.field for change in host.ok(terms=Terms(True, 4), send_break=True).changes] == ["break"]
    assert host.board.client1.line.breaks == 0
    assert [change.field for change in host.ok(send_break=True).changes] == ["break"]
    assert host.board.client1.line.breaks == 1


def test_the_number_of_a_guest_names_it_too(host: Host) -> None:
    assert outputs(host.ok(name="0", commands=[put("1")])) == ["1"]


# OpenWrt


@pytest.fixture
def wrt(hosts: Hosts) -> Host:
    made = hosts()
    made.board.client1.start(openwrt=True)
    return made


def test_an_openwrt_guest_answers(wrt: Host) -> None:
    done = wrt.ok(os="openwrt", commands=[put("x", source="echo one two"), put("x", source="uci get network.lan.ipaddr")])
    assert outputs(done)[0] == "one two"
    outcome = wrt.run(os="openwrt", commands=[{"source": "nonsense"}])
    assert "nonsense: not found" in str(outcome.error)


def test_another_system_than_was_said_is_named(wrt: Host, host: Host) -> None:
    assert "wanted: routeros, found: openwrt" in str(wrt.run().error)
    with pytest.raises(InputError, match="OpenWrt's console asks for no login"):
        wrt.run(os="openwrt", new_password="x")


@pytest.mark.parametrize(
    ("guest", "said"),
    [
        ({"commands": [{"source": ":put 1\n:put 2"}]}, "command 1 has several lines.*make each its own entry"),
        ({"commands": [{"source": ":put 1\r:put 2"}]}, "several lines"),
        ({"commands": [{"name": "x", "source": ":put 1", "unless": "1 =\n1"}]}, "x has several lines"),
        ({"commands": [{"source": ":put \"\x01q\""}]}, "holds a control character"),
        ({"commands": [{"source": ":put\t1"}]}, "holds a control character"),
        ({"new_password": ""}, "new_password: the guest would keep the factory's empty password.*Give one"),
        ({"new_password": " "}, "the guest would keep the factory's empty password"),
        ({"new_password": "pass\x03word"}, r"^new_password holds a control character[^\x03]*\Z"),
        ({"credentials": [{"username": "admin", "password": "pass\rword"}]}, "a password holds a control character"),
        ({"os": "openwrt", "commands": [{"source": "true", "unless": "1 = 1"}]}, "takes a RouterOS expression"),
        ({"timeout": 0}, "timeout: 0 s is not above 0"),
    ],
)
def test_what_a_console_would_take_for_something_else_is_refused(guest: dict[str, t.Any], said: str, host: Host) -> None:
    with pytest.raises(InputError, match=said):
        host.run(**guest)


def test_a_command_from_a_block_of_yaml_ends_with_its_line(host: Host) -> None:
    assert outputs(host.ok(commands=[{"source": ":put 1\n", "unless": "1 = 2\n"}])) == ["1"]


# SSH itself


def test_a_wrong_password_of_the_host_is_refused_without_being_repeated(host: Host) -> None:
    with pytest.raises(UnreachableError, match=r"refused the login of user admin.*ssh.password") as caught:
        host.run(ssh={"password": "wrong-password"})
    assert "wrong-password" not in str(caught.value)


def test_host_keys_are_known_pinned_or_refused(host: Host, tmp_path: Path) -> None:
    known = tmp_path / "new" / "known_hosts"
    key = fingerprint(host.door.host_key)
    verified = {"host_key_checking": "verified", "known_hosts": str(known)}
    with pytest.raises(RefusedError, match=r"is not in .*known_hosts \(found: SHA256:.*accept_new"):
        host.run(ssh=verified)
    assert host.run(ssh={**verified, "host_key_checking": "accept_new"}).error is None
    assert host.run(ssh=verified).error is None
    assert host.run(ssh={"host_key_checking": "pinned", "host_key": key}).error is None
    with pytest.raises(RefusedError, match="not the pinned one"):
        host.run(ssh={"host_key_checking": "pinned", "host_key": "SHA256:" + "A" * 43})


def test_a_host_key_that_changed_is_refused_loudly(host: Host, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    other = Path(known)
    other.write_text(f"[127.0.0.1]:{host.door.listener.port} ssh-rsa {RSAKey.generate(1024).get_base64()}\n")
    with pytest.raises(RefusedError, match=r"has changed .*ssh-keygen -R.*somebody else answers"):
        host.run(ssh={"host_key_checking": "verified", "known_hosts": str(known)})


def test_nobody_there_is_named_with_what_to_check(host: Host) -> None:
    options = host.options()
    host.door.stop()
    with pytest.raises(UnreachableError, match="/ip service ssh is enabled"), ssh_session(options):
        pass


def test_a_known_key_of_another_type_is_asked_for_and_a_file_stays_whole(host: Host, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    checked = {"host_key_checking": "accept_new", "known_hosts": str(known)}
    known.write_text("other.example ssh-rsa AAAA")  # no line end
    assert host.run(ssh=checked).error is None
    assert [line.split()[0] for line in known.read_text().splitlines()] == ["other.example", f"[127.0.0.1]:{host.door.listener.port}"]
    key = ECDSAKey.generate()
    known.write_text(f"[127.0.0.1]:{host.door.listener.port} {key.get_name()} {key.get_base64()}\n")
    with pytest.raises(RefusedError, match="has changed"):
        host.run(ssh=checked)


@pytest.mark.parametrize("text", ["127.0.0.1 ssh-rsa A\n", None])
def test_known_hosts_that_cannot_be_read_are_named(text: str | None, host: Host, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    if text is None:
        known.mkdir()
    else:
        known.write_text(text)
    with pytest.raises(InputError, match="known_hosts cannot be read"):
        host.run(ssh={"host_key_checking": "verified", "known_hosts": str(known)})


def test_a_private_key_logs_in_and_one_that_cannot_is_named(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "id_rsa"
    key = RSAKey.generate(2048)
    key.write_private_key_file(str(file), password="a passphrase")
    with pytest.raises(InputError, match=r"id_rsa cannot be used.*ssh.passphrase"):
        host.run(ssh={"private_key": str(file)})
    with pytest.raises(UnreachableError, match=r"ssh\.private_key"):
        host.run(ssh={"private_key": str(file), "passphrase": "a passphrase"})
    assert host.board.router.execute(f'/user ssh-keys add user=admin key="{key.get_name()} {key.get_base64()}"').exit_code == 0
    assert host.run(ssh={"private_key": str(file), "passphrase": "a passphrase", "password": "wrong"}).error is None


# The module, as Ansible runs it


def test_many_guests_are_one_run_and_one_bad_one_fails_alone(host: Host) -> None:
    good = {"name": "client1", "commands": [put("1")]}
    ran = host.module(guests=[good, {"name": "nobody"}, {"name": "bad", "commands": [{"source": "a\nb"}]}])
    assert "2 of 3 failed: " in ran.message
    assert "nobody: the host does not open the console of nobody (found: no such item)" in ran.message
    assert ran.objects["client1"]["commands"][0]["output_lines"] == ["1"]
    assert ran.objects["client1"]["login"] == {"os": "routeros", "credential": 0, "prompt": "[admin@MikroTik] >"}
    assert not ran.changed


def test_nothing_that_it_prints_or_writes_holds_a_password(host: Host, tmp_path: Path) -> None:
    progress = tmp_path / "progress"
    guest = {"name": "client1", "credentials": [{"username": "admin", "password": SECRET}, {"username": "admin"}], "new_password": SECRET}
    shows = {**guest, "commands": [put(quote(SECRET)), {"source": f":error {quote(SECRET)}"}], "secrets": ["community text"]}
    for check in (True, False):
        ran = host.module(check=check, guests=[shows], progress_file=str(progress))
        for text in (ran.text, progress.read_text()):
            assert "strange" not in text
        assert ran.objects["client1"]["changes"][0]["field"] == "password"
    assert ran.objects["client1"]["commands"][0]["output"] == "********"
    assert "********" in ran.message
    again = host.module(guests=[guest]).ok()
    assert (again.changed, again.objects["client1"]["login"]["credential"]) == (False, 0)


def test_a_module_run_ends_in_one_line_where_the_host_lets_nobody_in(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    guests = [{"name": "client1"}]
    assert "is not in " + str(tmp_path) in host.module(guests=guests, ssh={"host_key_checking": "verified"}).message
    host.module(guests=guests, ssh={"host_key_checking": "accept_new"}).ok()
    host.module(guests=guests, ssh={"host_key_checking": "verified"}).ok()
    wrong = host.module(guests=guests, ssh={"password": "another password"})
    assert "refused the login of user admin" in wrong.message
    assert "another password" not in wrong.text
    with socket.create_server(("127.0.0.1", 0)) as nobody:  # takes connections, and is no SSH server
        silent = {"port": nobody.getsockname()[1], "timeout": 1}
        assert "no session with 127.0.0.1" in host.module(guests=guests, ssh=silent).message
