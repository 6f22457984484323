# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialogue machine on consoles written down: what came, what is typed, in pieces of any size."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import GuestError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.console import (
    INTERRUPT,
    PLAIN_TERMINAL,
    SILENCE,
    Result,
    Screen,
    Session,
    SilentError,
    Talk,
    log_in,
    log_out,
    run_command,
)
from ansible_collections.vrouter.mikrotik.plugins.module_utils._routeros.way import Credential
from hypothesis import given
from hypothesis import strategies as st

PROMPT = "\r\n[admin@MikroTik] > "
NEW = Credential("admin", "a new password")
FACTORY = Credential("admin")
NAME = f"admin{PLAIN_TERMINAL}\r"
SILENT = None  # nothing comes
PATIENCE = 20.0  # seconds
WHOLE = (1 << 20,)

Answers = t.Sequence["str | None"]


def hold(talk: Talk[Result], answers: Answers, sizes: t.Sequence[int] = WHOLE) -> tuple[Result, list[str]]:
    """The end of a dialogue with a console that says so, and all that was typed. Its bytes come in pieces of these sizes, over and over."""
    screen, typed = Screen(), []
    heard = [piece for answer in answers for piece in (cut(answer, sizes) if answer is not None else [SILENT])]
    expect = next(talk)
    while True:
        if expect.send:
            typed.append(expect.send)
        match = screen.take(expect.patterns)
        while match is None:
            piece = heard.pop(0)
            if piece is None:
                break
            screen.feed(piece)
            match = screen.take(expect.patterns)
        try:
            expect = talk.send(match)
        except StopIteration as end:
            return end.value, typed


def cut(text: str, sizes: t.Sequence[int]) -> list[bytes]:
    data = text.encode()
    pieces: list[bytes] = []
    for size in itertools.cycle(sizes):
        if not data:
            return pieces
        pieces.append(data[:size])
        data = data[size:]
    raise AssertionError("no sizes")


V3 = "\r\nStarting services...\r\n\r\nMikroTik 3.21\r\nMikroTik Login: "
V648 = "\r\nRouterOS Login: "
V7 = "\r\nMikroTik 7.20.8 (long-term)\r\nMikroTik Login: "
NAMED = "admin+cet1024w\r\nPassword: "
WELCOME = "\r\n\r\n  MikroTik RouterOS 3.21 (c) 1999-2009       http://www.mikrotik.com/\r\n\r\n" + PROMPT
LICENCE = "\r\nDo you want to see the software license? [Y/n]: "
CHANGE = "n\r\nChange your password\r\n\r\nnew password> "
REPEAT = "**********\r\nrepeat new password> "
CHANGED = "**********\r\n\r\nPassword changed" + PROMPT
REFUSED = "\r\nLogin failed, incorrect username or password\r\n\r\nMikroTik Login: "

Sizes = st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("answers", "typed", "set_there"),
    [
        ([V3, SILENT, NAMED, WELCOME], ["\r"], False),
        ([V3, SILENT, NAMED, LICENCE, "n" + WELCOME], ["\r", "n"], False),
        ([V648, SILENT, NAMED, PROMPT], ["\r"], False),
        ([V7, SILENT, NAMED, LICENCE, CHANGE, REPEAT, CHANGED], ["\r", "n", "a new password\r", "a new password\r"], True),
    ],
)
@given(Sizes)
def test_every_version_is_logged_into(answers: Answers, typed: list[str], set_there: bool, sizes: list[int]) -> None:
    for pieces in (sizes, [1], WHOLE):
        session, keys = hold(log_in([FACTORY], "a new password", PATIENCE), answers, pieces)
        assert session == Session("routeros", "[admin@MikroTik] >", 0, set_there)
        assert keys == [INTERRUPT, NAME, *typed]


def test_a_question_for_a_password_that_nobody_gave_is_left_unanswered() -> None:
    session, keys = hold(log_in([FACTORY], None, PATIENCE), [V7, SILENT, NAMED, LICENCE, CHANGE, PROMPT])
    assert keys[-1] == INTERRUPT
    assert not session.password_set


def test_credentials_are_tried_in_their_order() -> None:
    session, keys = hold(log_in([NEW, FACTORY], None, PATIENCE), [V3, SILENT, NAMED, REFUSED, NAMED, PROMPT])
    assert session.credential == 1
    assert keys == [INTERRUPT, NAME, "a new password\r", NAME, "\r"]


def test_when_none_works_the_error_tells_which_were_tried_and_no_password() -> None:
    with pytest.raises(GuestError, match=r"refuses every login \(found: tried admin with a password, admin without password\)") as caught:
        hold(log_in([NEW, FACTORY], None, PATIENCE), [V3, SILENT, NAMED, REFUSED, NAMED, REFUSED])
    assert NEW.password not in str(caught.value)


def test_a_lost_key_is_pressed_again() -> None:
    session, keys = hold(log_in([FACTORY], None, PATIENCE), [V3, SILENT, NAMED, SILENT, PROMPT])
    assert keys == [INTERRUPT, NAME, "\r", "\r"]
    assert session.credential == 0


