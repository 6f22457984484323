# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts and files in a router that all tests share, through its real guest agent."""

from __future__ import annotations

import os
from pathlib import Path

import libvirt
import pytest

from tests.module_runs import COLLECTIONS, Json, Ran
from tests.waiting import wait_until

from .support import Job, domain_xml, everything, guest, run

IDENTITY = "[/system identity get name]"
SECRET = "correct horse battery staple"


def scripts(*entries: Json, check: bool = False, **more: object) -> Ran:
    """Scripts for the shared router."""
    return run("chr_script", check=check, scripts=[{"guest": "it-router", **entry} for entry in entries], **more)


def files(*entries: Json, check: bool = False) -> Ran:
    """Files of the shared router."""
    return run("chr_file", check=check, files=[{"guest": "it-router", **entry} for entry in entries])


def says(router: str, expression: str) -> str:
    """What an expression comes to on the router."""
    ran = scripts({"source": f":put {expression}", "read_only": True}).ok()
    assert not ran.changed
    return str(ran.objects[router]["scripts"][0]["output"]).strip()


def test_scripts_run_in_their_order_and_report_what_they_did(router: str) -> None:
    ran = scripts(
        {"name": "first", "source": ':global seen "one"\n:put $seen'},
        {"name": "second", "source": "/system note set note=second"},
        {"name": "third", "source": ':put "vrouter.mikrotik: changed=false"'},
    ).ok()
    assert ran.changed
    results = ran.objects[router]["scripts"]
    assert [entry["name"] for entry in results] == ["first", "second", "third"]
    assert [entry["changed"] for entry in results] == [True, True, False]
    assert (results[0]["output_lines"], results[0]["exit_code"], results[0]["transport"]) == (["one"], 0, "guest_agent")
    assert ran.fields(router) == ["scripts.first", "scripts.second"]
    assert says(router, "[/system note get note]") == "second"


def test_check_mode_asks_the_guard_and_runs_nothing_that_changes(router: str) -> None:
    before = everything()
    name = says(router, IDENTITY)
    ran = scripts(
        {"name": "would", "source": "/system identity set name=never", "unless": f'{IDENTITY} = "never"'},
        {"name": "need not", "source": "/system identity set name=never", "unless": "1 = 1"},
        {"name": "reads", "source": f":put {IDENTITY}", "read_only": True},
        check=True,
    ).ok()
    results = ran.objects[router]["scripts"]
    assert [(entry["ran"], entry["changed"]) for entry in results] == [(False, True), (False, False), (True, False)]
    assert ran.fields(router) == ["scripts.would"]
    assert says(router, IDENTITY) == name
    assert everything() == before


def test_an_error_shows_routeros_own_text_and_line_and_ends_the_list(router: str) -> None:
    ran = scripts(
        {"name": "good", "source": ":put 1"},
        {"name": "bad", "source": ":put 1\n/ip addres add\n:put 2"},
        {"name": "after", "source": "/system identity set name=never"},
    )
    assert "script bad: RouterOS reports an error (exit code -1)" in ran.message
    assert "bad command name addres (line 2 column 5)" in ran.message
    assert [entry["name"] for entry in ran.objects[router]["scripts"]] == ["good"]
    assert says(router, IDENTITY) != "never"
    ran = scripts({"name": "own", "source": ':error "the disk is sad"'})
    assert "the disk is sad" in ran.message


def test_a_script_that_outlives_its_timeout_fails_and_is_said_to_go_on(router: str) -> None:
    ran = scripts({"name": "slow", "source": ":delay 4s\n/system note set note=late", "timeout": 1})
    assert "did not end within 1 s and may still run" in ran.message
    assert "Raise timeout" in ran.message
    wait_until(lambda: says(router, "[/system note get note]") == "late", "the router goes on")


def test_a_script_from_a_file_on_either_side(router: str, tmp_path: Path) -> None:
    source = tmp_path / "set.rsc"
    source.write_text("/system note set note=from-a-file\n")
    scripts({"src": str(source)}).ok()
    assert says(router, "[/system note get note]") == "from-a-file"
    files({"name": "note.rsc", "content": "/system note set note=imported\n"}).ok()
    scripts({"guest_file": "note.rsc"}).ok()
    assert says(router, "[/system note get note]") == "imported"
    files({"name": "broken.rsc", "content": "/system nothing\n"}).ok()
    assert "RouterOS" in scripts({"guest_file": "broken.rsc"}).message or "end is unknown" in scripts({"guest_file": "broken.rsc"}).message
    assert "/nowhere/x.rsc cannot be read" in scripts({"src": "/nowhere/x.rsc"}).message
    assert "holds a folder" in scripts({"guest_file": "a/b.rsc"}).message


