# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `provision` against a play with one task that does nothing, in one run on one host.

Routers that are there already, and change nothing. `--smallest` measures next to nothing: it shows that the benchmark runs.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.table import Row, chosen, show, spread
from tests.integration.libvirt import sectors
from tests.integration.libvirt.support import URI, run
from tests.module_runs import COLLECTIONS, Json
from tests.simulators.chr_image.image import DEFAULT_VERSION, ensure_image
from tests.waiting import PATIENCE

ROLES = Path(__file__).resolve().parents[1] / "roles"
PROVISION = "vrouter.mikrotik.provision"
UNCHANGED = "Nothing changed: "

EMPTY = """
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return super().run(tmp, task_vars)
"""

# Answers at once as a module of ours does of guests, or segments, that stand as they are wanted.
STAND_IN = """
from ansible.module_utils.basic import AnsibleModule

NIC = {"model": "virtio", "link": True, "pending": False}


def facts(name):
    nics = [{"name": "ether%d" % n, "mac": "02:00:00:00:00:0%d" % n, "network": "bench-%d" % n, **NIC} for n in (1, 2)]
    guest = {"exists": True, "ours": True, "disk_ready": True, "configured": True, "power": "stopped", "memory": 256, "cpus": 1}
    guest.update(uuid="00000000-0000-0000-0000-000000000001", version="7.20.8", image="chr.img", disks=[name + ".qcow2"], interfaces=nics)
    return {"name": name, "changed": False, "failed": False, "changes": [], "diff": {"before": {}, "after": {}}, **guest}


def main():
    options = {"libvirt": "dict", "names": "list", "guests": "list", "networks": "list", "planned": "dict", "progress_file": "path"}
    rest = {"concurrency": "int", "agent": "bool", "agent_timeout": "int"}
    module = AnsibleModule({name: {"type": kind} for name, kind in {**options, **rest}.items()}, supports_check_mode=True)
    key = next(key for key in ("names", "guests", "networks") if module.params[key])
    names = [entry if isinstance(entry, str) else entry["name"] for entry in module.params[key]]
    module.exit_json(changed=False, **{"guests" if key == "names" else key: {name: facts(name) for name in names}})


if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    few: int  # routers
    many: int
    rounds: int
    running: bool  # whether the two routers are booted


WHOLE = Size(few=100, many=1000, rounds=3, running=True)
SMALLEST = Size(few=2, many=3, rounds=1, running=False)


class Stage:
    """A folder in which playbooks run."""

    def __init__(self, folder: Path, image: Path) -> None:
        self._folder = folder
        self._image = image
        plugins = folder / "collections" / "ansible_collections" / "bench" / "doubles" / "plugins"
        for kind, name, content in (("action", "empty", EMPTY), ("modules", "empty", ""), ("modules", "stand_in", STAND_IN)):
            (plugins / kind).mkdir(parents=True, exist_ok=True)
            (plugins / kind / f"{name}.py").write_text(content, encoding="utf-8")
        (folder / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
        self.empty = self._file("empty.json", [{"hosts": "all", "gather_facts": False, "tasks": [{"name": "Nothing", "bench.doubles.empty": {}}]}])
        self.stand_in = ["--extra-vars", f"@{self._file('stand-in.json', stand_in())}"]

    def _file(self, name: str, content: object) -> str:
        path = self._folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def inventory(self, count: int, **variables: t.Any) -> str:
        """So many routers on two segments."""
        hosts = {f"bench{n:04}": {"chr_first_boot_identity": f"router{n}", "chr_description": f"number {n}"} for n in range(1, count + 1)}
        common = {
            "chr_libvirt_uri": URI,
            "chr_image_path": str(self._image),
            "chr_version": DEFAULT_VERSION,
            "chr_state": "present",
            "chr_memory": 320,
            "chr_networks": [{"name": "bench-1"}, {"name": "bench-2", "address": "198.51.100.1/24"}],
            "chr_interfaces": [{"name": "ether1", "network": "bench-1"}, {"name": "ether2", "network": "bench-2"}],
            "chr_first_boot_admin_password": "password of the benchmark",
            "chr_first_boot_dns": ["192.0.2.53"],
            "chr_first_boot_services": [{"name": "telnet", "enabled": False}],
            "chr_first_boot_agent_timeout": PATIENCE,
            "chr_limit_file": str(self._folder / "failed"),
            **variables,
        }
        return self._file(f"hosts-{count}-{len(variables)}.json", {"all": {"hosts": hosts, "vars": common}})

    def play(self, inventory: str, playbook: str, *arguments: str) -> tuple[float, str]:
        """How long a playbook takes, in seconds, and what it prints."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        environment = {
            **kept,
            "ANSIBLE_CONFIG": str(self._folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(self._folder / "home"),
            "ANSIBLE_COLLECTIONS_PATH": f"{self._folder / 'collections'}:{COLLECTIONS}",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        command = [sys.executable, "-m", "ansible", "playbook", "-i", inventory, playbook, *arguments]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=self._folder, env=environment, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        took = time.perf_counter() - began
        assert done.returncode == 0, done.stdout[-5000:]
        return took, done.stdout


def stand_in() -> Json:
    """The phases of the roles, with the stand-in in the place of each module."""
    found: Json = {}
    for file in ROLES.glob("chr_*/vars/main/phases.yml"):
        found.update(yaml.safe_load(file.read_text(encoding="utf-8")))
    for phase in (phase for phases in found.values() for phase in phases if "module" in phase):
        phase["module"] = "bench.doubles.stand_in"
    return found


def interleaved(plays: Mapping[str, t.Callable[[], tuple[float, str]]], rounds: int) -> dict[str, list[float]]:
    """Seconds by play, one round after the other."""
    times: dict[str, list[float]] = {name: [] for name in plays}
    for number in range(rounds):
        for name in sorted(plays, reverse=bool(number % 2)):
            took, output = plays[name]()
            assert name.startswith("empty") or UNCHANGED in output, output[-5000:]
            times[name].append(took)
            print(f"round {number + 1} of {rounds}, {name}: {took:.2f} s", file=sys.stderr, flush=True)
    return times


def against_nothing(stage: Stage, size: Size) -> list[Row]:
    """What a router costs, against what it costs in a play that does nothing; on real libvirt."""
    few, one = stage.inventory(size.few), stage.inventory(1)
    stage.play(few, PROVISION)
    plays = {
        f"{name} {count}": lambda hosts=hosts, playbook=playbook: stage.play(hosts, playbook)
        for name, playbook in (("provision", PROVISION), ("empty", stage.empty))
        for count, hosts in (("few", few), ("one", one))
    }
    times = interleaved(plays, size.rounds)
    costs = {name: [a - b for a, b in zip(times[f"{name} few"], times[f"{name} one"], strict=True)] for name in ("provision", "empty")}
    ratios = [ours / nothing for ours, nothing in zip(costs["provision"], costs["empty"], strict=True)]
    return [
        (f"{size.few} defined routers, unchanged, s", f"{statistics.median(times['provision few']):.2f}", ""),
        ("one, s", f"{statistics.median(times['provision one']):.2f}", ""),
        (f"{size.few} with a task that does nothing, s", f"{statistics.median(times['empty few']):.2f}", ""),
        ("tasks that do nothing that a router costs", f"{statistics.median(ratios):.2f}", f"at most 8 ({spread(ratios)})"),
    ]


def growth(stage: Stage, size: Size) -> list[Row]:
    """How the time grows with the routers; with a stand-in for the modules."""
    plays = {
        f"{name} {count}": lambda hosts=hosts, arguments=arguments: stage.play(hosts, *arguments)
        for name, arguments in (("provision", [PROVISION, *stage.stand_in]), ("empty", [stage.empty]))
        for count, hosts in (("few", stage.inventory(size.few)), ("many", stage.inventory(size.many)))
    }
    times = interleaved(plays, size.rounds)
    rows = []
    for name, target in (("provision", "at most 10.5"), ("empty", "")):
        ratios = [many / few for many, few in zip(times[f"{name} many"], times[f"{name} few"], strict=True)]
        title = "growth" if name == "provision" else "growth of a task that does nothing"
        rows.append((f"{title}, {size.few} to {size.many}", f"{statistics.median(ratios):.2f}", f"{target} ({spread(ratios)})".strip()))
    return rows


def two_routers(stage: Stage, size: Size) -> list[Row]:
    """Two configured routers that run, as the simulated CHR, on real libvirt."""
    booted = {"chr_image_path": str(ensure_image()), "chr_state": "started"} if size.running else {}
    hosts = stage.inventory(2, chr_guest_name="two-{{ inventory_hostname }}", **booted)
    stage.play(hosts, PROVISION)
    before = processor_time()
    times = interleaved({"two routers": lambda: stage.play(hosts, PROVISION)}, size.rounds)["two routers"]
    used = (processor_time() - before) / size.rounds
    return [
        ("2 running routers, unchanged, s", f"{statistics.median(times):.2f}", f"at most 6 ({spread(times)})"),
        ("processor time of that, s", f"{used:.2f}", "what a busy machine stretches"),
    ]


def processor_time() -> float:
    """Seconds that processes which we started have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, and print one table."""
    size = chosen("Measure plays of the roles.", whole=WHOLE, smallest=SMALLEST)
    ran = run("kvm_pool", name="default", path="/var/lib/libvirt/images")
    assert not ran.failed, ran.message
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), sectors.disk(Path(folder) / "halting.img", sectors.HALT))
        show([*two_routers(stage, size), *against_nothing(stage, size), *growth(stage, size)])


if __name__ == "__main__":
    main()
