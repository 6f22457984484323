# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads from a mirror: what is checked, what breaks, what goes on."""

from __future__ import annotations

import base64
import hashlib
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.images.conftest import VERSION, Result
from tests.unit.images.mirror import Mirror, zipped

Ask = Callable[..., Result]
ZIP = f"/{VERSION}/chr-{VERSION}.img.zip"


def kept(folder: Path) -> list[str]:
    """What stands in a cache, apart from its lock."""
    return sorted(path.name for path in folder.glob("*") if path.name != ".lock")


def test_a_version_is_downloaded_unpacked_and_named_by_its_content(ask: Ask, mirror: Mirror, disk: bytes, tmp_path: Path) -> None:
    result = ask(version=VERSION)
    archive = hashlib.sha256(mirror.files[ZIP]).hexdigest()
    path = Path(result["path"])
    assert path == tmp_path / "cache" / f"chr-{VERSION}-{archive[:12]}.img"
    assert path.read_bytes() == disk
    assert (result["version"], result["format"], result["sha256"]) == (VERSION, "raw", hashlib.sha256(disk).hexdigest())
    assert result["changed"] is False
    assert "planned" not in result and "channel" not in result


def test_a_second_run_asks_nobody(ask: Ask, mirror: Mirror) -> None:
    first = ask(version=VERSION)
    mirror.requests.clear()
    assert ask(version=VERSION) == first
    assert mirror.requests == []


def test_a_damaged_cached_image_is_not_used(ask: Ask, disk: bytes) -> None:
    path = Path(ask(version=VERSION)["path"])
    path.write_bytes(disk[:-1] + bytes([disk[-1] ^ 1]))
    assert Path(ask(version=VERSION)["path"]).read_bytes() == disk


def test_another_mirror_does_not_get_the_image_of_the_first(ask: Ask, mirror: Mirror, disk: bytes) -> None:
    other = disk[:-1] + bytes([disk[-1] ^ 1])
    archive = zipped({"chr.img": other})
    mirror.files[f"/lab{ZIP}"] = archive
    mirror.files[f"/lab{ZIP}.sha256"] = f"{hashlib.sha256(archive).hexdigest()}  chr-{VERSION}.img.zip".encode()
    assert Path(ask(version=VERSION)["path"]).read_bytes() == disk
    assert Path(ask(version=VERSION, base=f"{mirror.url}/lab")["path"]).read_bytes() == other


def test_a_file_that_is_not_the_vendors_is_not_kept(ask: Ask, mirror: Mirror, tmp_path: Path) -> None:
    mirror.files[ZIP] = zipped({"chr.img": b"other" * 1000})
    result = ask(version=VERSION)
    assert "is not what its checksum file says" in result["msg"] and ZIP in result["msg"]
    assert kept(tmp_path / "cache") == []


@pytest.mark.parametrize("of", ["zip", "image"])
def test_the_users_checksum_is_that_of_the_zip_or_of_the_image(ask: Ask, mirror: Mirror, disk: bytes, of: str) -> None:
    digest = hashlib.sha256(mirror.files[ZIP] if of == "zip" else disk).hexdigest()
    assert not ask(version=VERSION, checksum=f"sha256:{digest}")["failed"]
    assert not ask(version=VERSION, checksum=f"sha256:{digest}")["failed"]  # from the cache


def test_the_users_checksum_is_checked_on_download_and_on_a_cached_file(ask: Ask) -> None:
    for dummy in range(2):
        result = ask(version=VERSION, checksum="sha256:" + "0" * 64)
        assert "checksum:" in result["msg"] and "0" * 64 in result["msg"]


def test_a_mirror_without_checksum_files_needs_the_users(ask: Ask, mirror: Mirror, disk: bytes, tmp_path: Path) -> None:
    del mirror.files[ZIP + ".sha256"]
    assert "else give checksum" in ask(version=VERSION)["msg"]
    assert "checksum:" in ask(version=VERSION, checksum="sha256:" + "0" * 64)["msg"]
    assert kept(tmp_path / "cache") == []
    digest = f"sha256:{hashlib.sha256(disk).hexdigest()}"
    planned = ask(check=True, version=VERSION, checksum=digest)["path"]
    result = ask(version=VERSION, checksum=digest)
    assert result["path"] == planned and Path(planned).read_bytes() == disk


def test_a_version_that_does_not_exist_is_named(ask: Ask, mirror: Mirror) -> None:
    assert f"{mirror.url}/7.99/chr-7.99.img.zip.sha256 does not exist" in ask(version="7.99")["msg"]


def test_a_dropped_download_goes_on_where_it_ended(ask: Ask, mirror: Mirror, disk: bytes) -> None:
    mirror.cuts = [300_000, 200_000]
    assert Path(ask(version=VERSION)["path"]).read_bytes() == disk
    assert mirror.zip_ranges() == [None, "bytes=300000-", "bytes=500000-"]


