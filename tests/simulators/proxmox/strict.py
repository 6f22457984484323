# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Proxmox VE asks of every request before a handler sees it: the size of its body, and the official schema of the release."""

from __future__ import annotations

import json
import typing as t
import urllib.parse

from aiohttp import web
from fakepve import FakePve, PveError
from fakepve import schema as checks
from fakepve.routing import param_error
from fakepve.schema import Match, Schema
from fakepve.server import API, USER, collect, error, ok, params

from .release import Release

Values = dict[str, t.Any]


async def parameters(request: web.Request) -> Values:
    """As fakepve reads them, but with a form's empty fields, which PVE does not overlook."""
    if request.content_type != "application/x-www-form-urlencoded":
        return t.cast(Values, await params(request))
    fields = urllib.parse.parse_qsl((await request.read()).decode(), keep_blank_values=True)
    return t.cast(Values, collect([*request.query.items(), *fields]))


class StrictPve(FakePve):
    """fakepve held to one release's schema, of which each instance has its own."""

    def __init__(self, release: Release) -> None:
        super().__init__(host="127.0.0.1", port=0)
        self.rules = release
        self.version = f"{release.number}.1"
        self.release_version = release.number
        self.client_max_size = 2 << 30  # 2.2: a real PVE limits no upload
        self.body_timeout = 0  # and waits for a slow one

    # The release's schema instead of the one that comes with fakepve

    @property
    def schema(self) -> Schema:
        return self.rules.schema

    def resolve(self, request: web.Request, prefix: str) -> Match | None:
        path, mark, volume = request.path.removeprefix(prefix).partition("/content/")  # a volume's name has slashes of its own
        found = self.schema.match(path + (f"{mark}volume" if mark else ""))
        if found is not None and mark:
            found.params["volume"] = volume
        return t.cast("Match | None", found)

    def _register_stateful(self, router: web.UrlDispatcher, prefixes: t.Iterable[str]) -> None:
        tables = [getattr(self, name)() for name in sorted(dir(self)) if name.startswith("_routes_")]
        for method, template, handler in (route for table in tables for route in table):
            if method in self.schema.paths.get(template, {}):
                path = template.replace("{volume}", "{volume:.+}").replace("/pools/{poolid}", "/pools/{poolid:.+}")
                router.add_route(method, API + path, self._stateful_handler(template, handler))

    def _stateful_handler(self, template: str, handler: t.Callable[..., t.Awaitable[object]]) -> t.Any:
        async def serve(request: web.Request) -> web.Response:
            match = Match(template, dict(request.match_info), self.schema.paths[template])
            user = request[USER]

            async def call(dummy: Match, values: Values) -> object:
                return await handler(values, user)

            answer = await self.answer(request, match, await parameters(request), user, call)
            return answer if isinstance(answer, web.Response) else t.cast(web.Response, ok(answer))

        return serve

    # The checks

    @web.middleware
    async def _middleware(self, request: web.Request, handler: t.Any) -> web.StreamResponse:
        answer = t.cast(web.Response, await super()._middleware(request, handler))
        if answer.status >= 400 and not self.rules.tells_message and answer.content_type == "application/json":
            body = {key: value for key, value in _json(answer).items() if key != "message"}
            return web.json_response(body, status=answer.status, reason=answer.reason)
        return answer

    async def _answer(self, request: web.Request, handler: t.Any, generic: Match | None, path_node: str | None) -> web.StreamResponse:
        if request.content_type != "multipart/form-data":
            try:
                await self._check_request(request)
            except PveError as refused:
                return t.cast(web.Response, error(refused.status, refused.message, refused.errors))
        return t.cast(web.StreamResponse, await super()._answer(request, handler, generic, path_node))

    async def _check_request(self, request: web.Request) -> None:
        if len(await request.read()) > self.rules.body_limit:  # 1.1; percent-encoding counts
            raise PveError(501, "for data too large")
        match = self.resolve(request, API)
        info = match.methods.get(request.method) if match else None
        if match is None or info is None:
            raise PveError(501, f"Method '{request.method} {request.path.removeprefix(API)}' not implemented")
        self.check_parameters(info, {**await parameters(request), **match.params})

    @staticmethod
    def check_parameters(info: Values, values: Values) -> None:
        """400 with PVE's text for each parameter that the schema refuses."""
        spec = info.get("parameters") or {}
        declared = spec.get("properties") or {}
        dummy, errors = checks.validate(spec, values)
        for name, value in values.items():
            if declared.get(name, {}).get("type") == "boolean" and str(int(value) if isinstance(value, bool) else value) not in ("0", "1"):
                errors[name] = f"type check ('boolean') failed - got '{value}'"  # 0, item 10: fakepve takes True and yes
        if errors:
            raise param_error(**errors)


def _json(answer: web.Response) -> Values:
    return t.cast(Values, json.loads(answer.text or "{}"))
