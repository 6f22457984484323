# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router's first boot sets, as its user describes it (private, pure).

`settings` shows it field by field and without secrets: it is what the router's record keeps, what drift and diff compare, and what is hashed.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import re
import secrets
import typing as t
from dataclasses import dataclass

from .._core.addresses import address, ip_address
from .._core.dates import is_time_zone
from .._core.errors import InputError
from .._core.text import boolean, escape, quote
from .._core.version import Version
from .._guests.guest import SLOT
from .._routeros.way import Credential

SECRET_PLACE: t.Final = "(secret)"  # stands for each secret where the content is hashed
_HOST: t.Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*")
GROUPS: t.Final = ("full", "read", "write")  # of a router that was never configured
_SCRIPT_NAME: t.Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}")
SERVICES: t.Final = ("api", "api-ssl", "ftp", "ssh", "telnet", "winbox", "www", "www-ssl")


@dataclass(frozen=True)
class User:
    """`generated` says that nobody knows the password: a user with keys alone must not have an empty one either."""

    name: str
    group: str
    password: str
    generated: bool
    ssh_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Service:
    name: str
    enabled: bool | None = None
    addresses: tuple[str, ...] | None = None
    port: int | None = None


@dataclass(frozen=True)
class FirstBoot:
    """What one router's first boot sets. None and empty mean: left as the factory has it."""

    name: str
    version: str | None = None
    identity: str | None = None
    admin_password: str | None = None
    admin_disabled: bool = False
    users: tuple[User, ...] = ()
    addresses: tuple[t.Mapping[str, t.Any], ...] = ()
    dhcp_clients: tuple[t.Mapping[str, t.Any], ...] = ()
    routes: tuple[t.Mapping[str, t.Any], ...] = ()
    dns: tuple[str, ...] = ()
    ntp: tuple[str, ...] = ()
    time_zone: str | None = None
    services: tuple[Service, ...] = ()
    scripts: tuple[t.Mapping[str, t.Any], ...] = ()
    scripts_again: tuple[str, ...] = ()  # scripts that may run again although nobody knows how they ended
    timeout: int = 120
    interfaces: tuple[str, ...] | None = None  # slot names that the hypervisor gave the guest; None: not said
    more_secrets: tuple[str, ...] = ()

    @property
    def major(self) -> int:
        """RouterOS's major version, which decides how some things are written."""
        return Version(self.version).major if self.version else 7

    def secrets(self) -> list[str]:
        """Every password in it, and what else the user called secret."""
        return [text for text in (self.admin_password, *(user.password for user in self.users), *self.more_secrets) if text]

    def may_run_again(self, script: str) -> bool:
        """Whether a script of the user's may run although it began before and nobody knows how it ended."""
        return script in self.scripts_again or any(entry.get("repeatable") for entry in self.scripts if entry["name"] == script)


def logins(wanted: FirstBoot) -> tuple[Credential, ...]:
    """What may open the router to a way that logs in: what first boot sets, then the factory's login."""
    admin = [Credential("admin", wanted.admin_password)] if wanted.admin_password and not wanted.admin_disabled else []
    users = [Credential(user.name, user.password) for user in wanted.users if user.group == "full" and not user.generated]
    return (*admin, *users, Credential("admin"))


def _gateway(text: str) -> str:
    """The address of a gateway, or the name of an interface. Raises InputError."""
    return ip_address(text, "routes: gateway") if re.fullmatch(r"[0-9.]+|.*:.*", text) else text


def secrets_of(options: t.Mapping[str, t.Any]) -> list[str]:
    """The secrets in one entry of the module's `guests`, also where it is wrong in itself."""
    passwords = [options.get("admin_password"), *(user.get("password") for user in options.get("users") or ())]
    return [text for text in (*passwords, *(options.get("secrets") or ())) if text]


