# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and a host that says no: one line that says what to do, nothing touched, nothing of the user's lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.module_runs import Json

from . import sectors
from .conftest import MEMORY, options
from .support import Job, domain_names, everything, guest, host, run, volumes

FOREIGN = """
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>{devices}</devices>
</domain>"""


def foreign(name: str, devices: str = "") -> None:
    """A guest that somebody else made."""
    with host() as connection:
        connection.defineXML(FOREIGN.format(name=name, devices=devices))


def nics(**values: object) -> list[Json]:
    """One interface with these settings."""
    return [{"name": "ether1", "network": "it-wan", **values}]


BAD: dict[str, tuple[Json, str]] = {
    "nic model": ({"interfaces": nics(model="rtl8139")}, "no driver for rtl8139, only for virtio, e1000, vmxnet3"),
    "little memory": ({"memory": 128}, "128 MiB is below 264 MiB"),
    "large disk": ({"version": "6.49.10", "disk_size": 20480}, "above 16384 MiB (16 GB)"),
    "no such network": ({"interfaces": nics(network="it-nowhere")}, "network it-nowhere does not exist on this host"),
    "markup": ({"name": "a<b/>"}, "cannot be the name of a new guest"),
    "shell": ({"name": "$(reboot)"}, "cannot be the name of a new guest"),
    "routeros": ({"name": 'a";/system reset'}, "cannot be the name of a new guest"),
    "path": ({"name": "../../etc"}, "cannot be the name of a new guest"),
    "network markup": ({"interfaces": nics(network="x' y='z")}, "network x' y='z does not exist on this host"),
    "network without a name": ({"interfaces": nics(network=" ")}, "interfaces.network: ' ' is no name"),
    "numeric mac": ({"interfaces": nics(mac=56299430034)}, "quote it"),
    "no mac": ({"interfaces": nics(mac="52:54:00:12:34")}, "no MAC address"),
    "multicast mac": ({"interfaces": nics(mac="53:54:00:12:34:56")}, "multicast"),
    "twice the same mac": (
        {"interfaces": [{"name": f"ether{n}", "network": "it-wan", "mac": "52:54:00:12:34:56"} for n in (1, 2)]},
        "52:54:00:12:34:56 is given twice",
    ),
    "gap": ({"interfaces": [{"name": "ether2", "network": "it-wan"}]}, "cannot have gaps"),
    "slot": ({"interfaces": [{"name": "eth0", "network": "it-wan"}]}, "'eth0' is no slot name"),
    "bus": ({"disk_bus": "scsi"}, "cannot be on scsi"),
    "q35 has no ide": ({"libvirt": {"machine": "q35"}, "disk_bus": "ide"}, "has no IDE"),
    "no image": ({"image": None}, "image: a new guest needs one"),
    "missing image": ({"image": "/nowhere/chr.img"}, "/nowhere/chr.img cannot be read"),
    "too old": ({"version": "6.30"}, "6.30 has no CHR"),
}


@pytest.mark.parametrize("wrong", BAD, ids=str)
def test_bad_options_name_their_limit_and_touch_nothing(cheap: Json, wrong: str) -> None:
    values, said = BAD[wrong]
    before = everything()
    for check in (True, False):
        ran = guest(check=check, **{**cheap, **values})
        assert said in ran.message
        assert not ran.changed
    assert everything() == before


def test_kvm_is_refused_where_only_its_device_node_is_there(cheap: Json) -> None:
    if any(flag in Path("/proc/cpuinfo").read_text() for flag in ("vmx", "svm")):
        pytest.skip("KVM works here")
    assert "KVM does not work on this host" in guest(**cheap, libvirt={"accelerator": "kvm"}).message
    assert "it-g1" not in domain_names()


def test_warnings_do_not_stop_a_guest(cheap: Json) -> None:
    ran = guest(**{**cheap, "interfaces": nics(model="e1000")}).ok()
    assert "advises against e1000" in ran.warnings
    assert "memory" in ran.warnings


def test_a_file_that_is_no_disk_is_refused(cheap: Json, folder: Path) -> None:
    for name, content in (("text.img", b"not a disk\n" * 100), ("short.img", b"x"), ("empty.img", b"")):
        (folder / name).write_bytes(content)
        before = everything()
        refused = guest(**{**cheap, "image": str(folder / name)})
        assert "is no disk image" in refused.message
        assert "chr_image" in refused.message
        assert everything() == before


def test_a_disk_never_shrinks(cheap: Json, folder: Path) -> None:
    large = str(sectors.disk(folder / "large.img", sectors.HALT, 256 * sectors.MIB))
    assert "128 MiB is below the image's own 256 MiB" in guest(**{**cheap, "image": large}, disk_size=128).message
    assert domain_names() & {"it-g1"} == set()
    guest(**cheap, disk_size=256).ok()
    before = everything()
    assert "never shrunk" in guest(**cheap, disk_size=128).message
    assert "disk_size is 256, wanted 512" in guest(**cheap, disk_size=512).message
    assert everything() == before


