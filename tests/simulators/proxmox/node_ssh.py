# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node of the double as its administrator sees it over SSH: it has qm guest exec, and nothing else."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import threading
import typing as t
from pathlib import Path

from fakepve import PveError
from paramiko.channel import Channel
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.ecdsakey import ECDSAKey
from paramiko.pkey import PKey
from paramiko.server import ServerInterface
from paramiko.transport import Transport

from tests.waiting import PATIENCE

from .serving import ChrPve

_COMMAND = re.compile(r"qm guest exec (?P<vmid>\d+) --synchronous 0 --pass-stdin 1")
# What the node's shell finds: it prints what the agent answered, or what Proxmox VE says instead.
_QM = """#!/bin/sh
cat "$NODE/out"
cat "$NODE/err" >&2
exit "$(cat "$NODE/code")"
"""
_SUDO = """#!/bin/sh
[ "$1" = -n ] && shift && exec "$@"
"""


class NodeDoor(ServerInterface):
    """One session, of a client with the right key."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: PKey) -> int:
        return AUTH_SUCCESSFUL if key == self._node.user_key else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: Channel, command: bytes) -> bool:
        threading.Thread(target=self._node.carry_out, args=(channel, command.decode()), daemon=True).start()
        return True


class Node:
    """Listens on loopback. `commands` are those that came; `breaks` cuts the session when the command is done."""

    def __init__(self, pve: ChrPve, folder: Path) -> None:
        self._pve = pve
        self._folder = folder
        self.user_key = ECDSAKey.generate()
        self.host_key = ECDSAKey.generate()
        self.commands: list[str] = []
        self.breaks = False
        for name, text in (("qm", _QM), ("sudo", _SUDO)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._transports: list[Transport] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def config(self, *, known: bool = True, key: bool = True) -> str:
        """A client's configuration, with the host key and the user's key, or without one of them."""
        identity, hosts, file = (self._folder / name for name in ("id", "known_hosts", "config"))
        (self.user_key if key else ECDSAKey.generate()).write_private_key_file(str(identity))
        hosts.write_text(f"pve1 {self.host_key.get_name()} {self.host_key.get_base64()}\n" if known else "")
        port = self._socket.getsockname()[1]
        file.write_text(
            f"Host pve1\n HostName 127.0.0.1\n Port {port}\n HostKeyAlias pve1\n IdentityFile {identity}\n IdentitiesOnly yes\n"
            f" UserKnownHostsFile {hosts}\n GlobalKnownHostsFile /dev/null\n StrictHostKeyChecking no\n"
        )
        return str(file)

    def close(self) -> None:
        """May be called again."""
        if self._socket.fileno() < 0:
            return
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(PATIENCE)
        for transport in self._transports:
            transport.close()

    def _serve(self) -> None:
        while True:
            try:
                connection = self._socket.accept()[0]
            except OSError:
                return
            transport = Transport(connection)
            transport.add_server_key(self.host_key)
            self._transports.append(transport)
            transport.start_server(event=threading.Event(), server=NodeDoor(self))

    def carry_out(self, channel: Channel, command: str) -> None:
        """Let a shell do it."""
        self.commands.append(command)
        given = b"".join(iter(lambda: channel.recv(65536), b""))
        match = _COMMAND.search(command)
        assert match is not None, command
        try:
            self._will_say(json.dumps(self._qm(int(match[1]), given), indent=3) + "\n")
        except PveError as error:
            self._will_say("", f"{error.message}\n", 255)  # as Perl dies
        path = f"{self._folder}:{os.environ['PATH']}"
        done = subprocess.run(["sh", "-c", command], capture_output=True, env={"PATH": path, "NODE": str(self._folder)}, check=False)
        if self.breaks:
            channel.get_transport().close()
            return
        channel.sendall_stderr(done.stderr)
        channel.sendall(done.stdout)
        channel.send_exit_status(done.returncode)
        channel.close()

    def _will_say(self, out: str, err: str = "", code: int = 0) -> None:
        for name, text in (("out", out), ("err", err), ("code", str(code))):
            (self._folder / name).write_text(text)

    def _qm(self, vmid: int, given: bytes) -> t.Any:
        """As qm asks the agent: with no path."""
        arguments = {"capture-output": True, "input-data": base64.b64encode(given).decode()}
        return self._pve._demand(self._pve.find("pve1", vmid), "guest-exec", **arguments)
