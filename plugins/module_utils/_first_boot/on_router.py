# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first-boot script on one router: run by one of all runs that want it, and followed by its record where answers are lost (private)."""

from __future__ import annotations

import secrets
import typing as t

from .._core.errors import GuestError, LostError, RefusedError, UnsupportedError
from .._core.waiting import Deadline
from .._guests.files import mover
from .._routeros.script import EXIT_FAILED, Script, ScriptError, insist, run
from .._routeros.way import Way
from . import record
from .kept import AGAIN, READING, Asker, Keeper, Reader
from .record import Hold, Kept
from .script import DONE_LINE, Run, end_script, key_files, script
from .wanted import FirstBoot, content_hash, reachable

LOOK: t.Final = 0.2  # seconds between the first two looks at a router where another run is at work
SLOWEST_LOOK: t.Final = 2.0  # seconds


class OnRouter:
    """The way to one router's records, and to its first boot."""

    def __init__(self, way: Way, wanted: FirstBoot, guest_uuid: str, progress: t.Callable[[str], None], *, check_mode: bool) -> None:
        self._way = way
        self._wanted = wanted
        self._uuid = guest_uuid
        self._progress = progress
        self._keeper: Keeper = Reader(way, wanted) if way.returns_text else Asker(way, wanted, guest_uuid, check_mode)
        self.waited = False  # for another run, which may have changed the guest

    def read(self) -> Kept:
        """What first boot keeps on the router."""
        return self._keeper.read()

    def settled(self) -> Kept:
        """The same once no other run is at work. A hold that is still there after the script's time was left by a run that was cut off."""
        kept = self.read()
        while kept.hold is not None:
            self.waited = True
            self._progress("waiting for the first boot that another run began")
            held, kept = kept.hold, self._later(kept)
            if kept.hold == held:
                self._do("first boot that was cut off", record.mark_cut(held))
                kept = self.read()
        return kept

    def _later(self, kept: Kept) -> Kept:
        """What is kept once the run that held it does so no more, or when its time is over."""
        held = kept.hold
        for dummy in Deadline(self._wanted.timeout).looks(LOOK, SLOWEST_LOOK):
            kept = self.read()
            if kept.hold != held:
                break
        return kept

    def _do(self, name: str, source: str) -> None:
        """Run statements that may be run twice."""
        script = Script(name, source, READING, remedy=AGAIN)
        insist(self._way, lambda: run(self._way, script), self._wanted.timeout)

    def run_once(self, kept: Kept) -> None:
        """Bring the script to its end, once. Where another run does it meanwhile, that one's end counts."""
        deadline = Deadline(self._wanted.timeout)
        while not self._done(kept):
            self.refuse(kept)
            for file, content in key_files(self._wanted).items():
                mover(self._way).write(file, content)
            attempt = self._attempt(kept)
            try:
                self._hand_over(attempt)
                return
            except ScriptError as error:
                kept = self._after_error(attempt, error)
            except LostError as error:
                kept = self._after_loss(deadline, error)

    def _attempt(self, kept: Kept) -> Run:
        first = kept.record is None or kept.record.uuid != self._uuid
        before = kept.record.settings if kept.record else {}
        return Run(secrets.token_hex(4), self._uuid, first, before, kept.cut, whole=self._way.returns_text)

    def _hand_over(self, attempt: Run) -> None:
        """Run the script to its proven end: its last line, or where no text comes back, the record that it wrote."""
        source = script(self._wanted, attempt)
        run(self._way, Script("first boot", source, self._wanted.timeout, marker=DONE_LINE))
        if not self._way.returns_text and not self._done(self.read()):
            raise LostError("script first boot: its end is unknown, its record is not on the router", remedy=AGAIN)

    def _done(self, kept: Kept) -> bool:
        found = kept.record
        if found is None or found.uuid != self._uuid or (kept.hold, kept.cut) != (None, None):
            return False
        return found.content == content_hash(reachable(self._wanted, found.settings))

    def refuse(self, kept: Kept) -> None:
        """Raise what speaks against running the script.

        UnsupportedError where it needs files and none move; RefusedError where a script of the user's began, nobody knows how it ended, and
        nobody said that it may run again.
        """
        if self._way.files is None and key_files(self._wanted):
            raise UnsupportedError(
                f"users: RouterOS 6 takes SSH keys as files only, and {self._way.name} moves none",
                remedy="Give the users passwords, leave ssh_keys out, and add the keys over the API or SSH",
            )
        unknown = [name for name in kept.unknown_scripts() if not self._wanted.may_run_again(name)]
        if unknown:
            raise RefusedError(
                f"how the first-boot script {', '.join(unknown)} ended is unknown: it began, and was cut off or still runs",
                remedy="Look at what it did on the router, then name it in chr_first_boot_scripts_again, or say repeatable: true for it",
            )

    def _after_error(self, attempt: Run, error: ScriptError) -> Kept:
        """The router's records after a script that ended with an error: raises it, unless it was only that another run was quicker."""
        kept = self._keeper.read(attempt.id)
        if kept.hold not in (None, Hold(attempt.id)):
            return self.settled()
        if self._done(kept):
            return kept
        mine = [name for name, item in kept.scripts.items() if (item.state, item.run) == (record.BEGUN, attempt.id)]
        failed = mine if error.exit_code == EXIT_FAILED else []  # what RouterOS's time limit ended was cut off
        self._do("end of first boot", end_script(self._wanted, attempt.id, failed))
        if not mine:
            raise error
        raise GuestError(f"{error.problem}, in its script {', '.join(mine)}", found=error.found, remedy=error.remedy) from error

    def _after_loss(self, deadline: Deadline, error: LostError) -> Kept:
        """The router's records after an answer was lost: whether the script began, and how it ended, is read there. Raises what stays unknown."""
        self._progress("looking for the end of its first boot: an answer was lost")
        for dummy in deadline.looks(LOOK, SLOWEST_LOOK):
            kept = self.read()
            if self._done(kept) or (kept.hold is None and not deadline.passed):
                return kept
        raise GuestError("how first boot ended is unknown, it may still run on the router", found=str(error), remedy=AGAIN) from error
