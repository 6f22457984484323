# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SSH session with a router, on paramiko: shells for its console, SFTP for files, and host keys that are checked (private)."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import socket
import threading
import typing as t
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from ansible.module_utils.common.parameters import env_fallback

from .._core.errors import GuestError, InputError, RefusedError, UnreachableError
from .console import PLAIN_TERMINAL

if t.TYPE_CHECKING:
    from paramiko.channel import Channel
    from paramiko.pkey import PKey
    from paramiko.sftp_client import SFTPClient
    from paramiko.transport import Transport

CHECKING: t.Final = ("verified", "pinned", "accept_new", "off")
KNOWN_HOSTS: t.Final = "~/.ssh/known_hosts"
CHUNK: t.Final = 65536
COLUMNS: t.Final = 1024  # the widest line that the console is told of; it breaks longer ones
LINES: t.Final = 24
INSTALL: t.Final = "pip install 'paramiko>=3.2,<5'"  # 5 dropped the only algorithms of RouterOS before about 6.45


def ssh_arguments() -> dict[str, t.Any]:
    """The argument spec of one SSH session."""
    return {
        "host": {"type": "str", "required": True, "fallback": (env_fallback, ["MIKROTIK_HOST"])},
        "port": {"type": "int", "default": 22},
        "username": {"type": "str", "default": "admin", "fallback": (env_fallback, ["MIKROTIK_USER"])},
        "password": {"type": "str", "default": "", "no_log": True, "fallback": (env_fallback, ["MIKROTIK_PASSWORD"])},
        "private_key": {"type": "path"},
        "passphrase": {"type": "str", "no_log": True},
        "known_hosts": {"type": "path", "default": KNOWN_HOSTS},
        "host_key": {"type": "str", "no_log": False},
        "host_key_checking": {"type": "str", "choices": list(CHECKING), "default": "verified"},
        "timeout": {"type": "int", "default": 30},
        "ftp_port": {"type": "int", "default": 21},
    }


@dataclass(frozen=True)
class SshOptions:
    """One session's options. `host_key` is the pinned fingerprint, as `ssh-keygen -l` prints it; `timeout` in seconds, for each operation."""

    host: str
    port: int
    username: str
    password: str
    private_key: str | None
    passphrase: str | None
    known_hosts: str
    host_key: str | None
    host_key_checking: str
    timeout: float
    ftp_port: int = 21

    @classmethod
    def parse(cls, options: t.Mapping[str, t.Any]) -> SshOptions:
        """From a module's `ssh` option. Raises InputError."""
        pinned = options["host_key_checking"] == "pinned"
        if (options.get("host_key") is not None) != pinned:
            raise InputError(
                "ssh.host_key and ssh.host_key_checking: pinned go together",
                remedy="Read the key's fingerprint with: ssh-keyscan HOST | ssh-keygen -lf -",
            )
        if pinned and not options["host_key"].startswith("SHA256:"):
            raise InputError("ssh.host_key: not a fingerprint", wanted="SHA256:..., as ssh-keygen -l prints it")
        if options["timeout"] <= 0:
            raise InputError(f"ssh.timeout: {options['timeout']} s is not above 0")
        if not 1 <= options["port"] <= 65535:
            raise InputError(f"ssh.port: {options['port']} is not in 1..65535")
        return cls(**{key: options[key] for key in cls.__dataclass_fields__})


@contextmanager
def ssh_session(options: SshOptions) -> t.Iterator[SshSession]:
    """A session that is logged in, closed at the end. Raises UnreachableError, and RefusedError for a host key that is not the known one."""
    paramiko = _library()
    transport = paramiko.Transport(_connect(options))
    transport.banner_timeout = transport.auth_timeout = options.timeout
    try:
        _prefer_known(transport, options)
        try:
            transport.start_client(timeout=options.timeout)
            key = transport.get_remote_server_key()  # fails where the time was over before there was a session
        except broken() as error:
            raise UnreachableError(
                f"ssh: no session with {options.host} port {options.port}",
                found=str(error),
                remedy=f"See that this is the router's SSH port; for RouterOS before 6.45 install {INSTALL}",
            ) from error
        _check_host_key(key, options)
        _authenticate(transport, options)
        yield SshSession(transport, options)
    finally:
        transport.close()


