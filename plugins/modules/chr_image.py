#!/usr/bin/python
# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: CHR disk images on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: chr_image
short_description: Get MikroTik CHR disk images
version_added: 0.1.0
author:
  - The vrouter.mikrotik contributors (@vrouter)
description:
  - Gets the disk image that each router wants, checks it, unpacks and converts it, and says where it lies. It connects to no hypervisor.
  - Routers that want the same image share it. It is resolved, downloaded and converted once.
  - Images are kept in a cache on the machine that runs the module. What is cached needs no network.
  - A dropped download goes on where it ended. Nothing unfinished ever stands under a final name, and two runs can share one cache.
extends_documentation_fragment:
  - vrouter.mikrotik.attributes
  - vrouter.mikrotik.attributes.actiongroup
attributes:
  check_mode:
    support: full
    details:
      - Downloads and writes nothing. It may ask the mirror for a channel's version and for the checksum, a line each.
      - That a download fails half-way, or that a file of another format holds no disk, shows only when it is done.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  images:
    description: The wanted images, an entry for each router.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The router's name. It is the key of its result.
        type: str
        required: true
      version:
        description:
          - The RouterOS version, quoted, for example V("7.20.8"). A number is refused, since YAML reads an unquoted 7.20 as 7.2.
          - Beside O(images[].path) it only says what is in that file.
          - Exactly one of O(images[].version), O(images[].channel) and O(images[].path) says where the image comes from.
        type: raw
      channel:
        description:
          - A release channel. It is resolved to its newest version once, and that version is kept in O(lock_file).
          - RouterOS 6 has V(stable) and V(long-term).
        type: str
        choices: [stable, long-term, testing, development]
      channel_major:
        description: The major version whose channel is meant.
        type: int
        choices: [6, 7]
        default: 7
      path:
        description:
          - A disk image on the machine that runs the module. It is raw, a zip file with one C(.img) file in it, qcow2, vmdk, vdi or vhdx.
          - A raw file is used where it lies when O(images[].format=raw). Everything else is made from it in the cache.
          - An image that needs other files, such as a qcow2 with a backing file, is refused.
        type: path
      checksum:
        description:
          - The checksum that you expect, V(sha256:) and 64 hex digits.
          - It is that of the file as it is downloaded, or of the file at O(images[].path). For a zip file, that of the image in it will do as well.
          - It is checked in addition to the vendor's, and takes its place where a mirror has no C(.sha256) file.
        type: str
      format:
        description:
          - The format that the result has. V(vmdk) is stream-optimised, as ESXi imports it.
          - Formats other than V(raw) need qemu-img.
        type: str
        choices: [raw, qcow2, vmdk, vdi, vhdx]
        default: raw
  mirror:
    description:
      - Where versions are downloaded from. The image is C(VERSION/chr-VERSION.img.zip) below it, with its C(.sha256) file beside it.
      - A user name and password are refused in the URL. Put them into C(~/.netrc).
    type: str
    default: https://download.mikrotik.com/routeros
  channel_url:
    description: Where the pointers to the channels' newest versions are.
    type: str
    default: https://upgrade.mikrotik.com/routeros
  cache_dir:
    description:
      - The folder that keeps images. It is made when needed, and may be deleted at any time when no run uses it.
      - If not given, C(vrouter-mikrotik/images) in E(XDG_CACHE_HOME), or in C(~/.cache).
    type: path
  lock_file:
    description:
      - A JSON file that keeps the version that each channel was resolved to. Later runs read it and ask nobody. Commit it.
      - To move to a newer version, remove the channel's line.
      - Where it is not given, cannot be written, or lies in the project folder of an AWX job, a channel that it does not hold yet is refused.
        Else the next run could give new routers another version.
    type: path
  timeout:
    description: How long a network operation may take, in seconds. A download is many operations.
    type: int
    default: 30
  validate_certs:
    description: Whether servers' certificates are checked.
    type: bool
    default: true
  progress_file:
    description:
      - A file to which the module adds one line for each long step, while it runs.
      - The roles use it to show progress; nothing secret is written to it.
    type: path
requirements:
  - qemu-img (package qemu-utils or qemu-img), for formats other than raw
notes:
  - A download into the cache alone is not a change. Writing O(lock_file) is one; it is told once, for the first router of the channel.
seealso:
  - module: vrouter.mikrotik.chr_guest
"""

EXAMPLES = r"""
- name: One image for two routers
  vrouter.mikrotik.chr_image:
    images:
      - {name: edge1, version: "7.20.8"}
      - {name: edge2, version: "7.20.8"}
  delegate_to: localhost
  run_once: true
  register: chr

- name: Make a router of it
  vrouter.mikrotik.chr_guest:
    libvirt:
      uri: qemu:///system
    guests:
      - name: edge1
        image: "{{ chr.images.edge1.path }}"
        version: "{{ chr.images.edge1.version }}"

- name: The newest long-term version, kept for later runs
  vrouter.mikrotik.chr_image:
    images:
      - {name: edge1, channel: long-term}
    lock_file: "{{ inventory_dir }}/chr-versions.json"

