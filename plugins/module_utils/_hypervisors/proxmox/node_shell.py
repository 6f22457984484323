# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on a node of the cluster, over SSH, for what Proxmox VE's API cannot say (private).

OpenSSH does it, so a node's address, its keys and the way to it are where their administrator has them already: in the configuration of the user who
runs the module, or in the file that is named.
"""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from dataclasses import dataclass

from ..._core.errors import UnreachableError
from .connection import PveError, UnansweredError

CONNECT: t.Final = 15  # seconds
ANSWER: t.Final = 60  # seconds for all of it; a script is only handed over in it
_ENDED: t.Final = "\nvrouter.mikrotik: ended with "  # its exit code follows; ssh's own may be that of a session that broke
# What OpenSSH says before a command is sent; where a session breaks later it says other things.
_NOT_IN: t.Final = re.compile(
    r"^(ssh: |Host key verification failed|No .* host key is known|kex_exchange_identification|Can't open user config)|: Permission denied \(",
    re.MULTILINE,
)


@dataclass(frozen=True)
class NodeShell:
    """How to log in to the nodes."""

    user: str
    config: str | None = None  # a configuration of OpenSSH's client instead of the user's own

    @classmethod
    def of(cls, options: t.Mapping[str, t.Any]) -> NodeShell | None:
        """From the options of a connection; None where no user is given."""
        return cls(options["ssh_user"], options.get("ssh_config")) if options.get("ssh_user") else None

    def exec(self, node: str, vmid: int, source: str) -> int:
        """Hand a script to a guest's agent, with no program beside it; its number there.

        Raises UnreachableError where the node cannot be logged in to, PveError for what the node refuses, UnansweredError where that is unknown.
        """
        said = self._run(node, f"qm guest exec {vmid} --synchronous 0 --pass-stdin 1", source)
        try:
            return int(json.loads(said)["pid"])
        except (ValueError, KeyError, TypeError) as error:
            raise UnansweredError("whether the script began is unknown: the node gave no number for it", said, remedy="Run again") from error

    def _run(self, node: str, command: str, given: str) -> str:
        """What a command prints that ended well."""
        try:
            done = subprocess.run([*self._ssh(node), self._remote(command)], input=given, capture_output=True, text=True, timeout=ANSWER, check=False)
        except FileNotFoundError as error:
            raise UnreachableError("the program ssh is missing", remedy="Install OpenSSH's client where the module runs") from error
        except subprocess.TimeoutExpired as error:
            raise UnansweredError(f"node {node} did not answer over SSH", f"nothing within {ANSWER} s", remedy="Run again") from error
        printed, ended, code = done.stdout.rpartition(_ENDED)
        if not ended:
            raise self._failed(node, done.stderr.strip())
        if int(code):
            raise PveError(f"node {node} refuses qm guest exec", done.stderr.strip())
        return printed

    def _ssh(self, node: str) -> list[str]:
        options = {"BatchMode": "yes", "StrictHostKeyChecking": "yes", "ConnectTimeout": str(CONNECT)}
        config = ["-F", self.config] if self.config else []
        return ["ssh", *config, "-l", self.user, *(word for name, value in options.items() for word in ("-o", f"{name}={value}")), "--", node]

    def _remote(self, command: str) -> str:
        return f"{'' if self.user == 'root' else 'sudo -n '}{command}; printf '\\n%s%s' '{_ENDED.strip()} ' $?"

    def _failed(self, node: str, said: str) -> UnreachableError | UnansweredError:
        if not _NOT_IN.search(said):
            return UnansweredError(f"the SSH session with node {node} broke", said, remedy="Run again")
        return UnreachableError(
            f"node {node} cannot be logged in to over SSH as {self.user}",
            found=said.splitlines()[-1],
            remedy=f"Try: ssh -l {self.user} {node} true; address, key and port come from OpenSSH's configuration, the host key from known_hosts",
        )
