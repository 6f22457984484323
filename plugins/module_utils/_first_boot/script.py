# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First boot as one RouterOS script (private, pure).

Every statement is guarded by a `find` or is a plain `set`, so a run that was cut short starts again from the top. What the script adds bears a
comment of ours; at its end, what bears that comment and is no longer wanted goes, users last. Nothing else is ever removed.
"""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import dataclass, field

from .._core.text import quote
from .._guests.guest import SLOT
from .._routeros.statements import exists, find, pairs, present
from . import record
from .wanted import FirstBoot, User, dhcp_settings, reachable, script_digest, service_settings

DONE_LINE: t.Final = "vrouter.mikrotik: first boot done"
OURS: t.Final = "vrouter.mikrotik"  # comment of each item that first boot made
INTERFACE_WAIT: t.Final = 60  # half seconds; interfaces can appear late (seen on 6.45.9 in half of all boots)
_COMMENT: t.Final = pairs(comment=OURS)


@dataclass(frozen=True)
class Run:
    """One run of the script.

    `first` says that this guest was never configured; `before` are the settings of the record that is replaced, perhaps that of the router
    from which this one was cloned; `cut` is an earlier run that was cut off. Where `before` is not `whole`, because the record could not be
    read, the router itself looks there for what is to be undone.
    """

    id: str
    guest_uuid: str
    first: bool = True
    before: t.Mapping[str, str] = field(default_factory=dict)
    cut: record.Hold | None = None
    whole: bool = True


def script(wanted: FirstBoot, run: Run) -> str:
    """The whole script: hold, waits, settings, the user's own scripts, what goes, record, and the line that proves that it came to its end."""
    lines = [
        *record.take(run.id, run.cut),
        *_waits(wanted),
        *_settings(wanted, run),
        *_scripts(wanted, run.id),
        *_removals(wanted, run),
        record.write_record(reachable(wanted, run.before), run.guest_uuid),
        record.release(record.Hold(run.id)),
        f":put {quote(DONE_LINE)}",
    ]
    return "\n".join(lines) + "\n"


def end_script(wanted: FirstBoot, run: str, failed: t.Collection[str]) -> str:
    """After a run that RouterOS ended with an error: which of the user's scripts failed, and the end of the hold."""
    entries = [entry for entry in wanted.scripts if entry["name"] in failed]
    return "\n".join([*(record.write_script(wanted, entry, record.FAILED, run) for entry in entries), record.release(record.Hold(run))]) + "\n"


def key_files(wanted: FirstBoot) -> dict[str, bytes]:
    """SSH keys that must be on the router as files first: RouterOS 6 can only import them."""
    if wanted.major >= 7:
        return {}
    return {_key_file(user, number): key.encode() for user in wanted.users for number, key in enumerate(user.ssh_keys, 1)}


def _key_file(user: User, number: int) -> str:
    digest = hashlib.sha256(user.name.encode()).hexdigest()[:8]
    return f"vrouter-key-{digest}-{number}.pub"


def _settings(wanted: FirstBoot, run: Run) -> list[str]:
    """Passwords come first: from then on nothing that follows can leave the router open."""
    lines = [*_users(wanted), *_admin(wanted, run)]
    if run.first:
        lines.append("/ip dhcp-client remove [find]")  # the factory's
    for part in (_identity, _dhcp, _addresses, _routes, _resolvers, _clock, _services):
        lines += part(wanted)
    return lines


def _waits(wanted: FirstBoot) -> t.Iterator[str]:
    used = [entry["interface"] for entry in (*wanted.addresses, *wanted.dhcp_clients)]
    for name in sorted({*(wanted.interfaces or ()), *used}, key=lambda text: (len(text), text)):
        if not SLOT.fullmatch(name):
            continue
        item = f"[/interface ethernet find where default-name={quote(name)} || name={quote(name)}]"
        yield ":local tries 0"
        yield f":while ([:len {item}] = 0 && $tries < {INTERFACE_WAIT}) do={{:delay 500ms; :set tries ($tries + 1)}}"
        yield f":if ([:len {item}] = 0) do={{:error {quote(f'{name} did not appear within {INTERFACE_WAIT // 2} s')}}}"


def _ours(menu: str, match: str, values: str, update: str | None = None) -> str:
    """Add an item unless one matches; with `update` set the one that does. Either makes it ours."""
    return present(menu, match, f"{values} {_COMMENT}", f"{update} {_COMMENT}" if update else None)


def _users(wanted: FirstBoot) -> t.Iterator[str]:
    for user in wanted.users:
        name, group, password = pairs(name=user.name), pairs(group=user.group), pairs(password=user.password)
        yield _ours("/user", name, f"{name} {group} {password}", group if user.generated else f"{group} {password}")
        if user.ssh_keys:
            yield from _ssh_keys(wanted, user)


def _ssh_keys(wanted: FirstBoot, user: User) -> t.Iterator[str]:
    """RouterOS does not show a key's text, so ours are put anew. RouterOS 6 imports keys without a comment: there all of the user's are ours."""
    comment = f" && {_COMMENT}" if wanted.major >= 7 else ""
    yield f"/user ssh-keys remove [find where {pairs(user=user.name)}{comment}]"
    for number, key in enumerate(user.ssh_keys, 1):
        if wanted.major >= 7:
            yield f"/user ssh-keys add {pairs(user=user.name, key=key.strip())} {_COMMENT}"
        else:
            yield f"/user ssh-keys import {pairs(user=user.name, public_key_file=_key_file(user, number))}"


