# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module would say of an entry before it connects anywhere: the module's own options and its own parser (private)."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.vrouter.mikrotik.plugins.module_utils._core.errors import InputError, UnsupportedError
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import GuestSpec, check_gaps, parse_guest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.limits import check
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.platform import Platform
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.segment import SegmentSpec, parse_segment
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.registry import DRIVERS, segment_arguments
from ansible_collections.vrouter.mikrotik.plugins.module_utils._images.source import parse_request
from ansible_collections.vrouter.mikrotik.plugins.module_utils._licenses.license import check_account, parse_spec
from ansible_collections.vrouter.mikrotik.plugins.modules import chr_first_boot, chr_guest, chr_image, chr_license

Values = t.Dict[str, t.Any]  # noqa: UP006  (evaluated at import)


@dataclass(frozen=True)
class Setting:
    """In what an entry stands: the arguments of the whole module run, and the router's hypervisor."""

    arguments: t.Mapping[str, t.Any]
    platform: Platform


def setting_of(part: t.Mapping[str, t.Any], hypervisor: str | None) -> Setting:
    """Of a router's part in a phase. Its hypervisor is one that exists: the roles' own argument specification has said so before."""
    return Setting({**part["connection"], **part["arguments"]}, DRIVERS[hypervisor or next(iter(DRIVERS))].platform)


def _license(entry: Values, setting: Setting) -> None:
    check_account(setting.arguments.get("account"), setting.arguments.get("password"), parse_spec(entry))


def _guest(entry: Values, setting: Setting) -> GuestSpec:
    entry = {**entry, "networks": None}  # which are a phase's own, and are told there
    return parse_guest(entry, setting.platform, _others(setting))


def _segment(entry: Values, setting: Setting) -> SegmentSpec:
    return parse_segment(entry, setting.platform, _others(setting))


def _others(setting: Setting) -> list[str]:
    """The hypervisors that are not meant."""
    return [key for key in DRIVERS if key != setting.platform.key]


PARSERS: t.Final[dict[str, tuple[Values, t.Callable[[Values, Setting], object]]]] = {
    "vrouter.mikrotik.chr_image": (chr_image.IMAGE, lambda entry, dummy: parse_request(entry)),
    "vrouter.mikrotik.chr_network": (segment_arguments(), _segment),
    "vrouter.mikrotik.chr_guest": (chr_guest.GUEST, _guest),
    "vrouter.mikrotik.chr_first_boot": (chr_first_boot.GUEST, lambda entry, dummy: chr_first_boot.parse_boot(entry)),
    "vrouter.mikrotik.chr_license": (chr_license.ROUTER, _license),
}


def _new_guest(entry: Values, setting: Setting) -> None:
    """What a guest that does not exist yet must keep to. Raises InputError."""
    spec = _guest(entry, setting)
    check_gaps(spec)
    check(spec, setting.platform)


def _new_image(entry: Values, dummy: Setting) -> None:
    path = entry.get("path")
    if path is not None and not os.path.isfile(path):
        raise InputError(f"path: there is no file {path}", remedy="Name a CHR disk image on this machine")


OF_NEW: t.Final[dict[str, t.Callable[[Values, Setting], None]]] = {
    "vrouter.mikrotik.chr_guest": _new_guest,
    "vrouter.mikrotik.chr_image": _new_image,
}


def problems(module: str, entry: Values, setting: Setting) -> list[str]:
    """What the module would refuse in one entry of its list."""
    return _problems(module, entry, setting, PARSERS[module][1]) if module in PARSERS else []


def problems_of_new(module: str, entry: Values, setting: Setting) -> list[str]:
    """What the module would refuse in an entry that was checked, as the object does not exist yet."""
    return _problems(module, entry, setting, OF_NEW[module]) if module in OF_NEW else []


def _problems(module: str, entry: Values, setting: Setting, parse: t.Callable[[Values, Setting], object]) -> list[str]:
    checked = ArgumentSpecValidator(PARSERS[module][0]).validate(entry)
    if checked.error_messages:
        return list(checked.error_messages)
    try:
        parse(checked.validated_parameters, setting)
    except (InputError, UnsupportedError) as error:
        return [str(error)]
    return []


def role_problems(spec: Values, given: Values) -> list[str]:
    """What is wrong with a role's variables by its argument specification."""
    return list(ArgumentSpecValidator(spec).validate(given).error_messages)
