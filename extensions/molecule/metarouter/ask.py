# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks client1 a few questions at its console, with nothing but paramiko. The two passwords come on standard input, a line each."""

from __future__ import annotations

import re
import sys

import paramiko

QUESTIONS = (
    "[/system identity get name]",
    '[:len [/ip address find where address="198.51.100.2/30" interface=public]]',
    '[:len [/ip address find where address="192.168.1.1/24" interface=local]]',
    "[:len [/ip route find where gateway=198.51.100.1]]",
    "[:len [/ip firewall nat find where action=masquerade out-interface=public]]",
)


def main() -> None:
    host_password, guest_password = sys.stdin.read().split("\n")[:2]
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", int(sys.argv[1]), "admin+ct", host_password, allow_agent=False, look_for_keys=False)
    shell = client.invoke_shell(width=500)
    shell.settimeout(30)

    def talk(text: str, until: str) -> str:
        shell.sendall(text.encode())
        seen = ""
        while not re.search(until, seen):
            seen += shell.recv(65536).decode()
        return seen

    talk("", r"\] > $")
    talk("/metarouter console client1\r", "prefix key")
    talk("\r", r"(Login|Password): $")
    talk("\x03", "Login: $")
    talk("admin+ct500w\r", "Password: $")
    talk(f"{guest_password}\r", r"\] > $")
    for question in QUESTIONS:
        answer = re.search(r"answer=(\S*)=", talk(f':put ("answer=" . {question} . "=")\r', r"answer=\S*="))
        print(answer[1] if answer else "")
    client.close()


if __name__ == "__main__":
    main()
