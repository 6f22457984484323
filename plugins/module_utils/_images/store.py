# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CHR images on this machine: each one that a batch of routers wants is resolved, downloaded and converted once (private)."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, replace
from pathlib import Path

from .._core.batch import Outcome
from .._core.changes import Change
from .._core.errors import InputError, RouterError
from .cache import Cache, Record
from .channel_lock import VersionLock
from .disk import check_whole, check_zip, convert, kind, require_disk, require_qemu_img, sha256, unpack, unreadable
from .download import Http
from .source import SUFFIXES, Request, channel_key, pointer_url, pointer_version, sidecar_digest, stem, vendor_url

Say = t.Callable[[str], None]


@dataclass(frozen=True)
class Image:
    """A disk image file; without a checksum it is only planned."""

    path: Path
    sha256: str | None = None


def provide_all(requests: t.Mapping[str, Request], store: Store, progress: t.Callable[[str, str], None]) -> dict[str, Outcome]:
    """What became of each router's image. Equal requests are served once; what that changes is told once, for the first of them."""
    groups: dict[Request, list[str]] = {}
    for name, request in requests.items():
        groups.setdefault(request, []).append(name)
    store.tidy()
    outcomes: dict[str, Outcome] = {}
    for request, names in groups.items():
        served = provide(names[0], request, store, lambda what, name=names[0]: progress(name, what))  # type: ignore[misc]
        outcomes[names[0]] = served
        outcomes.update({name: Outcome(name, facts=served.facts, error=served.error) for name in names[1:]})
    return outcomes


def provide(name: str, request: Request, store: Store, say: Say) -> Outcome:
    """The outcome for one request."""
    version = request.version
    changes: tuple[Change, ...] = ()
    try:
        if request.channel:
            version, changes = store.resolve(request, say)
        image = store.local(request, say) if request.path else store.vendor(request, str(version), say)
    except RouterError as error:
        return Outcome(name, changes, error=error)
    facts: dict[str, t.Any] = {"path": str(image.path), "version": version, "format": request.format}
    facts.update({"channel": request.channel} if request.channel else {})
    facts.update({"planned": True} if image.sha256 is None else {"sha256": image.sha256})
    return Outcome(name, changes, facts)


