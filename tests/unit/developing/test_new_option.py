# Copyright: (c) 2026, the vrouter.mikrotik contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new option of a guest: four files by hand, and it goes from a role's variable to the hypervisor."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.toy.recipe import add_option
from tests.workshop import Workshop

# What a router's variables become: the entry of the module's list, the wish, what an existing guest lacks, and the new guest's definition.
HAND_OVER = '''
import json
from pathlib import Path

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.guest import Mark, NewGuest, parse_guest
from ansible_collections.vrouter.mikrotik.plugins.module_utils._guests.plan import plan
from ansible_collections.vrouter.mikrotik.plugins.module_utils._hypervisors.libvirt.platform import PLATFORM
from ansible_collections.vrouter.mikrotik.plugins.modules.chr_guest import GUEST
from ansible_collections.vrouter.mikrotik.plugins.plugin_utils._describe import Describer

from tests.unit.hypervisors.libvirt.test_domain_xml import UUID, definition, read

names = yaml.safe_load(Path("roles/chr_guest/vars/main/options.yml").read_text())["__chr_guest_options"]
variables = {"chr_guest_name": "edge1", "chr_watchdog": "yes"}
loader = DataLoader()
entry = Describer(Templar(loader=loader, variables=variables), loader, variables).entry(names)
spec = parse_guest(ArgumentSpecValidator(GUEST).validate(entry).validated_parameters, PLATFORM)
new = NewGuest.of(spec, PLATFORM, UUID)
print(json.dumps({
    "parsed": spec.watchdog,
    "made": read(definition(watchdog=new.value("watchdog"))).watchdog,
    "left": [change.field for change in plan(spec, read(definition(mark=Mark())), PLATFORM).left],
}))
'''


def test_four_files_by_hand_are_enough(tmp_path: Path) -> None:
    copy = Workshop(tmp_path)
    add_option(copy)
    assert len(copy.touched) == 4

    written = copy.generate()

    assert set(written) == {"roles/chr_guest/meta/argument_specs.yml", "roles/chr_guest/vars/main/options.yml"}
    described = yaml.safe_load((copy.root / written[0]).read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]["chr_watchdog"]
    assert described == {
        "description": ["Whether the guest has a watchdog, beside O(chr_serial_console). A new guest has none."],
        "type": "bool",
    }
    assert json.loads(copy.python("-c", HAND_OVER)) == {"parsed": True, "made": True, "left": ["watchdog"]}
