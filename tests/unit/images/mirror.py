# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror on loopback whose connections can be made to break."""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import typing as t
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def zipped(members: t.Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Mirror(ThreadingHTTPServer):
    """`files` by path below /; `requests` lists the path and Range header of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.credentials: set[str | None] = set()  # the Authorization headers that came
        self.statuses: dict[str, list[int]] = {}  # answers to give instead, one for each request
        self.cuts: list[int] = []  # after how many bytes each of the next zip files breaks off
        self.text_cuts: list[int] = []  # the same for the next other files
        self.ranges = True
        self.on_range: Callable[[], object] = lambda: None  # called when a part of a file is asked for
        self.sent_half = threading.Event()
        self.gate = threading.Event()  # where closed, half of a zip file is sent and the rest waits
        self.gate.set()

    def add(self, version: str, archive: bytes, sidecar: str | None = None) -> None:
        """Put a version on the server, with its own checksum file unless another is given."""
        name = f"chr-{version}.img.zip"
        self.files[f"/{version}/{name}"] = archive
        self.files[f"/{version}/{name}.sha256"] = (sidecar or f"{hashlib.sha256(archive).hexdigest()}  {name}\n").encode()

    def zip_ranges(self) -> list[str | None]:
        return [ranges for path, ranges in self.requests if path.endswith(".zip")]

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that was killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: t.Any) -> None:
        pass

    def do_GET(self) -> None:
        mirror = t.cast(Mirror, self.server)
        asked = self.headers.get("Range")
        mirror.requests.append((self.path, asked))
        if asked:
            mirror.on_range()
        mirror.credentials.add(self.headers.get("Authorization"))
        self.close_connection = True
        content = mirror.files.get(self.path)
        forced = mirror.statuses.get(self.path)
        if forced or content is None:
            self.send_response(forced.pop(0) if forced else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(asked[6:-1]) if asked and mirror.ranges else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self._send(mirror, content[start:])

    def _send(self, mirror: Mirror, content: bytes) -> None:
        if self.path.endswith(".zip"):
            if mirror.cuts:
                content = content[: mirror.cuts.pop(0)]
            half = len(content) // 2
            self.wfile.write(content[:half])
            self.wfile.flush()
            mirror.sent_half.set()
            mirror.gate.wait()
            content = content[half:]
        elif mirror.text_cuts:
            content = content[: mirror.text_cuts.pop(0)]
        self.wfile.write(content)


@contextlib.contextmanager
def running() -> t.Iterator[Mirror]:
    mirror = Mirror()
    thread = threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield mirror
    finally:
        mirror.gate.set()
        mirror.shutdown()
        thread.join()
        mirror.server_close()
