# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster says of a guest before pvestatd has looked at it (0, item 9)."""

from __future__ import annotations

import json
import typing as t

from aiohttp import web
from fakepve.server import ok

from .reading import ReadingPve
from .strict import Values


class ResourcesPve(ReadingPve):
    """A guest that was made through the API is young until `pvestatd` ran: a real one looks every ten seconds, this one when a test says so."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self._young: set[int] = set()

    def pvestatd(self) -> None:
        self._young.clear()

    async def _qm_create(self, values: Values, user: str) -> str:
        upid = await super()._qm_create(values, user)
        self._young.add(int(values["vmid"]))
        return upid

    async def _qm_clone(self, values: Values, user: str) -> str:
        upid = await super()._qm_clone(values, user)
        self._young.add(int(values["newid"]))
        return t.cast(str, upid)

    async def _resources(self, request: web.Request) -> web.Response:
        listed = json.loads((await super()._resources(request)).text)["data"]
        return t.cast(web.Response, ok([self._shown(item) for item in listed]))

    def _shown(self, item: Values) -> Values:
        young = item["type"] == "qemu" and item["vmid"] in self._young
        return {key: value for key, value in item.items() if key not in ("name", "status")} if young else item
