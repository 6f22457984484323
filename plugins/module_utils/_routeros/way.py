# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way into one router: what it must do, and what it says of itself (private, pure).

A way only starts a script and says how it stands; the waiting, what counts as success, and which way is taken are its callers'. Ways differ: a
guest agent may give text back or only an exit code, may move files or not, and may forget an ended script as soon as it was asked for it.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ended:
    """What a way knows of a script that has ended.

    `exit_code` as CHR gives it: 0 done, 1 timed out, -1 error; None where nobody said: it is unknown then, never success. A way
    whose hypervisor has no code of its own for a script that RouterOS's time limit ended finds it out by the script's times.
    """

    exit_code: int | None
    output: str = ""  # always empty on a way without text


@dataclass(frozen=True)
class Pace:
    """The pauses between two looks at a script that runs, in seconds; they double from the first to the slowest."""

    first: float = 0.02  # most scripts end at once
    slowest: float = 0.2  # so a result is seen at most this late


@dataclass(frozen=True)
class Credential:
    """One login to try."""

    username: str
    password: str = field(default="", repr=False)


class Files(t.Protocol):
    """What moves files to and from one router."""

    def write(self, name: str, content: bytes) -> None:
        """Put a file on the router."""

    def read(self, name: str) -> bytes:
        """Fetch a file that is there."""


class Runner(t.Protocol):
    """What runs scripts on one router. Calls raise GuestError where the router, HypervisorError where the hypervisor fails."""

    name: str  # as results have it, for example "guest_agent"
    returns_text: bool  # else no more than an exit code comes back
    pace: Pace

    def start(self, source: str) -> int:
        """Hand the script over; its job number. Raises LostError where the answer was lost."""

    def poll(self, job: int) -> Ended | None:
        """How the script ended, or None while it runs. Raises LostError where the answer was lost; what is not told twice is then unknown."""


class Way(Runner, t.Protocol):
    """A runner that a hypervisor gives, which opens at some time after its guest's start.

    A way that logs in goes through its credentials, in the order given, whenever the one that worked last is refused: the script that it
    follows may have changed the password.
    """

    logs_in: bool  # whether it needs credentials
    is_open: bool | None  # when its guest was observed; None where that is not known before it is asked

    @property
    def files(self) -> Files | None:
        """What moves files, None where nothing does."""

    def wait(self, timeout: float) -> None:
        """Block until the way is open, at most `timeout` seconds; raises GuestError after that."""

    def log_in(self, credentials: t.Sequence[Credential]) -> None:
        """Take what to log in with; asked only of a way that logs in."""

    def facts(self) -> dict[str, t.Any]:
        """What the router says of itself, in as few exchanges as the way allows; asked only of a way that returns text."""
