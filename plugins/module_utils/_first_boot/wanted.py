# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's first boot as one RouterOS script (private, pure).

Every statement is guarded by a `find` or is a plain `set`, so a run that was cut short starts again from the top. The last statement writes the
record that decides whether first boot happened: a script item, whose source holds the guest's UUID and a hash of what was wanted. No secret is
part of that hash.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import typing as t
from dataclasses import dataclass, replace

from .._core.addresses import address
from .._core.errors import InputError
from .._core.text import boolean, escape, quote
from .._core.version import Version
from .._guests.guest import SLOT

RECORD: t.Final = "vrouter-first-boot"
SCRIPT_RECORD: t.Final = "vrouter-script-"
DONE_LINE: t.Final = "vrouter.mikrotik: first boot done"
READ_LINE: t.Final = "vrouter.mikrotik: record read"
NO_RECORD: t.Final = "vrouter.mikrotik: no record"
INTERFACE_WAIT: t.Final = 60  # half seconds; interfaces can appear late (seen on 6.45.9 in half of all boots)
SECRET_PLACE: t.Final = "(secret)"  # stands for each secret where the content is hashed
_RECORD_SOURCE: t.Final = re.compile(r"# vrouter\.mikrotik uuid=(\S+) content=([0-9a-f]+)")
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
    scripts: tuple[t.Mapping[str, str], ...] = ()
    timeout: int = 120
    interfaces: tuple[str, ...] = ()  # slot names that the hypervisor gave the guest
    more_secrets: tuple[str, ...] = ()

    @property
    def major(self) -> int:
        """RouterOS's major version, which decides how some things are written."""
        return Version(self.version).major if self.version else 7

    def secrets(self) -> list[str]:
        """Every password in it, and what else the user called secret."""
        return [text for text in (self.admin_password, *(user.password for user in self.users), *self.more_secrets) if text]


def parse(options: t.Mapping[str, t.Any]) -> FirstBoot:
    """A FirstBoot from one entry of the module's `guests`. Raises InputError where it would leave an open or a locked router."""
    lists = ("dhcp_clients", "dns", "ntp", "scripts")
    plain = ("name", "version", "identity", "admin_password", "admin_disabled", "time_zone", "timeout")
    values = {key: options[key] for key in plain if options.get(key) is not None}
    values.update({key: tuple(options.get(key) or ()) for key in lists})
    users = tuple(_user(entry) for entry in options.get("users") or ())
    services = tuple(_service(entry) for entry in options.get("services") or ())
    names = tuple(options.get("interfaces") or ())
    more = tuple(options.get("secrets") or ())
    addresses = tuple({**entry, "address": address(entry["address"], "addresses")} for entry in options.get("addresses") or ())
    routes = tuple({**entry, "destination": _destination(entry["destination"])} for entry in options.get("routes") or ())
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
    keys = tuple(entry.get("ssh_keys") or ())
    return User(entry["name"], entry.get("group") or "full", password or secrets.token_urlsafe(24), not password, keys)


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
    for entry in (*wanted.addresses, *wanted.dhcp_clients):
        name = entry["interface"]
        if wanted.interfaces and SLOT.fullmatch(name) and name not in wanted.interfaces:
            raise InputError(
                f"{name} is not among the guest's interfaces", found=", ".join(wanted.interfaces), remedy="Wire it, or name another"
            )
    for service in wanted.services:
        if service.name not in SERVICES:
            raise InputError(f"services: {service.name} is unknown", wanted=", ".join(SERVICES))
    names = [script["name"] for script in wanted.scripts]
    for name in names:
        if not _SCRIPT_NAME.fullmatch(name) or names.count(name) > 1:
            raise InputError(f"scripts: {name!r} cannot name a script", wanted="letters, digits, '.', '_', '-', each name once")


def content_hash(wanted: FirstBoot) -> str:
    """A hash of everything that the script would set, with a fixed word in place of each secret."""
    return _digest("\n".join(_settings(_without_secrets(wanted))), wanted.more_secrets)


