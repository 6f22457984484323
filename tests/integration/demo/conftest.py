# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordinary user with a checkout of his own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.operator import CHECKOUT, Operator, ordinary_user, output

APART = [CHECKOUT / ".build" / name for name in ("home", "logs", "results", "python-*")]  # what no demo touches


def belongs_to_root() -> list[str]:
    """What in the checkout belongs to root."""
    apart = [word for path in APART for word in ("-path", str(path), "-prune", "-o")]
    return output("find", str(CHECKOUT), *apart, "-user", "root", "-print").splitlines()


@pytest.fixture
def operator() -> Iterator[Operator]:
    """The checkout belongs to the user, in a layer above the real one, which stays as it is."""
    with ordinary_user() as user:
        layer = Path("/run/checkout")
        for folder in ("changes", "work"):
            (layer / folder).mkdir(parents=True)
        places = f"lowerdir={CHECKOUT},upperdir={layer}/changes,workdir={layer}/work,metacopy=on"
        output("mount", "-t", "overlay", "-o", places, "overlay", str(CHECKOUT))
        user.owns(*belongs_to_root())
        yield user
        output("umount", "--lazy", str(CHECKOUT))
        output("rm", "-r", str(layer))
