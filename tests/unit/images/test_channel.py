# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels: resolved once, into a lock file that is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.images.conftest import VERSION, Result
from tests.unit.images.mirror import Mirror

Ask = Callable[..., Result]
POINTER = "/channels/NEWESTa7.stable"


@pytest.fixture
def lock(mirror: Mirror, tmp_path: Path) -> Path:
    mirror.files[POINTER] = f"{VERSION} 1789558341\n".encode()
    return tmp_path / "chr-versions.json"


def test_a_channel_is_resolved_once_and_never_again(ask: Ask, mirror: Mirror, lock: Path) -> None:
    first = ask(channel="stable", lock_file=lock)
    assert (first["version"], first["channel"], first["changed"]) == (VERSION, "stable", True)
    assert first["changes"] == [{"field": "lock.7-stable", "before": None, "after": VERSION, "effect": "live"}]
    assert json.loads(lock.read_text()) == {"7-stable": VERSION}
    mirror.files[POINTER] = b"7.99 1799999999"
    mirror.requests.clear()
    second = ask(channel="stable", lock_file=lock)
    assert (second["version"], second["path"], second["changed"]) == (VERSION, first["path"], False)
    assert mirror.requests == []


def test_check_mode_asks_and_predicts_but_does_not_write(ask: Ask, mirror: Mirror, lock: Path, tmp_path: Path) -> None:
    predicted = ask(check=True, channel="stable", lock_file=lock)
    assert list(tmp_path.iterdir()) == []
    done = ask(channel="stable", lock_file=lock)
    for key in ("path", "version", "changed", "changes", "diff"):
        assert predicted[key] == done[key]


def test_other_channels_in_the_lock_file_stay(ask: Ask, lock: Path) -> None:
    lock.write_text('{"6-stable": "6.49.18"}')
    ask(channel="stable", lock_file=lock)
    assert json.loads(lock.read_text()) == {"6-stable": "6.49.18", "7-stable": VERSION}


def test_without_a_lock_file_a_channel_is_refused(ask: Ask, mirror: Mirror, lock: Path) -> None:
    for check in (True, False):
        message = ask(check=check, channel="stable")["msg"]
        assert "no lock_file to keep its version in" in message and "Give version instead of channel" in message
    assert mirror.requests == []


def test_a_lock_file_in_an_awx_project_is_refused_unless_it_knows_the_channel(
    ask: Ask, mirror: Mirror, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWX_PRIVATE_DATA_DIR", str(lock.parent))
    message = ask(channel="stable", lock_file=lock)["msg"]
    assert "vanishes with this AWX job" in message and "Give version" in message
    assert mirror.requests == []
    lock.write_text(json.dumps({"7-stable": VERSION}))
    assert ask(channel="stable", lock_file=lock)["version"] == VERSION


def test_a_lock_file_that_cannot_be_written_is_refused_before_anybody_is_asked(
    ask: Ask, mirror: Mirror, lock: Path, public_folder: Path, as_user: Callable[[], None]
) -> None:
    as_user()
    for check in (True, False):
        message = ask(check=check, channel="stable", lock_file=public_folder / "lock.json")["msg"]
        assert "cannot be written" in message and "Give version" in message
    assert mirror.requests == []


def test_a_folder_that_does_not_exist_is_not_made_for_a_lock_file(ask: Ask, lock: Path) -> None:
    assert "cannot be written" in ask(channel="stable", lock_file=lock.parent / "typo" / "lock.json")["msg"]


@pytest.mark.parametrize("text", ["{", "[]", '{"7-stable": 7.2}', '{"7-stable": "newest"}', '{"7-stable": "6.49.18"}'])
def test_a_broken_lock_file_is_an_error_and_stays_as_it_is(ask: Ask, lock: Path, text: str) -> None:
    lock.write_text(text)
    assert ask(channel="stable", lock_file=lock)["failed"]
    assert lock.read_text() == text


def test_the_lock_is_kept_and_told_though_the_download_fails(ask: Ask, mirror: Mirror, lock: Path) -> None:
    mirror.files[POINTER] = b"7.21 1799999999"
    result = ask(channel="stable", lock_file=lock)
    assert result["failed"] and result["changed"]
    assert json.loads(lock.read_text()) == {"7-stable": "7.21"}


def test_a_linked_lock_file_stays_a_link(ask: Ask, lock: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(lock)
    ask(channel="stable", lock_file=link)
    assert link.is_symlink() and json.loads(lock.read_text()) == {"7-stable": VERSION}


def test_what_a_killed_run_left_beside_the_lock_file_goes(ask: Ask, lock: Path) -> None:
    left = lock.with_name(f".{lock.name}.0123456789abcdef")
    left.write_text("{")
    ask(channel="stable", lock_file=lock)
    assert not left.exists()


def test_a_pointer_to_another_major_version_is_not_believed(ask: Ask, mirror: Mirror, lock: Path) -> None:
    mirror.files["/channels/NEWEST6.stable"] = b"7.12.1 1700000000"
    assert "names another major version" in ask(channel="stable", channel_major=6, lock_file=lock)["msg"]
    assert not lock.exists()