def _without_secrets(wanted: FirstBoot) -> FirstBoot:
    """The same with a fixed word for each secret, so that neither the secrets nor their change show in a hash."""
    scripts = tuple({**entry, "source": _hide(entry["source"], wanted.secrets())} for entry in wanted.scripts)
    users = tuple(replace(user, password=SECRET_PLACE) for user in wanted.users)
    return replace(wanted, admin_password=SECRET_PLACE if wanted.admin_password else None, users=users, scripts=scripts)


def _hide(text: str, hidden: t.Collection[str]) -> str:
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(escape(secret), SECRET_PLACE).replace(secret, SECRET_PLACE)
    return text


def _digest(text: str, hidden: t.Collection[str]) -> str:
    return hashlib.sha256(_hide(text, hidden).encode()).hexdigest()[:32]


def script(wanted: FirstBoot, guest_uuid: str) -> str:
    """The whole script: waits, settings, record, and the line that proves that it came to its end."""
    source = f"# vrouter.mikrotik uuid={guest_uuid} content={content_hash(wanted)}"
    return "\n".join([*_waits(wanted), *_settings(wanted), *_write_record(RECORD, source), f":put {quote(DONE_LINE)}"]) + "\n"


def key_files(wanted: FirstBoot) -> dict[str, bytes]:
    """SSH keys that must be on the router as files first: RouterOS 6 can only import them."""
    if wanted.major >= 7:
        return {}
    return {_key_file(user, number): key.encode() for user in wanted.users for number, key in enumerate(user.ssh_keys, 1)}


def _key_file(user: User, number: int) -> str:
    digest = hashlib.sha256(user.name.encode()).hexdigest()[:8]
    return f"vrouter-key-{digest}-{number}.pub"


def read_script() -> str:
    """A script that prints the record, and only reads."""
    item = f"[/system script find where name={quote(RECORD)}]"
    return (
        f":if ([:len {item}] > 0) do={{:put [/system script get {item} source]}} else={{:put {quote(NO_RECORD)}}}\n"
        f":put {quote(READ_LINE)}\n"
    )


def parse_record(output: str) -> tuple[str, str] | None:
    """(UUID, content hash) of the record in that script's output, or None where the router has none."""
    match = _RECORD_SOURCE.search(output)
    return (match.group(1), match.group(2)) if match else None


def _settings(wanted: FirstBoot) -> list[str]:
    """Passwords come first: from then on nothing that follows can leave the router open."""
    lines: list[str] = []
    for part in (_users, _admin, _identity, _dhcp, _addresses, _routes, _resolvers, _clock, _services, _scripts):
        lines += part(wanted)
    return lines


def _waits(wanted: FirstBoot) -> t.Iterator[str]:
    used = [entry["interface"] for entry in (*wanted.addresses, *wanted.dhcp_clients)]
    for name in sorted({*wanted.interfaces, *used}, key=lambda text: (len(text), text)):
        if not SLOT.fullmatch(name):
            continue
        item = f"[/interface ethernet find where default-name={quote(name)} || name={quote(name)}]"
        yield ":local tries 0"
        yield f":while ([:len {item}] = 0 && $tries < {INTERFACE_WAIT}) do={{:delay 500ms; :set tries ($tries + 1)}}"
        yield f":if ([:len {item}] = 0) do={{:error {quote(f'{name} did not appear within {INTERFACE_WAIT // 2} s')}}}"


def _present(menu: str, match: str, values: str, update: str | None = None) -> str:
    """Add an item unless one matches; with `update` set the one that does."""
    item = f"[{menu} find where {match}]"
    other = f" else={{{menu} set {item} {update}}}" if update else ""
    return f":if ([:len {item}] = 0) do={{{menu} add {values}}}{other}"


def _users(wanted: FirstBoot) -> t.Iterator[str]:
    for user in wanted.users:
        name, group, password = quote(user.name), f"group={quote(user.group)}", f"password={quote(user.password)}"
        update = group if user.generated else f"{group} {password}"
        yield _present("/user", f"name={name}", f"name={name} {group} {password}", update)
        if user.ssh_keys:
            yield from _ssh_keys(wanted, user)


def _ssh_keys(wanted: FirstBoot, user: User) -> t.Iterator[str]:
    name = quote(user.name)
    yield f"/user ssh-keys remove [find where user={name}]"
    for number, key in enumerate(user.ssh_keys, 1):
        if wanted.major >= 7:
            yield f"/user ssh-keys add user={name} key={quote(key.strip())}"
        else:
            yield f"/user ssh-keys import user={name} public-key-file={quote(_key_file(user, number))}"


