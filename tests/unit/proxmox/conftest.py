# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of one release for each test, and clients that are logged in."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from tests.simulators.proxmox.schemas import AbsentError, schema_of
from tests.simulators.proxmox.serving import ChrPve, certificate, serve

from .clients import Client

Start = t.Callable[[str], Client]


@pytest.fixture(autouse=True)
def nobody_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine's user set for requests is not for the double."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return certificate(tmp_path_factory.mktemp("proxmox"))


@pytest.fixture
def start(files: tuple[str, str]) -> t.Iterator[Start]:
    """Start a double of a release; the client is root's, with a token."""
    with contextlib.ExitStack() as stack:

        def started(release: str) -> Client:
            try:
                schema_of(release)
            except AbsentError as absent:
                pytest.skip(str(absent))
            pve = stack.enter_context(serve(ChrPve(release), files))
            pve.apitokens["root@pam!tests"] = "s3cret"
            return Client(pve, files[0], user="root@pam", token_name="tests", token_value="s3cret")

        yield started


@pytest.fixture
def client(start: Start) -> Client:
    return start("9.0")


@pytest.fixture
def password(client: Client) -> Client:
    """root's login by password, which alone may do some things."""
    return Client(client.pve, client.certificate)


@pytest.fixture
def operator(client: Client) -> Client:
    """Somebody with a token and no right yet."""
    client.pve.acl = {}
    client.pve.apitokens["operator@pve!tests"] = "s3cret"
    return Client(client.pve, client.certificate, user="operator@pve", token_name="tests", token_value="s3cret")