def test_what_this_release_cannot_change_is_refused_and_not_ignored(cheap: Json) -> None:
    guest(**cheap, state="started").ok()
    before = everything()
    moved = [{"name": "ether1", "network": "it-lan"}, cheap["interfaces"][1]]
    for wanted, said in (
        ({"memory": 512}, f"memory is {MEMORY}, wanted 512"),
        ({"cpus": 2}, "cpus is 1, wanted 2"),
        ({"interfaces": moved}, "interfaces.ether1.network is it-wan, wanted it-lan"),
        ({"interfaces": [*cheap["interfaces"], {"name": "ether3", "network": "it-lan"}]}, "interfaces.ether3"),
    ):
        ran = guest(**{**cheap, **wanted, "state": "started"})
        assert said in ran.message
        assert "remove the guest and create it anew" in ran.message
    assert everything() == before


def test_a_mac_of_a_guest_that_somebody_else_made_is_refused(cheap: Json) -> None:
    foreign("it-foreign", "<interface type='network'><source network='it-wan'/><mac address='52:54:00:aa:bb:cc'/></interface>")
    before = everything()
    assert "52:54:00:aa:bb:cc belongs to guest it-foreign" in guest(**{**cheap, "interfaces": nics(mac="52:54:00:AA:BB:CC")}).message
    assert everything() == before


def test_two_guests_of_one_run_with_one_mac_or_one_name_are_both_refused(halting: str) -> None:
    one = {"interfaces": nics(mac="52:54:00:12:34:56")}
    ran = run("chr_guest", guests=[options("it-g1", halting, **one), options("it-g2", halting, **one), options("it-g3", halting)])
    assert "is given to it-g1 and it-g2" in ran.message
    assert not ran.objects["it-g3"]["failed"]
    ran = run("chr_guest", guests=[options("it-g3", halting), options("it-g3", halting, description="other")])
    assert "given twice" in ran.message
    assert domain_names() & {"it-g1", "it-g2", "it-g3"} == {"it-g3"}


@pytest.mark.parametrize("state", ["present", "started", "stopped", "restarted", "absent"])
def test_a_guest_that_is_not_ours_is_never_touched(cheap: Json, state: str) -> None:
    foreign("it-g1")
    before = everything()
    ran = guest(**cheap, state=state, confirm="it-g1", force_off=True)
    assert "exists and is not ours" in ran.message
    assert "UUID" in ran.message
    assert run("chr_script", scripts=[{"guest": "it-g1", "source": ":put 1"}]).failed
    assert run("chr_file", files=[{"guest": "it-g1", "name": "a", "content": "b"}]).failed
    assert guest("chr_first_boot", name="it-g1", admin_password="not to be set").failed
    assert everything() == before


def test_other_virtualisation_is_refused_with_the_manuals_sentence(cheap: Json) -> None:
    ran = run("chr_guest", guests=[cheap], libvirt={"uri": "test:///default"})
    assert "Hypervisors that provide paravirtualization are not supported" in ran.message


UNANSWERED = {
    "qemu+unix:///system?socket=/nowhere": "No libvirtd answers there",
    "qemu+tcp://127.0.0.1:1/system": "No libvirtd answers there",
    "qemu+ssh://127.0.0.1:1/system": "SSH does not come through",
    "nonsense:///": "Check that libvirtd runs there",
}


@pytest.mark.parametrize("uri", UNANSWERED)
def test_a_host_that_does_not_answer_is_named_with_what_is_in_the_way(cheap: Json, uri: str) -> None:
    ran = run("chr_guest", guests=[cheap], libvirt={"uri": uri})
    assert f"libvirt at {uri} cannot be reached" in ran.message
    assert UNANSWERED[uri] in ran.message


def test_a_user_without_permission_is_told_so(cheap: Json) -> None:
    before = everything()
    for module, what in (("chr_guest", {"guests": [cheap]}), ("chr_network", {"networks": [{"name": "it-one"}]})):
        ran = Job(module, as_nobody=True, **what).end()
        assert "Permission denied" in ran.message
        assert "libvirtd runs there and refuses this user, who must be root or in group libvirt" in ran.message
    assert everything() == before


def test_a_missing_pool_is_named(cheap: Json) -> None:
    before = everything()
    ran = guest(**cheap, libvirt={"pool": "it-nowhere"})
    assert "storage pool it-nowhere cannot be used" in ran.message
    assert everything() == before