def _admin(wanted: FirstBoot) -> t.Iterator[str]:
    admin = '[/user find where name="admin"]'
    if wanted.admin_password:
        yield f":if ([:len {admin}] > 0) do={{/user set {admin} password={quote(wanted.admin_password)}}}"
    if wanted.admin_disabled:
        yield f":if ([:len {admin}] > 0) do={{/user disable {admin}}}"


def _identity(wanted: FirstBoot) -> t.Iterator[str]:
    if wanted.identity is not None:
        yield f"/system identity set name={quote(wanted.identity)}"


def _dhcp(wanted: FirstBoot) -> t.Iterator[str]:
    """The factory's client on ether1 goes, unless the interface is to have one."""
    keep = " && ".join(f"$interface != {quote(entry['interface'])}" for entry in wanted.dhcp_clients) or "true"
    yield (
        ":foreach client in=[/ip dhcp-client find] do={"
        ":local interface [/ip dhcp-client get $client interface]; "
        f":if ({keep}) do={{/ip dhcp-client remove $client}}}}"
    )
    for entry in wanted.dhcp_clients:
        route = boolean(entry.get("add_default_route") is not False)
        settings = f"add-default-route={route} use-peer-dns={boolean(entry.get('use_peer_dns') is not False)} disabled=no"
        name = quote(entry["interface"])
        yield _present("/ip dhcp-client", f"interface={name}", f"interface={name} {settings}", settings)


def _addresses(wanted: FirstBoot) -> t.Iterator[str]:
    for entry in wanted.addresses:
        pair = f"address={quote(entry['address'])} interface={quote(entry['interface'])}"
        yield _present("/ip address", pair, pair)


def _routes(wanted: FirstBoot) -> t.Iterator[str]:
    for entry in wanted.routes:
        pair = f"dst-address={quote(entry['destination'])} gateway={quote(entry['gateway'])}"
        distance = f" distance={entry['distance']}" if entry.get("distance") is not None else ""
        yield _present("/ip route", pair, pair + distance)


def _resolvers(wanted: FirstBoot) -> t.Iterator[str]:
    if wanted.dns:
        yield f"/ip dns set servers={quote(','.join(wanted.dns))}"


def _clock(wanted: FirstBoot) -> t.Iterator[str]:
    if wanted.time_zone is not None:
        yield f"/system clock set time-zone-name={quote(wanted.time_zone)}"
    if not wanted.ntp:
        return
    if wanted.major >= 7:
        yield f"/system ntp client set enabled=yes servers={quote(','.join(wanted.ntp))}"
    else:
        second = f" secondary-ntp={wanted.ntp[1]}" if len(wanted.ntp) > 1 else ""
        yield f"/system ntp client set enabled=yes primary-ntp={wanted.ntp[0]}{second}"


def _services(wanted: FirstBoot) -> t.Iterator[str]:
    for service in wanted.services:
        settings = []
        if service.enabled is not None:
            settings.append(f"disabled={boolean(not service.enabled)}")
        if service.addresses is not None:
            settings.append(f"address={quote(','.join(service.addresses))}")
        if service.port is not None:
            settings.append(f"port={service.port}")
        if settings:
            yield f"/ip service set [find where name={quote(service.name)}] {' '.join(settings)}"


def _scripts(wanted: FirstBoot) -> t.Iterator[str]:
    """Each of the user's own scripts, once: it has a record of its own."""
    for entry in wanted.scripts:
        record = SCRIPT_RECORD + entry["name"]
        digest = _digest(entry["source"], wanted.secrets())
        yield f":if ([:len [/system script find where name={quote(record)}]] = 0) do={{"
        yield entry["source"].rstrip()
        yield f"/system script add name={quote(record)} source={quote(f'# vrouter.mikrotik content={digest}')}"
        yield "}"


def _write_record(name: str, source: str) -> t.Iterator[str]:
    yield _present("/system script", f"name={quote(name)}", f"name={quote(name)} source={quote(source)}", f"source={quote(source)}")
