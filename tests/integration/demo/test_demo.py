# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo` and `make demo-clean` as an ordinary user calls them, beside other people's guests, on the private libvirt in the place of the
machine's own.
"""

from __future__ import annotations

import os
import re
import subprocess
import typing as t
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.host import kvm_works

from tests.integration.libvirt.support import host, start_libvirtd
from tests.integration.operator import CHECKOUT, Operator, output
from tests.waiting import wait_until

from .conftest import belongs_to_root

DEMO = str(CHECKOUT / "tests/run/demo")
PASSWORD = CHECKOUT / ".demo/vr-edge1.password"
FOREIGN_NETWORK = "<network><name>theirs</name><bridge name='theirs'/><ip address='203.0.113.129' prefix='28'/></network>"
FOREIGN_GUEST = """
<domain type='qemu'><name>theirs</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><interface type='network'><source network='theirs'/></interface><memballoon model='none'/></devices></domain>
"""


def theirs() -> tuple[str, ...]:
    """Everything of the others that must stay as it is."""
    rules = [line for line in output("iptables-save").splitlines() if not line.startswith("#")]
    counters = [line.split("[")[0] for line in rules]
    virsh = ("virsh", "--quiet", "--connect", "qemu:///system")
    definitions = [output(*virsh, "dumpxml", "theirs"), output(*virsh, "net-dumpxml", "theirs"), output(*virsh, "domstate", "theirs")]
    lists = [output(*virsh, command, "--all", "--name") for command in ("list", "net-list", "pool-list")]
    [name, dummy, *addresses] = output("ip", "-brief", "address", "show", "dev", "theirs").split()  # its carrier comes a moment later
    return (*counters, *definitions, *lists, name, *addresses)


@pytest.fixture
def stopped() -> t.Iterator[None]:
    """No daemon of libvirt runs."""
    for daemon in ("libvirtd", "virtlogd"):
        process = running(daemon)
        assert process is not None
        os.kill(process, 15)
        wait_until(partial(is_down, daemon), f"{daemon} ends")
    yield
    if is_down("virtlogd"):
        output("virtlogd", "--daemon", "--pid-file", "/run/libvirt/virtlogd.pid")
    if is_down("libvirtd"):
        start_libvirtd()


def running(daemon: str) -> int | None:
    """The process of a daemon."""
    found = subprocess.run(["pgrep", "--exact", "--runstates", "RSD", daemon], capture_output=True, text=True, check=False).stdout.split()
    return int(found[0]) if found else None


def is_down(daemon: str) -> bool:
    return running(daemon) is None


@contextmanager
def foreign(tmp_path: Path) -> t.Iterator[None]:
    """A guest and a network that are not ours, both running."""
    for command, text in (("net-define", FOREIGN_NETWORK), ("define", FOREIGN_GUEST)):
        file = tmp_path / command
        file.write_text(text)
        output("virsh", "--quiet", command, str(file))
    output("virsh", "--quiet", "net-start", "theirs")
    output("virsh", "--quiet", "start", "theirs")
    try:
        yield
    finally:
        for end in ("destroy", "undefine", "net-destroy", "net-undefine"):
            output("virsh", "--quiet", end, "theirs")


@pytest.fixture
def others(tmp_path: Path) -> t.Iterator[None]:
    with foreign(tmp_path):
        yield


def test_made_unchanged_and_removed_beside_others(others: None, operator: Operator) -> None:
    before = theirs()
    first = operator.run(DEMO)
    lines = [line for line in first.splitlines() if line.strip()]
    assert lines[0].startswith(("SIMULATED: ", "REAL CHR "))
    assert lines[-1].startswith(("SIMULATED: ", "REAL CHR "))
    assert "2 done, 0 unchanged, 0 failed" in first
    assert "Building" not in first, "the image was in the cache"
    assert PASSWORD.read_text().strip() not in first
    assert (PASSWORD.stat().st_mode & 0o077, PASSWORD.owner()) == (0, "op")
    assert belongs_to_root() == []

    second = operator.run(DEMO)
    assert "Nothing changed: " in second

    elsewhere = operator.run(DEMO, code=1, VROUTER_DEMO=str(operator.home / "another checkout's"))
    assert "routers of another checkout's demo stand here already" in elsewhere

    operator.run(DEMO, "--clean")
    assert theirs() == before
    assert not PASSWORD.parent.exists()
    assert belongs_to_root() == []


@pytest.fixture
def virtualising(tmp_path: Path) -> t.Iterator[None]:
    """A processor that has what KVM needs."""
    cpu = tmp_path / "cpuinfo"
    cpu.write_text(re.sub("(?m)^flags.*$", r"\g<0> vmx", Path("/proc/cpuinfo").read_text()))
    output("mount", "--bind", str(cpu), "/proc/cpuinfo")
    yield
    output("umount", "/proc/cpuinfo")


def test_an_image_of_the_users_is_refused_where_libvirt_finds_no_kvm(virtualising: None, operator: Operator) -> None:
    with host() as connection:
        if kvm_works(connection):
            pytest.skip("KVM works here")
    said = operator.run(DEMO, code=1, CHR_IMAGE="/nowhere/chr-7.20.8.img")
    assert said.startswith("REAL CHR 7.20.8 from /nowhere/chr-7.20.8.img\n"), "libvirt was not asked yet"
    assert "CHR_IMAGE: libvirt says that KVM does not work on this machine" in said


@pytest.fixture
def kvm(virtualising: None, operator: Operator) -> None:
    """A libvirt that says that KVM works, which not every machine's can say. This user may not write /dev/kvm."""
    (CHECKOUT / "tests/run/kvm_works.py").write_text("")


