# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The console of an OpenWrt guest: its shell with the few commands that setting it up needs. What it does not know, it refuses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator
from typing import TypeAlias

from .ash import STATUS, ShellSyntaxError, UnfinishedError, parse
from .line_editor import Event, LineEditor, Typed
from .openwrt_uci import Uci, UciError

ACTIVATE = "\r\nPlease press Enter to activate this console."
_BANNER = (
    "",
    "BusyBox v1.19.4 (2012-07-02 18:45:05 UTC) built-in shell (ash)",
    "Enter 'help' for a list of built-in commands.",
    "",
    "  _______                     ________        __",
    " |       |.-----.-----.-----.|  |  |  |.----.|  |_",
    " |   -   ||  _  |  -__|     ||  |  |  ||   _||   _|",
    " |_______||   __|_____|__|__||________||__|  |____|",
    "          |__| W I R E L E S S   F R E E D O M",
    "",
)
_CONTINUED = "> "
_INTERRUPTED = 130
_SYNTAX = 2
_NOT_FOUND = 127
_NO_LIMIT = 1 << 20  # the shell's lines are broken by the terminal, not by the shell
_FILES = {
    "/etc/openwrt_release": 'DISTRIB_ID="OpenWrt"\nDISTRIB_RELEASE="Attitude Adjustment"\nDISTRIB_TARGET="mr-mips"',
    "/proc/sys/kernel/ostype": "Linux",
}
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_INTERFACE = re.compile(r"eth[0-7]|lo")

_Asked: TypeAlias = "tuple[str, bool]"  # prompt, hidden
_Dialogue: TypeAlias = "Generator[_Asked, Typed, int]"
_Done: TypeAlias = "tuple[int, str]"  # exit status, output


class Disk:
    """What a guest keeps over its restarts. The password only as a hash, in hexadecimal digits; empty where there is none."""

    def __init__(self) -> None:
        self.uci = Uci()
        self.password = ""

    def set_password(self, password: str) -> None:
        self.password = _hash(password)

    def has_password(self, password: str) -> bool:
        return self.password == _hash(password)


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode("latin-1")).hexdigest()


