# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell of an OpenWrt guest. What it does not know it refuses, so that no test passes on a command that did nothing."""

from __future__ import annotations

import pytest

from tests.simulators.routerboard.openwrt import ACTIVATE, Disk, OpenWrtShell

PROMPT = "root@OpenWrt:/# "


class Shell:
    def __init__(self, disk: Disk | None = None) -> None:
        self._shown = ""
        self.disk = disk or Disk()
        self._shell = OpenWrtShell(self.disk, self._show)
        self._shell.open()

    def _show(self, data: bytes) -> None:
        self._shown += data.decode()

    def type(self, text: str) -> str:
        self._shell.feed(text.encode())
        shown, self._shown = self._shown, ""
        return shown

    def run(self, line: str) -> str:
        """What a command printed."""
        shown = self.type(line + "\r")
        assert shown.startswith(line + "\r\n")
        assert shown.endswith("# ")
        return shown[len(line) + 2 : shown.rindex("root@")]


@pytest.fixture
def shell() -> Shell:
    shell = Shell()
    shell.type("\r")
    return shell


def test_enter_activates_the_console() -> None:
    shell = Shell()
    assert shell.type("uptime") == ACTIVATE
    shown = shell.type("\r")
    assert "BusyBox" in shown
    assert shown.endswith(PROMPT)


def test_the_exit_status_of_the_last_command(shell: Shell) -> None:
    assert shell.run("true; echo $?") == "0\r\n"
    assert shell.run("false") == ""
    assert shell.run('echo "it was $?" \'$?\'') == "it was 1 $?\r\n"
    assert shell.run("foo") == "-ash: foo: not found\r\n"
    assert shell.run("echo $?") == "127\r\n"
    assert shell.run("echo a && false && echo b || echo c") == "a\r\nc\r\n"


@pytest.mark.parametrize("line", ["echo a | cat", "echo a > /etc/passwd", "(echo a)", "echo `uname`", "&& true"])
def test_what_the_shell_cannot_do_is_refused(shell: Shell, line: str) -> None:
    assert "syntax error" in shell.run(line)
    assert shell.run("echo $?") == "2\r\n"


def test_quotes_join_words_and_may_span_lines(shell: Shell) -> None:
    assert shell.run("echo 'AB''CD'  \"x  y\" a\\ b") == "ABCD x  y a b\r\n"
    assert shell.type("echo 'one\r").endswith("\r\n> ")
    assert shell.type("two'\r").startswith("two'\r\none\r\ntwo\r\n")


def test_ctrl_c_leaves_an_open_quote(shell: Shell) -> None:
    shell.type("echo 'one\r")
    assert shell.type("\x03").endswith(PROMPT)
    assert shell.run("echo $?") == "130\r\n"


def test_uci_changes_last_only_when_committed(shell: Shell) -> None:
    assert shell.run("uci get network.lan.ipaddr") == "192.168.1.1\r\n"
    shell.run("uci set network.lan.ipaddr=192.0.2.2")
    shell.run("uci set system.@system[0].hostname='client1'")
    assert shell.run("uci get network.lan.ipaddr") == "192.0.2.2\r\n"
    shell.run("uci commit system")
    again = Shell(shell.disk)
    assert again.type("\r").endswith("root@client1:/# ")
    assert again.run("uci get network.lan.ipaddr") == "192.168.1.1\r\n"


def test_uci_refuses_what_is_not_there(shell: Shell) -> None:
    assert shell.run("uci get network.wan.ipaddr; echo $?") == "uci: Entry not found\r\n1\r\n"
    assert shell.run("uci set network.wan.ipaddr=192.0.2.1; echo $?") == "uci: Invalid argument\r\n1\r\n"
    shell.run("uci set network.wan=interface; uci set network.wan.ipaddr=192.0.2.1")
    assert "network.wan.ipaddr=192.0.2.1\r\n" in shell.run("uci show network")
    shell.run("uci delete network.wan")
    assert "wan" not in shell.run("uci show network")
    assert "Usage" in shell.run("uci frobnicate")


def test_the_network_takes_what_was_committed(shell: Shell) -> None:
    shell.run("uci set network.lan.ipaddr=192.0.2.2; /etc/init.d/network restart")
    assert "192.168.1.1" in shell.run("ifconfig eth0")
    shell.run("uci commit; /etc/init.d/network restart")
    assert "inet addr:192.0.2.2" in shell.run("ifconfig eth0")
    shell.run("ifconfig eth1 198.51.100.1 netmask 255.255.255.0 up")
    assert "inet addr:198.51.100.1" in shell.run("ifconfig eth1")
    assert "Device not found" in shell.run("ifconfig wlan0")


def test_a_password_is_asked_for_twice_and_never_shown(shell: Shell) -> None:
    shown = shell.type("passwd\r") + shell.type("secret-1\r") + shell.type("secret-1\r")
    assert "password" in shown
    assert "secret-1" not in shown
    assert shell.disk.has_password("secret-1")
    shell.type("passwd\rsecret-2\rother\r")
    assert shell.run("echo $?") == "1\r\n"
    assert shell.disk.has_password("secret-1")


def test_exit_ends_the_session(shell: Shell) -> None:
    assert shell.type("exit\r").endswith(ACTIVATE)
    assert shell.type("\r").endswith(PROMPT)
