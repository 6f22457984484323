# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogue machine on consoles written down: what came, what is typed, in pieces of any size."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._errors import GuestError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.console import (
    INTERRUPT,
    PLAIN_TERMINAL,
    Credential,
    Result,
    Screen,
    Session,
    Talk,
    log_in,
    run_command,
)
from hypothesis import given
from hypothesis import strategies as st

PROMPT = "\r\n[admin@MikroTik] > "
NEW = Credential("admin", "a new password")
FACTORY = Credential("admin")
NAME = f"admin{PLAIN_TERMINAL}\r"
SILENT = None  # nothing comes


def hold(talk: Talk[Result], answers: t.Sequence[str | None], size: int = 0) -> tuple[Result, list[str]]:
    """The end of a dialogue with a console that answers so, and all that was typed. `size` is that of the pieces in which bytes come."""
    screen, typed = Screen(), []
    heard = iter(answers)
    expect = next(talk)
    while True:
        if expect.send:
            typed.append(expect.send)
        match = screen.take(expect.patterns)
        while match is None:
            answer = next(heard)
            if answer is None or not expect.patterns:
                if answer is not None:
                    feed(screen, answer, size)
                break
            feed(screen, answer, size)
            match = screen.take(expect.patterns)
        try:
            expect = talk.send(match)
        except StopIteration as end:
            return end.value, typed


def feed(screen: Screen, text: str, size: int) -> str:
    data = text.encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)] if size else [data]
    return "".join(screen.feed(piece) for piece in pieces)


V3 = ["\r\nStarting services...\r\n\r\nMikroTik 3.21\r\nMikroTik Login: ", "admin\r\nPassword: ", "\r\n\r\n  MikroTik RouterOS 3.21" + PROMPT]
LICENCE = [*V3[:2], "\r\nDo you want to see the software license? [Y/n]: ", "n" + PROMPT]
V648 = ["\r\nRouterOS Login: ", "admin\r\nPassword: ", PROMPT]
V7 = [
    "\r\nMikroTik 7.20.8 (long-term)\r\nMikroTik Login: ",
    "admin+cet1024w\r\nPassword: ",
    "\r\nDo you want to see the software license? [Y/n]: ",
    "\r\nChange your password\r\n\r\nnew password> ",
    "**********\r\nrepeat new password> ",
    "**********\r\n\r\nPassword changed" + PROMPT,
]


@pytest.mark.parametrize("size", [0, 1, 3])
@pytest.mark.parametrize(
    ("answers", "typed"),
    [
        (V3, [INTERRUPT, NAME, "\r"]),
        (LICENCE, [INTERRUPT, NAME, "\r", "n"]),
        (V648, [INTERRUPT, NAME, "\r"]),
        (V7, [INTERRUPT, NAME, "\r", "n", "a new password\r", "a new password\r"]),
    ],
)
def test_every_version_is_logged_into(answers: list[str], typed: list[str], size: int) -> None:
    session, keys = hold(log_in([FACTORY], "a new password"), answers, size)
    assert session == Session("routeros", "[admin@MikroTik] >", 0, answers is V7)
    assert keys == typed


def test_a_question_for_a_password_that_nobody_gave_is_left_unanswered() -> None:
    session, keys = hold(log_in([FACTORY], None), [*V7[:4], PROMPT])
    assert keys[-1] == INTERRUPT
    assert not session.password_set


def test_credentials_are_tried_in_their_order() -> None:
    refused = "\r\nLogin failed, incorrect username or password\r\n\r\nMikroTik Login: "
    session, keys = hold(log_in([NEW, FACTORY], None), [V3[0], V3[1], refused, V3[1], PROMPT])
    assert session.credential == 1
    assert keys == [INTERRUPT, NAME, "a new password\r", NAME, "\r"]


