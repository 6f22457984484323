# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that the node itself hands over: the last rung, for a CHR that takes neither of the API's forms."""

from __future__ import annotations

import typing as t
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError, LostError, UnreachableError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.agent import Agents
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.proxmox.node_shell import NodeShell

from tests.simulators.proxmox.node_ssh import Node

from .routers import COUNT, RELEASES, Boot, Guest, said
from .support import api, connection_options

SECRET = "pass-phrase-1"


Place = t.Callable[..., tuple[Guest, Node]]


@pytest.fixture
def place(tmp_path: Path, files: tuple[str, str], booted: Boot) -> t.Iterator[Place]:
    """A router that takes no script beside a null path, and its node. `config` says which keys its user lacks."""
    with ExitStack() as stack:

        def make(release: str = "9.0", user: str = "root", **config: bool) -> tuple[Guest, Node]:
            guest = booted(release)
            guest.pve.takes_null_path = False
            node = stack.enter_context(closing(Node(guest.pve, tmp_path)))
            proxmox = stack.enter_context(api(connection_options(guest.pve, files[0])))
            shell = NodeShell.of({"ssh_user": user, "ssh_config": node.config(**config)})
            return replace(guest, agents=Agents(proxmox, shell)), node

        yield make


@pytest.mark.parametrize("release", RELEASES[1:])
def test_a_script_goes_through_the_nodes_own_command(place: Place, release: str) -> None:
    guest, node = place(release)
    assert said(guest, f'{COUNT}\n# {SECRET}\n:put "é"') == "1\né"
    assert said(guest, COUNT) == "2"
    assert len(node.commands) == 2 and SECRET not in "".join(node.commands)


def test_a_user_who_is_not_root_takes_sudo(place: Place) -> None:
    guest, node = place(user="operator")
    assert said(guest, COUNT) == "1"
    assert node.commands[0].startswith("sudo -n qm guest exec 100 ")


def test_long_scripts_go_there_in_one(place: Place) -> None:
    guest, node = place()
    assert said(guest, "# " + "a" * 900_000 + f"\n{COUNT}") == "1"
    assert len(node.commands) == 1


def test_what_the_node_refuses_is_told(place: Place) -> None:
    guest = place()[0]
    assert said(guest, COUNT) == "1"
    guest.pve.vm(100).agent_hangs = True
    with pytest.raises(LostError, match="did not answer guest-exec"):
        said(guest, COUNT)


@pytest.mark.parametrize(("config", "found"), [({"known": False}, "Host key verification failed"), ({"key": False}, "Permission denied")])
def test_who_cannot_log_in_is_told_and_ran_nothing(place: Place, config: dict[str, bool], found: str) -> None:
    guest, node = place(**config)
    with pytest.raises(UnreachableError, match=f"pve1 cannot be logged in to over SSH as root.*{found}"):
        said(guest, COUNT)
    assert node.commands == []


def test_a_node_that_is_not_there_ran_nothing(place: Place) -> None:
    guest, node = place()
    node.close()
    with pytest.raises(UnreachableError, match="Connection refused"):
        said(guest, COUNT)


def test_a_session_that_breaks_leaves_it_unknown(place: Place) -> None:
    guest, node = place()
    node.breaks = True
    with pytest.raises(LostError, match="unknown"):
        said(guest, COUNT)
    assert len(node.commands) == 1


def test_without_a_user_nothing_is_done_over_ssh(booted: Boot) -> None:
    assert NodeShell.of({"ssh_user": None, "ssh_config": "/nothing"}) is None
    guest = booted()
    guest.pve.takes_null_path = False
    with pytest.raises(GuestError, match=r"proxmox\.ssh_user"):
        said(guest, COUNT)