- name: A file of one's own, as ESXi wants it
  vrouter.mikrotik.chr_image:
    images:
      - name: edge1
        path: /srv/images/chr-7.20.8.img.zip
        version: "7.20.8"
        checksum: sha256:0c5e5a1d7c3a8a3a1e4a3c5b2f4d6e8091a2b3c4d5e6f708192a3b4c5d6e7f80
        format: vmdk
"""

RETURN = r"""
images:
  description: An entry for each router, by name.
  returned: always
  type: dict
  sample:
    edge1:
      changed: false
      failed: false
      path: /home/ops/.cache/vrouter-mikrotik/images/chr-7.20.8-3f0c2a9be1d4.img
      version: "7.20.8"
      format: raw
  contains:
    name:
      description: The router's name.
      type: str
      returned: always
    changed:
      description: Whether the lock file changed, or would change, for this router. A download is no change.
      type: bool
      returned: always
    failed:
      description: Whether this router's image failed; the others went on.
      type: bool
      returned: always
    msg:
      description: What is wrong, what was wanted and found, and what to do.
      type: str
      returned: on failure
    changes:
      description: The line of the lock file that changed, as field C(lock.CHANNEL), with both sides.
      type: list
      elements: dict
      returned: always
    diff:
      description: The same as two dictionaries.
      type: dict
      returned: always
    path:
      description: Where the image lies, or would lie.
      type: str
      returned: on success
    version:
      description: The RouterOS version; nothing for a O(images[].path) without one.
      type: str
      returned: on success
    format:
      description: The image's format.
      type: str
      returned: on success
    channel:
      description: The channel that the version was resolved from.
      type: str
      returned: on success, when a channel was asked for
    sha256:
      description: The SHA-256 of the file at RV(images.path), in hex.
      type: str
      returned: on success, when the image is there
    planned:
      description: V(true) where a run without check mode would make the image first.
      type: bool
      returned: in check mode, when the image is not there
"""

import os
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._core.batch import Outcome, parse_batch, summary
from ..module_utils._core.errors import InputError, RouterError
from ..module_utils._images.cache import Cache
from ..module_utils._images.channel_lock import VersionLock
from ..module_utils._images.download import Http
from ..module_utils._images.source import base_url, parse_request
from ..module_utils._images.store import Store, provide_all
from ..module_utils._module import leave, progress_writer

IMAGE: dict[str, t.Any] = {
    "name": {"type": "str", "required": True},
    "version": {"type": "raw"},
    "channel": {"type": "str", "choices": ["stable", "long-term", "testing", "development"]},
    "channel_major": {"type": "int", "choices": [6, 7], "default": 7},
    "path": {"type": "path"},
    "checksum": {"type": "str"},
    "format": {"type": "str", "choices": ["raw", "qcow2", "vmdk", "vdi", "vhdx"], "default": "raw"},
}

ARGUMENTS: dict[str, t.Any] = {
    "images": {"type": "list", "elements": "dict", "required": True, "options": IMAGE},
    "mirror": {"type": "str", "default": "https://download.mikrotik.com/routeros"},
    "channel_url": {"type": "str", "default": "https://upgrade.mikrotik.com/routeros"},
    "cache_dir": {"type": "path"},
    "lock_file": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "validate_certs": {"type": "bool", "default": True},
    "progress_file": {"type": "path"},
}


def cache_folder(given: str | None, environment: t.Mapping[str, str]) -> Path:
    """The folder that keeps images, absolute. The XDG specification has relative paths ignored."""
    if given:
        return Path(given).absolute()
    home = environment.get("XDG_CACHE_HOME", "")
    return (Path(home) if os.path.isabs(home) else Path.home() / ".cache") / "vrouter-mikrotik" / "images"


def store_of(module: AnsibleModule) -> Store:
    """The cache and its sources, as the module's options say. Raises InputError."""
    params = module.params
    if params["timeout"] < 1:
        raise InputError(f"timeout: {params['timeout']} is below 1 second")
    return Store(
        Cache(cache_folder(params["cache_dir"], os.environ)),
        Http(params["timeout"], params["validate_certs"]),
        VersionLock(params["lock_file"], os.environ),
        base_url("mirror", params["mirror"]),
        base_url("channel_url", params["channel_url"]),
        module.check_mode,
    )


def hide_passwords(module: AnsibleModule, options: t.Iterable[str]) -> None:
    """Keep a password that somebody put into a URL out of the result; base_url refuses it."""
    for option in options:
        try:
            password = urlsplit(module.params[option]).password
        except ValueError:
            continue
        if password:
            module.no_log_values.add(password)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    hide_passwords(module, ("mirror", "channel_url"))
    requests, errors = parse_batch("images", module.params["images"], parse_request)
    try:
        outcomes = provide_all(requests, store_of(module), progress_writer(module.params["progress_file"]))
    except RouterError as error:
        leave(module, {"failed": True, "msg": str(error)})
        return
    outcomes.update({name: Outcome(name, error=error) for name, error in errors.items()})
    leave(module, summary(outcomes, {}, "images"))


if __name__ == "__main__":
    main()
