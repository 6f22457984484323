# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests come in: each node of a cluster answers for all of them (1.1)."""

from __future__ import annotations

import ssl
import typing as t

from aiohttp import web

from .tasks import TasksPve


class DoorsPve(TasksPve):
    """Every node that is there at the start has a port of its own, in `ports`; one that comes later is reached through the others."""

    def __init__(self, *args: t.Any) -> None:
        super().__init__(*args)
        self.ports: dict[str, int] = {}

    async def start(self, certfile: str, keyfile: str) -> None:
        await super().start(certfile, keyfile)
        first, *others = sorted(self.nodes)
        self.ports[first] = self.port
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certfile, keyfile)
        runner = t.cast(web.AppRunner, self.runner)
        for node in others:
            await web.TCPSite(runner, self.host, 0, ssl_context=context).start()
            self.ports[node] = runner.addresses[-1][1]

    def door(self, request: web.Request) -> str:
        """The node that took a request."""
        if len(self.ports) == 1 or request.transport is None:
            return sorted(self.nodes)[0]
        asked = request.transport.get_extra_info("sockname")[1]
        return next(node for node, port in self.ports.items() if port == asked)

    def closed(self, door: str) -> bool:
        """Whether nobody answers there: what is connected already is dropped."""
        return len(self.ports) > 1 and not self.nodes[door].get("online", True)

    @web.middleware
    async def _middleware(self, request: web.Request, handler: t.Any) -> web.StreamResponse:
        if self.closed(self.door(request)) and request.transport is not None:
            request.transport.close()
            raise ConnectionResetError("the node that took the request is away")
        return await super()._middleware(request, handler)