def test_a_marker_that_did_not_come_back_is_no_success(router: str) -> None:
    scripts({"source": ':put "all done"', "marker": "all done"}).ok()
    assert "its end is unknown" in scripts({"source": ":put 1", "marker": "all done"}).message


def test_files_are_compared_put_read_back_and_fetched(router: str, tmp_path: Path) -> None:
    content = os.urandom(100_000)
    source, dest = tmp_path / "in.bin", tmp_path / "out.bin"
    source.write_bytes(content)
    put = {"name": "blob.bin", "src": str(source)}
    assert files(put, check=True).ok().fields(router) == ["files.blob.bin"]
    assert says(router, '[:len [/file find where name="blob.bin"]]') == "0"
    assert files(put).ok().changed
    assert not files(put).ok().changed
    fetch = {"name": "blob.bin", "dest": str(dest)}
    assert files(fetch, check=True).ok().changed
    assert not dest.exists()
    assert files(fetch).ok().changed
    assert dest.read_bytes() == content
    assert not files(fetch).ok().changed
    changed = files({"name": "blob.bin", "content": "short"}).ok()
    [diff] = changed.result["diff"]
    assert (diff["before"], diff["after"]) == ({"files": {"blob.bin": "100000 bytes"}}, {"files": {"blob.bin": "5 bytes"}})
    assert "does not exist on the router" in files({"name": "none.bin", "dest": str(dest)}).message
    assert "holds a folder" in files({"name": "../etc/passwd", "content": "x"}).message
    assert "cannot be written" in files({"name": "blob.bin", "dest": "/nowhere/out.bin"}).message


def test_guests_that_do_not_run_or_are_not_there_fail_alone(router: str, cheap: Json) -> None:
    guest(**cheap).ok()
    names = ("it-g1", "it-nowhere", router)
    ran = run("chr_script", scripts=[{"guest": name, "source": ":put 1"} for name in names])
    assert "it-g1: the guest is stopped. Start it with chr_guest first" in ran.message
    assert "it-nowhere: the guest does not exist" in ran.message
    assert not ran.objects[router]["failed"]
    unread = run("chr_license", routers=[{"name": name} for name in names])
    assert unread.objects["it-g1"]["power"] == "stopped"  # as it is now
    assert unread.objects["it-nowhere"]["failed"]
    assert unread.objects[router]["level"] == "free"
    predicted = run("chr_script", check=True, scripts=[{"guest": "it-g1", "source": ":put 1"}]).ok()
    assert predicted.objects["it-g1"]["scripts"][0]["output"] == "would run"


def test_guest_info_shows_what_the_router_says(router: str) -> None:
    there = "[:len [/ip address find where interface=ether1]] > 0"
    scripts({"source": "/ip address add address=192.0.2.77/24 interface=ether1", "unless": there}).ok()
    shown = run("chr_guest_info", names=[router]).ok().objects[router]["router"]
    assert shown["identity"] == "shared"
    assert "7.20.8" in shown["release"]
    assert shown["license_level"] == "free"
    macs = {nic["name"]: nic["mac"] for nic in shown["interfaces"]}
    stored = domain_xml(router, libvirt.VIR_DOMAIN_XML_INACTIVE).findall("devices/interface/mac")
    assert [macs["ether1"], macs["ether2"]] == [mac.get("address") for mac in stored]
    assert any("192.0.2.77/24" in nic["addresses"] for nic in shown["interfaces"])


def _command_lines() -> str:
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended meanwhile
    return "\n".join(lines)


@pytest.mark.parametrize("ends", ["well", "badly"])
def test_a_secret_is_in_no_result_process_list_or_file(router: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    last = "" if ends == "well" else f':error "no {SECRET} here"'
    source = f':global password "{SECRET}"\n:put $password\n:delay 1s\n/system note set note="{SECRET}"\n{last}'
    progress = tmp_path / "progress"
    job = Job("chr_script", scripts=[{"guest": router, "source": source, "secrets": [SECRET]}], progress_file=str(progress))
    wait_until(lambda: progress.exists() and "running" in progress.read_text(), "the script runs")
    assert SECRET not in _command_lines()
    ran = job.end()
    assert ran.failed is (ends == "badly")
    assert SECRET not in ran.text
    assert "********" in ran.text
    for folder in (tmp_path, Path.home() / ".ansible", COLLECTIONS, Path("/var/log/libvirt")):
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                assert SECRET.encode() not in path.read_bytes(), path
