# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One RouterBOARD: its router, its guests and its doors.

with Board(version="6.49.10", model="RB2011UiAS") as board:
    librouteros.connect("127.0.0.1", "admin", "", port=board.ports["api"])
"""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from ..routeros.fields import Stored
from ..routeros.menu import Menu
from ..routeros.router import Router
from ..routeros.values import inward
from .api_door import ApiDoor
from .certificate import anonymous_context, make_certificate
from .door import Door
from .faults import Faults
from .ftp_door import FtpDoor
from .hosting import GuestMachine, Hosting, make_mac
from .machine import LiveMachine
from .menus_links import link_menus
from .menus_metarouter import metarouter_menus
from .menus_system import CERTIFICATE, board_services, board_system
from .models import MODELS
from .rendering import Rendering
from .ssh_door import SshDoor


class Board:
    """`seconds` is what each of a guest's changes of state takes; `certificate` is whether api-ssl has one.

    Its configuration outlives `reboot`. Use it as a context manager, or call `start` and `stop`; a stopped board is gone for good.
    """

    def __init__(
        self,
        version: str = "6.49.10",
        model: str = "RB2011UiAS",
        rendering: Rendering | None = None,
        ports: int = 5,
        seconds: float = 0.2,
        certificate: bool = True,
    ) -> None:
        self.version = version
        self.model = MODELS[model]
        self.rendering = rendering or Rendering.likely(version)
        self.faults = Faults()
        self.boot_seconds = seconds  # that the board itself takes when its own user restarts it
        self.api_log: list[list[str]] = []
        self.machine = LiveMachine(0, version, self._ask_reboot, self._ask_power_off)
        self.machine.set_ports([make_mac(model, slot).replace("02:", "4C:", 1) for slot in range(ports)])
        self.hosting = Hosting(self.model, version, self.rendering, seconds)
        self.router = Router(self.machine, f"board-{model}", [lambda router: self._menus(router, model)])
        self._folder = tempfile.TemporaryDirectory(prefix="routerboard-")
        self.ca_file, self._secure = make_certificate(Path(self._folder.name))
        self._anonymous = anonymous_context(Path(self._folder.name))
        self._certificate = certificate
        self.ssh = SshDoor(self)
        self._doors: dict[str, Door] = {
            "api": ApiDoor(self),
            "api-ssl": ApiDoor(self, self._tls),
            "ssh": self.ssh,
            "ftp": FtpDoor(self),
        }
        self.ports = {name: door.listener.port for name, door in self._doors.items()}
        self._up = False
        self._boots = 0
        self._lock = threading.Lock()
        self.hosting.attach(self.router)

    def _menus(self, router: Router, model: str) -> dict[str, Menu]:
        return {
            **board_system(router, model, self.model, self.hosting),
            **board_services(router, self._sync_doors),
            **link_menus(router),
            **metarouter_menus(router, self.hosting),
        }

    # Power

    def __enter__(self) -> Board:
        self.start()
        return self

    def __exit__(self, *dummy: object) -> None:
        self.stop()

    def start(self) -> None:
        """Boot, and open the doors that /ip/service has enabled."""
        self._boot()

    def stop(self) -> None:
        self.hosting.stop()
        self.faults.release_all()
        for door in self._doors.values():
            door.stop()
        self._folder.cleanup()

    def reboot(self, seconds: float) -> None:
        """All connections are cut; after so many seconds the doors open again and the guests that are enabled start."""
        with self._lock:
            self._boots += 1
            boot = self._boots
        self._shut_doors()
        with self.router.lock:
            self.hosting.cut_power()
        self.hosting.timeline.after(seconds, lambda: self._come_back(boot))

    def _come_back(self, boot: int) -> None:
        with self._lock:
            if boot != self._boots:
                return
        self._boot()

    def _boot(self) -> None:
        first = self.machine.stored is None
        self.router.boot()
        if first:
            self._factory()
        with self.router.lock:
            self.hosting.reconcile()
            self._up = True
            self._sync_doors()
            self.hosting.changed.notify_all()

    def _factory(self) -> None:
        """A RouterBOARD's own beginnings: an address on the first port instead of a CHR's DHCP client."""
        self.router.table("/ip/dhcp-client").store.items.clear()
        done = self.router.execute("/ip address add address=192.168.88.1/24 interface=ether1")
        assert done.exit_code == 0, done.output
        if self._certificate:
            self._service("api-ssl")["certificate"] = CERTIFICATE

    def _ask_reboot(self) -> None:
        self.hosting.timeline.after(0, lambda: self.reboot(self.boot_seconds))

    def _ask_power_off(self) -> None:
        self.hosting.timeline.after(0, self._shut_doors)

    def _shut_doors(self) -> None:
        with self.router.lock:
            self._up = False
        for door in self._doors.values():
            door.listener.shut()
            door.listener.cut_all()

    def _service(self, name: str) -> dict[str, Stored]:
        return next(item.values for item in self.router.table("/ip/service").items() if item.values["name"] == name)

    def _sync_doors(self) -> None:
        """Doors are open as /ip/service says. With the router's lock held."""
        for name, door in self._doors.items():
            if self._up and not self._service(name)["disabled"]:
                door.listener.open()
            else:
                door.listener.shut()

    def _tls(self) -> ssl.SSLContext:
        with self.router.lock:
            return self._anonymous if self._service("api-ssl")["certificate"] == "none" else self._secure

    # For doors and tests

    def description(self) -> dict[str, object]:
        """What another process needs to find its way in."""
        key = self.ssh.host_key
        return {
            "ports": self.ports,
            "ca_file": str(self.ca_file),
            "host_key": f"{key.get_name()} {key.get_base64()}",
            "host_key_fingerprint": key.fingerprint,
        }

    def guest(self, text: str) -> GuestMachine | None:
        """By name, or by the number that print shows."""
        with self.router.lock:
            if not self.hosting.has_menu:
                return None
            items = self.router.table("/metarouter").items()
            for number, item in enumerate(items):
                if text == str(number) or inward(text) == item.values["name"]:
                    return self.hosting.machines[item.number]
        return None

    def wait_up(self, timeout: float = 10.0) -> None:
        """Until the board is back after a restart."""
        with self.router.lock:
            if not self.hosting.changed.wait_for(lambda: self._up, timeout):
                raise TimeoutError("the board did not come back")

    def wait_for(self, name: str, state: str, timeout: float = 10.0, starts: int = 0) -> GuestMachine:
        """The guest once it is in that state and was started so often; TimeoutError with the state that it was in instead."""
        with self.router.lock:

            def arrived() -> bool:
                machine = self.hosting.machine_of(name)
                return machine is not None and machine.state == state and machine.starts >= starts

            if not self.hosting.changed.wait_for(arrived, timeout):
                machine = self.hosting.machine_of(name)
                raise TimeoutError(f"{name} is {machine.state if machine else 'not there'}, not {state}")
            machine = self.hosting.machine_of(name)
            assert machine is not None
            return machine

    def log_api(self, words: Sequence[str]) -> None:
        with self._lock:
            self.api_log.append(list(words))

    def run(self, script: str) -> str:
        """Run a script on the host that must succeed; its output with plain line ends."""
        result = self.router.execute(script)
        if result.exit_code:
            raise AssertionError(result.output)
        return result.output.replace("\r\n", "\n").rstrip("\n")

    def upload(self, name: str, content: bytes) -> None:
        """Put a file into /file without a door."""
        with self.router.lock:
            self.router.files.write_file(inward(name), content.decode("latin-1"))