@pytest.fixture
def small_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A pool of 48 MiB."""
    path = Path("/var/lib/libvirt/small")
    path.mkdir(mode=0o711)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=0711", "tmpfs", str(path)], check=True)
    run("kvm_pool", name="it-small", path=str(path)).ok()
    yield "it-small"
    with host() as connection:
        connection.storagePoolLookupByName("it-small").destroy()
        connection.storagePoolLookupByName("it-small").undefine()
    subprocess.run(["umount", "--lazy", str(path)], check=True)
    path.rmdir()


def filled(path: Path, size: int) -> str:
    """A disk of random bytes: nothing of it can be left out."""
    sectors.disk(path, sectors.HALT, size)
    with path.open("r+b") as handle:
        handle.seek(sectors.SECTOR)
        handle.write(os.urandom(size - sectors.SECTOR))
    return str(path)


def test_two_pools_of_one_host_are_one_run_and_one_check_of_macs(cheap: Json, small_pool: str) -> None:
    shared = nics(mac="52:54:00:12:34:56")
    ran = run(
        "chr_guest",
        guests=[cheap, {**cheap, "name": "it-g2", "libvirt": {"pool": small_pool}}, {**cheap, "name": "it-g3", "libvirt": {"pool": "it-nowhere"}}],
    )
    assert {name for name, entry in ran.objects.items() if entry["failed"]} == {"it-g3"}
    assert [ran.objects[name]["libvirt"]["pool"] for name in ("it-g1", "it-g2")] == ["default", small_pool]
    for pool, name in (("default", "it-g1"), (small_pool, "it-g2")):
        assert any(volume.startswith(name) for volume in volumes(pool))
    moved = {**cheap, "libvirt": {"pool": small_pool}}
    assert not guest(**moved).ok().changed, "a pool counts when a guest is made"
    taken = guest(**{**cheap, "name": "it-g4", "interfaces": shared}).ok()
    assert taken.changed
    again = guest(**{**cheap, "name": "it-g5", "interfaces": shared, "libvirt": {"pool": small_pool}})
    assert "52:54:00:12:34:56 belongs to guest it-g4" in again.message
    run("chr_guest", guests=[{"name": name, "state": "absent", "confirm": name} for name in ("it-g2", "it-g4")]).ok()


def test_a_disk_that_is_too_full_for_the_image_is_told_before_anything_is_made(cheap: Json, folder: Path, small_pool: str) -> None:
    wanted = {**cheap, "image": filled(folder / "random.img", 32 * sectors.MIB), "libvirt": {"pool": small_pool}}
    ballast = Path("/var/lib/libvirt/small/ballast")
    ballast.write_bytes(bytes(24 * sectors.MIB))
    with host() as connection:
        connection.storagePoolLookupByName(small_pool).refresh()
    ran = run("chr_guest", guests=[wanted])
    assert "wanted: 32 MiB, found: 24 MiB free" in ran.message
    assert "Make room" in ran.message
    assert "it-g1" not in domain_names()
    assert volumes(small_pool) <= {"ballast"}
    ballast.unlink()  # which libvirt has not seen yet
    run("chr_guest", guests=[wanted]).ok()


def test_a_disk_that_fills_up_while_uploading_leaves_nothing_that_is_used(cheap: Json, folder: Path, small_pool: str) -> None:
    wanted = {**cheap, "image": filled(folder / "random.img", 32 * sectors.MIB), "state": "started", "libvirt": {"pool": small_pool}}
    Path("/var/lib/libvirt/small/ballast").write_bytes(bytes(24 * sectors.MIB))  # which libvirt has not seen yet
    ran = run("chr_guest", guests=[wanted])
    assert "image random.img cannot be uploaded to storage pool it-small" in ran.message
    assert "un again" in ran.message
    assert "it-g1" not in domain_names()
    assert not any(volume.startswith("random-") for volume in volumes(small_pool))
    Path("/var/lib/libvirt/small/ballast").unlink()
    run("chr_guest", guests=[wanted]).ok()


def test_a_disk_that_fills_up_while_cloning_fails_those_that_found_no_room(folder: Path, small_pool: str) -> None:
    image = filled(folder / "random.img", 12 * sectors.MIB)
    names = ["it-g1", "it-g2", "it-g3", "it-g4"]
    wanted = [options(name, image, libvirt={"disk_clone": "full", "pool": small_pool}, state="started") for name in names]
    ran = run("chr_guest", guests=wanted)  # each copy alone has room
    assert "No space left on device" in ran.message
    assert "run again: nothing half-made is used" in ran.message
    made = [name for name in names if not ran.objects[name]["failed"]]
    assert made
    assert all(ran.objects[name]["power"] == "running" for name in made)
    subprocess.run(["mount", "-o", "remount,size=128m", "/var/lib/libvirt/small"], check=True)
    again = run("chr_guest", guests=wanted).ok()
    assert {name for name in names if again.objects[name]["changed"]} == set(names) - set(made)
    assert not run("chr_guest", guests=wanted).ok().changed
    assert run("chr_guest", check=True, guests=[{**wanted[0], "name": "it-g5"}]).ok().changed
