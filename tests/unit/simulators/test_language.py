# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripting language: what a script prints."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.routeros.memory_platform import MemoryPlatform
from tests.simulators.routeros.router import Router

Run = Callable[[str], str]


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        (':put "a\\"b\\\\c\\$d\\_e\\41"', 'a"b\\c$d eA'),
        (':put "one\\r\\ntwo"', "one\ntwo"),
        (':local n "x"; :put "$n $[:len "abc"] $($n . "!")"', "x 3 x!"),
        (':put ("a" . \\\n  "b")', "ab"),
        (":put (\n1 +\n2\n)", "3"),
        (':put "con\\\n    tinued"', "continued"),
        (":put (7 / 2 . 7 % 2)", "31"),
        (":put (1 + 2 * 3)", "7"),
        (":put ((1 + 2) * 3 - -1)", "10"),
        (":put (6 & 3 . 6 | 3 . 6 ^ 3)", "275"),
        (":put (1 << 4 >> 1)", "8"),
        (":put (1 < 2 && 2 >= 2 and !false || false)", "true"),
        (':put ("edge1" ~ "^edge[0-9]+\\$")', "true"),
        (":put (192.0.2.9 in 192.0.2.0/24)", "true"),
        (":put (192.0.2.1 + 5)", "192.0.2.6"),
        (":put (00:01:00 + 30s)", "00:01:30"),
        (":put (1d2h3m4s)", "1d02:03:04"),
        (":put ({1;2} , 3)", "1;2;3"),
        (':local a {1;"k"="v";2}; :put ($a->"k"); :put ($a->1); :put [:len $a]', "v\n2\n3"),
        (':local a {"k"={"n"=1}}; :put ($a->"k"->"n")', "1"),
        (':local a {"k"=1}; :set ($a->"k") 2; :set ($a->"j") 3; :put $a', "j=3;k=2"),
        (':foreach k,v in={"b"=1;"a"=2;9} do={ :put "$k:$v" }', "0:9\na:2\nb:1"),
        (":for i from=1 to=5 step=2 do={ :put $i }", "1\n3\n5"),
        (":for i from=3 to=1 do={ :put $i }", "3\n2\n1"),
        (":local i 0; :while ($i < 3) do={ :set i ($i + 1) }; :put $i", "3"),
        (":local i 0; :do { :set i ($i + 1) } while=($i < 3); :put $i", "3"),
        (":if (1 = 2) do={ :put one } else={ :put other }", "other"),
        (':do { :error "x" } on-error={ :put "caught" }', "caught"),
        (':put [:onerror e in={ :error "oops" } do={ :put $e }]', "oops (:error; line 1)\ntrue"),
        (":put [:onerror e in={ :put fine } do={ :put $e }]", "fine\nfalse"),
        (":local f do={ :return ($1 . $suffix) }; :put [$f a suffix=b]", "ab"),
        (":global g do={ :global n; :set n ($n + 1); :return $n }; :global n 4; :put [$g]; :put $n", "5\n5"),
        (":local x [:if (true) do={ :return yes1 }]; :put $x", "yes1"),
        (':local p [:parse ":put (1+1)"]; $p', "2"),
        (':put [:pick "abcdef" 1 3]; :put [:find "abcabc" "c" 2]; :put [:typeof [:find "a" "z"]]', "bc\n5\nnil"),
        (
            ':put [:typeof 5]; :put [:typeof "5"]; :put [:typeof 192.0.2.1]; :put [:typeof 192.0.2.0/24]',
            "num\nstr\nip\nip-prefix",
        ),
        (
            ":put [:typeof 5m]; :put [:typeof $undeclared]; :put [:typeof {1}]; :put [:typeof true]",
            "time\nnothing\narray\nbool",
        ),
        (
            ':put [:tonum "12"]; :put [:typeof [:tonum "x"]]; :put [:tobool "yes"]; :put [:toip "192.0.2.1"]',
            "12\nnil\ntrue\n192.0.2.1",
        ),
        (':put [:len [:toarray "a,b,c"]]; :put [:tostr {1;2}]; :put [:totime "90"]', "3\n1;2\n00:01:30"),
        (':put [:convert "a\\00\\FF" to=base64]; :put [:convert from=hex "4142"]; :put [:convert "AB" to=hex]', "YQD/\nAB\n4142"),
        ("# comment\n:put a ; :put b\n# comment", "a\nb"),
        (
            ":retry command={ :global n; :set n ($n + 1); :if ($n < 3) do={ :error no } } delay=1 max=5\n:global n; :put $n",
            "3",
        ),
        ("{ :local inner 1 }\n:put [:typeof $inner]", "nothing"),
    ],
)
def test_prints(run: Run, source: str, printed: str) -> None:
    assert run(source) == printed


