"""`make demo` and `make demo-clean` beside other people's guests, on the private libvirt in the place of the machine's own."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest

FOREIGN_NETWORK = "<network><name>theirs</name><bridge name='theirs'/><ip address='203.0.113.129' prefix='28'/></network>"
FOREIGN_GUEST = """
<domain type='qemu'><name>theirs</name><memory unit='MiB'>16</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><interface type='network'><source network='theirs'/></interface><memballoon model='none'/></devices></domain>
"""


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


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
def others(tmp_path: Path) -> t.Iterator[None]:
    """A guest and a network that are not ours, both running."""
    for command, text in (("net-define", FOREIGN_NETWORK), ("define", FOREIGN_GUEST)):
        file = tmp_path / command
        file.write_text(text)
        output("virsh", "--quiet", command, str(file))
    output("virsh", "--quiet", "net-start", "theirs")
    output("virsh", "--quiet", "start", "theirs")
    yield
    for end in ("destroy", "undefine", "net-destroy", "net-undefine"):
        output("virsh", "--quiet", end, "theirs")


def demo(folder: Path, *arguments: str, code: int = 0) -> str:
    script = Path(os.environ["VROUTER_CHECKOUT"]) / "tests/run/demo"
    environment = {**os.environ, "VROUTER_DEMO": str(folder)}
    done = subprocess.run([str(script), *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == code, done.stdout
    return done.stdout


def test_made_unchanged_and_removed_beside_others(others: None, tmp_path: Path) -> None:
    before, folder = theirs(), tmp_path / "demo"
    first = demo(folder)
    lines = [line for line in first.splitlines() if line.strip()]
    assert lines[0].startswith(("SIMULATED: ", "REAL CHR "))
    assert lines[-1].startswith(("SIMULATED: ", "REAL CHR "))
    assert "2 done, 0 unchanged, 0 failed" in first
    password = (folder / "vr-edge1.password").read_text().strip()
    assert password not in first
    assert (folder / "vr-edge1.password").stat().st_mode & 0o077 == 0

    second = demo(folder)
    assert "Nothing changed: " in second

    elsewhere = demo(tmp_path / "another checkout's", code=1)
    assert "routers of another checkout's demo stand here already" in elsewhere

    demo(folder, "--clean")
    assert theirs() == before
    assert not folder.exists()
