# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/user, its groups and SSH keys."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from ..errors import RouterError, missing, no_match
from ..fields import COMMENT, DISABLED, NAME, Choices, Field, InterfaceAddress, ListOf, Reference, Stored
from ..menu import Command, Invocation, Menu
from ..table import Item, Table
from ..values import Value

if TYPE_CHECKING:
    from ..router import Router

POLICIES = (
    "local",
    "telnet",
    "ssh",
    "ftp",
    "reboot",
    "read",
    "write",
    "policy",
    "test",
    "winbox",
    "password",
    "web",
    "sniff",
    "sensitive",
    "api",
    "romon",
    "rest-api",
)
_GROUPS = {
    "read": "local,telnet,ssh,reboot,read,test,winbox,password,web,sniff,sensitive,api,romon,rest-api",
    "write": "local,telnet,ssh,reboot,read,write,test,winbox,password,web,sniff,sensitive,api,romon,rest-api",
    "full": ",".join(POLICIES),
}
# The manual says that one user with full rights must stay; these two texts were not measured on a router.
LAST_FULL_USER = "failure: at least one user with full access rights must remain"
BAD_KEY = "unable to load key file (wrong format or bad passphrase)!"


class Users(Table):
    columns = ("name", "group", "address", "last-logged-in")

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "user with the same name already exists", "name")
        if item is not None and not _is_full(values) and not self._others_are_full([item]):
            raise RouterError(LAST_FULL_USER)

    def check_removal(self, items: list[Item]) -> None:
        if not self._others_are_full(items):
            raise RouterError(LAST_FULL_USER)
        keys = self.router.table("/user/ssh-keys").store
        keys.items = [key for key in keys.items if key.values["user"] not in [item.values["name"] for item in items]]

    def before_set(self, item: Item, values: dict[str, Stored]) -> None:
        if "name" in values:
            self.router.rename("/user", str(item.values["name"]), str(values["name"]))

    def _others_are_full(self, without: list[Item]) -> bool:
        return any(_is_full(item.values) for item in self.items() if item not in without)


def _is_full(values: dict[str, Stored]) -> bool:
    return values["group"] == "full" and not values["disabled"]


class Groups(Table):
    columns = ("name", "policy")

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        self.refuse_duplicate(values, item, "group with the same name already exists", "name")
        if item is not None and item.values["name"] in _GROUPS and values["name"] != item.values["name"]:
            raise RouterError("failure: can't rename default group")

    def check_removal(self, items: list[Item]) -> None:
        used = {user.values["group"] for user in self.router.table("/user").items()}
        for item in items:
            if item.values["name"] in used:
                raise RouterError("failure: group has some users")
            if item.values["name"] in _GROUPS:
                raise RouterError("failure: can't remove default group")

    def before_set(self, item: Item, values: dict[str, Stored]) -> None:
        if "name" in values:
            self.router.rename("/user/group", str(item.values["name"]), str(values["name"]))


class SshKeys(Table):
    """Public keys. The key itself may be written and is not shown; its comment becomes `key-owner`."""

    columns = ("user", "bits", "key-type", "key-owner")
    can_set = False

    def __init__(self, router: Router) -> None:
        super().__init__(
            router,
            [Field("user", Reference("/user"), required=True), Field("key", required=True, secret=True), COMMENT],
        )
        self.add_command(Command("import", self._import, ("public-key-file", "user", "key-owner")))

    def computed_names(self) -> frozenset[str]:
        return frozenset({"bits", "key-type", "key-owner"})

    def computed(self, item: Item) -> dict[str, Value]:
        kind, bits, owner = _describe(str(item.values["key"]))
        return {"key-type": kind, "bits": bits, "key-owner": item.values.get("key-owner", owner)}

    def check(self, values: dict[str, Stored], item: Item | None) -> None:
        _describe(str(values["key"]))

    def _import(self, call: Invocation) -> Value:
        """The file is gone afterwards, as on a router."""
        for name in ("public-key-file", "user"):
            if name not in call:
                raise missing(name)
        file = call.text("public-key-file")
        source = self.router.files.read(file)
        if source is None:
            raise no_match("public-key-file")
        values: dict[str, Stored] = {"user": Reference("/user").parse(self.router, "user", call.text("user"))}
        values["key"] = source.strip()
        if "key-owner" in call:
            values["key-owner"] = call.text("key-owner")
        self.check(values, None)
        self.router.files.delete(file)
        self.store.new(values)
        self.router.touch()
        return None


def _describe(key: str) -> tuple[str, int, str]:
    """(type, bits, owner) of a public key as OpenSSH writes it; an error where it is none."""
    words = key.split(None, 2)
    try:
        blob = base64.b64decode(words[1], validate=True)
        length = int.from_bytes(blob[:4], "big")
        kind = blob[4 : 4 + length].decode("ascii")
    except (IndexError, ValueError, binascii.Error) as error:
        raise RouterError(BAD_KEY) from error
    if kind != words[0] or not kind:
        raise RouterError(BAD_KEY)
    owner = words[2] if len(words) > 2 else ""
    if kind == "ssh-rsa":
        return "rsa", (len(blob) - 4 - length - 4 - 3 - 4) // 128 * 1024, owner
    if kind == "ssh-ed25519":
        return "ed25519", 256, owner
    raise RouterError(BAD_KEY)


def factory(router: Router) -> None:
    for name, policy in _GROUPS.items():
        router.table("/user/group").store.new({"name": name, "policy": policy, "skin": "default"})
    router.table("/user").store.new(
        {
            "name": "admin",
            "group": "full",
            "address": "",
            "password": "",
            "disabled": False,
            "comment": "system default user",
        }
    )


def menus(router: Router) -> dict[str, Menu]:
    user = [
        NAME,
        Field("group", Reference("/user/group"), required=True),
        Field("address", ListOf(InterfaceAddress()), ""),
        Field("password", default="", secret=True),
        COMMENT,
        DISABLED,
    ]
    return {
        "user": Users(router, user),
        "user/group": Groups(router, [NAME, Field("policy", Choices(*POLICIES), ""), Field("skin", default="default"), COMMENT]),
        "user/ssh-keys": SshKeys(router),
    }
