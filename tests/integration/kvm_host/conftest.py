# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A freshly installed host with a systemd, an SSH server and a libvirt of its own, once it has one; and a user elsewhere who logs in to it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.operator import CHECKOUT, Operator, ordinary_user, output
from tests.waiting import PATIENCE, wait_until

NAME = "kvm1.example.com"
ADDRESS, OURS = "203.0.113.2", "203.0.113.1"
PASSWORD = "what-sudo-asks-for"
ROOT = Path("/var/lib/libvirt/fresh-host")  # the private one's: it goes with it
NETWORK = f"[Match]\nName=host0\n[Network]\nAddress={ADDRESS}/24\n"


@dataclass(frozen=True)
class FreshHost:
    """The server, and the user who has its key."""

    operator: Operator

    def ssh(self, *command: str) -> str:
        """What a command prints there."""
        return self.operator.run("ssh", f"ops@{NAME}", *command)

    def packages(self) -> set[str]:
        """What is installed there."""
        return set(self.ssh("dpkg-query --show --showformat '${Package} '").split())

    def sudo(self, command: str) -> None:
        """Run a command there as root."""
        self.operator.run("ssh", f"ops@{NAME}", f"sudo --stdin {command}", typed=f"{PASSWORD}\n")

    def play(self, *arguments: str, code: int = 0) -> str:
        """What ansible-playbook prints."""
        return self.operator.run("ansible-playbook", *arguments, code=code, typed=f"{PASSWORD}\n", **self.settings())

    def ask(self, uri: str) -> str:
        """What a module says that connects to a libvirt."""
        module = ("--module-name", "vrouter.mikrotik.chr_guest_info", "--args", json.dumps({"libvirt": {"uri": uri}, "names": []}))
        command = ("ansible", "localhost", "--extra-vars", "ansible_python_interpreter={{ansible_playbook_python}}", *module)
        return self.operator.run(*command, code=2, **self.settings())

    def settings(self) -> dict[str, str]:
        return {"ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".build"), "ANSIBLE_HOME": str(self.operator.home / "ansible")}


def install() -> None:
    """What an installer and its user would have done."""
    ROOT.mkdir()
    output("tar", "--directory", str(ROOT), "--extract", "--zstd", "--file", output(str(CHECKOUT / "tests/run/fresh-host")).strip())
    (ROOT / "etc/hostname").write_text("kvm1\n")
    (ROOT / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 kvm1\n")
    (ROOT / "etc/systemd/network/10-wire.network").write_text(NETWORK)
    (ROOT / "var/lib/apt/periodic").mkdir(exist_ok=True)
    (ROOT / "var/lib/apt/periodic/update-success-stamp").touch()  # apt has looked today: there is no network here
    inside = ("chroot", str(ROOT))
    output(*inside, "useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", "ops")
    output(*inside, "useradd", "--create-home", "--shell", "/bin/bash", "stranger")
    subprocess.run([*inside, "chpasswd"], input=f"ops:{PASSWORD}\n", text=True, check=True)
    output(*inside, "systemctl", "enable", "systemd-networkd")


def give_key(operator: Operator) -> None:
    """ssh-keygen, and ssh-copy-id for the server's two users."""
    keys = operator.home / ".ssh"
    operator.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / "id_ed25519"))
    for user in ("ops", "stranger"):
        theirs = ROOT / "home" / user / ".ssh"
        theirs.mkdir(mode=0o700)
        (theirs / "authorized_keys").write_text((keys / "id_ed25519.pub").read_text())
        output("chroot", str(ROOT), "chown", "--recursive", f"{user}:", f"/home/{user}/.ssh")


@pytest.fixture(scope="module")
def operator() -> Iterator[Operator]:
    with ordinary_user() as user:
        yield user


@pytest.fixture(scope="module")
def fresh(operator: Operator) -> Iterator[FreshHost]:
    """The server has booted, and its host key is known."""
    install()
    give_key(operator)
    output("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
    boot = ["systemd-nspawn", "--quiet", f"--directory={ROOT}", "--machine=kvm1", "--keep-unit", "--register=no", "--network-veth", "--boot"]
    with (ROOT.parent / "boot.log").open("w") as log, subprocess.Popen(boot, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as machine:
        wait_until(lambda: Path("/sys/class/net/ve-kvm1").exists(), "the server has its wire")
        output("ip", "address", "add", f"{OURS}/24", "dev", "ve-kvm1")
        output("ip", "link", "set", "ve-kvm1", "up")
        with Path("/etc/hosts").open("a") as hosts:
            hosts.write(f"{ADDRESS} {NAME}\n")
        found: list[str] = []

        def answers() -> bool:
            with suppress(subprocess.CalledProcessError):
                found.append(output("ssh-keyscan", NAME))
            return bool(found and found[-1])

        wait_until(answers, "its SSH server answers")
        known = operator.home / ".ssh/known_hosts"
        known.write_text(found[-1])
        yield FreshHost(operator)
        machine.terminate()
        machine.wait(PATIENCE)