def test_when_none_works_the_error_tells_which_were_tried_and_no_password() -> None:
    refused = "\r\nLogin failed, incorrect username or password\r\n\r\nMikroTik Login: "
    with pytest.raises(GuestError, match=r"refuses every login \(found: tried admin with a password, admin without password\)") as caught:
        hold(log_in([NEW, FACTORY], None), [V3[0], V3[1], refused, V3[1], refused])
    assert NEW.password not in str(caught.value)


def test_a_lost_key_is_pressed_again() -> None:
    session, keys = hold(log_in([FACTORY], None), [V3[0], V3[1], SILENT, PROMPT])
    assert keys == [INTERRUPT, NAME, "\r", "\r"]
    assert session.credential == 0


def test_whoever_is_logged_in_is_logged_out_first() -> None:
    session, keys = hold(log_in([FACTORY], None), ["\r\n[guest@Client1] /ip address> ", "\r\n\r\nMikroTik Login: ", V3[1], PROMPT])
    assert keys == [INTERRUPT, "/quit\r", NAME, "\r"]
    assert session.credential == 0


def test_a_console_that_stays_silent_is_given_up() -> None:
    with pytest.raises(GuestError, match="does not answer"):
        hold(log_in([FACTORY], None), [SILENT] * 40)


def test_an_openwrt_is_recognised() -> None:
    banner = "\r\nBusyBox v1.19.4 built-in shell (ash)\r\n\r\nroot@OpenWrt:/# "
    session, keys = hold(log_in([FACTORY], None), ["\r\nPlease press Enter to activate this console.", banner])
    assert session == Session("openwrt", "root@OpenWrt:/#", None)
    assert keys == [INTERRUPT, "\r"]


def test_a_terminals_questions_are_answered_and_colours_dropped() -> None:
    screen = Screen()
    assert feed(screen, "\x1bZ\x1b[6n", 1) == "\x1b[?1;2c\x1b[24;80R"
    feed(screen, "\x1b[m\x1b[35m[admin\x1b[m@MikroTik] > \x1b[K", 2)
    assert screen.text == "[admin@MikroTik] > "


def echo(text: str) -> str:
    """As RouterOS shows a typed line: key by key, and once more after Enter."""
    return f"{text}\r[admin@MikroTik] > {text}\r\n\r"


def answered(output: str, fine: bool = True) -> list[str]:
    line = echo(':put 1; :put ("vrouter"."5fine")')
    marker = "vrouter5fine\r\n" if fine else ""
    return [f"{line}{output}{marker}\r\r\r\r[admin@MikroTik] >   \r[admin@MikroTik] > ", echo(':put ("vrouter"."5end")') + "vrouter5end\r\n" + PROMPT]


@given(st.integers(min_value=0, max_value=40), st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=30), max_size=4))
def test_output_comes_back_as_it_was_printed_in_pieces_of_any_size(size: int, lines: list[str]) -> None:
    lines = [line.replace("\u2028", " ").replace("\u2029", " ").replace("\x85", " ") for line in lines]
    ended, dummy = hold(run_command("routeros", ":put 1", 5), answered("".join(f"{line}\r\n" for line in lines)), size)
    assert ended.exit_code == 0
    assert ended.output == "\n".join(lines).strip("\n")


def test_a_command_without_its_marker_has_failed() -> None:
    ended, typed = hold(run_command("routeros", ":put 1", 5), answered("bad command name nonsense (line 1 column 1)\r\n", fine=False))
    assert (ended.exit_code, ended.output) == (-1, "bad command name nonsense (line 1 column 1)")
    assert typed == [':put 1; :put ("vrouter"."5fine")\r', ':put ("vrouter"."5end")\r']


def test_a_prompt_within_the_output_does_not_end_it() -> None:
    first, second = answered("")
    head, tail = first.split("vrouter5fine\r\n")
    ended, dummy = hold(run_command("routeros", ":put 1", 5), [head + "[admin@MikroTik] > ", "\r\nand more\r\nvrouter5fine\r\n" + tail + second])
    assert (ended.exit_code, ended.output) == (0, "and more")
