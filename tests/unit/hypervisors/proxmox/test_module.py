# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them, against the double: environment, bad arguments, diff, and no secret anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.module_runs import MODULES, ModuleRun, Ran
from tests.simulators.proxmox.asked import writes
from tests.simulators.proxmox.serving import ChrPve

from .support import TOKEN, Options, guest, image

WITHOUT_LIBRARY = f"import sys; sys.modules['requests_toolbelt'] = None; import runpy; runpy.run_module('{MODULES}.chr_guest', run_name='__main__')"


@pytest.fixture
def given(options: Options) -> Options:
    """The connection as a user writes it."""
    return {key: value for key, value in options.items() if value is not None}


@pytest.fixture
def wanted(tmp_path: Path) -> Options:
    return guest("edge1", image(tmp_path / "chr-7.20.8.img"), state="started")


def run(module: str, connection: Options, *, check: bool = False, **more: object) -> Ran:
    ran = ModuleRun(module, {"proxmox": connection, **more}, check).end()
    assert TOKEN["token_secret"] not in ran.text
    return ran


def test_a_bare_connection_takes_everything_from_the_environment(
    pve: ChrPve, files: tuple[str, str], wanted: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {
        "PROXMOX_HOST": f"127.0.0.1:9,{pve.host}",
        "PROXMOX_PORT": str(pve.port),
        "PROXMOX_USER": "root@pam",
        "PROXMOX_TOKEN_ID": "tests",
        "PROXMOX_TOKEN_SECRET": TOKEN["token_secret"],
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    trusted = {"ca_path": files[0]}
    assert run("chr_guest", trusted, guests=[wanted]).ok().changed
    assert "certificate verify failed" in run("chr_guest_info", {}, names=["edge1"]).message
    monkeypatch.delenv("PROXMOX_TOKEN_ID")
    monkeypatch.setenv("PROXMOX_PASSWORD", "secret")
    assert run("chr_guest_info", trusted, names=["edge1"]).ok().objects["edge1"]["power"] == "running"


def test_from_predicted_to_removed(pve: ChrPve, given: Options, wanted: Options) -> None:
    predicted = run("chr_guest", given, check=True, guests=[wanted]).ok()
    assert predicted.changed and writes(pve.asked) == [] and pve.vms == []
    made = run("chr_guest", given, guests=[wanted]).ok()
    assert made.fields("edge1") == predicted.fields("edge1")
    assert made.objects["edge1"]["diff"]["after"]["interfaces"]["ether2"]["network"] == "lan"
    assert made.objects["edge1"]["interfaces"][1]["network"] == "lan", "mapped back to the segment"
    assert not run("chr_guest", given, guests=[wanted]).ok().changed
    changed = run("chr_guest", given, guests=[{**wanted, "description": "new"}]).ok()
    assert changed.objects["edge1"]["diff"] == {
        "before": {"description": ""},
        "after": {"description": "new"},
        "before_header": "edge1",
        "after_header": "edge1",
    }
    assert "would remove guest" in run("chr_guest", given, guests=[{"name": "edge1", "state": "absent"}]).message
    assert run("chr_guest", given, guests=[{"name": "edge1", "state": "absent", "confirm": "edge1", "force_off": True}]).ok().changed
    assert pve.vms == []


def test_info_without_names_shows_ours_alone(pve: ChrPve, given: Options, wanted: Options) -> None:
    pve.add_vm(900, "theirs", node="pve1", status="running")
    run("chr_guest", given, guests=[wanted]).ok()
    assert list(run("chr_guest_info", given).ok().objects) == ["edge1"]


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ({"hosts": ["pve1"], "user": "root@pam"}, "nothing to log in with"),
        ({"hosts": [], "user": "root@pam", "password": "x"}, "no host is named"),
        ({"hosts": ["pve1"], "token_id": "a@pve!b", "token_secret": "x", "timeout": 0}, "timeout: 0 is below 1 second"),
        ({"hosts": ["pve1"], "token_id": "a@pve!b", "token_secret": "x", "fingerprint": "12:34"}, "no SHA-256"),
    ],
)
def test_a_bad_connection_is_named(connection: Options, said: str) -> None:
    assert said in run("chr_guest_info", connection, names=["edge1"]).message


def test_another_hypervisors_words_are_refused(given: Options, wanted: Options) -> None:
    assert "libvirt: this guest's hypervisor is proxmox" in run("chr_guest", given, guests=[{**wanted, "libvirt": {"pool": "x"}}]).message


def test_a_library_that_is_missing_is_one_line(given: Options, wanted: Options) -> None:
    ran = ModuleRun("chr_guest", {"proxmox": given, "guests": [wanted]}, way=["-c", WITHOUT_LIBRARY]).end()
    assert "requests_toolbelt is missing" in ran.message and "pip install proxmoxer requests requests-toolbelt" in ran.message
