# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The FTP door, met by Python's own client: how an image reaches a RouterOS without SFTP."""

from __future__ import annotations

import ftplib
import io
import threading
from collections.abc import Iterator

import pytest

from tests.simulators.routerboard.ftp_door import FtpDoor
from tests.unit.routerboard.one_guest import OneGuest


class Doorway:
    def __init__(self) -> None:
        self.host = OneGuest("3.21")
        self.door = FtpDoor(self.host)
        self.door.open()

    def connect(self, password: str = "") -> ftplib.FTP:
        client = ftplib.FTP(timeout=10)
        client.connect("127.0.0.1", self.door.listener.port)
        client.login("admin", password)
        return client


@pytest.fixture
def doorway() -> Iterator[Doorway]:
    doorway = Doorway()
    yield doorway
    doorway.door.stop()


def test_files_go_both_ways(doorway: Doorway) -> None:
    content = bytes(range(256)) * 1000
    with doorway.connect() as client:
        client.storbinary("STOR image.tgz", io.BytesIO(content))
        assert doorway.host.router.files.read("image.tgz") == content.decode("latin-1")
        received = io.BytesIO()
        client.retrbinary("RETR /image.tgz", received.write)
        assert received.getvalue() == content
        client.rename("image.tgz", "other.tgz")
        assert client.nlst() == ["other.tgz"]
        client.voidcmd("TYPE I")
        assert client.size("other.tgz") == len(content)
        listed: list[str] = []
        client.retrlines("LIST", listed.append)
        assert str(len(content)) in listed[0]
        client.delete("other.tgz")
        assert client.nlst() == []


def test_what_is_not_there_is_told(doorway: Doorway) -> None:
    with doorway.connect() as client:
        for command in ("RETR none", "DELE none", "CWD /none"):
            with pytest.raises(ftplib.error_perm, match="550"):
                client.retrbinary(command, print) if command.startswith("RETR") else client.sendcmd(command)


def test_only_users_of_the_router_get_in(doorway: Doorway) -> None:
    doorway.host.router.execute("/user set admin password=secret-1")
    doorway.connect("secret-1").quit()
    with pytest.raises(ftplib.error_perm, match="530"):
        doorway.connect()


def test_an_upload_that_was_cut_off_is_there_in_part(doorway: Doorway) -> None:
    client = doorway.connect()
    client.voidcmd("TYPE I")
    data = client.transfercmd("STOR image.tgz")
    data.sendall(b"half")
    data.close()
    client.voidresp()
    assert doorway.host.router.files.read("image.tgz") == "half"
    client.close()


def test_a_door_that_stops_ends_its_sessions_and_its_threads() -> None:
    before = set(threading.enumerate())
    doorway = Doorway()
    client = doorway.connect()
    doorway.door.stop()
    with pytest.raises(EOFError):
        client.voidresp()
    client.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread.name
