# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role pve_host where a real ifupdown2 makes real bridges, as on a node of Proxmox VE."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest

from tests.integration.operator import CHECKOUT, output

from .conftest import Run

HOOK = Path("/etc/network/if-up.d/vrouter-igmp-snooping")
CONFIGURATION = Path("/etc/network/ifupdown2/ifupdown2.conf")
# As Proxmox VE writes them: its own file, and SDN's.
FILES = {
    Path("/etc/network/interfaces"): """\
auto lo
iface lo inet loopback

auto vmbr0
iface vmbr0 inet static
\taddress 192.0.2.10/24
\tbridge-ports none
\tbridge-stp off
\tbridge-fd 0
#the routers' wire

auto vmbr1
iface vmbr1 inet manual
\tbridge-ports none
\tbridge-stp off
\tbridge-fd 0

source /etc/network/interfaces.d/*
""",
    Path("/etc/network/interfaces.d/sdn"): """\
#version:1

auto vnet1
iface vnet1
\tbridge_ports none
\tbridge_stp off
\tbridge_fd 0
""",
}
OURS = {"vmbr0", "vmbr0v5", "fwbr100i0", "fwbr101i1", "vnet1"}
OTHERS = {"vmbr1", "fwbr200i0"}


class Node:
    """A node's network."""

    def __init__(self, folder: Path, play: t.Callable[..., Run]) -> None:
        self.play = play
        self.program = folder / "ifreload"  # it looks at the name that it is called by
        self.package = Path(output(str(CHECKOUT / "tests/run/ifupdown2")).strip())
        self.program.symlink_to(self.package / "usr/share/ifupdown2/__main__.py")

    def install(self, state: Path) -> None:
        """What a node's installation leaves; the private /etc is the node's."""
        shutil.rmtree("/etc/network", ignore_errors=True)
        shutil.copytree(self.package / "etc/network", "/etc/network")
        CONFIGURATION.write_text(re.sub(r"(?m)^state_dir=.*", f"state_dir={state}", CONFIGURATION.read_text()))
        HOOK.parent.mkdir()
        Path("/run/network").mkdir(exist_ok=True)
        for file, text in FILES.items():
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)

    def reload(self) -> None:
        """What the node does when it boots, and when somebody applies a change."""
        environment = {**os.environ, "PYTHONPATH": str(self.package / "usr/share/ifupdown2")}
        subprocess.run(["/usr/bin/python3", str(self.program), "-a"], env=environment, check=True, capture_output=True)

    def run(self, bridges: list[str], *arguments: str) -> Run:
        host = {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3", "pve_host_igmp_snooping_off": bridges}
        return self.play("vrouter.mikrotik.pve_host", {"pve": {"hosts": {"here": host}}}, *arguments)


def off() -> set[str]:
    """The bridges on which snooping is off."""
    return {path.parts[4] for path in Path("/sys/class/net").glob("*/bridge/multicast_snooping") if path.read_text().strip() == "0"}


def bridge(name: str) -> None:
    output("ip", "link", "add", name, "type", "bridge")


def firewalled(guest: str, nic: str, wire: str) -> None:
    """The bridge that Proxmox VE puts before a guest's interface with a firewall."""
    bridge(f"fwbr{guest}i{nic}")
    output("ip", "link", "add", f"fwln{guest}i{nic}", "type", "veth", "peer", "name", f"fwpr{guest}p{nic}")
    output("ip", "link", "set", f"fwln{guest}i{nic}", "master", f"fwbr{guest}i{nic}")
    output("ip", "link", "set", f"fwpr{guest}p{nic}", "master", wire)


@pytest.fixture
def node(tmp_path: Path, play: t.Callable[..., Run]) -> t.Iterator[Node]:
    """Three guests run: two on vmbr0, one of them with a VLAN tag, and one on another's bridge."""
    found = Node(tmp_path, play)
    found.install(tmp_path / "state")
    try:
        found.reload()
        bridge("vmbr0v5")
        firewalled("100", "0", "vmbr0")
        firewalled("101", "1", "vmbr0v5")
        firewalled("200", "0", "vmbr1")
        assert off() == set()
        yield found
    finally:
        for name in [path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith(("vmbr", "vnet", "fwbr", "fwpr"))]:
            output("ip", "link", "delete", name)
        shutil.rmtree("/etc/network")


def test_snooping_stays_off_and_the_second_run_changes_nothing(node: Node) -> None:
    predicted = node.run(["vmbr0", "vnet1"], "--check", "--diff")
    assert predicted.code == 0, predicted.output
    assert "fwbr100i0 fwbr101i1 vmbr0 vmbr0v5 vnet1" in predicted.output, predicted.output
    assert '+bridges="vmbr0 vnet1"' in predicted.output
    assert off() == set(), "check mode touches nothing"
    assert not HOOK.exists(), "check mode touches nothing"

    first = node.run(["vmbr0", "vnet1"])
    assert first.code == 0, first.output
    assert off() == OURS
    node.reload()
    assert off() == OURS, "ifupdown2 sets it back at every reload; the hook must have the last word"
    output("ip", "link", "delete", "vnet1")
    node.reload()
    assert off() == OURS, "a bridge that comes anew"
    assert {file: file.read_text() for file in FILES} == FILES

    again = node.run(["vmbr0", "vnet1"])
    assert again.code == 0, again.output
    assert again.unchanged, again.output


def test_a_bridge_that_is_named_no_more_is_ifupdown2s_again(node: Node) -> None:
    assert node.run(["vmbr1", "vnet1"]).code == 0
    assert off() == {*OTHERS, "vnet1"}
    assert node.run(["vnet1"]).code == 0
    node.reload()
    assert off() & {"vmbr1", "vnet1"} == {"vnet1"}
    assert node.run([]).code == 0
    assert not HOOK.exists()
    assert node.run([]).unchanged
    node.reload()
    assert off() & {"vmbr1", "vnet1"} == set()


def test_a_bridge_that_is_not_there_is_an_error_that_names_those_that_are(node: Node) -> None:
    run = node.run(["vmbr0", "vmbr7"])
    assert run.code != 0
    assert re.search(
        r"no Linux bridge of this node: vmbr7\. Its bridges are vmbr0, vmbr0v5, vmbr1, vnet1;", " ".join(run.output.split())
    ), run.output
    assert off() == set()
    assert not HOOK.exists()


def test_a_node_that_calls_no_hooks_is_refused(node: Node) -> None:
    CONFIGURATION.write_text(CONFIGURATION.read_text().replace("addon_scripts_support=1", "addon_scripts_support=0"))
    run = node.run(["vmbr0"])
    assert run.code != 0
    assert "Set addon_scripts_support=1 in '/etc/network/ifupdown2/ifupdown2.conf'" in " ".join(run.output.split()), run.output
    assert off() == set()
    assert not HOOK.exists()