def parse(options: t.Mapping[str, t.Any]) -> FirstBoot:
    """A FirstBoot from one entry of the module's `guests`. Raises InputError where it would leave an open or a locked router."""
    lists = ("dhcp_clients", "scripts", "scripts_again")
    plain = ("name", "version", "identity", "admin_password", "admin_disabled", "time_zone", "timeout")
    values = {key: options[key] for key in plain if options.get(key) is not None}
    values.update({key: tuple(options.get(key) or ()) for key in lists})
    users = tuple(_user(entry) for entry in options.get("users") or ())
    services = tuple(_service(entry) for entry in options.get("services") or ())
    values["dns"] = tuple(ip_address(server, "dns") for server in options.get("dns") or ())
    values["ntp"] = tuple(_time_server(server) for server in options.get("ntp") or ())
    names = None if options.get("interfaces") is None else tuple(options["interfaces"])
    more = tuple(options.get("secrets") or ())
    addresses = tuple({**entry, "address": address(entry["address"], "addresses")} for entry in options.get("addresses") or ())
    routes = tuple(
        {**entry, "destination": _destination(entry["destination"]), "gateway": _gateway(entry["gateway"])} for entry in options.get("routes") or ()
    )
    wanted = FirstBoot(
        **values, users=users, services=services, addresses=addresses, routes=routes, interfaces=names, more_secrets=more
    )
    _check(wanted)
    return wanted


def _destination(text: str) -> str:
    """The destination as RouterOS writes it. Raises InputError, also for bits beyond the prefix, which RouterOS refuses."""
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError as error:
        raise InputError(f"routes: {text!r} is no IPv4 network", found=str(error), wanted="for example 192.0.2.0/24 or 0.0.0.0/0") from error


def _user(entry: t.Mapping[str, t.Any]) -> User:
    password = entry.get("password")
    keys = tuple(_ssh_key(key, entry["name"]) for key in entry.get("ssh_keys") or ())
    group = entry.get("group") or "full"
    if group not in GROUPS:
        raise InputError(f"users: {entry['name']} is of group {group!r}, which a new router does not have", wanted=", ".join(GROUPS))
    return User(entry["name"], group, password or secrets.token_urlsafe(24), not password, keys)


def _ssh_key(text: str, user: str) -> str:
    """The key, if it is one as OpenSSH writes it. Raises InputError."""
    words = text.split()
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (IndexError, ValueError) as error:
        raise InputError(
            f"users: {user}'s ssh_keys hold no public key: {text[:40]!r}",
            wanted="ssh-ed25519 AAAA... or ssh-rsa AAAA...",
            remedy="Give the key's text; lookup('ansible.builtin.file', PATH) reads it from a file",
        ) from error
    length = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + length] != words[0].encode():
        raise InputError(f"users: {user}'s SSH key is damaged", found=f"a key that says {words[0]} and is none", remedy="Copy it once more")
    return text


def _time_server(text: str) -> str:
    """The address or the name of an NTP server. Raises InputError."""
    if re.fullmatch(r"[0-9.]*", text) or not _HOST.fullmatch(text):
        return ip_address(text, "ntp")
    return text


def _service(entry: t.Mapping[str, t.Any]) -> Service:
    addresses = entry.get("addresses")
    return Service(entry["name"], entry.get("enabled"), None if addresses is None else tuple(addresses), entry.get("port"))


def _check(wanted: FirstBoot) -> None:
    if not wanted.admin_password and not wanted.admin_disabled:
        raise InputError(
            "first boot would leave admin with the factory's empty password",
            remedy="Give admin_password, or admin_disabled: true and a user of your own",
        )
    doors = [user for user in wanted.users if user.name != "admin" and user.group == "full" and (not user.generated or user.ssh_keys)]
    if wanted.admin_disabled and not doors:
        raise InputError("admin_disabled: nobody could log in", remedy="Give users one of group full with a password or an SSH key")
    for user in wanted.users:
        if user.name == "admin":
            raise InputError("users: admin is set by admin_password and admin_disabled", remedy="Leave admin out of users")
        if user.generated and not user.ssh_keys:
            raise InputError(f"users: {user.name} has neither a password nor an SSH key", remedy="Give one: nobody gets an empty password")
    used = [("addresses", entry) for entry in wanted.addresses] + [("dhcp_clients", entry) for entry in wanted.dhcp_clients]
    for option, entry in used:
        name = entry["interface"]
        if wanted.interfaces is not None and SLOT.fullmatch(name) and name not in wanted.interfaces:
            have = ", ".join(wanted.interfaces) or "none"
            raise InputError(f"{option}: {name} is not among the guest's interfaces", found=have, remedy="Wire it, or name another")
    if wanted.time_zone is not None and not is_time_zone(wanted.time_zone):
        raise InputError(f"time_zone: {wanted.time_zone!r} is unknown", wanted="for example Europe/Riga, or manual")
    for service in wanted.services:
        if service.name not in SERVICES:
            raise InputError(f"services: {service.name} is unknown", wanted=", ".join(SERVICES))
    names = [script["name"] for script in wanted.scripts]
    for name in names:
        if not _SCRIPT_NAME.fullmatch(name) or names.count(name) > 1:
            raise InputError(f"scripts: {name!r} cannot name a script", wanted="letters, digits, '.', '_', '-', each name once")


