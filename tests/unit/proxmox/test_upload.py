# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: what an upload refuses, what it stores, and what a disk may be imported from."""

from __future__ import annotations

import typing as t

import pytest

from .clients import IMAGE, Client, Refused, sha256
from .conftest import Start

UPLOAD = "nodes/pve1/storage/local/upload"


def size(client: Client) -> int:
    [volume] = client.call("get", "nodes/pve1/storage/local/content", content="import")
    return int(volume["size"])


def form(*fields: tuple[str, t.Any]) -> list[tuple[str, t.Any]]:
    """A form whose fields keep their order, the file among them."""
    return [(name, value if isinstance(value, tuple) else (None, value)) for name, value in fields]


CONTENT, FILE = ("content", "import"), ("filename", ("chr.raw", IMAGE))
ALGORITHM, CHECKSUM = ("checksum-algorithm", "sha256"), ("checksum", sha256(IMAGE))


@pytest.mark.parametrize("name", ["chr.img", "chr.RAW", "chr", "chr.raw.zip"])
def test_an_image_has_one_of_four_extensions(client: Client, name: str) -> None:
    with pytest.raises(Refused) as refused:
        client.upload(name=name)
    assert (refused.value.status, refused.value.errors) == (400, {"filename": "invalid filename or wrong extension"})


def test_the_name_is_made_safe(client: Client) -> None:
    client.done(client.upload(name="my chr(1).raw"))
    [volume] = client.call("get", "nodes/pve1/storage/local/content", content="import")
    assert volume["volid"] == "local:import/my_chr_1_.raw"


def test_a_storage_without_the_type_refuses(client: Client) -> None:
    client.pve.storages["local"]["content"] = "iso,images"
    with pytest.raises(Refused, match="500 storage 'local' does not support 'import' content"):
        client.upload()


def test_another_sum_is_an_error_of_the_task_and_nothing_is_stored(client: Client) -> None:
    wrong = "0" * 64
    ended = client.ended(client.upload(checksum_algorithm="sha256", checksum=wrong))
    assert ended == f"checksum mismatch: got '{sha256(IMAGE)}' != expect '{wrong}'"
    assert client.call("get", "nodes/pve1/storage/local/content", content="import") == []


def test_a_sum_needs_its_algorithm(client: Client) -> None:
    answer = client.raw("POST", UPLOAD, files=form(CONTENT, CHECKSUM, ALGORITHM, FILE))
    assert (answer.status_code, answer.reason, answer.text) == (400, "Bad Request", "")


def test_a_file_before_its_content_is_refused(client: Client) -> None:
    answer = client.raw("POST", UPLOAD, files=form(FILE, CONTENT))
    assert (answer.status_code, answer.json()["errors"]) == (400, {"content": "property is missing and it is not optional"})


def test_fields_after_the_file_make_it_longer_silently(client: Client) -> None:
    answer = client.raw("POST", UPLOAD, files=form(CONTENT, FILE, ALGORITHM, CHECKSUM))
    client.done(answer.json()["data"])
    assert size(client) > len(IMAGE)


def test_the_order_that_works_stores_the_image_as_it_is(client: Client) -> None:
    answer = client.raw("POST", UPLOAD, files=form(CONTENT, ALGORITHM, CHECKSUM, FILE))
    client.done(answer.json()["data"])
    assert size(client) == len(IMAGE)


def test_the_task_is_at_the_node_that_took_the_request(client: Client) -> None:
    client.pve.add_node("pve0")
    upid = client.upload()
    assert upid.split(":")[1] == "pve0"
    client.done(upid)


def test_an_upload_needs_its_right(operator: Client) -> None:
    with pytest.raises(Refused, match=r"403 Permission check failed \(/storage/local, Datastore.AllocateTemplate\)"):
        operator.upload()
    operator.pve.grant("operator@pve", "/storage/local", "Datastore.AllocateTemplate")
    assert operator.upload()


