# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest on plain QEMU without KVM: agent, monitor and serial console as sockets and files in a folder of its own."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.waiting import PATIENCE, wait_until

PAUSE = 0.1  # seconds between two looks


class JsonLine:
    """Requests and replies of one line each, over a Unix socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(path))
        self._replies = self._socket.makefile("rb")

    def send(self, execute: str, **arguments: object) -> None:
        """A request whose reply may never come."""
        request = {"execute": execute, "arguments": arguments}
        self._socket.sendall(json.dumps(request).encode() + b"\n")

    def ask(self, execute: str, **arguments: object) -> object:
        """A request and what it returns; events in between are skipped."""
        self.send(execute, **arguments)
        while True:
            reply = json.loads(self._replies.readline())
            assert "error" not in reply, reply
            if "return" in reply:
                return reply["return"]

    def close(self) -> None:
        """Hang up."""
        self._replies.close()
        self._socket.close()


@dataclass(frozen=True)
class Hardware:
    """What the guest is made of, in QEMU's words."""

    machine: str = "pc"
    disk: tuple[str, ...] = ("-drive", "file={disk},format=raw,if=virtio")
    nic: str = "virtio-net-pci"
    memory: int = 256  # MiB


VIRTIO = Hardware()
IDE_E1000 = Hardware("pc", ("-drive", "file={disk},format=raw,if=ide"), "e1000", memory=128)
SATA_VIRTIO = Hardware("q35", ("-drive", "file={disk},format=raw,if=none,id=d", "-device", "ide-hd,drive=d"))
VIRTIO_VMXNET3 = Hardware(nic="vmxnet3")


class QemuGuest:
    """One guest on a disk of its own. Its ports hang on hubs that lead nowhere: the carrier is there, nobody
    answers.
    """

    def __init__(self, disk: Path, folder: Path, hardware: Hardware = VIRTIO, macs: tuple[str, ...] = ()) -> None:
        self.console = folder / "console"
        self._disk, self._folder, self._hardware, self._macs = disk, folder, hardware, macs
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: list[JsonLine] = []

    def start(self) -> None:
        """Start QEMU and open its monitor and the agent's channel."""
        agent, monitor = self._folder / "agent", self._folder / "monitor"
        for path in (agent, monitor):
            path.unlink(missing_ok=True)
        command = [
            "qemu-system-x86_64",
            "-accel",
            "tcg",
            "-nodefaults",
            "-display",
            "none",
            "-machine",
            self._hardware.machine,
        ]
        command += [
            "-m",
            str(self._hardware.memory),
            "-serial",
            f"file:{self.console}",
            "-qmp",
            f"unix:{monitor},server=on,wait=off",
        ]
        command += ["-device", "virtio-serial-pci", "-chardev", f"socket,id=agent,path={agent},server=on,wait=off"]
        command += ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"]
        command += [word.format(disk=self._disk) for word in self._hardware.disk]
        for number, mac in enumerate(self._macs):
            command += ["-netdev", f"hubport,id=hub{number},hubid={number}"]
            command += ["-device", f"{self._hardware.nic},id=nic{number},netdev=hub{number},mac={mac}"]
        self._process = subprocess.Popen(command)
        wait_until(lambda: agent.exists() and monitor.exists(), "QEMU opens its sockets")
        self.monitor, self.agent = JsonLine(monitor), JsonLine(agent)
        self._lines = [self.monitor, self.agent]
        self.monitor.ask("qmp_capabilities")

    def run_script(self, source: str) -> tuple[int, str]:
        """Exit code and output of a RouterOS script, run the way CHR wants it: only `input-data`."""
        script = base64.b64encode(source.encode()).decode()
        started = self.agent.ask("guest-exec", **{"input-data": script, "capture-output": True})
        assert isinstance(started, dict)
        while True:
            status = self.agent.ask("guest-exec-status", pid=started["pid"])
            assert isinstance(status, dict)
            if status["exited"]:
                return status["exitcode"], base64.b64decode(status.get("out-data", "")).decode()
            time.sleep(PAUSE)

    def value(self, expression: str) -> str:
        """What a RouterOS expression comes to."""
        code, output = self.run_script(f":put {expression}")
        assert code == 0, output
        return output.removesuffix("\r\n")

    def wait_for(self, expression: str, value: str) -> None:
        """Ask the router until it gives the value."""
        wait_until(lambda: self.value(expression) == value, f"{expression} becomes {value}")

    def cpu_seconds(self) -> float:
        """What QEMU has used of the processor since its start."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def wait_off(self) -> None:
        """Wait until the guest has switched itself off."""
        assert self._process is not None
        self._process.wait(PATIENCE)
        self.stop()

    def stop(self) -> None:
        """Pull the plug, where it is still in."""
        for line in self._lines:
            line.close()
        self._lines = []
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def own_disk(image: Path, folder: Path) -> Path:
    """A copy of the image that the guest may write to."""
    return Path(shutil.copyfile(image, folder / "disk.img"))
