# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: what a terminal sees of a login and of commands."""

from __future__ import annotations

import re

import pytest

from tests.simulators.routerboard.accounts import login_allowed
from tests.simulators.routerboard.terminal import TerminalSettings
from tests.unit.routerboard.typist import Typist

PROMPT = "[admin@MikroTik] > "


def logged_in(version: str = "6.49.10", login: str = "admin+ct", width: int = 80, settings: TerminalSettings | None = None) -> Typist:
    """At the prompt, nothing unread."""
    typist = Typist(version, settings or TerminalSettings(licence=False), login, width=width)
    typist.type("\x03\x03")
    typist.read()
    return typist


# Logging in


@pytest.mark.parametrize(
    ("version", "asks"),
    [("3.21", "MikroTik"), ("6.47.10", "MikroTik"), ("6.48.6", "RouterOS"), ("7.1", "RouterOS"), ("7.21.5", "MikroTik")],
)
def test_the_login_question_goes_by_version(version: str, asks: str) -> None:
    shown = Typist(version).read()
    assert shown.endswith(f"\r\n{asks} Login: ")
    assert f"\r\nMikroTik {version}" in shown


def test_a_first_login_asks_about_the_licence_once() -> None:
    settings = TerminalSettings()
    typist = Typist("6.49.10", settings)
    typist.type("admin+ct\r")
    assert typist.type("\r").endswith("Do you want to see the software license? [Y/n]: ")
    assert typist.type("n").endswith(PROMPT)
    typist.type("/quit\r")
    typist.type("admin+ct\r")
    assert "license" not in typist.type("\r")


def test_a_question_that_wants_enter_waits_for_it() -> None:
    typist = Typist("6.49.10", TerminalSettings(questions_want_enter=True))
    typist.type("admin+ct\r")
    typist.type("\r")
    assert typist.type("n") == "n"
    assert typist.type("\r").endswith(PROMPT)


def test_the_terminal_is_asked_what_it_is_and_given_up_if_it_does_not_answer() -> None:
    typist = Typist("6.49.10")
    typist.type("admin\r")
    assert typist.type("\r").endswith("\x1bZ\x1b[6n")
    assert typist.type("") == ""
    typist.patience.wait()
    assert typist.read().endswith("[Y/n]: ")


def test_a_terminal_that_answers_is_not_waited_for_and_its_width_is_used() -> None:
    typist = Typist("6.49.10", TerminalSettings(licence=False), "admin+c")
    typist.read()
    assert typist.type("\x1b[?1;2c") == ""
    shown = typist.type("\x1b[24;132R")
    assert shown.endswith(PROMPT.ljust(131) + "\r" + PROMPT)
    typist.patience.wait()
    assert typist.read() == ""


def test_a_late_answer_of_the_terminal_is_not_typed_into_the_command_line() -> None:
    typist = logged_in()
    assert typist.type("\x1b[24;80R:put 1\r").count("24;80R") == 0


def test_what_is_typed_while_the_terminal_is_asked_is_not_lost() -> None:
    typist = Typist("6.49.10", TerminalSettings(licence=False), "admin")
    typist.type(':put ("A"."B")\r')
    typist.patience.wait()
    assert "\rAB\r\n" in typist.read()


def test_logins_with_console_parameters_are_not_asked_and_get_no_colours() -> None:
    typist = Typist("6.49.10", TerminalSettings(licence=False), "admin+ct")
    assert "\x1b" not in typist.read() + typist.type(":put 1\r")
    assert "\x1b[" in Typist("6.49.10", TerminalSettings(licence=False), "admin+t").read()


def test_a_wrong_password_is_told_and_the_login_asked_again() -> None:
    typist = Typist()
    typist.type("admin\r")
    shown = typist.type("wrong\r")
    assert "Login failed, incorrect username or password" in shown
    assert shown.endswith("Login: ")


def test_passwords_are_never_shown() -> None:
    typist = Typist("7.20.8", TerminalSettings(licence=False))
    shown = typist.type("admin+ct\r") + typist.type("wrong-secret\r") + typist.type("admin+ct\r") + typist.type("\r")
    shown += typist.type("new-secret\r") + typist.type("new-secret\r")
    assert shown.endswith(PROMPT)
    assert "secret" not in shown


def test_a_lost_key_at_the_password_is_made_good_by_pressing_it_again() -> None:
    typist = Typist("6.49.10", TerminalSettings(licence=False, lost_password_keys=1))
    typist.type("admin+ct\r")
    assert typist.type("\r") == ""
    assert typist.type("\r").endswith(PROMPT)


def test_an_admin_without_password_is_asked_for_one_since_7_1() -> None:
    typist = Typist("7.20.8", TerminalSettings(licence=False), "admin+ct")
    assert typist.read().endswith("new password> ")
    assert typist.type("secret\r").endswith("repeat new password> ")
    assert typist.type("other\r").endswith("\r\nnew password> ")
    typist.type("secret\r")
    assert typist.type("secret\r").endswith(PROMPT)
    assert login_allowed(typist.router, "admin", "secret") == "admin"
    assert Typist("6.49.10", TerminalSettings(licence=False), "admin+ct").read().endswith(PROMPT)


def test_ctrl_c_skips_the_new_password() -> None:
    typist = Typist("7.20.8", TerminalSettings(licence=False), "admin+ct")
    assert typist.type("\x03").endswith(PROMPT)
    assert login_allowed(typist.router, "admin", "") == "admin"


