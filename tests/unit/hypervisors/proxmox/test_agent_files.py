# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, and scripts too long for a request, through the guest agent of Proxmox VE."""

from __future__ import annotations

import itertools
import random
import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError, LostError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.file_scripts import PIECE, SHORT
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.script import ScriptError
from fakepve import PveError

from .routers import COUNT, RELEASES, Boot, Guest, said

BINARY = random.Random(1).randbytes(40_000)
OLD = "7.11.2"


def content(guest: Guest, name: str) -> bytes | None:
    """What the router has in a file."""
    found = guest.router.files.read(name)
    return None if found is None else found.encode("latin-1")


def put(guest: Guest, name: str, data: bytes) -> None:
    guest.router.files.write_file(name, data.decode("latin-1"))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("data", [b"", b"text\r\n\0\xff", BINARY])
def test_a_file_goes_there_and_comes_back_byte_by_byte(booted: Boot, release: str, data: bytes) -> None:
    guest = booted(release)
    guest.way().files.write("a b.bin", data)
    assert content(guest, "a b.bin") == data
    assert guest.way().files.read("a b.bin") == data


def test_long_files_are_fetched_in_pieces(booted: Boot) -> None:
    guest = booted()
    data = random.Random(2).randbytes(3 * PIECE + 1)
    put(guest, "backup.bin", data)
    assert guest.way().files.read("backup.bin") == data
    assert len(guest.asked()) == 2 + 4  # its size, the router's release, and the pieces


def test_an_old_router_reads_short_files_only(booted: Boot) -> None:
    guest = booted(version=OLD)
    files = guest.way().files
    short = bytes(range(256)) * 15 + bytes(SHORT - 256 * 15)
    files.write("short.bin", short)
    assert files.read("short.bin") == short
    put(guest, "long.bin", short + b"x")
    with pytest.raises(UnsupportedError, match=r"long\.bin is too long for RouterOS 7\.11\.2.*4095 bytes before RouterOS 7\.13.*4096 bytes.*SSH"):
        files.read("long.bin")


def test_a_long_file_on_an_old_router_is_at_least_as_long_as_it_was(booted: Boot) -> None:
    guest = booted(version=OLD)
    guest.way().files.write("long.bin", BINARY)
    assert content(guest, "long.bin") == BINARY


@pytest.mark.parametrize(("release", "most"), [("9.0", 46080), ("8.4", 46080)])
def test_what_is_too_long_is_refused_before_anything_is_sent(booted: Boot, release: str, most: int) -> None:
    guest = booted(release)
    guest.way().files.write("a.bin", bytes(most))
    guest.asked()
    with pytest.raises(UnsupportedError, match=f"at most {most} bytes.*{most + 1} bytes.*SSH"):
        guest.way().files.write("a.bin", bytes(most + 1))
    assert guest.asked() == []


@pytest.mark.parametrize("release", ["7.4", "8.0"])
def test_a_small_body_counts_what_a_form_makes_of_it(booted: Boot, release: str) -> None:
    guest = booted(release)
    plain, escaped = bytes(40_000), b"\xff" * 20_000  # its base64 is slashes alone
    guest.way().files.write("plain.bin", plain)
    with pytest.raises(UnsupportedError, match="too long"):
        guest.way().files.write("escaped.bin", escaped)
    assert content(guest, "plain.bin") == plain and content(guest, "escaped.bin") is None


@pytest.mark.parametrize("kept", ["", "TEXT"])
def test_a_router_that_keeps_something_else_is_found_out(booted: Boot, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    guest = booted()
    keep = guest.router.files.write_file
    monkeypatch.setattr(guest.router.files, "write_file", lambda name, contents: keep(name, kept))
    with pytest.raises(GuestError, match=r"a\.txt did not arrive whole"):
        guest.way().files.write("a.txt", b"text")


def test_a_folder_is_refused_by_the_agent(booted: Boot) -> None:
    with pytest.raises(GuestError, match="failed to open file 'flash/x'"):
        booted().way().files.write("flash/x", b"")


def test_a_question_about_a_file_is_asked_again_where_its_answer_was_lost(booted: Boot) -> None:
    guest = booted()
    guest.way().files.write("a.txt", b"text")
    guest.pve.fail("POST", "/agent/exec", 596, "Broken pipe", times=1)
    assert guest.way().files.read("a.txt") == b"text"


class TestLongScripts:
    """Scripts that no request holds."""

    SOURCE = COUNT + "\n" + "\n".join(f':local a{number} "/+?&%é{number}"' for number in range(6000)) + "\n:put $a5999"

    @pytest.mark.parametrize("release", RELEASES)
    def test_they_run_once_and_leave_nothing(self, booted: Boot, release: str) -> None:
        guest = booted(release)
        assert len(self.SOURCE) > 2 * 65536
        assert said(guest, self.SOURCE) == "1\n/+?&%é5999"
        assert said(guest, COUNT + "; :put [:len [/file find]]") == "2\n0"

    @pytest.mark.parametrize("release", RELEASES)
    def test_a_script_just_below_the_limit_of_a_request(self, booted: Boot, release: str) -> None:
        assert said(booted(release), "# " + "a" * 60_000 + "\n:put hello") == "hello"

    def test_where_only_files_are_executed(self, booted: Boot) -> None:
        guest = booted()
        guest.pve.takes_null_path = False
        guest.agent.runs_files = True
        assert said(guest, self.SOURCE) == "1\n/+?&%é5999"
        assert said(guest, ":put [:len [/file find]]") == "0"

    def test_their_errors_are_those_of_the_script(self, booted: Boot) -> None:
        guest = booted()
        with pytest.raises(ScriptError, match="oops") as failed:
            said(guest, self.SOURCE + "\n:error oops")
        assert failed.value.exit_code == -1
        assert said(guest, ":put [:len [/file find]]") == "0"

    def test_an_old_router_cannot_put_them_together(self, booted: Boot) -> None:
        guest = booted(version=OLD)
        with pytest.raises(UnsupportedError, match=r"too long.*before 7\.13.*Split"):
            said(guest, self.SOURCE)
        assert content(guest, "x") is None and guest.router.execute(":put [:len [/file find]]").output == "0\r\n"

    def test_where_a_part_does_not_arrive_nothing_runs_and_nothing_is_left(self, booted: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
        guest = booted()
        said(guest, ":put hello")
        real, count = guest.pve._file_write, itertools.count()

        def unheard(vm: t.Any, values: dict[str, t.Any]) -> object:
            if next(count) == 1:
                raise PveError(500, "VM 100 qga command 'guest-file-write' failed - got timeout")
            return real(vm, values)

        monkeypatch.setattr(guest.pve, "_file_write", unheard)
        with pytest.raises(GuestError, match="whether it was written is unknown") as failed:
            said(guest, self.SOURCE)
        assert not isinstance(failed.value, LostError)
        assert said(guest, COUNT + "; :put [:len [/file find]]") == "1\n0"