def _library() -> t.Any:
    try:
        import paramiko
    except ImportError as error:
        raise UnreachableError(
            "the Python package paramiko is not installed for the Python that runs this module", remedy=f"Install it with: {INSTALL}"
        ) from error
    logging.getLogger("paramiko").addHandler(logging.NullHandler())  # else it prints tracebacks of its own
    return paramiko


def broken() -> tuple[type[Exception], ...]:
    """What paramiko raises where a session, or a file transfer over it, breaks."""
    paramiko = _library()
    return (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError)


def _connect(options: SshOptions) -> socket.socket:
    try:
        return socket.create_connection((options.host, options.port), timeout=options.timeout)
    except OSError as error:
        raise UnreachableError(
            f"ssh: no connection to {options.host} port {options.port}",
            found=error.strerror or str(error),
            remedy="Check ssh.host and ssh.port, the router's firewall, and that /ip service ssh is enabled",
        ) from error


def fingerprint(key: PKey) -> str:
    """As ssh-keygen prints it: SHA256: and base64 without padding."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def _check_host_key(key: PKey, options: SshOptions) -> None:
    found = fingerprint(key)
    if options.host_key_checking == "off":
        return
    if options.host_key_checking == "pinned":
        if found != options.host_key:
            raise RefusedError(
                f"ssh: the host key of {options.host} is not the pinned one",
                wanted=options.host_key or "",
                found=found,
                remedy="If the router was reset or replaced on purpose, change ssh.host_key; else somebody else answers",
            )
        return
    _check_known(key, found, options)


_FILE: t.Final = threading.Lock()
_SIGNED_ALSO: t.Final = {"rsa-sha2-512": "ssh-rsa", "rsa-sha2-256": "ssh-rsa"}  # ways to sign with a key of that type


def _known_keys(options: SshOptions) -> t.Mapping[str, PKey]:
    """The router's keys in the file, by type. Raises InputError for a file that cannot be read."""
    paramiko = _library()
    known = paramiko.HostKeys()
    try:
        if os.path.exists(options.known_hosts):
            known.load(options.known_hosts)
    except (OSError, ValueError, paramiko.hostkeys.InvalidHostKey) as error:
        raise InputError(f"ssh.known_hosts: {options.known_hosts} cannot be read", found=str(error), remedy="Mend the file") from error
    return known.lookup(_known_name(options)) or {}


def _known_name(options: SshOptions) -> str:
    return options.host if options.port == 22 else f"[{options.host}]:{options.port}"


def _prefer_known(transport: Transport, options: SshOptions) -> None:
    """Ask for a host key of a type that is known, as OpenSSH does: a router may have several."""
    if options.host_key_checking in ("verified", "accept_new"):
        known = _known_keys(options)
        security = transport.get_security_options()
        security.key_types = sorted(security.key_types, key=lambda kind: _SIGNED_ALSO.get(kind, kind) not in known)


def _check_known(key: PKey, found: str, options: SshOptions) -> None:
    name = _known_name(options)
    with _FILE:
        known = _known_keys(options)
        if key.get_name() in known and known[key.get_name()].asbytes() == key.asbytes():
            return
        if known:
            raise RefusedError(
                f"ssh: the host key of {name} has changed",
                wanted=", ".join(fingerprint(entry) for entry in known.values()),
                found=found,
                remedy=f"If the router was reset on purpose, remove it from {options.known_hosts} (ssh-keygen -R); else somebody else answers",
            )
        if options.host_key_checking != "accept_new":
            raise RefusedError(
                f"ssh: the host key of {name} is not in {options.known_hosts}",
                found=found,
                remedy="If it is the router's, add it (ssh-keyscan), pin it with ssh.host_key, or say ssh.host_key_checking: accept_new",
            )
        _add_known(f"{name} {key.get_name()} {key.get_base64()}\n", options)