def test_a_global_variable_must_be_declared_to_be_seen(run: Run) -> None:
    run(":global kept 5")
    assert run(':put "<$kept>"; :global kept; :put $kept') == "<>\n5"


def test_a_function_does_not_see_the_callers_variables(run: Run) -> None:
    assert run(':local x 1; :local f do={ :return "<$x>" }; :put [$f]') == "<>"


def test_both_sides_of_or_are_evaluated(run: Run) -> None:
    assert run(":local f do={ :put called; :return true }; :if (true || [$f]) do={ :put done }") == "called\ndone"


def test_text_in_any_language_passes_through_and_counts_in_bytes(run: Run) -> None:
    run('/system identity set name="Rīga \\E2\\82\\AC"')
    assert run(":put [/system identity get name]; :put [:len [/system identity get name]]") == "Rīga €\n9"


def test_a_delay_moves_only_the_platforms_clock(run: Run, platform: MemoryPlatform) -> None:
    before = platform.now()
    run(":delay 1m30s; :delay 500ms")
    assert platform.now() - before == 90.5


def test_a_path_alone_changes_the_menu_for_the_next_lines(run: Run) -> None:
    run("/interface bridge\nadd name=br1\nadd name=br2\n/ip address\nadd address=192.0.2.1/24 interface=br1\n..\n")
    assert run("/ip/address\n:put [:len [find interface=br1]]\n.. address print count-only") == "1\n1"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_quoted_text_comes_back_whatever_it_holds(text: str) -> None:
    quoted = "".join("\\" + char if char in '\\"$?' else {"\n": "\\n", "\r": "\\r"}.get(char, char) for char in text)
    router = Router(MemoryPlatform())
    router.boot()
    assert router.execute(f'/system note set note="{quoted}"').exit_code == 0
    printed = router.execute(":put [:len [/system note get note]]; :put [/system note get note]").output
    length, dummy, shown = printed.partition("\r\n")
    assert int(length) == len(text.encode())
    assert shown.replace("\r\n", "\n") == text.replace("\r\n", "\n") + "\n"


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_division_and_remainder_belong_together(a: int, b: int) -> None:
    router = Router(MemoryPlatform())
    result = router.execute(f":local a {a}; :local b {b}; :put ($a / $b * $b + $a % $b)")
    assert result.output == (f"{a}\r\n" if b else "division by zero (:put; line 1)\r\n")


_TOKENS = st.sampled_from(
    """:put |put |:local x |$x|$|find |where |/ip address |add |set |remove |get |print |name=|interface=ether1 |disabled=yes |*1
    |address=192.0.2.1/24 |0 |/user |/ip route |/interface |/system scheduler |/log |numbers=|[find] |(1 + 2)|"text"|5s |1 |do={
    |:foreach i in=|:if (|:pick |:find |:toarray |:parse |192.0.2.0/24| in |-1|..|->|:|;|/|(|)|{|}|[|]|=|"|,|.|!|~|<|>|&|+|-|*|%
    |\\| |\xff""".replace("\n    ", "").split("|")
)


@given(st.lists(_TOKENS, max_size=14).map("".join))
def test_no_text_whatever_breaks_the_router(source: str) -> None:
    router = Router(MemoryPlatform(), "u")
    router.boot()
    result = router.execute(source, 5)
    assert result.exit_code in (0, -1)
    assert (result.exit_code == 0) or result.output.endswith("\r\n")
    assert router.execute(":put alive").output == "alive\r\n"
