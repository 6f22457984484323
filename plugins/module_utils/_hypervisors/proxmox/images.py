# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CHR images on Proxmox VE's storages: uploaded once, by a name that tells their content (private).

Facts on Proxmox VE, 0 and 1.3: content `import` takes raw images from 8.4, named .raw; the form's fields have one order that works.
"""

from __future__ import annotations

import re
import threading
import typing as t
from pathlib import Path

from ..._core.errors import UnsupportedError
from ..._images.local import ImageFile, Images
from .connection import Api, PveError, saying
from .placement import Place
from .tasks import Tasks

SINCE: t.Final = (8, 4)
ROOT_SINCE: t.Final = (7, 2)  # an image by its path on the node
DIGITS: t.Final = 16  # of the content's SHA-256 in a name
_STRANGE: t.Final = re.compile(r"[^A-Za-z0-9.-]+")


class Uploads:
    """The images of one batch."""

    def __init__(self, api: Api, tasks: Tasks) -> None:
        self._api = api
        self._tasks = tasks
        self._files = Images()
        self._there: dict[tuple[str, str], dict[str, int]] = {}  # sizes by volume, of each node and storage
        self._lock = threading.Lock()

    def file(self, path: str) -> ImageFile:
        """The image on this machine. Raises InputError for a file that is none."""
        return self._files.get(path)

    def volume(self, path: str, place: Place) -> str:
        """What an image is called there."""
        stem = _STRANGE.sub("-", Path(path).stem).strip("-.") or "chr"
        return f"{place.image_storage}:import/{stem}-{self.file(path).sha256[:DIGITS]}.raw"

    def is_there(self, path: str, place: Place) -> bool:
        """Whether a storage has the same content already, whole."""
        where = (place.node, place.image_storage)
        with self._lock:
            if where not in self._there:
                listed = self._api.get(f"nodes/{place.node}/storage/{place.image_storage}/content", content="import")
                self._there[where] = {volume["volid"]: int(volume["size"]) for volume in listed}
        return self._there[where].get(self.volume(path, place)) == self.file(path).size

    def bring(self, path: str, place: Place) -> None:
        """Upload an image."""
        image, volume = self.file(path), self.volume(path, place)
        with image.path.open("rb") as handle, saying(f"image {path} cannot be uploaded to storage {place.image_storage}"):
            upload = _Named(handle, volume.rpartition("/")[2])
            sums = {"content": "import", "checksum-algorithm": "sha256", "checksum": image.sha256, "filename": upload}  # in this order
            try:
                task = self._api.post(f"nodes/{place.node}/storage/{place.image_storage}/upload", **sums)
            except PveError as error:
                if error.status == 400 and self._api.version < SINCE:
                    raise too_old(self._api) from None
                raise
            self._tasks.wait(task, f"image {path} cannot be uploaded to storage {place.image_storage}", timeout=self._api.upload_timeout)
        with self._lock:
            self._there.setdefault((place.node, place.image_storage), {})[volume] = image.size


class _Named:
    """A file under another name: the one that Proxmox is to keep it by."""

    def __init__(self, handle: t.BinaryIO, name: str) -> None:
        self._handle = handle
        self.name = name

    def read(self, size: int = -1) -> bytes:
        return self._handle.read(size)

    def fileno(self) -> int:
        return self._handle.fileno()

    def tell(self) -> int:
        return self._handle.tell()


def too_old(api: Api) -> UnsupportedError:
    """Why an image cannot be brought, and the ways that there are (facts, 1.8)."""
    major, minor = api.version
    path = ", or the path of an image on the node (only root@pam with its password may)" if (major, minor) >= ROOT_SINCE else ""
    return UnsupportedError(
        f"Proxmox VE {major}.{minor} takes no raw images over its API",
        wanted="8.4 or later",
        remedy=f"Name a template of a CHR in proxmox.template{path}",
    )


def check_root(api: Api, path: str) -> None:
    """Raise UnsupportedError where an image by its path on the node cannot be had (0, item 6; 1.8)."""
    if api.version < ROOT_SINCE:
        raise UnsupportedError(f"proxmox.template: Proxmox VE {'.'.join(map(str, api.version))} imports no image by path", wanted="7.2 or later")
    if api.login.who != "root@pam":
        raise UnsupportedError(
            f"proxmox.template: {path} is a path on the node, and only root@pam, logged in with its password, may name one",
            found=api.login.who,
            remedy="Log in so (no API token), or name a template that is a guest",
        )