def _add_known(line: str, options: SshOptions) -> None:
    path = options.known_hosts
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
        with open(path, "ab+") as handle:
            handle.seek(max(handle.tell() - 1, 0))
            torn = handle.read() not in (b"", b"\n")
            handle.write(("\n" * torn + line).encode())
    except OSError as error:
        raise InputError(f"ssh.known_hosts: {path} cannot be written", found=error.strerror or str(error), remedy="Check the path") from error


def _authenticate(transport: Transport, options: SshOptions) -> None:
    """Log in by key where one is named, else by password. The console parameters in the name are for the shells of this session."""
    name = options.username + PLAIN_TERMINAL
    try:
        if options.private_key is not None:
            transport.auth_publickey(name, _private_key(options))
        else:
            transport.auth_password(name, options.password)
    except broken() as error:
        way = "ssh.private_key" if options.private_key is not None else "ssh.password"
        raise UnreachableError(
            f"ssh: {options.host} refused the login of user {options.username}",
            found=str(error) or type(error).__name__,
            remedy=f"Check ssh.username and {way}, and that the user's group has the policy ssh",
        ) from error


def _private_key(options: SshOptions) -> PKey:
    paramiko = _library()
    try:
        key: PKey = paramiko.PKey.from_path(options.private_key, options.passphrase.encode() if options.passphrase else None)
    except (OSError, ValueError, TypeError, paramiko.SSHException, paramiko.UnknownKeyType) as error:
        raise InputError(
            f"ssh.private_key: {options.private_key} cannot be used", found=str(error), remedy="Check the path, and ssh.passphrase"
        ) from error
    return key


class SshSession:
    """A logged-in session; shells and files go over it side by side."""

    def __init__(self, transport: Transport, options: SshOptions) -> None:
        self._transport = transport
        self.options = options

    @contextmanager
    def shell(self) -> t.Iterator[ShellChannel]:
        """The router's command line, as a terminal sees it."""
        try:
            channel = self._transport.open_session(timeout=self.options.timeout)
            channel.get_pty(term="dumb", width=COLUMNS, height=LINES)
            channel.invoke_shell()
        except broken() as error:
            raise GuestError(f"ssh: {self.options.host} opens no shell", found=str(error), remedy="Close other sessions and run again") from error
        try:
            yield ShellChannel(channel, self.options)
        finally:
            with suppress(*broken()):
                channel.close()

    def sftp(self) -> SFTPClient | None:
        """A client for files, or None where the router has no SFTP."""
        try:
            client: SFTPClient = _library().SFTPClient.from_transport(self._transport)
        except broken():
            return None
        client.get_channel().settimeout(self.options.timeout)
        return client


class ShellChannel:
    """A shell's wire."""

    def __init__(self, channel: Channel, options: SshOptions) -> None:
        self._channel = channel
        self._options = options

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._channel.settimeout(self._options.timeout)
        try:
            self._channel.sendall(data)
        except broken() as error:
            raise self._gone() from error

    def receive(self, timeout: float) -> bytes:
        """What came, as soon as something does; nothing after so many seconds."""
        self._channel.settimeout(timeout)
        try:
            data: bytes = self._channel.recv(CHUNK)
        except TimeoutError:
            return b""
        except broken() as error:
            raise self._gone() from error
        if not data:
            raise self._gone()
        return data

    def _gone(self) -> GuestError:
        return GuestError(
            f"the SSH session with {self._options.host} was lost; what was under way may have been done",
            remedy="Run again: what is already done is skipped",
        )