def test_a_server_without_ranges_sends_all_again(ask: Ask, mirror: Mirror, disk: bytes) -> None:
    mirror.cuts, mirror.ranges = [300_000], False
    assert Path(ask(version=VERSION)["path"]).read_bytes() == disk
    assert mirror.zip_ranges() == [None, "bytes=300000-"]


def test_a_server_that_cannot_go_on_is_asked_for_all(ask: Ask, mirror: Mirror, disk: bytes) -> None:
    mirror.cuts = [300_000]
    mirror.on_range = lambda: mirror.statuses.setdefault(ZIP, [416])
    assert Path(ask(version=VERSION)["path"]).read_bytes() == disk
    assert mirror.zip_ranges() == [None, "bytes=300000-", None]


def test_a_server_that_falls_silent_is_asked_to_go_on(ask: Ask, mirror: Mirror, disk: bytes) -> None:
    mirror.gate.clear()
    mirror.on_range = mirror.gate.set
    assert Path(ask(version=VERSION, timeout=1)["path"]).read_bytes() == disk
    assert len(mirror.zip_ranges()) == 2


def test_half_a_channel_pointer_is_not_believed(ask: Ask, mirror: Mirror, tmp_path: Path) -> None:
    mirror.files["/channels/NEWESTa7.stable"] = f"{VERSION} 1789558341".encode()
    mirror.text_cuts = [3]  # "7.2"
    assert ask(channel="stable", lock_file=tmp_path / "lock.json")["version"] == VERSION


def test_a_password_in_netrc_is_used(ask: Ask, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ops password mirror-word")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    ask(version=VERSION)
    assert mirror.credentials == {"Basic " + base64.b64encode(b"ops:mirror-word").decode()}


def test_a_busy_server_is_asked_again(ask: Ask, mirror: Mirror) -> None:
    mirror.statuses = {ZIP: [503, 429], ZIP + ".sha256": [502]}
    assert not ask(version=VERSION)["failed"]


def test_a_download_that_never_holds_ends_with_its_url_and_leaves_nothing(ask: Ask, mirror: Mirror, tmp_path: Path) -> None:
    mirror.cuts = [1000] * 100
    result = ask(version=VERSION)
    assert f"{mirror.url}{ZIP} could not be downloaded in 6 attempts" in result["msg"]
    assert "the connection ended after 6000 of" in result["msg"]
    assert kept(tmp_path / "cache") == []


def test_offline_and_not_cached_names_the_url_and_the_way_round(ask: Ask) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    message = ask(version=VERSION, base=f"http://127.0.0.1:{port}")["msg"]
    assert f"http://127.0.0.1:{port}{ZIP}.sha256 cannot be reached" in message
    assert "give its path" in message and "mirror" in message


def test_a_name_that_does_not_resolve_is_unreachable(ask: Ask) -> None:
    assert "http://nowhere.invalid" in ask(version=VERSION, base="http://nowhere.invalid")["msg"]


def test_check_mode_writes_and_downloads_nothing_and_predicts_the_path(ask: Ask, mirror: Mirror, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    predicted = ask(check=True, version=VERSION)
    assert predicted["planned"] is True and predicted["changed"] is False and "sha256" not in predicted
    assert sorted(tmp_path.rglob("*")) == before
    assert mirror.zip_ranges() == []
    assert ask(version=VERSION)["path"] == predicted["path"]
    assert "planned" not in ask(check=True, version=VERSION)


def test_check_mode_finds_out_that_a_version_does_not_exist(ask: Ask) -> None:
    assert "7.99" in ask(check=True, version="7.99")["msg"]


def test_check_mode_predicts_the_path_of_another_format_without_network_when_the_image_is_cached(ask: Ask, mirror: Mirror) -> None:
    ask(version=VERSION)
    mirror.requests.clear()
    predicted = ask(check=True, version=VERSION, format="qcow2")
    assert predicted["planned"] is True
    assert ask(version=VERSION, format="qcow2")["path"] == predicted["path"]
    assert mirror.requests == []


def test_a_cache_that_cannot_be_written_is_named(ask: Ask, public_folder: Path, as_user: Callable[[], None]) -> None:
    as_user()
    message = ask(version=VERSION, cache=public_folder / "cache")["msg"]
    assert f"cache_dir: {public_folder / 'cache'} cannot be used (found: Permission denied)" in message


def test_a_copied_cache_needs_no_network(ask: Ask, mirror: Mirror, tmp_path: Path) -> None:
    ask(version=VERSION)
    shutil.move(tmp_path / "cache", tmp_path / "moved")
    mirror.requests.clear()
    assert Path(ask(version=VERSION, cache=tmp_path / "moved")["path"]).parent == tmp_path / "moved"
    assert mirror.requests == []


def test_a_full_read_only_cache_serves_everybody(ask: Ask, public_folder: Path, as_user: Callable[[], None]) -> None:
    path = Path(ask(version=VERSION, cache=public_folder)["path"])
    (public_folder / ".part-left").write_bytes(b"x")
    for file in (path, *public_folder.glob("*.json")):
        file.chmod(0o444)
    as_user()
    assert ask(version=VERSION, cache=public_folder)["path"] == str(path)
