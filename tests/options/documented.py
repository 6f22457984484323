# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of modules and doc fragments: what is written about them, and what Ansible enforces of them."""

from __future__ import annotations

import importlib
import typing as t
from unittest import mock

import yaml
from ansible.module_utils.basic import AnsibleModule

from .tree import Tree, constant

Option = dict[str, t.Any]
Options = dict[str, Option]

PLUGINS: t.Final = "ansible_collections.vrouter.mikrotik.plugins"
OURS: t.Final = "vrouter.mikrotik."
ENFORCED: t.Final = ("type", "elements", "required", "choices", "default", "no_log")
ORDER: t.Final = ("description", *ENFORCED, "options")


def drivers() -> list[str]:
    """The hypervisors, by the names of their options."""
    registry = importlib.import_module(f"{PLUGINS}.module_utils._hypervisors.registry")
    return list(registry.connection_arguments())


def image_formats() -> dict[str, str]:
    """The format in which each hypervisor wants an image."""
    registry = importlib.import_module(f"{PLUGINS}.module_utils._hypervisors.registry")
    return {key: driver.platform.image_format for key, driver in registry.DRIVERS.items()}


def fragment(tree: Tree, name: str) -> dict[str, t.Any]:
    """A doc fragment, by the name that modules call it: FILE or FILE.CONSTANT."""
    file, *parts = name.split(".")
    text = constant(tree.read(f"plugins/doc_fragments/{file}.py"), parts[0].upper() if parts else "DOCUMENTATION")
    return dict(yaml.safe_load(text) or {})


def written(tree: Tree, module: str) -> Options:
    """A module's options as it documents them, with those of its fragments."""
    own = yaml.safe_load(constant(tree.read(f"plugins/modules/{module}.py"), "DOCUMENTATION"))
    options: Options = {}
    for name in own.get("extends_documentation_fragment", []):
        options.update(fragment(tree, name.removeprefix(OURS)).get("options", {}))
    for name, option in own.get("options", {}).items():
        options[name] = {**options.get(name, {}), **option}
    return options


class _Taken(BaseException):
    """Ends a module where it would begin to work."""


def enforced(module: str) -> Options:
    """A module's argument specification."""
    taken: list[Options] = []

    def take(self: AnsibleModule, argument_spec: Options, **dummy: t.Any) -> t.NoReturn:
        taken.append(argument_spec)
        raise _Taken

    with mock.patch.object(AnsibleModule, "__init__", take):
        try:
            importlib.import_module(f"{PLUGINS}.modules.{module}").main()
        except _Taken:
            return taken[0]
    raise ValueError(f"{module} makes no AnsibleModule")


def options_of(tree: Tree, module: str) -> Options:
    """A module's options, written and enforced, as an argument specification of a role has them."""
    return _joined(enforced(module), written(tree, module))


def ordered(option: Option) -> Option:
    """The keys of an option, always in the same order."""
    return {key: option[key] for key in sorted(option, key=ORDER.index)}


def _joined(spec: Options, docs: Options) -> Options:
    return {name: _option(option, docs[name]) for name, option in spec.items()}


def _option(spec: Option, docs: Option) -> Option:
    """One option. What the environment may give is neither required of a role's user nor given by the role."""
    text = docs["description"]
    option: Option = {"description": [text] if isinstance(text, str) else text}
    kept = {"type": "str", **spec}
    left = ("required", "default") if "fallback" in spec else ()
    option.update({key: kept[key] for key in ENFORCED if key in kept and key not in left})
    if "options" in spec:
        option["options"] = _joined(spec["options"], docs["suboptions"])
    return option
