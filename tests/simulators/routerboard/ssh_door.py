# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH door of a RouterBOARD."""

from __future__ import annotations

import functools
import socket

from paramiko.channel import Channel
from paramiko.common import MSG_CHANNEL_REQUEST
from paramiko.message import Message
from paramiko.pkey import PKey
from paramiko.rsakey import RSAKey
from paramiko.ssh_exception import SSHException
from paramiko.transport import Transport

from .door import Door
from .models import at_least
from .ssh_session import SshHost, SshSession
from .terminal import TerminalSettings

# RouterOS before this one offers only what SSH clients of today refuse.
MODERN = "6.45"
# RouterOS 3.21 has no SFTP; since when it has it, was not found out: this is a guess.
SFTP = "4"
_OLD_KEX = ("diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1")
_OLD_CIPHERS = ("aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc")
_RSA_BITS = 2048


@functools.cache
def _shared_host_key() -> RSAKey:
    """Made once: all boards of a process show the same one unless they are given another."""
    made: RSAKey = RSAKey.generate(_RSA_BITS)
    return made


def _answer_request(channel: Channel, message: Message) -> None:
    Channel._handle_request(channel, message)
    channel.get_transport().server_object.answered()


class _AnsweringTransport(Transport):
    """Lets the session know when the answer to a channel's request has been sent; paramiko has no public way to know."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(connection)
        self._channel_handler_table = {**Transport._channel_handler_table, MSG_CHANNEL_REQUEST: _answer_request}


class SshDoor(Door):
    """`sftp` None goes by the router's version. `settings` are those of the interactive sessions: whoever logs in here has mostly
    seen the licence before.
    """

    def __init__(
        self,
        host: SshHost,
        host_key: PKey | None = None,
        sftp: bool | None = None,
        settings: TerminalSettings | None = None,
    ) -> None:
        super().__init__()
        self.host_key = host_key or _shared_host_key()
        self.settings = settings or TerminalSettings(licence=False)
        self._host = host
        self._version = host.router.platform.version
        self._sftp = at_least(self._version, SFTP) if sftp is None else sftp

    def serve(self, connection: socket.socket) -> None:
        session = SshSession(self._host, self.settings, self._sftp)
        transport = _AnsweringTransport(connection)
        try:
            self._prepare(transport)
            transport.start_server(server=session)
        except (SSHException, OSError, EOFError):
            pass  # no SSH client, or one that the router's algorithms do not suit
        transport.join()
        transport.close()
        session.join()

    def _prepare(self, transport: Transport) -> None:
        transport.local_version = "SSH-2.0-ROSSSH"
        transport.add_server_key(self.host_key)
        if not at_least(self._version, MODERN):
            options = transport.get_security_options()
            options.key_types = ("ssh-rsa",)
            options.kex = _OLD_KEX
            options.ciphers = _OLD_CIPHERS
            options.digests = ("hmac-sha1",)