class OpenWrtShell:
    """From its start: bytes from the serial line in, bytes to it out."""

    def __init__(self, disk: Disk, send: Callable[[bytes], None]) -> None:
        self._disk = disk
        self._send = send
        self._status = 0
        disk.uci.revert()
        self._hostname = disk.uci.get("system.@system[0].hostname")
        self._addresses = {"lo": "127.0.0.1", "eth0": disk.uci.get("network.lan.ipaddr")}
        self._dialogue: Generator[_Asked, Typed, None] = self._session()
        self._editor: LineEditor | None = None
        self._commands: dict[str, Callable[[list[str]], _Done]] = {
            "echo": self._echo,
            "true": lambda words: (0, ""),
            "false": lambda words: (1, ""),
            "cat": self._cat,
            "hostname": lambda words: (0, self._hostname),
            "uname": lambda words: (0, "Linux"),
            "uci": self._uci,
            "ifconfig": self._ifconfig,
            "/etc/init.d/network": self._network,
        }

    def open(self) -> None:
        self._write(ACTIVATE)
        self._wait_for(next(self._dialogue))

    def feed(self, data: bytes) -> None:
        for char in data.decode("latin-1"):
            typed = self._editor.feed(char) if self._editor is not None else None
            if typed is not None:
                self._write("\r\n")
                self._wait_for(self._dialogue.send(typed))

    def close(self) -> None:
        self._editor = None
        self._dialogue.close()

    def _write(self, text: str) -> None:
        self._send(text.encode("latin-1"))

    def _wait_for(self, asked: _Asked) -> None:
        prompt, hidden = asked
        self._write(prompt)
        self._editor = LineEditor(self._write, prompt, _NO_LIMIT, hidden)

    def _session(self) -> Generator[_Asked, Typed, None]:
        while True:
            yield "", True
            self._write("\r\n".join(_BANNER) + "\r\n")
            yield from self._shell()
            self._write(ACTIVATE)

    def _shell(self) -> Generator[_Asked, Typed, None]:
        line = ""
        while True:
            typed = yield (_CONTINUED if line else f"root@{self._hostname}:/# "), False
            if typed.event is Event.END:
                return
            if typed.event is Event.INTERRUPT:
                line, self._status = "", _INTERRUPTED
                continue
            line += typed.text
            try:
                commands = parse(line)
            except UnfinishedError:
                line += "\n"
                continue
            except ShellSyntaxError as error:
                commands, self._status = [], _SYNTAX
                self._print(f"-ash: {error}")
            line = ""
            for command in commands:
                if (yield from self._run(command.when, command.words)):
                    return

    def _run(self, when: str, words: list[str]) -> Generator[_Asked, Typed, bool]:
        """True where the shell ends."""
        if (when == "&&" and self._status) or (when == "||" and not self._status):
            return False
        words = [word.replace(STATUS, str(self._status)) for word in words]
        if words[0] == "exit":
            return True
        if words[0] == "passwd":
            self._status = yield from self._passwd()
            return False
        command = self._commands.get(words[0])
        if command is None:
            self._status, output = _NOT_FOUND, f"-ash: {words[0]}: not found"
        else:
            self._status, output = command(words[1:])
        self._print(output)
        return False

    def _print(self, output: str) -> None:
        if output:
            self._write(output.replace("\n", "\r\n") + "\r\n")

    # Commands

    def _echo(self, words: list[str]) -> _Done:
        text = " ".join(words)
        return 0, text or "\n"

    def _cat(self, words: list[str]) -> _Done:
        for name in words:
            if name not in _FILES:
                return 1, f"cat: can't open '{name}': No such file or directory"
        return 0, "\n".join(_FILES[name] for name in words)

    def _uci(self, words: list[str]) -> _Done:
        uci = self._disk.uci
        verb, arguments = (words or [""])[0], words[1:]
        try:
            if verb == "get" and len(arguments) == 1:
                return 0, uci.get(arguments[0])
            if verb == "set" and len(arguments) == 1:
                uci.set(arguments[0])
            elif verb == "delete" and len(arguments) == 1:
                uci.delete(arguments[0])
            elif verb == "commit" and len(arguments) < 2:
                uci.commit(*arguments)
            elif verb == "show" and len(arguments) < 2:
                return 0, uci.show(*arguments)
            else:
                return 255, "Usage: uci [<options>] <command> [<arguments>]"
        except UciError as error:
            return 1, f"uci: {error}"
        return 0, ""

    def _network(self, words: list[str]) -> _Done:
        """The network takes what was committed."""
        if words not in (["restart"], ["reload"]):
            return 1, "Syntax: /etc/init.d/network [command]"
        for options in self._disk.uci.committed.values():
            if "ifname" in options and "ipaddr" in options:
                self._addresses[options["ifname"]] = options["ipaddr"]
        return 0, ""

    def _ifconfig(self, words: list[str]) -> _Done:
        if not words:
            return 0, "\n\n".join(self._describe(name) for name in self._addresses)
        name, settings = words[0], words[1:]
        if not _INTERFACE.fullmatch(name):
            return 1, f"ifconfig: {name}: error fetching interface information: Device not found"
        if not settings:
            return 0, self._describe(name)
        if _ADDRESS.fullmatch(settings[0]):
            self._addresses[name] = settings[0]
        elif settings[0] not in ("up", "down"):
            return 1, f"ifconfig: bad address '{settings[0]}'"
        return 0, ""

    def _describe(self, name: str) -> str:
        address = self._addresses.get(name)
        shown = f"\n          inet addr:{address}" if address else ""
        return f"{name:<10}Link encap:{'Local Loopback' if name == 'lo' else 'Ethernet'}{shown}\n          UP RUNNING  MTU:1500  Metric:1"

    def _passwd(self) -> _Dialogue:
        self._print("Changing password for root")
        first = yield "New password: ", True
        again = yield "Retype password: ", True
        if first.event is not Event.LINE or again.event is not Event.LINE or not first.text:
            self._print("passwd: password for root is unchanged")
            return 1
        if first.text != again.text:
            self._print("Passwords don't match\npasswd: password for root is unchanged")
            return 1
        self._disk.set_password(first.text)
        self._print("Password for root changed by root")
        return 0