@pytest.mark.parametrize("left", ["/ip address> ", "ip address> ", "/ip/address> ", "> ", "<SAFE> ", "/ip address<SAFE> "])
def test_whoever_is_logged_in_is_logged_out_first(left: str) -> None:
    answers = [f"\r\n[guest@Client1] {left}", SILENT, "\r\n\r\nMikroTik Login: ", NAMED, PROMPT]
    session, keys = hold(log_in([FACTORY], None, PATIENCE), answers)
    assert keys == [INTERRUPT, "/quit\r", NAME, "\r"]
    assert session.credential == 0


def test_a_guest_that_boots_slowly_is_waited_for_and_a_silent_one_given_up() -> None:
    silences = [SILENT] * 15
    session, dummy = hold(log_in([FACTORY], None, 16 * SILENCE), [*silences, V3, NAMED, PROMPT])
    assert session.credential == 0
    with pytest.raises(SilentError, match="does not answer"):
        hold(log_in([FACTORY], None, PATIENCE), silences)


def test_a_login_that_goes_round_in_circles_is_given_up() -> None:
    with pytest.raises(GuestError, match="does not come to an end"):
        hold(log_in([FACTORY], None, PATIENCE), [V3, SILENT, NAMED, *[LICENCE] * 100])


@given(Sizes)
def test_an_openwrt_is_recognised(sizes: list[int]) -> None:
    banner = "\r\nBusyBox v1.19.4 built-in shell (ash)\r\n\r\nroot@OpenWrt:/# "
    answers = ["\r\nPlease press Enter to activate this console.", SILENT, banner]
    session, keys = hold(log_in([FACTORY], None, PATIENCE), answers, sizes)
    assert session == Session("openwrt", "root@OpenWrt:/#", None)
    assert keys == [INTERRUPT, "\r"]


@pytest.mark.parametrize("prompt", ["root@metarouter:~# ", "/ # ", "root@OpenWrt:/etc/config# "])
def test_an_openwrt_that_wants_a_login_gets_the_plain_name(prompt: str) -> None:
    answers = ["\r\nOpenWrt login: ", SILENT, "root\r\nPassword: ", "\r\n" + prompt]
    session, keys = hold(log_in([Credential("root", "its password")], None, PATIENCE), answers)
    assert session == Session("openwrt", prompt.strip(), 0)
    assert keys == [INTERRUPT, "root\r", "its password\r"]


def test_leaving_ends_what_runs_and_logs_out_whether_somebody_answers_or_not() -> None:
    for answers in ([PROMPT, "\r\nMikroTik Login: "], [SILENT, SILENT]):
        dummy, keys = hold(log_out("routeros"), answers)
        assert keys == [INTERRUPT, "/quit\r"]


@given(Sizes)
def test_a_terminals_questions_are_answered_and_colours_dropped(sizes: list[int]) -> None:
    screen = Screen()
    assert "".join(map(screen.feed, cut("\x1bZ\x1b[6n", sizes))) == "\x1b[?1;2c\x1b[24;80R"
    for piece in cut("\x1b[m\x1b[35m[admin\x1b[m@MikroTik] > \x1b[K", sizes):
        screen.feed(piece)
    assert screen.text == "[admin@MikroTik] > "


def echo(text: str) -> str:
    """As RouterOS shows a typed line: key by key, and once more after Enter."""
    return f"{text}\r[admin@MikroTik] > {text}\r\n\r"


def answered(output: str, fine: bool = True) -> list[str]:
    line = echo(':put 1; :put ("vrouter"."5fine")')
    marker = "vrouter5fine\r\n" if fine else ""
    return [f"{line}{output}{marker}\r\r\r\r[admin@MikroTik] >   \r[admin@MikroTik] > ", echo(':put ("vrouter"."5end")') + "vrouter5end\r\n" + PROMPT]


@given(Sizes, st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=30), max_size=4))
def test_output_comes_back_as_it_was_printed_in_pieces_of_any_size(sizes: list[int], lines: list[str]) -> None:
    lines = [line.replace("\u2028", " ").replace("\u2029", " ").replace("\x85", " ") for line in lines]
    ended, dummy = hold(run_command("routeros", ":put 1", 5), answered("".join(f"{line}\r\n" for line in lines)), sizes)
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


def test_a_prompt_that_an_earlier_command_left_is_not_taken_for_this_ones() -> None:
    screen = Screen()
    screen.feed(PROMPT.encode())
    expect = next(run_command("routeros", ":put 1", 5))
    assert screen.take(expect.patterns) is None
    screen.feed(answered("1\r\n")[0].encode())
    assert screen.take(expect.patterns) is not None


def test_a_command_that_asks_a_question_fails_with_it() -> None:
    line = echo('/system reboot; :put ("vrouter"."5fine")')
    with pytest.raises(GuestError, match=r"asks a question.*Reboot, yes\? \[y/N\]:"):
        hold(run_command("routeros", "/system reboot", 5), [line + "Reboot, yes? [y/N]: ", SILENT])


def test_an_openwrt_command_is_as_good_as_its_exit_status() -> None:
    def shown(status: int) -> list[str]:
        line = f'false; echo "vrouter"5fine=$?\r\nvrouter5fine={status}\r\nroot@OpenWrt:/# '
        return [line, 'echo "vrouter"5end\r\nvrouter5end\r\nroot@OpenWrt:/# ']

    assert [hold(run_command("openwrt", "false", 5), shown(status))[0].exit_code for status in (0, 1)] == [0, -1]