def begin(operator: Operator, *become: str) -> str:
    """A demo that begins, and ends at an image that is not there."""
    said = operator.run(*become, DEMO, code=1, CHR_IMAGE="/nowhere/chr-7.20.8.img")
    assert "/nowhere/chr-7.20.8.img" in said.partition("PLAY [Provision")[2]
    return said


def test_daemons_that_it_started_go_when_nobody_else_uses_them(stopped: None, kvm: None, operator: Operator, tmp_path: Path) -> None:
    assert "starting libvirt's daemons by hand" in begin(operator)
    with foreign(tmp_path):
        daemons = (running("libvirtd"), running("virtlogd"))
        kept = operator.run(DEMO, "--clean")
        assert "Not stopped: libvirtd virtlogd, which make demo started and others use now: guests theirs; networks theirs." in kept
        assert (running("libvirtd"), running("virtlogd")) == daemons
        assert output("virsh", "domstate", "theirs").strip() == "running"
    assert "There is no demo to remove.\nStopped libvirtd" in operator.run(DEMO, "--clean")

    begin(operator)
    with subprocess.Popen(["virsh", "event", "--loop", "--event", "lifecycle"]) as client:
        wait_until(lambda: "unix" in output("virt-admin", "client-list", "libvirtd"), "the client is there")
        assert "others use now: clients: 1." in operator.run(DEMO, "--clean")
        assert client.poll() is None
        client.terminate()

    begin(operator, "sudo", "--preserve-env=PYTHON,CHR_IMAGE")
    assert belongs_to_root() == []
    assert "Stopped libvirtd, which make demo started.\nStopped virtlogd" in operator.run(DEMO, "--clean")
    assert (running("libvirtd"), running("virtlogd")) == (None, None)


def test_the_routeros_of_an_image_is_asked_for_where_its_name_does_not_say_it() -> None:
    environment = {**os.environ, "CHR_IMAGE": "/nowhere/mine.img"}
    done = subprocess.run([DEMO], env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode != 0
    assert "which RouterOS is in mine.img? Say CHR_VERSION=..., or keep the vendor's file name" in done.stdout
