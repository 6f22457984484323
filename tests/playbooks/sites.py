# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real runs of ansible-playbook on simulated CHRs that are reached by their API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.clones import Clone
from tests.module_runs import COLLECTIONS, Json
from tests.simulators.routerboard.api_door import ApiDoor as ApiServer
from tests.simulators.routeros.account_server import AccountServer
from tests.waiting import PATIENCE

ROUTER_PASSWORD = "the password of all the routers"
ACCOUNT_PASSWORD = "account-password"
ACCOUNT: Json = {"chr_license_account": "lab@example.com", "chr_license_password": ACCOUNT_PASSWORD}


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook."""

    code: int
    output: str

    def stats(self, host: str) -> dict[str, int]:
        """A host's line of the recap."""
        line = next(line for line in self.output.splitlines() if line.startswith(f"{host} ") and " ok=" in line)
        return {key: int(value) for key, value in (word.split("=") for word in line.partition(":")[2].split())}

    def said(self, text: str) -> bool:
        """Whether a text was printed, however lines and quotes fell."""
        return text in " ".join(self.output.replace("\\n", " ").split())


class WatchfulServer(AccountServer):
    """An account server that looks, while it is asked, whether this machine's process list shows the password."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def begin(self, system_id: str, level: str) -> None:
        super().begin(system_id, level)
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):  # it ended meanwhile
                line = file.read_bytes().decode("utf-8", "replace")
                self.told += [line] if self.password in line else []


class Site:
    """An inventory of simulated routers and the account server that they share. What is printed, at -vvv, never holds a password."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.server = WatchfulServer()
        self.hosts: dict[str, Json] = {}
        self.clones: dict[str, Clone] = {}
        self._stack = stack

    def add(self, name: str, uuid: str | None = None, **variables: t.Any) -> Clone:
        """A router with today's clock, and its host variables."""
        clone = self.clones[name] = Clone("7.20.8", uuid or f"uuid of {name}", self.server)
        clone.platform.clock = time.time()
        clone.run(f'/user set [find name="admin"] password="{ROUTER_PASSWORD}"')
        listener = ApiServer(clone).listener
        listener.open()
        self._stack.callback(listener.close)
        api = {"host": "127.0.0.1", "port": listener.port, "username": "admin", "password": ROUTER_PASSWORD, "tls": "none", "timeout": PATIENCE}
        self.hosts[name] = {"chr_license_api": api, **variables}
        return clone

    def license(self, name: str, level: str, bought: bool = False, days_ago: float = 0) -> Clone:
        """A router that got a trial so many days ago, or what was bought."""
        clone = self.clones[name]
        clone.pass_time(-days_ago)
        if bought:
            self.server.purchased[self.system_id(name)] = level
        clone.run(f"/system license renew account=lab@example.com password={ACCOUNT_PASSWORD} level={level}")
        clone.pass_time(days_ago)
        self.server.asked.clear()
        return clone

    def system_id(self, name: str) -> str:
        return str(self.clones[name].license.stored["system-id"])

    def level(self, name: str) -> str:
        return str(self.clones[name].license.stored["level"])

    def apply(self, *arguments: str, keywords: Json | None = None, **extra: t.Any) -> Run:
        """The role chr_license on all routers, in a play with these keywords."""
        tasks = [{"name": "Licences", "ansible.builtin.import_role": {"name": "vrouter.mikrotik.chr_license"}}]
        return self.play(self._book({"hosts": "all", "tasks": tasks, **(keywords or {})}), *arguments, **extra)

    def task(self, **options: t.Any) -> Run:
        """The module chr_license in a task of its own, on the routers by name."""
        routers = [{"name": name, "api": values["chr_license_api"]} for name, values in self.hosts.items()]
        given = {"routers": [{**router, **options.pop(router["name"], {})} for router in routers], **options}
        variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        play = {"hosts": "localhost", "vars": variables, "tasks": [{"name": "Ask", "vrouter.mikrotik.chr_license": given}]}
        return self.play(self._book(play))

    def _book(self, play: Json) -> str:
        book = self.folder / "play.json"
        book.write_text(json.dumps([{"name": "Play", "gather_facts": False, **play}]), encoding="utf-8")
        return str(book)

    def play(self, playbook: str, *arguments: str, **extra: t.Any) -> Run:
        """Run a playbook of the collection, or a file."""
        return self._run(["ansible-playbook", "-vvv", "-i", self._inventory(), "-e", json.dumps(extra), *arguments, playbook])

    def check_of_the_documentation(self, inventory: str = "") -> Run:
        """Run the check for monitoring that docs/licenses.md shows."""
        page = (Path(__file__).resolve().parents[2] / "docs" / "licenses.md").read_text(encoding="utf-8")
        script = self.folder / "check"
        script.write_text(page[page.index("#!/bin/sh") :].partition("```")[0], encoding="utf-8")
        return self._run(["sh", str(script), inventory or self._inventory()])

    def _inventory(self) -> str:
        file = self.folder / "inventory.json"
        file.write_text(json.dumps({"all": {"hosts": self.hosts}}), encoding="utf-8")
        return str(file)

    def _run(self, command: list[str]) -> Run:
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment(), check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for secret in (ROUTER_PASSWORD, ACCOUNT_PASSWORD, self.server.password):
            assert secret not in done.stdout
        return Run(done.returncode, done.stdout)

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHON"))}
        config = self.folder / "ansible.cfg"
        config.write_text("[defaults]\n", encoding="utf-8")
        return {
            **kept,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]]),
            "HOME": str(self.folder),
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_FORKS": "4",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
        }
