# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Proxmox VE for each test, and what logs in to it."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from tests.simulators.proxmox.schemas import AbsentError, schema_of
from tests.simulators.proxmox.serving import ChrPve, certificate, serve

from .routers import Boot, Guest, boot
from .support import FOREIGN, Options, api, check_foreign, connection_options, offer_token

Start = t.Callable[[str], ChrPve]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate and its key."""
    return certificate(tmp_path_factory.mktemp("proxmox"))


@pytest.fixture(autouse=True)
def others_stay() -> t.Iterator[None]:
    """Every test leaves what is not ours as it was."""
    FOREIGN.clear()
    yield
    check_foreign()


@pytest.fixture
def start(files: tuple[str, str]) -> t.Iterator[Start]:
    """Start a double of a release."""
    with contextlib.ExitStack() as stack:

        def started(release: str = "9.0") -> ChrPve:
            try:
                schema_of(release)
            except AbsentError as absent:
                pytest.skip(str(absent))
            pve = stack.enter_context(serve(ChrPve(release), files))
            offer_token(pve)
            return pve

        yield started


@pytest.fixture
def pve(start: Start) -> ChrPve:
    return start("9.0")


@pytest.fixture
def options(pve: ChrPve, files: tuple[str, str]) -> Options:
    """A connection by token, which trusts the double's certificate."""
    return connection_options(pve, files[0])


@pytest.fixture
def booted(start: Start, files: tuple[str, str]) -> t.Iterator[Boot]:
    """Boot a router on a release; `connection` are the options of the connection through which it is asked."""
    with contextlib.ExitStack() as stack:

        def make(release: str = "9.0", connection: t.Mapping[str, t.Any] | None = None, **config: t.Any) -> Guest:
            pve = start(release)
            options = connection_options(pve, files[0])
            return boot(pve, options, stack.enter_context(api({**options, **(connection or {})})), **config)

        yield make
