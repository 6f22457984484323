# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real runs of ansible-playbook, with a module that only echoes in the place of the hypervisors' modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from tests.module_runs import COLLECTIONS

ECHO = '''
import json
import os
import time
from ansible.module_utils.basic import AnsibleModule


def entry(name, wanted):
    bad = bool(wanted.get("bad"))
    change = {"field": "power", "before": "stopped", "after": "running", "effect": "live"}
    result = {"name": name, "changed": True, "failed": bad, "changes": [change], "diff": {"before": {name: 1}, "after": {name: 2}}}
    result.update(wanted.get("facts") or {})
    if bad:
        result["msg"] = name + ": it would not do it."
    return result


def count(log, name):
    # in how many runs a guest was
    with open(log) as lines:
        return sum(name in json.loads(line)["names"] for line in lines)


def main():
    spec = {"hub": {"type": "dict"}, "guests": {"type": "list", "elements": "dict"}, "planned": {"type": "dict"}, "progress_file": {}}
    module = AnsibleModule(spec, supports_check_mode=True)
    hub, guests = module.params["hub"], module.params["guests"]
    names = [guest["name"] for guest in guests]
    run = {"uri": hub["uri"], "names": names, "check": module.check_mode, "planned": module.params["planned"], "guests": guests}
    with open(hub["log"], "a") as log:
        log.write(json.dumps(run) + chr(10))
    while hub["uri"] == "hang" and not os.path.exists(hub["log"] + ".end"):
        time.sleep(0.05)
    while hub["uri"].startswith("waits for ") and count(hub["log"], hub["uri"].split()[-1]) < 2:
        time.sleep(0.05)
    if hub["uri"] == "crash":
        raise RuntimeError("a defect")
    if hub["uri"] == "down":
        module.fail_json(msg="the hub cannot be reached")
    with open(module.params["progress_file"], "a") as progress:
        for name in names:
            progress.write(name + chr(9) + "making its disk" + chr(10))
    entries = {guest["name"]: entry(guest["name"], guest) for guest in guests}
    result = {"guests": entries, "changed": True}
    if any(item["failed"] for item in entries.values()):
        module.fail_json(msg="some failed", **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
'''

UNUSED = '''
DOCUMENTATION = """
name: unused
short_description: A connection that must never be used
description: For tests.
"""
from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase


class Connection(ConnectionBase):
    transport = "test.doubles.unused"

    def _connect(self):
        raise AnsibleError("a router was logged in to")

    def exec_command(self, cmd, in_data=None, sudoable=True):
        self._connect()

    def put_file(self, in_path, out_path):
        self._connect()

    def fetch_file(self, in_path, out_path):
        self._connect()

    def close(self):
        pass
'''

RECORDER = '''
DOCUMENTATION = """
name: recorder
type: notification
short_description: Writes what became of each task on each host
description: For tests.
"""
import json
import os
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, **event):
        with open(os.environ["RECORDER_FILE"], "a") as log:
            log.write(json.dumps(event, default=str) + chr(10))

    def _note(self, end, result):
        shown = {key: value for key, value in result._result.items() if key in ("msg", "changed", "diff", "results")}
        self._write(end=end, host=result._host.get_name(), action=result._task.action, step=result._task.args.get("step"), result=shown)

    def v2_runner_on_ok(self, result):
        self._note("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._note("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._note("unreachable", result)

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            self._write(end="stats", host=host, stats=stats.summarize(host))
'''


@dataclass
class Played:
    """What one run of ansible-playbook did."""

    output: str
    events: list[dict[str, t.Any]] = field(default_factory=list)
    runs: list[dict[str, t.Any]] = field(default_factory=list)  # one for each run of the echo module

    def hosts(self, end: str) -> list[str]:
        """The hosts that went through the phases and ended so."""
        return sorted({event["host"] for event in self.events if event["end"] == end and event.get("step") == "report"})

    def reports(self) -> dict[str, dict[str, t.Any]]:
        """The last report of each host."""
        return {event["host"]: event["result"] for event in self.events if event.get("step") == "report"}

    def message(self, host: str) -> str:
        """Why a host failed."""
        return " ".join(str(event["result"].get("msg")) for event in self.events if event["end"] == "failed" and event["host"] == host)

    def stats(self, what: str) -> list[str]:
        """The hosts that the recap counts so."""
        return [event["host"] for event in self.events if event["end"] == "stats" and event["stats"][what]]


