# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What RouterOS's console says, by version. Constants marked as guesses were not seen on a router."""

from __future__ import annotations

from .models import at_least, shown_version

# "RouterOS Login:" was seen on 6.48 and 7.1, "MikroTik Login:" on 3.21, 6.47 and 7.21.
_RENAMED = "6.48"
_RENAMED_BACK = "7.2"
# An admin without a password is asked for one since then.
NEW_PASSWORD = "7.1"
# The prompt names the menu as "/ip/address" since then, before as "/ip address".
_SLASHES = "7"

STARTING = "\r\nStarting services...\r\n"
PASSWORD = "Password: "
LOGIN_FAILED = "Login failed, incorrect username or password\r\n"
LICENCE_QUESTION = "Do you want to see the software license? [Y/n]: "
LICENCE = "\r\nMIKROTIK SOFTWARE END-USER LICENCE AGREEMENT\r\n"
CHANGE_PASSWORD = "\r\nChange your password\r\n\r\n"
NEW_PASSWORD_PROMPT = "new password> "
REPEAT_PASSWORD_PROMPT = "repeat new password> "
# Guesses, these four.
PASSWORDS_DIFFER = "Passwords do not match\r\n"
PASSWORD_CHANGED = "Password changed\r\n"
INTERRUPTED = "interrupted\r\n"
HELP = "<command> - see the manual"
REBOOT_QUESTION = "Reboot, yes? [y/N]: "
SHUTDOWN_QUESTION = "Shutdown, yes? [y/N]: "
# The terminal is asked what it is (ESC Z) and where its cursor is (ESC[6n), and answers ESC[?1;2c and ESC[24;80R.
PROBE = "\x1bZ\x1b[6n"

_LOGO = (
    "  MMM      MMM       KKK                          TTTTTTTTTTT      KKK",
    "  MMMM    MMMM       KKK                          TTTTTTTTTTT      KKK",
    "  MMM MMMM MMM  III  KKK  KKK  RRRRRR     OOOOOO      TTT     III  KKK  KKK",
    "  MMM  MM  MMM  III  KKKKK     RRR  RRR  OOO  OOO     TTT     III  KKKKK",
    "  MMM      MMM  III  KKK KKK   RRRRRR    OOO  OOO     TTT     III  KKK KKK",
    "  MMM      MMM  III  KKK  KKK  RRR  RRR   OOOOOO      TTT     III  KKK  KKK",
)


def login_prompt(version: str) -> str:
    renamed = at_least(version, _RENAMED) and not at_least(version, _RENAMED_BACK)
    return f"{'RouterOS' if renamed else 'MikroTik'} Login: "


def login_banner(version: str) -> str:
    return f"\r\nMikroTik {shown_version(version)}\r\n"


def welcome(version: str) -> str:
    """After a login."""
    lines = ("", "", *_LOGO, "", f"  MikroTik RouterOS {version} (c) 1999-2021       http://www.mikrotik.com/", "")
    return "\r\n".join(lines) + "\r\n[?]             Gives the list of available commands\r\n\r\n"


def prompt(version: str, user: str, identity: str, menu: str) -> str:
    """`menu` is a path such as /ip/address, empty at the top."""
    shown = menu if at_least(version, _SLASHES) else menu[:1] + menu[1:].replace("/", " ")
    return f"[{user}@{identity}] {shown}> "
