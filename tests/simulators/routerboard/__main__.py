# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one board as a process of its own: `python -m tests.simulators.routerboard --version 6.49.10 --model RB2011UiAS`.

Prints one line of JSON as soon as all doors are open, and ends on SIGTERM or once its standard input is closed:

    {"ports": {"api": 40001, "ssh": 40003, ...}, "ca_file": "...", "host_key": "ssh-rsa AAAA...", "host_key_fingerprint": "SHA256:..."}
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from types import FrameType

from .board import Board
from .models import MODELS


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.routerboard")
    parser.add_argument("--version", default="6.49.10", help="of RouterOS")
    parser.add_argument("--model", default="RB2011UiAS", choices=sorted(MODELS))
    parser.add_argument("--seconds", type=float, default=0.2, help="that a guest's change of state takes")
    parser.add_argument("--no-certificate", action="store_true", help="api-ssl with anonymous Diffie-Hellman only")
    parser.add_argument("--script", default="", help="RouterOS commands to run first, such as a password for admin")
    return parser.parse_args()


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def main() -> None:
    """Until somebody ends it."""
    options = _options()
    signal.signal(signal.SIGTERM, _leave)
    with Board(options.version, options.model, seconds=options.seconds, certificate=not options.no_certificate) as board:
        board.run(options.script)
        print(json.dumps(board.description()), flush=True)
        while sys.stdin.read(4096):
            pass


if __name__ == "__main__":
    main()