def settings(wanted: FirstBoot) -> dict[str, str]:
    """Every field that the script sets, with its value as text: `users.ops` is "group=full password=set". Neither secrets nor their change show."""
    fields: dict[str, str] = {}
    if wanted.identity is not None:
        fields["identity"] = wanted.identity
    fields["admin"] = ", ".join(word for word, true in (("password set", wanted.admin_password), ("disabled", wanted.admin_disabled)) if true)
    fields.update({f"users.{user.name}": _user_text(user) for user in wanted.users})
    for entry in wanted.addresses:
        _join(fields, f"addresses.{entry['address']}", f"on {entry['interface']}")
    for entry in wanted.dhcp_clients:
        fields[f"dhcp_clients.{entry['interface']}"] = dhcp_settings(entry)
    for entry in wanted.routes:
        distance = f" distance={entry['distance']}" if entry.get("distance") is not None else ""
        _join(fields, f"routes.{entry['destination']}", f"via {entry['gateway']}{distance}")
    fields.update({key: ", ".join(servers) for key, servers in (("dns", wanted.dns), ("ntp", wanted.ntp)) if servers})
    if wanted.time_zone is not None:
        fields["time_zone"] = wanted.time_zone
    fields.update({f"services.{service.name}": service_settings(service) for service in wanted.services})
    shown = {_hide(key, wanted.more_secrets): _hide(value, wanted.more_secrets) for key, value in fields.items()}
    return {**shown, **{f"scripts.{entry['name']}": script_digest(wanted, entry) for entry in wanted.scripts}}


def _join(fields: dict[str, str], key: str, text: str) -> None:
    """Add to a field that may have several values, such as one address on two interfaces."""
    fields[key] = ", ".join(sorted({*filter(None, fields.get(key, "").split(", ")), text}))


def _user_text(user: User) -> str:
    keys = [hashlib.sha256(key.strip().encode()).hexdigest()[:12] for key in user.ssh_keys]
    words = (f"group={user.group}", "" if user.generated else "password=set", f"ssh_keys={','.join(keys)}" if keys else "")
    return " ".join(word for word in words if word)


def dhcp_settings(entry: t.Mapping[str, t.Any]) -> str:
    """A DHCP client's settings, as RouterOS writes them."""
    route, peer_dns = entry.get("add_default_route") is not False, entry.get("use_peer_dns") is not False
    return f"add-default-route={boolean(route)} use-peer-dns={boolean(peer_dns)}"


def service_settings(service: Service) -> str:
    """A service's settings, as RouterOS writes them; empty where none was given."""
    given = (
        ("disabled", None if service.enabled is None else boolean(not service.enabled)),
        ("address", None if service.addresses is None else quote(",".join(service.addresses))),
        ("port", service.port),
    )
    return " ".join(f"{key}={value}" for key, value in given if value is not None)


def reachable(wanted: FirstBoot, before: t.Mapping[str, str]) -> dict[str, str]:
    """The settings once the script ran on a router that had `before`: a user's script that ran keeps its old text, unless it may run again."""
    after = settings(wanted)
    for entry in wanted.scripts:
        key = f"scripts.{entry['name']}"
        if key in before and entry["name"] not in wanted.scripts_again:
            after[key] = before[key]
    return after


def content_hash(content: t.Mapping[str, str]) -> str:
    """A hash of settings."""
    return _digest(json.dumps(content, sort_keys=True))


def fields_hash(content: t.Mapping[str, str]) -> str:
    """The same without the user's own scripts."""
    return content_hash({key: value for key, value in content.items() if not key.startswith("scripts.")})


def script_digest(wanted: FirstBoot, entry: t.Mapping[str, t.Any]) -> str:
    """A hash of one of the user's own scripts, with a fixed word in place of each secret."""
    return _digest(_hide(entry["source"], wanted.secrets()))


def _hide(text: str, hidden: t.Collection[str]) -> str:
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(escape(secret), SECRET_PLACE).replace(secret, SECRET_PLACE)
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
