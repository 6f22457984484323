# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH door, met by clients that are not ours: paramiko's and OpenSSH's."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from paramiko.channel import Channel
from paramiko.client import SSHClient
from paramiko.ed25519key import Ed25519Key
from paramiko.ssh_exception import AuthenticationException, SSHException

from tests.simulators.routerboard.console import BUSY, ENTERED, LEFT
from tests.simulators.routerboard.ssh_door import SshDoor
from tests.unit.routerboard.one_guest import OneGuest
from tests.waiting import PATIENCE

needs_openssh = pytest.mark.skipif(shutil.which("sftp") is None, reason="no OpenSSH client")
# What a user of today must tell OpenSSH to reach a RouterOS before 6.45.
OLD = ("-oKexAlgorithms=+diffie-hellman-group14-sha1", "-oHostKeyAlgorithms=+ssh-rsa", "-oMACs=+hmac-sha1", "-oCiphers=+aes128-cbc")
BOOT = "\r\nStarting services...\r\n\r\nMikroTik 6.49.10 (long-term)\r\nRouterOS Login: "


class Shell:
    """An interactive session."""

    def __init__(self, channel: Channel) -> None:
        channel.settimeout(10)
        self._channel = channel
        self.shown = ""

    def wait_for(self, text: str) -> str:
        while text not in self.shown:
            data = self._channel.recv(65536)
            assert data, f"the session ended after {self.shown!r}"
            self.shown += data.decode()
        found, self.shown = self.shown.split(text, 1)
        return found + text

    def type(self, text: str, answer: str) -> str:
        self._channel.sendall(text.encode())
        return self.wait_for(answer)

    def ends(self) -> bool:
        while data := self._channel.recv(65536):
            self.shown += data.decode()
        return True

    def close(self) -> None:
        self._channel.close()


