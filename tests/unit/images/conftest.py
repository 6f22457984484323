# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror with one version, and a way to ask for images as the module does."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.batch import Outcome, parse_batch, summary
from ansible_collections.vrouter.mikrotik.plugins.module_utils._images.cache import Cache
from ansible_collections.vrouter.mikrotik.plugins.module_utils._images.channel_lock import VersionLock
from ansible_collections.vrouter.mikrotik.plugins.module_utils._images.download import Http
from ansible_collections.vrouter.mikrotik.plugins.module_utils._images.source import parse_request
from ansible_collections.vrouter.mikrotik.plugins.module_utils._images.store import Store, provide_all

from tests.unit.images.mirror import Mirror, running, zipped

Result = dict[str, t.Any]
VERSION = "7.20.8"
MODULE = "ansible_collections.vrouter.mikrotik.plugins.modules.chr_image"


@pytest.fixture(scope="session")
def disk() -> bytes:
    """A raw disk: a boot sector and content that does not compress."""
    return bytes(510) + b"\x55\xaa" + random.Random(1).randbytes((1 << 20) - 512)


@pytest.fixture
def mirror(disk: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("AWX_PRIVATE_DATA_DIR", raising=False)
    with running() as server:
        server.add(VERSION, zipped({f"chr-{VERSION}.img": disk}))
        yield server


@pytest.fixture
def ask(mirror: Mirror, tmp_path: Path) -> Callable[..., Result]:
    """Ask for one image, for router r1, in this process; its entry in the module's result."""

    def call(
        check: bool = False,
        cache: Path | None = None,
        lock_file: Path | None = None,
        base: str = mirror.url,
        timeout: int = 10,
        **entry: t.Any,
    ) -> Result:
        requests, errors = parse_batch("images", [{"name": "r1", **entry}], parse_request)
        lock = VersionLock(str(lock_file) if lock_file else None, os.environ)
        store = Store(Cache(cache or tmp_path / "cache"), Http(timeout, pause=0), lock, base, f"{mirror.url}/channels", check)
        outcomes = provide_all(requests, store, lambda name, what: None)
        outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
        result = summary(outcomes, {}, "images")["images"]["r1"]
        assert "\n" not in result.get("msg", "")
        return t.cast(Result, result)

    return call


@pytest.fixture
def start(mirror: Mirror, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start the module itself, in a process of its own."""

    def popen(**arguments: t.Any) -> subprocess.Popen[str]:
        given = {"mirror": mirror.url, "channel_url": f"{mirror.url}/channels", "cache_dir": str(tmp_path / "cache"), **arguments}
        command = [sys.executable, "-m", MODULE]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
        process.stdin.close()
        process.stdin = None
        return process

    return popen


@pytest.fixture
def module(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., Result]:
    """Run the module itself to its end; what it printed."""

    def run(**arguments: t.Any) -> Result:
        return finish(start(**arguments))

    return run


def finish(process: subprocess.Popen[str]) -> Result:
    output, errors = process.communicate()
    assert output, errors
    return t.cast(Result, json.loads(output))


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users can enter; pytest's own are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def as_user() -> Iterator[Callable[[], None]]:
    """Become an ordinary user for the rest of the test."""
    was_root = os.getuid() == 0

    def become() -> None:
        if was_root:
            os.setresuid(65534, 65534, 0)

    yield become
    if was_root:
        os.setresuid(0, 0, 0)
