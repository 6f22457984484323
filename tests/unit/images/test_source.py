# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user may write, and what servers may answer."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import parse_batch
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._images.source import (
    Request,
    base_url,
    parse_request,
    pointer_url,
    pointer_version,
    sidecar_digest,
    stem,
    version_text,
)
from hypothesis import given
from hypothesis import strategies as st

HEX = "0123456789abcdef" * 4
URL = "http://mirror/7.20.8/chr-7.20.8.img.zip"


@pytest.mark.parametrize("number", [7.2, 7, True, 6.49])
def test_a_version_that_yaml_made_a_number_is_refused_with_the_hint(number: object) -> None:
    with pytest.raises(InputError, match=r'Quote it: version: "7.20"'):
        version_text(number)


@pytest.mark.parametrize("text", ["7", "7.20.8.1", "v7.20", "7.20-rc1", "latest", "7.20 ", "../7.20", "7.20gamma1", ""])
def test_a_version_that_routeros_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="version"):
        version_text(text)


def test_there_is_no_chr_before_6_34() -> None:
    with pytest.raises(InputError, match=r"6\.34 or later"):
        version_text("6.33.6")


@given(st.integers(7, 9), st.integers(0, 99), st.none() | st.integers(0, 99), st.sampled_from(["", "beta2", "rc1"]))
def test_a_version_stays_as_it_was_written(major: int, minor: int, patch: int | None, stage: str) -> None:
    text = f"{major}.{minor}" + ("" if patch is None else f".{patch}") + stage
    assert parse_request({"version": text}).version == text


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"version": "7.20", "channel": "stable"},
        {"channel": "stable", "path": "/x"},
        {"version": "7.20", "channel": "stable", "path": "/x"},
    ],
)
def test_an_image_comes_from_one_place(entry: dict[str, t.Any]) -> None:
    with pytest.raises(InputError, match="one of version, channel and path"):
        parse_request(entry)


def test_a_path_may_say_its_version() -> None:
    assert parse_request({"path": "/x.img", "version": "7.20"}) == Request(version="7.20", path="/x.img")


def test_a_bad_entry_fails_alone_and_so_does_a_router_that_is_listed_twice() -> None:
    twice = [{"name": "c", "version": "7.20"}, {"name": "c", "version": "7.21"}, {"name": "c", "version": "7.21"}]
    requests, errors = parse_batch("images", [{"name": "a", "version": 7.2}, {"name": "b", "version": "7.20"}, *twice], parse_request)
    assert set(requests) == {"b"}
    assert set(errors) == {"a", "c"}
    assert "Give each its own entry" in str(errors["c"])


@pytest.mark.parametrize("text", ["md5:" + "0" * 32, HEX, "sha256:" + HEX[:-1], "sha256:" + HEX + "0", "sha256:" + "g" * 64])
def test_a_checksum_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="64 hex digits"):
        parse_request({"version": "7.20", "checksum": text})


def test_letter_case_of_a_checksum_does_not_matter() -> None:
    assert parse_request({"version": "7.20", "checksum": "SHA256:" + HEX.upper()}).checksum == HEX


@pytest.mark.parametrize("line", [f"{HEX}  chr-7.20.8.img.zip\n", f"{HEX} *chr-7.20.8.img.zip", f"{HEX}  ./chr-7.20.8.img.zip\r\n"])
def test_a_checksum_file_is_read(line: str) -> None:
    assert sidecar_digest(line, URL) == HEX


@pytest.mark.parametrize("line", ["", "<html>login</html>", HEX, f"{HEX}  chr-7.20.9.img.zip", f"{HEX[:-1]}  chr-7.20.8.img.zip"])
def test_a_checksum_file_of_something_else_is_refused(line: str) -> None:
    with pytest.raises(InputError, match=r"holds no checksum of chr-7\.20\.8\.img\.zip"):
        sidecar_digest(line, URL)


def test_channel_pointers_are_the_ones_that_still_move() -> None:
    assert pointer_url("http://u", "long-term", 7) == "http://u/NEWESTa7.long-term"
    assert pointer_url("http://u", "stable", 6) == "http://u/NEWEST6.stable"


def test_routeros_6_has_no_testing_channel() -> None:  # its pointer answers with a version 7
    with pytest.raises(InputError, match="stable or long-term"):
        parse_request({"channel": "testing", "channel_major": 6})


def test_a_channel_pointer_is_read() -> None:
    assert pointer_version("7.24.4 1789558341\n", "u", 7) == "7.24.4"


@pytest.mark.parametrize("text", ["", "\n", "<html>", "7", "6.49.22 1700000000"])
def test_a_wrong_channel_pointer_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="instead of channel"):
        pointer_version(text, "u", 7)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc",
        "ftp://host/x",
        "data:text/plain,x",
        "//host/x",
        "/srv/x",
        "http://",
        "http://h:99999999/",
        "http://[x",
        "http://h/a b",
        "http://h/é",
        "http://h/?x",
    ],
)
def test_only_http_is_a_mirror(url: str) -> None:
    with pytest.raises(InputError, match="mirror"):
        base_url("mirror", url)


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    with pytest.raises(InputError, match="netrc") as caught:
        base_url("mirror", "https://ops:hunter2hunter2@host/x")
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=300))
def test_a_cached_file_name_stays_in_its_folder_and_is_never_hidden(name: str) -> None:
    made = stem(name, HEX)
    assert made.endswith("-0123456789ab")
    assert "/" not in made and "\0" not in made and not made.startswith(".")
    assert len(made.encode()) < 200