@pytest.mark.parametrize("drive", ["local-lvm:1,import-from=local:import/chr.raw", "local-lvm:vm-9-disk-0,import-from=local:import/chr.raw"])
def test_an_import_asks_for_size_0(client: Client, drive: str) -> None:
    client.pve.storages["local-lvm"]["volumes"] = {"vm-9-disk-0": {"content": "images", "format": "raw", "size": 1 << 20, "vmid": 9}}
    client.upload()
    with pytest.raises(Refused) as refused:
        client.create(virtio0=drive)
    assert refused.value.errors == {"virtio0": "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>"}


def test_an_iso_is_no_source(client: Client) -> None:
    client.done(client.upload(name="chr.img", content="iso"))
    with pytest.raises(Refused) as refused:
        client.create(virtio0="local-lvm:0,import-from=local:iso/chr.img")
    assert refused.value.errors == {"virtio0": "local:iso/chr.img has wrong type 'iso' - needs to be 'images' or 'import'"}


def test_a_missing_source_is_an_error_of_the_task_and_leaves_nothing(client: Client) -> None:
    assert "failed to stat '/var/lib/vz/import/chr.raw'" in client.ended(client.create())
    assert client.call("get", "nodes/pve1/qemu") == []


def test_a_path_is_for_the_password_of_root_alone(client: Client, password: Client) -> None:
    client.pve.host_files["/root/chr.raw"] = IMAGE
    drive = "local-lvm:0,import-from=/root/chr.raw"
    with pytest.raises(Refused, match=r"500 Only root can pass arbitrary filesystem paths"):
        client.create(virtio0=drive)
    password.done(password.create(virtio0=drive))


def test_the_disk_of_another_guest_needs_the_right_to_clone_it(operator: Client, password: Client) -> None:
    password.upload()
    password.create(vmid=101)
    pve = operator.pve
    rights = [f"VM.Config.{part}" for part in ("Disk", "Network", "Options")]
    pve.grant("operator@pve", "/vms/100", "VM.Allocate", *rights)
    pve.grant("operator@pve", "/storage/local-lvm", "Datastore.AllocateSpace", "Datastore.Audit")
    pve.grant("operator@pve", "/sdn/zones/localnetwork/vmbr0", "SDN.Use")
    drive = "local-lvm:0,import-from=local-lvm:vm-101-disk-0"
    with pytest.raises(Refused, match=r"403 Permission check failed \(/vms/101, VM.Clone\)"):
        operator.create(virtio0=drive)
    pve.grant("operator@pve", "/vms/101", "VM.Clone")
    operator.done(operator.create(virtio0=drive))


@pytest.mark.parametrize(("wanted", "ended"), [("2G", "OK"), ("1G", "OK"), ("+1G", "OK"), ("512M", "shrinking disks is not supported")])
def test_a_disk_only_grows(client: Client, wanted: str, ended: str) -> None:
    client.create(virtio0="local-lvm:1")
    assert client.ended(client.vm("put", "resize", disk="virtio0", size=wanted)) == ended
    [volume] = client.call("get", "nodes/pve1/storage/local-lvm/content")
    assert volume["size"] == {"2G": 2, "+1G": 2}.get(wanted, 1) << 30


def test_a_disk_that_is_locked_or_missing_is_an_error_of_the_task(client: Client) -> None:
    client.create(virtio0="local-lvm:1")
    assert client.ended(client.vm("put", "resize", disk="virtio9", size="2G")) == "disk 'virtio9' does not exist"
    client.pve.snapshot_lock(100, "backup")
    assert client.ended(client.vm("put", "resize", disk="virtio0", size="2G")) == "VM is locked (backup)"


def test_on_7_4_shrinking_is_an_answer(start: Start) -> None:
    client = start("7.4")
    client.create(virtio0="local-lvm:1")
    with pytest.raises(Refused, match="500 shrinking disks is not supported"):
        client.vm("put", "resize", disk="virtio0", size="1M")


def test_an_image_is_removed_by_its_volume_and_one_that_is_not_there_too(client: Client) -> None:
    client.upload()
    path = "nodes/pve1/storage/local/content/local:import/chr.raw"
    for dummy in range(2):
        client.done(client.call("delete", path))
    assert client.call("get", "nodes/pve1/storage/local/content", content="import") == []