class Store:
    """The cache, and where its content comes from. In check mode it only reads."""

    def __init__(self, cache: Cache, http: Http, lock: VersionLock, mirror: str, channel_url: str, check_mode: bool) -> None:
        self._cache = cache
        self._http = http
        self._lock = lock
        self._mirror = mirror
        self._channel_url = channel_url
        self._check_mode = check_mode
        self._resolved: dict[str, str] = {}

    def tidy(self) -> None:
        """Remove what killed runs left."""
        if not self._check_mode:
            self._cache.tidy()

    def resolve(self, request: Request, say: Say) -> tuple[str, tuple[Change, ...]]:
        """The version of a channel: from the lock file, or from the vendor's pointer, and then into the lock file."""
        key, channel = channel_key(request), str(request.channel)
        known = self._resolved.get(key) or self._lock.version(key)
        if known is not None:
            return known, ()
        self._lock.require_kept(channel)
        if self._check_mode:
            version = self._resolved[key] = self._newest(channel, request.channel_major)
            return version, (Change(f"lock.{key}", None, version),)
        with self._cache.writing(lambda: say("waits for another run")):
            if (known := self._lock.version(key)) is not None:
                return known, ()
            version = self._newest(channel, request.channel_major)
            self._lock.keep(key, version)
        return version, (Change(f"lock.{key}", None, version),)

    def _newest(self, channel: str, major: int) -> str:
        url = pointer_url(self._channel_url, channel, major)
        return pointer_version(self._http.text(url), url, major)

    def vendor(self, request: Request, version: str, say: Say) -> Image:
        """The image of a version: from the cache, else from the mirror."""
        url = vendor_url(self._mirror, version)
        if (image := self._cached(url, request)) is not None:
            return image
        if request.format != "raw":
            require_qemu_img()
        if self._check_mode:
            record = self._cache.record(url)
            raw = self._cache.intact(record, "raw")
            name = raw.stem if raw else stem(_basename(url), self._expected(url, request.checksum)[0])
            return Image(self._cache.folder / f"{name}.{SUFFIXES[request.format]}")
        with self._cache.writing(lambda: say("waits for another run")):
            record = self._cache.record(url)
            raw = self._cache.intact(record, "raw")
            if record is None or raw is None:
                record, raw = self._download(url, request.checksum, say)
            _require_match(record, request.checksum, url)
            return self._in_format(record, raw, raw.stem, request.format, say)

    def local(self, request: Request, say: Say) -> Image:
        """The image in a file of the user's: the file itself, or made from it in the cache."""
        path = Path(str(request.path)).absolute()
        what = kind(path)
        try:
            digest = sha256(path)
        except OSError as error:
            raise unreadable(path, error) from error
        fresh = Record(f"sha256:{digest}", digest)
        if what != "zip":
            _require_match(fresh, request.checksum, str(path))
        if what == request.format == "raw":
            return Image(path, digest)
        if (image := self._cached(fresh.source, request)) is not None:
            return image
        _check_source(path, what, fresh, request)
        name = stem(path.name, digest)
        if self._check_mode:
            return Image(self._cache.folder / f"{name}.{SUFFIXES[request.format]}")
        with self._cache.writing(lambda: say("waits for another run")):
            record = self._cache.record(fresh.source) or fresh
            raw = path if what == "raw" else self._cache.intact(record, "raw")
            if raw is None:
                record, raw = self._to_raw(path, what, fresh, name, say)
            _require_match(record, request.checksum, str(path))
            return self._in_format(record, raw, name, request.format, say)

    def _cached(self, source: str, request: Request) -> Image | None:
        """A whole file in the cache, found without any network and without a lock."""
        record = self._cache.record(source)
        path = self._cache.intact(record, request.format)
        if record is None or path is None:
            return None
        _require_match(record, request.checksum, source)
        return Image(path, record.files[request.format][1])

    def _expected(self, url: str, checksum: str | None) -> tuple[str, bool]:
        """The checksum that a download must have, and whether the vendor says so. A mirror without it needs the user's."""
        published = self._http.find(f"{url}.sha256")
        if published is not None:
            return sidecar_digest(published, url), True
        if checksum is None:
            raise InputError(
                f"{url}.sha256 does not exist",
                remedy="Check the version; a mirror must hold the vendor's .sha256 beside the image, else give checksum",
            )
        return checksum, False

    def _download(self, url: str, checksum: str | None, say: Say) -> tuple[Record, Path]:
        expected, vendors = self._expected(url, checksum)
        with self._cache.part() as zipped, self._cache.part() as raw:
            digest = self._http.download(url, zipped, _percent(say, _basename(url)))
            if vendors and digest != expected:
                raise InputError(
                    f"{url} is not what its checksum file says", wanted=expected, found=digest,
                    remedy="Run again; where that does not help, the mirror is broken",
                )  # fmt: skip
            say("unpacking the image")
            record = Record(url, digest)
            name = f"{stem(_basename(url), expected)}.img"
            record.files["raw"] = [name, unpack(zipped, raw, url)]
            if not vendors:  # nobody else vouches for the file
                _require_match(record, checksum, url)
            path = self._cache.publish(raw, name)
            self._cache.keep(record)
        return record, path

    def _to_raw(self, path: Path, what: str, record: Record, name: str, say: Say) -> tuple[Record, Path]:
        with self._cache.part() as part:
            if what == "zip":
                say("unpacking the image")
                digest = unpack(path, part, f"path: {path}")
            else:
                say(f"converting the image from {what}")
                convert(path, what, part, "raw")
                require_disk(part, f"path: {path}")
                digest = sha256(part)
            record.files["raw"] = [f"{name}.img", digest]
            raw = self._cache.publish(part, f"{name}.img")
            self._cache.keep(record)
        return record, raw

    def _in_format(self, record: Record, raw: Path, name: str, wanted: str, say: Say) -> Image:
        if wanted == "raw":
            return Image(raw, record.files["raw"][1])
        path = self._cache.intact(record, wanted)
        if path is None:
            say(f"converting the image to {wanted}")
            with self._cache.part() as part:
                convert(raw, "raw", part, wanted)
                file = f"{name}.{SUFFIXES[wanted]}"
                record.files[wanted] = [file, sha256(part)]
                path = self._cache.publish(part, file)
                self._cache.keep(record)
        return Image(path, record.files[wanted][1])


def _check_source(path: Path, what: str, record: Record, request: Request) -> None:
    """What can be known of a file of the user's without writing anything."""
    if what == "zip":
        check_zip(path, f"path: {path}")
        if not record.matches(request.checksum):
            image = unpack(path, Path(os.devnull), f"path: {path}")
            _require_match(replace(record, files={"raw": ["", image]}), request.checksum, str(path))
    elif what != "raw":
        check_whole(path, what)
    if request.format != "raw":
        require_qemu_img()


def _require_match(record: Record, checksum: str | None, source: str) -> None:
    if not record.matches(checksum):
        found = " or ".join(dict.fromkeys(digest for digest in (record.download, record.files.get("raw", ["", ""])[1]) if digest))
        raise InputError(
            f"checksum: {source} has another one",
            wanted=f"sha256:{checksum}",
            found=found,
            remedy="Get the file again, or correct checksum",
        )


def _basename(url: str) -> str:
    return url.rpartition("/")[2]


def _percent(say: Say, name: str) -> t.Callable[[int, int | None], None]:
    """Tell the progress of a download in steps of a tenth."""
    told = -1

    def advance(received: int, total: int | None) -> None:
        nonlocal told
        tenth = received * 10 // total if total else received >> 24
        if tenth != told:
            told = tenth
            say(f"downloading {name}, {tenth * 10} %" if total else f"downloading {name}, {received >> 20} MiB")

    return advance
