# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module itself, as Ansible runs it: a process with its arguments on standard input."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.images.conftest import VERSION, Result, finish
from tests.unit.images.mirror import Mirror
from tests.waiting import wait_until

Start = Callable[..., subprocess.Popen[str]]
Module = Callable[..., Result]


def test_a_batch_shares_an_image_and_one_bad_router_fails_alone(module: Module, mirror: Mirror, tmp_path: Path) -> None:
    routers = [{"name": f"r{number}", "version": VERSION} for number in range(100)]
    progress = tmp_path / "progress"
    result = module(images=[*routers, {"name": "bad", "version": 7.2}], progress_file=str(progress))
    assert result["failed"] is True and result["changed"] is False
    assert result["msg"].startswith("1 of 101 failed: bad: version: 7.2 is a number")
    assert {entry["path"] for name, entry in result["images"].items() if name != "bad"} == {result["images"]["r0"]["path"]}
    assert len(mirror.requests) == 2  # the checksum and the image
    assert f"r0\tdownloading chr-{VERSION}.img.zip, 100 %\n" in progress.read_text()
    assert "images" not in result.get("invocation", {}).get("module_args", {})  # newer ansible-core has no invocation here


def test_a_channel_of_many_routers_is_one_change(module: Module, mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/channels/NEWESTa7.stable"] = f"{VERSION} 1\n".encode()
    images = [{"name": name, "channel": "stable"} for name in ("a", "b")] + [{"name": "c", "channel": "stable", "format": "qcow2"}]
    lock = str(tmp_path / "lock.json")
    predicted = module(images=images, lock_file=lock, _ansible_check_mode=True)
    done = module(images=images, lock_file=lock)
    for result in (predicted, done):
        assert [entry["changed"] for entry in result["images"].values()] == [True, False, False]
        assert [diff["after"] for diff in result["diff"]] == [{"lock": {"7-stable": VERSION}}]
    assert module(images=images, lock_file=lock)["changed"] is False


def test_an_odd_mirror_and_its_password_are_refused(module: Module) -> None:
    images = [{"name": "r1", "version": VERSION}]
    assert "mirror: file:///srv is no usable URL" in module(images=images, mirror="file:///srv")["msg"]
    assert "hunter2hunter2" not in str(module(images=images, mirror="http://ops:hunter2hunter2@127.0.0.1/"))


def test_what_a_killed_run_left_is_not_used_and_goes(start: Start, module: Module, mirror: Mirror, disk: bytes, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    mirror.gate.clear()
    process = start(images=[{"name": "r1", "version": VERSION}])
    wait_until(lambda: any(path.stat().st_size for path in cache.glob(".part-*")), "the download begins")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(cache.glob(".part-*"))
    mirror.gate.set()
    result = module(images=[{"name": "r1", "version": VERSION}])
    assert Path(result["images"]["r1"]["path"]).read_bytes() == disk
    assert mirror.zip_ranges() == [None, None]
    assert sorted(path.suffix for path in cache.iterdir() if path.name != ".lock") == [".img", ".json"]


def test_leftovers_go_though_all_is_cached(module: Module, tmp_path: Path) -> None:
    module(images=[{"name": "r1", "version": VERSION}])
    left = tmp_path / "cache" / ".part-0123456789abcdef"
    left.write_bytes(b"half")
    module(images=[{"name": "r1", "version": VERSION}], _ansible_check_mode=True)
    assert left.exists()
    module(images=[{"name": "r1", "version": VERSION}])
    assert not left.exists()


def test_two_runs_at_once_download_once_and_both_succeed(start: Start, mirror: Mirror, tmp_path: Path) -> None:
    mirror.gate.clear()
    progress = tmp_path / "progress"
    first = start(images=[{"name": "r1", "version": VERSION}])
    mirror.sent_half.wait()
    second = start(images=[{"name": "r2", "version": VERSION}], progress_file=str(progress))
    wait_until(lambda: progress.exists() and "waits for another run" in progress.read_text(), "the second run waits for the first")
    mirror.gate.set()
    one, two = finish(first)["images"]["r1"], finish(second)["images"]["r2"]
    assert one["path"] == two["path"] and not one["failed"] and not two["failed"]
    assert mirror.zip_ranges() == [None]


def test_the_cache_is_the_users_own_unless_one_is_named(module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = module(images=[{"name": "r1", "version": VERSION}], cache_dir=None)["images"]["r1"]["path"]
    assert Path(path).parent == tmp_path / "vrouter-mikrotik" / "images"