class Stage:
    """A folder with the doubles, in which playbooks run."""

    def __init__(self, folder: Path, collections: Path = COLLECTIONS) -> None:
        self.folder = folder
        self._collections = collections
        self.environment: dict[str, str] = {}  # added to that of each run
        plugins = folder / "collections" / "ansible_collections" / "test" / "doubles" / "plugins"
        files = {
            plugins / "modules" / "echo.py": ECHO,
            plugins / "connection" / "unused.py": UNUSED,
            folder / "callbacks" / "recorder.py": RECORDER,
            folder / "ansible.cfg": "[defaults]\n",
        }
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")

    def phase(self, **values: t.Any) -> dict[str, t.Any]:
        """A phase for the echo module; `values` are further words of the phase."""
        hub = {"uri": "{{ hub | default('one') }}", "log": str(self.folder / "runs")}
        entry = {"name": "chr_guest_name", "text": "text", "bad": "bad"}
        given = {"name": "one", "of": "guests", "module": "test.doubles.echo", "option": "guests", "entry": entry}
        return {**given, "connection": {"hub": hub}, **values}

    def batch(self, *phases: dict[str, t.Any], **values: t.Any) -> dict[str, t.Any]:
        """A task that imports the role `batch` for these phases, or for one; `values` are further variables of it."""
        variables = {"batch_phases": ["stage_phases"], "stage_phases": list(phases) or [self.phase()], **values}
        return {"ansible.builtin.import_role": {"name": "vrouter.mikrotik.batch"}, "vars": variables}

    def play(self, hosts: t.Mapping[str, t.Any], tasks: t.Sequence[t.Any], *options: str, **play: t.Any) -> Played:
        """Run tasks on hosts, given with their variables."""
        return self._end(self.begin(hosts, tasks, *options, **play))

    def provision(self, hosts: t.Mapping[str, t.Any], *options: str) -> Played:
        """Run the playbook `provision` on hosts, given with their variables."""
        return self.run("provision", hosts, *options)

    def run(self, playbook: str, hosts: t.Mapping[str, t.Any], *options: str) -> Played:
        """Run one of the collection's playbooks on hosts, given with their variables."""
        return self._end(self._begin(hosts, f"vrouter.mikrotik.{playbook}", *options))

    def begin(self, hosts: t.Mapping[str, t.Any], tasks: t.Sequence[t.Any], *options: str, **play: t.Any) -> subprocess.Popen[str]:
        """Tasks on hosts, as a process with a group of its own."""
        playbook = self.folder / "playbook.yml"
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, **play, "tasks": list(tasks)}]), encoding="utf-8")
        return self._begin(hosts, str(playbook), *options)

    def _end(self, running: subprocess.Popen[str]) -> Played:
        with running:
            output, dummy = running.communicate()
        runs, events = ([json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] for log in self._logs())
        return Played(output, events, runs)

    def _begin(self, hosts: t.Mapping[str, t.Any], playbook: str, *options: str) -> subprocess.Popen[str]:
        inventory = self.folder / "inventory.yml"
        inventory.write_text(json.dumps({"all": {"hosts": dict(hosts)}}), encoding="utf-8")
        for log in self._logs():
            log.write_text("", encoding="utf-8")
        command = [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), *options, playbook]
        environment = self._environment()
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )

    def _logs(self) -> list[Path]:
        return [self.folder / "runs", self.folder / "events"]

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHON"))}
        return {
            **kept,
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_COLLECTIONS_PATH": f"{self.folder / 'collections'}:{self._collections}",
            "ANSIBLE_CALLBACK_PLUGINS": str(self.folder / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_FORKS": "4",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "RECORDER_FILE": str(self.folder / "events"),
            **self.environment,
        }
