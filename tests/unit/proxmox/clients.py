# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of the double: proxmoxer as users of the platform know it, and the few steps that most tests begin with."""

from __future__ import annotations

import hashlib
import io
import typing as t

import requests
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

from tests.simulators.proxmox.serving import ChrPve

IMAGE = b"vrouter.version=7.20.8 ".ljust(70_000, b"\0")
IMPORTED = "local-lvm:0,import-from=local:import/chr.raw"
NET = "virtio=02:00:00:00:00:01,bridge=vmbr0,link_down=1"


class Refused(Exception):  # noqa: N818 - it is what the server answered, and no failure of ours
    """An answer of 400 or above: its status, its text and the text for each parameter."""

    def __init__(self, status: int, text: str, errors: dict[str, str]) -> None:
        super().__init__(f"{status} {text} {errors}")
        self.status = status
        self.text = text
        self.errors = errors


class Client:
    """One login at a double."""

    def __init__(self, pve: ChrPve, certificate: str, port: int | None = None, **login: str) -> None:
        self.pve = pve
        self.certificate = certificate
        self.login = login or {"user": "root@pam", "password": "secret"}
        self.api = ProxmoxAPI(pve.host, port=port or pve.port, verify_ssl=certificate, timeout=60, **self.login)
        self.node = self.api.nodes("pve1")

    def call(self, method: str, path: str, **options: t.Any) -> t.Any:
        """One request, its refusals as `Refused`."""
        try:
            return getattr(self.api(path), method)(**options)
        except ResourceException as error:
            raise Refused(error.status_code, str(error.content), error.errors or {}) from error

    def vm(self, method: str, path: str, **options: t.Any) -> t.Any:
        return self.call(method, f"nodes/pve1/qemu/100/{path}".rstrip("/"), **options)

    def raw(self, method: str, path: str, **options: t.Any) -> requests.Response:
        """What proxmoxer cannot say: bodies of any form."""
        with requests.Session() as session:
            session.trust_env = False
            token = f"PVEAPIToken={self.login['user']}!{self.login['token_name']}={self.login['token_value']}"
            url = f"{self.pve.url}/api2/json/{path}"
            return session.request(method, url, headers={"Authorization": token}, verify=self.certificate, timeout=60, **options)

    def ended(self, upid: str) -> str:
        """How a task ended."""
        node = upid.split(":")[1]
        status = self.call("get", f"nodes/{node}/tasks/{upid}/status")
        assert status["status"] == "stopped"
        return str(status["exitstatus"])

    def done(self, upid: str) -> None:
        assert self.ended(upid) == "OK"

    def upload(self, data: bytes = IMAGE, name: str = "chr.raw", content: str = "import", node: str = "pve1", **sums: str) -> str:
        file = io.BytesIO(data)
        file.name = name
        fields = {"content": content, **{key.replace("_", "-"): value for key, value in sums.items()}, "filename": file}
        return str(self.call("post", f"nodes/{node}/storage/local/upload", **fields))

    def create(self, vmid: int = 100, **options: t.Any) -> str:
        wanted = {"name": "edge1", "agent": 1, "virtio0": IMPORTED, "net0": NET, "boot": "order=virtio0"}
        chosen = {key: value for key, value in {**wanted, **options}.items() if value is not None}
        return str(self.call("post", "nodes/pve1/qemu", vmid=vmid, **chosen))

    def run(self, source: str) -> tuple[int, str]:
        """A script through the agent, in the way of 8.0 and later: exit code and output."""
        answer = self.raw("POST", "nodes/pve1/qemu/100/agent/exec", json={"command": [], "input-data": source})
        assert answer.status_code == 200, answer.text
        return self.result(answer.json()["data"]["pid"])

    def result(self, pid: int) -> tuple[int, str]:
        while True:
            status = self.vm("get", "agent/exec-status", pid=pid)
            if status["exited"]:
                return status["exitcode"], status.get("out-data", "")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