def _undo(run: Run, key: str, value: str, statement: str) -> t.Iterator[str]:
    """A statement for a router whose former first boot set this key to what holds this value."""
    if not run.whole:
        recorded = exists("/system script", record.recorded_setting(f'"{key}":"[^"]*{value}'))
        yield f":if ({recorded}) do={{{statement}}}"
    elif key in run.before and value in run.before[key]:
        yield statement


def _admin(wanted: FirstBoot, run: Run) -> t.Iterator[str]:
    admin = find("/user", pairs(name="admin"))
    if wanted.admin_password:
        yield f":if ([:len {admin}] > 0) do={{/user set {admin} password={quote(wanted.admin_password)}}}"
    if wanted.admin_disabled:
        yield f":if ([:len {admin}] > 0) do={{/user disable {admin}}}"
    else:
        yield from _undo(run, "admin", "disabled", f":if ([:len {admin}] > 0) do={{/user enable {admin}}}")


def _identity(wanted: FirstBoot) -> t.Iterator[str]:
    if wanted.identity is not None:
        yield f"/system identity set name={quote(wanted.identity)}"


def _dhcp(wanted: FirstBoot) -> t.Iterator[str]:
    for entry in wanted.dhcp_clients:
        port, options = pairs(interface=entry["interface"]), f"{dhcp_settings(entry)} disabled=no"
        yield _ours("/ip dhcp-client", port, f"{port} {options}", options)


def _addresses(wanted: FirstBoot) -> t.Iterator[str]:
    for entry in wanted.addresses:
        pair = pairs(address=entry["address"], interface=entry["interface"])
        yield _ours("/ip address", pair, pair)


def _routes(wanted: FirstBoot) -> t.Iterator[str]:
    for entry in wanted.routes:
        pair = pairs(dst_address=entry["destination"], gateway=entry["gateway"])
        distance = f"distance={entry['distance'] if entry.get('distance') is not None else 1}"
        yield _ours("/ip route", f"{pair} !dynamic", f"{pair} {distance}", distance)


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
        if service_settings(service):
            yield f"/ip service set [find where name={quote(service.name)}] {service_settings(service)}"


def _scripts(wanted: FirstBoot, run: str) -> t.Iterator[str]:
    """Each of the user's own scripts, once: it is taken before its source runs.

    One that failed runs again; one that was cut off only if it may; one whose text changed only by name.
    """
    for entry in wanted.scripts:
        item = record.item(record.SCRIPT_ITEM + entry["name"])
        again = [record.FAILED, *([record.BEGUN] if wanted.may_run_again(entry["name"]) else [])]
        yield ':local vrouterState ""'
        yield f":foreach item in={item} do={{:set vrouterState [/system script get $item source]}}"
        reasons = ['$vrouterState = ""', *(f"$vrouterState ~ {quote(f' state={state} ')}" for state in again)]
        if entry["name"] in wanted.scripts_again:  # also where its text is another one now
            reasons.append(f"!($vrouterState ~ {quote(f' content={script_digest(wanted, entry)} ')})")
        yield f":if ({' || '.join(reasons)}) do={{"
        yield record.write_script(wanted, entry, record.BEGUN, run)
        yield entry["source"].rstrip()
        yield record.write_script(wanted, entry, record.DONE, run)
        yield "}"


def _removals(wanted: FirstBoot, run: Run) -> t.Iterator[str]:
    """What is ours and no longer wanted. Users come last, and never the last one with full rights."""
    routes = [f"{entry['destination']} {entry['gateway']}" for entry in wanted.routes]
    addresses = [f"{entry['address']} {entry['interface']}" for entry in wanted.addresses]
    yield _remove("/ip route", ("dst-address", "gateway"), routes)
    yield _remove("/ip address", ("address", "interface"), addresses)
    yield _remove("/ip dhcp-client", ("interface",), [entry["interface"] for entry in wanted.dhcp_clients])
    if not wanted.dns:
        yield from _undo(run, "dns", "", '/ip dns set servers=""')
    if not wanted.ntp:
        yield from _undo(run, "ntp", "", "/system ntp client set enabled=no")
    yield from _former_users(wanted)


def _remove(menu: str, keys: tuple[str, ...], wanted: t.Iterable[str], last: str | None = None) -> str:
    value = ' . " " . '.join(f"[{menu} get $item {key}]" for key in keys)
    others = " && ".join(["true", *(f"$value != {quote(text)}" for text in wanted)])
    act = last or f"{menu} remove $item"
    return f":foreach item in=[{menu} find where {_COMMENT}] do={{:local value ({value}); :if ({others}) do={{{act}}}}}"


def _former_users(wanted: FirstBoot) -> t.Iterator[str]:
    """Also the keys of a user who has none any more; a user's own keys go with the user."""
    if wanted.major >= 7:
        holders = [user.name for user in wanted.users if user.ssh_keys]
        yield _remove("/user ssh-keys", ("user",), holders)
    full = '[:len [/user find where group="full" && disabled=no && name!=$value]]'
    refusal = '("user " . $value . " is the last one with full rights and stays")'
    act = f":if ({full} > 0) do={{/user remove $item}} else={{:error {refusal}}}"
    yield _remove("/user", ("name",), [user.name for user in wanted.users], act)
