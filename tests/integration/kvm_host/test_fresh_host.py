# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a freshly installed server to a router on it, as docs/remote-host.md has it; the tests take the server on in their order."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from tests.integration.operator import CHECKOUT
from tests.simulators.chr_image.image import DEFAULT_VERSION, ensure_image
from tests.waiting import PATIENCE

from .conftest import NAME, FreshHost

PAGE = (CHECKOUT / "docs/remote-host.md").read_text(encoding="utf-8")
URI = f"qemu+ssh://ops@{NAME}/system"
DESKTOP = {"qemu-system-gui", "libgtk-3-0", "libvirt-daemon-driver-lxc"}  # what comes by recommendation


def page_files() -> dict[str, str]:
    """The files that the page shows."""
    return dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


def page_command(playbook: str, *words: str) -> list[str]:
    """The arguments of the page's call of a playbook that has these words too."""
    called = [shlex.split(line)[1:] for line in PAGE.splitlines() if line.startswith("ansible-playbook ") and playbook in line]
    return next(arguments for arguments in called if set(words) == set(arguments) & {"--check", "--diff"})


@pytest.fixture(scope="module", autouse=True)
def typed(fresh: FreshHost) -> None:
    """The page's files are written."""
    for name, text in page_files().items():
        (fresh.operator.home / name).write_text(text, encoding="utf-8")


def test_who_cannot_connect_is_told_why(fresh: FreshHost) -> None:
    assert "SSH lets nobody in without a question there" in fresh.ask(f"qemu+ssh://nobody@{NAME}/system")
    assert "SSH lets nobody in without a question there" in fresh.ask("qemu+ssh://ops@203.0.113.2/system"), "its key is known by its name"
    assert "SSH does not come through" in fresh.ask(f"qemu+ssh://ops@{NAME}:23/system")
    assert "No libvirtd answers there" in fresh.ask(URI)


def test_check_mode_tells_of_the_packages_and_installs_nothing(fresh: FreshHost) -> None:
    before = fresh.packages()
    told = fresh.play(*page_command("kvm_host"), "--check", "--diff")
    assert "changed=1" in told
    assert fresh.packages() == before


def test_the_server_becomes_a_kvm_host_without_a_desktop_and_the_second_run_changes_nothing(fresh: FreshHost) -> None:
    fresh.play(*page_command("kvm_host"))
    assert "libvirt-daemon-system" in fresh.packages()
    assert not fresh.packages() & DESKTOP
    again = fresh.play(*page_command("kvm_host"))
    assert "changed=0 " in again, again


def test_a_user_who_was_not_named_is_refused_and_told_so(fresh: FreshHost) -> None:
    assert "libvirtd runs there and refuses this user" in fresh.ask(f"qemu+ssh://stranger@{NAME}/system")


def test_a_daemon_that_does_not_run_is_told(fresh: FreshHost) -> None:
    units = "libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket"
    fresh.sudo(f"systemctl stop {units}")
    assert "No libvirtd answers there" in fresh.ask(URI)
    fresh.sudo(f"systemctl start {units}")


def test_a_router_of_the_page_is_provisioned_and_the_second_run_changes_nothing(fresh: FreshHost) -> None:
    simulated = {"chr_image_path": str(ensure_image()), "chr_version": DEFAULT_VERSION, "chr_memory": 320, "chr_first_boot_agent_timeout": PATIENCE}
    image = ("-e", json.dumps(simulated))
    predicted = fresh.play(*page_command("provision", "--check", "--diff"), *image)
    assert "1 pending" in predicted
    made = fresh.play(*page_command("provision"), *image)
    assert "1 done" in made
    assert "198.51.100.11/24" in made
    assert "Nothing changed: " in fresh.play(*page_command("provision"), *image)
