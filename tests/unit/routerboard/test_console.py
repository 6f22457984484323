# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's serial line and the prefix key. The line outlives its attachments, as a real one does."""

from __future__ import annotations

import threading

import pytest

from tests.simulators.routerboard.console import (
    BUSY,
    ENTERED,
    LEFT,
    MENU,
    POWERED_OFF,
    Attachment,
    ConsoleLine,
    ConsoleSession,
    LineSettings,
)
from tests.simulators.routerboard.terminal import TerminalSettings
from tests.simulators.routeros.errors import RouterError
from tests.unit.routerboard.one_guest import Guest


class Screen:
    """What one terminal shows."""

    def __init__(self) -> None:
        self.text = ""
        self._changed = threading.Condition()

    def send(self, data: bytes) -> None:
        with self._changed:
            self.text += data.decode()
            self._changed.notify_all()

    def wait_for(self, text: str) -> str:
        """What was shown up to the end of that text; it is taken off the screen."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.text, 10), self.text
            shown, self.text = self.text[: self.text.index(text) + len(text)], self.text.split(text, 1)[1]
            return shown


class Held:
    """`/metarouter console` on a line."""

    def __init__(self, line: ConsoleLine) -> None:
        self.screen = Screen()
        self.ended = 0
        self.session = ConsoleSession(line, self.screen.send, self._end)

    def _end(self) -> None:
        self.ended += 1

    def type(self, text: str, answer: str) -> str:
        assert self.session.feed(text.encode()) is None
        return self.screen.wait_for(answer)


def log_in(held: Held) -> None:
    held.type("admin+ct\r", "Password: ")
    held.type("\r", "[Y/n]: ")
    held.type("n", "[admin@MikroTik] > ")


@pytest.fixture
def guest() -> Guest:
    guest = Guest("6.47.10")
    guest.start()
    return guest


def attach(line: ConsoleLine) -> Attachment:
    return line.attach(lambda data: None)


def test_the_first_terminal_sees_the_guest_boot(guest: Guest) -> None:
    held = Held(guest.line)
    assert held.screen.wait_for("MikroTik Login: ").startswith(ENTERED + "\r\nStarting services...\r\n\r\nMikroTik 6.47.10")


def test_a_line_that_keeps_nothing_shows_nothing_until_a_key_is_pressed() -> None:
    guest = Guest("6.47.10", LineSettings(keeps_unread=False))
    guest.start()
    held = Held(guest.line)
    assert held.screen.text == ENTERED
    held.type("\r", "MikroTik Login: ")


def test_who_was_logged_in_still_is_when_the_next_one_comes(guest: Guest) -> None:
    first = Held(guest.line)
    log_in(first)
    first.type("/ip address\r", "[admin@MikroTik] /ip address> ")
    first.session.feed(b"half a li\x01q")
    second = Held(guest.line)
    assert second.screen.wait_for("key]\r\n\r\n") == ENTERED
    assert second.type("ne\r", "bad command name") == "ne\r[admin@MikroTik] /ip address> half a line\r\n\rbad command name"


def test_a_terminal_that_vanishes_frees_the_line(guest: Guest) -> None:
    held = Held(guest.line)
    assert guest.line.held
    held.session.close()
    attach(guest.line)


def test_a_line_has_one_holder(guest: Guest) -> None:
    attachment = attach(guest.line)
    with pytest.raises(RouterError, match=BUSY):
        Held(guest.line)
    attachment.detach()
    late = Held(guest.line)
    attachment.detach()
    assert guest.line.held
    late.session.close()
    assert not guest.line.held


@pytest.mark.parametrize("key", ["q", "Q"])
def test_q_leaves_and_gives_back_what_was_typed_after_it(guest: Guest, key: str) -> None:
    held = Held(guest.line)
    held.screen.wait_for("Login: ")
    assert held.session.feed(b"\x01" + key.encode() + b"/quit\r") == b"/quit\r"
    assert held.screen.text == MENU + LEFT
    assert not guest.line.held


def test_other_keys_after_the_prefix(guest: Guest) -> None:
    held = Held(guest.line)
    log_in(held)
    held.type("\x01B", MENU)
    assert guest.line.breaks == 1
    held.type("\x01R", MENU)
    held.type("\x01x", MENU)
    held.type(":put 1\r", "\r1\r\n")


def test_a_literal_ctrl_a_reaches_the_guest() -> None:
    class Listening(ConsoleLine):
        def type(self, data: bytes) -> None:
            typed.append(data)

    typed: list[bytes] = []
    session = ConsoleSession(Listening(), lambda data: None, lambda: None)
    session.feed(b"a\x01Ab")
    assert b"".join(typed) == b"a\x01b"


def test_the_line_of_a_guest_that_goes_off_says_so_and_falls_silent(guest: Guest) -> None:
    held = Held(guest.line)
    log_in(held)
    guest.line.power_off()
    held.screen.wait_for(POWERED_OFF)
    assert held.session.feed(b":put 1\r") is None
    assert held.screen.text == ""
    assert held.ended == 0
    guest.start()
    held.screen.wait_for("Starting services...")
    held.screen.wait_for("Login: ")
    held.type("admin+ct\r", "Password: ")
    assert "license" not in held.type("\r", "[admin@MikroTik] > ")


def test_a_line_may_throw_its_terminal_out() -> None:
    guest = Guest("6.47.10", LineSettings(ends_attachment=True))
    guest.start()
    held = Held(guest.line)
    guest.line.power_off()
    held.screen.wait_for(POWERED_OFF + LEFT)
    assert held.ended == 1
    assert not guest.line.held


def test_a_command_that_takes_its_time_can_be_left_alone() -> None:
    """Ctrl-A works while the guest is busy, and the next terminal gets its output."""
    guest = Guest("6.47.10", LineSettings(TerminalSettings(licence=False)))
    guest.start()
    held = Held(guest.line)
    held.type("admin+ct\r", "Password: ")
    held.type("\r", "[admin@MikroTik] > ")
    with guest.router.lock:
        held.type(":put (1+1)\r", ":put (1+1)\r\n")
        assert held.session.feed(b"\x01Q") == b""
    Held(guest.line).screen.wait_for("\r2\r\n")