class Doorway:
    """A board with one guest and its SSH door, and clients in front of it."""

    def __init__(self, stack: ExitStack, folder: Path, version: str = "6.49.10") -> None:
        self.host = OneGuest(version)
        self.door = SshDoor(self.host)
        self.door.open()
        stack.callback(self.door.stop)
        self.port = self.door.listener.port
        self.folder = folder
        self._stack = stack
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {self.door.host_key.get_name()} {self.door.host_key.get_base64()}\n")

    def connect(self, user: str = "admin+ct", password: str = "", key: Ed25519Key | None = None) -> SSHClient:
        client = SSHClient()
        client.load_host_keys(str(self.known_hosts))
        self._stack.callback(client.close)
        client.connect("127.0.0.1", self.port, user, password, pkey=key, allow_agent=False, look_for_keys=False)
        return client

    def shell(self, user: str = "admin+ct") -> Shell:
        shell = Shell(self.connect(user).invoke_shell())
        shell.wait_for("[admin@MikroTik] > ")
        return shell

    def trust_key(self) -> Path:
        """The file of a private key that admin may use."""
        key = Ed25519PrivateKey.generate()
        path = self.folder / "key"
        path.touch(0o600)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
        public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        assert self.host.router.execute(f'/user ssh-keys add user=admin key="{public} test"').exit_code == 0
        return path

    def openssh(self, program: str, *arguments: str, typed: str = "", more: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
        options = ["-F", "none", "-i", str(self.folder / "key"), f"-oUserKnownHostsFile={self.known_hosts}", "-oBatchMode=yes"]
        command = [program, *options, *more, "-oIdentitiesOnly=yes", "-oPort=" + str(self.port), *arguments]
        return subprocess.run(command, input=typed.encode(), capture_output=True, timeout=PATIENCE, check=False)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def doorway(stack: ExitStack, tmp_path: Path) -> Doorway:
    return Doorway(stack, tmp_path)


# Logging in


def test_users_of_the_router_get_in_by_password(doorway: Doorway) -> None:
    doorway.host.router.execute("/user set admin password=secret-1")
    doorway.connect(password="secret-1")
    with pytest.raises(AuthenticationException):
        doorway.connect(password="")


def test_users_of_the_router_get_in_by_key(doorway: Doorway) -> None:
    key = Ed25519Key.from_private_key_file(str(doorway.trust_key()))
    doorway.host.router.execute("/user set admin password=secret-1")
    doorway.connect(key=key)
    doorway.host.router.execute("/user ssh-keys remove [find]")
    with pytest.raises(AuthenticationException):
        doorway.connect(key=key)


# Commands


def test_a_command_gives_its_output_and_whether_it_went_well(doorway: Doorway) -> None:
    client = doorway.connect()
    dummy, output, dummy = client.exec_command("/system identity print")
    assert output.read() == b"  name: MikroTik\r\n"
    assert output.channel.recv_exit_status() == 0
    dummy, output, dummy = client.exec_command("/foo")
    assert output.read() == b"bad command name foo (line 1 column 2)\r\n"
    assert output.channel.recv_exit_status() != 0


def test_several_sessions_stand_side_by_side(doorway: Doorway) -> None:
    one, other = doorway.shell(), doorway.shell()
    one.type("/ip address\r", "/ip address> ")
    other.type("/system identity set name=Host\r", "[admin@Host] > ")
    one.type("\r", "[admin@Host] /ip address> ")


def test_quit_closes_the_session(doorway: Doorway) -> None:
    shell = doorway.shell()
    shell.type("/quit\r", "/quit\r\n")
    assert shell.ends()


# A guest's console


def test_into_a_guest_and_back(doorway: Doorway) -> None:
    doorway.host.client1.start()
    shell = doorway.shell()
    shell.type("/metarouter\r", "/metarouter> ")
    assert shell.type("console client1\r", "Login: ").endswith(ENTERED + BOOT)
    shell.type("admin+ct\r", "Password: ")
    shell.type("\r", "[Y/n]: ")
    shell.type("n", "[admin@MikroTik] > ")
    shell.type("/system identity set name=Client1\r", "[admin@Client1] > ")
    assert shell.type("\x01Q", LEFT)
    shell.wait_for("[admin@MikroTik] /metarouter> ")
    assert doorway.host.client1.router.identity == "Client1"


def test_a_console_that_another_session_holds(doorway: Doorway) -> None:
    doorway.host.client1.start()
    holder, other = doorway.shell(), doorway.shell()
    holder.type("/metarouter console 0\r", "Login: ")
    assert BUSY in other.type("/metarouter console client1\r", "\r\r\r\r[admin@MikroTik] > ")
    assert holder.type("\r", "Login: ")
    holder.close()
    while BUSY in other.type("/metarouter console client1\r", "]") + other.wait_for("\r\n\r\n"):
        pass  # the door may not have noticed yet


def test_a_guest_that_is_not_there(doorway: Doorway) -> None:
    assert "\rno such item\r\n" in doorway.shell().type("/metarouter console other\r", "\r\r\r\r[admin@MikroTik] > ")


def test_an_openwrt_guest(doorway: Doorway) -> None:
    doorway.host.client1.start(openwrt=True)
    shell = doorway.shell()
    shell.type("/metarouter console client1\r", "Please press Enter to activate this console.")
    shell.type("\r", "root@OpenWrt:/# ")
    shell.type("echo A''B\r", "\r\nAB\r\n")
    shell.type("\x01q", LEFT)


def test_a_guest_that_goes_off_may_end_its_console(doorway: Doorway) -> None:
    doorway.host.client1.line.settings.ends_attachment = True
    doorway.host.client1.start()
    shell = doorway.shell()
    shell.type("/metarouter console client1\r", "Login: ")
    with doorway.host.router.lock:  # as a board does it
        doorway.host.client1.line.power_off()
    shell.wait_for(LEFT)
    shell.wait_for("[admin@MikroTik] > ")
    shell.type(":put (1+1)\r", "\r2\r\n")


# Files


def test_files_go_both_ways(doorway: Doorway) -> None:
    content = bytes(range(256)) * 1000
    files = doorway.connect().open_sftp()
    with files.open("/image.tgz", "w") as upload:
        upload.write(content)
    assert doorway.host.router.files.read("image.tgz") == content.decode("latin-1")
    with files.open("image.tgz") as download:
        assert download.read() == content
    files.rename("image.tgz", "other.tgz")
    assert files.stat("other.tgz").st_size == len(content)
    assert files.listdir() == ["other.tgz"]
    files.remove("other.tgz")
    with pytest.raises(FileNotFoundError):
        files.stat("other.tgz")


def test_an_upload_that_was_cut_off_is_there_in_part(stack: ExitStack, doorway: Doorway) -> None:
    client = doorway.connect()
    upload = client.open_sftp().open("image.tgz", "w")
    upload.write(b"half")
    upload.stat()
    client.close()
    doorway.door.stop()
    assert doorway.host.router.files.read("image.tgz") == "half"


# Versions and the door itself


def test_an_old_router_has_no_sftp_and_only_old_algorithms(stack: ExitStack, tmp_path: Path) -> None:
    client = Doorway(stack, tmp_path, "3.21").connect()
    transport = client.get_transport()
    assert transport is not None
    assert transport.host_key_type == "ssh-rsa"
    assert transport.remote_mac == "hmac-sha1"
    with pytest.raises(SSHException):
        client.open_sftp()


def test_a_door_that_stops_ends_its_sessions_and_its_threads(stack: ExitStack, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    doorway = Doorway(stack, tmp_path)
    doorway.host.client1.start()
    shell = doorway.shell()
    shell.type("/metarouter console client1\r", "Login: ")
    doorway.door.stop()
    assert shell.ends()
    assert not doorway.host.client1.line.held
    for thread in set(threading.enumerate()) - before:  # the client's own too
        thread.join(10)
        assert not thread.is_alive(), thread.name


# OpenSSH


@needs_openssh
def test_openssh_runs_a_command(doorway: Doorway) -> None:
    doorway.trust_key()
    done = doorway.openssh("ssh", "admin@127.0.0.1", "/system identity print")
    assert (done.returncode, done.stdout) == (0, b"  name: MikroTik\r\n"), done.stderr


@needs_openssh
def test_openssh_types_into_a_guest(doorway: Doorway) -> None:
    doorway.trust_key()
    doorway.host.client1.start()
    typed = "/metarouter console client1\radmin+ct\r\rn/system identity set name=Client1\r:put (1+1)\r"
    done = doorway.openssh("ssh", "-tt", "admin+ct@127.0.0.1", typed=typed + "\x01Q/quit\r")
    assert doorway.host.client1.router.identity == "Client1"
    assert LEFT.encode() in done.stdout


@needs_openssh
def test_openssh_needs_to_be_told_to_speak_to_an_old_router(stack: ExitStack, tmp_path: Path) -> None:
    doorway = Doorway(stack, tmp_path, "6.30.2")
    doorway.trust_key()
    refused = doorway.openssh("ssh", "admin@127.0.0.1", ":put 1", more=("-oKexAlgorithms=curve25519-sha256",))
    assert b"no matching key exchange method" in refused.stderr
    done = doorway.openssh("ssh", "admin@127.0.0.1", ":put 1", more=OLD)
    assert done.stdout == b"1\r\n", done.stderr


@needs_openssh
def test_openssh_carries_files(doorway: Doorway) -> None:
    doorway.trust_key()
    image = doorway.folder / "image.tgz"
    image.write_bytes(b"image" * 10000)
    done = doorway.openssh("sftp", "-b", "-", "admin@127.0.0.1", typed=f"put {image}\nls\nget image.tgz {image}.back\n")
    assert done.returncode == 0, done.stderr
    assert Path(f"{image}.back").read_bytes() == image.read_bytes()
