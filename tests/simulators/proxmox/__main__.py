# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one Proxmox VE as a process of its own: `python -m tests.simulators.proxmox FOLDER --release 9.0 --node pve2`.

Writes FOLDER/pve.json as soon as it answers, prints its path, and ends on SIGTERM or once its standard input is closed:

    {"host": "127.0.0.1", "port": 40001, "ports": {"pve1": 40001, "pve2": 40002}, "user": "root@pam", "password": "secret",
     "token_id": "root@pam!tests", "token_secret": "...", "ca_path": "FOLDER/...", "control": {"port": 40003, "key": "..."}}

What is in "control" is for tests.simulators.proxmox.control.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import sys
import threading
import typing as t
from pathlib import Path
from types import FrameType

from .control import ABOUT, Control
from .schemas import VERSIONS
from .serving import ChrPve, certificate, serve

TOKEN = "root@pam!tests"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.proxmox")
    parser.add_argument("folder", type=Path, help="for the certificate and what else is to be known")
    parser.add_argument("--release", default="9.0", choices=VERSIONS)
    parser.add_argument("--node", action="append", default=[], help="beside pve1; may be given again")
    parser.add_argument("--pvestatd", type=float, default=10, metavar="SECONDS", help="between two words of the nodes about their guests")
    return parser.parse_args()


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


@contextlib.contextmanager
def _telling(pve: ChrPve, seconds: float) -> t.Iterator[None]:
    """Let the nodes tell of their guests again and again."""
    ended = threading.Event()

    async def tell() -> None:
        pve.pvestatd()

    def work() -> None:
        while not ended.wait(seconds):
            pve.here(tell())

    thread = threading.Thread(target=work, name="pvestatd", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _write(folder: Path, about: dict[str, t.Any]) -> Path:
    """All at once, and for its owner alone."""
    part, whole = folder / f"{ABOUT}.part", folder / ABOUT
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(about, file)
    return part.replace(whole)


def main() -> None:
    """Until somebody ends it."""
    options = _options()
    signal.signal(signal.SIGTERM, _leave)
    options.folder.mkdir(parents=True, exist_ok=True)
    files = certificate(options.folder)
    pve = ChrPve(options.release)
    for node in options.node:
        pve.add_node(node)
    secret = pve.apitokens[TOKEN] = secrets.token_urlsafe()
    with serve(pve, files), contextlib.closing(Control(pve)) as control, _telling(pve, options.pvestatd):
        login = {"user": pve.user, "password": pve.password, "token_id": TOKEN, "token_secret": secret, "ca_path": files[0]}
        where = {"host": pve.host, "port": pve.port, "ports": pve.ports, "control": {"port": control.port, "key": control.key}}
        print(_write(options.folder, {**where, **login}), flush=True)
        while sys.stdin.read(4096):
            pass


if __name__ == "__main__":
    main()
