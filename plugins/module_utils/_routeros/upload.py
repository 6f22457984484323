# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a local file into a router's /file: by SFTP, or by FTP where the router has no SFTP (private)."""

from __future__ import annotations

import contextlib
import ftplib
import os
import typing as t

from .._core.errors import GuestError, InputError, UnreachableError
from .ssh import SshOptions, SshSession, broken, ssh_session


def uploader(options: t.Mapping[str, t.Any]) -> t.Callable[[str, str], None]:
    """What uploads a local file (path, name on the router) with a module's `ssh` options; it connects only when it is called."""

    def upload(path: str, name: str) -> None:
        if not os.path.isfile(path):
            raise InputError(f"image_src: {path} does not exist", remedy="Check the path; it is on the machine that runs the module")
        parsed = SshOptions.parse(options)
        with ssh_session(parsed) as session:
            done = by_sftp(session, path, name)
        if not done:
            by_ftp(parsed, path, name)

    return upload


def by_sftp(session: SshSession, path: str, name: str) -> bool:
    """Upload over SSH; False where the router has no SFTP. A file of the wrong size does not stay. Raises GuestError."""
    client = session.sftp()
    if client is None:
        return False
    try:
        client.put(path, name)  # which compares the sizes in the end
    except broken() as error:
        with contextlib.suppress(*broken()):
            client.remove(name)
        raise _failed(name, session.options.host, error) from error
    return True  # the client ends with the session


def by_ftp(options: SshOptions, path: str, name: str) -> None:
    """Upload by FTP, which sends the password as plain text: only where there is no SFTP. Raises GuestError and UnreachableError."""
    try:
        with ftplib.FTP(timeout=options.timeout) as client:
            client.connect(options.host, options.ftp_port)
            try:
                client.login(options.username, options.password)
            except ftplib.error_perm as error:
                raise UnreachableError(
                    f"ftp: {options.host} refused the login of user {options.username}",
                    found=str(error),
                    remedy="Check ssh.username and ssh.password, and that the user's group has the policy ftp",
                ) from error
            _store(client, path, name)
    except (OSError, EOFError, ftplib.Error) as error:
        raise _failed(name, options.host, error) from error


def _store(client: ftplib.FTP, path: str, name: str) -> None:
    """A file that did not come whole does not stay, as far as the router can still be told."""
    try:
        with open(path, "rb") as handle:
            client.storbinary(f"STOR {name}", handle)
            wanted = handle.tell()
        found = _size(client, name)
        if found not in (wanted, None):
            raise GuestError(
                f"upload: {name} did not arrive whole and was removed",
                wanted=f"{wanted} bytes",
                found=f"{found} bytes",
                remedy="Check the router's free space, and run again",
            )
    except (OSError, EOFError, ftplib.Error, GuestError):
        with contextlib.suppress(OSError, EOFError, ftplib.Error):
            client.delete(name)
        raise


def _size(client: ftplib.FTP, name: str) -> int | None:
    """In bytes; None where the router does not know the command. It has then only said that it took the file."""
    try:
        return client.size(name)
    except ftplib.error_perm:
        return None


def _failed(name: str, host: str, error: Exception) -> GuestError:
    return GuestError(f"upload: {name} did not get to {host}", found=str(error), remedy="Check the router's free space and its services ssh and ftp")