# The command line


def test_a_command_is_echoed_and_redrawn_before_its_output() -> None:
    shown = logged_in().type(':put ("A"."B")\r')
    command = ':put ("A"."B")'
    assert shown == f"{command}\r{PROMPT}{command}\r\n\rAB\r\n\r\n\r\r\r\r{PROMPT.ljust(79)}\r{PROMPT}"


def test_crlf_is_two_lines() -> None:
    assert logged_in().type(":put 1\r\n").count(f"\r{PROMPT}".rstrip()) == logged_in().type(":put 1\r\r").count(f"\r{PROMPT}".rstrip())
    assert logged_in().type(":put 1\r\n").count("\r\r\r\r") == 2


def test_a_long_line_is_scrolled_in_its_redraw_and_run_whole() -> None:
    typist = logged_in()
    text = "".join(chr(65 + index % 26) for index in range(100))
    shown = typist.type(f':global long "{text}"\r')
    redraw = re.findall(r"\r(\[admin@MikroTik\] > <[^\r]*)\r\n", shown)
    assert len(redraw[0]) == 79
    assert "\r100\r\n" in typist.type(":global long; :put [:len $long]\r")


def test_output_is_broken_at_the_width_unless_the_login_asks_for_more() -> None:
    line = ':put "' + "x" * 200 + '"\r'
    assert "x" * 80 + "\r\n" + "x" * 80 + "\r\n" + "x" * 40 + "\r\n" in logged_in().type(line)
    assert "x" * 200 + "\r\n" in logged_in(login="admin+cet1024w").type(line)


def test_errors_have_routeros_words_and_no_place_in_a_script() -> None:
    typist = logged_in()
    assert "\rbad command name foo (line 1 column 2)\r\n" in typist.type("/foo\r")
    again = [typist.type("/interface bridge add name=b\r") for dummy in range(2)][1]
    assert re.search(r"\rfailure: already have interface with [^(]*\r\n", again)
    assert "line 1" not in again


@pytest.mark.parametrize(("version", "menu"), [("6.49.10", "/ip address"), ("7.20.8", "/ip/address")])
def test_menus_are_entered_and_left(version: str, menu: str) -> None:
    typist = logged_in(version)
    assert typist.type("/ip address\r").endswith(f"[admin@MikroTik] {menu}> ")
    typist.type("add address=192.0.2.1/24 interface=ether1\r")
    assert "192.0.2.1/24" in typist.type("print\r")
    assert "bad command name foo (line 1 column 1)" in typist.type("foo\r")
    assert typist.type("..\r").endswith("[admin@MikroTik] /ip> ")
    assert typist.type("/\r").endswith(PROMPT)
    assert typist.router.table("/ip/address").items()


def test_the_prompt_shows_the_new_identity() -> None:
    assert logged_in().type("/system identity set name=Client1\r").endswith("[admin@Client1] > ")


def test_text_in_any_language_passes_through() -> None:
    typist = logged_in()
    assert typist.type("/system identity set name=Zürich\r").endswith("[admin@Zürich] > ")
    assert typist.router.identity == "Zürich"


def test_editing_keys() -> None:
    typist = logged_in()
    assert "\r12\r\n" in typist.type("garbage\x15:put 199\x7f\x082\r")
    assert typist.type("half a line\x03").endswith(PROMPT)
    assert "\r3\r\n" in typist.type(":put 3\r")


@pytest.mark.parametrize(("version", "asks"), [("6.49.10", True), ("7.20.8", False)])
def test_a_question_mark_asks_for_help_before_7_unless_escaped(version: str, asks: bool) -> None:
    typist = logged_in(version)
    assert ("\ra?b\r\n" in typist.type(':put "a?b"\r')) is not asks
    typist.type("\x03")
    assert "\ra?b\r\n" in typist.type(':put "a\\?b"\r')


def test_ctrl_c_leaves_a_command_that_runs_and_what_is_typed_meanwhile_waits() -> None:
    typist = logged_in()
    typist.patience.lazy = True
    typist.type(":put late\r")
    assert typist.type(":put 2\r") == ""
    assert typist.type("\x03:put 3\r").count(PROMPT.rstrip()) >= 2
    typist.patience.finish()
    shown = typist.read()
    assert "late" not in shown
    assert "\r2\r\n" not in shown
    assert "\r3\r\n" in shown


def test_quit_and_ctrl_d_end_the_session() -> None:
    for keys in ("/quit\r", "quit\r", "\x04"):
        typist = logged_in()
        typist.type(keys)
        assert typist.logouts == 1
        assert typist.type(":put 1\r") == ""
    typist = logged_in()
    typist.type("x\x04")
    assert typist.logouts == 0


def test_a_restart_is_asked_about() -> None:
    typist = logged_in()
    assert typist.type("/system reboot\r").endswith("Reboot, yes? [y/N]: ")
    assert typist.type("n").endswith(PROMPT)
    typist.type("/system reboot\r")
    typist.type("y")
    assert typist.platform.power == ["reboot"]


def test_many_pasted_lines_are_all_run() -> None:
    typist = logged_in(login="admin+ct1024w")
    typist.type("".join(f":global last {index}\r" for index in range(30)) + "\r" * 1000)
    assert "\r29\r\n" in typist.type(":global last; :put $last\r")
