# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RouterOS's error texts: nothing unknown passes silently."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulators.routeros.router import Router

Fail = Callable[[str], str]
Run = Callable[[str], str]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("foo", "bad command name foo (line 1 column 1)"),
        (":put 1\n/ip foo print", "bad command name foo (line 2 column 5)"),
        ("/nonsense/command", "syntax error (line 1 column 10)"),
        (":put [/system routerboard get serial-number]", "bad command name routerboard (line 1 column 15)"),
        (":break", "bad command name break (line 1 column 2)"),
        ("/metarouter print", "bad command name metarouter (line 1 column 2)"),
        ("/system/resource/print bogus=1", "expected end of command (line 1 column 24)"),
        ("/system note set note= show-at-login=yes", "expected end of command (line 1 column 37)"),
        (":local MAX_ACTIONS 200", "expected end of command (line 1 column 11)"),
        (
            '/ip address add address=192.0.2.1/24 interface=ether1 colour="red"',
            "expected end of command (line 1 column 55)",
        ),
        ("/ip firewall filter add chain=input action=bogus", "syntax error (line 1 column 44)"),
        ("/ip address add address=192.0.2.1/24 disabled=maybe", "syntax error (line 1 column 47)"),
        ("/ip address find where colour=red", "expected end of command (line 1 column 24)"),
        (':put "never closed', "syntax error (line 1 column 6)"),
        (':put "\\q"', "syntax error (line 1 column 7)"),
        (":if (1 = 1) do={ :put 1", "syntax error (line 1 column 24)"),
        (":put (1 + )", "syntax error (line 1 column 11)"),
        (":put a b", "expected end of command (line 1 column 8)"),
    ],
)
def test_a_script_that_cannot_be_read_does_nothing(router: Router, source: str, text: str) -> None:
    result = router.execute("/system identity set name=touched\n" + source)
    moved = text.replace("(line 2", "(line 3").replace("(line 1", "(line 2")
    assert (result.exit_code, result.output) == (-1, moved + "\r\n")
    assert router.identity == "MikroTik"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "/ip address add address=192.0.2.1/24 interface=ether9",
            "input does not match any value of interface (/ip/address/add; line 1)",
        ),
        (
            "/ip address add address=192.0.2.300/24 interface=ether1",
            "invalid value for argument address (/ip/address/add; line 1)",
        ),
        ("/ip address add address=192.0.2.1/24", "missing value(s) of argument(s) interface (/ip/address/add; line 1)"),
        ("/ip address remove *77", "no such item (/ip/address/remove; line 1)"),
        ("/ip address get [find interface=ether1] address", "no such item (/ip/address/get; line 1)"),
        (
            "/ip route add dst-address=192.0.2.7/24 gateway=192.0.2.1",
            "invalid value for argument dst-address (/ip/route/add; line 1)",
        ),
        ("/ip route add dst-address=192.0.2.0/24", "missing value(s) of argument(s) gateway (/ip/route/add; line 1)"),
        ("/ip service set ssh port=70000", "value of port is out of range (0..65535) (/ip/service/set; line 1)"),
        (
            "/interface ethernet set ether1 mac-address=nonsense",
            "invalid value of mac-address, mac address required (/interface/ethernet/set; line 1)",
        ),
        (
            "/interface bridge add name=ether1",
            "failure: already have interface with name ether1 (/interface/bridge/add; line 1)",
        ),
        (
            "/interface ethernet set ether2 name=ether1",
            "failure: already have interface with name ether1 (/interface/ethernet/set; line 1)",
        ),
        ("/user add name=admin group=full", "failure: user with the same name already exists (/user/add; line 1)"),
        ("/user add name=x group=wheel", "input does not match any value of group (/user/add; line 1)"),
        (
            "/system clock set time-zone-name=nowhere",
            "input does not match any value of time-zone-name (/system/clock/set; line 1)",
        ),
        ("/ip service get ssh colour", "invalid value for argument value-name (/ip/service/get; line 1)"),
        (':error "stop here"', "stop here (:error; line 1)"),
        (":put (1 / 0)", "division by zero (:put; line 1)"),
        (':put ("a" + 1)', "cannot add string to integer number (:put; line 1)"),
        (':if ("text") do={}', "conditional not boolean (:if; line 1)"),
        (":return", "missing value(s) of argument(s) value (:return; line 1)"),
        (":set never 1", "undefined variable never (:set; line 1)"),
        ("/import nofile.rsc", "Cannot open import file, file does not exist (:import; line 1)"),
    ],
)
def test_a_command_that_fails_names_itself_and_its_line(fail: Fail, source: str, text: str) -> None:
    assert fail(source) == text
    assert fail("\n\n" + source) == text.replace("line 1)", "line 3)")


def test_a_duplicate_address_is_refused_and_the_lines_before_it_stay(router: Router) -> None:
    line = "/ip address add address=192.0.2.1/24 interface=ether1\n"
    result = router.execute(f":put before\n{line}{line}:put after")
    text = "failure: already have such address (/ip/address/add; line 3)"
    assert (result.exit_code, result.output) == (-1, f"before\r\n{text}\r\n")
    assert router.execute("/ip address print count-only").output == "1\r\n"


def test_an_empty_find_is_no_error_to_set_or_remove(run: Run) -> None:
    run("/ip address set [find interface=ether2] disabled=yes; /ip address remove [find interface=ether2]")


def test_an_import_stops_at_its_error_and_keeps_what_was_done(router: Router) -> None:
    source = "/interface bridge add name=one\\n/interface bridge add name=one\\n/interface bridge add name=two"
    router.execute(f'/file add name=x.rsc contents="{source}"')
    result = router.execute("/import x.rsc")
    text = "failure: already have interface with name one (/interface/bridge/add; line 2)"
    assert (result.exit_code, result.output) == (-1, f"Script Error: {text} (:import; line 1)\r\n")
    assert router.execute("/interface bridge print count-only").output == "1\r\n"


def test_an_import_runs_what_stands_before_a_syntax_error(router: Router) -> None:
    router.execute('/file add name=x.rsc contents="/system identity set name=half\\nnonsense\\n"')
    result = router.execute("/import file-name=x.rsc")
    assert "Script Error: bad command name nonsense (line 2 column 1)" in result.output
    assert router.identity == "half"


def test_a_property_hides_the_variable_of_its_name_inside_a_where(run: Run) -> None:
    assert run(':local name "ether1"; :put [:len [/interface find where name=$name]]') == "2"
    assert run(':local wanted "ether1"; :put [:len [/interface find where name=$wanted]]') == "1"
